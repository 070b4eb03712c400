//! Our migrations, run on an SQLite database: what is there is looked at, and looked at again
//! under the write lock before anything is applied.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rusqlite::{Connection, ToSql, TransactionBehavior};
use tokio::sync::oneshot;

use super::open::{Session, Source, WRITE_WAIT};
use super::write::now;
use crate::store::Access;
use crate::store::migrate::{
    Applied, BOOKKEEPING, Found, Kind, Migration, Report, State, Status, assess, migrations,
};
use crate::store::{DatabaseName, Engine, StoreError};

const LOOKING: &str = "looking at its schema";
const APPLYING: &str = "applying migrations";

/// How a database stands.
pub(in crate::store) async fn status(database: DatabaseName, path: PathBuf) -> Result<Status, StoreError> {
    on_thread(database.clone(), move || look(Arc::new(Source::find(database, &path, Access::ReadOnly)?)))
        .await
}

/// Apply what is pending.
pub(in crate::store) async fn sync(database: DatabaseName, path: PathBuf) -> Result<Report, StoreError> {
    on_thread(database.clone(), move || {
        let status = look(Arc::new(Source::find(database.clone(), &path, Access::ReadOnly)?))?;
        match &status.state {
            State::Current | State::Adopted => Ok(Report { status, applied_now: Vec::new() }),
            State::Refused(reason) => Err(refused(&status.database, reason)),
            State::Pending => apply(Arc::new(Source::find(database, &path, Access::ReadWrite)?)),
        }
    })
    .await
}

async fn on_thread<T: Send + 'static>(
    database: DatabaseName,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let failed = |reason: String| StoreError::Failed { database, operation: APPLYING.to_owned(), reason };
    let (answer, answered) = oneshot::channel();
    let started = thread::Builder::new().name("sqlite migrations".to_owned()).spawn(move || {
        let _ = answer.send(work());
    });
    if let Err(error) = started {
        return Err(failed(format!("no thread for it: {error}")));
    }
    match answered.await {
        Ok(result) => result,
        Err(_) => Err(failed("its thread ended".to_owned())),
    }
}

fn refused(database: &DatabaseName, reason: &str) -> StoreError {
    StoreError::Failed {
        database: database.clone(),
        operation: APPLYING.to_owned(),
        reason: reason.to_owned(),
    }
}

fn look(source: Arc<Source>) -> Result<Status, StoreError> {
    let mut session = Session::open(Arc::clone(&source))?;
    let kind = Kind::of(&source.database);
    let found = session.read(LOOKING, |connection| find(connection, kind))?;
    Ok(judge(&source, found))
}

fn judge(source: &Source, found: Found) -> Status {
    let (state, pending) = assess(migrations(Engine::Sqlite, Kind::of(&source.database)), &found);
    Status {
        database: source.database.clone(),
        location: Arc::clone(&source.location),
        state,
        applied: found.applied,
        pending,
    }
}

fn find(connection: &Connection, kind: Kind) -> rusqlite::Result<Found> {
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('request_specs')")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let recorded = connection
        .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'reqspec_migrations'")?
        .exists([])?;
    let applied = if recorded {
        let sql = "SELECT version, name, checksum, CAST(applied_at AS TEXT) FROM reqspec_migrations \
                   WHERE kind = ? ORDER BY version";
        connection
            .prepare(sql)?
            .query_map([kind.as_str()], |row| {
                Ok(Applied {
                    version: row.get(0)?,
                    name: row.get(1)?,
                    checksum: row.get(2)?,
                    applied_at: row.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?
    } else {
        Vec::new()
    };
    Ok(Found { columns: (!columns.is_empty()).then_some(columns), applied })
}

fn apply(source: Arc<Source>) -> Result<Report, StoreError> {
    let kind = Kind::of(&source.database);
    let stamp = now().map_err(|error| source.failed(APPLYING, error.to_string()))?;
    let mut session = Session::open(Arc::clone(&source))?;
    let translate = |error: rusqlite::Error| source.translate(APPLYING, &error);
    session.connection.busy_timeout(WRITE_WAIT).map_err(translate)?;
    let transaction =
        session.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(translate)?;
    // Another one may have applied them while this one waited for the lock.
    let status = judge(&source, find(&transaction, kind).map_err(translate)?);
    match &status.state {
        State::Current | State::Adopted => return Ok(Report { status, applied_now: Vec::new() }),
        State::Refused(reason) => return Err(refused(&source.database, reason)),
        State::Pending => {}
    }
    transaction.execute_batch(BOOKKEEPING).map_err(translate)?;
    for migration in &status.pending {
        apply_one(&transaction, kind, migration, &stamp)
            .map_err(|error| source.translate(&format!("applying migration {}", migration.name), &error))?;
    }
    let found = find(&transaction, kind).map_err(translate)?;
    transaction.commit().map_err(translate)?;
    Ok(Report { applied_now: status.pending, status: judge(&source, found) })
}

fn apply_one(
    connection: &Connection,
    kind: Kind,
    migration: &Migration,
    stamp: &str,
) -> rusqlite::Result<()> {
    connection.execute_batch(migration.sql)?;
    let values: [&dyn ToSql; 5] =
        [&kind.as_str(), &migration.version, &migration.name, &migration.checksum(), &stamp];
    let sql = "INSERT OR REPLACE INTO reqspec_migrations (kind, version, name, checksum, applied_at) \
               VALUES (?, ?, ?, ?, ?)";
    connection.execute(sql, values).map(|_| ())
}
