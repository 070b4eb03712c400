//! Passwords that are kept elsewhere than in a URL: in a file, or given by a command. Asked for when
//! first needed, and once.
//!
//! No message, log or Debug output holds a password, what a command printed, or a command's
//! arguments. Imports `store`'s `Secret`.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use crate::spec::mask::masked_words;
use crate::store::DatabaseName;
use crate::store::address::{Address, Place, Secret};

/// How long a command may take: an operator may have to touch a key or type a PIN.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether a command has ended.
const GLANCE: Duration = Duration::from_millis(5);
/// More than this is no password.
const LONGEST: u64 = 4096;
/// So much of what a command said on standard error is shown, its end.
const SAID: usize = 300;

/// Where a password is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The whole content of a file, one line end at its end left aside.
    File(PathBuf),
    /// What a program prints, likewise: the program and its arguments, run without a shell.
    Command(Vec<String>),
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({path:?})"),
            Self::Command(words) => write!(f, "Command({:?}, …)", words.first()),
        }
    }
}

impl PasswordSource {
    /// The password.
    ///
    /// # Errors
    /// Why there is none, in a sentence that does not hold it.
    pub fn ask(&self) -> Result<Secret, String> {
        self.ask_within(PATIENCE)
    }

    fn ask_within(&self, patience: Duration) -> Result<Secret, String> {
        let (what, bytes) = match self {
            Self::File(path) => (format!("password_file {}", path.display()), read(path)),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                (format!("password_command {program}"), run(words, patience))
            }
        };
        bytes.and_then(password).map_err(|reason| format!("{what}: {reason}"))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let content = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LONGEST + 2).read_to_end(&mut bytes).map(|_| bytes)
    };
    content().map_err(|error: io::Error| error.to_string())
}

/// What was read, as a password.
fn password(bytes: Vec<u8>) -> Result<Secret, String> {
    let text = String::from_utf8(bytes).map_err(|_| "the password is not UTF-8 text".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match text {
        "" => Err("it is empty".to_owned()),
        _ if text.len() as u64 > LONGEST => Err(format!("more than {LONGEST} bytes are no password")),
        _ if text.contains(['\n', '\r', '\0']) => {
            Err("more than one line; it must hold the password and nothing else".to_owned())
        }
        _ => Ok(Secret::new(text)),
    }
}

/// What a program prints.
fn run(words: &[String], patience: Duration) -> Result<Vec<u8>, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("no program named".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let deadline = Instant::now() + patience;
    let (out, err) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let Some(status) = wait(&mut child, deadline).map_err(|error| error.to_string())? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("no end after {} s; it was stopped", patience.as_secs_f32()));
    };
    // What it started may hold its ends of the pipes open: it is not waited for beyond the deadline.
    let rest = || deadline.saturating_duration_since(Instant::now()).max(GLANCE);
    let out = out.recv_timeout(rest()).map_err(|_| "its output does not end".to_owned())?;
    if status.success() {
        return Ok(out);
    }
    let err = err.recv_timeout(rest()).unwrap_or_default();
    Err(format!("{}{}", ended(status), said(&err, &out)))
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// The end of what it said on standard error; should that repeat what it printed, without it.
fn said(err: &[u8], out: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(err).into_owned();
    let printed = String::from_utf8_lossy(out);
    for line in printed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        text = text.replace(line, "***");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = masked_words(&text);
    if text.is_empty() {
        return String::new();
    }
    let mut start = text.len().saturating_sub(SAID);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    format!("; it says: {}{}", if start > 0 { "…" } else { "" }, &text[start..])
}

/// Reads to the end, or a little more than any password; the rest is read and dropped, so that the
/// program can end.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.by_ref().take(LONGEST + 2).read_to_end(&mut bytes);
            let _ = io::copy(&mut pipe, &mut io::sink());
            // Nobody waits for it any more.
            let _ = sender.send(bytes);
        });
    }
    receiver
}

fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}

/// The sentence to say where every user of the machine may read a file that holds a password.
pub(super) fn readable_by_all(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let path = path.display();
    (mode & 0o004 != 0).then(|| {
        format!("{path} holds a password and every user of this machine may read it; `chmod 600 {path}`")
    })
}

/// A password, asked for when first needed; then the answer is kept, a refusal too.
#[derive(Debug, Clone)]
struct Kept {
    source: PasswordSource,
    answer: Arc<OnceLock<Result<Secret, String>>>,
}

impl Kept {
    fn new(source: PasswordSource) -> Self {
        Self { source, answer: Arc::default() }
    }

    fn get(&self) -> Result<Secret, String> {
        self.answer.get_or_init(|| self.source.ask()).clone()
    }
}

/// The passwords of an environment: one for all databases, or one of its own for some.
#[derive(Debug, Clone, Default)]
pub struct Passwords {
    all: Option<Kept>,
    own: Vec<(String, Kept)>,
}

impl Passwords {
    /// From where they are kept; `own` by the database's name: `api`, a cell's name or uuid.
    pub fn new(all: Option<PasswordSource>, own: impl IntoIterator<Item = (String, PasswordSource)>) -> Self {
        let own = own.into_iter().map(|(name, source)| (name, Kept::new(source))).collect();
        Self { all: all.map(Kept::new), own }
    }

    /// The files that hold one.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let all = self.all.iter().chain(self.own.iter().map(|(_, kept)| kept));
        all.filter_map(|kept| match &kept.source {
            PasswordSource::File(path) => Some(path.as_path()),
            PasswordSource::Command(_) => None,
        })
    }

    /// The address with the password put in, where it has a user and no password, and one is kept
    /// for that database. May run a command, so it blocks.
    ///
    /// # Errors
    /// The password is needed and cannot be had: a sentence without it.
    pub fn fill(
        &self,
        database: &DatabaseName,
        uuid: Option<&str>,
        mut address: Address,
    ) -> Result<Address, String> {
        let (Place::Mysql(server) | Place::Postgres(server)) = &mut address.place else { return Ok(address) };
        let lacking = server.password.as_ref().is_none_or(|password| password.reveal().is_empty());
        if !lacking || server.user.as_ref().is_none_or(String::is_empty) {
            return Ok(address);
        }
        let name = database.to_string();
        let mut own = self.own.iter().filter(|(key, _)| *key == name || Some(key.as_str()) == uuid);
        if let Some(kept) = own.next().map(|(_, kept)| kept).or(self.all.as_ref()) {
            server.password = Some(kept.get()?);
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::address::{Endpoint, Server, Tls};

    fn shell(script: &str) -> PasswordSource {
        PasswordSource::Command(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[test]
    fn one_line_end_is_not_the_password() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (content, password) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3 cret \r\n", "s3 cret "), ("größe\n", "größe")]
        {
            std::fs::write(file.path(), content).unwrap();
            let source = PasswordSource::File(file.path().to_owned());
            assert_eq!(source.ask().unwrap().reveal(), password, "{content:?}");
        }
        assert_eq!(shell("printf 's3cret\\n'").ask().unwrap().reveal(), "s3cret");
    }

    #[test]
    fn no_refusal_holds_what_was_printed() {
        let long = format!("head -c {} /dev/zero | tr '\\0' x", LONGEST + 100);
        for (script, says) in [
            (
                "echo s3cret; echo s3cret no key for s3cret >&2; exit 3",
                "exit code 3; it says: *** no key for ***",
            ),
            ("echo s3cret; echo more", "more than one line"),
            ("true", "it is empty"),
            ("printf 's3cret\\377'", "not UTF-8"),
            ("echo s3cret; kill -9 $$", "signal: 9"),
            (&long, "no password"),
        ] {
            let reason = shell(script).ask().unwrap_err();
            assert!(reason.starts_with("password_command sh: ") && reason.contains(says), "{reason}");
            assert!(!reason.contains("s3cret"), "{reason}");
        }
        assert!(!format!("{:?}", shell("echo s3cret")).contains("s3cret"));
        let missing = PasswordSource::Command(vec!["/no/such/program".into()]).ask().unwrap_err();
        assert!(missing.contains("/no/such/program: cannot be started"), "{missing}");
        let missing = PasswordSource::File("/no/such/file".into()).ask().unwrap_err();
        assert!(missing.starts_with("password_file /no/such/file: "), "{missing}");
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped() {
        let started = Instant::now();
        for script in ["exec sleep 60", "sleep 5 & echo s3cret"] {
            let reason = shell(script).ask_within(Duration::from_millis(200)).unwrap_err();
            assert!(reason.contains("no end after") || reason.contains("does not end"), "{reason}");
        }
        assert!(started.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn it_is_put_where_a_user_has_none_and_asked_for_once() {
        let counter = tempfile::NamedTempFile::new().unwrap();
        let count = format!("echo x >> '{}'; echo s3cret", counter.path().display());
        let passwords = Passwords::new(
            Some(shell(&count)),
            [("cell2".to_owned(), shell("echo other")), ("uuid-3".to_owned(), shell("exit 1"))],
        );
        let address = |user: Option<&str>, password: Option<&str>| Address {
            place: Place::Mysql(Server {
                endpoint: Endpoint::Tcp { host: "db".into(), port: 3306 },
                user: user.map(Into::into),
                password: password.map(Secret::new),
                database: "nova".into(),
                tls: Tls::default(),
            }),
            shown: "mysql://nova@db/nova".into(),
        };
        let given = |address: Address| {
            address.as_server().unwrap().password.as_ref().map(|password| password.reveal().to_owned())
        };
        let fill = |name: DatabaseName, uuid, address| passwords.fill(&name, uuid, address).map(given);
        let cell1 = || DatabaseName::cell("cell1");
        assert_eq!(fill(cell1(), None, address(None, None)), Ok(None));
        assert_eq!(fill(cell1(), None, address(Some("nova"), Some("own"))), Ok(Some("own".into())));
        assert_eq!(std::fs::read_to_string(counter.path()).unwrap(), "", "nobody needed it");
        assert_eq!(fill(DatabaseName::Api, None, address(Some("nova"), None)), Ok(Some("s3cret".into())));
        assert_eq!(fill(cell1(), None, address(Some("nova"), Some(""))), Ok(Some("s3cret".into())));
        assert_eq!(std::fs::read_to_string(counter.path()).unwrap(), "x\n");
        assert_eq!(
            fill(DatabaseName::cell("cell2"), None, address(Some("nova"), None)),
            Ok(Some("other".into()))
        );
        assert!(fill(DatabaseName::cell("cell3"), Some("uuid-3"), address(Some("nova"), None)).is_err());
    }
}
