//! What nova's tables say of all instances at once: each table is read in its own order, from one end to the
//! other, and kept packed, about 65 bytes an instance; so judging a million specs asks nothing.
//!
//! - `table`: the entries.  `vocabulary`: their texts.  `reading`: the tables.  `copies`: which specs stand in
//!   several databases.
//!
//! [`Census::around`] gives exactly what [`crate::fleet::surroundings::of`] gives, or nothing where it is not
//! sure: those rows are looked up. What the tables said may be some seconds old, so a conclusion that hangs on
//! a row that was not there is looked up, too.

mod copies;
mod reading;
mod table;
mod vocabulary;

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::deployment::facts::Untold;
use crate::fleet::surroundings::named_group;
use crate::lint::{Group, Home, Instance, Surroundings, Told};
use crate::store::{DatabaseName, StoreError};

use table::{EXTRA, Entry, Key, LOST, MAPPED, QUEUED, Table, UNSURE};
use vocabulary::Vocabulary;

pub use reading::take;

type Text = Option<Arc<str>>;

/// What all instances are said to be.
#[derive(Debug)]
pub struct Census {
    databases: Arc<[DatabaseName]>,
    table: Table,
    /// Uuids that cannot be made of their keys.
    odd: HashMap<Key, Box<str>>,
    /// Names of cells; an entry's cell is one more than its place here.
    cells: Vec<Arc<str>>,
    cell0: Option<u16>,
    places: Vocabulary<(Text, Text)>,
    states: Vocabulary<(Text, Text, Text)>,
    owners: Vocabulary<(Text, Text)>,
    flavors: Vocabulary<Told<Text>>,
    hardware: Vocabulary<(Text, Text)>,
    groups: Groups,
    /// Whether the mappings, the members of groups, and each database's specs were told.
    homes_told: bool,
    members_told: bool,
    specs_told: Vec<bool>,
    /// Whether every cell told its instances.
    instances_told: bool,
    /// The cells that told `instance_extra`.
    extra_told: Vec<bool>,
    /// How many specs each database has.
    pub specs: Vec<u64>,
    copies: copies::Copies,
    /// What was not told, each database once.
    pub untold: Vec<Untold>,
    named: Named,
}

/// The server groups, as many as are kept.
#[derive(Debug, Default)]
struct Groups {
    list: Vec<Group>,
    by_uuid: HashMap<Arc<str>, u32>,
    told: bool,
}

impl Census {
    /// Nothing is known yet.
    fn new(databases: Arc<[DatabaseName]>) -> Self {
        let count = databases.len();
        Self {
            databases,
            table: Table::default(),
            odd: HashMap::new(),
            cells: Vec::new(),
            cell0: None,
            places: Vocabulary::new(8 << 20),
            states: Vocabulary::new(1 << 20),
            owners: Vocabulary::new(16 << 20),
            flavors: Vocabulary::new(8 << 20),
            hardware: Vocabulary::new(16 << 20),
            groups: Groups::default(),
            homes_told: false,
            members_told: false,
            specs_told: vec![false; count],
            instances_told: false,
            extra_told: Vec::new(),
            specs: vec![0; count],
            copies: copies::Copies::default(),
            untold: Vec::new(),
            named: Named::new(),
        }
    }

    fn untold(&mut self, database: &DatabaseName, error: StoreError) {
        if !self.untold.iter().any(|(known, _)| known == database) {
            self.untold.push((database.clone(), error));
        }
    }

    fn key(&mut self, uuid: &str) -> Key {
        let (key, is_uuid) = table::key(uuid);
        if !is_uuid {
            self.odd.entry(key).or_insert_with(|| uuid.into());
        }
        key
    }

    /// The place of a cell's name, one more.
    fn cell(&mut self, name: &str) -> u16 {
        let place = self.cells.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.cells.push(Arc::from(name));
            self.extra_told.push(false);
            self.cells.len() - 1
        });
        u16::try_from(place + 1).unwrap_or(u16::MAX)
    }

    fn cell_name(&self, cell: u16) -> Option<&Arc<str>> {
        self.cells.get(usize::from(cell).checked_sub(1)?)
    }

    /// What surrounds a spec in the database of that place; None where it has to be looked up.
    pub fn around(&self, database: usize, instance_uuid: &str, spec: &[u8]) -> Option<Surroundings> {
        let place = self.table.find(table::key(instance_uuid).0);
        let nothing = Entry::default();
        let entry = place.and_then(|place| self.table.entries.get(place)).unwrap_or(&nothing);
        if entry.is(UNSURE) {
            return None;
        }
        let home = self.home(entry)?;
        let instance = self.instance(entry, &home)?;
        let named = self.named.group(spec);
        let (named_group, member_of) = self.groups(entry, named)?;
        let copies = self.copies(database, place, entry)?;
        Some(Surroundings { home, instance, named_group, member_of, copies })
    }

    fn home(&self, entry: &Entry) -> Option<Told<Home>> {
        if !self.homes_told {
            return Some(Told::Unknown);
        }
        if entry.is(LOST) {
            return Some(Told::Known(Home::LostCell));
        }
        // Not mapped when that was read, or without a cell: both may be over by now.
        let name = self.cell_name(entry.mapped).filter(|_| entry.is(MAPPED))?;
        Some(Told::Known(Home::Cell { name: Arc::clone(name), queued_for_delete: entry.is(QUEUED) }))
    }

    fn instance(&self, entry: &Entry, home: &Told<Home>) -> Option<Told<Option<Instance>>> {
        let Some(cell) = self.cell_name(entry.live) else {
            let is_gone = match home {
                Told::Unknown => true,
                Told::Known(Home::Cell { queued_for_delete, .. }) => *queued_for_delete,
                Told::Known(_) => false,
            };
            return match self.instances_told {
                true if is_gone => Some(Told::Known(None)),
                true => None,
                false => Some(Told::Unknown),
            };
        };
        let (host, node) = self.places.get(entry.place)?.clone();
        let (vm_state, task_state, availability_zone) = self.states.get(entry.state)?.clone();
        let (project_id, user_id) = self.owners.get(entry.owner)?.clone();
        let told_extra = self.extra_told.get(usize::from(entry.live) - 1).copied().unwrap_or_default();
        let (flavor, numa_topology, pci_requests) = match (told_extra, entry.is(EXTRA)) {
            (false, _) => (Told::Unknown, Told::Unknown, Told::Unknown),
            (true, false) => (Told::Known(None), Told::Known(None), Told::Known(None)),
            (true, true) => {
                let (numa_topology, pci_requests) = self.hardware.get(entry.hardware)?.clone();
                let flavor = self.flavors.get(entry.flavor)?.clone();
                (flavor, Told::Known(numa_topology), Told::Known(pci_requests))
            }
        };
        Some(Told::Known(Some(Instance {
            cell: Arc::clone(cell),
            host,
            node,
            vm_state,
            task_state,
            project_id,
            user_id,
            availability_zone,
            flavor,
            numa_topology,
            pci_requests,
        })))
    }

    /// The group that is named and the one that it is a member of. Where they are not the same, what was read
    /// may be out of date.
    #[allow(clippy::type_complexity, reason = "two of the surroundings' fields")]
    fn groups(&self, entry: &Entry, named: Text) -> Option<(Told<Option<Group>>, Told<Option<Group>>)> {
        if !self.groups.told || !self.members_told {
            let named_group = match (named, self.groups.told) {
                (None, _) => Told::Known(None),
                (Some(_), false) => Told::Unknown,
                (Some(uuid), true) => Told::Known(Some(self.group_named(&uuid)?.clone())),
            };
            let member_of = match self.members_told {
                true => return None,
                false => Told::Unknown,
            };
            return Some((named_group, member_of));
        }
        let member_of = match entry.group {
            0 => None,
            number => Some(self.groups.list.get(number as usize - 1)?),
        };
        match (named, member_of) {
            (None, None) => Some((Told::Known(None), Told::Known(None))),
            (Some(uuid), Some(group)) if *uuid == *group.uuid => {
                Some((Told::Known(Some(group.clone())), Told::Known(Some(group.clone()))))
            }
            _ => None,
        }
    }

    fn group_named(&self, uuid: &str) -> Option<&Group> {
        self.groups.list.get(*self.groups.by_uuid.get(uuid)? as usize - 1)
    }

    /// The instances that are not deleted and of which no database had a spec; cell0's, which never ran, are
    /// left out.
    pub fn without_spec(&self) -> impl Iterator<Item = (Arc<str>, Arc<str>)> {
        let is_without = |entry: &&Entry| {
            entry.live != 0 && entry.specs == [0, 0] && !entry.is(QUEUED) && Some(entry.live) != self.cell0
        };
        self.table.entries.iter().filter(is_without).filter_map(|entry| {
            let uuid: Arc<str> = match self.odd.get(&entry.key) {
                Some(uuid) => Arc::from(&**uuid),
                None => table::uuid(entry.key).into(),
            };
            Some((Arc::clone(self.cell_name(entry.live)?), uuid))
        })
    }

    /// Whether every database told its specs.
    pub fn all_specs_told(&self) -> bool {
        self.specs_told.iter().all(|told| *told)
    }
}

const NO_GROUP: &[u8] = b"\"instance_group\": null";

/// Finds the group that a spec names without reading the whole of it where it names none.
#[derive(Debug)]
struct Named {
    hint: Finder<'static>,
    member: Finder<'static>,
    escape: Finder<'static>,
}

impl Named {
    fn new() -> Self {
        Self {
            hint: Finder::new("\"group\""),
            member: Finder::new("\"instance_group\""),
            escape: Finder::new("\\u00"),
        }
    }

    fn group(&self, spec: &[u8]) -> Text {
        // A key may be written in escapes, and stand twice.
        let names_none = match self.member.find(spec) {
            None => true,
            Some(at) => {
                let rest = spec.get(at..).unwrap_or_default();
                rest.starts_with(NO_GROUP) && self.member.find(rest.get(1..).unwrap_or_default()).is_none()
            }
        };
        if names_none && self.hint.find(spec).is_none() && self.escape.find(spec).is_none() {
            return None;
        }
        named_group(spec)
    }
}

#[cfg(test)]
mod tests;
