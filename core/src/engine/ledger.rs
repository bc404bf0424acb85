//! The ledger of an owner: a note of what the last applies did. Nothing depends on it: lost, it does no harm.
//!
//! It remembers places, so that what lives in one that the stack no longer names is still found, and how many things
//! there were, so that a run that is about to delete most of them, or sees none of them, asks first.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::places::Places;
use super::plan::{Action, Plan};
use crate::error::Result;
use crate::kind::{Owner, Store};

/// The most characters that an entry of the store takes.
const ROOM: usize = 4096;

/// From so many deletions on the share of them counts.
const FEW: usize = 4;

/// What is known of earlier applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Where things may live.
    #[serde(flatten)]
    pub places: Places,
    /// How many things there were after the last apply.
    pub things: usize,
    /// The last applies, the latest first; as many as there is room for.
    pub runs: Vec<Run>,
}

/// One apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// When it ended, seconds since 1970 by the store's clock. Written by [`Ledger::write`].
    pub at: f64,
    /// User and machine, or the caller's ARN.
    pub who: String,
    /// The git commit of the stack, if it is in a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where the run can be looked at, in CI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How many things were made.
    pub created: usize,
    /// How many were changed in place.
    pub updated: usize,
    /// How many were replaced.
    pub replaced: usize,
    /// How many were deleted.
    pub deleted: usize,
    /// Whether all of it succeeded.
    pub succeeded: bool,
}

impl Ledger {
    /// Reads the ledger; `None` where there is none that can be read.
    pub async fn read(store: &dyn Store, owner: &Owner) -> Result<Option<Self>> {
        let listing = store.list(&path(owner)).await?;
        let name = name(owner);
        let text = listing.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value);
        Ok(text.and_then(|text| serde_json::from_str(text).ok()))
    }

    /// Adds a run, which ends now, to what is known, and writes it.
    ///
    /// Places are forgotten by `self` only: the caller names all in which something may live.
    pub async fn write(mut self, store: &dyn Store, owner: &Owner, mut run: Run) -> Result<Self> {
        run.at = store.list(&path(owner)).await?.now;
        self.runs.insert(0, run);
        self.put(store, owner).await
    }

    /// Writes what is known, with as many runs as there is room for.
    pub async fn put(mut self, store: &dyn Store, owner: &Owner) -> Result<Self> {
        let mut text = self.text();
        while text.len() > ROOM && self.runs.len() > 1 {
            self.runs.pop();
            text = self.text();
        }
        store.put(&name(owner), &text, true).await?;
        Ok(self)
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a plan looks like a mistake about what it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Most of what there is would be deleted although the stack is not to be destroyed.
    MassDeletion {
        /// How many things go, replaced ones not counted.
        deleted: usize,
        /// Out of how many.
        of: usize,
    },
    /// Most of what the last apply left is not to be seen: perhaps another account, region or environment.
    Vanished {
        /// How many things are seen.
        seen: usize,
        /// How many the last apply left.
        of: usize,
    },
}

/// Whether a plan must be confirmed, besides the usual question, in view of what the ledger knows.
#[must_use]
pub fn alarm(ledger: Option<&Ledger>, plan: &Plan) -> Option<Alarm> {
    if plan.destroy {
        return None;
    }
    let seen = plan.unchanged + plan.changes.iter().filter(|change| change.id.is_some()).count();
    let deleted = plan.changes.iter().filter(|change| change.action == Action::Delete).count();
    let known = ledger.map_or(0, |ledger| ledger.things);
    let of = known.max(seen);
    if deleted > FEW && deleted * 2 > of {
        return Some(Alarm::MassDeletion { deleted, of });
    }
    let created = plan.changes.iter().filter(|change| change.action == Action::Create).count();
    (created > FEW && seen * 2 < known).then_some(Alarm::Vanished { seen, of: known })
}

/// Name of the entry.
pub(super) fn name(owner: &Owner) -> String {
    format!("{}/ledger", path(owner))
}

fn path(owner: &Owner) -> String {
    format!("/clefctl/{owner}")
}
