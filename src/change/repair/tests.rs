//! What each repair writes; that it cures its finding, is idempotent, and touches nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::lint::judge::tests::well;
use crate::lint::{Fleet, Group, Instance, RULES, Subject, Told, judge};
use crate::spec::diff;
use crate::spec::schema::{self, check_sound, demo_specs};

const GROUP: &str = "11111111-2222-4333-8444-555555555555";

fn instance(around: &mut Surroundings) -> &mut Instance {
    match &mut around.instance {
        Told::Known(Some(instance)) => instance,
        other => panic!("{other:?}"),
    }
}

fn group_of(uuid: &str) -> Told<Option<Group>> {
    Told::Known(Some(Group { uuid: uuid.into(), policy: None }))
}

fn in_group(hints: &str) -> String {
    let group = format!(
        r#""instance_group": {{"nova_object.name": "InstanceGroup", "nova_object.namespace": "nova", "nova_object.version": "1.11", "nova_object.data": {{"uuid": "{GROUP}", "policy": "affinity"}}}}"#
    );
    check_sound().replacen(r#""instance_group": null"#, &group, 1).replacen(
        r#"{"same_host": ["x"]}"#,
        hints,
        1,
    )
}

fn with_pci(requests: &[(&str, i64)]) -> String {
    let request = |(alias, count): &(&str, i64)| {
        format!(
            r#"{{"nova_object.name": "InstancePCIRequest", "nova_object.namespace": "nova", "nova_object.version": "1.4", "nova_object.data": {{"count": {count}, "alias_name": {alias}}}}}"#
        )
    };
    let list = requests.iter().map(request).collect::<Vec<_>>().join(", ");
    check_sound().replacen(r#""requests": []"#, &format!(r#""requests": [{list}]"#), 1).replacen(
        r#"{"a": "b"}"#,
        r#"{"pci_passthrough:alias": "gpu:1"}"#,
        1,
    )
}

fn other_flavor(around: &mut Surroundings, from: &str, to: &str) {
    let Told::Known(Some(flavor)) = instance(around).flavor.clone() else { panic!() };
    assert!(flavor.contains(from));
    instance(around).flavor = Told::Known(Some(flavor.replacen(from, to, 1).into()));
}

/// One case: the repair, the text, what is around it, the text after it, the rule that it cures.
struct Case {
    repair: Repair,
    text: String,
    around: Surroundings,
    fleet: Fleet,
    after: String,
    cures: &'static str,
}

fn case(
    repair: &[&str],
    text: String,
    around: impl FnOnce(&mut Surroundings, &mut Fleet),
    (from, to): (&str, &str),
    cures: &'static str,
) -> Case {
    let (mut surroundings, mut fleet) = well(&text);
    around(&mut surroundings, &mut fleet);
    assert!(text.contains(from), "{from}");
    let after = text.replacen(from, to, 1);
    let repair = Repair::parse(repair[0], &repair[1..]).unwrap();
    Case { repair, text, around: surroundings, fleet, after, cures }
}

fn cases() -> Vec<Case> {
    let nothing = |_: &mut Surroundings, _: &mut Fleet| {};
    let zoned = |_: &mut Surroundings, fleet: &mut Fleet| fleet.zones = Told::Known(["new".into()].into());
    let group = format!(r#"{{"group": ["{GROUP}"]}}"#);
    let named = in_group(&group);
    let at = named.find(r#"{"nova_object.name": "InstanceGroup""#).unwrap();
    let end = named.find(r#", "scheduler_hints""#).unwrap();
    let object = named[at..end].to_owned();
    let whole = format!(r#"{object}, "scheduler_hints": {group}"#);
    let gone = r#"null, "scheduler_hints": {}"#;
    let minimal = object.replacen(r#", "policy": "affinity""#, "", 1);
    let forced = |field: &str, value: &str| {
        check_sound().replacen(&format!(r#""{field}": null"#), &format!(r#""{field}": {value}"#), 1)
    };
    let no_hints = in_group("null");
    let whole_null = format!(r#"{object}, "scheduler_hints": null"#);
    let leftover = with_pci(&[("\"nic\"", 1), ("null", 1), ("\"gpu\"", 1), ("\"gpu\"", 1)]);
    let request = |alias: &str| {
        with_pci(&[(alias, 1)])
            .split_once(r#""requests": ["#)
            .unwrap()
            .1
            .split_once("]}}, \"project")
            .unwrap()
            .0
            .to_owned()
    };
    let first = format!("{}, ", request("\"nic\""));
    vec![
        case(&["unpin-zone"], check_sound(), zoned, (r#""az1""#, "null"), "RS030"),
        case(
            &["unpin-zone"],
            check_sound(),
            |s, _| instance(s).availability_zone = Some("az2".into()),
            (r#""az1""#, "null"),
            "RS031",
        ),
        case(&["rename-zone", "az1", "new"], check_sound(), zoned, (r#""az1""#, r#""new""#), "RS030"),
        case(
            &["clear-forced-hosts"],
            forced("force_hosts", r#"["a", "b"]"#),
            nothing,
            (r#"["a", "b"]"#, "null"),
            "RS020",
        ),
        case(
            &["clear-forced-hosts"],
            forced("force_nodes", r#"["a"]"#),
            nothing,
            (r#"["a"]"#, "null"),
            "RS021",
        ),
        case(
            &["clear-forced-hosts"],
            forced("force_hosts", r#""cmp1""#),
            nothing,
            (r#""cmp1""#, "null"),
            "RS010",
        ),
        case(
            &["refresh-flavor"],
            check_sound(),
            |s, _| other_flavor(s, r#""memory_mb": 512"#, r#""memory_mb": 1024"#),
            (r#""memory_mb": 512"#, r#""memory_mb": 1024"#),
            "RS040",
        ),
        case(
            &["refresh-flavor"],
            check_sound(),
            |s, _| other_flavor(s, r#"{"a": "b"}"#, r#"{"a":"c" ,"é":"😀"}"#),
            (r#"{"a": "b"}"#, r#"{"a": "c", "\u00e9": "\ud83d\ude00"}"#),
            "RS040",
        ),
        // The version of the stored flavor stays, and what it does not have is not invented.
        case(
            &["refresh-flavor"],
            check_sound().replacen(r#""nova_object.version": "1.2""#, r#""nova_object.version": "1.1""#, 1),
            |s, _| {
                other_flavor(s, r#""nova_object.version": "1.1""#, r#""nova_object.version": "1.2""#);
                other_flavor(s, r#""id": 1"#, r#""id": 9"#);
                other_flavor(s, r#"{"a": "b"}"#, r#"{"a": "b"}, "description": "new""#);
            },
            (r#""id": 1"#, r#""id": 9"#),
            "RS040",
        ),
        case(&["drop-dangling-group"], named.clone(), nothing, (&whole, gone), "RS050"),
        case(&["drop-dangling-group"], no_hints, nothing, (&whole_null, gone), "RS051"),
        case(
            &["relink-group"],
            named.clone(),
            |s, _| s.named_group = group_of(GROUP),
            (&whole, gone),
            "RS052",
        ),
        case(
            &["relink-group"],
            check_sound(),
            |s, _| (s.named_group, s.member_of) = (group_of(GROUP), group_of(GROUP)),
            (
                r#"null, "scheduler_hints": {"same_host": ["x"]}"#,
                &format!(r#"{minimal}, "scheduler_hints": {{"same_host": ["x"], "group": ["{GROUP}"]}}"#),
            ),
            "RS053",
        ),
        case(
            &["relink-group"],
            named.replace(GROUP, "99999999-2222-4333-8444-555555555555"),
            |s, _| (s.named_group, s.member_of) = (group_of(GROUP), group_of(GROUP)),
            (
                &whole.replace(GROUP, "99999999-2222-4333-8444-555555555555"),
                &format!(r#"{minimal}, "scheduler_hints": {group}"#),
            ),
            "RS054",
        ),
        case(
            &["relink-group"],
            in_group(r#"{"group": ["99999999-2222-4333-8444-555555555555"]}"#),
            |s, _| (s.named_group, s.member_of) = (group_of(GROUP), group_of(GROUP)),
            (r#"["99999999-2222-4333-8444-555555555555"]"#, &format!(r#"["{GROUP}"]"#)),
            "RS056",
        ),
        case(
            &["fix-project"],
            check_sound(),
            |s, _| instance(s).project_id = Some("q".into()),
            (r#""p""#, r#""q""#),
            "RS060",
        ),
        case(
            &["fix-project"],
            check_sound(),
            |s, _| instance(s).user_id = Some("ü".into()),
            (r#""u""#, r#""\u00fc""#),
            "RS060",
        ),
        case(
            &["fix-project"],
            check_sound().replacen(r#""project_id": "p""#, r#""project_id": null"#, 1),
            nothing,
            (r#""project_id": null"#, r#""project_id": "p""#),
            "RS060",
        ),
        case(
            &["clear-leftover-pci"],
            leftover.clone(),
            nothing,
            (
                &leftover[leftover.find(&first).unwrap()
                    ..leftover.find("], \"x").unwrap_or_else(|| leftover.find("]}}, \"project").unwrap())],
                &[request("null"), request("\"gpu\"")].join(", "),
            ),
            "RS043",
        ),
        case(
            &["clear-leftover-pci"],
            with_pci(&[("\"nic\"", 1)]),
            nothing,
            (&format!("[{}]", request("\"nic\"")), "[]"),
            "RS043",
        ),
        case(
            &["strip-stale-fields"],
            forced("ignore_hosts", r#"["h"]"#),
            nothing,
            (r#"["h"]"#, "null"),
            "RS022",
        ),
    ]
}

fn codes(case: &Case, text: &str) -> BTreeSet<&'static str> {
    let subject = Subject {
        database: "c1",
        instance_uuid: "0a4d667b-c0b7-46a4-a249-36d096d83e1b",
        spec: text.as_bytes(),
    };
    let mut around = case.around.clone();
    // As who tells of the named group would: there is none where none is named.
    if !text.contains(GROUP) {
        around.named_group = Told::Known(None);
    }
    judge(&subject, &around, &case.fleet).findings.iter().map(|finding| finding.rule.code).collect()
}

#[test]
fn each_repair_writes_what_it_says_cures_its_finding_and_is_done_once() {
    let mut cured = BTreeSet::new();
    for case in cases() {
        let name = &case.repair;
        let before = Document::parse_str(&case.text).unwrap();
        assert!(
            codes(&case, &case.text).contains(case.cures),
            "{name}: {:?} lack {}",
            codes(&case, &case.text),
            case.cures
        );
        let edited =
            name.edits(&before, &case.around).unwrap().unwrap_or_else(|| panic!("{name} needs none"));
        assert_eq!(edited.document.text(), case.after, "{name}");
        assert_eq!(edited.inverse.apply(edited.document.text()).unwrap().0, case.text);
        assert!(!codes(&case, &case.after).contains(case.cures), "{name} leaves {}", case.cures);
        let mut around = case.around.clone();
        if !case.after.contains(GROUP) {
            around.named_group = Told::Known(None);
        }
        assert_eq!(name.edits(&edited.document, &around).unwrap(), None, "{name} twice");
        cured.insert((case.cures, name.name()));
    }
    for rule in RULES {
        if let Some(fix) = rule.fix {
            assert!(cured.contains(&(rule.code, fix)), "no case of {} by {fix}", rule.code);
        }
    }
}

#[test]
fn who_needs_none_is_left_alone_and_who_cannot_be_told_is_said() {
    let text = check_sound();
    let document = Document::parse_str(&text).unwrap();
    let (around, _) = well(&text);
    for name in Repair::NAMES {
        let arguments: &[&str] = if name == "rename-zone" { &["other", "new"] } else { &[] };
        let repair = Repair::parse(name, arguments).unwrap();
        assert_eq!(repair.name(), name);
        if name != "unpin-zone" {
            assert_eq!(repair.edits(&document, &around), Ok(None), "{name}");
        }
        let unknown = repair.edits(&document, &Surroundings::default());
        // A spec without a group needs nobody to tell that it is there.
        let asks = repair.needs_surroundings() && name != "drop-dangling-group";
        assert_eq!(unknown.is_err(), asks, "{name}: {unknown:?}");
    }
    let named = Document::parse_str(&in_group(&format!(r#"{{"group": ["{GROUP}"]}}"#))).unwrap();
    let unknown = Repair::DropDanglingGroup.edits(&named, &Surroundings::default());
    assert_eq!(unknown, Err("whether its server group is there could not be told".to_owned()));
    let gone = Surroundings { instance: Told::Known(None), ..Surroundings::default() };
    assert_eq!(Repair::RefreshFlavor.edits(&document, &gone), Err("no cell has the instance".to_owned()));
    let other = Document::parse_str("[]").unwrap();
    assert!(Repair::UnpinZone.edits(&other, &around).is_err());
    let twice =
        text.replacen(r#""availability_zone""#, r#""availability_zone": "b", "availability_zone""#, 1);
    let refused = Repair::UnpinZone.edits(&Document::parse_str(&twice).unwrap(), &around);
    assert!(refused.clone().is_err_and(|reason| reason.contains("more than once")), "{refused:?}");
}

#[rstest::rstest]
#[case(&["rename-zone"], "rename-zone OLD NEW")]
#[case(&["rename-zone", "a"], "rename-zone OLD NEW")]
#[case(&["rename-zone", "a", "a"], "both zones")]
#[case(&["rename-zone", "a", " "], "not the name of a zone")]
#[case(&["rename-zone", "a", "b:c"], "not the name of a zone")]
#[case(&["unpin-zone", "a"], "takes no arguments")]
#[case(&["unpin"], "there are unpin-zone, rename-zone")]
fn what_is_no_repair_is_explained(#[case] words: &[&str], #[case] says: &str) {
    let error = Repair::parse(words[0], &words[1..]).unwrap_err();
    assert!(error.contains(says), "{error}");
}

/// Over the specs of all eras: done once it is done, only its own fields change, and nova can load what it could.
#[test]
fn repairs_of_the_demo_touch_their_own_fields_only() {
    let own = |name: &str| -> &[&str] {
        match name {
            "unpin-zone" | "rename-zone" => &["availability_zone"],
            "clear-forced-hosts" => &["force_hosts", "force_nodes"],
            "refresh-flavor" => &["flavor"],
            "drop-dangling-group" | "relink-group" => &["instance_group", "scheduler_hints"],
            "fix-project" => &["project_id", "user_id"],
            "clear-leftover-pci" => &["pci_requests"],
            _ => &crate::spec::persist::STRIPPED,
        }
    };
    let unloadable = |document: &Document| {
        schema::check(document).iter().filter(|one| one.severity == schema::Severity::Unloadable).count()
    };
    let flavor: Arc<str> =
        Document::parse_str(&check_sound()).unwrap().root().field("flavor").unwrap().raw().into();
    let mut done = std::collections::BTreeMap::<&str, usize>::new();
    for (number, text) in demo_specs().iter().enumerate() {
        let Ok(document) = Document::parse_str(text) else { continue };
        if document.root().envelope().is_none() {
            continue;
        }
        let mut around = Surroundings { named_group: Told::Known(None), ..Surroundings::default() };
        around.instance = Told::Known(Some(Instance {
            flavor: Told::Known(Some(Arc::clone(&flavor))),
            project_id: Some("p".into()),
            user_id: Some("u".into()),
            ..Instance::default()
        }));
        around.member_of = if number % 2 == 0 { Told::Known(None) } else { group_of(GROUP) };
        for name in Repair::NAMES {
            let arguments: &[&str] = if name == "rename-zone" { &["az1", "new"] } else { &[] };
            let repair = Repair::parse(name, arguments).unwrap();
            let Ok(Some(edited)) = repair.edits(&document, &around) else { continue };
            let after = &edited.document;
            let again = repair.edits(after, &around).unwrap();
            assert!(again.is_none(), "{name} twice: {:?}", again.map(|again| again.splices));
            assert!(unloadable(after) <= unloadable(&document), "{name}: {}", after.text());
            assert_eq!(edited.inverse.apply(after.text()).unwrap().0, *text);
            for change in diff::difference(&document, after) {
                let mut fields = own(name).iter().chain(&["instance_group"]);
                assert!(fields.any(|field| change.path.starts_with(field)), "{name}: {}", change.path);
            }
            *done.entry(name).or_default() += 1;
        }
    }
    assert!(done.len() == Repair::NAMES.len(), "{done:?}");
}
