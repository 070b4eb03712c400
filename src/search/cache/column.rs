//! One field of all rows of a database: a number for each row, and what the numbers stand for.
//!
//! Imports `query`; no I/O.

use std::collections::HashMap;

use crate::query::Field;
use crate::query::record::Value;
use crate::search::values::owned;

/// Different lists of values at most; a field with more has no column.
pub const DISTINCT: usize = 1 << 16;
/// Bytes of these at most.
const BYTES: usize = 4 << 20;

/// Numbers of rows, in one byte each as long as that does.
#[derive(Debug, Clone)]
pub enum Codes {
    /// Up to 256 different ones.
    Narrow(Vec<u8>),
    /// More.
    Wide(Vec<u16>),
}

impl Codes {
    fn push(&mut self, code: u16) {
        if let Self::Narrow(codes) = self {
            match u8::try_from(code) {
                Ok(code) => return codes.push(code),
                Err(_) => *self = Self::Wide(codes.iter().map(|code| u16::from(*code)).collect()),
            }
        }
        if let Self::Wide(codes) = self {
            codes.push(code);
        }
    }

    /// Of that row.
    pub fn get(&self, row: usize) -> u16 {
        match self {
            Self::Narrow(codes) => codes.get(row).copied().map_or(0, u16::from),
            Self::Wide(codes) => codes.get(row).copied().unwrap_or(0),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len() * 2,
        }
    }

    /// The same rows in another order.
    fn ordered(&self, rows: &[u32]) -> Self {
        match self {
            Self::Narrow(codes) => Self::Narrow(gathered(codes, rows)),
            Self::Wide(codes) => Self::Wide(gathered(codes, rows)),
        }
    }
}

fn gathered<T: Copy + Default>(codes: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| codes.get(*row as usize).copied().unwrap_or_default()).collect()
}

/// A field of all rows, in the order of their ids.
#[derive(Debug)]
pub struct Column {
    /// Which.
    pub field: Field,
    /// What each row has: the number of an entry.
    pub codes: Codes,
    /// All values of a row, for each number.
    pub entries: Vec<Vec<Value<'static>>>,
    bytes: usize,
}

impl Column {
    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        self.codes.bytes() + self.bytes
    }
}

/// Makes a column of rows as they come.
pub struct Builder {
    field: Field,
    codes: Codes,
    entries: Vec<Vec<Value<'static>>>,
    known: HashMap<Box<[u8]>, u16>,
    bytes: usize,
    /// There are too many different values.
    given_up: bool,
}

impl Builder {
    /// Without rows.
    pub fn new(field: Field) -> Self {
        Self {
            field,
            codes: Codes::Narrow(Vec::new()),
            entries: Vec::new(),
            known: HashMap::new(),
            bytes: 0,
            given_up: false,
        }
    }

    /// One more row; `key` is what [`encode`] made of its values.
    pub fn push(&mut self, key: &[u8]) {
        if self.given_up {
            return;
        }
        let code = match self.known.get(key) {
            Some(code) => *code,
            None => {
                let values = decoded(key);
                self.bytes += 3 * key.len() + 96 + values.len() * size_of::<Value<'static>>();
                let next = u16::try_from(self.entries.len());
                let (Ok(code), true) = (next, self.entries.len() < DISTINCT && self.bytes < BYTES) else {
                    self.given_up = true;
                    (self.codes, self.entries) = (Codes::Narrow(Vec::new()), Vec::new());
                    self.known = HashMap::new();
                    return;
                };
                self.known.insert(key.into(), code);
                self.entries.push(values);
                code
            }
        };
        self.codes.push(code);
    }

    /// The column with its rows in that order; the field alone where there is none.
    pub fn finish(self, rows: &[u32]) -> Result<Column, Field> {
        if self.given_up {
            return Err(self.field);
        }
        let codes = self.codes.ordered(rows);
        Ok(Column { field: self.field, codes, entries: self.entries, bytes: self.bytes })
    }
}

const NOTHING: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const NUMBER: u8 = 3;
const TEXT: u8 = 4;
const CONTAINER: u8 = 5;

/// Adds a value to the key of a row's values.
pub fn encode(value: &Value<'_>, key: &mut Vec<u8>) {
    let (tag, text) = match value {
        Value::Nothing => (NOTHING, None),
        Value::Flag(flag) => (if *flag { TRUE } else { FALSE }, None),
        Value::Number(text) => (NUMBER, Some(text)),
        Value::Text(text) => (TEXT, Some(text)),
        Value::Container(text) => (CONTAINER, Some(text)),
    };
    key.push(tag);
    if let Some(text) = text {
        key.extend_from_slice(&(text.len() as u32).to_le_bytes());
        key.extend_from_slice(text.as_bytes());
    }
}

fn decoded(mut key: &[u8]) -> Vec<Value<'static>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = key.split_first() {
        key = rest;
        let mut text = || {
            let (length, rest) = key.split_first_chunk::<4>()?;
            let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            key = rest;
            Some(String::from_utf8_lossy(text))
        };
        values.push(match *tag {
            FALSE => Value::Flag(false),
            TRUE => Value::Flag(true),
            NUMBER => text().map_or(Value::Nothing, |text| owned(Value::Number(text))),
            TEXT => text().map_or(Value::Nothing, |text| owned(Value::Text(text))),
            CONTAINER => text().map_or(Value::Nothing, |text| owned(Value::Container(text))),
            _ => Value::Nothing,
        });
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[Value<'_>]) -> Vec<u8> {
        let mut key = Vec::new();
        values.iter().for_each(|value| encode(value, &mut key));
        key
    }

    #[test]
    fn values_come_back_in_the_order_of_the_rows() {
        let rows = [
            vec![Value::Text("é".into()), Value::Nothing, Value::Flag(true)],
            vec![],
            vec![Value::Number("1.50".into()), Value::Container("[1]".into()), Value::Flag(false)],
        ];
        let mut builder = Builder::new(Field::named("az").unwrap());
        for at in [2, 0, 1, 0] {
            builder.push(&key(&rows[at]));
        }
        let column = builder.finish(&[1, 2, 0, 3]).unwrap();
        let found = (0..4).map(|row| column.entries[usize::from(column.codes.get(row))].clone());
        assert_eq!(found.collect::<Vec<_>>(), [0, 1, 2, 0].map(|at| rows[at].clone()));
    }

    #[test]
    fn more_than_a_byte_can_tell_apart_take_two() {
        let mut builder = Builder::new(Field::named("az").unwrap());
        for number in 0..300 {
            builder.push(&key(&[Value::Number(number.to_string().into())]));
        }
        let column = builder.finish(&(0..300).rev().collect::<Vec<_>>()).unwrap();
        assert!(matches!(column.codes, Codes::Wide(_)));
        assert_eq!(column.entries[usize::from(column.codes.get(1))], [Value::Number("298".into())]);
    }

    #[test]
    fn a_field_with_too_many_values_has_none() {
        let mut builder = Builder::new(Field::named("uuid").unwrap());
        for number in 0..=DISTINCT {
            builder.push(&key(&[Value::Number(number.to_string().into())]));
        }
        assert_eq!(builder.finish(&[]).unwrap_err().name.as_ref(), "uuid");
    }
}
