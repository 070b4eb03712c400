//! Movement, panes, detail panel. Imports the rest of `app`; no I/O.

use super::databases;
use crate::app::comparison::Comparison;
use crate::app::database::label;
use crate::app::detail::json_tree::JsonTree;
use crate::app::detail::{Counterpart as Other, NOTHING, Subject, Tab};
use crate::app::effect::{Effect, Requests};
use crate::app::layout::Side;
use crate::app::list::{List, Wish};
use crate::app::model::{Focus, Model};
use crate::app::pane::Pane;
use crate::app::selection::{Counterpart, Fetched, Selection};
use crate::change::DatabaseName;
use crate::spec::text::{escaped, named};

type Ready = Result<(), String>;

/// Seconds after which the detail panel does not wait for a text any more before it says so.
const PATIENCE: u32 = 1;

fn list(model: &mut Model, step: impl FnOnce(&mut List, &mut Requests) -> Vec<Wish>) -> Vec<Effect> {
    let side = model.side;
    on_pane(model, side, |pane, requests| {
        let wishes = step(&mut pane.list, requests);
        pane.effects(wishes)
    })
}

/// Does something with a pane, if it is there.
pub fn on_pane(
    model: &mut Model,
    side: Side,
    step: impl FnOnce(&mut Pane, &mut Requests) -> Vec<Effect>,
) -> Vec<Effect> {
    let Model { panes, requests, .. } = model;
    panes.get_mut(side.index()).map(|pane| step(pane, requests)).unwrap_or_default()
}

/// Rows down in the list, lines down in the detail panel.
pub fn down(model: &mut Model, rows: i64) -> Vec<Effect> {
    if model.focus == Focus::Detail {
        return scroll_detail(model, rows as i32);
    }
    list(model, |list, requests| list.move_by(rows, requests))
}

/// Screens down.
pub fn page(model: &mut Model, pages: i64) -> Vec<Effect> {
    if model.focus == Focus::Detail {
        let lines = model.layout().detail.map_or(1, |area| area.height.saturating_sub(3).max(1));
        return scroll_detail(model, pages as i32 * i32::from(lines));
    }
    list(model, |list, requests| list.page_by(pages, requests))
}

/// To the first row.
pub fn first(model: &mut Model) -> Vec<Effect> {
    if model.focus == Focus::Detail {
        return scroll_detail(model, i32::MIN / 2);
    }
    list(model, List::first)
}

/// To the last row.
pub fn last(model: &mut Model) -> Vec<Effect> {
    if model.focus == Focus::Detail {
        return scroll_detail(model, i32::MAX / 2);
    }
    list(model, List::last)
}

/// Scrolls the detail panel.
pub fn scroll_detail(model: &mut Model, lines: i32) -> Vec<Effect> {
    model.detail.scroll(lines);
    Vec::new()
}

/// That tab of the detail panel.
pub fn show_tab(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.detail.select_tab(tab);
    Vec::new()
}

/// Another tab of the detail panel; in the JSON tree, if the keys go there, into the branch under
/// the cursor or out of it.
pub fn tab(model: &mut Model, next: bool) -> Vec<Effect> {
    if can_fold(model).is_ok() {
        return tree(model, if next { JsonTree::unfold } else { JsonTree::fold });
    }
    if next {
        model.detail.next_tab()
    } else {
        model.detail.previous_tab()
    }
    Vec::new()
}

/// Whether the JSON tree has the focus.
pub fn can_fold(model: &Model) -> Ready {
    if model.focus != Focus::Detail {
        return Err("Tab goes to the detail panel; Space folds in its JSON tree".to_owned());
    }
    if model.detail.is_tree() { Ok(()) } else { Err("only the JSON tab has branches to fold".to_owned()) }
}

/// Folds or unfolds the branch under the cursor.
pub fn fold(model: &mut Model) -> Vec<Effect> {
    tree(model, JsonTree::toggle)
}

/// Does something to the JSON tree, if it is shown.
pub fn tree(model: &mut Model, change: fn(&mut JsonTree)) -> Vec<Effect> {
    if let Some(tree) = model.detail.tree_mut() {
        change(tree);
    }
    Vec::new()
}

/// Left pane, right pane, detail panel, round and round.
pub fn next_focus(model: &mut Model, forward: bool) -> Vec<Effect> {
    if model.zoomed {
        return unzoom(model);
    }
    let mut stops: Vec<Focus> = Side::BOTH.into_iter().take(model.panes.len()).map(Focus::List).collect();
    if model.layout().detail.is_some() {
        stops.push(Focus::Detail);
    }
    let at = stops.iter().position(|stop| *stop == model.focus).unwrap_or(0);
    let step = if forward { 1 } else { stops.len().saturating_sub(1) };
    if let Some(focus) = stops.get((at + step) % stops.len().max(1)) {
        focus_on(model, *focus);
    }
    Vec::new()
}

/// Gives the focus.
pub fn focus_on(model: &mut Model, focus: Focus) {
    model.focus = focus;
    if let Focus::List(side) = focus {
        model.side = side;
    }
}

/// Whether a row is selected.
pub fn has_row(model: &Model) -> Ready {
    let selected = model.current().and_then(|pane| pane.list.selected());
    selected.map(|_| ()).ok_or_else(|| "no spec is selected".to_owned())
}

/// The detail panel over the whole screen, and back.
pub fn zoom(model: &mut Model) -> Vec<Effect> {
    if model.zoomed {
        return unzoom(model);
    }
    model.zoomed = true;
    model.focus = Focus::Detail;
    Vec::new()
}

/// The detail panel to its place, the focus to the list.
pub fn unzoom(model: &mut Model) -> Vec<Effect> {
    model.zoomed = false;
    model.focus = Focus::List(model.side);
    Vec::new()
}

/// Whether the other pane has the selected instance.
pub fn has_counterpart(model: &Model) -> Ready {
    has_row(model)?;
    match model.selection.as_ref().map(|selection| selection.counterpart) {
        Some(Counterpart::Equal | Counterpart::Different) => Ok(()),
        Some(Counterpart::Missing) if model.selection.as_ref().is_some_and(|one| one.opposite.many) => {
            Err("no cell has a spec of this instance".to_owned())
        }
        Some(Counterpart::Missing) => {
            Err("the other pane's database has no spec of this instance".to_owned())
        }
        _ => Err("not known yet whether the other pane's database has it".to_owned()),
    }
}

/// To the spec of the same instance in the other pane.
pub fn counterpart(model: &mut Model) -> Vec<Effect> {
    let Some(selection) = &model.selection else { return Vec::new() };
    let uuid = selection.instance_uuid.clone();
    let side = selection.side.other();
    let there = selection.other_database.clone();
    model.zoomed = false;
    focus_on(model, Focus::List(side));
    on_pane(model, side, |pane, requests| pane.seek(&uuid, there.as_ref(), requests))
}

/// Reads everything on the screen anew.
pub fn refresh(model: &mut Model) -> Vec<Effect> {
    for database in &mut model.databases {
        database.forgiven();
    }
    let mut effects = Vec::new();
    for side in Side::BOTH {
        effects.extend(on_pane(model, side, Pane::reload));
    }
    let Model { selection, requests, .. } = model;
    if let Some(selection) = selection {
        effects.extend(selection.ask(requests));
    }
    effects.extend(databases::discover(model));
    effects.extend(databases::probe(model, |_| true));
    effects
}

/// Keeps selection and detail panel with the cursor of the current pane.
pub fn follow_selection(model: &mut Model) -> Vec<Effect> {
    let selected = model.current().and_then(|pane| {
        let row = pane.list.selected()?;
        Some((row.database.clone(), row.instance_uuid.clone(), row.key.clone()))
    });
    let other = model.pane(model.side.other()).map(Pane::opposite).unwrap_or_default();
    let Some((database, instance_uuid, key)) = selected else {
        // While rows are on their way the last selection stays, so that nothing flickers.
        if model.selection.is_some() && !model.current().is_some_and(|pane| pane.list.is_busy()) {
            model.selection = None;
            show_detail(model);
        }
        return Vec::new();
    };
    let unchanged = model.selection.as_ref().is_some_and(|selection| {
        selection.side == model.side
            && selection.database == database
            && selection.opposite == other
            && selection.instance_uuid == instance_uuid
            && selection.key == key
    });
    if unchanged {
        return Vec::new();
    }
    let place = (model.side, database, other);
    let (selection, effects) =
        Selection::new(place, (instance_uuid, key), model.selection.as_ref(), &mut model.requests);
    model.selection = Some(selection);
    effects
}

/// Gives the detail panel what is known of the selection.
pub fn show_detail(model: &mut Model) {
    let Model { detail, selection, .. } = model;
    match selection.as_ref().and_then(subject) {
        Some(subject) => detail.show(Some(subject)),
        None => detail.clear(absence(selection.as_ref())),
    }
}

/// Why there is no spec to show: that of another row would be taken for this one's.
fn absence(selection: Option<&Selection>) -> String {
    let Some(selection) = selection else { return NOTHING.to_owned() };
    let (whose, place) = (named(&selection.instance_uuid), label(&selection.database));
    match &selection.own {
        Fetched::Pending => format!("Waiting for the spec of {whose} from {place} …"),
        Fetched::Absent => format!("{place} has no spec of {whose} any more."),
        Fetched::Unknown(why) => format!("The spec of {whose} could not be read: {}", escaped(why)),
        Fetched::Present(_) => NOTHING.to_owned(),
    }
}

/// A second has passed: a text that is still awaited is not expected soon, and the detail panel
/// stops showing the one before.
pub fn wait_for_text(model: &mut Model) {
    let Some(selection) = &mut model.selection else { return };
    if selection.own == Fetched::Pending && selection.seconds_waited() == PATIENCE {
        show_detail(model);
        model.dirty = true;
    }
}

fn subject(selection: &Selection) -> Option<Subject> {
    let text = selection.own.text()?.clone();
    let all = |names: Vec<&DatabaseName>| names.into_iter().cloned().collect();
    let counterpart = match (&selection.other_database, &selection.other) {
        (None, Fetched::Absent | Fetched::Unknown(_)) if selection.opposite.many => {
            Other::Nowhere { absent: all(selection.absent_in()), silent: selection.silent() }
        }
        (Some(in_), Fetched::Absent) => Other::Missing { in_: in_.clone() },
        (Some(in_), Fetched::Present(other)) => match selection.comparison() {
            Some(comparison) => Other::Compared { in_: in_.clone(), comparison: comparison.clone() },
            None if Comparison::is_quick(&text, other) || text == *other => {
                Other::Present { in_: in_.clone(), text: other.clone() }
            }
            None => Other::Comparing { in_: in_.clone() },
        },
        _ => Other::Unknown,
    };
    let (database, instance_uuid) = (selection.database.clone(), selection.instance_uuid.clone());
    Some(Subject { database, instance_uuid, text, counterpart })
}
