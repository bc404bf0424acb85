//! What is fixed for one environment: variables, locals, and which instances there are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::document::{Document, Resource};
use super::expression::{Expression, Key, Reference, ReferenceKind, Template};
use super::tree::{Tree, TreeValue};
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
    /// All kinds that there are, by their own names.
    pub(super) registered: HashMap<&'static str, &'static Facts>,
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
            registered: registry.kinds().map(|kind| (kind.facts().name, kind.facts())).collect(),
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

    /// Whether plain text reads like an expression that was left without `${…}`: `vpc.id`, `var.size > 1`.
    pub(super) fn like_expression(&self, text: &str) -> bool {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (root, rest) = text.split_at(end);
        let name: String = rest.chars().skip(1).take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !rest.starts_with(['.', '[']) {
            return false;
        }
        match root {
            "var" => self.document.variables.contains_key(&*name),
            "local" => self.document.locals.contains_key(&*name),
            "lookup" => self.document.lookups.contains_key(&*name),
            "each" => matches!(&*name, "key" | "value"),
            _ => match (self.resource(root), self.facts(root)) {
                (Some(resource), _) if resource.for_each.is_some() => rest.starts_with('['),
                (Some(_), Some(facts)) => readable(facts, &name).is_some(),
                _ => false,
            },
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

/// All references of a tree, in the order of the file, each with the `when` of the entries in which it stands.
pub(super) fn references(tree: &Tree) -> Vec<Reference> {
    let mut collector = Collector::default();
    collector.tree(tree);
    collector.found
}

#[derive(Default)]
struct Collector {
    found: Vec<Reference>,
    /// What the entries around ask for.
    conditions: Vec<(Expression, bool)>,
    /// How many entries around have a `for_each` of their own: `each` is theirs.
    entries: usize,
}

impl Collector {
    fn tree(&mut self, tree: &Tree) {
        match &tree.value {
            TreeValue::Template(template) => self.template(template),
            TreeValue::List(items) => items.iter().for_each(|item| self.tree(item)),
            TreeValue::Map(entries) => {
                let for_each = entries.iter().find(|branch| &*branch.key == "for_each");
                if let Some(branch) = for_each {
                    self.tree(&branch.value);
                }
                self.entries += usize::from(for_each.is_some());
                let when =
                    tree.get("when").and_then(|when| when.template()).and_then(|when| when.expression().cloned());
                if let Some(branch) = entries.iter().find(|branch| &*branch.key == "when") {
                    self.tree(&branch.value);
                }
                let depth = self.conditions.len();
                self.conditions.extend(when.map(|when| (when, true)));
                for branch in entries.iter().filter(|branch| !matches!(&*branch.key, "when" | "for_each")) {
                    if let Some(template) = &branch.key_template {
                        self.template(template);
                    }
                    self.tree(&branch.value);
                }
                self.conditions.truncate(depth);
                self.entries -= usize::from(for_each.is_some());
            }
            _ => {}
        }
    }

    fn template(&mut self, template: &Template) {
        for mut reference in template.references() {
            let mut conditions = self.conditions.clone();
            conditions.append(&mut reference.conditions);
            reference.conditions = conditions;
            if self.entries > 0 {
                // Seen from outside, the `each` of an entry may be anything.
                reference.conditions.retain(|(condition, _)| !uses_each(condition));
                for step in &mut reference.steps {
                    if matches!(&step.kind, ReferenceKind::Computed(index) if uses_each(index)) {
                        step.kind = ReferenceKind::Any;
                    }
                }
            }
            self.found.push(reference);
        }
    }
}

fn uses_each(expression: &Expression) -> bool {
    expression.references().iter().any(|reference| &*reference.root == "each")
}

/// The name that follows `local.`, `lookup.` or `var.` in a reference.
pub(super) fn member(reference: &Reference) -> Option<(&Arc<str>, Span)> {
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
