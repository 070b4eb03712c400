//! The field editor, full screen.
//!
//! ```text
//! ┌ Edit 3f0c9a1e-… · cell1 ───────── 1 change ┐┌ Changes ──────────────────────────┐
//! │   availability_zone  az2                 ✎ ││ Difference (1)                    │
//! │   force_hosts        –                     ││ availability_zone                 │
//! │ flavor  Flavor 1.2                         ││   - "az1"                         │
//! │   vcpus              4                     ││   + "az2"                         │
//! │   extra_specs        2 entries             ││ Findings (1)                      │
//! │ ────────────────────────────────────────── ││ · notice …                        │
//! │ a string, or null · zone asked for; …      ││                                   │
//! └────────────────────────────────────────────┘└───────────────────────────────────┘
//!  ⏎ change  x clear  a add field  / filter  E raw  u undo  s save  Esc leave
//! ```
//!
//! Below 100 columns the changes stand under the fields; a prompt lies over both. The last line is
//! the bottom bar.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use crate::app::database::label as label_of;
use crate::app::detail::line::{DetailLine, Row, Span, Tone, columns, layout, text_width, wrap};
use crate::app::detail::raw;
use crate::app::editor::asking::describe;
use crate::app::editor::fields::{FieldRow, Role as RowRole};
use crate::app::editor::{Editor, Message, side};
use crate::tui::theme::{Role, Theme};

use super::editor_prompt;
use super::lines::{block, draw_line, plain};
use super::pen::Pen;

/// Draws the editor. Never panics, however small the area.
pub fn draw(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    frame.render_widget(Clear, area);
    let area = draw_bar(frame, area, editor, theme);
    let (fields, changes) = split(area, editor);
    let inner = panel(frame, fields, editor, theme);
    if editor.draft().document().is_ok() {
        draw_fields(frame, inner, editor, theme);
    } else {
        draw_raw(frame, inner, editor, theme);
    }
    if let Some(changes) = changes {
        draw_side(frame, changes, editor, theme);
    }
    if let Some(prompt) = editor.prompt() {
        editor_prompt::draw(frame, area, prompt, theme);
    }
    if let Some(leaving) = editor.leaving() {
        editor_prompt::draw_leaving(frame, area, leaving, editor.draft().changes().len(), theme);
    }
}

/// Draws the keys into the last line; gives what is left. A very low screen goes without.
fn draw_bar(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) -> Rect {
    if area.height < 6 {
        return area;
    }
    let above = Rect { height: area.height - 1, ..area };
    let mut pen = Pen::new(frame, Rect { y: above.bottom(), height: 1, ..area }, theme);
    let mut at = 1;
    for (key, title) in editor.hints() {
        let key = match key {
            "⏎" if theme.ascii => "Enter",
            "↑↓" if theme.ascii => "Up/Down",
            "←→" if theme.ascii => "Left/Right",
            key => key,
        };
        let wide = (key.chars().count() + 1 + title.chars().count()) as u16;
        if at + wide > area.width {
            continue;
        }
        at = pen.text(at, 0, u16::MAX, key, Role::Key);
        at = pen.text(at + 1, 0, u16::MAX, title, Role::Muted) + 2;
    }
    above
}

/// Fields, and changes where there is room (and, below the fields, something to say).
fn split(area: Rect, editor: &Editor) -> (Rect, Option<Rect>) {
    if area.width >= 100 {
        let side = (area.width * 2 / 5).min(90);
        let left = Rect { width: area.width - side, ..area };
        return (left, Some(Rect { x: left.right(), width: side, ..area }));
    }
    let silent = !editor.is_modified() && editor.draft().problems().next().is_none();
    if area.height < 18 || area.width < 20 || silent {
        return (area, None);
    }
    let lines = layout(&side::rows(editor.draft()), usize::from(area.width.saturating_sub(4))).len();
    let low = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(area.height / 3);
    let top = Rect { height: area.height - low, ..area };
    (top, Some(Rect { y: top.bottom(), height: low, ..area }))
}

fn panel(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) -> Rect {
    let title = format!(" Edit {} · {} ", editor.instance_uuid(), label_of(editor.database()));
    let title = Span::new(title, Tone::Title);
    let title: String =
        plain(&title.text, theme).chars().take(usize::from(area.width.saturating_sub(2))).collect();
    let changed = match editor.draft().changes().len() {
        _ if !editor.is_modified() => " unchanged ".to_owned(),
        0 => " changed ".to_owned(),
        1 => " ✎ 1 change ".to_owned(),
        many => format!(" ✎ {many} changes "),
    };
    let room = title.chars().count() + changed.chars().count() + 4 <= usize::from(area.width);
    let mut block = block(true, theme).title_top(Line::styled(title, theme.style(Role::Title)));
    if room {
        let role = if editor.is_modified() { Role::Warn } else { Role::Muted };
        let changed = plain(&changed, theme).into_owned();
        block = block.title_top(Line::styled(changed, theme.style(role)).right_aligned());
    }
    let (filter, filtering) = editor.filter();
    if (filtering || !filter.value().is_empty()) && area.width > 12 {
        let text = Span::new(format!("/{}", filter.value()), Tone::Text).text;
        let caret = if filtering { "▏" } else { "" };
        let count = editor.rows().len();
        let text = plain(&format!(" {text}{caret} · {count} "), theme).into_owned();
        block = block
            .title_bottom(Line::styled(text, theme.style(if filtering { Role::Key } else { Role::Match })));
    }
    frame.render_widget(block, area);
    super::detail::content(area)
}

/// The list of fields, and below a rule what is known of the one under the cursor.
fn draw_fields(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) {
    let help = help_lines(editor, usize::from(area.width));
    let help_height = if area.height >= 8 { (help.len() as u16).clamp(2, 5) } else { 0 };
    let message_only = help_height == 0 && editor.message().is_some() && area.height > 1;
    let below = if help_height > 0 { help_height + 1 } else { u16::from(message_only) };
    let list = Rect { height: area.height.saturating_sub(below), ..area };
    let height = usize::from(list.height);
    let cursor = editor.cursor();
    let first = (cursor + 1 + height / 3).saturating_sub(height).min(cursor);
    let first = first.min(editor.rows().len().saturating_sub(height));
    let width = usize::from(list.width);
    let filtered = !editor.filter().0.value().is_empty();
    let column = label_column(editor, filtered, width);
    if editor.rows().len() == 0 {
        let text = if editor.filter().0.value().is_empty() {
            "No field of this spec is known: E opens it as raw text."
        } else {
            "No field fits the filter."
        };
        let line = DetailLine::of([Span::new(text, Tone::Absent)]);
        draw_line(frame.buffer_mut(), list, &line, theme.style(Role::Text), theme);
    }
    for (at, (y, row)) in (list.y..list.bottom()).zip(editor.rows().skip(first)).enumerate() {
        let mut line = field_line(row, filtered, column, width);
        line.cursor = first + at == cursor;
        draw_line(
            frame.buffer_mut(),
            Rect { y, height: 1, ..list },
            &line,
            theme.style(Role::Selected),
            theme,
        );
    }
    if help_height > 0 {
        let rule = if theme.ascii { "-" } else { "─" }.repeat(width);
        frame.buffer_mut().set_stringn(area.x, list.bottom(), rule, width, theme.style(Role::Border));
    }
    let from = list.bottom() + u16::from(help_height > 0);
    for (y, line) in (from..area.bottom()).zip(&help) {
        draw_line(frame.buffer_mut(), Rect { y, height: 1, ..area }, line, theme.style(Role::Text), theme);
    }
}

/// Where the values begin: behind the widest name, but within two fifths of the width, so that
/// values stay readable.
fn label_column(editor: &Editor, filtered: bool, width: usize) -> usize {
    let widest = editor
        .rows()
        .filter(|row| row.role != RowRole::Object)
        .map(|row| text_width(&label(row, filtered)) + 2)
        .max()
        .unwrap_or(0);
    widest.min(width * 2 / 5)
}

/// The name, indented below its object; the whole path where the filter hides what is above.
fn label(row: &FieldRow, filtered: bool) -> String {
    if filtered { row.path.to_string() } else { format!("{}{}", "  ".repeat(row.depth), row.label) }
}

fn field_line(row: &FieldRow, filtered: bool, column: usize, width: usize) -> DetailLine {
    let mark = if row.changed { " ✎" } else { "" };
    let room = width.saturating_sub(mark.chars().count());
    if row.role == RowRole::Object {
        let mut line = DetailLine::of([
            Span::new(&row.label, Tone::Title),
            Span::new(format!("  {}", row.value), Tone::Muted),
        ]);
        line.clip(room);
        return marked(line, mark, room);
    }
    let label_tone = match row.role {
        RowRole::Item => Tone::Muted,
        _ if row.info.addable.is_some() => Tone::Muted,
        _ => Tone::Label,
    };
    let name = middle_cut(&label(row, filtered), column.saturating_sub(2));
    let mut line = DetailLine::of([Span::new(name, label_tone)]);
    line.clip(column.saturating_sub(2));
    let gap = column.saturating_sub(line.width());
    line.spans.push(Span::new(" ".repeat(gap), Tone::Text));
    let value = if row.value.is_empty() { "–" } else { &row.value };
    line.spans.push(Span::new(value, row.tone));
    line.clip(room);
    marked(line, mark, room)
}

/// The text in at most so many columns: what is cut is in the middle, since names of one family
/// begin alike and differ at the end.
fn middle_cut(text: &str, most: usize) -> String {
    let text = crate::spec::text::escaped(text);
    let wide: usize = text.chars().map(columns).sum();
    if wide <= most || most < 3 {
        return text.into_owned();
    }
    let fitting = |characters: &mut dyn Iterator<Item = char>, room: usize| {
        let mut left = room;
        characters
            .take_while(|character| {
                let fits = columns(*character) <= left;
                left = left.saturating_sub(columns(*character));
                fits
            })
            .collect::<Vec<char>>()
    };
    let head = fitting(&mut text.chars(), (most - 1) / 2);
    let tail = fitting(&mut text.chars().rev(), most - 1 - (most - 1) / 2);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

fn marked(mut line: DetailLine, mark: &str, room: usize) -> DetailLine {
    if !mark.is_empty() {
        let gap = room.saturating_sub(line.width());
        line.spans.push(Span::new(" ".repeat(gap), Tone::Text));
        line.spans.push(Span::new(mark, Tone::Warn));
    }
    line
}

/// The message if there is one, else type, meaning and refusal of the field under the cursor.
fn help_lines(editor: &Editor, width: usize) -> Vec<DetailLine> {
    match editor.message() {
        Some(Message::Refused(text)) => return message_lines(text, "✗ ", Tone::Danger, width),
        Some(Message::Note(text)) => return message_lines(text, "· ", Tone::Muted, width),
        None => {}
    }
    let Some(row) = editor.rows().nth(editor.cursor()) else { return Vec::new() };
    let kind = describe(row.info.kind, row.info.nullable);
    let mut lines = wrap(
        &[(row.path.to_string(), Tone::Label), ("  ".to_owned(), Tone::Text), (kind, Tone::Muted)],
        width,
        2,
    );
    let mut second = Vec::new();
    if let Some(reason) = &row.info.addable {
        second.push((format!("Not editable: {reason}. "), Tone::Warn));
    }
    if let Some(meaning) = editor.meaning_under_cursor() {
        second.push(("→ ".to_owned(), Tone::Muted));
        second.push((meaning, Tone::Text));
    } else {
        second.push((row.info.help.to_owned(), Tone::Text));
    }
    lines.extend(wrap(&second, width, 2));
    lines
}

fn message_lines(text: &str, sign: &str, tone: Tone, width: usize) -> Vec<DetailLine> {
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let sign = if at == 0 { sign } else { "  " };
        out.extend(wrap(&[(sign.to_owned(), tone), (line.to_owned(), tone)], width, 2));
    }
    out
}

/// A malformed row: why, and its text.
fn draw_raw(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) {
    let Err(error) = editor.draft().document() else { return };
    let width = usize::from(area.width);
    let mut lines = help_lines(editor, width);
    let mut rows = vec![Row::Text(
        2,
        vec![
            ("⏎ ".to_owned(), Tone::Title),
            (
                "This row has no fields to edit. Enter opens its text in $EDITOR; it is taken over once nova could load it."
                    .to_owned(),
                Tone::Text,
            ),
        ],
    )];
    rows.extend(raw::rows(editor.draft().stored(), error, width));
    lines.extend(layout(&rows, width));
    for (y, line) in (area.y..area.bottom())
        .zip(lines.iter().skip(editor.side_offset().min(lines.len().saturating_sub(1))))
    {
        draw_line(frame.buffer_mut(), Rect { y, height: 1, ..area }, line, theme.style(Role::Text), theme);
    }
}

fn draw_side(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: &Theme) {
    let inner = super::detail::content(area);
    let lines = layout(&side::rows(editor.draft()), usize::from(inner.width));
    let height = usize::from(inner.height);
    let first = editor.side_offset().min(lines.len().saturating_sub(height));
    let mut block = block(false, theme).title_top(Line::styled(" Changes ", theme.style(Role::Muted)));
    if lines.len() > height && area.width > 24 {
        let text = format!(" [ ] {}–{} of {} ", first + 1, first + height, lines.len());
        block = block.title_bottom(
            Line::styled(plain(&text, theme).into_owned(), theme.style(Role::Muted)).right_aligned(),
        );
    }
    frame.render_widget(block, area);
    for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(first)) {
        draw_line(frame.buffer_mut(), Rect { y, height: 1, ..inner }, line, theme.style(Role::Text), theme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("short", 10, "short")]
    #[case("  aggregate_instance_extra_specs:ssd", 20, "  aggrega…_specs:ssd")]
    #[case("日本語日本語", 7, "日…語")]
    #[case("abcdef", 2, "abcdef")]
    fn long_names_are_cut_in_the_middle(#[case] name: &str, #[case] most: usize, #[case] expected: &str) {
        assert_eq!(middle_cut(name, most), expected);
    }
}
