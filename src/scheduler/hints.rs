//! The scheduler hints nova knows, and what each demands.
//!
//! Sources: `nova/scheduler/filters/affinity_filter.py`, `json_filter.py`,
//! `nova/scheduler/utils.py` (`request_is_rebuild`, `setup_instance_group`).

use super::constraint::{Said, demand, nothing, plural, trap, unknown};

/// A hint nova knows.
#[derive(Debug, Clone, Copy)]
pub struct Hint {
    /// The key.
    pub key: &'static str,
    /// What it demands, one line, whatever the value.
    pub help: &'static str,
    says: fn(&[String]) -> Said,
}

impl Hint {
    /// What the hint demands with these values.
    pub fn says(&self, values: &[String]) -> Said {
        (self.says)(values)
    }
}

/// Every hint nova reads.
pub static HINTS: &[Hint] = &[
    Hint {
        key: "group",
        help: "uuid of the server group whose policy counts",
        says: |_| demand("the policy of this server group", "ServerGroup(Anti)AffinityFilter"),
    },
    Hint {
        key: "same_host",
        help: "uuids of instances: one of them must be on the host",
        says: |values| {
            demand(format!("a host that holds one of {}", plural(values.len(), "instance")), "SameHostFilter")
        },
    },
    Hint {
        key: "different_host",
        help: "uuids of instances: none of them may be on the host",
        says: |values| {
            demand(
                format!("a host that holds none of {}", plural(values.len(), "instance")),
                "DifferentHostFilter",
            )
        },
    },
    Hint {
        key: "build_near_host_ip",
        help: "an address: the host's IP must lie in its network (see cidr)",
        says: |_| demand("host IP in the network of this address", "SimpleCIDRAffinityFilter"),
    },
    Hint {
        key: "cidr",
        help: "prefix length that build_near_host_ip goes with, /24 if absent",
        says: |_| demand("prefix length for build_near_host_ip", "SimpleCIDRAffinityFilter"),
    },
    Hint {
        key: "query",
        help: "a JSON expression over the host's attributes",
        says: |_| demand("the expression must hold for the host", "JsonFilter"),
    },
    Hint {
        key: "_nova_check_type",
        help: "set by nova in memory only: the request counts as a rebuild",
        says: |values| match values {
            [only] if only == "rebuild" => {
                trap("counts as a rebuild: placement is skipped, the host is not chosen anew", "scheduler")
            }
            _ => trap("nova's internal mark, never to be stored", "scheduler"),
        },
    },
    Hint {
        key: "reservation",
        help: "uuid of a Blazar reservation",
        says: |_| demand("a Blazar reservation", "BlazarFilter, not nova's: undetermined"),
    },
];

/// The hint of that name.
pub fn find(key: &str) -> Option<&'static Hint> {
    HINTS.iter().find(|hint| hint.key == key)
}

/// What a hint demands, known or not.
pub fn say(key: &str, values: &[String]) -> Said {
    match find(key) {
        Some(_) if values.is_empty() => nothing("an empty list: demands nothing"),
        Some(hint) => hint.says(values),
        None => unknown("unknown: no filter of nova's reads this hint, a custom one may"),
    }
}
