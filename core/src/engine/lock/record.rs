//! What an entry of the lock says.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Traces;
use crate::kind::{Entry, Listing};

/// Who holds the lock, or held it last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// User and machine: `ada@laptop`.
    pub who: String,
    /// The command line.
    pub command: String,
    /// Where the run can be looked at, in CI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Number of the process.
    pub pid: u32,
    /// When it took the lock, seconds since 1970 by the store's clock. Written by [`super::acquire`].
    pub since: f64,
    /// A text that no other run has.
    pub nonce: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.who.is_empty() { "somebody" } else { &self.who })?;
        if !self.command.is_empty() {
            write!(f, " (`{}`", self.command)?;
            if self.pid > 0 {
                write!(f, ", process {}", self.pid)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// Whether the lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// By somebody who gives signs of life.
    #[default]
    Held,
    /// No longer.
    Released,
}

/// The text of an entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) state: State,
    /// Of a released lock: what its last holder may have left that lists do not show yet.
    #[serde(flatten)]
    pub(super) traces: Traces,
    #[serde(flatten)]
    pub(super) holder: Holder,
}

impl Record {
    /// Reads an entry. What no version of this program wrote counts as held by somebody, until its time is up.
    fn of_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The lock as a read showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Number of the entry that counts.
    pub(super) number: u64,
    pub(super) record: Record,
    /// When it was last written, by the store's clock.
    pub(super) modified: f64,
    /// How long ago that was when it was read, by the store's clock.
    pub age: Duration,
}

impl Seen {
    /// Whether somebody holds it, dead or alive.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.record.state == State::Held
    }

    /// Who holds it, or held it last.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.record.holder
    }

    /// Whether another read shows the same entry, not written again in between.
    pub(super) fn unchanged(&self, other: &Self) -> bool {
        self.number == other.number
            && self.record == other.record
            && self.modified.to_bits() == other.modified.to_bits()
    }
}

/// The entries of the lock among those of a listing, with their numbers.
pub(super) fn numbered<'a>(listing: &'a Listing, path: &'a str) -> impl Iterator<Item = (u64, &'a Entry)> {
    listing.entries.iter().filter_map(move |entry| {
        let number = entry.name.strip_prefix(path)?.strip_prefix('/')?;
        Some((number.parse().ok()?, entry))
    })
}

/// The entry that counts.
pub(super) fn highest(listing: &Listing, path: &str) -> Option<Seen> {
    let (number, entry) = numbered(listing, path).max_by_key(|(number, _)| *number)?;
    let age = Duration::try_from_secs_f64(listing.now - entry.modified).unwrap_or_default();
    Some(Seen { number, record: Record::of_text(&entry.value), modified: entry.modified, age })
}
