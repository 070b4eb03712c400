//! Searches over SQLite databases: each result equals the obvious one (every row read whole, judged by
//! the reference, sorted and cut), whatever happens meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

#[path = "../support/mod.rs"]
mod support;

mod cached;
mod cloud;
mod counting;
mod faults;
mod listing;
mod results;
