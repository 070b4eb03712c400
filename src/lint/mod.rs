//! FINDINGS: what is wrong with a stored spec, given what nova's other tables say of its instance.
//!
//! - [`rule`], `table`: the one table of rules: code, name, severity, title, which repair cures it.
//! - [`surroundings`]: what other tables say, as plain data; what nobody could tell is `Unknown`.
//! - [`judge()`]: the rules themselves.  [`flavor`], [`group`]: what they and repairs read of those.  [`raw`]: values without an index.
//! - `reference_page`: docs/findings.md.
//!
//! Pure functions over plain data: a database that is down makes a conclusion unknown, never a guess.
//! Imports `spec`; no I/O.

pub mod flavor;
pub mod group;
pub mod judge;
pub mod raw;
pub mod reference_page;
pub mod rule;
pub mod surroundings;
mod table;

pub use judge::{Judgement, Subject, judge, judge_text};
pub use rule::{RULES, Rule, Severity};
pub use surroundings::{Copy, Fleet, Group, Home, Instance, Surroundings, Told};

/// One thing that is wrong with a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule it breaks.
    pub rule: &'static Rule,
    /// Where in the spec, a logical path as [`crate::spec::FieldPath`] writes it; empty: the whole.
    pub path: String,
    /// What is wrong here, a whole sentence with the values. May hold text from a database: escape it
    /// before it reaches a terminal.
    pub sentence: String,
}
