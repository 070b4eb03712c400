//! The doctor: every rule over every spec of every database, streaming, in bounded memory.
//!
//! - `census`: what nova's tables say of all instances.  `examine`: the specs of one database.
//! - `missing`: instances without a spec.  `tally`: counts and examples.  [`report`]: what is told.
//!
//! A conclusion that needs a database which did not answer is unknown; the rest is told. Reads only.
//! Imports `spec`, `query`, `search`, `store`, `deployment`, `lint` and [`super::surroundings`].

mod census;
mod examine;
mod missing;
pub mod report;
mod tally;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::deployment::facts::{FactStores, Untold};
use crate::deployment::lost::{Lost, Reachable};
use crate::lint::{Finding, Rule};
use crate::query::{Query, time};
use crate::store::{Cancel, DatabaseName, SpecHome, StoreError};

use super::surroundings;
use examine::{Ward, examine};
use report::{Failure, Step};
use tally::Tally;

pub use report::{Example, Found, Report, Unknown};

/// Examples that a report of the way carries of each rule and database, at most.
const SHOWN: usize = 10;
/// Specs of one rule that are listed, at most.
pub const MOST_LISTED: usize = 100_000;
/// Least time between two reports.
const PACE: Duration = Duration::from_millis(60);
/// Rows written within so many seconds before now are looked up one by one.
const RECENT: i64 = 3_600;

/// Who hears of each finding as it is found: called from several threads.
pub type Seen = Arc<dyn Fn(&DatabaseName, &str, &Finding) + Send + Sync>;

/// What is examined, and what is kept of it.
#[derive(Clone)]
pub struct Options {
    /// The databases whose specs are examined; what the others say of them is asked all the same.
    pub databases: Vec<DatabaseName>,
    /// The specs of which this is true.
    pub query: Arc<Query>,
    /// These rules only; None: all.
    pub rules: Option<Vec<&'static Rule>>,
    /// Specs that are kept of each rule and database, the first by id.
    pub examples: usize,
    /// Where the specs of scheduled instances belong.
    pub home: SpecHome,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Hears of each finding.
    pub each: Option<Seen>,
}

impl Options {
    /// All specs of these databases by all rules.
    pub fn all(databases: Vec<DatabaseName>, home: SpecHome, now: i64) -> Self {
        Self { databases, query: Arc::new(Query::all()), rules: None, examples: SHOWN, home, now, each: None }
    }
}

/// Examines. `report` hears how far it is, now and then, and once more at the end.
pub async fn run(
    stores: Arc<dyn FactStores>,
    options: &Options,
    report: &(dyn Fn(&Report) + Sync),
    cancel: Cancel,
) -> Report {
    let lost = Lost::for_good();
    let reachable = Reachable { stores: &*stores, lost: &lost };
    let began = Instant::now();
    let mut failures = Failures::default();
    let progress = Mutex::new((began, Report::default()));
    let tell = |change: &dyn Fn(&mut Report)| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut progress.1);
        if progress.0.elapsed() >= PACE {
            progress.0 = Instant::now();
            progress.1.elapsed = began.elapsed();
            report(&progress.1);
        }
    };

    let (fleet, untold) = surroundings::fleet(&reachable, options.home).await;
    failures.add(untold, &lost);
    let census = census::take(&reachable, &mut |rows| tell(&|report| report.read = rows), &cancel).await;
    failures.add(census.untold.iter().cloned(), &lost);
    let databases = stores.entries().iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    let tally =
        Tally::new(&databases, options.rules.as_deref(), options.examples.max(1), options.each.clone());
    let ward = Arc::new(Ward { census, fleet, tally, since: time::date_time(options.now - RECENT) });

    let examining = Instant::now();
    let wanted: Vec<(usize, &DatabaseName)> =
        databases.iter().enumerate().filter(|(_, database)| options.databases.contains(database)).collect();
    let total = wanted.iter().map(|(at, _)| ward.census.specs.get(*at).copied().unwrap_or_default()).sum();
    let (mut passed, mut undecided) = (0, 0);
    for (at, database) in wanted {
        if cancel.is_cancelled() {
            break;
        }
        let on_the_way = |so_far: u64| {
            tell(&|report| {
                report.step = Step::Specs(database.clone());
                report.passed = passed + so_far;
                report.total = Some(total);
                report.examining = examining.elapsed();
                let (findings, unknown) = ward.tally.counted(SHOWN);
                (report.findings, report.unknown) = (findings.into(), unknown.into());
            });
        };
        let examined = examine(&ward, options, &reachable, (at, database), &on_the_way, &cancel).await;
        passed += examined.passed;
        undecided += examined.undecided;
        failures.add(examined.untold, &lost);
        failures.remarks.extend(examined.remarks);
        match examined.failed {
            // Upstream nova's cells have no table: there is nothing to examine.
            None | Some(StoreError::NoTable { .. }) => {}
            Some(error) => failures.unexamined(database, &error),
        }
    }
    // Instances without a spec fulfil no query.
    if options.query.is_all() && !cancel.is_cancelled() {
        tell(&|report| report.step = Step::Missing);
        let untold = missing::look(&ward, options, &reachable, &databases, &cancel).await;
        failures.add(untold, &lost);
    }
    let (findings, unknown) = ward.tally.counted(options.examples);
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner).1;
    let ended = Report {
        step: Step::Ended,
        passed,
        total: Some(total),
        elapsed: began.elapsed(),
        examining: examining.elapsed(),
        findings: findings.into(),
        unknown: unknown.into(),
        undecided,
        failures: failures.list.into(),
        remarks: failures.remarks.into(),
        finished: !cancel.is_cancelled(),
        ..progress
    };
    report(&ended);
    ended
}

/// The specs that break a rule, database by database and by id, [`MOST_LISTED`] at most of each database.
pub async fn specs_of(
    stores: Arc<dyn FactStores>,
    options: &Options,
    rule: &'static Rule,
    report: &(dyn Fn(&Report) + Sync),
    cancel: Cancel,
) -> (Vec<(DatabaseName, Arc<str>)>, Report) {
    let options = Options { rules: Some(vec![rule]), examples: MOST_LISTED, each: None, ..options.clone() };
    let told = run(stores, &options, report, cancel).await;
    let uuids = told.findings.iter().flat_map(|found| {
        found.examples.iter().map(|example| (found.database.clone(), Arc::clone(&example.instance_uuid)))
    });
    (uuids.take(MOST_LISTED).collect(), told)
}

/// The databases that did not tell, each once.
#[derive(Default)]
struct Failures {
    list: Vec<Failure>,
    remarks: Vec<String>,
}

impl Failures {
    fn add(&mut self, untold: impl IntoIterator<Item = Untold>, lost: &Lost) {
        let untold: Vec<Untold> = untold.into_iter().collect();
        lost.remember(&untold);
        for (database, error) in untold {
            if self.list.iter().all(|failure| failure.database != database) {
                self.list.push(Failure { database, reason: error.to_string().into(), unexamined: false });
            }
        }
    }

    fn unexamined(&mut self, database: &DatabaseName, error: &StoreError) {
        match self.list.iter_mut().find(|failure| failure.database == *database) {
            Some(failure) => failure.unexamined = true,
            None => self.list.push(Failure {
                database: database.clone(),
                reason: error.to_string().into(),
                unexamined: true,
            }),
        }
    }
}
