//! A deployment with specs, and the program opened on it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portable_pty::CommandBuilder;

use crate::support::{Cloud, spec, uuid};
use crate::terminal::{Terminal, program};

/// An ordinary screen.
pub const SIZE: (u16, u16) = (120, 36);

/// Keys that are no characters. Escape is sent twice: alone it would take the next key along as
/// Alt, and a terminal reads the two as one.
pub const ESC: &str = "\x1b\x1b";
pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
/// Clears a prompt.
pub const CLEAR: &str = "\x15";

/// The databases api, c1 and c2; instances 1 to 4 in the API database, 3 and 9 in c1.
pub struct World {
    pub cloud: Cloud,
}

impl World {
    pub fn new() -> Self {
        let cloud = Cloud::new();
        for number in 1..=4 {
            cloud.put("api", &uuid(number), spec(&uuid(number)).as_bytes());
        }
        for number in [3, 9] {
            cloud.put("c1", &uuid(number), spec(&uuid(number)).as_bytes());
        }
        cloud
            .connection("api")
            .execute_batch(
                "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL, name VARCHAR(255));
                 INSERT INTO cell_mappings VALUES (1, 'f4179abe-102a-4808-aca4-f790c38bf7ed', 'c1'),
                     (2, '7aed0aa5-cab3-4352-83aa-7508e993ca93', 'c2');
                 CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY,
                     instance_uuid VARCHAR(36) NOT NULL UNIQUE, cell_id INTEGER);",
            )
            .unwrap();
        let world = Self { cloud };
        world.map(1, 1);
        world
    }

    /// Gives an instance a cell, by the number of its mapping.
    pub fn map(&self, number: i64, cell: i64) {
        let sql = "INSERT INTO instance_mappings (instance_uuid, cell_id) VALUES (?, ?)";
        self.cloud.connection("api").execute(sql, (uuid(number), cell)).unwrap();
    }

    /// The program on these databases, its own files in the same directory, writing allowed.
    pub fn command(&self) -> CommandBuilder {
        let mut command = self.reading();
        command.arg("--write");
        command
    }

    /// The same as it starts by default: reading only.
    pub fn reading(&self) -> CommandBuilder {
        self.named("testing")
    }

    /// The same in an environment of that name.
    pub fn named(&self, environment: &str) -> CommandBuilder {
        let mut command = program();
        let home = self.cloud.scratch.path("home");
        command.cwd(self.cloud.scratch.directory());
        for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, &home);
        }
        command.args(["--env-name", environment, "--api", "api.sqlite"]);
        command.args(["--cell", "c1=c1.sqlite", "--cell", "c2=c2.sqlite"]);
        command
    }

    /// The program with its first rows on the screen.
    #[track_caller]
    pub fn start(&self, command: CommandBuilder) -> Terminal {
        let mut terminal = Terminal::start(command, SIZE);
        terminal.wait_for("00000001");
        terminal
    }

    /// An editor: a shell script that gets the file's path as `$1`.
    pub fn editor(&self, script: &str) -> String {
        let path = self.cloud.scratch.path("editor.sh");
        std::fs::write(&path, format!("{script}\n")).unwrap();
        format!("sh '{}'", path.display())
    }

    /// Every byte of every database.
    pub fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = std::fs::read_dir(self.cloud.scratch.directory()).unwrap();
        let paths = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        paths.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
    }

    /// Which databases hold a spec of the instance.
    pub fn holders(&self, number: i64) -> Vec<&'static str> {
        let holds = |name: &&str| self.cloud.text(name, &uuid(number)).is_some();
        ["api", "c1", "c2"].into_iter().filter(holds).collect()
    }
}
