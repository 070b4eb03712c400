//! What the fast test accepts has no problem; and it accepts most of what nova writes.

use std::io::Read as _;

use super::*;
use crate::spec::Document;
use crate::spec::schema::{check, check_sound};

/// The specs of the demo, which real nova made in all its eras.
pub(crate) fn demo() -> Vec<String> {
    let packed = concat!(env!("CARGO_MANIFEST_DIR"), "/src/deployment/demo_data/nova_api.sqlite.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(packed).unwrap()).read_to_end(&mut bytes).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let mut statement =
        connection.prepare("SELECT CAST(spec AS BLOB) FROM request_specs ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    rows.filter_map(|row| String::from_utf8(row.unwrap()).ok()).collect()
}

fn agree(text: &str) -> bool {
    let Some(sound) = sound(text) else { return false };
    let document = Document::parse_str(text).unwrap_or_else(|malformed| panic!("{malformed}: {text}"));
    let problems = check(&document);
    assert!(problems.is_empty(), "{problems:?}\n{text}");
    let root = document.root();
    assert_eq!(sound.fields().count(), root.fields().len());
    for (name, raw) in sound.fields() {
        assert_eq!(root.field(name).map(|node| node.raw()), Some(raw), "{name}");
    }
    let version = root.envelope().unwrap().version().unwrap().into_owned();
    assert_eq!(sound.version.map(|version| version.to_string()), Some(version));
    true
}

#[test]
fn accepts_what_is_sound_and_most_of_the_demo() {
    assert!(agree(&check_sound()));
    let specs = demo();
    let without =
        |text: &&String| Document::parse_str(text).is_ok_and(|document| check(&document).is_empty());
    let right = specs.iter().filter(without).count();
    let accepted = specs.iter().filter(|text| agree(text)).count();
    assert!(accepted * 100 >= right * 98 && accepted > 800, "{accepted} of {right} of {}", specs.len());
}

/// Damage of every kind at many places: what is still accepted has no problem.
#[test]
fn accepts_nothing_that_is_wrong() {
    let swaps: [(&str, &str); 16] = [
        ("null", "\"x\""),
        ("null", "true"),
        ("\"1.", "\"1.9"),
        ("false", "null"),
        (", ", ","),
        ("[]", "{}"),
        ("{}", "null"),
        ("}", "}}"),
        ("1", "-1"),
        ("0", "1.5"),
        ("\"nova\"", "\"nava\""),
        (": {", ": [{"),
        ("\"", "\\u0041\""),
        ("_", ""),
        ("nova_object.data", "nova_object.date"),
        (", \"", ", \"availability_zone\": null, \""),
    ];
    let (mut tried, mut accepted) = (0, 0);
    for (number, text) in demo().iter().enumerate().filter(|(number, _)| number % 9 == 0) {
        for (turn, (from, to)) in swaps.iter().enumerate() {
            let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
            for pick in 0..6 {
                let Some(at) = places.get((number * 31 + turn * 7 + pick * 13) % places.len().max(1)) else {
                    continue;
                };
                let mut damaged = text.clone();
                damaged.replace_range(*at..at + from.len(), to);
                tried += 1;
                accepted += usize::from(agree(&damaged));
            }
        }
        for cut in [1, 7, 100] {
            assert!(!agree(&text[..text.len().saturating_sub(cut)]));
        }
    }
    assert!(tried > 5_000 && accepted > 100 && accepted < tried / 2, "{accepted} of {tried}");
}

/// `cargo test --profile … sound_costs -- --ignored --nocapture` prints what the two cost per text.
#[test]
#[ignore = "a measurement"]
fn sound_costs() {
    let specs = demo();
    let time = |name: &str, one: &dyn Fn(&str) -> usize| {
        let begun = std::time::Instant::now();
        let sum: usize = (0..5).flat_map(|_| specs.iter()).map(|text| one(text)).sum();
        let each = begun.elapsed().as_nanos() / (5 * specs.len() as u128);
        println!("{name}: {each} ns each ({sum})");
    };
    time("sound", &|text| usize::from(sound(text).is_some()));
    time("parse", &|text| Document::parse_str(text).map_or(0, |document| document.node_count()));
    time("parse and check", &|text| Document::parse_str(text).map_or(0, |document| check(&document).len()));
    time("summary", &|text| crate::spec::summary::Summary::of(text.as_bytes()).demands.letters().len());
}
