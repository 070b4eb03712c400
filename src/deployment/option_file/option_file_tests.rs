use proptest::prelude::*;

use super::*;

fn options(
    directory: &Path,
    text: &str,
    group: Option<&str>,
    dialect: Dialect,
) -> Result<Options, OptionFileError> {
    let path = directory.join("my.cnf");
    fs::write(&path, text).unwrap();
    read(path.to_str(), group, dialect, &mut Vec::new())
}

#[test]
fn a_c_library_reads_escapes_comments_and_included_files() {
    let home = tempfile::tempdir().unwrap();
    let included = home.path().join("included.cnf");
    fs::write(&included, "[nova]\nport = 3307\n").unwrap();
    let fragments = home.path().join("conf.d");
    fs::create_dir(&fragments).unwrap();
    fs::write(fragments.join("b.cnf"), "[nova]\nsocket = b\n").unwrap();
    fs::write(fragments.join("a.cnf"), "[nova]\nsocket = a\n").unwrap();
    fs::write(fragments.join("c.txt"), "[nova]\nsocket = c\n").unwrap();
    let text = format!(
        "!include {}\n[client]\nuser=a\npassword = \"s3\\\"c#r\\\\et\\s\" # comment\nhost = h # tail\n\
         p1 = a\\tb\\sc\\qd\np2 = a\"b#c\"d#e\np3\np4 = a\\#b\np5 = a'b#c\nssl_ca = /x\n[ nova ]\nq=1\n\
         [nova]x\n!includedir {}\n!other\n!include /nowhere\n[client]\nuser = last\n",
        included.display(),
        fragments.display()
    );
    let found = options(home.path(), &text, Some("nova"), Dialect::Client).unwrap();
    for (name, value) in [
        ("password", "s3\"c#r\\et "),
        ("host", "h"),
        ("p1", "a\tb c\\qd"),
        ("p2", "a\"b#c\"d"),
        ("p4", "a\\"),
        ("p5", "a'b#c"),
        ("ssl-ca", "/x"),
        ("port", "3307"),
        ("socket", "b"),
        ("user", "last"),
    ] {
        assert_eq!(found.get(name), Some(value), "{name}");
    }
    assert!(found.has("p3") && !found.has("q") && found.get("p3").is_none());
    assert!(!format!("{found:?}").contains("s3"));
}

#[test]
fn pymysql_reads_one_group_and_takes_quotes_off() {
    let home = tempfile::tempdir().unwrap();
    let text = "[client]\nuser = no\n[nova]\n  User_Name = a\n  password = \"p\\s#w\"\n  host: b\n      c\n\n  port = 7\n";
    let found = options(home.path(), text, Some("nova"), Dialect::PyMysql).unwrap();
    assert_eq!(found.get("user"), None);
    assert_eq!(found.get("user-name"), Some("a"));
    assert_eq!(found.get("password"), Some("p\\s#w"));
    assert_eq!(found.get("host"), Some("b\nc"));
    assert_eq!(found.get("port"), Some("7"));
    assert_eq!(options(home.path(), text, None, Dialect::PyMysql).unwrap().get("user"), Some("no"));
}

#[test]
fn errors_name_file_and_line_and_no_value() {
    let home = tempfile::tempdir().unwrap();
    for (text, dialect, says) in [
        ("s3cret\n", Dialect::Client, "line 1: an option before the first [group]"),
        ("\n[client\n", Dialect::Client, "line 2: a [group] without its ]"),
        ("[client]\n!includedir /nowhere/s3cret\n", Dialect::Client, "line 2: the directory"),
        ("!include x\n", Dialect::PyMysql, "line 1: an option before the first [group]"),
        ("[a]\nx = s3cret\nx = s3cret\n", Dialect::PyMysql, "line 3: an option that its group has already"),
        ("[a]\n[a]\n", Dialect::PyMysql, "line 2: a group that is there already"),
        ("[a]\n= s3cret\n", Dialect::PyMysql, "line 2: a value without"),
        ("[a]\nx\n s3cret\n", Dialect::PyMysql, "line 3: a continuation"),
    ] {
        let error = options(home.path(), text, None, dialect).unwrap_err().to_string();
        assert!(error.contains("my.cnf") && error.contains(says), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let directory = read(home.path().to_str(), None, Dialect::Client, &mut Vec::new()).unwrap_err();
    assert!(directory.to_string().contains("it is a directory"));
    let path = home.path().join("binary.cnf");
    fs::write(&path, b"[client]\nx = \xff\n").unwrap();
    assert!(
        read(path.to_str(), None, Dialect::Client, &mut Vec::new())
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn a_file_that_is_not_there_is_noticed() {
    let mut notices = Vec::new();
    let found = read(Some("/nowhere/my.cnf"), None, Dialect::PyMysql, &mut notices).unwrap();
    assert_eq!(found.get("user"), None);
    assert_eq!(notices, ["the option file /nowhere/my.cnf is not there and is passed over"]);
}

#[test]
fn files_that_include_each_other_end() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("my.cnf");
    let text = format!("[client]\nuser = a\n!include {}\n", path.display());
    assert_eq!(options(home.path(), &text, None, Dialect::Client).unwrap().get("user"), Some("a"));
}

proptest! {
    #[test]
    fn no_file_is_too_odd(text in "(\\PC|[\\[\\]=#;!\\\\'\" \n\t]){0,80}", group in "[a-z]{0,3}") {
        for dialect in [Dialect::PyMysql, Dialect::Client] {
            let path = Path::new("odd.cnf");
            let mut values = HashMap::new();
            let _ = match dialect {
                Dialect::PyMysql => pymysql::read(path, &text, &group, &mut values),
                Dialect::Client => client::read(path, &text.replace('!', "-"), Some(&group), &mut values),
            };
        }
    }
}
