//! The confirm step and the editor, on a terminal.

use std::path::Path;

use crate::on_terminal::{Terminal, program};
use crate::world::{OTHER, UUID, World, spec, spec_of};

/// The program on a terminal.
struct Session(Terminal);

impl Session {
    fn start(world: &World, arguments: &[&str], editor: &str) -> Self {
        let mut command = program();
        command.cwd(world.directory());
        command.env("EDITOR", editor);
        command.args(["--env-name", "testing", "--api", "api.sqlite", "--cell", "cell1=cell1.sqlite"]);
        command.args(arguments);
        Self(Terminal::start(command, (200, 40)))
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        self.0.wait_written(text);
    }

    fn answer(&mut self, line: &str) {
        self.0.press(&format!("{line}\n"));
    }

    fn code(self) -> u32 {
        self.0.end().code
    }
}

fn world() -> World {
    let world = World::with_mappings();
    world.insert("api", UUID, spec());
    world
}

const EDIT: [&str; 4] = ["edit", UUID, "--set", "availability_zone=az2"];

#[test]
fn it_shows_the_plan_and_asks_with_no_as_the_default() {
    for (answer, code, written) in [("", 5, false), ("n", 5, false), ("really", 5, false), ("y", 0, true)] {
        let world = world();
        let mut session = Session::start(&world, &EDIT, "false");
        session.wait_for("save? [y/N] ");
        for part in ["environment  testing", "in api (api.sqlite)", r#"availability_zone: "az1" -> "az2""#] {
            session.wait_for(part);
        }
        session.answer(answer);
        assert_eq!(session.code(), code, "{answer:?}");
        assert_eq!(world.stored("api", UUID).unwrap().contains("\"az2\""), written, "{answer:?}");
    }
}

#[test]
fn that_nothing_matches_is_said_at_a_terminal() {
    let world = world();
    for (query, said) in [("nowhere", true), ("az=az1", false)] {
        let session = Session::start(&world, &["list", "--where", query], "false");
        let end = session.0.end();
        assert_eq!(
            (end.code, String::from_utf8_lossy(&end.raw).contains("no specs match")),
            (0, said),
            "{query}"
        );
    }
    let ran = world.run(&["list", "--where", "nowhere"]);
    assert_eq!((ran.ok(), ran.err()), (String::new(), String::new()));
}

#[test]
fn a_bulk_move_wants_the_number_typed() {
    for (answer, code, holder) in [("y", 5, "api"), ("3", 5, "api"), ("2", 0, "cell1")] {
        let world = world();
        world.insert("api", OTHER, spec_of(OTHER));
        world.map(UUID, Some(2));
        world.map(OTHER, Some(2));
        let mut session = Session::start(&world, &["move", "--scheduled"], "false");
        session.wait_for("type 2 to carry out 2 operations: ");
        session.answer(answer);
        assert_eq!(session.code(), code, "{answer:?}");
        assert_eq!(world.holders(UUID), [holder], "{answer:?}");
    }
}

/// An editor: a shell script that gets the file's path as `$1`.
fn editor(directory: &Path, script: &str) -> String {
    let path = directory.join("editor.sh");
    std::fs::write(&path, format!("{script}\n")).unwrap();
    format!("sh '{}'", path.display())
}

#[test]
fn the_editor_gets_the_raw_text_and_what_it_leaves_is_saved() {
    let world = world();
    let editor = editor(world.directory(), r#"cp "$1" seen; sed -i s/az1/az2/ "$1""#);
    let mut session = Session::start(&world, &["edit", UUID], &editor);
    session.wait_for("save? [y/N] ");
    session.answer("y");
    assert_eq!(session.code(), 0);
    assert_eq!(std::fs::read_to_string(world.directory().join("seen")).unwrap(), format!("{}\n", spec()));
    assert_eq!(world.stored("api", UUID), Some(spec().replace("az1", "az2")));
}

#[test]
fn a_refused_text_opens_again_with_the_reason_on_top() {
    let world = world();
    // First it is broken, then, when the reason is on top, repaired.
    let script = r##"if grep -q '^# ' "$1"; then cp "$1" seen; sed -i 's/"az1" oops/"az3"/' "$1"; else sed -i 's/"az1"/"az1" oops/' "$1"; fi"##;
    let mut session = Session::start(&world, &["edit", UUID], &editor(world.directory(), script));
    session.wait_for("save? [y/N] ");
    session.answer("y");
    assert_eq!(session.code(), 0);
    let seen = std::fs::read_to_string(world.directory().join("seen")).unwrap();
    assert!(seen.starts_with("# Not JSON: ") && seen.contains("(line 1, column "), "{seen}");
    assert!(world.stored("api", UUID).unwrap().contains("\"az3\""));
}

#[test]
fn a_refused_text_that_is_left_so_is_given_up() {
    let world = world();
    let script = r##"grep -q '^# ' "$1" || printf '{}' > "$1""##;
    let mut session = Session::start(&world, &["edit", UUID], &editor(world.directory(), script));
    session.wait_for("given up, nothing was written: ");
    assert_eq!(session.code(), 5);
    let mut session = Session::start(&world, &["edit", UUID], "true");
    session.wait_for("nothing changed");
    assert_eq!(session.code(), 0);
    let mut session = Session::start(&world, &["edit", UUID], "false");
    session.wait_for("nothing was written");
    assert_eq!(session.code(), 1);
    assert_eq!(world.stored("api", UUID).as_deref(), Some(spec()));
}

#[test]
fn a_malformed_spec_is_repaired_in_the_editor() {
    let world = World::new();
    world.insert("cell1", UUID, &spec()[..900]);
    std::fs::write(world.directory().join("good"), spec()).unwrap();
    let mut session = Session::start(&world, &["edit", UUID], &editor(world.directory(), r#"cp good "$1""#));
    session.wait_for("save? [y/N] ");
    session.answer("y");
    assert_eq!(session.code(), 0);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));
}
