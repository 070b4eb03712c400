//! Finding specs: one vocabulary for the terminal UI, the command line and bulk plans.
//!
//! - [`page`]: order and keys of pages.
//! - [`merge`]: several tables listed as one.
//! - [`quick`]: the quick filter over the listed columns.
//!
//! Imports `spec` alone; does no I/O.

mod locate;
pub mod merge;
pub mod page;
pub mod quick;

pub use page::{PageFrom, PageKey, PageRequest, SortOrder};
