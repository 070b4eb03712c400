//! The rows of a window as they come: replaced, added at an end, dropped far from the cursor; and
//! what is owed to the cursor.
//!
//! Imports its parent and `query`; no I/O.

use super::{Landing, List, Replacement, Stale, Wish};
use crate::app::effect::Requests;
use crate::app::row::Row;
use crate::query::{PageFrom, PageRequest};

impl List {
    pub(super) fn replaced(
        &mut self,
        wanted: Replacement,
        rows: Vec<Row>,
        requests: &mut Requests,
    ) -> Vec<Wish> {
        let full = rows.len() as u32 >= wanted.page.limit;
        if rows.is_empty() && matches!(wanted.page.from, PageFrom::At(_)) {
            // All rows from there on are gone.
            return self.replace(PageFrom::End, Landing::Last, requests);
        }
        let kept = self.selected().cloned().filter(|_| wanted.landing == Landing::Kept);
        let line = self.cursor - self.top.min(self.cursor);
        if let (Some(kept), true) = (&kept, full) {
            let is_there = rows
                .iter()
                .any(|row| (row.place(), &row.instance_uuid) == (kept.place(), &kept.instance_uuid));
            if !is_there && !matches!(&wanted.page.from, PageFrom::At(place) if *place == kept.place()) {
                // Other rows came between, or the cursor went on: from its row, then.
                return self.replace(PageFrom::At(kept.place()), Landing::Kept, requests);
            }
        }
        self.rows = rows.into();
        self.loaded = true;
        self.interrupted = false;
        self.failure = None;
        let last = self.rows.len().saturating_sub(1);
        (self.more_before, self.more_after, self.base) = match wanted.page.from {
            PageFrom::Start => (false, full, Some(0)),
            PageFrom::End => (full, false, (!full).then_some(0)),
            _ => (true, full, None),
        };
        (self.cursor, self.top) = match wanted.landing {
            Landing::First => (0, 0),
            Landing::Last => (last, last),
            Landing::Row { instance_uuid, database, line } => {
                let is_it = |row: &Row| row.instance_uuid == instance_uuid && row.database == database;
                (self.rows.iter().position(is_it).unwrap_or(line).min(last), 0)
            }
            Landing::Kept => {
                let is_it = |row: &Row| {
                    kept.as_ref().is_some_and(|kept| {
                        (&kept.instance_uuid, &kept.database) == (&row.instance_uuid, &row.database)
                    })
                };
                // Where it is gone: the row that stands there now.
                let instead = if matches!(wanted.page.from, PageFrom::At(_)) && full { 0 } else { line };
                let at = self.rows.iter().position(is_it).unwrap_or(instead).min(last);
                (at, at.saturating_sub(line))
            }
        };
        self.keep_cursor_visible();
        self.fill_screen();
        if kept.is_some() {
            self.pay();
        }
        match self.stale.take() {
            Some(Stale::Grown) => return self.grown(requests),
            Some(Stale::Gaps) => return self.supplement(requests),
            None => {}
        }
        let mut wishes = self.prefetch(requests);
        if let (None, Some(first)) = (self.base, self.rows.front()) {
            let request = requests.issue();
            self.ranking = Some((request, first.place()));
            wishes.push(Wish::Rank(request, self.order.clone(), first.place()));
        }
        wishes
    }

    pub(super) fn append(&mut self, rows: Vec<Row>, limit: u32) {
        self.more_after = rows.len() as u32 >= limit;
        self.rows.extend(rows);
        let surplus = self.rows.len().saturating_sub(self.most()).min(self.top);
        if surplus > 0 {
            self.rows.drain(..surplus);
            self.cursor -= surplus;
            self.top -= surplus;
            self.base = self.base.map(|base| base + surplus as u64);
            self.more_before = true;
            self.before = None;
        }
    }

    pub(super) fn prepend(&mut self, rows: Vec<Row>, limit: u32) {
        let came = rows.len();
        self.more_before = came as u32 >= limit;
        for row in rows.into_iter().rev() {
            self.rows.push_front(row);
        }
        self.cursor += came;
        self.top += came;
        self.base = match self.base {
            _ if !self.more_before => Some(0),
            Some(base) => base.checked_sub(came as u64),
            None => None,
        };
        self.fill_screen();
        let needed = self.top + self.height;
        let keep = self.most().max(needed);
        if self.rows.len() > keep {
            self.rows.truncate(keep);
            self.more_after = true;
            self.after = None;
        }
    }

    /// Does what of the owed movement the window allows; what lies beyond its end stays owed only
    /// while there are more rows on that side.
    pub(super) fn pay(&mut self) {
        let last = self.rows.len().saturating_sub(1) as i64;
        let target = self.cursor as i64 + self.owed;
        self.cursor = target.clamp(0, last) as usize;
        self.owed = target - self.cursor as i64;
        let more = if self.owed > 0 { self.more_after } else { self.more_before };
        if !more && self.replacing.is_none() {
            self.owed = 0;
        }
        self.keep_cursor_visible();
    }

    pub(super) fn keep_cursor_visible(&mut self) {
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(self.height));
    }

    /// No empty lines below while there are rows above.
    pub(super) fn fill_screen(&mut self) {
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
    }

    pub(super) fn prefetch(&mut self, requests: &mut Requests) -> Vec<Wish> {
        let mut wishes = Vec::new();
        if self.replacing.is_some() {
            return wishes;
        }
        let limit = self.chunk();
        let below = self.rows.len().saturating_sub(self.top + self.height);
        let wants_after = self.more_after && self.after.is_none() && below < self.height;
        if let (true, Some(row)) = (wants_after, self.rows.back()) {
            let request = requests.issue();
            self.after = Some((request, limit));
            let from = PageFrom::After(row.place());
            wishes.push(Wish::Page(request, PageRequest { order: self.order.clone(), from, limit }));
        }
        let wants_before = self.more_before && self.before.is_none() && self.top < self.height;
        if let (true, Some(row)) = (wants_before, self.rows.front()) {
            let request = requests.issue();
            self.before = Some((request, limit));
            let from = PageFrom::Before(row.place());
            wishes.push(Wish::Page(request, PageRequest { order: self.order.clone(), from, limit }));
        }
        wishes
    }

    pub(super) fn forget_rows(&mut self) {
        self.rows.clear();
        (self.cursor, self.top, self.base) = (0, 0, None);
        (self.more_before, self.more_after) = (false, false);
    }

    /// One screen and the first row below it, which says whether there is more.
    pub(super) fn screen(&self) -> u32 {
        self.height.max(8) as u32 + 1
    }

    pub(super) fn chunk(&self) -> u32 {
        (2 * self.height).max(32) as u32
    }

    pub(super) fn most(&self) -> usize {
        6 * self.chunk() as usize
    }
}
