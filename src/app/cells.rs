//! Several cells listed as one: who is asked, who is waited for, who is left out.
//!
//! Each question of the list goes to all cells at once, as the ordinary question for one database.
//! Its answers are gathered and merged ([`crate::query::merge`]). Whoever waits gets what has come
//! after [`GRACE`]; a cell that has not answered by then is left out, of later questions too, until
//! its answer comes after all or its database is up again: then the rows that were missing are read
//! without anybody waiting. A question that nobody waits for (rows ahead of the cursor) is given all
//! the time that the databases' own limits allow.
//!
//! Imports `query` and `change` (names); no I/O.

mod pass;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::effect::{Effect, RequestId};
use super::list::Wish;
use super::row::{Failure, Place, Row};
use crate::change::DatabaseName;
use crate::query::merge::{self, Mark};
use crate::query::{Field, Order, PageRequest};
use pass::Pass;

pub use crate::query::Tally;

/// How long an answer that somebody waits for lets slow cells catch up.
pub const GRACE: Duration = Duration::from_millis(250);
/// Uuids that a prefix brings at most.
const PREFIX_ROWS: usize = 8;

/// Why a cell is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// It has not answered in time; an answer is still on its way.
    Late,
    /// It failed.
    Failed(Failure),
}

/// The answer to one question, of one cell or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Rows.
    Rows(Vec<Row>),
    /// A number of rows.
    Rank(u64),
}

impl Reply {
    /// The rows.
    pub fn rows(self) -> Vec<Row> {
        match self {
            Reply::Rows(rows) => rows,
            Reply::Rank(_) => Vec::new(),
        }
    }
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The question is answered so.
    pub settled: Option<Result<Reply, Failure>>,
    /// A cell that was left out has answered: its rows are missing in what is shown.
    pub returned: Option<DatabaseName>,
}

#[derive(Debug, Clone)]
enum Asked {
    Page(PageRequest<Place, Order>),
    Rank,
    Prefix,
}

/// A question and the answers to it so far.
#[derive(Debug, Clone)]
struct Gather {
    request: RequestId,
    asked: Asked,
    names: Arc<[DatabaseName]>,
    answers: Vec<(DatabaseName, Option<Result<Reply, Failure>>)>,
    /// The grace is over.
    overdue: bool,
    /// It was answered without those that are late.
    settled: bool,
}

/// All cells as the source of a pane.
#[derive(Debug, Clone)]
pub struct Cells {
    names: Arc<[DatabaseName]>,
    /// The cell that was shown before.
    pub before: DatabaseName,
    out: BTreeMap<DatabaseName, Out>,
    /// A last update as each cell writes it.
    written: BTreeMap<DatabaseName, String>,
    gathers: Vec<Gather>,
    pass: BTreeMap<DatabaseName, Pass>,
}

impl Cells {
    /// These cells, in this order; none was asked yet.
    pub fn new(names: Arc<[DatabaseName]>, before: DatabaseName) -> Self {
        Self {
            names,
            before,
            out: BTreeMap::new(),
            written: BTreeMap::new(),
            gathers: Vec::new(),
            pass: BTreeMap::new(),
        }
    }

    /// The cells.
    pub fn names(&self) -> &Arc<[DatabaseName]> {
        &self.names
    }

    /// Other cells than before. False if they are the same.
    pub fn rename(&mut self, names: &[DatabaseName]) -> bool {
        let changed = *self.names != *names;
        if changed {
            self.names = names.into();
            self.out.retain(|name, _| names.contains(name));
        }
        changed
    }

    /// The cells that are left out, and why, in their order.
    pub fn out(&self) -> impl Iterator<Item = (&DatabaseName, &Out)> {
        self.names.iter().filter_map(|name| self.out.get_key_value(name))
    }

    /// The cells whose rows are shown.
    pub fn included(&self) -> impl Iterator<Item = &DatabaseName> {
        self.names.iter().filter(|name| !self.out.contains_key(*name))
    }

    /// A database is known to be away.
    pub fn lost(&mut self, name: &DatabaseName, failure: Failure) {
        self.out.insert(name.clone(), Out::Failed(failure));
    }

    /// A database is back. False if it was not left out.
    pub fn found(&mut self, name: &DatabaseName) -> bool {
        self.out.remove(name).is_some()
    }

    /// All of them are worth asking again.
    pub fn forgive(&mut self) {
        self.out.clear();
    }

    fn part(&self, name: &DatabaseName) -> usize {
        part(&self.names, name)
    }

    /// Those to ask: all that are not left out; all, where none would remain. Of hits only those
    /// that look for them.
    fn asked(&self, search: Option<RequestId>) -> Vec<DatabaseName> {
        let looks =
            |name: &&DatabaseName| search.is_none() || self.pass.get(*name).is_some_and(Pass::is_listed);
        let asked: Vec<_> = self.included().filter(looks).cloned().collect();
        if asked.is_empty() { self.names.iter().filter(looks).cloned().collect() } else { asked }
    }

    fn gather(&mut self, request: RequestId, asked: Asked, names: &[DatabaseName]) -> Effect {
        let answers = names.iter().map(|name| (name.clone(), None)).collect();
        let (names, overdue, settled) = (Arc::clone(&self.names), false, false);
        self.gathers.push(Gather { request, asked, names, answers, overdue, settled });
        Effect::Wait { request, time: GRACE }
    }

    fn mark(&self, place: &Place) -> Mark {
        Mark { key: place.key.clone(), part: self.part(&place.database) }
    }

    /// What a list asks for, asked of the cells.
    pub fn ask(&mut self, wish: Wish, search: Option<RequestId>, columns: &Arc<[Field]>) -> Vec<Effect> {
        let asked = self.asked(search);
        let written = |name: &DatabaseName| self.written.get(name).map(String::as_str);
        let mut effects = Vec::new();
        let wait = match wish {
            Wish::Page(request, page) => {
                let from = page.from.clone().map(|place| self.mark(&place));
                for database in &asked {
                    let from = merge::bound(&page.order, &from, self.part(database), written(database));
                    let page = PageRequest { order: page.order.clone(), from, limit: page.limit };
                    let (database, columns) = (database.clone(), Arc::clone(columns));
                    effects.push(Effect::LoadPage { request, database, search, page, columns });
                }
                self.gather(request, Asked::Page(page), &asked)
            }
            Wish::Rank(request, order, place) => {
                let mark = self.mark(&place);
                for database in &asked {
                    let key = merge::rank_key(&order, &mark, self.part(database), written(database));
                    let (database, order) = (database.clone(), order.clone());
                    effects.push(Effect::Rank { request, database, search, order, key });
                }
                self.gather(request, Asked::Rank, &asked)
            }
        };
        effects.push(wait);
        effects
    }

    /// Looks for uuids that begin so, in all cells or in one.
    pub fn find(
        &mut self,
        request: RequestId,
        prefix: &str,
        only: Option<&DatabaseName>,
        (order, columns): (&Order, &Arc<[Field]>),
    ) -> Vec<Effect> {
        let asked = only.map_or_else(|| self.asked(None), |only| vec![only.clone()]);
        let find = |database: &DatabaseName| Effect::FindPrefix {
            request,
            database: database.clone(),
            prefix: prefix.to_owned(),
            order: order.clone(),
            columns: Arc::clone(columns),
        };
        let mut effects: Vec<_> = asked.iter().map(find).collect();
        effects.push(self.gather(request, Asked::Prefix, &asked));
        effects
    }

    /// The cells that have not said yet what somebody waits for.
    pub fn waited_for(&self) -> impl Iterator<Item = &DatabaseName> {
        let open = self.gathers.iter().filter(|gather| !gather.settled);
        let answers = open.flat_map(|gather| &gather.answers);
        answers.filter(|(_, answer)| answer.is_none()).map(|(name, _)| name)
    }

    /// Whether that answer of that cell is awaited.
    pub fn expects(&self, request: RequestId, database: &DatabaseName) -> bool {
        self.gathers.iter().any(|gather| gather.awaits(request, database))
    }

    /// A cell answered.
    pub fn answered(
        &mut self,
        request: RequestId,
        database: &DatabaseName,
        reply: Result<Reply, Failure>,
        urgent: bool,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(at) = self.gathers.iter().position(|gather| gather.awaits(request, database)) else {
            return outcome;
        };
        match &reply {
            Ok(reply) => {
                if let Reply::Rows(rows) = reply
                    && let Some(row) = rows.iter().find(|row| !row.key.updated.is_empty())
                {
                    self.written.insert(database.clone(), row.key.updated.clone());
                }
                if self.out.remove(database).is_some() {
                    outcome.returned = Some(database.clone());
                }
            }
            // A number is missing (a newer question replaced this one, too many hits), no rows are.
            Err(Failure::Failed(_)) if matches!(self.gathers[at].asked, Asked::Rank) => {}
            Err(failure) => self.lost(database, failure.clone()),
        }
        let gather = &mut self.gathers[at];
        if let Some((_, answer)) = gather.answers.iter_mut().find(|(name, _)| name == database) {
            *answer = Some(reply);
        }
        if gather.settled {
            if gather.is_complete() {
                self.gathers.remove(at);
            }
        } else {
            outcome.settled = self.settle(at, urgent);
        }
        outcome
    }

    /// The grace of a question is over; `urgent`: somebody waits. Gives what settles it, if
    /// anything; None inside: it goes on waiting. None where it is answered already.
    pub fn waited(&mut self, request: RequestId, urgent: bool) -> Option<Option<Result<Reply, Failure>>> {
        let at = self.gathers.iter().position(|gather| gather.request == request && !gather.settled)?;
        self.gathers[at].overdue = true;
        Some(self.settle(at, urgent))
    }

    fn settle(&mut self, at: usize, urgent: bool) -> Option<Result<Reply, Failure>> {
        let gather = &self.gathers[at];
        let any = gather.answers.iter().any(|(_, answer)| matches!(answer, Some(Ok(_))));
        let late: Vec<_> = gather
            .answers
            .iter()
            .filter(|(_, answer)| answer.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        let may_go = match gather.asked {
            // Rows of a cell that is left out are not numbered.
            Asked::Rank => late.iter().all(|name| self.out.contains_key(name)),
            Asked::Page(_) => urgent,
            Asked::Prefix => true,
        };
        let is_enough = late.is_empty() || (gather.overdue && may_go && any);
        if !is_enough {
            return None;
        }
        let result = gather.merged();
        if late.is_empty() {
            self.gathers.remove(at);
        } else {
            let gather = &mut self.gathers[at];
            gather.settled = true;
            // What was said is not needed any more, only who is still to say something.
            gather.answers.retain(|(_, answer)| answer.is_none());
            for name in late {
                self.out.entry(name).or_insert(Out::Late);
            }
        }
        Some(result)
    }
}

fn part(names: &[DatabaseName], name: &DatabaseName) -> usize {
    names.iter().position(|known| known == name).unwrap_or(names.len())
}

impl Gather {
    fn awaits(&self, request: RequestId, database: &DatabaseName) -> bool {
        let waits = |(name, answer): &(DatabaseName, Option<_>)| name == database && answer.is_none();
        self.request == request && self.answers.iter().any(waits)
    }

    fn is_complete(&self) -> bool {
        self.answers.iter().all(|(_, answer)| answer.is_some())
    }

    /// The answers as one; the first failure where there is nothing else.
    fn merged(&self) -> Result<Reply, Failure> {
        let answers = || self.answers.iter().filter_map(|(name, answer)| Some((name, answer.as_ref()?)));
        let replies: Vec<_> = answers()
            .filter_map(|(name, answer)| Some((part(&self.names, name), answer.as_ref().ok()?)))
            .collect();
        let failure = answers().find_map(|(_, answer)| answer.as_ref().err());
        let is_unknown = match failure {
            // Without that of one cell the sum would be wrong.
            Some(Failure::Failed(_)) => replies.is_empty() || matches!(self.asked, Asked::Rank),
            _ => replies.is_empty(),
        };
        if let (true, Some(failure)) = (is_unknown, failure) {
            return Err(failure.clone());
        }
        let rows = |reply: &Reply| reply.clone().rows();
        Ok(match &self.asked {
            Asked::Page(page) => {
                let parts = replies.into_iter().map(|(part, reply)| (part, rows(reply))).collect();
                let mark = |place: Place| Mark { part: part(&self.names, &place.database), key: place.key };
                let page = page.clone().map(mark);
                Reply::Rows(merge::page(&page, parts, |row: &Row| row.key.clone()))
            }
            Asked::Rank => Reply::Rank(replies.iter().map(|(_, reply)| rank(reply)).sum()),
            Asked::Prefix => {
                let mut found: Vec<_> = replies
                    .into_iter()
                    .flat_map(|(part, reply)| rows(reply).into_iter().map(move |row| (part, row)))
                    .collect();
                found.sort_by(|(part, row), (other_part, other)| {
                    (&row.instance_uuid, part).cmp(&(&other.instance_uuid, other_part))
                });
                Reply::Rows(found.into_iter().map(|(_, row)| row).take(PREFIX_ROWS).collect())
            }
        })
    }
}

fn rank(reply: &Reply) -> u64 {
    match reply {
        Reply::Rank(rank) => *rank,
        Reply::Rows(_) => 0,
    }
}
