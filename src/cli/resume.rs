//! `reqspec resume`: continues a change of many specs that was interrupted, from the plan file that was kept for
//! it. What was done is passed over.

use std::path::{Path, PathBuf};

use super::args::ResumeArguments;
use super::bulk::{self, Given, Ground};
use super::bulk_text::number;
use super::changing;
use super::error::{CliError, Exit};
use super::journal;
use super::output::say;
use super::sessions::Sessions;
use crate::change::journal::ChangeRow;
use crate::change::plan_file::Kept;
use crate::change::{ChangeId, Journal, State};
use crate::fleet::plans::Source;
use crate::spec::mask::masked_words;

/// Changes of the journal that are looked through at a time.
const PAGE: u32 = 200;

/// Finds the change, checks what is left of its plan, has it confirmed, applies it.
pub async fn run(sessions: &Sessions, arguments: ResumeArguments) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let journal = journal::record(sessions, &arguments.change).await?.journal;
    let (row, path) = find(sessions, &journal, arguments.id.map(ChangeId)).await?;
    if row.is_running {
        return Err(CliError::refused(format!("change {} is being carried out by another reqspec", row.id)));
    }
    if let (Some(undo), true) = (row.undone_by, row.is_undone()) {
        return Err(CliError::refused(format!("change {} was undone, by change {undo}", row.id)));
    }
    if row.open() > 0 {
        return Err(CliError::refused(format!(
            "change {}: what became of {} of its operations is not known; `reqspec recover` finds out, then resume",
            row.id,
            row.open()
        )));
    }
    let kept = Kept::open(&path).map_err(|error| CliError::failed(error.to_string()))?;
    let title = masked_words(&row.title);
    say(&format!("reqspec: continuing change {} ({title}), begun {}", row.id, row.begun_at));
    if let (Some(undo), true) = (row.undone_by, row.undone() > 0) {
        let undone = number(row.undone(), "operation");
        say(&format!("reqspec: warning: {undone} of it that change {undo} undid would be done again"));
    }
    let ground = Ground::new(sessions, &arguments.change)?;
    let source = Source { path: &path, resume: true, rest_of: Some(row.id.0) };
    let plan = ground.open(sessions, source).await?;
    let given = Given { answer: None, is_of_file: true, rest_of: Some(&kept) };
    bulk::carry_out(sessions, &arguments.change, arguments.pace, plan, given).await
}

/// The change, and the file that was kept for it.
async fn find(
    sessions: &Sessions,
    journal: &Journal,
    id: Option<ChangeId>,
) -> Result<(ChangeRow, PathBuf), CliError> {
    let failed = |error: crate::change::journal::JournalError| CliError::failed(error.to_string());
    if let Some(id) = id {
        let row = journal.change(id).await.map_err(failed)?;
        let row = row.ok_or_else(|| CliError::not_found(format!("the journal has no change {id}")))?;
        return match row.plan_file.clone() {
            Some(path) if path.exists() => Ok((row, path)),
            Some(path) if !row.is_running && !row.is_undone() && left(&row) > 0 => Err(lost(&row, &path)),
            _ => Err(CliError::NothingToDo(format!("change {id} has nothing left to be done"))),
        };
    }
    let (mut before, mut missing) = (None, None);
    loop {
        let rows = journal.changes(before, "", PAGE).await.map_err(failed)?;
        let Some(last) = rows.last() else {
            let nothing = || CliError::NothingToDo("no change of many specs was interrupted".to_owned());
            return Err(missing.unwrap_or_else(nothing));
        };
        before = Some(last.id);
        let here = sessions.deployment().environment();
        for row in rows.into_iter().filter(|row| row.environment == here) {
            let Some(path) = row.plan_file.clone() else { continue };
            if path.exists() {
                return Ok((row, path));
            }
            if missing.is_none() && was_stopped(&row) {
                missing = Some(lost(&row, &path));
            }
        }
    }
}

/// How many of its operations were not done.
fn left(row: &ChangeRow) -> u64 {
    row.total.saturating_sub(row.count(State::Done))
}

/// Whether it ended before its end. One that only met with conflicts did not: its plan is not kept.
fn was_stopped(row: &ChangeRow) -> bool {
    let stopped = row.is_interrupted || row.open() > 0 || row.count(State::NotDone) > 0;
    stopped && !row.is_running && !row.is_undone() && left(row) > 0
}

/// That the file which it would be continued from is gone.
fn lost(row: &ChangeRow, path: &Path) -> CliError {
    CliError::failed(format!(
        "change {}: {} of its {} were not done, and cannot be continued: its plan {} is not there (it goes when a \
         change has come to its end). Have the change planned anew; specs that were done need nothing then",
        row.id,
        left(row),
        number(row.total, "operation"),
        path.display()
    ))
}
