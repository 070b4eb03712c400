//! The command line: the same operations as the terminal UI, for scripts.
//!
//! - `args`: the options.  `error`: exit codes.  `output`: text and JSON.  `log`: the log file.
//! - `sessions`: read-only sessions, and finding a spec in them.
//! - `changing`, `plan_text`: prepare, confirm, apply, report.  `bulk`: the same of many specs (`bulk_text`: the plan;
//!   `progress`: how far it is; `bulk_report`: what became of it).
//! - One file per command: `list` (`list_arguments`, `list_counts`), `show`, `create`, `edit` (`edit_external`), `moving`
//!   (`move_scheduled`), `copy`, `delete`, `repair`, `apply`, `resume`, `db`, `cells` (`cells_text`), `environments`,
//!   `doctor` (`doctor_text`).
//! - `journal`: what changes are recorded with.  `history` (`history_text`), `undo`, `recover`: what it is good for.
//! - `deployment`: which databases the options mean.
//!
//! May import everything; nobody imports it.

mod apply;
mod args;
mod bulk;
mod bulk_report;
mod bulk_text;
mod cells;
mod cells_text;
mod changing;
mod copy;
mod create;
mod db;
mod delete;
mod deployment;
mod doctor;
mod doctor_text;
mod edit;
mod edit_external;
mod environments;
mod error;
mod history;
mod history_text;
mod journal;
mod list;
mod list_arguments;
mod list_counts;
mod log;
mod move_scheduled;
mod moving;
mod output;
mod plan_text;
mod progress;
mod recover;
mod repair;
mod resume;
mod sessions;
mod show;
mod undo;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::deployment::discover::{self, Found};
use crate::deployment::settings::Places;
use crate::deployment::{Deployment, WritePolicy, demo};
use crate::query::Query;
use crate::spec::mask::masked;
use crate::store::DatabaseName;

use args::{Arguments, Command, DbCommand, DeploymentArguments, EditArguments, MoveArguments};
use error::{CliError, Exit};
use list_arguments::Wanted;
use sessions::Sessions;

/// Runs the command line given (the program's name first) and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = match Arguments::command().try_get_matches_from(repeatable_first(arguments.clone())) {
        Ok(matches) => matches,
        Err(error) => {
            // --help and --version come this way too; clap's exit code for usage errors is 2.
            print(&error, &arguments);
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let parsed = match Arguments::from_arg_matches(&matches) {
        Ok(parsed) => parsed,
        Err(error) => {
            print(&error, &arguments);
            return Exit::Usage.into();
        }
    };
    log::start();
    let result = dispatch(parsed, &matches);
    match &result {
        Ok(exit) => tracing::info!(?exit, "done"),
        Err(error) => tracing::info!(%error, "not done"),
    }
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            if !error.is_quiet() {
                for (at, line) in error.lines().into_iter().enumerate() {
                    output::say(&if at == 0 { format!("reqspec: {line}") } else { line });
                }
            }
            error.exit().into()
        }
    }
}

/// clap repeats what it refuses: a URL that stands where none is wanted may hold a password.
fn print(error: &clap::Error, arguments: &[OsString]) {
    let mut text = error.to_string();
    let given = arguments.iter().filter_map(|argument| argument.to_str());
    let values = given.clone().filter_map(|argument| argument.split_once('=')).map(|(_, value)| value);
    let secret =
        given.chain(values).filter(|given| given.contains("://")).map(|given| (given, masked(given)));
    let secret: Vec<_> = secret.filter(|(given, shown)| given != shown && text.contains(given)).collect();
    if secret.is_empty() {
        // In colours, where there are some.
        let _ = error.print();
        return;
    }
    for (given, shown) in secret {
        text = text.replace(given, &shown);
    }
    text.lines().for_each(output::say);
}

/// The same arguments with every option that may come several times before the command: of values
/// given before and after the command, clap would lose some.
fn repeatable_first(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut first: Vec<OsString> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument);
            rest.extend(arguments);
            break;
        }
        let option = argument.to_str().map_or("", |text| text.split('=').next().unwrap_or(text));
        if !args::REPEATABLE.contains(&option) {
            rest.push(argument);
        } else if argument.to_str() == Some(option) {
            first.push(argument);
            first.extend(arguments.next());
        } else {
            first.push(argument);
        }
    }
    first.append(&mut rest);
    first
}

fn dispatch(arguments: Arguments, matches: &ArgMatches) -> Result<Exit, CliError> {
    if arguments.tui.write && !matches!(arguments.command, None | Some(Command::Tui(_))) {
        return Err(CliError::usage("--write is the terminal UI's; commands ask before they write"));
    }
    let (places, journal) = (arguments.deployment, arguments.journal.journal);
    let journal = settings(&places).journal(journal.as_deref());
    match arguments.command {
        None => tui(&places, arguments.tui.write, journal),
        Some(Command::Tui(tui_arguments)) => {
            tui(&places, arguments.tui.write || tui_arguments.write, journal)
        }
        Some(Command::Demo(arguments)) => {
            if deployment::is_named(&places) {
                return Err(CliError::usage(
                    "the demo brings its own databases: leave out --api, --cell, --env, --nova-conf, --config-dir and --spec-home",
                ));
            }
            let mut demo = demo::open(arguments.reset)?;
            if places.read_only {
                demo = demo.with_policy(WritePolicy::Never(deployment::READ_ONLY.to_owned()));
            }
            if let Some(timeout) = places.timeout {
                demo = demo.with_timeout(timeout);
            }
            screen(
                demo,
                crate::tui::Options { settings: settings(&places), journal, ..Default::default() },
                arguments.headless,
            )
        }
        Some(Command::Environments(arguments)) => environments::run(&places, &arguments),
        // The journal knows it without any database.
        Some(Command::History(arguments)) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(history::run(journal.as_deref(), &arguments))
        }
        Some(command) => {
            // A query that cannot be read asks no database.
            let settings = settings(&places);
            let wanted = match &command {
                Command::List(arguments) => Some(Wanted::read(arguments, &settings)?),
                _ => None,
            };
            let whom = match &command {
                Command::Edit(EditArguments { uuid: None, whom, .. })
                | Command::Move(MoveArguments { uuid: None, scheduled: false, whom, .. }) => {
                    Some(list_arguments::query(&whom.queries, &whom.saved, &settings)?)
                }
                Command::Repair(arguments) => {
                    let (queries, saved) = (&arguments.queries, &arguments.saved);
                    let is_by_query = !queries.is_empty() || !saved.is_empty();
                    is_by_query.then(|| list_arguments::query(queries, saved, &settings)).transpose()?
                }
                _ => None,
            };
            if let Command::Doctor(arguments) = &command {
                doctor::Asked::read(arguments)?;
            }
            // Nor does a repair that is none.
            let repair = match &command {
                Command::Repair(arguments) => Some(repair::read(arguments)?),
                _ => None,
            };
            let found = deployment::find(&places)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let result = runtime.block_on(command_line(
                Sessions::new(found.deployment, journal),
                command,
                (wanted, whom, repair),
                matches,
            ));
            // A database that does not answer is not waited for.
            runtime.shutdown_background();
            result
        }
    }
}

async fn command_line(
    sessions: Sessions,
    command: Command,
    (wanted, whom, repair): (Option<Wanted>, Option<Arc<Query>>, Option<repair::Meant>),
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    sessions.discover(named(&command)).await;
    match command {
        Command::List(arguments) => match wanted {
            Some(wanted) => list::run(&sessions, &arguments, wanted).await,
            None => Ok(Exit::Done),
        },
        Command::Show(arguments) => show::run(&sessions, &arguments).await,
        Command::Create(arguments) => create::run(&sessions, arguments).await,
        Command::Edit(arguments) => {
            let own = matches.subcommand_matches("edit").unwrap_or(matches);
            edit::run(&sessions, arguments, whom, own).await
        }
        Command::Move(arguments) => moving::run(&sessions, arguments, whom).await,
        Command::Copy(arguments) => copy::run(&sessions, arguments).await,
        Command::Delete(arguments) => delete::run(&sessions, arguments).await,
        Command::Repair(arguments) => match repair {
            Some(meant) => repair::run(&sessions, arguments, meant, whom).await,
            None => Ok(Exit::Done),
        },
        Command::Undo(arguments) => undo::run(&sessions, &arguments, false).await,
        Command::Redo(arguments) => undo::run(&sessions, &arguments, true).await,
        Command::Recover(arguments) => recover::run(&sessions, &arguments).await,
        Command::Apply(arguments) => apply::run(&sessions, arguments).await,
        Command::Resume(arguments) => resume::run(&sessions, arguments).await,
        Command::Db(arguments) => db::run(&sessions, &arguments).await,
        Command::Cells(arguments) => cells::run(&sessions, &arguments).await,
        Command::Doctor(arguments) => doctor::run(&sessions, &arguments).await,
        // Dispatched before: they open no session, or bring a runtime of their own.
        Command::Tui(_) | Command::Demo(_) | Command::Environments(_) | Command::History(_) => Ok(Exit::Done),
    }
}

/// The one database that a reading command is about.
fn named(command: &Command) -> Option<&DatabaseName> {
    match command {
        Command::List(arguments) => arguments.database.as_ref(),
        Command::Db(arguments) => match &arguments.command {
            DbCommand::Sync(one) | DbCommand::Status(one) => one.database.as_ref(),
        },
        _ => None,
    }
}

fn tui(places: &DeploymentArguments, write: bool, journal: Option<PathBuf>) -> Result<Exit, CliError> {
    let found = match deployment::find_or_choose(places)? {
        deployment::Meant::One(found) => found,
        deployment::Meant::AnyOf(environments) => {
            let settings = settings(places);
            let options =
                crate::tui::Options { write, environments, settings, journal, ..Default::default() };
            crate::tui::choose(options).map_err(|error| CliError::failed(error.to_string()))?;
            return Ok(Exit::Done);
        }
    };
    let Found { mut deployment, environments } = *found;
    if write {
        deployment.may_write().map_err(CliError::refused)?;
        deployment = deployment.with_policy(WritePolicy::FromStart);
    }
    let settings = settings(places);
    let options = crate::tui::Options { environments, settings, journal, ..Default::default() };
    screen(deployment, options, false)
}

/// Where the terminal UI keeps what lasts: queries in the profile file that is meant, the rest in the
/// user's directory of state.
fn settings(places: &DeploymentArguments) -> Places {
    let profiles = discover::profiles_path(&deployment::said(places), &discover::surroundings());
    Places::of(profiles.as_deref())
}

fn screen(deployment: Deployment, options: crate::tui::Options, headless: bool) -> Result<Exit, CliError> {
    let failed = |error: crate::tui::TuiError| CliError::failed(error.to_string());
    if headless {
        let mut out = output::Output::new();
        let text = crate::tui::headless(deployment, 120, 36).map_err(failed)?;
        text.lines().try_for_each(|line| out.line(line))?;
        out.flush()?;
    } else {
        crate::tui::run(deployment, options).map_err(failed)?;
    }
    Ok(Exit::Done)
}
