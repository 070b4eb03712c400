//! What came of the operations: counted, and the first that were not simply done.

use std::sync::Arc;

use super::{BulkOutcome, book};
use crate::change::apply::ApplyError;
use crate::change::journal::{EntryId, State};
use crate::change::{ChangeId, DatabaseName, Progress};

/// An operation that was not simply done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// In which database.
    pub database: DatabaseName,
    /// Whose spec.
    pub instance_uuid: Arc<str>,
    /// How it ended.
    pub state: State,
    /// What became of it, whole sentences.
    pub sentence: String,
}

/// An operation that has an end.
pub(super) struct Ended {
    /// In the journal; None where it never was to be written.
    pub entry: Option<EntryId>,
    pub database: DatabaseName,
    pub instance_uuid: Arc<str>,
    pub state: State,
    pub said: String,
    /// It was done, and yet there is something to be told.
    pub is_told: bool,
}

impl Ended {
    /// For the journal.
    pub fn result(&self) -> Option<book::Result> {
        self.entry.map(|entry| (entry, self.state, self.said.clone()))
    }
}

/// Counts the ends of operations.
pub(super) struct Tally {
    progress: Progress,
    problems: Vec<Problem>,
    notices: Vec<String>,
}

impl Tally {
    pub fn new(total: u64) -> Self {
        let progress = Progress { total: Some(total), ..Progress::default() };
        Self { progress, problems: Vec::new(), notices: Vec::new() }
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Counts ends, and tells of each that is not simply a success.
    pub fn note(&mut self, ended: Vec<Ended>, tell: &(dyn Fn(&Problem) + Sync)) {
        for one in ended {
            self.progress.passed += 1;
            match one.state {
                State::Done => self.progress.done += 1,
                State::Conflict | State::RolledBack | State::Withdrawn => self.progress.conflicts += 1,
                State::Failed | State::NotDone | State::Uncertain | State::Written => {
                    self.progress.failed += 1;
                }
            }
            if one.state != State::Done || one.is_told {
                tracing::info!(database = %one.database, instance_uuid = %one.instance_uuid, "{}", one.said);
                let problem = Problem {
                    database: one.database,
                    instance_uuid: one.instance_uuid,
                    state: one.state,
                    sentence: one.said,
                };
                tell(&problem);
                if self.problems.len() < BulkOutcome::MOST_PROBLEMS {
                    self.problems.push(problem);
                }
            }
        }
    }

    /// Something about the journal; each is said once.
    pub fn notice(&mut self, notice: Option<String>) {
        self.notices.extend(notice.filter(|notice| !self.notices.contains(notice)));
    }

    pub fn outcome(
        self,
        change: Option<ChangeId>,
        stopped: Option<ApplyError>,
        is_cancelled: bool,
    ) -> BulkOutcome {
        let progress = Progress { finished: true, ..self.progress };
        BulkOutcome {
            progress,
            problems: self.problems,
            change,
            stopped,
            is_cancelled,
            notices: self.notices,
        }
    }
}
