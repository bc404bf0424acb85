//! The plan: data only. What will happen to what, why, and in which order.

use std::collections::BTreeMap;

use crate::error::Problem;
use crate::kind::{Address, Owner, Value};

/// What one run is going to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On whose behalf.
    pub owner: Owner,
    /// The account's number.
    pub account: String,
    /// The stack's region.
    pub region: String,
    /// Whether everything goes.
    pub destroy: bool,
    /// One entry per thing to which something happens, by address, then generation.
    pub changes: Vec<Change>,
    /// How many instances stay as they are.
    pub unchanged: usize,
    /// The units of work.
    pub steps: Vec<Step>,
    /// The stack's outputs.
    pub outputs: Vec<OutputChange>,
    /// What is worth knowing.
    pub warnings: Vec<Problem>,
}

/// What happens to one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which entry of the stack.
    pub address: Address,
    /// Its kind.
    pub kind: &'static str,
    /// Its region.
    pub region: String,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What AWS calls the thing that is there now.
    pub id: Option<String>,
    /// The generation that will be current afterwards (of a deletion: the one that goes).
    pub generation: u32,
    /// What differs, in the order of the kind's table; for a creation all that is said of it.
    pub attributes: Vec<AttributeChange>,
    /// What is lost by it for good, if anything.
    pub loss: Option<String>,
    /// Further things to know, a sentence each: `a final snapshot is taken`, `applied in the maintenance window`.
    pub notes: Vec<String>,
}

/// What happens to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one takes its place.
    Replace {
        /// Whether the new one is made before the old one goes.
        create_first: bool,
    },
    /// It goes.
    Delete,
    /// It stays, and becomes ours.
    Adopt,
    /// It stays, and only its tags learn the new address.
    Move {
        /// The address that it had.
        from: Address,
    },
    /// It stays, and is no longer ours.
    Release,
    /// It is on its way already, and is waited for.
    Await,
}

/// Why a change is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The stack has it, AWS has not.
    New,
    /// Attributes differ.
    Differs,
    /// Attributes differ only because a lookup answers something else than when they were applied.
    LookupMoved(Vec<String>),
    /// These attributes cannot be changed in place.
    CreateOnly(Vec<String>),
    /// The kind demands it, because of this attribute, for this reason.
    Demanded {
        /// The attribute.
        attribute: String,
        /// The kind's words.
        why: String,
    },
    /// `replace_triggered_by` says so.
    Triggered,
    /// The command line asks for it.
    Requested,
    /// It reached a state in which it cannot be used; AWS's words.
    Failed(String),
    /// A replacement was cut off and is completed.
    Unfinished,
    /// A newer generation has taken its place.
    Superseded,
    /// The stack no longer has an entry of this address.
    NotInStack,
    /// Everything goes.
    Destroy,
    /// It has our name or path, but a cut-off run left it without its mark.
    Unmarked,
    /// An earlier run, or AWS, is still at work on it.
    InProgress(String),
    /// The stack calls it by another name now.
    Renamed,
}

/// One attribute of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeChange {
    /// Name of the attribute; `tags` for tags.
    pub name: String,
    /// What is there now; null where nothing is.
    pub before: Value,
    /// What will be there, as far as it is known.
    pub after: Value,
    /// Whether it forces the replacement.
    pub forces: bool,
    /// Whether it must not be shown.
    pub sensitive: bool,
    /// A remark: `since lookup.ubuntu moved`, `pending, applied in the window`.
    pub note: Option<String>,
}

/// Index of a step in [`Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// One unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index of the change that it belongs to.
    pub change: usize,
    /// What is done.
    pub verb: Verb,
    /// The steps that must be done first, sorted.
    pub needs: Vec<StepId>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Makes the thing, without its settled attributes.
    Create,
    /// Sets the settled attributes of a thing just made.
    Settle,
    /// Changes it in place.
    Update,
    /// Deletes it.
    Delete,
    /// Changes its tags only: moves, adoptions, releases, triggers.
    Retag,
    /// Waits until it is usable.
    Wait,
    /// Takes out the settled references of what is to be deleted, so that nothing blocks its neighbours.
    Unsettle,
}

/// One output of the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What it is by what lives; `None` where that does not tell it, as at first.
    pub before: Option<Value>,
    /// Its value after the plan, as far as it is known.
    pub value: Value,
    /// Its description.
    pub description: Option<String>,
    /// Whether it must not be shown.
    pub sensitive: bool,
}

impl OutputChange {
    /// Whether the plan makes it another one, or may do so.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.before.as_ref() != Some(&self.value)
    }
}

/// How many things each action concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// To create.
    pub create: usize,
    /// To change in place.
    pub update: usize,
    /// To replace.
    pub replace: usize,
    /// To delete.
    pub delete: usize,
    /// To adopt, move, release or await.
    pub other: usize,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many things each action concerns.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            *match change.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace { .. } => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Adopt | Action::Move { .. } | Action::Release | Action::Await => &mut summary.other,
            } += 1;
        }
        summary
    }

    /// The addresses whose data would be lost, with what would be lost.
    #[must_use]
    pub fn losses(&self) -> BTreeMap<String, String> {
        self.changes.iter().filter_map(|c| Some((c.address.to_string(), c.loss.clone()?))).collect()
    }
}
