//! The commands by name, and what those with something behind them read.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::pen::{Pen, wrapped};
use super::sheet::scrolled;
use crate::app::Model;
use crate::app::palette::{Act, Entry, Palette, VERBS};
use crate::spec::text::escaped;
use crate::tui::theme::{Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, palette: &Palette, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let width = screen.width.saturating_sub(4).min(76);
    let inner = width.saturating_sub(6);
    let entries = palette.entries();
    let usage = palette.verb().map(|verb| (verb.usage, verb.doc));
    let below = u16::from(usage.is_some());
    let wanted = match &entries[..] {
        // No taller than its text.
        [Entry::Problem(reason)] => 4 + below + wrapped(&escaped(reason), usize::from(inner)).len() as u16,
        _ => 18,
    };
    let height = screen.height.saturating_sub(2).min(18);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: (screen.height - height) / 4,
        width,
        height: height.min(wanted),
    };
    let height = area.height;
    let (shown, column) = scrolled(palette.input.value(), palette.input.cursor(), usize::from(inner));
    let cursor = Position { x: area.x + 4 + column, y: area.y + 1 };
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        pen.border(Role::FocusBorder, [&[(" Commands ".to_owned(), Role::Title)], &[], &[], &[]]);
        pen.text(2, 1, 1, ":", Role::Key);
        pen.text(4, 1, inner, &shown, Role::Value);
        let room = usize::from(height.saturating_sub(4 + below));
        let first = (palette.chosen + 1).saturating_sub(room.max(1));
        for (line, (at, entry)) in (3..).zip(entries.iter().enumerate().skip(first).take(room)) {
            let chosen = at == palette.chosen;
            match entry {
                Entry::Problem(reason) => {
                    for (line, text) in
                        (line..height.saturating_sub(1)).zip(wrapped(&escaped(reason), usize::from(inner)))
                    {
                        pen.text(4, line, inner, &text, Role::Danger);
                    }
                }
                Entry::Act(act) => {
                    pen.text(4, line, 26, told(act), Role::Label);
                    pen.text(31, line, width.saturating_sub(33), &about(act), Role::Value);
                }
                Entry::Command(command) => {
                    let available = (command.available)(model).is_ok();
                    let keys = command.keys.first().map(|key| key.shown()).unwrap_or_default();
                    let roles =
                        if available { (Role::Value, Role::Muted) } else { (Role::Absent, Role::Absent) };
                    pen.text(4, line, 16, command.name, roles.0);
                    pen.text(21, line, 9, &keys, Role::Key);
                    pen.text(31, line, width.saturating_sub(33), command.doc, roles.1);
                }
            }
            if chosen && !matches!(entry, Entry::Problem(_)) {
                pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
            }
        }
        if let Some((usage, doc)) = usage {
            let end = pen.text(4, height.saturating_sub(2), inner, usage, Role::Key);
            pen.text(end + 2, height.saturating_sub(2), (inner + 2).saturating_sub(end), doc, Role::Muted);
        } else if palette.input.value().is_empty() {
            let words: Vec<_> = VERBS.iter().map(|verb| verb.name).collect();
            let text = format!(" with more behind: {} ", words.join(", "));
            pen.text(2, height.saturating_sub(1), width.saturating_sub(4), &text, Role::Muted);
        }
    }
    if area.contains(cursor) && screen.contains(cursor) {
        frame.set_cursor_position(cursor);
    }
}

/// What Enter does, in a few words.
fn told(act: &Act) -> &'static str {
    match act {
        Act::Facet(_) => "count the values of",
        Act::Sort(order) if order.descending => "sort, the greatest first, by",
        Act::Sort(_) => "sort, the least first, by",
        Act::Columns(None) => "show the columns that fit",
        Act::Columns(_) => "show the columns",
        Act::Export(_) => "write the rows to",
        Act::Keep(_) => "keep the query as",
        Act::Where(_) => "run as a query",
        Act::Refresh(None) => "read anew on r only",
        Act::Refresh(_) => "read anew every",
        Act::Repair(_) => "repair what is marked, or selected, by",
    }
}

/// What it is about.
fn about(act: &Act) -> String {
    let names = |fields: &[crate::query::Field]| {
        fields.iter().map(|field| escaped(&field.name).into_owned()).collect::<Vec<_>>().join(", ")
    };
    match act {
        Act::Facet(fields) => names(fields),
        Act::Sort(order) => escaped(&order.field.name).into_owned(),
        Act::Columns(columns) => columns.as_deref().map(names).unwrap_or_default(),
        Act::Export(text) | Act::Keep(text) | Act::Where(text) => escaped(text).into_owned(),
        Act::Repair(repair) => escaped(&repair.to_string()).into_owned(),
        Act::Refresh(every) => every.map(|seconds| format!("{seconds} s")).unwrap_or_default(),
    }
}
