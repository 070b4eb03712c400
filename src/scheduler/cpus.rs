//! How many CPUs placement is asked for, and of which kind: the flavor's vcpus are VCPU unless a CPU
//! policy of the flavor or the image makes all or some of them PCPU, or an extra spec names amounts.
//!
//! Sources: `nova/scheduler/utils.py` (`ResourceRequest._translate_pinning_policies`),
//! `nova/virt/hardware.py` (`get_cpu_policy_constraint`, `get_dedicated_cpu_constraint`,
//! `get_realtime_cpu_constraint`, `parse_cpu_spec`).

use std::collections::BTreeSet;

use crate::spec::Node;

use super::constraint::{Said, demand, is_falsy, is_true, show, unknown};

/// More CPUs than any machine has: a mask that names more is not read.
const MOST_CPUS: i64 = 65_536;

/// What `vcpus` of the flavor demands.
pub(super) fn demanded(root: Node<'_>, flavor: Node<'_>, vcpus: Node<'_>) -> Said {
    let specs = flavor.field("extra_specs");
    let extra = |key: &str| specs.and_then(|specs| specs.get(key)).filter(|node| !is_falsy(*node)).map(show);
    let properties = root.field("image").and_then(|image| image.field("properties"));
    let image =
        |key: &str| properties.and_then(|all| all.field(key)).filter(|node| !is_falsy(*node)).map(show);
    let policy = match policy(extra("hw:cpu_policy").as_deref(), image("hw_cpu_policy").as_deref()) {
        Ok(policy) => policy,
        Err(reason) => return unknown(reason),
    };
    let count = vcpus.as_i64();
    let isolated = extra("hw:emulator_threads_policy").as_deref() == Some("isolate");
    let emulator = i64::from(isolated);
    let plus = if isolated { " (1 for the emulator)" } else { "" };
    match (policy, count) {
        (Policy::Dedicated(source), Some(count)) => {
            let pinned = count.saturating_add(emulator);
            demand(format!("PCPU:{pinned}{plus}, no VCPU: {source} dedicated"), "placement")
        }
        (Policy::Dedicated(source), None) => demand(format!("PCPU: {source} dedicated"), "placement"),
        (Policy::Mixed(source), count) => {
            let realtime = extra("hw:cpu_realtime").is_some_and(|value| is_true(&value));
            let realtime_mask =
                realtime.then(|| image("hw_cpu_realtime_mask").or_else(|| extra("hw:cpu_realtime_mask")));
            let mask = extra("hw:cpu_dedicated_mask").or(realtime_mask.flatten());
            let pinned = count.zip(mask).and_then(|(count, mask)| Some((count, dedicated(&mask, count)?)));
            match pinned {
                Some((count, pinned)) => demand(
                    format!(
                        "PCPU:{}{plus} and VCPU:{}: {source} mixed",
                        pinned.saturating_add(emulator),
                        count.saturating_sub(pinned)
                    ),
                    "placement",
                ),
                None => demand(format!("some as PCPU, the rest as VCPU: {source} mixed"), "placement"),
            }
        }
        (Policy::Shared, _) => match specs.and_then(named_amount) {
            Some(key) => demand(format!("not claimed by itself: {key} says how many"), "placement"),
            None => demand(format!("VCPU:{}", show(vcpus)), "placement"),
        },
    }
}

enum Policy {
    Shared,
    /// The field that says so.
    Dedicated(&'static str),
    Mixed(&'static str),
}

fn policy(flavor: Option<&str>, image: Option<&str>) -> Result<Policy, &'static str> {
    const FLAVOR: &str = "hw:cpu_policy";
    const IMAGE: &str = "the image's hw_cpu_policy";
    const FORBIDDEN: &str = "the CPU policies of flavor and image contradict: nova refuses the spec";
    match (flavor, image) {
        (Some("dedicated"), None | Some("dedicated" | "mixed" | "shared")) => Ok(Policy::Dedicated(FLAVOR)),
        (Some("mixed"), None | Some("mixed" | "shared")) => Ok(Policy::Mixed(FLAVOR)),
        (Some("shared"), None | Some("shared")) | (None, None | Some("shared")) => Ok(Policy::Shared),
        (None, Some("dedicated")) => Ok(Policy::Dedicated(IMAGE)),
        (None, Some("mixed")) => Ok(Policy::Mixed(IMAGE)),
        (Some("mixed" | "shared"), Some("dedicated" | "mixed")) => Err(FORBIDDEN),
        _ => Err("nova has no such CPU policy: scheduling fails"),
    }
}

/// The first extra spec that names an amount of CPUs: with one, nova adds none of its own.
fn named_amount(specs: Node<'_>) -> Option<String> {
    let named =
        |key: &str| key.starts_with("resources") && (key.ends_with(":VCPU") || key.ends_with(":PCPU"));
    specs.children().filter_map(|spec| spec.key()).find(|key| named(key)).map(|key| key.into_owned())
}

/// How many of the flavor's CPUs a mask names; None for a mask that nova refuses.
fn dedicated(mask: &str, vcpus: i64) -> Option<i64> {
    if !(1..=MOST_CPUS).contains(&vcpus) {
        return None;
    }
    let (mut named, mut without) = (BTreeSet::new(), BTreeSet::new());
    if mask.trim().starts_with('^') {
        named.extend(0..vcpus);
    }
    for rule in mask.split(',').map(str::trim).filter(|rule| !rule.is_empty()) {
        let (rule, set) = match rule.strip_prefix('^') {
            Some(rule) => (rule, &mut without),
            None => (rule, &mut named),
        };
        let number = |text: &str| text.trim().parse().ok().filter(|cpu| (0..MOST_CPUS).contains(cpu));
        let (first, last) = rule.split_once('-').unwrap_or((rule, rule));
        let (first, last): (i64, i64) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        set.extend(first..=last);
    }
    let left: Vec<i64> = named.difference(&without).copied().collect();
    let count = i64::try_from(left.len()).ok()?;
    (count > 0 && count < vcpus && left.iter().all(|cpu| *cpu < vcpus)).then_some(count)
}
