//! What is fixed for one environment: variables, locals, and which instances there are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::document::{Document, Resource};
use super::expression::Reference;
use super::tree::Tree;
use crate::error::{Problem, Span};
use crate::kind::{Address, Attribute, Block, Facts, Kind, LookupFacts, Owner, Registry, Value};

/// One environment of a stack, as far as expressions need it.
pub(super) struct Scope {
    pub(super) document: Arc<Document>,
    pub(super) owner: Owner,
    pub(super) region: String,
    pub(super) account: Option<String>,
    pub(super) variables: BTreeMap<Arc<str>, Value>,
    pub(super) locals: HashMap<Arc<str>, LocalState>,
    /// The kinds of the resources, by the resources' names; missing where a kind is unknown.
    pub(super) kinds: HashMap<Arc<str>, Arc<dyn Kind>>,
    /// The kinds of the lookups, by the lookups' names.
    pub(super) lookups: HashMap<Arc<str>, &'static LookupFacts>,
    /// What the resources expand to, by name; missing while that is not decided.
    pub(super) expansions: HashMap<Arc<str>, Expansion>,
}

/// What is known of a local value before it is asked for.
#[derive(Default)]
pub(super) struct LocalState {
    /// Whether it refers to resources or lookups, directly or through other locals: then it is not kept.
    pub(super) worldly: bool,
    /// Its value, once it was asked for.
    pub(super) value: OnceLock<Result<Value, Box<Problem>>>,
}

/// What a resource expands to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expansion {
    /// Its `when` is false: it is null.
    Absent,
    /// One instance.
    Single,
    /// Instances by key, with `each.value`.
    Keyed(Arc<BTreeMap<Arc<str>, Value>>),
    /// Its keys wait for a lookup that was not read yet.
    Pending,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Scope {
    /// The scope of an environment, before any resource is expanded.
    pub(super) fn new(document: &Arc<Document>, registry: &Registry, owner: Owner) -> Self {
        let kinds = document.resources.values().filter_map(|resource| {
            Some((Arc::clone(&resource.name.text), Arc::clone(registry.kind(&resource.kind.text)?)))
        });
        let lookups = document
            .lookups
            .values()
            .filter_map(|lookup| Some((Arc::clone(&lookup.name.text), registry.lookup(&lookup.kind.text)?.facts())));
        Self {
            kinds: kinds.collect(),
            lookups: lookups.collect(),
            locals: locals(document),
            document: Arc::clone(document),
            owner,
            region: String::new(),
            account: None,
            variables: BTreeMap::new(),
            expansions: HashMap::new(),
        }
    }

    pub(super) fn resource(&self, name: &str) -> Option<&Arc<Resource>> {
        self.document.resources.get(name)
    }

    pub(super) fn facts(&self, name: &str) -> Option<&'static Facts> {
        self.kinds.get(name).map(|kind| kind.facts())
    }

    /// `each.value` of an instance under `for_each`.
    pub(super) fn each(&self, address: &Address) -> Option<&Value> {
        match self.expansions.get(&address.name)? {
            Expansion::Keyed(values) => values.get(address.key.as_ref()?),
            _ => None,
        }
    }

    /// Every name that an expression may begin with.
    pub(super) fn roots(&self) -> impl Iterator<Item = &str> + Clone {
        const ROOTS: &[&str] = &["var", "local", "lookup", "each", "env", "stack", "self"];
        ROOTS.iter().copied().chain(self.document.resources.keys().map(|name| &**name))
    }
}

/// The attribute of a kind that an expression can read, and whether it is an output.
pub(super) fn readable(facts: &'static Facts, name: &str) -> Option<(&'static Attribute, bool)> {
    match facts.declared.attribute(name) {
        Some(attribute) => Some((attribute, false)),
        None => facts.outputs.attribute(name).map(|attribute| (attribute, true)),
    }
}

/// The names of all attributes that an expression can read.
pub(super) fn readable_names(declared: &'static Block, outputs: &'static Block) -> impl Iterator<Item = &'static str> {
    declared.attributes.iter().chain(outputs.attributes).filter(|attribute| !attribute.write_only).map(|a| a.name)
}

/// All references of a tree, in the order of the file.
pub(super) fn references(tree: &Tree) -> Vec<Reference> {
    let mut found = Vec::new();
    tree.templates(&mut |template| found.extend(template.references()));
    found
}

/// The name that follows `local.`, `lookup.` or `var.` in a reference.
pub(super) fn member(reference: &Reference) -> Option<(&Arc<str>, Span)> {
    use super::expression::{Key, ReferenceKind};
    let step = reference.steps.first()?;
    match &step.kind {
        ReferenceKind::Key(Key::Name(name)) => Some((name, step.span)),
        _ => None,
    }
}

/// Finds out which locals depend on resources and lookups.
fn locals(document: &Document) -> HashMap<Arc<str>, LocalState> {
    let mut uses: BTreeMap<&Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    let mut worldly: HashSet<Arc<str>> = HashSet::new();
    for (name, local) in &document.locals {
        for reference in references(&local.value) {
            match &*reference.root {
                "local" => uses.entry(name).or_default().extend(member(&reference).map(|(name, _)| Arc::clone(name))),
                "var" | "env" | "each" | "self" => {}
                "stack" if member(&reference).is_some_and(|(name, _)| &**name != "account_id") => {}
                _ => {
                    worldly.insert(Arc::clone(name));
                }
            }
        }
    }
    // What uses a worldly local is one.
    loop {
        let before = worldly.len();
        for (name, used) in &uses {
            if used.iter().any(|used| worldly.contains(used)) {
                worldly.insert(Arc::clone(name));
            }
        }
        if worldly.len() == before {
            break;
        }
    }
    let state = |name: &Arc<str>| LocalState { worldly: worldly.contains(name), value: OnceLock::new() };
    document.locals.keys().map(|name| (Arc::clone(name), state(name))).collect()
}
