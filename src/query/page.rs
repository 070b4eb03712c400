//! Which rows of a list are asked for: in what order, and from which key on. Pages are found by
//! key, never by OFFSET.
//!
//! Imports [`super::sort_key`]; no I/O.

use super::sort_key::SortKey;

/// The order of a list of specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// By `id`, ascending.
    Id,
    /// By last update (`updated_at`, else `created_at`), newest first, then by `id` descending.
    Updated,
}

/// The place in the order from which a page goes on, exclusive: the key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageKey {
    /// Column `id`.
    pub id: i64,
    /// `updated_at`, else `created_at`, as stored; "" where both are null. Ignored for [`SortOrder::Id`].
    pub updated: String,
    /// What it is sorted by where the list's order is none that databases page by themselves.
    pub sort: Option<SortKey>,
}

impl PageKey {
    /// A key in the orders in which databases page by themselves.
    pub fn new(id: i64, updated: impl Into<String>) -> Self {
        Self { id, updated: updated.into(), sort: None }
    }
}

/// Which rows of the order a page holds. `K` is the key: of one table, or of several merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageFrom<K = PageKey> {
    /// The first rows.
    Start,
    /// The last rows.
    End,
    /// The rows after that key.
    After(K),
    /// The rows before that key (still given in the order).
    Before(K),
    /// The row with that key or the next one in the order, and those after it.
    At(K),
}

impl<K> PageFrom<K> {
    /// The same with other keys.
    pub fn map<T>(self, key: impl FnOnce(K) -> T) -> PageFrom<T> {
        match self {
            PageFrom::Start => PageFrom::Start,
            PageFrom::End => PageFrom::End,
            PageFrom::After(at) => PageFrom::After(key(at)),
            PageFrom::Before(at) => PageFrom::Before(key(at)),
            PageFrom::At(at) => PageFrom::At(key(at)),
        }
    }

    /// Whether the page is cut at its beginning: the rows nearest to its end are wanted.
    pub fn is_backwards(&self) -> bool {
        matches!(self, PageFrom::End | PageFrom::Before(_))
    }
}

/// A request for consecutive rows. `O` is the order: one in which databases page by themselves, or any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<K = PageKey, O = SortOrder> {
    /// The order.
    pub order: O,
    /// Where in it.
    pub from: PageFrom<K>,
    /// At most so many rows.
    pub limit: u32,
}

impl<K, O> PageRequest<K, O> {
    /// The same with other keys.
    pub fn map<T>(self, key: impl FnOnce(K) -> T) -> PageRequest<T, O> {
        PageRequest { order: self.order, from: self.from.map(key), limit: self.limit }
    }
}
