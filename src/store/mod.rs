//! Where specs live: one trait, an engine each for SQLite, MySQL (with MariaDB) and PostgreSQL, the
//! same promises.
//!
//! - [`context`]: which database is meant.  [`stores`]: the opened ones, by name.
//! - [`object`]: nova's RequestSpec object over these: create, save, destroy, get, each taking a
//!   [`RequestContext`].
//! - [`address`]: where a database is and how it is reached.  [`open`]: a session with it.
//! - [`sqlite`], `mysql`, `postgres`: the engines.  [`migrate`]: our migrations.  `runtime`: the
//!   threads of sessions with servers.  `retry`: when they try again.  `conditions`: what a pass may leave out.
//!   `waiting`: for a server in a pass.  `batch`: several changes in one transaction.
//!
//! Imports `spec` and `query`. Write methods are called by [`object`] and `change::apply` alone.

pub mod address;
mod batch;
mod conditions;
pub mod context;
pub mod error;
pub mod migrate;
mod mysql;
pub mod object;
mod postgres;
mod retry;
mod runtime;
pub mod sqlite;
pub mod stores;
mod waiting;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

pub use address::{Access, Address, Engine, Timeouts};
pub use context::{CellName, DatabaseName, InstanceHome, InstanceState, RequestContext, SpecHome};
pub use error::StoreError;
pub use object::{ObjectError, RequestSpec};
pub use sqlite::SqliteStore;
pub use stores::Stores;

use crate::query::prefilter::Prefilter;
use crate::query::{PageKey, PageRequest, SortOrder};
use address::Place;

/// One row of `request_specs`, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSpec {
    /// Column `id`.
    pub id: i64,
    /// Column `instance_uuid` (it wins over the JSON), as stored: not necessarily a UUID.
    pub instance_uuid: Arc<str>,
    /// Column `spec`: the exact bytes, valid text or not; empty where the column is null.
    pub spec: Arc<[u8]>,
    /// Column `created_at`, naive UTC, as stored.
    pub created_at: Option<Arc<str>>,
    /// Column `updated_at`, naive UTC, as stored.
    pub updated_at: Option<Arc<str>>,
}

/// A row borrowed from the engine's buffer during a scan.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// Column `id`.
    pub id: i64,
    /// Column `instance_uuid`, as stored.
    pub instance_uuid: &'a str,
    /// Column `spec`: the exact bytes.
    pub spec: &'a [u8],
    /// `created_at`, as stored; "" where it is null.
    pub created: &'a str,
    /// `updated_at`, else `created_at`, as stored; "" where both are null.
    pub updated: &'a str,
}

/// Set it to stop a scan; takes effect within a few rows.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ask for the stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A round trip from which on a database counts as far: a network that is neither this machine nor its
/// own rack.
pub const FAR: Duration = Duration::from_millis(3);

/// Tells states of a database apart, as one session sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeToken(pub(crate) [u64; 3]);

/// What is done with the rows of a scan: called from the engine's threads, in ascending order of
/// `id` within each part, the parts side by side.
pub trait RowVisitor: Send + Sync {
    /// One row. Break to stop the whole scan. Waits for nobody: the engine may hold a lock meanwhile.
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()>;
    /// Whether it wants a pause before the next row: the engine lets go of what others may wait for and
    /// calls [`RowVisitor::pause`]. Asked after each row. Who passes rows on to another visitor passes
    /// on both.
    fn wants_pause(&self) -> bool {
        false
    }
    /// Waits, perhaps long, until more rows may come; returns at once where no pause is wanted. Break
    /// to stop the whole scan.
    fn pause(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    /// After each few thousand rows: how many this part has passed since the last call.
    fn progress(&self, rows: u64);
}

/// State of the `request_specs` table in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableState {
    /// It is there.
    Present,
    /// It is missing: `reqspec db sync` adds it.
    Missing,
}

/// A value of a plain SQL answer.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// An integer (booleans too).
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text; bytes that are not UTF-8 are replaced.
    Text(String),
}

/// What a database says of itself, asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The product: `SQLite`, `MariaDB`, `MySQL`, `PostgreSQL`.
    pub product: String,
    /// Its version, as people say it: `10.11.19`.
    pub version: String,
    /// What the session's account may do with the specs.
    pub rights: Rights,
    /// Whether the table `request_specs` is there.
    pub table: TableState,
    /// How long one small question and its answer took.
    pub round_trip: Duration,
    /// What else an operator should know, a sentence each: `Galera cluster of 3, synced`,
    /// `a replica: read-only`, `not encrypted`.
    pub remarks: Vec<String>,
}

/// What an account may do with the specs, whatever the session was opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// Read and write.
    Write,
    /// Read only, and why: a whole sentence that says what is missing.
    ReadOnly(String),
    /// It could not be found out.
    Unknown,
}

/// Open a session with a database. Of a server it is connected, and ready, when this returns.
///
/// With [`Access::ReadOnly`] the session itself refuses every write.
///
/// # Errors
/// [`StoreError::Unavailable`] with the reason and what to do next; [`StoreError::ReadOnly`] where
/// writing is asked for and cannot be.
pub async fn open(
    name: DatabaseName,
    address: &Address,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    match &address.place {
        Place::Sqlite(path) => {
            let (database, path) = (name.clone(), path.clone());
            let opened =
                tokio::task::spawn_blocking(move || SqliteStore::open(database, &path, access)).await;
            match opened {
                Ok(store) => Ok(Arc::new(store?)),
                Err(error) => Err(StoreError::Failed {
                    database: name,
                    operation: "opening it".to_owned(),
                    reason: error.to_string(),
                }),
            }
        }
        Place::Mysql(server) => mysql::open(name, server, &address.shown, access, timeouts).await,
        Place::Postgres(server) => postgres::open(name, server, &address.shown, access, timeouts).await,
    }
}

/// One database with (perhaps) a `request_specs` table. Implementations are cheap to share and
/// never block the caller's thread.
#[async_trait]
pub trait SpecStore: Send + Sync {
    /// Which database of the deployment this is.
    fn name(&self) -> &DatabaseName;

    /// Where it is, for people: a path or URL with the password masked.
    fn location(&self) -> &str;

    /// Which database it really is: equal for two sessions with the same one, however it was given.
    fn identity(&self) -> String;

    /// Whether the session was opened for writing.
    fn is_writable(&self) -> bool;

    /// Which engine it is.
    fn engine(&self) -> Engine;

    /// What the database says of itself; also the cheapest way to learn whether it answers.
    async fn probe(&self) -> Result<Probe, StoreError>;

    /// Whether the table is there.
    async fn table_state(&self) -> Result<TableState, StoreError>;

    /// Consecutive rows.
    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError>;

    /// Number of rows. May take long; never wait for it before showing rows.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Number of rows before that key in the order.
    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError>;

    /// The row of an instance.
    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError>;

    /// The rows of several instances, in no particular order; absent ones are left out.
    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError>;

    /// Up to `limit` rows whose instance_uuid begins with `prefix`, by instance_uuid.
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError>;

    /// Rows past a visitor, several parts side by side: all that fulfil these conditions, and perhaps
    /// others, for an engine leaves out what it can leave out cheaply. Gives the number of rows passed.
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError>;

    /// The state of the rows: while two tokens of this session are equal, no row was changed, added or
    /// deleted between them. None where the engine cannot tell that without looking at the rows.
    async fn change_token(&self) -> Result<Option<ChangeToken>, StoreError> {
        Ok(None)
    }

    /// Whether sending rows is slower than looking at them on the server: the round trip takes at least
    /// [`FAR`], as measured with what was asked so far.
    fn is_far(&self) -> bool {
        false
    }

    /// Whether conditions on bytes ([`Prefilter::bytes`]) are worth asking: looking at texts there takes less
    /// time than sending them.
    fn wants_bytes(&self) -> bool {
        self.is_far()
    }

    /// Insert a row. `created_at` is set to now unless given; `updated_at` stays as given.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the instance has a row already.
    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError>;

    /// Replace the text of a row, compare-and-swap on the exact bytes that were read; sets
    /// `updated_at` to now (UTC). Equal texts write nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] (with what is there now) unless exactly one row still holds `before`;
    /// [`StoreError::Contended`] where others kept it from being decided; [`StoreError::Uncertain`]
    /// where the answer to the commit was lost.
    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError>;

    /// Delete a row, if it still holds exactly `before`.
    ///
    /// # Errors
    /// As [`SpecStore::save`].
    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError>;

    /// Several changes in one transaction, each compare-and-swap of its own: a row that is not what was read
    /// is left alone and says so in its place, the others are committed together. Answers in the order of
    /// the changes; no two of them may be of the same instance. A text that the column cannot hold is an
    /// answer in its place, too.
    ///
    /// # Errors
    /// Nothing was written at all, except with [`StoreError::Uncertain`]: the answer to the commit was lost.
    async fn change_many(&self, changes: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError>;

    /// Keep several rows as they are until the [`Hold`] is dropped, as [`SpecStore::hold`] does one. Rows
    /// that do not hold these bytes say so in their place; no two may be of the same instance.
    ///
    /// # Errors
    /// None is held.
    async fn hold_many(
        &self,
        rows: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError>;

    /// Keep a row as it is until the [`Hold`] is dropped: no session can change or delete it. Needs
    /// a writing session; until then, ask nothing else of this one.
    ///
    /// # Errors
    /// As [`SpecStore::save`].
    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError>;

    /// Rows of a plain SQL query over nova's other tables, at most `limit`. `?` marks parameters (in
    /// every engine; the query holds no other question mark).
    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError>;
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// As [`SpecStore::save`].
    Save {
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be there.
        before: Arc<[u8]>,
        /// The text to store.
        after: Arc<str>,
    },
    /// As [`SpecStore::create`].
    Create(NewSpec),
    /// As [`SpecStore::destroy`].
    Destroy {
        /// Whose spec.
        instance_uuid: Arc<str>,
        /// The bytes that must still be there.
        before: Arc<[u8]>,
    },
}

impl RowChange {
    /// Whose spec.
    pub fn instance_uuid(&self) -> &Arc<str> {
        match self {
            Self::Create(new) => &new.instance_uuid,
            Self::Save { instance_uuid, .. } | Self::Destroy { instance_uuid, .. } => instance_uuid,
        }
    }
}

/// Rows that cannot change while this lives.
#[must_use = "dropping it releases the rows"]
pub struct Hold(Box<dyn Send + Sync>);

impl Hold {
    /// A hold that ends when `guard` is dropped.
    pub fn new(guard: impl Send + Sync + 'static) -> Self {
        Self(Box::new(guard))
    }

    /// Let the rows go.
    pub fn release(self) {
        drop(self.0);
    }
}

/// A row to insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSpec {
    /// Column `instance_uuid`.
    pub instance_uuid: Arc<str>,
    /// Column `spec`.
    pub spec: Arc<str>,
    /// Column `created_at`, naive UTC; now where None. A move keeps the source's.
    pub created_at: Option<Arc<str>>,
    /// Column `updated_at`, naive UTC.
    pub updated_at: Option<Arc<str>>,
}
