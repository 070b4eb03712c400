//! Changes of many specs: plan, show, confirm, apply, report. What `edit --where`, `move --where`,
//! `move --scheduled`, `apply` and `resume` have in common.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};

use super::args::{ChangeArguments, PaceArguments};
use super::error::{CliError, Exit};
use super::output::{Output, say};
use super::progress::Line;
use super::sessions::Sessions;
use super::{bulk_report, bulk_text, changing, journal};
use crate::change::apply::Pace;
use crate::change::bulk::summary::WhyNot;
use crate::change::plan_file::{Kept, kept};
use crate::change::record::reason;
use crate::change::{
    self, Answer, BulkIntent, BulkOutcome, BulkPlan, Confirmation, Confirmed, Record, Refusal, Watch, Who,
};
use crate::deployment::facts::FactStores;
use crate::fleet::plans::{self, Maker, Setting, Source};
use crate::store::{Access, Cancel, DatabaseName, Stores};

/// The databases that are meant: the one that is named, else all.
pub fn databases(sessions: &Sessions, named: Option<&DatabaseName>) -> Result<Vec<DatabaseName>, CliError> {
    match named {
        Some(named) => {
            sessions.check_name(named)?;
            Ok(vec![named.clone()])
        }
        None => Ok(sessions.deployment().databases().to_vec()),
    }
}

/// Plans what is asked for, and carries it out.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    pace: PaceArguments,
    intent: &BulkIntent,
) -> Result<Exit, CliError> {
    let ground = Ground::new(sessions, arguments)?;
    let plan = ground.build(sessions, intent).await?;
    carry_out(sessions, arguments, pace, plan, Given::default()).await
}

/// Where plans are made and kept.
pub struct Ground {
    setting: Setting,
    /// Of a dry run, which leaves nothing behind.
    _scratch: Option<tempfile::TempDir>,
}

impl Ground {
    /// For this command.
    ///
    /// # Errors
    /// There is no place for the journal, beside which plans are kept.
    pub fn new(sessions: &Sessions, arguments: &ChangeArguments) -> Result<Self, CliError> {
        let scratch = match arguments.dry_run {
            true => Some(tempfile::tempdir().map_err(|error| {
                CliError::failed(format!("{}: no place for a plan: {error}", std::env::temp_dir().display()))
            })?),
            false => None,
        };
        let directory = match &scratch {
            Some(scratch) => scratch.path().to_owned(),
            None => kept::beside(sessions.journal()?),
        };
        let Who { operator, host } = Who::here();
        let maker = Maker { operator, host, reason: reason(arguments.reason.as_deref()) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let setting = Setting { maker, now, directory, force: arguments.force };
        Ok(Self { setting, _scratch: scratch })
    }

    /// Who plans, and where plans are kept.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The plan of what is asked for.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn build(&self, sessions: &Sessions, intent: &BulkIntent) -> Result<BulkPlan, CliError> {
        let stores: Arc<dyn FactStores> = Arc::new(sessions.clone());
        let line = Line::new("planning", "planned");
        let cancel = Cancel::default();
        let report = |progress: &change::Progress| line.show(progress);
        let planning = plans::build(&stores, sessions.deployment(), intent, &self.setting, &report, &cancel);
        let plan = interruptible(planning, &cancel).await?;
        line.clear();
        said(plan, &cancel)
    }

    /// The plan of a file.
    ///
    /// # Errors
    /// Why it cannot be carried out.
    pub async fn open(&self, sessions: &Sessions, source: Source<'_>) -> Result<BulkPlan, CliError> {
        let stores: Arc<dyn FactStores> = Arc::new(sessions.clone());
        let line = Line::new("checking", "to do");
        let cancel = Cancel::default();
        let report = |progress: &change::Progress| line.show(progress);
        let opening = plans::open(&stores, sessions.deployment(), source, &self.setting, &report, &cancel);
        let plan = interruptible(opening, &cancel).await?;
        line.clear();
        said(plan, &cancel)
    }
}

fn said(plan: Result<BulkPlan, Refusal>, cancel: &Cancel) -> Result<BulkPlan, CliError> {
    match plan {
        Err(_) if cancel.is_cancelled() => Err(CliError::refused("cancelled; nothing was written")),
        plan => Ok(plan?),
    }
}

/// What a command knows of a plan beside its arguments.
#[derive(Default)]
pub struct Given<'a> {
    /// The answer to the confirm step.
    pub answer: Option<Answer>,
    /// Whether it is the plan of a file, which another may have made.
    pub is_of_file: bool,
    /// The file of the interrupted plan that this one is the rest of: not needed once this one is begun.
    pub rest_of: Option<&'a Kept>,
}

/// Shows a plan, has it confirmed, and applies it.
pub async fn carry_out(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    pace: PaceArguments,
    plan: BulkPlan,
    given: Given<'_>,
) -> Result<Exit, CliError> {
    let mut out = Output::new();
    if arguments.dry_run {
        if arguments.json {
            out.json(&bulk_text::json(&plan))?;
        } else {
            bulk_text::lines(sessions.deployment(), &plan, given.is_of_file)
                .iter()
                .try_for_each(|line| out.line(line))?;
            out.line("dry run: nothing was written")?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    if given.rest_of.is_some() {
        all_known(&plan)?;
    }
    if plan.total() == 0 {
        // What is only refused may be forced yet.
        if plan.summary().left_out_for(WhyNot::Refused) == 0 {
            given.rest_of.iter().for_each(|kept| kept.finish());
        }
        return Err(nothing(&plan));
    }
    if let Some(file) = &arguments.plan_out {
        export(&plan, file)?;
        bulk_text::lines(sessions.deployment(), &plan, given.is_of_file).iter().for_each(|line| say(line));
        let operations = bulk_text::number(plan.total(), "operation");
        out.line(&format!("{}: the plan, {operations}; `reqspec apply` carries it out", file.display()))?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    changing::account_may_write(sessions, plan.targets()).await?;
    // A journal that cannot be written is told before anything is asked.
    let mut record = journal::record(sessions, arguments).await?;
    record.reason = record.reason.or_else(|| plan.header().reason.clone());
    let confirmed = confirm(sessions, arguments, plan, &given).await?;
    let plan = confirmed.get().clone();
    let stream = bulk_report::Stream::new(arguments);
    let outcome = apply(sessions, &record, confirmed, pace, &stream).await?;
    if let (Some(kept), Some(_)) = (given.rest_of, outcome.change) {
        kept.finish();
    }
    stream.end()?;
    bulk_report::report(&mut out, arguments, &plan, &outcome)
}

async fn apply(
    sessions: &Sessions,
    record: &Record,
    confirmed: Confirmed<BulkPlan>,
    pace: PaceArguments,
    stream: &bulk_report::Stream,
) -> Result<BulkOutcome, CliError> {
    let stores = writable(sessions, confirmed.get()).await?;
    let (line, cancel) = (Line::new("", "done"), Cancel::default());
    let pace = Pace { batch: pace.batch, rate: pace.rate };
    let report = |progress: &change::Progress| line.show(progress);
    let watch = Watch { progress: &report, problem: &|problem| stream.tell(problem) };
    let applying = change::apply_many_watched(&stores, record, confirmed, &pace, watch, &cancel);
    let outcome = interruptible(applying, &cancel).await?;
    line.clear();
    Ok(outcome)
}

/// Sessions for writing of the databases that a plan writes to, for reading of the others.
async fn writable(sessions: &Sessions, plan: &BulkPlan) -> Result<Stores, CliError> {
    let mut stores = Stores::new();
    for database in plan.databases() {
        let access = if plan.targets().contains(database) { Access::ReadWrite } else { Access::ReadOnly };
        stores.insert(sessions.deployment().open(database, access).await?);
    }
    Ok(stores)
}

/// Waits for work that `cancel` stops, and sets that when the operator or the system says stop.
async fn interruptible<T>(work: impl Future<Output = T>, cancel: &Cancel) -> Result<T, CliError> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if !cancel.is_cancelled() {
            say("reqspec: stopping after what is under way");
        }
        cancel.cancel();
    }
}

/// The confirm step: what the command line answers, or a question on the terminal.
async fn confirm(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    plan: BulkPlan,
    given: &Given<'_>,
) -> Result<Confirmed<BulkPlan>, CliError> {
    let requirement = plan.requirement().clone();
    let answer = match given.answer.clone().or_else(|| changing::given(arguments)) {
        Some(answer) => {
            for warning in &plan.summary().warnings {
                say(&format!("reqspec: warning: {}", bulk_text::counted(warning)));
            }
            answer
        }
        None => {
            bulk_text::lines(sessions.deployment(), &plan, given.is_of_file)
                .iter()
                .for_each(|line| say(line));
            let question = format!("carry out {}", bulk_text::number(plan.total(), "operation"));
            // The signals of the planning are still listened to: they must end the question, too.
            let mut interrupt = signal(SignalKind::interrupt())?;
            let asked = requirement.clone();
            let asking = tokio::task::spawn_blocking(move || changing::ask(&question, &asked));
            tokio::select! {
                answer = asking => answer.map_err(io::Error::other)??,
                _ = interrupt.recv() => return Err(CliError::refused("cancelled; nothing was written")),
            }
        }
    };
    Confirmation::new(plan).answer(&answer).map_err(|_| changing::unconfirmed(&answer, &requirement))
}

/// That of every operation that is left of a change it is known whether it can be carried out. The plan of the
/// others alone would take the place of the kept one, and those be lost.
fn all_known(plan: &BulkPlan) -> Result<(), CliError> {
    let summary = plan.summary();
    let unknown = summary.left_out_for(WhyNot::Unknown);
    if unknown == 0 && !summary.is_incomplete {
        return Ok(());
    }
    let mut lines = vec![format!(
        "{} that are left of the change could not be looked at, so nothing was written and the plan is kept; resume \
         again when every database of it answers",
        bulk_text::number(unknown, "operation")
    )];
    let unknown = summary.left_out.iter().filter(|left| left.sort == WhyNot::Unknown);
    lines.extend(unknown.map(bulk_text::counted));
    Err(CliError::Lines(Exit::Error, lines))
}

/// Why there is nothing to do, with what is to be said of the specs that are left out.
fn nothing(plan: &BulkPlan) -> CliError {
    let summary = plan.summary();
    let exit = if summary.is_incomplete || summary.left_out_for(WhyNot::Unknown) > 0 {
        Exit::Error
    } else if summary.left_out_for(WhyNot::InTheWay) + summary.left_out_for(WhyNot::Changed) > 0 {
        Exit::Conflict
    } else if summary.left_out_for(WhyNot::Refused) > 0 {
        Exit::Refused
    } else {
        Exit::Done
    };
    if summary.left_out.is_empty() && !summary.is_incomplete {
        return CliError::NothingToDo("no spec to change".to_owned());
    }
    let mut lines = vec!["no spec to change; nothing was written".to_owned()];
    lines.extend(bulk_text::left_out(summary));
    CliError::Lines(exit, lines)
}

/// Copies a plan's file to where the operator wants it: as a whole, or not at all.
fn export(plan: &BulkPlan, file: &Path) -> Result<(), CliError> {
    let failed = |error: io::Error| {
        CliError::failed(format!(
            "{}: the plan could not be written: {error}; nothing was changed",
            file.display()
        ))
    };
    let directory = match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    };
    let copy = || -> io::Result<()> {
        // Its owner's alone, as the specs in it are.
        let mut copy = tempfile::Builder::new().prefix(".reqspec-plan-").tempfile_in(&directory)?;
        io::copy(&mut std::fs::File::open(plan.path())?, &mut copy)?;
        copy.as_file().sync_all()?;
        copy.persist_noclobber(file).map_err(|error| error.error)?;
        Ok(())
    };
    copy().map_err(failed)
}
