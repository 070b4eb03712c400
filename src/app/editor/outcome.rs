//! What a key in the editor asks of the one who called.

use std::sync::Arc;

/// What is to be done after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditorOutcome {
    /// Nothing: draw.
    Stay,
    /// Leave the editor; nothing is lost that was not given up.
    Close,
    /// Save: the confirm step follows. Answer with `saved` or `refused`.
    Save {
        /// The edited text.
        after: Arc<str>,
    },
    /// Open `$EDITOR` on `text`, with `error` on top as comment lines (`# `). Answer with
    /// `external_result`.
    External {
        /// What is to be edited.
        text: String,
        /// Why the last text was refused.
        error: Option<String>,
    },
    /// Put this on the clipboard.
    Copy(String),
}
