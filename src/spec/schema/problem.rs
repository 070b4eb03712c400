//! What can be wrong with a stored spec.
//!
//! Imports nothing; no I/O.

use std::fmt;

/// How bad a [`Problem`] is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// nova raises while it loads the row. One such row fails the whole listing of its project.
    Unloadable,
    /// nova loads the row, but reads something else than is written, or fails when it uses it.
    Harmful,
    /// Worth knowing; nova does not mind.
    Notice,
}

impl Severity {
    /// The word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Unloadable => "unloadable",
            Severity::Harmful => "harmful",
            Severity::Notice => "notice",
        }
    }
}

/// One thing wrong with a spec.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The logical path; the spec itself is empty. A key of an envelope stands in brackets after
    /// its object: `flavor[nova_object.version]`.
    pub path: String,
    /// What is wrong, without the path and without a full stop. May hold text from the database:
    /// escape it before it reaches a terminal.
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.sentence),
            false => write!(f, "{}: {}", self.path, self.sentence),
        }
    }
}

/// The first characters of a raw JSON token, for messages.
pub(crate) fn shown(raw: &str) -> String {
    const MOST: usize = 60;
    match raw.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &raw[..end]),
        None => raw.to_owned(),
    }
}
