//! `reqspec repair`: a repair by name, of one spec or of many.

use std::sync::Arc;

use super::args::RepairArguments;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use super::{bulk, changing};
use crate::change::{BulkChange, BulkIntent, Intent, Repair, Whom, findings};
use crate::deployment::facts::Untold;
use crate::fleet::prepare::BETTER;
use crate::fleet::surroundings;
use crate::lint::{self, Fleet, Subject, Surroundings};
use crate::query::Query;
use crate::spec::Document;
use crate::store::{DatabaseName, StoredSpec};

/// A repair, and the specs named beside it.
pub struct Meant {
    repair: Repair,
    uuids: Vec<String>,
}

/// What the words mean, before any database is asked.
///
/// # Errors
/// Usage: no such repair, other arguments, or no spec.
pub fn read(arguments: &RepairArguments) -> Result<Meant, CliError> {
    let RepairArguments { name, words, .. } = arguments;
    let taken = if name == "rename-zone" { words.len().min(2) } else { 0 };
    let (given, uuids) = words.split_at(taken);
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let repair = Repair::parse(name, &given).map_err(CliError::usage)?;
    let by_query = !arguments.queries.is_empty() || !arguments.saved.is_empty();
    match (uuids, by_query) {
        ([], false) => Err(CliError::usage(format!(
            "{name}: of which specs? Give uuids, or a query: reqspec repair {} --where QUERY",
            Repair::usage(name)
        ))),
        ([first, ..], true) => {
            Err(CliError::usage(format!("{first:?} beside a query: give uuids, or --where and --saved")))
        }
        _ => Ok(Meant { repair, uuids: uuids.to_vec() }),
    }
}

/// Makes the plan of the repair and carries it out.
pub async fn run(
    sessions: &Sessions,
    arguments: RepairArguments,
    meant: Meant,
    query: Option<Arc<Query>>,
) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let Meant { repair, uuids } = meant;
    let whom = match (query, uuids.as_slice()) {
        (Some(query), _) => {
            Whom::Query { databases: bulk::databases(sessions, arguments.database.as_ref())?, query }
        }
        (None, [one]) => return single(sessions, &arguments, &repair, one).await,
        (None, several) => {
            let mut rows = Vec::new();
            for uuid in several {
                let (database, row) = sessions.the_copy(uuid, arguments.database.as_ref(), "--in").await?;
                let row = (database, row.instance_uuid);
                // Two beginnings may be those of one spec.
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
            Whom::Rows(rows.into())
        }
    };
    let intent = BulkIntent { change: BulkChange::Repair(repair), whom, limit: arguments.limit };
    bulk::run(sessions, &arguments.change, arguments.pace, &intent).await
}

async fn single(
    sessions: &Sessions,
    arguments: &RepairArguments,
    repair: &Repair,
    uuid: &str,
) -> Result<Exit, CliError> {
    let (database, row) = sessions.the_copy(uuid, arguments.database.as_ref(), "--in").await?;
    let record = format!("{database}: the spec of {}", row.instance_uuid);
    let document = Document::parse(&row.spec).map_err(|malformed| {
        CliError::refused(format!(
            "{record} is malformed ({malformed}): no repair can read it; `reqspec edit {}` opens the text",
            row.instance_uuid
        ))
    })?;
    let Known { around, fleet, untold } = known(sessions, repair, &database, &row).await;
    let edited = repair.edits(&document, &around).map_err(|reason| {
        let asked = untold.iter().map(|(_, error)| format!("; {error}")).collect::<String>();
        CliError::refused(format!("{record}: {repair}: {reason}{asked}; nothing was written"))
    })?;
    let Some(edited) = edited else {
        return Err(CliError::NothingToDo(format!("{record} needs no {repair}")));
    };
    let intent = Intent::Save {
        database,
        instance_uuid: Arc::clone(&row.instance_uuid),
        before: row.spec,
        after: edited.document.shared_text(),
    };
    let plan = changing::prepare(sessions, &arguments.change, &intent).await?;
    let then = afterwards(repair, &around);
    let plan = findings::judged_by(plan, |database, instance_uuid, is_after, spec| {
        let subject = Subject { database: &database.to_string(), instance_uuid, spec };
        lint::judge(&subject, if is_after { &then } else { &around }, &fleet)
    });
    changing::go(sessions, &arguments.change, plan).await
}

/// What other tables say.
#[derive(Default)]
struct Known {
    around: Surroundings,
    fleet: Fleet,
    untold: Vec<Untold>,
}

/// A repair that goes by other tables waits for them; another one only shows what it cures by them.
async fn known(sessions: &Sessions, repair: &Repair, database: &DatabaseName, row: &StoredSpec) -> Known {
    let rows = [(database.clone(), row.clone())];
    let home = sessions.deployment().spec_home();
    let asking = async {
        let (mut known, (fleet, _)) =
            tokio::join!(surroundings::of(sessions, &rows), surroundings::fleet(sessions, home));
        Known { around: known.surroundings.pop().unwrap_or_default(), fleet, untold: known.untold }
    };
    if repair.needs_surroundings() {
        return asking.await;
    }
    tokio::time::timeout(BETTER, asking).await.unwrap_or_default()
}

/// What is known around the repaired text: the group that it names may be another one.
fn afterwards(repair: &Repair, around: &Surroundings) -> Surroundings {
    let mut then = around.clone();
    if *repair == Repair::RelinkGroup {
        then.named_group = then.member_of.clone();
    }
    then
}
