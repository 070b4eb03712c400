//! Keys in the list of fields.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::spec::edit::{Edit, NewValue};
use crate::spec::schema::{self, Kind};
use crate::spec::{Document, FieldPath};

use super::fields::{FieldRow, Role};
use super::leaving::Leaving;
use super::prompt::Prompt;
use super::{Editor, EditorOutcome, Message, asking, external};

/// Rows that PageUp and PageDown pass.
const PAGE: usize = 10;

impl Editor {
    pub(super) fn browse_key(&mut self, key: KeyEvent) -> EditorOutcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('s' | 'S') => return self.save(),
            KeyCode::Char('r') if control => self.redo(),
            KeyCode::Char(_) if control => {}
            KeyCode::Char('E') => return self.external(),
            KeyCode::Char('u') => self.undo(),
            KeyCode::Esc => return self.escape(),
            KeyCode::Char(']') => self.side_offset = self.side_offset.saturating_add(1),
            KeyCode::Char('[') => self.side_offset = self.side_offset.saturating_sub(1),
            // A malformed row has but its text.
            KeyCode::Enter if self.draft.document().is_err() => return self.external(),
            _ if self.draft.document().is_err() => {}
            KeyCode::Down | KeyCode::Char('j') => self.move_to(self.cursor.saturating_add(1)),
            KeyCode::Up | KeyCode::Char('k') => self.move_to(self.cursor.saturating_sub(1)),
            KeyCode::PageDown => self.move_to(self.cursor.saturating_add(PAGE)),
            KeyCode::PageUp => self.move_to(self.cursor.saturating_sub(PAGE)),
            KeyCode::Home | KeyCode::Char('g') => self.move_to(0),
            KeyCode::End | KeyCode::Char('G') => self.move_to(usize::MAX),
            KeyCode::Char('/') => self.filtering = true,
            KeyCode::Enter | KeyCode::Char('e') => self.change(),
            KeyCode::Char('x' | 'd') | KeyCode::Delete => self.clear(),
            KeyCode::Char('a') => self.add(),
            KeyCode::Char('r') => self.rename(),
            KeyCode::Char('J') => self.shift(1),
            KeyCode::Char('K') => self.shift(-1),
            KeyCode::Char('y') => {
                if let Some(row) = self.row() {
                    return EditorOutcome::Copy(row.path.to_string());
                }
            }
            _ => {}
        }
        EditorOutcome::Stay
    }

    /// The wheel: moves the cursor by so many rows, unless something lies over the list.
    pub fn scroll(&mut self, rows: i32) {
        if self.prompt.is_none() && self.leaving.is_none() {
            let target = (self.cursor as i64).saturating_add(i64::from(rows)).max(0);
            self.move_to(usize::try_from(target).unwrap_or(0));
        }
    }

    pub(super) fn browse_hints(&self) -> Vec<(&'static str, &'static str)> {
        let mut hints = Vec::new();
        if self.draft.document().is_err() {
            hints.push(("⏎", "raw text in $EDITOR"));
        } else {
            hints.extend(match self.row().map(|row| row.role) {
                Some(Role::Object) => vec![("a", "add field"), ("x", "clear")],
                Some(Role::List) => vec![("⏎", "change"), ("a", "add item"), ("x", "clear")],
                Some(Role::Item) => vec![("⏎", "change"), ("a", "add"), ("x", "delete"), ("J K", "move")],
                Some(Role::Map) => vec![("a", "add entry"), ("x", "clear")],
                Some(Role::Entry) => vec![("⏎", "change"), ("a", "add"), ("r", "rename"), ("x", "delete")],
                Some(Role::Field) => vec![("⏎", "change"), ("x", "clear"), ("a", "add field")],
                None => Vec::new(),
            });
            hints.extend([("/", "filter"), ("E", "raw")]);
        }
        if self.draft.can_undo() {
            hints.push(("u", "undo"));
        }
        if self.draft.can_redo() {
            hints.push(("^R", "redo"));
        }
        if self.is_modified() {
            hints.push(("s", "save"));
        }
        hints.push(("Esc", if self.filter.value().is_empty() { "leave" } else { "no filter" }));
        hints
    }

    pub(super) fn filter_key(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Esc => self.clear_filter(),
            KeyCode::Enter | KeyCode::Down => self.filtering = false,
            _ => {
                if self.filter.handle_event(&Event::Key(key)).is_some_and(|change| change.value) {
                    self.cursor = 0;
                    self.narrow();
                }
            }
        }
    }

    fn clear_filter(&mut self) {
        let path = self.row().map(|row| row.path.clone());
        self.filter = Input::default();
        self.filtering = false;
        self.narrow();
        if let Some(path) = path {
            self.go_to(&path);
        }
    }

    fn escape(&mut self) -> EditorOutcome {
        if !self.filter.value().is_empty() {
            self.clear_filter();
        } else if matches!(self.message, Some(Message::Refused(_))) && !self.is_modified() {
            self.message = None;
            return EditorOutcome::Close;
        } else if self.is_modified() {
            self.leaving = Some(Leaving::default());
        } else {
            return EditorOutcome::Close;
        }
        EditorOutcome::Stay
    }

    fn external(&mut self) -> EditorOutcome {
        let text = external::outgoing(self.draft.text());
        let error = Document::parse_str(&text).err().map(|error| external::malformed(&text, &error));
        self.hand_out(text, error)
    }

    fn move_to(&mut self, row: usize) {
        self.cursor = row.min(self.shown.len().saturating_sub(1));
    }

    fn undo(&mut self) {
        if self.draft.undo() {
            self.message = None;
            self.refresh();
        } else {
            self.note("Nothing to undo.");
        }
    }

    fn redo(&mut self) {
        if self.draft.redo() {
            self.message = None;
            self.refresh();
        } else {
            self.note("Nothing to redo.");
        }
    }

    /// The row under the cursor, unless its object cannot be edited: then the reason is shown.
    fn editable_row(&mut self) -> Option<FieldRow> {
        let row = self.row()?.clone();
        if let Some(reason) = &row.info.addable {
            self.message = Some(Message::Note(format!("{}: {reason}.", row.path)));
            return None;
        }
        Some(row)
    }

    fn change(&mut self) {
        let Some(row) = self.editable_row() else { return };
        if row.role == Role::Object {
            return self.note("Its fields stand below; a adds one, x clears the object.");
        }
        if row.role == Role::Map {
            return self.add();
        }
        let prompt = self.draft.document().ok().map(|document| asking::value(document, &row));
        if let Some(prompt) = prompt {
            self.ask(prompt);
        }
    }

    fn clear(&mut self) {
        let Some(row) = self.editable_row() else { return };
        self.edit(&[Edit::unset(row.path)]);
    }

    fn rename(&mut self) {
        let Some(row) = self.editable_row() else { return };
        match asking::rename(&row) {
            Some(prompt) => self.ask(prompt),
            None => self.note("Only entries of maps have a name of their own."),
        }
    }

    /// Adds beside the row: an item to its list, an entry to its map, a field to its object.
    fn add(&mut self) {
        let Some(row) = self.editable_row() else { return };
        let Some(prompt) = self.adding(&row) else {
            return self.note("Nothing can be added here.");
        };
        self.ask(prompt);
    }

    fn adding(&self, row: &FieldRow) -> Option<Prompt> {
        let document = self.draft.document().ok()?;
        let into_list = |path: &FieldPath, index: usize| {
            let info = schema::field_info(document, path)?;
            matches!(info.kind, Kind::List(_) | Kind::Set(_)).then(|| asking::item(path, index, &info))
        };
        let parent = row.path.parent().unwrap_or_default();
        match row.role {
            Role::List => into_list(&row.path, row.path.resolve(document).map_or(0, |list| list.len())),
            Role::Item => {
                let index: usize = row.path.last()?.parse().ok()?;
                into_list(&parent, index + 1)
            }
            Role::Map => Some(asking::key(document, &row.path)),
            Role::Entry => Some(asking::key(document, &parent)),
            Role::Object => asking::field(document, &row.path),
            Role::Field => asking::field(document, &parent),
        }
    }

    /// Moves an item up or down its list.
    fn shift(&mut self, by: i64) {
        let Some(row) = self.editable_row() else { return };
        let Some((edits, target)) = self.shifting(&row, by) else {
            return self.note("Only items of lists are moved, within their list.");
        };
        if self.edit(&edits) {
            self.go_to(&target);
        }
    }

    fn shifting(&self, row: &FieldRow, by: i64) -> Option<(Vec<Edit>, FieldPath)> {
        let document = self.draft.document().ok()?;
        if row.role != Role::Item {
            return None;
        }
        let list = row.path.parent()?;
        let from: usize = row.path.last()?.parse().ok()?;
        let to = usize::try_from(i64::try_from(from).ok()? + by).ok()?;
        let node = list.resolve(document)?;
        let value = NewValue::Json(node.at(from)?.raw().to_owned());
        node.at(to)?;
        let edits = vec![
            Edit::RemoveItem { path: list.clone(), index: from },
            Edit::InsertItem { path: list.clone(), index: to, value },
        ];
        Some((edits, list.join(to.to_string())))
    }
}
