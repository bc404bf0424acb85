//! Rules between a resource and one that it refers to.

use super::super::instance::Stack;
use crate::error::{Problem, Span};
use crate::kind::{Address, Instance, Map, Rule, Target, Value, World};

/// The problems of one instance with those that it refers to, of which `known` tells the values; `declared` is what it
/// says itself.
pub(super) fn check(stack: &Stack, instance: &Instance, declared: &Map, known: &dyn World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for rule in instance.facts.declared.rules {
        match rule {
            Rule::SourceForbids { .. } => problems.extend(forbidden(stack, instance, rule, known)),
            Rule::Differ { reference, attribute, all } => {
                let count = declared.get(*reference).and_then(Value::as_list).map_or(0, <[Value]>::len);
                let named: Vec<_> = sources(instance, reference).collect();
                let said: Option<Vec<_>> =
                    named.iter().map(|(source, _)| says(known.instance(source)?.get(attribute))).collect();
                // What is named in a condition need not be meant.
                let Some(said) = said.filter(|said| said.len() == count) else { continue };
                problems.extend(alike(instance, &named, &said, (attribute, *all)));
            }
            _ => {}
        }
    }
    problems
}

/// The resources that an attribute names, each with its place.
fn sources<'a>(instance: &'a Instance, reference: &str) -> impl Iterator<Item = (&'a Address, Span)> {
    let references = instance.references.iter().filter(move |found| *found.from == *reference);
    references.filter_map(|found| match &found.to {
        Target::Instance(source) => Some((source, found.span)),
        Target::Lookup(_) => None,
    })
}

fn forbidden(stack: &Stack, instance: &Instance, rule: &Rule, known: &dyn World) -> Vec<Problem> {
    let Rule::SourceForbids { reference, attribute, text, unless } = rule else { return Vec::new() };
    let mut problems = Vec::new();
    for (source, span) in sources(instance, reference) {
        let Some(values) = known.instance(source) else { continue };
        let says = says(values.get(attribute));
        let excused = self::says(values.get(unless.0)).is_some_and(|text| text.starts_with(unless.1));
        if says.as_deref() != Some(*text) || excused {
            continue;
        }
        problems.push(
            Problem::error(format!("`{reference}` names `{source}`, where `{attribute}: {text}` is not allowed then"))
                .at(span)
                .related(stack.span_of(source, attribute), "it is set here")
                .address(&instance.address),
        );
    }
    problems
}

/// Two that say the same, where that is wrong.
fn alike(
    instance: &Instance,
    named: &[(&Address, Span)],
    said: &[String],
    (attribute, all): (&str, bool),
) -> Option<Problem> {
    let again = |at: &usize| said[..*at].contains(&said[*at]);
    let found = (1..said.len()).find(again).filter(|_| all || (1..said.len()).all(|at| again(&at)))?;
    let first = said.iter().position(|text| *text == said[found])?;
    let (one, other, text) = (named[first].0, named[found].0, &said[found]);
    let problem = Problem::error(format!("`{one}` and `{other}` have the same `{attribute}: {text}`"));
    let hint = if all { "No two of them may have the same." } else { "Two different ones are needed." };
    Some(problem.at(named[found].1).address(&instance.address).hint(hint))
}

/// The text of a simple value.
fn says(value: &Value) -> Option<String> {
    match value.reveal() {
        Value::String(text) => Some(text.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}
