//! One change of the journal: what is known of it, and its operations with their differences, a few at
//! a time.
//!
//! Imports `change` (the journal's data) and its siblings; no I/O.

use super::text;
use crate::app::effect::{RequestId, Requests};
use crate::app::overlay::Line;
use crate::change::EntryId;
use crate::change::journal::{ChangeRow, EntryRow};

/// Operations that are shown at a time.
pub const PAGE: u32 = 20;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Which.
    pub change: ChangeRow,
    /// What is known of it.
    pub head: Vec<Line>,
    /// The operations that are held, in lines.
    pub lines: Vec<Line>,
    /// First line shown.
    pub scroll: usize,
    /// Why there are none.
    pub error: Option<String>,
    /// Where the pages in front of the one that is held begin.
    before: Vec<Option<EntryId>>,
    /// Where the one that is held begins, and the next one, if there is one.
    from: Option<EntryId>,
    next: Option<EntryId>,
    asked: Option<Asked>,
    /// Whether the first page is wanted from its start.
    homing: bool,
}

/// A page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    request: RequestId,
    from: Option<EntryId>,
    /// Whether it is in front of the one that is held.
    back: bool,
}

impl Detail {
    /// Nothing read yet.
    pub fn new(change: ChangeRow) -> Self {
        let head = text::head(&change);
        Self {
            change,
            head,
            lines: Vec::new(),
            scroll: 0,
            error: None,
            before: Vec::new(),
            from: None,
            next: None,
            asked: None,
            homing: false,
        }
    }

    /// Asks for its first operations.
    pub fn open(&mut self, requests: &mut Requests) -> (RequestId, Option<EntryId>) {
        self.ask(None, false, requests)
    }

    /// Asks for the operations where the screen was scrolled to.
    pub fn turn(&mut self, requests: &mut Requests) -> Option<(RequestId, Option<EntryId>)> {
        if self.asked.is_some() {
            return None;
        }
        match self.scroll {
            0 => {
                let from = self.before.pop()?;
                Some(self.ask(from, true, requests))
            }
            _ => {
                let next = self.next?;
                Some(self.ask(Some(next), false, requests))
            }
        }
    }

    fn ask(
        &mut self,
        from: Option<EntryId>,
        back: bool,
        requests: &mut Requests,
    ) -> (RequestId, Option<EntryId>) {
        let request = requests.issue();
        self.asked = Some(Asked { request, from, back });
        (request, from)
    }

    /// Whether operations are on their way.
    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether there are more, before and behind those that are held.
    pub fn more(&self) -> (bool, bool) {
        (!self.before.is_empty(), self.next.is_some())
    }

    /// Scrolls. True where it goes beyond what is held.
    pub fn scroll_by(&mut self, lines: i64, shown: usize) -> bool {
        let last = self.lines.len().saturating_sub(shown.max(1)) as i64;
        let wanted = (self.scroll as i64).saturating_add(lines);
        let at = self.scroll as i64;
        self.scroll = wanted.clamp(0, last.max(0)) as usize;
        let (before, behind) = self.more();
        // At an end of the page already: the next step turns it.
        if wanted > last && at >= last && behind && lines > 0 {
            self.scroll = self.scroll.max(1);
            return true;
        }
        wanted < 0 && at == 0 && before
    }

    /// To the first operation. True where that is not held.
    pub fn to_start(&mut self) -> bool {
        self.scroll = 0;
        self.before.truncate(1);
        self.homing = !self.before.is_empty();
        self.homing
    }

    /// Operations came. False if nobody waits for them.
    pub fn came(&mut self, request: RequestId, result: Result<Vec<EntryRow>, String>) -> bool {
        let Some(asked) = self.asked.take_if(|asked| asked.request == request) else { return false };
        let entries = match result {
            Ok(entries) => entries,
            Err(reason) => {
                self.error = Some(reason);
                return true;
            }
        };
        if !asked.back && !self.lines.is_empty() {
            self.before.push(self.from);
        }
        self.from = asked.from;
        self.next = entries.last().map(|entry| entry.id).filter(|_| entries.len() == PAGE as usize);
        self.lines = entries.iter().flat_map(text::entry).collect();
        let to_end = asked.back && !std::mem::take(&mut self.homing);
        self.scroll = if to_end { self.lines.len().saturating_sub(1) } else { 0 };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::{entry, row};
    use super::*;

    fn page(total: i64, from: Option<EntryId>) -> Vec<EntryRow> {
        let first = from.map_or(1, |from| from.0 + 1);
        (first..=total).take(PAGE as usize).map(entry).collect()
    }

    #[test]
    fn operations_are_turned_page_by_page() {
        let (mut detail, mut requests) = (Detail::new(row(1)), Requests::default());
        let (request, from) = detail.open(&mut requests);
        assert!(detail.came(request, Ok(page(50, from))));
        let first = detail.lines.clone();
        assert_eq!(detail.more(), (false, true));
        for (expected, more) in [(20, (true, true)), (40, (true, false))] {
            while !detail.scroll_by(10, 10) {}
            let (request, from) = detail.turn(&mut requests).expect("the next page");
            assert_eq!(from, Some(EntryId(expected)));
            assert!(detail.came(request, Ok(page(50, from))));
            assert_eq!((detail.more(), detail.scroll), (more, 0));
        }
        assert!(!detail.scroll_by(1_000, 10) && !detail.scroll_by(1_000, 10), "the end");
        for _ in 0..2 {
            detail.scroll = 0;
            assert!(detail.scroll_by(-1, 10));
            let (request, from) = detail.turn(&mut requests).expect("the page before");
            assert!(detail.came(request, Ok(page(50, from))));
        }
        assert_eq!((detail.lines.clone(), detail.more()), (first, (false, true)));
        assert!(!detail.came(request, Ok(Vec::new())), "nobody waits for it");
    }
}
