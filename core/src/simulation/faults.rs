//! What can go wrong in the simulated account, on request and by a seed.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use super::outputs::digest;
use crate::error::{Error, ErrorKind};

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

/// Reads `seed=7,cut=12,lost=3,throttled=0.2,stale=30,failed=0.1,slow=0.1,denied=ec2:DescribeVpcs`: any of these, in any
/// order, `denied` as often as needed.
impl FromStr for Faults {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let known = match name {
                "seed" => number(value).map(|n| faults.seed = n),
                "cut" => number(value).map(|n| faults.cut_after_call = Some(n)),
                "lost" => number(value).map(|n| faults.lost_answer_at = Some(n)),
                "stale" => number(value).map(|n| faults.stale = Duration::from_secs(n)),
                "throttled" => share(value).map(|share| faults.throttled = share),
                "failed" => share(value).map(|share| faults.failed_births = share),
                "slow" => share(value).map(|share| faults.slow = share),
                "denied" => value.contains(':').then(|| {
                    faults.denied.insert(value.to_owned());
                }),
                _ => None,
            };
            known.ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("`{part}` is no fault that can be rehearsed")).hint(
                    "write for example `seed=7,cut=12,lost=3,throttled=0.2,stale=30,failed=0.1,slow=0.1,\
                     denied=ec2:DescribeVpcs`; shares are between 0 and 1",
                )
            })?;
        }
        Ok(faults)
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn share(text: &str) -> Option<f64> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_text() {
        let text = "seed=7, cut=12,lost=3,throttled=0.25,stale=30,failed=1,slow=0,denied=a:B,denied=c:D";
        let want = Faults {
            seed: 7,
            cut_after_call: Some(12),
            lost_answer_at: Some(3),
            throttled: 0.25,
            stale: Duration::from_secs(30),
            failed_births: 1.0,
            slow: 0.0,
            denied: ["a:B".to_owned(), "c:D".to_owned()].into(),
        };
        assert_eq!(text.parse::<Faults>().unwrap(), want);
        assert_eq!("".parse::<Faults>().unwrap(), Faults::default());
        for text in ["cut", "cut=x", "slow=2", "slow=-1", "throttled=NaN", "denied=x", "what=1", "seed=-1"] {
            let error = text.parse::<Faults>().unwrap_err();
            assert!(error.message.contains(text), "{error}");
        }
    }

    #[test]
    fn chance_follows_the_seed() {
        let faults = |seed| Faults { seed, ..Faults::default() };
        let struck = |seed: u64| (0..1000).filter(|i| faults(seed).strikes(0.3, &[&i.to_string()])).collect::<Vec<_>>();
        assert_eq!(struck(1), struck(1));
        assert_ne!(struck(1), struck(2));
        assert!((250..350).contains(&struck(1).len()));
        assert!(!faults(1).strikes(0.0, &["a"]) && faults(1).strikes(1.01, &["a"]));
    }
}
