//! The tables, one question each for a batch of instances.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Answer, ByUuid, Group, Home, Instance, Told, Untold, add, asked, join_all};
use crate::deployment::Entry;
use crate::deployment::facts::FactStores;
use crate::lint::surroundings::Copy;
use crate::spec::document::Document;
use crate::store::{DatabaseName, SqlValue, StoreError, StoredSpec};

/// What is asked about.
pub(super) struct Asking<'a> {
    pub stores: &'a dyn FactStores,
    pub entries: Arc<[Entry]>,
    pub rows: &'a [(DatabaseName, StoredSpec)],
}

const HOMES: &str = "SELECT m.instance_uuid, m.cell_id, c.name, c.uuid, m.queued_for_delete FROM \
                     instance_mappings m LEFT JOIN cell_mappings c ON c.id = m.cell_id WHERE m.instance_uuid IN";
const BUILDING: &str = "SELECT instance_uuid FROM build_requests WHERE instance_uuid IN";
const INSTANCES: &str = "SELECT uuid, host, node, vm_state, task_state, project_id, user_id, availability_zone \
                         FROM instances WHERE deleted = 0 AND uuid IN";
const EXTRA: &str = "SELECT instance_uuid, flavor, numa_topology, pci_requests FROM instance_extra WHERE \
                     deleted = 0 AND instance_uuid IN";
const GROUPS: &str = "SELECT g.uuid, g.uuid, p.policy FROM instance_groups g LEFT JOIN instance_group_policy p \
                      ON p.group_id = g.id WHERE g.uuid IN";
const MEMBERS: &str = "SELECT m.instance_uuid, g.uuid, p.policy FROM instance_group_member m JOIN \
                       instance_groups g ON g.id = m.group_id LEFT JOIN instance_group_policy p ON p.group_id \
                       = g.id WHERE m.instance_uuid IN";

fn shared(value: &SqlValue) -> Option<Arc<str>> {
    asked::text(value).map(Arc::from)
}

impl Asking<'_> {
    fn uuids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(_, row)| &*row.instance_uuid)
    }

    async fn api<'k>(
        &self,
        sql: &str,
        keys: impl Iterator<Item = &'k str>,
        table: &str,
    ) -> Result<Vec<Vec<SqlValue>>, Untold> {
        let rows = asked::rows(self.stores, &DatabaseName::Api, sql, keys, table).await;
        rows.map_err(|error| (DatabaseName::Api, error))
    }

    /// Where the mappings say the instances are; an instance without one is left out.
    pub async fn homes(&self) -> Answer<Home> {
        let rows = self.api(HOMES, self.uuids(), "instance_mappings").await?;
        let mut homes: ByUuid<Home> = HashMap::new();
        for row in &rows {
            let [uuid, cell, name, cell_uuid, queued] = row.as_slice() else { continue };
            let home = match asked::mapped_cell(cell, name, cell_uuid, &self.entries) {
                asked::MappedCell::None => Home::Unscheduled { build_request: Told::Unknown },
                asked::MappedCell::Lost => Home::LostCell,
                asked::MappedCell::Cell(cell) => Home::Cell {
                    name: cell.to_string().into(),
                    queued_for_delete: matches!(queued, SqlValue::Integer(flag) if *flag != 0),
                },
            };
            if let Some(uuid) = asked::text(uuid) {
                homes.insert(uuid, home);
            }
        }
        let is_unscheduled = |uuid: &&str| matches!(homes.get(*uuid), Some(Home::Unscheduled { .. }));
        let unscheduled: Vec<&str> = self.uuids().filter(is_unscheduled).collect();
        if unscheduled.is_empty() {
            return Ok(homes);
        }
        // One of the tables without the other is no database of nova's: what it would say stays unknown.
        let Ok(rows) = self.api(BUILDING, unscheduled.iter().copied(), "build_requests").await else {
            return Ok(homes);
        };
        for uuid in unscheduled {
            let is_building =
                rows.iter().any(|row| row.first().and_then(asked::text).as_deref() == Some(uuid));
            homes.insert(uuid.to_owned(), Home::Unscheduled { build_request: Told::Known(is_building) });
        }
        Ok(homes)
    }

    /// The groups of these uuids.
    pub async fn groups(&self, named: &[Option<Arc<str>>]) -> Answer<Group> {
        if named.iter().all(Option::is_none) {
            return Ok(HashMap::new());
        }
        let rows = self.api(GROUPS, named.iter().flatten().map(|uuid| &**uuid), "instance_groups").await?;
        Ok(groups(&rows))
    }

    /// The groups that have the instances as members.
    pub async fn memberships(&self) -> Answer<Group> {
        Ok(groups(&self.api(MEMBERS, self.uuids(), "instance_group_member").await?))
    }

    /// What the cells say of each instance, the preferred cell asked first and all of them where that one does
    /// not have it.
    pub async fn instances(
        &self,
        preferred: Vec<Option<DatabaseName>>,
    ) -> (Vec<Told<Option<Instance>>>, Vec<Untold>) {
        let cells = asked::cells_of(&self.entries);
        let mut found: Vec<Option<Instance>> = vec![None; self.rows.len()];
        let mut untold: Vec<Untold> = Vec::new();
        let first = |cell: &DatabaseName| -> Vec<usize> {
            (0..self.rows.len())
                .filter(|&at| preferred.get(at).and_then(Option::as_ref) == Some(cell))
                .collect()
        };
        // A mapping may name a cell that is not known to the deployment.
        let mut asked_first: Vec<DatabaseName> = preferred.iter().flatten().cloned().collect();
        asked_first.sort();
        asked_first.dedup();
        let questions = asked_first.iter().map(|cell| (cell, first(cell))).collect();
        self.look(questions, &mut found, &mut untold).await;
        let questions = cells.iter().map(|cell| {
            let is_left = |at: &usize| {
                found.get(*at).is_some_and(Option::is_none)
                    && preferred.get(*at).and_then(Option::as_ref) != Some(cell)
            };
            (cell, (0..self.rows.len()).filter(is_left).collect::<Vec<_>>())
        });
        let questions = questions.filter(|(_, which)| !which.is_empty()).collect();
        self.look(questions, &mut found, &mut untold).await;
        let all_said = !cells.is_empty() && !untold.iter().any(|(cell, _)| cells.contains(cell));
        let told = found.into_iter().zip(&preferred).map(|(instance, preferred)| {
            let its_own_said = !untold.iter().any(|(cell, _)| Some(cell) == preferred.as_ref());
            match instance {
                None if !(all_said && its_own_said) => Told::Unknown,
                instance => Told::Known(instance),
            }
        });
        (told.collect(), untold)
    }

    async fn look(
        &self,
        questions: Vec<(&DatabaseName, Vec<usize>)>,
        found: &mut [Option<Instance>],
        untold: &mut Vec<Untold>,
    ) {
        let answers = join_all(questions.iter().map(|(cell, which)| self.of_cell(cell, which))).await;
        for ((cell, which), answer) in questions.iter().zip(answers) {
            match answer {
                Ok(mut instances) => {
                    for &at in which {
                        let Some((_, row)) = self.rows.get(at) else { continue };
                        if let (Some(slot), Some(instance)) =
                            (found.get_mut(at), instances.get_mut(&*row.instance_uuid))
                        {
                            slot.get_or_insert_with(|| instance.clone());
                        }
                    }
                }
                Err(error) => add(untold, cell, error),
            }
        }
    }

    /// What a cell says of these instances.
    async fn of_cell(&self, cell: &DatabaseName, which: &[usize]) -> Result<ByUuid<Instance>, StoreError> {
        let uuids = || which.iter().filter_map(|&at| self.rows.get(at)).map(|(_, row)| &*row.instance_uuid);
        let rows = asked::rows(self.stores, cell, INSTANCES, uuids(), "instances").await?;
        let name: Arc<str> = cell.to_string().into();
        let mut instances: ByUuid<Instance> = HashMap::new();
        for row in &rows {
            let [uuid, host, node, vm_state, task_state, project, user, zone] = row.as_slice() else {
                continue;
            };
            let instance = Instance {
                cell: Arc::clone(&name),
                host: shared(host),
                node: shared(node),
                vm_state: shared(vm_state),
                task_state: shared(task_state),
                project_id: shared(project),
                user_id: shared(user),
                availability_zone: shared(zone),
                ..Instance::default()
            };
            if let Some(uuid) = asked::text(uuid) {
                instances.insert(uuid, instance);
            }
        }
        if instances.is_empty() {
            return Ok(instances);
        }
        let there: Vec<String> = instances.keys().cloned().collect();
        let there = there.iter().map(String::as_str);
        // An account may read one table and not the other: what that one says stays unknown.
        let Ok(rows) = asked::rows(self.stores, cell, EXTRA, there, "instance_extra").await else {
            return Ok(instances);
        };
        for instance in instances.values_mut() {
            instance.flavor = Told::Known(None);
            instance.numa_topology = Told::Known(None);
            instance.pci_requests = Told::Known(None);
        }
        for row in &rows {
            let [uuid, flavor, numa_topology, pci_requests] = row.as_slice() else { continue };
            if let Some(instance) = asked::text(uuid).and_then(|uuid| instances.get_mut(&uuid)) {
                instance.flavor = current_flavor(flavor);
                instance.numa_topology = Told::Known(shared(numa_topology));
                instance.pci_requests = Told::Known(shared(pci_requests));
            }
        }
        Ok(instances)
    }

    /// The specs of the same instances in other databases. Nothing is concluded from none where a database did
    /// not answer.
    pub async fn copies(&self) -> (Vec<Told<Vec<Copy>>>, Vec<Untold>) {
        let mut copies: Vec<Vec<Copy>> = vec![Vec::new(); self.rows.len()];
        let mut untold: Vec<Untold> = Vec::new();
        let names: Vec<DatabaseName> = self.entries.iter().map(|entry| entry.name.clone()).collect();
        let elsewhere = |name: &DatabaseName| -> Vec<usize> {
            let is_elsewhere = |at: &usize| self.rows.get(*at).is_some_and(|(database, _)| database != name);
            (0..self.rows.len()).filter(is_elsewhere).collect()
        };
        let answers = join_all(names.iter().map(|name| self.specs(name, elsewhere(name)))).await;
        for (name, answer) in names.iter().zip(answers) {
            let specs = match answer {
                Ok(specs) => specs,
                // Nothing is kept there.
                Err(StoreError::NoTable { .. }) => continue,
                Err(error) => {
                    add(&mut untold, name, error);
                    continue;
                }
            };
            let database: Arc<str> = name.to_string().into();
            for ((own, row), copies) in self.rows.iter().zip(&mut copies) {
                if let Some(spec) = specs.get(&row.instance_uuid).filter(|_| own != name) {
                    copies.push(Copy { database: Arc::clone(&database), equal: *spec == row.spec });
                }
            }
        }
        let told = self.rows.iter().zip(copies).map(|((own, _), copies)| {
            let all_said = untold.iter().all(|(database, _)| database == own);
            if copies.is_empty() && !all_said { Told::Unknown } else { Told::Known(copies) }
        });
        (told.collect(), untold)
    }

    async fn specs(
        &self,
        database: &DatabaseName,
        which: Vec<usize>,
    ) -> Result<HashMap<Arc<str>, Arc<[u8]>>, StoreError> {
        let mut found = HashMap::new();
        if which.is_empty() {
            return Ok(found);
        }
        let store = self.stores.store(database).await?;
        let uuids =
            which.iter().filter_map(|&at| self.rows.get(at)).map(|(_, row)| Arc::clone(&row.instance_uuid));
        for batch in uuids.collect::<Vec<_>>().chunks(asked::BATCH) {
            let rows = store.get_many(batch).await?;
            found.extend(rows.into_iter().map(|row| (row.instance_uuid, row.spec)));
        }
        Ok(found)
    }
}

/// Groups by the first column; of several, the first.
fn groups(rows: &[Vec<SqlValue>]) -> ByUuid<Group> {
    let mut groups: ByUuid<Group> = HashMap::new();
    for row in rows {
        let [key, uuid, policy] = row.as_slice() else { continue };
        if let (Some(key), Some(uuid)) = (asked::text(key), shared(uuid)) {
            groups.entry(key).or_insert(Group { uuid, policy: shared(policy) });
        }
    }
    groups
}

/// The envelope `cur` of `instance_extra.flavor`; unknown where that is not what nova writes.
pub fn current_flavor(column: &SqlValue) -> Told<Option<Arc<str>>> {
    let Some(text) = asked::text(column) else { return Told::Known(None) };
    let Ok(document) = Document::parse_str(&text) else { return Told::Unknown };
    match document.root().get("cur") {
        Some(current) if !current.is_null() => Told::Known(Some(Arc::from(current.raw()))),
        Some(_) => Told::Known(None),
        None => Told::Unknown,
    }
}
