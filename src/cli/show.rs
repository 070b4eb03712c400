//! `reqspec show`: a spec from whichever database holds it, before its instance is scheduled too.

use serde::Serialize;
use serde_json::value::RawValue;

use super::args::ShowArguments;
use super::error::{CliError, Exit};
use super::output::{AS_IT_IS, Columns, Output, say};
use super::sessions::{Found, Sessions, not_found};
use crate::scheduler::constraint::{Constraint, Tab, Weight, constraints};
use crate::spec::Document;
use crate::spec::diff::{self, Relation};
use crate::spec::schema;
use crate::spec::summary::Summary;
use crate::spec::text::{escaped, holds_password};
use crate::store::{DatabaseName, StoredSpec};

/// Findings that are printed; more are counted.
const FINDINGS: usize = 200;

/// Prints the spec.
pub async fn run(sessions: &Sessions, arguments: &ShowArguments) -> Result<Exit, CliError> {
    let found = look(sessions, arguments).await?;
    let Some((_, first)) = found.copies.first() else {
        let Some(error) = found.unasked.first() else { return Err(not_found(&arguments.uuid)) };
        let message = format!("no database that answers has a spec of {}; {error}", arguments.uuid);
        return Err(CliError::failed(message));
    };
    for error in &found.unasked {
        say(&format!("reqspec: warning: {error}"));
    }
    let mut out = Output::new();
    let exact = arguments.raw || arguments.json;
    if exact && found.copies.iter().any(|(_, row)| holds_password(&String::from_utf8_lossy(&row.spec))) {
        say(AS_IT_IS);
    }
    if arguments.raw {
        if found.copies.iter().any(|(_, row)| row.spec != first.spec) {
            let names: Vec<_> = found.copies.iter().map(|(database, _)| database.to_string()).collect();
            let message = format!("the copies in {} differ; say which with --in", names.join(", "));
            return Err(CliError::usage(message));
        }
        out.raw(&first.spec)?;
    } else if arguments.json {
        for (database, row) in &found.copies {
            json(&mut out, database, row, &first.spec)?;
        }
    } else {
        text(&mut out, &found, first)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn look(sessions: &Sessions, arguments: &ShowArguments) -> Result<Found, CliError> {
    let Some(named) = &arguments.database else { return sessions.find(&arguments.uuid).await };
    let (database, row) = sessions.the_copy(&arguments.uuid, Some(named), "--in").await?;
    let instance_uuid = row.instance_uuid.clone();
    Ok(Found { instance_uuid, copies: vec![(database, row)], unasked: Vec::new() })
}

fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Identical => "identical",
        Relation::Equivalent => "equivalent",
        Relation::Different => "different",
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Stored<'a> {
    Json(&'a RawValue),
    Text(String),
}

/// One copy, on one line. The spec is the stored JSON itself, or a string where that is not JSON
/// (by RFC 8259: Python's `NaN` is not) or no document can be made of it.
fn json(out: &mut Output, database: &DatabaseName, row: &StoredSpec, first: &[u8]) -> std::io::Result<()> {
    #[derive(Serialize)]
    struct Copy<'a> {
        database: String,
        instance_uuid: &'a str,
        id: i64,
        created_at: Option<&'a str>,
        updated_at: Option<&'a str>,
        relation_to_first: &'static str,
        problem: Option<String>,
        spec: Stored<'a>,
    }
    let text = || Stored::Text(String::from_utf8_lossy(&row.spec).into_owned());
    let spec = match (Document::parse(&row.spec), serde_json::from_slice::<&RawValue>(&row.spec)) {
        // The output puts a space for a line end between tokens.
        (Ok(_), Ok(raw)) => Stored::Json(raw),
        // Too deep or too long is kept from readers of the line too.
        _ => text(),
    };
    out.json(&Copy {
        database: database.to_string(),
        instance_uuid: &row.instance_uuid,
        id: row.id,
        created_at: row.created_at.as_deref(),
        updated_at: row.updated_at.as_deref(),
        relation_to_first: word(diff::relation(first, &row.spec)),
        problem: Summary::of(&row.spec).problem,
        spec,
    })
}

fn text(out: &mut Output, found: &Found, first: &StoredSpec) -> std::io::Result<()> {
    out.line(&format!("instance  {}", found.instance_uuid))?;
    for (at, (database, row)) in found.copies.iter().enumerate() {
        let times = format!(
            "created {}, updated {}",
            row.created_at.as_deref().unwrap_or("-"),
            row.updated_at.as_deref().unwrap_or("-")
        );
        let relation = diff::relation(&first.spec, &row.spec);
        let same = if at == 0 { String::new() } else { format!(": {}", word(relation)) };
        out.line(&format!("stored    {database}{same} (row {}, {} bytes, {times})", row.id, row.spec.len()))?;
        if relation == Relation::Different {
            for line in super::plan_text::difference_lines(&first.spec, &row.spec) {
                out.line(&format!("            {line}"))?;
            }
        }
    }
    if let Some(problem) = Summary::of(&first.spec).problem {
        out.line(&format!("problem   {problem}"))?;
    }
    match Document::parse(&first.spec) {
        Ok(document) => {
            findings(out, &document, &found.instance_uuid)?;
            sections(out, &constraints(&document))
        }
        Err(_) => out.line("No document can be made of the stored text; --raw prints it as it is."),
    }
}

/// What is wrong with the spec, unknown keys among it; nothing where nothing is.
fn findings(out: &mut Output, document: &Document, column: &str) -> std::io::Result<()> {
    let mut problems = schema::check(document);
    problems.extend(schema::check_instance(document, column));
    problems.sort_by_key(|problem| problem.severity);
    if problems.is_empty() {
        return Ok(());
    }
    out.line("")?;
    out.line("Findings")?;
    for problem in problems.iter().take(FINDINGS) {
        out.line(&format!("  {:<10}  {problem}", problem.severity.word()))?;
    }
    match problems.len().checked_sub(FINDINGS) {
        None | Some(0) => Ok(()),
        Some(more) => out.line(&format!("  and {more} more")),
    }
}

fn sections(out: &mut Output, all: &[Constraint]) -> std::io::Result<()> {
    let tabs = [
        (Tab::Filters, "Filters"),
        (Tab::Flavor, "Flavor"),
        (Tab::Image, "Image"),
        (Tab::Topology, "Topology"),
    ];
    for (tab, title) in tabs {
        let rows: Vec<Vec<String>> =
            all.iter().filter(|constraint| constraint.tab == tab).map(cells).collect();
        if rows.is_empty() {
            continue;
        }
        out.line("")?;
        out.line(title)?;
        let mut columns = Columns::new(&["", "", ""]);
        rows.iter().for_each(|row| columns.measure(row));
        rows.iter().try_for_each(|row| out.line(&format!("  {}", columns.line(row))))?;
    }
    Ok(())
}

/// Label, value, and meaning with the place where it bites; escaped, so that widths are right.
fn cells(constraint: &Constraint) -> Vec<String> {
    let value = match (constraint.value.as_str(), constraint.weight) {
        ("", Weight::Nothing) => "-",
        (value, _) => value,
    };
    let bites = constraint.bites.as_ref().map(|bites| format!(" -> {bites}")).unwrap_or_default();
    let meaning = format!("{}{bites}", constraint.meaning);
    [&constraint.label, value, &meaning].map(|cell| escaped(cell).into_owned()).to_vec()
}
