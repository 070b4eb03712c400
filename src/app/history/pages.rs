//! A window of the journal's changes, the newest first: a few pages around the cursor. Pages further
//! away are dropped, and read again when the cursor comes back.
//!
//! Imports `change` (the journal's data); no I/O.

use std::collections::VecDeque;

use crate::app::effect::{RequestId, Requests};
use crate::change::ChangeId;
use crate::change::journal::ChangeRow;

/// Changes of a page.
pub const PAGE: u32 = 100;
/// Pages that are held.
const HELD: usize = 3;
/// So many lines before an end of the window the next page is asked for.
const NEAR: usize = 20;

/// A page: from that change on, itself not included; none: the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    before: Option<ChangeId>,
    rows: Vec<ChangeRow>,
}

/// Where the page goes that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Instead of all.
    Anew,
    /// Behind those that are held.
    Behind,
    /// In front of them.
    InFront,
}

/// The window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pages {
    /// Where the pages in front of the window begin, which were dropped.
    dropped: Vec<Option<ChangeId>>,
    held: VecDeque<Page>,
    /// The chosen change, its place in the window.
    cursor: usize,
    /// Whether the last page is the journal's.
    ended: bool,
    asked: Option<(RequestId, Place, Option<ChangeId>)>,
    /// Whether rows came at least once.
    pub loaded: bool,
    /// Why there are none, or no more.
    pub error: Option<String>,
}

impl Pages {
    /// The changes that are held.
    pub fn rows(&self) -> impl Iterator<Item = &ChangeRow> {
        self.held.iter().flat_map(|page| &page.rows)
    }

    /// How many those are.
    pub fn count(&self) -> usize {
        self.held.iter().map(|page| page.rows.len()).sum()
    }

    /// The place of the chosen one among them.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// How many stand in front of the window.
    pub fn in_front(&self) -> u64 {
        self.dropped.len() as u64 * u64::from(PAGE)
    }

    /// Whether there are more behind the window.
    pub fn has_more(&self) -> bool {
        !self.ended
    }

    /// The chosen one.
    pub fn chosen(&self) -> Option<&ChangeRow> {
        self.rows().nth(self.cursor)
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, lines: i64) {
        let last = self.count().saturating_sub(1) as i64;
        self.cursor = (self.cursor as i64).saturating_add(lines).clamp(0, last.max(0)) as usize;
    }

    /// From the newest on.
    pub fn reread(&mut self, requests: &mut Requests) -> (RequestId, Option<ChangeId>) {
        self.ask(Place::Anew, None, requests)
    }

    /// The page that is missing near the cursor, if one is and none is on its way.
    pub fn follow(&mut self, requests: &mut Requests) -> Option<(RequestId, Option<ChangeId>)> {
        if self.asked.is_some() || !self.loaded {
            return None;
        }
        if self.cursor + NEAR >= self.count() && !self.ended {
            let before = self.rows().last().map(|row| row.id);
            return Some(self.ask(Place::Behind, before, requests));
        }
        if self.cursor < NEAR && !self.dropped.is_empty() {
            let before = self.dropped.last().copied().flatten();
            return Some(self.ask(Place::InFront, before, requests));
        }
        None
    }

    fn ask(
        &mut self,
        place: Place,
        before: Option<ChangeId>,
        requests: &mut Requests,
    ) -> (RequestId, Option<ChangeId>) {
        let request = requests.issue();
        self.asked = Some((request, place, before));
        (request, before)
    }

    /// Changes came. False if nobody waits for them.
    pub fn came(&mut self, request: RequestId, result: Result<Vec<ChangeRow>, String>) -> bool {
        let Some((_, place, before)) = self.asked.take_if(|(asked, ..)| *asked == request) else {
            return false;
        };
        let rows = match result {
            Ok(rows) => rows,
            Err(reason) => {
                self.error = Some(reason);
                (self.loaded, self.ended) = (true, true);
                return true;
            }
        };
        self.error = None;
        let is_last = rows.len() < PAGE as usize;
        let page = Page { before, rows };
        match place {
            Place::Anew => {
                let chosen = self.chosen().map(|row| row.id);
                *self =
                    Self { loaded: true, ended: is_last, held: VecDeque::from([page]), ..Self::default() };
                // A change that was chosen stays so, as long as it is on the first page.
                let at = self.rows().position(|row| Some(row.id) == chosen);
                self.cursor = at.unwrap_or(0);
            }
            Place::Behind => {
                self.ended = is_last;
                self.held.push_back(page);
                if self.held.len() > HELD
                    && let Some(first) = self.held.pop_front()
                {
                    self.cursor = self.cursor.saturating_sub(first.rows.len());
                    self.dropped.push(first.before);
                }
            }
            Place::InFront => {
                self.dropped.pop();
                self.cursor += page.rows.len();
                self.held.push_front(page);
                if self.held.len() > HELD && self.held.pop_back().is_some() {
                    self.ended = false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::row;
    use super::*;

    /// A journal of so many changes, asked until nothing is missing.
    fn answer(pages: &mut Pages, total: i64, asked: (RequestId, Option<ChangeId>)) {
        let newest = asked.1.map_or(total, |before| before.0 - 1);
        let rows = (1..=newest).rev().take(PAGE as usize).map(row).collect();
        assert!(pages.came(asked.0, Ok(rows)));
    }

    fn settle(pages: &mut Pages, total: i64, requests: &mut Requests) {
        while let Some(asked) = pages.follow(requests) {
            answer(pages, total, asked);
        }
    }

    #[test]
    fn a_long_journal_is_walked_to_its_end_and_back_in_bounded_memory() {
        let (mut pages, mut requests) = (Pages::default(), Requests::default());
        let asked = pages.reread(&mut requests);
        answer(&mut pages, 1_050, asked);
        let mut seen = vec![pages.chosen().map(|row| row.id.0)];
        for _ in 1..1_050 {
            pages.move_by(1);
            settle(&mut pages, 1_050, &mut requests);
            assert!(pages.count() <= HELD * PAGE as usize);
            seen.push(pages.chosen().map(|row| row.id.0));
        }
        assert_eq!(seen, (1..=1_050).rev().map(Some).collect::<Vec<_>>());
        assert!(!pages.has_more());
        for id in 2..=1_050 {
            pages.move_by(-1);
            settle(&mut pages, 1_050, &mut requests);
            assert!(pages.count() <= HELD * PAGE as usize);
            assert_eq!(pages.chosen().map(|row| row.id.0), Some(id));
        }
        assert_eq!(pages.in_front(), 0);
    }

    #[test]
    fn a_late_page_is_dropped_and_a_failure_is_told() {
        let (mut pages, mut requests) = (Pages::default(), Requests::default());
        let late = pages.reread(&mut requests);
        let asked = pages.reread(&mut requests);
        assert!(!pages.came(late.0, Ok(vec![row(9)])));
        answer(&mut pages, 3, asked);
        assert_eq!(pages.count(), 3);
        pages.move_by(1);
        let asked = pages.reread(&mut requests);
        answer(&mut pages, 4, asked);
        assert_eq!(pages.chosen().map(|row| row.id.0), Some(2), "the chosen change stays chosen");
        let asked = pages.reread(&mut requests);
        assert!(pages.came(asked.0, Err("it is locked".to_owned())));
        assert_eq!((pages.error.as_deref(), pages.count()), (Some("it is locked"), 4), "what is there stays");
    }
}
