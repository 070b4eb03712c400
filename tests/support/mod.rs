//! What the tests of stores and changes share: scratch directories with SQLite databases, and a
//! runtime of one thread.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::future::Future;
use std::path::{Path, PathBuf};

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
