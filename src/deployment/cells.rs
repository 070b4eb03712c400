//! The cells that the command line names: `--cell NAME=URL`.
//!
//! Imports `store`'s names; does no I/O.

use std::str::FromStr;

use super::url::{self, UrlError};
use crate::store::{Address, CellName};

/// A cell given by name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellArgument {
    /// Its name: `cell_mappings.name`, or the cell's uuid where that has none.
    pub name: CellName,
    /// Where its database is.
    pub url: Address,
}

/// Why a cell cannot be taken as given. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// No `=`.
    #[error("give a cell as NAME=URL, such as cell1=sqlite:////var/lib/nova/nova_cell1.sqlite")]
    NoName,
    /// The name cannot be one.
    #[error(
        "a cell cannot be named {0:?}: names are not empty, hold no space, and `api` means the API database"
    )]
    Name(String),
    /// The same name twice.
    #[error("cell {0} is given twice")]
    Twice(CellName),
    /// The address is wrong.
    #[error("cell {name}: {error}")]
    Url {
        /// Which cell.
        name: CellName,
        /// What is wrong.
        error: UrlError,
    },
}

impl FromStr for CellArgument {
    type Err = CellError;

    fn from_str(text: &str) -> Result<Self, CellError> {
        let (name, url) = text.split_once('=').ok_or(CellError::NoName)?;
        // `mysql://…?charset=utf8` without a name: the first `=` is the URL's.
        if name.contains("://") {
            return Err(CellError::NoName);
        }
        if name.is_empty() || name.eq_ignore_ascii_case("api") || name.contains(char::is_whitespace) {
            return Err(CellError::Name(name.to_owned()));
        }
        let name = CellName::new(name);
        match url::parse(url) {
            Ok(url) => Ok(Self { name, url }),
            Err(error) => Err(CellError::Url { name, error }),
        }
    }
}

/// No name twice.
pub(super) fn check(cells: &[CellArgument]) -> Result<(), CellError> {
    for (at, cell) in cells.iter().enumerate() {
        if cells[..at].iter().any(|other| other.name == cell.name) {
            return Err(CellError::Twice(cell.name.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_name_and_an_address() {
        let cell: CellArgument = "cell1=sqlite:////srv/a=b.sqlite".parse().unwrap();
        assert_eq!(cell.name.as_str(), "cell1");
        assert_eq!(cell.url.as_path(), Some(std::path::Path::new("/srv/a=b.sqlite")));
    }

    #[test]
    fn names_that_cannot_be_meant_are_refused() {
        for text in ["=x", "api=x", "API=x", "my cell=x"] {
            assert!(matches!(text.parse::<CellArgument>(), Err(CellError::Name(_))), "{text}");
        }
        for text in ["cell1", "mysql://nova:s3cret@db/n?charset=utf8"] {
            assert_eq!(text.parse::<CellArgument>(), Err(CellError::NoName));
        }
        let error = "cell1=mysql://nova:s3cret@db/n".parse::<CellArgument>().unwrap_err().to_string();
        assert!(error.starts_with("cell cell1: mysql databases are not supported"), "{error}");
        assert!(!error.contains("s3cret"));
    }

    #[test]
    fn no_name_twice() {
        let cell: CellArgument = "cell1=x".parse().unwrap();
        assert_eq!(check(&[cell.clone(), cell.clone()]), Err(CellError::Twice(cell.name)));
    }
}
