//! The next batch: operations from the plan's file, the rows that they are of, what fits and what does not,
//! and the journal.
//!
//! Imports `store` and `change::journal`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::book::{self, Book};
use super::tally::Ended;
use super::{ApplyError, Run, Stage};
use crate::change::bulk::BulkPlan;
use crate::change::journal::{Entry, EntryId, State};
use crate::change::plan_file::{Fit, PlanFileError, PlannedOperation};
use crate::change::{DatabaseName, Operation};
use crate::spec::text::named;
use crate::store::{SpecStore, StoreError, StoredSpec};

/// Operations that the file's reader hands over at a time.
const HANDFUL: usize = 50;
/// How many times a database that is locked for a moment is asked.
const ASKED: u32 = 20;

/// An operation that is in the journal.
pub(super) struct Ready {
    pub operation: Operation,
    pub entry: EntryId,
    /// Of the row that it takes away, copies or puts back.
    pub created_at: Option<Arc<str>>,
    /// Of the same.
    pub updated_at: Option<Arc<str>>,
}

impl Ready {
    /// For the journal.
    pub fn not_begun(&self) -> book::Result {
        (self.entry, State::NotDone, "It was not begun.".to_owned())
    }

    /// It has an end.
    pub fn ended(&self, database: &DatabaseName, state: State, said: String) -> Ended {
        Ended {
            entry: Some(self.entry),
            database: database.clone(),
            instance_uuid: Arc::clone(self.operation.instance_uuid()),
            state,
            said,
            is_told: false,
        }
    }
}

/// Operations that go together.
pub(super) struct Batch {
    pub ready: Vec<Ready>,
    /// Those of which nothing is to be written.
    pub ended: Vec<Ended>,
    instances: Arc<HashSet<Arc<str>>>,
}

/// Operations that were read and compared, and are not in the journal yet.
pub(super) struct ReadBatch {
    fitting: Vec<Fitting>,
    ended: Vec<Ended>,
    instances: Arc<HashSet<Arc<str>>>,
}

/// The instances of batches that are under way.
pub(super) struct Instances(Vec<Arc<HashSet<Arc<str>>>>);

impl Instances {
    pub fn of(writing: &Option<Batch>, journaling: &Option<ReadBatch>) -> Self {
        let written = writing.iter().map(|batch| Arc::clone(&batch.instances));
        let journaled = journaling.iter().map(|batch| Arc::clone(&batch.instances));
        Self(written.chain(journaled).collect())
    }

    fn are_in(&self, planned: &[PlannedOperation]) -> bool {
        planned.iter().any(|one| self.0.iter().any(|set| set.contains(one.instance_uuid())))
    }
}

type Read = Result<Vec<PlannedOperation>, PlanFileError>;

/// The operations of a plan's file, read on a thread of its own, a few handfuls ahead.
pub(super) struct Source {
    handfuls: mpsc::Receiver<Read>,
    at_hand: VecDeque<PlannedOperation>,
    /// A batch of instances that were under way when it was to be read.
    waiting: Vec<PlannedOperation>,
    is_at_end: bool,
}

impl Source {
    pub fn open(plan: &BulkPlan) -> Result<Self, ApplyError> {
        let mut operations = plan.operations().map_err(|error| ApplyError::Failed(error.to_string()))?;
        let (sender, handfuls) = mpsc::channel(8);
        spawn_blocking(move || {
            loop {
                let handful: Read = operations.by_ref().take(HANDFUL).collect();
                let is_last = handful.as_ref().map_or(true, |handful| handful.len() < HANDFUL);
                // Whoever wants no more has gone.
                if sender.blocking_send(handful).is_err() || is_last {
                    break;
                }
            }
        });
        Ok(Self { handfuls, at_hand: VecDeque::new(), waiting: Vec::new(), is_at_end: false })
    }

    /// Whether all operations were given out.
    pub fn is_empty(&self) -> bool {
        self.is_at_end && self.waiting.is_empty()
    }

    /// The next operations, no two of the same instance; none at the end.
    async fn next(&mut self, limit: usize) -> Read {
        if !self.waiting.is_empty() {
            return Ok(std::mem::take(&mut self.waiting));
        }
        let mut batch: Vec<PlannedOperation> = Vec::new();
        let mut seen = HashSet::new();
        while batch.len() < limit {
            let Some(operation) = self.at_hand.pop_front() else {
                match self.handfuls.recv().await {
                    Some(handful) => self.at_hand.extend(handful?),
                    None => break,
                }
                continue;
            };
            if !seen.insert(Arc::clone(operation.instance_uuid())) {
                self.at_hand.push_front(operation);
                break;
            }
            batch.push(operation);
        }
        self.is_at_end = batch.is_empty();
        Ok(batch)
    }
}

type Rows = HashMap<DatabaseName, HashMap<Arc<str>, StoredSpec>>;

/// An operation that fits, with the times of the row that it takes away.
struct Fitting(Operation, Option<Arc<str>>, Option<Arc<str>>);

impl Run<'_> {
    /// Read and compare what comes next, unless it is about instances that are under way.
    pub(super) async fn read(
        &self,
        source: &mut Source,
        limit: usize,
        under_way: &Instances,
    ) -> Result<Option<ReadBatch>, ApplyError> {
        let planned = source.next(limit).await.map_err(|error| ApplyError::Failed(error.to_string()))?;
        if planned.is_empty() {
            return Ok(None);
        }
        if under_way.are_in(&planned) {
            source.waiting = planned;
            return Ok(None);
        }
        let rows = self.rows_of(&planned).await?;
        let instances = planned.iter().map(|one| Arc::clone(one.instance_uuid())).collect();
        // Digests of many texts take a while.
        let fitted = spawn_blocking(move || fitted(planned, &rows)).await;
        let (fitting, ended) = fitted.map_err(|error| ApplyError::Failed(error.to_string()))?;
        Ok(Some(ReadBatch { fitting, ended, instances: Arc::new(instances) }))
    }

    /// A batch is in the journal when this returns.
    pub(super) async fn write_ahead(
        &self,
        book: &mut Book<'_>,
        batch: Option<ReadBatch>,
    ) -> Result<Option<Batch>, ApplyError> {
        let Some(ReadBatch { mut fitting, ended, instances }) = batch else { return Ok(None) };
        for Fitting(operation, created_at, updated_at) in &mut fitting {
            if let Operation::Create { database, instance_uuid, .. } = operation {
                (*created_at, *updated_at) = book.times(database, instance_uuid).await;
            }
        }
        let entries = fitting.iter().map(|Fitting(operation, created_at, updated_at)| Entry {
            operation: operation.clone(),
            created_at: created_at.clone(),
            updated_at: updated_at.clone(),
        });
        let written = book.write_ahead(entries.collect()).await?;
        (self.reached)(Stage::Journaled);
        let ready = fitting.into_iter().zip(written);
        let ready = ready.map(|(Fitting(operation, created_at, updated_at), entry)| Ready {
            operation,
            entry,
            created_at,
            updated_at,
        });
        Ok(Some(Batch { ready: ready.collect(), ended, instances }))
    }

    /// The rows that operations are about, of all their databases at once.
    async fn rows_of(&self, planned: &[PlannedOperation]) -> Result<Rows, ApplyError> {
        let mut wanted: HashMap<DatabaseName, Vec<Arc<str>>> = HashMap::new();
        for one in planned {
            for database in std::iter::once(one.database()).chain(one.destination()) {
                wanted.entry(database.clone()).or_default().push(Arc::clone(one.instance_uuid()));
            }
        }
        let asked = wanted.into_iter().map(|(database, instances)| async move {
            let store = self.store(&database)?;
            let rows = read(store, &instances).await.map_err(|error| {
                ApplyError::Failed(format!("{error}. What was not begun yet was left as it is"))
            })?;
            let by_name = rows.into_iter().map(|row| (Arc::clone(&row.instance_uuid), row)).collect();
            Ok::<_, ApplyError>((database, by_name))
        });
        join_all(asked).await.into_iter().collect()
    }
}

/// Rows of a database that others may lock for a moment.
pub(super) async fn read(
    store: &Arc<dyn SpecStore>,
    instances: &[Arc<str>],
) -> Result<Vec<StoredSpec>, StoreError> {
    let mut asked = 0;
    loop {
        asked += 1;
        match store.get_many(instances).await {
            Err(StoreError::Locked { .. }) if asked < ASKED => sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
}

/// What is to be done, and what is not.
fn fitted(planned: Vec<PlannedOperation>, rows: &Rows) -> (Vec<Fitting>, Vec<Ended>) {
    let (mut fitting, mut ended) = (Vec::with_capacity(planned.len()), Vec::new());
    for one in planned {
        let whose = named(one.instance_uuid());
        let row = |database: &DatabaseName| rows.get(database)?.get(one.instance_uuid());
        let here = row(one.database());
        let there = one.destination().and_then(row);
        let database = one.database();
        let (state, said) = match one.fits(here.map(|row| &row.spec), there.map(|row| &row.spec)) {
            Fit::Ready(operation) => {
                // Only what goes away or is copied has times that the operation does not give it.
                let times = match &operation {
                    Operation::Save { .. } | Operation::Create { .. } => None,
                    _ => here,
                };
                fitting.push(Fitting(
                    operation,
                    times.and_then(|row| row.created_at.clone()),
                    times.and_then(|row| row.updated_at.clone()),
                ));
                continue;
            }
            Fit::AlreadyDone => (State::Done, format!("The spec of {whose} in {database} was so already.")),
            Fit::Changed(_) => (
                State::Conflict,
                format!(
                    "{database}: the spec of {whose} is not what the plan was made from; it was left as it is"
                ),
            ),
            Fit::Gone => (
                State::Conflict,
                format!("{database}: the spec of {whose} is not there any more; nothing was done"),
            ),
            Fit::InTheWay(_) => {
                let place = one.destination().unwrap_or(database);
                (State::Conflict, format!("{place}: another spec of {whose} is there; nothing was done"))
            }
        };
        ended.push(Ended {
            entry: None,
            database: database.clone(),
            instance_uuid: Arc::clone(one.instance_uuid()),
            state,
            said,
            is_told: false,
        });
    }
    (fitting, ended)
}
