#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where something is wrong")]

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::*;
use crate::deployment::demo;
use crate::deployment::facts::FactStores;
use crate::fleet::surroundings::of;
use crate::fleet::surroundings::tests::{Without, all_rows};
use crate::store::{Cancel, StoredSpec};

/// What the census says of each row is what is looked up; gives how often it was sure.
async fn agrees(stores: &dyn FactStores, rows: &[(DatabaseName, StoredSpec)]) -> (usize, Arc<Census>) {
    let census = take(stores, &mut |_| {}, &Cancel::default()).await;
    let known = of(stores, rows).await;
    let names: Vec<DatabaseName> = stores.entries().iter().map(|entry| entry.name.clone()).collect();
    let mut sure = 0;
    for ((database, row), around) in rows.iter().zip(known.surroundings) {
        let at = names.iter().position(|name| name == database).unwrap();
        if let Some(told) = census.around(at, &row.instance_uuid, &row.spec) {
            assert_eq!(told, around, "{database} {}", row.instance_uuid);
            sure += 1;
        }
    }
    let untold = |untold: &[Untold]| {
        let mut names: Vec<_> = untold.iter().map(|(database, _)| database.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(untold(&census.untold), untold(&known.untold));
    (sure, census)
}

#[tokio::test]
async fn the_census_says_of_the_demo_what_is_looked_up() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let rows = all_rows(&deployment).await;
    let (sure, census) = agrees(&deployment, &rows).await;
    // Those that are being built or have no instance are looked up.
    assert!(sure > rows.len() * 9 / 10, "{sure} of {}", rows.len());
    assert_eq!(census.specs, [1_113, 483, 425, 4]);
    assert!(census.copies.twice > 700 && !census.copies.hashes.is_empty());

    // What is odd: a uuid that is none, an instance in two cells, a member of two groups, three copies.
    let folder = directory.path().join("demo");
    let open = |name: &str| Connection::open(folder.join(format!("nova_{name}.sqlite"))).unwrap();
    let (api, cell1, cell2) = (open("api"), open("cell1"), open("cell2"));
    let uuids: Vec<Arc<str>> = rows
        .iter()
        .filter(|(database, _)| database.to_string() == "cell1")
        .map(|(_, row)| Arc::clone(&row.instance_uuid))
        .collect();
    let insert =
        "INSERT INTO request_specs (instance_uuid, spec, created_at) VALUES (?, '{}', '2020-01-01 00:00:00')";
    api.execute(insert, ["NOT-A-UUID"]).unwrap();
    for uuid in &uuids[..3] {
        cell2.execute(insert, [uuid]).unwrap();
    }
    let twice = "INSERT INTO instances (uuid, deleted) VALUES (?, 0)";
    cell2.execute(twice, [&uuids[4]]).unwrap();
    cell1.execute(twice, ["NOT-A-UUID"]).unwrap();
    for group in [1, 2] {
        let sql = "INSERT INTO instance_group_member (instance_uuid, group_id) VALUES (?, ?)";
        api.execute(sql, (&uuids[5], group)).unwrap();
    }
    cell1.execute("UPDATE instance_extra SET flavor = '{' WHERE instance_uuid = ?", [&uuids[6]]).unwrap();
    cell1.execute("UPDATE instance_extra SET flavor = NULL WHERE instance_uuid = ?", [&uuids[7]]).unwrap();
    cell1.execute("DELETE FROM instance_extra WHERE instance_uuid = ?", [&uuids[8]]).unwrap();
    let sql = "UPDATE instance_mappings SET cell_id = 77 WHERE instance_uuid = ?";
    api.execute_batch("PRAGMA foreign_keys = off").unwrap();
    api.execute(sql, [&uuids[9]]).unwrap();
    let rows = all_rows(&deployment).await;
    agrees(&deployment, &rows).await;
}

#[tokio::test]
async fn the_census_knows_no_more_than_the_databases_that_answer() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let rows = all_rows(&deployment).await;
    for down in [DatabaseName::Api, DatabaseName::cell("cell2"), DatabaseName::cell("cell0")] {
        let down = [down];
        let (sure, _) = agrees(&Without(&deployment, &down), &rows).await;
        let least = if down[0] == DatabaseName::Api { 800 } else { 1_000 };
        assert!(sure > least, "{sure} without {}", down[0]);
    }
}

#[tokio::test]
async fn tables_that_are_not_there_leave_unknown_what_they_would_say() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = demo::open_in(directory.path(), false).unwrap();
    let open =
        |name: &str| Connection::open(directory.path().join(format!("demo/nova_{name}.sqlite"))).unwrap();
    open("cell1").execute_batch("PRAGMA foreign_keys = off; DROP TABLE instance_extra").unwrap();
    open("cell2").execute_batch("PRAGMA foreign_keys = off; DROP TABLE instances").unwrap();
    open("api").execute_batch("PRAGMA foreign_keys = off; DROP TABLE instance_group_member").unwrap();
    let rows = all_rows(&deployment).await;
    let (sure, _) = agrees(&deployment, &rows).await;
    assert!(sure > 1_000, "{sure}");
}

#[test]
fn a_group_is_found_wherever_and_however_it_is_named() {
    let group = r#""instance_group": {"nova_object.name": "InstanceGroup", "nova_object.namespace": "nova", "nova_object.version": "1.11", "nova_object.data": {"uuid": "0c09e5fc-a614-49d0-ba9d-8bea8e2eda05"}}"#;
    let spec = |inner: &str| {
        format!(
            r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {{{inner}}}}}"#
        )
    };
    let hint = r#""scheduler_hints": {"group": ["0c09e5fc-a614-49d0-ba9d-8bea8e2eda05"]}"#;
    let escaped = group.replace("instance_group\"", "instance\\u005fgroup\"");
    let none = r#""instance_group": null"#;
    let mut named = BTreeMap::new();
    for inner in [
        group.to_owned(),
        hint.to_owned(),
        escaped,
        none.to_owned(),
        String::new(),
        format!("{none}, {hint}"),
        format!("{none}, {group}"),
        format!("{group}, {none}"),
        r#""scheduler_hints": {"same_host": ["a"]}, "instance_group": null"#.to_owned(),
    ] {
        let text = spec(&inner);
        let found = Named::new().group(text.as_bytes());
        assert_eq!(found, named_group(text.as_bytes()), "{text}");
        *named.entry(found.is_some()).or_insert(0) += 1;
    }
    assert_eq!(named, BTreeMap::from([(false, 4), (true, 5)]));
}
