//! The one table of rules. docs/findings.md, the doctor, the Findings tab and plans derive from it.
//!
//! Codes are stable: a rule that goes leaves its code unused.
//!
//! Imports `table`; no I/O.

/// How much a finding weighs, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// An operation will not go as its owner expects.
    Warning,
    /// nova cannot load the spec, cannot find it, or cannot move the instance.
    Error,
}

impl Severity {
    /// The word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Stable: `RS` and three digits.
    pub code: &'static str,
    /// Its name, words with hyphens: `stale-flavor`.
    pub name: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong with the specs that break it, in a few words, for lists: `flavor differs from the instance's`.
    pub title: &'static str,
    /// What follows from it and what to do, whole sentences.
    pub doc: &'static str,
    /// The named repair that cures it: `refresh-flavor`.
    pub fix: Option<&'static str>,
}

pub use super::table::RULES;

impl Rule {
    /// The rule of that code or name.
    pub fn find(text: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(text) || rule.name == text)
    }
}
