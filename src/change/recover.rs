//! What becomes of changes whose process is gone: looks at the databases, decides, says why, carries it out.
//!
//! - [`look`] changes nothing and gives a [`Decision`] for each operation without an end.
//! - [`carry_out`] looks again at each before it does anything: running it twice does nothing twice.
//!
//! A change of a process that lives is never touched (`journal::owners`), nor a database that is not the one
//! the change was made in. Imports `store` and the journal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::apply::recovery;
use super::journal::{ChangeId, ChangeRow, EntryId, EntryRow, Journal, JournalError, State, Step, Who};
use super::record::words;
use super::{DatabaseName, Operation, Record};
use crate::store::{Engine, StoreError, Stores};

/// Entries that are looked at together.
const PAGE: u32 = 100;

/// How long a server may take to end what a process began that is gone: what was not there is looked for once
/// more after that.
const LINGERING: Duration = Duration::from_secs(1);

/// What is to become of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It was done: the journal is to know it.
    Done,
    /// It was not done: the journal is to know it.
    NotDone,
    /// Others have written meanwhile: it is left as it is.
    Conflict,
    /// A move stands half done: the source's row is to be deleted.
    Finish,
    /// A move's source was changed: the copy is to be taken away again.
    Withdraw,
    /// No database holds the spec: it is to be put back where it was.
    PutBack,
    /// A database cannot be asked: it stays unfinished.
    Later,
    /// It was made in databases other than these: it stays unfinished.
    Elsewhere,
}

impl What {
    /// Whether a database is written to.
    pub fn needs_write(self) -> bool {
        matches!(self, Self::Finish | Self::Withdraw | Self::PutBack)
    }

    /// Whether nothing can be done about it now.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Later | Self::Elsewhere)
    }

    /// What the journal is to know, where that is all there is to do.
    fn known(self) -> Option<State> {
        match self {
            Self::Done => Some(State::Done),
            Self::NotDone => Some(State::NotDone),
            Self::Conflict => Some(State::Conflict),
            _ => None,
        }
    }

    /// In a few words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not done",
            Self::Conflict => "conflict",
            Self::Finish => "finish",
            Self::Withdraw => "withdraw the copy",
            Self::PutBack => "put back",
            Self::Later => "left for later",
            Self::Elsewhere => "left",
        }
    }
}

/// What was decided of one operation, or of a whole change where nothing of it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The change.
    pub change: ChangeId,
    /// Its environment.
    pub environment: String,
    /// The operation; None where each of the change's has an end, and only the change itself has none.
    pub entry: Option<EntryId>,
    /// The operation in words: `move UUID from api to cell1`.
    pub title: String,
    /// Whose spec; empty for a whole change.
    pub instance_uuid: Arc<str>,
    /// What is to become of it.
    pub what: What,
    /// Why, a sentence.
    pub why: String,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}: {}", self.change, self.title, self.what.word(), self.why)
    }
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// What had been decided.
    pub decision: Decision,
    /// What was done, or why not: a sentence.
    pub result: Result<String, String>,
}

/// The databases that these changes are about.
pub fn databases(changes: &[ChangeRow]) -> Vec<DatabaseName> {
    let mut names: Vec<DatabaseName> =
        changes.iter().flat_map(|change| change.databases.iter().map(|(name, _)| name.clone())).collect();
    names.sort();
    names.dedup();
    names
}

/// Take the databases that are open for those in which these changes were made, whatever their identity is: one
/// that was restored or has failed over has another than before.
pub fn anywhere(stores: &Stores, changes: &mut [ChangeRow]) {
    for (name, identity) in changes.iter_mut().flat_map(|change| &mut change.databases) {
        if let Some(store) = stores.get(name) {
            *identity = store.identity();
        }
    }
}

/// Decide of every operation without an end of changes without an owner. Reads only.
///
/// # Errors
/// The journal cannot be read.
pub async fn look(
    journal: &Journal,
    stores: &Stores,
    changes: &[ChangeRow],
) -> Result<Vec<Decision>, JournalError> {
    let mut decisions = Vec::new();
    for change in changes.iter().filter(|change| change.is_interrupted) {
        let (mut after, before) = (None, decisions.len());
        loop {
            let page = journal.open_entries(change.id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            decisions.extend(decide_all(stores, change, &page).await);
        }
        if decisions.len() == before {
            decisions.push(Decision {
                change: change.id,
                environment: change.environment.clone(),
                entry: None,
                title: change.title.clone(),
                instance_uuid: Arc::from(""),
                what: What::Done,
                why: match change.counts.values().sum::<u64>() {
                    0 => "nothing of it was begun".to_owned(),
                    begun if begun < change.total => format!(
                        "it was interrupted after {begun} of {} operations, and how each of those ended is known",
                        change.total
                    ),
                    _ => "how each of its operations ended is known".to_owned(),
                },
            });
        }
    }
    Ok(decisions)
}

/// What the databases hold of an instance: the text, if any, or why that is not known.
type Seen = Result<Option<Arc<[u8]>>, String>;

/// Decide of a page of entries; of what a server may be doing still, after a while.
async fn decide_all(stores: &Stores, change: &ChangeRow, page: &[EntryRow]) -> Vec<Decision> {
    let mut decisions = Vec::with_capacity(page.len());
    let mut is_late = false;
    for entry in page {
        let mut decided = decide_one(stores, change, entry).await;
        if decided.what == What::NotDone && on_servers(stores, &entry.operation) {
            if !is_late {
                tokio::time::sleep(LINGERING).await;
                is_late = true;
            }
            decided = decide_one(stores, change, entry).await;
        }
        decisions.push(decided);
    }
    decisions
}

fn on_servers(stores: &Stores, operation: &Operation) -> bool {
    let mut targets = operation.targets().into_iter().filter_map(|name| stores.get(name));
    targets.any(|store| store.engine() != Engine::Sqlite)
}

async fn decide_one(stores: &Stores, change: &ChangeRow, entry: &EntryRow) -> Decision {
    let operation = &entry.operation;
    let (what, mut why) = match reachable(stores, change, operation) {
        Err(left) => left,
        Ok(()) => {
            let mut seen = Vec::new();
            for name in places(operation) {
                seen.push(read(stores, name, operation.instance_uuid()).await);
            }
            match seen.into_iter().collect::<Result<Vec<_>, String>>() {
                Ok(texts) => {
                    decide(operation, entry.step, &texts.iter().map(Option::as_deref).collect::<Vec<_>>())
                }
                Err(reason) => (What::Later, reason),
            }
        }
    };
    if why.ends_with("The journal has its text") {
        why.push_str(&format!(": `reqspec history {}` shows it", change.id.0));
    }
    Decision {
        change: change.id,
        environment: change.environment.clone(),
        entry: Some(entry.id),
        title: words(operation),
        instance_uuid: Arc::clone(operation.instance_uuid()),
        what,
        why,
    }
}

/// The databases of which the texts decide: the destination, and of a move the source too.
fn places(operation: &Operation) -> Vec<&DatabaseName> {
    operation.targets()
}

/// Whether its databases are open, and those that it was made in.
fn reachable(stores: &Stores, change: &ChangeRow, operation: &Operation) -> Result<(), (What, String)> {
    for name in places(operation) {
        let recorded = change.databases.iter().find(|(known, _)| known == name).map(|(_, identity)| identity);
        let store = match stores.require(name) {
            Ok(store) => store,
            Err(error) if stores.closed().any(|(closed, _)| closed == name) => {
                return Err((What::Later, error.to_string()));
            }
            Err(_) => {
                return Err((
                    What::Elsewhere,
                    format!("{name}, of environment {}, is none of these databases", change.environment),
                ));
            }
        };
        if recorded.is_some_and(|recorded| *recorded != store.identity()) {
            return Err((
                What::Elsewhere,
                format!(
                    "{name} is another database than the one of environment {} in which it was made; if it was \
                     restored, or failed over, `reqspec recover --force` takes it for the same",
                    change.environment
                ),
            ));
        }
    }
    Ok(())
}

async fn read(stores: &Stores, name: &DatabaseName, instance_uuid: &str) -> Seen {
    let store = stores.require(name).map_err(|error| error.to_string())?;
    match store.get(instance_uuid).await {
        Ok(row) => Ok(row.map(|row| row.spec)),
        Err(StoreError::NoTable { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What is to become of an operation, by what [`places`] hold and, of a move, how far it had come. Nothing
/// else is asked.
pub(super) fn decide(operation: &Operation, step: Step, seen: &[Option<&[u8]>]) -> (What, String) {
    let there = seen.first().copied().flatten();
    let whether = |database: &DatabaseName, before: Option<&[u8]>, after: Option<&[u8]>| {
        if there == after {
            let holds = if after.is_some() { "holds the new text" } else { "holds it no more" };
            (What::Done, format!("{database} {holds}"))
        } else if there == before {
            let holds = if before.is_some() { "still holds the text before" } else { "does not hold it" };
            (What::NotDone, format!("{database} {holds}"))
        } else {
            let holds = if there.is_some() {
                "holds another text, neither the one before nor the one after"
            } else {
                "holds none"
            };
            (What::Conflict, format!("{database} {holds}: others wrote meanwhile, and that is left as it is"))
        }
    };
    match operation {
        Operation::Save { database, before, after, .. } => {
            whether(database, Some(before), Some(after.as_bytes()))
        }
        Operation::Create { database, text, .. } => whether(database, None, Some(text.as_bytes())),
        Operation::Destroy { database, before, .. } => whether(database, Some(before), None),
        Operation::Copy { to, text, replaces, .. } => whether(to, replaces.as_deref(), Some(text)),
        Operation::Move { from, to, text, already_there, .. } => {
            let here = seen.get(1).copied().flatten();
            decide_move((from, here), (to, there), text, step, *already_there)
        }
    }
}

fn decide_move(
    (from, here): (&DatabaseName, Option<&[u8]>),
    (to, there): (&DatabaseName, Option<&[u8]>),
    text: &[u8],
    step: Step,
    already_there: bool,
) -> (What, String) {
    let is = |seen: Option<&[u8]>| seen.map(|seen| seen == text);
    match (is(here), is(there)) {
        // It had come to its end: whatever is different now, others wrote after it.
        (Some(_), Some(true)) if step == Step::Deleted => (
            What::Done,
            format!("{to} holds it; {from} has another, newer row of it by now, which is not of this move"),
        ),
        (None, Some(false)) if step == Step::Deleted => {
            (What::Done, format!("it was moved to {to}, and changed there since"))
        }
        (Some(true), Some(true)) => {
            (What::Finish, format!("{from} and {to} both hold it: the row in {from} is left to delete"))
        }
        (None, Some(true)) => (What::Done, format!("{to} holds it, and {from} no more")),
        (Some(true), None) => (What::NotDone, format!("{from} holds it, and {to} does not")),
        (Some(false), None) if step == Step::None => {
            (What::NotDone, format!("{from} holds a newer text, and {to} does not hold the spec"))
        }
        (Some(false), None) => (
            What::Conflict,
            format!(
                "{from} holds a newer text, and {to} does not hold the copy any more: that is left as it is"
            ),
        ),
        (Some(false), Some(true)) if !already_there && step != Step::None => (
            What::Withdraw,
            format!(
                "the spec in {from} was changed after it was copied: the copy in {to} is older, and goes"
            ),
        ),
        (Some(false), Some(true)) if already_there => (
            What::Conflict,
            format!("the spec in {from} was changed, and {to} had held the older text before: both are left"),
        ),
        (Some(false), Some(true)) => (
            What::Conflict,
            format!(
                "the spec in {from} was changed, and whether the older one in {to} is this move's is not known: \
                 both are left"
            ),
        ),
        // Only then may the source's row have been deleted by the move, and nobody have looked after it.
        (None, None) if step == Step::Verified => {
            (What::PutBack, format!("neither {from} nor {to} holds it: it is put back into {from}"))
        }
        (None, None) => (
            What::Conflict,
            format!("neither {from} nor {to} holds it: others deleted it. The journal has its text"),
        ),
        (None, Some(false)) => {
            (What::Conflict, format!("{to} holds another text, and {from} none: that is left as it is"))
        }
        (Some(_), Some(false)) => (
            What::Conflict,
            format!("{from} and {to} hold different texts: compare them, then move or copy one"),
        ),
    }
}

/// Carry out decisions, with stores that are open for writing where a database is written to. Those that are
/// left stay unfinished.
///
/// # Errors
/// The journal cannot be written; what was carried out before stands.
pub async fn carry_out(
    journal: &Journal,
    stores: &Stores,
    decisions: Vec<Decision>,
) -> Result<Vec<Recovered>, JournalError> {
    carry_out_in(journal, stores, decisions, false).await
}

/// The same; with `anywhere`, whatever the identity of the databases is ([`anywhere`]).
///
/// # Errors
/// As [`carry_out`].
pub async fn carry_out_in(
    journal: &Journal,
    stores: &Stores,
    decisions: Vec<Decision>,
    is_anywhere: bool,
) -> Result<Vec<Recovered>, JournalError> {
    let mut changes: BTreeMap<ChangeId, Vec<Decision>> = BTreeMap::new();
    for decision in decisions {
        changes.entry(decision.change).or_default().push(decision);
    }
    let record = Record::new(journal.clone(), Who::here(), None);
    let mut results = Vec::new();
    for (change, decisions) in changes {
        let (left, to_do): (Vec<_>, Vec<_>) =
            decisions.into_iter().partition(|decision| decision.what.is_left());
        results.extend(left.into_iter().map(|decision| {
            let why = format!("{}: it stays unfinished", decision.why);
            Recovered { decision, result: Err(why) }
        }));
        if to_do.is_empty() {
            continue;
        }
        let taken = journal.take(change).await?;
        let row = journal.change(change).await?;
        let (Some(_running), Some(mut row)) = (taken, row) else {
            results.extend(to_do.into_iter().map(|decision| Recovered {
                decision,
                result: Ok("another process has recovered it, or is about to".to_owned()),
            }));
            continue;
        };
        if is_anywhere {
            anywhere(stores, std::slice::from_mut(&mut row));
        }
        for decision in to_do {
            let result = one(&record, stores, &row, &decision).await?;
            tracing::info!(%decision, ?result, "recovered");
            results.push(Recovered { decision, result });
        }
        journal.finish(change).await?;
    }
    Ok(results)
}

/// One decision, decided again on what is there now.
async fn one(
    record: &Record,
    stores: &Stores,
    change: &ChangeRow,
    decision: &Decision,
) -> Result<Result<String, String>, JournalError> {
    let Some(entry) = decision.entry else { return Ok(Ok("the change is closed".to_owned())) };
    let journal = &record.journal;
    let Some(entry) = journal.entry(entry).await?.filter(|entry| entry.state.is_open()) else {
        return Ok(Ok("it has an end by now".to_owned()));
    };
    let now = decide_one(stores, change, &entry).await;
    if now.what != decision.what {
        let sentence =
            format!("it is different now ({}): it is left, look again with `reqspec recover`", now.why);
        return Ok(Err(sentence));
    }
    if now.what == What::NotDone
        && let Some(reason) = still_written(stores, &entry.operation).await
    {
        return Ok(Err(format!("{}. It stays unfinished", reason.trim_end_matches('.'))));
    }
    if let Some(state) = now.what.known() {
        journal.settle(vec![(entry.id, state, format!("Recovered: {}.", now.why))]).await?;
        return Ok(Ok(match state {
            State::Conflict => "it is left as it is, and told here once".to_owned(),
            _ => "the journal knows it now".to_owned(),
        }));
    }
    let (state, said) = match (&entry.operation, now.what) {
        (Operation::Move { from, to, text, .. }, What::Finish) => {
            recovery::finish(stores, record, (from, to), &entry, text).await
        }
        (Operation::Move { from, to, text, .. }, What::Withdraw) => {
            recovery::withdraw(stores, record, (from, to), &entry, text).await
        }
        (Operation::Move { from, text, .. }, What::PutBack) => {
            recovery::put_back(stores, from, &entry, text).await
        }
        _ => (None, now.why),
    };
    match state {
        Some(state) => {
            journal.settle(vec![(entry.id, state, format!("Recovered: {said}"))]).await?;
            Ok(Ok(said))
        }
        None => Ok(Err(format!("{said} It stays unfinished"))),
    }
}

/// Why an operation that was not done may still be: a session of the process that is gone can keep a row locked
/// and yet commit. The row that the operation takes away or replaces is held for a moment to find that out, where
/// its session may write; what was not there cannot be held.
async fn still_written(stores: &Stores, operation: &Operation) -> Option<String> {
    let (database, before) = match operation {
        Operation::Save { database, before, .. } | Operation::Destroy { database, before, .. } => {
            (database, before)
        }
        Operation::Copy { to, replaces: Some(before), .. } => (to, before),
        // Its source may be another text, and is then left to whoever wrote it.
        Operation::Move { from, text, .. } => (from, text),
        Operation::Copy { .. } | Operation::Create { .. } => return None,
    };
    let store = stores.get(database).filter(|store| store.is_writable())?;
    match store.hold(operation.instance_uuid(), before).await {
        Ok(hold) => {
            hold.release();
            None
        }
        Err(StoreError::Conflict { .. }) if matches!(operation, Operation::Move { .. }) => None,
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;
