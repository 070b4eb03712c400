//! What the tests of stores and changes share: scratch directories with SQLite databases, and a
//! runtime of one thread.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

pub mod servers;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqspec::change::{Journal, Record, Who};
use reqspec::store::{Access, DatabaseName, SpecStore, SqliteStore, Stores};
use rusqlite::Connection;
use tempfile::TempDir;

/// The statements that make nova's table.
pub const TABLE: &str = include_str!("../../migrations/cell/sqlite/0001_request_specs.sql");

/// A directory that goes when the test does.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn directory(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An empty table request_specs in a database of that journal mode.
    pub fn database(&self, name: &str, journal_mode: &str) -> PathBuf {
        let path = self.path(name);
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
        connection.execute_batch(TABLE).unwrap();
        path
    }
}

/// Run a future as the program does at worst: with one thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The UUID of a numbered instance; its first digits tell the number.
pub fn uuid(number: i64) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

/// A spec that real nova wrote and loads, of the instance with that UUID.
pub fn spec(uuid: &str) -> String {
    include_str!("spec.json").replace("3ba1be6a-959f-4f8e-b851-632ac19fde8a", uuid)
}

/// The same with another zone.
pub fn spec_in_zone(uuid: &str, zone: &str) -> String {
    spec(uuid).replace("\"availability_zone\": null", &format!("\"availability_zone\": \"{zone}\""))
}

/// A deployment of an API database and two cells, each with an empty table.
pub struct Cloud {
    pub scratch: Scratch,
}

impl Cloud {
    pub fn new() -> Self {
        let scratch = Scratch::new();
        for name in ["api", "c1", "c2"] {
            scratch.database(&format!("{name}.sqlite"), "delete");
        }
        Self { scratch }
    }

    pub fn path(&self, database: &str) -> PathBuf {
        self.scratch.path(&format!("{database}.sqlite"))
    }

    pub fn connection(&self, database: &str) -> Connection {
        let connection = Connection::open(self.path(database)).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection
    }

    pub fn put(&self, database: &str, uuid: &str, spec: &[u8]) {
        let sql = "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) \
                   VALUES ('2026-01-01 00:00:00.000000', '2026-01-02 00:00:00', ?, CAST(? AS TEXT))";
        self.connection(database).execute(sql, (uuid, spec)).unwrap();
    }

    pub fn replace(&self, database: &str, uuid: &str, spec: &[u8]) {
        let sql = "UPDATE request_specs SET spec = CAST(? AS TEXT) WHERE instance_uuid = ?";
        assert_eq!(self.connection(database).execute(sql, (spec, uuid)).unwrap(), 1);
    }

    pub fn delete(&self, database: &str, uuid: &str) {
        let sql = "DELETE FROM request_specs WHERE instance_uuid = ?";
        assert_eq!(self.connection(database).execute(sql, [uuid]).unwrap(), 1);
    }

    /// The text of an instance's spec in a database.
    pub fn text(&self, database: &str, uuid: &str) -> Option<String> {
        let sql = "SELECT spec FROM request_specs WHERE instance_uuid = ?";
        let text = self.connection(database).query_row(sql, [uuid], |row| row.get(0));
        text.map(Some)
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(None),
                other => Err(other),
            })
            .unwrap()
    }

    pub fn stores(&self, access: Access) -> Stores {
        ["api", "c1", "c2"]
            .into_iter()
            .map(|name| {
                let store = SqliteStore::open(database(name), &self.path(name), access).unwrap();
                Arc::new(store) as Arc<dyn SpecStore>
            })
            .collect()
    }
}

/// A journal that is gone with the test.
pub fn record() -> Record {
    let who = Who { operator: "test".into(), host: "here".into() };
    Record::new(Journal::in_memory().unwrap(), who, None)
}

pub fn database(name: &str) -> DatabaseName {
    if name == "api" { DatabaseName::Api } else { DatabaseName::cell(name) }
}
