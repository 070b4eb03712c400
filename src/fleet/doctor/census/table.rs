//! What is known of each instance, packed: an entry each, found by its uuid. Texts stand in vocabularies.
//!
//! Imports nothing.

/// An instance's uuid: its 128 bits, or of what is no uuid as nova writes it a hash as long.
pub type Key = [u64; 2];

/// The key of a uuid, and whether the uuid can be made of it again.
pub fn key(uuid: &str) -> (Key, bool) {
    match bits(uuid.as_bytes()) {
        Some(bits) => ([(bits >> 64) as u64, bits as u64], true),
        None => ([hash(uuid.as_bytes(), 1), hash(uuid.as_bytes(), 2)], false),
    }
}

fn bits(uuid: &[u8]) -> Option<u128> {
    if uuid.len() != 36 {
        return None;
    }
    let mut bits = 0u128;
    for (at, byte) in uuid.iter().enumerate() {
        let digit = match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => continue,
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => byte - b'0',
            (_, b'a'..=b'f') => byte - b'a' + 10,
            _ => return None,
        };
        bits = bits << 4 | u128::from(digit);
    }
    Some(bits)
}

/// The uuid of a key that it can be made of.
pub fn uuid(key: Key) -> String {
    let text = format!("{:016x}{:016x}", key[0], key[1]);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// A hash of bytes, fast and without any secret.
pub fn hash(bytes: &[u8], seed: u64) -> u64 {
    const ODD: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];
    let fold = |one: u64, other: u64| {
        let product = u128::from(one) * u128::from(other);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        u64::from_le_bytes(word)
    };
    let mut state = fold(seed ^ ODD[0], bytes.len() as u64 ^ ODD[1]);
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        let (low, high) = chunk.split_at(8);
        state = fold(word(low) ^ state ^ ODD[1], word(high) ^ state.rotate_left(32) ^ ODD[2]);
    }
    let (low, high) = chunks.remainder().split_at(chunks.remainder().len().min(8));
    fold(fold(word(low) ^ state, word(high) ^ ODD[2]) ^ ODD[0], state ^ ODD[1])
}

/// A mapping is there.
pub const MAPPED: u16 = 1;
/// The mapping is queued for deletion.
pub const QUEUED: u16 = 2;
/// The mapping names a cell that `cell_mappings` does not have.
pub const LOST: u16 = 4;
/// More is said than an entry can hold: it has to be looked up.
pub const UNSURE: u16 = 8;
/// `instance_extra` has a row.
pub const EXTRA: u16 = 16;

/// What is known of an instance. Places in vocabularies and lists count from 1; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    pub key: Key,
    /// Host and node.
    pub place: u32,
    /// vm_state, task_state and zone.
    pub state: u32,
    /// Project and user.
    pub owner: u32,
    pub flavor: u32,
    /// NUMA topology and PCI requests.
    pub hardware: u32,
    /// The group that it is a member of.
    pub group: u32,
    /// The cell that it is mapped to.
    pub mapped: u16,
    /// The cell that has it as not deleted.
    pub live: u16,
    /// The databases that have its spec.
    pub specs: [u16; 2],
    pub flags: u16,
}

impl Entry {
    pub fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// Entries by key. Grows by a quarter, so that little memory is there in vain.
#[derive(Debug, Default)]
pub struct Table {
    /// One more than the place of an entry; 0 where a slot is free. Their number is a power of two.
    slots: Vec<u32>,
    pub entries: Vec<Entry>,
}

impl Table {
    fn slot(&self, key: Key) -> usize {
        let mixed = (key[0] ^ key[1].rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize & self.slots.len().wrapping_sub(1)
    }

    /// The place of an instance's entry.
    pub fn find(&self, key: Key) -> Option<usize> {
        let mut slot = self.slot(key);
        loop {
            let place = (*self.slots.get(slot)? as usize).checked_sub(1)?;
            if self.entries.get(place)?.key == key {
                return Some(place);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The entry of an instance, an empty one where there was none. None where there is no room for more.
    pub fn entry(&mut self, key: Key) -> Option<&mut Entry> {
        let place = match self.find(key) {
            Some(place) => place,
            None => self.insert(key)?,
        };
        self.entries.get_mut(place)
    }

    fn insert(&mut self, key: Key) -> Option<usize> {
        let place = self.entries.len();
        let number = u32::try_from(place + 1).ok()?;
        if place + 1 > self.slots.len() / 4 * 3 {
            self.slots = vec![0; (self.slots.len() * 2).max(1 << 10)];
            for at in 0..place {
                let Some(entry) = self.entries.get(at) else { break };
                self.take_slot(entry.key, at as u32 + 1);
            }
        }
        if place == self.entries.capacity() {
            self.entries.reserve_exact(place / 4 + 1024);
        }
        self.entries.push(Entry { key, ..Entry::default() });
        self.take_slot(key, number);
        Some(place)
    }

    fn take_slot(&mut self, key: Key, number: u32) {
        let mut at = self.slot(key);
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = number;
                break;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_made_of_its_key_again_and_letters_tell() {
        let text = "8567e02c-9524-4384-b700-c6fc661f50df";
        let (bits, is_uuid) = key(text);
        assert!(is_uuid);
        assert_eq!(uuid(bits), text);
        assert_ne!(key(&text.to_uppercase()), (bits, false));
        assert!(!key("8567e02c95244384b700c6fc661f50df").1 && !key("").1);
        assert_ne!(key("a").0, key("b").0);
    }

    #[test]
    fn every_byte_of_a_text_tells_in_its_hash() {
        let text: Vec<u8> = (0..70).collect();
        let mut seen =
            std::collections::BTreeSet::from([hash(&text, 0), hash(&text, 1), hash(&text[1..], 0)]);
        for at in 0..text.len() {
            let mut other = text.clone();
            other[at] ^= 1;
            seen.insert(hash(&other, 0));
            seen.insert(hash(&text[..at], 0));
        }
        assert_eq!(seen.len(), 3 + 2 * text.len());
    }

    #[test]
    fn entries_are_found_again_however_many() {
        let mut table = Table::default();
        assert_eq!(table.find([1, 2]), None);
        for number in 0..100_000u64 {
            table.entry([number, number * 7]).unwrap().place = number as u32;
            // Alike in what a slot is chosen by.
            table.entry([number.rotate_left(32) ^ 5, 5 << 32]).unwrap();
        }
        for number in 0..100_000u64 {
            let place = table.find([number, number * 7]).unwrap();
            assert_eq!(table.entries[place].place, number as u32);
        }
        assert_eq!(table.find([3, 3]), None);
    }
}
