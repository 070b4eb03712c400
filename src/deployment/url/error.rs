//! Why a text is not the address of a database that can be opened. No message holds a password.

use crate::deployment::option_file::OptionFileError;

/// Why a text is not the address of a database that can be opened. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error(
        "an empty database address; give a path, or a URL such as sqlite:////var/lib/nova/nova_api.sqlite or mysql+pymysql://nova:PASSWORD@controller/nova_api"
    )]
    Empty,
    /// No scheme that SQLAlchemy could read.
    #[error("{shown} is not a database URL: letters such as mysql+pymysql belong before the ://")]
    Scheme {
        /// The URL, masked.
        shown: String,
    },
    /// An engine or driver that nova does not have.
    #[error(
        "{shown}: no such database engine or driver; reqspec opens sqlite, mysql, mariadb and postgresql, with the drivers that nova uses: mysql+pymysql://, postgresql+psycopg2://"
    )]
    Unknown {
        /// The URL, masked.
        shown: String,
    },
    /// Neither a URL nor clearly a path, and there may be a password in it.
    #[error("{shown} looks like a URL that lacks its ://; a file of that name is meant with ./ before it")]
    Unclear {
        /// The text, masked.
        shown: String,
    },
    /// A SQLite URL that names no file.
    #[error(
        "{shown} names no file; SQLite wants three slashes before a relative path and four before an \
             absolute one: sqlite:///relative/path, sqlite:////absolute/path"
    )]
    NoFile {
        /// The URL, masked.
        shown: String,
    },
    /// An `@` in a password.
    #[error("{shown}: an @ in the password must be written %40, else the host begins behind it")]
    RawAt {
        /// The URL, masked.
        shown: String,
    },
    /// No port.
    #[error(
        "{shown}: what stands between the host's : and the next / is not a port (1 to 65535); a : in a user's name is written %3A"
    )]
    Port {
        /// The URL, masked.
        shown: String,
    },
    /// A server without a database.
    #[error("{shown} names no database; it follows the host and a slash: …/nova_api")]
    NoDatabase {
        /// The URL, masked.
        shown: String,
    },
    /// A value of the query that cannot be meant.
    #[error("{shown}: {key} cannot be {value:?}; it is one of {choices}")]
    Choice {
        /// The URL, masked.
        shown: String,
        /// The query key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        choices: &'static str,
    },
    /// The option file that the URL names.
    #[error("{shown}: {error}")]
    OptionFile {
        /// The URL, masked.
        shown: String,
        /// What is wrong with it.
        error: OptionFileError,
    },
}
