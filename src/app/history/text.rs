//! Changes of the journal in words. Nothing of it comes out raw: names, reasons and texts were written
//! by others.
//!
//! Imports `change` (the journal's data) and its siblings; no I/O.

use crate::app::confirm_text;
use crate::app::database::spoken;
use crate::app::overlay::{Line, Tone};
use crate::app::words::grouped;
use crate::change::State;
use crate::change::journal::{ChangeRow, EntryRow};
use crate::change::record::words;
use crate::spec::text::escaped;

/// Lines of one operation at most.
const LINES: usize = 400;

/// How a change stands, in a few words, and how good that is.
pub fn state(change: &ChangeRow) -> (String, Tone) {
    if change.is_running {
        return ("running".to_owned(), Tone::Title);
    }
    if change.is_interrupted {
        return ("interrupted".to_owned(), Tone::Danger);
    }
    if let Some(by) = change.undone_by {
        return (format!("undone by {by}"), Tone::Muted);
    }
    let done = change.count(State::Done) + change.count(State::RolledBack);
    if done == change.total {
        return ("done".to_owned(), Tone::Good);
    }
    if change.total == 1 {
        let state = change.counts.keys().next().map_or("not begun", |state| state.word());
        return (state.to_owned(), Tone::Warn);
    }
    (format!("{} of {} done", grouped(done), grouped(change.total)), Tone::Warn)
}

/// When it began, to the second: `2026-11-22 12:00:05`.
pub fn when(change: &ChangeRow) -> String {
    escaped(change.begun_at.get(..19).unwrap_or(&change.begun_at)).replace('T', " ")
}

/// What was done, in a line; instances named by the first characters of their uuids.
pub fn title(change: &ChangeRow, short: bool) -> String {
    let spoken = spoken(&change.title);
    let word = |word: &str| match short && word.len() == 36 && word.matches('-').count() == 4 {
        true => word.chars().take(8).collect(),
        false => word.to_owned(),
    };
    let words: Vec<String> = spoken.split(' ').map(word).collect();
    escaped(&words.join(" ")).into_owned()
}

/// A change: everything but its operations.
pub fn head(change: &ChangeRow) -> Vec<Line> {
    let (state, tone) = state(change);
    let mut lines = vec![Line::new(Tone::Title, format!("{} {}", change.id, title(change, false)))];
    let mut fact = |name: &str, text: String, tone: Tone| {
        lines.push(Line::new(tone, format!("{name:<12} {}", escaped(&text))));
    };
    fact("state", state, tone);
    for (state, count) in &change.counts {
        if change.total > 1 {
            fact("", format!("{} {}", grouped(*count), state.word()), Tone::Muted);
        }
    }
    let ended = change.finished_at.as_deref().map(|at| format!(", ended {at}")).unwrap_or_default();
    fact("begun", format!("{}{ended}", change.begun_at), Tone::Plain);
    fact("by", format!("{} on {}", change.who.operator, change.who.host), Tone::Plain);
    fact("environment", change.environment.clone(), Tone::Plain);
    if let Some(reason) = &change.reason {
        fact("reason", reason.clone(), Tone::Plain);
    }
    if let Some(undoes) = change.undoes {
        fact("undoes", undoes.to_string(), Tone::Plain);
    }
    lines
}

/// An operation, with the difference it makes.
pub fn entry(entry: &EntryRow) -> Vec<Line> {
    let tone = match entry.state {
        State::Done => Tone::Good,
        State::Written | State::Uncertain | State::Failed => Tone::Danger,
        _ => Tone::Warn,
    };
    let title =
        format!("{:>5} {}: {}", entry.number, escaped(&spoken(&words(&entry.operation))), entry.state.word());
    let mut lines = vec![Line::new(tone, title)];
    if entry.state != State::Done && !entry.said.is_empty() {
        lines.push(Line::new(Tone::Plain, format!("      {}", escaped(&spoken(&entry.said)))));
    }
    let (body, _) = confirm_text::body(&entry.operation);
    let more = body.len().saturating_sub(LINES);
    let indented = body.into_iter().take(LINES);
    lines.extend(indented.map(|line| Line { text: format!("      {}", line.text), ..line }));
    if more > 0 {
        lines.push(Line::new(Tone::Muted, format!("      and {more} more lines")));
    }
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::change::journal::{Kind, Step};
    use crate::change::{ChangeId, DatabaseName, EntryId, Operation, Who};

    pub(in crate::app::history) fn row(id: i64) -> ChangeRow {
        ChangeRow {
            id: ChangeId(id),
            begun_at: "2026-11-22T11:00:05.123Z".to_owned(),
            finished_at: Some("2026-11-22T11:00:06.000Z".to_owned()),
            kind: Kind::Save,
            title: format!("save u{id} in api"),
            who: Who { operator: "op".to_owned(), host: "ctl1".to_owned() },
            environment: "demo".to_owned(),
            databases: Vec::new(),
            reason: None,
            undoes: None,
            undone_by: None,
            total: 1,
            plan_file: None,
            counts: BTreeMap::from([(State::Done, 1)]),
            is_running: false,
            is_interrupted: false,
        }
    }

    pub(in crate::app::history) fn entry(number: i64) -> EntryRow {
        EntryRow {
            id: EntryId(number),
            change: ChangeId(1),
            number: number as u64,
            operation: Operation::Save {
                database: DatabaseName::Api,
                instance_uuid: Arc::from(format!("u{number}")),
                before: Arc::from(&br#"{"a": 1}"#[..]),
                after: Arc::from(r#"{"a": 2}"#),
            },
            state: State::Done,
            step: Step::None,
            said: String::new(),
            created_at: None,
            updated_at: None,
        }
    }

    #[test]
    fn states_are_words() {
        let many =
            |done: u64| ChangeRow { total: 3, counts: BTreeMap::from([(State::Done, done)]), ..row(1) };
        for (change, expected) in [
            (row(1), "done"),
            (ChangeRow { is_running: true, finished_at: None, ..row(1) }, "running"),
            (ChangeRow { is_interrupted: true, finished_at: None, ..row(1) }, "interrupted"),
            (ChangeRow { undone_by: Some(ChangeId(9)), ..row(1) }, "undone by #9"),
            (ChangeRow { counts: BTreeMap::from([(State::Conflict, 1)]), ..row(1) }, "conflict"),
            (ChangeRow { counts: BTreeMap::new(), ..row(1) }, "not begun"),
            (many(3), "done"),
            (many(2), "2 of 3 done"),
        ] {
            assert_eq!(state(&change).0, expected);
        }
    }

    #[test]
    fn nothing_of_the_journal_comes_out_raw() {
        let evil = "\u{1b}]0;x\u{7}".to_owned();
        let change = ChangeRow {
            title: evil.clone(),
            who: Who { operator: evil.clone(), host: evil.clone() },
            environment: evil.clone(),
            reason: Some(evil.clone()),
            begun_at: evil.clone(),
            ..row(1)
        };
        let operation = Operation::Save {
            database: DatabaseName::Api,
            instance_uuid: Arc::from(evil.as_str()),
            before: Arc::from(evil.as_bytes()),
            after: Arc::from(r#"{"a": 2}"#),
        };
        let lines = [
            head(&change),
            super::entry(&EntryRow { operation, said: evil, state: State::Failed, ..entry(1) }),
        ];
        for line in lines.concat().into_iter().map(|line| line.text).chain([when(&change)]) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
