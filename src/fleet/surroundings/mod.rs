//! What nova's other tables, in all databases, say of the instances of some specs, and of the whole
//! deployment: plain data for the rules of [`crate::lint`] and for repairs.
//!
//! - [`of`]: of some instances, in batches by uuid.  `asking`: table by table.  `deployment`: zones and hosts.
//!
//! Instances are told apart by the letters of their uuid, whatever the engine takes for equal. What a database
//! did not tell is `Unknown`, and the database is named once. Imports `spec`, `store`, `deployment` and `lint`.

mod asking;
mod deployment;
#[cfg(test)]
pub(super) mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{join_all, join4};

use crate::deployment::asked;
use crate::deployment::facts::{FactStores, Untold};
use crate::lint::group::group_of_fields;
use crate::lint::{Group, Home, Instance, Surroundings, Told};
use crate::spec::document::Document;
use crate::spec::schema;
use crate::store::{DatabaseName, StoreError, StoredSpec};

pub(super) use asking::current_flavor;
pub use deployment::fleet;

/// What is known of some instances.
#[derive(Debug, Default)]
pub struct Known {
    /// Of each, in the order of the rows.
    pub surroundings: Vec<Surroundings>,
    /// The databases that left something out.
    pub untold: Vec<Untold>,
}

/// What is known around these specs, each with the database that it stands in.
pub async fn of(stores: &dyn FactStores, rows: &[(DatabaseName, StoredSpec)]) -> Known {
    if rows.is_empty() {
        return Known::default();
    }
    let asking = asking::Asking { stores, entries: stores.entries(), rows };
    let named: Vec<Option<Arc<str>>> = rows.iter().map(|(_, row)| named_group(&row.spec)).collect();
    let homes_and_instances = async {
        let homes = asking.homes().await;
        let preferred = preferred(rows, homes.as_ref().ok());
        (homes, asking.instances(preferred).await)
    };
    let ((homes, instances), groups, members, copies) =
        join4(homes_and_instances, asking.groups(&named), asking.memberships(), asking.copies()).await;
    let mut untold = Vec::new();
    let (instances, missed) = instances;
    missed.into_iter().for_each(|(database, error)| add(&mut untold, &database, error));
    let (copies, missed) = copies;
    missed.into_iter().for_each(|(database, error)| add(&mut untold, &database, error));
    let homes = told(homes, &mut untold);
    let groups = told(groups, &mut untold);
    let members = told(members, &mut untold);
    let surroundings = rows.iter().zip(named).zip(instances).zip(copies);
    let surroundings = surroundings.map(|((((_, row), named), instance), copies)| Surroundings {
        home: match &homes {
            Some(homes) => Told::Known(homes.get(&*row.instance_uuid).cloned().unwrap_or(Home::Unmapped)),
            None => Told::Unknown,
        },
        instance,
        named_group: match (named, &groups) {
            (None, _) => Told::Known(None),
            (Some(uuid), Some(groups)) => Told::Known(groups.get(&*uuid).cloned()),
            (Some(_), None) => Told::Unknown,
        },
        member_of: match &members {
            Some(members) => Told::Known(members.get(&*row.instance_uuid).cloned()),
            None => Told::Unknown,
        },
        copies,
    });
    Known { surroundings: surroundings.collect(), untold }
}

/// By an instance's or a group's uuid.
type ByUuid<T> = HashMap<String, T>;
/// What a table said of some.
type Answer<T> = Result<ByUuid<T>, Untold>;

fn told<T>(answer: Answer<T>, untold: &mut Vec<Untold>) -> Option<ByUuid<T>> {
    answer.map_err(|(database, error)| add(untold, &database, error)).ok()
}

/// Each database once.
fn add(untold: &mut Vec<Untold>, database: &DatabaseName, error: StoreError) {
    if !untold.iter().any(|(known, _)| known == database) {
        untold.push((database.clone(), error));
    }
}

/// The cell in which an instance is looked for first: the one that it is mapped to, else the one that its spec
/// stands in.
fn preferred(rows: &[(DatabaseName, StoredSpec)], homes: Option<&ByUuid<Home>>) -> Vec<Option<DatabaseName>> {
    rows.iter()
        .map(|(database, row)| match homes.and_then(|homes| homes.get(&*row.instance_uuid)) {
            Some(Home::Cell { name, .. }) => Some(DatabaseName::cell(name)),
            _ => database.as_cell().map(|_| database.clone()),
        })
        .collect()
}

/// The group that a spec names, as the rules see it.
pub fn named_group(spec: &[u8]) -> Option<Arc<str>> {
    let text = std::str::from_utf8(spec).ok()?;
    let named = match schema::sound(text) {
        Some(sound) => {
            let field = |name| sound.fields().find(|(field, _)| *field == name).map(|(_, raw)| raw);
            group_of_fields(field("instance_group"), field("scheduler_hints"))
        }
        None => {
            let document = Document::parse(spec).ok()?;
            let field = |name| document.root().field(name).map(|node| node.raw());
            group_of_fields(field("instance_group"), field("scheduler_hints"))
        }
    };
    named.map(Arc::from)
}
