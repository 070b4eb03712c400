use std::path::Path;

use super::*;

#[test]
fn sqlite_addresses_as_sqlalchemy_reads_them() {
    for (text, path) in [
        ("sqlite:////var/lib/nova/nova_api.sqlite", "/var/lib/nova/nova_api.sqlite"),
        ("sqlite:///relative/nova.sqlite", "relative/nova.sqlite"),
        ("sqlite+pysqlite:////srv/x.db?timeout=5", "/srv/x.db"),
        ("SQLite:////srv/100%25.db", "/srv/100%.db"),
        ("sqlite:///file:/srv/x%20y.db?uri=true&mode=ro", "/srv/x y.db"),
        ("/srv/plain?.db", "/srv/plain?.db"),
        ("nova_api.sqlite", "nova_api.sqlite"),
    ] {
        assert_eq!(parse(text).unwrap().as_path(), Some(Path::new(path)), "{text}");
    }
}
