//! The first half of expanding a stack: what is known before anything of the world is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::entries;
use super::document::{Document, StackFile};
use super::expression::nearest;
use super::inputs::{Inputs, Offline};
use super::instance::Stack;
use super::scope::{Scope, member};
use super::tree::Tree;
use super::uses::{Use, Uses, step_name};
use super::variables;
use super::view::{Shared, View};
use crate::error::{Problem, Span};
use crate::kind::{Address, LookupUse, Map, Owner, Registry, Shape, Target, Value, World};

/// A stack in one environment, before its resources are expanded: first the lookups that come before everything
/// are to be read.
#[derive(Debug)]
pub struct Prepared {
    pub(super) scope: Scope,
    pub(super) lookups: Vec<LookupUse>,
    /// Warnings so far; errors end the preparation.
    pub(super) problems: Vec<Problem>,
}

impl StackFile {
    /// Chooses the environment, and works out variables, region and account.
    pub fn prepare(&self, registry: &Registry, inputs: &Inputs) -> Result<Prepared, Vec<Problem>> {
        let prepared = self.prepare_leniently(registry, inputs, false).map_err(|problem| vec![*problem])?;
        if prepared.problems.iter().any(Problem::is_error) { Err(prepared.problems) } else { Ok(prepared) }
    }

    /// The same, whatever is wrong with values; an error only where there is no such environment.
    /// With `unset`, variables without a value are unknown.
    pub(super) fn prepare_leniently(
        &self,
        registry: &Registry,
        inputs: &Inputs,
        unset: bool,
    ) -> Result<Prepared, Box<Problem>> {
        let document = &self.document;
        let env = environment(document, inputs.env.as_deref())?;
        let mut problems = entries::loops(document);
        let mut scope = Scope::new(document, registry, Owner::new(&document.name.text, &env));
        scope.variables = variables::variables(document, &scope.owner, inputs, unset, &mut problems);
        scope.account = account(&scope, &mut problems);
        scope.region = region(&scope, inputs, &mut problems);
        let shared = Shared::default();
        let view = View::new(&scope, &Offline, &shared);
        variables::validate(document, &scope.variables, |tree| view.value(tree), &mut problems);
        let lookups = lookups(&scope, &mut problems);
        Ok(Prepared { scope, lookups, problems })
    }

    /// Works out everything that is known before anything is applied. `known` answers the early lookups at least.
    pub fn expand(&self, registry: &Registry, inputs: &Inputs, known: &dyn World) -> Result<Stack, Vec<Problem>> {
        self.prepare(registry, inputs)?.expand(known)
    }
}

impl Prepared {
    /// Stack and environment.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.scope.owner
    }

    /// The stack's region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.scope.region
    }

    /// The only account in which it may be applied.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.scope.account.as_deref()
    }

    /// The variables that are not sensitive and have a value, as `--var` takes it.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, String> {
        let document = &self.scope.document;
        let text = |(name, value): (&Arc<str>, &Value)| {
            let shape = &document.variables.get(name)?.shape;
            let known = Some(value).filter(|value| !value.is_null() && !value.has_sensitive())?;
            let text = match (shape, known.as_str()) {
                (Shape::String, Some(text)) => text.to_owned(),
                // It is read as YAML in which `${…}` is evaluated.
                _ => known.to_json()?.to_string().replace("${", "$${").replace("%{", "%%{"),
            };
            Some((name.to_string(), text))
        };
        self.scope.variables.iter().filter_map(text).collect()
    }

    /// The lookups that are needed and come before everything, each after those that it refers to.
    #[must_use]
    pub fn early_lookups(&self) -> Vec<&LookupUse> {
        let mut ordered: Vec<&LookupUse> = Vec::new();
        let mut left: Vec<&LookupUse> = self.lookups.iter().filter(|lookup| lookup.early && lookup.needed).collect();
        while !left.is_empty() {
            let waits = |lookup: &LookupUse| {
                lookup.references.iter().any(|reference| {
                    matches!(&reference.to, Target::Lookup(name) if left.iter().any(|other| other.name == *name))
                })
            };
            let (later, ready): (Vec<_>, Vec<_>) = left.iter().copied().partition(|lookup| waits(lookup));
            if ready.is_empty() {
                break;
            }
            ordered.extend(ready);
            left = later;
        }
        ordered
    }

    /// The arguments of a lookup; `None` while one of them is not known.
    pub fn evaluate_lookup(&self, name: &str, world: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
        super::evaluate::lookup(&self.scope, name, world)
    }
}

pub(super) fn environment(document: &Document, chosen: Option<&str>) -> Result<String, Box<Problem>> {
    let names = |names: Vec<&str>| names.join(", ");
    match (&document.environments, chosen) {
        (None, None | Some("default")) => Ok("default".to_owned()),
        (None, Some(env)) => Err(Box::new(
            Problem::error(format!("there is no environment `{env}`: the stack has none"))
                .hint("Leave `--env` out, or add `environments:` to the stack."),
        )),
        (Some(environments), None) => {
            Err(Box::new(Problem::error("the stack has environments, and none is chosen").hint(format!(
                "Choose one with `--env` or `CLEFCTL_ENV`: {}.",
                names(environments.keys().map(|n| &**n).collect())
            ))))
        }
        (Some(environments), Some(env)) if environments.contains_key(env) => Ok(env.to_owned()),
        (Some(environments), Some(env)) => {
            let problem = Problem::error(format!("there is no environment `{env}`"));
            Err(Box::new(match nearest(env, environments.keys().map(|name| &**name)) {
                Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                None => problem.hint(format!("There is {}.", names(environments.keys().map(|n| &**n).collect()))),
            }))
        }
    }
}

/// Text that must be known before anything is; `None` where nothing is written or it has a problem.
fn known_text(scope: &Scope, tree: Option<&Tree>, what: &str, problems: &mut Vec<Problem>) -> Option<(String, Span)> {
    let tree = tree?;
    let shared = Shared::default();
    let view = View::new(scope, &Offline, &shared);
    let before = problems.len();
    let mut resolver = super::resolve::Resolver::new(&view);
    let value = resolver.typed(tree, &crate::kind::Type::String);
    problems.append(&mut resolver.problems);
    match &value {
        Value::String(text) => Some((text.to_string(), tree.span)),
        Value::Null => None,
        Value::Sensitive(_) => {
            problems.push(Problem::error(format!("`{what}` cannot be a sensitive value")).at(tree.span));
            None
        }
        // A variable without a value has been reported.
        _ if problems.len() > before || value.waits_for().iter().all(|name| name.starts_with("var.")) => None,
        _ => {
            problems.push(
                Problem::error(format!("`{what}` must be known before anything is read"))
                    .at(tree.span)
                    .hint("It may refer to variables, locals and `env`."),
            );
            None
        }
    }
}

fn account(scope: &Scope, problems: &mut Vec<Problem>) -> Option<String> {
    let (text, span) = known_text(scope, scope.document.account.as_ref(), "account", problems)?;
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text);
    }
    problems.push(Problem::error(format!("`{text}` is no account: accounts have 12 digits")).at(span));
    None
}

fn region(scope: &Scope, inputs: &Inputs, problems: &mut Vec<Problem>) -> String {
    let written = known_text(scope, scope.document.region.as_ref(), "region", problems);
    match (written, &inputs.region) {
        (Some((text, span)), chosen) => {
            if let Some(problem) = bad_region(&text) {
                problems.push(problem.at(span));
            }
            if let Some(chosen) = chosen.as_ref().filter(|chosen| **chosen != text) {
                problems.push(
                    Problem::error(format!("`--region {chosen}` contradicts the stack, which lives in {text}"))
                        .at(span)
                        .hint("Leave `--region` out, or make the stack's region a variable."),
                );
            }
            text
        }
        (None, Some(chosen)) => {
            problems.extend(bad_region(chosen));
            chosen.clone()
        }
        (None, None) => {
            let default = inputs.default_region.clone().unwrap_or_default();
            if default.is_empty() && scope.document.region.is_none() {
                problems.push(
                    Problem::error("the stack has no region")
                        .at(scope.document.name.span)
                        .hint("Write `region: eu-west-3`, say `--region`, or configure one for AWS."),
                );
            }
            default
        }
    }
}

/// What is wrong with the name of a region, as far as its form tells.
pub(super) fn bad_region(text: &str) -> Option<Problem> {
    let parts: Vec<&str> = text.split('-').collect();
    let good = parts.len() >= 3
        && parts.iter().all(|part| !part.is_empty())
        && parts[..parts.len() - 1].iter().all(|part| part.bytes().all(|b| b.is_ascii_lowercase()))
        && parts.last().is_some_and(|part| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()));
    if good {
        return None;
    }
    let problem = Problem::error(format!("`{text}` is no region"));
    let zone = text.strip_suffix(|c: char| c.is_ascii_lowercase()).filter(|region| bad_region_form(region));
    Some(match zone {
        Some(region) => problem.hint(format!("It names a zone; its region is `{region}`.")),
        None => problem.hint("Regions are called such as `eu-west-3`."),
    })
}

fn bad_region_form(text: &str) -> bool {
    text.split('-').count() >= 3 && text.ends_with(|c: char| c.is_ascii_digit())
}

/// The lookups, with what they refer to, whether they come first, and whether anything needs them.
fn lookups(scope: &Scope, problems: &mut Vec<Problem>) -> Vec<LookupUse> {
    let document = &scope.document;
    let mut uses = Uses::new(document);
    let mut all: Vec<(Arc<str>, Vec<Use>)> = Vec::new();
    for (name, lookup) in &document.lookups {
        all.push((Arc::clone(name), uses.lookup(lookup)));
    }
    let late = late(&all);
    let mut needed: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut need = |found: &[Use]| {
        let names = found.iter().filter(|found| &*found.reference.root == "lookup");
        needed.extend(names.filter_map(|found| member(&found.reference)).map(|(name, _)| Arc::clone(name)));
    };
    for resource in document.resources.values() {
        let declared = scope.facts(&resource.name.text).map_or(&crate::kind::Block::EMPTY, |facts| facts.declared);
        need(&uses.resource(resource, declared));
    }
    for output in document.outputs.values() {
        need(&uses.value(&output.value));
    }
    loop {
        let before = needed.len();
        for (name, found) in &all {
            if needed.contains(name) {
                let names = found.iter().filter(|found| &*found.reference.root == "lookup");
                let names: Vec<_> =
                    names.filter_map(|found| member(&found.reference)).map(|(name, _)| Arc::clone(name)).collect();
                needed.extend(names);
            }
        }
        if needed.len() == before {
            break;
        }
    }
    let mut found = Vec::new();
    for (name, uses) in all {
        let (Some(entry), Some(facts)) = (document.lookups.get(&name), scope.lookups.get(&name)) else { continue };
        let region = known_text(scope, entry.region.as_ref(), "region", problems).map(|(text, _)| text);
        let role_arn = known_text(scope, entry.role_arn.as_ref(), "role_arn", problems).map(|(text, _)| text);
        let shared = Shared::default();
        let view = View::new(scope, &Offline, &shared);
        let mut resolver = super::resolve::Resolver::new(&view);
        let optional = entry.optional.as_ref().is_some_and(|tree| resolver.condition(tree) == Some(true));
        problems.append(&mut resolver.problems);
        found.push(LookupUse {
            name: name.to_string(),
            facts,
            region: region.unwrap_or_else(|| scope.region.clone()),
            role_arn,
            optional,
            early: !late.contains(&name),
            needed: needed.contains(&name),
            references: targets(document, &uses),
            span: entry.name.span,
        });
    }
    found
}

/// The lookups that refer to resources, directly or through others.
fn late(all: &[(Arc<str>, Vec<Use>)]) -> BTreeSet<Arc<str>> {
    let mut late = BTreeSet::new();
    loop {
        let before = late.len();
        for (name, found) in all {
            let waits = found.iter().any(|found| match &*found.reference.root {
                "var" | "env" | "stack" => false,
                "lookup" => member(&found.reference).is_some_and(|(name, _)| late.contains(name)),
                _ => true,
            });
            if waits {
                late.insert(Arc::clone(name));
            }
        }
        if late.len() == before {
            return late;
        }
    }
}

/// What a lookup refers to, before it is known which instances there are.
fn targets(document: &Document, uses: &[Use]) -> Vec<crate::kind::Reference> {
    let target = |found: &Use| {
        let reference = &found.reference;
        let (to, attribute) = match &*reference.root {
            "lookup" => (Target::Lookup(member(reference)?.0.to_string()), step_name(reference, 1)),
            name if document.resources.contains_key(name) => {
                (Target::Instance(Address::plain(name)), step_name(reference, 0))
            }
            _ => return None,
        };
        Some(crate::kind::Reference {
            to,
            attribute: attribute.map(ToString::to_string),
            from: found.from.to_string(),
            settled_from: false,
            span: reference.span,
        })
    };
    uses.iter().filter_map(target).collect()
}
