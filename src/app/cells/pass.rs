//! A search in several cells: where it runs, how far it is, what it could not ask.
//!
//! Imports its parent, `query` and `change` (names); no I/O.

use std::sync::Arc;

use super::Cells;
use crate::app::effect::{Effect, RequestId};
use crate::app::row::Failure;
use crate::change::DatabaseName;
use crate::query::Tally;
use crate::query::{Order, Query};

/// How far a search is in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pass {
    pub(super) tally: Tally,
    remarks: Vec<String>,
    pub(super) failed: bool,
}

impl Pass {
    /// Whether its hits are listed: all, or those that it had when it failed.
    pub(super) fn is_listed(&self) -> bool {
        !self.failed || self.tally.hits > 0
    }
}

impl Cells {
    /// Begins a search in all cells that are not left out, or in one more.
    pub fn start_pass(
        &mut self,
        search: RequestId,
        query: &Arc<Query>,
        order: &Order,
        only: Option<&DatabaseName>,
    ) -> Vec<Effect> {
        let cells = match only {
            Some(only) => vec![only.clone()],
            None => {
                self.pass.clear();
                self.asked(None)
            }
        };
        let start = |database: DatabaseName| {
            self.pass.insert(database.clone(), Pass::default());
            Effect::StartSearch { search, database, query: Arc::clone(query), order: order.clone() }
        };
        cells.into_iter().map(start).collect()
    }

    /// A search came further in one cell: how far it is in all.
    pub fn passed(&mut self, database: &DatabaseName, tally: Tally, remarks: Vec<String>) -> Tally {
        if let Some(pass) = self.pass.get_mut(database) {
            *pass = Pass { tally, remarks, failed: false };
        }
        self.tally()
    }

    /// A search failed in one cell: how far it is in the others; None if it failed in all.
    /// What it found before stays, except where the database is away: its rows cannot be read, and
    /// are looked for anew when it is back.
    pub fn pass_failed(&mut self, database: &DatabaseName, failure: &Failure) -> Option<Tally> {
        if let Some(pass) = self.pass.get_mut(database) {
            pass.failed = true;
            if !matches!(failure, Failure::Failed(_)) {
                *pass = Pass { failed: true, ..Pass::default() };
            }
        }
        let goes_on = self.pass.values().any(|pass| !pass.failed);
        goes_on.then(|| self.tally())
    }

    /// How far a search is in all cells.
    pub fn tally(&self) -> Tally {
        let listed = || self.pass.values().filter(|pass| pass.is_listed());
        Tally {
            passed: listed().map(|pass| pass.tally.passed).sum(),
            hits: listed().map(|pass| pass.tally.hits).sum(),
            undecided: listed().map(|pass| pass.tally.undecided).sum(),
            finished: listed().all(|pass| pass.failed || pass.tally.finished),
        }
    }

    /// Whether a search runs in that cell, or is done.
    pub fn is_passed(&self, name: &DatabaseName) -> bool {
        self.pass.get(name).is_some_and(|pass| !pass.failed)
    }

    /// Whether a search is done in all cells that have said anything.
    pub fn is_settled(&self) -> bool {
        let done = |pass: &Pass| pass.failed || pass.tally.finished || pass.tally.passed == 0;
        self.pass.values().all(done)
    }

    /// The cells of whose rows a search has none, because it did not pass them, or not to the end.
    pub fn not_passed(&self) -> Vec<DatabaseName> {
        let left_out = |name: &&DatabaseName| self.pass.get(*name).is_none_or(|pass| !pass.is_listed());
        self.names.iter().filter(left_out).cloned().collect()
    }

    /// The cells of whose rows a search has some, but did not come to their end.
    pub fn partly_passed(&self) -> Vec<DatabaseName> {
        let partly =
            |name: &&DatabaseName| self.pass.get(*name).is_some_and(|pass| pass.failed && pass.is_listed());
        self.names.iter().filter(partly).cloned().collect()
    }

    /// What a search could not ask, each once.
    pub fn remarks(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let passes = self.names.iter().filter_map(|name| self.pass.get(name)).filter(|pass| pass.is_listed());
        for remark in passes.flat_map(|pass| &pass.remarks) {
            if !all.contains(remark) {
                all.push(remark.clone());
            }
        }
        all
    }

    /// Most hits in one cell.
    pub fn most_hits(&self) -> u64 {
        self.pass.values().map(|pass| pass.tally.hits).max().unwrap_or(0)
    }
}
