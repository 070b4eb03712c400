//! Several changes in one transaction: what each comes to, by the row that is there. The engines lock the
//! rows, ask here, and write what is left; so the promises of a batch are the same for all of them.
//!
//! Imports the parent module's types.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{DatabaseName, RowChange, StoreError, StoredSpec};

/// What is to be done for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Insert its row.
    Insert,
    /// Replace the text of the row with this id.
    Update(i64),
    /// Delete the row with this id.
    Delete(i64),
    /// Nothing: equal texts write nothing.
    Nothing,
}

/// Answers to the changes of a batch, in their order.
pub(super) type Answers = Vec<Result<(), StoreError>>;

/// What a change comes to, given the id and the bytes of its instance's row; None where it is refused.
pub(super) fn judge(change: &RowChange, current: Option<(i64, &[u8])>) -> Option<Step> {
    match (change, current) {
        (RowChange::Create(_), None) => Some(Step::Insert),
        (RowChange::Create(_), Some(_)) => None,
        (RowChange::Save { before, after, .. }, Some((id, text))) if text == &**before => {
            Some(if after.as_bytes() == text { Step::Nothing } else { Step::Update(id) })
        }
        (RowChange::Destroy { before, .. }, Some((id, text))) if text == &**before => Some(Step::Delete(id)),
        (RowChange::Save { .. } | RowChange::Destroy { .. }, _) => None,
    }
}

/// Why a change is refused, by the row that is in its way or not what was read.
pub(super) fn refusal(
    database: &DatabaseName,
    change: &RowChange,
    current: Option<StoredSpec>,
) -> StoreError {
    let instance_uuid = Arc::clone(change.instance_uuid());
    match (change, current) {
        (RowChange::Create(_), Some(current)) => {
            StoreError::Exists { database: database.clone(), instance_uuid, current: Box::new(current) }
        }
        (_, current) => conflict(database, instance_uuid, current),
    }
}

/// The row is not what was read.
pub(super) fn conflict(
    database: &DatabaseName,
    instance_uuid: Arc<str>,
    current: Option<StoredSpec>,
) -> StoreError {
    StoreError::Conflict { database: database.clone(), instance_uuid, current: current.map(Box::new) }
}

/// Whether the rows hold these bytes, as answers; those that do not give their row away.
pub(super) fn compare(
    database: &DatabaseName,
    wanted: &[(Arc<str>, Arc<[u8]>)],
    mut rows: HashMap<Arc<str>, StoredSpec>,
) -> Answers {
    wanted
        .iter()
        .map(|(instance_uuid, text)| match rows.remove(instance_uuid) {
            Some(row) if row.spec == *text => Ok(()),
            current => Err(conflict(database, Arc::clone(instance_uuid), current)),
        })
        .collect()
}

/// That no two are of the same instance: which of them came first would decide.
pub(super) fn check_distinct<'a>(
    database: &DatabaseName,
    operation: &str,
    instance_uuids: impl Iterator<Item = &'a Arc<str>>,
) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    for instance_uuid in instance_uuids {
        if !seen.insert(&**instance_uuid) {
            return Err(StoreError::Failed {
                database: database.clone(),
                operation: operation.to_owned(),
                reason: format!(
                    "two of them are of the same instance, {}; nothing was written",
                    crate::spec::text::named(instance_uuid)
                ),
            });
        }
    }
    Ok(())
}

/// For messages.
pub(super) fn writing(count: usize) -> String {
    format!("writing the specs of {count} instances")
}

/// For messages.
pub(super) fn holding(count: usize) -> String {
    format!("holding the specs of {count} instances")
}
