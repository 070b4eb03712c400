//! Option files as the C libraries of MySQL and MariaDB read them (`mysys/my_default.c`; seen with MariaDB's
//! `my_print_defaults`).
//!
//! The group `client` is read and the one named, and the last value wins. Values have escapes (`\s` is a
//! space) and may stand in quotes; a `#` outside quotes begins a comment; `!include` and `!includedir` read
//! further files, relative to the working directory, and one that is not there is passed over.
//!
//! Imports its parent; reads the included files.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{OptionFileError, text, without_quotes};

/// Files that include one another are followed so deep.
const DEPTH: usize = 10;

/// Put the options of `client` and of the group named into `values`.
pub(super) fn read(
    path: &Path,
    text: &str,
    group: Option<&str>,
    values: &mut HashMap<String, Option<String>>,
) -> Result<(), OptionFileError> {
    Reader { group, values, depth: 0 }.file(path, text)
}

struct Reader<'r> {
    group: Option<&'r str>,
    values: &'r mut HashMap<String, Option<String>>,
    depth: usize,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, text: &str) -> Result<(), OptionFileError> {
        // Whether the group is one of those asked for; None before the first.
        let mut wanted = None;
        for (at, line) in text.lines().enumerate() {
            let error = |reason| Err(OptionFileError::Syntax { path: path.to_owned(), line: at + 1, reason });
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(directive) = line.strip_prefix('!') {
                match directive.split_once(char::is_whitespace) {
                    Some(("include", path)) => self.include(Path::new(path.trim()))?,
                    Some(("includedir", directory)) => match fragments(Path::new(directory.trim())) {
                        Some(paths) => paths.iter().try_for_each(|path| self.include(path))?,
                        None => return error("the directory that it includes cannot be read"),
                    },
                    _ => {}
                }
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let Some((name, _)) = rest.split_once(']') else { return error("a [group] without its ]") };
                let name = name.trim_end();
                wanted = Some(name == "client" || Some(name) == self.group);
                continue;
            }
            match wanted {
                None => return error("an option before the first [group]"),
                Some(true) => self.option(line),
                Some(false) => {}
            }
        }
        Ok(())
    }

    fn option(&mut self, line: &str) {
        let line = without_comment(line);
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(unescaped(without_quotes(value.trim())))),
            None => (line, None),
        };
        self.values.insert(name.trim().replace('_', "-"), value);
    }

    fn include(&mut self, path: &Path) -> Result<(), OptionFileError> {
        if self.depth < DEPTH
            && let Some(text) = text(path)?
        {
            self.depth += 1;
            self.file(path, &text)?;
            self.depth -= 1;
        }
        Ok(())
    }
}

/// The `*.cnf` files of a directory by name; None where it cannot be read.
fn fragments(directory: &Path) -> Option<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cnf"));
    paths.sort();
    Some(paths)
}

/// The line up to a `#` that stands outside quotes; a backslash matters inside them only.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '\'' | '"' if !escaped && quote.is_none() => quote = Some(c),
            _ if !escaped && quote == Some(c) => quote = None,
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
