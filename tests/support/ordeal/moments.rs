//! Killed at random moments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::Working;
use super::judge::{Judge, counted};
use super::{Random, Side, World, tell};

/// Instances of a world whose process is killed at any time.
const INSTANCES: i64 = 40;
/// Longest that a process works before it is killed, in microseconds: some changes, each in some milliseconds.
const LONGEST: u64 = 60_000;
/// The same where they go over a server.
const LONGEST_OF_SERVERS: u64 = 500_000;

/// Kill that many processes at random moments, in so many worlds at a time; each goes on where the one before
/// it in its world was killed.
pub fn killed(sides: &Arc<[Side; 2]>, engine: &str, seed: u64, kills: u64, worlds: u64) {
    tell(&format!("{kills} kills to come, {engine}: REQSPEC_SEED={seed} repeats their moments"));
    let began = Instant::now();
    let judges: Vec<Judge> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..worlds)
            .map(|number| {
                let share = kills / worlds + u64::from(number < kills % worlds);
                scope.spawn(move || kill_in_a_world(sides, number, seed, share))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let (mut ended, mut decided) = (BTreeMap::new(), BTreeMap::new());
    for judge in judges {
        let count = |all: &mut BTreeMap<&'static str, u64>, some: BTreeMap<&'static str, u64>| {
            some.into_iter().for_each(|(word, count)| *all.entry(word).or_default() += count);
        };
        count(&mut ended, judge.ended);
        count(&mut decided, judge.decided);
    }
    tell(&format!(
        "{kills} kills: {engine}, {:.0} s; operations: {}; recovered: {}",
        began.elapsed().as_secs_f64(),
        counted(&ended),
        counted(&decided)
    ));
    // It was not always between two changes that they were killed.
    let interrupted: u64 = decided.values().sum();
    assert!(interrupted >= kills / 10, "only {interrupted} operations were interrupted by {kills} kills");
}

fn kill_in_a_world(sides: &Arc<[Side; 2]>, number: u64, seed: u64, kills: u64) -> Judge {
    let first = number as i64 * INSTANCES + 1;
    let world = World::new(sides, first..first + INSTANCES);
    let mut judge = Judge::new(&world);
    let longest = if world.has_servers() { LONGEST_OF_SERVERS } else { LONGEST };
    let mut random = Random(seed.wrapping_mul(31).wrapping_add(number));
    for kill in 0..kills {
        // The numbers of the texts begin with it: no two processes plan the same.
        let child = Working::begin(&world, "loop", number * 1_000_000 + kill + 1, &[], None);
        let time = Duration::from_micros(random.below(longest));
        std::thread::sleep(time);
        child.kill();
        judge.recover_and_judge(&world, &format!("seed {seed}, world {number}, kill {kill} after {time:?}"));
    }
    judge
}
