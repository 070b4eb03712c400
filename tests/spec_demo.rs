//! The schema check, the list summary and the strip over every row of the sample deployment, which
//! real nova made: no row that nova loads is called unloadable, every broken one is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

mod spec_support;

use std::collections::BTreeMap;

use reqspec::spec::schema::{self, Severity};
use reqspec::spec::summary::Summary;
use reqspec::spec::{Document, persist};
use spec_support::{all_rows, broken};

#[test]
fn only_the_broken_rows_are_unloadable() {
    // Whether a group still exists stands in another table; the document alone is only at risk.
    const AT_RISK: &str = "hints null with dangling group";
    let broken = broken();
    let mut seen = BTreeMap::new();
    for (uuid, text) in all_rows() {
        let problems = match Document::parse(&text) {
            Ok(document) => schema::check(&document),
            Err(_) => {
                assert!(broken.contains_key(&uuid), "{uuid} is malformed");
                seen.insert(broken[&uuid].clone(), ());
                continue;
            }
        };
        let worst = problems.iter().min_by_key(|problem| problem.severity);
        let unloadable = worst.filter(|problem| problem.severity == Severity::Unloadable);
        match broken.get(&uuid).map(String::as_str) {
            Some(AT_RISK) => {
                assert!(problems.iter().any(|problem| problem.severity == Severity::Harmful), "{uuid}");
                seen.insert(AT_RISK.to_owned(), ());
            }
            Some(name) => {
                assert!(unloadable.is_some(), "{uuid} ({name}): {problems:?}");
                seen.insert(name.to_owned(), ());
            }
            None => assert_eq!(unloadable, None, "{uuid}"),
        }
    }
    assert_eq!(seen.len(), broken.len(), "not met: {broken:?} but {seen:?}");
}

#[test]
fn a_summary_problem_is_never_an_invention() {
    let broken = broken();
    for (uuid, text) in all_rows() {
        let summary = Summary::of(&text);
        match summary.problem {
            Some(problem) => assert!(broken.contains_key(&uuid), "{uuid}: {problem}"),
            None => {
                assert!(summary.flavor.is_some() && summary.vcpus.is_some(), "{uuid}");
                assert!(summary.version.is_some(), "{uuid}");
            }
        }
    }
}

#[test]
fn stripping_once_is_enough_and_can_be_taken_back() {
    for (uuid, text) in all_rows() {
        let Ok(document) = Document::parse(&text) else { continue };
        let stripped = persist::strip(&document).unwrap();
        assert!(persist::strip(&stripped.document).unwrap().splices.is_empty(), "{uuid}");
        let (back, _) = stripped.inverse.apply(stripped.document.text()).unwrap();
        assert_eq!(back.as_bytes(), text, "{uuid}");
    }
}

/// Every field that the editor lists can be set to what it holds, which changes no byte; every one
/// that can be cleared is cleared, and the inverse gives the first bytes back.
#[test]
fn every_listed_field_can_be_edited() {
    use reqspec::spec::edit::{Edit, apply};
    let broken = broken();
    let mut cleared = 0;
    // Rows of a kind repeat: every seventh is enough.
    for (uuid, text) in all_rows().into_iter().step_by(7) {
        let Ok(document) = Document::parse(&text) else { continue };
        if broken.contains_key(&uuid) {
            continue;
        }
        for entry in schema::editable_fields(&document) {
            let stored = document.node(entry.value.unwrap());
            if entry.info.addable.is_none() {
                let same = apply(&document, &[Edit::set_json(entry.path.clone(), stored.raw())]);
                match same {
                    Ok(edited) => assert!(edited.splices.is_empty(), "{uuid} {}", entry.path),
                    // What nova would misread, or a key it does not know, is not written again.
                    Err(error) => {
                        let known = schema::check(&document);
                        let noted =
                            known.iter().any(|problem| problem.path.starts_with(&entry.path.to_string()));
                        assert!(noted, "{uuid}: {error}");
                    }
                }
            }
            if let Ok(edited) = apply(&document, &[Edit::unset(entry.path.clone())]) {
                let (back, _) = edited.inverse.apply(edited.document.text()).unwrap();
                assert_eq!(back.as_bytes(), text);
                cleared += 1;
            }
        }
    }
    assert!(cleared > 1_000);
}
