//! The one diff of all kinds: what a stack declares against what was observed. Pure.

use super::canonical::{canonical_of, is_empty, shown};
use super::ignore::Ignored;
use super::overlay::{lay, opinion, satisfied};
use super::plan::AttributeChange;
use super::tags::{TagRules, version_name, version_tag};
use crate::kind::{Attribute, Block, Facts, Lifecycle, Map, Number, Observed, Tags, Type, Value, tag};

/// The attributes of a block that are not as declared, in the order of its table. Only attributes with an opinion
/// are compared; those that force a replacement are marked so.
#[must_use]
pub fn attributes(block: &Block, declared: &Map, observed: &Map, ignored: &Ignored) -> Vec<AttributeChange> {
    let compared = block.attributes.iter().filter(|a| !a.write_only && !a.local && !is_version(block, a));
    let change = |attribute: &Attribute| {
        let live = observed.get(attribute.name).unwrap_or(&Value::Null);
        let said = ignored.keep(attribute.name, &opinion(attribute, declared)?, live);
        (!satisfied(attribute, &said, live)).then(|| changed(attribute, live, &said))
    };
    compared.filter_map(change).collect()
}

/// All that is said of a thing that is not there yet.
#[must_use]
pub fn creation(facts: &Facts, declared: &Map, tags: Option<&Value>) -> Vec<AttributeChange> {
    let mut all = Vec::new();
    for attribute in facts.declared.attributes {
        let said = opinion(attribute, declared).unwrap_or_default();
        if !is_empty(&said) {
            all.push(AttributeChange { forces: false, ..changed(attribute, &Value::Null, &said) });
        }
    }
    if let Some(tags) = tags.filter(|tags| !is_empty(tags)) {
        all.push(plain_change("tags", Value::Null, tags.clone()));
    }
    all
}

/// The write-only attributes that are sent again, as changes of their versions.
#[must_use]
pub fn versions(facts: &Facts, declared: &Map, live: &Tags) -> Vec<AttributeChange> {
    let sent_again = |attribute: &Attribute| {
        let name = version_name(attribute.name);
        let before = live.get(&version_tag(attribute.name));
        let after = declared.get(&name)?;
        let same = match after.reveal() {
            Value::Null => true,
            after => before.map(String::as_str) == version_text(after).as_deref(),
        };
        let before = before
            .map_or(Value::Null, |text| Number::parse(text).map_or_else(|| Value::from(text.as_str()), Value::Number));
        (!same).then(|| plain_change(&name, before, after.clone()))
    };
    facts.declared.attributes.iter().filter(|attribute| attribute.write_only).filter_map(sent_again).collect()
}

/// The change of the tags, if there is one: the user's own, and of clefctl's those in `marks` that differ.
#[must_use]
pub fn tags(
    observed: &Observed,
    declared: &Map,
    marks: &Tags,
    lifecycle: &Lifecycle,
    rules: &TagRules,
) -> Option<AttributeChange> {
    let live = Value::map(observed.tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
    let said = declared.get("tags").cloned().unwrap_or_default();
    let said = Ignored::new(&lifecycle.ignore_changes).keep("tags", &said, &live);
    if said.is_unknown() {
        return Some(plain_change("tags", live, said));
    }
    let mine = |key: &str| !key.starts_with(tag::PREFIX) && !rules.others(key);
    let mut before: Map = observed
        .tags
        .iter()
        .filter(|(key, _)| mine(key))
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect();
    let mut after: Map = said
        .as_map()
        .into_iter()
        .flatten()
        .filter(|(key, value)| mine(key) && !value.is_null())
        .map(|(key, value)| (key.clone(), canonical_of(&Type::String, value)))
        .collect();
    let kept = [tag::STACK, tag::RESOURCE, tag::GENERATION, tag::KEEP, tag::TRIGGER];
    for key in kept.into_iter().filter(|key| marks.get(*key) != observed.tags.get(*key)) {
        for (side, tags) in [(&mut before, &observed.tags), (&mut after, marks)] {
            if let Some(value) = tags.get(key) {
                side.insert(key.to_owned(), Value::from(value.as_str()));
            }
        }
    }
    (before != after).then(|| plain_change("tags", Value::from(before), Value::from(after)))
}

fn version_text(version: &Value) -> Option<String> {
    canonical_of(&Type::String, version).as_str().map(str::to_owned)
}

/// Whether the attribute only says when a write-only one is sent again.
fn is_version(block: &Block, attribute: &Attribute) -> bool {
    let written = attribute.name.strip_suffix("_version");
    written.and_then(|name| block.attribute(name)).is_some_and(|sibling| sibling.write_only)
}

fn changed(attribute: &Attribute, live: &Value, said: &Value) -> AttributeChange {
    let sensitive = attribute.sensitive || attribute.write_only || said.has_sensitive();
    let present = |value: &Value| if sensitive { redacted(value) } else { shown(attribute, value) };
    AttributeChange {
        name: attribute.name.to_owned(),
        before: present(live),
        after: present(&lay(&attribute.ty, said, live)),
        forces: attribute.create_only,
        sensitive,
        note: None,
    }
}

fn plain_change(name: &str, before: Value, after: Value) -> AttributeChange {
    let sensitive = after.has_sensitive();
    let present = |value: Value| if sensitive { redacted(&value) } else { value };
    AttributeChange {
        name: name.to_owned(),
        before: present(before),
        after: present(after),
        forces: false,
        sensitive,
        note: None,
    }
}

/// A plan says that a secret is set, never which.
fn redacted(value: &Value) -> Value {
    match value.reveal() {
        Value::Null => Value::Null,
        Value::Unknown(_) => value.clone(),
        _ => Value::from("(set)").sensitive(),
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
