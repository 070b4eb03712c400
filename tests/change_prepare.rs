//! What may be planned, and what is said when it may not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::sync::Arc;

use reqspec::change::{
    Facts, InstanceHome, InstanceState, Intent, Operation, Plan, Refusal, Requirement, Severity, SpecHome,
    prepare,
};
use reqspec::store::{Access, CellName, SpecStore, SqliteStore};
use rstest::rstest;
use support::{Cloud, block_on, database, spec, spec_in_zone, uuid};

fn facts(spec_home: SpecHome, instance_home: InstanceHome) -> Facts {
    Facts {
        environment: "test".into(),
        spec_home,
        instance_home,
        instance_state: None,
        upstream_schema: false,
        force: false,
    }
}

/// A deployment of the blueprint, the instance in c1.
fn in_c1() -> Facts {
    facts(SpecHome::Cells, cell("c1"))
}

fn cell(name: &str) -> InstanceHome {
    InstanceHome::Cell(CellName::new(name))
}

fn plan(cloud: &Cloud, facts: &Facts, intent: &Intent) -> Result<Plan, Refusal> {
    block_on(prepare(&cloud.stores(Access::ReadOnly), facts, intent))
}

fn refused(result: Result<Plan, Refusal>) -> (String, bool) {
    match result {
        Err(Refusal::Refused { reason, forceable }) => (reason, forceable),
        other => panic!("not refused: {other:?}"),
    }
}

fn sentences(plan: &Plan, severity: Severity) -> Vec<&str> {
    let warnings = plan.warnings.iter().filter(|warning| warning.severity == severity);
    warnings.map(|warning| warning.sentence.as_str()).collect()
}

fn save(name: &str, id: &str, before: &str, after: &str) -> Intent {
    Intent::Save {
        database: database(name),
        instance_uuid: id.into(),
        before: Arc::from(before.as_bytes()),
        after: after.into(),
    }
}

fn copy(from: &str, to: &str, id: &str, replace: bool) -> Intent {
    Intent::Copy { from: database(from), to: database(to), instance_uuid: id.into(), replace }
}

fn transfer(from: &str, to: &str, id: &str) -> Intent {
    Intent::Move { from: database(from), to: database(to), instance_uuid: id.into() }
}

fn destroy(name: &str, id: &str) -> Intent {
    Intent::Destroy { database: database(name), instance_uuid: id.into() }
}

fn create(name: &str, id: Option<&str>, text: &str) -> Intent {
    Intent::Create { database: database(name), instance_uuid: id.map(Arc::from), text: text.into() }
}

#[test]
fn a_save_is_planned_from_the_row_as_it_is_now() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let (before, after) = (spec(&id), spec_in_zone(&id, "az2"));
    cloud.put("c1", &id, before.as_bytes());
    let made = plan(&cloud, &in_c1(), &save("c1", &id, &before, &after)).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
    assert_eq!(made.warnings, []);
    assert_eq!(made.environment, "test");
    let expected = Operation::Save {
        database: database("c1"),
        instance_uuid: id.as_str().into(),
        before: Arc::from(before.as_bytes()),
        after: after.as_str().into(),
    };
    assert_eq!(made.operations, [expected]);

    let same = plan(&cloud, &in_c1(), &save("c1", &id, &before, &before));
    assert!(matches!(same, Err(Refusal::NothingToDo(_))), "{same:?}");

    let stale = plan(&cloud, &in_c1(), &save("c1", &id, &after, &before));
    let Err(Refusal::Conflict { reason, current }) = stale else { panic!("{stale:?}") };
    assert_eq!(current.as_deref(), Some(before.as_bytes()));
    assert_eq!(reason, format!("c1: the spec of {id} was changed by someone else since it was read"));

    let gone = plan(&cloud, &in_c1(), &save("c2", &id, &before, &after));
    assert_eq!(gone, Err(Refusal::NotFound(format!("c2: no spec of {id}"))));
    assert_eq!(cloud.text("c1", &id).as_deref(), Some(before.as_str()), "a plan wrote something");
}

#[test]
fn a_malformed_row_is_saved_only_as_a_text_that_is_right() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, b"{\"nova_object.name\": ");
    let broken = "{\"nova_object.name\": ";
    let (reason, forceable) = refused(plan(&cloud, &in_c1(), &save("api", &id, broken, "{\"a\" 1}")));
    assert!(!forceable && reason.contains("line 1, column 6"), "{reason}");
    let made = plan(&cloud, &in_c1(), &save("api", &id, broken, &spec(&id))).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
}

#[test]
fn a_move_within_the_plan_of_the_blueprint_needs_no_more_than_a_choice() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &in_c1(), &transfer("api", "c1", &id)).unwrap();
    assert_eq!((made.warnings.as_slice(), &made.requirement), (&[][..], &Requirement::Choose));
    let expected = Operation::Move {
        from: database("api"),
        to: database("c1"),
        instance_uuid: id.as_str().into(),
        text: Arc::from(spec(&id).as_bytes()),
        already_there: false,
    };
    assert_eq!(made.operations, [expected]);
}

#[test]
fn a_move_away_from_where_upstream_nova_reads_is_dangerous() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    let upstream = facts(SpecHome::Api, cell("c1"));
    let made = plan(&cloud, &upstream, &transfer("api", "c1", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Type("c1".into()));
    let danger = sentences(&made, Severity::Danger).join(" ");
    for word in ["RequestSpecNotFound", "resize", "migrate", "evacuate", "unshelve"] {
        assert!(danger.contains(word), "{danger}");
    }
    // A copy leaves the row where it is.
    let made = plan(&cloud, &upstream, &copy("api", "c1", &id, false)).unwrap();
    assert_eq!((made.warnings.as_slice(), &made.requirement), (&[][..], &Requirement::Choose));
    // Told that the cells are its home, but it looks like upstream's: a warning, no more.
    let doubtful = Facts { upstream_schema: true, ..in_c1() };
    let made = plan(&cloud, &doubtful, &transfer("api", "c1", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
    assert_eq!(sentences(&made, Severity::Warning).len(), 1);
}

#[rstest]
#[case(cell("c1"), "mapped to c1, not to c2")]
#[case(cell("elsewhere"), "mapped to elsewhere, not to c2")]
#[case(InstanceHome::Unscheduled, "not scheduled yet")]
#[case(InstanceHome::Unmapped, "no mapping of this instance")]
fn another_cell_than_the_instance_s_is_refused_unless_forced(
    #[case] home: InstanceHome,
    #[case] words: &str,
    #[values("move", "copy", "create")] verb: &str,
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let intent = if verb == "create" {
        create("c2", Some(&id), &spec(&id))
    } else {
        cloud.put("api", &id, spec(&id).as_bytes());
        if verb == "move" { transfer("api", "c2", &id) } else { copy("api", "c2", &id, false) }
    };
    let careful = facts(SpecHome::Cells, home);
    let (reason, forceable) = refused(plan(&cloud, &careful, &intent));
    assert!(forceable && reason.contains(words), "{reason}");
    let made = plan(&cloud, &Facts { force: true, ..careful }, &intent).unwrap();
    assert_eq!(made.requirement, Requirement::Type("c2".into()));
    assert!(sentences(&made, Severity::Danger)[0].contains(words));
}

#[test]
fn what_cannot_be_checked_is_said() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    let unknown = facts(SpecHome::Cells, InstanceHome::Unknown);
    let made = plan(&cloud, &unknown, &transfer("api", "c1", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
    assert!(sentences(&made, Severity::Warning)[0].contains("could not be checked"));
}

#[test]
fn a_scheduled_spec_that_leaves_its_cell_is_warned_of() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("c1", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &in_c1(), &transfer("c1", "api", &id)).unwrap();
    assert!(sentences(&made, Severity::Warning)[0].contains("belong in their cell, c1"));
    let upstream = facts(SpecHome::Api, cell("c1"));
    assert_eq!(plan(&cloud, &upstream, &transfer("c1", "api", &id)).unwrap().warnings, []);
}

#[test]
fn the_same_text_at_the_destination_only_finishes_a_move() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    cloud.put("c1", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &in_c1(), &transfer("api", "c1", &id)).unwrap();
    assert!(matches!(&made.operations[0], Operation::Move { already_there: true, .. }));
    assert!(sentences(&made, Severity::Notice)[0].contains("only the row in api is left to delete"));
    let again = plan(&cloud, &in_c1(), &copy("api", "c1", &id, true));
    assert!(matches!(again, Err(Refusal::NothingToDo(_))), "{again:?}");
}

#[test]
fn of_two_different_texts_none_wins_by_itself() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let (here, there) = (spec(&id), spec_in_zone(&id, "az9"));
    cloud.put("api", &id, here.as_bytes());
    cloud.put("c1", &id, there.as_bytes());
    for intent in [transfer("api", "c1", &id), copy("api", "c1", &id, false)] {
        let result = plan(&cloud, &Facts { force: true, ..in_c1() }, &intent);
        let Err(Refusal::Conflict { current, .. }) = result else { panic!("{result:?}") };
        assert_eq!(current.as_deref(), Some(there.as_bytes()));
    }
    let made = plan(&cloud, &in_c1(), &copy("api", "c1", &id, true)).unwrap();
    assert_eq!(made.requirement, Requirement::Type("c1".into()));
    let expected = Operation::Copy {
        from: database("api"),
        to: database("c1"),
        instance_uuid: id.as_str().into(),
        text: Arc::from(here.as_bytes()),
        replaces: Some(Arc::from(there.as_bytes())),
    };
    assert_eq!(made.operations, [expected]);
}

#[test]
fn deleting_the_only_copy_wants_the_uuid_typed() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("c1", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &in_c1(), &destroy("c1", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Type(id[..8].into()));
    assert!(sentences(&made, Severity::Danger)[0].contains("No other database holds this text"));

    cloud.put("c2", &id, spec_in_zone(&id, "other").as_bytes());
    let made = plan(&cloud, &in_c1(), &destroy("c1", &id)).unwrap();
    assert!(sentences(&made, Severity::Danger)[0].contains("The spec in c2 is a different one"));

    cloud.put("api", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &in_c1(), &destroy("c1", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
    assert_eq!(sentences(&made, Severity::Notice), ["api keeps an identical copy."]);

    // Upstream nova needs the one in the API database, copy or no copy.
    let upstream = facts(SpecHome::Api, cell("c1"));
    let made = plan(&cloud, &upstream, &destroy("api", &id)).unwrap();
    assert_eq!(made.requirement, Requirement::Type(id[..8].into()));
    // Unless nova has forgotten the instance.
    let orphan = facts(SpecHome::Api, InstanceHome::Unmapped);
    assert_eq!(plan(&cloud, &orphan, &destroy("api", &id)).unwrap().requirement, Requirement::Choose);

    let gone = plan(&cloud, &in_c1(), &destroy("c1", &uuid(2)));
    assert!(matches!(gone, Err(Refusal::NotFound(_))), "{gone:?}");
}

#[test]
fn a_malformed_row_can_be_deleted_but_not_spread() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, b"\xef\xbb\xbf{\xff");
    assert!(plan(&cloud, &in_c1(), &destroy("api", &id)).is_ok());
    for intent in [transfer("api", "c1", &id), copy("api", "c1", &id, false)] {
        let (reason, forceable) = refused(plan(&cloud, &in_c1(), &intent));
        assert!(!forceable && reason.contains(&id), "{reason}");
    }
}

#[test]
fn a_word_that_cannot_be_typed_is_not_asked_for() {
    let cloud = Cloud::new();
    cloud.put("c1", "\u{1b}[2Jx", b"{}");
    let made = plan(&cloud, &in_c1(), &destroy("c1", "\u{1b}[2Jx")).unwrap();
    assert_eq!(made.requirement, Requirement::Type("c1".into()));
}

#[test]
fn a_spec_is_created_once_for_an_instance_with_a_uuid() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let unscheduled = facts(SpecHome::Cells, InstanceHome::Unscheduled);
    let made = plan(&cloud, &unscheduled, &create("api", None, &spec(&id))).unwrap();
    let expected = Operation::Create {
        database: database("api"),
        instance_uuid: id.as_str().into(),
        text: spec(&id).into(),
    };
    assert_eq!((made.operations, made.requirement), (vec![expected], Requirement::Choose));
    for wrong in ["", "x", "0000000G-0000-4000-8000-000000000000", "\u{1b}"] {
        let (reason, forceable) =
            refused(plan(&cloud, &unscheduled, &create("api", Some(wrong), &spec(&id))));
        assert!(!forceable && reason.contains("not the UUID"), "{reason}");
    }
    cloud.put("c1", &id, spec(&id).as_bytes());
    let made = plan(&cloud, &unscheduled, &create("api", None, &spec(&id))).unwrap();
    assert!(sentences(&made, Severity::Warning)[0].starts_with("c1 holds a spec"));
    cloud.put("api", &id, b"{}");
    let exists = plan(&cloud, &unscheduled, &create("api", None, &spec(&id)));
    assert!(matches!(exists, Err(Refusal::Conflict { current: Some(_), .. })), "{exists:?}");
}

#[test]
fn a_destination_without_the_table_names_the_command_that_adds_it() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    cloud.connection("c1").execute_batch("DROP TABLE request_specs").unwrap();
    for intent in [transfer("api", "c1", &id), copy("api", "c1", &id, true), create("c1", Some(&id), "{}")] {
        let (reason, forceable) = refused(plan(&cloud, &in_c1(), &intent));
        assert!(!forceable && reason.contains("`reqspec db sync`"), "{reason}");
    }
    let missing = plan(&cloud, &in_c1(), &transfer("c1", "api", &id));
    assert!(matches!(missing, Err(Refusal::NotFound(_))), "{missing:?}");
}

#[test]
fn two_names_of_one_database_are_found_out() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    let link = cloud.scratch.path("link.sqlite");
    std::os::unix::fs::symlink(cloud.path("api"), &link).unwrap();
    let mut stores = cloud.stores(Access::ReadOnly);
    let twin: Arc<dyn SpecStore> =
        Arc::new(SqliteStore::open(database("c1"), &link, Access::ReadOnly).unwrap());
    stores.insert(twin);
    let (reason, forceable) = refused(block_on(prepare(&stores, &in_c1(), &transfer("api", "c1", &id))));
    assert!(!forceable && reason.contains("one and the same database"), "{reason}");
    let made = block_on(prepare(&stores, &in_c1(), &destroy("api", &id))).unwrap();
    assert_eq!(made.requirement, Requirement::Type(id[..8].into()), "a row is taken for its own copy");
}

#[test]
fn a_database_that_is_not_open_is_a_failure() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    cloud.put("api", &id, spec(&id).as_bytes());
    let far = facts(SpecHome::Cells, cell("c9"));
    let result = plan(&cloud, &far, &transfer("api", "c9", &id));
    assert!(matches!(&result, Err(Refusal::Failed(reason)) if reason.contains("c9")), "{result:?}");
    let same = plan(&cloud, &far, &transfer("api", "api", &id));
    assert!(matches!(same, Err(Refusal::NothingToDo(_))), "{same:?}");
}

#[test]
fn a_save_shows_what_nova_strips() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let old = spec(&id).replace("\"ignore_hosts\": null", "\"ignore_hosts\": [\"cmp1\"]");
    cloud.put("api", &id, old.as_bytes());
    let made = plan(&cloud, &in_c1(), &save("api", &id, &old, &old)).unwrap();
    let Operation::Save { before, after, .. } = &made.operations[0] else { panic!("{made:?}") };
    assert_eq!((&**before, &**after), (old.as_bytes(), spec(&id).as_str()));
    let made = plan(&cloud, &in_c1(), &create("c1", Some(&uuid(2)), &old.replace(&id, &uuid(2)))).unwrap();
    let Operation::Create { text, .. } = &made.operations[0] else { panic!("{made:?}") };
    assert_eq!(**text, spec(&uuid(2)));
    // A move carries the bytes as they are.
    let made = plan(&cloud, &in_c1(), &transfer("api", "c1", &id)).unwrap();
    let Operation::Move { text, .. } = &made.operations[0] else { panic!("{made:?}") };
    assert_eq!(&**text, old.as_bytes());
}

#[rstest]
#[case("\"nova_object.version\": \"1.15\"", "\"nova_object.version\": \"1.15.1\"", "1.15.1")]
#[case("\"extra_specs\": {}", "\"extra_specs\": null", "extra_specs")]
#[case("\"memory_mb\": 2048", "\"memory_mb\": null", "memory_mb")]
fn what_nova_cannot_load_is_never_planned(#[case] right: &str, #[case] wrong: &str, #[case] named: &str) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let (good, bad) = (spec(&id), spec(&id).replace(right, wrong));
    assert_ne!(good, bad);
    cloud.put("api", &id, good.as_bytes());
    cloud.put("c1", &uuid(2), bad.replace(&id, &uuid(2)).as_bytes());
    let forced = Facts { force: true, ..in_c1() };
    for intent in [
        save("api", &id, &good, &bad),
        create("c1", Some(&id), &bad),
        transfer("c1", "api", &uuid(2)),
        copy("c1", "api", &uuid(2), false),
    ] {
        let (reason, forceable) = refused(plan(&cloud, &forced, &intent));
        assert!(!forceable && reason.contains("could not load") && reason.contains(named), "{reason}");
    }
}

#[test]
fn new_harm_is_refused_unless_forced_and_old_harm_is_told() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let hints = "\"scheduler_hints\": {\"_nova_check_type\": [\"rebuild\"]}";
    let (good, bad) = (spec(&id), spec(&id).replace("\"scheduler_hints\": {}", hints));
    cloud.put("c1", &id, good.as_bytes());
    let (reason, forceable) = refused(plan(&cloud, &in_c1(), &save("c1", &id, &good, &bad)));
    assert!(forceable && reason.contains("_nova_check_type"), "{reason}");
    let forced = Facts { force: true, ..in_c1() };
    let made = plan(&cloud, &forced, &save("c1", &id, &good, &bad)).unwrap();
    assert_eq!(made.requirement, Requirement::Type(id[..8].into()));

    cloud.replace("c1", &id, bad.as_bytes());
    let other = bad.replace("\"availability_zone\": null", "\"availability_zone\": \"az1\"");
    let made = plan(&cloud, &in_c1(), &save("c1", &id, &bad, &other)).unwrap();
    assert_eq!(made.requirement, Requirement::Choose);
    assert!(sentences(&made, Severity::Notice)[0].contains("_nova_check_type"));
}

#[test]
fn a_text_of_another_instance_is_warned_of() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let foreign = spec(&uuid(9));
    cloud.put("api", &id, foreign.as_bytes());
    for intent in [transfer("api", "c1", &id), save("api", &id, &foreign, &spec_in_zone(&uuid(9), "az1"))] {
        let made = plan(&cloud, &in_c1(), &intent).unwrap();
        assert!(sentences(&made, Severity::Warning)[0].contains("nova takes the column"), "{made:?}");
    }
}

#[rstest]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"hw:numa_nodes\": \"2\"}",
    "numa_topology",
    "hw:numa_nodes"
)]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"hw:cpu_policy\": \"dedicated\"}",
    "numa_topology",
    "hw:cpu_policy"
)]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"hw:mem_page_size\": \"large\"}",
    "numa_topology",
    "hw:mem_page_size"
)]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"hw:numa_cpus.0\": \"0\"}",
    "numa_topology",
    "hw:numa_cpus.0"
)]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"hw:numa_mem.0\": \"64\"}",
    "numa_topology",
    "hw:numa_mem.0"
)]
#[case(
    "\"extra_specs\": {}",
    "\"extra_specs\": {\"pci_passthrough:alias\": \"a:1\"}",
    "pci_requests",
    "pci_passthrough:alias"
)]
fn what_nova_derived_from_a_changed_extra_spec_is_called_stale(
    #[case] from: &str,
    #[case] to: &str,
    #[case] derived: &str,
    #[case] source: &str,
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let (without, with) = (spec(&id), spec(&id).replacen(from, to, 1));
    assert_ne!(without, with);
    // Set and cleared alike.
    for (name, before, after) in [("c1", &without, &with), ("c2", &with, &without)] {
        cloud.put(name, &id, before.as_bytes());
        let made = plan(&cloud, &in_c1(), &save(name, &id, before, after)).unwrap();
        let said = sentences(&made, Severity::Warning);
        let expected = format!("{derived} is stale");
        assert!(said.len() == 1 && said[0].starts_with(&expected) && said[0].contains(source), "{said:?}");
    }
}

#[test]
fn sizes_make_a_stored_topology_stale_unless_it_changes_too() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let topology = |memory: u32| {
        format!(
            "\"numa_topology\": {{\"nova_object.name\": \"InstanceNUMATopology\", \"nova_object.namespace\": \"nova\", \
             \"nova_object.version\": \"1.3\", \"nova_object.data\": {{\"cells\": [{{\"nova_object.name\": \
             \"InstanceNUMACell\", \"nova_object.namespace\": \"nova\", \"nova_object.version\": \"1.6\", \
             \"nova_object.data\": {{\"id\": 0, \"cpuset\": [0], \"pcpuset\": [], \"memory\": {memory}, \
             \"pagesize\": null, \"cpu_topology\": null, \"cpu_pinning_raw\": null, \"cpu_policy\": null, \
             \"cpu_thread_policy\": null, \"cpuset_reserved\": null}}}}], \"emulator_threads_policy\": null}}}}"
        )
    };
    let bare = spec(&id);
    let grown = |text: &str| text.replacen("\"memory_mb\": ", "\"memory_mb\": 1", 1);
    let with = |memory: u32| bare.replacen("\"numa_topology\": null", &topology(memory), 1);
    assert_ne!(bare, with(64));
    let staleness = |name: &str, before: &str, after: &str| {
        cloud.put(name, &id, before.as_bytes());
        let made = plan(&cloud, &in_c1(), &save(name, &id, before, after)).unwrap();
        made.warnings.iter().any(|warning| {
            warning.sentence.starts_with("numa_topology is stale")
                && warning.sentence.contains("flavor.memory_mb")
        })
    };
    assert!(staleness("c1", &with(64), &grown(&with(64))));
    assert!(!staleness("c2", &with(64), &grown(&with(65))));
    assert!(!staleness("api", &bare, &grown(&bare)), "there is no topology");
}

#[rstest]
#[case(Some("active"), Some("resize_migrating"), Some("task_state resize_migrating"))]
#[case(Some("resized"), None, Some("vm_state resized"))]
#[case(Some("active"), None, None)]
fn an_instance_that_nova_is_busy_with_is_warned_of(
    #[case] vm_state: Option<&str>,
    #[case] task_state: Option<&str>,
    #[case] expected: Option<&str>,
) {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let (before, after) = (spec(&id), spec_in_zone(&id, "az2"));
    cloud.put("c1", &id, before.as_bytes());
    let state = InstanceState { vm_state: vm_state.map(Into::into), task_state: task_state.map(Into::into) };
    let facts = Facts { instance_state: Some(state), ..in_c1() };
    for intent in [save("c1", &id, &before, &after), transfer("c1", "api", &id), destroy("c1", &id)] {
        let made = plan(&cloud, &facts, &intent).unwrap();
        let said =
            sentences(&made, Severity::Warning).into_iter().find(|one| one.contains("nova will overwrite"));
        assert_eq!(said.is_some(), expected.is_some(), "{made:?}");
        assert!(expected.is_none_or(|words| said.is_some_and(|said| said.contains(words))), "{said:?}");
    }
}
