//! The PostgreSQL engine.
//!
//! - `connect`: how a connection is made and what its transactions are set to.  `tls`: whom it trusts.
//! - `pool`: the connections of a session, what becomes of one that is lost, requests in one flight.
//! - `read`: pages and look-ups.  `select`: plain queries.  `scan`: passes over all rows, and which of them (`conditions`).
//! - `write`: create, save, destroy, hold.  `many`: several at once.  `probe`: what a server says of itself.
//! - `migrate`: our migrations.
//! - `value`, `time`: types on the wire.  `trouble`: what failures mean, in plain words.
//!
//! Everything that only reads does so in transactions that can do nothing else, in a writing session
//! too. No setting outlives its transaction. What may take long (counts, ranks, pages by last update, passes) has connections of its
//! own. Imports `query` and the parent module.

mod conditions;
mod connect;
mod many;
mod migrate;
mod pool;
mod probe;
mod read;
mod scan;
mod select;
mod time;
mod tls;
mod trouble;
mod value;
mod write;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use self::connect::{Role, Target};
use self::pool::{Lane, Link, Pool};
use self::trouble::Trouble;
use self::write::Change;
use super::address::{Server, Timeouts};
use super::batch::{self, Answers};
use super::migrate::{Report, Status};
use super::{
    Access, Cancel, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowVisitor, SpecStore, SqlValue,
    StoreError, StoredSpec, TableState, runtime,
};
use crate::query::prefilter::Prefilter;
use crate::query::{PageKey, PageRequest, SortOrder};
use crate::spec::text::named;

const OPENING: &str = "opening it";
/// The server's own name for itself; a standby has that of its primary.
const IDENTITY: &str = "SELECT (SELECT system_identifier::text FROM pg_control_system()), current_database()";
/// Where an account may not ask for that: what no two servers have in common.
const LESSER_IDENTITY: &str = "SELECT extract(epoch FROM pg_postmaster_start_time())::text || ' ' || \
     current_setting('port'), current_database()";
const MAY_WRITE: &str = "SELECT pg_is_in_recovery()::text, current_setting('transaction_read_only')";

/// A session with one PostgreSQL database.
struct PostgresStore {
    link: Arc<Link>,
    server: Server,
    identity: String,
    /// The count that runs; a newer one ends it.
    counts: Lane,
    /// The rank that runs; a newer one ends it.
    ranks: Lane,
}

fn link(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    access: Access,
    timeouts: Timeouts,
) -> Result<Link, StoreError> {
    let target = Target::new(server, timeouts).map_err(|reason| StoreError::Unavailable {
        database: database.clone(),
        location: Arc::clone(shown),
        reason,
    })?;
    Ok(Link {
        database,
        shown: Arc::clone(shown),
        access,
        timeouts,
        target,
        pages: Pool::pages(),
        aside: Pool::aside(),
        writers: Pool::writers(),
        digits_sort_alone: OnceLock::new(),
    })
}

/// A session that is connected, and of which the server's identity is known.
pub(super) async fn open(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    let (name, server, shown) = (database.clone(), server.clone(), Arc::clone(shown));
    let store = on_threads(database, OPENING, async move {
        let link = link(name, &server, &shown, access, timeouts)?;
        let failed = |trouble: Trouble| link.error(trouble, OPENING);
        let first = match link.target.connect(Role::Read, IDENTITY).await {
            Err(Trouble::Server(_)) => link.target.connect(Role::Read, LESSER_IDENTITY).await,
            other => other,
        };
        let (conn, told) = first.map_err(failed)?;
        link.pages.keep(conn);
        if access == Access::ReadWrite {
            let (conn, may) = link.target.connect(Role::Write, MAY_WRITE).await.map_err(failed)?;
            check_writable(&link.database, &may)?;
            link.writers.keep(conn);
        }
        let told: Vec<String> = told.into_iter().map(Option::unwrap_or_default).collect();
        let identity = format!("postgresql:{}", told.join("/"));
        Ok(PostgresStore {
            link: Arc::new(link),
            server,
            identity,
            counts: Lane::default(),
            ranks: Lane::default(),
        })
    });
    Ok(Arc::new(store.await?))
}

/// The answer to [`MAY_WRITE`].
fn check_writable(database: &DatabaseName, answer: &[Option<String>]) -> Result<(), StoreError> {
    let is = |index: usize, value: &str| answer.get(index).and_then(Option::as_deref) == Some(value);
    let reason = if is(0, "true") {
        "the server is a standby, which takes no writes: use the address of its primary"
    } else if is(1, "on") {
        "default_transaction_read_only is on for this server, database or account"
    } else {
        return Ok(());
    };
    Err(StoreError::ReadOnly {
        database: database.clone(),
        operation: "opening it for writing".to_owned(),
        reason: reason.to_owned(),
    })
}

/// How a database stands.
pub(super) async fn status(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    timeouts: Timeouts,
) -> Result<Status, StoreError> {
    let link = link(database.clone(), server, shown, Access::ReadOnly, timeouts)?;
    on_threads(database, "looking at its schema", async move { migrate::status(&link).await }).await
}

/// Apply what is pending. It runs to its end, whoever waits for it.
pub(super) async fn sync(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    timeouts: Timeouts,
) -> Result<Report, StoreError> {
    let link = link(database.clone(), server, shown, Access::ReadWrite, timeouts)?;
    to_the_end(database, "applying migrations", async move { migrate::sync(&link).await }).await
}

fn lost(database: DatabaseName, operation: &str) -> StoreError {
    let reason = "its task ended; try again, and see the log".to_owned();
    StoreError::Failed { database, operation: operation.to_owned(), reason }
}

/// On the store's threads, for as long as somebody waits.
async fn on_threads<T: Send + 'static>(
    database: DatabaseName,
    operation: &str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    runtime::run(work).await.unwrap_or_else(|_| Err(lost(database, operation)))
}

/// On the store's threads, whether or not somebody waits.
async fn to_the_end<T: Send + 'static>(
    database: DatabaseName,
    operation: &str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match runtime::spawn(work) {
        Some(task) => task.await.unwrap_or_else(|_| Err(lost(database, operation))),
        None => Err(lost(database, operation)),
    }
}

impl PostgresStore {
    /// A request that only reads.
    async fn read<T: Send + 'static, F: Future<Output = Result<T, StoreError>> + Send + 'static>(
        &self,
        operation: &str,
        ask: impl FnOnce(Arc<Link>) -> F,
    ) -> Result<T, StoreError> {
        on_threads(self.link.database.clone(), operation, ask(Arc::clone(&self.link))).await
    }

    /// The same, until a newer one takes its lane.
    async fn read_in<T: Send + 'static, F: Future<Output = Result<T, StoreError>> + Send + 'static>(
        &self,
        lane: &Lane,
        operation: &'static str,
        ask: impl FnOnce(Arc<Link>) -> F,
    ) -> Result<T, StoreError> {
        let replaced = lane.enter();
        let link = Arc::clone(&self.link);
        let asked = ask(Arc::clone(&self.link));
        on_threads(self.link.database.clone(), operation, async move {
            tokio::select! {
                biased;
                _ = replaced => Err(link.failed(operation, "a newer request took its place")),
                answer = asked => answer,
            }
        })
        .await
    }

    async fn change(&self, change: Change) -> Result<Option<StoredSpec>, StoreError> {
        let link = Arc::clone(&self.link);
        let work = async move { write::change(&link, change).await };
        to_the_end(self.link.database.clone(), "writing", work).await
    }

    /// Of a change that leaves a row.
    async fn change_row(&self, change: Change) -> Result<StoredSpec, StoreError> {
        self.change(change).await?.ok_or_else(|| self.link.failed("writing", "the row is gone again"))
    }
}

#[async_trait]
impl SpecStore for PostgresStore {
    fn name(&self) -> &DatabaseName {
        &self.link.database
    }

    fn location(&self) -> &str {
        &self.link.shown
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn is_writable(&self) -> bool {
        self.link.access == Access::ReadWrite
    }

    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    async fn probe(&self) -> Result<Probe, StoreError> {
        let server = self.server.clone();
        self.read("asking the server about itself", |link| async move { probe::probe(&link, &server).await })
            .await
    }

    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.read("looking for the table", |link| async move { read::table_state(&link).await }).await
    }

    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        self.read("reading a page", |link| async move { read::page(&link, &request).await }).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let operation = "counting the specs";
        self.read_in(&self.counts, operation, |link| async move { read::count(&link).await }).await
    }

    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        let operation = "counting the specs before one";
        let ask = |link: Arc<Link>| async move { read::rank(&link, order, &key).await };
        self.read_in(&self.ranks, operation, ask).await
    }

    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        let wanted = instance_uuid.to_owned();
        let operation = format!("reading the spec of {}", named(instance_uuid));
        let words = operation.clone();
        self.read(&operation, |link| async move { read::get(&link, &words, &wanted).await }).await
    }

    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        let wanted = instance_uuids.to_vec();
        let operation = format!("reading the specs of {} instances", wanted.len());
        let words = operation.clone();
        self.read(&operation, |link| async move { read::get_many(&link, &words, &wanted).await }).await
    }

    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        let wanted = prefix.to_owned();
        let operation = format!("looking for specs of {prefix}…");
        let words = operation.clone();
        let ask = |link: Arc<Link>| async move { read::find_prefix(&link, &words, &wanted, limit).await };
        self.read(&operation, ask).await
    }

    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        let (ends, _dropped) = scan::Ends::new(cancel);
        let prefilter = prefilter.clone();
        let ask = |link: Arc<Link>| async move { scan::scan(&link, &prefilter, &*visitor, &ends).await };
        self.read("reading all specs", ask).await
    }

    fn is_far(&self) -> bool {
        self.link.target.round_trip.is_far()
    }

    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        self.change_row(Change::Create(row)).await
    }

    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        let (before, after) = (before.to_vec(), after.to_owned());
        self.change_row(Change::Save { instance_uuid: Arc::from(instance_uuid), before, after }).await
    }

    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        let instance_uuid = Arc::from(instance_uuid);
        self.change(Change::Destroy { instance_uuid, before: before.to_vec() }).await.map(|_| ())
    }

    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        let (instance_uuid, text) = (Arc::<str>::from(instance_uuid), text.to_vec());
        let operation = format!("holding the spec of {}", named(&instance_uuid));
        self.read(&operation, |link| async move { write::hold(&link, &instance_uuid, &text).await }).await
    }

    async fn change_many(&self, changes: &[RowChange]) -> Result<Answers, StoreError> {
        let (link, changes) = (Arc::clone(&self.link), changes.to_vec());
        let work = async move { many::change(&link, changes).await };
        to_the_end(self.link.database.clone(), "writing", work).await
    }

    async fn hold_many(&self, rows: &[(Arc<str>, Arc<[u8]>)]) -> Result<(Hold, Answers), StoreError> {
        let operation = batch::holding(rows.len());
        let rows = rows.to_vec();
        self.read(&operation, |link| async move { many::hold(&link, &rows).await }).await
    }

    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let (sql, parameters) = (sql.to_owned(), parameters.to_vec());
        let ask = |link: Arc<Link>| async move { select::select(&link, &sql, &parameters, limit).await };
        self.read("asking nova's tables", ask).await
    }
}
