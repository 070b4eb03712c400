//! How the databases are found: nova.conf, the environment's variables, profiles, `cell_mappings`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{OTHER, Ran, UUID, World, spec, spec_of};

fn names(out: &str) -> Vec<&str> {
    out.lines().map(|line| line.split(':').next().unwrap()).collect()
}

#[test]
fn an_operator_on_a_controller_sees_the_cloud() {
    let world = World::with_mappings();
    world.insert("cell2", UUID, spec());
    let conf = world.nova_conf();
    assert_eq!(names(&world.found(&["db", "status"]).ok()), ["api", "cell1", "cell2", "cell0"]);
    assert!(world.found(&["show", UUID]).ok().contains("stored    cell2"));
    world.found(&["edit", UUID, "--set", "availability_zone=az2", "--yes"]).ok();
    assert!(world.stored("cell2", UUID).unwrap().contains("az2"));

    let by_variable =
        |name: &str, value: &str| Ran(world.bare(&["db", "status"]).env(name, value).output().unwrap());
    let path = conf.display().to_string();
    assert_eq!(names(&by_variable("REQSPEC_NOVA_CONF", &path).ok()).len(), 4);
    let url = format!("sqlite:///{}", world.path("api").display());
    assert_eq!(names(&by_variable("OS_API_DATABASE__CONNECTION", &url).ok()).len(), 4);
    // An option given before the command and after it, and fragments of the configuration.
    fs::create_dir(world.directory().join("fragments")).unwrap();
    fs::write(world.directory().join("fragments/api.conf"), format!("[api_database]\nconnection: {url}\n"))
        .unwrap();
    fs::write(world.directory().join("other.conf"), "[DEFAULT]\ndebug = true\n").unwrap();
    let several = [
        "--nova-conf",
        "other.conf",
        "--config-dir",
        "fragments",
        "db",
        "status",
        "--nova-conf",
        "other.conf",
    ];
    assert_eq!(names(&Ran(world.bare(&several).output().unwrap()).ok()).len(), 4);
}

#[test]
fn one_url_of_the_api_database_is_enough() {
    let world = World::with_mappings();
    world.insert("cell1", UUID, spec());
    let ran = Ran(world.bare(&["show", UUID, "--api", "api.sqlite"]).output().unwrap());
    assert!(ran.ok().contains("stored    cell1") && ran.err().is_empty(), "{}", ran.err());
}

/// Upstream nova has the table in the API database only.
#[test]
fn mapped_cells_without_the_table_have_nothing_to_list() {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    world.sql("cell1", "DROP TABLE request_specs");
    let ran = world.found(&["list"]);
    assert!(ran.ok().contains(UUID) && ran.err().is_empty(), "{}", ran.err());
    assert!(world.found(&["list", "--in", "cell1"]).fails(1).contains("no table request_specs"));
    assert!(world.found(&["show", UUID]).ok().contains("stored    api"));
}

#[test]
fn nobody_says_where_they_are() {
    let world = World::new();
    let err = Ran(world.bare(&["list"]).output().unwrap()).fails(2);
    for part in ["--nova-conf", "$REQSPEC_ENV", ".config/reqspec/config.toml", "/etc/nova", "reqspec demo"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert!(err.lines().count() > 4, "{err}");
}

#[test]
fn a_cell_that_is_given_stands_in_for_the_one_that_is_mapped() {
    let world = World::with_mappings();
    world.sql(
        "api",
        "UPDATE cell_mappings SET database_connection = 'mysql://nova:hush-hush@10.0.0.1:1/n' WHERE id > 1",
    );
    for cell in ["cell1=cell1.sqlite", "f4179abe-102a-4808-aca4-f790c38bf7ed=cell1.sqlite"] {
        let out = world.found(&["--cell", cell, "--cell", "cell2=cell2.sqlite", "db", "status"]).ok();
        let name = cell.split('=').next().unwrap();
        assert_eq!(names(&out), ["api", name, "cell2", "cell0"]);
    }
    // One that nova does not know is added.
    let out = world.found(&[
        "db",
        "status",
        "--cell",
        "cell1=cell1.sqlite",
        "--cell",
        "cell2=cell2.sqlite",
        "--cell",
        "archive=cell1.sqlite",
    ]);
    assert_eq!(names(&out.ok()), ["api", "cell1", "cell2", "archive", "cell0"]);
}

#[test]
fn cells_without_a_name_and_of_one_name_are_told_apart() {
    let world = World::with_mappings();
    world.sql("api", "UPDATE cell_mappings SET name = 'az' WHERE id > 1; UPDATE cell_mappings SET name = NULL WHERE id = 1");
    let out = world.found(&["db", "status"]).ok();
    let cell0 = "00000000-0000-0000-0000-000000000000";
    assert_eq!(names(&out), ["api", "az-f4179abe", "az-7aed0aa5", cell0]);
    world.insert("cell2", UUID, spec());
    world.map(UUID, Some(3));
    world.found(&["copy", UUID, "--to", "api", "--yes"]).ok();
    let err = world.found(&["move", UUID, "--from", "api", "--to", "az-f4179abe", "--yes"]).fails(5);
    assert!(err.contains("az-7aed0aa5"), "its own cell is named as here: {err}");
    let ran = world.found(&["list", "--cell", "az=cell1.sqlite"]);
    assert!(ran.err().contains("az is the name of several cells"), "{}", ran.err());
}

#[test]
fn one_cell_that_leads_nowhere_leaves_the_others() {
    let world = World::with_mappings();
    world.insert("cell2", UUID, spec());
    for (url, says) in [
        ("mysql://nova:hush-hush@x@db/nova", "%40"),
        ("{scheme}://{username}:{password}@db:{port}/nova", "{port}"),
        ("oracle://nova:hush-hush@db/nova", "oracle"),
    ] {
        world.sql("api", &format!("UPDATE cell_mappings SET database_connection = '{url}' WHERE id = 2"));
        let ran = world.found(&["list"]);
        assert_eq!(ran.code(), 1);
        assert!(ran.out().contains(UUID), "{}", ran.out());
        assert!(ran.err().contains("cell1: ") && ran.err().contains(says), "{}", ran.err());
        assert!(!ran.err().contains("hush-hush"), "{}", ran.err());
    }
    // A template that resolves, of the configuration's own database.
    world.sql(
        "api",
        "UPDATE cell_mappings SET database_connection = '{scheme}:////' || substr((SELECT database_connection \
         FROM cell_mappings WHERE id = 1), 12) WHERE id = 2",
    );
    let sql = "UPDATE cell_mappings SET database_connection = replace(database_connection, 'cell0', 'cell1') WHERE id = 2";
    world.sql("api", sql);
    world.found(&["list"]).ok();
}

#[test]
fn without_the_api_database_cells_that_are_given_still_work() {
    let world = World::with_mappings();
    world.insert("cell1", UUID, spec());
    fs::remove_file(world.path("api")).unwrap();
    let ran = world.found(&["show", UUID, "--cell", "cell1=cell1.sqlite"]);
    assert!(ran.ok().contains("stored    cell1"));
    assert!(
        ran.err().contains("no cells were looked up, only those given are known: api: "),
        "{}",
        ran.err()
    );
    // One that is named needs no look at the others.
    let ran = world.found(&["list", "--in", "cell1", "--cell", "cell1=cell1.sqlite"]);
    assert!(ran.ok().contains(UUID) && ran.err().is_empty(), "{}", ran.err());
    let edit = [
        "edit",
        UUID,
        "--in",
        "cell1",
        "--set",
        "availability_zone=az2",
        "--yes",
        "--cell",
        "cell1=cell1.sqlite",
    ];
    world.found(&edit).ok();
    assert!(world.stored("cell1", UUID).unwrap().contains("az2"));
}

#[test]
fn a_mapping_that_cannot_be_read_is_said() {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    world.sql("api", "ALTER TABLE cell_mappings DROP COLUMN database_connection");
    let ran = world.found(&["list"]);
    assert!(ran.ok().contains(UUID));
    assert!(ran.err().contains("finding the cells in cell_mappings failed"), "{}", ran.err());
}

fn profiles(world: &World, text: &str) -> String {
    let path = world.directory().join("config.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn environments_are_listed_and_chosen() {
    let world = World::with_mappings();
    world.nova_conf();
    let config = profiles(
        &world,
        "default = 'here'\n[env.here]\nnova_conf = 'nova.conf'\ncolour = 'red'\nread_only = true\n\
         [env.far]\napi = 'mysql://nova:hush-hush@db/nova_api'\n[env.lab]\napi = 'sqlite:///api.sqlite'\n\
         [env.lab.cells]\ncell1 = 'cell1.sqlite'\n",
    );
    let out = Ran(world.bare(&["environments", "--config", &config]).output().unwrap());
    let lines: Vec<_> = out.out().lines().map(str::to_owned).collect();
    assert!(
        lines[1].starts_with("here  default  read-only    red     ") && lines[1].ends_with("nova.conf"),
        "{lines:?}"
    );
    assert_eq!(lines[2], "far            read, write  -       mysql://nova:***@db/nova_api");
    assert!(out.err().contains("chmod 600"), "{}", out.err());
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();

    let run =
        |arguments: &[&str]| Ran(world.bare(arguments).env("REQSPEC_CONFIG", &config).output().unwrap());
    let first: serde_json::Value =
        serde_json::from_str(run(&["environments", "--json"]).ok().lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["name"], &first["read_only"], &first["colour"]),
        (&"here".into(), &true.into(), &"red".into())
    );
    assert_eq!(names(&run(&["db", "status"]).ok()).len(), 4);
    assert_eq!(names(&run(&["db", "status", "--env", "lab"]).ok()), ["api", "cell1", "cell2", "cell0"]);
    let by_variable = Ran(world
        .bare(&["db", "sync"])
        .env("REQSPEC_CONFIG", &config)
        .env("REQSPEC_ENV", "lab")
        .output()
        .unwrap());
    by_variable.ok();
    // Read-only in its profile: nothing is written, and it is said which profile says so.
    let err = run(&["db", "sync"]).fails(5);
    assert!(err.contains("the environment here is read-only (") && err.contains("config.toml"), "{err}");
    assert!(run(&["--write"]).fails(5).contains("the environment here is read-only"));
    world.insert("api", OTHER, spec_of(OTHER));
    run(&["delete", OTHER, "--in", "api", "--yes"]).fails(5);
    run(&["delete", OTHER, "--in", "api", "--dry-run"]).ok();
    let plan = run(&["delete", OTHER, "--in", "api", "--dry-run", "--env", "lab"]).ok();
    assert!(plan.starts_with("environment  lab\n"), "{plan}");
    assert!(run(&["list", "--env", "lba"]).fails(2).contains("did you mean lab?"));
    assert!(run(&["list", "--env", "lab", "--api", "x"]).fails(2).contains("give one"));
}

#[test]
fn files_that_are_wrong_are_told_with_their_line() {
    let world = World::new();
    for (text, says) in [
        (
            "[env.a]\napi = 'x'\n\ncolor = 'red'\n",
            "config.toml:4: unknown key \"color\" in [env.a]; did you mean colour?",
        ),
        ("[env.a]\napi = 'x'\nread_only = 'yes'\n", "config.toml:3: read_only is true or false"),
        ("[env.a\n", "config.toml:1: not TOML: "),
    ] {
        let config = profiles(&world, text);
        let err = Ran(world.bare(&["list", "--config", &config]).output().unwrap()).fails(2);
        assert!(err.contains(says), "{err}");
    }
    for (text, says) in [
        ("[api_database]\n\nconnection\n", "nova.conf, line 3: "),
        ("[api_database\nconnection = x\n", "nova.conf, line 1: "),
        ("[api_database]\nconnection = ${nowhere}/x\n", "nova.conf:2: [api_database] connection refers to"),
        ("[DEFAULT]\ndebug = 1\n", "[api_database] connection is not set"),
        ("[api_database]\nconnection = oracle://h/d\n", "nova.conf:2 [api_database] connection: "),
    ] {
        fs::write(world.directory().join("nova.conf"), text).unwrap();
        let err = Ran(world.bare(&["list", "--nova-conf", "nova.conf"]).output().unwrap()).fails(2);
        assert!(err.contains(says), "{err}");
    }
    let err = Ran(world.bare(&["list", "--nova-conf", "none.conf"]).output().unwrap()).fails(2);
    assert!(err.contains("none.conf is not there"), "{err}");
    let err = Ran(world.bare(&["list", "--config", "none.toml"]).output().unwrap()).fails(2);
    assert!(err.contains("none.toml: "), "{err}");
}

/// Each takes its own time: three that do not answer do not add up.
#[test]
fn a_database_that_says_nothing_delays_no_other() {
    let world = World::with_mappings();
    for cell in ["cell1", "cell2", "api"] {
        world.insert(cell, UUID, spec());
    }
    // Accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mysql://nova:hush-hush@{}/nova", silent.local_addr().unwrap());
    world.sql("api", &format!("UPDATE cell_mappings SET database_connection = '{url}' WHERE id IN (1, 2)"));
    let cell3 = format!("cell3={}", url.replace("mysql", "postgresql"));
    let began = std::time::Instant::now();
    let ran = world.found(&["list", "--timeout", "2", "--cell", &cell3]);
    let took = began.elapsed();
    assert_eq!(ran.code(), 1);
    let databases: Vec<_> =
        ran.out().lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect();
    assert_eq!(databases, ["api", "cell2"], "{}", ran.err());
    for cell in ["cell1", "cell3", "cell0"] {
        assert!(ran.err().contains(&format!("warning: {cell}: ")), "{}", ran.err());
    }
    assert!(took.as_secs_f64() < 5.5, "{took:?}: {}", ran.err());
    assert!(!ran.err().contains("hush-hush"));
    // Whoever asks for one spec waits for all that may hold it, once.
    let began = std::time::Instant::now();
    let ran = world.found(&["show", "11111111", "--timeout", "2", "--cell", &cell3]);
    assert!(
        ran.ok().contains("stored    api") && ran.err().matches("warning: cell").count() == 3,
        "{}",
        ran.err()
    );
    assert!(began.elapsed().as_secs_f64() < 5.5, "{:?}", began.elapsed());
}

/// What the process's environment says of a cloud is not meant for a profile's, and a configuration
/// that only a variable names fills no templates of another API database.
#[test]
fn one_cloud_is_never_mixed_with_another() {
    let world = World::with_mappings();
    world.nova_conf();
    let config = profiles(&world, "[env.here]\nnova_conf = 'nova.conf'\n");
    let other = world.directory().join("other.sqlite");
    fs::write(&other, b"").unwrap();
    let mut command = world.bare(&["--config", &config, "--env", "here", "cells"]);
    command.env("OS_API_DATABASE__CONNECTION", format!("sqlite:///{}", other.display()));
    let ran = Ran(command.output().unwrap());
    assert!(!ran.out().contains("other.sqlite") && ran.out().contains("api.sqlite"), "{}", ran.out());

    world.sql(
        "api",
        "UPDATE cell_mappings SET database_connection = '{scheme}:///{path}' WHERE name = 'cell1'",
    );
    let mut command = world.bare(&["--api", "api.sqlite", "cells"]);
    command.env("REQSPEC_NOVA_CONF", world.directory().join("nova.conf"));
    let ran = Ran(command.output().unwrap());
    let cell1 = ran.out().lines().find(|line| line.starts_with("cell1")).unwrap().to_owned();
    assert!(cell1.contains("no address"), "{}", ran.out());
}
