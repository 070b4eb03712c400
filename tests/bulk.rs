//! Plans of many changes over SQLite: planned, carried out, interrupted, continued, written to files and checked
//! against what the databases hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

#[path = "bulk/world.rs"]
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reqspec::change::bulk::summary::WhyNot;
use reqspec::change::{
    Answer, BulkChange, BulkPlan, Confirmation, Destination, Refusal, Repair, Requirement, Whom,
};
use reqspec::fleet::plans::Source;
use reqspec::query::parse;
use reqspec::spec::edit::Edit;
use reqspec::store::Cancel;
use support::{database, spec, uuid};
use world::{World, edit, unset};

fn confirmed(plan: BulkPlan) -> reqspec::change::Confirmed<BulkPlan> {
    let typed = plan.total().to_string();
    Confirmation::new(plan).answer(&Answer::Confirm { typed }).unwrap()
}

/// In zone az1, but for every tenth, which is in az2.
fn zone(number: i64) -> &'static str {
    if number % 10 == 0 { "az2" } else { "az1" }
}

fn filled(count: i64) -> World {
    let world = World::new();
    world.fill("c1", 1..=count, |number| support::spec_in_zone(&uuid(number), zone(number)));
    world
}

#[test]
fn ten_thousand_specs_are_changed_past_a_conflict_and_only_those_that_were_asked_for() {
    let world = filled(10_000);
    let plan = world.build(unset("availability_zone"), "az=az1").unwrap();
    assert_eq!(plan.total(), 9_000);
    assert_eq!(plan.requirement(), &Requirement::Type("9000".into()));
    let summary = plan.summary();
    let group = &summary.groups[0];
    assert_eq!((group.path.as_str(), group.count), ("availability_zone", 9_000));
    assert_eq!((group.before.as_deref(), group.after.as_deref()), (Some("\"az1\""), Some("null")));
    assert!(summary.left_out.is_empty() && !summary.is_incomplete, "{summary:?}");
    assert_eq!(summary.first.len(), 10);

    // Another program changes one of the last specs while the first ones are written.
    let disturbed = AtomicBool::new(false);
    let other = support::spec_in_zone(&uuid(9_999), "az7");
    let outcome = world.apply(confirmed(plan), &Cancel::default(), &|progress| {
        if progress.passed >= 1_000 && !disturbed.swap(true, Ordering::SeqCst) {
            world.write("c1", 9_999, &other);
        }
    });
    assert_eq!((outcome.progress.done, outcome.progress.conflicts), (8_999, 1), "{outcome:?}");
    assert_eq!(&*outcome.problems[0].instance_uuid, uuid(9_999));
    assert_eq!(world.text("c1", 9_999), other);
    assert_eq!(world.count("c1", "\"availability_zone\": null"), 8_999);
    assert_eq!(world.count("c1", "\"availability_zone\": \"az2\""), 1_000);
    assert_eq!(world.text("c1", 1), spec(&uuid(1)), "nothing else was changed");
    assert!(world.plans().is_empty(), "the file of a finished plan goes");
}

#[test]
fn a_cancelled_change_is_continued_where_it_stopped() {
    let world = filled(3_000);
    let plan = world.build(unset("availability_zone"), "az=az1").unwrap();
    let cancel = Cancel::default();
    let outcome = world.apply(confirmed(plan), &cancel, &|progress| {
        if progress.passed >= 600 {
            cancel.cancel();
        }
    });
    let done = outcome.progress.done;
    assert!(outcome.is_cancelled && (600..2_700).contains(&done), "{outcome:?}");
    assert_eq!(world.count("c1", "\"availability_zone\": null"), done);
    let [kept] = world.plans().try_into().unwrap();
    let change = outcome.change.unwrap();

    let source = Source { path: &kept, resume: true, rest_of: Some(change.0) };
    let rest = world.open(source, false).unwrap();
    assert_eq!(rest.total(), 2_700 - done);
    assert_eq!(rest.summary().left_out_for(WhyNot::Needless), done);
    let outcome = world.apply(confirmed(rest), &Cancel::default(), &|_| {});
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.count("c1", "\"availability_zone\": null"), 2_700);
    // Without --resume what was done refuses the plan; all of it being done there is nothing to do.
    let source = Source { path: &kept, resume: false, rest_of: None };
    let all_done = world.open(source, false).unwrap_err();
    assert!(matches!(&all_done, Refusal::NothingToDo(said) if said.contains("done already")), "{all_done:?}");
    world.write("c1", 1, &support::spec_in_zone(&uuid(1), "az1"));
    let Refusal::Conflict { reason, .. } = world.open(source, false).unwrap_err() else { panic!() };
    assert!(reason.contains("2699 of 2700 operations cannot be carried out"), "{reason}");
    assert!(reason.contains("and 2689 more"), "{reason}");
}

#[test]
fn a_plan_is_the_same_however_often_it_is_made() {
    let world = World::new();
    for (number, name) in [(5, "c2"), (3, "c1"), (9, "api"), (1, "c2"), (7, "c1"), (2, "api")] {
        world.fill(name, number..=number, |number| support::spec_in_zone(&uuid(number), "az1"));
    }
    let places = |plan: &BulkPlan| -> Vec<String> {
        let operations = plan.operations().unwrap().map(|operation| operation.unwrap());
        operations.map(|one| format!("{} {}", one.database(), &one.instance_uuid()[..8])).collect()
    };
    let all = world.build(unset("availability_zone"), "").unwrap();
    let expected =
        ["api 00000009", "api 00000002", "c1 00000003", "c1 00000007", "c2 00000005", "c2 00000001"];
    assert_eq!(places(&all), expected);
    let mut intent = world.intent(unset("availability_zone"), "az=az1");
    intent.limit = Some(3);
    assert_eq!(places(&world.build_intent(&intent, false).unwrap()), expected[..3]);
    // By hand, in any order and twice.
    let marked = [(7, "c1"), (9, "api"), (5, "c2"), (3, "c1"), (9, "api"), (99, "c1")];
    let rows = marked.map(|(number, name)| (database(name), uuid(number).into()));
    intent.whom = Whom::Rows(rows.to_vec().into());
    intent.limit = None;
    let plan = world.build_intent(&intent, false).unwrap();
    assert_eq!(places(&plan), ["api 00000009", "c1 00000003", "c1 00000007", "c2 00000005"]);
}

#[test]
fn what_cannot_be_edited_is_counted_with_the_reason() {
    let world = World::new();
    let good = |number: i64| support::spec_in_zone(&uuid(number), "az1");
    world.fill("c1", 1..=4, good);
    world.fill("c1", 5..=6, |number| good(number).replace("az1\"", "az1"));
    let newer = |number: i64| {
        good(number).replacen("\"nova_object.version\": \"1.1", "\"nova_object.version\": \"1.9", 1)
    };
    world.fill("c1", 7..=9, newer);
    world.fill("c1", 10..=11, |number| spec(&uuid(number)));
    let plan = world.build(edit("availability_zone", "az2"), "").unwrap();
    assert_eq!(plan.total(), 6);
    let left_out = |why| -> Vec<(u64, String)> {
        let found = plan.summary().left_out.iter().filter(|left| left.sort == why);
        found.map(|left| (left.count, left.sentence.clone())).collect()
    };
    let refused = left_out(WhyNot::Refused);
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].0 == 3 && refused[0].1.contains("1.9"), "{refused:?}");
    assert!(refused[1].0 == 2 && refused[1].1.contains("malformed"), "{refused:?}");
    let again = world.build(edit("availability_zone", "az1"), "az=az1").unwrap();
    assert_eq!((again.total(), again.requirement()), (0, &Requirement::Choose));
    assert!(again.summary().left_out_for(WhyNot::Needless) >= 4, "{:?}", again.summary());
}

#[test]
fn an_edit_of_a_busy_instance_is_warned_of_and_one_that_breaks_is_refused() {
    let world = filled(3);
    world.nova();
    for (number, vm_state, task_state) in
        [(1, "active", Some("resize_prep")), (2, "resized", None), (3, "active", None)]
    {
        world.map(number, Some(1));
        world.instance("c1", number, vm_state, task_state);
    }
    let plan = world.build(unset("availability_zone"), "").unwrap();
    let warnings: Vec<_> =
        plan.summary().warnings.iter().map(|warning| (warning.sentence.as_str(), warning.count)).collect();
    assert!(
        warnings.iter().any(|(said, count)| said.contains("task_state resize_prep") && *count == 1),
        "{warnings:?}"
    );
    assert!(
        warnings.iter().any(|(said, count)| said.contains("vm_state resized") && *count == 1),
        "{warnings:?}"
    );
    // As a single edit: nova cannot load a negative number of instances.
    let plan = world.build(edit("num_instances", "-1"), "").unwrap();
    let single = world.build(edit("flavor", "x"), "").unwrap();
    assert_eq!((plan.total() % 3, single.total()), (0, 0));
    assert_eq!(single.summary().left_out_for(WhyNot::Refused), 3);
}

#[test]
fn specs_move_to_the_cell_of_their_instance_and_others_stay() {
    let world = World::new();
    world.nova();
    world.fill("api", 1..=8, |number| spec(&uuid(number)));
    for (number, cell) in [(1, Some(1)), (2, Some(2)), (3, Some(1)), (4, None), (6, Some(2)), (7, Some(1))] {
        world.map(number, cell);
    }
    // In the way; there already.
    world.fill("c2", 6..=6, |number| support::spec_in_zone(&uuid(number), "az9"));
    world.fill("c1", 7..=7, |number| spec(&uuid(number)));
    let change = || BulkChange::Move(Destination::MappedCell);
    let plan = world.build(change(), "db=api").unwrap();
    let places: Vec<_> = plan
        .summary()
        .places
        .iter()
        .map(|place| (place.to.as_ref().unwrap().to_string(), place.count))
        .collect();
    assert_eq!(places, [("c1".to_owned(), 3), ("c2".to_owned(), 1)]);
    let summary = plan.summary();
    assert_eq!(summary.left_out_for(WhyNot::Refused), 3, "{summary:?}");
    assert_eq!(summary.left_out_for(WhyNot::InTheWay), 1, "{summary:?}");
    let outcome = world.apply(confirmed(plan), &Cancel::default(), &|_| {});
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.numbers("api"), [4, 5, 6, 8]);
    assert_eq!(world.numbers("c1"), [1, 3, 7]);
    assert_eq!(world.numbers("c2"), [2, 6]);

    // A cell that is not the instance's: refused, unless forced.
    let there = || BulkChange::Move(Destination::Database(database("c2")));
    let plan = world.build(there(), "db=c1").unwrap();
    assert_eq!((plan.total(), plan.summary().left_out_for(WhyNot::Refused)), (0, 3));
    let intent = world.intent(there(), "db=c1");
    let forced = world.build_intent(&intent, true).unwrap();
    assert_eq!(forced.total(), 3);
    let danger = &forced.summary().warnings[0];
    assert!(danger.sentence.contains("mapped to c1, not to c2") && danger.count == 3, "{danger:?}");
}

#[test]
fn a_plan_file_is_refused_where_it_does_not_fit() {
    let world = filled(20);
    let plan = world.build(unset("availability_zone"), "").unwrap();
    let file = world.directory().join("plan.jsonl");
    std::fs::copy(plan.path(), &file).unwrap();
    drop(plan);
    assert!(world.plans().is_empty(), "the file of a plan that nobody wants goes");
    let source = Source { path: &file, resume: false, rest_of: None };
    let reason = |refusal: Refusal| match refusal {
        Refusal::Refused { reason, forceable: false } | Refusal::Conflict { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    let opened = world.open(source, false).unwrap();
    assert_eq!((opened.total(), opened.summary().groups[0].count), (20, 18));
    drop(opened);

    // Of another deployment.
    let elsewhere = filled(20);
    let said = reason(elsewhere.open(source, false).unwrap_err());
    assert!(said.contains("was made for the environment testing, where c1 is another database"), "{said}");

    // Rows that changed, went, or were done.
    world.write("c1", 3, &support::spec_in_zone(&uuid(3), "az5"));
    world.delete("c1", 4);
    world.write("c1", 5, &spec(&uuid(5)));
    let said = reason(world.open(source, false).unwrap_err());
    for part in
        ["3 of 20 operations", &uuid(3), "changed by someone else", &uuid(4), "not there any more", &uuid(5)]
    {
        assert!(said.contains(part), "{said}\n{part}");
    }
    let rest = world.open(Source { resume: true, ..source }, false).unwrap();
    assert_eq!((rest.total(), rest.summary().left_out_for(WhyNot::Changed)), (17, 2));

    // Whoever adds the sums up anew gets past the file's own, not past the rules.
    let text = std::fs::read_to_string(&file).unwrap();
    let forged = world::forged(&text, |lines| {
        let line = lines.iter_mut().find(|line| line.contains(&uuid(7))).unwrap();
        *line = world::saving(&support::spec_in_zone(&uuid(7), "az1"), "{\"no\": \"spec\"}", &uuid(7));
    });
    std::fs::write(&file, forged).unwrap();
    let said = reason(world.open(source, false).unwrap_err());
    assert!(said.contains(&uuid(7)) && said.contains("nova could not load it"), "{said}");
    std::fs::write(&file, text.replace("az1", "az3")).unwrap();
    let said = reason(world.open(source, false).unwrap_err());
    assert!(said.contains("was changed after it was written"), "{said}");
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    assert!(reason(world.open(source, false).unwrap_err()).contains("cut short"));
    std::fs::write(&file, text.replacen("\"reqspec_plan\":1", "\"reqspec_plan\":9", 1)).unwrap();
    assert!(reason(world.open(source, false).unwrap_err()).contains("in format 9"));
}

#[test]
fn a_repair_goes_by_what_other_tables_say() {
    let world = filled(3);
    world.nova();
    for number in 1..=3 {
        world.map(number, Some(1));
        world.instance("c1", number, "active", None);
    }
    world.sql("c1", &format!("UPDATE instances SET project_id = 'other' WHERE uuid = '{}'", uuid(2)));
    let plan = world.build(BulkChange::Repair(Repair::FixProject), "").unwrap();
    let summary = plan.summary();
    assert_eq!((plan.total(), summary.left_out_for(WhyNot::Needless)), (1, 2), "{summary:?}");
    let operation = plan.operations().unwrap().next().unwrap().unwrap();
    assert_eq!(&**operation.instance_uuid(), uuid(2));
    assert!(summary.groups.iter().any(|group| group.path == "project_id"), "{summary:?}");
}

#[test]
fn a_database_that_is_gone_leaves_the_others_and_says_so() {
    let world = filled(5);
    world.fill("c2", 11..=12, |number| support::spec_in_zone(&uuid(number), "az1"));
    std::fs::remove_file(world.directory().join("c2.sqlite")).unwrap();
    let plan = world.build(unset("availability_zone"), "").unwrap();
    assert_eq!(plan.total(), 5);
    assert!(plan.summary().is_incomplete);
    assert!(plan.summary().remarks.iter().any(|said| said.contains("c2")), "{:?}", plan.summary());
}

#[test]
fn a_plan_that_cannot_be_kept_leaves_nothing_and_says_why() {
    let world = filled(2);
    std::fs::write(world.state(), "a file where a directory is wanted").unwrap();
    let refusal = world.build(unset("availability_zone"), "").unwrap_err();
    let Refusal::Failed(said) = &refusal else { panic!("{refusal:?}") };
    assert!(said.contains("the plan could not be written") && said.contains("nothing was changed"), "{said}");
}

#[test]
fn planning_is_cancelled_within_a_page() {
    let world = filled(2_000);
    let cancel = Cancel::default();
    cancel.cancel();
    let intent = world.intent(unset("availability_zone"), "az=az1");
    let refusal = world.build_cancelled(&intent, &cancel).unwrap_err();
    assert!(matches!(&refusal, Refusal::NothingToDo(said) if said.contains("cancelled")), "{refusal:?}");
    assert!(world.plans().is_empty());
    assert!(parse("az=az1").is_ok());
}

#[test]
fn titles_show_no_password() {
    let world = filled(1);
    let url = "rabbit://nova:s3 cret@h/";
    let json = format!("{{\"transport_url\": \"{url}\"}}");
    let at = |path: &str| path.parse::<reqspec::spec::FieldPath>().unwrap();
    for edit in [
        edit("requested_destination.cell.transport_url", url),
        BulkChange::Edit(vec![Edit::set_json(at("requested_destination.cell"), &json)]),
        BulkChange::Edit(vec![Edit::set_json(
            at("requested_destination.transport_url"),
            format!("\"{url}\""),
        )]),
        edit("availability_zone", "rabbit://nova:s3cret@h/"),
    ] {
        let plan = world.build(edit, "").unwrap();
        let title = plan.title();
        assert!(title.contains("***") && !title.contains("s3") && !title.contains("cret"), "{title}");
    }
}

#[test]
fn every_problem_is_told_however_many_there_are() {
    let world = filled(1_500);
    let plan = world.build(unset("availability_zone"), "az=az1").unwrap();
    world.sql("c1", "UPDATE request_specs SET spec = spec || ' '");
    let told = AtomicU64::new(0);
    let outcome = world.watched(confirmed(plan), &|_| {
        told.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!((outcome.progress.conflicts, outcome.problems.len()), (1_350, 1_000));
    assert_eq!(told.into_inner(), 1_350);
}
