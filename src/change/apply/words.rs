//! What the errors of a store mean for a plan, in words: each says what was not done and where the
//! spec is. Imports `store`.

use std::sync::Arc;

use super::ApplyError;
use crate::spec::text::named;
use crate::store::{SpecStore, StoreError, StoredSpec};

/// What became of a write whose answer was lost.
#[derive(Debug)]
pub(super) enum Fate {
    /// It was done; the row there now.
    Done(StoredSpec),
    /// It was done; there is no row now.
    Gone,
    /// The database holds what it held before.
    NotDone,
    /// It holds something else: others wrote after it, or instead.
    Other(Option<StoredSpec>),
    /// It cannot be asked either.
    Unknown(StoreError),
}

/// Look what became of a write that was to turn `before` into `after` (None: no row).
pub(super) async fn fate(
    store: &Arc<dyn SpecStore>,
    instance_uuid: &str,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
) -> Fate {
    match store.get(instance_uuid).await {
        Err(error) => Fate::Unknown(error),
        Ok(row) => {
            let text = row.as_ref().map(|row| &*row.spec);
            if text == after {
                row.map_or(Fate::Gone, Fate::Done)
            } else if text == before {
                undone(store, instance_uuid, before).await
            } else {
                Fate::Other(row)
            }
        }
    }
}

/// The database still holds what it held. A read does not see a commit that is under way, but that
/// one has locked the row: who gets the lock knows that it is over.
async fn undone(store: &Arc<dyn SpecStore>, instance_uuid: &str, before: Option<&[u8]>) -> Fate {
    let Some(before) = before else {
        return Fate::Unknown(StoreError::Uncertain {
            database: store.name().clone(),
            operation: format!("looking for the spec of {}", named(instance_uuid)),
            reason: "it is not there, and one whose commit is under way would not be seen".to_owned(),
        });
    };
    match store.hold(instance_uuid, before).await {
        Ok(hold) => {
            hold.release();
            Fate::NotDone
        }
        Err(StoreError::Conflict { current, .. }) => Fate::Other(current.map(|row| *row)),
        Err(error) => Fate::Unknown(error),
    }
}

/// A store's words without those on the operation as a whole, where more is known of that.
pub(super) fn cause(error: &StoreError) -> String {
    match error {
        StoreError::Uncertain { database, operation, reason } => {
            format!("{database}: the connection was lost while {operation}: {reason}")
        }
        other => {
            let words = other.to_string();
            words.replace("; nothing was written, try again", "").replace("; nothing was written", "")
        }
    }
}

/// Why it is not known what became of a write: its answer was lost, and so was that to the look.
pub(super) fn unknown(lost: &StoreError, look: &StoreError) -> String {
    format!("{}. It cannot be asked again now: {}", cause(lost), cause(look))
}

/// A store's error in the words of a plan.
pub(super) fn plain(error: StoreError) -> ApplyError {
    let reason = error.to_string();
    reworded(error, reason)
}

/// An error of that kind, with other words.
pub(super) fn reworded(error: StoreError, reason: String) -> ApplyError {
    match error {
        StoreError::Conflict { current, .. } => {
            ApplyError::Conflict { reason, current: current.map(|row| row.spec) }
        }
        StoreError::Exists { current, .. } => ApplyError::Conflict { reason, current: Some(current.spec) },
        StoreError::NotFound { .. } => ApplyError::NotFound(reason),
        StoreError::ReadOnly { .. } => ApplyError::Refused(reason),
        StoreError::Contended { .. } | StoreError::Locked { .. } => ApplyError::Contended(reason),
        StoreError::Uncertain { .. } => ApplyError::Uncertain(reason),
        StoreError::Unavailable { .. } | StoreError::NoTable { .. } | StoreError::Failed { .. } => {
            ApplyError::Failed(reason)
        }
    }
}

/// A store's error, followed by what it means for the whole.
pub(super) fn follow(error: StoreError, meaning: &str) -> ApplyError {
    let reason = format!("{error}. {meaning}");
    reworded(error, reason)
}

/// The same, where the error itself does not say whose spec it is about and what became of it.
pub(super) fn follow_unnamed(error: StoreError, meaning: &str) -> ApplyError {
    match error {
        StoreError::Unavailable { .. } | StoreError::NoTable { .. } | StoreError::Failed { .. } => {
            follow(error, meaning)
        }
        other => plain(other),
    }
}
