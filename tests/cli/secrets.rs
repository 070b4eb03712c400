//! No password reaches a message, a result, a log or a child's command line.

use std::fs;
use std::path::Path;

use crate::world::{OTHER, Ran, UUID, World, spec, spec_of};

/// The password in everything below.
const SECRET: &str = "hush-hush";

/// A cell mapping as nova 14 to 18 left it in `requested_destination`.
fn with_destination() -> String {
    let cell = format!(
        r#"{{"nova_object.name": "CellMapping", "nova_object.namespace": "nova", "nova_object.version": "1.0", "nova_object.data": {{"id": 3, "uuid": "7aed0aa5-cab3-4352-83aa-7508e993ca93", "name": "cell2", "transport_url": "rabbit://nova:{SECRET}@r2:5672/nova", "database_connection": "mysql+pymysql://nova:{SECRET}@db2/nova_cell2?charset=utf8", "created_at": "2017-02-22T09:00:00Z", "updated_at": null}}}}"#
    );
    let destination = format!(
        r#""requested_destination": {{"nova_object.name": "Destination", "nova_object.namespace": "nova", "nova_object.version": "1.1", "nova_object.data": {{"host": "cmp1", "node": "cmp1", "cell": {cell}}}, "nova_object.changes": ["host"]}}"#
    );
    let text = spec().replace(r#""requested_destination": null"#, &destination);
    assert!(text.contains(SECRET));
    text
}

/// Runs it so that it says as much as it can; what it says and logs holds no password.
#[track_caller]
fn quiet(world: &World, arguments: &[&str]) -> Ran {
    let config = world.directory().join("config.toml");
    if !config.exists() {
        fs::write(&config, "").unwrap();
    }
    let mut command = world.bare(arguments);
    command.env("RUST_BACKTRACE", "1").env("REQSPEC_LOG", "trace");
    command.env("XDG_STATE_HOME", world.directory()).env("REQSPEC_CONFIG", &config);
    let ran = Ran(command.output().unwrap());
    let log = fs::read_to_string(world.directory().join("reqspec/reqspec.log")).unwrap_or_default();
    for (what, text) in [("output", ran.out()), ("messages", ran.err()), ("log", log)] {
        assert!(!text.contains(SECRET), "{arguments:?}: {what}: {text}");
    }
    ran
}

#[test]
fn no_failing_command_says_one() {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    let mysql = format!("mysql+pymysql://nova:{SECRET}@127.0.0.1:1/nova_api?charset=utf8");
    let cell = format!("cell1={mysql}");
    let urls = [
        mysql.clone(),
        format!("postgresql://nova:{SECRET}@127.0.0.1:1/nova_api"),
        format!("mysql://nova:{SECRET}@x@127.0.0.1/nova_api"),
        format!("mysql://nova:{SECRET}@127.0.0.1:port/nova_api"),
        format!("mysql//nova:{SECRET}@127.0.0.1/nova_api"),
        format!("oracle://nova:{SECRET}@127.0.0.1/nova_api"),
        format!("mysql://127.0.0.1:1/nova_api?user=nova&password={SECRET}"),
        format!("mysql://nova:{SECRET}@127.0.0.1:1/"),
        format!("sqlite://nova:{SECRET}@127.0.0.1/x"),
    ];
    for url in &urls {
        for command in [
            &["list"][..],
            &["show", UUID],
            &["cells"],
            &["cells", "--json"],
            &["db", "status"],
            &["db", "sync"],
        ] {
            let arguments = [command, &["--api", url]].concat();
            let ran = quiet(&world, &arguments);
            assert_ne!(ran.code(), 0, "{arguments:?}: {}", ran.out());
        }
        let own = format!("cell1={url}");
        quiet(&world, &["list", "--api", "api.sqlite", "--cell", &own]);
        fs::write(world.directory().join("nova.conf"), format!("[api_database]\nconnection = {url}\n"))
            .unwrap();
        assert_ne!(quiet(&world, &["cells", "--nova-conf", "nova.conf"]).code(), 0);
        world.sql("api", &format!("UPDATE cell_mappings SET database_connection = '{url}' WHERE id = 2"));
        assert_eq!(quiet(&world, &["cells", "--api", "api.sqlite"]).code(), 1);
        quiet(&world, &["move", UUID, "--to", "cell1", "--yes", "--api", "api.sqlite"]);
    }
    // Where no URL belongs.
    for arguments in [
        &[mysql.as_str()][..],
        &["list", &mysql],
        &["list", "--api", "api.sqlite", "--sort", &mysql],
        &["list", "--api", "api.sqlite", "--where", &format!("vcpuss={mysql}")],
        &["list", "--api", "api.sqlite", "--where", &format!("az=\"{mysql}\" =")],
        &["list", "--api", "api.sqlite", "--columns", &mysql],
        &["list", "--api", "api.sqlite", "--count-by", &mysql],
        &["list", "--env", &mysql],
        &["list", "--nova-conf", &mysql],
        &["list", "--config-dir", &mysql],
        &["list", "--config", &mysql],
        &["list", "--cell", &mysql],
        &["list", "--timeout", &mysql],
        &["list", "--api", "api.sqlite", "--cell", &cell, "--cell", &cell],
        &["list", "--bogus", &mysql],
        &[&format!("--bogus={mysql}")],
    ] {
        assert_eq!(quiet(&world, arguments).code(), 2, "{arguments:?}");
    }
    for text in [
        format!("[api_database]\nconnection mysql://nova:{SECRET}@h/d\n"),
        format!("[api_database]\nconnection = mysql://nova:{SECRET}$nowhere@h/d\n"),
        format!("[api_database\nconnection = mysql://nova:{SECRET}@h/d\n"),
        format!("  mysql://nova:{SECRET}@h/d\n"),
        format!("[api_database]\n= mysql://nova:{SECRET}@h/d\n"),
    ] {
        fs::write(world.directory().join("nova.conf"), &text).unwrap();
        assert_ne!(quiet(&world, &["list", "--nova-conf", "nova.conf"]).code(), 0, "{text}");
    }
    for text in [
        format!("[env.a]\napi = mysql://nova:{SECRET}@h/d"),
        format!("[env.a]\napi = ['mysql://nova:{SECRET}@h/d']"),
        format!("[env.a]\napi = 'x'\npassword = '{SECRET}'"),
        format!("[env.a]\napi = 'x'\ncolour = '{SECRET}'"),
        format!("[env.a]\napi = 'x'\npassword_command = 'echo {SECRET}'"),
        format!(
            "[env.a]\napi = 'mysql://nova@h/d'\npassword_command = ['sh', '-c', 'echo {SECRET}; exit 1']"
        ),
        format!("[env.a]\napi = 'mysql://nova@h/d'\npassword_command = ['/no/such/program', '{SECRET}']"),
        format!("[env.a]\napi = 'mysql://nova:{SECRET}@x@h/d'"),
    ] {
        fs::write(world.directory().join("config.toml"), &text).unwrap();
        assert_ne!(quiet(&world, &["list", "--env", "a"]).code(), 0, "{text}");
        quiet(&world, &["environments"]);
    }
}

#[test]
fn a_password_on_the_command_line_is_warned_of_once() {
    let world = World::with_mappings();
    let url = format!("mysql://nova:{SECRET}@127.0.0.1:1/n");
    let cell = format!("cell1={url}");
    let ran =
        quiet(&world, &["list", "--api", "api.sqlite", "--cell", &cell, "--cell", "cell2=cell2.sqlite"]);
    assert_eq!(ran.err().matches("can see a password on the command line").count(), 1, "{}", ran.err());
    let ran = quiet(
        &world,
        &["list", "--api", "api.sqlite", "--cell", "cell1=mysql://nova@127.0.0.1:1/n?charset=utf8"],
    );
    assert!(!ran.err().contains("command line"), "{}", ran.err());
}

#[test]
fn a_password_is_asked_of_a_command_and_goes_nowhere_else() {
    let world = World::with_mappings();
    let asked = world.directory().join("asked");
    let script = world.directory().join("pass");
    fs::write(&script, format!("#!/bin/sh\necho \"$@\" >> '{}'\necho {SECRET}\n", asked.display())).unwrap();
    set_mode(&script, 0o755);
    let config = format!(
        "[env.a]\napi = 'mysql://nova@127.0.0.1:1/nova_api'\npassword_command = ['{}', 'nova', 'prod']\n\
         [env.a.cells]\ncell1 = 'postgresql://nova@127.0.0.1:1/nova_cell1'\n[env.b]\napi = 'sqlite:///api.sqlite'\n\
         password_command = ['{}', 'never']\n",
        script.display(),
        script.display()
    );
    fs::write(world.directory().join("config.toml"), config).unwrap();
    let ran = quiet(&world, &["cells", "--env", "a"]);
    assert_eq!(ran.code(), 1);
    assert_eq!(fs::read_to_string(&asked).unwrap(), "nova prod\n", "once for both databases");
    // Where nothing lacks a password nobody is asked.
    quiet(&world, &["cells", "--env", "b"]).ok();
    assert_eq!(fs::read_to_string(&asked).unwrap(), "nova prod\n");
    fs::write(&script, format!("#!/bin/sh\necho {SECRET}\necho the agent is locked >&2\nexit 7\n")).unwrap();
    let err = quiet(&world, &["list", "--env", "a"]).fails(1);
    assert!(err.contains("pass: exit code 7; it says: the agent is locked"), "{err}");
}

#[test]
fn what_old_specs_hold_is_not_shown() {
    let world = World::new();
    world.insert("api", UUID, with_destination());
    world.insert("cell1", UUID, with_destination().replace("cmp1", "cmp2").replace("r2:5672", "r3:5672"));
    world.insert("cell2", OTHER, &spec_of(OTHER).replace("null", "nul")[..]);
    world.insert("cell2", UUID, &with_destination()[..with_destination().find("@r2").unwrap()]);
    let deployment = ["--api", "api.sqlite", "--cell", "cell1=cell1.sqlite", "--cell", "cell2=cell2.sqlite"];
    let quiet = |arguments: &[&str]| quiet(&world, &[arguments, &deployment].concat());
    let shown = quiet(&["show", UUID]).ok();
    assert!(
        shown.contains(
            "transport_url: \"rabbit://nova:***@r2:5672/nova\" -> \"rabbit://nova:***@r3:5672/nova\""
        ),
        "{shown}"
    );
    quiet(&["list"]).ok();
    quiet(&["list", "--json"]).ok();
    let edit = ["edit", UUID, "--in", "api", "--set", "availability_zone=az2"];
    let plan = quiet(&[&edit[..], &["--dry-run"]].concat()).ok();
    assert!(plan.contains("requested_destination: {") && plan.contains(":***@db2/nova_cell2"), "{plan}");
    quiet(&edit).fails(5);
    quiet(&["delete", UUID, "--in", "cell2", "--dry-run"]).ok();
    quiet(&["copy", UUID, "--from", "api", "--to", "cell1", "--replace", "--dry-run"]).ok();
    quiet(&["edit", UUID, "--in", "api", "--set", "flavor.vcpus=many", "--yes"]).fails(5);
    // Exact bytes are exact, and it is said.
    for exact in [
        &["show", UUID, "--in", "api", "--raw"][..],
        &["show", UUID, "--json"],
        &[&edit[..], &["--dry-run", "--json"]].concat(),
    ] {
        let ran = world.run(exact);
        assert!(ran.ok().contains(SECRET), "{exact:?}");
        assert!(ran.err().contains("the stored text holds a password"), "{exact:?}: {}", ran.err());
    }
    assert!(world.run(&["show", OTHER, "--raw"]).err().is_empty());
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
