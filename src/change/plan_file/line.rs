//! The lines of a plan file as JSON.
//!
//! Imports its siblings; no I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::operation::PlannedOperation;
use super::splices::{self, TextSplice};
use crate::change::{DatabaseName, Digest};

/// The version of the format.
pub const FORMAT: u64 = 1;

/// The first line: what the plan is of, and where it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    #[serde(rename = "reqspec_plan")]
    pub format: u64,
    /// The version of the program that wrote it.
    pub reqspec: String,
    /// When, in UTC, as RFC 3339 writes it.
    pub made_at: String,
    /// Who made it.
    pub operator: String,
    /// On which machine.
    pub host: String,
    /// The name of the environment.
    pub environment: String,
    /// The databases of the plan, each with its identity.
    pub databases: BTreeMap<String, String>,
    /// What is done, in a few words.
    pub title: String,
    /// The kind of change, in a word: `edit`, `move`, a repair's name …
    pub kind: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// How many operations stand before it.
    pub operations: u64,
    /// Of all bytes before it, 64 hexadecimal digits.
    pub sha256: String,
}

/// An operation.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "lowercase", deny_unknown_fields)]
enum Line {
    Save {
        database: String,
        instance_uuid: Arc<str>,
        before: String,
        splices: Vec<SpliceLine>,
        after: Arc<str>,
    },
    Create {
        database: String,
        instance_uuid: Arc<str>,
        after: Arc<str>,
    },
    Delete {
        database: String,
        instance_uuid: Arc<str>,
        before: String,
    },
    Copy {
        from: String,
        to: String,
        instance_uuid: Arc<str>,
        before: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    Move {
        from: String,
        to: String,
        instance_uuid: Arc<str>,
        before: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpliceLine {
    at: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<String>,
    /// The same in hexadecimal digits where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed_hex: Option<String>,
    inserted: String,
}

fn database(name: &str) -> DatabaseName {
    if name == "api" { DatabaseName::Api } else { DatabaseName::cell(name) }
}

/// The line of an operation, without its end.
///
/// # Errors
/// None is to be expected.
pub fn written(operation: &PlannedOperation) -> Result<String, serde_json::Error> {
    let name = ToString::to_string;
    let line = match operation.clone() {
        PlannedOperation::Save { database, instance_uuid, before, splices, after } => Line::Save {
            database: name(&database),
            instance_uuid,
            before: before.to_string(),
            splices: splices.into_iter().map(splice_line).collect(),
            after,
        },
        PlannedOperation::Create { database, instance_uuid, after } => {
            Line::Create { database: name(&database), instance_uuid, after }
        }
        PlannedOperation::Destroy { database, instance_uuid, before } => {
            Line::Delete { database: name(&database), instance_uuid, before: before.to_string() }
        }
        PlannedOperation::Copy { from, to, instance_uuid, before, replaces } => Line::Copy {
            from: name(&from),
            to: name(&to),
            instance_uuid,
            before: before.to_string(),
            replaces: replaces.map(|digest| digest.to_string()),
        },
        PlannedOperation::Move { from, to, instance_uuid, before } => {
            Line::Move { from: name(&from), to: name(&to), instance_uuid, before: before.to_string() }
        }
    };
    serde_json::to_string(&line)
}

fn splice_line(splice: TextSplice) -> SpliceLine {
    let TextSplice { at, removed, inserted } = splice;
    match String::from_utf8(removed) {
        Ok(removed) => SpliceLine { at, removed: Some(removed), removed_hex: None, inserted },
        Err(error) => {
            let digits = error.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            SpliceLine { at, removed: None, removed_hex: Some(digits), inserted }
        }
    }
}

/// The operation of a line, or why it is none: a sentence without its place.
pub fn read(line: &[u8]) -> Result<PlannedOperation, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let digest = |text: String| text.parse::<Digest>().map_err(|error| error.to_string());
    let operation = match line {
        Line::Save { database: name, instance_uuid, before, splices, after } => {
            let splices: Vec<TextSplice> = splices.into_iter().map(text_splice).collect::<Result<_, _>>()?;
            let before = digest(before)?;
            let old = splices::undone(&after, &splices);
            if old.is_none_or(|old| Digest::of(&old) != before) {
                return Err(
                    "its splices do not lead from a text with its digest to the text after".to_owned()
                );
            }
            PlannedOperation::Save { database: database(&name), instance_uuid, before, splices, after }
        }
        Line::Create { database: name, instance_uuid, after } => {
            PlannedOperation::Create { database: database(&name), instance_uuid, after }
        }
        Line::Delete { database: name, instance_uuid, before } => {
            PlannedOperation::Destroy { database: database(&name), instance_uuid, before: digest(before)? }
        }
        Line::Copy { from, to, instance_uuid, before, replaces } => PlannedOperation::Copy {
            from: database(&from),
            to: database(&to),
            instance_uuid,
            before: digest(before)?,
            replaces: replaces.map(digest).transpose()?,
        },
        Line::Move { from, to, instance_uuid, before } => PlannedOperation::Move {
            from: database(&from),
            to: database(&to),
            instance_uuid,
            before: digest(before)?,
        },
    };
    if operation.destination() == Some(operation.database()) {
        return Err("its source is its destination".to_owned());
    }
    Ok(operation)
}

fn text_splice(line: SpliceLine) -> Result<TextSplice, String> {
    let SpliceLine { at, removed, removed_hex, inserted } = line;
    let removed = match (removed, removed_hex) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(digits)) => bytes(&digits).ok_or("removed_hex holds no hexadecimal digits")?,
        _ => return Err("a splice says in exactly one way what it removes".to_owned()),
    };
    Ok(TextSplice { at, removed, inserted })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|digits| digits.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    pairs.map(byte).collect()
}
