//! Requests that may take long: each on a thread and a connection of its own, interrupted when
//! its future is dropped or a newer request takes its place.
//!
//! They read through the page cache, never through a memory map: a file that another program cuts
//! short would end the whole process.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::open::{Session, Source};
use crate::store::StoreError;

/// A place for one request at a time: a newer one interrupts the older.
#[derive(Debug, Default)]
pub(super) struct Lane(Mutex<Option<Arc<Stop>>>);

impl Lane {
    fn enter(&self, stop: &Arc<Stop>) {
        let older = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Arc::clone(stop));
        if let Some(older) = older {
            older.stop();
        }
    }
}

/// Stops a request, be it before or after its connection was opened.
#[derive(Default)]
pub(super) struct Stop(Mutex<State>);

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stop").field(&self.is_stopped()).finish()
    }
}

#[derive(Default)]
struct State {
    stopped: bool,
    handles: Vec<InterruptHandle>,
}

impl Stop {
    /// Interrupt what runs, and what would start.
    pub fn stop(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped = true;
        for handle in &state.handles {
            handle.interrupt();
        }
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }

    /// Have this connection interrupted too.
    pub fn watch(&self, connection: &Connection) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.handles.push(connection.get_interrupt_handle());
    }
}

/// Stops the request when the future that waits for it is dropped.
pub(super) struct StopOnDrop(pub Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Ask the database on a connection of its own.
pub(super) async fn run<T: Send + 'static>(
    source: Arc<Source>,
    lane: Option<&Lane>,
    operation: &'static str,
    ask: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let stop = Arc::new(Stop::default());
    if let Some(lane) = lane {
        lane.enter(&stop);
    }
    let _stop_on_drop = StopOnDrop(Arc::clone(&stop));
    let (answer, answered) = oneshot::channel();
    let for_thread = Arc::clone(&source);
    thread::Builder::new()
        .name(format!("sqlite {} aside", source.database))
        .spawn(move || {
            let _ = answer.send(ask_aside(for_thread, &stop, operation, ask));
        })
        .map_err(|error| source.failed(operation, format!("no thread for it: {error}")))?;
    answered.await.map_err(|_| source.failed(operation, "its thread ended"))?
}

fn ask_aside<T>(
    source: Arc<Source>,
    stop: &Stop,
    operation: &str,
    ask: impl Fn(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let mut session = Session::open(Arc::clone(&source))?;
    session.read(operation, |connection| {
        stop.watch(connection);
        if stop.is_stopped() {
            return Err(interrupted());
        }
        ask(connection)
    })
}

fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT),
        Some("interrupted".to_owned()),
    )
}
