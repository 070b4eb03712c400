//! Temporary databases, and the real binary over them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A spec as nova stores it, of [`UUID`], in zone az1.
pub const SPEC: &str = include_str!("../cmd/spec.json");
/// The instance of [`SPEC`].
pub const UUID: &str = "11111111-aaaa-4aaa-8aaa-111111111111";
/// Another one.
pub const OTHER: &str = "22222222-bbbb-4bbb-8bbb-222222222222";

/// An API database and the cells cell1 and cell2, all with the table of specs.
pub struct World {
    dir: TempDir,
    /// Where the journal is: beside the databases, of which some tests look at every byte.
    state: TempDir,
}

impl World {
    pub fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() };
        for name in ["api", "cell1", "cell2"] {
            world.sql(name, "VACUUM");
        }
        world.run(&["db", "sync"]).ok();
        world
    }

    /// The same with nova's tables that say where an instance lives; cell0, cell1 and cell2 are
    /// mapped, as nova maps them.
    pub fn with_mappings() -> Self {
        let world = Self::new();
        world.sql("cell0", "VACUUM");
        let url = |cell: &str| format!("sqlite:///{}", world.path(cell).display());
        world.sql(
            "api",
            &format!(
                "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL, name VARCHAR(255),
                     transport_url TEXT, database_connection TEXT, disabled BOOLEAN);
                 INSERT INTO cell_mappings VALUES
                     (1, '00000000-0000-0000-0000-000000000000', 'cell0', 'none:///', '{}', 0),
                     (2, 'f4179abe-102a-4808-aca4-f790c38bf7ed', 'cell1', 'rabbit://n:hush-hush@r1/', '{}', 0),
                     (3, '7aed0aa5-cab3-4352-83aa-7508e993ca93', 'cell2', 'rabbit://n:hush-hush@r2/', '{}', NULL);
                 CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL UNIQUE,
                     cell_id INTEGER)",
                url("cell0"),
                url("cell1"),
                url("cell2")
            ),
        );
        world.run(&["db", "sync"]).ok();
        world
    }

    /// nova's configuration, naming the databases of [`World::with_mappings`] as nova would.
    pub fn nova_conf(&self) -> PathBuf {
        let path = self.directory().join("nova.conf");
        let url = |name: &str| format!("sqlite:///{}", self.path(name).display());
        let text = format!(
            "[DEFAULT]\ntransport_url = rabbit://nova:hush-hush@r/\n\n[api_database]\nconnection = {}\n\n\
             [database]\nconnection = {}\n",
            url("api"),
            url("cell0")
        );
        fs::write(&path, text).unwrap();
        path
    }

    /// The program in the world's directory, told nothing of its databases.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.dir.path()).env("REQSPEC_JOURNAL", self.journal()).args(arguments);
        command
    }

    /// The same over [`World::nova_conf`].
    pub fn found(&self, arguments: &[&str]) -> Ran {
        let conf = self.nova_conf();
        Ran(self.bare(arguments).arg("--nova-conf").arg(conf).output().unwrap())
    }

    pub fn path(&self, database: &str) -> PathBuf {
        self.dir.path().join(format!("{database}.sqlite"))
    }

    /// The file of the journal.
    pub fn journal(&self) -> PathBuf {
        self.state.path().join("journal.sqlite")
    }

    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// A connection that waits for no disk.
    pub fn connect(&self, database: &str) -> Connection {
        let connection = Connection::open(self.path(database)).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        connection
    }

    pub fn sql(&self, database: &str, sql: &str) {
        self.connect(database).execute_batch(sql).unwrap();
    }

    /// Rows 1 to `count`, of instances whose uuids begin with their number in eight digits.
    pub fn insert_many(&self, database: &str, count: u32, text: &str) {
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO request_specs (instance_uuid, spec)
             SELECT format('%08d-bbbb-4bbb-8bbb-222222222222', i), '{text}' FROM n"
        );
        self.sql(database, &sql);
    }

    /// A row; the text as bytes, valid or not.
    pub fn insert(&self, database: &str, uuid: &str, text: impl AsRef<[u8]>) {
        let sql = "INSERT INTO request_specs (created_at, instance_uuid, spec) \
                   VALUES ('2024-05-06 07:08:09.000000', ?1, CAST(?2 AS TEXT))";
        let connection = self.connect(database);
        connection.execute(sql, rusqlite::params![uuid, text.as_ref()]).unwrap();
    }

    pub fn map(&self, uuid: &str, cell_id: Option<i64>) {
        let sql = "INSERT INTO instance_mappings (instance_uuid, cell_id) VALUES (?1, ?2) \
                   ON CONFLICT (instance_uuid) DO UPDATE SET cell_id = excluded.cell_id";
        let connection = self.connect("api");
        connection.execute(sql, rusqlite::params![uuid, cell_id]).unwrap();
    }

    /// The stored text of an instance's spec.
    pub fn stored(&self, database: &str, uuid: &str) -> Option<String> {
        let connection = Connection::open(self.path(database)).unwrap();
        let mut statement =
            connection.prepare("SELECT spec FROM request_specs WHERE instance_uuid = ?1").unwrap();
        let mut rows = statement.query([uuid]).unwrap();
        rows.next().unwrap().map(|row| row.get(0).unwrap())
    }

    /// Which databases hold a spec of the instance.
    pub fn holders(&self, uuid: &str) -> Vec<&'static str> {
        ["api", "cell1", "cell2"]
            .into_iter()
            .filter(|database| self.stored(database, uuid).is_some())
            .collect()
    }

    /// Digests of every file there is, so that a test sees that nothing was written.
    pub fn fingerprint(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.clone(), Sha256::digest(fs::read(&path).unwrap()).to_vec())).collect()
    }

    /// The program with the deployment's options, after which come these arguments. No terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.dir.path()).env("REQSPEC_JOURNAL", self.journal());
        command.args(["--env-name", "testing"]);
        command.args(["--api", "api.sqlite", "--cell", "cell1=cell1.sqlite"]);
        command.args(["--cell", "cell2=sqlite:///cell2.sqlite"]).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }
}

/// The program, with nothing of this machine's environment that matters to it.
pub fn program() -> Command {
    let mut command = Command::cargo_bin("reqspec").unwrap();
    for name in [
        "REQSPEC_LOG",
        "REQSPEC_ENV",
        "REQSPEC_CONFIG",
        "REQSPEC_NOVA_CONF",
        "REQSPEC_JOURNAL",
        "XDG_STATE_HOME",
        "OS_API_DATABASE__CONNECTION",
        "OS_DATABASE__CONNECTION",
        "XDG_CONFIG_HOME",
        "VISUAL",
        "EDITOR",
        "COLUMNS",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent");
    command
}

/// What a run gave.
pub struct Ran(pub Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Standard output of a run that must have ended with 0.
    #[track_caller]
    pub fn ok(&self) -> String {
        assert_eq!(self.code(), 0, "{}{}", self.out(), self.err());
        self.out()
    }

    /// Standard error of a run that must have ended with that code.
    #[track_caller]
    pub fn fails(&self, code: i32) -> String {
        assert_eq!(self.code(), code, "{}{}", self.out(), self.err());
        self.err()
    }
}

/// [`SPEC`] as stored: without the file's line end.
pub fn spec() -> &'static str {
    SPEC.trim_end()
}

/// The same of another instance.
pub fn spec_of(uuid: &str) -> String {
    spec().replace(UUID, uuid)
}
