//! Moves of several specs from one database to another, in the order of a single one, each step committed
//! before the next: insert at the destination, read back, compare and hold, delete at the source, look at the
//! destination once more. At any moment one of the two holds each spec.
//!
//! Imports `store`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::rows::{self, Row};
use super::{Ended, Ready, Run, Stage, Written, reading};
use crate::change::apply::transfer::{kept, unfinished};
use crate::change::apply::words::{cause, follow, plain};
use crate::change::journal::{State, Step};
use crate::change::{DatabaseName, Operation};
use crate::spec::text::named;
use crate::store::{Hold, NewSpec, RowChange, SpecStore, StoreError, StoredSpec};

/// How often rows that others lock are tried to be held.
const ATTEMPTS: u32 = 3;

/// A move that goes on.
struct Going {
    ready: Ready,
    text: Arc<[u8]>,
    /// The destination's row is ours: it may be withdrawn.
    is_ours: bool,
}

impl Going {
    fn instance_uuid(&self) -> &Arc<str> {
        self.ready.operation.instance_uuid()
    }
}

/// Between which databases, and what became of the moves so far.
struct Way<'a> {
    from: &'a DatabaseName,
    to: &'a DatabaseName,
    written: &'a mut Written,
}

impl Way<'_> {
    fn end(&mut self, going: &Going, state: State, said: String) {
        self.written.ended.push(going.ready.ended(self.from, state, said));
    }

    /// Done, and yet there is something to be told.
    fn tell(&mut self, going: &Going, said: String) {
        let ended = going.ready.ended(self.from, State::Done, said);
        self.written.ended.push(Ended { is_told: true, ..ended });
    }

    /// The second half did not succeed: the copy stands at the destination.
    fn halve(&mut self, going: &Going, error: StoreError) {
        let error = unfinished(error, self.from, self.to, going.instance_uuid());
        self.end(going, error.state(going.is_ours), error.to_string());
    }

    fn stop(&mut self, error: Option<StoreError>) {
        if let (None, Some(error)) = (&self.written.stop, error) {
            self.written.stop = Some(plain(error));
        }
    }
}

impl Run<'_> {
    /// Move these.
    pub(super) async fn moves(
        &self,
        from: &DatabaseName,
        to: &DatabaseName,
        members: Vec<Ready>,
        written: &mut Written,
    ) {
        let (source, destination) = match (self.store(from), self.store(to)) {
            (Ok(source), Ok(destination)) => (source, destination),
            (Err(error), _) | (_, Err(error)) => {
                (written.stop, written.left) = (Some(error), members);
                return;
            }
        };
        let mut way = Way { from, to, written };
        let going = self.insert(&mut way, destination, members).await;
        self.step(going.iter().filter(|one| one.is_ours), Step::Inserted).await;
        (self.reached)(Stage::Inserted);
        let Some((hold, going)) = self.verify(&mut way, destination, going).await else { return };
        // Before the first source's row is deleted: from then on `recover` puts back what is nowhere.
        self.step(&going, Step::Verified).await;
        (self.reached)(Stage::Verified);
        let (deleted, changed) = self.delete(&mut way, source, going).await;
        hold.release();
        self.step(&deleted, Step::Deleted).await;
        (self.reached)(Stage::Deleted);
        self.look_again(&mut way, source, destination, deleted).await;
        self.withdraw(&mut way, source, destination, changed).await;
    }

    /// How far these have come. Where the journal does not take it, `recover` does less of its own accord.
    async fn step<'m>(&self, moves: impl IntoIterator<Item = &'m Going>, step: Step) {
        let entries: Vec<_> = moves.into_iter().map(|one| one.ready.entry).collect();
        if !entries.is_empty()
            && let Err(error) = self.journal.step(entries, step).await
        {
            tracing::warn!(%error, "a step is not in the journal");
        }
    }

    /// The rows at the destination; those that hold the same bytes already are fine.
    async fn insert(
        &self,
        way: &mut Way<'_>,
        destination: &Arc<dyn SpecStore>,
        members: Vec<Ready>,
    ) -> Vec<Going> {
        let (mut going, mut new, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for ready in members {
            let Operation::Move { text, already_there, .. } = &ready.operation else { continue };
            let (text, already_there) = (Arc::clone(text), *already_there);
            let change = ready.change();
            let one = Going { ready, text, is_ours: false };
            match change {
                _ if already_there => going.push(one),
                Ok(change) => {
                    changes.push(change);
                    new.push(one);
                }
                Err(error) => way.end(&one, error.state(false), error.to_string()),
            }
        }
        let answers = rows::write(destination, &changes).await;
        for (one, row) in new.into_iter().zip(answers.rows) {
            match row {
                Row::Done => going.push(Going { is_ours: true, ..one }),
                Row::AlreadySo => going.push(one),
                Row::Refused(error @ StoreError::Uncertain { .. }) => {
                    let said = format!(
                        "{}. {} holds a copy of the spec of {}, or none; it is still in {}: move it again once {} answers",
                        cause(&error),
                        way.to,
                        named(one.instance_uuid()),
                        way.from,
                        way.to
                    );
                    way.end(&one, State::Uncertain, said);
                }
                Row::Refused(error) => {
                    let whose = named(one.instance_uuid());
                    let stays = format!("The spec of {whose} was not moved and is still in {}", way.from);
                    let error = follow(error, &stays);
                    way.end(&one, error.state(false), error.to_string());
                }
            }
        }
        way.stop(answers.stop);
        going
    }

    /// Held, so that nobody takes the copies away while the source's rows go: two moves in opposite
    /// directions would otherwise delete both rows.
    async fn verify(
        &self,
        way: &mut Way<'_>,
        destination: &Arc<dyn SpecStore>,
        going: Vec<Going>,
    ) -> Option<(Hold, Vec<Going>)> {
        if going.is_empty() {
            return None;
        }
        let wanted: Vec<_> =
            going.iter().map(|one| (Arc::clone(one.instance_uuid()), Arc::clone(&one.text))).collect();
        let (hold, answers) = match hold(destination, &wanted).await {
            Ok(held) => held,
            Err(error) => {
                for one in &going {
                    way.halve(one, error.clone());
                }
                way.stop(Some(error).filter(|error| !is_passing(error)));
                return None;
            }
        };
        let mut held = Vec::with_capacity(going.len());
        for (one, answer) in going.into_iter().zip(answers) {
            match answer {
                Ok(()) => held.push(one),
                Err(StoreError::Conflict { .. }) => {
                    let said = format!(
                        "{} does not hold what was moved there: another program changed the spec of {} in it. The \
                         row in {} was not deleted",
                        way.to,
                        named(one.instance_uuid()),
                        way.from
                    );
                    way.end(&one, State::Conflict, said);
                }
                Err(error) => way.halve(&one, error),
            }
        }
        Some((hold, held))
    }

    /// The source's rows go. Gives those that went, and those that others had changed, with what is there.
    async fn delete(
        &self,
        way: &mut Way<'_>,
        source: &Arc<dyn SpecStore>,
        going: Vec<Going>,
    ) -> (Vec<Going>, Vec<(Going, StoredSpec)>) {
        let destroy = |one: &Going| RowChange::Destroy {
            instance_uuid: Arc::clone(one.instance_uuid()),
            before: Arc::clone(&one.text),
        };
        let changes: Vec<RowChange> = going.iter().map(destroy).collect();
        let answers = rows::write(source, &changes).await;
        let (mut deleted, mut changed) = (Vec::new(), Vec::new());
        for (one, row) in going.into_iter().zip(answers.rows) {
            let whose = named(one.instance_uuid());
            match row {
                Row::Done => deleted.push(one),
                // Without the source's row, the copy is the only one: it stays.
                Row::AlreadySo => {
                    let said = format!(
                        "{}: the spec of {whose} was deleted by someone else meanwhile. The copy in {} is the only \
                         one now and was kept",
                        way.from, way.to
                    );
                    way.tell(&one, said);
                }
                Row::Refused(StoreError::Conflict { current: Some(current), .. }) if one.is_ours => {
                    changed.push((one, *current));
                }
                Row::Refused(StoreError::Conflict { current: Some(_), .. }) => {
                    let said = format!(
                        "{}: the spec of {whose} was changed by someone else meanwhile, so it was not deleted. {} \
                         holds the older text",
                        way.from, way.to
                    );
                    way.end(&one, State::Conflict, said);
                }
                Row::Refused(error @ StoreError::Uncertain { .. }) => {
                    let said = format!(
                        "{}. The spec of {whose} is in {}; whether its row in {} was deleted is not known: move it \
                         again once {} answers",
                        cause(&error),
                        way.to,
                        way.from,
                        way.from
                    );
                    way.end(&one, State::Uncertain, said);
                }
                Row::Refused(error) => way.halve(&one, error),
            }
        }
        way.stop(answers.stop);
        (deleted, changed)
    }

    /// The source's rows are gone: make sure that the destination's are not. A hold ends without a word
    /// where its connection is lost, or where another node of a cluster commits first.
    async fn look_again(
        &self,
        way: &mut Way<'_>,
        source: &Arc<dyn SpecStore>,
        destination: &Arc<dyn SpecStore>,
        deleted: Vec<Going>,
    ) {
        if deleted.is_empty() {
            return;
        }
        let names: Vec<Arc<str>> = deleted.iter().map(|one| Arc::clone(one.instance_uuid())).collect();
        let there: HashSet<Arc<str>> = match reading::read(destination, &names).await {
            Ok(rows) => rows.into_iter().map(|row| row.instance_uuid).collect(),
            Err(error) => {
                for one in &deleted {
                    let said = format!(
                        "{}. {to} had committed the spec of {} before its row in {} was deleted, but cannot be \
                         asked for it now: look at it once {to} answers",
                        cause(&error),
                        named(one.instance_uuid()),
                        way.from,
                        to = way.to
                    );
                    way.end(one, State::Uncertain, said);
                }
                way.stop(Some(error));
                return;
            }
        };
        let mut gone = Vec::new();
        for one in deleted {
            if there.contains(one.instance_uuid()) {
                let said = format!(
                    "Moved the spec of {} from {} to {}.",
                    named(one.instance_uuid()),
                    way.from,
                    way.to
                );
                way.end(&one, State::Done, said);
            } else {
                gone.push(one);
            }
        }
        self.put_back(way, source, gone).await;
    }

    /// Neither database holds these: store them again where they were.
    async fn put_back(&self, way: &mut Way<'_>, source: &Arc<dyn SpecStore>, gone: Vec<Going>) {
        if gone.is_empty() {
            return;
        }
        // As before the sources were deleted: if this process ends now, `recover` puts them back.
        self.step(&gone, Step::Verified).await;
        let new = |one: &Going| {
            let text = String::from_utf8_lossy(&one.text);
            RowChange::Create(NewSpec {
                instance_uuid: Arc::clone(one.instance_uuid()),
                spec: Arc::from(&*text),
                created_at: one.ready.created_at.clone(),
                updated_at: one.ready.updated_at.clone(),
            })
        };
        let changes: Vec<RowChange> = gone.iter().map(new).collect();
        let answers = rows::write(source, &changes).await;
        for (one, row) in gone.iter().zip(answers.rows) {
            let (from, whose) = (way.from, named(one.instance_uuid()));
            let what = format!(
                "{}: the spec of {whose} was deleted by someone else while it was moved there",
                way.to
            );
            match row {
                // Others may have been quicker.
                Row::Done | Row::AlreadySo | Row::Refused(StoreError::Exists { .. }) => {
                    way.end(one, State::RolledBack, format!("{what}. It was put back and is in {from}"));
                }
                // The text is nowhere else.
                Row::Refused(error) => {
                    let kept = kept(one.instance_uuid(), &one.text);
                    let error = cause(&error);
                    let said = format!(
                        "{what}, and could not be put back into {from} ({error}). It is in neither; {kept}"
                    );
                    // It stays open: what is in the journal can be put back by `recover`.
                    way.end(one, State::Uncertain, said);
                }
            }
        }
        way.stop(answers.stop);
    }

    /// The source's rows changed after the copies were made: take the copies back, if they still are ours. The
    /// source's are held meanwhile, so that no spec is lost together with its copy.
    async fn withdraw(
        &self,
        way: &mut Way<'_>,
        source: &Arc<dyn SpecStore>,
        destination: &Arc<dyn SpecStore>,
        changed: Vec<(Going, StoredSpec)>,
    ) {
        if changed.is_empty() {
            return;
        }
        // These were not deleted: what is nowhere later is not to be put back.
        self.step(changed.iter().map(|(one, _)| one), Step::Inserted).await;
        let originals: Vec<_> = changed
            .iter()
            .map(|(one, current)| (Arc::clone(one.instance_uuid()), Arc::clone(&current.spec)))
            .collect();
        let mut fates: Vec<Option<StoreError>> = Vec::with_capacity(changed.len());
        match hold(source, &originals).await {
            Err(error) => fates.extend(changed.iter().map(|_| Some(error.clone()))),
            Ok((hold, answers)) => {
                let held = changed.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
                let changes: Vec<RowChange> = held
                    .map(|((one, _), _)| RowChange::Destroy {
                        instance_uuid: Arc::clone(one.instance_uuid()),
                        before: Arc::clone(&one.text),
                    })
                    .collect();
                let deleted = rows::write(destination, &changes).await;
                hold.release();
                way.stop(deleted.stop);
                let mut deleted = deleted.rows.into_iter();
                for answer in answers {
                    fates.push(match answer {
                        Err(error) => Some(error),
                        Ok(()) => match deleted.next() {
                            Some(Row::Refused(error)) => Some(error),
                            _ => None,
                        },
                    });
                }
            }
        }
        for ((one, _), fate) in changed.iter().zip(fates) {
            let (from, to, whose) = (way.from, way.to, named(one.instance_uuid()));
            let what = format!(
                "{from}: the spec of {whose} was changed by someone else while it was moved, so it stays there"
            );
            match fate {
                None => {
                    way.end(one, State::Withdrawn, format!("{what}. The copy in {to} was deleted again"));
                }
                // It stands half done: `recover` takes it up.
                Some(error) => {
                    let error = cause(&error);
                    let said = format!(
                        "{what}. The copy in {to}, of the older text, could not be deleted ({error})"
                    );
                    way.end(one, State::Uncertain, said);
                }
            }
        }
    }
}

/// Hold rows; those that others lock for a while are tried again.
async fn hold(
    store: &Arc<dyn SpecStore>,
    wanted: &[(Arc<str>, Arc<[u8]>)],
) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match store.hold_many(wanted).await {
            Err(error) if is_passing(&error) && attempts < ATTEMPTS => {
                sleep(Duration::from_millis(100) * attempts).await;
            }
            other => return other,
        }
    }
}

/// Others are in the way.
fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Contended { .. } | StoreError::Locked { .. })
}
