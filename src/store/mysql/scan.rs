//! Passes over all rows: on a connection of its own, in ascending order of ids, in stretches of so
//! many rows that a lost connection costs little and the server need not keep old versions of rows
//! for long.

use std::ops::ControlFlow;
use std::sync::Arc;

use mysql_async::prelude::Queryable;
use mysql_async::{Error, Row};
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::reason::{self, Kind};
use super::session::{Purpose, Session};
use super::text;
use crate::store::{Cancel, RowRef, RowVisitor, StoreError, retry, runtime};

const OPERATION: &str = "reading all specs";
/// Rows between two reports of progress.
const REPORT: u64 = 2_000;
/// Rows of one stretch.
const STRETCH: u64 = 20_000;

/// Pass all rows to the visitor; gives their number.
pub(super) async fn scan(
    session: &Arc<Session>,
    visitor: Arc<dyn RowVisitor>,
    cancel: Cancel,
) -> Result<u64, StoreError> {
    let running = Arc::clone(session);
    let passed = runtime::run(async move {
        let mut pass =
            Pass { session: running, visitor, cancel, link: None, rows: 0, unreported: 0, last: None };
        pass.run().await
    })
    .await;
    passed.unwrap_or_else(|_| Err(session.subject.failed(OPERATION, "its task ended; see the log")))
}

struct Pass {
    session: Arc<Session>,
    visitor: Arc<dyn RowVisitor>,
    cancel: Cancel,
    link: Option<Link>,
    rows: u64,
    unreported: u64,
    /// The id of the last row that was passed.
    last: Option<i64>,
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
    async fn run(&mut self) -> Result<u64, StoreError> {
        let mut losses = 0;
        while !self.cancel.is_cancelled() {
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
                Err(Stopped::For(error)) => return Err(error),
            }
        }
        if self.unreported > 0 {
            self.visitor.progress(self.unreported);
        }
        Ok(self.rows)
    }

    async fn stretch(&mut self) -> Result<End, Stopped> {
        let session = Arc::clone(&self.session);
        let answer = session.timeouts.answer;
        let mut link = match self.link.take() {
            Some(link) => link,
            None => session.connect(Purpose::Lasting, session.timeouts.connect).await.map_err(|closed| {
                let error = session.closed(&closed);
                if closed.is_passing() { Stopped::Lost(error) } else { Stopped::For(error) }
            })?,
        };
        let condition = self.last.map_or_else(String::new, |last| format!("WHERE id > {last}"));
        let sql = format!(
            "SELECT {} FROM request_specs {condition} ORDER BY id LIMIT {STRETCH} {}",
            text::COLUMNS,
            session.mark(),
        );
        // The connection is busy until all rows were read: dropped before, it is closed at once,
        // which ends the query on the server with the next rows that it sends.
        link.busy = true;
        let failed = |error: &Error| {
            let described = session.subject.describe(OPERATION, error);
            if reason::kind(error) == Kind::Lost { Stopped::Lost(described) } else { Stopped::For(described) }
        };
        let silent = || Stopped::For(session.subject.no_answer(OPERATION, answer));
        let id = link.id();
        let mut ending = Ending { session: Arc::clone(&session), id, first_row_is_due: true };
        let conn = link.conn().map_err(|error| failed(&error))?;
        let mut result = timeout(answer, conn.query_iter(sql))
            .await
            .map_err(|_| silent())?
            .map_err(|error| failed(&error))?;
        let mut taken = 0;
        loop {
            let row = timeout(answer, result.next()).await.map_err(|_| silent())?;
            ending.first_row_is_due = false;
            let Some(row) = row.map_err(|error| failed(&error))? else { break };
            if self.cancel.is_cancelled() || self.visit(row).is_break() {
                return Ok(End::Over);
            }
            taken += 1;
        }
        drop(result);
        link.busy = false;
        self.link = Some(link);
        Ok(if taken < STRETCH { End::Over } else { End::Full })
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
        flow
    }
}

/// Why a stretch was not passed to its end.
enum Stopped {
    /// The connection was lost: from the last row on, another one may do.
    Lost(StoreError),
    For(StoreError),
}

/// Ends the query on the server where the pass is dropped before the first row came: one that
/// sends rows notices by itself that nobody takes them.
struct Ending {
    session: Arc<Session>,
    id: u32,
    first_row_is_due: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.first_row_is_due {
            self.session.end(self.id);
        }
    }
}
