//! What an operator keeps from one session to the next: saved queries (table `[queries]` of the profile
//! file), the history of queries and the columns of each environment
//! (`$XDG_STATE_HOME/reqspec/queries` and `columns.toml`).
//!
//! Nothing here stops a session from starting: what cannot be read is a notice. Several sessions may write at
//! once: each reads the file afresh, under a lock of its directory, before it replaces it (`file`).
//!
//! Imports `query` and the profile file's reader.

mod file;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use toml_edit::{DocumentMut, Item, Table, Value};

use super::profile_file;
use crate::query::parse;
use crate::spec::mask::masked_words;

/// Most queries that the history holds.
pub const HISTORY: usize = 200;

/// Most bytes of a file that are read: far more than any of them has.
const READ: u64 = 4 << 20;

/// Why something could not be kept: a sentence with the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

/// Where the files are; None where there is no place for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The profile file, whether it exists or not.
    pub profiles: Option<PathBuf>,
    /// The directory of what the program remembers by itself.
    pub state: Option<PathBuf>,
}

impl Places {
    /// The user's own directory of state, and that profile file ([`super::Environments::path`]).
    pub fn of(profiles: Option<&Path>) -> Self {
        let base = etcetera::choose_base_strategy().ok();
        let state = base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()).join("reqspec"));
        Self { profiles: profiles.map(Path::to_owned), state }
    }

    /// Where the journal of changes is: as given, else `$REQSPEC_JOURNAL`, else in the directory of state.
    pub fn journal(&self, given: Option<&Path>) -> Option<PathBuf> {
        let named = || std::env::var_os("REQSPEC_JOURNAL").filter(|path| !path.is_empty()).map(PathBuf::from);
        given.map(Path::to_owned).or_else(named).or_else(|| Some(self.state.as_ref()?.join("journal.sqlite")))
    }
}

/// What became of a query that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is.
    Kept,
    /// It is not: there is one of that name with this text.
    Exists(String),
}

/// What is kept, as it was when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The saved queries, name and text, in the order of the profile file. All of them parse.
    pub queries: Vec<(String, String)>,
    /// What was asked before, the oldest first, each text once.
    pub history: Vec<String>,
    /// The names of the columns of each environment for which some were chosen.
    pub columns: Vec<(String, Vec<String>)>,
    /// What an operator should know of the files, a sentence each.
    pub notices: Vec<String>,
}

impl Settings {
    /// Reads all of it. Files that do not exist say nothing.
    pub fn load(places: &Places) -> Self {
        let mut settings = Self::default();
        if let Err(reason) = settings.read_queries(places.profiles.as_deref()) {
            settings.notices.push(format!("{reason}; the saved queries cannot be used"));
        }
        if let Some(path) = places.history() {
            match file::read(&path, READ) {
                Ok(text) => settings.history = remembered(&text),
                Err(reason) => {
                    settings.notices.push(format!("{reason}; the history of queries is not known"))
                }
            }
        }
        if let Some(path) = places.columns() {
            match file::read(&path, READ).and_then(|text| document(&path, &text)) {
                Ok(document) => settings.columns = chosen_columns(&document),
                Err(reason) => {
                    settings.notices.push(format!("{reason}; the columns that were chosen are not known"))
                }
            }
        }
        settings
    }

    fn read_queries(&mut self, path: Option<&Path>) -> Result<(), String> {
        let Some(path) = path else { return Ok(()) };
        let text = file::read(path, READ)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let file = profile_file::read(&text, directory, None)
            .map_err(|wrong| format!("{}:{}: {}", path.display(), wrong.line, wrong.reason))?;
        for saved in file.queries {
            match parse(&saved.text) {
                Ok(_) => self.queries.push((saved.name, saved.text)),
                Err(error) => {
                    let (path, line, name) = (path.display(), saved.line, saved.name);
                    self.notices
                        .push(format!("{path}:{line}: the saved query {name:?} cannot be read: {error}"));
                }
            }
        }
        Ok(())
    }

    /// The names of the columns that were chosen for an environment; none: nobody chose.
    pub fn columns_of(&self, environment: &str) -> &[String] {
        let found = self.columns.iter().find(|(name, _)| name == environment);
        found.map_or(&[], |(_, columns)| columns)
    }
}

impl Places {
    fn history(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.join("queries"))
    }

    fn columns(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.join("columns.toml"))
    }

    /// The saved queries, name and text, as the profile file has them now. One that cannot be read as a
    /// query is left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn queries(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let mut settings = Settings::default();
        match settings.read_queries(self.profiles.as_deref()) {
            Ok(()) => Ok(settings.queries),
            Err(reason) => Err(SettingsError(reason)),
        }
    }

    /// Keeps a query under a name; one of that name with another text is replaced only if that is said.
    /// Everything else in the profile file stays as it is, comments and order too.
    ///
    /// # Errors
    /// The name or the query cannot be meant, or the file cannot be read as TOML or written.
    pub fn save_query(&self, name: &str, text: &str, replace: bool) -> Result<Saved, SettingsError> {
        let text = text.trim();
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(SettingsError("a saved query needs a name, in one line".to_owned()));
        }
        match parse(text) {
            Ok(query) if query.is_all() => return Err(SettingsError("there is no query to save".to_owned())),
            Ok(_) => {}
            Err(error) => return Err(SettingsError(format!("{name} is not saved: {error}"))),
        }
        let mut saved = Saved::Kept;
        change_toml(self.profiles.as_deref(), |path, document| {
            let queries = document.entry("queries").or_insert_with(|| Item::Table(Table::new()));
            let Some(table) = queries.as_table_like_mut() else {
                return Err(format!("{}: queries is not a table", path.display()));
            };
            match table.get(name) {
                Some(there) if !replace && there.as_str() != Some(text) => {
                    let other = there.as_str().map_or_else(|| there.to_string(), str::to_owned);
                    saved = Saved::Exists(other);
                }
                _ => put(table, name, text.into()),
            }
            Ok(())
        })?;
        Ok(saved)
    }

    /// Forgets the query of that name; false where there is none.
    ///
    /// # Errors
    /// The file cannot be read as TOML or written.
    pub fn delete_query(&self, name: &str) -> Result<bool, SettingsError> {
        let mut found = false;
        change_toml(self.profiles.as_deref(), |_, document| {
            let table = document.get_mut("queries").and_then(Item::as_table_like_mut);
            found = table.is_some_and(|table| table.remove(name).is_some());
            Ok(())
        })?;
        Ok(found)
    }

    /// Puts a query at the end of the history, where it is then alone with its text. One of several
    /// lines is left out: the file has a line for each.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn append_history(&self, text: &str) -> Result<(), SettingsError> {
        let (text, Some(path)) = (text.trim(), self.history()) else { return Ok(()) };
        if text.is_empty() || text.contains(['\n', '\r']) {
            return Ok(());
        }
        let changed = file::change(&path, READ, |old| {
            let mut history = remembered(old);
            history.retain(|known| known != text);
            history.push(text.to_owned());
            let surplus = history.len().saturating_sub(HISTORY);
            Ok(history[surplus..].iter().fold(String::new(), |all, line| all + line + "\n"))
        });
        changed.map_err(SettingsError)
    }

    /// Keeps the names of the columns that were chosen for an environment; none: forgets them.
    ///
    /// # Errors
    /// The file cannot be read as TOML or written.
    pub fn save_columns(&self, environment: &str, columns: &[String]) -> Result<(), SettingsError> {
        change_toml(self.columns().as_deref(), |_, document| {
            if columns.is_empty() {
                document.remove(environment);
            } else {
                let columns: toml_edit::Array = columns.iter().map(String::as_str).collect();
                put(document.as_table_mut(), environment, columns.into());
            }
            Ok(())
        })
    }
}

/// Changes a file of TOML.
fn change_toml(
    path: Option<&Path>,
    change: impl FnOnce(&Path, &mut DocumentMut) -> Result<(), String>,
) -> Result<(), SettingsError> {
    let Some(path) = path else {
        return Err(SettingsError("there is no place to keep that; set HOME or XDG_CONFIG_HOME".to_owned()));
    };
    let changed = file::change(path, READ, |old| {
        let mut document = document(path, old)?;
        change(path, &mut document)?;
        Ok(document.to_string())
    });
    changed.map_err(SettingsError)
}

/// Sets a value; the comments of the one that was there stay.
fn put(table: &mut dyn toml_edit::TableLike, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        _ => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Reads TOML. The message is masked: the profile file may hold a password.
fn document(path: &Path, text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}: not TOML: {}", path.display(), masked_words(error.message()))
    })
}

/// The last lines of a history, each once, at its last place.
fn remembered(text: &str) -> Vec<String> {
    let mut history: Vec<String> = Vec::new();
    for line in text.lines().rev().map(str::trim).filter(|line| !line.is_empty()) {
        if history.len() == HISTORY {
            break;
        }
        if !history.iter().any(|known| known == line) {
            history.push(line.to_owned());
        }
    }
    history.reverse();
    history
}

fn chosen_columns(document: &DocumentMut) -> Vec<(String, Vec<String>)> {
    let columns = |item: &Item| -> Option<Vec<String>> {
        item.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    };
    document.iter().filter_map(|(name, item)| Some((name.to_owned(), columns(item)?))).collect()
}

#[cfg(test)]
mod tests;
