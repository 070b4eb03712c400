//! The screen of findings over all databases.

use std::sync::Arc;

use reqspec::app::doctor::{Example, Found, Report};
use reqspec::app::layout::Side;
use reqspec::app::model::Focus;
use reqspec::app::overlay::Overlay;
use reqspec::app::{Effect, Msg};
use reqspec::change::{BulkChange, DatabaseName, Repair, Whom};
use reqspec::lint::{RULES, Rule};
use reqspec::tui::theme::Theme;

use super::world::{NOW, World, api, cell, uuid};

fn rule_with(fix: Option<&str>) -> &'static Rule {
    RULES.iter().find(|rule| rule.fix == fix).expect("a rule")
}

fn found(rule: &'static Rule, specs: &[(DatabaseName, i64)], total: u64) -> Found {
    let count = |name: &DatabaseName| specs.iter().filter(|(database, _)| database == name).count() as u64;
    let rest = total - specs.len() as u64;
    let example = |(database, number): &(DatabaseName, i64)| Example {
        database: database.clone(),
        instance_uuid: Arc::from(uuid(*number)),
        sentence: Arc::from(format!("It is wrong with number {number} \u{1b}[31m.")),
    };
    Found {
        rule,
        counts: vec![(api(), count(&api()) + rest), (cell("cell1"), count(&cell("cell1")))],
        unknown: Vec::new(),
        examples: specs.iter().map(example).collect(),
    }
}

fn report() -> Report {
    let mut unfixed = found(rule_with(None), &[(api(), 3)], 1);
    unfixed.unknown.push((cell("cell2"), 40));
    Report {
        step: "ended".to_owned(),
        passed: 143,
        total: Some(143),
        found: vec![
            unfixed,
            found(rule_with(Some("unpin-zone")), &[(api(), 1), (cell("cell1"), 22)], 2),
            found(rule_with(Some("unpin-zone")), &[(api(), 1)], 40),
        ],
        failures: vec![(cell("cell2"), "its specs were not all examined: it does not answer".to_owned())],
        finished: true,
    }
}

fn world(width: u16, height: u16) -> World {
    let mut world = World::started(width, height);
    world.doctor = report();
    world
}

#[test]
fn findings_are_listed_by_rule_with_what_is_not_known() {
    let mut world = world(120, 36);
    world.keys("!");
    let text = world.text();
    assert!(text.contains("143 of 143 specs examined, not all of it is known"), "{text}");
    assert!(text.contains("not known of 40 specs in cell2") && text.contains("it does not answer"), "{text}");
    world.keys("j");
    assert!(world.text().contains("API 1, cell1 1"), "{}", world.text());
    world.keys("<Esc>");
    assert!(world.model.overlay.is_none());
    world.effects.clear();
    world.keys("!");
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::Doctor { .. })), "it is kept");
    world.keys("r");
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::Doctor { .. })));
}

#[test]
fn a_spec_of_a_rule_is_jumped_to_and_the_screen_is_there_again() {
    let mut world = world(120, 36);
    world.keys("!j<Enter>j<Enter>");
    assert_eq!(world.model.focus, Focus::List(Side::Right));
    assert_eq!(world.selected(), uuid(22));
    world.keys("!");
    let Some(Overlay::Doctor(doctor)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!((doctor.chosen, doctor.listing), (1, Some(1)));
}

fn whom(world: &World) -> (BulkChange, usize) {
    let found = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::PlanMany { intent, .. } => Some(intent.clone()),
        _ => None,
    });
    let intent = found.expect("a plan was asked for");
    match intent.whom {
        Whom::Rows(rows) => (intent.change, rows.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_specs_of_a_rule_are_repaired() {
    let mut world = world(120, 36);
    world.keys("!jx");
    assert_eq!(whom(&world), (BulkChange::Repair(Repair::UnpinZone), 2));
    assert!(matches!(world.model.overlay, Some(Overlay::BulkConfirm(_))), "{}", world.text());
    // Those that are not at hand are looked for.
    world.keys("<Esc>!jx");
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::DoctorSpecs { .. })));
    assert_eq!(whom(&world), (BulkChange::Repair(Repair::UnpinZone), 40));
}

#[test]
fn all_specs_of_a_rule_are_marked() {
    let mut world = world(120, 36);
    world.keys("!j*");
    assert!(world.model.overlay.is_none());
    assert_eq!(world.model.marks.count(), 2);
    assert!(world.text().contains("2 specs of RS"), "{}", world.text());
}

#[test]
fn what_has_no_repair_and_what_is_read_only_says_so() {
    let mut world = world(120, 36);
    world.keys("!x");
    assert!(world.text().contains("has no repair by name"), "{}", world.text());
    world.keys("<Esc>W!jx");
    assert!(world.text().contains("read-only: W opens for writing"), "{}", world.text());
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::PlanMany { .. })));
    world.keys("<Enter>");
    assert!(world.text().contains(&uuid(1)), "it can be looked at");
}

#[test]
fn a_pass_reports_on_its_way_and_is_stopped_by_esc() {
    let mut world = world(120, 36);
    world.hold_many = true;
    world.keys("!");
    let Some(Overlay::Doctor(doctor)) = &world.model.overlay else { panic!("{}", world.text()) };
    let request = doctor.request.expect("under way");
    let half = Report {
        step: "examining cell1".to_owned(),
        passed: 12_000,
        total: Some(50_000),
        finished: false,
        ..report()
    };
    world.send(Msg::Tick(NOW + 4));
    world.send(Msg::Doctor { request, report: Box::new(half.clone()), is_end: false });
    let text = world.text();
    assert!(text.contains("examining cell1: 12,000 of 50,000 specs · 4 s · 3,000/s"), "{text}");
    world.keys("jx");
    assert!(world.text().contains("not all specs are examined yet"), "{}", world.text());
    world.keys("<Esc>");
    assert!(
        matches!(world.effects.last(), Some(Effect::StopMany { request: stopped }) if *stopped == request)
    );
    world.send(Msg::Doctor { request, report: Box::new(half), is_end: true });
    assert!(world.text().contains("12,000 of 50,000 specs stopped in 4 s"), "{}", world.text());
    world.send(Msg::Doctor { request, report: Box::default(), is_end: true });
    assert!(world.text().contains("12,000"), "an answer to nobody");
    world.keys("<Esc>");
    assert!(world.model.overlay.is_none());
}

#[rstest::rstest]
fn screens(
    #[values((40, 12), (80, 24), (120, 36))] (width, height): (u16, u16),
    #[values(("rules", "!j"), ("specs", "!j<Enter>j"))] (name, keys): (&str, &str),
) {
    let mut world = world(width, height);
    world.keys(keys);
    insta::assert_snapshot!(format!("doctor_{name}_{width}x{height}"), world.screen());
}

#[test]
fn no_size_is_too_small_and_ascii_is_ascii() {
    for keys in ["!", "!j<Enter>"] {
        for (width, height) in [(1, 1), (2, 2), (5, 3), (12, 4), (40, 6), (200, 5)] {
            let mut world = world(width, height);
            world.keys(keys);
            world.buffer(Theme::default());
            let text = reqspec::tui::text(&world.buffer(Theme { colour: false, ascii: true }));
            assert!(text.is_ascii(), "{width}x{height} {keys}: {text}");
        }
    }
}
