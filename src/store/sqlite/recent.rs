//! Pages by last update. No index serves this order, so its keys take a pass over the table: one
//! pass gives the keys of many pages, and they are kept until the database changes.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, ToSql, params_from_iter};

use super::read::UPDATED;
use crate::query::{PageFrom, PageKey, PageRequest};
use crate::store::ChangeToken;

/// Keys of one pass; SQLite keeps no more than these while it sorts. About 2 MB, and 20 passes to
/// list a million rows.
const KEYS: u32 = 50_000;

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

impl From<Version> for ChangeToken {
    fn from(version: Version) -> Self {
        Self([version.generation, version.data_version.cast_unsigned(), version.own_changes])
    }
}

/// Keys in few allocations: many small ones would leave holes behind, window after window.
#[derive(Debug, Default)]
struct Keys {
    /// The dates, one after the other.
    text: String,
    /// Id, and where the date begins and ends.
    rows: Vec<(i64, u32, u32)>,
}

impl Keys {
    fn push(&mut self, id: i64, updated: &str) -> bool {
        let start = u32::try_from(self.text.len());
        let end = u32::try_from(self.text.len().saturating_add(updated.len()));
        let (Ok(start), Ok(end)) = (start, end) else { return false };
        self.text.push_str(updated);
        self.rows.push((id, start, end));
        true
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    /// The first place whose key does not satisfy the condition; those before it all do.
    fn partition_point(&self, condition: impl Fn((&str, i64)) -> bool) -> usize {
        self.rows.partition_point(|(id, start, end)| {
            condition((self.text.get(*start as usize..*end as usize).unwrap_or_default(), *id))
        })
    }

    fn ids(&self, range: Range<usize>) -> Vec<i64> {
        self.rows.get(range).unwrap_or_default().iter().map(|(id, ..)| *id).collect()
    }
}

/// Consecutive keys of the order, newest first.
#[derive(Debug)]
pub(super) struct Window {
    keys: Keys,
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

    /// Let the kept keys go: those of another pass will take their place.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
            let wanted = (key.updated.as_str(), key.id);
            let place = self.keys.partition_point(|kept| kept > wanted || (included && kept == wanted));
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
        Some(self.keys.ids(range.start..range.end.min(count)))
    }
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
    let mut parameters: Vec<&dyn ToSql> = vec![&limit];
    if let Some(key) = key {
        parameters.extend([&key.updated as &dyn ToSql, &key.id]);
    }
    let mut rows = statement.query(params_from_iter(parameters))?;
    let (mut keys, mut complete) = (Keys::default(), true);
    while let Some(row) = rows.next()? {
        let updated = row.get_ref(1)?.as_bytes().map(String::from_utf8_lossy).unwrap_or_default();
        complete = keys.push(row.get(0)?, &updated);
        if !complete {
            break;
        }
    }
    let all = complete && keys.len() < limit as usize;
    if backwards {
        keys.rows.reverse();
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
        let count = self.keys.len();
        let limit = (request.limit as usize).min(count);
        match request.from {
            PageFrom::End | PageFrom::Before(_) => self.keys.ids(count - limit..count),
            _ => self.keys.ids(0..limit),
        }
    }
}
