//! The help texts, and the examples of docs/cli.md run against the demo's databases.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

#[test]
fn help_is_as_recorded() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}

#[test]
fn the_examples_of_the_documentation_are_what_happens() {
    let directory = tempfile::tempdir().unwrap();
    // trycmd runs a file's commands in the directory of the same name that ends in `.in`.
    let page = directory.path().join("cli.md");
    fs::copy("docs/cli.md", &page).unwrap();
    let databases = directory.path().join("cli.in");
    fs::create_dir(&databases).unwrap();
    for name in ["nova_api", "nova_cell0", "nova_cell1", "nova_cell2"] {
        let packed = Path::new("src/deployment/demo_data").join(format!("{name}.sqlite.gz"));
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(fs::File::open(packed).unwrap()).read_to_end(&mut unpacked).unwrap();
        fs::File::create(databases.join(format!("{name}.sqlite"))).unwrap().write_all(&unpacked).unwrap();
    }
    // As nova's own configuration and mappings would name them.
    let conf = "[api_database]\nconnection = sqlite:///nova_api.sqlite\n\n[database]\nconnection = sqlite:///nova_cell0.sqlite\n";
    fs::write(databases.join("nova.conf"), conf).unwrap();
    let api = rusqlite::Connection::open(databases.join("nova_api.sqlite")).unwrap();
    let sql = "UPDATE cell_mappings SET database_connection = 'sqlite:///nova_' || name || '.sqlite'";
    assert_eq!(api.execute(sql, []).unwrap(), 3);
    drop(api);
    let cases = trycmd::TestCases::new();
    cases.env("REQSPEC_NOVA_CONF", "nova.conf").env("REQSPEC_JOURNAL", "journal.sqlite");
    cases.env("HOME", "/nonexistent").case(&page);
    drop(cases);
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        fs::copy(&page, "docs/cli.md").unwrap();
    }
}
