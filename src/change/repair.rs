//! Named repairs: what each changes in a spec, given what other tables say of its instance.
//!
//! Imports `spec` and `lint`; no I/O.

use std::fmt;

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
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RenameZone { old, new } => write!(f, "rename-zone {old} {new}"),
            other => f.write_str(other.name()),
        }
    }
}
