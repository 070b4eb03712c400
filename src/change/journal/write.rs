//! What is written: the head of a change, its entries before they are begun, what became of them.

use std::path::Path;

use rusqlite::{Transaction, params};
use time::OffsetDateTime;
use time::macros::format_description;

use super::read::IS_LAST;
use super::texts::{self, Columns};
use super::{ChangeId, Entry, EntryId, Header, State, Step};

pub(super) fn header(t: &Transaction<'_>, header: &Header, owner: &str) -> rusqlite::Result<ChangeId> {
    use std::os::unix::ffi::OsStrExt as _;
    let plan_file = header.plan_file.as_ref().map(|path| path.as_os_str().as_bytes());
    t.prepare(
        "INSERT INTO changes (begun_at, owner, kind, title, operator, host, environment, reason, undoes, total, \
         plan_file) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        now(),
        owner,
        header.kind.to_string(),
        header.title,
        header.who.operator,
        header.who.host,
        header.environment,
        header.reason,
        header.undoes.map(|undoes| undoes.0),
        i64::try_from(header.total).unwrap_or(i64::MAX),
        plan_file,
    ])?;
    let change = t.last_insert_rowid();
    let mut named = t.prepare("INSERT OR IGNORE INTO databases VALUES (?, ?, ?)")?;
    for (name, identity) in &header.databases {
        named.execute(params![change, name.to_string(), identity])?;
    }
    Ok(ChangeId(change))
}

/// Takes the end of a change back, by the one who has that lock of it.
pub(super) fn reopen(
    t: &Transaction<'_>,
    change: ChangeId,
    owner: &str,
    plan_file: &Path,
) -> rusqlite::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let reopened = t
        .prepare("UPDATE changes SET finished_at = NULL, plan_file = ? WHERE id = ? AND owner = ?")?
        .execute(params![plan_file.as_os_str().as_bytes(), change.0, owner])?;
    if reopened == 0 {
        return Err(refused(format!("another reqspec has carried out change {} meanwhile", change)));
    }
    t.prepare("DELETE FROM counts WHERE change_id = ?")?.execute([change.0])?;
    Ok(())
}

/// What is not written, for a reason of our own.
pub(super) fn refused(said: String) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(said.into())
}

pub(super) fn entries(
    t: &Transaction<'_>,
    change: ChangeId,
    entries: &[Entry],
) -> rusqlite::Result<Vec<EntryId>> {
    let ended = "SELECT finished_at IS NOT NULL FROM changes WHERE id = ?";
    if t.prepare(ended)?.query_row([change.0], |row| row.get::<_, bool>(0))? {
        return Err(refused(format!("change {change} has an end by now, which another reqspec gave it")));
    }
    let mut number: i64 = t
        .prepare("SELECT number FROM entries WHERE change_id = ? ORDER BY id DESC LIMIT 1")?
        .query_row([change.0], |row| row.get(0))
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(0),
            other => Err(other),
        })?;
    let mut entry = t.prepare(
        "INSERT INTO entries (change_id, number, operation, source, target, instance_uuid, already_there, \
         created_at, updated_at, state, step, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '')",
    )?;
    let mut text = t.prepare("INSERT INTO texts VALUES (?, ?, ?, ?, ?)")?;
    let mut ids = Vec::with_capacity(entries.len());
    for written in entries {
        number += 1;
        let columns = Columns::of(&written.operation);
        entry.execute(params![
            change.0,
            number,
            written.operation.verb(),
            columns.source,
            columns.target,
            &**written.operation.instance_uuid(),
            columns.already_there,
            written.created_at.as_deref(),
            written.updated_at.as_deref(),
        ])?;
        let id = t.last_insert_rowid();
        match (columns.before, columns.after) {
            (Some(before), Some(after)) => {
                let (head, tail, middle) = texts::middle(before, after);
                text.execute(params![id, before, head as i64, tail as i64, middle])?;
            }
            (before, after) => {
                text.execute(params![id, before, None::<i64>, None::<i64>, after])?;
            }
        }
        ids.push(EntryId(id));
    }
    Ok(ids)
}

pub(super) fn settle(t: &Transaction<'_>, results: &[(EntryId, State, String)]) -> rusqlite::Result<()> {
    let mut settled = t.prepare("UPDATE entries SET state = ?, said = ? WHERE id = ?")?;
    for (entry, state, said) in results {
        settled.execute(params![state.number(), said, entry.0])?;
    }
    Ok(())
}

pub(super) fn step(t: &Transaction<'_>, entries: &[EntryId], step: Step) -> rusqlite::Result<()> {
    let mut stepped = t.prepare("UPDATE entries SET step = ? WHERE id = ?")?;
    for entry in entries {
        stepped.execute(params![step as i64, entry.0])?;
    }
    Ok(())
}

/// Ends a change of which every entry has an end; otherwise it stays open, and false.
pub(super) fn finish(t: &Transaction<'_>, change: ChangeId) -> rusqlite::Result<bool> {
    let open = "SELECT EXISTS (SELECT 1 FROM entries WHERE change_id = ? AND state IN (0, 5))";
    if t.prepare(open)?.query_row([change.0], |row| row.get(0))? {
        return Ok(false);
    }
    let ended = t
        .prepare("UPDATE changes SET finished_at = ? WHERE id = ? AND finished_at IS NULL")?
        .execute(params![now(), change.0])?;
    if ended > 0 {
        t.prepare(&format!(
            "INSERT INTO counts SELECT e.change_id, e.state, count(*) FROM entries e \
             WHERE e.change_id = ? AND {IS_LAST} GROUP BY e.state"
        ))?
        .execute([change.0])?;
    }
    Ok(true)
}

/// Now, UTC, to the millisecond.
pub(in crate::change) fn now() -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::now_utc().format(&format).unwrap_or_default()
}
