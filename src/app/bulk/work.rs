//! Work on many specs that is under way: planning or applying. How far it is, how fast, how long it
//! takes yet, and stopping it.
//!
//! Imports `change` and its siblings; no I/O.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::effect::RequestId;
use crate::app::overlay::{Buttons, Pressed};
use crate::change::Progress;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plan is made: rows are looked at, nothing is written.
    Planning,
    /// A confirmed plan is carried out.
    Applying,
    /// What was interrupted is brought to its end.
    Recovering,
}

/// Work that is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Names its reports.
    pub request: RequestId,
    /// What is done.
    pub kind: Kind,
    /// To what, in a few words.
    pub title: String,
    /// How far it is.
    pub progress: Progress,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Whether to stop is being asked: the buttons.
    pub asking: Option<Buttons>,
    /// Whether it was told to stop.
    pub stopping: bool,
}

/// What a key meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Stay,
    /// Stop it.
    Stop,
}

impl Work {
    /// Work that begins now.
    pub fn new(request: RequestId, kind: Kind, title: String, now: i64) -> Self {
        Self {
            request,
            kind,
            title,
            progress: Progress::default(),
            since: now,
            asking: None,
            stopping: false,
        }
    }

    /// A key. Looking at rows is stopped at once; writing is asked for, since what is done stays done.
    pub fn key(&mut self, event: &KeyEvent) -> Wish {
        if self.stopping {
            return Wish::Stay;
        }
        if let Some(buttons) = &mut self.asking {
            match buttons.key(event) {
                Pressed::Button(0) => self.asking = None,
                Pressed::Button(_) => {
                    (self.asking, self.stopping) = (None, true);
                    return Wish::Stop;
                }
                Pressed::Moved | Pressed::Ignored => {}
            }
            return Wish::Stay;
        }
        if event.code == KeyCode::Esc {
            if self.kind == Kind::Planning {
                self.stopping = true;
                return Wish::Stop;
            }
            self.asking = Some(Buttons::new(["Go on", "Stop it"]));
        }
        Wish::Stay
    }

    /// Specs per second, once that says something.
    pub fn rate(&self, now: i64) -> Option<f64> {
        let seconds = now - self.since;
        (seconds > 0 && self.progress.passed > 0).then(|| self.progress.passed as f64 / seconds as f64)
    }

    /// Seconds that it takes yet, at the present rate.
    pub fn remaining(&self, now: i64) -> Option<u64> {
        let left = self.progress.total?.checked_sub(self.progress.passed)?;
        Some((left as f64 / self.rate(now)?).ceil() as u64)
    }

    /// How much of it is done, in parts of 1,000; None where it is not known of how much.
    pub fn part(&self) -> Option<u64> {
        let total = self.progress.total.filter(|total| *total > 0)?;
        Some((u128::from(self.progress.passed.min(total)) * 1_000 / u128::from(total)) as u64)
    }
}

/// Seconds in words: `40 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;
    use crate::app::effect::Requests;

    fn work(kind: Kind) -> Work {
        Work::new(Requests::default().issue(), kind, "edit 12 specs".to_owned(), 100)
    }

    fn press(work: &mut Work, code: KeyCode) -> Wish {
        work.key(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn planning_is_stopped_at_once_and_once() {
        let mut work = work(Kind::Planning);
        assert_eq!(press(&mut work, KeyCode::Char('q')), Wish::Stay);
        assert_eq!(press(&mut work, KeyCode::Esc), Wish::Stop);
        assert_eq!(press(&mut work, KeyCode::Esc), Wish::Stay);
    }

    #[test]
    fn applying_is_stopped_after_a_question_whose_default_goes_on() {
        let mut work = work(Kind::Applying);
        for keys in [[KeyCode::Esc, KeyCode::Enter], [KeyCode::Esc, KeyCode::Esc]] {
            for key in keys {
                assert_eq!(press(&mut work, key), Wish::Stay);
            }
            assert!(work.asking.is_none() && !work.stopping);
        }
        press(&mut work, KeyCode::Esc);
        press(&mut work, KeyCode::Right);
        assert_eq!(press(&mut work, KeyCode::Enter), Wish::Stop);
        assert!(work.stopping);
    }

    #[test]
    fn rates_and_times() {
        let mut work = work(Kind::Applying);
        assert_eq!((work.rate(100), work.remaining(110), work.part()), (None, None, None));
        work.progress = Progress { passed: 250, total: Some(1_000), ..Progress::default() };
        assert_eq!((work.rate(110), work.remaining(110), work.part()), (Some(25.0), Some(30), Some(250)));
        work.progress.passed = 2_000;
        assert_eq!((work.remaining(110), work.part()), (None, Some(1_000)), "more than was said");
        work.progress = Progress { passed: u64::MAX / 2, total: Some(u64::MAX), ..Progress::default() };
        assert_eq!(work.part(), Some(499));
    }

    #[rstest::rstest]
    #[case(0, "0 s")]
    #[case(200, "3 min 20 s")]
    #[case(7_500, "2 h 5 min")]
    fn durations_are_words(#[case] seconds: u64, #[case] expected: &str) {
        assert_eq!(duration(seconds), expected);
    }
}
