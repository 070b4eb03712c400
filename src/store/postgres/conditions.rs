//! The conditions of a pass as SQL. `COPY` takes no parameters, so literals take their place.
//!
//! Imports `pool`, `read` and the parent module's conditions.

use super::pool::{Link, Query};
use super::read;
use crate::query::prefilter::{Join, Prefilter};
use crate::store::StoreError;
use crate::store::conditions::{
    ESCAPE_OF_A_LETTER, Writing, during, exists, is_plain, is_seldom_escaped, spellings,
};

const OPERATION: &str = "looking for what a pass may leave out";
/// The bytes of the text as they are sent: in UTF-8, but those of a server without an encoding as they are.
const SIZE: &str = "CASE WHEN current_setting('server_encoding') IN ('UTF8', 'SQL_ASCII') \
     THEN octet_length(spec::text) ELSE octet_length(convert_to(spec::text, 'UTF8')) END";
/// A character that is a backslash, or is not ASCII.
const UNPLAIN: &str = r#"spec::text COLLATE "C" ~ E'[^\\u0001-\\u005b\\u005d-\\u007f]'"#;

/// Conditions on the rows, those on ids left out.
pub(super) async fn of(link: &Link, prefilter: &Prefilter) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::new();
    if let Some(spellings) = spellings(&prefilter.uuids) {
        if read::digits_sort_alone(link, OPERATION).await? {
            all.extend(in_ranges(&spellings));
        }
        all.push(begins_with(&prefilter.uuids));
    }
    all.extend(time("COALESCE(updated_at, created_at)", prefilter.updated_from, prefilter.updated_to));
    all.extend(time("created_at", prefilter.created_from, prefilter.created_to));
    if let Some((least, most)) = prefilter.size {
        all.push(format!("COALESCE({SIZE}, 0) BETWEEN {least} AND {most}"));
    }
    all.extend(prefilter.bytes.iter().map(|bytes| contains(bytes)));
    for exists in written(&prefilter.joins) {
        // The tables are there, and the account may read them.
        let query = Query::new(format!("SELECT 1 FROM request_specs WHERE {exists} LIMIT 0"), Vec::new());
        if link.rows(&link.pages, OPERATION, query).await.is_ok() {
            all.push(exists);
        }
    }
    Ok(all)
}

/// Ranges of the index that hold all that begins so; None where one of them would hold too much.
fn in_ranges(spellings: &[String]) -> Option<String> {
    let mut ranges = Vec::new();
    for spelling in spellings {
        let (Some(low), high) = read::range(spelling) else { return None };
        let high = high.map_or_else(String::new, |high| format!(" AND instance_uuid < '{high}'"));
        let range = format!("(instance_uuid >= '{low}'{high})");
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    Some(format!("({})", ranges.join(" OR ")))
}

fn begins_with(beginnings: &[String]) -> String {
    let is_one = |beginning: &String| {
        debug_assert!(is_plain(beginning));
        format!("starts_with(lower(instance_uuid::text COLLATE \"C\"), '{beginning}')")
    };
    let any: Vec<String> = beginnings.iter().map(is_one).collect();
    format!("({})", any.join(" OR "))
}

/// What is null, or beyond what is written as a date, is the caller's to judge.
fn time(column: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
    let inside = during(column, from, to)?;
    Some(format!("({inside} OR {column} IS NULL OR {column} < '0001-01-01' OR {column} >= '10000-01-01')"))
}

/// Bytes that are not ASCII are in no text that the rest leaves out, and NUL is in no text here.
fn contains(bytes: &[u8]) -> String {
    let looked_for = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii() && !text.contains('\0'));
    let has = |text: &str| format!("strpos(spec::text COLLATE \"C\", {}) > 0", literal(text));
    match looked_for {
        Some(text) if is_seldom_escaped(bytes) => {
            format!("({} OR {})", has(text), has(ESCAPE_OF_A_LETTER))
        }
        Some(text) => format!("({} OR {UNPLAIN})", has(text)),
        None => format!("({UNPLAIN})"),
    }
}

/// A text as a literal. Harmless ones are quoted; of others each character is written by its number,
/// which no setting of the server reads otherwise.
fn literal(text: &str) -> String {
    let is_harmless =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | ' ');
    if text.chars().all(is_harmless) {
        return format!("'{text}'");
    }
    let numbers: String = text.chars().map(|letter| format!("\\U{:08x}", u32::from(letter))).collect();
    format!("E'{numbers}'")
}

fn written(joins: &[Join]) -> Vec<String> {
    let writing = Writing {
        is_instance: &|column| format!("{column} = request_specs.instance_uuid"),
        text: &|text| literal(&text.replace('\0', "\u{fffd}")),
        is_no_text: None,
        is_set: &|column| format!("{column}::int <> 0"),
    };
    joins.iter().filter_map(|join| exists(join, &writing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_nothing_that_can_be_misread() {
        assert_eq!(literal("cmp-1.example"), "'cmp-1.example'");
        assert_eq!(literal("a'\\"), r"E'\U00000061\U00000027\U0000005c'");
        assert!(contains(b"a\0b").starts_with("(spec::text"));
        assert!(contains("\u{e9}".as_bytes()).starts_with("(spec::text"));
        assert!(contains(b"\xff").starts_with("(spec::text"));
        assert!(contains(b"az1").starts_with("(strpos("));
    }

    #[test]
    fn ranges_are_told_once() {
        let spellings = spellings(&["3f".to_owned()]).unwrap();
        assert_eq!(in_ranges(&spellings).unwrap(), "((instance_uuid >= '3' AND instance_uuid < '4'))");
        assert_eq!(in_ranges(&["-a".to_owned()]), None);
    }
}
