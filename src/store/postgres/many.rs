//! Several changes in one transaction, and several rows that are held: three flights, whatever their number.
//!
//! The rows are locked in the order of their ids, as every batch does, and compared here. What is left is
//! one statement for each kind of change, its texts in an array; each statement compares what it stored with
//! what it was given. Imports `write`, whose attempts these are.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join;
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use super::connect::{Conn, Role};
use super::pool::{Link, Parameter, Query};
use super::read::{COLUMNS, field, stored_spec};
use super::time;
use super::trouble::Trouble;
use super::write::{End, OWN, SAFELY, Step, Work, may_write, refused, taken, try_until_decided};
use crate::spec::text::named;
use crate::store::batch::{self, Answers};
use crate::store::{Hold, NewSpec, RowChange, StoreError, StoredSpec};

const UPDATE: &str = "WITH changed AS (UPDATE request_specs SET spec = new.spec, updated_at = $3 \
     FROM unnest($1::int8[], $2::text[]) AS new (id, spec) WHERE request_specs.id = new.id \
     RETURNING request_specs.spec::text COLLATE \"C\" = new.spec AS is_it) \
     SELECT count(*) FROM changed WHERE is_it";
const INSERT: &str = "WITH new AS (SELECT * FROM unnest($1::timestamp[], $2::timestamp[], $3::text[], $4::text[]) \
     AS new (created_at, updated_at, instance_uuid, spec)), \
     made AS (INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) \
     SELECT created_at, updated_at, instance_uuid, spec FROM new RETURNING instance_uuid::text, spec::text) \
     SELECT count(*) FROM made JOIN new ON made.instance_uuid COLLATE \"C\" = new.instance_uuid \
     WHERE made.spec COLLATE \"C\" = new.spec";
const DELETE: &str = "WITH gone AS (DELETE FROM request_specs WHERE id = ANY ($1) RETURNING 1) \
     SELECT count(*) FROM gone";

type Rows = HashMap<Arc<str>, StoredSpec>;

struct Changes {
    changes: Vec<RowChange>,
    /// What cannot be stored, in the places of the changes.
    misfits: Vec<Option<StoreError>>,
}

/// Several changes: those that are refused answer in their places, the others are committed together.
pub(super) async fn change(link: &Link, changes: Vec<RowChange>) -> Result<Answers, StoreError> {
    let operation = batch::writing(changes.len());
    may_write(link, &operation)?;
    batch::check_distinct(&link.database, &operation, changes.iter().map(RowChange::instance_uuid))?;
    let misfits = changes.iter().map(|change| misfit(link, change)).collect();
    try_until_decided(link, &Changes { changes, misfits }).await
}

/// What PostgreSQL cannot store.
fn misfit(link: &Link, change: &RowChange) -> Option<StoreError> {
    let failed = |reason: String| {
        Some(link.failed(&format!("writing the spec of {}", named(change.instance_uuid())), reason))
    };
    let (text, times) = match change {
        RowChange::Create(new) => {
            (&new.spec, [("created_at", &new.created_at), ("updated_at", &new.updated_at)])
        }
        RowChange::Save { after, .. } => (after, [("", &None), ("", &None)]),
        RowChange::Destroy { .. } => return None,
    };
    if text.contains('\0') || change.instance_uuid().contains('\0') {
        return failed(
            "the text holds U+0000, which PostgreSQL cannot store; nothing was written".to_owned(),
        );
    }
    times.into_iter().find_map(|(column, text)| match text {
        Some(text) if time::parse(text).is_none() => {
            failed(format!("{column} is to be {text:?}, which is no time; nothing was written"))
        }
        _ => None,
    })
}

impl Work for Changes {
    type Locked = Rows;
    type Answer = Answers;

    fn operation(&self) -> String {
        batch::writing(self.changes.len())
    }

    async fn lock(&self, conn: &Conn) -> Result<Rows, Trouble> {
        lock(conn, self.changes.iter().map(RowChange::instance_uuid)).await
    }

    async fn apply(&self, link: &Link, conn: &Conn, mut rows: Rows) -> Result<Step<Answers>, Trouble> {
        let operation = self.operation();
        let mut answers = Vec::with_capacity(self.changes.len());
        let mut todo = Todo::default();
        for (change, misfit) in self.changes.iter().zip(&self.misfits) {
            let current = rows.get(change.instance_uuid()).map(|row| (row.id, &*row.spec));
            answers.push(match (misfit, batch::judge(change, current)) {
                (_, None) => Err(batch::refusal(&link.database, change, rows.remove(change.instance_uuid()))),
                (Some(error), Some(_)) => Err(error.clone()),
                (None, Some(step)) => {
                    todo.push(step, change);
                    Ok(())
                }
            });
        }
        let queries = todo.queries();
        if queries.is_empty() {
            return Ok(Step::Stop(End::Done(answers)));
        }
        let own = Query::new(OWN, Vec::new());
        let asked = join_all(queries.iter().map(|(_, query)| query.ask(conn)));
        let (changed, own) = join(asked, own.ask(conn)).await;
        for (rows, (meant, _)) in changed.into_iter().zip(&queries) {
            let rows = match rows {
                Ok(rows) => rows,
                Err(trouble) if trouble.is_contention() => {
                    return Ok(Step::Stop(End::Again(trouble.words())));
                }
                Err(Trouble::Server(refusal)) if refusal.code == SqlState::UNIQUE_VIOLATION => {
                    return Ok(Step::Stop(taken(link, &refusal.message, &operation)));
                }
                Err(trouble) if trouble.code().is_some() => {
                    return Ok(Step::Stop(End::Not(refused(link, trouble, &operation))));
                }
                Err(trouble) => return Err(trouble),
            };
            let count = rows.first().map(|row| field::<i64>(row, 0)).transpose()?.unwrap_or_default();
            if count != i64::try_from(*meant).unwrap_or(i64::MAX) {
                let reason = format!(
                    "the server did exactly what was asked to {count} of {meant} rows (a rule, a trigger or a policy of \
                     the table may be the reason); nothing was written"
                );
                return Ok(Step::Stop(End::Not(link.failed(&operation, reason))));
            }
        }
        let transaction = own?.first().map(|row| field::<String>(row, 0)).transpose()?.unwrap_or_default();
        Ok(Step::Commit { answer: answers, transaction })
    }

    async fn fate(
        &self,
        link: &Link,
        _transaction: &str,
        _answer: Answers,
        reason: String,
    ) -> Result<Answers, StoreError> {
        // Whoever asked looks at each row.
        link.clear();
        Err(StoreError::Uncertain { database: link.database.clone(), operation: self.operation(), reason })
    }
}

/// Begin, and lock the rows of these instances, by id: one flight.
async fn lock<'a>(conn: &Conn, instance_uuids: impl Iterator<Item = &'a Arc<str>>) -> Result<Rows, Trouble> {
    let texts: Vec<String> =
        instance_uuids.filter(|uuid| !uuid.contains('\0')).map(|uuid| uuid.to_string()).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM request_specs WHERE instance_uuid = ANY ($1) \
         AND instance_uuid COLLATE \"C\" = ANY ($1) ORDER BY request_specs.id FOR UPDATE"
    );
    let query = Query::new(sql, vec![Parameter::Texts(texts)]);
    let (begun, rows) = join(conn.begin("ISOLATION LEVEL READ COMMITTED", SAFELY), query.ask(conn)).await;
    begun?;
    let rows = rows?;
    rows.iter().map(|row| stored_spec(row).map(|row| (Arc::clone(&row.instance_uuid), row))).collect()
}

/// What is left to be written, each row once.
#[derive(Default)]
struct Todo<'a> {
    updates: Vec<(i64, &'a str)>,
    inserts: Vec<&'a NewSpec>,
    deletes: Vec<i64>,
}

impl<'a> Todo<'a> {
    fn push(&mut self, step: batch::Step, change: &'a RowChange) {
        match (step, change) {
            (batch::Step::Insert, RowChange::Create(new)) => self.inserts.push(new),
            (batch::Step::Update(id), RowChange::Save { after, .. }) => self.updates.push((id, after)),
            (batch::Step::Delete(id), _) => self.deletes.push(id),
            _ => {}
        }
    }

    /// The statements, each with the number of rows that it must have changed.
    fn queries(self) -> Vec<(usize, Query)> {
        let mut queries = Vec::new();
        if !self.deletes.is_empty() {
            queries.push((self.deletes.len(), Query::new(DELETE, vec![Parameter::Ints(self.deletes)])));
        }
        if !self.updates.is_empty() {
            let (ids, texts) = self.updates.iter().map(|(id, text)| (*id, (*text).to_owned())).unzip();
            let parameters =
                vec![Parameter::Ints(ids), Parameter::Texts(texts), Parameter::Time(Some(time::now()))];
            queries.push((self.updates.len(), Query::new(UPDATE, parameters)));
        }
        if !self.inserts.is_empty() {
            let now = time::now();
            let times = |time: fn(&NewSpec) -> &Option<Arc<str>>, default: Option<i64>| {
                let stamp = |new: &&NewSpec| time(new).as_deref().map_or(default, time::parse);
                Parameter::Times(self.inserts.iter().map(stamp).collect())
            };
            let texts = |text: fn(&NewSpec) -> &Arc<str>| {
                Parameter::Texts(self.inserts.iter().map(|new| text(new).to_string()).collect())
            };
            let parameters = vec![
                times(|new| &new.created_at, Some(now)),
                times(|new| &new.updated_at, None),
                texts(|new| &new.instance_uuid),
                texts(|new| &new.spec),
            ];
            queries.push((self.inserts.len(), Query::new(INSERT, parameters)));
        }
        queries
    }
}

/// Keep rows as they are, on a connection of their own, until the hold is dropped.
pub(super) async fn hold(link: &Link, rows: &[(Arc<str>, Arc<[u8]>)]) -> Result<(Hold, Answers), StoreError> {
    let operation = batch::holding(rows.len());
    may_write(link, &operation)?;
    batch::check_distinct(&link.database, &operation, rows.iter().map(|(instance_uuid, _)| instance_uuid))?;
    let within = link.timeouts.answer;
    let begun = timeout(within, async {
        let (conn, _) = link.target.connect(Role::Hold, "").await?;
        let found = lock(&conn, rows.iter().map(|(instance_uuid, _)| instance_uuid)).await?;
        Ok((conn, found))
    });
    let begun = begun.await.unwrap_or_else(|_| Err(Trouble::silent(within)));
    let (conn, found) = begun.map_err(|trouble| refused(link, trouble, &operation))?;
    // Dropping it says goodbye, and the server rolls back what was begun.
    Ok((Hold::new(conn), batch::compare(&link.database, rows, found)))
}
