//! Where a command writes: standard output for results, standard error for warnings and questions.
//! Text from a database is escaped here ([`Output::line`]) unless raw bytes or JSON are asked for.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::error::safe;

/// Standard output, buffered.
pub struct Output {
    out: BufWriter<io::Stdout>,
}

impl Output {
    /// Standard output.
    pub fn new() -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, io::stdout()) }
    }

    /// A line of text, escaped.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", safe(text))
    }

    /// One JSON value on a line. serde_json escapes the C0 controls in strings.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
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

/// A warning or a question's text, on standard error.
pub fn say(message: &str) {
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(io::stderr(), "{}", safe(message));
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
    fn columns_keep_aligned_and_grow_page_by_page() {
        let mut columns = Columns::new(&["A", "LONG", "C"]);
        assert_eq!(columns.line(&["A", "LONG", "C"]), "A  LONG  C");
        columns.measure(&["äöü".to_owned(), String::new(), "x".to_owned()]);
        assert_eq!(columns.line(&["äöü", "", "x"]), "äöü        x");
        assert_eq!(columns.line(&["a", "b", ""]), "a    b");
    }
}
