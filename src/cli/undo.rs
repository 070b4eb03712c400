//! `reqspec undo` and `reqspec redo`: a change of the journal taken back, or done again.

use super::args::UndoArguments;
use super::changing;
use super::error::{CliError, Exit};
use super::journal;
use super::output::say;
use super::sessions::Sessions;
use crate::change::undo;

/// Chooses the change, plans, confirms, applies.
pub async fn run(sessions: &Sessions, arguments: &UndoArguments, again: bool) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let path = sessions.journal()?;
    let Some(journal) = journal::to_read(Some(path))? else {
        return Err(CliError::NothingToDo(format!("nothing was changed yet: there is no journal {}", path.display())));
    };
    let environment = sessions.deployment().environment();
    let chosen = undo::choose(&journal, environment, arguments.id, again).await?;
    if !arguments.change.json {
        let reason = chosen.change.reason.as_ref().map(|reason| format!(", because: {reason}"));
        say(&format!(
            "{} of {} by {} on {}{}",
            undo::title(&chosen),
            chosen.change.begun_at,
            chosen.change.who.operator,
            chosen.change.who.host,
            reason.unwrap_or_default()
        ));
    }
    if let Some(database) = undo::databases(&chosen)
        .into_iter()
        .find(|database| !sessions.deployment().databases().contains(database))
    {
        return Err(CliError::refused(format!(
            "change {} was made in {database} of environment {}, which is none of these databases; nothing was written",
            chosen.change.id, chosen.change.environment
        )));
    }
    let uuid = chosen.first.operation.instance_uuid();
    let (stores, facts) =
        changing::around(sessions, &arguments.change, &undo::databases(&chosen), uuid).await?;
    let plan = undo::plan(&stores, &facts, &chosen).await?;
    if !arguments.change.dry_run {
        let targets = plan.operations.iter().flat_map(|operation| operation.targets());
        changing::account_may_write(sessions, targets).await?;
    }
    changing::carry_out_as(sessions, &arguments.change, plan, Some(chosen.undoing)).await
}
