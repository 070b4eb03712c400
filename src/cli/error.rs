//! How a command ends: exit codes, and the errors behind them.

use std::io;
use std::process::ExitCode;

use crate::change::Refusal;
use crate::deployment::demo::DemoError;
use crate::deployment::discover::FindError;
use crate::store::StoreError;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A database cannot be used, a write failed.
    Error = 1,
    /// The command line cannot be meant.
    Usage = 2,
    /// No such spec.
    NotFound = 3,
    /// Someone else changed the spec, or another one is in the way.
    Conflict = 4,
    /// A rule or a missing confirmation forbids it.
    Refused = 5,
    /// Of many specs some were changed, others not.
    Partly = 6,
    /// The doctor found what `--fail-on` asks for.
    Findings = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Exit code and message.
    #[error("{1}")]
    Said(Exit, String),
    /// Exit code and message in lines.
    #[error("{}", .1.join("\n"))]
    Lines(Exit, Vec<String>),
    /// Nothing to do; exit code 0.
    #[error("{0}")]
    NothingToDo(String),
    /// Standard output cannot be written to. A broken pipe is no error: the reader has enough.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The command line cannot be meant.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Said(Exit::Usage, message.into())
    }

    /// A rule or a missing confirmation forbids it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Said(Exit::Refused, message.into())
    }

    /// No such spec.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::Said(Exit::NotFound, message.into())
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Said(Exit::Error, message.into())
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Said(exit, _) | Self::Lines(exit, _) => *exit,
            Self::NothingToDo(_) => Exit::Done,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Error,
        }
    }

    /// What is said, in lines.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Lines(_, lines) => lines.clone(),
            other => vec![other.to_string()],
        }
    }

    /// Whether there is nothing to say.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::NotFound { .. } => Exit::NotFound,
            StoreError::Conflict { .. } | StoreError::Exists { .. } | StoreError::Contended { .. } => {
                Exit::Conflict
            }
            StoreError::ReadOnly { .. } => Exit::Refused,
            _ => Exit::Error,
        };
        Self::Said(exit, error.to_string())
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        let exit = match &refusal {
            Refusal::NothingToDo(message) => return Self::NothingToDo(message.clone()),
            Refusal::Refused { forceable: true, reason } => {
                let hint = if reason.contains("--force") { "" } else { " (--force overrules this)" };
                return Self::refused(format!("{reason}{hint}"));
            }
            Refusal::Refused { .. } => Exit::Refused,
            Refusal::NotFound(_) => Exit::NotFound,
            Refusal::Conflict { .. } => Exit::Conflict,
            Refusal::Failed(_) => Exit::Error,
        };
        Self::Said(exit, refusal.to_string())
    }
}

impl From<FindError> for CliError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Nothing(lines) => Self::Lines(Exit::Usage, lines),
            FindError::Wrong(reason) => Self::usage(reason),
            FindError::Password(reason) => Self::failed(reason),
        }
    }
}

impl From<DemoError> for CliError {
    fn from(error: DemoError) -> Self {
        Self::failed(error.to_string())
    }
}
