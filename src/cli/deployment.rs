//! Which databases the options mean.

use super::args::{DeploymentArguments, HomeArgument};
use super::error::CliError;
use super::output::say;
use crate::deployment::Environments;
use crate::deployment::discover::{self, FindError, Found, Said};
use crate::deployment::profile::Limits;
use crate::deployment::url;
use crate::store::SpecHome;
use crate::store::address::Secret;

/// Why nothing is written with `--read-only`.
pub const READ_ONLY: &str = "--read-only was given; nothing was written";

/// The deployment that is meant.
pub fn find(arguments: &DeploymentArguments) -> Result<Found, CliError> {
    if arguments.api.iter().chain(&arguments.cells).any(|text| holds_password(text)) {
        say(
            "reqspec: warning: every user of this machine can see a password on the command line; keep it in a \
             profile (password_file, password_command), in an option file (?read_default_file=…) or in \
             $OS_API_DATABASE__CONNECTION",
        );
    }
    Ok(discover::find(&said(arguments), &discover::surroundings())?)
}

/// What the options come to for the terminal UI.
pub enum Meant {
    /// That deployment.
    One(Box<Found>),
    /// One of the environments of the profile file, to be chosen.
    AnyOf(Environments),
}

/// The same where nothing needs to be said: the environments are left to be chosen from.
pub fn find_or_choose(arguments: &DeploymentArguments) -> Result<Meant, CliError> {
    if is_named(arguments) {
        return find(arguments).map(|found| Meant::One(Box::new(found)));
    }
    let (said, around) = (said(arguments), discover::surroundings());
    // Once: a password that is asked for may need a key to be touched.
    let found = discover::find(&said, &around);
    if let Err(FindError::Nothing(_)) = found
        && let Ok(environments) = discover::environments(&said, &around)
        && !environments.is_empty()
    {
        return Ok(Meant::AnyOf(environments));
    }
    Ok(Meant::One(Box::new(found?)))
}

/// The options as an operator's words.
pub fn said(arguments: &DeploymentArguments) -> Said {
    Said {
        api: arguments.api.as_ref().map(Secret::new),
        cells: arguments.cells.iter().map(Secret::new).collect(),
        env: arguments.env.clone(),
        nova_conf: arguments.nova_conf.clone(),
        config_dirs: arguments.config_dirs.clone(),
        profiles: arguments.config.clone(),
        environment: arguments.env_name.clone(),
        spec_home: arguments.spec_home.map(|home| match home {
            HomeArgument::Api => SpecHome::Api,
            HomeArgument::Cells => SpecHome::Cells,
        }),
        limits: Limits {
            read_only: arguments.read_only.then(|| READ_ONLY.to_owned()),
            timeout: arguments.timeout,
        },
    }
}

/// Whether an option says which databases.
pub fn is_named(arguments: &DeploymentArguments) -> bool {
    arguments.api.is_some()
        || !arguments.cells.is_empty()
        || arguments.env.is_some()
        || !arguments.nova_conf.is_empty()
        || !arguments.config_dirs.is_empty()
        || arguments.spec_home.is_some()
}

/// Of a URL, or `NAME=URL`.
fn holds_password(text: &str) -> bool {
    let text = match text.split_once('=') {
        Some((name, url)) if !name.contains("://") => url,
        _ => text,
    };
    let shown = url::masked(text);
    shown != text && [":***@", "password=***", "passwd=***"].iter().any(|mark| shown.contains(mark))
}
