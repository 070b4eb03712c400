//! Orders and counts by columns.
//!
//! Imports its siblings; no I/O.

use std::collections::HashMap;

use super::{Bits, Column, Columns};
use crate::query::fields::{Field, Source};
use crate::query::order::Order;
use crate::query::sort_key::SortKey;

/// How many rows have which values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Each combination, the most frequent first.
    pub groups: Vec<Group>,
    /// Rows of combinations beyond the limit.
    pub others: u64,
}

/// One combination of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The code in each of the columns ([`Column::values`]).
    pub codes: Vec<u32>,
    /// Rows.
    pub count: u64,
}

impl Columns {
    /// The rows of a set in an order; None if its field has no column.
    pub fn sorted(&self, order: &Order, rows: &Bits) -> Option<Vec<u32>> {
        if order.field.source == Source::Id {
            let mut sorted: Vec<u32> = rows.rows().map(|row| row as u32).collect();
            if order.descending {
                sorted.reverse();
            }
            return Some(sorted);
        }
        let column = self.of(&order.field)?;
        let (ranks, count) = column.ranks(order);
        // Each rank's rows stand together, in the order of their ids.
        let mut next = vec![0; count + 1];
        rows.rows().for_each(|row| next[ranks[column.code(row) as usize] + 1] += 1);
        (0..count).for_each(|rank| next[rank + 1] += next[rank]);
        let mut sorted = vec![0; next[count]];
        let mut put = |row: usize| {
            let place = &mut next[ranks[column.code(row) as usize]];
            sorted[*place] = row as u32;
            *place += 1;
        };
        if order.descending {
            let mut ascending: Vec<u32> = rows.rows().map(|row| row as u32).collect();
            ascending.drain(..).rev().for_each(|row| put(row as usize));
        } else {
            rows.rows().for_each(put);
        }
        Some(sorted)
    }

    /// How many rows of a set have which values of these fields; at most `limit` combinations, those
    /// that are met first. None if a field has no column.
    pub fn counts(&self, fields: &[Field], rows: &Bits, limit: usize) -> Option<Counts> {
        let columns: Vec<&Column> = fields.iter().map(|field| self.of(field)).collect::<Option<_>>()?;
        let mut found: HashMap<Vec<u32>, u64> = HashMap::new();
        let mut counts = Counts::default();
        if let [column] = columns[..]
            && column.distinct() <= limit
        {
            let mut by_code = vec![0; column.distinct()];
            rows.rows().for_each(|row| by_code[column.code(row) as usize] += 1);
            found = (0..)
                .zip(by_code)
                .filter(|(_, count)| *count > 0)
                .map(|(code, count)| (vec![code], count))
                .collect();
        } else {
            let mut codes = Vec::new();
            for row in rows.rows() {
                codes.clear();
                codes.extend(columns.iter().map(|column| column.code(row)));
                let has_room = found.len() < limit;
                match found.get_mut(&codes) {
                    Some(count) => *count += 1,
                    None if has_room => {
                        found.insert(codes.clone(), 1);
                    }
                    None => counts.others += 1,
                }
            }
        }
        counts.groups = found.into_iter().map(|(codes, count)| Group { codes, count }).collect();
        counts
            .groups
            .sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.codes.cmp(&other.codes)));
        Some(counts)
    }
}

impl Column {
    /// The place of each code in an order, and how many places there are. Equal keys share one.
    fn ranks(&self, order: &Order) -> (Vec<usize>, usize) {
        let key = |code: u32| order.key(self.values(code).unwrap_or_default().iter());
        let keys: Vec<SortKey> = (0..self.distinct() as u32).map(key).collect();
        let mut codes: Vec<usize> = (0..keys.len()).collect();
        // The ids do not matter among values.
        let compare = |one: usize, other: usize| order.compare((&keys[one], 0), (&keys[other], 0));
        codes.sort_by(|one, other| compare(*one, *other));
        let mut ranks = vec![0; keys.len()];
        let mut rank = 0;
        for (at, code) in codes.iter().enumerate() {
            if at > 0 && compare(codes[at - 1], *code).is_ne() {
                rank += 1;
            }
            ranks[*code] = rank;
        }
        (ranks, rank + 1)
    }
}
