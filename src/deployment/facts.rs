//! What nova's other tables say of many specs' instances at once: one question per database and batch.
//!
//! A database that cannot be asked, or that lacks a table, leaves what it would say unknown, and is told
//! once. Instances are found by the exact letters of their uuid, whatever the engine takes for equal.
//!
//! Imports `store` and `query`. Reads only.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::Entry;
use super::asked::{self, BATCH, MappedCell, text};
use super::lost::Lost;
use crate::query::fields::Fact;
use crate::query::record::Facts;
use crate::store::{DatabaseName, SpecStore, SqlValue, StoreError, StoredSpec};

/// The sessions and databases of a deployment.
#[async_trait]
pub trait FactStores: Send + Sync {
    /// A session that reads that database.
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError>;
    /// The databases that are known now.
    fn entries(&self) -> Arc<[Entry]>;
    /// The databases that pages of lists do not ask again for a while; None where that is not kept.
    fn lost(&self) -> Option<&Lost> {
        None
    }
}

/// A database that did not tell what was asked, and why.
pub type Untold = (DatabaseName, StoreError);

/// What is wanted to know of these instances, whose specs are in that database: an answer for each, in
/// their order, and the databases that left something out. `texts` are the stored texts, in the same
/// order; without them those of [`Fact::Twin`] are read again.
pub async fn facts(
    stores: &dyn FactStores,
    database: &DatabaseName,
    instance_uuids: &[Arc<str>],
    texts: Option<&[Arc<[u8]>]>,
    wanted: &[Fact],
) -> (Vec<Facts>, Vec<Untold>) {
    let asked = Asked { stores, entries: stores.entries(), database, uuids: instance_uuids };
    let mut told = Told { facts: vec![Facts::default(); instance_uuids.len()], untold: Vec::new() };
    if instance_uuids.is_empty() {
        return (told.facts, told.untold);
    }
    let of_mappings = chosen(wanted, |fact| matches!(fact, Fact::Mapped | Fact::QueuedForDelete));
    let of_instances = chosen(wanted, |fact| column(fact).is_some());
    let homes_are_asked = !of_instances.is_empty() && *database == DatabaseName::Api;
    if !of_mappings.is_empty() || homes_are_asked {
        let queued = of_mappings.contains(&Fact::QueuedForDelete);
        let mappings = asked.mappings(queued, &mut told).await;
        if let Some(mappings) = mappings {
            told.set_mappings(&of_mappings, instance_uuids, &mappings);
            if homes_are_asked {
                asked.of_cells(&of_instances, &mappings, &mut told).await;
            }
        }
    }
    if !of_instances.is_empty() && *database != DatabaseName::Api {
        let all: Vec<usize> = (0..instance_uuids.len()).collect();
        let answer = asked.instances(database, &all, &of_instances).await;
        told.set_instances(&of_instances, instance_uuids, database, &all, answer);
    }
    if wanted.contains(&Fact::Twin) {
        asked.twins(texts, &mut told).await;
    }
    (told.facts, told.untold)
}

fn chosen(wanted: &[Fact], is_chosen: impl Fn(Fact) -> bool) -> Vec<Fact> {
    let mut chosen: Vec<Fact> = wanted.iter().copied().filter(|fact| is_chosen(*fact)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The column of `instances` that says it.
fn column(fact: Fact) -> Option<&'static str> {
    match fact {
        Fact::Host => Some("host"),
        Fact::Node => Some("node"),
        Fact::State => Some("vm_state"),
        Fact::Task => Some("task_state"),
        Fact::Name => Some("display_name"),
        Fact::Zone => Some("availability_zone"),
        Fact::Project => Some("project_id"),
        Fact::User => Some("user_id"),
        Fact::Mapped | Fact::QueuedForDelete | Fact::Twin => None,
    }
}

/// What `instance_mappings` says of an instance.
struct Mapping {
    cell: MappedCell,
    queued_for_delete: Option<bool>,
}

/// By the instance's uuid.
type Mappings = HashMap<String, Mapping>;
/// The columns that were asked for, by the instance's uuid; it has no row unless one is not deleted.
type Instances = HashMap<String, Vec<SqlValue>>;

/// What is found out.
struct Told {
    facts: Vec<Facts>,
    untold: Vec<Untold>,
}

impl Told {
    fn untold(&mut self, database: &DatabaseName, error: StoreError) {
        if !self.untold.iter().any(|(known, _)| known == database) {
            self.untold.push((database.clone(), error));
        }
    }

    fn set(&mut self, at: usize, fact: Fact, value: Option<&str>) {
        if let Some(facts) = self.facts.get_mut(at) {
            facts.set(fact, value.map(Arc::from));
        }
    }

    fn set_mappings(&mut self, wanted: &[Fact], uuids: &[Arc<str>], mappings: &Mappings) {
        for (at, uuid) in uuids.iter().enumerate() {
            let mapping = mappings.get(&**uuid);
            for fact in wanted {
                let value = match (fact, mapping) {
                    (_, None) => None,
                    (Fact::Mapped, Some(Mapping { cell: MappedCell::Lost, .. })) => continue,
                    (Fact::Mapped, Some(Mapping { cell: MappedCell::None, .. })) => Some("none"),
                    (Fact::Mapped, Some(Mapping { cell: MappedCell::Cell(name), .. })) => {
                        name.as_cell().map(|name| name.as_str())
                    }
                    (_, Some(mapping)) => {
                        mapping.queued_for_delete.map(|queued| if queued { "true" } else { "false" })
                    }
                };
                self.set(at, *fact, value);
            }
        }
    }

    /// What a cell said of these instances.
    fn set_instances(
        &mut self,
        wanted: &[Fact],
        uuids: &[Arc<str>],
        cell: &DatabaseName,
        which: &[usize],
        answer: Result<Instances, StoreError>,
    ) {
        let instances = match answer {
            Ok(instances) => instances,
            Err(error) => return self.untold(cell, error),
        };
        for &at in which {
            let row = uuids.get(at).and_then(|uuid| instances.get(&**uuid));
            for (column, fact) in wanted.iter().enumerate() {
                let value = row.and_then(|row| text(row.get(column)?));
                self.set(at, *fact, value.as_deref());
            }
        }
    }
}

/// What is asked about.
struct Asked<'a> {
    stores: &'a dyn FactStores,
    entries: Arc<[Entry]>,
    database: &'a DatabaseName,
    uuids: &'a [Arc<str>],
}

impl Asked<'_> {
    /// The mappings of the instances; None where the API database does not tell.
    async fn mappings(&self, with_queued: bool, told: &mut Told) -> Option<Mappings> {
        let queued = if with_queued { "m.queued_for_delete" } else { "NULL" };
        let sql = format!(
            "SELECT m.instance_uuid, m.cell_id, c.name, c.uuid, {queued} FROM instance_mappings m \
             LEFT JOIN cell_mappings c ON c.id = m.cell_id WHERE m.instance_uuid IN"
        );
        let all: Vec<usize> = (0..self.uuids.len()).collect();
        match self.rows(&DatabaseName::Api, &sql, &all, "instance_mappings").await {
            Ok(rows) => Some(rows.iter().filter_map(|row| self.mapping(row)).collect()),
            Err(error) => {
                told.untold(&DatabaseName::Api, error);
                None
            }
        }
    }

    fn mapping(&self, row: &[SqlValue]) -> Option<(String, Mapping)> {
        let [uuid, cell, name, cell_uuid, queued] = row else { return None };
        let cell = asked::mapped_cell(cell, name, cell_uuid, &self.entries);
        let queued_for_delete = match queued {
            SqlValue::Integer(flag) => Some(*flag != 0),
            _ => None,
        };
        Some((text(uuid)?, Mapping { cell, queued_for_delete }))
    }

    /// What the cells say of the API database's instances: each of those that are its own.
    async fn of_cells(&self, wanted: &[Fact], mappings: &Mappings, told: &mut Told) {
        let mut of_cells: Vec<(&DatabaseName, Vec<usize>)> = Vec::new();
        for (at, uuid) in self.uuids.iter().enumerate() {
            match mappings.get(&**uuid).map(|mapping| &mapping.cell) {
                // No cell knows it: there is no such instance, or not yet.
                None | Some(MappedCell::None) => wanted.iter().for_each(|fact| told.set(at, *fact, None)),
                Some(MappedCell::Lost) => {}
                Some(MappedCell::Cell(cell)) => match of_cells.iter_mut().find(|(known, _)| *known == cell) {
                    Some((_, which)) => which.push(at),
                    None => of_cells.push((cell, vec![at])),
                },
            }
        }
        let answers =
            of_cells.iter().map(|(cell, which)| async move { self.instances(cell, which, wanted).await });
        for ((cell, which), answer) in of_cells.iter().zip(join_all(answers).await) {
            told.set_instances(wanted, self.uuids, cell, which, answer);
        }
    }

    /// What a cell says of these instances.
    async fn instances(
        &self,
        cell: &DatabaseName,
        which: &[usize],
        wanted: &[Fact],
    ) -> Result<Instances, StoreError> {
        let columns: Vec<&str> = wanted.iter().filter_map(|fact| column(*fact)).collect();
        let sql = format!("SELECT uuid, {} FROM instances WHERE deleted = 0 AND uuid IN", columns.join(", "));
        let rows = self.rows(cell, &sql, which, "instances").await?;
        let row = |mut row: Vec<SqlValue>| {
            let values = row.split_off(1.min(row.len()));
            Some((text(row.first()?)?, values))
        };
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// The rows of `sql` and a list of these instances.
    async fn rows(
        &self,
        database: &DatabaseName,
        sql: &str,
        which: &[usize],
        table: &str,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let uuids = which.iter().filter_map(|&at| self.uuids.get(at)).map(|uuid| &**uuid);
        asked::rows(self.stores, database, sql, uuids, table).await
    }

    /// How the specs on the other side compare.
    async fn twins(&self, texts: Option<&[Arc<[u8]>]>, told: &mut Told) {
        let own: Vec<Option<Arc<[u8]>>> = match texts {
            Some(texts) => (0..self.uuids.len()).map(|at| texts.get(at).cloned()).collect(),
            None => match self.specs(self.database).await {
                Ok(mut specs) => self.uuids.iter().map(|uuid| specs.remove(&**uuid)).collect(),
                Err(error) => return told.untold(self.database, error),
            },
        };
        let others: Vec<DatabaseName> = if *self.database == DatabaseName::Api {
            asked::cells_of(&self.entries)
        } else {
            vec![DatabaseName::Api]
        };
        let answers = join_all(others.iter().map(|other| self.specs(other))).await;
        let mut sides = Vec::new();
        let mut all_told = true;
        for (other, answer) in others.iter().zip(answers) {
            match answer {
                Ok(specs) => sides.push(specs),
                // Nothing is kept there.
                Err(StoreError::NoTable { .. }) => {}
                Err(error) => {
                    all_told = false;
                    told.untold(other, error);
                }
            }
        }
        for (at, own) in own.iter().enumerate() {
            let (Some(own), Some(uuid)) = (own, self.uuids.get(at)) else { continue };
            let mut found = sides.iter().filter_map(|specs| specs.get(&**uuid)).peekable();
            let is_missing = found.peek().is_none();
            let differs = found.any(|other| other != own);
            let value = match (differs, is_missing, all_told) {
                (true, ..) => "different",
                // The database that did not answer may have another one.
                (false, _, false) => continue,
                (false, true, true) => "missing",
                (false, false, true) => "equal",
            };
            told.set(at, Fact::Twin, Some(value));
        }
    }

    /// The stored texts of the instances in a database, by their uuid.
    async fn specs(&self, database: &DatabaseName) -> Result<HashMap<Arc<str>, Arc<[u8]>>, StoreError> {
        let store = self.stores.store(database).await?;
        let mut found = HashMap::new();
        for batch in self.uuids.chunks(BATCH) {
            let rows = store.get_many(batch).await?;
            found
                .extend(rows.into_iter().map(|StoredSpec { instance_uuid, spec, .. }| (instance_uuid, spec)));
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
