//! Creation: the call that makes a thing, those that complete it, and what an earlier run left of it.

use std::time::Duration;

use super::actions::{Verb, actions, reading};
use super::calls::{Refusal, Request};
use super::clock::Time;
use super::kind::{SLOW, SimulatedKind};
use super::read::{owned, status};
use super::refusals::{holder, name_is_free, references_exist};
use super::things::{Part, deal, name_of, parts};
use super::world::{Key, Thing, World, place};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Context, Declared, Found, Kind, Mark, Observed, Owned, Status, TagChange};

/// How often, and for how long in all, lists are asked for what may have been made.
const LOOKS: u32 = 3;
const STALENESS: Duration = Duration::from_secs(30);

impl SimulatedKind {
    /// Creates a thing: the first call makes it, with its tags; others apply the rest.
    pub(super) async fn make(&self, cx: &Context, new: &Declared) -> Result<Observed> {
        let facts = self.facts();
        let takes = self.takes(facts.takes.create, &["create", &new.address.tag(facts.name)]);
        let latency = self.latency(takes, facts.calls.create);
        let verb = actions(facts, Verb::Create);
        let first = Request { action: verb.first().map_or("", |a| a), writes: true, latency, idempotent: facts.once };
        let thing = self.made(cx, new, first, takes).await?;
        let mut left = parts(facts, &thing, new, false);
        let tags = TagChange::between(&thing.tags, &new.tags);
        if facts.mark != Mark::Prefix && !tags.set.is_empty() {
            left.insert(0, Part::Tags(TagChange { remove: Vec::new(), ..tags }));
        }
        let calls = facts.calls.create.saturating_sub(1).max(1);
        for (i, hand) in deal(left, calls as usize).into_iter().enumerate() {
            let action = verb.get(i + 1).or(verb.last()).map_or("", |action| action);
            let request = Request { action, writes: true, latency, idempotent: true };
            let apply = |world: &mut World, _| {
                self.alter(world, &thing.key, |thing| self.inner.apply(facts, thing, &hand, true))
            };
            self.inner.call(Some(cx), request, apply).await?;
        }
        Ok(as_declared(self.ready(cx, &thing.key).await?, new))
    }

    /// The thing as its first call left it: now, in an earlier run, or in a call whose answer was lost.
    async fn made(&self, cx: &Context, new: &Declared, first: Request<'_>, takes: Duration) -> Result<Thing> {
        if !self.facts().once
            && cx.careful
            && let Some(left) = self.left_behind(cx, new).await?
        {
            return Ok(left);
        }
        // A sweep finds, it never proves absence.
        if matches!(self.facts().found, Found::Swept(_))
            && new.name.is_some()
            && let Some(there) = self.met(cx, new).await?
        {
            return there;
        }
        loop {
            let until = self.inner.clock.now() + takes;
            let born = |world: &mut World, now| self.bear(world, cx, new, now, until);
            match self.inner.call(Some(cx), first, born).await {
                Err(error) if error.code() == Some("AlreadyExists") => {
                    let Some(met) = self.inner.peek(|world, now| self.meets(world, cx, new, now)) else {
                        return Err(error);
                    };
                    return met.map_err(|met| Error { call: error.call, ..met });
                }
                Err(error) if error.kind == ErrorKind::Ambiguous => {
                    (cx.progress)("the answer was lost; looking whether it was made");
                    if let Some(left) = self.left_behind(cx, new).await? {
                        return Ok(left);
                    }
                    cx.alive()?;
                }
                done => return done,
            }
        }
    }

    /// The first call of a creation.
    fn bear(&self, world: &mut World, cx: &Context, new: &Declared, now: Time, until: Time) -> Result<Thing, Refusal> {
        let facts = self.facts();
        let mut thing = self.inner.newborn(world, facts, &cx.region, new, now);
        name_is_free(world, facts, &thing, None)?;
        references_exist(world, facts, &thing.key.region, &thing.attributes)?;
        if world.get(&thing.key).is_some() {
            let message = format!("{} {} exists already", facts.name, thing.key.id);
            return Err(Refusal::new(ErrorKind::Conflict, "AlreadyExists", message));
        }
        thing.busy_until = until;
        let faults = self.inner.faults();
        if facts.takes.create >= SLOW && faults.strikes(faults.failed_births, &["birth", &thing.seed]) {
            thing.failed = Some("insufficient capacity".to_owned());
        }
        if facts.calls.create <= 1 {
            let rest = parts(facts, &thing, new, false);
            self.inner.apply(facts, &mut thing, &rest, true);
            references_exist(world, facts, &thing.key.region, &thing.attributes)?;
        }
        world.bear(thing.clone());
        Ok(thing)
    }

    /// Looks for what was made before of the same address and generation, as long as lists may be stale.
    async fn left_behind(&self, cx: &Context, new: &Declared) -> Result<Option<Thing>> {
        let facts = self.facts();
        let actions = reading(facts);
        let action = actions.first().map_or("", |action| action);
        for look in 0..LOOKS {
            if look > 0 {
                let pause = self.inner.clock.now() + STALENESS / (LOOKS - 1);
                self.inner.wait_until(cx, pause).await?;
            }
            let request = Request { action, writes: false, latency: self.inner.latency, idempotent: true };
            let look = |world: &mut World, now| {
                let listed = world.of_kind(facts.name, place(facts, &cx.region));
                let mut listed = listed.filter(|thing| self.inner.is_listed(thing, now));
                Ok(listed.find(|thing| self.completes(cx, thing, new, now)).cloned())
            };
            if let Some(left) = self.inner.call(Some(cx), request, look).await? {
                return Ok(Some(left));
            }
        }
        Ok(None)
    }

    /// Asks by name whether a thing is there already.
    async fn met(&self, cx: &Context, new: &Declared) -> Result<Option<Result<Thing>>> {
        let actions = reading(self.facts());
        let action = actions.first().map_or("", |action| action);
        let request = Request { action, writes: false, latency: self.inner.latency, idempotent: true };
        self.inner.call(Some(cx), request, |world, now| Ok(self.meets(world, cx, new, now))).await
    }

    /// What is there already of that name: ours to complete, or somebody's to respect.
    fn meets(&self, world: &World, cx: &Context, new: &Declared, now: Time) -> Option<Result<Thing>> {
        let facts = self.facts();
        let newborn = self.inner.newborn(world, facts, &cx.region, new, now);
        let there = holder(world, facts, &newborn, None).or_else(|| world.get(&newborn.key));
        let there = there.filter(|there| there.gone.is_none())?;
        if self.completes(cx, there, new, now) {
            return Some(Ok(there.clone()));
        }
        let whose = match owned(facts, there, &cx.owner) {
            Owned::Ours { address, .. } => format!(" and belongs to {address}"),
            Owned::Foreign(Some(owner)) => format!(" and belongs to {owner}"),
            Owned::Foreign(None) | Owned::Pending(_) => String::new(),
        };
        let Key { id, .. } = &there.key;
        let error = Error::new(ErrorKind::Conflict, format!("{id} exists already{whose}"));
        let adopt = format!("take it over with `clefctl adopt '{}' {id}`, or choose another name", new.address);
        Some(Err(error.hint(adopt)))
    }

    /// Whether a thing is what a creation of that address and generation left.
    pub(super) fn completes(&self, cx: &Context, thing: &Thing, new: &Declared, now: Time) -> bool {
        let facts = self.facts();
        let ours = match owned(facts, thing, &cx.owner) {
            Owned::Ours { address, generation } => address == new.address && generation == new.generation,
            Owned::Foreign(None) if facts.mark != Mark::Tags => {
                thing.tags.is_empty() && thing.name == name_of(facts, new) && thing.name.starts_with(&cx.owner.prefix())
            }
            Owned::Foreign(_) | Owned::Pending(_) => false,
        };
        ours && !matches!(status(thing, now), Status::Dying(_) | Status::Failed(_))
    }
}

/// What was observed of a thing that is known to be the declared one.
pub(super) fn as_declared(observed: Observed, declared: &Declared) -> Observed {
    let (address, generation) = (declared.address.clone(), declared.generation);
    Observed { owned: Owned::Ours { address, generation }, ..observed }
}
