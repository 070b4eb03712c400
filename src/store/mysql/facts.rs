//! What a server says of itself: product, version, identity, whether it takes writes, what a
//! Galera node's state is.

use std::collections::BTreeMap;

use mysql_async::{Error, Row};

use super::link::Link;
use super::session;
use super::text;

/// What a server said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// `MariaDB` or `MySQL`.
    pub product: &'static str,
    /// `10.11.19`.
    pub version: String,
    /// Tells this database from all others, however it is reached.
    pub identity: String,
    /// The database in use, as the server spells it.
    pub schema: String,
    /// Why the server takes no writes, where that is so.
    pub read_only: Option<ReadOnly>,
    /// The cluster, where it is a node of one.
    pub galera: Option<Galera>,
}

/// Why a server takes no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOnly {
    /// `read_only`: accounts with a special privilege may write.
    Ordinary,
    /// `super_read_only`, `innodb_read_only`: nobody may.
    Everyone,
}

/// A node of a Galera cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Galera {
    /// Number of nodes.
    pub size: String,
    /// `Synced`, `Donor/Desynced`, `Joining` …
    pub state: String,
    /// It is in the primary component and takes requests.
    pub is_ready: bool,
}

/// The settings that are asked for. What a product lacks is absent from the answer.
pub(super) const VARIABLES: &str = "SHOW VARIABLES WHERE Variable_name IN ('version', 'version_comment', \
    'hostname', 'port', 'datadir', 'server_uuid', 'server_uid', 'server_id', 'read_only', 'super_read_only', \
    'innodb_read_only', 'wsrep_on', 'lower_case_table_names')";

/// What nodes of a Galera cluster say beside.
pub(super) const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_state_uuid', \
    'wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_ready')";

impl Facts {
    /// Ask, in one round trip.
    pub async fn ask(link: &mut Link) -> Result<Facts, Error> {
        let question = format!("{VARIABLES}; {STATUS}; SELECT DATABASE()");
        let mut answers = session::answers(link, &question).await?;
        let schema = answers.pop().and_then(|mut rows| text::take_text(rows.first_mut()?, 0));
        Ok(Self::read(answers.into_iter().flatten(), schema.unwrap_or_default()))
    }

    /// From the answers to [`VARIABLES`] and [`STATUS`].
    pub fn read(rows: impl Iterator<Item = Row>, schema: String) -> Facts {
        let mut said = BTreeMap::new();
        for mut row in rows {
            if let (Some(name), Some(value)) = (text::take_text(&mut row, 0), text::take_text(&mut row, 1)) {
                said.insert(name.to_ascii_lowercase(), value);
            }
        }
        Self::of(&said, schema)
    }

    fn of(said: &BTreeMap<String, String>, schema: String) -> Facts {
        let get = |name: &str| said.get(name).map(String::as_str).unwrap_or_default();
        let version = get("version");
        let is_mariadb = [version, get("version_comment")].iter().any(|text| text.contains("MariaDB"));
        let cluster = get("wsrep_cluster_state_uuid");
        let in_cluster = is_on(get("wsrep_on")) && cluster.bytes().any(|byte| byte != b'0' && byte != b'-');
        let server = if in_cluster {
            format!("galera {cluster}")
        } else if !get("server_uuid").is_empty() {
            format!("server {}", get("server_uuid"))
        } else {
            let parts = ["hostname", "port", "datadir", "server_uid", "server_id"].map(get);
            format!("server {}", parts.join(" "))
        };
        let folds = get("lower_case_table_names") != "0";
        let folded = if folds { schema.to_lowercase() } else { schema.clone() };
        Facts {
            product: if is_mariadb { "MariaDB" } else { "MySQL" },
            version: plain_version(version),
            identity: format!("mysql {server} {folded}"),
            schema,
            read_only: if is_on(get("super_read_only")) || is_on(get("innodb_read_only")) {
                Some(ReadOnly::Everyone)
            } else if is_on(get("read_only")) {
                Some(ReadOnly::Ordinary)
            } else {
                None
            },
            galera: in_cluster.then(|| Galera {
                size: get("wsrep_cluster_size").to_owned(),
                state: get("wsrep_local_state_comment").to_owned(),
                is_ready: get("wsrep_cluster_status").eq_ignore_ascii_case("primary")
                    && is_on(get("wsrep_ready")),
            }),
        }
    }

    /// What an operator should know of the server, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(galera) = &self.galera {
            let state = galera.state.to_lowercase();
            remarks.push(format!("Galera cluster of {}, {state}", galera.size));
            if !galera.is_ready {
                remarks.push(
                    "this Galera node is not in the primary component: it takes no requests".to_owned(),
                );
            }
        }
        match self.read_only {
            Some(ReadOnly::Ordinary) => {
                remarks.push("the server is read-only (read_only): a replica?".to_owned())
            }
            Some(ReadOnly::Everyone) => {
                remarks.push(
                    "the server is read-only for everyone (super_read_only or innodb_read_only)".to_owned(),
                );
            }
            None => {}
        }
        remarks
    }
}

/// Whether a switch is on. MariaDB 12 knows kinds of on for `read_only`.
fn is_on(value: &str) -> bool {
    !(value.is_empty() || value == "0" || value.eq_ignore_ascii_case("off"))
}

/// `5.5.5-10.11.19-MariaDB-log` is 10.11.19: the prefix is for old replicas.
fn plain_version(version: &str) -> String {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    version.split('-').next().unwrap_or(version).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_server_is_told_by_what_it_says() {
        let mariadb = Facts::of(
            &said(&[
                ("version", "5.5.5-10.11.19-MariaDB-0+deb12u1"),
                ("hostname", "db1"),
                ("port", "3306"),
                ("datadir", "/var/lib/mysql/"),
                ("read_only", "ON"),
                ("wsrep_on", "OFF"),
                ("lower_case_table_names", "0"),
            ]),
            "Nova".into(),
        );
        assert_eq!((mariadb.product, mariadb.version.as_str()), ("MariaDB", "10.11.19"));
        assert_eq!(mariadb.read_only, Some(ReadOnly::Ordinary));
        assert!(mariadb.galera.is_none() && mariadb.identity.ends_with(" Nova"));
        // MySQL 8: no wsrep, a UUID of its own, names of databases folded where the system folds them.
        let mysql = Facts::of(
            &said(&[
                ("version", "8.0.39"),
                ("version_comment", "MySQL Community Server - GPL"),
                ("server_uuid", "6c27ed6d-7ee1-11e3-be39-6c626d957cff"),
                ("super_read_only", "ON"),
                ("read_only", "ON"),
                ("lower_case_table_names", "1"),
            ]),
            "Nova".into(),
        );
        assert_eq!((mysql.product, mysql.version.as_str()), ("MySQL", "8.0.39"));
        assert_eq!(mysql.read_only, Some(ReadOnly::Everyone));
        assert_eq!(mysql.identity, "mysql server 6c27ed6d-7ee1-11e3-be39-6c626d957cff nova");
    }

    #[test]
    fn nodes_of_a_cluster_are_one_database() {
        let node = |host: &str, state: &str, status: &str| {
            Facts::of(
                &said(&[
                    ("version", "10.11.19-MariaDB"),
                    ("hostname", host),
                    ("wsrep_on", "ON"),
                    ("wsrep_cluster_state_uuid", "aa1e4d5f-0000-11ee-8000-000000000000"),
                    ("wsrep_cluster_size", "3"),
                    ("wsrep_cluster_status", status),
                    ("wsrep_ready", "ON"),
                    ("wsrep_local_state_comment", state),
                ]),
                "nova".into(),
            )
        };
        let (one, other) = (node("a", "Synced", "Primary"), node("b", "Initialized", "non-Primary"));
        assert_eq!(one.identity, other.identity);
        assert_eq!(one.remarks(), ["Galera cluster of 3, synced"]);
        assert_eq!(other.remarks().len(), 2);
        // A provider that is not loaded is no cluster.
        let pairs =
            [("wsrep_on", "ON"), ("wsrep_cluster_state_uuid", "00000000-0000-0000-0000-000000000000")];
        assert!(Facts::of(&said(&pairs), "nova".into()).galera.is_none());
    }
}
