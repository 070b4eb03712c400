//! Carries out effects against a deployment. Each runs as a task of its own and answers through
//! the bounded channel; none blocks the loop.
//!
//! - [`sessions`]: read-only sessions, opened when first needed and anew after they were lost.
//! - [`databases`]: which there are, and what they say of themselves.
//! - [`rows`]: pages of lists.  [`searches`]: searches, counts.  [`export`]: files of results.
//! - [`doctor`]: findings over all databases.
//! - [`changes`]: plans.  [`many`]: changes of many specs.  [`plans`]: plans as files.
//! - [`recording`]: the way to the journal.  [`mod@journal`]: what it tells.  [`external`]: `$EDITOR`.

pub mod changes;
pub mod databases;
pub mod doctor;
pub mod export;
pub mod external;
pub mod journal;
pub mod many;
pub mod plans;
pub mod recording;
pub mod rows;
pub mod searches;
pub mod sessions;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Options;
use crate::app::comparison::Comparison;
use crate::app::database::spoken;
use crate::app::effect::RequestId;
use crate::app::row::Failure;
use crate::app::{Effect, Msg};
use crate::deployment::settings::{Places, Saved};
use crate::deployment::{Deployment, Environments};
use crate::store::StoreError;
use export::File;
use many::Many;
use recording::Recording;
use searches::{Searches, Wanted};
use sessions::Sessions;

/// How long the number of a row lets the frame with that row go first: finding it reads an index
/// up to there, which keeps a core busy on a large table.
const ROWS_FIRST: Duration = Duration::from_millis(20);

/// How long the end of a session waits for what it owes: settings that are kept, files that are given
/// up and leave nothing behind.
const OWED: Duration = Duration::from_secs(2);

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
    searches: Searches,
    settings: Places,
    recording: Arc<Recording>,
    /// Work on many specs that is under way.
    many: Many,
    /// Settings are kept one after the other.
    keeping: Arc<tokio::sync::Mutex<()>>,
    /// What is not given up with the session.
    owed: JoinSet<()>,
    /// Says that no more files are to be written.
    no_files: watch::Sender<bool>,
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
            searches: Searches::new(out.clone()),
            settings: options.settings.clone(),
            recording: Arc::new(Recording::new(options.journal.clone())),
            many: Many::default(),
            keeping: Arc::default(),
            owed: JoinSet::new(),
            no_files: watch::Sender::new(false),
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

    /// Ends the session: files that are being written are given up, settings are kept first. Answers
    /// are not waited for; close the channel before, so that none of them waits for a reader.
    pub async fn end(&mut self) {
        self.no_files.send_replace(true);
        self.many.stop_all();
        let owed = async { while self.owed.join_next().await.is_some() {} };
        // A disk that does not answer keeps nobody from leaving.
        let _ = tokio::time::timeout(OWED, owed).await;
    }

    fn told(
        &self,
        answer: impl Future<Output: Into<Option<Msg>> + Send> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (out, under_way) = (self.out.clone(), Arc::clone(&self.under_way));
        async move {
            let _under_way = under_way;
            if let Some(msg) = answer.await.into() {
                // Nobody listens any more: the program ends.
                let _ = out.send(msg).await;
            }
        }
    }

    fn spawn(&self, answer: impl Future<Output: Into<Option<Msg>> + Send> + Send + 'static) {
        tokio::spawn(self.told(answer));
    }

    /// The same for what the end of the session waits for.
    fn spawn_owed(&mut self, answer: impl Future<Output: Into<Option<Msg>> + Send> + Send + 'static) {
        while self.owed.try_join_next().is_some() {}
        let told = self.told(answer);
        self.owed.spawn(told);
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

    /// Keeps a setting; only a failure is told.
    fn keep(&mut self, change: impl FnOnce(&Places) -> Result<(), String> + Send + 'static) {
        self.in_turn(move |places| change(places).err().map(Msg::Settings));
    }

    /// Reads or keeps settings, in the order in which that is asked for.
    fn in_turn(&mut self, task: impl FnOnce(&Places) -> Option<Msg> + Send + 'static) {
        let (places, turn) = (self.settings.clone(), Arc::clone(&self.keeping));
        self.spawn_owed(async move {
            let _turn = turn.lock().await;
            match tokio::task::spawn_blocking(move || task(&places)).await {
                Ok(answer) => answer,
                Err(error) => Some(Msg::Settings(error.to_string())),
            }
        });
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
            Effect::LoadPage { request, database, search, page, columns } => {
                let search = search.map(|id| self.searches.get(id, &database));
                self.spawn(async move {
                    let result = match search {
                        None => rows::page(&sessions, &database, page, &columns).await,
                        Some(Some(search)) => rows::page_of_hits(&sessions, &search, page, &columns).await,
                        Some(None) => Ok(Vec::new()),
                    };
                    Msg::Page { request, database, result }
                });
            }
            Effect::Rank { request, database, search: None, order, key } => self.spawn(async move {
                tokio::time::sleep(ROWS_FIRST).await;
                let result = rows::rank(&sessions, &database, &order, key).await;
                Msg::Rank { request, database, result }
            }),
            Effect::Rank { request, database, search: Some(id), key, .. } => {
                let search = self.searches.get(id, &database);
                self.spawn(async move {
                    let result = match search {
                        Some(search) => search.rank(&key).await.map_err(Failure::Failed),
                        None => Err(Failure::Failed("the search was ended".to_owned())),
                    };
                    Msg::Rank { request, database, result }
                });
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
            Effect::FindPrefix { request, database, prefix, order, columns } => self.spawn(async move {
                let result = rows::of_prefix(&sessions, &database, prefix, &order, &columns).await;
                Msg::PrefixFound { request, database, result }
            }),
            Effect::StartSearch { search: id, database, query, order } => {
                let wanted = Wanted { id, database, query, order };
                self.searches.start(wanted, sessions, Arc::clone(&self.under_way));
            }
            Effect::StopSearch { search } => self.searches.stop(search),
            Effect::Facet { request, databases, query, fields } => {
                self.spawn(self.searches.count(request, databases, (query, fields), sessions));
            }
            Effect::Sample { request, databases, subjects } => {
                for look in self.searches.sample(request, databases, &subjects, &sessions) {
                    self.spawn(look);
                }
            }
            Effect::StopFacet { request } => self.searches.stop_counting(request),
            Effect::Export { request, databases, query, order, columns, format, path, replace } => {
                let file = File { databases, query, order, columns, format, path, replace };
                let stop = self.no_files.subscribe();
                self.spawn_owed(async move {
                    Msg::Exported { request, result: export::write(sessions, file, stop).await }
                });
            }
            Effect::Prepare { request, intent, force } => self.spawn(async move {
                let result = changes::prepare(&sessions, &intent, force).await;
                Msg::Prepared { request, result: Box::new(result) }
            }),
            Effect::Apply { request, plan, reason, undoing } => {
                let recording = Arc::clone(&self.recording);
                self.spawn(async move {
                    let outcome = changes::apply(&sessions, &recording, plan, (reason, undoing)).await;
                    Msg::Applied { request, outcome }
                })
            }
            Effect::PlanMany { request, intent } => {
                let (many, recording) = (self.many.begin(request, &self.out), Arc::clone(&self.recording));
                self.spawn(async move {
                    let result = many::plan(&sessions, &recording, &intent, &many).await;
                    Msg::PlannedMany { request, result: Box::new(result) }
                });
            }
            Effect::ApplyMany { request, plan, reason } => {
                let (many, recording) = (self.many.begin(request, &self.out), Arc::clone(&self.recording));
                self.spawn_owed(async move {
                    let outcome = many::apply(&sessions, &recording, plan, reason, &many).await;
                    Msg::AppliedMany { request, outcome: Box::new(outcome) }
                });
            }
            Effect::PrepareUndo { request, change, again, force } => {
                let recording = Arc::clone(&self.recording);
                self.spawn(async move {
                    let result = journal::take_back(&sessions, &recording, change, again, force).await;
                    Msg::UndoPrepared { request, result: Box::new(result) }
                });
            }
            Effect::LoadHistory { request, before, filter, limit } => {
                let recording = Arc::clone(&self.recording);
                self.spawn(async move {
                    Msg::History {
                        request,
                        result: journal::changes(&recording, before, &filter, limit).await,
                    }
                });
            }
            Effect::LoadChange { request, change, after, limit } => {
                let recording = Arc::clone(&self.recording);
                self.spawn(async move {
                    let result = journal::entries(&recording, change, after, limit).await;
                    Msg::HistoryEntries { request, result }
                });
            }
            Effect::Doctor { request } => {
                let running = self.many.begin(request, &self.out);
                self.spawn(async move {
                    let report = Box::new(doctor::examine(sessions, &running).await);
                    Msg::Doctor { request, report, is_end: true }
                });
            }
            Effect::DoctorSpecs { request, rule, purpose } => {
                let running = self.many.begin(request, &self.out);
                self.spawn(async move {
                    let (rows, is_whole) = doctor::specs(sessions, rule, &running).await;
                    Msg::DoctorSpecs { request, rule, purpose, rows, is_whole }
                });
            }
            Effect::LookForUnfinished { request } => {
                let recording = Arc::clone(&self.recording);
                self.spawn(async move {
                    Msg::Unfinished { request, result: journal::unfinished(&sessions, &recording).await }
                });
            }
            Effect::Recover { request, decisions } => {
                let recording = Arc::clone(&self.recording);
                self.spawn_owed(async move {
                    Msg::Recovered {
                        request,
                        result: journal::recover(&sessions, &recording, decisions).await,
                    }
                });
            }
            Effect::StopMany { request } => self.many.stop(request),
            Effect::WritePlan { request, plan, reason, path } => self.spawn_owed(async move {
                Msg::PlanWritten { request, result: plans::write(&sessions, plan, reason, path).await }
            }),
            Effect::WriteBulkPlan { request, plan, reason, path } => self.spawn_owed(async move {
                Msg::PlanWritten { request, result: plans::write_many(plan, reason, path).await }
            }),
            Effect::ReadFile { request, path } => {
                self.spawn(async move { Msg::FileRead { request, result: external::read(&path).await } })
            }
            Effect::LoadQueries { request } => self.in_turn(move |places| {
                let result = places.queries().map_err(|error| error.to_string());
                Some(Msg::Queries { request, result })
            }),
            Effect::SaveQuery { name, text, replace } => {
                self.in_turn(move |places| match places.save_query(&name, &text, replace) {
                    Ok(Saved::Kept) => None,
                    Ok(Saved::Exists(there)) => Some(Msg::QueryExists { name, text, there }),
                    Err(error) => Some(Msg::Settings(error.to_string())),
                })
            }
            Effect::DeleteQuery { name } => {
                let deleted = move |places: &Places| match places.delete_query(&name) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.to_string()),
                };
                self.keep(deleted);
            }
            Effect::SaveColumns { environment, columns } => self.keep(move |places| {
                places.save_columns(&environment, &columns).map_err(|error| error.to_string())
            }),
            Effect::Remember(text) => {
                self.keep(move |places| places.append_history(&text).map_err(|error| error.to_string()));
            }
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

/// A store's error as the state machine knows it.
pub fn failure(error: &StoreError) -> Failure {
    match error {
        StoreError::NoTable { .. } => Failure::NoTable,
        // The pane says which database it is.
        StoreError::Unavailable { location, reason, .. } => Failure::Down(format!("{location}: {reason}")),
        other => Failure::Failed(spoken(&other.to_string())),
    }
}
