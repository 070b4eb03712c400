//! Bytes that are read ahead are those of the file, and few reads make them.

use super::{Ahead, File, GAP, LEAST, MOST};

struct Bytes {
    bytes: Vec<u8>,
    reads: Vec<(u64, usize)>,
    /// What it says of its size, where that is not true any more.
    said: Option<u64>,
}

impl Bytes {
    fn of(size: usize) -> Self {
        let bytes = (0..size).map(|at| (at * 31 + at / 251) as u8).collect();
        Self { bytes, reads: Vec::new(), said: None }
    }
}

impl File for Bytes {
    fn read(&mut self, into: &mut [u8], offset: u64) -> bool {
        self.reads.push((offset, into.len()));
        let from = self.bytes.get(offset as usize..).unwrap_or_default();
        let Some(from) = from.get(..into.len()) else { return false };
        into.copy_from_slice(from);
        true
    }

    fn size(&mut self) -> Option<u64> {
        Some(self.said.unwrap_or(self.bytes.len() as u64))
    }
}

/// Reads it in pages; gives how many came from what was read ahead.
fn pages(ahead: &mut Ahead, file: &mut Bytes, page: usize, numbers: impl Iterator<Item = usize>) -> usize {
    let mut served = 0;
    for number in numbers {
        let at = number * page;
        let expected = file.bytes.get(at..at + page).map(<[u8]>::to_vec);
        if let Some(bytes) = ahead.bytes(at as u64, page, file) {
            assert_eq!(Some(bytes), expected.as_deref(), "page {number} of {page} bytes");
            served += 1;
        }
    }
    served
}

#[test]
fn pages_that_follow_one_another_are_read_at_once() {
    for page in [512, 1_024, 4_096, 16_384, 32_768, 65_536] {
        let mut file = Bytes::of(4 << 20);
        let count = file.bytes.len() / page;
        let served = pages(&mut Ahead::default(), &mut file, page, 0..count);
        // But for the first, and the last where it stands alone.
        assert!(served + 2 >= count, "{served} of {count} pages of {page} bytes");
        assert!(file.reads.len() <= 40, "{} reads of {page}", file.reads.len());
        assert!(file.reads.iter().all(|(_, size)| (2 * page..=MOST).contains(size)), "{:?}", file.reads);
        assert!(file.reads.iter().map(|(_, size)| size).sum::<usize>() <= file.bytes.len());
    }
}

#[test]
fn pages_in_no_order_are_not() {
    let mut file = Bytes::of(4 << 20);
    let served = pages(&mut Ahead::default(), &mut file, 4_096, (0..1_000).map(|at| at * 611 % 1_024));
    assert_eq!((served, file.reads.len()), (0, 0));
}

#[test]
fn where_little_is_used_little_is_read() {
    let mut file = Bytes::of(8 << 20);
    let step = GAP as usize / 4_096;
    pages(&mut Ahead::default(), &mut file, 4_096, (0..2_048).step_by(step));
    assert!(file.reads.iter().all(|(_, size)| *size == LEAST), "{:?}", file.reads);
}

#[test]
fn a_page_between_does_not_end_it() {
    let mut file = Bytes::of(4 << 20);
    let far = 1_000;
    let numbers = (0..400).flat_map(|at| [Some(at), (at % 50 == 49).then_some(far)]).flatten();
    let served = pages(&mut Ahead::default(), &mut file, 4_096, numbers);
    assert!(served >= 380, "{served}");
}

#[test]
fn what_was_read_is_forgotten_with_the_lock() {
    let mut file = Bytes::of(1 << 20);
    let mut ahead = Ahead::default();
    assert_eq!(pages(&mut ahead, &mut file, 4_096, 0..3), 2);
    file.bytes.fill(7);
    assert_eq!(ahead.bytes(8_192, 4_096, &mut file).unwrap()[0], (8_192 * 31 + 8_192 / 251) as u8);
    ahead.forget();
    let reads = file.reads.len();
    let fresh = ahead.bytes(12_288, 4_096, &mut file).unwrap();
    assert!(fresh.iter().all(|byte| *byte == 7));
    assert_eq!(file.reads.len(), reads + 1);
}

#[test]
fn a_file_that_became_shorter_is_read_as_it_is() {
    let mut file = Bytes::of(1 << 20);
    let mut ahead = Ahead::default();
    file.said = Some(1 << 20);
    file.bytes.truncate(40_000);
    let served = pages(&mut ahead, &mut file, 4_096, 0..256);
    assert!((1..10).contains(&served), "{served}");
    assert_eq!(file.reads.iter().filter(|(at, size)| *at as usize + size > 40_000).count(), 1);
    // It grew beyond what is known of it.
    file.bytes.resize(2 << 20, 1);
    assert_eq!(pages(&mut ahead, &mut file, 4_096, 300..400), 0);
    ahead.forget();
    assert!(pages(&mut ahead, &mut file, 4_096, 100..200) > 0);
}

#[test]
fn no_number_is_too_large() {
    let mut file = Bytes::of(100);
    let mut ahead = Ahead::default();
    assert!(ahead.bytes(u64::MAX, 2, &mut file).is_none());
    assert!(ahead.bytes(u64::MAX - 20, 10, &mut file).is_none());
    assert!(ahead.bytes(u64::MAX - 10, 10, &mut file).is_none());
    assert!(ahead.bytes(0, usize::MAX, &mut file).is_none());
}
