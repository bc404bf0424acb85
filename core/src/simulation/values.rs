//! Values as the simulated account keeps and reports them: normal forms, defaults, references.

use std::sync::Arc;

use crate::engine::canonical::shown;
use crate::kind::{Absent, Attribute, Block, Map, Type, Value};

/// What stands for a secret that the account was told and does not tell.
const SET: &str = "set";

/// Brings a declared value into the form in which it is kept: blocks with their defaults, sets sorted, networks
/// without host bits, secrets marked, write-only ones forgotten.
pub(super) fn normal(attribute: &Attribute, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    if attribute.write_only {
        return secret();
    }
    let marked = attribute.sensitive || matches!(value, Value::Sensitive(_));
    let mut value = of_type(&attribute.ty, value.reveal());
    if let Some(canonical) = attribute.canonical {
        value = canonical(&value);
    }
    if marked { value.sensitive() } else { value }
}

fn of_type(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (_, Value::Sensitive(inner)) => of_type(ty, inner).sensitive(),
        (Type::List(item), Value::List(items)) => {
            Value::list(items.iter().filter(|v| !v.is_null()).map(|v| of_type(item, v)))
        }
        (Type::Set(item), Value::List(items)) => {
            let mut items: Vec<Value> = items.iter().filter(|v| !v.is_null()).map(|v| of_type(item, v)).collect();
            items.sort_by(Value::order);
            items.dedup_by(|a, b| a.order(b).is_eq());
            Value::List(Arc::new(items))
        }
        (Type::Map(item), Value::Map(map)) => Value::map(map.iter().map(|(k, v)| (k.clone(), of_type(item, v)))),
        (Type::Block(block), Value::Map(map)) => Value::from(filled(block, map)),
        (Type::Any | Type::Document(_), _) if value.has_sensitive() => value.clone(),
        _ => shown(&Attribute { ty: *ty, ..Attribute::PLAIN }, value),
    }
}

/// The entries of a block in normal form, with the defaults of those that are not written.
fn filled(block: &Block, map: &Map) -> Map {
    let values = block.attributes.iter().map(|attribute| (attribute.name.to_owned(), kept(attribute, map)));
    values.filter(|(_, value)| !value.is_null()).collect()
}

/// What is kept of an attribute: what is written, else its default, in normal form; nothing of what AWS never sees.
pub(super) fn kept(attribute: &Attribute, written: &Map) -> Value {
    if attribute.local {
        return Value::Null;
    }
    match written.get(attribute.name) {
        Some(value) if !value.is_null() => normal(attribute, value),
        _ => normal(attribute, &default(attribute, written)),
    }
}

/// The default of an attribute; null where AWS chooses.
pub(super) fn default(attribute: &Attribute, others: &Map) -> Value {
    match attribute.absent {
        Absent::Default(literal) => literal.value(others),
        Absent::Required | Absent::Aws(_) => Value::Null,
    }
}

/// The mark of a secret that was set.
pub(super) fn secret() -> Value {
    Value::from(SET).sensitive()
}

/// Whether the value is no more than that mark.
pub(super) fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Sensitive(inner) if inner.as_str() == Some(SET))
}

/// What a reader sees of kept attributes: everything but what can only be written.
pub(super) fn readable(block: &Block, attributes: &Map) -> Map {
    let seen = block.attributes.iter().filter(|attribute| !attribute.write_only);
    seen.filter_map(|a| Some((a.name.to_owned(), readable_value(&a.ty, attributes.get(a.name)?)))).collect()
}

fn readable_value(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::List(item) | Type::Set(item), Value::List(items)) => {
            Value::list(items.iter().map(|v| readable_value(item, v)))
        }
        (Type::Map(item), Value::Map(map)) => Value::map(map.iter().map(|(k, v)| (k.clone(), readable_value(item, v)))),
        (Type::Block(block), Value::Map(map)) => Value::from(readable(block, map)),
        _ => value.clone(),
    }
}

/// A value that names another thing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    /// The attribute of the table that holds it.
    pub(super) attribute: &'static str,
    /// The kind of what it names; empty = any.
    pub(super) kind: &'static str,
    /// Which output of it.
    pub(super) output: &'static str,
    /// The id, name or ARN.
    pub(super) value: Arc<str>,
}

/// All references in the attributes of a table.
pub(super) fn references(block: &'static Block, attributes: &Map) -> Vec<Reference> {
    let mut found = Vec::new();
    for attribute in block.attributes {
        if let Some(value) = attributes.get(attribute.name) {
            collect(attribute.name, &attribute.ty, value.reveal(), &mut found);
        }
    }
    found
}

fn collect(attribute: &'static str, ty: &Type, value: &Value, found: &mut Vec<Reference>) {
    match (ty, value) {
        (_, Value::Sensitive(inner)) => collect(attribute, ty, inner, found),
        (Type::Reference { kind, output }, Value::String(text)) => {
            found.push(Reference { attribute, kind, output, value: text.clone() });
        }
        (Type::List(item) | Type::Set(item), Value::List(items)) => {
            items.iter().for_each(|v| collect(attribute, item, v, found));
        }
        (Type::Map(item), Value::Map(map)) => map.values().for_each(|v| collect(attribute, item, v, found)),
        (Type::Block(block), Value::Map(map)) => {
            for inner in block.attributes {
                if let Some(value) = map.get(inner.name) {
                    collect(attribute, &inner.ty, value, found);
                }
            }
        }
        _ => {}
    }
}
