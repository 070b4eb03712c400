//! The server group: whether it is there, and whether the instance is a member of it.
//!
//! Imports its siblings; no I/O.

use super::spec::{Spec, set};
use super::{Around, Judgement, rule};
use crate::lint::group::group_of_fields;
use crate::lint::raw::Raw;
use crate::lint::rule::Rule;
use crate::lint::surroundings::{Group, Surroundings, Told};

const DANGLING: &Rule = rule("RS050");
const DANGLING_UNLOADABLE: &Rule = rule("RS051");
const NOT_A_MEMBER: &Rule = rule("RS052");
const NOT_NAMED: &Rule = rule("RS053");
const OTHER_GROUP: &Rule = rule("RS054");
const POLICY_DIFFERS: &Rule = rule("RS055");

pub(super) fn judge(found: &mut Judgement, spec: &Spec<'_>, around: Around<'_>) {
    let Some((surroundings, _)) = around else { return };
    let Some(named) = group_of_fields(spec.instance_group, spec.scheduler_hints) else {
        return match &surroundings.member_of {
            Told::Known(Some(group)) => {
                let sentence =
                    format!("The instance is a member of the group {}, the spec names none.", group.uuid);
                found.find(NOT_NAMED, "instance_group", sentence);
            }
            Told::Known(None) => {}
            Told::Unknown => found.unknown(&[NOT_NAMED]),
        };
    };
    let stored = set(spec.instance_group);
    // nova drops the hint of a group that is gone, and raises where the hints are null.
    let has_hints = set(spec.scheduler_hints).is_some();
    let (dangling, beside) = match (stored.is_some(), has_hints) {
        (true, false) => (DANGLING_UNLOADABLE, ", and the hints are null: nova cannot load the row"),
        _ => (DANGLING, ""),
    };
    match &surroundings.named_group {
        Told::Unknown => found.unknown(&[dangling, POLICY_DIFFERS]),
        Told::Known(None) => {
            let path = if stored.is_some() { "instance_group" } else { "scheduler_hints.group" };
            found.find(dangling, path, format!("The server group {named} is deleted{beside}."));
        }
        Told::Known(Some(group)) => policy(found, stored, group),
    }
    membership(found, &named, surroundings);
}

fn membership(found: &mut Judgement, named: &str, surroundings: &Surroundings) {
    match &surroundings.member_of {
        Told::Unknown => found.unknown(&[NOT_A_MEMBER, OTHER_GROUP]),
        Told::Known(Some(group)) if &*group.uuid != named => found.find(
            OTHER_GROUP,
            "instance_group",
            format!("The spec names the group {named}, the instance is a member of {}.", group.uuid),
        ),
        Told::Known(Some(_)) => {}
        // Of a group that is not there, and of an instance that is not, nothing more is to be said.
        Told::Known(None) => match (&surroundings.named_group, &surroundings.instance) {
            (Told::Known(None), _) | (_, Told::Known(None)) => {}
            (Told::Unknown, _) | (_, Told::Unknown) => found.unknown(&[NOT_A_MEMBER]),
            _ => found.find(
                NOT_A_MEMBER,
                "instance_group",
                format!("The spec names the group {named}, which does not have the instance as a member."),
            ),
        },
    }
}

fn policy(found: &mut Judgement, stored: Option<&str>, group: &Group) {
    let (Some(stored), Some(current)) = (stored, &group.policy) else { return };
    let fields = Raw(stored).fields();
    let single = fields.get("policy").and_then(Raw::text);
    let listed = || fields.get("policies").and_then(|list| list.items().first().copied()).and_then(Raw::text);
    if let Some(policy) = single.or_else(listed)
        && *policy != **current
    {
        let sentence = format!("The spec says {policy}, the group {} says {current}.", group.uuid);
        found.find(POLICY_DIFFERS, "instance_group.policy", sentence);
    }
}
