//! What the engines share of the conditions of a pass ([`Prefilter`]): moments as texts, beginnings of
//! uuids in either letter case, conditions on nova's other tables, and the ranges of ids in which a
//! server that leaves rows out is asked, so that it is never silent for long.
//!
//! Imports `query`. Each engine writes the SQL around it: sqlite/conditions.rs and its kin.

use std::time::Duration;

use time::OffsetDateTime;

use crate::query::prefilter::{Join, JoinColumn, Prefilter};

/// Beginnings of uuids that one condition is made of at most: with more of them, a pass over all rows may
/// be as quick.
const BEGINNINGS: usize = 500;
/// What one condition lists where few letters of each tell enough.
const SPELLINGS: usize = 512;
/// Letters of a beginning that are spelled out in both cases: fewer would tell too little.
const LETTERS: u32 = 6;
const LEAST_LETTERS: u32 = 3;

/// A second since 1970 as databases write it, of the years from 1000 on (MySQL knows no earlier ones) to
/// 9999.
pub(super) fn moment(second: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(second).ok()?;
    let (date, clock) = (time.date(), time.time());
    (1_000..=9_999).contains(&date.year()).then(|| {
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second()
        )
    })
}

/// That a column holds a time from that second on, and up to that one. What no text can say is left out;
/// None where nothing is left.
pub(super) fn during(column: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
    match bounds(from, to) {
        (None, None) => None,
        (Some(from), None) => Some(format!("{column} >= '{from}'")),
        (None, Some(to)) => Some(format!("{column} < '{to}'")),
        (Some(from), Some(to)) => Some(format!("({column} >= '{from}' AND {column} < '{to}')")),
    }
}

fn bounds(from: Option<i64>, to: Option<i64>) -> (Option<String>, Option<String>) {
    (from.and_then(moment), to.and_then(|to| moment(to.checked_add(1)?)))
}

/// Whether a beginning of a uuid can be looked for by its letters: nothing but hexadecimal digits and
/// hyphens, which no other letters become in lower case.
pub(super) fn is_plain(beginning: &str) -> bool {
    !beginning.is_empty() && beginning.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

/// All that begins with one of these in either letter case begins with one of the answer, exactly. None
/// where that would be too many, or one of them is no beginning of a uuid.
pub(super) fn spellings(beginnings: &[String]) -> Option<Vec<String>> {
    if beginnings.is_empty()
        || beginnings.len() > BEGINNINGS
        || !beginnings.iter().all(|beginning| is_plain(beginning))
    {
        return None;
    }
    let letters = (SPELLINGS / beginnings.len()).checked_ilog2()?.clamp(LEAST_LETTERS, LETTERS);
    let mut all = Vec::new();
    for beginning in beginnings {
        let mut spelled = vec![String::new()];
        let mut left = letters;
        for letter in beginning.chars() {
            if letter.is_ascii_alphabetic() {
                let Some(fewer) = left.checked_sub(1) else { break };
                left = fewer;
                let upper: Vec<String> = spelled
                    .iter()
                    .map(|spelling| format!("{spelling}{}", letter.to_ascii_uppercase()))
                    .collect();
                spelled.iter_mut().for_each(|spelling| spelling.push(letter));
                spelled.extend(upper);
            } else {
                spelled.iter_mut().for_each(|spelling| spelling.push(letter));
            }
        }
        all.extend(spelled);
    }
    Some(all)
}

/// How JSON escapes a letter: where none is written so, one of [`is_seldom_escaped`] stands as it is.
pub(super) const ESCAPE_OF_A_LETTER: &str = "\\u00";

/// Whether these bytes, apart from a string's own quotes, are letters that are escaped in this one way, if
/// at all.
pub(super) fn is_seldom_escaped(bytes: &[u8]) -> bool {
    let inside = bytes.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let is_letter = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'/');
    inside.unwrap_or(bytes).iter().all(is_letter)
}

/// How an engine writes what a condition on another table needs.
pub(super) struct Writing<'a> {
    /// That a column of that other table (`instances.uuid`) names the instance of the row.
    pub is_instance: &'a dyn Fn(&str) -> String,
    /// A text.
    pub text: &'a dyn Fn(&str) -> String,
    /// That a column holds what no text equals, and what is read as one all the same; None where columns
    /// hold what their type says.
    pub is_no_text: Option<&'a dyn Fn(&str) -> String>,
    /// That a column of flags is set.
    pub is_set: &'a dyn Fn(&str) -> String,
}

/// A condition on a row of another table; None where it says nothing.
pub(super) fn exists(join: &Join, writing: &Writing<'_>) -> Option<String> {
    let instance = |column: &str| {
        let column = format!("instances.{column}");
        let values: Vec<String> = join.values.iter().map(|value| (writing.text)(value)).collect();
        (!values.is_empty()).then(|| {
            let mut is_one = format!("{column} IN ({})", values.join(", "));
            if let Some(is_no_text) = writing.is_no_text {
                is_one = format!("({is_one} OR {})", is_no_text(&column));
            }
            format!(
                "EXISTS (SELECT 1 FROM instances WHERE {} AND instances.deleted = 0 AND {is_one})",
                (writing.is_instance)("instances.uuid"),
            )
        })
    };
    match join.column {
        JoinColumn::InstanceHost => instance("host"),
        JoinColumn::InstanceNode => instance("node"),
        JoinColumn::InstanceState => instance("vm_state"),
        JoinColumn::InstanceTask => instance("task_state"),
        JoinColumn::InstanceProject => instance("project_id"),
        JoinColumn::MappedCell => (!join.values.is_empty()).then(|| mapped(&join.values, writing)),
        JoinColumn::QueuedForDelete => Some(format!(
            "EXISTS (SELECT 1 FROM instance_mappings WHERE {} AND {})",
            (writing.is_instance)("instance_mappings.instance_uuid"),
            (writing.is_set)("instance_mappings.queued_for_delete")
        )),
    }
}

/// That an instance is mapped to one of these cells. A cell is called by its name, by its uuid where it
/// has none, or by both where others bear that name; one that `cell_mappings` lacks may be any.
fn mapped(cells: &[String], writing: &Writing<'_>) -> String {
    let mut any = vec!["(instance_mappings.cell_id IS NOT NULL AND cell_mappings.id IS NULL)".to_owned()];
    if let Some(is_no_text) = writing.is_no_text {
        any.extend(["cell_mappings.name", "cell_mappings.uuid"].map(is_no_text));
    }
    for cell in cells {
        if cell == "none" {
            any.push("instance_mappings.cell_id IS NULL".to_owned());
        }
        let text = (writing.text)(cell);
        any.push(format!("cell_mappings.name = {text} OR cell_mappings.uuid = {text}"));
        if let Some((name, _beginning_of_uuid)) = cell.rsplit_once('-') {
            any.push(format!("cell_mappings.name = {}", (writing.text)(name)));
        }
    }
    format!(
        "EXISTS (SELECT 1 FROM instance_mappings LEFT JOIN cell_mappings \
         ON cell_mappings.id = instance_mappings.cell_id WHERE {} AND ({}))",
        (writing.is_instance)("instance_mappings.instance_uuid"),
        any.join(" OR ")
    )
}

/// Whether a server may pass over many rows without a word when it is asked so.
pub(super) fn is_silent(prefilter: &Prefilter) -> bool {
    let others = Prefilter { ids: None, uuids: Vec::new(), ..prefilter.clone() };
    !others.is_empty() && spellings(&prefilter.uuids).is_none()
}

/// Ranges of ids, one after the other: wide where few rows are, and narrow where each takes long.
#[derive(Debug)]
pub(super) struct Ranges {
    next: Option<i64>,
    last: i64,
    width: i64,
}

impl Ranges {
    /// Ids of the first range: a sample that tells how quick the others will be.
    const WIDTH: i64 = 2_000;
    const LEAST_WIDTH: i64 = 1_000;
    /// Fewer ids are done before a second connection is made.
    const WORTH_HALVING: i64 = 20_000;
    /// A range that takes less could be wider.
    const QUICK: Duration = Duration::from_millis(300);
    /// One that takes more should be narrower.
    const SLOW: Duration = Duration::from_millis(1_200);

    /// Of these ids, both ends included.
    pub fn new(first: i64, last: i64) -> Self {
        Self { next: (first <= last).then_some(first), last, width: Self::WIDTH }
    }

    /// The later half of the ids, to be asked for side by side with the others; None where they are few.
    pub fn halve(&mut self) -> Option<Self> {
        let first = self.next?;
        let span = self.last.checked_sub(first).filter(|span| *span >= Self::WORTH_HALVING)?;
        let middle = first + span / 2;
        let later = Self::new(middle + 1, self.last);
        self.last = middle;
        Some(later)
    }

    /// All ids that are left, both ends included.
    pub fn left(&self) -> Option<(i64, i64)> {
        self.next.map(|first| (first, self.last))
    }

    /// The next range, both ends included.
    pub fn current(&self) -> Option<(i64, i64)> {
        let first = self.next?;
        Some((first, first.saturating_add(self.width - 1).min(self.last)))
    }

    /// The server was silent for too long: the current range is made narrower. False where it is narrow
    /// already.
    pub fn narrow(&mut self) -> bool {
        let is_wide = self.width > Self::LEAST_WIDTH;
        self.width = (self.width / 16).max(Self::LEAST_WIDTH);
        is_wide
    }

    /// The current range is done, and took so long.
    pub fn done(&mut self, took: Duration) {
        if let Some((_, end)) = self.current() {
            self.next = end.checked_add(1).filter(|next| *next <= self.last);
        }
        if took < Self::QUICK {
            self.width = self.width.saturating_mul(4);
        } else if took > Self::SLOW {
            self.width = (self.width / 2).max(Self::LEAST_WIDTH);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_databases_do() {
        assert_eq!(moment(0).as_deref(), Some("1970-01-01 00:00:00"));
        assert_eq!(moment(1_785_585_599).as_deref(), Some("2026-08-01 11:59:59"));
        assert_eq!(moment(253_402_300_799).as_deref(), Some("9999-12-31 23:59:59"));
        for beyond in [253_402_300_800, -62_135_596_800, i64::MIN, i64::MAX] {
            assert_eq!(moment(beyond), None);
        }
        assert_eq!(bounds(None, Some(59)).1.as_deref(), Some("1970-01-01 00:01:00"));
        assert_eq!(bounds(None, Some(i64::MAX)), (None, None));
    }

    #[test]
    fn beginnings_are_spelled_in_both_cases() {
        let all = spellings(&["1a-b".to_owned()]).unwrap();
        assert_eq!(all, ["1a-b", "1A-b", "1a-B", "1A-B"]);
        // Of the later letters nothing is said.
        let all = spellings(&["abcdef00a1".to_owned()]).unwrap();
        assert_eq!(all.len(), 64);
        assert!(all.contains(&"AbCdEf00".to_owned()));
        for none in [vec![], vec![String::new()], vec!["xyz".to_owned()], vec!["a_".to_owned()]] {
            assert_eq!(spellings(&none), None, "{none:?}");
        }
        assert_eq!(spellings(&vec!["abcdef".to_owned(); 64]).unwrap().len(), 512);
        assert_eq!(spellings(&vec!["abcdef".to_owned(); 500]).unwrap().len(), 4_000);
        assert_eq!(spellings(&vec!["abcdef".to_owned(); 501]), None);
    }

    #[test]
    fn what_may_be_escaped_otherwise_is_told() {
        for plain in ["az1", "\"az1\"", "a b_%", ""] {
            assert!(is_seldom_escaped(plain.as_bytes()), "{plain}");
        }
        for other in ["a/b", "a\"b", "\"az1", "a\\b", "\u{e9}", "a\nb", "\"a\"b\""] {
            assert!(!is_seldom_escaped(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn ranges_cover_all_ids_once() {
        for (first, last) in [(1, 1), (-5, 123_456), (i64::MIN, i64::MAX), (7, 6)] {
            for took in [0, 500, 5_000] {
                let mut ranges = Ranges::new(first, last);
                let (mut next, mut count) = (Some(first), 0);
                while let Some((from, to)) = ranges.current() {
                    assert_eq!(Some(from), next);
                    assert!(to >= from && to <= last);
                    next = to.checked_add(1);
                    ranges.done(Duration::from_millis(took));
                    count += 1;
                    if count > 10_000 {
                        break;
                    }
                }
                assert!(first > last || count > 10_000 || next == last.checked_add(1));
            }
        }
    }

    #[test]
    fn halves_have_all_ids() {
        let mut ranges = Ranges::new(1, 100_000);
        let mut later = ranges.halve().unwrap();
        let ends = |ranges: &mut Ranges| {
            let mut ends = (ranges.current().unwrap().0, 0);
            while let Some((_, last)) = ranges.current() {
                ends.1 = last;
                ranges.done(Duration::ZERO);
            }
            ends
        };
        assert_eq!((ends(&mut ranges), ends(&mut later)), ((1, 50_000), (50_001, 100_000)));
        for (first, last) in [(1, 0), (1, 20_000), (i64::MIN, i64::MAX)] {
            assert!(Ranges::new(first, last).halve().is_none());
        }
    }

    #[test]
    fn a_cell_may_be_named_in_several_ways() {
        let writing = Writing {
            is_instance: &|column| format!("{column} = u"),
            text: &|text| format!("'{text}'"),
            is_no_text: None,
            is_set: &|column| column.to_owned(),
        };
        let join =
            Join { column: JoinColumn::MappedCell, values: vec!["a-b-12345678".into(), "none".into()] };
        let sql = exists(&join, &writing).unwrap();
        for part in [
            "cell_mappings.name = 'a-b-12345678' OR cell_mappings.uuid = 'a-b-12345678'",
            "cell_mappings.name = 'a-b'",
            "instance_mappings.cell_id IS NULL",
        ] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
        let nothing = Join { column: JoinColumn::InstanceHost, values: Vec::new() };
        assert_eq!(exists(&nothing, &writing), None);
    }
}
