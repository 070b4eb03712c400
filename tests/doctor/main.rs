//! The doctor over whole deployments: the demo and its manifest, and a deployment in which every rule is broken
//! once, on every engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops where something is wrong"
)]

#[path = "../support/servers.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod servers;

mod built;
mod cases;
mod cli;
mod demo;
mod rules;
