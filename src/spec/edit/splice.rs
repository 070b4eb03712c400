//! Splices: replacements of byte ranges, and their inverse.
//!
//! Imports nothing; no I/O.

/// One replacement. `start` counts in the text as the splices before it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Byte offset at which the replacement begins.
    pub start: usize,
    /// What must stand there.
    pub removed: String,
    /// What stands there afterwards.
    pub inserted: String,
}

/// A sequence of splices, each on the text that those before it left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Splices {
    splices: Vec<Splice>,
}

/// Splices that were made for another text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text at byte {start} is not what the change was made for")]
pub struct Mismatch {
    /// Where the text differs.
    pub start: usize,
}

impl Splices {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// The splices, in the order in which they apply.
    pub fn iter(&self) -> impl Iterator<Item = &Splice> {
        self.splices.iter()
    }

    /// Adds one that applies after all others. One that changes nothing is left out.
    pub(crate) fn push(&mut self, splice: Splice) {
        if splice.removed != splice.inserted {
            self.splices.push(splice);
        }
    }

    /// Adds all of `other`, made for the text that these leave.
    pub(crate) fn extend(&mut self, other: Splices) {
        self.splices.extend(other.splices);
    }

    /// What takes these back: made for the text that they leave.
    #[must_use]
    pub fn inverse(&self) -> Splices {
        let flip = |splice: &Splice| Splice {
            start: splice.start,
            removed: splice.inserted.clone(),
            inserted: splice.removed.clone(),
        };
        Splices { splices: self.splices.iter().rev().map(flip).collect() }
    }

    /// The changed text, and what takes it back.
    ///
    /// # Errors
    /// [`Mismatch`] where the text is not the one that the splices were made for.
    pub fn apply(&self, text: &str) -> Result<(String, Splices), Mismatch> {
        let mut text = text.to_owned();
        for Splice { start, removed, inserted } in &self.splices {
            let end = start + removed.len();
            if text.get(*start..end) != Some(removed) {
                return Err(Mismatch { start: *start });
            }
            text.replace_range(*start..end, inserted);
        }
        Ok((text, self.inverse()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splices(list: &[(usize, &str, &str)]) -> Splices {
        let mut splices = Splices::default();
        for (start, removed, inserted) in list {
            splices.push(Splice { start: *start, removed: (*removed).into(), inserted: (*inserted).into() });
        }
        splices
    }

    #[test]
    fn the_inverse_gives_the_first_text_back() {
        let change = splices(&[(0, "a", "xyz"), (3, "b", ""), (0, "xy", "q")]);
        let (after, inverse) = change.apply("abc").unwrap();
        assert_eq!(after, "qzc");
        assert_eq!(inverse.apply(&after).unwrap().0, "abc");
    }

    #[test]
    fn another_text_is_refused() {
        assert_eq!(splices(&[(1, "b", "x")]).apply("acc"), Err(Mismatch { start: 1 }));
        assert!(splices(&[(9, "b", "x")]).apply("abc").is_err());
        assert!(splices(&[(1, "a", "x")]).apply("é").is_err());
    }

    #[test]
    fn what_changes_nothing_is_left_out() {
        assert!(splices(&[(0, "a", "a")]).is_empty());
    }
}
