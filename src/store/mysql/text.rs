//! SQL as text: literals that no setting of the server can misread, and answers of the text
//! protocol turned into rows.
//!
//! Requests go as text because that takes one round trip on any connection; only the texts of
//! specs are bound to prepared statements, where they need no quoting.

use std::sync::Arc;

use mysql_async::consts::ColumnType;
use mysql_async::{Row, Value};

use crate::store::{SqlValue, StoredSpec};

/// The columns of a [`StoredSpec`], in the order of [`stored_spec`].
pub(super) const COLUMNS: &str =
    "id, instance_uuid, spec, CAST(created_at AS CHAR), CAST(updated_at AS CHAR)";

/// The key of the order by last update, as text: compared as the connection compares, by bytes.
pub(super) const UPDATED: &str = "COALESCE(CAST(updated_at AS CHAR), CAST(created_at AS CHAR), '')";

/// A text as a literal. Harmless ones are quoted; the bytes of others are written in hexadecimal,
/// which no `sql_mode` reads otherwise.
pub(super) fn literal(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.: ".contains(&byte);
    if text.bytes().all(harmless) {
        return format!("'{text}'");
    }
    // MariaDB compares no column of utf8mb3 with characters that it lacks, unless it is told how.
    let is_wide = text.chars().any(|character| character.len_utf8() > 3);
    let collation = if is_wide { " COLLATE utf8mb4_bin" } else { "" };
    format!("_utf8mb4 {}{collation}", binary(text.as_bytes()))
}

/// Bytes as a literal.
pub(super) fn binary(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut literal = String::with_capacity(bytes.len() * 2 + 3);
    literal.push_str("x'");
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// A value as a literal.
pub(super) fn of_value(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) if number.is_finite() => format!("{number:e}"),
        SqlValue::Real(_) => "NULL".to_owned(),
        SqlValue::Text(text) => literal(text),
    }
}

/// The bytes of a column, moved out; None where it is null.
pub(super) fn take(row: &mut Row, index: usize) -> Option<Vec<u8>> {
    match row.take::<Value, _>(index)? {
        Value::Bytes(bytes) => Some(bytes),
        Value::NULL => None,
        // The text protocol gives nothing else.
        other => Some(other.as_sql(true).into_bytes()),
    }
}

/// The text of a column.
pub(super) fn take_text(row: &mut Row, index: usize) -> Option<String> {
    let bytes = take(row, index)?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// The number of a column, 0 where it is null or none.
pub(super) fn take_number<T: std::str::FromStr + Default>(row: &mut Row, index: usize) -> T {
    take_text(row, index).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The row of [`COLUMNS`].
pub(super) fn stored_spec(mut row: Row) -> StoredSpec {
    StoredSpec {
        id: take_number(&mut row, 0),
        instance_uuid: take_text(&mut row, 1).unwrap_or_default().into(),
        spec: take(&mut row, 2).unwrap_or_default().into(),
        created_at: take_text(&mut row, 3).map(Arc::from),
        updated_at: take_text(&mut row, 4).map(Arc::from),
    }
}

/// The values of a row, by the types that the server says they have.
pub(super) fn values(mut row: Row) -> Vec<SqlValue> {
    use ColumnType::{
        MYSQL_TYPE_BIT, MYSQL_TYPE_DECIMAL, MYSQL_TYPE_DOUBLE, MYSQL_TYPE_FLOAT, MYSQL_TYPE_INT24,
        MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_SHORT, MYSQL_TYPE_TINY,
        MYSQL_TYPE_YEAR,
    };
    let columns = row.columns();
    let value = |(index, column): (usize, &mysql_async::Column)| {
        let Some(bytes) = take(&mut row, index) else { return SqlValue::Null };
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        match column.column_type() {
            MYSQL_TYPE_TINY
            | MYSQL_TYPE_SHORT
            | MYSQL_TYPE_INT24
            | MYSQL_TYPE_LONG
            | MYSQL_TYPE_LONGLONG
            | MYSQL_TYPE_YEAR
            | MYSQL_TYPE_DECIMAL
            | MYSQL_TYPE_NEWDECIMAL => {
                if let Ok(number) = text.parse() {
                    return SqlValue::Integer(number);
                }
                text.parse().map_or(SqlValue::Text(text), SqlValue::Real)
            }
            MYSQL_TYPE_FLOAT | MYSQL_TYPE_DOUBLE => text.parse().map_or(SqlValue::Text(text), SqlValue::Real),
            MYSQL_TYPE_BIT => {
                SqlValue::Integer(text.bytes().fold(0, |number, byte| (number << 8) | i64::from(byte)))
            }
            _ => SqlValue::Text(text),
        }
    };
    columns.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_nothing_that_can_be_misread() {
        assert_eq!(literal("3f0c9a1e-0000-4000-8000-000000000000"), "'3f0c9a1e-0000-4000-8000-000000000000'");
        assert_eq!(literal(""), "''");
        assert_eq!(literal("a'b"), "_utf8mb4 x'612762'");
        assert_eq!(literal("a\\"), "_utf8mb4 x'615c'");
        assert_eq!(literal("\u{1f600}"), "_utf8mb4 x'f09f9880' COLLATE utf8mb4_bin");
        assert_eq!(of_value(&SqlValue::Real(1.5)), "1.5e0");
        assert_eq!(of_value(&SqlValue::Integer(-3)), "-3");
        assert_eq!(of_value(&SqlValue::Null), "NULL");
    }
}
