//! The real binary in a pseudo-terminal, with the time at which its screen showed a thing.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than anything that is measured here.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    pub started: Instant,
}

impl Terminal {
    pub fn start(arguments: &[String]) -> Self {
        let (rows, cols) = (36, 120);
        let pair = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_reqspec"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
        });
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        Self {
            child,
            writer,
            _master: pair.master,
            output,
            screen: vt100::Parser::new(rows, cols, 0),
            started,
        }
    }

    /// Sends keys and gives the moment before they were sent.
    pub fn keys(&mut self, keys: &str) -> Instant {
        let now = Instant::now();
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        now
    }

    /// The moment at which the output arrived that made the screen satisfy `shown`.
    pub fn until(&mut self, what: &str, shown: impl Fn(&str) -> bool) -> Instant {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok((at, bytes)) = self.output.recv_timeout(left) else {
                panic!("the screen never showed {what}:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
            if shown(&self.screen.screen().contents()) {
                return at;
            }
        }
    }

    /// The same; None where the screen shows it already.
    pub fn until_now(&mut self, what: &str, shown: impl Fn(&str) -> bool) -> Option<Instant> {
        if shown(&self.screen.screen().contents()) { None } else { Some(self.until(what, shown)) }
    }

    /// Lets output that is still under way arrive.
    pub fn settle(&mut self) {
        self.settle_for(Duration::from_millis(150));
    }

    /// Lets output arrive until so long none came.
    pub fn settle_for(&mut self, silence: Duration) {
        while let Ok((_, bytes)) = self.output.recv_timeout(silence) {
            self.screen.process(&bytes);
        }
    }

    /// How much processor time the process has used, in the kernel's ticks.
    pub fn processor_ticks(&self) -> u64 {
        let pid = self.child.process_id().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Anonymous resident memory in KiB (memory-mapped pages of a file do not count).
    pub fn rss_anon_kib(&self) -> u64 {
        let pid = self.child.process_id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
