use super::*;

fn seen<'a>(database: &'a DatabaseName, uuid: &'a Arc<str>, before: &str, after: &str) -> Seen<'a> {
    let change =
        Change { path: "availability_zone".into(), before: Some(before.into()), after: Some(after.into()) };
    Seen {
        verb: "save",
        database,
        to: None,
        instance_uuid: uuid,
        changes: vec![change],
        before: Judgement::default(),
        after: Judgement::default(),
        warnings: vec![Warning { severity: Severity::Warning, sentence: format!("{uuid} is busy.") }],
    }
}

#[test]
fn a_summary_counts_and_stays_small() {
    let (api, cell) = (DatabaseName::Api, DatabaseName::cell("c1"));
    let mut tallying = Tallying::new();
    for number in 0..20_000 {
        let uuid: Arc<str> = format!("u-{number}").into();
        let (database, before) = match number {
            0..15_000 => (&cell, "\"az1\"".to_owned()),
            _ => (&api, format!("\"az{number}\"")),
        };
        tallying.add(seen(database, &uuid, &before, "null"));
        tallying.leave_out(WhyNot::Refused, format!("{uuid}: reason {}.", number % 60), database, &uuid);
    }
    tallying.leave_out_many(WhyNot::Needless, "They are so already.", 7);
    let summary = tallying.finish();
    assert_eq!(summary.total, 20_000);
    let places: Vec<_> = summary.places.iter().map(|place| (place.database.clone(), place.count)).collect();
    assert_eq!(places, [(api, 5_000), (cell, 15_000)]);
    assert_eq!((summary.groups.len(), summary.groups[0].count), (GROUPS, 15_000));
    assert_eq!(summary.other_changes + summary.groups.iter().map(|group| group.count).sum::<u64>(), 20_000);
    assert_eq!(summary.warnings.len(), 1);
    assert_eq!((summary.warnings[0].sentence.as_str(), summary.warnings[0].count), ("UUID is busy.", 20_000));
    assert_eq!(summary.left_out[0].sort, WhyNot::Needless);
    assert_eq!(summary.left_out_for(WhyNot::Refused), 20_000);
    assert!(summary.left_out.len() <= REASONS + 2);
    assert_eq!(summary.first.len(), FIRST);
    assert_eq!(summary.first[3].instance_uuid.as_ref(), "u-3");
}

#[test]
fn findings_count_by_rule_where_they_come_or_go() {
    let rule = &crate::lint::RULES[0];
    let finding = |path: &str| crate::lint::Finding { rule, path: path.into(), sentence: "It is.".into() };
    let wrong = |paths: &[&str]| Judgement {
        findings: paths.iter().map(|path| finding(path)).collect(),
        unknown: Vec::new(),
    };
    let (cell, uuid) = (DatabaseName::cell("c1"), Arc::from("u"));
    let mut tallying = Tallying::new();
    let one = |before, after| Seen { before, after, ..seen(&cell, &uuid, "1", "2") };
    tallying.add(one(wrong(&[]), wrong(&["a", "b"])));
    tallying.add(one(wrong(&["a"]), wrong(&[])));
    tallying.add(one(wrong(&["a"]), wrong(&["b"])));
    tallying.add(one(wrong(&["a", "b"]), wrong(&[])));
    let summary = tallying.finish();
    assert_eq!(summary.raised, [(rule, 1)]);
    assert_eq!(summary.cured, [(rule, 2)]);
}

#[test]
fn passwords_are_masked_and_long_values_stay_apart() {
    let (cell, uuid) = (DatabaseName::cell("c1"), Arc::from("u"));
    let long = |end: &str| format!("\"{}{end}\"", "x".repeat(5_000));
    let mut tallying = Tallying::new();
    tallying.add(seen(&cell, &uuid, &long("a"), &long("b")));
    tallying.add(seen(&cell, &uuid, &long("a"), &long("c")));
    let mut cells = seen(&cell, &uuid, "\"mysql://nova:hush@h/db\"", "null");
    cells.changes[0].path = "requested_destination.cell.database_connection".into();
    tallying.add(cells);
    let summary = tallying.finish();
    assert_eq!(summary.groups.len(), 3);
    assert!(summary.groups.iter().all(|group| group.before.as_ref().unwrap().chars().count() < 200));
    assert!(!format!("{summary:?}").contains("hush"));
}
