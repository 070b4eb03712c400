//! The plain drivers: the floor of the benchmark, and how its rows get into the servers.

use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use tokio::sync::Mutex;

use super::server::{Engine, Server};

const SCAN: &str =
    "SELECT id, instance_uuid, spec, COALESCE(updated_at, created_at) FROM request_specs ORDER BY id";

/// One connection of the plain driver.
pub enum Plain {
    Mysql(Box<Mutex<mysql_async::Conn>>),
    Postgres(tokio_postgres::Client),
}

impl Plain {
    pub async fn connect(server: &Server, database: &str) -> Self {
        let url = server.url(database);
        match server.engine {
            Engine::MariaDb => {
                let options = mysql_async::Opts::from_url(&url).unwrap();
                Self::Mysql(Box::new(Mutex::new(mysql_async::Conn::new(options).await.unwrap())))
            }
            Engine::Postgres => {
                let (client, connection) =
                    tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                Self::Postgres(client)
            }
        }
    }

    /// Makes the database unless it is there.
    pub async fn make_database(server: &Server, database: &str) {
        match server.engine {
            Engine::MariaDb => {
                let maintenance = Self::connect(server, "mysql").await;
                maintenance.run(&format!("CREATE DATABASE IF NOT EXISTS {database}")).await;
            }
            Engine::Postgres => {
                let Self::Postgres(client) = Self::connect(server, "postgres").await else { unreachable!() };
                let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
                if client.query(sql, &[&database]).await.unwrap().is_empty() {
                    client.batch_execute(&format!("CREATE DATABASE {database}")).await.unwrap();
                }
            }
        }
    }

    pub async fn run(&self, sql: &str) {
        match self {
            Self::Mysql(connection) => connection.lock().await.query_drop(sql).await.unwrap(),
            Self::Postgres(client) => {
                client.batch_execute(&sql.replace("ANALYZE TABLE", "ANALYZE")).await.unwrap();
            }
        }
    }

    /// Rows of `id, instance_uuid, created_at, updated_at, spec`.
    pub async fn insert(&self, rows: &[String]) {
        let head = "INSERT INTO request_specs (id, instance_uuid, created_at, updated_at, spec) VALUES ";
        self.run(&format!("{head}{}", rows.join(", "))).await;
    }

    /// The text as a literal.
    pub fn quoted(&self, text: &str) -> String {
        let text = text.replace('\'', "''");
        match self {
            Self::Mysql(_) => format!("'{}'", text.replace('\\', "\\\\")),
            Self::Postgres(_) => format!("'{text}'"),
        }
    }

    /// The number of rows; None without the table.
    pub async fn count(&self) -> Option<u64> {
        let sql = "SELECT count(*) FROM request_specs";
        match self {
            Self::Mysql(connection) => connection.lock().await.query_first(sql).await.ok().flatten(),
            Self::Postgres(client) => {
                let row = client.query_one(sql, &[]).await.ok()?;
                Some(row.get::<_, i64>(0) as u64)
            }
        }
    }

    /// How many rows the server itself finds at that path of the stored text, by its JSON functions.
    pub async fn count_by_json(&self, path: &[&str], value: &str) -> u64 {
        match self {
            Self::Mysql(connection) => {
                let path: String = path.iter().map(|key| format!(".\"{key}\"")).collect();
                let sql = format!(
                    "SELECT COUNT(*) FROM request_specs WHERE JSON_VALUE(spec, '${path}') = '{value}'"
                );
                connection.lock().await.query_first(sql).await.unwrap().unwrap()
            }
            Self::Postgres(client) => {
                let path = path.join(",");
                let sql =
                    format!("SELECT count(*) FROM request_specs WHERE spec::json#>>'{{{path}}}' = '{value}'");
                client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) as u64
            }
        }
    }

    pub async fn uuids(&self) -> Vec<String> {
        let sql = "SELECT instance_uuid FROM request_specs ORDER BY id LIMIT 20";
        match self {
            Self::Mysql(connection) => connection.lock().await.query(sql).await.unwrap(),
            Self::Postgres(client) => {
                client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// One page as the store reads it.
    pub async fn page(&self, limit: u32) {
        let time = |cast: &str| format!("CAST(created_at AS {cast}), CAST(updated_at AS {cast})");
        let sql = |cast: &str| {
            format!(
                "SELECT id, instance_uuid, spec, {} FROM request_specs ORDER BY id LIMIT {limit}",
                time(cast)
            )
        };
        let rows = match self {
            Self::Mysql(connection) => {
                let rows: Vec<mysql_async::Row> = connection.lock().await.query(sql("CHAR")).await.unwrap();
                rows.len()
            }
            Self::Postgres(client) => client.query_typed(&sql("TEXT"), &[]).await.unwrap().len(),
        };
        assert_eq!(rows, limit as usize);
    }

    /// Reads every row; gives the bytes of uuids and texts.
    pub async fn read_all(&self) -> u64 {
        let mut bytes = 0;
        match self {
            Self::Mysql(connection) => {
                let mut connection = connection.lock().await;
                let mut rows = connection.query_iter(SCAN).await.unwrap();
                while let Some(row) = rows.next().await.unwrap() {
                    for column in [1, 2] {
                        if let Some(mysql_async::Value::Bytes(value)) = row.as_ref(column) {
                            bytes += value.len() as u64;
                        }
                    }
                }
            }
            Self::Postgres(client) => {
                let nothing: [&str; 0] = [];
                let mut rows = std::pin::pin!(client.query_raw(SCAN, nothing).await.unwrap());
                while let Some(row) = rows.next().await {
                    let row = row.unwrap();
                    let (uuid, spec): (&str, &str) = (row.get(1), row.get(2));
                    bytes += (uuid.len() + spec.len()) as u64;
                }
            }
        }
        bytes
    }
}
