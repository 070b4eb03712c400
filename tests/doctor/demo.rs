//! The demo: what its manifest says is planted is found, each case in its row.

use std::collections::{BTreeMap, BTreeSet};

use reqspec::store::SpecHome;
use serde_json::Value;

use crate::built::{Built, Engine, NAMES, examine, options};

pub fn demo() -> Built {
    let folder = tempfile::tempdir().unwrap();
    reqspec::deployment::demo::open_in(folder.path(), false).unwrap();
    for name in NAMES {
        std::fs::rename(folder.path().join(format!("demo/nova_{name}.sqlite")), folder.path().join(name))
            .unwrap();
    }
    Built { engine: Engine::Sqlite(folder) }
}

#[test]
fn what_the_demo_s_manifest_plants_is_found() {
    let manifest: Value = serde_json::from_str(include_str!("../nova/demo_manifest.json")).unwrap();
    let built = demo();
    let whole = built.whole();
    let (report, found) = examine(&whole, options(&whole, SpecHome::Cells));
    assert!(report.failures.is_empty() && report.unknown.is_empty(), "{report:?}");
    assert_eq!(report.passed, 2_025);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut instances: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for ((uuid, _), codes) in &found {
        for code in codes {
            *counts.entry(code).or_default() += 1;
            instances.entry(code).or_default().insert(uuid);
        }
    }
    let planted = |group: &str, case: &str| {
        let uuid = manifest[group][case]["uuid"].as_str().unwrap_or_else(|| panic!("{case}"));
        uuid.to_owned()
    };
    for (group, case, code) in [
        ("broken", "truncated", "RS001"),
        ("broken", "null", "RS001"),
        ("broken", "empty", "RS001"),
        ("broken", "bom", "RS001"),
        ("broken", "three-part version", "RS003"),
        ("broken", "newer version", "RS004"),
        ("broken", "numeric version", "RS003"),
        ("broken", "wrong namespace", "RS002"),
        ("broken", "bad enum", "RS002"),
        ("broken", "wrong types", "RS002"),
        ("broken", "hints null with dangling group", "RS051"),
        ("broken", "numa cell 1.3 without instance", "RS041"),
        ("curious", "check type hint", "RS013"),
        ("curious", "unknown keys", "RS012"),
        ("curious", "zone without aggregate", "RS030"),
        ("curious", "other instance_uuid", "RS017"),
        ("curious", "group gone", "RS050"),
        ("curious", "stale pci", "RS043"),
        ("curious", "unknown image property", "RS012"),
        ("curious", "control characters", "RS014"),
        ("curious", "duplicate keys", "RS011"),
    ] {
        let uuid = planted(group, case);
        assert!(instances.get(code).is_some_and(|uuids| uuids.contains(uuid.as_str())), "{case}: {code}");
    }
    let kinds = |kind: &str| manifest["rows_by_kind"][kind].as_u64().unwrap() as usize;
    let of = |code: &str| counts.get(code).copied().unwrap_or_default();
    let of_instances = |code: &str| instances.get(code).map_or(0, BTreeSet::len);
    // Of an instance with two copies both rows are told.
    assert_eq!((of("RS070"), of_instances("RS070")), (kinds("orphan"), kinds("orphan")));
    assert_eq!(of("RS078"), kinds("building"));
    assert_eq!(of("RS072"), kinds("queued for delete"));
    assert_eq!((of("RS076"), of_instances("RS076")), (2 * kinds("both equal"), kinds("both equal")));
    assert_eq!((of("RS077"), of_instances("RS077")), (2 * kinds("both different"), kinds("both different")));
    let different: BTreeSet<&str> =
        manifest["both_different"].as_array().unwrap().iter().map(|uuid| uuid.as_str().unwrap()).collect();
    assert_eq!(instances["RS077"], different);
    // The planted ones are of no kind.
    let planted = planted("curious", "duplicate keys");
    let many = instances["RS023"].iter().filter(|uuid| **uuid != planted).count();
    assert_eq!(many, kinds("num_instances > 1"));
    assert_eq!(of("RS090") + of("RS071") + of("RS073") + of("RS079") + of("RS080") + of("RS081"), 0);
}
