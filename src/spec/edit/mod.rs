//! Edits of a spec: each becomes splices of the stored text, with their inverse. What no edit
//! touched stays byte-identical.
//!
//! - [`Edit`] and [`NewValue`]: what can be asked for. [`apply()`]: doing it.
//! - [`Splices`]: the change of the text.
//!
//! The schema decides each step: unknown fields, fields and values newer than the stored version of
//! their object, wrong types and what nova would misread are refused with the reason. Versions are
//! never raised.
//!
//! Imports [`super::schema`], [`super::document`], [`super::path`]; no I/O.

mod apply;
mod assignment;
mod error;
mod render;
mod splice;
mod structure;
mod typed;
mod unset;

pub use apply::{apply, apply_unfinished, check_typed};
pub use assignment::split_assignment;
pub use error::EditError;
pub use splice::{Mismatch, Splice, Splices};
pub(crate) use structure::{remove, replace};

use super::document::Document;
use super::path::FieldPath;

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// As a person types it; the field's type decides: `az2`, `4`, `true`, `cmp1,cmp2`, `0-3,7`,
    /// `k=v,k2=v2`. A string is taken as it is. It cannot say null: [`Edit::Unset`] clears.
    Typed(String),
    /// As JSON, in any layout; it is written in Python's. An object must be a whole envelope.
    Json(String),
}

/// One change of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Sets a field, an element of a list, or an entry of a map, whether it is there or not. A
    /// missing field is put in nova's order; a missing map or list around an entry is created.
    Set {
        /// Where.
        path: FieldPath,
        /// The new value.
        value: NewValue,
    },
    /// Clears a field as nova would store it (null, empty, or no key), removes an element or entry.
    /// What is absent stays absent.
    Unset {
        /// Where.
        path: FieldPath,
    },
    /// Inserts an element; at the end where `index` is past it.
    InsertItem {
        /// The list or set.
        path: FieldPath,
        /// Position the element will have, from 0.
        index: usize,
        /// The element.
        value: NewValue,
    },
    /// Removes an element.
    RemoveItem {
        /// The list or set.
        path: FieldPath,
        /// Its position, from 0.
        index: usize,
    },
    /// Gives an entry of a map another key; its value and place stay.
    RenameKey {
        /// The entry.
        path: FieldPath,
        /// The new key.
        key: String,
    },
}

impl Edit {
    /// Sets a field to what a person typed.
    pub fn set(path: FieldPath, typed: impl Into<String>) -> Edit {
        Edit::Set { path, value: NewValue::Typed(typed.into()) }
    }

    /// Sets a field to a JSON text.
    pub fn set_json(path: FieldPath, json: impl Into<String>) -> Edit {
        Edit::Set { path, value: NewValue::Json(json.into()) }
    }

    /// Clears a field.
    pub fn unset(path: FieldPath) -> Edit {
        Edit::Unset { path }
    }

    /// The path that the edit names.
    pub fn path(&self) -> &FieldPath {
        match self {
            Edit::Set { path, .. }
            | Edit::Unset { path }
            | Edit::InsertItem { path, .. }
            | Edit::RemoveItem { path, .. }
            | Edit::RenameKey { path, .. } => path,
        }
    }
}

/// An edited document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The document after the edits.
    pub document: Document,
    /// What makes it out of the first text; empty where nothing changed.
    pub splices: Splices,
    /// What gives the first text back.
    pub inverse: Splices,
}

impl Edited {
    /// The document with nothing changed.
    pub fn unchanged(document: &Document) -> Edited {
        Edited { document: document.clone(), splices: Splices::default(), inverse: Splices::default() }
    }

    /// Applies one more splice.
    pub(crate) fn splice(&mut self, splice: Splice) -> Result<(), super::document::Malformed> {
        let mut step = Splices::default();
        step.push(splice);
        if step.is_empty() {
            return Ok(());
        }
        let text = match step.apply(self.document.text()) {
            Ok((text, _)) => text,
            Err(mismatch) => {
                let reason = "a splice was made for another text";
                return Err(super::document::Malformed::new(mismatch.start, reason));
            }
        };
        self.document = Document::parse_str(&text)?;
        self.splices.extend(step);
        self.inverse = self.splices.inverse();
        Ok(())
    }
}
