//! Traversals: names, attributes, indices, splats.

use std::sync::Arc;

use super::eval::{Evaluation, Outcome, Scope, fail, fail_with, mark_like};
use super::names::{Key, Step};
use super::suggest;
use super::syntax::{Op, OpKind};
use crate::error::Span;
use crate::kind::{Shape, Unknown, Value};

/// The value of a name after some steps.
pub(super) fn variable(
    evaluation: &Evaluation<'_>,
    name: &str,
    ops: &[Op],
    span: Span,
    scope: Option<&Scope<'_>>,
) -> Outcome {
    let value = match Scope::find(scope, name) {
        Some(value) => apply(evaluation, value.clone(), ops, scope)?,
        None => global(evaluation, name, ops, span, scope)?,
    };
    evaluation.meet(&value);
    Ok(value)
}

fn global(evaluation: &Evaluation<'_>, name: &str, ops: &[Op], span: Span, scope: Option<&Scope<'_>>) -> Outcome {
    let mut steps = Vec::with_capacity(ops.len());
    for op in ops {
        let key = match &op.kind {
            OpKind::Attribute(name) => Key::Name(Arc::clone(name)),
            OpKind::AttributeSplat | OpKind::FullSplat => Key::Splat,
            OpKind::Index(index) => {
                match evaluation.expr(index, scope)? {
                    Value::String(name) => Key::Name(name),
                    Value::Number(n) => match n.as_i64() {
                        Some(n) => Key::Index(n),
                        None => break,
                    },
                    // A sensitive key is not handed over: whoever owns the name may show it.
                    _ => break,
                }
            }
        };
        steps.push(Step { key, span: op.span });
    }
    let found = evaluation.names.get(name, &steps, span)?;
    let used = found.used.min(steps.len());
    let splat = ops[..used].iter().rposition(|op| matches!(op.kind, OpKind::AttributeSplat | OpKind::FullSplat));
    match splat {
        None => apply(evaluation, found.value, &ops[used..], scope),
        Some(at) => {
            let reach = reach(&ops[at], &ops[at + 1..]).saturating_sub(used - at - 1);
            let (each, after) = ops[used..].split_at(reach);
            let items = over_items(evaluation, &found.value, each, scope)?;
            apply(evaluation, items, after, scope)
        }
    }
}

/// How many of the steps after a splat are taken of each item.
fn reach(splat: &Op, after: &[Op]) -> usize {
    match splat.kind {
        OpKind::AttributeSplat => after.iter().take_while(|op| matches!(op.kind, OpKind::Attribute(_))).count(),
        _ => after.len(),
    }
}

/// The value after some steps.
pub(super) fn apply(evaluation: &Evaluation<'_>, value: Value, ops: &[Op], scope: Option<&Scope<'_>>) -> Outcome {
    let mut value = value;
    for (at, op) in ops.iter().enumerate() {
        value = match &op.kind {
            OpKind::Attribute(name) => shielded(evaluation, &value, &Value::Null, attribute(&value, name, op.span))?,
            OpKind::Index(expr) => {
                let key = evaluation.expr(expr, scope)?;
                mark_like(&key, shielded(evaluation, &value, &key, index(&value, key.reveal(), op.span))?)
            }
            OpKind::AttributeSplat | OpKind::FullSplat => {
                let (each, after) = ops[at + 1..].split_at(reach(op, &ops[at + 1..]));
                let items = over_items(evaluation, &as_items(&value), each, scope)?;
                return apply(evaluation, items, after, scope);
            }
        };
    }
    Ok(value)
}

/// The result, or a problem that shows nothing of what is sensitive.
fn shielded(evaluation: &Evaluation<'_>, value: &Value, key: &Value, result: Outcome) -> Outcome {
    result.map_err(|problem| {
        evaluation.meet_itself(value);
        evaluation.meet_itself(key);
        match (value, key, problem.span) {
            (Value::Sensitive(_), _, Some(span)) | (_, Value::Sensitive(_), Some(span)) => {
                fail("there is no such item; the key or what it is taken of is sensitive and not shown", span)
            }
            _ => problem,
        }
    })
}

/// What a splat goes over: the items of a list, nothing for null, and the value itself for anything else.
fn as_items(value: &Value) -> Value {
    let items = match value.reveal() {
        Value::Null => Value::list([]),
        Value::List(_) => return value.clone(),
        Value::Unknown(unknown) => {
            let shape = match &unknown.shape {
                shape @ (Shape::List(_) | Shape::Set(_) | Shape::Tuple(_)) => shape.clone(),
                _ => Shape::List(Box::new(Shape::Any)),
            };
            Value::Unknown(Arc::new(Unknown { shape, waits_for: unknown.waits_for.clone() }))
        }
        other => Value::list([other.clone()]),
    };
    mark_like(value, items)
}

fn over_items(evaluation: &Evaluation<'_>, items: &Value, ops: &[Op], scope: Option<&Scope<'_>>) -> Outcome {
    let result = match items.reveal() {
        Value::List(list) => Value::list(
            list.iter()
                .map(|item| apply(evaluation, mark_like(items, item.clone()), ops, scope))
                .collect::<Outcome<Vec<_>>>()?,
        ),
        Value::Unknown(unknown) if !ops.is_empty() => {
            let shape = Shape::List(Box::new(Shape::Any));
            Value::Unknown(Arc::new(Unknown { shape, waits_for: unknown.waits_for.clone() }))
        }
        other => other.clone(),
    };
    Ok(mark_like(items, result))
}

/// `value.name`.
pub(super) fn attribute(value: &Value, name: &str, span: Span) -> Outcome {
    let found = match value.reveal() {
        Value::Map(map) => match map.get(name) {
            Some(found) => found.clone(),
            None => return Err(suggest::missing_key(name, map.keys().map(String::as_str), span)),
        },
        Value::Unknown(unknown) => {
            let shape = part_shape(&unknown.shape, name)
                .ok_or_else(|| fail(format!("a value of type {} has no attribute `{name}`", unknown.shape), span))?;
            Value::Unknown(Arc::new(Unknown { shape, waits_for: unknown.waits_for.clone() }))
        }
        Value::Null => {
            let hint = "Test it first (`x == null ? … : x.attribute`) or use `try`.";
            return Err(fail_with(format!("`{name}` cannot be taken of null"), span, hint));
        }
        Value::List(_) => {
            let hint = format!("Write `[*].{name}` for that of all items, or `[0].{name}` for that of the first.");
            return Err(fail_with(format!("a list has no attribute `{name}`"), span, hint));
        }
        other => return Err(fail(format!("a {} has no attribute `{name}`", other.type_name()), span)),
    };
    Ok(mark_like(value, found))
}

/// The shape of an attribute or entry; `None` where there is none.
fn part_shape(shape: &Shape, name: &str) -> Option<Shape> {
    match shape {
        Shape::Any => Some(Shape::Any),
        Shape::Map(item) => Some((**item).clone()),
        Shape::Object(fields) => fields.get(name).map(|field| field.shape.clone()),
        _ => None,
    }
}

/// `value[key]`, the key without its mark.
pub(super) fn index(value: &Value, key: &Value, span: Span) -> Outcome {
    let found = match (value.reveal(), key) {
        (Value::Null, _) => {
            let hint = "Test it first (`x == null ? … : x[key]`) or use `try`.";
            return Err(fail_with("null has no items", span, hint));
        }
        (_, Value::Null) => return Err(fail("the index is null", span)),
        (container, Value::Unknown(unknown)) => {
            let mut waits_for = unknown.waits_for.clone();
            waits_for.extend(container.waits_for());
            let shape = match container {
                Value::Unknown(container) => item_shape(&container.shape),
                _ => Shape::Any,
            };
            let found = Value::Unknown(Arc::new(Unknown { shape, waits_for }));
            if container.has_sensitive() { found.sensitive() } else { found }
        }
        (Value::List(items), key) => {
            let at = super::convert::whole(key)
                .map_err(|message| fail(format!("the index of a list must be a whole number: {message}"), span))?;
            match usize::try_from(at).ok().and_then(|at| items.get(at)) {
                Some(item) => item.clone(),
                None if items.is_empty() => {
                    return Err(fail(format!("there is no item {at}: the list is empty"), span));
                }
                None => {
                    let message = format!("there is no item {at}: the list has {}, counted from 0", count(items.len()));
                    return Err(fail(message, span));
                }
            }
        }
        (Value::Unknown(unknown), key) => {
            let shape = match (&unknown.shape, key) {
                (shape @ (Shape::Map(_) | Shape::Object(_)), key) => match super::convert::text(key) {
                    Ok(name) => part_shape(shape, &name),
                    Err(_) => None,
                },
                (Shape::Tuple(items), Value::Number(n)) => {
                    n.as_i64().and_then(|n| usize::try_from(n).ok()).and_then(|n| items.get(n)).cloned()
                }
                (Shape::Bool | Shape::Number | Shape::String, _) => None,
                (shape, _) => Some(item_shape(shape)),
            };
            let shape =
                shape.ok_or_else(|| fail(format!("a value of type {} has no item {key}", unknown.shape), span))?;
            Value::Unknown(Arc::new(Unknown { shape, waits_for: unknown.waits_for.clone() }))
        }
        (container @ Value::Map(_), key) => {
            let name =
                super::convert::text(key).map_err(|m| fail(format!("the key of a map must be text: {m}"), span))?;
            attribute(container, &name, span)?
        }
        (other, _) => return Err(fail(format!("a {} has no items", other.type_name()), span)),
    };
    Ok(mark_like(value, found))
}

fn item_shape(shape: &Shape) -> Shape {
    match shape {
        Shape::List(item) | Shape::Set(item) | Shape::Map(item) => (**item).clone(),
        _ => Shape::Any,
    }
}

fn count(items: usize) -> String {
    format!("{items} item{}", if items == 1 { "" } else { "s" })
}
