//! All cells in one pane over real sessions, the one of a cell wrapped so that it answers when the
//! test says so, or not at all: the executor, the clock and the state machine together.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use reqspec::app::database::Place;
use reqspec::app::{Model, Msg, Setup, update};
use reqspec::deployment::{CellArgument, Deployment};
use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageKey, PageRequest, SortOrder};
use reqspec::store::{
    Access, Address, Cancel, CellName, DatabaseName, Engine, Hold, NewSpec, Probe, RowChange, RowVisitor,
    SpecStore, SqlValue, SqliteStore, StoreError, StoredSpec, TableState,
};
use reqspec::tui::Options;
use reqspec::tui::executor::Executor;
use reqspec::tui::theme::Theme;
use support::{Cloud, spec, uuid};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

const NOW: i64 = 1_795_348_800;

/// What a wrapped session does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Waits for another mood.
    Silent,
    /// Passes it on.
    Answers,
    /// Says that the database is away.
    Lost,
    /// Says so at the end of a pass.
    LostLate,
}

/// A session that answers when it is let.
struct Moody {
    inner: SqliteStore,
    mood: watch::Receiver<Mood>,
}

impl Moody {
    async fn let_in(&self) -> Result<&SqliteStore, StoreError> {
        let mut mood = self.mood.clone();
        let mood = *mood.wait_for(|mood| *mood != Mood::Silent).await.expect("the test lives");
        match mood {
            Mood::Lost => Err(self.lost()),
            _ => Ok(&self.inner),
        }
    }

    fn lost(&self) -> StoreError {
        StoreError::Unavailable {
            database: self.inner.name().clone(),
            location: Arc::from(self.inner.location()),
            reason: "the server is gone".to_owned(),
        }
    }
}

#[async_trait]
impl SpecStore for Moody {
    fn name(&self) -> &DatabaseName {
        self.inner.name()
    }
    fn location(&self) -> &str {
        self.inner.location()
    }
    fn identity(&self) -> String {
        self.inner.identity()
    }
    fn is_writable(&self) -> bool {
        self.inner.is_writable()
    }
    fn engine(&self) -> Engine {
        self.inner.engine()
    }
    async fn probe(&self) -> Result<Probe, StoreError> {
        self.let_in().await?.probe().await
    }
    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.let_in().await?.table_state().await
    }
    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        self.let_in().await?.page(request).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.let_in().await?.count().await
    }
    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        self.let_in().await?.rank(order, key).await
    }
    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        self.let_in().await?.get(instance_uuid).await
    }
    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        self.let_in().await?.get_many(instance_uuids).await
    }
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        self.let_in().await?.find_prefix(prefix, limit).await
    }
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        let rows = self.let_in().await?.scan(prefilter, visitor, cancel).await?;
        if *self.mood.borrow() == Mood::LostLate { Err(self.lost()) } else { Ok(rows) }
    }
    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        self.let_in().await?.create(row).await
    }
    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        self.let_in().await?.save(instance_uuid, before, after).await
    }
    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        self.let_in().await?.destroy(instance_uuid, before).await
    }
    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        self.let_in().await?.hold(instance_uuid, text).await
    }
    async fn change_many(&self, changes: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.let_in().await?.change_many(changes).await
    }
    async fn hold_many(
        &self,
        rows: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
        self.let_in().await?.hold_many(rows).await
    }
    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        self.let_in().await?.select(sql, parameters, limit).await
    }
}

struct Screen {
    model: Model,
    executor: Executor,
    inbox: mpsc::Receiver<Msg>,
}

impl Screen {
    fn send(&mut self, msg: Msg) {
        self.executor.run_all(update(&mut self.model, msg));
    }

    fn key(&mut self, character: char) {
        self.send(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
    }

    /// Until that is so; gives how long it took.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Duration {
        let began = Instant::now();
        while !is_so(self) {
            let msg = tokio::time::timeout(Duration::from_secs(10), self.inbox.recv()).await;
            let Ok(Some(msg)) = msg else { panic!("never {what}:\n{}", self.text()) };
            self.send(msg);
        }
        began.elapsed()
    }

    fn cells(&self) -> Vec<String> {
        let Some(pane) = self.model.panes.get(1) else { return Vec::new() };
        pane.list.visible().map(|(_, row)| row.database.to_string()).collect()
    }

    fn text(&self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(120, 36)).expect("a test terminal");
        let drawn = terminal.draw(|frame| reqspec::tui::view::draw(frame, &self.model, &Theme::default()));
        drawn.expect("drawn");
        reqspec::tui::text(terminal.backend().buffer())
    }
}

/// Five specs in c1, three in c2; the session with c2 is the moody one.
fn screen(cloud: &Cloud, mood: watch::Receiver<Mood>) -> Screen {
    for number in 1..=5 {
        cloud.put("c1", &uuid(number), spec(&uuid(number)).as_bytes());
    }
    for number in 6..=8 {
        cloud.put("c2", &uuid(number), spec(&uuid(number)).as_bytes());
    }
    let cell =
        |name: &str| CellArgument { name: CellName::new(name), url: Address::of_path(&cloud.path(name)) };
    let deployment = Deployment::new(Address::of_path(&cloud.path("api")), vec![cell("c1"), cell("c2")])
        .expect("a deployment");
    let places =
        deployment.entries().iter().map(|entry| Place::given(entry.name.clone(), &*entry.shown)).collect();
    let model = Model::new(Setup {
        environment: "test".to_owned(),
        colour: None,
        environments: Vec::new(),
        settings: reqspec::app::settings::Settings::default(),
        notices: Vec::new(),
        databases: places,
        writing: false,
        read_only: None,
        size: (120, 36),
        now: NOW,
    });
    let (sender, inbox) = mpsc::channel(256);
    let executor = Executor::new(Some(deployment), &Options::default(), sender);
    let inner = SqliteStore::open(DatabaseName::cell("c2"), &cloud.path("c2"), Access::ReadOnly).expect("c2");
    executor.adopt(Arc::new(Moody { inner, mood })).expect("one of its databases");
    let mut screen = Screen { model, executor, inbox };
    screen.send(Msg::Start);
    screen
}

#[tokio::test]
async fn a_cell_that_keeps_silent_delays_nothing_and_comes_in_later() {
    let cloud = Cloud::new();
    let (mood, watched) = watch::channel(Mood::Silent);
    let mut screen = screen(&cloud, watched);
    screen.until("the first rows", |screen| screen.cells() == ["c1"; 5]).await;
    screen.key('a');
    let took = screen.until("the rows of c1", |screen| screen.cells() == ["c1"; 5]).await;
    assert!(took < Duration::from_secs(3), "{took:?}: a timeout was waited for");
    let text = screen.text();
    assert!(text.contains("1 of 2; c2 is not answering"), "{text}");
    screen.send(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    screen.key('j');
    let selected = |screen: &Screen| screen.model.selection.as_ref().map(|one| one.instance_uuid.to_string());
    assert_eq!(selected(&screen), Some(uuid(2)));
    mood.send_replace(Mood::Answers);
    screen.until("all rows", |screen| screen.cells().len() == 8).await;
    assert_eq!(screen.cells(), ["c1", "c2", "c1", "c2", "c1", "c2", "c1", "c1"]);
    assert_eq!(selected(&screen), Some(uuid(2)), "the cursor stays on its row");
    assert!(screen.text().contains("all cells · 2"), "{}", screen.text());
}

#[tokio::test]
async fn a_cell_that_was_lost_comes_back_by_itself() {
    let cloud = Cloud::new();
    let (_mood, watched) = watch::channel(Mood::Lost);
    let mut screen = screen(&cloud, watched);
    let away = cloud.scratch.path("away");
    std::fs::rename(cloud.path("c2"), &away).expect("renamed");
    screen.key('a');
    screen.until("the rows of c1", |screen| screen.cells() == ["c1"; 5]).await;
    screen.until("the news", |screen| screen.text().contains("1 of 2; c2 is down")).await;
    // The lost session is forgotten; the next sign of life asks a new one.
    std::fs::rename(&away, cloud.path("c2")).expect("renamed");
    screen.send(Msg::Tick(NOW + 5));
    screen.until("all rows", |screen| screen.cells().len() == 8).await;
    assert!(screen.text().contains("all cells · 2"), "{}", screen.text());
}

#[tokio::test]
async fn cells_that_all_answer_are_not_waited_for() {
    let cloud = Cloud::new();
    let (_mood, watched) = watch::channel(Mood::Answers);
    let mut screen = screen(&cloud, watched);
    screen.key('a');
    screen.until("all rows", |screen| screen.cells().len() == 8).await;
    assert!(!screen.text().contains("not answering"), "{}", screen.text());
}

#[tokio::test]
async fn what_was_counted_of_a_cell_that_is_lost_is_shown() {
    let cloud = Cloud::new();
    let (_mood, watched) = watch::channel(Mood::LostLate);
    let mut screen = screen(&cloud, watched);
    screen.key('a');
    screen.until("all rows", |screen| screen.cells().len() == 8).await;
    screen.send(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    ":facet az".chars().for_each(|character| screen.key(character));
    screen.send(Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let counted = |screen: &Screen| screen.text().contains("not all of c2 is counted");
    screen.until("the gap", counted).await;
    screen.until("both cells", |screen| screen.text().contains("in 8 rows")).await;
    assert!(screen.text().contains("the server is gone"), "{}", screen.text());
}
