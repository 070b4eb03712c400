//! A connection that reads ahead sees what any other sees, in fewer reads.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::name;

type Rows = Vec<(i64, String)>;

/// A database with texts of all sizes around those of its pages.
fn database(folder: &TempDir, page: usize, setup: &str) -> PathBuf {
    let path = folder.path().join("a.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(&format!("PRAGMA page_size = {page}; {setup}")).unwrap();
    connection.execute_batch("CREATE TABLE request_specs (id INTEGER PRIMARY KEY, spec TEXT)").unwrap();
    fill(&connection, page, 0);
    connection.execute_batch("DELETE FROM request_specs WHERE id % 7 = 3").unwrap();
    path
}

/// Texts for about 2 MB; `salt` tells them apart.
fn fill(connection: &Connection, page: usize, salt: usize) {
    let count = (2 << 20) / page.max(2_048);
    connection.execute_batch("BEGIN").unwrap();
    for id in 1..=count {
        let size = [page / 3, page - 70, page, page * 5 / 2, 100][(id + salt) % 5];
        let text = format!("{id}.{salt} ").repeat(size / 5 + 1);
        let sql = "INSERT OR REPLACE INTO request_specs VALUES (?, ?)";
        connection.execute(sql, (id as i64, text)).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn open(path: &Path, ahead: bool) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    match ahead {
        true => Connection::open_with_flags_and_vfs(path, flags, name().unwrap()).unwrap(),
        false => Connection::open_with_flags(path, flags).unwrap(),
    }
}

const SELECT: &str = "SELECT id, spec FROM request_specs WHERE id BETWEEN ? AND ? ORDER BY id";

fn rows(connection: &Connection, first: i64, last: i64) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(SELECT)?;
    let rows = statement.query_map([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// How often this thread has read from files.
fn reads() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    told.lines().find_map(|line| line.strip_prefix("syscr: ")).unwrap().parse().unwrap()
}

/// The rows, read in ranges, and how many reads that took.
fn pass(path: &Path, ahead: bool) -> (Rows, u64) {
    let connection = open(path, ahead);
    let before = reads();
    let all = (0..10).flat_map(|range| rows(&connection, range * 150, range * 150 + 149).unwrap()).collect();
    (all, reads() - before)
}

#[test]
fn rows_are_the_same_in_fewer_reads() {
    let setups = [
        ("PRAGMA journal_mode = delete", false),
        ("PRAGMA auto_vacuum = full", false),
        ("PRAGMA auto_vacuum = incremental; PRAGMA encoding = 'UTF-16le'", false),
        ("PRAGMA journal_mode = wal", false),
        ("PRAGMA journal_mode = wal", true),
    ];
    for (setup, is_frozen) in setups {
        for page in [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536] {
            let folder = tempfile::tempdir().unwrap();
            let mut path = database(&folder, page, setup);
            if is_frozen {
                path = format!("file:{}?immutable=1", path.display()).into();
            }
            let ((usual, slow), (ahead, fast)) = (pass(&path, false), pass(&path, true));
            assert!(usual.len() > 25);
            assert!(usual == ahead, "{setup}, pages of {page}");
            let less = if page <= 8_192 { slow / 3 } else { slow };
            assert!(fast < less, "{fast} reads, else {slow}: {setup}, pages of {page}, frozen: {is_frozen}");
        }
    }
}

#[test]
fn what_is_in_the_log_alone_is_seen() {
    for page in [512, 4_096, 65_536] {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder, page, "PRAGMA journal_mode = wal");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
        writer.execute_batch("UPDATE request_specs SET spec = spec || 'log' WHERE id % 3 = 0").unwrap();
        let ((usual, _), (ahead, _)) = (pass(&path, false), pass(&path, true));
        assert!(usual.iter().any(|(_, text)| text.ends_with("log")) && usual == ahead, "pages of {page}");
    }
}

/// Steps through the rows of a statement; `meanwhile` is done after the first few.
fn interrupted(connection: &Connection, meanwhile: impl FnOnce()) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query([0, i64::MAX])?;
    let (mut seen, mut meanwhile) = (Vec::new(), Some(meanwhile));
    while let Some(row) = rows.next()? {
        seen.push((row.get(0)?, row.get(1)?));
        if seen.len() == 20
            && let Some(meanwhile) = meanwhile.take()
        {
            meanwhile();
        }
    }
    Ok(seen)
}

#[test]
fn a_snapshot_stays_while_others_write_and_fold_the_log_in() {
    for page in [512, 4_096, 16_384] {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder, page, "PRAGMA journal_mode = wal");
        let writer = Connection::open(&path).unwrap();
        // Part of the log is in the file already, and part of it is not.
        writer.execute_batch("UPDATE request_specs SET spec = spec || '1' WHERE id % 3 = 0").unwrap();
        writer.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        writer.execute_batch("UPDATE request_specs SET spec = spec || '2' WHERE id % 5 = 0").unwrap();
        let reader = open(&path, true);
        for salt in 1..=4 {
            let before = rows(&open(&path, false), 0, i64::MAX).unwrap();
            let seen = interrupted(&reader, || {
                fill(&writer, page, salt);
                writer.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
            });
            assert!(seen.unwrap() == before, "pages of {page}, after {salt} writes");
            let now = rows(&reader, 0, i64::MAX).unwrap();
            assert!(now != before && now == rows(&open(&path, false), 0, i64::MAX).unwrap());
            // The next snapshot finds all in the file, or part of it in the log.
            if salt % 2 == 0 {
                writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            }
        }
    }
}

#[test]
fn what_others_write_between_two_statements_is_seen() {
    for setup in
        ["PRAGMA journal_mode = delete", "PRAGMA journal_mode = truncate", "PRAGMA auto_vacuum = full"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder, 4_096, setup);
        let writer = Connection::open(&path).unwrap();
        writer.busy_timeout(std::time::Duration::ZERO).unwrap();
        let reader = open(&path, true);
        for salt in 1..=4 {
            let before = rows(&reader, 0, i64::MAX).unwrap();
            let seen = interrupted(&reader, || {
                let refused = writer.execute_batch("DELETE FROM request_specs WHERE id > 40").unwrap_err();
                assert!(refused.to_string().contains("locked"), "{refused}");
            });
            assert!(seen.unwrap() == before, "{setup}");
            fill(&writer, 4_096, salt);
            let now = rows(&reader, 0, i64::MAX).unwrap();
            assert!(now != before && now == rows(&open(&path, false), 0, i64::MAX).unwrap(), "{setup}");
        }
    }
}

#[test]
fn what_was_read_ahead_and_changes_is_read_again() {
    for (page, setup) in [(512, "delete"), (4_096, "delete"), (512, "wal"), (4_096, "wal")] {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder, page, &format!("PRAGMA journal_mode = {setup}"));
        let writer = Connection::open(&path).unwrap();
        let reader = open(&path, true);
        for id in (1..300).step_by(9) {
            // These, and the next ones with them.
            rows(&reader, id, id + 8).unwrap();
            let sql = "UPDATE request_specs SET spec = replace(spec, '.', 'x') WHERE id BETWEEN ? AND ?";
            assert!(writer.execute(sql, [id + 9, id + 15]).unwrap() > 5);
            // With a log, they come to be in the file.
            writer.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
            let next = rows(&reader, id + 9, id + 15).unwrap();
            assert!(next.iter().all(|(_, text)| text.contains('x')), "{setup}, pages of {page}, {id}");
        }
    }
}

#[test]
fn a_file_that_is_cut_short_is_an_error() {
    for (page, setup) in [(512, "delete"), (4_096, "delete"), (4_096, "wal"), (65_536, "delete")] {
        let folder = tempfile::tempdir().unwrap();
        let path = database(&folder, page, &format!("PRAGMA journal_mode = {setup}"));
        let reader = open(&path, true);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let size = file.metadata().unwrap().len();
        let cut = interrupted(&reader, || file.set_len(size / 2 + 100).unwrap()).unwrap_err();
        // SQLite says the one of its tree, the other of the rest of a text.
        let words = ["malformed", "disk I/O error"];
        assert!(words.iter().any(|words| cut.to_string().contains(words)), "pages of {page}: {cut}");
        let gone = rows(&reader, 0, i64::MAX).unwrap_err();
        assert!(!gone.to_string().is_empty());
        // And one that was cut in the middle of a page, and grew again.
        file.write_all_at(&[0; 300], size - 300).unwrap();
        assert!(rows(&reader, 0, i64::MAX).is_err());
    }
}

#[test]
fn it_can_be_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder, 4_096, "PRAGMA journal_mode = wal");
    for mode in ["wal", "delete"] {
        let connection =
            Connection::open_with_flags_and_vfs(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, name().unwrap());
        let connection = connection.unwrap();
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        rows(&connection, 0, i64::MAX).unwrap();
        fill(&connection, 4_096, 9);
        connection.execute_batch("DELETE FROM request_specs WHERE id > 300; VACUUM").unwrap();
        let written = rows(&connection, 0, i64::MAX).unwrap();
        assert_eq!(written.len(), 300);
        drop(connection);
        assert!(rows(&open(&path, false), 0, i64::MAX).unwrap() == written, "{mode}");
        let whole: String =
            open(&path, false).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
    }
}
