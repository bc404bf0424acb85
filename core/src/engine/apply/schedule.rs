//! When each step begins: a ready queue without level barriers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Interrupt, Sink};
use crate::engine::event::{Event, Outcome, Report};
use crate::engine::lock::Lease;
use crate::engine::plan::{Step, StepId, Verb};
use crate::error::{Error, ErrorKind, Result};

/// How long what is under way may go on after the run was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How soon a deletion that something blocks is tried again, and how long that may become at the most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));

/// The steps of a plan and the rules of walking them.
pub(super) struct Schedule<'a> {
    pub(super) steps: &'a [Step],
    /// Of the steps that could begin, those with the longest way to go begin first.
    pub(super) weights: Vec<u64>,
    /// How long each step may take, tries again included.
    pub(super) patience: Vec<Duration>,
    pub(super) parallelism: Option<NonZeroUsize>,
    pub(super) interrupt: &'a Interrupt,
    pub(super) lease: Option<&'a Lease>,
    /// Cancelled when no new call may be made.
    pub(super) calls: CancellationToken,
    pub(super) events: &'a Sink,
}

/// How a step ended well.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// What AWS calls the thing, where there is one now.
    pub(super) id: Option<String>,
    /// Whether there was nothing to do.
    pub(super) unneeded: bool,
}

/// A try that has come to an end: of which step, how many deletions had ended when it began, and its result.
type Ended = (StepId, u64, Result<Finished>);

impl Schedule<'_> {
    /// Carries out the steps with `carry_out`, which is given the step and the time by which it must be done.
    pub(super) async fn walk<'f>(
        self,
        carry_out: impl Fn(StepId, Instant) -> BoxFuture<'f, Result<Finished>>,
    ) -> Report {
        let mut walk = Walk::new(self);
        let mut flying: FuturesUnordered<BoxFuture<'f, Ended>> = FuturesUnordered::new();
        loop {
            while let Some((step, deadline)) = walk.next(flying.len()) {
                let (deletions, work) = (walk.deletions, carry_out(step, deadline));
                flying.push(Box::pin(async move { (step, deletions, work.await) }));
            }
            if flying.is_empty() && (walk.stop_by.is_some() || walk.parked.is_empty()) {
                break;
            }
            let (interrupt, lease, stop_by) = (walk.plan.interrupt, walk.plan.lease, walk.stop_by);
            tokio::select! {
                biased;
                () = interrupt.kill.cancelled() => {
                    walk.stop(None);
                    break;
                }
                () = interrupt.stop.cancelled(), if stop_by.is_none() => walk.stop(None),
                error = lost(lease), if stop_by.is_none() => walk.stop(Some(error)),
                Some(ended) = flying.next(), if !flying.is_empty() => walk.ended(ended),
                () = until(walk.wake_at()) => walk.wake_due(),
                () = until(stop_by) => break,
            }
        }
        walk.report()
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn lost(lease: Option<&Lease>) -> Error {
    match lease {
        Some(lease) => lease.lost().await,
        None => std::future::pending().await,
    }
}

struct Walk<'a> {
    plan: Schedule<'a>,
    /// Of each step, how many that it needs are not done.
    missing: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    ready: BinaryHeap<(u64, Reverse<StepId>)>,
    begun: Vec<Option<Instant>>,
    tries: Vec<u32>,
    outcomes: Vec<Option<Outcome>>,
    /// When to try deletions again that something blocks.
    parked: BTreeMap<StepId, Instant>,
    /// What stood in the way of a step the last time.
    blocks: Vec<Option<Error>>,
    /// How many steps that take something away have ended.
    deletions: u64,
    /// When to leave what is under way, once told to stop.
    stop_by: Option<Instant>,
    lost: Option<Box<Error>>,
}

impl<'a> Walk<'a> {
    fn new(plan: Schedule<'a>) -> Self {
        let count = plan.steps.len();
        let mut dependents = vec![Vec::new(); count];
        for (i, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                if let Some(list) = dependents.get_mut(need.0) {
                    list.push(StepId(i));
                }
            }
        }
        let mut walk = Self {
            missing: plan.steps.iter().map(|step| step.needs.len()).collect(),
            dependents,
            ready: BinaryHeap::new(),
            begun: vec![None; count],
            tries: vec![0; count],
            outcomes: vec![None; count],
            parked: BTreeMap::new(),
            blocks: vec![None; count],
            deletions: 0,
            stop_by: None,
            lost: None,
            plan,
        };
        for i in 0..count {
            if walk.missing[i] == 0 {
                walk.enqueue(StepId(i));
            }
        }
        walk
    }

    fn say(&self, event: Event) {
        (self.plan.events)(event);
    }

    fn enqueue(&mut self, step: StepId) {
        self.ready.push((self.plan.weights[step.0], Reverse(step)));
    }

    /// The next step that may begin now, and by when it must be done.
    fn next(&mut self, flying: usize) -> Option<(StepId, Instant)> {
        let full = self.plan.parallelism.is_some_and(|most| flying >= most.get());
        if full || self.stop_by.is_some() || self.ready.is_empty() {
            return None;
        }
        if self.plan.interrupt.stop.is_cancelled() {
            self.stop(None);
            return None;
        }
        if let Some(Err(error)) = self.plan.lease.map(Lease::check) {
            self.stop(Some(error));
            return None;
        }
        let step = loop {
            let (_, Reverse(step)) = self.ready.pop()?;
            match self.blocks[step.0].take() {
                // What stood in the way says more than that the time is up.
                Some(error) if Instant::now() >= self.deadline(step) => self.failed(step, error),
                _ => break step,
            }
        };
        if self.begun[step.0].is_none() {
            self.begun[step.0] = Some(Instant::now());
            self.say(Event::Started(step));
        }
        Some((step, self.deadline(step)))
    }

    fn deadline(&self, step: StepId) -> Instant {
        self.begun[step.0].unwrap_or_else(Instant::now) + self.plan.patience[step.0]
    }

    fn took(&self, step: StepId) -> Duration {
        self.begun[step.0].map(|begun| begun.elapsed()).unwrap_or_default()
    }

    fn ended(&mut self, (step, deletions, result): Ended) {
        let verb = self.plan.steps[step.0].verb;
        match result {
            Ok(finished) => self.done(step, verb, finished),
            Err(error) if error.kind == ErrorKind::Blocked && verb == Verb::Delete && self.stop_by.is_none() => {
                self.blocked(step, deletions, error);
            }
            Err(error) => self.failed(step, error),
        }
    }

    fn done(&mut self, step: StepId, verb: Verb, finished: Finished) {
        self.say(if finished.unneeded {
            Event::Unneeded(step)
        } else {
            Event::Done { step, id: finished.id, took: self.took(step) }
        });
        self.outcomes[step.0] = Some(Outcome::Done);
        if matches!(verb, Verb::Delete | Verb::Unsettle) {
            self.deletions += 1;
            for parked in std::mem::take(&mut self.parked).into_keys() {
                self.enqueue(parked);
            }
        }
        for dependent in self.dependents[step.0].clone() {
            self.missing[dependent.0] -= 1;
            if self.missing[dependent.0] == 0 && self.outcomes[dependent.0].is_none() {
                self.enqueue(dependent);
            }
        }
    }

    fn blocked(&mut self, step: StepId, deletions: u64, error: Error) {
        let now = Instant::now();
        if now >= self.deadline(step) {
            return self.failed(step, error);
        }
        if deletions != self.deletions {
            return self.enqueue(step);
        }
        let (first, most) = BACKOFF;
        let wait = first.saturating_mul(1 << self.tries[step.0].min(8)).min(most);
        self.tries[step.0] += 1;
        let wake_at = (now + wait).min(self.deadline(step));
        let blocks = std::iter::once(&error.message).chain(&error.hints).map(String::as_str).collect::<Vec<_>>();
        self.say(Event::Progress(step, format!("waits: {}", blocks.join("; "))));
        self.blocks[step.0] = Some(error);
        self.parked.insert(step, wake_at);
    }

    fn wake_at(&self) -> Option<Instant> {
        self.parked.values().min().copied()
    }

    fn wake_due(&mut self) {
        let now = Instant::now();
        let due: Vec<_> = self.parked.iter().filter(|(_, wake_at)| **wake_at <= now).map(|(step, _)| *step).collect();
        for step in due {
            self.parked.remove(&step);
            self.enqueue(step);
        }
    }

    fn failed(&mut self, step: StepId, error: Error) {
        let skips = error.kind != ErrorKind::Cancelled;
        self.say(Event::Failed { step, error: Box::new(error.clone()), took: self.took(step) });
        self.outcomes[step.0] = Some(Outcome::Failed(Box::new(error)));
        let mut affected = if skips { self.dependents[step.0].clone() } else { Vec::new() };
        while let Some(dependent) = affected.pop() {
            if self.outcomes[dependent.0].is_none() {
                self.say(Event::Skipped { step: dependent, because: step });
                self.outcomes[dependent.0] = Some(Outcome::Skipped(step));
                affected.extend_from_slice(&self.dependents[dependent.0]);
            }
        }
    }

    /// Begins nothing more; what is under way makes no new calls and gets a while to come to an end.
    fn stop(&mut self, lost: Option<Error>) {
        if self.stop_by.is_some() {
            return;
        }
        self.stop_by = Some(Instant::now() + GRACE);
        self.lost = lost.map(Box::new);
        self.plan.calls.cancel();
        self.say(Event::Stopping);
        for step in std::mem::take(&mut self.parked).into_keys() {
            if let Some(error) = self.blocks[step.0].take() {
                self.failed(step, error);
            }
        }
    }

    fn report(mut self) -> Report {
        for i in 0..self.outcomes.len() {
            if self.outcomes[i].is_none() && self.begun[i].is_some() {
                let queued = self.ready.iter().any(|(_, Reverse(step))| step.0 == i);
                let error = if queued {
                    Error::new(ErrorKind::Cancelled, "stopped before it was tried again")
                } else {
                    Error::new(ErrorKind::Cancelled, "left under way when the run stopped")
                };
                self.failed(StepId(i), error.hint("the next plan finds what has become of it"));
            }
        }
        Report {
            outcomes: self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotStarted)).collect(),
            stopped: self.stop_by.is_some(),
            lost: self.lost,
            ..Report::default()
        }
    }
}
