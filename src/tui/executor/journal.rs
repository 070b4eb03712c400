//! What the journal tells and does beyond recording: the changes that were made, taking them back,
//! those that were interrupted.
//!
//! Reading opens the journal read-only, which changes nothing; where there is none yet, nothing was
//! changed. Imports `fleet` and `change`.

use std::sync::Arc;

use super::recording::Recording;
use super::sessions::Sessions;
use crate::app::msg::Undo;
use crate::change::journal::{ChangeRow, EntryRow};
use crate::change::recover::{self, Decision, Recovered};
use crate::change::{ChangeId, DatabaseName, EntryId, Journal, Refusal, Who, undo};
use crate::fleet::prepare::{around, facts};
use crate::store::{Access, Stores};

/// Changes, the newest first.
///
/// # Errors
/// The journal cannot be read: a sentence.
pub async fn changes(
    recording: &Recording,
    before: Option<ChangeId>,
    filter: &str,
    limit: u32,
) -> Result<Vec<ChangeRow>, String> {
    let Some(journal) = recording.to_read().await? else { return Ok(Vec::new()) };
    journal.changes(before, filter, limit).await.map_err(|error| error.to_string())
}

/// Operations of a change.
///
/// # Errors
/// The journal cannot be read: a sentence.
pub async fn entries(
    recording: &Recording,
    change: ChangeId,
    after: Option<EntryId>,
    limit: u32,
) -> Result<Vec<EntryRow>, String> {
    let Some(journal) = recording.to_read().await? else { return Ok(Vec::new()) };
    journal.entries(change, after, limit).await.map_err(|error| error.to_string())
}

/// The plan that takes a change back.
///
/// # Errors
/// Why there is none.
pub async fn take_back(
    sessions: &Arc<Sessions>,
    recording: &Recording,
    change: Option<ChangeId>,
    again: bool,
    force: bool,
) -> Result<Undo, Refusal> {
    let nothing = || Refusal::NothingToDo("nothing was changed yet: the journal is empty".to_owned());
    let journal = recording.to_read().await.map_err(Refusal::Failed)?.ok_or_else(nothing)?;
    let deployment = sessions.deployment();
    let chosen = undo::choose(&journal, deployment.environment(), change, again).await?;
    let names = undo::databases(&chosen);
    if let Some(database) = names.iter().find(|name| !deployment.databases().contains(name)) {
        let (id, environment) = (chosen.change.id, &chosen.change.environment);
        let reason = format!(
            "change {id} was made in {database} of environment {environment}, which is none of these databases"
        );
        return Err(Refusal::Refused { reason, forceable: false });
    }
    if !chosen.is_many {
        let wanted: Vec<&DatabaseName> = names.iter().collect();
        let uuid = chosen.first.operation.instance_uuid();
        let (stores, facts) = around(&**sessions, deployment, &wanted, Some(uuid), force).await?;
        let plan = undo::plan(&stores, &facts, &chosen).await?;
        return Ok(Undo::One { plan, undoing: chosen.undoing });
    }
    let mut stores = Stores::new();
    for name in &names {
        let store = sessions.get(name).await.map_err(|error| Refusal::Failed(error.to_string()))?;
        stores.insert(store);
    }
    let directory = recording.plans().map_err(Refusal::Failed)?;
    let facts = facts(deployment, force);
    let plan = undo::bulk(&journal, &stores, &facts, &chosen, &Who::here(), None, &directory).await?;
    Ok(Undo::Many(plan))
}

/// What is to become of changes of this environment that were interrupted. Reads only.
///
/// # Errors
/// The journal cannot be read: a sentence.
pub async fn unfinished(sessions: &Sessions, recording: &Recording) -> Result<Vec<Decision>, String> {
    let Some(journal) = recording.to_read().await? else { return Ok(Vec::new()) };
    let mut changes = journal.unfinished().await.map_err(|error| error.to_string())?;
    changes.retain(|change| change.environment == sessions.deployment().environment());
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut stores = Stores::new();
    for name in ours(sessions, &recover::databases(&changes)) {
        match sessions.get(&name).await {
            Ok(store) => stores.insert(store),
            Err(error) => stores.insert_closed(name, error),
        }
    }
    recover::look(&journal, &stores, &changes).await.map_err(|error| error.to_string())
}

/// Carries decisions out: those that write to a database over sessions that are opened for that.
///
/// # Errors
/// The journal cannot be written: a sentence.
pub async fn recover(
    sessions: &Sessions,
    recording: &Recording,
    decisions: Vec<Decision>,
) -> Result<Vec<Recovered>, String> {
    let failed = |error: crate::change::JournalError| error.to_string();
    let journal: Journal = recording.journal().await?;
    let changes: Vec<_> = journal.unfinished().await.map_err(failed)?;
    let writes = decisions.iter().any(|decision| decision.what.needs_write());
    let mut stores = Stores::new();
    for name in ours(sessions, &recover::databases(&changes)) {
        let store = match writes {
            true => sessions.deployment().open(&name, Access::ReadWrite).await,
            false => sessions.get(&name).await,
        };
        match store {
            Ok(store) => stores.insert(store),
            Err(error) => stores.insert_closed(name, error),
        }
    }
    recover::carry_out(&journal, &stores, decisions).await.map_err(failed)
}

/// Those that the deployment has.
fn ours(sessions: &Sessions, names: &[DatabaseName]) -> Vec<DatabaseName> {
    let known = sessions.deployment().databases();
    names.iter().filter(|name| known.contains(name)).cloned().collect()
}
