//! The terminal UI as an operator has it: the real binary on a pseudo-terminal, over databases of
//! its own.

// Helpers outside #[test] functions are tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changing;
mod ending;
mod hostile;
mod living;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
mod terminal;
mod world;
