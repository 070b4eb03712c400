//! A box over the screen with a line to type in, a list with a chosen line, and what there is to say:
//! the choices of orders, columns, values, queries and files look alike.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::dialog::{SLIVER_COLUMNS, sized};
use super::pen::{Pen, Piece, wrapped};
use crate::spec::text::escaped;
use crate::tui::theme::{Glyph, Role, Theme};

/// A line to type in.
pub struct Typed<'a> {
    /// What stands before it.
    pub sign: &'a str,
    /// What is typed.
    pub text: &'a str,
    /// Characters before the cursor; None where keys do not go to it.
    pub cursor: Option<usize>,
    /// What stands there while nothing is typed.
    pub hint: &'a str,
}

/// A cell of a line: its column, its width at most, its text and what that means.
pub type Cell = (u16, u16, String, Role);

/// A line of the list.
#[derive(Default)]
pub struct Entry {
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// The box.
pub struct Sheet<'a> {
    /// Its title, and what stands at the upper right.
    pub title: [Vec<Piece>; 2],
    /// Keys and what they do, the most important first.
    pub keys: &'a [(&'a str, &'a str)],
    /// The line to type in.
    pub typed: Option<Typed<'a>>,
    /// The list.
    pub entries: Vec<Entry>,
    /// Its chosen line.
    pub chosen: Option<usize>,
    /// What is said where the list is empty.
    pub nothing: &'a str,
    /// What is said below.
    pub told: Vec<(String, Role)>,
    /// Columns, if there is room for them.
    pub width: u16,
    /// Lines of the list, if there is room for them.
    pub lines: u16,
}

/// How wide a sheet is on that screen.
pub fn room(frame: &Frame<'_>, wanted: u16) -> u16 {
    sized(wanted, frame.area().width, SLIVER_COLUMNS, false).saturating_sub(4)
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, sheet: &Sheet<'_>, theme: &Theme) {
    let screen = frame.area();
    let width = sized(sheet.width, screen.width, SLIVER_COLUMNS, false);
    let inner = width.saturating_sub(4);
    let mut told: Vec<Piece> = sheet
        .told
        .iter()
        .flat_map(|(text, role)| wrapped(text, usize::from(inner)).into_iter().map(|line| (line, *role)))
        .collect();
    told.truncate(usize::from(screen.height / 3).max(1));
    let head = 2 * u16::from(sheet.typed.is_some());
    let below = if told.is_empty() { 0 } else { told.len() as u16 + 1 };
    let wanted = 2 + head + sheet.lines.max(1) + below;
    let height = wanted.min(screen.height.saturating_sub(2).max(5)).min(screen.height);
    let area = Rect {
        x: screen.width.saturating_sub(width) / 2,
        y: screen.height.saturating_sub(height) / 3,
        width,
        height,
    };
    let mut cursor = None;
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        let keys = keys(sheet.keys, inner, theme);
        pen.border(Role::FocusBorder, [&sheet.title[0], &sheet.title[1], &[], &keys]);
        if let Some(typed) = &sheet.typed {
            cursor = draw_typed(&mut pen, typed, inner).map(|at| Position { x: area.x + at, y: area.y + 1 });
        }
        let top = 1 + head.min(height.saturating_sub(3));
        let room = height.saturating_sub(1 + top + below).max(u16::from(height > top + 1));
        if sheet.entries.is_empty() {
            pen.text(4, top, inner.saturating_sub(2), sheet.nothing, Role::Muted);
        }
        list(&mut pen, sheet, (top, room), theme);
        let first = top + room + 1;
        for (line, (text, role)) in (first..height.saturating_sub(1)).zip(&told) {
            pen.text(2, line, inner, text, *role);
        }
    }
    if let Some(cursor) = cursor.filter(|at| area.contains(*at) && screen.contains(*at)) {
        frame.set_cursor_position(cursor);
    }
}

/// As many of the keys as there is room for.
fn keys(all: &[(&str, &str)], room: u16, theme: &Theme) -> Vec<Piece> {
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

/// Draws the line to type in; gives the column of its cursor.
fn draw_typed(pen: &mut Pen<'_>, typed: &Typed<'_>, inner: u16) -> Option<u16> {
    let at = pen.text(2, 1, inner, typed.sign, Role::Key) + 1;
    let room = (inner + 2).saturating_sub(at);
    if typed.text.is_empty() {
        pen.text(at, 1, room, typed.hint, Role::Absent);
        return typed.cursor.map(|_| at);
    }
    let (shown, column) = scrolled(typed.text, typed.cursor.unwrap_or(0), usize::from(room));
    pen.text(at, 1, room, &shown, Role::Value);
    typed.cursor.map(|_| at + column)
}

/// The part of a typed text that a line of so many columns shows, escaped, and the column of the
/// cursor (a number of characters) in it.
pub fn scrolled(text: &str, cursor: usize, room: usize) -> (String, u16) {
    let before: String = text.chars().take(cursor).collect();
    let after: String = text.chars().skip(cursor).collect();
    let (before, after) = (escaped(&before).into_owned(), escaped(&after).into_owned());
    // A column is left for the cursor behind the last character.
    let most = room.saturating_sub(1);
    let mut used = 0;
    let mut start = before.len();
    for (at, character) in before.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > most {
            break;
        }
        start = at;
    }
    let kept = &before[start..];
    let column = kept.width() as u16;
    let mut shown = kept.to_owned();
    let mut used = kept.width();
    for character in after.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        shown.push(character);
    }
    (shown, column)
}

fn list(pen: &mut Pen<'_>, sheet: &Sheet<'_>, (top, room): (u16, u16), theme: &Theme) {
    let rows = usize::from(room);
    let first = sheet.chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(rows));
    let width = pen.area.width;
    for (line, (at, entry)) in (top..top + room).zip(sheet.entries.iter().enumerate().skip(first)) {
        for (column, most, text, role) in &entry.cells {
            let room = width.saturating_sub(2 + column).min(*most);
            pen.text(*column, line, room, text, *role);
        }
        if sheet.chosen == Some(at) {
            pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
            pen.styled(2, line, 1, theme.glyph(Glyph::Cursor), theme.style(Role::Selected));
        }
    }
}

/// A bar of so many columns, so much of 1,000 of it full: its two parts.
pub fn bar(part: u64, width: u16, theme: &Theme) -> [Piece; 2] {
    let full = (u64::from(width) * part.min(1_000)).div_ceil(1_000) as usize;
    let (full_sign, empty_sign) = (theme.glyph(Glyph::Full), theme.glyph(Glyph::Empty));
    let rest = usize::from(width) - full.min(usize::from(width));
    [(full_sign.repeat(full), Role::Title), (empty_sign.repeat(rest), Role::Border)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("az=az1", 6, 20, "az=az1", 6)]
    #[case("abcdefghij", 10, 5, "ghij", 4)]
    #[case("abcdefghij", 0, 5, "abcde", 0)]
    #[case("abcdefghij", 5, 5, "bcdef", 4)]
    #[case("日本語", 3, 4, "語", 2)]
    #[case("", 0, 0, "", 0)]
    fn the_cursor_is_always_in_sight(
        #[case] text: &str,
        #[case] cursor: usize,
        #[case] room: usize,
        #[case] shown: &str,
        #[case] column: u16,
    ) {
        assert_eq!(scrolled(text, cursor, room), (shown.to_owned(), column));
    }

    #[test]
    fn bars_are_as_wide_as_asked() {
        for (part, width) in [(0, 10), (1, 10), (500, 10), (1_000, 10), (5_000, 3), (10, 0)] {
            let [full, empty] = bar(part, width, &Theme::default());
            assert_eq!(full.0.width() + empty.0.width(), usize::from(width));
        }
        assert_eq!(bar(1, 10, &Theme::default())[0].0, "━", "something is more than nothing");
    }
}
