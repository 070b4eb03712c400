//! Lines of the detail panel and of the editor's side panel: texts with meanings, laid out to a
//! width. No colours, no ratatui; the view turns tones into styles.
//!
//! Imports `spec::text` alone. Every text is escaped on its way into a line.

use unicode_width::UnicodeWidthChar;

use crate::spec::text::escaped;

/// What a piece of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Ordinary text.
    Text,
    /// Less important text.
    Muted,
    /// A heading.
    Title,
    /// The name of a field or a key.
    Label,
    /// A value worth the eye; a JSON string.
    Value,
    /// A JSON number.
    Number,
    /// `true`, `false`, `null` in JSON.
    Word,
    /// Equal, fine.
    Good,
    /// Different, unknown, worth attention.
    Warn,
    /// Broken, dangerous.
    Danger,
    /// Null, missing.
    Absent,
    /// What a difference adds.
    Added,
    /// What a difference removes.
    Removed,
}

/// A piece of a line, escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text, safe to show.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Span {
    /// A piece of a line; `text` may come from a database, it is escaped here.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: escaped(text.as_ref()).into_owned(), tone }
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.text.chars().map(columns).sum()
    }
}

/// One line on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailLine {
    /// Its pieces, from the left.
    pub spans: Vec<Span>,
    /// Whether the cursor stands on it.
    pub cursor: bool,
}

impl DetailLine {
    /// A line of these pieces.
    pub fn of(spans: impl IntoIterator<Item = Span>) -> Self {
        Self { spans: spans.into_iter().collect(), cursor: false }
    }

    /// Its text without tones.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }

    /// Cuts it to `width` columns, with an ellipsis where something is lost.
    pub fn clip(&mut self, width: usize) {
        if self.width() <= width {
            return;
        }
        let mut left = width.saturating_sub(1);
        let mut kept = Vec::new();
        for span in self.spans.drain(..) {
            let mut text = String::new();
            let mut full = false;
            for character in span.text.chars() {
                if columns(character) > left {
                    full = true;
                    break;
                }
                left -= columns(character);
                text.push(character);
            }
            kept.push(Span { text, tone: span.tone });
            if full {
                break;
            }
        }
        if width > 0 {
            kept.push(Span { text: "…".to_owned(), tone: Tone::Muted });
        }
        self.spans = kept;
    }
}

/// Columns a character takes. Control characters never get here; should one, it counts as one.
pub fn columns(character: char) -> usize {
    character.width().unwrap_or(1)
}

/// Columns a text takes once escaped.
pub fn text_width(text: &str) -> usize {
    escaped(text).chars().map(columns).sum()
}

/// What a tab has to say, before it is laid out to a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A heading over the rows that follow.
    Heading(String),
    /// Name, value and meaning, aligned in columns.
    Fact {
        /// Name of the field.
        label: (String, Tone),
        /// Its value.
        value: (String, Tone),
        /// What it means: pieces that wrap together. Empty where there is nothing to say.
        meaning: Vec<(String, Tone)>,
    },
    /// Text over the whole width, wrapped, continued lines indented by so many columns.
    Text(usize, Vec<(String, Tone)>),
}

/// Lays rows out to `width` columns: three aligned columns where there is room, the meaning on a
/// line of its own, where it does not fit behind a short value, below `THREE_COLUMNS`, everything stacked below `TWO_COLUMNS`.
pub fn layout(rows: &[Row], width: usize) -> Vec<DetailLine> {
    let mut out = Vec::new();
    if width == 0 {
        return out;
    }
    let columns = Columns::of(rows, width);
    for row in rows {
        match row {
            Row::Heading(text) => out.extend(wrap(&[(text.clone(), Tone::Title)], width, 0)),
            Row::Text(indent, pieces) => out.extend(wrap(pieces, width, *indent)),
            Row::Fact { label, value, meaning } => columns.fact(label, value, meaning, &mut out),
        }
    }
    for line in &mut out {
        line.clip(width);
    }
    out
}

/// At most so many lines of one fact: a huge hint must not drown the others.
const MOST_LINES: usize = 6;

/// So many characters of a text are wrapped at all: more than fit, and no work for a whole megabyte.
const MOST_CHARACTERS: usize = 8_000;

/// Wraps a value; of one that takes more than [`MOST_LINES`], a last line says how much is missing.
fn capped(value: &(String, Tone), width: usize) -> Vec<DetailLine> {
    let mut lines = pieces_capped(std::slice::from_ref(value), width, 0);
    if lines.len() <= MOST_LINES {
        return lines;
    }
    lines.truncate(MOST_LINES - 1);
    let shown: usize = lines.iter().map(|line| line.text().chars().count()).sum();
    let whole = escaped(&value.0);
    let rest = whole.chars().count().saturating_sub(shown);
    // The constraints keep the beginning of a text without end.
    let least = if whole.ends_with('…') { "more than " } else { "" };
    let said = format!("… {least}{rest} more characters (JSON tab shows all)");
    lines.extend(wrap(&[(said, Tone::Muted)], width, 2));
    lines
}

fn pieces_capped(pieces: &[(String, Tone)], width: usize, indent: usize) -> Vec<DetailLine> {
    let cut = |(text, tone): &(String, Tone)| (text.chars().take(MOST_CHARACTERS).collect(), *tone);
    wrap(&pieces.iter().map(cut).collect::<Vec<(String, Tone)>>(), width, indent)
}

/// Wraps a name or a meaning to at most [`MOST_LINES`].
fn shortened(pieces: &[(String, Tone)], width: usize, indent: usize) -> Vec<DetailLine> {
    let mut lines = pieces_capped(pieces, width, indent);
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        if let Some(last) = lines.last_mut() {
            // One column less than it takes: the ellipsis shows that there is more.
            last.clip(last.width().saturating_sub(1));
        }
    }
    lines
}

struct Columns {
    width: usize,
    label: usize,
    value: usize,
    /// The widest of the short values: beside these a short meaning finds room on narrow screens.
    short: usize,
}

const GAP: usize = 2;

/// From so many columns on, name, value and meaning stand side by side.
const THREE_COLUMNS: usize = 96;

/// Values up to so many columns are short.
const SHORT: usize = 14;

/// From so many columns on, name and value do.
const TWO_COLUMNS: usize = 28;

impl Columns {
    fn of(rows: &[Row], width: usize) -> Self {
        let (mut label, mut value, mut short) = (0, 0, 0);
        for row in rows {
            if let Row::Fact { label: (name, _), value: (text, _), .. } = row {
                let wide = text_width(text);
                label = label.max(text_width(name));
                value = value.max(wide);
                short = short.max(if wide <= SHORT { wide } else { 0 });
            }
        }
        // Room for a whole uuid as soon as the meaning keeps as much.
        let widest_value = if width >= 110 { (width * 32 / 100).max(37) } else { width * 30 / 100 };
        let widest_label = if width >= THREE_COLUMNS { width * 34 / 100 } else { width * 45 / 100 };
        Self { width, label: label.min(widest_label), value: value.min(widest_value), short }
    }

    fn fact(
        &self,
        label: &(String, Tone),
        value: &(String, Tone),
        meaning: &[(String, Tone)],
        out: &mut Vec<DetailLine>,
    ) {
        let value_width = text_width(&value.0);
        let label = std::slice::from_ref(label);
        let mut arrowed = vec![("→ ".to_owned(), Tone::Muted)];
        arrowed.extend_from_slice(meaning);
        let meaning = if meaning.is_empty() { &[][..] } else { &arrowed };
        if self.width >= THREE_COLUMNS {
            let at = self.label + GAP + self.value + GAP;
            let rest = self.width.saturating_sub(at);
            beside(
                &[
                    (0, shortened(label, self.label, 1)),
                    (self.label + GAP, capped(value, self.value)),
                    (at, shortened(meaning, rest, 2)),
                ],
                out,
            );
        } else if self.width >= TWO_COLUMNS {
            let at = self.label + GAP;
            let rest = self.width.saturating_sub(at);
            let name = shortened(label, self.label, 1);
            let inline = shortened(meaning, rest.saturating_sub(self.short + GAP), 2);
            if value_width <= self.short && inline.len() <= 1 && name.len() <= 1 {
                let value = capped(value, rest);
                beside(&[(0, name), (at, value), (at + self.short + GAP, inline)], out);
            } else {
                beside(&[(0, name), (at, capped(value, rest))], out);
                beside(&[(2, shortened(meaning, self.width - 2, 2))], out);
            }
        } else {
            let narrow = self.width.saturating_sub(1).max(1);
            out.extend(shortened(label, self.width, 1));
            beside(&[(1, capped(value, narrow))], out);
            beside(&[(1, shortened(meaning, narrow, 2))], out);
        }
    }
}

/// Sets blocks of lines side by side, each at its column.
fn beside(blocks: &[(usize, Vec<DetailLine>)], out: &mut Vec<DetailLine>) {
    let height = blocks.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    for row in 0..height {
        let mut line = DetailLine::default();
        let mut at = 0;
        for (column, lines) in blocks {
            let Some(part) = lines.get(row) else { continue };
            if *column > at {
                line.spans.push(Span { text: " ".repeat(column - at), tone: Tone::Text });
                at = *column;
            }
            at += part.width();
            line.spans.extend(part.spans.iter().cloned());
        }
        out.push(line);
    }
}

/// Wraps pieces to `width` columns at spaces (within a word where it is longer than a line);
/// continued lines begin `indent` columns in.
pub fn wrap(pieces: &[(String, Tone)], width: usize, indent: usize) -> Vec<DetailLine> {
    let mut wrapper = Wrapper { width: width.max(1), indent, lines: Vec::new(), at: 0, fresh: true };
    if width == 0 || pieces.iter().all(|(text, _)| text.is_empty()) {
        return Vec::new();
    }
    wrapper.lines.push(DetailLine::default());
    for (text, tone) in pieces {
        let text = escaped(text);
        for word in text.split_inclusive(' ') {
            wrapper.word(word, *tone);
        }
    }
    wrapper.lines
}

struct Wrapper {
    width: usize,
    indent: usize,
    lines: Vec<DetailLine>,
    at: usize,
    /// Nothing stands on the current line yet, indentation aside.
    fresh: bool,
}

impl Wrapper {
    fn word(&mut self, word: &str, tone: Tone) {
        let bare: usize = word.trim_end_matches(' ').chars().map(columns).sum();
        // A word that no line holds begins here, the rest of the line would stay empty for nothing.
        let fits_a_line = bare <= self.width.saturating_sub(self.indent);
        if !self.fresh && self.at + bare > self.width && fits_a_line {
            self.new_line();
        }
        for character in word.chars() {
            if self.at + columns(character) > self.width {
                if character == ' ' {
                    return;
                }
                if !self.fresh {
                    self.new_line();
                }
            }
            self.push(character, tone);
        }
    }

    fn push(&mut self, character: char, tone: Tone) {
        let Some(line) = self.lines.last_mut() else { return };
        self.at += columns(character);
        self.fresh = false;
        match line.spans.last_mut() {
            Some(span) if span.tone == tone => span.text.push(character),
            _ => line.spans.push(Span { text: character.to_string(), tone }),
        }
    }

    fn new_line(&mut self) {
        let indent = if self.indent * 2 < self.width { self.indent } else { 0 };
        let mut line = DetailLine::default();
        if indent > 0 {
            line.spans.push(Span { text: " ".repeat(indent), tone: Tone::Text });
        }
        self.lines.push(line);
        self.at = indent;
        self.fresh = true;
    }
}
