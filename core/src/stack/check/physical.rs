//! Physical names: those that meet, and those that are too long.

use std::collections::HashMap;

use super::super::evaluate::written_name;
use super::super::instance::Stack;
use crate::error::Problem;
use crate::kind::{Instance, Unique};

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
