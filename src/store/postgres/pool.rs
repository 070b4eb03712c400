//! The connections of a session: who gets which, what happens when one is lost, and how a request
//! becomes one round trip. Imports `connect` and the parent module.
//!
//! - A request has a connection to itself. One that does not come to its end (its future was
//!   dropped, it took too long) takes its connection with it: abandoned, the query stopped on the
//!   server, never used again.
//! - Every request is `BEGIN READ ONLY` with its settings, the query, `COMMIT`, sent in one flight.
//! - What only reads is asked again when the connection was lost, on a new one, after 50, 200 and
//!   800 ms, while there is time; of a server that is starting, for as long as there is time.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt, join3};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::{sleep, timeout};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connect::{Conn, Role, Target};
use super::trouble::Trouble;
use super::value::Stamp;
use crate::store::retry::PAUSES;
use crate::store::{Access, DatabaseName, StoreError, Timeouts};

/// Connections for pages and look-ups at once.
const PAGES: usize = 3;
/// Connections for what may take long at once, passes over all rows not counted.
const ASIDE: usize = 3;
/// One that was not used for so long is asked whether it is still there.
const STALE: Duration = Duration::from_secs(30);
/// How long it may take to say so.
const PING_WAIT: Duration = Duration::from_secs(1);

/// What all requests of a session share.
pub(super) struct Link {
    pub database: DatabaseName,
    pub shown: Arc<str>,
    pub access: Access,
    pub timeouts: Timeouts,
    pub target: Target,
    /// For pages and look-ups.
    pub pages: Pool,
    /// For counts, ranks and pages by last update.
    pub aside: Pool,
    /// For changes.
    pub writers: Pool,
    /// Whether the collation of instance_uuid compares digits one by one, once it is known.
    pub digits_sort_alone: OnceLock<bool>,
}

/// Connections of one role, some in use, some idle.
pub(super) struct Pool {
    role: Role,
    permits: Semaphore,
    idle: Mutex<Vec<(Conn, Instant)>>,
}

impl Pool {
    pub fn pages() -> Self {
        Self::new(Role::Read, PAGES)
    }

    pub fn aside() -> Self {
        Self::new(Role::Read, ASIDE)
    }

    pub fn writers() -> Self {
        Self::new(Role::Write, 1)
    }

    fn new(role: Role, most: usize) -> Self {
        Self { role, permits: Semaphore::new(most), idle: Mutex::default() }
    }

    /// A connection that is free.
    pub fn keep(&self, conn: Conn) {
        if conn.is_usable() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((conn, Instant::now()));
        } else {
            conn.abandon();
        }
    }

    /// Let the idle ones go: where one was lost, they were likely lost with it.
    pub fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take_idle(&self) -> Option<(Conn, Instant)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(|(conn, _)| !conn.client.is_closed())
    }

    /// A connection of one's own, for as long as the lease lives.
    pub async fn lease(&self, target: &Target) -> Result<Lease<'_>, Trouble> {
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|_| Trouble::Other("the session was closed".to_owned()))?;
        while let Some((conn, since)) = self.take_idle() {
            if since.elapsed() < STALE {
                return Ok(Lease { conn: Some(conn), pool: self, _permit: permit });
            }
            // A firewall may have forgotten it without a word.
            match timeout(PING_WAIT, conn.client.check_connection()).await {
                Ok(Ok(())) => return Ok(Lease { conn: Some(conn), pool: self, _permit: permit }),
                _ => conn.abandon(),
            }
        }
        let (conn, _) = target.connect(self.role, "").await?;
        Ok(Lease { conn: Some(conn), pool: self, _permit: permit })
    }
}

/// A connection in use.
pub(super) struct Lease<'a> {
    conn: Option<Conn>,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// The connection.
    pub fn conn(&self) -> Result<&Conn, Trouble> {
        self.conn.as_ref().ok_or_else(|| Trouble::Other("its connection was given back".to_owned()))
    }

    /// The request came to its end: others may use the connection.
    pub fn give_back(mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.keep(conn);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            conn.abandon();
        }
    }
}

/// A place for one request at a time: a newer one ends the older.
#[derive(Debug, Default)]
pub(super) struct Lane(Mutex<Option<oneshot::Sender<()>>>);

impl Lane {
    /// Take the place; what is given back resolves when it is taken by another.
    pub fn enter(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }
}

/// A query with its parameters, as often as it is asked.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// With `$1`, `$2`, …
    pub sql: String,
    pub parameters: Vec<Parameter>,
}

/// A parameter of a query of ours.
#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Int(i64),
    Text(String),
    Texts(Vec<String>),
    /// Microseconds since 2000-01-01; None is null.
    Time(Option<i64>),
    Ints(Vec<i64>),
    Times(Vec<Option<i64>>),
}

impl Query {
    pub fn new(sql: impl Into<String>, parameters: Vec<Parameter>) -> Self {
        Self { sql: sql.into(), parameters }
    }

    /// Ask it on a connection: one flight, whatever transaction that is in.
    pub async fn ask(&self, conn: &Conn) -> Result<Vec<Row>, Trouble> {
        // What is sent in another form than it is kept.
        let kept = |parameter: &Parameter| match parameter {
            Parameter::Time(time) => vec![time.map(Stamp)],
            Parameter::Times(times) => times.iter().map(|time| time.map(Stamp)).collect(),
            _ => Vec::new(),
        };
        let stamps: Vec<Vec<Option<Stamp>>> = self.parameters.iter().map(kept).collect();
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = self
            .parameters
            .iter()
            .zip(&stamps)
            .map(|(parameter, stamps)| -> (&(dyn ToSql + Sync), Type) {
                match parameter {
                    Parameter::Int(number) => (number, Type::INT8),
                    Parameter::Ints(numbers) => (numbers, Type::INT8_ARRAY),
                    Parameter::Text(text) => (text, Type::TEXT),
                    Parameter::Texts(texts) => (texts, Type::TEXT_ARRAY),
                    Parameter::Time(_) => (&stamps[0], Type::TIMESTAMP),
                    Parameter::Times(_) => (stamps, Type::TIMESTAMP_ARRAY),
                }
            })
            .collect();
        conn.client.query_typed(&self.sql, &parameters).await.map_err(|error| conn.trouble(&error))
    }

    /// Ask it in a transaction of its own that can only read: one flight.
    pub async fn ask_alone(&self, conn: &Conn) -> Result<Vec<Row>, Trouble> {
        let began = Instant::now();
        let (begun, rows, ended) =
            join3(conn.begin("", ""), self.ask(conn), conn.client.batch_execute("COMMIT")).await;
        begun?;
        let rows = rows?;
        ended.map_err(|error| conn.trouble(&error))?;
        conn.round_trip.note(began.elapsed());
        Ok(rows)
    }
}

impl Link {
    /// An answer that does not concern the server.
    pub fn failed(&self, operation: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Failed {
            database: self.database.clone(),
            operation: operation.to_owned(),
            reason: reason.into(),
        }
    }

    /// That trouble, as an answer.
    pub fn error(&self, trouble: Trouble, operation: &str) -> StoreError {
        trouble.into_error(&self.database, &self.shown, operation)
    }

    /// The connections that idle are let go.
    pub fn clear(&self) {
        self.pages.clear();
        self.aside.clear();
        self.writers.clear();
    }

    /// The rows of a query that only reads.
    pub async fn rows(&self, pool: &Pool, operation: &str, query: Query) -> Result<Vec<Row>, StoreError> {
        self.read(pool, operation, move |conn| {
            let query = query.clone();
            async move { query.ask_alone(conn).await }.boxed()
        })
        .await
    }

    /// Something that only reads, asked again where the connection is lost.
    pub async fn read<T>(
        &self,
        pool: &Pool,
        operation: &str,
        ask: impl for<'a> Fn(&'a Conn) -> BoxFuture<'a, Result<T, Trouble>> + Send + Sync,
    ) -> Result<T, StoreError> {
        let within = self.timeouts.answer;
        let answer = timeout(within, self.repeat(pool, &ask)).await;
        answer
            .unwrap_or_else(|_| Err(Trouble::silent(within)))
            .map_err(|trouble| self.error(trouble, operation))
    }

    async fn repeat<T>(
        &self,
        pool: &Pool,
        ask: &(impl for<'a> Fn(&'a Conn) -> BoxFuture<'a, Result<T, Trouble>> + Send + Sync),
    ) -> Result<T, Trouble> {
        let mut attempts = 0;
        loop {
            let trouble = match self.once(pool, ask).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let is_starting = matches!(trouble, Trouble::Starting(_));
            if !trouble.is_lost() || (attempts >= PAUSES.len() && !is_starting) {
                return Err(trouble);
            }
            self.clear();
            sleep(PAUSES[attempts.min(PAUSES.len() - 1)]).await;
            attempts += 1;
        }
    }

    async fn once<T>(
        &self,
        pool: &Pool,
        ask: &(impl for<'a> Fn(&'a Conn) -> BoxFuture<'a, Result<T, Trouble>> + Send + Sync),
    ) -> Result<T, Trouble> {
        let lease = pool.lease(&self.target).await?;
        let answer = ask(lease.conn()?).await;
        // An error that the server told leaves the connection as it was.
        if answer.as_ref().map_or_else(|trouble| trouble.code().is_some(), |_| true) {
            lease.give_back();
        }
        answer
    }
}
