#!/usr/bin/env python3
"""Real nova loads every RequestSpec of a deployment, and says what it saw.

    target/nova-env/bin/python tests/nova/servers_load.py NOVA_CONF

Standard output gets a JSON object: for the API database and every cell that
nova finds (whose addresses nova itself resolves) its name and
- `columns`: the schema of its table request_specs, null where there is none;
- `rows`: instance_uuid -> {text, created_at, updated_at}, as stored;
- `loaded`: instance_uuid -> the object that nova made of it, as a primitive
  without the lists of changes, or `{"error": why not}`.
Rows of the API database are loaded with RequestSpec.get_by_instance_uuid,
which writes where nova migrates an old row; `rows` is read after that.  Those
of a cell, which upstream nova never reads, are given to the same constructor.
"""

import json
import math
import sys

import novalib

if __name__ == '__main__':
    novalib.stable_hashing()

import sqlalchemy  # noqa: E402

from nova import objects  # noqa: E402
from nova.objects import request_spec as request_spec_object  # noqa: E402

RequestSpec = request_spec_object.RequestSpec


def without_changes(value):
    """Also: numbers that JSON, or its usual readers, do not have, as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and abs(value) >= 2 ** 63:
        return str(value)
    if isinstance(value, dict):
        return {key: without_changes(inner) for key, inner in value.items()
                if key != 'nova_object.changes'}
    if isinstance(value, (list, tuple)):
        return [without_changes(inner) for inner in value]
    return value


def attempt(load):
    try:
        return without_changes(load().obj_to_primitive())
    except Exception as error:
        return {'error': '%s: %s' % (type(error).__name__, error)}


def stored(engine):
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text(
            'SELECT instance_uuid, spec, created_at, updated_at, id '
            'FROM request_specs ORDER BY id')).fetchall()
    return {uuid: {'text': text, 'id': row_id,
                   'created_at': created and str(created),
                   'updated_at': updated and str(updated)}
            for uuid, text, created, updated, row_id in found}


def schema(engine):
    inspector = sqlalchemy.inspect(engine)
    if not inspector.has_table('request_specs'):
        return None
    columns = [[c['name'], str(c['type']), c['nullable'], str(c['default'])]
               for c in inspector.get_columns('request_specs')]
    indexes = sorted([i['name'], i['column_names'], bool(i['unique'])]
                     for i in inspector.get_indexes('request_specs'))
    return columns + indexes


def look(context, engine, is_api):
    columns = schema(engine)
    if columns is None:
        return {'columns': None, 'rows': {}, 'loaded': {}}
    rows = stored(engine)
    loaded = {}
    for uuid, row in rows.items():
        if is_api:
            loaded[uuid] = attempt(
                lambda: RequestSpec.get_by_instance_uuid(context, uuid))
        else:
            loaded[uuid] = attempt(lambda: RequestSpec._from_db_object(
                context, RequestSpec(), {'spec': row['text'], 'id': row['id'],
                                         'instance_uuid': uuid}))
    return {'columns': columns, 'rows': stored(engine), 'loaded': loaded}


def main():
    context = novalib.start(sys.argv[1])
    import nova.conf
    addresses = {'api': nova.conf.CONF.api_database.connection}
    for cell in objects.CellMappingList.get_all(context):
        addresses[cell.name] = cell.database_connection
    report = {}
    for name, address in addresses.items():
        engine = sqlalchemy.create_engine(address)
        report[name] = look(context, engine, name == 'api')
        engine.dispose()
    json.dump(report, sys.stdout, allow_nan=False)


if __name__ == '__main__':
    main()
