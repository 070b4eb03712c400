//! One line of a list: what its columns need, not the stored text. Imports `spec`,
//! `query` and `change` (names).

use std::sync::Arc;

use crate::change::DatabaseName;
use crate::query::PageKey;
use crate::spec::summary::Summary;

/// One spec of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The database it lives in.
    pub database: DatabaseName,
    /// Its place in the orders.
    pub key: PageKey,
    /// Column `instance_uuid`, as stored.
    pub instance_uuid: Arc<str>,
    /// The listed fields.
    pub summary: Summary,
    /// What it has of the fields that were asked for besides, in their order: ready to be shown, but
    /// not escaped. None where it has no value.
    pub values: Arc<[Option<Arc<str>>]>,
}

impl Row {
    /// Its place among the rows of several databases.
    pub fn place(&self) -> Place {
        Place { key: self.key.clone(), database: self.database.clone() }
    }
}

/// The place of a row: its key, and the database that this is a key of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its place in the orders of that database.
    pub key: PageKey,
    /// The database.
    pub database: DatabaseName,
}

/// Why a database gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It has no table `request_specs`.
    NoTable,
    /// It cannot be reached or read; the reason in a sentence.
    Down(String),
    /// It answers, but this went wrong; a sentence.
    Failed(String),
}

impl Failure {
    /// The reason, for people.
    pub fn sentence(&self) -> &str {
        match self {
            Failure::NoTable => "there is no table request_specs: reqspec db sync adds it",
            Failure::Down(reason) | Failure::Failed(reason) => reason,
        }
    }
}
