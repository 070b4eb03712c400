//! The saved queries: run one, save the present one under a name, delete one.
//!
//! Imports `tui_input`; no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::effect::RequestId;
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
    /// The name and the text that take the place of another query if that is confirmed.
    pub replacing: Option<(String, String)>,
    /// Names the answer that brings what other sessions kept, while that is awaited.
    pub reading: Option<RequestId>,
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
    /// Save that text under that name, in the place of another one.
    Replace(String, String),
    /// Delete the one of that name.
    Delete(String),
    /// Nothing but a change of the list.
    Stay,
}

impl SavedQueries {
    /// Asks whether that text takes the place of the query of that name.
    pub fn replacing(name: &str, text: String, settings: &Settings) -> Self {
        let mut list = Self { replacing: Some((name.to_owned(), text)), ..Self::default() };
        list.choose(name, settings);
        list
    }

    /// Goes to the one of that name.
    pub fn choose(&mut self, name: &str, settings: &Settings) {
        self.chosen = settings.queries.iter().position(|(known, _)| known == name).unwrap_or(0);
    }

    /// They were read anew: the chosen one stays chosen.
    pub fn read_anew(&mut self, settings: &mut Settings, queries: Vec<(String, String)>) {
        let chosen = settings.queries.get(self.chosen).map(|(name, _)| name.clone());
        settings.queries = queries;
        let at = settings.queries.iter().position(|(known, _)| Some(known) == chosen.as_ref());
        self.deleting &= at.is_some();
        self.chosen = at.unwrap_or(self.chosen.min(settings.queries.len().saturating_sub(1)));
    }

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
        if let Some((name, text)) = self.replacing.take() {
            let confirmed = event.code == KeyCode::Char('y');
            return if confirmed { Wish::Replace(name, text) } else { Wish::Stay };
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
    fn a_query_takes_the_place_of_another_only_when_told() {
        let mut settings = Settings::default();
        settings.save("big", "az");
        settings.save("pinned", "az=az1");
        let asking = SavedQueries::replacing("pinned", "az=az2".to_owned(), &settings);
        assert_eq!(asking.chosen, 1);
        let replaced = Wish::Replace("pinned".to_owned(), "az=az2".to_owned());
        assert_eq!(press(&mut asking.clone(), "y", None), replaced);
        assert_eq!(press(&mut asking.clone(), "⏎", None), Wish::Stay);
        assert_eq!(press(&mut asking.clone(), "jy", None), Wish::Stay);
    }

    #[test]
    fn what_other_sessions_kept_keeps_the_chosen_one() {
        let (mut settings, mut list) = (Settings::default(), SavedQueries::default());
        settings.save("a", "az");
        settings.save("b", "bfv");
        (list.chosen, list.deleting) = (1, true);
        let pair = |name: &str| (name.to_owned(), "az".to_owned());
        list.read_anew(&mut settings, vec![pair("b"), pair("c")]);
        assert_eq!((list.chosen, list.deleting), (0, true));
        list.read_anew(&mut settings, vec![pair("c")]);
        assert_eq!((list.chosen, list.deleting), (0, false), "the other one is not deleted in its place");
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
