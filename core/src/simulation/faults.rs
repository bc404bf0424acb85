//! What can go wrong in the simulated account, on request and by a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::outputs::digest;

/// Faults to rehearse. The same seed over the same run gives the same faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// What chance is made of.
    pub seed: u64,
    /// After that many calls that changed something, nothing is answered any more: all futures wait for ever,
    /// and [`Simulation::cut`](super::Simulation::cut) resolves. 0 = before the first one.
    pub cut_after_call: Option<u64>,
    /// The answer to that call which changes something (from 1) is lost, although it takes effect.
    pub lost_answer_at: Option<u64>,
    /// The share of calls that are told to slow down, from 0 to 1. Each is tried again as the SDKs do.
    pub throttled: f64,
    /// Lists miss what was made, and show what went, for up to that long (of the account's time).
    pub stale: Duration,
    /// The share of creations that end in a failed state, from 0 to 1; only of kinds that take a while.
    pub failed_births: f64,
    /// The share of creations, updates and deletions that take ten times as long, from 0 to 1.
    pub slow: f64,
    /// IAM actions that are refused for want of permission.
    pub denied: BTreeSet<String>,
}

impl Faults {
    /// Whether chance strikes, given how likely it is and what it strikes.
    pub(super) fn strikes(&self, share: f64, what: &[&str]) -> bool {
        share > 0.0 && self.chance(what) < share
    }

    /// For how long lists do not know of what happened to a thing.
    pub(super) fn lag(&self, id: &str) -> Duration {
        if self.stale.is_zero() {
            return Duration::ZERO;
        }
        self.stale.mul_f64(self.chance(&["lag", id]))
    }

    /// A number from 0 to 1 that depends on the seed and on what it is about.
    fn chance(&self, what: &[&str]) -> f64 {
        let [a, b, c, d, ..] = digest(&[&self.seed.to_string(), &what.join("\n")]);
        f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    }
}
