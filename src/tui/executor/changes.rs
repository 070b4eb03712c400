//! Plans: prepared over the read-only sessions; for the apply step alone sessions for writing are
//! opened, and closed after it.

use super::recording::Recording;
use super::sessions::Sessions;
use crate::app::msg::{Applied, ApplyFailure, Remedy};
use crate::change::{self, ApplyError, Confirmed, Intent, Operation, Plan, Record, Refusal, Undoing};
use crate::store::{Access, StoreError, Stores};

/// The plan of an intent.
///
/// # Errors
/// Why there is none.
pub async fn prepare(sessions: &Sessions, intent: &Intent, force: bool) -> Result<Plan, Refusal> {
    crate::fleet::prepare::prepare(sessions, sessions.deployment(), intent, force).await
}

/// Carries out a confirmed plan.
pub async fn apply(
    sessions: &Sessions,
    recording: &Recording,
    plan: Confirmed<Plan>,
    (reason, undoing): (Option<String>, Option<Undoing>),
) -> Applied {
    let nothing = |reason: String| {
        let message = format!("{reason}; nothing was written");
        Applied { done: Vec::new(), failed: Some(ApplyFailure { message, ..ApplyFailure::default() }) }
    };
    let record = match recording.record(reason).await {
        Ok(record) => Record { undoing, ..record },
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
