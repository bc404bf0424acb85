//! Evaluating what a stack declares, as often as more is known.

use std::collections::BTreeMap;

use super::inputs::Offline;
use super::instance::{OutputUse, Stack};
use super::resolve::Resolver;
use super::scope::Scope;
use super::stand_in;
use super::tree::Branch;
use super::view::{Shared, View};
use crate::error::{Problem, Span};
use crate::kind::{Address, Facts, Instance, Map, Type, Value, World, default_name};

impl Stack {
    /// The attributes of an instance on which the stack has an opinion: declared and defaulted ones, converted to
    /// their types and in canonical form, nulls left out. Parts that wait for something are unknown, with their
    /// shapes. The problems are errors; warnings belong to the check.
    pub fn evaluate(&self, instance: &Instance, world: &dyn World) -> Result<Map, Vec<Problem>> {
        let (map, problems) = self.evaluate_leniently(instance, world);
        outcome(map, problems)
    }

    /// The same, with whatever is wrong, warnings included.
    pub(super) fn evaluate_leniently(&self, instance: &Instance, world: &dyn World) -> (Map, Vec<Problem>) {
        let shared = Shared::default();
        let view = View::new(&self.scope, world, &shared);
        let mut resolver = Resolver::new(&view);
        let map = resolver.instance(&instance.address);
        let mut problems = resolver.problems;
        if !problems.iter().any(Problem::is_error)
            && let Some(kind) = self.scope.kinds.get(&instance.address.name)
        {
            let declared = self.named(instance, &map, world);
            let violations = if declared.values().all(Value::is_known) {
                kind.check(&declared)
            } else {
                stand_in::check(&**kind, &declared)
            };
            problems.extend(violations.into_iter().map(|violation| {
                let span = self.span_of(&instance.address, &violation.path);
                violation.problem().at(span)
            }));
        }
        let problems = problems.into_iter().map(|problem| problem.address(&instance.address)).collect();
        (map, problems)
    }

    /// The attributes with the physical name that the instance will have; the file need not write it.
    fn named(&self, instance: &Instance, attributes: &Map, world: &dyn World) -> Map {
        let mut named = attributes.clone();
        if let Some(naming) = instance.facts.naming {
            named.entry(naming.attribute.to_owned()).or_insert_with(|| {
                let account = world.account_id().unwrap_or_default();
                let (owner, address) = (&self.scope.owner, &instance.address);
                Value::from(default_name(&naming, owner, address, 1, &account, &instance.region))
            });
        }
        named
    }

    /// The user's tags of an instance: those of `defaults` with its own over them. Values may be unknown.
    pub fn tags(&self, instance: &Instance, world: &dyn World) -> Result<BTreeMap<String, Value>, Vec<Problem>> {
        let (tags, problems) = self.tags_leniently(instance, world);
        outcome(tags, problems)
    }

    pub(super) fn tags_leniently(
        &self,
        instance: &Instance,
        world: &dyn World,
    ) -> (BTreeMap<String, Value>, Vec<Problem>) {
        let mut tags = BTreeMap::new();
        let Some(resource) = self.scope.resource(&instance.address.name) else { return (tags, Vec::new()) };
        let shared = Shared::default();
        let view = View::new(&self.scope, world, &shared).of(&instance.address);
        let mut resolver = Resolver::new(&view);
        if !instance.facts.taggable() {
            if let Some(tree) = resource.tags.as_ref().filter(|tree| !tree.is_null()) {
                resolver.problems.push(
                    Problem::error(format!("the kind `{}` takes no tags", instance.kind))
                        .at(tree.span)
                        .hint("AWS has none on it; leave `tags` out."),
                );
            }
            return (tags, addressed(resolver.problems, &instance.address));
        }
        for tree in self.scope.document.defaults.tags.iter().chain(&resource.tags) {
            let value = resolver.typed(tree, &Type::Map(&Type::String));
            if value.has_sensitive() {
                resolver.problems.push(
                    Problem::error("a tag cannot be made of a sensitive value: tags are seen")
                        .at(tree.span)
                        .hint("Wrap what is no secret in `nonsensitive()`."),
                );
                continue;
            }
            let Some(map) = value.as_map() else {
                let waits: Vec<_> = value.waits_for().into_iter().map(|name| format!("`{name}`")).collect();
                if !waits.is_empty() && waits.iter().any(|name| !name.starts_with("`lookup.")) {
                    resolver.problems.push(
                        Problem::error("the keys of tags must be known before anything is applied")
                            .at(tree.span)
                            .label(format!("this waits for {}", waits.join(", "))),
                    );
                }
                continue;
            };
            for (key, value) in map {
                if let Some(message) = bad_tag(key, value) {
                    resolver.problems.push(Problem::error(message).at(tree.span_of(key)));
                }
                tags.insert(key.clone(), value.clone());
            }
        }
        if tags.len() > 45 {
            let span = resource.tags.as_ref().map_or(instance.span, |tree| tree.span);
            resolver.problems.push(
                Problem::error(format!(
                    "there are {} tags, and AWS takes 50 with the five that clefctl needs",
                    tags.len()
                ))
                .at(span),
            );
        }
        (tags, addressed(resolver.problems, &instance.address))
    }

    /// The values of `lifecycle.replace_triggered_by`, if there are any; parts may be unknown.
    pub fn triggers(&self, instance: &Instance, world: &dyn World) -> Result<Option<Value>, Vec<Problem>> {
        let Some(tree) = self
            .scope
            .resource(&instance.address.name)
            .and_then(|resource| resource.lifecycle.replace_triggered_by.as_ref())
            .filter(|tree| !tree.is_null())
        else {
            return Ok(None);
        };
        let shared = Shared::default();
        let view = View::new(&self.scope, world, &shared).of(&instance.address);
        let mut resolver = Resolver::new(&view);
        let value = resolver.any(tree);
        outcome(Some(value), addressed(resolver.problems, &instance.address))
    }

    /// The arguments of a lookup, with defaults; `None` while one of them is not known.
    pub fn evaluate_lookup(&self, name: &str, world: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
        lookup(&self.scope, name, world)
    }

    /// The value of an output; parts may be unknown.
    pub fn evaluate_output(&self, output: &OutputUse, world: &dyn World) -> Result<Value, Vec<Problem>> {
        let Some(entry) = self.scope.document.outputs.get(&*output.name) else { return Ok(Value::Null) };
        let shared = Shared::default();
        let view = View::new(&self.scope, world, &shared);
        let mut resolver = Resolver::new(&view);
        let value = resolver.any(&entry.value);
        if output.sensitive {
            return outcome(value.sensitive(), resolver.problems);
        }
        if value.has_sensitive() {
            resolver.problems.push(
                Problem::error(format!("the output `{}` shows a sensitive value", output.name))
                    .at(entry.value.span)
                    .hint("Write `sensitive: true` on the output, or wrap what is no secret in `nonsensitive()`."),
            );
        }
        outcome(value, resolver.problems)
    }

    /// The place of an attribute of an instance, as a path such as `ingress[0].from_port`; as much of the path as
    /// the file writes counts, and nothing of it is the name of the resource.
    #[must_use]
    pub fn span_of(&self, address: &Address, path: &str) -> Span {
        let Some(resource) = self.scope.resource(&address.name) else { return Span::default() };
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (name, rest) = path.split_at(end);
        match name {
            "tags" => resource.tags.as_ref().map_or(resource.name.span, |tree| tree.span_of(rest)),
            "kind" => resource.kind.span,
            name => {
                let written: Option<&Branch> = self.scope.document.attribute(resource, name);
                written.map_or(resource.name.span, |branch| branch.value.span_of(rest))
            }
        }
    }

    /// The physical name that an instance gets when the stack writes none; `None` for kinds without names.
    #[must_use]
    pub fn default_name(&self, facts: &Facts, address: &Address, generation: u32, account: &str) -> Option<String> {
        let region = self.instances.get(address).map_or(&self.region, |instance| &instance.region);
        facts
            .naming
            .as_ref()
            .map(|rules| crate::kind::default_name(rules, &self.owner, address, generation, account, region))
    }
}

/// The physical name that the stack writes for an instance, as far as it is known.
pub(super) fn written_name(stack: &Stack, instance: &Instance) -> Option<String> {
    let naming = instance.facts.naming.as_ref()?;
    let resource = stack.scope.resource(&instance.address.name)?;
    let branch = stack.scope.document.attribute(resource, naming.attribute)?;
    let shared = Shared::default();
    let view = View::new(&stack.scope, &Offline, &shared).of(&instance.address);
    Resolver::new(&view).typed(&branch.value, &Type::String).as_str().map(str::to_owned)
}

/// The arguments of a lookup; `None` while one of them is not known.
pub(super) fn lookup(scope: &Scope, name: &str, world: &dyn World) -> Result<Option<Map>, Vec<Problem>> {
    let (map, problems) = lookup_leniently(scope, name, world);
    outcome(map.values().all(Value::is_known).then_some(map), problems)
}

pub(super) fn lookup_leniently(scope: &Scope, name: &str, world: &dyn World) -> (Map, Vec<Problem>) {
    let (Some(entry), Some(facts)) = (scope.document.lookups.get(name), scope.lookups.get(name)) else {
        return (Map::new(), Vec::new());
    };
    let shared = Shared::default();
    let view = View::new(scope, world, &shared);
    let mut resolver = Resolver::new(&view);
    let branches: Vec<&Branch> = entry.arguments.iter().collect();
    let mut map = resolver.table(&branches, facts.declared, entry.name.span);
    let files = scope.document.files.get(&entry.name.span.file);
    for attribute in facts.declared.attributes.iter().filter(|attribute| attribute.path) {
        if let (Some(Value::String(path)), Some(files)) = (map.get(attribute.name), files) {
            let path = files.beside(path).to_string_lossy().into_owned();
            map.insert(attribute.name.to_owned(), Value::from(path));
        }
    }
    (map, resolver.problems)
}

/// What is wrong with a tag.
fn bad_tag(key: &str, value: &Value) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("aws:") {
        return Some(format!("the tag `{key}` cannot be set: `aws:` belongs to AWS"));
    }
    if lower.starts_with(crate::kind::tag::PREFIX) {
        return Some(format!("the tag `{key}` cannot be set: `{}` belongs to clefctl", crate::kind::tag::PREFIX));
    }
    if key.is_empty() || key.chars().count() > 128 {
        return Some("the key of a tag has 1 to 128 characters".to_owned());
    }
    match value.as_str() {
        Some(text) if text.chars().count() > 256 => {
            Some(format!("the value of the tag `{key}` has more than 256 characters"))
        }
        _ => None,
    }
}

fn addressed(problems: Vec<Problem>, address: &Address) -> Vec<Problem> {
    problems.into_iter().map(|problem| problem.address(address)).collect()
}

fn outcome<T>(value: T, problems: Vec<Problem>) -> Result<T, Vec<Problem>> {
    if problems.iter().any(Problem::is_error) { Err(super::tidy(problems)) } else { Ok(value) }
}
