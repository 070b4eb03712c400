//! What lies over the screen of a change of many specs before its confirm step: the edits, the choice
//! of a repair and of a destination, and the bar while work is under way.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, Piece, wrapped};
use super::sheet::{self, Entry, Sheet, Typed};
use crate::app::Model;
use crate::app::bulk::destination::DestinationPicker;
use crate::app::bulk::edits::EditLines;
use crate::app::bulk::repairs::{RepairPicker, about};
use crate::app::bulk::whom;
use crate::app::bulk::work::{Kind, Work, duration};
use crate::app::database::label;
use crate::app::words::grouped;
use crate::change::{Destination, Repair, Whom};
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// So many suggestions before and behind the chosen one are drawn.
const AROUND: usize = 200;

fn title(text: &str, of: &Whom) -> [Vec<Piece>; 2] {
    [vec![(format!(" {text} "), Role::Title)], vec![(format!(" {} ", whom(of)), Role::Warn)]]
}

/// Draws the editor of edits.
pub fn edits(frame: &mut Frame<'_>, lines: &EditLines, of: &Whom, theme: &Theme) {
    let matches = lines.prompt.matches();
    let entries: Vec<_> = matches.iter().take(AROUND).collect();
    let name =
        entries.iter().map(|known| escaped(&known.value).width() as u16).max().unwrap_or(8).clamp(8, 44);
    let entries = entries.into_iter().map(|known| Entry {
        cells: vec![
            (4, name, escaped(&known.value).into_owned(), Role::Value),
            (6 + name, 80, known.help.clone(), Role::Muted),
        ],
    });
    let mut told: Vec<Piece> = lines
        .lines()
        .map(|line| (format!("{} {}", theme.glyph(Glyph::Dot), escaped(line)), Role::Value))
        .collect();
    if let Some(error) = &lines.error {
        told.push((format!("{} {}", theme.glyph(Glyph::Broken), escaped(error)), Role::Danger));
        if lines.insists() {
            told.push((
                "the selected spec refuses it; Enter again takes it for the others".to_owned(),
                Role::Muted,
            ));
        }
    }
    let empty = lines.prompt.typed().is_empty();
    let keys: &[(&str, &str)] = match (empty, lines.lines().next().is_some()) {
        (true, true) => &[("Enter", "makes the plan"), ("Backspace", "changes the last"), ("Esc", "leaves")],
        (true, false) => &[("Tab", "completes"), ("Esc", "leaves")],
        (false, _) => &[("Enter", "takes the line"), ("Tab", "completes"), ("Esc", "leaves")],
    };
    let sheet = Sheet {
        title: title("Edit many", of),
        keys,
        typed: Some(Typed {
            sign: theme.glyph(Glyph::Cursor),
            text: lines.prompt.typed(),
            cursor: Some(lines.prompt.input().cursor()),
            hint: "PATH=VALUE, PATH:=JSON or clear PATH; one after the other",
        }),
        lines: entries.len().clamp(1, 8) as u16,
        entries: entries.collect(),
        chosen: lines.prompt.chosen(),
        nothing: "",
        told,
        width: 100,
    };
    sheet::draw(frame, &sheet, theme);
}

/// Draws the choice of a repair.
pub fn repairs(frame: &mut Frame<'_>, picker: &RepairPicker, of: &Whom, theme: &Theme) {
    let matches = picker.matches();
    let name = Repair::NAMES.iter().map(|name| Repair::usage(name).width() as u16).max().unwrap_or(8);
    let entries: Vec<_> = matches
        .iter()
        .map(|known| Entry {
            cells: vec![
                (4, name, Repair::usage(known).to_owned(), Role::Value),
                (6 + name, 80, about(known).to_owned(), Role::Muted),
            ],
        })
        .collect();
    let sheet = Sheet {
        title: title("Repair", of),
        keys: &[("Enter", "makes the plan"), ("Tab", "takes the name"), ("Esc", "leaves")],
        typed: Some(Typed {
            sign: "x",
            text: picker.input.value(),
            cursor: Some(picker.input.cursor()),
            hint: "type to narrow; what a repair takes stands behind its name",
        }),
        lines: entries.len().clamp(1, Repair::NAMES.len()) as u16,
        entries,
        chosen: Some(picker.chosen),
        nothing: "no repair has this in its name",
        told: picker.error.iter().map(|error| (escaped(error).into_owned(), Role::Danger)).collect(),
        width: 92,
    };
    sheet::draw(frame, &sheet, theme);
}

/// Draws the choice of a destination.
pub fn destination(frame: &mut Frame<'_>, picker: &DestinationPicker, of: &Whom, theme: &Theme) {
    let entries: Vec<_> = picker
        .choices
        .iter()
        .map(|choice| {
            let (name, help) = match choice {
                Destination::Database(name) => (escaped(&label(name)).into_owned(), ""),
                Destination::MappedCell => {
                    ("the mapped cell".to_owned(), "where instance_mappings says that each instance is")
                }
            };
            Entry { cells: vec![(4, 24, name, Role::Value), (30, 60, help.to_owned(), Role::Muted)] }
        })
        .collect();
    let sheet = Sheet {
        title: title("Move many to", of),
        keys: &[("Enter", "makes the plan"), ("Esc", "leaves")],
        typed: None,
        lines: entries.len().clamp(1, 14) as u16,
        entries,
        chosen: Some(picker.chosen),
        nothing: "",
        told: Vec::new(),
        width: 84,
    };
    sheet::draw(frame, &sheet, theme);
}

/// Draws the bar of work that is under way.
pub fn work(frame: &mut Frame<'_>, work: &Work, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let width = 72.min(screen.width);
    let inner = width.saturating_sub(4);
    let title = match work.kind {
        Kind::Planning => " Planning ",
        Kind::Applying => " Applying ",
        Kind::Recovering => " Recovering ",
    };
    let mut lines: Vec<Vec<Piece>> = wrapped(&work.title, usize::from(inner))
        .into_iter()
        .take(3)
        .map(|line| vec![(line, Role::Text)])
        .collect();
    lines.push(Vec::new());
    if let Some(part) = work.part() {
        let percent = format!(" {:>3}%", part / 10);
        let room = inner.saturating_sub(percent.width() as u16);
        let mut bar = sheet::bar(part, room, theme).to_vec();
        bar.push((percent, Role::Text));
        lines.push(bar);
    }
    lines.push(vec![(counts(work), Role::Text)]);
    lines.push(speed(work, model.now));
    if work.asking.is_some() {
        lines.push(Vec::new());
        lines.push(vec![(
            "Stop after the present record? What is done stays done; u takes it back.".to_owned(),
            Role::Warn,
        )]);
    }
    let buttons = u16::from(work.asking.is_some());
    let height = (lines.len() as u16 + 2 + buttons).min(screen.height);
    let area = Rect {
        x: screen.width.saturating_sub(width) / 2,
        y: screen.height.saturating_sub(height) / 2,
        width,
        height,
    };
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let foot: &[Piece] = match (&work.asking, work.stopping) {
        (Some(_), _) => &[],
        (None, true) => &[(" stopping … ".to_owned(), Role::Warn)],
        (None, false) => &[(" Esc".to_owned(), Role::Key), (" stops it ".to_owned(), Role::Muted)],
    };
    let border = if work.kind == Kind::Planning { Role::FocusBorder } else { Role::Warn };
    pen.border(border, [&[(title.to_owned(), Role::Title)], &[], &[], foot]);
    for (line, pieces) in (1..height.saturating_sub(1)).zip(&lines) {
        pen.pieces(2, line, inner, pieces);
    }
    if let Some(buttons) = &work.asking {
        let total: u16 = buttons.labels.iter().map(|label| label.width() as u16 + 6).sum();
        let mut at = width.saturating_sub(total).max(1);
        for (index, label) in buttons.labels.iter().enumerate() {
            let chosen = index == buttons.chosen;
            let text = if chosen { format!("[ {label} ]") } else { format!("  {label}  ") };
            let role = if chosen { Role::Active } else { Role::Text };
            at = pen.text(at, height.saturating_sub(2), width.saturating_sub(at + 1), &text, role) + 2;
        }
    }
}

/// How far it is, in numbers.
fn counts(work: &Work) -> String {
    let progress = &work.progress;
    let of = progress.total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
    let passed = grouped(progress.passed);
    let mut text = match work.kind {
        Kind::Planning => format!("{passed}{of} rows looked at, {} planned", grouped(progress.done)),
        Kind::Applying | Kind::Recovering => format!("{passed}{of}, {} done", grouped(progress.done)),
    };
    for (count, what) in [(progress.conflicts, "left alone"), (progress.failed, "failed")] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", grouped(count)));
        }
    }
    text
}

/// How fast it is, and how long it takes yet.
fn speed(work: &Work, now: i64) -> Vec<Piece> {
    let mut text = duration(u64::try_from(now - work.since).unwrap_or(0));
    if let Some(rate) = work.rate(now) {
        text.push_str(&format!(" · {}/s", grouped(rate as u64)));
    }
    if let Some(remaining) = work.remaining(now).filter(|remaining| *remaining > 0) {
        text.push_str(&format!(" · {} to go", duration(remaining)));
    }
    vec![(text, Role::Muted)]
}
