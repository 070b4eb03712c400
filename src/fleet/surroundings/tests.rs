#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where something is wrong")]

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use super::*;
use crate::deployment::{Deployment, Entry, demo};
use crate::query::page::{PageFrom, PageRequest, SortOrder};
use crate::store::{SpecHome, SpecStore};

const FILES: [&str; 4] = ["api", "cell0", "cell1", "cell2"];

/// The demo, past all of this.
struct Plain(BTreeMap<&'static str, Connection>);

impl Plain {
    fn open(directory: &Path) -> Self {
        let open = |name| Connection::open(directory.join(format!("nova_{name}.sqlite"))).unwrap();
        Self(FILES.into_iter().map(|name| (name, open(name))).collect())
    }

    fn row(&self, database: &str, sql: &str, uuid: &str) -> Option<Vec<Option<String>>> {
        let texts = |row: &rusqlite::Row<'_>| {
            (0..row.as_ref().column_count()).map(|at| row.get::<_, Option<String>>(at)).collect()
        };
        self.0[database].query_row(sql, [uuid], texts).optional().unwrap()
    }

    fn group(&self, sql: &str, key: &str) -> Option<Group> {
        let row = self.row("api", sql, key)?;
        Some(Group { uuid: row[0].clone()?.into(), policy: row[1].as_deref().map(Arc::from) })
    }

    /// What is known of a row, looked up by itself.
    fn around(&self, database: &str, uuid: &str, spec: &[u8]) -> Surroundings {
        let mapped = "SELECT c.name, CAST(m.queued_for_delete AS TEXT) FROM instance_mappings m LEFT JOIN \
                      cell_mappings c ON c.id = m.cell_id WHERE m.instance_uuid = ?";
        let home = match self.row("api", mapped, uuid) {
            None => Home::Unmapped,
            Some(row) => match &row[0] {
                None => {
                    let sql = "SELECT instance_uuid FROM build_requests WHERE instance_uuid = ?";
                    Home::Unscheduled { build_request: Told::Known(self.row("api", sql, uuid).is_some()) }
                }
                Some(cell) => Home::Cell {
                    name: cell.as_str().into(),
                    queued_for_delete: row[1].as_deref() == Some("1"),
                },
            },
        };
        let live = "SELECT host, node, vm_state, task_state, project_id, user_id, availability_zone, e.flavor, \
                    e.numa_topology, e.pci_requests FROM instances i JOIN instance_extra e ON e.instance_uuid = \
                    i.uuid AND e.deleted = 0 WHERE i.uuid = ? AND i.deleted = 0";
        let instance = ["cell0", "cell1", "cell2"].into_iter().find_map(|cell| {
            let row: Vec<Option<Arc<str>>> =
                self.row(cell, live, uuid)?.iter().map(|text| text.as_deref().map(Arc::from)).collect();
            let flavor = row[7].as_deref().unwrap();
            let (_, rest) = flavor.split_once("{\"cur\": ").unwrap();
            let (current, _) = rest.split_once(", \"old\": ").unwrap();
            Some(Instance {
                cell: cell.into(),
                host: row[0].clone(),
                node: row[1].clone(),
                vm_state: row[2].clone(),
                task_state: row[3].clone(),
                project_id: row[4].clone(),
                user_id: row[5].clone(),
                availability_zone: row[6].clone(),
                flavor: Told::Known(Some(current.into())),
                numa_topology: Told::Known(row[8].clone()),
                pci_requests: Told::Known(row[9].clone()),
            })
        });
        let by_uuid = "SELECT g.uuid, p.policy FROM instance_groups g JOIN instance_group_policy p ON p.group_id \
                       = g.id WHERE g.uuid = ?";
        let of_member = "SELECT g.uuid, p.policy FROM instance_groups g JOIN instance_group_policy p ON p.group_id \
                         = g.id JOIN instance_group_member m ON m.group_id = g.id WHERE m.instance_uuid = ?";
        let others = FILES.into_iter().filter(|other| *other != database);
        let copies = others.filter_map(|other| {
            let text = self.row(
                other,
                "SELECT CAST(spec AS TEXT) FROM request_specs WHERE instance_uuid = ?",
                uuid,
            )?;
            let equal = text[0].as_deref().unwrap_or_default().as_bytes() == spec;
            Some(crate::lint::surroundings::Copy { database: other.into(), equal })
        });
        Surroundings {
            home: Told::Known(home),
            instance: Told::Known(instance),
            named_group: Told::Known(named_group(spec).and_then(|uuid| self.group(by_uuid, &uuid))),
            member_of: Told::Known(self.group(of_member, uuid)),
            copies: Told::Known(copies.collect()),
        }
    }
}

pub(in crate::fleet) async fn all_rows(deployment: &Deployment) -> Vec<(DatabaseName, StoredSpec)> {
    let mut rows = Vec::new();
    for database in deployment.databases().iter() {
        let store = FactStores::store(deployment, database).await.unwrap();
        let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 10_000 };
        let page = store.page(request).await.unwrap();
        rows.extend(page.into_iter().map(|row| (database.clone(), row)));
    }
    rows
}

#[tokio::test]
async fn what_surrounds_the_demo_s_specs_is_what_is_looked_up_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let plain = Plain::open(&directory.path().join("demo"));
    let rows = all_rows(&deployment).await;
    assert_eq!(rows.len(), 2_025);
    let known = of(&deployment, &rows).await;
    assert!(known.untold.is_empty(), "{:?}", known.untold);
    let mut seen = BTreeMap::<&str, usize>::new();
    for ((database, row), told) in rows.iter().zip(&known.surroundings) {
        assert_eq!(*told, plain.around(&database.to_string(), &row.instance_uuid, &row.spec), "{row:?}");
        let mut count = |what, is: bool| *seen.entry(what).or_default() += usize::from(is);
        count("unmapped", told.home == Told::Known(Home::Unmapped));
        count("building", matches!(told.home, Told::Known(Home::Unscheduled { .. })));
        count("gone", told.instance == Told::Known(None));
        count("member", told.member_of.known().is_some_and(Option::is_some));
        count("named", told.named_group.known().is_some_and(Option::is_some));
        count("copies", told.copies.known().is_some_and(|copies| !copies.is_empty()));
    }
    // What is compared is there.
    assert!(seen.len() == 6 && seen.values().all(|count| *count > 5), "{seen:?}");
}

#[tokio::test]
async fn the_zones_and_hosts_are_those_of_the_aggregates_and_of_all_cells() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let (fleet, untold) = fleet(&deployment, SpecHome::Cells).await;
    assert!(untold.is_empty(), "{untold:?}");
    let zones: Vec<&str> = fleet.zones.known().unwrap().iter().map(|zone| &**zone).collect();
    assert_eq!(zones, ["az1", "az2", "az3", "nova"]);
    let (hosts, nodes) = (fleet.hosts.known().unwrap(), fleet.nodes.known().unwrap());
    assert_eq!((hosts.len(), nodes.len()), (31, 31));
    assert!(hosts.contains("cmp-az1-02") && nodes.contains("cmp-az1-02.example.org"));
    assert!(fleet.specs_live_in_cells);
}

/// A deployment without some of its databases.
pub(in crate::fleet) struct Without<'a>(pub &'a Deployment, pub &'a [DatabaseName]);

#[async_trait]
impl FactStores for Without<'_> {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        if self.1.contains(database) {
            return Err(StoreError::Unavailable {
                database: database.clone(),
                location: "somewhere".into(),
                reason: "it is down".to_owned(),
            });
        }
        FactStores::store(self.0, database).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.0.entries()
    }
}

#[tokio::test]
async fn what_a_database_that_is_down_would_say_is_unknown_and_it_is_named_once() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let rows = all_rows(&deployment).await;
    let whole = of(&deployment, &rows).await.surroundings;
    let (cell1, cell2) = (DatabaseName::cell("cell1"), DatabaseName::cell("cell2"));
    let down = [cell2.clone()];
    let stores = Without(&deployment, &down);
    let part = of(&stores, &rows).await;
    assert_eq!(part.untold.iter().map(|(database, _)| database).collect::<Vec<_>>(), [&cell2]);
    let mut unknown = 0;
    for (((database, _), whole), part) in rows.iter().zip(&whole).zip(&part.surroundings) {
        let of_cell2 = |instance: &Instance| &*instance.cell == "cell2";
        match whole.instance.known().unwrap() {
            Some(instance) if !of_cell2(instance) => assert_eq!(part.instance, whole.instance),
            // Gone everywhere, or there: nobody can tell.
            _ => assert_eq!(part.instance, Told::Unknown),
        }
        assert_eq!((&part.home, &part.member_of), (&whole.home, &whole.member_of));
        let copies = whole.copies.known().unwrap();
        if *database != cell2 && copies.iter().all(|copy| &*copy.database == "cell2") {
            assert_eq!(part.copies, Told::Unknown);
        } else if *database == cell1 {
            assert_eq!(part.copies, whole.copies);
        }
        unknown += usize::from(part.instance == Told::Unknown);
    }
    assert!(unknown > 600, "{unknown}");
    let (fleet, untold) = fleet(&stores, SpecHome::Api).await;
    assert_eq!((&fleet.hosts, &fleet.nodes, untold.len()), (&Told::Unknown, &Told::Unknown, 1));
    assert_ne!(fleet.zones, Told::Unknown);

    let down = [DatabaseName::Api];
    let part = of(&Without(&deployment, &down), &rows).await;
    assert_eq!(part.untold.len(), 1);
    for (whole, part) in whole.iter().zip(&part.surroundings) {
        assert_eq!((&part.home, &part.member_of), (&Told::Unknown, &Told::Unknown));
        // Every cell was asked.
        assert_eq!(part.instance, whole.instance);
    }
}
