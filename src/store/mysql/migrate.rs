//! Our migrations, run on MySQL and MariaDB.
//!
//! Statements that define tables commit by themselves there, so nothing can be undone: instead, each
//! step may be repeated, and by several at once. A named lock keeps two apart on one server; Galera
//! has no such lock across nodes, but runs definitions in the same order everywhere, and
//! `IF NOT EXISTS` makes the second of them do nothing. The record is written before the table: what
//! is interrupted in between is still pending, and not taken for nova's own table.

use std::sync::Arc;

use mysql_async::{Error, Row, Value};

use super::link::Link;
use super::reason::{self, Subject};
use super::session::{self, Lane, Purpose, Session};
use super::text;
use crate::store::address::Server;
use crate::store::migrate::{
    Applied, BOOKKEEPING, Found, Kind, Migration, Report, State, Status, assess, migrations,
};
use crate::store::{Access, DatabaseName, Engine, StoreError, Timeouts, runtime};

const LOOKING: &str = "looking at migrations";
const APPLYING: &str = "applying migrations";
/// No such table.
const NO_TABLE: u16 = 1146;
/// The table is there already.
const TABLE_EXISTS: u16 = 1050;

/// How the database stands. Changes nothing.
pub(in crate::store) async fn status(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    timeouts: Timeouts,
) -> Result<Status, StoreError> {
    let session = open(database, server, shown, Access::ReadOnly, timeouts).await?;
    look(&session).await
}

/// Apply what is pending.
pub(in crate::store) async fn sync(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    timeouts: Timeouts,
) -> Result<Report, StoreError> {
    let session = open(database, server, shown, Access::ReadWrite, timeouts).await?;
    let status = look(&session).await?;
    match &status.state {
        State::Current | State::Adopted => return Ok(Report { status, applied_now: Vec::new() }),
        State::Refused(reason) => return Err(refused(&session, reason)),
        State::Pending => {}
    }
    let running = Arc::clone(&session);
    // To its end, whoever waits: half a definition helps nobody.
    let task = runtime::spawn(async move { apply(&running).await });
    let lost = || session.subject.failed(APPLYING, "its task ended; see the log");
    task.ok_or_else(lost)?.await.map_err(|_| lost())?
}

async fn open(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<Session>, StoreError> {
    let subject = Subject::new(database, shown, server);
    Session::open(subject, server.clone(), access, timeouts).await
}

fn kind(session: &Session) -> Kind {
    Kind::of(&session.subject.database)
}

async fn look(session: &Arc<Session>) -> Result<Status, StoreError> {
    let columns = session.ask(LOOKING, Lane::Page, COLUMNS_OF.to_owned(), usize::MAX).await;
    let columns = match columns {
        Ok(rows) => Some(rows),
        Err(StoreError::NoTable { .. }) => None,
        Err(error) => return Err(error),
    };
    let applied = session.ask(LOOKING, Lane::Page, has_records(), 1).await?;
    let records = if applied.is_empty() {
        Vec::new()
    } else {
        session.ask(LOOKING, Lane::Page, records_of(kind(session)), usize::MAX).await?
    };
    Ok(judged(session, found(columns, records)))
}

const COLUMNS_OF: &str = "SHOW COLUMNS FROM request_specs";

fn has_records() -> String {
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'reqspec_migrations'"
        .to_owned()
}

fn records_of(kind: Kind) -> String {
    format!(
        "SELECT version, name, checksum, CAST(applied_at AS CHAR) FROM reqspec_migrations WHERE kind = '{}' \
         ORDER BY version",
        kind.as_str()
    )
}

fn found(columns: Option<Vec<Row>>, records: Vec<Row>) -> Found {
    let name = |mut row: Row| text::take_text(&mut row, 0).unwrap_or_default();
    let applied = |mut row: Row| Applied {
        version: text::take_number(&mut row, 0),
        name: text::take_text(&mut row, 1).unwrap_or_default(),
        checksum: text::take_text(&mut row, 2).unwrap_or_default(),
        applied_at: text::take_text(&mut row, 3).unwrap_or_default(),
    };
    Found {
        columns: columns.map(|rows| rows.into_iter().map(name).collect()),
        applied: records.into_iter().map(applied).collect(),
    }
}

fn judged(session: &Session, found: Found) -> Status {
    let (state, pending) = assess(migrations(Engine::Mysql, kind(session)), &found);
    Status {
        database: session.subject.database.clone(),
        location: Arc::clone(&session.subject.location),
        state,
        applied: found.applied,
        pending,
    }
}

fn refused(session: &Session, reason: &str) -> StoreError {
    session.subject.failed(APPLYING, reason)
}

async fn apply(session: &Arc<Session>) -> Result<Report, StoreError> {
    let connected = session.connect(Purpose::Lasting, session.timeouts.connect).await;
    let mut link = connected.map_err(|closed| session.closed(&closed))?;
    let within = session.timeouts.answer;
    let applied = tokio::time::timeout(within, apply_on(session, &mut link)).await;
    let applied_now = applied.unwrap_or_else(|_| Err(session.subject.no_answer(APPLYING, within)))?;
    drop(link);
    Ok(Report { status: look(session).await?, applied_now })
}

async fn apply_on(session: &Arc<Session>, link: &mut Link) -> Result<Vec<Migration>, StoreError> {
    let failed = |error: Error| session.subject.describe(APPLYING, &error);
    // Definitions are refused in a session that only reads.
    session::answers(link, "SET SESSION TRANSACTION READ WRITE").await.map_err(failed)?;
    lock(session, link).await?;
    // Another one may have applied them while this one waited.
    let status = judged(session, find(session, link).await.map_err(failed)?);
    match &status.state {
        State::Current | State::Adopted => return Ok(Vec::new()),
        State::Refused(reason) => return Err(refused(session, reason)),
        State::Pending => {}
    }
    session::answers(link, BOOKKEEPING).await.map_err(failed)?;
    let mut applied_now = Vec::new();
    for migration in status.pending {
        let made = apply_one(session, link, &migration).await;
        let operation = format!("applying migration {}", migration.name);
        if made.map_err(|error| session.subject.describe(&operation, &error))? {
            applied_now.push(migration);
        }
    }
    Ok(applied_now)
}

/// Where the server has no such lock, the statements themselves do.
async fn lock(session: &Session, link: &mut Link) -> Result<(), StoreError> {
    let schema = session.facts().map(|facts| facts.schema.as_str()).unwrap_or_default();
    // Names of locks have 64 characters at most, as those of databases have.
    let name: String = format!("reqspec {schema}").chars().take(60).collect();
    let wait = session.lock_wait().as_secs() * 3;
    let sql = format!("SELECT GET_LOCK({}, {wait})", text::literal(&name));
    match session::first_answer(link, &sql, 1).await {
        Ok(mut rows) => {
            if rows.first_mut().and_then(|row| text::take_text(row, 0)).as_deref() == Some("0") {
                return Err(StoreError::Locked {
                    database: session.subject.database.clone(),
                    operation: APPLYING.to_owned(),
                });
            }
            Ok(())
        }
        Err(error) if reason::leaves_connection(&error) => Ok(()),
        Err(error) => Err(session.subject.describe(APPLYING, &error)),
    }
}

async fn find(session: &Session, link: &mut Link) -> Result<Found, Error> {
    let columns = match session::first_answer(link, COLUMNS_OF, usize::MAX).await {
        Ok(rows) => Some(rows),
        Err(error) if reason::code(&error) == Some(NO_TABLE) => None,
        Err(error) => return Err(error),
    };
    let records = match session::first_answer(link, &records_of(kind(session)), usize::MAX).await {
        Ok(rows) => rows,
        Err(error) if reason::code(&error) == Some(NO_TABLE) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(found(columns, records))
}

/// Apply one; gives whether it was this call that did.
async fn apply_one(session: &Session, link: &mut Link, migration: &Migration) -> Result<bool, Error> {
    let record = "INSERT INTO reqspec_migrations (kind, version, name, checksum, applied_at) \
                  VALUES (?, ?, ?, ?, UTC_TIMESTAMP()) \
                  ON DUPLICATE KEY UPDATE name = VALUES(name), checksum = VALUES(checksum), applied_at = VALUES(applied_at)";
    let parameters: Vec<Value> = vec![
        kind(session).as_str().into(),
        migration.version.into(),
        migration.name.into(),
        migration.checksum().into(),
    ];
    super::write::execute(link, record, parameters).await?;
    let mut made = true;
    for statement in migration.sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        super::write::execute(link, statement, Vec::new()).await?;
        // Where IF NOT EXISTS is said, a table that is there already is a note. (There may be others:
        // MySQL 8 calls the character set of nova's tables old-fashioned.)
        let notes = session::first_answer(link, "SHOW WARNINGS", usize::MAX).await?;
        let was_there = |mut note: Row| text::take_number::<u16>(&mut note, 1) == TABLE_EXISTS;
        made &= !notes.into_iter().any(was_there);
    }
    Ok(made)
}
