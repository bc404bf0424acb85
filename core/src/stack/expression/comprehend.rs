//! `for`: lists and maps made of other collections, and loops in templates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::convert;
use super::eval::{Evaluation, Marks, Outcome, Scope, fail, fail_with, truth};
use super::syntax::{For, Part, Source};
use crate::kind::{Map, Shape, Value};

/// The entries of a collection: keys (or indices) and values.
fn entries(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::List(items) => {
            Some((0_i64..).zip(items.iter()).map(|(at, item)| (Value::from(at), item.clone())).collect())
        }
        Value::Map(map) => Some(map.iter().map(|(key, value)| (Value::from(key.as_str()), value.clone())).collect()),
        _ => None,
    }
}

/// Runs `each` for every entry of the collection, with the variables set; does nothing where it is unknown.
fn walk(
    evaluation: &Evaluation<'_>,
    source: &Source,
    marks: &mut Marks,
    scope: Option<&Scope<'_>>,
    mut each: impl FnMut(&mut Marks, Option<&Scope<'_>>) -> Outcome<()>,
) -> Outcome<()> {
    let collection = evaluation.expr(&source.collection, scope)?;
    let span = source.collection.span;
    let entries = match marks.take(&collection) {
        Value::Unknown(_) => return Ok(()),
        Value::Null => {
            return Err(fail_with(
                "`for` cannot go over null", span, "Use `coalesce` or a conditional to go over `[]`.",
            ));
        }
        value => entries(value)
            .ok_or_else(|| fail(format!("`for` goes over a list or a map, not over a {}", value.type_name()), span))?,
    };
    for (key, value) in &entries {
        let with_value = Scope { name: &source.value, value, outer: scope };
        match &source.key {
            Some(name) => each(marks, Some(&Scope { name, value: key, outer: Some(&with_value) }))?,
            None => each(marks, Some(&with_value))?,
        }
    }
    Ok(())
}

/// `[for …]` and `{for …}`.
pub(super) fn evaluate(evaluation: &Evaluation<'_>, expr: &For, scope: Option<&Scope<'_>>) -> Outcome {
    let mut marks = Marks::default();
    let mut items = Vec::new();
    let mut map = Map::new();
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    walk(evaluation, &expr.source, &mut marks, scope, |marks, scope| {
        if let Some(condition) = &expr.condition {
            let value = evaluation.expr(condition, scope)?;
            match marks.take(&value) {
                Value::Unknown(_) => return Ok(()),
                value if !truth(value, condition.span)? => return Ok(()),
                _ => {}
            }
        }
        let Some(key) = &expr.key else {
            items.push(evaluation.expr(&expr.value, scope)?);
            return Ok(());
        };
        let name = evaluation.expr(key, scope)?;
        let value = evaluation.expr(&expr.value, scope)?;
        let name = match marks.take(&name) {
            Value::Unknown(_) => return Ok(()),
            name => convert::text(name).map_err(|m| fail(format!("a key must be text: {m}"), key.span))?.to_string(),
        };
        if expr.group {
            groups.entry(name).or_default().push(value);
            return Ok(());
        }
        let Entry::Vacant(entry) = map.entry(name) else {
            let hint = "Write `...` after the value to gather the values of equal keys in lists.";
            return Err(fail_with("two entries have the same key", key.span, hint));
        };
        entry.insert(value);
        Ok(())
    })?;
    if marks.unknown {
        // What was left out may be secret as well.
        items.iter().chain(map.values()).chain(groups.values().flatten()).for_each(|value| marks.take_all(value));
    }
    let any = || Box::new(Shape::Any);
    Ok(if expr.key.is_none() {
        marks.finish(Value::list(items), || Shape::List(any()))
    } else if expr.group {
        let map = Value::map(groups.into_iter().map(|(key, values)| (key, Value::list(values))));
        marks.finish(map, || Shape::Map(Box::new(Shape::List(any()))))
    } else {
        marks.finish(Value::from(map), || Shape::Map(any()))
    })
}

/// `%{ for … }` in a template.
pub(super) fn append(
    evaluation: &Evaluation<'_>,
    text: &mut String,
    marks: &mut Marks,
    source: &Source,
    body: &[Part],
    scope: Option<&Scope<'_>>,
) -> Outcome<()> {
    walk(evaluation, source, marks, scope, |marks, scope| evaluation.append(text, marks, body, scope))
}
