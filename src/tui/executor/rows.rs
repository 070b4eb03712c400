//! Pages of lists, with the columns that are shown, in the words of the state machine.

use std::sync::Arc;

use super::searches::page_failure;
use super::sessions::{Sessions, Store};
use crate::app::row::{Failure, Row};
use crate::deployment::Entry;
use crate::deployment::facts::FactStores;
use crate::deployment::lost::Lost;
use crate::query::{Field, Order, PageKey, PageRequest};
use crate::search::find::PageError;
use crate::search::rows::{keyed, listed, placed};
use crate::search::values::text;
use crate::search::{Listed, Search};
use crate::spec::summary::Summary;
use crate::store::{DatabaseName, StoreError};

/// Rows that a uuid prefix may bring at most.
const PREFIX_ROWS: u32 = 8;
/// Characters of a cell that a list may show.
const CELL: usize = 256;

/// A page of all rows, in an order that the database pages by itself.
///
/// # Errors
/// Why there is none.
pub async fn page(
    sessions: &Sessions,
    database: &DatabaseName,
    page: PageRequest<PageKey, Order>,
    columns: &Arc<[Field]>,
) -> Result<Vec<Row>, Failure> {
    let Some(order) = page.order.native() else { return Err(unsorted(&page.order)) };
    let page = PageRequest { order, from: page.from, limit: page.limit };
    let rows = sessions.with(database, |store| async move { store.page(page).await }).await?;
    Ok(rows_of(listed(database, keyed(rows), columns, sessions).await.0, columns))
}

/// A page of the hits of a search.
///
/// # Errors
/// Why there is none.
pub async fn page_of_hits(
    sessions: &Sessions,
    search: &Search,
    page: PageRequest<PageKey, Order>,
    columns: &Arc<[Field]>,
) -> Result<Vec<Row>, Failure> {
    let page = &page;
    let read = |store: Store| async move {
        match search.page(&*store, sessions, page, columns).await {
            Ok(rows) => Ok(Ok(rows)),
            // One that was lost is to be opened anew.
            Err(PageError::Store(error)) => Err(error),
            Err(other) => Ok(Err(other)),
        }
    };
    match sessions.with(search.database(), read).await? {
        Ok(listed) => Ok(rows_of(listed, columns)),
        Err(error) => Err(page_failure(&error)),
    }
}

/// Rows whose uuid begins so, with their places in that order.
///
/// # Errors
/// Why there are none.
pub async fn of_prefix(
    sessions: &Sessions,
    database: &DatabaseName,
    prefix: String,
    order: &Order,
    columns: &Arc<[Field]>,
) -> Result<Vec<Row>, Failure> {
    let find = |store: Store| async move { store.find_prefix(&prefix, PREFIX_ROWS).await };
    let rows = sessions.with(database, find).await?;
    let placed = placed(database, rows, order, sessions).await;
    Ok(rows_of(listed(database, placed, columns, sessions).await.0, columns))
}

/// How many rows stand before a key.
///
/// # Errors
/// That is not known.
pub async fn rank(
    sessions: &Sessions,
    database: &DatabaseName,
    order: &Order,
    key: PageKey,
) -> Result<u64, Failure> {
    let Some(order) = order.native() else { return Err(unsorted(order)) };
    sessions.with(database, |store| async move { store.rank(order, key).await }).await
}

fn unsorted(order: &Order) -> Failure {
    Failure::Failed(format!("a list by {} takes a search over all rows", order.field.name))
}

fn rows_of(listed: Vec<Listed>, columns: &[Field]) -> Vec<Row> {
    listed.into_iter().map(|listed| row(listed, columns)).collect()
}

/// A row as a list shows it.
fn row(listed: Listed, columns: &[Field]) -> Row {
    let Listed { database, row, key, cells } = listed;
    let cell = |(field, cell)| {
        let text: Option<std::borrow::Cow<'_, str>> = text(field, cell);
        text.map(|text| match text.char_indices().nth(CELL) {
            Some((end, _)) => Arc::from(format!("{}…", text.get(..end).unwrap_or_default())),
            None => Arc::from(text),
        })
    };
    let values = columns.iter().zip(&cells).map(cell).collect();
    Row { database, key, instance_uuid: row.instance_uuid, summary: Summary::of(&row.spec), values }
}

#[async_trait::async_trait]
impl FactStores for Sessions {
    async fn store(&self, database: &DatabaseName) -> Result<Store, StoreError> {
        self.get(database).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.deployment().entries()
    }

    fn lost(&self) -> Option<&Lost> {
        Some(Self::lost(self))
    }
}
