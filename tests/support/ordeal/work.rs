//! What a killed process does: changes specs through the library, one after the other, with the journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqspec::change::bulk::summary::Seen;
use reqspec::change::bulk::{Building, BulkKind, BulkPlan};
use reqspec::change::plan_file::{FORMAT, Header};
use reqspec::change::{
    Answer, BulkOutcome, Confirmation, Facts, InstanceHome, Intent, Journal, Operation, Outcome, Pace,
    PlannedOperation, Record, Refusal, SpecHome, Who, apply, apply_many, prepare, undo,
};
use reqspec::lint::Judgement;
use reqspec::store::{Cancel, CellName, DatabaseName, StoredSpec, Stores};
use tokio::runtime::Runtime;

use super::{ENVIRONMENT, NAMES, Random, Side, World, open, text};
use crate::support::{database, uuid};

/// What it is told by its environment.
pub const DIRECTORY: &str = "REQSPEC_ORDEAL_DIRECTORY";
pub const DATABASES: &str = "REQSPEC_ORDEAL_DATABASES";
pub const TASK: &str = "REQSPEC_ORDEAL_TASK";
pub const SEED: &str = "REQSPEC_ORDEAL_SEED";
pub const INSTANCES: &str = "REQSPEC_ORDEAL_INSTANCES";
/// Those whose specs are only saved, never moved.
pub const ONLY_SAVED: &str = "REQSPEC_ORDEAL_ONLY_SAVED";
/// What it says when it begins to change things.
pub const BEGUN: &str = "begun";

/// Operations of a batch: a bulk change of thirty is three batches.
const BATCH: usize = 10;
const MANY: usize = 30;

pub fn joined(numbers: &[i64]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn numbers(variable: &str) -> Vec<i64> {
    let given = std::env::var(variable).unwrap_or_default();
    given.split(',').filter(|number| !number.is_empty()).map(|number| number.parse().unwrap()).collect()
}

/// Changes specs.
pub struct Worker {
    stores: Stores,
    record: Record,
    plans: PathBuf,
    random: Random,
    /// Begins the numbers of its texts.
    seed: u64,
    next: u64,
    instances: Vec<i64>,
    only_saved: BTreeSet<i64>,
    /// Whether nobody else changes anything: whatever does not succeed is wrong.
    is_alone: bool,
    runtime: Runtime,
}

/// The process's own test: it works until it is killed, or has done its task. Nothing without its environment.
pub fn work() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let variable = |name: &str| std::env::var(name).unwrap();
    let urls: Vec<String> = variable(DATABASES).lines().map(str::to_owned).collect();
    let task = variable(TASK);
    let mut worker = Worker::at(&directory, &urls.try_into().unwrap(), variable(SEED).parse().unwrap());
    worker.instances = numbers(INSTANCES);
    worker.only_saved = numbers(ONLY_SAVED).into_iter().collect();
    worker.is_alone = task != "rival";
    super::tell_parent(BEGUN);
    match task.as_str() {
        "loop" | "rival" => loop {
            worker.anything();
        },
        task => worker.one(task),
    }
}

impl Worker {
    /// One in this process.
    pub fn new(world: &World, seed: u64, is_alone: bool) -> Self {
        let mut worker = Self::at(world.directory(), &world.sides.each_ref().map(Side::url), seed);
        (worker.instances, worker.is_alone) = (world.instances.clone(), is_alone);
        worker
    }

    fn at(directory: &Path, urls: &[String; 2], seed: u64) -> Self {
        let who = Who { operator: "test".into(), host: "here".into() };
        let journal = Journal::open(&directory.join("journal.sqlite")).unwrap();
        Self {
            stores: open(urls),
            record: Record::new(journal, who, None),
            plans: directory.join("plans"),
            random: Random(seed),
            seed,
            next: 0,
            instances: Vec::new(),
            only_saved: BTreeSet::new(),
            is_alone: true,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    /// One of that kind, with the first instances.
    pub fn one(&mut self, task: &str) {
        let first = self.instances[0];
        match task {
            "save" => self.save(first),
            "move" => self.transfer(first),
            "bulk edit" => self.bulk_edit(),
            "bulk move" => self.bulk_move(),
            "undo" => self.undo(),
            other => panic!("no task {other}"),
        }
    }

    fn anything(&mut self) {
        let instance = *self.random.of(&self.instances);
        match self.random.below(10) {
            0..=2 => self.save(instance),
            3 | 4 if self.only_saved.contains(&instance) => self.save(instance),
            3 | 4 => self.transfer(instance),
            5 => self.bulk_edit(),
            6 => self.bulk_move(),
            _ => self.undo(),
        }
    }

    /// A text that was never there.
    fn new_text(&mut self, id: &str) -> Arc<str> {
        self.next += 1;
        text(id, &format!("{}-{}", self.seed, self.next)).into()
    }

    fn facts(&self) -> Facts {
        Facts {
            environment: ENVIRONMENT.into(),
            spec_home: SpecHome::Cells,
            instance_home: InstanceHome::Cell(CellName::new("c1")),
            instance_state: None,
            upstream_schema: false,
            force: true,
        }
    }

    /// Where a spec is, in whichever of the two databases comes first.
    fn find(&mut self, id: &str) -> Option<(DatabaseName, StoredSpec)> {
        let mut names = NAMES;
        if self.random.below(2) == 0 {
            names.reverse();
        }
        for name in names {
            let store = self.stores.get(&database(name)).unwrap();
            match self.runtime.block_on(store.get(id)) {
                Ok(Some(row)) => return Some((database(name), row)),
                Ok(None) => {}
                Err(error) => assert!(!self.is_alone, "{error}"),
            }
        }
        assert!(!self.is_alone, "{id} is in no database");
        None
    }

    fn save(&mut self, instance: i64) {
        let id = uuid(instance);
        let Some((name, row)) = self.find(&id) else { return };
        let after = self.new_text(&id);
        self.single(&Intent::Save {
            database: name,
            instance_uuid: row.instance_uuid,
            before: row.spec,
            after,
        });
    }

    fn transfer(&mut self, instance: i64) {
        let Some((from, row)) = self.find(&uuid(instance)) else { return };
        let to = other(&from);
        self.single(&Intent::Move { from, to, instance_uuid: row.instance_uuid });
    }

    fn single(&mut self, intent: &Intent) {
        let (stores, facts, record) = (&self.stores, self.facts(), &self.record);
        let outcome: Result<Outcome, Refusal> = self.runtime.block_on(async {
            let plan = prepare(stores, &facts, intent).await?;
            let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
            Ok(apply(stores, record, confirmed).await)
        });
        if self.is_alone {
            let outcome = outcome.unwrap();
            assert_eq!((outcome.failed, outcome.notices), (None, Vec::new()));
        }
    }

    /// The rows of some instances in a database.
    fn rows(&mut self, name: &DatabaseName, only: impl Fn(i64) -> bool) -> Vec<StoredSpec> {
        let wanted: Vec<Arc<str>> = self
            .instances
            .iter()
            .filter(|number| only(**number))
            .map(|number| uuid(*number).into())
            .collect();
        let skipped = self.random.below((wanted.len() as u64).saturating_sub(MANY as u64) + 1) as usize;
        let wanted: Vec<Arc<str>> = wanted.into_iter().skip(skipped).take(MANY).collect();
        let store = self.stores.get(name).unwrap();
        match self.runtime.block_on(store.get_many(&wanted)) {
            Ok(rows) => rows,
            Err(error) => {
                assert!(!self.is_alone, "{error}");
                Vec::new()
            }
        }
    }

    /// The database that more of them are in.
    fn fuller(&mut self, only: impl Fn(i64) -> bool + Copy) -> (DatabaseName, Vec<StoredSpec>) {
        let [api, cell] = NAMES.map(|name| (database(name), self.rows(&database(name), only)));
        if api.1.len() >= cell.1.len() { api } else { cell }
    }

    fn bulk_edit(&mut self) {
        let (name, rows) = self.fuller(|_| true);
        let mut operations = Vec::new();
        for row in rows {
            let after = self.new_text(&row.instance_uuid);
            operations.push(Operation::Save {
                database: name.clone(),
                instance_uuid: row.instance_uuid,
                before: row.spec,
                after,
            });
        }
        self.bulk(BulkKind::Edit, &operations);
    }

    fn bulk_move(&mut self) {
        let only_saved = self.only_saved.clone();
        let only = |number: i64| !only_saved.contains(&number);
        let (from, rows) = self.fuller(only);
        let operations: Vec<Operation> = rows
            .into_iter()
            .map(|row| Operation::Move {
                from: from.clone(),
                to: other(&from),
                instance_uuid: row.instance_uuid,
                text: row.spec,
                already_there: false,
            })
            .collect();
        self.bulk(BulkKind::Move, &operations);
    }

    fn bulk(&mut self, kind: BulkKind, operations: &[Operation]) {
        if operations.is_empty() {
            return;
        }
        let header = Header {
            format: FORMAT,
            reqspec: env!("CARGO_PKG_VERSION").into(),
            made_at: "2026-01-02T03:04:05Z".into(),
            operator: "test".into(),
            host: "here".into(),
            environment: ENVIRONMENT.into(),
            databases: Default::default(),
            title: "change them all".into(),
            kind: String::new(),
            reason: None,
        };
        let mut building = Building::new(&self.plans, header, kind).unwrap();
        for operation in operations.iter().map(PlannedOperation::of) {
            let seen = Seen {
                verb: operation.verb(),
                database: operation.database(),
                to: operation.destination(),
                instance_uuid: operation.instance_uuid(),
                changes: Vec::new(),
                before: Judgement::default(),
                after: Judgement::default(),
                warnings: Vec::new(),
            };
            building.push(&operation, seen).unwrap();
        }
        let outcome = self.carry_out(building.finish().unwrap(), &self.record);
        if self.is_alone {
            assert!(outcome.is_complete() && outcome.notices.is_empty(), "{outcome:?}");
        }
    }

    fn carry_out(&self, plan: BulkPlan, record: &Record) -> BulkOutcome {
        let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
        let (pace, cancel) = (Pace { batch: BATCH, rate: None }, Cancel::default());
        self.runtime.block_on(apply_many(&self.stores, record, confirmed, &pace, &|_| {}, &cancel))
    }

    /// The newest change, as far as it can be taken back: rows may have been changed since.
    fn undo(&mut self) {
        let (stores, facts, record) = (&self.stores, self.facts(), &self.record);
        let planned = self.runtime.block_on(async {
            let chosen = undo::choose(&record.journal, ENVIRONMENT, None, false).await?;
            let undoing = record.clone().undoing(chosen.undoing);
            if chosen.is_many {
                let (journal, who) = (&record.journal, &record.who);
                let plan = undo::bulk(journal, stores, &facts, &chosen, who, None, &self.plans).await?;
                return Ok((undoing, Some(plan)));
            }
            let plan = undo::plan(stores, &facts, &chosen).await?;
            let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap();
            let outcome = apply(stores, &undoing, confirmed).await;
            assert!(!self.is_alone || outcome.failed.is_none(), "{outcome:?}");
            Ok::<_, Refusal>((undoing, None))
        });
        if let Ok((undoing, Some(plan))) = planned {
            let outcome = self.carry_out(plan, &undoing);
            assert!(!self.is_alone || outcome.stopped.is_none(), "{outcome:?}");
        }
    }
}

fn other(name: &DatabaseName) -> DatabaseName {
    if *name == database("api") { database("c1") } else { database("api") }
}
