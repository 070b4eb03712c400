//! Columns that stay aligned while rows stream by: each is as wide as its widest cell so far.
//!
//! Imports nothing of ours; no I/O.

use unicode_width::UnicodeWidthStr;

/// Cells wider than this do not widen their column.
const WIDEST: usize = 48;

/// The widths of the columns.
pub struct Widths(Vec<usize>);

impl Widths {
    /// As wide as the heads.
    pub fn new(heads: impl Iterator<Item = String>) -> Self {
        Self(heads.map(|head| head.width()).collect())
    }

    /// Widens the columns for a row that is to come.
    pub fn measure(&mut self, cells: &[String]) {
        for (width, cell) in self.0.iter_mut().zip(cells) {
            *width = (*width).max(cell.width().min(WIDEST));
        }
    }

    /// The row as a line, without spaces at its end.
    pub fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (width, cell) in self.0.iter().zip(cells) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        line.truncate(line.trim_end().len());
        line
    }
}
