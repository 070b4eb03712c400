//! The detail panel.
//!
//! ```text
//! ┌ Filters ─ Flavor ─ Image ─ Topology ─ JSON ─ API↔cell ─ Findings ──────────┐
//! │ availability_zone  az1            → hosts in an aggregate of this zone      │
//! └──────────────────────────────────────────────────────────────── 1–8 of 31 ─┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::detail::Detail;
use crate::tui::theme::{Role, Theme};

use super::lines::{block, draw_line, plain};

/// Draws the panel with its border. Never panics, however small the area.
pub fn draw(frame: &mut Frame<'_>, area: Rect, detail: &Detail, focused: bool, theme: &Theme) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    let mut block = block(focused, theme).title_top(titles(detail, area.width, focused, theme));
    let inner = content(area);
    let window = detail.window(usize::from(inner.width), usize::from(inner.height));
    if window.total > window.lines.len() && !window.lines.is_empty() {
        let last = window.first + window.lines.len();
        let text = format!(" {}–{last} of {} ", window.first + 1, window.total);
        if text.chars().count() + 4 < usize::from(area.width) {
            let text = plain(&text, theme).into_owned();
            block = block.title_bottom(Line::styled(text, theme.style(Role::Muted)).right_aligned());
        }
    }
    frame.render_widget(block, area);
    let cursor = theme.style(if focused { Role::Selected } else { Role::Counterpart });
    for (row, line) in (inner.y..inner.bottom()).zip(&window.lines) {
        draw_line(frame.buffer_mut(), Rect { y: row, height: 1, ..inner }, line, cursor, theme);
    }
}

/// Where the lines stand: inside the border, a column free on either side.
pub fn content(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

fn titles(detail: &Detail, width: u16, focused: bool, theme: &Theme) -> Line<'static> {
    let spans = detail.titles(usize::from(width)).into_iter().map(|(tab, text)| {
        let style = match tab {
            Some(tab) if tab == detail.tab() => theme.style(Role::Active),
            Some(_) => theme.style(Role::Muted),
            None => theme.style(if focused { Role::FocusBorder } else { Role::Border }),
        };
        Span::styled(plain(&text, theme).into_owned(), style)
    });
    Line::from_iter(spans)
}
