//! Changes of several rows of one database: one transaction, and what to do where that fails as a whole.
//!
//! - An answer that was lost: the same is asked again. Each change is compare-and-swap, so what was done is
//!   found done, and what was not is done now; the rows' locks wait for a commit that is still under way.
//! - A row that others lock, or that the database refuses: the batch is halved, until that row is alone.
//!
//! Imports `store`.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::store::{RowChange, SpecStore, StoreError};

/// Before each new attempt after an answer that was lost.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
    Duration::from_millis(3_000),
];
/// So many transactions in a row may fail before it is the database, not a row of the batch.
const FAILURES: u32 = 12;
/// How long that may take.
const LONGEST: Duration = Duration::from_secs(60);

/// What became of a row.
#[derive(Debug)]
pub(super) enum Row {
    Done,
    /// It was as the change would have made it.
    AlreadySo,
    Refused(StoreError),
}

/// What became of all of them, and why there is no sense in going on, if there is none.
#[derive(Debug)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    pub stop: Option<StoreError>,
}

/// Make these changes, of different instances.
pub(super) async fn write(store: &Arc<dyn SpecStore>, changes: &[RowChange]) -> Rows {
    let mut rows = Vec::with_capacity(changes.len());
    let (mut stop, mut failures, mut since): (Option<StoreError>, u32, Instant) = (None, 0, Instant::now());
    // The next one is the last.
    let whole = 0..changes.len();
    let mut parts: Vec<Range<usize>> = vec![whole];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        if let Some(error) = &stop {
            rows.extend(part.map(|_| Row::Refused(unwritten(error))));
            continue;
        }
        let error = match attempt(store, &changes[part.clone()]).await {
            Ok(answers) => {
                rows.extend(answers);
                (failures, since) = (0, Instant::now());
                continue;
            }
            Err(error) => error,
        };
        failures += 1;
        let is_of_a_row = matches!(
            error,
            StoreError::Contended { .. } | StoreError::Locked { .. } | StoreError::Failed { .. }
        );
        if is_of_a_row && failures < FAILURES && since.elapsed() < LONGEST {
            if part.len() > 1 {
                let middle = part.start + part.len() / 2;
                parts.extend([middle..part.end, part.start..middle]);
            } else {
                rows.push(Row::Refused(error));
            }
        } else {
            rows.extend(part.map(|_| Row::Refused(error.clone())));
            stop = Some(error);
        }
    }
    Rows { rows, stop }
}

/// Why the rows after those that nothing is known of were not written: that is known.
fn unwritten(error: &StoreError) -> StoreError {
    match error {
        StoreError::Uncertain { database, operation, reason } => StoreError::Failed {
            database: database.clone(),
            operation: operation.clone(),
            reason: format!("{reason}; this one was not begun"),
        },
        other => other.clone(),
    }
}

/// One transaction, repeated where its answer was lost.
async fn attempt(store: &Arc<dyn SpecStore>, changes: &[RowChange]) -> Result<Vec<Row>, StoreError> {
    let mut lost = None;
    let mut pauses = PAUSES.iter();
    loop {
        let error = match store.change_many(changes).await {
            Ok(answers) => {
                let answers = changes.iter().zip(answers);
                return Ok(answers.map(|(change, answer)| judged(change, answer, lost.is_some())).collect());
            }
            Err(error) => error,
        };
        let is_passing = matches!(
            error,
            StoreError::Contended { .. } | StoreError::Locked { .. } | StoreError::Unavailable { .. }
        );
        match (&lost, error) {
            (None, error @ StoreError::Uncertain { .. }) => lost = Some(error),
            (None, error) => return Err(error),
            (Some(_), StoreError::Uncertain { .. }) => {}
            (Some(_), _) if is_passing => {}
            // It cannot be found out.
            (Some(_), _) => break,
        }
        match pauses.next() {
            Some(pause) => sleep(*pause).await,
            None => break,
        }
    }
    Err(lost.unwrap_or_else(|| StoreError::Failed {
        database: store.name().clone(),
        operation: "writing".to_owned(),
        reason: "its answer was lost".to_owned(),
    }))
}

fn judged(change: &RowChange, answer: Result<(), StoreError>, is_repeated: bool) -> Row {
    let error = match answer {
        Ok(()) => return Row::Done,
        Err(error) => error,
    };
    let is_so = match (change, &error) {
        (RowChange::Save { after, .. }, StoreError::Conflict { current: Some(row), .. }) => {
            *row.spec == *after.as_bytes()
        }
        (RowChange::Create(new), StoreError::Exists { current, .. }) => {
            *current.spec == *new.spec.as_bytes() && current.instance_uuid == new.instance_uuid
        }
        (RowChange::Destroy { .. }, StoreError::Conflict { current: None, .. }) => true,
        _ => false,
    };
    match (is_so, is_repeated) {
        (true, true) => Row::Done,
        (true, false) => Row::AlreadySo,
        (false, _) => Row::Refused(error),
    }
}
