use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::store::address::{Endpoint, Server, TlsMode};

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

fn server(text: &str) -> Server {
    parse(text).unwrap().as_server().unwrap().clone()
}

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp { host: host.to_owned(), port }
}

#[test]
fn servers_as_the_drivers_take_them() {
    let mysql = server("mysql+pymysql://no%40va:a/b#c+d:e%2Ff?g@controller/nova_api?charset=utf8");
    assert_eq!(mysql.endpoint, tcp("controller", 3306));
    assert_eq!(mysql.user.as_deref(), Some("no@va"));
    assert_eq!(mysql.password.unwrap().reveal(), "a/b#c+d:e/f?g");
    assert_eq!(mysql.database, "nova_api");
    assert_eq!(mysql.tls.mode, TlsMode::Prefer);

    assert_eq!(server("mysql://nova@[2001:db8::7]:3307/nova").endpoint, tcp("2001:db8::7", 3307));
    let socket = server("mysql+pymysql://nova:pw@/nova?unix_socket=/run/mysqld/mysqld.sock");
    assert_eq!(socket.endpoint, Endpoint::Socket { path: "/run/mysqld/mysqld.sock".into(), port: 3306 });
    assert_eq!(socket.tls.mode, TlsMode::Off);

    let postgres =
        server("postgresql+psycopg2://nova:pw@db/nova?host=/run/postgresql&port=5499&user=x&password=y%26");
    assert_eq!(postgres.endpoint, Endpoint::Socket { path: "/run/postgresql".into(), port: 5499 });
    assert_eq!((postgres.user.as_deref(), postgres.password.unwrap().reveal()), (Some("x"), "y&"));
}

#[test]
fn encryption_as_the_drivers_understand_it() {
    for (query, mode) in [
        ("", TlsMode::Prefer),
        ("?ssl_ca=/ca.pem", TlsMode::VerifyFull),
        ("?ssl_ca=/ca.pem&ssl_check_hostname=false", TlsMode::VerifyCa),
        ("?ssl_ca=/ca.pem&ssl_verify_cert=true", TlsMode::VerifyCa),
        ("?ssl_ca=/ca.pem&ssl_verify_cert=true&ssl_verify_identity=true", TlsMode::VerifyFull),
        ("?ssl_ca=/ca.pem&ssl_verify_cert=false", TlsMode::Require),
        ("?ssl_cert=/c.pem&ssl_key=/k.pem", TlsMode::Require),
        ("?ssl=true", TlsMode::Require),
        ("?ssl_disabled=true&ssl_ca=/ca.pem", TlsMode::Off),
    ] {
        let found = server(&format!("mysql+pymysql://nova:pw@db/nova{query}"));
        assert_eq!(found.tls.mode, mode, "{query}");
        assert_eq!(found.tls.ca.is_some(), query.contains("ssl_ca"), "{query}");
    }
    assert_eq!(server("mysql://nova@db/nova?ssl_ca=/ca.pem").tls.mode, TlsMode::VerifyCa);
    assert_eq!(server("mysql://nova@db/nova?ssl_mode=verify_identity").tls.mode, TlsMode::VerifyFull);
    for (query, mode) in [
        ("", TlsMode::Prefer),
        ("?sslmode=disable", TlsMode::Off),
        ("?sslmode=require", TlsMode::Require),
        ("?sslmode=require&sslrootcert=/ca.pem", TlsMode::VerifyCa),
        ("?sslmode=verify-full&sslrootcert=/ca.pem", TlsMode::VerifyFull),
        ("?sslrootcert=system", TlsMode::VerifyFull),
    ] {
        let found = server(&format!("postgresql://nova:pw@db/nova{query}"));
        assert_eq!(found.tls.mode, mode, "{query}");
        assert_eq!(found.tls.ca.is_some(), query.contains("ca.pem"), "{query}");
    }
}

#[test]
fn what_cannot_be_opened_is_named_with_the_way_out() {
    for (text, says) in [
        ("", "an empty database address"),
        ("mysql//nova:s3cret@db/nova", "mysql//nova:***@db/nova looks like a URL that lacks its ://"),
        ("oracle://nova:s3cret@db/nova", "oracle://nova:***@db/nova: no such database engine"),
        ("mysql+pymsql://nova:s3cret@db/nova", "no such database engine or driver"),
        ("my sql://nova:s3cret@db/nova", "letters such as mysql+pymysql belong before the ://"),
        (
            "mysql://nova:p@s3cret@db/nova",
            "mysql://nova:***@db/nova: an @ in the password must be written %40",
        ),
        ("mysql://nova:s3cret@db:x/nova", "is not a port"),
        ("mysql://nova:s3cret@db:/nova", "is not a port"),
        ("mysql://nova:s3cret@db:99999/nova", "is not a port"),
        ("mysql://nova:s3cret@db", "names no database"),
        ("postgresql://nova:s3cret@db/", "names no database"),
        ("postgresql://nova:s3cret@db/nova?sslmode=full", "sslmode cannot be \"full\"; it is one of disable"),
        ("mysql://nova:s3cret@db/nova?ssl_verify_cert=perhaps", "ssl_verify_cert cannot be \"perhaps\""),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/nova.db", "names no file"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    assert!(parse("./mysql//nova:s3cret@db/nova").is_ok());
}

#[test]
fn parameters_are_appended_to_the_query() {
    for (text, whole) in [
        ("mysql://nova:a?b@db/nova", "mysql://nova:a?b@db/nova?ssl_ca=/x&y=z"),
        ("mysql://nova:a?b@db/nova?charset=utf8", "mysql://nova:a?b@db/nova?charset=utf8&ssl_ca=/x&y=z"),
        ("/srv/x.db", "/srv/x.db"),
    ] {
        assert_eq!(with_parameters(text, "ssl_ca=/x&y=z"), whole);
        assert_eq!(with_parameters(text, ""), text);
    }
}

#[test]
fn what_is_left_aside_is_noticed() {
    let notices = |text: &str| read(text).unwrap().notices.join("; ");
    assert_eq!(notices("mysql+pymysql://nova:pw@db/nova?charset=utf8mb3&connect_timeout=3"), "");
    assert_eq!(
        notices("mysql+pymysql://nova:pw@db/nova?plugin=dbcounter&zip=1"),
        "plugin is left aside; zip is left aside"
    );
    assert!(notices("mysql+pymysql://nova:pw@db/nova?charset=latin1").contains("utf8mb4"));
    assert!(notices("postgres://nova:pw@db/nova").contains("refuses postgres://"));
    assert!(notices("postgresql://nova:pw@/nova?host=a,b").contains("only the first"));
    assert!(notices("MySQL+PyMySQL://nova:pw@db/nova").contains("nova would refuse"));
}

#[test]
fn an_option_file_fills_what_the_url_leaves_open() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("my.cnf");
    std::fs::write(&path, "[nova]\nuser = a\npassword = 's3cret'\nhost = h\nport = 3310\nssl_ca = /ca.pem\n")
        .unwrap();
    let query = format!("read_default_file={}&read_default_group=nova", path.display());
    let found = server(&format!("mysql+pymysql://b@/nova?{query}"));
    assert_eq!(found.endpoint, tcp("h", 3310));
    assert_eq!((found.user.as_deref(), found.password.unwrap().reveal()), (Some("b"), "s3cret"));
    assert_eq!(found.tls.mode, TlsMode::VerifyFull);

    std::fs::write(&path, "password = s3cret\n").unwrap();
    let error = parse(&format!("mysql+pymysql://b@/nova?{query}")).unwrap_err().to_string();
    assert!(error.contains("my.cnf, line 1: an option before the first [group]"), "{error}");
    assert!(!error.contains("s3cret"));
}

#[test]
fn passwords_are_never_shown() {
    for (text, shown) in [
        ("mysql://nova:s3cret@db:3306/nova?charset=utf8", "mysql://nova:***@db:3306/nova?charset=utf8"),
        ("postgresql://nova:a/b#c:d?e%40@[::1]:5432/nova", "postgresql://nova:***@[::1]:5432/nova"),
        ("mysql://[::1]:3306/nova", "mysql://[::1]:3306/nova"),
        (
            "mysql://db/nova?password=s3cret&charset=utf8&passwd=s3",
            "mysql://db/nova?password=***&charset=utf8",
        ),
        ("mysql//nova:s3cret@db/nova", "mysql//nova:***@db/nova"),
        ("mysql://nova:s3cret/nova", "mysql://nova:***"),
        ("mysql://nova:s3cret%40db/nova", "mysql://nova:***%40db/nova"),
        ("mysql://nova:pw@db/nova?password=s3@cret", "mysql://nova:***"),
        ("nova:s3cret@db", "nova:***@db"),
        (
            "{scheme}://{username}:{password}@{hostname}:{port}/cell?{query}",
            "{scheme}://{username}:{password}@{hostname}:{port}/cell?{query}",
        ),
        ("mysql://nova:{s3cret}@{hostname2}:{port2}/cell", "mysql://nova:***@{hostname2}:{port2}/cell"),
        ("sqlite:////srv/nova.sqlite", "sqlite:////srv/nova.sqlite"),
        ("mysql://nova@db:3306/nova", "mysql://nova@db:3306/nova"),
        ("/srv/\u{1b}[31m.db", "/srv/\\u001b[31m.db"),
    ] {
        assert_eq!(masked(text), shown, "{text}");
    }
}

/// A URL with a password in it, and what else it is made of.
fn with_password() -> impl Strategy<Value = (String, String, [String; 2])> {
    let scheme = prop::sample::select(vec![
        "mysql+pymysql://",
        "postgresql://",
        "MYSQL://",
        "mysql:/",
        "mysql//",
        "mysql:",
        "",
        "myql://",
        "://",
        "my sql://",
    ]);
    let user = prop::sample::select(vec!["nova:", "no@va:", "nova%3A", ":", "n\u{fc}va:"]);
    let tail = prop::sample::select(vec![
        "@db:3306/nova",
        "@[::1]:3306/nova?charset=utf8",
        "@/nova?unix_socket=/run/x.sock",
        "@",
        "",
        "/nova",
        "%40db/nova",
        "@db/nova?x=y@z",
    ]);
    let password = "([a-zA-Z0-9]|[/#+:%?@&= !~;,$<>|\\[\\]{}\"'\u{fc}\u{1b}\n]){1,14}";
    let userinfo = (scheme, user, password, tail)
        // Where no raw `@` ends the password, one inside it does, and a number in front of it is a port.
        .prop_filter("told by nothing", |(_, user, password, tail)| {
            let port = password.split(['/', '?']).next().is_some_and(|part| part.parse::<u16>().is_ok());
            let at = password.contains('@') || password.contains("%40");
            let encoded = tail.contains("%40") && !user.contains('@');
            tail.contains('@') || (!at && (encoded || !port))
        })
        // `://` behind a word reads like a scheme and a user without a password.
        .prop_filter("a scheme", |(scheme, _, password, _)| {
            scheme.contains("://") || !password.starts_with("//")
        })
        .prop_map(|(scheme, user, password, tail)| {
            (
                format!("{scheme}{user}{password}{tail}"),
                password,
                [format!("{scheme}{user}"), tail.to_owned()],
            )
        });
    let key = prop::sample::select(vec![
        "password",
        "PASSWD",
        "ssl_key_password",
        "sslpassword",
        "pwd",
        "p%61ssword",
    ]);
    let before = prop::sample::select(vec![
        "mysql://nova@db:3306/nova?",
        "mysql://nova:pw@db/nova?charset=utf8&",
        "postgresql:///nova?",
        "postgresql://nova:pw@[::1]/nova?",
    ]);
    let after = prop::sample::select(vec!["", "&charset=utf8"]);
    let query = (before, key, password, after).prop_map(|(before, key, password, after)| {
        (format!("{before}{key}={password}{after}"), password, [format!("{before}{key}="), after.to_owned()])
    });
    prop_oneof![3 => userinfo, 1 => query]
}

/// What errors say beside the masked URL.
fn sentences() -> Vec<String> {
    let shown = String::new;
    let errors = [
        UrlError::Scheme { shown: shown() },
        UrlError::Unknown { shown: shown() },
        UrlError::Unclear { shown: shown() },
        UrlError::NoFile { shown: shown() },
        UrlError::RawAt { shown: shown() },
        UrlError::Port { shown: shown() },
        UrlError::NoDatabase { shown: shown() },
    ];
    errors.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_three_letters_of_a_password_are_shown((text, password, rest) in with_password()) {
        let shown = masked(&text);
        if let Err(error) = read(&text) {
            let sentence = error.to_string().replacen(&shown, "", 1);
            prop_assert!(sentences().contains(&sentence), "{text:?} gives {error:?}");
        }
        let letters: Vec<char> = password.chars().collect();
        for window in letters.windows(3) {
            let window: String = window.iter().collect();
            let harmless = rest.iter().any(|part| part.contains(&window) || part.to_lowercase().contains(&window.to_lowercase()));
            prop_assert!(harmless || !shown.contains(&window), "{text:?} is shown as {shown:?}");
        }
        let debug = format!("{:?}", read(&text));
        let elsewhere = rest.iter().any(|part| part.contains(&password));
        prop_assert!(password.len() < 4 || elsewhere || !debug.contains(&password), "{debug}");
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for text in [text.clone(), format!("mysql://{text}"), format!("postgresql://u:p@{text}"), format!("sqlite:///{text}"),
                     String::from_utf8_lossy(&bytes).into_owned()] {
            let _ = (read(&text), masked(&text));
        }
    }
}
