//! A private server with the benchmark's rows.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

use super::plain::Plain;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    MariaDb,
    Postgres,
}

impl Engine {
    pub fn title(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// As `server.sh` and the folder of migrations call it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::MariaDb => ("mariadb", "mysql"),
            Self::Postgres => ("postgres", "postgres"),
        }
    }
}

/// Stopped when it is dropped; its data stays.
pub struct Server {
    pub engine: Engine,
    pub port: u16,
    folder: PathBuf,
    base: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn script(words: &[&str], folder: &Path, options: &[&str]) {
    let script = root().join("tests/servers/server.sh");
    let status = Command::new(script).args(words).arg(folder).args(options).status().unwrap();
    assert!(status.success(), "server.sh {words:?} {} failed", folder.display());
}

impl Server {
    pub fn start(engine: Engine) -> Self {
        Self::start_in("target/bench/servers", engine)
    }

    /// Start one with its data in that folder of the repository.
    pub fn start_in(folder: &str, engine: Engine) -> Self {
        let folder = root().join(folder).join(engine.words().0);
        std::fs::create_dir_all(&folder).unwrap();
        // A pool that holds the rows, as a production server has: else reading pages is all that is measured.
        let pool: &[&str] = match engine {
            Engine::MariaDb => &["--innodb-buffer-pool-size=1G"],
            Engine::Postgres => &["-c", "shared_buffers=1GB"],
        };
        script(&["start", engine.words().0], &folder, pool);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
        let (base, port) = (read("url"), read("port").parse().unwrap());
        Self { engine, port, base, folder }
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.base.trim_end_matches('/'))
    }

    /// The same through another port of loopback.
    pub fn url_at(&self, database: &str, port: u16) -> String {
        self.url(database).replacen(&format!(":{}/", self.port), &format!(":{port}/"), 1)
    }

    /// Makes the database with that many rows, unless it has them.
    pub async fn load(&self, database: &str, rows: u64) {
        let folder = root().join("target/bench");
        let made = Command::new("python3")
            .arg(root().join("benches/make_database.py"))
            .arg(&folder)
            .arg(rows.to_string())
            .status()
            .unwrap();
        assert!(made.success());
        Plain::make_database(self, database).await;
        let plain = Plain::connect(self, database).await;
        if plain.count().await == Some(rows) {
            return;
        }
        let schema = root().join(format!("migrations/api/{}/0001_request_specs.sql", self.engine.words().1));
        plain.run("DROP TABLE IF EXISTS request_specs").await;
        let schema = std::fs::read_to_string(schema).unwrap();
        let statements: String =
            schema.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            plain.run(statement).await;
        }
        let source = folder.join(format!("api-{rows}.sqlite"));
        let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql = "SELECT id, instance_uuid, created_at, updated_at, spec FROM request_specs ORDER BY id";
        let mut statement = source.prepare(sql).unwrap();
        let mut read = statement.query([]).unwrap();
        let mut batch = Vec::new();
        while let Some(row) = read.next().unwrap() {
            let text = |at: usize| {
                let value: Option<String> = row.get(at).unwrap();
                // What Python writes and PostgreSQL's functions refuse.
                let readable = |text: String| text.replace(": NaN", ": 1.0").replace("\\u0000", "");
                value.map_or("NULL".to_owned(), |text| plain.quoted(&readable(text)))
            };
            let id: i64 = row.get(0).unwrap();
            batch.push(format!("({id}, {}, {}, {}, {})", text(1), text(2), text(3), text(4)));
            if batch.len() == 200 {
                plain.insert(&batch).await;
                batch.clear();
            }
        }
        if !batch.is_empty() {
            plain.insert(&batch).await;
        }
        plain.run("ANALYZE TABLE request_specs").await;
    }

    /// The first uuids in the order of `id`.
    pub async fn uuids(&self, database: &str) -> Vec<String> {
        Plain::connect(self, database).await.uuids().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(&["stop"], &self.folder, &[]);
    }
}
