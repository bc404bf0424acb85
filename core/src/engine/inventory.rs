//! What was observed: the one input of a plan besides the stack.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Problem;
use crate::kind::{Address, Map, Observed, Value};

/// Everything that was read for a plan.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The account's number.
    pub account: String,
    /// All things that are ours or ours-pending, in any state, sorted by kind, region and id.
    pub things: Vec<Arc<Observed>>,
    /// Somebody else's things that have the name of an instance which the stack declares and nothing of ours is.
    pub taken: BTreeMap<Address, Arc<Observed>>,
    /// Answers of the lookups that were read before the stack was expanded; null where an optional one found nothing.
    pub answers: BTreeMap<String, Value>,
    /// Lookups that depend on resources, read as if nothing changed: arguments and answer.
    pub lookups: BTreeMap<String, (Map, Value)>,
    /// Things with our tag of kinds that this version does not know: ARN or id, and tag.
    pub strays: Vec<(String, String)>,
    /// What could not be read, as errors where that may hide what the plan must know, else as warnings.
    pub problems: Vec<Problem>,
}
