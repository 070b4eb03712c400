use std::path::Path;

use rusqlite::Connection;

use super::inventory::{count_scheduled, scheduled_after};
use super::*;
use crate::store::CellName;

const INSTANCE: &str = "11111111-aaaa-4aaa-8aaa-111111111111";

const NOVA: &str = "
    CREATE TABLE request_specs (created_at, updated_at, id INTEGER PRIMARY KEY, instance_uuid UNIQUE, spec);
    CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid, name);
    INSERT INTO cell_mappings VALUES (1, 'uuid-of-one', 'cell1'), (2, 'uuid-of-two', NULL), (3, 'uuid-of-three', 'renamed');
    CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid UNIQUE, cell_id);";

/// A deployment whose API database holds what the statements make; the cells are not there.
fn deployment(directory: &Path, sql: &str) -> Deployment {
    let api = directory.join("nova_api.sqlite");
    Connection::open(&api).unwrap().execute_batch(&format!("{sql}; VACUUM")).unwrap();
    let cells = ["cell1=none1", "uuid-of-two=none2", "uuid-of-three=none3"].map(|cell| cell.parse().unwrap());
    Deployment::new(Address::of_path(&api), cells.into()).unwrap()
}

#[tokio::test]
async fn an_instance_lives_where_its_mapping_says() {
    let directory = tempfile::tempdir().unwrap();
    for (mapping, home) in [
        ("", InstanceHome::Unmapped),
        ("NULL", InstanceHome::Unscheduled),
        ("1", InstanceHome::Cell(CellName::new("cell1"))),
        // A cell without a name, and one that the operator gave by its uuid.
        ("2", InstanceHome::Cell(CellName::new("uuid-of-two"))),
        ("3", InstanceHome::Cell(CellName::new("uuid-of-three"))),
        // A cell that is not in cell_mappings.
        ("9", InstanceHome::Unknown),
    ] {
        let insert = if mapping.is_empty() {
            String::new()
        } else {
            format!("INSERT INTO instance_mappings VALUES (7, '{INSTANCE}', {mapping})")
        };
        let directory = tempfile::tempdir_in(directory.path()).unwrap();
        let deployment = deployment(directory.path(), &format!("{NOVA}{insert}"));
        let api = deployment.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap();
        assert_eq!(deployment.instance_home(api.as_ref(), INSTANCE).await, home, "{mapping:?}");
    }
    let other = tempfile::tempdir_in(directory.path()).unwrap();
    let deployment = deployment(other.path(), "CREATE TABLE something (x)");
    let api = deployment.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap();
    assert_eq!(deployment.instance_home(api.as_ref(), INSTANCE).await, InstanceHome::Unknown);
}

#[tokio::test]
async fn scheduled_specs_come_page_by_page() {
    let directory = tempfile::tempdir().unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
        INSERT INTO instance_mappings SELECT i, 'instance ' || i, CASE i % 4 WHEN 0 THEN NULL ELSE i % 4 END FROM n;
        INSERT INTO request_specs SELECT NULL, NULL, id, instance_uuid, '{}' FROM instance_mappings WHERE id > 8";
    let deployment = deployment(directory.path(), &format!("{NOVA}{rows}"));
    let api = deployment.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap();
    let counts = count_scheduled(api.as_ref(), &deployment.entries()).await.unwrap();
    let expected = [("cell1", 3), ("uuid-of-two", 3), ("uuid-of-three", 3)];
    assert_eq!(counts, expected.map(|(cell, count)| (CellName::new(cell), count)));
    let (mut after, mut ids) = (0, Vec::new());
    loop {
        let page = scheduled_after(api.as_ref(), &deployment.entries(), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = last.mapping_id;
        ids.extend(page.iter().map(|scheduled| scheduled.mapping_id));
    }
    assert_eq!(ids, [9, 10, 11, 13, 14, 15, 17, 18, 19]);
}

#[tokio::test]
async fn the_home_of_specs_is_stated_or_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    for (sql, home) in [
        ("CREATE TABLE alembic_version (version_num)", SpecHome::Api),
        // nova before 24.
        ("CREATE TABLE migrate_version (repository_id, repository_path, version)", SpecHome::Api),
        ("CREATE TABLE something (x)", SpecHome::Cells),
    ] {
        let directory = tempfile::tempdir_in(directory.path()).unwrap();
        let looked = deployment(directory.path(), sql);
        assert_eq!(looked.spec_home(), SpecHome::Api, "the careful answer before it is known");
        looked.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap();
        assert_eq!(looked.spec_home(), home);
        let stated = looked.with_spec_home(SpecHome::Cells);
        assert_eq!(stated.spec_home(), SpecHome::Cells);
        assert_eq!(stated.upstream_schema(), home == SpecHome::Api);
    }
}

#[tokio::test]
async fn nothing_is_opened_for_writing_against_the_policy() {
    let directory = tempfile::tempdir().unwrap();
    let deployment = deployment(directory.path(), NOVA);
    assert!(!deployment.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap().is_writable());
    assert!(deployment.open(&DatabaseName::Api, Access::ReadWrite).await.unwrap().is_writable());
    let deployment = deployment.with_policy(WritePolicy::Never("because".to_owned()));
    let refused = deployment.open(&DatabaseName::Api, Access::ReadWrite).await.err().unwrap();
    assert!(refused.to_string().ends_with("because"), "{refused}");
    assert_eq!(deployment.may_write(), Err("because".to_owned()));
    let unknown = deployment.open(&DatabaseName::cell("cell9"), Access::ReadOnly).await.err().unwrap();
    assert!(unknown.to_string().contains("not one of this deployment's databases"));
}

#[test]
fn the_environment_is_named_after_the_address() {
    assert_eq!(short_address("/var/lib/prod/nova_api.sqlite"), "prod/nova_api.sqlite");
    assert_eq!(short_address("nova_api.sqlite"), "nova_api.sqlite");
}

/// A deployment of an API database alone, made by those statements.
fn api_alone(directory: &Path, sql: &str) -> Deployment {
    let api = directory.join("nova_api.sqlite");
    Connection::open(&api).unwrap().execute_batch(&format!("{sql}; VACUUM")).unwrap();
    Deployment::new(Address::of_path(&api), Vec::new()).unwrap()
}

#[tokio::test]
async fn cells_are_found_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let sql = "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid, name, transport_url, database_connection, disabled);
        INSERT INTO cell_mappings VALUES
            (1, '00000000-0000-0000-0000-000000000000', 'cell0', 'none:///', 'sqlite:////zero', 0),
            (2, 'uuid-of-one', 'cell1', 'rabbit://n:s3cret@r/', 'sqlite:////one', NULL),
            (3, 'uuid-of-two', NULL, '', 'sqlite:////two', 1)";
    let deployment = api_alone(directory.path(), sql);
    assert_eq!(deployment.databases().len(), 1);
    assert!(deployment.discover().await.unwrap());
    let entries = deployment.entries();
    let found: Vec<_> = entries
        .iter()
        .skip(1)
        .map(|entry| (entry.name.to_string(), entry.shown.to_string(), entry.disabled))
        .collect();
    let expected = [("cell1", "/one", false), ("uuid-of-two", "/two", true), ("cell0", "/zero", false)];
    assert_eq!(found, expected.map(|(name, shown, disabled)| (name.to_owned(), shown.to_owned(), disabled)));
    assert!(!deployment.discover().await.unwrap(), "nothing is different");

    let api = directory.path().join("nova_api.sqlite");
    Connection::open(api).unwrap().execute("DELETE FROM cell_mappings WHERE id = 3", []).unwrap();
    assert!(deployment.discover().await.unwrap());
    assert_eq!(deployment.databases().len(), 3);
}

#[tokio::test]
async fn older_and_foreign_schemas() {
    let directory = tempfile::tempdir().unwrap();
    let older = "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid, name, database_connection);
        INSERT INTO cell_mappings VALUES (1, 'u', 'cell1', 'sqlite:////one')";
    let deployment = api_alone(directory.path(), older);
    assert!(deployment.discover().await.unwrap());
    assert!(!deployment.entries()[1].disabled);

    let directory = tempfile::tempdir().unwrap();
    let deployment = api_alone(directory.path(), "CREATE TABLE something (x)");
    assert!(!deployment.discover().await.unwrap(), "not one of nova's");

    let directory = tempfile::tempdir().unwrap();
    let deployment = api_alone(directory.path(), "CREATE TABLE cell_mappings (id, name)");
    let error = deployment.discover().await.unwrap_err().to_string();
    assert!(
        error.contains("finding the cells in cell_mappings") && error.contains("--cell NAME=URL"),
        "{error}"
    );

    let gone = Deployment::new(Address::of_path(&directory.path().join("none.sqlite")), Vec::new()).unwrap();
    assert!(matches!(gone.discover().await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn an_instance_of_a_cell_whose_name_several_have() {
    let directory = tempfile::tempdir().unwrap();
    let sql = format!(
        "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid, name, database_connection);
         INSERT INTO cell_mappings VALUES (1, 'aaaaaaaa-1', 'az', 'sqlite:////1'), (2, 'bbbbbbbb-2', 'az', 'sqlite:////2');
         CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid UNIQUE, cell_id);
         INSERT INTO instance_mappings VALUES (7, '{INSTANCE}', 2)"
    );
    let deployment = api_alone(directory.path(), &sql);
    deployment.discover().await.unwrap();
    let api = deployment.open(&DatabaseName::Api, Access::ReadOnly).await.unwrap();
    let home = deployment.instance_home(api.as_ref(), INSTANCE).await;
    assert_eq!(home, InstanceHome::Cell(CellName::new("az-bbbbbbbb")));
}
