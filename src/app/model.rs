//! All that the screen shows.
//!
//! Imports its siblings, `change` and `query`; no I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::database::{Database, Place};
use super::detail::Detail;
use super::doctor::Doctor;
use super::editor::Editor;
use super::effect::{RequestId, Requests};
use super::environment::{Colour, Environment};
use super::exporting::Exporting;
use super::facets::Occurrence;
use super::layout::{Layout, Panes, Side};
use super::marks::Marks;
use super::overlay::Overlay;
use super::pane::Pane;
use super::query_bar::QueryBar;
use super::refreshing::Refreshing;
use super::seen::Seen;
use super::selection::Selection;
use super::settings::Settings;
use super::toast::{ToastKind, Toasts};
use super::update::changes::Change;
use crate::change::DatabaseName;
use crate::query::{Field, Query, parse_field};

/// What the keys go to on the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// A pane.
    List(Side),
    /// The detail panel.
    Detail,
}

/// What a session begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The environment's name.
    pub environment: String,
    /// The colour of its banner.
    pub colour: Option<Colour>,
    /// The environments to choose from.
    pub environments: Vec<Environment>,
    /// What an operator should know of how they were found, a sentence each.
    pub notices: Vec<String>,
    /// The databases that are known, the API database first; none where the environment is to be
    /// chosen first.
    pub databases: Vec<Place>,
    /// What is kept from one session to the next.
    pub settings: Settings,
    /// Whether it starts opened for writing.
    pub writing: bool,
    /// Why it may not be opened for writing, if so.
    pub read_only: Option<String>,
    /// Columns and lines.
    pub size: (u16, u16),
    /// Seconds since 1970.
    pub now: i64,
}

/// The state of the terminal UI.
#[derive(Debug)]
pub struct Model {
    /// The environment's name.
    pub environment: String,
    /// The colour of its banner.
    pub colour: Option<Colour>,
    /// The environments to choose from.
    pub environments: Vec<Environment>,
    /// The databases, the API database first.
    pub databases: Vec<Database>,
    /// The panes, left and right; no right one where there is no cell.
    pub panes: Vec<Pane>,
    /// The query that is being typed.
    pub typing: Option<QueryBar>,
    /// Since when the panes look for it, in seconds since 1970.
    pub query_since: i64,
    /// What is kept from one session to the next.
    pub settings: Settings,
    /// The columns that lists show; none: those that fit.
    pub columns: Option<Arc<[Field]>>,
    /// Values of fields that were counted, each with its rows, for completion.
    pub counted: Vec<(Field, Vec<Occurrence>)>,
    /// Values and keys that databases hold, for completion.
    pub seen: Seen,
    /// The lists read anew by themselves.
    pub refreshing: Refreshing,
    /// The file that is being written.
    pub exporting: Option<Exporting>,
    /// What the keys go to.
    pub focus: Focus,
    /// The pane whose selection the detail panel explains.
    pub side: Side,
    /// Whether the detail panel has the whole screen.
    pub zoomed: bool,
    /// The selected spec.
    pub selection: Option<Selection>,
    /// The specs that are marked.
    pub marks: Marks,
    /// The pane that a range of marks is in.
    pub range_side: Side,
    /// The detail panel.
    pub detail: Detail,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// The field editor.
    pub editor: Option<Editor>,
    /// The stored bytes that the field editor was opened on.
    pub edited: Arc<[u8]>,
    /// The screen of findings while it is not shown.
    pub doctor: Option<Box<Doctor>>,
    /// Whether it is being looked for interrupted changes, and whether nothing is said where there are
    /// none.
    pub looking: Option<(RequestId, bool)>,
    /// The change under way, from the key to its end.
    pub change: Option<Change>,
    /// Notices.
    pub toasts: Toasts,
    /// Whether opened for writing.
    pub writing: bool,
    /// Why it may not be, if so.
    pub read_only: Option<String>,
    /// Seconds since 1970, as last told.
    pub now: i64,
    /// Columns and lines.
    pub size: (u16, u16),
    /// Whether it is being looked for databases that are not known yet.
    pub discovering: bool,
    /// What was said already of how databases were found.
    pub told: Vec<String>,
    /// Keys typed ahead of what they are meant for.
    pub typed_ahead: VecDeque<KeyEvent>,
    /// Gives out request ids.
    pub requests: Requests,
    /// Whether something changed that the screen shows.
    pub dirty: bool,
}

impl Model {
    /// The state before anything was asked for.
    pub fn new(setup: Setup) -> Self {
        let databases: Vec<_> =
            setup.databases.into_iter().map(|place| Database::new(place, setup.now)).collect();
        let shown = databases.first().into_iter().chain(first_cell(&databases));
        let kept =
            setup.settings.columns.iter().filter_map(|name| parse_field(name).ok()).collect::<Vec<_>>();
        let columns = (!kept.is_empty()).then(|| Arc::<[Field]>::from(kept));
        let asked = columns.clone().unwrap_or_else(|| Arc::from([]));
        let pane =
            |database: &Database| Pane { columns: Arc::clone(&asked), ..Pane::new(database.name.clone()) };
        let panes = shown.map(pane).collect();
        let mut model = Self {
            environment: setup.environment,
            colour: setup.colour,
            environments: setup.environments,
            databases,
            panes,
            typing: None,
            query_since: setup.now,
            settings: setup.settings,
            columns,
            counted: Vec::new(),
            seen: Seen::default(),
            refreshing: Refreshing::default(),
            exporting: None,
            focus: Focus::List(Side::Left),
            side: Side::Left,
            zoomed: false,
            selection: None,
            marks: Marks::default(),
            range_side: Side::Left,
            detail: Detail::new(),
            overlay: None,
            editor: None,
            edited: Arc::from([]),
            doctor: None,
            looking: None,
            change: None,
            toasts: Toasts::default(),
            writing: setup.writing && setup.read_only.is_none(),
            read_only: setup.read_only,
            now: setup.now,
            size: setup.size,
            discovering: false,
            told: Vec::new(),
            typed_ahead: VecDeque::new(),
            requests: Requests::default(),
            dirty: true,
        };
        for notice in setup.notices {
            model.told.push(notice.clone());
            model.toast(ToastKind::Notice, notice);
        }
        let layout = model.layout();
        for side in Side::BOTH {
            let height = Layout::rows(layout.panes[side.index()].or(layout.panes[0]).unwrap_or_default());
            if let Some(pane) = model.panes.get_mut(side.index()) {
                let _ = pane.list.set_height(height, &mut model.requests);
            }
        }
        model
    }

    /// Begins at that time (seconds since 1970).
    pub fn start_at(&mut self, now: i64) {
        self.now = now;
        self.databases.iter_mut().for_each(|database| database.start_at(now));
    }

    /// Where things are.
    pub fn layout(&self) -> Layout {
        let panes = Panes { shown: self.side, zoomed: self.zoomed, single: self.panes.len() < 2 };
        Layout::of(self.size.0, self.size.1, panes, self.query_lines())
    }

    /// Lines of the query bar: the text, and what there is to say of it; the text alone once it is kept.
    fn query_lines(&self) -> u16 {
        match (&self.typing, self.query()) {
            (Some(_), _) if !self.zoomed => 2,
            (_, Some(_)) => 1,
            _ => 0,
        }
    }

    /// A pane, if there is one on that side.
    pub fn pane(&self, side: Side) -> Option<&Pane> {
        self.panes.get(side.index())
    }

    /// The pane that the selection comes from.
    pub fn current(&self) -> Option<&Pane> {
        self.pane(self.side)
    }

    /// The query that the panes follow which are not pinned.
    pub fn query(&self) -> Option<&Arc<Query>> {
        self.panes.iter().filter(|pane| !pane.pinned).find_map(Pane::query)
    }

    /// What is known of a database.
    pub fn database(&self, name: &DatabaseName) -> Option<&Database> {
        self.databases.iter().find(|database| database.name == *name)
    }

    /// What is known of a database, to change it.
    pub fn database_mut(&mut self, name: &DatabaseName) -> Option<&mut Database> {
        self.databases.iter_mut().find(|database| database.name == *name)
    }

    /// The other databases than that one.
    pub fn others(&self, name: &DatabaseName) -> Vec<DatabaseName> {
        self.databases.iter().map(|database| &database.name).filter(|other| *other != name).cloned().collect()
    }

    /// Shows a notice.
    pub fn toast(&mut self, kind: ToastKind, text: impl Into<String>) {
        self.toasts.show(self.now, kind, text);
    }

    /// A request id that was not given out before.
    pub fn request(&mut self) -> RequestId {
        self.requests.issue()
    }

    /// Whether all has come (or failed) that is worth waiting for before a frame is drawn: not the
    /// answers of databases that keep silent.
    pub fn is_complete(&self) -> bool {
        let selection = self.selection.as_ref().is_some_and(|selection| {
            let waited = selection.waited_for();
            waited.into_iter().any(|database| self.is_prompt(database))
        });
        let cells = self.discovering && self.panes.len() < 2;
        !(selection || cells || self.waits_for_rows())
    }

    /// Whether rows are on their way to a pane, from a database that answers promptly.
    pub fn waits_for_rows(&self) -> bool {
        let prompt = |pane: &Pane| pane.waited_for().into_iter().any(|name| self.is_prompt(name));
        self.panes.iter().any(|pane| pane.list.is_busy() && prompt(pane))
    }

    fn is_prompt(&self, name: &DatabaseName) -> bool {
        self.database(name).is_some_and(|database| database.is_prompt(self.now))
    }

    /// Whether a pane shows that database.
    pub fn is_shown(&self, name: &DatabaseName) -> bool {
        self.panes.iter().any(|pane| pane.shows(name))
    }

    /// Shows the first cell on the right, if there is one and none is shown yet. True if it does.
    pub fn show_first_cell(&mut self) -> bool {
        let cell = first_cell(&self.databases).filter(|_| self.panes.len() == 1);
        let Some(name) = cell.map(|cell| cell.name.clone()) else { return false };
        let columns = self.columns.clone().unwrap_or_else(|| Arc::from([]));
        self.panes.push(Pane { columns, ..Pane::new(name) });
        true
    }
}

/// The cell that a session begins with: one that can be asked and where nova schedules instances,
/// if there is one. cell0 holds only instances that were never scheduled.
fn first_cell(databases: &[Database]) -> Option<&Database> {
    let cells = databases.get(1..).unwrap_or_default();
    let best =
        |cell: &&Database| (!cell.can_be_asked(), cell.disabled, cell.name == DatabaseName::cell("cell0"));
    cells.iter().min_by_key(best)
}
