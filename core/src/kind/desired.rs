//! The seam between the engine and a stack: what a stack wants, as far as the engine must know.
//!
//! The stack language implements it; tests of the engine implement it with a few lines of their own.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;

use super::{Address, Facts, LookupFacts, Map, Owner, PerVerb, Place, Value};
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

    /// All lookups, by name.
    fn lookups(&self) -> &IndexMap<String, LookupUse>;

    /// Addresses that were renamed.
    fn moved(&self) -> &[Moved];

    /// Globs of the tags that belong to others.
    fn ignore_tags(&self) -> &[String];

    /// The attributes of an instance: declared and defaulted ones, `tags` among them, as far as the world tells.
    fn evaluate(&self, instance: &Instance, world: &dyn World) -> Result<Map, Vec<Problem>>;

    /// What `replace_triggered_by` of an instance says; null where it says nothing.
    fn trigger(&self, instance: &Instance, world: &dyn World) -> Result<Value, Vec<Problem>>;

    /// The arguments of a lookup; `None` while one of them is not known.
    fn arguments(&self, lookup: &LookupUse, world: &dyn World) -> Result<Option<Map>, Vec<Problem>>;

    /// Where an attribute of an instance is written; `None` where it is not.
    fn source(&self, instance: &Instance, attribute: &str) -> Option<Source> {
        let _ = (instance, attribute);
        None
    }

    /// The outputs of the stack, in the order of the file.
    fn outputs(&self, world: &dyn World) -> Result<Vec<Output>, Vec<Problem>>;
}

/// What is known of the world when expressions are evaluated.
pub trait World {
    /// All attributes and outputs of an instance as one mapping, unknown where they wait for something.
    /// `None` when nothing is known of it: then what the stack declares of it counts, and the rest is unknown.
    fn instance(&self, address: &Address) -> Option<Value>;

    /// The answer of a lookup (null where an optional one found nothing); `None` while it was not read.
    fn lookup(&self, name: &str) -> Option<Value>;

    /// The number of the account, once it is known.
    fn account_id(&self) -> Option<String>;

    /// The physical name of the instance that is being evaluated, where the stack writes none; `None` for all others.
    fn own_name(&self, _address: &Address) -> Option<String> {
        None
    }
}

/// One instance of a resource: everything about it that needs no evaluation against AWS.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its address.
    pub address: Address,
    /// Name of its kind.
    pub kind: &'static str,
    /// What is known of its kind.
    pub facts: &'static Facts,
    /// Where it lives; for global kinds the stack's region.
    pub region: String,
    /// The role to take on for it.
    pub role_arn: Option<String>,
    /// Whatever it refers to, in the order of the file, what stands behind locals included.
    pub references: Vec<Reference>,
    /// What must hold for its life.
    pub lifecycle: Lifecycle,
    /// How long its steps may take.
    pub timeouts: Timeouts,
    /// Names of the attributes that the file writes, directly or under `defaults`.
    pub written: BTreeSet<String>,
    /// Where its resource stands: the name in the file.
    pub span: Span,
}

impl Instance {
    /// Where AWS keeps it: global kinds are reached through us-east-1.
    #[must_use]
    pub fn place(&self) -> &str {
        match self.facts.place {
            Place::Regional => &self.region,
            Place::Global => GLOBAL_REGION,
        }
    }
}

/// The region through which global services are reached.
pub const GLOBAL_REGION: &str = "us-east-1";

/// One place where an instance (or a lookup, or an output) names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is named.
    pub to: Target,
    /// The attribute or output that is read first; `None` for the whole, and for `depends_on`.
    pub attribute: Option<String>,
    /// The attribute of the referrer in which it stands: also `depends_on`, `for_each`, `when`, `tags`,
    /// `lifecycle`, `region`, `role_arn`, `timeouts`; for an output `value`.
    pub from: String,
    /// Whether that attribute is set in the second step.
    pub settled_from: bool,
    /// Where it is written.
    pub span: Span,
}

/// What a [`Reference`] names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An instance of this environment.
    Instance(Address),
    /// A lookup.
    Lookup(String),
}

/// What must hold for the life of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// A plan that deletes or replaces it is an error.
    pub prevent_destroy: bool,
    /// Overrides the order in which the kind is replaced.
    pub create_before_destroy: Option<bool>,
    /// Names of attributes (or `tags`, or `tags.<key>`) that are written at creation only; `all` is written out.
    pub ignore_changes: Vec<String>,
    /// When its entry leaves the file it is released instead of deleted.
    pub retain: bool,
    /// Whether `replace_triggered_by` says anything; [`Desired::trigger`] gives the values.
    pub has_triggers: bool,
}

/// How long the steps of an instance may take, where the stack says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Creating it.
    pub create: Option<Duration>,
    /// Updating it, and settling it.
    pub update: Option<Duration>,
    /// Deleting it.
    pub delete: Option<Duration>,
}

impl Timeouts {
    /// In whole seconds, with those of the kind where the stack says nothing.
    #[must_use]
    pub fn or(self, kind: PerVerb) -> PerVerb {
        let seconds =
            |own: Option<Duration>, kind| own.map_or(kind, |time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX));
        PerVerb::new(
            seconds(self.create, kind.create),
            seconds(self.update, kind.update),
            seconds(self.delete, kind.delete),
        )
    }
}

/// A lookup of the stack.
#[derive(Clone, Debug)]
pub struct LookupUse {
    /// Its name in the stack.
    pub name: String,
    /// What is known of its kind.
    pub facts: &'static LookupFacts,
    /// Where it reads.
    pub region: String,
    /// The role that it takes on to read.
    pub role_arn: Option<String>,
    /// Whether finding nothing is fine; its value is null then.
    pub optional: bool,
    /// Whether it refers only to variables, locals and lookups of that sort, so that it can be read before anything.
    pub early: bool,
    /// Whether an instance or an output uses it, directly or through locals and other lookups.
    pub needed: bool,
    /// Whatever it refers to.
    pub references: Vec<Reference>,
    /// Where it stands: the name in the file.
    pub span: Span,
}

/// Where an attribute is written, and what its value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The place of its value.
    pub span: Span,
    /// The variables in it that are null; where none is, all that are in it.
    pub variables: Vec<String>,
}

/// An entry of `moved`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The address that was.
    pub from: Address,
    /// The address that is.
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
