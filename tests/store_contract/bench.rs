//! Databases of each engine, and what an engine cannot hold.

use std::path::PathBuf;
use std::sync::Arc;

use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::{
    self, Access, Address, DatabaseName, Engine, SpecStore, StoreError, StoredSpec, Timeouts,
};
use rusqlite::types::ValueRef;

use crate::support::servers::{Database, Kind, Value};
use crate::support::{Scratch, block_on, uuid};

/// Makes databases of one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bench {
    /// Files of that journal mode.
    Sqlite(&'static str),
    /// Databases on the server that `tests/run` started.
    Server(Kind),
}

/// A row as it is put there, past reqspec.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: i64,
    pub uuid: String,
    pub spec: Vec<u8>,
    pub created_at: Option<&'static str>,
    pub updated_at: Option<&'static str>,
}

impl Row {
    pub fn new(id: i64, spec: &[u8]) -> Self {
        Self { id, uuid: uuid(id), spec: spec.to_vec(), created_at: None, updated_at: None }
    }
}

impl Bench {
    pub fn engine(self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Server(kind) => kind.engine(),
        }
    }

    /// Whether a column `spec` can hold these bytes: nova's MySQL tables take three bytes per
    /// character, PostgreSQL takes any character but NUL, both only what is UTF-8.
    pub fn holds_text(self, text: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return self.engine() == Engine::Sqlite };
        match self.engine() {
            Engine::Sqlite => true,
            Engine::Mysql => {
                text.chars().all(|character| character.len_utf8() < 4)
                    && Some(text.len()) <= self.most_bytes()
            }
            Engine::Postgres => !text.contains('\0'),
        }
    }

    /// Whether its columns of times hold texts that are no times.
    pub fn holds_any_time(self) -> bool {
        self.engine() == Engine::Sqlite
    }

    /// The longest text that is taken, in bytes: MEDIUMTEXT of MySQL has a limit.
    pub fn most_bytes(self) -> Option<usize> {
        (self.engine() == Engine::Mysql).then_some(16_777_215)
    }

    /// Seven rows with gaps in the ids, ties and nulls in the times, and texts of every kind that
    /// the engine can hold.
    pub fn seven(self) -> Vec<Row> {
        let row = |id, spec: &[u8], other: &[u8], created_at, updated_at| Row {
            id,
            uuid: uuid(id),
            spec: if self.holds_text(spec) { spec } else { other }.to_vec(),
            created_at,
            updated_at,
        };
        let time = |any, proper| Some(if self.holds_any_time() { any } else { proper });
        vec![
            row(1, b"{\"a\": 1}", b"", time("2026-01-01 00:00:00.000000", "2026-01-01 00:00:00"), None),
            row(2, b"", b"", None, None),
            row(
                5,
                b"\xff\xfe not UTF-8",
                "\u{fffd} no control: \u{1}".as_bytes(),
                Some("2026-01-03 00:00:00"),
                Some("2026-01-05 00:00:00"),
            ),
            row(9, b"null", b"", None, Some("2026-01-05 00:00:00")),
            row(10, "\u{feff}{}".as_bytes(), b"", time("whenever", "2026-01-06 00:00:00"), None),
            row(40, b"a\0b", b"a\nb\\'\"", Some("2026-01-02 00:00:00"), Some("2026-01-04 00:00:00")),
            row(
                41,
                "{\"emoji\": \"\u{1f600}\"}".as_bytes(),
                "{\"\u{e9}\": \"\u{20ac}\"}".as_bytes(),
                None,
                None,
            ),
        ]
    }

    /// A database without any table.
    pub fn empty(self) -> Db {
        match self {
            Self::Sqlite(_) => {
                let scratch = Scratch::new();
                let path = scratch.path("empty.sqlite");
                std::fs::write(&path, b"").unwrap();
                Db::Sqlite { _scratch: scratch, path }
            }
            Self::Server(kind) => Db::Server(Database::new(kind)),
        }
    }

    /// A database of these rows.
    pub fn filled(self, rows: &[Row]) -> Db {
        let db = match self {
            Self::Sqlite(journal_mode) => {
                let scratch = Scratch::new();
                let path = scratch.database("filled.sqlite", journal_mode);
                Db::Sqlite { _scratch: scratch, path }
            }
            Self::Server(kind) => Db::Server(Database::with_table(kind)),
        };
        db.try_put(rows).unwrap();
        db
    }
}

/// A database of a bench. It goes when this is dropped.
pub enum Db {
    Sqlite { _scratch: Scratch, path: PathBuf },
    Server(Database),
}

impl Db {
    pub fn address(&self) -> Address {
        match self {
            Self::Sqlite { path, .. } => Address::of_path(path),
            Self::Server(database) => database.address(),
        }
    }

    /// A session with it.
    pub fn open(&self, access: Access) -> Arc<dyn SpecStore> {
        open(DatabaseName::Api, &self.address(), access).unwrap()
    }

    /// Put rows there, past reqspec; all or none.
    pub fn try_put(&self, rows: &[Row]) -> Result<(), String> {
        let time = |time: Option<&str>| time.map_or("NULL".to_owned(), |time| format!("'{time}'"));
        let text = |bytes: &[u8]| {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            match self {
                // As text, whatever the bytes are.
                Self::Sqlite { .. } => format!("CAST(x'{hex}' AS TEXT)"),
                Self::Server(database) if database.kind == Kind::Mariadb => {
                    format!("CONVERT(x'{hex}' USING utf8mb4)")
                }
                Self::Server(_) => format!("convert_from('\\x{hex}', 'UTF8')"),
            }
        };
        let values: Vec<String> = rows
            .iter()
            .map(|row| {
                let (created, updated) = (time(row.created_at), time(row.updated_at));
                format!("({created}, {updated}, {}, '{}', {})", row.id, row.uuid, text(&row.spec))
            })
            .collect();
        for some in values.chunks(1_000) {
            let columns = "created_at, updated_at, id, instance_uuid, spec";
            self.try_rows(&format!("INSERT INTO request_specs ({columns}) VALUES {}", some.join(", ")))?;
        }
        if let Self::Server(Database { kind: Kind::Postgres, .. }) = self {
            // Rows with a given id do not move the sequence.
            self.try_rows(
                "SELECT setval('request_specs_id_seq', 1 + coalesce((SELECT max(id) FROM request_specs), 0))",
            )?;
        }
        Ok(())
    }

    /// The rows of a plain query, as text.
    pub fn try_rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, String> {
        match self {
            Self::Sqlite { path, .. } => sqlite_rows(path, sql).map_err(|error| error.to_string()),
            Self::Server(database) => database.session().try_rows(sql),
        }
    }

    /// The same, where no error is expected.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// The first value of the first row.
    pub fn value(&self, sql: &str) -> Value {
        self.rows(sql).into_iter().next()?.into_iter().next()?
    }

    /// The text of an instance's spec, read past reqspec.
    pub fn text(&self, instance_uuid: &str) -> Value {
        self.value(&format!("SELECT spec FROM request_specs WHERE instance_uuid = '{instance_uuid}'"))
    }
}

fn sqlite_rows(path: &std::path::Path, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let connection = rusqlite::Connection::open(path)?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    };
    statement
        .query_map([], |row| (0..columns).map(|column| row.get_ref(column).map(text)).collect())?
        .collect()
}

/// A session with the database at that address.
pub fn open(name: DatabaseName, address: &Address, access: Access) -> Result<Arc<dyn SpecStore>, StoreError> {
    block_on(store::open(name, address, access, Timeouts::default()))
}

/// A page.
pub fn page(store: &dyn SpecStore, order: SortOrder, from: PageFrom, limit: u32) -> Vec<StoredSpec> {
    block_on(store.page(PageRequest { order, from, limit })).unwrap()
}

/// The first rows, by id.
pub fn all(store: &dyn SpecStore) -> Vec<StoredSpec> {
    page(store, SortOrder::Id, PageFrom::Start, 100)
}

pub fn key(row: &StoredSpec) -> PageKey {
    let updated = row.updated_at.as_deref().or(row.created_at.as_deref()).unwrap_or_default();
    PageKey::new(row.id, updated)
}

pub fn ids(rows: &[StoredSpec]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

/// Whether other sessions were in the way; then nothing was written.
pub fn in_the_way(error: &StoreError) -> bool {
    matches!(error, StoreError::Locked { .. } | StoreError::Contended { .. })
}
