//! The choice of an order: any field, either way.
//!
//! Imports `query` and `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::field_list::{Choice, matching};
use crate::query::fields::Kind;
use crate::query::{Field, Order};

/// The choice.
#[derive(Debug, Clone)]
pub struct SortPicker {
    /// What is typed: letters of a field, or a path.
    pub input: Input,
    /// Which of the matches is chosen.
    pub chosen: usize,
    /// Whether the other way than a field is sorted by itself.
    reversed: bool,
    /// The order of the list.
    pub current: Order,
    /// The columns of the list, which come first.
    columns: Vec<Field>,
}

/// What a key meant to the choice.
#[derive(Debug, Clone, PartialEq)]
pub enum Picked {
    /// Leave it.
    Leave,
    /// This order.
    Order(Order),
    /// Nothing but a change of the choice.
    Stay,
}

/// Whether a field is sorted with the greatest first where nothing is said: times are.
pub fn newest_first(field: &Field) -> bool {
    field.kind == Kind::Time
}

impl SortPicker {
    /// With the present order chosen.
    pub fn new(current: Order, columns: Vec<Field>) -> Self {
        let reversed = current.descending != newest_first(&current.field);
        let mut columns = columns;
        if !columns.contains(&current.field) {
            columns.insert(0, current.field.clone());
        }
        let mut picker = Self { input: Input::default(), chosen: 0, reversed, current, columns };
        let at = picker.matches().iter().position(|choice| choice.field == picker.current.field);
        picker.chosen = at.unwrap_or(0);
        picker
    }

    /// The fields that fit what is typed.
    pub fn matches(&self) -> Vec<Choice> {
        matching(self.input.value(), &self.columns)
    }

    /// Whether the greatest of that field come first, if it is chosen.
    pub fn descending(&self, field: &Field) -> bool {
        newest_first(field) != self.reversed
    }

    /// A key. Pasted text comes through [`SortPicker::typed`].
    pub fn key(&mut self, event: &KeyEvent, page: usize) -> Picked {
        let matches = self.matches();
        let last = matches.len().saturating_sub(1);
        match event.code {
            KeyCode::Esc => return Picked::Leave,
            KeyCode::Enter => {
                return matches.into_iter().nth(self.chosen).map_or(Picked::Stay, |choice| {
                    let descending = self.descending(&choice.field);
                    Picked::Order(Order::by(choice.field, descending))
                });
            }
            KeyCode::Down => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::PageDown => self.chosen = (self.chosen + page).min(last),
            KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(page),
            KeyCode::Tab | KeyCode::BackTab => self.reversed = !self.reversed,
            _ => {
                let before = self.input.value().to_owned();
                self.input.handle_event(&Event::Key(*event));
                if self.input.value() != before {
                    self.typed();
                }
            }
        }
        Picked::Stay
    }

    /// What is typed changed.
    pub fn typed(&mut self) {
        self.chosen = 0;
        self.reversed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn field(name: &str) -> Field {
        Field::named(name).expect("of the table")
    }

    fn press(picker: &mut SortPicker, keys: &[KeyCode]) -> Picked {
        let mut picked = Picked::Stay;
        for code in keys {
            picked = picker.key(&KeyEvent::new(*code, KeyModifiers::NONE), 10);
        }
        picked
    }

    #[test]
    fn enter_at_once_keeps_the_order() {
        for order in
            [Order::by(field("id"), false), Order::by(field("updated"), true), Order::by(field("az"), true)]
        {
            let mut picker = SortPicker::new(order.clone(), vec![field("uuid"), field("az")]);
            assert_eq!(press(&mut picker, &[KeyCode::Enter]), Picked::Order(order));
        }
    }

    #[test]
    fn letters_find_a_field_and_tab_turns_the_order_around() {
        let order = Order::by(field("id"), false);
        let mut picker = SortPicker::new(order, Vec::new());
        let keys = ['v', 'c'].map(KeyCode::Char);
        press(&mut picker, &keys);
        assert_eq!(
            press(&mut picker, &[KeyCode::Tab, KeyCode::Enter]),
            Picked::Order(Order::by(field("vcpus"), true))
        );
        let mut picker = SortPicker::new(Order::by(field("id"), false), Vec::new());
        press(&mut picker, &['c', 'r', 'e'].map(KeyCode::Char));
        let newest = Order::by(field("created"), true);
        assert_eq!(press(&mut picker, &[KeyCode::Enter]), Picked::Order(newest));
    }

    #[test]
    fn nothing_found_is_nothing_chosen() {
        let mut picker = SortPicker::new(Order::by(field("id"), false), Vec::new());
        press(&mut picker, &['(', ')'].map(KeyCode::Char));
        assert_eq!(press(&mut picker, &[KeyCode::Enter]), Picked::Stay);
        assert_eq!(press(&mut picker, &[KeyCode::Esc]), Picked::Leave);
    }
}
