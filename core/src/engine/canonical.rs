//! Canonical forms: one form for all the ways in which a value can be written or reported.

use std::net::IpAddr;

use ipnet::IpNet;

use super::document;
use crate::kind::{Attribute, DocumentKind, Map, Number, Type, Value};

/// The form in which values of an attribute are compared; marks are taken off, unknown parts stay unknown.
#[must_use]
pub fn canonical(attribute: &Attribute, value: &Value) -> Value {
    match attribute.canonical {
        Some(hook) if value.is_known() => by_type(&attribute.ty, &hook(value.reveal()), Documents::ByMeaning),
        _ => by_type(&attribute.ty, value, Documents::ByMeaning),
    }
}

/// The form in which values of a type are compared.
#[must_use]
pub fn canonical_of(ty: &Type, value: &Value) -> Value {
    by_type(ty, value, Documents::ByMeaning)
}

/// The form in which values of an attribute are shown: sets sorted, networks and numbers normal, documents parsed.
#[must_use]
pub fn shown(attribute: &Attribute, value: &Value) -> Value {
    by_type(&attribute.ty, value, Documents::AsWritten)
}

/// Whether a value says nothing: null, an empty text (AWS reports none), or a collection without entries.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value.reveal() {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Documents {
    ByMeaning,
    AsWritten,
}

fn by_type(ty: &Type, value: &Value, documents: Documents) -> Value {
    let value = value.reveal();
    if matches!(value, Value::Null | Value::Unknown(_)) {
        return value.clone();
    }
    match ty {
        Type::Any => plain(value),
        Type::Bool => match value.as_str() {
            Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            _ => value.clone(),
        },
        Type::Int | Type::Number => match value.as_str().and_then(Number::parse) {
            Some(number) => Value::Number(number),
            None => value.clone(),
        },
        Type::String | Type::Name | Type::Reference { .. } => text(value),
        Type::Cidr => value.as_str().map_or_else(|| value.clone(), |cidr| Value::from(network(cidr))),
        Type::Document(kind) => {
            let parsed = document::parse(value);
            match (kind, documents) {
                (DocumentKind::Policy, Documents::ByMeaning) => document::policy(&parsed),
                _ => parsed,
            }
        }
        Type::List(item) => Value::list(entries(value).map(|entry| by_type(item, entry, documents))),
        Type::Set(item) => {
            let mut items: Vec<Value> = entries(value).map(|entry| by_type(item, entry, documents)).collect();
            items.sort_by(Value::order);
            items.dedup();
            Value::list(items)
        }
        Type::Map(item) => match value.as_map() {
            Some(map) => {
                let present = map.iter().filter(|(_, entry)| !entry.is_null());
                Value::map(present.map(|(key, entry)| (key.clone(), by_type(item, entry, documents))))
            }
            None => value.clone(),
        },
        Type::Block(block) => match value.as_map() {
            Some(map) => {
                let field = |(name, entry): (&String, &Value)| {
                    let entry = match block.attribute(name) {
                        Some(attribute) if documents == Documents::ByMeaning => canonical(attribute, entry),
                        Some(attribute) => shown(attribute, entry),
                        None => plain(entry),
                    };
                    (!entry.is_null()).then(|| (name.clone(), entry))
                };
                Value::from(map.iter().filter_map(field).collect::<Map>())
            }
            None => value.clone(),
        },
    }
}

/// The entries of a list without those that are null; of anything else itself alone.
fn entries(value: &Value) -> impl Iterator<Item = &Value> {
    let items = value.as_list().unwrap_or(std::slice::from_ref(value));
    items.iter().filter(|entry| !entry.is_null())
}

/// The value without sensitive marks.
pub(super) fn plain(value: &Value) -> Value {
    match value.reveal() {
        Value::List(items) => Value::list(items.iter().map(plain)),
        Value::Map(map) => Value::map(map.iter().map(|(key, entry)| (key.clone(), plain(entry)))),
        other => other.clone(),
    }
}

/// Text of what is text, a number or a truth value.
pub(super) fn text(value: &Value) -> Value {
    match value.reveal() {
        Value::Number(number) => Value::from(number.to_string()),
        Value::Bool(truth) => Value::from(truth.to_string()),
        other => other.clone(),
    }
}

/// A network without host bits, IPv6 compressed and in lower case; what is no network stays as it is.
fn network(text: &str) -> String {
    if let Ok(network) = text.trim().parse::<IpNet>() {
        return network.trunc().to_string();
    }
    text.trim().parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Block, Shape};

    const PORT: Attribute = Attribute { name: "port", ty: Type::Int, ..Attribute::PLAIN };
    const CIDRS: Attribute = Attribute { name: "cidrs", ty: Type::Set(&Type::Cidr), ..Attribute::PLAIN };
    const RULE: Block = Block { doc: "", attributes: &[PORT, CIDRS], rules: &[] };

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn each_type_has_one_form() {
        for (ty, written, want) in [
            (Type::Bool, r#""true""#, "true"),
            (Type::Int, r#""80""#, "80"),
            (Type::Number, "1.0", "1"),
            (Type::String, "15", r#""15""#),
            (Type::String, "true", r#""true""#),
            (Type::Cidr, r#""10.0.5.7/16""#, r#""10.0.0.0/16""#),
            (Type::Cidr, r#""2001:DB8:0:0::1/32""#, r#""2001:db8::/32""#),
            (Type::Cidr, r#""pl-1234""#, r#""pl-1234""#),
            (Type::Set(&Type::String), r#"["b", "a", null, "b"]"#, r#"["a", "b"]"#),
            (Type::Set(&Type::String), r#""a""#, r#"["a"]"#),
            (Type::List(&Type::Int), r#"["2", 1, null]"#, "[2, 1]"),
            (Type::Map(&Type::String), r#"{"a": 1, "b": null}"#, r#"{"a": "1"}"#),
            (Type::Document(DocumentKind::Json), r#""{\"a\": [1.0]}""#, r#"{"a": [1]}"#),
            (
                Type::Set(&Type::Block(&RULE)),
                r#"[{"port": "81"}, {"port": 80, "cidrs": ["::/0", "10.1.1.1/8"]}]"#,
                r#"[{"cidrs": ["10.0.0.0/8", "::/0"], "port": 80}, {"port": 81}]"#,
            ),
        ] {
            let attribute = Attribute { ty, ..Attribute::PLAIN };
            let once = canonical(&attribute, &value(written));
            assert_eq!(once, value(want), "{written}");
            assert_eq!(canonical(&attribute, &once), once, "canonical is idempotent: {written}");
        }
    }

    #[test]
    fn marks_go_and_unknown_parts_stay() {
        let attribute = Attribute { ty: Type::Set(&Type::String), ..Attribute::PLAIN };
        let unknown = Value::unknown(Shape::String, "vpc");
        let written = Value::list([unknown.clone(), Value::from("a").sensitive()]).sensitive();
        assert_eq!(canonical(&attribute, &written), Value::list([Value::from("a"), unknown]));
    }

    #[test]
    fn a_hook_of_the_attribute_comes_first() {
        fn lower(value: &Value) -> Value {
            value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.to_lowercase()))
        }
        let attribute = Attribute { canonical: Some(lower), ..Attribute::PLAIN };
        assert_eq!(canonical(&attribute, &Value::from("Db.Example")), Value::from("db.example"));
    }
}
