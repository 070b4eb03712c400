//! Killed at every step of each kind of change.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::child::Working;
use super::judge::Judge;
use super::{Side, World};

const SINGLE: &[&str] = &["Journaled", "Saved", "Settled"];
const MOVE: &[&str] = &["Journaled", "Begun", "Inserted", "Verified", "Deleted", "Settled"];
const MANY_MOVES: &[&str] = &["Journaled", "Inserted", "Verified", "Deleted", "Settled"];

/// What is done before, what is killed, and the steps of that.
const TASKS: [(&[&str], &str, &[&str]); 8] = [
    (&[], "save", SINGLE),
    (&[], "move", MOVE),
    (&[], "bulk edit", SINGLE),
    (&[], "bulk move", MANY_MOVES),
    (&["save"], "undo", SINGLE),
    (&["move"], "undo", MOVE),
    (&["bulk edit"], "undo", SINGLE),
    (&["bulk move"], "undo", MANY_MOVES),
];

/// Instances of each world: three batches of a bulk change.
const INSTANCES: usize = 25;

/// Every step of every task, some at a time, each of these on databases of its own. Gives how many kills that
/// were.
pub fn all(sides: &(dyn Fn() -> Arc<[Side; 2]> + Sync), at_a_time: usize) -> usize {
    let cases: Vec<(usize, &[&str], &str, &str)> = TASKS
        .iter()
        .flat_map(|(before, task, stages)| stages.iter().map(|stage| (*before, *task, *stage)))
        .enumerate()
        .map(|(index, (before, task, stage))| (index, before, task, stage))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_a_time)
            .map(|_| {
                scope.spawn(|| {
                    let sides = sides();
                    while let Some((index, before, task, stage)) =
                        cases.get(next.fetch_add(1, Ordering::SeqCst))
                    {
                        killed(&sides, *index, before, task, stage);
                    }
                })
            })
            .collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    cases.len()
}

/// One process, killed where it stops; what it left is recovered, and the same can be done again.
fn killed(sides: &Arc<[Side; 2]>, index: usize, before: &[&str], task: &str, stage: &str) {
    let first = (index * INSTANCES) as i64 + 1;
    let world = World::new(sides, first..first + INSTANCES as i64);
    let mut judge = Judge::new(&world);
    let mut seed = index as u64 * 10;
    let mut run = |task: &str, stop: Option<(&str, &Path)>| {
        seed += 1;
        Working::begin(&world, task, seed, &[], stop)
    };
    for task in before {
        run(task, None).end();
    }
    let file = world.directory().join("stopped");
    let mut child = run(task, Some((stage, &file)));
    child.wait_for(stage, &file);
    child.kill();
    let what = format!("killed at {stage} of {task} after {before:?}");
    judge.recover_and_judge(&world, &what);
    let is_interrupted = judge.decided.values().sum::<u64>() > 0;
    let may_be_ended = stage == "Settled";
    assert!(is_interrupted || may_be_ended, "{what}: the recovery found nothing to decide");
    // What was killed holds nothing, and what it left is in nobody's way.
    for task in ["save", "move", "bulk edit"] {
        run(task, None).end();
    }
    judge.recover_and_judge(&world, &format!("{what}, then all went on"));
}
