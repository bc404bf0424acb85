//! How fast services are called: one token bucket per service and region, which learns from throttling.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Calls per second before the first throttling; above what any control plane allows.
const FASTEST: f64 = 100.0;
/// Calls per second that throttling never goes below.
const SLOWEST: f64 = 0.5;
/// How many calls may go at once after a pause.
const BURST: f64 = 20.0;

/// The buckets of a run, by region and service.
#[derive(Debug, Default)]
pub(super) struct Pace {
    buckets: Mutex<HashMap<(String, String), Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Pace {
    /// Waits for the turn of one call.
    pub(super) async fn turn(&self, region: &str, service: &str) {
        let wait = self.with(region, service, |bucket| {
            bucket.refill();
            bucket.tokens -= 1.0;
            // Debts are allowed: each caller waits until its own token would have come.
            (-bucket.tokens / bucket.rate).max(0.0)
        });
        if wait > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        }
    }

    /// Learns that a call went through: a little faster.
    pub(super) fn went_through(&self, region: &str, service: &str) {
        self.with(region, service, |bucket| {
            bucket.refill();
            bucket.rate = (bucket.rate + bucket.rate.recip().min(1.0)).min(FASTEST);
        });
    }

    /// Learns that a call was throttled: much slower.
    pub(super) fn throttled(&self, region: &str, service: &str) {
        self.with(region, service, |bucket| {
            bucket.refill();
            // The rate that was really reached is unknown where nothing limited it, so start from what is usual.
            bucket.rate = (bucket.rate.min(20.0) * 0.6).max(SLOWEST);
            bucket.tokens = bucket.tokens.min(0.0);
        });
    }

    fn with<T>(&self, region: &str, service: &str, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((region.to_owned(), service.to_owned())).or_insert_with(|| Bucket {
            rate: FASTEST,
            tokens: BURST,
            at: Instant::now(),
        });
        work(bucket)
    }
}

impl Bucket {
    fn refill(&mut self) {
        let now = Instant::now();
        self.tokens = (self.tokens + now.duration_since(self.at).as_secs_f64() * self.rate).min(BURST);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn throttling_slows_down_and_success_speeds_up_again() {
        let pace = Pace::default();
        let start = Instant::now();
        for _ in 0..20 {
            pace.turn("r", "s").await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "a burst goes at once");
        pace.throttled("r", "s");
        pace.throttled("r", "s");
        let slow = Instant::now();
        for _ in 0..10 {
            pace.turn("r", "s").await;
        }
        let slow = slow.elapsed();
        assert!(slow > Duration::from_secs(1), "{slow:?}");
        for _ in 0..200 {
            pace.went_through("r", "s");
        }
        let fast = Instant::now();
        for _ in 0..10 {
            pace.turn("r", "s").await;
        }
        assert!(fast.elapsed() < slow);
    }

    #[tokio::test(start_paused = true)]
    async fn services_and_regions_do_not_slow_each_other() {
        let pace = Pace::default();
        for _ in 0..10 {
            pace.throttled("r", "s");
        }
        let start = Instant::now();
        pace.turn("r", "other").await;
        pace.turn("other", "s").await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
