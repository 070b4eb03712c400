//! nova's configuration as oslo.config reads it: files in oslo's own ini dialect, directories of
//! fragments, the environment, and `$name` in values.
//!
//! Sources of the rules: `oslo_config/iniparser.py`, `cfg.py`, `types.py` and
//! `sources/_environment.py`; real oslo.config judges them in `tests/deployment_oracle.rs`.
//!
//! - [`Sources`]: which files are read, and in which order.
//! - [`Configuration`]: their options; [`Configuration::get`], `get_list`, `get_multi`.
//!
//! Imports nothing of ours but `deployment::url` for masking. No error and no Debug holds a value.

mod error;
mod ini;
mod list;
mod sources;
mod substitute;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{ConfError, Dangling};
pub use ini::SyntaxError;
pub use list::ListStyle;
pub use sources::Sources;

/// nova's options as some [`Sources`] give them.
pub struct Configuration {
    /// The files that were read, in their order: later ones win.
    files: Vec<Arc<Path>>,
    /// By group and option: every value in the order of reading.
    options: HashMap<(String, String), Vec<Raw>>,
    environment: HashMap<String, String>,
}

/// A value before substitution.
struct Raw {
    text: String,
    origin: Origin,
}

/// An option's value, `$name` replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The value. It may be a password: show it masked or not at all.
    pub text: String,
    /// Who says so.
    pub origin: Origin,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value(*** of {})", self.origin)
    }
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file, from 1.
    File(Arc<Path>, usize),
    /// A variable of the environment.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
        }
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Configuration {
    /// Read what the sources name.
    ///
    /// # Errors
    /// [`ConfError`]: a file is not there, cannot be read, or is not of oslo's dialect.
    pub fn load(sources: &Sources) -> Result<Self, ConfError> {
        let mut read = Self {
            files: Vec::new(),
            options: HashMap::new(),
            environment: sources.environment.iter().cloned().collect(),
        };
        for path in sources.paths()? {
            read.file(path)?;
        }
        Ok(read)
    }

    fn file(&mut self, path: PathBuf) -> Result<(), ConfError> {
        let bytes = sources::read(&path)?;
        let path: Arc<Path> = path.into();
        let assignments = ini::parse(&bytes).map_err(|(line, kind)| ConfError::Syntax {
            path: path.to_path_buf(),
            line,
            kind,
        })?;
        for found in assignments {
            let origin = Origin::File(Arc::clone(&path), found.line);
            self.options.entry((found.group, found.name)).or_default().push(Raw { text: found.text, origin });
        }
        self.files.push(path);
        Ok(())
    }

    /// The files that were read, in their order: later ones win.
    pub fn files(&self) -> &[Arc<Path>] {
        &self.files
    }

    /// The value of an option: of the environment (`OS_<GROUP>__<OPTION>`), else the last one of the
    /// files; None where neither has it. `group` is `DEFAULT` or a group's name in lower case.
    ///
    /// # Errors
    /// [`ConfError::Substitution`]: a `$name` in it leads nowhere or in a circle.
    pub fn get(&self, group: &str, name: &str) -> Result<Option<Value>, ConfError> {
        substitute::value(self, group, name)
    }

    /// The last value of the environment or the files, as it stands there.
    fn raw(&self, group: &str, name: &str) -> Option<(&str, Origin)> {
        let variable = variable(group, name);
        if let Some(text) = self.environment.get(&variable) {
            return Some((text, Origin::Environment(variable)));
        }
        let last = self.options.get(&(group.to_owned(), name.to_owned()))?.last()?;
        Some((&last.text, last.origin.clone()))
    }

    /// Every value of an option that may repeat (MultiStrOpt), those of earlier files first; empty
    /// where there is none.
    ///
    /// # Errors
    /// [`ConfError::Substitution`] as in [`Configuration::get`]; [`ConfError::Value`] where it stands
    /// in the environment, which oslo.config would read letter by letter.
    pub fn get_multi(&self, group: &str, name: &str) -> Result<Vec<Value>, ConfError> {
        let variable = variable(group, name);
        if self.environment.contains_key(&variable) {
            return Err(ConfError::Value {
                group: group.to_owned(),
                name: name.to_owned(),
                origin: Origin::Environment(variable),
                reason: "an option that may repeat cannot come from the environment (oslo.config takes it letter by letter); put it into a file",
            });
        }
        let values = self.options.get(&(group.to_owned(), name.to_owned()));
        values.into_iter().flatten().map(|raw| substitute::text(self, group, name, raw)).collect()
    }

    /// The items of a list option (ListOpt): separated by commas, spaces around them taken off. None
    /// where the option is not set.
    ///
    /// # Errors
    /// As [`Configuration::get`]; [`ConfError::Value`] where it is no list of that style.
    pub fn get_list(
        &self,
        group: &str,
        name: &str,
        style: ListStyle,
    ) -> Result<Option<Vec<String>>, ConfError> {
        let Some(value) = self.get(group, name)? else { return Ok(None) };
        match list::items(&value.text, style) {
            Ok(items) => Ok(Some(items)),
            Err(reason) => Err(ConfError::Value {
                group: group.to_owned(),
                name: name.to_owned(),
                origin: value.origin,
                reason,
            }),
        }
    }
}

/// The variable of the environment that sets an option (`sources/_environment.py`).
fn variable(group: &str, name: &str) -> String {
    format!("OS_{}__{}", group.to_uppercase(), name.to_uppercase())
}

#[cfg(test)]
mod conf_tests;
