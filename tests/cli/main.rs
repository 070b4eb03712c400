//! The command line, run as an operator's script runs it: the real binary over temporary
//! databases, without a terminal.

// Helpers outside #[test] functions are tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bulk;
mod cells;
mod changing;
mod deployment;
mod docs;
mod finding;
mod history;
mod lifecycle;
mod listing;
#[allow(dead_code, reason = "each test uses some of it")]
#[path = "../support/servers.rs"]
mod on_servers;
#[path = "../support/terminal.rs"]
mod on_terminal;
mod reading;
mod repair;
mod scheduled;
mod secrets;
mod servers;
mod terminal;
mod world;
