//! The MySQL and MariaDB engine, Galera included.
//!
//! - `link`: one connection.  `session`: the connections of a session, and how a question is asked.
//!   `facts`, `grants`: what a server and an account are.  `reason`: what errors mean.
//! - `text`: SQL as text and answers as rows.  `read`: pages and look-ups.  `scan`: passes over all
//!   rows, and which of them (`conditions`).  `write`: create, save, destroy, hold.  `many`: several at once.  `limits`: what the column holds.
//! - `migrate`: our migrations.
//!
//! Each connection only reads, from its first statement on (`SET SESSION TRANSACTION READ ONLY`): the
//! server refuses all else. A writing session says `START TRANSACTION READ WRITE` for each change.
//!
//! On a Galera cluster a writing session waits, before it reads, for what other nodes have
//! committed (`wsrep_sync_wait`), and a change that another node forestalled fails at its commit and
//! is tried again. Locks are of one node there: a [`Hold`] keeps off the sessions of the same node,
//! and a change by way of another node ends it without notice. Where all writes go through one node,
//! as OpenStack's deployments do, it holds as on a single server; without that, a move may find
//! its copy gone only when it is looked at again.
//!
//! Imports `query` and the parent module.

mod conditions;
mod facts;
mod grants;
mod limits;
mod link;
mod many;
pub(super) mod migrate;
mod read;
mod reason;
mod scan;
mod session;
mod text;
mod write;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::Mutex;

use self::facts::Facts;
use self::link::Link;
use self::many::{Changes, Holds};
use self::read::Refused;
use self::reason::Subject;
use self::session::{Lane, Session, Slot};
use self::write::{Change, Writer};
use super::address::{Endpoint, Server, Timeouts};
use super::batch::Answers;
use super::{
    Access, Cancel, DatabaseName, Engine, Hold, NewSpec, Probe, Rights, RowChange, RowVisitor, SpecStore,
    SqlValue, StoreError, StoredSpec, TableState,
};
use crate::query::prefilter::Prefilter;
use crate::query::{PageKey, PageRequest, SortOrder};
use crate::spec::text::named;

/// A session with one database of a server.
#[derive(Debug)]
struct MysqlStore {
    session: Arc<Session>,
    writer: Arc<Mutex<Writer>>,
    /// The count that runs; a newer one ends it.
    counts: Slot,
    /// The rank that runs; a newer one ends it.
    ranks: Slot,
}

/// Open a session: connected when this returns, and where writing is asked for, with a server that
/// takes writes from this account.
pub(super) async fn open(
    database: DatabaseName,
    server: &Server,
    shown: &Arc<str>,
    access: Access,
    timeouts: Timeouts,
) -> Result<Arc<dyn SpecStore>, StoreError> {
    let subject = Subject::new(database, shown, server);
    let session = Session::open(subject, server.clone(), access, timeouts).await?;
    let store =
        MysqlStore { session, writer: Arc::default(), counts: Slot::default(), ranks: Slot::default() };
    if access == Access::ReadWrite
        && let Rights::ReadOnly(reason) = store.rights(store.session.facts()).await?
    {
        return Err(store.session.subject.read_only("opening it for writing", reason));
    }
    Ok(Arc::new(store))
}

/// Rows that are locked on a connection of its own; dropping that ends the transaction.
struct Held(#[allow(dead_code, reason = "it is there to be dropped")] Link);

impl MysqlStore {
    /// What the account may do. Reading one's own grants takes no privilege.
    async fn rights(&self, facts: Option<&Facts>) -> Result<Rights, StoreError> {
        let schema = facts.map(|facts| facts.schema.as_str()).unwrap_or_default();
        let read_only = facts.and_then(|facts| facts.read_only);
        let mut question = "SHOW GRANTS".to_owned();
        // MariaDB's answer holds the privileges of the roles in use; MySQL's only where they are named.
        if facts.is_some_and(|facts| facts.product == "MySQL")
            && let Ok(roles) = self.strings("SELECT CURRENT_ROLE()").await
            && let Some(roles) = roles.first().filter(|roles| roles.contains('`'))
        {
            question = format!("SHOW GRANTS FOR CURRENT_USER() USING {roles}");
        }
        match self.strings(&question).await {
            Ok(lines) => Ok(grants::rights(&lines, schema, read_only)),
            // A server without a grant system, or one that hides it.
            Err(StoreError::Failed { .. } | StoreError::ReadOnly { .. }) => Ok(Rights::Unknown),
            Err(error) => Err(error),
        }
    }

    /// What the server says of itself now.
    async fn facts_now(&self, operation: &str) -> Result<Facts, StoreError> {
        let ask = |sql: &str| self.session.ask(operation, Lane::Page, sql.to_owned(), read::ALL);
        let mut rows = ask(facts::VARIABLES).await?;
        let before = self.session.facts();
        if before.is_some_and(|facts| facts.galera.is_some()) {
            rows.extend(ask(facts::STATUS).await?);
        }
        Ok(Facts::read(rows.into_iter(), before.map(|facts| facts.schema.clone()).unwrap_or_default()))
    }

    async fn strings(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        let rows =
            self.session.ask("asking what the account may do", Lane::Page, sql.to_owned(), read::ALL).await?;
        Ok(rows.into_iter().filter_map(|mut row| text::take_text(&mut row, 0)).collect())
    }

    async fn specs(&self, operation: &str, lane: Lane, sql: String) -> Result<Vec<StoredSpec>, StoreError> {
        let rows = self.session.ask(operation, lane, sql, read::ALL).await?;
        Ok(rows.into_iter().map(text::stored_spec).collect())
    }

    async fn number(&self, slot: &Slot, operation: &str, sql: String) -> Result<u64, StoreError> {
        let asked = self.session.ask(operation, Lane::Aside, sql, 1);
        let mut rows = slot.run(&self.session.subject, operation, asked).await?;
        Ok(rows.first_mut().map(|row| text::take_number(row, 0)).unwrap_or_default())
    }

    /// Whether the way to the server leads over a network.
    fn is_remote(&self) -> bool {
        match &self.session.server().endpoint {
            Endpoint::Tcp { host, .. } => {
                let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
                !is_loopback && host != "localhost"
            }
            Endpoint::Socket { .. } => false,
        }
    }
}

#[async_trait]
impl SpecStore for MysqlStore {
    fn name(&self) -> &DatabaseName {
        &self.session.subject.database
    }

    fn location(&self) -> &str {
        &self.session.subject.location
    }

    fn identity(&self) -> String {
        self.session.facts().map(|facts| facts.identity.clone()).unwrap_or_default()
    }

    fn is_writable(&self) -> bool {
        self.session.access == Access::ReadWrite
    }

    fn engine(&self) -> Engine {
        Engine::Mysql
    }

    async fn probe(&self) -> Result<Probe, StoreError> {
        let operation = "asking what the server is";
        // One small question on a connection that is there, to tell how far the server is.
        self.session.ask(operation, Lane::Page, "SELECT 1".to_owned(), 1).await?;
        let began = Instant::now();
        self.session.ask(operation, Lane::Page, "SELECT 1".to_owned(), 1).await?;
        let round_trip = began.elapsed();
        let facts = self.facts_now(operation).await?;
        let table = self.table_state().await;
        let rights = match &table {
            // Whoever may not read the table may not write it.
            Err(StoreError::Failed { reason, .. }) => Rights::ReadOnly(format!("{reason}.")),
            _ => self.rights(Some(&facts)).await?,
        };
        let mut remarks = facts.remarks();
        if self.is_remote() && !self.session.is_encrypted() {
            remarks.push("not encrypted".to_owned());
        }
        Ok(Probe {
            product: facts.product.to_owned(),
            version: facts.version.clone(),
            rights,
            // Refused for want of rights, not for want of the table.
            table: match table {
                Err(StoreError::Failed { .. }) => TableState::Present,
                other => other?,
            },
            round_trip,
            remarks,
        })
    }

    async fn table_state(&self) -> Result<TableState, StoreError> {
        let sql = "SELECT 1 FROM request_specs LIMIT 0".to_owned();
        match self.session.ask("looking for the table request_specs", Lane::Page, sql, 1).await {
            Ok(_) => Ok(TableState::Present),
            Err(StoreError::NoTable { .. }) => Ok(TableState::Missing),
            Err(error) => Err(error),
        }
    }

    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        let (operation, lane) = match request.order {
            SortOrder::Id => ("reading a page", Lane::Page),
            SortOrder::Updated => ("reading a page by last update", Lane::Aside),
        };
        let (sql, backwards) = read::page(&request);
        let mut page = self.specs(operation, lane, sql).await?;
        if backwards {
            page.reverse();
        }
        Ok(page)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.number(&self.counts, "counting the specs", "SELECT COUNT(*) FROM request_specs".to_owned()).await
    }

    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        self.number(&self.ranks, "counting the specs before one", read::rank(order, &key)).await
    }

    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        let operation = format!("reading the spec of {}", named(instance_uuid));
        let rows = self.specs(&operation, Lane::Page, read::of_instance(instance_uuid)).await?;
        Ok(rows.into_iter().find(|row| *row.instance_uuid == *instance_uuid))
    }

    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        read::get_many(&self.session, instance_uuids).await
    }

    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        let operation = format!("looking for specs of {prefix}…");
        self.specs(&operation, Lane::Page, read::find_prefix(prefix, limit)).await
    }

    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        scan::scan(&self.session, prefilter.clone(), visitor, cancel).await
    }

    fn is_far(&self) -> bool {
        self.session.round_trip.is_far()
    }

    /// MariaDB looks for a text in less than half of the time that sending it to this machine takes.
    fn wants_bytes(&self) -> bool {
        self.is_far() || self.session.facts().is_some_and(|facts| facts.product == "MariaDB")
    }

    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        let change = Change::Create(row);
        let operation = change.operation();
        let row = write::apply(&self.session, &self.writer, change).await?;
        row.ok_or_else(|| self.session.subject.failed(&operation, "the row is not there"))
    }

    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        let change = Change::Save {
            instance_uuid: Arc::from(instance_uuid),
            before: Arc::from(before),
            after: Arc::from(after),
        };
        let operation = change.operation();
        let row = write::apply(&self.session, &self.writer, change).await?;
        row.ok_or_else(|| self.session.subject.failed(&operation, "the row is not there"))
    }

    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        let change = Change::Destroy { instance_uuid: Arc::from(instance_uuid), before: Arc::from(before) };
        write::apply(&self.session, &self.writer, change).await.map(drop)
    }

    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        let change = Change::Hold { instance_uuid: Arc::from(instance_uuid), before: Arc::from(text) };
        let (link, _) = write::hold(&self.session, change).await?;
        Ok(Hold::new(Held(link)))
    }

    async fn change_many(&self, changes: &[RowChange]) -> Result<Answers, StoreError> {
        write::apply(&self.session, &self.writer, Changes::new(&self.session, changes)?).await
    }

    async fn hold_many(&self, rows: &[(Arc<str>, Arc<[u8]>)]) -> Result<(Hold, Answers), StoreError> {
        let (link, answers) = write::hold(&self.session, Holds::new(&self.session, rows)?).await?;
        Ok((Hold::new(Held(link)), answers))
    }

    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let operation = "asking nova's tables";
        let sql = match read::select(sql, parameters) {
            Ok(sql) => sql,
            Err(Refused::NotReading) => {
                let reason = "it is not one query that reads, and this session only reads";
                return Err(self.session.subject.read_only(operation, reason));
            }
            Err(Refused::Marks(reason)) => return Err(self.session.subject.failed(operation, reason)),
        };
        let rows = self.session.ask(operation, Lane::Aside, sql, limit as usize).await?;
        Ok(rows.into_iter().map(text::values).collect())
    }
}
