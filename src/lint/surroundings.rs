//! What nova's other tables say of an instance and of the whole deployment, as plain data.
//!
//! Imports nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

/// What a database said, or that it could not be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Told<T> {
    /// It was not asked, is down, lacks the table, or may not be read: no conclusion.
    #[default]
    Unknown,
    /// It said so.
    Known(T),
}

impl<T> Told<T> {
    /// What was said.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }
}

/// Where the API database says an instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// No row in `instance_mappings`.
    Unmapped,
    /// A mapping without a cell. `build_request`: whether it has a row in `build_requests` (it is being built).
    Unscheduled {
        /// Whether there is one.
        build_request: Told<bool>,
    },
    /// The cell, by the name that the deployment uses.
    Cell {
        /// Its name.
        name: Arc<str>,
        /// `queued_for_delete`.
        queued_for_delete: bool,
    },
    /// A cell that `cell_mappings` does not have.
    LostCell,
}

/// What a cell says of an instance that is not deleted there: `instances` and `instance_extra`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// The cell.
    pub cell: Arc<str>,
    /// `host`.
    pub host: Option<Arc<str>>,
    /// `node`.
    pub node: Option<Arc<str>>,
    /// `vm_state`.
    pub vm_state: Option<Arc<str>>,
    /// `task_state`.
    pub task_state: Option<Arc<str>>,
    /// `project_id`.
    pub project_id: Option<Arc<str>>,
    /// `user_id`.
    pub user_id: Option<Arc<str>>,
    /// `availability_zone`.
    pub availability_zone: Option<Arc<str>>,
    /// The current flavor: the envelope `cur` of `instance_extra.flavor`, exact JSON text.
    pub flavor: Told<Option<Arc<str>>>,
    /// `instance_extra.numa_topology`, exact JSON text; None where it is null.
    pub numa_topology: Told<Option<Arc<str>>>,
    /// `instance_extra.pci_requests`, exact JSON text; None where it is null.
    pub pci_requests: Told<Option<Arc<str>>>,
}

/// A server group that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `instance_groups.uuid`.
    pub uuid: Arc<str>,
    /// `instance_group_policy.policy`, else what the group's `policies` say.
    pub policy: Option<Arc<str>>,
}

/// Another copy of the same instance's spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// `api` or a cell's name.
    pub database: Arc<str>,
    /// Whether its bytes are the same.
    pub equal: bool,
}

/// What other tables say of one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `instance_mappings` and `build_requests`.
    pub home: Told<Home>,
    /// `instances` of its cell; None: no row that is not deleted in any cell (all were asked).
    pub instance: Told<Option<Instance>>,
    /// The group that the spec names (`instance_group.uuid`, else the hint); None: there is none such.
    pub named_group: Told<Option<Group>>,
    /// The group that has the instance as a member (`instance_group_member`), if any.
    pub member_of: Told<Option<Group>>,
    /// The specs of the same instance in other databases, of all that were asked.
    pub copies: Told<Vec<Copy>>,
}

/// What holds for all instances of a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    /// The zones that an aggregate has in its metadata (`availability_zone`), and nova's default zone.
    pub zones: Told<BTreeSet<Arc<str>>>,
    /// The hosts of all cells with a compute service or node, as written.
    pub hosts: Told<BTreeSet<Arc<str>>>,
    /// `compute_nodes.hypervisor_hostname` of all cells.
    pub nodes: Told<BTreeSet<Arc<str>>>,
    /// Whether the specs of scheduled instances belong in their cell (the blueprint) rather than in the API database.
    pub specs_live_in_cells: bool,
}
