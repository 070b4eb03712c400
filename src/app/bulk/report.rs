//! What became of a change of many specs: done, conflicts, failures, and what can be done now.
//!
//! Imports `change` and its siblings; no I/O.

use super::confirm_text::specs;
use super::work::duration;
use crate::app::database::{label, spoken};
use crate::app::overlay::{Line, Tone};
use crate::app::words::grouped;
use crate::change::{BulkOutcome, Problem, State};
use crate::spec::text::escaped;

/// The report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// First line shown.
    pub scroll: usize,
}

impl Report {
    /// Of a change of many that took so many seconds.
    pub fn new(what: &str, outcome: &BulkOutcome, seconds: u64) -> Self {
        let progress = &outcome.progress;
        let total = progress.total.unwrap_or(progress.passed);
        let not_begun = outcome.not_begun();
        let problems = progress.conflicts + progress.failed;
        let title = match (&outcome.stopped, not_begun, problems) {
            (Some(_), ..) => "Stopped",
            (None, 0, 0) => "Done",
            (None, 0, _) => "Done, not all of it",
            _ => "Stopped on request",
        };
        let mut lines =
            vec![Line::new(Tone::Title, format!("{what}: {} in {}", specs(total), duration(seconds)))];
        let counts = [
            (progress.done, "done", Tone::Good),
            (progress.conflicts, "left alone: changed by someone else, or in the way", Tone::Warn),
            (progress.failed, "failed", Tone::Danger),
            (not_begun, "not begun", Tone::Warn),
        ];
        for (count, what, tone) in counts.into_iter().filter(|(count, ..)| *count > 0) {
            lines.push(Line::new(tone, format!("{:>9}  {what}", grouped(count))));
        }
        if let Some(reason) = &outcome.stopped {
            lines.push(Line::new(Tone::Danger, escaped(&spoken(&reason.to_string()))));
        }
        lines.extend(outcome.notices.iter().map(|notice| Line::new(Tone::Warn, escaped(&spoken(notice)))));
        if let Some(change) = outcome.change {
            lines.push(Line::new(Tone::Plain, ""));
            if progress.done > 0 {
                let text = format!("u takes back what was done, as one (reqspec undo {})", change.0);
                lines.push(Line::new(Tone::Plain, text));
            }
            if not_begun > 0 {
                let text = format!("reqspec resume {} goes on with the rest", change.0);
                lines.push(Line::new(Tone::Plain, text));
            }
            lines.push(Line::new(
                Tone::Muted,
                format!("H shows it as {change}, every spec with its difference"),
            ));
        }
        lines.extend(listed(&outcome.problems, problems));
        Self { title: title.to_owned(), lines, scroll: 0 }
    }
}

fn listed(problems: &[Problem], all: u64) -> Vec<Line> {
    if problems.is_empty() {
        return Vec::new();
    }
    let heading = match all.saturating_sub(problems.len() as u64) {
        0 => "Not done".to_owned(),
        _ => format!("Not done, the first {} of {}", grouped(problems.len() as u64), grouped(all)),
    };
    let mut lines = vec![Line::new(Tone::Plain, ""), Line::new(Tone::Title, heading)];
    for problem in problems {
        let (database, uuid) = (label(&problem.database), escaped(&problem.instance_uuid));
        let tone = if problem.state == State::Conflict { Tone::Warn } else { Tone::Danger };
        lines.push(Line::new(tone, format!("{database} {uuid} {}", problem.state.word())));
        lines.push(Line::new(Tone::Plain, format!("  {}", escaped(&spoken(&problem.sentence)))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::change::{ApplyError, ChangeId, DatabaseName, Progress};

    fn text(outcome: &BulkOutcome) -> (String, String) {
        let report = Report::new("edit", outcome, 5);
        let lines: Vec<_> = report.lines.iter().map(|line| line.text.as_str()).collect();
        (report.title, lines.join("\n"))
    }

    #[test]
    fn all_done() {
        let progress =
            Progress { passed: 12, total: Some(12), done: 12, finished: true, ..Progress::default() };
        let (title, text) =
            text(&BulkOutcome { progress, change: Some(ChangeId(7)), ..BulkOutcome::default() });
        assert_eq!(title, "Done");
        assert!(text.contains("12 specs in 5 s") && text.contains("reqspec undo 7"), "{text}");
        assert!(!text.contains("Not done"), "{text}");
    }

    #[test]
    fn conflicts_say_why_and_control_characters_are_escaped() {
        let problem = Problem {
            database: DatabaseName::Api,
            instance_uuid: Arc::from("u\u{1b}[31m"),
            state: State::Conflict,
            sentence: "changed by\u{7} someone else".to_owned(),
        };
        let progress = Progress {
            passed: 3,
            total: Some(3),
            done: 1,
            conflicts: 2,
            finished: true,
            ..Progress::default()
        };
        let (title, text) =
            text(&BulkOutcome { progress, problems: vec![problem], ..BulkOutcome::default() });
        assert_eq!(title, "Done, not all of it");
        assert!(text.contains("the first 1 of 2") && text.contains("changed by"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    }

    #[test]
    fn what_was_not_begun_is_told() {
        let progress =
            Progress { passed: 40, total: Some(1_000), done: 40, finished: true, ..Progress::default() };
        let (title, text) =
            text(&BulkOutcome { progress, change: Some(ChangeId(7)), ..BulkOutcome::default() });
        assert_eq!(title, "Stopped on request");
        assert!(text.contains("960  not begun") && text.contains("reqspec resume 7"), "{text}");
        let outcome = BulkOutcome {
            stopped: Some(ApplyError::Failed("the journal is full".to_owned())),
            ..BulkOutcome::default()
        };
        assert_eq!(self::text(&outcome).0, "Stopped");
    }
}
