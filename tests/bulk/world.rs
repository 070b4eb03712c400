//! A deployment with an API database and two cells, and what a program has beside it to plan and apply.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use reqspec::change::apply::Pace;
use reqspec::change::{
    BulkChange, BulkIntent, BulkOutcome, BulkPlan, Confirmed, Journal, Problem, Progress, Record, Refusal,
    Watch, Who, Whom, apply_many_watched,
};
use reqspec::deployment::facts::FactStores;
use reqspec::deployment::{CellArgument, Deployment, Entry};
use reqspec::fleet::plans::{self, Maker, Setting, Source};
use reqspec::query::parse;
use reqspec::spec::FieldPath;
use reqspec::spec::edit::Edit;
use reqspec::store::{
    Access, Address, Cancel, CellName, DatabaseName, SpecHome, SpecStore, StoreError, Stores,
};
use rusqlite::Connection;

use crate::support::{Scratch, block_on, uuid};

pub struct World {
    scratch: Scratch,
    deployment: Arc<Deployment>,
    journal: Journal,
}

struct Sessions(Arc<Deployment>);

#[async_trait]
impl FactStores for Sessions {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        self.0.open(database, Access::ReadOnly).await
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.0.entries()
    }
}

/// Sets a field.
pub fn edit(path: &str, value: &str) -> BulkChange {
    BulkChange::Edit(vec![Edit::set(path.parse::<FieldPath>().unwrap(), value)])
}

/// Clears a field.
pub fn unset(path: &str) -> BulkChange {
    BulkChange::Edit(vec![Edit::unset(path.parse::<FieldPath>().unwrap())])
}

impl World {
    pub fn new() -> Self {
        let scratch = Scratch::new();
        let address = |name: &str| {
            let path = scratch.database(&format!("{name}.sqlite"), "wal");
            Address::of_path(&path)
        };
        let api = address("api");
        let cells = ["c1", "c2"].map(|name| CellArgument { name: CellName::new(name), url: address(name) });
        let deployment = Deployment::new(api, cells.to_vec()).unwrap();
        let deployment = deployment.with_environment("testing").with_spec_home(SpecHome::Cells);
        Self { scratch, deployment: Arc::new(deployment), journal: Journal::in_memory().unwrap() }
    }

    pub fn directory(&self) -> &Path {
        self.scratch.directory()
    }

    /// Where plans are kept.
    pub fn state(&self) -> PathBuf {
        self.directory().join("plans")
    }

    /// The plans that are kept.
    pub fn plans(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state()).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn connect(&self, name: &str) -> Connection {
        let connection = Connection::open(self.directory().join(format!("{name}.sqlite"))).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA busy_timeout = 10000").unwrap();
        connection
    }

    pub fn sql(&self, name: &str, sql: &str) {
        self.connect(name).execute_batch(sql).unwrap();
    }

    /// Rows of these instances.
    pub fn fill(&self, name: &str, numbers: RangeInclusive<i64>, text: impl Fn(i64) -> String) {
        let mut connection = self.connect(name);
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare("INSERT INTO request_specs (created_at, instance_uuid, spec) VALUES ('2024-05-06 07:08:09', ?1, ?2)")
                .unwrap();
            for number in numbers {
                insert.execute((uuid(number), text(number))).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    pub fn write(&self, name: &str, number: i64, text: &str) {
        let sql = "UPDATE request_specs SET spec = ?2 WHERE instance_uuid = ?1";
        assert_eq!(self.connect(name).execute(sql, (uuid(number), text)).unwrap(), 1);
    }

    pub fn delete(&self, name: &str, number: i64) {
        let sql = "DELETE FROM request_specs WHERE instance_uuid = ?1";
        assert_eq!(self.connect(name).execute(sql, [uuid(number)]).unwrap(), 1);
    }

    pub fn text(&self, name: &str, number: i64) -> String {
        let sql = "SELECT spec FROM request_specs WHERE instance_uuid = ?1";
        self.connect(name).query_row(sql, [uuid(number)], |row| row.get(0)).unwrap()
    }

    /// How many rows hold those words.
    pub fn count(&self, name: &str, words: &str) -> u64 {
        let sql = "SELECT count(*) FROM request_specs WHERE instr(spec, ?1) > 0";
        self.connect(name).query_row(sql, [words], |row| row.get::<_, i64>(0)).unwrap() as u64
    }

    /// The numbers of the instances whose specs are there.
    pub fn numbers(&self, name: &str) -> Vec<i64> {
        let connection = self.connect(name);
        let mut statement = connection.prepare("SELECT instance_uuid FROM request_specs ORDER BY 1").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|row| i64::from_str_radix(&row.unwrap()[..8], 16).unwrap()).collect()
    }

    /// nova's own tables, as far as plans ask them.
    pub fn nova(&self) {
        self.sql(
            "api",
            "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid VARCHAR(36), name VARCHAR(255));
             INSERT INTO cell_mappings VALUES (1, 'f4179abe-102a-4808-aca4-f790c38bf7ed', 'c1'),
                 (2, '7aed0aa5-cab3-4352-83aa-7508e993ca93', 'c2');
             CREATE TABLE instance_mappings (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) UNIQUE,
                 cell_id INTEGER, queued_for_delete BOOLEAN DEFAULT 0);
             CREATE TABLE build_requests (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36))",
        );
        for cell in ["c1", "c2"] {
            self.sql(
                cell,
                "CREATE TABLE instances (id INTEGER PRIMARY KEY, uuid VARCHAR(36), deleted INTEGER DEFAULT 0,
                     host VARCHAR(255), node VARCHAR(255), vm_state VARCHAR(255), task_state VARCHAR(255),
                     display_name VARCHAR(255), project_id VARCHAR(255), user_id VARCHAR(255),
                     availability_zone VARCHAR(255));
                 CREATE TABLE instance_extra (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36),
                     deleted INTEGER DEFAULT 0, flavor TEXT, numa_topology TEXT, pci_requests TEXT)",
            );
        }
    }

    pub fn map(&self, number: i64, cell: Option<i64>) {
        let sql = "INSERT INTO instance_mappings (instance_uuid, cell_id) VALUES (?1, ?2)";
        self.connect("api").execute(sql, (uuid(number), cell)).unwrap();
    }

    /// An instance of the project and user that its spec names.
    pub fn instance(&self, cell: &str, number: i64, vm_state: &str, task_state: Option<&str>) {
        let sql = "INSERT INTO instances (uuid, vm_state, task_state, project_id, user_id)
                   SELECT ?1, ?2, ?3, json_extract(spec, '$.\"nova_object.data\".project_id'),
                       json_extract(spec, '$.\"nova_object.data\".user_id')
                   FROM request_specs WHERE instance_uuid = ?1";
        self.connect(cell).execute(sql, (uuid(number), vm_state, task_state)).unwrap();
    }

    pub fn intent(&self, change: BulkChange, query: &str) -> BulkIntent {
        let databases = self.deployment.databases().to_vec();
        let whom = Whom::Query { databases, query: Arc::new(parse(query).unwrap()) };
        BulkIntent { change, whom, limit: None }
    }

    fn setting(&self, force: bool) -> Setting {
        let maker = Maker { operator: "ada".into(), host: "controller".into(), reason: None };
        Setting { maker, now: 1_767_225_600, directory: self.state(), force }
    }

    fn sessions(&self) -> Arc<dyn FactStores> {
        Arc::new(Sessions(Arc::clone(&self.deployment)))
    }

    pub fn build(&self, change: BulkChange, query: &str) -> Result<BulkPlan, Refusal> {
        self.build_intent(&self.intent(change, query), false)
    }

    pub fn build_intent(&self, intent: &BulkIntent, force: bool) -> Result<BulkPlan, Refusal> {
        let (stores, setting) = (self.sessions(), self.setting(force));
        block_on(plans::build(&stores, &self.deployment, intent, &setting, &|_| {}, &Cancel::default()))
    }

    pub fn build_cancelled(&self, intent: &BulkIntent, cancel: &Cancel) -> Result<BulkPlan, Refusal> {
        let (stores, setting) = (self.sessions(), self.setting(false));
        block_on(plans::build(&stores, &self.deployment, intent, &setting, &|_| {}, cancel))
    }

    pub fn open(&self, source: Source<'_>, force: bool) -> Result<BulkPlan, Refusal> {
        let (stores, setting) = (self.sessions(), self.setting(force));
        block_on(plans::open(&stores, &self.deployment, source, &setting, &|_| {}, &Cancel::default()))
    }

    pub fn apply(
        &self,
        plan: Confirmed<BulkPlan>,
        cancel: &Cancel,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> BulkOutcome {
        self.carry_out(plan, cancel, Watch { progress, problem: &|_| {} })
    }

    /// The same, telling of each problem.
    pub fn watched(&self, plan: Confirmed<BulkPlan>, problem: &(dyn Fn(&Problem) + Sync)) -> BulkOutcome {
        self.carry_out(plan, &Cancel::default(), Watch { progress: &|_| {}, problem })
    }

    fn carry_out(&self, plan: Confirmed<BulkPlan>, cancel: &Cancel, watch: Watch<'_>) -> BulkOutcome {
        let who = Who { operator: "ada".into(), host: "controller".into() };
        let record = Record::new(self.journal.clone(), who, None);
        block_on(async {
            let mut stores = Stores::new();
            for database in plan.get().targets() {
                stores.insert(self.deployment.open(database, Access::ReadWrite).await.unwrap());
            }
            apply_many_watched(&stores, &record, plan, &Pace::default(), watch, cancel).await
        })
    }
}

/// A plan file with other lines, and a last line that fits them.
pub fn forged(text: &str, change: impl FnOnce(&mut Vec<String>)) -> String {
    use sha2::Digest as _;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    change(&mut lines);
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let sum: String = sha2::Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body}{{\"operations\":{},\"sha256\":\"{sum}\"}}\n", lines.len() - 1)
}

/// The line of a save in c1.
pub fn saving(before: &str, after: &str, uuid: &str) -> String {
    use sha2::Digest as _;
    let sum: String = sha2::Sha256::digest(before).iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({
        "operation": "save", "database": "c1", "instance_uuid": uuid, "before": format!("sha256:{sum}"),
        "splices": [{ "at": 0, "removed": before, "inserted": after }], "after": after,
    })
    .to_string()
}
