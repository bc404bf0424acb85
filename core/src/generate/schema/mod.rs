//! The JSON Schema of stack files, for editors (yaml-language-server and others that know draft 7).
//!
//! It helps while typing: names, values, and the manual on hover. `clefctl validate` decides; the schema never refuses
//! what that accepts. So no attribute is required in it (the `defaults` of a stack may give it), and everything takes
//! `${…}`.

mod frame;
mod types;

use serde_json::{Map, Value as Json, json};

use self::frame::common;
use self::types::{attributes, described};
use super::words::first_sentence;
use crate::kind::{Absent, Block, Facts, LookupFacts, Registry};

/// The dialect that editors know.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema for stacks of these kinds and lookups.
#[must_use]
pub fn schema(registry: &Registry) -> Json {
    let kinds: Vec<&'static Facts> = registry.kinds().map(|kind| kind.facts()).collect();
    let lookups: Vec<&'static LookupFacts> = registry.lookups().map(|lookup| lookup.facts()).collect();
    let mut definitions = frame::definitions();
    let tables: Vec<_> = kinds.iter().map(|facts| (facts.name, facts.declared)).collect();
    definitions.insert("resource".to_owned(), entry("kind", "What it is.", &tables));
    let tables: Vec<_> = lookups.iter().map(|facts| (facts.name, facts.declared)).collect();
    definitions.insert("lookup".to_owned(), entry("lookup", "What it reads.", &tables));
    definitions.insert("defaults".to_owned(), defaults(&kinds));
    for facts in &kinds {
        definitions.insert(format!("kind.{}", facts.name), kind(facts));
    }
    for facts in &lookups {
        definitions.insert(format!("lookup.{}", facts.name), lookup_kind(facts));
    }
    let mut schema = json!({
        "$schema": DIALECT,
        "title": "clefctl stack",
        "description": "A stack: what is to live in AWS, or a part of one that `include` names.",
    });
    if let Json::Object(schema) = &mut schema {
        schema.extend(frame::root());
        schema.insert("definitions".to_owned(), Json::Object(definitions));
    }
    schema
}

/// One entry of `resources` or `lookups`, by its kind; `prefix` is that of the definitions.
fn entry(prefix: &str, doc: &str, kinds: &[(&'static str, &'static Block)]) -> Json {
    let branches: Vec<Json> = kinds.iter().map(|(name, _)| branch(prefix, name)).collect();
    let snippets: Vec<Json> = kinds.iter().map(|(name, declared)| snippet(name, declared)).collect();
    json!({
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": one_of(kinds.iter().map(|(name, declared)| (*name, declared.doc)), doc)},
        "allOf": branches,
        "defaultSnippets": snippets,
    })
}

/// The names of kinds, each with its manual.
fn one_of(names: impl Iterator<Item = (&'static str, &'static str)>, doc: &str) -> Json {
    let (names, docs): (Vec<_>, Vec<_>) = names.map(|(name, doc)| (name, first_sentence(doc))).unzip();
    json!({"description": doc, "enum": names, "enumDescriptions": docs, "markdownEnumDescriptions": docs})
}

/// What holds for entries of one kind.
fn branch(prefix: &str, name: &str) -> Json {
    json!({
        "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
        "then": {"$ref": format!("#/definitions/{prefix}.{name}")},
    })
}

/// What an editor writes for a new entry: the kind, and what must be written.
fn snippet(name: &'static str, declared: &'static Block) -> Json {
    let mut body = Map::new();
    body.insert("kind".to_owned(), name.into());
    let required = declared.attributes.iter().filter(|attribute| matches!(attribute.absent, Absent::Required));
    for (at, attribute) in required.enumerate() {
        body.insert(attribute.name.to_owned(), format!("${}", at + 1).into());
    }
    json!({"label": name, "description": first_sentence(declared.doc), "body": body})
}

/// The pointer to the properties of a kind or lookup.
fn properties_of(prefix: &str, name: &str) -> String {
    format!("#/definitions/{prefix}.{name}/properties")
}

/// A resource of a kind.
fn kind(facts: &'static Facts) -> Json {
    let mut properties = attributes(facts.declared, true, &properties_of("kind", facts.name));
    properties.insert("kind".to_owned(), json!({"const": facts.name, "description": facts.declared.doc}));
    properties.extend(common(facts.taggable()));
    json!({"description": facts.declared.doc, "properties": properties, "additionalProperties": false})
}

/// A lookup of a kind.
fn lookup_kind(facts: &'static LookupFacts) -> Json {
    let mut properties = attributes(facts.declared, false, &properties_of("lookup", facts.name));
    properties.insert("kind".to_owned(), json!({"const": facts.name, "description": facts.declared.doc}));
    properties.insert(
        "optional".to_owned(),
        described("bool", "Whether it is null when nothing is found; otherwise that is an error."),
    );
    properties.insert("region".to_owned(), described("text", "The region in which it is read, if not the stack's."));
    properties
        .insert("role_arn".to_owned(), described("text", "A role to take on to read it, such as another account's."));
    json!({"description": facts.declared.doc, "properties": properties, "additionalProperties": false})
}

/// `defaults`: tags, and attributes by kind.
fn defaults(kinds: &[&'static Facts]) -> Json {
    let mut properties = Map::new();
    properties.insert("tags".to_owned(), described("texts", "Tags of every resource that takes tags."));
    for facts in kinds {
        let at = properties_of("kind", facts.name);
        let own = facts.declared.attributes.iter().map(|attribute| attribute.name);
        let own = own.map(|name| (name.to_owned(), json!({"$ref": format!("{at}/{name}")})));
        properties.insert(
            facts.name.to_owned(),
            json!({
                "description": format!("What every `{}` says unless it says otherwise.", facts.name),
                "type": ["object", "null"],
                "properties": own.collect::<Map<_, _>>(),
                "additionalProperties": false,
            }),
        );
    }
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}
