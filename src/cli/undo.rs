//! `reqspec undo` and `reqspec redo`: a change of the journal taken back, or done again.

use super::args::UndoArguments;
use super::bulk::{self, Given};
use super::changing;
use super::error::{CliError, Exit};
use super::journal;
use super::output::say;
use super::sessions::Sessions;
use crate::change::undo;
use crate::fleet::{self, undo::Back};
use crate::spec::mask::masked_words;

/// Chooses the change, plans, confirms, applies.
pub async fn run(sessions: &Sessions, arguments: &UndoArguments, again: bool) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let path = sessions.journal()?;
    let Some(journal) = journal::to_read(Some(path))? else {
        return Err(CliError::NothingToDo(format!(
            "nothing was changed yet: there is no journal {}",
            path.display()
        )));
    };
    let environment = sessions.deployment().environment();
    let chosen = undo::choose(&journal, environment, arguments.id, again).await?;
    if !arguments.change.json {
        let reason =
            chosen.change.reason.as_ref().map(|reason| format!(", because: {}", masked_words(reason)));
        say(&format!(
            "{} of {} by {} on {}{}",
            undo::title(&chosen),
            chosen.change.begun_at,
            chosen.change.who.operator,
            chosen.change.who.host,
            reason.unwrap_or_default()
        ));
    }
    let ground = bulk::Ground::new(sessions, &arguments.change)?;
    let plan =
        fleet::undo::prepare(sessions, sessions.deployment(), &journal, &chosen, ground.setting()).await?;
    match plan {
        Back::One(plan) => {
            if !arguments.change.dry_run {
                let targets = plan.operations.iter().flat_map(|operation| operation.targets());
                changing::account_may_write(sessions, targets).await?;
            }
            changing::carry_out_as(sessions, &arguments.change, plan, Some(chosen.undoing)).await
        }
        // The plan itself says what it takes back.
        Back::Many(plan) => {
            bulk::carry_out(sessions, &arguments.change, arguments.pace, plan, Given::default()).await
        }
    }
}
