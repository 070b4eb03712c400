//! Which database a spec belongs in, and what breaks where it leaves it.

use super::Preparation;
use crate::change::{CellName, DatabaseName, InstanceHome, Refusal, Severity, SpecHome};

/// Sentence on what upstream nova does without the row (nova/objects/request_spec.py reads the
/// API database only).
const UPSTREAM: &str = "Upstream nova reads request specs from the API database only: resize, migrate, \
    evacuate and unshelve of this instance raise RequestSpecNotFound until the spec is back there.";

impl Preparation<'_> {
    /// Refuse a cell that is not the instance's, unless forced.
    pub(super) fn check_cell(&mut self, to: &DatabaseName) -> Result<(), Refusal> {
        let Some(cell) = to.as_cell() else { return Ok(()) };
        let home = self.facts.instance_home.clone();
        match home {
            InstanceHome::Cell(mapped) if mapped == *cell => Ok(()),
            InstanceHome::Cell(mapped) => self.refuse_unless_forced(
                cell.as_str(),
                format!(
                    "The instance is mapped to {mapped}, not to {cell}: nothing looks for its spec there."
                ),
            ),
            InstanceHome::Unscheduled => self.refuse_unless_forced(
                cell.as_str(),
                "The instance is not scheduled yet: until instance_mappings gives it a cell, \
                 its spec belongs in the API database.",
            ),
            InstanceHome::Unmapped => self.refuse_unless_forced(
                cell.as_str(),
                format!(
                    "nova has no mapping of this instance to any cell (it may be deleted): \
                     its spec does not belong in {cell}."
                ),
            ),
            InstanceHome::Unknown => {
                self.warn(
                    Severity::Warning,
                    format!(
                        "Whether the instance lives in {cell} could not be checked: no instance_mappings."
                    ),
                );
                Ok(())
            }
        }
    }

    /// What it means that the API database loses its row.
    pub(super) fn warn_of_leaving_api(&mut self, word: impl Into<String>) {
        match self.facts.spec_home {
            SpecHome::Api => self.danger(word, UPSTREAM),
            SpecHome::Cells if self.facts.upstream_schema => self.warn(
                Severity::Warning,
                format!("The API database has the schema of upstream nova. {UPSTREAM}"),
            ),
            SpecHome::Cells => {}
        }
    }

    /// What it means that a spec leaves the cell of its instance.
    pub(super) fn warn_of_leaving_cell(&mut self, from: &CellName) {
        let lives_there = matches!(&self.facts.instance_home, InstanceHome::Cell(mapped) if mapped == from);
        if self.facts.spec_home == SpecHome::Cells && lives_there {
            self.warn(
                Severity::Warning,
                format!("The instance is scheduled, and the specs of scheduled instances belong in their cell, {from}."),
            );
        }
    }
}
