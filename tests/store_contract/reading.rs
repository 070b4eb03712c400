//! What is read is what is stored, in the order that is asked for.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::{
    Access, Cancel, DatabaseName, Engine, NewSpec, RowRef, RowVisitor, SpecStore, SqlValue, StoreError,
    TableState,
};

use crate::bench::{Bench, Row, all, ids, key, open, page};
use crate::support::{block_on, uuid};

promises!(
    rows_come_out_as_they_were_stored,
    pages_go_both_ways_in_both_orders,
    rows_are_found_by_instance,
    a_database_without_the_table_says_so,
    a_scan_passes_each_row_once,
    a_scan_can_be_stopped,
    plain_queries_answer_and_cannot_write,
    long_lists_by_last_update_can_be_walked_both_ways,
    a_list_by_last_update_is_never_stale,
);

fn rows_come_out_as_they_were_stored(bench: Bench) {
    let db = bench.filled(&bench.seven());
    let store = db.open(Access::ReadOnly);
    let rows = all(&*store);
    for (stored, made) in rows.iter().zip(bench.seven()) {
        assert_eq!(stored.id, made.id);
        assert_eq!(*stored.instance_uuid, *made.uuid);
        assert_eq!(*stored.spec, *made.spec);
        assert_eq!(stored.created_at.as_deref(), made.created_at);
        assert_eq!(stored.updated_at.as_deref(), made.updated_at);
    }
    assert_eq!(rows.len(), 7);
    assert!(!store.is_writable());
    assert_eq!(store.name(), &DatabaseName::Api);
    assert_eq!(store.engine(), bench.engine());
    assert_eq!(store.location(), &*db.address().shown);
}

fn pages_go_both_ways_in_both_orders(bench: Bench) {
    let db = bench.filled(&bench.seven());
    let store = db.open(Access::ReadOnly);
    for (order, expected) in
        [(SortOrder::Id, [1, 2, 5, 9, 10, 40, 41]), (SortOrder::Updated, [10, 9, 5, 40, 1, 41, 2])]
    {
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
        let gone = PageKey::new(7, "2026-01-04 12:00:00");
        let next = page(&*store, order, PageFrom::At(gone), 1);
        assert_eq!(ids(&next), [if order == SortOrder::Id { 9 } else { 40 }]);
    }
}

fn rows_are_found_by_instance(bench: Bench) {
    let db = bench.filled(&bench.seven());
    let store = db.open(Access::ReadOnly);
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
        assert_eq!(ids(&store.find_prefix("", 3).await.unwrap()), [1, 2, 5]);
        for nothing in ["%", "_", "0_", "\\", "0000000%", "'"] {
            assert_eq!(store.find_prefix(nothing, 3).await.unwrap(), [], "{nothing}");
        }
        assert_eq!(store.count().await.unwrap(), 7);
        assert_eq!(store.table_state().await.unwrap(), TableState::Present);
    });
}

fn a_database_without_the_table_says_so(bench: Bench) {
    let db = bench.empty();
    let store = open(DatabaseName::cell("c1"), &db.address(), Access::ReadWrite).unwrap();
    block_on(async {
        assert_eq!(store.table_state().await.unwrap(), TableState::Missing);
        assert_eq!(store.probe().await.unwrap().table, TableState::Missing);
        let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 1 };
        let new = NewSpec {
            instance_uuid: Arc::from("x"),
            spec: Arc::from("{}"),
            created_at: None,
            updated_at: None,
        };
        let some: Vec<Arc<str>> = vec![Arc::from("x")];
        let place = PageKey::new(1, "");
        let answers = [
            store.page(request.clone()).await.err(),
            store.page(PageRequest { order: SortOrder::Updated, ..request }).await.err(),
            store.count().await.err(),
            store.rank(SortOrder::Updated, place).await.err(),
            store.get("x").await.err(),
            store.get_many(&some).await.err(),
            store.find_prefix("x", 1).await.err(),
            store.scan(Prefilter::NONE, Arc::new(Collect::default()), Cancel::default()).await.err(),
            store.create(new).await.err(),
            store.save("x", b"", "{}").await.err(),
            store.destroy("x", b"").await.err(),
            store.hold("x", b"").await.err(),
        ];
        for (index, answer) in answers.into_iter().enumerate() {
            let error = answer.unwrap();
            assert!(matches!(error, StoreError::NoTable { .. }), "{index}: {error:?}");
            assert_eq!(error.to_string(), "c1: no table request_specs; `reqspec db sync` adds it");
        }
    });
}

/// instance_uuid, spec, updated.
type Visited = (String, Vec<u8>, String);

#[derive(Default)]
pub struct Collect {
    rows: Mutex<BTreeMap<i64, Visited>>,
    order: Mutex<Vec<i64>>,
    reported: AtomicU64,
    stop_at: Option<u64>,
    seen: AtomicU64,
}

impl Collect {
    /// Of a row that came.
    pub fn uuid_and_spec(&self, id: i64) -> (String, Vec<u8>) {
        let rows = self.rows.lock().unwrap();
        (rows[&id].0.clone(), rows[&id].1.clone())
    }
}

impl RowVisitor for Collect {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let copy = (row.instance_uuid.to_owned(), row.spec.to_vec(), row.updated.to_owned());
        assert!(self.rows.lock().unwrap().insert(row.id, copy).is_none(), "row {} came twice", row.id);
        self.order.lock().unwrap().push(row.id);
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if Some(seen) == self.stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&self, rows: u64) {
        self.reported.fetch_add(rows, Ordering::SeqCst);
    }
}

fn a_scan_passes_each_row_once(bench: Bench) {
    let db = bench.filled(&bench.seven());
    let store = db.open(Access::ReadOnly);
    let visitor = Arc::new(Collect::default());
    let passed = block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap();
    assert_eq!((passed, visitor.reported.load(Ordering::SeqCst)), (7, 7));
    let rows = visitor.rows.lock().unwrap();
    for made in bench.seven() {
        let updated = made.updated_at.or(made.created_at).unwrap_or_default();
        assert_eq!(rows[&made.id], (made.uuid, made.spec, updated.to_owned()));
    }
}

fn a_scan_can_be_stopped(bench: Bench) {
    let rows: Vec<Row> = (1..=20_000).map(|id| Row::new(id, b"{}")).collect();
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    let visitor = Arc::new(Collect { stop_at: Some(100), ..Collect::default() });
    block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap();
    let seen = visitor.seen.load(Ordering::SeqCst);
    // The other parts may be in the midst of a row.
    assert!((100..=102).contains(&seen), "{seen}");
    let cancel = Cancel::default();
    cancel.cancel();
    let visitor = Arc::new(Collect::default());
    assert_eq!(block_on(store.scan(Prefilter::NONE, visitor.clone(), cancel)).unwrap(), 0);
    assert_eq!(visitor.seen.load(Ordering::SeqCst), 0);
    let visitor = Arc::new(Collect::default());
    assert_eq!(block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap(), 20_000);
    assert_eq!(visitor.reported.load(Ordering::SeqCst), 20_000);
    if bench.engine() != Engine::Sqlite {
        assert!(visitor.order.lock().unwrap().is_sorted(), "one stream, by id");
    }
}

fn plain_queries_answer_and_cannot_write(bench: Bench) {
    let db = bench.filled(&bench.seven());
    for access in [Access::ReadWrite, Access::ReadOnly] {
        let store = db.open(access);
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
            let found = [SqlValue::Text(uuid(9)), SqlValue::Null];
            let sql = "SELECT id FROM request_specs WHERE instance_uuid = ? OR spec = ?";
            assert_eq!(store.select(sql, &found, 9).await.unwrap(), [vec![SqlValue::Integer(9)]]);
            assert_eq!(store.select("SELECT 1.5e0", &[], 9).await.unwrap(), [vec![SqlValue::Real(1.5)]]);
            assert_eq!(store.select("SELECT id FROM request_specs", &[], 0).await.unwrap().len(), 0);
            for sql in [
                "DELETE FROM request_specs",
                "UPDATE request_specs SET spec = ''",
                "INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', '')",
                "WITH a AS (SELECT 1) DELETE FROM request_specs",
                "CREATE TABLE t (id INTEGER)",
                "DROP TABLE request_specs",
                "nonsense",
            ] {
                let error = store.select(sql, &[], 1).await.expect_err(sql);
                // The server itself says no, and what it says is understood.
                if bench.engine() != Engine::Sqlite && sql.starts_with("DELETE") {
                    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
                }
            }
            assert_eq!(store.count().await.unwrap(), 7);
        });
    }
    let made = "SELECT count(*) FROM request_specs WHERE spec <> '' OR id = 2";
    assert_eq!(db.value(made).as_deref(), Some("7"));
}

/// Rows in the thousands, many of the same time, and their ids by last update.
fn thousands() -> (Vec<Row>, Vec<i64>) {
    const TIMES: [Option<&str>; 5] = [
        Some("2026-01-01 00:00:00"),
        Some("2026-03-01 00:00:00"),
        None,
        Some("2025-12-31 23:59:59"),
        Some("2026-02-01 00:00:00"),
    ];
    let rows: Vec<Row> = (1..=6_500)
        .map(|id| Row {
            created_at: TIMES[(id * 7 % 5) as usize],
            updated_at: TIMES[(id * 31 % 13 % 5) as usize].filter(|_| id % 3 == 0),
            ..Row::new(id, b"{}")
        })
        .collect();
    let mut order: Vec<(&str, i64)> =
        rows.iter().map(|row| (row.updated_at.or(row.created_at).unwrap_or_default(), row.id)).collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let ids = order.into_iter().map(|(_, id)| id).collect();
    (rows, ids)
}

fn long_lists_by_last_update_can_be_walked_both_ways(bench: Bench) {
    let (rows, expected) = thousands();
    let db = bench.filled(&rows);
    let store = db.open(Access::ReadOnly);
    for limit in [137, 500, 3_000] {
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

fn a_list_by_last_update_is_never_stale(bench: Bench) {
    let (rows, expected) = thousands();
    let db = bench.filled(&rows);
    let (store, reader) = (db.open(Access::ReadWrite), db.open(Access::ReadOnly));
    let top = |session: &dyn SpecStore| page(session, SortOrder::Updated, PageFrom::Start, 1).remove(0).id;
    for session in [&store, &reader] {
        assert_eq!(top(&**session), expected[0]);
    }
    let mut before = 0;
    for id in [6_000, 3, 17] {
        if bench.engine() == Engine::Mysql {
            // Its columns of times hold whole seconds, and of two rows of one the larger id is first.
            std::thread::sleep(std::time::Duration::from_millis(if id < before { 1_100 } else { 0 }));
        }
        before = id;
        block_on(store.save(&uuid(id), b"{}", "{\"new\": 1}")).unwrap();
        for session in [&store, &reader] {
            assert_eq!(top(&**session), id);
        }
    }
    block_on(store.destroy(&uuid(17), b"{\"new\": 1}")).unwrap();
    for session in [&store, &reader] {
        assert_eq!(top(&**session), 3);
    }
}
