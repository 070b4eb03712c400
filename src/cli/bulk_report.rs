//! What became of a plan of many changes.

use std::io;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::args::ChangeArguments;
use super::bulk_text::number;
use super::changing::failure;
use super::error::{CliError, Exit};
use super::output::{Output, say};
use crate::change::bulk::summary::WhyNot;
use crate::change::{BulkOutcome, BulkPlan, Problem};

/// Problems that are printed as text; as JSON all are.
const SHOWN: usize = 20;

/// Where each operation that was not simply done is printed as JSON while the others go on: there may be more than
/// are remembered.
pub struct Stream(Option<Mutex<(Output, io::Result<()>)>>);

impl Stream {
    /// Prints nothing, unless JSON is wanted.
    pub fn new(arguments: &ChangeArguments) -> Self {
        Self(arguments.json.then(|| Mutex::new((Output::new(), Ok(())))))
    }

    /// Prints it. The change goes on where nobody reads any more.
    pub fn tell(&self, problem: &Problem) {
        let Some(stream) = &self.0 else { return };
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let (out, printed) = &mut *stream;
        if printed.is_ok() {
            let line = out.json(&json!({
                "database": problem.database.to_string(), "instance_uuid": &*problem.instance_uuid,
                "result": problem.state.word(), "reason": problem.sentence,
            }));
            *printed = line.and_then(|()| out.flush());
        }
    }

    /// Whether all was printed.
    pub fn end(self) -> io::Result<()> {
        let stream = self.0.map(|stream| stream.into_inner().unwrap_or_else(PoisonError::into_inner));
        stream.map_or(Ok(()), |(_, printed)| printed)
    }
}

/// Says what was done, and what was not.
pub fn report(
    out: &mut Output,
    arguments: &ChangeArguments,
    plan: &BulkPlan,
    outcome: &BulkOutcome,
) -> Result<Exit, CliError> {
    for notice in &outcome.notices {
        say(&format!("reqspec: warning: {notice}"));
    }
    let progress = &outcome.progress;
    let left = left_out(plan);
    if arguments.json {
        out.json(&json!({
            "total": plan.total(), "done": progress.done, "conflicts": progress.conflicts,
            "failed": progress.failed, "not_begun": outcome.not_begun(), "left_out": left,
            "change": outcome.change.map(|change| change.0), "cancelled": outcome.is_cancelled,
            "stopped": outcome.stopped.as_ref().map(ToString::to_string),
        }))?;
    } else {
        for problem in outcome.problems.iter().take(SHOWN) {
            let (state, uuid, database) = (problem.state.word(), &problem.instance_uuid, &problem.database);
            out.line(&format!("{state} {uuid} in {database}: {}", problem.sentence))?;
        }
        let told = progress.conflicts + progress.failed;
        let shown = outcome.problems.len().min(SHOWN) as u64;
        if told > shown {
            out.line(&format!("and {} more; with --json each of them is printed", told - shown))?;
        }
        out.line(&sum(plan, outcome, left))?;
        if let Some(change) = outcome.change.filter(|_| progress.done > 0) {
            out.line(&format!("change {change} of the journal; `reqspec undo {}` takes it back", change.0))?;
        }
    }
    out.flush()?;
    if let (Some(change), true) = (outcome.change, outcome.not_begun() > 0) {
        say(&format!("reqspec: `reqspec resume {}` continues it", change.0));
    }
    let exit = exit(plan, outcome, left);
    match &outcome.stopped {
        Some(error) => {
            let said = failure(error);
            Err(CliError::Said(if exit == Exit::Partly { exit } else { said.exit() }, said.to_string()))
        }
        None => Ok(exit),
    }
}

/// The specs that were asked for and that the plan does not have.
fn left_out(plan: &BulkPlan) -> u64 {
    let summary = plan.summary();
    summary.left_out_count() - summary.left_out_for(WhyNot::Needless)
}

fn sum(plan: &BulkPlan, outcome: &BulkOutcome, left: u64) -> String {
    let progress = &outcome.progress;
    let mut parts = vec![format!("{} of {} done", progress.done, number(plan.total(), "operation"))];
    if progress.conflicts > 0 {
        parts.push(number(progress.conflicts, "conflict"));
    }
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    if outcome.not_begun() > 0 {
        parts.push(format!("{} not begun", outcome.not_begun()));
    }
    if left > 0 {
        parts.push(format!("{} left out of the plan", number(left, "spec")));
    }
    if plan.summary().is_incomplete {
        parts.push("others could not be asked".to_owned());
    }
    parts.join(", ")
}

/// All done: 0. Some done: partly. None: what kept them.
fn exit(plan: &BulkPlan, outcome: &BulkOutcome, left: u64) -> Exit {
    let progress = &outcome.progress;
    if outcome.is_complete() && left == 0 && !plan.summary().is_incomplete {
        Exit::Done
    } else if progress.done > 0 {
        Exit::Partly
    } else if progress.failed == 0 && progress.conflicts > 0 && !outcome.is_cancelled {
        Exit::Conflict
    } else {
        Exit::Error
    }
}
