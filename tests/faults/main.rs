//! Databases that fail while they are used: servers paused and killed, connections cut and stalled
//! at any place, in the middle of pages, scans, saves and moves. Whatever happens, a message says
//! what and what to do next, nothing is half-written, and a moving spec is never in no database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
mod terminal;

mod binary;
mod moves;
mod opposite;
mod proxy;
mod reading;
mod saves;
mod silent;
mod world;
