#!/usr/bin/env python3
"""Make large databases for the benchmarks from the embedded demo's specs.

    benches/make_database.py FOLDER ROWS

writes FOLDER/api-ROWS.sqlite and FOLDER/cell1-ROWS.sqlite, each with ROWS rows of about 4 KB in
nova's `request_specs`, and leaves them alone where they exist with that many rows. Needs nothing
but Python's standard library. The texts are the demo's well-formed ones, made by real nova, with
the instance's uuid replaced and the zone varied (so that "az1" stands in about 36 % of the rows and
"bench-rare-zone" in 20 rows of 1,000,000); the two databases hold the same
instances, and every tenth spec differs between them.
"""

import gzip
import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parent / "src" / "deployment" / "demo_data" / "nova_api.sqlite.gz"
SCHEMA = HERE.parent / "migrations" / "api" / "sqlite" / "0001_request_specs.sql"
ZONES = ["az1"] * 36 + ["zone-b"] * 30 + ["zone-c"] * 20 + [None] * 14


def templates():
    """The texts of the demo that parse, with the uuid of their instance."""
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as scratch:
        scratch.write(gzip.decompress(DEMO.read_bytes()))
        scratch.flush()
        rows = sqlite3.connect(scratch.name).execute("SELECT instance_uuid, spec FROM request_specs").fetchall()
    found = []
    for instance_uuid, text in rows:
        try:
            spec = json.loads(text)
            zone = spec["nova_object.data"]["availability_zone"]
        except (ValueError, KeyError, TypeError):
            continue
        head, separator, tail = text.partition('"availability_zone": ' + json.dumps(zone))
        if separator and 2500 < len(text) < 9000:
            found.append((head, tail, instance_uuid))
    return found


def rows(count, different, randomness):
    texts = templates()
    for number in range(1, count + 1):
        head, tail, old = texts[number % len(texts)]
        new = str(uuid.UUID(int=randomness.getrandbits(128), version=4))
        zone = ZONES[randomness.randrange(len(ZONES))]
        if number % 50_000 == 25_000:
            zone = "bench-rare-zone"
        if different and number % 10 == 0:
            zone = "elsewhere"
        text = f'{head}"availability_zone": {json.dumps(zone)}{tail}'.replace(old, new)
        second = number % 60
        day = 1 + number % 28
        stamp = f"20{18 + number % 8}-0{1 + number % 9}-{day:02d} 12:00:{second:02d}.000000"
        yield stamp, None if number % 3 == 0 else stamp, number, new, text


def make(path, count, different):
    if path.exists():
        connection = sqlite3.connect(path)
        if connection.execute("SELECT max(id) FROM request_specs").fetchone()[0] == count:
            return
        connection.close()
        path.unlink()
    scratch = path.with_suffix(".partial")
    scratch.unlink(missing_ok=True)
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=off; PRAGMA synchronous=off; PRAGMA page_size=4096;")
    schema = SCHEMA.read_text()
    # The unique constraint has its index anyway; nova's second index is made after the rows.
    table, _, index = schema.partition("CREATE INDEX")
    connection.executescript(table)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO request_specs VALUES (?, ?, ?, ?, ?)", rows(count, different, random.Random(count)))
    connection.execute("COMMIT")
    connection.executescript("CREATE INDEX" + index)
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.close()
    scratch.rename(path)


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    make(folder / f"api-{count}.sqlite", count, different=False)
    make(folder / f"cell1-{count}.sqlite", count, different=True)


if __name__ == "__main__":
    main()
