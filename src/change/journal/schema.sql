-- Version 1. `user_version` is raised with every change of this file.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    begun_at TEXT NOT NULL,
    finished_at TEXT,
    owner TEXT NOT NULL,             -- the file in journal.sqlite.owners that is locked while it runs
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    operator TEXT NOT NULL,
    host TEXT NOT NULL,
    environment TEXT NOT NULL,
    reason TEXT,
    undoes INTEGER REFERENCES changes (id),
    total INTEGER NOT NULL,
    plan_file BLOB
) STRICT;
CREATE INDEX changes_undoes ON changes (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX changes_unfinished ON changes (id) WHERE finished_at IS NULL;

CREATE TABLE databases (
    change_id INTEGER NOT NULL REFERENCES changes (id),
    name TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (change_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    change_id INTEGER NOT NULL REFERENCES changes (id),
    number INTEGER NOT NULL,
    operation TEXT NOT NULL,         -- save, create, delete, copy, move
    source TEXT,                     -- of a copy and a move
    target TEXT NOT NULL,
    instance_uuid TEXT NOT NULL,
    already_there INTEGER NOT NULL,
    created_at TEXT,
    updated_at TEXT,
    state INTEGER NOT NULL,
    step INTEGER NOT NULL,
    said TEXT NOT NULL
) STRICT;
CREATE INDEX entries_change ON entries (change_id);
CREATE INDEX entries_instance ON entries (instance_uuid, change_id);
CREATE INDEX entries_open ON entries (change_id) WHERE state IN (0, 5);

-- The text before, and the one after. Where there are both, the one after is kept as what stands
-- between its first `head` and its last `tail` bytes, which are those of the text before.
CREATE TABLE texts (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
    before BLOB,
    head INTEGER,
    tail INTEGER,
    after BLOB
) STRICT;

-- How the entries of a finished change ended.
CREATE TABLE counts (
    change_id INTEGER NOT NULL REFERENCES changes (id),
    state INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (change_id, state)
) STRICT, WITHOUT ROWID;
