//! The threads on which sessions with servers run: one small runtime for all of them.
//!
//! A session outlives the runtime of whoever asks it, decoding rows never delays the terminal UI,
//! and a pass over all rows may keep its thread busy. Imports nothing of ours.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinHandle};

/// At least this many threads, so that one busy with a pass leaves room.
const LEAST_THREADS: usize = 2;

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(LEAST_THREADS))
        .thread_name("store")
        .enable_all()
        .build()
        .ok()
});

/// Why something that was asked for did not come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost;

/// Ends its task when it is dropped.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Run it on those threads. Dropping the future that is given back ends it at its next await.
///
/// # Errors
/// It panicked, or there are no threads.
pub(super) async fn run<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Lost> {
    let Some(task) = spawn(work) else { return Err(Lost) };
    let _abort = Abort(task.abort_handle());
    task.await.map_err(|_| Lost)
}

/// Run it on those threads to its end, whoever waits for it. None where there are no threads.
pub(super) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<JoinHandle<T>> {
    RUNTIME.as_ref().map(|runtime| runtime.spawn(work))
}
