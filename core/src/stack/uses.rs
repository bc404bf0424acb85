//! What entries of a stack refer to, locals looked through.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::{Document, LookupEntry, Resource};
use super::expression::{Key, Reference, ReferenceKind};
use super::scope::{member, references};
use super::tree::Tree;
use crate::kind::Block;

/// A reference of an entry, with the part of the entry in which it stands.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// The attribute, or `for_each`, `when`, `tags` and the like.
    pub(super) from: Arc<str>,
    /// Whether that attribute is set in the second step.
    pub(super) settled: bool,
    pub(super) reference: Reference,
}

/// References of trees with those behind locals put in their places; each local is looked at once.
pub(super) struct Uses<'d> {
    document: &'d Document,
    locals: HashMap<Arc<str>, Vec<Reference>>,
}

impl<'d> Uses<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, locals: HashMap::new() }
    }

    /// The references of a tree. Those of a local carry the conditions of the place that uses it.
    pub(super) fn of(&mut self, tree: &Tree) -> Vec<Reference> {
        let mut found = Vec::new();
        for reference in references(tree) {
            if &*reference.root != "local" {
                found.push(reference);
                continue;
            }
            let Some((name, _)) = member(&reference) else { continue };
            for inner in self.local(name) {
                let mut conditions = reference.conditions.clone();
                conditions.extend(inner.conditions.iter().cloned());
                let guarded = reference.guarded || inner.guarded;
                found.push(Reference { guarded, conditions, ..inner.clone() });
            }
        }
        found
    }

    fn local(&mut self, name: &Arc<str>) -> &[Reference] {
        if !self.locals.contains_key(name) {
            // A local that is defined by itself finds this; its problem is reported elsewhere.
            self.locals.insert(Arc::clone(name), Vec::new());
            if let Some(local) = self.document.locals.get(name) {
                let mut found = self.of(&local.value);
                let mut seen = std::collections::HashSet::new();
                found.retain(|reference| seen.insert((reference.span, reference.guarded)));
                self.locals.insert(Arc::clone(name), found);
            }
        }
        self.locals.get(name).map_or(&[], Vec::as_slice)
    }

    fn under(&mut self, from: &str, settled: bool, tree: &Tree, found: &mut Vec<Use>) {
        let from: Arc<str> = from.into();
        found.extend(self.of(tree).into_iter().map(|reference| Use { from: Arc::clone(&from), settled, reference }));
    }

    /// All references of a resource, `depends_on` aside, in the order in which a run needs them.
    pub(super) fn resource(&mut self, resource: &Resource, declared: &Block) -> Vec<Use> {
        let mut found = Vec::new();
        let common = [
            ("for_each", &resource.for_each),
            ("when", &resource.when),
            ("region", &resource.region),
            ("role_arn", &resource.role_arn),
            ("tags", &resource.tags),
        ];
        for (name, tree) in common {
            if let Some(tree) = tree {
                self.under(name, false, tree, &mut found);
            }
        }
        for tree in &self.document.defaults.tags {
            self.under("tags", false, tree, &mut found);
        }
        for branch in &resource.timeouts {
            self.under("timeouts", false, &branch.value, &mut found);
        }
        for (_, tree) in resource.lifecycle.parts() {
            self.under("lifecycle", false, tree, &mut found);
        }
        for branch in self.document.attributes(resource) {
            let settled = declared.attribute(&branch.key).is_some_and(|attribute| attribute.settled);
            self.under(&branch.key, settled, &branch.value, &mut found);
        }
        found
    }

    /// All references of a lookup.
    pub(super) fn lookup(&mut self, lookup: &LookupEntry) -> Vec<Use> {
        let mut found = Vec::new();
        let common = [("optional", &lookup.optional), ("region", &lookup.region), ("role_arn", &lookup.role_arn)];
        for (name, tree) in common {
            if let Some(tree) = tree {
                self.under(name, false, tree, &mut found);
            }
        }
        for branch in &lookup.arguments {
            self.under(&branch.key, false, &branch.value, &mut found);
        }
        found
    }

    /// All references of an output.
    pub(super) fn value(&mut self, tree: &Tree) -> Vec<Use> {
        let mut found = Vec::new();
        self.under("value", false, tree, &mut found);
        found
    }
}

/// The name of the part that a step takes, where it is written.
pub(super) fn step_name(reference: &Reference, at: usize) -> Option<&Arc<str>> {
    match reference.steps.get(at).map(|step| &step.kind) {
        Some(ReferenceKind::Key(Key::Name(name))) => Some(name),
        _ => None,
    }
}
