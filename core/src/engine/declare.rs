//! From the evaluated attributes of an instance to the declaration that a kind is given.

use super::ignore::Ignored;
use super::overlay::{lay, opinion};
use super::tags::{self, TagRules};
use crate::kind::{Attribute, Declared, Facts, Instance, Map, Observed, Owner, Tags, Value, default_name, tag};

/// How much of an instance is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What its creation says: nothing settled.
    Create,
    /// All of it.
    Whole,
}

/// What a declaration is made of.
#[derive(Clone, Copy)]
pub struct Declaration<'a> {
    /// On whose behalf.
    pub owner: &'a Owner,
    /// The account's number.
    pub account: &'a str,
    /// The facts of the kind.
    pub facts: &'static Facts,
    /// The instance.
    pub instance: &'a Instance,
    /// Its evaluated attributes, `tags` among them.
    pub evaluated: &'a Map,
    /// What `replace_triggered_by` says; null where it says nothing.
    pub trigger: &'a Value,
    /// Its generation.
    pub generation: u32,
    /// Which tags belong to others.
    pub tag_rules: &'a TagRules,
}

/// Makes the declaration of an instance. Of what lives already, `observed` is laid under it: attributes without an
/// opinion, ignored ones and the tags of others keep their live value.
#[must_use]
pub fn declare(from: Declaration<'_>, phase: Phase, observed: Option<&Observed>) -> Declared {
    let ignored = Ignored::new(&from.instance.lifecycle.ignore_changes);
    let mut attributes = Map::new();
    for attribute in from.facts.declared.attributes {
        if phase == Phase::Create && attribute.settled
            || attribute.write_only && sent_already(&from, attribute, observed)
        {
            continue;
        }
        let live = observed.map_or(&Value::Null, |observed| observed.get(attribute.name));
        let value = match opinion(attribute, from.evaluated) {
            Some(said) if observed.is_some() && !attribute.write_only => ignored.keep(attribute.name, &said, live),
            Some(said) => said,
            None => live.clone(),
        };
        let value = lay(&attribute.ty, &value, live);
        if !value.is_null() {
            attributes.insert(attribute.name.to_owned(), value);
        }
    }
    let name = physical_name(&from, observed);
    if let (Some(naming), Some(name)) = (&from.facts.naming, &name) {
        attributes.insert(naming.attribute.to_owned(), Value::from(name.as_str()));
    }
    Declared {
        address: from.instance.address.clone(),
        generation: from.generation,
        name,
        attributes,
        tags: all_tags(&from, phase, &ignored, observed),
    }
}

/// Whether a thing that lives has the write-only attribute already: its tag tells the version that was sent last.
fn sent_already(from: &Declaration<'_>, attribute: &Attribute, observed: Option<&Observed>) -> bool {
    let version = from.evaluated.get(&tags::version_name(attribute.name)).and_then(Value::as_number);
    observed.is_some_and(|observed| {
        let sent = observed.tags.get(&tags::version_tag(attribute.name));
        version.is_none_or(|version| sent == Some(&version.to_string()))
    })
}

/// The physical name: the written one, else that of what lives, else the default; `None` for kinds without names and
/// while a written one is not known yet.
#[must_use]
pub fn physical_name(from: &Declaration<'_>, observed: Option<&Observed>) -> Option<String> {
    let naming = from.facts.naming.as_ref()?;
    match from.evaluated.get(naming.attribute) {
        Some(written) if !written.is_null() => return written.as_str().map(str::to_owned),
        _ => {}
    }
    unwritten_name(from.owner, from.account, from.instance, from.generation, observed)
}

/// The physical name of an instance for which the stack writes none: that of what lives, else the default.
#[must_use]
pub fn unwritten_name(
    owner: &Owner,
    account: &str,
    instance: &Instance,
    generation: u32,
    observed: Option<&Observed>,
) -> Option<String> {
    let naming = instance.facts.naming.as_ref()?;
    if let Some(live) = observed.and_then(|observed| observed.get(naming.attribute).as_str()) {
        return Some(live.to_owned());
    }
    Some(default_name(naming, owner, &instance.address, generation, account, &instance.region))
}

/// All tags that a thing is to carry that does not live yet.
#[must_use]
pub fn new_tags(from: &Declaration<'_>) -> Tags {
    all_tags(from, Phase::Whole, &Ignored::default(), None)
}

/// All tags that the thing is to carry: the user's, clefctl's, and of what lives those of others.
fn all_tags(from: &Declaration<'_>, phase: Phase, ignored: &Ignored, observed: Option<&Observed>) -> Tags {
    let Declaration { owner, facts, instance, generation, trigger, evaluated, tag_rules, .. } = *from;
    let mut said = Value::Null;
    if let Some(tags) = evaluated.get("tags") {
        said = tags.clone();
    }
    if let Some(observed) = observed {
        let live = observed.tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        said = ignored.keep("tags", &said, &Value::map(live));
    }
    let mut tags: Tags = said
        .as_map()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !key.starts_with(tag::PREFIX))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    for (key, value) in observed.iter().flat_map(|observed| &observed.tags) {
        if tag_rules.others(key) || key.starts_with(tag::NOTE) {
            tags.insert(key.clone(), value.clone());
        }
    }
    tags.extend(tags::marks(owner, facts, &instance.address, generation, &instance.lifecycle, trigger));
    for attribute in facts.declared.attributes.iter().filter(|attribute| attribute.write_only) {
        let key = tags::version_tag(attribute.name);
        let version = evaluated.get(&tags::version_name(attribute.name)).and_then(Value::as_number);
        if phase == Phase::Create && attribute.settled {
            continue;
        }
        if let Some(version) = version {
            tags.insert(key, version.to_string());
        } else if let Some(sent) = observed.and_then(|observed| observed.tags.get(&key)) {
            // A version that the file has stopped to write still tells which secret was sent last.
            tags.insert(key, sent.clone());
        }
    }
    tags
}
