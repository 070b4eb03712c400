//! What a server says of itself and of what the account may do. Imports `pool`.

use std::time::Instant;

use futures_util::future::FutureExt;

use super::connect::Conn;
use super::pool::{Link, Query};
use super::read::field;
use super::trouble::Trouble;
use crate::store::address::{Endpoint, Server};
use crate::store::{Probe, Rights, StoreError, TableState};

const OPERATION: &str = "asking the server about itself";

/// One row: everything at once. `reset_val` is what a new session would have: the server's, the
/// database's or the account's own default, whatever this session was set to.
const QUESTION: &str = "
SELECT split_part(current_setting('server_version'), ' ', 1),
       version(),
       current_user::text,
       pg_is_in_recovery(),
       (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'),
       current_setting('server_encoding'),
       COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
       c.oid IS NOT NULL,
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p
             WHERE c.oid IS NOT NULL AND NOT has_table_privilege(c.oid, p)),
       COALESCE(c.relrowsecurity, false),
       COALESCE(c.relkind NOT IN ('r', 'p'), false),
       COALESCE((SELECT s.oid::regclass::text FROM pg_class s
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND a.attidentity = ''
                 WHERE s.relkind = 'S'
                   AND s.oid = to_regclass(pg_get_serial_sequence(c.oid::regclass::text, 'id'))
                   AND NOT has_sequence_privilege(s.oid, 'USAGE')), '')
FROM (SELECT to_regclass('request_specs') AS oid) AS t
LEFT JOIN pg_class c ON c.oid = t.oid";

/// Ask now. The round trip is that of the smallest question there is.
pub(super) async fn probe(link: &Link, server: &Server) -> Result<Probe, StoreError> {
    let is_far = is_far(server);
    link.read(&link.pages, OPERATION, move |conn| ask(conn, is_far).boxed()).await
}

async fn ask(conn: &Conn, is_far: bool) -> Result<Probe, Trouble> {
    let began = Instant::now();
    conn.client.check_connection().await.map_err(|error| conn.trouble(&error))?;
    let round_trip = began.elapsed();
    let rows = Query::new(QUESTION, Vec::new()).ask_alone(conn).await?;
    let row = rows.first().ok_or_else(|| Trouble::Other("the server gave no answer".to_owned()))?;
    let account: String = field(row, 2)?;
    let (is_standby, is_read_only): (bool, Option<bool>) = (field(row, 3)?, field(row, 4)?);
    let (encoding, is_encrypted): (String, bool) = (field(row, 5)?, field(row, 6)?);
    let (is_there, mut missing): (bool, Vec<String>) = (field(row, 7)?, field(row, 8)?);
    let sequence: String = field(row, 11)?;
    if !missing.is_empty() {
        missing = vec![format!("{} on request_specs", missing.join(", "))];
    }
    if !sequence.is_empty() {
        missing.push(format!("USAGE on the sequence {sequence}"));
    }
    let rights = if is_standby {
        Rights::ReadOnly(
            "The server is a standby, which takes no writes: use the address of its primary.".into(),
        )
    } else if is_read_only == Some(true) {
        Rights::ReadOnly(
            "default_transaction_read_only is on for this server, database or account: whoever set it wants no \
             writes now."
                .into(),
        )
    } else if !is_there {
        Rights::Unknown
    } else if missing.is_empty() {
        Rights::Write
    } else {
        Rights::ReadOnly(format!("The account {account} lacks {}.", missing.join(" and ")))
    };
    let mut remarks = Vec::new();
    let mut remark = |applies: bool, words: &str| {
        if applies {
            remarks.push(words.to_owned());
        }
    };
    remark(is_standby, "a standby: read-only");
    remark(is_read_only == Some(true), "default_transaction_read_only is on");
    remark(is_far && !is_encrypted, "not encrypted");
    remark(field(row, 9)?, "row-level security is on: this account may not see every spec");
    remark(field(row, 10)?, "request_specs is not a plain table");
    match encoding.as_str() {
        "UTF8" => {}
        "SQL_ASCII" => remark(true, "encoding SQL_ASCII: texts are stored unchecked"),
        other => remark(true, &format!("encoding {other}: texts that it cannot hold are refused")),
    }
    let said: String = field(row, 1)?;
    Ok(Probe {
        product: said.split_whitespace().next().unwrap_or("PostgreSQL").to_owned(),
        version: field(row, 0)?,
        rights,
        table: if is_there { TableState::Present } else { TableState::Missing },
        round_trip,
        remarks,
    })
}

/// Whether what is said leaves this machine.
fn is_far(server: &Server) -> bool {
    match &server.endpoint {
        Endpoint::Socket { .. } => false,
        Endpoint::Tcp { host, .. } => {
            let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
            !(is_loopback || host.eq_ignore_ascii_case("localhost"))
        }
    }
}
