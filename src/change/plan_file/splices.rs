//! What a save changes in a text, as few splices as a reviewer can read: on the boundaries of tokens,
//! ascending, each counted in the text before.
//!
//! Imports nothing of ours; no I/O.

use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

/// Splices of one text at most: more of them say less than one that replaces all between.
const MOST: usize = 200;
/// Tokens of the part that differs beyond which one splice replaces it.
const TOKENS: usize = 40_000;
/// Longest that the fewest splices of a text are looked for.
const PATIENCE: Duration = Duration::from_millis(100);
/// Splices with fewer bytes between them are told as one.
const NEAR: usize = 3;

/// One replacement of bytes. Several never overlap and stand in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSplice {
    /// Byte offset in the text before.
    pub at: usize,
    /// What stands there: text, unless the text before is none.
    pub removed: Vec<u8>,
    /// What stands there afterwards.
    pub inserted: String,
}

/// What makes `after` out of `before`. Equal texts: none.
pub fn between(before: &[u8], after: &str) -> Vec<TextSplice> {
    if before == after.as_bytes() {
        return Vec::new();
    }
    let ranges = match std::str::from_utf8(before) {
        Ok(text) => of_texts(text, after),
        Err(_) => vec![of_bytes(before, after)],
    };
    let splice = |(from, to): (Range<usize>, Range<usize>)| TextSplice {
        at: from.start,
        removed: before.get(from).unwrap_or_default().to_vec(),
        inserted: after.get(to).unwrap_or_default().to_owned(),
    };
    ranges.into_iter().map(splice).collect()
}

/// The text after; None where these splices are of another text.
pub fn applied(before: &[u8], splices: &[TextSplice]) -> Option<String> {
    let mut after = Vec::with_capacity(before.len() + 64);
    let mut from = 0;
    for TextSplice { at, removed, inserted } in splices {
        let end = at.checked_add(removed.len())?;
        if before.get(*at..end)? != removed {
            return None;
        }
        after.extend_from_slice(before.get(from..*at)?);
        after.extend_from_slice(inserted.as_bytes());
        from = end;
    }
    after.extend_from_slice(before.get(from..)?);
    String::from_utf8(after).ok()
}

/// The text before; None where these splices do not lead to that text.
pub fn undone(after: &str, splices: &[TextSplice]) -> Option<Vec<u8>> {
    let after = after.as_bytes();
    let mut before = Vec::with_capacity(after.len() + 64);
    let mut from = 0;
    for TextSplice { at, removed, inserted } in splices {
        let same = at.checked_sub(before.len())?;
        let start = from + same;
        let end = start.checked_add(inserted.len())?;
        if after.get(start..end)? != inserted.as_bytes() {
            return None;
        }
        before.extend_from_slice(after.get(from..start)?);
        before.extend_from_slice(removed);
        from = end;
    }
    before.extend_from_slice(after.get(from..)?);
    Some(before)
}

/// The ranges of two texts that differ, by their tokens.
fn of_texts(before: &str, after: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let (old, new) = (tokens(before), tokens(after));
    let texts = |tokens: &[usize], all: usize, at: usize| tokens.get(at).copied().unwrap_or(all);
    let token = |text: &'_ str, starts: &[usize], at: usize| -> Range<usize> {
        texts(starts, text.len(), at)..texts(starts, text.len(), at + 1)
    };
    let is_same = |one: usize, other: usize| {
        before.get(token(before, &old, one)) == after.get(token(after, &new, other))
    };
    let least = old.len().min(new.len());
    let head = (0..least).take_while(|at| is_same(*at, *at)).count();
    let tail = (1..=least - head).take_while(|at| is_same(old.len() - at, new.len() - at)).count();
    let (old_part, new_part) = (head..old.len() - tail, head..new.len() - tail);
    let mut parts = vec![(old_part.clone(), new_part.clone())];
    if !old_part.is_empty() && !new_part.is_empty() && old_part.len() + new_part.len() <= TOKENS {
        let words = |text: &'_ str, starts: &[usize], part: Range<usize>| -> Vec<Range<usize>> {
            part.map(|at| token(text, starts, at)).collect()
        };
        let (old_words, new_words) = (words(before, &old, old_part), words(after, &new, new_part));
        let old_words: Vec<&str> = old_words.into_iter().filter_map(|word| before.get(word)).collect();
        let new_words: Vec<&str> = new_words.into_iter().filter_map(|word| after.get(word)).collect();
        let until = Some(Instant::now() + PATIENCE);
        parts = capture_diff_slices_deadline(Algorithm::Myers, &old_words, &new_words, until)
            .iter()
            .filter(|op| !matches!(op, DiffOp::Equal { .. }))
            .map(|op| {
                let (old, new) = (op.old_range(), op.new_range());
                (old.start + head..old.end + head, new.start + head..new.end + head)
            })
            .collect();
    }
    let bytes = |text: &'_ str, starts: &[usize], part: &Range<usize>| {
        texts(starts, text.len(), part.start)..texts(starts, text.len(), part.end)
    };
    let mut ranges: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (from, to) in &parts {
        let (from, to) = (bytes(before, &old, from), bytes(after, &new, to));
        match ranges.last_mut() {
            Some((last, into)) if from.start - last.end < NEAR => (last.end, into.end) = (from.end, to.end),
            _ => ranges.push((from, to)),
        }
    }
    match (ranges.first(), ranges.last()) {
        (Some(first), Some(last)) if ranges.len() > MOST => {
            vec![(first.0.start..last.0.end, first.1.start..last.1.end)]
        }
        _ => ranges,
    }
}

/// The one range that differs of bytes that are no text.
fn of_bytes(before: &[u8], after: &str) -> (Range<usize>, Range<usize>) {
    let bytes = after.as_bytes();
    let mut head = before.iter().zip(bytes).take_while(|(old, new)| old == new).count();
    while !after.is_char_boundary(head) {
        head -= 1;
    }
    let most = before.len().min(bytes.len()) - head;
    let pairs = before.iter().rev().zip(bytes.iter().rev());
    let mut tail = pairs.take(most).take_while(|(old, new)| old == new).count();
    while !after.is_char_boundary(bytes.len() - tail) {
        tail -= 1;
    }
    (head..before.len() - tail, head..bytes.len() - tail)
}

/// Where the tokens of JSON begin: strings, words and numbers, runs of white space, single characters.
/// Of a text that is no JSON, some tokens all the same.
fn tokens(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = Vec::with_capacity(text.len() / 6);
    let mut at = 0;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
    let run = |from: usize, is: &dyn Fn(&u8) -> bool| {
        bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| is(byte)).count())
    };
    while let Some(first) = bytes.get(at) {
        starts.push(at);
        at += match first {
            b'"' => string(&bytes[at..]),
            byte if is_word(byte) => run(at, &is_word),
            byte if byte.is_ascii_whitespace() => run(at, &u8::is_ascii_whitespace),
            byte if byte.is_ascii() => 1,
            // A whole character.
            _ => 1 + run(at + 1, &|byte| byte & 0xc0 == 0x80),
        };
    }
    starts
}

/// Bytes of the string that begins there, quotes included; one that does not end is a quote alone.
fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<(usize, String, String)> {
        let splices = between(before.as_bytes(), after);
        assert_eq!(applied(before.as_bytes(), &splices).as_deref(), Some(after));
        assert_eq!(undone(after, &splices).as_deref(), Some(before.as_bytes()));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        splices.iter().map(|splice| (splice.at, text(&splice.removed), splice.inserted.clone())).collect()
    }

    #[rstest::rstest]
    #[case(r#"{"a": "az1", "b": 1}"#, r#"{"a": null, "b": 1}"#, &[(6, r#""az1""#, "null")])]
    #[case(r#"{"a": 12, "b": "x"}"#, r#"{"a": 13, "b": "y"}"#, &[(6, "12", "13"), (15, r#""x""#, r#""y""#)])]
    #[case(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, &[(7, "", r#", "b": 2"#)])]
    #[case(r#"{"a": "ä", "c": 0}"#, r#"{"a": "ö", "c": 0}"#, &[(6, r#""ä""#, r#""ö""#)])]
    #[case("ä", "ö", &[(0, "ä", "ö")])]
    #[case("", "{}", &[(0, "", "{}")])]
    #[case(r#"["\""]"#, r#"["\"x"]"#, &[(1, r#""\"""#, r#""\"x""#)])]
    #[case("same", "same", &[])]
    fn a_changed_value_is_one_splice(
        #[case] before: &str,
        #[case] after: &str,
        #[case] expected: &[(usize, &str, &str)],
    ) {
        let expected: Vec<_> =
            expected.iter().map(|(at, old, new)| (*at, (*old).to_owned(), (*new).to_owned())).collect();
        assert_eq!(shown(before, after), expected);
    }

    #[test]
    fn splices_of_another_text_lead_nowhere() {
        let splices = between(b"[1, 2]", "[1, 3]");
        assert_eq!(applied(b"[1, 4]", &splices), None);
        assert_eq!(applied(b"", &splices), None);
        assert_eq!(undone("[1, 2]", &splices), None);
        let wild = [TextSplice { at: usize::MAX, removed: b"x".to_vec(), inserted: String::new() }];
        assert_eq!((applied(b"x", &wild), undone("x", &wild)), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn splices_lead_from_any_text_to_any_other(
            before in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            after in ".{0,200}",
        ) {
            let splices = between(&before, &after);
            proptest::prop_assert_eq!(applied(&before, &splices), Some(after.clone()));
            proptest::prop_assert_eq!(undone(&after, &splices), Some(before));
        }

        #[test]
        fn splices_of_alike_texts_stand_on_characters(
            parts in proptest::collection::vec(("[\\PC\"\\\\{}:, a1ä]{0,8}", proptest::prelude::any::<bool>(), "\\PC{0,4}"), 0..40),
        ) {
            let before: String = parts.iter().map(|(part, ..)| part.as_str()).collect();
            let after: String =
                parts.iter().map(|(part, changed, other)| if *changed { other.as_str() } else { part }).collect();
            let splices = between(before.as_bytes(), &after);
            proptest::prop_assert_eq!(applied(before.as_bytes(), &splices), Some(after.clone()));
            proptest::prop_assert_eq!(undone(&after, &splices), Some(before.clone().into_bytes()));
            for splice in splices {
                proptest::prop_assert!(before.is_char_boundary(splice.at));
                proptest::prop_assert!(std::str::from_utf8(&splice.removed).is_ok());
            }
        }
    }
}
