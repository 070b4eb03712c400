//! The thread that owns the connection, and the channel that leads to it.

use std::path::PathBuf;
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::Moved;
use super::{JournalError, file};

/// Requests that may wait before their askers do.
const QUEUE: usize = 32;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// The connection, on its thread.
pub(super) struct Desk {
    connection: Connection,
    /// What `PRAGMA synchronous` was set to last.
    is_durable: bool,
    path: PathBuf,
    /// Which file that was when it was opened; None for a journal in memory.
    identity: Option<(u64, u64)>,
}

impl Desk {
    /// A transaction that is on the disk when this returns. Refused where the file is not the one of its path any
    /// more: nobody would find there what is written.
    pub fn durably<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.in_place()?;
        self.transact(true, change)
    }

    /// That the file is the one of its path still.
    pub fn in_place(&self) -> rusqlite::Result<()> {
        match self.identity.is_none() || self.identity == file::identity(&self.path) {
            true => Ok(()),
            false => Err(Moved.into()),
        }
    }

    /// A transaction that a power cut may take back, but no end of the process.
    pub fn lightly<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.transact(false, change)
    }

    fn transact<T>(
        &mut self,
        durable: bool,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        if self.is_durable != durable {
            self.connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            self.is_durable = durable;
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = change(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// For reading.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// The way to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Clerk {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
}

impl Clerk {
    /// Hand the connection to a new thread.
    pub fn start(path: PathBuf, connection: Connection) -> Result<Self, JournalError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        // Of a new connection it is FULL; `file` says so.
        let mut desk =
            Desk { connection, is_durable: true, identity: file::identity(&path), path: path.clone() };
        let begun = thread::Builder::new().name("journal".to_owned()).spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut desk);
            }
        });
        match begun {
            Ok(_) => Ok(Self { path, jobs }),
            Err(error) => Err(JournalError::of_file(&path, format!("no thread for it: {error}"))),
        }
    }

    /// Do it when it is its turn, whether or not the asker still waits then.
    pub async fn ask<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Desk) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            // An asker who is gone needs no answer.
            let _ = answer.send(work(desk));
        });
        let ended = || JournalError::of_file(&self.path, format!("{doing}: its thread has ended"));
        self.jobs.send(job).await.map_err(|_| ended())?;
        let done = answered.await.map_err(|_| ended())?;
        done.map_err(|error| JournalError::of(&self.path, doing, &error))
    }
}
