//! A move, step by step, each committed before the next: insert at the destination, read back,
//! compare and hold, delete at the source, look at the destination once more. At any moment one of
//! the two holds the spec, and a move that was interrupted is finished by moving again.
//!
//! Imports `store`.

use std::io::Write;
use std::sync::Arc;

use super::words::{Fate, cause, fate, follow, reworded, unknown};
use super::{Application, ApplyError, Stage, State, Step, twin};
use crate::change::DatabaseName;
use crate::spec::text::named;
use crate::store::{SpecStore, StoreError, StoredSpec};

impl Application<'_> {
    pub(super) async fn transfer(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        source: StoredSpec,
        text: &Arc<[u8]>,
        already_there: bool,
    ) -> Result<(), ApplyError> {
        let instance_uuid = &Arc::clone(&source.instance_uuid);
        let whose = named(instance_uuid);
        (self.reached)(Stage::Begun);
        let destination = Arc::clone(self.store(to)?);
        if !already_there {
            let row = self.insert(from, to, &destination, &source, text).await?;
            let sentence = format!("Copied the spec of {whose} from {from} to {to}.");
            self.note(to, instance_uuid, Some(row), sentence);
            self.ledger.step(Step::Inserted).await;
            (self.reached)(Stage::Inserted);
        }
        // Held, so that nobody takes the copy away while the source's row goes: two moves in
        // opposite directions would otherwise delete both rows.
        let hold = match destination.hold(instance_uuid, text).await {
            Ok(hold) => hold,
            Err(StoreError::Conflict { current, .. }) => {
                self.end = Some(State::Conflict);
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
        self.ledger.step(Step::Verified).await;
        (self.reached)(Stage::Verified);
        let deleted = self.delete_source(from, instance_uuid, text).await;
        hold.release();
        match deleted {
            Deleted::Yes => {
                self.ledger.step(Step::Deleted).await;
                (self.reached)(Stage::Deleted);
                self.look_again(from, to, &destination, &source, text).await
            }
            Deleted::Changed(current) if !already_there => {
                // This move has deleted nothing: what is nowhere later is not to be put back.
                self.ledger.step(Step::Inserted).await;
                Err(self.withdraw(from, to, instance_uuid, text, current).await)
            }
            Deleted::Changed(current) => Err(ApplyError::Conflict {
                reason: format!(
                    "{from}: the spec of {whose} was changed by someone else meanwhile, so it was not \
                     deleted. {to} holds the older text"
                ),
                current: Some(current.spec),
            }),
            // Without the source's row, the copy is the only one: it stays.
            Deleted::ByOthers => {
                self.end = Some(State::Done);
                Err(ApplyError::NotFound(format!(
                    "{from}: the spec of {whose} was deleted by someone else meanwhile. The copy in {to} \
                     is the only one now and was kept"
                )))
            }
            Deleted::No(error) => Err(unfinished(error, from, to, instance_uuid)),
            Deleted::Unknown(why) => Err(ApplyError::Uncertain(format!(
                "{why}. The spec of {whose} is in {to}; whether its row in {from} was deleted is not known: \
                 move it again once {from} answers"
            ))),
        }
    }

    /// The row at the destination. An insertion whose answer was lost is looked for.
    async fn insert(
        &self,
        from: &DatabaseName,
        to: &DatabaseName,
        destination: &Arc<dyn SpecStore>,
        source: &StoredSpec,
        text: &[u8],
    ) -> Result<StoredSpec, ApplyError> {
        let whose = named(&source.instance_uuid);
        let stays = format!("The spec of {whose} was not moved and is still in {from}");
        let error = match destination.create(twin(source, text)?).await {
            Ok(row) => return Ok(row),
            Err(error @ StoreError::Uncertain { .. }) => error,
            Err(error) => return Err(follow(error, &stays)),
        };
        match fate(destination, &source.instance_uuid, None, Some(text)).await {
            Fate::Done(row) => Ok(row),
            Fate::NotDone | Fate::Gone => Err(ApplyError::Failed(format!("{}. {stays}", cause(&error)))),
            Fate::Other(current) => Err(ApplyError::Conflict {
                reason: format!("{to}: someone else wrote another spec of {whose} meanwhile. {stays}"),
                current: current.map(|row| row.spec),
            }),
            Fate::Unknown(look) => Err(ApplyError::Uncertain(format!(
                "{}. {to} holds a copy of the spec of {whose}, or none; it is still in {from}: move it \
                 again once {to} answers",
                unknown(&error, &look)
            ))),
        }
    }

    /// Delete the source's row. A deletion whose answer was lost is looked after.
    async fn delete_source(&self, from: &DatabaseName, instance_uuid: &str, text: &[u8]) -> Deleted {
        let store = match self.stores.require(from) {
            Ok(store) => store,
            Err(error) => return Deleted::No(error),
        };
        match store.destroy(instance_uuid, text).await {
            Ok(()) => Deleted::Yes,
            Err(StoreError::Conflict { current: Some(current), .. }) => Deleted::Changed(*current),
            Err(StoreError::Conflict { current: None, .. } | StoreError::NotFound { .. }) => {
                Deleted::ByOthers
            }
            Err(error @ StoreError::Uncertain { .. }) => {
                match fate(store, instance_uuid, Some(text), None).await {
                    Fate::Gone | Fate::Other(None) => Deleted::Yes,
                    Fate::Done(current) | Fate::Other(Some(current)) => Deleted::Changed(current),
                    Fate::NotDone => Deleted::No(error),
                    Fate::Unknown(look) => Deleted::Unknown(unknown(&error, &look)),
                }
            }
            Err(error) => Deleted::No(error),
        }
    }

    /// The source's row is gone: make sure that the destination's is not. A hold ends without a
    /// word where its connection is lost, or where another node of a cluster commits first.
    async fn look_again(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        destination: &Arc<dyn SpecStore>,
        source: &StoredSpec,
        text: &[u8],
    ) -> Result<(), ApplyError> {
        let instance_uuid = &source.instance_uuid;
        let whose = named(instance_uuid);
        let gone = match destination.get(instance_uuid).await {
            Ok(Some(_)) => {
                let sentence = format!("Deleted the spec of {whose} in {from}: it is in {to} now.");
                self.note(from, instance_uuid, None, sentence);
                return Ok(());
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        self.note(from, instance_uuid, None, format!("Deleted the spec of {whose} in {from}."));
        match gone {
            // It was committed there, and is there when it answers again.
            Some(error) => Err(ApplyError::Uncertain(format!(
                "{}. {to} had committed the spec of {whose} before its row in {from} was deleted, but cannot \
                 be asked for it now: look at it once {to} answers",
                cause(&error)
            ))),
            None => {
                // As before the source was deleted: if this process ends now, `recover` puts it back.
                self.ledger.step(Step::Verified).await;
                Err(self.put_back(from, to, source, text).await)
            }
        }
    }

    /// Neither database holds the spec: store it again where it was.
    async fn put_back(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        source: &StoredSpec,
        text: &[u8],
    ) -> ApplyError {
        let instance_uuid = &source.instance_uuid;
        let whose = named(instance_uuid);
        let what = format!("{to}: the spec of {whose} was deleted by someone else while it was moved there");
        let again = match (self.stores.require(from), twin(source, text)) {
            (Ok(store), Ok(twin)) => match store.create(twin).await {
                Err(error @ StoreError::Uncertain { .. }) => {
                    match fate(store, instance_uuid, None, Some(text)).await {
                        Fate::Done(row) => Ok(row),
                        _ => Err(cause(&error)),
                    }
                }
                // Others were quicker.
                Err(StoreError::Exists { current, .. }) => Ok(*current),
                other => other.map_err(|error| cause(&error)),
            },
            (Err(error), _) => Err(error.to_string()),
            (_, Err(error)) => Err(error.to_string()),
        };
        match again {
            Ok(row) => {
                let current = Some(Arc::clone(&row.spec));
                let sentence = format!("Put the spec of {whose} back into {from}.");
                self.note(from, instance_uuid, Some(row), sentence);
                self.end = Some(State::RolledBack);
                ApplyError::Conflict { reason: format!("{what}. It was put back and is in {from}"), current }
            }
            // The text is nowhere else.
            Err(error) => ApplyError::Failed(format!(
                "{what}, and could not be put back into {from} ({error}). It is in neither; {}",
                kept(instance_uuid, text)
            )),
        }
    }

    /// The source changed after the copy was made: take the copy back, if it still is ours. The
    /// source is held meanwhile, so that its spec is not lost together with the copy.
    pub(super) async fn withdraw(
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
                self.end = Some(State::Withdrawn);
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
}

/// What became of the source's row.
enum Deleted {
    /// It is deleted, by us.
    Yes,
    /// It holds another text now and was left.
    Changed(StoredSpec),
    /// It had gone.
    ByOthers,
    /// It is still there, and why.
    No(StoreError),
    /// The answer was lost, and the database cannot be asked: why.
    Unknown(String),
}

/// The second half of a move failed: what was done, where the spec is, and how to go on.
pub(super) fn unfinished(
    error: StoreError,
    from: &DatabaseName,
    to: &DatabaseName,
    instance_uuid: &str,
) -> ApplyError {
    let whose = named(instance_uuid);
    let reason = format!(
        "The copy of the spec of {whose} stands in {to}, but its row in {from} was not deleted; move \
         it again to finish ({})",
        cause(&error)
    );
    match reworded(error, reason) {
        // What became of it was found out: it was not deleted.
        ApplyError::Uncertain(reason) => ApplyError::Failed(reason),
        other => other,
    }
}

/// Keeps the text of a spec that no database holds in a file that its owner alone may read, and says
/// where; only where that fails, the text itself is said.
pub(super) fn kept(instance_uuid: &str, text: &[u8]) -> String {
    let written =
        tempfile::Builder::new().prefix("reqspec-").suffix(".json").tempfile().and_then(|mut file| {
            file.write_all(text)?;
            file.as_file().sync_all()?;
            file.keep().map_err(|error| error.error)
        });
    match written {
        Ok((_, path)) => format!(
            "its text is kept in {path}: `reqspec create {path} --instance-uuid {whose}` stores it again",
            path = path.display(),
            whose = named(instance_uuid)
        ),
        Err(error) => format!(
            "it could not be kept in a file either ({error}): `reqspec create` stores it again, from this text: {}",
            String::from_utf8_lossy(text)
        ),
    }
}
