//! Databases of a private server.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use reqspec::deployment::url;
use reqspec::store::Address;
use tokio::runtime::Runtime;

use crate::plain::Plain;
use crate::rows::{Rows, Spec};
use crate::server::{Engine, Server};
use crate::{BATCH, Place, Task};

const API: &str = "changes_api";
const CELL: &str = "changes_cell";
const NOW: &str = "2026-08-01 12:00:00";

/// Two databases; the first one keeps the rows aside.
pub struct Databases {
    server: Server,
    runtime: Runtime,
}

impl Databases {
    pub fn new(engine: Engine, rows: &Rows) -> Self {
        let server = Server::start_in("target/bench/changes", engine);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            for database in [API, CELL] {
                Plain::make_database(&server, database).await;
                let plain = Plain::connect(&server, database).await;
                plain.run("DROP TABLE IF EXISTS request_specs").await;
                plain.run("DROP TABLE IF EXISTS kept").await;
                let schema = match engine {
                    Engine::MariaDb => include_str!("../../migrations/cell/mysql/0001_request_specs.sql"),
                    Engine::Postgres => include_str!("../../migrations/cell/postgres/0001_request_specs.sql"),
                };
                let lines: Vec<&str> = schema.lines().filter(|line| !line.starts_with("--")).collect();
                for statement in lines.join("\n").split(';').filter(|statement| !statement.trim().is_empty())
                {
                    plain.run(statement).await;
                }
            }
            let plain = Plain::connect(&server, API).await;
            for chunk in rows.list.chunks(200) {
                let values: Vec<String> = chunk
                    .iter()
                    .map(|spec| {
                        let (id, uuid, text) = (spec.id, &spec.uuid, plain.quoted(&spec.before));
                        format!("({id}, '{uuid}', '{NOW}', '{NOW}', {text})")
                    })
                    .collect();
                plain.insert(&values).await;
            }
            plain.run("CREATE TABLE kept AS SELECT * FROM request_specs").await;
        });
        Self { server, runtime }
    }
}

impl Place for Databases {
    fn title(&self) -> &str {
        self.server.engine.title()
    }

    fn addresses(&self) -> [Address; 2] {
        [API, CELL].map(|database| url::parse(&self.server.url(database)).unwrap())
    }

    fn reset(&self) {
        self.runtime.block_on(async {
            for database in [API, CELL] {
                let plain = Plain::connect(&self.server, database).await;
                plain.run("TRUNCATE TABLE request_specs").await;
                if database == API {
                    let columns = "created_at, updated_at, id, instance_uuid, spec";
                    plain
                        .run(&format!("INSERT INTO request_specs ({columns}) SELECT {columns} FROM kept"))
                        .await;
                }
                plain.run("ANALYZE TABLE request_specs").await;
                if self.server.engine == Engine::Postgres {
                    plain.run("CHECKPOINT").await;
                }
            }
        });
    }

    fn plain(&self, task: Task, rows: &Rows) -> Duration {
        self.runtime.block_on(async {
            let (api, cell) =
                (Plain::connect(&self.server, API).await, Plain::connect(&self.server, CELL).await);
            let began = Instant::now();
            match (task, &api, &cell) {
                (Task::Edit, Plain::Mysql(api), _) => edit_mysql(&mut *api.lock().await, rows).await,
                (Task::Edit, Plain::Postgres(api), _) => edit_postgres(api, rows).await,
                (Task::Move, Plain::Mysql(api), Plain::Mysql(cell)) => {
                    move_mysql(&mut *api.lock().await, &mut *cell.lock().await, rows).await;
                }
                (Task::Move, Plain::Postgres(api), Plain::Postgres(cell)) => {
                    move_postgres(api, cell, rows).await;
                }
                _ => unreachable!("both are of one server"),
            }
            began.elapsed()
        })
    }

    fn check(&self, task: Task, rows: &Rows) {
        let (full, empty) = if task == Task::Edit { (API, CELL) } else { (CELL, API) };
        self.runtime.block_on(async {
            let count = async |database| Plain::connect(&self.server, database).await.count().await;
            assert_eq!(
                (count(full).await, count(empty).await),
                (Some(rows.list.len() as u64), Some(0)),
                "{task:?}"
            );
        });
    }
}

async fn edit_mysql(api: &mut mysql_async::Conn, rows: &Rows) {
    for chunk in rows.list.chunks(BATCH) {
        api.query_drop("BEGIN").await.unwrap();
        for spec in chunk {
            let sql = "UPDATE request_specs SET spec = ?, updated_at = ? WHERE id = ? AND spec = ?";
            api.exec_drop(sql, (&*spec.after, NOW, spec.id, &*spec.before)).await.unwrap();
            assert_eq!(api.affected_rows(), 1);
        }
        api.query_drop("COMMIT").await.unwrap();
    }
}

async fn edit_postgres(api: &tokio_postgres::Client, rows: &Rows) {
    let sql = "UPDATE request_specs SET spec = $1, updated_at = now() WHERE id = $2::int8 AND spec = $3";
    let update = api.prepare(sql).await.unwrap();
    for chunk in rows.list.chunks(BATCH) {
        api.batch_execute("BEGIN").await.unwrap();
        for spec in chunk {
            let changed = api.execute(&update, &[&&*spec.after, &spec.id, &&*spec.before]).await.unwrap();
            assert_eq!(changed, 1);
        }
        api.batch_execute("COMMIT").await.unwrap();
    }
}

fn ends(chunk: &[Spec]) -> (i64, i64) {
    (chunk[0].id, chunk[chunk.len() - 1].id)
}

async fn move_mysql(api: &mut mysql_async::Conn, cell: &mut mysql_async::Conn, rows: &Rows) {
    type Row = (String, String, String, String);
    for chunk in rows.list.chunks(BATCH) {
        let (first, last) = ends(chunk);
        let columns = "CAST(created_at AS CHAR) AS c, CAST(updated_at AS CHAR) AS u, instance_uuid, spec FROM request_specs";
        let found: Vec<Row> =
            api.query(format!("SELECT {columns} WHERE id BETWEEN {first} AND {last}")).await.unwrap();
        cell.query_drop("BEGIN").await.unwrap();
        for row in &found {
            let sql =
                "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES (?, ?, ?, ?)";
            cell.exec_drop(sql, (&row.0, &row.1, &row.2, &row.3)).await.unwrap();
        }
        cell.query_drop("COMMIT").await.unwrap();
        api.query_drop("BEGIN").await.unwrap();
        for row in &found {
            api.exec_drop("DELETE FROM request_specs WHERE instance_uuid = ? AND spec = ?", (&row.2, &row.3))
                .await
                .unwrap();
            assert_eq!(api.affected_rows(), 1);
        }
        api.query_drop("COMMIT").await.unwrap();
    }
}

async fn move_postgres(api: &tokio_postgres::Client, cell: &tokio_postgres::Client, rows: &Rows) {
    let read = "SELECT created_at::text, updated_at::text, instance_uuid, spec FROM request_specs \
                WHERE id BETWEEN $1::int8 AND $2::int8";
    let read = api.prepare(read).await.unwrap();
    let insert = "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) \
                  VALUES ($1::text::timestamp, $2::text::timestamp, $3, $4)";
    let insert = cell.prepare(insert).await.unwrap();
    let delete =
        api.prepare("DELETE FROM request_specs WHERE instance_uuid = $1 AND spec = $2").await.unwrap();
    for chunk in rows.list.chunks(BATCH) {
        let (first, last) = ends(chunk);
        let found = api.query(&read, &[&first, &last]).await.unwrap();
        cell.batch_execute("BEGIN").await.unwrap();
        for row in &found {
            let text = |at: usize| row.get::<_, &str>(at);
            cell.execute(&insert, &[&text(0), &text(1), &text(2), &text(3)]).await.unwrap();
        }
        cell.batch_execute("COMMIT").await.unwrap();
        api.batch_execute("BEGIN").await.unwrap();
        for row in &found {
            let text = |at: usize| row.get::<_, &str>(at);
            assert_eq!(api.execute(&delete, &[&text(2), &text(3)]).await.unwrap(), 1);
        }
        api.batch_execute("COMMIT").await.unwrap();
    }
}
