//! The commands by name: type a few letters of one. Imports the command table; no I/O.

use tui_input::Input;

use super::command::{COMMANDS, Command};

/// The palette.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// The chosen match.
    pub chosen: usize,
}

impl Palette {
    /// The commands whose name has the typed letters in this order, the best first.
    pub fn matches(&self) -> Vec<&'static Command> {
        let typed = self.input.value().trim().to_lowercase();
        let mut scored: Vec<_> = COMMANDS
            .iter()
            .filter_map(|command| {
                let by_name = score(command.name, &typed);
                let by_title = score(command.title, &typed);
                by_name.into_iter().chain(by_title).min().map(|score| (score, command))
            })
            .collect();
        scored.sort_by_key(|(score, _)| *score);
        scored.into_iter().map(|(_, command)| command).collect()
    }

    /// The command that Enter runs.
    pub fn command(&self) -> Option<&'static Command> {
        self.matches().get(self.chosen).copied()
    }
}

/// How well `typed` fits, 0 best: a beginning, then the initials of its words, then a part, then
/// letters in this order, early and close together. None if it does not.
fn score(name: &str, typed: &str) -> Option<usize> {
    if let Some(at) = name.find(typed) {
        return Some(if at == 0 { 0 } else { 100 + at });
    }
    let initials: String = name.split(['-', ' ']).filter_map(|word| word.chars().next()).collect();
    if initials.starts_with(typed) {
        return Some(50);
    }
    let mut letters = name.char_indices();
    let (mut first, mut last) = (None, 0);
    for wanted in typed.chars() {
        let (at, _) = letters.find(|(_, letter)| *letter == wanted)?;
        first.get_or_insert(at);
        last = at;
    }
    Some(1_000 + first.unwrap_or(0) + (last - first.unwrap_or(0)) * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("mo", "move")]
    #[case("nc", "next-cell")]
    #[case("refr", "refresh")]
    #[case("qt", "quit")]
    fn a_few_letters_find_a_command(#[case] typed: &str, #[case] expected: &str) {
        let palette = Palette { input: Input::new(typed.to_owned()), chosen: 0 };
        assert_eq!(palette.command().map(|command| command.name), Some(expected));
    }

    #[test]
    fn nonsense_finds_nothing() {
        let palette = Palette { input: Input::new("zzz".to_owned()), chosen: 0 };
        assert!(palette.command().is_none());
    }
}
