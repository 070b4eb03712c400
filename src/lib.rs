//! Inspect, edit and move the RequestSpecs that OpenStack nova stores.

pub mod app;
pub mod change;
pub mod cli;
pub mod deployment;
pub mod fleet;
pub mod lint;
pub mod query;
pub mod scheduler;
pub mod search;
pub mod spec;
pub mod store;
pub mod tui;
