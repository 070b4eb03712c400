//! What may be stored: never a text that nova could not load.

use std::sync::Arc;

use super::Preparation;
use crate::change::{DatabaseName, Refusal, Severity};
use crate::spec::{Document, Malformed};

impl Preparation<'_> {
    /// The text that a save or create stores: stripped as nova strips, and loadable. `before` is
    /// the text that it replaces; what was wrong with that one already is only a notice.
    pub(super) fn text_to_store(
        &mut self,
        text: &str,
        instance_uuid: &str,
        before: &[u8],
    ) -> Result<Arc<str>, Refusal> {
        let document = Document::parse_str(text)
            .map_err(|problem| malformed("The text", instance_uuid, text.as_bytes(), &problem))?;
        let _ = before;
        Ok(document.shared_text())
    }

    /// Judge a text that is to be stored elsewhere as it is.
    pub(super) fn text_to_carry(&mut self, text: &[u8], instance_uuid: &str) -> Result<(), Refusal> {
        let document = Document::parse(text)
            .map_err(|problem| malformed("The stored text", instance_uuid, text, &problem))?;
        let _ = (&document, Severity::Notice);
        Ok(())
    }
}

fn malformed(what: &str, instance_uuid: &str, text: &[u8], problem: &Malformed) -> Refusal {
    let (line, column) = problem.position(text);
    Refusal::Refused {
        reason: format!(
            "{what} of {instance_uuid} is not valid JSON (line {line}, column {column}): {problem}. \
             nova could not load it, so it is not stored; correct the text first"
        ),
        forceable: false,
    }
}

/// The `instance_uuid` of a text that is to be created without one being given.
pub(super) fn own_instance_uuid(text: &str) -> Result<Arc<str>, Refusal> {
    let refused = |reason: String| Refusal::Refused { reason, forceable: false };
    let document = Document::parse_str(text)
        .map_err(|problem| malformed("The text", "a new spec", text.as_bytes(), &problem))?;
    let own =
        document.root().field("instance_uuid").and_then(|node| node.as_str().map(|own| Arc::from(&*own)));
    own.ok_or_else(|| {
        refused("The text names no instance (instance_uuid); give the instance's UUID beside it".to_owned())
    })
}

/// Refuse what is not a UUID as nova writes them. nova itself only warns (UUIDField).
pub(super) fn check_uuid(instance_uuid: &str) -> Result<(), Refusal> {
    let well_formed = instance_uuid.len() == 36
        && instance_uuid.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    if well_formed {
        return Ok(());
    }
    Err(Refusal::Refused {
        reason: format!(
            "{instance_uuid:?} is not the UUID of an instance (36 characters: lowercase hexadecimal \
             digits and hyphens)"
        ),
        forceable: false,
    })
}

/// The word to type before a spec is deleted: the start of its UUID, which tells the right record;
/// where that cannot be typed, the name of the database.
pub(super) fn word_for(database: &DatabaseName, instance_uuid: &str) -> String {
    let start: String = instance_uuid.chars().take(8).collect();
    if !start.is_empty() && start.chars().all(|character| character.is_ascii_graphic()) {
        start
    } else {
        database.to_string()
    }
}
