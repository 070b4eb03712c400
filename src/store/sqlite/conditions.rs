//! The conditions of a pass as SQL: what spares reading texts. A condition on bytes never does.
//!
//! Imports the parent module's conditions.

use rusqlite::{Connection, OptionalExtension};

use super::read::UPDATED;
use crate::query::prefilter::Prefilter;
use crate::store::conditions::{Writing, during, exists, is_plain};

/// The key of the order by creation.
const CREATED: &str = "CAST(COALESCE(created_at, '') AS TEXT)";
/// Rows that are looked up one by one, at most; of more a pass is made.
const LOOKED_UP: usize = 100_000;

/// What a pass asks for.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// Follows `AND`; empty where there are none.
    pub sql: String,
    /// The only ids to look at, ascending, where an index told them.
    pub ids: Option<Vec<i64>>,
}

impl Conditions {
    /// Those of this database that its tables allow.
    pub fn of(connection: &Connection, prefilter: &Prefilter) -> rusqlite::Result<Conditions> {
        let mut all = Vec::new();
        all.extend(time(UPDATED, prefilter.updated_from, prefilter.updated_to));
        all.extend(time(CREATED, prefilter.created_from, prefilter.created_to));
        if let Some((least, most)) = prefilter.size
            && is_utf8(connection)?
        {
            let (least, most) =
                (i64::try_from(least).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX));
            all.push(format!("COALESCE(octet_length(spec), 0) BETWEEN {least} AND {most}"));
        }
        for join in &prefilter.joins {
            let writing = Writing {
                is_instance: &|column| format!("{column} = request_specs.instance_uuid"),
                text: &literal,
                is_no_text: Some(&|column| format!("typeof({column}) NOT IN ('text', 'null')")),
                is_set: &|column| format!("{column} <> 0"),
            };
            // What is no character is read as this one.
            if join.values.iter().any(|value| value.contains(char::REPLACEMENT_CHARACTER)) {
                continue;
            }
            let Some(exists) = exists(join, &writing) else { continue };
            // Without these tables the condition cannot be asked, and is left to the caller.
            if connection.prepare(&format!("SELECT 1 FROM request_specs WHERE {exists}")).is_ok() {
                // A name that is stored as a blob equals no text, and names the same instance.
                all.push(format!("(typeof(request_specs.instance_uuid) <> 'text' OR {exists})"));
            }
        }
        let sql = all.iter().map(|condition| format!(" AND {condition}")).collect();
        let ids = if prefilter.uuids.iter().all(|beginning| is_plain(beginning)) {
            ids(connection, &prefilter.uuids)?
        } else {
            None
        };
        Ok(Conditions { sql, ids })
    }
}

/// A moment is compared as text where it is one that there is, written as nova writes it; what else is
/// stored is the caller's to judge.
fn time(column: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
    let second = format!("substr({column}, 1, 19)");
    let inside = during(&second, from, to)?;
    let rest = format!("substr({column}, 20)");
    let is_fraction = format!("({rest} GLOB '.[0-9]*' AND substr({rest}, 2) NOT GLOB '*[^0-9]*')");
    Some(format!("({inside} OR datetime({second}) IS NOT {second} OR NOT ({rest} = '' OR {is_fraction}))"))
}

/// Whether texts are kept as they are given out; else their sizes differ.
fn is_utf8(connection: &Connection) -> rusqlite::Result<bool> {
    let encoding: String = connection.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    Ok(encoding == "UTF-8")
}

/// A text in whatever encoding the database keeps texts; a NUL would end the statement.
fn literal(text: &str) -> String {
    let parts: Vec<String> = text.split('\0').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
    format!("({})", parts.join(" || char(0) || "))
}

/// The ids of the rows whose instance_uuid begins with one of these, in either letter case, by the index;
/// None where there is no index for it, or there are too many.
fn ids(connection: &Connection, beginnings: &[String]) -> rusqlite::Result<Option<Vec<i64>>> {
    if beginnings.is_empty() || !has_index(connection)? {
        return Ok(None);
    }
    let mut is_there = connection
        .prepare("SELECT 1 FROM request_specs WHERE instance_uuid >= ?1 AND instance_uuid < ?2 LIMIT 1")?;
    let mut found = Vec::new();
    // A name that is stored as a blob stands behind all texts.
    push(connection, "instance_uuid >= x''", &[], &mut found)?;
    for beginning in beginnings {
        // A letter in upper case that no row has ends the search for all that begin so.
        let mut spelled = vec![String::new()];
        for letter in beginning.chars() {
            let mut longer = Vec::new();
            for spelling in &spelled {
                for letter in both_cases(letter) {
                    let spelling = format!("{spelling}{letter}");
                    let end = after(&spelling);
                    let is_needed = letter.is_ascii_alphabetic();
                    if !is_needed || is_there.query_row([&spelling, &end], |_| Ok(())).optional()?.is_some() {
                        longer.push(spelling);
                    }
                }
            }
            spelled = longer;
        }
        for spelling in spelled {
            let range = "instance_uuid >= ?1 AND instance_uuid < ?2";
            push(connection, range, &[&spelling, &after(&spelling)], &mut found)?;
        }
        if found.len() > LOOKED_UP {
            return Ok(None);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(Some(found))
}

fn push(
    connection: &Connection,
    condition: &str,
    values: &[&String],
    found: &mut Vec<i64>,
) -> rusqlite::Result<()> {
    // One more than may be looked up, so that it shows.
    let sql = format!("SELECT id FROM request_specs WHERE {condition} LIMIT {}", LOOKED_UP + 1);
    let mut statement = connection.prepare(&sql)?;
    for id in statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0))? {
        found.push(id?);
    }
    Ok(())
}

fn both_cases(letter: char) -> impl Iterator<Item = char> {
    let upper = letter.to_ascii_uppercase();
    std::iter::once(letter).chain((upper != letter).then_some(upper))
}

/// What comes after all that begins so.
fn after(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// Whether an index on instance_uuid, in the order of its bytes, is there.
fn has_index(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM pragma_index_list('request_specs') AS list, \
               pragma_index_xinfo(list.name) AS info WHERE list.partial = 0 AND info.seqno = 0 \
               AND info.name = 'instance_uuid' AND info.coll = 'BINARY' COLLATE NOCASE";
    Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0)
}

#[cfg(test)]
#[path = "conditions_tests.rs"]
mod tests;
