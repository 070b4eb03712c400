//! Plans: prepared over the read-only sessions; for the apply step alone sessions for writing are
//! opened, and closed after it.

use super::sessions::Sessions;
use crate::app::msg::{Applied, ApplyFailure};
use crate::change::{self, ApplyError, Confirmed, Facts, Intent, Operation, Plan, Refusal};
use crate::store::{Access, DatabaseName, InstanceHome, StoreError, Stores};

/// The plan of an intent.
///
/// # Errors
/// Why there is none.
pub async fn prepare(sessions: &Sessions, intent: &Intent, force: bool) -> Result<Plan, Refusal> {
    let deployment = sessions.deployment();
    let (wanted, instance_uuid) = (intent.databases(), intent.instance_uuid());
    let mut stores = Stores::new();
    for database in deployment.databases().iter() {
        match sessions.get(database).await {
            Ok(store) => stores.insert(store),
            Err(error) if wanted.contains(&database) => return Err(Refusal::Failed(error.to_string())),
            // Not needed; what follows from its absence the plan says.
            Err(_) => {}
        }
    }
    let instance_home = match (stores.get(&DatabaseName::Api), &instance_uuid) {
        (Some(api), Some(uuid)) => deployment.instance_home(api.as_ref(), uuid).await,
        _ => InstanceHome::Unknown,
    };
    let cell = match &instance_home {
        InstanceHome::Cell(cell) => stores.get(&DatabaseName::Cell(cell.clone())),
        _ => None,
    };
    let instance_state = match (cell, &instance_uuid) {
        (Some(cell), Some(uuid)) => deployment.instance_state(cell.as_ref(), uuid).await,
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

/// Carries out a confirmed plan.
pub async fn apply(sessions: &Sessions, plan: Confirmed<Plan>) -> Applied {
    let stores = match writable(sessions, plan.get()).await {
        Ok(stores) => stores,
        Err(error) => {
            let message = format!("{error}; nothing was written");
            return Applied { done: Vec::new(), failed: Some(ApplyFailure { message, conflict: None }) };
        }
    };
    let outcome = change::apply(&stores, plan).await;
    let failed = outcome.failed.map(|error| {
        let message = error.to_string();
        let conflict = match error {
            ApplyError::Conflict { current, .. } => Some(current),
            _ => None,
        };
        ApplyFailure { message, conflict }
    });
    Applied { done: outcome.done.into_iter().map(|done| done.sentence).collect(), failed }
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
