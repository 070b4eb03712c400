//! One connection with a server: made, encrypted as demanded, closed.
//!
//! The driver's `Conn`, dropped on a thread of a runtime, says goodbye in a task of its own: that
//! task first reads what is left of the answer (it may be the whole table), and after a failed TLS
//! handshake it panics. So connections are made on a plain thread, and those whose answer was not
//! read to its end are dropped on one: there the socket is closed and that is all.
//!
//! Imports the parent module's addresses; knows nothing of specs.

use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mysql_async::{ClientIdentity, Conn, DriverError, Error, IoError, Opts, OptsBuilder, SslOpts};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::reason::ConnectError;
use crate::store::address::{Endpoint, Server, Tls, TlsMode};

/// The largest packet of the protocol: what a server sends or takes is the server's business.
const MAX_PACKET: usize = 1 << 30;
/// After this much silence the system asks whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Link {
    conn: Option<Conn>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// A request was begun on it and has not ended.
    pub busy: bool,
    /// The largest packet that this server takes, in bytes.
    pub max_packet: u64,
    /// The number that the server itself calls it by; another one than [`Link::id`] behind a proxy.
    pub known_as: u64,
}

impl Link {
    /// The driver's connection.
    ///
    /// # Errors
    /// It is closed.
    pub fn conn(&mut self) -> Result<&mut Conn, Error> {
        self.conn.as_mut().ok_or(Error::Driver(DriverError::ConnectionClosed))
    }

    /// The number that it was given at the door.
    pub fn id(&self) -> u32 {
        self.conn.as_ref().map_or(0, Conn::id)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if self.busy {
            // Without a thread it is dropped here, politely.
            let _ = thread::Builder::new().name("closing".to_owned()).spawn(move || drop(conn));
        } else {
            // The goodbye of an idle connection goes out at once or not at all.
            let _ = conn.disconnect().now_or_never();
        }
    }
}

/// What was learnt of a server that the next connection need not learn again.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    /// It cannot encrypt, and need not.
    plain: bool,
    /// A name that its certificate bears, where any will do.
    certified_name: Option<String>,
}

/// Connect and log in, within that time.
pub(super) async fn connect(
    server: &Server,
    manners: &mut Manners,
    within: Duration,
) -> Result<Link, ConnectError> {
    let deadline = Instant::now() + within;
    let ips = resolve(&server.endpoint, within).await?;
    let mut last = None;
    for (index, ip) in ips.iter().enumerate() {
        // A dead address must not eat up the time of the others.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(ips.len() - index).unwrap_or(1);
        match negotiate(server, *ip, manners, share).await {
            Err(error) if error.is_of_address() => last = Some(error),
            other => return other,
        }
    }
    Err(last.unwrap_or(ConnectError::NoAddress))
}

/// The addresses of the host, in order; one None for a socket file.
async fn resolve(endpoint: &Endpoint, within: Duration) -> Result<Vec<Option<IpAddr>>, ConnectError> {
    let Endpoint::Tcp { host, port } = endpoint else { return Ok(vec![None]) };
    let looked_up = tokio::time::timeout(within, tokio::net::lookup_host((host.as_str(), *port))).await;
    let found: Vec<_> = match looked_up {
        Ok(Ok(found)) => found.map(|address| Some(address.ip())).collect(),
        Ok(Err(error)) => return Err(ConnectError::UnknownHost(error.to_string())),
        Err(_) => return Err(ConnectError::UnknownHost("the name servers do not answer".to_owned())),
    };
    if found.is_empty() { Err(ConnectError::NoAddress) } else { Ok(found) }
}

/// Connect to one address, encrypted as demanded.
async fn negotiate(
    server: &Server,
    ip: Option<IpAddr>,
    manners: &mut Manners,
    within: Duration,
) -> Result<Link, ConnectError> {
    let deadline = Instant::now() + within;
    let left = || deadline.saturating_duration_since(Instant::now());
    let is_socket = matches!(server.endpoint, Endpoint::Socket { .. });
    // A socket file leads nowhere but to this machine: there the driver encrypts nothing.
    let mode = if is_socket || manners.plain { TlsMode::Off } else { server.tls.mode };
    let secrets = match mode {
        TlsMode::Off => None,
        _ => Some(Secrets::read(&server.tls).await?),
    };
    let options = |name: Option<&str>| {
        let tls = secrets.as_ref().map(|secrets| secrets.options(mode, name));
        options(server, ip, tls)
    };
    match make(options(manners.certified_name.as_deref())?, left()).await {
        Ok(conn) => Ok(link(conn, mode != TlsMode::Off)),
        Err(error) if mode == TlsMode::Prefer && error.is_of_tls() => {
            let conn = make(self::options(server, ip, None)?, left()).await?;
            manners.plain = error.is_unencrypted_server();
            Ok(link(conn, false))
        }
        // The driver's own switch for this does not know the error that rustls gives today. The
        // authority is checked before the name, so any name of the certificate will do.
        Err(error) if mode == TlsMode::VerifyCa => {
            let Some(name) = error.certified_name() else { return Err(error) };
            let conn = make(options(Some(&name))?, left()).await?;
            manners.certified_name = Some(name);
            Ok(link(conn, true))
        }
        Err(error) => Err(error),
    }
}

fn link(conn: Conn, encrypted: bool) -> Link {
    Link { conn: Some(conn), encrypted, busy: false, max_packet: 0, known_as: 0 }
}

/// The files of [`Tls`], read: the driver would read them with the help of a runtime.
struct Secrets {
    authorities: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Secrets {
    async fn read(tls: &Tls) -> Result<Secrets, ConnectError> {
        async fn file(path: &Path) -> Result<Vec<u8>, ConnectError> {
            let owned = path.to_owned();
            let read = tokio::task::spawn_blocking(move || std::fs::read(owned)).await;
            match read {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(error)) => Err(ConnectError::TlsFile(path.to_owned(), error.to_string())),
                Err(error) => Err(ConnectError::TlsFile(path.to_owned(), error.to_string())),
            }
        }
        let authorities = match &tls.ca {
            Some(path) => {
                let bytes = file(path).await?;
                if !matches!(CertificateDer::pem_slice_iter(&bytes).next(), Some(Ok(_))) {
                    let words = "it holds no certificate in PEM form".to_owned();
                    return Err(ConnectError::TlsFile(path.to_owned(), words));
                }
                Some(bytes)
            }
            None => None,
        };
        let identity = match (&tls.certificate, &tls.key) {
            // One file may hold both.
            (Some(certificate), key) => {
                Some((file(certificate).await?, file(key.as_ref().unwrap_or(certificate)).await?))
            }
            (None, _) => None,
        };
        Ok(Secrets { authorities, identity })
    }

    fn options(&self, mode: TlsMode, name: Option<&str>) -> SslOpts {
        let identity = self
            .identity
            .clone()
            .map(|(certificate, key)| ClientIdentity::new(certificate.into(), key.into()));
        let anyone = matches!(mode, TlsMode::Prefer | TlsMode::Require);
        let mut options = SslOpts::default()
            .with_client_identity(identity)
            .with_danger_accept_invalid_certs(anyone)
            .with_danger_skip_domain_validation(mode != TlsMode::VerifyFull);
        if let Some(authorities) = &self.authorities {
            // Whoever names an authority trusts that one alone.
            options =
                options.with_root_certs(vec![authorities.clone().into()]).with_disable_built_in_roots(true);
        }
        match name {
            Some(name) => options.with_danger_tls_hostname_override(Some(name.to_owned())),
            None => options,
        }
    }
}

fn options(server: &Server, ip: Option<IpAddr>, tls: Option<SslOpts>) -> Result<Opts, ConnectError> {
    let builder = OptsBuilder::default()
        .user(server.user.clone().or_else(login_name))
        .pass(server.password.as_ref().map(|password| password.reveal().to_owned()))
        .db_name(Some(server.database.clone()))
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        .client_found_rows(true)
        .max_allowed_packet(Some(MAX_PACKET))
        .wait_timeout(Some(0))
        .ssl_opts(tls);
    let builder = match &server.endpoint {
        Endpoint::Tcp { host, port } => {
            builder.ip_or_hostname(host.clone()).tcp_port(*port).resolved_ips(ip.map(|ip| vec![ip]))
        }
        Endpoint::Socket { path, .. } => {
            let Some(path) = path.to_str() else {
                return Err(ConnectError::SocketPath(path.clone()));
            };
            builder.socket(Some(path))
        }
    };
    Ok(builder.into())
}

/// What MySQL's own clients log in as where nothing is said.
fn login_name() -> Option<String> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
}

/// Make a connection on a plain thread; see the top of this file.
async fn make(options: Opts, within: Duration) -> Result<Conn, ConnectError> {
    let runtime = Handle::current();
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("connecting".to_owned())
        .spawn(move || {
            let _ = answer.send(wait_for(Conn::new(options), &runtime, within));
        })
        .map_err(|error| ConnectError::Driver(Error::Io(IoError::Io(error))))?;
    match answered.await {
        Ok(Some(Ok(conn))) => Ok(conn),
        Ok(Some(Err(error))) => Err(ConnectError::Driver(error)),
        Ok(None) => Err(ConnectError::Silent(within)),
        Err(_) => Err(ConnectError::Driver(Error::Driver(DriverError::ConnectionClosed))),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Wait for a future on this thread. It sees the runtime in its first step alone, in which it
/// registers its socket there. None where the time is over.
fn wait_for<T>(
    mut future: Pin<Box<dyn Future<Output = T> + Send>>,
    runtime: &Handle,
    within: Duration,
) -> Option<T> {
    let deadline = Instant::now() + within;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut step = {
        let _entered = runtime.enter();
        future.as_mut().poll(&mut context)
    };
    loop {
        match step {
            Poll::Ready(value) => return Some(value),
            Poll::Pending => {}
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        thread::park_timeout(left);
        step = future.as_mut().poll(&mut context);
    }
}
