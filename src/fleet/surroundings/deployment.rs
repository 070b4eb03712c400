//! What holds for all instances of a deployment: its zones and hosts.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;

use super::add;
use crate::deployment::asked;
use crate::deployment::facts::{FactStores, Untold};
use crate::lint::{Fleet, Told};
use crate::store::{DatabaseName, SpecHome, SqlValue, StoreError};

/// nova's `[DEFAULT] default_availability_zone`: of hosts in no aggregate with a zone.
const DEFAULT_ZONE: &str = "nova";
/// Zones or hosts of one database, at most.
const MOST: u32 = 1_000_000;

const ZONES: &str = "SELECT DISTINCT m.value FROM aggregate_metadata m JOIN aggregates a ON a.id = m.aggregate_id WHERE m.key = ?";
const SERVICES: &str = "SELECT DISTINCT s.host FROM services s WHERE s.deleted = 0 AND s.binary = ?";
const NODES: &str = "SELECT c.host, c.hypervisor_hostname FROM compute_nodes c WHERE c.deleted = 0";

/// The zones and hosts; `home` is where the specs of scheduled instances belong. Of hosts and nodes nothing is
/// known unless every cell tells its own.
pub async fn fleet(stores: &dyn FactStores, home: SpecHome) -> (Fleet, Vec<Untold>) {
    let mut untold = Vec::new();
    let entries = stores.entries();
    let cells = asked::cells_of(&entries);
    let key = SqlValue::Text("availability_zone".to_owned());
    let zones = match rows(stores, &DatabaseName::Api, ZONES, &[key], "aggregate_metadata").await {
        Ok(rows) => {
            let mut zones: BTreeSet<Arc<str>> = first(&rows, 0).collect();
            zones.insert(Arc::from(DEFAULT_ZONE));
            Told::Known(zones)
        }
        Err(error) => {
            add(&mut untold, &DatabaseName::Api, error);
            Told::Unknown
        }
    };
    let (mut hosts, mut nodes) = (BTreeSet::new(), BTreeSet::new());
    let mut all_said = !cells.is_empty();
    for (cell, answer) in cells.iter().zip(join_all(cells.iter().map(|cell| of_cell(stores, cell))).await) {
        match answer {
            Ok((services, computes)) => {
                hosts.extend(first(&services, 0).chain(first(&computes, 0)));
                nodes.extend(first(&computes, 1));
            }
            Err(error) => {
                add(&mut untold, cell, error);
                all_said = false;
            }
        }
    }
    let known = |set| if all_said { Told::Known(set) } else { Told::Unknown };
    let fleet = Fleet {
        zones,
        hosts: known(hosts),
        nodes: known(nodes),
        specs_live_in_cells: home == SpecHome::Cells,
    };
    (fleet, untold)
}

type Rows = Vec<Vec<SqlValue>>;

/// The hosts of a cell's services, and hosts and nodes of its compute nodes.
async fn of_cell(stores: &dyn FactStores, cell: &DatabaseName) -> Result<(Rows, Rows), StoreError> {
    let compute = SqlValue::Text("nova-compute".to_owned());
    let services = rows(stores, cell, SERVICES, &[compute], "services").await?;
    Ok((services, rows(stores, cell, NODES, &[], "compute_nodes").await?))
}

async fn rows(
    stores: &dyn FactStores,
    database: &DatabaseName,
    sql: &str,
    parameters: &[SqlValue],
    table: &str,
) -> Result<Rows, StoreError> {
    let store = stores.store(database).await?;
    match store.select(sql, parameters, MOST).await {
        Ok(rows) => Ok(rows),
        Err(error) => Err(asked::explained(store.as_ref(), table, error).await),
    }
}

/// The texts of a column.
fn first(rows: &Rows, column: usize) -> impl Iterator<Item = Arc<str>> {
    rows.iter()
        .filter_map(move |row| asked::text(row.get(column)?))
        .filter(|text| !text.is_empty())
        .map(Arc::from)
}
