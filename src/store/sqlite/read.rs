//! Pages and look-ups. Texts come out exactly as stored; a column of an unexpected type is given
//! as the text that SQLite makes of it.

use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, Statement, ToSql, params_from_iter};

use crate::query::{PageFrom, PageKey, PageRequest, SortOrder};
use crate::store::{SqlValue, StoredSpec, TableState};

/// The columns of a [`StoredSpec`], in the order of [`stored_spec`].
const COLUMNS: &str = "id, instance_uuid, spec, CAST(created_at AS TEXT), CAST(updated_at AS TEXT)";
/// The key of [`SortOrder::Updated`].
pub(super) const UPDATED: &str = "CAST(COALESCE(updated_at, created_at, '') AS TEXT)";
/// Parameters of one statement.
const CHUNK: usize = 400;

/// The row of [`COLUMNS`].
fn stored_spec(row: &Row<'_>) -> rusqlite::Result<StoredSpec> {
    Ok(StoredSpec {
        id: row.get(0)?,
        instance_uuid: text(row.get_ref(1)?).unwrap_or_default().into(),
        spec: bytes(row.get_ref(2)?),
        created_at: text(row.get_ref(3)?).map(Arc::from),
        updated_at: text(row.get_ref(4)?).map(Arc::from),
    })
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn bytes(value: ValueRef<'_>) -> Arc<[u8]> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Arc::from(bytes),
        other => text(other).unwrap_or_default().into_bytes().into(),
    }
}

/// Whether the table is there.
pub(super) fn table_state(connection: &Connection) -> rusqlite::Result<TableState> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = 'request_specs'";
    let found = connection.prepare(sql)?.exists([])?;
    Ok(if found { TableState::Present } else { TableState::Missing })
}

fn rows(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> rusqlite::Result<Vec<StoredSpec>> {
    connection.prepare(sql)?.query_map(parameters, stored_spec)?.collect()
}

/// A page in the order of ids.
pub(super) fn page_by_id(
    connection: &Connection,
    request: &PageRequest,
) -> rusqlite::Result<Vec<StoredSpec>> {
    let (condition, backwards, id) = match &request.from {
        PageFrom::Start => ("", false, None),
        PageFrom::End => ("", true, None),
        PageFrom::After(key) => ("WHERE id > ?2", false, Some(key.id)),
        PageFrom::At(key) => ("WHERE id >= ?2", false, Some(key.id)),
        PageFrom::Before(key) => ("WHERE id < ?2", true, Some(key.id)),
    };
    let direction = if backwards { "DESC" } else { "ASC" };
    let sql = format!("SELECT {COLUMNS} FROM request_specs {condition} ORDER BY id {direction} LIMIT ?1");
    let mut page = match id {
        Some(id) => rows(connection, &sql, &[&request.limit, &id])?,
        None => rows(connection, &sql, &[&request.limit])?,
    };
    if backwards {
        page.reverse();
    }
    Ok(page)
}

/// The rows of these ids, in this order; one that is not there is left out.
pub(super) fn rows_by_id(connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<StoredSpec>> {
    let mut by_id = connection.prepare(&format!("SELECT {COLUMNS} FROM request_specs WHERE id = ?"))?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(by_id.query_map([id], stored_spec)?.next().transpose()?);
    }
    Ok(rows)
}

/// The number of rows.
pub(super) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    number(connection, "SELECT count(*) FROM request_specs", &[])
}

/// The number of rows before a key.
pub(super) fn rank(connection: &Connection, order: SortOrder, key: &PageKey) -> rusqlite::Result<u64> {
    match order {
        // `+id`: by the small index on instance_uuid, which holds the ids too, instead of the table.
        SortOrder::Id => number(connection, "SELECT count(*) FROM request_specs WHERE +id < ?", &[&key.id]),
        SortOrder::Updated => {
            let sql = format!("SELECT count(*) FROM request_specs WHERE ({UPDATED}, id) > (?, ?)");
            number(connection, &sql, &[&key.updated, &key.id])
        }
    }
}

fn number(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> rusqlite::Result<u64> {
    let count: i64 = connection.query_row(sql, parameters, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The statement of the row of an instance. The column may hold the same bytes as a blob.
pub(super) fn of_instance() -> String {
    format!("SELECT {COLUMNS} FROM request_specs WHERE instance_uuid IN (?1, CAST(?1 AS BLOB)) LIMIT 1")
}

/// The row of an instance.
pub(super) fn get(connection: &Connection, instance_uuid: &str) -> rusqlite::Result<Option<StoredSpec>> {
    Ok(rows(connection, &of_instance(), &[&instance_uuid])?.pop())
}

/// Look at the id and the bytes of an instance's row, by a statement of [`of_instance`]; where that is
/// refused, the whole row is given.
pub(super) fn look<T>(
    statement: &mut Statement<'_>,
    instance_uuid: &str,
    judge: impl FnOnce(Option<(i64, &[u8])>) -> Option<T>,
) -> rusqlite::Result<Result<T, Option<StoredSpec>>> {
    let mut found = statement.query([instance_uuid])?;
    let Some(row) = found.next()? else { return Ok(judge(None).ok_or(None)) };
    let id = row.get(0)?;
    let judged = match row.get_ref(2)? {
        ValueRef::Text(text) | ValueRef::Blob(text) => judge(Some((id, text))),
        other => judge(Some((id, &bytes(other)))),
    };
    match judged {
        Some(judged) => Ok(Ok(judged)),
        None => stored_spec(row).map(|row| Err(Some(row))),
    }
}

/// The rows of several instances.
pub(super) fn get_many(connection: &Connection, wanted: &[Arc<str>]) -> rusqlite::Result<Vec<StoredSpec>> {
    let mut found = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(CHUNK) {
        let marks = vec!["?"; chunk.len()].join(", ");
        let sql = format!("SELECT {COLUMNS} FROM request_specs WHERE instance_uuid IN ({marks})");
        let mut statement = connection.prepare(&sql)?;
        let parameters = params_from_iter(chunk.iter().map(|uuid| &**uuid));
        for row in statement.query_map(parameters, stored_spec)? {
            found.push(row?);
        }
    }
    Ok(found)
}

/// Rows whose instance_uuid begins with a prefix.
pub(super) fn find_prefix(
    connection: &Connection,
    prefix: &str,
    limit: u32,
) -> rusqlite::Result<Vec<StoredSpec>> {
    let end = format!("{prefix}{}", char::MAX);
    let sql = format!(
        "SELECT {COLUMNS} FROM request_specs WHERE instance_uuid >= ?1 AND instance_uuid < ?2 \
         ORDER BY instance_uuid LIMIT ?3"
    );
    rows(connection, &sql, &[&prefix, &end, &limit])
}

/// Rows of a plain query; anything that could write is refused.
pub(super) fn select(
    connection: &Connection,
    sql: &str,
    parameters: &[SqlValue],
    limit: u32,
) -> rusqlite::Result<Vec<Vec<SqlValue>>> {
    let mut statement = connection.prepare(sql)?;
    let verb = sql.trim_start().get(..6).unwrap_or_default().to_ascii_lowercase();
    if !statement.readonly() || !(verb == "select" || verb.starts_with("with")) {
        return Err(rusqlite::Error::InvalidQuery);
    }
    let width = statement.column_count();
    let mut answer = statement.query(params_from_iter(parameters))?;
    let mut found = Vec::new();
    while found.len() < limit as usize {
        let Some(row) = answer.next()? else { break };
        found.push(
            (0..width).map(|column| Ok(sql_value(row.get_ref(column)?))).collect::<rusqlite::Result<_>>()?,
        );
    }
    Ok(found)
}

fn sql_value(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Integer(number),
        ValueRef::Real(number) => SqlValue::Real(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            SqlValue::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
