//! Changing many specs: `cargo bench --bench changes`.
//!
//! Makes, under `target/bench/changes`, SQLite files in both journal modes, a private MariaDB and a private
//! PostgreSQL on loopback, each with `REQSPEC_BENCH_ROWS` rows (default 20,000) of about 4 KB, and measures
//! `change::apply_many` with its journal on the disk: all rows edited, all rows moved, in batches of 1,000.
//! Beside it, in the same run and in turns, the plain driver: compare-and-swap updates in transactions of
//! 1,000; insertions and deletions (SQLite: one transaction over ATTACHed files; servers: transactions of
//! 1,000). Each is done `REQSPEC_BENCH_ROUNDS` times (default 3) and the fastest counts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod files;
mod on_servers;
mod own;
#[path = "../servers/plain.rs"]
#[allow(dead_code, reason = "shared with the other benchmark")]
mod plain;
mod rows;
#[path = "../servers/server.rs"]
#[allow(dead_code, reason = "shared with the other benchmark")]
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rows::Rows;
use server::Engine;

/// Rows of a transaction.
const BATCH: usize = 1_000;
const GOAL: f64 = 0.6;

/// What is measured, and against what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Edit,
    Move,
}

/// Databases that can be put back as they were.
trait Place {
    fn title(&self) -> &str;
    fn addresses(&self) -> [reqspec::store::Address; 2];
    /// All rows are in the first one again, none in the second.
    fn reset(&self);
    /// Without reqspec.
    fn plain(&self, task: Task, rows: &Rows) -> Duration;
    /// That it was done.
    fn check(&self, task: Task, rows: &Rows);
}

fn main() {
    // `cargo test --benches` passes no --bench: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let (count, rounds) = (number("REQSPEC_BENCH_ROWS", 20_000), number("REQSPEC_BENCH_ROUNDS", 3));
    let only = std::env::var("REQSPEC_BENCH_PLACE").unwrap_or_default();
    let rows = Rows::new(count);
    println!(
        "{count} rows of {} bytes, batches of {BATCH}, the fastest of {rounds}, in turns; journal included\n",
        rows.list[0].before.len()
    );
    println!("{:<38}{:>14}{:>14}{:>9}{:>9}", "rows a second", "plain driver", "reqspec", "ratio", "goal");
    let wanted = |title: &str| title.to_lowercase().contains(&only.to_lowercase());
    for mode in ["delete", "wal"] {
        let files = files::Files::new(&folder("sqlite"), mode, &rows);
        if wanted(files.title()) {
            measure(&files, &rows, rounds);
        }
    }
    for engine in [Engine::MariaDb, Engine::Postgres] {
        if wanted(engine.title()) {
            measure(&on_servers::Databases::new(engine, &rows), &rows, rounds);
        }
    }
}

fn measure(place: &dyn Place, rows: &Rows, rounds: usize) {
    for (task, words) in [(Task::Edit, "edit"), (Task::Move, "verified move")] {
        let (mut plain, mut own) = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            place.reset();
            plain = plain.min(place.plain(task, rows));
            place.check(task, rows);
            place.reset();
            own = own.min(own::apply(place, task, rows));
            place.check(task, rows);
        }
        let speed = |time: Duration| rows.list.len() as f64 / time.as_secs_f64();
        println!(
            "{:<38}{:>14.0}{:>14.0}{:>7.2} x{:>7.2} x",
            format!("{}: {words}", place.title()),
            speed(plain),
            speed(own),
            plain.as_secs_f64() / own.as_secs_f64(),
            GOAL
        );
    }
}

/// A folder of the benchmark's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/changes").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
