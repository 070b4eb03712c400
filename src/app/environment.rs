//! The environments to choose from, the colour of their banner, and the picker.
//!
//! Imports `tui_input`; no I/O.

use tui_input::Input;

use super::effect::RequestId;

/// The colour of an environment's banner. What it means is the operators' own convention; the
/// name stands in the banner too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// `red`
    Red,
    /// `yellow`
    Yellow,
    /// `green`
    Green,
    /// `cyan`
    Cyan,
    /// `blue`
    Blue,
    /// `magenta`
    Magenta,
}

/// An environment that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Where its databases are found: a path of a nova.conf, a masked URL.
    pub place: String,
    /// The colour of its banner.
    pub colour: Option<Colour>,
    /// Whether it is never opened for writing.
    pub read_only: bool,
}

/// The choice of an environment.
#[derive(Debug, Clone)]
pub struct EnvironmentPicker {
    /// What is typed: parts of a name or a place.
    pub input: Input,
    /// Which of the matches is chosen.
    pub chosen: usize,
    /// The one that is being opened.
    pub opening: Option<(RequestId, String)>,
    /// Why the last one could not be opened.
    pub error: Option<String>,
}

impl EnvironmentPicker {
    /// With that one chosen.
    pub fn new(chosen: usize) -> Self {
        Self { input: Input::default(), chosen, opening: None, error: None }
    }

    /// Those that have each typed word in name or place, in the order of the profile.
    pub fn matches<'a>(&self, all: &'a [Environment]) -> Vec<&'a Environment> {
        let typed = self.input.value().to_lowercase();
        all.iter()
            .filter(|environment| {
                let text = format!("{} {}", environment.name, environment.place).to_lowercase();
                typed.split_whitespace().all(|word| text.contains(word))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_typed_word_narrows() {
        let named = |name: &str, place: &str| Environment {
            name: name.to_owned(),
            place: place.to_owned(),
            ..Environment::default()
        };
        let all = [named("prod-eu", "/etc/nova/eu.conf"), named("prod-us", "/etc/nova/us.conf")];
        for (typed, expected) in [("", 2), ("prod", 2), ("US", 1), ("prod eu.conf", 1), ("prod x", 0)] {
            let picker =
                EnvironmentPicker { input: Input::new(typed.to_owned()), ..EnvironmentPicker::new(0) };
            assert_eq!(picker.matches(&all).len(), expected, "{typed}");
        }
    }
}
