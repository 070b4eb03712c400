//! Databases that fail while they are used: servers paused and killed, connections cut and stalled
//! at any place, in the middle of pages, scans, saves and moves; processes killed while they change things. Whatever happens, a message says
//! what and what to do next, nothing is half-written, and a moving spec is never in no database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

#[path = "../support/ordeal/mod.rs"]
mod ordeal;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
mod terminal;

mod binary;
mod journaled;
mod kills;
mod moves;
mod opposite;
mod proxy;
mod reading;
mod saves;
mod silent;
mod world;

/// Not a test of its own: what a killed process does.
#[test]
fn ordeal_child() {
    ordeal::work::work();
}
