//! How fast many changes are made: the size of a batch, and how many rows a second may see.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::store::Cancel;

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Operations of a batch, which is one transaction for each database.
    pub batch: usize,
    /// Operations of a second at most; batches become no larger than that.
    pub rate: Option<f64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { batch: 200, rate: None }
    }
}

impl Pace {
    /// Operations of a batch at most.
    pub(super) fn most(&self) -> usize {
        let of_a_second = self.rate().map_or(usize::MAX, |rate| rate as usize);
        self.batch.min(of_a_second).max(1)
    }

    fn rate(&self) -> Option<f64> {
        self.rate.filter(|rate| rate.is_finite() && *rate > 0.0)
    }
}

/// How long a wait goes on before it is asked whether it was cancelled.
const GLANCE: Duration = Duration::from_millis(50);

/// Lets batches begin no sooner than the rate allows.
pub(super) struct Throttle {
    rate: Option<f64>,
    next: Option<Instant>,
}

impl Throttle {
    pub fn new(pace: &Pace) -> Self {
        Self { rate: pace.rate(), next: None }
    }

    /// Wait until a batch of so many may begin; false where it was cancelled before.
    pub async fn turn(&mut self, count: usize, cancel: &Cancel) -> bool {
        if let (Some(rate), false) = (self.rate, cancel.is_cancelled()) {
            let begin = self.next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            while !cancel.is_cancelled() {
                let left = begin.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                sleep(left.min(GLANCE)).await;
            }
            // A rate that is next to nothing is a wait without end, not an overflow.
            let wait = Duration::try_from_secs_f64(count as f64 / rate).unwrap_or(Duration::MAX);
            self.next = begin.checked_add(wait).or(self.next);
        }
        !cancel.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_no_larger_than_a_second_allows() {
        let most = |batch, rate| Pace { batch, rate }.most();
        assert_eq!(most(200, None), 200);
        assert_eq!(most(200, Some(50.5)), 50);
        assert_eq!(most(200, Some(0.1)), 1);
        assert_eq!(most(200, Some(f64::NAN)), 200);
        assert_eq!(most(0, Some(-1.0)), 1);
        assert_eq!(most(200, Some(1e30)), 200);
    }
}
