//! The terminal UI without a terminal: transitions of the state machine, key scripts over the
//! whole app, screens with their styles, and the documentation of the keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

#[path = "tui/bulk_keys.rs"]
mod bulk_keys;
#[path = "tui/bulk_screens.rs"]
mod bulk_screens;
#[path = "tui/bulk_world.rs"]
mod bulk_world;
#[path = "tui/cells.rs"]
mod cells;
#[path = "tui/cells_screens.rs"]
mod cells_screens;
#[path = "tui/databases.rs"]
mod databases;
#[path = "tui/doctor.rs"]
mod doctor;
#[path = "tui/environments.rs"]
mod environments;
#[path = "tui/history.rs"]
mod history;
#[path = "tui/journal.rs"]
mod journal;
#[path = "tui/keys.rs"]
mod keys;
#[path = "tui/lists.rs"]
mod lists;
#[path = "tui/marks.rs"]
mod marks;
#[path = "tui/query_keys.rs"]
mod query_keys;
#[path = "tui/query_screens.rs"]
mod query_screens;
#[path = "tui/screens.rs"]
mod screens;
#[path = "tui/searching.rs"]
mod searching;
#[path = "tui/searching_random.rs"]
mod searching_random;
#[path = "tui/stored.rs"]
mod stored;
#[path = "tui/transitions.rs"]
mod transitions;
#[path = "tui/world.rs"]
mod world;
