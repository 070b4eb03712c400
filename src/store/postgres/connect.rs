//! How a connection with a server is made, and what a transaction on it is set to.
//!
//! Nothing but names goes into the startup packet: poolers (PgBouncer) refuse more, and a setting
//! made there would hide the server's own from `pg_settings.reset_val`, which the probe reads.
//! Nothing is set for a session either: a pooler that lends a server's connection for a transaction
//! at a time would pass that on to whoever is lent it next. Nova would find itself read-only, and
//! its statements ended after our time. So every transaction begins with all its settings
//! (`SET LOCAL`), which end with it ([`Conn::begin`]). Imports the parent module.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use super::trouble::Trouble;
use crate::store::address::{Endpoint, Server, TlsMode};
use crate::store::waiting::RoundTrip;
use crate::store::{Timeouts, runtime};

/// How long a server may take to be told to stop something.
const CANCEL_WAIT: Duration = Duration::from_secs(2);
/// Beyond our own patience: the server's is the second line.
const SERVER_PATIENCE: Duration = Duration::from_secs(1);
/// How long a write waits for another session's lock, and at most a read.
const LOCK_WAIT: Duration = Duration::from_secs(3);
/// How long a held row may keep others out if this program falls silent, in milliseconds.
const HOLD_MS: u32 = 300_000;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Pages, look-ups, counts: read-only.
    Read,
    /// A pass over all rows: read-only, of any length.
    Scan,
    /// Changes.
    Write,
    /// A row that is kept as it is.
    Hold,
}

impl Role {
    /// The statements that make a transaction one for this, once it has begun.
    fn settings(self, timeouts: Timeouts, keeps_bytes: bool) -> String {
        let patience = (timeouts.answer + SERVER_PATIENCE).as_millis();
        let (statement, idle) = match self {
            Self::Read | Self::Write => (patience, patience.saturating_mul(2)),
            Self::Scan => (0, u128::from(HOLD_MS)),
            Self::Hold => (patience, u128::from(HOLD_MS)),
        };
        let lock = LOCK_WAIT.min(timeouts.answer / 2).as_millis().max(1);
        // Of a server without an encoding nothing is converted, nor checked: the bytes come as they are.
        let encoding = if keeps_bytes { "; SET LOCAL client_encoding = 'SQL_ASCII'" } else { "" };
        format!(
            "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; \
             SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
             SET LOCAL idle_in_transaction_session_timeout = {idle}{encoding}"
        )
    }

    /// What a transaction for this may do.
    fn access(self) -> &'static str {
        match self {
            Self::Read | Self::Scan => " READ ONLY",
            // Not `READ WRITE`: where the server's own default is read-only, somebody meant it.
            Self::Write | Self::Hold => "",
        }
    }
}

/// Where the server is and how it is spoken to; holds the password, so it has no Debug.
pub(super) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    server: Server,
    timeouts: Timeouts,
    /// How far the server is.
    pub round_trip: Arc<RoundTrip>,
}

impl Target {
    /// # Errors
    /// A sentence: what of the address cannot be used.
    pub fn new(server: &Server, timeouts: Timeouts) -> Result<Self, String> {
        let mut config = Config::new();
        config.application_name("reqspec").dbname(&server.database);
        // Several addresses of a name are tried in turn.
        config.connect_timeout(timeouts.connect.mul_f32(0.6)).keepalives_idle(Duration::from_secs(30));
        if let Some(user) = &server.user {
            config.user(user);
        }
        if let Some(password) = &server.password {
            config.password(password.reveal());
        }
        let tls = match &server.endpoint {
            Endpoint::Tcp { host, port } => {
                config.host(host).port(*port);
                tls::connector(&server.tls)?
            }
            Endpoint::Socket { path, port } => {
                config.host_path(path).port(*port);
                None
            }
        };
        config.ssl_mode(match (&tls, server.tls.mode) {
            (None, _) => SslMode::Disable,
            (Some(_), TlsMode::Prefer) => SslMode::Prefer,
            (Some(_), _) => SslMode::Require,
        });
        Ok(Self { config, tls, server: server.clone(), timeouts, round_trip: Arc::default() })
    }

    /// A connection for that, and the row that `ask` (plain SQL without parameters, or nothing) gives.
    pub async fn connect(&self, role: Role, ask: &str) -> Result<(Conn, Vec<Option<String>>), Trouble> {
        let within = self.timeouts.connect;
        let silent = || {
            Trouble::Silent(format!(
                "the server accepted the connection and then said nothing for {} s: it is overloaded or paused, \
                 or something else listens there",
                within.as_secs_f32()
            ))
        };
        timeout(within, self.establish(role, ask)).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn establish(&self, role: Role, ask: &str) -> Result<(Conn, Vec<Option<String>>), Trouble> {
        let conn = match &self.tls {
            None => self.start(role, self.config.clone(), NoTls).await?,
            Some(tls) => match self.start(role, self.config.clone(), tls.clone()).await {
                // As libpq: what prefers TLS does without where that is what the server wants.
                Err(first) if self.config.get_ssl_mode() == SslMode::Prefer && first.may_do_without_tls => {
                    let mut plain = self.config.clone();
                    plain.ssl_mode(SslMode::Disable);
                    self.start(role, plain, NoTls).await.map_err(|_| first)?
                }
                other => other?,
            },
        };
        if ask.is_empty() {
            return Ok((conn, Vec::new()));
        }
        let began = Instant::now();
        let answer = conn.client.simple_query_raw(&format!("{}; {ask}; COMMIT", conn.beginning(""))).await;
        let mut rows = std::pin::pin!(answer.map_err(|error| conn.trouble(&error))?);
        let mut first = Vec::new();
        while let Some(message) = rows.try_next().await.map_err(|error| conn.trouble(&error))? {
            if let SimpleQueryMessage::Row(row) = message {
                first = (0..row.len()).map(|index| row.get(index).map(ToOwned::to_owned)).collect();
            }
        }
        self.round_trip.note(began.elapsed());
        Ok((conn, first))
    }

    async fn start<T>(&self, role: Role, config: Config, tls: T) -> Result<Conn, Refused>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
    {
        let (client, connection) = config.connect(tls).await.map_err(|error| Refused {
            may_do_without_tls: error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
                || error.to_string().contains("TLS"),
            trouble: Trouble::connecting(&error, &self.server, self.timeouts.connect),
        })?;
        let keeps_bytes = connection.parameter("server_encoding") == Some("SQL_ASCII");
        let ended = Arc::new(OnceLock::new());
        let why = Arc::clone(&ended);
        let task = runtime::spawn(async move {
            if let Err(error) = connection.await {
                let words = match error.as_db_error() {
                    Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
                    None => std::error::Error::source(&error).map_or_else(String::new, ToString::to_string),
                };
                if !words.is_empty() {
                    let _ = why.set(words);
                }
            }
        });
        let task = task.ok_or_else(|| Trouble::Other("there are no threads for it".to_owned()))?;
        let tls = self.tls.clone();
        Ok(Conn {
            client,
            task: task.abort_handle(),
            ended,
            access: role.access(),
            settings: role.settings(self.timeouts, keeps_bytes),
            spent: AtomicBool::new(false),
            tls,
            round_trip: Arc::clone(&self.round_trip),
        })
    }
}

/// Why there is no connection.
struct Refused {
    trouble: Trouble,
    /// It might be otherwise without encryption.
    may_do_without_tls: bool,
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        refused.trouble
    }
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, may_do_without_tls: false }
    }
}

/// A connection with a server. Dropping it says goodbye to the server.
pub(super) struct Conn {
    /// What asks.
    pub client: Client,
    task: AbortHandle,
    ended: Arc<OnceLock<String>>,
    access: &'static str,
    settings: String,
    spent: AtomicBool,
    tls: Option<MakeRustlsConnect>,
    /// How far the server is.
    pub round_trip: Arc<RoundTrip>,
}

impl Conn {
    /// Begin a transaction, with an isolation level or the server's own, that is set to what the
    /// connection is for, and do `then` in it (plain SQL, or nothing): one flight.
    pub async fn begin(&self, isolation: &str, then: &str) -> Result<(), Trouble> {
        let sql = format!("{}; {then}", self.beginning(isolation));
        self.client.batch_execute(&sql).await.map_err(|error| {
            // It may have begun, and been set to half of it.
            self.spend();
            self.trouble(&error)
        })
    }

    fn beginning(&self, isolation: &str) -> String {
        format!("BEGIN {isolation}{}; {}", self.access, self.settings)
    }

    /// It is not to be used for another request.
    pub fn spend(&self) {
        self.spent.store(true, Ordering::Relaxed);
    }

    /// Whether another request may use it.
    pub fn is_usable(&self) -> bool {
        !self.spent.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// What an error on this connection means.
    pub fn trouble(&self, error: &tokio_postgres::Error) -> Trouble {
        Trouble::asking(error, self.ended.get().map(String::as_str))
    }

    /// End it at once, whatever it is doing, and have the server stop that.
    pub fn abandon(self) {
        self.task.abort();
        if self.client.is_closed() {
            return;
        }
        let cancel = self.client.cancel_token();
        let tls = self.tls.clone();
        // Whether it arrives or not: nobody waits for the answer any more.
        runtime::spawn(timeout(CANCEL_WAIT, async move {
            let _ = match tls {
                Some(tls) => cancel.cancel_query(tls).await,
                None => cancel.cancel_query(NoTls).await,
            };
        }));
    }
}
