//! Rows of a list: read by id or from a key on, with the columns that are asked for.
//!
//! Imports `query`, `store`, `deployment` and its siblings.

use std::sync::Arc;

use super::keys::{KeyReader, moment, written};
use super::pass::ask;
use super::sorted::Place;
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

/// The key of a hit: where it stands among the hits, whatever has become of its row since.
fn key_of_hit(row: &StoredSpec, place: Place) -> PageKey {
    let mut key = key(row, place.sort);
    if let Some(found) = place.moment.filter(|found| *found != moment(&key.updated)) {
        key.updated = written(found, &key.updated);
    }
    key
}

/// Rows with their keys, in an order in which databases page.
pub fn keyed(rows: Vec<StoredSpec>) -> Vec<(StoredSpec, PageKey)> {
    let keyed = |row: StoredSpec| {
        let key = key(&row, None);
        (row, key)
    };
    rows.into_iter().map(keyed).collect()
}

/// Rows with their columns; what could not be asked for these, a sentence each.
pub async fn listed(
    database: &DatabaseName,
    rows: Vec<(StoredSpec, PageKey)>,
    columns: &Arc<[Field]>,
    stores: &dyn FactStores,
) -> (Vec<Listed>, Vec<String>) {
    let reader = Reader::new(Arc::clone(columns));
    let (rows, keys): (Vec<StoredSpec>, Vec<PageKey>) = rows.into_iter().unzip();
    let (known, failed) = if rows.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        ask(stores, stores.lost(), database, &rows, reader.facts()).await
    };
    let name = database.to_string();
    let listed = rows.into_iter().zip(keys).enumerate().map(|(at, (row, key))| {
        let facts = known.get(at).unwrap_or(Facts::NONE);
        let cells = if columns.is_empty() { Vec::new() } else { reader.cells(&record(&name, &row), facts) };
        Listed { database: database.clone(), key, row, cells }
    });
    (listed.collect(), failed)
}

/// Rows with what they are sorted by, where the order is none in which databases page.
pub async fn placed(
    database: &DatabaseName,
    rows: Vec<StoredSpec>,
    order: &Order,
    stores: &dyn FactStores,
) -> Vec<(StoredSpec, PageKey)> {
    if order.native().is_some() {
        return keyed(rows);
    }
    let wanted: Vec<Fact> = order.field.fact().into_iter().collect();
    let (known, _) = ask(stores, stores.lost(), database, &rows, &wanted).await;
    let (reader, name) = (KeyReader::new(order), database.to_string());
    let placed = rows.into_iter().enumerate().map(|(at, row)| {
        let facts = known.get(at).unwrap_or(Facts::NONE);
        let key = key(&row, Some(reader.sort_key(&record(&name, &row), facts)));
        (row, key)
    });
    placed.collect()
}

/// The rows of these hits, in this order, with their keys among the hits; what was deleted meanwhile is
/// left out.
///
/// # Errors
/// Of the store.
pub(super) async fn of_hits(
    store: &dyn SpecStore,
    places: Vec<Place>,
) -> Result<Vec<(StoredSpec, PageKey)>, StoreError> {
    let mut found: Vec<StoredSpec> = match store.engine() {
        Engine::Sqlite => Vec::new(),
        // One by one would take a round trip each.
        _ => at_once(store, &places).await?,
    };
    found.sort_by_key(|row| row.id);
    let mut rows = Vec::with_capacity(places.len());
    for place in places {
        let id = place.id;
        let row = match found.binary_search_by_key(&id, |row| row.id) {
            Ok(at) => found.get(at).cloned(),
            Err(_) => {
                let at = PageFrom::At(PageKey::new(id, ""));
                let page = PageRequest { order: SortOrder::Id, from: at, limit: 1 };
                // Deleted meanwhile: the next row is another.
                store.page(page).await?.pop().filter(|row| row.id == id)
            }
        };
        rows.extend(row.map(|row| {
            let key = key_of_hit(&row, place);
            (row, key)
        }));
    }
    Ok(rows)
}

/// As many of these rows as can be had in two questions.
async fn at_once(store: &dyn SpecStore, places: &[Place]) -> Result<Vec<StoredSpec>, StoreError> {
    let Ok(limit) = u32::try_from(places.len()) else { return Ok(Vec::new()) };
    if limit == 0 {
        return Ok(Vec::new());
    }
    let list = places.iter().map(|place| place.id.to_string()).collect::<Vec<_>>().join(", ");
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
