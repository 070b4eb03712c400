//! Pages and look-ups: the statements, one round trip each.
//!
//! Instances are looked up by the index, under the column's collation, and told apart here by
//! their exact bytes.

use std::sync::Arc;

use super::session::{Lane, Session};
use super::text::{self, COLUMNS, UPDATED};
use crate::query::{PageFrom, PageKey, PageRequest, SortOrder};
use crate::store::{SqlValue, StoreError, StoredSpec};

/// Instances in one statement: MariaDB plans longer lists in another way.
const CHUNK: usize = 900;

/// No limit of our own: the statement has one.
pub(super) const ALL: usize = usize::MAX;

/// The statement of a page, and whether its rows come in the opposite order.
pub(super) fn page(request: &PageRequest) -> (String, bool) {
    match request.order {
        SortOrder::Id => page_by_id(request),
        SortOrder::Updated => page_by_update(request),
    }
}

fn page_by_id(request: &PageRequest) -> (String, bool) {
    let (condition, backwards) = match &request.from {
        PageFrom::Start => (String::new(), false),
        PageFrom::End => (String::new(), true),
        PageFrom::After(key) => (format!("WHERE id > {}", key.id), false),
        PageFrom::At(key) => (format!("WHERE id >= {}", key.id), false),
        PageFrom::Before(key) => (format!("WHERE id < {}", key.id), true),
    };
    let direction = if backwards { "DESC" } else { "ASC" };
    let limit = request.limit;
    (
        format!("SELECT {COLUMNS} FROM request_specs {condition} ORDER BY id {direction} LIMIT {limit}"),
        backwards,
    )
}

/// No index serves this order: the keys take a pass over the table, in which the server keeps no
/// more of them than the page has rows; the rows themselves are read for the page alone.
fn page_by_update(request: &PageRequest) -> (String, bool) {
    let (condition, backwards) = match &request.from {
        PageFrom::Start => (String::new(), false),
        PageFrom::End => (String::new(), true),
        PageFrom::After(key) => (format!("WHERE {}", compared(key, "<", "<")), false),
        PageFrom::At(key) => (format!("WHERE {}", compared(key, "<", "<=")), false),
        PageFrom::Before(key) => (format!("WHERE {}", compared(key, ">", ">")), true),
    };
    let direction = if backwards { "ASC" } else { "DESC" };
    let limit = request.limit;
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT id AS wanted FROM request_specs {condition} \
         ORDER BY {UPDATED} {direction}, id {direction} LIMIT {limit}) AS page \
         JOIN request_specs ON request_specs.id = page.wanted ORDER BY {UPDATED} {direction}, id {direction}"
    );
    (sql, backwards)
}

/// Rows on that side of a key in the order by last update.
fn compared(key: &PageKey, side: &str, side_of_id: &str) -> String {
    let updated = text::literal(&key.updated);
    format!("({UPDATED} {side} {updated} OR ({UPDATED} = {updated} AND id {side_of_id} {}))", key.id)
}

/// The statement of the number of rows before a key.
pub(super) fn rank(order: SortOrder, key: &PageKey) -> String {
    match order {
        // `id + 0`: by a small index, all of which hold the ids too, instead of the table.
        SortOrder::Id => format!("SELECT COUNT(*) FROM request_specs WHERE id + 0 < {}", key.id),
        SortOrder::Updated => format!("SELECT COUNT(*) FROM request_specs WHERE {}", compared(key, ">", ">")),
    }
}

/// The statement of the rows of an instance, and of those whose names the column's collation takes
/// for the same.
pub(super) fn of_instance(instance_uuid: &str) -> String {
    format!("SELECT {COLUMNS} FROM request_specs WHERE instance_uuid = {}", text::literal(instance_uuid))
}

/// The rows of several instances.
pub(super) async fn get_many(
    session: &Arc<Session>,
    wanted: &[Arc<str>],
) -> Result<Vec<StoredSpec>, StoreError> {
    let operation = format!("reading the specs of {} instances", wanted.len());
    let mut found = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(CHUNK) {
        let literals: Vec<String> = chunk.iter().map(|uuid| text::literal(uuid)).collect();
        let list = literals.join(", ");
        let sql = format!("SELECT {COLUMNS} FROM request_specs WHERE instance_uuid IN ({list})");
        let names: std::collections::HashSet<&str> = chunk.iter().map(|uuid| &**uuid).collect();
        let rows = session.ask(&operation, Lane::Page, sql, ALL).await?;
        let exact = rows.into_iter().map(text::stored_spec).filter(|row| names.contains(&*row.instance_uuid));
        found.extend(exact);
    }
    Ok(found)
}

/// The statement of the first rows whose instance_uuid begins with a prefix, by its exact letters.
pub(super) fn find_prefix(prefix: &str, limit: u32) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '%' | '_' | '|') {
            pattern.push('|');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let condition = if prefix.is_empty() {
        String::new()
    } else {
        format!(
            "WHERE instance_uuid LIKE {} ESCAPE '|' \
             AND CAST(LEFT(CONVERT(instance_uuid USING utf8mb4), {}) AS BINARY) = {}",
            text::literal(&pattern),
            prefix.chars().count(),
            text::binary(prefix.as_bytes()),
        )
    };
    format!("SELECT {COLUMNS} FROM request_specs {condition} ORDER BY instance_uuid, id LIMIT {limit}")
}

/// Why a plain query is not asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does something else than read.
    NotReading,
    /// Its marks and values do not match.
    Marks(String),
}

/// A plain query with its values in place of the marks. What is neither one query nor a change of
/// rows, which the server itself refuses in a session that only reads, is not even sent: it could
/// change the session.
pub(super) fn select(sql: &str, parameters: &[SqlValue]) -> Result<String, Refused> {
    let lower = sql.to_ascii_lowercase();
    let verb = lower.trim_start().split(|character: char| !character.is_ascii_alphabetic()).next();
    let is_sent = ["select", "with", "show", "insert", "update", "delete", "replace"];
    let writes_file = lower.contains("into outfile") || lower.contains("into dumpfile");
    if !verb.is_some_and(|verb| is_sent.contains(&verb)) || sql.contains(';') || writes_file {
        return Err(Refused::NotReading);
    }
    let marks = sql.matches('?').count();
    if marks != parameters.len() {
        return Err(Refused::Marks(format!("it has {marks} marks and {} values", parameters.len())));
    }
    let mut values = parameters.iter();
    let mut filled = String::with_capacity(sql.len() + parameters.len() * 40);
    for part in sql.split('?') {
        filled.push_str(part);
        if let Some(value) = values.next() {
            filled.push_str(&text::of_value(value));
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_one_that_reads_or_is_left_to_the_server() {
        let text = SqlValue::Text("o'k".into());
        assert_eq!(
            select("SELECT a FROM b WHERE c = ? AND d > ?", &[text, SqlValue::Integer(3)]).unwrap(),
            "SELECT a FROM b WHERE c = _utf8mb4 x'6f276b' AND d > 3"
        );
        for sql in ["SET SESSION TRANSACTION READ WRITE", "SELECT 1; DELETE FROM a", "CALL p()", "", "COMMIT"]
        {
            select(sql, &[]).unwrap_err();
        }
        let refused = select("SELECT ?", &[]).unwrap_err();
        assert!(
            matches!(&refused, Refused::Marks(words) if words.contains("1 marks and 0 values")),
            "{refused:?}"
        );
        assert!(select("DELETE FROM request_specs", &[]).is_ok());
    }

    #[test]
    fn prefixes_are_no_patterns() {
        let sql = find_prefix("a%_|", 5);
        assert!(sql.contains(&format!("LIKE {} ESCAPE '|'", text::literal("a|%|_||%"))), "{sql}");
        assert!(sql.contains("4) AS BINARY) = x'61255f7c'"), "{sql}");
    }
}
