//! Which databases there are and what they say of themselves, in the words of the state machine.

use std::sync::Arc;
use std::time::Duration;

use super::failure;
use super::sessions::{Sessions, Store};
use crate::app::Msg;
use crate::app::database::{self, Place, Said};
use crate::app::row::Failure;
use crate::deployment::{Deployment, Entry, Origin};
use crate::store::{DatabaseName, Probe, Rights, StoreError, TableState};

/// A little more than the longest that a database itself is given for an answer.
const GRACE: Duration = Duration::from_secs(2);

/// The databases of a deployment that are known now.
pub fn places(deployment: &Deployment) -> Vec<Place> {
    deployment.entries().iter().map(place).collect()
}

fn place(entry: &Entry) -> Place {
    let origin = match &entry.origin {
        Origin::Given => "given on the command line or in the profile".to_owned(),
        Origin::Configuration(option) => option.to_string(),
        Origin::Mapping { template: None } => "nova's cell_mappings".to_owned(),
        Origin::Mapping { template: Some(template) } => format!("nova's cell_mappings, template {template}"),
    };
    Place {
        name: entry.name.clone(),
        location: entry.shown.to_string(),
        disabled: entry.disabled,
        unaddressed: entry.address.as_ref().err().cloned(),
        origin,
    }
}

/// Looks for databases that are not known yet.
pub async fn discover(sessions: &Sessions) -> Msg {
    let deployment = sessions.deployment();
    // Over the session that the rows are read with: one connection, and one attempt at it.
    let found = match sessions.get(&DatabaseName::Api).await {
        Ok(api) => deployment.discover_from(api.as_ref()).await,
        Err(error) => Err(error),
    };
    let failure = found.err().map(|error| failure(&error));
    let notices = deployment.notices().to_vec();
    Msg::Discovered { places: places(deployment), notices, failure }
}

/// A sign of life.
///
/// # Errors
/// There was none.
pub async fn probe(sessions: &Sessions, database: &DatabaseName) -> Result<Said, Failure> {
    let limit = sessions.deployment().timeouts().answer + GRACE;
    let location = sessions.deployment().location(database);
    let ask = |store: Store| async move {
        match tokio::time::timeout(limit, store.probe()).await {
            Ok(probe) => probe,
            Err(_) => Err(silent(database, location, limit)),
        }
    };
    sessions.with(database, ask).await.map(said)
}

fn silent(database: &DatabaseName, location: Arc<str>, limit: Duration) -> StoreError {
    let reason = format!("it did not answer within {} s", limit.as_secs());
    StoreError::Unavailable { database: database.clone(), location, reason }
}

fn said(probe: Probe) -> Said {
    Said {
        product: format!("{} {}", probe.product, probe.version),
        rights: match probe.rights {
            Rights::Write => database::Rights::Write,
            Rights::ReadOnly(reason) => database::Rights::ReadOnly(reason),
            Rights::Unknown => database::Rights::Unknown,
        },
        has_table: probe.table == TableState::Present,
        round_trip: probe.round_trip,
        remarks: probe.remarks,
    }
}
