//! How a change is tried, and create, save and destroy: one transaction each, which locks the row first, compares the exact
//! bytes here, changes exactly one row by its id or nothing, reads it back and commits.
//!
//! - Deadlocks, lock waits and certifications that failed (Galera: at the commit) undo the whole
//!   transaction; it is tried again a few times.
//! - A connection that is lost before the commit was sent has written nothing. One that is lost
//!   during the commit is looked after: the row is locked, which waits until the lost transaction is
//!   over, and tells what became of it.
//! - A change runs to its end, whether or not its asker waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Error, Params, Value};
use time::macros::format_description;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout, timeout_at};

use super::limits::{self, Column};
use super::link::Link;
use super::read;
use super::reason::{self, Kind};
use super::session::{self, Purpose, Session};
use super::text;
use crate::spec::text::named;
use crate::store::{Access, NewSpec, StoreError, StoredSpec, retry, runtime};

/// Between two looks at what became of a commit.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Waits until what was committed before outlives the server's being killed: no time unless the
/// server leaves its log in its own memory for a second (`innodb_flush_log_at_trx_commit = 0`).
pub(super) const FLUSHED: &str = "SELECT IF(@@GLOBAL.innodb_flush_log_at_trx_commit = 0, \
                       SLEEP(@@GLOBAL.innodb_flush_log_at_timeout + 0.5), 0)";
/// An entry exists with that key.
pub(super) const DUPLICATE: u16 = 1062;

/// A change of one row.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Create(NewSpec),
    Save {
        instance_uuid: Arc<str>,
        before: Arc<[u8]>,
        after: Arc<str>,
    },
    Destroy {
        instance_uuid: Arc<str>,
        before: Arc<[u8]>,
    },
    /// Nothing is changed: the row is locked, and stays so while the transaction is open.
    Hold {
        instance_uuid: Arc<str>,
        before: Arc<[u8]>,
    },
}

impl Change {
    fn instance_uuid(&self) -> &Arc<str> {
        match self {
            Self::Create(new) => &new.instance_uuid,
            Self::Save { instance_uuid, .. }
            | Self::Destroy { instance_uuid, .. }
            | Self::Hold { instance_uuid, .. } => instance_uuid,
        }
    }

    /// For messages.
    pub fn operation(&self) -> String {
        let verb = match self {
            Self::Create(_) => "creating",
            Self::Save { .. } => "saving",
            Self::Destroy { .. } => "deleting",
            Self::Hold { .. } => "holding",
        };
        format!("{verb} the spec of {}", named(self.instance_uuid()))
    }

    /// The text that it writes.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Create(new) => Some(&new.spec),
            Self::Save { after, .. } => Some(after),
            Self::Destroy { .. } | Self::Hold { .. } => None,
        }
    }
}

/// What is kept between the changes of a session.
#[derive(Debug, Default)]
pub(super) struct Writer {
    link: Option<Link>,
    column: Option<Column>,
}

/// How far a transaction got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was sent.
    Fresh,
    /// It may have begun; it is not committed.
    Begun,
    /// The commit may have been sent.
    Committing,
}

/// Why a transaction was not committed.
pub(super) enum Failure {
    /// The row, or the text, is not as it must be.
    Refused(Box<StoreError>),
    /// The server or the way to it.
    Driver(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// What one transaction does.
pub(super) trait Work: Send + Sync + 'static {
    /// What is known when it is over.
    type Answer: Send + 'static;

    /// For messages.
    fn operation(&self) -> String;

    /// Do it, from the transaction's beginning to its commit.
    fn transact(
        &self,
        session: &Session,
        link: &mut Link,
        column: &mut Option<Column>,
        stage: &mut Stage,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Find out what became of a commit whose answer was lost.
    fn look(
        &self,
        session: &Arc<Session>,
        reason: &str,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// The row as it is then, none where it was deleted.
impl Work for Change {
    type Answer = Option<StoredSpec>;

    fn operation(&self) -> String {
        self.operation()
    }

    async fn transact(
        &self,
        session: &Session,
        link: &mut Link,
        column: &mut Option<Column>,
        stage: &mut Stage,
    ) -> Result<Option<StoredSpec>, Failure> {
        transact(session, link, column, self, stage).await
    }

    async fn look(&self, session: &Arc<Session>, reason: &str) -> Result<Option<StoredSpec>, StoreError> {
        look(session, self, reason).await
    }
}

/// Do that work.
pub(super) async fn apply<W: Work>(
    session: &Arc<Session>,
    writer: &Arc<Mutex<Writer>>,
    change: W,
) -> Result<W::Answer, StoreError> {
    let operation = change.operation();
    may_write(session, &operation)?;
    let (running, writer) = (Arc::clone(session), Arc::clone(writer));
    let task = runtime::spawn(async move {
        let mut writer = writer.lock().await;
        try_until_decided(&running, &mut writer, &change).await
    });
    let lost = || session.subject.failed(&operation, "its task ended; see the log");
    task.ok_or_else(lost)?.await.map_err(|_| lost())?
}

/// Lock rows on a connection of their own; they stay locked until the link is dropped.
pub(super) async fn hold<W: Work>(
    session: &Arc<Session>,
    change: W,
) -> Result<(Link, W::Answer), StoreError> {
    let operation = change.operation();
    may_write(session, &operation)?;
    let running = Arc::clone(session);
    let held = runtime::run(async move {
        let mut own = Writer::default();
        try_until_decided(&running, &mut own, &change).await.map(|answer| (own.link, answer))
    })
    .await;
    let lost = || session.subject.failed(&operation, "its task ended; see the log");
    let (link, answer) = held.map_err(|_| lost())??;
    Ok((link.ok_or_else(lost)?, answer))
}

fn may_write(session: &Session, operation: &str) -> Result<(), StoreError> {
    if session.access == Access::ReadWrite {
        return Ok(());
    }
    let reason = "the session was opened for reading only; nothing was written";
    Err(session.subject.read_only(operation, reason))
}

async fn try_until_decided<W: Work>(
    session: &Arc<Session>,
    writer: &mut Writer,
    change: &W,
) -> Result<W::Answer, StoreError> {
    let operation = change.operation();
    let answer = session.timeouts.answer;
    let deadline = Instant::now() + answer;
    let mut attempts = 0;
    let mut contention = None;
    loop {
        let kept = writer.link.take();
        let was_kept = kept.is_some();
        let mut link = match kept {
            Some(link) => link,
            None => connect(session, deadline).await?,
        };
        attempts += 1;
        let mut stage = Stage::Fresh;
        let tried = change.transact(session, &mut link, &mut writer.column, &mut stage);
        let error = match (timeout_at(deadline.into(), tried).await, &contention) {
            (Ok(Ok(answer)), _) => {
                writer.link = Some(link);
                return Ok(answer);
            }
            (Ok(Err(Failure::Refused(error))), _) => {
                roll_back(writer, link, deadline).await;
                return Err(*error);
            }
            (Ok(Err(Failure::Driver(error))), _) => error,
            (Err(_), _) if stage == Stage::Committing => {
                drop(link);
                return change.look(session, "no answer to the commit").await;
            }
            // It is others' locks that take the time.
            (Err(_), Some(error)) => return Err(session.subject.contended(&operation, attempts, error)),
            (Err(_), None) => {
                return Err(session.subject.no_answer(&format!("{operation} (nothing was written)"), answer));
            }
        };
        match reason::kind(&error) {
            Kind::Contended => {
                roll_back(writer, link, deadline).await;
                let pause = retry::pause(attempts);
                if attempts == retry::ATTEMPTS || Instant::now() + pause >= deadline {
                    return Err(session.subject.contended(&operation, attempts, &error));
                }
                sleep(pause).await;
                contention = Some(error);
            }
            _ if stage == Stage::Committing => {
                drop(link);
                return change.look(session, &reason::words(&error)).await;
            }
            // The server had closed the connection while nobody used it.
            Kind::Lost if was_kept && attempts == 1 => {}
            Kind::Lost => {
                drop(link);
                return Err(session.subject.unavailable(format!(
                    "the connection was lost while {operation} ({}); nothing was written, try again",
                    reason::words(&error)
                )));
            }
            _ => {
                roll_back(writer, link, deadline).await;
                return Err(session.subject.describe(&operation, &error));
            }
        }
    }
}

async fn connect(session: &Session, deadline: Instant) -> Result<Link, StoreError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let connected = session.connect(Purpose::Lasting, left.min(session.timeouts.connect)).await;
    connected.map_err(|closed| session.closed(&closed))
}

/// Undo what the transaction did and keep the connection, if that works.
async fn roll_back(writer: &mut Writer, mut link: Link, deadline: Instant) {
    if !link.busy
        && matches!(timeout_at(deadline.into(), session::answers(&mut link, "ROLLBACK")).await, Ok(Ok(_)))
    {
        writer.link = Some(link);
    }
}

/// One transaction, from its beginning to its commit.
async fn transact(
    session: &Session,
    link: &mut Link,
    column: &mut Option<Column>,
    change: &Change,
    stage: &mut Stage,
) -> Result<Option<StoredSpec>, Failure> {
    if let Some(text) = change.text() {
        check_size(session, link, column, change, text).await?;
    }
    *stage = Stage::Begun;
    let row = match change {
        Change::Create(new) => Some(insert(session, link, change, new).await?),
        Change::Save { instance_uuid, before, after } => {
            let row = locked(session, link, instance_uuid, before).await?;
            if **before == *after.as_bytes() {
                // Equal texts write nothing.
                session::answers(link, "ROLLBACK").await?;
                return Ok(Some(row));
            }
            let sql = "UPDATE request_specs SET spec = ?, updated_at = ? WHERE id = ?";
            let parameters = vec![bytes(after), now(session, &change.operation())?, Value::from(row.id)];
            exactly_one(session, change, execute(link, sql, parameters).await?)?;
            Some(read_back(session, link, change, Some(row.id)).await?)
        }
        Change::Destroy { instance_uuid, before } => {
            let row = locked(session, link, instance_uuid, before).await?;
            let sql = "DELETE FROM request_specs WHERE id = ?";
            exactly_one(session, change, execute(link, sql, vec![Value::from(row.id)]).await?)?;
            None
        }
        Change::Hold { instance_uuid, before } => {
            // The transaction stays open.
            let row = locked(session, link, instance_uuid, before).await?;
            // A move deletes the other copy next: this one must outlive the server's death.
            session::answers(link, FLUSHED).await?;
            return Ok(Some(row));
        }
    };
    *stage = Stage::Committing;
    session::answers(link, "COMMIT").await?;
    Ok(row)
}

async fn check_size(
    session: &Session,
    link: &mut Link,
    column: &mut Option<Column>,
    change: &Change,
    text: &str,
) -> Result<(), Failure> {
    if column.is_none() && !limits::fits_any(text) {
        *column = Column::ask(link).await?;
    }
    match limits::misfit(text, column.as_ref(), link.max_packet) {
        Some(reason) => Err(session.subject.failed(&change.operation(), reason).into()),
        None => Ok(()),
    }
}

/// Begin, lock the row of an instance, and compare it.
async fn locked(
    session: &Session,
    link: &mut Link,
    instance_uuid: &Arc<str>,
    before: &[u8],
) -> Result<StoredSpec, Failure> {
    match begin_and_lock(link, instance_uuid).await? {
        Some(row) if *row.spec == *before => Ok(row),
        current => Err(StoreError::Conflict {
            database: session.subject.database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            current: current.map(Box::new),
        }
        .into()),
    }
}

async fn begin_and_lock(link: &mut Link, instance_uuid: &str) -> Result<Option<StoredSpec>, Error> {
    let sql = format!("START TRANSACTION READ WRITE; {} FOR UPDATE", read::of_instance(instance_uuid));
    let rows = session::answers(link, &sql).await?.pop().unwrap_or_default();
    Ok(rows.into_iter().map(text::stored_spec).find(|row| *row.instance_uuid == *instance_uuid))
}

async fn insert(
    session: &Session,
    link: &mut Link,
    change: &Change,
    new: &NewSpec,
) -> Result<StoredSpec, Failure> {
    session::answers(link, "START TRANSACTION READ WRITE").await?;
    let created_at = match &new.created_at {
        Some(stamp) => bytes(stamp),
        None => now(session, &change.operation())?,
    };
    let updated_at = new.updated_at.as_deref().map_or(Value::NULL, bytes);
    let sql = "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES (?, ?, ?, ?)";
    let parameters = vec![created_at, updated_at, bytes(&new.instance_uuid), bytes(&new.spec)];
    match execute(link, sql, parameters).await {
        Ok(inserted) => exactly_one(session, change, inserted)?,
        Err(error) if reason::code(&error) == Some(DUPLICATE) => {
            return Err(exists(session, link, new, error).await?.into());
        }
        Err(error) => return Err(error.into()),
    }
    read_back(session, link, change, None).await
}

/// Which row is in the way of a new one.
pub(super) async fn exists(
    session: &Session,
    link: &mut Link,
    new: &NewSpec,
    error: Error,
) -> Result<StoreError, Error> {
    // That of another name which the column's collation takes for the same, at worst. As it is now, not as
    // it was when the transaction first read.
    let sql = format!("{} FOR UPDATE", read::of_instance(&new.instance_uuid));
    let rows = session::first_answer(link, &sql, read::ALL).await?;
    let mut rows: Vec<StoredSpec> = rows.into_iter().map(text::stored_spec).collect();
    rows.sort_by_key(|row| *row.instance_uuid != *new.instance_uuid);
    let current = rows.into_iter().next().ok_or(error)?;
    Ok(StoreError::Exists {
        database: session.subject.database.clone(),
        instance_uuid: Arc::clone(&new.instance_uuid),
        current: Box::new(current),
    })
}

/// The row as it is now in this transaction; it must hold what was written, byte for byte.
async fn read_back(
    session: &Session,
    link: &mut Link,
    change: &Change,
    id: Option<i64>,
) -> Result<StoredSpec, Failure> {
    let sql = match id {
        Some(id) => format!("SELECT {} FROM request_specs WHERE id = {id}", text::COLUMNS),
        None => read::of_instance(change.instance_uuid()),
    };
    let rows = session::first_answer(link, &sql, read::ALL).await?;
    let row =
        rows.into_iter().map(text::stored_spec).find(|row| *row.instance_uuid == **change.instance_uuid());
    match (row, change.text()) {
        (Some(row), Some(text)) if *row.spec == *text.as_bytes() => Ok(row),
        _ => Err(session
            .subject
            .failed(
                &change.operation(),
                "the server would not have stored the text as it is (character set of the column, or a trigger); \
                 nothing was written",
            )
            .into()),
    }
}

fn exactly_one(session: &Session, change: &Change, rows: u64) -> Result<(), Failure> {
    if rows == 1 {
        return Ok(());
    }
    let reason = format!("it would have changed {rows} rows instead of one; nothing was written");
    Err(session.subject.failed(&change.operation(), reason).into())
}

/// Run a prepared statement; gives the number of rows that it found.
pub(super) async fn execute(link: &mut Link, sql: &str, parameters: Vec<Value>) -> Result<u64, Error> {
    link.busy = true;
    let result = async {
        let conn = link.conn()?;
        conn.exec_drop(sql, Params::Positional(parameters)).await?;
        Ok(conn.affected_rows())
    }
    .await;
    link.busy = matches!(&result, Err(error) if !reason::leaves_connection(error));
    result
}

pub(super) fn bytes(text: impl AsRef<str>) -> Value {
    Value::Bytes(text.as_ref().as_bytes().to_vec())
}

/// Now, in UTC, as nova gives it to the server: a column of whole seconds keeps those.
pub(super) fn now(session: &Session, operation: &str) -> Result<Value, Failure> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
    match time::OffsetDateTime::now_utc().format(&format) {
        Ok(stamp) => Ok(bytes(stamp)),
        Err(error) => Err(session.subject.failed(operation, error.to_string()).into()),
    }
}

/// Find out what became of a commit whose answer was lost.
async fn look(
    session: &Arc<Session>,
    change: &Change,
    reason: &str,
) -> Result<Option<StoredSpec>, StoreError> {
    let operation = change.operation();
    let deadline = Instant::now() + session.timeouts.answer;
    while Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        if let Ok(Ok(row)) = timeout(left, look_once(session, change, deadline)).await {
            return judge(session, change, row, reason);
        }
        sleep(LOOK_AGAIN).await;
    }
    Err(session.subject.uncertain(&operation, format!("{reason}, and the database cannot be asked")))
}

async fn look_once(
    session: &Session,
    change: &Change,
    deadline: Instant,
) -> Result<Option<StoredSpec>, StoreError> {
    let mut link = connect(session, deadline).await?;
    // The lock waits for the lost transaction, if the server still has it.
    let row = begin_and_lock(&mut link, change.instance_uuid()).await;
    row.map_err(|error| session.subject.describe(&change.operation(), &error))
}

fn judge(
    session: &Session,
    change: &Change,
    row: Option<StoredSpec>,
    reason: &str,
) -> Result<Option<StoredSpec>, StoreError> {
    let text = row.as_ref().map(|row| &*row.spec);
    let (done, undone) = match change {
        Change::Create(new) => (text == Some(new.spec.as_bytes()), text.is_none()),
        Change::Save { before, after, .. } => (text == Some(after.as_bytes()), text == Some(before)),
        Change::Destroy { before, .. } | Change::Hold { before, .. } => {
            (text.is_none(), text == Some(before))
        }
    };
    let operation = change.operation();
    if done {
        Ok(row)
    } else if undone {
        Err(session.subject.unavailable(format!(
            "the connection was lost while {operation} ({reason}); the database was asked again: nothing was written, \
             try again"
        )))
    } else {
        Err(session
            .subject
            .uncertain(&operation, format!("{reason}, and another session has changed it since")))
    }
}
