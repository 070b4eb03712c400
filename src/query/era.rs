//! Which release of nova wrote a spec, as far as the versions of its objects tell.
//!
//! The release is the earliest one whose objects were all at least as new as the stored ones. A later
//! release that changed none of them writes the same versions, so a row may be younger than told; an
//! object that nova carried over from an older release keeps its old version and hides nothing,
//! because the newest one decides. A version that is newer than any in the table gives no release;
//! what is not written as two numbers is left aside.
//!
//! Imports nothing; no I/O.

/// An object whose versions tell releases apart, where it stands, and from which release on it had
/// which version: `(release, minor)`, both ascending; all majors are 1.
#[derive(Debug)]
pub(super) struct Dated {
    /// The path to its version; `*` for every element.
    pub path: &'static [&'static str],
    steps: &'static [(u32, u32)],
}

const VERSION: &str = "nova_object.version";

/// The objects, by nova's source at each release.
pub(super) const DATED: &[Dated] = &[
    // RequestSpec
    Dated {
        path: &[VERSION],
        steps: &[(13, 5), (14, 6), (15, 8), (18, 11), (19, 12), (21, 13), (23, 14), (29, 15)],
    },
    // Flavor
    Dated { path: &["flavor", VERSION], steps: &[(13, 1), (17, 2)] },
    // ImageMetaProps
    Dated {
        path: &["image", "properties", VERSION],
        steps: &[
            (13, 12),
            (14, 15),
            (15, 16),
            (16, 19),
            (18, 20),
            (19, 21),
            (20, 24),
            (21, 25),
            (22, 27),
            (23, 29),
            (24, 30),
            (25, 31),
            (26, 34),
            (29, 37),
            (30, 38),
            (31, 39),
            (32, 42),
            (34, 44),
        ],
    },
    // InstanceNUMACell
    Dated { path: &["numa_topology", "cells", "*", VERSION], steps: &[(13, 3), (15, 4), (22, 6)] },
    // InstancePCIRequest
    Dated { path: &["pci_requests", "requests", "*", VERSION], steps: &[(13, 1), (17, 2), (19, 3), (23, 4)] },
    // InstanceGroup
    Dated { path: &["instance_group", VERSION], steps: &[(13, 10), (18, 11)] },
];

/// Collects the versions of one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Era {
    release: u32,
    unknown: bool,
}

impl Era {
    /// One more version, of the object at that position of [`DATED`].
    pub fn saw(&mut self, object: usize, version: &str) {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let Some((major, minor)) = version.split_once('.') else { return };
        if !digits(major) || !digits(minor) {
            return;
        }
        // A number too large to be read is newer than anything.
        let minor = minor.parse().unwrap_or(u32::MAX);
        let release = match major.parse() {
            Ok(0) => Some(0),
            Ok(1) => {
                DATED[object].steps.iter().find(|(_, known)| *known >= minor).map(|(release, _)| *release)
            }
            _ => None,
        };
        match release {
            Some(release) => self.release = self.release.max(release),
            None => self.unknown = true,
        }
    }

    /// The release, if the versions tell one.
    pub fn release(self) -> Option<u32> {
        (!self.unknown && self.release > 0).then_some(self.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(&[(0, "1.5")], Some(13))]
    #[case(&[(0, "1.8"), (2, "1.16")], Some(15))]
    #[case(&[(0, "1.8"), (2, "1.19"), (1, "1.1")], Some(16))]
    #[case(&[(0, "1.8"), (2, "1.19"), (1, "1.2")], Some(17))]
    // Between two releases' versions: the later release.
    #[case(&[(0, "1.14"), (2, "1.33")], Some(26))]
    // An old object carried over by a newer release.
    #[case(&[(0, "1.15"), (1, "1.1"), (2, "1.44")], Some(34))]
    // Newer than known, whatever the others say.
    #[case(&[(0, "1.16"), (2, "1.44")], None)]
    #[case(&[(0, "2.0")], None)]
    #[case(&[(0, "1.99999999999999")], None)]
    #[case(&[(0, "1.15.1"), (2, "1.12")], Some(13))]
    #[case(&[(0, "new"), (1, "1."), (2, "+1.5")], None)]
    #[case(&[], None)]
    fn the_newest_object_dates_the_row(#[case] versions: &[(usize, &str)], #[case] expected: Option<u32>) {
        let mut era = Era::default();
        versions.iter().for_each(|(object, version)| era.saw(*object, version));
        assert_eq!(era.release(), expected);
    }
}
