//! The counts of values: each value with its rows, their part of all, and a bar.

use ratatui::Frame;
use unicode_width::UnicodeWidthStr;

use super::pen::fitted;
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
/// Columns of a part of all, ` 100.0%` and the space before it.
const PART: u16 = 8;
/// The narrowest bar that says something.
const LEAST_BAR: u16 = 6;

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

/// A part of all, in percent, rounded.
fn percent(rows: u64, all: u64) -> String {
    let all = u128::from(all.max(1));
    let tenths = (u128::from(rows) * 2_000 + all) / (2 * all);
    match tenths {
        0 if rows > 0 => "<0.1%".to_owned(),
        1_000 if u128::from(rows) < all => ">99.9%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// Widths of columns, two between them, within so much room: the widest give way first.
fn shared(wanted: &[u16], room: u16) -> Vec<u16> {
    let room = room.saturating_sub(2 * wanted.len() as u16);
    let fits =
        |most: u16| wanted.iter().map(|width| u32::from((*width).min(most))).sum::<u32>() <= u32::from(room);
    let most = (3..=room).rev().find(|most| fits(*most)).unwrap_or(3);
    wanted.iter().map(|width| (*width).min(most)).collect()
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
    // Widths by content. Where that is much, first the bar goes, then the part, and values are cut last.
    let wanted: Vec<u16> = (0..facets.fields.len())
        .map(|at| {
            let values = counts.values.iter().take(500).filter_map(|(values, _)| values.get(at));
            let widest = values.map(|value| shown(value).0.width()).max().unwrap_or(0);
            widest.max(head(&facets.fields[at]).width()).clamp(3, usize::from(u16::MAX / 8)) as u16
        })
        .collect();
    let numbers = counts.values.iter().map(|(_, rows)| *rows).chain([counts.others]);
    let count_width = numbers.map(|rows| grouped(rows).width() as u16).max().unwrap_or(1).max(4);
    let all: u16 = wanted.iter().fold(0, |all, width| all.saturating_add(width + 2));
    let has_part = all.saturating_add(2 + count_width + PART) <= inner;
    let rest = inner.saturating_sub(2 + count_width + if has_part { PART } else { 0 });
    let widths = shared(&wanted, rest);
    let at_count = 4 + widths.iter().map(|width| width + 2).sum::<u16>();
    let at_bar = at_count + count_width + PART;
    let bar_width = (inner + 1).saturating_sub(at_bar).min(40);
    let bar_width = if has_part && bar_width >= LEAST_BAR { bar_width } else { 0 };
    let greatest = counts.values.first().map_or(1, |(_, rows)| (*rows).max(1));
    let line = |values: Vec<(String, Role)>, rows: u64| {
        let mut cells: Vec<Cell> = Vec::new();
        let mut at = 4;
        for ((text, role), width) in values.into_iter().zip(&widths) {
            cells.push((at, *width, fitted(&text, usize::from(*width), theme), role));
            at += width + 2;
        }
        let number = grouped(rows);
        cells.push((
            at_count + count_width - (number.width() as u16).min(count_width),
            count_width,
            number,
            Role::Text,
        ));
        if has_part {
            let percent = percent(rows, counts.rows);
            cells.push((at_bar - 1 - percent.width() as u16, PART, percent, Role::Muted));
        }
        if bar_width > 0 {
            let [full, _] = bar(rows.saturating_mul(1_000) / greatest, bar_width, theme);
            cells.push((at_bar + 1, bar_width, full.0, full.1));
        }
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
    let place = match &facets.databases[..] {
        [one] => label(one),
        several => format!("{} cells", several.len()),
    };
    let title = vec![
        (format!(" {} ", names.join(", ")), Role::Title),
        (format!("in {of} of {} ", escaped(&place)), Role::Muted),
    ];
    let mut right = Vec::new();
    if !facets.waiting.is_empty() {
        right.push((format!(" {} counting ", theme.glyph(Glyph::Busy)), Role::Warn));
    } else if !counts.values.is_empty() {
        let different = counts.values.len() as u64;
        let text =
            if different == 1 { " 1 value ".to_owned() } else { format!(" {} values ", grouped(different)) };
        right.push((text, Role::Muted));
    }
    let mut told = Vec::new();
    if let Some(reason) = &facets.refused {
        told.push((escaped(reason).into_owned(), Role::Danger));
    }
    // What is cut stands below in whole.
    if let Some((values, _)) = counts.values.get(facets.chosen) {
        let cut = |(value, width): &(&Option<_>, &u16)| shown(value).0.width() > usize::from(**width);
        told.extend(values.iter().zip(&widths).filter(cut).map(|(value, _)| shown(value)));
    }
    if counts.undecided > 0 {
        let text = format!(
            "{} rows undecided: what other tables say of them is not known",
            grouped(counts.undecided)
        );
        told.push((text, Role::Warn));
    }
    for (database, reason) in &facets.failures {
        told.push((
            format!("{} is not counted: {}", escaped(&label(database)), escaped(reason)),
            Role::Danger,
        ));
    }
    if let Some(query) = model.current().and_then(|pane| pane.query()) {
        let among = format!("among {}", escaped(query.text.trim()));
        told.push((fitted(&among, usize::from(inner), theme), Role::Muted));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(2, 3, "66.7%")]
    #[case(1, 3, "33.3%")]
    #[case(16, 49, "32.7%")]
    #[case(1, 1_000_000, "<0.1%")]
    #[case(999_999, 1_000_000, ">99.9%")]
    #[case(5, 5, "100.0%")]
    #[case(0, 5, "0.0%")]
    #[case(u64::MAX, u64::MAX, "100.0%")]
    fn parts_are_rounded(#[case] rows: u64, #[case] all: u64, #[case] expected: &str) {
        assert_eq!(percent(rows, all), expected);
    }

    #[rstest::rstest]
    #[case(&[10, 10], 30, &[10, 10])]
    #[case(&[3, 40], 30, &[3, 23])]
    #[case(&[40, 40], 30, &[13, 13])]
    #[case(&[40], 2, &[3])]
    fn the_widest_column_gives_way(#[case] wanted: &[u16], #[case] room: u16, #[case] expected: &[u16]) {
        assert_eq!(shared(wanted, room), expected);
    }
}
