//! Where a database is: SQLAlchemy URLs as nova.conf and `cell_mappings` write them, and plain
//! paths of SQLite files.
//!
//! A password is never shown: [`masked`] is the only way a URL reaches a message.
//!
//! Imports `store::address`; does no I/O.

use std::path::Path;

use crate::store::Address;
use crate::store::address::Place;

/// Why a text is not the address of a database that this build can open. No message holds a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error(
        "an empty database address; give a path, or a URL such as sqlite:////var/lib/nova/nova_api.sqlite"
    )]
    Empty,
    /// An engine of nova's that is not built in.
    #[error(
        "{scheme} databases are not supported by this build of reqspec yet; it opens SQLite: \
             sqlite:////absolute/path, sqlite:///relative/path or a plain path"
    )]
    Unsupported {
        /// The scheme of the URL, as given.
        scheme: String,
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
}

/// Read an address: a SQLAlchemy URL, or the plain path of a SQLite file (anything without
/// `://`).
///
/// As in SQLAlchemy (`sqlalchemy/engine/url.py`, make_url) three slashes come before a relative
/// path and four before an absolute one, the path is not percent-decoded, and what follows `?`
/// are options of the driver, which are left aside.
///
/// # Errors
/// [`UrlError`]
pub fn parse(text: &str) -> Result<Address, UrlError> {
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        // `mysql//nova:secret@db`: taken for a path, it would show up in messages.
        if !text.starts_with(['/', '.']) && masked(text) != text {
            return Err(UrlError::Unclear { shown: masked(text) });
        }
        return Ok(of_path(Path::new(text)));
    };
    let engine = scheme.split('+').next().unwrap_or(scheme);
    if !engine.eq_ignore_ascii_case("sqlite") {
        return Err(UrlError::Unsupported { scheme: masked(scheme) });
    }
    let file = rest.split('?').next().unwrap_or(rest);
    match file.strip_prefix('/') {
        Some(path) if !path.is_empty() && path != ":memory:" => Ok(of_path(Path::new(path))),
        _ => Err(UrlError::NoFile { shown: masked(text) }),
    }
}

fn of_path(path: &Path) -> Address {
    Address { place: Place::Sqlite(path.to_owned()), shown: masked(&path.to_string_lossy()).into() }
}

/// The text with every password in it replaced by `***`: what stands between the first `:` of the
/// user's part and the last `@` (nova tolerates `/`, `#`, `+`, `:`, `%` and `?` there), and the
/// values of the query keys `password` and `passwd`. Also safe on texts that are no URL.
pub fn masked(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let mut shown = match (text[start..].find(':'), text[start..].rfind('@')) {
        (Some(colon), Some(at)) if colon < at => {
            format!("{}:***{}", &text[..start + colon], &text[start + at..])
        }
        _ => text.to_owned(),
    };
    for key in ["password=", "passwd="] {
        let mut from = 0;
        while let Some(at) = shown[from..].to_ascii_lowercase().find(key) {
            let value = from + at + key.len();
            let end = shown[value..].find('&').map_or(shown.len(), |length| value + length);
            shown.replace_range(value..end, "***");
            from = value + 3;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_addresses_as_sqlalchemy_reads_them() {
        for (text, path) in [
            ("sqlite:////var/lib/nova/nova_api.sqlite", "/var/lib/nova/nova_api.sqlite"),
            ("sqlite:///relative/nova.sqlite", "relative/nova.sqlite"),
            ("sqlite+pysqlite:////srv/x.db?timeout=5", "/srv/x.db"),
            ("SQLite:////srv/100%25.db", "/srv/100%25.db"),
            ("/srv/plain?.db", "/srv/plain?.db"),
            ("nova_api.sqlite", "nova_api.sqlite"),
        ] {
            assert_eq!(parse(text).unwrap().as_path(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        for text in ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://host/nova.db"] {
            assert!(matches!(parse(text), Err(UrlError::NoFile { .. })), "{text}");
        }
        assert_eq!(parse(""), Err(UrlError::Empty));
        let error = parse("mysql+pymysql://nova:s3cret@db/nova_api").unwrap_err().to_string();
        assert!(error.starts_with("mysql+pymysql databases are not supported by this build"), "{error}");
        assert!(!error.contains("s3cret"));
    }

    #[test]
    fn passwords_are_never_shown() {
        for (text, shown) in [
            ("mysql://nova:s3cret@db:3306/nova?charset=utf8", "mysql://nova:***@db:3306/nova?charset=utf8"),
            ("postgresql://nova:a/b#c:d?e%40@[::1]:5432/nova", "postgresql://nova:***@[::1]:5432/nova"),
            (
                "mysql://db/nova?password=s3cret&charset=utf8&passwd=s3",
                "mysql://db/nova?password=***&charset=utf8&passwd=***",
            ),
            ("mysql//nova:s3cret@db/nova", "mysql//nova:***@db/nova"),
            ("sqlite:////srv/nova.sqlite", "sqlite:////srv/nova.sqlite"),
            ("mysql://nova@db:3306/nova", "mysql://nova@db:3306/nova"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
        let error = parse("mysql//nova:s3cret@db/nova").unwrap_err();
        assert!(
            matches!(&error, UrlError::Unclear { shown } if shown == "mysql//nova:***@db/nova"),
            "{error:?}"
        );
        assert!(parse("./mysql//nova:s3cret@db/nova").is_ok());
    }
}
