//! list: queries, orders, columns, counts, formats.

use rstest::rstest;
use serde_json::Value;

use crate::world::{OTHER, Ran, UUID, World, spec, spec_of};

const THIRD: &str = "33333333-cccc-4ccc-8ccc-333333333333";

fn rows(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Three specs: az1 with one CPU in the API database, az2 with eight and dedicated ones in cell1, and one
/// that is cut in cell2.
fn world() -> World {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    let large = spec_of(OTHER).replace("\"az1\"", "\"az2\"").replace("\"vcpus\": 1,", "\"vcpus\": 8,");
    world.insert("cell1", OTHER, large.replace("\"m1.tiny\"", "\"m1.large\""));
    let cut = spec_of(THIRD).find("\"flavor\"").unwrap();
    world.insert("cell2", THIRD, &spec_of(THIRD).as_bytes()[..cut]);
    world.map(UUID, Some(2));
    world.map(OTHER, Some(2));
    world
}

fn uuids(world: &World, arguments: &[&str]) -> Vec<String> {
    let out = world.run(&[&["list", "--format", "uuids"], arguments].concat()).ok();
    out.lines().map(str::to_owned).collect()
}

#[rstest]
#[case("", &[UUID, OTHER, THIRD])]
#[case("az=az1", &[UUID, THIRD])]
#[case("az=az1,az2 vcpus>=1", &[UUID, OTHER])]
#[case("vcpus>=8", &[OTHER])]
#[case("not vcpus>=8", &[UUID, THIRD])]
#[case("flavor~^m1\\.(large|huge)$", &[OTHER])]
#[case("flavor:TINY", &[UUID])]
#[case("broken", &[THIRD])]
#[case("db=cell1,cell2", &[OTHER, THIRD])]
#[case("M1.LARGE", &[OTHER])]
#[case("22222222", &[OTHER])]
#[case("uuid=22222222", &[OTHER])]
#[case("$.flavor.vcpus=8", &[OTHER])]
#[case("$.image.nothing", &[])]
#[case("imageid=9bebd041-10e9-48e8-b54e-111ab2eec188 az=az2", &[OTHER])]
#[case("created>=2024-05 created<2024-06", &[UUID, OTHER, THIRD])]
#[case("updated<1d", &[])]
#[case("db=api mapped=cell1", &[UUID])]
#[case("twin=missing mapped=cell1", &[UUID, OTHER])]
#[case("nowhere", &[])]
fn a_query_chooses_rows(#[case] query: &str, #[case] expected: &[&str]) {
    assert_eq!(uuids(&world(), &["--where", query]), expected);
}

#[test]
fn several_queries_must_all_be_true() {
    let world = world();
    assert_eq!(uuids(&world, &["--where", "az=az1 or az=az2", "--where", "vcpus"]), [UUID, OTHER]);
    assert_eq!(uuids(&world, &["--where", "az=az1 or az=az2", "--where", "vcpus=8 or nowhere"]), [OTHER]);
    assert_eq!(uuids(&world, &["--where", "az", "--in", "cell1"]), [OTHER]);
}

#[test]
fn any_field_is_an_order_over_all_databases() {
    let world = world();
    assert_eq!(uuids(&world, &["--sort", "-vcpus"]), [OTHER, UUID, THIRD]);
    assert_eq!(uuids(&world, &["--sort", "vcpus"]), [UUID, OTHER, THIRD]);
    assert_eq!(uuids(&world, &["--sort=uuid:desc", "--limit", "2"]), [THIRD, OTHER]);
    assert_eq!(uuids(&world, &["--sort", "-flavor", "--where", "az", "--limit", "1"]), [UUID]);
}

#[test]
fn columns_are_chosen() {
    let world = world();
    let columns = ["--columns", "uuid,vcpus,extra.my:key,az", "--sort", "-vcpus"];
    let out = world.run(&[&["list"][..], &columns].concat()).ok();
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["INSTANCE", "VCPU", "extra.my:key", "AZ"]);
    assert_eq!(lines[1], [OTHER, "8", "-", "az2"]);
    assert_eq!(lines[3], [THIRD, "-", "-", "az1"]);
    let json = rows(&world.run(&[&["list", "--json"][..], &columns].concat()).ok());
    assert_eq!(
        (&json[0]["vcpus"], &json[0]["extra.my:key"], &json[2]["vcpus"]),
        (&8.into(), &Value::Null, &Value::Null)
    );
    let csv = world.run(&[&["list", "--format", "csv"][..], &columns].concat()).ok();
    assert_eq!(csv.lines().next(), Some("uuid,vcpus,extra.my:key,az"));
    assert_eq!(csv.lines().nth(1), Some(&*format!("{OTHER},8,,az2")));
}

#[test]
fn a_spreadsheet_without_rows_has_heads() {
    let world = World::new();
    let csv = world.run(&["list", "--format", "csv", "--columns", "uuid,az"]).ok();
    assert_eq!(csv, "uuid,az\r\n");
    assert_eq!(world.run(&["list"]).ok(), "");
}

#[test]
fn values_are_counted_over_all_databases() {
    let world = world();
    world.insert_many("cell2", 1200, "{\"availability_zone\": \"az2\"}");
    let out = world.run(&["list", "--count-by", "az,vcpus"]).ok();
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["COUNT", "AZ", "VCPU"]);
    assert_eq!(lines[1], ["1200", "az2", "-"]);
    assert_eq!(lines.len(), 5);
    let few = rows(&world.run(&["list", "--count-by", "az", "--json", "--limit", "1"]).ok());
    assert_eq!(few[0], serde_json::json!({"count": 1201, "az": "az2"}));
    assert_eq!(few[1], serde_json::json!({"others": 2}));
    let csv = world.run(&["list", "--count-by", "db,az", "--format", "csv", "--where", "not vcpus=8"]).ok();
    assert_eq!(csv, "db,az,count\r\ncell2,az2,1200\r\napi,az1,1\r\ncell2,az1,1\r\n");
    assert_eq!(world.run(&["list", "--count-by", "az", "--where", "nowhere"]).ok(), "");
}

#[rstest]
#[case(&["--where", "vcpuss>=8"], "--where: there is no field \"vcpuss\"; did you mean vcpus?", "  vcpuss>=8\n  ^^^^^^\n")]
#[case(&["--where", "az=az1 (vcpus"], "--where: this parenthesis is not closed", "  az=az1 (vcpus\n         ^\n")]
#[case(&["--where", "flavor~a(b"], "--where: not a regular expression: unclosed group", "  flavor~a(b\n          ^\n")]
#[case(&["--sort", "-vcpuss"], "--sort: there is no field \"vcpuss\"; did you mean vcpus?", "  -vcpuss\n   ^^^^^^\n")]
#[case(&["--columns", "az,,flavor"], "--columns: a field's name is missing here", "  az,,flavor\n     ^\n")]
#[case(&["--count-by", "nothing"], "--count-by: there is no field \"nothing\"", "  nothing\n  ^^^^^^^\n")]
#[case(&["--saved", "pinned"], "no saved query \"pinned\": ", "keeps none\n")]
#[case(&["--where", "x\u{1b}[2J=1"], "there is no field \"x\\u001b[2J\"", "  x\\u001b[2J=1\n")]
#[case(&["--format", "uuids", "--columns", "az"], "--format uuids has no columns", "")]
fn what_cannot_be_meant_is_pointed_at(#[case] arguments: &[&str], #[case] told: &str, #[case] caret: &str) {
    // No database is asked: these do not exist.
    let world = World::new();
    std::fs::remove_file(world.path("api")).unwrap();
    let err = world.run(&[&["list"][..], arguments].concat()).fails(2);
    assert!(err.starts_with("reqspec: ") && err.contains(told) && err.contains(caret), "{err}");
    assert!(!err.contains('\u{1b}') && !err.contains("warning"), "{err}");
}

#[test]
fn a_query_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let mut command = world.command(&["list", "--where"]);
    let ran = Ran(command.arg(std::ffi::OsStr::from_bytes(b"az=\xff")).output().unwrap());
    assert!(ran.fails(2).contains("invalid UTF-8"), "{}", ran.err());
}

#[test]
fn saved_queries_are_used_by_name() {
    let world = world();
    let config = world.directory().join("config.toml");
    std::fs::write(
        &config,
        "[queries]\nlarge = 'vcpus>=8'\n\"two words\" = 'az'\nbad = 'vcpuss'\n'=' = 'a='\n",
    )
    .unwrap();
    let config = config.display().to_string();
    let run = |name: &str| world.run(&["list", "--config", &config, "--format", "uuids", "--saved", name]);
    assert_eq!(run("large").ok(), format!("{OTHER}\n"));
    assert_eq!(run("two words").ok().lines().count(), 3);
    let err = run("lrage").fails(2);
    assert!(
        err.contains("keeps large, two words, bad")
            && err.contains(":5: the saved query \"=\" cannot be read"),
        "{err}"
    );
}

#[test]
fn what_could_not_be_asked_is_said() {
    let world = world();
    std::fs::remove_file(world.path("cell1")).unwrap();
    let ran = world.run(&["list", "--format", "uuids", "--where", "az"]);
    assert!(ran.fails(1).contains("warning: cell1: "), "{}", ran.err());
    assert_eq!(ran.out(), format!("{UUID}\n{THIRD}\n"));
    // The host of the one in the API database is in cell1.
    let ran = world.run(&["list", "--format", "uuids", "--where", "instance.host=cmp1", "--in", "api"]);
    assert!(ran.fails(1).contains("1 row is left out, and may belong to the result"), "{}", ran.err());
    assert_eq!(ran.out(), "");
    let ran = world.run(&["list", "--count-by", "az"]);
    assert!(ran.fails(1).contains("warning: cell1: "), "{}", ran.err());
    assert!(ran.out().contains("az1"));
    // It is asked for its rows and for the hosts of others' rows: said once.
    let ran = world.run(&["list", "--sort", "instance.host"]);
    let lines: Vec<String> = ran.fails(1).lines().map(str::to_owned).collect();
    let mut once = lines.clone();
    once.sort();
    once.dedup();
    assert!(lines.len() == once.len() && lines.iter().any(|line| line.contains("cell1: ")), "{lines:?}");
}

#[test]
fn an_option_that_is_gone_says_what_is_in_its_place() {
    for arguments in [&["list", "--filter", "az1"][..], &["list", "--filter"]] {
        let err = World::new().run(arguments).fails(2);
        assert!(err.contains("there is no --filter any more; use --where"), "{err}");
    }
    assert!(!World::new().run(&["list", "--help"]).ok().contains("--filter"));
}

#[test]
fn passwords_are_hidden_but_in_whole_texts() {
    let world = World::new();
    let destination = r#""requested_destination": {"cell": {"transport_url": "rabbit://n:hush-hush@r/"}}"#;
    let text = spec().replacen("\"requested_destination\": null", destination, 1);
    assert!(text.contains("hush-hush"), "{text}");
    world.insert("api", UUID, text);
    for arguments in [
        &["--columns", "$.requested_destination.cell.transport_url"][..],
        &["--columns", "$.requested_destination", "--format", "csv"],
        &["--columns", "$.requested_destination", "--json"],
        &["--count-by", "$.requested_destination.cell.transport_url"],
    ] {
        let out = world.run(&[&["list"][..], arguments].concat()).ok();
        assert!(out.contains("rabbit") && !out.contains("hush-hush"), "{arguments:?}: {out}");
    }
    let err = world.run(&["list", "--where", "\"mysql://nova:hush-hush@db/x\" vcpuss=1"]).fails(2);
    assert!(err.contains("--where: character ") && !err.contains("hush-hush"), "{err}");
}
