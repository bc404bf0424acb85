//! Attributes and their types as schemas.

use serde_json::{Map, Value as Json, json};

use crate::generate::words::{default_text, limits, type_name};
use crate::kind::{Absent, Attribute, Block, DocumentKind, Literal, Type};

/// A definition of [`super::frame`] with a description; in draft 7 nothing may stand beside `$ref`.
pub(super) fn described(definition: &str, description: &str) -> Json {
    json!({"description": description, "allOf": [reference(definition)]})
}

/// A definition of the schema.
pub(super) fn reference(definition: &str) -> Json {
    json!({"$ref": format!("#/definitions/{definition}")})
}

/// The properties of a table. `managed`: a change may replace. `at`: the pointer to where they will stand.
pub(super) fn attributes(block: &'static Block, managed: bool, at: &str) -> Map<String, Json> {
    let property =
        |each: &'static Attribute| (each.name.to_owned(), attribute(each, managed, &format!("{at}/{}", each.name)));
    block.attributes.iter().map(property).collect()
}

fn attribute(attribute: &'static Attribute, managed: bool, at: &str) -> Json {
    let mut schema = of(&attribute.ty, attribute, managed, at);
    if let Json::Object(schema) = &mut schema {
        // It stands first, where people look.
        schema.shift_insert(0, "description".to_owned(), manual(attribute, managed).into());
        if let Absent::Default(literal) = attribute.absent
            && !matches!(literal, Literal::Null | Literal::Of(_))
        {
            let default = literal.value(&crate::kind::Map::new()).to_json();
            schema.extend(default.map(|default| ("default".to_owned(), default)));
        }
    }
    schema
}

/// What hovering over an attribute shows.
fn manual(attribute: &Attribute, managed: bool) -> String {
    let mut facts = vec![type_name(&attribute.ty, false)];
    match attribute.absent {
        Absent::Required => facts.push("required".to_owned()),
        Absent::Default(literal) => {
            facts.extend(default_text(literal).map(|text| format!("default `{text}`")));
        }
        Absent::Aws(_) if matches!(attribute.ty, Type::Name) => facts.push("named by clefctl".to_owned()),
        Absent::Aws(reason) => facts.push(format!("without it: {reason}")),
    }
    if attribute.create_only && managed {
        facts.push("a change replaces".to_owned());
    }
    if attribute.write_only {
        facts.push("write-only".to_owned());
    }
    let mut sentences = vec![attribute.doc.to_owned()];
    sentences.extend(limits(attribute));
    format!("{}\n\n({})", sentences.join(" "), facts.join(", "))
}

/// The schema of a type; `attribute` says what its values (or those in it) must be.
fn of(ty: &Type, attribute: &Attribute, managed: bool, at: &str) -> Json {
    match ty {
        Type::Any => json!({}),
        Type::Bool => reference_only("bool"),
        Type::Int | Type::Number => number(ty, attribute),
        Type::Cidr => reference_only("network"),
        Type::String | Type::Name | Type::Reference { .. } => text(attribute),
        Type::Document(DocumentKind::Policy) => reference_only("policy"),
        Type::Document(DocumentKind::Json) => json!({"type": ["object", "array", "string", "null"]}),
        Type::Map(item) => json!({
            "type": ["object", "string", "null"],
            "pattern": EXPRESSION,
            "additionalProperties": of(item, attribute, managed, &format!("{at}/additionalProperties")),
        }),
        // One mapping stands for a list of one; it is written out once, and the items refer to it.
        Type::List(Type::Block(inner)) | Type::Set(Type::Block(inner)) => json!({"anyOf": [
            {
                "type": "array",
                "items": {"anyOf": [{"$ref": format!("{at}/anyOf/1")}, reference("expression"), {"type": "null"}]},
            },
            block(inner, true, managed, &format!("{at}/anyOf/1")),
            reference("expression"),
            {"type": "null"},
        ]}),
        Type::List(item) | Type::Set(item) => json!({
            "type": ["array", "string", "null"],
            "pattern": EXPRESSION,
            "items": of(item, attribute, managed, &format!("{at}/items")),
        }),
        Type::Block(inner) => json!({"anyOf": [
            block(inner, false, managed, &format!("{at}/anyOf/0")),
            reference("expression"),
            {"type": "null"},
        ]}),
    }
}

/// A text with an expression in it.
pub(super) const EXPRESSION: &str = r"[$%]\{";

fn reference_only(definition: &str) -> Json {
    json!({"allOf": [reference(definition)]})
}

fn block(inner: &'static Block, repeated: bool, managed: bool, at: &str) -> Json {
    let mut properties = attributes(inner, managed, &format!("{at}/properties"));
    let mut meta = |name: &str, definition: &str| {
        properties.entry(name).or_insert_with(|| reference(definition));
    };
    meta("when", "when");
    if repeated {
        meta("for_each", "for_each");
    }
    let required = inner.attributes.iter().filter(|attribute| matches!(attribute.absent, Absent::Required));
    let required: Vec<&str> = required.map(|attribute| attribute.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": inner.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if let (Json::Object(schema), false) = (&mut schema, required.is_empty()) {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn number(ty: &Type, attribute: &Attribute) -> Json {
    let mut schema = json!({
        "type": [if matches!(ty, Type::Int) { "integer" } else { "number" }, "string", "null"],
        "pattern": format!(r"^[+-]?[0-9.]+$|{EXPRESSION}"),
    });
    if let (Json::Object(schema), Some((low, high))) = (&mut schema, attribute.range) {
        if low != i64::MIN {
            schema.insert("minimum".to_owned(), low.into());
        }
        if high != i64::MAX {
            schema.insert("maximum".to_owned(), high.into());
        }
    }
    schema
}

fn text(attribute: &Attribute) -> Json {
    if !attribute.values.is_empty() {
        // YAML reads `-1` as a number; where text is asked for it is text.
        let numbers = attribute.values.iter().filter_map(|value| value.parse::<i64>().ok()).map(Json::from);
        let values: Vec<Json> = attribute.values.iter().map(|value| Json::from(*value)).chain(numbers).collect();
        return json!({"anyOf": [{"enum": values}, reference("expression"), {"type": "null"}]});
    }
    let length = attribute.length.filter(|_| !matches!(attribute.ty, Type::List(_) | Type::Set(_) | Type::Map(_)));
    let pattern = attribute.pattern.filter(|pattern| portable(pattern));
    if length.is_none() && pattern.is_none() {
        return reference_only("text");
    }
    let mut literal = json!({"type": "string"});
    if let Json::Object(literal) = &mut literal {
        if let Some((low, high)) = length {
            literal.insert("minLength".to_owned(), low.into());
            if high != usize::MAX {
                literal.insert("maxLength".to_owned(), high.into());
            }
        }
        if let Some(pattern) = pattern {
            literal.insert("pattern".to_owned(), format!("^(?:{pattern})$").into());
        }
    }
    json!({"anyOf": [literal, reference("expression"), {"type": ["number", "boolean", "null"]}]})
}

/// Whether a pattern means the same to JavaScript, in whose language editors read it.
fn portable(pattern: &str) -> bool {
    !["(?i", "(?s", "(?x", "(?m", "(?u", "(?P", r"\p", r"\P", r"\A", r"\z", "[[", "&&"]
        .iter()
        .any(|word| pattern.contains(word))
}
