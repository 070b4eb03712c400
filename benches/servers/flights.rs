//! A proxy that counts round trips: how often the client spoke after the server had.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// Listens on a free port of loopback and forwards to the server's.
pub struct Proxy {
    pub port: u16,
    flights: Arc<AtomicU64>,
}

impl Proxy {
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let flights = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&flights);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server))) else {
                    break;
                };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let answered = Arc::new(AtomicBool::new(true));
                let asked = (Arc::clone(&counted), Arc::clone(&answered));
                forward(client.try_clone().unwrap(), server.try_clone().unwrap(), move || {
                    if asked.1.swap(false, Ordering::SeqCst) {
                        asked.0.fetch_add(1, Ordering::SeqCst);
                    }
                });
                forward(server, client, move || answered.store(true, Ordering::SeqCst));
            }
        });
        Self { port, flights }
    }

    /// Round trips so far.
    pub fn flights(&self) -> u64 {
        self.flights.load(Ordering::SeqCst)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, passed: impl Fn() + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            passed();
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
