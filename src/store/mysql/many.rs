//! Several changes in one transaction, and several rows that are held: few round trips, whatever their
//! number.
//!
//! - Instances are looked up first, without locks, and their rows then locked by id: in one order in every
//!   session, and nothing beside them, as a search under the column's collation would.
//! - Texts are bound to prepared statements of many rows each. What the rows hold afterwards is compared by
//!   their digests, which the server makes of what it stored.
//! - No statement is larger than the server takes, nor than [`CHUNK_BYTES`].
//!
//! Imports `write`, whose attempts these are.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use mysql_async::{Error, Row, Value};
use sha2::{Digest, Sha256};

use super::limits::{self, Column};
use super::link::Link;
use super::reason;
use super::session::{self, Session};
use super::text::{self, COLUMNS};
use super::write::{DUPLICATE, FLUSHED, Failure, Stage, Work, bytes, execute, exists, now};
use crate::spec::text::named;
use crate::store::batch::{self, Answers, Step};
use crate::store::{NewSpec, RowChange, StoreError, StoredSpec};

/// Rows of one statement that writes texts: finding the text of a row among them takes time, too.
const CHUNK: usize = 100;
/// Instances or ids of one statement that only names them: MariaDB plans longer lists in another way.
const NAMED: usize = 900;
/// Bytes of texts in one statement.
const CHUNK_BYTES: usize = 4 << 20;
/// Room in a packet for what goes with a text.
const AROUND: usize = 1_024;
/// What a row holds, in the encoding in which texts are sent.
const DIGEST: &str = "SHA2(CONVERT(spec USING utf8mb4), 256)";

/// Changes of several rows.
pub(super) struct Changes(Vec<RowChange>);

/// Rows to be held.
pub(super) struct Holds(Vec<(Arc<str>, Arc<[u8]>)>);

impl Changes {
    /// These, if they are of different instances.
    pub fn new(session: &Session, changes: &[RowChange]) -> Result<Self, StoreError> {
        let instance_uuids = changes.iter().map(RowChange::instance_uuid);
        let operation = batch::writing(changes.len());
        batch::check_distinct(&session.subject.database, &operation, instance_uuids)?;
        Ok(Self(changes.to_vec()))
    }
}

impl Holds {
    /// These, if they are of different instances.
    pub fn new(session: &Session, rows: &[(Arc<str>, Arc<[u8]>)]) -> Result<Self, StoreError> {
        let instance_uuids = rows.iter().map(|(instance_uuid, _)| instance_uuid);
        let operation = batch::holding(rows.len());
        batch::check_distinct(&session.subject.database, &operation, instance_uuids)?;
        Ok(Self(rows.to_vec()))
    }
}

impl Work for Holds {
    type Answer = Answers;

    fn operation(&self) -> String {
        batch::holding(self.0.len())
    }

    async fn transact(
        &self,
        session: &Session,
        link: &mut Link,
        _column: &mut Option<Column>,
        stage: &mut Stage,
    ) -> Result<Answers, Failure> {
        *stage = Stage::Begun;
        let instance_uuids: Vec<&Arc<str>> = self.0.iter().map(|(instance_uuid, _)| instance_uuid).collect();
        let rows = lock(link, &instance_uuids).await?;
        // A move deletes the other copies next: these must outlive the server's death.
        session::answers(link, FLUSHED).await?;
        // The transaction stays open.
        Ok(batch::compare(&session.subject.database, &self.0, rows))
    }

    async fn look(&self, session: &Arc<Session>, reason: &str) -> Result<Answers, StoreError> {
        // It never commits.
        Err(session.subject.unavailable(format!("{reason}; nothing is held")))
    }
}

impl Work for Changes {
    type Answer = Answers;

    fn operation(&self) -> String {
        batch::writing(self.0.len())
    }

    async fn transact(
        &self,
        session: &Session,
        link: &mut Link,
        column: &mut Option<Column>,
        stage: &mut Stage,
    ) -> Result<Answers, Failure> {
        let operation = self.operation();
        let mut answers = self.fitting(session, link, column).await?;
        *stage = Stage::Begun;
        let instance_uuids: Vec<&Arc<str>> = self
            .0
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_ok())
            .map(|(c, _)| c.instance_uuid())
            .collect();
        let mut rows = lock(link, &instance_uuids).await?;
        let mut todo = Todo::default();
        for (index, change) in self.0.iter().enumerate() {
            if answers[index].is_err() {
                continue;
            }
            let current = rows.get(change.instance_uuid()).map(|row| (row.id, &*row.spec));
            match (batch::judge(change, current), change) {
                (Some(Step::Insert), RowChange::Create(new)) => todo.inserts.push((index, new)),
                (Some(Step::Update(id)), RowChange::Save { after, .. }) => todo.updates.push((id, after)),
                (Some(Step::Delete(id)), _) => todo.deletes.push(id),
                (Some(_), _) => {}
                (None, _) => {
                    let current = rows.remove(change.instance_uuid());
                    answers[index] = Err(batch::refusal(&session.subject.database, change, current));
                }
            }
        }
        let stamp = now(session, &operation)?;
        let failed = |reason: String| Failure::from(session.subject.failed(&operation, reason));
        todo.update(link, &stamp, &failed).await?;
        for (index, error) in todo.insert(session, link, &stamp, &failed).await? {
            answers[index] = Err(error);
        }
        todo.delete(link, &failed).await?;
        if todo.is_empty() {
            session::answers(link, "ROLLBACK").await?;
            return Ok(answers);
        }
        todo.check(link, &failed).await?;
        *stage = Stage::Committing;
        session::answers(link, "COMMIT").await?;
        Ok(answers)
    }

    async fn look(&self, session: &Arc<Session>, reason: &str) -> Result<Answers, StoreError> {
        Err(session.subject.uncertain(&self.operation(), reason.to_owned()))
    }
}

impl Changes {
    /// Which texts fit the column.
    async fn fitting(
        &self,
        session: &Session,
        link: &mut Link,
        column: &mut Option<Column>,
    ) -> Result<Answers, Failure> {
        let text = |change: &RowChange| match change {
            RowChange::Create(new) => Some(Arc::clone(&new.spec)),
            RowChange::Save { after, .. } => Some(Arc::clone(after)),
            RowChange::Destroy { .. } => None,
        };
        if column.is_none() && !self.0.iter().filter_map(text).all(|text| limits::fits_any(&text)) {
            *column = Column::ask(link).await?;
        }
        let fits = |change: &RowChange| match text(change)
            .and_then(|text| limits::misfit(&text, column.as_ref(), link.max_packet))
        {
            Some(reason) => {
                let operation = format!("writing the spec of {}", named(change.instance_uuid()));
                Err(session.subject.failed(&operation, reason))
            }
            None => Ok(()),
        };
        Ok(self.0.iter().map(fits).collect())
    }
}

/// Begin, and lock the rows of these instances, by id.
async fn lock(link: &mut Link, instance_uuids: &[&Arc<str>]) -> Result<HashMap<Arc<str>, StoredSpec>, Error> {
    let mut sql = "START TRANSACTION READ WRITE".to_owned();
    for chunk in instance_uuids.chunks(NAMED) {
        let literals: Vec<String> = chunk.iter().map(|uuid| text::literal(uuid)).collect();
        sql.push_str(&format!(
            "; SELECT id, instance_uuid FROM request_specs WHERE instance_uuid IN ({})",
            literals.join(", ")
        ));
    }
    let wanted: std::collections::HashSet<&str> = instance_uuids.iter().map(|uuid| &***uuid).collect();
    let mut ids: Vec<i64> = session::answers(link, &sql)
        .await?
        .into_iter()
        .flatten()
        .filter_map(|mut row| {
            let id = text::take_number(&mut row, 0);
            wanted.contains(text::take_text(&mut row, 1)?.as_str()).then_some(id)
        })
        .collect();
    ids.sort_unstable();
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(NAMED) {
        let sql = format!(
            "SELECT {COLUMNS} FROM request_specs FORCE INDEX (PRIMARY) WHERE id IN ({}) ORDER BY id FOR UPDATE",
            list(chunk)
        );
        for row in rows(link, &sql).await? {
            let row = text::stored_spec(row);
            found.insert(Arc::clone(&row.instance_uuid), row);
        }
    }
    Ok(found)
}

async fn rows(link: &mut Link, sql: &str) -> Result<Vec<Row>, Error> {
    Ok(session::answers(link, sql).await?.into_iter().flatten().collect())
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// What is left to be written, each row once.
#[derive(Default)]
struct Todo<'a> {
    updates: Vec<(i64, &'a Arc<str>)>,
    /// With their places in the batch.
    inserts: Vec<(usize, &'a NewSpec)>,
    deletes: Vec<i64>,
}

impl Todo<'_> {
    fn is_empty(&self) -> bool {
        self.updates.is_empty() && self.inserts.is_empty() && self.deletes.is_empty()
    }

    async fn update(
        &self,
        link: &mut Link,
        stamp: &Value,
        failed: &(dyn Fn(String) -> Failure + Sync),
    ) -> Result<(), Failure> {
        for range in chunks(link, self.updates.iter().map(|(_, text)| text.len())) {
            let chunk = &self.updates[range];
            let ids: Vec<i64> = chunk.iter().map(|(id, _)| *id).collect();
            let sql = format!(
                "UPDATE request_specs FORCE INDEX (PRIMARY) SET spec = CASE id{} END, updated_at = ? \
                 WHERE id IN ({})",
                " WHEN ? THEN ?".repeat(chunk.len()),
                marks(chunk.len()),
            );
            let mut values: Vec<Value> =
                chunk.iter().flat_map(|(id, text)| [Value::from(*id), bytes(text)]).collect();
            values.push(stamp.clone());
            values.extend(ids.iter().map(|id| Value::from(*id)));
            all(chunk.len(), execute(link, &sql, values).await?, failed)?;
        }
        Ok(())
    }

    /// Insert; gives the places of those that others took, and takes them from the list.
    async fn insert(
        &mut self,
        session: &Session,
        link: &mut Link,
        stamp: &Value,
        failed: &(dyn Fn(String) -> Failure + Sync),
    ) -> Result<Vec<(usize, StoreError)>, Failure> {
        let mut taken = Vec::new();
        for range in chunks(link, self.inserts.iter().map(|(_, new)| new.spec.len())) {
            let chunk = &self.inserts[range];
            match insert(link, chunk, stamp).await {
                Ok(inserted) => all(chunk.len(), inserted, failed)?,
                // The statement is undone, not the transaction: which of them is it?
                Err(error) if reason::code(&error) == Some(DUPLICATE) => {
                    for one in chunk {
                        match insert(link, std::slice::from_ref(one), stamp).await {
                            Ok(inserted) => all(1, inserted, failed)?,
                            Err(error) if reason::code(&error) == Some(DUPLICATE) => {
                                taken.push((one.0, exists(session, link, one.1, error).await?));
                            }
                            Err(error) => return Err(error.into()),
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.inserts.retain(|(index, _)| taken.iter().all(|(other, _)| other != index));
        Ok(taken)
    }

    async fn delete(
        &self,
        link: &mut Link,
        failed: &(dyn Fn(String) -> Failure + Sync),
    ) -> Result<(), Failure> {
        for chunk in self.deletes.chunks(NAMED) {
            // The form of this statement that takes the name of an index.
            let sql = format!(
                "DELETE request_specs FROM request_specs FORCE INDEX (PRIMARY) WHERE id IN ({})",
                marks(chunk.len())
            );
            let values = chunk.iter().map(|id| Value::from(*id)).collect();
            all(chunk.len(), execute(link, &sql, values).await?, failed)?;
        }
        Ok(())
    }

    /// That the rows hold what was written, byte for byte.
    async fn check(
        &self,
        link: &mut Link,
        failed: &(dyn Fn(String) -> Failure + Sync),
    ) -> Result<(), Failure> {
        let mut ids = Vec::new();
        for chunk in self.updates.chunks(NAMED) {
            let list = chunk.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ");
            ids.push(format!("SELECT id, {DIGEST} FROM request_specs WHERE id IN ({list})"));
        }
        let texts = self.updates.iter().map(|(id, text)| (id.to_string(), &***text)).collect();
        let mut holds = hold(link, &ids, texts).await?;
        let mut instances = Vec::new();
        for chunk in self.inserts.chunks(NAMED) {
            let names = chunk.iter().map(|(_, new)| text::literal(&new.instance_uuid));
            let list = names.collect::<Vec<_>>().join(", ");
            instances.push(format!(
                "SELECT instance_uuid, {DIGEST} FROM request_specs WHERE instance_uuid IN ({list})"
            ));
        }
        let texts = self.inserts.iter().map(|(_, new)| (new.instance_uuid.to_string(), &*new.spec)).collect();
        holds &= hold(link, &instances, texts).await?;
        if holds {
            return Ok(());
        }
        let reason = "the server would not have stored the texts as they are (character set of the column, or a \
                      trigger); nothing was written";
        Err(failed(reason.to_owned()))
    }
}

/// Whether the rows that these statements give have the digests of these texts, by their keys.
async fn hold(
    link: &mut Link,
    statements: &[String],
    mut texts: HashMap<String, &str>,
) -> Result<bool, Error> {
    if statements.is_empty() {
        return Ok(true);
    }
    for mut row in rows(link, &statements.join("; ")).await? {
        let (key, digest) = (text::take_text(&mut row, 0), text::take_text(&mut row, 1));
        // Others may bear names that the column's collation takes for the same.
        let Some(text) = key.and_then(|key| texts.remove(&key)) else { continue };
        let expected: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != Some(expected) {
            return Ok(false);
        }
    }
    Ok(texts.is_empty())
}

/// That a statement changed all its rows.
fn all(meant: usize, changed: u64, failed: &(dyn Fn(String) -> Failure + Sync)) -> Result<(), Failure> {
    if changed == meant as u64 {
        return Ok(());
    }
    Err(failed(format!("it would have changed {changed} rows instead of {meant}; nothing was written")))
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Rows of statements that hold texts of these lengths.
fn chunks(link: &Link, lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let packet = usize::try_from(link.max_packet).unwrap_or(usize::MAX);
    let most = if packet == 0 { CHUNK_BYTES } else { CHUNK_BYTES.min(packet.saturating_sub(AROUND)) };
    let (mut ranges, mut start, mut size) = (Vec::new(), 0, 0);
    let mut end = 0;
    for length in lengths {
        let length = length + AROUND;
        if end > start && (end - start == CHUNK || size + length > most) {
            ranges.push(start..end);
            (start, size) = (end, 0);
        }
        end += 1;
        size += length;
    }
    if end > start {
        ranges.push(start..end);
    }
    ranges
}

async fn insert(link: &mut Link, rows: &[(usize, &NewSpec)], stamp: &Value) -> Result<u64, Error> {
    let sql = format!(
        "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES {}",
        vec!["(?, ?, ?, ?)"; rows.len()].join(", ")
    );
    let values = rows
        .iter()
        .flat_map(|(_, new)| {
            [
                new.created_at.as_ref().map_or_else(|| stamp.clone(), bytes),
                new.updated_at.as_ref().map_or(Value::NULL, bytes),
                bytes(&new.instance_uuid),
                bytes(&new.spec),
            ]
        })
        .collect();
    execute(link, &sql, values).await
}
