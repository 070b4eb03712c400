//! Pages and look-ups: the queries, and rows as they come back. Imports `query` and `pool`.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::pool::{Link, Parameter, Query};
use super::time;
use super::trouble::Trouble;
use super::value::{Raw, Stamp};
use crate::query::{PageFrom, PageKey, PageRequest, SortOrder};
use crate::store::{StoreError, StoredSpec, TableState};

/// The columns of a [`StoredSpec`], in the order of [`stored_spec`]. They bear the names of the table's:
/// an ORDER BY must say that it means those, or it sorts by what is made here, which has no index.
pub(super) const COLUMNS: &str =
    "id::int8, instance_uuid::text, spec::text, created_at::timestamp, updated_at::timestamp";
/// The key of [`SortOrder::Updated`]: rows without a time are the lowest.
const UPDATED: &str = "COALESCE(updated_at, created_at, '-infinity'::timestamp)";
/// The condition that a row is that of the instance `$1`: by the index, then byte for byte, for a
/// collation may take different texts for equal.
pub(super) const IS_INSTANCE: &str = "instance_uuid = $1 AND instance_uuid COLLATE \"C\" = $1";

/// The row of [`COLUMNS`].
pub(super) fn stored_spec(row: &Row) -> Result<StoredSpec, Trouble> {
    let stamp = |stamp: Option<Stamp>| stamp.map(|Stamp(micros)| Arc::from(time::text(micros)));
    Ok(StoredSpec {
        id: field(row, 0)?,
        instance_uuid: field::<Option<Raw<'_>>>(row, 1)?
            .map_or_else(String::new, |Raw(bytes)| String::from_utf8_lossy(bytes).into_owned())
            .into(),
        spec: field::<Option<Raw<'_>>>(row, 2)?.map_or_else(|| Arc::from([]), |Raw(bytes)| Arc::from(bytes)),
        created_at: stamp(field(row, 3)?),
        updated_at: stamp(field(row, 4)?),
    })
}

/// A column of a row.
pub(super) fn field<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, Trouble> {
    row.try_get(index).map_err(|error| Trouble::Other(format!("a column is not as expected: {error}")))
}

fn stored(link: &Link, operation: &str, rows: &[Row]) -> Result<Vec<StoredSpec>, StoreError> {
    let rows: Result<Vec<_>, Trouble> = rows.iter().map(stored_spec).collect();
    rows.map_err(|trouble| link.error(trouble, operation))
}

/// Whether the table is there, on the account's search path.
pub(super) async fn table_state(link: &Link) -> Result<TableState, StoreError> {
    const OPERATION: &str = "looking for the table request_specs";
    let query = Query::new("SELECT to_regclass('request_specs') IS NOT NULL", Vec::new());
    let rows = link.rows(&link.pages, OPERATION, query).await?;
    let found = rows.first().map(|row| field(row, 0)).transpose();
    let found = found.map_err(|trouble| link.error(trouble, OPERATION))?;
    Ok(if found == Some(true) { TableState::Present } else { TableState::Missing })
}

/// Consecutive rows.
pub(super) async fn page(link: &Link, request: &PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
    let (pool, operation, key) = match request.order {
        SortOrder::Id => (&link.pages, "reading a page", "id".to_owned()),
        SortOrder::Updated => (&link.aside, "reading a page by last update", format!("({UPDATED}, id)")),
    };
    let (from, backwards) = match &request.from {
        PageFrom::Start => (None, false),
        PageFrom::End => (None, true),
        PageFrom::After(key) => (Some((key, "after")), false),
        PageFrom::At(key) => (Some((key, "at")), false),
        PageFrom::Before(key) => (Some((key, "before")), true),
    };
    let ascending = (request.order == SortOrder::Id) != backwards;
    let mut parameters = vec![Parameter::Int(request.limit.into())];
    let condition = from.map_or_else(String::new, |(from, place)| {
        parameters.push(Parameter::Int(from.id));
        let value = if request.order == SortOrder::Id {
            "$2".to_owned()
        } else {
            parameters.push(Parameter::Time(Some(time::key(&from.updated))));
            "($3, $2)".to_owned()
        };
        let than = if ascending { ">" } else { "<" };
        let or_equal = if place == "at" { "=" } else { "" };
        format!("WHERE {key} {than}{or_equal} {value}")
    });
    let direction = if ascending { "ASC" } else { "DESC" };
    let order = match request.order {
        SortOrder::Id => format!("request_specs.id {direction}"),
        SortOrder::Updated => format!("{UPDATED} {direction}, request_specs.id {direction}"),
    };
    let sql = format!("SELECT {COLUMNS} FROM request_specs {condition} ORDER BY {order} LIMIT $1");
    let rows = link.rows(pool, operation, Query::new(sql, parameters)).await?;
    let mut page = stored(link, operation, &rows)?;
    if backwards {
        page.reverse();
    }
    Ok(page)
}

/// The number of rows.
pub(super) async fn count(link: &Link) -> Result<u64, StoreError> {
    number(link, "counting the specs", "", Vec::new()).await
}

/// The number of rows before a key.
pub(super) async fn rank(link: &Link, order: SortOrder, key: &PageKey) -> Result<u64, StoreError> {
    let operation = "counting the specs before one";
    let id = Parameter::Int(key.id);
    match order {
        SortOrder::Id => number(link, operation, "WHERE id < $1", vec![id]).await,
        SortOrder::Updated => {
            let condition = format!("WHERE ({UPDATED}, id) > ($2, $1)");
            let updated = Parameter::Time(Some(time::key(&key.updated)));
            number(link, operation, &condition, vec![id, updated]).await
        }
    }
}

async fn number(
    link: &Link,
    operation: &str,
    condition: &str,
    parameters: Vec<Parameter>,
) -> Result<u64, StoreError> {
    let query = Query::new(format!("SELECT count(*) FROM request_specs {condition}"), parameters);
    let rows = link.rows(&link.aside, operation, query).await?;
    let count = rows.first().map(|row| field::<i64>(row, 0)).transpose();
    let count = count.map_err(|trouble| link.error(trouble, operation))?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// The least and the greatest id; None where there is no row.
pub(super) async fn ends(link: &Link, operation: &str) -> Result<Option<(i64, i64)>, StoreError> {
    let query = Query::new("SELECT min(id)::int8, max(id)::int8 FROM request_specs", Vec::new());
    let rows = link.rows(&link.pages, operation, query).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let ends = field::<Option<i64>>(row, 0).and_then(|first| Ok(first.zip(field(row, 1)?)));
    ends.map_err(|trouble| link.error(trouble, operation))
}

/// The row of an instance.
pub(super) async fn get(
    link: &Link,
    operation: &str,
    instance_uuid: &str,
) -> Result<Option<StoredSpec>, StoreError> {
    let Some(query) = get_query(instance_uuid, "") else { return Ok(None) };
    let rows = link.rows(&link.pages, operation, query).await?;
    Ok(stored(link, operation, &rows)?.pop())
}

/// The query for the row of an instance, with what is to follow it. None where no row can be meant:
/// PostgreSQL holds no U+0000.
pub(super) fn get_query(instance_uuid: &str, tail: &str) -> Option<Query> {
    let sql = format!("SELECT {COLUMNS} FROM request_specs WHERE {IS_INSTANCE} LIMIT 1 {tail}");
    let parameters = vec![Parameter::Text(instance_uuid.to_owned())];
    (!instance_uuid.contains('\0')).then(|| Query::new(sql, parameters))
}

/// The rows of several instances.
pub(super) async fn get_many(
    link: &Link,
    operation: &str,
    wanted: &[Arc<str>],
) -> Result<Vec<StoredSpec>, StoreError> {
    let texts: Vec<String> =
        wanted.iter().filter(|uuid| !uuid.contains('\0')).map(|uuid| uuid.to_string()).collect();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM request_specs \
         WHERE instance_uuid = ANY ($1) AND instance_uuid COLLATE \"C\" = ANY ($1)"
    );
    let rows = link.rows(&link.pages, operation, Query::new(sql, vec![Parameter::Texts(texts)])).await?;
    stored(link, operation, &rows)
}

/// Rows whose instance_uuid begins with a prefix.
///
/// In a database's own collation they need not stand together in the index: so a range of it is
/// read that holds them all ([`range`]), and each is compared byte for byte.
pub(super) async fn find_prefix(
    link: &Link,
    operation: &str,
    prefix: &str,
    limit: u32,
) -> Result<Vec<StoredSpec>, StoreError> {
    if prefix.contains('\0') {
        return Ok(Vec::new());
    }
    let (low, high) = if digits_sort_alone(link, operation).await? { range(prefix) } else { (None, None) };
    let mut parameters = vec![Parameter::Int(limit.into()), Parameter::Text(prefix.to_owned())];
    let mut condition = "starts_with(instance_uuid COLLATE \"C\", $2)".to_owned();
    for (bound, than) in [(low, ">="), (high, "<")] {
        if let Some(bound) = bound {
            parameters.push(Parameter::Text(bound));
            condition.push_str(&format!(" AND instance_uuid {than} ${}", parameters.len()));
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM request_specs WHERE {condition} ORDER BY request_specs.instance_uuid LIMIT $1"
    );
    let rows = link.rows(&link.pages, operation, Query::new(sql, parameters)).await?;
    let mut found = stored(link, operation, &rows)?;
    found.sort_by(|one, other| one.instance_uuid.cmp(&other.instance_uuid));
    Ok(found)
}

/// Whether the column's collation looks at digits one by one and puts them before letters: nearly
/// all do, but one may be told to count them as numbers. Asked once in a session.
pub(super) async fn digits_sort_alone(link: &Link, operation: &str) -> Result<bool, StoreError> {
    if let Some(known) = link.digits_sort_alone.get() {
        return Ok(*known);
    }
    let name = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) \
                FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation \
                JOIN pg_namespace n ON n.oid = c.collnamespace \
                WHERE a.attrelid = to_regclass('request_specs') AND a.attname = 'instance_uuid'";
    let rows = link.rows(&link.pages, operation, Query::new(name, Vec::new())).await?;
    // Without a table or a collation the query itself will say what is wrong.
    let Some(row) = rows.first() else { return Ok(false) };
    let collation: String = field(row, 0).map_err(|trouble| link.error(trouble, operation))?;
    let sql = format!("SELECT ('10' < '2' COLLATE {collation}) AND ('9' < 'a' COLLATE {collation})");
    let rows = link.rows(&link.pages, operation, Query::new(sql, Vec::new())).await?;
    let answer = rows.first().map(|row| field(row, 0)).transpose();
    let answer = answer.map_err(|trouble| link.error(trouble, operation))?.unwrap_or(false);
    Ok(*link.digits_sort_alone.get_or_init(|| answer))
}

/// Bounds (included, excluded) between which all texts with that prefix stand, in every collation
/// that compares digits one by one and puts them before letters.
///
/// Letters join into others (`ch` in Czech, `aa` in Danish) and hyphens may count for nothing, so
/// the end is taken at the last digit, which no language joins with anything.
pub(super) fn range(prefix: &str) -> (Option<String>, Option<String>) {
    if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return (None, None);
    }
    match prefix.rfind(|c: char| c.is_ascii_digit()) {
        Some(last) => {
            let (head, digit) = (&prefix[..last], prefix.as_bytes()[last]);
            let next = if digit == b'9' { 'a' } else { char::from(digit + 1) };
            (Some(prefix[..=last].to_owned()), Some(format!("{head}{next}")))
        }
        // No digit: it comes after all that begin with one.
        None if prefix.starts_with(|c: char| c.is_ascii_alphabetic()) => (Some("9".to_owned()), None),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_at_a_digit() {
        let text = |text: &str| Some(text.to_owned());
        for (prefix, expected) in [
            ("", (None, None)),
            ("3", (text("3"), text("4"))),
            ("3f0c-9", (text("3f0c-9"), text("3f0c-a"))),
            ("3aa-", (text("3"), text("4"))),
            ("9", (text("9"), text("a"))),
            ("abc", (text("9"), None)),
            ("-", (None, None)),
            ("3%", (None, None)),
            ("\u{e9}1", (None, None)),
        ] {
            assert_eq!(range(prefix), expected, "{prefix}");
        }
    }
}
