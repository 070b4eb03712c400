//! Several tables listed as one: the order over all of them, what each is asked for, and how their
//! answers become one page.
//!
//! The tables are the parts, numbered. The order is total: that of each part (by id; by last update,
//! newest first; by any field), then by part. A page of it needs at most as many rows of
//! each part as the page has, from one bound that follows from the key of the page, so pages go by
//! key here too. Within a part its own order is taken as it comes.
//!
//! Databases write the same moment in different ways (with or without a fraction of a second):
//! moments are compared, and a key is handed to a part as that part writes its own.
//!
//! Pure functions; no I/O.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::VecDeque;

use super::order::Order;
use super::page::{PageFrom, PageKey, PageRequest, SortOrder};
use super::sort_key::SortKey;

/// Digits of a fraction of a second.
const FRACTION: usize = 6;
/// Length of a date and time without a fraction.
const WHOLE: usize = 19;

/// The place of a row in the merged order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its place in its part.
    pub key: PageKey,
    /// Number of the part.
    pub part: usize,
}

/// How two rows of different parts (or of one) stand in the order.
pub fn compare(order: &Order, one: &Mark, other: &Mark) -> Ordering {
    let by_key = match order.native() {
        Some(SortOrder::Id) => one.key.id.cmp(&other.key.id),
        Some(SortOrder::Updated) => {
            (moment(&other.key.updated), other.key.id).cmp(&(moment(&one.key.updated), one.key.id))
        }
        None => {
            fn sorted(mark: &Mark) -> (&SortKey, i64) {
                (mark.key.sort.as_ref().unwrap_or(&SortKey::MISSING), mark.key.id)
            }
            order.compare(sorted(one), sorted(other))
        }
    };
    by_key.then(one.part.cmp(&other.part))
}

/// From where on a part is asked for its rows of a page that begins (or ends) there. `written` is
/// any last update as that part writes it, if one is known.
pub fn bound(order: &Order, from: &PageFrom<Mark>, part: usize, written: Option<&str>) -> PageFrom {
    let key = |mark: &Mark| in_part(mark, part, written);
    match from {
        PageFrom::Start => PageFrom::Start,
        PageFrom::End => PageFrom::End,
        PageFrom::After(mark) if part > mark.part => PageFrom::At(key(mark)),
        PageFrom::After(mark) => PageFrom::After(key(mark)),
        PageFrom::At(mark) if part < mark.part => PageFrom::After(key(mark)),
        PageFrom::At(mark) => PageFrom::At(key(mark)),
        PageFrom::Before(mark) if part < mark.part => match behind(order, key(mark)) {
            Some(key) => PageFrom::Before(key),
            None => PageFrom::End,
        },
        PageFrom::Before(mark) => PageFrom::Before(key(mark)),
    }
}

/// The key such that as many rows of the part stand before it (in the part's own order) as stand
/// before `mark` (in the merged one).
pub fn rank_key(order: &Order, mark: &Mark, part: usize, written: Option<&str>) -> PageKey {
    let key = in_part(mark, part, written);
    if part < mark.part { behind(order, key.clone()).unwrap_or(key) } else { key }
}

/// One page of the rows that the parts answered with, each part's in order: at most as many as asked
/// for, those nearest to where the page begins (or ends).
pub fn page<T>(
    request: &PageRequest<Mark, Order>,
    parts: Vec<(usize, Vec<T>)>,
    key: impl Fn(&T) -> PageKey,
) -> Vec<T> {
    let mark = |row: &T, part: usize| Mark { key: key(row), part };
    let mut parts: Vec<(usize, VecDeque<(Mark, T)>)> = parts
        .into_iter()
        .map(|(part, rows)| (part, rows.into_iter().map(|row| (mark(&row, part), row)).collect()))
        .collect();
    let backwards = request.from.is_backwards();
    let mut merged = VecDeque::new();
    while merged.len() < request.limit as usize {
        let ends = parts.iter().enumerate().filter_map(|(at, (_, rows))| {
            let end = if backwards { rows.back() } else { rows.front() };
            end.map(|(mark, _)| (at, mark))
        });
        let by_mark = |one: &(usize, &Mark), other: &(usize, &Mark)| compare(&request.order, one.1, other.1);
        let next = if backwards { ends.max_by(by_mark) } else { ends.min_by(by_mark) };
        let Some((at, _)) = next else { break };
        let rows = &mut parts[at].1;
        if backwards {
            merged.extend(rows.pop_back().map(|(_, row)| row));
        } else {
            merged.extend(rows.pop_front().map(|(_, row)| row));
        }
    }
    if backwards {
        merged.make_contiguous().reverse();
    }
    merged.into()
}

/// The key right behind `key`, whatever is updated when; None where there is none.
fn behind(order: &Order, key: PageKey) -> Option<PageKey> {
    // Equal ones stand by id, the way the order goes.
    let id = if order.descending { key.id.checked_sub(1) } else { key.id.checked_add(1) };
    id.map(|id| PageKey { id, ..key })
}

fn in_part(mark: &Mark, part: usize, written: Option<&str>) -> PageKey {
    let updated = match written {
        Some(written) if part != mark.part => rewritten(&mark.key.updated, written),
        _ => mark.key.updated.clone(),
    };
    PageKey { updated, ..mark.key.clone() }
}

/// Date and time, and the digits of the fraction; None for what is written in another way.
fn split(updated: &str) -> Option<(&str, &str)> {
    let whole = updated.get(..WHOLE)?;
    match updated.get(WHOLE..)? {
        "" => Some((whole, "")),
        rest => {
            let digits = rest.strip_prefix('.')?;
            let fits =
                (1..=FRACTION).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            fits.then_some((whole, digits))
        }
    }
}

/// What moments are compared by: the text with its whole fraction.
fn moment(updated: &str) -> Cow<'_, str> {
    match split(updated) {
        Some((whole, digits)) if digits.len() < FRACTION => format!("{whole}.{digits:0<FRACTION$}").into(),
        _ => updated.into(),
    }
}

/// The same moment, written as `like` is; no digit that says something is lost.
fn rewritten(updated: &str, like: &str) -> String {
    let (Some((whole, digits)), Some((_, wanted))) = (split(updated), split(like)) else {
        return updated.to_owned();
    };
    let digits = digits.trim_end_matches('0');
    let count = wanted.len().max(digits.len());
    if count == 0 { whole.to_owned() } else { format!("{whole}.{digits:0<count$}") }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
