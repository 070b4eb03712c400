//! Specs that are marked for a change of many: by hand, as a range between two rows, or all that a
//! query finds. Marks by hand are rows of databases, whatever list shows them; all of a query is the
//! query itself, so that memory does not grow with the rows.
//!
//! Imports `change`, `query` and its siblings; no I/O.

use std::collections::HashSet;
use std::sync::Arc;

use super::row::Row;
use crate::change::{DatabaseName, Whom};
use crate::query::Query;

/// Most rows that are marked by hand.
pub const MOST: usize = 10_000;

/// What a marked row is known by.
pub type Known = (DatabaseName, Arc<str>);

/// All rows that a query finds in some databases.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// Where.
    pub databases: Vec<DatabaseName>,
    /// Which.
    pub query: Arc<Query>,
}

/// What is marked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    /// By hand.
    rows: HashSet<Known>,
    /// All of a query; instead of those by hand.
    matching: Option<Matching>,
    /// The range that follows the cursor: its rows from the one it began on to the cursor's.
    range: Option<Vec<Known>>,
    /// The rows of the range, to be found quickly.
    in_range: HashSet<Known>,
}

/// Why a row was not marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many are marked as can be.
    Full,
    /// All of a query is marked.
    All,
    /// The rows between are not at hand.
    TooFar,
}

impl Refused {
    /// Why, and what to do.
    pub fn sentence(self) -> String {
        match self {
            Self::Full => {
                format!(
                    "no more than {} rows are marked by hand: * marks all of the query",
                    super::words::grouped(MOST as u64)
                )
            }
            Self::All => "all of the query is marked: Esc clears that".to_owned(),
            Self::TooFar => {
                "the range ends where it was: the rows between are not read; * marks all of the query"
                    .to_owned()
            }
        }
    }
}

fn known(row: &Row) -> Known {
    (row.database.clone(), Arc::clone(&row.instance_uuid))
}

impl Marks {
    /// Whether anything is marked.
    pub fn is_any(&self) -> bool {
        self.matching.is_some() || !self.rows.is_empty() || self.range.is_some()
    }

    /// Whether a range follows the cursor.
    pub fn has_range(&self) -> bool {
        self.range.is_some()
    }

    /// All of a query, if that is what is marked.
    pub fn matching(&self) -> Option<&Matching> {
        self.matching.as_ref()
    }

    /// How many are marked by hand, the range included.
    pub fn count(&self) -> usize {
        self.rows.len() + self.in_range.difference(&self.rows).count()
    }

    /// How many of them are in databases that are shown.
    pub fn count_in(&self, shown: impl Fn(&DatabaseName) -> bool) -> usize {
        let range = self.in_range.difference(&self.rows);
        self.rows.iter().chain(range).filter(|(database, _)| shown(database)).count()
    }

    /// Whether a row that is listed is marked; one of a list that `query` narrows.
    pub fn is_marked(&self, row: &Row, listed: Option<&Arc<Query>>) -> bool {
        if let Some(all) = &self.matching {
            let same = match listed {
                Some(query) => query.expression == all.query.expression,
                None => all.query.is_all(),
            };
            return same && all.databases.contains(&row.database);
        }
        let row = known(row);
        self.rows.contains(&row) || self.in_range.contains(&row)
    }

    /// Marks a row, or no more.
    ///
    /// # Errors
    /// Why not.
    pub fn toggle(&mut self, row: &Row) -> Result<(), Refused> {
        if self.matching.is_some() {
            return Err(Refused::All);
        }
        let row = known(row);
        if self.rows.remove(&row) {
            return Ok(());
        }
        if self.rows.len() >= MOST {
            return Err(Refused::Full);
        }
        self.rows.insert(row);
        Ok(())
    }

    /// Marks these rows as well.
    ///
    /// # Errors
    /// There are too many: nothing is marked.
    pub fn add(&mut self, rows: impl IntoIterator<Item = Known>) -> Result<(), Refused> {
        let new: HashSet<_> = rows.into_iter().take(MOST + 1).collect();
        if self.rows.union(&new).count() > MOST {
            return Err(Refused::Full);
        }
        self.matching = None;
        self.rows.extend(new);
        Ok(())
    }

    /// Marks all that a query finds, and nothing else.
    pub fn mark_all(&mut self, matching: Matching) {
        *self = Self { matching: Some(matching), ..Self::default() };
    }

    /// Nothing is marked any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A range begins on that row.
    ///
    /// # Errors
    /// Why not.
    pub fn begin_range(&mut self, row: &Row) -> Result<(), Refused> {
        if self.matching.is_some() {
            return Err(Refused::All);
        }
        if self.count() >= MOST {
            return Err(Refused::Full);
        }
        self.in_range = HashSet::from([known(row)]);
        self.range = Some(vec![known(row)]);
        Ok(())
    }

    /// The range ends where it is: its rows stay marked.
    pub fn end_range(&mut self) {
        self.range = None;
        self.rows.extend(std::mem::take(&mut self.in_range));
    }

    /// The cursor is on the row at `cursor` of `rows` now: the range reaches to there. Going back
    /// towards its beginning takes rows out of it again.
    ///
    /// # Errors
    /// It cannot, and why; the range has ended.
    pub fn extend_range(&mut self, rows: &[&Row], cursor: usize) -> Result<(), Refused> {
        let Some(range) = &mut self.range else { return Ok(()) };
        let Some(end) = range.last().cloned() else { return Ok(()) };
        if rows.get(cursor).is_none_or(|row| is(row, &end)) {
            return Ok(());
        }
        let Some(from) = rows.iter().position(|row| is(row, &end)) else {
            self.end_range();
            return Err(Refused::TooFar);
        };
        let step = |at: usize| if cursor > from { at + 1 } else { at - 1 };
        let mut at = from;
        while at != cursor {
            at = step(at);
            let row = known(rows[at]);
            let back = range.len().checked_sub(2).and_then(|before| range.get(before)) == Some(&row);
            if back {
                if let Some(left) = range.pop() {
                    self.in_range.remove(&left);
                }
            } else if self.rows.len() + range.len() >= MOST {
                self.end_range();
                return Err(Refused::Full);
            } else {
                self.in_range.insert(row.clone());
                range.push(row);
            }
        }
        Ok(())
    }

    /// The marks as what a change of many is about; in the order of databases and uuids, so that the
    /// same marks make the same plan.
    pub fn whom(&self) -> Option<Whom> {
        if let Some(Matching { databases, query }) = &self.matching {
            return Some(Whom::Query { databases: databases.clone(), query: Arc::clone(query) });
        }
        let mut rows: Vec<_> = self.rows.union(&self.in_range).cloned().collect();
        rows.sort();
        (!rows.is_empty()).then(|| Whom::Rows(rows.into()))
    }

    /// The databases that marked specs are in.
    pub fn databases(&self) -> Vec<DatabaseName> {
        if let Some(matching) = &self.matching {
            return matching.databases.clone();
        }
        let mut names: Vec<_> = self.rows.union(&self.in_range).map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn is(row: &Row, known: &Known) -> bool {
    row.instance_uuid == known.1 && row.database == known.0
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
