//! Many changes: the operations of a plan, read from its file, in batches. Each batch is in the journal before
//! its first byte goes to a database, then one transaction for each database; while it is written, the next
//! one is journaled and the one after that read and compared.
//!
//! - `reading`: the next batch.  `book`: the journal's side.  `pacing`: how fast.
//! - `rows`: changes of one database.  `moves`: moves from one to another.  `tally`: what came of it.
//!
//! A row that is not what the plan was made from is left alone and told; the others go on. What stops a run
//! is a database or a journal that cannot be written, and the operator. Imports `store`.

mod book;
mod moves;
mod pacing;
mod reading;
mod rows;
mod tally;

use std::sync::Arc;

use futures_util::future::join4;

use super::{ApplyError, Stage, as_text, follow_unnamed, plain, stop_for_test};
use crate::change::bulk::BulkPlan;
use crate::change::journal::{Journal, State};
use crate::change::{ChangeId, Confirmed, DatabaseName, Operation, Progress, Record};
use crate::spec::text::named;
use crate::store::{Cancel, NewSpec, RowChange, SpecStore, Stores};
use book::Book;
pub use pacing::Pace;
use pacing::Throttle;
use reading::{Batch, Instances, ReadBatch, Ready, Source};
use rows::Row;
pub use tally::Problem;
use tally::{Ended, Tally};

/// What became of a plan of many changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BulkOutcome {
    /// How many operations ended how.
    pub progress: Progress,
    /// The first [`BulkOutcome::MOST_PROBLEMS`] operations that were not simply done.
    pub problems: Vec<Problem>,
    /// Its number in the journal; None where nothing was begun.
    pub change: Option<ChangeId>,
    /// Why it stopped before its end, if it did and was not cancelled.
    pub stopped: Option<ApplyError>,
    /// Whether it was cancelled before its end.
    pub is_cancelled: bool,
    /// What else an operator should know: where the journal could not be kept up to date, a sentence.
    pub notices: Vec<String>,
}

impl BulkOutcome {
    /// More problems than this are only counted.
    pub const MOST_PROBLEMS: usize = 1_000;

    /// How many operations were not begun.
    pub fn not_begun(&self) -> u64 {
        self.progress.total.unwrap_or_default().saturating_sub(self.progress.passed)
    }

    /// Whether every operation was done.
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.progress.total == Some(self.progress.done)
    }
}

/// Apply a confirmed plan of many changes, with stores that are open for writing.
///
/// `progress` is called after each batch. Cancelling takes effect before the next batch.
pub async fn apply_many(
    stores: &Stores,
    record: &Record,
    plan: Confirmed<BulkPlan>,
    pace: &Pace,
    progress: &(dyn Fn(&Progress) + Sync),
    cancel: &Cancel,
) -> BulkOutcome {
    apply_many_staged(stores, record, plan.get(), pace, progress, cancel, &stop_for_test).await
}

/// The same, telling `reached` of each stage of each batch.
pub(super) async fn apply_many_staged(
    stores: &Stores,
    record: &Record,
    plan: &BulkPlan,
    pace: &Pace,
    progress: &(dyn Fn(&Progress) + Sync),
    cancel: &Cancel,
    reached: &(dyn Fn(Stage) + Sync),
) -> BulkOutcome {
    let mut tally = Tally::new(plan.total());
    let opened = may_write(stores, plan).and_then(|()| Source::open(plan));
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => return tally.outcome(None, Some(error), false),
    };
    let mut book = Book::new(record, stores, plan);
    let run = Run { stores, journal: &record.journal, reached };
    let (mut throttle, limit) = (Throttle::new(pace), pace.most());
    let (mut stopped, mut is_cancelled) = (None, false);
    let mut results = Vec::new();
    // Three batches are under way: one is written, the next journaled, the one after it read.
    let (mut journaled, mut read): (Option<Batch>, Option<ReadBatch>) = (None, None);
    progress(tally.progress());
    loop {
        let (writing, journaling) = (journaled.take(), read.take());
        if writing.is_none() && journaling.is_none() && source.is_empty() {
            break;
        }
        if let Some(batch) = &writing
            && !throttle.turn(batch.ready.len(), cancel).await
        {
            is_cancelled = true;
            results.extend(batch.ready.iter().map(Ready::not_begun));
            break;
        }
        let under_way = Instances::of(&writing, &journaling);
        let (is_writing, is_settling) = (writing.is_some(), !results.is_empty());
        // What is read stands before what is written in the queue of a database that takes turns.
        let (next, ahead, written, settled) = join4(
            run.read(&mut source, limit, &under_way),
            run.write_ahead(&mut book, journaling),
            run.write(writing),
            Book::settle(&record.journal, std::mem::take(&mut results)),
        )
        .await;
        tally.notice(settled);
        if is_settling {
            reached(Stage::Settled);
        }
        results.extend(written.results());
        tally.note(written.ended);
        if is_writing {
            progress(tally.progress());
        }
        stopped = written.stop;
        match ahead {
            Ok(batch) => journaled = batch,
            Err(error) => stopped = stopped.or(Some(error)),
        }
        match next {
            Ok(batch) => read = batch,
            Err(error) => stopped = stopped.or(Some(error)),
        }
        if stopped.is_some() {
            results.extend(journaled.iter().flat_map(|batch| batch.ready.iter().map(Ready::not_begun)));
            break;
        }
    }
    let settled = Book::settle(&record.journal, results).await;
    reached(Stage::Settled);
    tally.notice(settled);
    let (change, unfinished) = book.close().await;
    tally.notice(unfinished);
    if stopped.is_none() && !is_cancelled {
        plan.finish();
    }
    let outcome = tally.outcome(change, stopped, is_cancelled);
    progress(&outcome.progress);
    outcome
}

/// That all databases which it writes to are open for writing.
fn may_write(stores: &Stores, plan: &BulkPlan) -> Result<(), ApplyError> {
    for database in plan.targets() {
        if !stores.require(database).map_err(plain)?.is_writable() {
            return Err(ApplyError::Refused(format!(
                "{database} is open for reading only: nothing was written"
            )));
        }
    }
    Ok(())
}

/// What the steps of a batch need.
struct Run<'a> {
    stores: &'a Stores,
    journal: &'a Journal,
    reached: &'a (dyn Fn(Stage) + Sync),
}

/// What became of a batch.
#[derive(Default)]
struct Written {
    ended: Vec<Ended>,
    /// Those that were not begun, because of what stopped it.
    left: Vec<Ready>,
    stop: Option<ApplyError>,
}

impl Written {
    /// For the journal.
    fn results(&self) -> Vec<book::Result> {
        let ended = self.ended.iter().filter_map(Ended::result);
        ended.chain(self.left.iter().map(Ready::not_begun)).collect()
    }
}

/// Which operations go together.
#[derive(PartialEq, Eq)]
enum Group {
    Rows(DatabaseName),
    Moves(DatabaseName, DatabaseName),
}

impl Group {
    fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Save { database, .. }
            | Operation::Create { database, .. }
            | Operation::Destroy { database, .. }
            | Operation::Copy { to: database, .. } => Self::Rows(database.clone()),
            Operation::Move { from, to, .. } => Self::Moves(from.clone(), to.clone()),
        }
    }
}

impl Run<'_> {
    /// All of a batch: no two of it are of the same instance, so that their order does not matter.
    async fn write(&self, batch: Option<Batch>) -> Written {
        let Some(batch) = batch else { return Written::default() };
        let mut written = Written { ended: batch.ended, ..Written::default() };
        let mut groups: Vec<(Group, Vec<Ready>)> = Vec::new();
        for ready in batch.ready {
            let group = Group::of(&ready.operation);
            match groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, members)) => members.push(ready),
                None => groups.push((group, vec![ready])),
            }
        }
        for (group, members) in groups {
            if written.stop.is_some() {
                written.left.extend(members);
                continue;
            }
            match group {
                Group::Rows(database) => self.rows(&database, members, &mut written).await,
                Group::Moves(from, to) => self.moves(&from, &to, members, &mut written).await,
            }
        }
        written
    }

    /// Saves, creations, deletions and copies in one database.
    async fn rows(&self, database: &DatabaseName, members: Vec<Ready>, written: &mut Written) {
        let store = match self.store(database) {
            Ok(store) => store,
            Err(error) => {
                (written.stop, written.left) = (Some(error), members);
                return;
            }
        };
        let (mut begun, mut changes) = (Vec::new(), Vec::new());
        for ready in members {
            match ready.change() {
                Ok(change) => {
                    changes.push(change);
                    begun.push(ready);
                }
                Err(error) => {
                    written.ended.push(ready.ended(database, error.state(false), error.to_string()))
                }
            }
        }
        let answers = rows::write(store, &changes).await;
        (self.reached)(Stage::Saved);
        for (ready, row) in begun.iter().zip(answers.rows) {
            let whose = named(ready.operation.instance_uuid());
            let (done, undone) = match &ready.operation {
                Operation::Create { .. } => ("Created the spec", "was not created in"),
                Operation::Destroy { .. } => ("Deleted the spec", "was not deleted in"),
                Operation::Copy { .. } => ("Copied the spec", "was not copied to"),
                _ => ("Saved the spec", "was not changed in"),
            };
            let (state, said) = match row {
                Row::Done => (State::Done, format!("{done} of {whose} in {database}.")),
                Row::AlreadySo => (State::Done, format!("The spec of {whose} in {database} was so already.")),
                Row::Refused(error) => {
                    let error = follow_unnamed(error, &format!("The spec of {whose} {undone} {database}"));
                    (error.state(false), error.to_string())
                }
            };
            written.ended.push(ready.ended(database, state, said));
        }
        written.stop = answers.stop.map(plain);
    }

    fn store(&self, database: &DatabaseName) -> Result<&Arc<dyn SpecStore>, ApplyError> {
        self.stores.require(database).map_err(plain)
    }
}

impl Ready {
    /// The change of one row that it is; a move is none.
    fn change(&self) -> Result<RowChange, ApplyError> {
        Ok(match &self.operation {
            Operation::Save { instance_uuid, before, after, .. } => RowChange::Save {
                instance_uuid: Arc::clone(instance_uuid),
                before: Arc::clone(before),
                after: Arc::clone(after),
            },
            Operation::Create { text, .. } => RowChange::Create(self.row(Arc::clone(text))),
            Operation::Destroy { instance_uuid, before, .. } => {
                RowChange::Destroy { instance_uuid: Arc::clone(instance_uuid), before: Arc::clone(before) }
            }
            Operation::Copy { instance_uuid, text, replaces: Some(before), .. } => RowChange::Save {
                instance_uuid: Arc::clone(instance_uuid),
                before: Arc::clone(before),
                after: as_text(text, instance_uuid)?.into(),
            },
            Operation::Copy { instance_uuid, text, .. } | Operation::Move { instance_uuid, text, .. } => {
                RowChange::Create(self.row(as_text(text, instance_uuid)?.into()))
            }
        })
    }

    /// A row with the times that it shall have.
    fn row(&self, spec: Arc<str>) -> NewSpec {
        NewSpec {
            instance_uuid: Arc::clone(self.operation.instance_uuid()),
            spec,
            created_at: self.created_at.clone(),
            updated_at: self.updated_at.clone(),
        }
    }
}

#[cfg(test)]
#[path = "batches_tests.rs"]
mod tests;
