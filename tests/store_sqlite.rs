//! What only SQLite can get wrong: files and their journals, locks, and columns of any type.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqspec::query::prefilter::Prefilter;
use reqspec::query::{PageFrom, PageKey, PageRequest, SortOrder};
use reqspec::store::{
    Access, Cancel, DatabaseName, RowRef, RowVisitor, SpecStore, SqliteStore, StoreError, StoredSpec,
};
use rstest::rstest;
use rusqlite::Connection;
use support::{Scratch, block_on, database, uuid};

fn open(path: &Path, access: Access) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(database("c1"), path, access)
}

fn reading(path: &Path) -> SqliteStore {
    open(path, Access::ReadOnly).unwrap()
}

fn insert(connection: &Connection, number: i64) {
    let sql = "INSERT INTO request_specs (instance_uuid, spec) VALUES (?, 'text')";
    connection.execute(sql, [uuid(number)]).unwrap();
}

fn first_page(store: &SqliteStore) -> Result<Vec<StoredSpec>, StoreError> {
    block_on(store.page(PageRequest { order: SortOrder::Id, from: PageFrom::Start, limit: 50 }))
}

struct Ignore;

impl RowVisitor for Ignore {
    fn visit(&self, _: RowRef<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&self, _: u64) {}
}

/// Everything that a reader may ask.
fn browse(store: &SqliteStore) {
    let key = PageKey::new(1, "");
    block_on(async {
        for order in [SortOrder::Id, SortOrder::Updated] {
            for from in [PageFrom::Start, PageFrom::End, PageFrom::After(key.clone())] {
                store.page(PageRequest { order, from, limit: 10 }).await.unwrap();
            }
            store.rank(order, key.clone()).await.unwrap();
        }
        store.table_state().await.unwrap();
        store.count().await.unwrap();
        store.get(&uuid(1)).await.unwrap();
        store.get_many(&[uuid(1).into()]).await.unwrap();
        store.find_prefix("0", 5).await.unwrap();
        store.scan(Prefilter::NONE, Arc::new(Ignore), Cancel::default()).await.unwrap();
        store.select("SELECT count(*) FROM sqlite_master", &[], 5).await.unwrap();
    });
}

/// Names and bytes of all files of a directory, but for the shared memory of a live WAL.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = if name.ends_with("-shm") { Vec::new() } else { std::fs::read(entry.path()).unwrap() };
        (name, bytes)
    };
    std::fs::read_dir(directory).unwrap().map(read).collect()
}

/// The threads of this process with that name.
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|comm| comm.trim_end() == name)
        .count()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} never came about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[rstest]
#[case("b1", "delete", false)]
#[case("b2", "wal", false)]
#[case("b3", "wal", true)]
fn browsing_changes_no_byte(#[case] name: &str, #[case] mode: &str, #[case] others_write: bool) {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", mode);
    let writer = Connection::open(&path).unwrap();
    (1..=100).for_each(|number| insert(&writer, number));
    let writer = others_write.then_some(writer);
    let before = files(scratch.directory());
    assert_eq!(before.contains_key("a.sqlite-wal"), others_write);
    let store = SqliteStore::open(DatabaseName::cell(name), &path, Access::ReadOnly).unwrap();
    browse(&store);
    assert!(files(scratch.directory()) == before, "a reader changed something while it was there");
    let thread = format!("sqlite {name}");
    assert_eq!(threads(&thread), 1);
    drop(store);
    wait_until("the end of the store's thread", || threads(&thread) == 0);
    assert!(files(scratch.directory()) == before, "a reader changed something when it went");
    drop(writer);
}

#[test]
fn a_reader_of_an_idle_wal_database_sees_what_others_write() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "wal");
    assert!(!scratch.path("a.sqlite-wal").exists());
    let store = reading(&path);
    assert_eq!(first_page(&store).unwrap().len(), 0);
    let writer = Connection::open(&path).unwrap();
    for number in 1..=20 {
        insert(&writer, number);
        assert_eq!(first_page(&store).unwrap().len() as i64, number);
        assert_eq!(block_on(store.count()).unwrap() as i64, number);
    }
    // The last writer folds the log into the file and takes it away.
    drop(writer);
    let writer = Connection::open(&path).unwrap();
    insert(&writer, 21);
    drop(writer);
    assert_eq!(first_page(&store).unwrap().len(), 21);
}

#[test]
fn an_open_reader_takes_no_lock_away_from_a_writer_of_this_process() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Linux lists the locks that other processes see.
    let held = || {
        let inode = format!(":{} ", std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).unwrap()));
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains("WRITE") && line.contains(&inode))
    };
    assert!(held());
    // Closing any descriptor of the file drops all locks of the process on it.
    drop(reading(&path));
    drop(reading(&path));
    std::thread::sleep(Duration::from_millis(50));
    assert!(held(), "the writer's lock is gone");
}

#[rstest]
#[case("missing", "there is no such file")]
#[case("directory", "it is a directory")]
#[case("socket", "it is not a regular file")]
#[case("text", "not an SQLite database")]
#[case("short", "not an SQLite database")]
fn what_is_no_database_is_said_to_be_none(#[case] kind: &str, #[case] words: &str) {
    let scratch = Scratch::new();
    let path = scratch.path(kind);
    let _socket = match kind {
        "directory" => std::fs::create_dir(&path).map(|()| None).unwrap(),
        "socket" => Some(std::os::unix::net::UnixListener::bind(&path).unwrap()),
        "text" => std::fs::write(&path, "[database]\nconnection = sqlite:///nova.sqlite\n".repeat(200))
            .map(|()| None)
            .unwrap(),
        "short" => std::fs::write(&path, "SQLite").map(|()| None).unwrap(),
        _ => None,
    };
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let error = open(&path, access).err().unwrap();
        let StoreError::Unavailable { database, location, reason } = &error else { panic!("{error:?}") };
        assert_eq!((database, &**location), (&support::database("c1"), &*path.to_string_lossy()));
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(path.exists(), kind != "missing", "a file was made");
}

#[test]
fn a_damaged_database_is_said_to_be_damaged() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..].fill(0xaa);
    std::fs::write(&path, bytes).unwrap();
    let error = first_page(&reading(&path)).unwrap_err();
    assert!(error.to_string().contains("damaged") || error.to_string().contains("not an SQLite"), "{error}");
}

#[rstest]
fn a_locked_database_is_an_answer_not_a_hang(#[values("EXCLUSIVE", "IMMEDIATE")] lock: &str) {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let other = Connection::open(&path).unwrap();
    insert(&other, 1);
    let store = open(&path, Access::ReadWrite).unwrap();
    assert_eq!(first_page(&store).unwrap().len(), 1);
    other.execute_batch(&format!("BEGIN {lock}")).unwrap();
    let start = Instant::now();
    let page = first_page(&store);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    if lock == "EXCLUSIVE" {
        let error = page.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
        let error = block_on(store.count()).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    } else {
        assert_eq!(page.unwrap().len(), 1);
    }
    let error = block_on(store.save(&uuid(1), b"text", "new")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "c1: locked by another session while saving the spec of {}; nothing was written, try again",
            uuid(1)
        )
    );
    other.execute_batch("COMMIT").unwrap();
    block_on(store.save(&uuid(1), b"text", "new")).unwrap();
}

/// Wants a pause after each few rows, and writes to the database in it.
struct Pausing {
    seen: Mutex<Vec<i64>>,
    wants: AtomicBool,
    writer: Mutex<Connection>,
    writes: AtomicU64,
}

impl RowVisitor for Pausing {
    fn visit(&self, row: RowRef<'_>) -> ControlFlow<()> {
        assert!(!self.wants.load(Ordering::Relaxed), "a row came before the pause");
        let mut seen = self.seen.lock().unwrap();
        seen.push(row.id);
        self.wants.store(seen.len().is_multiple_of(7), Ordering::Relaxed);
        ControlFlow::Continue(())
    }

    fn wants_pause(&self) -> bool {
        self.wants.load(Ordering::Relaxed)
    }

    fn pause(&self) -> ControlFlow<()> {
        if self.wants.swap(false, Ordering::Relaxed) {
            let sql = "UPDATE request_specs SET spec = spec || '.' WHERE id = 1";
            assert_eq!(self.writer.lock().unwrap().execute(sql, []).unwrap(), 1);
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        ControlFlow::Continue(())
    }

    fn progress(&self, _: u64) {}
}

#[rstest]
#[case::by_range(Prefilter { ids: Some((3, 200)), ..Prefilter::NONE.clone() })]
#[case::looked_up(Prefilter { ids: Some((3, 200)), uuids: vec!["0000".to_owned()], ..Prefilter::NONE.clone() })]
fn a_scan_holds_no_lock_while_its_visitor_pauses(#[case] prefilter: Prefilter) {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let writer = Connection::open(&path).unwrap();
    (1..=250).for_each(|number| insert(&writer, number));
    writer.busy_timeout(Duration::ZERO).unwrap();
    let visitor = Arc::new(Pausing {
        seen: Mutex::default(),
        wants: AtomicBool::new(false),
        writer: Mutex::new(writer),
        writes: AtomicU64::new(0),
    });
    // All rows are in one range, so one thread reads.
    let passed = block_on(reading(&path).scan(&prefilter, visitor.clone(), Cancel::default())).unwrap();
    assert_eq!(passed, 198);
    assert_eq!(*visitor.seen.lock().unwrap(), (3..=200).collect::<Vec<_>>());
    assert_eq!(visitor.writes.load(Ordering::Relaxed), 28);
}

#[test]
fn a_writer_waits_a_moment_for_a_lock() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let other = Connection::open(&path).unwrap();
    insert(&other, 1);
    let store = open(&path, Access::ReadWrite).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let unlocker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(600));
        other.execute_batch("COMMIT").unwrap();
    });
    block_on(store.save(&uuid(1), b"text", "new")).unwrap();
    unlocker.join().unwrap();
}

#[test]
fn a_file_that_vanishes_or_is_replaced_is_unavailable() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let store = open(&path, Access::ReadWrite).unwrap();
    assert_eq!(first_page(&store).unwrap().len(), 0);
    std::fs::rename(&path, scratch.path("elsewhere")).unwrap();
    let errors = [
        first_page(&store).unwrap_err(),
        block_on(store.count()).unwrap_err(),
        block_on(store.scan(Prefilter::NONE, Arc::new(Ignore), Cancel::default())).unwrap_err(),
        block_on(store.save(&uuid(1), b"", "new")).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, StoreError::Unavailable { reason, .. } if reason.contains("gone")),
            "{error}"
        );
    }
    let other = scratch.database("other.sqlite", "delete");
    std::fs::rename(other, &path).unwrap();
    let error = first_page(&store).unwrap_err();
    assert!(error.to_string().contains("replaced"), "{error}");
    std::fs::rename(scratch.path("elsewhere"), &path).unwrap();
    assert_eq!(first_page(&store).unwrap().len(), 0, "it does not recover");
}

#[test]
fn an_unfinished_write_of_another_program_is_explained() {
    let scratch = Scratch::new();
    let path = scratch.database("a.sqlite", "delete");
    let writer = Connection::open(&path).unwrap();
    (1..=500).for_each(|number| insert(&writer, number));
    writer
        .execute_batch(
            "PRAGMA cache_size = 2; BEGIN; UPDATE request_specs SET spec = spec || hex(randomblob(900))",
        )
        .unwrap();
    // As a crash would leave them.
    let crashed = scratch.path("crashed.sqlite");
    std::fs::copy(&path, &crashed).unwrap();
    std::fs::copy(scratch.path("a.sqlite-journal"), scratch.path("crashed.sqlite-journal")).unwrap();
    let error = first_page(&reading(&crashed)).unwrap_err();
    assert!(error.to_string().contains("open it once for writing"), "{error}");
    let healed = first_page(&open(&crashed, Access::ReadWrite).unwrap()).unwrap();
    assert_eq!((healed.len(), &*healed[0].spec), (50, &b"text"[..]));
}

#[test]
fn columns_may_hold_anything() {
    let scratch = Scratch::new();
    let path = scratch.path("odd.sqlite");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE request_specs (spec, instance_uuid, id INTEGER PRIMARY KEY, updated_at, created_at);
             INSERT INTO request_specs VALUES (NULL, NULL, 1, NULL, NULL);
             INSERT INTO request_specs VALUES (x'00ff', x'6162', 2, 20260101, 1.5);
             INSERT INTO request_specs VALUES (7, 12, 3, x'32', NULL);
             INSERT INTO request_specs VALUES (CAST(x'ff41' AS TEXT), CAST(x'ff41' AS TEXT), -4, '', '\u{1b}[2J');",
        )
        .unwrap();
    let store = open(&path, Access::ReadWrite).unwrap();
    let rows = first_page(&store).unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            (row.id, &*row.instance_uuid, &*row.spec, row.created_at.as_deref(), row.updated_at.as_deref())
        })
        .collect();
    assert_eq!(
        seen,
        [
            (-4, "\u{fffd}A", &b"\xffA"[..], Some("\u{1b}[2J"), Some("")),
            (1, "", b"", None, None),
            (2, "ab", b"\x00\xff", Some("1.5"), Some("20260101")),
            (3, "12", b"7", None, Some("2")),
        ]
    );
    browse(&store);
    let newest =
        block_on(store.page(PageRequest { order: SortOrder::Updated, from: PageFrom::Start, limit: 9 }));
    assert_eq!(newest.unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [2, 3, 1, -4]);
    // A blob is found by its characters, compared by its bytes, and becomes text.
    let saved = block_on(store.save("ab", b"\x00\xff", "new")).unwrap();
    assert_eq!((saved.id, &*saved.spec), (2, &b"new"[..]));
}

#[test]
fn an_empty_file_is_a_database_without_the_table() {
    let scratch = Scratch::new();
    let path = scratch.path("file:empty?x.sqlite");
    std::fs::write(&path, b"").unwrap();
    let error = first_page(&reading(&path)).unwrap_err();
    assert!(matches!(error, StoreError::NoTable { .. }), "{error:?}");
    // Odd names, in both ways of opening.
    let wal = scratch.database("file:50%23 #é?mode=memory.sqlite", "wal");
    insert(&Connection::open_with_flags(&wal, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap(), 1);
    assert_eq!(first_page(&reading(&wal)).unwrap().len(), 1);
}

/// A table that never ends.
fn endless(scratch: &Scratch) -> std::path::PathBuf {
    let path = scratch.path("endless.sqlite");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            // The table behind it stands on a page of its own, which each row reads.
            "CREATE TABLE behind (text TEXT);
             INSERT INTO behind VALUES ('text');
             CREATE VIEW request_specs AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)
             SELECT id, 'u' || id AS instance_uuid, text AS spec, NULL AS created_at, NULL AS updated_at
             FROM n CROSS JOIN behind",
        )
        .unwrap();
    path
}

#[test]
fn a_count_that_nobody_waits_for_ends_and_delays_no_page() {
    let scratch = Scratch::new();
    let path = endless(&scratch);
    let store = SqliteStore::open(DatabaseName::cell("e"), &path, Access::ReadOnly).unwrap();
    block_on(async {
        let newer = {
            let older = store.count();
            tokio::pin!(older);
            let waited = tokio::time::timeout(Duration::from_millis(200), &mut older).await;
            assert!(waited.is_err(), "an endless table was counted");
            let start = Instant::now();
            let sql = "SELECT id FROM request_specs LIMIT 3";
            assert_eq!(store.select(sql, &[], 3).await.unwrap().len(), 3);
            assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
            // A newer count takes its place.
            let newer = tokio::time::timeout(Duration::from_millis(100), store.count());
            let (older, newer) = tokio::join!(older, newer);
            let error = older.unwrap_err();
            assert!(error.to_string().contains("interrupted"), "{error}");
            newer
        };
        assert!(newer.is_err());
        let key = PageKey::new(5, "");
        let rank = tokio::time::timeout(Duration::from_millis(100), store.rank(SortOrder::Id, key)).await;
        assert!(rank.is_err());
    });
    // Both were dropped: their threads end.
    wait_until("the end of the counting threads", || threads("sqlite e aside") == 0);
}

/// A mapped file that another program cuts short would end the process with SIGBUS.
#[test]
fn no_request_maps_the_file() {
    let scratch = Scratch::new();
    let path = endless(&scratch);
    let store = SqliteStore::open(DatabaseName::cell("e"), &path, Access::ReadOnly).unwrap();
    let is_mapped = || std::fs::read_to_string("/proc/self/maps").unwrap().contains(path.to_str().unwrap());
    block_on(async {
        let request = PageRequest { order: SortOrder::Updated, from: PageFrom::Start, limit: 10 };
        let (count, page) = (store.count(), store.page(request));
        let look = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert!(threads("sqlite e aside") >= 2);
            is_mapped()
        };
        tokio::pin!(count, page);
        tokio::select! {
            _ = count => panic!("an endless table was counted"),
            _ = page => panic!("an endless table was sorted"),
            mapped = look => assert!(!mapped),
        }
        let scan = store.scan(Prefilter::NONE, Arc::new(Ignore), Cancel::default());
        tokio::select! {
            _ = scan => panic!("an endless table was scanned"),
            () = tokio::time::sleep(Duration::from_millis(150)) => assert!(!is_mapped()),
        }
    });
}

/// More rows than the keys of one pass: the pages join at the seam, in both directions.
#[test]
fn pages_by_last_update_join_beyond_the_keys_of_a_pass() {
    const ROWS: usize = 50_300;
    let scratch = Scratch::new();
    let path = scratch.database("c1.sqlite", "wal");
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO request_specs (instance_uuid, spec, updated_at)
         SELECT format('%08d', i), 'text', datetime(i * 7919 % 1000, 'unixepoch') FROM n"
    );
    Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    let store = reading(&path);
    let key = |row: &StoredSpec| PageKey::new(row.id, row.updated_at.as_deref().unwrap());
    for backwards in [false, true] {
        let mut from = if backwards { PageFrom::End } else { PageFrom::Start };
        let mut seen = Vec::new();
        loop {
            let request = PageRequest { order: SortOrder::Updated, from, limit: 700 };
            let mut rows = block_on(store.page(request)).unwrap();
            if backwards {
                rows.reverse();
            }
            let Some(last) = rows.last().map(key) else { break };
            seen.extend(rows.iter().map(|row| (row.updated_at.clone(), row.id)));
            from = if backwards { PageFrom::Before(last) } else { PageFrom::After(last) };
        }
        assert_eq!(seen.len(), ROWS);
        let in_order =
            |pair: &[(Option<Arc<str>>, i64)]| if backwards { pair[0] < pair[1] } else { pair[0] > pair[1] };
        assert!(seen.windows(2).all(in_order));
    }
}

fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// Run one test of this binary as a user who may not write to the directory.
fn as_nobody(test: &str, scratch: &Scratch) {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    // Where anyone may run it.
    let binary = scratch.path("test-binary");
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    permit(&binary, 0o755);
    permit(scratch.directory(), 0o555);
    let mut command = std::process::Command::new(&binary);
    command.args(["--exact", test, "--nocapture"]).env("REQSPEC_TEST_DIRECTORY", scratch.directory());
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    let output = command.current_dir("/").output();
    permit(scratch.directory(), 0o755);
    let output = output.unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && words.contains("1 passed"), "{words}\n{output:?}");
}

#[test]
fn permissions_are_respected_and_explained() {
    let scratch = Scratch::new();
    let databases = [
        ("read.sqlite", "delete", 0o444),
        ("wal.sqlite", "wal", 0o444),
        ("secret.sqlite", "delete", 0o000),
        ("open.sqlite", "delete", 0o666),
        ("live.sqlite", "wal", 0o666),
    ];
    for (name, mode, permissions) in databases {
        let path = scratch.database(name, mode);
        let writer = Connection::open(&path).unwrap();
        insert(&writer, 1);
        if name == "live.sqlite" {
            // As a copy of a database in use: the log, without the shared memory.
            for suffix in ["", "-wal"] {
                let copy = scratch.path(&format!("copied.sqlite{suffix}"));
                std::fs::copy(scratch.path(&format!("{name}{suffix}")), copy).unwrap();
            }
        }
        drop(writer);
        permit(&path, permissions);
    }
    as_nobody("child_without_permissions", &scratch);
}

/// What the process without permissions does; nothing where it is not told to.
#[test]
fn child_without_permissions() {
    let Some(directory) = std::env::var_os("REQSPEC_TEST_DIRECTORY") else { return };
    let path = |name: &str| Path::new(&directory).join(name);
    for name in ["read.sqlite", "wal.sqlite"] {
        let store = reading(&path(name));
        assert_eq!(first_page(&store).unwrap().len(), 1, "{name}");
        browse(&store);
        let error = open(&path(name), Access::ReadWrite).err().unwrap();
        assert!(matches!(&error, StoreError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = open(&path("secret.sqlite"), Access::ReadOnly).err().unwrap();
    assert!(error.to_string().contains("permission denied"), "{error}");
    let error = first_page(&reading(&path("copied.sqlite"))).unwrap_err();
    assert!(error.to_string().contains("its -wal file holds changes"), "{error}");
    // The file may be written, but not the directory, where the journal must go.
    let store = open(&path("open.sqlite"), Access::ReadWrite).unwrap();
    let error = block_on(store.save(&uuid(1), b"text", "new")).unwrap_err();
    assert!(matches!(&error, StoreError::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert_eq!(&*first_page(&store).unwrap()[0].spec, b"text");
}
