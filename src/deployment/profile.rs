//! Named environments: the profile file `~/.config/reqspec/config.toml` (docs/deployments.md).
//!
//! [`Environments`] is what the terminal UI's picker shows and opens from. The file itself is read
//! in `profile_file`. Imports `store`'s names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy;

use super::password::readable_by_all;
use super::profile_file::{self, Profile};
use super::{Deployment, discover, url};
use crate::query::nearest::nearest;

/// What the head line of an environment is coloured with. Names, not colours: the theme says what
/// they look like, and nothing is said by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// `red`
    Red,
    /// `yellow`
    Yellow,
    /// `green`
    Green,
    /// `cyan`
    Cyan,
    /// `blue`
    Blue,
    /// `magenta`
    Magenta,
}

impl Colour {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Red, Self::Yellow, Self::Green, Self::Cyan, Self::Blue, Self::Magenta];

    /// As the profile file names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Cyan => "cyan",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.as_str() == name)
    }
}

/// What a timeout may be.
pub const TIMEOUT: &str = "a timeout is a number of seconds from 0.1 to 600";

/// That many seconds as a timeout, if it may be one ([`TIMEOUT`]).
pub fn timeout(seconds: f64) -> Option<Duration> {
    (0.1..=600.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// What holds in every environment, whatever its profile says: the command line's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Nothing is ever written, and why.
    pub read_only: Option<String>,
    /// How long is waited for a database.
    pub timeout: Option<Duration>,
}

/// An environment as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, for `--env` and [`Environments::open`].
    pub name: String,
    /// Where it is: the paths of its nova.conf, or the URL of its API database, masked.
    pub place: String,
    /// What its head line is coloured with.
    pub colour: Option<Colour>,
    /// Nothing is ever written there.
    pub read_only: bool,
    /// It is the one that is opened where none is named.
    pub default: bool,
}

/// The environments of a profile file. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environments {
    path: Option<Arc<Path>>,
    file: Arc<profile_file::File>,
    notices: Vec<String>,
    limits: Limits,
}

/// Why the profile file, or an environment of it, cannot be used. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The file does not say what it must.
    #[error("{path}:{line}: {reason}")]
    Malformed {
        /// Which file.
        path: String,
        /// In which line, from 1.
        line: usize,
        /// What is wrong and what was probably meant.
        reason: String,
    },
    /// There is no environment of that name.
    #[error("no environment {name:?}: {reason}")]
    Unknown {
        /// The name.
        name: String,
        /// Which there are.
        reason: String,
    },
    /// What the environment says cannot be used: its nova.conf, a URL.
    #[error("environment {name}: {reason}")]
    Unusable {
        /// The environment.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A password that is needed cannot be had.
    #[error("environment {name}: {reason}")]
    Password {
        /// The environment.
        name: String,
        /// Why, without the password.
        reason: String,
    },
}

impl Environments {
    /// Those of that file; where none is named, of the user's own
    /// (`$XDG_CONFIG_HOME/reqspec/config.toml`), which need not exist.
    ///
    /// # Errors
    /// [`ProfileError::Unreadable`] and [`ProfileError::Malformed`].
    pub fn load(named: Option<&Path>) -> Result<Self, ProfileError> {
        let Some(path) = file_path(named) else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::of_text(&path, &text),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { path: Some(path.into()), ..Self::default() })
            }
            Err(error) => {
                Err(ProfileError::Unreadable { path: path.display().to_string(), reason: error.to_string() })
            }
        }
    }

    /// None, of a file that cannot be used: what is saved is meant for it all the same.
    pub fn none_of(path: Option<PathBuf>) -> Self {
        Self { path: path.map(Arc::from), ..Self::default() }
    }

    fn of_text(path: &Path, text: &str) -> Result<Self, ProfileError> {
        let home = etcetera::home_dir().ok();
        let directory = path.parent().unwrap_or(Path::new("."));
        let file = profile_file::read(text, directory, home.as_deref());
        let file = file.map_err(|wrong| ProfileError::Malformed {
            path: path.display().to_string(),
            line: wrong.line,
            reason: wrong.reason,
        })?;
        let notices = file.holds_password.then(|| readable_by_all(path)).flatten().into_iter().collect();
        Ok(Self { path: Some(path.into()), file: Arc::new(file), notices, limits: Limits::default() })
    }

    /// The same, with what the command line says of every environment.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The profile file, whether it exists or not; None where there is no place for one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.file.profiles.is_empty()
    }

    /// What an operator should know of the file, a sentence each: that others may read it.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The name of the one that is opened where none is named.
    pub fn default_name(&self) -> Option<&str> {
        self.file.default.as_deref()
    }

    /// All of them, in the order of the file.
    pub fn list(&self) -> Vec<Environment> {
        let environment = |profile: &Profile| Environment {
            name: profile.name.clone(),
            place: place(profile),
            colour: profile.colour,
            read_only: profile.read_only || self.limits.read_only.is_some(),
            default: self.default_name() == Some(&profile.name),
        };
        self.file.profiles.iter().map(environment).collect()
    }

    /// The deployment of the environment of that name. Reads files and may run the profile's
    /// `password_command` (up to half a minute): not on a thread that others wait for. No database
    /// is opened.
    ///
    /// # Errors
    /// [`ProfileError`]
    pub fn open(&self, name: &str) -> Result<Deployment, ProfileError> {
        let profile = self.profile(name)?;
        let (path, limits) = (self.path.as_deref().unwrap_or(Path::new("")), &self.limits);
        discover::of_profile(profile, path, limits).map_err(|error| {
            let (name, reason) = (name.to_owned(), error.to_string());
            match error {
                discover::FindError::Password(_) => ProfileError::Password { name, reason },
                _ => ProfileError::Unusable { name, reason },
            }
        })
    }

    pub(super) fn profile(&self, name: &str) -> Result<&Profile, ProfileError> {
        if let Some(profile) = self.file.profiles.iter().find(|profile| profile.name == name) {
            return Ok(profile);
        }
        let names: Vec<_> = self.file.profiles.iter().map(|profile| profile.name.as_str()).collect();
        let file =
            self.path().map_or_else(|| "the profile file".to_owned(), |path| path.display().to_string());
        let reason = match nearest(name, &names) {
            _ if names.is_empty() => format!("{file} names none"),
            Some(meant) => format!("did you mean {meant}? {file} names {}", names.join(", ")),
            None => format!("{file} names {}", names.join(", ")),
        };
        Err(ProfileError::Unknown { name: url::masked(name), reason })
    }
}

/// Where an environment is, for people.
fn place(profile: &Profile) -> String {
    let paths = profile.nova_conf.iter().chain(&profile.config_dirs);
    let paths: Vec<_> = paths.map(|path| path.display().to_string()).collect();
    match &profile.api {
        Some(api) => url::masked(api.reveal()),
        None => paths.join(", "),
    }
}

/// The profile file: the one that is named, else the user's own, whether it exists or not.
pub fn file_path(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(own_file)
}

/// `$XDG_CONFIG_HOME/reqspec/config.toml`, `~/.config/reqspec/config.toml`.
fn own_file() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("reqspec/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DatabaseName;

    fn environments(directory: &Path, text: &str) -> Environments {
        let path = directory.join("config.toml");
        std::fs::write(&path, text).unwrap();
        Environments::load(Some(&path)).unwrap()
    }

    const TWO: &str = "default = 'lab'\n[env.prod]\napi = 'sqlite:////srv/p.sqlite'\ncolour = 'red'\nread_only = true\n\
                       [env.lab]\napi = '/srv/l.sqlite'\nspec_home = 'cells'";

    #[test]
    fn they_are_listed_and_opened() {
        let directory = tempfile::tempdir().unwrap();
        let two = environments(directory.path(), TWO);
        let list = two.list();
        assert_eq!(list.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["prod", "lab"]);
        assert_eq!((list[0].colour, list[0].read_only, list[0].default), (Some(Colour::Red), true, false));
        assert_eq!(
            (list[1].place.as_str(), list[1].read_only, list[1].default),
            ("/srv/l.sqlite", false, true)
        );
        let prod = two.open("prod").unwrap();
        assert_eq!((prod.environment(), prod.colour()), ("prod", Some(Colour::Red)));
        assert_eq!(&*prod.location(&DatabaseName::Api), "/srv/p.sqlite");
        let reason = prod.may_write().unwrap_err();
        assert!(reason.starts_with("the environment prod is read-only ("), "{reason}");
        assert_eq!(two.open("lab").unwrap().may_write(), Ok(()));
        let limits = Limits { read_only: Some("because".to_owned()), timeout: None };
        assert_eq!(two.with_limits(limits).open("lab").unwrap().may_write(), Err("because".to_owned()));
    }

    #[test]
    fn a_name_that_is_none_brings_those_there_are() {
        let directory = tempfile::tempdir().unwrap();
        let two = environments(directory.path(), TWO);
        let error = two.open("prd").unwrap_err().to_string();
        assert!(
            error.starts_with("no environment \"prd\": did you mean prod? ") && error.ends_with("prod, lab")
        );
        assert!(Environments::default().open("x").unwrap_err().to_string().ends_with("names none"));
    }

    #[test]
    fn a_file_that_is_named_must_be_there_and_right() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("none.toml");
        assert!(matches!(Environments::load(Some(&path)), Err(ProfileError::Unreadable { .. })));
        std::fs::write(&path, "\n[env.a]\napi = 3").unwrap();
        let error = Environments::load(Some(&path)).unwrap_err().to_string();
        assert_eq!(error, format!("{}:3: api is a text in quotes", path.display()));
    }

    #[test]
    fn others_that_may_read_a_password_are_told_of() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        for (text, mode, notices) in [
            ("[env.a]\napi = 'sqlite+x://nova:s3cret@db/nova'", 0o644, 1),
            ("[env.a]\napi = 'sqlite+x://nova:s3cret@db/nova'", 0o640, 0),
            ("[env.a]\napi = 'sqlite+x://nova@db/nova'", 0o644, 0),
        ] {
            let path = directory.path().join("config.toml");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Environments::load(Some(&path)).unwrap();
            assert_eq!(loaded.notices().len(), notices, "{:?}", loaded.notices());
            assert!(!format!("{loaded:?}{:?}", loaded.list()).contains("s3cret"));
        }
    }
}
