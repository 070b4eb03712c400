//! Plans: prepared over the read-only sessions; for the apply step alone sessions for writing are
//! opened, and closed after it.
//!
//! A plan needs the databases that its intent names. The others are asked whether they answer, all
//! at once and for a short while: what follows from the silence of one is said in the plan.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::recording::Recording;
use super::sessions::{Sessions, Store};
use crate::app::msg::{Applied, ApplyFailure, Remedy};
use crate::change::{self, ApplyError, Confirmed, Facts, Intent, Operation, Plan, Refusal};
use crate::store::{Access, DatabaseName, InstanceHome, StoreError, Stores};

/// Longest that is waited for what a plan is better with but does not need.
const BETTER: Duration = Duration::from_secs(1);

/// The plan of an intent.
///
/// # Errors
/// Why there is none.
pub async fn prepare(sessions: &Sessions, intent: &Intent, force: bool) -> Result<Plan, Refusal> {
    let deployment = sessions.deployment();
    let (wanted, instance_uuid) = (intent.databases(), intent.instance_uuid());
    let names = deployment.databases();
    let open = |name: DatabaseName| {
        let (needed, uuid) = (wanted.contains(&&name), instance_uuid.clone());
        async move {
            let store = if needed {
                sessions.get(&name).await
            } else {
                answering(sessions, &name, uuid.as_deref()).await
            };
            (name, needed, store)
        }
    };
    let mut stores = Stores::new();
    for (name, needed, store) in join_all(names.iter().cloned().map(open)).await {
        match store {
            Ok(store) => stores.insert(store),
            Err(error) if needed => return Err(Refusal::Failed(error.to_string())),
            Err(error) => stores.insert_closed(name, error),
        }
    }
    let instance_home = match (stores.get(&DatabaseName::Api), &instance_uuid) {
        (Some(api), Some(uuid)) => {
            soon(deployment.instance_home(api.as_ref(), uuid)).await.unwrap_or(InstanceHome::Unknown)
        }
        _ => InstanceHome::Unknown,
    };
    let cell = match &instance_home {
        InstanceHome::Cell(cell) => stores.get(&DatabaseName::Cell(cell.clone())),
        _ => None,
    };
    let instance_state = match (cell, &instance_uuid) {
        (Some(cell), Some(uuid)) => soon(deployment.instance_state(cell.as_ref(), uuid)).await.flatten(),
        _ => None,
    };
    let facts = Facts {
        environment: deployment.environment().to_owned(),
        spec_home: deployment.spec_home(),
        instance_home,
        instance_state,
        upstream_schema: deployment.upstream_schema(),
        force,
    };
    change::prepare(&stores, &facts, intent).await
}

/// What comes within [`BETTER`].
async fn soon<T>(answer: impl Future<Output = T>) -> Option<T> {
    timeout(BETTER, answer).await.ok()
}

/// The session of a database that answers a question within [`BETTER`].
async fn answering(
    sessions: &Sessions,
    database: &DatabaseName,
    instance_uuid: Option<&str>,
) -> Result<Store, StoreError> {
    let ask = async {
        let store = sessions.get(database).await?;
        let answer = match instance_uuid {
            Some(uuid) => store.get(uuid).await.map(|_| ()),
            None => store.table_state().await.map(|_| ()),
        };
        match answer {
            // It answers; that it has no table is for the plan to say.
            Ok(()) | Err(StoreError::NoTable { .. }) => Ok(store),
            Err(error) => Err(error),
        }
    };
    soon(ask).await.unwrap_or_else(|| {
        let (location, reason) =
            (sessions.deployment().location(database), "it did not answer in time".to_owned());
        Err(StoreError::Unavailable { database: database.clone(), location, reason })
    })
}

/// Carries out a confirmed plan.
pub async fn apply(sessions: &Sessions, recording: &Recording, plan: Confirmed<Plan>) -> Applied {
    let nothing = |reason: String| {
        let message = format!("{reason}; nothing was written");
        Applied { done: Vec::new(), failed: Some(ApplyFailure { message, ..ApplyFailure::default() }) }
    };
    let record = match recording.record(None).await {
        Ok(record) => record,
        Err(reason) => return nothing(reason),
    };
    let stores = match writable(sessions, plan.get()).await {
        Ok(stores) => stores,
        Err(error) => return nothing(error.to_string()),
    };
    let outcome = change::apply(&stores, &record, plan).await;
    let failed = outcome.failed.map(|error| {
        let message = error.to_string();
        let remedy = match error {
            ApplyError::Contended(_) => Remedy::TryAgain,
            ApplyError::Uncertain(_) => Remedy::Look,
            _ => Remedy::None,
        };
        let conflict = match error {
            ApplyError::Conflict { current, .. } => Some(current),
            _ => None,
        };
        ApplyFailure { message, conflict, remedy }
    });
    let done = outcome.done.into_iter().map(|done| done.sentence).chain(outcome.notices);
    Applied { done: done.collect(), failed }
}

async fn writable(sessions: &Sessions, plan: &Plan) -> Result<Stores, StoreError> {
    let deployment = sessions.deployment();
    let mut stores = Stores::new();
    for database in plan.operations.iter().flat_map(Operation::targets) {
        if stores.get(database).is_none() {
            stores.insert(deployment.open(database, Access::ReadWrite).await?);
        }
    }
    for operation in &plan.operations {
        if let Operation::Copy { from, .. } = operation
            && stores.get(from).is_none()
        {
            stores.insert(sessions.get(from).await?);
        }
    }
    Ok(stores)
}
