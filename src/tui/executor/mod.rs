//! Carries out effects against a deployment. Each runs as a task of its own and answers through
//! the bounded channel; none blocks the loop.
//!
//! - [`sessions`]: read-only sessions, opened when first needed and anew after they were lost.
//! - [`databases`]: which there are, and what they say of themselves.
//! - [`filter`]: quick filters and their hits.  [`changes`]: plans.  [`external`]: `$EDITOR`.

pub mod changes;
pub mod databases;
pub mod external;
pub mod filter;
pub mod sessions;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::Options;
use crate::app::comparison::Comparison;
use crate::app::database::spoken;
use crate::app::effect::RequestId;
use crate::app::row::{Failure, Row};
use crate::app::{Effect, Msg};
use crate::deployment::{Deployment, Environments};
use crate::query::quick::Needle;
use crate::query::{Order, PageKey, PageRequest, SortOrder};
use crate::spec::summary::Summary;
use crate::store::{DatabaseName, StoreError, StoredSpec};
use filter::Filters;
use sessions::Sessions;

/// How long the number of a row lets the frame with that row go first: finding it reads an index
/// up to there, which keeps a core busy on a large table.
const ROWS_FIRST: Duration = Duration::from_millis(20);
/// Rows that a uuid prefix may bring at most.
const PREFIX_ROWS: u32 = 8;

/// What only the owner of the terminal can do.
#[derive(Debug)]
pub enum Local {
    /// Put a text on the clipboard.
    Copy(String),
    /// Stop until continued.
    Suspend,
    /// Run an external editor; answered by `Msg::Edited`.
    OpenEditor {
        /// Names the answer.
        request: RequestId,
        /// The text.
        text: String,
        /// What stands on top of it.
        error: Option<String>,
    },
    /// End this session and begin one with that deployment.
    Switch(Box<Deployment>),
    /// End.
    Quit,
}

/// Carries out effects.
pub struct Executor {
    /// None where the environment is to be chosen first.
    sessions: Option<Arc<Sessions>>,
    environments: Environments,
    /// The environment that was opened last, until the session is switched to it.
    opened: Arc<Mutex<Option<(RequestId, Deployment)>>>,
    filters: Filters,
    out: Sender<Msg>,
    /// One more owner for each task that is under way.
    under_way: Arc<()>,
}

impl Executor {
    /// For that deployment, answering there.
    pub fn new(deployment: Option<Deployment>, options: &Options, out: Sender<Msg>) -> Self {
        Self {
            sessions: deployment.map(|deployment| Arc::new(Sessions::new(deployment))),
            environments: options.environments.clone(),
            opened: Arc::default(),
            filters: Filters::default(),
            out,
            under_way: Arc::new(()),
        }
    }

    /// Uses a session that was opened elsewhere for its database.
    ///
    /// # Errors
    /// It is none of the deployment's databases.
    pub fn adopt(&self, store: sessions::Store) -> Result<(), StoreError> {
        self.sessions.as_ref().map_or(Ok(()), |sessions| sessions.adopt(store))
    }

    /// Whether nothing is under way: all answers were sent.
    pub fn is_idle(&self) -> bool {
        Arc::strong_count(&self.under_way) == 1
    }

    /// Carries out several; what only the owner of the terminal could do is left out.
    pub fn run_all(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let _ = self.run(effect);
        }
    }

    /// Sends a message as an answer.
    pub fn answer(&self, msg: Msg) {
        self.spawn(async { msg });
    }

    fn spawn(&self, answer: impl Future<Output = Msg> + Send + 'static) {
        let (out, under_way) = (self.out.clone(), Arc::clone(&self.under_way));
        tokio::spawn(async move {
            let _under_way = under_way;
            // Nobody listens any more: the program ends.
            let _ = out.send(answer.await).await;
        });
    }

    /// Carries out one effect, or gives it back as something local.
    pub fn run(&mut self, effect: Effect) -> Option<Local> {
        match effect {
            Effect::OpenEnvironment { request, name } => self.open_environment(request, name),
            Effect::SwitchEnvironment { opened } => {
                let mut kept = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
                return kept
                    .take_if(|(request, _)| *request == opened)
                    .map(|(_, next)| Local::Switch(Box::new(next)));
            }
            Effect::OpenEditor { request, text, error } => {
                return Some(Local::OpenEditor { request, text, error });
            }
            Effect::Copy(text) => return Some(Local::Copy(text)),
            Effect::Suspend => return Some(Local::Suspend),
            Effect::Quit => return Some(Local::Quit),
            effect => self.ask(effect),
        }
        None
    }

    /// Reads what an environment is made of: files, and perhaps a command that tells a password.
    fn open_environment(&self, request: RequestId, name: String) {
        let (environments, opened) = (self.environments.clone(), Arc::clone(&self.opened));
        self.spawn(async move {
            let open = tokio::task::spawn_blocking(move || environments.open(&name));
            let result = match open.await {
                Ok(Ok(deployment)) => {
                    *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some((request, deployment));
                    Ok(())
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            Msg::EnvironmentOpened { request, result }
        });
    }

    /// Carries out an effect that asks the deployment.
    fn ask(&mut self, effect: Effect) {
        let Some(sessions) = self.sessions.clone() else { return };
        match effect {
            Effect::Discover => self.spawn(async move { databases::discover(&sessions).await }),
            Effect::Probe { database } => self.spawn(async move {
                let result = databases::probe(&sessions, &database).await;
                Msg::Probed { database, result }
            }),
            Effect::LoadPage { request, database, search: None, page, .. } => self.spawn(async move {
                let page = native(page);
                let rows = sessions.with(&database, |store| async move { store.page(page).await }).await;
                let result = rows.map(|found| rows_of(&database, found));
                Msg::Page { request, database, result }
            }),
            Effect::LoadPage { request, database, search: Some(id), page, .. } => {
                let page = native(page);
                let filter = self.filters.get(id, &database);
                self.spawn(async move {
                    let rows = match filter {
                        Some(filter) => {
                            let read = |store| async move { filter.page(store, page).await };
                            sessions.with(&database, read).await
                        }
                        None => Ok(Vec::new()),
                    };
                    let result = rows.map(|found| rows_of(&database, found));
                    Msg::Page { request, database, result }
                });
            }
            Effect::Rank { request, database, search: None, order, key } => self.spawn(async move {
                let order = order.native().unwrap_or(SortOrder::Id);
                tokio::time::sleep(ROWS_FIRST).await;
                let read = |store: sessions::Store| async move { store.rank(order, key).await };
                let result = sessions.with(&database, read).await;
                Msg::Rank { request, database, result }
            }),
            Effect::Rank { request, database, search: Some(id), order, key } => {
                let order = order.native().unwrap_or(SortOrder::Id);
                let rank = self.filters.get(id, &database).and_then(|filter| filter.rank(order, &key));
                let unknown = || Failure::Failed("too many hits to number them".to_owned());
                self.answer(Msg::Rank { request, database, result: rank.ok_or_else(unknown) });
            }
            Effect::Wait { request, time } => {
                let out = self.out.clone();
                // Nothing is under way: who waits for it waits for something else, too.
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let _ = out.send(Msg::Waited { request }).await;
                });
            }
            Effect::Count { database } => self.spawn(async move {
                let result = sessions.with(&database, |store| async move { store.count().await }).await;
                Msg::Count { database, result }
            }),
            Effect::Fetch { request, database, instance_uuid } => self.spawn(async move {
                let read = |store: sessions::Store| async move { store.get(&instance_uuid).await };
                let row = sessions.with(&database, read).await;
                Msg::Fetched { request, result: row.map(|row| row.map(|row| row.spec)) }
            }),
            Effect::Compare { request, own, other } => self.spawn(async move {
                // Some hundred milliseconds of work: not on a thread that others' answers wait for.
                let compare = tokio::task::spawn_blocking(move || Comparison::of(&own, &other));
                match compare.await {
                    Ok(comparison) => Msg::Compared { request, comparison: Arc::new(comparison) },
                    Err(error) => Msg::Notice(format!("the two specs could not be compared: {error}")),
                }
            }),
            Effect::FindPrefix { request, database, prefix, .. } => self.spawn(async move {
                let read =
                    |store: sessions::Store| async move { store.find_prefix(&prefix, PREFIX_ROWS).await };
                let rows = sessions.with(&database, read).await;
                let result = rows.map(|found| rows_of(&database, found));
                Msg::PrefixFound { request, database, result }
            }),
            Effect::StartSearch { search, database, query, .. } => {
                let Some(needle) = Needle::new(&query.text) else { return };
                let under_way = Arc::clone(&self.under_way);
                self.filters.start(search, (database, needle), sessions, self.out.clone(), under_way);
            }
            Effect::StopSearch { search } => self.filters.stop(search),
            Effect::Prepare { request, intent, force } => self.spawn(async move {
                let result = changes::prepare(&sessions, &intent, force).await;
                Msg::Prepared { request, result: Box::new(result) }
            }),
            Effect::Apply { request, plan } => {
                self.spawn(
                    async move { Msg::Applied { request, outcome: changes::apply(&sessions, plan).await } },
                )
            }
            Effect::ReadFile { request, path } => {
                self.spawn(async move { Msg::FileRead { request, result: external::read(&path).await } })
            }
            // Not carried out yet.
            Effect::Facet { .. }
            | Effect::StopFacet { .. }
            | Effect::Export { .. }
            | Effect::SaveQuery { .. }
            | Effect::DeleteQuery { .. }
            | Effect::SaveColumns { .. }
            | Effect::Remember(_) => {}
            // Carried out elsewhere.
            Effect::OpenEnvironment { .. }
            | Effect::SwitchEnvironment { .. }
            | Effect::OpenEditor { .. }
            | Effect::Copy(_)
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }
}

fn rows_of(database: &DatabaseName, stored: Vec<StoredSpec>) -> Vec<Row> {
    stored.into_iter().map(|stored| row(database, stored)).collect()
}

/// A stored row as a list shows it.
pub fn row(database: &DatabaseName, stored: StoredSpec) -> Row {
    let updated = stored.updated_at.as_deref().or(stored.created_at.as_deref()).unwrap_or_default();
    let key = PageKey::new(stored.id, updated);
    let (database, summary) = (database.clone(), Summary::of(&stored.spec));
    Row { database, summary, key, instance_uuid: stored.instance_uuid, values: Arc::from([]) }
}

fn native(page: PageRequest<PageKey, Order>) -> PageRequest {
    let order = page.order.native().unwrap_or(SortOrder::Id);
    PageRequest { order, from: page.from, limit: page.limit }
}

/// A store's error as the state machine knows it.
pub fn failure(error: &StoreError) -> Failure {
    match error {
        StoreError::NoTable { .. } => Failure::NoTable,
        // The pane says which database it is.
        StoreError::Unavailable { location, reason, .. } => Failure::Down(format!("{location}: {reason}")),
        other => Failure::Failed(spoken(&other.to_string())),
    }
}
