//! The journal of the small deployment: what was done, and the plans that take it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqspec::app::msg::Undo;
use reqspec::change::journal::{ChangeRow, EntryRow, Kind, Step};
use reqspec::change::record::words;
use reqspec::change::{ChangeId, EntryId, Operation, Plan, Refusal, Requirement, State, Undoing, Who};

use super::world::World;

impl World {
    /// Writes down what is about to be done.
    pub fn journaled(&mut self, plan: &Plan, reason: Option<String>, undoing: Option<Undoing>) {
        let id = ChangeId(self.journal.len() as i64 + 1);
        let mut row = change(id.0, &plan.operations.first().map(words).unwrap_or_default());
        row.reason = reason;
        row.undoes = undoing.map(|undoing| undoing.change);
        if let Some(Undoing { change, again }) = undoing {
            row.kind = if again { Kind::Redo } else { Kind::Undo };
            for (known, _) in &mut self.journal {
                if known.id == change {
                    known.undone_by = Some(id);
                }
            }
        }
        self.journal.push((row, plan.operations.clone()));
    }

    pub fn history(
        &self,
        before: Option<ChangeId>,
        filter: &str,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, String> {
        if let Some(reason) = &self.unread {
            return Err(reason.clone());
        }
        let fits = |row: &&ChangeRow| filter.split_whitespace().all(|word| row.title.contains(word));
        let older = |row: &&ChangeRow| before.is_none_or(|before| row.id < before);
        let rows = self.journal.iter().rev().map(|(row, _)| row);
        Ok(rows.filter(older).filter(fits).take(limit as usize).cloned().collect())
    }

    pub fn entries(
        &self,
        change: ChangeId,
        after: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, String> {
        let (_, operations) = self.journal.iter().find(|(row, _)| row.id == change).expect("known");
        let all =
            operations.iter().zip(1..).map(|(operation, number)| entry(change, number, operation.clone()));
        Ok(all.filter(|entry| after.is_none_or(|after| entry.id > after)).take(limit as usize).collect())
    }

    pub fn take_back(&mut self, change: Option<ChangeId>, again: bool) -> Result<Undo, Refusal> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        let wanted = |row: &ChangeRow| match change {
            Some(id) => row.id == id,
            None => row.undone_by.is_none() && (row.kind == Kind::Undo) == again,
        };
        let found = self.journal.iter().rev().find(|(row, _)| wanted(row));
        let (row, operations) =
            found.ok_or_else(|| Refusal::NothingToDo("nothing is left to take back".to_owned()))?;
        let plan = Plan {
            environment: "demo".to_owned(),
            operations: operations.iter().map(back).collect(),
            requirement: Requirement::Choose,
            ..Plan::default()
        };
        let undoing = Undoing { change: row.id, again: row.kind == Kind::Undo };
        Ok(Undo::One { plan, undoing })
    }
}

fn back(operation: &Operation) -> Operation {
    match operation.clone() {
        Operation::Save { database, instance_uuid, before, after } => Operation::Save {
            database,
            instance_uuid,
            before: Arc::from(after.as_bytes()),
            after: Arc::from(String::from_utf8_lossy(&before).as_ref()),
        },
        Operation::Move { from, to, instance_uuid, text, .. } => {
            Operation::Move { from: to, to: from, instance_uuid, text, already_there: false }
        }
        other => panic!("{other:?}"),
    }
}

/// A change of that number.
pub fn change(id: i64, title: &str) -> ChangeRow {
    ChangeRow {
        id: ChangeId(id),
        begun_at: format!("2026-11-22T11:{:02}:05.123Z", id % 60),
        finished_at: Some(format!("2026-11-22T11:{:02}:06.000Z", id % 60)),
        kind: Kind::Save,
        title: title.to_owned(),
        who: Who { operator: "op".to_owned(), host: "ctl1".to_owned() },
        environment: "demo".to_owned(),
        databases: Vec::new(),
        reason: None,
        undoes: None,
        undone_by: None,
        still_done: 0,
        total: 1,
        plan_file: None,
        counts: BTreeMap::from([(State::Done, 1)]),
        is_running: false,
        is_interrupted: false,
    }
}

fn entry(change: ChangeId, number: u64, operation: Operation) -> EntryRow {
    EntryRow {
        id: EntryId(number as i64),
        change,
        number,
        operation,
        state: State::Done,
        step: Step::Deleted,
        said: "Done.".to_owned(),
        created_at: None,
        updated_at: None,
    }
}
