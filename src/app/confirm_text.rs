//! What the confirm step says of a plan: what is to be done and what speaks against it, then what
//! decides (rows added and removed, the difference, the spec in a few words), then, on scrolling,
//! the whole text.
//!
//! Imports `change` and `spec`; no I/O.

use std::sync::Arc;

use super::database::{label, spoken};
use super::overlay::{Line, Tone};
use super::whole;
use super::words::grouped;
use crate::change::{Operation, Plan, Severity};
use crate::lint::{self, Finding, Rule};
use crate::spec::summary::Summary;
use crate::spec::text::escaped;
use crate::spec::{Document, Node};

/// Longest value of the few words about a spec, in characters.
const VALUE: usize = 200;
/// Larger texts are not read for the name of their group: that must not take long.
const LARGE: usize = 1 << 20;

/// A text that is written or deleted as it is: shown when asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    text: Arc<[u8]>,
    tone: Tone,
    sign: &'static str,
}

impl Whole {
    fn of(text: &[u8], tone: Tone, sign: &'static str) -> Option<Self> {
        Some(Self { text: text.into(), tone, sign })
    }

    /// Its size, for people.
    pub fn size(&self) -> String {
        bytes(&self.text)
    }

    /// All of it, in lines.
    pub fn lines(&self) -> Vec<Line> {
        let heading = Line::new(Tone::Muted, format!("the whole text, {}:", self.size()));
        let lines = whole::lines(&self.text).into_iter();
        let lines = lines.map(|line| Line::new(self.tone, format!("{} {line}", self.sign)));
        [Line::new(Tone::Plain, ""), heading].into_iter().chain(lines).collect()
    }
}

/// What is to be done, what speaks against it, what undoes it.
pub fn head(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in &plan.operations {
        let uuid = escaped(operation.instance_uuid()).into_owned();
        let sentence = match operation {
            Operation::Save { database, .. } => format!("Save {uuid} in {}", label(database)),
            Operation::Create { database, .. } => format!("Create {uuid} in {}", label(database)),
            Operation::Destroy { database, .. } => format!("Delete {uuid} from {}", label(database)),
            Operation::Copy { from, to, replaces, .. } => {
                let replacing = if replaces.is_some() { ", replacing another spec there" } else { "" };
                format!("Copy {uuid} from {} to {}{replacing}", label(from), label(to))
            }
            Operation::Move { from, to, already_there, .. } => {
                let rest = if *already_there { " (it is there already: only the row here goes)" } else { "" };
                format!("Move {uuid} from {} to {}{rest}", label(from), label(to))
            }
        };
        lines.push(Line::new(Tone::Title, sentence));
    }
    for warning in &plan.warnings {
        let tone = match warning.severity {
            Severity::Notice => Tone::Muted,
            Severity::Warning => Tone::Warn,
            Severity::Danger => Tone::Danger,
        };
        let mark = match warning.severity {
            Severity::Notice => "note: ",
            Severity::Warning => "warning: ",
            Severity::Danger => "DANGER: ",
        };
        lines.push(Line::new(tone, format!("{mark}{}", escaped(&spoken(&warning.sentence)))));
    }
    lines.extend(findings(plan));
    if let Some(first) = plan.operations.first() {
        lines.push(Line::new(Tone::Muted, format!("undo: {}", undo(first))));
    }
    lines
}

/// What undoes it, in words.
fn undo(operation: &Operation) -> &'static str {
    match operation {
        Operation::Save { .. } | Operation::Copy { replaces: Some(_), .. } => {
            "u writes the text before back; the journal keeps it"
        }
        Operation::Create { .. } | Operation::Copy { replaces: None, .. } => "u deletes it again",
        Operation::Destroy { .. } => "u creates it again from the journal; its id will be another",
        Operation::Move { .. } => "u moves it back; its id will be another",
    }
}

/// What is wrong after it and was not before, and the other way round.
fn findings(plan: &Plan) -> impl Iterator<Item = Line> {
    let line = |verb: &str, finding: &Finding, tone: Tone| {
        let Rule { code, name, .. } = finding.rule;
        Line::new(tone, format!("{verb} {code} {name}: {}", escaped(&finding.sentence)))
    };
    let raised = plan.raised.iter().map(move |finding| {
        let heavy = finding.rule.severity == lint::Severity::Error;
        line("raises", finding, if heavy { Tone::Danger } else { Tone::Warn })
    });
    raised.chain(plan.cured.iter().map(move |finding| line("cures", finding, Tone::Good)))
}

fn bytes(text: &[u8]) -> String {
    format!("{} bytes", grouped(text.len() as u64))
}

/// What decides, and the whole text where that is more.
pub fn body(operation: &Operation) -> (Vec<Line>, Option<Whole>) {
    let added = |place, text: &[u8], how: &str| {
        Line::new(Tone::Added, format!("+ row in {}: {}{how}", label(place), bytes(text)))
    };
    let removed = |place, text: &[u8]| {
        let held = bytes(text);
        Line::new(Tone::Removed, format!("- row in {}: deleted if it still holds these {held}", label(place)))
    };
    match operation {
        Operation::Save { before, after, .. } => (whole::difference(before, after.as_bytes()), None),
        Operation::Create { database, text, .. } => {
            let text = text.as_bytes();
            (with_facts(vec![added(database, text, "")], text), Whole::of(text, Tone::Added, "+"))
        }
        Operation::Destroy { database, before, .. } => {
            (with_facts(vec![removed(database, before)], before), Whole::of(before, Tone::Removed, "-"))
        }
        Operation::Copy { from, to, text, replaces: None, .. } => {
            let how = format!(", those of {}", label(from));
            (with_facts(vec![added(to, text, &how)], text), Whole::of(text, Tone::Added, "+"))
        }
        Operation::Copy { to, text, replaces: Some(replaced), .. } => {
            let mut lines = vec![Line::new(Tone::Muted, format!("changes in {}:", label(to)))];
            lines.extend(whole::difference(replaced, text));
            (lines, None)
        }
        Operation::Move { from, to, text, already_there, .. } => {
            let mut lines = Vec::new();
            if !already_there {
                lines.push(added(to, text, ", written, read back, compared"));
            }
            lines.push(removed(from, text));
            (with_facts(lines, text), Whole::of(text, Tone::Plain, " "))
        }
    }
}

/// The lines, then the spec in a few words.
fn with_facts(mut lines: Vec<Line>, text: &[u8]) -> Vec<Line> {
    let summary = Summary::of(text);
    let size = |amount: Option<i64>, unit: &str| amount.map(|amount| format!("{amount} {unit}"));
    let sizes = [
        summary.flavor,
        size(summary.vcpus, "CPUs"),
        size(summary.memory_mb, "MB"),
        size(summary.root_gb, "GB disk"),
    ];
    // A text that cannot be read says nothing of its zone.
    let any = summary.problem.is_none().then(|| "any".to_owned());
    let zone = summary.availability_zone.or(any);
    let facts = [
        ("flavor", Some(sizes.into_iter().flatten().collect::<Vec<_>>().join(" · "))),
        ("image", summary.image),
        ("zone", zone),
        ("demands", Some(summary.demands.meanings().collect::<Vec<_>>().join(", "))),
        ("group", group(text)),
        ("problem", summary.problem),
    ];
    lines.push(Line::new(Tone::Plain, ""));
    for (name, value) in facts {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        let value: String = escaped(&value).chars().take(VALUE).collect();
        lines.push(Line::new(Tone::Plain, format!("{name:<9}{value}")));
    }
    lines
}

/// Name and policy of the server group, else the uuid that the hint holds.
fn group(text: &[u8]) -> Option<String> {
    let document = Document::parse(text).ok().filter(|_| text.len() <= LARGE)?;
    let root = document.root();
    let word = |node: Option<Node<'_>>| node.and_then(|node| node.as_str().map(|text| text.into_owned()));
    let stored = root.field("instance_group").filter(|node| !node.is_null());
    let parts = ["name", "policy"].map(|key| word(stored.and_then(|group| group.field(key))));
    let named = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    if !named.is_empty() {
        return Some(named);
    }
    let hint = root.field("scheduler_hints")?.get("group")?;
    word(Some(hint)).or_else(|| word(hint.children().next()))
}
