//! A spec that was changed by someone else between reading and writing: what was read, what is
//! there now, and what would have been written. The edit is kept.
//!
//! Imports `change`; no I/O.

use std::sync::Arc;

use super::overlay::{Buttons, Line, Tone};
use super::whole;
use crate::change::{DatabaseName, Intent};
use crate::spec::text::escaped;

/// The dialog.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// In which database.
    pub database: DatabaseName,
    /// Whose spec.
    pub instance_uuid: Arc<str>,
    /// What happened, and the differences.
    pub lines: Vec<Line>,
    /// First line shown.
    pub scroll: usize,
    /// Back, and (where the row is still there) doing it on what is there now.
    pub buttons: Buttons,
    /// The same edit, over what is there now.
    pub again: Option<Intent>,
}

impl Conflict {
    /// The dialog for an intent whose row holds `current` now (None: it is gone).
    pub fn new(intent: &Intent, reason: &str, current: Option<Arc<[u8]>>) -> Option<Self> {
        let Intent::Save { database, instance_uuid, before, after } = intent else { return None };
        let mut lines = vec![Line::new(Tone::Warn, escaped(reason)), Line::new(Tone::Plain, "")];
        lines.push(Line::new(Tone::Title, "Your change: what you read → what you want to store"));
        lines.extend(whole::difference(before, after.as_bytes()));
        lines.push(Line::new(Tone::Plain, ""));
        let mut buttons = Buttons::new(["Keep my edit"]);
        let again = current.as_ref().map(|current| {
            lines.push(Line::new(Tone::Title, "Their change: what you read → what is there now"));
            lines.extend(whole::difference(before, current));
            lines.push(Line::new(Tone::Plain, ""));
            lines.push(Line::new(
                Tone::Title,
                "Yours over theirs: what is there now → what you want to store",
            ));
            lines.extend(whole::difference(current, after.as_bytes()));
            buttons.labels.push("Store mine over theirs…".to_owned());
            Intent::Save {
                database: database.clone(),
                instance_uuid: instance_uuid.clone(),
                before: current.clone(),
                after: after.clone(),
            }
        });
        if again.is_none() {
            lines.push(Line::new(
                Tone::Danger,
                "The row is gone: it was deleted or moved to another database.",
            ));
        }
        Some(Self {
            database: database.clone(),
            instance_uuid: instance_uuid.clone(),
            lines,
            scroll: 0,
            buttons,
            again,
        })
    }
}
