#!/usr/bin/env python3
"""Make large databases for the benchmarks from the embedded demo's specs.

    benches/make_database.py FOLDER ROWS [--tables]

writes FOLDER/api-ROWS.sqlite and FOLDER/cell1-ROWS.sqlite, each with ROWS rows of about 4 KB in
nova's `request_specs`, and leaves them alone where they exist with that many rows. Needs nothing
but Python's standard library. The texts are the demo's well-formed ones, made by real nova, with
the instance's uuid replaced and the zone varied (so that "az1" stands in about 36 % of the rows and
"bench-rare-zone" in 20 rows of 1,000,000); the two databases hold the same
instances, and every tenth spec differs between them. With --tables it also writes
FOLDER/tables-ROWS.sqlite: nova's other tables of the API database and of one cell, with the demo's columns and
indexes, for the instances of api-ROWS.sqlite. One instance in 1,000 has another flavor than its spec, one in
5,000 has none, and one row in 10,000 is of an instance without a spec.
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


API_TABLES = ["instance_mappings", "cell_mappings", "build_requests", "instance_groups", "instance_group_policy",
              "instance_group_member", "aggregates", "aggregate_metadata"]
CELL_TABLES = ["instances", "instance_extra", "services", "compute_nodes"]


def schema(database, tables):
    """The demo's statements that make these tables, and those that make their indexes."""
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as scratch:
        scratch.write(gzip.decompress((DEMO.parent / database).read_bytes()))
        scratch.flush()
        rows = sqlite3.connect(scratch.name).execute("SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = [(kind, sql) for kind, table, sql in rows if table in tables]
    return [sql for kind, sql in found if kind == "table"], [sql for kind, sql in found if kind == "index"]


def insert(connection, table, rows):
    """Rows as dictionaries, all with the same keys."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    names = ", ".join('"%s"' % name for name in first)
    marks = ", ".join("?" * len(first))
    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    connection.execute(sql, list(first.values()))
    connection.executemany(sql, (list(row.values()) for row in rows))


def facts(api, count):
    """Of each instance: uuid, the texts of flavor and NUMA topology, project, user, zone, group."""
    decoder = json.JSONDecoder()

    def value(text, key):
        at = text.find(f'"{key}": ')
        if at < 0:
            return None, "null"
        start = at + len(key) + 4
        parsed, end = decoder.raw_decode(text, start)
        return parsed, text[start:end]

    connection = sqlite3.connect(f"file:{api}?mode=ro", uri=True)
    for number, instance, text in connection.execute("SELECT id, instance_uuid, spec FROM request_specs ORDER BY id"):
        flavor = value(text, "flavor")[1]
        topology = value(text, "numa_topology")[1]
        group = value(text, "instance_group")[0]
        group = group["nova_object.data"].get("uuid") if group else None
        yield (number, instance, flavor, None if topology == "null" else topology, value(text, "project_id")[0],
               value(text, "user_id")[0], value(text, "availability_zone")[0], group)


def make_tables(folder, count):
    path = folder / f"tables-{count}.sqlite"
    if path.exists():
        return
    scratch = path.with_suffix(".partial")
    scratch.unlink(missing_ok=True)
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=off; PRAGMA synchronous=off; PRAGMA page_size=4096; PRAGMA foreign_keys=off;")
    api, cell = schema("nova_api.sqlite.gz", API_TABLES), schema("nova_cell1.sqlite.gz", CELL_TABLES)
    for statement in api[0] + cell[0]:
        connection.execute(statement)
    connection.execute("BEGIN")
    stamp = "2024-01-01 12:00:00.000000"
    insert(connection, "cell_mappings", [
        {"id": 2, "uuid": "f4179abe-102a-4808-aca4-f790c38bf7ed", "name": "cell1", "disabled": 0}])
    zones = ["az1", "zone-b", "zone-c"]
    insert(connection, "aggregates", ({"id": at + 1, "name": zone} for at, zone in enumerate(zones)))
    insert(connection, "aggregate_metadata", (
        {"id": at + 1, "aggregate_id": at + 1, "key": "availability_zone", "value": zone}
        for at, zone in enumerate(zones)))
    hosts = [f"cmp-{number:04}" for number in range(2_000)]
    insert(connection, "services", (
        {"host": host, "binary": "nova-compute", "topic": "compute", "report_count": 1, "deleted": 0} for host in hosts))
    connection.execute("CREATE TEMP TABLE members (instance_uuid TEXT, group_uuid TEXT)")

    def instances():
        for number, instance, flavor, topology, project, user, zone, group in facts(folder / f"api-{count}.sqlite", count):
            if group:
                connection.execute("INSERT INTO members VALUES (?, ?)", (instance, group))
            if number % 1_000 == 77:
                flavor = flavor.replace('"vcpus": ', '"vcpus": 1')
            host = hosts[number % len(hosts)]
            yield number, instance, flavor, topology, {
                "created_at": stamp, "updated_at": stamp, "id": number, "uuid": instance, "user_id": user,
                "project_id": project, "image_ref": "9bebd041-10e9-48e8-b54e-111ab2eec188", "power_state": 1,
                "vm_state": "active", "memory_mb": 4096, "vcpus": 2, "hostname": f"server-{number}", "host": host,
                "node": f"{host}.example.org", "reservation_id": f"r-{number:08x}", "launched_at": stamp,
                "display_name": f"server-{number}", "display_description": f"server-{number}",
                "availability_zone": zone or "az1", "locked": 0, "os_type": "linux", "launched_on": host,
                "root_device_name": "/dev/vda", "root_gb": 20, "ephemeral_gb": 0, "deleted": 0, "cleaned": 0,
                "hidden": 0, "instance_type_id": 2}

    batch = []

    def flush():
        insert(connection, "instances", (row for *_, row in batch))
        insert(connection, "instance_extra", (
            {"created_at": stamp, "deleted": 0, "instance_uuid": instance, "numa_topology": topology, "pci_requests": "[]",
             "flavor": '{"cur": %s, "old": null, "new": null}' % flavor, "keypairs": None, "resources": None}
            for _, instance, flavor, topology, _ in batch))
        insert(connection, "instance_mappings", (
            {"created_at": stamp, "instance_uuid": row["uuid"], "cell_id": 2, "project_id": row["project_id"] or "p",
             "queued_for_delete": 0, "user_id": row["user_id"]} for *_, row in batch))
        batch.clear()

    for made in instances():
        number = made[0]
        if number % 5_000 == 123:
            continue
        batch.append(made)
        if number % 10_000 == 456:
            *known, row = made
            missing = str(uuid.UUID(int=number << 64 | 0x4000_8000_0000_0000, version=4))
            batch.append((number, missing, known[2], known[3], {**row, "id": number + count, "uuid": missing}))
        if len(batch) >= 10_000:
            flush()
    flush()
    connection.executescript("""
        INSERT INTO instance_groups (uuid, name) SELECT DISTINCT group_uuid, 'group' FROM members;
        INSERT INTO instance_group_policy (policy, group_id) SELECT 'anti-affinity', id FROM instance_groups;
        INSERT INTO instance_group_member (instance_uuid, group_id)
            SELECT m.instance_uuid, g.id FROM members m JOIN instance_groups g ON g.uuid = m.group_uuid;
    """)
    for statement in api[1] + cell[1]:
        connection.execute(statement)
    connection.close()
    scratch.rename(path)


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    make(folder / f"api-{count}.sqlite", count, different=False)
    make(folder / f"cell1-{count}.sqlite", count, different=True)
    if "--tables" in sys.argv[3:]:
        make_tables(folder, count)


if __name__ == "__main__":
    main()
