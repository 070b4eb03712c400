//! Which findings a plan raises, and which it cures.
//!
//! Imports `lint` and its siblings; no I/O.

use super::{DatabaseName, Operation, Plan};
use crate::lint::{self, Finding, Judgement, Subject};

/// The findings that are in `after` and not in `before`, and the other way round. A finding is the same one if it
/// breaks the same rule at the same place: what it says of the values may have changed.
pub fn raised_and_cured(before: &Judgement, after: &Judgement) -> (Vec<Finding>, Vec<Finding>) {
    let only_in = |one: &Judgement, other: &Judgement| -> Vec<Finding> {
        let is_new = |finding: &&Finding| {
            let same = |known: &Finding| known.rule.code == finding.rule.code && known.path == finding.path;
            !other.findings.iter().any(same)
        };
        one.findings.iter().filter(is_new).cloned().collect()
    };
    (only_in(after, before), only_in(before, after))
}

/// The plan with its findings, by what the texts alone say. Copies and moves carry a text as it is: with it goes
/// what is wrong with it.
#[must_use]
pub fn with_findings(plan: Plan) -> Plan {
    judged_by(plan, |database, instance_uuid, _, spec| {
        lint::judge_text(&Subject { database: &database.to_string(), instance_uuid, spec })
    })
}

/// The plan with its findings, by such a judge. It is given the database, the instance, whether the text is that
/// after the change, and the text.
#[must_use]
pub fn judged_by(mut plan: Plan, judge: impl Fn(&DatabaseName, &str, bool, &[u8]) -> Judgement) -> Plan {
    let (mut raised, mut cured) = (Vec::new(), Vec::new());
    for operation in &plan.operations {
        let (before, after) = match operation {
            Operation::Save { database, instance_uuid, before, after } => (
                judge(database, instance_uuid, false, before),
                judge(database, instance_uuid, true, after.as_bytes()),
            ),
            Operation::Create { database, instance_uuid, text } => {
                (Judgement::default(), judge(database, instance_uuid, true, text.as_bytes()))
            }
            Operation::Destroy { .. } | Operation::Copy { .. } | Operation::Move { .. } => continue,
        };
        let (new, gone) = raised_and_cured(&before, &after);
        raised.extend(new);
        cured.extend(gone);
    }
    (plan.raised, plan.cured) = (raised, cured);
    plan
}
