//! Our migrations, on databases of every engine. What only SQLite can get wrong is in
//! `store_migrate.rs`.

use std::sync::Barrier;

use reqspec::store::migrate::{self, Report, State, Status};
use reqspec::store::{Access, DatabaseName, Engine, StoreError, Timeouts};

use crate::bench::{Bench, Db, Row, open};
use crate::support::{block_on, uuid};
use crate::writing::new_spec;

promises!(
    an_empty_database_gets_the_table_once,
    a_table_that_is_there_is_adopted_and_untouched,
    a_foreign_table_of_that_name_is_refused,
    a_changed_migration_is_refused_and_a_dropped_table_made_again,
    of_several_at_once_one_applies_it,
    a_row_of_a_synced_database_is_written_and_read,
);

fn status(db: &Db, database: &DatabaseName) -> Status {
    block_on(migrate::status(database, &db.address(), Timeouts::default())).unwrap()
}

fn sync(db: &Db, database: &DatabaseName) -> Result<Report, StoreError> {
    block_on(migrate::sync(database, &db.address(), Timeouts::default()))
}

/// Names of tables and of their columns.
fn schema(db: &Db, engine: Engine) -> Vec<Vec<Option<String>>> {
    db.rows(match engine {
        Engine::Sqlite => "SELECT name, sql FROM sqlite_master ORDER BY name",
        Engine::Mysql => {
            "SELECT table_name, column_name, column_type FROM information_schema.columns \
             WHERE table_schema = database() ORDER BY 1, 2"
        }
        Engine::Postgres => {
            "SELECT table_name, column_name, data_type FROM information_schema.columns \
             WHERE table_schema = 'public' ORDER BY 1, 2"
        }
    })
}

fn an_empty_database_gets_the_table_once(bench: Bench) {
    for database in [DatabaseName::Api, DatabaseName::cell("c1")] {
        let db = bench.empty();
        let before = status(&db, &database);
        assert_eq!((before.state, before.applied.len(), before.pending.len()), (State::Pending, 0, 1));
        assert_eq!(before.location, db.address().shown);
        assert!(schema(&db, bench.engine()).is_empty(), "looking made something");
        let report = sync(&db, &database).unwrap();
        assert_eq!(report.applied_now.len(), 1);
        assert_eq!((report.status.state, report.status.applied.len()), (State::Current, 1));
        assert_eq!(report.status.applied[0].checksum, report.applied_now[0].checksum());
        crate::writing::assert_now(&report.status.applied[0].applied_at);
        let made = schema(&db, bench.engine());
        let again = sync(&db, &database).unwrap();
        assert_eq!((again.applied_now.len(), &again.status.state), (0, &State::Current));
        assert_eq!(again.status, status(&db, &database));
        assert_eq!(again.status.applied, report.status.applied);
        assert_eq!(schema(&db, bench.engine()), made);
        let insert = "INSERT INTO request_specs (instance_uuid, spec) VALUES ('u', 't')";
        db.rows(insert);
        db.try_rows(insert).expect_err("two rows of one instance");
    }
}

fn a_table_that_is_there_is_adopted_and_untouched(bench: Bench) {
    // Made as nova makes it, by nobody's bookkeeping; another table of nova's is beside it.
    let db = bench.filled(&bench.seven());
    db.rows("CREATE TABLE instances (uuid VARCHAR(36))");
    let (made, rows) = (schema(&db, bench.engine()), db.rows("SELECT * FROM request_specs ORDER BY id"));
    for database in [DatabaseName::Api, DatabaseName::cell("c1")] {
        assert_eq!(status(&db, &database).state, State::Adopted);
        let report = sync(&db, &database).unwrap();
        assert_eq!((report.applied_now.len(), report.status.state), (0, State::Adopted));
    }
    assert_eq!(schema(&db, bench.engine()), made);
    assert_eq!(db.rows("SELECT * FROM request_specs ORDER BY id"), rows);
}

fn a_foreign_table_of_that_name_is_refused(bench: Bench) {
    let db = bench.empty();
    db.rows("CREATE TABLE request_specs (id INTEGER PRIMARY KEY, spec TEXT, instance_uuid VARCHAR(36))");
    let made = schema(&db, bench.engine());
    let database = DatabaseName::cell("c1");
    let state = status(&db, &database).state;
    assert!(
        matches!(&state, State::Refused(reason) if reason.contains("created_at, updated_at")),
        "{state:?}"
    );
    let error = sync(&db, &database).unwrap_err().to_string();
    assert!(error.starts_with("c1: applying migrations failed: its table request_specs lacks"), "{error}");
    assert_eq!(schema(&db, bench.engine()), made);
}

fn a_changed_migration_is_refused_and_a_dropped_table_made_again(bench: Bench) {
    let (db, database) = (bench.empty(), DatabaseName::cell("c1"));
    sync(&db, &database).unwrap();
    db.rows("DROP TABLE request_specs");
    assert_eq!(status(&db, &database).state, State::Pending);
    assert_eq!(sync(&db, &database).unwrap().status.state, State::Current);
    db.rows("UPDATE reqspec_migrations SET checksum = 'other'");
    let made = schema(&db, bench.engine());
    let error = sync(&db, &database).unwrap_err();
    assert!(
        matches!(&error, StoreError::Failed { reason, .. } if reason.contains("other statements")),
        "{error}"
    );
    assert_eq!(schema(&db, bench.engine()), made);
}

fn of_several_at_once_one_applies_it(bench: Bench) {
    for _ in 0..3 {
        let (db, database) = (bench.empty(), DatabaseName::cell("c1"));
        let barrier = Barrier::new(4);
        let reports: Vec<Report> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        sync(&db, &database).unwrap()
                    })
                })
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert_eq!(reports.iter().map(|report| report.applied_now.len()).sum::<usize>(), 1);
        assert!(reports.iter().all(|report| report.status.state == State::Current));
        assert_eq!(db.value("SELECT count(*) FROM reqspec_migrations").as_deref(), Some("1"));
    }
}

fn a_row_of_a_synced_database_is_written_and_read(bench: Bench) {
    let (db, database) = (bench.empty(), DatabaseName::cell("c1"));
    sync(&db, &database).unwrap();
    let store = open(database, &db.address(), Access::ReadWrite).unwrap();
    let created = block_on(store.create(new_spec(&uuid(1), "{}"))).unwrap();
    // As a row that nova makes: numbered by the database.
    assert_eq!(created.id, 1);
    db.try_put(&[Row::new(2, b"{\"a\": 1}")]).unwrap();
    assert_eq!(block_on(store.count()).unwrap(), 2);
}
