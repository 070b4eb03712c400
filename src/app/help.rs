//! The text of the help overlay: keys from the command table, then what letters and signs mean.
//!
//! Imports the command table and `spec` (the letters); no I/O.

use super::command::{COMMANDS, Command, Group};
use crate::spec::summary::DEMANDS;

/// A line of the help.
#[derive(Debug, Clone)]
pub enum HelpLine {
    /// A heading.
    Heading(&'static str),
    /// A command.
    Command(&'static Command),
    /// A letter or sign, and what it means.
    Sign(Sign, &'static str),
    /// Nothing.
    Blank,
}

/// What stands in front of a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A letter of DEMANDS.
    Letter(char),
    /// The same on the other side.
    Equal,
    /// Another on the other side.
    Different,
    /// None on the other side.
    Missing,
    /// A row that nova cannot load.
    Broken,
    /// A marked row.
    Marked,
    /// A database that answers.
    Up,
    /// A database that is being connected, or takes its time.
    Slow,
    /// A database that nova's cell_mappings calls disabled.
    Disabled,
    /// A database that does not answer.
    Down,
}

/// All lines.
pub fn lines() -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(HelpLine::Heading(group.title()));
        lines.extend(COMMANDS.iter().filter(|command| command.group == group).map(HelpLine::Command));
        lines.push(HelpLine::Blank);
    }
    lines.push(HelpLine::Heading("Letters of DEMANDS"));
    lines.extend(DEMANDS.iter().map(|(letter, meaning)| HelpLine::Sign(Sign::Letter(*letter), meaning)));
    lines.push(HelpLine::Blank);
    lines.push(HelpLine::Heading("Signs"));
    lines.extend([
        HelpLine::Sign(Sign::Equal, "the other pane's database has the same spec"),
        HelpLine::Sign(Sign::Different, "the other pane's database has another spec of this instance"),
        HelpLine::Sign(Sign::Missing, "the other pane's database has no spec of this instance"),
        HelpLine::Sign(Sign::Broken, "nova cannot load this row; the reason stands beside it"),
        HelpLine::Sign(Sign::Marked, "the row is marked for a change of many"),
        HelpLine::Sign(Sign::Up, "the database answers; its number of specs"),
        HelpLine::Sign(Sign::Slow, "the database is being connected, or takes long to answer"),
        HelpLine::Sign(
            Sign::Disabled,
            "the database answers; its cell is disabled: nova schedules nothing there",
        ),
        HelpLine::Sign(Sign::Down, "the database does not answer, or has no table: d says why"),
    ]);
    lines
}
