//! Columns: the values of some fields for all rows of a database, so that a query is judged, a list
//! sorted and groups counted without reading the rows again.
//!
//! Each list of values that a row can have is kept once; a row has its code. A test is judged once for
//! each list, then for the rows by their codes.
//!
//! - `builder`: makes them.  `dictionary`: lists of values and codes.
//! - `judge`: queries.  `rank`: orders and counts.  `bits`: sets of rows.
//!
//! Imports its siblings; no I/O.

mod bits;
mod builder;
mod dictionary;
mod judge;
mod rank;

pub use bits::Bits;
pub use builder::ColumnsBuilder;
pub use judge::Picked;
pub use rank::{Counts, Group};

use dictionary::{Codes, Dictionary};

use super::fields::Field;
use super::record::Value;

/// The values of some fields for all rows of a database; row 0 is the one with the least id.
#[derive(Debug)]
pub struct Columns {
    ids: Ids,
    columns: Vec<Column>,
}

/// The values of one field.
#[derive(Debug)]
pub struct Column {
    field: Field,
    dictionary: Dictionary,
    codes: Codes,
}

#[derive(Debug)]
enum Ids {
    /// From that one on, each one more.
    Dense(i64, usize),
    Short(Vec<u32>),
    Long(Vec<i64>),
}

impl Ids {
    fn of(ids: Vec<i64>) -> Self {
        let dense = ids.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
        match ids.first() {
            Some(first) if dense => Ids::Dense(*first, ids.len()),
            None => Ids::Dense(0, 0),
            Some(_) => {
                let short: Result<Vec<u32>, _> = ids.iter().map(|id| u32::try_from(*id)).collect();
                short.map_or_else(|_| Ids::Long(ids), Ids::Short)
            }
        }
    }
}

impl Columns {
    /// Rows.
    pub fn len(&self) -> usize {
        match &self.ids {
            Ids::Dense(_, len) => *len,
            Ids::Short(ids) => ids.len(),
            Ids::Long(ids) => ids.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a row.
    pub fn id(&self, row: usize) -> i64 {
        match &self.ids {
            Ids::Dense(first, _) => first.saturating_add(row as i64),
            Ids::Short(ids) => ids.get(row).copied().unwrap_or_default().into(),
            Ids::Long(ids) => ids.get(row).copied().unwrap_or_default(),
        }
    }

    /// The row of an id.
    pub fn row(&self, id: i64) -> Option<usize> {
        match &self.ids {
            Ids::Dense(first, len) => usize::try_from(id.checked_sub(*first)?).ok().filter(|row| row < len),
            Ids::Short(ids) => ids.binary_search(&u32::try_from(id).ok()?).ok(),
            Ids::Long(ids) => ids.binary_search(&id).ok(),
        }
    }

    /// Bytes, about.
    pub fn bytes(&self) -> usize {
        let ids = match &self.ids {
            Ids::Dense(..) => 0,
            Ids::Short(ids) => 4 * ids.len(),
            Ids::Long(ids) => 8 * ids.len(),
        };
        ids + self.columns.iter().map(Column::bytes).sum::<usize>()
    }

    /// The columns there are.
    pub fn all(&self) -> &[Column] {
        &self.columns
    }

    /// The column of a field.
    pub fn of(&self, field: &Field) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == *field)
    }
}

impl Column {
    /// Of which field.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// How many different lists of values there are; their codes are the numbers below.
    pub fn distinct(&self) -> usize {
        self.dictionary.len()
    }

    /// The code of a row's values.
    pub fn code(&self, row: usize) -> u32 {
        self.codes.at(row)
    }

    /// The values of a code; None where a fact is not known.
    pub fn values(&self, code: u32) -> Option<Vec<Value<'_>>> {
        self.dictionary.values(code)
    }

    /// Bytes, about.
    pub fn bytes(&self) -> usize {
        self.dictionary.bytes() + self.codes.bytes()
    }
}

#[cfg(test)]
mod tests;
