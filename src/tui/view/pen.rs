//! Draws text, boxes and wrapped lines, clipped to what is there. Whatever text comes from a
//! database must be escaped before it comes here; control characters are dropped all the same.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::tui::theme::{Role, Theme};

use super::lines::plain;

/// A piece of text and what it means.
pub type Piece = (String, Role);

/// Writes into a rectangle of the screen.
pub struct Pen<'a> {
    /// Where it may write.
    pub area: Rect,
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Pen<'a> {
    /// A pen for that rectangle, clipped to the screen.
    pub fn new(frame: &'a mut Frame<'_>, area: Rect, theme: &'a Theme) -> Self {
        let area = area.intersection(frame.area());
        Self { area, buffer: frame.buffer_mut(), theme }
    }

    /// Writes `text` at a line and column of the rectangle, at most so many columns. Gives the
    /// column after it.
    pub fn text(&mut self, column: u16, line: u16, most: u16, text: &str, role: Role) -> u16 {
        let style = self.theme.style(role);
        self.styled(column, line, most, text, style)
    }

    /// The same with a style.
    pub fn styled(&mut self, column: u16, line: u16, most: u16, text: &str, style: Style) -> u16 {
        if line >= self.area.height || column >= self.area.width {
            return column;
        }
        let most = most.min(self.area.width - column);
        let text = fitted(&plain(text, self.theme), usize::from(most), self.theme);
        let (x, _) = self.buffer.set_stringn(
            self.area.x + column,
            self.area.y + line,
            &text,
            usize::from(most),
            style,
        );
        x - self.area.x
    }

    /// Writes pieces one after the other. Gives the column after them.
    pub fn pieces(&mut self, column: u16, line: u16, most: u16, pieces: &[Piece]) -> u16 {
        let end = column.saturating_add(most);
        let mut at = column;
        for (text, role) in pieces {
            at = self.text(at, line, end.saturating_sub(at), text, *role);
        }
        at
    }

    /// Adds a style to a stretch of a line.
    pub fn restyle(&mut self, column: u16, line: u16, width: u16, style: Style) {
        let wanted = Rect {
            x: self.area.x.saturating_add(column),
            y: self.area.y.saturating_add(line),
            width,
            height: 1,
        };
        self.buffer.set_style(wanted.intersection(self.area), style);
    }

    /// Empties the rectangle.
    pub fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A border around the rectangle, with pieces in its top and bottom line, left and right.
    pub fn border(&mut self, role: Role, corners: [&[Piece]; 4]) {
        let (width, height) = (self.area.width, self.area.height);
        if width < 2 || height < 2 {
            return;
        }
        let [corner_a, corner_b, corner_c, corner_d, across, down] = if self.theme.ascii {
            ["+", "+", "+", "+", "-", "|"]
        } else {
            ["┌", "┐", "└", "┘", "─", "│"]
        };
        let line = across.repeat(usize::from(width - 2));
        for (y, left, right) in [(0, corner_a, corner_b), (height - 1, corner_c, corner_d)] {
            self.text(0, y, 1, left, role);
            self.text(1, y, width - 2, &line, role);
            self.text(width - 1, y, 1, right, role);
        }
        for y in 1..height - 1 {
            self.text(0, y, 1, down, role);
            self.text(width - 1, y, 1, down, role);
        }
        for (y, left, right) in [(0, corners[0], corners[1]), (height - 1, corners[2], corners[3])] {
            // The right one is left out where both do not fit.
            let room = width.saturating_sub(2);
            let wide = |pieces: &[Piece]| pieces.iter().map(|(text, _)| text.width() as u16).sum::<u16>();
            let end = self.pieces(1, y, room, left);
            let rest = (width - 1).saturating_sub(end);
            if wide(right) < rest {
                self.pieces(width - 1 - wide(right), y, wide(right), right);
            }
        }
    }
}

/// The text in at most so many columns, an ellipsis where something is missing.
pub fn fitted(text: &str, most: usize, theme: &Theme) -> String {
    let clean = |text: &str| text.chars().filter(|character| !character.is_control()).collect::<String>();
    if text.width() <= most {
        return clean(text);
    }
    let ellipsis = theme.glyph(crate::tui::theme::Glyph::Ellipsis);
    let mut out = String::new();
    let mut used = ellipsis.width();
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > most {
            break;
        }
        out.push(character);
    }
    if most >= ellipsis.width() {
        out.push_str(ellipsis);
    }
    clean(&out)
}

/// The text in lines of at most so many columns, broken at spaces where that is possible; further
/// lines are indented as the first one.
pub fn wrapped(text: &str, most: usize) -> Vec<String> {
    if text.width() <= most || most == 0 {
        return vec![text.to_owned()];
    }
    let indent: String = text.chars().take_while(|character| *character == ' ').take(most / 2).collect();
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if line.width() + word.trim_end().width() <= most {
            line.push_str(word);
            continue;
        }
        if !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            line = indent.clone();
        }
        for character in word.chars() {
            if line.width() + character.width().unwrap_or(0) > most {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            }
            line.push(character);
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("abc", 3, "abc")]
    #[case("abcd", 3, "ab…")]
    #[case("日本語", 5, "日本…")]
    #[case("abc", 0, "")]
    fn long_texts_are_cut(#[case] text: &str, #[case] most: usize, #[case] expected: &str) {
        assert_eq!(fitted(text, most, &Theme::default()), expected);
    }

    #[test]
    fn lines_are_broken_at_spaces_and_never_too_long() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("  abcdefghij", 6), ["  abcd", "  efgh", "  ij"]);
        for most in 1..20 {
            assert!(wrapped("- a very long line of words", most).iter().all(|line| line.width() <= most));
        }
    }
}
