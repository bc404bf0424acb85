//! What one step does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Run;
use super::lookups::Lookups;
use super::schedule::Finished;
use crate::engine::declare::{Declaration, Phase, declare, unwritten_name};
use crate::engine::diff;
use crate::engine::event::{Event, Report};
use crate::engine::ignore::Ignored;
use crate::engine::known::{Known, Within};
use crate::engine::lock::{STALENESS, Traces, mark};
use crate::engine::places::Places;
use crate::engine::plan::{Action, AttributeChange, Change, Step, StepId, Verb};
use crate::engine::planned::{Item, Planned};
use crate::engine::preflight;
use crate::engine::tags;
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::kind::{
    Address, Context, Declared, Facts, Instance, Kind, Map, Observed, Owned, PerVerb, Status, TagChange, Target, Value,
};

/// How much longer than its time-out a call may take that does not notice it.
const OVERTIME: Duration = Duration::from_secs(30);

/// Carries out the steps of a plan, and knows what they have led to.
pub(super) struct Work<'a> {
    planned: &'a Planned,
    run: &'a Run<'a>,
    calls: CancellationToken,
    known: Arc<Mutex<Known>>,
    lookups: Lookups<'a>,
    things: Mutex<Vec<Thing>>,
    /// What was made or marked, and when; nothing where something was perhaps made.
    made: Mutex<Vec<(Instant, Option<String>)>>,
}

/// What there is of one change.
#[derive(Clone, Default)]
struct Thing {
    /// What is current, or on its way to be.
    new: Option<Arc<Observed>>,
    /// What goes.
    old: Option<Arc<Observed>>,
}

/// An instance as it is to be, and all that was needed to find out.
struct Wanted<'a> {
    instance: &'a Instance,
    evaluated: Map,
    trigger: Value,
    declared: Declared,
}

impl<'a> Work<'a> {
    pub(super) fn new(planned: &'a Planned, run: &'a Run<'a>, calls: CancellationToken) -> Self {
        let thing = |(change, item): (&Change, &Item)| {
            let observed = item.observed.clone();
            let dying = observed.as_ref().is_some_and(|thing| matches!(thing.status, Status::Dying(_)));
            match change.action {
                Action::Replace { .. } | Action::Delete => Thing { new: None, old: observed },
                Action::Await if dying => Thing { new: None, old: observed },
                _ => Thing { new: observed, old: None },
            }
        };
        let known = Arc::new(Mutex::new(planned.known.clone()));
        Self {
            planned,
            run,
            calls,
            lookups: Lookups::new(run.account, &*planned.desired, Arc::clone(&known)),
            known,
            made: Mutex::default(),
            things: Mutex::new(planned.plan.changes.iter().zip(&planned.items).map(thing).collect()),
        }
    }

    /// How long a step may take.
    pub(super) fn patience(&self, step: &Step) -> Duration {
        let facts = self.planned.plan.changes.get(step.change).and_then(|change| self.kind(change).ok());
        let own = self.planned.items.get(step.change).and_then(|item| item.timeouts);
        let timeouts = own.or(facts.map(|kind| kind.facts().timeouts)).unwrap_or(PerVerb::new(600, 600, 600));
        Duration::from_secs(u64::from(match step.verb {
            Verb::Create | Verb::Settle | Verb::Wait => timeouts.create,
            Verb::Update | Verb::Retag => timeouts.update,
            Verb::Unsettle | Verb::Delete => timeouts.delete,
        }))
    }

    /// Carries out a step, which must be done at `deadline`.
    pub(super) async fn carry_out(&self, id: StepId, deadline: Instant) -> Result<Finished> {
        let plan = &self.planned.plan;
        let step = plan.steps.get(id.0).ok_or_else(|| Error::internal("there is no such step"))?;
        let (Some(change), Some(item)) = (plan.changes.get(step.change), self.planned.items.get(step.change)) else {
            return Err(Error::internal("a step belongs to no change"));
        };
        let cx = self.context(id, change, item, deadline);
        let work = self.perform(step, change, item, &cx);
        let late = || Error::new(ErrorKind::Timeout, "an API call did not come back in time");
        timeout_at(deadline + OVERTIME, work)
            .await
            .unwrap_or_else(|_| Err(late()))
            .map_err(|e| e.address(&change.address))
    }

    async fn perform(&self, step: &Step, change: &Change, item: &Item, cx: &Context) -> Result<Finished> {
        let kind = self.kind(change)?;
        let at = step.change;
        match step.verb {
            Verb::Create => {
                let wanted = self.wanted(change, Phase::Create, None, cx).await?;
                preflight::late(&**kind, self.planned, change, &wanted.declared, None, cx).await?;
                let made = kind.create(cx, &wanted.declared).await;
                if !made.as_ref().is_err_and(|error| refused(kind.facts(), error)) {
                    self.marked(change, made.is_ok());
                }
                let made = made?;
                Ok(self.now(at, change, &wanted.evaluated, made))
            }
            Verb::Settle => {
                let made = self.new_thing(at)?;
                self.bring(at, change, kind, &made, Allowed::Anything, cx).await
            }
            Verb::Update => {
                let live = self.new_thing(at)?;
                self.bring(at, change, kind, &live, Allowed::Planned, cx).await
            }
            Verb::Wait => {
                let old = self.things()[at].old.clone();
                if let Some(old) = old {
                    let usable = kind.wait(cx, &old).await?;
                    self.things()[at].old = Some(Arc::new(usable));
                    return Ok(Finished { id: Some(old.id.clone()), unneeded: false });
                }
                let usable = kind.wait(cx, &*self.new_thing(at)?).await?;
                // What it refers to may still be on its way: an update, if there is one, comes later.
                let (_, evaluated, _) = self.evaluate(change, Some(&usable))?;
                Ok(self.now(at, change, &evaluated, usable))
            }
            Verb::Retag => {
                let live = self.new_thing(at)?;
                kind.retag(cx, &live, &item.retag).await?;
                if change.action != Action::Release {
                    self.marked(change, true);
                }
                let id = Some(live.id.clone());
                self.things()[at].new = Some(Arc::new(retagged(&live, change, &item.retag)));
                Ok(Finished { id, unneeded: false })
            }
            Verb::Unsettle => {
                let (Some(live), Some(to)) = (self.things()[at].old.clone(), &item.unsettled) else {
                    return Err(Error::internal("nothing is known of what is to be taken apart"));
                };
                let left = kind.update(cx, to, &live).await?;
                self.things()[at].old = Some(Arc::new(left));
                Ok(Finished { id: Some(live.id.clone()), unneeded: false })
            }
            Verb::Delete => {
                let old = self.things()[at].old.clone();
                let old = old.ok_or_else(|| Error::internal("nothing is known of what is to be deleted"))?;
                kind.delete(cx, &old, &item.deletion).await?;
                self.things()[at].old = None;
                Ok(Finished { id: Some(old.id.clone()), unneeded: false })
            }
        }
    }

    /// Updates a thing to what is wanted now, as far as the plan allows.
    async fn bring(
        &self,
        at: usize,
        change: &Change,
        kind: &Arc<dyn Kind>,
        live: &Observed,
        allowed: Allowed,
        cx: &Context,
    ) -> Result<Finished> {
        let wanted = self.wanted(change, Phase::Whole, Some(live), cx).await?;
        let differs = self.differences(kind.facts(), change, &wanted, live);
        if allowed == Allowed::Planned {
            no_larger(change, &differs)?;
            if let Some((attribute, why)) = kind.must_replace(&wanted.declared.attributes, &live.attributes) {
                return Err(stale(format!("`{attribute}` would force a replacement: {why}")));
            }
        }
        if differs.is_empty() {
            let finished = self.now(at, change, &wanted.evaluated, live.clone());
            return Ok(Finished { unneeded: true, ..finished });
        }
        if allowed == Allowed::Planned {
            preflight::late(&**kind, self.planned, change, &wanted.declared, Some(live), cx).await?;
        }
        let updated = kind.update(cx, &wanted.declared, live).await?;
        if change.action == Action::Adopt {
            self.marked(change, true);
        }
        Ok(self.now(at, change, &wanted.evaluated, updated))
    }

    fn differences(&self, facts: &Facts, change: &Change, wanted: &Wanted, live: &Observed) -> Vec<AttributeChange> {
        let Wanted { instance, evaluated, trigger, .. } = wanted;
        let lifecycle = &instance.lifecycle;
        let ignored = Ignored::new(&lifecycle.ignore_changes);
        let marks =
            tags::marks(&self.planned.plan.owner, facts, &change.address, change.generation, lifecycle, trigger);
        let mut differs = diff::attributes(facts.declared, evaluated, &live.attributes, &ignored);
        differs.extend(diff::versions(facts, evaluated, &live.tags));
        differs.extend(diff::tags(live, evaluated, &marks, lifecycle, &self.planned.tag_rules));
        differs
    }

    fn instance(&self, change: &Change) -> Result<&'a Instance> {
        let instance = self.planned.desired.instances().get(&change.address);
        instance.ok_or_else(|| Error::internal("the stack has no such instance"))
    }

    /// The attributes of an instance, and what triggers its replacement, as far as they are known now.
    fn evaluate(&self, change: &Change, observed: Option<&Observed>) -> Result<(&'a Instance, Map, Value)> {
        let (instance, known) = (self.instance(change)?, self.known());
        let evaluated = self.evaluate_in(&known, instance, change, observed)?;
        Ok((instance, evaluated, self.planned.desired.trigger(instance, &*known).map_err(Error::invalid)?))
    }

    fn evaluate_in(
        &self,
        known: &Known,
        instance: &Instance,
        change: &Change,
        observed: Option<&Observed>,
    ) -> Result<Map> {
        let plan = &self.planned.plan;
        let name = unwritten_name(&plan.owner, &plan.account, instance, change.generation, observed);
        let world = Within { known, address: &instance.address, name };
        self.planned.desired.evaluate(instance, &world).map_err(Error::invalid)
    }

    /// What an instance is to be now, and all lookups that it takes. Everything that the phase declares must be known.
    async fn wanted(
        &self,
        change: &Change,
        phase: Phase,
        observed: Option<&Observed>,
        cx: &Context,
    ) -> Result<Wanted<'a>> {
        self.lookups.answer(&self.instance(change)?.references, cx).await?;
        let facts = self.kind(change)?.facts();
        let declared = |instance: &'a Instance, evaluated: &Map, trigger: &Value| {
            let declaration = Declaration {
                owner: &self.planned.plan.owner,
                account: &self.planned.plan.account,
                facts,
                instance,
                evaluated,
                trigger,
                generation: change.generation,
                tag_rules: &self.planned.tag_rules,
            };
            declare(declaration, phase, observed)
        };
        let (instance, evaluated, trigger) = self.evaluate(change, observed)?;
        let mut declared_now = declared(instance, &evaluated, &trigger);
        if let Some(known) = self.fetched(instance, facts, &declared_now, cx).await? {
            // Only for this call: what was fetched is kept nowhere.
            let with_secrets = self.evaluate_in(&known, instance, change, observed)?;
            declared_now = declared(instance, &with_secrets, &trigger);
        }
        let declared = declared_now;
        let tags = evaluated.get_key_value("tags");
        for (name, value) in declared.attributes.iter().chain(tags) {
            if !value.is_known() {
                return Err(not_known(name, value));
            }
        }
        Ok(Wanted { instance, evaluated, trigger, declared })
    }

    /// The world with what has to be fetched for the write-only attributes that are sent now; `None` for nothing.
    async fn fetched(
        &self,
        instance: &Instance,
        facts: &Facts,
        declared: &Declared,
        cx: &Context,
    ) -> Result<Option<Known>> {
        let secret = |from: &str| facts.declared.attribute(from).is_some_and(|attribute| attribute.write_only);
        let sent = |from: &str| declared.attributes.get(from).is_some_and(|value| !value.is_known());
        let mut world = None;
        for reference in instance.references.iter().filter(|reference| secret(&reference.from) && sent(&reference.from))
        {
            let (Target::Instance(to), Some(output)) = (&reference.to, &reference.attribute) else { continue };
            let Some(source) = self.planned.desired.instances().get(to) else { continue };
            if !source.facts.outputs.attribute(output).is_some_and(|output| output.write_only) {
                continue;
            }
            let thing = self.lives(to).ok_or_else(|| {
                Error::new(ErrorKind::Stale, format!("nothing is known of `{to}`"))
                    .hint("apply what it waits for first")
            })?;
            let cx = Context {
                region: source.place().into(),
                role_arn: source.role_arn.as_deref().map(Into::into),
                ..cx.clone()
            };
            let value = self.run.account.registry().expect(source.kind)?.fetch(&cx, &thing, output).await?;
            let known = world.take().unwrap_or_else(|| self.known().clone());
            world = Some(known.with(to, output, value.sensitive()));
        }
        Ok(world)
    }

    /// What lives of an address now.
    fn lives(&self, address: &Address) -> Option<Arc<Observed>> {
        let changed = self.planned.plan.changes.iter().position(|change| change.address == *address);
        let new = changed.and_then(|at| self.things().get(at)?.new.clone());
        new.or_else(|| self.planned.current.get(address).cloned())
    }

    /// Remembers that a thing has its mark since now, or perhaps has it.
    fn marked(&self, change: &Change, surely: bool) {
        let mark = surely.then(|| mark(change.kind, &change.address, change.generation));
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), mark));
    }

    /// Remembers what a thing looks like now, for the steps that refer to it.
    fn now(&self, at: usize, change: &Change, evaluated: &Map, thing: Observed) -> Finished {
        if let Ok(kind) = self.kind(change) {
            self.known().learn(kind.facts(), &change.address, evaluated, &thing);
        }
        let id = Some(thing.id.clone());
        self.things()[at].new = Some(Arc::new(thing));
        Finished { id, unneeded: false }
    }

    /// Adds to the report what the stack's outputs are now, and what there is.
    pub(super) async fn finish(&self, report: &mut Report) {
        let plan = &self.planned.plan;
        let things = self.things().clone();
        let changed = things.into_iter().flat_map(|thing| [thing.new, thing.old]).flatten();
        let all: Vec<_> =
            self.planned.current.values().cloned().chain(changed).filter(|thing| thing.ours().is_some()).collect();
        // A thing is counted once, however many changes concern it.
        let there: BTreeSet<_> = all.iter().map(|thing| (&thing.region, thing.kind, &thing.id)).collect();
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let lately: Vec<_> =
            made.into_iter().filter(|(at, _)| at.elapsed() < STALENESS).map(|(_, mark)| mark).collect();
        report.traces = Traces {
            cut_off: report.uncertain(),
            unsure: lately.contains(&None),
            made: lately.into_iter().flatten().collect(),
        };
        report.things = there.len();
        report.places = Places::of(&all, self.run.account.registry());
        if plan.destroy {
            return;
        }
        let desired = &*self.planned.desired;
        if report.succeeded() {
            let cx = self.plain_context(&plan.region, Instant::now());
            if let Err(error) = self.lookups.answer_all(&cx).await {
                let problem = Problem::warning(error.to_string());
                report.problems.push(error.hints.into_iter().fold(problem, Problem::hint));
            }
        }
        let outputs = desired.outputs(&*self.known());
        match outputs {
            Ok(outputs) => report.outputs = outputs,
            Err(problems) => report.problems.extend(problems),
        }
    }

    fn context(&self, id: StepId, change: &Change, item: &Item, deadline: Instant) -> Context {
        let events = Arc::clone(&self.run.events);
        Context {
            role_arn: item.role_arn.as_deref().map(Into::into),
            progress: Arc::new(move |words| events(Event::Progress(id, words.to_owned()))),
            ..self.plain_context(&change.region, deadline)
        }
    }

    fn plain_context(&self, region: &str, deadline: Instant) -> Context {
        Context {
            owner: self.planned.plan.owner.clone(),
            account: self.planned.plan.account.as_str().into(),
            region: region.into(),
            role_arn: None,
            nonce: Arc::clone(&self.run.nonce),
            deadline,
            cancel: self.calls.clone(),
            progress: Arc::new(|_| {}),
            careful: self.run.careful,
            together: None,
        }
    }

    fn kind(&self, change: &Change) -> Result<&'a Arc<dyn Kind>> {
        self.run.account.registry().expect(change.kind)
    }

    fn new_thing(&self, at: usize) -> Result<Arc<Observed>> {
        let thing = self.things().get(at).and_then(|thing| thing.new.clone());
        thing.ok_or_else(|| Error::internal("nothing is known of what is to be changed"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn things(&self) -> MutexGuard<'_, Vec<Thing>> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether AWS has refused the very call that makes a thing, so that nothing can be there.
pub(super) fn refused(facts: &Facts, error: &Error) -> bool {
    let certain = matches!(error.kind, ErrorKind::Aws | ErrorKind::Denied | ErrorKind::Conflict);
    certain
        && error.code().is_some()
        && error.call.as_ref().is_some_and(|call| facts.actions.create.first() == Some(&call.action.as_str()))
}

/// What an update may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// Anything: the thing was made a moment ago.
    Anything,
    /// What was planned, or less.
    Planned,
}

/// At apply a change may turn out smaller than planned, never larger.
fn no_larger(change: &Change, differs: &[AttributeChange]) -> Result<()> {
    if let Some(forcing) = differs.iter().find(|differs| differs.forces) {
        return Err(stale(format!("`{}` turned out to change, and that would replace it", forcing.name)));
    }
    let planned = |name: &str| change.attributes.iter().any(|attribute| attribute.name == name);
    match differs.iter().find(|differs| !planned(&differs.name)) {
        Some(other) => Err(stale(format!("`{}` turned out to change, which was not planned", other.name))),
        None => Ok(()),
    }
}

fn stale(message: String) -> Error {
    Error::new(ErrorKind::Stale, message).hint("plan again: the plan was made for what is no longer so")
}

/// The error of a value that is still not known when it is needed.
pub(super) fn not_known(name: &str, value: &Value) -> Error {
    let waits: Vec<String> = value.waits_for().into_iter().collect();
    let message = if waits.is_empty() {
        format!("`{name}` is not known")
    } else {
        format!("`{name}` is not known: it waits for {}", waits.join(", "))
    };
    Error::new(ErrorKind::Stale, message).hint("apply what it waits for first")
}

fn retagged(thing: &Observed, change: &Change, tags: &TagChange) -> Observed {
    let mut thing = thing.clone();
    thing.tags.retain(|key, _| !tags.remove.contains(key));
    thing.tags.extend(tags.set.clone());
    thing.owned = match change.action {
        Action::Release => Owned::Foreign(None),
        _ => Owned::Ours { address: change.address.clone(), generation: change.generation },
    };
    thing
}
