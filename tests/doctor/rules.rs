//! Each rule is broken once; what a database that is down would say is unknown.

use std::collections::BTreeSet;
use std::future::Future;

use reqspec::lint::{RULES, Rule};
use reqspec::query::parse;
use reqspec::store::{DatabaseName, SpecHome};
use rstest::rstest;

use crate::built::{Broken, Built, examine, options};
use crate::cases::{Patient, admit, all};
use crate::servers::Kind;

pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn expected(patients: &[Patient]) -> Broken {
    let of = |patient: &Patient| {
        let uuid = patient.uuid.clone();
        patient.broken.clone().into_iter().map(move |(database, codes)| {
            ((uuid.clone(), database.to_owned()), codes.into_iter().map(str::to_owned).collect())
        })
    };
    patients.iter().flat_map(of).collect()
}

#[track_caller]
fn compare(patients: &[Patient], found: &Broken, expected: &Broken) {
    let name =
        |uuid: &str| patients.iter().find(|patient| patient.uuid == uuid).map_or("?", |patient| patient.name);
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let wrong: Vec<String> = keys
        .into_iter()
        .filter(|key| found.get(key) != expected.get(key))
        .map(|key| format!("{} in {}: {:?} for {:?}", name(&key.0), key.1, found.get(key), expected.get(key)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn every_rule(built: &Built) {
    let patients = all();
    admit(built, &patients);
    let whole = built.whole();
    let (report, found) = examine(&whole, options(&whole, SpecHome::Cells));
    assert!(report.failures.is_empty() && report.unknown.is_empty() && report.finished, "{report:?}");
    compare(&patients, &found, &expected(&patients));
    assert_eq!(report.passed as usize, patients.iter().map(|patient| patient.specs.len()).sum::<usize>());
    assert_eq!(report.total, Some(report.passed));

    // Where nova reads the API database alone, what is in a cell only is not read.
    let (_, found) = examine(&whole, options(&whole, SpecHome::Api));
    let mut broken: BTreeSet<&str> = expected(&patients)
        .values()
        .flatten()
        .map(|code| RULES.iter().find(|rule| rule.code == code).unwrap().code)
        .collect();
    for patient in &patients {
        let in_api = patient.specs.iter().any(|(database, _)| *database == "api");
        for (database, _) in &patient.specs {
            let codes =
                found.get(&(patient.uuid.clone(), (*database).to_owned())).cloned().unwrap_or_default();
            let not_in_api = codes.iter().any(|code| code == "RS075");
            assert_eq!(not_in_api, !in_api && *database != "api", "{}", patient.name);
            assert!(!codes.iter().any(|code| code == "RS074"), "{}", patient.name);
            broken.extend(not_in_api.then_some("RS075"));
        }
    }
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(broken, rules, "every rule is broken by somebody");
}

#[test]
fn every_rule_finds_its_patient_and_no_other() {
    every_rule(&Built::on_sqlite());
}

#[rstest]
#[case(Kind::Mariadb)]
#[case(Kind::Postgres)]
#[ignore = "needs servers (tests/run)"]
fn every_rule_finds_its_patient_on_a_server(#[case] kind: Kind) {
    every_rule(&Built::on_servers(kind));
}

/// With a cell down nothing is found that is not found with it, and what hangs on it is unknown.
fn with_a_cell_down(built: &Built) {
    let patients = all();
    admit(built, &patients);
    let whole = expected(&patients);
    for down in ["cell0", "cell1", "cell2", "api"] {
        let part = built.without(&[down]);
        let (report, found) = examine(&part, options(&part, SpecHome::Cells));
        let failures: Vec<String> =
            report.failures.iter().map(|failure| failure.database.to_string()).collect();
        assert_eq!(failures, [down]);
        assert!(report.failures[0].unexamined && report.finished);
        for ((uuid, database), codes) in &found {
            let told = whole.get(&(uuid.clone(), database.clone())).cloned().unwrap_or_default();
            assert!(
                codes.iter().all(|code| told.contains(code)),
                "{uuid} in {database} without {down}: {codes:?}"
            );
        }
        // Nobody can tell that an instance is nowhere, that a spec has no copy, that an instance has none.
        let unknown = |code: &str| report.unknown.iter().filter(|unknown| unknown.rule.code == code).count();
        let found_code = |code: &str| found.values().flatten().any(|known| known == code);
        if down != "cell1" {
            assert!(unknown("RS070") > 0, "{down}");
        }
        assert!(!found_code("RS070") && !found_code("RS090"), "{down}");
        if !["api", "cell1"].contains(&down) {
            assert!(unknown("RS090") > 0, "{down}");
        }
        assert!(unknown("RS076") > 0, "{down}");
    }
}

#[test]
fn what_a_database_that_is_down_would_say_is_unknown_never_wrong() {
    with_a_cell_down(&Built::on_sqlite());
}

#[test]
fn only_what_is_asked_for_is_examined() {
    let built = Built::on_sqlite();
    let patients = all();
    admit(&built, &patients);
    let whole = built.whole();
    let expected = expected(&patients);
    let kept = |keep: &dyn Fn(&str, &str, &str) -> bool| {
        let mut kept = Broken::new();
        for ((uuid, database), codes) in &expected {
            let codes: Vec<String> =
                codes.iter().filter(|code| keep(uuid, database, code)).cloned().collect();
            if !codes.is_empty() {
                kept.insert((uuid.clone(), database.clone()), codes);
            }
        }
        kept
    };
    let mut one_database = options(&whole, SpecHome::Cells);
    one_database.databases = vec![DatabaseName::cell("cell2")];
    compare(&patients, &examine(&whole, one_database).1, &kept(&|_, database, _| database == "cell2"));

    let mut rules = options(&whole, SpecHome::Cells);
    rules.rules = Some(vec![Rule::find("stale-flavor").unwrap(), Rule::find("rs090").unwrap()]);
    compare(&patients, &examine(&whole, rules).1, &kept(&|_, _, code| ["RS040", "RS090"].contains(&code)));

    let mut query = options(&whole, SpecHome::Cells);
    query.query = parse("az=az3 or state=resized").unwrap().into();
    compare(&patients, &examine(&whole, query).1, &kept(&|_, _, code| ["RS030", "RS062"].contains(&code)));
}
