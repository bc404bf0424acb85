//! A run that may change things: it holds the lock from before its plan is made until its ledger is written.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::event::{Outcome, Report};
use super::ledger::{self, Ledger, Run};
use super::lock::{self, Doubt, Lease, Lock, Request, Traces};
use super::places::Places;
use super::plan::{Action, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Owner, Store};

/// How long writing the ledger may take: nothing depends on it.
const NOTE: Duration = Duration::from_secs(10);

/// A run that may change things.
pub struct Session {
    store: Arc<dyn Store>,
    owner: Owner,
    lock: Lock,
    ledger: Option<Ledger>,
}

/// Who makes a run, for the ledger.
#[derive(Clone, Debug, Default)]
pub struct Author {
    /// User and machine, or the caller's ARN.
    pub who: String,
    /// The git commit of the stack, if it is in a repository.
    pub commit: Option<String>,
    /// Where the run can be looked at, in CI.
    pub run: Option<String>,
}

impl Session {
    /// Takes the lock, and reads the ledger.
    pub async fn begin(request: Request<'_>) -> Result<Self> {
        let (store, owner) = (Arc::clone(&request.store), request.owner.clone());
        let lock = lock::acquire(request).await?;
        match Ledger::read(&*store, &owner).await {
            Ok(ledger) => Ok(Self { store, owner, lock, ledger }),
            Err(error) => {
                lock.release(Traces::default()).await?;
                Err(error)
            }
        }
    }

    /// What earlier runs noted.
    #[must_use]
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Tells whether the lock is still held.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lock.lease().clone()
    }

    /// How far lists may be trusted, in view of what the last run did: all that a plan is made of is read through it.
    #[must_use]
    pub fn doubt(&self) -> &Doubt {
        self.lock.doubt()
    }

    /// Whether the last run was cut off, so that what it made may not be visible yet.
    #[must_use]
    pub fn careful(&self) -> bool {
        self.doubt().traces().cut_off
    }

    /// Notes where a plan will make things, unless that is noted or read in any case: should the run be cut off, and
    /// the entries leave the file before the next one, they are found nevertheless.
    pub async fn announce(&mut self, plan: &Plan, ahead: &Places) -> Result<()> {
        let mut ledger = self.ledger.clone().unwrap_or_default();
        ledger.places.regions.insert(plan.region.clone());
        if !ledger.places.contain(ahead) {
            ledger.places.extend(ahead);
            self.ledger = Some(ledger.put(&*self.store, &self.owner).await?);
        }
        Ok(())
    }

    /// Gives the lock back without having changed anything.
    pub async fn abandon(self) -> Result<()> {
        // Nothing was looked for closely: the next run must do what this one would have done.
        let traces = self.doubt().traces().clone();
        self.lock.release(traces).await
    }

    /// Writes what was done into the ledger (after a complete destroy it is removed), and gives the lock back.
    pub async fn end(self, plan: &Plan, report: &Report, author: Author) -> Result<()> {
        let noted = if self.lock.lease().check().is_ok() {
            let late = |_| Err(Error::new(ErrorKind::Unavailable, "the ledger could not be written in time"));
            timeout(NOTE, self.note(plan, report, author)).await.unwrap_or_else(late)
        } else {
            Ok(())
        };
        let mut traces = report.traces.clone();
        let gone = plan.changes.iter().filter_map(|change| match &change.action {
            Action::Delete | Action::Replace { .. } | Action::Release => Some((change.kind, &change.address)),
            Action::Move { from } => Some((change.kind, from)),
            Action::Create | Action::Update | Action::Adopt | Action::Await => None,
        });
        traces.made.extend(self.doubt().lasting(gone));
        let released = self.lock.release(traces).await;
        noted.and(released)
    }

    async fn note(&self, plan: &Plan, report: &Report, author: Author) -> Result<()> {
        if plan.destroy && report.things == 0 && report.succeeded() {
            return self.store.delete(&[ledger::name(&self.owner)]).await;
        }
        let mut ledger = self.ledger.clone().unwrap_or_default();
        let as_noted = ledger.things == report.things && ledger.places == report.places;
        if plan.is_empty() && as_noted {
            return Ok(());
        }
        if report.succeeded() {
            ledger.places = Places::default();
        }
        ledger.places.extend(&report.places);
        ledger.things = report.things;
        ledger.write(&*self.store, &self.owner, run(plan, report, author)).await.map(drop)
    }
}

/// The note of a run: its changes of which every step is done.
fn run(plan: &Plan, report: &Report, author: Author) -> Run {
    let mut done = vec![true; plan.changes.len()];
    for (step, outcome) in plan.steps.iter().zip(&report.outcomes) {
        if let Some(done) = done.get_mut(step.change) {
            *done &= matches!(outcome, Outcome::Done);
        }
    }
    let count = |wanted: fn(&Action) -> bool| {
        plan.changes.iter().zip(&done).filter(|(change, done)| **done && wanted(&change.action)).count()
    };
    Run {
        at: 0.0,
        who: author.who,
        commit: author.commit,
        run: author.run,
        created: count(|action| *action == Action::Create),
        updated: count(|action| *action == Action::Update),
        replaced: count(|action| matches!(action, Action::Replace { .. })),
        deleted: count(|action| *action == Action::Delete),
        succeeded: report.succeeded(),
    }
}
