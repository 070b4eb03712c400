//! `reqspec edit`: fields by path, of one spec or of many, or the raw JSON in an editor.

use std::str::FromStr;
use std::sync::Arc;

use clap::ArgMatches;

use super::args::EditArguments;
use super::error::{CliError, Exit};
use super::sessions::Sessions;
use super::{bulk, changing, edit_external};
use crate::change::{BulkChange, BulkIntent, Intent, Whom};
use crate::query::Query;
use crate::spec::edit::{self, Edit, NewValue};
use crate::spec::{Document, FieldPath};
use crate::store::{DatabaseName, StoredSpec};

/// Makes the edits; `matches` knows in which order they were given.
pub async fn run(
    sessions: &Sessions,
    arguments: EditArguments,
    whom: Option<Arc<Query>>,
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    changing::allowed(sessions.deployment(), &arguments.change)?;
    let edits = edits(&arguments, matches)?;
    if let Some(query) = whom {
        if edits.is_empty() {
            return Err(CliError::usage("nothing to edit: give --set, --set-json or --unset"));
        }
        let databases = bulk::databases(sessions, arguments.database.as_ref())?;
        let whom = Whom::Query { databases, query };
        let intent = BulkIntent { change: BulkChange::Edit(edits), whom, limit: arguments.whom.limit };
        return bulk::run(sessions, &arguments.change, arguments.pace, &intent).await;
    }
    // clap asks for one where there is no query.
    let uuid = arguments.uuid.unwrap_or_default();
    let (database, row) = sessions.the_copy(&uuid, arguments.database.as_ref(), "--in").await?;
    if edits.is_empty() {
        return edit_external::run(sessions, &arguments.change, database, row).await;
    }
    let after = edited(&database, &row, &edits)?;
    let intent = Intent::Save {
        database,
        instance_uuid: Arc::clone(&row.instance_uuid),
        before: row.spec,
        after: after.into(),
    };
    changing::run(sessions, &arguments.change, &intent).await
}

fn edited(database: &DatabaseName, row: &StoredSpec, edits: &[Edit]) -> Result<String, CliError> {
    let record = format!("{database}: the spec of {}", row.instance_uuid);
    let document = Document::parse(&row.spec).map_err(|malformed| {
        CliError::refused(format!(
            "{record} is malformed ({malformed}); it can only be edited as raw text: leave out --set, --set-json and --unset"
        ))
    })?;
    let edited =
        edit::apply(&document, edits).map_err(|error| CliError::refused(format!("{record}: {error}")))?;
    Ok(edited.document.text().to_owned())
}

/// The edits in the order of the command line.
fn edits(arguments: &EditArguments, matches: &ArgMatches) -> Result<Vec<Edit>, CliError> {
    let mut edits = Vec::new();
    for (id, given) in
        [("set", &arguments.set), ("set_json", &arguments.set_json), ("unset", &arguments.unset)]
    {
        for (at, text) in matches.indices_of(id).into_iter().flatten().zip(given) {
            edits.push((at, edit(id, text)?));
        }
    }
    edits.sort_by_key(|(at, _)| *at);
    Ok(edits.into_iter().map(|(_, edit)| edit).collect())
}

fn edit(option: &str, text: &str) -> Result<Edit, CliError> {
    let path = |text: &str| {
        FieldPath::from_str(text)
            .map_err(|error| CliError::usage(format!("--{}: {error}", option.replace('_', "-"))))
    };
    if option == "unset" {
        return Ok(Edit::Unset { path: path(text)? });
    }
    let Some((name, value)) = edit::split_assignment(text) else {
        return Err(CliError::usage(format!("--{}: {text:?} is not PATH=VALUE", option.replace('_', "-"))));
    };
    let value = value.to_owned();
    let value = if option == "set" { NewValue::Typed(value) } else { NewValue::Json(value) };
    Ok(Edit::Set { path: path(name)?, value })
}
