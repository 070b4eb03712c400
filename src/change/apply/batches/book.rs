//! The journal's side of a plan of many changes: one change, its entries written ahead a batch at a time.
//!
//! Imports `change::journal`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::change::apply::ApplyError;
use crate::change::bulk::{BulkKind, BulkPlan};
use crate::change::journal::{Entry, EntryId, Header, Journal, JournalError, Kind, Running, State};
use crate::change::{ChangeId, DatabaseName, Operation, Record};
use crate::store::Stores;

/// What became of an entry.
pub(super) type Result = (EntryId, State, String);

pub(super) struct Book<'a> {
    record: &'a Record,
    plan: &'a BulkPlan,
    databases: Vec<(DatabaseName, String)>,
    change: Option<(ChangeId, Running)>,
    /// The change that this one undoes, once that was asked.
    undone: Option<Option<ChangeId>>,
}

impl<'a> Book<'a> {
    /// Of a change of which nothing is written yet.
    pub fn new(record: &'a Record, stores: &Stores, plan: &'a BulkPlan) -> Self {
        let identity = |name: &DatabaseName| Some((name.clone(), stores.get(name)?.identity()));
        let databases = plan.databases().iter().filter_map(identity).collect();
        Self { record, plan, databases, change: None, undone: None }
    }

    /// On the disk when this returns.
    pub async fn write_ahead(
        &mut self,
        entries: Vec<Entry>,
    ) -> std::result::Result<Vec<EntryId>, ApplyError> {
        let refused = |error: JournalError| {
            ApplyError::Failed(format!(
                "{error}. Changes are written there first: those that were not begun yet were left as they are"
            ))
        };
        let (journal, Some(first)) = (&self.record.journal, entries.first()) else { return Ok(Vec::new()) };
        if let Some((change, _)) = &self.change {
            return journal.write_ahead(*change, entries).await.map_err(refused);
        }
        if let BulkKind::Rest(change) = self.plan.kind() {
            // What is left of a change belongs to it: it is undone as one.
            let change = ChangeId(*change);
            let running = journal.reopen(change, self.begin()?).await.map_err(refused)?;
            self.change = Some((change, running));
            return journal.write_ahead(change, entries).await.map_err(refused);
        }
        let header = self.header(&first.operation)?;
        let (change, written) = journal.begin_with(header, entries).await.map_err(refused)?;
        self.change = Some((change, journal.running(change)));
        Ok(written)
    }

    /// The plan's file is kept from now on.
    fn begin(&self) -> std::result::Result<PathBuf, ApplyError> {
        self.plan.begin().map_err(|error| ApplyError::Failed(error.to_string()))
    }

    fn header(&self, first: &Operation) -> std::result::Result<Header, ApplyError> {
        let of_file = || match first {
            Operation::Move { .. } => Kind::BulkMove,
            _ => Kind::BulkEdit,
        };
        let (kind, undoes) = match self.plan.kind() {
            BulkKind::Edit => (Kind::BulkEdit, None),
            BulkKind::Move => (Kind::BulkMove, None),
            BulkKind::Repair(name) => (Kind::Repair(name.clone()), None),
            BulkKind::File => (of_file(), None),
            BulkKind::Undo(change) => (Kind::Undo, Some(ChangeId(*change))),
            BulkKind::Redo(change) => (Kind::Redo, Some(ChangeId(*change))),
            // It has a head of its own already.
            BulkKind::Rest(_) => (of_file(), None),
        };
        let plan_file = self.begin()?;
        let environment = &self.plan.header().environment;
        let (title, total) = (self.plan.title().to_owned(), self.plan.total());
        let header = self.record.header(kind, title, environment, self.databases.clone(), total);
        Ok(Header { undoes: header.undoes.or(undoes), plan_file: Some(plan_file), ..header })
    }

    /// The times of a row that is put back: those that the change deleted which this one undoes.
    pub async fn times(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let Some(undone) = self.undone().await else { return (None, None) };
        let journal = &self.record.journal;
        match journal.times(undone, database.to_string(), Arc::clone(instance_uuid)).await {
            Ok(Some((created, updated))) => (created.map(Arc::from), updated.map(Arc::from)),
            _ => (None, None),
        }
    }

    /// The change that this one undoes, or does again; of the rest of one the same that its beginning did.
    async fn undone(&mut self) -> Option<ChangeId> {
        if let Some(known) = self.undone {
            return known;
        }
        let undone = match (self.record.undoing, self.plan.kind()) {
            (Some(undoing), _) => Some(undoing.change),
            (None, BulkKind::Undo(change) | BulkKind::Redo(change)) => Some(ChangeId(*change)),
            (None, BulkKind::Rest(change)) => {
                let begun = self.record.journal.change(ChangeId(*change)).await.ok().flatten();
                begun.and_then(|begun| begun.undoes)
            }
            _ => None,
        };
        self.undone = Some(undone);
        undone
    }

    /// What became of entries. Gives what is to be said where the journal does not take it: `recover` then
    /// finds it out again.
    pub async fn settle(journal: &Journal, results: Vec<Result>) -> Option<String> {
        if results.is_empty() {
            return None;
        }
        let error = journal.settle(results).await.err()?;
        Some(format!(
            "{error}. What became of some operations is not in it; `reqspec recover` finds that out again"
        ))
    }

    /// The end. Gives the number of the change, and what is to be said of the journal.
    pub async fn close(self) -> (Option<ChangeId>, Option<String>) {
        let Some((change, _running)) = self.change else { return (None, None) };
        let error = self.record.journal.finish(change).await.err();
        (Some(change), error.map(|error| error.to_string()))
    }
}
