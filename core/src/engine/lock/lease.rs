//! Holding the lock: signs of life, and noticing when it is lost.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::record::{self, Record, State};
use super::{CALL, HOLD, RENEWAL};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::Store;

/// How soon a sign of life that failed is tried again.
const RETRY: Duration = Duration::from_secs(3);

/// Tells whether the lock is still held. Cheap to clone. What was lost never comes back.
#[derive(Clone)]
pub struct Lease(watch::Receiver<Standing>);

/// How the holder stands.
#[derive(Clone)]
pub(super) enum Standing {
    /// Its last sign of life was begun at this moment.
    Held(Moment),
    /// It holds the lock no longer; why.
    Lost(Arc<str>),
}

/// A moment on two clocks: the steady one stands still while a machine sleeps, the other one can be set.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// How long ago it was, by the clock that says more.
    fn ago(self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

impl Lease {
    /// An error once the lock is lost, or may be: then nothing new may be started.
    pub fn check(&self) -> Result<()> {
        match &*self.0.borrow() {
            Standing::Held(moment) if moment.ago() < HOLD => Ok(()),
            Standing::Held(_) => Err(lost("no sign of life got through for 90 s")),
            Standing::Lost(why) => Err(lost(why)),
        }
    }

    /// Waits until the lock is lost, and says why.
    pub async fn lost(&self) -> Error {
        let mut standing = self.0.clone();
        loop {
            let until = match &*standing.borrow_and_update() {
                Standing::Held(moment) => moment.steady + HOLD,
                Standing::Lost(why) => return lost(why),
            };
            tokio::select! {
                () = sleep_until(until) => {}
                // The task that gives signs of life has ended: what it said last holds until its time is up.
                changed = standing.changed() => if changed.is_err() {
                    sleep_until(until).await;
                },
            }
            if let Err(error) = self.check() {
                return error;
            }
        }
    }
}

fn lost(why: &str) -> Error {
    Error::new(ErrorKind::Locked, format!("the lock is lost: {why}"))
        .hint("run again: what was begun is found and completed")
}

/// The entry that a holder keeps alive.
pub(super) struct Held {
    pub(super) store: Arc<dyn Store>,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) number: u64,
    pub(super) record: Record,
}

impl Held {
    /// Gives signs of life until it is stopped or the lock is lost. `begun` is the moment before the entry was made.
    pub(super) fn keep(self, begun: Moment, stop: CancellationToken) -> (Lease, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = watch::channel(Standing::Held(begun));
        let task = tokio::spawn(async move {
            let why = self.renew_until(begun.steady, &sender, &stop).await;
            sender.send_replace(Standing::Lost(why));
        });
        (Lease(receiver), task)
    }

    /// Why the lock is held no longer.
    async fn renew_until(
        &self,
        begun: Instant,
        sender: &watch::Sender<Standing>,
        stop: &CancellationToken,
    ) -> Arc<str> {
        let (mut last, mut next) = (begun, begun + RENEWAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return "it was given back".into(),
                () = sleep_until(next) => {}
            }
            let moment = Moment::now();
            let end = (last + HOLD).min(moment.steady + CALL);
            match timeout_at(end, self.renew()).await {
                Ok(Ok(None)) => {
                    // A sign of life that came too late revives nothing: others may have counted us as dead.
                    if last.elapsed() < HOLD {
                        (last, next) = (moment.steady, moment.steady + RENEWAL);
                        sender.send_replace(Standing::Held(moment));
                        continue;
                    }
                }
                Ok(Ok(Some(why))) => return why.into(),
                Ok(Err(_)) | Err(_) => {}
            }
            if last.elapsed() >= HOLD {
                return "no sign of life got through for 90 s".into();
            }
            next = (Instant::now() + RETRY).min(last + HOLD);
        }
    }

    /// Writes the entry again unless it is ours no longer; then says why.
    async fn renew(&self) -> Result<Option<String>> {
        let listing = self.store.list(&self.path).await?;
        match record::highest(&listing, &self.path) {
            Some(seen) if seen.number > self.number && seen.record.state == State::Released => {
                return Ok(Some(format!("{} took it away", seen.record.holder)));
            }
            Some(seen) if seen.number > self.number => {
                return Ok(Some(format!("{} has taken it over", seen.record.holder)));
            }
            Some(seen) if seen.number == self.number && seen.record.holder.nonce != self.record.holder.nonce => {
                return Ok(Some(format!("{} has taken it", seen.record.holder)));
            }
            Some(_) => {}
            None => return Ok(Some("somebody removed it".to_owned())),
        }
        self.store.put(&self.name, &self.record.to_text(), true).await?;
        Ok(None)
    }
}
