//! What one environment of a stack declares: instances, lookups, outputs, and what refers to what.

use std::sync::Arc;

use indexmap::IndexMap;

use super::scope::Scope;
use crate::error::Span;
use crate::kind::{Address, Instance, LookupUse, Moved, Owner, Reference};

/// One environment of a stack, with everything resolved that is known before anything is applied.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Stack and environment.
    pub owner: Owner,
    /// What the stack is for.
    pub description: Option<String>,
    /// The region in which everything lives that says nothing else.
    pub region: String,
    /// The only account in which it may be applied.
    pub account: Option<String>,
    /// The instances, in the order of the file and of their keys.
    pub instances: IndexMap<Address, Instance>,
    /// The lookups, in the order of the file.
    pub lookups: IndexMap<String, LookupUse>,
    /// The outputs, in the order of the file.
    pub outputs: Vec<OutputUse>,
    /// Addresses that changed.
    pub moved: Vec<Moved>,
    /// Globs of the keys of tags that are nobody's business.
    pub ignore_tags: Vec<String>,
    /// Instances that need their own outputs before they are there: where, and which output.
    pub(super) own: Vec<(Address, Span, String)>,
    pub(super) scope: Arc<Scope>,
}

/// An output of the stack.
#[derive(Clone, Debug)]
pub struct OutputUse {
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Whether its value is shown only on demand.
    pub sensitive: bool,
    /// Whatever it refers to.
    pub references: Vec<Reference>,
    /// Where it stands: the name in the file.
    pub span: Span,
}
