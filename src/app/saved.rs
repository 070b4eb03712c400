//! The saved queries: run one, save the present one under a name, delete one.
//!
//! Imports `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::settings::{Settings, check_name};

/// The list.
#[derive(Debug, Clone, Default)]
pub struct SavedQueries {
    /// The chosen one.
    pub chosen: usize,
    /// The name that is typed for the present query.
    pub naming: Option<Input>,
    /// Whether the chosen one is deleted if that is confirmed.
    pub deleting: bool,
    /// Why the name does not do.
    pub error: Option<String>,
}

/// What a key meant to the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Leave it.
    Leave,
    /// Run that text.
    Run(String),
    /// Save the present query under that name.
    Save(String),
    /// Delete the one of that name.
    Delete(String),
    /// Nothing but a change of the list.
    Stay,
}

impl SavedQueries {
    /// A key; `present` is the query that is set, if one is.
    pub fn key(&mut self, event: &KeyEvent, settings: &Settings, present: Option<&str>) -> Wish {
        if let Some(input) = &mut self.naming {
            return match event.code {
                KeyCode::Esc => {
                    (self.naming, self.error) = (None, None);
                    Wish::Stay
                }
                KeyCode::Enter => self.named(),
                _ => {
                    input.handle_event(&Event::Key(*event));
                    self.error = None;
                    Wish::Stay
                }
            };
        }
        let last = settings.queries.len().saturating_sub(1);
        let chosen = settings.queries.get(self.chosen);
        if std::mem::take(&mut self.deleting) {
            let confirmed = matches!(event.code, KeyCode::Char('y' | 'D'));
            return match chosen.filter(|_| confirmed) {
                Some((name, _)) => Wish::Delete(name.clone()),
                None => Wish::Stay,
            };
        }
        match event.code {
            KeyCode::Esc | KeyCode::Char('q' | 'Q') => return Wish::Leave,
            KeyCode::Enter => return chosen.map_or(Wish::Stay, |(_, text)| Wish::Run(text.clone())),
            KeyCode::Down | KeyCode::Char('j') => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Home | KeyCode::Char('g') => self.chosen = 0,
            KeyCode::End | KeyCode::Char('G') => self.chosen = last,
            KeyCode::Char('s') if present.is_some() => self.naming = Some(Input::default()),
            KeyCode::Char('s') => self.error = Some("no query is set: / begins one".to_owned()),
            KeyCode::Char('D') | KeyCode::Delete => self.deleting = chosen.is_some(),
            _ => self.error = None,
        }
        Wish::Stay
    }

    fn named(&mut self) -> Wish {
        let name = self.naming.as_ref().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        match check_name(&name) {
            Ok(()) => {
                self.naming = None;
                Wish::Save(name)
            }
            Err(reason) => {
                self.error = Some(reason);
                Wish::Stay
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn press(list: &mut SavedQueries, keys: &str, present: Option<&str>) -> Wish {
        let mut settings = Settings::default();
        settings.save("pinned", "az=az1");
        settings.save("big", "vcpus>=32");
        let mut wish = Wish::Stay;
        for character in keys.chars() {
            let code = if character == '⏎' { KeyCode::Enter } else { KeyCode::Char(character) };
            wish = list.key(&KeyEvent::new(code, KeyModifiers::NONE), &settings, present);
        }
        wish
    }

    #[rstest::rstest]
    #[case("⏎", Wish::Run("az=az1".to_owned()))]
    #[case("jjj⏎", Wish::Run("vcpus>=32".to_owned()))]
    #[case("DD", Wish::Delete("pinned".to_owned()))]
    #[case("jDy", Wish::Delete("big".to_owned()))]
    #[case("Dj", Wish::Stay)]
    #[case("sbest⏎", Wish::Save("best".to_owned()))]
    #[case("stwo words⏎", Wish::Stay)]
    #[case("q", Wish::Leave)]
    fn keys_of_the_list(#[case] keys: &str, #[case] expected: Wish) {
        assert_eq!(press(&mut SavedQueries::default(), keys, Some("az")), expected);
    }

    #[test]
    fn without_a_query_there_is_nothing_to_save() {
        let mut list = SavedQueries::default();
        assert_eq!(press(&mut list, "s", None), Wish::Stay);
        assert!(list.naming.is_none() && list.error.is_some());
    }

    #[test]
    fn another_key_than_the_confirmation_deletes_nothing() {
        let mut list = SavedQueries::default();
        press(&mut list, "D", None);
        assert!(list.deleting);
        assert_eq!(press(&mut list, "⏎", None), Wish::Stay);
        assert!(!list.deleting);
    }
}
