//! What an operator keeps from one session to the next, as plain data: saved queries, the history
//! of queries, the columns of an environment.
//!
//! Imports nothing; no I/O.

/// Most queries that the history holds.
pub const HISTORY: usize = 200;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The saved queries: name and text, in the order of the profile file.
    pub queries: Vec<(String, String)>,
    /// What was asked before, the oldest first, each text once.
    pub history: Vec<String>,
    /// The names of the fields that the columns of this environment show; none: the automatic ones.
    pub columns: Vec<String>,
}

impl Settings {
    /// Keeps a query under a name. True if there was another one of that name.
    pub fn save(&mut self, name: &str, text: &str) -> bool {
        match self.queries.iter_mut().find(|(known, _)| known == name) {
            Some((_, kept)) => {
                text.clone_into(kept);
                true
            }
            None => {
                self.queries.push((name.to_owned(), text.to_owned()));
                false
            }
        }
    }

    /// The saved query of that name.
    pub fn saved(&self, name: &str) -> Option<&str> {
        self.queries.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Forgets the saved query of that name.
    pub fn delete(&mut self, name: &str) {
        self.queries.retain(|(known, _)| known != name);
    }

    /// Puts a text at the end of the history. False where it is there already, or says nothing.
    pub fn remember(&mut self, text: &str) -> bool {
        let text = text.trim();
        if text.is_empty() || self.history.last().is_some_and(|last| last == text) {
            return false;
        }
        self.history.retain(|known| known != text);
        self.history.push(text.to_owned());
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
        true
    }
}

/// Why that cannot be the name of a saved query.
///
/// # Errors
/// The reason, a sentence.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
    match name {
        "" => Err("a name is missing".to_owned()),
        long if long.chars().count() > 40 => Err("a name has at most 40 characters".to_owned()),
        good if good.chars().all(fits) => Ok(()),
        _ => Err("a name is made of letters, digits, - _ and .".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_has_each_text_once_and_an_end() {
        let mut settings = Settings::default();
        for number in 0..HISTORY + 5 {
            assert!(settings.remember(&format!("id={number}")));
        }
        assert_eq!((settings.history.len(), &*settings.history[0]), (HISTORY, "id=5"));
        assert!(settings.remember("id=7 "));
        assert!(!settings.remember("id=7"), "the last one again");
        assert!(!settings.remember("  "));
        assert_eq!(settings.history.iter().filter(|text| *text == "id=7").count(), 1);
    }

    #[test]
    fn saving_under_a_known_name_replaces() {
        let mut settings = Settings::default();
        assert!(!settings.save("pinned", "az"));
        assert!(settings.save("pinned", "az=az1"));
        assert_eq!(settings.saved("pinned"), Some("az=az1"));
        settings.delete("pinned");
        assert_eq!(settings.queries, []);
    }

    #[rstest::rstest]
    #[case("pinned", true)]
    #[case("az1-big_2.x", true)]
    #[case("größe", true)]
    #[case("", false)]
    #[case("two words", false)]
    #[case("a\"b", false)]
    fn names_are_checked(#[case] name: &str, #[case] good: bool) {
        assert_eq!(check_name(name).is_ok(), good);
    }
}
