//! The terminal UI as a pure state machine: no I/O, no clock, no ratatui.
//!
//! - [`detail`]: the panel that explains the selected spec, in tabs.
//! - [`editor`]: the full-screen field editor.
//!
//! Imports `spec`, `query`, `scheduler` and `change` (plans, not apply).

pub mod detail;
pub mod editor;
