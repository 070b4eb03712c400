//! The help overlay.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::dialog::{SLIVER_COLUMNS, sized};
use super::pen::{Pen, wrapped};
use crate::app::command::Risk;
use crate::app::help::{HelpLine, Sign, lines};
use crate::tui::theme::{Glyph, Role, Theme};

/// Columns of the keys.
const KEYS: u16 = 16;

/// Draws it, from that line on.
pub fn draw(frame: &mut Frame<'_>, scroll: usize, theme: &Theme) {
    let screen = frame.area();
    let width = sized(100, screen.width, SLIVER_COLUMNS, false);
    let height = screen.height.saturating_sub(2);
    let area = Rect { x: (screen.width - width) / 2, y: 1.min(screen.height), width, height };
    let all = lines();
    let mut pen = Pen::new(frame, area, theme);
    pen.clear();
    let foot = format!(" {} of {} · Up/Down scroll ", scroll + 1, all.len());
    let title = [(" Help ".to_owned(), Role::Title)];
    let hint = [(" Esc".to_owned(), Role::Key), (" closes ".to_owned(), Role::Muted)];
    pen.border(Role::FocusBorder, [&title, &hint, &[], &[(foot, Role::Muted)]]);
    let room = width.saturating_sub(KEYS + 5);
    let mut line = 1;
    for entry in all.iter().skip(scroll) {
        if line + 1 >= height {
            break;
        }
        line += draw_entry(&mut pen, line, entry, room, theme);
    }
}

/// Draws an entry; gives how many lines it took.
fn draw_entry(pen: &mut Pen<'_>, line: u16, entry: &HelpLine, room: u16, theme: &Theme) -> u16 {
    let lowest = pen.area.height.saturating_sub(1);
    match entry {
        HelpLine::Blank => 1,
        HelpLine::Heading(text) => {
            pen.text(2, line, room + KEYS, text, Role::Title);
            1
        }
        HelpLine::Command(command) => {
            let keys: Vec<_> = command.keys.iter().map(|key| key.shown()).collect();
            pen.text(3, line, KEYS, &keys.join("  "), Role::Key);
            let mark = match command.risk {
                Risk::None => "",
                Risk::Writes => " (writes)",
                Risk::Removes => " (writes, removes)",
            };
            let lines = wrapped(&format!("{}{mark}", command.doc), usize::from(room));
            let count = lines.len() as u16;
            for (at, text) in (line..lowest).zip(&lines) {
                let doc = text.strip_suffix(mark.trim_start()).unwrap_or(text);
                let end = pen.text(KEYS + 3, at, room, doc, Role::Text);
                pen.text(end, at, room, &text[doc.len()..], Role::Warn);
            }
            count
        }
        HelpLine::Sign(sign, meaning) => {
            let (text, role) = match sign {
                Sign::Letter(letter) => (letter.to_string(), Role::Label),
                Sign::Equal => (theme.glyph(Glyph::Equal).to_owned(), Role::Good),
                Sign::Different => (theme.glyph(Glyph::Different).to_owned(), Role::Warn),
                Sign::Missing => (theme.glyph(Glyph::Missing).to_owned(), Role::Absent),
                Sign::Broken => (theme.glyph(Glyph::Broken).to_owned(), Role::Danger),
                Sign::Marked => (theme.glyph(Glyph::Marked).to_owned(), Role::Title),
                Sign::Up => (theme.glyph(Glyph::Up).to_owned(), Role::Good),
                Sign::Slow => (theme.glyph(Glyph::Busy).to_owned(), Role::Warn),
                Sign::Disabled => (theme.glyph(Glyph::Disabled).to_owned(), Role::Muted),
                Sign::Down => (theme.glyph(Glyph::Down).to_owned(), Role::Danger),
            };
            pen.text(3, line, KEYS, &text, role);
            pen.text(KEYS + 3, line, room, meaning, Role::Text);
            1
        }
    }
}
