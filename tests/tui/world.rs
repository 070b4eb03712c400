//! A small deployment in memory and an executor over it: answers come in the order of the
//! questions, at once, unless a test holds them back.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use reqspec::app::cells::Tally;
use reqspec::app::comparison::Comparison;
use reqspec::app::database::{Database, Place, Rights, Said};
use reqspec::app::doctor::Report;
use reqspec::app::effect::RequestId;
use reqspec::app::environment::Environment;
use reqspec::app::exporting::Written;
use reqspec::app::facets::Counts;
use reqspec::app::msg::{Applied, ApplyFailure};
use reqspec::app::row::Failure;
use reqspec::app::settings::Settings;
use reqspec::app::{Effect, Model, Msg, Setup, update};
use reqspec::change::journal::ChangeRow;
use reqspec::change::recover::{Decision, Recovered};
use reqspec::change::{DatabaseName, Intent, Operation, Plan, Refusal, Requirement, Severity, Warning};
use reqspec::query::{Field, Order, Query, Sample, SortOrder, Subject};
use reqspec::tui::theme::Theme;
use reqspec::tui::view;

pub use super::stored::{Stored, cut, spec, stored, uuid};
use super::stored::{compare, listed};

/// What the operator of this deployment keeps.
fn settings() -> Settings {
    let queries = [("pinned", "az=az1 vcpus>=4"), ("grouped", "group")];
    let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let history = ["vcpus>=8", "flavor~^m1"].map(str::to_owned).to_vec();
    Settings { queries: queries.map(owned).to_vec(), history, columns: Vec::new() }
}

/// 2026-11-22 12:00:00.
pub const NOW: i64 = 1_795_348_800;

pub struct World {
    pub model: Model,
    pub databases: BTreeMap<DatabaseName, Result<Vec<Stored>, Failure>>,
    pub effects: Vec<Effect>,
    /// The saved queries of the profile file, where it has others than this session.
    pub kept: Option<Vec<(String, String)>>,
    pub answers: VecDeque<Msg>,
    /// What the next `Prepare` is answered with instead of a plan.
    pub refusal: Option<Refusal>,
    /// What the next plan wants typed.
    pub word: Option<String>,
    /// What the next `Apply` fails with.
    pub apply_failure: Option<ApplyFailure>,
    /// What the external editor gives back.
    pub edited: VecDeque<Option<String>>,
    /// Databases that never answer.
    pub silent: BTreeSet<DatabaseName>,
    /// What databases say of themselves, where it is not the usual.
    pub said: BTreeMap<DatabaseName, Said>,
    /// What is found, and why there may be more; None: what is known already.
    pub found: Option<(Vec<Place>, Option<Failure>)>,
    /// Why an environment cannot be opened.
    pub closed: Option<String>,
    /// Whether another environment was switched to.
    pub switched: bool,
    /// Whether answers wait for `pump`.
    pub hold: bool,
    /// Databases that answer, but not before `release`.
    pub slow: BTreeSet<DatabaseName>,
    /// Their answers.
    late: VecDeque<Msg>,
    /// What `pass_time` ends.
    waits: Vec<RequestId>,
    searches: HashMap<RequestId, Arc<Query>>,
    /// Databases whose searches say nothing by themselves.
    pub searching: BTreeSet<DatabaseName>,
    /// How many rows searches have reached there; all, if not given.
    pub reach: BTreeMap<DatabaseName, usize>,
    /// How many rows of a database a search cannot decide on, and why.
    pub undecided: BTreeMap<DatabaseName, (u64, String)>,
    /// Whether plans of many changes, and what becomes of them, are told by the test.
    pub hold_many: bool,
    /// Instances that were changed by someone else when many are changed.
    pub overtaken: BTreeSet<String>,
    /// What the journal holds, the oldest first.
    pub journal: Vec<(ChangeRow, Vec<Operation>)>,
    /// Why the journal cannot be read.
    pub unread: Option<String>,
    /// What was interrupted.
    pub unfinished: Vec<Decision>,
    /// What the doctor finds.
    pub doctor: Report,
    /// Where plans are kept.
    pub plans: tempfile::TempDir,
    quit: bool,
}

pub fn api() -> DatabaseName {
    DatabaseName::Api
}

pub fn cell(name: &str) -> DatabaseName {
    DatabaseName::cell(name)
}

/// Where a database is, as it was given.
pub fn place(name: &DatabaseName) -> Place {
    Place::given(name.clone(), format!("/var/lib/nova_{name}.sqlite"))
}

/// What a database says of itself when all is well.
pub fn said() -> Said {
    Said {
        product: "SQLite 3.53.2".to_owned(),
        rights: Rights::Write,
        has_table: true,
        round_trip: Duration::from_micros(400),
        remarks: Vec::new(),
    }
}

/// An environment of the profile file.
pub fn environment(name: &str, place: &str) -> Environment {
    Environment { name: name.to_owned(), place: place.to_owned(), ..Environment::default() }
}

impl World {
    /// API database with 100 specs, cell1 with 40 of them (each tenth different), cell2 with three.
    pub fn new(width: u16, height: u16) -> Self {
        let mut broken = stored(3);
        broken.spec = Arc::from(&b"{\"nova_object.name\": \"Reque"[..]);
        let mut api_rows: Vec<_> = (1..=100).map(stored).collect();
        api_rows[2] = broken;
        let cell_rows = (21..=60).map(|number| {
            let mut row = stored(number);
            if number % 10 == 2 {
                row.spec = Arc::from(spec(number, "elsewhere").as_bytes());
            }
            row
        });
        let databases = [
            (api(), Ok(api_rows)),
            (cell("cell1"), Ok(cell_rows.collect())),
            (cell("cell2"), Ok(vec![stored(70), stored(71), stored(1)])),
        ];
        Self::of(databases, width, height)
    }

    pub fn of<const N: usize>(
        databases: [(DatabaseName, Result<Vec<Stored>, Failure>); N],
        width: u16,
        height: u16,
    ) -> Self {
        let places = databases.iter().map(|(name, _)| place(name));
        let model = Model::new(Setup {
            environment: "demo".to_owned(),
            colour: None,
            environments: Vec::new(),
            notices: Vec::new(),
            databases: places.collect(),
            settings: settings(),
            writing: true,
            read_only: None,
            size: (width, height),
            now: NOW,
        });
        Self {
            model,
            databases: databases.into_iter().collect(),
            effects: Vec::new(),
            kept: None,
            answers: VecDeque::new(),
            refusal: None,
            word: None,
            apply_failure: None,
            edited: VecDeque::new(),
            silent: BTreeSet::new(),
            said: BTreeMap::new(),
            found: None,
            closed: None,
            switched: false,
            hold: false,
            slow: BTreeSet::new(),
            late: VecDeque::new(),
            waits: Vec::new(),
            searches: HashMap::new(),
            searching: BTreeSet::new(),
            reach: BTreeMap::new(),
            undecided: BTreeMap::new(),
            hold_many: false,
            overtaken: BTreeSet::new(),
            journal: Vec::new(),
            unread: None,
            unfinished: Vec::new(),
            doctor: Report::default(),
            plans: tempfile::tempdir().expect("a directory"),
            quit: false,
        }
    }

    pub fn started(width: u16, height: u16) -> Self {
        let mut world = Self::new(width, height);
        world.send(Msg::Start);
        world
    }

    /// The API database and so many cells, each with a row of its own.
    pub fn with_cells(cells: usize, width: u16, height: u16) -> Self {
        let mut world = Self::of([(api(), Ok((1..=100).map(stored).collect()))], width, height);
        let places = (1..=cells).map(|number| place(&cell(&format!("cell{number}"))));
        let places: Vec<_> = [place(&api())].into_iter().chain(places).collect();
        for (number, place) in places.iter().enumerate().skip(1) {
            world.databases.insert(place.name.clone(), Ok((1..=number as i64).map(stored).collect()));
        }
        world.found = Some((places, None));
        world
    }

    /// Lets the seconds pass, one by one.
    pub fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            let now = self.model.now + 1;
            self.send(Msg::Tick(now));
        }
    }

    pub fn send(&mut self, msg: Msg) {
        for effect in update(&mut self.model, msg) {
            self.perform(effect);
        }
        if !self.hold {
            self.pump();
        }
    }

    /// Delivers all answers and what follows from them.
    pub fn pump(&mut self) {
        let mut steps = 0;
        while let Some(msg) = self.answers.pop_front() {
            for effect in update(&mut self.model, msg) {
                self.perform(effect);
            }
            steps += 1;
            assert!(steps < 1_000, "the app never comes to rest");
        }
    }

    /// All that was waited for is over.
    pub fn pass_time(&mut self) {
        for request in std::mem::take(&mut self.waits) {
            self.send(Msg::Waited { request });
        }
    }

    /// Slow databases answer what they were asked, and are not slow any more.
    pub fn release(&mut self) {
        self.slow.clear();
        for msg in std::mem::take(&mut self.late) {
            self.send(msg);
        }
    }

    /// How many answers of slow databases are on their way.
    pub fn late(&self) -> usize {
        self.late.len()
    }

    /// Presses keys: characters, and names in angle brackets as in `/az2<Enter>`.
    pub fn keys(&mut self, script: &str) {
        let mut rest = script;
        while let Some(first) = rest.chars().next() {
            let (code, modifiers, length) = match (first, rest.find('>')) {
                ('<', Some(end)) => {
                    let (code, modifiers) = named(&rest[1..end]);
                    (code, modifiers, end + 1)
                }
                (character, _) => (KeyCode::Char(character), KeyModifiers::NONE, character.len_utf8()),
            };
            self.send(Msg::Key(KeyEvent::new(code, modifiers)));
            rest = &rest[length..];
        }
    }

    pub fn has_quit(&self) -> bool {
        self.quit
    }

    pub fn rows(&mut self, database: &DatabaseName) -> &mut Vec<Stored> {
        self.databases.get_mut(database).expect("known").as_mut().expect("up")
    }

    pub fn row(&self, database: &DatabaseName, number: i64) -> Option<&Stored> {
        let rows = self.databases[database].as_ref().ok()?;
        rows.iter().find(|row| *row.uuid == *uuid(number))
    }

    /// In the API database others put row 200 before all others, change row 5 and take away row 2.
    pub fn changed_by_others(&mut self) {
        let mut first = stored(200);
        first.id = 0;
        self.rows(&api()).push(first);
        self.rows(&api()).retain(|row| row.id != 2);
        let row = self.rows(&api()).iter_mut().find(|row| row.id == 5).expect("there");
        row.updated = "2026-11-22 11:59:30".to_owned();
    }

    pub fn selected(&self) -> String {
        self.model.selection.as_ref().map(|selection| selection.instance_uuid.to_string()).unwrap_or_default()
    }

    fn ask<T>(&self, database: &DatabaseName, read: impl FnOnce(&[Stored]) -> T) -> Result<T, Failure> {
        if self.model.database(database).is_some_and(|database| !database.can_be_asked()) {
            return Err(Failure::Down("it has no address".to_owned()));
        }
        self.databases[database].as_ref().map(|rows| read(rows)).map_err(Clone::clone)
    }

    fn hits(
        &self,
        database: &DatabaseName,
        search: Option<RequestId>,
        order: &Order,
    ) -> Result<Vec<Stored>, Failure> {
        let query = search.map(|id| self.searches.get(&id).cloned());
        let mut rows = self.ask(database, <[Stored]>::to_vec)?;
        if let Some(query) = query {
            rows.truncate(self.reach.get(database).copied().unwrap_or(usize::MAX));
            rows.retain(|row| query.as_ref().is_some_and(|query| row.fulfils(query)));
        }
        rows.sort_by(|one, other| compare(order, &one.key(order), &other.key(order)));
        Ok(rows)
    }

    /// How far a search is in a database.
    pub fn reached(&self, search: RequestId, database: &DatabaseName, finished: bool) -> Tally {
        let hits = self.hits(database, Some(search), &SortOrder::Id.into()).expect("up").len() as u64;
        let passed = self.ask(database, <[Stored]>::len).expect("up");
        let passed = self.reach.get(database).copied().unwrap_or(passed).min(passed) as u64;
        let undecided = self.undecided.get(database).map_or(0, |(rows, _)| *rows);
        Tally { passed, hits, undecided, finished }
    }

    /// Does something to the model that no key does, or none of these tests.
    pub fn act(&mut self, act: impl FnOnce(&mut Model) -> Vec<Effect>) {
        for effect in act(&mut self.model) {
            self.perform(effect);
        }
        if !self.hold {
            self.pump();
        }
    }

    fn perform(&mut self, effect: Effect) {
        self.effects.push(effect.clone());
        let asked = match &effect {
            Effect::LoadPage { database, .. }
            | Effect::Rank { database, .. }
            | Effect::Probe { database }
            | Effect::Count { database }
            | Effect::Fetch { database, .. }
            | Effect::FindPrefix { database, .. }
            | Effect::StartSearch { database, .. } => Some(database.clone()),
            Effect::Discover => Some(DatabaseName::Api),
            _ => None,
        };
        if asked.as_ref().is_some_and(|asked| self.silent.contains(asked)) {
            return;
        }
        let answer = match effect {
            Effect::Wait { request, .. } => {
                self.waits.push(request);
                return;
            }
            Effect::Discover => {
                let known = || {
                    let known =
                        |database: &Database| Place { disabled: database.disabled, ..place(&database.name) };
                    self.model.databases.iter().map(known).collect()
                };
                let (places, failure) = self.found.clone().unwrap_or_else(|| (known(), None));
                Msg::Discovered { places, notices: Vec::new(), failure }
            }
            Effect::Probe { database } => {
                let said = self.said.get(&database).cloned().unwrap_or_else(said);
                let result = match &self.databases[&database] {
                    Ok(_) => Ok(said),
                    Err(Failure::NoTable) => Ok(Said { has_table: false, ..said }),
                    Err(failure) => Err(failure.clone()),
                };
                Msg::Probed { database, result }
            }
            Effect::OpenEnvironment { request, .. } => {
                Msg::EnvironmentOpened { request, result: self.closed.clone().map_or(Ok(()), Err) }
            }
            Effect::SwitchEnvironment { .. } => {
                self.switched = true;
                return;
            }
            Effect::LoadPage { request, database, search, page, columns } => {
                let rows = self.hits(&database, search, &page.order);
                let result = rows.map(|rows| cut(&database, &rows, &page, &columns));
                Msg::Page { request, database, result }
            }
            Effect::Rank { request, database, search, order, key } => {
                let rows = self.hits(&database, search, &order);
                let before = |row: &&Stored| compare(&order, &row.key(&order), &key).is_lt();
                let result = rows.map(|rows| rows.iter().filter(before).count() as u64);
                Msg::Rank { request, database, result }
            }
            Effect::Count { database } => {
                let result = self.ask(&database, |rows| rows.len() as u64);
                Msg::Count { database, result }
            }
            Effect::Fetch { request, database, instance_uuid } => {
                let find = |rows: &[Stored]| {
                    rows.iter().find(|row| row.uuid == instance_uuid).map(|row| row.spec.clone())
                };
                Msg::Fetched { request, result: self.ask(&database, find) }
            }
            Effect::Compare { request, own, other } => {
                Msg::Compared { request, comparison: Arc::new(Comparison::of(&own, &other)) }
            }
            Effect::FindPrefix { request, database, prefix, order, columns } => {
                let find = |rows: &[Stored]| {
                    let found = rows.iter().filter(|row| row.uuid.starts_with(&prefix));
                    found.map(|row| listed(&database, row, &order, &columns)).collect()
                };
                let result = self.ask(&database, find);
                Msg::PrefixFound { request, database, result }
            }
            Effect::StartSearch { search, database, query, .. } => {
                self.searches.insert(search, query);
                if self.searching.contains(&database) {
                    self.reach.insert(database, 0);
                    return;
                }
                match self.ask(&database, |_| ()) {
                    Ok(()) => {
                        let tally = self.reached(search, &database, true);
                        let remarks =
                            self.undecided.get(&database).map(|(_, why)| why.clone()).into_iter().collect();
                        Msg::SearchProgress { search, database, tally, remarks }
                    }
                    Err(failure) => Msg::SearchFailed { search, database, failure },
                }
            }
            Effect::StopSearch { search } => {
                self.searches.remove(&search);
                return;
            }
            Effect::Prepare { request, intent, force } => {
                Msg::Prepared { request, result: Box::new(self.plan(intent, force)) }
            }
            Effect::PlanMany { request, intent } => {
                if self.hold_many {
                    return;
                }
                Msg::PlannedMany { request, result: Box::new(self.plan_many(&intent)) }
            }
            Effect::ApplyMany { request, plan, .. } => {
                if self.hold_many {
                    return;
                }
                Msg::AppliedMany { request, outcome: Box::new(self.apply_many(plan.get())) }
            }
            Effect::PrepareUndo { request, change, again, .. } => {
                Msg::UndoPrepared { request, result: Box::new(self.take_back(change, again)) }
            }
            Effect::LoadHistory { request, before, filter, limit } => {
                Msg::History { request, result: self.history(before, &filter, limit) }
            }
            Effect::LoadChange { request, change, after, limit } => {
                Msg::HistoryEntries { request, result: self.entries(change, after, limit) }
            }
            Effect::Doctor { request } => {
                if self.hold_many {
                    return;
                }
                Msg::Doctor { request, report: Box::new(self.doctor.clone()), is_end: true }
            }
            Effect::DoctorSpecs { request, rule, purpose } => {
                let rows = (1..=40).map(|number| (api(), Arc::from(uuid(number)))).collect();
                Msg::DoctorSpecs { request, rule, purpose, rows, is_whole: true }
            }
            Effect::LookForUnfinished { request } => {
                Msg::Unfinished { request, result: Ok(self.unfinished.clone()) }
            }
            Effect::Recover { request, decisions } => {
                let recovered = |decision| Recovered { decision, result: Ok("it is done now".to_owned()) };
                Msg::Recovered { request, result: Ok(decisions.into_iter().map(recovered).collect()) }
            }
            Effect::StopMany { .. } => return,
            Effect::WritePlan { request, path, .. } | Effect::WriteBulkPlan { request, path, .. } => {
                let result = match path.ends_with("there.jsonl") {
                    true => Err(format!("{path}: there is a file of that name already")),
                    false => Ok(format!("the plan was written to {path}")),
                };
                Msg::PlanWritten { request, result }
            }
            Effect::Apply { request, plan, reason, undoing } => {
                self.journaled(plan.get(), reason, undoing);
                Msg::Applied { request, outcome: self.apply(plan.get()) }
            }
            Effect::OpenEditor { request, .. } => {
                Msg::Edited { request, result: Ok(self.edited.pop_front().flatten()) }
            }
            Effect::ReadFile { request, path } => {
                let result = if path == "spec.json" {
                    Ok(spec(500, "az1"))
                } else {
                    Err(format!("{path}: no such file"))
                };
                Msg::FileRead { request, result }
            }
            Effect::Quit => {
                self.quit = true;
                return;
            }
            Effect::Facet { request, databases, query, fields } => {
                let mut all = Counts::default();
                for database in databases {
                    let failure = match self.counts(&database, &query, &fields) {
                        Ok(counts) => {
                            all = together(all, counts);
                            None
                        }
                        Err(failure) => Some(failure),
                    };
                    let counts = Arc::new(all.clone());
                    self.answers.push_back(Msg::Facets { request, database, counts, failure });
                }
                return;
            }
            Effect::Sample { request, databases, subjects } => {
                for database in databases {
                    let samples = subjects.iter().map(|subject| self.sample(&database, subject)).collect();
                    self.answers.push_back(Msg::Sampled { request, database, samples });
                }
                return;
            }
            Effect::Export { request, databases, query, path, replace, .. } => {
                let rows = databases.iter().map(|database| self.counts(database, &query, &[]));
                let rows = rows.map(|counts| counts.map_or(0, |counts| counts.rows)).sum();
                let is_there = path.ends_with("there.csv") && !replace;
                let result = if is_there {
                    Err(format!("{path} is there already"))
                } else {
                    Ok(Written { rows, ..Written::default() })
                };
                Msg::Exported { request, result }
            }
            Effect::LoadQueries { request } => {
                let kept = self.kept.as_ref().unwrap_or(&self.model.settings.queries);
                Msg::Queries { request, result: Ok(kept.clone()) }
            }
            Effect::SaveQuery { name, text, replace } => {
                let mut kept = self.kept.iter().flatten();
                match kept.find(|(known, there)| *known == name && *there != text && !replace) {
                    Some((_, there)) => Msg::QueryExists { name, text, there: there.clone() },
                    None => return,
                }
            }
            Effect::DeleteQuery { .. }
            | Effect::SaveColumns { .. }
            | Effect::Remember(_)
            | Effect::StopFacet { .. }
            | Effect::Copy(_)
            | Effect::Suspend => return,
        };
        if asked.is_some_and(|asked| self.slow.contains(&asked)) {
            self.late.push_back(answer);
        } else {
            self.answers.push_back(answer);
        }
    }

    fn counts(&self, database: &DatabaseName, query: &Query, fields: &[Field]) -> Result<Counts, Failure> {
        let rows = self.ask(database, <[Stored]>::to_vec)?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.fulfils(query)).collect();
        let mut values = BTreeMap::new();
        for row in &rows {
            let key: Arc<[_]> = fields.iter().map(|field| row.value(field)).collect();
            *values.entry(key).or_insert(0) += 1;
        }
        let (rows, values) = (rows.len() as u64, values.into_iter().collect());
        Ok(Counts { rows, values, ..Counts::default() })
    }

    /// What there is to be offered; of families nothing but one key.
    fn sample(&self, database: &DatabaseName, subject: &Subject) -> Sample {
        let Subject::Values(field) = subject else {
            return Sample { texts: vec![("our:key".into(), 1)], is_whole: false };
        };
        let counts = self.counts(database, &Query::all(), std::slice::from_ref(field)).unwrap_or_default();
        let texts = counts.values.iter().filter_map(|(values, rows)| Some((values[0].clone()?, *rows)));
        Sample { texts: texts.collect(), is_whole: true }
    }

    fn plan(&mut self, intent: Intent, force: bool) -> Result<Plan, Refusal> {
        if let Some(refusal) = self.refusal.take_if(|_| !force) {
            return Err(refusal);
        }
        let text = |database: &DatabaseName, uuid: &str| -> Option<Arc<[u8]>> {
            let rows = self.databases[database].as_ref().ok()?;
            rows.iter().find(|row| &*row.uuid == uuid).map(|row| row.spec.clone())
        };
        let missing = || Refusal::NotFound("no such spec".to_owned());
        let operation = match intent {
            Intent::Save { database, instance_uuid, before, after } => {
                if before[..] == *after.as_bytes() {
                    return Err(Refusal::NothingToDo(
                        "nothing to save: it is as nova would store it".to_owned(),
                    ));
                }
                Operation::Save { database, instance_uuid, before, after }
            }
            Intent::Create { database, text, .. } => {
                Operation::Create { database, instance_uuid: Arc::from(uuid(500)), text }
            }
            Intent::Destroy { database, instance_uuid } => {
                let before = text(&database, &instance_uuid).ok_or_else(missing)?;
                Operation::Destroy { database, instance_uuid, before }
            }
            Intent::Copy { from, to, instance_uuid, replace } => {
                let there = text(&to, &instance_uuid);
                if let (Some(current), false) = (&there, replace) {
                    let reason = format!("{to} holds another spec of this instance");
                    return Err(Refusal::Conflict { reason, current: Some(current.clone()) });
                }
                let text = text(&from, &instance_uuid).ok_or_else(missing)?;
                Operation::Copy { from, to, instance_uuid, text, replaces: there }
            }
            Intent::Move { from, to, instance_uuid } => {
                let already_there = text(&to, &instance_uuid).is_some();
                let text = text(&from, &instance_uuid).ok_or_else(missing)?;
                Operation::Move { from, to, instance_uuid, text, already_there }
            }
        };
        let warning =
            Warning { severity: Severity::Warning, sentence: "nova reads the API database only.".to_owned() };
        let requirement = self.word.take().map_or(Requirement::Choose, Requirement::Type);
        Ok(Plan {
            environment: "demo".to_owned(),
            operations: vec![operation],
            warnings: vec![warning],
            requirement,
            ..Plan::default()
        })
    }

    fn apply(&mut self, plan: &Plan) -> Applied {
        if let Some(failure) = self.apply_failure.take() {
            return Applied { done: Vec::new(), failed: Some(failure) };
        }
        for operation in plan.operations.clone() {
            match operation {
                Operation::Save { database, instance_uuid, after, .. } => {
                    let row =
                        self.rows(&database).iter_mut().find(|row| row.uuid == instance_uuid).expect("there");
                    row.spec = Arc::from(after.as_bytes());
                    row.updated = "2026-11-22 11:58:00".to_owned();
                }
                Operation::Create { database, instance_uuid, text } => {
                    let spec = Arc::from(text.as_bytes());
                    let updated = "2026-11-22 11:58:00".to_owned();
                    self.rows(&database).push(Stored { id: 500, uuid: instance_uuid, spec, updated });
                }
                Operation::Destroy { database, instance_uuid, .. } => {
                    self.rows(&database).retain(|row| row.uuid != instance_uuid);
                }
                Operation::Copy { from, to, instance_uuid, .. } => {
                    let row =
                        self.rows(&from).iter().find(|row| row.uuid == instance_uuid).expect("there").clone();
                    self.rows(&to).retain(|row| row.uuid != instance_uuid);
                    self.rows(&to).push(row);
                }
                Operation::Move { from, to, instance_uuid, already_there, .. } => {
                    let row =
                        self.rows(&from).iter().find(|row| row.uuid == instance_uuid).expect("there").clone();
                    if !already_there {
                        self.rows(&to).push(row);
                    }
                    self.rows(&from).retain(|row| row.uuid != instance_uuid);
                }
            }
        }
        // A move tells its two steps.
        let steps = |operation: &Operation| 1 + usize::from(matches!(operation, Operation::Move { .. }));
        let done = plan.operations.iter().flat_map(|operation| {
            (0..steps(operation)).map(|step| format!("{}: step {step} done", operation.verb()))
        });
        let done = done.collect();
        Applied { done, failed: None }
    }

    pub fn buffer(&self, theme: Theme) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
        terminal.draw(|frame| view::draw(frame, &self.model, &theme)).expect("drawn");
        terminal.backend().buffer().clone()
    }

    /// The screen as text, then the styles of each line as runs: `columns foreground/background modifiers`.
    pub fn screen(&self) -> String {
        let buffer = self.buffer(Theme::default());
        let text = reqspec::tui::text(&buffer);
        let mut out = text;
        out.push_str("--- styles\n");
        for y in 0..buffer.area.height {
            let mut runs: Vec<(u16, u16, String)> = Vec::new();
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                let look = look(cell.fg, cell.bg, cell.modifier);
                match runs.last_mut() {
                    Some((_, end, last)) if *last == look => *end = x,
                    _ => runs.push((x, x, look)),
                }
            }
            let runs: Vec<_> = runs
                .into_iter()
                .filter(|(_, _, look)| !look.is_empty())
                .map(|(start, end, look)| format!("{start}-{end} {look}"))
                .collect();
            out.push_str(&format!("{y:>3}: {}\n", runs.join(", ")));
        }
        out
    }

    pub fn text(&self) -> String {
        reqspec::tui::text(&self.buffer(Theme::default()))
    }
}

fn look(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut out = String::new();
    if let Color::Indexed(index) = fg {
        out.push_str(&index.to_string());
    }
    if let Color::Indexed(index) = bg {
        out.push_str(&format!("/{index}"));
    }
    for (flag, letter) in
        [(Modifier::BOLD, 'b'), (Modifier::UNDERLINED, 'u'), (Modifier::REVERSED, 'r'), (Modifier::DIM, 'd')]
    {
        if modifier.contains(flag) {
            out.push(letter);
        }
    }
    out
}

fn named(name: &str) -> (KeyCode, KeyModifiers) {
    if let Some(character) = name.strip_prefix("Ctrl-") {
        return (KeyCode::Char(character.chars().next().expect("a character")), KeyModifiers::CONTROL);
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgDn" => KeyCode::PageDown,
        "PgUp" => KeyCode::PageUp,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Backspace" => KeyCode::Backspace,
        other => panic!("no key {other}"),
    };
    (code, KeyModifiers::NONE)
}

/// The most frequent values of both first.
fn together(one: Counts, other: Counts) -> Counts {
    let mut values = BTreeMap::new();
    for (key, rows) in one.values.into_iter().chain(other.values) {
        *values.entry(key).or_insert(0) += rows;
    }
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    Counts { rows: one.rows + other.rows, values, ..Counts::default() }
}
