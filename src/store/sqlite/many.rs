//! Several changes in one transaction, and rows that are held. The write lock is taken first, so nothing
//! moves between the comparison and the write.
//!
//! Imports `read` and `write`.

use std::sync::Arc;

use rusqlite::ToSql;

use super::open::Session;
use super::read;
use super::write::{End, now, transact};
use crate::store::batch::{self, Answers, Step};
use crate::store::{RowChange, StoreError};

/// Several changes: those that are refused answer in their places, the others are committed together.
pub(super) fn change(session: &mut Session, changes: &[RowChange]) -> Result<Answers, StoreError> {
    let operation = batch::writing(changes.len());
    let source = Arc::clone(&session.source);
    batch::check_distinct(&source.database, &operation, changes.iter().map(RowChange::instance_uuid))?;
    let stamp = now().map_err(|error| source.failed(&operation, error.to_string()))?;
    transact(session, &operation, |transaction| {
        let mut find = transaction.prepare(&read::of_instance())?;
        let mut insert = transaction.prepare(
            "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES (?, ?, ?, ?)",
        )?;
        let mut update =
            transaction.prepare("UPDATE request_specs SET spec = ?, updated_at = ? WHERE id = ?")?;
        let mut delete = transaction.prepare("DELETE FROM request_specs WHERE id = ?")?;
        let mut answers = Vec::with_capacity(changes.len());
        let mut is_changed = false;
        for change in changes {
            let step = match read::look(&mut find, change.instance_uuid(), |row| batch::judge(change, row))? {
                Ok(step) => step,
                Err(current) => {
                    answers.push(Err(batch::refusal(&source.database, change, current)));
                    continue;
                }
            };
            let changed = match (step, change) {
                (Step::Insert, RowChange::Create(new)) => {
                    let created_at = new.created_at.as_deref().unwrap_or(&stamp);
                    let values: [&dyn ToSql; 4] =
                        [&created_at, &new.updated_at.as_deref(), &&*new.instance_uuid, &&*new.spec];
                    insert.execute(values)?
                }
                (Step::Update(id), RowChange::Save { after, .. }) => {
                    let values: [&dyn ToSql; 3] = [&&**after, &stamp, &id];
                    update.execute(values)?
                }
                (Step::Delete(id), _) => delete.execute([id])?,
                _ => {
                    answers.push(Ok(()));
                    continue;
                }
            };
            if changed != 1 {
                let reason = format!(
                    "the change of {} would have changed {changed} rows instead of one; nothing was written",
                    crate::spec::text::named(change.instance_uuid())
                );
                return Ok(End::Refused(source.failed(&operation, reason)));
            }
            is_changed = true;
            answers.push(Ok(()));
        }
        Ok(if is_changed { End::Changed(answers) } else { End::Unchanged(answers) })
    })
}

/// Call `held` while the write lock keeps everyone from changing rows; it is told which of them hold what
/// they should.
pub(super) fn hold(
    session: &mut Session,
    operation: &str,
    rows: &[(Arc<str>, Arc<[u8]>)],
    held: impl FnOnce(Answers),
) -> Result<(), StoreError> {
    let source = Arc::clone(&session.source);
    batch::check_distinct(&source.database, operation, rows.iter().map(|(instance_uuid, _)| instance_uuid))?;
    transact(session, operation, |transaction| {
        let mut find = transaction.prepare(&read::of_instance())?;
        let mut answers = Vec::with_capacity(rows.len());
        for (instance_uuid, text) in rows {
            let is_text =
                |row: Option<(i64, &[u8])>| row.is_some_and(|(_, now)| now == &**text).then_some(());
            answers
                .push(read::look(&mut find, instance_uuid, is_text)?.map_err(|current| {
                    batch::conflict(&source.database, Arc::clone(instance_uuid), current)
                }));
        }
        held(answers);
        Ok(End::Unchanged(()))
    })
}
