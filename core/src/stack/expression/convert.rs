//! Conversions between types, as Terraform makes them. No message shows a value: it may be sensitive.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::eval::Marks;
use crate::kind::{Field, Map, Number, Shape, Unknown, Value};

/// The text of a text, number or truth value.
pub(super) fn text(value: &Value) -> Result<Arc<str>, String> {
    match value.reveal() {
        Value::String(text) => Ok(Arc::clone(text)),
        Value::Number(n) => Ok(n.to_string().into()),
        Value::Bool(b) => Ok(if *b { "true" } else { "false" }.into()),
        other => Err(format!("it is {}", with_article(other))),
    }
}

/// The truth of a truth value, or of the texts `true` and `false`.
pub(super) fn truth(value: &Value) -> Result<bool, String> {
    match value.reveal() {
        Value::Bool(b) => Ok(*b),
        Value::String(text) => match &**text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("the text is neither `true` nor `false`".to_owned()),
        },
        other => Err(format!("it is {}", with_article(other))),
    }
}

/// The number of a number, or of a text that is one.
pub(super) fn number(value: &Value) -> Result<Number, String> {
    match value.reveal() {
        Value::Number(n) => Ok(*n),
        Value::String(text) => Number::parse(text).ok_or_else(|| "the text is no number".to_owned()),
        other => Err(format!("it is {}", with_article(other))),
    }
}

/// The whole number of a number, or of a text that is one.
pub(super) fn whole(value: &Value) -> Result<i64, String> {
    number(value)?.as_i64().ok_or_else(|| "it is no whole number".to_owned())
}

/// `a list`, `null`: the type of a value in a sentence.
pub(super) fn with_article(value: &Value) -> &'static str {
    match value.reveal() {
        Value::Null | Value::Sensitive(_) => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Unknown(_) => "not known yet",
    }
}

/// The exact type of a value: `tuple([…])` for lists, `object({…})` for maps.
pub(super) fn shape_of(value: &Value) -> Shape {
    match value.reveal() {
        Value::Null | Value::Sensitive(_) => Shape::Any,
        Value::Bool(_) => Shape::Bool,
        Value::Number(_) => Shape::Number,
        Value::String(_) => Shape::String,
        Value::List(items) => Shape::Tuple(items.iter().map(shape_of).collect()),
        Value::Map(map) => Shape::Object(
            map.iter().map(|(key, value)| (key.clone(), Field { shape: shape_of(value), default: None })).collect(),
        ),
        Value::Unknown(unknown) => unknown.shape.clone(),
    }
}

/// Whether some value of type `from` can be converted to type `to`.
pub(super) fn can_be(from: &Shape, to: &Shape) -> bool {
    use Shape::{Any, Bool, List, Map, Number, Object, Set, String, Tuple};
    match (from, to) {
        (Any, _) | (_, Any) | (Bool | Number | String, String) | (Bool | String, Bool) | (Number | String, Number) => {
            true
        }
        (List(from) | Set(from), List(to) | Set(to)) | (Map(from), Map(to)) => can_be(from, to),
        (Tuple(items), List(to) | Set(to)) => items.iter().all(|item| can_be(item, to)),
        (Tuple(from), Tuple(to)) => from.len() == to.len() && from.iter().zip(to).all(|(from, to)| can_be(from, to)),
        (List(from) | Set(from), Tuple(to)) => to.iter().all(|to| can_be(from, to)),
        (Object(fields), Map(to)) => fields.values().all(|field| can_be(&field.shape, to)),
        (Map(from), Object(fields)) => fields.values().all(|field| can_be(from, &field.shape)),
        (Object(from), Object(to)) => to.iter().all(|(name, to)| match from.get(name) {
            Some(from) => can_be(&from.shape, &to.shape),
            None => to.default.is_some(),
        }),
        _ => false,
    }
}

/// Converts a value to a type, as Terraform does: numbers, truth values and text into each other where the text says
/// one, lists into sets (sorted, without duplicates), mappings into objects (their defaults filled in, what they do
/// not name dropped). Null stays null, the unknown stays unknown with the type known more closely, marks stay.
///
/// The error says what does not fit, with the path to it, and shows no value.
pub fn convert(value: &Value, shape: &Shape) -> Result<Value, String> {
    match (value, shape) {
        (Value::Sensitive(inner), _) => convert(inner, shape).map(Value::sensitive),
        (Value::Null, _) | (_, Shape::Any) => Ok(value.clone()),
        (Value::Unknown(unknown), _) => {
            if !can_be(&unknown.shape, shape) {
                return Err(format!("{shape} is needed, not {}", unknown.shape));
            }
            let waits_for = unknown.waits_for.clone();
            Ok(Value::Unknown(Arc::new(Unknown { shape: shape.clone(), waits_for })))
        }
        (_, Shape::String) => text(value).map(Value::String).map_err(|m| format!("a string is needed: {m}")),
        (_, Shape::Number) => number(value).map(Value::Number).map_err(|m| format!("a number is needed: {m}")),
        (_, Shape::Bool) => truth(value).map(Value::Bool).map_err(|m| format!("a bool is needed: {m}")),
        (Value::List(items), Shape::List(item) | Shape::Set(item)) => {
            let Some(item) = unified(items.iter(), item) else { return Ok(undecided(value, shape)) };
            let items = items.iter().enumerate().map(|(at, value)| item_of(at, value, &item));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            Ok(if matches!(shape, Shape::Set(_)) { set(items) } else { Value::list(items) })
        }
        (Value::List(items), Shape::Tuple(shapes)) => {
            if items.len() != shapes.len() {
                return Err(format!("{} items are needed, there are {}", shapes.len(), items.len()));
            }
            let items = items.iter().zip(shapes).enumerate();
            Ok(Value::list(items.map(|(at, (item, shape))| item_of(at, item, shape)).collect::<Result<Vec<_>, _>>()?))
        }
        (Value::Map(map), Shape::Map(item)) => {
            let Some(item) = unified(map.values(), item) else { return Ok(undecided(value, shape)) };
            let entries = map.iter().map(|(key, value)| {
                convert(value, &item).map(|value| (key.clone(), value)).map_err(|m| within(&format!("`{key}`"), &m))
            });
            Ok(Value::from(entries.collect::<Result<Map, _>>()?))
        }
        (Value::Map(map), Shape::Object(fields)) => object(map, fields),
        (other, shape) => Err(format!("{shape} is needed: it is {}", with_article(other))),
    }
}

/// A collection whose type depends on what is unknown in it.
fn undecided(value: &Value, shape: &Shape) -> Value {
    let mut marks = Marks::default();
    marks.take_all(value);
    marks.finish(Value::Null, || shape.clone())
}

fn item_of(at: usize, item: &Value, shape: &Shape) -> Result<Value, String> {
    convert(item, shape).map_err(|message| within(&format!("item {at}"), &message))
}

fn within(place: &str, message: &str) -> String {
    format!("{place}: {message}")
}

fn object(map: &Map, fields: &BTreeMap<String, Field>) -> Result<Value, String> {
    let mut result = Map::new();
    for (name, field) in fields {
        let value = match (map.get(name), &field.default) {
            (Some(value), Some(default)) if value.is_null() => default,
            (Some(value), _) => value,
            (None, Some(default)) => default,
            (None, None) => return Err(format!("the attribute `{name}` is missing")),
        };
        let value = convert(value, &field.shape).map_err(|message| within(&format!("`{name}`"), &message))?;
        result.insert(name.clone(), value);
    }
    Ok(Value::from(result))
}

/// The type of the items of a collection of `any`: all alike, so text where they are of several simple types. `None`
/// where that depends on the type of an unknown item.
fn unified<'a>(items: impl Iterator<Item = &'a Value>, shape: &'a Shape) -> Option<Cow<'a, Shape>> {
    if *shape != Shape::Any {
        return Some(Cow::Borrowed(shape));
    }
    let (mut simple, mut open, mut other): (Option<Shape>, bool, bool) = (None, false, false);
    for item in items {
        match shape_of(item) {
            Shape::Any if item.is_null() => {}
            Shape::Any => open = true,
            found @ (Shape::Bool | Shape::Number | Shape::String) => match &simple {
                Some(before) if *before != found => simple = Some(Shape::String),
                _ => simple = Some(found),
            },
            _ => other = true,
        }
    }
    match simple {
        _ if other => Some(Cow::Borrowed(shape)),
        Some(Shape::Bool | Shape::Number) if open => None,
        Some(simple) if !open => Some(Cow::Owned(simple)),
        _ => Some(Cow::Borrowed(shape)),
    }
}

/// A set of values: sorted, without duplicates. A set has no items of its own that are sensitive: the mark is that of
/// the set; and while an item is unknown, so is which of the items are one.
pub(super) fn set(items: impl IntoIterator<Item = Value>) -> Value {
    let mut marks = Marks::default();
    let mut items: Vec<_> = items
        .into_iter()
        .map(|item| {
            marks.take_all(&item);
            stripped(item)
        })
        .collect();
    items.sort_by(Value::order);
    items.dedup_by(|a, b| a.order(b).is_eq());
    let shape = items.first().map_or(Shape::Any, shape_of);
    marks.finish(Value::list(items), || Shape::Set(Box::new(shape)))
}

/// The value without any sensitive mark, at any depth.
pub(super) fn stripped(value: Value) -> Value {
    if !value.has_sensitive() {
        return value;
    }
    match value {
        Value::Sensitive(inner) => stripped(Value::clone(&inner)),
        Value::List(items) => Value::list(items.iter().cloned().map(stripped)),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), stripped(value.clone())))),
        other => other,
    }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
