//! One API call: latency, faults, effect, count.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::Time;
use super::outputs::{HEX, choose};
use super::world::World;
use super::{Faults, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::Context;

/// How often a throttled call is tried before patience ends.
const TRIES: u32 = 8;

/// A call to be made.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// IAM action.
    pub(super) action: &'a str,
    /// Whether it changes something.
    pub(super) writes: bool,
    /// How long the answer takes.
    pub(super) latency: Duration,
    /// Whether doing it twice is the same as doing it once: then a lost answer is asked for again.
    pub(super) idempotent: bool,
}

/// AWS's no.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What was called so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) calls: BTreeMap<String, u64>,
    /// Calls that changed something.
    pub(super) writes: u64,
    all: u64,
}

impl Meter {
    /// Counts calls; gives the number of calls so far.
    pub(super) fn count(&mut self, action: &str, times: u64) -> u64 {
        self.all += times;
        *self.calls.entry(action.to_owned()).or_default() += times;
        self.all
    }
}

impl Inner {
    /// Makes a call: waits, takes effect, is counted. Faults happen here and nowhere else.
    pub(super) async fn call<T>(
        &self,
        cx: Option<&Context>,
        request: Request<'_>,
        effect: impl FnOnce(&mut World, Time) -> Result<T, Refusal>,
    ) -> Result<T> {
        let faults = self.faults();
        let action = request.action;
        let mut tries = 0;
        let number = loop {
            if let Some(cx) = cx {
                cx.alive()?;
            }
            self.living().await;
            self.clock.sleep(request.latency).await;
            self.living().await;
            let number = self.meter().count(action, 1);
            if faults.denied.contains(action) {
                let message = format!("the caller may not use {action}");
                return Err(failed(
                    action,
                    number,
                    Refusal::new(ErrorKind::Denied, "AccessDenied", message)
                        .hint(format!("allow {action} to the role that runs clefctl")),
                ));
            }
            if !faults.strikes(faults.throttled, &["throttled", action, &number.to_string()]) {
                break number;
            }
            tries += 1;
            if tries == TRIES {
                let message = format!("AWS asked {TRIES} times to slow down");
                return Err(failed(
                    action,
                    number,
                    Refusal::new(ErrorKind::Unavailable, "ThrottlingException", message)
                        .hint("run again with a lower --parallelism"),
                ));
            }
            self.clock.sleep(Duration::from_millis(100) * 2_u32.pow(tries)).await;
        };
        if request.writes && faults.cut_after_call.is_some_and(|cut| self.meter().writes >= cut) {
            self.die().await;
        }
        let done = {
            let mut world = self.world();
            let _turn = if request.writes {
                self.turn(&mut world)?
            } else {
                self.refresh(&mut world)?;
                None
            };
            world.sweep(self.clock.now(), faults.stale);
            let answer = effect(&mut world, self.clock.now()).map_err(|refusal| failed(action, number, refusal))?;
            if request.writes {
                self.save(&world)?;
            }
            answer
        };
        if !request.writes {
            return Ok(done);
        }
        let writes = {
            let mut meter = self.meter();
            meter.writes += 1;
            meter.writes
        };
        if faults.cut_after_call == Some(writes) {
            self.die().await;
        }
        if faults.lost_answer_at == Some(writes) {
            if !request.idempotent {
                let message = "the connection broke before the answer came";
                return Err(Error::new(ErrorKind::Ambiguous, message).call(action, None, None));
            }
            self.clock.sleep(request.latency).await;
            self.meter().count(action, 1);
        }
        Ok(done)
    }

    /// Looks at the account without a call.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&World, Time) -> T) -> T {
        let memory = self.faults().stale;
        let mut world = self.world();
        let now = self.clock.now();
        world.sweep(now, memory);
        look(&world, now)
    }

    /// Waits for a time of the account, unless the run is told to stop or its time is up.
    pub(super) async fn wait_until(&self, cx: &Context, time: Time) -> Result<()> {
        while self.clock.now() < time {
            cx.alive()?;
            tokio::select! {
                () = self.clock.sleep_until(time) => {}
                () = cx.cancel.cancelled() => {}
                () = tokio::time::sleep_until(cx.deadline) => {}
            }
            self.living().await;
        }
        Ok(())
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> Arc<Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Comes back only if the process was not cut off.
    async fn living(&self) {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
    }

    async fn die(&self) {
        self.dead.send_replace(true);
        std::future::pending::<()>().await;
    }
}

fn failed(action: &str, number: u64, refusal: Refusal) -> Error {
    let id = format!("sim-{}", choose(&[action, &number.to_string()], HEX, 12));
    let error = Error::new(refusal.kind, refusal.message).call(action, Some(refusal.code.to_owned()), Some(id));
    match refusal.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
