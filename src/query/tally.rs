//! How far a search is.
//!
//! Imports nothing; no I/O.

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows passed.
    pub passed: u64,
    /// Hits among them.
    pub hits: u64,
    /// Rows that may be hits: other tables would tell, and could not be asked.
    pub undecided: u64,
    /// Whether all rows were passed.
    pub finished: bool,
}
