//! What lives in the simulated account, and who refers to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::clock::Time;
use super::values::{Reference, references};
use crate::kind::{Facts, Found, Map, Place, Tags, Value};

/// Where a thing is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: Arc<str>,
    pub(super) region: Arc<str>,
    pub(super) id: Arc<str>,
}

/// One thing that lives in the account.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thing {
    pub(super) key: Key,
    /// Its physical name; empty where it has none.
    pub(super) name: String,
    /// What its generated values are made of.
    pub(super) seed: String,
    pub(super) attributes: Map,
    pub(super) outputs: Map,
    pub(super) tags: Tags,
    pub(super) made: Time,
    /// Until then it is not usable, and `work` says why.
    pub(super) busy_until: Time,
    pub(super) work: Work,
    /// When it will be gone, if it is going.
    pub(super) gone: Option<Time>,
    /// Why it will never be usable, if so.
    pub(super) failed: Option<String>,
    /// How often it was updated.
    pub(super) updates: u64,
}

/// What keeps a thing busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Creating,
    Modifying,
}

impl Work {
    /// The word that AWS would use.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Modifying => "modifying",
        }
    }
}

/// An entry of the store for lock and ledger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) value: String,
    pub(super) modified: Time,
}

/// The whole account.
#[derive(Default)]
pub(super) struct World {
    tables: BTreeMap<&'static str, &'static Facts>,
    things: BTreeMap<Key, Thing>,
    /// Ids, names, ARNs and other texts by which a thing may be referred to.
    known_as: HashMap<Arc<str>, BTreeSet<Key>>,
    /// Who refers to such a text.
    referrers: HashMap<Arc<str>, BTreeSet<Key>>,
    dying: BTreeSet<Key>,
    /// What went lately, with the time: stale lists still show it.
    pub(super) lately: Vec<(Thing, Time)>,
    /// How often something was made of a seed.
    pub(super) births: BTreeMap<String, u64>,
    /// The store, by region and name.
    pub(super) store: BTreeMap<(String, String), Stored>,
    /// Ids that lookups made up: they may be referred to.
    pub(super) made_up: HashSet<String>,
}

impl World {
    /// An empty account for things of these kinds.
    pub(super) fn new(tables: BTreeMap<&'static str, &'static Facts>) -> Self {
        Self { tables, ..Self::default() }
    }

    /// Forgets everything but the tables, and what lookups made up.
    pub(super) fn clear(&mut self) {
        let (tables, made_up) = (std::mem::take(&mut self.tables), std::mem::take(&mut self.made_up));
        *self = Self { tables, made_up, ..Self::default() };
    }

    /// What is known of a kind; `None` for kinds of other versions.
    pub(super) fn facts(&self, kind: &str) -> Option<&'static Facts> {
        self.tables.get(kind).copied()
    }

    /// The seed of the next thing that is made of the same beginnings.
    pub(super) fn next_seed(&self, base: &str) -> String {
        format!("{base}|{}", self.births.get(base).map_or(1, |births| births + 1))
    }

    /// Remembers that something was made of a seed, and puts it in its place.
    pub(super) fn bear(&mut self, thing: Thing) {
        if let Some((base, _)) = thing.seed.rsplit_once('|') {
            *self.births.entry(base.to_owned()).or_default() += 1;
        }
        self.put(thing);
    }

    /// All things, sorted by kind, region and id.
    pub(super) fn all(&self) -> impl Iterator<Item = &Thing> {
        self.things.values()
    }

    /// The things of a kind in a region.
    pub(super) fn of_kind<'w>(&'w self, kind: &str, region: &str) -> impl Iterator<Item = &'w Thing> + use<'w> {
        let first = Key { kind: kind.into(), region: region.into(), id: "".into() };
        let (kind, region) = (first.kind.clone(), first.region.clone());
        let here = move |key: &Key| key.kind == kind && key.region == region;
        self.things.range(first..).take_while(move |(key, _)| here(key)).map(|(_, thing)| thing)
    }

    /// The thing of that key.
    pub(super) fn get(&self, key: &Key) -> Option<&Thing> {
        self.things.get(key)
    }

    /// Puts a thing in its place, or a changed one in place of the old.
    pub(super) fn put(&mut self, thing: Thing) {
        let key = thing.key.clone();
        self.take(&key);
        for text in known_as(&thing) {
            self.known_as.entry(text).or_default().insert(key.clone());
        }
        for reference in self.references_of(&thing) {
            self.referrers.entry(reference.value).or_default().insert(key.clone());
        }
        if thing.gone.is_some() {
            self.dying.insert(key.clone());
        }
        self.things.insert(key, thing);
    }

    /// Takes a thing out.
    pub(super) fn take(&mut self, key: &Key) -> Option<Thing> {
        let thing = self.things.remove(key)?;
        for text in known_as(&thing) {
            forget(&mut self.known_as, &text, key);
        }
        for reference in self.references_of(&thing) {
            forget(&mut self.referrers, &reference.value, key);
        }
        self.dying.remove(key);
        Some(thing)
    }

    /// Lets go what has been going long enough, and forgets what went more than `memory` ago.
    pub(super) fn sweep(&mut self, now: Time, memory: Time) {
        let over: Vec<Key> = self
            .dying
            .iter()
            .filter(|key| self.things.get(key).and_then(|thing| thing.gone).is_some_and(|gone| gone <= now))
            .cloned()
            .collect();
        for key in over {
            if let Some(thing) = self.take(&key)
                && !memory.is_zero()
            {
                self.lately.push((thing, now));
            }
        }
        self.lately.retain(|(_, gone)| now < *gone + memory);
    }

    /// What the attributes of a thing refer to.
    pub(super) fn references_of(&self, thing: &Thing) -> Vec<Reference> {
        self.facts(&thing.key.kind).map_or_else(Vec::new, |facts| references(facts.declared, &thing.attributes))
    }

    /// The thing that a reference made in a region names: in the same region, else wherever it is.
    pub(super) fn resolve(&self, reference: &Reference, region: &str) -> Option<&Thing> {
        let fits = |key: &&Key| reference.kind.is_empty() || &*key.kind == reference.kind;
        let known: Vec<&Key> = self.known_as.get(&reference.value).into_iter().flatten().filter(fits).collect();
        let best = known.iter().find(|key| &*key.region == region).or_else(|| known.first());
        match best {
            Some(key) => self.things.get(*key),
            None if reference.kind.is_empty() => None,
            None => self
                .of_kind(reference.kind, region)
                .find(|thing| thing.attributes.get(reference.output).and_then(Value::as_str) == Some(&reference.value)),
        }
    }

    /// The things of a kind that are called so, by id, name, ARN or another output.
    pub(super) fn called(&self, kind: &str, text: &str) -> impl Iterator<Item = &Thing> {
        let keys = self.known_as.get(text).into_iter().flatten().filter(move |key| &*key.kind == kind);
        keys.filter_map(|key| self.things.get(key))
    }

    /// Who refers to a thing, with the attribute, besides itself. Children are among them.
    pub(super) fn referrers(&self, thing: &Thing) -> BTreeMap<&Key, &'static str> {
        let mut found = BTreeMap::new();
        let mut keys: BTreeSet<&Key> = BTreeSet::new();
        for text in known_as(thing) {
            keys.extend(self.referrers.get(&text).into_iter().flatten());
        }
        for key in keys.into_iter().filter(|key| **key != thing.key) {
            let Some(other) = self.things.get(key) else { continue };
            let named = self.references_of(other).into_iter().find(|reference| {
                self.resolve(reference, &other.key.region).is_some_and(|named| named.key == thing.key)
            });
            if let Some(reference) = named {
                found.insert(key, reference.attribute);
            }
        }
        found
    }

    /// The thing in which a thing lives, if its kind lives in others.
    pub(super) fn parent(&self, thing: &Thing) -> Option<&Thing> {
        let reference = parent_reference(self.facts(&thing.key.kind)?, &thing.attributes)?;
        self.resolve(&reference, &thing.key.region)
    }

    /// The things that live in a thing and go with it, and those that live in them.
    pub(super) fn inside(&self, thing: &Thing) -> Vec<Key> {
        let mut found = Vec::new();
        let mut open = vec![thing];
        while let Some(parent) = open.pop() {
            for key in self.referrers(parent).into_keys() {
                let Some(other) = self.things.get(key) else { continue };
                if self.parent(other).is_some_and(|p| p.key == parent.key) && !found.contains(key) {
                    found.push(key.clone());
                    open.push(other);
                }
            }
        }
        found
    }
}

/// The reference to the parent in the attributes of a kind that lives in others: the first of the table.
pub(super) fn parent_reference(facts: &'static Facts, attributes: &Map) -> Option<Reference> {
    let Found::Child(kinds) = facts.found else { return None };
    references(facts.declared, attributes).into_iter().find(|reference| kinds.contains(&reference.kind))
}

/// The region in which things of a kind are kept.
pub(super) fn place<'r>(facts: &Facts, region: &'r str) -> &'r str {
    match facts.place {
        Place::Regional => region,
        Place::Global => "us-east-1",
    }
}

fn known_as(thing: &Thing) -> BTreeSet<Arc<str>> {
    let outputs = thing.outputs.values().filter_map(|value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    });
    let name = (!thing.name.is_empty()).then(|| Arc::from(thing.name.as_str()));
    outputs.chain(name).chain([thing.key.id.clone()]).collect()
}

fn forget(index: &mut HashMap<Arc<str>, BTreeSet<Key>>, text: &Arc<str>, key: &Key) {
    if let Some(keys) = index.get_mut(text) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(text);
        }
    }
}
