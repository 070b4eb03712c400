//! The choice of columns: which fields a list shows, and in which order.
//!
//! The chosen ones stand on top, in their order; the rest of the table below. Imports `query` and
//! `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::field_list::{AUTOMATIC, Choice, matching};
use crate::query::fields::FIELDS;
use crate::query::{Field, parse_field};

/// The choice.
#[derive(Debug, Clone)]
pub struct ColumnChooser {
    /// All fields, the shown ones first.
    pub entries: Vec<Choice>,
    /// How many of them are shown.
    pub shown: usize,
    /// Whether that is the automatic choice: as many of them as fit.
    pub automatic: bool,
    /// Where the cursor is.
    pub cursor: usize,
    /// What is typed to find a field.
    pub finding: Option<Input>,
    /// Why what is typed is no field.
    pub error: Option<String>,
}

/// What a key meant to the choice.
#[derive(Debug, Clone, PartialEq)]
pub enum Chosen {
    /// Leave it.
    Leave,
    /// These columns; none: the automatic ones.
    Columns(Option<Vec<Field>>),
    /// Nothing but a change of the choice.
    Stay,
}

/// The automatic columns, as fields.
pub fn automatic() -> Vec<Field> {
    AUTOMATIC.iter().filter_map(|name| Field::named(name)).collect()
}

impl ColumnChooser {
    /// With those chosen; none: the automatic ones.
    pub fn new(columns: Option<&[Field]>) -> Self {
        let chosen = columns.map_or_else(automatic, <[Field]>::to_vec);
        Self {
            shown: chosen.len(),
            entries: matching("", &chosen),
            automatic: columns.is_none(),
            cursor: 0,
            finding: None,
            error: None,
        }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent, page: usize) -> Chosen {
        if self.finding.is_some() {
            self.find(event);
            return Chosen::Stay;
        }
        let last = self.entries.len().saturating_sub(1);
        match event.code {
            KeyCode::Esc | KeyCode::Char('q') => return Chosen::Leave,
            KeyCode::Enter => return Chosen::Columns(self.columns()),
            KeyCode::Down | KeyCode::Char('j') => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::PageDown => self.cursor = (self.cursor + page).min(last),
            KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.cursor = 0,
            KeyCode::End | KeyCode::Char('G') => self.cursor = last,
            KeyCode::Char(' ') => self.toggle(),
            KeyCode::Char('J') => self.carry(1),
            KeyCode::Char('K') => self.carry(-1),
            KeyCode::Char('a') => {
                let cursor = self.cursor;
                *self = Self { cursor, ..Self::new(None) };
            }
            KeyCode::Char('/') => self.finding = Some(Input::default()),
            _ => {}
        }
        Chosen::Stay
    }

    /// The columns; None where the automatic ones are chosen, or nothing is.
    pub fn columns(&self) -> Option<Vec<Field>> {
        let shown = self.entries.iter().take(self.shown).map(|choice| choice.field.clone());
        (!self.automatic && self.shown > 0).then(|| shown.collect())
    }

    fn toggle(&mut self) {
        let at = self.cursor;
        if at >= self.entries.len() {
            return;
        }
        self.automatic = false;
        let entry = self.entries.remove(at);
        if at < self.shown {
            self.shown -= 1;
            let place = self.place_of(&entry);
            self.entries.insert(place, entry);
        } else {
            self.entries.insert(self.shown, entry);
            self.shown += 1;
            // On to the next one: several are ticked in a row.
            self.cursor = (at + 1).min(self.entries.len() - 1);
        }
    }

    /// Where a field stands among those not shown: in the order of the table.
    fn place_of(&self, entry: &Choice) -> usize {
        let rank = |choice: &Choice| FIELDS.iter().position(|named| *named.name == *choice.field.name);
        let own = rank(entry).unwrap_or(usize::MAX);
        let rest = &self.entries[self.shown..];
        let after = rest.iter().position(|choice| rank(choice).unwrap_or(usize::MAX) > own);
        after.map_or(self.entries.len(), |at| self.shown + at)
    }

    fn carry(&mut self, by: isize) {
        let to = self.cursor.saturating_add_signed(by);
        if self.cursor < self.shown && to < self.shown && to != self.cursor {
            self.entries.swap(self.cursor, to);
            (self.cursor, self.automatic) = (to, false);
        }
    }

    fn find(&mut self, event: &KeyEvent) {
        let Some(input) = &mut self.finding else { return };
        match event.code {
            KeyCode::Esc => (self.finding, self.error) = (None, None),
            KeyCode::Enter => self.found(),
            KeyCode::Down => self.cursor = (self.cursor + 1).min(self.entries.len().saturating_sub(1)),
            KeyCode::Up => self.cursor = self.cursor.saturating_sub(1),
            _ => {
                input.handle_event(&Event::Key(*event));
                self.typed();
            }
        }
    }

    /// What is typed to find a field changed: to the best one.
    pub fn typed(&mut self) {
        self.error = None;
        let typed = self.finding.as_ref().map(|input| input.value().to_owned()).unwrap_or_default();
        if typed.trim().is_empty() {
            return;
        }
        let all: Vec<_> = self.entries.iter().map(|choice| choice.field.clone()).collect();
        if let Some(best) = matching(&typed, &all).first()
            && let Some(at) = self.entries.iter().position(|choice| choice.field == best.field)
        {
            self.cursor = at;
        }
    }

    /// Shows the field that was typed, or the one that was found by it.
    fn found(&mut self) {
        let typed = self.finding.as_ref().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        let at_cursor = self.entries.get(self.cursor).map(|choice| choice.field.clone());
        let all: Vec<_> = self.entries.iter().map(|choice| choice.field.clone()).collect();
        let fits = |field: &Field| matching(&typed, &all).iter().any(|choice| choice.field == *field);
        let field = match parse_field(&typed) {
            _ if typed.is_empty() => None,
            Ok(field) => Some(field),
            Err(_) if at_cursor.as_ref().is_some_and(fits) => at_cursor,
            Err(error) => {
                self.error = Some(error.to_string());
                return;
            }
        };
        self.finding = None;
        let Some(field) = field else { return };
        match self.entries.iter().position(|choice| choice.field == field) {
            Some(at) => self.cursor = at,
            None => {
                self.entries.push(Choice::of(field));
                self.cursor = self.entries.len() - 1;
            }
        }
        if self.cursor >= self.shown {
            self.toggle();
            self.cursor = self.shown - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn press(chooser: &mut ColumnChooser, keys: &str) -> Chosen {
        let mut chosen = Chosen::Stay;
        for character in keys.chars() {
            let code = match character {
                '⏎' => KeyCode::Enter,
                other => KeyCode::Char(other),
            };
            chosen = chooser.key(&KeyEvent::new(code, KeyModifiers::NONE), 10);
        }
        chosen
    }

    fn names(chosen: &Chosen) -> Vec<&str> {
        match chosen {
            Chosen::Columns(Some(fields)) => fields.iter().map(|field| &*field.name).collect(),
            _ => Vec::new(),
        }
    }

    fn two() -> ColumnChooser {
        let fields: Vec<_> = ["uuid", "az"].iter().filter_map(|name| Field::named(name)).collect();
        ColumnChooser::new(Some(&fields))
    }

    #[test]
    fn left_as_it_is_nothing_changes() {
        assert_eq!(press(&mut ColumnChooser::new(None), "⏎"), Chosen::Columns(None));
        assert_eq!(names(&press(&mut two(), "⏎")), ["uuid", "az"]);
        assert_eq!(press(&mut two(), "q"), Chosen::Leave);
    }

    #[test]
    fn space_takes_away_and_adds() {
        assert_eq!(names(&press(&mut two(), " ⏎")), ["az"]);
        // Below the two: db, flavor.
        assert_eq!(names(&press(&mut two(), "jj  ⏎")), ["uuid", "az", "db", "flavor"]);
        assert_eq!(press(&mut two(), "  ⏎"), Chosen::Columns(None), "none at all: the automatic ones");
        let mut chooser = two();
        press(&mut chooser, " ");
        assert_eq!(&*chooser.entries[1].field.name, "uuid", "back at its place in the table");
    }

    #[test]
    fn columns_are_carried_within_those_shown() {
        assert_eq!(names(&press(&mut two(), "J⏎")), ["az", "uuid"]);
        assert_eq!(names(&press(&mut two(), "JJJK⏎")), ["uuid", "az"]);
        assert_eq!(names(&press(&mut two(), "jjjK⏎")), ["uuid", "az"]);
    }

    #[test]
    fn what_is_typed_is_found_and_shown() {
        assert_eq!(names(&press(&mut two(), "/vcp⏎⏎")), ["uuid", "az", "vcpus"]);
        assert_eq!(
            names(&press(&mut two(), "/extra.hw:cpu_policy⏎⏎")),
            ["uuid", "az", "extra.hw:cpu_policy"]
        );
        assert_eq!(names(&press(&mut two(), "/az⏎⏎")), ["uuid", "az"], "shown already");
        let mut chooser = two();
        press(&mut chooser, "/zzz=⏎");
        assert!(chooser.error.is_some() && chooser.finding.is_some());
    }

    #[test]
    fn a_brings_the_automatic_ones_back() {
        assert_eq!(press(&mut two(), " a⏎"), Chosen::Columns(None));
    }
}
