//! Lists of values, each kept once, and the code of each row's list.
//!
//! Imports its siblings; no I/O.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::query::record::Value;

/// The code of each row, in as few bytes as the dictionary allows.
#[derive(Debug, Clone)]
pub(super) enum Codes {
    Byte(Vec<u8>),
    Short(Vec<u16>),
    Long(Vec<u32>),
}

impl Codes {
    pub fn new() -> Self {
        Codes::Byte(Vec::new())
    }

    pub fn push(&mut self, code: u32) {
        match self {
            Codes::Byte(codes) => match u8::try_from(code) {
                Ok(code) => return codes.push(code),
                Err(_) => *self = Codes::Short(codes.iter().map(|code| u16::from(*code)).collect()),
            },
            Codes::Short(codes) => match u16::try_from(code) {
                Ok(code) => return codes.push(code),
                Err(_) => *self = Codes::Long(codes.iter().map(|code| u32::from(*code)).collect()),
            },
            Codes::Long(codes) => return codes.push(code),
        }
        self.push(code);
    }

    pub fn at(&self, row: usize) -> u32 {
        match self {
            Codes::Byte(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Short(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Long(codes) => codes.get(row).copied().unwrap_or_default(),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Codes::Byte(codes) => codes.len(),
            Codes::Short(codes) => codes.len(),
            Codes::Long(codes) => codes.len(),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Codes::Byte(codes) => codes.capacity(),
            Codes::Short(codes) => 2 * codes.capacity(),
            Codes::Long(codes) => 4 * codes.capacity(),
        }
    }

    pub fn shrink(&mut self) {
        match self {
            Codes::Byte(codes) => codes.shrink_to_fit(),
            Codes::Short(codes) => codes.shrink_to_fit(),
            Codes::Long(codes) => codes.shrink_to_fit(),
        }
    }
}

/// Lists of values by code. What is not known is an entry of its own.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    entries: Vec<Arc<[u8]>>,
    /// While it is built.
    codes: HashMap<Arc<[u8]>, u32>,
    bytes: usize,
}

/// The entry of a fact that is not known.
pub(super) const UNKNOWN: &[u8] = &[u8::MAX];

impl Dictionary {
    /// Bytes of an entry beside its text, about: counted, held twice, and in a table that is half empty.
    const ENTRY: usize = 16 + 16 + 2 * 28;

    /// The code of a list, written by [`write`].
    pub fn code(&mut self, list: &[u8]) -> u32 {
        if let Some(code) = self.codes.get(list) {
            return *code;
        }
        let (code, entry) = (self.entries.len() as u32, Arc::from(list));
        self.entries.push(Arc::clone(&entry));
        self.codes.insert(entry, code);
        self.bytes += Self::ENTRY + list.len();
        code
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// No more entries come.
    pub fn close(&mut self) {
        self.codes = HashMap::new();
        self.entries.shrink_to_fit();
        self.bytes = self.entries.iter().map(|entry| 32 + entry.len()).sum();
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The list of that code as it was written.
    pub fn written(&self, code: u32) -> &[u8] {
        self.entries.get(code as usize).map_or(UNKNOWN, |entry| entry)
    }

    /// The values of a code; None where they are not known.
    pub fn values(&self, code: u32) -> Option<Vec<Value<'_>>> {
        read(self.written(code))
    }
}

/// Adds a value to a list.
pub(super) fn write(list: &mut Vec<u8>, value: &Value<'_>) {
    let (tag, text): (u8, &str) = match value {
        Value::Nothing => (0, ""),
        Value::Flag(false) => (1, ""),
        Value::Flag(true) => (2, ""),
        Value::Number(token) => (3, token),
        Value::Text(text) => (4, text),
        Value::Container(raw) => (5, raw),
    };
    list.push(tag);
    if tag > 2 {
        list.extend_from_slice(&(text.len() as u32).to_le_bytes());
        list.extend_from_slice(text.as_bytes());
    }
}

fn read(mut list: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = list.split_first() {
        list = rest;
        let value = match tag {
            0 => Value::Nothing,
            1 => Value::Flag(false),
            2 => Value::Flag(true),
            3..=5 => {
                let (length, rest) = list.split_first_chunk()?;
                let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                list = rest;
                let text = Cow::Borrowed(std::str::from_utf8(text).ok()?);
                match tag {
                    3 => Value::Number(text),
                    4 => Value::Text(text),
                    _ => Value::Container(text),
                }
            }
            _ => return None,
        };
        values.push(value);
    }
    Some(values)
}
