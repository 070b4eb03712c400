//! Key scripts over the whole app: what an operator presses, and what comes of it.

use reqspec::app::Effect;
use reqspec::app::layout::Side;
use reqspec::app::model::Focus;
use reqspec::app::msg::ApplyFailure;
use reqspec::app::overlay::Overlay;
use reqspec::change::{Intent, Refusal};
use reqspec::query::PageFrom;

use super::world::{World, api, cell, spec, uuid};

fn started() -> World {
    World::started(120, 36)
}

#[rstest::rstest]
#[case("", 1)]
#[case("j", 2)]
#[case("jjk", 2)]
#[case("k", 1)]
#[case("<Down><Down><Up>", 2)]
#[case("G", 100)]
#[case("<End>", 100)]
#[case("Gg", 1)]
#[case("GkkG", 100)]
#[case("<End><Home>", 1)]
#[case("<PgDn>", 15)]
#[case("<PgDn><PgDn><PgUp>", 15)]
#[case("<PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn>", 100)]
#[case("<Ctrl-f>", 15)]
#[case("G<PgUp>", 86)]
fn movement(#[case] keys: &str, #[case] expected: i64) {
    let mut world = started();
    world.keys(keys);
    assert_eq!(world.selected(), uuid(expected));
    assert_eq!(world.model.panes[0].list.ordinal(), Some(expected as u64));
}

#[test]
fn the_last_of_many_rows_is_one_page_away() {
    let mut world = started();
    world.effects.clear();
    world.keys("G");
    let loads: Vec<_> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LoadPage { page, .. } => Some(page.from.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(loads[0], PageFrom::End);
    assert!(loads.len() <= 2, "and the rows before it: {loads:?}");
}

#[test]
fn enter_shows_the_detail_on_the_whole_screen_and_back() {
    let mut world = started();
    world.keys("<Enter>");
    assert!(world.model.zoomed && world.model.focus == Focus::Detail);
    world.keys("<Esc>");
    assert!(!world.model.zoomed && world.model.focus == Focus::List(Side::Left));
}

#[test]
fn tab_goes_round() {
    let mut world = started();
    let mut stops = Vec::new();
    for _ in 0..4 {
        stops.push(world.model.focus);
        world.keys("<Tab>");
    }
    let (left, right) = (Focus::List(Side::Left), Focus::List(Side::Right));
    assert_eq!(stops, [left, right, Focus::Detail, left]);
}

#[test]
fn brackets_change_the_cell() {
    let mut world = started();
    let shown = |world: &World| world.model.panes[1].database().cloned();
    world.keys("]");
    assert_eq!(shown(&world), Some(cell("cell2")));
    world.keys("]");
    assert_eq!(shown(&world), None, "all cells");
    world.keys("]");
    assert_eq!(shown(&world), Some(cell("cell1")));
    world.keys("[[");
    assert_eq!(shown(&world), Some(cell("cell2")));
}

#[test]
fn the_counterpart_is_told_apart() {
    let mut world = started();
    assert!(world.text().contains("is not here"), "{}", world.text());
    // 21 is in both and the same, 22 differs.
    world.keys(&format!("/{}<Enter>", &uuid(21)[..9]));
    assert!(
        world.text().lines().any(|line| line.contains("= │") || line.contains("=  │")),
        "{}",
        world.text()
    );
    world.keys("j");
    assert!(world.text().contains('≠'), "{}", world.text());
}

#[test]
fn equals_goes_to_the_counterpart() {
    let mut world = started();
    world.keys(&format!("/{}<Enter>", &uuid(50)[..9]));
    world.keys("=");
    assert_eq!(world.model.focus, Focus::List(Side::Right));
    assert_eq!(world.selected(), uuid(50));
    assert_eq!(world.model.panes[1].list.ordinal(), Some(30));
    assert!(world.model.panes[1].search.is_none());
}

#[test]
fn a_query_narrows_and_gives_back() {
    let mut world = started();
    world.keys("jjjj/C1.P");
    let hits = (1..=100).filter(|number| number % 4 == 2).count();
    assert!(world.text().contains(&format!("{hits} hits")), "{}", world.text());
    assert_eq!(world.selected(), uuid(2));
    world.keys("<Enter>G");
    assert_eq!(world.selected(), uuid(98));
    world.keys("<Esc>");
    assert_eq!(world.selected(), uuid(5), "the former position");
    assert_eq!(world.model.panes[0].list.ordinal(), Some(5));
}

#[test]
fn a_query_without_hits_says_so() {
    let mut world = started();
    world.keys("/nothing-like-it<Enter>");
    assert!(world.text().contains("nothing matches"), "{}", world.text());
    world.keys("<Esc>");
    assert_eq!(world.selected(), uuid(1));
}

#[test]
fn typing_on_stops_the_scan_before() {
    let mut world = started();
    world.effects.clear();
    world.keys("/az");
    let starts = world.effects.iter().filter(|effect| matches!(effect, Effect::StartSearch { .. })).count();
    let stops = world.effects.iter().filter(|effect| matches!(effect, Effect::StopSearch { .. })).count();
    assert_eq!((starts, stops), (4, 2), "in each pane");
}

#[test]
fn the_beginning_of_a_uuid_jumps() {
    let mut world = started();
    world.effects.clear();
    world.keys(&format!("/{}", &uuid(77)[..9]));
    assert_eq!(world.selected(), uuid(77));
    assert_eq!(world.model.panes[0].list.ordinal(), Some(77), "in the whole list");
    world.keys("<Esc>");
    assert_eq!(world.selected(), uuid(1));
}

#[test]
fn sorting_turns_the_list() {
    let mut world = started();
    world.keys("o");
    let newest = world.selected();
    assert_ne!(newest, uuid(1));
    assert!(world.text().contains("UPDATED▼"));
    world.keys("oo");
    assert_eq!(world.selected(), newest);
}

fn chosen_label(world: &World) -> Option<String> {
    match &world.model.overlay {
        Some(Overlay::Confirm(confirm)) => Some(confirm.buttons.labels[confirm.buttons.chosen].clone()),
        Some(Overlay::Question(question)) => Some(question.buttons.labels[question.buttons.chosen].clone()),
        Some(Overlay::Conflict(conflict)) => Some(conflict.buttons.labels[conflict.buttons.chosen].clone()),
        _ => None,
    }
}

#[test]
fn a_move_is_asked_for_and_done() {
    let mut world = started();
    world.keys("m<Enter>");
    assert_eq!(chosen_label(&world).as_deref(), Some("Cancel"));
    let text = world.text();
    for expected in
        ["demo", "writes to cell1, API", "from API to cell1", "nova reads the API database only", "undo:"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    world.keys("<Enter>");
    assert!(world.row(&api(), 1).is_some(), "cancelled");
    world.keys("m<Enter><Right><Enter>");
    assert!(world.row(&api(), 1).is_none() && world.row(&cell("cell1"), 1).is_some());
    assert_eq!(world.selected(), uuid(2), "the place in the list is kept");
    let moved = format!("Moved the spec of {} from API to cell1. u undoes it.", uuid(1));
    let toasts: Vec<_> = world.model.toasts.iter().map(|toast| toast.text.as_str()).collect();
    assert_eq!(toasts, ["cancelled, nothing was written", &moved], "one sentence, not one for each step");
    assert_eq!(world.model.databases[0].count, Some(99));
}

#[test]
fn a_copy_to_the_second_choice() {
    let mut world = started();
    world.keys("jc<Down><Enter><Tab><Enter>");
    assert!(world.row(&cell("cell2"), 2).is_some() && world.row(&api(), 2).is_some());
}

#[test]
fn a_copy_over_another_spec_is_asked_twice() {
    let mut world = started();
    world.keys(&format!("/{}<Enter>", &uuid(22)[..9]));
    world.keys("c<Enter>");
    assert!(world.text().contains("holds another spec"), "{}", world.text());
    assert_eq!(chosen_label(&world).as_deref(), Some("Leave it"));
    world.keys("<Right><Enter>");
    assert_eq!(chosen_label(&world).as_deref(), Some("Cancel"));
    world.keys("<Right><Enter>");
    assert_eq!(
        world.row(&cell("cell1"), 22).map(|row| row.spec.clone()),
        world.row(&api(), 22).map(|row| row.spec.clone())
    );
}

#[test]
fn a_delete_is_asked_for_and_done() {
    let mut world = started();
    world.keys("D<Enter>");
    assert!(world.row(&api(), 1).is_some());
    world.keys("D<Right><Enter>");
    assert!(world.row(&api(), 1).is_none());
}

#[test]
fn a_word_must_be_typed_where_the_plan_wants_one() {
    let mut world = started();
    world.word = Some("cell1".to_owned());
    world.keys("m<Enter><Right><Enter>");
    assert!(world.row(&api(), 1).is_some());
    assert!(world.text().contains("type cell1 to confirm"), "{}", world.text());
    world.keys("cell1<Enter>");
    assert!(world.row(&api(), 1).is_none());
}

#[test]
fn a_refusal_can_be_forced_where_it_says_so() {
    let mut world = started();
    world.refusal = Some(Refusal::Refused { reason: "It belongs here.".to_owned(), forceable: true });
    world.word = Some("1".to_owned());
    world.keys("m<Enter>");
    assert!(world.text().contains("It belongs here."));
    world.keys("<Right><Enter>");
    assert!(matches!(world.model.overlay, Some(Overlay::Confirm(_))));
    let forced = world.effects.iter().any(|effect| matches!(effect, Effect::Prepare { force: true, .. }));
    assert!(forced);
}

#[test]
fn a_plain_save_with_nothing_to_strip_says_so() {
    let mut world = started();
    world.keys("S");
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains("nothing to save"));
}

#[test]
fn create_from_a_file() {
    let mut world = started();
    world.keys("nother.json<Enter>");
    assert!(world.text().contains("no such file"), "{}", world.text());
    for _ in 0.."other.json".len() {
        world.keys("<Backspace>");
    }
    world.keys("spec.json<Enter><Right><Enter>");
    assert!(world.row(&api(), 500).is_some());
}

#[test]
fn the_external_editor_comes_back_until_the_text_is_good() {
    let mut world = started();
    let good = spec(1, "az9");
    world.edited = [Some("{\"cut".to_owned()), Some(format!("# why\n{good}\n"))].into();
    world.keys("E");
    let errors: Vec<_> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::OpenEditor { error, .. } => Some(error.is_some()),
            _ => None,
        })
        .collect();
    assert_eq!(errors, [false, true]);
    assert!(world.text().contains("availability_zone"), "the difference is shown:\n{}", world.text());
    world.keys("<Right><Enter>");
    assert_eq!(world.row(&api(), 1).expect("there").spec[..], *good.as_bytes());
}

#[test]
fn a_text_left_as_it_was_changes_nothing() {
    let mut world = started();
    world.keys("E");
    assert!(world.text().contains("left as it was"));
    assert!(world.model.change.is_none() && world.model.overlay.is_none());
}

#[test]
fn a_conflict_shows_three_parts_and_keeps_the_edit() {
    let mut world = started();
    let (mine, theirs) = (spec(1, "mine"), spec(1, "theirs"));
    world.edited = [Some(mine.clone())].into();
    world.apply_failure = Some(ApplyFailure {
        message: "changed by someone else".to_owned(),
        conflict: Some(Some(theirs.as_bytes().into())),
        ..ApplyFailure::default()
    });
    world.keys("E<Right><Enter>");
    let text = world.text();
    for expected in ["Your change", "Their change", "Yours over theirs", "\"mine\"", "\"theirs\""] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    world.keys("<Right><Enter>");
    let Some(Effect::Prepare { intent: Intent::Save { before, after, .. }, .. }) =
        world.effects.iter().rev().find(|effect| matches!(effect, Effect::Prepare { .. }))
    else {
        panic!("no second plan");
    };
    assert_eq!((&before[..], &**after), (theirs.as_bytes(), &*mine));
}

#[test]
fn read_only_says_why_and_opens_after_showing_the_environment() {
    let mut world = started();
    world.model.writing = false;
    world.keys("D");
    assert!(world.model.overlay.is_none());
    assert!(world.text().contains("read-only: W opens for writing"), "{}", world.text());
    world.keys("W");
    assert!(world.text().contains("Stay read-only") && world.text().contains("demo"));
    world.keys("<Enter>");
    assert!(!world.model.writing, "the first button changes nothing");
    world.keys("W<Right><Enter>");
    assert!(world.model.writing);
}

#[test]
fn a_read_only_start_cannot_be_opened() {
    let mut world = started();
    world.model.writing = false;
    world.model.read_only = Some("--read-only was given".to_owned());
    world.keys("W");
    assert!(!world.model.writing && world.model.overlay.is_none());
    assert!(world.text().contains("--read-only was given"));
}

#[test]
fn the_palette_runs_commands() {
    let mut world = started();
    world.keys(":last<Enter>");
    assert_eq!(world.selected(), uuid(100));
}

#[test]
fn quitting() {
    let mut world = started();
    world.keys("?q");
    assert!(!world.has_quit(), "the help took it");
    world.keys("q");
    assert!(world.has_quit());
    let mut world = started();
    world.keys("/<Ctrl-c>");
    assert!(world.has_quit(), "from anywhere");
}

#[test]
fn digits_show_tabs_from_anywhere() {
    use reqspec::app::detail::Tab;
    let mut world = started();
    for (prefix, key, tab) in
        [("", "5", Tab::Json), ("<Tab>", "2", Tab::Flavor), ("<Enter>", "7", Tab::Findings)]
    {
        world.keys(prefix);
        world.keys(key);
        assert_eq!(world.model.detail.tab(), tab);
        assert!(world.text().contains(&format!("{key} {}", tab.title())), "{}", world.text());
    }
}

#[test]
fn arrows_fold_the_json_tree_where_it_has_the_focus() {
    use reqspec::app::detail::Tab;
    let mut world = started();
    world.keys("5<Right><Left>");
    assert_eq!(world.model.detail.tab(), Tab::Json, "in the list they change the tab");
    world.keys("<Enter>j<Right>");
    let path = |world: &World| world.model.detail.path_under_cursor().map(|path| path.to_string());
    assert_eq!(path(&world).as_deref(), Some("image"));
    world.keys("l");
    assert_eq!(path(&world).as_deref(), Some("image.name"));
    world.keys("<Left>");
    assert_eq!(path(&world).as_deref(), Some("image"));
    let open = world.model.detail.tree_mut().map(|tree| tree.len());
    world.keys("h");
    assert!(world.model.detail.tree_mut().map(|tree| tree.len()) < open);
    assert_eq!(world.model.detail.tab(), Tab::Json);
}

#[test]
fn a_move_shows_what_decides_and_the_whole_text_on_scrolling() {
    let mut world = World::started(80, 24);
    world.word = Some("cell1".to_owned());
    world.keys("m<Enter>");
    let text = world.text();
    for expected in
        ["+ row in cell1: 689 bytes", "- row in API", "flavor   m1.large · 2 CPUs", "zone     az2"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(text.contains("Down shows the whole text, 689 bytes") && !text.contains("nova_object"), "{text}");
    for keys in ["", "<Down>", "<PgDn>", "<PgDn><PgDn><PgDn><PgDn>"] {
        world.keys(keys);
        let text = world.text();
        assert!(text.contains("type cell1 to confirm:") && text.contains("[ Cancel ]"), "{text}");
        assert_eq!(text.contains("nova_object"), !keys.is_empty() && keys.len() < 24, "{keys}\n{text}");
    }
    world.keys("<PgUp><PgUp><PgUp><PgUp><PgUp><PgUp>");
    assert!(world.text().contains("+ row in cell1"));
}

#[test]
fn no_sliver_of_the_screen_stands_beside_a_dialog() {
    for width in [60, 80, 99, 100, 110, 120, 130, 200] {
        let mut world = World::started(width, 30);
        world.keys("D");
        let text = world.text();
        let row = text.lines().find(|line| line.contains("Confirm")).expect("the dialog");
        let at = row.split("┌ Confirm").next().map_or(0, |left| left.chars().count());
        assert!(at == 0 || at >= 8, "{width}: {at}\n{text}");
    }
}
