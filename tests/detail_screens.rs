//! The detail panel as it stands on the screen: every tab, on real specs, styles included.

#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use reqspec::app::detail::{Counterpart, Detail, Subject, Tab};
use reqspec::change::DatabaseName;
use reqspec::tui::theme::Theme;
use reqspec::tui::view::detail::draw;
use rstest::rstest;

const GROUP: &str = include_str!("detail_specs/group.json");
const PINNED: &str = include_str!("detail_specs/pinned.json");
const GPU: &str = include_str!("detail_specs/gpu.json");
const CONTROL: &str = include_str!("detail_specs/control.json");
const CHECK_TYPE: &str = include_str!("detail_specs/check_type.json");
const TRUNCATED: &str = include_str!("detail_specs/truncated.json");

const COLOUR: Theme = Theme { colour: true, ascii: false };
const PLAIN: Theme = Theme { colour: false, ascii: true };

fn detail(text: &str, tab: Tab) -> Detail {
    let mut detail = Detail::new();
    detail.show(Some(Subject {
        database: DatabaseName::Api,
        instance_uuid: "f86beda2-703b-45d7-afa1-545693d64e74".into(),
        text: text.as_bytes().into(),
        counterpart: Counterpart::Present {
            in_: DatabaseName::cell("cell1"),
            text: text.replace("\"az2\"", "null").replace("\"vcpus\": 8", "\"vcpus\": 16").as_bytes().into(),
        },
    }));
    detail.select_tab(tab);
    detail
}

/// The screen's text and, below it, where which style begins.
fn screen(detail: &Detail, (width, height): (u16, u16), theme: &Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, frame.area(), detail, true, theme)).unwrap();
    format!("{:?}", terminal.backend().buffer())
}

#[rstest]
#[case("filters_80", GROUP, Tab::Filters, (80, 24))]
#[case("filters_120", GROUP, Tab::Filters, (120, 36))]
#[case("filters_200", GROUP, Tab::Filters, (200, 50))]
#[case("filters_20", GROUP, Tab::Filters, (20, 5))]
#[case("filters_1", GROUP, Tab::Filters, (1, 1))]
#[case("filters_escaped", CONTROL, Tab::Filters, (120, 12))]
#[case("flavor_80", PINNED, Tab::Flavor, (80, 24))]
#[case("flavor_120", PINNED, Tab::Flavor, (120, 36))]
#[case("image_120", PINNED, Tab::Image, (120, 36))]
#[case("topology_80", GPU, Tab::Topology, (80, 24))]
#[case("topology_120", PINNED, Tab::Topology, (120, 16))]
#[case("json_80", GROUP, Tab::Json, (80, 24))]
#[case("json_200", GROUP, Tab::Json, (200, 50))]
#[case("json_malformed", TRUNCATED, Tab::Json, (80, 24))]
#[case("difference_80", GROUP, Tab::Difference, (80, 12))]
#[case("findings_120", CHECK_TYPE, Tab::Findings, (120, 10))]
#[case("findings_malformed", TRUNCATED, Tab::Findings, (80, 8))]
fn tabs(#[case] name: &str, #[case] text: &str, #[case] tab: Tab, #[case] size: (u16, u16)) {
    assert_snapshot!(name, screen(&detail(text, tab), size, &COLOUR));
}

#[test]
fn an_unfolded_tree_with_the_cursor_inside() {
    let mut detail = detail(PINNED, Tab::Json);
    screen(&detail, (100, 20), &COLOUR);
    detail.tree_mut().unwrap().unfold_all();
    detail.scroll(60);
    assert_snapshot!("json_unfolded", screen(&detail, (100, 20), &COLOUR));
}

#[test]
fn an_ascii_terminal_without_colours() {
    let all: String = Tab::ALL.iter().map(|tab| screen(&detail(GROUP, *tab), (80, 10), &PLAIN)).collect();
    assert!(all.is_ascii(), "{all}");
    assert!(!all.contains("fg: Indexed"), "{all}");
    assert_snapshot!("ascii", screen(&detail(GROUP, Tab::Json), (80, 10), &PLAIN));
}

#[test]
fn nothing_is_selected() {
    assert_snapshot!("empty", screen(&Detail::new(), (60, 5), &COLOUR));
}

#[test]
fn any_size_is_drawn() {
    for text in [GROUP, TRUNCATED, "", "null", "[]"] {
        for tab in Tab::ALL {
            let detail = detail(text, tab);
            for width in [0, 1, 2, 3, 5, 9, 27, 28, 40, 95, 96, 97] {
                for height in [0, 1, 2, 3, 4] {
                    screen(&detail, (width, height), &COLOUR);
                    screen(&detail, (width, height), &PLAIN);
                }
            }
        }
    }
}
