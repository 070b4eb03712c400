//! Encrypted connections: a private authority, the servers' certificates and a client's, made for
//! the run; the addresses are URLs, as an operator writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use reqspec::deployment::url;
use reqspec::store::{self, Access, DatabaseName, SpecStore, SqlValue, StoreError, Timeouts};
use rstest::rstest;
use support::block_on;
use support::servers::{Database, Kind, Server, wait_until};
use tempfile::TempDir;

/// A server with a certificate, and accounts of a password: `plain`, which may connect in any way,
/// and `certified`, which must bring a certificate.
struct World {
    kind: Kind,
    certificates: TempDir,
    server: Server,
    database: Database,
}

/// Passwords are never shown, TLS or not.
const PASSWORD: &str = "s3cret-tls";

fn certificates() -> TempDir {
    let directory = tempfile::Builder::new().prefix("tls ").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/certificates.sh");
    let made = Command::new(script).arg(directory.path()).status().unwrap();
    assert!(made.success(), "{}", std::fs::read_to_string(directory.path().join("openssl.log")).unwrap());
    directory
}

impl World {
    fn new(kind: Kind) -> Self {
        let certificates = certificates();
        let file = |name: &str| certificates.path().join(name).display().to_string();
        let server = match kind {
            Kind::Mariadb => {
                let options = [("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key")]
                    .map(|(option, name)| format!("--ssl-{option}={}", file(name)));
                Server::start(kind, &options.each_ref().map(String::as_str))
            }
            Kind::Postgres => {
                // The account `postgres` is the one by which the tests prepare.
                let rules = "local all all trust\n\
                             host all postgres 127.0.0.1/32 trust\n\
                             hostssl all certified all cert\n\
                             hostssl all encrypted all scram-sha-256\n\
                             host all plain all scram-sha-256\n";
                std::fs::write(certificates.path().join("hba.conf"), rules).unwrap();
                let mut options = vec!["-c".to_owned(), "ssl=on".to_owned()];
                for (option, name) in [
                    ("ssl_ca_file", "ca.pem"),
                    ("ssl_cert_file", "server.pem"),
                    ("ssl_key_file", "server.key"),
                    ("hba_file", "hba.conf"),
                ] {
                    options.extend(["-c".to_owned(), format!("{option}={}", file(name))]);
                }
                Server::start(kind, &options.iter().map(String::as_str).collect::<Vec<_>>())
            }
        };
        let database = server.database_with_table();
        let world = Self { kind, certificates, server, database };
        world.accounts();
        world
    }

    fn accounts(&self) {
        let mut session = self.database.session();
        for (account, demand) in
            [("plain", ""), ("encrypted", "REQUIRE SSL"), ("certified", "REQUIRE SUBJECT '/CN=certified'")]
        {
            match self.kind {
                Kind::Mariadb => {
                    session.run(&format!("CREATE USER {account}@'%' IDENTIFIED BY '{PASSWORD}' {demand}"));
                    session.run(&format!("GRANT ALL ON {}.* TO {account}@'%'", self.database.name));
                }
                Kind::Postgres => {
                    session.run(&format!("CREATE ROLE {account} LOGIN PASSWORD '{PASSWORD}'"));
                    session.run(&format!("GRANT ALL ON request_specs, request_specs_id_seq TO {account}"));
                }
            }
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.certificates.path().join(name)
    }

    /// A URL with these files and this demand, as the drivers of each engine spell them.
    fn url(&self, account: &str, host: &str, demand: &str, files: &[(&str, &Path)]) -> String {
        let (scheme, mode) = match self.kind {
            Kind::Mariadb => ("mysql+pymysql", "ssl_mode"),
            Kind::Postgres => ("postgresql", "sslmode"),
        };
        let mut query = Vec::new();
        if !demand.is_empty() {
            query.push(format!("{mode}={demand}"));
        }
        for (name, path) in files {
            let name = match (self.kind, *name) {
                (Kind::Mariadb, "ca") => "ssl_ca",
                (Kind::Mariadb, "certificate") => "ssl_cert",
                (Kind::Mariadb, _) => "ssl_key",
                (Kind::Postgres, "ca") => "sslrootcert",
                (Kind::Postgres, "certificate") => "sslcert",
                (Kind::Postgres, _) => "sslkey",
            };
            query.push(format!("{name}={}", path.display().to_string().replace(' ', "%20")));
        }
        let port = self.server.port();
        format!("{scheme}://{account}:{PASSWORD}@{host}:{port}/{}?{}", self.database.name, query.join("&"))
    }

    fn demand(&self, demand: Demand) -> &'static str {
        match (self.kind, demand) {
            (Kind::Mariadb, Demand::Off) => "DISABLED",
            (Kind::Mariadb, Demand::Prefer) => "PREFERRED",
            (Kind::Mariadb, Demand::Require) => "REQUIRED",
            (Kind::Mariadb, Demand::VerifyCa) => "VERIFY_CA",
            (Kind::Mariadb, Demand::VerifyFull) => "VERIFY_IDENTITY",
            (Kind::Postgres, Demand::Off) => "disable",
            (Kind::Postgres, Demand::Prefer) => "prefer",
            (Kind::Postgres, Demand::Require) => "require",
            (Kind::Postgres, Demand::VerifyCa) => "verify-ca",
            (Kind::Postgres, Demand::VerifyFull) => "verify-full",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Off,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

fn open(url: &str, access: Access) -> Result<Arc<dyn SpecStore>, StoreError> {
    let address = url::parse(url).unwrap();
    block_on(store::open(DatabaseName::Api, &address, access, Timeouts::default()))
}

/// Whether the session is encrypted, as the server says.
fn is_encrypted(store: &dyn SpecStore) -> bool {
    let sql = match store.engine() {
        store::Engine::Mysql => {
            "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'SSL_VERSION'"
        }
        _ => "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl",
    };
    let rows = block_on(store.select(sql, &[], 1)).unwrap();
    matches!(rows.first().and_then(|row| row.first()), Some(SqlValue::Text(text)) if text.starts_with("TLS"))
}

/// It is refused, and says which of these words; the URL is shown, the password is not.
fn refused(url: &str, words: &[&str]) {
    let Err(error) = open(url, Access::ReadOnly) else { panic!("connected: {url}") };
    let StoreError::Unavailable { location, .. } = &error else { panic!("{error:?}") };
    assert!(location.contains(":***@"), "{location}");
    let said = error.to_string();
    assert!(words.iter().any(|word| said.contains(word)), "{words:?}: {said}");
    assert!(said.contains(&**location), "{said}");
    assert!(!format!("{said} {error:?}").contains("s3cret"), "{said}");
}

#[rstest]
#[ignore = "needs servers (tests/run)"]
fn the_right_authority_is_trusted_and_another_refused(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind);
    let (ca, other) = (world.file("ca.pem"), world.file("other-ca.pem"));
    let with = |authority: &Path, host: &str, demand| {
        world.url("plain", host, world.demand(demand), &[("ca", authority)])
    };
    for (host, demand) in [
        ("localhost", Demand::VerifyFull),
        ("localhost", Demand::VerifyCa),
        ("127.0.0.1", Demand::VerifyCa),
        ("127.0.0.1", Demand::Require),
        ("127.0.0.1", Demand::Prefer),
    ] {
        let store = open(&with(&ca, host, demand), Access::ReadOnly).unwrap();
        assert!(is_encrypted(&*store), "{host} {demand:?}");
        assert_eq!(block_on(store.count()).unwrap(), 0);
    }
    for (authority, host, demand, words) in [
        (&other, "localhost", Demand::VerifyFull, &["authority"][..]),
        (&other, "localhost", Demand::VerifyCa, &["authority"]),
        (&ca, "127.0.0.1", Demand::VerifyFull, &["another host"]),
    ] {
        refused(&with(authority, host, demand), words);
    }
    // The authorities that are built in do not know it; what demands no check takes it as it is.
    refused(&world.url("plain", "localhost", world.demand(Demand::VerifyFull), &[]), &["authority"]);
    for demand in [Demand::Require, Demand::Prefer] {
        let store = open(&world.url("plain", "127.0.0.1", world.demand(demand), &[]), Access::ReadOnly);
        assert!(is_encrypted(&*store.unwrap()), "{demand:?}");
    }
    let off = open(&world.url("plain", "127.0.0.1", world.demand(Demand::Off), &[]), Access::ReadOnly);
    assert!(!is_encrypted(&*off.unwrap()));
    // Files that are not there, or hold something else.
    let missing = world.file("missing.pem");
    refused(&with(&missing, "localhost", Demand::VerifyFull), &["missing.pem"]);
    refused(&with(&world.file("ca.key"), "localhost", Demand::VerifyFull), &["ca.key"]);
}

#[rstest]
#[ignore = "needs servers (tests/run)"]
fn everything_works_encrypted(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind);
    let ca = world.file("ca.pem");
    let url = world.url("encrypted", "localhost", world.demand(Demand::VerifyFull), &[("ca", &ca)]);
    let store = open(&url, Access::ReadWrite).unwrap();
    block_on(async {
        let long = format!("\"{}\"", "x".repeat(5_000_000));
        let new = store::NewSpec {
            instance_uuid: "u".into(),
            spec: long.as_str().into(),
            created_at: None,
            updated_at: None,
        };
        store.create(new).await.unwrap();
        assert!(*store.get("u").await.unwrap().unwrap().spec == *long.as_bytes());
        store.save("u", long.as_bytes(), "{}").await.unwrap();
        assert_eq!(store.count().await.unwrap(), 1);
    });
    // Stopping a question takes a second connection, encrypted as well.
    let (sleep, running) = match kind {
        Kind::Mariadb => (
            "SELECT sleep(8.25)",
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT sleep(8.25)%'",
        ),
        Kind::Postgres => (
            "SELECT pg_sleep(8.25)",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(8.25)%' AND state = 'active'",
        ),
    };
    block_on(async {
        let asked = store.select(sleep, &[], 1);
        assert!(tokio::time::timeout(Duration::from_millis(500), asked).await.is_err());
    });
    assert_eq!(block_on(store.count()).unwrap(), 1);
    let mut session = world.database.session();
    wait_until("the question is stopped", Duration::from_secs(3), || {
        session.value(running).as_deref() == Some("0")
    });
    // The connections that come after a restart are encrypted too.
    drop(session);
    world.server.stop();
    world.server.start_again();
    assert!(is_encrypted(&*store));
}

#[rstest]
#[ignore = "needs servers (tests/run)"]
fn a_certificate_of_the_client_is_given_where_it_is_demanded(
    #[values(Kind::Mariadb, Kind::Postgres)] kind: Kind,
) {
    let world = World::new(kind);
    let (ca, certificate, key) = (world.file("ca.pem"), world.file("client.pem"), world.file("client.key"));
    let demand = world.demand(Demand::VerifyFull);
    let with = |files: &[(&str, &Path)]| world.url("certified", "localhost", demand, files);
    let all = [("ca", &*ca), ("certificate", &*certificate), ("key", &*key)];
    let store = open(&with(&all), Access::ReadWrite).unwrap();
    assert!(is_encrypted(&*store));
    assert_eq!(block_on(store.count()).unwrap(), 0);
    refused(&with(&[("ca", &ca)]), &["certificate"]);
    // The server's own certificate is none of a client, and of another name.
    let (other, other_key) = (world.file("server.pem"), world.file("server.key"));
    refused(&with(&[("ca", &ca), ("certificate", &other), ("key", &other_key)]), &["UnsupportedCertificate"]);
    refused(
        &with(&[("ca", &ca), ("certificate", &certificate), ("key", &other_key)]),
        &["client certificate", "keys may not be consistent"],
    );
    refused(&with(&[("ca", &ca), ("certificate", &certificate), ("key", &ca)]), &["ca.pem"]);
}

#[rstest]
#[ignore = "needs servers (tests/run)"]
fn tls_demanded_of_a_server_without_it_is_refused(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let server = Server::start(kind, if kind == Kind::Mariadb { &["--skip-ssl"] } else { &[] });
    let database = server.database_with_table();
    let certificates = certificates();
    let user = if kind == Kind::Mariadb {
        "CREATE USER plain@'%' IDENTIFIED BY '"
    } else {
        "CREATE ROLE plain SUPERUSER LOGIN PASSWORD '"
    };
    database.session().run(&format!("{user}{PASSWORD}'"));
    if kind == Kind::Mariadb {
        database.session().run("GRANT ALL ON *.* TO plain@'%'");
    }
    let world = World { kind, certificates, server, database };
    let ca = world.file("ca.pem");
    for demand in [Demand::Require, Demand::VerifyCa, Demand::VerifyFull] {
        let url = world.url("plain", "localhost", world.demand(demand), &[("ca", &ca)]);
        refused(&url, &["TLS is demanded", "offers no encryption"]);
    }
    for demand in [Demand::Prefer, Demand::Off] {
        let store =
            open(&world.url("plain", "localhost", world.demand(demand), &[]), Access::ReadOnly).unwrap();
        assert!(!is_encrypted(&*store));
    }
}

#[rstest]
#[ignore = "needs servers (tests/run)"]
fn a_server_that_demands_tls_refuses_a_plain_session(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind);
    let ca = world.file("ca.pem");
    // The account demands it.
    let plain = world.url("encrypted", "localhost", world.demand(Demand::Off), &[]);
    refused(&plain, &["no encryption", "demands TLS"]);
    for demand in [Demand::Prefer, Demand::Require, Demand::VerifyFull] {
        let url = world.url("encrypted", "localhost", world.demand(demand), &[("ca", &ca)]);
        assert!(is_encrypted(&*open(&url, Access::ReadOnly).unwrap()), "{demand:?}");
    }
    if kind == Kind::Mariadb {
        // The server demands it of everyone.
        world.database.session().run("SET GLOBAL require_secure_transport = ON");
        // MariaDB calls it an access denied, MySQL says what it is.
        let words = ["encrypted connections only", "demands TLS"];
        refused(&world.url("plain", "localhost", "DISABLED", &[]), &words);
        assert!(is_encrypted(&*open(&world.url("plain", "localhost", "", &[]), Access::ReadOnly).unwrap()));
    }
}
