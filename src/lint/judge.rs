//! The rules: from a stored text and what is known around it to findings.
//!
//! Imports `spec` and its siblings; no I/O.

use super::rule::Rule;
use super::surroundings::{Fleet, Surroundings};
use super::{Finding, RULES};

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

/// What the text alone says.
pub fn judge_text(subject: &Subject<'_>) -> Judgement {
    judge_of(subject, None)
}

/// What the text says together with what is known around it.
pub fn judge(subject: &Subject<'_>, surroundings: &Surroundings, fleet: &Fleet) -> Judgement {
    judge_of(subject, Some((surroundings, fleet)))
}

fn judge_of(subject: &Subject<'_>, _around: Option<(&Surroundings, &Fleet)>) -> Judgement {
    let unloadable = std::str::from_utf8(subject.spec).is_err();
    let findings = RULES.iter().take(usize::from(unloadable)).map(|rule| Finding {
        rule,
        path: String::new(),
        sentence: "The text is not valid UTF-8.".to_owned(),
    });
    Judgement { findings: findings.collect(), unknown: Vec::new() }
}
