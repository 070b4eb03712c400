//! The writes of a recovery: what an interrupted move still wants.
//!
//! Each gives the end of the operation, None where it has none yet, and a sentence. Imports `store` and the
//! journal.

use std::sync::Arc;

use super::ledger::Ledger;
use super::words::{Fate, cause, fate};
use super::{Application, ApplyError, State};
use crate::change::journal::EntryRow;
use crate::change::{DatabaseName, Record};
use crate::spec::text::named;
use crate::store::{NewSpec, StoreError, Stores};

type End = (Option<State>, String);

fn application<'a>(stores: &'a Stores, record: &'a Record, entry: &EntryRow) -> Application<'a> {
    Application {
        stores,
        reached: &super::stop_for_test,
        ledger: Ledger::of_steps(record, entry.id),
        done: Vec::new(),
        end: None,
    }
}

/// Both hold the text: delete the source's row, the destination's being held.
pub(in crate::change) async fn finish(
    stores: &Stores,
    record: &Record,
    (from, to): (&DatabaseName, &DatabaseName),
    entry: &EntryRow,
    text: &Arc<[u8]>,
) -> End {
    let mut application = application(stores, record, entry);
    let moved = match application.source(from, entry.operation.instance_uuid(), text).await {
        Ok(source) => application.transfer(from, to, source, text, true).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(()) => {
            let said: Vec<&str> = application.done.iter().map(|done| &*done.sentence).collect();
            (Some(State::Done), said.join(" "))
        }
        Err(error) => (application.end.filter(|end| *end != State::Conflict), sentence(&error)),
    }
}

/// The source has changed: delete the copy, the source's row being held.
pub(in crate::change) async fn withdraw(
    stores: &Stores,
    record: &Record,
    (from, to): (&DatabaseName, &DatabaseName),
    entry: &EntryRow,
    text: &[u8],
) -> End {
    let mut application = application(stores, record, entry);
    let instance_uuid = entry.operation.instance_uuid();
    let current = match stores.require(from) {
        Ok(store) => store.get(instance_uuid).await,
        Err(error) => Err(error),
    };
    match current {
        Ok(Some(current)) => {
            let told = application.withdraw(from, to, instance_uuid, text, current).await;
            (application.end, sentence(&told))
        }
        Ok(None) => (None, format!("{from} does not hold the spec of {} any more.", named(instance_uuid))),
        Err(error) => (None, format!("{error}.")),
    }
}

/// Neither holds it: store it again where it was, with the times of its row.
pub(in crate::change) async fn put_back(
    stores: &Stores,
    from: &DatabaseName,
    entry: &EntryRow,
    text: &[u8],
) -> End {
    let instance_uuid = entry.operation.instance_uuid();
    let whose = named(instance_uuid);
    let Ok(spec) = std::str::from_utf8(text) else {
        return (None, format!("the spec of {whose} is not valid UTF-8."));
    };
    let new = NewSpec {
        instance_uuid: Arc::clone(instance_uuid),
        spec: Arc::from(spec),
        created_at: entry.created_at.clone(),
        updated_at: entry.updated_at.clone(),
    };
    let store = match stores.require(from) {
        Ok(store) => store,
        Err(error) => return (None, format!("{error}.")),
    };
    let done = (Some(State::RolledBack), format!("Put the spec of {whose} back into {from}."));
    match store.create(new).await {
        Ok(_) => done,
        Err(error @ StoreError::Uncertain { .. }) => match fate(store, instance_uuid, None, Some(text)).await
        {
            Fate::Done(_) => done,
            _ => (None, format!("{}.", cause(&error))),
        },
        Err(error) => (None, format!("{error}.")),
    }
}

fn sentence(error: &ApplyError) -> String {
    let said = error.to_string();
    if said.ends_with('.') { said } else { format!("{said}.") }
}
