//! Documents and surroundings, and which rules they break: for each rule a case that does, one that does not,
//! and, where it goes by other tables, one in which it cannot be told.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::lint::surroundings::{Copy, Group, Home, Instance, Told};
use crate::spec::persist;
use crate::spec::schema::{check_sound, demo_specs};

const UUID: &str = "0a4d667b-c0b7-46a4-a249-36d096d83e1b";
const GROUP: &str = "11111111-2222-4333-8444-555555555555";
const OTHER_GROUP: &str = "99999999-2222-4333-8444-555555555555";

/// What stands around the sound spec when all is well.
pub(crate) fn well(text: &str) -> (Surroundings, Fleet) {
    let field = |name: &str| {
        let document = Document::parse_str(text).ok()?;
        let node = document.root().field(name).filter(|node| !node.is_null())?;
        Some(Arc::<str>::from(node.raw()))
    };
    let instance = Instance {
        cell: "c1".into(),
        host: Some("h1".into()),
        node: Some("n1".into()),
        vm_state: Some("active".into()),
        task_state: None,
        project_id: Some("p".into()),
        user_id: Some("u".into()),
        availability_zone: Some("az1".into()),
        flavor: Told::Known(field("flavor")),
        numa_topology: Told::Known(field("numa_topology")),
        pci_requests: Told::Known(None),
    };
    let surroundings = Surroundings {
        home: Told::Known(Home::Cell { name: "c1".into(), queued_for_delete: false }),
        instance: Told::Known(Some(instance)),
        named_group: Told::Known(None),
        member_of: Told::Known(None),
        copies: Told::Known(Vec::new()),
    };
    let names = |names: &[&str]| Told::Known(names.iter().map(|name| Arc::from(*name)).collect());
    let fleet = Fleet {
        zones: names(&["az1", "nova"]),
        hosts: names(&["h1"]),
        nodes: names(&["n1"]),
        specs_live_in_cells: true,
    };
    (surroundings, fleet)
}

fn subject<'a>(database: &'a str, text: &'a [u8]) -> Subject<'a> {
    Subject { database, instance_uuid: UUID, spec: text }
}

fn codes(judgement: &Judgement) -> Vec<&'static str> {
    let codes: BTreeSet<_> = judgement.findings.iter().map(|finding| finding.rule.code).collect();
    codes.into_iter().collect()
}

fn changed(from: &str, to: &str) -> String {
    let text = check_sound();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn group(uuid: &str, policy: &str) -> Told<Option<Group>> {
    Told::Known(Some(Group { uuid: uuid.into(), policy: Some(policy.into()) }))
}

fn group_text(uuid: &str) -> String {
    format!(
        r#""instance_group": {{"nova_object.name": "InstanceGroup", "nova_object.namespace": "nova", "nova_object.version": "1.11", "nova_object.data": {{"uuid": "{uuid}", "policy": "affinity"}}}}"#
    )
}

/// The sound spec with a group and its hint.
fn grouped() -> String {
    changed(r#""instance_group": null"#, &group_text(GROUP)).replacen(
        r#"{"same_host": ["x"]}"#,
        &format!(r#"{{"group": ["{GROUP}"]}}"#),
        1,
    )
}

/// The sound spec with a topology of one cell and these extra specs.
fn with_topology(extra_specs: &str, memory: u32, cpus: &str) -> String {
    let cell = format!(
        r#"{{"nova_object.name": "InstanceNUMACell", "nova_object.namespace": "nova", "nova_object.version": "1.6", "nova_object.data": {{"id": 0, "cpuset": [], "pcpuset": {cpus}, "memory": {memory}, "pagesize": null, "cpu_policy": "dedicated", "cpu_thread_policy": null}}}}"#
    );
    let topology = format!(
        r#""numa_topology": {{"nova_object.name": "InstanceNUMATopology", "nova_object.namespace": "nova", "nova_object.version": "1.3", "nova_object.data": {{"cells": [{cell}], "emulator_threads_policy": null}}}}"#
    );
    changed(r#""numa_topology": null"#, &topology).replacen(r#"{"a": "b"}"#, extra_specs, 1)
}

fn with_pci(alias: &str, extra_specs: &str) -> String {
    let request = format!(
        r#"{{"nova_object.name": "InstancePCIRequest", "nova_object.namespace": "nova", "nova_object.version": "1.4", "nova_object.data": {{"count": 1, "spec": [], "alias_name": {alias}, "is_new": false, "numa_policy": null, "request_id": null, "requester_id": null}}}}"#
    );
    changed(r#""requests": []"#, &format!(r#""requests": [{request}]"#)).replacen(
        r#"{"a": "b"}"#,
        extra_specs,
        1,
    )
}

#[test]
fn nothing_is_wrong_with_a_sound_spec_where_it_belongs() {
    for text in [
        check_sound(),
        grouped(),
        with_topology(r#"{"hw:cpu_policy": "dedicated"}"#, 512, "[0]"),
        with_pci("null", "{}"),
        with_pci("\"gpu\"", r#"{"pci_passthrough:alias": "gpu:1"}"#),
    ] {
        let (mut surroundings, fleet) = well(&text);
        if text.contains(GROUP) {
            surroundings.named_group = group(GROUP, "affinity");
            surroundings.member_of = group(GROUP, "affinity");
        }
        let judgement = judge(&subject("c1", text.as_bytes()), &surroundings, &fleet);
        assert_eq!(judgement, Judgement::default(), "{text}");
    }
}

#[rstest::rstest]
#[case(b"", "The text is empty.")]
#[case(b"null", "The text is null, not a RequestSpec.")]
#[case(b"[1]", "The text is a list, not a RequestSpec.")]
#[case(b"\xef\xbb\xbf{}", "The text begins with a byte order mark.")]
#[case(b"{\"a\": \"\xff\"}", "The text is not UTF-8 at byte 7.")]
#[case(b"{\"a\": 1", "The text is cut short (line 1, column 8): the text ends in the middle.")]
#[case(b"{\"a\": \"b", "The text is cut short (line 1, column 7): a string that does not end, beginning.")]
#[case(b"{a: 1}", "The text is no JSON (line 1, column 2): expected a key in double quotes.")]
fn a_text_that_cannot_be_read_is_explained(#[case] text: &[u8], #[case] sentence: &str) {
    let judgement = judge_text(&subject("api", text));
    assert_eq!(codes(&judgement), ["RS001"]);
    assert_eq!(judgement.findings[0].sentence, sentence);
    assert_eq!(judgement.unknown, Vec::<&Rule>::new());
}

/// What the text alone says.
#[rstest::rstest]
#[case(r#""nova_object.namespace": "nova""#, r#""nova_object.namespace": "cinder""#, &["RS002"])]
#[case(r#""hw_disk_bus": "virtio""#, r#""hw_disk_bus": "nvme""#, &["RS002"])]
#[case(r#""hw_disk_bus": "virtio""#, r#""hw_disk_bus": null"#, &["RS002"])]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.15.1""#, &["RS003"])]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": 1.14"#, &["RS003"])]
#[case(r#""nova_object.version": "1.2""#, r#""nova_object.version": "1.x""#, &["RS003"])]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.16""#, &["RS004"])]
#[case(r#""nova_object.version": "1.32""#, r#""nova_object.version": "1.99""#, &["RS004"])]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.13""#, &["RS005"])]
#[case(r#""force_hosts": null"#, r#""force_hosts": "cmp1""#, &["RS010"])]
#[case(r#""is_bfv": false"#, r#""is_bfv": "false""#, &["RS010"])]
#[case(r#""memory_mb": 512"#, r#""memory_mb": -5"#, &["RS010"])]
#[case(r#""retry": null"#, r#""retry": null, "retry": null"#, &["RS011"])]
#[case(r#""retry": null"#, r#""retry": null, "surprise": 1"#, &["RS012"])]
#[case(r#""hw_disk_bus": "virtio""#, r#""hw_surprise": "x""#, &["RS012"])]
#[case(r#""same_host": ["x"]"#, r#""_nova_check_type": ["rebuild"]"#, &["RS013"])]
#[case(r#""name": "m1""#, r#""name": "m1\u001b[31m""#, &["RS014"])]
#[case(r#""name": "m1""#, "\"name\": \"m1\u{202e}\"", &["RS014"])]
#[case(r#"{"a": "b"}"#, r#"{"a\u009b": "b"}"#, &["RS014"])]
#[case(r#""name": "m1""#, r#""name": "m1 \ud83d\ude00 \u00e9 \u200d\ufe0f a\nb""#, &[])]
#[case(r#""name": "m1""#, r#""name": 7"#, &["RS015"])]
#[case(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.14.0""#, &["RS015"])]
#[case(r#""availability_zone": "az1", "#, "", &["RS016"])]
#[case(r#""scheduler_hints": {"same_host": ["x"]}"#, r#""scheduler_hints": null"#, &["RS016"])]
#[case(UUID, "00000000-c0b7-46a4-a249-36d096d83e1b", &["RS017"])]
#[case(r#""force_hosts": null"#, r#""force_hosts": ["h1"]"#, &["RS020"])]
#[case(r#""force_nodes": null"#, r#""force_nodes": ["n1"]"#, &["RS020"])]
#[case(r#""force_hosts": null"#, r#""force_hosts": []"#, &[])]
#[case(r#""ignore_hosts": null"#, r#""ignore_hosts": ["h9"]"#, &["RS022"])]
#[case(r#""ignore_hosts": null"#, r#""ignore_hosts": []"#, &[])]
#[case(r#""num_instances": 1"#, r#""num_instances": 5"#, &["RS023"])]
#[case(r#"{"a": "b"}"#, r#"{"hw:cpu_policy": "dedicated"}"#, &["RS041"])]
#[case(r#"{"a": "b"}"#, r#"{"hw:numa_nodes": "2"}"#, &["RS041"])]
#[case(r#""hw_disk_bus": "virtio""#, r#""hw_numa_nodes": 1"#, &["RS041"])]
#[case(r#"{"a": "b"}"#, r#"{"hw:cpu_policy": "shared"}"#, &[])]
#[case(r#"{"a": "b"}"#, r#"{"hw:watchdog_action": "reset"}"#, &[])]
#[case(r#"{"a": "b"}"#, r#"{"pci_passthrough:alias": "gpu:2"}"#, &["RS044"])]
#[case(r#""instance_uuid""#, r#" "instance_uuid""#, &[])]
fn what_the_text_says(#[case] from: &str, #[case] to: &str, #[case] expected: &[&str]) {
    let text = changed(from, to);
    let judgement = judge_text(&subject("c1", text.as_bytes()));
    assert_eq!(codes(&judgement), expected, "{judgement:?}");
    assert!(judgement.findings.iter().all(|finding| finding.sentence.ends_with('.')), "{judgement:?}");
}

#[test]
fn topologies_devices_and_groups_in_the_text() {
    let legacy = with_topology(r#"{"hw:cpu_policy": "dedicated"}"#, 512, "null")
        .replace(r#""1.6""#, r#""1.4""#)
        .replace(r#""cpuset": []"#, r#""cpuset": [0]"#)
        .replace(r#""pcpuset": null, "#, "");
    let hint = grouped().replacen(&format!("[\"{GROUP}\"]"), &format!("[\"{OTHER_GROUP}\"]"), 1);
    let contradiction = changed(r#""hw_disk_bus": "virtio""#, r#""hw_cpu_policy": "dedicated""#).replacen(
        r#"{"a": "b"}"#,
        r#"{"hw:cpu_policy": "shared"}"#,
        1,
    );
    for (text, expected) in [
        (legacy, vec!["RS006"]),
        (with_topology(r#"{"hw:cpu_policy": "dedicated"}"#, 1024, "[0]"), vec!["RS041"]),
        (with_topology(r#"{"hw:cpu_policy": "dedicated"}"#, 512, "[0, 1]"), vec!["RS041"]),
        (with_topology(r#"{"hw:numa_nodes": "2"}"#, 512, "[0]"), vec!["RS041"]),
        (with_topology("{}", 512, "[0]"), vec!["RS041"]),
        (with_pci("\"gpu\"", "{}"), vec!["RS043"]),
        (with_pci("\"gpu\"", r#"{"pci_passthrough:alias": "nic:1"}"#), vec!["RS043", "RS044"]),
        (with_pci("\"gpu\"", r#"{"pci_passthrough:alias": "gpu:2"}"#), vec!["RS044"]),
        (contradiction, vec!["RS045"]),
        (hint, vec!["RS056"]),
    ] {
        assert_eq!(codes(&judge_text(&subject("c1", text.as_bytes()))), expected, "{text}");
    }
}

type Change = fn(&mut Surroundings, &mut Fleet);

/// The closure as what it is.
fn with(change: Change) -> Change {
    change
}

fn instance(surroundings: &mut Surroundings) -> &mut Instance {
    match &mut surroundings.instance {
        Told::Known(Some(instance)) => instance,
        other => panic!("{other:?}"),
    }
}

/// What other tables say of the sound spec in its cell.
#[rstest::rstest]
#[case("c1", with(|_, f| f.zones = Told::Known(BTreeSet::new())), &["RS030"], &[])]
#[case("c1", with(|_, f| f.zones = Told::Unknown), &[], &["RS030"])]
#[case("c1", with(|s, _| instance(s).availability_zone = Some("az2".into())), &["RS031"], &[])]
#[case("c1", with(|s, _| { instance(s).availability_zone = Some("az2".into()); instance(s).host = None }), &[], &[])]
#[case("c1", with(|s, _| instance(s).flavor = Told::Unknown), &[], &["RS040"])]
#[case("c1", with(|s, _| instance(s).flavor = Told::Known(None)), &[], &[])]
#[case("c1", with(|s, _| instance(s).numa_topology = Told::Unknown), &[], &["RS042"])]
#[case("c1", with(|s, _| s.member_of = Told::Known(Some(Group { uuid: GROUP.into(), policy: None }))), &["RS053"], &[])]
#[case("c1", with(|s, _| s.member_of = Told::Unknown), &[], &["RS053"])]
#[case("c1", with(|s, _| instance(s).project_id = Some("q".into())), &["RS060"], &[])]
#[case("c1", with(|s, _| instance(s).user_id = Some("q".into())), &["RS060"], &[])]
#[case("c1", with(|s, _| instance(s).user_id = None), &[], &[])]
#[case("c1", with(|s, _| instance(s).task_state = Some("migrating".into())), &["RS061"], &[])]
#[case("c1", with(|s, _| instance(s).vm_state = Some("resized".into())), &["RS062"], &[])]
#[case("c1", with(|s, _| { s.home = Told::Known(Home::Unmapped); s.instance = Told::Known(None) }), &["RS070"], &[])]
#[case("c1", with(|s, _| s.home = Told::Known(Home::Unmapped)), &["RS081"], &[])]
#[case("c1", with(|s, _| s.instance = Told::Known(None)), &["RS071"], &[])]
#[case("c1", with(|s, _| s.home = Told::Known(Home::Cell { name: "c1".into(), queued_for_delete: true })), &["RS072"], &[])]
#[case("c2", with(|_, _| {}), &["RS073"], &[])]
#[case("c1", with(|s, _| s.home = Told::Known(Home::Unscheduled { build_request: Told::Known(true) })), &["RS073", "RS078"], &[])]
#[case("api", with(|s, _| s.home = Told::Known(Home::Unscheduled { build_request: Told::Known(true) })), &["RS078"], &[])]
#[case("api", with(|s, _| s.home = Told::Known(Home::Unscheduled { build_request: Told::Known(false) })), &["RS079"], &[])]
#[case("api", with(|s, _| s.home = Told::Known(Home::Unscheduled { build_request: Told::Unknown })), &[], &["RS078", "RS079"])]
#[case("api", with(|_, _| {}), &["RS074"], &[])]
#[case("api", with(|_, f| f.specs_live_in_cells = false), &[], &[])]
#[case("c1", with(|_, f| f.specs_live_in_cells = false), &["RS075"], &[])]
#[case("c1", with(|s, f| { f.specs_live_in_cells = false; s.copies = Told::Unknown }), &[], &["RS075", "RS076", "RS077"])]
#[case("c1", with(|s, f| { f.specs_live_in_cells = false; s.copies = copies("api", true) }), &["RS076"], &[])]
#[case("c1", with(|s, _| s.copies = copies("c2", false)), &["RS077"], &[])]
#[case("c1", with(|s, _| s.home = Told::Known(Home::LostCell)), &["RS080"], &[])]
fn what_other_tables_say(
    #[case] database: &str,
    #[case] change: Change,
    #[case] expected: &[&str],
    #[case] unknown: &[&str],
) {
    let text = check_sound();
    let (mut surroundings, mut fleet) = well(&text);
    change(&mut surroundings, &mut fleet);
    let judgement = judge(&subject(database, text.as_bytes()), &surroundings, &fleet);
    assert_eq!(codes(&judgement), expected, "{judgement:?}");
    let told: Vec<_> = judgement.unknown.iter().map(|rule| rule.code).collect();
    assert_eq!(told, unknown);
}

fn copies(database: &str, equal: bool) -> Told<Vec<Copy>> {
    Told::Known(vec![Copy { database: database.into(), equal }])
}

#[test]
fn forced_hosts_flavors_and_topologies_beside_those_of_the_instance() {
    let forced = changed(r#""force_hosts": null"#, r#""force_hosts": ["H1", "h2"]"#);
    let (surroundings, mut fleet) = well(&forced);
    let judgement = judge(&subject("c1", forced.as_bytes()), &surroundings, &fleet);
    assert_eq!(codes(&judgement), ["RS020", "RS021"]);
    assert_eq!(judgement.findings[0].sentence, "No cell has the host h2.", "the letter case does not matter");
    fleet.hosts = Told::Unknown;
    let judgement = judge(&subject("c1", forced.as_bytes()), &surroundings, &fleet);
    assert_eq!((codes(&judgement), judgement.unknown[0].code), (vec!["RS020"], "RS021"));
    let node = changed(r#""force_nodes": null"#, r#""force_nodes": ["n1"]"#);
    let judgement = judge(&subject("c1", node.as_bytes()), &surroundings, &fleet);
    assert_eq!(codes(&judgement), ["RS020"]);

    // Another integer id under the same flavorid is another flavor.
    let text = check_sound();
    let (mut surroundings, fleet) = well(&text);
    let Told::Known(Some(flavor)) = instance(&mut surroundings).flavor.clone() else { panic!() };
    for (from, to, says) in [
        (r#""id": 1"#, r#""id": 9"#, "m1 (id 9). The flavorid is the same: the flavor was made anew."),
        (
            r#"{"a": "b"}"#,
            r#"{"a": "c", "d": "e"}"#,
            "extra_specs[a] b there, c now; extra_specs[d] nothing there, e now.",
        ),
        (r#""memory_mb": 512"#, r#""memory_mb": 1024"#, "memory_mb 512 there, 1024 now."),
    ] {
        instance(&mut surroundings).flavor = Told::Known(Some(flavor.replacen(from, to, 1).into()));
        let judgement = judge(&subject("c1", text.as_bytes()), &surroundings, &fleet);
        assert_eq!(codes(&judgement), ["RS040"]);
        let sentence = &judgement.findings[0].sentence;
        assert!(
            sentence.starts_with("The spec has the flavor m1 (id 1), the instance has m1")
                && sentence.ends_with(says),
            "{sentence}"
        );
    }
    // What nova does not use, another version and another order of extra specs make no other flavor.
    let text = changed(r#"{"a": "b"}"#, r#"{"x": "1", "a": "b"}"#);
    let same = flavor
        .replacen(r#"{"a": "b"}"#, r#"{"a": "b", "x": "1"}"#, 1)
        .replacen("1.2", "1.1", 1)
        .replacen("1.0", "2.0", 1);
    instance(&mut surroundings).flavor = Told::Known(Some(same.into()));
    assert_eq!(codes(&judge(&subject("c1", text.as_bytes()), &surroundings, &fleet)), Vec::<&str>::new());
    // While nova is at work on the instance, the two change one after the other.
    instance(&mut surroundings).flavor = Told::Known(Some(flavor.replacen("512", "1", 1).into()));
    instance(&mut surroundings).task_state = Some("resize_prep".into());
    assert_eq!(codes(&judge(&subject("c1", text.as_bytes()), &surroundings, &fleet)), ["RS061"]);

    let asked = r#"{"hw:cpu_policy": "dedicated"}"#;
    let text = with_topology(asked, 512, "[0]");
    let (mut surroundings, fleet) = well(&text);
    let other = with_topology(asked, 512, "[1]");
    let topology =
        Document::parse_str(&other).unwrap().root().field("numa_topology").unwrap().raw().to_owned();
    for (current, expected) in [
        (Some(topology.clone()), vec!["RS042"]),
        (None, vec!["RS042"]),
        (Some(topology.replace("[1]", "[0]").replace("null", "1")), vec![]),
    ] {
        instance(&mut surroundings).numa_topology = Told::Known(current.map(Arc::from));
        assert_eq!(codes(&judge(&subject("c1", text.as_bytes()), &surroundings, &fleet)), expected);
    }
}

#[test]
fn groups_that_are_gone_or_of_others() {
    let text = grouped();
    let no_hints = text.replacen(&format!(r#"{{"group": ["{GROUP}"]}}"#), "null", 1);
    let hint_only = text.replacen(&group_text(GROUP), r#""instance_group": null"#, 1);
    let told = |named: Told<Option<Group>>, member: Told<Option<Group>>, text: &str| {
        let (mut surroundings, fleet) = well(text);
        (surroundings.named_group, surroundings.member_of) = (named, member);
        let judgement = judge(&subject("c1", text.as_bytes()), &surroundings, &fleet);
        let unknown: Vec<_> = judgement.unknown.iter().map(|rule| rule.code).collect();
        (codes(&judgement), unknown)
    };
    let none = || Told::Known(None);
    let own = || group(GROUP, "affinity");
    assert_eq!(told(own(), own(), &text), (vec![], vec![]));
    assert_eq!(told(none(), none(), &text), (vec!["RS050"], vec![]));
    assert_eq!(told(none(), none(), &no_hints), (vec!["RS016", "RS051"], vec![]));
    assert_eq!(told(none(), none(), &hint_only), (vec!["RS050"], vec![]));
    assert_eq!(told(own(), none(), &text), (vec!["RS052"], vec![]));
    assert_eq!(told(own(), group(OTHER_GROUP, "affinity"), &text), (vec!["RS054"], vec![]));
    assert_eq!(told(group(GROUP, "anti-affinity"), own(), &text), (vec!["RS055"], vec![]));
    assert_eq!(told(Told::Unknown, own(), &text), (vec![], vec!["RS050", "RS055"]));
    assert_eq!(told(own(), Told::Unknown, &text), (vec![], vec!["RS052", "RS054"]));
    assert_eq!(
        told(Told::Unknown, Told::Unknown, &no_hints),
        (vec!["RS016"], vec!["RS051", "RS052", "RS054", "RS055"])
    );
}

/// A database that is down makes no finding: all that hangs on other tables is unknown.
#[test]
fn what_nobody_told_is_no_finding() {
    let text = check_sound();
    let judgement = judge(&subject("c1", text.as_bytes()), &Surroundings::default(), &Fleet::default());
    assert_eq!(judgement.findings, []);
    let unknown: Vec<_> = judgement.unknown.iter().map(|rule| rule.code).collect();
    assert_eq!(
        unknown,
        [
            "RS030", "RS031", "RS040", "RS042", "RS053", "RS060", "RS061", "RS062", "RS070", "RS071",
            "RS072", "RS073", "RS075", "RS076", "RS077", "RS078", "RS079", "RS080", "RS081",
        ]
    );
    let fleet = Fleet { specs_live_in_cells: true, ..Fleet::default() };
    let judgement = judge(&subject("api", text.as_bytes()), &Surroundings::default(), &fleet);
    assert!(judgement.unknown.iter().any(|rule| rule.code == "RS074") && judgement.findings.is_empty());
}

#[test]
fn codes_are_in_order_and_every_fix_is_a_repair() {
    let codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
    for rule in RULES {
        assert!(rule.code.starts_with("RS") && rule.code.len() == 5);
        assert_eq!(Rule::find(rule.name), Some(rule));
        assert_eq!(Rule::find(&rule.code.to_lowercase()), Some(rule));
        assert!(rule.doc.ends_with('.') && !rule.title.ends_with('.'), "{}", rule.code);
    }
}

/// The rule of left-over fields says what the strip strips; findings are the same whichever way a text is read.
#[test]
fn the_demo_is_judged_alike_by_both_readings() {
    let mut judged = 0;
    for text in demo_specs() {
        let Ok(document) = Document::parse_str(&text) else { continue };
        let judgement = judge_text(&subject("api", text.as_bytes()));
        let stale = judgement.findings.iter().find(|finding| finding.rule.code == "RS022");
        let stripped = persist::stripped_fields(&document);
        let says = stale.map(|finding| finding.sentence.clone());
        let expected = format!("Still stored: {}.", stripped.join(", "));
        assert_eq!(says, (!stripped.is_empty()).then_some(expected), "{text}");
        // A space more, and the text is read by its index.
        let spaced = format!("{text} ");
        assert!(crate::spec::schema::sound(&spaced).is_none());
        assert_eq!(judge_text(&subject("api", spaced.as_bytes())), judgement, "{text}");
        judged += 1;
    }
    assert!(judged > 1_000);
}
