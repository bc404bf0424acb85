mod before;
mod draft;
mod schedule;
mod stops;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::schedule::{Finished, Schedule};
use super::{Interrupt, Sink};
use crate::engine::event::{Event, Outcome, Report};
use crate::engine::lock::Lease;
use crate::engine::plan::{Step, StepId, Verb};
use crate::error::{Error, ErrorKind, Result};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One try of a step.
#[derive(Clone, Debug)]
enum Try {
    /// Done after so many seconds.
    Takes(u64),
    /// Fails after so many seconds.
    Fails(u64, ErrorKind),
    /// Makes calls of a second each until it is done, and begins none once the run was told to stop.
    Calls(u64),
    /// Does not notice that the run was told to stop.
    Deaf,
}

/// Steps with a script for each.
#[derive(Default)]
struct Script {
    steps: Vec<Step>,
    tries: Vec<VecDeque<Try>>,
    patience: BTreeMap<usize, u64>,
    parallelism: Option<usize>,
    lease: Option<Lease>,
    interrupt: Interrupt,
}

/// What happened, with the second at which it did.
struct Played {
    report: Report,
    log: Vec<String>,
    took: Duration,
    /// The most steps that ran at a time.
    most: usize,
}

impl Script {
    fn step(&mut self, verb: Verb, needs: &[usize], tries: impl IntoIterator<Item = Try>) -> usize {
        let needs = needs.iter().copied().map(StepId).collect();
        self.steps.push(Step { change: self.steps.len(), verb, needs });
        self.tries.push(tries.into_iter().collect());
        self.steps.len() - 1
    }

    fn create(&mut self, needs: &[usize], seconds: u64) -> usize {
        self.step(Verb::Create, needs, [Try::Takes(seconds)])
    }

    async fn play(self) -> Played {
        let begun = Instant::now();
        let log = Arc::new(Mutex::new(Vec::new()));
        let events: Sink = {
            let log = Arc::clone(&log);
            Arc::new(move |event| log.lock().unwrap().push(format!("{} {}", begun.elapsed().as_secs(), words(&event))))
        };
        let calls = CancellationToken::new();
        let running = Arc::new(Mutex::new((0_usize, 0_usize)));
        let tries = Arc::new(Mutex::new(self.tries));
        let weights = weights(&self.steps, &tries.lock().unwrap());
        let schedule = Schedule {
            steps: &self.steps,
            weights,
            patience: (0..self.steps.len()).map(|i| secs(self.patience.get(&i).copied().unwrap_or(600))).collect(),
            parallelism: self.parallelism.and_then(NonZeroUsize::new),
            interrupt: &self.interrupt,
            lease: self.lease.as_ref(),
            calls: calls.clone(),
            events: &events,
        };
        let report = schedule
            .walk(|step, deadline| {
                let next = tries.lock().unwrap()[step.0].pop_front().unwrap_or(Try::Takes(0));
                let (running, calls) = (Arc::clone(&running), calls.clone());
                Box::pin(async move {
                    {
                        let (now, most) = &mut *running.lock().unwrap();
                        *now += 1;
                        *most = (*most).max(*now);
                    }
                    let result = attempt(next, deadline, &calls).await;
                    running.lock().unwrap().0 -= 1;
                    result
                })
            })
            .await;
        let log = log.lock().unwrap().clone();
        let most = running.lock().unwrap().1;
        Played { report, log, took: begun.elapsed(), most }
    }
}

async fn attempt(attempt: Try, deadline: Instant, calls: &CancellationToken) -> Result<Finished> {
    if Instant::now() >= deadline {
        return Err(Error::new(ErrorKind::Timeout, "it is too late"));
    }
    match attempt {
        Try::Takes(n) => sleep(secs(n)).await,
        Try::Fails(n, kind) => {
            sleep(secs(n)).await;
            return Err(Error::new(kind, "it is so"));
        }
        Try::Calls(n) => {
            for _ in 0..n {
                if calls.is_cancelled() {
                    return Err(Error::new(ErrorKind::Cancelled, "stopped before it was done"));
                }
                sleep(secs(1)).await;
            }
        }
        Try::Deaf => sleep_until(deadline).await,
    }
    Ok(Finished { id: Some("x-1".to_owned()), unneeded: false })
}

/// The longest way from the beginning of each step to the end, as the planner would estimate it.
fn weights(steps: &[Step], tries: &[VecDeque<Try>]) -> Vec<u64> {
    let takes = |i: usize| match tries[i].front() {
        Some(Try::Takes(n) | Try::Calls(n)) => *n,
        _ => 1,
    };
    let mut weights: Vec<u64> = (0..steps.len()).map(takes).collect();
    // The steps of a script need only earlier ones.
    for i in (0..steps.len()).rev() {
        for need in &steps[i].needs {
            weights[need.0] = weights[need.0].max(takes(need.0) + weights[i]);
        }
    }
    weights
}

fn words(event: &Event) -> String {
    match event {
        Event::Started(step) => format!("{} started", step.0),
        Event::Progress(step, what) => format!("{} {what}", step.0),
        Event::Done { step, .. } => format!("{} done", step.0),
        Event::Unneeded(step) => format!("{} unneeded", step.0),
        Event::Failed { step, error, .. } => format!("{} failed: {}", step.0, error.message),
        Event::Skipped { step, because } => format!("{} skipped because of {}", step.0, because.0),
        Event::Stopping => "stopping".to_owned(),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed(error) => format!("{:?}", error.kind),
        Outcome::Skipped(step) => format!("skipped {}", step.0),
        Outcome::NotStarted => "not started".to_owned(),
    }
}

fn outcomes(report: &Report) -> Vec<String> {
    report.outcomes.iter().map(outcome).collect()
}
