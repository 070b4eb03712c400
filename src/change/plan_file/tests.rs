use std::fs;

use super::*;
use crate::change::{DatabaseName, Operation, Plan, Requirement};

fn header() -> Header {
    Header {
        format: FORMAT,
        reqspec: "0.1.0".into(),
        made_at: "2026-01-02T03:04:05Z".into(),
        operator: "ada".into(),
        host: "controller".into(),
        environment: "testing".into(),
        databases: [("api".to_owned(), "sqlite 1:2".to_owned())].into(),
        title: "three things".into(),
        kind: "file".into(),
        reason: None,
    }
}

fn operations() -> Vec<Operation> {
    let cell = DatabaseName::cell("cell1");
    let text = |text: &str| std::sync::Arc::<[u8]>::from(text.as_bytes());
    vec![
        Operation::Save {
            database: cell.clone(),
            instance_uuid: "u-1".into(),
            before: text(r#"{"a": "az1", "b": [1, 2]}"#),
            after: r#"{"a": null, "b": [1, 3]}"#.into(),
        },
        Operation::Save {
            database: cell.clone(),
            instance_uuid: "u-\u{1b}\n2".into(),
            before: std::sync::Arc::from(&b"{\"a\": \"\xff\"}"[..]),
            after: "{}".into(),
        },
        Operation::Create { database: DatabaseName::Api, instance_uuid: "u-3".into(), text: "{}".into() },
        Operation::Destroy { database: DatabaseName::Api, instance_uuid: "u-4".into(), before: text("x") },
        Operation::Copy {
            from: DatabaseName::Api,
            to: cell.clone(),
            instance_uuid: "u-5".into(),
            text: text("{}"),
            replaces: Some(text("[]")),
        },
        Operation::Move {
            from: DatabaseName::Api,
            to: cell,
            instance_uuid: "u-6".into(),
            text: text("{}"),
            already_there: false,
        },
    ]
}

fn written(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("plan.jsonl");
    let plan = Plan {
        environment: "testing".into(),
        operations: operations(),
        warnings: Vec::new(),
        requirement: Requirement::Choose,
        ..Plan::default()
    };
    write::export(&path, &header(), &plan).unwrap();
    path
}

fn read(path: &Path) -> Result<Vec<PlannedOperation>, PlanFileError> {
    Reader::open(path)?.operations().collect()
}

#[test]
fn a_plan_reads_back_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(&directory);
    assert_eq!(Reader::open(&path).unwrap().header(), &header());
    let expected: Vec<_> = operations().iter().map(PlannedOperation::of).collect();
    assert_eq!(read(&path).unwrap(), expected);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""splices":[{"at":6,"removed":"\"az1\"","inserted":"null"}"#), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // One that is there is never written over.
    assert!(matches!(Writer::create(&path, &header()), Err(PlanFileError::Write { .. })));
}

#[test]
fn every_edit_of_a_file_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(&directory);
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(3) {
        for other in [good[at] ^ 1, b' '] {
            let mut bytes = good.clone();
            bytes[at] = other;
            fs::write(&path, &bytes).unwrap();
            let same = bytes == good;
            assert_eq!(read(&path).is_ok(), same, "byte {at} as {other}");
        }
    }
    for end in (0..good.len()).step_by(5).chain([good.len() - 1]) {
        fs::write(&path, &good[..end]).unwrap();
        assert!(read(&path).is_err(), "cut at {end}");
    }
}

#[test]
fn the_reason_of_a_refusal_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(&directory);
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let footer = |text: &str, count: usize| {
        use sha2::Digest as _;
        let sum: String = sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{text}{{\"operations\":{count},\"sha256\":\"{sum}\"}}\n")
    };
    let without_last = good.rsplit_once("{\"operations\"").unwrap().0;
    let cases: Vec<(String, &str)> = vec![
        (String::new(), "it is empty"),
        ("hello\n".into(), "its first line is no JSON object"),
        ("{\"a\":1}\n".into(), "no reqspec_plan"),
        (good.replace("\"reqspec_plan\":1", "\"reqspec_plan\":2"), "reqspec 0.1.0 wrote it in format 2"),
        (without_last.to_owned(), "cut short (after line 7)"),
        (good.replace("three things", "four things"), "do not add up"),
        (good.clone() + "{}\n", "something follows"),
        (footer(without_last, 5), "it has 6 operations, and its last line counts 5"),
        // Whoever adds the sum up anew does not get further.
        (
            footer(&without_last.replace(r#""a\": null"#, r#""a\": true"#), 6),
            "line 2: its splices do not lead",
        ),
        (footer(&without_last.replace("\"at\":6", "\"at\":7"), 6), "line 2: its splices do not lead"),
        (
            footer(&without_last.replace("\"to\":\"cell1\"", "\"to\":\"api\""), 6),
            "line 6: its source is its destination",
        ),
        (
            footer(&without_last.replace("\"operation\":\"move\"", "\"operation\":\"burn\""), 6),
            "line 7: unknown variant",
        ),
        (lines[..3].join("\n"), "cut short (after line 2)"),
    ];
    for (text, expected) in cases {
        fs::write(&path, &text).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected: {expected}");
        assert!(error.contains("plan.jsonl"), "{error}");
    }
}

#[test]
fn a_plan_is_kept_from_its_beginning_to_its_end_and_no_longer() {
    let directory = tempfile::tempdir().unwrap();
    let names = || -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    drop(Kept::create(directory.path()).unwrap());
    assert!(names().is_empty());
    let kept = Kept::create(directory.path()).unwrap();
    let path = kept.begin().unwrap();
    assert_eq!(kept.path(), path);
    assert!(matches!(Kept::open(&path), Err(PlanFileError::InUse { .. })));
    drop(kept);
    assert_eq!(names().len(), 1);
    // What a dead process left before anything was begun goes with the next plan.
    fs::write(directory.path().join("1-2-3.proposed"), "").unwrap();
    let alive = Kept::create(directory.path()).unwrap();
    let other = Kept::create(directory.path()).unwrap();
    assert_eq!(names().len(), 3);
    drop((alive, other));
    let again = Kept::open(&path).unwrap();
    assert_eq!(again.path(), path);
    again.finish();
    drop(again);
    assert!(names().is_empty());
}

#[test]
fn an_operation_fits_what_it_was_made_for_alone() {
    let text = |text: &str| std::sync::Arc::<[u8]>::from(text.as_bytes());
    let (old, new, other) =
        (text(r#"{"a": "az1", "b": [1, 2]}"#), text(r#"{"a": null, "b": [1, 3]}"#), text("?"));
    let save = PlannedOperation::of(&operations()[0]);
    assert_eq!(save.fits(Some(&old), None), Fit::Ready(operations()[0].clone()));
    assert_eq!(save.fits(Some(&new), None), Fit::AlreadyDone);
    assert_eq!(save.fits(Some(&other), None), Fit::Changed(other.clone()));
    assert_eq!(save.fits(None, None), Fit::Gone);
    let (spec, replaced) = (text("{}"), text("[]"));
    let copy = PlannedOperation::of(&operations()[4]);
    assert_eq!(copy.fits(Some(&spec), Some(&replaced)), Fit::Ready(operations()[4].clone()));
    assert_eq!(copy.fits(Some(&spec), Some(&spec)), Fit::AlreadyDone);
    assert_eq!(copy.fits(Some(&spec), Some(&other)), Fit::InTheWay(other.clone()));
    assert_eq!(copy.fits(Some(&spec), None), Fit::Gone);
    let moved = PlannedOperation::of(&operations()[5]);
    assert_eq!(moved.fits(Some(&spec), None), Fit::Ready(operations()[5].clone()));
    let half = moved.fits(Some(&spec), Some(&spec));
    assert!(matches!(half, Fit::Ready(Operation::Move { already_there: true, .. })), "{half:?}");
    assert_eq!(moved.fits(None, Some(&spec)), Fit::AlreadyDone);
    assert_eq!(moved.fits(None, Some(&other)), Fit::Gone);
    assert_eq!(moved.fits(Some(&spec), Some(&other)), Fit::InTheWay(other.clone()));
    assert_eq!(moved.fits(Some(&other), None), Fit::Changed(other));
}
