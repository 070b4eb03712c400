//! Taking a change of the journal back: the plan of its inverse, which is checked, confirmed, written down and
//! applied like any other. Undoing an undo is redoing.
//!
//! A plan of one operation is a [`Plan`]; of several, a [`BulkPlan`] that is streamed from the journal.
//!
//! Imports `spec`, `lint` and its siblings.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::bulk::plan::Building;
use super::bulk::summary::{Seen, WhyNot};
use super::journal::{ChangeId, ChangeRow, EntryRow, Journal, JournalError, Kind, Who};
use super::prepare::{inverse, text};
use super::record::{Undoing, words};
use super::{BulkKind, BulkPlan, DatabaseName, Facts, Operation, Plan, PlannedOperation, Refusal, plan_file};
use crate::lint::{Judgement, Subject, judge_text};
use crate::spec::diff;
use crate::spec::mask::masked_words;
use crate::spec::text::named;
use crate::store::Stores;

/// Entries that are read at a time.
const PAGE: u32 = 200;

/// A change that may be undone, or redone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The change that is taken back: of a redo, the undo.
    pub change: ChangeRow,
    /// What the new change says of it.
    pub undoing: Undoing,
    /// The operations that are to be taken back, where there is only one or none is left; of more, the first.
    pub first: EntryRow,
    /// Whether there are more.
    pub is_many: bool,
}

/// Which change is meant: that one, or the newest of the environment that can be taken back; with `again`, of
/// those that were undone.
///
/// # Errors
/// There is none, or it cannot be taken back: why.
pub async fn choose(
    journal: &Journal,
    environment: &str,
    id: Option<ChangeId>,
    again: bool,
) -> Result<Chosen, Refusal> {
    let id = match id {
        Some(id) => id,
        None => journal.newest(environment, again).await.map_err(unread)?.ok_or_else(|| {
            let what = if again { "undo of environment" } else { "change of environment" };
            Refusal::NothingToDo(format!(
                "the journal has no {what} {environment} that is left to take back; `reqspec history` lists all"
            ))
        })?,
    };
    let mut change = known(journal, id).await?;
    if again && change.kind != Kind::Undo {
        // The number of the change itself will do as well.
        change = match change.undone_by {
            Some(undo) => known(journal, undo).await?,
            None => return Err(refused(format!("change {id} was not undone: there is nothing to do again"))),
        };
    }
    let id = change.id;
    if change.is_running {
        return Err(refused(format!("change {id} is still being made; wait until it has ended")));
    }
    if change.is_interrupted {
        return Err(refused(format!(
            "change {id} was interrupted, and its end is not known yet; run `reqspec recover` first"
        )));
    }
    let mut left = journal.entries_to_undo(id, None, 2).await.map_err(unread)?;
    let is_many = left.len() > 1;
    if left.is_empty() {
        return Err(match change.undone_by {
            Some(by) => taken_back(journal, id, by).await?,
            None => refused(format!("nothing of change {id} was done: there is nothing to take back")),
        });
    }
    let undoing = Undoing { change: id, again: change.kind == Kind::Undo };
    Ok(Chosen { change, undoing, first: left.remove(0), is_many })
}

async fn known(journal: &Journal, id: ChangeId) -> Result<ChangeRow, Refusal> {
    journal.change(id).await.map_err(unread)?.ok_or_else(|| {
        Refusal::NotFound(format!("the journal {} has no change {id}", journal.path().display()))
    })
}

/// That nothing is left to take back, and by which changes.
async fn taken_back(journal: &Journal, id: ChangeId, by: ChangeId) -> Result<Refusal, Refusal> {
    let mut sentence = format!("change {id} was undone by {by} already");
    let mut last = by;
    while let Some(next) = known(journal, last).await?.undone_by {
        sentence.push_str(&format!(", that by {next}"));
        last = next;
    }
    let advice = match last == by {
        true => format!("; `reqspec redo {}` does it again", by.0),
        false => format!("; undo {last}"),
    };
    Ok(refused(sentence + &advice))
}

/// The plan that takes back the one operation that is left of a change.
///
/// # Errors
/// It cannot be taken back: the row is not as that one left it, or a rule is against it.
pub async fn plan(stores: &Stores, facts: &Facts, chosen: &Chosen) -> Result<Plan, Refusal> {
    check_databases(stores, facts.force, &chosen.change)?;
    inverse::inverse(stores, facts, back(&chosen.first)?).await
}

/// The databases that must be open for that: those of the change.
pub fn databases(chosen: &Chosen) -> Vec<DatabaseName> {
    chosen.change.databases.iter().map(|(name, _)| name.clone()).collect()
}

/// The plan that takes back everything that is left of a change, its file in that directory. What the rows
/// hold is compared when it is applied.
///
/// # Errors
/// The databases are others than those of the change, the journal cannot be read, or the file not written.
pub async fn bulk(
    journal: &Journal,
    stores: &Stores,
    facts: &Facts,
    chosen: &Chosen,
    who: &Who,
    reason: Option<String>,
    directory: &Path,
) -> Result<BulkPlan, Refusal> {
    let change = &chosen.change;
    check_databases(stores, facts.force, change)?;
    let (verb, kind) = match chosen.undoing.again {
        true => ("redo", BulkKind::Redo(change.id.0)),
        false => ("undo", BulkKind::Undo(change.id.0)),
    };
    let header = plan_file::Header {
        format: plan_file::FORMAT,
        reqspec: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: super::journal::now(),
        operator: who.operator.clone(),
        host: who.host.clone(),
        environment: facts.environment.clone(),
        databases: change
            .databases
            .iter()
            .map(|(name, id)| (name.to_string(), id.clone()))
            .collect::<BTreeMap<_, _>>(),
        title: masked_words(&format!("{verb} {}: {}", change.id, change.title)),
        kind: kind.word().to_owned(),
        reason: reason.as_deref().map(masked_words),
    };
    let failed = |error: plan_file::PlanFileError| Refusal::Failed(error.to_string());
    let mut building = Building::new(directory, header, kind).map_err(failed)?;
    let mut before = None;
    loop {
        let page = journal.entries_to_undo(change.id, before, PAGE).await.map_err(unread)?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for entry in &page {
            push(&mut building, entry, facts.force).map_err(failed)?;
        }
        // A long journal does not keep others from their turn.
        tokio::task::yield_now().await;
    }
    building.finish().map_err(failed)
}

fn push(building: &mut Building, entry: &EntryRow, force: bool) -> Result<(), plan_file::PlanFileError> {
    let uuid = entry.operation.instance_uuid();
    let database = entry.operation.targets().first().map_or(DatabaseName::Api, |name| (*name).clone());
    let operation = match back(entry) {
        Ok(operation) => operation,
        Err(refusal) => {
            building.leave_out(WhyNot::Refused, refusal.to_string(), &database, uuid);
            return Ok(());
        }
    };
    let (old, new): (&[u8], &[u8]) = match &operation {
        Operation::Save { before, after, .. } => (before, after.as_bytes()),
        Operation::Create { text, .. } => (b"", text.as_bytes()),
        Operation::Destroy { before, .. } => (before, b""),
        Operation::Copy { .. } | Operation::Move { .. } => (b"", b""),
    };
    if !force && !new.is_empty() && text::unloadable(new).is_some() {
        let sentence =
            "nova cannot load the text that would stand there again; --force stores it all the same";
        building.leave_out(WhyNot::Refused, sentence, &database, uuid);
        return Ok(());
    }
    let judged = |text: &[u8], database: &DatabaseName| match text {
        [] => Judgement::default(),
        text => judge_text(&Subject { database: &database.to_string(), instance_uuid: uuid, spec: text }),
    };
    let planned = PlannedOperation::of(&operation);
    let changes = match &operation {
        Operation::Save { before, after, .. } => diff::difference_of_texts(before, after.as_bytes()),
        _ => Vec::new(),
    };
    let seen = Seen {
        verb: planned.verb(),
        database: planned.database(),
        to: planned.destination(),
        instance_uuid: uuid,
        changes,
        before: judged(old, planned.database()),
        after: judged(new, planned.database()),
        warnings: Vec::new(),
    };
    building.push(&planned, seen)
}

/// Whether the databases are those that the change was made in.
fn check_databases(stores: &Stores, force: bool, change: &ChangeRow) -> Result<(), Refusal> {
    for (name, identity) in &change.databases {
        let store = stores.require(name).map_err(|error| Refusal::Failed(error.to_string()))?;
        if store.identity() != *identity && !force {
            return Err(Refusal::Refused {
                reason: format!(
                    "change {} was made in another database than the {name} that is meant here (of environment \
                     {}; it may have been restored or moved since)",
                    change.id, change.environment
                ),
                forceable: true,
            });
        }
    }
    Ok(())
}

/// What takes an operation back that was done.
fn back(entry: &EntryRow) -> Result<Operation, Refusal> {
    let text = |bytes: &Arc<[u8]>| {
        std::str::from_utf8(bytes).map(Arc::<str>::from).map_err(|_| {
            refused(format!(
                "{}: the text before is not valid UTF-8, which is not stored again; `reqspec history export` has \
                 its bytes",
                words(&entry.operation)
            ))
        })
    };
    let bytes = |text: &Arc<str>| Arc::<[u8]>::from(text.as_bytes());
    Ok(match &entry.operation {
        Operation::Save { database, instance_uuid, before, after } => Operation::Save {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: bytes(after),
            after: text(before)?,
        },
        Operation::Create { database, instance_uuid, text } => Operation::Destroy {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: bytes(text),
        },
        Operation::Destroy { database, instance_uuid, before } => Operation::Create {
            database: database.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            text: text(before)?,
        },
        Operation::Copy { to, instance_uuid, text, replaces: None, .. } => Operation::Destroy {
            database: to.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: Arc::clone(text),
        },
        Operation::Copy { to, instance_uuid, text: copy, replaces: Some(old), .. } => Operation::Save {
            database: to.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            before: Arc::clone(copy),
            after: text(old)?,
        },
        // Both held it before.
        Operation::Move { from, to, instance_uuid, text, already_there: true } => Operation::Copy {
            from: to.clone(),
            to: from.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            text: Arc::clone(text),
            replaces: None,
        },
        Operation::Move { from, to, instance_uuid, text, already_there: false } => Operation::Move {
            from: to.clone(),
            to: from.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            text: Arc::clone(text),
            already_there: false,
        },
    })
}

/// In a line, for people.
pub fn title(chosen: &Chosen) -> String {
    let verb = if chosen.undoing.again { "redo" } else { "undo" };
    format!("{verb} {} ({})", chosen.change.id, named(&masked_words(&chosen.change.title)))
}

fn refused(reason: String) -> Refusal {
    Refusal::Refused { reason, forceable: false }
}

fn unread(error: JournalError) -> Refusal {
    Refusal::Failed(error.to_string())
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
