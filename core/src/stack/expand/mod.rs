//! The second half of expanding a stack: which instances there are, and what they refer to.

mod common;
mod targets;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::check::cycles;
use super::document::Resource;
use super::instance::{OutputUse, Stack};
use super::prepare::{Prepared, bad_region};
use super::resolve::Resolver;
use super::scope::{Expansion, Scope};
use super::tree::Tree;
use super::uses::{Use, Uses};
use super::view::{Shared, View};
use crate::error::{Problem, Span};
use crate::kind::{Address, Facts, Instance, LookupUse, Moved, Target, Value, World};
use common::{known_text, lifecycle, timeouts};
use targets::{addresses, dependencies, instance_targets, plain_targets};

impl Prepared {
    /// Works out which instances there are. `known` answers the early lookups at least.
    pub fn expand(self, known: &dyn World) -> Result<Stack, Vec<Problem>> {
        let (stack, problems) = self.expand_leniently(known);
        if problems.iter().any(Problem::is_error) { Err(super::tidy(problems)) } else { Ok(stack) }
    }

    /// The same, whatever is wrong.
    pub(super) fn expand_leniently(self, known: &dyn World) -> (Stack, Vec<Problem>) {
        let Self { mut scope, lookups, mut problems } = self;
        let document = Arc::clone(&scope.document);
        let mut uses = Uses::new(&document);
        expand_all(&mut scope, known, &mut uses, &lookups, &mut problems);
        let scope = Arc::new(scope);
        let mut stack = Stack {
            owner: scope.owner.clone(),
            description: document.description.clone(),
            region: scope.region.clone(),
            account: scope.account.clone(),
            instances: IndexMap::new(),
            lookups: IndexMap::new(),
            outputs: Vec::new(),
            moved: document
                .moved
                .iter()
                .map(|entry| Moved { from: entry.from.clone(), to: entry.to.clone(), span: entry.span })
                .collect(),
            ignore_tags: document.ignore_tags.clone(),
            own: Vec::new(),
            scope: Arc::clone(&scope),
        };
        for resource in document.resources.values() {
            let Some(facts) = scope.facts(&resource.name.text) else { continue };
            let found = uses.resource(resource, facts.declared);
            for address in addresses(&scope, &resource.name.text) {
                let mut maker = Maker { scope: &scope, world: known, problems: &mut problems, own: &mut stack.own };
                let instance = maker.instance(resource, facts, &address, &found);
                stack.instances.insert(address, instance);
            }
        }
        problems.extend(cycles::check(&stack));
        for lookup in lookups {
            let Some(entry) = document.lookups.get(&*lookup.name) else { continue };
            let references = plain_targets(&scope, known, &uses.lookup(entry));
            stack.lookups.insert(lookup.name.clone(), LookupUse { references, ..lookup });
        }
        for output in document.outputs.values() {
            let shared = Shared::default();
            let view = View::new(&scope, known, &shared);
            let mut resolver = Resolver::new(&view);
            let sensitive = output.sensitive.as_ref().is_some_and(|tree| resolver.condition(tree) == Some(true));
            problems.append(&mut resolver.problems);
            stack.outputs.push(OutputUse {
                name: output.name.text.to_string(),
                description: output.description.clone(),
                sensitive,
                references: plain_targets(&scope, known, &uses.value(&output.value)),
                span: output.name.span,
            });
        }
        (stack, problems)
    }
}

/// Decides for every resource which instances it has, each after those that its `for_each` and `when` ask for.
fn expand_all(
    scope: &mut Scope,
    known: &dyn World,
    uses: &mut Uses<'_>,
    lookups: &[LookupUse],
    problems: &mut Vec<Problem>,
) {
    let document = Arc::clone(&scope.document);
    let mut waits: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
    for resource in document.resources.values() {
        let trees = resource.for_each.iter().chain(&resource.when);
        let names: Vec<Arc<str>> = trees
            .flat_map(|tree| uses.of(tree))
            .filter(|reference| document.resources.contains_key(&reference.root))
            .map(|reference| reference.root)
            .collect();
        waits.insert(Arc::clone(&resource.name.text), names);
    }
    let early: BTreeSet<&str> = lookups.iter().filter(|lookup| lookup.early).map(|lookup| &*lookup.name).collect();
    let mut left: Vec<&Arc<Resource>> = document.resources.values().collect();
    while !left.is_empty() {
        let ready = |resource: &Resource| {
            waits
                .get(&resource.name.text)
                .is_none_or(|names| names.iter().all(|name| scope.expansions.contains_key(name)))
        };
        let (now, later): (Vec<_>, Vec<_>) = left.iter().copied().partition(|resource| ready(resource));
        if now.is_empty() {
            for resource in &later {
                // A loop of `for_each` is shown as a loop of references.
                if let (None, Some(when)) = (&resource.for_each, &resource.when) {
                    let message = format!("whether there is a `{}` depends on itself", resource.name.text);
                    problems.push(Problem::error(message).at(when.span).address(&resource.name.text));
                }
                scope.expansions.insert(Arc::clone(&resource.name.text), Expansion::Pending);
            }
            return;
        }
        for resource in now {
            let expansion = expand_one(scope, known, resource, &early, problems);
            scope.expansions.insert(Arc::clone(&resource.name.text), expansion);
        }
        left = later;
    }
}

fn expand_one(
    scope: &Scope,
    known: &dyn World,
    resource: &Resource,
    early: &BTreeSet<&str>,
    problems: &mut Vec<Problem>,
) -> Expansion {
    let shared = Shared::default();
    let view = View::new(scope, known, &shared);
    let mut resolver = Resolver::new(&view);
    let expansion = match (&resource.for_each, &resource.when) {
        (None, None) => Expansion::Single,
        (None, Some(when)) => match resolver.condition(when) {
            Some(true) => Expansion::Single,
            Some(false) => Expansion::Absent,
            None => {
                let problem = undecided(&mut resolver, when, "when", early);
                resolver.problems.extend(problem);
                Expansion::Single
            }
        },
        (Some(for_each), when) => match resolver.for_each(for_each) {
            None => {
                let problem = undecided(&mut resolver, for_each, "for_each", early);
                resolver.problems.extend(problem);
                Expansion::Pending
            }
            Some(each) => {
                let mut values = BTreeMap::new();
                for (key, value) in each {
                    let inner = view.with_each(Value::from(key.as_str()), value.clone());
                    let mut chosen = Resolver::new(&inner);
                    let wanted = when.as_ref().is_none_or(|when| {
                        chosen.condition(when).unwrap_or_else(|| {
                            let problem = undecided(&mut chosen, when, "when", early);
                            chosen.problems.extend(problem);
                            true
                        })
                    });
                    resolver.problems.append(&mut chosen.problems);
                    if wanted {
                        values.insert(Arc::from(key), value);
                    }
                }
                Expansion::Keyed(Arc::new(values))
            }
        },
    };
    problems.extend(resolver.problems.into_iter().map(|problem| problem.address(&resource.name.text)));
    expansion
}

/// The problem of a `for_each` or `when` that is not known; none where a lookup that comes first will tell, or where
/// a problem has been reported.
fn undecided(resolver: &mut Resolver<'_>, tree: &Tree, what: &str, early: &BTreeSet<&str>) -> Option<Problem> {
    if resolver.problems.iter().any(Problem::is_error) {
        return None;
    }
    let value = Resolver::new(resolver.view).any(tree);
    let later: Vec<String> = value
        .waits_for()
        .into_iter()
        .filter(|name| match name.strip_prefix("lookup.") {
            Some(lookup) => !early.contains(lookup),
            None => !["stack.", "var.", "the keys of "].iter().any(|known| name.starts_with(known)),
        })
        .map(|name| format!("`{name}`"))
        .collect();
    if later.is_empty() {
        return None;
    }
    let (message, hint) = if what == "when" {
        (
            "`when` must be known before anything is applied",
            "It may depend on variables, locals, lookups that refer to no resource, and what the stack itself declares.",
        )
    } else {
        (
            "the keys of `for_each` must be known before anything is applied",
            "Go over a map whose keys are written, and let its values refer to other resources: `{a: '${x.id}'}`.",
        )
    };
    Some(Problem::error(message).at(tree.span).label(format!("this waits for {}", later.join(", "))).hint(hint))
}

/// Makes the instances of resources.
struct Maker<'a> {
    scope: &'a Scope,
    world: &'a dyn World,
    problems: &'a mut Vec<Problem>,
    own: &'a mut Vec<(Address, Span, String)>,
}

impl Maker<'_> {
    fn instance(&mut self, resource: &Resource, facts: &'static Facts, address: &Address, uses: &[Use]) -> Instance {
        let shared = Shared::default();
        let outside = View::new(self.scope, self.world, &shared);
        let view = outside.of(address);
        let mut resolver = Resolver::new(&view);
        let region = known_text(&mut resolver, resource.region.as_ref(), "region");
        if let (Some(region), Some(tree)) = (&region, &resource.region) {
            resolver.problems.extend(bad_region(region).map(|problem| problem.at(tree.span)));
        }
        let role_arn = known_text(&mut resolver, resource.role_arn.as_ref(), "role_arn");
        let lifecycle = lifecycle(&mut resolver, resource, facts);
        let timeouts = timeouts(&mut resolver, resource);
        let mut references = dependencies(self.scope, resource);
        // What `when` asks for is known before anything is applied: nothing waits for it.
        let uses = uses.iter().filter(|found| &*found.from != "when");
        references.extend(uses.flat_map(|found| instance_targets(self.scope, &view, found)));
        let (own, mut references): (Vec<_>, Vec<_>) = references
            .into_iter()
            .partition(|reference| matches!(&reference.to, Target::Instance(to) if to == address));
        let own = own.into_iter().filter(|reference| !reference.settled_from).filter_map(|reference| {
            let output = reference.attribute.filter(|name| facts.declared.attribute(name).is_none())?;
            Some((address.clone(), reference.span, output))
        });
        self.own.extend(own);
        let mut seen = std::collections::HashSet::new();
        references.retain(|reference| {
            seen.insert((reference.to.clone(), reference.attribute.clone(), reference.from.clone(), reference.span))
        });
        let problems = std::mem::take(&mut resolver.problems);
        self.problems.extend(problems.into_iter().map(|problem| problem.address(address)));
        Instance {
            address: address.clone(),
            kind: facts.name,
            facts,
            region: region.unwrap_or_else(|| self.scope.region.clone()),
            role_arn,
            references,
            lifecycle,
            timeouts,
            written: self.scope.document.attributes(resource).map(|branch| branch.key.to_string()).collect(),
            span: resource.name.span,
        }
    }
}
