//! Choosing an environment: the banner, the picker, and what keeps a session from ending.

use reqspec::app::environment::{Colour, Environment};
use reqspec::app::overlay::Overlay;
use reqspec::app::{Effect, Model, Msg, Setup};

use super::world::{NOW, World, environment};

fn environments() -> Vec<Environment> {
    let coloured =
        |name: &str, place: &str, colour| Environment { colour: Some(colour), ..environment(name, place) };
    let mut all = vec![
        coloured("prod-eu", "/etc/nova/eu/nova.conf", Colour::Red),
        coloured("prod-us", "mysql+pymysql://nova:***@10.8.0.4:3306/nova_api", Colour::Magenta),
        coloured("staging", "/etc/nova/staging.conf", Colour::Yellow),
        environment("lab", "postgresql://nova@lab-db/nova_api"),
    ];
    all[1].read_only = true;
    all
}

fn started(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.model.environments = environments();
    world.model.environment = "staging".to_owned();
    world.model.colour = Some(Colour::Yellow);
    world.send(Msg::Start);
    world
}

fn opened(world: &World) -> Vec<&str> {
    let name = |effect: &'_ Effect| match effect {
        Effect::OpenEnvironment { name, .. } => Some(name.clone()),
        _ => None,
    };
    let names: Vec<_> = world.effects.iter().filter_map(name).collect();
    names.into_iter().map(|name| -> &str { Box::leak(name.into_boxed_str()) }).collect()
}

#[test]
fn another_environment_is_opened_before_this_one_ends() {
    let mut world = started(120, 36);
    world.keys("N");
    let Some(Overlay::Environments(picker)) = &world.model.overlay else { panic!("{}", world.text()) };
    assert_eq!(picker.chosen, 2, "the one that is open");
    world.keys("eu");
    world.hold = true;
    world.keys("<Enter>");
    assert!(world.text().contains("opening prod-eu"), "{}", world.text());
    assert!(!world.switched);
    world.pump();
    assert_eq!((opened(&world), world.switched), (vec!["prod-eu"], true));
}

#[test]
fn what_cannot_be_opened_leaves_this_one() {
    let mut world = started(120, 36);
    world.closed = Some("environment prod-eu: /etc/nova/eu/nova.conf: no such file".to_owned());
    world.keys("Neu<Enter>");
    assert!(!world.switched && world.text().contains("no such file"), "{}", world.text());
    insta::assert_snapshot!("environments_failed", world.screen());
    world.keys("<Esc>");
    assert!(world.model.overlay.is_none() && !world.has_quit());
}

#[test]
fn esc_gives_up_what_takes_too_long() {
    let mut world = started(120, 36);
    world.hold = true;
    world.keys("Neu<Enter><Esc><Esc>");
    world.pump();
    assert!(!world.switched && world.model.overlay.is_none());
}

#[test]
fn the_present_one_is_not_opened_again() {
    let mut world = started(120, 36);
    world.keys("N<Enter>");
    assert!(opened(&world).is_empty() && world.model.overlay.is_none());
    assert!(world.text().contains("this is staging"), "{}", world.text());
}

#[test]
fn unsaved_edits_and_changes_under_way_keep_the_session() {
    let mut world = started(120, 36);
    world.hold = true;
    world.keys("D");
    assert!(world.model.change.is_some());
    let command = reqspec::app::command::COMMANDS.iter().find(|command| command.name == "environment");
    let available = command.expect("there").available;
    assert!(available(&world.model).is_err_and(|reason| reason.contains("a change is under way")));
    world.pump();
    world.keys("<Esc>");
    assert!(available(&world.model).is_ok());
    world.model.environments.clear();
    assert!(available(&world.model).is_err_and(|reason| reason.contains("no environments are named")));
}

#[test]
fn without_a_default_the_choice_comes_first() {
    for (keys, quit, switched) in [("<Esc>", true, false), ("<Down><Enter>", false, true)] {
        let mut world = World::new(120, 36);
        world.model = Model::new(Setup {
            environment: String::new(),
            colour: None,
            environments: environments(),
            settings: reqspec::app::settings::Settings::default(),
            notices: Vec::new(),
            databases: Vec::new(),
            writing: false,
            read_only: None,
            size: (120, 36),
            now: NOW,
        });
        world.send(Msg::Start);
        assert!(matches!(world.model.overlay, Some(Overlay::Environments(_))));
        insta::assert_snapshot!("environments_first", world.screen());
        for key in ["j", "r", "<Backspace><Backspace>"] {
            world.keys(key);
        }
        world.keys(keys);
        assert_eq!((world.has_quit(), world.switched), (quit, switched));
    }
}

#[rstest::rstest]
#[case(80, 24)]
#[case(120, 36)]
#[case(200, 50)]
fn pickers(#[case] width: u16, #[case] height: u16) {
    let mut world = started(width, height);
    world.keys("N<Up>");
    insta::assert_snapshot!(format!("environments_{width}x{height}"), world.screen());
}

#[test]
fn the_banner_is_on_its_colour_in_dialogs_too() {
    let mut world = started(120, 36);
    world.model.writing = false;
    assert!(world.text().starts_with(" reqspec  staging "), "{}", world.text());
    assert!(world.text().lines().next().is_some_and(|line| line.ends_with("READ-ONLY")), "{}", world.text());
    world.model.writing = true;
    world.keys("m<Enter>");
    insta::assert_snapshot!("confirm_banner", world.screen());
}

#[test]
fn any_size_at_any_time() {
    let mut world = started(120, 36);
    world.keys("N");
    for (width, height) in [(0, 0), (1, 1), (10, 3), (3, 40), (40, 5), (80, 24), (500, 200)] {
        world.send(Msg::Resize(width, height));
        world.keys("<Down><PgDn>");
        let _ = world.screen();
    }
}
