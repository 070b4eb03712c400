//! What other tables say of the rows of a page, each database asked once per page; one that does not answer is
//! not asked again by the same plan.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::Page;
use crate::change::Facts;
use crate::deployment::Entry;
use crate::deployment::facts::{FactStores, Untold, facts};
use crate::deployment::lost::{Lost, Reachable};
use crate::fleet::surroundings;
use crate::lint::{Copy, Fleet, Group, Home, Instance, Surroundings, Told};
use crate::query::fields::Fact;
use crate::store::{
    CellName, DatabaseName, InstanceHome, InstanceState, SpecHome, SpecStore, SqlValue, StoreError,
    StoredSpec,
};

/// Server groups that are remembered.
const GROUPS: usize = 10_000;

/// What can be asked around rows.
pub(super) struct Around<'a> {
    stores: &'a Arc<dyn FactStores>,
    lost: Lost,
    fleet: Arc<Fleet>,
    /// Whether a server group is there; None where that could not be told.
    groups: Mutex<HashMap<String, Option<bool>>>,
    remarks: Mutex<Vec<String>>,
}

/// The stores, but for those that are lost.
struct Asked<'a>(&'a Around<'a>);

#[async_trait]
impl FactStores for Asked<'_> {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        let store = Reachable { stores: &**self.0.stores, lost: &self.0.lost }.store(database).await;
        if let Err(error) = &store {
            self.0.lost.remember(&[(database.clone(), error.clone())]);
        }
        store
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.0.stores.entries()
    }
}

impl<'a> Around<'a> {
    pub async fn new(stores: &'a Arc<dyn FactStores>, home: SpecHome) -> Self {
        let mut around = Self {
            stores,
            lost: Lost::for_good(),
            fleet: Arc::default(),
            groups: Mutex::default(),
            remarks: Mutex::default(),
        };
        let (fleet, untold) = surroundings::fleet(&Asked(&around), home).await;
        around.note(&untold);
        around.fleet = Arc::new(fleet);
        around
    }

    /// Zones and hosts.
    pub fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// A session; a database that is lost fails at once.
    pub async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        Asked(self).store(database).await
    }

    fn note(&self, untold: &[Untold]) {
        self.lost.remember(untold);
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, error) in untold {
            let sentence = error.to_string();
            if !remarks.contains(&sentence) && remarks.len() < 50 {
                remarks.push(sentence);
            }
        }
    }

    /// What could not be asked, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known around the rows of a page, in their order.
    pub async fn of(&self, page: Page) -> Vec<(StoredSpec, Surroundings)> {
        let rows: Vec<(DatabaseName, StoredSpec)> =
            page.rows.into_iter().map(|row| (page.database.clone(), row)).collect();
        let mut known = surroundings::of(&Asked(self), &rows).await;
        self.note(&known.untold);
        known.surroundings.resize(rows.len(), Surroundings::default());
        if known.surroundings.iter().all(|around| around.home == Told::Unknown) {
            self.homes(&rows, &mut known.surroundings).await;
        }
        rows.into_iter().map(|(_, row)| row).zip(known.surroundings).collect()
    }

    /// Homes by the few columns that every nova has, where the others are not to be had.
    async fn homes(&self, rows: &[(DatabaseName, StoredSpec)], surroundings: &mut [Surroundings]) {
        let uuids: Vec<Arc<str>> = rows.iter().map(|(_, row)| Arc::clone(&row.instance_uuid)).collect();
        let (known, untold) = facts(&Asked(self), &DatabaseName::Api, &uuids, None, &[Fact::Mapped]).await;
        self.lost.remember(&untold);
        for (around, facts) in surroundings.iter_mut().zip(known) {
            around.home = match facts.get(Fact::Mapped) {
                None => continue,
                Some(None) => Told::Known(Home::Unmapped),
                Some(Some("none")) => Told::Known(Home::Unscheduled { build_request: Told::Unknown }),
                Some(Some(cell)) => Told::Known(Home::Cell { name: cell.into(), queued_for_delete: false }),
            };
        }
    }

    /// Whether those server groups are there.
    pub async fn groups(&self, named: Vec<String>) -> HashMap<String, Option<bool>> {
        let mut found = HashMap::new();
        for group in named {
            let known = self.groups.lock().unwrap_or_else(PoisonError::into_inner).get(&group).copied();
            let exists = match known {
                Some(exists) => exists,
                None => self.has_group(&group).await,
            };
            let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            if groups.len() < GROUPS {
                groups.insert(group.clone(), exists);
            }
            found.insert(group, exists);
        }
        found
    }

    async fn has_group(&self, group: &str) -> Option<bool> {
        let api = self.store(&DatabaseName::Api).await.ok()?;
        let sql = "SELECT uuid FROM instance_groups WHERE uuid = ?";
        let rows = api.select(sql, &[SqlValue::Text(group.to_owned())], 1).await.ok()?;
        Some(!rows.is_empty())
    }
}

/// The facts of a plan with what is known of one instance.
pub(super) fn facts_of(facts: &Facts, around: &Surroundings) -> Facts {
    let instance_home = match &around.home {
        Told::Known(Home::Unmapped) => InstanceHome::Unmapped,
        Told::Known(Home::Unscheduled { .. }) => InstanceHome::Unscheduled,
        Told::Known(Home::Cell { name, .. }) => InstanceHome::Cell(CellName::new(name)),
        Told::Unknown | Told::Known(Home::LostCell) => InstanceHome::Unknown,
    };
    let text = |text: &Option<Arc<str>>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    let state = |instance: &Instance| InstanceState {
        vm_state: text(&instance.vm_state),
        task_state: text(&instance.task_state),
    };
    let instance_state = around.instance.known().and_then(|instance| instance.as_ref().map(state));
    Facts { instance_home, instance_state, ..facts.clone() }
}

/// What will be around a spec whose text was changed: no copy is equal to it any more, unless the plan changes
/// that one alike, and it may name another group. `edited` are the databases that the plan is about.
pub(super) fn after_edit(
    around: &Surroundings,
    edited: &BTreeSet<String>,
    group: Option<&str>,
    exists: Option<bool>,
) -> Surroundings {
    let mut after = around.clone();
    if let Told::Known(copies) = &mut after.copies {
        if copies.iter().any(|copy| edited.contains(&*copy.database)) {
            after.copies = Told::Unknown;
        } else {
            copies.iter_mut().for_each(|copy| copy.equal = false);
        }
    }
    let named = around.named_group.known().and_then(|group| group.as_ref().map(|group| &*group.uuid));
    if group != named {
        let member_of = around.member_of.known().and_then(Option::as_ref);
        after.named_group = match (group, exists) {
            (None, _) | (Some(_), Some(false)) => Told::Known(None),
            (Some(uuid), _) => match member_of.filter(|group| &*group.uuid == uuid) {
                Some(group) => Told::Known(Some(Group::clone(group))),
                // Its policy is not known.
                None => Told::Unknown,
            },
        };
    }
    after
}

/// What will be around a spec that was moved: no copy where it is then.
pub(super) fn after_move(around: &Surroundings, to: &DatabaseName) -> Surroundings {
    let mut after = around.clone();
    if let Told::Known(copies) = &mut after.copies {
        let to = to.to_string();
        copies.retain(|Copy { database, .. }| **database != *to);
    }
    after
}
