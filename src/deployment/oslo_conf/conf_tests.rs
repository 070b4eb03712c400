use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, text: &str) -> Configuration {
        load(&[self.write("nova.conf", text)], &[]).unwrap()
    }
}

fn load(files: &[PathBuf], environment: &[(&str, &str)]) -> Result<Configuration, ConfError> {
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Configuration::load(&Sources { files: files.to_vec(), environment, ..Sources::default() })
}

fn text(conf: &Configuration, group: &str, name: &str) -> String {
    conf.get(group, name).unwrap().unwrap().text
}

#[test]
fn later_files_win_and_each_value_knows_its_line() {
    let home = Home::new();
    let first = home.write(
        "nova.conf",
        "[api_database]\nconnection = one\n  more\nconnection = two\n[DATABASE]\nslave = s\n",
    );
    let second = home.write("nova.conf.d/10.conf", "\n[api_database]\nconnection: \"three \"\n");
    home.write("nova.conf.d/20.txt", "nonsense");
    home.write("nova.conf.d/.hidden.conf", "nonsense");
    let sources = Sources {
        files: vec![first.clone()],
        directories: vec![home.0.path().join("nova.conf.d")],
        ..Sources::default()
    };
    let conf = Configuration::load(&sources).unwrap();
    assert_eq!(
        conf.files().iter().map(|path| path.to_path_buf()).collect::<Vec<_>>(),
        [first.clone(), second.clone()]
    );
    let value = conf.get("api_database", "connection").unwrap().unwrap();
    assert_eq!((value.text.as_str(), value.origin), ("three ", Origin::File(second.into(), 3)));
    let slave = conf.get("database", "slave").unwrap().unwrap();
    assert_eq!(slave.origin.to_string(), format!("{}:6", first.display()));
    assert_eq!(conf.get("database", "connection").unwrap(), None);
    let all: Vec<String> =
        conf.get_multi("api_database", "connection").unwrap().into_iter().map(|value| value.text).collect();
    assert_eq!(all, ["one\nmore", "two", "three "]);
}

#[test]
fn the_environment_wins_over_every_file() {
    let home = Home::new();
    let file = home.write("nova.conf", "[api_database]\nconnection = file\n[DEFAULT]\nhost = h\n");
    let conf =
        load(&[file], &[("OS_API_DATABASE__CONNECTION", "'$host'"), ("OS_DEFAULT__ITEMS", "a,b")]).unwrap();
    let value = conf.get("api_database", "connection").unwrap().unwrap();
    assert_eq!(
        (value.text.as_str(), value.origin.to_string().as_str()),
        ("'h'", "$OS_API_DATABASE__CONNECTION")
    );
    assert_eq!(conf.get_list("DEFAULT", "items", ListStyle::default()).unwrap().unwrap(), ["a", "b"]);
    assert!(conf.get_multi("DEFAULT", "items").unwrap_err().to_string().contains("letter by letter"));
}

#[test]
fn references_that_lead_nowhere_are_named_without_the_value() {
    let home = Home::new();
    let conf = home.read(
        "[database]\nconnection = mysql://nova:pa$s3cret@db/nova\na = $b\nb = ${database.a}\nc = $nothing/x\nd = ${Database.a}\ne = pa$$word\n",
    );
    let error = |name| conf.get("database", name).unwrap_err().to_string();
    let connection = error("connection");
    assert!(
        connection.contains("nova.conf:2: [database] connection refers to a $name, which neither the files"),
        "{connection}"
    );
    assert!(connection.contains("is written $$") && !connection.contains("s3cret"), "{connection}");
    assert!(error("a").contains("in a circle"));
    assert!(error("c").contains("[database] c refers to $nothing"));
    assert!(error("d").contains("in lower case"));
    assert_eq!(text(&conf, "database", "e"), "pa$word");
}

#[test]
fn what_is_no_configuration_is_said_with_its_line() {
    let home = Home::new();
    for (text, says) in [
        (&b"\xef\xbb\xbf[DEFAULT]\n"[..], "line 1: the file begins with a byte order mark"),
        (b"[DEFAULT]\n\nmysql://nova\xff:s3cret@db = x\n", "line 3: not text in UTF-8"),
        (b"[DEFAULT]\ns3cret\n", "line 2: neither = nor :"),
        (b"[DEFAULT\n", "line 1: a section must end with ]"),
        (b"[]\n", "line 1: a section without a name"),
        (b"[DEFAULT]\n = s3cret\n", "line 2: it begins with a space"),
        (b"[DEFAULT]\n= s3cret\n", "line 2: an option without a name"),
        (b"a = s3cret\n\n[DEFAULT]\n", "line 1: an option before the first section"),
        (b"\x7fELF\x02\x01\x01\0\0\n\0\n", "line 1: neither = nor :"),
    ] {
        let path = home.write("nova.conf", text);
        let error = load(&[path], &[]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(error.contains("nova.conf") && !error.contains("s3cret"), "{error}");
    }
    // nova runs in a locale that lets odd bytes pass; those of comments harm nobody.
    assert_eq!(
        text(&load(&[home.write("x", b"[DEFAULT]\r\n# \xff\r\na = b\r\n")], &[]).unwrap(), "DEFAULT", "a"),
        "b"
    );
}

#[test]
fn files_that_cannot_be_read_say_who_may() {
    let home = Home::new();
    let error = |path: &Path| load(&[path.to_owned()], &[]).unwrap_err().to_string();
    assert!(
        error(&home.0.path().join("none.conf"))
            .contains("is not there; name nova's configuration with --nova-conf")
    );
    assert!(error(home.0.path()).contains("is a directory"));
    let path = home.write("nova/nova.conf", "[DEFAULT]\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let advice = sources::who_may(&path);
    assert!(advice.starts_with("it is open to user") && advice.contains("group"), "{advice}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(sources::who_may(&path).contains("only: run reqspec with sudo"));
}

#[test]
fn nova_conf_is_looked_for_where_nova_looks() {
    let home = Home::new();
    let etc = home.0.path().join("etc");
    let environment = vec![("HOME".to_owned(), home.0.path().join("me").display().to_string())];
    assert!(Sources::found_in(&etc, environment.clone()).unwrap().is_none());
    home.write("etc/nova/nova.conf", "[DEFAULT]\nwhere = etc\n");
    home.write("etc/nova/nova.conf.d/a.conf", "[DEFAULT]\nwhere = fragment\n");
    let found = Sources::found_in(&etc, environment.clone()).unwrap().unwrap();
    assert_eq!(text(&Configuration::load(&found).unwrap(), "DEFAULT", "where"), "fragment");
    home.write("me/.nova/nova.conf", "[DEFAULT]\nwhere = home\n");
    let found = Sources::found_in(&etc, environment).unwrap().unwrap();
    assert_eq!(found.files, [home.0.path().join("me/.nova/nova.conf")]);
    assert_eq!(found.directories, [etc.join("nova/nova.conf.d")]);
}

#[test]
fn no_debug_holds_a_value() {
    let home = Home::new();
    let conf = home.read("[database]\nconnection = s3cret\n");
    let debug = format!("{conf:?} {:?}", conf.get("database", "connection"));
    assert!(debug.contains("nova.conf") && !debug.contains("s3cret"), "{debug}");
}

proptest! {
    #[test]
    fn no_file_is_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "([\\[\\]=:#;$\\{\\}a.\n\r\t \"']|\\PC){0,60}") {
        let _ = ini::parse(&bytes).err().map(|(_, kind)| kind.to_string());
        let home = Home::new();
        if let Ok(conf) = load(&[home.write("a", format!("[a]\n{text}"))], &[("OS_A__A", &text)]) {
            for name in ["a", "b"] {
                let _ = (conf.get("a", name), conf.get_multi("a", name), conf.get_list("a", name, ListStyle { bounds: true, quotes: true }));
            }
        }
    }
}
