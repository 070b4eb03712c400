//! The conditions of a pass as SQL. A literal takes the place of each value, as everywhere in this engine.
//!
//! Imports `session`, `text` and the parent module's conditions.

use std::sync::Arc;

use mysql_async::Row;

use super::session::{Lane, Session};
use super::text;
use crate::query::prefilter::{Join, Prefilter};
use crate::store::StoreError;
use crate::store::conditions::{ESCAPE_OF_A_LETTER, Writing, during, exists, is_seldom_escaped, spellings};

const OPERATION: &str = "looking for what a pass may leave out";
/// The bytes of the text as they are sent: where the column has another character set, it is converted.
const SIZE: &str = "IF(CHARSET(spec) = 'binary', LENGTH(spec), LENGTH(CONVERT(spec USING utf8mb4)))";
/// The character sets of tables that nova or we make, and others in which ASCII is what it is.
const WITH_ASCII: &str = "'utf8mb3', 'utf8mb4', 'utf8', 'latin1', 'ascii', 'binary'";
/// The text has a backslash, or is not all ASCII: then it is converted into another one by a character set
/// that has no more; by way of one in which any bytes are text, for the column may be binary.
const UNPLAIN: &str = "LOCATE(CAST(x'5c' AS BINARY), spec) > 0 OR \
     NOT (CAST(spec AS BINARY) <=> CAST(CONVERT(CONVERT(spec USING latin1) USING ascii) AS BINARY))";
/// How the instances' names are compared in the tables that are joined.
const COLLATIONS: &str = "SELECT CONCAT(LOWER(table_name), '.', LOWER(column_name)), character_set_name, \
     collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND \
     ((table_name = 'instances' AND column_name = 'uuid') OR \
      (table_name = 'instance_mappings' AND column_name = 'instance_uuid'))";

/// Conditions on the rows, those on ids and on bytes left out.
pub(super) async fn of(session: &Arc<Session>, prefilter: &Prefilter) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::new();
    all.extend(spellings(&prefilter.uuids).map(|spellings| begins_with(&spellings)));
    all.extend(time("COALESCE(updated_at, created_at)", prefilter.updated_from, prefilter.updated_to));
    all.extend(time("created_at", prefilter.created_from, prefilter.created_to));
    if let Some((least, most)) = prefilter.size {
        all.push(format!("COALESCE({SIZE}, 0) BETWEEN {least} AND {most}"));
    }
    if !prefilter.joins.is_empty() {
        all.extend(joins(session, &prefilter.joins).await?);
    }
    Ok(all)
}

/// Ranges of the index, whatever the column's collation is.
fn begins_with(spellings: &[String]) -> String {
    let any: Vec<String> =
        spellings.iter().map(|spelling| format!("instance_uuid LIKE '{spelling}%'")).collect();
    format!("({})", any.join(" OR "))
}

/// What is null, or no date that there is, is the caller's to judge.
fn time(column: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
    let inside = during(column, from, to)?;
    Some(format!(
        "({inside} OR {column} IS NULL OR MONTH({column}) = 0 OR DAYOFMONTH({column}) = 0 OR \
         LAST_DAY({column}) IS NULL OR DAYOFMONTH({column}) > DAYOFMONTH(LAST_DAY({column})))"
    ))
}

/// That the text has these bytes, or an escape of one of them. In a character set of which ASCII is a part
/// the text is looked at as it is stored.
pub(super) fn contains(bytes: &[u8]) -> String {
    let rest = if is_seldom_escaped(bytes) { has(ESCAPE_OF_A_LETTER.as_bytes()) } else { UNPLAIN.to_owned() };
    format!("({} OR {rest} OR CHARSET(spec) NOT IN ({WITH_ASCII}))", has(bytes))
}

/// A literal of bytes alone would be taken for text of the column's character set, which takes eight times
/// as long; `LIKE BINARY` takes half as long again.
fn has(bytes: &[u8]) -> String {
    format!("LOCATE(CAST({} AS BINARY), spec) > 0", text::binary(bytes))
}

/// Those that can be asked: the tables are there, and the account may read them. The instance is named
/// in the other column's own character set and collation, else its index would not serve.
async fn joins(session: &Arc<Session>, joins: &[Join]) -> Result<Vec<String>, StoreError> {
    let rows = session.ask(OPERATION, Lane::Page, COLLATIONS.to_owned(), 8).await?;
    let mut all = Vec::new();
    for exists in written(joins, rows) {
        let asked = format!("SELECT 1 FROM request_specs WHERE {exists} LIMIT 0");
        if session.ask(OPERATION, Lane::Page, asked, 1).await.is_ok() {
            all.push(exists);
        }
    }
    Ok(all)
}

/// They as SQL; the rows are those of [`COLLATIONS`].
fn written(joins: &[Join], rows: Vec<Row>) -> Vec<String> {
    let collations: Vec<(String, Option<(String, String)>)> = rows
        .into_iter()
        .filter_map(|mut row| {
            let column = text::take_text(&mut row, 0)?;
            Some((column, text::take_text(&mut row, 1).zip(text::take_text(&mut row, 2))))
        })
        .collect();
    let is_instance = |column: &str| {
        let name = match collations.iter().find(|(known, _)| known == column) {
            Some((_, Some((charset, collation)))) => {
                format!("CONVERT(request_specs.instance_uuid USING {charset}) COLLATE {collation}")
            }
            Some((_, None)) => "CAST(request_specs.instance_uuid AS BINARY)".to_owned(),
            None => "request_specs.instance_uuid".to_owned(),
        };
        format!("{column} = {name}")
    };
    let writing = Writing {
        is_instance: &is_instance,
        text: &|text| text::literal(text),
        is_no_text: None,
        is_set: &|column| format!("{column} <> 0"),
    };
    joins.iter().filter_map(|join| exists(join, &writing)).collect()
}
