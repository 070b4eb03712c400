//! Short notices that go by themselves. Imports nothing; no I/O.

use std::collections::VecDeque;

/// How long a notice stays, in seconds.
const SECONDS: i64 = 6;
/// At most so many at once: the oldest goes first.
const MOST: usize = 4;

/// What kind of notice it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToastKind {
    /// Something was done.
    Done,
    /// Something to know.
    Notice,
    /// Something did not work.
    Problem,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What kind.
    pub kind: ToastKind,
    /// The sentence.
    pub text: String,
    until: i64,
}

/// The notices on the screen, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Toasts(VecDeque<Toast>);

impl Toasts {
    /// Shows a notice; the same one again only stays longer.
    pub fn show(&mut self, now: i64, kind: ToastKind, text: impl Into<String>) {
        let text = text.into();
        self.0.retain(|toast| toast.text != text);
        // What went wrong stays twice as long.
        let seconds = if kind == ToastKind::Problem { 2 * SECONDS } else { SECONDS };
        self.0.push_back(Toast { kind, text, until: now + seconds });
        while self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Drops what is over. True if anything was.
    pub fn expire(&mut self, now: i64) -> bool {
        let before = self.0.len();
        self.0.retain(|toast| toast.until > now);
        self.0.len() != before
    }

    /// Drops all. True if there was any.
    pub fn dismiss(&mut self) -> bool {
        let any = !self.0.is_empty();
        self.0.clear();
        any
    }

    /// Those to show, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Toast> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_go_by_themselves() {
        let mut toasts = Toasts::default();
        toasts.show(100, ToastKind::Done, "moved");
        toasts.show(103, ToastKind::Done, "moved");
        assert_eq!(toasts.iter().count(), 1);
        assert!(!toasts.expire(108));
        assert!(toasts.expire(109));
        assert_eq!(toasts.iter().count(), 0);
    }
}
