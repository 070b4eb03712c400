//! The real program, stopped at each stage of a move while a server is killed or it is killed
//! itself.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rstest::rstest;
use tempfile::TempDir;

use crate::support::servers::Kind;
use crate::support::spec;
use crate::world::{Harm, PASSWORD, World, instance};

/// The program on these databases, its own files in a directory of its own.
struct Program {
    home: TempDir,
}

/// What a run gave.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Program {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reqspec"));
        for name in ["REQSPEC_LOG", "REQSPEC_NOVA_CONF"] {
            command.env_remove(name);
        }
        for name in ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, self.home.path());
        }
        command
            .args(["--spec-home", "cells", "--api", &world.api.url()])
            .args(["--cell", &format!("c1={}", world.cell.url())])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn move_there(&self, world: &World) -> Command {
        self.command(world, &["move", &instance(), "--from", "api", "--to", "c1", "--yes", "--force"])
    }

    /// Begins to move, and stops at that stage.
    fn stopped_at(&self, world: &World, stage: &str) -> (Child, PathBuf) {
        let file = self.home.path().join("stopped");
        let mut command = self.move_there(world);
        command.env("REQSPEC_TEST_STOP_AT", stage).env("REQSPEC_TEST_STOP_FILE", &file);
        let mut child = command.spawn().unwrap();
        let began = Instant::now();
        while !file.exists() {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("it ended before {stage}: {status}, {:?}", ended(child));
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{stage} was never reached");
            std::thread::sleep(Duration::from_millis(10));
        }
        (child, file)
    }

    #[track_caller]
    fn finishes(&self, world: &World) {
        let ran = ended(self.move_there(world).spawn().unwrap());
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
        assert_eq!(world.texts(&instance()), [None, Some(spec(&instance()))], "{ran:?}");
    }
}

/// The end of a run, which must come.
#[track_caller]
fn ended(mut child: Child) -> Ran {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!ran.out.contains(PASSWORD) && !ran.err.contains(PASSWORD), "{ran:?}");
    ran
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn a_server_is_killed_between_two_steps(
    #[values("Begun", "Inserted", "Verified", "Deleted")] stage: &str,
    #[values("api", "c1")] where_: &str,
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
) {
    let (world, program, id) = (World::new(kinds.0, kinds.1), Program::new(), instance());
    world.api.put(&id, &spec(&id));
    let (child, file) = program.stopped_at(&world, stage);
    let side = world.side(where_);
    Harm::Kill.on(&side.server);
    std::fs::remove_file(file).unwrap();
    let ran = ended(child);
    side.repair(Harm::Kill);
    world.check_never_lost(&id);
    // A source that dies when it holds nothing any more is none of the move's business.
    if (stage, where_) == ("Deleted", "api") {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    } else if (stage, where_) == ("Begun", "api") || (stage, where_) == ("Inserted", "api") {
        // The source is asked again only for the deletion.
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("stands in c1") && ran.err.contains("move it again to finish"), "{ran:?}");
    } else {
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    if ran.code != Some(0) {
        side.check_message(&ran.err, &id);
    }
    program.finishes(&world);
}

#[rstest]
#[ignore = "needs MariaDB and PostgreSQL (tests/run)"]
fn the_program_is_killed_between_two_steps(
    #[values(("Begun", true, false), ("Inserted", true, true), ("Verified", true, true), ("Deleted", false, true))]
    stage: (&str, bool, bool),
    #[values((Kind::Mariadb, Kind::Postgres), (Kind::Postgres, Kind::Mariadb))] kinds: (Kind, Kind),
) {
    let (world, program, id) = (World::new(kinds.0, kinds.1), Program::new(), instance());
    world.api.put(&id, &spec(&id));
    let (mut child, _) = program.stopped_at(&world, stage.0);
    child.kill().unwrap();
    child.wait().unwrap();
    let texts = world.texts(&id);
    assert_eq!((texts[0].is_some(), texts[1].is_some()), (stage.1, stage.2));
    world.check_never_lost(&id);
    // What it held is free.
    program.finishes(&world);
}
