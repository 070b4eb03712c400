//! Create, save and destroy: one transaction each, which takes the write lock first, compares the
//! exact bytes, changes exactly one row or nothing, and is durable when it is committed.

use crate::spec::text::named;
use std::sync::Arc;

use rusqlite::{Connection, ToSql, Transaction, TransactionBehavior};
use time::macros::format_description;

use super::open::{READ_WAIT, Session, WRITE_WAIT};
use super::read;
use crate::store::Access;
use crate::store::batch::conflict;
use crate::store::{NewSpec, StoreError, StoredSpec};

/// Now, in UTC, as SQLAlchemy stores a naive DATETIME in SQLite: `2026-08-01 12:00:00.000000`.
pub(super) fn now() -> Result<String, time::error::Format> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
    time::OffsetDateTime::now_utc().format(&format)
}

/// How a transaction ends.
pub(super) enum End<T> {
    /// Commit.
    Changed(T),
    /// Nothing was changed: roll back.
    Unchanged(T),
    /// Roll back.
    Refused(StoreError),
}

/// One transaction that holds the write lock from its start.
pub(super) fn transact<T>(
    session: &mut Session,
    operation: &str,
    body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<End<T>>,
) -> Result<T, StoreError> {
    let source = Arc::clone(&session.source);
    if source.access != Access::ReadWrite {
        return Err(StoreError::ReadOnly {
            database: source.database.clone(),
            operation: operation.to_owned(),
            reason: "the session was opened for reading only; nothing was written".to_owned(),
        });
    }
    source.check_present()?;
    let connection = &mut session.connection;
    let result = connection
        .busy_timeout(WRITE_WAIT)
        .and_then(|()| prepare_to_write(connection))
        .and_then(|()| connection.transaction_with_behavior(TransactionBehavior::Immediate))
        .and_then(|transaction| {
            let end = body(&transaction)?;
            match end {
                End::Changed(value) => transaction.commit().map(|()| Ok(value)),
                End::Unchanged(value) => transaction.rollback().map(|()| Ok(value)),
                End::Refused(error) => transaction.rollback().map(|()| Err(error)),
            }
        });
    // Reads of this session shall not wait as long.
    let restored = connection.busy_timeout(READ_WAIT);
    let value = result.map_err(|error| source.translate(operation, &error))??;
    restored.map_err(|error| source.translate(operation, &error))?;
    Ok(value)
}

/// A commit is on the disk before it is reported.
fn prepare_to_write(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA synchronous = FULL")
}

/// Insert a row.
pub(super) fn create(session: &mut Session, new: &NewSpec) -> Result<StoredSpec, StoreError> {
    let database = session.source.database.clone();
    let operation = format!("creating the spec of {}", new.instance_uuid);
    let stamp = now().map_err(|error| session.source.failed(&operation, error.to_string()))?;
    transact(session, &operation, |transaction| {
        if let Some(current) = read::get(transaction, &new.instance_uuid)? {
            return Ok(End::Refused(StoreError::Exists {
                database,
                instance_uuid: Arc::clone(&new.instance_uuid),
                current: Box::new(current),
            }));
        }
        let created_at = new.created_at.as_deref().unwrap_or(&stamp);
        let values: [&dyn ToSql; 4] =
            [&created_at, &new.updated_at.as_deref(), &&*new.instance_uuid, &&*new.spec];
        let sql =
            "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES (?, ?, ?, ?)";
        transaction.execute(sql, values)?;
        read_back(transaction, &new.instance_uuid).map(End::Changed)
    })
}

/// Replace a text.
pub(super) fn save(
    session: &mut Session,
    instance_uuid: &Arc<str>,
    before: &[u8],
    after: &str,
) -> Result<StoredSpec, StoreError> {
    let operation = format!("saving the spec of {instance_uuid}", instance_uuid = named(instance_uuid));
    let source = Arc::clone(&session.source);
    let stamp = now().map_err(|error| source.failed(&operation, error.to_string()))?;
    transact(session, &operation, |transaction| {
        let current = read::get(transaction, instance_uuid)?;
        let Some(row) = current.as_ref().filter(|row| *row.spec == *before) else {
            return Ok(End::Refused(conflict(&source.database, Arc::clone(instance_uuid), current)));
        };
        if before == after.as_bytes() {
            return Ok(End::Unchanged(row.clone()));
        }
        // The lock is held since before the comparison, which saw the bytes themselves: an SQL
        // comparison would go through the column's type, collation and encoding.
        let values: [&dyn ToSql; 3] = [&after, &stamp, &row.id];
        let sql = "UPDATE request_specs SET spec = ?, updated_at = ? WHERE id = ?";
        if transaction.execute(sql, values)? != 1 {
            return Ok(End::Refused(source.failed(&operation, "it would have changed more than one row")));
        }
        read_back(transaction, instance_uuid).map(End::Changed)
    })
}

/// Delete a row.
pub(super) fn destroy(
    session: &mut Session,
    instance_uuid: &Arc<str>,
    before: &[u8],
) -> Result<(), StoreError> {
    let operation = format!("deleting the spec of {instance_uuid}", instance_uuid = named(instance_uuid));
    let source = Arc::clone(&session.source);
    transact(session, &operation, |transaction| {
        let current = read::get(transaction, instance_uuid)?;
        let Some(row) = current.as_ref().filter(|row| *row.spec == *before) else {
            return Ok(End::Refused(conflict(&source.database, Arc::clone(instance_uuid), current)));
        };
        if transaction.execute("DELETE FROM request_specs WHERE id = ?", [row.id])? != 1 {
            return Ok(End::Refused(source.failed(&operation, "it would have deleted more than one row")));
        }
        Ok(End::Changed(()))
    })
}

fn read_back(transaction: &Transaction<'_>, instance_uuid: &str) -> rusqlite::Result<StoredSpec> {
    read::get(transaction, instance_uuid)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
