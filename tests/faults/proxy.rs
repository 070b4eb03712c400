//! A TCP proxy between reqspec and a database server, that fails as it is told to: at a statement,
//! after so many bytes, or from the first packet on. It reads what passes (no TLS in these tests).

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What happens once, at a place of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens; what follows is waited for only after the client has sent that text.
    Pass(&'static str),
    /// The connection is cut when the client sends that text, which the server never gets.
    CutBefore(&'static str),
    /// The server gets that text and does what it says; its answer is thrown away and the
    /// connection cut: a lost acknowledgement.
    LoseAnswer(&'static str),
    /// Nothing goes on from where the client sends that text, until [`Proxy::resume`].
    StallBefore(&'static str),
    /// The server gets that text; nothing else goes on, until [`Proxy::resume`].
    StallAfter(&'static str),
    /// The connection is cut when the server has sent so many more bytes.
    CutAfterBytes(usize),
    /// Nothing goes on when the server has sent so many more bytes, until [`Proxy::resume`].
    StallAfterBytes(usize),
}

/// What new connections meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The server.
    Open,
    /// The end: closed at once.
    Closed,
    /// Nobody: accepted, and never a word.
    Silent,
}

struct State {
    upstream: SocketAddr,
    door: Door,
    /// In the order in which they happen.
    faults: VecDeque<Fault>,
    /// What the door becomes when the last of them has happened; the other connections are cut then.
    afterwards: Option<Door>,
    /// How many have happened.
    happened: usize,
    stalled: bool,
    /// Bytes come one by one, with such pauses.
    drip: Option<Duration>,
    /// Bytes from the server since the fault was told.
    from_server: usize,
    accepted: usize,
    /// Statements as the client sent them, for messages of tests that fail.
    log: Vec<String>,
    links: Vec<[TcpStream; 2]>,
    held: Vec<TcpStream>,
    ended: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The proxy. It ends when this is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
}

impl Proxy {
    /// Before the server at that port of the loopback.
    pub fn before(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = State {
            upstream: SocketAddr::from(([127, 0, 0, 1], port)),
            door: Door::Open,
            faults: VecDeque::new(),
            afterwards: None,
            happened: 0,
            stalled: false,
            drip: None,
            from_server: 0,
            accepted: 0,
            log: Vec::new(),
            links: Vec::new(),
            held: Vec::new(),
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || theirs.accept(&listener));
        Self { shared, port: own }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, at the next place that fits; instead of what was told before.
    pub fn tell(&self, fault: Fault) {
        self.tell_all(&[fault], None);
    }

    /// Several in turn; and what new connections meet from the last one on, which ends all others.
    pub fn tell_all(&self, faults: &[Fault], afterwards: Option<Door>) {
        let mut state = self.shared.lock();
        state.faults = faults.iter().copied().collect();
        state.afterwards = afterwards;
        state.happened = 0;
        state.from_server = 0;
        state.log.clear();
    }

    /// What new connections meet.
    pub fn set_door(&self, door: Door) {
        self.shared.lock().door = door;
    }

    /// Let bytes come one by one with such pauses.
    pub fn drip(&self, pause: Option<Duration>) {
        self.shared.lock().drip = pause;
    }

    /// How many of the faults have happened.
    pub fn happened(&self) -> usize {
        self.shared.lock().happened
    }

    /// Connections so far.
    pub fn accepted(&self) -> usize {
        self.shared.lock().accepted
    }

    /// How many connections that got no word at [`Door::Silent`] are still waiting for one.
    pub fn held(&self) -> usize {
        let state = self.shared.lock();
        let is_waiting = |client: &&TcpStream| {
            let (mut client, mut buffer) = (*client, [0; 1024]);
            let _ = client.set_nonblocking(true);
            // What it sent of itself (PostgreSQL) comes before its end.
            loop {
                match client.read(&mut buffer) {
                    Ok(0) => return false,
                    Ok(_) => {}
                    Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
                }
            }
        };
        state.held.iter().filter(is_waiting).count()
    }

    /// What the client sent since the last fault was told, for messages.
    pub fn log(&self) -> String {
        self.shared.lock().log.join("\n")
    }

    /// Wait until so many faults have happened.
    #[track_caller]
    pub fn wait(&self, happened: usize) {
        let began = Instant::now();
        while self.happened() < happened {
            assert!(began.elapsed() < Duration::from_secs(30), "it never came to that:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What stalled goes on.
    pub fn resume(&self) {
        self.shared.lock().stalled = false;
        self.shared.changed.notify_all();
    }

    /// Cut every connection.
    pub fn cut(&self) {
        let mut state = self.shared.lock();
        for link in state.links.drain(..) {
            close(&link);
        }
        state.held.clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        let mut state = self.shared.lock();
        state.ended = true;
        state.stalled = false;
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the accepting thread.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn close(link: &[TcpStream; 2]) {
    for end in link {
        let _ = end.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            let mut state = self.lock();
            if state.ended {
                return;
            }
            state.accepted += 1;
            match state.door {
                Door::Closed => continue,
                Door::Silent => {
                    state.held.push(client);
                    continue;
                }
                Door::Open => {}
            }
            // Of a killed server: the client's connection is closed in turn.
            let Ok(server) = TcpStream::connect_timeout(&state.upstream, Duration::from_secs(5)) else {
                continue;
            };
            for end in [&client, &server] {
                let _ = end.set_nodelay(true);
            }
            let copy = |end: &TcpStream| end.try_clone().unwrap();
            state.links.push([copy(&client), copy(&server)]);
            let pumps = [(copy(&client), copy(&server), true), (server, client, false)];
            for (from, to, is_request) in pumps {
                let shared = Arc::clone(self);
                std::thread::spawn(move || shared.pump(from, to, is_request));
            }
        }
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, is_request: bool) {
        let mut buffer = vec![0; 64 * 1024];
        // The end of what was sent before: a text may come in two parts.
        let mut tail: Vec<u8> = Vec::new();
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0 {
                break;
            }
            let chunk = &buffer[..count];
            let passed = if is_request {
                tail.extend_from_slice(chunk);
                let passed = self.request(&tail, chunk, &mut to, &mut from);
                let keep = tail.len().saturating_sub(24);
                tail.drain(..keep);
                passed
            } else {
                self.answer(chunk, &mut to)
            };
            if !passed {
                break;
            }
        }
        close(&[from, to]);
    }

    fn wait_while_stalled(&self) {
        let mut state = self.lock();
        while state.stalled {
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// A fault has happened.
    fn happen(state: &mut State, stall: bool) {
        state.faults.pop_front();
        state.happened += 1;
        state.from_server = 0;
        state.stalled |= stall;
        if state.faults.is_empty()
            && let Some(door) = state.afterwards.take()
        {
            state.door = door;
            for link in state.links.drain(..) {
                close(&link);
            }
        }
    }

    /// What the client sent. Gives whether the connection goes on.
    fn request(&self, seen: &[u8], chunk: &[u8], server: &mut TcpStream, client: &mut TcpStream) -> bool {
        self.wait_while_stalled();
        let fault = {
            let mut state = self.lock();
            let words = String::from_utf8_lossy(&chunk[..chunk.len().min(160)]).into_owned();
            state.log.push(words.escape_debug().to_string());
            let fits = |text: &str| find(seen, text);
            if matches!(state.faults.front(), Some(Fault::Pass(text)) if fits(text)) {
                Self::happen(&mut state, false);
                drop(state);
                return server.write_all(chunk).is_ok();
            }
            let fault = state.faults.front().copied().filter(|fault| match fault {
                Fault::CutBefore(text)
                | Fault::LoseAnswer(text)
                | Fault::StallBefore(text)
                | Fault::StallAfter(text) => fits(text),
                Fault::Pass(_) | Fault::CutAfterBytes(_) | Fault::StallAfterBytes(_) => false,
            });
            match fault {
                Some(Fault::CutBefore(_)) => Self::happen(&mut state, false),
                Some(Fault::StallBefore(_)) => Self::happen(&mut state, true),
                // Before it is forwarded, so that no answer slips through.
                Some(Fault::StallAfter(_)) => state.stalled = true,
                Some(Fault::LoseAnswer(_)) => state.stalled = true,
                _ => {}
            }
            fault
        };
        match fault {
            Some(Fault::CutBefore(_)) => false,
            Some(Fault::StallBefore(_)) => {
                self.wait_while_stalled();
                server.write_all(chunk).is_ok()
            }
            Some(Fault::StallAfter(_)) => {
                let sent = server.write_all(chunk).is_ok();
                Self::happen(&mut self.lock(), true);
                sent
            }
            Some(Fault::LoseAnswer(_)) => {
                // The server answers, or works at it: it reads to the end what it was sent. The other
                // pump holds the answer back, and finds the client gone.
                let _ = server.write_all(chunk);
                std::thread::sleep(Duration::from_millis(300));
                let _ = client.shutdown(Shutdown::Both);
                let mut state = self.lock();
                Self::happen(&mut state, false);
                state.stalled = false;
                drop(state);
                self.changed.notify_all();
                false
            }
            _ => server.write_all(chunk).is_ok(),
        }
    }

    /// What the server sent. Gives whether the connection goes on.
    fn answer(&self, chunk: &[u8], client: &mut TcpStream) -> bool {
        self.wait_while_stalled();
        let (pass, cut, drip) = {
            let mut state = self.lock();
            let room = |limit: usize| limit.saturating_sub(state.from_server).min(chunk.len());
            let (pass, cut, stall) = match state.faults.front() {
                Some(Fault::CutAfterBytes(limit)) if room(*limit) < chunk.len() => {
                    (room(*limit), true, false)
                }
                Some(Fault::StallAfterBytes(limit)) if room(*limit) < chunk.len() => {
                    (room(*limit), false, true)
                }
                _ => (chunk.len(), false, false),
            };
            state.from_server += chunk.len();
            if cut || stall {
                Self::happen(&mut state, stall);
            }
            (pass, cut, state.drip)
        };
        let (first, rest) = chunk.split_at(pass);
        if !Self::send(client, first, drip) || cut {
            return false;
        }
        self.wait_while_stalled();
        rest.is_empty() || Self::send(client, rest, drip)
    }

    fn send(client: &mut TcpStream, bytes: &[u8], drip: Option<Duration>) -> bool {
        let Some(pause) = drip else { return client.write_all(bytes).is_ok() };
        bytes.iter().all(|byte| {
            std::thread::sleep(pause);
            client.write_all(&[*byte]).is_ok()
        })
    }
}

/// Whether the text is in there, in either case.
fn find(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}
