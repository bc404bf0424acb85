//! The account from behind the counter: what tests and `clefctl sandbox` do that no API does.

use std::collections::BTreeMap;

use super::clock::Time;
use super::read::{status, told};
use super::things::Part;
use super::values::kept;
use super::world::{Key, Thing, Work, place};
use super::{Inner, Simulation};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Facts, Map, Observed, Owned, Tags, Value, tag};

/// A thing that somebody else puts into the account.
#[derive(Clone, Debug, Default)]
pub struct Plant {
    /// Its kind.
    pub kind: String,
    /// Its region.
    pub region: String,
    /// Its id; made up if there is none.
    pub id: Option<String>,
    /// Its attributes; defaults are filled in.
    pub attributes: Map,
    /// Its tags.
    pub tags: Tags,
}

impl Simulation {
    /// Puts a thing into the account, as if somebody else had made it. No call is counted.
    ///
    /// # Errors
    /// When no kind is called so.
    pub fn plant(&self, plant: Plant) -> Result<Observed> {
        let mut world = self.inner.world();
        let _turn = self.inner.turn(&mut world)?;
        let facts = world.facts(&plant.kind).ok_or_else(|| unknown(&plant.kind))?;
        let seed = world.next_seed(&format!("planted|{}|{}", plant.kind, plant.region));
        let values = facts.declared.attributes.iter().map(|a| (a.name.to_owned(), kept(a, &plant.attributes)));
        let attributes: Map = values.filter(|(_, value)| !value.is_null()).collect();
        let name = facts.naming.and_then(|naming| attributes.get(naming.attribute)?.as_str().map(str::to_owned));
        let mut thing = Thing {
            key: Key {
                kind: facts.name.into(),
                region: place(facts, &plant.region).into(),
                id: plant.id.as_deref().unwrap_or_default().into(),
            },
            name: name.unwrap_or_default(),
            seed,
            attributes,
            outputs: Map::new(),
            tags: plant.tags,
            made: Time::ZERO,
            busy_until: Time::ZERO,
            work: Work::Creating,
            gone: None,
            failed: None,
            updates: 0,
        };
        self.inner.complete(facts, &mut thing, plant.id.is_none());
        let observed = self.inner.seen_by_all(facts, &thing);
        world.bear(thing);
        self.inner.save(&world)?;
        Ok(observed)
    }

    /// Changes an attribute of a thing by hand; null resets it. No call is counted.
    ///
    /// # Errors
    /// When there is no such thing or attribute.
    pub fn drift(&self, kind: &str, id: &str, attribute: &str, value: &Value) -> Result<()> {
        let changed = |facts: &'static Facts, thing: &mut Thing| {
            let fact = facts
                .declared
                .attribute(attribute)
                .ok_or_else(|| Error::new(ErrorKind::Usage, format!("a {kind} has no attribute {attribute}")))?;
            let mut all = thing.attributes.clone();
            all.insert(attribute.to_owned(), value.clone());
            self.inner.apply(facts, thing, &[Part::Attribute(fact, kept(fact, &all))], false);
            Ok(())
        };
        self.by_hand(kind, id, changed)
    }

    /// Changes tags of a thing by hand; `None` removes one. No call is counted.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn drift_tags(&self, kind: &str, id: &str, tags: &BTreeMap<String, Option<String>>) -> Result<()> {
        self.by_hand(kind, id, |_, thing| {
            for (name, value) in tags {
                match value {
                    Some(value) => thing.tags.insert(name.clone(), value.clone()),
                    None => thing.tags.remove(name),
                };
            }
            Ok(())
        })
    }

    /// Takes a thing out of the account by hand, at once, whatever refers to it. No call is counted.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn uproot(&self, kind: &str, id: &str) -> Result<()> {
        let key = self.find(kind, id)?;
        let mut world = self.inner.world();
        let _turn = self.inner.turn(&mut world)?;
        world.take(&key);
        self.inner.save(&world)
    }

    /// Lets a lookup answer these outputs from now on, whatever it is asked.
    pub fn answer(&self, lookup: &str, outputs: Map) {
        self.inner.answers().insert(lookup.to_owned(), outputs);
    }

    /// Everything that lives in the account, in all regions, sorted by kind, region and id. Each is shown as foreign,
    /// with its owner if it has one. No call is counted.
    #[must_use]
    pub fn everything(&self) -> Vec<Observed> {
        self.inner.peek(|world, now| {
            let known = world.all().filter_map(|thing| Some((world.facts(&thing.key.kind)?, thing)));
            let shown = known
                .map(|(facts, thing)| Observed { status: status(thing, now), ..self.inner.seen_by_all(facts, thing) });
            shown.collect()
        })
    }

    fn by_hand(
        &self,
        kind: &str,
        id: &str,
        change: impl FnOnce(&'static Facts, &mut Thing) -> Result<()>,
    ) -> Result<()> {
        let key = self.find(kind, id)?;
        let mut world = self.inner.world();
        let _turn = self.inner.turn(&mut world)?;
        let facts = world.facts(kind).ok_or_else(|| unknown(kind))?;
        let mut thing = world.get(&key).cloned().ok_or_else(|| nothing(kind, id))?;
        change(facts, &mut thing)?;
        world.put(thing);
        self.inner.save(&world)
    }

    fn find(&self, kind: &str, id: &str) -> Result<Key> {
        let found = self.inner.peek(|world, _| world.called(kind, id).next().map(|thing| thing.key.clone()));
        found.ok_or_else(|| nothing(kind, id))
    }
}

impl Inner {
    /// A thing as somebody sees it who owns nothing.
    fn seen_by_all(&self, facts: &'static Facts, thing: &Thing) -> Observed {
        Observed {
            kind: facts.name,
            role_arn: None,
            region: thing.key.region.to_string(),
            id: thing.key.id.to_string(),
            owned: Owned::Foreign(thing.tags.get(tag::STACK).cloned()),
            status: status(thing, self.clock.now()),
            attributes: told(facts, thing),
            outputs: thing.outputs.clone(),
            tags: thing.tags.clone(),
        }
    }
}

fn unknown(kind: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("no kind is called {kind}"))
}

fn nothing(kind: &str, id: &str) -> Error {
    Error::new(ErrorKind::Absent, format!("there is no {kind} {id} in the simulated account"))
}
