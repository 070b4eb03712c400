//! edit --where, move --where, --plan-out, apply, resume.

use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{UUID, World, spec_of};

fn uuid(number: u32) -> String {
    format!("{number:08}-bbbb-4bbb-8bbb-222222222222")
}

/// Specs 1 to `count` in cell1, in zone az1.
fn filled(count: u32) -> World {
    let world = World::new();
    let mut sql = String::from("BEGIN;");
    for number in 1..=count {
        let text = spec_of(&uuid(number));
        sql.push_str(&format!(
            "INSERT INTO request_specs (instance_uuid, spec) VALUES ('{}', '{text}');",
            uuid(number)
        ));
    }
    world.sql("cell1", &(sql + "COMMIT"));
    world
}

fn count(world: &World, words: &str) -> u32 {
    let sql = "SELECT count(*) FROM request_specs WHERE instr(spec, ?1) > 0";
    world.connect("cell1").query_row(sql, [words], |row| row.get(0)).unwrap()
}

const NULL: &str = "\"availability_zone\": null";
const EDIT: [&str; 5] = ["edit", "--where", "az=az1", "--unset", "availability_zone"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EDIT[..], more].concat()
}

#[test]
fn many_specs_are_shown_confirmed_by_their_number_and_changed() {
    let world = filled(30);
    let before = world.fingerprint();
    let shown = world.run(&with(&["--dry-run"])).ok();
    for part in [
        "environment  testing",
        "plan         unset availability_zone where az=az1",
        "save         30 specs in cell1 (cell1.sqlite)",
        "values       availability_zone: \"az1\" -> null  (30 specs)",
        "and 20 more operations",
        "dry run: nothing was written",
    ] {
        assert!(shown.contains(part), "{shown}\n{part}");
    }
    let json: Value = serde_json::from_str(&world.run(&with(&["--dry-run", "--json"])).ok()).unwrap();
    assert_eq!((&json["total"], &json["requires"]), (&30.into(), &"30".into()));
    assert_eq!(json["groups"][0]["after"], "null");
    assert_eq!(json["first"].as_array().unwrap().len(), 10);

    // Nobody is there to type the number, and --yes alone is no number.
    assert!(world.run(&with(&[])).fails(5).contains("--confirm 30"));
    assert!(world.run(&with(&["--yes"])).fails(5).contains("wants \"30\" typed"));
    assert!(world.run(&with(&["--confirm", "29"])).fails(5).contains("\"29\" is not \"30\""));
    assert_eq!(world.fingerprint(), before);
    let plans = world.journal().with_file_name("plans");
    assert_eq!(std::fs::read_dir(&plans).unwrap().count(), 0);

    let said = world.run(&with(&["--confirm", "30", "--reason", "ticket 5"])).ok();
    assert!(said.starts_with("30 of 30 operations done\nchange #1 of the journal"), "{said}");
    assert_eq!(count(&world, NULL), 30);
    assert_eq!(world.run(&with(&["--confirm", "30"])).code(), 0, "nothing is left to do");
    assert_eq!(std::fs::read_dir(&plans).unwrap().count(), 0);
}

#[test]
fn yes_and_force_stand_for_the_number_and_a_limit_is_kept() {
    let world = filled(10);
    let said = world.run(&with(&["--yes", "--force", "--limit", "4", "--batch", "3"])).ok();
    assert!(said.starts_with("4 of 4 operations done\n"), "{said}");
    assert!(world.stored("cell1", &uuid(4)).unwrap().contains(NULL));
    assert_eq!(count(&world, NULL), 4);
    // One is no number to be typed.
    assert!(world.run(&with(&["--yes", "--limit", "1"])).ok().starts_with("1 of 1 operation done\n"));
}

#[test]
fn what_is_left_out_makes_the_exit_code_partly() {
    let world = filled(3);
    world.insert("cell1", UUID, spec_of(UUID).replacen("\"1.", "\"1.9", 1));
    let ran = world.run(&with(&["--confirm", "3", "--json"]));
    ran.fails(6);
    let lines: Vec<Value> = ran.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [sum] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&sum["done"], &sum["left_out"], &sum["change"]), (&3.into(), &1.into(), &1.into()));
    // What is left is refused, and said why.
    let err = world.run(&with(&["--yes"])).fails(5);
    assert!(err.contains("no spec to change") && err.contains(UUID), "{err}");
}

#[test]
fn slips_of_the_pen_are_told_before_anything_is_read() {
    let world = World::new();
    for (arguments, said) in [
        (&["edit", "--where", "azz=1", "--unset", "retry"][..], "there is no field"),
        (&["edit", "--where", "az=az1"], "nothing to edit"),
        (&["edit", "--unset", "retry"], "required"),
        (&["edit", UUID, "--where", "az=az1", "--unset", "retry"], "cannot be used with"),
        (&["edit", "--saved", "none", "--unset", "retry"], "no saved query"),
        (&["move", "--where", "az=az1"], "--to"),
        (&["move", "--where", "az=az1", "--to", "cell7"], "no database cell7"),
        (&["edit", "--where", "az=az1", "--unset", "retry", "--rate", "0"], "specs a second"),
        (&["edit", "--where", "az=az1", "--unset", "retry", "--batch", "0"], "from 1 to 5000"),
        (&["edit", UUID, "--unset", "retry", "--yes", "--confirm", "x"], "cannot be used with"),
    ] {
        let err = world.run(arguments).fails(2);
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    assert!(
        world.run(&["apply", "nothing.jsonl"]).fails(1).contains("nothing.jsonl: the plan cannot be read")
    );
    world.run(&["resume"]).ok();
    assert!(world.run(&["resume", "7"]).fails(3).contains("no change #7"));
}

#[test]
fn a_plan_is_written_reviewed_and_applied_later() {
    let world = filled(25);
    let plan = world.directory().join("plan.jsonl");
    let out = ["--plan-out", "plan.jsonl", "--reason", "ticket 5"];
    let ran = world.run(&with(&out));
    assert_eq!(ran.ok(), "plan.jsonl: the plan, 25 operations; `reqspec apply` carries it out\n");
    assert!(ran.err().contains("25 specs in cell1"));
    assert!(world.run(&with(&out)).fails(1).contains("plan.jsonl: the plan could not be written"));
    assert_eq!(count(&world, NULL), 0);

    let before = world.fingerprint();
    let shown = world.run(&["apply", "plan.jsonl", "--dry-run"]).ok();
    assert!(shown.contains("availability_zone: \"az1\" -> null  (25 specs)"), "{shown}");
    assert!(shown.contains("reason       ticket 5"), "{shown}");
    assert_eq!(world.fingerprint(), before);

    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, text.replace("\"inserted\":\"null\"", "\"inserted\":\"\\\"az2\\\"\"")).unwrap();
    let err = world.run(&["apply", "plan.jsonl", "--confirm", "25"]).fails(5);
    assert!(err.contains("was changed after it was written: line 2"), "{err}");
    std::fs::write(&plan, &text).unwrap();

    world
        .sql("cell1", &format!("UPDATE request_specs SET spec = '{{}}' WHERE instance_uuid = '{}'", uuid(9)));
    let err = world.run(&["apply", "plan.jsonl", "--confirm", "25"]).fails(4);
    assert!(err.contains("1 of 25 operations") && err.contains(&uuid(9)), "{err}");
    assert_eq!(count(&world, NULL), 0);
    let said = world.run(&["apply", "plan.jsonl", "--resume", "--confirm", "24"]);
    assert!(
        said.fails(6).contains("") && said.out().starts_with("24 of 24 operations done"),
        "{}",
        said.out()
    );
    assert_eq!(world.stored("cell1", &uuid(9)).unwrap(), "{}");
}

#[test]
fn every_changing_command_writes_a_plan() {
    let world = World::new();
    world.insert("api", UUID, spec_of(UUID));
    let steps: [&[&str]; 4] = [
        &["edit", UUID, "--set", "availability_zone=az2"],
        &["copy", UUID, "--to", "cell1"],
        &["move", UUID, "--from", "api", "--to", "cell2"],
        &["delete", UUID, "--in", "cell1"],
    ];
    for (at, step) in steps.iter().enumerate() {
        let file = format!("plan{at}.jsonl");
        let before = world.holders(UUID);
        let written = [step, &["--plan-out", &file][..]].concat();
        assert!(world.run(&written).ok().contains("the plan, 1 operation"));
        assert_eq!(world.holders(UUID), before);
        let word = if at == 3 { &["--confirm", "1"][..] } else { &["--yes"] };
        world.run(&[&["apply", &file][..], word].concat()).ok();
    }
    assert_eq!(world.holders(UUID), ["cell2"]);
    assert!(world.stored("cell2", UUID).unwrap().contains("az2"));
    // A deletion always wants something typed.
    let plan = world.run(&["delete", UUID, "--in", "cell2", "--plan-out", "last.jsonl"]);
    plan.ok();
    world.run(&["apply", "last.jsonl", "--yes"]).fails(5);
}

#[test]
fn moves_go_to_the_cell_of_each_instance() {
    let world = World::with_mappings();
    for number in 1..=6 {
        world.insert("api", &uuid(number), spec_of(&uuid(number)));
        world.map(&uuid(number), (number < 6).then_some(if number % 2 == 0 { 2 } else { 3 }));
    }
    let ran = world.run(&["move", "--where", "db=api", "--to", "mapped", "--confirm", "5"]);
    ran.fails(6);
    assert!(ran.out().contains("1 spec left out of the plan"), "{}", ran.out());
    assert_eq!((world.holders(&uuid(2)), world.holders(&uuid(3))), (vec!["cell1"], vec!["cell2"]));
    assert_eq!(world.holders(&uuid(6)), ["api"]);
    world.run(&["move", &uuid(2), "--to", "api", "--yes"]).ok();
    world.run(&["move", &uuid(2), "--to", "mapped", "--yes"]).ok();
    assert_eq!(world.holders(&uuid(2)), ["cell1"]);
    assert!(world.run(&["move", &uuid(6), "--to", "mapped"]).fails(5).contains("has no cell yet"));
}

/// The program with these arguments, running, once it has changed `least` specs of cell1.
fn started(world: &World, arguments: &[&str], least: u32) -> Child {
    let command = world.command(arguments);
    let mut child = std::process::Command::new(command.get_program());
    child.args(command.get_args()).current_dir(world.directory());
    child.env("REQSPEC_JOURNAL", world.journal()).env("HOME", "/nonexistent");
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while count(world, NULL) < least {
        assert!(Instant::now() < until, "nothing was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn interrupt(child: Child) -> Output {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

fn plans(world: &World) -> Vec<PathBuf> {
    let plans = std::fs::read_dir(world.journal().with_file_name("plans")).unwrap();
    plans.map(|entry| entry.unwrap().path()).collect()
}

/// The change of that number, as `history` gives it.
fn change(world: &World, number: u32) -> Value {
    let said = world.run(&["history", &number.to_string(), "--json"]).ok();
    serde_json::from_str(said.lines().next().unwrap()).unwrap()
}

fn state(world: &World, number: u32) -> String {
    let said = world.run(&["history", &number.to_string()]).ok();
    let line = said.lines().find(|line| line.starts_with("state ")).unwrap();
    line["state".len()..].trim().to_owned()
}

#[test]
fn an_interrupted_change_says_how_to_go_on_and_goes_on() {
    let world = filled(60);
    let arguments = with(&["--confirm", "60", "--rate", "20", "--batch", "5"]);
    let output = interrupt(started(&world, &arguments, 5));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(6), "{out}{err}");
    assert!(err.contains("stopping after what is under way") && err.contains("`reqspec resume 1`"), "{err}");
    let done = count(&world, NULL);
    assert!((5..60).contains(&done), "{done}");
    assert!(out.contains(&format!("{done} of 60 operations done")), "{out}");

    let rest = 60 - done;
    let said = world.run(&["resume", "--confirm", &rest.to_string()]);
    assert!(said.ok().starts_with(&format!("{rest} of {rest} operations done")), "{}", said.out());
    assert_eq!(count(&world, NULL), 60);
    world.run(&["resume"]).ok();
    assert_eq!(change(&world, 1)["results"], json!({ "done": 60 }), "what was begun again counts once");
    // Both parts are one change, and are taken back as one.
    assert!(said.out().contains("change #1 of the journal"), "{}", said.out());
    world.run(&["undo", "1", "--confirm", "60"]).ok();
    assert_eq!(count(&world, NULL), 0);
    assert_eq!(world.stored("cell1", &uuid(60)).as_deref(), Some(spec_of(&uuid(60)).as_str()));
    assert_eq!(std::fs::read_dir(world.journal().with_file_name("plans")).unwrap().count(), 0);
}

#[test]
fn a_plan_is_kept_while_a_database_of_it_does_not_answer() {
    let world = filled(40);
    for number in 41..=50 {
        world.insert("cell2", &uuid(number), spec_of(&uuid(number)));
    }
    let arguments = with(&["--confirm", "50", "--rate", "20", "--batch", "5"]);
    let output = interrupt(started(&world, &arguments, 5));
    assert_eq!(output.status.code(), Some(6));
    let done = count(&world, NULL);
    let kept = plans(&world);
    let away = |database: &str| std::fs::rename(world.path(database), world.directory().join(database));
    let back = |database: &str| std::fs::rename(world.directory().join(database), world.path(database));

    // One of two, then both: nothing would be left to do.
    away("cell2").unwrap();
    let err = world.run(&["resume", "--confirm", &(40 - done).to_string()]).fails(1);
    assert!(err.contains("10 operations that are left") && err.contains("resume again"), "{err}");
    assert!(err.contains("cell2"), "{err}");
    away("cell1").unwrap();
    let err = world.run(&["resume", "--yes"]).fails(1);
    assert!(err.contains("50 operations that are left"), "{err}");
    assert_eq!(plans(&world), kept);

    back("cell1").unwrap();
    back("cell2").unwrap();
    assert_eq!(count(&world, NULL), done);
    let rest = (50 - done).to_string();
    assert!(world.run(&["resume", "--confirm", &rest]).ok().starts_with(&format!("{rest} of {rest} ")));
    assert_eq!(count(&world, NULL), 40);
    assert!(world.stored("cell2", &uuid(50)).unwrap().contains(NULL));
    assert!(plans(&world).is_empty());
}

#[test]
fn a_plan_that_was_lost_is_told() {
    let world = filled(40);
    let arguments = with(&["--confirm", "40", "--rate", "20", "--batch", "5"]);
    interrupt(started(&world, &arguments, 5));
    let [kept] = plans(&world).try_into().unwrap();
    std::fs::remove_file(&kept).unwrap();
    let left = 40 - count(&world, NULL);
    for arguments in [&["resume"][..], &["resume", "1"]] {
        let err = world.run(arguments).fails(1);
        assert!(err.contains(&format!("change #1: {left} of its 40 operations were not done")), "{err}");
        assert!(err.contains(&kept.display().to_string()), "{err}");
    }
}

#[test]
fn passwords_stand_in_no_title_and_no_reason() {
    let world = filled(3);
    let reason = "as in mysql://u:s3cret@h/d";
    let set = ["edit", "--where", "az=az1", "--set", "availability_zone=rabbit://u:s3cret@h/"];
    let edit = |more: &[&str]| world.run(&[&set[..], &["--reason", reason], more].concat());
    edit(&["--plan-out", "plan.jsonl"]).ok();
    let plan = std::fs::read_to_string(world.directory().join("plan.jsonl")).unwrap();
    let head = plan.lines().next().unwrap();
    assert!(head.contains("***") && !head.contains("s3cret"), "{head}");
    edit(&["--confirm", "3"]).ok();
    let kept = "SELECT title || reason FROM changes";
    let journal = rusqlite::Connection::open(world.journal()).unwrap();
    let kept: String = journal.query_row(kept, [], |row| row.get(0)).unwrap();
    assert!(kept.contains("***") && !kept.contains("s3cret"), "{kept}");
    // As an older one would have written it down.
    let title = "set transport_url=rabbit://u:s3cret@h/";
    journal.execute("UPDATE changes SET title = ?1, reason = ?2", [title, reason]).unwrap();
    let mut said = vec![world.run(&["history"]).ok(), world.run(&["history", "--json"]).ok()];
    said.push(world.run(&["history", "export"]).ok().lines().next().unwrap().to_owned());
    said.push(world.run(&["history", "1"]).ok().lines().take(10).collect::<Vec<_>>().join("\n"));
    said.push(world.run(&["undo", "--dry-run"]).err().to_owned());
    for said in said {
        assert!(said.contains("***") && !said.contains("s3cret"), "{said}");
    }
}

#[test]
fn what_met_with_a_conflict_is_printed_or_counted() {
    for json in [false, true] {
        let world = filled(60);
        let mut arguments = with(&["--confirm", "60", "--rate", "20", "--batch", "5"]);
        arguments.extend(json.then_some("--json"));
        let child = started(&world, &arguments, 5);
        world.sql(
            "cell1",
            &format!("UPDATE request_specs SET spec = spec || ' ' WHERE instance_uuid > '{}'", uuid(35)),
        );
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(6), "{out}");
        if json {
            let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let conflicts = lines.iter().filter(|line| line["result"] == "conflict").count();
            assert_eq!((conflicts, lines.len(), &lines[25]["conflicts"]), (25, 26, &25.into()), "{out}");
        } else {
            assert_eq!(out.lines().filter(|line| line.starts_with("conflict ")).count(), 20, "{out}");
            assert!(out.contains("and 5 more; with --json each of them is printed"), "{out}");
        }
    }
}

#[test]
fn what_was_undone_in_part_is_not_taken_for_undone() {
    let world = filled(12);
    world.run(&with(&["--confirm", "12"])).ok();
    let others = format!("WHERE instance_uuid > '{}'", uuid(5));
    world.sql("cell1", &format!("UPDATE request_specs SET spec = spec || ' ' {others}"));
    world.run(&["undo", "--confirm", "12"]).fails(6);
    assert_eq!(state(&world, 1), "5 of 12 undone by #2");
    assert_eq!(change(&world, 1)["still_done"], 7);
    world.sql("cell1", &format!("UPDATE request_specs SET spec = rtrim(spec) {others}"));
    // The newest of which something is left.
    assert!(world.run(&["undo", "--confirm", "7"]).ok().starts_with("7 of 7 operations done"));
    assert_eq!((state(&world, 1), count(&world, NULL)), ("undone by #3".to_owned(), 0));
    assert!(world.run(&["undo", "1", "--yes"]).fails(5).contains("was undone by #3 already"));
}

#[test]
fn an_interrupted_change_goes_on_though_some_of_it_was_undone() {
    let world = filled(40);
    let arguments = with(&["--confirm", "40", "--rate", "20", "--batch", "5"]);
    interrupt(started(&world, &arguments, 5));
    let done = count(&world, NULL);
    let others = format!("WHERE instr(spec, '{NULL}') > 0 AND instance_uuid > '{}'", uuid(2));
    world.sql("cell1", &format!("UPDATE request_specs SET spec = spec || ' ' {others}"));
    world.run(&["undo", "1", "--confirm", &done.to_string()]).fails(6);
    world.sql("cell1", "UPDATE request_specs SET spec = rtrim(spec)");
    let ran = world.run(&["resume", "1", "--confirm", &(40 - done + 2).to_string()]);
    ran.ok();
    assert!(
        ran.err().contains("2 operations of it that change #2 undid would be done again"),
        "{}",
        ran.err()
    );
    assert_eq!((count(&world, NULL), state(&world, 1)), (40, "40 done".to_owned()));
    // All of it is left to be undone, what was done twice once.
    world.run(&["undo", "1", "--confirm", "40"]).ok();
    assert_eq!((count(&world, NULL), state(&world, 1)), (0, "undone by #3".to_owned()));
    // Now there is nothing to go on with.
    world.run(&["resume"]).ok();
}
