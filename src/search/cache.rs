//! Columns of whole databases, kept for what is asked again: queries, orders and counts are answered
//! from them without reading a row.
//!
//! They are built aside, one pass at a time, while nobody searches, and hold as long as the database
//! says that nothing has changed ([`SpecStore::change_token`], of one session). A field has a column if
//! it is the row's own and has not too many different values. All together, what is being built and the
//! hits of all searches ([`held`]) take [`BUDGET`] bytes at most: hits first, and of columns those of the
//! database that was not asked for the longest time go first. Where others write all the time, columns
//! hold no longer than it takes to build them: after one that came too late the next waits, ever longer.
//!
//! Imports `query`, `store` and its siblings.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::facets::{Counts, DISTINCT, Table, encoded};
use super::hits::{Hits, held};
use super::keys::{Key, KeyReader, Kind, NO_MOMENT, moment};
use super::sample::count_column;
use super::values::masked;
use crate::query::columns::{Column, Columns, ColumnsBuilder};
use crate::query::expression::Expression;
use crate::query::fields::Source;
use crate::query::prefilter::Prefilter;
use crate::query::record::{Facts, Record};
use crate::query::sort_key::shown;
use crate::query::{Field, Order, Query, Sample, SortKey};
use crate::store::{Cancel, ChangeToken, DatabaseName, RowRef, RowVisitor, SpecStore};

/// Bytes of all columns, and of hits.
pub const BUDGET: usize = 64 << 20;
/// Rows from which on columns are worth their making.
pub const LEAST_ROWS: u64 = 10_000;
/// Rows up to which a column or two fit into the budget; larger databases have none.
const MOST_ROWS: u64 = 5_000_000;
/// Fields that are kept of a database; those that were asked for first go first.
const FIELDS: usize = 24;
/// Hits that columns give between two looks whether they are wanted any more.
const STRIDE: usize = 1 << 16;
/// Bytes of a row's id and last update while they are collected, and of the last update in the end.
const MOMENT: usize = 24;
/// How often it is looked whether nobody searches.
const GLANCE: Duration = Duration::from_millis(50);
/// Interrupted so often, it is given up until the next search.
const ATTEMPTS: u32 = 10;
/// How long a database's columns are not built after it was changed meanwhile: twice as long each time.
const REST: Duration = Duration::from_secs(10);
/// At most.
const LONGEST_REST: Duration = Duration::from_secs(15 * 60);
/// What lists show anyway is taken along.
const LISTED: [&str; 6] = ["flavor", "az", "vcpus", "ram", "project", "version"];

/// The columns of all databases.
pub struct Cache {
    kept: Mutex<HashMap<DatabaseName, Kept>>,
    /// One database's are built at a time.
    turn: tokio::sync::Mutex<()>,
    /// What is being built now.
    building: Mutex<Cancel>,
    /// Databases that were changed while their columns were built.
    resting: Mutex<HashMap<DatabaseName, Rest>>,
    least: u64,
    budget: usize,
    /// Bytes that hits take.
    held: fn() -> usize,
}

/// Until when a database's columns are not built, and for how long that was.
#[derive(Debug, Clone, Copy)]
struct Rest {
    until: Instant,
    length: Duration,
}

/// The columns of a database, at a time.
struct Kept {
    session: Weak<dyn SpecStore>,
    token: ChangeToken,
    columns: Arc<Columns>,
    /// Last updates, in microseconds since 1970, for the order that databases page in.
    moments: Option<Arc<[i64]>>,
    /// There was no room for these.
    refused: bool,
    /// The fields that were asked for, those without a column too: they have too many different values.
    fields: Vec<Field>,
    /// The greater the later it was asked.
    last: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.columns.bytes() + self.moments.as_ref().map_or(0, |moments| size_of_val(&**moments))
    }
}

/// What columns are to be built for.
#[derive(Clone)]
struct Wanted {
    fields: Vec<Field>,
    moments: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a field can have a column.
fn is_columnar(field: &Field) -> bool {
    !matches!(
        field.source,
        Source::Fact(_)
            | Source::Id
            | Source::Instance
            | Source::Database
            | Source::Created
            | Source::Updated
    )
}

/// Whether a word is looked for in the whole text.
fn has_word(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().any(has_word),
        Expression::Not(part) => has_word(part),
        Expression::Test(_) => false,
        Expression::Word(_) => true,
    }
}

/// A query answered by columns.
pub struct Answer {
    columns: Arc<Columns>,
    query: Query,
    now: i64,
    by: By,
}

/// What the hits are sorted by.
enum By {
    Id,
    Moment(Arc<[i64]>),
    Column(Order),
}

impl Answer {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.columns.len() as u64
    }

    /// Adds the hits; gives their number, and none where that is not wanted any more.
    pub fn fill(&self, hits: &mut Hits, cancel: &Cancel) -> Option<u64> {
        let picked = self.columns.pick(&self.query, self.now)?;
        let wanted = |at: usize| !at.is_multiple_of(STRIDE) || !cancel.is_cancelled();
        let rows = picked.yes.rows().enumerate().take_while(|(at, _)| wanted(*at));
        let found = rows.map(|(_, row)| (row, self.columns.id(row)));
        match &self.by {
            By::Id => found.for_each(|(_, id)| hits.push(id, Key::Id)),
            By::Moment(moments) => found.for_each(|(row, id)| {
                hits.push(id, Key::Moment(moments.get(row).copied().unwrap_or(NO_MOMENT)));
            }),
            By::Column(order) => {
                let column = self.columns.of(&order.field)?;
                let key = |code| order.key(column.values(code).unwrap_or_default().iter());
                let keys: Vec<SortKey> = (0..column.distinct() as u32).map(key).collect();
                found.for_each(|(row, id)| {
                    let key = keys.get(column.code(row) as usize).cloned();
                    hits.push(id, Key::Any(key.unwrap_or(SortKey::MISSING)));
                });
            }
        }
        (!cancel.is_cancelled()).then(|| picked.yes.count() as u64)
    }

    /// Counts combinations of codes first, then of the texts that these stand for.
    fn counts(&self, fields: &[Field]) -> Option<Counts> {
        let picked = self.columns.pick(&self.query, self.now)?;
        let counts = self.columns.counts(fields, &picked.yes, DISTINCT)?;
        let columns: Vec<_> = fields.iter().filter_map(|field| self.columns.of(field)).collect();
        let mut table = Table::default();
        for group in counts.groups {
            let text = |(column, code): (&&Column, &u32)| {
                let values = column.values(*code)?;
                shown(column.field(), &values).map(|text| masked(column.field(), &text).into_owned())
            };
            let texts: Vec<Option<String>> = columns.iter().zip(&group.codes).map(text).collect();
            table.add(&encoded(texts.iter().map(Option::as_deref)), group.count);
        }
        let mut told = table.counts(picked.yes.count() as u64);
        told.others += counts.others;
        Some(told)
    }

    /// All values of a column, each with its rows.
    fn sample(&self, field: Field) -> Option<Sample> {
        let picked = self.columns.pick(&self.query, self.now)?;
        let fields = [field];
        let counts = self.columns.counts(&fields, &picked.yes, DISTINCT)?;
        let column = self.columns.of(&fields[0])?;
        let values = |code: &u32| column.values(*code).unwrap_or_default();
        let groups = counts.groups.iter();
        let groups = groups.filter_map(|group| Some((values(group.codes.first()?), group.count)));
        Some(count_column(&fields[0], groups))
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

impl Cache {
    /// None yet.
    pub fn new() -> Self {
        Self::with_limits(LEAST_ROWS, BUDGET, held)
    }

    /// For databases of at least so many rows, in at most so many bytes, those that `held` says others
    /// take included.
    pub fn with_limits(least: u64, budget: usize, held: fn() -> usize) -> Self {
        let (kept, turn, building) = (Mutex::default(), tokio::sync::Mutex::default(), Mutex::default());
        Self { kept, turn, building, resting: Mutex::default(), least, budget, held }
    }

    /// Bytes that all columns take, about.
    pub fn bytes(&self) -> usize {
        lock(&self.kept).values().map(Kept::bytes).sum()
    }

    /// Drops columns whose room hits take.
    pub fn make_room(&self) {
        let mut kept = lock(&self.kept);
        shrink(&mut kept, self.budget.saturating_sub((self.held)()));
    }

    /// What is being built waits until nobody searches any more.
    pub fn interrupt(&self) {
        lock(&self.building).cancel();
    }

    /// Looks into what is kept of a database, if it still holds.
    async fn look<T>(&self, store: &Arc<dyn SpecStore>, look: impl FnOnce(&Kept) -> Option<T>) -> Option<T> {
        if !lock(&self.kept).contains_key(store.name()) {
            return None;
        }
        let token = store.change_token().await.ok()??;
        let mut kept = lock(&self.kept);
        let last = 1 + kept.values().map(|kept| kept.last).max().unwrap_or(0);
        let of = kept.get_mut(store.name())?;
        // Tokens of another session cannot be compared with this one's.
        if of.token != token || !std::ptr::addr_eq(of.session.as_ptr(), Arc::as_ptr(store)) {
            kept.remove(store.name());
            return None;
        }
        of.last = last;
        look(of)
    }

    /// The answer to a query, if there are columns for all that it asks and is sorted by.
    pub async fn answer(
        &self,
        store: &Arc<dyn SpecStore>,
        query: &Query,
        order: &Order,
        now: i64,
    ) -> Option<Answer> {
        self.look(store, |kept| {
            let by = match KeyReader::new(order).kind() {
                Kind::Id => By::Id,
                Kind::Moment => By::Moment(Arc::clone(kept.moments.as_ref()?)),
                Kind::Any => {
                    kept.columns.of(&order.field)?;
                    By::Column(order.clone())
                }
            };
            kept.answer(query, now, by)
        })
        .await
    }

    /// The counts of values, if there are columns for all that is asked and counted.
    pub async fn counts(
        &self,
        store: &Arc<dyn SpecStore>,
        query: &Query,
        fields: &[Field],
        now: i64,
    ) -> Option<Counts> {
        let look = |kept: &Kept| kept.answer(query, now, By::Id);
        let (answer, fields) = (self.look(store, look).await?, fields.to_vec());
        tokio::task::spawn_blocking(move || answer.counts(&fields)).await.ok()?
    }

    /// The values of a field, if there is a column of it.
    pub async fn sample(&self, store: &Arc<dyn SpecStore>, field: &Field, now: i64) -> Option<Sample> {
        let look = |kept: &Kept| {
            kept.columns.of(field)?;
            kept.answer(&Query::all(), now, By::Id)
        };
        let (answer, field) = (self.look(store, look).await?, field.clone());
        tokio::task::spawn_blocking(move || answer.sample(field)).await.ok()?
    }

    /// Builds what is missing of these fields and of those that lists show, as soon as `is_idle` says
    /// that nobody searches. Nothing is built for a small database, a very large one, or one that cannot
    /// tell whether it was changed.
    pub async fn build(
        &self,
        store: &Arc<dyn SpecStore>,
        fields: Vec<Field>,
        rows: u64,
        is_idle: impl Fn() -> bool,
    ) {
        let fits = (self.least..=MOST_ROWS).contains(&rows);
        if !fits || self.rests(store.name()) || !matches!(store.change_token().await, Ok(Some(_))) {
            return;
        }
        let asked = Wanted { moments: fields.iter().any(|field| field.source == Source::Updated), fields };
        for _ in 0..ATTEMPTS {
            let _turn = self.turn.lock().await;
            while !is_idle() {
                tokio::time::sleep(GLANCE).await;
            }
            let cancel = Cancel::default();
            *lock(&self.building) = cancel.clone();
            if !is_idle() {
                continue;
            }
            let Some(wanted) = self.missing(store, &asked).await else { return };
            let built = self.pass(store, &wanted, rows, &cancel).await;
            if !cancel.is_cancelled() {
                if let Some(built) = built {
                    self.keep(store.name(), built);
                }
                return;
            }
        }
    }

    /// All that is to be there, if something of it is not.
    async fn missing(&self, store: &Arc<dyn SpecStore>, asked: &Wanted) -> Option<Wanted> {
        let kept = self
            .look(store, |kept| Some((kept.fields.clone(), kept.moments.is_some() || kept.refused)))
            .await;
        let (known, moments) = kept.unwrap_or_default();
        let listed = LISTED.iter().filter_map(|name| Field::named(name));
        let mut fields = known.clone();
        for field in listed.chain(asked.fields.iter().cloned()).filter(is_columnar) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        if fields.len() == known.len() && (moments || !asked.moments) {
            return None;
        }
        let surplus = fields.len().saturating_sub(FIELDS);
        fields.drain(..surplus);
        Some(Wanted { fields, moments: moments || asked.moments })
    }

    /// Whether it was changed so often that its columns are not built now.
    fn rests(&self, name: &DatabaseName) -> bool {
        lock(&self.resting).get(name).is_some_and(|rest| Instant::now() < rest.until)
    }

    /// Its columns came too late: it had been changed.
    fn rest(&self, name: &DatabaseName) {
        let mut resting = lock(&self.resting);
        let length = resting.get(name).map_or(REST, |rest| (rest.length * 2).min(LONGEST_REST));
        resting.insert(name.clone(), Rest { until: Instant::now() + length, length });
    }

    /// The bytes that new columns of a database may take. While they are built, the old ones answer, if
    /// there is room for both.
    fn room(&self, name: &DatabaseName) -> usize {
        let mut kept = lock(&self.kept);
        let all = self.budget.saturating_sub((self.held)());
        // What was asked for long ago leaves half of it to what is asked for now.
        shrink(&mut kept, all / 2);
        let sum = |kept: &HashMap<DatabaseName, Kept>| kept.values().map(Kept::bytes).sum::<usize>();
        if kept.get(name).is_some_and(|old| all.saturating_sub(sum(&kept)) < old.bytes() * 2) {
            kept.remove(name);
        }
        all.saturating_sub(sum(&kept))
    }

    /// Reads all rows; None where something was changed meanwhile, or the database failed.
    async fn pass(
        &self,
        store: &Arc<dyn SpecStore>,
        wanted: &Wanted,
        rows: u64,
        cancel: &Cancel,
    ) -> Option<Kept> {
        let before = store.change_token().await.ok()??;
        let room = self.room(store.name());
        // Ids and moments as they come, and the moments alone at the end.
        let rows = usize::try_from(rows).ok()?;
        let of_moments = rows.saturating_mul(MOMENT);
        let refused = wanted.moments && of_moments > room / 2;
        let has_moments = wanted.moments && !refused;
        let room = if has_moments { room - of_moments } else { room };
        let making = Arc::new(Making {
            name: store.name().to_string(),
            fields: wanted.fields.clone(),
            // Two threads read, and while columns grow they take more than they do at the end.
            budget: room / 3,
            builders: Mutex::default(),
            moments: has_moments.then(|| Mutex::new(Vec::with_capacity(rows))),
            cancel: cancel.clone(),
        });
        let visitor: Arc<dyn RowVisitor> = making.clone();
        store.scan(Prefilter::NONE, visitor, cancel.clone()).await.ok()?;
        if cancel.is_cancelled() {
            return None;
        }
        let token = store.change_token().await.ok()??;
        if before != token {
            self.rest(store.name());
            return None;
        }
        lock(&self.resting).remove(store.name());
        let (columns, moments) = tokio::task::spawn_blocking(move || making.finish()).await.ok()??;
        let (session, fields) = (Arc::downgrade(store), wanted.fields.clone());
        Some(Kept { session, token, columns: Arc::new(columns), moments, refused, fields, last: 0 })
    }

    fn keep(&self, name: &DatabaseName, mut built: Kept) {
        let mut kept = lock(&self.kept);
        built.last = 1 + kept.values().map(|kept| kept.last).max().unwrap_or(0);
        kept.insert(name.clone(), built);
        shrink(&mut kept, self.budget.saturating_sub((self.held)()));
    }
}

/// Drops the columns that were not asked for the longest time, until the others fit.
fn shrink(kept: &mut HashMap<DatabaseName, Kept>, room: usize) {
    while kept.values().map(Kept::bytes).sum::<usize>() > room {
        let oldest = kept.iter().min_by_key(|(_, of)| of.last).map(|(name, _)| name.clone());
        let Some(oldest) = oldest else { break };
        kept.remove(&oldest);
    }
}

impl Kept {
    fn answer(&self, query: &Query, now: i64, by: By) -> Option<Answer> {
        let is_there = query.fields().into_iter().all(|field| self.columns.of(field).is_some());
        (is_there && !has_word(&query.expression)).then(|| Answer {
            columns: Arc::clone(&self.columns),
            query: query.clone(),
            now,
            by,
        })
    }
}

/// Takes rows into columns.
struct Making {
    name: String,
    fields: Vec<Field>,
    budget: usize,
    /// One for each thread that reads.
    builders: Mutex<Vec<ColumnsBuilder>>,
    /// Ids and last updates.
    moments: Option<Mutex<Vec<(i64, i64)>>>,
    cancel: Cancel,
}

impl Making {
    fn finish(&self) -> Option<(Columns, Option<Arc<[i64]>>)> {
        let mut builders = std::mem::take(&mut *lock(&self.builders)).into_iter();
        let mut all = builders.next().unwrap_or_else(|| ColumnsBuilder::new(&self.fields, self.budget));
        builders.for_each(|builder| all.append(builder));
        let columns = all.finish();
        let moments = self.moments.as_ref().map(|moments| {
            let mut moments = std::mem::take(&mut *lock(moments));
            moments.sort_unstable();
            moments.into_iter().map(|(_, moment)| moment).collect::<Arc<[i64]>>()
        });
        let fits = moments.as_ref().is_none_or(|moments| moments.len() == columns.len());
        fits.then_some((columns, moments))
    }
}

impl RowVisitor for Making {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        if self.cancel.is_cancelled() {
            return ControlFlow::Break(());
        }
        let RowRef { id, instance_uuid, spec, created, updated } = row;
        let record = Record { database: &self.name, id, instance_uuid, spec, created, updated };
        let own = lock(&self.builders).pop();
        let mut own = own.unwrap_or_else(|| ColumnsBuilder::new(&self.fields, self.budget));
        own.add(&record, Facts::NONE);
        lock(&self.builders).push(own);
        if let Some(moments) = &self.moments {
            lock(moments).push((id, moment(updated)));
        }
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}
