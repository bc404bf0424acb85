//! Taking the lock: at once where it is free, after a wait where it is not.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::lease::{Held, Moment};
use super::record::{self, Record, Seen, State};
use super::traces::{Doubt, STALENESS, Traces};
use super::{DOUBT, Holder, Lock, POLL, TTL, entry, locked, path};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Owner, Store};

/// How soon an attempt that somebody else won, or whose answer never came, is followed by another look.
const AGAIN: Duration = Duration::from_secs(1);

/// What taking the lock needs.
pub struct Request<'a> {
    /// Where the lock is kept.
    pub store: Arc<dyn Store>,
    /// Whose lock.
    pub owner: &'a Owner,
    /// Who asks; its nonce must differ from run to run.
    pub holder: Holder,
    /// How long to wait for it.
    pub patience: Duration,
    /// Ends the wait.
    pub cancel: &'a CancellationToken,
    /// Is told, every few seconds, that somebody else holds it.
    pub waiting: &'a (dyn Fn(&Waiting) + Send + Sync),
}

/// Somebody else holds the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Who.
    pub holder: Holder,
    /// How long ago it last gave a sign of life.
    pub age: Duration,
    /// How long we go on waiting.
    pub left: Duration,
}

/// Takes the lock, or fails with [`ErrorKind::Locked`] when patience has ended.
///
/// A lock whose holder gives no sign of life is taken over, so that a run after a kill only has to wait.
pub async fn acquire(request: Request<'_>) -> Result<Lock> {
    let mut taking = Taking { path: path(request.owner), started: Instant::now(), watched: None, tried: None, request };
    loop {
        if let Some(lock) = taking.once().await? {
            return Ok(lock);
        }
    }
}

struct Taking<'a> {
    request: Request<'a>,
    path: String,
    started: Instant,
    /// What reads have shown without a change, and since when.
    watched: Option<(Seen, Instant)>,
    /// Our latest attempt: the moment before it, and what the holder before us may have left.
    tried: Option<(Moment, Doubt)>,
}

/// What one look at the lock leads to.
enum Next {
    /// It can be had under this number; what its last holder may have left.
    Take(u64, Doubt),
    /// It is ours already: the answer to an attempt was lost.
    Ours(Seen, Moment, Doubt),
    /// Somebody holds it.
    Wait(Seen),
}

impl Taking<'_> {
    async fn once(&mut self) -> Result<Option<Lock>> {
        let listing = self.request.store.list(&self.path).await?;
        match self.judge(record::highest(&listing, &self.path)) {
            Next::Take(number, doubt) => self.take(number, doubt, listing.now).await,
            Next::Ours(seen, begun, doubt) => self.hold(seen.number, seen.record, begun, doubt).await,
            Next::Wait(seen) => {
                let left = self.left(&seen);
                if left.is_zero() {
                    return Err(locked(self.request.owner, &seen));
                }
                (self.request.waiting)(&Waiting { holder: seen.record.holder, age: seen.age, left });
                self.pause(POLL.min(left)).await?;
                Ok(None)
            }
        }
    }

    fn judge(&mut self, seen: Option<Seen>) -> Next {
        let Some(seen) = seen else { return Next::Take(1, Doubt { traces: Traces::default(), until: Instant::now() }) };
        let next = seen.number.saturating_add(1);
        if !seen.is_held() {
            let until = Instant::now() + STALENESS.saturating_sub(seen.age);
            return Next::Take(next, Doubt { traces: seen.record.traces, until });
        }
        if let Some((begun, doubt)) = &self.tried
            && seen.record.holder.nonce == self.request.holder.nonce
        {
            return Next::Ours(seen, *begun, doubt.clone());
        }
        let since = match &self.watched {
            Some((before, since)) if before.unchanged(&seen) => *since,
            _ => Instant::now(),
        };
        self.watched = Some((seen.clone(), since));
        if seen.age >= TTL && since.elapsed() >= DOUBT {
            Next::Take(next, Doubt { traces: Traces::of_cut_off(), until: Instant::now() })
        } else {
            Next::Wait(seen)
        }
    }

    /// How long we go on waiting; one that seems dead is watched to the end, however little patience there is.
    fn left(&self, seen: &Seen) -> Duration {
        let patience = self.request.patience.saturating_sub(self.started.elapsed());
        match &self.watched {
            Some((_, since)) if seen.age >= TTL => patience.max(DOUBT.saturating_sub(since.elapsed())),
            _ => patience,
        }
    }

    async fn take(&mut self, number: u64, doubt: Doubt, now: f64) -> Result<Option<Lock>> {
        let holder = Holder { since: now, ..self.request.holder.clone() };
        let record = Record { state: State::Held, traces: Traces::default(), holder };
        let begun = Moment::now();
        self.tried = Some((begun, doubt.clone()));
        let name = entry(self.request.owner, number);
        match self.request.store.put(&name, &record.to_text(), false).await {
            Ok(()) => self.hold(number, record, begun, doubt).await,
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Ambiguous | ErrorKind::Unavailable) => {
                if self.started.elapsed() > self.request.patience + DOUBT {
                    return Err(error);
                }
                self.pause(AGAIN).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Begins to hold the entry just made, unless somebody was ahead: a number may have been used and pruned
    /// between our look and our attempt.
    async fn hold(&mut self, number: u64, record: Record, begun: Moment, doubt: Doubt) -> Result<Option<Lock>> {
        let store = &self.request.store;
        let name = entry(self.request.owner, number);
        let listing = match store.list(&self.path).await {
            Ok(listing) => listing,
            Err(error) => {
                // Best effort: otherwise the entry is taken over when its time is up.
                let _ = store.delete(&[name]).await;
                return Err(error);
            }
        };
        if record::numbered(&listing, &self.path).any(|(other, _)| other > number) {
            store.delete(&[name]).await?;
            self.pause(AGAIN).await?;
            return Ok(None);
        }
        let old: Vec<String> = record::numbered(&listing, &self.path)
            .filter(|(other, _)| *other < number)
            .map(|(_, entry)| entry.name.clone())
            .collect();
        if !old.is_empty() {
            // Housekeeping: what is left over is pruned by a later run.
            let _ = store.delete(&old).await;
        }
        let stop = CancellationToken::new();
        let held = Held {
            store: Arc::clone(store),
            path: self.path.clone(),
            name: name.clone(),
            number,
            record: record.clone(),
        };
        let (lease, renewal) = held.keep(begun, stop.clone());
        Ok(Some(Lock {
            store: Arc::clone(store),
            name,
            record,
            lease,
            renewal,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
            doubt,
        }))
    }

    async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            () = self.request.cancel.cancelled() => Err(Error::new(ErrorKind::Cancelled, "stopped while waiting for the lock")),
        }
    }
}
