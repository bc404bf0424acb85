//! The lock of an owner: who may change things, and who may not yet.
//!
//! Entries `/clefctl/<owner>/lock/<n>` of a [`Store`], of which the highest `n` counts. An entry is only ever
//! created by whoever takes the lock, without overwriting, so that of two racers one wins; its holder writes it
//! again and again as a sign of life, and at last as released. Age is what the store says by its own clock:
//! the local one may be wrong.

mod lease;
mod record;
mod take;
#[cfg(test)]
mod tests;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use lease::Lease;
pub use record::{Holder, Seen};
use record::{Record, State};
pub use take::{Request, Waiting, acquire};
pub use traces::{Doubt, STALENESS, Traces, mark};

use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Owner, Store};

/// Without a sign of life for so long, a holder counts as dead.
pub const TTL: Duration = Duration::from_mins(2);
/// How often a holder gives a sign of life.
pub const RENEWAL: Duration = Duration::from_secs(30);
/// A holder whose last sign of life is so old starts nothing any more; well before others count it as dead.
pub const HOLD: Duration = Duration::from_secs(90);
/// For how long a dead holder is watched before its lock is taken over.
pub const DOUBT: Duration = Duration::from_secs(10);
/// How long a run waits for a lock unless it is told otherwise: longer than a dead holder is waited for.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// How often the lock is looked at while somebody else holds it.
const POLL: Duration = Duration::from_secs(5);
/// How long one call to the store may take before it counts as failed.
const CALL: Duration = Duration::from_secs(10);

/// The lock, held. Dropping it without [`Lock::release`] leaves it to be taken over when its time is up.
pub struct Lock {
    store: Arc<dyn Store>,
    name: String,
    record: Record,
    lease: Lease,
    renewal: JoinHandle<()>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
    doubt: Doubt,
}

impl Lock {
    /// How far lists may be trusted, in view of what the run did that held the lock last.
    #[must_use]
    pub fn doubt(&self) -> &Doubt {
        &self.doubt
    }

    /// What tells whether the lock is still held.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Gives the lock back, and tells the next run what this one may have left.
    pub async fn release(self, mut traces: Traces) -> Result<()> {
        traces.cut_off |= self.lease.check().is_err();
        self.stop.cancel();
        // The task ends by itself; only a panic of it could be reported here, and the lock is given back all the same.
        let _ = self.renewal.await;
        let record = Record { state: State::Released, traces: traces.brief(), ..self.record };
        // Where somebody has taken over, a higher entry counts and this one says nothing.
        match timeout(CALL, self.store.put(&self.name, &record.to_text(), true)).await {
            Ok(put) => put,
            Err(_) => Err(Error::new(ErrorKind::Unavailable, "the lock could not be given back in time")
                .hint("the next run waits for it, and takes it over by itself")),
        }
    }
}

/// What the store shows of the lock; `None` where nobody ever took it, or it was forgotten.
pub async fn look(store: &dyn Store, owner: &Owner) -> Result<Option<Seen>> {
    let path = path(owner);
    Ok(record::highest(&store.list(&path).await?, &path))
}

/// Takes the lock away from the run that was seen to hold it, which then starts nothing more.
/// An error if it changed hands since.
pub async fn unlock(store: &dyn Store, owner: &Owner, seen: &Seen, by: Holder) -> Result<()> {
    let next = seen.number.saturating_add(1);
    let record = Record { state: State::Released, traces: Traces::of_cut_off(), holder: by };
    store.put(&entry(owner, next), &record.to_text(), false).await.map_err(|error| match error.kind {
        ErrorKind::Conflict => Error::new(ErrorKind::Locked, "the lock has changed hands just now")
            .hint("look at it again before you take it away"),
        _ => error,
    })
}

/// Removes what is left of lock and ledger. An error while somebody holds the lock.
pub async fn forget(store: &dyn Store, owner: &Owner) -> Result<()> {
    let path = path(owner);
    let listing = store.list(&path).await?;
    if let Some(seen) = record::highest(&listing, &path).filter(Seen::is_held) {
        return Err(locked(owner, &seen));
    }
    let mut names: Vec<String> = record::numbered(&listing, &path).map(|(_, entry)| entry.name.clone()).collect();
    names.push(super::ledger::name(owner));
    store.delete(&names).await
}

/// The error of a run that does not get the lock.
fn locked(owner: &Owner, seen: &Seen) -> Error {
    let holder = seen.holder();
    let state = if seen.age < TTL {
        format!("last sign of life {} ago", seconds(seen.age))
    } else {
        format!("no sign of life for {}", seconds(seen.age))
    };
    let mut error = Error::new(ErrorKind::Locked, format!("{owner} is locked by {holder}, {state}"));
    if let Some(run) = &holder.run {
        error = error.hint(format!("the run that holds it: {run}"));
    }
    error.hint("wait for that run, with a longer `--lock-timeout` if need be").hint(format!(
        "if it is dead, its lock is taken over {} after its last sign of life; `clefctl unlock` takes it away at once",
        seconds(TTL)
    ))
}

fn path(owner: &Owner) -> String {
    format!("/clefctl/{owner}/lock")
}

fn entry(owner: &Owner, number: u64) -> String {
    format!("{}/{number}", path(owner))
}

/// A duration as a person says it: `45 s`, `3 min`, `2 h 5 min`.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}
