//! Encryption, as each mode demands it, with an authority made for the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqspec::store::address::{Endpoint, Tls, TlsMode};
use reqspec::store::{Access, SqlValue, StoreError};
use tempfile::TempDir;

use crate::support::block_on;
use crate::support::servers::{Database, Kind, Server};
use crate::{SHORT, try_open};

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments.split_whitespace())
        .output()
        .expect("openssl is not installed");
    assert!(output.status.success(), "{arguments}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Authorities and the certificates that they sign.
struct Authority {
    directory: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let new = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj";
        openssl(directory.path(), &format!("{new} /CN={name}"));
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A certificate `NAME.pem` with its key `NAME.key`.
    fn sign(&self, name: &str, alternative_names: &str) {
        let directory = self.directory.path();
        openssl(
            directory,
            &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"),
        );
        std::fs::write(self.path("extensions"), format!("subjectAltName = {alternative_names}\n")).unwrap();
        openssl(
            directory,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                 -extfile extensions -out {name}.pem"
            ),
        );
    }

    /// A server with a certificate of these names.
    fn server(&self, alternative_names: &str) -> Server {
        self.sign("server", alternative_names);
        let option = |key: &str, file: &str| format!("--{key}={}", self.path(file).display());
        let options =
            [option("ssl-ca", "ca.pem"), option("ssl-cert", "server.pem"), option("ssl-key", "server.key")];
        Server::start(Kind::Mariadb, &options.each_ref().map(String::as_str))
    }
}

/// Whether a session with these demands is encrypted, or what is wrong.
fn encrypted(database: &Database, host: &str, tls: Tls) -> Result<bool, String> {
    let mut place = database.place();
    let Endpoint::Tcp { host: given, .. } = &mut place.endpoint else { unreachable!() };
    *given = host.to_owned();
    place.tls = tls;
    match try_open(database, place, Access::ReadOnly, SHORT) {
        Ok(store) => {
            let rows = block_on(store.select("SHOW SESSION STATUS LIKE 'Ssl_cipher'", &[], 1)).unwrap();
            Ok(rows[0][1] != SqlValue::Text(String::new()))
        }
        Err(error @ StoreError::Unavailable { .. }) => Err(error.to_string()),
        Err(error) => panic!("{error:?}"),
    }
}

fn demand(mode: TlsMode, ca: Option<PathBuf>) -> Tls {
    Tls { mode, ca, certificate: None, key: None }
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn each_mode_demands_what_it_says() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let server = ours.server("DNS:localhost");
    let database = server.database_with_table();
    let (good, wrong) = (Some(ours.ca()), Some(foreign.ca()));
    let by_name = |tls| encrypted(&database, "localhost", tls);
    let by_number = |tls| encrypted(&database, "127.0.0.1", tls);
    assert_eq!(by_name(demand(TlsMode::Off, None)), Ok(false));
    for mode in [TlsMode::Prefer, TlsMode::Require] {
        assert_eq!(by_number(demand(mode, None)), Ok(true), "{mode:?}");
        assert_eq!(by_number(demand(mode, wrong.clone())), Ok(true), "{mode:?}: whoever the server is");
    }
    assert_eq!(by_name(demand(TlsMode::VerifyFull, good.clone())), Ok(true));
    assert_eq!(by_number(demand(TlsMode::VerifyCa, good.clone())), Ok(true), "another name does not matter");
    let said = by_number(demand(TlsMode::VerifyFull, good.clone())).unwrap_err();
    assert!(said.contains("is another host's") && said.contains("localhost"), "{said}");
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        for ca in [wrong.clone(), None] {
            let said = by_name(demand(mode, ca)).unwrap_err();
            assert!(said.contains("not signed by a trusted authority") && said.contains("ssl_ca"), "{said}");
        }
    }
    let said = by_name(demand(TlsMode::VerifyFull, Some("/no/such/ca.pem".into()))).unwrap_err();
    assert!(said.contains("/no/such/ca.pem cannot be read"), "{said}");
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn a_server_without_encryption_will_do_where_none_is_demanded() {
    let database = Database::with_table(Kind::Mariadb);
    assert_eq!(encrypted(&database, "127.0.0.1", demand(TlsMode::Prefer, None)), Ok(false));
    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let said = encrypted(&database, "127.0.0.1", demand(mode, None)).unwrap_err();
        assert!(said.contains("TLS is demanded") && said.contains("does not offer it"), "{said}");
    }
}

#[test]
#[ignore = "needs MariaDB (tests/run)"]
fn an_account_may_demand_encryption_and_a_certificate() {
    let ours = Authority::new("ours");
    let server = ours.server("IP:127.0.0.1,DNS:*.db.example");
    ours.sign("client", "DNS:client");
    let database = server.database_with_table();
    let mut session = database.session();
    session.run("CREATE USER 'strict'@'%' REQUIRE X509");
    session.run(&format!("GRANT SELECT ON {}.* TO 'strict'@'%'", database.name));
    let mut place = database.place();
    place.user = Some("strict".to_owned());
    let mut open = |tls: Tls| {
        place.tls = tls;
        try_open(&database, place.clone(), Access::ReadOnly, SHORT)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let full = demand(TlsMode::VerifyFull, Some(ours.ca()));
    for tls in [demand(TlsMode::Off, None), full.clone()] {
        let said = open(tls).unwrap_err();
        assert!(said.contains("refuses the account strict"), "{said}");
    }
    let identity = |key: &str| Tls {
        certificate: Some(ours.path("client.pem")),
        key: Some(ours.path(key)),
        ..full.clone()
    };
    assert_eq!(open(identity("client.key")), Ok(()));
    assert!(open(identity("server.key")).is_err(), "the key of another certificate");
    let said = open(identity("ca.pem")).unwrap_err();
    assert!(said.contains("ssl_key"), "{said}");
    // By the name that the certificate does not bear, with any of its own: a number or a pattern.
    for names in ["IP:127.0.0.1", "DNS:*.db.example"] {
        let server = ours.server(names);
        let database = server.database_with_table();
        let tls = demand(TlsMode::VerifyCa, Some(ours.ca()));
        assert_eq!(encrypted(&database, "localhost", tls), Ok(true), "{names}");
    }
}
