//! One database of ten accepts connections and never says a word: what the other nine have to show
//! is shown while it is still being waited for.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::CommandBuilder;
use rstest::rstest;
use tempfile::TempDir;

use crate::proxy::{Door, Proxy};
use crate::support::servers::{Database, Kind, Server, wait_until};
use crate::support::{spec, uuid};
use crate::terminal::{Terminal, program};

/// Ten databases on one server, the API database and nine cells; one cell may be behind a proxy.
struct Ten {
    databases: Vec<Database>,
    server: Server,
    proxy: Proxy,
    home: TempDir,
}

const SILENT: usize = 4;

impl Ten {
    fn new(kind: Kind) -> Self {
        let server = Server::start(kind, &[]);
        let databases: Vec<Database> = (0..10).map(|_| server.database_with_table()).collect();
        for (number, database) in databases.iter().enumerate() {
            let id = uuid(number as i64 + 1);
            database.session().run(&format!(
                "INSERT INTO request_specs (instance_uuid, spec) VALUES ('{id}', '{}')",
                spec(&id)
            ));
        }
        let proxy = Proxy::before(server.port());
        proxy.set_door(Door::Silent);
        Self { databases, server, proxy, home: tempfile::tempdir().unwrap() }
    }

    /// The options that name them, cell4 being the silent one.
    fn options(&self) -> Vec<String> {
        let mut options = vec!["--api".to_owned(), self.databases[0].url()];
        for (number, database) in self.databases.iter().enumerate().skip(1) {
            let mut url = database.url();
            if number == SILENT {
                url = url.replace(&self.server.port().to_string(), &self.proxy.port().to_string());
            }
            options.extend(["--cell".to_owned(), format!("cell{number}={url}")]);
        }
        options
    }

    /// Instances of the databases that answer.
    fn healthy(&self) -> impl Iterator<Item = String> {
        (0..10).filter(|number| *number != SILENT).map(|number| uuid(number as i64 + 1))
    }
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_list_shows_all_others_first(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let ten = Ten::new(kind);
    let mut child = Command::new(env!("CARGO_BIN_EXE_reqspec"))
        .args(ten.options())
        .args(["list", "--json"])
        .env("XDG_CONFIG_HOME", ten.home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Every line of either stream, in the order of their coming.
    let (sender, lines) = mpsc::channel();
    let streams: [Box<dyn std::io::Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for stream in streams {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }
    drop(sender);
    let lines: Vec<String> = lines.iter().collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let warning = lines.iter().position(|line| line.contains("cell4: ")).expect("it is not said");
    for id in ten.healthy() {
        let row =
            lines.iter().position(|line| line.contains(&id)).unwrap_or_else(|| panic!("no {id}: {lines:?}"));
        assert!(row < warning, "{id} had to wait: {lines:?}");
    }
    assert!(ten.proxy.accepted() > 0);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn the_first_frame_does_not_wait(#[values(Kind::Mariadb, Kind::Postgres)] kind: Kind) {
    let ten = Ten::new(kind);
    let mut command: CommandBuilder = program();
    for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, ten.home.path());
    }
    command.args(ten.options());
    let mut terminal = Terminal::start(command, (160, 40));
    // Both panes have their rows, of the API database and the first cell.
    terminal.wait_for(&uuid(1)[..8]);
    terminal.wait_for(&uuid(2)[..8]);
    // And the silent one has not been given up: it was not asked yet, or is still being waited for.
    let (accepted, held) = (ten.proxy.accepted(), ten.proxy.held());
    assert!(accepted == held, "it had been given up before the rows were shown: {}", terminal.text());
    wait_until("it is asked", Duration::from_secs(20), || ten.proxy.accepted() > 0);
    terminal.settle(Duration::from_millis(100));
    terminal.press("q");
}
