//! `reqspec resume`: continues a change of many specs that was interrupted, from the plan file that was kept for
//! it. What was done is passed over.

use std::path::PathBuf;

use super::args::ResumeArguments;
use super::bulk::{self, Given, Ground};
use super::changing;
use super::error::{CliError, Exit};
use super::journal;
use super::output::say;
use super::sessions::Sessions;
use crate::change::journal::ChangeRow;
use crate::change::plan_file::Kept;
use crate::change::{ChangeId, Journal};
use crate::fleet::plans::Source;

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
    if let Some(undo) = row.undone_by {
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
    say(&format!("reqspec: continuing change {} ({}), begun {}", row.id, row.title, row.begun_at));
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
        let path = row.plan_file.clone().filter(|path| path.exists());
        let finished = || CliError::NothingToDo(format!("change {id} has nothing left to be done"));
        return path.map(|path| (row, path)).ok_or_else(finished);
    }
    let mut before = None;
    loop {
        let rows = journal.changes(before, "", PAGE).await.map_err(failed)?;
        let Some(last) = rows.last() else {
            return Err(CliError::NothingToDo("no change of many specs was interrupted".to_owned()));
        };
        before = Some(last.id);
        let here = sessions.deployment().environment();
        let mut rows = rows.into_iter().filter(|row| row.environment == here);
        let found = rows.find_map(|row| {
            let path = row.plan_file.clone().filter(|path| path.exists())?;
            Some((row, path))
        });
        if let Some(found) = found {
            return Ok(found);
        }
    }
}
