//! The order of a list: by which field, which way.
//!
//! Imports its siblings; no I/O.

use super::fields::{Field, Kind, Source};
use super::page::SortOrder;

/// Rows (or hits) in one database that can be brought into an order which it does not page by itself.
pub const MOST_SORTED: u64 = 4_000_000;

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

impl From<SortOrder> for Order {
    fn from(order: SortOrder) -> Self {
        match order {
            SortOrder::Id => {
                Self::by(Field { name: "id".into(), kind: Kind::Number, source: Source::Id }, false)
            }
            SortOrder::Updated => {
                Self::by(Field { name: "updated".into(), kind: Kind::Time, source: Source::Updated }, true)
            }
        }
    }
}
