//! Which files make up nova's configuration, and in which order they are read.
//!
//! Reads directories and files; imports nothing of ours but [`ConfError`].

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::ConfError;

/// Which files make up a configuration; and the environment.
#[derive(Clone, Default)]
pub struct Sources {
    /// Files, in the order of reading.
    pub files: Vec<PathBuf>,
    /// Directories whose `*.conf` files are read after them, sorted by name.
    pub directories: Vec<PathBuf>,
    /// Variables: `OS_<GROUP>__<OPTION>` sets an option and wins over every file; `HOME` stands for
    /// `~`.
    pub environment: Vec<(String, String)>,
}

/// The variables of this process that are text.
fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Sources {
    /// These files, then these directories, and the process's environment. As with nova's
    /// `--config-file` and `--config-dir`, but without the default directory, which oslo.config reads
    /// *before* a file that is given: that would mix the cloud of this host into the one given.
    pub fn given(files: Vec<PathBuf>, directories: Vec<PathBuf>) -> Self {
        Self { files, directories, environment: process_environment() }
    }

    /// Where nova's services look (`oslo_config/cfg.py`, find_config_files and find_config_dirs, for
    /// the project `nova`): the first `nova.conf` and the first `nova.conf.d` of `~/.nova`, `~`,
    /// `/etc/nova`, `/etc` and a snap's directories. None where there is neither.
    ///
    /// # Errors
    /// [`ConfError::PermissionDenied`] where a directory that would be looked into is closed: nova
    /// has its configuration there, and this account may not see it.
    pub fn found() -> Result<Option<Self>, ConfError> {
        Self::found_in(Path::new("/etc"), process_environment())
    }

    /// The same with another `/etc` and environment.
    ///
    /// # Errors
    /// As [`Sources::found`].
    pub fn found_in(etc: &Path, environment: Vec<(String, String)>) -> Result<Option<Self>, ConfError> {
        let variable = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let mut places = Vec::new();
        if let Some(home) = variable("HOME") {
            places.push(Path::new(home).join(".nova"));
            places.push(PathBuf::from(home));
        }
        places.push(etc.join("nova"));
        places.push(etc.to_owned());
        for snap in ["SNAP_COMMON", "SNAP"] {
            places.extend(variable(snap).map(|snap| Path::new(snap).join("etc/nova")));
        }
        let file = first(&places, "nova.conf")?;
        // With a file at hand, a closed directory further down is passed over, as oslo.config does.
        let directory = match first(&places, "nova.conf.d") {
            Err(_) if file.is_some() => None,
            found => found?,
        };
        if file.is_none() && directory.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            files: file.into_iter().collect(),
            directories: directory.into_iter().collect(),
            environment,
        }))
    }

    /// The files in the order of reading.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, ConfError> {
        let mut paths: Vec<PathBuf> = self.files.iter().map(|path| self.expanded(path)).collect();
        for directory in &self.directories {
            paths.extend(fragments(&self.expanded(directory))?);
        }
        Ok(paths)
    }

    /// `~` is the home directory.
    fn expanded(&self, path: &Path) -> PathBuf {
        let home = self.environment.iter().find(|(name, _)| name == "HOME");
        match (path.strip_prefix("~"), home) {
            (Ok(rest), Some((_, home))) => Path::new(home).join(rest),
            _ => path.to_owned(),
        }
    }
}

fn first(places: &[PathBuf], name: &str) -> Result<Option<PathBuf>, ConfError> {
    for place in places {
        let path = place.join(name);
        match fs::metadata(&path) {
            Ok(_) => return Ok(Some(path)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(failed(&path, &error)),
            Err(_) => {}
        }
    }
    Ok(None)
}

/// The `*.conf` files of a directory, sorted as Python's `sorted(glob.glob(…))` sorts them.
fn fragments(directory: &Path) -> Result<Vec<PathBuf>, ConfError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // oslo.config asks only whether it is there, and finds no fragments in a file.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(error) => return Err(failed(directory, &error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(directory, &error))?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if name.ends_with(b".conf") && !name.starts_with(b".") {
            paths.push(path);
        }
    }
    paths.sort_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
    Ok(paths)
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ConfError> {
    fs::read(path).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> ConfError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::NotFound => ConfError::NotFound { path },
        ErrorKind::IsADirectory => ConfError::Directory { path },
        ErrorKind::PermissionDenied => {
            let advice = who_may(&path);
            ConfError::PermissionDenied { path, advice }
        }
        _ => ConfError::Io { path, reason: error.to_string() },
    }
}

/// Who may read a file that this account may not: owner and group of the file, or of the closest
/// directory above it that can still be seen.
pub(super) fn who_may(path: &Path) -> String {
    let Some((closed, found)) = path.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)))
    else {
        return "read it as the user that nova runs as".to_owned();
    };
    let owner = name_of("/etc/passwd", found.uid());
    let mode = found.mode();
    // Reading wants r of a file, x of a directory.
    let group_may = mode & if found.is_dir() { 0o010 } else { 0o040 } != 0;
    let subject = if closed == path { "it".to_owned() } else { closed.display().to_string() };
    if group_may {
        let group = name_of("/etc/group", found.gid());
        format!(
            "{subject} is open to user {owner} and group {group}: run reqspec with sudo, or as a member of that group (usermod -aG {group} YOU, then log in again)"
        )
    } else {
        format!("{subject} is open to user {owner} only: run reqspec with sudo, or as that user")
    }
}

/// The name of a user or group by its number; the number where it has none here.
fn name_of(table: &str, id: u32) -> String {
    let number = id.to_string();
    let text = fs::read_to_string(table).unwrap_or_default();
    let mut names = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    names.next().unwrap_or(number)
}
