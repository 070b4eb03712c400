//! Browsing databases of servers: `cargo bench --bench servers`.
//!
//! Starts a private MariaDB and a private PostgreSQL on loopback (`tests/servers/server.sh`, data
//! kept under `target/bench/servers`), each with `REQSPEC_BENCH_ROWS` rows (default 100,000), and
//! measures the real release binary in a pseudo-terminal and the library's stores; beside them, in
//! the same run and in turns, the plain driver reading the same rows, and the server's own JSON
//! functions answering the same queries. Medians; the machine is shared, so read the ratios.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod flights;
mod plain;
mod queries;
mod server;
#[path = "../browse/terminal.rs"]
#[allow(dead_code, reason = "shared with the other benchmark")]
mod terminal;

use std::net::TcpListener;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqspec::deployment::url;
use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::{self, Access, Cancel, DatabaseName, RowRef, RowVisitor, SpecStore, Timeouts};

use flights::Proxy;
use plain::Plain;
use server::{Engine, Server};
use terminal::Terminal;

const RUNS: usize = 11;
/// Of what takes seconds.
const FEW_RUNS: usize = 5;
/// The API database.
const API: &str = "bench_specs";
/// Rows of each of the ten cells.
const CELL_ROWS: u64 = 200;
/// As many rows as a pane of 36 lines asks for, or more.
const PAGE: u32 = 64;

fn main() {
    // `cargo test --benches` passes no --bench: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows = std::env::var("REQSPEC_BENCH_ROWS").map_or(100_000, |rows| rows.parse().unwrap());
    println!("{rows} rows in the API database, loopback, warm, medians of {RUNS}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for engine in [Engine::MariaDb, Engine::Postgres] {
        let server = Server::start(engine);
        println!("\n{}", engine.title());
        runtime.block_on(server.load(API, rows));
        for cell in 0..10 {
            runtime.block_on(server.load(&format!("bench_cell{cell}"), CELL_ROWS));
        }
        first_frame(&server, &runtime);
        pages(&server, &runtime);
        scans(&server, &runtime);
        queries::compare(&server, &runtime, &session(&runtime, &server.url(API)));
        memory(&server);
        silent_cell(&server);
    }
}

/// The first of each pane's uuids, as the panes show them.
fn short(uuids: &[String]) -> Vec<String> {
    uuids.iter().take(5).map(|uuid| uuid[..8].to_owned()).collect()
}

fn arguments(api: &str, cells: &[String]) -> Vec<String> {
    let mut arguments = vec!["--api".to_owned(), api.to_owned()];
    for (at, url) in cells.iter().enumerate() {
        arguments.extend(["--cell".to_owned(), format!("cell{at}={url}")]);
    }
    arguments
}

/// Start to the frame in which both panes show their rows.
fn open(arguments: &[String], api: &[String], cell: &[String]) -> (Terminal, Duration) {
    let mut terminal = Terminal::start(arguments);
    let at = terminal
        .until("both panes", |screen| api.iter().chain(cell).all(|uuid| screen.contains(uuid.as_str())));
    let took = at - terminal.started;
    (terminal, took)
}

fn first_frame(server: &Server, runtime: &tokio::runtime::Runtime) {
    let (api_url, cell_url) = (server.url(API), server.url("bench_cell0"));
    let api = short(&runtime.block_on(server.uuids(API)));
    let cell = short(&runtime.block_on(server.uuids("bench_cell0")));
    let arguments = arguments(&api_url, &[cell_url]);
    let (mut floor, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let began = Instant::now();
        runtime.block_on(async { Plain::connect(server, API).await.page(PAGE).await });
        floor.push(began.elapsed());
        frames.push(open(&arguments, &api, &cell).1);
    }
    println!("  plain driver, connect and one page  {:>9.2} ms", ms(median(floor)));
    println!("  process start to first frame        {:>9.2} ms   (goal 100 ms)", ms(median(frames)));
}

fn session(runtime: &tokio::runtime::Runtime, url: &str) -> Arc<dyn SpecStore> {
    let address = url::parse(url).unwrap();
    runtime.block_on(store::open(DatabaseName::Api, &address, Access::ReadOnly, Timeouts::default())).unwrap()
}

fn pages(server: &Server, runtime: &tokio::runtime::Runtime) {
    let proxy = Proxy::start(server.port);
    let store = session(runtime, &server.url_at(API, proxy.port));
    let mut from = PageFrom::Start;
    let mut times = Vec::new();
    let mut flights = 0;
    const PAGES: u64 = 200;
    for page in 0..=PAGES {
        let request = PageRequest { order: SortOrder::Id, from: from.clone(), limit: PAGE };
        let before = proxy.flights();
        let began = Instant::now();
        let rows = runtime.block_on(store.page(request)).unwrap();
        // The first one makes ready what the others use.
        if page > 0 {
            times.push(began.elapsed());
            flights += proxy.flights() - before;
        }
        // Few rows have fewer pages: from the beginning again.
        from = rows.last().map_or(PageFrom::Start, |last| PageFrom::After(PageKey::new(last.id, "")));
    }
    drop(store);
    let store = session(runtime, &server.url(API));
    let plain = runtime.block_on(Plain::connect(server, API));
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        let began = Instant::now();
        runtime.block_on(plain.page(PAGE));
        floor.push(began.elapsed());
        let request = PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: PAGE };
        let began = Instant::now();
        runtime.block_on(store.page(request)).unwrap();
        own.push(began.elapsed());
    }
    let (own, floor) = (median(own), median(floor));
    println!(
        "  one page of {PAGE} rows               {:>9.2} ms   {:.2} x the plain driver ({:.2} ms); {:.2} round trips",
        ms(own),
        own.as_secs_f64() / floor.as_secs_f64(),
        ms(floor),
        flights as f64 / PAGES as f64,
    );
}

#[derive(Default)]
struct Bytes(AtomicU64);

impl RowVisitor for Bytes {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        self.0.fetch_add((row.spec.len() + row.instance_uuid.len()) as u64, Ordering::Relaxed);
        ControlFlow::Continue(())
    }

    fn progress(&self, _rows: u64) {}
}

fn scans(server: &Server, runtime: &tokio::runtime::Runtime) {
    let store = session(runtime, &server.url(API));
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    let mut grown = 0;
    for _ in 0..RUNS {
        let plain = runtime.block_on(Plain::connect(server, API));
        let began = Instant::now();
        let expected = runtime.block_on(plain.read_all());
        floor.push(began.elapsed());
        let visitor = Arc::new(Bytes::default());
        let before = rss_anon_kib("self");
        let began = Instant::now();
        runtime.block_on(store.scan(Prefilter::NONE, visitor.clone(), Cancel::default())).unwrap();
        own.push(began.elapsed());
        grown = grown.max(rss_anon_kib("self").saturating_sub(before));
        assert_eq!(visitor.0.load(Ordering::Relaxed), expected, "not the same rows");
    }
    let (own, floor) = (median(own), median(floor));
    println!(
        "  pass over all rows                  {:>9.0} ms   {:.2} x the plain driver ({:.0} ms; goal 1.2 x); memory +{:.1} MB",
        ms(own),
        own.as_secs_f64() / floor.as_secs_f64(),
        ms(floor),
        grown as f64 / 1024.0,
    );
}

/// Anonymous memory of the terminal UI at its start and after passes over all rows.
fn memory(server: &Server) {
    let mut terminal = Terminal::start(&arguments(&server.url(API), &[server.url("bench_cell0")]));
    terminal.settle();
    let opened = terminal.rss_anon_kib();
    let mut most = 0;
    for needle in ["bench-rare-zone", "az1", "no such text"] {
        terminal.keys("/");
        terminal.settle();
        terminal.keys(needle);
        let end = Instant::now() + Duration::from_secs(4);
        while Instant::now() < end {
            terminal.settle();
            most = most.max(terminal.rss_anon_kib());
        }
        terminal.keys("\x1b");
        terminal.settle();
    }
    println!(
        "  anonymous memory                    {:>9.1} MB after the first frame, at most {:.1} MB while filtering",
        opened as f64 / 1024.0,
        most as f64 / 1024.0
    );
}

/// The first frame of ten cells, all of them healthy or one of them silent.
fn silent_cell(server: &Server) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Accepts and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let api = short(&runtime.block_on(server.uuids(API)));
    let cell = short(&runtime.block_on(server.uuids("bench_cell0")));
    let cells = |silent_at: Option<usize>| -> Vec<String> {
        (0..10)
            .map(|at| {
                let name = format!("bench_cell{at}");
                if Some(at) == silent_at { server.url_at(&name, silent) } else { server.url(&name) }
            })
            .collect()
    };
    let (mut healthy, mut one_silent, mut shown_silent) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        healthy.push(open(&arguments(&server.url(API), &cells(None)), &api, &cell).1);
        one_silent.push(open(&arguments(&server.url(API), &cells(Some(5))), &api, &cell).1);
        shown_silent.push(open(&arguments(&server.url(API), &cells(Some(0))), &api, &[]).1);
    }
    let healthy = median(healthy);
    println!("  first frame, ten healthy cells      {:>9.2} ms", ms(healthy));
    for (what, times) in
        [("one of them silent", one_silent), ("the one shown silent (API's rows)", shown_silent)]
    {
        let time = median(times);
        println!("    {what:<33} {:>9.2} ms   {:.2} x", ms(time), time.as_secs_f64() / healthy.as_secs_f64());
    }
}

fn rss_anon_kib(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
