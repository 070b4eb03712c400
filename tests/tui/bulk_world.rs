//! Changes of many specs in the small deployment: plans as `change` makes them, their files in a
//! directory of the test.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqspec::change::bulk::plan::Building;
use reqspec::change::bulk::summary::{Seen, WhyNot};
use reqspec::change::plan_file::Header;
use reqspec::change::{
    BulkChange, BulkIntent, BulkKind, BulkOutcome, BulkPlan, ChangeId, DatabaseName, Destination, Operation,
    PlannedOperation, Problem, Progress, Refusal, Repair, State, Whom,
};
use reqspec::lint::{Judgement, Subject, Surroundings, judge_text};
use reqspec::spec::{Document, diff, edit};

use super::world::{Stored, World, cell};

impl World {
    fn rows_of(&self, whom: &Whom) -> Vec<(DatabaseName, Stored)> {
        let of = |database: &DatabaseName| self.databases[database].clone().unwrap_or_default();
        match whom {
            Whom::Rows(rows) => {
                let find = |(database, uuid): &(DatabaseName, Arc<str>)| {
                    Some((database.clone(), of(database).into_iter().find(|row| row.uuid == *uuid)?))
                };
                rows.iter().filter_map(find).collect()
            }
            Whom::Query { databases, query } => {
                let all = databases
                    .iter()
                    .flat_map(|database| of(database).into_iter().map(move |row| (database.clone(), row)));
                all.filter(|(_, row)| row.fulfils(query)).collect()
            }
        }
    }

    pub fn plan_many(&mut self, intent: &BulkIntent) -> Result<BulkPlan, Refusal> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        let (kind, title) = match &intent.change {
            BulkChange::Edit(edits) => {
                let words = edits.iter().map(|edit| format!("set {}", edit.path())).collect::<Vec<_>>();
                (BulkKind::Edit, words.join(", "))
            }
            BulkChange::Repair(repair) => (BulkKind::Repair(repair.name().to_owned()), repair.to_string()),
            BulkChange::Move(to) => (BulkKind::Move, format!("move to {to:?}")),
        };
        let header = Header {
            format: 1,
            reqspec: "0.1.0".to_owned(),
            made_at: "2026-11-22T12:00:00Z".to_owned(),
            operator: "op".to_owned(),
            host: "ctl1".to_owned(),
            environment: "demo".to_owned(),
            databases: BTreeMap::new(),
            title,
            kind: kind.word().to_owned(),
            reason: None,
        };
        let mut building = Building::new(self.plans.path(), header, kind).expect("a plan");
        for (database, row) in self.rows_of(&intent.whom) {
            match operation(&intent.change, &database, &row) {
                Ok(Some(operation)) => {
                    let (before, after) = texts(&operation);
                    let judge = |text: &[u8]| {
                        let subject = Subject { database: "api", instance_uuid: &row.uuid, spec: text };
                        Judgement { unknown: Vec::new(), ..judge_text(&subject) }
                    };
                    let seen = Seen {
                        verb: operation.verb(),
                        database: &database,
                        to: operation.targets().first().copied().filter(|to| **to != database),
                        instance_uuid: &row.uuid,
                        changes: diff::difference_of_texts(&before, &after),
                        before: judge(&before),
                        after: judge(&after),
                        warnings: Vec::new(),
                    };
                    building.push(&PlannedOperation::of(&operation), seen).expect("written");
                }
                Ok(None) => {
                    building.leave_out(WhyNot::Needless, "It is as wanted already.", &database, &row.uuid);
                }
                Err(reason) => building.leave_out(WhyNot::Refused, reason, &database, &row.uuid),
            }
        }
        Ok(building.finish().expect("written"))
    }

    pub fn apply_many(&mut self, plan: &BulkPlan) -> BulkOutcome {
        let mut progress = Progress { total: Some(plan.total()), ..Progress::default() };
        let mut problems = Vec::new();
        for operation in plan.operations().expect("the plan's file") {
            let operation = operation.expect("an operation");
            progress.passed += 1;
            if self.overtaken.contains(&**operation.instance_uuid()) {
                progress.conflicts += 1;
                problems.push(Problem {
                    database: operation.database().clone(),
                    instance_uuid: operation.instance_uuid().clone(),
                    state: State::Conflict,
                    sentence: "It was changed by someone else; it was left alone.".to_owned(),
                });
                continue;
            }
            progress.done += 1;
            match operation {
                PlannedOperation::Save { database, instance_uuid, after, .. } => {
                    let rows = self.rows(&database);
                    let row = rows.iter_mut().find(|row| row.uuid == instance_uuid).expect("there");
                    row.spec = Arc::from(after.as_bytes());
                }
                PlannedOperation::Move { from, to, instance_uuid, .. } => {
                    let at =
                        self.rows(&from).iter().position(|row| row.uuid == instance_uuid).expect("there");
                    let row = self.rows(&from).remove(at);
                    self.rows(&to).push(row);
                }
                other => panic!("{other:?}"),
            }
        }
        progress.finished = true;
        BulkOutcome { progress, problems, change: Some(ChangeId(12)), ..BulkOutcome::default() }
    }
}

fn texts(operation: &Operation) -> (Vec<u8>, Vec<u8>) {
    match operation {
        Operation::Save { before, after, .. } => (before.to_vec(), after.as_bytes().to_vec()),
        _ => (Vec::new(), Vec::new()),
    }
}

fn operation(
    change: &BulkChange,
    database: &DatabaseName,
    row: &Stored,
) -> Result<Option<Operation>, String> {
    let (database, instance_uuid) = (database.clone(), row.uuid.clone());
    let document =
        || Document::parse(&row.spec).map_err(|error| format!("Its text cannot be read: {error}."));
    let saved = |after: &Document| {
        let after: Arc<str> = after.shared_text();
        let before = row.spec.clone();
        (before[..] != *after.as_bytes()).then_some(Operation::Save {
            database: database.clone(),
            instance_uuid: instance_uuid.clone(),
            before,
            after,
        })
    };
    match change {
        BulkChange::Edit(edits) => {
            let edited = edit::apply(&document()?, edits).map_err(|error| error.to_string())?;
            Ok(saved(&edited.document))
        }
        BulkChange::Repair(repair) => {
            assert_eq!(*repair, Repair::UnpinZone, "it needs no surroundings");
            let edited = repair.edits(&document()?, &Surroundings::default())?;
            Ok(edited.and_then(|edited| saved(&edited.document)))
        }
        BulkChange::Move(to) => {
            let to = match to {
                Destination::Database(to) => to.clone(),
                Destination::MappedCell => cell("cell1"),
            };
            let text = row.spec.clone();
            let operation = Operation::Move {
                from: database.clone(),
                to: to.clone(),
                instance_uuid: instance_uuid.clone(),
                text,
                already_there: false,
            };
            Ok((to != database).then_some(operation))
        }
    }
}
