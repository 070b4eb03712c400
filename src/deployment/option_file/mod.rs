//! MySQL's option files (`my.cnf`), which a URL names with `read_default_file` and `read_default_group`.
//!
//! They are read in the way of the driver that the URL names: `pymysql` or `client`. In both, what
//! the URL says wins over the file.
//!
//! Reads files; imports nothing of ours. No error and no Debug holds a value.

mod client;
mod pymysql;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Whose way of reading it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PyMySQL's.
    PyMysql,
    /// That of the C libraries of MySQL and MariaDB.
    Client,
}

/// The options of the groups that were asked for.
#[derive(Clone, Default)]
pub struct Options {
    values: HashMap<String, Option<String>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Options {
    /// The value of an option, by its name with `-`; None where it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_deref().filter(|value| !value.is_empty())
    }

    /// Whether an option is there that needs no value, and does not say no.
    pub fn has(&self, name: &str) -> bool {
        match self.values.get(name) {
            None => false,
            Some(None) => true,
            Some(Some(value)) => !["0", "false", "off", "no"].contains(&value.to_ascii_lowercase().as_str()),
        }
    }
}

/// Why an option file cannot be used. No message holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionFileError {
    /// Reading failed.
    #[error("the option file {path} cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's words, and what to do.
        reason: String,
    },
    /// A line that the driver would not take.
    #[error("the option file {path}, line {line}: {reason}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Read the option file that a URL names, or the usual ones where it names only a group. A file that
/// is not there is noticed, as the drivers pass it over.
///
/// # Errors
/// [`OptionFileError`]
pub fn read(
    file: Option<&str>,
    group: Option<&str>,
    dialect: Dialect,
    notices: &mut Vec<String>,
) -> Result<Options, OptionFileError> {
    let usual: &[&str] = match (file, dialect) {
        (Some(_), _) => &[],
        (None, Dialect::PyMysql) => &["/etc/my.cnf"],
        (None, Dialect::Client) => &["/etc/my.cnf", "/etc/mysql/my.cnf", "~/.my.cnf"],
    };
    let mut options = Options::default();
    for path in file.iter().chain(usual).map(|path| expanded(path)) {
        let Some(text) = text(&path)? else {
            if file.is_some() {
                notices.push(format!("the option file {} is not there and is passed over", path.display()));
            }
            continue;
        };
        match dialect {
            Dialect::PyMysql => pymysql::read(&path, &text, group.unwrap_or("client"), &mut options.values)?,
            Dialect::Client => client::read(&path, &text, group, &mut options.values)?,
        }
    }
    Ok(options)
}

/// `~` is the home directory.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The text of a file; None where it is not there.
fn text(path: &Path) -> Result<Option<String>, OptionFileError> {
    let unreadable =
        |reason: &str| OptionFileError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| unreadable("it is not text in UTF-8")),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Ok(None),
            ErrorKind::PermissionDenied => Err(unreadable(
                "permission denied; run reqspec as a user who may read it, or write what it says into the URL",
            )),
            ErrorKind::IsADirectory => Err(unreadable("it is a directory")),
            _ => Err(unreadable(&error.to_string())),
        },
    }
}

/// One matching pair of quotes less.
fn without_quotes(value: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod option_file_tests;
