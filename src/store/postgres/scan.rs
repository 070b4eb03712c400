//! A pass over all rows: in two halves side by side, each one `COPY … TO STDOUT` in the binary format on a
//! connection of its own, taken apart as it arrives. Where the server leaves rows out it is asked for a
//! range of ids at a time, so that it is never silent for long. Imports `conditions`, `connect` and `pool`.
//!
//! The rows come by the index on id, not sorted first: so the first ones come at once and the
//! server needs no room for them all.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::Stream;
use futures_util::future::{join, try_join};
use tokio::time::{sleep, timeout};
use tokio_postgres::CopyOutStream;

use super::conditions;
use super::connect::{Conn, Role};
use super::pool::Link;
use super::read;
use super::time;
use super::trouble::Trouble;
use crate::query::prefilter::Prefilter;
use crate::store::conditions::{Ranges, is_silent, spellings};
use crate::store::retry::PAUSES;
use crate::store::waiting::{Waited, wait};
use crate::store::{Cancel, RowRef, RowVisitor, StoreError};

const OPERATION: &str = "reading all specs";
/// Rows between two reports of progress; then others get the thread, too.
const REPORT: u64 = 2_000;
/// What is set for rows in the order of the index on id.
const BY_ID: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off";
/// What the binary format begins with, before its flags and the length of what extends it.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// What ends a pass before its end.
#[derive(Clone, Default)]
pub(super) struct Ends {
    /// The caller's own wish.
    pub cancel: Cancel,
    /// Nobody waits any more, or the visitor wants no more. Rows that have arrived keep the task from noticing by itself.
    dropped: Cancel,
}

impl Ends {
    /// Those of a pass, and what sets the second when it is dropped.
    pub fn new(cancel: Cancel) -> (Self, impl Drop) {
        struct OnDrop(Cancel);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }
        let ends = Self { cancel, dropped: Cancel::default() };
        let on_drop = OnDrop(ends.dropped.clone());
        (ends, on_drop)
    }

    fn are_near(&self) -> bool {
        self.cancel.is_cancelled() || self.dropped.is_cancelled()
    }
}

/// The statement for the rows that fulfil these conditions.
fn copy(conditions: &[String]) -> String {
    let condition = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    format!(
        "COPY (SELECT id::int8, instance_uuid::text, spec::text, created_at::timestamp, updated_at::timestamp \
         FROM request_specs WHERE {condition} ORDER BY request_specs.id) TO STDOUT (FORMAT binary)"
    )
}

fn ids(first: i64, last: i64) -> String {
    format!("request_specs.id BETWEEN {first} AND {last}")
}

/// Pass the rows that may fulfil the conditions to the visitor; gives their number.
pub(super) async fn scan(
    link: &Link,
    prefilter: &Prefilter,
    visitor: &dyn RowVisitor,
    ends: &Ends,
) -> Result<u64, StoreError> {
    if ends.are_near() {
        return Ok(0);
    }
    // What is asked beforehand has its own time.
    let prepared = wait(prepare(link, prefilter), Duration::MAX, || ends.are_near()).await;
    let Waited::For(prepared) = prepared else { return Ok(0) };
    let (mut conditions, ranges) = prepared?;
    let pass = || Pass { link, visitor, ends, passed: 0, conn: None };
    let Some(mut ranges) = ranges else {
        // An index on another column serves a few rows best; then they are sorted.
        conditions.extend(prefilter.ids.map(|(first, last)| ids(first, last)));
        return pass().at_once(&conditions, "").await;
    };
    let (is_silent, conditions) = (is_silent(prefilter), &conditions);
    let part = |ranges: Ranges| async move {
        if is_silent {
            return pass().in_ranges(conditions, ranges).await;
        }
        let Some((first, last)) = ranges.left() else { return Ok(0) };
        let conditions = [&conditions[..], &[ids(first, last)]].concat();
        pass().at_once(&conditions, BY_ID).await
    };
    // A process of the server takes longer to send a row than it takes here.
    match ranges.halve() {
        None => part(ranges).await,
        Some(later) => try_join(part(ranges), part(later)).await.map(|(one, other)| one + other),
    }
}

/// The conditions as SQL, and the ids; None of these where an index serves the few rows that are wanted.
async fn prepare(link: &Link, prefilter: &Prefilter) -> Result<(Vec<String>, Option<Ranges>), StoreError> {
    let conditions = conditions::of(link, prefilter).await?;
    if spellings(&prefilter.uuids).is_some() {
        return Ok((conditions, None));
    }
    let (least, greatest) = prefilter.ids.unwrap_or((i64::MIN, i64::MAX));
    let (first, last) = read::ends(link, OPERATION).await?.unwrap_or((1, 0));
    Ok((conditions, Some(Ranges::new(first.max(least), last.min(greatest)))))
}

struct Pass<'a> {
    link: &'a Link,
    visitor: &'a dyn RowVisitor,
    ends: &'a Ends,
    passed: u64,
    /// Whatever ends the pass, the connection goes with it.
    conn: Option<Own>,
}

impl Pass<'_> {
    async fn at_once(&mut self, conditions: &[String], setup: &str) -> Result<u64, StoreError> {
        match self.over(&copy(conditions), setup).await {
            Ok(_) => Ok(self.passed),
            Err(trouble) => Err(self.link.error(trouble, OPERATION)),
        }
    }

    async fn in_ranges(&mut self, conditions: &[String], mut ranges: Ranges) -> Result<u64, StoreError> {
        while let Some((first, last)) = ranges.current() {
            let conditions = [conditions, &[ids(first, last)]].concat();
            let (began, before) = (Instant::now(), self.passed);
            match self.over(&copy(&conditions), BY_ID).await {
                Ok(true) => ranges.done(began.elapsed()),
                Ok(false) => break,
                // The range may hold too many rows, or the server be gone: a new connection will tell.
                Err(Trouble::Silent(_)) if self.passed == before && ranges.narrow() => self.conn = None,
                Err(trouble) => return Err(self.link.error(trouble, OPERATION)),
            }
        }
        Ok(self.passed)
    }

    /// The rows of one statement; false where no more are wanted.
    async fn over(&mut self, sql: &str, setup: &str) -> Result<bool, Trouble> {
        let kept = self.conn.take();
        let begun = async {
            match kept {
                None => begin(self.link, sql, setup).await,
                Some(conn) => conn.rows(sql, self.link.timeouts.answer).await.map(|rows| (conn, rows)),
            }
        };
        // The server may look at many rows before it says that it begins. It is silent for no longer
        // than an answer may take, connections that are made anew included.
        let (conn, rows) = match wait(begun, Duration::MAX, || self.ends.are_near()).await {
            Waited::For(begun) => begun?,
            Waited::Unwanted | Waited::Silent => return Ok(false),
        };
        let conn = self.conn.insert(conn);
        let Own(Some(in_use)) = conn else { return Ok(false) };
        let within = self.link.timeouts.answer;
        pass(in_use, Box::pin(rows), within, self.visitor, self.ends, &mut self.passed).await
    }
}

/// A connection of one's own: the server stops what it does when this is dropped.
struct Own(Option<Conn>);

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.abandon();
        }
    }
}

impl Own {
    async fn rows(&self, sql: &str, within: Duration) -> Result<CopyOutStream, Trouble> {
        let Own(Some(conn)) = self else { return Err(Trouble::silent(Duration::ZERO)) };
        let rows = timeout(within, conn.client.copy_out(sql)).await.map_err(|_| Trouble::silent(within))?;
        rows.map_err(|error| conn.trouble(&error))
    }
}

/// Until the first row, a lost connection is made anew.
async fn begin(link: &Link, sql: &str, setup: &str) -> Result<(Own, CopyOutStream), Trouble> {
    let within = link.timeouts.answer;
    let mut pauses = PAUSES.iter();
    loop {
        let trouble = match timeout(within, begin_once(link, sql, setup)).await {
            Ok(Ok(begun)) => return Ok(begun),
            Ok(Err(trouble)) => trouble,
            Err(_) => return Err(Trouble::silent(within)),
        };
        match pauses.next() {
            Some(pause) if trouble.is_lost() => sleep(*pause).await,
            _ => return Err(trouble),
        }
    }
}

async fn begin_once(link: &Link, sql: &str, setup: &str) -> Result<(Own, CopyOutStream), Trouble> {
    let (conn, _) = link.target.connect(Role::Scan, "").await?;
    let conn = Own(Some(conn));
    let Own(Some(in_use)) = &conn else { return Err(Trouble::silent(Duration::ZERO)) };
    let (begun, prepared) = join(in_use.begin("", setup), in_use.client.prepare(sql)).await;
    begun?;
    let statement = prepared.map_err(|error| in_use.trouble(&error))?;
    let rows = in_use.client.copy_out(&statement).await.map_err(|error| in_use.trouble(&error))?;
    Ok((conn, rows))
}

/// Pass these rows; false where no more are wanted.
async fn pass(
    conn: &Conn,
    mut rows: Pin<Box<CopyOutStream>>,
    within: Duration,
    visitor: &dyn RowVisitor,
    ends: &Ends,
    passed: &mut u64,
) -> Result<bool, Trouble> {
    let mut unreported = 0;
    let (mut created, mut updated) = (String::with_capacity(32), String::with_capacity(32));
    let (mut is_first, mut is_over) = (true, false);
    while !is_over {
        let next = poll_fn(|context| rows.as_mut().poll_next(context));
        let piece = match wait(next, within, || ends.are_near()).await {
            Waited::For(Some(piece)) => piece.map_err(|error| conn.trouble(&error))?,
            Waited::For(None) => break,
            Waited::Unwanted => {
                is_over = true;
                break;
            }
            Waited::Silent => return Err(Trouble::silent(within)),
        };
        if ends.are_near() {
            is_over = true;
            break;
        }
        let mut rest = &piece[..];
        if is_first {
            is_first = false;
            rest = without_header(rest).ok_or_else(unreadable)?;
        }
        // A message holds one row; the header and the end come with one or alone.
        while !rest.is_empty() && !is_over {
            let Some(fields) = row(&mut rest).ok_or_else(unreadable)? else { break };
            created.clear();
            if let Some(micros) = fields.created {
                time::write(micros, &mut created);
            }
            if let Some(micros) = fields.updated {
                time::write(micros, &mut updated);
            }
            let updated = if fields.updated.is_some() { &updated } else { &created };
            let uuid = String::from_utf8_lossy(fields.instance_uuid);
            *passed += 1;
            unreported += 1;
            let row =
                RowRef { id: fields.id, instance_uuid: &uuid, spec: fields.spec, created: &created, updated };
            is_over = visitor.visit(row).is_break();
            // The server sends no more than its buffers hold meanwhile, and keeps no writer waiting.
            is_over = is_over || visitor.pause().is_break();
            if is_over {
                ends.dropped.cancel();
            }
        }
        if unreported >= REPORT {
            visitor.progress(unreported);
            unreported = 0;
            tokio::task::yield_now().await;
        }
    }
    if unreported > 0 {
        visitor.progress(unreported);
    }
    Ok(!is_over)
}

fn unreadable() -> Trouble {
    Trouble::Other("the server's rows are not in the binary format of COPY".to_owned())
}

fn without_header(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let (_flags, extension) = (take(&mut rest, 4)?, take(&mut rest, 4)?);
    let length = u32::from_be_bytes(extension.try_into().ok()?);
    take(&mut rest, usize::try_from(length).ok()?)?;
    Some(rest)
}

struct Fields<'a> {
    id: i64,
    instance_uuid: &'a [u8],
    spec: &'a [u8],
    created: Option<i64>,
    updated: Option<i64>,
}

/// The next row; Some(None) at the end mark, None where it is no row.
fn row<'a>(rest: &mut &'a [u8]) -> Option<Option<Fields<'a>>> {
    let count = i16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    match count {
        -1 => return Some(None),
        5 => {}
        _ => return None,
    }
    let id = i64::from_be_bytes(field(rest)??.try_into().ok()?);
    let (instance_uuid, spec) = (field(rest)?.unwrap_or_default(), field(rest)?.unwrap_or_default());
    let (created, updated) = (time_field(rest)?, time_field(rest)?);
    Some(Some(Fields { id, instance_uuid, spec, created, updated }))
}

/// A field that is a time; Some(None) for null.
fn time_field(rest: &mut &[u8]) -> Option<Option<i64>> {
    match field(rest)? {
        Some(bytes) => Some(Some(i64::from_be_bytes(bytes.try_into().ok()?))),
        None => Some(None),
    }
}

/// A field; Some(None) for null.
fn field<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = i32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
    match usize::try_from(length) {
        Ok(length) => take(rest, length).map(Some),
        Err(_) => Some(None),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1, 99]);
        bytes.extend([0, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, b'u', 0, 0, 0, 2, b'{', b'}']);
        bytes.extend([0xff; 4]);
        bytes.extend([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3]);
        bytes.extend([0xff; 2]);
        let mut rest = without_header(&bytes).unwrap();
        let first = row(&mut rest).unwrap().unwrap();
        assert_eq!(
            (first.id, first.instance_uuid, first.spec, first.created, first.updated),
            (7, &b"u"[..], &b"{}"[..], None, Some(3))
        );
        assert!(row(&mut rest).unwrap().is_none() && rest.is_empty());
        for cut in 20..bytes.len() - 2 {
            let mut rest = without_header(&bytes[..cut]).unwrap();
            assert!(row(&mut rest).is_none(), "a row cut at {cut}");
        }
    }
}
