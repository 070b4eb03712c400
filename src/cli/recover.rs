//! `reqspec recover`: changes that were interrupted, finished or taken back.

use serde_json::json;

use super::args::RecoverArguments;
use super::changing::ask;
use super::error::{CliError, Exit};
use super::journal;
use super::output::{Output, say};
use super::sessions::Sessions;
use crate::change::recover::{Decision, Recovered, What};
use crate::change::{Answer, Journal, Requirement};
use crate::fleet::recovery;

/// Looks, shows, asks where a database is to be written to, carries out.
pub async fn run(sessions: &Sessions, arguments: &RecoverArguments) -> Result<Exit, CliError> {
    let path = sessions.journal()?;
    // Looking alone changes nothing, the journal neither.
    let Some(journal) = journal::to_read(Some(path))? else {
        return Err(CliError::NothingToDo("nothing was interrupted".to_owned()));
    };
    let deployment = sessions.deployment();
    let mut decisions =
        recovery::look(sessions, deployment, &journal, false).await.map_err(journal::failed)?;
    let overruled = arguments.force && decisions.iter().any(|decision| decision.what == What::Elsewhere);
    if overruled {
        // Seen before it is overruled.
        let elsewhere = decisions.iter().filter(|decision| decision.what == What::Elsewhere);
        elsewhere.for_each(|decision| say(&decision.to_string()));
        say("--force: these databases are taken for those in which the changes were made");
        decisions = recovery::look(sessions, deployment, &journal, true).await.map_err(journal::failed)?;
    }
    if decisions.is_empty() {
        return Err(CliError::NothingToDo("nothing was interrupted".to_owned()));
    }
    let mut out = Output::new();
    if arguments.dry_run {
        for decision in &decisions {
            show(&mut out, arguments, decision, None)?;
        }
        if !arguments.json {
            out.line("dry run: nothing was written")?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    let writes = decisions.iter().filter(|decision| decision.what.needs_write()).count();
    if writes > 0 {
        deployment.may_write().map_err(CliError::refused)?;
    }
    if (writes > 0 || overruled) && !arguments.yes {
        decisions.iter().for_each(|decision| say(&decision.to_string()));
        let answer = ask("carry that out", &Requirement::Choose)?;
        if !matches!(answer, Answer::Confirm { .. }) {
            return Err(CliError::refused("not confirmed; nothing was written"));
        }
    }
    drop(journal);
    let journal = Journal::open(path).map_err(journal::failed)?;
    let recovered = recovery::carry_out(sessions, deployment, &journal, decisions, overruled).await;
    let recovered = recovered.map_err(journal::failed)?;
    for Recovered { decision, result } in &recovered {
        show(&mut out, arguments, decision, Some(result))?;
    }
    out.flush()?;
    let left = recovered.iter().filter(|one| one.result.is_err()).count();
    match left {
        0 => Ok(Exit::Done),
        left => Err(CliError::failed(format!("{left} of {} stay unfinished", recovered.len()))),
    }
}

fn show(
    out: &mut Output,
    arguments: &RecoverArguments,
    decision: &Decision,
    result: Option<&Result<String, String>>,
) -> std::io::Result<()> {
    let said = result.map(|result| match result {
        Ok(said) | Err(said) => said.as_str(),
    });
    if arguments.json {
        return out.json(&json!({
            "change": decision.change.0,
            "environment": decision.environment,
            "operation": decision.title,
            "instance_uuid": &*decision.instance_uuid,
            "decision": decision.what.word(),
            "needs_write": decision.what.needs_write(),
            "why": decision.why,
            "recovered": result.map(|result| result.is_ok()),
            "result": said,
        }));
    }
    match said {
        Some(said) => out.line(&format!("{decision}: {said}")),
        None => out.line(&decision.to_string()),
    }
}
