//! What one environment of a stack declares: instances, lookups, outputs, and what refers to what.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::scope::Scope;
use crate::error::Span;
use crate::kind::{Address, Facts, LookupFacts, Owner};

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
    pub(super) scope: Arc<Scope>,
}

/// One instance of a resource.
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
    /// Whether `replace_triggered_by` says anything; [`Stack::triggers`] gives the values.
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

/// A lookup of the stack.
#[derive(Clone, Debug)]
pub struct LookupUse {
    /// Its name in the stack.
    pub name: String,
    /// What is known of its kind.
    pub facts: &'static LookupFacts,
    /// Where it reads.
    pub region: String,
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
