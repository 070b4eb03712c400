//! The rows of a file, read with two threads by id range.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use reqspec::query::Matcher;
use reqspec::query::prefilter::Prefilter;
use reqspec::query::record::{Facts, Record, Verdict};
use reqspec::store::{Access, Cancel, DatabaseName, RowRef, RowVisitor, SpecStore, SqliteStore};
use rusqlite::{Connection, OpenFlags};

struct Hits {
    matcher: Matcher,
    found: AtomicUsize,
}

impl RowVisitor for Hits {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let RowRef { id, instance_uuid, spec, created, updated } = row;
        let record = Record { database: "api", id, instance_uuid, spec, created, updated };
        if self.matcher.verdict(&record, Facts::NONE) == Verdict::Yes {
            self.found.fetch_add(1, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}

/// How many hits a session finds.
pub fn count(path: &Path, matcher: Matcher) -> usize {
    let hits = Arc::new(Hits { matcher, found: AtomicUsize::new(0) });
    let store = SqliteStore::open(DatabaseName::Api, path, Access::ReadOnly).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.scan(Prefilter::NONE, hits.clone(), Cancel::default())).unwrap();
    hits.found.load(Ordering::Relaxed)
}

/// F: reads every text, and nothing else; how many bytes they have.
pub fn read_all(path: &Path) -> usize {
    let bytes = AtomicUsize::new(0);
    in_parts(path, |above, until| {
        let connection = connect(path);
        let mut statement =
            connection.prepare("SELECT spec FROM request_specs WHERE id > ? AND id <= ?").unwrap();
        let mut rows = statement.query([above, until]).unwrap();
        let mut read = 0;
        while let Some(row) = rows.next().unwrap() {
            read += row.get_ref(0).unwrap().as_bytes().unwrap().len();
        }
        bytes.fetch_add(read, Ordering::Relaxed);
    });
    bytes.into_inner()
}

fn in_parts(path: &Path, run: impl Fn(i64, i64) + Sync) {
    let sql = "SELECT max(id) FROM request_specs";
    let last: i64 = connect(path).query_row(sql, [], |row| row.get(0)).unwrap();
    let run = &run;
    thread::scope(|scope| {
        for (above, until) in [(0, last / 2), (last / 2, last)] {
            scope.spawn(move || run(above, until));
        }
    });
}

/// Calls `with` in each of two threads with what passes over the thread's rows.
pub fn each_part(path: &Path, with: impl Fn(&dyn Fn(&mut dyn FnMut(&Record<'_>))) + Sync) {
    in_parts(path, |above, until| with(&|visit| pass(path, above, until, visit)));
}

fn pass(path: &Path, above: i64, until: i64, visit: &mut dyn FnMut(&Record<'_>)) {
    let connection = connect(path);
    let sql = "SELECT id, instance_uuid, spec FROM request_specs WHERE id > ? AND id <= ?";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([above, until]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        visit(&Record {
            database: "api",
            id: row.get(0).unwrap(),
            instance_uuid: row.get_ref(1).unwrap().as_str().unwrap(),
            spec: row.get_ref(2).unwrap().as_bytes().unwrap(),
            created: "",
            updated: "",
        });
    }
}

fn connect(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).unwrap();
    connection.pragma_update(None, "mmap_size", 0).unwrap();
    connection
}

/// A row that is kept.
pub struct Row {
    id: i64,
    uuid: String,
    spec: Vec<u8>,
}

impl Row {
    pub fn record(&self) -> Record<'_> {
        Record {
            database: "api",
            id: self.id,
            instance_uuid: &self.uuid,
            spec: &self.spec,
            created: "",
            updated: "",
        }
    }
}

/// The first rows.
pub fn some(path: &Path, count: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    pass(path, 0, count, &mut |record| {
        rows.push(Row { id: record.id, uuid: record.instance_uuid.to_owned(), spec: record.spec.to_vec() });
    });
    rows
}
