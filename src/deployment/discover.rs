//! From what an operator says, or leaves unsaid, to a deployment.
//!
//! Imports `store`'s names. Reads files; opens no database.

use std::path::Path;

use super::password::Passwords;
use super::profile::Limits;
use super::profile_file::Profile;
use super::{Deployment, WritePolicy, profile, url};
use crate::store::DatabaseName;

/// Why no deployment could be made. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// What was said cannot be meant.
    #[error("{0}")]
    Wrong(String),
    /// A password that is needed cannot be had.
    #[error("{0}")]
    Password(String),
}

/// The deployment that a profile describes; `file` is where the profile stands.
pub(super) fn of_profile(profile: &Profile, file: &Path, limits: &Limits) -> Result<Deployment, FindError> {
    let passwords = Passwords::new(profile.password.clone(), profile.passwords.iter().cloned());
    let Some(api) = &profile.api else {
        return Err(FindError::Wrong("nova.conf is not read yet".to_owned()));
    };
    let api =
        url::parse(profile::revealed(api)).map_err(|error| FindError::Wrong(format!("api: {error}")))?;
    let api = passwords.fill(&DatabaseName::Api, None, api).map_err(FindError::Password)?;
    let mut deployment = Deployment::of(api, Vec::new()).with_environment(&profile.name);
    deployment.colour = profile.colour;
    if let Some(home) = profile.spec_home {
        deployment = deployment.with_spec_home(home);
    }
    let file = file.display();
    let never = limits.read_only.clone().or_else(|| {
        profile.read_only.then(|| format!("the environment {} is read-only ({file})", profile.name))
    });
    if let Some(reason) = never {
        deployment = deployment.with_policy(WritePolicy::Never(reason));
    }
    Ok(deployment)
}
