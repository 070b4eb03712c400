//! Queries, orders, moves and answers in any sequence: what the panes come to rest on is what the
//! rows say, and no search is left running that nobody looks at.

use std::collections::BTreeSet;

use proptest::prelude::*;
use reqspec::app::layout::Side;
use reqspec::app::pane::Source;
use reqspec::app::search::PaneSearch;
use reqspec::app::update::{browse, search};
use reqspec::app::{Effect, Msg};
use reqspec::change::DatabaseName;
use reqspec::query::merge::{self, Mark};
use reqspec::query::{Field, Order, SortOrder};

use super::world::{World, api, cell, uuid};

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Query(&'static str),
    Uuid(i64),
    Order(&'static str, bool),
    Pin,
    /// One of the answers that are under way.
    Answer(usize),
    /// Searches come so many rows further.
    Further(usize),
    Time,
}

fn step() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(vec![
        "j",
        "jjjj",
        "k",
        "G",
        "g",
        "<PgDn>",
        "<PgUp>",
        "<Tab>",
        "<Esc>",
        "<Esc>",
        "]",
        "a",
        "r",
        "<Enter><Esc>",
    ]);
    let query = prop::sample::select(vec![
        "c1.pin",
        "az1",
        "vcpus>=4 az",
        "not az",
        "nothing-like-it",
        "az=",
        "group",
        "m1",
    ]);
    let order = prop::sample::select(vec!["id", "updated", "vcpus", "az", "uuid"]);
    prop_oneof![
        6 => keys.prop_map(Step::Keys),
        3 => query.prop_map(Step::Query),
        1 => (1_i64..110).prop_map(Step::Uuid),
        2 => (order, any::<bool>()).prop_map(|(field, descending)| Step::Order(field, descending)),
        1 => Just(Step::Pin),
        6 => (0_usize..64).prop_map(Step::Answer),
        4 => (1_usize..60).prop_map(Step::Further),
        1 => Just(Step::Time),
    ]
}

fn sides(world: &World) -> [Side; 2] {
    assert_eq!(world.model.panes.len(), 2);
    Side::BOTH
}

fn databases(world: &World, side: Side) -> Vec<DatabaseName> {
    match &world.model.panes[side.index()].source {
        Source::One(database) => vec![database.clone()],
        Source::Cells(cells) => cells.names().to_vec(),
    }
}

/// What is known of a search is told: all of it, or so many rows more.
fn further(world: &mut World, rows: Option<usize>) {
    for side in sides(world) {
        for database in databases(world, side) {
            let search = world.model.panes[side.index()].search.as_ref().and_then(PaneSearch::hits_of);
            let Some(search) = search.filter(|_| world.searching.contains(&database)) else { continue };
            let all = world.rows(&database).len();
            let reached = world.reach.get(&database).copied().unwrap_or(0);
            let reached = rows.map_or(all, |rows| (reached + rows).min(all));
            world.reach.insert(database.clone(), reached);
            let tally = world.reached(search, &database, reached == all);
            world.send(Msg::SearchProgress { search, database, tally, remarks: Vec::new() });
        }
    }
}

fn perform(world: &mut World, step: Step) {
    match step {
        Step::Keys(keys) => world.keys(keys),
        Step::Query(query) => world.keys(&format!("/{}{query}<Enter>", "<Backspace>".repeat(40))),
        Step::Uuid(number) => {
            world.keys(&format!("/{}{}<Enter>", "<Backspace>".repeat(40), &uuid(number)[..13]));
        }
        Step::Order(field, descending) => {
            let order = Order::by(Field::named(field).expect("a field"), descending);
            world.act(|model| search::order_by(model, order));
        }
        Step::Pin if search::can_pin(&world.model).is_ok() => world.act(search::toggle_pin),
        Step::Pin => {}
        Step::Answer(which) => {
            if let Some(at) = which.checked_rem(world.answers.len()) {
                let msg = world.answers.remove(at).expect("there");
                world.send(msg);
            }
        }
        Step::Further(rows) => further(world, Some(rows)),
        Step::Time => world.pass_time(),
    }
}

/// All that is under way comes to its end.
fn rest(world: &mut World) {
    world.pump();
    further(world, None);
    world.hold = false;
    world.pump();
    // What followed from that began searches of its own, perhaps.
    further(world, None);
    world.pass_time();
    world.pump();
}

/// The rows that a pane is to list, in their order.
fn expected(world: &World, side: Side) -> Vec<(DatabaseName, String)> {
    let pane = &world.model.panes[side.index()];
    let order = pane.list.order();
    let query = pane.search.as_ref().filter(|search| search.hits_of().is_some()).map(|search| &search.query);
    let mut rows: Vec<_> = Vec::new();
    for (part, database) in databases(world, side).into_iter().enumerate() {
        let stored = world.databases[&database].as_ref().expect("up");
        let found = stored.iter().filter(|row| query.is_none_or(|query| row.fulfils(query)));
        rows.extend(
            found.map(|row| (Mark { key: row.key(order), part }, (database.clone(), row.uuid.to_string()))),
        );
    }
    rows.sort_by(|(one, _), (other, _)| merge::compare(order, one, other));
    rows.into_iter().map(|(_, row)| row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn panes_come_to_rest_on_what_the_rows_say(steps in prop::collection::vec(step(), 1..30), hold: bool, partly: bool) {
        let mut world = World::started(120, 36);
        world.hold = hold;
        if partly {
            world.searching.extend([api(), cell("cell1"), cell("cell2")]);
        }
        for step in steps {
            perform(&mut world, step);
        }
        rest(&mut world);
        let mut wanted = BTreeSet::new();
        for side in sides(&world) {
            let pane = &world.model.panes[side.index()];
            let whole = expected(&world, side);
            let rows = pane.list.visible().map(|(_, row)| (row.database.clone(), row.instance_uuid.to_string()));
            let rows: Vec<_> = rows.collect();
            prop_assert_eq!(rows.len(), whole.len().min(usize::from(pane.list.height())), "{:?}", side);
            if let Some(selected) = pane.list.selected() {
                let at = pane.list.ordinal().expect("a number") as usize;
                prop_assert_eq!(&whole[at - 1].1, &*selected.instance_uuid, "{:?}", side);
                let first = whole.iter().position(|row| *row == rows[0]).expect("a row of it");
                prop_assert_eq!(&whole[first..first + rows.len()], &rows[..]);
            }
            wanted.extend(pane.search.as_ref().and_then(PaneSearch::hits_of));
        }
        let mut running = BTreeSet::new();
        for effect in &world.effects {
            match effect {
                Effect::StartSearch { search, .. } => _ = running.insert(*search),
                Effect::StopSearch { search } => _ = running.remove(search),
                _ => {}
            }
        }
        prop_assert_eq!(running, wanted, "searches that nobody looks at");
        // And back: without a query and in the usual order all rows are there again.
        world.searching.clear();
        world.reach.clear();
        for pinned in [true, false] {
            for side in Side::BOTH {
                if world.model.panes[side.index()].pinned == pinned {
                    browse::focus_on(&mut world.model, reqspec::app::model::Focus::List(side));
                    world.keys("<Esc><Esc><Esc><Esc>");
                    world.act(|model| search::order_by(model, SortOrder::Id.into()));
                }
            }
        }
        for side in sides(&world) {
            let pane = &world.model.panes[side.index()];
            prop_assert!(pane.search.is_none(), "{:?} keeps its search", side);
            prop_assert_eq!(expected(&world, side).len(), databases(&world, side).iter().map(|name| world.databases[name].as_ref().expect("up").len()).sum::<usize>());
        }
    }
}
