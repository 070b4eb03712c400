//! How the texts of one instance in two databases relate, and in what they differ.
//!
//! Small texts are compared at once; large ones in the background (`Effect::Compare`), since
//! reading 32 MB twice takes longer than a key may wait.
//!
//! Imports `spec`; no I/O.

use crate::spec::diff::{self, Change, Relation};

use super::detail::difference::apart;

/// Texts above so many bytes are compared in the background.
pub const LARGE: usize = 256 * 1024;

/// At most so many differences are kept.
pub const MOST: usize = 2_000;

/// Of each value at most so many characters are kept.
const VALUE: usize = 2_000;

/// Two texts compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How they relate.
    pub relation: Relation,
    /// The first [`MOST`] differences that say something.
    pub changes: Vec<Change>,
    /// How many there are.
    pub count: usize,
    /// In how many objects nothing but the bookkeeping differs: `nova_object.changes`.
    pub bookkeeping: usize,
    /// Size of the first text, in bytes.
    pub bytes: usize,
}

impl Comparison {
    /// Compares; takes long where the texts are.
    pub fn of(one: &[u8], other: &[u8]) -> Self {
        let bytes = one.len();
        let same = |relation| Self { relation, changes: Vec::new(), count: 0, bookkeeping: 0, bytes };
        if one == other {
            return same(Relation::Identical);
        }
        let changes = diff::difference_of_texts(one, other);
        if changes.is_empty() {
            return same(Relation::Equivalent);
        }
        let (mut changes, kept) = apart(changes);
        let count = changes.len();
        changes.truncate(MOST);
        for value in changes.iter_mut().flat_map(|change| [&mut change.before, &mut change.after]).flatten() {
            if let Some((end, _)) = value.char_indices().nth(VALUE) {
                value.truncate(end);
                value.push('…');
                value.shrink_to_fit();
            }
        }
        Self { relation: Relation::Different, changes, count, bookkeeping: kept.len(), bytes }
    }

    /// Whether two texts can be compared at once.
    pub fn is_quick(one: &[u8], other: &[u8]) -> bool {
        one.len().max(other.len()) <= LARGE
    }
}
