//! Rules between a resource and one that it refers to.

use super::super::instance::Stack;
use crate::error::Problem;
use crate::kind::{Instance, Rule, Target, Value, World};

/// The problems of one instance with those that it refers to, of which `known` tells the values.
pub(super) fn check(stack: &Stack, instance: &Instance, known: &dyn World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for rule in instance.facts.declared.rules {
        let Rule::SourceForbids { reference, attribute, text, unless } = rule else { continue };
        let references = instance.references.iter().filter(|found| found.from == **reference);
        for found in references {
            let Target::Instance(source) = &found.to else { continue };
            let Some(values) = known.instance(source) else { continue };
            let says = says(values.get(attribute));
            let excused = self::says(values.get(unless.0)).is_some_and(|text| text.starts_with(unless.1));
            if says.as_deref() != Some(*text) || excused {
                continue;
            }
            problems.push(
                Problem::error(format!(
                    "`{reference}` names `{source}`, where `{attribute}: {text}` is not allowed then"
                ))
                .at(found.span)
                .related(stack.span_of(source, attribute), "it is set here")
                .address(&instance.address),
            );
        }
    }
    problems
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
