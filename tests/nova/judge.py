#!/usr/bin/env python3
"""Lets real nova judge edits of stored RequestSpecs.

    target/nova-env/bin/python tests/nova/judge.py CASES.jsonl
    ... | target/nova-env/bin/python tests/nova/judge.py -

One case per line:

    {"instance_uuid": "...", "kind": "set", "path": "flavor.vcpus",
     "expect": 8, "before": "<stored text>", "after": "<stored text>"}

`path` addresses a logical field: the nova_object.data envelopes are skipped,
odd keys stand in brackets, and a key with a ] or a " as a JSON string in
brackets: scheduler_hints[group][0], flavor.extra_specs["a]b"].
`expect` is the JSON value that the field shall have now, an object being
written without envelopes, or {"unset": true} when it shall be absent.
An edit that has to change a second field (the group's uuid and the hint) names
it in `also`, an object from path to expectation.

For each case the text `after` is put into a scratch copy of the demo's API
database and loaded with RequestSpec.get_by_instance_uuid.  Then

* the edited field must have the expected value, in JSON's types;
* every other field must be what loading `before` gives, the versions of the
  objects included (sets are compared without order).  This is looked at twice:
  in what get_by_instance_uuid returns, and in what nova reads from the text
  alone, because get_by_instance_uuid takes no notice of some stored fields
  (retry, requested_destination, ...) and takes a server group from its tables.

With `"rewritten": true` both looks are at the text: nova rewrites such a row
while it loads it (NUMA cells older than 1.6), which hides what was edited.

When nova cannot load `before`, the case is a repair: then only the load and
the expectation are judged.

Prints one line per failure (uuid, kind, path, reason) and `N passed, M
failed`.  The exit code is 1 when something failed or there was no case.
"""

import argparse
import datetime
import gzip
import json
import math
import pathlib
import sqlite3
import sys
import tempfile

import novalib

from oslo_serialization import jsonutils  # noqa: E402
from oslo_versionedobjects import base as ovo_base  # noqa: E402

from nova.objects import request_spec as request_spec_object  # noqa: E402

UNSET = {'unset': True}
# get_by_instance_uuid does not return the stored value of these; they are
# judged by what nova reads from the text.
NOT_FROM_TEXT = {'id', 'instance_uuid', 'retry', 'ignore_hosts',
                 'requested_destination', 'requested_resources',
                 'network_metadata', 'request_level_params',
                 'requested_networks', 'instance_group'}


# --- what was loaded, as a tree ----------------------------------------------


class Node(dict):
    """The fields of an object; `kind` is its name and version."""

    kind = None


class Unordered(list):
    """A set, sorted."""


def tree(value):
    if isinstance(value, ovo_base.VersionedObject):
        node = Node()
        node.kind = '%s %s' % (value.obj_name(), value.VERSION)
        for name, field in value.fields.items():
            if not value.obj_attr_is_set(name):
                continue
            inner = getattr(value, name)
            if isinstance(inner, datetime.datetime):
                # As it is stored, not as Python prints it.
                inner = field.to_primitive(value, name, inner)
            node[name] = tree(inner)
        return node
    if isinstance(value, dict):
        return {key: tree(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return Unordered(sorted((tree(inner) for inner in value), key=repr))
    if isinstance(value, (list, tuple)):
        return [tree(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)       # addresses


def same(one, other):
    """Equality as JSON sees it: 1, 1.0 and true are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return (getattr(one, 'kind', None) == getattr(other, 'kind', None) and
                one.keys() == other.keys() and
                all(same(one[key], other[key]) for key in one))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and one == other


def as_expected(found, expect):
    """Like same(), but `expect` is JSON: it has no versions and its sets are
    lists in some order; a number may be written 1 where nova has 1.0."""
    if isinstance(expect, dict) and 'nova_object.data' in expect:
        expect = expect['nova_object.data']
    if isinstance(found, dict) and isinstance(expect, dict):
        return (found.keys() == expect.keys() and
                all(as_expected(found[key], expect[key]) for key in found))
    if isinstance(found, Unordered) and isinstance(expect, list):
        return same(list(found), sorted(expect, key=repr))
    if isinstance(found, list) and isinstance(expect, list):
        return (len(found) == len(expect) and
                all(map(as_expected, found, expect)))
    if isinstance(found, float) and type(expect) is int:
        return found == expect
    return same(found, expect)


def difference(one, other, path=''):
    """The path of the first difference, or None."""
    if isinstance(one, dict) and isinstance(other, dict):
        kinds = getattr(one, 'kind', None), getattr(other, 'kind', None)
        if kinds[0] != kinds[1]:
            return '%s is now %s, was %s' % (path or 'the spec', kinds[1],
                                             kinds[0])
        for key in list(one) + [k for k in other if k not in one]:
            where = '%s.%s' % (path, key) if path else key
            if key not in other:
                return '%s is gone, was %r' % (where, one[key])
            if key not in one:
                return '%s is new: %r' % (where, other[key])
            found = difference(one[key], other[key], where)
            if found:
                return found
        return None
    if (isinstance(one, list) and isinstance(other, list) and
            len(one) == len(other) and not isinstance(one, Unordered)):
        for n, pair in enumerate(zip(one, other)):
            found = difference(*pair, '%s[%d]' % (path, n))
            if found:
                return found
        return None
    if same(one, other):
        return None
    return '%s is now %r, was %r' % (path, other, one)


# --- paths -------------------------------------------------------------------


def segments(path):
    """flavor.extra_specs[hw:cpu_policy] -> the three names."""
    found, rest = [], path
    while rest:
        if rest.startswith('["'):
            name, end = json.JSONDecoder().raw_decode(rest[1:])
            rest = rest[1 + end:]
            if not rest.startswith(']'):
                raise ValueError('no ] in the path %r' % path)
            rest = rest[1:]
        elif rest.startswith('['):
            name, bracket, rest = rest[1:].partition(']')
            if not bracket:
                raise ValueError('no ] in the path %r' % path)
        else:
            rest = rest.removeprefix('.')
            end = min(n for n in (rest.find('.'), rest.find('['), len(rest))
                      if n >= 0)
            name, rest = rest[:end], rest[end:]
        found.append(name)
    return found


def step(value, name):
    if isinstance(value, list):
        return value[int(name)]
    return value[name]


def look(root, names):
    """(True, value) or (False, None)."""
    value = root
    for name in names:
        try:
            value = step(value, name)
        except (KeyError, IndexError, ValueError, TypeError):
            return False, None
    return True, value


class _Left:
    """Stands where an edited field was."""

    def __repr__(self):
        return '(edited)'

    def __eq__(self, other):
        return isinstance(other, _Left)


def without(root, paths):
    """The tree with the edited fields out of sight."""
    for names in paths:
        if not names:
            return _Left()
        root = _without(root, names)
    return root


def _without(value, names):
    if isinstance(value, dict):
        copy = Node(value) if isinstance(value, Node) else dict(value)
        if isinstance(value, Node):
            copy.kind = value.kind
        if len(names) == 1:
            # Absent and present look alike.
            copy.pop(names[0], None)
        elif names[0] in copy:
            copy[names[0]] = _without(copy[names[0]], names[1:])
        return copy
    if isinstance(value, list):
        copy = type(value)(value)
        try:
            n = int(names[0])
            copy[n] = (_Left() if len(names) == 1 else
                       _without(copy[n], names[1:]))
        except (ValueError, IndexError):
            pass
        return copy
    return value


# --- nova --------------------------------------------------------------------


class Court:
    def __init__(self, directory, api):
        directory = pathlib.Path(directory)
        scratch = directory / 'nova_api.sqlite'
        data = pathlib.Path(api).read_bytes()
        scratch.write_bytes(gzip.decompress(data)
                            if data[:2] == b'\x1f\x8b' else data)
        self.ctx = novalib.start(novalib.write_conf(
            directory / 'nova.conf', scratch, directory / 'none.sqlite',
            directory))
        self.db = sqlite3.connect(scratch, isolation_level=None)
        self.db.execute('PRAGMA synchronous = OFF')
        self.befores = {}

    def load(self, uuid, text):
        """(what the database gives, what the text gives), as trees."""
        self.db.execute(
            'INSERT INTO request_specs (instance_uuid, spec) VALUES (?, ?) '
            'ON CONFLICT (instance_uuid) DO UPDATE SET spec = excluded.spec',
            (uuid, text))
        loaded = request_spec_object.RequestSpec.get_by_instance_uuid(
            self.ctx, uuid)
        read = request_spec_object.RequestSpec.obj_from_primitive(
            jsonutils.loads(text))
        return tree(loaded), tree(read)

    def before(self, uuid, text):
        key = (uuid, text)
        if key not in self.befores:
            try:
                self.befores[key] = self.load(uuid, text)
            except Exception:
                self.befores[key] = None        # a repair
        return self.befores[key]

    def judge(self, case):
        """None, or why the edit is wrong."""
        uuid = case['instance_uuid']
        before = self.before(uuid, case['before'])
        try:
            loaded, read = self.load(uuid, case['after'])
        except Exception as error:
            return 'nova cannot load it: %s: %s' % (type(error).__name__,
                                                    error)
        wanted = {case['path']: case['expect'], **case.get('also', {})}
        paths = []
        for path, expect in wanted.items():
            names = segments(path)
            paths.append(names)
            from_text = (case.get('rewritten') or
                         names and names[0] in NOT_FROM_TEXT)
            source = read if from_text else loaded
            there, value = look(source, names)
            if expect == UNSET:
                if there:
                    return '%s should be absent, is %r' % (path, value)
            elif not there:
                return '%s should be %s, is absent' % (path,
                                                       json.dumps(expect))
            elif not as_expected(value, expect):
                return '%s should be %s, is %r' % (path, json.dumps(expect),
                                                   value)
        if before is None:
            return None
        # A group comes from its tables, by the uuid in the text: when that
        # changes, everything in it may, and so may the hint nova drops when
        # the group is gone.
        from_tables = list(paths)
        if any(names[0] == 'instance_group' for names in paths if names):
            from_tables.append(['instance_group'])
            if loaded.get('instance_group') is None:
                from_tables.append(['scheduler_hints', 'group'])
        looks = [(before[1], read, paths)]
        if not case.get('rewritten'):
            looks.append((before[0], loaded, from_tables))
        for was, now, edited in looks:
            found = difference(without(was, edited), without(now, edited))
            if found:
                return 'another field changed: ' + found
        return None


def main():
    parser = argparse.ArgumentParser(
        description='Let nova judge edits of stored RequestSpecs.')
    parser.add_argument('cases', help='a JSON-lines file, or - for stdin')
    parser.add_argument('--api', default=novalib.DEMO_DATA /
                        'nova_api.sqlite.gz',
                        help='API database to work on a copy of, plain or '
                        'gzipped (default: the demo)')
    args = parser.parse_args()
    source = sys.stdin if args.cases == '-' else open(args.cases,
                                                      encoding='utf-8')
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory, source:
        court = Court(directory, args.api)
        for line in source:
            if not line.strip():
                continue
            case = json.loads(line)
            try:
                reason = court.judge(case)
            except (KeyError, ValueError) as error:
                reason = 'not a case: %r' % error
            if reason is None:
                passed += 1
                continue
            failed += 1
            # One line, whatever is in a name or a hint.
            print(json.dumps('%s %s %s: %s' % (
                case.get('instance_uuid'), case.get('kind'), case.get('path'),
                reason), ensure_ascii=True)[1:-1])
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
