//! Types, marks and attempts: `tostring`, `sensitive`, `try` and the like.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::convert::{convert, shape_of};
use super::super::eval::{Evaluation, Outcome, Scope, fail_with};
use super::super::syntax::Call;
use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::error::Span;
use crate::kind::{Shape, Unknown, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("can", "expression", Gives::Bool, Run::Attempt(can)),
    Function::new("issensitive", "value", Gives::Bool, Run::Marked(issensitive)).with_nulls(),
    Function::new("nonsensitive", "value", Gives::Any, Run::Marked(nonsensitive)).with_nulls(),
    Function::new("sensitive", "value", Gives::Any, Run::Marked(sensitive)).with_nulls(),
    Function::new("tobool", "value", Gives::Bool, Run::Marked(tobool)).with_nulls(),
    Function::new("tolist", "value", Gives::List, Run::Marked(tolist)).with_nulls(),
    Function::new("tomap", "value", Gives::Map, Run::Marked(tomap)).with_nulls(),
    Function::new("tonumber", "value", Gives::Number, Run::Marked(tonumber)).with_nulls(),
    Function::new("toset", "value", Gives::List, Run::Marked(toset)).with_nulls(),
    Function::new("tostring", "value", Gives::String, Run::Marked(tostring)).with_nulls(),
    Function::new("try", "expression, fallback...", Gives::Any, Run::Attempt(attempt)),
    Function::new("type", "value", Gives::String, Run::Deep(type_of)).with_nulls(),
];

fn to(arguments: &Arguments<'_>, shape: &Shape) -> Result<Value, Fault> {
    convert(arguments.value(0), shape).map_err(|message| Fault::at(0, message))
}

fn tobool(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::Bool)
}

fn tonumber(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::Number)
}

fn tostring(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::String)
}

fn tolist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::List(Box::new(Shape::Any)))
}

fn toset(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::Set(Box::new(Shape::Any)))
}

fn tomap(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    to(arguments, &Shape::Map(Box::new(Shape::Any)))
}

fn type_of(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(shape_of(arguments.value(0)).to_string()))
}

fn sensitive(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(arguments.value(0).clone().sensitive())
}

fn nonsensitive(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(arguments.value(0).reveal().clone())
}

fn issensitive(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(match arguments.value(0) {
        Value::Sensitive(_) => Value::Bool(true),
        Value::Unknown(unknown) => {
            Value::Unknown(Arc::new(Unknown { shape: Shape::Bool, waits_for: unknown.waits_for.clone() }))
        }
        _ => Value::Bool(false),
    })
}

/// The first expression that has a value. Once one of them met something unknown, nothing is decided: with the
/// value known it may fail, and the next one be the result.
fn attempt(evaluation: &Evaluation<'_>, call: &Call, span: Span, scope: Option<&Scope<'_>>) -> Outcome {
    let mut last = None;
    for argument in &call.arguments {
        let (result, met) = evaluation.watched(|| evaluation.expr(argument, scope));
        match (result, met) {
            (result, Some(met)) => return Ok(undecided(Shape::Any, met, result.ok())),
            (Ok(value), None) => return Ok(value),
            (Err(problem), None) => last = Some(problem),
        }
    }
    let problem = fail_with("`try`: none of the expressions has a value", span, "Give a last one that cannot fail.");
    Err(match last {
        Some(last) => {
            let mut problem = problem;
            let place = last.span.unwrap_or(span);
            problem.related.push((place, last.message));
            problem
        }
        None => problem,
    })
}

fn can(evaluation: &Evaluation<'_>, call: &Call, _: Span, scope: Option<&Scope<'_>>) -> Outcome {
    let Some(argument) = call.arguments.first() else { return Ok(Value::Bool(false)) };
    let (result, met) = evaluation.watched(|| evaluation.expr(argument, scope));
    Ok(match met {
        Some(met) => undecided(Shape::Bool, met, result.ok()),
        None => Value::Bool(result.is_ok()),
    })
}

fn undecided(shape: Shape, met: BTreeSet<String>, value: Option<Value>) -> Value {
    let unknown = Value::Unknown(Arc::new(Unknown { shape, waits_for: met }));
    if value.is_some_and(|value| value.has_sensitive()) { unknown.sensitive() } else { unknown }
}
