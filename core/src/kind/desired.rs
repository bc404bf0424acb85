//! The seam between the engine and a stack: what a stack wants, as far as the engine must know.
//!
//! The stack language implements it; tests of the engine implement it with a few lines of their own.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Address, Map, Owner, PerVerb, Value};
use crate::error::{Problem, Span};

/// One environment of a stack, expanded: instances, the references between them, and how to evaluate them.
///
/// Evaluation is pure: the same world gives the same values.
pub trait Desired: Send + Sync {
    /// On whose behalf.
    fn owner(&self) -> &Owner;

    /// The region of everything that names no other.
    fn region(&self) -> &str;

    /// The account that the stack is pinned to.
    fn account(&self) -> Option<&str>;

    /// All instances; their order means nothing.
    fn instances(&self) -> &IndexMap<Address, Instance>;

    /// All lookups that something refers to, by name.
    fn lookups(&self) -> &IndexMap<String, LookupUse>;

    /// Addresses that were renamed.
    fn moved(&self) -> &[Moved];

    /// Globs of the tags that belong to others.
    fn ignore_tags(&self) -> &[String];

    /// The attributes of an instance: declared and defaulted ones, `tags` among them, as far as the world tells.
    fn evaluate(&self, instance: &Instance, world: &dyn World) -> Result<Map, Vec<Problem>>;

    /// What `replace_triggered_by` of an instance says; null where it says nothing.
    fn trigger(&self, instance: &Instance, world: &dyn World) -> Result<Value, Vec<Problem>>;

    /// The arguments of a lookup.
    fn arguments(&self, lookup: &LookupUse, world: &dyn World) -> Result<Map, Vec<Problem>>;

    /// The outputs of the stack, in the order of the file.
    fn outputs(&self, world: &dyn World) -> Result<Vec<Output>, Vec<Problem>>;
}

/// What expressions can see besides the stack file.
pub trait World {
    /// All attributes and outputs of an instance as one mapping, unknown where they are not known yet;
    /// `None` where nothing at all is known of it.
    fn instance(&self, address: &Address) -> Option<Value>;

    /// What a lookup answered; unknown where it has not been read yet; `None` where nothing is known of it.
    fn lookup(&self, name: &str) -> Option<Value>;

    /// The account's number, where it is known.
    fn account_id(&self) -> Option<&str>;
}

/// One instance of a resource: everything about it that needs no evaluation against AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: &'static str,
    /// Its region.
    pub region: String,
    /// The role to take on for it.
    pub role_arn: Option<String>,
    /// What its expressions and `depends_on` refer to.
    pub references: Vec<Reference>,
    /// What its `lifecycle` says.
    pub lifecycle: Lifecycle,
    /// When to give up, in seconds: what the stack says, else the kind's.
    pub timeouts: PerVerb,
    /// The names of the attributes that the file writes.
    pub written: BTreeSet<String>,
    /// Where it stands.
    pub span: Span,
}

/// One reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// What is referred to.
    pub to: Target,
    /// Which attribute or output of it; `None` for the whole (`depends_on`).
    pub attribute: Option<String>,
    /// The attribute in which the reference stands, such as `subnet_ids`; empty for `depends_on`.
    pub from: String,
    /// Whether it stands in a settled attribute.
    pub settled_from: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a reference refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An instance.
    Instance(Address),
    /// A lookup.
    Lookup(String),
}

/// What `lifecycle` says of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifecycle {
    /// Deleting or replacing it is an error.
    pub prevent_destroy: bool,
    /// The order of a replacement; `None` leaves it to the kind.
    pub create_before_destroy: Option<bool>,
    /// Paths of attributes whose live value is kept: `desired_capacity`, `tags["x"]`, `ingress`.
    pub ignore_changes: Vec<String>,
    /// When its entry leaves the file, it stays in AWS.
    pub retain: bool,
}

/// One lookup of the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupUse {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// The region to read in.
    pub region: String,
    /// The role to take on for it.
    pub role_arn: Option<String>,
    /// Whether nothing found is fine.
    pub optional: bool,
    /// What its arguments refer to.
    pub references: Vec<Reference>,
    /// What it answered, if it was read before the stack was expanded.
    pub answer: Option<Value>,
    /// Where it stands.
    pub span: Span,
}

/// One entry of `moved`.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The address that it had.
    pub from: Address,
    /// The address that it has now.
    pub to: Address,
    /// Where the entry stands.
    pub span: Span,
}

/// One output of the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value, as far as it is known.
    pub value: Value,
    /// Its description.
    pub description: Option<String>,
    /// Whether it must not be shown.
    pub sensitive: bool,
}
