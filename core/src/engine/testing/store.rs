//! A store in memory, whose clock is virtual and whose calls can be made slow, refused, or left without an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};

use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Entry, Listing, Store};

/// What happens to calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// They fail without effect.
    Refused,
    /// They take effect, but the answer is lost.
    Unanswered,
    /// They never come back, and have no effect.
    Hanging,
}

/// One line to a shared store. Faults and delays are those of the line, entries and clock those of the store.
#[derive(Clone)]
pub(crate) struct Line {
    shared: Arc<Shared>,
    pub(crate) faults: Arc<Mutex<Faults>>,
}

#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) list: Fault,
    pub(crate) put: Fault,
    /// How long each call takes: the next first, the last for ever.
    pub(crate) delays: Vec<Duration>,
}

struct Shared {
    epoch: Instant,
    entries: Mutex<BTreeMap<String, (String, f64)>>,
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    pub(crate) fn new() -> Self {
        let shared = Shared { epoch: Instant::now(), entries: Mutex::default() };
        Self { shared: Arc::new(shared), faults: Arc::default() }
    }

    /// Another line to the same store.
    pub(crate) fn another(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), faults: Arc::default() }
    }

    pub(crate) fn fault(&self, list: Fault, put: Fault) {
        let mut faults = open(&self.faults);
        (faults.list, faults.put) = (list, put);
    }

    pub(crate) fn now(&self) -> f64 {
        // Far from any local clock: who uses one to judge age fails.
        1_000.0 + self.shared.epoch.elapsed().as_secs_f64()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        open(&self.shared.entries).keys().cloned().collect()
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        open(&self.shared.entries).insert(name.to_owned(), (value.to_owned(), self.now()));
    }

    async fn delay(&self) {
        let delay = {
            let delays = &mut open(&self.faults).delays;
            if delays.len() > 1 { delays.remove(0) } else { delays.first().copied().unwrap_or_default() }
        };
        sleep(delay).await;
    }

    async fn answer(&self, fault: Fault) -> Result<()> {
        match fault {
            Fault::None => Ok(()),
            Fault::Refused => Err(Error::new(ErrorKind::Unavailable, "refused")),
            Fault::Unanswered => Err(Error::new(ErrorKind::Ambiguous, "no answer")),
            Fault::Hanging => std::future::pending().await,
        }
    }
}

impl Store for Line {
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Listing>> {
        Box::pin(async move {
            self.delay().await;
            let fault = open(&self.faults).list;
            self.answer(fault).await?;
            let below = format!("{path}/");
            let entries = open(&self.shared.entries)
                .iter()
                .filter(|(name, _)| name.starts_with(&below))
                .map(|(name, (value, modified))| Entry {
                    name: name.clone(),
                    value: value.clone(),
                    modified: *modified,
                })
                .collect();
            let listing = Listing { now: self.now(), entries };
            self.delay().await;
            Ok(listing)
        })
    }

    fn put<'a>(&'a self, name: &'a str, value: &'a str, overwrite: bool) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.delay().await;
            let fault = open(&self.faults).put;
            if matches!(fault, Fault::None | Fault::Unanswered) {
                let mut entries = open(&self.shared.entries);
                if !overwrite && entries.contains_key(name) {
                    return Err(Error::new(ErrorKind::Conflict, "exists"));
                }
                entries.insert(name.to_owned(), (value.to_owned(), self.now()));
            }
            self.delay().await;
            self.answer(fault).await
        })
    }

    fn delete<'a>(&'a self, names: &'a [String]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.delay().await;
            open(&self.shared.entries).retain(|name, _| !names.contains(name));
            Ok(())
        })
    }
}
