//! Waiting for a server: in a pass no longer than an answer may take, and no longer than somebody wants
//! it; and how long the way to it is.
//!
//! Imports the parent module's names.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::FAR;

/// How often the wish is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long the way to a server is, as far as it has answered: the quickest answer took that, or little
/// more.
#[derive(Debug)]
pub(super) struct RoundTrip(AtomicU64);

impl Default for RoundTrip {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl RoundTrip {
    /// One question in one flight, and its answer, took so long.
    pub fn note(&self, took: Duration) {
        self.0.fetch_min(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether it is long.
    pub fn is_far(&self) -> bool {
        let quickest = self.0.load(Ordering::Relaxed);
        quickest != u64::MAX && Duration::from_micros(quickest) >= FAR
    }
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited<T> {
    /// With what was waited for.
    For(T),
    /// Nobody wants it any more.
    Unwanted,
    /// The server said nothing for so long.
    Silent,
}

/// Wait for an answer.
pub(super) async fn wait<T>(
    answer: impl Future<Output = T>,
    within: Duration,
    is_unwanted: impl Fn() -> bool,
) -> Waited<T> {
    let mut answer = pin!(answer);
    // Most rows are there already, and a timer for each would cost more than taking it.
    let ready = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context)));
    if let Poll::Ready(answer) = ready.await {
        return Waited::For(answer);
    }
    let began = Instant::now();
    loop {
        let left = within.saturating_sub(began.elapsed());
        match timeout(LOOK.min(left), answer.as_mut()).await {
            Ok(answer) => return Waited::For(answer),
            Err(_) if is_unwanted() => return Waited::Unwanted,
            Err(_) if left.is_zero() => return Waited::Silent,
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickest_answer_tells_how_far_a_server_is() {
        let way = RoundTrip::default();
        assert!(!way.is_far(), "nothing is known");
        way.note(Duration::from_millis(40));
        assert!(way.is_far());
        way.note(Duration::from_millis(1));
        way.note(Duration::from_millis(40));
        assert!(!way.is_far());
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_answer_the_wish_or_the_time() {
        let long = Duration::from_secs(9);
        assert_eq!(wait(async { 7 }, long, || true).await, Waited::For(7));
        let later = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            7
        };
        assert_eq!(wait(later, long, || false).await, Waited::For(7));
        assert_eq!(wait(std::future::pending::<()>(), long, || true).await, Waited::Unwanted);
        let began = Instant::now();
        let waited = wait(std::future::pending::<()>(), Duration::from_millis(90), || false).await;
        assert_eq!(waited, Waited::Silent);
        assert!((90..900).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    }
}
