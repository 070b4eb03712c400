//! Where a database is: SQLAlchemy URLs as nova.conf and `cell_mappings` write them, and plain
//! paths of SQLite files.
//!
//! A password is never shown: [`masked`] is the only way a URL reaches a message. Real SQLAlchemy
//! judges the reading in `tests/deployment_oracle.rs`.
//!
//! Imports `store::address`, `spec::mask` and `deployment::option_file`; the one file it may read is the option file
//! that a URL names (`read_default_file`).

mod error;
mod mysql;
mod postgres;
mod query;
mod split;
mod sqlite;

use std::path::Path;

use crate::store::Address;
use crate::store::address::Place;

pub use crate::spec::mask::masked;
pub use error::UrlError;
use split::Parts;
pub(super) use split::python_int;

/// An address and what was noticed while reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the database is.
    pub address: Address,
    /// What is left aside or read otherwise than nova would, a sentence each, without passwords.
    pub notices: Vec<String>,
}

/// Read an address: a SQLAlchemy URL, or the plain path of a SQLite file (anything without
/// `://`). As [`read`], without its notices.
///
/// # Errors
/// [`UrlError`]
pub fn parse(text: &str) -> Result<Address, UrlError> {
    Ok(read(text)?.address)
}

/// Read an address: a SQLAlchemy URL, or the plain path of a SQLite file (anything without
/// `://`).
///
/// Engines and drivers: `sqlite`, `mysql` and `mariadb` (with `+pymysql`, `+mysqldb`, `+mysqlconnector` and
/// others), `postgresql` (with `+psycopg2`, `+psycopg` and others). User and password are
/// percent-decoded, a `+` in them is one; a raw `@` in a password is refused. What the drivers would take
/// from the query is taken: see `mysql` and `postgres`.
///
/// # Errors
/// [`UrlError`]
pub fn read(text: &str) -> Result<Found, UrlError> {
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    let shown = masked(text);
    if !text.contains("://") {
        // `mysql//nova:secret@db`: taken for a path, it would show up in messages.
        if !text.starts_with(['/', '.']) && shown != text {
            return Err(UrlError::Unclear { shown });
        }
        return Ok(Found { address: of_path(Path::new(text)), notices: Vec::new() });
    }
    let parts = parts(text, &shown)?;
    let mut notices = Vec::new();
    let place = match engine(&parts, &shown, &mut notices)? {
        Engine::Sqlite => Place::Sqlite(sqlite::path(&parts, &shown, &mut notices)?),
        Engine::Mysql(driver) => Place::Mysql(mysql::server(&parts, driver, &shown, &mut notices)?),
        Engine::Postgres => Place::Postgres(postgres::server(&parts, &shown, &mut notices)?),
    };
    let shown = if let Place::Sqlite(path) = &place { masked(&path.to_string_lossy()) } else { shown };
    Ok(Found { address: Address { place, shown: shown.into() }, notices })
}

/// A URL with further query parameters, as oslo.db appends the option `connection_parameters` of
/// `[api_database]`, and that of `[database]` to the URL of every cell (`oslo_db/sqlalchemy/engines.py`,
/// create_engine; `nova/db/main/api.py`, create_context_manager). What is no URL stays as it is.
pub fn with_parameters(text: &str, parameters: &str) -> String {
    match split::split(text) {
        Some(parts) if !parameters.is_empty() => {
            format!("{text}{}{parameters}", if parts.has_query { '&' } else { '?' })
        }
        _ => text.to_owned(),
    }
}

fn of_path(path: &Path) -> Address {
    Address { place: Place::Sqlite(path.to_owned()), shown: masked(&path.to_string_lossy()).into() }
}

fn parts(text: &str, shown: &str) -> Result<Parts, UrlError> {
    let parts = split::split(text).ok_or_else(|| UrlError::Scheme { shown: shown.to_owned() })?;
    if parts.stray_at && !parts.scheme.to_ascii_lowercase().starts_with("sqlite") {
        return Err(UrlError::RawAt { shown: shown.to_owned() });
    }
    if matches!(parts.port, Some(split::Port::Other)) {
        return Err(UrlError::Port { shown: shown.to_owned() });
    }
    Ok(parts)
}

/// Whether a text is a URL in form, without asking whether anything is there.
pub(super) fn check(text: &str) -> Result<(), UrlError> {
    let shown = masked(text);
    let parts = parts(text, &shown)?;
    engine(&parts, &shown, &mut Vec::new()).map(|_| ())
}

enum Engine {
    Sqlite,
    Mysql(mysql::Driver),
    Postgres,
}

/// The engine and driver of a scheme. SQLAlchemy knows them in lower case only.
fn engine(parts: &Parts, shown: &str, notices: &mut Vec<String>) -> Result<Engine, UrlError> {
    let scheme = parts.scheme.to_ascii_lowercase();
    if scheme != parts.scheme {
        notices.push("the scheme is in capitals: nova would refuse it".to_owned());
    }
    let (engine, driver) = scheme.split_once('+').map_or((scheme.as_str(), None), |(e, d)| (e, Some(d)));
    match (engine, driver) {
        ("sqlite", None | Some("pysqlite" | "aiosqlite")) => Ok(Engine::Sqlite),
        ("mysql" | "mariadb", driver) => match mysql::Driver::of(driver) {
            Some(driver) => Ok(Engine::Mysql(driver)),
            None => Err(UrlError::Unknown { shown: shown.to_owned() }),
        },
        (
            "postgresql",
            None | Some("psycopg2" | "psycopg" | "psycopg2cffi" | "asyncpg" | "psycopg_async" | "pg8000"),
        ) => Ok(Engine::Postgres),
        ("postgres", None) => {
            notices.push("nova wants postgresql:// and refuses postgres://".to_owned());
            Ok(Engine::Postgres)
        }
        _ => Err(UrlError::Unknown { shown: shown.to_owned() }),
    }
}

#[cfg(test)]
mod url_tests;
