//! Reading: what lists show, whose a thing is, and what state it is in.

use std::collections::{BTreeSet, HashMap};

use super::Inner;
use super::actions::reading;
use super::calls::Request;
use super::clock::Time;
use super::kind::SimulatedKind;
use super::values::{is_secret, readable};
use super::world::{Thing, World, parent_reference, place};
use crate::engine::tags::{version_name, version_tag};
use crate::error::Result;
use crate::kind::{
    Address, Context, Expected, ExpectedInstance, Facts, Found, Kind, Map, Mark, Observed, Owned, Owner, Status,
    Unique, Value, generation_of, generation_suffix, tag,
};

/// How many things a page of a list holds.
const PAGE: usize = 100;

impl SimulatedKind {
    /// Reads what the owner has, and what the stack expects by name, as lists show it.
    pub(super) async fn read_owned(&self, cx: &Context, expected: &Expected) -> Result<Vec<Observed>> {
        let facts = self.facts();
        let actions = reading(facts);
        let parents = match facts.found {
            Found::Child(_) => Some(parents(facts, expected)),
            Found::Listed | Found::Tagged(_) | Found::Swept(_) => None,
        };
        if parents.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Vec::new());
        }
        let sweep = matches!(facts.found, Found::Swept(_));
        let first = if sweep { "tag:GetResources" } else { actions.first().map_or("", |action| action) };
        let look = |world: &mut World, now| Ok(self.seen(world, cx, expected, parents.as_ref(), now));
        let found = self.inner.call(Some(cx), self.request(first), look).await?;
        let pages = found.len().div_ceil(PAGE) as u64;
        let mut meter = self.inner.meter();
        if sweep {
            meter.count(actions.first().map_or("", |action| action), pages);
        } else {
            meter.count(first, pages.max(parents.map_or(1, |parents| parents.len() as u64)) - 1);
        }
        for i in 0..facts.details as usize {
            let action = actions.get(i + 1).or(actions.last()).map_or("", |action| action);
            meter.count(action, found.len() as u64);
        }
        Ok(found)
    }

    fn seen(
        &self,
        world: &World,
        cx: &Context,
        expected: &Expected,
        parents: Option<&BTreeSet<String>>,
        now: Time,
    ) -> Vec<Observed> {
        let facts = self.facts();
        let region = place(facts, &cx.region);
        let of_parent = |thing: &Thing| match parents {
            None => true,
            Some(parents) => {
                let parent = parent_reference(facts, &thing.attributes);
                let known = world.parent(thing).map(|parent| &*parent.key.id);
                parent.is_some_and(|parent| parents.contains(&*parent.value))
                    || known.is_some_and(|id| parents.contains(id))
            }
        };
        let living = world.of_kind(facts.name, region).filter(|thing| self.inner.is_listed(thing, now));
        let gone = world.lately.iter().map(|(thing, _)| thing).filter(|thing| {
            let here = &*thing.key.kind == facts.name && &*thing.key.region == region;
            here && world.get(&thing.key).is_none() && self.inner.lingers(thing, now)
        });
        let ghosts = gone.map(|thing| Thing { gone: None, ..thing.clone() });
        let instances = expected.instances.iter();
        let by_address: HashMap<_, _> = instances.clone().map(|instance| (&instance.address, instance)).collect();
        let by_name: HashMap<_, _> = instances.filter_map(|one| Some((one.name.as_deref()?, one))).collect();
        let mut found = Vec::new();
        for thing in living.cloned().chain(ghosts).filter(|thing| of_parent(thing)) {
            let mut observed = self.observe(&thing, &cx.owner, now);
            let by_name = by_name.get(&*thing.name).filter(|_| !thing.name.is_empty());
            observed.owned = match (observed.owned, facts.mark) {
                (Owned::Foreign(None), Mark::Prefix) => {
                    let ours = world.parent(&thing).is_none_or(|parent| is_owned(world, parent, &cx.owner));
                    if ours { by_prefix(&thing, &cx.owner, &expected.instances) } else { Owned::Foreign(None) }
                }
                (Owned::Foreign(None), Mark::Marker) if thing.tags.is_empty() => match by_name {
                    Some(instance) if thing.name.starts_with(&cx.owner.prefix()) => {
                        Owned::Pending(instance.address.clone())
                    }
                    _ => Owned::Foreign(None),
                },
                (owned, _) => owned,
            };
            let named = by_name.is_some() && facts.naming.is_some_and(|naming| naming.unique != Unique::No);
            if named || !matches!(observed.owned, Owned::Foreign(_)) {
                let instance = observed.ours().and_then(|(address, _)| by_address.get(address));
                if let Some(instance) = instance {
                    reveal(&mut observed, instance);
                }
                found.push(observed);
            }
        }
        found
    }

    /// Reads one thing, whoever owns it, by id, name or ARN.
    pub(super) async fn read_one(&self, cx: &Context, name: &str) -> Result<Vec<Observed>> {
        let facts = self.facts();
        let region = place(facts, &cx.region);
        let actions = reading(facts);
        let look = |world: &mut World, now| {
            let here = world.called(facts.name, name).filter(|thing| &*thing.key.region == region);
            Ok(here.map(|thing| self.observe(thing, &cx.owner, now)).collect::<Vec<_>>())
        };
        let first = actions.first().map_or("", |action| action);
        let found = self.inner.call(Some(cx), self.request(first), look).await?;
        let mut meter = self.inner.meter();
        for i in 0..facts.details as usize {
            let action = actions.get(i + 1).or(actions.last()).map_or("", |action| action);
            meter.count(action, found.len() as u64);
        }
        Ok(found)
    }

    /// What a reader sees of a thing.
    pub(super) fn observe(&self, thing: &Thing, owner: &Owner, now: Time) -> Observed {
        let facts = self.facts();
        Observed {
            kind: facts.name,
            role_arn: None,
            region: thing.key.region.to_string(),
            id: thing.key.id.to_string(),
            owned: owned(facts, thing, owner),
            status: status(thing, now),
            attributes: told(facts, thing),
            outputs: thing.outputs.clone(),
            tags: thing.tags.clone(),
        }
    }

    fn request<'r>(&self, action: &'r str) -> Request<'r> {
        Request { action, writes: false, latency: self.inner.latency, idempotent: true }
    }
}

impl Inner {
    /// Whether lists show a thing already.
    pub(super) fn is_listed(&self, thing: &Thing, now: Time) -> bool {
        thing.made + self.faults().lag(&thing.key.id) <= now
    }

    /// Whether lists still show a thing that is gone.
    fn lingers(&self, thing: &Thing, now: Time) -> bool {
        thing.gone.is_some_and(|gone| now < gone + self.faults().lag(&thing.key.id))
    }
}

/// The attributes that a reader is told of; versions of write-only ones come from their tags.
pub(super) fn told(facts: &'static Facts, thing: &Thing) -> Map {
    let mut told = readable(facts.declared, &thing.attributes);
    for attribute in facts.declared.attributes.iter().filter(|attribute| attribute.write_only) {
        let version = thing.tags.get(&version_tag(attribute.name)).and_then(|text| text.parse::<i64>().ok());
        match version {
            Some(version) => told.insert(version_name(attribute.name), Value::from(version)),
            None => told.remove(&version_name(attribute.name)),
        };
    }
    told
}

/// What state a thing is in.
pub(super) fn status(thing: &Thing, now: Time) -> Status {
    if thing.gone.is_some() {
        Status::Dying("deleting".to_owned())
    } else if now < thing.busy_until {
        Status::Pending(thing.work.word().to_owned())
    } else if let Some(why) = &thing.failed {
        Status::Failed(why.clone())
    } else {
        Status::Usable
    }
}

/// Whose a thing is by its tags.
pub(super) fn owned(facts: &Facts, thing: &Thing, owner: &Owner) -> Owned {
    let Some(stack) = thing.tags.get(tag::STACK) else { return Owned::Foreign(None) };
    if *stack != owner.to_string() {
        return Owned::Foreign(Some(stack.clone()));
    }
    match thing.tags.get(tag::RESOURCE).and_then(|text| Address::from_tag(text)) {
        Some((kind, address)) if kind == facts.name => {
            let generation = thing.tags.get(tag::GENERATION).and_then(|n| n.parse().ok()).unwrap_or(1);
            Owned::Ours { address, generation }
        }
        _ => Owned::Foreign(None),
    }
}

fn is_owned(world: &World, thing: &Thing, owner: &Owner) -> bool {
    match world.facts(&thing.key.kind) {
        Some(facts) if facts.mark == Mark::Prefix => {
            world.parent(thing).is_none_or(|parent| is_owned(world, parent, owner))
        }
        Some(facts) => matches!(owned(facts, thing, owner), Owned::Ours { .. }),
        None => false,
    }
}

/// Whose an untaggable thing is: the entry's that expects its name (or that of its first generation), else that
/// which its name spells.
fn by_prefix(thing: &Thing, owner: &Owner, expected: &[ExpectedInstance]) -> Owned {
    let generation = generation_of(&thing.name);
    let base = thing.name.strip_suffix(&generation_suffix(generation)).unwrap_or(&thing.name);
    let declared = expected.iter().find_map(|instance| match instance.name.as_deref() {
        Some(name) if name == base => Some((instance.address.clone(), generation)),
        Some(name) if name == thing.name => Some((instance.address.clone(), 1)),
        _ => None,
    });
    if let Some((address, generation)) = declared {
        return Owned::Ours { address, generation };
    }
    match base.strip_prefix(&owner.prefix()).and_then(|rest| rest.strip_prefix('-')).filter(|rest| !rest.is_empty()) {
        Some(rest) => Owned::Ours { address: Address::plain(&rest.replace('-', "_")), generation },
        None => Owned::Foreign(None),
    }
}

/// The ids of the things in which children are looked for: those observed, and those that the stack names.
fn parents(facts: &'static Facts, expected: &Expected) -> BTreeSet<String> {
    let observed = expected.parents.iter().map(|parent| parent.id.clone());
    let named = expected.instances.iter().filter_map(|instance| parent_reference(facts, &instance.attributes));
    let mut ids: BTreeSet<String> = observed.collect();
    for reference in named {
        let known = expected.parents.iter().any(|parent| {
            parent.id == *reference.value || parent.get(reference.output).as_str() == Some(&reference.value)
        });
        if !known {
            ids.insert(reference.value.to_string());
        }
    }
    ids
}

/// Puts declared values where the account only remembers that a secret was set.
fn reveal(observed: &mut Observed, instance: &ExpectedInstance) {
    for (name, value) in &mut observed.attributes {
        if let Some(declared) = instance.attributes.get(name) {
            *value = revealed(value, declared);
        }
    }
}

fn revealed(there: &Value, declared: &Value) -> Value {
    match (there, declared.reveal()) {
        (there, declared) if is_secret(there) && !declared.is_null() => declared.clone().sensitive(),
        (Value::Map(there), Value::Map(declared)) => Value::map(
            there.iter().map(|(k, v)| (k.clone(), declared.get(k).map_or_else(|| v.clone(), |d| revealed(v, d)))),
        ),
        (Value::List(there), Value::List(declared)) if there.len() == declared.len() => {
            Value::list(there.iter().zip(declared.iter()).map(|(v, d)| revealed(v, d)))
        }
        _ => there.clone(),
    }
}
