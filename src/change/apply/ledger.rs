//! The journal's side of a change: written ahead, settled, closed. What cannot be written ahead stops the
//! change; what cannot be settled does not, for `recover` can find it out again.
//!
//! Imports `change::journal`.

use std::sync::Arc;

use super::{ApplyError, Step};
use crate::change::journal::row::Header;
use crate::change::journal::{ChangeId, Entry, EntryId, JournalError, Running, State};
use crate::change::{DatabaseName, Operation, Record};
use crate::spec::text::named;
use crate::store::StoredSpec;

/// The change in the journal, as far as it has come.
pub(super) struct Ledger<'a> {
    record: &'a Record,
    /// Until it is written, with the first operation.
    header: Option<Header>,
    change: Option<(ChangeId, Running)>,
    entry: Option<EntryId>,
    is_finished: bool,
    notices: Vec<String>,
}

impl<'a> Ledger<'a> {
    /// Of a change of which nothing is written yet.
    pub fn new(record: &'a Record, header: Header) -> Self {
        Self {
            record,
            header: Some(header),
            change: None,
            entry: None,
            is_finished: false,
            notices: Vec::new(),
        }
    }

    /// Of a recovery, which writes down itself what became of the operation: only its steps are written here.
    pub fn of_steps(record: &'a Record, entry: EntryId) -> Self {
        Self {
            record,
            header: None,
            change: None,
            entry: Some(entry),
            is_finished: false,
            notices: Vec::new(),
        }
    }

    /// On the disk when this returns; `row` is what the operation takes away.
    pub async fn write_ahead(
        &mut self,
        operation: &Operation,
        row: Option<&StoredSpec>,
    ) -> Result<(), ApplyError> {
        let entry = Entry {
            operation: operation.clone(),
            created_at: row.and_then(|row| row.created_at.clone()),
            updated_at: row.and_then(|row| row.updated_at.clone()),
        };
        let refused = |error: JournalError| {
            ApplyError::Failed(format!(
                "{error}. A change is written there first: the spec of {} was left as it is, nothing was written",
                named(operation.instance_uuid())
            ))
        };
        let journal = &self.record.journal;
        let written = match (self.header.take(), &self.change) {
            (Some(header), _) => {
                let (change, written) = journal.begin_with(header, vec![entry]).await.map_err(refused)?;
                self.change = Some((change, journal.running(change)));
                written
            }
            (None, Some((change, _))) => journal.write_ahead(*change, vec![entry]).await.map_err(refused)?,
            // It could not be begun, and was told so.
            (None, None) => Vec::new(),
        };
        self.entry = written.first().copied();
        Ok(())
    }

    /// How far a move has come.
    pub async fn step(&mut self, step: Step) {
        if let Some(entry) = self.entry
            && let Err(error) = self.record.journal.step(vec![entry], step).await
        {
            // It is told with what became of it, which cannot be written either.
            tracing::warn!(%error, "a step is not in the journal");
        }
    }

    /// What became of the operation; with the `last` one the change ends.
    pub async fn settle(&mut self, state: State, said: String, last: bool) {
        let (Some((change, _)), Some(entry)) = (&self.change, self.entry.take()) else { return };
        let (journal, results) = (&self.record.journal, vec![(entry, state, said)]);
        let settled = match last {
            true => journal.settle_and_finish(*change, results).await,
            false => journal.settle(results).await,
        };
        self.is_finished |= last && settled.is_ok();
        if let Err(error) = settled {
            self.notices.push(format!(
                "{error}. What became of change {change} is not in it; `reqspec recover` finds that out again"
            ));
        }
    }

    /// The end. Gives the number of the change, and what is to be said of the journal.
    pub async fn close(mut self) -> (Option<ChangeId>, Vec<String>) {
        let Some((change, _running)) = self.change.take() else { return (None, self.notices) };
        if !self.is_finished
            && self.notices.is_empty()
            && let Err(error) = self.record.journal.finish(change).await
        {
            self.notices.push(error.to_string());
        }
        (Some(change), self.notices)
    }

    /// The times of a row that is put back: those that the change deleted which this one undoes.
    pub async fn times(
        &self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let Some(undoing) = self.record.undoing else { return (None, None) };
        let asked =
            self.record.journal.times(undoing.change, database.to_string(), Arc::clone(instance_uuid)).await;
        match asked {
            Ok(Some((created, updated))) => (created.map(Arc::from), updated.map(Arc::from)),
            _ => (None, None),
        }
    }
}
