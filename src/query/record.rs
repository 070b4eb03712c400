//! A row as a query sees it, and what is known beside it.
//!
//! Imports its siblings; no I/O.

use std::borrow::Cow;
use std::sync::Arc;

use super::fields::Fact;

/// One row of `request_specs`.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Name of the database: `api`, or the cell's.
    pub database: &'a str,
    /// Column `id`.
    pub id: i64,
    /// Column `instance_uuid`, as stored.
    pub instance_uuid: &'a str,
    /// Column `spec`: the exact bytes.
    pub spec: &'a [u8],
    /// Column `created_at`, as stored; "" where it is null.
    pub created: &'a str,
    /// `updated_at`, else `created_at`, as stored; "" where both are null.
    pub updated: &'a str,
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Null, or an empty list or object: says nothing, equals nothing.
    Nothing,
    /// Yes or no.
    Flag(bool),
    /// A number: its token, as stored.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// A list or object that is not empty: says something, equals nothing. Its raw text.
    Container(Cow<'a, str>),
}

/// Whether a query is true of a row. Combined by Kleene's rules: what is not known decides only where
/// nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That depends on what other tables say, and they were not or could not be asked.
    Unknown,
}

/// What other tables say of one instance: for each fact that was asked for its value; None inside where
/// there is none (no such instance); left out where it could not be found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(Vec<(Fact, Option<Arc<str>>)>);

impl Facts {
    /// Nothing is known.
    pub const NONE: &'static Facts = &Facts(Vec::new());

    /// Adds or replaces one.
    pub fn set(&mut self, fact: Fact, value: Option<Arc<str>>) {
        self.0.retain(|(known, _)| *known != fact);
        self.0.push((fact, value));
    }

    /// One; None where it is not known.
    pub fn get(&self, fact: Fact) -> Option<Option<&str>> {
        self.0.iter().find(|(known, _)| *known == fact).map(|(_, value)| value.as_deref())
    }
}

impl Verdict {
    /// Of what is known.
    pub fn of(yes: bool) -> Self {
        if yes { Verdict::Yes } else { Verdict::No }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }
}

/// The opposite; what is not known stays so.
impl std::ops::Not for Verdict {
    type Output = Verdict;

    fn not(self) -> Verdict {
        match self {
            Verdict::Yes => Verdict::No,
            Verdict::No => Verdict::Yes,
            Verdict::Unknown => Verdict::Unknown,
        }
    }
}
