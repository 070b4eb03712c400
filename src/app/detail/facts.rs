//! The tabs Filters, Flavor, Image and Topology: the constraints of the spec as aligned facts.
//!
//! Imports `scheduler` and [`super::line`].

use crate::scheduler::{Constraint, Tab as Source, Weight};

use super::line::{Row, Tone};

/// The rows of one of the constraint tabs.
pub fn rows(constraints: &[Constraint], tab: Source) -> Vec<Row> {
    let mut lines: Vec<&Constraint> = constraints.iter().filter(|line| line.tab == tab).collect();
    if tab == Source::Filters {
        // What is demanded first; what is not asked for stays in sight below.
        lines.sort_by_key(|line| line.weight == Weight::Nothing);
    }
    let mut out = Vec::new();
    let mut section = "";
    for line in lines {
        let here = heading(line);
        if here != section && !here.is_empty() {
            out.push(Row::Heading(here.to_owned()));
        }
        section = here;
        out.push(fact(line));
    }
    if out.is_empty() {
        out.push(Row::Text(0, vec![("The stored spec has none of these fields.".to_owned(), Tone::Absent)]));
    }
    out
}

fn heading(line: &Constraint) -> &'static str {
    let source = line.source.as_str();
    match line.tab {
        Source::Filters => "",
        Source::Flavor if source.starts_with("flavor.extra_specs") => "Extra specs",
        Source::Flavor => "Flavor",
        Source::Image if source.starts_with("image.properties") => "Image properties",
        Source::Image => "Image",
        Source::Topology if source.starts_with("pci_requests") => "PCI requests",
        Source::Topology => "NUMA topology",
    }
}

/// One constraint as a row.
pub fn fact(line: &Constraint) -> Row {
    let (label, value, meaning) = match line.weight {
        Weight::Demand => (Tone::Label, Tone::Value, Tone::Text),
        Weight::Setting => (Tone::Label, Tone::Value, Tone::Muted),
        Weight::Nothing => (Tone::Absent, Tone::Absent, Tone::Absent),
        Weight::Unknown => (Tone::Label, Tone::Value, Tone::Warn),
        Weight::Trap => (Tone::Label, Tone::Danger, Tone::Danger),
    };
    let text = if line.value.is_empty() { "–".to_owned() } else { line.value.clone() };
    let mut pieces = Vec::new();
    if line.weight == Weight::Trap {
        pieces.push(("! ".to_owned(), Tone::Danger));
    }
    pieces.push((line.meaning.clone(), meaning));
    if let Some(bites) = line.bites.as_ref() {
        pieces.push((" · ".to_owned(), Tone::Muted));
        pieces.push((bites.clone(), if line.weight == Weight::Demand { Tone::Label } else { Tone::Muted }));
    }
    Row::Fact { label: (line.label.clone(), label), value: (text, value), meaning: pieces }
}
