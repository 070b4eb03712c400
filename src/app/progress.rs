//! How far the searches of both panes are, together: for the query bar.
//!
//! Imports its siblings; no I/O.

use super::database::label;
use super::model::Model;
use super::pane::{Pane, Source};
use super::search::{PaneSearch, Stage};
use super::words::grouped;

/// How far the panes are that follow the query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Rows passed.
    pub passed: u64,
    /// Rows there are, once all databases are counted.
    pub total: Option<u64>,
    /// Rows in a second, once a second is over.
    pub rate: Option<u64>,
    /// What was found, where: a few words each.
    pub found: Vec<String>,
    /// Rows of which it is not known whether they are hits.
    pub undecided: u64,
    /// What is missing or not known, a few words each.
    pub doubts: Vec<String>,
    /// Whether it goes on.
    pub busy: bool,
}

impl Progress {
    /// That of the panes that follow; None where none looks for anything.
    pub fn of(model: &Model) -> Option<Progress> {
        let follow = |pane: &&Pane| !pane.pinned && pane.query().is_some();
        let panes: Vec<_> = model.panes.iter().filter(follow).collect();
        if panes.is_empty() {
            return None;
        }
        let mut progress = Progress { total: Some(0), ..Progress::default() };
        for pane in panes {
            progress.add(model, pane);
        }
        let seconds = u64::try_from(model.now - model.query_since).ok().filter(|seconds| *seconds > 0);
        progress.rate = seconds.filter(|_| progress.busy).map(|seconds| progress.passed / seconds);
        Some(progress)
    }

    fn add(&mut self, model: &Model, pane: &Pane) {
        let Some(search) = &pane.search else { return };
        let count = counted(model, pane);
        let name = match &pane.source {
            Source::One(name) => label(name),
            Source::Cells(_) => "all cells".to_owned(),
        };
        self.busy |= search.is_busy();
        match &search.stage {
            Stage::Searching { tally, .. } => {
                self.passed += tally.passed;
                self.total = self.total.zip(count).map(|(total, more)| total + more.max(tally.passed));
                let hits = search.hits().unwrap_or(tally.hits);
                let hits = if hits == 1 { "1 hit".to_owned() } else { format!("{} hits", grouped(hits)) };
                self.found.push(format!("{hits} in {name}"));
            }
            Stage::LookingUp(_) => self.found.push(format!("looking up in {name}")),
            Stage::Jumped { found: 0 } => self.found.push(format!("not in {name}")),
            Stage::Jumped { found: 1 } => self.found.push(format!("found by uuid in {name}")),
            Stage::Jumped { found } => self.found.push(format!("first of {found} uuids in {name}")),
            Stage::Failed(reason) => self.doubts.push(format!("{name}: {reason}")),
        }
        let failure = search.failure.as_ref().map(|reason| format!("{name}: {reason}"));
        self.doubts.extend(failure);
        self.undecided += search.tally().map_or(0, |tally| tally.undecided);
        self.doubts.extend(search.gaps());
        for remark in &search.remarks {
            if !self.doubts.contains(remark) {
                self.doubts.push(remark.clone());
            }
        }
    }

    /// The part that is passed, of 1,000; None where that is not known.
    pub fn part(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.passed.min(total)).saturating_mul(1_000) / total)
    }

    /// How far, in words: `412,000 of 1,000,000 · 380,000 rows/s`.
    pub fn far(&self) -> String {
        let passed = grouped(self.passed);
        let mut far = match self.total {
            Some(total) if total > 0 => format!("{passed} of {}", grouped(total)),
            _ => format!("{passed} passed"),
        };
        if let Some(rate) = self.rate.filter(|rate| *rate > 0) {
            far.push_str(&format!(" · {} rows/s", grouped(rate)));
        }
        far
    }
}

/// How many specs the pane's databases hold, once counted.
pub fn counted(model: &Model, pane: &Pane) -> Option<u64> {
    match &pane.source {
        Source::One(name) => model.database(name)?.count,
        Source::Cells(cells) => {
            cells.included().map(|name| model.database(name).and_then(|one| one.count)).sum()
        }
    }
}

/// Whether a search of the pane goes on.
pub fn is_searching(pane: &Pane) -> bool {
    pane.search.as_ref().is_some_and(PaneSearch::is_busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_is_said_in_parts_and_words() {
        let progress =
            Progress { passed: 412_000, total: Some(1_000_000), rate: Some(380_000), ..Progress::default() };
        assert_eq!(progress.part(), Some(412));
        assert_eq!(progress.far(), "412,000 of 1,000,000 · 380,000 rows/s");
        let unknown = Progress { passed: 7, ..Progress::default() };
        assert_eq!((unknown.part(), &*unknown.far()), (None, "7 passed"));
    }
}
