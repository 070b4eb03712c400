//! The command line: the same operations as the terminal UI, for scripts.
//!
//! - `args`: the options.  `error`: exit codes.  `output`: text and JSON.  `log`: the log file.
//! - `sessions`: read-only sessions, and finding a spec in them.
//! - `changing`, `plan_text`: prepare, confirm, apply, report.
//! - One file per command: `list`, `show`, `create`, `edit` (`edit_external`), `moving`
//!   (`move_scheduled`), `copy`, `delete`, `db`.
//!
//! May import everything; nobody imports it.

mod args;
mod changing;
mod copy;
mod create;
mod db;
mod delete;
mod edit;
mod edit_external;
mod error;
mod list;
mod log;
mod move_scheduled;
mod moving;
mod output;
mod plan_text;
mod sessions;
mod show;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::deployment::{self, CellArgument, Deployment, WritePolicy};
use crate::store::SpecHome;

use args::{Arguments, Command, DeploymentArguments, HomeArgument};
use error::{CliError, Exit};
use sessions::Sessions;

/// Runs the command line given (the program's name first) and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match Arguments::command().try_get_matches_from(cells_first(arguments)) {
        Ok(matches) => matches,
        Err(error) => {
            // --help and --version come this way too; clap's exit code for usage errors is 2.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let parsed = match Arguments::from_arg_matches(&matches) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
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
                output::say(&format!("reqspec: {error}"));
            }
            error.exit().into()
        }
    }
}

/// The same arguments with every `--cell` before the command. clap keeps the values of a global
/// option from one level only: of cells given before and after the command, some would be lost.
fn cells_first(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut first: Vec<OsString> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument);
            rest.extend(arguments);
            break;
        }
        match argument.to_str() {
            Some("--cell") => {
                first.push(argument);
                first.extend(arguments.next());
            }
            Some(text) if text.starts_with("--cell=") => first.push(argument),
            _ => rest.push(argument),
        }
    }
    first.append(&mut rest);
    first
}

fn dispatch(arguments: Arguments, matches: &ArgMatches) -> Result<Exit, CliError> {
    if arguments.tui.write && !matches!(arguments.command, None | Some(Command::Tui(_))) {
        return Err(CliError::usage("--write is the terminal UI's; commands ask before they write"));
    }
    let places = arguments.deployment;
    match arguments.command {
        None => tui(&places, arguments.tui.write),
        Some(Command::Tui(tui_arguments)) => tui(&places, arguments.tui.write || tui_arguments.write),
        Some(Command::Demo(demo)) => {
            if places.api.is_some() || !places.cells.is_empty() || places.spec_home.is_some() {
                return Err(CliError::usage(
                    "the demo brings its own databases: leave out --api, --cell and --spec-home",
                ));
            }
            let deployment = deployment::demo::open(demo.reset)?;
            let deployment = if places.read_only { read_only(deployment) } else { deployment };
            screen(deployment, demo.headless)
        }
        Some(command) => {
            let deployment = deployment(&places)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(command_line(&deployment, command, matches))
        }
    }
}

async fn command_line(
    deployment: &Deployment,
    command: Command,
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    let mut sessions = Sessions::new(deployment);
    match command {
        Command::List(arguments) => list::run(&mut sessions, &arguments).await,
        Command::Show(arguments) => show::run(&mut sessions, &arguments).await,
        Command::Create(arguments) => create::run(&mut sessions, arguments).await,
        Command::Edit(arguments) => {
            let own = matches.subcommand_matches("edit").unwrap_or(matches);
            edit::run(&mut sessions, arguments, own).await
        }
        Command::Move(arguments) => moving::run(&mut sessions, arguments).await,
        Command::Copy(arguments) => copy::run(&mut sessions, arguments).await,
        Command::Delete(arguments) => delete::run(&mut sessions, arguments).await,
        Command::Db(arguments) => db::run(&sessions, &arguments).await,
        // Dispatched before: they bring a runtime of their own.
        Command::Tui(_) | Command::Demo(_) => Ok(Exit::Done),
    }
}

/// The deployment that the options describe.
fn deployment(arguments: &DeploymentArguments) -> Result<Deployment, CliError> {
    let Some(api) = &arguments.api else {
        let message = "say where the API database is: --api URL, and --cell NAME=URL for each cell \
                       (`reqspec demo` shows a sample deployment)";
        return Err(CliError::usage(message));
    };
    let api = deployment::url::parse(api).map_err(|error| CliError::usage(format!("--api: {error}")))?;
    let cells = arguments.cells.iter().map(|cell| cell.parse()).collect::<Result<Vec<CellArgument>, _>>();
    let deployment = cells.and_then(|cells| Deployment::new(api, cells));
    let mut deployment = deployment.map_err(|error| CliError::usage(format!("--cell: {error}")))?;
    if let Some(name) = &arguments.env_name {
        deployment = deployment.with_environment(name);
    }
    if let Some(home) = arguments.spec_home {
        deployment = deployment.with_spec_home(match home {
            HomeArgument::Api => SpecHome::Api,
            HomeArgument::Cells => SpecHome::Cells,
        });
    }
    Ok(if arguments.read_only { read_only(deployment) } else { deployment })
}

fn read_only(deployment: Deployment) -> Deployment {
    deployment.with_policy(WritePolicy::Never("--read-only was given; nothing was written".to_owned()))
}

fn tui(places: &DeploymentArguments, write: bool) -> Result<Exit, CliError> {
    let mut deployment = deployment(places)?;
    if write {
        deployment = deployment.with_policy(WritePolicy::FromStart);
    }
    screen(deployment, false)
}

fn screen(deployment: Deployment, headless: bool) -> Result<Exit, CliError> {
    let failed = |error: crate::tui::TuiError| CliError::failed(error.to_string());
    if headless {
        let mut out = output::Output::new();
        let text = crate::tui::headless(deployment, 120, 36).map_err(failed)?;
        text.lines().try_for_each(|line| out.line(line))?;
        out.flush()?;
    } else {
        crate::tui::run(deployment, crate::tui::Options::default()).map_err(failed)?;
    }
    Ok(Exit::Done)
}
