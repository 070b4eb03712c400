//! All that the screen shows.
//!
//! Imports its siblings, `change` and `query`; no I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::database::Database;
use super::detail::Detail;
use super::editor::Editor;
use super::effect::{RequestId, Requests};
use super::layout::{Layout, Side};
use super::overlay::Overlay;
use super::pane::Pane;
use super::selection::Selection;
use super::toast::{ToastKind, Toasts};
use super::update::changes::Change;
use crate::change::DatabaseName;

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
    /// The databases, the API database first, each with its place for people.
    pub databases: Vec<(DatabaseName, String)>,
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
    /// The databases, the API database first.
    pub databases: Vec<Database>,
    /// The panes, left and right; no right one where there is no cell.
    pub panes: Vec<Pane>,
    /// What the keys go to.
    pub focus: Focus,
    /// The pane whose selection the detail panel explains.
    pub side: Side,
    /// Whether the detail panel has the whole screen.
    pub zoomed: bool,
    /// The selected spec.
    pub selection: Option<Selection>,
    /// The detail panel.
    pub detail: Detail,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// The field editor.
    pub editor: Option<Editor>,
    /// The stored bytes that the field editor was opened on.
    pub edited: Arc<[u8]>,
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
    /// Whether the databases out of sight were counted once.
    pub counted: bool,
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
            setup.databases.into_iter().map(|(name, location)| Database::new(name, location)).collect();
        let panes = databases.iter().take(2).map(|database| Pane::new(database.name.clone())).collect();
        let mut model = Self {
            environment: setup.environment,
            databases,
            panes,
            focus: Focus::List(Side::Left),
            side: Side::Left,
            zoomed: false,
            selection: None,
            detail: Detail::new(),
            overlay: None,
            editor: None,
            edited: Arc::from([]),
            change: None,
            toasts: Toasts::default(),
            writing: setup.writing && setup.read_only.is_none(),
            read_only: setup.read_only,
            now: setup.now,
            size: setup.size,
            counted: false,
            typed_ahead: VecDeque::new(),
            requests: Requests::default(),
            dirty: true,
        };
        let layout = model.layout();
        for side in Side::BOTH {
            let height = Layout::rows(layout.panes[side.index()].or(layout.panes[0]).unwrap_or_default());
            if let Some(pane) = model.panes.get_mut(side.index()) {
                let _ = pane.list.set_height(height, &mut model.requests);
            }
        }
        model
    }

    /// Where things are.
    pub fn layout(&self) -> Layout {
        Layout::of(self.size.0, self.size.1, self.side, self.zoomed, self.panes.len() < 2)
    }

    /// A pane, if there is one on that side.
    pub fn pane(&self, side: Side) -> Option<&Pane> {
        self.panes.get(side.index())
    }

    /// The pane that the selection comes from.
    pub fn current(&self) -> Option<&Pane> {
        self.pane(self.side)
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

    /// Whether all that the first screen shows has come (or failed).
    pub fn is_complete(&self) -> bool {
        let waits = |pane: &Pane| pane.list.is_busy();
        !self.panes.iter().any(waits) && !self.selection.as_ref().is_some_and(Selection::is_busy)
    }
}
