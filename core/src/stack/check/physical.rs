//! Physical names and identities: those that meet, and names that are too long.

use std::collections::HashMap;

use super::super::evaluate::written_name;
use super::super::instance::Stack;
use crate::error::Problem;
use crate::kind::{Absent, Facts, Instance, Map, Type, Unique, Value};

/// Names that two instances of a kind would share, and names that AWS would not take.
pub(super) fn check(stack: &Stack) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut taken: HashMap<(&str, String, String), (&Instance, bool)> = HashMap::new();
    for instance in stack.instances.values() {
        let Some(naming) = &instance.facts.naming else { continue };
        let written = written_name(stack, instance);
        let attribute = instance.facts.declared.attribute(naming.attribute);
        let tested = attribute.and_then(|attribute| attribute.length).is_some_and(|(_, max)| max <= naming.max);
        if let Some(name) = written.as_ref().filter(|name| !tested && name.chars().count() > naming.max) {
            problems.push(
                Problem::error(format!(
                    "the name has {} characters, and AWS takes {} for the kind `{}`",
                    name.chars().count(),
                    naming.max,
                    instance.kind
                ))
                .at(stack.span_of(&instance.address, naming.attribute))
                .address(&instance.address),
            );
        }
        if !matches!(naming.unique, Unique::World | Unique::Account) {
            continue;
        }
        let is_written = instance.written.contains(naming.attribute);
        // The account is part of some names, but the same part for all.
        let default = || stack.default_name(instance.facts, &instance.address, 1, "").filter(|_| !is_written);
        let Some(name) = written.or_else(default) else { continue };
        let place = (instance.kind, instance.place().to_owned(), name.clone());
        match taken.get(&place) {
            None => {
                taken.insert(place, (instance, is_written));
            }
            Some((first, first_written)) => {
                let words = if is_written || *first_written { "name" } else { "default name" };
                problems.push(
                    Problem::error(format!(
                        "`{}` and `{}` have the same {words} `{name}`",
                        first.address, instance.address
                    ))
                    .at(stack.span_of(&instance.address, naming.attribute))
                    .related(stack.span_of(&first.address, naming.attribute), "the other one")
                    .address(&instance.address)
                    .hint(format!("Write another `{}` for one of them.", naming.attribute)),
                );
            }
        }
    }
    problems
}

/// What identifies the instances of kinds without a name that is unique by itself.
#[derive(Default)]
pub(super) struct Identities<'a> {
    taken: HashMap<Identity<'a>, &'a Instance>,
}

/// Kind, region, role, and what each attribute says.
type Identity<'a> = (&'a str, &'a str, Option<&'a str>, Vec<String>);

impl<'a> Identities<'a> {
    /// Takes in an instance; a problem where another one says the same.
    pub(super) fn take(&mut self, stack: &Stack, instance: &'a Instance, said: &Map) -> Option<Problem> {
        let facts = instance.facts;
        let last = facts.identity.last()?;
        let parts = facts.identity.iter().map(|name| part(facts, name, said)).collect::<Option<Vec<_>>>()?;
        let identity = (instance.kind, instance.place(), instance.role_arn.as_deref(), parts);
        let Some(first) = self.taken.get(&identity) else {
            self.taken.insert(identity, instance);
            return None;
        };
        let names: Vec<String> = facts.identity.iter().map(|name| format!("`{name}`")).collect();
        let problem = format!(
            "`{}` and `{}` would be one thing: AWS takes each combination of {} once",
            first.address,
            instance.address,
            names.join(", ")
        );
        Some(
            Problem::error(problem)
                .at(stack.span_of(&instance.address, last))
                .related(stack.span_of(&first.address, last), "the other one")
                .address(&instance.address)
                .hint("Write something else in one of them, or remove it."),
        )
    }
}

/// What an attribute adds to an identity; `None` where it cannot be told yet whether two are the same.
pub(super) fn part(facts: &Facts, name: &str, said: &Map) -> Option<String> {
    let attribute = facts.declared.attribute(name)?;
    let value = said.get(name).unwrap_or(&Value::Null);
    if value.is_null() {
        // A name that is not written is made of the address, and what AWS chooses differs.
        let chosen = matches!(attribute.absent, Absent::Aws(_)) || matches!(attribute.ty, Type::Name);
        return (!chosen).then(String::new);
    }
    if value.is_known() {
        let value = attribute.canonical.map_or_else(|| value.clone(), |canonical| canonical(value));
        return Some(format!("{:?}", value.reveal()));
    }
    // What is not known yet is the same only where it is a reference to one and the same thing. A lookup, or a variable,
    // may have many.
    let mut waits = value.waits_for().into_iter();
    let (Type::Reference { .. }, Some(one), None) = (&attribute.ty, waits.next(), waits.next()) else { return None };
    (!one.starts_with("lookup.") && !one.starts_with("var.")).then(|| format!("of {one}"))
}
