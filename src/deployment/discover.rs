//! From what an operator says, or leaves unsaid, to a deployment: which source is taken, and what
//! it says of the API database. The cells are found later, in `cell_mappings`
//! ([`Deployment::discover`]).
//!
//! The first of these that says something is taken:
//! `--api` · `--env` · `--nova-conf`, `--config-dir` · `$REQSPEC_ENV` · `$REQSPEC_NOVA_CONF` · the profile
//! file's `default` · nova's own places (`~/.nova`, `~`, `/etc/nova`, `/etc`) and `$OS_API_DATABASE__CONNECTION`.
//! `--cell` adds to each.
//!
//! Imports `store`'s names. Reads files; opens no database. No sentence holds a password.

use std::path::{Path, PathBuf};

use super::cells::{self, CellArgument, Filling};
use super::oslo_conf::{ConfError, Configuration, Sources};
use super::password::{Passwords, readable_by_all};
use super::profile::{self, Environments, Limits, ProfileError};
use super::profile_file::Profile;
use super::{CellError, Deployment, Entry, Origin, WritePolicy, url};
use crate::store::address::Secret;
use crate::store::{CellName, DatabaseName, SpecHome};

/// Why no deployment could be made. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// What was said, or a file that was named, cannot be meant.
    #[error("{0}")]
    Wrong(String),
    /// A password that is needed cannot be had.
    #[error("{0}")]
    Password(String),
    /// Nobody says where the databases are: where it was looked, and what to do; a line each.
    #[error("{}", .0.join("\n"))]
    Nothing(Vec<String>),
}

impl From<ConfError> for FindError {
    fn from(error: ConfError) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl From<ProfileError> for FindError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Password { .. } => Self::Password(error.to_string()),
            other => Self::Wrong(other.to_string()),
        }
    }
}

/// What an operator says on the command line.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// `--api URL`.
    pub api: Option<Secret>,
    /// `--cell NAME=URL`, each.
    pub cells: Vec<Secret>,
    /// `--env NAME`.
    pub env: Option<String>,
    /// `--nova-conf FILE`, each.
    pub nova_conf: Vec<PathBuf>,
    /// `--config-dir DIR`, each.
    pub config_dirs: Vec<PathBuf>,
    /// `--config FILE`: the profile file.
    pub profiles: Option<PathBuf>,
    /// `--env-name NAME`.
    pub environment: Option<String>,
    /// `--spec-home`.
    pub spec_home: Option<SpecHome>,
    /// `--read-only`, `--timeout`.
    pub limits: Limits,
}

/// Where an operator's words are looked for beside the command line.
pub struct Surroundings<'s> {
    /// A variable of the environment; None where it is not set or empty.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// nova's own configuration, in its usual places.
    pub nova: &'s dyn Fn() -> Result<Option<Sources>, ConfError>,
}

/// This process's environment and this machine's files.
pub fn surroundings() -> Surroundings<'static> {
    Surroundings {
        variable: &|name| std::env::var(name).ok().filter(|value| !value.is_empty()),
        nova: &Sources::found,
    }
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The databases.
    pub deployment: Deployment,
    /// The environments that can be switched to.
    pub environments: Environments,
}

/// The environments of the profile file that is named: `--config`, `$REQSPEC_CONFIG`, else the
/// user's own.
///
/// # Errors
/// [`ProfileError`]
pub fn environments(said: &Said, around: &Surroundings<'_>) -> Result<Environments, ProfileError> {
    Ok(Environments::load(named_profiles(said, around).as_deref())?.with_limits(said.limits.clone()))
}

/// The profile file that is meant, whether it exists or not; None where there is no place for one.
pub fn profiles_path(said: &Said, around: &Surroundings<'_>) -> Option<PathBuf> {
    profile::file_path(named_profiles(said, around).as_deref())
}

fn named_profiles(said: &Said, around: &Surroundings<'_>) -> Option<PathBuf> {
    said.profiles.clone().or_else(|| (around.variable)("REQSPEC_CONFIG").map(PathBuf::from))
}

/// The deployment that is meant.
///
/// # Errors
/// [`FindError`]
pub fn find(said: &Said, around: &Surroundings<'_>) -> Result<Found, FindError> {
    let wrong = |text: &str| Err(FindError::Wrong(text.to_owned()));
    let conf_named = !said.nova_conf.is_empty() || !said.config_dirs.is_empty();
    match (&said.env, said.api.is_some(), conf_named) {
        (Some(_), true, _) => return wrong("--env and --api both say where the API database is; give one"),
        (Some(_), _, true) => {
            return wrong("--env and --nova-conf or --config-dir both say which cloud; give one");
        }
        _ => {}
    }
    for path in said.nova_conf.iter().chain(&said.config_dirs).chain(&said.profiles) {
        let text = path.to_string_lossy();
        if text.contains("://") {
            let text = url::masked(&text);
            return Err(FindError::Wrong(format!("{text}: a file is wanted there; a URL goes to --api")));
        }
    }
    let environments = environments(said, around);
    let chosen = choose(said, around, environments.as_ref())?;
    let mut notices = Vec::new();
    // A profile file that is not needed may be wrong: it is said, and that is all.
    let environments = match (environments, &chosen) {
        (Ok(environments), _) => environments,
        (Err(error), Chosen::Profile(_)) => return Err(error.into()),
        (Err(error), _) => {
            notices.push(format!("{error}; the environments it names cannot be used"));
            Environments::none_of(profiles_path(said, around))
        }
    };
    notices.extend(environments.notices().iter().cloned());
    let mut parts = match &chosen {
        Chosen::Profile(name) => {
            let file = environments.path().unwrap_or(Path::new(""));
            Parts::of_profile(environments.profile(name)?, file)?
        }
        Chosen::Given(sources) => Parts::of_conf(sources.as_ref(), said.api.as_ref(), "--api")?,
    };
    for cell in &said.cells {
        let cell: CellArgument =
            cell.reveal().parse().map_err(|error: CellError| FindError::Wrong(format!("--cell: {error}")))?;
        parts.overrule(cell.name.clone(), given(DatabaseName::Cell(cell.name), Ok(cell.url)));
    }
    check_twice(&said.cells)?;
    parts.environment = said.environment.clone().or(parts.environment);
    parts.spec_home = said.spec_home.or(parts.spec_home);
    parts.notices.splice(0..0, notices);
    Ok(Found { deployment: parts.deployment(&said.limits)?, environments })
}

/// A name must not be given twice on the command line; one of a profile may be overruled there.
fn check_twice(cells: &[Secret]) -> Result<(), FindError> {
    let cells: Vec<CellArgument> = cells.iter().filter_map(|cell| cell.reveal().parse().ok()).collect();
    cells::check(&cells).map_err(|error| FindError::Wrong(format!("--cell: {error}")))
}

/// The deployment that a profile describes; `file` is where the profile stands.
pub(super) fn of_profile(profile: &Profile, file: &Path, limits: &Limits) -> Result<Deployment, FindError> {
    Parts::of_profile(profile, file)?.deployment(limits)
}

/// Which source is taken.
enum Chosen {
    /// The environment of that name.
    Profile(String),
    /// A configuration of nova's, `--api`, or both.
    Given(Option<Sources>),
}

fn choose(
    said: &Said,
    around: &Surroundings<'_>,
    environments: Result<&Environments, &ProfileError>,
) -> Result<Chosen, FindError> {
    let named = || {
        let conf = |path: String| Sources::given(vec![PathBuf::from(path)], Vec::new());
        if said.nova_conf.is_empty() && said.config_dirs.is_empty() {
            (around.variable)("REQSPEC_NOVA_CONF").map(conf)
        } else {
            Some(Sources::given(said.nova_conf.clone(), said.config_dirs.clone()))
        }
    };
    let conf_is_given = !said.nova_conf.is_empty() || !said.config_dirs.is_empty();
    if said.api.is_some() {
        // Beside --api a configuration that is given with it fills the templates of cell_mappings;
        // that of a variable may be another cloud's.
        return Ok(Chosen::Given(if conf_is_given { named() } else { None }));
    }
    if let Some(name) = &said.env {
        return Ok(Chosen::Profile(name.clone()));
    }
    if conf_is_given {
        return Ok(Chosen::Given(named()));
    }
    if let Some(name) = (around.variable)("REQSPEC_ENV") {
        return Ok(Chosen::Profile(name));
    }
    if let Some(conf) = named() {
        return Ok(Chosen::Given(Some(conf)));
    }
    let environments = environments.map_err(|error| FindError::from(error.clone()))?;
    if let Some(name) = environments.default_name() {
        return Ok(Chosen::Profile(name.to_owned()));
    }
    if let Some(conf) = (around.nova)()? {
        return Ok(Chosen::Given(Some(conf)));
    }
    if (around.variable)("OS_API_DATABASE__CONNECTION").is_some() {
        return Ok(Chosen::Given(Some(Sources::given(Vec::new(), Vec::new()))));
    }
    Err(FindError::Nothing(nothing(environments)))
}

/// Where it was looked, and what to do.
fn nothing(environments: &Environments) -> Vec<String> {
    let file = match environments.path() {
        None => "there is no home directory to look for a profile file in".to_owned(),
        Some(path) if environments.is_empty() => {
            format!("{}: names no environment, or is not there", path.display())
        }
        Some(path) => {
            let names: Vec<_> = environments.list().into_iter().map(|one| one.name).collect();
            format!("{}: has no default; --env NAME chooses one of {}", path.display(), names.join(", "))
        }
    };
    vec![
        "nobody says where the databases are. It was looked here:".to_owned(),
        "  --api, --env, --nova-conf, --config-dir, $REQSPEC_ENV, $REQSPEC_NOVA_CONF: not given".to_owned(),
        format!("  {file}"),
        "  nova.conf and nova.conf.d in ~/.nova, ~, /etc/nova, /etc: not there".to_owned(),
        "  $OS_API_DATABASE__CONNECTION: not set".to_owned(),
        "On a controller name its configuration: --nova-conf FILE. Elsewhere name the API database: --api URL \
         (and cells that cannot be reached as nova knows them: --cell NAME=URL), or write both into a profile. \
         `reqspec demo` opens a sample deployment."
            .to_owned(),
    ]
}

fn given(name: DatabaseName, address: Result<crate::store::Address, String>) -> Entry {
    let shown = address.as_ref().map_or_else(|_| "".into(), |address| address.shown.clone());
    Entry { name, uuid: None, address, shown, disabled: false, origin: Origin::Given }
}

/// What a deployment is made of.
struct Parts {
    environment: Option<String>,
    api: Entry,
    cells: Vec<Entry>,
    filling: Filling,
    never: Option<String>,
    colour: Option<super::Colour>,
    spec_home: Option<SpecHome>,
    timeout: Option<std::time::Duration>,
    notices: Vec<String>,
}

impl Parts {
    /// Of an address of the API database that was given, a configuration of nova's, or both: the
    /// address that was given wins, and templates are filled from the configuration.
    fn of_conf(sources: Option<&Sources>, api: Option<&Secret>, what: &str) -> Result<Self, FindError> {
        let conf = sources.map(Configuration::load).transpose()?;
        let mut notices = Vec::new();
        let (text, origin) = match (api, &conf) {
            (Some(api), _) => (api.clone(), Origin::Given),
            (None, Some(conf)) => api_database(conf)?,
            (None, None) => return Err(FindError::Wrong("no API database is named".to_owned())),
        };
        let place = match &origin {
            Origin::Configuration(place) => place.to_string(),
            _ => what.to_owned(),
        };
        let read = url::read(text.reveal()).map_err(|error| FindError::Wrong(format!("{place}: {error}")))?;
        notices.extend(read.notices.iter().map(|notice| format!("{place}: {notice}")));
        let database = |name: &str| match &conf {
            Some(conf) => conf.get("database", name).map(|value| value.map(|value| Secret::new(&value.text))),
            None => Ok(None),
        };
        let (connection, parameters) = (database("connection")?, database("connection_parameters")?);
        let mut entry = given(DatabaseName::Api, Ok(read.address));
        entry.origin = origin;
        Ok(Self {
            environment: None,
            api: entry,
            cells: Vec::new(),
            filling: Filling { connection, parameters, passwords: Passwords::default() },
            never: None,
            colour: None,
            spec_home: None,
            timeout: None,
            notices,
        })
    }

    fn of_profile(profile: &Profile, file: &Path) -> Result<Self, FindError> {
        let mut sources = Sources::given(profile.nova_conf.clone(), profile.config_dirs.clone());
        // The process's own environment speaks of one cloud, the profile perhaps of another.
        sources.environment.clear();
        let sources = (!sources.files.is_empty() || !sources.directories.is_empty()).then_some(sources);
        let what = format!("{}: api", file.display());
        let mut parts = Self::of_conf(sources.as_ref(), profile.api.as_ref(), &what)?;
        for (name, text) in &profile.cells {
            let place = format!("{}: [env.{}.cells]", file.display(), profile.name);
            let cell =
                cells::cell_name(name).map_err(|error| FindError::Wrong(format!("{place}: {error}")))?;
            let read = url::read(text.reveal());
            if let Ok(read) = &read {
                parts.notices.extend(read.notices.iter().map(|notice| format!("{cell}: {notice}")));
            }
            // A cell whose URL is wrong is a state of that cell.
            let address = read.map(|read| read.address).map_err(|error| format!("{place}: {error}"));
            let mut entry = given(DatabaseName::Cell(cell), address);
            if entry.address.is_err() {
                entry.shown = url::masked(text.reveal()).into();
            }
            parts.cells.push(entry);
        }
        let own = profile.passwords.iter().cloned();
        parts.filling.passwords = Passwords::new(profile.password.clone(), own);
        parts.notices.extend(parts.filling.passwords.files().filter_map(readable_by_all));
        parts.environment = Some(profile.name.clone());
        parts.colour = profile.colour;
        parts.spec_home = profile.spec_home;
        parts.timeout = profile.timeout;
        parts.never = profile
            .read_only
            .then(|| format!("the environment {} is read-only ({})", profile.name, file.display()));
        Ok(parts)
    }

    /// A cell that is given again: the later word wins.
    fn overrule(&mut self, name: CellName, entry: Entry) {
        match self.cells.iter_mut().find(|cell| cell.name.as_cell() == Some(&name)) {
            Some(cell) => *cell = entry,
            None => self.cells.push(entry),
        }
    }

    fn deployment(self, limits: &Limits) -> Result<Deployment, FindError> {
        let passwords = &self.filling.passwords;
        let mut given = vec![self.api];
        given.extend(self.cells);
        for entry in &mut given {
            let Ok(address) = entry.address.clone() else { continue };
            match passwords.fill(&entry.name, None, address) {
                Ok(address) => entry.address = Ok(address),
                // Without the API database no cell is found; without one cell the others are.
                Err(reason) if entry.name == DatabaseName::Api => return Err(FindError::Password(reason)),
                Err(reason) => entry.address = Err(reason),
            }
        }
        let mut deployment = Deployment::of_entries(given, self.filling);
        if let Some(name) = self.environment {
            deployment = deployment.with_environment(name);
        }
        if let Some(home) = self.spec_home {
            deployment = deployment.with_spec_home(home);
        }
        if let Some(timeout) = limits.timeout.or(self.timeout) {
            deployment = deployment.with_timeout(timeout);
        }
        if let Some(reason) = limits.read_only.clone().or(self.never) {
            deployment = deployment.with_policy(WritePolicy::Never(reason));
        }
        deployment.colour = self.colour;
        deployment.notices = self.notices;
        Ok(deployment)
    }
}

/// `[api_database] connection` and where it stands.
fn api_database(conf: &Configuration) -> Result<(Secret, Origin), FindError> {
    let Some(value) = conf.get("api_database", "connection")?.filter(|value| !value.text.is_empty()) else {
        let files: Vec<_> = conf.files().iter().map(|path| path.display().to_string()).collect();
        let files = if files.is_empty() { "nova's configuration".to_owned() } else { files.join(", ") };
        return Err(FindError::Wrong(format!(
            "{files}: [api_database] connection is not set, as on a compute node; name a controller's \
             configuration with --nova-conf, or the API database with --api URL"
        )));
    };
    let parameters = conf.get("api_database", "connection_parameters")?;
    let parameters = parameters.map_or_else(String::new, |parameters| parameters.text);
    let text = url::with_parameters(&value.text, &parameters);
    let origin = format!("{} [api_database] connection", value.origin);
    Ok((Secret::new(text), Origin::Configuration(origin.into())))
}

#[cfg(test)]
#[path = "discover_tests.rs"]
mod tests;
