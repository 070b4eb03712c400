//! Searches that are stopped, and databases that fail or keep others waiting.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqspec::deployment::Entry;
use reqspec::deployment::facts::FactStores;
use reqspec::deployment::lost::Lost;
use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::search::Search;
use reqspec::store::{
    Cancel, ChangeToken, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowRef, RowVisitor,
    SpecStore, SqlValue, StoreError, StoredSpec, TableState,
};

use crate::cloud::{NOW, Rows, fields, order, query};
use crate::support::{block_on, database};

/// A database whose pass fails after so many rows.
pub struct Failing {
    pub inner: Arc<dyn SpecStore>,
    pub after: u64,
    pub seen: Arc<AtomicU64>,
    /// Done after each pass, before it is known to have ended.
    pub while_read: Option<Box<dyn Fn() + Send + Sync>>,
}

struct Counted {
    inner: Arc<dyn RowVisitor>,
    after: u64,
    seen: Arc<AtomicU64>,
}

impl RowVisitor for Counted {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        if self.seen.fetch_add(1, Ordering::Relaxed) >= self.after {
            return ControlFlow::Break(());
        }
        self.inner.visit(row)
    }

    fn wants_pause(&self) -> bool {
        self.inner.wants_pause()
    }

    fn pause(&self) -> ControlFlow<()> {
        self.inner.pause()
    }

    fn progress(&self, rows: u64) {
        self.inner.progress(rows);
    }
}

fn gone(database: &DatabaseName) -> StoreError {
    StoreError::Unavailable {
        database: database.clone(),
        location: "a cell".into(),
        reason: "the connection was lost".to_owned(),
    }
}

#[async_trait]
impl SpecStore for Failing {
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        let counted = Counted { inner: visitor, after: self.after, seen: Arc::clone(&self.seen) };
        let passed = self.inner.scan(prefilter, Arc::new(counted), cancel).await?;
        if let Some(done) = &self.while_read {
            done();
        }
        if self.seen.load(Ordering::Relaxed) > self.after { Err(gone(self.name())) } else { Ok(passed) }
    }

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
        false
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
    async fn change_token(&self) -> Result<Option<ChangeToken>, StoreError> {
        self.inner.change_token().await
    }
    async fn create(&self, _: NewSpec) -> Result<StoredSpec, StoreError> {
        Err(gone(self.name()))
    }
    async fn save(&self, _: &str, _: &[u8], _: &str) -> Result<StoredSpec, StoreError> {
        Err(gone(self.name()))
    }
    async fn destroy(&self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        Err(gone(self.name()))
    }
    async fn change_many(&self, _: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        Err(gone(self.name()))
    }
    async fn hold(&self, _: &str, _: &[u8]) -> Result<Hold, StoreError> {
        Err(gone(self.name()))
    }
    async fn hold_many(
        &self,
        _: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
        Err(gone(self.name()))
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

/// Databases that are asked what they know and do not answer until they are let go.
struct Stuck<'r> {
    rows: &'r Rows,
    released: AtomicBool,
}

#[async_trait]
impl FactStores for Stuck<'_> {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        while !self.released.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        FactStores::store(self.rows, database).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.rows.entries()
    }
}

#[test]
fn what_was_found_before_a_database_failed_stays() {
    let rows = Rows::new();
    block_on(async {
        let failing: Arc<dyn SpecStore> =
            Arc::new(Failing { inner: rows.store("c1"), after: 700, seen: Arc::default(), while_read: None });
        let search = Search::new(database("c1"), query("az=az1"), order("vcpus"), NOW);
        let error = search.run(&failing, &rows, None, || {}).await.unwrap_err();
        assert!(error.to_string().contains("the connection was lost"), "{error}");
        let tally = search.tally();
        assert!(!tally.finished && (100..400).contains(&tally.hits), "{tally:?}");
        let request = PageRequest { order: order("vcpus"), from: PageFrom::Start, limit: 1_000 };
        let page = search.page(&*failing, &rows, &request, &fields(&["az"])).await.unwrap();
        assert_eq!(page.len() as u64, tally.hits);
    });
}

#[test]
fn rows_that_wait_for_other_tables_are_bounded() {
    let rows = Rows::of(12_000);
    block_on(async {
        let seen = Arc::new(AtomicU64::new(0));
        let counting: Arc<dyn SpecStore> = Arc::new(Failing {
            inner: rows.store("c1"),
            after: u64::MAX,
            seen: Arc::clone(&seen),
            while_read: None,
        });
        let stuck = Stuck { rows: &rows, released: AtomicBool::new(false) };
        let search = Search::new(database("c1"), query("instance.host!=cmp3"), order("id"), NOW);
        let run = search.run(&counting, &stuck, None, || {});
        let watch = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            // One batch that is decided, one that is next, and two for each of two reading threads.
            let waiting = seen.load(Ordering::Relaxed);
            assert!((500..=3_100).contains(&waiting), "{waiting} rows wait");
            stuck.released.store(true, Ordering::Relaxed);
        };
        let (result, ()) = tokio::join!(run, watch);
        result.unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), 12_000);
        assert_eq!(
            search.tally().hits as usize,
            rows.obvious("c1", &query("instance.host!=cmp3"), &order("id")).len()
        );
    });
}

#[test]
fn rows_that_wait_for_other_tables_keep_no_writer_waiting() {
    let rows = Rows::of(12_000);
    let writer = rows.cloud.connection("c1");
    let mode: String = writer.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "a reader's lock keeps writers waiting");
    writer.busy_timeout(Duration::from_millis(20)).unwrap();
    let expected = rows.obvious("c1", &query("instance.host!=cmp3"), &order("id"));
    block_on(async {
        let seen = Arc::new(AtomicU64::new(0));
        let counting: Arc<dyn SpecStore> = Arc::new(Failing {
            inner: rows.store("c1"),
            after: u64::MAX,
            seen: Arc::clone(&seen),
            while_read: None,
        });
        let stuck = Stuck { rows: &rows, released: AtomicBool::new(false) };
        let search = Search::new(database("c1"), query("instance.host!=cmp3"), order("id"), NOW);
        let run = search.run(&counting, &stuck, None, || {});
        let watch = async {
            let mut before = 0;
            // Until the threads that read are at a standstill.
            while before == 0 || seen.load(Ordering::Relaxed) != before {
                before = seen.load(Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            assert!(before < 12_000, "nothing waits");
            // Behind the rows that were read, and in their midst.
            for id in [36_002, 8] {
                let sql = "UPDATE request_specs SET created_at = '2026-02-02 00:00:00' WHERE id = ?";
                assert_eq!(writer.execute(sql, [id]).unwrap(), 1);
            }
            stuck.released.store(true, Ordering::Relaxed);
        };
        let (result, ()) = tokio::join!(run, watch);
        result.unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), 12_000, "each row is read once");
        let request = PageRequest { order: order("id"), from: PageFrom::Start, limit: 20_000 };
        let page = search.page(&*rows.store("c1"), &rows, &request, &fields(&["az"])).await.unwrap();
        assert_eq!(page.iter().map(|row| row.row.id).collect::<Vec<_>>(), expected);
    });
}

/// A deployment whose cell is gone: each attempt at it is counted.
struct Dead<'r> {
    rows: &'r Rows,
    attempts: AtomicU64,
    lost: Lost,
}

#[async_trait]
impl FactStores for Dead<'_> {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        if *database == DatabaseName::Api {
            return FactStores::store(self.rows, database).await;
        }
        self.attempts.fetch_add(1, Ordering::Relaxed);
        Err(gone(database))
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.rows.entries()
    }

    fn lost(&self) -> Option<&Lost> {
        Some(&self.lost)
    }
}

#[test]
fn a_dead_cell_is_asked_once_by_a_search_and_once_by_its_pages() {
    let rows = Rows::of(6_000);
    block_on(async {
        let dead = Dead { rows: &rows, attempts: AtomicU64::new(0), lost: Lost::for_a_while() };
        let search = Search::new(DatabaseName::Api, query("instance.host=cmp3 or vcpus=3"), order("id"), NOW);
        search.run(&rows.store("api"), &dead, None, || {}).await.unwrap();
        let tally = search.tally();
        assert!(tally.finished && tally.hits > 200 && tally.undecided > 2_000, "{tally:?}");
        assert_eq!(search.remarks().len(), 1);
        assert_eq!(dead.attempts.load(Ordering::Relaxed), 1, "of many batches");
        let mut from = PageFrom::Start;
        for _ in 0..5 {
            let request = PageRequest { order: order("id"), from, limit: 40 };
            let columns = fields(&["instance.host", "az"]);
            let page = search.page(&*rows.store("api"), &dead, &request, &columns).await.unwrap();
            assert_eq!(page.len(), 40);
            from = PageFrom::After(page[39].key.clone());
        }
        assert_eq!(dead.attempts.load(Ordering::Relaxed), 2, "of many pages");
    });
}

#[test]
fn a_search_stops_at_once_while_other_tables_are_asked() {
    let rows = Rows::new();
    block_on(async {
        let stuck = Stuck { rows: &rows, released: AtomicBool::new(false) };
        let search = Search::new(database("c1"), query("instance.host=cmp3"), order("id"), NOW);
        let store = rows.store("c1");
        let run = search.run(&store, &stuck, None, || {});
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            search.cancel();
            Instant::now()
        };
        let (result, stopped) = tokio::join!(run, stop);
        result.unwrap();
        assert!(stopped.elapsed() < Duration::from_millis(50), "{:?}", stopped.elapsed());
        assert!(!search.tally().finished);
    });
}

#[test]
fn a_search_stops_at_once_while_it_reads() {
    let rows = Rows::of(12_000);
    block_on(async {
        let search = Search::new(database("c1"), query("flavor~nothing"), order("id"), NOW);
        let store = rows.store("c1");
        let run = search.run(&store, &rows, None, || {});
        let stop = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            search.cancel();
            Instant::now()
        };
        let (result, stopped) = tokio::join!(run, stop);
        result.unwrap();
        assert!(stopped.elapsed() < Duration::from_millis(50), "{:?}", stopped.elapsed());
    });
}

#[test]
fn hits_are_told_at_once_and_progress_now_and_then() {
    let rows = Rows::of(12_000);
    block_on(async {
        let search = Search::new(database("c1"), query("az"), order("id"), NOW);
        let reports = std::sync::Mutex::new(Vec::new());
        let store = rows.store("c1");
        let began = Instant::now();
        let report = || reports.lock().unwrap().push((began.elapsed(), search.tally()));
        search.run(&store, &rows, None, report).await.unwrap();
        let reports = reports.into_inner().unwrap();
        let (first, tally) = reports.first().expect("the first hits are told");
        assert!(tally.hits > 0 && *first < Duration::from_millis(50), "{reports:?}");
        for pair in reports.windows(2).skip(1) {
            assert!(pair[1].0 - pair[0].0 >= Duration::from_millis(60), "{reports:?}");
        }
    });
}
