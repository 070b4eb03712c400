//! Tones to styles: draws lines of `app::detail::line`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Borders};

use crate::app::detail::{DetailLine, Tone};
use crate::tui::theme::{Role, Theme};

const ASCII_BORDER: border::Set = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A border; blue where the focus is.
pub fn block(focused: bool, theme: &Theme) -> Block<'static> {
    Block::new()
        .borders(Borders::ALL)
        .border_set(if theme.ascii { ASCII_BORDER } else { border::PLAIN })
        .border_style(theme.style(if focused { Role::FocusBorder } else { Role::Border }))
}

/// The meaning of a tone for the theme.
pub fn role(tone: Tone) -> Role {
    match tone {
        Tone::Text => Role::Text,
        Tone::Muted => Role::Muted,
        Tone::Title => Role::Title,
        Tone::Label => Role::Label,
        Tone::Value => Role::Value,
        Tone::Number => Role::Number,
        Tone::Word => Role::Word,
        Tone::Good => Role::Good,
        Tone::Warn => Role::Warn,
        Tone::Danger => Role::Danger,
        Tone::Absent => Role::Absent,
        Tone::Added => Role::Added,
        Tone::Removed => Role::Removed,
    }
}

/// Draws a line into the first row of `area`; a line under the cursor is filled with `cursor`.
pub fn draw_line(buffer: &mut Buffer, area: Rect, line: &DetailLine, cursor: Style, theme: &Theme) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let row = Rect { height: 1, ..area };
    let mut x = area.x;
    for span in &line.spans {
        if x >= area.right() {
            break;
        }
        let text = plain(&span.text, theme);
        let (next, _) =
            buffer.set_stringn(x, area.y, &text, usize::from(area.right() - x), theme.style(role(span.tone)));
        x = next;
    }
    if line.cursor {
        buffer.set_style(row, cursor);
    }
}

/// The text as this terminal can show it: in an ASCII terminal every other character has a
/// stand-in of the same width.
pub fn plain<'t>(text: &'t str, theme: &Theme) -> std::borrow::Cow<'t, str> {
    if !theme.ascii || text.is_ascii() {
        return text.into();
    }
    text.chars().map(ascii).collect::<String>().into()
}

fn ascii(character: char) -> char {
    match character {
        '→' | '»' | '›' => '>',
        '‹' => '<',
        '∅' | '–' | '─' | '↔' | '▾' => '-',
        '▸' => '+',
        '…' => '~',
        '·' => '.',
        '×' => 'x',
        'µ' => 'u',
        '≠' => '#',
        '✓' => 'v',
        '✗' => 'x',
        '✎' | '●' => '*',
        '│' | '▏' => '|',
        '⏎' => '<',
        ascii if ascii.is_ascii() => ascii,
        _ => '?',
    }
}
