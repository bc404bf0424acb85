//! The stack file as data: what it says, where, and nothing evaluated yet.

mod entries;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::expression::Files;
use super::tree::{Branch, Tree};
use crate::error::{FileId, Span};
use crate::kind::{Address, Shape};

pub use read::TOP_KEYS;
pub(super) use read::read;

/// The keys that mean the same on every resource, so that no kind may have attributes of these names.
pub const RESOURCE_KEYS: &[&str] =
    &["kind", "for_each", "when", "depends_on", "region", "role_arn", "timeouts", "tags", "lifecycle"];

/// A stack file with all that it includes: read, but not checked against any kind yet. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StackFile {
    pub(super) document: Arc<Document>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) name: Name,
    pub(super) description: Option<String>,
    pub(super) region: Option<Tree>,
    pub(super) account: Option<Tree>,
    pub(super) variables: IndexMap<Arc<str>, Variable>,
    /// `None` where the file has no `environments`: then the only one is `default`.
    pub(super) environments: Option<IndexMap<Arc<str>, Environment>>,
    pub(super) locals: IndexMap<Arc<str>, Local>,
    pub(super) defaults: Defaults,
    pub(super) lookups: IndexMap<Arc<str>, Arc<LookupEntry>>,
    pub(super) resources: IndexMap<Arc<str>, Arc<Resource>>,
    pub(super) outputs: IndexMap<Arc<str>, Arc<Output>>,
    pub(super) moved: Vec<Move>,
    pub(super) ignore_tags: Vec<String>,
    /// The files that expressions of each file of the stack may read.
    pub(super) files: BTreeMap<FileId, Files>,
}

/// A name with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: Arc<str>,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) span: Span,
    pub(super) shape: Shape,
    pub(super) default: Option<Tree>,
    pub(super) sensitive: bool,
    pub(super) nullable: bool,
    pub(super) validations: Vec<Validation>,
}

/// A condition on a variable.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    pub(super) condition: Tree,
    pub(super) message: Tree,
}

#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) span: Span,
    /// Values of variables.
    pub(super) values: Vec<Branch>,
}

#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) span: Span,
    pub(super) value: Tree,
}

/// What holds for all resources unless they say otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    pub(super) tags: Vec<Tree>,
    /// Attributes by kind.
    pub(super) kinds: IndexMap<Arc<str>, KindDefaults>,
}

#[derive(Clone, Debug)]
pub(super) struct KindDefaults {
    pub(super) span: Span,
    pub(super) attributes: Vec<Branch>,
}

#[derive(Clone, Debug)]
pub(super) struct LookupEntry {
    pub(super) name: Name,
    pub(super) kind: Name,
    pub(super) optional: Option<Tree>,
    pub(super) region: Option<Tree>,
    pub(super) role_arn: Option<Tree>,
    pub(super) arguments: Vec<Branch>,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) name: Name,
    pub(super) kind: Name,
    pub(super) for_each: Option<Tree>,
    pub(super) when: Option<Tree>,
    pub(super) depends_on: Vec<Dependency>,
    pub(super) region: Option<Tree>,
    pub(super) role_arn: Option<Tree>,
    pub(super) timeouts: Vec<Branch>,
    pub(super) tags: Option<Tree>,
    pub(super) lifecycle: LifecycleEntry,
    pub(super) attributes: Vec<Branch>,
}

/// An entry of `depends_on`.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    pub(super) on: Arc<str>,
    /// One instance of it.
    pub(super) key: Option<Arc<str>>,
    pub(super) span: Span,
}

#[derive(Clone, Debug, Default)]
pub(super) struct LifecycleEntry {
    pub(super) prevent_destroy: Option<Tree>,
    pub(super) create_before_destroy: Option<Tree>,
    pub(super) ignore_changes: Option<Tree>,
    pub(super) replace_triggered_by: Option<Tree>,
    pub(super) retain: Option<Tree>,
}

#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: Name,
    pub(super) value: Tree,
    pub(super) description: Option<String>,
    pub(super) sensitive: Option<Tree>,
}

#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) span: Span,
}

impl LifecycleEntry {
    /// The parts that are written, by name.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'static str, &Tree)> {
        [
            ("prevent_destroy", &self.prevent_destroy),
            ("create_before_destroy", &self.create_before_destroy),
            ("ignore_changes", &self.ignore_changes),
            ("replace_triggered_by", &self.replace_triggered_by),
            ("retain", &self.retain),
        ]
        .into_iter()
        .filter_map(|(name, tree)| Some((name, tree.as_ref()?)))
    }
}

impl Document {
    /// Where values of sensitive variables stand: no excerpt may show them.
    pub(super) fn secrets(&self) -> Vec<Span> {
        let secret = |name: &str| self.variables.get(name).is_some_and(|variable| variable.sensitive);
        let defaults = self.variables.values().filter(|variable| variable.sensitive).filter_map(|v| v.default.as_ref());
        let chosen = self.environments.iter().flat_map(|all| all.values()).flat_map(|env| &env.values);
        let chosen = chosen.filter(|branch| secret(&branch.key)).map(|branch| &branch.value);
        defaults.chain(chosen).map(|tree| tree.span).collect()
    }
}

impl StackFile {
    /// The stack's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.document.name.text
    }

    /// What the stack is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.document.description.as_deref()
    }

    /// The environments, in the order of the file; `default` where it has none.
    #[must_use]
    pub fn environments(&self) -> Vec<String> {
        match &self.document.environments {
            None => vec!["default".to_owned()],
            Some(environments) => environments.keys().map(ToString::to_string).collect(),
        }
    }

    /// The names of the resources and their kinds, in the order of the file.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.document.resources.values().map(|resource| (&*resource.name.text, &*resource.kind.text))
    }
}

impl Document {
    /// The files that the expressions of the file at `span` may read.
    pub(super) fn files(&self, span: Span) -> &Files {
        static NONE: std::sync::LazyLock<Files> = std::sync::LazyLock::new(Files::none);
        self.files.get(&span.file).unwrap_or(&NONE)
    }

    /// What a resource says of an attribute, itself or through the defaults of its kind.
    pub(super) fn attribute<'d>(&'d self, resource: &'d Resource, name: &str) -> Option<&'d Branch> {
        let own = resource.attributes.iter().find(|branch| &*branch.key == name);
        own.or_else(|| self.kind_defaults(resource).iter().find(|branch| &*branch.key == name))
    }

    /// What a resource says of all attributes, itself and through the defaults of its kind.
    pub(super) fn attributes<'d>(&'d self, resource: &'d Resource) -> impl Iterator<Item = &'d Branch> {
        let inherited = self.kind_defaults(resource).iter();
        let inherited = inherited.filter(|branch| !resource.attributes.iter().any(|own| own.key == branch.key));
        resource.attributes.iter().chain(inherited)
    }

    fn kind_defaults(&self, resource: &Resource) -> &[Branch] {
        self.defaults.kinds.get(&resource.kind.text).map_or(&[], |defaults| &defaults.attributes)
    }
}
