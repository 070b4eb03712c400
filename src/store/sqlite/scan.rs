//! Passes over all rows: several threads, each with a connection of its own, take small ranges of
//! ids in ascending order, so that the first rows come first and no thread idles.
//!
//! A visitor that must wait does so while no statement runs: an open one holds a lock, or a snapshot,
//! and would keep writers waiting as long. What is left of the range is read by a statement of its own.
//!
//! They read large pieces of the file at once, and not through a memory map: where another program cuts
//! the file short meanwhile, the kernel would end the process with SIGBUS; so it is an error instead.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows};
use tokio::sync::oneshot;

use super::aside::{Stop, StopOnDrop};
use super::conditions::Conditions;
use super::open::{Session, Source, WRITE_WAIT};
use crate::query::prefilter::Prefilter;
use crate::store::{Cancel, RowRef, RowVisitor, StoreError};

const OPERATION: &str = "reading all specs";
/// Rows between two reports of progress.
const REPORT: u64 = 2_000;
/// Rows that are looked up one by one between two looks at the file.
const LOOKED_UP: usize = 1_000;
/// Ranges into which the ids are cut, at most; each holds at least [`REPORT`] ids.
const RANGES: i64 = 512;
/// What SQLite keeps of the pages of a pass that comes to each once, in KiB: little enough that a
/// processor's own memory holds it.
const KEPT: i64 = 256;

/// Pass all rows to the visitor; gives their number.
pub(super) async fn scan(
    source: Arc<Source>,
    prefilter: Prefilter,
    visitor: Arc<dyn RowVisitor>,
    cancel: Cancel,
) -> Result<u64, StoreError> {
    let stop = Arc::new(Stop::default());
    let _stop_on_drop = StopOnDrop(Arc::clone(&stop));
    let (answer, answered) = oneshot::channel();
    let for_thread = Arc::clone(&source);
    thread::Builder::new()
        .name(format!("sqlite {} scan", source.database))
        .spawn(move || {
            let _ = answer.send(scan_now(&for_thread, &prefilter, &*visitor, &cancel, &stop));
        })
        .map_err(|error| source.failed(OPERATION, format!("no thread for it: {error}")))?;
    answered.await.map_err(|_| source.failed(OPERATION, "its thread ended"))?
}

/// What the parts share.
struct Pass<'a> {
    visitor: &'a dyn RowVisitor,
    cancel: &'a Cancel,
    stop: &'a Stop,
    /// The visitor broke off, or a part failed.
    ended: AtomicBool,
    rows: AtomicU64,
    /// The next range to take.
    next: AtomicI64,
    first: i64,
    last: i64,
    width: i64,
    conditions: Conditions,
}

impl Pass<'_> {
    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.ended.load(Ordering::Relaxed)
    }

    /// The next range of ids, both ends included.
    fn take(&self) -> Option<(i64, i64)> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let start = self.first.checked_add(index.checked_mul(self.width)?)?;
        (start <= self.last).then(|| (start, start.saturating_add(self.width - 1).min(self.last)))
    }
}

fn scan_now(
    source: &Arc<Source>,
    prefilter: &Prefilter,
    visitor: &dyn RowVisitor,
    cancel: &Cancel,
    stop: &Stop,
) -> Result<u64, StoreError> {
    let mut session = open(source, stop, prefilter)?;
    let (ends, conditions) = session.read(OPERATION, |connection| {
        let sql = "SELECT (SELECT min(id) FROM request_specs), (SELECT max(id) FROM request_specs)";
        let ends = connection
            .query_row(sql, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok((ends, Conditions::of(connection, prefilter)?))
    })?;
    let (Some(first), Some(last)) = ends else { return Ok(0) };
    let (least, greatest) = prefilter.ids.unwrap_or((i64::MIN, i64::MAX));
    let (first, last) = (first.max(least), last.min(greatest));
    let span = last.saturating_sub(first).saturating_add(1);
    let pass = Pass {
        visitor,
        cancel,
        stop,
        ended: AtomicBool::new(false),
        rows: AtomicU64::new(0),
        next: AtomicI64::new(0),
        first,
        last,
        width: (span / RANGES).saturating_add(1).max(REPORT as i64),
        conditions,
    };
    let threads = match &pass.conditions.ids {
        Some(_) => 1,
        None => thread::available_parallelism().map_or(1, |count| count.get().min(2)),
    };
    let failure: Mutex<Option<StoreError>> = Mutex::new(None);
    let run = |mut session: Session| {
        if let Err(error) = part(&mut session, &pass) {
            pass.ended.store(true, Ordering::Relaxed);
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    };
    let mut others = Vec::new();
    for _ in 1..threads {
        others.push(open(source, stop, prefilter)?);
    }
    let panicked = thread::scope(|scope| {
        let run = &run;
        let handles: Vec<_> = others.into_iter().map(|session| scope.spawn(move || run(session))).collect();
        run(session);
        // `any` would leave handles unjoined, and the scope would panic in turn.
        handles.into_iter().filter_map(|handle| handle.join().err()).count() > 0
    });
    if panicked {
        return Err(source.failed(OPERATION, "a thread of it panicked; see the log"));
    }
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(pass.rows.into_inner()),
    }
}

fn open(source: &Arc<Source>, stop: &Stop, prefilter: &Prefilter) -> Result<Session, StoreError> {
    let session = Session::open_for_pass(Arc::clone(source))?;
    // Nobody watches a scan start: it may wait for a writer longer than a page may.
    let waited = session.connection.busy_timeout(WRITE_WAIT);
    waited.map_err(|error| source.translate(OPERATION, &error))?;
    stop.watch(&session.connection);
    // Indexes that are looked into for each row are better kept.
    if prefilter.joins.is_empty() && prefilter.uuids.is_empty() {
        let set = session.connection.pragma_update(None, "cache_size", -KEPT);
        set.map_err(|error| source.translate(OPERATION, &error))?;
    }
    Ok(session)
}

/// Take ranges until there are none. No lock is held between two ranges, nor while the visitor pauses,
/// so a writer gets its turn.
fn part(session: &mut Session, pass: &Pass<'_>) -> Result<(), StoreError> {
    let mut unreported = 0;
    let mut left = None;
    let mut looked_up = pass.conditions.ids.as_deref().map(|ids| ids.chunks(LOOKED_UP));
    while !pass.is_over() && !pass.stop.is_stopped() {
        let part = match (left.take(), &mut looked_up) {
            (Some(part), _) => Some(part),
            (None, Some(ids)) => ids.next().map(Part::Ids),
            (None, None) => pass.take().map(|(first, last)| Part::Range(first, last)),
        };
        let Some(part) = part else { break };
        if session.has_changed()? {
            return Err(changed(session));
        }
        let result = visit_part(&session.connection, part, pass, &mut unreported);
        // What was read of a frozen file while another program wrote to it may be nonsense.
        if session.has_changed()? {
            return Err(changed(session));
        }
        left = result.map_err(|error| session.source.translate(OPERATION, &error))?;
        if pass.visitor.pause().is_break() {
            pass.ended.store(true, Ordering::Relaxed);
        }
    }
    pass.rows.fetch_add(unreported, Ordering::Relaxed);
    if unreported > 0 {
        pass.visitor.progress(unreported);
    }
    Ok(())
}

fn changed(session: &Session) -> StoreError {
    session.source.failed(OPERATION, "another program began to write to it meanwhile; start again")
}

/// What a thread does without a look at anything else.
enum Part<'a> {
    /// Both ends included.
    Range(i64, i64),
    /// Ascending.
    Ids(&'a [i64]),
}

/// Gives what is left of the part where the visitor wants a pause.
fn visit_part<'a>(
    connection: &Connection,
    part: Part<'a>,
    pass: &Pass<'_>,
    unreported: &mut u64,
) -> rusqlite::Result<Option<Part<'a>>> {
    const SELECT: &str = "SELECT id, instance_uuid, spec, created_at, updated_at FROM request_specs WHERE";
    let conditions = &pass.conditions.sql;
    match part {
        Part::Range(first, last) => {
            let sql = format!("{SELECT} id BETWEEN ? AND ?{conditions} ORDER BY id");
            let mut statement = connection.prepare(&sql)?;
            let paused_after = visit_rows(statement.query([first, last])?, pass, unreported)?;
            Ok(paused_after.filter(|&id| id < last).map(|id| Part::Range(id + 1, last)))
        }
        Part::Ids(ids) => {
            let mut statement = connection.prepare(&format!("{SELECT} id = ?{conditions}"))?;
            let mut left = ids;
            while let Some((id, rest)) = left.split_first() {
                left = rest;
                let is_wanted = (pass.first..=pass.last).contains(id);
                if is_wanted && visit_rows(statement.query([id])?, pass, unreported)?.is_some() {
                    return Ok(Some(Part::Ids(rest)));
                }
            }
            Ok(None)
        }
    }
}

/// Gives the id after which the visitor wants a pause.
fn visit_rows(mut rows: Rows<'_>, pass: &Pass<'_>, unreported: &mut u64) -> rusqlite::Result<Option<i64>> {
    while let Some(row) = rows.next()? {
        if pass.is_over() {
            break;
        }
        let (uuid, spec) = (row.get_ref(1)?, row.get_ref(2)?);
        let (created, updated) = (row.get_ref(3)?, row.get_ref(4)?);
        let (mut uuid_made, mut spec_made, mut created_made, mut updated_made) = Default::default();
        let created = borrowed_text(created, &mut created_made);
        let visited = RowRef {
            id: row.get(0)?,
            instance_uuid: borrowed_text(uuid, &mut uuid_made),
            spec: borrowed_bytes(spec, &mut spec_made),
            created,
            updated: match updated {
                ValueRef::Null => created,
                updated => borrowed_text(updated, &mut updated_made),
            },
        };
        *unreported += 1;
        if let ControlFlow::Break(()) = pass.visitor.visit(visited) {
            pass.ended.store(true, Ordering::Relaxed);
            break;
        }
        if *unreported >= REPORT {
            pass.rows.fetch_add(*unreported, Ordering::Relaxed);
            pass.visitor.progress(*unreported);
            *unreported = 0;
        }
        if pass.visitor.wants_pause() {
            return Ok(Some(visited.id));
        }
    }
    Ok(None)
}

/// The bytes in the engine's buffer; `made` holds them where the column is of another type.
fn borrowed_bytes<'a>(value: ValueRef<'a>, made: &'a mut String) -> &'a [u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null => b"",
        ValueRef::Integer(number) => {
            *made = number.to_string();
            made.as_bytes()
        }
        ValueRef::Real(number) => {
            *made = number.to_string();
            made.as_bytes()
        }
    }
}

fn borrowed_text<'a>(value: ValueRef<'a>, made: &'a mut String) -> &'a str {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => {
                *made = String::from_utf8_lossy(bytes).into_owned();
                made
            }
        },
        ValueRef::Null => "",
        ValueRef::Integer(number) => {
            *made = number.to_string();
            made
        }
        ValueRef::Real(number) => {
            *made = number.to_string();
            made
        }
    }
}
