//! Rows whose verdict hangs on what other tables say: kept in bounded batches until that was asked.
//! The threads that read rows wait while a batch is being decided, so no more than a few batches are
//! ever there; but never in the middle of a statement, where they may hold a lock.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::query::record::Record;
use crate::store::{RowRef, StoredSpec};

/// Rows of a batch at most: what one question to a database asks for.
pub const ROWS: usize = 500;
/// Bytes of a batch after which no row is added.
pub const BYTES: usize = 4 << 20;

/// Rows that wait.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows.
    pub rows: Vec<StoredSpec>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, row: RowRef<'_>) {
        self.bytes += row.spec.len() + row.instance_uuid.len();
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        self.rows.push(StoredSpec {
            id: row.id,
            instance_uuid: row.instance_uuid.into(),
            spec: row.spec.into(),
            created_at: text(row.created),
            updated_at: text(row.updated),
        });
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }
}

/// A row as a query sees it.
pub fn record<'a>(database: &'a str, row: &'a StoredSpec) -> Record<'a> {
    let created = row.created_at.as_deref().unwrap_or_default();
    Record {
        database,
        id: row.id,
        instance_uuid: &row.instance_uuid,
        spec: &row.spec,
        created,
        updated: row.updated_at.as_deref().unwrap_or(created),
    }
}

/// Where rows wait: the end that the reading threads see.
pub struct Waiting {
    state: Mutex<State>,
    /// There are full batches which nobody has taken: see [`Waiting::is_full`].
    full: AtomicBool,
    out: Mutex<Option<Sender<Batch>>>,
}

#[derive(Default)]
struct State {
    batch: Batch,
    /// Full ones that found no place: one for each reading thread at most.
    full: Vec<Batch>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Waiting {
    /// An empty one, and where its batches come out.
    pub fn new() -> (Self, Receiver<Batch>) {
        let (out, batches) = mpsc::channel(1);
        let state = Mutex::default();
        (Self { state, full: AtomicBool::new(false), out: Mutex::new(Some(out)) }, batches)
    }

    fn out(&self) -> Option<Sender<Batch>> {
        lock(&self.out).clone()
    }

    /// One more row. Does not wait: whoever reads rows may hold a lock. Broken off where nobody decides
    /// any more.
    pub fn push(&self, row: RowRef<'_>) -> ControlFlow<()> {
        let mut state = lock(&self.state);
        state.batch.push(row);
        if !state.batch.is_full() {
            return ControlFlow::Continue(());
        }
        let batch = std::mem::take(&mut state.batch);
        match self.out().map(|out| out.try_send(batch)) {
            Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(TrySendError::Full(batch))) => {
                state.full.push(batch);
                self.full.store(true, Ordering::Relaxed);
                ControlFlow::Continue(())
            }
            Some(Err(TrySendError::Closed(_))) | None => ControlFlow::Break(()),
        }
    }

    /// Whether too many rows are there: before the next one, [`Waiting::make_room`] is to be called by
    /// somebody who holds nothing that others wait for.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Waits, where too many rows are there, until a place is free for them. Broken off where nobody
    /// decides any more.
    pub fn make_room(&self) -> ControlFlow<()> {
        while self.is_full() {
            let batch = {
                let mut state = lock(&self.state);
                let batch = state.full.pop();
                self.full.store(!state.full.is_empty(), Ordering::Relaxed);
                batch
            };
            batch.map_or(ControlFlow::Continue(()), |batch| self.send(batch))?;
        }
        ControlFlow::Continue(())
    }

    fn send(&self, batch: Batch) -> ControlFlow<()> {
        let Some(out) = self.out() else { return ControlFlow::Break(()) };
        let sent = match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            // The threads of sessions with servers: another one takes this one's place meanwhile.
            Ok(RuntimeFlavor::MultiThread) => {
                tokio::task::block_in_place(|| out.blocking_send(batch).is_ok())
            }
            _ => out.blocking_send(batch).is_ok(),
        };
        if sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Has the rows decided that are there, full batch or not, if nothing is being decided now.
    pub fn hurry(&self) {
        let Some(out) = self.out() else { return };
        if let Ok(place) = out.try_reserve() {
            let batch = std::mem::take(&mut lock(&self.state).batch);
            if !batch.rows.is_empty() {
                place.send(batch);
            }
        }
    }

    /// No more rows come; gives those that are left.
    pub fn close(&self) -> Vec<Batch> {
        *lock(&self.out) = None;
        let State { batch, mut full } = std::mem::take(&mut *lock(&self.state));
        self.full.store(false, Ordering::Relaxed);
        full.push(batch);
        full
    }
}
