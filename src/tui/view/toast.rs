//! Notices, at the lower right, above the bar.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, wrapped};
use crate::app::Model;
use crate::app::toast::ToastKind;
use crate::tui::theme::{Role, Theme};

/// Draws them.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) {
    let screen = frame.area();
    let most = usize::from(screen.width.saturating_sub(8)).min(70);
    if most < 8 {
        return;
    }
    // What is typed, and what came of it, stays in sight.
    let bar = model.layout().query.map_or(0, |area| area.height);
    let mut bottom = screen.bottom().saturating_sub(1 + bar);
    for toast in model.toasts.iter().collect::<Vec<_>>().into_iter().rev() {
        let role = match toast.kind {
            ToastKind::Done => Role::Good,
            ToastKind::Notice => Role::Title,
            ToastKind::Problem => Role::Danger,
        };
        let lines = wrapped(&toast.text, most);
        let width = lines.iter().map(|line| line.width()).max().unwrap_or(0) as u16 + 4;
        let height = lines.len() as u16 + 2;
        if bottom < screen.y + height {
            return;
        }
        bottom -= height;
        let area = Rect { x: screen.right().saturating_sub(width + 1), y: bottom, width, height };
        let mut pen = Pen::new(frame, area, theme);
        pen.clear();
        pen.border(role, [&[], &[], &[], &[]]);
        for (line, text) in (1..).zip(lines) {
            pen.text(2, line, width - 4, &text, Role::Text);
        }
    }
}
