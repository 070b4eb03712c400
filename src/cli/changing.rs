//! From an intent to the report of what was done: prepare, confirm, apply. Databases are read
//! through read-only sessions; sessions for writing are opened for the apply step alone.

use std::io::{self, BufRead, IsTerminal, Write};

use futures_util::future::join_all;
use serde_json::json;

use super::args::ChangeArguments;
use super::error::{CliError, Exit};
use super::output::{AS_IT_IS, Output, say};
use super::sessions::Sessions;
use super::{journal, plan_text};
use crate::change::{
    self, Answer, ApplyError, Confirmation, Confirmed, Facts, Intent, Operation, Outcome, Plan, Record, Refusal,
    Requirement, Undoing,
};
use crate::deployment::Deployment;
use crate::fleet::{self, prepare::BETTER};
use crate::spec::text::escaped;
use crate::store::{Access, DatabaseName, InstanceHome, Probe, Rights, Stores};

/// Prepare, confirm and apply one intent.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    intent: &Intent,
) -> Result<Exit, CliError> {
    allowed(sessions.deployment(), arguments)?;
    let plan = prepare(sessions, arguments, intent).await?;
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

/// What a plan is made from: the databases, of which those wanted must answer, and what is known around an
/// instance.
pub async fn around(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    wanted: &[DatabaseName],
    instance_uuid: &str,
) -> Result<(Stores, Facts), Refusal> {
    let deployment = sessions.deployment();
    let all = deployment.databases();
    if let Some(database) = wanted.iter().find(|database| !all.contains(database)) {
        return Err(Refusal::Failed(format!("no database {database}")));
    }
    let asked = all.iter().map(|database| {
        let needed = wanted.contains(database);
        async move {
            let answer = match needed {
                true => sessions.get(database).await,
                false => sessions.get_within(database, BETTER).await,
            };
            (database, needed, answer)
        }
    });
    let mut stores = Stores::new();
    for (database, needed, answer) in join_all(asked).await {
        match answer {
            Ok(store) => stores.insert(store),
            Err(error) if needed => return Err(Refusal::Failed(error.to_string())),
            // What follows from its silence is said in the plan.
            Err(error) => stores.insert_closed(database.clone(), error),
        }
    }
    // The API database knows where the instance is; the plan says so where it cannot be asked.
    let instance_home = match stores.get(&DatabaseName::Api) {
        Some(api) => deployment.instance_home(api.as_ref(), instance_uuid).await,
        None => InstanceHome::Unknown,
    };
    let mut instance_state = None;
    if let InstanceHome::Cell(cell) = &instance_home
        && let Some(cell) = stores.get(&DatabaseName::Cell(cell.clone()))
    {
        instance_state = deployment.instance_state(cell.as_ref(), instance_uuid).await;
    }
    let facts = Facts {
        environment: deployment.environment().to_owned(),
        spec_home: deployment.spec_home(),
        instance_home,
        instance_state,
        upstream_schema: deployment.upstream_schema(),
        force: arguments.force,
    };
    Ok((stores, facts))
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
    // A journal that cannot be written is told before anything is asked.
    let record = Record { undoing, ..journal::record(sessions, arguments).await? };
    let confirmed = confirm(deployment, arguments, plan)?;
    let stores = writable(deployment, confirmed.get()).await?;
    let outcome = change::apply(&stores, &record, confirmed).await;
    report(&mut out, arguments, &outcome)
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

/// The confirm step: `--yes`, or a question on the terminal.
fn confirm(
    deployment: &Deployment,
    arguments: &ChangeArguments,
    plan: Plan,
) -> Result<Confirmed<Plan>, CliError> {
    let verb = plan.operations.first().map_or("do", |operation| operation.verb());
    let requirement = plan.requirement.clone();
    let answer = if arguments.yes {
        for warning in &plan.warnings {
            say(&format!("reqspec: warning: {}", warning.sentence));
        }
        Answer::CommandLine { force: arguments.force }
    } else {
        plan_text::lines(deployment, &plan).iter().for_each(|line| say(line));
        ask(verb, &requirement)?
    };
    Confirmation::new(plan).answer(&answer).map_err(|_| match (&answer, &requirement) {
        (Answer::CommandLine { .. }, Requirement::Type(word)) => CliError::refused(format!(
            "this wants {word:?} typed; on the command line --force beside --yes stands for it; nothing was written"
        )),
        _ => CliError::refused("not confirmed; nothing was written"),
    })
}

/// Ask on the terminal; the default is not to.
///
/// # Errors
/// Refused: there is no terminal to ask on.
pub fn ask(verb: &str, requirement: &Requirement) -> Result<Answer, CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message =
            "not confirmed: there is no terminal to ask on; --yes does it, --dry-run shows the plan";
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
