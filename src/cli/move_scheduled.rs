//! `reqspec move --scheduled`: every spec in the API database whose instance has a cell, to that cell: a move of
//! many that needs no query.

use std::sync::Arc;

use super::args::{ChangeArguments, PaceArguments};
use super::bulk::{self, Given, Ground};
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use crate::change::{Answer, BulkChange, BulkIntent, Destination, Requirement, Whom};
use crate::query;
use crate::store::{DatabaseName, SpecHome};

/// The specs of scheduled instances.
const SCHEDULED: &str = "mapped not mapped=none";

/// Plans, asks once, moves.
pub async fn run(
    sessions: &Sessions,
    arguments: &ChangeArguments,
    pace: PaceArguments,
    limit: Option<u64>,
) -> Result<Exit, CliError> {
    // Whose the API database is shows when it is opened.
    sessions.get(&DatabaseName::Api).await?;
    if sessions.deployment().spec_home() == SpecHome::Api && !arguments.force {
        return Err(CliError::refused(
            "the home of scheduled specs is the API database here: upstream nova reads them there only, and \
             resize, migrate, evacuate and unshelve of an instance fail while its spec is elsewhere; \
             --spec-home cells says that this deployment follows the blueprint, --force overrules",
        ));
    }
    let query = query::parse(SCHEDULED).map_err(|error| CliError::failed(error.to_string()))?;
    let whom = Whom::Query { databases: vec![DatabaseName::Api], query: Arc::new(query) };
    let intent = BulkIntent { change: BulkChange::Move(Destination::MappedCell), whom, limit };
    let ground = Ground::new(sessions, arguments)?;
    let plan = ground.build(sessions, &intent).await?;
    // Which specs belong where is nova's own word: --yes alone stands for the number.
    let answer = match plan.requirement() {
        Requirement::Type(number) if arguments.yes => Some(Answer::Confirm { typed: number.clone() }),
        _ => None,
    };
    bulk::carry_out(sessions, arguments, pace, plan, Given { answer, ..Given::default() }).await
}
