//! Plain queries over nova's other tables. Imports `pool`, `value`.
//!
//! Two round trips: the types of the answer are learned before it is asked for, because the driver
//! may have to look up a type (an enumeration), which it cannot while rows are under way. The
//! transaction is rolled back: a `SET` does not outlive it.

use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::future::{FutureExt, join};
use tokio_postgres::types::Type;

use super::connect::Conn;
use super::pool::Link;
use super::trouble::Trouble;
use super::value::{AsText, Raw, parameter_type, plain};
use crate::store::{SqlValue, StoreError};

const OPERATION: &str = "asking nova's tables";

/// At most `limit` rows of a query with `?` marks.
pub(super) async fn select(
    link: &Link,
    sql: &str,
    parameters: &[SqlValue],
    limit: u32,
) -> Result<Vec<Vec<SqlValue>>, StoreError> {
    let sql = numbered(sql);
    if parameters.iter().any(|value| matches!(value, SqlValue::Text(text) if text.contains('\0'))) {
        return Err(link.failed(OPERATION, "a parameter holds U+0000, which PostgreSQL cannot compare with"));
    }
    let (sql, parameters): (Arc<str>, Arc<[SqlValue]>) = (sql.into(), parameters.into());
    link.read(&link.pages, OPERATION, move |conn| {
        let (sql, parameters) = (Arc::clone(&sql), Arc::clone(&parameters));
        async move { ask(conn, &sql, &parameters, limit).await }.boxed()
    })
    .await
}

/// `?` as `$1`, `$2`, …
fn numbered(sql: &str) -> String {
    let mut made = String::with_capacity(sql.len() + 8);
    for (index, part) in sql.split('?').enumerate() {
        if index > 0 {
            made.push_str(&format!("${index}"));
        }
        made.push_str(part);
    }
    made
}

async fn ask(
    conn: &Conn,
    sql: &str,
    parameters: &[SqlValue],
    limit: u32,
) -> Result<Vec<Vec<SqlValue>>, Trouble> {
    let types: Vec<Type> = parameters.iter().map(parameter_type).collect();
    let (begun, statement) = join(conn.begin("", ""), conn.client.prepare_typed(sql, &types)).await;
    begun?;
    let answer = async {
        let statement = statement?;
        let values: Vec<AsText> = parameters.iter().map(AsText::new).collect();
        let mut rows = std::pin::pin!(conn.client.query_raw(&statement, &values).await?);
        let mut found = Vec::new();
        while found.len() < limit as usize {
            let Some(row) = rows.try_next().await? else { return Ok((found, true)) };
            found.push(row);
        }
        // Looks once more, so that a query that ends at its limit is seen to have ended.
        let is_over = rows.try_next().await?.is_none();
        Ok::<_, tokio_postgres::Error>((found, is_over))
    };
    let (found, is_over) = match answer.await {
        Ok(answer) => answer,
        Err(error) => {
            let trouble = conn.trouble(&error);
            if !trouble.is_lost() {
                conn.client.batch_execute("ROLLBACK").await.map_err(|error| conn.trouble(&error))?;
            }
            return Err(trouble);
        }
    };
    let mut made = Vec::with_capacity(found.len());
    for row in &found {
        let values = row.columns().iter().enumerate().map(|(index, column)| {
            let raw: Option<Raw<'_>> = row.try_get(index).map_err(|error| conn.trouble(&error))?;
            plain(column.type_(), raw.map(|Raw(bytes)| bytes)).ok_or_else(|| {
                Trouble::Other(format!(
                    "the column {} is of the type {}, which is not read here: cast it to text",
                    column.name(),
                    column.type_()
                ))
            })
        });
        made.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    if !is_over {
        // The rest is not wanted: what is under way goes with its connection.
        conn.spend();
        return Ok(made);
    }
    // The rows keep the prepared statement, which must not outlive the transaction either.
    drop(found);
    conn.client.batch_execute("ROLLBACK").await.map_err(|error| conn.trouble(&error))?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn marks_are_numbered() {
        assert_eq!(
            numbered("SELECT ? FROM t WHERE a = ? AND b = 1"),
            "SELECT $1 FROM t WHERE a = $2 AND b = 1"
        );
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
