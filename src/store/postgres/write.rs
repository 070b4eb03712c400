//! How a change is tried, and create, save, destroy and hold: one transaction each. The row is locked and its exact bytes are
//! compared here; exactly one row is changed, by id, read back, and committed. Imports `pool`.
//!
//! Where the connection is lost while it commits, the server is asked afterwards what became of
//! that very transaction; where it cannot say, or says that it was committed, the row itself is
//! looked at: a server that took over may have given the transaction's number to another.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{join, join3};
use tokio::time::{sleep, timeout, timeout_at};
use tokio_postgres::error::SqlState;

use super::connect::{Conn, Role};
use super::pool::{Link, Parameter, Query};
use super::read::{field, get_query, stored_spec};
use super::time;
use super::trouble::Trouble;
use crate::spec::text::named;
use crate::store::retry::{ATTEMPTS, PAUSES, pause};
use crate::store::{Access, Hold, NewSpec, StoreError, StoredSpec};

/// A commit is on the disk before it is reported, also where the server would not wait for it: a
/// move deletes one row because the other is safe.
pub(super) const SAFELY: &str = "SELECT set_config('synchronous_commit', 'on', true) \
                      WHERE current_setting('synchronous_commit') = 'off'";

/// Which transaction it is: what becomes of it can be asked afterwards.
pub(super) const OWN: &str = "SELECT txid_current()::text";

/// What is to be changed.
pub(super) enum Change {
    Create(NewSpec),
    Save { instance_uuid: Arc<str>, before: Vec<u8>, after: String },
    Destroy { instance_uuid: Arc<str>, before: Vec<u8> },
}

impl Change {
    fn instance_uuid(&self) -> &Arc<str> {
        match self {
            Self::Create(new) => &new.instance_uuid,
            Self::Save { instance_uuid, .. } | Self::Destroy { instance_uuid, .. } => instance_uuid,
        }
    }

    fn operation(&self) -> String {
        let uuid = named(self.instance_uuid());
        match self {
            Self::Create(_) => format!("creating the spec of {uuid}"),
            Self::Save { .. } => format!("saving the spec of {uuid}"),
            Self::Destroy { .. } => format!("deleting the spec of {uuid}"),
        }
    }
}

/// How an attempt ended.
pub(super) enum End<A> {
    /// Committed, or nothing was to be changed.
    Done(A),
    /// Rolled back: nothing must be changed.
    Not(StoreError),
    /// Others got in the way; rolled back.
    Again(String),
    /// The connection was lost while it committed.
    Lost { transaction: String, answer: A, reason: String },
}

/// What one transaction does.
pub(super) trait Work: Sync {
    /// What is locked first.
    type Locked: Send;
    /// What is known when it is over.
    type Answer: Send;

    /// For messages.
    fn operation(&self) -> String;

    /// Begin, and lock: one flight.
    fn lock(&self, conn: &Conn) -> impl Future<Output = Result<Self::Locked, Trouble>> + Send;

    /// Compare and change, up to the commit.
    fn apply(
        &self,
        link: &Link,
        conn: &Conn,
        locked: Self::Locked,
    ) -> impl Future<Output = Result<Step<Self::Answer>, Trouble>> + Send;

    /// What became of a commit whose answer was lost.
    fn fate(
        &self,
        link: &Link,
        transaction: &str,
        answer: Self::Answer,
        reason: String,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// A change and the statement that makes it.
struct Prepared {
    change: Change,
    query: Query,
}

/// The row as it is then, none where it was deleted.
impl Work for Prepared {
    type Locked = Option<StoredSpec>;
    type Answer = Option<StoredSpec>;

    fn operation(&self) -> String {
        self.change.operation()
    }

    async fn lock(&self, conn: &Conn) -> Result<Option<StoredSpec>, Trouble> {
        locked(conn, self.change.instance_uuid()).await
    }

    async fn apply(
        &self,
        link: &Link,
        conn: &Conn,
        current: Option<StoredSpec>,
    ) -> Result<Step<Option<StoredSpec>>, Trouble> {
        apply(link, conn, &self.change, &self.query, current, &self.operation()).await
    }

    async fn fate(
        &self,
        link: &Link,
        transaction: &str,
        row: Option<StoredSpec>,
        reason: String,
    ) -> Result<Option<StoredSpec>, StoreError> {
        fate(link, &self.change, &self.operation(), transaction, row, reason).await
    }
}

/// Make a change; the row as it is then, none where it was deleted.
pub(super) async fn change(link: &Link, change: Change) -> Result<Option<StoredSpec>, StoreError> {
    let operation = change.operation();
    may_write(link, &operation)?;
    let query = prepared(link, &change, &operation)?;
    try_until_decided(link, &Prepared { change, query }).await
}

/// Do that work.
pub(super) async fn try_until_decided<W: Work>(link: &Link, work: &W) -> Result<W::Answer, StoreError> {
    let operation = work.operation();
    let mut reason = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            sleep(pause(attempt)).await;
        }
        match attempt_once(link, work, &operation).await? {
            End::Done(answer) => return Ok(answer),
            End::Not(error) => return Err(error),
            End::Again(why) => reason = why,
            End::Lost { transaction, answer, reason } => {
                return work.fate(link, &transaction, answer, reason).await;
            }
        }
    }
    Err(StoreError::Contended { database: link.database.clone(), operation, attempts: ATTEMPTS, reason })
}

pub(super) fn may_write(link: &Link, operation: &str) -> Result<(), StoreError> {
    if link.access == Access::ReadWrite {
        return Ok(());
    }
    Err(StoreError::ReadOnly {
        database: link.database.clone(),
        operation: operation.to_owned(),
        reason: "the session was opened for reading only; nothing was written".to_owned(),
    })
}

/// The statement that changes the row; its last parameter is the row's id, but for a new row.
fn prepared(link: &Link, change: &Change, operation: &str) -> Result<Query, StoreError> {
    let text = |text: &str| {
        if text.contains('\0') {
            let reason = "the text holds U+0000, which PostgreSQL cannot store; nothing was written";
            return Err(link.failed(operation, reason));
        }
        Ok(Parameter::Text(text.to_owned()))
    };
    let stamp = |text: &Option<Arc<str>>, column: &str, default: Option<i64>| match text {
        None => Ok(Parameter::Time(default)),
        Some(text) => time::parse(text).map(|micros| Parameter::Time(Some(micros))).ok_or_else(|| {
            let reason = format!("{column} is to be {text:?}, which is no time; nothing was written");
            link.failed(operation, reason)
        }),
    };
    Ok(match change {
        Change::Create(new) => Query::new(
            "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES ($1, $2, $3, $4) \
             RETURNING id::int8",
            vec![
                stamp(&new.created_at, "created_at", Some(time::now()))?,
                stamp(&new.updated_at, "updated_at", None)?,
                text(&new.instance_uuid)?,
                text(&new.spec)?,
            ],
        ),
        Change::Save { after, .. } => Query::new(
            "UPDATE request_specs SET spec = $1, updated_at = $2 WHERE id = $3 RETURNING id::int8",
            vec![text(after)?, Parameter::Time(Some(time::now()))],
        ),
        Change::Destroy { .. } => {
            Query::new("DELETE FROM request_specs WHERE id = $1 RETURNING id::int8", Vec::new())
        }
    })
}

async fn attempt_once<W: Work>(link: &Link, work: &W, operation: &str) -> Result<End<W::Answer>, StoreError> {
    let within = link.timeouts.answer;
    let deadline = Instant::now() + within;
    let failed = |trouble: Trouble| refused(link, trouble, operation);
    let silent = || refused(link, Trouble::silent(within), operation);
    // Nothing is written before the commit is sent, so all this may fail, or be tried again.
    let mut renewed = false;
    let (lease, current) = loop {
        let begun = timeout_at(deadline.into(), async {
            let lease = link.writers.lease(&link.target).await?;
            let current = work.lock(lease.conn()?).await?;
            Ok::<_, Trouble>((lease, current))
        });
        match begun.await {
            Ok(Ok(begun)) => break begun,
            // The idle connection was lost: a new one may do.
            Ok(Err(trouble)) if trouble.is_lost() && !renewed => {
                renewed = true;
                link.clear();
            }
            Ok(Err(trouble)) if trouble.is_contention() => return Ok(End::Again(trouble.words())),
            Ok(Err(trouble)) => return Err(failed(trouble)),
            Err(_) => return Err(silent()),
        }
    };
    let conn = lease.conn().map_err(failed)?;
    let changed = timeout_at(deadline.into(), work.apply(link, conn, current));
    let (answer, transaction) = match changed.await {
        Ok(Ok(Step::Commit { answer, transaction })) => (answer, transaction),
        Ok(Ok(Step::Stop(end))) => {
            let undone = timeout_at(deadline.into(), conn.client.batch_execute("ROLLBACK")).await;
            if matches!(undone, Ok(Ok(()))) {
                lease.give_back();
            }
            return Ok(end);
        }
        Ok(Err(trouble)) => return Err(failed(trouble)),
        Err(_) => return Err(silent()),
    };
    let committed = timeout(within, conn.client.batch_execute("COMMIT")).await;
    let trouble = match committed {
        Ok(Ok(())) => {
            lease.give_back();
            return Ok(End::Done(answer));
        }
        Ok(Err(error)) => conn.trouble(&error),
        Err(_) => Trouble::silent(within),
    };
    match trouble.code() {
        // The server's own refusal to commit is an answer.
        Some(_) if trouble.is_contention() => Ok(End::Again(trouble.words())),
        Some(_) => Err(failed(trouble)),
        None => Ok(End::Lost { transaction, answer, reason: trouble.words() }),
    }
}

/// A failure before the commit: nothing was written.
pub(super) fn refused(link: &Link, trouble: Trouble, operation: &str) -> StoreError {
    let words = trouble.words();
    if trouble.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return StoreError::ReadOnly {
            database: link.database.clone(),
            operation: operation.to_owned(),
            reason: format!(
                "{words}: the account lacks the right; nothing was written. It needs SELECT, INSERT, UPDATE and \
                 DELETE on request_specs, and USAGE on its sequence"
            ),
        };
    }
    match link.error(trouble, operation) {
        StoreError::Unavailable { database, location, reason } => {
            let reason = format!("{reason}; nothing was written by {operation}");
            StoreError::Unavailable { database, location, reason }
        }
        other => other,
    }
}

/// Begin, and lock the row of an instance: one flight.
async fn locked(conn: &Conn, instance_uuid: &str) -> Result<Option<StoredSpec>, Trouble> {
    let Some(query) = get_query(instance_uuid, "FOR UPDATE") else {
        conn.begin("", "").await?;
        return Ok(None);
    };
    let (begun, rows) = join(conn.begin("ISOLATION LEVEL READ COMMITTED", SAFELY), query.ask(conn)).await;
    begun?;
    rows?.first().map(stored_spec).transpose()
}

/// What a transaction comes to, before its commit.
pub(super) enum Step<A> {
    Commit { answer: A, transaction: String },
    Stop(End<A>),
}

/// Compare, change, read back; all but the first in one flight.
async fn apply(
    link: &Link,
    conn: &Conn,
    change: &Change,
    query: &Query,
    current: Option<StoredSpec>,
    operation: &str,
) -> Result<Step<Option<StoredSpec>>, Trouble> {
    let database = link.database.clone();
    let instance_uuid = Arc::clone(change.instance_uuid());
    let mut query = query.clone();
    match change {
        Change::Create(_) => {
            if let Some(current) = current {
                let current = Box::new(current);
                return Ok(Step::Stop(End::Not(StoreError::Exists { database, instance_uuid, current })));
            }
        }
        Change::Save { before, .. } | Change::Destroy { before, .. } => {
            let row = match current {
                Some(row) if *row.spec == **before => row,
                current => {
                    let current = current.map(Box::new);
                    return Ok(Step::Stop(End::Not(StoreError::Conflict {
                        database,
                        instance_uuid,
                        current,
                    })));
                }
            };
            query.parameters.push(Parameter::Int(row.id));
            if matches!(change, Change::Save { after, .. } if after.as_bytes() == &**before) {
                return Ok(Step::Stop(End::Done(Some(row))));
            }
        }
    }
    let Some(read_back) = get_query(&instance_uuid, "") else {
        return Err(Trouble::Other("the instance cannot be looked up".to_owned()));
    };
    let own = Query::new(OWN, Vec::new());
    let (changed, row, own) = join3(query.ask(conn), read_back.ask(conn), own.ask(conn)).await;
    let changed = match changed {
        Ok(rows) => rows,
        Err(trouble) if trouble.is_contention() => return Ok(Step::Stop(End::Again(trouble.words()))),
        Err(Trouble::Server(refusal)) if refusal.code == SqlState::UNIQUE_VIOLATION => {
            return Ok(Step::Stop(taken(link, &refusal.message, operation)));
        }
        Err(trouble) if trouble.code().is_some() => {
            return Ok(Step::Stop(End::Not(refused(link, trouble, operation))));
        }
        Err(trouble) => return Err(trouble),
    };
    let row = row?.first().map(stored_spec).transpose()?;
    let expected = match change {
        Change::Destroy { .. } => None,
        Change::Save { after, .. } => Some(after.as_bytes()),
        Change::Create(new) => Some(new.spec.as_bytes()),
    };
    if changed.len() != 1 || row.as_ref().map(|row| &*row.spec) != expected {
        let reason = "the server did not do exactly what was asked (a rule, a trigger or a policy of the table \
                      may be the reason); nothing was written";
        return Ok(Step::Stop(End::Not(link.failed(operation, reason))));
    }
    let transaction = own?.first().map(|row| field::<String>(row, 0)).transpose()?.unwrap_or_default();
    Ok(Step::Commit { answer: row, transaction })
}

/// A key is taken: by the instance's own row, which the next attempt will see, or by another's id.
pub(super) fn taken<A>(link: &Link, message: &str, operation: &str) -> End<A> {
    if message.contains("(id)") {
        return End::Not(link.failed(
            operation,
            format!(
                "{message}; nothing was written. The sequence of the column id is behind its rows: have it set \
                 to their highest id (setval)"
            ),
        ));
    }
    End::Again(message.to_owned())
}

/// What became of a change whose commit was not answered.
async fn fate(
    link: &Link,
    change: &Change,
    operation: &str,
    transaction: &str,
    row: Option<StoredSpec>,
    reason: String,
) -> Result<Option<StoredSpec>, StoreError> {
    link.clear();
    let uncertain = |reason: String| StoreError::Uncertain {
        database: link.database.clone(),
        operation: operation.to_owned(),
        reason,
    };
    let unwritten = || StoreError::Unavailable {
        database: link.database.clone(),
        location: Arc::clone(&link.shown),
        reason: format!("{reason}; nothing was written by {operation}"),
    };
    // The server knows no such transaction: another one took over, or this one began anew.
    let by_the_row = async |row| match holds(link, change, operation).await {
        Holds::After => Ok(row),
        Holds::Before => Err(unwritten()),
        Holds::Other | Holds::Unknown => Err(uncertain(reason.clone())),
    };
    let deadline = Instant::now() + link.timeouts.answer;
    let mut pauses = PAUSES.iter().chain(std::iter::repeat(&PAUSES[PAUSES.len() - 1]));
    let question =
        Query::new("SELECT txid_status($1::text::bigint)", vec![Parameter::Text(transaction.to_owned())]);
    loop {
        let asked = timeout_at(deadline.into(), async {
            let lease = link.pages.lease(&link.target).await?;
            let rows = question.ask_alone(lease.conn()?).await;
            if rows.is_ok() || rows.as_ref().is_err_and(|trouble| trouble.code().is_some()) {
                lease.give_back();
            }
            rows
        });
        match asked.await {
            Ok(Ok(rows)) => match rows.first().and_then(|row| field::<Option<String>>(row, 0).ok().flatten())
            {
                Some(status) if status == "committed" => {
                    return match holds(link, change, operation).await {
                        Holds::After | Holds::Other => Ok(row),
                        Holds::Before => Err(uncertain(format!(
                            "{reason}; the server says that transaction {transaction} was committed, yet the row \
                             is as it was before"
                        ))),
                        Holds::Unknown => Err(uncertain(reason)),
                    };
                }
                Some(status) if status == "aborted" => return Err(unwritten()),
                Some(_) => {}
                None => return by_the_row(row).await,
            },
            Ok(Err(trouble)) if trouble.code().is_some() => return by_the_row(row).await,
            Ok(Err(_)) => link.clear(),
            Err(_) => return Err(uncertain(reason)),
        }
        match pauses.next() {
            Some(pause) if Instant::now() + *pause < deadline => sleep(*pause).await,
            _ => return Err(uncertain(reason)),
        }
    }
}

/// What the row of a change holds now.
enum Holds {
    /// What it held before the change: nothing, if it was to be created.
    Before,
    /// What the change makes of it: nothing, if it was to be deleted.
    After,
    Other,
    /// It could not be read.
    Unknown,
}

async fn holds(link: &Link, change: &Change, operation: &str) -> Holds {
    let Ok(now) = super::read::get(link, operation, change.instance_uuid()).await else {
        return Holds::Unknown;
    };
    let now = now.map(|row| row.spec);
    let (before, after): (Option<&[u8]>, Option<&[u8]>) = match change {
        Change::Create(new) => (None, Some(new.spec.as_bytes())),
        Change::Save { before, after, .. } => (Some(before), Some(after.as_bytes())),
        Change::Destroy { before, .. } => (Some(before), None),
    };
    match now.as_deref() {
        now if now == after => Holds::After,
        now if now == before => Holds::Before,
        _ => Holds::Other,
    }
}

/// Keep a row as it is, on a connection of its own, until the hold is dropped.
pub(super) async fn hold(link: &Link, instance_uuid: &Arc<str>, text: &[u8]) -> Result<Hold, StoreError> {
    let operation = format!("holding the spec of {}", named(instance_uuid));
    may_write(link, &operation)?;
    let within = link.timeouts.answer;
    let begun = timeout(within, async {
        let (conn, _) = link.target.connect(Role::Hold, "").await?;
        let row = locked(&conn, instance_uuid).await?;
        Ok((conn, row))
    });
    let begun = begun.await.unwrap_or_else(|_| Err(Trouble::silent(within)));
    let (conn, current) = begun.map_err(|trouble| refused(link, trouble, &operation))?;
    if current.as_ref().is_none_or(|row| *row.spec != *text) {
        return Err(StoreError::Conflict {
            database: link.database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            current: current.map(Box::new),
        });
    }
    // Dropping it says goodbye, and the server rolls back what was begun.
    Ok(Hold::new(conn))
}
