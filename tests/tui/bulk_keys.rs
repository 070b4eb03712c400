//! Changes of many specs: key scripts from the marks to the report.

use reqspec::app::overlay::Overlay;
use reqspec::app::{Effect, Msg};
use reqspec::change::{BulkChange, BulkIntent, BulkOutcome, Destination, Progress, Refusal, Repair, Whom};
use reqspec::spec::FieldPath;
use reqspec::spec::edit::Edit;

use super::world::{NOW, World, api, cell, uuid};

fn started() -> World {
    World::started(120, 36)
}

fn intent(world: &World) -> BulkIntent {
    let found = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::PlanMany { intent, .. } => Some(intent.clone()),
        _ => None,
    });
    found.expect("a plan was asked for")
}

fn zone(world: &World, number: i64) -> String {
    let spec = &world.row(&api(), number).expect("there").spec;
    let text = String::from_utf8_lossy(spec);
    let at = text.find("\"availability_zone\": ").expect("a zone") + 21;
    text[at..].split(',').next().unwrap_or_default().to_owned()
}

#[test]
fn marked_specs_are_edited_confirmed_by_their_number_and_reported() {
    let mut world = started();
    world.keys("  j eavailability_zone=az9<Enter><Enter>");
    let BulkIntent { change, whom, limit } = intent(&world);
    assert_eq!(change, BulkChange::Edit(vec![Edit::set(FieldPath::of(["availability_zone"]), "az9")]));
    assert!(matches!(whom, Whom::Rows(rows) if rows.len() == 3) && limit.is_none());
    let Some(Overlay::BulkConfirm(confirm)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(confirm.word(), Some("3"));
    world.keys("<Right><Enter>");
    assert!(world.text().contains("type 3 to confirm"), "{}", world.text());
    assert_ne!(zone(&world, 1), "\"az9\"");
    world.keys("3<Enter>");
    assert_eq!([1, 2, 4].map(|number| zone(&world, number)), ["\"az9\"", "\"az9\"", "\"az9\""]);
    assert!(!world.model.marks.is_any(), "they are done");
    let text = world.text();
    assert!(text.contains("3  done") && text.contains("u takes back"), "{text}");
    world.keys("<Enter>");
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains("az9"), "the list was read anew");
}

#[test]
fn cancel_is_the_default_and_changes_nothing() {
    let mut world = started();
    world.keys(" eavailability_zone=az9<Enter><Enter><Enter>");
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains("cancelled, nothing was written"), "{}", world.text());
    assert_ne!(zone(&world, 1), "\"az9\"");
    assert!(world.model.marks.is_any(), "what is marked stays marked");
}

#[test]
fn all_of_a_query_is_planned_as_a_query_and_moved() {
    let mut world = started();
    world.keys("/az=az1<Enter>*m");
    world.keys("<Enter>");
    let BulkIntent { change, whom, .. } = intent(&world);
    assert_eq!(change, BulkChange::Move(Destination::Database(cell("cell1"))), "what the other pane shows");
    assert!(matches!(whom, Whom::Query { query, .. } if query.text == "az=az1"));
    world.keys("32<Right><Enter><Enter>");
    assert!(world.row(&api(), 6).is_none(), "{}", world.text());
    assert!(world.row(&cell("cell1"), 6).is_some());
}

#[test]
fn the_mapped_cell_is_a_destination() {
    let mut world = started();
    world.keys(" m<Down><Enter>");
    assert_eq!(intent(&world).change, BulkChange::Move(Destination::MappedCell));
}

#[rstest::rstest]
#[case("x<Enter>")]
#[case("xunpin<Enter>")]
#[case(":repair unpin-zone<Enter>")]
fn a_repair_takes_the_marked_specs_or_the_selected_one(#[case] keys: &str) {
    let mut world = started();
    world.keys(keys);
    let BulkIntent { change, whom, .. } = intent(&world);
    assert_eq!(change, BulkChange::Repair(Repair::UnpinZone));
    assert_eq!(whom, Whom::Rows(std::sync::Arc::from([(api(), uuid(1).as_str().into())])));
    world.keys("<Right><Enter>");
    assert_eq!(zone(&world, 1), "null");
    world.keys("<Enter>j  ");
    world.keys(keys);
    assert!(matches!(intent(&world).whom, Whom::Rows(rows) if rows.len() == 2));
}

#[test]
fn a_repair_that_takes_more_asks_for_it() {
    let mut world = started();
    world.keys("xrename<Enter>");
    assert!(world.text().contains("rename-zone OLD NEW"), "{}", world.text());
    world.hold_many = true;
    world.keys("az2 az7<Enter>");
    let repair = Repair::RenameZone { old: "az2".to_owned(), new: "az7".to_owned() };
    assert_eq!(intent(&world).change, BulkChange::Repair(repair));
}

#[test]
fn what_is_refused_is_told() {
    let mut world = started();
    world.refusal = Some(Refusal::Failed("cell1 does not answer".to_owned()));
    world.keys(" xunpin<Enter>");
    let text = world.text();
    assert!(text.contains("Refused") && text.contains("cell1 does not answer"), "{text}");
    world.keys("<Enter>");
    assert!(world.model.overlay.is_none() && world.model.marks.is_any());
}

#[test]
fn planning_is_cancelled_by_esc_and_its_answer_dropped() {
    let mut world = started();
    world.hold_many = true;
    world.keys(" xunpin<Enter>");
    let request = planned(&world);
    let progress = Progress { passed: 12_000, total: Some(50_000), done: 11_000, ..Progress::default() };
    world.send(Msg::Tick(NOW + 4));
    world.send(Msg::ManyProgress { request, progress });
    let text = world.text();
    assert!(
        text.contains("12,000 of 50,000 rows looked at, 11,000 planned") && text.contains("3,000/s"),
        "{text}"
    );
    world.keys("j<Enter><Esc>");
    assert!(
        matches!(world.effects.last(), Some(Effect::StopMany { request: stopped }) if *stopped == request)
    );
    assert!(world.model.overlay.is_none() && world.text().contains("nothing was written"));
    let plan = world.plan_many(&intent(&world));
    world.send(Msg::PlannedMany { request, result: Box::new(plan) });
    assert!(world.model.overlay.is_none(), "nobody waits for it");
}

fn planned(world: &World) -> reqspec::app::effect::RequestId {
    let found = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::PlanMany { request, .. } | Effect::ApplyMany { request, .. } => Some(*request),
        _ => None,
    });
    found.expect("asked for")
}

#[test]
fn applying_is_stopped_after_a_question_and_nothing_else_goes_on_meanwhile() {
    let mut world = started();
    world.keys("   xunpin<Enter>");
    world.hold_many = true;
    world.keys("2<Right><Enter>");
    let request = planned(&world);
    world.keys("jq<Ctrl-c>");
    assert!(!world.has_quit() && world.text().contains("changes are under way"), "{}", world.text());
    world.keys("<Esc><Enter>");
    assert!(
        !world.effects.iter().any(|effect| matches!(effect, Effect::StopMany { .. })),
        "the default goes on"
    );
    world.keys("<Esc><Right><Enter>");
    assert!(
        matches!(world.effects.last(), Some(Effect::StopMany { request: stopped }) if *stopped == request)
    );
    assert!(world.text().contains("stopping"), "{}", world.text());
    let progress = Progress { passed: 1, total: Some(2), done: 1, finished: true, ..Progress::default() };
    let outcome = Box::new(BulkOutcome { progress, ..BulkOutcome::default() });
    world.send(Msg::AppliedMany { request, outcome: outcome.clone() });
    let text = world.text();
    assert!(text.contains("Stopped on request") && text.contains("1  not begun"), "{text}");
    world.keys("<Enter>");
    world.send(Msg::AppliedMany { request, outcome });
    assert!(world.model.overlay.is_none(), "an answer to nobody");
}

#[test]
fn conflicts_are_listed_in_the_report() {
    let mut world = started();
    world.overtaken.insert(uuid(4));
    world.keys(" jj xunpin<Enter>");
    let Some(Overlay::BulkConfirm(_)) = &world.model.overlay else { panic!("{}", world.text()) };
    world.keys("2<Right><Enter>");
    let text = world.text();
    assert!(text.contains("Done, not all of it") && text.contains("changed by someone else"), "{text}");
    assert!(text.contains(&uuid(4)), "{text}");
}

#[test]
fn a_reason_and_a_file_are_given_in_the_confirm_step() {
    let mut world = started();
    world.keys(" eavailability_zone=az9<Enter><Enter>");
    world.keys("<Ctrl-r>CHG-17<Enter>w<Ctrl-u>~/p.jsonl<Enter>");
    let text = world.text();
    assert!(text.contains("reason: CHG-17") && text.contains("the plan was written to ~/p.jsonl"), "{text}");
    assert!(world.effects.iter().any(|effect| matches!(effect,
        Effect::WriteBulkPlan { path, reason, .. } if path == "~/p.jsonl" && reason.as_deref() == Some("CHG-17"))));
    world.keys("w<Ctrl-u>there.jsonl<Enter>");
    assert!(world.text().contains("there is a file of that name already"), "{}", world.text());
    world.keys("<Right><Enter>");
    assert!(world.effects.iter().any(
        |effect| matches!(effect, Effect::ApplyMany { reason, .. } if reason.as_deref() == Some("CHG-17"))
    ));
}

#[test]
fn a_reason_is_given_for_one_spec_too() {
    let mut world = started();
    world.keys("m<Enter><Ctrl-r>CHG-18<Enter>");
    assert!(world.text().contains("reason: CHG-18"), "{}", world.text());
    world.keys("<Right><Enter>");
    assert!(
        world.effects.iter().any(
            |effect| matches!(effect, Effect::Apply { reason, .. } if reason.as_deref() == Some("CHG-18"))
        )
    );
    assert!(world.text().contains("u undoes it"), "{}", world.text());
}

#[rstest::rstest]
#[case("D", "delete")]
#[case("c", "copy")]
#[case("S", "save")]
#[case("E", "edit text")]
fn commands_of_one_spec_are_refused_while_several_are_marked(#[case] key: &str, #[case] title: &str) {
    let mut world = started();
    world.keys("  ");
    world.keys(key);
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains(&format!("{title}: it is of one spec")), "{}", world.text());
}

#[test]
fn a_read_only_session_refuses_with_its_reason() {
    let mut world = started();
    world.keys("W ");
    for key in ["e", "m", "x", ":repair unpin-zone<Enter>"] {
        world.keys(key);
        assert!(world.model.overlay.is_none(), "{key}");
        assert!(world.text().contains("read-only: W opens for writing"), "{key}: {}", world.text());
    }
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::PlanMany { .. })));
}

#[test]
fn what_cannot_be_edited_is_left_out_with_its_reason() {
    let mut world = started();
    // Row 3 is cut short.
    world.keys("jj  eavailability_zone=az9<Enter><Enter>");
    let text = world.text();
    assert!(text.contains("1 spec left out") && text.contains("cannot be read"), "{text}");
}
