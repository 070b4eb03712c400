//! Changes that were interrupted: looked after when something is about to be written, and on request. The
//! command line and the terminal UI do alike.
//!
//! Imports `store`, `deployment` and `change`.

use futures_util::future::join_all;

use crate::change::recover::{self, Decision, Recovered};
use crate::change::{DatabaseName, Journal, JournalError};
use crate::deployment::Deployment;
use crate::deployment::facts::FactStores;
use crate::store::{Access, Stores};

/// What was found of interrupted changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedAfter {
    /// What only the journal had to know: it knows it now.
    pub settled: Vec<Recovered>,
    /// What wants a database to be written to: `reqspec recover` does.
    pub wanting: Vec<Decision>,
    /// What cannot be decided now.
    pub left: Vec<Decision>,
}

/// What is to become of every interrupted operation. Changes nothing. With `anywhere`, databases that are others by
/// their identity are taken for those in which the changes were made.
///
/// # Errors
/// The journal cannot be read.
pub async fn look(
    stores: &dyn FactStores,
    deployment: &Deployment,
    journal: &Journal,
    anywhere: bool,
) -> Result<Vec<Decision>, JournalError> {
    let mut changes = journal.unfinished().await?;
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let opened = reading(stores, deployment, &recover::databases(&changes)).await;
    if anywhere {
        recover::anywhere(&opened, &mut changes);
    }
    recover::look(journal, &opened, &changes).await
}

/// Looks, and writes into the journal what only the journal must know. No database is written to.
///
/// # Errors
/// The journal cannot be read or written.
pub async fn look_after(
    stores: &dyn FactStores,
    deployment: &Deployment,
    journal: &Journal,
) -> Result<LookedAfter, JournalError> {
    let mut found = LookedAfter::default();
    let mut known = Vec::new();
    for decision in look(stores, deployment, journal, false).await? {
        match decision.what {
            what if what.needs_write() => found.wanting.push(decision),
            what if what.is_left() => found.left.push(decision),
            _ => known.push(decision),
        }
    }
    if !known.is_empty() {
        found.settled = carry_out(stores, deployment, journal, known, false).await?;
    }
    Ok(found)
}

/// Carries decisions out; databases are opened for writing only where one is written to.
///
/// # Errors
/// The journal cannot be written.
pub async fn carry_out(
    stores: &dyn FactStores,
    deployment: &Deployment,
    journal: &Journal,
    decisions: Vec<Decision>,
    anywhere: bool,
) -> Result<Vec<Recovered>, JournalError> {
    let changes = journal.unfinished().await?;
    let databases = recover::databases(&changes);
    let opened = match decisions.iter().any(|decision| decision.what.needs_write()) {
        true => writing(deployment, &databases).await,
        false => reading(stores, deployment, &databases).await,
    };
    recover::carry_out_in(journal, &opened, decisions, anywhere).await
}

/// Sessions with those of the databases that are of this deployment, and why there are none.
async fn reading(stores: &dyn FactStores, deployment: &Deployment, databases: &[DatabaseName]) -> Stores {
    let known = deployment.databases();
    let ours = databases.iter().filter(|database| known.contains(database));
    let asked = join_all(ours.map(|database| async move { (database, stores.store(database).await) })).await;
    let mut opened = Stores::new();
    for (database, answer) in asked {
        match answer {
            Ok(store) => opened.insert(store),
            Err(error) => opened.insert_closed(database.clone(), error),
        }
    }
    opened
}

async fn writing(deployment: &Deployment, databases: &[DatabaseName]) -> Stores {
    let known = deployment.databases();
    let ours = databases.iter().filter(|database| known.contains(database));
    let asked = join_all(
        ours.map(|database| async move { (database, deployment.open(database, Access::ReadWrite).await) }),
    )
    .await;
    let mut opened = Stores::new();
    for (database, answer) in asked {
        match answer {
            Ok(store) => opened.insert(store),
            Err(error) => opened.insert_closed(database.clone(), error),
        }
    }
    opened
}
