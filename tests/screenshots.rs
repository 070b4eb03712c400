//! The pictures in screenshots/, drawn from the real screens over the demo's databases. They fail
//! when the committed ones are not what the screens show now, or when a PNG was not made from its
//! SVG; `tests/screenshots-render` makes all of them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use reqspec::app::database::{Place, Rights, Said};
use reqspec::app::environment::Colour;
use reqspec::app::row::Failure;
use reqspec::app::{Model, Msg, Setup, update};
use reqspec::change::DatabaseName;
use reqspec::deployment::{Environments, demo};
use reqspec::tui::stage::Stage;
use reqspec::tui::theme::Theme;
use reqspec::tui::{Options, svg, view};
use sha2::{Digest, Sha256};

/// 2026-11-22 12:00:00: ages in the pictures do not depend on the day.
const NOW: i64 = 1_795_348_800;

/// Name, size, and the keys that lead there: ⏎ Enter, ⎋ Esc, ⇥ Tab, ⌫ empties a line, ↓ down.
const PICTURES: &[(&str, (u16, u16), &str)] = &[
    // An instance with NUMA nodes, PCI devices, a server group and a zone; its cell holds the same.
    ("main", (120, 36), "/f0e0bec9⏎=kkkkkkkkkkkjjjjjjjjjjj="),
    ("main-80x24", (80, 24), "/f0e0bec9⏎"),
    ("flavor", (120, 36), "/e49a23e9⏎⏎2"),
    // Resized after its spec was moved: what nova's own save left in the API database is older.
    ("difference", (120, 36), "]/c1e14320⏎⏎6"),
    // All cells, newest first: what was written last differs from what the API database holds.
    ("all-cells", (120, 36), "a⇥o6"),
    // A query as it is typed, its hits in both panes; and what is in the rows, counted.
    ("query", (120, 36), "/az=az1 vcpus>=4 (group or hint.same_host)"),
    ("facets", (120, 36), ":facet az,flavor⏎"),
    ("editor", (120, 36), "/e49a23e9⏎e/availability_zone⏎⏎⌫az1⏎⎋/hw:cpu_policy⏎⎋⏎↓↓↓"),
    ("confirm-edit", (120, 36), "/f0e0bec9⏎e/availability_zone⏎⏎⌫az2⏎⎋s"),
    ("confirm-move", (120, 36), "/f0e0bec9⏎mj⏎⇥⏎ce"),
    // What all marked specs become, which are left out, and the first of them.
    ("confirm-many", (120, 36), "/az=az1⏎*xunpin⏎"),
    ("findings", (120, 36), "!"),
    ("help", (120, 80), "?"),
    ("databases", (120, 36), "d"),
    ("environments", (120, 36), "N↓"),
];

/// The environments of the picture of that name.
const PROFILES: &str = r#"
[env.demo]
nova_conf = "/etc/nova/nova.conf"
colour = "cyan"

[env.prod-eu]
nova_conf = "/etc/nova/prod-eu/nova.conf"
colour = "red"
read_only = true

[env.prod-us]
api = "mysql+pymysql://nova@10.8.0.4:3306/nova_api"
colour = "magenta"

[env.staging]
api = "postgresql://nova@staging-db:5432/nova_api"
colour = "yellow"
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots")
}

fn key(character: char) -> KeyEvent {
    let (code, modifiers) = match character {
        '⏎' => (KeyCode::Enter, KeyModifiers::NONE),
        '⎋' => (KeyCode::Esc, KeyModifiers::NONE),
        '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
        '↓' => (KeyCode::Down, KeyModifiers::NONE),
        '⌫' => (KeyCode::Char('u'), KeyModifiers::CONTROL),
        other => (KeyCode::Char(other), KeyModifiers::NONE),
    };
    KeyEvent::new(code, modifiers)
}

fn draw(name: &str, home: &Path, size: (u16, u16), keys: &str) -> String {
    if name == "databases" {
        return databases(size, keys);
    }
    let deployment = demo::open_in(home, true).expect("the demo");
    let mut options = Options { journal: Some(home.join("journal.sqlite")), ..Options::default() };
    if name == "environments" {
        let file = home.join("config.toml");
        fs::write(&file, PROFILES).expect("written");
        options.environments = Environments::load(Some(&file)).expect("a profile file");
    }
    let mut stage = Stage::with_options(deployment, &options, size, NOW).expect("a stage");
    stage.keys(keys.chars().map(key));
    svg::render(&stage.screen().expect("a screen"), "reqspec demo")
}

/// The databases of a cloud in which not all is well.
fn databases(size: (u16, u16), keys: &str) -> String {
    let names =
        ["nova_api", "cell0", "eu-1", "eu-2", "eu-3", "eu-4", "gpu-1", "gpu-2", "edge-ber", "edge-par"];
    let place = |at: usize| {
        let name = if at == 0 { DatabaseName::Api } else { DatabaseName::cell(names[at]) };
        let host = if at < 3 { "db-core" } else { names[at] };
        let location =
            format!("mysql+pymysql://nova:***@{host}:3306/nova_{}", names[at].trim_start_matches("nova_"));
        Place { disabled: at == 7, origin: "nova's cell_mappings".to_owned(), ..Place::given(name, location) }
    };
    let places: Vec<Place> = (0..names.len()).map(place).collect();
    let mut model = Model::new(Setup {
        environment: "prod-eu".to_owned(),
        colour: Some(Colour::Red),
        environments: Vec::new(),
        settings: reqspec::app::settings::Settings::default(),
        notices: Vec::new(),
        databases: places.clone(),
        writing: false,
        read_only: None,
        size,
        now: NOW - 3,
    });
    update(&mut model, Msg::Start);
    for (at, place) in places.iter().enumerate() {
        let database = place.name.clone();
        let (micros, count) =
            [(430, 15_412), (410, 31), (420, 5_204), (510, 4_871), (132_000, 5_090)][at % 5];
        let said = Said {
            product: if at == 9 { "PostgreSQL 15.14" } else { "MariaDB 10.11.19" }.to_owned(),
            rights: if at == 6 {
                Rights::ReadOnly("the account has no INSERT, UPDATE and DELETE on request_specs".to_owned())
            } else {
                Rights::Write
            },
            has_table: at != 5,
            round_trip: Duration::from_micros(micros),
            remarks: vec!["Galera cluster of 3, synced".to_owned()],
        };
        let result = match at {
            3 => {
                let reason = format!("{}: it accepts the connection and says nothing", place.location);
                Err(Failure::Down(reason))
            }
            8 => continue,
            _ => Ok(said),
        };
        let is_up = result.is_ok();
        update(&mut model, Msg::Probed { database: database.clone(), result });
        if is_up && at != 5 {
            update(&mut model, Msg::Count { database, result: Ok(count) });
        }
    }
    update(&mut model, Msg::Tick(NOW));
    for key in keys.chars().map(key).chain(std::iter::repeat_n(key('↓'), 3)) {
        update(&mut model, Msg::Key(key));
    }
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
    terminal.draw(|frame| view::draw(frame, &model, &Theme::default())).expect("drawn");
    svg::render(terminal.backend().buffer(), "reqspec")
}

#[test]
fn the_pictures_are_what_the_screens_show() {
    let update = std::env::var_os("REQSPEC_UPDATE_SCREENSHOTS").is_some();
    let home = tempfile::tempdir().expect("a directory");
    let mut stale = Vec::new();
    for (name, size, keys) in PICTURES {
        let picture = draw(name, home.path(), *size, keys);
        let place = home.path().to_string_lossy();
        assert!(!picture.contains(&*place), "{name} shows where it was made");
        let path = folder().join(format!("{name}.svg"));
        if update {
            fs::create_dir_all(folder()).expect("screenshots/");
            fs::write(&path, &picture).expect("written");
        }
        if fs::read_to_string(&path).unwrap_or_default() != picture {
            stale.push(*name);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; tests/screenshots-render makes them anew");
}

/// What `sha256sum` wrote when the PNG files were made: the digest of each file.
fn recorded() -> BTreeMap<String, String> {
    let sums = fs::read_to_string(folder().join("SHA256SUMS")).expect("screenshots/SHA256SUMS");
    let lines = sums.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(digest, file)| (file.to_owned(), digest.to_owned())).collect()
}

#[test]
fn each_png_was_made_from_its_svg() {
    if std::env::var_os("REQSPEC_UPDATE_SCREENSHOTS").is_some() {
        // They are about to be made.
        return;
    }
    let files: Vec<String> =
        PICTURES.iter().flat_map(|(name, ..)| [format!("{name}.png"), format!("{name}.svg")]).collect();
    let digest = |file: &String| {
        let bytes = fs::read(folder().join(file)).unwrap_or_default();
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let now: BTreeMap<String, String> = files.iter().map(|file| (file.clone(), digest(file))).collect();
    assert_eq!(now, recorded(), "tests/screenshots-render makes them anew");
    for file in files.iter().filter(|file| file.ends_with(".png")) {
        let size = fs::metadata(folder().join(file)).unwrap().len();
        assert!(size <= 200 * 1024, "{file} has {size} bytes");
    }
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.retain(|name| name != "SHA256SUMS");
    found.sort();
    let mut wanted = files;
    wanted.sort();
    assert_eq!(found, wanted, "no picture is left over");
}
