//! A store that looks into the journal before it passes a write on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use reqspec::change::journal::Step;
use reqspec::change::{Answer, Confirmation, Journal, Operation, Outcome, Plan, Record, State, Who, apply};
use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageKey, PageRequest, SortOrder};
use reqspec::store::{
    Access, Cancel, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowVisitor, SpecStore, SqlValue,
    SqliteStore, StoreError, StoredSpec, Stores, TableState,
};
use rstest::rstest;
use rusqlite::Connection;

use crate::support::{Cloud, block_on, database, spec, spec_in_zone, uuid};

struct Watching {
    inner: SqliteStore,
    journal: PathBuf,
    writes: Arc<AtomicUsize>,
}

impl Watching {
    /// A move's source is deleted only when the journal knows that the copy is right.
    fn look_at_step(&self) {
        let connection = Connection::open(&self.journal).unwrap();
        let sql = "SELECT operation, step FROM entries ORDER BY id DESC LIMIT 1";
        let found: (String, i64) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert!(found.0 != "move" || found.1 == Step::Verified as i64, "{found:?}");
    }

    /// What the journal must hold by now, seen from a connection of our own.
    fn look(&self) {
        let connection = Connection::open(&self.journal).unwrap();
        let sql = "SELECT e.state, e.instance_uuid, c.operator, c.host, c.environment, c.reason, \
                   length(coalesce(t.before, '')) + length(coalesce(t.after, '')), d.identity
                   FROM entries e JOIN changes c ON c.id = e.change_id JOIN texts t ON t.entry_id = e.id
                   JOIN databases d ON d.change_id = c.id AND d.name = ?
                   ORDER BY e.id DESC LIMIT 1";
        let name = self.inner.name().to_string();
        let found = connection
            .query_row(sql, [name], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    [2, 3, 4, 5].map(|at| row.get::<_, String>(at).unwrap()),
                    row.get::<_, i64>(6)?,
                    row.get::<_, String>(7)?,
                ))
            })
            .expect("a database is written to, and the journal holds nothing of it");
        let (state, instance, head, bytes, identity) = found;
        assert_eq!((state, instance), (0, uuid(1)));
        assert_eq!(head, ["alice", "ops1", "test", "because"]);
        assert!(bytes > 0);
        assert_eq!(identity, self.inner.identity());
        self.writes.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl SpecStore for Watching {
    fn name(&self) -> &DatabaseName {
        self.inner.name()
    }
    fn location(&self) -> &str {
        self.inner.location()
    }
    fn identity(&self) -> String {
        self.inner.identity()
    }
    fn is_writable(&self) -> bool {
        self.inner.is_writable()
    }
    fn engine(&self) -> Engine {
        self.inner.engine()
    }
    async fn probe(&self) -> Result<Probe, StoreError> {
        self.inner.probe().await
    }
    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.inner.table_state().await
    }
    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        self.inner.page(request).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.inner.count().await
    }
    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        self.inner.rank(order, key).await
    }
    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        self.inner.get(instance_uuid).await
    }
    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        self.inner.get_many(instance_uuids).await
    }
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        self.inner.find_prefix(prefix, limit).await
    }
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        self.inner.scan(prefilter, visitor, cancel).await
    }
    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        self.look();
        self.inner.create(row).await
    }
    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        self.look();
        self.inner.save(instance_uuid, before, after).await
    }
    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        self.look();
        self.look_at_step();
        self.inner.destroy(instance_uuid, before).await
    }
    async fn change_many(&self, changes: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.look();
        self.inner.change_many(changes).await
    }
    async fn hold_many(
        &self,
        rows: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
        self.look();
        self.inner.hold_many(rows).await
    }
    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        self.look();
        self.inner.hold(instance_uuid, text).await
    }
    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        self.inner.select(sql, parameters, limit).await
    }
}

fn watching(cloud: &Cloud, journal: &Path, writes: &Arc<AtomicUsize>) -> Stores {
    ["api", "c1"]
        .into_iter()
        .map(|name| {
            let inner = SqliteStore::open(database(name), &cloud.path(name), Access::ReadWrite).unwrap();
            let (journal, writes) = (journal.to_owned(), Arc::clone(writes));
            Arc::new(Watching { inner, journal, writes }) as Arc<dyn SpecStore>
        })
        .collect()
}

fn record(journal: &Path) -> Record {
    let who = Who { operator: "alice".into(), host: "ops1".into() };
    Record::new(Journal::open(journal).unwrap(), who, Some("because".into()))
}

fn carried_out(stores: &Stores, record: &Record, operation: Operation) -> Outcome {
    let plan = Plan { environment: "test".into(), operations: vec![operation], ..Plan::default() };
    let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
    block_on(apply(stores, record, confirmed))
}

fn bytes(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

fn one(kind: &str) -> Operation {
    let (id, api, cell) = (uuid(1), database("api"), database("c1"));
    let instance_uuid: Arc<str> = id.as_str().into();
    let before = bytes(&spec(&id));
    match kind {
        "save" => {
            Operation::Save { database: api, instance_uuid, before, after: spec_in_zone(&id, "az2").into() }
        }
        "create" => Operation::Create { database: cell, instance_uuid, text: spec(&id).into() },
        "delete" => Operation::Destroy { database: api, instance_uuid, before },
        "copy" => Operation::Copy { from: api, to: cell, instance_uuid, text: before, replaces: None },
        _ => Operation::Move { from: api, to: cell, instance_uuid, text: before, already_there: false },
    }
}

#[rstest]
#[case("save", 1)]
#[case("create", 1)]
#[case("delete", 1)]
#[case("copy", 1)]
#[case("move", 3)]
fn a_change_is_in_the_journal_before_a_database_hears_of_it(#[case] kind: &str, #[case] writes: usize) {
    let cloud = Cloud::new();
    cloud.put("api", &uuid(1), spec(&uuid(1)).as_bytes());
    let (path, seen) = (cloud.scratch.path("journal.sqlite"), Arc::default());
    let record = record(&path);
    let outcome = carried_out(&watching(&cloud, &path, &seen), &record, one(kind));
    assert_eq!((outcome.failed, outcome.notices), (None, vec![]));
    assert_eq!(seen.load(Ordering::SeqCst), writes);
    let entries = block_on(record.journal.entries(outcome.change.unwrap(), None, 10)).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.state).collect::<Vec<_>>(), [State::Done]);
    assert!(!entries[0].said.is_empty());
}

/// Nothing is written where that cannot be written down first; what was written down and done is told as done.
#[test]
fn a_journal_that_fails_stops_a_change_before_it_or_not_at_all() {
    let cloud = Cloud::new();
    cloud.put("api", &uuid(1), spec(&uuid(1)).as_bytes());
    let path = cloud.scratch.path("journal.sqlite");
    let record = record(&path);
    let refuse = |event: &str| {
        let sql = format!(
            "DROP TRIGGER IF EXISTS full; CREATE TRIGGER full BEFORE {event} ON entries \
             BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
        );
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    };
    refuse("INSERT");
    let outcome = carried_out(&cloud.stores(Access::ReadWrite), &record, one("move"));
    let said = outcome.failed.unwrap().to_string();
    assert!(said.contains("the disk is broken") && said.ends_with("nothing was written"), "{said}");
    assert_eq!((outcome.change, outcome.done), (None, vec![]));
    assert_eq!((cloud.text("api", &uuid(1)), cloud.text("c1", &uuid(1))), (Some(spec(&uuid(1))), None));

    refuse("UPDATE");
    let outcome = carried_out(&cloud.stores(Access::ReadWrite), &record, one("move"));
    assert_eq!(outcome.failed, None);
    assert!(outcome.notices[0].contains("`reqspec recover` finds that out"), "{:?}", outcome.notices);
    assert_eq!((cloud.text("api", &uuid(1)), cloud.text("c1", &uuid(1))), (None, Some(spec(&uuid(1)))));
    let change = block_on(record.journal.change(outcome.change.unwrap())).unwrap().unwrap();
    assert!(change.is_interrupted, "nobody may finish it");
}
