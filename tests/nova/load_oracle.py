#!/usr/bin/env python3
"""Which stored texts nova loads, told by nova.

    target/nova-env/bin/python tests/nova/load_oracle.py [COUNT [SEED]] > loads.jsonl

Every line is {"text": ..., "error": null or "why nova cannot load it"}.  First
come the rows of the demo as they are, then COUNT (3000) of them with one or
two places changed at random: a value of another type, a key gone, a key that
nova does not know.  A text is loaded as a row is, with
RequestSpec._from_db_object; the server group that it names is taken to exist,
because that is not a matter of the text.
"""

import copy
import gzip
import json
import pathlib
import random
import sqlite3
import sys
import tempfile

import novalib  # noqa: F401 (sets up the environment before nova)

from nova import objects  # noqa: E402
from nova.objects import request_spec as request_spec_object  # noqa: E402

INSTANCE = '0a4d667b-c0b7-46a4-a249-36d096d83e1b'

VALUES = [
    None, [], {}, '', 'x', '1', '-1', -1, 0, 1, 1.5, True, False,
    float('nan'), 1e400, '1.5', 'nan', 'true', '2016-04-08', ['a'], [None],
    [1], {'a': 'b'}, {'a': None}, {'a': 1}, {'a': ['x']}, [['a']], [{}],
    2 ** 70, 10 ** 400, '192.0.2.1', '>=1.0', '1.15.1', '1.99', '1.0.0', '2',
    '1_0', ' 5 ', 'nova', 'Flavor', 'X86_64', 'dedicated']


def rows():
    with tempfile.NamedTemporaryFile() as scratch:
        scratch.write(gzip.decompress(
            (novalib.DEMO_DATA / 'nova_api.sqlite.gz').read_bytes()))
        scratch.flush()
        db = sqlite3.connect(pathlib.Path(scratch.name))
        found = [text for (text,) in db.execute(
            'SELECT spec FROM request_specs ORDER BY id')]
        db.close()
    return found


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, path + (key,))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from places(inner, path + (n,))


def change(spec):
    found = list(places(spec))
    if not found:
        return
    path = random.choice(found)
    container = spec
    for step in path[:-1]:
        container = container[step]
    how = random.random()
    if how < 0.15 and isinstance(container, dict):
        del container[path[-1]]
    elif how < 0.2 and isinstance(container, dict):
        container['novel'] = copy.deepcopy(random.choice(VALUES))
    elif how < 0.3 and isinstance(container, dict):
        other = random.choice(list(container))
        container[path[-1]] = copy.deepcopy(container[other])
    else:
        container[path[-1]] = copy.deepcopy(random.choice(VALUES))


def load(text):
    try:
        request_spec_object.RequestSpec._from_db_object(
            None, request_spec_object.RequestSpec(),
            {'spec': text, 'id': 1, 'instance_uuid': INSTANCE})
    except Exception as error:
        return '%s: %s' % (type(error).__name__, str(error)[:200])
    return None


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    objects.register_all()
    objects.InstanceGroup.get_by_uuid = classmethod(
        lambda cls, context, uuid: cls(uuid=uuid, members=[], hosts=[]))
    # A legacy NUMA cell is migrated on load, and saved.
    request_spec_object.RequestSpec.save = lambda self: None
    texts = rows()
    whole = []
    for text in texts:
        try:
            whole.append(json.loads(text))
        except ValueError:
            continue
    whole = [spec for spec in whole if isinstance(spec, dict)]
    for _ in range(count):
        spec = copy.deepcopy(random.choice(whole))
        for _ in range(random.choice((1, 1, 1, 2))):
            change(spec)
        texts.append(json.dumps(spec))
    for text in texts:
        sys.stdout.write(json.dumps({'text': text, 'error': load(text)}) + '\n')


if __name__ == '__main__':
    main()
