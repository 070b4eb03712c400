//! Encrypted connections with PostgreSQL: whom each mode trusts, client certificates, and what is
//! said where they fail. The certificates are made by `openssl`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use reqspec::store::address::{Endpoint, Secret, Tls, TlsMode};
use reqspec::store::{Access, DatabaseName, SqlValue, StoreError, Timeouts, address, open};
use support::block_on;
use support::servers::{Kind, Server, wait_until};

/// Certificates made for a test, in one directory.
struct Certificates(tempfile::TempDir);

impl Certificates {
    fn new() -> Self {
        let made = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        for authority in ["ca", "other"] {
            made.openssl(&format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={authority} \
                 -keyout {authority}.key -out {authority}.crt"
            ));
        }
        made.signed("server", "localhost", "-days 2");
        made.signed("named", "db.example", "-days 2");
        made.signed("expired", "localhost", "-not_before 20200101000000Z -not_after 20200102000000Z");
        made.signed("nova", "nova", "-days 2");
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn signed(&self, name: &str, host: &str, validity: &str) {
        std::fs::write(self.path("ext"), format!("subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE"))
            .unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={host} -keyout {name}.key \
             -out {name}.csr"
        ));
        if validity.starts_with("-days") {
            self.openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial {validity} -extfile ext \
                 -out {name}.crt"
            ));
        } else {
            // Only `ca` of older OpenSSL sets the day it begins.
            std::fs::write(self.path("index"), "").unwrap();
            let configuration = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nserial=serial\n\
                                 default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
            std::fs::write(self.path("ca.conf"), configuration).unwrap();
            self.openssl(&format!(
                "ca -batch -config ca.conf -create_serial -in {name}.csr -cert ca.crt -keyfile ca.key -extfile ext \
                 -notext -startdate 20200101000000Z -enddate 20200102000000Z -out {name}.crt"
            ));
        }
    }

    /// Put what the server shows where it may read it.
    fn install(&self, name: &str, data: &Path) {
        for (from, to) in [
            (format!("{name}.crt"), "server.crt"),
            (format!("{name}.key"), "server.key"),
            ("ca.crt".into(), "root.crt"),
        ] {
            std::fs::copy(self.path(&from), data.join(to)).unwrap();
            // As its own files belong to the server's user.
            let status =
                Command::new("chown").arg("--reference").arg(data).arg(data.join(to)).status().unwrap();
            assert!(status.success());
            let status = Command::new("chmod").arg("600").arg(data.join(to)).status().unwrap();
            assert!(status.success());
        }
    }
}

#[test]
#[ignore = "needs PostgreSQL (tests/run)"]
fn encrypted_connections_trust_whom_the_url_says() {
    let certificates = Certificates::new();
    let private = Server::start(Kind::Postgres, &[]);
    let database = private.database_with_table();
    let data = private.directory().join("data");
    let mut session = database.session();
    session.run(
        "CREATE ROLE nova LOGIN PASSWORD 'p'; CREATE ROLE plain LOGIN; CREATE ROLE sealed LOGIN PASSWORD 'p'",
    );
    let rules = "local all all trust\nhostssl all nova all cert\nhostnossl all plain all trust\n\
                 hostssl all sealed all scram-sha-256\nhost all postgres all trust\n";
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    session.run("ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
    let show = |name: &str| {
        certificates.install(name, &data);
        let mut session = database.session();
        session.run("ALTER SYSTEM SET ssl = on");
        session.run("SELECT pg_reload_conf()");
        wait_until("its certificates are read", Duration::from_secs(5), || {
            session.value("SELECT setting FROM pg_settings WHERE name = 'ssl'").as_deref() == Some("on")
        });
        thread::sleep(Duration::from_millis(300));
    };
    let (port, ca) = (private.port(), Some(certificates.path("ca.crt")));
    let other = Some(certificates.path("other.crt"));
    let try_as = |user: &str, mode: TlsMode, ca: &Option<PathBuf>, key: Option<&str>| {
        let tls = Tls {
            mode,
            ca: ca.clone(),
            certificate: key.map(|name| certificates.path(&format!("{name}.crt"))),
            key: key.map(|name| certificates.path(&format!("{name}.key"))),
        };
        let place = address::Server {
            endpoint: Endpoint::Tcp { host: "localhost".into(), port },
            user: Some(user.to_owned()),
            password: Some(Secret::new("p")),
            tls,
            ..database.place()
        };
        let address = database.address_of(place);
        let opened = block_on(open(DatabaseName::Api, &address, Access::ReadOnly, Timeouts::default()));
        opened.map(|store| {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            block_on(store.select(sql, &[], 1)).unwrap() == [[SqlValue::Integer(1)]]
        })
    };
    let told = |answer: Result<bool, StoreError>| answer.unwrap_err().to_string();
    use TlsMode::{Off, Prefer, Require, VerifyCa, VerifyFull};

    show("server");
    for (mode, ca, is_encrypted) in [
        (Off, &None, false),
        (Prefer, &None, true),
        (Prefer, &other, true),
        (Require, &None, true),
        (Require, &ca, true),
        (VerifyCa, &ca, true),
        (VerifyFull, &ca, true),
    ] {
        assert_eq!(try_as("postgres", mode, ca, None).unwrap(), is_encrypted, "{mode:?}");
    }
    // Channel binding (SCRAM-SHA-256-PLUS), and a server that wants this account unencrypted.
    assert!(try_as("sealed", VerifyFull, &ca, None).unwrap());
    assert!(!try_as("plain", Prefer, &None, None).unwrap());
    assert!(told(try_as("plain", Require, &None, None)).contains("pg_hba.conf"));
    for (mode, authorities) in
        [(Require, &other), (VerifyCa, &other), (VerifyFull, &other), (VerifyFull, &None)]
    {
        let words = told(try_as("postgres", mode, authorities, None));
        assert!(words.contains("an authority that is not trusted here"), "{mode:?}: {words}");
    }
    // A client certificate instead of a password.
    assert!(try_as("nova", VerifyFull, &ca, Some("nova")).unwrap());
    let words = told(try_as("nova", VerifyFull, &ca, None));
    assert!(words.contains("certificate"), "{words}");
    let words = told(try_as("nova", VerifyFull, &Some(certificates.path("nothing.crt")), None));
    assert!(words.contains("nothing.crt") && words.contains("No such file"), "{words}");
    let words = told(try_as("nova", VerifyFull, &Some(certificates.path("ca.key")), None));
    assert!(words.contains("ca.key") && words.contains("no certificate in PEM form"), "{words}");

    show("named");
    assert!(try_as("postgres", VerifyCa, &ca, None).unwrap());
    let words = told(try_as("postgres", VerifyFull, &ca, None));
    assert!(words.contains("names another host") && words.contains("db.example"), "{words}");

    show("expired");
    for mode in [VerifyCa, VerifyFull] {
        let words = told(try_as("postgres", mode, &ca, None));
        assert!(words.contains("has expired"), "{mode:?}: {words}");
    }
    assert!(try_as("postgres", Require, &None, None).unwrap());
}
