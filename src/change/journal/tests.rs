//! The journal as a file: what is written is read again; what cannot be written is refused and left.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use rstest::rstest;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::change::{DatabaseName, Operation};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/reqspec/journal.sqlite");
    (folder, path)
}

fn header(title: &str) -> Header {
    Header {
        kind: Kind::Repair("unpin-zone".into()),
        title: title.into(),
        who: Who { operator: "alice\u{1b}[31m".into(), host: "ops1".into() },
        environment: "prod".into(),
        databases: vec![(DatabaseName::cell("cell1"), "sqlite 1:2".into()), (DatabaseName::Api, "x".into())],
        reason: Some("ticket 7\n\u{202e}".into()),
        undoes: None,
        total: 5,
        plan_file: Some("retire-az3.plan".into()),
    }
}

fn uuid(number: u32) -> Arc<str> {
    format!("{number:08x}-0000-4000-8000-000000000000").into()
}

/// One of each kind.
fn operations() -> Vec<Operation> {
    let (api, cell) = (DatabaseName::Api, DatabaseName::cell("cell1"));
    let bytes = |text: &[u8]| Arc::<[u8]>::from(text);
    vec![
        Operation::Save {
            database: api.clone(),
            instance_uuid: uuid(1),
            before: bytes(b"{\"zone\": \"\xff\"}"),
            after: "{\"zone\": null}".into(),
        },
        Operation::Create { database: cell.clone(), instance_uuid: uuid(2), text: "new ü".into() },
        Operation::Destroy { database: cell.clone(), instance_uuid: uuid(3), before: bytes(b"\xfe old") },
        Operation::Copy {
            from: api.clone(),
            to: cell.clone(),
            instance_uuid: uuid(4),
            text: bytes(b"copy"),
            replaces: Some(bytes(b"other")),
        },
        Operation::Move {
            from: api,
            to: cell,
            instance_uuid: uuid(5),
            text: bytes(b"moved"),
            already_there: true,
        },
    ]
}

fn entry(operation: Operation) -> Entry {
    Entry { operation, created_at: Some("then".into()), updated_at: None }
}

#[test]
fn what_is_written_is_read_by_another_process() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    block_on(async {
        let entries = operations().into_iter().map(entry).collect();
        let change = journal.begin(header("a change")).await.unwrap();
        let ids = journal.write_ahead(change, entries).await.unwrap();
        // From another connection, while the first is open.
        let other = Journal::open(&path).unwrap();
        let read = other.entries(change, None, 100).await.unwrap();
        assert_eq!(read.iter().map(|row| row.operation.clone()).collect::<Vec<_>>(), operations());
        assert!(
            read.iter().all(|row| row.state == State::Written && row.created_at.as_deref() == Some("then"))
        );
        assert_eq!(read.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let row = other.change(change).await.unwrap().unwrap();
        let expected = header("a change");
        assert_eq!((row.who, row.reason, row.kind), (expected.who, expected.reason, expected.kind));
        assert_eq!(
            row.databases,
            [(DatabaseName::Api, "x".into()), (DatabaseName::cell("cell1"), "sqlite 1:2".into())]
        );
        assert_eq!((row.plan_file, row.total, row.finished_at), (expected.plan_file, 5, None));
        assert!(row.is_running && !row.is_interrupted);

        journal.step(vec![ids[4]], Step::Verified).await.unwrap();
        let end = |at: usize, state| (ids[at], state, format!("so {at}"));
        journal
            .settle(vec![end(0, State::Done), end(1, State::Done), end(2, State::Conflict)])
            .await
            .unwrap();
        journal.finish(change).await.unwrap();
        let row = other.change(change).await.unwrap().unwrap();
        assert_eq!(row.finished_at, None, "a change was ended of which two operations have no end");
        assert!(row.is_interrupted);
        assert_eq!(row.open(), 2);
        journal.settle_and_finish(change, vec![end(3, State::Done), end(4, State::Withdrawn)]).await.unwrap();
        let row = other.change(change).await.unwrap().unwrap();
        assert!(row.finished_at.is_some() && !row.is_interrupted && !row.is_running);
        assert_eq!(
            (row.count(State::Done), row.count(State::Conflict), row.count(State::Withdrawn)),
            (3, 1, 1)
        );
        let last = other.entries(change, Some(ids[3]), 100).await.unwrap();
        assert_eq!((last[0].state, last[0].step, &*last[0].said), (State::Withdrawn, Step::Verified, "so 4"));
    });
}

#[test]
fn it_is_its_owners_alone() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    let change = block_on(journal.begin(header("x"))).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&file::owners_of(&path).unwrap()), 0o700);
    for entry in fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        }
    }
    assert_eq!(fs::read_dir(file::owners_of(&path).unwrap()).unwrap().count(), 1);
    block_on(journal.finish(change)).unwrap();
    assert_eq!(
        fs::read_dir(file::owners_of(&path).unwrap()).unwrap().count(),
        0,
        "the lock of an ended change stays"
    );
}

#[test]
fn reading_makes_no_journal() {
    let (folder, path) = folder();
    assert!(Journal::open_to_read(&path).unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    block_on(async {
        let written = Journal::open(&path).unwrap();
        written.begin(header("seen")).await.unwrap();
        let read = Journal::open_to_read(&path).unwrap().unwrap();
        assert_eq!(read.changes(None, "", 10).await.unwrap().len(), 1);
        assert!(read.begin(header("not written")).await.is_err());
    });
}

/// What stands where the journal should be, and what is said of it.
#[rstest]
#[case::no_database("no database", "not an SQLite database")]
#[case::another_program("CREATE TABLE t (x)", "another program's database")]
#[case::another_version(
    "PRAGMA application_id = 0x72657173; PRAGMA user_version = 9; CREATE TABLE t (x)",
    "a newer reqspec (format 9, this one knows 1)"
)]
#[case::marked_otherwise("PRAGMA application_id = 77", "another program's database")]
fn what_is_no_journal_of_ours_is_left_as_it_is(#[case] content: &str, #[case] expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    if content == "no database" {
        fs::write(&path, "this is a letter, of more than a hundred bytes. ".repeat(40)).unwrap();
    } else {
        Connection::open(&path).unwrap().execute_batch(content).unwrap();
    }
    let before = fs::read(&path).unwrap();
    for error in [Journal::open(&path).unwrap_err(), Journal::open_to_read(&path).unwrap_err()] {
        let said = error.to_string();
        assert!(said.contains(expected) && said.contains("--journal"), "{said}");
        assert!(said.contains(&path.display().to_string()), "{said}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_journal_is_refused() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    block_on(async {
        for _ in 0..50 {
            let entries = operations().into_iter().map(entry).collect();
            journal.begin_with(header("x"), entries).await.unwrap();
        }
    });
    drop(journal);
    // The thread closes the file on its own time.
    let until = Instant::now() + file::PATIENCE;
    while path.with_extension("sqlite-wal").exists() && Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let mut bytes = fs::read(&path).unwrap();
    let (length, middle) = (bytes.len(), bytes.len() / 2);
    bytes[8192..middle].fill(0x5a);
    bytes.truncate(length - 8192);
    fs::write(&path, bytes).unwrap();
    let said = match Journal::open(&path) {
        Err(error) => error.to_string(),
        Ok(journal) => block_on(journal.begin(header("y"))).unwrap_err().to_string(),
    };
    assert!(said.contains("it is damaged") && said.contains("move it away"), "{said}");
}

#[test]
fn a_read_only_journal_and_places_that_cannot_be_are_refused() {
    let (folder, path) = folder();
    drop(Journal::open(&path).unwrap());
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    let said = Journal::open(&path).unwrap_err().to_string();
    assert!(said.contains("it is read-only") && said.contains("--journal"), "{said}");

    let said = Journal::open(folder.path()).unwrap_err().to_string();
    assert!(said.contains("it is not a file"), "{said}");

    fs::write(folder.path().join("file"), "x").unwrap();
    let said = Journal::open(&folder.path().join("file/below/journal.sqlite")).unwrap_err().to_string();
    assert!(said.contains("cannot be made or opened"), "{said}");
    let said = Journal::open(Path::new("/proc/none/journal.sqlite")).unwrap_err().to_string();
    assert!(said.contains("cannot be made or opened"), "{said}");
}

#[test]
fn a_locked_journal_is_waited_for_and_refused() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let said = block_on(journal.begin(header("x"))).unwrap_err().to_string();
    assert!(began.elapsed() >= file::PATIENCE, "{:?}", began.elapsed());
    assert!(said.contains("another program keeps it locked") && said.contains("try again"), "{said}");
    other.execute_batch("ROLLBACK").unwrap();
    block_on(journal.begin(header("x"))).unwrap();
}

#[test]
fn a_full_journal_takes_nothing_of_a_batch() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    block_on(async {
        let change = journal.begin(header("x")).await.unwrap();
        let full = |desk: &mut desk::Desk| {
            let pages: i64 = desk.connection().query_row("PRAGMA page_count", [], |row| row.get(0))?;
            desk.connection().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        };
        journal.clerk.ask("filling it", full).await.unwrap();
        let large = Operation::Create {
            database: DatabaseName::Api,
            instance_uuid: uuid(1),
            text: "x".repeat(100_000).into(),
        };
        let entries = operations().into_iter().chain([large]).map(entry).collect();
        let said = journal.write_ahead(change, entries).await.unwrap_err().to_string();
        assert!(said.contains("no space left") && said.contains("free some"), "{said}");
        assert_eq!(journal.entries(change, None, 10).await.unwrap(), []);
    });
}

#[test]
fn several_write_at_once() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                // Each makes the file, or finds it half made.
                let journal = Journal::open(path).unwrap();
                block_on(async {
                    for _ in 0..20 {
                        let entries = operations().into_iter().map(entry).collect();
                        let (change, ids) =
                            journal.begin_with(header(&format!("of {thread}")), entries).await.unwrap();
                        let results = ids.iter().map(|id| (*id, State::Done, String::new())).collect();
                        journal.settle_and_finish(change, results).await.unwrap();
                    }
                });
            });
        }
    });
    let journal = Journal::open(&path).unwrap();
    let changes = block_on(journal.changes(None, "", 1000)).unwrap();
    assert_eq!(changes.len(), 80);
    assert!(changes.iter().all(|change| change.count(State::Done) == 5 && change.finished_at.is_some()));
    assert!(changes.windows(2).all(|pair| pair[0].id > pair[1].id));
}

#[test]
fn a_change_is_its_owners_until_that_is_gone() {
    let (_folder, path) = folder();
    let (mine, yours) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
    block_on(async {
        let entries = operations().into_iter().map(entry).collect();
        let (change, _) = mine.begin_with(header("x"), entries).await.unwrap();
        let running = mine.running(change);
        for journal in [&mine, &yours] {
            assert_eq!(journal.unfinished().await.unwrap(), []);
            assert!(journal.take(change).await.unwrap().is_none());
        }
        drop(running);
        for journal in [&mine, &yours] {
            assert_eq!(journal.unfinished().await.unwrap().len(), 1);
        }
        let taken = yours.take(change).await.unwrap().unwrap();
        assert!(mine.take(change).await.unwrap().is_none(), "two recover the same change");
        assert_eq!(mine.unfinished().await.unwrap(), []);
        drop(taken);
        let _taken = mine.take(change).await.unwrap().unwrap();
        let open = mine.open_entries(change, None, 100).await.unwrap();
        let results = open.iter().map(|entry| (entry.id, State::NotDone, String::new())).collect();
        mine.settle_and_finish(change, results).await.unwrap();
        assert!(yours.take(change).await.unwrap().is_none(), "a change that has an end is taken over");
        assert_eq!(fs::read_dir(file::owners_of(&path).unwrap()).unwrap().count(), 0);
    });
}

#[test]
fn the_change_of_a_process_that_lives_is_its_own_by_whatever_name_the_journal_is_opened() {
    let (folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    let link = folder.path().join("by-link.sqlite");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = folder.path().join("linked");
    std::os::unix::fs::symlink(path.parent().unwrap(), &linked).unwrap();
    block_on(async {
        let entries = operations().into_iter().map(entry).collect();
        let (change, _) = journal.begin_with(header("x"), entries).await.unwrap();
        for name in [link, linked.join("journal.sqlite")] {
            for other in [Journal::open(&name).unwrap(), Journal::open_to_read(&name).unwrap().unwrap()] {
                assert_eq!(other.unfinished().await.unwrap(), [], "{}", name.display());
                assert!(other.change(change).await.unwrap().unwrap().is_running);
                assert!(other.take(change).await.unwrap().is_none());
            }
        }
    });
}

/// What is done to a journal that is open.
#[rstest]
#[case::deleted(|path: &Path| fs::remove_file(path).unwrap())]
#[case::moved(|path: &Path| fs::rename(path, path.with_extension("old")).unwrap())]
#[case::moved_with_its_folder(|path: &Path| {
    let folder = path.parent().unwrap();
    fs::rename(folder, folder.with_extension("old")).unwrap();
})]
#[case::replaced(|path: &Path| {
    fs::rename(path, path.with_extension("old")).unwrap();
    drop(Journal::open(path).unwrap());
})]
fn a_journal_that_is_taken_away_while_it_is_open_takes_nothing_more(#[case] take_away: fn(&Path)) {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    block_on(async {
        let change = journal.begin(header("x")).await.unwrap();
        take_away(&path);
        let entries = |number: usize| operations().into_iter().take(number).map(entry).collect::<Vec<_>>();
        let refused = [
            journal.begin(header("y")).await.unwrap_err(),
            journal.begin_with(header("y"), entries(1)).await.unwrap_err(),
            journal.write_ahead(change, entries(2)).await.unwrap_err(),
        ];
        for error in refused {
            let said = error.to_string();
            assert!(said.contains("it was moved or deleted while it was open; start again"), "{said}");
            assert!(said.contains(&path.display().to_string()), "{said}");
        }
    });
}

#[test]
fn a_journal_that_was_moved_without_its_locks_is_recovered() {
    let (folder, path) = folder();
    let elsewhere = folder.path().join("journal.sqlite");
    let change = block_on(async {
        let journal = Journal::open(&path).unwrap();
        let entries = operations().into_iter().map(entry).collect();
        let (change, _) = journal.begin_with(header("x"), entries).await.unwrap();
        drop(journal.running(change));
        // All of it is in the file itself then.
        let checkpoint = |desk: &mut desk::Desk| {
            desk.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        journal.clerk.ask("moving it", checkpoint).await.unwrap();
        change
    });
    fs::copy(&path, &elsewhere).unwrap();
    let moved = Journal::open(&elsewhere).unwrap();
    assert!(!file::owners_of(&elsewhere).unwrap().exists());
    assert_eq!(block_on(moved.unfinished()).unwrap().len(), 1);
    assert!(block_on(moved.take(change)).unwrap().is_some());
}

#[test]
fn an_interrupted_change_is_gone_on_with_by_one_alone() {
    let (_folder, path) = folder();
    let (mine, yours) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
    block_on(async {
        let entries = |from: usize| operations().into_iter().skip(from).map(entry).collect::<Vec<_>>();
        let (change, ids) = mine.begin_with(header("x"), entries(4)).await.unwrap();
        let plan = || PathBuf::from("/plan");
        let said = yours.reopen(change, plan()).await.unwrap_err().to_string();
        assert!(said.contains("another reqspec is carrying out change #1"), "{said}");
        drop(mine.running(change));
        // Whoever recovers it keeps others from going on with it, and the other way round.
        let taken = yours.take(change).await.unwrap().unwrap();
        assert!(mine.reopen(change, plan()).await.is_err());
        drop(taken);
        let going_on = mine.reopen(change, plan()).await.unwrap();
        assert!(yours.take(change).await.unwrap().is_none(), "a change that goes on is taken over");
        assert!(yours.reopen(change, plan()).await.is_err(), "two go on with the same change");
        let row = yours.change(change).await.unwrap().unwrap();
        assert!(row.is_running && row.plan_file == Some(plan()));
        mine.settle_and_finish(change, vec![(ids[0], State::Done, String::new())]).await.unwrap();
        drop(going_on);
        // One that has its end takes nothing more, until it is gone on with.
        let said = mine.write_ahead(change, entries(4)).await.unwrap_err().to_string();
        assert!(said.contains("change #1 has an end by now"), "{said}");
        let _going_on = yours.reopen(change, plan()).await.unwrap();
        yours.write_ahead(change, entries(4)).await.unwrap();
        assert_eq!(yours.entries(change, None, 10).await.unwrap().len(), 2);
        assert!(mine.reopen(ChangeId(99), plan()).await.unwrap_err().to_string().contains("no change #99"));
    });
}

#[test]
fn the_words_of_a_filter() {
    let journal = Journal::in_memory().unwrap();
    block_on(async {
        for title in ["first 100%", "second_x"] {
            let entries = operations().into_iter().map(entry).collect();
            journal.begin_with(header(title), entries).await.unwrap();
        }
        let other = Header { environment: "test".into(), reason: None, ..header("third") };
        journal.begin(other).await.unwrap();
        for (filter, expected) in [
            ("", vec![3, 2, 1]),
            ("FIRST", vec![1]),
            ("100%", vec![1]),
            ("%", vec![1]),
            ("d_x", vec![2]),
            ("prod ticket", vec![2, 1]),
            ("unpin ops1 alice", vec![3, 2, 1]),
            ("00000003-0000", vec![2, 1]),
            ("0000000", vec![2, 1]),
            ("00000009", vec![]),
            ("#2", vec![2]),
            ("#2 first", vec![]),
            ("nothing", vec![]),
        ] {
            let found = journal.changes(None, filter, 10).await.unwrap();
            assert_eq!(found.iter().map(|row| row.id.0).collect::<Vec<_>>(), expected, "{filter}");
        }
        let second = journal.changes(Some(ChangeId(3)), "", 1).await.unwrap();
        assert_eq!(second[0].id, ChangeId(2));
    });
}
