//! Paths to values of a stored text, as a query names them: `$.flavor.extra_specs."hw:cpu_policy"`.
//!
//! A key leads to the logical field of that name: the envelopes that nova writes around every object
//! are passed through by the rule of [`crate::spec::document::Node::fields`]. A key that begins with
//! `nova_object.` is a member of the envelope itself. `[*]` stands for every element of a list, and
//! `.*` for every logical member of an object.
//!
//! Imports its siblings and `spec`; no I/O.

use std::fmt;

use super::error::ParseError;
use super::lexer;
use crate::spec::scan;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of that name; of duplicates the last.
    Key(String),
    /// The element at that position of a list, from 0.
    Index(usize),
    /// Every element of a list, or every member of an object.
    Every,
}

/// A path from the root of a stored text; it may lead to several values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct JsonPath {
    steps: Vec<Step>,
}

impl JsonPath {
    /// A path of these steps.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// A path of keys; `*` stands for [`Step::Every`].
    pub fn of(keys: &[&str]) -> Self {
        let step = |key: &&str| if *key == "*" { Step::Every } else { Step::Key((*key).to_owned()) };
        Self { steps: keys.iter().map(step).collect() }
    }

    /// The same and one more key.
    #[must_use]
    pub fn join(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    /// The same and every element or member.
    #[must_use]
    pub fn every(mut self) -> Self {
        self.steps.push(Step::Every);
        self
    }

    /// Reads one as a query writes it: `$.flavor.extra_specs."hw:cpu_policy"`, `$.force_hosts[0]`.
    ///
    /// # Errors
    /// Where it is none, and what is missing.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match lexer::names(text)?.as_slice() {
            [(_, lexer::Name::Path(path))] => Ok(path.clone()),
            _ => Err(ParseError::new(0..text.len(), "a path begins with $")),
        }
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = |key: &str| {
            !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        out.write_str("$")?;
        for step in &self.steps {
            match step {
                Step::Key(key) if is_word(key) => write!(out, ".{key}")?,
                Step::Key(key) => write!(out, ".{}", scan::encode_string(key))?,
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Every => out.write_str("[*]")?,
            }
        }
        Ok(())
    }
}
