//! Named repairs: what each changes in a spec, given what other tables say of its instance.
//!
//! Each changes the least bytes that do it, and is idempotent: done twice, the second time it needs none.
//!
//! Imports `spec` and `lint`; no I/O.

use std::fmt;

use crate::lint::Surroundings;
use crate::spec::Document;
use crate::spec::edit::Edited;

mod work;

/// A repair by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// `unpin-zone`: the zone becomes null.
    UnpinZone,
    /// `rename-zone OLD NEW`.
    RenameZone {
        /// The zone that the spec names.
        old: String,
        /// The zone that it shall name.
        new: String,
    },
    /// `clear-forced-hosts`: no forced hosts and nodes.
    ClearForcedHosts,
    /// `refresh-flavor`: the spec's flavor becomes the instance's current one.
    RefreshFlavor,
    /// `drop-dangling-group`: group and hint of a group that is not there go.
    DropDanglingGroup,
    /// `relink-group`: group and hint become what the membership table says.
    RelinkGroup,
    /// `fix-project`: project_id and user_id become those of the instance.
    FixProject,
    /// `clear-leftover-pci`: PCI requests that the flavor does not ask for go.
    ClearLeftoverPci,
    /// `strip-stale-fields`: what nova's save() does not store goes.
    StripStaleFields,
}

impl Repair {
    /// Their names.
    pub const NAMES: [&str; 9] = [
        "unpin-zone",
        "rename-zone",
        "clear-forced-hosts",
        "refresh-flavor",
        "drop-dangling-group",
        "relink-group",
        "fix-project",
        "clear-leftover-pci",
        "strip-stale-fields",
    ];

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnpinZone => "unpin-zone",
            Self::RenameZone { .. } => "rename-zone",
            Self::ClearForcedHosts => "clear-forced-hosts",
            Self::RefreshFlavor => "refresh-flavor",
            Self::DropDanglingGroup => "drop-dangling-group",
            Self::RelinkGroup => "relink-group",
            Self::FixProject => "fix-project",
            Self::ClearLeftoverPci => "clear-leftover-pci",
            Self::StripStaleFields => "strip-stale-fields",
        }
    }

    /// The repair of that name; `arguments` are those that [`Repair::usage`] names.
    ///
    /// # Errors
    /// A sentence: there is no such repair, or it takes other arguments.
    pub fn parse(name: &str, arguments: &[&str]) -> Result<Self, String> {
        let repair = match name {
            "unpin-zone" => Self::UnpinZone,
            "rename-zone" => {
                let [old, new] = arguments else {
                    return Err(format!("rename-zone takes the old and the new zone: {}", Self::usage(name)));
                };
                return Self::rename_zone(old, new);
            }
            "clear-forced-hosts" => Self::ClearForcedHosts,
            "refresh-flavor" => Self::RefreshFlavor,
            "drop-dangling-group" => Self::DropDanglingGroup,
            "relink-group" => Self::RelinkGroup,
            "fix-project" => Self::FixProject,
            "clear-leftover-pci" => Self::ClearLeftoverPci,
            "strip-stale-fields" => Self::StripStaleFields,
            _ => return Err(format!("there is no repair {name:?}; there are {}", Self::NAMES.join(", "))),
        };
        match arguments {
            [] => Ok(repair),
            [first, ..] => Err(format!("{name} takes no arguments, and {first:?} is one")),
        }
    }

    fn rename_zone(old: &str, new: &str) -> Result<Self, String> {
        for zone in [old, new] {
            if zone.trim().is_empty() || zone.contains(':') || zone.chars().any(char::is_control) {
                return Err(format!("{zone:?} is not the name of a zone"));
            }
        }
        if old == new {
            return Err(format!("rename-zone: both zones are {old:?}"));
        }
        Ok(Self::RenameZone { old: old.to_owned(), new: new.to_owned() })
    }

    /// Its name with its arguments: `rename-zone OLD NEW`.
    pub fn usage(name: &str) -> &str {
        if name == "rename-zone" { "rename-zone OLD NEW" } else { name }
    }

    /// Whether it goes by what other tables say. If not, [`Repair::edits`] may be given empty surroundings.
    pub fn needs_surroundings(&self) -> bool {
        matches!(self, Self::RefreshFlavor | Self::DropDanglingGroup | Self::RelinkGroup | Self::FixProject)
    }

    /// What it makes of a spec; None where the spec needs none. The result is stripped of nothing else and not
    /// yet judged: planning does both as for any edit.
    ///
    /// # Errors
    /// A sentence without a full stop, why it cannot be done for this spec: what it goes by could not be told, or the
    /// text cannot be edited.
    pub fn edits(&self, document: &Document, around: &Surroundings) -> Result<Option<Edited>, String> {
        work::edits(self, document, around)
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RenameZone { old, new } => write!(f, "rename-zone {old} {new}"),
            other => f.write_str(other.name()),
        }
    }
}

#[cfg(test)]
mod tests;
