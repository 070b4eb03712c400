//! The only code that writes to a store (beside nova's own object, `store::object`), and it takes
//! confirmed plans alone.
//!
//! - `transfer`: a move, step by step.  `words`: what the errors of a store mean for a plan.
//! - `recovery`: what an interrupted move still wants.
//! - `ledger`: each operation is in the journal, on the disk, before its first byte goes to a database.
//! - `batches`: many operations, in transactions of many rows.
//!
//! A write whose answer was lost is looked after before anything is said of it. Imports `store`.

mod batches;
mod ledger;
pub(super) mod recovery;
mod transfer;
mod words;

use std::sync::Arc;

use super::journal::{ChangeId, State, Step};
use super::{Confirmed, DatabaseName, Operation, Plan, Record};
use crate::spec::text::named;
use crate::store::{NewSpec, SpecStore, StoreError, StoredSpec, Stores};
pub use batches::{BulkOutcome, Pace, Problem, Watch, apply_many, apply_many_watched};
use ledger::Ledger;
use words::{Fate, cause, fate, follow_unnamed, plain, unknown};

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// In which database.
    pub database: DatabaseName,
    /// To whose spec.
    pub instance_uuid: Arc<str>,
    /// The row there now; None if it was deleted.
    pub row: Option<StoredSpec>,
    /// What was done, a whole sentence.
    pub sentence: String,
}

/// Why a plan was not, or not wholly, applied. Each says what was not done and where the spec is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A row is not what the plan was made from.
    #[error("{reason}")]
    Conflict {
        /// Whole sentences.
        reason: String,
        /// The text that is there now, if any.
        current: Option<Arc<[u8]>>,
    },
    /// A row is not there any more.
    #[error("{0}")]
    NotFound(String),
    /// Other sessions held locks or kept getting in the way; to be tried again.
    #[error("{0}")]
    Contended(String),
    /// The session may not write.
    #[error("{0}")]
    Refused(String),
    /// The answer to a write was lost, and the database cannot be asked what became of it. Says
    /// what is known.
    #[error("{0}")]
    Uncertain(String),
    /// The database said no.
    #[error("{0}")]
    Failed(String),
}

impl ApplyError {
    /// How an operation ended that met this error, after it had written something or before.
    fn state(&self, has_written: bool) -> State {
        match self {
            Self::Uncertain(_) => State::Uncertain,
            // It stands half done.
            _ if has_written => State::Uncertain,
            Self::Conflict { .. } => State::Conflict,
            Self::Failed(_) => State::Failed,
            Self::NotFound(_) | Self::Contended(_) | Self::Refused(_) => State::NotDone,
        }
    }
}

/// What became of a plan. The operations before the failed one were done, those after it not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What was done, in order.
    pub done: Vec<Done>,
    /// What stopped it.
    pub failed: Option<ApplyError>,
    /// How many of the plan's operations were not begun.
    pub not_begun: usize,
    /// Its number in the journal; None where nothing was begun.
    pub change: Option<ChangeId>,
    /// What else an operator should know: where the journal could not be kept up to date, a sentence.
    pub notices: Vec<String>,
}

/// A point between two steps, at which a test may stop or interfere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The operation is in the journal; nothing is sent to a database yet.
    Journaled,
    /// Of a move: nothing is written yet.
    Begun,
    /// The destination's row is committed.
    Inserted,
    /// The destination's row was read back, is right, and is held.
    Verified,
    /// The source's row is deleted and committed; the destination is no longer held and is about
    /// to be looked at again.
    Deleted,
    /// Of all but a move: the write is committed, and the journal does not know it yet.
    Saved,
    /// The journal knows what became of the operation.
    Settled,
}

/// Apply a confirmed plan, with stores that are open for writing. Stops at the first failure.
///
/// Each operation is in the journal before it is begun. Where that cannot be written, nothing is.
pub async fn apply(stores: &Stores, record: &Record, plan: Confirmed<Plan>) -> Outcome {
    apply_staged(stores, record, plan, &stop_for_test).await
}

/// The same, telling `reached` of each stage.
pub(super) async fn apply_staged(
    stores: &Stores,
    record: &Record,
    plan: Confirmed<Plan>,
    reached: &(dyn Fn(Stage) + Sync),
) -> Outcome {
    let plan = plan.get();
    let ledger = Ledger::new(record, record.header_of(stores, plan));
    let mut application = Application { stores, reached, ledger, done: Vec::new(), end: None };
    let (mut failed, mut not_begun) = (None, 0);
    for (index, operation) in plan.operations.iter().enumerate() {
        let last = index + 1 == plan.operations.len();
        if let Err(error) = application.operation(operation, last).await {
            (failed, not_begun) = (Some(error), plan.operations.len() - index - 1);
            break;
        }
    }
    let Application { ledger, done, .. } = application;
    let (change, notices) = ledger.close().await;
    Outcome { done, failed, not_begun, change, notices }
}

struct Application<'a> {
    stores: &'a Stores,
    reached: &'a (dyn Fn(Stage) + Sync),
    ledger: Ledger<'a>,
    done: Vec<Done>,
    /// How the operation ended, where the error alone does not tell.
    end: Option<State>,
}

impl Application<'_> {
    /// One operation: written ahead, done, settled.
    async fn operation(&mut self, operation: &Operation, last: bool) -> Result<(), ApplyError> {
        for database in operation.targets() {
            if !self.store(database)?.is_writable() {
                return Err(ApplyError::Refused(format!(
                    "{database} is open for reading only: the spec of {} was not written",
                    named(operation.instance_uuid())
                )));
            }
        }
        let row = self.row_to_take(operation).await?;
        self.ledger.write_ahead(operation, row.as_ref()).await?;
        (self.reached)(Stage::Journaled);
        let before = self.done.len();
        self.end = None;
        let result = self.carry_out(operation, row).await;
        if !matches!(operation, Operation::Move { .. }) {
            (self.reached)(Stage::Saved);
        }
        let (state, said) = match &result {
            Ok(()) => {
                let said: Vec<&str> = self.done[before..].iter().map(|done| &*done.sentence).collect();
                (State::Done, said.join(" "))
            }
            Err(error) => {
                let has_written = self.done.len() > before;
                (self.end.take().unwrap_or_else(|| error.state(has_written)), error.to_string())
            }
        };
        self.ledger.settle(state, said, last || result.is_err()).await;
        (self.reached)(Stage::Settled);
        result
    }

    /// The row that an operation takes away, with its times. A move begins with looking at it anyway.
    async fn row_to_take(&self, operation: &Operation) -> Result<Option<StoredSpec>, ApplyError> {
        match operation {
            Operation::Move { from, instance_uuid, text, .. } => {
                self.source(from, instance_uuid, text).await.map(Some)
            }
            Operation::Destroy { database, instance_uuid, .. } => {
                self.store(database)?.get(instance_uuid).await.map_err(|error| {
                    let whose = named(instance_uuid);
                    follow_unnamed(error, &format!("The spec of {whose} in {database} was not deleted"))
                })
            }
            Operation::Save { .. } | Operation::Create { .. } | Operation::Copy { .. } => Ok(None),
        }
    }

    async fn carry_out(&mut self, operation: &Operation, row: Option<StoredSpec>) -> Result<(), ApplyError> {
        match operation {
            Operation::Save { database, instance_uuid, before, after } => {
                self.save(database, instance_uuid, before, after).await
            }
            Operation::Create { database, instance_uuid, text } => {
                let whose = named(instance_uuid);
                // One that is put back keeps the times of its row.
                let (created_at, updated_at) = self.ledger.times(database, instance_uuid).await;
                let new = NewSpec {
                    instance_uuid: Arc::clone(instance_uuid),
                    spec: Arc::clone(text),
                    created_at,
                    updated_at,
                };
                let unchanged = format!("The spec of {whose} was not created in {database}");
                let row = self.create(database, new, &unchanged).await?;
                let sentence = format!("Created the spec of {whose} in {database}.");
                self.note(database, instance_uuid, Some(row), sentence);
                Ok(())
            }
            Operation::Destroy { database, instance_uuid, before } => {
                self.destroy(database, instance_uuid, before).await
            }
            Operation::Copy { from, to, instance_uuid, text, replaces } => {
                let whose = named(instance_uuid);
                let source = self.source(from, instance_uuid, text).await?;
                let row = match replaces {
                    Some(before) => {
                        let after = as_text(text, instance_uuid)?;
                        let unchanged = format!("The other spec of {whose} in {to} was not replaced");
                        self.replace(to, instance_uuid, before, after, &unchanged).await?
                    }
                    None => {
                        let unchanged = format!("The spec of {whose} was not copied to {to}");
                        self.create(to, twin(&source, text)?, &unchanged).await?
                    }
                };
                let sentence = format!("Copied the spec of {whose} from {from} to {to}.");
                self.note(to, instance_uuid, Some(row), sentence);
                Ok(())
            }
            Operation::Move { from, to, instance_uuid, text, already_there } => {
                let source = match row {
                    Some(row) => row,
                    None => self.source(from, instance_uuid, text).await?,
                };
                self.transfer(from, to, source, text, *already_there).await
            }
        }
    }

    async fn save(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
        before: &[u8],
        after: &str,
    ) -> Result<(), ApplyError> {
        let whose = named(instance_uuid);
        let unchanged = format!("The spec of {whose} in {database} was not changed");
        let row = self.replace(database, instance_uuid, before, after, &unchanged).await?;
        self.note(database, instance_uuid, Some(row), format!("Saved the spec of {whose} in {database}."));
        Ok(())
    }

    /// Save, and where the answer was lost, look what became of it.
    async fn replace(
        &self,
        database: &DatabaseName,
        instance_uuid: &str,
        before: &[u8],
        after: &str,
        unchanged: &str,
    ) -> Result<StoredSpec, ApplyError> {
        let store = self.store(database)?;
        let error = match store.save(instance_uuid, before, after).await {
            Ok(row) => return Ok(row),
            Err(error @ StoreError::Uncertain { .. }) => error,
            Err(error) => return Err(follow_unnamed(error, unchanged)),
        };
        match fate(store, instance_uuid, Some(before), Some(after.as_bytes())).await {
            Fate::Done(row) => Ok(row),
            Fate::NotDone => Err(ApplyError::Failed(format!("{}. {unchanged}", cause(&error)))),
            Fate::Gone => Err(overtaken(database, instance_uuid, None)),
            Fate::Other(current) => Err(overtaken(database, instance_uuid, current)),
            Fate::Unknown(look) => Err(ApplyError::Uncertain(format!(
                "{}. {database} holds either the text before or the new one, nothing else: look at the spec \
                 of {} once {database} answers, and save again if it is the old one",
                unknown(&error, &look),
                named(instance_uuid)
            ))),
        }
    }

    /// Insert, and where the answer was lost, look what became of it.
    async fn create(
        &self,
        database: &DatabaseName,
        new: NewSpec,
        unchanged: &str,
    ) -> Result<StoredSpec, ApplyError> {
        let store = self.store(database)?;
        let (instance_uuid, text) = (Arc::clone(&new.instance_uuid), Arc::clone(&new.spec));
        let error = match store.create(new).await {
            Ok(row) => return Ok(row),
            Err(error @ StoreError::Uncertain { .. }) => error,
            Err(error) => return Err(follow_unnamed(error, unchanged)),
        };
        match fate(store, &instance_uuid, None, Some(text.as_bytes())).await {
            Fate::Done(row) => Ok(row),
            Fate::NotDone => Err(ApplyError::Failed(format!("{}. {unchanged}", cause(&error)))),
            Fate::Gone => Err(overtaken(database, &instance_uuid, None)),
            Fate::Other(current) => Err(overtaken(database, &instance_uuid, current)),
            Fate::Unknown(look) => Err(ApplyError::Uncertain(format!(
                "{}. {database} holds the new spec of {} or none: look once {database} answers",
                unknown(&error, &look),
                named(&instance_uuid)
            ))),
        }
    }

    async fn destroy(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
        before: &[u8],
    ) -> Result<(), ApplyError> {
        let whose = named(instance_uuid);
        let unchanged = format!("The spec of {whose} in {database} was not deleted");
        let store = self.store(database)?;
        match store.destroy(instance_uuid, before).await {
            Ok(()) => {}
            Err(error @ StoreError::Uncertain { .. }) => {
                match fate(store, instance_uuid, Some(before), None).await {
                    Fate::Gone => {}
                    Fate::NotDone => {
                        return Err(ApplyError::Failed(format!("{}. {unchanged}", cause(&error))));
                    }
                    Fate::Done(row) => return Err(overtaken(database, instance_uuid, Some(row))),
                    Fate::Other(current) => return Err(overtaken(database, instance_uuid, current)),
                    Fate::Unknown(look) => {
                        return Err(ApplyError::Uncertain(format!(
                            "{}. {database} holds the spec of {whose} as it was, or no more: look once \
                             {database} answers, and delete it again if it is there",
                            unknown(&error, &look)
                        )));
                    }
                }
            }
            Err(error) => return Err(follow_unnamed(error, &unchanged)),
        }
        self.note(database, instance_uuid, None, format!("Deleted the spec of {whose} in {database}."));
        Ok(())
    }

    /// The source's row, which must still hold the bytes of the plan.
    async fn source(
        &self,
        from: &DatabaseName,
        instance_uuid: &str,
        text: &[u8],
    ) -> Result<StoredSpec, ApplyError> {
        let whose = named(instance_uuid);
        match self.store(from)?.get(instance_uuid).await.map_err(|error| {
            follow_unnamed(error, &format!("The spec of {whose} could not be read; nothing was done"))
        })? {
            Some(row) if *row.spec == *text => Ok(row),
            Some(row) => Err(ApplyError::Conflict {
                reason: format!("{from}: the spec of {whose} was changed by someone else; nothing was done"),
                current: Some(row.spec),
            }),
            None => Err(ApplyError::NotFound(format!(
                "{from}: the spec of {whose} is not there any more; nothing was done"
            ))),
        }
    }

    fn store(&self, database: &DatabaseName) -> Result<&Arc<dyn SpecStore>, ApplyError> {
        self.stores.require(database).map_err(plain)
    }

    fn note(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &Arc<str>,
        row: Option<StoredSpec>,
        sentence: String,
    ) {
        tracing::info!(%database, %instance_uuid, "{sentence}");
        self.done.push(Done {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            row,
            sentence,
        });
    }
}

/// A write's answer was lost, and now there is what neither it nor the plan knows.
fn overtaken(database: &DatabaseName, instance_uuid: &str, current: Option<StoredSpec>) -> ApplyError {
    let what = if current.is_some() { "was changed" } else { "was deleted" };
    ApplyError::Conflict {
        reason: format!(
            "{database}: the connection was lost while the spec of {} was written, and it {what} by someone \
             else meanwhile; look at it again",
            named(instance_uuid)
        ),
        current: current.map(|row| row.spec),
    }
}

/// The row to insert elsewhere: the exact bytes, and the source's times.
fn twin(source: &StoredSpec, text: &[u8]) -> Result<NewSpec, ApplyError> {
    Ok(NewSpec {
        instance_uuid: Arc::clone(&source.instance_uuid),
        spec: Arc::from(as_text(text, &source.instance_uuid)?),
        created_at: source.created_at.clone(),
        updated_at: source.updated_at.clone(),
    })
}

fn as_text<'a>(text: &'a [u8], instance_uuid: &str) -> Result<&'a str, ApplyError> {
    let whose = named(instance_uuid);
    std::str::from_utf8(text)
        .map_err(|_| ApplyError::Refused(format!("the spec of {whose} is not valid UTF-8; nothing was done")))
}

/// In debug builds, stop at the stage that a test names in the environment, and tell it by a file:
/// the test kills the process there, or a server, and lets it go on by removing the file.
fn stop_for_test(stage: Stage) {
    #[cfg(debug_assertions)]
    if std::env::var_os("REQSPEC_TEST_STOP_AT").is_some_and(|name| name == *format!("{stage:?}")) {
        let file = std::env::var_os("REQSPEC_TEST_STOP_FILE").map(std::path::PathBuf::from);
        if let Some(file) = &file {
            let _ = std::fs::write(file, b"stopped");
        }
        while file.as_ref().is_none_or(|file| file.exists()) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    let _ = stage;
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "apply/transfer_tests.rs"]
mod transfer_tests;
