//! The screen of changes that were made, and one of them.
//!
//! ```text
//! ┌ History ──────────────────────────────────────────────────── /words ┐
//! │   ID  WHEN                 WHO    N  STATE         WHAT              │
//! │ ▸ #7  2026-11-22 12:00:05  op    12  done          unpin-zone        │
//! └ ⏎ shows it  u undoes it  U does it again  / filters  Esc back ── 1 ─┘
//! ```

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::dialog::role;
use super::pen::{Pen, Piece, wrapped};
use super::sheet::scrolled;
use crate::app::Model;
use crate::app::history::History;
use crate::app::history::detail::Detail;
use crate::app::history::text::{state, title, when};
use crate::app::words::grouped;
use crate::change::journal::ChangeRow;
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// Below the title, which names the environment.
fn area(screen: Rect) -> Rect {
    let top = u16::from(screen.height > 3);
    Rect { y: screen.y + top, height: screen.height - top, ..screen }
}

/// As many keys as there is room for, before what stands at the right.
pub fn keys(all: &[(&str, &str)], room: u16, theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut used = 0;
    for (key, what) in all {
        let key = if *key == "Enter" && !theme.ascii { "⏎" } else { key };
        let wide = (key.width() + what.width() + 3) as u16;
        if used + wide > room {
            break;
        }
        used += wide;
        pieces.extend([(format!(" {key}"), Role::Key), (format!(" {what} "), Role::Muted)]);
    }
    pieces
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, screen: &History, model: &Model, theme: &Theme) {
    let area = area(frame.area());
    match &screen.detail {
        Some(detail) => one(frame, area, detail, theme),
        None => list(frame, area, screen, model, theme),
    }
}

fn list(frame: &mut Frame<'_>, area: Rect, screen: &History, model: &Model, theme: &Theme) {
    let pages = &screen.pages;
    let (width, height) = (area.width, area.height);
    let room = usize::from(height.saturating_sub(3));
    let place = match pages.count() {
        0 => String::new(),
        count => {
            let at = pages.in_front() + pages.cursor() as u64 + 1;
            let more = if pages.has_more() { "+" } else { "" };
            format!(" {} of {}{more} ", grouped(at), grouped(pages.in_front() + count as u64))
        }
    };
    let shown = [
        ("Enter", "shows it"),
        ("u", "undoes it"),
        ("U", "does it again"),
        ("/", "filters"),
        ("r", "reads anew"),
        ("Esc", "back"),
    ];
    let foot = keys(&shown, width.saturating_sub(3 + place.width() as u16), theme);
    let filter = screen.filter.value();
    let mut typed = Vec::new();
    let mut cursor = None;
    if screen.typing || !filter.is_empty() {
        let (text, column) = scrolled(filter, screen.filter.cursor(), 30);
        typed.push((" /".to_owned(), Role::Key));
        // A column is kept for the cursor.
        let shown = if screen.typing { format!("{text}  ") } else { format!("{text} ") };
        let wide = shown.width() as u16;
        typed.push((shown, Role::Value));
        cursor = screen.typing.then(|| (width.saturating_sub(1 + wide) + column, 0));
    }
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let title = [(" History ".to_owned(), Role::Title)];
    pen.border(Role::FocusBorder, [&title, &typed, &foot, &[(place, Role::Muted)]]);
    let columns = Columns::of(pages.rows(), width);
    columns.heads(&mut pen);
    let first = (pages.cursor() + 1).saturating_sub(room.max(1));
    for (line, (at, row)) in (2..height.saturating_sub(1)).zip(pages.rows().enumerate().skip(first)) {
        columns.row(&mut pen, line, row, model, theme);
        if at == pages.cursor() {
            pen.text(1, line, 1, theme.glyph(Glyph::Cursor), Role::Title);
            pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
        }
    }
    if pages.count() == 0 {
        let text = match (&pages.error, pages.loaded, filter.is_empty()) {
            (Some(_), ..) => "",
            (None, false, _) => "reading …",
            (None, true, true) => "nothing was changed yet",
            (None, true, false) => "no change has these words; Esc shows all again",
        };
        pen.text(3, 2, width.saturating_sub(5), text, Role::Muted);
    }
    if let Some(error) = &pages.error {
        let lines = wrapped(&escaped(error), usize::from(width.saturating_sub(6)));
        let top = height.saturating_sub(1 + lines.len() as u16).max(2);
        for (line, text) in (top..height.saturating_sub(1)).zip(&lines) {
            pen.text(3, line, width.saturating_sub(5), text, Role::Danger);
        }
    }
    if let Some((x, y)) =
        cursor.map(|(x, y)| (area.x + x, area.y + y)).filter(|(x, y)| area.contains((*x, *y).into()))
    {
        frame.set_cursor_position(Position { x, y });
    }
}

/// The columns, each with its first one and its width; those without room are left out.
struct Columns {
    id: (u16, u16),
    when: (u16, u16),
    who: (u16, u16),
    number: (u16, u16),
    state: (u16, u16),
    environment: Option<(u16, u16)>,
    what: (u16, u16),
}

impl Columns {
    fn of<'a>(rows: impl Iterator<Item = &'a ChangeRow>, width: u16) -> Self {
        let wide = width >= 100;
        let (mut id, mut who, mut number, mut environment) = (3, 3, 1, 3);
        for row in rows {
            id = id.max(row.id.to_string().width() as u16);
            who = who.max(escaped(&row.who.operator).width() as u16);
            number = number.max(grouped(row.total).width() as u16);
            environment = environment.max(escaped(&row.environment).width() as u16);
        }
        let mut at = 3;
        let mut column = |width: u16| {
            let here = (at, width);
            at += width + 2;
            here
        };
        let id = column(id.min(9));
        // Of the date a narrow screen shows no year, and no seconds.
        let when = column(if wide { 19 } else { 11 });
        let who = column(who.min(if wide { 14 } else { 8 }));
        let number = column(number.min(9));
        let state = column(if wide { 18 } else { 14 });
        let environment = wide.then(|| column(environment.min(14)));
        let what = (at, width.saturating_sub(at + 2));
        Self { id, when, who, number, state, environment, what }
    }

    fn heads(&self, pen: &mut Pen<'_>) {
        let heads = [
            (Some(self.id), "ID"),
            (Some(self.when), "WHEN"),
            (Some(self.who), "WHO"),
            (Some(self.number), "N"),
            (Some(self.state), "STATE"),
            (self.environment, "ENVIRONMENT"),
            (Some(self.what), "WHAT"),
        ];
        for (column, head) in heads {
            if let Some((at, width)) = column {
                pen.text(at, 1, width, head, Role::Muted);
            }
        }
    }

    fn row(&self, pen: &mut Pen<'_>, line: u16, row: &ChangeRow, model: &Model, theme: &Theme) {
        let when = when(row);
        let when = if self.when.1 < 19 { when.get(5..16).unwrap_or(&when) } else { &when };
        let (state, tone) = state(row);
        let ours = row.environment == model.environment;
        let what = if row.is_undone() { Role::Muted } else { Role::Text };
        pen.text(self.id.0, line, self.id.1, &row.id.to_string(), Role::Label);
        pen.text(self.when.0, line, self.when.1, when, Role::Text);
        pen.text(self.who.0, line, self.who.1, &escaped(&row.who.operator), Role::Text);
        let number = grouped(row.total);
        let start = self.number.0 + self.number.1.saturating_sub(number.width() as u16);
        pen.text(start, line, self.number.1, &number, Role::Value);
        pen.text(self.state.0, line, self.state.1, &state, role(tone));
        if let Some((at, width)) = self.environment {
            let role = if ours { Role::Text } else { Role::Muted };
            pen.text(at, line, width, &escaped(&row.environment), role);
        }
        let mut title = title(row, self.what.1 < 60);
        if self.environment.is_none() && !ours {
            title = format!("{}: {title}", escaped(&row.environment));
        }
        if let Some(reason) = &row.reason {
            title.push_str(&format!(" {} {}", theme.glyph(Glyph::Dot), escaped(reason)));
        }
        pen.text(self.what.0, line, self.what.1, &title, what);
    }
}

fn one(frame: &mut Frame<'_>, area: Rect, detail: &Detail, theme: &Theme) {
    let (width, height) = (area.width, area.height);
    let inner = width.saturating_sub(4);
    let shown = [("u", "undoes it"), ("U", "does it again"), ("Up/Down", "scroll"), ("Esc", "back")];
    let (before, behind) = detail.more();
    let more = match (before, behind) {
        (false, false) => "",
        (true, false) => " more above ",
        (false, true) => " more below ",
        (true, true) => " more above and below ",
    };
    let foot = keys(&shown, width.saturating_sub(3 + more.width() as u16), theme);
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let title = [(format!(" Change {} ", detail.change.id), Role::Title)];
    pen.border(Role::FocusBorder, [&title, &[], &foot, &[(more.to_owned(), Role::Muted)]]);
    let head = if height < 20 { 2 } else { detail.head.len() };
    let mut line = 1;
    let fold = |text: &str| wrapped(text, usize::from(inner));
    for known in detail.head.iter().take(head) {
        for part in fold(&known.text).into_iter().take(2) {
            if line + 1 >= height {
                return;
            }
            pen.text(2, line, inner, &part, role(known.tone));
            line += 1;
        }
    }
    line += 1;
    if let Some(error) = &detail.error {
        pen.text(2, line, inner, &escaped(error), Role::Danger);
    } else if detail.lines.is_empty() {
        let text = if detail.is_waiting() { "reading …" } else { "nothing of it was begun" };
        pen.text(2, line, inner, text, Role::Muted);
    }
    for known in detail.lines.iter().skip(detail.scroll) {
        for part in fold(&known.text) {
            if line + 1 >= height {
                return;
            }
            pen.text(2, line, inner, &part, role(known.tone));
            line += 1;
        }
    }
}
