//! SQLite URLs: three slashes come before a relative path and four before an absolute one.
//!
//! Imports its siblings; does no I/O.

use std::path::PathBuf;

use super::UrlError;
use super::query::{Query, truth};
use super::split::{Parts, unquoted};

/// Options of Python's sqlite3 that change nothing for reqspec.
const IGNORED: &[&str] = &[
    "timeout",
    "check_same_thread",
    "cached_statements",
    "isolation_level",
    "detect_types",
    "mode",
    "cache",
];

/// The file that a URL names (`sqlalchemy/dialects/sqlite/pysqlite.py`, create_connect_args).
pub(super) fn path(parts: &Parts, shown: &str, notices: &mut Vec<String>) -> Result<PathBuf, UrlError> {
    let nothing = || UrlError::NoFile { shown: shown.to_owned() };
    if parts.host.is_some() || parts.user.is_some() || parts.password.is_some() || parts.port.is_some() {
        return Err(nothing());
    }
    let mut query = Query::of(parts);
    let uri = query.take("uri", notices).and_then(truth).unwrap_or(false);
    query.ignore(IGNORED);
    query.finish(notices);
    let name = parts.database.as_deref().filter(|name| *name != ":memory:").ok_or_else(nothing)?;
    match name.strip_prefix("file:") {
        // A URI of SQLite's own: file:/abs/path or file:///abs/path.
        Some(file) if uri => {
            let file = file.strip_prefix("//").unwrap_or(file);
            let file = unquoted(file.split(['?', '#']).next().unwrap_or(file));
            if file.is_empty() || file == ":memory:" { Err(nothing()) } else { Ok(PathBuf::from(file)) }
        }
        _ => Ok(PathBuf::from(name)),
    }
}
