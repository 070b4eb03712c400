//! docs/findings.md: what can be found, from the one table of rules.
//!
//! Imports its siblings; no I/O.

use std::fmt::Write as _;

use super::RULES;
use super::rule::Rule;

/// The first digits of codes, with what their rules are about.
const CHAPTERS: [(&str, &str); 9] = [
    ("RS00", "The text as a whole"),
    ("RS01", "Values in the text"),
    ("RS02", "Hosts and left-overs"),
    ("RS03", "Zones"),
    ("RS04", "Flavor, NUMA topology, PCI devices"),
    ("RS05", "Server groups"),
    ("RS06", "The instance"),
    ("RS07", "Where the spec stands, and whether there is an instance"),
    ("RS0", "The instance's mapping, and specs that are not there"),
];

/// What each repair does, in the order of docs/findings.md.
pub const REPAIRS: [(&str, &str); 9] = [
    ("unpin-zone", "`availability_zone` becomes null: any zone."),
    ("rename-zone OLD NEW", "`availability_zone` becomes NEW where it is OLD."),
    ("clear-forced-hosts", "`force_hosts` and `force_nodes` become null."),
    (
        "refresh-flavor",
        "The flavor's fields become those of the instance's current flavor (`instance_extra`), field by field; the \
         stored version of the object stays. A topology or PCI request that does not fit it then is told as a finding.",
    ),
    (
        "drop-dangling-group",
        "`instance_group` becomes null and the hint `group` goes, where the group is not there; null hints become `{}`.",
    ),
    (
        "relink-group",
        "`instance_group` and the hint `group` become the group that has the instance as a member, or none. Of the \
         group only the uuid is stored: nova reads the rest from its tables.",
    ),
    (
        "fix-project",
        "`project_id` becomes the instance's; `user_id` too, where the spec has one (specs from before nova 18 do not).",
    ),
    (
        "clear-leftover-pci",
        "PCI requests go whose alias the flavor does not ask for; the object stays, and so do those of network ports.",
    ),
    ("strip-stale-fields", "What nova's own save() does not store goes, as it would do it."),
];

/// The page.
pub fn documentation() -> String {
    let mut page = String::from(INTRODUCTION);
    let mut begun = "";
    for rule in RULES {
        let chapter =
            CHAPTERS.iter().find(|(codes, _)| rule.code.starts_with(codes)).map_or("", |(_, name)| name);
        if chapter != begun {
            let _ = write!(
                page,
                "\n## {chapter}\n\n| code | severity | finding | what follows, what to do | repair |\n|---|---|---|---|---|\n"
            );
            begun = chapter;
        }
        page.push_str(&row(rule));
    }
    page.push_str(AFTER_RULES);
    for (usage, does) in REPAIRS {
        let _ = writeln!(page, "| `{usage}` | {does} |");
    }
    page.push_str(REST);
    page
}

fn row(rule: &Rule) -> String {
    let Rule { code, name, severity, title, doc, fix } = rule;
    let fix = fix.map_or_else(String::new, |fix| format!("`{fix}`"));
    format!("| {code} `{name}` | {} | {title} | {} | {fix} |\n", severity.word(), doc.replace('|', "\\|"))
}

const INTRODUCTION: &str = "\
# Findings and repairs

Generated from `src/lint/table.rs` and `src/lint/reference_page.rs` by `UPDATE_DOCS=1 cargo test --lib lint::reference_page`.

A finding is one thing that is wrong with a stored spec, by itself or given what nova's other tables say of its instance. The Findings tab lists those
of a spec, `reqspec doctor` those of all databases, and every plan says which findings it raises and which it cures. Codes do not change their meaning.

A conclusion that needs a database which is down, or was not asked, is no finding: it is *unknown*, and said so.
";

const AFTER_RULES: &str = "
## Repairs

`reqspec repair NAME UUID` makes the plan of a repair, shows it, and carries it out once it is confirmed, like any other change; `--dry-run` shows it
alone. A spec that needs none is left alone, and what a repair does not name stays byte for byte.

| repair | what it does |
|---|---|
";

const REST: &str = "
A repair that goes by other tables (refresh-flavor, drop-dangling-group, relink-group, fix-project) is refused where these cannot be asked. No repair
removes a spec, moves one, or resolves a conflict of two: `reqspec delete`, `move` and `copy` do, one decision at a time.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Severity;

    #[test]
    fn the_page_of_findings_is_not_stale() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
        let page = documentation();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &page).expect("written");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(kept, page, "UPDATE_DOCS=1 cargo test --lib lint::reference_page writes it anew");
    }

    #[test]
    fn every_rule_and_every_fix_stands_there() {
        let page = documentation();
        for rule in RULES {
            assert!(page.contains(&format!("| {} `{}` | {} |", rule.code, rule.name, rule.severity.word())));
            let known = |fix: &str| REPAIRS.iter().any(|(usage, _)| usage.split(' ').next() == Some(fix));
            assert!(rule.fix.is_none_or(known), "{}", rule.code);
        }
        assert!(RULES.iter().any(|rule| rule.severity == Severity::Notice));
    }
}
