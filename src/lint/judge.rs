//! The rules: from a stored text and what is known around it to findings.
//!
//! - `spec`: the fields that rules go by.  `text`: what is wrong with the text.  `controls`: control characters.
//! - `fields`: zone, hosts, left-overs.  `hardware`: flavor, NUMA, PCI.  `groups`: the server group.
//! - `place`: the instance, and where the spec stands.
//!
//! Most texts are right: [`crate::spec::schema::sound()`] tells that in one pass, and only the others are indexed.
//!
//! Imports `spec` and its siblings; no I/O.

mod controls;
mod fields;
mod groups;
mod hardware;
mod place;
mod spec;
mod text;

use super::rule::Rule;
use super::surroundings::{Fleet, Surroundings};
use super::{Finding, RULES};
use crate::spec::{Document, schema};
use spec::Spec;

/// A row that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Where it stands: `api` or a cell's name.
    pub database: &'a str,
    /// Column `instance_uuid`, as stored.
    pub instance_uuid: &'a str,
    /// Column `spec`: the exact bytes.
    pub spec: &'a [u8],
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The findings, the heaviest first.
    pub findings: Vec<Finding>,
    /// The rules that hang on what could not be told.
    pub unknown: Vec<&'static Rule>,
}

/// What is known around a row, if anything was asked.
type Around<'a> = Option<(&'a Surroundings, &'a Fleet)>;

/// What the text alone says.
pub fn judge_text(subject: &Subject<'_>) -> Judgement {
    judge_of(subject, None)
}

/// What the text says together with what is known around it.
pub fn judge(subject: &Subject<'_>, surroundings: &Surroundings, fleet: &Fleet) -> Judgement {
    judge_of(subject, Some((surroundings, fleet)))
}

fn judge_of(subject: &Subject<'_>, around: Around<'_>) -> Judgement {
    let mut found = Judgement::default();
    let sound = std::str::from_utf8(subject.spec).ok().and_then(schema::sound);
    match sound {
        Some(sound) => {
            let spec = Spec::of(sound.version, sound.fields());
            of_spec(&mut found, subject, &spec, None, around);
        }
        None => match Document::parse(subject.spec) {
            Err(malformed) => text::malformed(&mut found, subject.spec, &malformed),
            Ok(document) => {
                text::problems(&mut found, &document);
                let spec = Spec::of_document(&document);
                of_spec(&mut found, subject, &spec, Some(&document), around);
            }
        },
    }
    if let Some((surroundings, fleet)) = around {
        place::judge(&mut found, subject, surroundings, fleet);
    }
    found.findings.sort_by(|one, other| {
        let weight = other.rule.severity.cmp(&one.rule.severity);
        weight.then_with(|| one.rule.code.cmp(other.rule.code))
    });
    found.unknown.sort_by_key(|rule| rule.code);
    found.unknown.dedup();
    found
}

/// The rules that go by the fields. `document` is there where the text is not sound.
fn of_spec(
    found: &mut Judgement,
    subject: &Subject<'_>,
    spec: &Spec<'_>,
    document: Option<&Document>,
    around: Around<'_>,
) {
    controls::judge(found, subject.spec, document);
    fields::judge(found, subject, spec, around);
    hardware::judge(found, spec, around);
    groups::judge(found, spec, around);
    if let Some((surroundings, _)) = around {
        place::owner(found, spec, surroundings);
    }
}

impl Judgement {
    fn find(&mut self, rule: &'static Rule, path: impl Into<String>, sentence: impl Into<String>) {
        self.findings.push(Finding { rule, path: path.into(), sentence: sentence.into() });
    }

    fn unknown(&mut self, rules: &[&'static Rule]) {
        self.unknown.extend(rules);
    }
}

/// The rule of that code, found when this is compiled: an unknown code does not compile.
const fn rule(code: &str) -> &'static Rule {
    let wanted = code.as_bytes();
    let mut at = 0;
    loop {
        let own = RULES[at].code.as_bytes();
        let mut same = own.len() == wanted.len();
        let mut byte = 0;
        while same && byte < own.len() {
            same = own[byte] == wanted[byte];
            byte += 1;
        }
        if same {
            return &RULES[at];
        }
        at += 1;
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
pub(crate) mod tests;
