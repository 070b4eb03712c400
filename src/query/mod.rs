//! Finding specs: one vocabulary for the terminal UI, the command line and bulk plans.
//!
//! - [`page`]: order and keys of pages.
//!
//! Imports `spec` alone; does no I/O.

pub mod page;

pub use page::{PageFrom, PageKey, PageRequest, SortOrder};
