//! Changes that were interrupted: what was found, what is decided of each and why; carried out on
//! request, never by itself.
//!
//! Imports `change` (decisions) and its siblings; no I/O.

use crossterm::event::KeyEvent;

use super::database::spoken;
use super::overlay::{Buttons, Line, Pressed, Tone};
use super::words::grouped;
use crate::change::recover::{Decision, Recovered, What};
use crate::spec::text::escaped;

/// Most operations that are listed.
const LISTED: usize = 1_000;

/// The dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// What is said of it.
    pub lines: Vec<Line>,
    /// First line shown.
    pub scroll: usize,
    /// Later, or carry it out.
    pub buttons: Buttons,
    /// Whether databases may be written to.
    writes: bool,
}

/// What a key meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Nothing yet.
    Open,
    /// Not now.
    Later,
    /// Carry these out.
    Go(Vec<Decision>),
}

impl Recovery {
    /// Of these decisions; `may_write`: why databases may not be written to now, if so.
    pub fn new(decisions: Vec<Decision>, may_write: &Result<(), String>) -> Self {
        let writes = decisions.iter().filter(|decision| decision.what.needs_write()).count();
        let known = decisions.iter().filter(|decision| is_known(decision)).count();
        let mut lines = vec![
            Line::new(Tone::Plain, format!("{} without an end in the journal:", counted(decisions.len()))),
            Line::new(Tone::Plain, ""),
        ];
        for decision in decisions.iter().take(LISTED) {
            let title = format!(
                "{} {}: {}",
                decision.change,
                escaped(&spoken(&decision.title)),
                decision.what.word()
            );
            lines.push(Line::new(tone(decision.what), title));
            lines.push(Line::new(Tone::Muted, format!("    {}", escaped(&spoken(&decision.why)))));
        }
        if decisions.len() > LISTED {
            let more = grouped((decisions.len() - LISTED) as u64);
            lines.push(Line::new(Tone::Muted, format!("and {more} more")));
        }
        lines.push(Line::new(Tone::Plain, ""));
        match may_write {
            Err(reason) if writes > 0 => {
                let text =
                    format!("would write to a database: {}. Not now: {reason}", grouped(writes as u64));
                lines.push(Line::new(Tone::Warn, escaped(&text)));
            }
            _ if writes > 0 => {
                let text = format!(
                    "written to a database: {}; the others only to the journal",
                    grouped(writes as u64)
                );
                lines.push(Line::new(Tone::Warn, text));
            }
            _ => lines.push(Line::new(Tone::Muted, "Only the journal is written to.")),
        }
        let can_write = may_write.is_ok();
        let mut buttons = Buttons::new(["Later"]);
        match (writes, known) {
            (0, 0) => {}
            (1.., _) if can_write => buttons.labels.push("Carry out".to_owned()),
            (_, 0) => {}
            _ => buttons.labels.push("Note what is known".to_owned()),
        }
        Self { decisions, lines, scroll: 0, buttons, writes: can_write }
    }

    /// A key.
    pub fn key(&mut self, event: &KeyEvent) -> Wish {
        match self.buttons.key(event) {
            Pressed::Button(0) => Wish::Later,
            Pressed::Button(_) => {
                let chosen =
                    |decision: &&Decision| is_known(decision) || (self.writes && decision.what.needs_write());
                Wish::Go(self.decisions.iter().filter(chosen).cloned().collect())
            }
            Pressed::Moved | Pressed::Ignored => Wish::Open,
        }
    }
}

/// Whether it is to be written into the journal, and nowhere else.
fn is_known(decision: &Decision) -> bool {
    !decision.what.needs_write() && !decision.what.is_left()
}

fn counted(count: usize) -> String {
    if count == 1 { "1 operation".to_owned() } else { format!("{} operations", grouped(count as u64)) }
}

fn tone(what: What) -> Tone {
    match what {
        What::Done | What::NotDone => Tone::Good,
        What::Conflict | What::Later | What::Elsewhere => Tone::Warn,
        What::Finish | What::Withdraw | What::PutBack => Tone::Danger,
    }
}

/// What came of it, in lines.
pub fn told(recovered: &[Recovered]) -> Vec<Line> {
    let left = recovered.iter().filter(|one| one.result.is_err()).count();
    let mut lines = vec![match left {
        0 => Line::new(Tone::Good, format!("{} recovered", counted(recovered.len()))),
        left => Line::new(
            Tone::Warn,
            format!("{} of {} stay unfinished", grouped(left as u64), counted(recovered.len())),
        ),
    }];
    for Recovered { decision, result } in recovered.iter().take(LISTED) {
        let (tone, said) = match result {
            Ok(said) => (Tone::Plain, said),
            Err(said) => (Tone::Danger, said),
        };
        let title =
            format!("{} {}: {}", decision.change, escaped(&spoken(&decision.title)), decision.what.word());
        lines.push(Line::new(Tone::Plain, title));
        lines.push(Line::new(tone, format!("    {}", escaped(&spoken(said)))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::change::{ChangeId, EntryId};

    fn decision(what: What) -> Decision {
        Decision {
            change: ChangeId(3),
            environment: "demo".to_owned(),
            entry: Some(EntryId(1)),
            title: "move \u{1b}u1 from api to cell1".to_owned(),
            instance_uuid: Arc::from("u1"),
            what,
            why: "both hold it".to_owned(),
        }
    }

    fn press(recovery: &mut Recovery, codes: &[KeyCode]) -> Wish {
        let mut last = Wish::Open;
        for code in codes {
            last = recovery.key(&KeyEvent::new(*code, KeyModifiers::NONE));
        }
        last
    }

    #[test]
    fn later_is_the_default() {
        let mut recovery = Recovery::new(vec![decision(What::Finish)], &Ok(()));
        assert_eq!(press(&mut recovery, &[KeyCode::Enter]), Wish::Later);
        assert_eq!(press(&mut recovery, &[KeyCode::Esc]), Wish::Later);
        assert_eq!(
            press(&mut recovery, &[KeyCode::Right, KeyCode::Enter]),
            Wish::Go(vec![decision(What::Finish)])
        );
    }

    #[test]
    fn without_the_right_to_write_only_what_is_known_is_noted() {
        let all = [What::Finish, What::Done, What::Later, What::Conflict].map(decision).to_vec();
        let mut recovery = Recovery::new(all, &Err("read-only: W opens for writing".to_owned()));
        assert_eq!(recovery.buttons.labels[1], "Note what is known");
        let wish = press(&mut recovery, &[KeyCode::Right, KeyCode::Enter]);
        assert_eq!(wish, Wish::Go([What::Done, What::Conflict].map(decision).to_vec()));
        let nothing = Recovery::new(vec![decision(What::Later)], &Ok(()));
        assert_eq!(nothing.buttons.labels.len(), 1);
    }

    #[test]
    fn nothing_comes_out_raw() {
        let recovery = Recovery::new(vec![decision(What::Finish)], &Ok(()));
        let recovered = [Recovered { decision: decision(What::Finish), result: Err("\u{7}".to_owned()) }];
        let lines = [recovery.lines, told(&recovered)].concat();
        assert!(lines.iter().all(|line| !line.text.chars().any(char::is_control)), "{lines:?}");
    }
}
