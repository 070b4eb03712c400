//! Changes of many specs: planned over the read-only sessions, carried out over sessions for writing.
//! Both report how far they are, and end early when they are told to.
//!
//! Imports `fleet` and `change`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::recording::Recording;
use super::searches::now;
use super::sessions::Sessions;
use crate::app::Msg;
use crate::app::effect::RequestId;
use crate::change::{
    self, ApplyError, BulkIntent, BulkKind, BulkOutcome, BulkPlan, ChangeId, Confirmed, Pace, Progress,
    Record, Refusal, Undoing, Who,
};
use crate::deployment::facts::FactStores;
use crate::fleet::plans::{self, Maker, Setting};
use crate::store::{Access, Cancel, StoreError, Stores};

/// Least time between two reports.
const PACE: Duration = Duration::from_millis(80);

/// What is under way, each with what stops it.
#[derive(Default)]
pub struct Many(Arc<Mutex<HashMap<RequestId, Cancel>>>);

/// Work that is under way.
pub struct Running {
    request: RequestId,
    all: Arc<Mutex<HashMap<RequestId, Cancel>>>,
    /// Stops it.
    pub cancel: Cancel,
    out: Sender<Msg>,
    told: Mutex<Option<Instant>>,
}

impl Many {
    /// Work begins that reports there.
    pub fn begin(&self, request: RequestId, out: &Sender<Msg>) -> Running {
        let cancel = Cancel::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(request, cancel.clone());
        Running { request, all: Arc::clone(&self.0), cancel, out: out.clone(), told: Mutex::default() }
    }

    /// Stops one, if it is under way.
    pub fn stop(&self, request: RequestId) {
        if let Some(cancel) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&request) {
            cancel.cancel();
        }
    }

    /// Stops all.
    pub fn stop_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(Cancel::cancel);
    }
}

impl Running {
    /// Tells how far it is, if that was not told a moment ago. What is not heard is told again soon.
    pub fn tell(&self, msg: impl FnOnce(RequestId) -> Msg) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < PACE) {
            return;
        }
        *told = Some(Instant::now());
        let _ = self.out.try_send(msg(self.request));
    }

    fn report(&self, progress: &Progress) {
        self.tell(|request| Msg::ManyProgress { request, progress: progress.clone() });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.request);
    }
}

/// Who plans.
pub fn maker(reason: Option<String>) -> Maker {
    let Who { operator, host } = Who::here();
    Maker { operator, host, reason }
}

/// The plan of a change of many.
///
/// # Errors
/// Why there is none.
pub async fn plan(
    sessions: &Arc<Sessions>,
    recording: &Recording,
    intent: &BulkIntent,
    running: &Running,
) -> Result<BulkPlan, Refusal> {
    let directory = recording.plans().map_err(Refusal::Failed)?;
    let setting = Setting { maker: maker(None), now: now(), directory, force: false };
    let stores: Arc<dyn FactStores> = Arc::clone(sessions) as _;
    let report = |progress: &Progress| running.report(progress);
    let plan =
        plans::build(&stores, sessions.deployment(), intent, &setting, &report, &running.cancel).await?;
    if plan.total() == 0 {
        return Err(Refusal::NothingToDo(nothing(&plan)));
    }
    Ok(plan)
}

/// Why a plan has nothing to do: a line for each reason.
fn nothing(plan: &BulkPlan) -> String {
    let summary = plan.summary();
    let left_out =
        summary.left_out.iter().map(|reason| format!("{} specs: {}", reason.count, reason.sentence));
    let lines: Vec<_> = left_out.chain(summary.remarks.iter().cloned()).collect();
    if lines.is_empty() { "There is no spec to change.".to_owned() } else { lines.join("\n") }
}

/// Carries out a confirmed plan.
pub async fn apply(
    sessions: &Sessions,
    recording: &Recording,
    plan: Confirmed<BulkPlan>,
    reason: Option<String>,
    running: &Running,
) -> BulkOutcome {
    let total = plan.get().total();
    let nothing = |reason: String| BulkOutcome {
        progress: Progress { total: Some(total), ..Progress::default() },
        stopped: Some(ApplyError::Failed(format!("{reason}; nothing was written"))),
        ..BulkOutcome::default()
    };
    let undoing = match plan.get().kind() {
        BulkKind::Undo(change) => Some(Undoing { change: ChangeId(*change), again: false }),
        BulkKind::Redo(change) => Some(Undoing { change: ChangeId(*change), again: true }),
        _ => None,
    };
    let record = match recording.record(reason).await {
        Ok(record) => Record { undoing, ..record },
        Err(reason) => return nothing(reason),
    };
    let stores = match stores(sessions, plan.get()).await {
        Ok(stores) => stores,
        Err(error) => return nothing(error.to_string()),
    };
    let report = |progress: &Progress| running.report(progress);
    change::apply_many(&stores, &record, plan, &Pace::default(), &report, &running.cancel).await
}

/// Sessions for writing of the databases that the plan writes to; those that it only reads, read-only.
async fn stores(sessions: &Sessions, plan: &BulkPlan) -> Result<Stores, StoreError> {
    let mut stores = Stores::new();
    for database in plan.databases() {
        let writes = plan.targets().contains(database);
        stores.insert(match writes {
            true => sessions.deployment().open(database, Access::ReadWrite).await?,
            false => sessions.get(database).await?,
        });
    }
    for database in plan.targets() {
        if stores.get(database).is_none() {
            stores.insert(sessions.deployment().open(database, Access::ReadWrite).await?);
        }
    }
    Ok(stores)
}
