//! The panel that explains the selected spec, in tabs. Pure state: what is shown, which tab, how
//! far scrolled, what is folded.
//!
//! - [`mod@line`]: lines with meanings, laid out to a width.
//! - [`facts`]: Filters, Flavor, Image, Topology.  [`json_tree`], [`raw`]: JSON.
//! - `titles`: the tabs' titles and clicks on them.
//! - [`difference`]: API↔cell.  [`findings`]: Findings.
//!
//! Content is computed when the subject or the tab changes, laid out when the width does. Imports
//! `spec`, `scheduler`, `lint` and `change` (names of databases).

pub mod difference;
pub mod facts;
pub mod findings;
pub mod json_tree;
pub mod line;
pub mod raw;
mod titles;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::app::comparison::Comparison;
use crate::change::DatabaseName;
use crate::lint::{self, Judgement};
use crate::scheduler::{self, Constraint};
use crate::spec::document::Malformed;
use crate::spec::{Document, FieldPath};

use json_tree::JsonTree;
pub use line::{DetailLine, Row, Span, Tone};

/// A tab of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Zone, hosts, destination, hints, group, limits.
    Filters,
    /// Sizes and extra specs.
    Flavor,
    /// The image and its properties.
    Image,
    /// NUMA cells and PCI requests.
    Topology,
    /// The stored text as a folding tree.
    Json,
    /// The difference to the same instance's spec in the other database.
    Difference,
    /// What is wrong with the spec.
    Findings,
}

impl Tab {
    /// All tabs, from the left.
    pub const ALL: [Tab; 7] =
        [Tab::Filters, Tab::Flavor, Tab::Image, Tab::Topology, Tab::Json, Tab::Difference, Tab::Findings];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Tab::Filters => "Filters",
            Tab::Flavor => "Flavor",
            Tab::Image => "Image",
            Tab::Topology => "Topology",
            Tab::Json => "JSON",
            Tab::Difference => "API↔cell",
            Tab::Findings => "Findings",
        }
    }

    fn position(self) -> usize {
        Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0)
    }
}

/// The same instance's spec in the other database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterpart {
    /// Not known (yet): not asked, or the database is down.
    Unknown,
    /// That database has no spec of the instance.
    Missing {
        /// Which one.
        in_: DatabaseName,
    },
    /// No cell has one, as far as cells answer.
    Nowhere {
        /// Those that have none.
        absent: Vec<DatabaseName>,
        /// Those that were not asked or did not answer.
        silent: Vec<DatabaseName>,
    },
    /// That database has another large one: what differs is being found out.
    Comparing {
        /// Which one.
        in_: DatabaseName,
    },
    /// That database has a large one, compared in the background.
    Compared {
        /// Which one.
        in_: DatabaseName,
        /// What was found.
        comparison: Arc<Comparison>,
    },
    /// That database has one that is compared at once.
    Present {
        /// Which one.
        in_: DatabaseName,
        /// Its stored bytes.
        text: Arc<[u8]>,
    },
}

/// The spec that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it is stored.
    pub database: DatabaseName,
    /// Whose it is: the column.
    pub instance_uuid: Arc<str>,
    /// Its stored bytes.
    pub text: Arc<[u8]>,
    /// The same instance's spec on the other side.
    pub counterpart: Counterpart,
}

/// What a stretch of the panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The lines in sight.
    pub lines: Vec<DetailLine>,
    /// Position of the first among all.
    pub first: usize,
    /// Number of all lines.
    pub total: usize,
}

/// State of the detail panel.
#[derive(Debug, Clone)]
pub struct Detail {
    subject: Option<Subject>,
    /// What is said where there is none.
    absence: String,
    parsed: Option<Result<Document, Malformed>>,
    constraints: Vec<Constraint>,
    /// What text and other tables say together, once these were asked.
    judged: Option<Judgement>,
    tree: Option<JsonTree>,
    tab: Tab,
    /// First line in sight, for each tab.
    offsets: [Cell<usize>; 7],
    /// Columns and rows of the last window: what scrolling is clamped to.
    viewport: Cell<(usize, usize)>,
    laid_out: RefCell<Option<LaidOut>>,
}

/// What is said where nothing is selected.
pub const NOTHING: &str = "No spec is selected.";

#[derive(Debug, Clone)]
struct LaidOut {
    tab: Tab,
    width: usize,
    lines: Arc<[DetailLine]>,
}

impl Default for Detail {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Detail {
    /// What is shown, not what is cached.
    fn eq(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.absence == other.absence
            && self.tab == other.tab
            && self.tree == other.tree
            && self.offsets == other.offsets
    }
}

impl Detail {
    /// Nothing selected, the first tab.
    pub fn new() -> Self {
        Self {
            subject: None,
            absence: NOTHING.to_owned(),
            parsed: None,
            constraints: Vec::new(),
            judged: None,
            tree: None,
            tab: Tab::Filters,
            offsets: Default::default(),
            viewport: Cell::new((80, 10)),
            laid_out: RefCell::new(None),
        }
    }

    /// Shows that spec, or says that none is selected. The tab stays; what was scrolled and folded
    /// stays too if it is the same text.
    pub fn show(&mut self, subject: Option<Subject>) {
        if self.subject == subject {
            return;
        }
        let same_text = match (&self.subject, &subject) {
            (Some(old), Some(new)) => {
                old.database == new.database && old.instance_uuid == new.instance_uuid && old.text == new.text
            }
            _ => false,
        };
        self.laid_out.replace(None);
        if !same_text {
            self.judged = None;
            self.offsets = Default::default();
            self.parsed = subject.as_ref().map(|subject| Document::parse(&subject.text));
            self.constraints = match &self.parsed {
                Some(Ok(document)) => scheduler::constraints(document),
                _ => Vec::new(),
            };
            self.tree = match &self.parsed {
                Some(Ok(document)) => Some(JsonTree::new(document.clone())),
                _ => None,
            };
        }
        self.subject = subject;
    }

    /// Shows no spec, and says why.
    pub fn clear(&mut self, absence: impl Into<String>) {
        self.show(None);
        self.laid_out.replace(None);
        self.absence = absence.into();
    }

    /// What was found by the text of the spec that is shown together with nova's other tables; until then the
    /// Findings tab goes by the text alone.
    pub fn judge(&mut self, judgement: Judgement) {
        self.laid_out.replace(None);
        self.judged = Some(judgement);
    }

    /// The spec that is shown.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// The tab that is shown.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// Shows that tab.
    pub fn select_tab(&mut self, tab: Tab) {
        self.tab = tab;
    }

    /// Shows the tab to the right, after the last the first.
    pub fn next_tab(&mut self) {
        self.tab = Tab::ALL[(self.tab.position() + 1) % Tab::ALL.len()];
    }

    /// Shows the tab to the left, before the first the last.
    pub fn previous_tab(&mut self) {
        self.tab = Tab::ALL[(self.tab.position() + Tab::ALL.len() - 1) % Tab::ALL.len()];
    }

    /// Whether the JSON tree is shown: then its keys mean something.
    pub fn is_tree(&self) -> bool {
        self.tab == Tab::Json && self.tree.is_some()
    }

    /// Moves by so many lines: the cursor in the JSON tree, what is in sight elsewhere.
    pub fn scroll(&mut self, lines: i32) {
        if let (Tab::Json, Some(tree)) = (self.tab, self.tree.as_mut()) {
            tree.move_by(lines);
            return;
        }
        let (width, height) = self.viewport.get();
        let last = self.lines(width).len().saturating_sub(height.max(1));
        let offset = &self.offsets[self.tab.position()];
        let target = (offset.get().min(last) as i64).saturating_add(i64::from(lines)).max(0);
        offset.set((target as usize).min(last));
    }

    /// Moves by so many screens, less a line of overlap.
    pub fn scroll_pages(&mut self, pages: i32) {
        let (_, height) = self.viewport.get();
        let page = i32::try_from(height.saturating_sub(1).max(1)).unwrap_or(i32::MAX);
        self.scroll(page.saturating_mul(pages));
    }

    /// To the first line.
    pub fn scroll_to_start(&mut self) {
        self.scroll(i32::MIN);
    }

    /// To the last line.
    pub fn scroll_to_end(&mut self) {
        self.scroll(i32::MAX);
    }

    fn click_line(&mut self, line: usize) {
        if let (Tab::Json, Some(tree)) = (self.tab, self.tree.as_mut()) {
            if line >= self.viewport.get().1 {
                return;
            }
            let row = self.offsets[Tab::Json.position()].get() + line;
            if row == tree.cursor() {
                tree.toggle();
            } else if row < tree.len() {
                tree.move_to(row);
            }
        }
    }

    /// The JSON tree, if that tab shows one: fold, unfold, toggle, paths.
    pub fn tree_mut(&mut self) -> Option<&mut JsonTree> {
        if self.tab == Tab::Json { self.tree.as_mut() } else { None }
    }

    /// The logical path under the cursor of the JSON tree, `flavor.extra_specs[hw:cpu_policy]`.
    pub fn path_under_cursor(&self) -> Option<FieldPath> {
        (self.tab == Tab::Json).then(|| self.tree.as_ref().map(JsonTree::path))?
    }

    /// The JSONPath under the cursor of the JSON tree, envelopes included.
    pub fn json_path_under_cursor(&self) -> Option<String> {
        (self.tab == Tab::Json).then(|| self.tree.as_ref().map(JsonTree::json_path))?
    }

    /// The value under the cursor of the JSON tree: a string's characters, else the stored token.
    pub fn value_under_cursor(&self) -> Option<String> {
        (self.tab == Tab::Json).then(|| self.tree.as_ref().map(JsonTree::value))?
    }

    /// The lines of the tab at that width; of the JSON tree those in sight (see
    /// [`Detail::window`]).
    pub fn lines(&self, width: usize) -> Arc<[DetailLine]> {
        let cached = self.laid_out.borrow();
        if let Some(cached) = cached.as_ref().filter(|cached| cached.tab == self.tab && cached.width == width)
        {
            return Arc::clone(&cached.lines);
        }
        drop(cached);
        let lines: Arc<[DetailLine]> = line::layout(&self.rows(width), width).into();
        let cached = LaidOut { tab: self.tab, width, lines: Arc::clone(&lines) };
        // The tree changes without the tab or the width doing so.
        if !self.is_tree() {
            self.laid_out.replace(Some(cached));
        }
        lines
    }

    /// What is in sight at that size, scrolled so that it fits. Remembers the size: scrolling is
    /// clamped to it.
    pub fn window(&self, width: usize, height: usize) -> Window {
        self.viewport.set((width, height));
        if width == 0 || height == 0 {
            return Window::default();
        }
        let offset = &self.offsets[self.tab.position()];
        if let (Tab::Json, Some(tree)) = (self.tab, self.tree.as_ref()) {
            let cursor = tree.cursor();
            let lowest = (cursor + 1).saturating_sub(height);
            let last = tree.len().saturating_sub(height);
            let first = offset.get().clamp(lowest, cursor).min(last);
            offset.set(first);
            return Window { lines: tree.lines(first, width, height), first, total: tree.len() };
        }
        let all = self.lines(width);
        let first = offset.get().min(all.len().saturating_sub(height));
        offset.set(first);
        let lines = all.iter().skip(first).take(height).cloned().collect();
        Window { lines, first, total: all.len() }
    }

    fn rows(&self, width: usize) -> Vec<Row> {
        let (Some(subject), Some(parsed)) = (&self.subject, &self.parsed) else {
            return vec![Row::Text(0, vec![(self.absence.clone(), Tone::Absent)])];
        };
        match parsed {
            Ok(_) => {}
            Err(error) if self.tab == Tab::Json => return raw::rows(&subject.text, error, width),
            Err(_) if self.tab == Tab::Difference => return difference::rows(subject),
            Err(error) if self.tab == Tab::Findings => {
                let explained = raw::explanation(&subject.text, error).into_iter().skip(1);
                return self.findings(subject).into_iter().chain(explained).collect();
            }
            Err(error) => return raw::explanation(&subject.text, error),
        }
        match self.tab {
            Tab::Filters => facts::rows(&self.constraints, scheduler::Tab::Filters),
            Tab::Flavor => facts::rows(&self.constraints, scheduler::Tab::Flavor),
            Tab::Image => facts::rows(&self.constraints, scheduler::Tab::Image),
            Tab::Topology => facts::rows(&self.constraints, scheduler::Tab::Topology),
            Tab::Json => Vec::new(),
            Tab::Difference => difference::rows(subject),
            Tab::Findings => self.findings(subject),
        }
    }

    fn findings(&self, subject: &Subject) -> Vec<Row> {
        if let Some(judgement) = &self.judged {
            return findings::rows(judgement);
        }
        let database = subject.database.to_string();
        let judged =
            lint::Subject { database: &database, instance_uuid: &subject.instance_uuid, spec: &subject.text };
        findings::rows(&lint::judge_text(&judged))
    }
}

#[cfg(test)]
#[path = "detail_tests.rs"]
mod tests;
