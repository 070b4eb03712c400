//! Files of results: on a thread of their own, which waits for databases and for the disk, so that
//! nobody else waits for either.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::external::home;
use super::searches::now;
use super::sessions::Sessions;
use crate::app::exporting::{Format, Written};
use crate::deployment::facts::FactStores;
use crate::query::{Field, Order, Query};
use crate::search::Listed;
use crate::search::export::{self, WholeFile, Writer};
use crate::search::run::{self, Listing, Sink};
use crate::spec::text::escaped;
use crate::store::DatabaseName;

/// Told, or gone, when files are not wanted any more.
pub type Stop = watch::Receiver<bool>;

/// A file of results.
pub struct File {
    /// Of which databases.
    pub databases: Vec<DatabaseName>,
    /// Which rows.
    pub query: Arc<Query>,
    /// In which order.
    pub order: Order,
    /// Which columns, for the formats that have some.
    pub columns: Arc<[Field]>,
    /// How.
    pub format: Format,
    /// Where to, as typed.
    pub path: String,
    /// Whether a file of that name is replaced.
    pub replace: bool,
}

/// Writes a file, unless it is stopped before it is whole.
///
/// # Errors
/// Why there is none; a sentence.
pub async fn write(sessions: Arc<Sessions>, file: File, stop: Stop) -> Result<Written, String> {
    let runtime = Handle::current();
    let shown = escaped(&file.path).into_owned();
    let written = tokio::task::spawn_blocking(move || {
        let path = home(&file.path);
        written(&runtime, sessions, file, &path, stop)
    });
    match written.await {
        Ok(Ok(written)) => Ok(written),
        Ok(Err(Refusal::Io(error))) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(format!("{shown}: there is a file of that name already; nothing was written"))
        }
        Ok(Err(Refusal::Io(error))) => Err(format!("{shown}: {error}; nothing was written")),
        Ok(Err(Refusal::Listing(reason))) => Err(format!("{reason}; nothing was written")),
        Err(error) => Err(format!("{shown}: {error}; nothing was written")),
    }
}

/// Why there is no file.
enum Refusal {
    /// Of the file of that name.
    Io(io::Error),
    /// A sentence that names what it is of.
    Listing(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Waits on this thread: for the databases, whose connections the runtime's own thread serves, and for
/// the disk.
fn written(
    runtime: &Handle,
    sessions: Arc<Sessions>,
    file: File,
    path: &Path,
    mut stop: Stop,
) -> Result<Written, Refusal> {
    if !file.replace && path.symlink_metadata().is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
    }
    let columns = if file.format == Format::JsonLines { Arc::from([]) } else { Arc::clone(&file.columns) };
    let listing = Listing {
        databases: file.databases,
        query: file.query,
        order: file.order,
        columns: Arc::clone(&columns),
        limit: u64::MAX,
        now: now(),
    };
    let format = match file.format {
        Format::JsonLines => export::Format::JsonLines,
        Format::Csv => export::Format::Csv,
        Format::Table => export::Format::Table,
        Format::Uuids => export::Format::Uuids,
    };
    let beside = WholeFile::beside(path).map_err(|error| Refusal::Listing(error.to_string()))?;
    let mut sink = Rows(Writer::new(beside.writer()?, format, columns));
    let stores: Arc<dyn FactStores> = sessions;
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Err(io::Error::other("it was stopped")),
            outcome = run::run(&listing, &stores, &mut sink) => outcome,
        }
    })?;
    // A part of the result would be taken for the whole.
    let failures = outcome.failures.iter().filter(|(_, error)| !error.is_no_table());
    if let Some((database, error)) = failures.into_iter().next() {
        return Err(Refusal::Listing(format!("{database}: {error}")));
    }
    let rows = sink.0.finish()?;
    beside.place(path, file.replace)?;
    Ok(Written { rows, undecided: outcome.undecided, remark: outcome.remarks.into_iter().next() })
}

/// Rows into a file.
struct Rows<W: io::Write>(Writer<W>);

impl<W: io::Write + Send> Sink for Rows<W> {
    fn rows(&mut self, rows: &[Listed]) -> io::Result<()> {
        self.0.rows(rows)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
