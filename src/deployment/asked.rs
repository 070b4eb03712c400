//! Asking nova's own tables for many instances at once: lists of uuids in batches, what a refusal means, and
//! how a mapping names its cell.
//!
//! Imports `store` and its siblings. Reads only.

use std::sync::Arc;

use super::facts::FactStores;
use super::{Entry, cells, inventory};
use crate::store::{DatabaseName, SpecStore, SqlValue, StoreError};

/// Instances in one statement.
pub const BATCH: usize = 500;
/// Rows of an answer, at most: one for each instance, unless a table lacks nova's constraints.
const MOST: u32 = 10_000;

/// The rows of `sql` and a list of these keys, which stand for the list's `IN`. `table` is named where it
/// cannot be read.
///
/// # Errors
/// The database is down, lacks the table, or may not be read: with the reason and what to do.
pub async fn rows(
    stores: &dyn FactStores,
    database: &DatabaseName,
    sql: &str,
    keys: impl Iterator<Item = &str>,
    table: &str,
) -> Result<Vec<Vec<SqlValue>>, StoreError> {
    // No instance of nova's is called otherwise, and not every engine compares every letter.
    let is_askable = |key: &&str| key.bytes().all(|byte| byte.is_ascii() && byte != 0);
    let names: Vec<SqlValue> = keys.filter(is_askable).map(|key| SqlValue::Text(key.to_owned())).collect();
    let store = stores.store(database).await?;
    let mut rows = Vec::new();
    for batch in names.chunks(BATCH) {
        let marks = vec!["?"; batch.len()].join(", ");
        match store.select(&format!("{sql} ({marks})"), batch, MOST).await {
            Ok(found) => rows.extend(found),
            Err(error) => return Err(explained(store.as_ref(), table, error).await),
        }
    }
    Ok(rows)
}

/// A value as text; None for null.
pub fn text(value: &SqlValue) -> Option<String> {
    match value {
        SqlValue::Null => None,
        SqlValue::Text(text) => Some(text.clone()),
        SqlValue::Integer(number) => Some(number.to_string()),
        SqlValue::Real(number) => Some(number.to_string()),
    }
}

/// The cell that an instance is mapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappedCell {
    /// None yet.
    None,
    /// By the name that the deployment uses.
    Cell(DatabaseName),
    /// One that `cell_mappings` does not have.
    Lost,
}

/// What `instance_mappings.cell_id`, `cell_mappings.name` and `.uuid` say together.
pub fn mapped_cell(cell: &SqlValue, name: &SqlValue, uuid: &SqlValue, known: &[Entry]) -> MappedCell {
    match (cell, uuid) {
        (SqlValue::Null, _) => MappedCell::None,
        (_, SqlValue::Null) => MappedCell::Lost,
        _ => MappedCell::Cell(DatabaseName::Cell(inventory::cell_name(name, uuid, known))),
    }
}

/// The cells among the databases.
pub fn cells_of(entries: &Arc<[Entry]>) -> Vec<DatabaseName> {
    entries.iter().map(|entry| entry.name.clone()).filter(|name| name.as_cell().is_some()).collect()
}

/// Why a table of nova's was not read, and what to do about it.
pub async fn explained(store: &dyn SpecStore, table: &str, error: StoreError) -> StoreError {
    let words = match &error {
        StoreError::Failed { reason, .. } | StoreError::ReadOnly { reason, .. } => reason.clone(),
        _ => return error,
    };
    let reason = if cells::has_table(store, table, &error).await {
        format!("{words}; what it says of instances stays unknown until the account may SELECT from {table}")
    } else {
        format!("it has no table {table}, so it is not one of nova's: what that would say stays unknown")
    };
    StoreError::Failed {
        database: store.name().clone(),
        operation: format!("looking instances up in {table}"),
        reason,
    }
}
