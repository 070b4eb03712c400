//! What nova's own tables say about an instance. Plain SQL over `instance_mappings` and
//! `cell_mappings` of the API database, and `instances` of a cell; a table that is not there is an answer, not an error.
//!
//! Imports `store`. Reads only.

use std::sync::Arc;

use super::{Entry, cells};
use crate::store::{CellName, InstanceHome, InstanceState, SpecStore, SqlValue, StoreError};

/// Whether a database bears the mark of nova's own migrations: `alembic_version`, or before nova 24
/// sqlalchemy-migrate's `migrate_version`. None if it could not be asked.
pub(super) async fn bears_upstream_schema(api: &dyn SpecStore) -> Option<bool> {
    for (table, column) in [("alembic_version", "version_num"), ("migrate_version", "version")] {
        match api.select(&format!("SELECT {column} FROM {table}"), &[], 1).await {
            Ok(_) => return Some(true),
            Err(StoreError::Locked { .. } | StoreError::Unavailable { .. }) => return None,
            // One that this account may not read is there all the same, or may be.
            Err(error) if cells::has_table(api, table, &error).await => return None,
            Err(_) => {}
        }
    }
    Some(false)
}

/// Where `instance_mappings` says an instance lives; `known` are the databases of the deployment.
pub(super) async fn instance_home(api: &dyn SpecStore, instance_uuid: &str, known: &[Entry]) -> InstanceHome {
    let sql = "SELECT m.cell_id, c.name, c.uuid FROM instance_mappings m \
               LEFT JOIN cell_mappings c ON c.id = m.cell_id WHERE m.instance_uuid = ?";
    let rows = api.select(sql, &[SqlValue::Text(instance_uuid.to_owned())], 1).await;
    match rows.as_deref() {
        Err(_) => InstanceHome::Unknown,
        Ok([]) => InstanceHome::Unmapped,
        Ok([row, ..]) => match row.as_slice() {
            [SqlValue::Null, ..] => InstanceHome::Unscheduled,
            // A mapping to a cell that cell_mappings does not have.
            [_, _, SqlValue::Null] => InstanceHome::Unknown,
            [_, name, uuid] => InstanceHome::Cell(cell_name(name, uuid, known)),
            _ => InstanceHome::Unknown,
        },
    }
}

/// What `instances` of its cell says an instance is doing; None where it is not there (any more), or
/// could not be asked.
pub(super) async fn instance_state(cell: &dyn SpecStore, instance_uuid: &str) -> Option<InstanceState> {
    let sql = "SELECT vm_state, task_state FROM instances WHERE uuid = ? AND deleted = 0";
    let rows = cell.select(sql, &[SqlValue::Text(instance_uuid.to_owned())], 1).await.ok()?;
    let text = |value: &SqlValue| match value {
        SqlValue::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    match rows.first()?.as_slice() {
        [vm_state, task_state] => {
            Some(InstanceState { vm_state: text(vm_state), task_state: text(task_state) })
        }
        _ => None,
    }
}

/// The name that the deployment uses for a cell: of the entry with its uuid, else of one that was given
/// by its name or uuid; else `cell_mappings.name`, or the uuid.
pub(super) fn cell_name(name: &SqlValue, uuid: &SqlValue, known: &[Entry]) -> CellName {
    let text = |value: &SqlValue| match value {
        SqlValue::Text(text) if !text.is_empty() => Some(CellName::new(text)),
        _ => None,
    };
    let candidates = [text(name), text(uuid)];
    let [_, uuid] = &candidates;
    let by_uuid = known
        .iter()
        .find(|entry| uuid.as_ref().is_some_and(|uuid| entry.uuid.as_deref() == Some(uuid.as_str())));
    if let Some(cell) = by_uuid.and_then(|entry| entry.name.as_cell()) {
        return cell.clone();
    }
    let is_known = |cell: &&CellName| known.iter().any(|entry| entry.name.as_cell() == Some(*cell));
    let mut all = candidates.iter().flatten();
    all.clone().find(is_known).or(all.next()).cloned().unwrap_or_else(|| CellName::new("(unnamed)"))
}

/// A spec in the API database whose instance has a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// `instance_mappings.id`: the key from which the next page goes on.
    pub mapping_id: i64,
    /// Whose spec.
    pub instance_uuid: Arc<str>,
    /// The cell, by the name that the deployment uses for it.
    pub cell: CellName,
}

const SCHEDULED: &str = "FROM instance_mappings m JOIN cell_mappings c ON c.id = m.cell_id WHERE \
                         EXISTS (SELECT 1 FROM request_specs r WHERE r.instance_uuid = m.instance_uuid)";

/// How many specs of each cell stand in the API database although their instance has that cell.
///
/// # Errors
/// The API database lacks nova's tables or cannot be asked.
pub async fn count_scheduled(
    api: &dyn SpecStore,
    known: &[Entry],
) -> Result<Vec<(CellName, u64)>, StoreError> {
    let sql = format!("SELECT c.name, c.uuid, count(*) {SCHEDULED} GROUP BY c.id ORDER BY c.id");
    let rows = api.select(&sql, &[], 10_000).await?;
    Ok(rows
        .iter()
        .filter_map(|row| match row.as_slice() {
            [name, uuid, SqlValue::Integer(count)] => {
                Some((cell_name(name, uuid, known), u64::try_from(*count).ok()?))
            }
            _ => None,
        })
        .collect())
}

/// The next such specs after a mapping's id, in its order; at most `limit`.
///
/// # Errors
/// As [`count_scheduled`].
pub async fn scheduled_after(
    api: &dyn SpecStore,
    known: &[Entry],
    mapping_id: i64,
    limit: u32,
) -> Result<Vec<Scheduled>, StoreError> {
    let sql = format!(
        "SELECT m.id, m.instance_uuid, c.name, c.uuid {SCHEDULED} AND m.id > ? ORDER BY m.id LIMIT {limit}"
    );
    let rows = api.select(&sql, &[SqlValue::Integer(mapping_id)], limit).await?;
    Ok(rows
        .iter()
        .filter_map(|row| match row.as_slice() {
            [SqlValue::Integer(id), SqlValue::Text(instance), name, uuid] => Some(Scheduled {
                mapping_id: *id,
                instance_uuid: Arc::from(instance.as_str()),
                cell: cell_name(name, uuid, known),
            }),
            _ => None,
        })
        .collect())
}
