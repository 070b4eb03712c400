//! PLANS OF MANY CHANGES: from what is asked for of many specs, or from a plan file, to a plan that can be
//! confirmed. Rows stream by in pages; every page is judged by the rules of single plans while the next one is
//! read.
//!
//! - `rows`: which specs.  `around`: what other tables say of a page.  `edits`, `moves`: what becomes of them.
//! - `file`: a plan file, checked against what the databases hold now.
//! - `head`: what a plan says of itself.
//!
//! Imports `spec`, `query`, `store`, `deployment`, `search`, `lint`, `change` and its siblings.

mod around;
mod edits;
mod file;
mod head;
mod moves;
mod rows;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::change::bulk::summary::{Seen, WhyNot};
use crate::change::bulk::{Building, Progress};
use crate::change::{
    BulkChange, BulkIntent, BulkPlan, DatabaseName, Facts, PlanFileError, PlannedOperation, Refusal, Warning,
    Whom,
};
use crate::deployment::Deployment;
use crate::deployment::facts::FactStores;
use crate::lint::Judgement;
use crate::spec::diff::Change;
use crate::store::{Cancel, StoredSpec};

pub use file::{Source, open};
pub use head::{Maker, header, title};

/// Who plans, when, and where the plan's file is kept meanwhile.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Who.
    pub maker: Maker,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// The directory of plans ([`crate::change::plan_file::kept`]).
    pub directory: PathBuf,
    /// Make a plan of what is refused but can be forced.
    pub force: bool,
}

/// What is told of the planning while it runs.
pub type Report<'a> = &'a (dyn Fn(&Progress) + Sync);

/// The plan of what is asked for. A plan without operations says in its summary why it has none.
///
/// # Errors
/// There is none: it was cancelled, a database that it cannot do without does not answer, or its file cannot be
/// written. Nothing is left behind.
pub async fn build(
    stores: &Arc<dyn FactStores>,
    deployment: &Deployment,
    intent: &BulkIntent,
    setting: &Setting,
    report: Report<'_>,
    cancel: &Cancel,
) -> Result<BulkPlan, Refusal> {
    let mut rows = rows::Rows::new(stores, &intent.whom, setting.now, cancel);
    let around = around::Around::new(stores, deployment.spec_home()).await;
    let identities = head::identities(&around, &touched(deployment, intent)).await;
    let header = head::header(deployment, &setting.maker, identities, head::title(intent), setting.now);
    let mut building =
        Building::new(&setting.directory, header, head::kind(&intent.change)).map_err(unwritten)?;
    let work = Arc::new(Work {
        change: intent.change.clone(),
        facts: super::prepare::facts(deployment, setting.force),
        fleet: Arc::clone(around.fleet()),
        edited: touched(deployment, intent).iter().map(ToString::to_string).collect(),
    });
    let limit = intent.limit.unwrap_or(u64::MAX);
    let mut page = rows.next(report).await;
    while let Some(current) = page {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let (judged, next) = tokio::join!(judge(&work, &around, current), rows.next(&|_| {}));
        for verdict in judged? {
            if building.total() >= limit {
                break;
            }
            verdict.note(&mut building).map_err(unwritten)?;
        }
        let done = building.total();
        report(&Progress { passed: rows.passed(), total: rows.total(), done, ..Progress::default() });
        if done >= limit {
            break;
        }
        page = next;
    }
    if cancel.is_cancelled() {
        return Err(cancelled());
    }
    rows.conclude(building.tallying());
    building.tallying().remark(around.remarks());
    building.finish().map_err(unwritten)
}

/// The databases that a plan may be about.
fn touched(deployment: &Deployment, intent: &BulkIntent) -> Vec<DatabaseName> {
    let mut touched = match (&intent.whom, &intent.change) {
        (_, BulkChange::Move(crate::change::Destination::MappedCell)) => deployment.databases().to_vec(),
        (Whom::Rows(rows), _) => rows.iter().map(|(database, _)| database.clone()).collect(),
        (Whom::Query { databases, .. }, _) => databases.clone(),
    };
    if let BulkChange::Move(crate::change::Destination::Database(to)) = &intent.change {
        touched.push(to.clone());
    }
    touched.sort();
    touched.dedup();
    touched
}

/// What is done to each page of rows.
struct Work {
    change: BulkChange,
    facts: Facts,
    fleet: Arc<crate::lint::Fleet>,
    /// The databases whose specs the plan changes, perhaps: what becomes of a copy there is not known here.
    edited: BTreeSet<String>,
}

/// Consecutive rows of one database.
struct Page {
    database: DatabaseName,
    rows: Vec<StoredSpec>,
}

/// What becomes of a spec.
enum Verdict {
    /// It is planned.
    Planned(Box<Planned>),
    /// It is left out: why, a whole sentence.
    LeftOut(WhyNot, String, DatabaseName, Arc<str>),
}

/// An operation with what is shown of it.
struct Planned {
    operation: PlannedOperation,
    changes: Vec<Change>,
    before: Judgement,
    after: Judgement,
    warnings: Vec<Warning>,
}

impl Verdict {
    fn note(self, building: &mut Building) -> Result<(), PlanFileError> {
        match self {
            Self::LeftOut(why, sentence, database, uuid) => {
                building.leave_out(why, sentence, &database, &uuid);
                Ok(())
            }
            Self::Planned(planned) => {
                let Planned { operation, changes, before, after, warnings } = *planned;
                let seen = Seen {
                    verb: operation.verb(),
                    database: operation.database(),
                    to: operation.destination(),
                    instance_uuid: operation.instance_uuid(),
                    changes,
                    before,
                    after,
                    warnings,
                };
                building.push(&operation, seen)
            }
        }
    }
}

async fn judge(work: &Arc<Work>, around: &around::Around<'_>, page: Page) -> Result<Vec<Verdict>, Refusal> {
    match &work.change {
        BulkChange::Edit(_) | BulkChange::Repair(_) => edits::judge(work, around, page).await,
        BulkChange::Move(destination) => moves::judge(work, around, destination, page).await,
    }
}

/// Why a spec that a rule refuses is left out: the sentence without the place, so that alike ones are counted
/// together.
fn refused(refusal: Refusal, database: DatabaseName, instance_uuid: Arc<str>) -> Verdict {
    let (why, sentence) = match refusal {
        Refusal::NothingToDo(sentence) => (WhyNot::Needless, sentence),
        Refusal::Refused { reason, forceable } => {
            let hint = if forceable { " (--force overrules this)" } else { "" };
            (WhyNot::Refused, format!("{}{hint}", reason.trim_end_matches('.')))
        }
        Refusal::Conflict { reason, .. } => (WhyNot::InTheWay, reason),
        Refusal::NotFound(sentence) => (WhyNot::Changed, sentence),
        Refusal::Failed(sentence) => (WhyNot::Unknown, sentence),
    };
    let place = format!("{database}: ");
    let sentence = sentence.strip_prefix(&place).map(str::to_owned).unwrap_or(sentence);
    Verdict::LeftOut(why, sentence, database, instance_uuid)
}

/// Work on a page that takes time, aside.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::Failed(format!("planning stopped: {error}; nothing was written")))
}

fn unwritten(error: PlanFileError) -> Refusal {
    match error {
        PlanFileError::Write { .. } | PlanFileError::Read { .. } => Refusal::Failed(error.to_string()),
        other => Refusal::Refused { reason: other.to_string(), forceable: false },
    }
}

fn cancelled() -> Refusal {
    Refusal::NothingToDo("the planning was cancelled; nothing was written".to_owned())
}
