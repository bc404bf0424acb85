//! How long to rest between two looks at what is on its way.

use std::time::Duration;

use super::Cx;

/// Growing pauses between looks: 0.25 s, doubling up to the longest.
#[derive(Debug)]
pub struct Patience {
    next: Duration,
    most: Duration,
}

impl Default for Patience {
    /// Up to 15 s, which is what most services bear.
    fn default() -> Self {
        Self::up_to(Duration::from_secs(15))
    }
}

impl Patience {
    /// Pauses of no more than `most`.
    #[must_use]
    pub fn up_to(most: Duration) -> Self {
        Self { next: Duration::from_millis(250), most }
    }

    /// Rests; less if the run is told to stop.
    pub async fn rest(&mut self, cx: &Cx<'_>) {
        cx.pause(self.next).await;
        self.next = (self.next * 2).min(self.most);
    }
}
