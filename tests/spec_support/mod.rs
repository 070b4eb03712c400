//! What the tests of the document share: the rows of the sample deployment, and values that fit a
//! field.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use reqspec::spec::schema::{FieldInfo, Kind};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Rows (uuid and text) of one gzipped database of the demo.
pub fn rows_of(database: &Path) -> Vec<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(database).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let scratch = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(scratch.path(), bytes).unwrap();
    let connection = rusqlite::Connection::open(scratch.path()).unwrap();
    let mut query = connection
        .prepare("SELECT instance_uuid, CAST(spec AS BLOB) FROM request_specs ORDER BY id")
        .unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// The API database of the demo.
pub fn api_database() -> PathBuf {
    root().join("src/deployment/demo_data/nova_api.sqlite.gz")
}

/// Rows of all databases of the demo.
pub fn all_rows() -> Vec<(String, Vec<u8>)> {
    let mut databases: Vec<_> = std::fs::read_dir(api_database().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "gz"))
        .collect();
    databases.sort();
    let rows: Vec<_> = databases.iter().flat_map(|path| rows_of(path)).collect();
    assert!(rows.len() > 1_000, "the sample deployment has {} rows", rows.len());
    rows
}

/// The kinds of the broken rows of the demo, by uuid.
pub fn broken() -> HashMap<String, String> {
    let text = std::fs::read_to_string(root().join("tests/nova/demo_manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = manifest["broken"].as_object().unwrap();
    rows.iter().map(|(name, row)| (row["uuid"].as_str().unwrap().to_owned(), name.clone())).collect()
}

/// A value that a person would type for a field.
pub fn fitting(info: &FieldInfo) -> String {
    of_kind(&info.kind, &info.choices)
}

fn of_kind(kind: &Kind, choices: &[&str]) -> String {
    match kind {
        Kind::Boolean | Kind::FlexibleBoolean => "yes".to_owned(),
        Kind::Integer | Kind::NonNegativeInteger => "7".to_owned(),
        Kind::Float | Kind::NonNegativeFloat => "1.5".to_owned(),
        Kind::String => "az2 é😀".to_owned(),
        Kind::Uuid => "1A3e6f30-0c1c-4a5e-9f43-6a6e4dbe4c55".to_owned(),
        Kind::DateTime => "2026-01-31 12:00".to_owned(),
        Kind::IpAddress => "192.0.2.1".to_owned(),
        Kind::VersionPredicate => ">=2.6,<4".to_owned(),
        Kind::Enum { .. } => choices.last().copied().unwrap_or_default().to_owned(),
        Kind::List(element) | Kind::Set(element) => of_kind(element, choices),
        Kind::Dict(element) => format!("k={},k2=7", of_kind(&element.kind, choices)),
        Kind::Object(_) => "null".to_owned(),
    }
}
