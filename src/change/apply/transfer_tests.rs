//! Changes whose answers get lost, that others keep from being decided, or that others undo: with
//! stores over SQLite that fail as they are told to.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::{Answer, Confirmation, Requirement};
use crate::query::prefilter::Prefilter;
use crate::query::{PageKey, PageRequest, SortOrder};
use crate::store::{
    Access, Cancel, Engine, Hold, Probe, RowChange, RowVisitor, SqlValue, SqliteStore, TableState,
};

const ID: &str = "00000001-0000-4000-8000-000000000000";
const TABLE: &str = include_str!("../../../migrations/cell/sqlite/0001_request_specs.sql");

/// What a request of a store meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is done, and its answer lost.
    LostAfter,
    /// It is not done, and its answer lost.
    LostBefore,
    /// Others keep it from being decided.
    Contended,
    /// The database does not answer.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Get,
    Create,
    Save,
    Destroy,
    Hold,
    GetMany,
    ChangeMany,
    HoldMany,
}

/// A store whose requests meet what was told, in turn; then nothing.
pub(super) struct Faulty {
    pub inner: SqliteStore,
    pub faults: Mutex<VecDeque<(Request, Fault)>>,
}

impl Faulty {
    fn error(&self, fault: Fault) -> StoreError {
        let (database, operation) = (self.inner.name().clone(), format!("writing the spec of {ID}"));
        let reason = "the server went away".to_owned();
        match fault {
            Fault::LostAfter | Fault::LostBefore => StoreError::Uncertain { database, operation, reason },
            Fault::Contended => StoreError::Contended { database, operation, attempts: 5, reason },
            Fault::Dead => {
                StoreError::Unavailable { database, location: "mysql://nova:***@db/nova".into(), reason }
            }
        }
    }

    /// What the next request of that kind meets, if it is its turn.
    fn next(&self, request: Request) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        match faults.front() {
            Some((next, fault)) if *next == request => {
                let fault = *fault;
                faults.pop_front();
                Some(fault)
            }
            _ => None,
        }
    }

    /// The request's own end, unless it meets something.
    fn met<T>(
        &self,
        fault: Option<Fault>,
        done: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match fault {
            None => done(),
            Some(Fault::LostAfter) => done().and_then(|_| Err(self.error(Fault::LostAfter))),
            Some(fault) => Err(self.error(fault)),
        }
    }
}

impl Faulty {
    /// The same of a request beside which others go on.
    async fn meets<T>(
        &self,
        request: Request,
        done: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self.next(request) {
            None => done.await,
            Some(Fault::LostAfter) => done.await.and_then(|_| Err(self.error(Fault::LostAfter))),
            Some(fault) => Err(self.error(fault)),
        }
    }
}

/// Waits for it on a thread of its own, as a server would work.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(|| tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future))
            .join()
            .unwrap()
    })
}

#[async_trait]
impl SpecStore for Faulty {
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
        self.inner.probe().await
    }
    async fn table_state(&self) -> Result<TableState, StoreError> {
        self.inner.table_state().await
    }
    async fn page(&self, request: PageRequest) -> Result<Vec<StoredSpec>, StoreError> {
        self.inner.page(request).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.inner.count().await
    }
    async fn rank(&self, order: SortOrder, key: PageKey) -> Result<u64, StoreError> {
        self.inner.rank(order, key).await
    }
    async fn get(&self, instance_uuid: &str) -> Result<Option<StoredSpec>, StoreError> {
        self.met(self.next(Request::Get), || wait(self.inner.get(instance_uuid)))
    }
    async fn get_many(&self, instance_uuids: &[Arc<str>]) -> Result<Vec<StoredSpec>, StoreError> {
        self.meets(Request::GetMany, self.inner.get_many(instance_uuids)).await
    }
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<StoredSpec>, StoreError> {
        self.inner.find_prefix(prefix, limit).await
    }
    async fn scan(
        &self,
        prefilter: &Prefilter,
        visitor: Arc<dyn RowVisitor>,
        cancel: Cancel,
    ) -> Result<u64, StoreError> {
        self.inner.scan(prefilter, visitor, cancel).await
    }
    async fn create(&self, row: NewSpec) -> Result<StoredSpec, StoreError> {
        self.met(self.next(Request::Create), || wait(self.inner.create(row)))
    }
    async fn save(&self, instance_uuid: &str, before: &[u8], after: &str) -> Result<StoredSpec, StoreError> {
        self.met(self.next(Request::Save), || wait(self.inner.save(instance_uuid, before, after)))
    }
    async fn destroy(&self, instance_uuid: &str, before: &[u8]) -> Result<(), StoreError> {
        self.met(self.next(Request::Destroy), || wait(self.inner.destroy(instance_uuid, before)))
    }
    async fn change_many(&self, changes: &[RowChange]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.meets(Request::ChangeMany, self.inner.change_many(changes)).await
    }
    async fn hold(&self, instance_uuid: &str, text: &[u8]) -> Result<Hold, StoreError> {
        self.met(self.next(Request::Hold), || wait(self.inner.hold(instance_uuid, text)))
    }
    async fn hold_many(
        &self,
        rows: &[(Arc<str>, Arc<[u8]>)],
    ) -> Result<(Hold, Vec<Result<(), StoreError>>), StoreError> {
        self.meets(Request::HoldMany, self.inner.hold_many(rows)).await
    }
    async fn select(
        &self,
        sql: &str,
        parameters: &[SqlValue],
        limit: u32,
    ) -> Result<Vec<Vec<SqlValue>>, StoreError> {
        self.inner.select(sql, parameters, limit).await
    }
}

/// An API database that holds "old", a cell's that holds nothing, and what requests of each meet.
struct Pair(TempDir);

impl Pair {
    fn new() -> Self {
        let pair = Self(tempfile::tempdir().unwrap());
        for name in ["api", "c1"] {
            pair.sql(name, TABLE);
        }
        pair.sql("api", &format!("INSERT INTO request_specs VALUES ('then', 'later', NULL, '{ID}', 'old')"));
        pair
    }

    fn directory(&self) -> &Path {
        self.0.path()
    }

    fn sql(&self, name: &str, sql: &str) {
        Connection::open(self.directory().join(name)).unwrap().execute_batch(sql).unwrap();
    }

    /// The texts in the API database and in the cell's.
    fn texts(&self) -> [Option<String>; 2] {
        ["api", "c1"].map(|name| {
            let connection = Connection::open(self.directory().join(name)).unwrap();
            connection.query_row("SELECT spec FROM request_specs", [], |row| row.get(0)).ok()
        })
    }

    fn apply(
        &self,
        operation: Operation,
        faults: [&[(Request, Fault)]; 2],
        reached: &(dyn Fn(Stage) + Sync),
    ) -> Outcome {
        let stores: Stores = [DatabaseName::Api, DatabaseName::cell("c1")]
            .into_iter()
            .zip(faults)
            .map(|(name, faults)| {
                let path = self.directory().join(name.to_string());
                let inner = SqliteStore::open(name, &path, Access::ReadWrite).unwrap();
                let faults = Mutex::new(faults.iter().copied().collect());
                Arc::new(Faulty { inner, faults }) as Arc<dyn SpecStore>
            })
            .collect();
        let plan = Plan {
            environment: "test".into(),
            operations: vec![operation],
            warnings: Vec::new(),
            requirement: Requirement::Choose,
            ..Plan::default()
        };
        let confirmed = Confirmation::new(plan).answer(&Answer::CommandLine { force: false }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(apply_staged(&stores, &super::tests::record(), confirmed, reached))
    }

    fn transfer(&self, api: &[(Request, Fault)], cell: &[(Request, Fault)]) -> Outcome {
        let operation = Operation::Move {
            from: DatabaseName::Api,
            to: DatabaseName::cell("c1"),
            instance_uuid: ID.into(),
            text: Arc::from(&b"old"[..]),
            already_there: self.texts()[1].is_some(),
        };
        self.apply(operation, [api, cell], &|_| {})
    }
}

fn save() -> Operation {
    Operation::Save {
        database: DatabaseName::Api,
        instance_uuid: ID.into(),
        before: Arc::from(&b"old"[..]),
        after: "new".into(),
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn uncertain(outcome: &Outcome) -> &str {
    match &outcome.failed {
        Some(ApplyError::Uncertain(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn failed(outcome: &Outcome) -> &str {
    match &outcome.failed {
        Some(ApplyError::Failed(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn contended(outcome: &Outcome) -> &str {
    match &outcome.failed {
        Some(ApplyError::Contended(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

use Fault::{Contended, Dead, LostAfter, LostBefore};

#[test]
fn an_insertion_whose_answer_was_lost_is_looked_for_and_the_move_goes_on() {
    let pair = Pair::new();
    let outcome = pair.transfer(&[], &[(Request::Create, LostAfter)]);
    assert_eq!((outcome.failed, outcome.done.len()), (None, 2));
    assert_eq!(pair.texts(), [None, text("old")]);
}

#[test]
fn an_insertion_that_was_not_made_is_made_by_moving_again() {
    let pair = Pair::new();
    let outcome = pair.transfer(&[], &[(Request::Create, LostBefore)]);
    // A commit that is still under way would not be seen, and there is no row whose lock would tell.
    let reason = uncertain(&outcome);
    assert!(reason.contains("it is still in api: move it again once c1 answers"), "{reason}");
    assert_eq!(pair.texts(), [text("old"), None]);
    assert_eq!(pair.transfer(&[], &[]).failed, None);
}

#[test]
fn an_insertion_of_which_nothing_can_be_learned_is_finished_by_moving_again() {
    for lost in [LostAfter, LostBefore] {
        let pair = Pair::new();
        let outcome = pair.transfer(&[], &[(Request::Create, lost), (Request::Get, Dead)]);
        let reason = uncertain(&outcome);
        assert!(reason.contains("it is still in api: move it again once c1 answers"), "{reason}");
        assert_eq!(outcome.done, []);
        assert_eq!(pair.texts()[0], text("old"));
        assert_eq!(pair.transfer(&[], &[]).failed, None);
        assert_eq!(pair.texts(), [None, text("old")]);
    }
}

#[test]
fn a_deletion_whose_answer_was_lost_is_looked_after() {
    let pair = Pair::new();
    let outcome = pair.transfer(&[(Request::Destroy, LostAfter)], &[]);
    assert_eq!((outcome.failed, outcome.done.len()), (None, 2));
    assert_eq!(pair.texts(), [None, text("old")]);

    let pair = Pair::new();
    let outcome = pair.transfer(&[(Request::Destroy, LostBefore)], &[]);
    let reason = failed(&outcome);
    assert!(reason.contains("stands in c1, but its row in api was not deleted; move it again"), "{reason}");
    assert_eq!(pair.texts(), [text("old"), text("old")]);
    assert_eq!(pair.transfer(&[], &[]).failed, None);
    assert_eq!(pair.texts(), [None, text("old")]);
}

#[test]
fn a_deletion_of_which_nothing_can_be_learned_says_where_the_spec_certainly_is() {
    for lost in [LostAfter, LostBefore] {
        let pair = Pair::new();
        // The first look is the one at the source's row, before anything is done.
        let outcome = pair.transfer(&[(Request::Destroy, lost), (Request::Get, Dead)], &[]);
        let reason = uncertain(&outcome);
        assert!(reason.contains(&format!("The spec of {ID} is in c1")), "{reason}");
        assert!(reason.ends_with("move it again once api answers"), "{reason}");
        assert_eq!(pair.texts()[1], text("old"));
    }
}

#[test]
fn others_in_the_way_are_a_conflict_to_be_tried_again() {
    let pair = Pair::new();
    let outcome = pair.transfer(&[], &[(Request::Create, Contended)]);
    assert!(contended(&outcome).ends_with("was not moved and is still in api"), "{outcome:?}");
    assert_eq!(pair.texts(), [text("old"), None]);
    for (api, cell) in [(&[(Request::Destroy, Contended)][..], &[][..]), (&[], &[(Request::Hold, Contended)])]
    {
        let pair = Pair::new();
        let outcome = pair.transfer(api, cell);
        let reason = contended(&outcome);
        assert!(reason.contains("move it again to finish"), "{reason}");
        assert!(!reason.contains("nothing was written"), "{reason}");
        assert_eq!(pair.texts(), [text("old"), text("old")]);
    }
    let pair = Pair::new();
    let outcome = pair.apply(save(), [&[(Request::Save, Contended)], &[]], &|_| {});
    assert!(contended(&outcome).ends_with("nothing was written, try again"), "{outcome:?}");
}

#[test]
fn a_copy_that_is_gone_after_the_source_was_deleted_brings_the_spec_back() {
    let pair = Pair::new();
    let operation = Operation::Move {
        from: DatabaseName::Api,
        to: DatabaseName::cell("c1"),
        instance_uuid: ID.into(),
        text: Arc::from(&b"old"[..]),
        already_there: false,
    };
    let outcome = pair.apply(operation, [&[], &[]], &|stage| {
        if stage == Stage::Deleted {
            pair.sql("c1", "DELETE FROM request_specs");
        }
    });
    let Some(ApplyError::Conflict { reason, current }) = &outcome.failed else { panic!("{outcome:?}") };
    assert!(reason.ends_with("It was put back and is in api"), "{reason}");
    assert_eq!(current.as_deref(), Some(&b"old"[..]));
    assert_eq!(outcome.done.last().unwrap().sentence, format!("Put the spec of {ID} back into api."));
    assert_eq!(pair.texts(), [text("old"), None]);
    let times: (String, String) = Connection::open(pair.directory().join("api"))
        .unwrap()
        .query_row("SELECT created_at, updated_at FROM request_specs", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(times, ("then".to_owned(), "later".to_owned()));
}

#[test]
fn a_text_that_cannot_be_put_back_is_not_lost() {
    for fault in [Dead, LostBefore] {
        let pair = Pair::new();
        let operation = Operation::Move {
            from: DatabaseName::Api,
            to: DatabaseName::cell("c1"),
            instance_uuid: ID.into(),
            text: Arc::from(&b"old"[..]),
            already_there: false,
        };
        let outcome = pair.apply(operation, [&[(Request::Create, fault)], &[]], &|stage| {
            if stage == Stage::Deleted {
                pair.sql("c1", "DELETE FROM request_specs");
            }
        });
        let reason = failed(&outcome);
        let (_, rest) = reason.split_once("its text is kept in ").expect("a file");
        let (path, rest) = rest.split_once(": ").expect("and what to do");
        assert_eq!(std::fs::read(path).unwrap(), b"old");
        std::fs::remove_file(path).unwrap();
        assert_eq!(rest, format!("`reqspec create {path} --instance-uuid {ID}` stores it again"));
    }
}

#[test]
fn a_destination_that_dies_after_the_source_was_deleted_is_said() {
    let pair = Pair::new();
    let outcome = pair.transfer(&[], &[(Request::Get, Dead)]);
    let reason = uncertain(&outcome);
    assert!(reason.starts_with("c1: mysql://nova:***@db/nova"), "{reason}");
    assert!(reason.ends_with("look at it once c1 answers"), "{reason}");
    assert_eq!(pair.texts(), [None, text("old")]);
}

#[test]
fn a_save_whose_answer_was_lost_is_looked_after() {
    let pair = Pair::new();
    let outcome = pair.apply(save(), [&[(Request::Save, LostAfter)], &[]], &|_| {});
    assert_eq!((outcome.failed, outcome.done.len()), (None, 1));
    assert_eq!(pair.texts()[0], text("new"));

    let pair = Pair::new();
    let outcome = pair.apply(save(), [&[(Request::Save, LostBefore)], &[]], &|_| {});
    assert!(failed(&outcome).ends_with(&format!("The spec of {ID} in api was not changed")), "{outcome:?}");
    assert_eq!(pair.texts()[0], text("old"));

    let pair = Pair::new();
    let faults = [(Request::Save, LostAfter), (Request::Get, Dead)];
    let outcome = pair.apply(save(), [&faults, &[]], &|_| {});
    let reason = uncertain(&outcome);
    assert!(reason.contains("either the text before or the new one") && reason.contains(ID), "{reason}");

    let pair = Pair::new();
    let outcome = pair.apply(save(), [&[(Request::Save, Dead)], &[]], &|_| {});
    let reason = failed(&outcome);
    assert!(
        reason.starts_with("api: mysql://nova:***@db/nova: the server went away. The spec of"),
        "{reason}"
    );
}

#[test]
fn creations_and_deletions_whose_answers_were_lost_are_looked_after() {
    let destroy = || Operation::Destroy {
        database: DatabaseName::Api,
        instance_uuid: ID.into(),
        before: Arc::from(&b"old"[..]),
    };
    let create = || Operation::Create {
        database: DatabaseName::cell("c1"),
        instance_uuid: ID.into(),
        text: "new".into(),
    };
    let pair = Pair::new();
    assert_eq!(pair.apply(destroy(), [&[(Request::Destroy, LostAfter)], &[]], &|_| {}).failed, None);
    assert_eq!(pair.apply(create(), [&[], &[(Request::Create, LostAfter)]], &|_| {}).failed, None);
    assert_eq!(pair.texts(), [None, text("new")]);

    let pair = Pair::new();
    let outcome = pair.apply(destroy(), [&[(Request::Destroy, LostBefore)], &[]], &|_| {});
    assert!(failed(&outcome).ends_with("in api was not deleted"), "{outcome:?}");
    let outcome = pair.apply(create(), [&[], &[(Request::Create, LostBefore)]], &|_| {});
    assert!(uncertain(&outcome).contains("one whose commit is under way would not be seen"), "{outcome:?}");
    let faults = [(Request::Destroy, LostBefore), (Request::Get, Dead)];
    let outcome = pair.apply(destroy(), [&faults, &[]], &|_| {});
    assert!(uncertain(&outcome).ends_with("delete it again if it is there"), "{outcome:?}");
    assert_eq!(pair.texts(), [text("old"), None]);
}
