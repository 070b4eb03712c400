//! Which rows of a list are asked for: in what order, and from which key on. Pages are found by
//! key, never by OFFSET.

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
}

/// Which rows of the order a page holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageFrom {
    /// The first rows.
    Start,
    /// The last rows.
    End,
    /// The rows after that key.
    After(PageKey),
    /// The rows before that key (still given in the order).
    Before(PageKey),
    /// The row with that key or the next one in the order, and those after it.
    At(PageKey),
}

/// A request for consecutive rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The order.
    pub order: SortOrder,
    /// Where in it.
    pub from: PageFrom,
    /// At most so many rows.
    pub limit: u32,
}
