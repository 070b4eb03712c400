//! `reqspec doctor` itself: what it prints, and its exit codes.

use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

use crate::built::{Built, Engine, NAMES};
use crate::demo::demo;

fn run(built: &Built, down: &[&str], arguments: &[&str]) -> Output {
    let Engine::Sqlite(folder) = &built.engine else { panic!("of files") };
    let url = |name: &str| match down.contains(&name) {
        true => "sqlite:////nonexistent/database".to_owned(),
        false => format!("sqlite:///{}", folder.path().join(name).display()),
    };
    let mut command = Command::cargo_bin("reqspec").unwrap();
    command.env_clear().env("HOME", "/nonexistent").env("REQSPEC_JOURNAL", folder.path().join("journal"));
    command.arg("--api").arg(url("api"));
    for cell in &NAMES[1..] {
        command.arg("--cell").arg(format!("{cell}={}", url(cell)));
    }
    command.arg("--spec-home").arg("cells").arg("doctor").args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exit_codes_say_what_was_found_and_what_could_not_be() {
    let built = demo();
    let stale = &["--rule", "stale-flavor"];
    let with = |more: &[&'static str]| [&stale[..], more].concat();
    assert_eq!(code(&run(&built, &[], stale)), 0);
    assert_eq!(code(&run(&built, &[], &with(&["--fail-on", "warning"]))), 7);
    assert_eq!(code(&run(&built, &[], &with(&["--fail-on", "notice"]))), 7);
    assert_eq!(code(&run(&built, &[], &with(&["--fail-on", "error"]))), 0);
    let part = run(&built, &["cell2"], &with(&["--fail-on", "warning"]));
    assert_eq!(code(&part), 1);
    assert!(text(&part.stderr).contains("cell2: its specs were not all examined"), "{}", text(&part.stderr));
    assert!(text(&part.stdout).contains("not known, for a database did not tell:"), "{}", text(&part.stdout));
    for (arguments, told) in [
        (&["--rule", "nonsense"][..], "there is no rule \"nonsense\""),
        (&["--where", "az="], "--where"),
        (&["--in", "cell9"], "no database cell9"),
    ] {
        let refused = run(&built, &[], arguments);
        assert_eq!(code(&refused), 2);
        assert!(text(&refused.stderr).contains(told), "{}", text(&refused.stderr));
    }
}

#[test]
fn every_finding_is_a_line_of_json_and_the_last_counts_them() {
    let built = demo();
    let output = run(&built, &[], &["--json"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let text = text(&output.stdout);
    assert!(!text.contains('\u{1b}'));
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap()["summary"].take();
    assert_eq!((&summary["specs"], &summary["finished"]), (&2_025.into(), &true.into()));
    for rule in summary["findings"].as_array().unwrap() {
        let of: std::collections::BTreeSet<(&str, &str)> = lines
            .iter()
            .filter(|line| line["code"] == rule["code"])
            .map(|line| (line["database"].as_str().unwrap(), line["instance_uuid"].as_str().unwrap()))
            .collect();
        assert_eq!(rule["specs"], of.len(), "{rule}");
    }
    assert!(lines.len() > 3_000);
    let weights: u64 =
        ["errors", "warnings", "notices"].iter().map(|weight| summary[weight].as_u64().unwrap()).sum();
    assert!(weights as usize <= lines.len());
}

#[test]
fn the_uuids_are_what_a_repair_is_given() {
    let built = demo();
    let output = run(&built, &[], &["--rule", "RS070", "--uuids"]);
    assert_eq!(code(&output), 0);
    let text = text(&output.stdout);
    assert_eq!(text.lines().count(), 6);
    assert!(text.lines().all(reqspec::spec::schema::is_uuid), "{text}");
}
