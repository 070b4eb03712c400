//! Screens of the query bar and of the choices over the main screen, with their styles.

use reqspec::app::Msg;
use reqspec::app::cells::Tally;
use reqspec::tui::theme::Theme;

use super::world::{World, api, cell};

#[rstest::rstest]
fn query_bar(
    #[values((80, 24), (120, 36))] (width, height): (u16, u16),
    #[values(
        ("empty", "/"),
        ("typed", "/vcpus>=8 az=az1"),
        ("kept", "/vcpus>=8 az=az1<Enter>"),
        ("error", "/flavr=m1 vcpus>=8"),
        ("unfinished", "/vcpus>=8 az="),
        ("completed", "/vcpus>=8 fl<Tab>"),
        ("values", "/az="),
        ("history", "/<Ctrl-r><Ctrl-r>"),
        ("pinned", "P<Tab>/vcpus>=8<Enter>"),
        ("match", "/flavor:large or c1<Enter>"),
        ("long", "/flavor=m1.small,m1.large,c1.pin,r2.huge az=az1,az2 not forced vcpus>=1 extra.hw:cpu_policy=dedicated or flavor~^m1"),
    )]
    (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    world.keys(keys);
    insta::assert_snapshot!(format!("query_{name}_{width}x{height}"), world.screen());
}

#[rstest::rstest]
fn choices(
    #[values((80, 24), (120, 36))] (width, height): (u16, u16),
    #[values(
        ("sort", "s<Down><Tab>"),
        ("sort_found", "svc"),
        ("sorted", "sflavor<Tab><Enter>"),
        ("columns", "Cjj "),
        ("columns_find", "C/extra.hw:cpu"),
        ("columns_shown", ":columns uuid,az,vcpus,hint.group,version<Enter>"),
        ("columns_cut", ":columns uuid,flavor,az,user,hint.group,image,project,policy,created,size<Enter>"),
        ("facets_fields", "F"),
        ("facets", ":facet az,flavor<Enter>j"),
        ("facets_query", "/vcpus>=4<Enter>:facet az<Enter>"),
        ("saved", "Q"),
        ("saved_naming", "/vcpus>=4<Enter>Qsbig"),
        ("saved_delete", "QjD"),
        ("export", "X<Tab>"),
        ("export_refused", ":export there.csv<Enter>"),
        ("palette_verb", ":facet az,fl"),
        ("palette_query", ":az=az1 vcpus>=8"),
        ("palette_problem", ":sort nonsens"),
    )]
    (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    world.keys(keys);
    insta::assert_snapshot!(format!("choice_{name}_{width}x{height}"), world.screen());
}

#[rstest::rstest]
fn little_room(
    #[values((40, 12), (12, 4))] (width, height): (u16, u16),
    #[values(("values", "/az="), ("error", "/flavr=m1"), ("kept", "/az=az1<Enter>"), ("sort", "s"), ("facets", ":facet az<Enter>"), ("export", "X"))]
    (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    world.keys(keys);
    insta::assert_snapshot!(format!("little_{name}_{width}x{height}"), world.screen());
}

/// A search that is under way, a second after it began.
fn searching(width: u16, height: u16) -> World {
    let mut world = World::started(width, height);
    world.searching.extend([api(), cell("cell1")]);
    world.keys("/vcpus>=8");
    let searches: Vec<_> =
        world.model.panes.iter().filter_map(|pane| pane.search.as_ref()?.hits_of()).collect();
    for (search, (database, passed)) in searches.into_iter().zip([(api(), 40), (cell("cell1"), 10)]) {
        world.reach.insert(database.clone(), passed);
        let tally = Tally { undecided: 3, ..world.reached(search, &database, false) };
        let remarks = vec!["cell2 could not be asked for instance.host".to_owned()];
        world.send(Msg::SearchProgress { search, database, tally, remarks });
    }
    world.pass(1);
    world
}

#[rstest::rstest]
#[case(80, 24)]
#[case(120, 36)]
#[case(12, 4)]
fn a_search_under_way(#[case] width: u16, #[case] height: u16) {
    let mut world = searching(width, height);
    insta::assert_snapshot!(format!("searching_{width}x{height}"), world.screen());
    world.keys("<Enter>");
    insta::assert_snapshot!(format!("searching_kept_{width}x{height}"), world.screen());
}

#[rstest::rstest]
#[case(80, 24)]
#[case(120, 36)]
#[case(12, 4)]
fn read_anew_by_itself(#[case] width: u16, #[case] height: u16) {
    let mut world = World::started(width, height);
    world.keys("jjjA");
    world.changed_by_others();
    world.pass(7);
    insta::assert_snapshot!(format!("refreshed_{width}x{height}"), world.screen());
    world.keys("V");
    insta::assert_snapshot!(format!("news_{width}x{height}"), world.screen());
}

#[test]
fn ascii_terminals_get_ascii_here_too() {
    let scripts = [
        "/az=",
        "/flavr=1 x",
        "/<Ctrl-r>",
        "s",
        "C",
        "F",
        ":facet az<Enter>",
        "Q",
        "X",
        "oP",
        "A",
        ":columns uuid,az,flavor,user,image,project,created,size,hint.group<Enter>",
    ];
    for keys in scripts {
        let mut world = World::started(120, 36);
        world.keys(keys);
        let text = reqspec::tui::text(&world.buffer(Theme { colour: true, ascii: true }));
        let foreign: String = text.chars().filter(|character| !character.is_ascii()).collect();
        assert_eq!(foreign, "", "{keys}\n{text}");
    }
    let text = reqspec::tui::text(&searching(120, 36).buffer(Theme { colour: false, ascii: true }));
    assert!(text.is_ascii(), "{text}");
}

/// Every size is harmless, down to none at all.
#[test]
fn no_size_breaks_a_screen() {
    for keys in [
        "/az=",
        "/flavr=1 x",
        "/<Ctrl-r>",
        "/az=az1<Enter>",
        "s",
        "C/x",
        "F",
        ":facet az,flavor<Enter>",
        "Q",
        "X",
        ":sort x",
    ] {
        for (width, height) in [(0, 0), (1, 1), (2, 2), (3, 5), (5, 3), (1, 40), (200, 1), (16, 6), (25, 9)] {
            let mut world = World::started(width, height);
            world.keys(keys);
            let buffer = world.buffer(Theme::default());
            assert_eq!((buffer.area.width, buffer.area.height), (width, height), "{keys}");
        }
    }
}
