//! Processes that are killed (SIGKILL) at every step and at any time while they save, move, change many and undo,
//! over SQLite: after `recover` no spec is in no database, no byte is there that nobody planned, and the
//! journal tells what the databases hold. `tests/faults` does the same over servers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

#[path = "support/ordeal/mod.rs"]
mod ordeal;
mod support;

use std::sync::Arc;

use ordeal::{Side, kills, moments, rivals, seed, steps, tell};
use rstest::rstest;

/// Not a test of its own: what a killed process does.
#[test]
fn ordeal_child() {
    ordeal::work::work();
}

fn sides(mode: &str) -> Arc<[Side; 2]> {
    Arc::new([Side::sqlite(mode), Side::sqlite(mode)])
}

#[rstest]
fn killed_at_every_step(#[values("delete", "wal")] mode: &str) {
    let killed = steps::all(&|| sides(mode), 2);
    tell(&format!("{killed} kills at the steps of changes, SQLite ({mode})"));
}

#[rstest]
fn killed_at_any_time(#[values("delete", "wal")] mode: &str) {
    moments::killed(&sides(mode), &format!("SQLite ({mode})"), seed(), kills(325), 1);
}

#[rstest]
fn rivals_on_the_same_rows(#[values("delete", "wal")] mode: &str) {
    rivals::contend(&sides(mode), &format!("SQLite ({mode})"), seed());
}
