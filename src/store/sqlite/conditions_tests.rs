#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use rusqlite::Connection;

use super::*;
use crate::query::prefilter::{Join, JoinColumn};

/// A table with and without an index, of these uuids and times.
fn table(index: &str, rows: &[(&str, Option<&str>)]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE request_specs (created_at DATETIME, updated_at DATETIME, id INTEGER PRIMARY KEY, \
             instance_uuid VARCHAR(36) NOT NULL, spec TEXT)",
        )
        .unwrap();
    connection.execute_batch(index).unwrap();
    for (uuid, updated) in rows {
        let sql = "INSERT INTO request_specs (instance_uuid, updated_at, spec) VALUES (?1, ?2, 'x')";
        connection.execute(sql, (uuid, updated)).unwrap();
    }
    connection
}

fn matching(connection: &Connection, prefilter: &Prefilter) -> Vec<i64> {
    let sql = Conditions::of(connection, prefilter).unwrap().sql;
    let sql = format!("SELECT id FROM request_specs WHERE 1{sql} ORDER BY id");
    let mut statement = connection.prepare(&sql).unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

const INDEX: &str = "CREATE UNIQUE INDEX i ON request_specs (instance_uuid)";

#[test]
fn rows_of_a_beginning_are_found_by_the_index_in_either_case() {
    let rows =
        [("3fab", None), ("3FAb", None), ("3fa", None), ("3fac", None), ("4fab", None), ("3FAB1", None)];
    let connection = table(INDEX, &rows);
    connection
        .execute("INSERT INTO request_specs (instance_uuid, spec) VALUES (CAST('3fab' AS BLOB), '')", [])
        .unwrap();
    let ids = |beginnings: &[&str]| {
        let uuids = beginnings.iter().map(|&text| text.to_owned()).collect();
        Conditions::of(&connection, &Prefilter { uuids, ..Prefilter::default() }).unwrap().ids
    };
    assert_eq!(ids(&["3fab"]), Some(vec![1, 2, 6, 7]));
    assert_eq!(ids(&["3fac", "4"]), Some(vec![4, 5, 7]));
    assert_eq!(ids(&["99"]), Some(vec![7]));
    assert_eq!(ids(&[]), None);
    assert_eq!(ids(&["3fab", "\u{e9}"]), None, "no beginning of a uuid");
    for index in [
        "",
        "CREATE INDEX i ON request_specs (instance_uuid COLLATE NOCASE)",
        "CREATE INDEX i ON request_specs (id, instance_uuid)",
    ] {
        let connection = table(index, &rows);
        let prefilter = Prefilter { uuids: vec!["3fab".into()], ..Prefilter::default() };
        assert_eq!(Conditions::of(&connection, &prefilter).unwrap().ids, None, "{index}");
    }
}

#[test]
fn only_times_that_nova_writes_leave_a_row_out() {
    let times = [
        Some("2026-08-01 11:59:59"),
        Some("2026-08-01 12:00:00"),
        Some("2026-08-01 12:00:01.999999"),
        Some("2026-08-01 12:00:02"),
        // Left to the caller: 5 to 15.
        None,
        Some(""),
        Some("whenever"),
        Some("2026-02-30 00:00:00"),
        Some("2026-13-01 00:00:00"),
        Some("2026-08-01T11:00:00"),
        Some("2026-08-01 11:00:00+02:00"),
        Some("2026-08-01 11:00:00."),
        Some("2026-08-01 11:00:00.5x"),
        Some("2026-08-01 24:00:00"),
        Some("2026-08-01"),
    ];
    let rows: Vec<(String, Option<&str>)> =
        times.iter().enumerate().map(|(at, time)| (at.to_string(), *time)).collect();
    let rows: Vec<(&str, Option<&str>)> = rows.iter().map(|(uuid, time)| (uuid.as_str(), *time)).collect();
    let connection = table(INDEX, &rows);
    let noon = 1_785_585_600;
    let others: Vec<i64> = (5..=15).collect();
    let with = |ids: &[i64]| [ids, &others].concat();
    let prefilter = |from, to| Prefilter { updated_from: from, updated_to: to, ..Prefilter::default() };
    assert_eq!(matching(&connection, &prefilter(Some(noon), Some(noon + 1))), with(&[2, 3]));
    assert_eq!(matching(&connection, &prefilter(Some(noon + 1), None)), with(&[3, 4]));
    assert_eq!(matching(&connection, &prefilter(None, Some(noon - 1))), with(&[1]));
    assert_eq!(matching(&connection, &prefilter(None, Some(i64::MAX))).len(), 15);
    // Nothing is known of when they were created.
    let prefilter = Prefilter { created_from: Some(noon), ..Prefilter::default() };
    assert_eq!(matching(&connection, &prefilter).len(), 15);
}

#[test]
fn sizes_are_of_bytes_and_null_has_none() {
    let connection = table(INDEX, &[]);
    connection
        .execute_batch(
            "INSERT INTO request_specs (instance_uuid, spec) VALUES ('a', 'é'), ('b', NULL), ('c', x'ff00'), ('d', 123)",
        )
        .unwrap();
    let prefilter = |least, most| Prefilter { size: Some((least, most)), ..Prefilter::default() };
    assert_eq!(matching(&connection, &prefilter(2, 2)), [1, 3]);
    assert_eq!(matching(&connection, &prefilter(0, 1)), [2]);
    assert_eq!(matching(&connection, &prefilter(3, u64::MAX)), [4]);
}

#[test]
fn conditions_on_tables_that_are_not_there_are_left_out() {
    let connection = table(INDEX, &[("a", None), ("b", None)]);
    let join = |column, values: &[&str]| Prefilter {
        joins: vec![Join { column, values: values.iter().map(|&text| text.to_owned()).collect() }],
        ..Prefilter::default()
    };
    let on_host = join(JoinColumn::InstanceHost, &["cmp'1"]);
    assert_eq!(matching(&connection, &on_host), [1, 2]);
    connection
        .execute_batch(
            "CREATE TABLE instances (uuid VARCHAR(36), deleted INTEGER, host VARCHAR(255)); \
             CREATE TABLE instance_mappings (instance_uuid VARCHAR(36), cell_id INTEGER, queued_for_delete BOOLEAN); \
             CREATE TABLE cell_mappings (id INTEGER, uuid VARCHAR(36), name VARCHAR(255)); \
             INSERT INTO instances VALUES ('a', 0, 'cmp''1'), ('b', 7, 'cmp''1'); \
             INSERT INTO cell_mappings VALUES (1, 'u-1', 'one'), (2, 'u-2', NULL); \
             INSERT INTO instance_mappings VALUES ('a', 1, 0), ('b', NULL, 1); \
             INSERT INTO request_specs (instance_uuid, spec) VALUES (CAST('b' AS BLOB), '')",
        )
        .unwrap();
    // The third is named by a blob.
    assert_eq!(matching(&connection, &on_host), [1, 3]);
    assert_eq!(matching(&connection, &join(JoinColumn::InstanceNode, &["n"])), [1, 2, 3], "no such column");
    assert_eq!(matching(&connection, &join(JoinColumn::MappedCell, &["one"])), [1, 3]);
    assert_eq!(matching(&connection, &join(JoinColumn::MappedCell, &["none"])), [2, 3]);
    assert_eq!(matching(&connection, &join(JoinColumn::QueuedForDelete, &[])), [2, 3]);
}

/// Nova's other tables, of which the columns have no type, so that they keep what is put into them.
const OTHERS: &str = "CREATE TABLE instances (uuid, deleted, host, node, vm_state, task_state, project_id); \
     CREATE TABLE instance_mappings (instance_uuid, cell_id, queued_for_delete); \
     CREATE TABLE cell_mappings (id, uuid, name)";

fn joined(column: JoinColumn, value: &str) -> Prefilter {
    let joins = vec![Join { column, values: vec![value.to_owned()] }];
    Prefilter { joins, ..Prefilter::default() }
}

#[rstest::rstest]
#[case("UTF-8")]
#[case("UTF-16le")]
#[case("UTF-16be")]
fn texts_are_compared_in_the_encoding_of_the_database(#[case] encoding: &str) {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA encoding = '{encoding}'; \
             CREATE TABLE request_specs (created_at, updated_at, id INTEGER PRIMARY KEY, instance_uuid TEXT, spec TEXT); \
             {OTHERS}"
        ))
        .unwrap();
    let hosts = ["cmp1", "z\u{fc}rich's \u{1f600}", "a\0b", "cmp2"];
    for uuid in hosts {
        connection.execute("INSERT INTO request_specs (instance_uuid) VALUES (?1)", [uuid]).unwrap();
        connection.execute("INSERT INTO instances (uuid, deleted, host) VALUES (?1, 0, ?1)", [uuid]).unwrap();
    }
    let stored: String = connection.query_row("PRAGMA encoding", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, encoding);
    for (host, id) in hosts.into_iter().zip(1..) {
        assert_eq!(matching(&connection, &joined(JoinColumn::InstanceHost, host)), [id], "{host:?}");
    }
}

#[test]
fn what_is_no_text_is_left_to_the_caller() {
    let rows = [("a", None), ("b", None), ("c", None), ("d", None), ("e", None)];
    let connection = table(INDEX, &rows);
    connection
        .execute_batch(&format!(
            "{OTHERS}; INSERT INTO instances (uuid, deleted, host) VALUES \
             ('a', 0, 'cmp1'), ('b', 0, CAST('cmp1' AS BLOB)), ('c', 0, 7), ('d', 0, NULL), ('e', 0, 'cmp2'); \
             INSERT INTO cell_mappings VALUES (1, 'u1', 'one'), (2, 'u2', CAST('one' AS BLOB)), (3, x'7531', NULL), (4, 'u4', 'two'); \
             INSERT INTO instance_mappings VALUES ('a', 1, 0), ('b', 2, 0), ('c', 3, 0), ('d', 4, 0)"
        ))
        .unwrap();
    assert_eq!(matching(&connection, &joined(JoinColumn::InstanceHost, "cmp1")), [1, 2, 3]);
    assert_eq!(matching(&connection, &joined(JoinColumn::MappedCell, "one")), [1, 2, 3]);
    let unreadable = joined(JoinColumn::InstanceHost, "cmp\u{fffd}");
    assert_eq!(matching(&connection, &unreadable).len(), 5);
}
