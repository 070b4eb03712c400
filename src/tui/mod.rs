//! The terminal UI in the world: terminal guard, event loop, effect executor, views.
//!
//! - [`terminal`]: raw mode and back, whatever happens.  `event_loop`: input, answers, frames.
//! - [`executor`]: carries out effects against a deployment.
//! - [`stage`]: the whole app without a terminal.
//! - [`view`]: the pictures.  [`theme`]: meanings to styles.  [`svg`]: a picture as a file.
//!
//! May import everything; `cli` and `main` import it.

mod event_loop;
pub mod executor;
pub mod stage;
pub mod svg;
pub mod terminal;
pub mod theme;
pub mod view;

use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use ratatui::buffer::Buffer;
use tokio::runtime::Runtime;

use crate::app::Setup;
use crate::app::environment::{Colour, Environment};
use crate::app::settings::Settings;
use crate::deployment::settings::Places;
use crate::deployment::{self, Deployment, Environments};
use event_loop::End;
use stage::Stage;

/// How the terminal UI starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Opened for writing from the start; so is a deployment whose policy says so.
    pub write: bool,
    /// Never opened for writing, and why.
    pub read_only: Option<String>,
    /// The environments that can be switched to; they hold to the command line's `--read-only`.
    pub environments: Environments,
    /// Where saved queries, the history and chosen columns are kept; nowhere by default.
    pub settings: Places,
    /// The file of the journal, without which nothing is written.
    pub journal: Option<PathBuf>,
}

/// Why the terminal UI ended other than by being quit.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal, or it failed.
    #[error("terminal: {0}")]
    Terminal(#[from] io::Error),
    /// A defect: the message was printed by the panic hook.
    #[error("ended by a defect in reqspec; the message stands above")]
    Panicked,
}

/// Opens the terminal UI and returns when it is quit.
///
/// # Errors
/// [`TuiError`]; the terminal is restored in any case.
pub fn run(deployment: Deployment, options: Options) -> Result<(), TuiError> {
    sessions(Some(deployment), options)
}

/// The same, the environment being chosen first.
///
/// # Errors
/// [`TuiError`]; the terminal is restored in any case.
pub fn choose(options: Options) -> Result<(), TuiError> {
    sessions(None, options)
}

/// One session after the other, until one is quit.
fn sessions(mut deployment: Option<Deployment>, mut options: Options) -> Result<(), TuiError> {
    let mut guard = None;
    loop {
        let runtime = runtime()?;
        let chosen_first = deployment.is_none();
        let end = runtime.block_on(event_loop::run(deployment, &options, &mut guard));
        // Requests that are still under way are not waited for.
        runtime.shutdown_background();
        match end? {
            End::Quit => return Ok(()),
            End::Switch(next) => {
                deployment = Some(*next);
                // What was asked for was meant for the environment that one began with.
                options.write &= chosen_first;
            }
        }
    }
}

/// The first complete screen as text, without a terminal: lines joined by line ends, spaces at
/// their ends left out.
///
/// # Errors
/// No runtime could be made.
pub fn headless(deployment: Deployment, width: u16, height: u16) -> Result<String, TuiError> {
    let stage = Stage::open(deployment, (width, height), now())?;
    Ok(text(&stage.screen()?))
}

/// The lines of a screen.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// What a model begins with.
fn setup(deployment: Option<&Deployment>, options: &Options, size: (u16, u16)) -> Setup {
    let environments: Vec<_> = options.environments.list().into_iter().map(environment).collect();
    let name = deployment.map(Deployment::environment).unwrap_or_default();
    let listed = environments.iter().find(|environment| environment.name == name);
    let stated = deployment.and_then(Deployment::colour).map(colour);
    let mut notices = deployment.map(Deployment::notices).unwrap_or_default();
    let settings = kept(options, name, &mut notices);
    Setup {
        environment: name.to_owned(),
        colour: stated.or(listed.and_then(|environment| environment.colour)),
        environments,
        notices,
        databases: deployment.map(executor::databases::places).unwrap_or_default(),
        settings,
        writing: options.write || deployment.is_some_and(Deployment::starts_writable),
        read_only: options.read_only.clone().or_else(|| deployment?.may_write().err()),
        size,
        now: now(),
    }
}

/// What was kept by earlier sessions, for that environment.
fn kept(options: &Options, environment: &str, notices: &mut Vec<String>) -> Settings {
    let kept = deployment::settings::Settings::load(&options.settings);
    notices.extend(kept.notices.iter().cloned());
    let columns = kept.columns_of(environment).to_vec();
    Settings { queries: kept.queries, history: kept.history, columns }
}

fn environment(listed: deployment::Environment) -> Environment {
    let deployment::Environment { name, place, colour: stated, read_only, .. } = listed;
    Environment { name, place, colour: stated.map(colour), read_only }
}

fn colour(stated: deployment::Colour) -> Colour {
    match stated {
        deployment::Colour::Red => Colour::Red,
        deployment::Colour::Yellow => Colour::Yellow,
        deployment::Colour::Green => Colour::Green,
        deployment::Colour::Cyan => Colour::Cyan,
        deployment::Colour::Blue => Colour::Blue,
        deployment::Colour::Magenta => Colour::Magenta,
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
