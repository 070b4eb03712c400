//! Option files as PyMySQL reads them: `pymysql/optionfile.py`, over Python's RawConfigParser.
//!
//! One group is read. `=` or `:` delimits; names are folded to lower case and `-`; quotes around a value
//! are taken off, there are no escapes; `#` and `;` begin comments only where a line begins; a line that is
//! indented deeper than an option continues its value; a group or an option that comes twice is an error;
//! `!include` is not known. Options of a group `[DEFAULT]`, which RawConfigParser would lend to every
//! other, are not looked at.
//!
//! Imports its parent; does no I/O.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{OptionFileError, without_quotes};

/// Put the options of a group into `values`.
pub(super) fn read(
    path: &Path,
    text: &str,
    group: &str,
    values: &mut HashMap<String, Option<String>>,
) -> Result<(), OptionFileError> {
    let mut reader = Reader { wanted: group, ..Reader::default() };
    for (at, line) in text.lines().enumerate() {
        reader.line(line).map_err(|reason| OptionFileError::Syntax {
            path: path.to_owned(),
            line: at + 1,
            reason,
        })?;
    }
    for (name, lines) in reader.found {
        let value = lines.map(|lines| without_quotes(lines.join("\n").trim_end()).to_owned());
        values.insert(name, value);
    }
    Ok(())
}

#[derive(Default)]
struct Reader<'t> {
    wanted: &'t str,
    /// The group that is being read.
    group: Option<&'t str>,
    groups: HashSet<&'t str>,
    /// The names of the group's options.
    names: HashSet<String>,
    /// The option that further lines may continue, and whether it has a value.
    open: Option<(String, bool)>,
    /// How deep that option is indented.
    indent: usize,
    /// The lines of the wanted group's options.
    found: HashMap<String, Option<Vec<&'t str>>>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &'t str) -> Result<(), &'static str> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            // Part of a value that goes on behind it.
            self.go_on("");
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if indent > self.indent
            && let Some((_, valued)) = &self.open
        {
            if !valued {
                return Err("a continuation of an option that has no value");
            }
            self.go_on(text);
            return Ok(());
        }
        self.indent = indent;
        let header = text.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|end| &rest[..end]));
        if let Some(name) = header.filter(|name| !name.is_empty()) {
            self.group = Some(name);
            self.names.clear();
            self.open = None;
            return if self.groups.insert(name) {
                Ok(())
            } else {
                Err("a group that is there already, which PyMySQL refuses")
            };
        }
        let group =
            self.group.ok_or("an option before the first [group] (PyMySQL does not know !include)")?;
        let (name, value) = match text.split_once(['=', ':']) {
            Some((name, value)) => (name, Some(value.trim())),
            None => (text, None),
        };
        let name = name.trim_end().to_lowercase().replace('_', "-");
        if name.is_empty() {
            return Err("a value without an option's name");
        }
        if !self.names.insert(name.clone()) {
            return Err("an option that its group has already, which PyMySQL refuses");
        }
        self.open = Some((name.clone(), value.is_some()));
        if group == self.wanted {
            self.found.insert(name, value.map(|value| vec![value]));
        }
        Ok(())
    }

    /// A further line of the open option's value.
    fn go_on(&mut self, text: &'t str) {
        if self.group == Some(self.wanted)
            && let Some((name, true)) = &self.open
            && let Some(Some(lines)) = self.found.get_mut(name)
        {
            lines.push(text);
        }
    }
}
