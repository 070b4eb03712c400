//! What is wrong with the text itself: no JSON, nothing that nova loads, or not what is meant. The schema
//! finds it ([`crate::spec::schema::check()`]); here each problem gets its rule.
//!
//! Imports `spec` and its siblings; no I/O.

use super::{Judgement, rule};
use crate::lint::rule::Rule;
use crate::spec::document::Malformed;
use crate::spec::schema::{self, Problem, Severity, StoredVersion};
use crate::spec::{Document, FieldPath, Kind};

const UNREADABLE: &Rule = rule("RS001");
const UNLOADABLE: &Rule = rule("RS002");
const IMPOSSIBLE_VERSION: &Rule = rule("RS003");
const NEWER_VERSION: &Rule = rule("RS004");
const LEGACY_PINNING: &Rule = rule("RS006");
const MISREAD: &Rule = rule("RS010");
const DUPLICATE_KEYS: &Rule = rule("RS011");
const UNKNOWN_FIELD: &Rule = rule("RS012");
const CHECK_TYPE_HINT: &Rule = rule("RS013");
const ODD_VALUE: &Rule = rule("RS015");
const FAILS_LATER: &Rule = rule("RS016");
const HINT_DIFFERS: &Rule = rule("RS056");

/// A text that is no document.
pub(super) fn malformed(found: &mut Judgement, text: &[u8], malformed: &Malformed) {
    let reason = &malformed.reason;
    let sentence = match &**reason {
        "the text is empty" => "The text is empty.".to_owned(),
        "the text begins with a byte order mark" => "The text begins with a byte order mark.".to_owned(),
        "the text is not UTF-8" => format!("The text is not UTF-8 at byte {}.", malformed.offset),
        _ => {
            let (line, column) = malformed.position(text);
            let cut = malformed.offset >= text.len() || reason.starts_with("a string that does not end");
            let what = if cut { "The text is cut short" } else { "The text is no JSON" };
            format!("{what} (line {line}, column {column}): {reason}.")
        }
    };
    found.find(UNREADABLE, "", sentence);
}

/// What the schema has to say of a document.
pub(super) fn problems(found: &mut Judgement, document: &Document) {
    let root = document.root().kind();
    if root != Kind::Object {
        return found.find(UNREADABLE, "", format!("The text is {}, not a RequestSpec.", root.describe()));
    }
    for problem in schema::check(document) {
        // A rule of its own compares the topology with the flavor.
        if problem.path == "numa_topology" && problem.sentence.ends_with(": stale") {
            continue;
        }
        let rule = rule_of(&problem, document);
        found.find(rule, problem.path, whole_sentence(&problem.sentence));
    }
}

fn rule_of(problem: &Problem, document: &Document) -> &'static Rule {
    let says = |beginning: &str| problem.sentence.starts_with(beginning);
    let node = match problem.path.as_str() {
        "" => Some(document.root()),
        path => path.parse::<FieldPath>().ok().and_then(|path| path.resolve(document)),
    };
    match problem.severity {
        Severity::Unloadable => {
            let object = node.and_then(|node| {
                let name = node.get("nova_object.name")?.as_str()?;
                Some((schema::object(&name)?, node.get("nova_object.version")?))
            });
            // The header is read in nova's order: a version is complained of only where the rest is right.
            match object {
                Some((object, version)) if problem.sentence.contains(" version ") => {
                    match version.as_str().map(|text| StoredVersion::of(&text, object)) {
                        Some(StoredVersion::Newer) => NEWER_VERSION,
                        Some(StoredVersion::ThreePart | StoredVersion::Invalid) | None => IMPOSSIBLE_VERSION,
                        Some(_) => UNLOADABLE,
                    }
                }
                _ => UNLOADABLE,
            }
        }
        Severity::Harmful if says("the key stands here more than once") => DUPLICATE_KEYS,
        Severity::Harmful if says("nova takes every request") => CHECK_TYPE_HINT,
        Severity::Harmful if says("nova never wrote the version") => ODD_VALUE,
        Severity::Harmful if node.is_none_or(|node| node.is_null()) => FAILS_LATER,
        Severity::Harmful => MISREAD,
        Severity::Notice if problem.sentence.ends_with("nova drops it") => UNKNOWN_FIELD,
        Severity::Notice if says("a cell from before nova 22") => LEGACY_PINNING,
        Severity::Notice if says("the hint names") => HINT_DIFFERS,
        Severity::Notice => ODD_VALUE,
    }
}

/// The sentence with its capital and its full stop. nova writes itself small.
fn whole_sentence(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) if !sentence.starts_with("nova") => {
            format!("{}{}.", first.to_uppercase(), characters.as_str())
        }
        _ => format!("{sentence}."),
    }
}
