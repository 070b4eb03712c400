//! Instances without a spec: those that no database's specs have, asked once more, one batch after the other.
//!
//! Imports `store`, `deployment`, `lint` and its siblings.

use std::sync::Arc;

use super::Options;
use super::examine::Ward;
use crate::deployment::asked;
use crate::deployment::facts::{FactStores, Untold};
use crate::lint::{Finding, Judgement, Rule};
use crate::store::{Cancel, DatabaseName, StoreError};

/// Looks for them. Where a database did not tell its specs, it is unknown of each candidate.
pub(super) async fn look(
    ward: &Ward,
    options: &Options,
    stores: &dyn FactStores,
    databases: &[DatabaseName],
    cancel: &Cancel,
) -> Vec<Untold> {
    let (census, tally) = (&ward.census, &ward.tally);
    let Some(rule) = Rule::find("missing").filter(|rule| tally.wants(rule)) else { return Vec::new() };
    let mut untold = Vec::new();
    let place = |cell: &str| databases.iter().position(|database| database.to_string() == cell);
    let is_meant = |cell: &str| options.databases.iter().any(|database| database.to_string() == cell);
    let mut candidates = census.without_spec().filter(|(cell, _)| is_meant(cell));
    let mut number = 0;
    loop {
        let batch: Vec<(Arc<str>, Arc<str>)> = candidates.by_ref().take(asked::BATCH).collect();
        if batch.is_empty() || cancel.is_cancelled() {
            return untold;
        }
        if !census.all_specs_told() {
            for (cell, _) in &batch {
                if let Some(at) = place(cell) {
                    tally.add_unknown(at, rule, 1);
                }
            }
            continue;
        }
        let there = match still_there(stores, &batch).await {
            Ok(there) => there,
            Err(failed) => {
                untold.push(failed);
                return untold;
            }
        };
        for (cell, uuid) in there {
            number += 1;
            let sentence =
                format!("The instance is in {cell}, not deleted, and no database has a spec of it.");
            let finding = Finding { rule, path: String::new(), sentence };
            if let Some(at) = place(&cell) {
                let judgement = Judgement { findings: vec![finding], ..Judgement::default() };
                tally.add(at, number, &uuid, judgement);
            }
        }
    }
}

/// Those that have no spec now, and are not deleted.
async fn still_there(
    stores: &dyn FactStores,
    batch: &[(Arc<str>, Arc<str>)],
) -> Result<Vec<(Arc<str>, Arc<str>)>, Untold> {
    let mut left: Vec<(Arc<str>, Arc<str>)> = batch.to_vec();
    for entry in stores.entries().iter() {
        let failed = |error| (entry.name.clone(), error);
        let store = stores.store(&entry.name).await.map_err(failed)?;
        let uuids: Vec<Arc<str>> = left.iter().map(|(_, uuid)| Arc::clone(uuid)).collect();
        match store.get_many(&uuids).await {
            Ok(rows) => left.retain(|(_, uuid)| rows.iter().all(|row| row.instance_uuid != *uuid)),
            // Nothing is kept there.
            Err(StoreError::NoTable { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let mut cells: Vec<Arc<str>> = left.iter().map(|(cell, _)| Arc::clone(cell)).collect();
    cells.sort();
    cells.dedup();
    for cell in cells {
        let database = DatabaseName::cell(&cell);
        let uuids = left.iter().filter(|(of, _)| *of == cell).map(|(_, uuid)| &**uuid);
        let sql = "SELECT uuid FROM instances WHERE deleted = 0 AND uuid IN";
        let rows = asked::rows(stores, &database, sql, uuids, "instances").await;
        let rows = rows.map_err(|error| (database.clone(), error))?;
        let live: Vec<String> = rows.iter().filter_map(|row| asked::text(row.first()?)).collect();
        left.retain(|(of, uuid)| *of != cell || live.iter().any(|live| **live == **uuid));
    }
    Ok(left)
}
