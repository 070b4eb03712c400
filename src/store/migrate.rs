//! Our migrations: `migrations/{api,cell}/ENGINE/NNNN_name.sql`, embedded, applied in order, each
//! in one transaction with its record in the table `reqspec_migrations`.
//!
//! A `request_specs` that is there already, made by nova's own migrations (in the API database) or
//! by a nova that has the blueprint (in a cell), is *adopted*: its columns are checked and nothing
//! is written to that database at all, not even our bookkeeping. What an engine finds is judged
//! here (`assess`), whatever the engine. Imports the engines.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::address::Place;
use super::{Address, DatabaseName, Engine, StoreError, Timeouts};
use super::{mysql, postgres, sqlite};

/// Our bookkeeping table.
pub(super) const BOOKKEEPING: &str = "CREATE TABLE IF NOT EXISTS reqspec_migrations (
    kind VARCHAR(8) NOT NULL,
    version INTEGER NOT NULL,
    name VARCHAR(128) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    applied_at DATETIME NOT NULL,
    PRIMARY KEY (kind, version)
)";

/// The columns that `request_specs` must have (nova/db/api/models.py, RequestSpec).
const COLUMNS: [&str; 5] = ["created_at", "updated_at", "id", "instance_uuid", "spec"];

/// Which of our migrations a database gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Those of the API database.
    Api,
    /// Those of a cell's database.
    Cell,
}

impl Kind {
    /// The kind of that database.
    pub fn of(database: &DatabaseName) -> Self {
        match database {
            DatabaseName::Api => Self::Api,
            DatabaseName::Cell(_) => Self::Cell,
        }
    }

    /// As recorded: `api`, `cell`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Cell => "cell",
        }
    }
}

/// One of our migrations, as embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its number, from 1.
    pub version: i64,
    /// Its name, `0001_request_specs`.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
    /// It makes the table request_specs, so it is not applied where that is there already.
    pub makes_table: bool,
}

impl Migration {
    /// SHA-256 of the statements, in hexadecimal.
    pub fn checksum(&self) -> String {
        Sha256::digest(self.sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

macro_rules! migration {
    ($version:literal, $kind:literal, $engine:literal, $name:literal, $makes_table:literal) => {
        Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $kind, "/", $engine, "/", $name, ".sql")),
            makes_table: $makes_table,
        }
    };
}

/// Our migrations of databases of that engine and kind, in order.
pub fn migrations(engine: Engine, kind: Kind) -> &'static [Migration] {
    macro_rules! all {
        ($kind:literal, $engine:literal) => {
            &[migration!(1, $kind, $engine, "0001_request_specs", true)]
        };
    }
    match (engine, kind) {
        (Engine::Sqlite, Kind::Api) => all!("api", "sqlite"),
        (Engine::Sqlite, Kind::Cell) => all!("cell", "sqlite"),
        (Engine::Mysql, Kind::Api) => all!("api", "mysql"),
        (Engine::Mysql, Kind::Cell) => all!("cell", "mysql"),
        (Engine::Postgres, Kind::Api) => all!("api", "postgres"),
        (Engine::Postgres, Kind::Cell) => all!("cell", "postgres"),
    }
}

/// A migration that a database's bookkeeping lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// SHA-256 of its statements when it was applied.
    pub checksum: String,
    /// When, naive UTC.
    pub applied_at: String,
}

/// How a database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All our migrations are applied.
    Current,
    /// The table is there and not ours: nova's own migrations made it. Left untouched.
    Adopted,
    /// Something is to be applied: `reqspec db sync` does.
    Pending,
    /// Not to be touched: why, and what to do next.
    Refused(String),
}

/// State of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which database.
    pub database: DatabaseName,
    /// Its path or masked URL.
    pub location: Arc<str>,
    /// How it stands.
    pub state: State,
    /// What its bookkeeping lists, in order.
    pub applied: Vec<Applied>,
    /// What `sync` would apply, in order.
    pub pending: Vec<Migration>,
}

/// What `sync` did to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it stands now.
    pub status: Status,
    /// What was applied by this call, in order; empty where there was nothing to do.
    pub applied_now: Vec<Migration>,
}

/// How the database at that address stands. Changes nothing.
///
/// # Errors
/// [`StoreError`] where the database cannot be asked; a database that must not be touched is a
/// [`State::Refused`] instead.
pub async fn status(
    database: &DatabaseName,
    address: &Address,
    timeouts: Timeouts,
) -> Result<Status, StoreError> {
    let (name, shown) = (database.clone(), &address.shown);
    match &address.place {
        Place::Sqlite(path) => sqlite::migrate::status(name, path.clone()).await,
        Place::Mysql(server) => mysql::migrate::status(name, server, shown, timeouts).await,
        Place::Postgres(server) => postgres::status(name, server, shown, timeouts).await,
    }
}

/// Apply what is pending to the database at that address, which must exist (an empty SQLite file is
/// an empty database). Two at once are safe: the second finds nothing to do.
///
/// # Errors
/// [`StoreError::Failed`] with the reason of a [`State::Refused`]; any other where the database
/// cannot be asked or written. In each case nothing was changed.
pub async fn sync(
    database: &DatabaseName,
    address: &Address,
    timeouts: Timeouts,
) -> Result<Report, StoreError> {
    let (name, shown) = (database.clone(), &address.shown);
    match &address.place {
        Place::Sqlite(path) => sqlite::migrate::sync(name, path.clone()).await,
        Place::Mysql(server) => mysql::migrate::sync(name, server, shown, timeouts).await,
        Place::Postgres(server) => postgres::sync(name, server, shown, timeouts).await,
    }
}

/// What an engine found in a database.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The columns of `request_specs`; None where there is no such table.
    pub columns: Option<Vec<String>>,
    /// The bookkeeping of this kind, by version; empty where there is none.
    pub applied: Vec<Applied>,
}

/// Judge what was found: the state, and what is pending.
pub(super) fn assess(known: &'static [Migration], found: &Found) -> (State, Vec<Migration>) {
    if let Some(columns) = &found.columns {
        let missing: Vec<&str> = COLUMNS
            .into_iter()
            .filter(|wanted| !columns.iter().any(|column| column.eq_ignore_ascii_case(wanted)))
            .collect();
        if !missing.is_empty() {
            let reason = format!(
                "its table request_specs lacks {} {}: it is not nova's, so it is left alone. \
                 Check that this is the database you meant",
                if missing.len() == 1 { "the column" } else { "the columns" },
                missing.join(", ")
            );
            return (State::Refused(reason), Vec::new());
        }
    }
    for applied in &found.applied {
        let Some(migration) = known.iter().find(|migration| migration.version == applied.version) else {
            let reason = format!("migration {} was applied by a newer reqspec; use that one", applied.name);
            return (State::Refused(reason), Vec::new());
        };
        if migration.checksum() != applied.checksum {
            let reason = format!(
                "migration {} was applied with other statements (checksum {}, here {}): the database may \
                 differ from what this reqspec expects. Use the reqspec that applied it, or compare the \
                 schema with migrations/ by hand",
                applied.name,
                applied.checksum.get(..12).unwrap_or(&applied.checksum),
                &migration.checksum()[..12],
            );
            return (State::Refused(reason), Vec::new());
        }
    }
    let has_table = found.columns.is_some();
    let pending: Vec<Migration> = known
        .iter()
        .filter(|migration| {
            if migration.makes_table {
                // By the table itself: where someone dropped it, it is made again.
                !has_table
            } else {
                !found.applied.iter().any(|applied| applied.version == migration.version)
            }
        })
        .copied()
        .collect();
    let state = if !pending.is_empty() {
        State::Pending
    } else if found.applied.is_empty() {
        State::Adopted
    } else {
        State::Current
    };
    (state, pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(checksum: &str) -> Applied {
        Applied {
            version: 1,
            name: "0001_request_specs".into(),
            checksum: checksum.into(),
            applied_at: "2026-01-01 00:00:00.000000".into(),
        }
    }

    fn columns(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn embedded_migrations_are_numbered_as_their_files() {
        for engine in [Engine::Sqlite, Engine::Mysql, Engine::Postgres] {
            for kind in [Kind::Api, Kind::Cell] {
                for (index, migration) in migrations(engine, kind).iter().enumerate() {
                    assert_eq!(migration.version, index as i64 + 1);
                    assert!(migration.name.starts_with(&format!("{:04}_", migration.version)));
                    assert_eq!(migration.checksum().len(), 64);
                }
            }
        }
    }

    #[test]
    fn what_is_found_decides() {
        let known = migrations(Engine::Sqlite, Kind::Cell);
        let ours = applied(&known[0].checksum());
        let cases: Vec<(Found, State, usize)> = vec![
            (Found::default(), State::Pending, 1),
            (Found { columns: columns(&COLUMNS), applied: vec![] }, State::Adopted, 0),
            (Found { columns: columns(&COLUMNS), applied: vec![ours.clone()] }, State::Current, 0),
            (Found { columns: None, applied: vec![ours] }, State::Pending, 1),
        ];
        for (found, state, pending) in cases {
            let (judged, left) = assess(known, &found);
            assert_eq!((judged, left.len()), (state, pending), "{found:?}");
        }
    }

    #[test]
    fn foreign_tables_and_changed_migrations_are_refused() {
        let known = migrations(Engine::Sqlite, Kind::Api);
        let refusal = |found: Found| match assess(known, &found) {
            (State::Refused(reason), pending) if pending.is_empty() => reason,
            other => panic!("{other:?}"),
        };
        let reason = refusal(Found { columns: columns(&["id", "spec"]), applied: vec![] });
        assert!(reason.contains("lacks the columns created_at, updated_at, instance_uuid"), "{reason}");
        let reason = refusal(Found { columns: columns(&COLUMNS), applied: vec![applied("0000")] });
        assert!(reason.contains("other statements"), "{reason}");
        let newer = Applied { version: 9, name: "0009_more".into(), ..applied("0000") };
        let reason = refusal(Found { columns: columns(&COLUMNS), applied: vec![newer] });
        assert!(reason.contains("newer reqspec"), "{reason}");
    }
}
