//! Judging rows: `cargo bench --bench search`.
//!
//! What a query costs, as a session of the program passes over the rows, beside F, the plain read of all
//! texts through rusqlite, with two threads each over the same SQLite file of `REQSPEC_BENCH_ROWS` rows
//! (default 1,000,000; made once under `target/bench`), in the same run and in turns; beside them the
//! `sqlite3` command line's json_extract. Then the same without a database, and what columns cost and
//! save. Medians; the machine is shared, so read the ratios.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod rows;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqspec::query::columns::{Bits, Columns, ColumnsBuilder};
use reqspec::query::record::{Facts, Verdict};
use reqspec::query::{Field, Matcher, parse, parse_field, parse_order};

const RUNS: usize = 5;

/// What is asked, and how often F it may take.
const QUERIES: &[(&str, f64)] = &[
    ("az=bench-rare-zone", 1.6),
    ("flavor=nosuch", 1.6),
    ("project=nosuch", 1.6),
    ("group=nosuch", 1.6),
    ("vcpus=777", 1.6),
    ("extra.hw:cpu_policy=nosuch", 1.6),
    ("demands=D", 1.6),
    ("az=az1", 2.3),
    ("not az=az1", 2.3),
    ("nosuchword", 1.25),
    ("bench-rare-zone", 1.25),
    ("image:nosuch", 1.6),
    ("az=az1 vcpus>=2 flavor image bfv=no", 3.0),
    ("vcpus>=2 flavor image bfv=no az=bench-rare-zone", 3.0),
];

const COLUMNS: &[&str] =
    &["az", "flavor", "vcpus", "ram", "disk", "project", "user", "image", "demands", "version"];

fn main() {
    // `cargo test --benches` passes no --bench: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let count = std::env::var("REQSPEC_BENCH_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let path = make(count);
    std::io::copy(&mut std::fs::File::open(&path).unwrap(), &mut std::io::sink()).unwrap();
    println!("{count} rows, two threads by id range, warm cache, medians of {RUNS}\n");
    over_sqlite(&path);
    in_memory(&path);
    over_columns(&path);
}

fn make(rows: u64) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/bench");
    let script = root.join("benches/make_database.py");
    let made = Command::new("python3").arg(script).arg(&folder).arg(rows.to_string()).status().unwrap();
    assert!(made.success());
    folder.join(format!("api-{rows}.sqlite"))
}

fn over_sqlite(path: &Path) {
    let mut floor = Vec::new();
    let mut times = vec![Vec::new(); QUERIES.len()];
    let mut hits = vec![0; QUERIES.len()];
    for _ in 0..RUNS {
        floor.push(timed(|| black_box(rows::read_all(path))).0);
        for (at, (query, _)) in QUERIES.iter().enumerate() {
            let matcher = Matcher::new(&parse(query).unwrap(), 0);
            let (time, found) = timed(|| rows::count(path, matcher));
            times[at].push(time);
            hits[at] = found;
        }
    }
    let floor = median(floor);
    println!("over SQLite\n  {:<52}{:>8.0} ms", "F: plain read of the texts", ms(floor));
    for (((query, goal), times), hits) in QUERIES.iter().zip(times).zip(hits) {
        let time = median(times);
        let ratio = time.as_secs_f64() / floor.as_secs_f64();
        println!("  {query:<52}{:>8.0} ms   {ratio:.2} F (goal {goal} F)   {hits} hits", ms(time));
    }
    for zone in ["bench-rare-zone", "az1"] {
        // It refuses what Python and nova read, NaN for one, and ends there.
        let sql = format!(
            "SELECT count(*) FROM request_specs WHERE CASE WHEN json_valid(spec) \
             THEN json_extract(spec, '$.\"nova_object.data\".availability_zone') END = '{zone}'"
        );
        let run = || Command::new("sqlite3").arg("-readonly").arg(path).arg(&sql).output().unwrap();
        let (time, output) = timed(run);
        let hits = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let label = format!("sqlite3 command line, json_extract of {zone}");
        println!(
            "  {label:<52}{:>8.0} ms   {:.2} F   {hits} hits",
            ms(time),
            time.as_secs_f64() / floor.as_secs_f64()
        );
    }
    println!();
}

fn in_memory(path: &Path) {
    let rows = rows::some(path, 20_000);
    println!("in memory, one thread, {} rows", rows.len());
    for (query, _) in QUERIES {
        let matcher = Matcher::new(&parse(query).unwrap(), 0);
        let times = (0..RUNS).map(|_| {
            let hits = || {
                rows.iter().filter(|row| matcher.verdict(&row.record(), Facts::NONE) == Verdict::Yes).count()
            };
            timed(|| black_box(hits())).0
        });
        let time = median(times.collect());
        println!("  {query:<52}{:>8.0} ns/row", time.as_secs_f64() * 1e9 / rows.len() as f64);
    }
    println!();
}

fn over_columns(path: &Path) {
    let fields: Vec<Field> = COLUMNS.iter().map(|name| parse_field(name).unwrap()).collect();
    let (time, columns) = timed(|| build(path, &fields));
    println!("columns: {}", COLUMNS.join(" "));
    println!(
        "  {:<52}{:>8.0} ms   {} of {}, {:.1} MB",
        "building them",
        ms(time),
        columns.all().len(),
        fields.len(),
        columns.bytes() as f64 / 1e6
    );
    for query in ["az=az1", "az=az1 vcpus>=2", "not (az=az1 or flavor~^m1) ram>4G"] {
        let query = parse(query).unwrap();
        let picks = (0..RUNS * 3).map(|_| timed(|| columns.pick(&query, 0).unwrap()));
        let (times, picked): (Vec<_>, Vec<_>) = picks.unzip();
        println!(
            "  {:<52}{:>8.2} ms   {} hits (goal 5 ms)",
            query.text,
            ms(median(times)),
            picked[0].yes.count()
        );
    }
    let all = Bits::new(columns.len(), true);
    let times =
        (0..RUNS).map(|_| timed(|| black_box(columns.sorted(&parse_order("-vcpus").unwrap(), &all))).0);
    println!("  {:<52}{:>8.2} ms", "all rows sorted by -vcpus", ms(median(times.collect())));
    let two = &fields[..2];
    let times = (0..RUNS).map(|_| timed(|| black_box(columns.counts(two, &all, 100_000))).0);
    println!("  {:<52}{:>8.2} ms", "all rows counted by az, flavor", ms(median(times.collect())));
}

fn build(path: &Path, fields: &[Field]) -> Columns {
    let parts = std::sync::Mutex::new(Vec::new());
    rows::each_part(path, |part| {
        let mut builder = ColumnsBuilder::new(fields, 32 << 20);
        part(&mut |record| builder.add(record, Facts::NONE));
        parts.lock().unwrap().push(builder);
    });
    let mut parts = parts.into_inner().unwrap();
    let mut whole = parts.pop().unwrap();
    parts.into_iter().for_each(|part| whole.append(part));
    whole.finish()
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
