//! A list of any length as a window of rows around a cursor.
//!
//! The window holds a few screens of rows. Moving near one of its ends asks for the next rows on
//! that side, by key; rows far from the cursor are dropped. What a movement could not do for want
//! of rows is owed and done when they come. At most one request is under way per direction, and
//! answers that nobody waits for are dropped.
//!
//! Imports `query` and `change` (names); no I/O.

mod window;

use std::collections::VecDeque;
use std::sync::Arc;

use super::effect::{RequestId, Requests};
use super::row::{Failure, Place, Row};
use crate::change::DatabaseName;
use crate::query::{Order, PageFrom, PageRequest};

/// What a list asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Rows.
    Page(RequestId, PageRequest<Place, Order>),
    /// How many rows stand before that place.
    Rank(RequestId, Order, Place),
}

/// Where the cursor shall be when the window was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Landing {
    First,
    Last,
    /// On this row, so many lines below the top; on that line where the row is gone.
    Row {
        instance_uuid: Arc<str>,
        database: DatabaseName,
        line: usize,
    },
    /// On the row where the cursor is when the rows come, on the same line of the screen.
    Kept,
}

/// Why all rows are to be asked for once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stale {
    /// There are more hits.
    Grown,
    /// A database came back whose rows are missing.
    Gaps,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Replacement {
    request: RequestId,
    page: PageRequest<Place, Order>,
    landing: Landing,
    /// The order of the rows that are there until the new ones come.
    order_before: Order,
}

/// The window of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    order: Order,
    rows: VecDeque<Row>,
    cursor: usize,
    top: usize,
    /// Ordinal of the first row of the window, from 0, where known.
    base: Option<u64>,
    more_before: bool,
    more_after: bool,
    replacing: Option<Replacement>,
    before: Option<(RequestId, u32)>,
    after: Option<(RequestId, u32)>,
    ranking: Option<(RequestId, Place)>,
    owed: i64,
    /// Rows came in between while all of them were asked for: ask once more.
    stale: Option<Stale>,
    /// What was asked for will not come: the rows are to be read anew.
    interrupted: bool,
    failure: Option<Failure>,
    loaded: bool,
    height: usize,
}

impl List {
    /// An empty list, nothing asked for yet.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            rows: VecDeque::new(),
            cursor: 0,
            top: 0,
            base: None,
            more_before: false,
            more_after: false,
            replacing: None,
            before: None,
            after: None,
            ranking: None,
            owed: 0,
            stale: None,
            interrupted: false,
            failure: None,
            loaded: false,
            height: 1,
        }
    }

    /// A list with no rows, known to have none; order and height as in `other`.
    pub fn empty_of(other: &List) -> Self {
        Self { height: other.height, loaded: true, base: Some(0), ..Self::new(other.order.clone()) }
    }

    /// The order.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The rows that the pane shows, each with whether it is the cursor's.
    pub fn visible(&self) -> impl Iterator<Item = (bool, &Row)> {
        let cursor = self.cursor;
        self.rows
            .iter()
            .enumerate()
            .skip(self.top)
            .take(self.height)
            .map(move |(at, row)| (at == cursor, row))
    }

    /// All rows that are held.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// Whether what is held reaches to the first row, and to the last one.
    pub fn ends(&self) -> (bool, bool) {
        (!self.more_before, !self.more_after)
    }

    /// The row of the cursor.
    pub fn selected(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// The place of the cursor among the rows that are held.
    pub fn cursor(&self) -> Option<usize> {
        (self.cursor < self.rows.len()).then_some(self.cursor)
    }

    /// Ordinal of the cursor, from 1, where known.
    pub fn ordinal(&self) -> Option<u64> {
        self.base.filter(|_| !self.rows.is_empty()).map(|base| base + self.cursor as u64 + 1)
    }

    /// Whether the pane shows a row of that instance.
    pub fn shows(&self, instance_uuid: &str) -> bool {
        self.visible().any(|(_, row)| &*row.instance_uuid == instance_uuid)
    }

    /// Whether rows came at least once since the list was opened.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether all its rows are asked for anew.
    pub fn is_busy(&self) -> bool {
        self.replacing.is_some()
    }

    /// Whether any rows are on their way.
    pub fn is_waiting(&self) -> bool {
        self.replacing.is_some() || self.before.is_some() || self.after.is_some()
    }

    /// Whether the cursor will stand on another row once the rows come that were asked for.
    pub fn is_moving(&self) -> bool {
        self.owed != 0
            || self.replacing.as_ref().is_some_and(|wanted| match (&wanted.landing, self.selected()) {
                (Landing::Row { instance_uuid, database, .. }, Some(row)) => {
                    *instance_uuid != row.instance_uuid || *database != row.database
                }
                (landing, _) => *landing != Landing::Kept,
            })
    }

    /// Whether it is on its way to a row that was named: see [`List::jump`].
    pub fn is_jumping(&self) -> bool {
        let jumps = |wanted: &Replacement| matches!(wanted.landing, Landing::Row { .. });
        self.is_moving() && self.replacing.as_ref().is_some_and(jumps)
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether all rows there are fit into the pane: an exact count, then.
    pub fn whole(&self) -> Option<u64> {
        (self.loaded && !self.more_before && !self.more_after).then_some(self.rows.len() as u64)
    }

    /// Why there are no rows, or why those that are there are old.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Number of rows held, which stays within a few screens.
    pub fn window_len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows the pane shows.
    pub fn height(&self) -> u16 {
        self.height as u16
    }

    /// The pane shows so many rows now.
    pub fn set_height(&mut self, height: u16, requests: &mut Requests) -> Vec<Wish> {
        self.height = usize::from(height.max(1));
        self.keep_cursor_visible();
        self.fill_screen();
        self.prefetch(requests)
    }

    /// From the first row, in that order.
    pub fn open(&mut self, order: Order, requests: &mut Requests) -> Vec<Wish> {
        let before = self.replacing.as_ref().map_or(&self.order, |wanted| &wanted.order_before).clone();
        self.order = order;
        let wishes = self.replace(PageFrom::Start, Landing::First, requests);
        if let Some(wanted) = &mut self.replacing {
            wanted.order_before = before;
        }
        wishes
    }

    /// The same rows anew, the cursor kept where it is.
    pub fn reload(&mut self, requests: &mut Requests) -> Vec<Wish> {
        let Some(selected) = self.selected() else {
            return self.replace(PageFrom::Start, Landing::First, requests);
        };
        let line = self.cursor - self.top.min(self.cursor);
        let (instance_uuid, database) = (selected.instance_uuid.clone(), selected.database.clone());
        let from = self.place_of_top();
        self.replace(from, Landing::Row { instance_uuid, database, line }, requests)
    }

    /// Nothing that was asked for is awaited any more.
    pub fn rest(&mut self) {
        self.interrupted |= self.replacing.is_some() || self.ranking.is_some();
        (self.replacing, self.before, self.after, self.ranking) = (None, None, None, None);
        (self.owed, self.stale) = (0, None);
    }

    /// The rows stay as they are, and no others are asked for, until those of that order come
    /// ([`List::open`]).
    pub fn freeze(&mut self, order: Order) {
        self.rest();
        self.order = order;
        (self.more_before, self.more_after, self.base) = (false, false, None);
    }

    /// It is shown again after another one, to which the answers went that it waited for.
    pub fn resume(&mut self, height: u16, requests: &mut Requests) -> Vec<Wish> {
        self.rest();
        if !self.loaded {
            self.height = usize::from(height.max(1));
            return self.open(self.order.clone(), requests);
        }
        let wishes = self.set_height(height, requests);
        if self.interrupted { self.reload(requests) } else { wishes }
    }

    fn place_of_top(&self) -> PageFrom<Place> {
        match self.rows.get(self.top) {
            Some(_) if self.top == 0 && !self.more_before => PageFrom::Start,
            Some(row) => PageFrom::At(row.place()),
            None => PageFrom::Start,
        }
    }

    /// The same rows anew, and rows between them that were missing; nobody waits for that: those
    /// that are there can be moved over meanwhile, and the cursor stays on its row.
    pub fn supplement(&mut self, requests: &mut Requests) -> Vec<Wish> {
        if self.replacing.is_some() {
            self.stale = self.stale.or(Some(Stale::Gaps));
            return Vec::new();
        }
        if self.rows.is_empty() {
            return self.replace(PageFrom::Start, Landing::First, requests);
        }
        let from = self.place_of_top();
        self.replace(from, Landing::Kept, requests)
    }

    /// Whether somebody waits for that answer: it is needed to go on, and cannot be late.
    pub fn is_urgent(&self, request: RequestId) -> bool {
        match &self.replacing {
            Some(wanted) if wanted.request == request => wanted.landing != Landing::Kept || self.owed != 0,
            _ => self.waits_for(request) && self.owed != 0,
        }
    }

    /// Whether an answer to that is awaited.
    pub fn waits_for(&self, request: RequestId) -> bool {
        let replacing = self.replacing.as_ref().map(|wanted| wanted.request);
        let beside = [self.before, self.after].map(|slot| slot.map(|(id, _)| id));
        let ranking = self.ranking.as_ref().map(|(id, _)| *id);
        [replacing, beside[0], beside[1], ranking].contains(&Some(request))
    }

    /// To a row that need not be in the window.
    pub fn jump(&mut self, to: &Row, requests: &mut Requests) -> Vec<Wish> {
        let (instance_uuid, database) = (to.instance_uuid.clone(), to.database.clone());
        let is_it = |row: &Row| row.instance_uuid == instance_uuid && row.database == database;
        let here = self.rows.iter().position(is_it).filter(|_| self.replacing.is_none());
        if let Some(at) = here {
            (self.cursor, self.owed) = (at, 0);
            self.keep_cursor_visible();
            return self.prefetch(requests);
        }
        self.replace(PageFrom::At(to.place()), Landing::Row { instance_uuid, database, line: 0 }, requests)
    }

    /// To the first row.
    pub fn first(&mut self, requests: &mut Requests) -> Vec<Wish> {
        if self.more_before || self.replacing.is_some() {
            return self.replace(PageFrom::Start, Landing::First, requests);
        }
        (self.cursor, self.top, self.owed) = (0, 0, 0);
        self.prefetch(requests)
    }

    /// To the last row.
    pub fn last(&mut self, requests: &mut Requests) -> Vec<Wish> {
        if self.more_after || self.replacing.is_some() {
            return self.replace(PageFrom::End, Landing::Last, requests);
        }
        (self.cursor, self.owed) = (self.rows.len().saturating_sub(1), 0);
        self.keep_cursor_visible();
        self.prefetch(requests)
    }

    /// So many rows down (up where negative).
    pub fn move_by(&mut self, rows: i64, requests: &mut Requests) -> Vec<Wish> {
        // A key held down must not owe more than what one answer brings.
        let most = 4 * self.height as i64;
        self.owed = (self.owed + rows).clamp(-most, most);
        self.pay();
        self.prefetch(requests)
    }

    /// A screen down (up where negative), the cursor on the same line of it.
    pub fn page_by(&mut self, pages: i64, requests: &mut Requests) -> Vec<Wish> {
        let step = pages * (self.height as i64 - 1).max(1);
        let line = self.cursor - self.top.min(self.cursor);
        let wishes = self.move_by(step, requests);
        let highest = self.rows.len().saturating_sub(self.height);
        self.top = self.cursor.saturating_sub(line).min(highest);
        self.keep_cursor_visible();
        wishes
    }

    /// The view moves, the cursor only as far as it must.
    pub fn scroll(&mut self, lines: i64, requests: &mut Requests) -> Vec<Wish> {
        let highest = self.rows.len().saturating_sub(self.height) as i64;
        self.top = (self.top as i64 + lines).clamp(0, highest.max(0)) as usize;
        self.cursor = self.cursor.clamp(self.top, self.top + self.height - 1).min(self.rows.len().max(1) - 1);
        self.prefetch(requests)
    }

    /// Puts the cursor on that line of the pane. False where there is no row.
    pub fn click(&mut self, line: usize) -> bool {
        let at = self.top + line;
        let hit = line < self.height && at < self.rows.len();
        if hit {
            self.cursor = at;
            self.owed = 0;
        }
        hit
    }

    /// Rows came. None if nobody waits for them.
    pub fn page(
        &mut self,
        request: RequestId,
        result: Result<Vec<Row>, Failure>,
        requests: &mut Requests,
    ) -> Option<Vec<Wish>> {
        if self.replacing.as_ref().is_some_and(|wanted| wanted.request == request) {
            let wanted = self.replacing.take()?;
            return Some(match result {
                Ok(rows) => self.replaced(wanted, rows, requests),
                Err(failure) => {
                    // Rows that were read before are worth more than none.
                    if failure == Failure::NoTable {
                        self.forget_rows();
                    } else if !self.rows.is_empty() {
                        self.order = wanted.order_before;
                    }
                    self.failure = Some(failure);
                    Vec::new()
                }
            });
        }
        let is =
            |slot: &Option<(RequestId, u32)>| slot.filter(|(id, _)| *id == request).map(|(_, limit)| limit);
        let (limit, at_end) = match (is(&self.before), is(&self.after)) {
            (Some(limit), _) => (limit, false),
            (_, Some(limit)) => (limit, true),
            (None, None) => return None,
        };
        if at_end {
            self.after = None
        } else {
            self.before = None
        }
        match result {
            Ok(rows) => {
                self.failure = None;
                if at_end { self.append(rows, limit) } else { self.prepend(rows, limit) }
            }
            Err(failure) => {
                self.owed = 0;
                self.failure = Some(failure);
                return Some(Vec::new());
            }
        }
        self.pay();
        Some(self.prefetch(requests))
    }

    /// The answer to a [`Wish::Rank`]. False if nobody waits for it.
    pub fn rank(&mut self, request: RequestId, result: &Result<u64, Failure>) -> bool {
        let Some((_, place)) = self.ranking.take_if(|(id, _)| *id == request) else { return false };
        if let (Ok(rank), Some(at)) = (result, self.rows.iter().position(|row| row.place() == place)) {
            self.base = rank.checked_sub(at as u64);
        }
        true
    }

    /// More hits of a search are known: rows may have come before, between and after those held.
    pub fn grown(&mut self, requests: &mut Requests) -> Vec<Wish> {
        if self.replacing.is_some() {
            self.stale = Some(Stale::Grown);
            return Vec::new();
        }
        if self.cursor == 0 && self.top == 0 {
            return self.replace(PageFrom::Start, Landing::First, requests);
        }
        self.reload(requests)
    }

    fn replace(&mut self, from: PageFrom<Place>, landing: Landing, requests: &mut Requests) -> Vec<Wish> {
        let request = requests.issue();
        let page = PageRequest { order: self.order.clone(), from, limit: self.screen() };
        let order_before = self.replacing.as_ref().map_or(&self.order, |wanted| &wanted.order_before).clone();
        self.replacing = Some(Replacement { request, page: page.clone(), landing, order_before });
        (self.before, self.after, self.ranking, self.owed) = (None, None, None, 0);
        vec![Wish::Page(request, page)]
    }
}
