//! How far a change of many specs, or the doctor, is, on standard error: a line that is drawn over on a terminal, a line every
//! few seconds elsewhere.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::output::say;
use crate::change::Progress;
use crate::spec::text::escaped;

/// Least time between two lines on a terminal.
const FRAME: Duration = Duration::from_millis(100);
/// The same elsewhere.
const PLAIN: Duration = Duration::from_secs(5);

/// The line.
pub struct Line {
    /// What is done, in front; empty for none.
    what: &'static str,
    /// What the number of operations means.
    done: &'static str,
    is_terminal: bool,
    begun: Instant,
    shown: Mutex<Cell<Option<Instant>>>,
}

impl Line {
    /// Nothing is shown yet.
    pub fn new(what: &'static str, done: &'static str) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self { what, done, is_terminal, begun: Instant::now(), shown: Mutex::default() }
    }

    /// Shows how far it is, unless that was just shown.
    pub fn show(&self, progress: &Progress) {
        self.say(|| text(self.what, self.done, progress, self.begun.elapsed()));
    }

    /// Shows a line, unless one was just shown.
    pub fn say(&self, line: impl FnOnce() -> String) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let last = shown.get().unwrap_or(self.begun);
        if last.elapsed() < if self.is_terminal { FRAME } else { PLAIN } {
            return;
        }
        shown.set(Some(Instant::now()));
        let line = line();
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", escaped(&line));
            let _ = io::stderr().flush();
        } else {
            say(&line);
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_terminal && shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
            let _ = io::stderr().flush();
        }
    }
}

fn text(what: &str, done: &str, progress: &Progress, elapsed: Duration) -> String {
    let Progress { passed, total, done: count, conflicts, failed, .. } = progress;
    let mut parts = Vec::new();
    let passed_of = match total {
        Some(total) => format!("{passed} of {total}"),
        None => format!("{passed} specs"),
    };
    parts.push(if what.is_empty() { passed_of } else { format!("{what}: {passed_of}") });
    if what.is_empty() {
        let seconds = elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { *passed as f64 / seconds } else { 0.0 };
        parts.push(format!("{rate:.0} a second"));
        if let Some(left) = total.map(|total| total.saturating_sub(*passed)).filter(|_| rate > 0.0) {
            parts.push(format!("{} left", duration((left as f64 / rate).ceil())));
        }
    } else {
        parts.push(format!("{count} {done}"));
    }
    if *conflicts > 0 {
        parts.push(if *conflicts == 1 { "1 conflict".to_owned() } else { format!("{conflicts} conflicts") });
    }
    if *failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    parts.join(", ")
}

/// Seconds, in words.
fn duration(seconds: f64) -> String {
    let seconds = seconds as u64;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_rate_rest_and_trouble() {
        let progress =
            Progress { passed: 200, total: Some(1_000), done: 197, conflicts: 1, failed: 2, finished: false };
        let line = text("", "done", &progress, Duration::from_secs(2));
        assert_eq!(line, "200 of 1000, 100 a second, 8 s left, 1 conflict, 2 failed");
        let planning = Progress { passed: 3_000, done: 12, ..Progress::default() };
        assert_eq!(
            text("planning", "planned", &planning, Duration::from_secs(1)),
            "planning: 3000 specs, 12 planned"
        );
        let nothing = text("", "done", &Progress::default(), Duration::ZERO);
        assert_eq!(nothing, "0 specs, 0 a second");
        assert_eq!(duration(600.0), "10 min");
        assert_eq!(duration(9_000.0), "3 h");
    }
}
