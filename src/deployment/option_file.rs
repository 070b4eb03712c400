//! MySQL's option files (`my.cnf`), which a URL names with `read_default_file` and `read_default_group`.
//!
//! They are read in the way of the driver that the URL names. **PyMySQL** (`pymysql/optionfile.py`, over
//! Python's RawConfigParser) reads one group, `client` unless another is named; quotes around a value are
//! taken off, escapes are none, `#` and `;` begin comments only at the start of a line, a line that
//! begins with a space continues the value before it, and an option that is given twice is an error.
//! **libmysqlclient** reads `client` and the group named; values have escapes (`\s` is a space), a `#` begins
//! a comment anywhere outside quotes, `!include` and `!includedir` read further files, and the last value
//! wins. In both `_` and `-` are the same in names, and what the URL says wins over the file.
//!
//! Reads files; imports nothing of ours. No error and no Debug holds a value.

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

/// Files that include one another are followed so deep, as MySQL does.
const DEPTH: usize = 10;

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
    let mut reader = Reader::new(group, dialect);
    match file {
        Some(file) => {
            let path = expanded(file);
            if !reader.file(&path, 0)? {
                notices.push(format!("the option file {} is not there and is passed over", path.display()));
            }
        }
        None => {
            let usual: &[&str] = match dialect {
                Dialect::PyMysql => &["/etc/my.cnf"],
                Dialect::Client => &["/etc/my.cnf", "/etc/mysql/my.cnf", "~/.my.cnf"],
            };
            for path in usual {
                reader.file(&expanded(path), 0)?;
            }
        }
    }
    Ok(Options { values: reader.values })
}

/// `~` is the home directory.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

struct Reader {
    dialect: Dialect,
    groups: Vec<String>,
    values: HashMap<String, Option<String>>,
}

/// Where in a file the reader is.
struct Place<'p> {
    path: &'p Path,
    directory: &'p Path,
    depth: usize,
    /// Whether its group is one of those asked for; None before the first.
    wanted: Option<bool>,
    /// Names of the group so far, to tell one that is given twice.
    seen: Vec<(String, String)>,
    group: String,
    /// The option that a line beginning with a space continues.
    open: Option<String>,
}

impl Reader {
    fn new(group: Option<&str>, dialect: Dialect) -> Self {
        let groups = match (group, dialect) {
            (None, _) => vec!["client".to_owned()],
            (Some(group), Dialect::PyMysql) => vec![group.to_owned()],
            (Some(group), Dialect::Client) => vec!["client".to_owned(), group.to_owned()],
        };
        Self { dialect, groups, values: HashMap::new() }
    }

    /// Read a file; false where it is not there.
    fn file(&mut self, path: &Path, depth: usize) -> Result<bool, OptionFileError> {
        let unreadable = |reason: String| OptionFileError::Unreadable { path: path.to_owned(), reason };
        let text = match fs::read(path) {
            Ok(bytes) => {
                String::from_utf8(bytes).map_err(|_| unreadable("it is not text in UTF-8".to_owned()))?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(unreadable(
                    "permission denied; run reqspec as a user who may, or write what it says into the URL"
                        .to_owned(),
                ));
            }
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut place = Place {
            path,
            directory,
            depth,
            wanted: None,
            seen: Vec::new(),
            group: String::new(),
            open: None,
        };
        for (at, line) in text.lines().enumerate() {
            let result = match self.dialect {
                Dialect::PyMysql => self.pymysql_line(&mut place, line),
                Dialect::Client => self.client_line(&mut place, line)?,
            };
            result.map_err(|reason| OptionFileError::Syntax {
                path: path.to_owned(),
                line: at + 1,
                reason,
            })?;
        }
        Ok(true)
    }

    /// A line as Python's RawConfigParser takes it.
    fn pymysql_line(&mut self, place: &mut Place<'_>, line: &str) -> Result<(), &'static str> {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            // An empty line is part of a value that goes on after it; no option that is read here has
            // such a value.
            return Ok(());
        }
        if line.starts_with(char::is_whitespace)
            && let Some(name) = &place.open
        {
            if place.wanted == Some(true) {
                let value = self.values.entry(name.clone()).or_default();
                let so_far = value.take().unwrap_or_default();
                *value = Some(format!("{so_far}\n{trimmed}"));
            }
            return Ok(());
        }
        place.open = None;
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|end| &rest[..end]))
        {
            if name.is_empty() {
                return Err("a group without a name");
            }
            place.wanted = Some(self.groups.iter().any(|group| group == name));
            place.group = name.to_owned();
            return Ok(());
        }
        let Some(wanted) = place.wanted else {
            return Err("an option before the first [group] (PyMySQL does not know !include)");
        };
        let (name, value) = match trimmed.split_once(['=', ':']) {
            Some((name, value)) => (name, Some(value.trim())),
            None => (trimmed, None),
        };
        let name = normalised(name.trim());
        if name.is_empty() {
            return Err("a value without an option's name");
        }
        let key = (place.group.clone(), name.clone());
        if place.seen.contains(&key) {
            return Err("an option that stands in its group already, which PyMySQL refuses");
        }
        place.seen.push(key);
        if wanted {
            self.values.insert(name.clone(), value.map(|value| without_quotes(value).to_owned()));
        }
        place.open = Some(name);
        Ok(())
    }

    /// A line as `my_load_defaults` of MySQL's `mysys` takes it. The outer error is that of an included
    /// file.
    fn client_line(
        &mut self,
        place: &mut Place<'_>,
        line: &str,
    ) -> Result<Result<(), &'static str>, OptionFileError> {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(Ok(()));
        }
        if let Some(path) = line.strip_prefix("!includedir") {
            return self.include_directory(place, path.trim());
        }
        if let Some(path) = line.strip_prefix("!include") {
            if place.depth < DEPTH {
                let path = place.directory.join(path.trim());
                if !self.file(&path, place.depth + 1)? {
                    let reason = "the file that it includes is not there";
                    return Ok(Err(reason));
                }
            }
            return Ok(Ok(()));
        }
        if let Some(rest) = line.strip_prefix('[') {
            let Some((name, _)) = rest.split_once(']') else { return Ok(Err("a [group] without its ]")) };
            place.wanted = Some(self.groups.iter().any(|group| group == name.trim_end()));
            return Ok(Ok(()));
        }
        let Some(wanted) = place.wanted else { return Ok(Err("an option before the first [group]")) };
        if wanted {
            let line = without_comment(line);
            let (name, value) = match line.split_once('=') {
                Some((name, value)) => (name, Some(unescaped(without_quotes(value.trim())))),
                None => (line, None),
            };
            let name = normalised(name.trim());
            let name = name.strip_prefix("loose-").unwrap_or(&name);
            self.values.insert(name.to_owned(), value);
        }
        Ok(Ok(()))
    }

    fn include_directory(
        &mut self,
        place: &Place<'_>,
        path: &str,
    ) -> Result<Result<(), &'static str>, OptionFileError> {
        if place.depth >= DEPTH {
            return Ok(Ok(()));
        }
        let Ok(entries) = fs::read_dir(place.directory.join(path)) else {
            return Ok(Err("the directory that it includes cannot be read"));
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "cnf"));
        paths.sort();
        for path in paths {
            self.file(&path, place.depth + 1)?;
        }
        debug_assert!(place.path.parent().is_some());
        Ok(Ok(()))
    }
}

/// Lower case, `_` as `-`.
fn normalised(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
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

/// The line up to a `#` that stands outside quotes (`remove_end_comment`).
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '\'' | '"' if !escaped => {
                if quote.is_none() {
                    quote = Some(c);
                } else if quote == Some(c) {
                    quote = None;
                }
            }
            '#' if quote.is_none() => return line[..at].trim_end(),
            _ => {}
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    line
}

/// The escapes of option files: `\b \t \n \r \\ \s \" \'`; any other backslash stays.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('s') => out.push(' '),
            Some(c @ ('"' | '\'' | '\\')) => out.push(c),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}
