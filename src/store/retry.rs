//! How often, and after which pauses, the engines of servers try again: the same promises for both.
//!
//! Imports nothing of ours.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Between attempts to read with new connections, after one was lost.
pub(super) const PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// How often a change is tried where others get in the way.
pub(super) const ATTEMPTS: u32 = 5;

/// After so many attempts at a change: some tens of milliseconds, longer each time, and never the
/// same for two that collided.
pub(super) fn pause(attempts: u32) -> Duration {
    // Each state is seeded at random: chance enough to part the two.
    let chance = RandomState::new().build_hasher().finish() % 40;
    Duration::from_millis((10 + chance) * u64::from(attempts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        for attempts in 1..ATTEMPTS {
            let times: Vec<_> = (0..50).map(|_| pause(attempts).as_millis() as u32).collect();
            assert!(times.iter().all(|time| (10 * attempts..50 * attempts).contains(time)), "{times:?}");
            assert!(times.iter().any(|time| *time != times[0]));
        }
    }
}
