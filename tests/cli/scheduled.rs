//! move --scheduled.

use serde_json::Value;

use crate::world::{World, spec_of};

fn uuid(number: u32) -> String {
    format!("{number:08}-bbbb-4bbb-8bbb-222222222222")
}

/// Specs 1 to 450 in the API database: those of even number have cell1, every ninth cell2 (even or not), the
/// others no cell.
fn world() -> World {
    let world = World::with_mappings();
    let mut sql = String::from("BEGIN;");
    for number in 1..=450 {
        let (uuid, cell) = (uuid(number), cell(number).map_or("NULL".to_owned(), |cell| cell.to_string()));
        let text = spec_of(&uuid);
        sql.push_str(&format!(
            "INSERT INTO request_specs (instance_uuid, spec) VALUES ('{uuid}', '{text}');"
        ));
        sql.push_str(&format!(
            "INSERT INTO instance_mappings (instance_uuid, cell_id) VALUES ('{uuid}', {cell});"
        ));
    }
    world.sql("api", &(sql + "COMMIT"));
    world
}

fn cell(number: u32) -> Option<i64> {
    match number {
        _ if number.is_multiple_of(9) => Some(3),
        _ if number.is_multiple_of(2) => Some(2),
        _ => None,
    }
}

fn rows(world: &World, database: &str) -> Vec<u32> {
    let connection = rusqlite::Connection::open(world.path(database)).unwrap();
    let mut statement = connection.prepare("SELECT instance_uuid FROM request_specs ORDER BY 1").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|uuid| uuid.unwrap()[..8].parse().unwrap()).collect()
}

fn numbers(cell_id: Option<i64>) -> Vec<u32> {
    (1..=450).filter(|number| cell(*number) == cell_id).collect()
}

#[test]
fn every_scheduled_spec_goes_to_its_own_cell() {
    let world = world();
    let before = world.fingerprint();
    let plan = world.run(&["move", "--scheduled", "--dry-run"]).ok();
    assert!(plan.ends_with("and 240 more operations\ndry run: nothing was written\n"), "{plan}");
    let err = world.run(&["move", "--scheduled"]).fails(5);
    assert!(
        err.contains("200 specs from api (api.sqlite) to cell1")
            && err.contains("50 specs from api (api.sqlite) to cell2")
            && err.contains("no terminal"),
        "{err}"
    );
    assert_eq!(world.fingerprint(), before);

    let said = world.run(&["move", "--scheduled", "--yes"]).ok();
    assert!(said.starts_with("250 of 250 operations done\n"), "{said}");
    assert_eq!(rows(&world, "api"), numbers(None));
    assert_eq!(rows(&world, "cell1"), numbers(Some(2)));
    assert_eq!(rows(&world, "cell2"), numbers(Some(3)));
    world.run(&["move", "--scheduled", "--yes"]).ok();
}

#[test]
fn it_goes_on_past_conflicts_and_says_so() {
    let world = world();
    world.insert("cell1", &uuid(2), spec_of(&uuid(2)).replace("az1", "az5"));
    world.insert("cell1", &uuid(4), spec_of(&uuid(4)));
    let plan: Value =
        serde_json::from_str(&world.run(&["move", "--scheduled", "--dry-run", "--json"]).ok()).unwrap();
    assert_eq!(plan["left_out"][0]["why"], "in the way");
    assert_eq!(plan["left_out"][0]["examples"][0]["instance_uuid"], uuid(2));
    let ran = world.run(&["move", "--scheduled", "--yes", "--json"]);
    ran.fails(6);
    let results: Vec<Value> = ran.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = results.last().unwrap();
    assert_eq!((&sum["done"], &sum["left_out"]), (&249.into(), &1.into()));
    assert_eq!(rows(&world, "api").len(), 201);
    assert!(world.stored("cell1", &uuid(2)).unwrap().contains("az5"));
}

#[test]
fn a_limit_is_kept() {
    let world = world();
    let said = world.run(&["move", "--scheduled", "--limit", "7", "--yes"]).ok();
    assert!(said.starts_with("7 of 7 operations done\n"), "{said}");
    assert_eq!(rows(&world, "api").len(), 443);
}

#[test]
fn specs_of_a_cell_that_is_not_there_stay() {
    let world = world();
    std::fs::remove_file(world.path("cell2")).unwrap();
    let ran = world.run(&["move", "--scheduled", "--yes"]);
    ran.fails(6);
    assert!(ran.out().starts_with("200 of 200 operations done, 50 specs left out"), "{}", ran.out());
    let shown = world.run(&["move", "--scheduled", "--dry-run"]).ok()
        + &world.run(&["move", "--scheduled", "--yes"]).fails(1);
    assert!(shown.contains("left out     unknown: cell2: ") && shown.contains("(50 specs"), "{shown}");
    assert_eq!(rows(&world, "api").len(), 250);
}

#[test]
fn upstream_nova_is_left_alone_unless_forced() {
    let world = world();
    let before = world.fingerprint();
    for home in [&["--spec-home", "api"][..], &[]] {
        if home.is_empty() {
            world.sql("api", "CREATE TABLE alembic_version (version_num VARCHAR(32))");
        }
        let arguments = [home, &["move", "--scheduled", "--yes"]].concat();
        let before = world.fingerprint();
        let err = world.run(&arguments).fails(5);
        assert!(err.contains("the home of scheduled specs is the API database here"), "{err}");
        assert_eq!(world.fingerprint(), before);
    }
    assert_ne!(world.fingerprint(), before);
    world.run(&["--spec-home", "cells", "move", "--scheduled", "--yes", "--limit", "1"]).ok();
    world.run(&["move", "--scheduled", "--yes", "--force", "--limit", "1"]).ok();
    assert_eq!(rows(&world, "api").len(), 448);
}
