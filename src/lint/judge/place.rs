//! The instance, whose it is, what it is doing; and whether the spec stands where it belongs.
//!
//! Imports its siblings; no I/O.

use super::spec::Spec;
use super::{Judgement, Subject, rule};
use crate::lint::raw::Raw;
use crate::lint::rule::Rule;
use crate::lint::surroundings::{Copy, Fleet, Home, Surroundings, Told};

const PROJECT_DIFFERS: &Rule = rule("RS060");
const BUSY: &Rule = rule("RS061");
const RESIZED: &Rule = rule("RS062");
const ORPHAN: &Rule = rule("RS070");
const DELETED_INSTANCE: &Rule = rule("RS071");
const QUEUED_FOR_DELETE: &Rule = rule("RS072");
const WRONG_CELL: &Rule = rule("RS073");
const NOT_IN_ITS_CELL: &Rule = rule("RS074");
const NOT_IN_API: &Rule = rule("RS075");
const DUPLICATE: &Rule = rule("RS076");
const CONFLICTING_COPIES: &Rule = rule("RS077");
const BUILDING: &Rule = rule("RS078");
const NEVER_SCHEDULED: &Rule = rule("RS079");
const LOST_CELL: &Rule = rule("RS080");
const UNMAPPED: &Rule = rule("RS081");

/// The name of the API database as a place.
const API: &str = "api";

/// Whose the instance is.
pub(super) fn owner(found: &mut Judgement, spec: &Spec<'_>, surroundings: &Surroundings) {
    let instance = match &surroundings.instance {
        Told::Unknown => return found.unknown(&[PROJECT_DIFFERS]),
        Told::Known(None) => return,
        Told::Known(Some(instance)) => instance,
    };
    for (field, stored, owner, always) in [
        ("project_id", spec.project_id, &instance.project_id, true),
        ("user_id", spec.user_id, &instance.user_id, false),
    ] {
        // Specs from before nova 18 have no user.
        let Some(owner) = owner.as_deref().filter(|_| always || stored.is_some()) else { continue };
        if stored.and_then(|raw| Raw(raw).text()).as_deref() != Some(owner) {
            let stored = stored.unwrap_or("nothing");
            found.find(
                PROJECT_DIFFERS,
                field,
                format!("The spec says {stored}, the instance is of {owner:?}."),
            );
        }
    }
}

/// Where the row stands, and what of its instance.
pub(super) fn judge(found: &mut Judgement, subject: &Subject<'_>, around: &Surroundings, fleet: &Fleet) {
    state(found, around);
    home(found, around);
    database(found, subject, around, fleet);
    copies(found, subject, around);
}

fn state(found: &mut Judgement, around: &Surroundings) {
    match &around.instance {
        Told::Unknown => found.unknown(&[BUSY, RESIZED]),
        Told::Known(None) => {}
        Told::Known(Some(instance)) => {
            if let Some(task) = &instance.task_state {
                found.find(BUSY, "", format!("The instance is busy: task_state is {task}."));
            }
            if instance.vm_state.as_deref() == Some("resized") {
                found.find(RESIZED, "", "The instance is resized and not confirmed.");
            }
        }
    }
}

fn home(found: &mut Judgement, around: &Surroundings) {
    let instance = &around.instance;
    match &around.home {
        Told::Unknown => {
            let of_home = [QUEUED_FOR_DELETE, BUILDING, NEVER_SCHEDULED, LOST_CELL];
            found.unknown(&of_home);
            match instance {
                Told::Unknown => found.unknown(&[ORPHAN, DELETED_INSTANCE, UNMAPPED]),
                Told::Known(None) => found.unknown(&[ORPHAN, DELETED_INSTANCE]),
                Told::Known(Some(_)) => found.unknown(&[UNMAPPED]),
            }
        }
        Told::Known(Home::Unmapped) => match instance {
            Told::Unknown => found.unknown(&[ORPHAN, UNMAPPED]),
            Told::Known(None) => {
                found.find(ORPHAN, "", "The instance has no mapping, and no cell has it.");
            }
            Told::Known(Some(instance)) => {
                found.find(
                    UNMAPPED,
                    "",
                    format!("{} has the instance, and no mapping leads there.", instance.cell),
                );
            }
        },
        Told::Known(Home::Unscheduled { build_request }) => match build_request {
            Told::Unknown => found.unknown(&[BUILDING, NEVER_SCHEDULED]),
            Told::Known(true) => found.find(BUILDING, "", "The instance has no cell yet: it is being built."),
            Told::Known(false) => {
                found.find(NEVER_SCHEDULED, "", "The instance has no cell, and no build request.");
            }
        },
        Told::Known(Home::LostCell) => {
            found.find(LOST_CELL, "", "The instance is mapped to a cell that cell_mappings does not have.");
        }
        Told::Known(Home::Cell { name, queued_for_delete: true }) => {
            found.find(QUEUED_FOR_DELETE, "", format!("Its mapping to {name} is queued for deletion."));
        }
        Told::Known(Home::Cell { name, queued_for_delete: false }) => match instance {
            Told::Unknown => found.unknown(&[DELETED_INSTANCE]),
            Told::Known(None) => {
                found.find(
                    DELETED_INSTANCE,
                    "",
                    format!("It is mapped to {name}, where the instance is deleted."),
                );
            }
            Told::Known(Some(_)) => {}
        },
    }
}

fn database(found: &mut Judgement, subject: &Subject<'_>, around: &Surroundings, fleet: &Fleet) {
    let here = subject.database;
    if here == API {
        if fleet.specs_live_in_cells {
            match &around.home {
                Told::Unknown => found.unknown(&[NOT_IN_ITS_CELL]),
                Told::Known(Home::Cell { name, .. }) => {
                    let sentence =
                        format!("The instance is scheduled to {name}, its spec is in the API database.");
                    found.find(NOT_IN_ITS_CELL, "", sentence);
                }
                Told::Known(_) => {}
            }
        }
        return;
    }
    match &around.home {
        Told::Unknown => found.unknown(&[WRONG_CELL]),
        Told::Known(Home::Cell { name, .. }) if **name != *here => {
            found.find(WRONG_CELL, "", format!("The spec is in {here}, the instance is mapped to {name}."));
        }
        Told::Known(Home::Unscheduled { .. }) => {
            found.find(
                WRONG_CELL,
                "",
                format!("The spec is in {here}, the instance is mapped to no cell yet."),
            );
        }
        Told::Known(_) => {}
    }
    if !fleet.specs_live_in_cells {
        match &around.copies {
            Told::Unknown => found.unknown(&[NOT_IN_API]),
            Told::Known(copies) if copies.iter().any(|copy| &*copy.database == API) => {}
            Told::Known(_) => {
                let sentence = format!("The spec is in {here} alone; this nova reads the API database.");
                found.find(NOT_IN_API, "", sentence);
            }
        }
    }
}

fn copies(found: &mut Judgement, subject: &Subject<'_>, around: &Surroundings) {
    let Told::Known(copies) = &around.copies else { return found.unknown(&[DUPLICATE, CONFLICTING_COPIES]) };
    let here = subject.database;
    let named = |equal: bool| {
        let chosen = copies.iter().filter(|copy: &&Copy| copy.equal == equal);
        chosen.map(|copy| &*copy.database).collect::<Vec<_>>().join(", ")
    };
    let (equal, different) = (named(true), named(false));
    if !different.is_empty() {
        let sentence = format!("{here} and {different} hold different specs of the instance.");
        found.find(CONFLICTING_COPIES, "", sentence);
    } else if !equal.is_empty() {
        found.find(DUPLICATE, "", format!("{here} and {equal} hold the same spec."));
    }
}
