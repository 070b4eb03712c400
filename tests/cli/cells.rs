//! `reqspec cells`.

use std::fs;

use serde_json::Value;

use crate::world::{UUID, World, spec};

/// The figures that differ from run to run left out: `0.1 ms`, and what is known of SQLite's version.
fn filtered(text: &str, world: &World) -> String {
    let text = text.replace(&world.directory().display().to_string(), "DIR");
    let lines = text.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let words = words.iter().enumerate().map(|(at, word)| match *word {
            number if words.get(at + 1) == Some(&"ms") && number.parse::<f64>().is_ok() => "N",
            version if at > 0 && words[at - 1] == "SQLite" && version.starts_with("3.") => "V",
            word => word,
        });
        let indent = " ".repeat(line.len() - line.trim_start().len());
        format!("{indent}{}", words.collect::<Vec<_>>().join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_database_and_how_it_is() {
    let world = World::with_mappings();
    world.insert("cell1", UUID, spec());
    world.sql(
        "api",
        "UPDATE cell_mappings SET disabled = 1 WHERE id = 3; CREATE TABLE alembic_version (version_num)",
    );
    world.sql("cell0", "DROP TABLE request_specs; DROP TABLE reqspec_migrations");
    let ran = world.found(&["cells"]);
    let out = ran.ok();
    assert!(ran.err().is_empty(), "{}", ran.err());
    assert!(out.lines().next().unwrap().starts_with("NAME   STATE     SERVER"), "{out}");
    let expected = "\
NAME STATE SERVER SCHEMA LATENCY ROWS
api up SQLite V current N ms 0
    DIR/api.sqlite
    from DIR/nova.conf:5 [api_database] connection
cell1 up SQLite V current N ms 1
    DIR/cell1.sqlite
    from cell_mappings, uuid f4179abe-102a-4808-aca4-f790c38bf7ed
cell2 disabled SQLite V current N ms 0
    DIR/cell2.sqlite
    from cell_mappings, uuid 7aed0aa5-cab3-4352-83aa-7508e993ca93
    disabled in cell_mappings: nova schedules nothing there
cell0 no table SQLite V pending N ms -
    DIR/cell0.sqlite
    from cell_mappings, uuid 00000000-0000-0000-0000-000000000000
    pending 0001_request_specs; `reqspec db sync` applies it";
    assert_eq!(filtered(&out, &world), expected);
    let table = out.lines().filter(|line| !line.starts_with(' '));
    assert!(table.clone().count() == 5 && table.into_iter().all(|line| line.len() <= 80), "{out}");
}

#[test]
fn what_does_not_answer_says_why() {
    let world = World::with_mappings();
    world.sql(
        "api",
        "UPDATE cell_mappings SET database_connection = '{scheme}://{username}:{password}@db1:{port}/nova' WHERE id = 2;
         UPDATE cell_mappings SET database_connection = 'mysql://nova:hush-hush@127.0.0.1:1/nova_cell2' WHERE id = 3",
    );
    fs::remove_file(world.path("cell0")).unwrap();
    let ran = world.found(&["cells"]);
    assert_eq!(ran.code(), 1);
    let out = ran.out();
    assert!(!format!("{out}{}", ran.err()).contains("hush-hush"), "{out}");
    let of = |name: &str| {
        let mut lines = out.lines().skip_while(|line| !line.starts_with(name));
        let first = lines.next().unwrap().to_owned();
        let rest: Vec<_> = lines.take_while(|line| line.starts_with(' ')).map(str::trim).collect();
        format!("{first} {}", rest.join(" "))
    };
    assert!(
        of("cell1").contains("no address") && of("cell1").contains("template {scheme}://{username}:"),
        "{out}"
    );
    assert!(
        of("cell2").contains("mysql://nova:***@127.0.0.1:1/nova_cell2") && of("cell2").contains("down: "),
        "{out}"
    );
    assert!(of("cell0").contains("down: there is no such file"), "{out}");
    assert!(of("api").contains("up"), "{out}");
}

#[test]
fn the_same_for_scripts() {
    let world = World::with_mappings();
    world.sql(
        "api",
        "UPDATE cell_mappings SET database_connection = 'mysql://nova:hush-hush@127.0.0.1:1/n' WHERE id = 3",
    );
    let ran = world.found(&["cells", "--json"]);
    assert_eq!(ran.code(), 1);
    let lines: Vec<Value> = ran.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [api, cell1, cell2, cell0] = &lines[..] else { panic!("{}", ran.out()) };
    assert!(api["latency_ms"].as_f64().is_some_and(|latency| latency > 0.0));
    for (key, value) in [
        ("name", "cell1"),
        ("uuid", "f4179abe-102a-4808-aca4-f790c38bf7ed"),
        ("state", "up"),
        ("engine", "sqlite"),
        ("product", "SQLite"),
        ("rights", "write"),
        ("schema", "current"),
        ("origin", "cell_mappings"),
    ] {
        assert_eq!(cell1[key], value, "{key}");
    }
    assert_eq!(
        (&cell1["rows"], &cell1["disabled"], &cell1["reason"]),
        (&0.into(), &false.into(), &Value::Null)
    );
    assert!(api["origin"].as_str().unwrap().ends_with("nova.conf:5 [api_database] connection"));
    assert_eq!(
        (&cell2["state"], &cell2["engine"], &cell2["rows"]),
        (&"down".into(), &"mysql".into(), &Value::Null)
    );
    assert!(cell2["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert_eq!(cell0["name"], "cell0");
    assert!(!ran.out().contains("hush-hush"));
}
