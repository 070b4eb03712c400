use super::*;
use crate::query::PageKey;
use crate::query::record::Value;
use crate::search::values::Cell;
use crate::store::{DatabaseName, StoredSpec};

fn columns() -> Arc<[Field]> {
    ["uuid", "az", "vcpus", "demands"].iter().map(|name| Field::named(name).unwrap()).collect()
}

fn row(uuid: &str, spec: &str, cells: Vec<Cell>) -> Listed {
    let row = StoredSpec {
        id: 7,
        instance_uuid: uuid.into(),
        spec: spec.as_bytes().into(),
        created_at: Some("2026-01-01 00:00:00".into()),
        updated_at: None,
    };
    Listed {
        database: DatabaseName::cell("c1"),
        key: PageKey { id: 7, updated: String::new(), sort: None },
        row,
        cells,
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(text.into())
}

fn rows() -> Vec<Listed> {
    let number = Value::Number("8".into());
    vec![
        row(
            "u-1",
            "{}",
            vec![
                Some(vec![text("u-1")]),
                Some(vec![text("a,\"b\"")]),
                Some(vec![number]),
                Some(vec![text("N"), text("P")]),
            ],
        ),
        row(
            "u-2",
            "[\u{9b}",
            vec![Some(vec![text("u-2")]), Some(vec![text("x\u{1b}[2J"), text("y")]), None, Some(vec![])],
        ),
    ]
}

fn written(format: Format, columns: Arc<[Field]>) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, format, columns);
    writer.rows(&rows()).unwrap();
    assert_eq!(writer.finish().unwrap(), 2);
    String::from_utf8(out).unwrap()
}

#[test]
fn csv_follows_its_rfc_and_is_inert() {
    assert_eq!(
        written(Format::Csv, columns()),
        "uuid,az,vcpus,demands\r\nu-1,\"a,\"\"b\"\"\",8,NP\r\nu-2,\"x\\u001b[2J,y\",?,\r\n"
    );
}

#[test]
fn a_table_is_aligned() {
    assert_eq!(
        written(Format::Table, columns()),
        "INSTANCE  AZ            VCPU  DEMANDS\nu-1       a,\"b\"         8     NP\nu-2       x\\u001b[2J,y  ?     -\n"
    );
}

#[test]
fn json_lines_have_values_as_they_are() {
    let text = written(Format::JsonLines, columns());
    assert!(!text.contains('\u{1b}'));
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], serde_json::json!({"uuid": "u-1", "az": "a,\"b\"", "vcpus": 8, "demands": "NP"}));
    assert_eq!(lines[1]["az"], serde_json::json!(["x\u{1b}[2J", "y"]));
    assert_eq!(lines[1]["vcpus"], serde_json::Value::Null);
}

#[test]
fn json_lines_without_columns_have_all() {
    let text = written(Format::JsonLines, Arc::from([]));
    assert!(!text.contains('\u{9b}'));
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["spec"], serde_json::json!({}));
    assert_eq!(lines[1]["malformed"], "[\u{9b}");
    assert_eq!((&lines[0]["id"], &lines[0]["database"]), (&7.into(), &"c1".into()));
}

#[test]
fn uuids_stand_alone() {
    assert_eq!(written(Format::Uuids, columns()), "u-1\nu-2\n");
}

#[test]
fn a_file_appears_whole_and_replaces_none_unasked() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hits.csv");
    let write = |content: &str, replace: bool| {
        let file = WholeFile::beside(&path).unwrap();
        file.writer().unwrap().write_all(content.as_bytes()).unwrap();
        file.place(&path, replace)
    };
    write("one", false).unwrap();
    assert_eq!(write("two", false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    write("three", true).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "three");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    drop(WholeFile::beside(&path).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "one that was given up goes");
}

#[test]
fn a_list_is_left_out_where_its_elements_are() {
    let hint = crate::query::parse_field("hint.different_host").unwrap();
    let list = || Value::Container("[\"u1\", \"u2\"]".into());
    let elements = row("u-1", "{}", vec![Some(vec![list(), text("u1"), text("u2")])]);
    let alone = row("u-2", "{}", vec![Some(vec![Value::Nothing, list()])]);
    let written = |format| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, format, Arc::from([hint.clone()]));
        writer.rows(&[elements.clone(), alone.clone()]).unwrap();
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(written(Format::Csv), "hint.different_host\r\n\"u1,u2\"\r\n\"[\"\"u1\"\", \"\"u2\"\"]\"\r\n");
    let json = "{\"hint.different_host\": [\"u1\", \"u2\"]}\n";
    assert_eq!(written(Format::JsonLines), json.repeat(2));
    assert!(written(Format::Table).contains("\nu1,u2"));
}

#[test]
fn which_folder_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no");
    let error = WholeFile::beside(&missing.join("x.csv")).err().unwrap();
    assert_eq!(error.to_string(), format!("{}: there is no such folder", missing.display()));
}
