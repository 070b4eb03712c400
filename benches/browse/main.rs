//! Browsing a large deployment: `cargo bench --bench browse`.
//!
//! Measures the real release binary in a pseudo-terminal on two databases (API and cell1) of
//! `REQSPEC_BENCH_ROWS` rows each (default 1,000,000; made once under `target/bench`, 5 GB each),
//! and beside it, in the same run and in turns, the floor: the `sqlite3` command line printing a
//! first page, and the plain read of all texts. Medians; the machine is shared, so read the ratios.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod floor;
mod live;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use floor::Database;
use terminal::Terminal;

const RUNS: usize = 15;

fn main() {
    // `cargo test --benches` passes no --bench: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows = std::env::var("REQSPEC_BENCH_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let large = Pair::make(rows);
    let small = Pair::make(1_000);
    large.warm();
    small.warm();

    println!("{rows} rows in each of two databases, warm cache, medians of {RUNS}\n");
    first_frame(&large, &small);
    keys(&large);
    if std::env::var_os("REQSPEC_BENCH_FILTER").is_none_or(|value| value != "0") {
        filter(&large);
        live::queries(&large.api);
    }
}

/// An API and a cell database of that many rows.
struct Pair {
    api: PathBuf,
    cell: PathBuf,
}

impl Pair {
    fn make(rows: u64) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join("target/bench");
        let script = root.join("benches/make_database.py");
        let made = Command::new("python3").arg(script).arg(&folder).arg(rows.to_string()).status().unwrap();
        assert!(made.success());
        Self {
            api: folder.join(format!("api-{rows}.sqlite")),
            cell: folder.join(format!("cell1-{rows}.sqlite")),
        }
    }

    fn warm(&self) {
        for path in [&self.api, &self.cell] {
            std::io::copy(&mut std::fs::File::open(path).unwrap(), &mut std::io::sink()).unwrap();
        }
    }

    fn arguments(&self) -> Vec<String> {
        let url = |path: &Path| format!("sqlite:///{}", path.display());
        vec!["--api".into(), url(&self.api), "--cell".into(), format!("cell1={}", url(&self.cell))]
    }

    /// Starts the program and waits for the first complete frame: both panes filled.
    fn open(&self) -> (Terminal, Duration) {
        let api = Database::open(&self.api).short_uuids(0, 5);
        let mut terminal = Terminal::start(&self.arguments());
        let at = terminal.until("both panes", |screen| {
            api.iter().all(|uuid| screen.lines().any(|line| line.matches(uuid.as_str()).count() == 2))
        });
        let took = at - terminal.started;
        (terminal, took)
    }
}

fn first_frame(large: &Pair, small: &Pair) {
    let (mut command_line, mut on_large, mut on_small) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        command_line.push(sqlite3_first_page(&large.api));
        on_large.push(large.open().1);
        on_small.push(small.open().1);
    }
    let (floor, on_large, on_small) = (median(command_line), median(on_large), median(on_small));
    println!("start to the first complete frame of both panes");
    println!("  sqlite3 command line, one page      {:>9.2} ms", ms(floor));
    println!(
        "  reqspec                             {:>9.2} ms   {:.2} x (goal 2.5 x)",
        ms(on_large),
        on_large.as_secs_f64() / floor.as_secs_f64()
    );
    println!(
        "  reqspec, 1,000 rows per database    {:>9.2} ms   {:.2} of it (goal within 10 %)",
        ms(on_small),
        on_large.as_secs_f64() / on_small.as_secs_f64()
    );
}

fn sqlite3_first_page(path: &Path) -> Duration {
    let began = Instant::now();
    let done = Command::new("sqlite3")
        .arg("-readonly")
        .arg(path)
        .arg("SELECT id, instance_uuid, updated_at, spec FROM request_specs ORDER BY id LIMIT 50")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success());
    began.elapsed()
}

fn keys(pair: &Pair) {
    let database = Database::open(&pair.api);
    let count = database.count();
    let (mut down, mut end, mut jump, mut home) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut terminal, _) = pair.open();
    terminal.settle();
    let opened = terminal.rss_anon_kib();
    for run in 0..RUNS {
        let last = database.short_uuids(count - 1, 1).remove(0);
        let began = terminal.keys("G");
        end.push(terminal.until("the last row", |screen| screen.contains(&last)) - began);
        terminal.settle();

        let first = database.short_uuids(0, 1).remove(0);
        let began = terminal.keys("g");
        home.push(terminal.until("the first row", |screen| screen.contains(&first)) - began);
        terminal.settle();

        // Three pages down, each measured: the row that was below the pane must come into it.
        let beyond = database.short_uuids(60, 1).remove(0);
        let began = terminal.keys("\x1b[6~\x1b[6~\x1b[6~\x1b[6~\x1b[6~");
        down.push((terminal.until("five pages on", |screen| screen.contains(&beyond)) - began) / 5);
        terminal.settle();

        let wanted = database.uuid(count * (run as i64 * 2 + 1) / (RUNS as i64 * 2));
        terminal.keys(&format!("/{}", &wanted[..13]));
        terminal.settle();
        terminal.keys("\x1b");
        terminal.settle();
        terminal.keys("/");
        terminal.keys(&wanted[..11]);
        terminal.settle();
        let began = terminal.keys(&wanted[11..13]);
        jump.push(terminal.until("the row of a uuid", |screen| screen.contains(&wanted[..8])) - began);
        terminal.keys("\x1b");
        terminal.settle();
    }
    println!("\nfrom key to frame (goal 5 ms)");
    for (what, times) in
        [("page down", down), ("jump to the end", end), ("jump to the start", home), ("jump to a uuid", jump)]
    {
        println!("  {what:<35} {:>9.2} ms", ms(median(times)));
    }
    println!("\nanonymous memory (goal 20 MB)");
    println!("  after the first frame               {:>9.1} MB", opened as f64 / 1024.0);
    println!("  after all of the above              {:>9.1} MB", terminal.rss_anon_kib() as f64 / 1024.0);
}

fn filter(pair: &Pair) {
    let database = Database::open(&pair.api);
    let mut plain = Vec::new();
    let mut mapped = Vec::new();
    for _ in 0..5 {
        plain.push(database.read_all(false));
        mapped.push(database.read_all(true));
    }
    let (plain, mapped) = (median(plain), median(mapped));
    println!("\na word in all rows of both databases (goal 3 F)");
    println!("  F: plain read of the texts          {:>9.0} ms mapped, {:.0} ms not", ms(mapped), ms(plain));
    for needle in ["bench-rare-zone", "az1", "m1."] {
        let (mut first, mut all) = (Vec::new(), Vec::new());
        let mut memory = 0;
        for _ in 0..5 {
            let (mut terminal, _) = pair.open();
            terminal.settle();
            terminal.keys("/");
            terminal.keys(&needle[..needle.len() - 1]);
            let began = terminal.keys(&needle[needle.len() - 1..]);
            first.push(terminal.until("a hit", |screen| floor::shows_hits(screen, false)) - began);
            all.push(terminal.until("the settled count", |screen| floor::shows_hits(screen, true)) - began);
            memory = memory.max(terminal.rss_anon_kib());
        }
        let all = median(all);
        println!(
            "  /{needle:<33} {:>9.0} ms   {:.2} F mapped, {:.2} F not; first hits after {:.0} ms; {:.1} MB",
            ms(all),
            all.as_secs_f64() / mapped.as_secs_f64(),
            all.as_secs_f64() / plain.as_secs_f64(),
            ms(median(first)),
            memory as f64 / 1024.0,
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
