//! The journal: one SQLite file of its user's, in which every change stands, with its texts before and
//! after, before the first byte of it goes to a database.
//!
//! - [`row`]: what it holds, as data.  `write`, `read`: the statements.  `texts`: an operation as columns.
//! - `file`: opening it.  `desk`: the thread that owns the connection.  `owners`: who works on a change.
//! - [`error`]: why it cannot be used.
//!
//! A change is begun ([`Journal::begin`]), each operation written ahead ([`Journal::write_ahead`], on the disk
//! when it returns), settled, and the change finished. One without an end belongs to the process that began
//! it; when that is gone, to `change::recover`.
//!
//! Imports its siblings in `change`; knows no database of nova's.

mod desk;
pub mod error;
mod file;
mod owners;
mod read;
pub mod row;
mod texts;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::JournalError;
pub use row::{ChangeId, ChangeRow, Entry, EntryId, EntryRow, Header, Kind, State, Step, Who};

use desk::Clerk;
pub(super) use write::now;

use owners::{Lock, Owners};
use read::{Owned, Which};

/// The journal. Cheap to clone; no call blocks the caller's thread.
#[derive(Debug, Clone)]
pub struct Journal {
    path: Arc<Path>,
    clerk: Arc<Clerk>,
    owners: Arc<Owners>,
}

/// While this lives, the change is this process's own: recovery leaves it alone.
#[derive(Debug)]
#[must_use = "dropping it lets the change go"]
pub struct Running {
    owners: Arc<Owners>,
    change: ChangeId,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.owners.release(self.change);
    }
}

impl Journal {
    /// Open it for writing; the file and its directory are made where they are missing.
    ///
    /// # Errors
    /// It cannot be written, is damaged, is another program's or a newer reqspec's. Nothing was changed then.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let connection = file::open(path)?;
        Self::start(path, connection, Some(file::owners_of(path)?))
    }

    /// Open it for reading, which changes nothing; None where there is none yet.
    ///
    /// # Errors
    /// It cannot be read, is damaged, is another program's or a newer reqspec's.
    pub fn open_to_read(path: &Path) -> Result<Option<Self>, JournalError> {
        let Some(connection) = file::open_to_read(path)? else { return Ok(None) };
        Self::start(path, connection, Some(file::owners_of(path)?)).map(Some)
    }

    /// One that is gone with the process, for tests.
    ///
    /// # Errors
    /// There is no memory, or no thread, for it.
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::start(Path::new(":memory:"), file::in_memory()?, None)
    }

    fn start(
        path: &Path,
        connection: rusqlite::Connection,
        owners: Option<PathBuf>,
    ) -> Result<Self, JournalError> {
        Ok(Self {
            path: Arc::from(path),
            clerk: Arc::new(Clerk::start(path.to_owned(), connection)?),
            owners: Arc::new(Owners::new(owners)),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begin a change: its head is on the disk when this returns, and it is this process's own until
    /// [`Journal::finish`] or the end of [`Journal::running`].
    ///
    /// # Errors
    /// It is not written.
    pub async fn begin(&self, header: Header) -> Result<ChangeId, JournalError> {
        self.begin_with(header, Vec::new()).await.map(|(change, _)| change)
    }

    /// Begin a change together with its first entries.
    ///
    /// # Errors
    /// Nothing of it is written.
    pub async fn begin_with(
        &self,
        header: Header,
        entries: Vec<Entry>,
    ) -> Result<(ChangeId, Vec<EntryId>), JournalError> {
        let owners = Arc::clone(&self.owners);
        // The lock is made and kept there, so that it does not matter whether the asker still waits.
        self.clerk
            .ask("beginning a change", move |desk| {
                desk.in_place()?;
                let lock: Lock = owners.make().map_err(unlocked)?;
                let token = lock.token().to_owned();
                let begun = desk.durably(|t| {
                    let change = write::header(t, &header, lock.token())?;
                    Ok((change, write::entries(t, change, &entries)?))
                });
                match begun {
                    Ok((change, entries)) => {
                        owners.keep(change, lock);
                        Ok((change, entries))
                    }
                    Err(error) => {
                        owners.forget(&token);
                        Err(error)
                    }
                }
            })
            .await
    }

    /// Whoever applies a change keeps this: when it is dropped with the change unfinished, `recover` may
    /// have the change.
    pub fn running(&self, change: ChangeId) -> Running {
        Running { owners: Arc::clone(&self.owners), change }
    }

    /// Write operations down before they are begun: on the disk when this returns, in one transaction.
    ///
    /// # Errors
    /// None of them is written.
    pub async fn write_ahead(
        &self,
        change: ChangeId,
        entries: Vec<Entry>,
    ) -> Result<Vec<EntryId>, JournalError> {
        self.clerk
            .ask("writing ahead", move |desk| desk.durably(|t| write::entries(t, change, &entries)))
            .await
    }

    /// How far these moves have come. A power cut may take that back.
    ///
    /// # Errors
    /// It is not written.
    pub async fn step(&self, entries: Vec<EntryId>, step: Step) -> Result<(), JournalError> {
        self.clerk
            .ask("writing down a step", move |desk| desk.lightly(|t| write::step(t, &entries, step)))
            .await
    }

    /// What became of entries, each with a whole sentence. A power cut may take that back: `recover` then
    /// finds out the same from the databases.
    ///
    /// # Errors
    /// None of it is written; the entries stay as they are.
    pub async fn settle(&self, results: Vec<(EntryId, State, String)>) -> Result<(), JournalError> {
        self.clerk
            .ask("writing down what became of it", move |desk| desk.lightly(|t| write::settle(t, &results)))
            .await
    }

    /// End a change, and let it go. One with entries whose end is not known stays unfinished.
    ///
    /// # Errors
    /// It is not written; the change stays unfinished.
    pub async fn finish(&self, change: ChangeId) -> Result<(), JournalError> {
        self.settle_and_finish(change, Vec::new()).await
    }

    /// Settle the last entries of a change and end it.
    ///
    /// # Errors
    /// As [`Journal::settle`] and [`Journal::finish`].
    pub async fn settle_and_finish(
        &self,
        change: ChangeId,
        results: Vec<(EntryId, State, String)>,
    ) -> Result<(), JournalError> {
        let owners = Arc::clone(&self.owners);
        self.clerk
            .ask("ending a change", move |desk| {
                let finished = desk.lightly(|t| {
                    write::settle(t, &results)?;
                    write::finish(t, change)
                });
                match finished {
                    Ok(true) => owners.end(change),
                    _ => owners.release(change),
                }
                finished.map(drop)
            })
            .await
    }

    /// Changes, newest first, before that one. Every word of the filter must be in the title, the kind, the
    /// operator, the host, the environment or the reason, begin the uuid of an instance, or be `#` and the
    /// change's number.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn changes(
        &self,
        before: Option<ChangeId>,
        filter: &str,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, JournalError> {
        let filter = filter.to_owned();
        self.read(move |c| read::changes(c, before, &filter, limit)).await
    }

    /// One change; None where there is none of that number.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn change(&self, change: ChangeId) -> Result<Option<ChangeRow>, JournalError> {
        Ok(self.read(move |c| Ok(read::change(c, change)?.into_iter().collect())).await?.pop())
    }

    /// Entries of a change in the order in which they were begun, after that one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn entries(
        &self,
        change: ChangeId,
        after: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, JournalError> {
        self.page(change, Which::All, after, limit).await
    }

    /// The same of those whose end is not known.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn open_entries(
        &self,
        change: ChangeId,
        after: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, JournalError> {
        self.page(change, Which::Open, after, limit).await
    }

    /// What is to be undone of a change: entries that were done and are not undone yet, the last first,
    /// before that one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn entries_to_undo(
        &self,
        change: ChangeId,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, JournalError> {
        self.page(change, Which::ToUndo, before, limit).await
    }

    async fn page(
        &self,
        change: ChangeId,
        which: Which,
        from: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, JournalError> {
        let read = move |desk: &mut desk::Desk| read::entries(desk.connection(), change, which, from, limit);
        self.clerk.ask("reading it", read).await
    }

    /// One entry; None where there is none of that number.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn entry(&self, entry: EntryId) -> Result<Option<EntryRow>, JournalError> {
        self.clerk.ask("reading it", move |desk| read::entry(desk.connection(), entry)).await
    }

    /// Changes without an end that nobody works on, the oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<ChangeRow>, JournalError> {
        let mut rows = self.read(read::unfinished).await?;
        rows.retain(|row| row.is_interrupted);
        Ok(rows)
    }

    /// The newest change of an environment that did something and is not undone: of the undos, or of the
    /// others.
    pub(super) async fn newest(
        &self,
        environment: &str,
        undos: bool,
    ) -> Result<Option<ChangeId>, JournalError> {
        let environment = environment.to_owned();
        self.clerk.ask("reading it", move |desk| read::newest(desk.connection(), &environment, undos)).await
    }

    /// The times of the row of an instance that a change deleted.
    pub(super) async fn times(
        &self,
        change: ChangeId,
        database: String,
        instance_uuid: Arc<str>,
    ) -> Result<Option<(Option<String>, Option<String>)>, JournalError> {
        self.clerk
            .ask("reading it", move |desk| read::times(desk.connection(), change, &database, &instance_uuid))
            .await
    }

    /// Go on with a change that was interrupted, as this process's own: what is done from now on belongs to it, and
    /// is undone with it. `plan_file` is where the rest of it stands.
    ///
    /// # Errors
    /// It is not written: there is no such change, or somebody works on it.
    pub async fn reopen(&self, change: ChangeId, plan_file: PathBuf) -> Result<Running, JournalError> {
        let owners = Arc::clone(&self.owners);
        self.clerk
            .ask("going on with a change", move |desk| {
                let Some((_, token)) = read::change(desk.connection(), change)? else {
                    return Err(write::refused(format!("there is no change {change}")));
                };
                // The lock of the one who worked on it before: whoever takes it over meanwhile wants the same.
                if !owners.take(change, &token).map_err(unlocked)? {
                    return Err(write::refused(format!("another reqspec is carrying out change {change}")));
                }
                let reopened = desk.durably(|t| write::reopen(t, change, &token, &plan_file));
                if reopened.is_err() {
                    owners.release(change);
                }
                reopened
            })
            .await?;
        Ok(self.running(change))
    }

    /// Take over a change whose owner is gone, until [`Running`] is dropped; None where somebody works on it, or
    /// it has an end by now.
    pub(super) async fn take(&self, change: ChangeId) -> Result<Option<Running>, JournalError> {
        let owners = Arc::clone(&self.owners);
        let taken = self
            .clerk
            .ask("taking a change over", move |desk| {
                let Some((_, token)) = read::change(desk.connection(), change)? else { return Ok(false) };
                if !owners.take(change, &token).map_err(unlocked)? {
                    return Ok(false);
                }
                // Read again, now that nobody else can end it.
                let row = match read::change(desk.connection(), change) {
                    Ok(row) => row,
                    Err(error) => {
                        owners.release(change);
                        return Err(error);
                    }
                };
                let open = row.is_some_and(|(row, now)| row.finished_at.is_none() && now == token);
                if !open {
                    owners.end(change);
                }
                Ok(open)
            })
            .await?;
        Ok(taken.then(|| self.running(change)))
    }

    async fn read(
        &self,
        ask: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<Vec<Owned>> + Send + 'static,
    ) -> Result<Vec<ChangeRow>, JournalError> {
        let owners = Arc::clone(&self.owners);
        self.clerk
            .ask("reading it", move |desk| {
                let mut rows = Vec::new();
                for (mut row, token) in ask(desk.connection())? {
                    if row.finished_at.is_none() {
                        row.is_running = owners.is_running(row.id, &token).map_err(unlocked)?;
                        row.is_interrupted = !row.is_running;
                    }
                    rows.push(row);
                }
                Ok(rows)
            })
            .await
    }
}

/// A file beside the journal could not be locked.
fn unlocked(error: std::io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(std::io::Error::new(
        error.kind(),
        format!("its directory of locks (.owners) cannot be used: {error}"),
    )))
}

#[cfg(test)]
mod tests;
