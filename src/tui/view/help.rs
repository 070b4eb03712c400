//! The help overlay.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pen::{Pen, wrapped};
use crate::app::command::Risk;
use crate::app::help::{HelpLine, Sign, lines};
use crate::tui::theme::{Glyph, Role, Theme};

/// Columns of the keys.
const KEYS: u16 = 16;

/// Draws it, from that line on.
pub fn draw(frame: &mut Frame<'_>, scroll: usize, theme: &Theme) {
    let screen = frame.area();
    let width = screen.width.saturating_sub(4).min(96);
    let height = screen.height.saturating_sub(2);
    let area = Rect { x: (screen.width - width) / 2, y: 1.min(screen.height), width, height };
    let all = lines();
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let last = (scroll + usize::from(height.saturating_sub(2))).min(all.len());
    let foot = format!(" {}–{last} of {} ", scroll + 1, all.len());
    let title = [(" Help ".to_owned(), Role::Title)];
    let hint = [(" Esc".to_owned(), Role::Key), (" closes ".to_owned(), Role::Muted)];
    pen.border(Role::FocusBorder, [&title, &hint, &[], &[(foot, Role::Muted)]]);
    let room = width.saturating_sub(KEYS + 5);
    for (line, entry) in (1..height.saturating_sub(1)).zip(all.iter().skip(scroll)) {
        match entry {
            HelpLine::Blank => {}
            HelpLine::Heading(text) => {
                pen.text(2, line, width.saturating_sub(4), text, Role::Title);
            }
            HelpLine::Command(command) => {
                let keys: Vec<_> = command.keys.iter().map(|key| key.shown()).collect();
                pen.text(3, line, KEYS, &keys.join("  "), Role::Key);
                let role = if command.risk == Risk::None { Role::Text } else { Role::Warn };
                let mark = match command.risk {
                    Risk::None => "",
                    Risk::Writes => " (writes)",
                    Risk::Removes => " (writes, removes)",
                };
                let doc = wrapped(command.doc, usize::MAX).concat();
                let end = pen.text(KEYS + 3, line, room, &doc, Role::Text);
                pen.text(end, line, (KEYS + 3 + room).saturating_sub(end), mark, role);
            }
            HelpLine::Sign(sign, meaning) => {
                let (text, role) = match sign {
                    Sign::Letter(letter) => (letter.to_string(), Role::Label),
                    Sign::Equal => (theme.glyph(Glyph::Equal).to_owned(), Role::Good),
                    Sign::Different => (theme.glyph(Glyph::Different).to_owned(), Role::Warn),
                    Sign::Missing => (theme.glyph(Glyph::Missing).to_owned(), Role::Absent),
                    Sign::Broken => (theme.glyph(Glyph::Broken).to_owned(), Role::Danger),
                    Sign::Up => (theme.glyph(Glyph::Up).to_owned(), Role::Good),
                    Sign::Down => (theme.glyph(Glyph::Down).to_owned(), Role::Danger),
                };
                pen.text(3, line, KEYS, &text, role);
                pen.text(KEYS + 3, line, room, meaning, Role::Text);
            }
        }
    }
}
