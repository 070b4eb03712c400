//! Queries over columns.
//!
//! Imports its siblings; no I/O.

use super::dictionary::Codes;
use super::{Bits, Column, Columns};
use crate::query::compare::holds;
use crate::query::expression::{Expression, Query, Test};
use crate::query::record::Verdict;

/// The rows that a query is true of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// It is.
    pub yes: Bits,
    /// That depends on facts that are not known; None where it does so nowhere.
    pub unknown: Option<Bits>,
}

impl Columns {
    /// The rows that a query is true of; None if it asks for a word, or for a field without a column.
    /// `now` in seconds since 1970.
    pub fn pick(&self, query: &Query, now: i64) -> Option<Picked> {
        self.judge(&query.expression, now)
    }

    fn judge(&self, expression: &Expression, now: i64) -> Option<Picked> {
        let all = |yes| Picked { yes: Bits::new(self.len(), yes), unknown: None };
        match expression {
            Expression::And(parts) => {
                parts.iter().try_fold(all(true), |picked, part| Some(picked.and(&self.judge(part, now)?)))
            }
            Expression::Or(parts) => {
                parts.iter().try_fold(all(false), |picked, part| Some(picked.or(&self.judge(part, now)?)))
            }
            Expression::Not(part) => Some(self.judge(part, now)?.not()),
            Expression::Test(test) => Some(self.of(&test.field)?.judge(test, now)),
            Expression::Word(_) => None,
        }
    }
}

impl Column {
    /// The rows that a test of this field is true of.
    fn judge(&self, test: &Test, now: i64) -> Picked {
        let verdict = |code: u32| match self.values(code) {
            None => Verdict::Unknown,
            Some(values) => {
                Verdict::of(values.iter().any(|value| holds(test.field.kind, &test.check, value, now)))
            }
        };
        let verdicts: Vec<Verdict> = (0..self.distinct() as u32).map(verdict).collect();
        let rows = |wanted| self.rows(verdicts.iter().map(|verdict| u8::from(*verdict == wanted)).collect());
        let unknown = verdicts.contains(&Verdict::Unknown).then(|| rows(Verdict::Unknown));
        Picked { yes: rows(Verdict::Yes), unknown }
    }

    /// The rows whose code is marked with 1 in `table`.
    fn rows(&self, mut table: Vec<u8>) -> Bits {
        match &self.codes {
            Codes::Byte(codes) => {
                table.resize(256, 0);
                let Some(table) = table.first_chunk::<256>() else { return Bits::new(codes.len(), false) };
                Bits::of(codes, |code| table[usize::from(code)])
            }
            Codes::Short(codes) => {
                table.resize(1 << 16, 0);
                let Some(table) = table.first_chunk::<{ 1 << 16 }>() else {
                    return Bits::new(codes.len(), false);
                };
                Bits::of(codes, |code| table[usize::from(code)])
            }
            Codes::Long(codes) => {
                Bits::of(codes, |code| table.get(code as usize).copied().unwrap_or_default())
            }
        }
    }
}

impl Picked {
    fn and(mut self, other: &Picked) -> Picked {
        // Not decided: both may be, and it is not known that both are.
        let unknown = match (&self.unknown, &other.unknown) {
            (None, None) => None,
            (one, two) => {
                let mut may = self.yes.clone();
                join(&mut may, one.as_ref());
                let mut other_may = other.yes.clone();
                join(&mut other_may, two.as_ref());
                may.combine(&other_may, |one, other| one & other);
                Some(may)
            }
        };
        self.yes.combine(&other.yes, |one, other| one & other);
        self.unknown = unknown;
        self.settled()
    }

    fn or(mut self, other: &Picked) -> Picked {
        self.yes.combine(&other.yes, |one, other| one | other);
        self.unknown = match (self.unknown, &other.unknown) {
            (None, None) => None,
            (one, two) => {
                let mut unknown = Bits::new(self.yes.len(), false);
                join(&mut unknown, one.as_ref());
                join(&mut unknown, two.as_ref());
                Some(unknown)
            }
        };
        self.settled()
    }

    fn not(mut self) -> Picked {
        if let Some(unknown) = &self.unknown {
            self.yes.combine(unknown, |one, other| one | other);
        }
        let yes = self.yes.clone();
        self.yes.combine(&yes, |one, _| !one);
        self
    }

    /// What is true is not unknown.
    fn settled(mut self) -> Picked {
        if let Some(unknown) = &mut self.unknown {
            unknown.combine(&self.yes, |unknown, yes| unknown & !yes);
        }
        self
    }
}

fn join(bits: &mut Bits, other: Option<&Bits>) {
    if let Some(other) = other {
        bits.combine(other, |one, other| one | other);
    }
}
