//! The cells: those that an operator gives (`--cell NAME=URL`, a profile), those that nova's
//! `cell_mappings` lists, and what becomes of both together.
//!
//! Imports `store` and `template`. Reads `cell_mappings` and nothing else.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use super::password::Passwords;
use super::template;
use super::url::{self, UrlError};
use super::{Entry, Origin};
use crate::spec::text::escaped;
use crate::store::address::Secret;
use crate::store::{Address, CellName, DatabaseName, Engine, SpecStore, SqlValue, StoreError};

/// The uuid of cell0, where nova keeps what was never scheduled (nova/objects/cell_mapping.py,
/// CELL0_UUID).
const CELL0: &str = "00000000-0000-0000-0000-000000000000";
/// More cells than any cloud has.
const MOST: u32 = 10_000;

/// A cell given by name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellArgument {
    /// Its name: `cell_mappings.name`, or the cell's uuid where that has none.
    pub name: CellName,
    /// Where its database is.
    pub url: Address,
}

/// Why a cell cannot be taken as given. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// No `=`.
    #[error("give a cell as NAME=URL, such as cell1=sqlite:////var/lib/nova/nova_cell1.sqlite")]
    NoName,
    /// The name cannot be one.
    #[error(
        "a cell cannot be named {0:?}: names are not empty, hold no space, and `api` means the API database"
    )]
    Name(String),
    /// The same name twice.
    #[error("cell {0} is given twice")]
    Twice(CellName),
    /// The address is wrong.
    #[error("cell {name}: {error}")]
    Url {
        /// Which cell.
        name: CellName,
        /// What is wrong.
        error: UrlError,
    },
}

impl FromStr for CellArgument {
    type Err = CellError;

    fn from_str(text: &str) -> Result<Self, CellError> {
        let (name, url) = text.split_once('=').ok_or(CellError::NoName)?;
        // `mysql://…?charset=utf8` without a name: the first `=` is the URL's.
        if name.contains("://") {
            return Err(CellError::NoName);
        }
        let name = cell_name(name)?;
        match url::parse(url) {
            Ok(url) => Ok(Self { name, url }),
            Err(error) => Err(CellError::Url { name, error }),
        }
    }
}

/// A name that an operator may give a cell.
pub(super) fn cell_name(name: &str) -> Result<CellName, CellError> {
    if name.is_empty() || name.eq_ignore_ascii_case("api") || name.contains(char::is_whitespace) {
        return Err(CellError::Name(url::masked(name)));
    }
    Ok(CellName::new(name))
}

/// A row of `cell_mappings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub uuid: Arc<str>,
    /// Nullable, and not unique.
    pub name: Option<String>,
    /// `database_connection`: a URL, or a template for one.
    pub url: Option<Secret>,
    pub disabled: bool,
}

/// The rows of `cell_mappings`, by id; None where there is no such table: not one of nova's API
/// databases.
pub(super) async fn mappings(api: &dyn SpecStore) -> Result<Option<Vec<Mapping>>, StoreError> {
    let columns = "uuid, name, database_connection";
    let all = format!("SELECT {columns}, disabled FROM cell_mappings ORDER BY id");
    let rows = match api.select(&all, &[], MOST).await {
        Ok(rows) => rows,
        Err(error @ (StoreError::Unavailable { .. } | StoreError::Locked { .. })) => return Err(error),
        Err(first) => {
            // nova before 18 has no column `disabled`.
            let older = format!("SELECT {columns} FROM cell_mappings ORDER BY id");
            match api.select(&older, &[], MOST).await {
                Ok(rows) => rows,
                Err(_) if !has_table(api, "cell_mappings", &first).await => return Ok(None),
                Err(_) => return Err(unreadable(api, first)),
            }
        }
    };
    Ok(Some(rows.iter().filter_map(|row| mapping(row)).collect()))
}

fn mapping(row: &[SqlValue]) -> Option<Mapping> {
    let text = |at: usize| match row.get(at) {
        Some(SqlValue::Text(text)) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    };
    Some(Mapping {
        uuid: Arc::from(text(0)?),
        name: text(1).map(str::to_owned),
        url: text(2).map(Secret::new),
        disabled: matches!(row.get(3), Some(SqlValue::Integer(value)) if *value != 0),
    })
}

/// Whether the table is there, after the question for its rows was refused so.
pub(super) async fn has_table(api: &dyn SpecStore, table: &str, refused: &StoreError) -> bool {
    if api.engine() == Engine::Postgres {
        // Its messages come in the server's language; the catalogue is open to all.
        let sql =
            "SELECT 1 FROM pg_catalog.pg_class WHERE relname = ? AND pg_catalog.pg_table_is_visible(oid)";
        if let Ok(rows) = api.select(sql, &[SqlValue::Text(table.to_owned())], 1).await {
            return !rows.is_empty();
        }
    }
    let words = refused.to_string();
    // SQLite; MySQL and MariaDB (1146).
    !(words.contains("no such table") || words.contains("doesn't exist") || words.contains("1146"))
}

fn unreadable(api: &dyn SpecStore, error: StoreError) -> StoreError {
    let words = match error {
        StoreError::Failed { reason, .. } | StoreError::ReadOnly { reason, .. } => reason,
        other => other.to_string(),
    };
    let advice = match api.engine() {
        Engine::Sqlite => "give each cell with --cell NAME=URL",
        Engine::Mysql | Engine::Postgres => {
            "grant the account SELECT on cell_mappings, or give each cell with --cell NAME=URL"
        }
    };
    StoreError::Failed {
        database: api.name().clone(),
        operation: "finding the cells in cell_mappings".to_owned(),
        reason: format!("{words}; {advice}"),
    }
}

/// What the databases of a deployment are, and what should be said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells {
    pub entries: Vec<Entry>,
    /// A sentence each.
    pub notices: Vec<String>,
}

/// How the URLs of `cell_mappings` become addresses.
#[derive(Debug, Clone, Default)]
pub(super) struct Filling {
    /// `[database] connection` of nova's configuration, for templates.
    pub connection: Option<Secret>,
    /// Its `[database] connection_parameters`, which oslo.db appends to the URL of every mapped cell.
    pub parameters: Option<Secret>,
    /// Passwords that are kept elsewhere.
    pub passwords: Passwords,
}

/// What was given (the API database first) and what nova maps, together: the API database, the
/// mapped cells by id, cells that only the operator knows, and cell0 last. What the operator says of
/// a mapped cell, by its name or uuid, wins. May run a password command, so it blocks.
pub(super) fn together(given: &[Entry], mappings: &[Mapping], filling: &Filling) -> Cells {
    let names = names(mappings);
    let mut notices = Vec::new();
    let mut used = BTreeSet::new();
    let mut mapped: Vec<(bool, Entry)> = Vec::new();
    for (mapping, name) in mappings.iter().zip(&names) {
        let own = given.iter().position(|entry| {
            entry.name.as_cell().is_some_and(|cell| cell.as_str() == &*mapping.uuid || cell == name)
        });
        let entry = match own.and_then(|at| given.get(at)) {
            Some(entry) => {
                Entry { uuid: Some(Arc::clone(&mapping.uuid)), disabled: mapping.disabled, ..entry.clone() }
            }
            None => found(mapping, name, filling, &mut notices),
        };
        used.extend(own);
        mapped.push((&*mapping.uuid == CELL0, entry));
    }
    let api = given.iter().filter(|entry| entry.name == DatabaseName::Api);
    let mut entries: Vec<Entry> = api.cloned().collect();
    entries.extend(mapped.iter().filter(|(last, _)| !last).map(|(_, entry)| entry.clone()));
    for (at, entry) in given.iter().enumerate() {
        let Some(cell) = entry.name.as_cell() else { continue };
        if used.contains(&at) {
            continue;
        }
        let same: Vec<_> = mappings
            .iter()
            .zip(&names)
            .filter(|(mapping, _)| mapping.name.as_deref() == Some(cell.as_str()))
            .map(|(_, name)| name.as_str())
            .collect();
        if !same.is_empty() {
            notices.push(format!(
                "{cell} is the name of several cells; say which one is meant: {}",
                same.join(", ")
            ));
        }
        entries.push(entry.clone());
    }
    entries.extend(mapped.into_iter().filter(|(last, _)| *last).map(|(_, entry)| entry));
    Cells { entries, notices }
}

/// What the mapped cells are called here: their names; their uuids where they have none; names that
/// several have, or that mean the API database, with the beginning of the uuid behind them.
fn names(mappings: &[Mapping]) -> Vec<CellName> {
    let plain = |mapping: &Mapping| mapping.name.clone().unwrap_or_else(|| mapping.uuid.to_string());
    let mut names: Vec<CellName> = Vec::new();
    for mapping in mappings {
        let name = plain(mapping);
        let several = mappings.iter().filter(|other| plain(other) == name).count() > 1;
        let mut unique = if several || name.eq_ignore_ascii_case("api") {
            let short: String = mapping.uuid.chars().take(8).collect();
            format!("{name}-{short}")
        } else {
            name
        };
        let taken = |name: &String| {
            names.iter().any(|other| other.as_str() == name)
                || mappings.iter().any(|other| other.uuid != mapping.uuid && plain(other) == *name)
        };
        if taken(&unique) {
            unique = mapping.uuid.to_string();
        }
        names.push(CellName::new(unique));
    }
    names
}

/// A cell as nova maps it.
fn found(mapping: &Mapping, name: &CellName, filling: &Filling, notices: &mut Vec<String>) -> Entry {
    let database = DatabaseName::Cell(name.clone());
    let mut entry = Entry {
        name: database,
        uuid: Some(Arc::clone(&mapping.uuid)),
        address: Err("cell_mappings has no database_connection for it; --cell NAME=URL gives one".to_owned()),
        shown: Arc::from(""),
        disabled: mapping.disabled,
        origin: Origin::Mapping { template: None },
    };
    let Some(stored) = &mapping.url else { return entry };
    let connection = filling.connection.as_ref().map(Secret::reveal);
    let resolved = template::resolve(stored.reveal(), connection);
    if resolved.was_template {
        let template = template_shown(stored.reveal()).into();
        entry.origin = Origin::Mapping { template: Some(template) };
        notices.extend(resolved.quirks.iter().map(|quirk| format!("{name}: {quirk}")));
    }
    let parameters = filling.parameters.as_ref().map_or("", Secret::reveal);
    let whole = url::with_parameters(&resolved.url, parameters);
    entry.shown = url::masked(&whole).into();
    entry.address = match resolved.unusable {
        Some(reason) => Err(reason),
        None => url::read(&whole).map_err(|error| error.to_string()).and_then(|read| {
            notices.extend(read.notices.iter().map(|notice| format!("{name}: {notice}")));
            filling.passwords.fill(&entry.name, entry.uuid.as_deref(), read.address)
        }),
    };
    if let Ok(address) = &entry.address {
        entry.shown = Arc::clone(&address.shown);
    }
    entry
}

/// A template for people: as it is where every part that may be a secret is a field to be filled.
fn template_shown(template: &str) -> String {
    let is_field = |text: &str, name: &str| {
        let number = text.strip_prefix('{').and_then(|text| text.strip_prefix(name)?.strip_suffix('}'));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let parts = || {
        let (scheme, rest) = template.split_once("://")?;
        let (account, place) = rest.rsplit_once('@')?;
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (_, password) = account.split_once(':')?;
        let port = place.split('/').next()?.split_once(':').map(|(_, port)| port);
        // What is left is judged as a URL is.
        let rest = format!("mysql://h/d?{}", if is_field(query, "query") { "" } else { query });
        let plain = is_field(password, "password")
            && port.is_none_or(|port| is_field(port, "port") || port.parse::<u16>().is_ok())
            && (is_field(scheme, "scheme") || url::check(&format!("{scheme}://h/d")).is_ok())
            && url::masked(&rest) == rest;
        plain.then(|| escaped(template).into_owned())
    };
    parts().unwrap_or_else(|| url::masked(template))
}

/// No name twice.
pub(super) fn check(cells: &[CellArgument]) -> Result<(), CellError> {
    for (at, cell) in cells.iter().enumerate() {
        if cells[..at].iter().any(|other| other.name == cell.name) {
            return Err(CellError::Twice(cell.name.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
