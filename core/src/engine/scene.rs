//! All that a plan is made of, and what the command line asks of it.

use super::inventory::Inventory;
use super::tags::TagRules;
use crate::error::Problem;
use crate::kind::{Address, Desired, Kind, Registry};

/// What the command line asks of a plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything goes.
    pub destroy: bool,
    /// Only these, and what they need; all if empty. An address without key means all its instances.
    pub targets: Vec<Address>,
    /// These are replaced although nothing forces it.
    pub replace: Vec<Address>,
}

impl Options {
    /// Whether the command line asks for the replacement of an instance.
    pub(super) fn replaces(&self, address: &Address) -> bool {
        self.replace.iter().any(|asked| covers(asked, address))
    }

    /// Whether the command line names an instance as a target.
    pub(super) fn targets(&self, address: &Address) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|asked| covers(asked, address))
    }
}

/// Whether what was asked for means this instance.
fn covers(asked: &Address, address: &Address) -> bool {
    asked == address || asked.key.is_none() && asked.name == address.name
}

/// All that a plan is made of.
pub(super) struct Scene<'a> {
    /// The stack.
    pub stack: &'a dyn Desired,
    /// The kinds.
    pub registry: &'a Registry,
    /// What was observed.
    pub inventory: &'a Inventory,
    /// What the command line asks.
    pub options: &'a Options,
    /// Which tags belong to others.
    pub tag_rules: TagRules,
}

impl<'a> Scene<'a> {
    /// The kind of that name.
    pub(super) fn kind(&self, name: &str, address: &Address) -> Result<&'a dyn Kind, Vec<Problem>> {
        match self.registry.kind(name) {
            Some(kind) => Ok(&**kind),
            None => Err(vec![Problem::error(format!("no kind is called `{name}`")).address(address)]),
        }
    }
}
