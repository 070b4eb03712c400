//! reqspec reads nova's configuration, database URLs and cell templates as oslo.config, SQLAlchemy,
//! PyMySQL and nova do: thousands of generated and hand-picked texts, each verdict compared.
//!
//! Needs the Python environment that `tests/nova/setup.sh` makes, named by `REQSPEC_NOVA_PYTHON`, so these
//! are listed as ignored by a plain `cargo test`; `tests/run` runs them. `REQSPEC_ORACLE_SEED` chooses
//! other texts, `REQSPEC_ORACLE_COUNT` how many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is wrong, and says what it saw"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqspec::deployment::option_file::{self, Dialect, OptionFileError};
use reqspec::deployment::oslo_conf::{ConfError, Configuration, ListStyle, Sources, SyntaxError};
use reqspec::deployment::{template, url};
use reqspec::store::address::{Endpoint, Place, Server, TlsMode};
use serde_json::Value;

fn python() -> String {
    std::env::var("REQSPEC_NOVA_PYTHON")
        .expect("REQSPEC_NOVA_PYTHON names the Python that has nova (tests/nova/setup.sh)")
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}

/// The cases of an oracle with its verdicts.
fn ask(oracle: &str, count: u64) -> Vec<Value> {
    let seed = number("REQSPEC_ORACLE_SEED", 20_261);
    let count = number("REQSPEC_ORACLE_COUNT", count);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nova").join(oracle);
    let output = Command::new(python())
        .args(["-W", "ignore"])
        .arg(script)
        .args([seed.to_string(), count.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    println!("{oracle}: {} cases, seed {seed}", cases.len());
    assert!(
        output.status.success() && cases.len() as u64 >= count,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    cases
}

/// Counts what was seen and gathers the first differences.
#[derive(Default)]
struct Tally {
    seen: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn see(&mut self, kind: &'static str) {
        *self.seen.entry(kind).or_default() += 1;
    }

    fn check(&mut self, right: bool, says: impl FnOnce() -> String) {
        if !right {
            self.wrong.push(says());
        }
    }

    fn finish(self, wanted: &[(&str, usize)]) {
        println!("{:?}", self.seen);
        let few: Vec<_> = self.wrong.iter().take(25).map(String::as_str).collect();
        assert!(self.wrong.is_empty(), "{} differences\n{}", self.wrong.len(), few.join("\n"));
        for (kind, least) in wanted {
            assert!(
                self.seen.get(kind).is_some_and(|seen| seen >= least),
                "too few of {kind}: {:?}",
                self.seen
            );
        }
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn load(case: &Value, home: &Path) -> Result<Configuration, ConfError> {
    let mut sources = Sources::default();
    for (at, text) in strings(&case["files"]).iter().enumerate() {
        let path = home.join(format!("{at}.conf"));
        fs::write(&path, text).unwrap();
        sources.files.push(path);
    }
    let directory = home.join("conf.d");
    fs::create_dir(&directory).unwrap();
    for fragment in case["fragments"].as_array().unwrap() {
        fs::write(directory.join(fragment[0].as_str().unwrap()), fragment[1].as_str().unwrap()).unwrap();
    }
    sources.directories.push(directory);
    for (name, value) in case["environment"].as_object().unwrap() {
        sources.environment.push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    Configuration::load(&sources)
}

/// What oslo.config says where reqspec says this.
fn words(kind: SyntaxError) -> &'static str {
    match kind {
        SyntaxError::SectionEnd => "Invalid section (must end with ])",
        SyntaxError::SectionName => "Empty section name",
        SyntaxError::NoDelimiter => "No ':' or '=' found in assignment",
        SyntaxError::EmptyName => "Key cannot be empty",
        SyntaxError::Continuation => "Unexpected continuation line",
        SyntaxError::NoSection => "Section must be started before assignment",
        SyntaxError::ByteOrderMark | SyntaxError::NotText => "",
    }
}

#[test]
#[ignore = "needs nova (tests/run)"]
fn configurations_are_read_as_oslo_config_reads_them() {
    let mut tally = Tally::default();
    for case in ask("conf_oracle.py", 4_000) {
        let home = tempfile::tempdir().unwrap();
        let read = load(&case, home.path());
        let Some(values) = case["values"].as_array() else {
            tally.see("refused");
            let message = case["error"].as_str().unwrap();
            let right = match &read {
                Err(ConfError::Syntax { kind: SyntaxError::ByteOrderMark, .. }) => {
                    message.contains("\\ufeff")
                }
                // oslo.config names the line behind an option that has no section.
                Err(ConfError::Syntax { kind: kind @ SyntaxError::NoSection, .. }) => {
                    message.contains(words(*kind))
                }
                Err(ConfError::Syntax { path, line, kind }) => {
                    message.contains(&format!(":{line}, {}", words(*kind)))
                        && path.ends_with(case["file"].as_str().unwrap())
                }
                _ => false,
            };
            tally.check(right, || format!("{case}\n  reqspec: {read:?}"));
            continue;
        };
        tally.see("accepted");
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                tally.check(false, || format!("{case}\n  reqspec: {error}"));
                continue;
            }
        };
        for verdict in values {
            compare_value(&mut tally, &case, &read, verdict);
        }
    }
    let wanted =
        [("refused", 300), ("accepted", 2_000), ("value", 2_500), ("list", 500), ("no such option", 300)];
    tally.finish(&wanted);
}

fn compare_value(tally: &mut Tally, case: &Value, read: &Configuration, verdict: &Value) {
    let [group, name, kind] = [0, 1, 2].map(|at| verdict[at].as_str().unwrap());
    let from_environment =
        case["environment"].get(format!("OS_{}__{}", group.to_uppercase(), name.to_uppercase()));
    let list = |style| read.get_list(group, name, style).map(Option::unwrap);
    let ours: Result<Value, ConfError> = match kind {
        "str" => read.get(group, name).map(|value| value.unwrap().text.into()),
        "list" => list(ListStyle::default()).map(Value::from),
        "quoted" => list(ListStyle { bounds: true, quotes: true }).map(Value::from),
        _ => read
            .get_multi(group, name)
            .map(|values| values.into_iter().map(|value| value.text).collect::<Vec<_>>().into()),
    };
    let theirs = verdict.get(4).and_then(Value::as_str);
    let right = match (&ours, theirs) {
        (Ok(ours), None) => {
            tally.see(if kind == "str" { "value" } else { "list" });
            *ours == verdict[3]
        }
        (Err(ConfError::Substitution { .. }), Some(error)) => {
            tally.see("no such option");
            ["NoSuchOptError", "NoSuchGroupError", "TemplateSubstitutionError", "RecursionError"]
                .contains(&error)
        }
        (Err(ConfError::Value { .. }), Some(error)) => {
            tally.see("no such value");
            error == "ConfigFileValueError"
                || (error == "ConfigSourceValueError" && from_environment.is_some())
        }
        _ => false,
    };
    tally.check(right, || format!("{case}\n  [{group}] {name}: oslo {verdict}, reqspec {ours:?}"));
}

/// Whether a text of ours holds the password of a URL. One that stands elsewhere in the URL as well tells
/// nothing.
fn leaks(case: &Value, text: &str) -> bool {
    let url = case["url"].as_str().unwrap();
    let secret = case["secret"].as_str().filter(|secret| secret.len() >= 4);
    secret.is_some_and(|secret| url.matches(secret).count() == 1 && text.contains(secret))
}

fn strictness(mode: TlsMode) -> u8 {
    match mode {
        TlsMode::Off => 0,
        TlsMode::Prefer => 1,
        TlsMode::Require => 2,
        TlsMode::VerifyCa => 3,
        TlsMode::VerifyFull => 4,
    }
}

#[test]
#[ignore = "needs nova (tests/run)"]
fn urls_lead_where_sqlalchemy_and_its_drivers_go() {
    let mut tally = Tally::default();
    for case in ask("url_oracle.py", 4_000) {
        let text = case["url"].as_str().unwrap();
        // A text without :// is a file for reqspec, nothing for SQLAlchemy.
        if !text.contains("://") {
            continue;
        }
        let read = url::read(text);
        let differs = |ours: &str| format!("{case}\n  reqspec: {ours}");
        if let Err(error) = &read {
            tally.check(!leaks(&case, &error.to_string()), || {
                format!("{text}: the password stands in {error}")
            });
        }
        match (case["refused"].as_str(), case["engine"].as_str(), &read) {
            (Some("engine"), _, Ok(found)) => {
                tally.see("more than nova takes");
                let noticed = found
                    .notices
                    .iter()
                    .any(|notice| notice.starts_with("nova w") || notice.contains("nova would"));
                tally.check(noticed, || differs("accepted without a notice"));
            }
            // PyMySQL sends passwords in Latin-1 and stops at others; nova cannot have such a one.
            (Some("latin1"), ..) => tally.see("password beyond Latin-1"),
            // Values that only the driver looks at, such as a charset that it does not know.
            (Some(why), _, Ok(found)) if why.starts_with("driver") || why == "options" => {
                tally.see("left aside");
                // Certificates are looked for when a session is opened; timeouts are reqspec's own.
                let timeout =
                    why == "options" && ["_timeout=", "client_flag="].iter().any(|key| text.contains(key));
                let later = timeout || why.contains("FileNotFoundError");
                tally.check(later || !found.notices.is_empty(), || differs("taken without a notice"));
            }
            (Some(why), _, read) => {
                tally.see("refused");
                tally.check(read.is_err(), || differs(&format!("accepted, SQLAlchemy: {why}")));
            }
            (None, Some("sqlite"), read) => {
                tally.see("sqlite");
                let path = case["database"].as_str().unwrap();
                let right = match read {
                    Ok(found) => found.address.as_path() == Some(Path::new(path)),
                    Err(_) => path == ":memory:",
                };
                tally.check(right, || differs(&format!("{read:?}")));
            }
            (None, _, read) => server(&mut tally, &case, read),
        }
    }
    let wanted = [
        ("refused", 300),
        ("mysql", 800),
        ("postgresql", 300),
        ("sqlite", 50),
        ("stray @", 100),
        ("tls", 300),
    ];
    tally.finish(&wanted);
}

/// Compare a URL of a server that SQLAlchemy and the driver take.
fn server(tally: &mut Tally, case: &Value, read: &Result<url::Found, url::UrlError>) {
    let differs = |ours: String| format!("{case}\n  reqspec: {ours}");
    let told = |key: &str| case[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // Of several hosts the first.
    let port: Option<i64> = told("port").and_then(|port| port.split(',').next()?.parse().ok());
    let reachable = told("port").is_none() || port.is_some_and(|port| (1..=65_535).contains(&port));
    let found = match read {
        Err(url::UrlError::RawAt { .. }) => {
            tally.see("stray @");
            return tally.check(case["stray"] == true, || differs("an @ in the password".to_owned()));
        }
        Err(url::UrlError::Choice { key, .. }) => {
            tally.see("no such choice");
            // Values that the driver would stop at, or take for what they are not.
            let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
            let told = case["url"].as_str().unwrap();
            let right = match case["sslmode"].as_str() {
                Some(mode) => !modes.contains(&mode),
                None => told.split_once('?').map_or("", |(_, query)| query).split('&').all(|piece| {
                    piece
                        .strip_prefix(&format!("{key}="))
                        .is_none_or(|value| !["true", "false"].contains(&value))
                }),
            };
            return tally.check(right, || differs(format!("no such {key}")));
        }
        Err(error) => {
            tally.see("unusable");
            let right = !reachable || told("database").is_none();
            return tally.check(right, || differs(error.to_string()));
        }
        Ok(found) => found,
    };
    tally.check(case["stray"] == false && reachable && told("database").is_some(), || {
        differs(format!("{found:?}"))
    });
    let shown = format!("{found:?}");
    tally.check(!leaks(case, &shown), || format!("the password stands in {shown}"));
    let (server, engine) = match &found.address.place {
        Place::Mysql(server) => (server, "mysql"),
        Place::Postgres(server) => (server, "postgresql"),
        Place::Sqlite(_) => return tally.check(false, || differs("sqlite".to_owned())),
    };
    tally.see(engine);
    let mut right = case["engine"] == engine;
    right &= server.user == told("user") && Some(&server.database) == told("database").as_ref();
    let password = server.password.as_ref().map(|password| password.reveal().to_owned());
    right &= password == told("password");
    right &= endpoint(server, engine, &told);
    tally.check(right, || differs(format!("{server:?}")));
    if let Some(mode) = case["tls"].as_str() {
        tally.see("tls");
        let ours = server.tls.mode;
        let stated = case["url"].as_str().unwrap().contains("ssl_verify_");
        let fits = match (mode, ours) {
            // A socket of this host; and PyMySQL before 1.2 never encrypts unasked.
            ("Prefer", TlsMode::Off) => matches!(server.endpoint, Endpoint::Socket { .. }),
            ("Off", TlsMode::Prefer) => !case["url"].as_str().unwrap().contains("ssl_"),
            // What is stated of the check is taken at its word: never less than PyMySQL makes of it.
            _ if stated => strictness(ours) >= strictness(mode_of(mode)),
            _ => ours == mode_of(mode),
        };
        tally.check(fits, || differs(format!("{ours:?}")));
    }
}

fn mode_of(name: &str) -> TlsMode {
    match name {
        "Off" => TlsMode::Off,
        "Prefer" => TlsMode::Prefer,
        "Require" => TlsMode::Require,
        "VerifyCa" => TlsMode::VerifyCa,
        "VerifyFull" => TlsMode::VerifyFull,
        other => panic!("{other}"),
    }
}

fn endpoint(server: &Server, engine: &str, told: &dyn Fn(&str) -> Option<String>) -> bool {
    let socket =
        |path: &PathBuf, expected: Option<String>| Some(path.as_path()) == expected.as_deref().map(Path::new);
    match &server.endpoint {
        Endpoint::Socket { path, .. } if engine == "mysql" => socket(path, told("socket")),
        // libpq looks for the socket where its package puts it.
        Endpoint::Socket { path, .. } => match told("host") {
            Some(host) => socket(path, Some(host)),
            None => path.ends_with("postgresql"),
        },
        Endpoint::Tcp { host, port } => {
            let default = if engine == "mysql" { "3306" } else { "5432" };
            let theirs = told("port").unwrap_or_else(|| default.to_owned());
            // Several hosts of libpq: the first.
            let their_host = told("host").unwrap_or_default();
            let first = if engine == "mysql" {
                their_host.as_str()
            } else {
                their_host.split(',').next().unwrap_or("")
            };
            told("socket").is_none()
                && host == first
                && theirs.split(',').next() == Some(port.to_string().as_str())
        }
    }
}

#[test]
#[ignore = "needs nova (tests/run)"]
fn templates_are_filled_as_nova_fills_them() {
    let mut tally = Tally::default();
    for case in ask("template_oracle.py", 3_000) {
        let text = case["template"].as_str().unwrap();
        let resolved = template::resolve(text, case["connection"].as_str());
        let differs = |ours: &str| format!("{case}\n  reqspec: {ours}");
        if resolved
            .unusable
            .as_deref()
            .is_some_and(|why| why.contains("in a way that reqspec does not follow"))
        {
            tally.see("not followed");
            tally.check(text.contains(['!', ':', '[']), || differs("not followed"));
            continue;
        }
        let theirs = case["url"].as_str().unwrap();
        tally.check(resolved.url == theirs, || differs(&resolved.url));
        tally.see(if theirs == text { "taken as it stands" } else { "filled" });
        if case["usable"] == false {
            tally.see("unusable");
            // reqspec takes a path for an address, nova does not.
            let refused =
                resolved.unusable.is_some() || !theirs.contains("://") || url::read(theirs).is_err();
            tally.check(refused, || differs("usable"));
        } else {
            tally.see("usable");
        }
    }
    tally.finish(&[("taken as it stands", 200), ("filled", 500), ("unusable", 300), ("usable", 200)]);
}

#[test]
#[ignore = "needs nova (tests/run)"]
fn option_files_are_read_as_pymysql_reads_them() {
    let mut tally = Tally::default();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("my.cnf");
    for case in ask("option_file_oracle.py", 3_000) {
        fs::write(&path, case["text"].as_str().unwrap()).unwrap();
        let group = case["group"].as_str();
        let read = option_file::read(path.to_str(), group, Dialect::PyMysql, &mut Vec::new());
        let right = match (&read, case["values"].as_object()) {
            (Ok(options), Some(values)) => {
                tally.see("read");
                values.iter().all(|(name, value)| {
                    tally.see("value");
                    options.get(name) == value.as_str().filter(|value| !value.is_empty())
                })
            }
            (Err(OptionFileError::Syntax { line, .. }), None) => {
                tally.see("refused");
                // Python reads on behind a nameless value, and may stop at something worse.
                case["line"].as_u64().is_none_or(|theirs| theirs >= *line as u64)
            }
            _ => false,
        };
        tally.check(right, || format!("{case}\n  reqspec: {read:?}"));
    }
    tally.finish(&[("read", 1_000), ("value", 2_000), ("refused", 300)]);
}
