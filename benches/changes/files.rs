//! SQLite files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqspec::store::Address;
use rusqlite::Connection;

use crate::rows::Rows;
use crate::{BATCH, Place, Task};

const TABLE: &str = include_str!("../../migrations/cell/sqlite/0001_request_specs.sql");
const NOW: &str = "2026-08-01 12:00:00.000000";

/// A file with the rows, one without, and what is worked on.
pub struct Files {
    title: String,
    folder: PathBuf,
}

impl Files {
    pub fn new(folder: &Path, mode: &str, rows: &Rows) -> Self {
        let files = Self {
            title: format!("SQLite, {}", if mode == "wal" { "WAL" } else { "rollback journal" }),
            folder: folder.join(mode),
        };
        std::fs::create_dir_all(&files.folder).unwrap();
        for (name, filled) in [("full", true), ("empty", false)] {
            let path = files.path(name);
            let _ = std::fs::remove_file(&path);
            let mut connection = Connection::open(path).unwrap();
            connection.pragma_update(None, "journal_mode", mode).unwrap();
            connection.execute_batch(TABLE).unwrap();
            let transaction = connection.transaction().unwrap();
            for spec in rows.list.iter().filter(|_| filled) {
                let sql = "INSERT INTO request_specs (created_at, updated_at, id, instance_uuid, spec) \
                           VALUES (?, ?, ?, ?, ?)";
                let mut insert = transaction.prepare(sql).unwrap();
                insert.execute((NOW, NOW, spec.id, &*spec.uuid, &*spec.before)).unwrap();
            }
            transaction.commit().unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.sqlite"))
    }

    fn open(&self, name: &str) -> Connection {
        let connection = Connection::open(self.path(name)).unwrap();
        connection.execute_batch("PRAGMA synchronous = FULL").unwrap();
        connection
    }
}

impl Place for Files {
    fn title(&self) -> &str {
        &self.title
    }

    fn addresses(&self) -> [Address; 2] {
        ["api", "cell"].map(|name| Address::of_path(&self.path(name)))
    }

    fn reset(&self) {
        for (name, source) in [("api", "full"), ("cell", "empty")] {
            for suffix in ["-wal", "-shm", "-journal"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", self.path(name).display()));
            }
            std::fs::copy(self.path(source), self.path(name)).unwrap();
            std::fs::File::open(self.path(name)).unwrap().sync_all().unwrap();
        }
    }

    fn plain(&self, task: Task, rows: &Rows) -> Duration {
        let began = Instant::now();
        match task {
            Task::Edit => {
                let mut connection = self.open("api");
                for chunk in rows.list.chunks(BATCH) {
                    let transaction = connection.transaction().unwrap();
                    let sql = "UPDATE request_specs SET spec = ?, updated_at = ? WHERE id = ? AND spec = ?";
                    let mut update = transaction.prepare(sql).unwrap();
                    for spec in chunk {
                        let changed = update.execute((&*spec.after, NOW, spec.id, &*spec.before)).unwrap();
                        assert_eq!(changed, 1);
                    }
                    drop(update);
                    transaction.commit().unwrap();
                }
            }
            // The destination is the main database: see docs/ARCHITECTURE.md, invariant 4.
            Task::Move => {
                let mut connection = self.open("cell");
                let api = self.path("api");
                connection.execute("ATTACH ? AS api", [api.to_str().unwrap()]).unwrap();
                connection.execute_batch("PRAGMA api.synchronous = FULL").unwrap();
                let transaction = connection.transaction().unwrap();
                let columns = "created_at, updated_at, instance_uuid, spec";
                let sql = format!(
                    "INSERT INTO main.request_specs ({columns}) SELECT {columns} FROM api.request_specs \
                     WHERE instance_uuid = ? AND spec = ?"
                );
                let mut insert = transaction.prepare(&sql).unwrap();
                let mut delete =
                    transaction.prepare("DELETE FROM api.request_specs WHERE instance_uuid = ?").unwrap();
                for spec in &rows.list {
                    assert_eq!(insert.execute((&*spec.uuid, &*spec.before)).unwrap(), 1);
                    assert_eq!(delete.execute([&*spec.uuid]).unwrap(), 1);
                }
                drop((insert, delete));
                transaction.commit().unwrap();
            }
        }
        began.elapsed()
    }

    fn check(&self, task: Task, rows: &Rows) {
        let (name, text) = if task == Task::Edit { ("api", "az2") } else { ("cell", "az1") };
        let sql = "SELECT count(*) FROM request_specs WHERE spec LIKE ?";
        let found: i64 = self.open(name).query_row(sql, [format!("%\"{text}\"%")], |row| row.get(0)).unwrap();
        assert_eq!(found as usize, rows.list.len());
    }
}
