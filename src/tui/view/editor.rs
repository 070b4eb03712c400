//! The field editor, full screen.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::editor::Editor;
use crate::tui::theme::{Role, Theme};

/// Draws the editor. Never panics, however small the area.
pub fn draw(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    let title = format!("Edit {} · {}", editor.instance_uuid(), editor.database());
    frame.buffer_mut().set_stringn(area.x, area.y, title, usize::from(area.width), theme.style(Role::Title));
}
