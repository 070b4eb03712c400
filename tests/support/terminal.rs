//! The real program on a pseudo-terminal: what it writes, what the screen shows after it, and
//! what becomes of the terminal.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::{MouseProtocolMode, Parser, Screen};

/// How long the program may take for a step, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program on a terminal.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    /// Held open, so that the terminal's state outlives the program.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    unplugged: Arc<AtomicBool>,
    parser: Parser,
    /// Every byte it wrote.
    pub raw: Vec<u8>,
    settings: String,
}

/// What was left of a program that ended.
pub struct Ended {
    /// Its exit code.
    pub code: u32,
    /// Every byte it wrote.
    pub raw: Vec<u8>,
    /// The screen after it.
    pub parser: Parser,
    /// The terminal's settings (raw mode and the like) before and after.
    pub settings: (String, String),
}

/// The program, with nothing of this machine's environment that matters to it.
pub fn program() -> CommandBuilder {
    let mut command = CommandBuilder::new(assert_cmd::cargo::cargo_bin("reqspec"));
    for name in ["REQSPEC_LOG", "REQSPEC_TEST_PANIC", "VISUAL", "EDITOR", "NO_COLOR", "COLUMNS", "LINES"] {
        command.env_remove(name);
    }
    for name in ["LC_ALL", "LC_CTYPE"] {
        command.env_remove(name);
    }
    command.env("RUST_BACKTRACE", "0");
    command.env("LANG", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    command
}

impl Terminal {
    /// Starts a program on a terminal of that many columns and lines.
    pub fn start(command: CommandBuilder, (cols, rows): (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let settings = settings(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        let unplugged = Arc::new(AtomicBool::new(false));
        let pulled = Arc::clone(&unplugged);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if pulled.load(Ordering::SeqCst) || sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            master: Some(pair.master),
            slave: Some(pair.slave),
            writer: Some(writer),
            child,
            output,
            unplugged,
            parser: Parser::new(rows, cols, 0),
            raw: Vec::new(),
            settings,
        }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).unwrap();
    }

    /// Waits until the screen shows the text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the screen does not show the text any more.
    #[track_caller]
    pub fn wait_gone(&mut self, text: &str) {
        self.wait_until(&format!("end of {text}"), |screen| !screen.contents().contains(text));
    }

    /// Waits until the screen is as wanted; `what` says in a failure what that is.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        self.watch(what, |terminal| wanted(terminal.parser.screen()));
    }

    /// Waits until something is written.
    #[track_caller]
    pub fn wait_written(&mut self, text: &str) {
        let contains = |raw: &[u8]| raw.windows(text.len()).any(|part| part == text.as_bytes());
        self.watch(text, |terminal| contains(&terminal.raw));
    }

    #[track_caller]
    fn watch(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(self) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!(
                    "{error} while waiting for {what:?}; the screen:\n{}\nlast bytes: {:?}",
                    self.text(),
                    String::from_utf8_lossy(&self.raw[self.raw.len().saturating_sub(600)..])
                ),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// Takes what comes until nothing came for that long.
    pub fn settle(&mut self, quiet: Duration) {
        while let Ok(bytes) = self.output.recv_timeout(quiet) {
            self.take(&bytes);
        }
    }

    /// The screen.
    pub fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Whether keys reach the program one by one, without echo.
    pub fn is_raw(&self) -> bool {
        self.master.as_ref().is_some_and(|master| settings(master.as_ref()) != self.settings)
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, (cols, rows): (u16, u16)) {
        let size = PtySize { rows, cols, ..PtySize::default() };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.parser.screen_mut().set_size(rows, cols);
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args([format!("-{name}"), id]).status().unwrap();
        assert!(sent.success());
    }

    /// Closes the terminal's window while the program runs; gives its exit code.
    #[track_caller]
    pub fn unplug(mut self) -> u32 {
        self.unplugged.store(true, Ordering::SeqCst);
        // The reader holds the terminal open until it sees the next bytes.
        let end = Instant::now() + PATIENCE;
        loop {
            self.press("\x1b[Z");
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Err(RecvTimeoutError::Disconnected) => break,
                _ => assert!(Instant::now() < end, "nothing is drawn any more"),
            }
        }
        (self.writer, self.slave, self.master) = (None, None, None);
        self.code()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let code = self.code();
        let after = settings(self.master.as_ref().unwrap().as_ref());
        self.slave = None;
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.take(&bytes);
        }
        let parser = std::mem::replace(&mut self.parser, Parser::new(1, 1, 0));
        let settings = (std::mem::take(&mut self.settings), after);
        Ended { code, raw: std::mem::take(&mut self.raw), parser, settings }
    }

    #[track_caller]
    fn code(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it does not end; the screen:\n{}", self.text());
            // What it writes is taken, or it waits for that.
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(10)) {
                self.take(&bytes);
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}

impl Ended {
    /// Where a text begins in what was written.
    #[track_caller]
    pub fn position(&self, text: &str) -> usize {
        let found = self.raw.windows(text.len()).rposition(|part| part == text.as_bytes());
        found.unwrap_or_else(|| panic!("no {text:?} in {:?}", String::from_utf8_lossy(&self.raw)))
    }

    /// The terminal is as it was before the program: every mode it set is off, in both senses:
    /// the settings of the terminal line, and what was written to the terminal.
    #[track_caller]
    pub fn is_restored(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes are not bracketed");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is the terminal's");
        assert!(!screen.application_cursor() && !screen.application_keypad());
        assert_eq!(self.settings.0, self.settings.1, "the line is as it was");
        // Every private mode, those too that the screen above does not know: off as the last word.
        let text = String::from_utf8_lossy(&self.raw);
        for mode in ["1000", "1002", "1003", "1006", "1015", "1049", "2004"] {
            let last = |letter: char| text.rfind(&format!("\x1b[?{mode}{letter}"));
            assert!(last('h').is_some() && last('h') < last('l'), "mode {mode} is off again");
        }
        assert!(text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h"), "the cursor is shown again");
    }
}

fn settings(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios().unwrap())
}
