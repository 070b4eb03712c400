//! What lies over the editor: the prompt for a value, the question about unsaved changes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use crate::app::detail::line::{DetailLine, Span, Tone, columns, wrap};
use crate::app::editor::leaving::{Choice, Leaving};
use crate::app::editor::prompt::Prompt;
use crate::spec::text::escaped;
use crate::tui::theme::{Role, Theme};

use super::lines::{block, draw_line, plain};

/// Most suggestions in sight.
const SUGGESTIONS: usize = 12;

/// A box of `height` lines over the middle of `area`.
fn over(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.saturating_add(2).min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height }
}

fn frame_box(frame: &mut Frame<'_>, area: Rect, title: &str, theme: &Theme) -> Rect {
    frame.render_widget(Clear, area);
    let room = usize::from(area.width.saturating_sub(4));
    let mut title = DetailLine::of([Span::new(title, Tone::Title)]);
    title.clip(room);
    let title = format!(" {} ", plain(&title.text(), theme));
    frame.render_widget(block(true, theme).title_top(Line::styled(title, theme.style(Role::Title))), area);
    super::detail::content(area)
}

/// Draws the prompt: note, input, error or meaning, suggestions.
pub fn draw(frame: &mut Frame<'_>, area: Rect, prompt: &Prompt, theme: &Theme) {
    let width = area.width.saturating_sub(4).clamp(1, 84).max(area.width.min(20));
    let inner_width = usize::from(width.saturating_sub(4));
    let mut below = Vec::new();
    if let Some(error) = &prompt.error {
        below.extend(wrap(&[("✗ ".to_owned(), Tone::Danger), (error.clone(), Tone::Danger)], inner_width, 2));
    } else if let Some(says) = &prompt.says {
        below.extend(wrap(&[("→ ".to_owned(), Tone::Muted), (says.clone(), Tone::Text)], inner_width, 2));
    }
    let matches = prompt.matches();
    let shown = matches.len().min(SUGGESTIONS);
    let height = 2 + below.len() + shown + usize::from(shown > 0);
    let outer = over(area, width, height as u16);
    let inner = frame_box(frame, outer, &prompt.title, theme);
    let mut lines = vec![DetailLine::of([Span::new(&prompt.note, Tone::Muted)])];
    lines.push(input_line(prompt, usize::from(inner.width)));
    lines.extend(below);
    // Where it is low, what is typed, what speaks against it and the choices come first.
    let room = usize::from(inner.height);
    if room < lines.len() + usize::from(shown > 0) {
        lines.remove(0);
        if prompt.error.is_none() && shown > 0 {
            lines.truncate(1);
        }
    }
    let gap = shown > 0 && room > lines.len() + shown.min(3);
    let mut pen = Pen { y: inner.y, inner };
    for line in &lines {
        pen.line(frame, line, theme);
    }
    if gap {
        pen.line(frame, &DetailLine::default(), theme);
    }
    let height = usize::from(inner.bottom().saturating_sub(pen.y));
    let at = prompt.chosen().unwrap_or(0);
    let first = (at + 1).saturating_sub(height.min(SUGGESTIONS));
    let column = matches.iter().map(|one| escaped(&one.value).chars().count()).max().unwrap_or(0);
    let column = column.min(usize::from(inner.width) / 2) + 4;
    for (position, suggestion) in matches.iter().enumerate().skip(first).take(SUGGESTIONS) {
        let chosen = prompt.chosen() == Some(position);
        let marker = if chosen { "▸ " } else { "  " };
        let mut line =
            DetailLine::of([Span::new(marker, Tone::Title), Span::new(&suggestion.value, Tone::Value)]);
        line.clip(column.saturating_sub(1));
        let gap = column.saturating_sub(line.width());
        line.spans.push(Span::new(" ".repeat(gap), Tone::Text));
        line.spans.push(Span::new(&suggestion.help, Tone::Muted));
        line.clip(usize::from(inner.width));
        line.cursor = chosen;
        pen.line(frame, &line, theme);
    }
}

struct Pen {
    y: u16,
    inner: Rect,
}

impl Pen {
    fn line(&mut self, frame: &mut Frame<'_>, line: &DetailLine, theme: &Theme) {
        if self.y < self.inner.bottom() {
            let area = Rect { y: self.y, height: 1, ..self.inner };
            draw_line(frame.buffer_mut(), area, line, theme.style(Role::Selected), theme);
            self.y += 1;
        }
    }
}

/// The input with its caret, scrolled so that the caret is in sight; what is typed is escaped.
fn input_line(prompt: &Prompt, width: usize) -> DetailLine {
    let sign = if prompt.is_strict() { "/ " } else { "> " };
    let room = width.saturating_sub(4);
    let before: String = prompt.typed().chars().take(prompt.input().cursor()).collect();
    let after: String = prompt.typed().chars().skip(prompt.input().cursor()).collect();
    let before = escaped(&before).into_owned();
    let mut left: Vec<char> = Vec::new();
    let mut used = 0;
    for character in before.chars().rev() {
        used += columns(character);
        if used > room {
            break;
        }
        left.push(character);
    }
    let left: String = left.into_iter().rev().collect();
    let mut line = DetailLine::of([
        Span::new(sign, Tone::Title),
        Span::new(left, Tone::Value),
        Span::new("▏", Tone::Title),
        Span::new(after, Tone::Value),
    ]);
    line.clip(width);
    line
}

/// Draws the question about unsaved changes.
pub fn draw_leaving(frame: &mut Frame<'_>, area: Rect, leaving: &Leaving, changes: usize, theme: &Theme) {
    let outer = over(area, 60, 3);
    let inner = frame_box(frame, outer, "Unsaved changes", theme);
    let text = match changes {
        0 => "The spec is changed and not saved.".to_owned(),
        1 => "One change is not saved.".to_owned(),
        many => format!("{many} changes are not saved."),
    };
    let mut pen = Pen { y: inner.y, inner };
    pen.line(frame, &DetailLine::of([Span::new(text, Tone::Text)]), theme);
    if inner.height >= 3 {
        pen.line(frame, &DetailLine::default(), theme);
    }
    let mut x = inner.x;
    for choice in Choice::ALL {
        let chosen = leaving.selected() == choice;
        // The brackets tell the chosen one where there are no colours.
        let text = if chosen { format!("[{}]", choice.title()) } else { format!(" {} ", choice.title()) };
        let style = theme.style(if chosen { Role::Active } else { Role::Text });
        if x < inner.right() && pen.y < inner.bottom() {
            let room = usize::from(inner.right() - x);
            let (next, _) = frame.buffer_mut().set_stringn(x, pen.y, plain(&text, theme), room, style);
            x = next.saturating_add(2);
        }
    }
}
