//! The prompt that writes the listed rows to a file: the format by a choice, the path typed.
//!
//! Imports `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::effect::RequestId;
use super::words::grouped;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object for each row, with all there is.
    #[default]
    JsonLines,
    /// The columns, separated by commas, with a line of heads.
    Csv,
    /// The columns, one below the other, for reading.
    Table,
    /// The instances' uuids alone.
    Uuids,
}

impl Format {
    /// All, in the order of the choice.
    pub const ALL: [Format; 4] = [Format::JsonLines, Format::Csv, Format::Table, Format::Uuids];

    /// What it is called, in the prompt and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Table => "table",
            Format::Uuids => "uuids",
        }
    }

    /// What it holds, in a few words.
    pub fn help(self) -> &'static str {
        match self {
            Format::JsonLines => "one JSON object per row, the stored text included",
            Format::Csv => "the columns of the list, for a spreadsheet",
            Format::Table => "the columns of the list, for reading",
            Format::Uuids => "the instances' uuids, one per line",
        }
    }

    /// The ending of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Table | Format::Uuids => "txt",
        }
    }

    /// The one that a file of that name is in by its ending.
    pub fn of_path(path: &str) -> Option<Format> {
        let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
        match ending.as_str() {
            "jsonl" | "json" | "ndjson" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            "txt" => Some(Format::Table),
            "uuids" | "ids" => Some(Format::Uuids),
            _ => None,
        }
    }
}

/// The prompt.
#[derive(Debug, Clone)]
pub struct ExportPrompt {
    /// The chosen format.
    pub format: Format,
    /// The path.
    pub input: Input,
    /// Whether the path was typed: then its ending is left alone.
    typed: bool,
    /// Why the last one did not do.
    pub error: Option<String>,
}

/// What a key meant to the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// Leave it.
    Leave,
    /// Write the file; whether one of that name is replaced.
    Write {
        /// Replace a file of that name.
        replace: bool,
    },
    /// Nothing but a change of the prompt.
    Stay,
}

impl ExportPrompt {
    /// For a file of that name without its ending.
    pub fn new(stem: &str) -> Self {
        let format = Format::default();
        let path = format!("~/{stem}.{}", format.ending());
        Self { format, input: Input::new(path), typed: false, error: None }
    }

    /// With a path that was given.
    pub fn of_path(path: &str) -> Self {
        let format = Format::of_path(path).unwrap_or_default();
        Self { format, input: Input::new(path.to_owned()), typed: true, error: None }
    }

    /// The path.
    pub fn path(&self) -> &str {
        self.input.value().trim()
    }

    /// Whether what is wrong is only that a file of that name is there.
    pub fn is_in_the_way(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.contains(" already"))
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Pressed {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Esc => return Pressed::Leave,
            KeyCode::Enter if self.path().is_empty() || self.path().ends_with('/') => {
                self.error = Some("the path of a file is missing".to_owned());
            }
            KeyCode::Enter => return Pressed::Write { replace: false },
            KeyCode::Char('o') if control && !self.path().is_empty() => {
                return Pressed::Write { replace: true };
            }
            KeyCode::Tab | KeyCode::Down => self.turn(1),
            KeyCode::BackTab | KeyCode::Up => self.turn(Format::ALL.len() - 1),
            _ => {
                let before = self.input.value().to_owned();
                self.input.handle_event(&Event::Key(*event));
                self.changed(&before);
            }
        }
        Pressed::Stay
    }

    /// Something was typed or pasted.
    pub fn changed(&mut self, before: &str) {
        if self.input.value() == before {
            return;
        }
        self.typed = true;
        self.error = None;
        if let Some(format) =
            Format::of_path(self.path()).filter(|format| format.ending() != self.format.ending())
        {
            self.format = format;
        }
    }

    fn turn(&mut self, steps: usize) {
        let at = Format::ALL.iter().position(|format| *format == self.format).unwrap_or(0);
        let ending = self.format.ending();
        self.format = Format::ALL[(at + steps) % Format::ALL.len()];
        // An ending that says another format than the chosen one would mislead.
        let stem = self.input.value().strip_suffix(ending).filter(|stem| stem.ends_with('.'));
        if let Some(stem) = stem.filter(|_| !self.typed || Format::of_path(self.path()).is_some()) {
            self.input = Input::new(format!("{stem}{}", self.format.ending()));
        }
    }
}

/// A file that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporting {
    /// Names the answer.
    pub request: RequestId,
    /// Its path, as typed.
    pub path: String,
    /// How.
    pub format: Format,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Its rows.
    pub rows: u64,
    /// Rows that may belong to it and are not in it: it is not known whether the query is true of them.
    pub undecided: u64,
    /// What could not be asked, the first of the sentences.
    pub remark: Option<String>,
}

impl Written {
    /// What the file lacks, in a sentence; None where it is whole.
    pub fn lack(&self) -> Option<String> {
        let lack = match self.undecided {
            0 => "some values in it are not known".to_owned(),
            1 => "1 row is undecided and not in it".to_owned(),
            rows => format!("{} rows are undecided and not in it", grouped(rows)),
        };
        match &self.remark {
            Some(remark) => Some(format!("{lack}: {remark}")),
            None => (self.undecided > 0).then_some(lack),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(prompt: &mut ExportPrompt, code: KeyCode) -> Pressed {
        prompt.key(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn the_ending_follows_the_format() {
        let mut prompt = ExportPrompt::new("hits");
        assert_eq!(prompt.path(), "~/hits.jsonl");
        press(&mut prompt, KeyCode::Tab);
        assert_eq!((prompt.path(), prompt.format), ("~/hits.csv", Format::Csv));
        press(&mut prompt, KeyCode::BackTab);
        press(&mut prompt, KeyCode::BackTab);
        assert_eq!((prompt.path(), prompt.format), ("~/hits.txt", Format::Uuids));
    }

    #[test]
    fn the_format_follows_a_typed_ending() {
        let mut prompt = ExportPrompt::of_path("hits/a.cs");
        assert_eq!(prompt.format, Format::JsonLines);
        press(&mut prompt, KeyCode::Char('v'));
        assert_eq!(prompt.format, Format::Csv);
        assert_eq!(press(&mut prompt, KeyCode::Enter), Pressed::Write { replace: false });
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        let mut prompt = ExportPrompt::of_path("hits/");
        assert_eq!(press(&mut prompt, KeyCode::Enter), Pressed::Stay);
        assert!(prompt.error.is_some());
        press(&mut prompt, KeyCode::Char('x'));
        assert!(prompt.error.is_none());
    }

    #[test]
    fn a_text_file_keeps_the_chosen_format() {
        let mut prompt = ExportPrompt::new("hits");
        press(&mut prompt, KeyCode::Up);
        press(&mut prompt, KeyCode::Char('t'));
        press(&mut prompt, KeyCode::Backspace);
        assert_eq!(prompt.format, Format::Uuids);
    }
}
