//! A session with a database: its connections, and how a question is asked so that it is answered
//! in time or not at all.
//!
//! A few connections are kept for questions. One whose question did not end is closed and never
//! used again, and where the question may still be running, it is ended on the server. A lost
//! connection is replaced and the question asked again, within the time that an answer may take.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Error, Row};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout, timeout_at};

use super::facts::Facts;
use super::link::{self, Link, Manners};
use super::reason::{self, ConnectError, Kind, Subject};
use super::text;
use crate::store::address::Server;
use crate::store::waiting::RoundTrip;
use crate::store::{Access, StoreError, Timeouts, retry, runtime};

/// Connections that are kept for the next question.
const KEPT: usize = 4;
/// Pages and look-ups that run at once, and beside them counts and the like.
const AT_ONCE: usize = 4;
/// A look-up that is dropped before this ends by itself before it could be ended.
const WORTH_ENDING: Duration = Duration::from_millis(100);
/// Seconds for which a connection that changes or holds rows may say nothing.
const LONGEST_HOLD: u32 = 300;
/// What is said of a request that a newer one replaced.
const REPLACED: &str = "it was interrupted by a newer request";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Questions, each with its time.
    Asking,
    /// Passes over all rows and changes, whose statements must not be ended half-way.
    Lasting,
}

/// Which questions must not wait for which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Pages and look-ups.
    Page,
    /// What may take long.
    Aside,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub subject: Subject,
    pub access: Access,
    pub timeouts: Timeouts,
    server: Server,
    manners: Mutex<Manners>,
    idle: Mutex<Vec<Link>>,
    pages: Semaphore,
    asides: Semaphore,
    /// A comment in each question: it tells ours from all others.
    mark: String,
    facts: OnceLock<Facts>,
    /// The connections are encrypted.
    encrypted: AtomicBool,
    /// How far the server is.
    pub round_trip: RoundTrip,
}

/// Why there is no connection that can be used.
#[derive(Debug)]
pub(super) enum Closed {
    /// None could be made.
    Connect(ConnectError),
    /// It could not be set up.
    Setup(Error),
}

impl Session {
    /// Connect, and learn what server it is.
    pub async fn open(
        subject: Subject,
        server: Server,
        access: Access,
        timeouts: Timeouts,
    ) -> Result<Arc<Session>, StoreError> {
        let random = RandomState::new().build_hasher().finish();
        let session = Arc::new(Session {
            subject,
            access,
            timeouts,
            server,
            manners: Mutex::default(),
            idle: Mutex::default(),
            pages: Semaphore::new(AT_ONCE),
            asides: Semaphore::new(AT_ONCE),
            mark: format!("/* reqspec {random:016x} */"),
            facts: OnceLock::new(),
            encrypted: AtomicBool::new(false),
            round_trip: RoundTrip::default(),
        });
        let opening = Arc::clone(&session);
        let opened = runtime::run(async move { opening.begin().await }).await;
        opened.unwrap_or_else(|_| Err(session.subject.unavailable("its task ended; see the log")))?;
        Ok(session)
    }

    async fn begin(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut link = self.first_link().await?;
        let asked = timeout(self.timeouts.answer, Facts::ask(&mut link)).await;
        let facts = match asked {
            Ok(Ok(facts)) => facts,
            Ok(Err(error)) => return Err(self.subject.describe("asking what server it is", &error)),
            Err(_) => {
                return Err(self.subject.no_answer("asking what server it is", self.timeouts.answer));
            }
        };
        let cluster = facts.galera.is_some();
        let _ = self.facts.set(facts);
        // A writing session must see what other nodes have committed: connect anew, as all later ones.
        if !(cluster && self.access == Access::ReadWrite) {
            self.keep(link);
        }
        Ok(())
    }

    async fn first_link(&self) -> Result<Link, StoreError> {
        self.connect(Purpose::Asking, self.timeouts.connect).await.map_err(|closed| self.closed(&closed))
    }

    /// What was learnt of the server when the session was opened.
    pub fn facts(&self) -> Option<&Facts> {
        self.facts.get()
    }

    /// The server's address.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Whether the connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted.load(Ordering::Relaxed)
    }

    /// Why there is no connection, in plain words.
    pub fn closed(&self, closed: &Closed) -> StoreError {
        match closed {
            Closed::Connect(error) => self.subject.no_connection(error),
            Closed::Setup(error) => self.subject.describe("setting up the connection", error),
        }
    }

    /// A new connection, read-only unless a transaction of its own says otherwise.
    pub async fn connect(&self, purpose: Purpose, within: Duration) -> Result<Link, Closed> {
        let began = Instant::now();
        let mut manners = self.manners.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let connected = link::connect(&self.server, &mut manners, within).await;
        let mut link = connected.map_err(Closed::Connect)?;
        *self.manners.lock().unwrap_or_else(PoisonError::into_inner) = manners;
        self.encrypted.store(link.encrypted, Ordering::Relaxed);
        let left = within.saturating_sub(began.elapsed());
        let prepared = timeout(left, self.set_up(&mut link, purpose)).await;
        match prepared {
            Ok(Ok(())) => Ok(link),
            Ok(Err(error)) => Err(Closed::Setup(error)),
            Err(_) => Err(Closed::Connect(ConnectError::Silent(within))),
        }
    }

    /// The first thing that runs on a connection: nothing can be written on it from then on.
    ///
    /// Where the names of settings differ between products, comments that only one of them runs
    /// hold them (`/*M!` MariaDB, `/*!50708` MySQL: MariaDB passes over numbers from 50700 on).
    async fn set_up(&self, link: &mut Link, purpose: Purpose) -> Result<(), Error> {
        let answer = self.timeouts.answer;
        let (seconds, milliseconds) = match purpose {
            Purpose::Asking => (answer.as_secs_f64(), answer.as_millis().max(1)),
            Purpose::Lasting => (0.0, 0),
        };
        let wait = self.lock_wait().as_secs();
        // Where the way to the server is cut, a row that was locked is free again after this.
        let idle = match purpose {
            Purpose::Asking => String::new(),
            Purpose::Lasting => format!(", wait_timeout = {LONGEST_HOLD}"),
        };
        let sql = format!(
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
             SET NAMES utf8mb4 COLLATE utf8mb4_bin, autocommit = 1, time_zone = '+00:00', \
             sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
             lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}{idle} \
             /*M!100100 , max_statement_time = {seconds:.3} */ /*!50708 , max_execution_time = {milliseconds} */; \
             SELECT CONNECTION_ID(), @@max_allowed_packet"
        );
        let began = Instant::now();
        let mut sets = answers(link, &sql).await?;
        self.round_trip.note(began.elapsed());
        if let Some(mut row) = sets.pop().and_then(|mut rows| rows.pop()) {
            link.known_as = text::take_number(&mut row, 0);
            link.max_packet = text::take_number(&mut row, 1);
        }
        // Last: on a node that is cut off, what follows it and reads no table fails as a lock wait,
        // where what is asked later fails as what it is.
        if self.access == Access::ReadWrite && self.facts().is_some_and(|facts| facts.galera.is_some()) {
            answers(link, "SET SESSION wsrep_sync_wait = 7").await?;
        }
        Ok(())
    }

    /// How long a statement waits for a lock: so long that a change can be tried several times
    /// while its asker waits.
    pub fn lock_wait(&self) -> Duration {
        Duration::from_secs((self.timeouts.answer.as_secs() / 6).max(1))
    }

    /// Keep a connection for the next question.
    pub fn keep(&self, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT && !link.busy {
            idle.push(link);
        }
    }

    fn kept(&self) -> Option<Link> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Where one kept connection was lost, the others were.
    fn forget_kept(&self) {
        let forgotten = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        drop(forgotten);
    }

    /// Ask a question; gives its rows, at most `limit`. Dropping the future ends it.
    pub async fn ask(
        self: &Arc<Self>,
        operation: &str,
        lane: Lane,
        sql: String,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (session, words) = (Arc::clone(self), operation.to_owned());
        let asked = runtime::run(async move { session.ask_in_time(&words, lane, &sql, limit).await }).await;
        asked.unwrap_or_else(|_| Err(self.subject.failed(operation, "its task ended; see the log")))
    }

    async fn ask_in_time(
        self: &Arc<Self>,
        operation: &str,
        lane: Lane,
        sql: &str,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let deadline = Instant::now() + self.timeouts.answer;
        let turns = if lane == Lane::Page { &self.pages } else { &self.asides };
        let Ok(Ok(_turn)) = timeout_at(deadline.into(), turns.acquire()).await else {
            return Err(self.subject.no_answer(operation, self.timeouts.answer));
        };
        let marked = format!("{sql} {}", self.mark);
        let mut pauses = retry::PAUSES.into_iter();
        loop {
            let (error, at_once) = match self.attempt(operation, lane, &marked, limit, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(Attempt::Final(error)) => return Err(error),
                Err(Attempt::Stale(error)) => (error, true),
                Err(Attempt::Again(error)) => (error, false),
            };
            if !at_once {
                let Some(pause) = pauses.next() else { return Err(error) };
                if Instant::now() + pause >= deadline {
                    return Err(error);
                }
                sleep(pause).await;
            }
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        operation: &str,
        lane: Lane,
        sql: &str,
        limit: usize,
        deadline: Instant,
    ) -> Result<Vec<Row>, Attempt> {
        let kept = self.kept();
        let was_kept = kept.is_some();
        let link = match kept {
            Some(link) => link,
            None => {
                let left = deadline.saturating_duration_since(Instant::now());
                let connected = self.connect(Purpose::Asking, left.min(self.timeouts.connect)).await;
                connected.map_err(|closed| {
                    let error = self.closed(&closed);
                    if closed.is_passing() { Attempt::Again(error) } else { Attempt::Final(error) }
                })?
            }
        };
        let mut running =
            Running { session: Arc::clone(self), link: Some(link), lane, began: Instant::now() };
        let Some(link) = running.link.as_mut() else {
            return Err(Attempt::Final(self.subject.failed(operation, "there is no connection")));
        };
        let began = Instant::now();
        match timeout_at(deadline.into(), first_answer(link, sql, limit)).await {
            Ok(Ok(rows)) => {
                self.round_trip.note(began.elapsed());
                Ok(rows)
            }
            Ok(Err(error)) => {
                let described = self.subject.describe(operation, &error);
                match reason::kind(&error) {
                    Kind::Lost if was_kept => {
                        self.forget_kept();
                        Err(Attempt::Stale(described))
                    }
                    Kind::Lost => Err(Attempt::Again(described)),
                    // A node of a cluster that is catching up may be ready in a moment.
                    _ if reason::code(&error) == Some(1047) => Err(Attempt::Again(described)),
                    _ => Err(Attempt::Final(described)),
                }
            }
            Err(_) => Err(Attempt::Final(self.subject.no_answer(operation, self.timeouts.answer))),
        }
    }

    /// End what that connection was asked, if it still runs. The connection itself is closed here
    /// already, which a server that is busy does not notice.
    pub fn end(self: &Arc<Self>, id: u32) {
        let session = Arc::clone(self);
        runtime::spawn(async move {
            let within = session.timeouts.connect;
            let Ok(mut link) = session.connect(Purpose::Asking, within).await else { return };
            // Through a proxy the numbers are not the server's, and this may be another server: the
            // mark is the proof.
            if u64::from(link.id()) != link.known_as {
                return;
            }
            let sql = format!(
                "SELECT id FROM information_schema.processlist WHERE id = {id} AND info LIKE '%{}%'",
                session.mark
            );
            let found = timeout(within, first_answer(&mut link, &sql, 1)).await;
            if matches!(found, Ok(Ok(rows)) if !rows.is_empty()) {
                let _ = timeout(within, first_answer(&mut link, &format!("KILL {id}"), 1)).await;
            }
        });
    }

    /// The mark of this session's questions.
    pub fn mark(&self) -> &str {
        &self.mark
    }
}

impl Closed {
    /// Trying again in a moment may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_passing(),
            Self::Setup(error) => reason::kind(error) == Kind::Lost || reason::code(error) == Some(1047),
        }
    }
}

/// How an attempt failed.
enum Attempt {
    /// Another one would fail the same.
    Final(StoreError),
    /// The connection had been lost before: another one may do, at once.
    Stale(StoreError),
    /// Another one may do, in a moment.
    Again(StoreError),
}

/// A question under way. Where it is dropped before the answer was read, the connection is closed
/// and the question ended on the server.
struct Running {
    session: Arc<Session>,
    link: Option<Link>,
    lane: Lane,
    began: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        if !link.busy {
            self.session.keep(link);
        } else if self.lane == Lane::Aside || self.began.elapsed() >= WORTH_ENDING {
            let id = link.id();
            drop(link);
            self.session.end(id);
        }
    }
}

/// All answers to one or several statements.
pub(super) async fn answers(link: &mut Link, sql: &str) -> Result<Vec<Vec<Row>>, Error> {
    link.busy = true;
    let result = async {
        let mut result = link.conn()?.query_iter(sql).await?;
        let mut sets = Vec::new();
        while !result.is_empty() {
            let mut rows = Vec::new();
            while let Some(row) = result.next().await? {
                rows.push(row);
            }
            sets.push(rows);
        }
        // An error of a later statement shows here.
        result.drop_result().await?;
        Ok(sets)
    }
    .await;
    link.busy = matches!(&result, Err(error) if !reason::leaves_connection(error));
    result
}

/// The answer to one statement. Where there are more rows than wanted, the connection stays busy.
pub(super) async fn first_answer(link: &mut Link, sql: &str, limit: usize) -> Result<Vec<Row>, Error> {
    link.busy = true;
    let result = async {
        let mut result = link.conn()?.query_iter(sql).await?;
        let mut rows = Vec::new();
        while let Some(row) = result.next().await? {
            if rows.len() == limit {
                return Ok((rows, false));
            }
            rows.push(row);
        }
        result.drop_result().await?;
        Ok((rows, true))
    }
    .await;
    match result {
        Ok((rows, ended)) => {
            link.busy = !ended;
            Ok(rows)
        }
        Err(error) => {
            link.busy = !reason::leaves_connection(&error);
            Err(error)
        }
    }
}

/// A place for one request at a time: a newer one ends the older.
#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Option<oneshot::Sender<()>>>);

impl Slot {
    /// Run a request in this place.
    pub async fn run<T>(
        &self,
        subject: &Subject,
        operation: &str,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (sender, replaced) = oneshot::channel();
        // Dropping the older one's sender ends it.
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(sender));
        tokio::select! {
            result = request => result,
            _ = replaced => Err(subject.failed(operation, REPLACED)),
        }
    }
}
