//! Why nova's configuration cannot be read. No message holds any of its text, which may be a
//! password.

use std::path::PathBuf;

use super::{Origin, SyntaxError};

/// Why nova's configuration cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    /// A file or directory that was asked for is not there.
    #[error(
        "{path} is not there; name nova's configuration with --nova-conf, or the databases themselves with --api and --cell"
    )]
    NotFound {
        /// Which.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("{path} cannot be read: permission denied; {advice}")]
    PermissionDenied {
        /// Which file, or which directory cannot be looked into.
        path: PathBuf,
        /// Who may, and what to do.
        advice: String,
    },
    /// A directory where a file is wanted.
    #[error("{path} is a directory; --nova-conf wants a file, --config-dir a directory of *.conf files")]
    Directory {
        /// Which.
        path: PathBuf,
    },
    /// Reading failed otherwise.
    #[error("{path} cannot be read: {reason}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The text is not of oslo.config's dialect.
    #[error("{path}, line {line}: {kind}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        kind: SyntaxError,
    },
    /// A `$name` in a value leads nowhere.
    #[error(
        "{origin}: [{group}] {name} refers to {reference}, {reason}; a $ that is meant as such is written $$"
    )]
    Substitution {
        /// The option whose value it is.
        group: String,
        /// Its name.
        name: String,
        /// Where the value stands.
        origin: Origin,
        /// The reference, `$name`; in words where it may be a part of a password.
        reference: String,
        /// Why it leads nowhere.
        reason: Dangling,
    },
    /// A value is not of its option's type.
    #[error("{origin}: [{group}] {name}: {reason}")]
    Value {
        /// The option.
        group: String,
        /// Its name.
        name: String,
        /// Where the value stands.
        origin: Origin,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dangling {
    /// oslo.config: NoSuchOptError.
    #[error("which neither the files nor the environment set")]
    NoOption,
    /// oslo.config: NoSuchGroupError.
    #[error(
        "which is in no group as oslo.config names them (in lower case; options of [DEFAULT] go without a group)"
    )]
    NoGroup,
    /// oslo.config: RecursionError.
    #[error("which refers back to it, in a circle")]
    Circle,
}
