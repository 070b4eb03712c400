//! `reqspec cells` for people: a table that fits 80 columns, with details indented below each line.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cells::Health;
use super::output::Columns;
use crate::deployment::Origin;
use crate::spec::text::escaped;
use crate::store::Rights;
use crate::store::migrate::State;

const HEADS: [&str; 6] = ["NAME", "STATE", "SERVER", "SCHEMA", "LATENCY", "ROWS"];
/// Columns of a terminal that is not wide.
const WIDTH: usize = 80;
/// Names wider than this stand in full below their line.
const NAME: usize = 16;
/// So do products and versions.
const SERVER: usize = 22;
const INDENT: &str = "    ";

/// The table. Escaped.
pub fn lines(all: &[Health]) -> Vec<String> {
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let mut columns = Columns::new(&HEADS);
    rows.iter().for_each(|row| columns.measure(row));
    let mut lines = vec![columns.line(&HEADS)];
    for (health, row) in all.iter().zip(&rows) {
        lines.push(columns.line(row));
        for detail in details(health) {
            lines.extend(wrapped(&escaped(&detail)));
        }
    }
    lines
}

fn row(health: &Health) -> Vec<String> {
    let probe = health.probe.as_ref().ok();
    let state = match (health.state(), health.entry.disabled) {
        ("up", true) => "disabled".to_owned(),
        (state, _) => state.to_owned(),
    };
    vec![
        short(&escaped(&health.entry.name.to_string()), NAME),
        state,
        probe.map_or("-".to_owned(), |probe| {
            short(&escaped(&format!("{} {}", probe.product, probe.version)), SERVER)
        }),
        health.schema_word().to_owned(),
        probe.map_or("-".to_owned(), |probe| format!("{:.1} ms", probe.round_trip.as_secs_f64() * 1000.0)),
        match (&health.rows, health.state()) {
            (Some(rows), _) => rows.to_string(),
            (None, "up" | "read-only") => "unknown".to_owned(),
            (None, _) => "-".to_owned(),
        },
    ]
}

/// What else is known of it, a line each.
fn details(health: &Health) -> Vec<String> {
    let entry = &health.entry;
    let mut out = Vec::new();
    let name = entry.name.to_string();
    if escaped(&name).width() > NAME {
        out.push(name);
    }
    if !entry.shown.is_empty() {
        out.push(entry.shown.to_string());
    }
    let origin = match &entry.origin {
        Origin::Given => "given".to_owned(),
        Origin::Configuration(place) => format!("from {place}"),
        Origin::Mapping { template: None } => "from cell_mappings".to_owned(),
        Origin::Mapping { template: Some(template) } => format!("from cell_mappings, template {template}"),
    };
    let uuid = entry.uuid.as_ref().map(|uuid| format!(", uuid {uuid}")).unwrap_or_default();
    out.push(format!("{origin}{uuid}"));
    match &health.probe {
        Err(reason) => out.push(format!("{}: {reason}", health.state())),
        Ok(probe) => {
            let server = format!("{} {}", probe.product, probe.version);
            if escaped(&server).width() > SERVER {
                out.push(server);
            }
            if let Rights::ReadOnly(why) = &probe.rights {
                out.push(format!("read-only: {why}"));
            }
            out.extend(probe.remarks.iter().cloned());
        }
    }
    if entry.disabled {
        out.push("disabled in cell_mappings: nova schedules nothing there".to_owned());
    }
    match health.schema.as_ref().map(|status| (&status.state, &status.pending)) {
        Some((State::Pending, pending)) => {
            let names: Vec<_> = pending.iter().map(|migration| migration.name).collect();
            out.push(format!("pending {}; `reqspec db sync` applies it", names.join(", ")));
        }
        Some((State::Refused(reason), _)) => out.push(format!("schema refused: {reason}")),
        _ => {}
    }
    out
}

/// At most so many columns, the end left out.
fn short(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width - 1;
    let fits = |character: &char| match left.checked_sub(character.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// Words in indented lines; a word that is too long has a line of its own.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![INDENT.to_owned()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.trim().is_empty() || line.width() + 1 + word.width() <= WIDTH {
            line.push_str(if line.trim().is_empty() { "" } else { " " });
            line.push_str(word);
        } else {
            lines.push(format!("{INDENT}  {word}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_keep_to_the_width() {
        let text = "the server at db.example.org did not answer within 5 s; check that it runs and that the port is open";
        let lines = wrapped(text);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.width() <= WIDTH), "{lines:?}");
        assert_eq!(lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "), text);
        assert_eq!(wrapped(&"x".repeat(100)), [format!("{INDENT}{}", "x".repeat(100))]);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(short("cell1", 16), "cell1");
        assert_eq!(short("f4179abe-102a-4808", 9), "f4179abe…");
        assert_eq!(short("中中中中", 5), "中中…");
    }
}
