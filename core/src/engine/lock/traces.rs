//! What a run may have left that lists do not show yet, and how long the next one mistrusts them.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use crate::engine::inventory::Inventory;
use crate::error::Result;
use crate::kind::{Address, Context};

/// For how long lists may not show what was made.
pub const STALENESS: Duration = Duration::from_secs(30);

/// How soon lists are read again that do not show what was made.
const AGAIN: Duration = Duration::from_secs(2);
/// How many characters of an entry, which takes 4096, may tell what was made.
const ROOM: usize = 2048;

/// What a run may have left that lists do not show yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traces {
    /// Whether the run was cut off, or calls of it may still take effect: anything may be there.
    pub cut_off: bool,
    /// Whether a creation failed in its last moments, so that something may be there all the same.
    pub unsure: bool,
    /// What it made in its last moments, as [`mark`] writes it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub made: BTreeSet<String>,
}

impl Traces {
    /// Those of a run that was cut off.
    #[must_use]
    pub fn of_cut_off() -> Self {
        Self { cut_off: true, ..Self::default() }
    }

    /// The same in so few words that they fit into an entry: where too much was made, anything may be there.
    pub(super) fn brief(self) -> Self {
        let length: usize = self.made.iter().map(|mark| mark.len() + 3).sum();
        if length > ROOM { Self::of_cut_off() } else { self }
    }
}

/// How a thing is named among [`Traces::made`]: its ownership tag and its generation.
#[must_use]
pub fn mark(kind: &str, address: &Address, generation: u32) -> String {
    format!("{}@{generation}", address.tag(kind))
}

/// How far lists may be trusted at the beginning of a run, in view of what the last one did.
#[derive(Clone, Debug)]
pub struct Doubt {
    pub(super) traces: Traces,
    /// From then on they show everything that the last run did.
    pub(super) until: Instant,
}

impl Doubt {
    /// What the last run may have left.
    #[must_use]
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// What the last run made that lists may still leave out, even if they have shown it to this run. What this one did
    /// away with is none of it: `gone` tells by kind and address.
    #[must_use]
    pub fn lasting<'a>(&self, gone: impl IntoIterator<Item = (&'a str, &'a Address)>) -> BTreeSet<String> {
        if Instant::now() >= self.until {
            return BTreeSet::new();
        }
        let gone: BTreeSet<String> = gone.into_iter().map(|(kind, address)| address.tag(kind)).collect();
        let of = |mark: &str| mark.rsplit_once('@').map_or_else(String::new, |(tag, _)| tag.to_owned());
        self.traces.made.iter().filter(|mark| !gone.contains(&of(mark))).cloned().collect()
    }

    /// How long reading waits in any case, if it does.
    #[must_use]
    pub fn waits(&self) -> Option<Duration> {
        let wait = self.until.saturating_duration_since(Instant::now());
        ((self.traces.cut_off || self.traces.unsure) && !wait.is_zero()).then_some(wait)
    }

    /// Reads until what is read can be trusted. After a run that was cut off, or failed to make something, that is when
    /// all that it may have done can be seen; after any other, as soon as all that it made is seen: mostly at once.
    pub async fn dispelled<F>(&self, cx: &Context, mut read: impl FnMut() -> F) -> Result<Inventory>
    where
        F: Future<Output = Result<Inventory>>,
    {
        if self.traces.cut_off || self.traces.unsure {
            self.rest(cx, self.until).await?;
        }
        loop {
            let last = Instant::now() >= self.until;
            let inventory = read().await?;
            if last || self.shown(&inventory) {
                return Ok(inventory);
            }
            self.rest(cx, (Instant::now() + AGAIN).min(self.until)).await?;
        }
    }

    fn shown(&self, inventory: &Inventory) -> bool {
        let seen: BTreeSet<String> = (inventory.things.iter())
            .filter_map(|thing| thing.ours().map(|(address, generation)| mark(thing.kind, address, generation)))
            .collect();
        self.traces.made.is_subset(&seen)
    }

    async fn rest(&self, cx: &Context, until: Instant) -> Result<()> {
        if Instant::now() < until {
            (cx.progress)("waiting until lists show what the last run made");
            tokio::select! {
                () = sleep_until(until) => {}
                () = cx.cancel.cancelled() => {}
            }
        }
        cx.alive()
    }
}
