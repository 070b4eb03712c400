//! Servers for the tests, and plain SQL to them.
//!
//! [`Database::new`] makes a database of its own on the server that `tests/run` started (named in
//! the environment). [`Server::start`] starts a private one, to be paused, killed and started again,
//! or with options of its own. Both are gone when the value is dropped, a private server also when
//! the test process is killed. All calls block, and may be made within a runtime too.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use reqspec::store::address::{Endpoint, Place, Tls, TlsMode};
use reqspec::store::migrate::{self, migrations};
use reqspec::store::{Address, Engine, address};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::SimpleQueryMessage;

/// The kinds of servers that there are for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mariadb,
    Postgres,
}

impl Kind {
    pub fn engine(self) -> Engine {
        match self {
            Self::Mariadb => Engine::Mysql,
            Self::Postgres => Engine::Postgres,
        }
    }

    /// As `tests/servers/server.sh` knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadb",
            Self::Postgres => "postgres",
        }
    }
}

/// The superuser's URL of the server that `tests/run` started, without a database.
pub fn server(kind: Kind) -> String {
    let variable = match kind {
        Kind::Mariadb => "REQSPEC_TEST_MARIADB",
        Kind::Postgres => "REQSPEC_TEST_POSTGRES",
    };
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run this by `tests/run servers`"))
}

/// Where a URL of a test server points: it holds a user, an address, a port and nothing else.
fn parts(url: &str) -> (Kind, String, String, u16) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let kind = if scheme == "mysql" { Kind::Mariadb } else { Kind::Postgres };
    let (user, place) = rest.trim_end_matches('/').split_once('@').unwrap();
    let (host, port) = place.split_once(':').unwrap();
    (kind, user.to_owned(), host.to_owned(), port.parse().unwrap())
}

/// Run it on a thread and a runtime of its own: the caller may be in one already.
fn apart<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(60), work).await };
    let answer = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(limited)).join());
    match answer {
        Ok(answer) => answer.unwrap_or_else(|_| panic!("a test server gave no answer for a minute")),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A value as the server writes it; None for NULL.
pub type Value = Option<String>;

/// A connection of the plain driver.
pub struct Session {
    link: Option<Link>,
    runtime: Option<Runtime>,
}

enum Link {
    Mysql(Box<mysql_async::Conn>),
    Postgres(tokio_postgres::Client),
}

impl Session {
    /// With that database of the server at that URL; with none in particular where it is "".
    pub fn new(server: &str, database: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (kind, user, host, port) = parts(server);
        let link = apart(&runtime, async {
            match kind {
                Kind::Mariadb => {
                    let options = mysql_async::OptsBuilder::default()
                        .ip_or_hostname(host)
                        .tcp_port(port)
                        .user(Some(user))
                        .db_name((!database.is_empty()).then_some(database))
                        .prefer_socket(false);
                    Link::Mysql(Box::new(mysql_async::Conn::new(options).await.unwrap()))
                }
                Kind::Postgres => {
                    let mut options = tokio_postgres::Config::new();
                    options.host(host).port(port).user(user);
                    options.dbname(if database.is_empty() { "postgres" } else { database });
                    let (client, connection) = options.connect(tokio_postgres::NoTls).await.unwrap();
                    tokio::spawn(connection);
                    Link::Postgres(client)
                }
            }
        });
        Self { link: Some(link), runtime: Some(runtime) }
    }

    /// The rows of the first answer, as text.
    ///
    /// # Errors
    /// The server's words.
    pub fn try_rows(&mut self, sql: &str) -> Result<Vec<Vec<Value>>, String> {
        let (Some(link), Some(runtime)) = (&mut self.link, &self.runtime) else { return Ok(Vec::new()) };
        apart(runtime, async {
            match link {
                Link::Mysql(connection) => {
                    let rows: Vec<mysql_async::Row> =
                        connection.query(sql).await.map_err(|error| error.to_string())?;
                    let text = |value| match value {
                        mysql_async::Value::NULL => None,
                        mysql_async::Value::Bytes(bytes) => {
                            Some(String::from_utf8_lossy(&bytes).into_owned())
                        }
                        other => Some(other.as_sql(true)),
                    };
                    Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
                }
                Link::Postgres(client) => {
                    let messages = client.simple_query(sql).await.map_err(|error| {
                        error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
                    })?;
                    let text = |row: &tokio_postgres::SimpleQueryRow| {
                        (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()
                    };
                    Ok(messages
                        .iter()
                        .filter_map(|message| match message {
                            SimpleQueryMessage::Row(row) => Some(text(row)),
                            _ => None,
                        })
                        .collect())
                }
            }
        })
    }

    /// The same, where no error is expected.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Value>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// The first value of the first row; None where there is none.
    pub fn value(&mut self, sql: &str) -> Value {
        self.rows(sql).into_iter().next()?.into_iter().next()?
    }

    /// Run statements (several at once only with PostgreSQL).
    pub fn run(&mut self, sql: &str) {
        self.rows(sql);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.link = None;
        // A runtime that is dropped within another one panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A database of its own, dropped with this value.
pub struct Database {
    pub kind: Kind,
    pub name: String,
    server: String,
    /// Of a private server nothing needs to be dropped.
    shared: bool,
}

impl Database {
    /// An empty one on the server that `tests/run` started.
    pub fn new(kind: Kind) -> Self {
        Self::on(&server(kind), "")
    }

    /// The same with the table request_specs of our migration for cells.
    pub fn with_table(kind: Kind) -> Self {
        let database = Self::new(kind);
        database.make_table();
        database
    }

    /// An empty one on the server at that URL; `options` end the CREATE DATABASE.
    pub fn on(server: &str, options: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        let mut session = Session::new(server, "");
        // Left over by a killed process of the same number.
        session.run(&format!("DROP DATABASE IF EXISTS {name}"));
        session.run(&format!("CREATE DATABASE {name} {options}"));
        Self { kind: parts(server).0, name, server: server.to_owned(), shared: true }
    }

    /// Its table, as our migration makes it.
    pub fn make_table(&self) {
        for migration in migrations(self.kind.engine(), migrate::Kind::Cell) {
            self.session().run(migration.sql);
        }
    }

    /// A plain connection.
    pub fn session(&self) -> Session {
        Session::new(&self.server, &self.name)
    }

    /// The same database at another node of its cluster.
    pub fn at(&self, node: &Server) -> Self {
        Self { kind: self.kind, name: self.name.clone(), server: node.url(), shared: false }
    }

    /// Its URL, of the superuser.
    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    /// The superuser's URL of its server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        parts(&self.server).3
    }

    /// How it is reached over TCP, to be varied; unencrypted.
    pub fn place(&self) -> address::Server {
        let (_, user, host, port) = parts(&self.server);
        address::Server {
            endpoint: Endpoint::Tcp { host, port },
            user: Some(user),
            password: None,
            database: self.name.clone(),
            tls: Tls { mode: TlsMode::Off, ..Tls::default() },
        }
    }

    /// The same as an address.
    pub fn address(&self) -> Address {
        self.address_of(self.place())
    }

    /// An address of this engine, its password masked as in real ones.
    pub fn address_of(&self, server: address::Server) -> Address {
        let secret = if server.password.is_some() { ":***" } else { "" };
        let user = server.user.as_deref().unwrap_or_default();
        let place = match &server.endpoint {
            Endpoint::Tcp { host, port } => format!("{host}:{port}"),
            Endpoint::Socket { path, .. } => path.display().to_string(),
        };
        let scheme = if self.kind == Kind::Mariadb { "mysql" } else { "postgresql" };
        let shown = format!("{scheme}://{user}{secret}@{place}/{}", server.database).into();
        match self.kind {
            Kind::Mariadb => Address { place: Place::Mysql(server), shown },
            Kind::Postgres => Address { place: Place::Postgres(server), shown },
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.shared {
            return;
        }
        let mut session = Session::new(&self.server, "");
        // In vain where a session still uses the table; the name is not used again.
        let _ = match self.kind {
            Kind::Mariadb => session
                .try_rows("SET SESSION lock_wait_timeout = 2")
                .and_then(|_| session.try_rows(&format!("DROP DATABASE IF EXISTS {}", self.name))),
            Kind::Postgres => {
                session.try_rows(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
            }
        };
    }
}

/// A private server with a data directory of its own.
pub struct Server {
    pub kind: Kind,
    directory: PathBuf,
    /// What holds the directory; of a node of a cluster the cluster does.
    _data: Option<TempDir>,
}

fn data_directory() -> TempDir {
    tempfile::Builder::new().prefix("server ").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A private cluster of two nodes. Where `b` is lost, `a` goes on alone; not the other way round.
pub struct Galera {
    pub a: Server,
    pub b: Server,
    _data: TempDir,
}

impl Galera {
    /// Start one; both nodes are in it and in step when this returns.
    pub fn start() -> Self {
        let data = data_directory();
        run(script().args(["start", "galera"]).arg(data.path()));
        let node = |name| Server { kind: Kind::Mariadb, directory: data.path().join(name), _data: None };
        Self { a: node("a"), b: node("b"), _data: data }
    }
}

impl Server {
    /// Start one; `options` go to the server: `--default-time-zone=+05:30`, `-c`, `ssl=on`.
    pub fn start(kind: Kind, options: &[&str]) -> Self {
        let data = data_directory();
        let server = Self { kind, directory: data.path().to_owned(), _data: Some(data) };
        let mut command = script();
        command.args(["start", kind.as_str()]).arg(server.directory()).args(options);
        run(&mut command);
        server
    }

    /// Where its files are: `log`, `pid`, `data/` and others (see tests/servers/server.sh).
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory().join(name)).unwrap().trim().to_owned()
    }

    /// The superuser's URL, without a database.
    pub fn url(&self) -> String {
        self.file("url")
    }

    pub fn port(&self) -> u16 {
        self.file("port").parse().unwrap()
    }

    /// Of MariaDB the socket file, of PostgreSQL the directory that holds it.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(self.file("socket"))
    }

    /// An empty database on it.
    pub fn database(&self) -> Database {
        let mut database = Database::on(&self.url(), "");
        database.shared = false;
        database
    }

    /// One with the table.
    pub fn database_with_table(&self) -> Database {
        let database = self.database();
        database.make_table();
        database
    }

    fn ask(&self, what: &str) {
        run(script().arg(what).arg(self.directory()));
    }

    /// None of its processes goes on; the kernel still accepts connections.
    pub fn pause(&self) {
        self.ask("pause");
    }

    /// They go on.
    pub fn resume(&self) {
        self.ask("resume");
    }

    /// `kill -9` to all of its processes.
    pub fn kill(&self) {
        self.ask("kill");
    }

    /// Stop it in order.
    pub fn stop(&self) {
        self.ask("stop");
    }

    /// Start it again after [`Self::kill`] or [`Self::stop`], at the same port, with the same data.
    pub fn start_again(&self) {
        self.ask("start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.directory().join("pid").exists() {
            let _ = script().arg("kill").arg(self.directory()).output();
        }
        let _ = script().arg("stop").arg(self.directory()).output();
    }
}

fn script() -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/server.sh"));
    command.env("REQSPEC_SERVER_OWNER", std::process::id().to_string()).stdin(Stdio::null());
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Ask until the answer is yes.
pub fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
