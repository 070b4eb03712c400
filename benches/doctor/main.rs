//! The doctor: `cargo bench --bench doctor`.
//!
//! Every rule over `REQSPEC_BENCH_ROWS` specs (default 1,000,000; made once under `target/bench`), beside F, the
//! plain read of all texts with two threads over the same file, in the same run and in turns. First with the
//! mappings, instances and groups of all of them, as in one of nova's deployments; then two databases with the
//! same instances and no other table. Medians; the machine is shared, so read the ratios.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "../search/rows.rs"]
#[allow(dead_code, reason = "each bench uses its part")]
mod rows;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqspec::deployment::facts::FactStores;
use reqspec::deployment::{CellArgument, Deployment, Entry};
use reqspec::fleet::doctor::{self, Options, Report};
use reqspec::lint::Severity;
use reqspec::query::{PageKey, PageRequest, SortOrder, prefilter::Prefilter};
use reqspec::store::{
    Access, Address, Cancel, CellName, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowVisitor,
    SpecHome, SpecStore, SqlValue, SqliteStore, StoreError, StoredSpec, TableState,
};

const RUNS: usize = 5;
/// The goals: so many F, so many megabytes of anonymous memory.
const GOALS: (f64, f64) = (12.0, 200.0);

fn main() {
    // `cargo test --benches` passes no --bench: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let count: u64 = std::env::var("REQSPEC_BENCH_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = make(count);
    let file = |name: &str| folder.join(format!("{name}-{count}.sqlite"));
    let (api, cell1, tables) = (file("api"), file("cell1"), file("tables"));
    for path in [&api, &cell1, &tables] {
        std::io::copy(&mut std::fs::File::open(path).unwrap(), &mut std::io::sink()).unwrap();
    }
    println!("{count} specs, two threads, warm cache, medians of {RUNS}\n");

    let one = Databases::new(&tables, &tables, Some(&api));
    judge("all rules, with mappings, instances and groups", &[&api], &one);
    let two = Databases::new(&api, &cell1, None);
    judge("all rules, two databases with the same instances, no other table", &[&api, &cell1], &two);
}

fn make(rows: u64) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/bench");
    let script = root.join("benches/make_database.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(&folder).arg(rows.to_string()).arg("--tables");
    assert!(command.status().unwrap().success());
    folder
}

fn judge(title: &str, files: &[&PathBuf], databases: &Arc<Databases>) {
    let (mut floors, mut times, mut examining) = (Vec::new(), Vec::new(), Vec::new());
    let (mut memory, mut last) = (0, Report::default());
    for _ in 0..RUNS {
        floors.push(timed(|| files.iter().map(|path| black_box(rows::read_all(path))).sum::<usize>()).0);
        let before = anonymous();
        let (time, (report, most)) = timed(|| watched(databases));
        times.push(time);
        examining.push(report.examining);
        memory = memory.max(most.saturating_sub(before));
        last = report;
    }
    assert!(last.finished && last.failures.iter().all(|failure| !failure.unexamined));
    let (floor, time) = (median(floors), median(times));
    let ratio = time.as_secs_f64() / floor.as_secs_f64();
    println!("{title}");
    println!("  F: plain read of the texts  {:>8.0} ms", ms(floor));
    println!(
        "  doctor                      {:>8.0} ms   {ratio:.2} F (goal {} F); {:.0} ms of it the specs; {:.0} specs/s",
        ms(time),
        GOALS.0,
        ms(median(examining)),
        last.passed as f64 / time.as_secs_f64()
    );
    println!("  anonymous memory            {:>8.1} MB   (goal {} MB)", memory as f64 / 1e6, GOALS.1);
    println!(
        "  found: {} errors, {} warnings, {} notices",
        last.count(Severity::Error),
        last.count(Severity::Warning),
        last.count(Severity::Notice)
    );
    for name in ["stale-flavor", "deleted-instance", "orphan", "missing", "duplicate", "conflicting-copies"] {
        let of = |found: &&doctor::Found| found.rule.name == name;
        let count: u64 = last.findings.iter().filter(of).map(|found| found.count).sum();
        if count > 0 {
            println!("    {name}: {count}");
        }
    }
    println!();
}

/// The report, and the most anonymous memory meanwhile.
fn watched(databases: &Arc<Databases>) -> (Report, u64) {
    let (ended, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                most.fetch_max(anonymous(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let stores: Arc<dyn FactStores> = Arc::clone(databases) as Arc<dyn FactStores>;
        let names = databases.deployment.databases().to_vec();
        let options = Options::all(names, SpecHome::Api, 1_793_534_400);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let report = runtime.block_on(doctor::run(stores, &options, &|_| {}, Cancel::default()));
        ended.store(true, Ordering::Relaxed);
        report
    });
    (report, most.into_inner())
}

/// RssAnon in bytes.
fn anonymous() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// An API database and a cell; the API's specs may stand in a file of their own.
struct Databases {
    deployment: Deployment,
    api: Arc<dyn SpecStore>,
    cell: Arc<dyn SpecStore>,
}

impl Databases {
    fn new(api: &Path, cell: &Path, specs: Option<&Path>) -> Arc<Self> {
        let address = |path: &Path| -> Address {
            reqspec::deployment::url::parse(&format!("sqlite:///{}", path.display())).unwrap()
        };
        let argument = CellArgument { name: CellName::new("cell1"), url: address(cell) };
        let deployment = Deployment::new(address(api), vec![argument]).unwrap();
        let open = |name: DatabaseName, path: &Path| -> Arc<dyn SpecStore> {
            Arc::new(SqliteStore::open(name, path, Access::ReadOnly).unwrap())
        };
        let tables = open(DatabaseName::Api, api);
        let api = match specs {
            Some(path) => Arc::new(Beside { specs: open(DatabaseName::Api, path), tables }),
            None => tables,
        };
        Arc::new(Self { deployment, api, cell: open(DatabaseName::cell("cell1"), cell) })
    }
}

#[async_trait]
impl FactStores for Databases {
    async fn store(&self, database: &DatabaseName) -> Result<Arc<dyn SpecStore>, StoreError> {
        Ok(Arc::clone(if *database == DatabaseName::Api { &self.api } else { &self.cell }))
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.deployment.entries()
    }
}

/// One database whose specs stand in one file and whose other tables in another.
struct Beside {
    specs: Arc<dyn SpecStore>,
    tables: Arc<dyn SpecStore>,
}

#[async_trait]
impl SpecStore for Beside {
    fn name(&self) -> &DatabaseName {
        self.specs.name()
    }
    fn location(&self) -> &str {
        self.specs.location()
    }
    fn identity(&self) -> String {
        self.specs.identity()
    }
    fn is_writable(&self) -> bool {
        false
    }
    fn engine(&self) -> Engine {
        self.specs.engine()
    }
    async fn probe(&self) -> Result<Probe, StoreError> {
        self.specs.probe().await
    }
    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.specs.table_state().await
    }
    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        self.specs.page(request).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.specs.count().await
    }
    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        self.specs.rank(order, key).await
    }
    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        self.specs.get(instance_uuid).await
    }
    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        self.specs.get_many(instance_uuids).await
    }
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        self.specs.find_prefix(prefix, limit).await
    }
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        self.specs.scan(prefilter, visitor, cancel).await
    }
    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        self.specs.create(row).await
    }
    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        self.specs.save(instance_uuid, before, after).await
    }
    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        self.specs.destroy(instance_uuid, before).await
    }
    async fn change_many(&self, changes: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.specs.change_many(changes).await
    }
    async fn hold_many(
        &self,
        rows: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
        self.specs.hold_many(rows).await
    }
    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        self.specs.hold(instance_uuid, text).await
    }
    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        let store = if sql.contains("request_specs") { &self.specs } else { &self.tables };
        store.select(sql, parameters, limit).await
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = run();
    (began.elapsed(), done)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
