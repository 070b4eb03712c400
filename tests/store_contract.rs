//! What every store promises, written against `dyn SpecStore`: an engine passes by giving the
//! suite a [`Bench`] that makes databases. What only SQLite can get wrong is in `store_sqlite.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::{
    Access, Cancel, DatabaseName, NewSpec, RowRef, RowVisitor, SpecStore, SqlValue, SqliteStore, StoreError,
    StoredSpec, TableState,
};
use rstest::rstest;
use support::{Scratch, block_on, uuid};

/// Makes databases of one engine.
trait Bench {
    /// A session with a database of these rows.
    fn filled(&self, rows: &[Row], access: Access) -> Arc<dyn SpecStore>;
    /// A session with a database without the table.
    fn without_table(&self) -> Arc<dyn SpecStore>;
}

struct Row {
    id: i64,
    uuid: String,
    spec: Vec<u8>,
    created_at: Option<&'static str>,
    updated_at: Option<&'static str>,
}

struct Sqlite {
    scratch: Scratch,
    journal_mode: &'static str,
}

impl Bench for Sqlite {
    fn filled(&self, rows: &[Row], access: Access) -> Arc<dyn SpecStore> {
        let path = self.scratch.database("filled.sqlite", self.journal_mode);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        for row in rows {
            // As text, whatever the bytes are.
            connection
                .execute(
                    "INSERT INTO request_specs VALUES (?, ?, ?, ?, CAST(? AS TEXT))",
                    rusqlite::params![row.created_at, row.updated_at, row.id, row.uuid, row.spec],
                )
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        drop(connection);
        Arc::new(SqliteStore::open(DatabaseName::Api, &path, access).unwrap())
    }

    fn without_table(&self) -> Arc<dyn SpecStore> {
        let path = self.scratch.path("empty.sqlite");
        std::fs::write(&path, b"").unwrap();
        Arc::new(SqliteStore::open(DatabaseName::cell("c1"), &path, Access::ReadWrite).unwrap())
    }
}

fn sqlite(journal_mode: &'static str) -> Sqlite {
    Sqlite { scratch: Scratch::new(), journal_mode }
}

/// Seven rows with gaps in the ids, ties and nulls in the times, and texts of every kind.
fn seven() -> Vec<Row> {
    let row = |id, spec: &[u8], created_at, updated_at| Row {
        id,
        uuid: uuid(id),
        spec: spec.to_vec(),
        created_at,
        updated_at,
    };
    vec![
        row(1, b"{\"a\": 1}", Some("2026-01-01 00:00:00.000000"), None),
        row(2, b"", None, None),
        row(5, b"\xff\xfe not UTF-8", Some("2026-01-03 00:00:00"), Some("2026-01-05 00:00:00")),
        row(9, b"null", None, Some("2026-01-05 00:00:00")),
        row(10, "\u{feff}{}".as_bytes(), Some("whenever"), None),
        row(40, b"a\0b", Some("2026-01-02 00:00:00"), Some("2026-01-04 00:00:00")),
        row(41, "{\"emoji\": \"\u{1f600}\"}".as_bytes(), None, None),
    ]
}

fn key(row: &StoredSpec) -> PageKey {
    let updated = row.updated_at.as_deref().or(row.created_at.as_deref()).unwrap_or_default();
    PageKey { id: row.id, updated: updated.to_owned() }
}

fn ids(rows: &[StoredSpec]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

fn page(store: &dyn SpecStore, order: SortOrder, from: PageFrom, limit: u32) -> Vec<StoredSpec> {
    block_on(store.page(PageRequest { order, from, limit })).unwrap()
}

#[rstest]
fn rows_come_out_as_they_were_stored(#[values("delete", "wal")] mode: &'static str) {
    let bench = sqlite(mode);
    let store = bench.filled(&seven(), Access::ReadOnly);
    let rows = page(&*store, SortOrder::Id, PageFrom::Start, 100);
    for (stored, made) in rows.iter().zip(seven()) {
        assert_eq!(stored.id, made.id);
        assert_eq!(*stored.instance_uuid, *made.uuid);
        assert_eq!(*stored.spec, *made.spec);
        assert_eq!(stored.created_at.as_deref(), made.created_at);
        assert_eq!(stored.updated_at.as_deref(), made.updated_at);
    }
    assert_eq!(rows.len(), 7);
    assert!(!store.is_writable());
    assert_eq!(store.name(), &DatabaseName::Api);
    assert!(store.location().ends_with("filled.sqlite"));
}

#[rstest]
#[case(SortOrder::Id, vec![1, 2, 5, 9, 10, 40, 41])]
#[case(SortOrder::Updated, vec![10, 9, 5, 40, 1, 41, 2])]
fn pages_go_both_ways_in_both_orders(#[case] order: SortOrder, #[case] expected: Vec<i64>) {
    let bench = sqlite("delete");
    let store = bench.filled(&seven(), Access::ReadOnly);
    let all = page(&*store, order, PageFrom::Start, 100);
    assert_eq!(ids(&all), expected);
    for limit in 1..=8u32 {
        let size = limit as usize;
        assert_eq!(ids(&page(&*store, order, PageFrom::Start, limit)), expected[..size.min(7)]);
        assert_eq!(ids(&page(&*store, order, PageFrom::End, limit)), expected[7 - size.min(7)..]);
        for (index, row) in all.iter().enumerate() {
            let after = page(&*store, order, PageFrom::After(key(row)), limit);
            assert_eq!(ids(&after), expected[index + 1..(index + 1 + size).min(7)]);
            let before = page(&*store, order, PageFrom::Before(key(row)), limit);
            assert_eq!(ids(&before), expected[index.saturating_sub(size)..index]);
            let at = page(&*store, order, PageFrom::At(key(row)), limit);
            assert_eq!(ids(&at), expected[index..(index + size).min(7)]);
        }
    }
    for (index, row) in all.iter().enumerate() {
        assert_eq!(block_on(store.rank(order, key(row))).unwrap(), index as u64);
    }
    // A key whose row is gone still has its place.
    let gone = PageKey { id: 7, updated: "2026-01-04 12:00:00".into() };
    let next = page(&*store, order, PageFrom::At(gone), 1);
    assert_eq!(ids(&next), [if order == SortOrder::Id { 9 } else { 40 }]);
}

#[test]
fn rows_are_found_by_instance() {
    let bench = sqlite("delete");
    let store = bench.filled(&seven(), Access::ReadOnly);
    block_on(async {
        assert_eq!(store.get(&uuid(9)).await.unwrap().unwrap().id, 9);
        assert_eq!(store.get("no such").await.unwrap(), None);
        assert_eq!(store.get("").await.unwrap(), None);
        let wanted: Vec<Arc<str>> = [40, 3, 1].map(|id| Arc::from(uuid(id))).to_vec();
        let mut found = ids(&store.get_many(&wanted).await.unwrap());
        found.sort_unstable();
        assert_eq!(found, [1, 40]);
        assert_eq!(store.get_many(&[]).await.unwrap(), []);
        let many: Vec<Arc<str>> = (0..5_000).map(|id| Arc::from(uuid(id))).collect();
        assert_eq!(store.get_many(&many).await.unwrap().len(), 7);
        assert_eq!(ids(&store.find_prefix(&uuid(41)[..8], 10).await.unwrap()), [41]);
        assert_eq!(store.find_prefix("", 3).await.unwrap().len(), 3);
        assert_eq!(store.find_prefix("%", 3).await.unwrap(), []);
        assert_eq!(store.count().await.unwrap(), 7);
        assert_eq!(store.table_state().await.unwrap(), TableState::Present);
    });
}

#[test]
fn a_database_without_the_table_says_so() {
    let bench = sqlite("delete");
    let store = bench.without_table();
    block_on(async {
        assert_eq!(store.table_state().await.unwrap(), TableState::Missing);
        let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 1 };
        let new = new_spec("x", "{}");
        let answers = [
            store.page(request.clone()).await.err(),
            store.page(PageRequest { order: SortOrder::Updated, ..request }).await.err(),
            store.count().await.err(),
            store.get("x").await.err(),
            store.scan(Arc::new(Collect::default()), Cancel::default()).await.err(),
            store.create(new).await.err(),
            store.save("x", b"", "{}").await.err(),
            store.destroy("x", b"").await.err(),
        ];
        for answer in answers {
            let error = answer.unwrap();
            assert!(matches!(error, StoreError::NoTable { .. }), "{error:?}");
            assert_eq!(error.to_string(), "c1: no table request_specs; `reqspec db sync` adds it");
        }
    });
}

/// instance_uuid, spec, updated.
type Visited = (String, Vec<u8>, String);

#[derive(Default)]
struct Collect {
    rows: Mutex<BTreeMap<i64, Visited>>,
    reported: AtomicU64,
    stop_at: Option<u64>,
    seen: AtomicU64,
}

impl RowVisitor for Collect {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let copy = (row.instance_uuid.to_owned(), row.spec.to_vec(), row.updated.to_owned());
        assert!(self.rows.lock().unwrap().insert(row.id, copy).is_none(), "row {} came twice", row.id);
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if Some(seen) == self.stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&self, rows: u64) {
        self.reported.fetch_add(rows, Ordering::SeqCst);
    }
}

#[rstest]
fn a_scan_passes_each_row_once(#[values("delete", "wal")] mode: &'static str) {
    let bench = sqlite(mode);
    let store = bench.filled(&seven(), Access::ReadOnly);
    let visitor = Arc::new(Collect::default());
    let passed = block_on(store.scan(visitor.clone(), Cancel::default())).unwrap();
    assert_eq!((passed, visitor.reported.load(Ordering::SeqCst)), (7, 7));
    let rows = visitor.rows.lock().unwrap();
    for made in seven() {
        let updated = made.updated_at.or(made.created_at).unwrap_or_default();
        assert_eq!(rows[&made.id], (made.uuid, made.spec, updated.to_owned()));
    }
}

#[test]
fn a_scan_can_be_stopped() {
    let rows: Vec<Row> = (1..=20_000)
        .map(|id| Row { id, uuid: uuid(id), spec: b"{}".to_vec(), created_at: None, updated_at: None })
        .collect();
    let bench = sqlite("delete");
    let store = bench.filled(&rows, Access::ReadOnly);
    let visitor = Arc::new(Collect { stop_at: Some(100), ..Collect::default() });
    block_on(store.scan(visitor.clone(), Cancel::default())).unwrap();
    let seen = visitor.seen.load(Ordering::SeqCst);
    // The other part may be in the midst of a row.
    assert!((100..=102).contains(&seen), "{seen}");
    let cancel = Cancel::default();
    cancel.cancel();
    let visitor = Arc::new(Collect::default());
    assert_eq!(block_on(store.scan(visitor.clone(), cancel)).unwrap(), 0);
    assert_eq!(visitor.seen.load(Ordering::SeqCst), 0);
    let visitor = Arc::new(Collect::default());
    assert_eq!(block_on(store.scan(visitor.clone(), Cancel::default())).unwrap(), 20_000);
    assert_eq!(visitor.reported.load(Ordering::SeqCst), 20_000);
}

fn new_spec(uuid: &str, spec: &str) -> NewSpec {
    NewSpec { instance_uuid: Arc::from(uuid), spec: Arc::from(spec), created_at: None, updated_at: None }
}

#[rstest]
fn a_row_is_created_saved_and_destroyed(#[values("delete", "wal")] mode: &'static str) {
    let bench = sqlite(mode);
    let store = bench.filled(&[], Access::ReadWrite);
    let all = || page(&*store, SortOrder::Id, PageFrom::Start, 10);
    block_on(async {
        let created = store.create(new_spec("u", "{\"a\": \"\u{e9}\"}")).await.unwrap();
        assert_eq!(&*created.spec, "{\"a\": \"\u{e9}\"}".as_bytes());
        let stamp = created.created_at.clone().unwrap();
        assert_eq!((stamp.len(), &stamp[10..11], &stamp[19..20]), (26, " ", "."), "{stamp}");
        assert_eq!(created.updated_at, None);
        assert_eq!(store.get("u").await.unwrap().unwrap(), created);

        let error = store.create(new_spec("u", "{}")).await.unwrap_err();
        assert!(matches!(&error, StoreError::Exists { current, .. } if **current == created), "{error:?}");

        let saved = store.save("u", &created.spec, "{\"a\": 2}").await.unwrap();
        assert_eq!((saved.id, &*saved.spec), (created.id, &b"{\"a\": 2}"[..]));
        assert_eq!(saved.created_at, created.created_at);
        assert_eq!(saved.updated_at.as_ref().map(|stamp| stamp.len()), Some(26));

        // Nothing changed: nothing written.
        let again = store.save("u", &saved.spec, "{\"a\": 2}").await.unwrap();
        assert_eq!(again, saved);
        assert_eq!(store.get("u").await.unwrap().unwrap(), saved);

        store.destroy("u", &saved.spec).await.unwrap();
        assert_eq!(store.get("u").await.unwrap(), None);
    });
    assert_eq!(all(), []);
}

#[test]
fn a_created_row_keeps_the_times_it_is_given() {
    let bench = sqlite("delete");
    let store = bench.filled(&[], Access::ReadWrite);
    let new = NewSpec {
        created_at: Some(Arc::from("2020-02-30 sometime")),
        updated_at: Some(Arc::from("2021-01-01 00:00:00")),
        ..new_spec("u", "x")
    };
    let created = block_on(store.create(new)).unwrap();
    assert_eq!(created.created_at.as_deref(), Some("2020-02-30 sometime"));
    assert_eq!(created.updated_at.as_deref(), Some("2021-01-01 00:00:00"));
}

#[test]
fn a_write_is_compare_and_swap_on_the_exact_bytes() {
    let bench = sqlite("delete");
    let mut rows = seven();
    rows.push(Row { id: 50, uuid: uuid(50), spec: b"Abc".to_vec(), created_at: None, updated_at: None });
    let store = bench.filled(&rows, Access::ReadWrite);
    let all = page(&*store, SortOrder::Id, PageFrom::Start, 100);
    block_on(async {
        for before in [&b"abc"[..], b"Abc ", b"Abc\0", b"", b"Ab"] {
            for error in [
                store.save(&uuid(50), before, "new").await.unwrap_err(),
                store.destroy(&uuid(50), before).await.unwrap_err(),
            ] {
                let StoreError::Conflict { database, instance_uuid, current } = error else {
                    panic!("{error:?}")
                };
                assert_eq!((database, &*instance_uuid), (DatabaseName::Api, &*uuid(50)));
                assert_eq!(&*current.unwrap().spec, b"Abc");
            }
        }
        let error = store.save("gone", b"x", "y").await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{error:?}");
        let error = store.destroy("gone", b"x").await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { current: None, .. }), "{error:?}");
    });
    assert_eq!(page(&*store, SortOrder::Id, PageFrom::Start, 100), all, "a refused write changed something");
    // Whatever the bytes are, the row that holds them is the one that changes.
    for row in &all {
        block_on(store.save(&row.instance_uuid, &row.spec, "new")).unwrap();
    }
    for row in page(&*store, SortOrder::Id, PageFrom::Start, 100) {
        assert_eq!(&*row.spec, b"new");
        block_on(store.destroy(&row.instance_uuid, b"new")).unwrap();
    }
    assert_eq!(block_on(store.count()).unwrap(), 0);
}

#[test]
fn of_many_writers_exactly_one_wins() {
    let bench = sqlite("delete");
    let rows = [Row { id: 1, uuid: uuid(1), spec: b"0".to_vec(), created_at: None, updated_at: None }];
    let first = bench.filled(&rows, Access::ReadWrite);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let path = first.location().to_owned();
            std::thread::spawn(move || {
                let store = SqliteStore::open(DatabaseName::Api, path.as_ref(), Access::ReadWrite).unwrap();
                let mut won = 0;
                for _ in 0..10 {
                    let row = block_on(store.get(&uuid(1))).unwrap().unwrap();
                    let value: u64 = std::str::from_utf8(&row.spec).unwrap().parse().unwrap();
                    match block_on(store.save(&uuid(1), &row.spec, &(value + 1).to_string())) {
                        Ok(_) => won += 1,
                        Err(StoreError::Conflict { .. } | StoreError::Locked { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
                won
            })
        })
        .collect();
    let won: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    let row = block_on(first.get(&uuid(1))).unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&row.spec).unwrap(), won.to_string(), "an update was lost");
    assert!(won >= 10);
}

#[test]
fn a_reading_session_refuses_to_write() {
    let bench = sqlite("delete");
    let store = bench.filled(&seven(), Access::ReadOnly);
    block_on(async {
        for error in [
            store.create(new_spec("u", "{}")).await.unwrap_err(),
            store.save(&uuid(1), b"{\"a\": 1}", "{}").await.unwrap_err(),
            store.destroy(&uuid(1), b"{\"a\": 1}").await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
        }
        assert_eq!(store.count().await.unwrap(), 7);
    });
}

#[test]
fn plain_queries_answer_and_cannot_write() {
    let bench = sqlite("delete");
    let store = bench.filled(&seven(), Access::ReadWrite);
    block_on(async {
        let sql = "SELECT id, updated_at, ? FROM request_specs WHERE id > ? ORDER BY id";
        let parameters = [SqlValue::Text("p".into()), SqlValue::Integer(1)];
        let rows = store.select(sql, &parameters, 2).await.unwrap();
        let text = |text: &str| SqlValue::Text(text.into());
        assert_eq!(
            rows,
            [
                vec![SqlValue::Integer(2), SqlValue::Null, text("p")],
                vec![SqlValue::Integer(5), text("2026-01-05 00:00:00"), text("p")],
            ]
        );
        for sql in [
            "DELETE FROM request_specs",
            "WITH a AS (SELECT 1) DELETE FROM request_specs",
            "PRAGMA journal_mode=wal",
            "nonsense",
        ] {
            assert!(store.select(sql, &[], 1).await.is_err(), "{sql}");
        }
        assert_eq!(store.count().await.unwrap(), 7);
    });
}

#[test]
fn a_held_row_stays_as_it_is_until_it_is_released() {
    let bench = sqlite("delete");
    let rows = [Row { id: 1, uuid: uuid(1), spec: b"x".to_vec(), created_at: None, updated_at: None }];
    let holder = bench.filled(&rows, Access::ReadWrite);
    let other = SqliteStore::open(DatabaseName::Api, holder.location().as_ref(), Access::ReadWrite).unwrap();
    assert_eq!(holder.identity(), other.identity());
    block_on(async {
        let error = holder.hold(&uuid(1), b"y").await.err().unwrap();
        assert!(matches!(error, StoreError::Conflict { current: Some(_), .. }), "{error:?}");
        let hold = holder.hold(&uuid(1), b"x").await.unwrap();
        let error = other.destroy(&uuid(1), b"x").await.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
        assert_eq!(&*other.get(&uuid(1)).await.unwrap().unwrap().spec, b"x", "a held row cannot be read");
        hold.release();
        other.destroy(&uuid(1), b"x").await.unwrap();
        assert_eq!(holder.get(&uuid(1)).await.unwrap(), None);
    });
}

/// Rows in the thousands, many of the same time.
fn thousands() -> (Vec<Row>, Vec<i64>) {
    const TIMES: [Option<&str>; 5] =
        [Some("2026-01-01"), Some("2026-03-01 00:00:00"), None, Some("2025-12-31"), Some("2026-02-01")];
    let rows: Vec<Row> = (1..=6_500)
        .map(|id| Row {
            id,
            uuid: uuid(id),
            spec: b"{}".to_vec(),
            created_at: TIMES[(id * 7 % 5) as usize],
            updated_at: TIMES[(id * 31 % 13 % 5) as usize].filter(|_| id % 3 == 0),
        })
        .collect();
    let mut order: Vec<(&str, i64)> =
        rows.iter().map(|row| (row.updated_at.or(row.created_at).unwrap_or_default(), row.id)).collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let ids = order.into_iter().map(|(_, id)| id).collect();
    (rows, ids)
}

#[test]
fn long_lists_by_last_update_can_be_walked_both_ways() {
    let bench = sqlite("delete");
    let (rows, expected) = thousands();
    let store = bench.filled(&rows, Access::ReadOnly);
    for limit in [37, 500, 3_000] {
        let mut walked = Vec::new();
        let mut next = page(&*store, SortOrder::Updated, PageFrom::Start, limit);
        while let Some(last) = next.last() {
            let from = PageFrom::After(key(last));
            walked.extend(ids(&next));
            next = page(&*store, SortOrder::Updated, from, limit);
        }
        assert!(walked == expected, "forwards by {limit}");
        let mut walked = Vec::new();
        let mut next = page(&*store, SortOrder::Updated, PageFrom::End, limit);
        while let Some(first) = next.first() {
            let from = PageFrom::Before(key(first));
            walked.splice(0..0, ids(&next));
            next = page(&*store, SortOrder::Updated, from, limit);
        }
        assert!(walked == expected, "backwards by {limit}");
    }
    // To and fro, across the edges of what one pass gives.
    let mut place: usize = 0;
    let mut row = page(&*store, SortOrder::Updated, PageFrom::Start, 1).remove(0);
    for step in [1_990, 9, 5, -6, 40, -100, 3_000, -2_950, 4_000, -5_000_i64] {
        let limit = step.unsigned_abs() as u32;
        if step > 0 {
            let next = page(&*store, SortOrder::Updated, PageFrom::After(key(&row)), limit);
            row = next.last().unwrap().clone();
        } else {
            let next = page(&*store, SortOrder::Updated, PageFrom::Before(key(&row)), limit);
            row = next.first().unwrap().clone();
        }
        place = (place as i64 + step).clamp(0, 6_499) as usize;
        assert_eq!(row.id, expected[place], "after a step of {step}");
        let at = page(&*store, SortOrder::Updated, PageFrom::At(key(&row)), 3);
        assert_eq!(ids(&at), expected[place..(place + 3).min(6_500)]);
    }
}

#[rstest]
fn a_list_by_last_update_is_never_stale(#[values("delete", "wal")] mode: &'static str) {
    let bench = sqlite(mode);
    let (rows, expected) = thousands();
    let store = bench.filled(&rows, Access::ReadWrite);
    let reader = SqliteStore::open(DatabaseName::Api, store.location().as_ref(), Access::ReadOnly).unwrap();
    let sessions: [&dyn SpecStore; 2] = [&*store, &reader];
    let top = |session: &dyn SpecStore| page(session, SortOrder::Updated, PageFrom::Start, 1).remove(0).id;
    for session in sessions {
        assert_eq!(top(session), expected[0]);
    }
    for id in [6_000, 3, 17] {
        block_on(store.save(&uuid(id), b"{}", "{\"new\": 1}")).unwrap();
        for session in sessions {
            assert_eq!(top(session), id);
        }
    }
    block_on(store.destroy(&uuid(17), b"{\"new\": 1}")).unwrap();
    for session in sessions {
        assert_eq!(top(session), 3);
    }
}
