//! A plan file, checked before anything of it is carried out: the file alone first, then that it is of these
//! databases, then every operation against what they hold now, by the rules of today.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::around::{Around, facts_of};
use super::{Page, Report, Setting, Verdict, Work, aside, cancelled, edits, moves, unwritten};
use crate::change::bulk::summary::WhyNot;
use crate::change::bulk::{Building, Progress};
use crate::change::plan_file::{Header, Operations, Reader};
use crate::change::prepare::many;
use crate::change::{
    BulkChange, BulkKind, BulkPlan, DatabaseName, Fit, Operation, PlannedOperation, Refusal, Repair,
};
use crate::deployment::Deployment;
use crate::deployment::facts::FactStores;
use crate::lint::Surroundings;
use crate::spec::text::named;
use crate::store::{Cancel, StoreError, StoredSpec};

/// Operations that are looked at together.
const BATCH: usize = 200;
/// Operations that a refusal names.
const NAMED: usize = 10;

/// A plan file that shall be carried out.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What is done already is passed over, and what does not hold any more is left out; otherwise one such
    /// operation refuses the whole.
    pub resume: bool,
    /// The change of the journal that it is the rest of.
    pub rest_of: Option<i64>,
}

/// What stands in the way of carrying it out whole.
#[derive(Default)]
struct Mismatches {
    count: u64,
    /// How many of them are done already.
    done: u64,
    first: Vec<String>,
}

impl Mismatches {
    fn add(&mut self, database: &DatabaseName, instance_uuid: &str, why: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(format!("{} in {database}: {}", named(instance_uuid), why.trim_end_matches('.')));
        }
    }

    fn refusal(self, source: Source<'_>, total: u64) -> Refusal {
        let more = self.count - self.first.len() as u64;
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Refusal::Conflict {
            reason: format!(
                "{}: {} of {total} operations cannot be carried out any more, so none is: {}{more}. Make the plan \
                 anew; --resume carries out the others",
                source.path.display(),
                self.count,
                self.first.join("; ")
            ),
            current: None,
        }
    }
}

/// The plan of a file, ready to be confirmed; it is copied, so that nobody changes it meanwhile.
///
/// # Errors
/// The file is no plan, not as it was written, of other databases, or does not hold any more; each with its
/// reason.
pub async fn open(
    stores: &Arc<dyn FactStores>,
    deployment: &Deployment,
    source: Source<'_>,
    setting: &Setting,
    report: Report<'_>,
    cancel: &Cancel,
) -> Result<BulkPlan, Refusal> {
    let path = source.path.to_owned();
    let Checked { header, total, sum } = aside(move || check(&path)).await??;
    let around = Around::new(stores, deployment.spec_home()).await;
    check_databases(&header, deployment, &around, source.path).await?;
    let edited = header.databases.keys().cloned().collect();
    let kind = source.rest_of.map_or_else(|| kind(&header.kind), BulkKind::Rest);
    let mut building = Building::new(&setting.directory, header, kind).map_err(unwritten)?;
    let work = Arc::new(Work {
        change: BulkChange::Edit(Vec::new()),
        facts: super::super::prepare::facts(deployment, setting.force),
        fleet: Arc::clone(around.fleet()),
        edited,
    });
    let mut operations = Reader::open(source.path).map_err(unwritten)?.operations();
    let (mut mismatches, mut passed) = (Mismatches::default(), 0);
    loop {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let (batch, rest) = aside(move || next(operations)).await??;
        operations = rest;
        if batch.is_empty() {
            break;
        }
        passed += batch.len() as u64;
        for verdict in judge(&work, &around, batch).await? {
            if let Verdict::LeftOut(why, sentence, database, uuid) = &verdict
                && !source.resume
            {
                mismatches.done += u64::from(*why == WhyNot::Needless);
                mismatches.add(database, uuid, sentence);
            }
            verdict.note(&mut building).map_err(unwritten)?;
        }
        report(&Progress { passed, total: Some(total), done: building.total(), ..Progress::default() });
    }
    // What was judged must be what was checked, whatever was put in its place meanwhile.
    if operations.checksum() != Some(sum.as_str()) {
        let path = source.path.display();
        return Err(refusal(format!("{path}: the plan was changed while it was being read; try again")));
    }
    if mismatches.done == total {
        let path = source.path.display();
        return Err(Refusal::NothingToDo(format!("{path}: every operation of the plan was done already")));
    }
    if mismatches.count > 0 {
        return Err(mismatches.refusal(source, total));
    }
    building.tallying().remark(around.remarks());
    building.finish().map_err(unwritten)
}

/// A plan file that was read to its end.
struct Checked {
    /// Its header, with the databases that it is really about.
    header: Header,
    /// How many operations it has.
    total: u64,
    /// What its lines add up to.
    sum: String,
}

/// Reads the whole file, believing nothing.
fn check(path: &Path) -> Result<Checked, Refusal> {
    let reader = Reader::open(path).map_err(unwritten)?;
    let mut header = reader.header().clone();
    let (mut total, mut used) = (0, BTreeSet::new());
    let mut operations = reader.operations();
    for operation in operations.by_ref() {
        let operation = operation.map_err(unwritten)?;
        let places = std::iter::once(operation.database()).chain(operation.destination());
        for database in places {
            if !used.contains(database) {
                if !header.databases.contains_key(&database.to_string()) {
                    return Err(refusal(format!(
                        "{}: its first line does not say which database {database} is; have the plan made anew",
                        path.display()
                    )));
                }
                used.insert(database.clone());
            }
        }
        total += 1;
    }
    if total == 0 {
        return Err(Refusal::NothingToDo(format!("{}: a plan without operations", path.display())));
    }
    header.databases.retain(|name, _| used.iter().any(|database| database.to_string() == *name));
    let sum = operations.checksum().unwrap_or_default().to_owned();
    Ok(Checked { header, total, sum })
}

/// Refuses a plan of other databases.
async fn check_databases(
    header: &Header,
    deployment: &Deployment,
    around: &Around<'_>,
    path: &Path,
) -> Result<(), Refusal> {
    for (name, identity) in &header.databases {
        let database = if name == "api" { DatabaseName::Api } else { DatabaseName::cell(name) };
        let made_for =
            format!("{}: the plan was made for the environment {}", path.display(), header.environment);
        if !deployment.databases().contains(&database) {
            return Err(refusal(format!(
                "{made_for}, which has a database {name}; {} has none",
                deployment.environment()
            )));
        }
        // One that does not answer refuses the operations that need it.
        let Ok(store) = around.store(&database).await else { continue };
        if store.identity() != *identity {
            return Err(refusal(format!(
                "{made_for}, where {name} is another database ({identity}) than here ({}, {}): apply it there",
                store.identity(),
                deployment.location(&database)
            )));
        }
    }
    Ok(())
}

fn refusal(reason: String) -> Refusal {
    Refusal::Refused { reason, forceable: false }
}

fn kind(word: &str) -> BulkKind {
    match word {
        "edit" => BulkKind::Edit,
        "move" => BulkKind::Move,
        name if Repair::NAMES.contains(&name) => BulkKind::Repair(name.to_owned()),
        _ => BulkKind::File,
    }
}

/// The next operations, none at the end of the file.
fn next(mut operations: Operations) -> Result<(Vec<PlannedOperation>, Operations), Refusal> {
    let batch: Result<Vec<_>, _> = operations.by_ref().take(BATCH).collect();
    Ok((batch.map_err(unwritten)?, operations))
}

/// What a database holds of some instances, or why that is not known.
type Held = Result<HashMap<Arc<str>, StoredSpec>, String>;

/// Looks at what the operations are about, and judges each.
async fn judge(
    work: &Arc<Work>,
    around: &Around<'_>,
    batch: Vec<PlannedOperation>,
) -> Result<Vec<Verdict>, Refusal> {
    let mut wanted: BTreeMap<DatabaseName, Vec<Arc<str>>> = BTreeMap::new();
    for operation in &batch {
        for database in std::iter::once(operation.database()).chain(operation.destination()) {
            wanted.entry(database.clone()).or_default().push(Arc::clone(operation.instance_uuid()));
        }
    }
    let mut held: BTreeMap<DatabaseName, Held> = BTreeMap::new();
    for (database, uuids) in wanted {
        let rows = rows(around, &database, &uuids).await;
        held.insert(database, rows);
    }
    let mut surroundings: HashMap<(DatabaseName, Arc<str>), Surroundings> = HashMap::new();
    for (database, rows) in pages(&batch, &held) {
        for (row, around) in around.of(Page { database: database.clone(), rows }).await {
            surroundings.insert((database.clone(), row.instance_uuid), around);
        }
    }
    let groups: Vec<String> = batch.iter().filter_map(|operation| new_group(operation, &held)).collect();
    let groups = around.groups(groups).await;
    let work = Arc::clone(work);
    aside(move || {
        let mut seen = HashSet::new();
        let mut verdicts = Vec::with_capacity(batch.len());
        for operation in batch {
            let key = (operation.database().clone(), Arc::clone(operation.instance_uuid()));
            if !seen.insert(key.clone()) {
                let sentence = "Two operations of the plan are about it.".to_owned();
                verdicts.push(Verdict::LeftOut(WhyNot::Refused, sentence, key.0, key.1));
                continue;
            }
            let known = surroundings.remove(&key).unwrap_or_default();
            let has_group = |group: &str| groups.get(group).copied().flatten();
            verdicts.push(verdict(&work, &operation, &held, &known, has_group));
        }
        verdicts
    })
    .await
}

async fn rows(around: &Around<'_>, database: &DatabaseName, uuids: &[Arc<str>]) -> Held {
    let store = around.store(database).await.map_err(|error| error.to_string())?;
    match store.get_many(uuids).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| (Arc::clone(&row.instance_uuid), row)).collect()),
        Err(StoreError::NoTable { .. }) => Ok(HashMap::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// The rows that the operations are about, by database; of one that is to be created what it will be.
fn pages(
    batch: &[PlannedOperation],
    held: &BTreeMap<DatabaseName, Held>,
) -> BTreeMap<DatabaseName, Vec<StoredSpec>> {
    let mut pages: BTreeMap<DatabaseName, Vec<StoredSpec>> = BTreeMap::new();
    for operation in batch {
        let uuid = operation.instance_uuid();
        let there = held.get(operation.database()).and_then(|held| held.as_ref().ok()?.get(uuid)).cloned();
        let row = match (operation, there) {
            (_, Some(row)) => row,
            (PlannedOperation::Create { after, .. }, None) => StoredSpec {
                id: 0,
                instance_uuid: Arc::clone(uuid),
                spec: after.as_bytes().into(),
                created_at: None,
                updated_at: None,
            },
            (_, None) => continue,
        };
        pages.entry(operation.database().clone()).or_default().push(row);
    }
    pages
}

fn new_group(operation: &PlannedOperation, held: &BTreeMap<DatabaseName, Held>) -> Option<String> {
    let uuid = operation.instance_uuid();
    let row = held.get(operation.database()).and_then(|held| held.as_ref().ok()?.get(uuid));
    match operation {
        PlannedOperation::Save { after, .. } => many::newly_named_group(&row?.spec, after.as_bytes()),
        PlannedOperation::Create { .. }
        | PlannedOperation::Destroy { .. }
        | PlannedOperation::Copy { .. }
        | PlannedOperation::Move { .. } => None,
    }
}

fn verdict(
    work: &Work,
    operation: &PlannedOperation,
    held: &BTreeMap<DatabaseName, Held>,
    around: &Surroundings,
    has_group: impl Fn(&str) -> Option<bool>,
) -> Verdict {
    let (database, uuid) = (operation.database(), operation.instance_uuid());
    let left_out =
        |why, sentence: String| Verdict::LeftOut(why, sentence, database.clone(), Arc::clone(uuid));
    let text = |database: &DatabaseName| match held.get(database) {
        Some(Ok(rows)) => Ok(rows.get(uuid).map(|row| &row.spec)),
        Some(Err(sentence)) => Err(sentence.clone()),
        None => Ok(None),
    };
    let (here, there) = match (text(database), operation.destination().map_or(Ok(None), text)) {
        (Ok(here), Ok(there)) => (here, there),
        (Err(sentence), _) | (_, Err(sentence)) => return left_out(WhyNot::Unknown, sentence),
    };
    let ready = match operation.fits(here, there) {
        Fit::Ready(ready) => ready,
        Fit::AlreadyDone => return left_out(WhyNot::Needless, "It was done already.".to_owned()),
        Fit::Changed(_) => {
            return left_out(
                WhyNot::Changed,
                "It was changed by someone else since the plan was made.".to_owned(),
            );
        }
        Fit::Gone => return left_out(WhyNot::Changed, "It is not there any more.".to_owned()),
        Fit::InTheWay(_) => {
            let place = operation.destination().unwrap_or(database);
            return left_out(WhyNot::InTheWay, format!("{place} holds another spec of the instance."));
        }
    };
    let facts = facts_of(&work.facts, around);
    let judged = match &ready {
        Operation::Save { before, after, .. } => {
            many::save(&facts, database, uuid, before, after, &has_group)
        }
        Operation::Create { text, .. } => many::create(&facts, database, uuid, text),
        Operation::Move { from, to, text, .. } => many::transfer(&facts, (from, to), uuid, text, there),
        Operation::Copy { .. } | Operation::Destroy { .. } => many::other(&facts, &ready),
    };
    match judged {
        Ok(judged) if judged.operation != ready => {
            let sentence = "nova's save() would store another text than the plan's: make the plan anew.";
            left_out(WhyNot::Refused, sentence.to_owned())
        }
        Ok(judged) => match &ready {
            Operation::Move { text, .. }
            | Operation::Copy { text, .. }
            | Operation::Destroy { before: text, .. } => moves::planned(work, judged, text, around),
            Operation::Save { .. } | Operation::Create { .. } => {
                edits::planned(work, judged, around, has_group)
            }
        },
        Err(refusal) => super::refused(refusal, database.clone(), Arc::clone(uuid)),
    }
}
