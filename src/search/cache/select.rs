//! Which rows fulfil a query, by columns alone: a test is made once for each different value, and the
//! rows are a bit each.
//!
//! Imports `query`; no I/O.

use super::column::{Codes, Column};
use crate::query::compare::holds;
use crate::query::expression::{Expression, Test};

/// A bit for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    words: Vec<u64>,
    rows: usize,
}

impl Rows {
    fn all(count: usize, set: bool) -> Self {
        let mut rows = Self { words: vec![if set { u64::MAX } else { 0 }; count.div_ceil(64)], rows: count };
        rows.trim();
        rows
    }

    /// No bits behind the last row.
    fn trim(&mut self) {
        if let (Some(last), used @ 1..) = (self.words.last_mut(), self.rows % 64) {
            *last &= (1 << used) - 1;
        }
    }

    fn with(mut self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word = combine(*word, *other);
        }
        self
    }

    fn not(mut self) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
        self
    }

    /// How many are set.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The numbers of those that are set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// The rows of `count` that fulfil it; None where a test is of a field without a column, or of the text.
/// `now` in seconds since 1970.
pub fn select(expression: &Expression, columns: &[&Column], count: usize, now: i64) -> Option<Rows> {
    match expression {
        Expression::And(parts) => parts.iter().try_fold(Rows::all(count, true), |rows, part| {
            Some(rows.with(&select(part, columns, count, now)?, |one, other| one & other))
        }),
        Expression::Or(parts) => parts.iter().try_fold(Rows::all(count, false), |rows, part| {
            Some(rows.with(&select(part, columns, count, now)?, |one, other| one | other))
        }),
        Expression::Not(part) => Some(select(part, columns, count, now)?.not()),
        Expression::Test(test) => {
            let column = columns.iter().find(|column| column.field == test.field)?;
            Some(tested(test, column, count, now))
        }
        Expression::Word(_) => None,
    }
}

fn tested(test: &Test, column: &Column, count: usize, now: i64) -> Rows {
    let is_true =
        |values: &Vec<_>| values.iter().any(|value| holds(test.field.kind, &test.check, value, now));
    let verdicts: Vec<bool> = column.entries.iter().map(is_true).collect();
    let words = match &column.codes {
        Codes::Narrow(codes) => words(codes, &verdicts),
        Codes::Wide(codes) => words(codes, &verdicts),
    };
    Rows { words, rows: count }
}

fn words<T: Copy + Into<usize>>(codes: &[T], verdicts: &[bool]) -> Vec<u64> {
    let word = |codes: &[T]| {
        let bit = |(at, code): (usize, &T)| {
            let code: usize = (*code).into();
            u64::from(verdicts.get(code).copied().unwrap_or(false)) << at
        };
        codes.iter().enumerate().map(bit).fold(0, |word, bit| word | bit)
    };
    codes.chunks(64).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_and_combined_to_the_last() {
        for count in [0, 1, 63, 64, 65, 130] {
            let all = Rows::all(count, true);
            assert_eq!(all.count(), count as u64);
            assert_eq!(all.iter().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            assert_eq!(all.clone().not(), Rows::all(count, false));
            assert_eq!(all.clone().not().not(), all);
        }
    }
}
