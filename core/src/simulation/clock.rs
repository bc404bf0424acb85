//! The simulated account's own time: scaled, and virtual under tokio's paused clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A point in the account's time, counted from 1970.
pub(super) type Time = Duration;

/// The account's clock. It runs `speed` times as fast as tokio's.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    scaled: Time,
    real: Time,
    speed: f64,
}

impl Clock {
    /// A clock that shows `scaled` now (`real` to those who ask for unscaled time).
    pub(super) fn new(real: Time, scaled: Time, speed: f64) -> Self {
        Self { origin: Instant::now(), scaled, real, speed }
    }

    /// What time it is in the account.
    pub(super) fn now(&self) -> Time {
        self.scaled + self.scale(self.origin.elapsed())
    }

    /// The same at the speed of whoever waits outside: for locks, whose holders count their own seconds.
    pub(super) fn real(&self) -> Time {
        self.real + self.origin.elapsed()
    }

    /// Sleeps for some of the account's time.
    pub(super) async fn sleep(&self, time: Duration) {
        if !time.is_zero() {
            tokio::time::sleep(time.div_f64(self.speed)).await;
        }
    }

    /// Sleeps until the account's clock shows that time.
    pub(super) async fn sleep_until(&self, time: Time) {
        loop {
            let left = time.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            self.sleep(left).await;
        }
    }

    fn scale(&self, time: Duration) -> Duration {
        time.mul_f64(self.speed)
    }
}

/// What time the machine says it is, from 1970.
pub(super) fn wall() -> Time {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
