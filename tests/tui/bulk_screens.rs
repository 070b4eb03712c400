//! Screens of changes of many specs, with their styles.

use reqspec::app::{Effect, Msg};
use reqspec::change::Progress;
use reqspec::tui::theme::Theme;

use super::world::{NOW, World, uuid};

#[rstest::rstest]
fn dialogs(
    #[values((40, 12), (80, 24), (120, 36))] (width, height): (u16, u16),
    #[values(
        ("edits", "   eavailability_zone=az9<Enter>clear force_hosts<Enter>"),
        ("edits_typed", "   eavailability_zone=az9<Enter>flavor.extra_specs[hw:cpu_"),
        ("edits_refused", "   eflavor.vcpus=many<Enter>"),
        ("repairs", "   x"),
        ("repair_more", "   xrename<Enter>"),
        ("destination", "   m"),
        ("confirm", "   eavailability_zone=az9<Enter><Enter>"),
        ("confirm_all", "*xunpin<Enter><Ctrl-r>CHG-17: the hosts of az1 go<Enter>6"),
        ("confirm_scrolled", "*xunpin<Enter><PgDn>"),
        ("confirm_file", "   xunpin<Enter>w"),
        ("report", " jj xunpin<Enter>2<Right><Enter>"),
    )]
    (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    world.overtaken.insert(uuid(4));
    world.keys(keys);
    insta::assert_snapshot!(format!("bulk_{name}_{width}x{height}"), world.screen());
}

/// A plan of many, or its work, under way.
fn working(world: &mut World, keys: &str) {
    world.keys("  xunpin<Enter>");
    world.hold_many = true;
    world.keys(keys);
    let request = world.effects.iter().rev().find_map(|effect| match effect {
        Effect::ApplyMany { request, .. } => Some(*request),
        _ => None,
    });
    let request = request.expect("asked for");
    world.send(Msg::Tick(NOW + 20));
    let progress = Progress {
        passed: 12_000,
        total: Some(50_000),
        done: 11_988,
        conflicts: 11,
        failed: 1,
        ..Progress::default()
    };
    world.send(Msg::ManyProgress { request, progress });
}

#[rstest::rstest]
fn progress(
    #[values((40, 12), (80, 24))] (width, height): (u16, u16),
    #[values(("applying", ""), ("asking", "<Esc>"))] (name, keys): (&str, &str),
) {
    let mut world = World::started(width, height);
    working(&mut world, "2<Right><Enter>");
    world.keys(keys);
    insta::assert_snapshot!(format!("bulk_{name}_{width}x{height}"), world.screen());
}

#[test]
fn no_size_is_too_small_and_ascii_is_ascii() {
    for keys in ["   e", "   x", "   m", "   xunpin<Enter>", "   xunpin<Enter>2<Right><Enter>"] {
        for (width, height) in [(1, 1), (2, 2), (5, 3), (12, 4), (40, 6), (200, 5)] {
            let mut world = World::started(width, height);
            world.keys(keys);
            world.buffer(Theme::default());
            let text = reqspec::tui::text(&world.buffer(Theme { colour: false, ascii: true }));
            assert!(text.is_ascii(), "{width}x{height} {keys}: {text}");
        }
    }
}
