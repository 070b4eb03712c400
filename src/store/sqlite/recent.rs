//! Pages by last update. No index serves this order, so its keys take a pass over the table: one
//! pass gives the keys of some forty pages, and they are kept until the database changes.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Row, ToSql};

use super::read::UPDATED;
use crate::query::{PageFrom, PageKey, PageRequest};

/// Keys of one pass; SQLite keeps no more than these while it sorts.
const KEYS: u32 = 2_000;

/// Tells two states of a database apart, as one session sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// How often the session opened the file anew.
    pub generation: u64,
    /// Changes with each commit of another connection.
    pub data_version: i64,
    /// Changes with each change of this connection.
    pub own_changes: u64,
}

/// Consecutive keys of the order, newest first.
#[derive(Debug)]
pub(super) struct Window {
    keys: Vec<PageKey>,
    /// It begins with the first row of all.
    has_first: bool,
    /// It ends with the last row of all.
    has_last: bool,
}

/// The keys of the last pass, and what they were true of.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Option<(Version, Window)>>);

impl Recent {
    /// The ids of a page, if the kept keys tell them.
    pub fn ids(&self, version: Version, request: &PageRequest) -> Option<Vec<i64>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, window) = kept.as_ref()?;
        if *of == version { window.ids(request) } else { None }
    }

    /// Keep the keys of a pass that began at that version.
    pub fn keep(&self, version: Version, window: Window) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((version, window));
    }
}

impl Window {
    /// The ids of a page, if this window holds all of it.
    pub fn ids(&self, request: &PageRequest) -> Option<Vec<i64>> {
        let limit = request.limit as usize;
        let count = self.keys.len();
        // Where the rows before a key end; unknown where the key lies outside.
        let before = |key: &PageKey, included: bool| {
            let place =
                self.keys.partition_point(|kept| is_before(kept, key) || (included && same(kept, key)));
            let known = (place > 0 || self.has_first) && (place < count || self.has_last);
            known.then_some(place)
        };
        let range = match &request.from {
            PageFrom::Start if self.has_first => 0..limit,
            PageFrom::End if self.has_last => count.saturating_sub(limit)..count,
            PageFrom::Start | PageFrom::End => return None,
            PageFrom::After(key) => {
                let start = before(key, true)?;
                start..start.saturating_add(limit)
            }
            PageFrom::At(key) => {
                let start = before(key, false)?;
                start..start.saturating_add(limit)
            }
            PageFrom::Before(key) => {
                let end = before(key, false)?;
                if end < limit && !self.has_first {
                    return None;
                }
                end.saturating_sub(limit)..end
            }
        };
        if range.end > count && !self.has_last {
            return None;
        }
        if matches!(request.from, PageFrom::End) && count < limit && !self.has_first {
            return None;
        }
        Some(self.keys[range.start..range.end.min(count)].iter().map(|key| key.id).collect())
    }
}

/// Whether a key comes before another one in the order: newest first, then the highest id.
fn is_before(one: &PageKey, other: &PageKey) -> bool {
    (one.updated.as_str(), one.id) > (other.updated.as_str(), other.id)
}

fn same(one: &PageKey, other: &PageKey) -> bool {
    one.id == other.id && one.updated == other.updated
}

/// A pass over the table: the keys from there on.
pub(super) fn pass(connection: &Connection, request: &PageRequest) -> rusqlite::Result<Window> {
    let limit = request.limit.max(KEYS);
    let (condition, backwards, key) = match &request.from {
        PageFrom::Start => (String::new(), false, None),
        PageFrom::End => (String::new(), true, None),
        PageFrom::After(key) => (format!("WHERE ({UPDATED}, id) < (?2, ?3)"), false, Some(key)),
        PageFrom::At(key) => (format!("WHERE ({UPDATED}, id) <= (?2, ?3)"), false, Some(key)),
        PageFrom::Before(key) => (format!("WHERE ({UPDATED}, id) > (?2, ?3)"), true, Some(key)),
    };
    let direction = if backwards { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT id, {UPDATED} AS updated FROM request_specs {condition} \
         ORDER BY updated {direction}, id {direction} LIMIT ?1"
    );
    let mut statement = connection.prepare(&sql)?;
    let page_key = |row: &Row<'_>| {
        let updated = row.get_ref(1)?.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(PageKey { id: row.get(0)?, updated: updated.unwrap_or_default() })
    };
    let mut keys: Vec<PageKey> = match key {
        Some(key) => {
            let parameters: [&dyn ToSql; 3] = [&limit, &key.updated, &key.id];
            statement.query_map(parameters, page_key)?.collect::<rusqlite::Result<_>>()?
        }
        None => statement.query_map([limit], page_key)?.collect::<rusqlite::Result<_>>()?,
    };
    let all = keys.len() < limit as usize;
    if backwards {
        keys.reverse();
    }
    Ok(Window {
        keys,
        has_first: matches!(request.from, PageFrom::Start) || (backwards && all),
        has_last: matches!(request.from, PageFrom::End) || (!backwards && all),
    })
}

impl Window {
    /// The ids of the page that the pass was made for: where it began.
    pub fn first_page(&self, request: &PageRequest) -> Vec<i64> {
        let limit = (request.limit as usize).min(self.keys.len());
        let page = match request.from {
            PageFrom::End | PageFrom::Before(_) => &self.keys[self.keys.len() - limit..],
            _ => &self.keys[..limit],
        };
        page.iter().map(|key| key.id).collect()
    }
}
