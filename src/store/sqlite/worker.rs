//! The thread that owns a session's connection, and the channel that leads to it.

use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::many;
use super::open::{Session, Source};
use super::recent::Version;
use crate::store::batch::Answers;
use crate::store::{Hold, StoreError};

/// Requests that may wait before their askers do.
const QUEUE: usize = 32;

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// The way to a session's thread. The thread ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    source: Arc<Source>,
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Open the connection and hand it to a new thread.
    pub fn start(source: Arc<Source>) -> Result<Worker, StoreError> {
        let mut session = Session::open(Arc::clone(&source))?;
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        thread::Builder::new()
            .name(format!("sqlite {}", source.database))
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut session);
                }
            })
            .map_err(|error| source.unavailable(format!("no thread for it: {error}")))?;
        Ok(Worker { source, jobs })
    }

    /// Ask the database. An asker who is gone by the time of its turn is passed over.
    pub async fn read<T: Send + 'static>(
        &self,
        operation: &str,
        ask: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let words = operation.to_owned();
        self.run(operation, move |session| session.read(&words, &ask)).await
    }

    /// The state of the database now.
    pub async fn version(&self, operation: &str) -> Result<Version, StoreError> {
        let words = operation.to_owned();
        self.run(operation, move |session| {
            let sql = "PRAGMA data_version";
            let data_version = session.read(&words, |c| c.query_row(sql, [], |row| row.get(0)))?;
            let own_changes = session.connection.total_changes();
            Ok(Version { generation: session.generation, data_version, own_changes })
        })
        .await
    }

    /// Change the database. Once it is its turn it is done, whether or not the asker waits.
    pub async fn write<T: Send + 'static>(
        &self,
        operation: &str,
        change: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(operation, change).await
    }

    /// Hold rows: the thread waits, with the write lock, until the hold is dropped.
    pub async fn hold(
        &self,
        operation: String,
        rows: Vec<(Arc<str>, Arc<[u8]>)>,
    ) -> Result<(Hold, Answers), StoreError> {
        let (release, released) = oneshot::channel::<()>();
        let (answer, answered) = oneshot::channel();
        let lost = || self.source.unavailable(format!("its thread ended while {operation}"));
        let words = operation.clone();
        let job: Job = Box::new(move |session| {
            let mut answer = Some(answer);
            let result = many::hold(session, &words, &rows, |answers| {
                if answer.take().is_some_and(|answer| answer.send(Ok(answers)).is_ok()) {
                    // Ends with an error when the hold is dropped, as it should.
                    let _ = released.blocking_recv();
                }
            });
            if let (Some(answer), Err(error)) = (answer, result) {
                let _ = answer.send(Err(error));
            }
        });
        self.jobs.send(job).await.map_err(|_| lost())?;
        let answers = answered.await.map_err(|_| lost())??;
        Ok((Hold::new(release), answers))
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &str,
        job: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            if !answer.is_closed() {
                // An asker who is gone misses nothing.
                let _ = answer.send(job(session));
            }
        });
        let lost = || {
            self.source.unavailable(format!("its thread ended while {operation}; try again, and see the log"))
        };
        self.jobs.send(job).await.map_err(|_| lost())?;
        answered.await.map_err(|_| lost())?
    }
}
