//! A plan together with all that carrying it out needs, so that apply decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::known::Known;
use super::plan::Plan;
use super::tags::TagRules;
use crate::kind::{Address, Declared, Deletion, Desired, Observed, PerVerb, TagChange};

/// A plan, the stack that it was made of, and what was observed.
///
/// What apply does with a step of change `i`, where `item = items[i]`, `change = plan.changes[i]` and the instance is
/// `desired.instances()[&change.address]`:
///
/// | verb | call |
/// |---|---|
/// | create | `kind.create` of [`declare`](super::declare::declare) with `Phase::Create`, evaluated in the world as it is then; then [`Known::learn`] |
/// | settle | `kind.update` of the whole declaration from what create gave |
/// | update | `kind.update` of the whole declaration from `item.observed` |
/// | wait | `kind.wait` of `item.observed`; then [`Known::learn`] |
/// | retag | `kind.retag` of `item.observed` with `item.retag` |
/// | unsettle | `kind.update` to `item.unsettled` from `item.observed` |
/// | delete | `kind.delete` of `item.observed` with `item.deletion` |
///
/// A lookup that [`Known`] does not answer is read when the first step that refers to it begins: all that its
/// arguments refer to is done by then.
#[derive(Clone)]
pub struct Planned {
    /// What will be done.
    pub plan: Plan,
    /// The stack; [`Nothing`](super::known::Nothing) when a destroy works from the owner alone.
    pub desired: Arc<dyn Desired>,
    /// What each change of the plan works with; same length and order as [`Plan::changes`].
    pub items: Vec<Item>,
    /// What expressions can see before the first step: the values of all that stays as it is, the rest unknown.
    pub known: Known,
    /// Which tags belong to others.
    pub tag_rules: TagRules,
    /// Everything ours that lives and stays, changed in place or not, by address. A thing that is replaced or
    /// deleted is not in it.
    pub current: BTreeMap<Address, Arc<Observed>>,
}

/// What one change works with.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// The thing concerned: what is updated, deleted, moved, adopted, released or awaited; of a replacement the old
    /// one; of a creation none.
    pub observed: Option<Arc<Observed>>,
    /// How [`Verb::Delete`](super::plan::Verb::Delete) deletes `observed`.
    pub deletion: Deletion,
    /// What [`Verb::Retag`](super::plan::Verb::Retag) does to the tags of `observed`.
    pub retag: TagChange,
    /// What [`Verb::Unsettle`](super::plan::Verb::Unsettle) brings `observed` to: the same without the settled
    /// references to what goes.
    pub unsettled: Option<Declared>,
    /// The role to take on.
    pub role_arn: Option<String>,
    /// When to give up, in seconds.
    pub timeouts: Option<PerVerb>,
}
