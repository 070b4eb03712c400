//! Results as text, row by row: JSON lines, CSV (RFC 4180), a table, uuids.
//!
//! What a terminal would act on is escaped in all of them, in JSON by JSON's own escapes; passwords are
//! hidden in cells, while whole stored texts (JSON lines without columns) are given as they are.
//!
//! Imports `query`, `spec` and its siblings.

mod json;
mod table;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use super::rows::Listed;
use super::values::all;
use crate::query::Field;
use crate::query::fields::{FIELDS, Kind};
use crate::spec::text::escaped;
use table::Widths;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object for each row: of the columns, each under its name; without columns of all there
    /// is, the stored text included.
    JsonLines,
    /// The columns with commas between, a line of their names first.
    Csv,
    /// The columns, aligned.
    Table,
    /// The instances' uuids.
    Uuids,
}

/// What a column is headed with for people.
pub fn head(field: &Field) -> String {
    let named = FIELDS.iter().find(|named| *named.name == *field.name);
    named.map_or_else(|| escaped(&field.name).into_owned(), |named| named.head.to_owned())
}

/// Writes rows.
pub struct Writer<W: Write> {
    out: W,
    format: Format,
    columns: Arc<[Field]>,
    widths: Widths,
    headed: bool,
    rows: u64,
}

impl<W: Write> Writer<W> {
    /// Of those columns.
    pub fn new(out: W, format: Format, columns: Arc<[Field]>) -> Self {
        let widths = Widths::new(columns.iter().map(head));
        Self { out, format, columns, widths, headed: false, rows: 0 }
    }

    /// Some more rows. A table is as wide as these and those before need it.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn rows(&mut self, rows: &[Listed]) -> io::Result<()> {
        self.rows += rows.len() as u64;
        match self.format {
            Format::JsonLines => {
                rows.iter().try_for_each(|row| json::write(&mut self.out, &self.columns, row))
            }
            Format::Csv => {
                self.head()?;
                let lines: Vec<Vec<String>> = rows.iter().map(|row| self.cells(row)).collect();
                lines.into_iter().try_for_each(|cells| csv_line(&mut self.out, cells))
            }
            Format::Table => {
                let lines: Vec<Vec<String>> = rows.iter().map(|row| self.cells(row)).collect();
                lines.iter().for_each(|cells| self.widths.measure(cells));
                if !lines.is_empty() {
                    self.head()?;
                }
                lines.iter().try_for_each(|cells| writeln!(self.out, "{}", self.widths.line(cells)))
            }
            Format::Uuids => {
                rows.iter().try_for_each(|row| writeln!(self.out, "{}", escaped(&row.row.instance_uuid)))
            }
        }
    }

    /// The cells of a row, escaped.
    fn cells(&self, row: &Listed) -> Vec<String> {
        let cell = |(at, field): (usize, &Field)| {
            let text = row.cells.get(at).map(|cell| all(field, cell)).unwrap_or_default();
            match self.format {
                Format::Table if text.is_empty() => "-".to_owned(),
                // Whole seconds: nova stores microseconds on some engines.
                Format::Table if field.kind == Kind::Time => {
                    escaped(text.get(..19).unwrap_or(&text)).into_owned()
                }
                _ => escaped(&text).into_owned(),
            }
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    fn head(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.headed, true) {
            return Ok(());
        }
        match self.format {
            Format::Csv => {
                csv_line(&mut self.out, self.columns.iter().map(|field| escaped(&field.name).into_owned()))
            }
            Format::Table => {
                let heads: Vec<String> = self.columns.iter().map(head).collect();
                writeln!(self.out, "{}", self.widths.line(&heads))
            }
            Format::JsonLines | Format::Uuids => Ok(()),
        }
    }

    /// What was written so far reaches the reader.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends it: a spreadsheet without rows has its heads all the same. Gives the number of rows.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<u64> {
        if self.format == Format::Csv {
            self.head()?;
        }
        self.out.flush()?;
        Ok(self.rows)
    }
}

/// A line of RFC 4180.
fn csv_line(out: &mut impl Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        if cell.contains([',', '"', '\r', '\n']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

/// A file that appears whole or not at all: written beside its place, readable by its owner alone, and
/// renamed.
pub struct WholeFile {
    file: tempfile::NamedTempFile,
}

impl WholeFile {
    /// One beside `path`.
    ///
    /// # Errors
    /// It cannot be made: says which folder is in the way and how.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".reqspec-").tempfile_in(folder).map_err(|error| {
            let kind = error.kind();
            let why = match kind {
                io::ErrorKind::NotFound => "there is no such folder".to_owned(),
                io::ErrorKind::NotADirectory => "this is no folder".to_owned(),
                io::ErrorKind::PermissionDenied => "files cannot be made in this folder".to_owned(),
                // Its own text names the file beside, which nobody knows.
                other => other.to_string(),
            };
            io::Error::new(kind, format!("{}: {why}", escaped(&folder.to_string_lossy())))
        })?;
        Ok(Self { file })
    }

    /// Where it is written to.
    ///
    /// # Errors
    /// It cannot be opened once more.
    pub fn writer(&self) -> io::Result<BufWriter<fs::File>> {
        Ok(BufWriter::with_capacity(1 << 16, self.file.reopen()?))
    }

    /// Puts it in its place; a file that is there already is replaced only if that is wished.
    ///
    /// # Errors
    /// There is one already, or it cannot be renamed.
    pub fn place(self, path: &Path, replace: bool) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        let placed = if replace { self.file.persist(path) } else { self.file.persist_noclobber(path) };
        placed.map(|_| ()).map_err(|error| error.error)
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
