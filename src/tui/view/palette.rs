//! The commands by name.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::pen::Pen;
use crate::app::Model;
use crate::app::palette::Palette;
use crate::tui::theme::{Role, Theme};

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, palette: &Palette, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let width = screen.width.saturating_sub(4).min(76);
    let height = screen.height.saturating_sub(2).min(18);
    let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 4, width, height };
    let cursor = Position { x: area.x + 4 + palette.input.visual_cursor() as u16, y: area.y + 1 };
    {
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        pen.border(Role::FocusBorder, [&[(" Commands ".to_owned(), Role::Title)], &[], &[], &[]]);
        pen.text(2, 1, 1, ":", Role::Key);
        pen.text(4, 1, width.saturating_sub(6), palette.input.value(), Role::Value);
        let matches = palette.matches();
        let room = usize::from(height.saturating_sub(4));
        let first = (palette.chosen + 1).saturating_sub(room.max(1));
        if matches.is_empty() {
            pen.text(4, 3, width.saturating_sub(6), "no command has these letters", Role::Muted);
        }
        for (line, (at, command)) in (3..).zip(matches.iter().enumerate().skip(first).take(room)) {
            let available = (command.available)(model).is_ok();
            let keys = command.keys.first().map(|key| key.shown()).unwrap_or_default();
            let roles = if available { (Role::Value, Role::Muted) } else { (Role::Absent, Role::Absent) };
            pen.text(4, line, 16, command.name, roles.0);
            pen.text(21, line, 9, &keys, Role::Key);
            pen.text(31, line, width.saturating_sub(33), command.doc, roles.1);
            if at == palette.chosen {
                pen.restyle(1, line, width.saturating_sub(2), theme.style(Role::Selected));
            }
        }
    }
    if area.contains(cursor) && screen.contains(cursor) {
        frame.set_cursor_position(cursor);
    }
}
