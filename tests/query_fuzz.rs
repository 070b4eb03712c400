//! Any text as a query: a result or an error with its place, soon, and never a panic.
//!
//! Random bytes, mutated queries and generated ones, for 3 seconds, or for `REQSPEC_FUZZ_SECONDS`. A text that
//! fails is printed with the seed that makes it; `REQSPEC_FUZZ_SEED` begins there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops where something is wrong, and says where"
)]

#[path = "query_fuzz/documents.rs"]
mod documents;
#[path = "query_fuzz/texts.rs"]
mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqspec::query::fields::Field;
use reqspec::query::{
    Query, SeenValues, complete, parse, parse_field, parse_fields, parse_order, word_prefix, written_value,
};
use reqspec::spec::text::is_unsafe;
use texts::{Random, text};

/// One text that takes longer is a failure. A machine with much to do is given two more attempts.
const SLOW: Duration = Duration::from_secs(1);

struct Seen;

impl SeenValues for Seen {
    fn values(&self, _: &Field) -> Vec<(String, Option<u64>)> {
        ["az1", "my zone", "\"", "é\u{1b}", ""].map(|value| (value.to_owned(), Some(2))).to_vec()
    }

    fn keys(&self, _: &str) -> Vec<String> {
        ["hw:cpu_policy", "my:key", "a b", "é\n\"", ""].map(str::to_owned).to_vec()
    }
}

/// The beginning of a text that fails; the seed makes all of it.
fn shown(text: &str) -> String {
    format!("{:?} ({} bytes)", text.chars().take(300).collect::<String>(), text.len())
}

/// Everything that is asked of a text.
fn ask(text: &str, random: &mut Random) {
    match parse(text) {
        Ok(query) => {
            sound(&query);
            // The reference judges slowly, test by test.
            if text.len() <= 300 {
                documents::judge(&query, random);
            }
        }
        Err(error) => {
            assert!(text.len() <= 10_000 || error.reason.contains("10000 bytes"), "{error}");
            assert!(text.get(error.at.clone()).is_some(), "{error:?} points outside of the text");
            assert!(!error.to_string().chars().any(is_unsafe), "{error:?}");
            let caret = error.caret(text);
            assert_eq!(caret.lines().count(), 2, "{caret}");
            assert!(!caret.chars().any(|character| is_unsafe(character) && character != '\n'), "{caret:?}");
        }
    }
    let _ = parse_order(text);
    for field in parse_fields(text).unwrap_or_default() {
        same(&parse_field(&field.name).expect("its own name"), &field);
    }
    for seen in [&Seen as &dyn SeenValues, &()] {
        let cursor = random.below(text.len() + 2);
        let completion = complete(text, cursor, seen);
        assert!(text.get(completion.replace.clone()).is_some(), "{completion:?} at {cursor}");
        let taken = random.below(completion.candidates.len().max(1));
        if let Some(candidate) = completion.candidates.get(taken) {
            let (before, behind) = (&text[..completion.replace.start], &text[completion.replace.end..]);
            let _ = parse(&format!("{before}{}{behind}", candidate.text));
        }
    }
}

/// Fields are equal by their names: these are so in everything.
fn same(read: &Field, field: &Field) {
    assert_eq!((&read.name, read.kind, &read.source), (&field.name, field.kind, &field.source));
}

/// What holds of every query.
fn sound(query: &Query) {
    for field in query.fields() {
        let read = parse_field(&field.name).unwrap_or_else(|error| panic!("{:?}: {error}", field.name));
        same(&read, field);
    }
    if let Some(prefix) = word_prefix(query) {
        assert!((8..=36).contains(&prefix.len()));
    }
    let again = parse(&query.text).expect("the same text");
    assert_eq!(again, *query);
}

#[test]
fn any_text_is_a_query_or_an_error_with_its_place() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let duration = Duration::from_secs(number("REQSPEC_FUZZ_SECONDS").unwrap_or(3));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut seed = number("REQSPEC_FUZZ_SEED").unwrap_or_else(|| u64::try_from(now & 0xffff_ffff).unwrap());
    eprintln!("the first seed is {seed}");
    let (start, mut texts, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    while start.elapsed() < duration {
        let one = text(&mut Random::new(seed));
        let attempt = || {
            let before = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| ask(&one, &mut Random::new(seed))));
            assert!(outcome.is_ok(), "REQSPEC_FUZZ_SEED={seed} fails: {}", shown(&one));
            before.elapsed()
        };
        let mut took = attempt();
        if took > SLOW {
            took = took.min(attempt()).min(attempt());
        }
        assert!(took <= SLOW, "REQSPEC_FUZZ_SEED={seed} took {took:?}: {}", shown(&one));
        slowest = slowest.max(took);
        texts += 1;
        seed = seed.wrapping_add(1);
    }
    eprintln!("{texts} texts, the slowest took {slowest:?}");
    assert!(texts > 0);
}

#[test]
fn written_values_are_read_back() {
    let mut random = Random::new(7);
    for _ in 0..2_000 {
        let value = texts::odd(&mut random);
        let query = parse(&format!("az={} vcpus", written_value(&value))).expect(&value);
        assert_eq!(query.fields().len(), 2, "{value:?}");
        let expected = parse(&format!("az=\"{}\" vcpus", value.replace('\\', "\\\\").replace('"', "\\\"")))
            .expect(&value);
        assert_eq!(query.expression, expected.expression);
    }
}
