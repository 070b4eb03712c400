//! Passes over all rows: in two halves side by side, each on a connection of its own and in ascending
//! order of ids, in stretches of so many rows that a lost connection costs little and the server need not
//! keep old versions of rows for long.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use mysql_async::prelude::Queryable;
use mysql_async::{Error, Row};
use tokio::time::sleep;

use super::conditions;
use super::link::Link;
use super::reason::{self, Kind};
use super::session::{self, Closed, Lane, Purpose, Session};
use super::text;
use crate::query::prefilter::Prefilter;
use crate::store::conditions::{Ranges, spellings};
use crate::store::waiting::{Waited, wait};
use crate::store::{Cancel, RowRef, RowVisitor, StoreError, retry, runtime};

const OPERATION: &str = "reading all specs";
/// Rows between two reports of progress.
const REPORT: u64 = 2_000;
/// Rows of one stretch that is no range of ids.
const STRETCH: u64 = 20_000;
/// The columns of a row. Times come as text without being made one.
const COLUMNS: &str = "id, instance_uuid, spec, created_at, updated_at";
/// The texts come as they are stored, where that is UTF-8 or bytes: turning each into UTF-8 again takes the
/// server a quarter of the time of a pass.
const AS_STORED: &str = "SET character_set_results = (SELECT IF(\
     CHARSET(instance_uuid) IN ('utf8mb4', 'utf8mb3', 'utf8', 'binary') AND \
     CHARSET(spec) IN ('utf8mb4', 'utf8mb3', 'utf8', 'binary'), NULL, 'utf8mb4') FROM request_specs LIMIT 1)";

/// Pass the rows that may fulfil the conditions to the visitor; gives their number.
pub(super) async fn scan(
    session: &Arc<Session>,
    prefilter: Prefilter,
    visitor: Arc<dyn RowVisitor>,
    cancel: Cancel,
) -> Result<u64, StoreError> {
    let mut pass = Pass {
        session: Arc::clone(session),
        visitor,
        cancel,
        ended: Cancel::default(),
        link: None,
        rows: 0,
        unreported: 0,
        last: None,
        conditions: Vec::new(),
        bytes: Vec::new(),
        ranges: None,
    };
    // What is asked beforehand has its own time.
    let (cancel, preparing) = (pass.cancel.clone(), pass.prepare(&prefilter));
    match wait(preparing, Duration::MAX, || cancel.is_cancelled()).await {
        Waited::For(prepared) => prepared?,
        Waited::Unwanted | Waited::Silent => return Ok(0),
    }
    let lost = || session.subject.failed(OPERATION, "its task ended; see the log");
    let on_threads = |mut pass: Pass| runtime::run(async move { pass.run().await });
    match pass.later_half() {
        None => on_threads(pass).await.unwrap_or_else(|_| Err(lost())),
        // Two threads of the server look at rows, or make packets of them, in little more than half the time.
        Some(later) => {
            let (one, other) = join(on_threads(pass), on_threads(later)).await;
            let (one, other) = (one.unwrap_or_else(|_| Err(lost())), other.unwrap_or_else(|_| Err(lost())));
            Ok(one? + other?)
        }
    }
}

struct Pass {
    session: Arc<Session>,
    visitor: Arc<dyn RowVisitor>,
    cancel: Cancel,
    /// The visitor wants no more, or a part of the pass failed.
    ended: Cancel,
    link: Option<Link>,
    rows: u64,
    unreported: u64,
    /// The id of the last row that was passed.
    last: Option<i64>,
    /// What rows must fulfil besides.
    conditions: Vec<String>,
    /// Those on the bytes of texts, which are dropped where they leave out too little.
    bytes: Vec<String>,
    /// The ids of each stretch; None where an index serves the few rows that are wanted.
    ranges: Option<Ranges>,
}

/// How a stretch ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// There may be more rows.
    Full,
    /// There are no more, or no more are wanted.
    Over,
}

impl Pass {
    async fn prepare(&mut self, prefilter: &Prefilter) -> Result<(), StoreError> {
        if self.cancel.is_cancelled() {
            return Ok(());
        }
        self.conditions = conditions::of(&self.session, prefilter).await?;
        self.bytes = prefilter.bytes.iter().map(|bytes| conditions::contains(bytes)).collect();
        let (least, greatest) = prefilter.ids.unwrap_or((i64::MIN, i64::MAX));
        if spellings(&prefilter.uuids).is_none() {
            let sql = "SELECT MIN(id), MAX(id) FROM request_specs".to_owned();
            let mut rows = self.session.ask(OPERATION, Lane::Page, sql, 1).await?;
            let ends = rows.first_mut().and_then(|row| {
                let first: i64 = text::take_text(row, 0)?.parse().ok()?;
                let last: i64 = text::take_text(row, 1)?.parse().ok()?;
                Some((first, last))
            });
            let (first, last) = ends.unwrap_or((1, 0));
            self.ranges = Some(Ranges::new(first.max(least), last.min(greatest)));
        } else if prefilter.ids.is_some() {
            self.conditions.push(format!("id BETWEEN {least} AND {greatest}"));
        }
        Ok(())
    }

    /// The part of the pass that can go side by side with this one.
    fn later_half(&mut self) -> Option<Pass> {
        let ranges = self.ranges.as_mut()?.halve()?;
        Some(Pass {
            session: Arc::clone(&self.session),
            visitor: Arc::clone(&self.visitor),
            cancel: self.cancel.clone(),
            ended: self.ended.clone(),
            link: None,
            rows: 0,
            unreported: 0,
            last: None,
            conditions: self.conditions.clone(),
            bytes: self.bytes.clone(),
            ranges: Some(ranges),
        })
    }

    async fn run(&mut self) -> Result<u64, StoreError> {
        let result = self.stretches().await;
        if result.is_err() {
            self.ended.cancel();
        }
        if self.unreported > 0 {
            self.visitor.progress(self.unreported);
        }
        result.map(|()| self.rows)
    }

    /// Whether the server may look at many rows without sending one.
    fn is_silent(&self) -> bool {
        self.ranges.is_some() && !(self.conditions.is_empty() && self.bytes.is_empty())
    }

    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.ended.is_cancelled()
    }

    async fn stretches(&mut self) -> Result<(), StoreError> {
        let mut losses = 0;
        while !self.is_over() {
            let before = self.rows;
            match self.stretch().await {
                Ok(End::Full) => {}
                Ok(End::Over) => break,
                Err(Stopped::Lost(error)) => {
                    // Whoever gets on may be interrupted again and again.
                    losses = if self.rows > before { 1 } else { losses + 1 };
                    let Some(pause) = retry::PAUSES.get(losses - 1) else { return Err(error) };
                    self.link = None;
                    sleep(*pause).await;
                }
                // The range may hold too many rows, or the server be gone: a new connection will tell.
                Err(Stopped::Silent(error)) => {
                    if !(self.is_silent() && self.ranges.as_mut().is_some_and(Ranges::narrow)) {
                        return Err(error);
                    }
                }
                Err(Stopped::For(error)) => return Err(error),
            }
        }
        Ok(())
    }

    async fn stretch(&mut self) -> Result<End, Stopped> {
        let session = Arc::clone(&self.session);
        let answer = session.timeouts.answer;
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect().await?,
        };
        let mut conditions = self.conditions.clone();
        conditions.extend(self.bytes.iter().cloned());
        conditions.extend(self.last.map(|last| format!("id > {last}")));
        let limit = match &self.ranges {
            Some(ranges) => {
                let Some((first, last)) = ranges.current() else { return Ok(End::Over) };
                conditions.push(format!("id BETWEEN {first} AND {last}"));
                String::new()
            }
            None => format!("LIMIT {STRETCH}"),
        };
        let condition = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        let sql = format!(
            "SELECT {COLUMNS} FROM request_specs WHERE {condition} ORDER BY id {limit} {}",
            session.mark(),
        );
        let began = Instant::now();
        // The connection is busy until all rows were read: dropped before, it is closed at once,
        // which ends the query on the server with the next rows that it sends.
        link.busy = true;
        let failed = |error: &Error| {
            let described = session.subject.describe(OPERATION, error);
            if reason::kind(error) == Kind::Lost { Stopped::Lost(described) } else { Stopped::For(described) }
        };
        let silent = || Stopped::Silent(session.subject.no_answer(OPERATION, answer));
        let (cancel, ended) = (self.cancel.clone(), self.ended.clone());
        let is_unwanted = || cancel.is_cancelled() || ended.is_cancelled();
        let id = link.id();
        let mut ending = Ending { session: Arc::clone(&session), id, row_is_due: true };
        let conn = link.conn().map_err(|error| failed(&error))?;
        let mut result = match wait(conn.query_iter(sql), answer, is_unwanted).await {
            Waited::For(result) => result.map_err(|error| failed(&error))?,
            Waited::Unwanted => return Ok(End::Over),
            Waited::Silent => return Err(silent()),
        };
        let mut taken = 0;
        loop {
            let row = match wait(result.next(), answer, is_unwanted).await {
                Waited::For(row) => row.map_err(|error| failed(&error))?,
                Waited::Unwanted => return Ok(End::Over),
                Waited::Silent => return Err(silent()),
            };
            ending.row_is_due = self.is_silent();
            let Some(row) = row else { break };
            if self.is_over() {
                return Ok(End::Over);
            }
            if self.visit(row).is_break() {
                self.ended.cancel();
                return Ok(End::Over);
            }
            taken += 1;
        }
        ending.row_is_due = false;
        drop(result);
        link.busy = false;
        self.link = Some(link);
        if let Some(ranges) = &mut self.ranges {
            let ids = ranges.current().map_or(0, |(first, last)| last.abs_diff(first).saturating_add(1));
            ranges.done(began.elapsed());
            // Sending what is near takes little longer than looking at it twice.
            if taken >= ids / 2 && !session.round_trip.is_far() {
                self.bytes.clear();
            }
            return Ok(End::Full);
        }
        Ok(if taken < STRETCH { End::Over } else { End::Full })
    }

    async fn connect(&self) -> Result<Link, Stopped> {
        let session = &self.session;
        let closed = |closed: Closed| {
            let error = session.closed(&closed);
            if closed.is_passing() { Stopped::Lost(error) } else { Stopped::For(error) }
        };
        let mut link = session.connect(Purpose::Lasting, session.timeouts.connect).await.map_err(closed)?;
        if !session.round_trip.is_far() {
            let answer = session.timeouts.answer;
            // What cannot be set stays as it was; what was lost shows with the rows.
            match wait(session::answers(&mut link, AS_STORED), answer, || self.is_over()).await {
                Waited::For(_) | Waited::Unwanted => {}
                Waited::Silent => return Err(Stopped::Silent(session.subject.no_answer(OPERATION, answer))),
            }
        }
        Ok(link)
    }

    /// One row: the bytes that the driver read, moved out of the row and lent to the visitor.
    fn visit(&mut self, mut row: Row) -> ControlFlow<()> {
        let id = text::take_number(&mut row, 0);
        let uuid = text::take(&mut row, 1).unwrap_or_default();
        let spec = text::take(&mut row, 2).unwrap_or_default();
        let created = text::take(&mut row, 3);
        let updated = text::take(&mut row, 4);
        let created = created.as_deref().unwrap_or_default();
        let updated = updated.as_deref().unwrap_or(created);
        self.rows += 1;
        self.unreported += 1;
        self.last = Some(id);
        let flow = self.visitor.visit(RowRef {
            id,
            instance_uuid: &String::from_utf8_lossy(&uuid),
            spec: &spec,
            created: &String::from_utf8_lossy(created),
            updated: &String::from_utf8_lossy(updated),
        });
        if self.unreported >= REPORT {
            self.visitor.progress(self.unreported);
            self.unreported = 0;
        }
        flow?;
        // The server sends no more than its buffers hold meanwhile, and keeps no writer waiting.
        self.visitor.pause()
    }
}

/// Why a stretch was not passed to its end.
enum Stopped {
    /// The connection was lost: from the last row on, another one may do.
    Lost(StoreError),
    /// The server said nothing for so long.
    Silent(StoreError),
    For(StoreError),
}

/// Ends the query on the server where the pass is dropped while the server may be looking for the next
/// row: one that sends rows notices by itself that nobody takes them.
struct Ending {
    session: Arc<Session>,
    id: u32,
    row_is_due: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.row_is_due {
            self.session.end(self.id);
        }
    }
}
