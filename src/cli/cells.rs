//! `reqspec cells`: the databases that were found, and how each is. All are asked at once, each within
//! its own time.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::args::CellsArguments;
use super::cells_text;
use super::error::{CliError, Exit};
use super::output::Output;
use super::sessions::Sessions;
use crate::deployment::{Entry, Origin};
use crate::store::migrate::{self, State};
use crate::store::{DatabaseName, Probe, Rights, StoreError, TableState};

/// Counting rows may read a whole index; nobody waits longer for it here.
const COUNTING: Duration = Duration::from_secs(3);

/// A database and how it is.
pub struct Health {
    /// What was found.
    pub entry: Entry,
    /// What it says of itself; else why it does not answer.
    pub probe: Result<Probe, String>,
    /// How its schema stands; None where that could not be found out.
    pub schema: Option<migrate::Status>,
    /// Its specs; None where there is no table or they could not be counted in time.
    pub rows: Option<u64>,
}

impl Health {
    /// How it is, in a word or two.
    pub fn state(&self) -> &'static str {
        match (&self.entry.address, &self.probe) {
            (Err(_), _) => "no address",
            (_, Err(_)) => "down",
            (_, Ok(probe)) if probe.table == TableState::Missing => "no table",
            (_, Ok(probe)) if matches!(probe.rights, Rights::ReadOnly(_)) => "read-only",
            _ => "up",
        }
    }

    /// How its schema stands, in a word or two.
    pub fn schema_word(&self) -> &'static str {
        match self.schema.as_ref().map(|status| &status.state) {
            None => "-",
            Some(State::Current) => "current",
            Some(State::Adopted) if self.entry.name == DatabaseName::Api => "nova's own",
            Some(State::Adopted) => "adopted",
            Some(State::Pending) => "pending",
            Some(State::Refused(_)) => "refused",
        }
    }
}

/// Prints them; [`Exit::Error`] unless all answer.
pub async fn run(sessions: &Sessions, arguments: &CellsArguments) -> Result<Exit, CliError> {
    let entries = sessions.deployment().entries();
    let all = join_all(entries.iter().map(|entry| ask(sessions, entry.clone()))).await;
    let mut out = Output::new();
    if arguments.json {
        all.iter().try_for_each(|health| out.json(&json_line(health)))?;
    } else {
        cells_text::lines(&all).iter().try_for_each(|line| out.line(line))?;
    }
    out.flush()?;
    Ok(if all.iter().all(|health| health.probe.is_ok()) { Exit::Done } else { Exit::Error })
}

async fn ask(sessions: &Sessions, entry: Entry) -> Health {
    let deployment = sessions.deployment();
    let timeouts = deployment.timeouts();
    let address = match &entry.address {
        Ok(address) => address.clone(),
        Err(reason) => return Health { probe: Err(reason.clone()), entry, schema: None, rows: None },
    };
    let probe = async { sessions.get(&entry.name).await?.probe().await };
    // The engines keep to these times themselves; this is for one that does not.
    let probe = match tokio::time::timeout(timeouts.connect + timeouts.answer, probe).await {
        Ok(probe) => probe.map_err(reason),
        Err(_) => Err(format!("no answer within {:?}", timeouts.connect + timeouts.answer)),
    };
    if probe.is_err() {
        return Health { entry, probe, schema: None, rows: None };
    }
    let schema = async {
        let status = migrate::status(&entry.name, &address, timeouts);
        tokio::time::timeout(timeouts.connect + timeouts.answer, status).await.ok()?.ok()
    };
    let rows = async {
        let store = sessions.get(&entry.name).await.ok()?;
        tokio::time::timeout(COUNTING.min(timeouts.answer), store.count()).await.ok()?.ok()
    };
    let (schema, rows) = join(schema, rows).await;
    Health { entry, probe, schema, rows }
}

/// Why it does not answer; the line says already which database it is, and where.
fn reason(error: StoreError) -> String {
    match error {
        StoreError::Unavailable { reason, .. } => reason,
        other => other.to_string(),
    }
}

fn json_line(health: &Health) -> Value {
    let Health { entry, probe, rows, schema } = health;
    let probe_ok = probe.as_ref().ok();
    let (rights, rights_reason) = match probe_ok.map(|probe| &probe.rights) {
        None | Some(Rights::Unknown) => ("unknown", None),
        Some(Rights::Write) => ("write", None),
        Some(Rights::ReadOnly(why)) => ("read-only", Some(why)),
    };
    let schema_reason = match schema.as_ref().map(|status| &status.state) {
        Some(State::Refused(reason)) => Some(reason),
        _ => None,
    };
    let pending = schema.iter().flat_map(|status| &status.pending).map(|migration| migration.name);
    let (origin, template) = match &entry.origin {
        Origin::Given => ("given", None),
        Origin::Configuration(place) => (&**place, None),
        Origin::Mapping { template } => ("cell_mappings", template.as_deref()),
    };
    json!({
        "name": entry.name.to_string(),
        "uuid": entry.uuid.as_deref(),
        "state": health.state(),
        "disabled": entry.disabled,
        "reason": probe.as_ref().err(),
        "engine": entry.address.as_ref().ok().map(|address| address.engine().as_str()),
        "product": probe_ok.map(|probe| &probe.product),
        "version": probe_ok.map(|probe| &probe.version),
        "rights": rights,
        "rights_reason": rights_reason,
        "schema": schema.as_ref().map(|_| health.schema_word()),
        "schema_reason": schema_reason,
        "pending": pending.collect::<Vec<_>>(),
        "latency_ms": probe_ok.map(|probe| probe.round_trip.as_secs_f64() * 1000.0),
        "rows": rows,
        "remarks": probe_ok.map_or(&[][..], |probe| &probe.remarks),
        "url": &*entry.shown,
        "origin": origin,
        "template": template,
    })
}
