//! What is read: lists of changes, pages of entries.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::texts::{self, Stored};
use super::{ChangeId, ChangeRow, EntryId, EntryRow, Kind, State, Step, Who};
use crate::change::DatabaseName;

/// A change, and the file that its owner has locked; `is_running` is not filled in.
pub(super) type Owned = (ChangeRow, String);

const CHANGES: &str = "SELECT id, begun_at, finished_at, owner, kind, title, operator, host, environment, reason, \
    undoes, total, plan_file FROM changes c WHERE ";

/// A word that may be the beginning of an instance's uuid.
fn is_start_of_uuid(word: &str) -> bool {
    word.len() >= 4 && word.len() <= 36 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Newest first, before that one; every word must be in one of the texts, begin the uuid of an
/// instance, or be the number (`#12`).
pub(super) fn changes(
    c: &Connection,
    before: Option<ChangeId>,
    filter: &str,
    limit: u32,
) -> rusqlite::Result<Vec<Owned>> {
    let mut sql = format!("{CHANGES} id < ?");
    let mut values = vec![Value::Integer(before.map_or(i64::MAX, |before| before.0))];
    for word in filter.split_whitespace() {
        if let Some(number) = word.strip_prefix('#').and_then(|number| number.parse().ok()) {
            sql.push_str(" AND id = ?");
            values.push(Value::Integer(number));
            continue;
        }
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        sql.push_str(
            " AND (title || char(10) || kind || char(10) || operator || char(10) || host || char(10) || \
             environment || char(10) || coalesce(reason, '') LIKE ? ESCAPE '\\'",
        );
        values.push(Value::Text(format!("%{escaped}%")));
        if is_start_of_uuid(word) {
            sql.push_str(
                " OR id IN (SELECT change_id FROM entries WHERE instance_uuid >= ? AND instance_uuid < ?)",
            );
            let start = word.to_ascii_lowercase();
            // Beyond every digit and letter that can follow.
            values.extend([Value::Text(start.clone()), Value::Text(start + "~")]);
        }
        sql.push(')');
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    values.push(Value::Integer(i64::from(limit)));
    collect(c, &sql, values)
}

pub(super) fn change(c: &Connection, change: ChangeId) -> rusqlite::Result<Option<Owned>> {
    Ok(collect(c, &format!("{CHANGES} id = ?"), vec![Value::Integer(change.0)])?.pop())
}

/// Without an end, the oldest first.
pub(super) fn unfinished(c: &Connection) -> rusqlite::Result<Vec<Owned>> {
    collect(c, &format!("{CHANGES} finished_at IS NULL ORDER BY id"), Vec::new())
}

/// That an entry `e` was undone: by a later one of a change that undoes its own, in the place where it wrote.
const UNDONE: &str = "EXISTS (SELECT 1 FROM changes u JOIN entries b ON b.change_id = u.id \
    WHERE u.undoes = e.change_id AND b.state = 1 AND b.instance_uuid = e.instance_uuid AND b.id > e.id \
    AND b.target = CASE e.operation WHEN 'move' THEN e.source ELSE e.target END)";

/// That no later entry of the same change is of the same spec: of an operation that was begun again, when the
/// change was resumed, the last one counts.
pub(super) const IS_LAST: &str = "NOT EXISTS (SELECT 1 FROM entries l WHERE l.instance_uuid = e.instance_uuid \
    AND l.change_id = e.change_id AND l.id > e.id AND l.target = e.target)";

/// The newest change of an environment of which something is left to be undone; of those of that kind, or of all
/// but those.
pub(super) fn newest(c: &Connection, environment: &str, undos: bool) -> rusqlite::Result<Option<ChangeId>> {
    let sql = format!(
        "SELECT c.id FROM changes c WHERE c.environment = ? AND (c.kind = 'undo') = ? \
         AND EXISTS (SELECT 1 FROM entries e WHERE e.change_id = c.id AND e.state = 1 AND NOT {UNDONE}) \
         ORDER BY c.id DESC LIMIT 1"
    );
    let mut statement = c.prepare(&sql)?;
    let mut rows = statement.query(params![environment, undos])?;
    rows.next()?.map(|row| row.get(0).map(ChangeId)).transpose()
}

fn collect(c: &Connection, sql: &str, values: Vec<Value>) -> rusqlite::Result<Vec<Owned>> {
    let mut statement = c.prepare(sql)?;
    let rows = statement.query_map(params_from_iter(values), change_row)?;
    let mut rows = rows.collect::<rusqlite::Result<Vec<Owned>>>()?;
    for (row, _) in &mut rows {
        complete(c, row)?;
    }
    Ok(rows)
}

fn change_row(row: &Row<'_>) -> rusqlite::Result<Owned> {
    let plan_file: Option<Vec<u8>> = row.get("plan_file")?;
    let change = ChangeRow {
        id: ChangeId(row.get("id")?),
        begun_at: row.get("begun_at")?,
        finished_at: row.get("finished_at")?,
        kind: Kind::parse(&row.get::<_, String>("kind")?),
        title: row.get("title")?,
        who: Who { operator: row.get("operator")?, host: row.get("host")? },
        environment: row.get("environment")?,
        databases: Vec::new(),
        reason: row.get("reason")?,
        undoes: row.get::<_, Option<i64>>("undoes")?.map(ChangeId),
        undone_by: None,
        still_done: 0,
        total: u64::try_from(row.get::<_, i64>("total")?).unwrap_or(0),
        plan_file: plan_file.map(|bytes| PathBuf::from(OsString::from_vec(bytes))),
        counts: BTreeMap::new(),
        is_running: false,
        is_interrupted: false,
    };
    Ok((change, row.get("owner")?))
}

/// What other tables say of a change.
fn complete(c: &Connection, row: &mut ChangeRow) -> rusqlite::Result<()> {
    let id = row.id.0;
    let mut databases = c.prepare("SELECT name, identity FROM databases WHERE change_id = ?")?;
    let named = databases
        .query_map([id], |row| Ok((texts::named(&row.get::<_, String>(0)?), row.get::<_, String>(1)?)))?;
    row.databases = named.collect::<rusqlite::Result<Vec<(DatabaseName, String)>>>()?;
    row.databases.sort();
    let sql = match row.finished_at {
        Some(_) => "SELECT state, count FROM counts WHERE change_id = ?".to_owned(),
        None => format!(
            "SELECT state, count(*) FROM entries e WHERE e.change_id = ? AND {IS_LAST} GROUP BY state"
        ),
    };
    let mut counted = c.prepare(&sql)?;
    let counts = counted.query_map([id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    for count in counts {
        let (state, count) = count?;
        if let Some(state) = State::numbered(state) {
            row.counts.insert(state, u64::try_from(count).unwrap_or(0));
        }
    }
    let mut undone = c.prepare(
        "SELECT max(u.id) FROM changes u WHERE u.undoes = ? \
         AND EXISTS (SELECT 1 FROM entries e WHERE e.change_id = u.id AND e.state = 1)",
    )?;
    row.undone_by = undone.query_row([id], |row| row.get::<_, Option<i64>>(0))?.map(ChangeId);
    if row.undone_by.is_some() {
        let sql = format!(
            "SELECT count(*) FROM entries e WHERE e.change_id = ? AND e.state = 1 AND {IS_LAST} AND NOT {UNDONE}"
        );
        let left = c.prepare(&sql)?.query_row([id], |row| row.get::<_, i64>(0))?;
        row.still_done = u64::try_from(left).unwrap_or(0);
    }
    Ok(())
}

/// Which entries of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them.
    All,
    /// Those without an end.
    Open,
    /// Those that were done, and that no change which undoes this one has undone yet; the last first.
    ToUndo,
}

pub(super) fn entries(
    c: &Connection,
    change: ChangeId,
    which: Which,
    after: Option<EntryId>,
    limit: u32,
) -> rusqlite::Result<Vec<EntryRow>> {
    let start = match which {
        Which::ToUndo => i64::MAX,
        Which::All | Which::Open => 0,
    };
    let (condition, order) = match which {
        Which::All => ("e.id > ?2".to_owned(), "e.id"),
        Which::Open => ("e.id > ?2 AND e.state IN (0, 5)".to_owned(), "e.id"),
        Which::ToUndo => (format!("e.id < ?2 AND e.state = 1 AND NOT {UNDONE}"), "e.id DESC"),
    };
    let sql = format!(
        "SELECT e.*, t.before, t.head, t.tail, t.after FROM entries e JOIN texts t ON t.entry_id = e.id \
         WHERE e.change_id = ?1 AND {condition} ORDER BY {order} LIMIT ?3"
    );
    let mut statement = c.prepare(&sql)?;
    let from = after.map_or(start, |after| after.0);
    statement.query_map(params![change.0, from, limit], entry_row)?.collect()
}

/// One entry.
pub(super) fn entry(c: &Connection, entry: EntryId) -> rusqlite::Result<Option<EntryRow>> {
    let sql = "SELECT e.*, t.before, t.head, t.tail, t.after FROM entries e JOIN texts t ON t.entry_id = e.id \
         WHERE e.id = ?";
    let mut statement = c.prepare(sql)?;
    let mut rows = statement.query([entry.0])?;
    rows.next()?.map(entry_row).transpose()
}

/// The times of the row that a change took away.
pub(super) fn times(
    c: &Connection,
    change: ChangeId,
    database: &str,
    instance_uuid: &str,
) -> rusqlite::Result<Option<(Option<String>, Option<String>)>> {
    let sql = "SELECT created_at, updated_at FROM entries WHERE change_id = ? AND operation = 'delete' \
         AND target = ? AND instance_uuid = ? LIMIT 1";
    let mut statement = c.prepare(sql)?;
    let mut rows = statement.query(params![change.0, database, instance_uuid])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn entry_row(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let wrong = |what: &str| {
        rusqlite::Error::FromSqlConversionFailure(
            0,
            rusqlite::types::Type::Blob,
            format!("an entry with {what} that no operation has").into(),
        )
    };
    let before: Option<Vec<u8>> = row.get("before")?;
    let mut after: Option<Vec<u8>> = row.get("after")?;
    let size = |column: &str| -> rusqlite::Result<Option<usize>> {
        Ok(row.get::<_, Option<i64>>(column)?.and_then(|size| usize::try_from(size).ok()))
    };
    if let (Some(before), Some(middle), Some(head), Some(tail)) =
        (&before, &after, size("head")?, size("tail")?)
    {
        after = Some(texts::whole(before, head, tail, middle).ok_or_else(|| wrong("texts"))?);
    }
    let stored = Stored {
        operation: row.get("operation")?,
        source: row.get("source")?,
        target: row.get("target")?,
        instance_uuid: Arc::from(row.get::<_, String>("instance_uuid")?),
        already_there: row.get("already_there")?,
        before,
        after,
    };
    let time = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.map(Arc::from));
    Ok(EntryRow {
        id: EntryId(row.get("id")?),
        change: ChangeId(row.get("change_id")?),
        number: u64::try_from(row.get::<_, i64>("number")?).unwrap_or(0),
        operation: stored.operation().ok_or_else(|| wrong("columns"))?,
        state: State::numbered(row.get("state")?).ok_or_else(|| wrong("a state"))?,
        step: Step::numbered(row.get("step")?),
        said: row.get("said")?,
        created_at: time("created_at")?,
        updated_at: time("updated_at")?,
    })
}
