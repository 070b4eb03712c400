//! The counts of values: each value with its rows, their part of all, and a bar.

use ratatui::Frame;
use unicode_width::UnicodeWidthStr;

use super::sheet::{Cell, Entry, Sheet, Typed, bar, draw, room};
use crate::app::Model;
use crate::app::database::label;
use crate::app::facets::Facets;
use crate::app::field_list::head;
use crate::app::words::grouped;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Columns of the box, where there is room.
const WIDTH: u16 = 92;
/// So many values before and behind the chosen one are drawn: more than there are lines.
const AROUND: usize = 50;
/// The widest column of values.
const WIDEST: u16 = 36;

/// Draws them, or the choice of fields.
pub fn facets(frame: &mut Frame<'_>, facets: &Facets, model: &Model, theme: &Theme) {
    match &facets.prompt {
        Some(_) => prompt(frame, facets, theme),
        None => counts(frame, facets, model, theme),
    }
}

fn prompt(frame: &mut Frame<'_>, facets: &Facets, theme: &Theme) {
    let Some(prompt) = &facets.prompt else { return };
    let matches = prompt.matches();
    let name = matches.iter().map(|choice| escaped(&choice.field.name).width() as u16).max().unwrap_or(8);
    let name = name.clamp(8, 26);
    let entries: Vec<_> = matches
        .iter()
        .map(|choice| Entry {
            cells: vec![
                (4, name, escaped(&choice.field.name).into_owned(), Role::Value),
                (6 + name, 80, choice.help.to_owned(), Role::Muted),
            ],
        })
        .collect();
    let told = prompt.error.iter().map(|error| (escaped(error).into_owned(), Role::Danger));
    let sheet = Sheet {
        title: [vec![(" Count the values of ".to_owned(), Role::Title)], Vec::new()],
        keys: &[("Enter", "counts"), ("Tab", "takes the field"), (",", "one more"), ("Esc", "leaves")],
        typed: Some(Typed {
            sign: "by:",
            text: prompt.input.value(),
            cursor: Some(prompt.input.cursor()),
            hint: "az, or flavor,az",
        }),
        lines: entries.len().clamp(1, 12) as u16,
        entries,
        chosen: prompt.chosen,
        nothing: "no field has this in its name or meaning",
        told: told.collect(),
        width: 84,
    };
    draw(frame, &sheet, theme);
}

fn counts(frame: &mut Frame<'_>, facets: &Facets, model: &Model, theme: &Theme) {
    let counts = &facets.counts;
    let inner = room(frame, WIDTH);
    let nothing = theme.glyph(Glyph::Nothing);
    let shown = |value: &Option<std::sync::Arc<str>>| match value.as_deref() {
        None => (nothing.to_owned(), Role::Absent),
        Some("") => ("\"\"".to_owned(), Role::Absent),
        Some(value) => (escaped(value).into_owned(), Role::Value),
    };
    // Widths by content, and so that count, part and bar have room beside them.
    let fields = facets.fields.len() as u16;
    let most = (inner.saturating_sub(28) / fields.max(1)).clamp(4, WIDEST);
    let widths: Vec<u16> = (0..facets.fields.len())
        .map(|at| {
            let values = counts.values.iter().take(500).filter_map(|(values, _)| values.get(at));
            let widest = values.map(|value| shown(value).0.width()).max().unwrap_or(0);
            (widest.max(head(&facets.fields[at]).width()) as u16).clamp(3, most)
        })
        .collect();
    let at_count = 4 + widths.iter().map(|width| width + 2).sum::<u16>();
    let count_width = 11;
    let at_bar = at_count + count_width + 8;
    let bar_width = (inner + 1).saturating_sub(at_bar).min(40);
    let greatest = counts.values.first().map_or(1, |(_, rows)| (*rows).max(1));
    let line = |values: Vec<(String, Role)>, rows: u64| {
        let mut cells: Vec<Cell> = Vec::new();
        let mut at = 4;
        for ((text, role), width) in values.into_iter().zip(&widths) {
            cells.push((at, *width, text, role));
            at += width + 2;
        }
        let number = grouped(rows);
        cells.push((
            at_count + count_width - (number.width() as u16).min(count_width),
            count_width,
            number,
            Role::Text,
        ));
        let part = rows.saturating_mul(1_000).checked_div(counts.rows.max(1)).unwrap_or(0);
        let percent =
            if part == 0 && rows > 0 { "<0.1%".to_owned() } else { format!("{}.{}%", part / 10, part % 10) };
        cells.push((at_count + count_width + 7 - percent.width() as u16, 7, percent, Role::Muted));
        let [full, _] = bar(rows.saturating_mul(1_000) / greatest, bar_width, theme);
        cells.push((at_bar + 1, bar_width, full.0, full.1));
        Entry { cells }
    };
    // Of very many those around the chosen one.
    let first = facets.chosen.saturating_sub(AROUND);
    let around = counts.values.iter().skip(first).take(2 * AROUND);
    let mut entries: Vec<_> =
        around.map(|(values, rows)| line(values.iter().map(shown).collect(), *rows)).collect();
    if counts.others > 0 && first + entries.len() == counts.values.len() {
        let mut others = vec![("others".to_owned(), Role::Absent)];
        others.resize(facets.fields.len(), (String::new(), Role::Absent));
        entries.push(line(others, counts.others));
    }
    let names: Vec<_> = facets.fields.iter().map(|field| escaped(&field.name).into_owned()).collect();
    let of = match counts.rows {
        1 => "1 row".to_owned(),
        rows => format!("{} rows", grouped(rows)),
    };
    let title = vec![(format!(" {} ", names.join(", ")), Role::Title), (format!("in {of} "), Role::Muted)];
    let mut right = Vec::new();
    if !facets.waiting.is_empty() {
        right.push((format!(" {} counting ", theme.glyph(Glyph::Busy)), Role::Warn));
    } else if !counts.values.is_empty() {
        let different = counts.values.len() as u64;
        let text = match different {
            _ if counts.others > 0 => format!(" the first {} values ", grouped(different)),
            1 => " 1 value ".to_owned(),
            _ => format!(" {} values ", grouped(different)),
        };
        right.push((text, Role::Muted));
    }
    let mut told = Vec::new();
    if counts.undecided > 0 {
        let reason =
            counts.remarks.first().map_or("what other tables say of them is not known", |first| first);
        let text = format!("{} rows undecided: {}", grouped(counts.undecided), escaped(reason));
        told.push((text, Role::Warn));
    }
    for gap in &facets.gaps {
        let (database, reason) = (label(&gap.database), escaped(&gap.reason));
        let text = match gap.partly {
            true => format!("not all of {} is counted: {reason}", escaped(&database)),
            false => format!("{} is not counted: {reason}", escaped(&database)),
        };
        told.push((text, Role::Danger));
    }
    if let (Some(query), true) = (model.current().and_then(|pane| pane.query()), told.is_empty()) {
        told.push((format!("among {}", escaped(query.text.trim())), Role::Muted));
    }
    let sheet = Sheet {
        title: [title, right],
        keys: &[("Enter", "adds it to the query"), ("/", "other fields"), ("Esc", "leaves")],
        typed: None,
        lines: entries.len().clamp(6, 20) as u16,
        chosen: (!counts.values.is_empty()).then_some(facets.chosen - first),
        entries,
        nothing: if facets.waiting.is_empty() {
            "nothing to count: no rows are listed"
        } else {
            "counting …"
        },
        told,
        width: WIDTH,
    };
    draw(frame, &sheet, theme);
}
