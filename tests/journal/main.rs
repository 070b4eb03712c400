//! The journal around real changes: what stands in it when a database is first written to, and what becomes of
//! changes whose process is killed (SIGKILL) at each of their steps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

#[path = "../support/mod.rs"]
mod support;

mod killed;
mod order;
