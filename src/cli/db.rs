//! `reqspec db status` and `reqspec db sync`: the table of specs in each database.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::args::{DbArguments, DbCommand};
use super::error::{CliError, Exit};
use super::output::{Output, say};
use super::sessions::Sessions;
use crate::store::migrate::{self, State, Status};
use crate::store::{DatabaseName, StoreError};

/// One line per database; the first error decides the exit code, the others are still served.
pub async fn run(sessions: &Sessions, arguments: &DbArguments) -> Result<Exit, CliError> {
    let (sync, one) = match &arguments.command {
        DbCommand::Sync(one) => (true, one),
        DbCommand::Status(one) => (false, one),
    };
    let deployment = sessions.deployment();
    if let (true, Err(reason)) = (sync, deployment.may_write()) {
        return Err(CliError::refused(reason));
    }
    let databases = match &one.database {
        Some(named) => {
            sessions.check_name(named)?;
            Arc::from([named.clone()])
        }
        None => deployment.databases(),
    };
    let mut out = Output::new();
    let mut exit = Exit::Done;
    let lines = join_all(databases.iter().map(|database| line(sessions, database, sync)));
    for found in lines.await {
        match found {
            Ok((status, applied_now)) => {
                if matches!(status.state, State::Refused(_)) {
                    exit = exit.max(Exit::Error);
                }
                if one.json {
                    out.json(&json_line(&status, &applied_now))?;
                } else {
                    out.line(&text_line(&status, &applied_now))?;
                }
            }
            Err(error) => {
                out.flush()?;
                exit = exit.max(Exit::Error);
                say(&format!("reqspec: {error}"));
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

async fn line(
    sessions: &Sessions,
    database: &DatabaseName,
    sync: bool,
) -> Result<(Status, Vec<&'static str>), StoreError> {
    let address = sessions.deployment().address(database)?;
    if sync {
        let report = migrate::sync(database, &address, sessions.deployment().timeouts()).await?;
        Ok((report.status, report.applied_now.iter().map(|migration| migration.name).collect()))
    } else {
        Ok((migrate::status(database, &address, sessions.deployment().timeouts()).await?, Vec::new()))
    }
}

fn text_line(status: &Status, applied_now: &[&str]) -> String {
    let Status { database, location, state, .. } = status;
    let pending: Vec<_> = status.pending.iter().map(|migration| migration.name).collect();
    let said = match state {
        _ if !applied_now.is_empty() => format!("applied {}", applied_now.join(", ")),
        State::Current => "current".to_owned(),
        State::Adopted if *database == DatabaseName::Api => {
            "current: nova's own table request_specs, left untouched".to_owned()
        }
        State::Adopted => {
            "current: a table request_specs that reqspec did not make, left untouched".to_owned()
        }
        State::Pending => format!("pending {}; `reqspec db sync` applies it", pending.join(", ")),
        State::Refused(reason) => format!("refused: {reason}"),
    };
    format!("{database}: {said} ({location})")
}

fn json_line(status: &Status, applied_now: &[&str]) -> serde_json::Value {
    let (state, reason) = match &status.state {
        State::Current => ("current", None),
        State::Adopted => ("adopted", None),
        State::Pending => ("pending", None),
        State::Refused(reason) => ("refused", Some(reason)),
    };
    json!({
        "database": status.database.to_string(),
        "location": &*status.location,
        "state": state,
        "reason": reason,
        "applied": status.applied.iter().map(|applied| json!({
            "name": applied.name, "checksum": applied.checksum, "applied_at": applied.applied_at,
        })).collect::<Vec<_>>(),
        "pending": status.pending.iter().map(|migration| migration.name).collect::<Vec<_>>(),
        "applied_now": applied_now,
    })
}
