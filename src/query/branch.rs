//! Paths to wanted values, joined where they begin alike: each stored text is walked once for all.
//!
//! Imports its siblings; no I/O.

use super::json_path::{JsonPath, Step};

/// What is wanted at and below one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Branch {
    /// Numbers of the paths that end here.
    pub slots: Vec<usize>,
    /// Logical members.
    pub keys: Vec<(Box<[u8]>, Branch)>,
    /// Members of the envelope itself: their keys begin with `nova_object.`.
    pub own: Vec<(Box<[u8]>, Branch)>,
    /// Elements of a list.
    pub indices: Vec<(usize, Branch)>,
    /// Every element of a list, every logical member of an object.
    pub every: Option<Box<Branch>>,
}

impl Branch {
    /// Adds a path that ends in that slot.
    pub fn add(&mut self, path: &JsonPath, slot: usize) {
        self.add_steps(path.steps(), slot);
    }

    /// The same for the rest of a path.
    pub fn add_steps(&mut self, steps: &[Step], slot: usize) {
        let Some((step, rest)) = steps.split_first() else {
            self.slots.push(slot);
            return;
        };
        let next = match step {
            Step::Key(key) => {
                let own = key.starts_with("nova_object.");
                entry(if own { &mut self.own } else { &mut self.keys }, key.as_bytes().into())
            }
            Step::Index(index) => entry(&mut self.indices, *index),
            Step::Every => &mut **self.every.get_or_insert_default(),
        };
        next.add_steps(rest, slot);
    }

    /// Whether something is wanted of an object's members.
    pub fn wants_members(&self) -> bool {
        !self.keys.is_empty() || !self.own.is_empty() || self.every.is_some()
    }

    /// Whether something is wanted of a list's elements.
    pub fn wants_elements(&self) -> bool {
        !self.indices.is_empty() || self.every.is_some()
    }
}

fn entry<K: PartialEq>(branches: &mut Vec<(K, Branch)>, key: K) -> &mut Branch {
    let at = branches.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        branches.push((key, Branch::default()));
        branches.len() - 1
    });
    &mut branches[at].1
}
