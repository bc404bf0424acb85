//! The verbs of a simulated kind. What a kind may do is left to its own tables; nothing here knows one by name.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Inner;
use super::actions::{Verb, actions, tagging};
use super::calls::{Refusal, Request};
use super::clock::Time;
use super::create::as_declared;
use super::read::owned;
use super::refusals::{can_go, changes_in_place, holder, name_is_free, protection, references_exist};
use super::things::{Part, deal, parts};
use super::values::{default, readable};
use super::world::{Key, Thing, Work, World, place};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{
    Ask, Context, Declared, Deletion, Facts, Kind, Map, Mark, Observed, Owned, Select, Status, TagChange, Value,
    Violation,
};

/// From that many seconds on a kind is busy while it is changed, and refuses other changes.
pub(super) const SLOW: u32 = 10;

/// A kind of the simulated account.
pub(super) struct SimulatedKind {
    /// The real one: its tables and pure rules; never its calls.
    pub(super) real: Arc<dyn Kind>,
    pub(super) inner: Arc<Inner>,
}

impl Kind for SimulatedKind {
    fn facts(&self) -> &'static Facts {
        self.real.facts()
    }

    fn check(&self, declared: &Map) -> Vec<Violation> {
        self.real.check(declared)
    }

    fn must_replace(&self, declared: &Map, observed: &Map) -> Option<(&'static str, String)> {
        self.real.must_replace(declared, observed)
    }

    fn read<'a>(&'a self, cx: &'a Context, select: Select<'a>) -> BoxFuture<'a, Result<Vec<Observed>>> {
        match select {
            Select::Owned(expected) => self.read_owned(cx, expected).boxed(),
            Select::One(name) => self.read_one(cx, name).boxed(),
        }
    }

    fn create<'a>(&'a self, cx: &'a Context, new: &'a Declared) -> BoxFuture<'a, Result<Observed>> {
        self.make(cx, new).boxed()
    }

    fn update<'a>(&'a self, cx: &'a Context, to: &'a Declared, from: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        self.change(cx, to, from).boxed()
    }

    fn delete<'a>(&'a self, cx: &'a Context, old: &'a Observed, _how: &'a Deletion) -> BoxFuture<'a, Result<()>> {
        self.remove(cx, old).boxed()
    }

    fn retag<'a>(&'a self, cx: &'a Context, old: &'a Observed, change: &'a TagChange) -> BoxFuture<'a, Result<()>> {
        self.mark(cx, old, change).boxed()
    }

    fn wait<'a>(&'a self, cx: &'a Context, old: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        async move { self.ready(cx, &self.key(old)).await }.boxed()
    }

    fn fetch<'a>(&'a self, _cx: &'a Context, _of: &'a Observed, _output: &'a str) -> BoxFuture<'a, Result<Value>> {
        // Secrets are kept nowhere, not even in the simulated account.
        async { Ok(Value::from("simulated")) }.boxed()
    }

    fn preflight<'a>(&'a self, cx: &'a Context, ask: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>> {
        async move { Ok(self.foresee(cx, ask)) }.boxed()
    }
}

impl SimulatedKind {
    /// Brings a thing to what is declared, in as many calls as there may be.
    async fn change(&self, cx: &Context, to: &Declared, from: &Observed) -> Result<Observed> {
        let facts = self.facts();
        let key = self.key(from);
        let started = self.inner.clock.now();
        let there = self.inner.peek(|world, _| world.get(&key).cloned()).ok_or_else(|| absent(&key))?;
        let takes = self.takes(facts.takes.update, &["update", &key.id, &there.updates.to_string()]);
        let latency = self.latency(takes, facts.calls.update);
        let verb = actions(facts, Verb::Update);
        let mut hands = deal(parts(facts, &there, to, true), facts.calls.update as usize);
        let tags = TagChange::between(&from.tags, &to.tags);
        if facts.mark != Mark::Prefix && !tags.is_empty() {
            hands.push(vec![Part::Tags(tags)]);
        }
        let region = key.region.clone();
        let until = if facts.takes.update >= SLOW { started + takes } else { Time::ZERO };
        let worked = !hands.is_empty();
        for (i, hand) in hands.into_iter().enumerate() {
            let tags_only = matches!(hand.as_slice(), [Part::Tags(_)]);
            let action =
                if tags_only { tagging(facts) } else { verb.get(i).or(verb.last()).cloned().unwrap_or_default() };
            let request = Request { action: &action, writes: true, latency, idempotent: true };
            let apply = |world: &mut World, now: Time| {
                let mut thing = world.get(&key).filter(|t| t.gone.is_none()).cloned().ok_or_else(|| not_found(&key))?;
                if i == 0 && facts.takes.create >= SLOW && now < thing.busy_until {
                    let message = format!("{} is {}", key.id, thing.work.word());
                    return Err(Refusal::new(ErrorKind::Aws, "IncorrectState", message));
                }
                changes_in_place(facts, &thing, &to.attributes)?;
                if let Some((attribute, why)) =
                    self.real.must_replace(&to.attributes, &readable(facts.declared, &thing.attributes))
                {
                    return Err(Refusal::new(
                        ErrorKind::Aws,
                        "InvalidParameterCombination",
                        format!("{attribute}: {why}"),
                    ));
                }
                self.inner.apply(facts, &mut thing, &hand, false);
                name_is_free(world, facts, &thing, Some(&key))?;
                references_exist(world, facts, &region, &thing.attributes)?;
                thing.busy_until = thing.busy_until.max(until);
                thing.work = Work::Modifying;
                world.put(thing);
                Ok(())
            };
            self.inner.call(Some(cx), request, apply).await?;
        }
        if worked {
            self.inner.wait_until(cx, started + takes).await?;
        }
        Ok(as_declared(self.ready(cx, &key).await?, to))
    }

    /// Deletes a thing: settled attributes first where there are calls for it, then the thing.
    async fn remove(&self, cx: &Context, old: &Observed) -> Result<()> {
        let facts = self.facts();
        let key = self.key(old);
        let started = self.inner.clock.now();
        let takes = self.takes(facts.takes.delete, &["delete", &key.id]);
        let latency = self.latency(takes, facts.calls.delete);
        let verb = actions(facts, Verb::Delete);
        let (last, before) = verb.split_last().ok_or_else(|| Error::internal("a verb without an action"))?;
        let going = |world: &World| world.get(&key).map(|thing| thing.gone);
        if self.inner.peek(|world, _| going(world)).is_some_and(|gone| gone.is_none()) {
            let settled =
                self.inner.peek(|world, _| world.get(&key).map_or_else(Vec::new, |thing| settled(facts, thing)));
            let hands = match facts.calls.delete.saturating_sub(1) as usize {
                0 => Vec::new(),
                calls => deal(settled, calls),
            };
            for (i, hand) in hands.into_iter().enumerate() {
                let action = before.get(i).or(before.last()).unwrap_or(last);
                let request = Request { action, writes: true, latency, idempotent: true };
                let apply = |world: &mut World, _| {
                    self.alter(world, &key, |thing| self.inner.apply(facts, thing, &hand, false))
                };
                self.inner.call(Some(cx), request, apply).await?;
            }
        }
        let request = Request { action: last, writes: true, latency, idempotent: true };
        let gone = self.inner.call(Some(cx), request, |world, _| begin_deletion(world, facts, &key, started + takes));
        match gone.await? {
            Some(gone) => self.inner.wait_until(cx, gone).await,
            None => Ok(()),
        }
    }

    /// Changes tags in one call.
    async fn mark(&self, cx: &Context, old: &Observed, change: &TagChange) -> Result<()> {
        let facts = self.facts();
        let key = self.key(old);
        if change.is_empty() || facts.mark == Mark::Prefix {
            return Ok(());
        }
        let latency = self.inner.latency;
        let request = Request { action: &tagging(facts), writes: true, latency, idempotent: true };
        let apply = |world: &mut World, _| {
            self.alter(world, &key, |thing| {
                thing.tags.retain(|name, _| !change.remove.contains(name));
                thing.tags.extend(change.set.clone());
            })
        };
        self.inner.call(Some(cx), request, apply).await
    }

    /// Waits until a thing is usable, and says what it is like then.
    pub(super) async fn ready(&self, cx: &Context, key: &Key) -> Result<Observed> {
        loop {
            let (observed, until) = self
                .inner
                .peek(|world, now| Some((self.observe(world.get(key)?, &cx.owner, now), world.get(key)?.busy_until)))
                .ok_or_else(|| absent(key))?;
            match &observed.status {
                Status::Usable => return Ok(observed),
                Status::Pending(word) => {
                    (cx.progress)(word);
                    self.inner.wait_until(cx, until).await?;
                }
                Status::Failed(why) => {
                    return Err(Error::new(ErrorKind::Failed, format!("{} {} failed: {why}", key.kind, key.id)));
                }
                Status::Dying(_) => return Err(absent(key)),
            }
        }
    }

    /// What stands in the way, without a call.
    fn foresee(&self, cx: &Context, ask: Ask<'_>) -> Vec<Violation> {
        let facts = self.facts();
        self.inner.peek(|world, now| match ask {
            Ask::Create(new) => {
                let thing = self.inner.newborn(world, facts, &cx.region, new, now);
                let taken = holder(world, facts, &thing, None).filter(|other| {
                    let ours = matches!(owned(facts, other, &cx.owner), Owned::Ours { .. });
                    other.gone.is_none() && !ours && !self.completes(cx, other, new, now)
                });
                let attribute = facts.naming.map_or("", |naming| naming.attribute);
                taken
                    .map(|other| Violation::new(attribute, format!("the name {} is taken", other.name)))
                    .into_iter()
                    .collect()
            }
            Ask::Update(..) => Vec::new(),
            Ask::Delete(old, _) => {
                let on = world.get(&self.key(old)).and_then(|thing| protection(facts, thing));
                on.map(|name| {
                    Violation::new(name, "deletion protection is on")
                        .hint(format!("set `{name}: false`, apply, then delete"))
                })
                .into_iter()
                .collect()
            }
        })
    }

    pub(super) fn alter(&self, world: &mut World, key: &Key, change: impl FnOnce(&mut Thing)) -> Result<(), Refusal> {
        let mut thing = world.get(key).filter(|t| t.gone.is_none()).cloned().ok_or_else(|| not_found(key))?;
        let before = thing.attributes.clone();
        change(&mut thing);
        if thing.attributes != before {
            references_exist(world, self.facts(), &key.region, &thing.attributes)?;
        }
        world.put(thing);
        Ok(())
    }

    pub(super) fn key(&self, old: &Observed) -> Key {
        let region = place(self.facts(), &old.region);
        Key { kind: self.facts().name.into(), region: region.into(), id: old.id.as_str().into() }
    }

    /// How long a verb takes this time.
    pub(super) fn takes(&self, seconds: u32, what: &[&str]) -> Duration {
        let faults = self.inner.faults();
        let usual = Duration::from_secs(u64::from(seconds));
        if faults.strikes(faults.slow, what) { usual * 10 } else { usual }
    }

    /// How long each call of a verb takes, so that all of them fit into the verb's time.
    pub(super) fn latency(&self, takes: Duration, calls: u32) -> Duration {
        self.inner.latency.min(takes / (calls + 1))
    }
}

fn absent(key: &Key) -> Error {
    Error::new(ErrorKind::Absent, format!("there is no {} {}", key.kind, key.id))
}

fn not_found(key: &Key) -> Refusal {
    Refusal::new(ErrorKind::Absent, "NotFound", format!("there is no {} {}", key.kind, key.id))
}

/// Lets a thing begin to go, with all that lives in it; gives the time when it is gone, `None` when it is already.
fn begin_deletion(world: &mut World, facts: &'static Facts, key: &Key, until: Time) -> Result<Option<Time>, Refusal> {
    let Some(thing) = world.get(key) else { return Ok(None) };
    if let Some(gone) = thing.gone {
        return Ok(Some(gone));
    }
    can_go(world, facts, thing)?;
    let mut going = world.inside(thing);
    going.push(key.clone());
    for key in going {
        if let Some(thing) = world.get(&key).cloned() {
            let gone = Some(thing.gone.map_or(until, |gone| gone.min(until)));
            world.put(Thing { gone, ..thing });
        }
    }
    Ok(Some(until))
}

/// What takes out the settled attributes of a thing that is about to be deleted.
fn settled(facts: &'static Facts, thing: &Thing) -> Vec<Part> {
    let set = facts.declared.attributes.iter().filter(|a| a.settled && thing.attributes.contains_key(a.name));
    let parts = set.map(|attribute| (attribute, default(attribute, &thing.attributes)));
    parts
        .filter(|(attribute, value)| thing.attributes.get(attribute.name) != Some(value))
        .map(|(attribute, value)| Part::Attribute(attribute, value))
        .collect()
}
