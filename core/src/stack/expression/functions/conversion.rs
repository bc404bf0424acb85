//! Types, marks and attempts: `tostring`, `sensitive`, `try` and the like.

use std::sync::Arc;

use super::super::convert::{convert, shape_of};
use super::super::eval::{Evaluation, Marks, Outcome, Scope, fail_with};
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
    let mut marks = Marks::default();
    let mut last = None;
    for argument in &call.arguments {
        let (result, met) = evaluation.watched(|| evaluation.expr(argument, scope));
        marks.join(met);
        match result {
            Ok(value) => return Ok(marks.finish(value, || Shape::Any)),
            Err(_) if marks.unknown => return Ok(marks.finish(Value::Null, || Shape::Any)),
            Err(problem) => last = Some(problem),
        }
    }
    let mut problem =
        fail_with("`try`: none of the expressions has a value", span, "Give a last one that cannot fail.");
    if let Some(last) = last {
        problem.related.push((last.span.unwrap_or(span), last.message));
    }
    Err(problem)
}

fn can(evaluation: &Evaluation<'_>, call: &Call, _: Span, scope: Option<&Scope<'_>>) -> Outcome {
    let Some(argument) = call.arguments.first() else { return Ok(Value::Bool(false)) };
    let (result, met) = evaluation.watched(|| evaluation.expr(argument, scope));
    Ok(met.finish(Value::Bool(result.is_ok()), || Shape::Bool))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn conversions_are_terraforms() {
        check(&[
            ("tobool(\"true\")", "true"),
            ("tobool(null)", "null"),
            ("tobool(\"no\")", "error: `tobool`: a bool is needed: the text is neither `true` nor `false`"),
            ("tonumber(\"1.5\")", "1.5"),
            ("tonumber(\"no\")", "error: `tonumber`: a number is needed: the text is no number"),
            ("tostring(1)", "\"1\""),
            ("tostring([])", "error: `tostring`: a string is needed: it is a list"),
            ("tolist([\"a\", 1, true])", r#"["a", "1", "true"]"#),
            ("toset([\"c\", \"b\", \"b\"])", r#"["b", "c"]"#),
            ("toset([3, 20, 3])", "[3, 20]"),
            ("tomap({a = 1, b = \"x\"})", r#"{"a": "1", "b": "x"}"#),
            ("type({a = [1, \"x\"], b = null})", "\"object({a = tuple([number, string]), b = any})\""),
            ("type(vpc.id)", "(known after apply)"),
        ]);
    }

    #[test]
    fn attempts_give_the_first_value() {
        check(&[
            ("try(var.map.c, var.map.a, 3)", "1"),
            ("try(var.map.c, var.map.d)", "error: `try`: none of the expressions has a value"),
            ("try(null, 1)", "null"),
            ("can(var.map.c)", "false"),
            ("can(var.map.a)", "true"),
            ("try(tonumber(var.secret), 0)", "(sensitive)"),
            ("can(tonumber(var.secret))", "(sensitive)"),
            ("[for v in [var.unknown] : try(v.x, 1)]", "[(known after apply)]"),
        ]);
    }
}
