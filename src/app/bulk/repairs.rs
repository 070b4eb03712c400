//! The choice of a repair by name: typed letters narrow it, what it takes stands behind its name.
//!
//! Imports `change` (repairs); no I/O.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::change::Repair;

/// What a repair does, in a sentence.
pub fn about(name: &str) -> &'static str {
    match name {
        "unpin-zone" => "the zone becomes null: the instance may go to any",
        "rename-zone" => "specs that name the zone OLD name NEW",
        "clear-forced-hosts" => "no forced hosts and nodes any more",
        "refresh-flavor" => "the flavor becomes the instance's current one",
        "drop-dangling-group" => "group and hint of a group that is not there go",
        "relink-group" => "group and hint become what the membership table says",
        "fix-project" => "project and user become those of the instance",
        "clear-leftover-pci" => "PCI requests that the flavor does not ask for go",
        "strip-stale-fields" => "what nova's save() does not store goes",
        _ => "",
    }
}

/// The picker.
#[derive(Debug, Clone, Default)]
pub struct RepairPicker {
    /// What is typed: part of a name, or a name and what it takes.
    pub input: Input,
    /// The chosen one among [`RepairPicker::matches`].
    pub chosen: usize,
    /// Why what is typed cannot be done.
    pub error: Option<String>,
}

/// What a key meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing but a change of the picker.
    Stay,
    /// Leave it.
    Leave,
    /// Plan this one.
    Plan(Repair),
}

impl RepairPicker {
    /// With that typed: a repair whose arguments are missing.
    pub fn typed(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), ..Self::default() }
    }

    fn words(&self) -> Vec<&str> {
        self.input.value().split_whitespace().collect()
    }

    /// The repairs that fit what is typed.
    pub fn matches(&self) -> Vec<&'static str> {
        let words = self.words();
        let wanted = words.first().copied().unwrap_or_default().to_lowercase();
        let fits =
            |name: &&&str| name.contains(&wanted) || (wanted.len() > 3 && about(name).contains(&wanted));
        Repair::NAMES.iter().filter(fits).copied().collect()
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Pressed {
        let last = self.matches().len().saturating_sub(1);
        match event.code {
            KeyCode::Esc => return Pressed::Leave,
            KeyCode::Down => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Tab => self.complete(),
            KeyCode::Enter => return self.accept(),
            _ => {
                self.input.handle_event(&Event::Key(*event));
                self.changed();
            }
        }
        Pressed::Stay
    }

    /// Something was typed or pasted.
    pub fn changed(&mut self) {
        (self.chosen, self.error) = (0, None);
    }

    /// The chosen name stands in the line, ready for what it takes.
    fn complete(&mut self) {
        let Some(name) = self.matches().get(self.chosen).copied() else { return };
        let rest = self.words().get(1..).unwrap_or_default().join(" ");
        self.input = Input::new(format!("{name} {rest}"));
        self.chosen = 0;
    }

    fn accept(&mut self) -> Pressed {
        let words = self.words();
        let Some(name) = self.matches().get(self.chosen).copied() else {
            self.error = Some(match words.first() {
                Some(word) => Repair::parse(word, &[]).err().unwrap_or_default(),
                None => "no repair is chosen".to_owned(),
            });
            return Pressed::Stay;
        };
        match Repair::parse(name, words.get(1..).unwrap_or_default()) {
            Ok(repair) => Pressed::Plan(repair),
            Err(reason) => {
                let begun = words.len() > 1 || words.first() == Some(&name);
                self.complete();
                self.error =
                    Some(if begun { reason } else { format!("it takes more: {}", Repair::usage(name)) });
                Pressed::Stay
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    fn typed(picker: &mut RepairPicker, text: &str) -> Pressed {
        let mut last = Pressed::Stay;
        for character in text.chars() {
            let code = match character {
                '\n' => KeyCode::Enter,
                '↓' => KeyCode::Down,
                other => KeyCode::Char(other),
            };
            last = picker.key(&KeyEvent::new(code, KeyModifiers::NONE));
        }
        last
    }

    #[test]
    fn every_repair_says_what_it_does() {
        assert!(Repair::NAMES.iter().all(|name| !about(name).is_empty()));
    }

    #[rstest::rstest]
    #[case("\n", Pressed::Plan(Repair::UnpinZone))]
    #[case("↓↓\n", Pressed::Plan(Repair::ClearForcedHosts))]
    #[case("forced\n", Pressed::Plan(Repair::ClearForcedHosts))]
    #[case("flavor\n", Pressed::Plan(Repair::RefreshFlavor))]
    #[case("rename-zone az1 az2\n", Pressed::Plan(Repair::RenameZone { old: "az1".into(), new: "az2".into() }))]
    #[case("ren\n", Pressed::Stay)]
    #[case("ren\naz1 az2\n", Pressed::Plan(Repair::RenameZone { old: "az1".into(), new: "az2".into() }))]
    #[case("nothing\n", Pressed::Stay)]
    #[case("unpin-zone az1\n", Pressed::Stay)]
    fn a_repair_is_chosen_by_its_name(#[case] keys: &str, #[case] expected: Pressed) {
        let mut picker = RepairPicker::default();
        assert_eq!(typed(&mut picker, keys), expected, "{picker:?}");
        assert_eq!(picker.error.is_some(), expected == Pressed::Stay);
    }
}
