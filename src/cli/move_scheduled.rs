//! `reqspec move --scheduled`: every spec in the API database whose instance has a cell, to that
//! cell. One confirm step for all; then one by one, page by page, past what conflicts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::json;

use super::args::ChangeArguments;
use super::changing::{self, ask};
use super::error::{CliError, Exit};
use super::journal;
use super::output::{Output, say};
use super::sessions::Sessions;
use crate::change::{self, Answer, Confirmation, Intent, Plan, Record, Refusal, Requirement};
use crate::deployment::Deployment;
use crate::deployment::inventory::{self, Scheduled};
use crate::store::{Access, CellName, DatabaseName, SpecHome, StoreError, Stores, TableState};

/// Mappings read at a time.
const PAGE: u32 = 200;

/// Asks once, moves, and sums up.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    limit: Option<u64>,
) -> Result<Exit, CliError> {
    let deployment = sessions.deployment();
    let api = sessions.get(&DatabaseName::Api).await?;
    if deployment.spec_home() == SpecHome::Api && !arguments.force {
        return Err(CliError::refused(
            "the home of scheduled specs is the API database here: upstream nova reads them there only, and \
             resize, migrate, evacuate and unshelve of an instance fail while its spec is elsewhere; \
             --spec-home cells says that this deployment follows the blueprint, --force overrules",
        ));
    }
    let counts = inventory::count_scheduled(api.as_ref(), &deployment.entries()).await.map_err(|error| {
        CliError::failed(format!("where instances live cannot be read from the API database: {error}"))
    })?;
    let (cells, left_out) = usable(sessions, counts).await;
    let total = cells.values().sum::<u64>().min(limit.unwrap_or(u64::MAX));
    if total == 0 {
        let message = "no spec of a scheduled instance to move from the API database".to_owned();
        return if left_out { Err(CliError::failed(message)) } else { Err(CliError::NothingToDo(message)) };
    }
    if !arguments.dry_run {
        let cells: Vec<_> = cells.keys().cloned().map(DatabaseName::Cell).collect();
        changing::account_may_write(sessions, cells.iter().chain([&DatabaseName::Api])).await?;
    }
    let mut record = None;
    if !arguments.dry_run {
        record = Some(journal::record(sessions, arguments).await?);
        confirm(deployment, arguments, &cells, total)?;
    }
    let mut run =
        Run { arguments, record, out: Output::new(), writable: Stores::new(), tally: Tally::default() };
    run.all(sessions, &cells, total).await?;
    run.finish(left_out)
}

/// The cells that can take specs, with the number of each. Says which cannot, and whether any.
async fn usable(sessions: &Sessions, counts: Vec<(CellName, u64)>) -> (BTreeMap<CellName, u64>, bool) {
    let (mut cells, mut left_out) = (BTreeMap::new(), false);
    for (cell, count) in counts {
        let database = DatabaseName::Cell(cell.clone());
        let reason = match table(sessions, &database).await {
            Ok(TableState::Present) => {
                cells.insert(cell, count);
                continue;
            }
            Ok(TableState::Missing) => "it has no table request_specs; `reqspec db sync` adds it".to_owned(),
            Err(error) => error.to_string(),
        };
        left_out = true;
        say(&format!("reqspec: warning: {count} specs of {cell} stay in the API database: {reason}"));
    }
    (cells, left_out)
}

async fn table(sessions: &Sessions, database: &DatabaseName) -> Result<TableState, StoreError> {
    sessions.get(database).await?.table_state().await
}

fn confirm(
    deployment: &Deployment,
    arguments: &ChangeArguments,
    cells: &BTreeMap<CellName, u64>,
    total: u64,
) -> Result<(), CliError> {
    if arguments.yes {
        return Ok(());
    }
    say(&format!("environment  {}", deployment.environment()));
    say(&format!("move         {total} specs out of api ({})", deployment.location(&DatabaseName::Api)));
    for (cell, count) in cells {
        let database = DatabaseName::Cell(cell.clone());
        say(&format!("             up to {count} to {cell} ({})", deployment.location(&database)));
    }
    if deployment.spec_home() == SpecHome::Api {
        say("danger       upstream nova reads specs in the API database only: resize, migrate, evacuate and");
        say("             unshelve of these instances will fail until their specs are moved back");
    }
    let word = total.to_string();
    match ask("move them", &Requirement::Type(word.clone()))? {
        Answer::Confirm { typed } if typed == word => Ok(()),
        _ => Err(CliError::refused("not confirmed; nothing was written")),
    }
}

/// How a spec fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Moved,
    Planned,
    Gone,
    Conflict,
    Refused,
    Failed,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Planned => "to be moved",
            Self::Gone => "gone meanwhile",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Default)]
struct Tally(BTreeMap<Fate, u64>);

impl Tally {
    fn of(&self, fate: Fate) -> u64 {
        self.0.get(&fate).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|(fate, count)| format!("{count} {}", fate.word())).collect();
        f.write_str(&parts.join(", "))
    }
}

struct Run<'a> {
    arguments: &'a ChangeArguments,
    /// None of a dry run.
    record: Option<Record>,
    out: Output,
    writable: Stores,
    tally: Tally,
}

impl Run<'_> {
    /// At most `total` specs: no more than were confirmed, even if instances are scheduled meanwhile.
    async fn all(
        &mut self,
        sessions: &Sessions,
        cells: &BTreeMap<CellName, u64>,
        total: u64,
    ) -> Result<(), CliError> {
        let api = sessions.get(&DatabaseName::Api).await?;
        let known = sessions.deployment().entries();
        let (mut after, mut left) = (0, total);
        while left > 0 {
            let page = inventory::scheduled_after(api.as_ref(), &known, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.mapping_id;
            for scheduled in page.iter().filter(|scheduled| cells.contains_key(&scheduled.cell)) {
                if left == 0 {
                    break;
                }
                left -= 1;
                let (fate, said) = self.one(sessions, scheduled).await;
                self.say(scheduled, fate, &said)?;
            }
        }
        Ok(())
    }

    async fn one(&mut self, sessions: &Sessions, scheduled: &Scheduled) -> (Fate, String) {
        let intent = Intent::Move {
            from: DatabaseName::Api,
            to: DatabaseName::Cell(scheduled.cell.clone()),
            instance_uuid: Arc::clone(&scheduled.instance_uuid),
        };
        match changing::prepare(sessions, self.arguments, &intent).await {
            Ok(plan) => match self.record.clone() {
                Some(record) => self.apply(sessions.deployment(), &record, plan).await,
                None => (Fate::Planned, String::new()),
            },
            Err(refusal) => {
                let fate = match &refusal {
                    Refusal::Conflict { .. } => Fate::Conflict,
                    Refusal::NotFound(_) | Refusal::NothingToDo(_) => Fate::Gone,
                    Refusal::Refused { .. } => Fate::Refused,
                    Refusal::Failed(_) => Fate::Failed,
                };
                (fate, refusal.to_string())
            }
        }
    }

    /// The number was confirmed for all; what wants more than that is left to `--force`.
    async fn apply(&mut self, deployment: &Deployment, record: &Record, plan: Plan) -> (Fate, String) {
        let answer = Answer::CommandLine { force: self.arguments.force };
        let Ok(confirmed) = Confirmation::new(plan).answer(&answer) else {
            return (
                Fate::Refused,
                "this one wants a confirm step of its own; move it alone, or give --force".into(),
            );
        };
        for database in confirmed.get().operations.iter().flat_map(|operation| operation.targets()) {
            if self.writable.get(database).is_none() {
                match deployment.open(database, Access::ReadWrite).await {
                    Ok(store) => self.writable.insert(store),
                    Err(error) => return (Fate::Failed, error.to_string()),
                }
            }
        }
        let outcome = change::apply(&self.writable, record, confirmed).await;
        for notice in &outcome.notices {
            say(&format!("reqspec: warning: {notice}"));
        }
        match outcome.failed {
            None => (Fate::Moved, String::new()),
            Some(error) => {
                let error = changing::failure(&error);
                let fate = if error.exit() == Exit::Conflict { Fate::Conflict } else { Fate::Failed };
                (fate, error.to_string())
            }
        }
    }

    fn say(&mut self, scheduled: &Scheduled, fate: Fate, said: &str) -> std::io::Result<()> {
        *self.tally.0.entry(fate).or_default() += 1;
        let Scheduled { instance_uuid, cell, .. } = scheduled;
        if self.arguments.json {
            let reason = (!said.is_empty()).then_some(said);
            return self.out.json(&json!({
                "instance_uuid": &**instance_uuid, "from": "api", "to": cell.as_str(),
                "result": fate.word(), "reason": reason,
            }));
        }
        let reason = if said.is_empty() { String::new() } else { format!(": {said}") };
        self.out.line(&format!("{} {instance_uuid} from api to {cell}{reason}", fate.word()))
    }

    fn finish(mut self, left_out: bool) -> Result<Exit, CliError> {
        if !self.arguments.json {
            self.out.line(&self.tally.to_string())?;
            if self.arguments.dry_run {
                self.out.line("dry run: nothing was written")?;
            }
        }
        self.out.flush()?;
        Ok(match &self.tally {
            _ if self.arguments.dry_run => Exit::Done,
            tally if tally.of(Fate::Conflict) > 0 => Exit::Conflict,
            tally if tally.of(Fate::Failed) > 0 || left_out => Exit::Error,
            tally if tally.of(Fate::Refused) > 0 => Exit::Refused,
            _ => Exit::Done,
        })
    }
}
