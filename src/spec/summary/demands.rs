//! What a spec demands of a host, as the letters of a list row.
//!
//! Imports nothing; no I/O.

/// The letters in the order in which they show, each with its meaning.
pub const DEMANDS: &[(char, &str)] = &[
    ('G', "server group"),
    ('H', "scheduler hints other than the group"),
    ('N', "NUMA topology, dedicated CPUs or memory pages"),
    ('P', "PCI devices"),
    ('F', "forced hosts or nodes"),
    ('I', "ignored hosts"),
    ('D', "requested destination"),
    ('V', "boots from a volume"),
];

/// A set of the letters of [`DEMANDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Demands(u8);

impl Demands {
    /// No demand.
    pub const NONE: Demands = Demands(0);

    /// The set of these letters; letters that are not in [`DEMANDS`] are ignored.
    pub fn of(letters: &str) -> Demands {
        let mut demands = Demands::NONE;
        letters.chars().for_each(|letter| demands.set(letter, true));
        demands
    }

    /// Adds the letter if `on`.
    pub fn set(&mut self, letter: char, on: bool) {
        if on && let Some(at) = DEMANDS.iter().position(|(known, _)| *known == letter) {
            self.0 |= 1 << at;
        }
    }

    /// Whether the letter is in the set.
    pub fn has(self, letter: char) -> bool {
        DEMANDS.iter().position(|(known, _)| *known == letter).is_some_and(|at| self.0 >> at & 1 == 1)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters, in the order of [`DEMANDS`], without spaces: `GNP`.
    pub fn letters(self) -> String {
        DEMANDS.iter().map(|(letter, _)| *letter).filter(|letter| self.has(*letter)).collect()
    }

    /// The meanings, in the order of [`DEMANDS`].
    pub fn meanings(self) -> impl Iterator<Item = &'static str> {
        DEMANDS.iter().filter(move |(letter, _)| self.has(*letter)).map(|(_, meaning)| *meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_in_the_order_of_the_table() {
        assert_eq!(Demands::of("VGP?").letters(), "GPV");
        assert_eq!(Demands::of("G").meanings().collect::<Vec<_>>(), ["server group"]);
        assert!(Demands::NONE.is_empty());
    }
}
