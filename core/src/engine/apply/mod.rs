//! Carrying out a plan: nothing is decided here but when each step begins.

mod interrupt;
mod lookups;
mod schedule;
#[cfg(test)]
mod tests;
mod weight;
mod work;

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::event::{Event, Report};
use super::lock::Lease;
use super::planned::Planned;
use crate::kind::Account;
pub use interrupt::Interrupt;
pub use weight::expected;

/// Where events go.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// What carrying out a plan needs besides the plan.
#[derive(Clone)]
pub struct Run<'a> {
    /// Where.
    pub account: &'a dyn Account,
    /// A text that differs from run to run; part of idempotency tokens.
    pub nonce: Arc<str>,
    /// The most steps at a time; `None` for as many as the plan allows.
    pub parallelism: Option<NonZeroUsize>,
    /// Whether the last run of this owner was cut off.
    pub careful: bool,
    /// Tells whether the lock is still held; `None` where no lock is needed.
    pub lease: Option<Lease>,
    /// How it is told to stop.
    pub interrupt: Interrupt,
    /// Is told what happens.
    pub events: Sink,
}

/// Carries out a plan: each step as soon as what it needs is done.
///
/// A step that fails takes only those with it that need it. The report says what became of each step; the outputs of
/// the stack are in it as far as they are known.
pub async fn apply(planned: &Planned, run: &Run<'_>) -> Report {
    let calls = CancellationToken::new();
    let work = work::Work::new(planned, run, calls.clone());
    let registry = run.account.registry();
    let schedule = schedule::Schedule {
        steps: &planned.plan.steps,
        weights: weight::weights(&planned.plan, registry),
        patience: planned.plan.steps.iter().map(|step| work.patience(step)).collect(),
        parallelism: run.parallelism,
        interrupt: &run.interrupt,
        lease: run.lease.as_ref(),
        calls,
        events: &run.events,
    };
    let mut report = schedule.walk(|step, deadline| Box::pin(work.carry_out(step, deadline))).await;
    work.finish(&mut report).await;
    report
}
