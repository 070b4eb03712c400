//! From an intent to the report of what was done: prepare, confirm, apply. Databases are read
//! through read-only sessions; sessions for writing are opened for the apply step alone.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::json;

use super::args::ChangeArguments;
use super::error::{CliError, Exit};
use super::output::{AS_IT_IS, Output, say};
use super::sessions::Sessions;
use super::{journal, plan_text};
use crate::change::{
    self, Answer, ApplyError, Confirmation, Confirmed, Intent, Operation, Outcome, Plan, PlannedOperation,
    Record, Refusal, Requirement, Undoing, Who, plan_file,
};
use crate::deployment::Deployment;
use crate::fleet::plans::{self, Maker};
use crate::fleet::{self, prepare::BETTER};
use crate::spec::text::escaped;
use crate::store::{Access, DatabaseName, Probe, Rights, Stores};

/// Prepare, confirm and apply one intent.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    intent: &Intent,
) -> Result<Exit, CliError> {
    allowed(sessions.deployment(), arguments)?;
    let plan = prepare(sessions, arguments, intent).await?;
    go(sessions, arguments, plan).await
}

/// Confirm and apply a plan, if the accounts may write where it does.
pub async fn go(sessions: &Sessions, arguments: &ChangeArguments, plan: Plan) -> Result<Exit, CliError> {
    if !arguments.dry_run {
        let targets = plan.operations.iter().flat_map(|operation| operation.targets());
        account_may_write(sessions, targets).await?;
    }
    carry_out(sessions, arguments, plan).await
}

/// Whether the accounts may write to those databases: said before anything is confirmed.
///
/// # Errors
/// Refused: one may not, and why.
pub async fn account_may_write(
    sessions: &Sessions,
    databases: impl IntoIterator<Item = &DatabaseName>,
) -> Result<(), CliError> {
    for database in databases {
        // One that cannot be asked says so when it is opened for writing.
        let Ok(probe) = sessions.get(database).await else { continue };
        if let Ok(Probe { rights: Rights::ReadOnly(why), .. }) = probe.probe().await {
            let location = sessions.deployment().location(database);
            return Err(CliError::refused(format!("{database}: {location}: {why}; nothing was written")));
        }
    }
    Ok(())
}

/// Whether the deployment may be written to; `--dry-run` writes nothing.
pub fn allowed(deployment: &Deployment, arguments: &ChangeArguments) -> Result<(), CliError> {
    if arguments.dry_run { Ok(()) } else { deployment.may_write().map_err(CliError::refused) }
}

/// The plan of an intent.
pub async fn prepare(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    intent: &Intent,
) -> Result<Plan, Refusal> {
    let (deployment, wanted) = (sessions.deployment(), intent.databases());
    let all = deployment.databases();
    let others = all.iter().filter(|database| !wanted.contains(database));
    // One that does not answer is given up for good: the same command may come back for it.
    join_all(others.map(|database| sessions.get_within(database, BETTER))).await;
    fleet::prepare::prepare(sessions, deployment, intent, arguments.force).await
}

/// Confirm a plan and apply it, or only print it.
pub async fn carry_out(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    plan: Plan,
) -> Result<Exit, CliError> {
    carry_out_as(sessions, arguments, plan, None).await
}

/// The same of a plan that takes another change back.
pub async fn carry_out_as(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    plan: Plan,
    undoing: Option<Undoing>,
) -> Result<Exit, CliError> {
    let deployment = sessions.deployment();
    let mut out = Output::new();
    if arguments.dry_run {
        if arguments.json {
            if plan_text::holds_password(&plan) {
                say(AS_IT_IS);
            }
            out.json(&plan_text::json(&plan))?;
        } else {
            plan_text::lines(deployment, &plan).iter().try_for_each(|line| out.line(line))?;
            out.line("dry run: nothing was written")?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    if let Some(file) = &arguments.plan_out {
        return export(sessions, arguments, &plan, file).await;
    }
    // A journal that cannot be written is told before anything is asked.
    let record = Record { undoing, ..journal::record(sessions, arguments).await? };
    let confirmed = confirm(deployment, arguments, plan)?;
    let stores = writable(deployment, confirmed.get()).await?;
    let outcome = change::apply(&stores, &record, confirmed).await;
    report(&mut out, arguments, &outcome)
}

/// Writes a plan to a file instead of carrying it out.
async fn export(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    plan: &Plan,
    file: &Path,
) -> Result<Exit, CliError> {
    let deployment = sessions.deployment();
    let mut databases = BTreeMap::new();
    for operation in plan.operations.iter().map(PlannedOperation::of) {
        for database in std::iter::once(operation.database()).chain(operation.destination()) {
            databases.insert(database.to_string(), sessions.get(database).await?.identity());
        }
    }
    let Who { operator, host } = Who::here();
    let maker = Maker { operator, host, reason: change::record::reason(arguments.reason.as_deref()) };
    let title = plan.operations.first().map(change::record::words).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let header = plans::header(deployment, &maker, databases, title, now);
    let exported = plan_file::write::export(file, &header, plan);
    exported.map_err(|error| CliError::failed(error.to_string()))?;
    plan_text::lines(deployment, plan).iter().for_each(|line| say(line));
    let mut out = Output::new();
    out.line(&format!("{}: the plan, 1 operation; `reqspec apply` carries it out", file.display()))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Sessions for writing of every database that a plan writes to; what it only reads is opened
/// read-only.
pub async fn writable(deployment: &Deployment, plan: &Plan) -> Result<Stores, CliError> {
    let mut stores = Stores::new();
    for database in plan.operations.iter().flat_map(|operation| operation.targets()) {
        if stores.get(database).is_none() {
            stores.insert(deployment.open(database, Access::ReadWrite).await?);
        }
    }
    for operation in &plan.operations {
        if let Operation::Copy { from, .. } = operation
            && stores.get(from).is_none()
        {
            stores.insert(deployment.open(from, Access::ReadOnly).await?);
        }
    }
    Ok(stores)
}

/// The confirm step: what the command line answers, or a question on the terminal.
fn confirm(
    deployment: &Deployment,
    arguments: &ChangeArguments,
    plan: Plan,
) -> Result<Confirmed<Plan>, CliError> {
    let verb = plan.operations.first().map_or("do", |operation| operation.verb());
    let requirement = plan.requirement.clone();
    let answer = match given(arguments) {
        Some(answer) => {
            for warning in &plan.warnings {
                say(&format!("reqspec: warning: {}", warning.sentence));
            }
            answer
        }
        None => {
            plan_text::lines(deployment, &plan).iter().for_each(|line| say(line));
            ask(verb, &requirement)?
        }
    };
    Confirmation::new(plan).answer(&answer).map_err(|_| unconfirmed(&answer, &requirement))
}

/// The answer that the command line gives.
pub fn given(arguments: &ChangeArguments) -> Option<Answer> {
    match &arguments.confirm {
        Some(word) => Some(Answer::Confirm { typed: word.clone() }),
        None if arguments.yes => Some(Answer::CommandLine { force: arguments.force }),
        None => None,
    }
}

/// Why an answer does not confirm.
pub fn unconfirmed(answer: &Answer, requirement: &Requirement) -> CliError {
    match (answer, requirement) {
        (Answer::CommandLine { .. }, Requirement::Type(word)) => CliError::refused(format!(
            "this wants {word:?} typed; on the command line --confirm {word} says it, or --force beside --yes \
             stands for it; nothing was written"
        )),
        (Answer::Confirm { typed }, Requirement::Type(word)) if !typed.is_empty() => {
            CliError::refused(format!("not confirmed: {typed:?} is not {word:?}; nothing was written"))
        }
        _ => CliError::refused("not confirmed; nothing was written"),
    }
}

/// Ask on the terminal; the default is not to.
///
/// # Errors
/// Refused: there is no terminal to ask on.
pub fn ask(verb: &str, requirement: &Requirement) -> Result<Answer, CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = match requirement {
            Requirement::Choose => {
                "not confirmed: there is no terminal to ask on; --yes does it, --dry-run shows the plan"
                    .to_owned()
            }
            Requirement::Type(word) => format!(
                "not confirmed: there is no terminal to ask on; --confirm {word} says what is to be typed, --dry-run \
                 shows the plan"
            ),
        };
        return Err(CliError::refused(message));
    }
    let question = match requirement {
        Requirement::Choose => format!("{verb}? [y/N] "),
        Requirement::Type(word) => format!("type {word} to {verb}: "),
    };
    let _ = write!(io::stderr(), "{}", escaped(&question));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(match requirement {
        Requirement::Choose if matches!(line.to_lowercase().as_str(), "y" | "yes") => {
            Answer::Confirm { typed: String::new() }
        }
        Requirement::Choose => Answer::Cancel,
        Requirement::Type(_) => Answer::Confirm { typed: line.to_owned() },
    })
}

/// Say what was done, and what was not.
fn report(out: &mut Output, arguments: &ChangeArguments, outcome: &Outcome) -> Result<Exit, CliError> {
    for notice in &outcome.notices {
        say(&format!("reqspec: warning: {notice}"));
    }
    for done in &outcome.done {
        if arguments.json {
            let (database, instance_uuid) = (done.database.to_string(), &*done.instance_uuid);
            out.json(
                &json!({ "database": database, "instance_uuid": instance_uuid, "done": done.sentence }),
            )?;
        } else {
            out.line(&done.sentence)?;
        }
    }
    out.flush()?;
    outcome.failed.as_ref().map_or(Ok(Exit::Done), |error| Err(failure(error)))
}

/// What failed while applying, with its exit code.
pub fn failure(error: &ApplyError) -> CliError {
    let exit = match error {
        ApplyError::Conflict { .. } | ApplyError::Contended(_) => Exit::Conflict,
        ApplyError::NotFound(_) => Exit::NotFound,
        ApplyError::Refused(_) => Exit::Refused,
        ApplyError::Failed(_) | ApplyError::Uncertain(_) => Exit::Error,
    };
    CliError::Said(exit, error.to_string())
}
