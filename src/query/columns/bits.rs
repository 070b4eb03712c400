//! One bit for each row.
//!
//! Imports nothing; no I/O.

/// A set of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// All of so many rows, or none of them.
    pub fn new(len: usize, all: bool) -> Self {
        let mut bits = Self { words: vec![if all { u64::MAX } else { 0 }; len.div_ceil(64)], len };
        bits.trim();
        bits
    }

    /// The rows for which `is_in` is 1, else 0.
    pub(super) fn of<T: Copy>(codes: &[T], is_in: impl Fn(T) -> u8) -> Self {
        let word = |codes: &[T]| {
            let bits = codes.iter().zip(0u32..);
            bits.fold(0, |word, (code, bit)| word | u64::from(is_in(*code)) << bit)
        };
        Self { words: codes.chunks(64).map(word).collect(), len: codes.len() }
    }

    /// Bits behind the last row are 0.
    fn trim(&mut self) {
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << rest) - 1;
        }
    }

    /// Of how many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether that row is.
    pub fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// The rows in the set, ascending.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        self.words.iter().zip(0..).flat_map(|(word, at)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit)
            })
        })
    }

    pub(super) fn combine(&mut self, other: &Bits, both: impl Fn(u64, u64) -> u64) {
        self.words.iter_mut().zip(&other.words).for_each(|(one, other)| *one = both(*one, *other));
        self.trim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_put_in() {
        for len in [0, 1, 63, 64, 65, 200] {
            assert_eq!(Bits::new(len, true).rows().collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
            assert_eq!(Bits::new(len, false).count(), 0);
            let codes: Vec<usize> = (0..len).collect();
            let thirds = Bits::of(&codes, |code| u8::from(code % 3 == 0));
            assert_eq!(thirds.rows().collect::<Vec<_>>(), (0..len).step_by(3).collect::<Vec<_>>());
            let mut others = thirds.clone();
            others.combine(&thirds, |one, _| !one);
            assert_eq!(others.count() + thirds.count(), len);
            assert_eq!(thirds.has(3), len > 3);
        }
    }
}
