//! Where a command writes: standard output for results, standard error for warnings and questions.
//! Text from a database is escaped here ([`Output::line`]) unless raw bytes or JSON are asked for.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use unicode_width::UnicodeWidthStr;

use crate::spec::text::{escaped, is_unsafe};

/// Standard output, buffered.
pub struct Output {
    out: BufWriter<io::Stdout>,
}

impl Output {
    /// Standard output.
    pub fn new() -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, io::stdout()) }
    }

    /// A line of text, escaped: a line end in it too, or a name could pass for lines of ours.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escaped(text))
    }

    /// One JSON value on a line, with every character that a terminal would act on escaped.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut self.out, Inert))?;
        self.out.write_all(b"\n")
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Everything written so far reaches the reader.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Said where stored text is given out exactly, and a password is in it.
pub const AS_IT_IS: &str = "reqspec: notice: the stored text holds a password (transport_url, database_connection), \
                            and is given as it is";

/// A warning or a question's text, one line on standard error.
pub fn say(message: &str) {
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(io::stderr(), "{}", escaped(message));
}

/// Writes JSON of the same meaning, without raw characters that a terminal would act on. serde_json
/// alone escapes the C0 controls only.
struct Inert;

impl Inert {
    fn write<W: ?Sized + Write>(writer: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((at, character)) = rest.char_indices().find(|(_, found)| is_unsafe(*found)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            match character {
                // Between tokens, in stored JSON: outside strings nothing else is unsafe.
                '\n' | '\r' | '\t' => writer.write_all(b" ")?,
                other => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
            rest = &rest[at + character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }
}

/// Columns that stay aligned while rows stream by: each is as wide as its widest cell so far, and
/// `measure` sees a page before it is printed.
pub struct Columns {
    widths: Vec<usize>,
}

/// Cells wider than this do not widen their column.
const WIDEST: usize = 48;

impl Columns {
    /// Columns with these heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { widths: heads.iter().map(|head| head.width()).collect() }
    }

    /// Widen the columns for a row that is to come.
    pub fn measure(&mut self, cells: &[String]) {
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.width().min(WIDEST));
        }
    }

    /// The row as a line, without spaces at its end.
    pub fn line<S: AsRef<str>>(&self, cells: &[S]) -> String {
        let mut line = String::new();
        for (width, cell) in self.widths.iter().zip(cells) {
            let cell = cell.as_ref();
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_is_inert() {
        let raw = serde_json::value::RawValue::from_string("{\n\t\"a\": \"\u{9b}2J\u{e0041}ü\"\r\n}".into())
            .unwrap();
        let text = "\u{1b}[2J\u{9b}2J\u{202e}\u{7f}\tü😀\n";
        let mut out = Vec::new();
        (text, &raw).serialize(&mut Serializer::with_formatter(&mut out, Inert)).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(!out.contains(is_unsafe), "{out:?}");
        let read: (String, serde_json::Value) = serde_json::from_str(&out).unwrap();
        assert_eq!(read.0, text);
        assert_eq!(read.1["a"], "\u{9b}2J\u{e0041}ü");
    }

    #[test]
    fn columns_keep_aligned_and_grow_page_by_page() {
        let mut columns = Columns::new(&["A", "LONG", "C"]);
        assert_eq!(columns.line(&["A", "LONG", "C"]), "A  LONG  C");
        columns.measure(&["äöü".to_owned(), String::new(), "x".to_owned()]);
        assert_eq!(columns.line(&["äöü", "", "x"]), "äöü        x");
        assert_eq!(columns.line(&["a", "b", ""]), "a    b");
    }
}
