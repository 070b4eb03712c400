//! What a plan of many changes says of itself: its title, its maker, the databases that it is of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use futures_util::future::join_all;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::around::Around;
use crate::change::plan_file::{FORMAT, Header};
use crate::change::{BulkChange, BulkIntent, BulkKind, DatabaseName, Destination, Whom};
use crate::deployment::Deployment;
use crate::spec::edit::{Edit, NewValue};
use crate::spec::mask::masked_words;
use crate::spec::text::{masked_at, masked_value};

/// Characters of a title at most.
const TITLE: usize = 300;
/// Characters of one value in a title.
const VALUE: usize = 60;

/// Who makes a plan, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maker {
    /// The operator's name.
    pub operator: String,
    /// The name of the machine.
    pub host: String,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

/// The first line of a plan file; `databases` are names with identities, `now` is seconds since 1970.
pub fn header(
    deployment: &Deployment,
    maker: &Maker,
    databases: BTreeMap<String, String>,
    title: String,
    now: i64,
) -> Header {
    let made_at = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Header {
        format: FORMAT,
        reqspec: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: made_at.format(&Rfc3339).unwrap_or_default(),
        operator: maker.operator.clone(),
        host: maker.host.clone(),
        environment: deployment.environment().to_owned(),
        databases,
        title: masked_words(&title),
        kind: String::new(),
        reason: maker.reason.as_deref().map(masked_words),
    }
}

/// What a plan file is marked as.
pub(super) fn kind(change: &BulkChange) -> BulkKind {
    match change {
        BulkChange::Edit(_) => BulkKind::Edit,
        BulkChange::Repair(repair) => BulkKind::Repair(repair.name().to_owned()),
        BulkChange::Move(_) => BulkKind::Move,
    }
}

/// What is asked for, in a line.
pub fn title(intent: &BulkIntent) -> String {
    let what = match &intent.change {
        BulkChange::Edit(edits) => edits.iter().map(edit).collect::<Vec<_>>().join(", "),
        BulkChange::Repair(repair) => repair.to_string(),
        BulkChange::Move(Destination::Database(to)) => format!("move to {to}"),
        BulkChange::Move(Destination::MappedCell) => "move to the cell of each instance".to_owned(),
    };
    let whom = match &intent.whom {
        Whom::Rows(rows) => format!(" ({} marked)", rows.len()),
        Whom::Query { query, .. } if query.is_all() => String::new(),
        Whom::Query { query, .. } => format!(" where {}", query.text),
    };
    // Masked before it is shortened: what is cut off may be what tells that there is a password.
    short(&masked_words(&format!("{what}{whom}")), TITLE)
}

fn edit(edit: &Edit) -> String {
    let path = edit.path().to_string();
    let said = |value: &NewValue| match value {
        NewValue::Typed(text) | NewValue::Json(text) => short(&masked_words(&masked(&path, text)), VALUE),
    };
    match edit {
        Edit::Set { value, .. } => format!("set {path}={}", said(value)),
        Edit::Unset { .. } => format!("unset {path}"),
        Edit::InsertItem { value, .. } => format!("add {} to {path}", said(value)),
        Edit::RemoveItem { index, .. } => format!("remove {path}[{index}]"),
        Edit::RenameKey { key, .. } => format!("rename {path} to {}", short(key, VALUE)),
    }
}

/// A value as it was typed: in quotes and JSON, or bare, which may be the URL itself.
fn masked<'v>(path: &str, text: &'v str) -> Cow<'v, str> {
    match masked_at(path, text) {
        Cow::Borrowed(_) => masked_value(path, text),
        hidden => hidden,
    }
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The identities of those databases that can be asked.
pub(super) async fn identities(around: &Around<'_>, databases: &[DatabaseName]) -> BTreeMap<String, String> {
    let asked = databases.iter().map(|database| async move {
        let store = around.store(database).await.ok()?;
        Some((database.to_string(), store.identity()))
    });
    join_all(asked).await.into_iter().flatten().collect()
}
