//! The tables, each from one end to the other in pages by its key: the next page is read while one is taken in.
//!
//! What comes from several tables is read in the order in which nova writes it last: who is mapped has an
//! instance, unless that was deleted.

use std::sync::Arc;

use super::vocabulary::NO_ROOM;
use super::{Census, EXTRA, LOST, MAPPED, QUEUED, UNSURE, copies};
use crate::deployment::asked::{self, MappedCell};
use crate::deployment::facts::FactStores;
use crate::fleet::surroundings::current_flavor;
use crate::lint::Group;
use crate::store::{Cancel, DatabaseName, SqlValue, StoreError, TableState};

/// Rows of a page.
const PAGE: u32 = 5_000;
/// Groups that are kept.
const MOST_GROUPS: usize = 100_000;
/// The uuid of cell0.
const CELL0: &str = "00000000-0000-0000-0000-000000000000";

const MAPPINGS: &str = "SELECT m.id, m.instance_uuid, m.cell_id, c.name, c.uuid, m.queued_for_delete FROM \
                        instance_mappings m LEFT JOIN cell_mappings c ON c.id = m.cell_id WHERE m.id > ? ORDER \
                        BY m.id";
const GROUPS: &str = "SELECT g.id, g.uuid, p.policy FROM instance_groups g LEFT JOIN instance_group_policy p ON \
                      p.group_id = g.id WHERE g.id > ? ORDER BY g.id";
const MEMBERS: &str = "SELECT m.id, m.instance_uuid, g.uuid FROM instance_group_member m JOIN instance_groups g \
                       ON g.id = m.group_id WHERE m.id > ? ORDER BY m.id";
const SPECS: &str = "SELECT r.instance_uuid FROM request_specs r WHERE r.instance_uuid > ? ORDER BY \
                     r.instance_uuid";
// `+`: by the primary key, not by one of the indexes that begin with `deleted` and then need sorting.
const INSTANCES: &str = "SELECT i.id, i.uuid, i.host, i.node, i.vm_state, i.task_state, i.project_id, i.user_id, \
                         i.availability_zone FROM instances i WHERE +i.deleted = 0 AND i.id > ? ORDER BY i.id";
const EXTRAS: &str = "SELECT e.id, e.instance_uuid, e.flavor, e.numa_topology, e.pci_requests FROM \
                      instance_extra e WHERE +e.deleted = 0 AND e.id > ? ORDER BY e.id";

/// Takes it. `told` hears how many rows were read, now and then. What a database does not tell stays unknown.
pub async fn take(
    stores: &dyn FactStores,
    told: &mut (dyn FnMut(u64) + Send),
    cancel: &Cancel,
) -> Arc<Census> {
    let entries = stores.entries();
    let databases: Arc<[DatabaseName]> = entries.iter().map(|entry| entry.name.clone()).collect();
    let cells = asked::cells_of(&entries);
    let mut census = Census::new(Arc::clone(&databases));
    let mut reading = Reading { stores, told, cancel, rows: 0 };

    let from = SqlValue::Integer(i64::MIN);
    let api = &DatabaseName::Api;
    let read = reading.each(api, "instance_mappings", MAPPINGS, &from, |row| {
        let [_, uuid, cell, name, cell_uuid, queued] = row else { return };
        let cell = asked::mapped_cell(cell, name, cell_uuid, &entries);
        census.take_mapping(uuid, cell, matches!(queued, SqlValue::Integer(flag) if *flag != 0));
    });
    let result = read.await;
    census.homes_told = census.noted(api, result);

    let result = reading.each(api, "instance_groups", GROUPS, &from, |row| census.take_group(row)).await;
    census.groups.told = census.noted(api, result);
    let result =
        reading.each(api, "instance_group_member", MEMBERS, &from, |row| census.take_member(row)).await;
    census.members_told = census.noted(api, result);

    for (at, database) in databases.iter().enumerate() {
        let result = reading.specs(&mut census, at, database).await;
        let is_told = census.noted(database, result);
        if let Some(slot) = census.specs_told.get_mut(at) {
            *slot = is_told;
        }
    }

    let mut all_told = !cells.is_empty();
    for name in &cells {
        let cell = census.cell(&name.to_string());
        let entry = entries.iter().find(|entry| entry.name == *name);
        if entry.is_some_and(|entry| entry.uuid.as_deref() == Some(CELL0)) || name.to_string() == "cell0" {
            census.cell0 = Some(cell);
        }
        let result =
            reading.each(name, "instances", INSTANCES, &from, |row| census.take_instance(cell, row)).await;
        if !census.noted(name, result) {
            all_told = false;
            continue;
        }
        let result =
            reading.each(name, "instance_extra", EXTRAS, &from, |row| census.take_extra(cell, row)).await;
        let is_told = result.is_ok();
        if let Some(slot) = census.extra_told.get_mut(usize::from(cell).wrapping_sub(1)) {
            *slot = is_told;
        }
    }
    census.instances_told = all_told && !cancel.is_cancelled();
    copies::compare(census, stores, cancel).await
}

struct Reading<'a> {
    stores: &'a dyn FactStores,
    told: &'a mut (dyn FnMut(u64) + Send),
    cancel: &'a Cancel,
    rows: u64,
}

impl Reading<'_> {
    /// Each row of a table after a key, which is the first column.
    async fn each(
        &mut self,
        database: &DatabaseName,
        table: &str,
        sql: &str,
        from: &SqlValue,
        mut take: impl FnMut(&[SqlValue]) + Send,
    ) -> Result<(), StoreError> {
        let store = self.stores.store(database).await?;
        let sql = format!("{sql} LIMIT {PAGE}");
        let first = store.select(&sql, std::slice::from_ref(from), PAGE).await;
        let mut page = match first {
            Ok(page) => page,
            Err(error) => return Err(asked::explained(store.as_ref(), table, error).await),
        };
        loop {
            self.rows += page.len() as u64;
            (self.told)(self.rows);
            let is_last = page.len() < PAGE as usize || self.cancel.is_cancelled();
            let Some(last) = page.last().and_then(|row| row.first()).cloned().filter(|_| !is_last) else {
                page.iter().for_each(|row| take(row));
                return Ok(());
            };
            let parameters = [last];
            let taken = async { page.iter().for_each(|row| take(row)) };
            // The question is out before this page is taken in.
            let (next, ()) = tokio::join!(store.select(&sql, &parameters, PAGE), taken);
            page = next?;
        }
    }

    async fn specs(
        &mut self,
        census: &mut Census,
        at: usize,
        database: &DatabaseName,
    ) -> Result<(), StoreError> {
        let store = self.stores.store(database).await?;
        if store.table_state().await? == TableState::Missing {
            // Nothing is kept there.
            return Ok(());
        }
        let from = SqlValue::Text(String::new());
        self.each(database, "request_specs", SPECS, &from, |row| census.take_spec(at, row)).await
    }
}

impl Census {
    /// Whether it was told.
    fn noted(&mut self, database: &DatabaseName, result: Result<(), StoreError>) -> bool {
        match result {
            Ok(()) => true,
            Err(error) => {
                self.untold(database, error);
                false
            }
        }
    }

    fn take_mapping(&mut self, uuid: &SqlValue, cell: MappedCell, queued: bool) {
        let SqlValue::Text(uuid) = uuid else { return };
        let key = self.key(uuid);
        let (cell, lost) = match cell {
            MappedCell::None => (0, 0),
            MappedCell::Lost => (0, LOST),
            MappedCell::Cell(name) => (self.cell(&name.to_string()), 0),
        };
        if let Some(entry) = self.table.entry(key) {
            entry.mapped = cell;
            entry.flags |= MAPPED | lost | if queued { QUEUED } else { 0 };
        }
    }

    fn take_group(&mut self, row: &[SqlValue]) {
        let [_, uuid, policy] = row else { return };
        let Some(uuid) = asked::text(uuid).map(Arc::from) else { return };
        if self.groups.list.len() >= MOST_GROUPS {
            return;
        }
        if self.groups.by_uuid.contains_key(&uuid) {
            return;
        }
        self.groups.list.push(Group { uuid: Arc::clone(&uuid), policy: asked::text(policy).map(Arc::from) });
        self.groups.by_uuid.insert(uuid, self.groups.list.len() as u32);
    }

    fn take_member(&mut self, row: &[SqlValue]) {
        let [_, SqlValue::Text(uuid), SqlValue::Text(group)] = row else { return };
        let number = self.groups.by_uuid.get(group.as_str()).copied();
        let key = self.key(uuid);
        let Some(entry) = self.table.entry(key) else { return };
        match number {
            Some(number) if entry.group == 0 => entry.group = number,
            Some(number) if entry.group == number => {}
            // A member of several groups, or of one that is not kept.
            _ => entry.flags |= UNSURE,
        }
    }

    fn take_spec(&mut self, database: usize, row: &[SqlValue]) {
        let [SqlValue::Text(uuid)] = row else { return };
        if let Some(count) = self.specs.get_mut(database) {
            *count += 1;
        }
        let key = self.key(uuid);
        let Ok(number) = u16::try_from(database + 1) else { return };
        let Some(entry) = self.table.entry(key) else { return };
        match entry.specs {
            [0, _] => entry.specs = [number, 0],
            [first, 0] if first != number => {
                entry.specs = [first, number];
                self.copies.twice += 1;
            }
            _ => entry.flags |= UNSURE,
        }
    }

    fn take_instance(&mut self, cell: u16, row: &[SqlValue]) {
        let [_, SqlValue::Text(uuid), host, node, vm_state, task_state, project, user, zone] = row else {
            return;
        };
        let key = self.key(uuid);
        let mut joined = String::new();
        let place = self.places.number(join(&mut joined, &[host, node]), || (own(host), own(node)));
        let state = self.states.number(join(&mut joined, &[vm_state, task_state, zone]), || {
            (own(vm_state), own(task_state), own(zone))
        });
        let owner = self.owners.number(join(&mut joined, &[project, user]), || (own(project), own(user)));
        let Some(entry) = self.table.entry(key) else { return };
        if entry.live != 0 || [place, state, owner].contains(&NO_ROOM) {
            entry.flags |= UNSURE;
        }
        (entry.live, entry.place, entry.state, entry.owner) = (cell, place, state, owner);
    }

    fn take_extra(&mut self, cell: u16, row: &[SqlValue]) {
        let [_, SqlValue::Text(uuid), flavor, numa_topology, pci_requests] = row else { return };
        // Of an instance that is deleted, or in another cell.
        let Some(place) = self.table.find(super::table::key(uuid).0) else { return };
        if self.table.entries.get(place).is_none_or(|entry| entry.live != cell) {
            return;
        }
        let mut joined = String::new();
        let number = self.flavors.number(join(&mut joined, &[flavor]), || current_flavor(flavor));
        let hardware = self.hardware.number(join(&mut joined, &[numa_topology, pci_requests]), || {
            (own(numa_topology), own(pci_requests))
        });
        let Some(entry) = self.table.entries.get_mut(place) else { return };
        if entry.is(EXTRA) || [number, hardware].contains(&NO_ROOM) {
            entry.flags |= UNSURE;
        }
        (entry.flavor, entry.hardware) = (number, hardware);
        entry.flags |= EXTRA;
    }
}

fn own(value: &SqlValue) -> Option<Arc<str>> {
    asked::text(value).map(Arc::from)
}

/// One text of several values, which tells null from empty.
fn join<'j>(joined: &'j mut String, values: &[&SqlValue]) -> &'j str {
    joined.clear();
    for value in values {
        match value {
            SqlValue::Null => joined.push('n'),
            SqlValue::Text(text) => {
                joined.push('t');
                joined.push_str(text);
            }
            other => {
                joined.push('t');
                joined.push_str(&asked::text(other).unwrap_or_default());
            }
        }
        joined.push('\0');
    }
    joined
}
