//! Columns of whole databases, kept for what is asked again: queries, orders and counts are answered
//! from them without reading a row.
//!
//! They are built aside, one pass at a time, while nobody searches, and hold as long as the database
//! says that nothing has changed ([`SpecStore::change_token`], of one session). A field has a column if
//! it is the row's own and has not too many different values. All together take [`BUDGET`] bytes at
//! most; what was not used for the longest time goes first.
//!
//! Imports `query`, `store` and its siblings.

mod column;
mod select;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use column::{Builder, Column, encode};
use select::{Rows, select};

use super::facets::{Counts, Table, encoded};
use super::hits::Hits;
use super::keys::{Key, KeyReader, Kind, moment};
use super::values::masked;
use crate::query::expression::Expression;
use crate::query::extract::Extractor;
use crate::query::fields::Source;
use crate::query::prefilter::Prefilter;
use crate::query::record::{Facts, Record};
use crate::query::sort_key::shown;
use crate::query::{Field, Order, Query, SortKey};
use crate::store::{Cancel, ChangeToken, DatabaseName, RowRef, RowVisitor, SpecStore};

/// Bytes of all columns.
pub const BUDGET: usize = 64 << 20;
/// Rows from which on columns are worth their making.
pub const LEAST_ROWS: u64 = 10_000;
/// Rows that fit into the budget with a column or two; larger databases have none.
const MOST_ROWS: usize = 5_000_000;
/// Fields that are counted together at most.
const COUNTED: usize = 4;
/// How often it is looked whether nobody searches.
const GLANCE: Duration = Duration::from_millis(50);
/// Interrupted so often, it is given up until the next search.
const ATTEMPTS: u32 = 10;
/// What lists show anyway is taken along.
const LISTED: [&str; 6] = ["flavor", "az", "vcpus", "ram", "project", "version"];

/// The columns of all databases.
pub struct Cache {
    kept: Mutex<HashMap<DatabaseName, Kept>>,
    /// One is built at a time.
    turn: tokio::sync::Mutex<()>,
    /// What is being built now.
    building: Mutex<Cancel>,
    least: u64,
    budget: usize,
}

/// The columns of a database, at a time.
struct Kept {
    session: Weak<dyn SpecStore>,
    token: ChangeToken,
    ids: Arc<[i64]>,
    /// Last updates, in microseconds since 1970, for the order that databases page in.
    moments: Option<Arc<[i64]>>,
    columns: Vec<Used>,
    /// Fields that have too many different values.
    refused: Vec<Field>,
}

struct Used {
    column: Arc<Column>,
    /// The greater the later.
    last: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        let moments = self.moments.as_ref().map_or(0, |moments| size_of_val(&**moments));
        let columns: usize = self.columns.iter().map(|used| used.column.bytes()).sum();
        size_of_val(&*self.ids) + moments + columns
    }

    fn column(&mut self, field: &Field, now: u64) -> Option<Arc<Column>> {
        let used = self.columns.iter_mut().find(|used| used.column.field == *field)?;
        used.last = now;
        Some(Arc::clone(&used.column))
    }

    /// What is still to be built of these.
    fn missing(&self, fields: &[Field]) -> Vec<Field> {
        let known = |field: &Field| {
            self.refused.contains(field) || self.columns.iter().any(|used| used.column.field == *field)
        };
        fields.iter().filter(|field| !known(field)).cloned().collect()
    }
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

/// Whether a query asks for fields alone.
fn is_of_fields(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().all(is_of_fields),
        Expression::Not(part) => is_of_fields(part),
        Expression::Test(test) => is_columnar(&test.field),
        Expression::Word(_) => false,
    }
}

/// A query answered by columns.
pub struct Answer {
    expression: Expression,
    now: i64,
    ids: Arc<[i64]>,
    columns: Vec<Arc<Column>>,
    by: By,
}

/// What the hits are sorted by.
enum By {
    Id,
    Moment(Arc<[i64]>),
    Column(Arc<Column>, Order),
}

impl Answer {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.ids.len() as u64
    }

    fn selected(&self) -> Option<Rows> {
        let columns: Vec<&Column> = self.columns.iter().map(|column| &**column).collect();
        select(&self.expression, &columns, self.ids.len(), self.now)
    }

    /// Adds the hits; gives their number.
    pub fn fill(&self, hits: &mut Hits) -> u64 {
        let Some(rows) = self.selected() else { return 0 };
        let found = rows.iter().filter_map(|row| Some((row, *self.ids.get(row)?)));
        match &self.by {
            By::Id => found.for_each(|(_, id)| hits.push(id, Key::Id)),
            By::Moment(moments) => found.for_each(|(row, id)| {
                hits.push(id, Key::Moment(moments.get(row).copied().unwrap_or(i64::MIN)));
            }),
            By::Column(column, order) => {
                let keys: Vec<SortKey> = column.entries.iter().map(|values| order.key(values)).collect();
                found.for_each(|(row, id)| {
                    let key = keys.get(usize::from(column.codes.get(row))).cloned();
                    hits.push(id, Key::Any(key.unwrap_or(SortKey::MISSING)));
                });
            }
        }
        rows.count()
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
        Self::with_limits(LEAST_ROWS, BUDGET)
    }

    /// For databases of at least so many rows, in at most so many bytes.
    pub fn with_limits(least: u64, budget: usize) -> Self {
        Self {
            kept: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            building: Mutex::default(),
            least,
            budget,
        }
    }

    /// Bytes that all columns take, about.
    pub fn bytes(&self) -> usize {
        lock(&self.kept).values().map(Kept::bytes).sum()
    }

    /// What is being built waits until nobody searches any more.
    pub fn interrupt(&self) {
        lock(&self.building).cancel();
    }

    /// Looks into what is kept of a database, if it still holds.
    async fn look<T>(
        &self,
        store: &Arc<dyn SpecStore>,
        look: impl FnOnce(&mut Kept, u64) -> Option<T>,
    ) -> Option<T> {
        if !lock(&self.kept).contains_key(store.name()) {
            return None;
        }
        let token = store.change_token().await.ok()??;
        let mut kept = lock(&self.kept);
        let now = 1 + kept.values().flat_map(|kept| &kept.columns).map(|used| used.last).max().unwrap_or(0);
        let of = kept.get_mut(store.name())?;
        if of.token != token || !is_of(of, store) {
            kept.remove(store.name());
            return None;
        }
        look(of, now)
    }

    /// The answer to a query, if there are columns for all that it asks and is sorted by.
    pub async fn answer(
        &self,
        store: &Arc<dyn SpecStore>,
        query: &Query,
        order: &Order,
        now: i64,
    ) -> Option<Answer> {
        if !is_of_fields(&query.expression) {
            return None;
        }
        self.look(store, |kept, used| {
            let columns =
                query.fields().into_iter().map(|field| kept.column(field, used)).collect::<Option<_>>()?;
            let by = match KeyReader::new(order).kind() {
                Kind::Id => By::Id,
                Kind::Moment => By::Moment(Arc::clone(kept.moments.as_ref()?)),
                Kind::Any => By::Column(kept.column(&order.field, used)?, order.clone()),
            };
            let (expression, ids) = (query.expression.clone(), Arc::clone(&kept.ids));
            Some(Answer { expression, now, ids, columns, by })
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
        if !is_of_fields(&query.expression) || fields.len() > COUNTED {
            return None;
        }
        let (answer, counted) = self
            .look(store, |kept, used| {
                let mut columns = |fields: &mut dyn Iterator<Item = &Field>| {
                    fields.map(|field| kept.column(field, used)).collect::<Option<Vec<_>>>()
                };
                let (asked, counted) =
                    (columns(&mut query.fields().into_iter())?, columns(&mut fields.iter())?);
                let (expression, ids) = (query.expression.clone(), Arc::clone(&kept.ids));
                Some((Answer { expression, now, ids, columns: asked, by: By::Id }, counted))
            })
            .await?;
        tokio::task::spawn_blocking(move || count(&answer, &counted)).await.ok()?
    }

    /// Builds what is missing of these fields and of those that lists show, as soon as `is_idle` says
    /// that nobody searches. Nothing is built for a small database, or one that cannot tell whether it
    /// was changed.
    pub async fn build(
        &self,
        store: &Arc<dyn SpecStore>,
        mut fields: Vec<Field>,
        rows: u64,
        is_idle: impl Fn() -> bool,
    ) {
        if rows < self.least || !matches!(store.change_token().await, Ok(Some(_))) {
            return;
        }
        let moments = fields.iter().any(|field| field.source == Source::Updated);
        fields.extend(LISTED.iter().filter_map(|name| Field::named(name)));
        fields.retain(is_columnar);
        let mut each: Vec<Field> = Vec::new();
        for field in fields {
            if !each.contains(&field) {
                each.push(field);
            }
        }
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
            let missing =
                self.look(store, |kept, _| Some((kept.missing(&each), kept.moments.is_none()))).await;
            let (missing, without_moments) = missing.unwrap_or((each.clone(), true));
            let moments = moments && without_moments;
            if missing.is_empty() && !moments {
                return;
            }
            let built = self.pass(store, missing, moments, &cancel).await;
            if !cancel.is_cancelled() {
                if let Some((token, built)) = built {
                    self.keep(store, token, built);
                }
                return;
            }
        }
    }

    /// Reads all rows; None where something was changed meanwhile, or the database failed.
    async fn pass(
        &self,
        store: &Arc<dyn SpecStore>,
        fields: Vec<Field>,
        moments: bool,
        cancel: &Cancel,
    ) -> Option<(ChangeToken, Built)> {
        let before = store.change_token().await.ok()??;
        let making = Arc::new(Making {
            name: store.name().to_string(),
            extractor: Extractor::new(&fields),
            state: Mutex::new(State {
                ids: Vec::new(),
                moments: moments.then(Vec::new),
                builders: fields.into_iter().map(Builder::new).collect(),
            }),
            cancel: cancel.clone(),
        });
        let visitor: Arc<dyn RowVisitor> = making.clone();
        store.scan(Prefilter::NONE, visitor, cancel.clone()).await.ok()?;
        if cancel.is_cancelled() {
            return None;
        }
        let after = store.change_token().await.ok()??;
        let state = std::mem::replace(
            &mut *lock(&making.state),
            State { ids: Vec::new(), moments: None, builders: Vec::new() },
        );
        if before != after || state.ids.len() > MOST_ROWS {
            return None;
        }
        let built = tokio::task::spawn_blocking(move || state.finish()).await.ok()?;
        Some((after, built))
    }

    fn keep(&self, store: &Arc<dyn SpecStore>, token: ChangeToken, built: Built) {
        let mut kept = lock(&self.kept);
        let last = 1 + kept.values().flat_map(|kept| &kept.columns).map(|used| used.last).max().unwrap_or(0);
        let columns = built.columns.into_iter().map(|column| Used { column: Arc::new(column), last });
        match kept.get_mut(store.name()).filter(|of| of.token == token && is_of(of, store)) {
            Some(of) => {
                of.columns.extend(columns);
                of.refused.extend(built.refused);
                of.moments = built.moments.or(of.moments.take());
            }
            None => {
                let fresh = Kept {
                    session: Arc::downgrade(store),
                    token,
                    ids: built.ids,
                    moments: built.moments,
                    columns: columns.collect(),
                    refused: built.refused,
                };
                kept.insert(store.name().clone(), fresh);
            }
        }
        while kept.values().map(Kept::bytes).sum::<usize>() > self.budget {
            let oldest =
                kept.iter().flat_map(|(name, of)| of.columns.iter().map(move |used| (used.last, name)));
            match oldest.min().map(|(last, name)| (last, name.clone())) {
                Some((last, name)) => {
                    if let Some(of) = kept.get_mut(&name)
                        && let Some(at) = of.columns.iter().position(|used| used.last == last)
                    {
                        of.columns.swap_remove(at);
                    }
                }
                // What is left are ids and moments without a column.
                None => kept.clear(),
            }
        }
    }
}

fn is_of(kept: &Kept, store: &Arc<dyn SpecStore>) -> bool {
    std::ptr::addr_eq(kept.session.as_ptr(), Arc::as_ptr(store))
}

/// Counts combinations of entries first, which are numbers, then of their texts.
fn count(answer: &Answer, counted: &[Arc<Column>]) -> Option<Counts> {
    let rows = answer.selected()?;
    let mut combinations: HashMap<u64, u64> = HashMap::new();
    for row in rows.iter() {
        let key = counted.iter().fold(0, |key, column| key << 16 | u64::from(column.codes.get(row)));
        *combinations.entry(key).or_default() += 1;
    }
    let mut table = Table::default();
    for (key, count) in combinations {
        let texts: Vec<_> = counted
            .iter()
            .rev()
            .enumerate()
            .map(|(at, column)| {
                let code = (key >> (16 * at)) as u16;
                let values = column.entries.get(usize::from(code))?;
                shown(&column.field, values).map(|text| masked(&column.field, &text).into_owned())
            })
            .collect();
        table.add(&encoded(texts.iter().rev().map(Option::as_deref)), count);
    }
    Some(table.counts(rows.count()))
}

/// Takes rows into columns.
struct Making {
    name: String,
    extractor: Extractor,
    state: Mutex<State>,
    cancel: Cancel,
}

struct State {
    ids: Vec<i64>,
    moments: Option<Vec<i64>>,
    builders: Vec<Builder>,
}

/// Columns of one pass, in the order of ids.
struct Built {
    ids: Arc<[i64]>,
    moments: Option<Arc<[i64]>>,
    columns: Vec<Column>,
    refused: Vec<Field>,
}

impl State {
    fn finish(self) -> Built {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by_key(|row| self.ids.get(*row as usize));
        let ordered = |numbers: &[i64]| -> Arc<[i64]> {
            order.iter().map(|row| numbers.get(*row as usize).copied().unwrap_or_default()).collect()
        };
        let (mut columns, mut refused) = (Vec::new(), Vec::new());
        for builder in self.builders {
            match builder.finish(&order) {
                Ok(column) => columns.push(column),
                Err(field) => refused.push(field),
            }
        }
        Built { ids: ordered(&self.ids), moments: self.moments.as_deref().map(ordered), columns, refused }
    }
}

thread_local! {
    /// The values of a row, by field.
    static KEYS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

impl RowVisitor for Making {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        if self.cancel.is_cancelled() {
            return ControlFlow::Break(());
        }
        let RowRef { id, instance_uuid, spec, created, updated } = row;
        let record = Record { database: &self.name, id, instance_uuid, spec, created, updated };
        KEYS.with_borrow_mut(|keys| {
            keys.iter_mut().for_each(Vec::clear);
            self.extractor.each(&record, Facts::NONE, &mut |field, value| {
                if keys.len() <= field {
                    keys.resize_with(field + 1, Vec::new);
                }
                if let Some(key) = keys.get_mut(field) {
                    encode(&value, key);
                }
            });
            let mut state = lock(&self.state);
            state.ids.push(id);
            if let Some(moments) = &mut state.moments {
                moments.push(moment(updated));
            }
            for (field, builder) in state.builders.iter_mut().enumerate() {
                builder.push(keys.get(field).map_or(&[], Vec::as_slice));
            }
            if state.ids.len() > MOST_ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn progress(&self, _rows: u64) {}
}
