//! list and show.

use serde_json::Value;

use crate::world::{OTHER, Ran, UUID, World, spec, spec_of};

fn rows(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn list_names_the_database_of_each_row() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("cell2", OTHER, spec_of(OTHER));
    let out = world.run(&["list"]).ok();
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..4], ["INSTANCE", "DATABASE", "FLAVOR", "AZ"]);
    assert_eq!(lines[1][..4], [UUID, "api", "m1.tiny", "az1"]);
    assert_eq!(lines[2][..4], [OTHER, "cell2", "m1.tiny", "az1"]);
    assert_eq!(lines.len(), 3);
}

#[test]
fn list_json_is_one_object_per_line() {
    let world = World::new();
    world.insert("cell1", UUID, spec());
    let all = rows(&world.run(&["list", "--json"]).ok());
    let [row] = all.as_slice() else { panic!("{all:?}") };
    for (key, value) in [
        ("id", Value::from(1)),
        ("database", "cell1".into()),
        ("instance_uuid", UUID.into()),
        ("flavor", "m1.tiny".into()),
        ("availability_zone", "az1".into()),
        ("project_id", "7d51df39858c89b85a8c48c4720fb3ab".into()),
        ("demands", "".into()),
        ("version", "1.15".into()),
        ("created_at", "2024-05-06 07:08:09.000000".into()),
        ("updated_at", Value::Null),
        ("problem", Value::Null),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
}

#[test]
fn pages_join_without_gaps_in_both_orders() {
    let world = World::new();
    world.insert_many("api", 450, r#"{"a": 1}"#);
    world.sql(
        "api",
        "UPDATE request_specs SET updated_at = datetime('2024-06-01', '+' || (id * 37 % 450) || ' minutes')",
    );
    let by_id = rows(&world.run(&["list", "--json"]).ok());
    let ids: Vec<i64> = by_id.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (1..=450).collect::<Vec<_>>());
    let by_update = rows(&world.run(&["list", "--json", "--sort", "updated", "--limit", "449"]).ok());
    assert_eq!(by_update.len(), 449);
    let times: Vec<&str> = by_update.iter().map(|row| row["updated_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a > b));
}

#[test]
fn a_database_that_is_down_is_said_and_the_others_are_listed() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("cell2", OTHER, spec_of(OTHER));
    std::fs::remove_file(world.path("cell1")).unwrap();
    world.sql("cell2", "DROP TABLE request_specs");
    let ran = world.run(&["list", "--json"]);
    let err = ran.fails(1);
    assert!(
        err.contains("warning: cell1: ") && err.contains("cell2: no table request_specs; `reqspec db sync`"),
        "{err}"
    );
    assert_eq!(rows(&ran.out()).len(), 1);
}

#[test]
fn malformed_rows_are_listed_with_their_error() {
    let world = World::new();
    let broken: [(&str, &[u8]); 6] = [
        ("truncated", &spec().as_bytes()[..500]),
        ("null", b"null"),
        ("bom", b"\xef\xbb\xbf{}"),
        ("empty", b""),
        ("notutf8", b"{\"a\": \"\xff\"}"),
        ("words", b"not json"),
    ];
    broken.iter().for_each(|(uuid, text)| world.insert("api", uuid, text));
    world.insert("api", UUID, spec());
    let all = rows(&world.run(&["list", "--json"]).ok());
    for ((uuid, _), row) in broken.iter().zip(&all) {
        assert_eq!(row["instance_uuid"], *uuid);
        assert!(row["problem"].is_string(), "{row}");
    }
    assert_eq!(all[6]["problem"], Value::Null);
    assert_eq!(world.run(&["list"]).ok().lines().count(), 8);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let world = World::new();
    world.insert_many("api", 3000, "{}");
    let deployment = format!("--api {}", world.path("api").display());
    let binary = assert_cmd::cargo::cargo_bin("reqspec");
    let script = format!("{{ {} list {deployment}; echo $? >&2; }} | head -1", binary.display());
    let ran = Ran(std::process::Command::new("sh").args(["-c", &script]).output().unwrap());
    assert_eq!(ran.err(), "0\n");
}

#[test]
fn show_tells_equal_copies_from_different_ones() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("cell1", UUID, spec());
    world.insert("cell2", UUID, spec().replace("\"az1\"", "\"az9\""));
    let out = world.run(&["show", UUID]).ok();
    assert!(out.contains("cell1: identical") && out.contains("cell2: different"), "{out}");
    assert!(out.contains(r#"availability_zone: "az1" -> "az9""#), "{out}");
    let copies = rows(&world.run(&["show", UUID, "--json"]).ok());
    let relations: Vec<_> = copies.iter().map(|copy| copy["relation_to_first"].as_str().unwrap()).collect();
    assert_eq!(relations, ["identical", "identical", "different"]);
    assert_eq!(copies[2]["spec"]["nova_object.data"]["availability_zone"], "az9");
}

#[test]
fn show_raw_gives_the_stored_bytes() {
    let world = World::new();
    let text = b"{\"a\":  1.0, \"b\": NaN, \"c\": \"\x1b[31m\xff\"}";
    world.insert("api", UUID, text);
    assert_eq!(world.run(&["show", UUID, "--raw"]).0.stdout, text);
    world.insert("cell1", UUID, spec());
    let err = world.run(&["show", UUID, "--raw"]).fails(2);
    assert!(err.contains("api, cell1 differ; say which with --in"), "{err}");
    assert_eq!(world.run(&["show", UUID, "--raw", "--in", "cell1"]).ok(), spec());
    let json = rows(&world.run(&["show", UUID, "--json", "--in", "api"]).ok());
    assert!(json[0]["spec"].as_str().unwrap().contains("NaN"));
}

#[test]
fn a_beginning_of_a_uuid_is_enough_where_it_is_unique() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.insert("cell1", "11111111-aaaa-4aaa-8aaa-999999999999", "{}");
    assert!(world.run(&["show", "11111111-aaaa-4aaa-8aaa-1"]).ok().contains(UUID));
    assert!(world.run(&["show", "11111111"]).fails(2).contains("is the beginning of several"));
    assert!(world.run(&["show", "11111"]).fails(2).contains("at least its first 6 characters"));
    assert!(world.run(&["show", "333333"]).fails(3).contains("no database has a spec of 333333"));
    assert!(world.run(&["show", UUID, "--in", "cell2"]).fails(3).contains("cell2: no spec of"));
    assert!(world.run(&["show", UUID, "--in", "cell7"]).fails(2).contains("there are: api, cell1, cell2"));
}

#[test]
fn not_found_is_not_said_while_a_database_is_down() {
    let world = World::new();
    std::fs::remove_file(world.path("cell2")).unwrap();
    let err = world.run(&["show", UUID]).fails(1);
    assert!(err.contains("no database that answers has a spec") && err.contains("cell2: "), "{err}");
}

#[test]
fn hostile_text_is_escaped() {
    let world = World::new();
    let hostile = "\\u001b[2J\u{202e}evil\\u0007";
    world.insert(
        "api",
        UUID,
        spec().replace("m1.tiny", hostile).replace("\"az1\"", "\"\\u001b]0;x\\u0007\""),
    );
    world.insert("api", "\u{1b}[31mred", "\u{1b}[0m{");
    for arguments in
        [&["list"][..], &["show", UUID], &["show", "\u{1b}[31mred"], &["delete", UUID, "--in", "api"]]
    {
        let ran = world.run(arguments);
        let all = format!("{}{}", ran.out(), ran.err());
        assert!(!all.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{arguments:?}: {all}");
    }
    assert!(world.run(&["list"]).ok().contains("\\u001b[2J\\u202eevil\\u0007"));
}

#[test]
fn reading_changes_no_byte() {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    let before = world.fingerprint();
    for arguments in [&["list"][..], &["list", "--sort", "updated"], &["show", UUID], &["db", "status"]] {
        world.run(arguments).ok();
    }
    assert_eq!(world.fingerprint(), before);
}

/// Names that tenants choose could otherwise pass for lines of a confirm step.
#[test]
fn a_line_end_in_a_name_starts_no_line() {
    let world = World::new();
    world.insert("cell1", UUID, spec().replace("\"m1.tiny\"", "\"m1\\nenvironment  elsewhere\""));
    for arguments in [
        &["move", UUID, "--to", "api", "--dry-run"][..],
        &["delete", UUID, "--in", "cell1", "--dry-run"],
        &["show", UUID],
        &["list"],
    ] {
        let out = world.run(arguments).ok();
        assert!(out.contains(r"m1\nenvironment  elsewhere"), "{out}");
        assert!(!out.lines().any(|line| line.starts_with("environment  elsewhere")), "{out}");
    }
    let ran = world.run(&["delete", UUID, "--in", "cell1"]);
    assert!(!ran.fails(5).lines().any(|line| line.starts_with("environment  elsewhere")));
}

#[test]
fn json_sends_nothing_raw_to_the_terminal() {
    let world = World::new();
    world.insert("api", UUID, spec().replace("\"m1.tiny\"", "\"m1\u{9b}2J\u{202e}\u{7f}\""));
    for arguments in [&["list", "--json"][..], &["show", UUID, "--json"]] {
        let out = world.run(arguments).ok();
        assert!(!out.contains(['\u{9b}', '\u{202e}', '\u{7f}']), "{out:?}");
        assert!(out.contains(r"m1\u009b2J\u202e\u007f"), "{out}");
        rows(&out);
    }
}

#[test]
fn show_says_what_is_wrong_with_a_spec() {
    let world = World::new();
    let text = spec().replacen("\"availability_zone\"", "\"added\": 1, \"availability_zone\"", 1);
    world.insert(
        "api",
        OTHER,
        text.replacen("\"nova_object.data\"", "\"nova_object.odd\": 1, \"nova_object.data\"", 1),
    );
    world.insert("api", UUID, spec());
    let out = world.run(&["show", OTHER]).ok();
    let (findings, _) = out.split_once("Filters").unwrap();
    assert!(findings.contains("Findings"), "{out}");
    for said in ["added: ", "[nova_object.odd]: an unknown key", &format!("the text says \"{UUID}\"")] {
        assert!(findings.contains(said), "{said}: {findings}");
    }
    assert!(!world.run(&["show", UUID]).ok().contains("Findings"));
}

/// Readers of JSON stop at such depths; the stored bytes are left to --raw.
#[test]
fn a_text_that_is_too_deep_is_a_string_in_json() {
    let world = World::new();
    world.insert("api", UUID, format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)));
    let row = &rows(&world.run(&["show", UUID, "--json"]).ok())[0];
    assert!(row["spec"].is_string() && row["problem"].as_str().unwrap().contains("nested deeper"), "{row}");
    let err = world.run(&["move", UUID, "--to", "cell1", "--yes", "--force"]).fails(5);
    assert!(err.contains(&format!("api: the stored text of {UUID} cannot be read")), "{err}");
}

/// As large and as nested as a column holds: listed and shown, and never stored anew.
#[test]
fn huge_texts_are_listed_shown_and_not_moved() {
    let huge = format!("{{\"nova_object.data\": \"{}", "x".repeat(16 * 1024 * 1024));
    let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
    for text in [huge, deep] {
        let world = World::new();
        world.insert("api", UUID, &text);
        world.insert("api", OTHER, spec_of(OTHER));
        let listed = world.run(&["list"]).ok();
        assert_eq!(listed.lines().count(), 3, "both rows and the heads");
        assert!(listed.len() < 2_000, "the text itself is not listed: {} bytes", listed.len());
        let rows = rows(&world.run(&["list", "--json"]).ok());
        assert!(rows[0]["problem"].is_string() && rows[1]["problem"].is_null());
        assert!(world.run(&["show", UUID]).ok().contains(UUID));
        assert_eq!(world.run(&["show", UUID, "--raw"]).ok().trim_end(), text);
        for change in
            [&["move", UUID, "--to", "cell1"][..], &["edit", UUID, "--set", "availability_zone=az2"]]
        {
            let err = world.run(&[change, &["--yes", "--force"]].concat()).fails(5);
            assert!(err.contains(UUID) && err.len() < 2_000, "{} bytes", err.len());
        }
        assert_eq!(world.holders(UUID), ["api"]);
    }
}

/// Twenty thousand specs, 60 MB of text, do not fit into the memory allowed, and need not.
#[test]
fn a_long_list_is_json_line_by_line_in_bounded_memory() {
    const ROWS: u32 = 20_000;
    let world = World::new();
    world.insert_many("api", ROWS, spec());
    let program = world.command(&["list", "--json", "--sort"]);
    let arguments: Vec<_> = program.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    for order in ["id", "updated"] {
        let script = "ulimit -d 40000; exec \"$0\" \"$@\"";
        let mut limited = std::process::Command::new("sh");
        limited.current_dir(world.directory()).args(["-c", script]).arg(program.get_program());
        let ran = limited.args(&arguments).arg(order).output().unwrap();
        assert!(ran.status.success(), "{order}: {}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(rows(&String::from_utf8(ran.stdout).unwrap()).len(), ROWS as usize, "{order}");
    }
}

#[test]
fn a_cell_without_the_table_leaves_the_rest_readable() {
    let world = World::new();
    world.insert("api", UUID, spec());
    world.sql("cell1", "DROP TABLE request_specs");
    let ran = world.run(&["list"]);
    assert!(ran.fails(1).contains("cell1: no table request_specs; `reqspec db sync` adds it"));
    assert!(ran.out().contains(UUID));
    world.run(&["list", "--in", "api"]).ok();
    assert!(world.run(&["show", UUID]).ok().contains("api (row 1"));
    world.run(&["show", OTHER]).fails(3);
    let status = world.run(&["db", "status"]);
    let lines: Vec<String> = status.out().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[1].contains("cell1") && lines[1] != lines[2].replace("cell2", "cell1"), "{lines:?}");
}

#[test]
fn an_empty_instance_uuid_is_seen_in_messages() {
    let world = World::new();
    world.insert("api", "", spec());
    let err = world.run(&["move", "", "--from", "api", "--to", "cell1"]).fails(5);
    assert!(!err.contains("of  ") && !err.contains("of ,"), "{err}");
    let out = world.run(&["delete", "", "--in", "api", "--yes", "--force"]).ok();
    assert_eq!(out, "Deleted the spec of \"\" in api.\n");
}
