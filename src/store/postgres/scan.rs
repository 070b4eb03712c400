//! A pass over all rows: one `COPY … TO STDOUT` in the binary format, on a connection of its own,
//! taken apart as it arrives. Imports `connect` and `pool`.
//!
//! The rows come by the index on id, not sorted first: so the first ones come at once and the
//! server needs no room for them all.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::join;
use tokio::time::{sleep, timeout};
use tokio_postgres::CopyOutStream;

use super::connect::{Conn, Role};
use super::pool::Link;
use super::time;
use super::trouble::Trouble;
use crate::store::retry::PAUSES;
use crate::store::{Cancel, RowRef, RowVisitor, StoreError};

const OPERATION: &str = "reading all specs";
/// Rows between two reports of progress; then others get the thread, too.
const REPORT: u64 = 2_000;
const COPY: &str = "COPY (SELECT id::int8, instance_uuid::text, spec::text, \
                    created_at::timestamp, updated_at::timestamp FROM request_specs ORDER BY request_specs.id) \
                    TO STDOUT (FORMAT binary)";
/// What the binary format begins with, before its flags and the length of what extends it.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// What ends a pass before its end.
#[derive(Clone, Default)]
pub(super) struct Ends {
    /// The caller's own wish.
    pub cancel: Cancel,
    /// Nobody waits any more. Rows that have arrived keep the task from noticing by itself.
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

/// Pass all rows to the visitor; gives their number.
pub(super) async fn scan(link: &Link, visitor: &dyn RowVisitor, ends: &Ends) -> Result<u64, StoreError> {
    if ends.are_near() {
        return Ok(0);
    }
    let answer = begin(link).await;
    let (conn, rows) = answer.map_err(|trouble| link.error(trouble, OPERATION))?;
    // Whatever ends this, the connection goes with it.
    let conn = Own(Some(conn));
    let Own(Some(in_use)) = &conn else { return Ok(0) };
    pass(in_use, Box::pin(rows), link.timeouts.answer, visitor, ends)
        .await
        .map_err(|trouble| link.error(trouble, OPERATION))
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

/// Until the first row, a lost connection is made anew.
async fn begin(link: &Link) -> Result<(Conn, CopyOutStream), Trouble> {
    let within = link.timeouts.answer;
    let mut pauses = PAUSES.iter();
    loop {
        let trouble = match timeout(within, begin_once(link)).await {
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

async fn begin_once(link: &Link) -> Result<(Conn, CopyOutStream), Trouble> {
    let (conn, _) = link.target.connect(Role::Scan, "").await?;
    let mut conn = Own(Some(conn));
    let Own(Some(in_use)) = &conn else { return Err(Trouble::silent(Duration::ZERO)) };
    let setup = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off";
    let (begun, prepared) = join(in_use.begin("", setup), in_use.client.prepare(COPY)).await;
    begun?;
    let statement = prepared.map_err(|error| in_use.trouble(&error))?;
    let rows = in_use.client.copy_out(&statement).await.map_err(|error| in_use.trouble(&error))?;
    match conn.0.take() {
        Some(conn) => Ok((conn, rows)),
        None => Err(Trouble::silent(Duration::ZERO)),
    }
}

/// The next piece; waits no longer than that.
async fn next(
    rows: &mut Pin<Box<CopyOutStream>>,
    within: Duration,
) -> Result<Option<Result<Bytes, tokio_postgres::Error>>, Trouble> {
    // Most pieces are there already, and a timer for each would cost more than taking it.
    let ready = poll_fn(|context| {
        Poll::Ready(match rows.as_mut().poll_next(context) {
            Poll::Ready(piece) => Some(piece),
            Poll::Pending => None,
        })
    });
    match ready.await {
        Some(piece) => Ok(piece),
        None => timeout(within, poll_fn(|context| rows.as_mut().poll_next(context)))
            .await
            .map_err(|_| Trouble::silent(within)),
    }
}

async fn pass(
    conn: &Conn,
    mut rows: Pin<Box<CopyOutStream>>,
    within: Duration,
    visitor: &dyn RowVisitor,
    ends: &Ends,
) -> Result<u64, Trouble> {
    let (mut passed, mut unreported) = (0, 0);
    let (mut created, mut updated) = (String::with_capacity(32), String::with_capacity(32));
    let mut is_first = true;
    while let Some(piece) = next(&mut rows, within).await? {
        if ends.are_near() {
            break;
        }
        let piece = piece.map_err(|error| conn.trouble(&error))?;
        let mut rest = &piece[..];
        if is_first {
            is_first = false;
            rest = without_header(rest).ok_or_else(unreadable)?;
        }
        // A message holds one row; the header and the end come with one or alone.
        let mut ended = false;
        while !rest.is_empty() && !ended {
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
            unreported += 1;
            let row =
                RowRef { id: fields.id, instance_uuid: &uuid, spec: fields.spec, created: &created, updated };
            ended = visitor.visit(row) == ControlFlow::Break(());
        }
        if ended {
            break;
        }
        if unreported >= REPORT {
            visitor.progress(unreported);
            passed += unreported;
            unreported = 0;
            tokio::task::yield_now().await;
        }
    }
    if unreported > 0 {
        visitor.progress(unreported);
    }
    Ok(passed + unreported)
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
