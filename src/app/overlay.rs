//! What lies over the screen and takes the keys: dialogs, prompts, help, palette.
//!
//! In every dialog the first button is the one that changes nothing; it is preselected and Esc
//! chooses it. Imports its siblings and `change`; no I/O.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use super::bulk::confirm::BulkConfirm;
use super::bulk::destination::DestinationPicker;
use super::bulk::edits::EditLines;
use super::bulk::repairs::RepairPicker;
use super::bulk::report::Report;
use super::bulk::work::Work;
use super::columns::ColumnChooser;
use super::confirm::Confirm;
use super::conflict::Conflict;
use super::databases::Databases;
use super::doctor::Doctor;
use super::environment::EnvironmentPicker;
use super::exporting::ExportPrompt;
use super::facets::Facets;
use super::history::History;
use super::palette::Palette;
use super::recovery::Recovery;
use super::saved::SavedQueries;
use super::sorting::SortPicker;
use crate::change::{DatabaseName, Whom};

/// What a line of a dialog means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// Less important.
    Muted,
    /// A heading.
    Title,
    /// Done, equal.
    Good,
    /// Worth attention.
    Warn,
    /// Dangerous, broken.
    Danger,
    /// What a difference adds.
    Added,
    /// What a difference removes.
    Removed,
}

/// A line of a dialog; the view wraps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it means.
    pub tone: Tone,
    /// The text, safe for a terminal.
    pub text: String,
}

impl Line {
    /// A line.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// The buttons of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buttons {
    /// Their words; the first changes nothing.
    pub labels: Vec<String>,
    /// The chosen one.
    pub chosen: usize,
}

/// What a key meant to the buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// This one was pressed.
    Button(usize),
    /// Another is chosen now.
    Moved,
    /// Nothing.
    Ignored,
}

impl Buttons {
    /// Buttons of these words, the first chosen.
    pub fn new<const N: usize>(labels: [&str; N]) -> Self {
        Self { labels: labels.map(str::to_owned).to_vec(), chosen: 0 }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Pressed {
        let count = self.labels.len();
        match event.code {
            KeyCode::Enter => return Pressed::Button(self.chosen),
            KeyCode::Esc => return Pressed::Button(0),
            KeyCode::Right | KeyCode::Tab => self.chosen = (self.chosen + 1) % count,
            KeyCode::Left | KeyCode::BackTab => self.chosen = (self.chosen + count - 1) % count,
            _ => return Pressed::Ignored,
        }
        Pressed::Moved
    }
}

/// What a question is about: what its second button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing: it only tells.
    Tell,
    /// Override a refusal.
    Force,
    /// Open for writing.
    OpenForWriting,
    /// Quit although the editor holds unsaved changes.
    Quit,
    /// Open the external editor again on the refused text.
    EditAgain,
    /// Do what was confirmed again: others were in the way.
    TryAgain,
}

/// A dialog with a text and buttons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub purpose: Purpose,
    /// Its title.
    pub title: String,
    /// Its text.
    pub lines: Vec<Line>,
    /// Its buttons.
    pub buttons: Buttons,
}

/// What a picked database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Move the selected spec there.
    Move,
    /// Copy the selected spec there.
    Copy,
}

/// A choice of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// What for.
    pub transfer: Transfer,
    /// The choices, the likeliest first.
    pub choices: Vec<DatabaseName>,
    /// The chosen one.
    pub chosen: usize,
}

/// A prompt for the path of a file to create a spec from.
#[derive(Debug, Clone)]
pub struct PathPrompt {
    /// Where the spec goes.
    pub database: DatabaseName,
    /// What is typed.
    pub input: Input,
    /// Why the last one did not do.
    pub error: Option<String>,
}

/// What lies over the screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The help.
    Help {
        /// First line shown.
        scroll: usize,
    },
    /// The commands by name.
    Palette(Palette),
    /// The confirm step.
    Confirm(Box<Confirm>),
    /// A spec was changed by someone else.
    Conflict(Box<Conflict>),
    /// A question or a message.
    Question(Question),
    /// A choice of a database.
    Picker(Picker),
    /// A prompt for a path.
    Path(PathPrompt),
    /// All databases.
    Databases(Databases),
    /// A choice of an environment.
    Environments(EnvironmentPicker),
    /// A choice of an order.
    Sort(Box<SortPicker>),
    /// A choice of columns.
    Columns(Box<ColumnChooser>),
    /// Counts of values.
    Facets(Box<Facets>),
    /// The saved queries.
    Saved(SavedQueries),
    /// The prompt that writes the list to a file.
    Export(Box<ExportPrompt>),
    /// The edits for many specs.
    BulkEdit {
        /// The lines.
        lines: Box<EditLines>,
        /// For whom.
        whom: Whom,
    },
    /// A choice of a repair.
    Repairs {
        /// The choice.
        picker: Box<RepairPicker>,
        /// For whom.
        whom: Whom,
    },
    /// A choice of where many specs are moved.
    Destination {
        /// The choice.
        picker: DestinationPicker,
        /// For whom.
        whom: Whom,
    },
    /// Work on many specs that is under way.
    Work(Box<Work>),
    /// The confirm step of a change of many specs.
    BulkConfirm(Box<BulkConfirm>),
    /// What became of it.
    Report(Box<Report>),
    /// Findings over all databases.
    Doctor(Box<Doctor>),
    /// The changes that were made.
    History(Box<History>),
    /// Changes that were interrupted.
    Recovery(Box<Recovery>),
    /// Something is under way that must not be disturbed; what.
    Working(String),
}
