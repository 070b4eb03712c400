#!/usr/bin/env python3
"""A small cloud on a real database server, made by real nova.

    target/nova-env/bin/python tests/nova/servers_make.py make URL DIRECTORY TAG
    target/nova-env/bin/python tests/nova/servers_make.py drop URL TAG

URL is the superuser's, `mysql://root@127.0.0.1:3306/` or
`postgresql://postgres@127.0.0.1:5432/`.  make creates the databases
nova_api_TAG, nova_cell0_TAG, nova_cell1_TAG and nova_cell2_TAG there (of
MariaDB with nova's usual 3-byte utf8) and an account whose password holds
every character that a URL cannot; nova-manage makes the schemas and the cells
(cell2's address is a template) and nova's objects make hosts, flavors, groups,
instances, mappings and about two hundred RequestSpecs of every kind that the
sample deployment has (make_demo.py), one of them near 1 MB.  nova.conf goes to
DIRECTORY; standard output gets a JSON object that says what there is.

drop takes databases and account away again.
"""

import json
import pathlib
import sys
import urllib.parse

import novalib
import make_demo
from demo_tables import FLAVORS, PROJECTS

if __name__ == '__main__':
    novalib.stable_hashing()

from nova import objects  # noqa: E402
from nova.objects import request_spec as request_spec_object  # noqa: E402

# Everything that must be written %xx in a URL, and what oslo's ini dialect,
# Python's string formatting or a shell might take for their own.
PASSWORD = 's3%cret/#p+:?@{x}&=p w'
NAMES = ('api', 'cell0', 'cell1', 'cell2')
MADE = {'IN_CELL1': 100, 'IN_CELL2': 90, 'BUILDING': 8, 'IN_CELL0': 2,
        'ORPHANS': 3}
HINTS = 24000


class Server:
    """The server, as its superuser sees it."""

    def __init__(self, url, tag):
        self.url, self.tag = urllib.parse.urlsplit(url), tag
        self.mysql = self.url.scheme.startswith('mysql')
        self.account = 'nova_' + tag
        self.databases = {n: 'nova_%s_%s' % (n, tag) for n in NAMES}

    def connect(self, database=None):
        where = dict(host=self.url.hostname, port=self.url.port,
                     user=self.url.username)
        if self.mysql:
            import pymysql
            return pymysql.connect(database=database, charset='utf8mb4',
                                   autocommit=True, **where)
        import psycopg2
        connection = psycopg2.connect(dbname=database or 'postgres', **where)
        connection.autocommit = True
        return connection

    def run(self, *statements):
        connection = self.connect()
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def make(self):
        quoted = PASSWORD.replace("'", "''")
        if self.mysql:
            user = "'%s'@'%%'" % self.account
            self.run("CREATE USER %s IDENTIFIED BY '%s'" % (user, quoted),
                     *['CREATE DATABASE %s CHARACTER SET utf8mb3' % name
                       for name in self.databases.values()],
                     *['GRANT ALL ON %s.* TO %s' % (name, user)
                       for name in self.databases.values()])
        else:
            self.run("CREATE USER %s PASSWORD '%s'" % (self.account, quoted),
                     *['CREATE DATABASE %s OWNER %s' % (name, self.account)
                       for name in self.databases.values()])

    def drop(self):
        force = '' if self.mysql else ' WITH (FORCE)'
        self.run(*['DROP DATABASE IF EXISTS %s%s' % (name, force)
                   for name in self.databases.values()])
        user = "'%s'@'%%'" % self.account if self.mysql else self.account
        self.run('DROP USER IF EXISTS ' + user)

    def address(self, name):
        """The account's URL of a database, as an operator would write it."""
        scheme = 'mysql+pymysql' if self.mysql else 'postgresql+psycopg2'
        return '%s://%s:%s@%s:%d/%s%s' % (
            scheme, self.account, urllib.parse.quote(PASSWORD, safe=''),
            self.url.hostname, self.url.port, self.databases[name],
            '?charset=utf8' if self.mysql else '')


class Cloud(make_demo.Cloud):
    """The same as the demo's, on a server."""

    def __init__(self, server, directory):
        self.server, self.directory = server, pathlib.Path(directory)

    def conf(self, name, main):
        path = self.directory / name
        path.write_text('''\
[DEFAULT]
state_path = %s
transport_url = fake:/
[api_database]
connection = %s
[database]
connection = %s
%s''' % (self.directory, self.server.address('api'),
            self.server.address(main), make_demo.PCI))
        return path

    def make_schemas(self):
        conf = self.conf('nova.conf', 'cell0')
        novalib.manage(conf, 'api_db', 'sync')
        novalib.manage(conf, 'db', 'sync', '--local_cell')
        novalib.manage(conf, 'cell_v2', 'map_cell0', '--database_connection',
                       self.server.address('cell0'))
        template = '{scheme}://{username}:{password}@{hostname}:{port}/'
        for cell, address in (
                ('cell1', self.server.address('cell1')),
                ('cell2', template + self.server.databases['cell2'])):
            own = self.conf(cell + '.conf', cell)
            novalib.manage(own, 'db', 'sync', '--local_cell')
            novalib.manage(conf, 'cell_v2', 'create_cell', '--name', cell,
                           '--database_connection', address,
                           '--transport-url', 'fake://%s/' % cell)
        return conf


class Rows:
    """What make_demo.store() writes itself, in the API database."""

    def __init__(self, server):
        self.connection = server.connect(server.databases['api'])

    def execute(self, sql, parameters):
        cursor = self.connection.cursor()
        cursor.execute(sql.replace('?', '%s'), parameters)
        return cursor

    def commit(self):
        pass


def make_specs(cloud, server):
    rng = make_demo.rng
    if server.mysql:
        # nova's table of flavors is 3-byte utf8 as well; the emoji comes back
        # in the text of a spec, see named().
        make_demo.FLAVORS[:] = [
            (''.join(c for c in row[0] if ord(c) < 0x10000),) + row[1:]
            for row in FLAVORS]
    for name, count in MADE.items():
        setattr(make_demo, name, count)
    hosts = make_demo.plan_hosts()
    servers = make_demo.plan_servers(hosts, make_demo.releases())
    groups = make_demo.plan_groups(servers)
    project_ids = {p[0]: '%032x' % rng.getrandbits(128) for p in PROJECTS}
    user_ids = {u: '%032x' % rng.getrandbits(128)
                for p in PROJECTS for u in p[1]}
    servers.sort(key=lambda s: (s.created, s.uuid))
    cloud.start(cloud.make_schemas())
    flavors = make_demo.make_flavors(cloud, project_ids)
    images = make_demo.make_images()
    make_demo.make_groups(cloud, groups, project_ids, user_ids)
    make_demo.make_hosts(cloud, hosts)
    make_demo.make_aggregates(cloud, hosts, project_ids)
    rows, known = Rows(server), []
    for s in servers:
        make_demo.at(s.created)
        spec = make_demo.build(cloud, s, flavors, images, project_ids,
                               user_ids, known)
        make_demo.make_server(cloud, s, spec, flavors, images, project_ids,
                              user_ids)
        make_demo.tag_spec(s, spec)
        make_demo.store(cloud, s, spec, rows)
        if s.kind == 'normal':
            known.append(s.uuid)
    make_curious(cloud, servers, rows)
    return servers


def make_curious(cloud, servers, rows):
    """Rows that nova loads and that a tool has to treat with care, a name that
    is not ASCII and a text near 1 MB."""
    plain = [s for s in servers if s.kind == 'normal' and s.group is None and
             s.release.number >= 18 and s.topology is None and
             not s.pci.requests]
    make_demo.rng.shuffle(plain)
    gone = make_demo.new_uuid()
    for name, _, change, rewrite in make_demo.curiosities(gone):
        s = plain.pop()
        cursor = rows.execute('SELECT spec FROM request_specs WHERE '
                              'instance_uuid = ?', (s.uuid,))
        text = cursor.fetchone()[0]
        new = make_demo.edit_text(text, change) if change else rewrite(text)
        rows.execute('UPDATE request_specs SET spec = ? WHERE '
                     'instance_uuid = ?', (new, s.uuid))
        s.tags = {'curious', name}
    for tag, change in (('big', big), ('named', named)):
        s = plain.pop()
        spec = request_spec_object.RequestSpec.get_by_instance_uuid(
            cloud.ctx, s.uuid)
        change(spec)
        spec.save()
        s.tags.add(tag)


def big(spec):
    spec.scheduler_hints = {'different_host': [
        make_demo.new_uuid() for _ in range(HINTS)]}


def named(spec):
    spec.flavor.name = 'gr\u00fc\u00dfe \U0001f427'
    # A nested change alone does not mark the field.
    spec.flavor = spec.flavor


def main():
    if len(sys.argv) == 4 and sys.argv[1] == 'drop':
        Server(*sys.argv[2:]).drop()
        return
    _, word, url, directory, tag = sys.argv
    assert word == 'make', word
    server = Server(url, tag)
    server.drop()
    server.make()
    cloud = Cloud(server, directory)
    servers = make_specs(cloud, server)
    json.dump({
        'conf': str(cloud.directory / 'nova.conf'),
        'databases': server.databases,
        'addresses': {name: server.address(name) for name in NAMES},
        # None of these may show in anything that reqspec says.
        'secrets': [PASSWORD, urllib.parse.quote(PASSWORD, safe=''),
                    urllib.parse.quote(PASSWORD), 's3%', 's3%25'],
        'flavors': [row[0] for row in FLAVORS],
        'servers': [{'uuid': s.uuid, 'cell': s.cell, 'kind': s.kind,
                     'tags': sorted(s.tags)} for s in servers],
    }, sys.stdout)


if __name__ == '__main__':
    main()
