//! What an operator can do on the main screen: ONE table. The key map, the bottom bar, the help
//! overlay, the palette and docs/keys.md derive from it.
//!
//! Imports the model and the transitions it names; no I/O.

use crossterm::event::KeyCode;

use super::detail::json_tree::JsonTree;
use super::detail::{Detail, Tab};
use super::effect::Effect;
use super::keymap::Key;
use super::model::{Focus, Model};
use super::update::{
    browse, bulk, cells, changes, choosing, databases, doctor, editing, environments, general, history,
    marks, query, recovery, refreshing, search, undoing,
};

/// Under which heading the help lists a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Moving around.
    Move,
    /// Panes, detail panel, order, filter.
    View,
    /// Changing specs.
    Change,
    /// The program.
    Program,
}

impl Group {
    /// All, in the order of the help.
    pub const ALL: [Group; 4] = [Group::Move, Group::View, Group::Change, Group::Program];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "Moving around",
            Group::View => "Looking",
            Group::Change => "Changing",
            Group::Program => "Program",
        }
    }
}

/// What a command may do to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Nothing.
    None,
    /// Writes, behind the confirm step.
    Writes,
    /// Takes a row away, behind the confirm step.
    Removes,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Its name in the palette and the docs.
    pub name: &'static str,
    /// Two or three words, for the bar.
    pub title: &'static str,
    /// A whole sentence.
    pub doc: &'static str,
    /// Its heading.
    pub group: Group,
    /// What it may do.
    pub risk: Risk,
    /// Its keys, the one for the bar first.
    pub keys: &'static [Key],
    /// Rank in the bottom bar (1 comes first) while a list, then while the detail panel has the
    /// focus; 0: not there.
    pub bar: (u8, u8),
    /// Whether it can be done now; the reason if not, a sentence.
    pub available: fn(&Model) -> Result<(), String>,
    /// Does it.
    pub run: fn(&mut Model) -> Vec<Effect>,
}

const fn key(character: char) -> Key {
    Key::char(character)
}

const fn code(code: KeyCode) -> Key {
    Key::code(code)
}

fn always(_: &Model) -> Result<(), String> {
    Ok(())
}

macro_rules! commands {
    ($($name:literal, $title:literal, $group:ident, $risk:ident, $bar:expr, [$($key:expr),*], $available:expr, $run:expr, $doc:literal;)*) => {
        /// All commands, in the order of the help.
        pub static COMMANDS: &[Command] = &[$(Command {
            name: $name, title: $title, doc: $doc, group: Group::$group, risk: Risk::$risk,
            keys: &[$($key),*], bar: $bar, available: $available, run: $run,
        }),*];
    };
}

commands! {
    "down", "down", Move, None, (0, 0), [key('j'), code(KeyCode::Down)], always, |model| browse::down(model, 1),
        "One row down; in the detail panel one line.";
    "up", "up", Move, None, (0, 0), [key('k'), code(KeyCode::Up)], always, |model| browse::down(model, -1),
        "One row up; in the detail panel one line.";
    "page-down", "page down", Move, None, (0, 0), [code(KeyCode::PageDown), Key::control('f')], always,
        |model| browse::page(model, 1), "One screen down.";
    "page-up", "page up", Move, None, (0, 0), [code(KeyCode::PageUp), Key::control('b')], always,
        |model| browse::page(model, -1), "One screen up.";
    "first", "first", Move, None, (0, 0), [key('g'), code(KeyCode::Home)], always, browse::first,
        "To the first row.";
    "last", "last", Move, None, (0, 0), [key('G'), code(KeyCode::End)], always, browse::last,
        "To the last row, however many there are.";
    "next-pane", "pane", Move, None, (10, 7), [code(KeyCode::Tab)], always, |model| browse::next_focus(model, true),
        "To the next pane: API, cell, detail panel.";
    "previous-pane", "previous pane", Move, None, (0, 0), [code(KeyCode::BackTab)], always,
        |model| browse::next_focus(model, false), "To the previous pane.";
    "counterpart", "counterpart", Move, None, (0, 0), [key('=')], browse::has_counterpart, browse::counterpart,
        "To the spec of the same instance in the other pane.";
    "inspect", "inspect", View, None, (1, 0), [code(KeyCode::Enter)], browse::has_row, browse::zoom,
        "The detail panel over the whole screen, and back.";
    "next-tab", "tab", View, None, (0, 1), [code(KeyCode::Right), key('l')], always, |model| browse::tab(model, true),
        "Next tab of the detail panel; in the JSON tree unfolds the branch, or goes to its first value.";
    "previous-tab", "previous tab", View, None, (0, 0), [code(KeyCode::Left), key('h')], always,
        |model| browse::tab(model, false),
        "Previous tab of the detail panel; in the JSON tree folds the branch, or goes to the one around it.";
    "filters", "filters", View, None, (0, 0), [key('1')], always, |model| browse::show_tab(model, Tab::Filters),
        "Tab 1 of the detail panel: zone, hosts, hints, server group, limits.";
    "flavor", "flavor", View, None, (0, 0), [key('2')], always, |model| browse::show_tab(model, Tab::Flavor),
        "Tab 2 of the detail panel: sizes and extra specs.";
    "image", "image", View, None, (0, 0), [key('3')], always, |model| browse::show_tab(model, Tab::Image),
        "Tab 3 of the detail panel: the image and its properties.";
    "topology", "topology", View, None, (0, 0), [key('4')], always, |model| browse::show_tab(model, Tab::Topology),
        "Tab 4 of the detail panel: NUMA nodes and PCI devices.";
    "json", "json", View, None, (0, 0), [key('5')], always, |model| browse::show_tab(model, Tab::Json),
        "Tab 5 of the detail panel: the stored text as a tree.";
    "difference", "difference", View, None, (0, 0), [key('6')], always, |model| browse::show_tab(model, Tab::Difference),
        "Tab 6 of the detail panel: against the other pane's database.";
    "findings", "findings", View, None, (0, 0), [key('7')], always, |model| browse::show_tab(model, Tab::Findings),
        "Tab 7 of the detail panel: what is wrong with the spec.";
    "detail-down", "scroll detail", View, None, (0, 0), [key('J')], always, |model| browse::scroll_detail(model, 1),
        "Scroll the detail panel down from the list.";
    "detail-up", "scroll detail up", View, None, (0, 0), [key('K')], always, |model| browse::scroll_detail(model, -1),
        "Scroll the detail panel up from the list.";
    "fold", "fold", View, None, (0, 2), [key(' ')], browse::can_fold, browse::fold,
        "Fold or unfold the branch under the cursor of the JSON tree.";
    "unfold-all", "unfold all", View, None, (0, 0), [key('+')], browse::can_fold,
        |model| browse::tree(model, JsonTree::unfold_all), "Unfold every branch of the JSON tree.";
    "fold-all", "fold all", View, None, (0, 0), [key('-')], browse::can_fold,
        |model| browse::tree(model, JsonTree::fold_all), "Fold every branch of the JSON tree but the root.";
    "envelopes", "envelopes", View, None, (0, 0), [key('.')], browse::can_fold,
        |model| browse::tree(model, JsonTree::toggle_envelopes),
        "Show or hide the nova_object envelopes in the JSON tree.";
    "next-cell", "next cell", View, None, (0, 0), [key(']')], cells::has_several, |model| cells::turn(model, true),
        "The next cell in the right pane; behind the last one all cells.";
    "previous-cell", "previous cell", View, None, (0, 0), [key('[')], cells::has_several,
        |model| cells::turn(model, false), "The previous cell in the right pane; before the first one all cells.";
    "all-cells", "all cells", View, None, (0, 0), [key('a')], cells::has_several, cells::toggle,
        "All cells in the right pane, merged into one list; again: the cell from before.";
    "databases", "databases", View, None, (0, 0), [key('d')], databases::has_any, databases::open_screen,
        "All databases: state, product, rows, latency, rights, address; Enter shows one, r asks it again.";
    "where", "query", View, None, (7, 0), [key('/')], always, query::open,
        "Type a query: both panes follow, unless one is pinned; eight or more characters of a uuid jump to it.";
    "saved", "saved queries", View, None, (0, 0), [key('Q')], always, choosing::saved,
        "Saved queries: run one, save the present one under a name (:keep NAME, too), delete one.";
    "pin", "pin", View, None, (0, 0), [key('P')], search::can_pin, choosing::pin,
        "The pane keeps its query whatever is typed; again: it follows.";
    "facet", "facets", View, None, (0, 0), [key('F')], choosing::has_list, choosing::facets,
        "Count the values of fields among the listed rows; Enter adds a value to the query.";
    "sort", "sort", View, None, (0, 0), [key('s')], choosing::has_list, choosing::sort,
        "Sort by any field, either way.";
    "newest", "newest first", View, None, (0, 0), [key('o')], choosing::has_list, choosing::newest,
        "Sort by last update, newest first; again: by id.";
    "columns", "columns", View, None, (0, 0), [key('C')], always, choosing::columns,
        "Choose the columns and their order; kept for the environment.";
    "export", "export", View, None, (0, 0), [key('X')], choosing::can_export, choosing::export,
        "Write the listed rows to a file: JSON lines, CSV, table or uuids.";
    "auto-refresh", "auto-refresh", View, None, (0, 0), [key('A')], choosing::has_list, refreshing::turn,
        "Read the lists anew by themselves every 5 s, every 30 s, not at all; + appeared, ~ changed.";
    "news", "news", View, None, (0, 0), [key('V')], refreshing::has_news, refreshing::show_news,
        "What appeared, changed or vanished: the last ten readings that brought something, with their ages.";
    "mark", "mark", View, None, (0, 0), [key(' ')], marks::can_mark, marks::toggle,
        "Mark the row for a change of many and go down; again: no mark. Ends a range.";
    "range", "mark a range", View, None, (0, 0), [key('v')], marks::can_mark, marks::range,
        "Mark a range: begin it here, move, end it with Space, v or Esc.";
    "mark-all", "mark all", View, None, (0, 0), [key('*')], marks::can_mark_all, marks::all,
        "Mark all that the list's query finds, however many; again: none.";
    "doctor", "findings of all", View, None, (0, 0), [key('!')], databases::has_any, doctor::open,
        "What is wrong with specs, over all databases; Enter lists those of a rule, x repairs all of them.";
    "history", "history", View, None, (0, 0), [key('H')], databases::has_any, history::open,
        "What was changed, by whom and why; Enter shows one with its differences, u takes it back.";
    "recover", "recover", Change, Writes, (0, 0), [key('R')], databases::has_any, recovery::look,
        "Look for changes that were interrupted, and bring them to their end.";
    "refresh", "refresh", View, None, (0, 0), [key('r')], always, browse::refresh,
        "Read both panes anew, ask every database again, and look for new cells.";
    "copy-text", "copy uuid", View, None, (0, 3), [key('y')], browse::has_row, general::copy_text,
        "Copy the instance's uuid to the clipboard; in the JSON tree the path under the cursor.";
    "copy-json-path", "copy JSONPath", View, None, (0, 0), [key('Y')], browse::can_fold,
        |model| general::copy_from_tree(model, Detail::json_path_under_cursor),
        "Copy the JSONPath under the cursor of the JSON tree, envelopes included.";
    "copy-value", "copy value", View, None, (0, 0), [key('v')], browse::can_fold,
        |model| general::copy_from_tree(model, Detail::value_under_cursor),
        "Copy the value under the cursor of the JSON tree.";
    "edit", "edit", Change, Writes, (2, 4), [key('e')], bulk::can_edit, bulk::edit,
        "Edit the fields of the spec; of all marked ones by lines PATH=VALUE.";
    "edit-text", "edit text", Change, Writes, (0, 0), [key('E')], |model| bulk::only_one(model, changes::can_edit_text),
        editing::edit_text,
        "Edit the stored JSON in $VISUAL or $EDITOR.";
    "save", "save", Change, Writes, (3, 0), [key('S')], |model| bulk::only_one(model, changes::can_edit_text),
        changes::save,
        "Save the spec as it is, which strips what nova's save() strips.";
    "move", "move", Change, Removes, (4, 5), [key('m')], bulk::can_move, bulk::move_specs,
        "Move the spec, or all marked ones, to another database: written there, compared, then deleted here.";
    "copy", "copy", Change, Writes, (5, 6), [key('c')], |model| bulk::only_one(model, changes::can_copy),
        changes::copy_spec,
        "Copy the spec to another database.";
    "repair", "repair", Change, Writes, (0, 0), [key('x')], bulk::can_repair, bulk::repair,
        "Repair the spec, or all marked ones, by a named repair (:repair NAME, too).";
    "undo", "undo", Change, Writes, (0, 0), [key('u')], changes::may_write, undoing::undo,
        "Take the last change of this environment back, after showing what that does.";
    "redo", "redo", Change, Writes, (0, 0), [key('U')], changes::may_write, undoing::redo,
        "Do the last change again that was taken back.";
    "new", "new", Change, Writes, (0, 0), [key('n')], changes::can_create, changes::create,
        "Create a spec from a file in the pane's database.";
    "delete", "delete", Change, Removes, (0, 0), [key('D')],
        |model| bulk::only_one(model, changes::can_change), changes::delete,
        "Delete the spec from the pane's database.";
    "write", "write", Change, None, (6, 0), [key('W')], changes::can_open_for_writing, changes::open_for_writing,
        "Open for writing, after showing which environment this is; again: back to read-only.";
    "environment", "environment", Program, None, (0, 0), [key('N')], environments::can_switch, environments::pick,
        "Choose another environment of the profile file.";
    "palette", "commands", Program, None, (8, 0), [key(':')], always, general::palette, "All commands, by name; a text that asks for a field runs as a query.";
    "help", "help", Program, None, (9, 8), [key('?')], always, general::help, "This help.";
    "back", "back", Program, None, (0, 9), [code(KeyCode::Esc)], always, general::back,
        "Leave the full-screen detail, the marks, the query or the notices.";
    "suspend", "suspend", Program, None, (0, 0), [Key::control('z')], always, general::suspend,
        "Stop the program; `fg` brings it back.";
    "quit", "quit", Program, None, (11, 10), [key('q'), Key::control('c')], always, general::quit,
        "Quit; asks first if the editor holds unsaved changes.";
}

/// Those of the bottom bar, in its order.
pub fn bar(model: &Model) -> Vec<&'static Command> {
    let rank = |command: &Command| if model.focus == Focus::Detail { command.bar.1 } else { command.bar.0 };
    // In the JSON tree that key unfolds; the numbers beside the titles say how to change the tab.
    let hidden = if browse::can_fold(model).is_ok() { "next-tab" } else { "" };
    let mut shown: Vec<_> =
        COMMANDS.iter().filter(|command| rank(command) > 0 && command.name != hidden).collect();
    shown.sort_by_key(|command| rank(command));
    shown
}

/// The table as a page of the documentation.
pub fn documentation() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "# Keys\n\nGenerated from `src/app/command.rs` by `UPDATE_DOCS=1 cargo test --test tui_app`.\n",
    );
    for group in Group::ALL {
        let _ = write!(page, "\n## {}\n\n| key | command | what it does |\n|---|---|---|\n", group.title());
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let keys: Vec<_> = command.keys.iter().map(|key| format!("`{}`", key.shown())).collect();
            let _ = writeln!(page, "| {} | {} | {} |", keys.join(" "), command.name, command.doc);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_key_and_a_sentence() {
        for command in COMMANDS {
            assert!(!command.keys.is_empty(), "{}", command.name);
            assert!(command.doc.ends_with('.') && command.doc.len() > 8, "{}", command.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
    }
}
