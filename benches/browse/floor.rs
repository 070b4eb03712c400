//! What the database alone needs: the plain read of all texts, and where rows are.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

pub struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    pub fn open(path: &Path) -> Self {
        Self { path: path.to_owned(), connection: connect(path, false) }
    }

    pub fn count(&self) -> i64 {
        self.connection.query_row("SELECT max(id) FROM request_specs", [], |row| row.get(0)).unwrap()
    }

    /// The uuid of the row at that position in the order of `id` (ids are dense here).
    pub fn uuid(&self, position: i64) -> String {
        let sql = "SELECT instance_uuid FROM request_specs WHERE id = ?";
        self.connection.query_row(sql, [position + 1], |row| row.get(0)).unwrap()
    }

    /// The first eight characters of consecutive rows' uuids, as the panes show them.
    pub fn short_uuids(&self, from: i64, count: i64) -> Vec<String> {
        (from..from + count).map(|position| self.uuid(position)[..8].to_owned()).collect()
    }

    /// F: reads every text with two threads by id range.
    pub fn read_all(&self, mapped: bool) -> Duration {
        let last = self.count();
        let path = &self.path;
        let began = Instant::now();
        thread::scope(|scope| {
            for range in [(0, last / 2), (last / 2, last)] {
                scope.spawn(move || {
                    let connection = connect(path, mapped);
                    let sql = "SELECT spec FROM request_specs WHERE id > ? AND id <= ?";
                    let mut statement = connection.prepare(sql).unwrap();
                    let mut rows = statement.query([range.0, range.1]).unwrap();
                    let mut bytes = 0;
                    while let Some(row) = rows.next().unwrap() {
                        bytes += row.get_ref(0).unwrap().as_bytes().unwrap().len();
                    }
                    std::hint::black_box(bytes);
                });
            }
        });
        began.elapsed()
    }
}

fn connect(path: &Path, mapped: bool) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).unwrap();
    let size: i64 = if mapped { 1 << 40 } else { 0 };
    connection.pragma_update(None, "mmap_size", size).unwrap();
    connection
}

/// Whether the foot of the left pane counts hits: "312,000 of 1,000,000 · 1,204 hits" under way,
/// "1,204 hits" when the search has passed over every row. The right one and the query bar have
/// figures of their own.
pub fn shows_hits(screen: &str, settled: bool) -> bool {
    let feet = screen.lines().filter(|line| line.starts_with('└')).filter_map(|line| line.split('┘').next());
    feet.into_iter().any(|foot| {
        foot.match_indices(" hit").any(|(at, _)| {
            let before = foot[..at].trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == ',');
            let counted = before.len() < at && !foot[before.len()..at].starts_with('0');
            counted && !(settled && before.ends_with("· "))
        })
    })
}
