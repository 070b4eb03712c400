//! Rows of a list: read by id or from a key on, with the columns that are asked for.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::sync::Arc;

use super::keys::KeyReader;
use super::pass::ask;
use super::values::{Cell, Reader};
use super::waiting::record;
use crate::deployment::facts::FactStores;
use crate::query::fields::Fact;
use crate::query::record::Facts;
use crate::query::{Field, Order, PageFrom, PageKey, PageRequest, SortKey, SortOrder};
use crate::store::{DatabaseName, Engine, SpecStore, SqlValue, StoreError, StoredSpec};

/// A row of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where it is.
    pub database: DatabaseName,
    /// The row, as stored.
    pub row: StoredSpec,
    /// Its place in the order.
    pub key: PageKey,
    /// What it has of the columns that were asked for, in their order.
    pub cells: Vec<Cell>,
}

/// The key of a row.
pub fn key(row: &StoredSpec, sort: Option<SortKey>) -> PageKey {
    let updated = row.updated_at.as_deref().or(row.created_at.as_deref()).unwrap_or_default();
    PageKey { id: row.id, updated: updated.to_owned(), sort }
}

/// Rows with their columns; what could not be asked for these, a sentence each.
pub async fn listed(
    database: &DatabaseName,
    rows: Vec<(StoredSpec, Option<SortKey>)>,
    columns: &Arc<[Field]>,
    stores: &dyn FactStores,
) -> (Vec<Listed>, Vec<String>) {
    let reader = Reader::new(Arc::clone(columns));
    let (rows, sorts): (Vec<StoredSpec>, Vec<Option<SortKey>>) = rows.into_iter().unzip();
    let (known, failed) = if rows.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        ask(stores, database, &rows, reader.facts()).await
    };
    let name = database.to_string();
    let listed = rows.into_iter().zip(sorts).enumerate().map(|(at, (row, sort))| {
        let facts = known.get(at).unwrap_or(Facts::NONE);
        let cells = if columns.is_empty() { Vec::new() } else { reader.cells(&record(&name, &row), facts) };
        Listed { database: database.clone(), key: key(&row, sort), row, cells }
    });
    (listed.collect(), failed)
}

/// Rows with what they are sorted by, where the order is none in which databases page.
pub async fn placed(
    database: &DatabaseName,
    rows: Vec<StoredSpec>,
    order: &Order,
    stores: &dyn FactStores,
) -> Vec<(StoredSpec, Option<SortKey>)> {
    if order.native().is_some() {
        return rows.into_iter().map(|row| (row, None)).collect();
    }
    let wanted: Vec<Fact> = order.field.fact().into_iter().collect();
    let (known, _) = ask(stores, database, &rows, &wanted).await;
    let (reader, name) = (KeyReader::new(order), database.to_string());
    let placed = rows.into_iter().enumerate().map(|(at, row)| {
        let facts = known.get(at).unwrap_or(Facts::NONE);
        let key = reader.sort_key(&record(&name, &row), facts);
        (row, Some(key))
    });
    placed.collect()
}

/// The rows with these ids, in this order; what was deleted meanwhile is left out.
///
/// # Errors
/// Of the store.
pub async fn by_ids(
    store: &dyn SpecStore,
    ids: Vec<(i64, Option<SortKey>)>,
) -> Result<Vec<(StoredSpec, Option<SortKey>)>, StoreError> {
    let mut found: Vec<StoredSpec> = match store.engine() {
        Engine::Sqlite => Vec::new(),
        // One by one would take a round trip each.
        _ => at_once(store, &ids).await?,
    };
    found.sort_by_key(|row| row.id);
    let mut rows = Vec::with_capacity(ids.len());
    for (id, sort) in ids {
        match found.binary_search_by_key(&id, |row| row.id) {
            Ok(at) => rows.extend(found.get(at).cloned().map(|row| (row, sort))),
            Err(_) => {
                let at = PageFrom::At(PageKey::new(id, ""));
                let page = PageRequest { order: SortOrder::Id, from: at, limit: 1 };
                let row = store.page(page).await?.pop();
                // Deleted meanwhile: the next row is another.
                rows.extend(row.filter(|row| row.id == id).map(|row| (row, sort)));
            }
        }
    }
    Ok(rows)
}

/// As many of these rows as can be had in two questions.
async fn at_once(
    store: &dyn SpecStore,
    ids: &[(i64, Option<SortKey>)],
) -> Result<Vec<StoredSpec>, StoreError> {
    let Ok(limit) = u32::try_from(ids.len()) else { return Ok(Vec::new()) };
    if limit == 0 {
        return Ok(Vec::new());
    }
    let list = ids.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT instance_uuid FROM request_specs WHERE id IN ({list})");
    let answer = store.select(&sql, &[], limit).await?;
    let uuids: Vec<Arc<str>> = answer
        .into_iter()
        .filter_map(|row| match row.into_iter().next() {
            Some(SqlValue::Text(uuid)) => Some(uuid.into()),
            _ => None,
        })
        .collect();
    store.get_many(&uuids).await
}
