//! A way to a server that can be cut at a commit.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens when a client sends COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AtCommit {
    /// Nothing special.
    Pass,
    /// The connection is cut, the server never hears of it.
    Withhold,
    /// The server hears of it, its answer is lost.
    LoseAnswer,
    /// The same, and nobody is let in any more.
    LoseAll,
}

/// A proxy on loopback. Its threads end with their connections.
pub struct Proxy {
    pub port: u16,
    at_commit: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// To the server at that port.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let at_commit = Arc::new(AtomicU8::new(AtCommit::Pass as u8));
        let open = Arc::new(Mutex::new(Vec::new()));
        let (state, streams) = (Arc::clone(&at_commit), Arc::clone(&open));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { break };
                if state.load(Ordering::SeqCst) == u8::MAX {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                streams.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || copy(from, to));
                let state = Arc::clone(&state);
                thread::spawn(move || forward(client, server, &state));
            }
        });
        Self { port, at_commit, open }
    }

    pub fn at_commit(&self, what: AtCommit) {
        self.at_commit.store(what as u8, Ordering::SeqCst);
    }

    /// Cut all connections.
    pub fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

fn forward(mut client: TcpStream, mut server: TcpStream, state: &AtomicU8) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(size @ 1..) = client.read(&mut buffer) {
        // A request of one packet: length and number, 3 for a query, its text.
        if buffer[4..size.max(4)].starts_with(b"\x03COMMIT") {
            let now = state.load(Ordering::SeqCst);
            if now != AtCommit::Pass as u8 {
                if now == AtCommit::LoseAll as u8 {
                    state.store(u8::MAX, Ordering::SeqCst);
                }
                // The client hears no answer, whatever the server does.
                let _ = client.shutdown(Shutdown::Both);
                if now != AtCommit::Withhold as u8 {
                    let _ = server.write_all(&buffer[..size]);
                    thread::sleep(std::time::Duration::from_millis(200));
                }
                break;
            }
        }
        if server.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
