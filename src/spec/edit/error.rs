//! Why an edit is refused.
//!
//! Imports nothing; no I/O.

use std::fmt;

/// Why an edit is refused. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError {
    /// The field the refusal is about; the edit's own path, or where its result would do harm.
    pub path: String,
    /// One sentence, without the path and without a full stop. May hold text from the document.
    pub reason: String,
    /// The values the stored version allows, for an enumeration; else empty.
    pub allowed: Vec<&'static str>,
}

impl EditError {
    pub(crate) fn new(path: impl ToString, reason: impl Into<String>) -> Self {
        Self { path: path.to_string(), reason: reason.into(), allowed: Vec::new() }
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for EditError {}
