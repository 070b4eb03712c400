//! The order of a list: by which field, which way.
//!
//! Imports its siblings; no I/O.

use super::fields::{Field, Source};
use super::page::SortOrder;

/// By a field, ascending or descending; equal ones by id, the same way. Rows without a value come last,
/// either way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// By which.
    pub field: Field,
    /// The greatest first.
    pub descending: bool,
}

impl Order {
    /// By that.
    pub fn by(field: Field, descending: bool) -> Self {
        Self { field, descending }
    }

    /// The order in which a database pages by itself, if it is one of these.
    pub fn native(&self) -> Option<SortOrder> {
        match (&self.field.source, self.descending) {
            (Source::Id, false) => Some(SortOrder::Id),
            (Source::Updated, true) => Some(SortOrder::Updated),
            _ => None,
        }
    }
}
