//! The terminal UI in the world: terminal guard, event loop, effect executor, views.
//!
//! May import everything; nobody imports it.

pub mod theme;
pub mod view;
