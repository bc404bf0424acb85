//! Making and changing things: which call applies what.

use std::collections::BTreeMap;

use super::outputs::Patterns;
use super::values::{default, kept, normal};
use super::world::{Key, Thing, Work, World, place};
use super::{Inner, clock::Time};
use crate::engine::overlay::satisfied;
use crate::kind::{Absent, Attribute, Changes, Declared, Facts, Map, Mark, TagChange, Value, tag};

/// What one call changes.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// An attribute, to that value.
    Attribute(&'static Attribute, Value),
    /// Tags.
    Tags(TagChange),
}

impl Inner {
    /// The thing as the first call of its creation leaves it.
    pub(super) fn newborn(
        &self,
        world: &World,
        facts: &'static Facts,
        region: &str,
        new: &Declared,
        now: Time,
    ) -> Thing {
        let at = place(facts, region);
        let base = format!(
            "{}|{}|{}|{}",
            new.tags.get(tag::STACK).map_or("", |s| s),
            new.address.tag(facts.name),
            new.generation,
            at
        );
        let seed = world.next_seed(&base);
        let name = name_of(facts, new);
        let mut attributes = Map::new();
        for attribute in facts.declared.attributes.iter().filter(|attribute| !attribute.local) {
            let needed = matches!(attribute.absent, Absent::Required);
            let first = (attribute.create_only || attribute.write_only || needed) && !attribute.settled;
            let value = if first {
                kept(attribute, &new.attributes)
            } else {
                normal(attribute, &default(attribute, &new.attributes))
            };
            if !value.is_null() {
                attributes.insert(attribute.name.to_owned(), value);
            }
        }
        if let Some(naming) = facts.naming.filter(|_| !name.is_empty()) {
            attributes.insert(naming.attribute.to_owned(), Value::from(name.as_str()));
        }
        let unmarked = facts.mark == Mark::Marker && facts.calls.create > 1 || facts.mark == Mark::Prefix;
        let mut thing = Thing {
            key: Key { kind: facts.name.into(), region: at.into(), id: "".into() },
            name,
            seed,
            attributes,
            outputs: Map::new(),
            tags: if unmarked { BTreeMap::new() } else { new.tags.clone() },
            made: now,
            busy_until: now,
            work: Work::Creating,
            gone: None,
            failed: None,
            updates: 0,
        };
        self.complete(facts, &mut thing, true);
        thing
    }

    /// Gives a new thing its id (unless it has one), what AWS chooses, and its outputs.
    pub(super) fn complete(&self, facts: &'static Facts, thing: &mut Thing, nameless: bool) {
        let nothing = Map::new();
        if nameless {
            thing.key.id = self.id(facts, thing).into();
        }
        for attribute in facts.declared.attributes {
            let chosen = matches!(attribute.absent, Absent::Aws(_)) && !thing.attributes.contains_key(attribute.name);
            if chosen && !attribute.write_only && !attribute.settled && !attribute.local {
                let value = normal(attribute, &self.patterns(facts, thing).value(attribute, &nothing));
                if !value.is_null() {
                    thing.attributes.insert(attribute.name.to_owned(), value);
                }
            }
        }
        self.tell(facts, thing, &|_| true);
    }

    fn id(&self, facts: &'static Facts, thing: &Thing) -> String {
        let nothing = Map::new();
        let patterns = self.patterns(facts, thing);
        if let Some(output) = facts.outputs.attribute(facts.id) {
            return written(&patterns.value(output, &nothing));
        }
        let declared = thing.attributes.get(facts.id).map(written).filter(|id| !id.is_empty());
        let pattern = if thing.name.is_empty() { "{kind}-{hex:17}" } else { "{name}" };
        declared.unwrap_or_else(|| patterns.text(pattern, "id", &nothing))
    }

    /// Computes those outputs anew of which `which` says so, in the order of the table.
    pub(super) fn tell(&self, facts: &'static Facts, thing: &mut Thing, which: &dyn Fn(&Attribute) -> bool) {
        for output in facts.outputs.attributes.iter().filter(|output| !output.write_only) {
            if which(output) {
                let value = if output.name == facts.id {
                    Value::from(&*thing.key.id)
                } else {
                    self.patterns(facts, thing).value(output, &thing.outputs)
                };
                thing.outputs.insert(output.name.to_owned(), value);
            }
        }
    }

    fn patterns<'a>(&'a self, facts: &'static Facts, thing: &'a Thing) -> Patterns<'a> {
        Patterns {
            seed: &thing.seed,
            kind: facts.name,
            service: facts.service,
            region: &thing.key.region,
            account: &self.account,
            id: &thing.key.id,
            name: &thing.name,
            attributes: &thing.attributes,
            n: thing.updates + 1,
        }
    }

    /// Applies parts of a change to a thing. `born`: as part of its creation.
    pub(super) fn apply(&self, facts: &'static Facts, thing: &mut Thing, parts: &[Part], born: bool) {
        let mut changed = Vec::new();
        for part in parts {
            match part {
                Part::Tags(change) => {
                    thing.tags.retain(|name, _| !change.remove.contains(name));
                    thing.tags.extend(change.set.clone());
                }
                Part::Attribute(attribute, value) => {
                    changed.push(attribute.name);
                    if value.is_null() {
                        thing.attributes.remove(attribute.name);
                    } else {
                        thing.attributes.insert(attribute.name.to_owned(), value.clone());
                    }
                    if facts.naming.is_some_and(|naming| naming.attribute == attribute.name) {
                        thing.name = written(value);
                    }
                }
            }
        }
        if born {
            self.tell(facts, thing, &|_| true);
            return;
        }
        let settled = |name: &&str| facts.declared.attribute(name).is_some_and(|a| a.settled);
        let in_place = changed.iter().any(|name| !settled(name));
        let moves = |output: &Attribute| match output.changes {
            Changes::OnReplacement => false,
            Changes::OnUpdateOf(names) => names.iter().any(|name| changed.contains(name)),
            Changes::OnAnyUpdate => in_place,
        };
        if in_place || facts.outputs.attributes.iter().any(moves) {
            thing.updates += 1;
        }
        self.tell(facts, thing, &moves);
    }
}

/// The attributes that lead from a thing to what is declared, in the order of the table. Settled ones only if asked for.
/// Write-only ones are declared only where they are to be sent.
pub(super) fn parts(facts: &'static Facts, thing: &Thing, to: &Declared, settled: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for attribute in facts.declared.attributes.iter().filter(|a| !a.local && (settled || !a.settled)) {
        // An attribute that is not said goes back to its default; one that AWS chooses stays.
        let unsaid = to.attributes.get(attribute.name).is_none_or(Value::is_null);
        if unsaid && (attribute.write_only || matches!(attribute.absent, Absent::Aws(_))) {
            continue;
        }
        let there = thing.attributes.get(attribute.name).unwrap_or(&Value::Null);
        let wanted = kept(attribute, &to.attributes);
        if attribute.write_only || !satisfied(attribute, &wanted, there) {
            parts.push(Part::Attribute(attribute, wanted));
        }
    }
    parts
}

/// Deals parts out to as many calls as there may be, in order, as evenly as can be.
pub(super) fn deal(mut parts: Vec<Part>, calls: usize) -> Vec<Vec<Part>> {
    let calls = calls.max(1).min(parts.len());
    let mut hands = Vec::with_capacity(calls);
    for left in (1..=calls).rev() {
        let rest = parts.split_off(parts.len().div_ceil(left));
        hands.push(parts);
        parts = rest;
    }
    hands
}

/// The physical name of what is declared; empty where the kind has none.
pub(super) fn name_of(facts: &Facts, declared: &Declared) -> String {
    let Some(naming) = facts.naming else { return declared.name.clone().unwrap_or_default() };
    let said = declared.attributes.get(naming.attribute).and_then(Value::as_str);
    said.map(str::to_owned).or_else(|| declared.name.clone()).unwrap_or_default()
}

fn written(value: &Value) -> String {
    match value.reveal() {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}
