#!/usr/bin/env python3
"""Generates src/spec/schema/generated.rs from nova's own objects.

    tests/nova/setup.sh
    target/nova-env/bin/python tests/nova/generate_schema.py            # write
    target/nova-env/bin/python tests/nova/generate_schema.py --check    # fail if it differs

The table holds every object reachable from RequestSpec, with its fields in the
order in which nova stores them, their types, and the object version that first
had each field and each enum value.  Nothing is typed in by hand: the classes
of the installed nova are asked.

How `since` is found
--------------------
nova has no list "field -> first version".  It has two sources, and both are
used:

1. Its code.  An object with every field set is backported with
   obj_to_primitive(target_version=1.N) to every older minor version.  A field
   that is missing from the result did not exist in 1.N.  An enum value that
   raises, or that is dropped, was not allowed in 1.N.  The sub-objects are held
   at their current versions by a version manifest, so that only the object
   under test changes.
2. The comments "# Version 1.N: Added ..." above VERSION.  They matter where
   nova's obj_make_compatible forgets something (the image signature
   properties, InstanceGroup.hosts, the pagesize of a NUMA cell, ...).

The later of the two wins.  A version in which the comments and the code differ
in a way not foreseen by EXPLAINED makes the script fail, so that a newer nova
is looked at by a person.
"""

import argparse
import ast
import datetime
import inspect
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import warnings

os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', '1')
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)   # nova warns about every backport

from oslo_versionedobjects import exception as ovo_exception  # noqa: E402
from oslo_versionedobjects import fields as ovo_fields  # noqa: E402

from nova import exception as nova_exception  # noqa: E402
from nova import objects  # noqa: E402
from nova.objects import base as nova_base  # noqa: E402
from nova.objects import fields as nova_fields  # noqa: E402
from nova import version as nova_version  # noqa: E402

OUTPUT = (pathlib.Path(__file__).resolve().parents[2] /
          'src' / 'spec' / 'schema' / 'generated.rs')
ROOT = 'RequestSpec'

# Additions that a person has looked up, because the comment that announces
# them does not name them (object -> {version: names}; a name is a field, or
# (field, enum value)).
EXPLAINED = {
    'ImageMetaProps': {
        # "Added properties for image signature verification"
        (1, 12): ['img_signature', 'img_signature_hash_method',
                  'img_signature_certificate_uuid', 'img_signature_key_type'],
        # "Added 'lxd' to hypervisor types"
        (1, 8): [('img_hv_type', 'lxd')],
        # "Added 'lxc' and 'uml' enum types to DiskBusField"
        (1, 6): [(f, v) for f in ('hw_disk_bus', 'hw_cdrom_bus',
                                  'hw_floppy_bus')
                 for v in ('lxc', 'uml')],
        # "WatchdogActionField supports 'disabled' enum"
        (1, 16): [('hw_watchdog_action', 'disabled')],
        # "Add lan9118 as valid nic for hw_vif_model property for qemu"
        (1, 17): [('hw_vif_model', 'lan9118')],
    },
    'InstanceNUMACell': {
        # "Add cpu_pinning_raw and topology fields"
        (1, 2): ['cpu_pinning_raw', 'cpu_topology'],
    },
    'HVSpec': {
        # "Added 'vz' hypervisor", "Added 'lxd' hypervisor"
        (1, 1): [('hv_type', 'vz')],
        (1, 2): [('hv_type', 'lxd')],
    },
}


# --- what nova knows ---------------------------------------------------------


def latest(name):
    return nova_base.NovaObjectRegistry.obj_classes()[name][0]


def version_tuple(text):
    return tuple(int(part) for part in text.split('.'))


def referenced(field_type):
    """The names of the objects that a field type can hold."""
    if isinstance(field_type, ovo_fields.Object):
        yield field_type._obj_name
    elif isinstance(field_type, ovo_fields.CompoundFieldType):
        yield from referenced(field_type._element_type._type)


def reachable(name, seen):
    """Depth first, in field order: the order in which a reader of a stored
    spec meets the objects."""
    if name in seen:
        return
    seen.append(name)
    for field in latest(name).fields.values():
        for other in referenced(field._type):
            reachable(other, seen)


def sample(field_type):
    """A value that the type accepts, to have something to backport."""
    if isinstance(field_type, ovo_fields.Enum):
        return list(field_type.valid_values)[0]
    if isinstance(field_type, ovo_fields.Object):
        # Empty on purpose: what is inside does not matter here.
        return latest(field_type._obj_name)()
    if isinstance(field_type, ovo_fields.Dict):
        return {'0': sample(field_type._element_type._type)}
    if isinstance(field_type, ovo_fields.Set):
        return {sample(field_type._element_type._type)}
    if isinstance(field_type, ovo_fields.List):
        return [sample(field_type._element_type._type)]
    if isinstance(field_type, ovo_fields.DateTime):
        return datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    if isinstance(field_type, ovo_fields.IPAddress):
        return '192.0.2.1'
    if isinstance(field_type, ovo_fields.UUID):
        return '00000000-0000-0000-0000-000000000001'
    if isinstance(field_type, ovo_fields.VersionPredicate):
        return '>=2.6'
    if isinstance(field_type, ovo_fields.Boolean):
        return True
    if isinstance(field_type, (ovo_fields.Integer, ovo_fields.Float,
                               ovo_fields.NonNegativeInteger,
                               ovo_fields.NonNegativeFloat)):
        return 1
    if isinstance(field_type, ovo_fields.String):
        return 'x'
    raise SystemExit('no sample for %r' % field_type)


def full_object(cls, **overrides):
    values = {name: sample(field._type) for name, field in cls.fields.items()}
    values.update(overrides)
    obj = cls()
    for name, value in values.items():
        setattr(obj, name, value)
    return obj


def manifest():
    return {name: latest(name).VERSION
            for name in nova_base.NovaObjectRegistry.obj_classes()}


def older_versions(cls):
    major, minor = version_tuple(cls.VERSION)
    return ['%d.%d' % (major, n) for n in range(minor, -1, -1)]


def probe_field(cls, name):
    """The first version whose backport still has the field, by nova's code."""
    since = version_tuple(cls.VERSION)
    obj = full_object(cls)
    for version in older_versions(cls):
        data = obj.obj_to_primitive(
            target_version=version,
            version_manifest=manifest())['nova_object.data']
        if name not in data:
            break
        since = version_tuple(version)
    return since


def probe_value(cls, name, value):
    """The first version whose backport still has this value of the field."""
    since = version_tuple(cls.VERSION)
    obj = full_object(cls, **{name: value})
    for version in older_versions(cls):
        try:
            data = obj.obj_to_primitive(
                target_version=version,
                version_manifest=manifest())['nova_object.data']
        except (nova_exception.ObjectActionError,
                ovo_exception.ObjectActionError):
            break
        if data.get(name) != value:
            break
        since = version_tuple(version)
    return since


COMMENT = re.compile(r'^\s*#\s*Version (\d+\.\d+):?\s*(.*)$')
MORE = re.compile(r'^\s*#\s{5,}(.*)$')


def comments(cls):
    """{version: text} from the comments above VERSION."""
    found, current = {}, None
    for line in inspect.getsource(cls).splitlines():
        match = COMMENT.match(line)
        if match:
            current = version_tuple(match.group(1))
            found[current] = match.group(2)
            continue
        more = MORE.match(line)
        if more and current:
            found[current] += ' ' + more.group(1)
        else:
            current = None
    return found


def announced(cls):
    """({field: version}, {(field, value): version}) from the comments."""
    fields, values = {}, {}
    for version, text in comments(cls).items():
        for clause in re.split(r'[;.]\s|, (?=[Aa]dd)|\band (?=deprecate)', text):
            match = re.match(r'\s*[Aa]dd(?:ed|s)?\b(.*)', clause)
            if not match:
                continue
            # "Added 'x' to 'field'", "Add x as valid nic for field": there the
            # field is not what is new.
            what, where = (re.split(r' to | as valid .*? for ',
                                    match.group(1), maxsplit=1) + [''])[:2]
            words = set(re.findall(r"\w+(?!\w|\()", what))
            if not where:
                for name in cls.fields:
                    # "Add emulator threads policy" is the field with the
                    # underscores.
                    if name in words or ('_' in name.strip('_') and
                                         name.replace('_', ' ') in what):
                        fields[name] = version
                continue
            for name in set(re.findall(r'\w+', where)) & set(cls.fields):
                kind = cls.fields[name]._type
                if isinstance(kind, ovo_fields.Enum):
                    for value in kind.valid_values:
                        if re.search(r'(?<![\w-])%s(?![\w-])' %
                                     re.escape(value), what):
                            values[(name, value)] = version
    for version, names in EXPLAINED.get(cls.obj_name(), {}).items():
        if version not in comments(cls):
            raise SystemExit('EXPLAINED names %s of %s, which nova does not '
                             'mention' % (version, cls.obj_name()))
        for name in names:
            (values if isinstance(name, tuple) else fields)[name] = version
    return fields, values


def since(cls):
    """({field: version}, {(field, value): version}), code and comments."""
    by_comment, value_by_comment = announced(cls)
    fields, values = {}, {}
    for name, field in cls.fields.items():
        probed = probe_field(cls, name)
        said = by_comment.get(name)
        if probed > (1, 0) and said is None:
            raise SystemExit('%s.%s: the code says %s, the comments nothing' %
                             (cls.obj_name(), name, probed))
        if probed > (1, 0) and said != probed:
            raise SystemExit('%s.%s: the code says %s, the comments %s' %
                             (cls.obj_name(), name, probed, said))
        fields[name] = max(probed, said or (1, 0))
        if not isinstance(field._type, ovo_fields.Enum):
            continue
        for value in field._type.valid_values:
            probed = probe_value(cls, name, value)
            said = value_by_comment.get((name, value), (1, 0))
            values[(name, value)] = max(probed, said, fields[name])
            if probed > fields[name] and said != probed:
                raise SystemExit('%s.%s=%s: the code says %s, the comments %s'
                                 % (cls.obj_name(), name, value, probed, said))
    for name in value_by_comment:
        if name not in values:
            raise SystemExit('%s: no such enum value: %s' %
                             (cls.obj_name(), name))
    return fields, values


def accepts(kind, text):
    try:
        return kind.coerce(None, 'probe', text)
    except (ValueError, nova_exception.NovaException):
        return None


def any_case(kind):
    """Does nova canonicalise the letter case of what it reads?"""
    values = [v for v in kind.valid_values if v.upper() != v.lower()]
    for value in values:
        other = value.upper() if value != value.upper() else value.lower()
        if accepts(kind, other) != value:
            return False
    return bool(values)


def aliases(kind):
    """Legacy spellings: every string constant in the enum class that is not a
    value but is accepted as one."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(type(kind))))
    words = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.append(node.value)
    found = {}
    values = set(kind.valid_values)
    for word in words:
        became = accepts(kind, word) if ' ' not in word else None
        if (word not in values and became in values and
                word.lower() != became):
            found[word] = became
    return sorted(found.items())


# --- as Rust -----------------------------------------------------------------


def string(text):
    assert text.isascii() and text.isprintable(), text
    return '"%s"' % text.replace('\\', '\\\\').replace('"', '\\"')


def version(pair):
    return 'v(%d, %d)' % pair


def screaming(name):
    # CPUThreadAllocationPolicy -> CPU_THREAD_ALLOCATION_POLICY
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_',
                  name).upper()


class Enums:
    """The enum types, each written once; a field whose values have another
    history gets its own constant."""

    def __init__(self):
        self.by_body = {}
        self.names = set()

    def add(self, kind, field, history):
        name = type(kind).__name__
        body = 'Kind::Enum { name: %s, values: &[%s], any_case: %s, aliases: &[%s] }' % (
            string(name),
            ', '.join('value(%s, %s)' % (string(v), version(history[(field, v)]))
                      for v in kind.valid_values),
            'true' if any_case(kind) else 'false',
            ', '.join('(%s, %s)' % (string(a), string(b))
                      for a, b in aliases(kind)))
        if body not in self.by_body:
            constant = screaming(name)
            if constant in self.names:
                constant += '_OF_' + field.upper()
            assert constant not in self.names, constant
            self.names.add(constant)
            self.by_body[body] = constant
        return self.by_body[body]


SIMPLE = [
    # Most derived first: the first match wins.
    (ovo_fields.FlexibleBoolean, 'FlexibleBoolean'),
    (ovo_fields.Boolean, 'Boolean'),
    (ovo_fields.NonNegativeInteger, 'NonNegativeInteger'),
    (ovo_fields.Integer, 'Integer'),
    (ovo_fields.NonNegativeFloat, 'NonNegativeFloat'),
    (ovo_fields.Float, 'Float'),
    (ovo_fields.UUID, 'Uuid'),
    (ovo_fields.DateTime, 'DateTime'),
    (ovo_fields.IPAddress, 'IpAddress'),
    (ovo_fields.VersionPredicate, 'VersionPredicate'),
]


def kind(field_type, field, history, enums):
    if isinstance(field_type, ovo_fields.Object):
        return 'Kind::Object(%s)' % string(field_type._obj_name)
    if isinstance(field_type, ovo_fields.Dict):
        element = field_type._element_type
        return 'Kind::Dict(&Element { kind: %s, nullable: %s })' % (
            kind(element._type, field, history, enums),
            'true' if element.nullable else 'false')
    for base, name in ((ovo_fields.List, 'List'), (ovo_fields.Set, 'Set')):
        if isinstance(field_type, base):
            element = field_type._element_type
            if element.nullable:
                raise SystemExit('%s: nullable elements in a %s: extend '
                                 'Kind' % (field, name))
            return 'Kind::%s(&%s)' % (
                name, kind(element._type, field, history, enums))
    if isinstance(field_type, ovo_fields.Enum):
        return enums.add(field_type, field, history)
    for base, name in SIMPLE:
        if isinstance(field_type, base):
            return 'Kind::' + name
    # Plain text; a subclass that checks more would be silently lost, so stop.
    if type(field_type) in (ovo_fields.String, ovo_fields.SensitiveString):
        return 'Kind::String'
    raise SystemExit('no Kind for %r of %s' % (field_type, field))


HEADER = '''\
// The fields of every object that can be part of a stored RequestSpec.
//
// Generated by tests/nova/generate_schema.py from nova {nova}. Do not edit:
// run the script again, with the nova you want, and commit what it writes.
//
// Objects stand in the order in which a reader of a spec meets them, fields in
// nova's order, which is the order of the keys in the stored text.

use super::types::*;
'''

HELPERS = '''
const fn field(name: &'static str, kind: Kind, nullable: bool, read_only: bool, since: Version) -> FieldSchema {
    FieldSchema { name, kind, nullable, read_only, since }
}

const fn value(value: &'static str, since: Version) -> EnumValue {
    EnumValue { value, since }
}
'''


def rust():
    objects.register_all()
    names = []
    reachable(ROOT, names)
    enums = Enums()
    table = []
    for name in names:
        cls = latest(name)
        fields, values = since(cls)
        rows = []
        for field_name, field in cls.fields.items():
            rows.append('field(%s, %s, %s, %s, %s),' % (
                string(field_name),
                kind(field._type, field_name, values, enums),
                'true' if field.nullable else 'false',
                'true' if field.read_only else 'false',
                version(fields[field_name])))
        table.append('ObjectSchema { name: %s, version: %s, fields: &[\n%s\n] },' % (
            string(name), version(version_tuple(cls.VERSION)),
            '\n'.join(rows)))
    out = HEADER.format(nova=nova_version.version_string())
    out += '\n/// Every object reachable from RequestSpec.\n'
    out += 'pub static OBJECTS: &[ObjectSchema] = &[\n%s\n];\n' % '\n'.join(table)
    out += HELPERS
    for body, constant in enums.by_body.items():
        out += '\nconst %s: Kind = %s;\n' % (constant, body)
    if not shutil.which('rustfmt'):
        raise SystemExit('rustfmt is not on the PATH')
    return subprocess.run(['rustfmt', '--edition', '2024'], input=out,
                          text=True, check=True,
                          stdout=subprocess.PIPE).stdout


def main():
    parser = argparse.ArgumentParser(
        description='Generate the schema table from the installed nova.')
    parser.add_argument('--check', action='store_true',
                        help='write nothing; fail when the file differs')
    args = parser.parse_args()
    text = rust()
    if args.check:
        if not OUTPUT.exists() or OUTPUT.read_text() != text:
            sys.exit('%s differs from what %s generates: run the script and '
                     'commit the result' % (OUTPUT.name,
                                            pathlib.Path(__file__).name))
        return
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(text)


if __name__ == '__main__':
    main()
