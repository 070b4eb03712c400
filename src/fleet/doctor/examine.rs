//! Every spec of a database past the rules: with what the census says around it, or looked up in batches where
//! that is not sure.
//!
//! Imports `lint`, `search`, `store`, `deployment` and its siblings.

use std::future::pending;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::Options;
use super::census::Census;
use super::tally::Tally;
use crate::deployment::facts::{FactStores, Untold};
use crate::fleet::surroundings;
use crate::lint::{Fleet, Judgement, Subject, judge};
use crate::query::record::{Facts, Record};
use crate::search::pass::{Pass, Take};
use crate::search::waiting::{Batch, Waiting};
use crate::store::{Cancel, DatabaseName, RowRef, StoreError};

/// How often it is looked whether it is wanted any more.
const GLANCE: Duration = Duration::from_millis(20);

/// What the databases have in common.
pub(super) struct Ward {
    pub census: Arc<Census>,
    pub fleet: Fleet,
    pub tally: Tally,
    /// Rows written since then are looked up: what the census says of them may be out of date.
    pub since: String,
}

impl Ward {
    fn judge(
        &self,
        database: &str,
        instance_uuid: &str,
        spec: &[u8],
        around: &crate::lint::Surroundings,
    ) -> Judgement {
        judge(&Subject { database, instance_uuid, spec }, around, &self.fleet)
    }
}

/// What came of a database.
#[derive(Default)]
pub(super) struct Examined {
    pub passed: u64,
    pub undecided: u64,
    pub remarks: Vec<String>,
    pub untold: Vec<Untold>,
    pub failed: Option<StoreError>,
}

/// Examines the specs of the database of that place. `report` hears how many were passed.
pub(super) async fn examine(
    ward: &Arc<Ward>,
    options: &Options,
    stores: &dyn FactStores,
    (at, database): (usize, &DatabaseName),
    report: &(dyn Fn(u64) + Sync),
    cancel: &Cancel,
) -> Examined {
    let mut examined = Examined::default();
    let store = match stores.store(database).await {
        Ok(store) => store,
        Err(error) => return Examined { failed: Some(error), ..examined },
    };
    let pass = Arc::new(Pass::new(database.clone(), Arc::clone(&options.query), &[], options.now));
    let (waiting, batches) = Waiting::new();
    let lost_interest = AtomicBool::new(false);
    let taker = Arc::new(Examiner {
        ward: Arc::clone(ward),
        at,
        waiting,
        lost_interest,
        stop: pass.cancelled().clone(),
    });
    let deciding = Deciding { ward, stores, at, database };
    let read = async {
        let result = pass.run(&*store, stores, Arc::clone(&taker), || report(pass.tally().passed)).await;
        (result, taker.waiting.close())
    };
    let watch = async {
        while !cancel.is_cancelled() {
            sleep(GLANCE).await;
        }
        pass.cancel();
        pending::<()>().await;
    };
    let work = async { tokio::join!(read, deciding.all(batches, cancel)) };
    let ((result, rest), mut untold) = tokio::select! {
        done = work => done,
        () = watch => return examined,
    };
    for batch in rest {
        if !cancel.is_cancelled() {
            untold.extend(deciding.batch(batch).await);
        }
    }
    let tally = pass.tally();
    (examined.passed, examined.undecided) = (tally.passed, tally.undecided);
    (examined.remarks, examined.untold, examined.failed) = (pass.remarks(), untold, result.err());
    examined
}

struct Examiner {
    ward: Arc<Ward>,
    at: usize,
    waiting: Waiting,
    /// Nobody decides any more.
    lost_interest: AtomicBool,
    stop: Cancel,
}

impl Take for Examiner {
    fn take(&self, row: &Record<'_>, _facts: &Facts) {
        if self.lost_interest.load(Ordering::Relaxed) {
            return;
        }
        let is_recent = row.updated.get(..19).is_none_or(|written| written >= self.ward.since.as_str());
        let around =
            (!is_recent).then(|| self.ward.census.around(self.at, row.instance_uuid, row.spec)).flatten();
        if let Some(around) = around {
            let judgement = self.ward.judge(row.database, row.instance_uuid, row.spec, &around);
            return self.ward.tally.add(self.at, row.id, row.instance_uuid, judgement);
        }
        let Record { id, instance_uuid, spec, created, updated, .. } = *row;
        let row = RowRef { id, instance_uuid, spec, created, updated };
        if let ControlFlow::Break(()) = self.waiting.push(row) {
            self.lost_interest.store(true, Ordering::Relaxed);
            self.stop.cancel();
        }
    }

    fn wants_pause(&self) -> bool {
        self.waiting.is_full()
    }

    fn pause(&self) -> ControlFlow<()> {
        self.waiting.make_room()
    }
}

/// Judges the rows that have to be looked up.
struct Deciding<'a> {
    ward: &'a Arc<Ward>,
    stores: &'a dyn FactStores,
    at: usize,
    database: &'a DatabaseName,
}

impl Deciding<'_> {
    async fn all(&self, mut batches: Receiver<Batch>, cancel: &Cancel) -> Vec<Untold> {
        let mut untold = Vec::new();
        while let Some(batch) = batches.recv().await {
            if cancel.is_cancelled() {
                break;
            }
            untold.extend(self.batch(batch).await);
        }
        untold
    }

    async fn batch(&self, batch: Batch) -> Vec<Untold> {
        if batch.rows.is_empty() {
            return Vec::new();
        }
        let rows: Vec<_> = batch.rows.into_iter().map(|row| (self.database.clone(), row)).collect();
        let known = surroundings::of(self.stores, &rows).await;
        let (ward, at, name) = (Arc::clone(self.ward), self.at, self.database.to_string());
        let judge = move || {
            for ((_, row), around) in rows.iter().zip(&known.surroundings) {
                let judgement = ward.judge(&name, &row.instance_uuid, &row.spec, around);
                ward.tally.add(at, row.id, &row.instance_uuid, judgement);
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(judge).await {
            let failed = StoreError::Failed {
                database: self.database.clone(),
                operation: "judging specs".to_owned(),
                reason: error.to_string(),
            };
            return vec![(self.database.clone(), failed)];
        }
        known.untold
    }
}
