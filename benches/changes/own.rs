//! The same with reqspec: a plan, its journal, `apply_many`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqspec::change::bulk::summary::Seen;
use reqspec::change::bulk::{Building, BulkKind, BulkPlan};
use reqspec::change::plan_file::{FORMAT, Header, PlannedOperation};
use reqspec::change::{
    Answer, Confirmation, DatabaseName, Digest, Journal, Operation, Pace, Record, Who, apply_many,
};
use reqspec::lint::Judgement;
use reqspec::store::{self, Access, Cancel, Stores, Timeouts};

use crate::rows::{Rows, Spec};
use crate::{BATCH, Place, Task, folder};

fn operation(task: Task, spec: &Spec) -> PlannedOperation {
    match task {
        Task::Edit => PlannedOperation::of(&Operation::Save {
            database: DatabaseName::Api,
            instance_uuid: Arc::clone(&spec.uuid),
            before: Arc::from(spec.before.as_bytes()),
            after: Arc::clone(&spec.after),
        }),
        Task::Move => PlannedOperation::Move {
            from: DatabaseName::Api,
            to: DatabaseName::cell("c1"),
            instance_uuid: Arc::clone(&spec.uuid),
            before: Digest::of(spec.before.as_bytes()),
        },
    }
}

fn plan(task: Task, rows: &Rows) -> BulkPlan {
    let header = Header {
        format: FORMAT,
        reqspec: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: "2026-01-01T00:00:00Z".to_owned(),
        operator: "bench".to_owned(),
        host: "here".to_owned(),
        environment: "bench".to_owned(),
        databases: Default::default(),
        title: "all of them".to_owned(),
        kind: "edit".to_owned(),
        reason: None,
    };
    let kind = if task == Task::Edit { BulkKind::Edit } else { BulkKind::Move };
    let mut building = Building::new(&folder("plans"), header, kind).unwrap();
    for spec in &rows.list {
        let operation = operation(task, spec);
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
    building.finish().unwrap()
}

/// From the confirmed plan to the end of it.
pub fn apply(place: &dyn Place, task: Task, rows: &Rows) -> Duration {
    let confirmed = Confirmation::new(plan(task, rows)).answer(&Answer::CommandLine { force: true }).unwrap();
    let path = folder("journal").join("journal.sqlite");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let record = Record::new(Journal::open(&path).unwrap(), Who::here(), None);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stores = Stores::new();
        for (name, address) in
            [DatabaseName::Api, DatabaseName::cell("c1")].into_iter().zip(place.addresses())
        {
            stores.insert(store::open(name, &address, Access::ReadWrite, Timeouts::default()).await.unwrap());
        }
        let pace = Pace { batch: BATCH, rate: None };
        let began = Instant::now();
        let outcome = apply_many(&stores, &record, confirmed, &pace, &|_| {}, &Cancel::default()).await;
        let took = began.elapsed();
        assert!(outcome.is_complete(), "{:?} {:?}", outcome.stopped, outcome.problems.first());
        took
    })
}
