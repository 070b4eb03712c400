//! A process that works, and its end: this test binary itself, told by its environment what to do.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::work::{BEGUN, DATABASES, DIRECTORY, INSTANCES, ONLY_SAVED, SEED, TASK, joined};
use super::{Side, World};

/// The test of each binary that is a process which works.
pub const TEST: &str = "ordeal_child";

/// One that has begun.
pub struct Working {
    child: Child,
    /// Kept open: the test harness in it has more to say.
    _said: BufReader<ChildStdout>,
}

impl Working {
    /// Begin one; gives it when it is about to change the first thing.
    pub fn begin(
        world: &World,
        task: &str,
        seed: u64,
        only_saved: &[i64],
        stop: Option<(&str, &Path)>,
    ) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", TEST, "--test-threads=1", "--nocapture"])
            .env(DIRECTORY, world.directory())
            .env(DATABASES, world.sides.each_ref().map(Side::url).join("\n"))
            .env(TASK, task)
            .env(SEED, seed.to_string())
            .env(INSTANCES, joined(&world.instances))
            .env(ONLY_SAVED, joined(only_saved))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match stop {
            Some((stage, file)) => {
                command.env("REQSPEC_TEST_STOP_AT", stage).env("REQSPEC_TEST_STOP_FILE", file)
            }
            None => command.env_remove("REQSPEC_TEST_STOP_AT"),
        };
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let has_begun = said.by_ref().lines().map_while(Result::ok).any(|line| line.contains(BEGUN));
        let mut working = Self { child, _said: said };
        assert!(has_begun, "it never began: {}", working.words());
        working
    }

    fn words(&mut self) -> String {
        let mut words = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut words);
        }
        words
    }

    /// Wait until it stops at that stage.
    pub fn wait_for(&mut self, stage: &str, file: &Path) {
        let began = Instant::now();
        while !file.exists() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended before {stage}: {status}, {}", self.words());
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{stage} was never reached");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// SIGKILL. What it said of itself before is no error.
    #[track_caller]
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.code().is_none(), "it ended on its own ({status}): {}", self.words());
    }

    /// Its end in order.
    #[track_caller]
    pub fn end(mut self) {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.words());
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
