//! The SQLite engine.
//!
//! - [`open`](self): how a file is opened so that browsing changes no byte of it, and what its
//!   errors mean.  `worker`: the thread that owns a session's connection.
//! - `read`: pages and look-ups.  `recent`: pages by last update.  `scan`: passes over all rows, which of them (`conditions`), and in large
//!   reads (`readahead`, and `readahead_vfs` between SQLite and the file).  `write`: create, save, destroy.  `many`: several at once, and holds.
//! - `migrate`: our migrations.
//!
//! A session has one thread and one connection for pages, look-ups and writes. What may take long
//! (counts, ranks, pages by last update, scans) runs on connections and threads of its own, so it
//! never delays a page; dropping its future interrupts it. Imports `query` and the parent module.

mod aside;
mod conditions;
mod many;
pub(super) mod migrate;
mod open;
mod read;
mod readahead;
mod readahead_vfs;
mod recent;
mod scan;
mod worker;
mod write;

use crate::spec::text::named;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use self::aside::Lane;
use self::open::Source;
use self::recent::Recent;
use self::worker::Worker;
use super::batch::{self, Answers};
use super::{
    Access, Cancel, ChangeToken, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowVisitor,
    SpecStore, SqlValue, StoreError, StoredSpec, TableState,
};
use crate::query::prefilter::Prefilter;
use crate::query::{PageKey, PageRequest, SortOrder};

/// A session with one SQLite database. Dropping it ends its thread and closes the database.
#[derive(Debug)]
pub struct SqliteStore {
    source: Arc<Source>,
    worker: Worker,
    /// The count that runs; a newer one interrupts it.
    counts: Lane,
    /// The rank that runs; a newer one interrupts it.
    ranks: Lane,
    /// Keys of the order by last update.
    recent: Recent,
}

impl SqliteStore {
    /// Open the database in that file. Takes well under a millisecond on a local disk and reads
    /// nothing but the file's header: whether the table is there shows with the first request.
    /// Call it from a blocking task where the file may be on a slow network.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where there is no such file, where it is not an SQLite
    /// database or may not be read; [`StoreError::ReadOnly`] where it may not be written and
    /// `access` asks for it.
    pub fn open(name: DatabaseName, path: &Path, access: Access) -> Result<SqliteStore, StoreError> {
        let source = Arc::new(Source::find(name, path, access)?);
        let worker = Worker::start(Arc::clone(&source))?;
        Ok(SqliteStore {
            source,
            worker,
            counts: Lane::default(),
            ranks: Lane::default(),
            recent: Recent::default(),
        })
    }

    async fn page_by_update(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        const OPERATION: &str = "reading a page by last update";
        let version = self.worker.version(OPERATION).await?;
        let ids = match self.recent.ids(version, &request) {
            Some(ids) => ids,
            None => {
                self.recent.forget();
                let wanted = request.clone();
                let source = Arc::clone(&self.source);
                let window = aside::run(source, None, OPERATION, move |c| recent::pass(c, &wanted)).await?;
                let ids = window.first_page(&request);
                self.recent.keep(version, window);
                ids
            }
        };
        self.worker.read(OPERATION, move |c| read::rows_by_id(c, &ids)).await
    }
}

#[async_trait]
impl SpecStore for SqliteStore {
    fn name(&self) -> &DatabaseName {
        &self.source.database
    }

    fn location(&self) -> &str {
        &self.source.location
    }

    fn identity(&self) -> String {
        self.source.identity()
    }

    fn is_writable(&self) -> bool {
        self.source.access == Access::ReadWrite
    }

    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    async fn probe(&self) -> Result<Probe, StoreError> {
        let began = Instant::now();
        let table = self.table_state().await?;
        Ok(Probe {
            product: "SQLite".to_owned(),
            version: rusqlite::version().to_owned(),
            rights: self.source.rights(),
            table,
            round_trip: began.elapsed(),
            remarks: Vec::new(),
        })
    }

    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.worker.read("looking for the table request_specs", read::table_state).await
    }

    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        match request.order {
            SortOrder::Id => self.worker.read("reading a page", move |c| read::page_by_id(c, &request)).await,
            SortOrder::Updated => self.page_by_update(request).await,
        }
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let lane = Some(&self.counts);
        aside::run(Arc::clone(&self.source), lane, "counting the specs", read::count).await
    }

    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        let lane = Some(&self.ranks);
        aside::run(Arc::clone(&self.source), lane, "counting the specs before one", move |c| {
            read::rank(c, order, &key)
        })
        .await
    }

    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        let wanted: Arc<str> = Arc::from(instance_uuid);
        self.worker
            .read(&format!("reading the spec of {wanted}", wanted = named(&wanted)), move |c| {
                read::get(c, &wanted)
            })
            .await
    }

    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        let wanted = instance_uuids.to_vec();
        let operation = format!("reading the specs of {} instances", wanted.len());
        self.worker.read(&operation, move |c| read::get_many(c, &wanted)).await
    }

    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        let prefix = prefix.to_owned();
        let operation = format!("looking for specs of {prefix}…");
        self.worker.read(&operation, move |c| read::find_prefix(c, &prefix, limit)).await
    }

    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        scan::scan(Arc::clone(&self.source), prefilter.clone(), visitor, cancel).await
    }

    async fn change_token(&self) -> Result<Option<ChangeToken>, StoreError> {
        let version = self.worker.version("looking for changes").await?;
        Ok(Some(version.into()))
    }

    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        let operation = format!("creating the spec of {}", row.instance_uuid);
        self.worker.write(&operation, move |session| write::create(session, &row)).await
    }

    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        let operation = format!("saving the spec of {instance_uuid}", instance_uuid = named(instance_uuid));
        let (uuid, before, after) = (Arc::<str>::from(instance_uuid), before.to_vec(), after.to_owned());
        self.worker.write(&operation, move |session| write::save(session, &uuid, &before, &after)).await
    }

    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        let operation = format!("deleting the spec of {instance_uuid}", instance_uuid = named(instance_uuid));
        let (uuid, before) = (Arc::<str>::from(instance_uuid), before.to_vec());
        self.worker.write(&operation, move |session| write::destroy(session, &uuid, &before)).await
    }

    async fn change_many(&self, changes: &[RowChange]) -> Result<Answers, StoreError> {
        let operation = batch::writing(changes.len());
        let changes = changes.to_vec();
        self.worker.write(&operation, move |session| many::change(session, &changes)).await
    }

    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        let operation = format!("holding the spec of {}", named(instance_uuid));
        let (hold, mut answers) =
            self.worker.hold(operation, vec![(Arc::from(instance_uuid), Arc::from(text))]).await?;
        answers.pop().unwrap_or(Ok(())).map(|()| hold)
    }

    async fn hold_many(&self, rows: &[(Arc<str>, Arc<[u8]>)]) -> Result<(Hold, Answers), StoreError> {
        self.worker.hold(batch::holding(rows.len()), rows.to_vec()).await
    }

    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let (sql, parameters) = (sql.to_owned(), parameters.to_vec());
        self.worker.read("asking nova's tables", move |c| read::select(c, &sql, &parameters, limit)).await
    }
}
