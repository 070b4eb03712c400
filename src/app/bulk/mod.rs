//! A change of many specs, from what is marked to the report of what was done.
//!
//! - [`edits`]: the edits, line by line ([`paths`]: what completes them).  [`repairs`]: the choice of a
//!   repair.  [`destination`]: where to.
//! - [`work`]: planning and applying while they are under way.  [`confirm`], [`confirm_text`]: the
//!   confirm step.  [`report`]: what became of it.
//!
//! Imports `spec`, `scheduler`, `change` and the rest of `app`; no I/O.

pub mod confirm;
pub mod confirm_text;
pub mod destination;
pub mod edits;
pub mod paths;
pub mod repairs;
pub mod report;
pub mod work;

use super::words::grouped;
use crate::change::{BulkChange, Destination, Whom};
use crate::spec::text::escaped;

/// What a change of many is about, in a few words: `3 specs`, `all specs of az=az1`.
pub fn whom(whom: &Whom) -> String {
    match whom {
        Whom::Rows(rows) if rows.len() == 1 => "1 spec".to_owned(),
        Whom::Rows(rows) => format!("{} specs", grouped(rows.len() as u64)),
        Whom::Query { query, .. } if query.is_all() => "all specs".to_owned(),
        Whom::Query { query, .. } => format!("all specs of {}", escaped(query.text.trim())),
    }
}

/// What is done to each, in a few words.
pub fn what(change: &BulkChange) -> String {
    match change {
        BulkChange::Edit(edits) if edits.len() == 1 => "edit".to_owned(),
        BulkChange::Edit(edits) => format!("{} edits of", edits.len()),
        BulkChange::Repair(repair) => escaped(&repair.to_string()).into_owned(),
        BulkChange::Move(Destination::Database(name)) => {
            format!("move to {}:", escaped(&super::database::label(name)))
        }
        BulkChange::Move(Destination::MappedCell) => "move to the mapped cells:".to_owned(),
    }
}
