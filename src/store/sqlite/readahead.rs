//! What a pass reads of a database file before SQLite asks for it: SQLite reads page by page, and for
//! pages that follow one another a few large reads cost half as much.
//!
//! The bytes are good for one transaction, while the lock that keeps them from changing is held:
//! [`Ahead::forget`] is to be called whenever a lock is taken or given back.
//!
//! Imports nothing.

/// Bytes that are read at once, at most; no less than two pages of any size.
const MOST: usize = 128 << 10;
/// Bytes that are read at once, at least.
const LEAST: usize = 16 << 10;
/// Two reads with no more bytes than that between them follow one another: pages that hold no rows, or
/// the rest of a text that is not read, lie between.
const GAP: u64 = 16 << 10;

/// Bytes of a file that are kept.
#[derive(Debug)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    /// Where in the file they begin.
    start: u64,
    /// How many are good.
    good: usize,
    /// How many of them were asked for.
    used: usize,
    /// Where the last read ended.
    last: Option<u64>,
    /// How many to read next.
    window: usize,
    /// The size of the file, once it was asked for.
    size: Option<u64>,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { bytes: Vec::new(), start: 0, good: 0, used: 0, last: None, window: LEAST, size: None }
    }
}

/// The file behind.
pub(super) trait File {
    /// Fill the buffer from there; false where that failed, or the file ends before.
    fn read(&mut self, into: &mut [u8], offset: u64) -> bool;
    /// How many bytes it has; None where that cannot be said.
    fn size(&mut self) -> Option<u64>;
}

impl Ahead {
    /// What was read may change from now on.
    pub fn forget(&mut self) {
        self.good = 0;
        self.size = None;
    }

    /// The bytes from there, as many as wanted; None where they are to be read from the file alone.
    pub fn bytes(&mut self, offset: u64, wanted: usize, file: &mut impl File) -> Option<&[u8]> {
        let end = offset.checked_add(wanted as u64)?;
        let follows = |before: u64| (before..=before.saturating_add(GAP)).contains(&offset);
        if !self.holds(offset, end) {
            let is_next =
                self.last.is_some_and(follows) || (self.good > 0 && follows(self.start + self.good as u64));
            if !is_next || !self.fill(offset, wanted, file) {
                self.last = Some(end);
                return None;
            }
        }
        self.last = Some(end);
        self.used += wanted;
        let at = usize::try_from(offset - self.start).ok()?;
        self.bytes.get(at..at + wanted)
    }

    fn holds(&self, offset: u64, end: u64) -> bool {
        self.good > 0 && self.start <= offset && end <= self.start + self.good as u64
    }

    fn fill(&mut self, offset: u64, wanted: usize, file: &mut impl File) -> bool {
        if wanted > MOST / 2 {
            return false;
        }
        if self.good > 0 {
            // Where most of what was read is of no use, less is.
            let is_useful = self.used * 2 >= self.good;
            self.window = if is_useful { self.window * 2 } else { self.window / 2 }.clamp(LEAST, MOST);
        }
        (self.good, self.used) = (0, 0);
        if self.size.is_none() {
            self.size = file.size();
        }
        let left = self.size.unwrap_or(0).saturating_sub(offset);
        let window = usize::try_from(left).unwrap_or(MOST).min(self.window.max(wanted * 2));
        if window <= wanted {
            return false;
        }
        self.bytes.resize(MOST, 0);
        let Some(into) = self.bytes.get_mut(..window) else { return false };
        if !file.read(into, offset) {
            // It became shorter: nothing more of it is read ahead in this transaction.
            self.size = Some(0);
            return false;
        }
        (self.start, self.good) = (offset, window);
        true
    }
}

#[cfg(test)]
#[path = "readahead_tests.rs"]
mod tests;
