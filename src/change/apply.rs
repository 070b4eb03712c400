//! The only code that writes to a store (beside nova's own object, `store::object`), and it takes
//! confirmed plans alone.
//!
//! A move inserts at the destination, reads back, compares the bytes, holds them, and only then
//! deletes at the source, each step committed before the next: at any moment one of the two holds the spec, and
//! a move that was interrupted is finished by moving again. Imports `store`.

use std::sync::Arc;

use super::{Confirmed, DatabaseName, Operation, Plan};
use crate::spec::text::named;
use crate::store::{NewSpec, SpecStore, StoreError, StoredSpec, Stores};

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
    /// Other sessions kept getting in the way, however often it was tried; to be tried again.
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

/// What became of a plan. The operations before the failed one were done, those after it not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What was done, in order.
    pub done: Vec<Done>,
    /// What stopped it.
    pub failed: Option<ApplyError>,
    /// How many of the plan's operations were not begun.
    pub not_begun: usize,
}

/// A point between two steps, at which a test may stop or interfere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is written yet.
    Begun,
    /// The destination's row is committed.
    Inserted,
    /// The destination's row was read back, is right, and is held.
    Verified,
    /// The source's row is deleted and committed.
    Deleted,
}

/// Apply a confirmed plan, with stores that are open for writing. Stops at the first failure.
pub async fn apply(stores: &Stores, plan: Confirmed<Plan>) -> Outcome {
    apply_staged(stores, plan, &stop_for_test).await
}

/// The same, telling `reached` of each stage.
pub(super) async fn apply_staged(
    stores: &Stores,
    plan: Confirmed<Plan>,
    reached: &(dyn Fn(Stage) + Sync),
) -> Outcome {
    let mut application = Application { stores, reached, done: Vec::new() };
    let operations = &plan.get().operations;
    for (index, operation) in operations.iter().enumerate() {
        if let Err(error) = application.operation(operation).await {
            return Outcome {
                done: application.done,
                failed: Some(error),
                not_begun: operations.len() - index - 1,
            };
        }
    }
    Outcome { done: application.done, failed: None, not_begun: 0 }
}

struct Application<'a> {
    stores: &'a Stores,
    reached: &'a (dyn Fn(Stage) + Sync),
    done: Vec<Done>,
}

impl Application<'_> {
    async fn operation(&mut self, operation: &Operation) -> Result<(), ApplyError> {
        let whose = named(operation.instance_uuid());
        for database in operation.targets() {
            if !self.store(database)?.is_writable() {
                return Err(ApplyError::Refused(format!(
                    "{database} is open for reading only: the spec of {} was not written",
                    operation.instance_uuid()
                )));
            }
        }
        match operation {
            Operation::Save { database, instance_uuid, before, after } => {
                let row = self.store(database)?.save(instance_uuid, before, after).await.map_err(plain)?;
                self.note(
                    database,
                    instance_uuid,
                    Some(row),
                    format!("Saved the spec of {whose} in {database}."),
                );
            }
            Operation::Create { database, instance_uuid, text } => {
                let new = NewSpec {
                    instance_uuid: Arc::clone(instance_uuid),
                    spec: Arc::clone(text),
                    created_at: None,
                    updated_at: None,
                };
                let row = self.store(database)?.create(new).await.map_err(plain)?;
                self.note(
                    database,
                    instance_uuid,
                    Some(row),
                    format!("Created the spec of {whose} in {database}."),
                );
            }
            Operation::Destroy { database, instance_uuid, before } => {
                self.store(database)?.destroy(instance_uuid, before).await.map_err(plain)?;
                self.note(
                    database,
                    instance_uuid,
                    None,
                    format!("Deleted the spec of {whose} in {database}."),
                );
            }
            Operation::Copy { from, to, instance_uuid, text, replaces } => {
                let source = self.source(from, instance_uuid, text).await?;
                let store = self.store(to)?;
                let row = match replaces {
                    Some(before) => store
                        .save(instance_uuid, before, as_text(text, instance_uuid)?)
                        .await
                        .map_err(plain)?,
                    None => store.create(twin(&source, text)?).await.map_err(plain)?,
                };
                self.note(
                    to,
                    instance_uuid,
                    Some(row),
                    format!("Copied the spec of {whose} from {from} to {to}."),
                );
            }
            Operation::Move { from, to, instance_uuid, text, already_there } => {
                self.transfer(from, to, instance_uuid, text, *already_there).await?;
            }
        }
        Ok(())
    }

    async fn transfer(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &Arc<str>,
        text: &Arc<[u8]>,
        already_there: bool,
    ) -> Result<(), ApplyError> {
        let whose = named(instance_uuid);
        let source = self.source(from, instance_uuid, text).await?;
        (self.reached)(Stage::Begun);
        let destination = Arc::clone(self.store(to)?);
        if !already_there {
            let row = destination.create(twin(&source, text)?).await.map_err(|error| {
                follow(error, &format!("The spec of {whose} was not moved and is still in {from}"))
            })?;
            self.note(
                to,
                instance_uuid,
                Some(row),
                format!("Copied the spec of {whose} from {from} to {to}."),
            );
            (self.reached)(Stage::Inserted);
        }
        // Held, so that nobody takes the copy away while the source's row goes: two moves in
        // opposite directions would otherwise delete both rows.
        let hold = match destination.hold(instance_uuid, text).await {
            Ok(hold) => hold,
            Err(StoreError::Conflict { current, .. }) => {
                return Err(ApplyError::Conflict {
                    reason: format!(
                        "{to} does not hold what was moved there: another program changed the spec of \
                         {whose} in it. The row in {from} was not deleted"
                    ),
                    current: current.map(|copy| copy.spec),
                });
            }
            Err(error) => return Err(unfinished(error, from, to, instance_uuid)),
        };
        (self.reached)(Stage::Verified);
        let deleted = self.store(from)?.destroy(instance_uuid, text).await;
        hold.release();
        match deleted {
            Ok(()) => {
                (self.reached)(Stage::Deleted);
                self.note(
                    from,
                    instance_uuid,
                    None,
                    format!("Deleted the spec of {whose} in {from}: it is in {to} now."),
                );
                Ok(())
            }
            Err(StoreError::Conflict { current: Some(current), .. }) if !already_there => {
                Err(self.withdraw(from, to, instance_uuid, text, *current).await)
            }
            Err(StoreError::Conflict { current: Some(current), .. }) => Err(ApplyError::Conflict {
                reason: format!(
                    "{from}: the spec of {whose} was changed by someone else meanwhile, so it was not \
                     deleted. {to} holds the older text"
                ),
                current: Some(current.spec),
            }),
            // Without the source's row, the copy is the only one: it stays.
            Err(StoreError::Conflict { current: None, .. }) => Err(ApplyError::NotFound(format!(
                "{from}: the spec of {whose} was deleted by someone else meanwhile. The copy in {to} \
                 is the only one now and was kept"
            ))),
            Err(error) => Err(unfinished(error, from, to, instance_uuid)),
        }
    }

    /// The source changed after the copy was made: take the copy back, if it still is ours. The
    /// source is held meanwhile, so that its spec is not lost together with the copy.
    async fn withdraw(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &Arc<str>,
        text: &[u8],
        current: StoredSpec,
    ) -> ApplyError {
        let whose = named(instance_uuid);
        let fate = match self.delete_copy(from, to, instance_uuid, text, &current.spec).await {
            Ok(()) => {
                let sentence = format!("Deleted the copy of the spec of {whose} in {to} again.");
                self.note(to, instance_uuid, None, sentence);
                format!("The copy in {to} was deleted again")
            }
            Err(error) => {
                format!("The copy in {to}, of the older text, could not be deleted ({})", cause(&error))
            }
        };
        ApplyError::Conflict {
            reason: format!(
                "{from}: the spec of {whose} was changed by someone else while it was moved, so it \
                 stays there. {fate}"
            ),
            current: Some(current.spec),
        }
    }

    async fn delete_copy(
        &self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &str,
        copy: &[u8],
        original: &[u8],
    ) -> Result<(), StoreError> {
        let hold = self.stores.require(from)?.hold(instance_uuid, original).await?;
        let deleted = self.stores.require(to)?.destroy(instance_uuid, copy).await;
        hold.release();
        deleted
    }

    /// The source's row, which must still hold the bytes of the plan.
    async fn source(
        &self,
        from: &DatabaseName,
        instance_uuid: &str,
        text: &[u8],
    ) -> Result<StoredSpec, ApplyError> {
        let whose = named(instance_uuid);
        match self.store(from)?.get(instance_uuid).await.map_err(plain)? {
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

/// The second half of a move failed: what was done, where the spec is, and how to go on.
fn unfinished(error: StoreError, from: &DatabaseName, to: &DatabaseName, instance_uuid: &str) -> ApplyError {
    let whose = named(instance_uuid);
    let cause = cause(&error);
    let reason = format!(
        "The copy of the spec of {whose} stands in {to}, but its row in {from} was not deleted; move \
         it again to finish ({cause})"
    );
    match plain(error) {
        ApplyError::Conflict { current, .. } => ApplyError::Conflict { reason, current },
        ApplyError::NotFound(_) => ApplyError::NotFound(reason),
        ApplyError::Refused(_) => ApplyError::Refused(reason),
        ApplyError::Contended(_) => ApplyError::Contended(reason),
        ApplyError::Uncertain(_) => ApplyError::Uncertain(reason),
        ApplyError::Failed(_) => ApplyError::Failed(reason),
    }
}

/// A store's words without those on the operation as a whole: half of a move was written.
fn cause(error: &StoreError) -> String {
    let words = error.to_string();
    words.replace("; nothing was written, try again", "").replace("; nothing was written", "")
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

/// A store's error in the words of a plan.
fn plain(error: StoreError) -> ApplyError {
    let reason = error.to_string();
    match error {
        StoreError::Conflict { current, .. } => {
            ApplyError::Conflict { reason, current: current.map(|row| row.spec) }
        }
        StoreError::Exists { current, .. } => ApplyError::Conflict { reason, current: Some(current.spec) },
        StoreError::NotFound { .. } => ApplyError::NotFound(reason),
        StoreError::ReadOnly { .. } => ApplyError::Refused(reason),
        _ => ApplyError::Failed(reason),
    }
}

/// The same, followed by what it means for the whole.
fn follow(error: StoreError, meaning: &str) -> ApplyError {
    match plain(error) {
        ApplyError::Conflict { reason, current } => {
            ApplyError::Conflict { reason: format!("{reason}. {meaning}"), current }
        }
        ApplyError::NotFound(reason) => ApplyError::NotFound(format!("{reason}. {meaning}")),
        ApplyError::Refused(reason) => ApplyError::Refused(format!("{reason}. {meaning}")),
        ApplyError::Contended(reason) => ApplyError::Contended(format!("{reason}. {meaning}")),
        ApplyError::Uncertain(reason) => ApplyError::Uncertain(format!("{reason}. {meaning}")),
        ApplyError::Failed(reason) => ApplyError::Failed(format!("{reason}. {meaning}")),
    }
}

/// In debug builds, stop at the stage that a test names in the environment, and tell it by a file:
/// the test then kills the process there.
fn stop_for_test(stage: Stage) {
    #[cfg(debug_assertions)]
    if std::env::var_os("REQSPEC_TEST_STOP_AT").is_some_and(|name| name == *format!("{stage:?}")) {
        if let Some(file) = std::env::var_os("REQSPEC_TEST_STOP_FILE") {
            let _ = std::fs::write(file, b"stopped");
        }
        loop {
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    }
    let _ = stage;
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
