//! `live.yaml`: what lives, and how the command was called.

use std::collections::BTreeMap;
use std::sync::Arc;

use clefctl_core::engine::Options;
use clefctl_core::engine::inventory::Inventory;
use clefctl_core::kind::{
    Absent, Address, Facts, Map, Mark, Observed, Owned, Owner, Place, Registry, Status, Value, tag,
};
use serde::Deserialize;
use serde_json::Value as Json;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    env: Option<String>,
    destroy: bool,
    targets: Vec<String>,
    replace: Vec<String>,
    /// What lives, by address (several under one: a list).
    things: Vec<Thing>,
    /// Somebody else's things, by the address whose name they have.
    taken: BTreeMap<String, Thing>,
    /// Answers of lookups that are read before anything else.
    answers: BTreeMap<String, Json>,
    /// Answers of lookups that depend on resources: arguments and answer.
    lookups: BTreeMap<String, (Json, Json)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    kind: String,
    id: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    generation: Option<u32>,
    /// It has no mark yet.
    #[serde(default)]
    unmarked: bool,
    #[serde(default)]
    pending: Option<String>,
    #[serde(default)]
    failed: Option<String>,
    #[serde(default)]
    dying: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Json>,
    #[serde(default)]
    outputs: BTreeMap<String, Json>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl File {
    pub(crate) fn env(&self) -> Option<String> {
        self.env.clone()
    }

    pub(crate) fn options(&self) -> Options {
        let addresses = |texts: &[String]| texts.iter().map(|text| Address::parse(text).unwrap()).collect();
        Options { destroy: self.destroy, targets: addresses(&self.targets), replace: addresses(&self.replace) }
    }

    pub(crate) fn inventory(&self, registry: &Registry, owner: &Owner) -> Inventory {
        let value = |json: &Json| Value::from_json(json);
        Inventory {
            account: "123456789012".to_owned(),
            things: self.things.iter().map(|thing| Arc::new(thing.observed(registry, owner))).collect(),
            taken: self
                .taken
                .iter()
                .map(|(address, thing)| (Address::parse(address).unwrap(), Arc::new(thing.observed(registry, owner))))
                .collect(),
            answers: self.answers.iter().map(|(name, answer)| (name.clone(), value(answer))).collect(),
            lookups: self
                .lookups
                .iter()
                .map(|(name, (arguments, answer))| {
                    (name.clone(), (value(arguments).as_map().cloned().unwrap(), value(answer)))
                })
                .collect(),
            ..Inventory::default()
        }
    }
}

impl Thing {
    /// The thing as AWS would report it: defaults filled in, marks in place.
    fn observed(&self, registry: &Registry, owner: &Owner) -> Observed {
        let facts = registry.kind(&self.kind).unwrap_or_else(|| panic!("no kind {}", self.kind)).facts();
        let map = |map: &BTreeMap<String, Json>| -> Map {
            map.iter().map(|(k, v)| (k.clone(), Value::from_json(v))).collect()
        };
        let mut attributes = map(&self.attributes);
        for attribute in facts.declared.attributes.iter().filter(|attribute| !attribute.write_only) {
            if let Absent::Default(literal) = attribute.absent
                && !attributes.contains_key(attribute.name)
            {
                attributes.insert(attribute.name.to_owned(), literal.value(&Map::new()));
            }
        }
        let mut outputs = map(&self.outputs);
        if facts.outputs.attribute("id").is_some() {
            outputs.insert("id".to_owned(), Value::from(self.id.as_str()));
        }
        Observed {
            kind: facts.name,
            role_arn: None,
            region: if facts.place == Place::Global { "us-east-1" } else { "eu-west-3" }.to_owned(),
            id: self.id.clone(),
            owned: self.owned(),
            status: match (&self.pending, &self.failed, &self.dying) {
                (Some(word), _, _) => Status::Pending(word.clone()),
                (_, Some(why), _) => Status::Failed(why.clone()),
                (_, _, Some(word)) => Status::Dying(word.clone()),
                _ => Status::Usable,
            },
            attributes,
            outputs,
            tags: self.all_tags(facts, owner),
        }
    }

    fn owned(&self) -> Owned {
        match &self.address {
            None => Owned::Foreign(self.tags.get(tag::STACK).cloned()),
            Some(address) if self.unmarked => Owned::Pending(Address::parse(address).unwrap()),
            Some(address) => {
                Owned::Ours { address: Address::parse(address).unwrap(), generation: self.generation.unwrap_or(1) }
            }
        }
    }

    fn all_tags(&self, facts: &Facts, owner: &Owner) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        if let (Owned::Ours { address, generation }, true) = (self.owned(), facts.mark != Mark::Prefix) {
            tags.insert(tag::STACK.to_owned(), owner.to_string());
            tags.insert(tag::RESOURCE.to_owned(), address.tag(facts.name));
            tags.insert(tag::GENERATION.to_owned(), generation.to_string());
        }
        tags
    }
}
