//! A deployment of an API database and the cells cell0, cell1 and cell2, with the columns of nova's tables that
//! are asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reqspec::deployment::facts::FactStores;
use reqspec::deployment::{CellArgument, Deployment, Entry};
use reqspec::fleet::doctor::{self, Options, Report};
use reqspec::lint::Finding;
use reqspec::store::{Access, Address, Cancel, CellName, DatabaseName, SpecHome, SpecStore, StoreError};
use rusqlite::Connection;

use crate::servers::{Database, Kind};

pub const NAMES: [&str; 4] = ["api", "cell0", "cell1", "cell2"];
/// 2026-11-01 12:00.
pub const NOW: i64 = 1_793_534_400;

const OF_API: &str = "
    CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL UNIQUE,
        cell_id INTEGER, project_id VARCHAR(255), queued_for_delete BOOLEAN);
    CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL, name VARCHAR(255),
        transport_url TEXT, database_connection TEXT, disabled BOOLEAN);
    INSERT INTO cell_mappings VALUES (1, '00000000-0000-0000-0000-000000000000', 'cell0', '', NULL, FALSE),
        (2, 'f4179abe-102a-4808-aca4-f790c38bf7ed', 'cell1', '', NULL, FALSE),
        (3, '7aed0aa5-cab3-4352-83aa-7508e993ca93', 'cell2', '', NULL, FALSE);
    CREATE TABLE build_requests (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) UNIQUE);
    CREATE TABLE instance_groups (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL UNIQUE);
    INSERT INTO instance_groups VALUES (1, '0c09e5fc-a614-49d0-ba9d-8bea8e2eda05'),
        (2, '55b034c6-143d-48d2-b234-35bbe4f32efb');
    CREATE TABLE instance_group_policy (id INTEGER PRIMARY KEY, policy VARCHAR(255), group_id INTEGER);
    INSERT INTO instance_group_policy VALUES (1, 'affinity', 1), (2, 'anti-affinity', 2);
    CREATE TABLE instance_group_member (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(255), group_id INTEGER);
    CREATE TABLE aggregates (id INTEGER PRIMARY KEY, name VARCHAR(255));
    INSERT INTO aggregates VALUES (1, 'one'), (2, 'two'), (3, 'other');
    CREATE TABLE aggregate_metadata (id INTEGER PRIMARY KEY, aggregate_id INTEGER, KEY_ VARCHAR(255), value VARCHAR(255));
    INSERT INTO aggregate_metadata VALUES (1, 1, 'availability_zone', 'az1'), (2, 2, 'availability_zone', 'az2'),
        (3, 3, 'ssd', 'az3')";
const OF_CELL: &str = "
    CREATE TABLE instances (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL UNIQUE, host VARCHAR(255),
        node VARCHAR(255), vm_state VARCHAR(255), task_state VARCHAR(255), project_id VARCHAR(255),
        user_id VARCHAR(255), availability_zone VARCHAR(255), deleted INTEGER);
    CREATE TABLE instance_extra (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) NOT NULL, deleted INTEGER,
        flavor TEXT, numa_topology TEXT, pci_requests TEXT);
    CREATE TABLE services (id INTEGER PRIMARY KEY, host VARCHAR(255), BINARY_ VARCHAR(255), deleted INTEGER);
    CREATE TABLE compute_nodes (id INTEGER PRIMARY KEY, host VARCHAR(255), hypervisor_hostname VARCHAR(255),
        deleted INTEGER)";

/// Where the databases are.
pub enum Engine {
    Sqlite(tempfile::TempDir),
    Servers(BTreeMap<&'static str, Database>),
}

pub struct Built {
    pub engine: Engine,
}

impl Built {
    pub fn on_sqlite() -> Self {
        let built = Self { engine: Engine::Sqlite(tempfile::tempdir().unwrap()) };
        let specs =
            "CREATE TABLE request_specs (id INTEGER PRIMARY KEY, created_at DATETIME, updated_at DATETIME,
                     instance_uuid VARCHAR(36) NOT NULL UNIQUE, spec TEXT)";
        NAMES.iter().for_each(|name| built.run(name, specs));
        built.make();
        built
    }

    pub fn on_servers(kind: Kind) -> Self {
        let databases = NAMES.into_iter().map(|name| (name, Database::with_table(kind))).collect();
        let built = Self { engine: Engine::Servers(databases) };
        built.make();
        built
    }

    fn make(&self) {
        let (key, binary) = match &self.engine {
            Engine::Servers(databases) if databases["api"].kind == Kind::Mariadb => ("`key`", "`binary`"),
            _ => ("\"key\"", "\"binary\""),
        };
        self.run("api", &OF_API.replace("KEY_", key));
        for cell in &NAMES[1..] {
            self.run(cell, &OF_CELL.replace("BINARY_", binary));
        }
        for (cell, host) in [("cell1", "cmp1"), ("cell2", "cmp2")] {
            self.run(
                cell,
                &format!(
                    "INSERT INTO services VALUES (1, '{host}', 'nova-compute', 0), (2, 'old', 'nova-compute', 2),
                     (3, 'conductor', 'nova-conductor', 0);
                     INSERT INTO compute_nodes VALUES (1, '{host}', '{host}.example', 0), (2, 'old', 'old.example', 2)"
                ),
            );
        }
    }

    /// Statements, one after the other.
    pub fn run(&self, database: &str, statements: &str) {
        match &self.engine {
            Engine::Sqlite(folder) => {
                let path = folder.path().join(database);
                Connection::open(path).unwrap().execute_batch(statements).unwrap();
            }
            Engine::Servers(databases) => {
                let database = &databases[database];
                let mut session = database.session();
                if database.kind == Kind::Mariadb {
                    session.run("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'");
                }
                for statement in statements.split(";\n").filter(|statement| !statement.trim().is_empty()) {
                    session.run(statement);
                }
            }
        }
    }

    fn address(&self, name: &str) -> Address {
        match &self.engine {
            Engine::Sqlite(folder) => sqlite(&folder.path().join(name)),
            Engine::Servers(databases) => databases[name].address(),
        }
    }

    /// The deployment without those databases: they are not where they should be.
    pub fn without(&self, down: &[&str]) -> Arc<Opened> {
        let address = |name: &str| match down.contains(&name) {
            true => sqlite(Path::new("/nonexistent/database")),
            false => self.address(name),
        };
        let cells =
            NAMES[1..].iter().map(|name| CellArgument { name: CellName::new(name), url: address(name) });
        let deployment = Deployment::new(address("api"), cells.collect()).unwrap();
        Arc::new(Opened { deployment, stores: Mutex::default() })
    }

    pub fn whole(&self) -> Arc<Opened> {
        self.without(&[])
    }
}

fn sqlite(path: &Path) -> Address {
    reqspec::deployment::url::parse(&format!("sqlite:///{}", path.display())).unwrap()
}

/// Each database opened once.
pub struct Opened {
    pub deployment: Deployment,
    stores: Mutex<BTreeMap<DatabaseName, Arc<dyn SpecStore>>>,
}

#[async_trait]
impl FactStores for Opened {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        if let Some(store) = self.stores.lock().unwrap().get(database) {
            return Ok(Arc::clone(store));
        }
        let store = self.deployment.open(database, Access::ReadOnly).await?;
        self.stores.lock().unwrap().insert(database.clone(), Arc::clone(&store));
        Ok(store)
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.deployment.entries()
    }
}

/// Whoever breaks a rule: (instance, database) to codes, in order.
pub type Broken = BTreeMap<(String, String), Vec<String>>;

pub fn options(opened: &Opened, home: SpecHome) -> Options {
    Options { examples: 10_000, ..Options::all(opened.deployment.databases().to_vec(), home, NOW) }
}

/// Runs it, and checks that what it counts, keeps as examples and tells one by one is the same.
pub fn examine(opened: &Arc<Opened>, options: Options) -> (Report, Broken) {
    let told: Arc<Mutex<Broken>> = Arc::default();
    let seen = Arc::clone(&told);
    let each: doctor::Seen = Arc::new(move |database: &DatabaseName, uuid: &str, finding: &Finding| {
        let mut told = seen.lock().unwrap();
        let codes = told.entry((uuid.to_owned(), database.to_string())).or_default();
        assert!(!finding.sentence.is_empty());
        if codes.iter().all(|code| code != finding.rule.code) {
            codes.push(finding.rule.code.to_owned());
            codes.sort();
        }
    });
    let options = Options { each: Some(each), ..options };
    let stores: Arc<dyn FactStores> = Arc::clone(opened) as Arc<dyn FactStores>;
    let report = crate::rules::block_on(async {
        let _ = opened.deployment.discover().await;
        // The terminal UI runs it on threads of its own.
        fn sent<F: Future + Send>(future: F) -> F {
            future
        }
        sent(doctor::run(stores, &options, &|_| {}, Cancel::default())).await
    });
    let told = std::mem::take(&mut *told.lock().unwrap());
    let mut kept = Broken::new();
    for found in report.findings.iter() {
        assert_eq!(found.count as usize, found.examples.len(), "{}", found.rule.code);
        for example in found.examples.iter() {
            let key = (example.instance_uuid.to_string(), found.database.to_string());
            kept.entry(key).or_default().push(found.rule.code.to_owned());
        }
    }
    kept.values_mut().for_each(|codes| codes.sort());
    assert_eq!(kept, told);
    (report, told)
}
