//! Queries typed into the real binary over one database: from the last key to the settled count, the
//! first hits, the same query again over columns, sorting, cancelling, and what memory that takes.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::floor::{Database, shows_hits};
use crate::terminal::Terminal;
use crate::{median, ms};

const RUNS: usize = 3;

pub fn queries(path: &Path) {
    let database = Database::open(path);
    let floor = median((0..5).map(|_| database.read_all(false)).collect());
    println!("\nqueries over one database, last key to settled count; F is {:.0} ms, not mapped", ms(floor));
    let in_f = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
    let mut memory = 0;
    for (query, goal) in [
        ("az=bench-rare-zone", "1.6 F"),
        ("az=az1", "2.3 F; first hits 50 ms"),
        ("bench-rare-zone", "1.25 F"),
        ("az=az1 vcpus>=2 flavor image bfv=no", "3 F; first hits 50 ms"),
    ] {
        let (mut first, mut all, mut again, mut cancelled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let mut terminal = open(path);
            let top = database.short_uuids(0, 1).remove(0);
            let (began, first_hits, settled) = search(&mut terminal, query);
            first.push(first_hits - began);
            all.push(settled - began);
            let began = terminal.keys("\x1b");
            terminal.until("the whole list", |screen| screen.contains(&top));
            let _ = began;
            // Columns are built while nobody searches.
            idle(&mut terminal);
            let (began, _, settled) = search(&mut terminal, query);
            again.push(settled - began);
            memory = memory.max(terminal.rss_anon_kib());
            terminal.keys("\x1b");
            terminal.until("the whole list", |screen| screen.contains(&top));
            terminal.keys("/nosuchwordatall");
            sleep(Duration::from_millis(200));
            terminal.settle_for(Duration::from_millis(1));
            let began = terminal.keys("\x1b");
            cancelled.push(terminal.until("the whole list", |screen| screen.contains(&top)) - began);
        }
        let all = median(all);
        println!("  /{query:<38} {:>6.0} ms   {:.2} F (goal {goal})", ms(all), in_f(all));
        println!(
            "     first hits after {:.0} ms; again {:.1} ms; a search left: {:.1} ms",
            ms(median(first)),
            ms(median(again)),
            ms(median(cancelled))
        );
    }
    // Fields that no list shows, so that no column of them is there yet.
    for order in ["flavorid", "-imageid", "$.num_instances"] {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let mut terminal = open(path);
            terminal.keys(&format!(":sort {order}"));
            terminal.settle();
            let began = terminal.keys("\r");
            let wanted = format!("of {}", grouped(database.count()));
            let sorted = |screen: &str| {
                screen.contains(['▲', '▼'])
                    && screen.lines().any(|line| {
                        line.starts_with('└') && line.contains(&wanted) && line.contains("─ 1 of")
                    })
            };
            times.push(terminal.until("the sorted list", sorted) - began);
            memory = memory.max(terminal.rss_anon_kib());
        }
        let time = median(times);
        println!("  sort by {order:<31} {:>6.0} ms   {:.2} F (goal 6 F)", ms(time), in_f(time));
    }
    println!("  anonymous memory, at most               {:>6.1} MB (goal 100 MB)", memory as f64 / 1024.0);
}

fn open(path: &Path) -> Terminal {
    let mut terminal = Terminal::start(&["--api".into(), format!("sqlite:///{}", path.display())]);
    terminal.until("the list", |screen| screen.contains(" 1 of "));
    idle(&mut terminal);
    terminal
}

/// The moments of the last key, of the first hits and of the settled count.
fn search(terminal: &mut Terminal, query: &str) -> (Instant, Instant, Instant) {
    let (before, last) = query.split_at(query.len() - 1);
    terminal.keys("/");
    terminal.keys(before);
    sleep(Duration::from_millis(100));
    terminal.settle_for(Duration::from_millis(1));
    let began = terminal.keys(last);
    let first = terminal.until("a hit", |screen| screen.contains(query) && shows_hits(screen, false));
    let settled = terminal.until_now("the settled count", |screen| shows_hits(screen, true)).unwrap_or(first);
    (began, first, settled)
}

/// Waits until the process does nothing any more.
fn idle(terminal: &mut Terminal) {
    let mut last = terminal.processor_ticks();
    let mut still = 0;
    while still < 5 {
        terminal.settle_for(Duration::from_millis(100));
        let now = terminal.processor_ticks();
        still = if now <= last + 1 { still + 1 } else { 0 };
        last = now;
    }
}

fn grouped(count: i64) -> String {
    reqspec::app::words::grouped(count.unsigned_abs())
}
