//! What the confirm step says of a plan of many changes: how many and where, what speaks against it;
//! then which values become which, findings, what is left out, the first differences.
//!
//! Imports `change`, `lint` and `spec`; no I/O.

use crate::app::database::{label, spoken};
use crate::app::overlay::{Line, Tone};
use crate::app::whole::change_lines;
use crate::app::words::grouped;
use crate::change::bulk::summary::{Counted, First, Group, Place};
use crate::change::{BulkKind, BulkPlan, DatabaseName, Severity, Summary};
use crate::lint::{self, Rule};
use crate::spec::text::escaped;

/// The word of the button.
pub fn action(plan: &BulkPlan) -> String {
    let verb = match plan.kind() {
        BulkKind::Edit => "Edit",
        BulkKind::Move => "Move",
        BulkKind::Repair(_) => "Repair",
        BulkKind::Undo(_) => "Undo",
        BulkKind::Redo(_) => "Redo",
        BulkKind::Rest(_) => "Go on with",
        BulkKind::File => "Apply",
    };
    format!("{verb} {}", grouped(plan.total()))
}

/// `1 spec`, `1,234 specs`.
pub fn specs(count: u64) -> String {
    if count == 1 { "1 spec".to_owned() } else { format!("{} specs", grouped(count)) }
}

fn place(place: &Place) -> String {
    let (verb, count, database) = (place.verb, specs(place.count), label(&place.database));
    match &place.to {
        Some(to) => format!("{verb} {count} from {database} to {}", label(to)),
        None => format!("{verb} {count} in {database}"),
    }
}

/// How many, where, what speaks against it, what undoes it.
pub fn head(plan: &BulkPlan) -> Vec<Line> {
    let summary = plan.summary();
    let title = Line::new(Tone::Title, format!("{}: {}", escaped(plan.title()), specs(plan.total())));
    let mut lines = vec![title];
    lines.extend(
        summary.places.iter().map(|known| Line::new(Tone::Plain, format!("  {}", escaped(&place(known))))),
    );
    for Counted { sort, sentence, count, .. } in &summary.warnings {
        let (tone, mark) = match sort {
            Severity::Notice => (Tone::Muted, "note"),
            Severity::Warning => (Tone::Warn, "warning"),
            Severity::Danger => (Tone::Danger, "DANGER"),
        };
        lines.push(Line::new(tone, format!("{mark} ({}): {}", grouped(*count), escaped(&spoken(sentence)))));
    }
    lines.extend(summary.raised.iter().map(|found| finding("raises", found)));
    lines.extend(summary.cured.iter().map(|found| finding("cures", found)));
    let left_out = summary.left_out_count();
    if left_out > 0 {
        lines.push(Line::new(Tone::Warn, format!("{} left out: why stands below", specs(left_out))));
    }
    lines.push(Line::new(Tone::Muted, "undo: u takes all of it back as one; the journal keeps every text"));
    lines
}

fn finding(verb: &str, (rule, count): &(&'static Rule, u64)) -> Line {
    let tone = match (verb, rule.severity) {
        ("cures", _) => Tone::Good,
        (_, lint::Severity::Error) => Tone::Danger,
        _ => Tone::Warn,
    };
    Line::new(tone, format!("{verb} {} {} in {}", rule.code, rule.title, specs(*count)))
}

/// What stands below.
pub fn body(summary: &Summary) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut heading = |text: String, part: Vec<Line>| {
        if !part.is_empty() {
            if !lines.is_empty() {
                lines.push(Line::new(Tone::Plain, ""));
            }
            lines.push(Line::new(Tone::Title, text));
            lines.extend(part);
        }
    };
    let mut groups: Vec<_> = summary.groups.iter().map(group).collect();
    if summary.other_changes > 0 {
        let text = format!("  {:>9}  changes of other values", grouped(summary.other_changes));
        groups.push(Line::new(Tone::Muted, text));
    }
    heading("Values".to_owned(), groups);
    heading("Left out".to_owned(), summary.left_out.iter().flat_map(left_out).collect());
    let remarks =
        summary.remarks.iter().map(|remark| Line::new(Tone::Warn, format!("  {}", escaped(remark))));
    heading("Could not be asked".to_owned(), remarks.collect());
    let first = match summary.first.len() as u64 {
        shown if shown == summary.total => "The differences".to_owned(),
        shown => format!("The first {shown} of {}", grouped(summary.total)),
    };
    heading(first, summary.first.iter().flat_map(difference).collect());
    lines
}

fn group(group: &Group) -> Line {
    let value = |value: &Option<String>| {
        value.as_deref().map_or("nothing".to_owned(), |value| escaped(value).into_owned())
    };
    let (count, path) = (grouped(group.count), escaped(&group.path));
    Line::new(
        Tone::Plain,
        format!("  {count:>9}  {path}: {} → {}", value(&group.before), value(&group.after)),
    )
}

fn whose((database, uuid): &(DatabaseName, std::sync::Arc<str>)) -> String {
    format!("{} {}", label(database), escaped(uuid))
}

fn left_out<S>(reason: &Counted<S>) -> Vec<Line> {
    let text = format!("  {:>9}  {}", grouped(reason.count), escaped(&spoken(&reason.sentence)));
    let mut lines = vec![Line::new(Tone::Plain, text)];
    if !reason.examples.is_empty() {
        let examples = reason.examples.iter().map(whose).collect::<Vec<_>>().join(", ");
        let more = if reason.count > reason.examples.len() as u64 { ", …" } else { "" };
        lines.push(Line::new(Tone::Muted, format!("             {examples}{more}")));
    }
    lines
}

fn difference(first: &First) -> Vec<Line> {
    let whose = whose(&(first.database.clone(), first.instance_uuid.clone()));
    let to = first.to.as_ref().map(|to| format!(" → {}", label(to))).unwrap_or_default();
    let mut lines = vec![Line::new(Tone::Plain, format!("  {} {whose}{to}", first.verb))];
    let changes = first.changes.iter().flat_map(change_lines);
    lines.extend(changes.map(|line| Line { text: format!("    {}", line.text), ..line }));
    if first.more > 0 {
        lines.push(Line::new(Tone::Muted, format!("    and {} more changes", first.more)));
    }
    lines
}
