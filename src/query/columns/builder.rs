//! Makes columns of rows that come in any order, within a budget of memory.
//!
//! Imports its siblings; no I/O.

use super::dictionary::{self, Codes, Dictionary, UNKNOWN};
use super::{Column, Columns, Ids};
use crate::query::extract::Extractor;
use crate::query::fields::Field;
use crate::query::record::{Facts, Record};

/// Columns under construction.
#[derive(Debug)]
pub struct ColumnsBuilder {
    fields: Vec<Field>,
    extractor: Extractor,
    budget: usize,
    ids: Vec<i64>,
    /// None where the field has too many values for the budget.
    columns: Vec<Option<Growing>>,
    /// The lists of one row.
    lists: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Growing {
    dictionary: Dictionary,
    codes: Codes,
}

impl ColumnsBuilder {
    /// Of these fields, in at most so many bytes, about. A field whose values do not fit, one that
    /// differs in each row for example, gets no column; the others go on.
    pub fn new(fields: &[Field], budget: usize) -> Self {
        let growing = || Some(Growing { dictionary: Dictionary::default(), codes: Codes::new() });
        Self {
            extractor: Extractor::new(fields),
            budget,
            ids: Vec::new(),
            columns: fields.iter().map(|_| growing()).collect(),
            lists: vec![Vec::new(); fields.len()],
            fields: fields.to_vec(),
        }
    }

    /// One more row.
    pub fn add(&mut self, record: &Record<'_>, facts: &Facts) {
        let Self { extractor, lists, fields, .. } = self;
        lists.iter_mut().for_each(Vec::clear);
        extractor.each(record, facts, &mut |field, value| dictionary::write(&mut lists[field], &value));
        for (field, list) in fields.iter().zip(&mut *lists) {
            if field.fact().is_some_and(|fact| facts.get(fact).is_none()) {
                list.extend_from_slice(UNKNOWN);
            }
        }
        self.ids.push(record.id);
        for (column, list) in self.columns.iter_mut().zip(&self.lists) {
            if let Some(column) = column {
                column.codes.push(column.dictionary.code(list));
            }
        }
        // The memory of vectors grows in leaps, so now and then is often enough, but for large values.
        let large = self.lists.iter().any(|list| list.len() > 4_096);
        if self.ids.len().is_multiple_of(512) || large {
            self.keep_to_budget();
        }
    }

    fn keep_to_budget(&mut self) {
        while self.bytes() > self.budget {
            let sizes = self.columns.iter().enumerate();
            let sizes = sizes.filter_map(|(at, column)| column.as_ref().map(|column| (column.bytes(), at)));
            let Some((_, at)) = sizes.max() else { return };
            self.columns[at] = None;
        }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Bytes so far, about.
    pub fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().flatten().map(Growing::bytes).sum();
        columns + 8 * self.ids.capacity()
    }

    /// Adds the rows of another builder of the same fields.
    pub fn append(&mut self, other: ColumnsBuilder) {
        self.ids.extend_from_slice(&other.ids);
        for (one, other) in self.columns.iter_mut().zip(other.columns) {
            let (Some(column), Some(mut other)) = (one.as_mut(), other) else {
                *one = None;
                continue;
            };
            other.dictionary.close();
            let codes: Vec<u32> = (0..other.dictionary.len() as u32)
                .map(|code| column.dictionary.code(other.dictionary.written(code)))
                .collect();
            (0..other.codes.len()).for_each(|row| column.codes.push(codes[other.codes.at(row) as usize]));
        }
        self.keep_to_budget();
    }

    /// The columns, rows in the order of their ids.
    pub fn finish(mut self) -> Columns {
        self.keep_to_budget();
        let mut order: Vec<u32> = Vec::new();
        if !self.ids.is_sorted() {
            order = (0..self.ids.len() as u32).collect();
            order.sort_by_key(|row| self.ids[*row as usize]);
        }
        let finish = |(field, column): (Field, Option<Growing>)| {
            let Growing { mut dictionary, mut codes } = column?;
            dictionary.close();
            if !order.is_empty() {
                let unsorted = std::mem::replace(&mut codes, Codes::new());
                order.iter().for_each(|row| codes.push(unsorted.at(*row as usize)));
            }
            codes.shrink();
            Some(Column { field, dictionary, codes })
        };
        let columns = self.fields.into_iter().zip(self.columns).filter_map(finish).collect();
        let ids = if order.is_empty() {
            self.ids
        } else {
            order.iter().map(|row| self.ids[*row as usize]).collect()
        };
        Columns { ids: Ids::of(ids), columns }
    }
}

impl Growing {
    fn bytes(&self) -> usize {
        self.dictionary.bytes() + self.codes.bytes()
    }
}
