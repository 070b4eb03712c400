//! `reqspec environments`: the environments of the profile file.

use serde_json::json;

use super::args::{DeploymentArguments, EnvironmentsArguments};
use super::deployment;
use super::error::{CliError, Exit};
use super::output::{Columns, Output, say};
use crate::deployment::discover::{self, FindError};
use crate::spec::text::escaped;

const HEADS: [&str; 5] = ["NAME", "DEFAULT", "ACCESS", "COLOUR", "WHERE"];

/// Prints them; nothing is opened.
pub fn run(places: &DeploymentArguments, arguments: &EnvironmentsArguments) -> Result<Exit, CliError> {
    let environments = discover::environments(&deployment::said(places), &discover::surroundings());
    let environments = environments.map_err(FindError::from)?;
    for notice in environments.notices() {
        say(&format!("reqspec: warning: {notice}"));
    }
    let mut out = Output::new();
    let list = environments.list();
    if list.is_empty() && !arguments.json {
        let file = environments.path().map_or("no profile file".into(), |path| path.display().to_string());
        say(&format!("reqspec: {file}: no environment is named there"));
    }
    let mut rows = Vec::new();
    for one in &list {
        let colour = one.colour.map(|colour| colour.as_str());
        if arguments.json {
            out.json(&json!({
                "name": one.name, "default": one.default, "read_only": one.read_only,
                "colour": colour, "where": one.place,
            }))?;
            continue;
        }
        let access = if one.read_only { "read-only" } else { "read, write" };
        let cells = [
            one.name.as_str(),
            if one.default { "default" } else { "" },
            access,
            colour.unwrap_or("-"),
            &one.place,
        ];
        rows.push(cells.map(|cell| escaped(cell).into_owned()).to_vec());
    }
    if !rows.is_empty() {
        let mut columns = Columns::new(&HEADS);
        rows.iter().for_each(|row| columns.measure(row));
        out.line(&columns.line(&HEADS))?;
        rows.iter().try_for_each(|row| out.line(&columns.line(row)))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
