//! The query of a URL while a driver takes its keys: what is left over is noticed.
//!
//! Imports its siblings; does no I/O.

use super::split::Parts;

/// The keys and values that no one has taken yet.
pub(super) struct Query<'p> {
    left: Vec<(&'p str, &'p str)>,
}

impl<'p> Query<'p> {
    pub(super) fn of(parts: &'p Parts) -> Self {
        Self { left: parts.query.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect() }
    }

    /// The value of a key; of one that is given several times the last one, with a notice.
    pub(super) fn take(&mut self, key: &str, notices: &mut Vec<String>) -> Option<&'p str> {
        let mut found = None;
        self.left.retain(|(name, value)| {
            if *name == key {
                if found.is_some() {
                    notices.push(format!("{key} is given more than once: the last one counts here"));
                }
                found = Some(*value);
            }
            *name != key
        });
        found
    }

    /// The values of a key, in their order.
    pub(super) fn take_all(&mut self, key: &str) -> Vec<&'p str> {
        let values = self.left.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value).collect();
        self.ignore(&[key]);
        values
    }

    /// Drop keys that change nothing for reqspec.
    pub(super) fn ignore(&mut self, keys: &[&str]) {
        self.left.retain(|(name, _)| !keys.contains(name));
    }

    /// A notice for each key that is left.
    pub(super) fn finish(self, notices: &mut Vec<String>) {
        for (key, _) in self.left {
            notices.push(format!("{} is left aside", crate::spec::text::escaped(key)));
        }
    }
}

/// Whether a value says yes or no, in the words that SQLAlchemy and the drivers take; None for others.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" | "required" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" | "none" => Some(false),
        _ => None,
    }
}
