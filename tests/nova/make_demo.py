#!/usr/bin/env python3
"""Makes the sample deployment that is embedded in reqspec.

    tests/nova/setup.sh
    cargo build
    target/nova-env/bin/python tests/nova/make_demo.py [--reqspec PATH]
    target/nova-env/bin/python tests/nova/make_demo.py --verify

Real nova makes everything: nova-manage the schemas and the cells, nova's
objects the hosts, flavors, groups, instances and RequestSpecs.  The result is
src/deployment/demo_data/*.sqlite.gz (the API database and three cells) and
tests/nova/demo_manifest.json, which names an example of each kind of row.

The cloud is one in the middle of adopting "Persist RequestSpec object": every
spec was created in the API database; the cells have got their request_specs
table from reqspec's own migration, and part of the specs have been copied or
moved there (see place_specs).

Rows of old releases are made by nova's own backport (obj_to_primitive with a
version manifest of that release) plus what that release left in the text and
today's nova strips (see leftovers).  A few rows are damaged at the end, on
purpose (see damage).

Everything is seeded; two runs with the same nova give the same bytes.

--verify loads every row of the committed files with nova's
RequestSpec.get_by_instance_uuid, on copies because loading can write, and
fails when a row that should load does not, or the other way round.
"""

import argparse
import collections
import datetime
import gzip
import json
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import uuid

import novalib
from demo_tables import FLAVORS, IMAGES, NAMES, NOW, PROJECTS, RELEASES

if __name__ == '__main__':
    novalib.stable_hashing()

from oslo_serialization import jsonutils  # noqa: E402
from oslo_utils import timeutils  # noqa: E402

from nova import context as nova_context  # noqa: E402
from nova import exception  # noqa: E402
from nova import objects  # noqa: E402
from nova.objects import request_spec as request_spec_object  # noqa: E402
from nova.objects import security_group as security_group_object  # noqa: E402
from nova.pci import request as pci_request  # noqa: E402
from nova.virt import hardware  # noqa: E402

SEED = 20260801
IN_CELL1, IN_CELL2, BUILDING, IN_CELL0 = 662, 582, 40, 4
DELETED, ORPHANS = 5, 6
# Flavors that ask for what older releases did not have.
SINCE = {'c2.mixed': 22, 'b1.bare.gold': 18, 't2.sev': 25, 't1.trusted': 22}
# The addresses in cell_mappings; whoever unpacks the demo replaces them.
DEMO_DIRECTORY = '/var/lib/reqspec-demo'

PCI = '''\
[pci]
alias = {"vendor_id": "10de", "product_id": "2236", "device_type": "type-PF", "name": "a10", "numa_policy": "preferred"}
alias = {"vendor_id": "8086", "product_id": "37c8", "device_type": "type-PF", "name": "qat"}
'''

rng = random.Random(SEED)


def demo_url(cell):
    return 'sqlite:///%s/nova_%s.sqlite' % (DEMO_DIRECTORY, cell)


def new_uuid():
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def when(text):
    return datetime.datetime.fromisoformat(text)


def weighted(rows, weight):
    return rng.choices(rows, weights=[weight(row) for row in rows])[0]


# --- releases ----------------------------------------------------------------


class Release:
    def __init__(self, number, start, end, weight, versions):
        self.number, self.start, self.end = number, start, end
        self.weight, self.versions = weight, versions

    def moment(self):
        """A moment of this release's time, in office hours mostly."""
        span = int((self.end - self.start).total_seconds())
        at = self.start + datetime.timedelta(seconds=rng.randrange(span))
        at = at.replace(hour=min(23, max(0, int(rng.gauss(13, 4)))))
        # The last release ends now, in the middle of a day.
        return min(at, self.end - datetime.timedelta(hours=1))


def releases():
    starts = [when(row[1]) for row in RELEASES] + [when(NOW)]
    versions, found = {}, []
    for n, (number, _, weight, brought) in enumerate(RELEASES):
        versions = {**versions, **brought}
        found.append(Release(number, starts[n], starts[n + 1], weight,
                             versions))
    return found


# --- the plan: everything that is decided before nova is asked ---------------


class Host:
    """A compute host with room that is used up by the plan."""

    def __init__(self, name, cell, zone, kind):
        self.name, self.cell, self.zone, self.kind = name, cell, zone, kind
        self.uuid = new_uuid()
        self.memory = {'general': 1048576, 'ssd': 786432, 'pinned': 524288,
                       'gpu': 524288}[kind]
        self.disk = {'ssd': 12000}.get(kind, 20000)
        self.used_vcpus = self.used_memory = self.used_disk = 0
        self.instances = 0
        # 2 sockets, 32 cores each, 2 threads: 0-63 and their siblings 64-127.
        # The pinned hosts keep 4 cores per socket for what floats.
        self.free_pcpus = {
            0: [c for c in range(4, 32)] + [c for c in range(68, 96)],
            1: [c for c in range(36, 64)] + [c for c in range(100, 128)],
        } if kind == 'pinned' else {0: [], 1: []}
        self.all_pcpus = {n: list(c) for n, c in self.free_pcpus.items()}
        self.free_gpus, self.free_qat = (8, 4) if kind == 'gpu' else (0, 0)
        self.disabled = self.down = False

    def fits(self, flavor):
        spec = flavor[8]
        needs_pins = (flavor[1] if 'hw:cpu_policy' in spec else 0)
        aliases = spec.get('pci_passthrough:alias', '')
        return (self.kind == flavor[7] and not self.down and
                self.used_memory + flavor[2] <= self.memory - 16384 and
                self.used_disk + flavor[3] + flavor[4] <= self.disk * 1.5 and
                sum(map(len, self.free_pcpus.values())) >= needs_pins and
                self.free_gpus >= (2 if 'a10:2' in aliases else
                                   1 if 'a10:1' in aliases else 0) and
                self.free_qat >= (1 if 'qat' in aliases else 0))

    def take(self, flavor):
        aliases = flavor[8].get('pci_passthrough:alias', '')
        self.free_gpus -= 2 if 'a10:2' in aliases else 'a10:1' in aliases
        self.free_qat -= 'qat' in aliases
        self.used_vcpus += flavor[1]
        self.used_memory += flavor[2]
        self.used_disk += flavor[3] + flavor[4]
        self.instances += 1


def plan_hosts():
    kinds = (['general'] * 8 + ['ssd'] * 2 + ['pinned'] * 3 + ['gpu'])
    hosts = []
    for zone, cell in (('az1', 'cell1'), ('az2', 'cell2')):
        for n, kind in enumerate(kinds, 1):
            hosts.append(Host('cmp-%s-%02d' % (zone, n), cell, zone, kind))
    hosts.append(Host('cmp-az3-01', 'cell1', 'az3', 'general'))
    hosts.append(Host('cmp-az3-02', 'cell2', 'az3', 'general'))
    hosts.append(Host('cmp-az3-03', 'cell2', 'az3', 'gpu'))
    # One that an administrator has disabled, one that does not answer.
    hosts[7].disabled = True
    hosts[21].down = True
    return hosts


class Server:
    """One instance of the plan."""


def plan_servers(hosts, all_releases):
    counters = collections.Counter()
    servers = []
    wanted = (['cell1'] * (IN_CELL1 + 3) + ['cell2'] * (IN_CELL2 + 2) +
              ['cell0'] * IN_CELL0 + [None] * (BUILDING + ORPHANS))
    kinds = (['normal'] * (IN_CELL1) + ['deleted'] * 3 +
             ['normal'] * (IN_CELL2) + ['deleted'] * 2 +
             ['failed'] * IN_CELL0 + ['building'] * BUILDING +
             ['orphan'] * ORPHANS)
    # Every release gets its 12 rows first, the rest goes by weight.
    pool = [r for r in all_releases for _ in range(12)]
    while len(pool) < IN_CELL1 + IN_CELL2 + DELETED:
        pool.append(weighted(all_releases, lambda r: r.weight))
    rng.shuffle(pool)
    newest = all_releases[-1]
    for cell, kind in zip(wanted, kinds):
        s = Server()
        s.uuid, s.cell, s.kind = new_uuid(), cell, kind
        s.release = (pool.pop() if kind in ('normal', 'deleted') else
                     rng.choice(all_releases[:12]) if kind == 'orphan'
                     else newest)
        s.created = (s.release.moment() if kind != 'building' else
                     when(NOW) - datetime.timedelta(
                         seconds=rng.randrange(20, 900)))
        s.project = weighted(PROJECTS, lambda p: 3 if p[0] in
                             ('webshop', 'data-platform') else 2)
        s.user = rng.choice(s.project[1])
        role = rng.choice(NAMES[s.project[0]])
        counters[role] += 1
        s.name = '%s-%02d' % (role, counters[role])
        s.flavor = None
        while s.flavor is None:
            flavor = weighted(FLAVORS, lambda f: f[6])
            room = [h for h in hosts if h.cell == cell and h.fits(flavor)]
            if s.release.number < SINCE.get(flavor[0], 13):
                continue
            if kind != 'normal' and kind != 'deleted':
                s.flavor, s.host = flavor, None
            elif room:
                s.flavor, s.host = flavor, rng.choice(room)
                if kind == 'normal':
                    s.host.take(flavor)
        fit = [i for i in IMAGES if i[1] <= s.release.number and
               i[3] <= max(1, s.flavor[3]) and i[4] <= s.flavor[2] and
               not ('hw_cpu_policy' in i[6] and
                    'hw:cpu_policy' not in s.flavor[8]) and
               # Memory encryption wants UEFI and q35, and an image that asks
               # for it wants a flavor for it.
               ('hw_mem_encryption' not in i[6] or s.flavor[0] == 't2.sev') and
               (s.flavor[0] != 't2.sev' or
                i[0] in ('ubuntu-22.04', 'ubuntu-24.04',
                         'confidential-rhel-10'))]
        s.image = weighted(fit or IMAGES[:1], lambda i: i[1] - 8)
        s.bfv = s.release.number >= 17 and rng.random() < 0.12
        s.group = None
        s.tags = set()
        servers.append(s)
    return servers


def plan_groups(servers):
    """Server groups over the servers of one project and cell."""
    policies = ['anti-affinity', 'affinity', 'soft-anti-affinity',
                'soft-affinity']
    groups = []
    for n in range(28):
        project = PROJECTS[n % len(PROJECTS)]
        cell = 'cell1' if n % 2 else 'cell2'
        policy = policies[n // 8 % 4] if n < 24 else 'anti-affinity'
        free = [s for s in servers if s.kind == 'normal' and s.group is None
                and s.cell == cell and s.project is project]
        rng.shuffle(free)
        members = []
        limit = 2 if n >= 24 else 1
        for s in free:
            if len(members) >= rng.randrange(4, 9):
                break
            on_host = sum(m.host is s.host for m in members)
            if policy == 'anti-affinity' and on_host >= limit:
                continue
            if policy == 'affinity' and members and not on_host:
                continue
            members.append(s)
        group = {'uuid': new_uuid(), 'project': project,
                 'name': '%s-%s' % (rng.choice(NAMES[project[0]]),
                                    policy.replace('soft-', 's-')),
                 'policy': policy, 'members': members,
                 'rules': {'max_server_per_host': '2'} if n >= 24 else {}}
        for s in members:
            s.group = group
        groups.append(group)
    return groups


# --- nova makes the cloud ----------------------------------------------------


class Cloud:
    def __init__(self, directory):
        self.directory = directory
        self.files = {name: directory / (name + '.sqlite')
                      for name in novalib.DATABASES}

    def make_schemas(self):
        conf = novalib.write_conf(
            self.directory / 'nova.conf', self.files['nova_api'],
            self.files['nova_cell0'], self.directory, PCI)
        novalib.manage(conf, 'api_db', 'sync')
        novalib.manage(conf, 'db', 'sync', '--local_cell')
        novalib.manage(conf, 'cell_v2', 'map_cell0', '--database_connection',
                       novalib.sqlite_url(self.files['nova_cell0']))
        for name in ('cell1', 'cell2'):
            own = novalib.write_conf(
                self.directory / (name + '.conf'), self.files['nova_api'],
                self.files['nova_' + name], self.directory)
            novalib.manage(own, 'db', 'sync', '--local_cell')
            novalib.manage(
                conf, 'cell_v2', 'create_cell', '--name', name,
                '--database_connection',
                novalib.sqlite_url(self.files['nova_' + name]),
                '--transport-url',
                'rabbit://nova:secret-of-%s@rabbit-%s:5672/nova' % (name,
                                                                    name))
        # nova-manage draws the uuids of the cells and stamps the time.
        with sqlite3.connect(self.files['nova_api']) as db:
            for name in ('cell1', 'cell2'):
                db.execute('UPDATE cell_mappings SET uuid = ? WHERE name = ?',
                           (new_uuid(), name))
            db.execute('UPDATE cell_mappings SET created_at = ?, '
                       'updated_at = NULL', ('2017-02-22 09:00:00.000000',))
        db.close()
        return conf

    def start(self, conf):
        self.ctx = novalib.start(conf)
        self.cells = {c.name: c
                      for c in objects.CellMappingList.get_all(self.ctx)}
        # The same cells with the address that the finished demo has: a spec
        # can hold one, and the files must not name the place they were made.
        self.described = {}
        for name, cell in self.cells.items():
            self.described[name] = cell.obj_clone()
            self.described[name].database_connection = demo_url(name)
            self.described[name].obj_reset_changes()

    def in_cell(self, name):
        return nova_context.target_cell(self.ctx, self.cells[name])


def at(moment):
    """nova's clock, for the rows that it stamps itself."""
    timeutils.set_time_override(moment)


def make_hosts(cloud, hosts):
    at(when('2017-03-01T08:00:00'))
    for n, host in enumerate(hosts, 1):
        with cloud.in_cell(host.cell) as ctx:
            service = objects.Service(
                ctx, host=host.name, binary='nova-compute', topic='compute',
                report_count=12345, disabled=host.disabled,
                uuid=new_uuid())
            if host.disabled:
                service.disabled_reason = 'replacing a power supply'
            service.create()
            node = objects.ComputeNode(
                ctx, service_id=service.id, uuid=host.uuid, host=host.name,
                hypervisor_hostname=host.name + '.example.org',
                vcpus=128, vcpus_used=host.used_vcpus,
                memory_mb=host.memory, memory_mb_used=host.used_memory + 4096,
                free_ram_mb=host.memory - host.used_memory - 4096,
                local_gb=host.disk, local_gb_used=host.used_disk,
                free_disk_gb=host.disk - host.used_disk,
                disk_available_least=host.disk - host.used_disk // 2,
                hypervisor_type='QEMU', hypervisor_version=8002002,
                running_vms=host.instances,
                current_workload=0,
                cpu_allocation_ratio=(1.0 if host.kind == 'pinned' else 4.0),
                ram_allocation_ratio=1.0, disk_allocation_ratio=1.5,
                mapped=1, metrics='[]',
                host_ip='192.0.2.%d' % n,
                cpu_info=json.dumps({
                    'arch': 'x86_64', 'model': 'Icelake-Server-noTSX',
                    'vendor': 'Intel', 'maxphysaddr': {
                        'mode': 'passthrough', 'bits': 46},
                    'topology': {'cells': 2, 'sockets': 1, 'cores': 32,
                                 'threads': 2},
                    'features': ['aes', 'avx', 'avx2', 'avx512f', 'vmx',
                                 'ssse3', 'sse4.2', 'pcid', 'invtsc']}),
                stats={'failed_builds': '0', 'num_instances':
                       str(host.instances), 'io_workload': '0',
                       'num_task_None': str(host.instances),
                       'num_vm_active': str(host.instances),
                       'num_os_type_None': str(host.instances)},
                numa_topology=host_numa(host)._to_json(),
                supported_hv_specs=[objects.HVSpec(
                    arch='x86_64', hv_type=kind, vm_mode='hvm')
                    for kind in ('kvm', 'qemu')],
                pci_device_pools=host_pci(host))
            node.create()
            host.compute_id = node.id
        objects.HostMapping(cloud.ctx, host=host.name,
                            cell_mapping=cloud.cells[host.cell]).create()


def host_numa(host):
    cells = []
    for n in (0, 1):
        threads = set(range(32 * n, 32 * n + 32))
        threads |= {cpu + 64 for cpu in threads}
        pinned_set = set(host.all_pcpus[n])
        pages = [(4, host.memory * 1024 // 2 // 4)]
        if host.kind == 'pinned':
            pages = [(4, host.memory * 1024 // 4 // 4),
                     (2048, host.memory // 8), (1048576, 64)]
        cells.append(objects.NUMACell(
            id=n, socket=n, cpuset=threads - pinned_set, pcpuset=pinned_set,
            memory=host.memory // 2, cpu_usage=host.used_vcpus // 2,
            memory_usage=host.used_memory // 2,
            pinned_cpus=pinned_set - set(host.free_pcpus[n]),
            siblings=[{c, c + 64} for c in sorted(threads) if c < 64],
            mempages=[objects.NUMAPagesTopology(
                size_kb=size, total=total, used=0, reserved=0)
                for size, total in pages],
            network_metadata=objects.NetworkMetadata(
                physnets={'physnet%d' % n}, tunneled=n == 0)))
    return objects.NUMATopology(cells=cells)


def host_pci(host):
    pools = []
    if host.kind == 'gpu':
        for n in (0, 1):
            pools.append(objects.PciDevicePool(
                vendor_id='10de', product_id='2236', numa_node=n,
                count=host.free_gpus // 2 + (host.free_gpus % 2) * (1 - n),
                tags={'dev_type': 'type-PF', 'parent_ifname': None}))
        pools.append(objects.PciDevicePool(
            vendor_id='8086', product_id='37c8', numa_node=0,
            count=host.free_qat, tags={'dev_type': 'type-PF'}))
    if host.kind == 'pinned':
        pools.append(objects.PciDevicePool(
            vendor_id='8086', product_id='154c', numa_node=0, count=48,
            tags={'dev_type': 'type-VF', 'physical_network': 'physnet0',
                  'remote_managed': 'false'}))
    return objects.PciDevicePoolList(objects=pools)


def make_aggregates(cloud, hosts, project_ids):
    at(when('2017-03-02T08:00:00'))
    table = [
        ('az1', {'availability_zone': 'az1'}, lambda h: h.zone == 'az1'),
        ('az2', {'availability_zone': 'az2'}, lambda h: h.zone == 'az2'),
        ('az3', {'availability_zone': 'az3'}, lambda h: h.zone == 'az3'),
        ('ssd', {'ssd': 'true', 'max_io_ops_per_host': '16'},
         lambda h: h.kind == 'ssd'),
        ('pinned', {'pinned': 'true', 'cpu_allocation_ratio': '1.0'},
         lambda h: h.kind == 'pinned'),
        ('gpu', {'gpu': 'true'}, lambda h: h.kind == 'gpu'),
        ('tenant-telco', {'filter_tenant_id': project_ids['telco-nfv'] + ',' +
                          project_ids['platform']},
         lambda h: h.name in ('cmp-az1-13', 'cmp-az2-13')),
        ('windows-licensed', {'os_distro': 'windows',
                              'instance_type': 'm1.large'},
         lambda h: h.name == 'cmp-az2-06'),
        ('empty-rack', {'rack': 'r17'}, lambda h: False),
    ]
    for name, metadata, wanted in table:
        aggregate = objects.Aggregate(cloud.ctx, name=name, metadata=metadata,
                                      uuid=new_uuid())
        aggregate.create()
        for host in filter(wanted, hosts):
            aggregate.add_host(host.name)


def make_flavors(cloud, project_ids):
    made = {}
    at(when('2016-04-08T08:00:00'))
    for n, row in enumerate(FLAVORS, 1):
        name, vcpus, memory, root, ephemeral, swap, _, _, extra = row
        flavor = objects.Flavor(
            cloud.ctx, name=name, vcpus=vcpus, memory_mb=memory,
            root_gb=root, ephemeral_gb=ephemeral, swap=swap,
            flavorid=str(n) if name.startswith('m1.') else new_uuid(),
            rxtx_factor=1.0, vcpu_weight=0, disabled=name == 'old.nano',
            is_public=name != 'b1.bare.gold', extra_specs=dict(extra),
            description=('pinned CPUs, for the telco projects'
                         if name == 'c1.pin' else None),
            projects=[project_ids['research']]
            if name == 'b1.bare.gold' else [])
        flavor.create()
        made[name] = objects.Flavor.get_by_id(cloud.ctx, flavor.id)
    return made


def make_images():
    made = {}
    released = {row[0]: row[1] for row in RELEASES}
    for name, since, disk_format, min_disk, min_ram, size, properties in IMAGES:
        moment = when(released[since]) - datetime.timedelta(
            seconds=rng.randrange(10 ** 6))
        made[name] = {
            'id': new_uuid(), 'name': name, 'status': 'active',
            'visibility': 'public', 'protected': False, 'size': size,
            'checksum': '%032x' % rng.getrandbits(128),
            'owner': '%032x' % rng.getrandbits(128),
            'container_format': 'bare', 'disk_format': disk_format,
            'created_at': moment, 'updated_at': moment +
            datetime.timedelta(seconds=41), 'min_disk': min_disk,
            'min_ram': min_ram, 'tags': [], 'properties': dict(properties)}
        if name == 'windows-2022':
            made[name]['properties']['owner_specified.openstack.md5'] = ''
    return made


def make_groups(cloud, groups, project_ids, user_ids):
    for group in groups:
        first = min([s.created for s in group['members']],
                    default=when('2020-01-01T00:00:00'))
        at(first - datetime.timedelta(minutes=7))
        made = objects.InstanceGroup(
            cloud.ctx, uuid=group['uuid'], name=group['name'],
            project_id=project_ids[group['project'][0]],
            user_id=user_ids[group['project'][1][0]],
            policy=group['policy'], rules=group['rules'],
            members=[s.uuid for s in group['members']])
        made.create()
        group['object'] = objects.InstanceGroup.get_by_uuid(cloud.ctx,
                                                            group['uuid'])


# --- one server --------------------------------------------------------------


def pin(topology, server):
    """What the claim on the host writes into the instance's topology: the
    host's NUMA node and, if dedicated, the physical CPUs."""
    topology = topology.obj_clone()
    for n, cell in enumerate(topology.cells):
        node = n % 2
        cell.id = node
        wanted = sorted(cell.pcpuset)
        free = server.host.free_pcpus
        if wanted and len(free[node]) < len(wanted):
            node = cell.id = 1 - node
        if wanted and len(free[node]) >= len(wanted):
            cell.cpu_pinning = {v: free[node].pop(0) for v in wanted}
        if cell.pagesize in (None, -1, -2, -3) and \
                server.flavor[8].get('hw:mem_page_size') == 'large':
            cell.pagesize = 1048576
    topology.instance_uuid = server.uuid
    topology.obj_reset_changes(recursive=True)
    return topology


def sriov_request(server):
    """A Neutron port: no alias, the port as requester."""
    return objects.InstancePCIRequest(
        count=1, spec=[{'physical_network': 'physnet0',
                        'remote_managed': 'False'}],
        alias_name=None, request_id=new_uuid(), requester_id=new_uuid(),
        numa_policy=None)


def build(cloud, s, made, images, project_ids, user_ids, groups_of):
    """The RequestSpec of a server, as the API makes it, before the save."""
    flavor = made[s.flavor[0]].obj_clone()
    # The API has loaded it from the database: nothing is changed in it.
    flavor.obj_reset_changes(recursive=True)
    image = dict(images[s.image[0]])
    if s.bfv:
        # What nova knows of an image that lies on a volume.
        image = {'min_disk': image['min_disk'], 'min_ram': image['min_ram'],
                 'size': max(1, s.flavor[3]) * 1024 ** 3, 'status': 'active',
                 'properties': image['properties']}
    meta = objects.ImageMeta.from_dict(image)
    try:
        topology = hardware.numa_get_constraints(flavor, meta)
    except exception.NovaException:
        # The flavor and the image contradict each other; nova would refuse
        # the boot, so take the plainest image.
        s.image, s.bfv = IMAGES[0], False
        meta = objects.ImageMeta.from_dict(images[s.image[0]])
        topology = hardware.numa_get_constraints(flavor, meta)
    s.topology = topology
    if topology is not None and s.release.number < 15:
        # Nova 34 cannot load a NUMA cell of this age unless the topology
        # names its instance: backfilled rows did.
        topology.instance_uuid = s.uuid
    pci = pci_request.get_pci_requests_from_flavor(flavor)
    for request in pci.requests:
        # generate_request_groups needs them set; the uuid is nova's own
        # random one, so give it a seeded one.
        request.request_id = new_uuid()
    if s.flavor[7] == 'pinned' and rng.random() < 0.3:
        pci.requests.append(sriov_request(s))
        s.tags.add('sriov')
    pci.instance_uuid = s.uuid
    s.pci = pci

    hints = {}
    if s.group:
        hints['group'] = [s.group['uuid']]
    if rng.random() < 0.03 and groups_of:
        hints['different_host'] = rng.sample(groups_of, min(2, len(groups_of)))
    if rng.random() < 0.02 and groups_of:
        hints['same_host'] = [rng.choice(groups_of)]
    if rng.random() < 0.02:
        hints['query'] = ['[">=", "$free_ram_mb", %d]' % s.flavor[2]]
    if rng.random() < 0.015:
        hints.update(build_near_host_ip=['192.0.2.4'], cidr=['/24'])
    zone = None
    if rng.random() < 0.55:
        zone = s.host.zone if s.host else rng.choice(['az1', 'az2'])
    filters = {'scheduler_hints': hints, 'ignore_hosts': None,
               'force_hosts': None, 'force_nodes': None}
    if s.host and rng.random() < 0.025:
        filters['force_hosts'] = [s.host.name]
        if rng.random() < 0.3:
            filters['force_nodes'] = [s.host.name + '.example.org']
    if s.host and rng.random() < 0.6 and s.release.number < 20:
        filters['limits'] = {'memory_mb': s.host.memory * 1.0,
                             'disk_gb': s.host.disk * 1.5, 'vcpu': 512.0}
    if s.host and 14 <= s.release.number and rng.random() < 0.2:
        filters['requested_destination'] = objects.Destination(
            host=s.host.name, node=s.host.name + '.example.org',
            cell=cloud.described[s.cell], aggregates=None,
            allow_cross_cell_move=False)
    if s.host and rng.random() < 0.25:
        filters['retry'] = {'num_attempts': 2,
                            'hosts': [['cmp-az1-04', 'cmp-az1-04']]}
    if rng.random() < 0.15:
        filters['ignore_hosts'] = ['cmp-az1-%02d' % rng.randrange(1, 9)]

    project = project_ids[s.project[0]]
    chosen = ['default'] + [name for name in s.project[2][1:]
                            if rng.random() < 0.7]
    secgroups = security_group_object.make_secgroup_list(
        [SECURITY_GROUPS.setdefault((project, name), new_uuid())
         if s.release.number >= 16 else name for name in chosen])
    spec = request_spec_object.RequestSpec.from_components(
        cloud.ctx, s.uuid, meta, flavor, topology, pci, filters,
        s.group['object'] if s.group else None, zone,
        security_groups=secgroups, project_id=project,
        user_id=user_ids[s.user])
    spec.is_bfv = s.bfv
    spec.num_instances = rng.choice([1] * 12 + [2, 3, 5])
    spec.requested_networks = objects.NetworkRequestList(objects=[
        objects.NetworkRequest(network_id=new_uuid())])
    spec.network_metadata = objects.NetworkMetadata(
        physnets={'physnet0'}, tunneled=False)
    s.meta = meta
    return spec


SECURITY_GROUPS = {}


def make_server(cloud, s, spec, made, images, project_ids, user_ids):
    """The mapping, and the instance in its cell or the build request."""
    at(s.created)
    project, user = project_ids[s.project[0]], user_ids[s.user]
    if s.kind == 'orphan':
        return
    objects.InstanceMapping(
        cloud.ctx, instance_uuid=s.uuid, project_id=project, user_id=user,
        cell_mapping=cloud.cells[s.cell] if s.cell else None,
        queued_for_delete=s.kind == 'deleted').create()
    flavor = made[s.instance_flavor if hasattr(s, 'instance_flavor')
                  else s.flavor[0]]
    topology = s.topology
    if topology is not None and s.host:
        topology = pin(topology, s)
    values = dict(
        uuid=s.uuid, project_id=project, user_id=user, hostname=s.name,
        display_name=s.name, display_description=s.name,
        image_ref='' if s.bfv else images[s.image[0]]['id'],
        kernel_id='', ramdisk_id='', key_name=s.user,
        instance_type_id=flavor.id, memory_mb=flavor.memory_mb,
        vcpus=flavor.vcpus, root_gb=0 if s.bfv else flavor.root_gb,
        ephemeral_gb=flavor.ephemeral_gb, flavor=flavor, old_flavor=None,
        new_flavor=None, reservation_id='r-%08x' % rng.getrandbits(32),
        launch_index=0, locked=False, root_device_name='/dev/vda',
        auto_disk_config=False, progress=0, metadata={},
        system_metadata=system_metadata(s, images), power_state=0,
        vm_state='building', task_state='scheduling', numa_topology=topology,
        pci_requests=s.pci,
        availability_zone=s.host.zone if s.host else spec.availability_zone)
    if s.kind == 'building':
        instance = objects.Instance(cloud.ctx, **values)
        instance.created_at = s.created.replace(
            tzinfo=datetime.timezone.utc)
        instance.security_groups = spec.security_groups
        objects.BuildRequest(
            cloud.ctx, instance_uuid=s.uuid, project_id=project,
            instance=instance,
            block_device_mappings=objects.BlockDeviceMappingList(objects=[]),
            tags=objects.TagList(objects=[])).create()
        return
    with cloud.in_cell(s.cell) as ctx:
        if s.kind == 'failed':
            values.update(vm_state='error', task_state=None)
        else:
            values.update(server_state(s))
        if s.host and values.get('vm_state') != 'shelved_offloaded':
            values.update(host=s.host.name, compute_id=s.host.compute_id,
                          node=s.host.name + '.example.org',
                          launched_on=s.host.name)
        values['launched_at'] = (
            s.created + datetime.timedelta(seconds=34)).replace(
                tzinfo=datetime.timezone.utc)
        instance = objects.Instance(ctx, **values)
        instance.create()
        if s.bfv:
            objects.BlockDeviceMapping(
                ctx, instance_uuid=s.uuid, source_type='image',
                destination_type='volume', boot_index=0, device_name='/dev/vda',
                volume_id=new_uuid(), volume_size=max(1, s.flavor[3]),
                delete_on_termination=False, uuid=new_uuid(),
                image_id=images[s.image[0]]['id'],
                connection_info='{}').create()


def server_state(s):
    """Mostly active; every state an editor has to warn of occurs."""
    draw = rng.random()
    if draw < 0.80:
        state = dict(vm_state='active', task_state=None, power_state=1)
    elif draw < 0.90:
        state = dict(vm_state='stopped', task_state=None, power_state=4)
    elif draw < 0.93:
        state = dict(vm_state='shelved_offloaded', task_state=None,
                     power_state=4)
    elif draw < 0.95:
        state = dict(vm_state='error', task_state=None, power_state=0)
    elif draw < 0.96:
        state = dict(vm_state='resized', task_state=None, power_state=1)
    elif draw < 0.97:
        state = dict(vm_state='active', task_state='resize_migrating',
                     power_state=1)
    elif draw < 0.98:
        state = dict(vm_state='paused', task_state=None, power_state=3)
    else:
        state = dict(vm_state='active', task_state=None, power_state=1,
                     locked=True, locked_by='owner')
    s.tags.add(state['vm_state'])
    return state


def system_metadata(s, images):
    image = images[s.image[0]]
    found = {'image_min_disk': str(image['min_disk']),
             'image_min_ram': str(image['min_ram']),
             'image_container_format': 'bare',
             'image_disk_format': image['disk_format'],
             'image_base_image_ref': '' if s.bfv else image['id'],
             'image_size': str(image['size'])}
    for key, value in image['properties'].items():
        found['image_' + key] = value
    return found


# --- the stored text ---------------------------------------------------------


def leftovers(spec, release):
    """Strips a spec as nova's save() of that release did: the older the
    release, the more of the request stayed in the text."""
    number = release.number
    if spec.instance_group:
        if number <= 16:
            group = spec.instance_group
            group.hosts = ['cmp-az1-01', 'cmp-az1-02', 'cmp-az1-05'][
                :len(group.members or [])]
        else:
            spec.instance_group.members = None
            spec.instance_group.hosts = None
    if number > 17 and spec.retry:
        spec.retry = None
    if number > 18 and spec.requested_destination:
        spec.requested_destination = None
    if number > 19 and spec.ignore_hosts:
        spec.ignore_hosts = None
    if spec.requested_resources:
        spec.requested_resources = None
    for name in ('network_metadata', 'requested_networks',
                 'request_level_params'):
        if name in spec:
            delattr(spec, spec._obj_attrname(name) if hasattr(
                spec, '_obj_attrname') else '_obj_' + name)
            spec._changed_fields.discard(name)
    return spec


def only_known_changes(value):
    """Takes out of every list of changes the fields that the backport took
    out of the data: nova does so for the outermost object only."""
    if isinstance(value, dict):
        if 'nova_object.changes' in value:
            data = value['nova_object.data']
            changes = [c for c in value['nova_object.changes'] if c in data]
            if changes:
                value['nova_object.changes'] = changes
            else:
                del value['nova_object.changes']
        for inner in value.values():
            only_known_changes(inner)
    elif isinstance(value, list):
        for inner in value:
            only_known_changes(inner)


def old_text(s, spec, row_id):
    """The text of a row that an older nova stored last."""
    release = s.release
    spec = leftovers(spec.obj_clone(), release)
    resaved = rng.random() < 0.35
    backfilled = release.number <= 16 and rng.random() < 0.3
    if backfilled and s.host:
        # The migration that created specs for the instances of before: it
        # copied what the instance had, not what was asked for.
        spec.availability_zone = s.host.zone
        if rng.random() < 0.5:
            spec.project_id = None
            s.tags.add('project_id null')
        if s.topology is not None:
            spec.numa_topology = pin(s.topology, s)
        s.tags.add('backfilled')
    if resaved:
        spec.obj_reset_changes(recursive=True)
        spec.id = row_id
        spec.availability_zone = spec.availability_zone
        spec.flavor = spec.flavor
        s.tags.add('saved again')
    primitive = spec.obj_to_primitive(
        target_version=release.versions['RequestSpec'],
        version_manifest=release.versions)
    group = primitive['nova_object.data'].get('instance_group')
    if group and release.number < 18:
        # nova's backport of a group forgets the field of 1.11.
        group['nova_object.data'].pop('_rules', None)
    only_known_changes(primitive)
    return jsonutils.dumps(primitive), resaved


def tag_spec(s, spec):
    """What this row is an example of."""
    tags = s.tags
    tags.add('era %d' % s.release.number)
    if not s.flavor[0].isascii():
        tags.add('emoji flavor name')
    for key, tag in (('hw:mem_page_size', 'huge pages'),
                     ('hw:cpu_realtime', 'realtime'),
                     ('hw:tpm_version', 'vtpm'),
                     ('resources:VGPU', 'resources and traits')):
        if key in s.flavor[8]:
            tags.add(tag)
    if s.topology is not None:
        tags.add('numa')
        if any(c.cpu_policy == 'dedicated' for c in s.topology.cells):
            tags.add('pinned cpus')
            if 15 <= s.release.number <= 21:
                tags.add('legacy dedicated cell')
    if s.pci.requests:
        tags.add('pci')
    if {'numa', 'pci'} <= tags:
        tags.add('numa+pci')
    if s.group:
        tags.add('%s group' % s.group['policy'])
        if s.group['rules']:
            tags.add('max_server_per_host')
    if spec.force_hosts:
        tags.add('force_hosts')
    if spec.force_nodes:
        tags.add('force_nodes')
    if spec.is_bfv:
        tags.add('volume-backed')
    if spec.num_instances > 1:
        tags.add('num_instances > 1')
    for hint in spec.scheduler_hints or {}:
        if hint != 'group':
            tags.add('hint ' + hint)
    if spec.requested_destination and 14 <= s.release.number <= 18:
        tags.add('requested_destination left over')
    if spec.retry and s.release.number <= 17:
        tags.add('retry left over')
    if spec.ignore_hosts and s.release.number <= 19:
        tags.add('ignore_hosts left over')
    if s.group and s.release.number <= 16:
        tags.add('group members left over')
    if s.kind != 'normal':
        tags.add({'failed': 'in cell0', 'building': 'building',
                  'deleted': 'queued for delete',
                  'orphan': 'orphan'}[s.kind])


def store(cloud, s, spec, rows):
    """Creates the row; nova itself does for the newest release."""
    at(s.created)
    updated = None
    if s.release.number == 34:
        spec.create()
        row_id = spec.id
        resaved = s.kind == 'normal' and rng.random() < 0.4
        if resaved:
            loaded = request_spec_object.RequestSpec.get_by_instance_uuid(
                cloud.ctx, s.uuid)
            loaded.availability_zone = loaded.availability_zone
            loaded.save()
            s.tags.add('saved again')
    else:
        row = request_spec_object.RequestSpec._create_in_db(
            cloud.ctx, {'spec': '', 'instance_uuid': s.uuid})
        row_id = row.id
        text, resaved = old_text(s, spec, row_id)
        rows.execute('UPDATE request_specs SET spec = ? WHERE id = ?',
                     (text, row_id))
        rows.commit()
    if s.kind != 'building' and (resaved or rng.random() < 0.6):
        span = (when(NOW) - s.created).total_seconds()
        if not resaved:
            span = min(span, 3600)
        updated = s.created + datetime.timedelta(
            seconds=int(span * rng.random()) + 1)
    rows.execute('UPDATE request_specs SET updated_at = ? WHERE id = ?',
                 (sql_time(updated), row_id))
    rows.commit()


def sql_time(moment):
    return moment and moment.strftime('%Y-%m-%d %H:%M:%S.000000')


# --- curiosities and damage --------------------------------------------------


def edit_text(text, change):
    """Parse, change, dump as nova does."""
    primitive = json.loads(text)
    change(primitive, primitive['nova_object.data'])
    return json.dumps(primitive)


def curiosities(group_uuid):
    """Rows that nova loads and that an editor has to treat with care."""
    def hint(name, values):
        return lambda p, d: d.__setitem__(
            'scheduler_hints', {**(d['scheduler_hints'] or {}), name: values})

    def unknown(p, d):
        d['blueprint_field'] = {'later': [1, 2]}
        d['flavor']['nova_object.data']['colour'] = 'green'
        p['nova_object.signature'] = 'x'

    def numbers(p, d):
        d['flavor']['nova_object.data']['vcpu_weight'] = 2 ** 70
        d['flavor']['nova_object.data']['rxtx_factor'] = float('nan')

    def exponent(text):
        return text.replace('"rxtx_factor": 1.0', '"rxtx_factor": 1e2')

    def legacy_zone(p, d):
        d['availability_zone'] = 'az-legacy'

    def other_uuid(p, d):
        d['instance_uuid'] = '00000000-1111-2222-3333-444444444444'

    def gone_group(p, d):
        d['scheduler_hints'] = {'group': [group_uuid]}
        d['instance_group'] = {
            'nova_object.name': 'InstanceGroup',
            'nova_object.namespace': 'nova', 'nova_object.version': '1.11',
            'nova_object.data': {
                'uuid': group_uuid, 'name': 'gone', 'policy': 'affinity',
                '_rules': {}, 'members': None, 'hosts': None}}

    def stale_pci(p, d):
        d['pci_requests']['nova_object.data']['requests'].append({
            'nova_object.name': 'InstancePCIRequest',
            'nova_object.namespace': 'nova', 'nova_object.version': '1.4',
            'nova_object.data': {
                'count': 1, 'spec': [{'vendor_id': '10de', 'product_id':
                                      '2236', 'dev_type': 'type-PF'}],
                'alias_name': 'a10', 'is_new': False, 'request_id': None,
                'requester_id': None, 'numa_policy': 'preferred'}})

    def property_unknown(p, d):
        d['image']['nova_object.data']['properties']['nova_object.data'][
            'hw_flux_capacitor'] = '1.21 GW'

    def controls(p, d):
        d['flavor']['nova_object.data']['name'] = 'm1.\x1b[31mred\x1b[0m\x07'
        d['scheduler_hints'] = {**(d['scheduler_hints'] or {}),
                                'note\u202e\x00': ['line1\r\nline2\x9b2J']}

    def duplicate(text):
        # Not what json.dumps can do: a second availability_zone.
        return text.replace('"nova_object.data": {',
                            '"nova_object.data": {"availability_zone": "az2", ',
                            1)

    return [
        ('check type hint', 'hint _nova_check_type: nova skips placement',
         hint('_nova_check_type', ['rebuild']), None),
        ('unknown keys', 'keys that no nova knows, in the spec, the flavor '
         'and the envelope', unknown, None),
        ('odd numbers', 'number tokens 2**70 and NaN', numbers, None),
        ('exponent number', 'number token 1e2', None, exponent),
        ('zone without aggregate', 'availability_zone az-legacy exists in no '
         'aggregate', legacy_zone, None),
        ('other instance_uuid', 'instance_uuid in the JSON is not the '
         "column's", other_uuid, None),
        ('group gone', 'its server group was deleted; the hint remains',
         gone_group, None),
        ('stale pci', 'a PCI alias that its flavor does not ask for (left '
         'by a reverted resize)', stale_pci, None),
        ('unknown image property', 'nova drops it on load', property_unknown,
         None),
        ('control characters', 'escape sequences in the flavor name and in a '
         'hint; nova loads it', controls, None),
        ('duplicate keys', 'availability_zone twice; nova takes the last',
         None, duplicate),
    ]


def damages(group_uuid):
    """Rows that nova cannot load: (name, description, object edit, text
    edit)."""
    def nulled_hints(p, d):
        d['scheduler_hints'] = None
        d['instance_group'] = {
            'nova_object.name': 'InstanceGroup',
            'nova_object.namespace': 'nova', 'nova_object.version': '1.11',
            'nova_object.data': {'uuid': group_uuid, 'policy': 'affinity',
                                 'members': None, 'hosts': None}}

    def version(value):
        return lambda p, d: p.__setitem__('nova_object.version', value)

    def bad_enum(p, d):
        d['image']['nova_object.data']['properties']['nova_object.data'][
            'hw_disk_bus'] = 'nvme'

    def wrong_types(p, d):
        d['flavor']['nova_object.data']['memory_mb'] = 'lots'
        d['flavor']['nova_object.data']['extra_specs'] = []

    def old_cell(p, d):
        d['numa_topology'] = {
            'nova_object.name': 'InstanceNUMATopology',
            'nova_object.namespace': 'nova', 'nova_object.version': '1.2',
            'nova_object.data': {'cells': [{
                'nova_object.name': 'InstanceNUMACell',
                'nova_object.namespace': 'nova', 'nova_object.version': '1.3',
                'nova_object.data': {
                    'id': 0, 'cpuset': [0, 1], 'memory': 2048,
                    'pagesize': None, 'cpu_topology': None,
                    'cpu_pinning_raw': None, 'cpu_policy': None,
                    'cpu_thread_policy': None}}]}}

    return [
        ('truncated', 'the text ends in the middle (64 KB TEXT overflow)',
         None, lambda t: t[:len(t) * 2 // 3]),
        ('null', 'the text is null', None, lambda t: 'null'),
        ('empty', 'the text is empty', None, lambda t: ''),
        ('bom', 'a byte order mark before the text', None,
         lambda t: '\ufeff' + t),
        ('three-part version', 'RequestSpec 1.15.1', version('1.15.1'), None),
        ('newer version', 'RequestSpec 1.16', version('1.16'), None),
        ('numeric version', 'the version is a number', version(1.15), None),
        ('wrong namespace', 'namespace is not nova',
         lambda p, d: p.__setitem__('nova_object.namespace', 'cinder'), None),
        ('bad enum', 'hw_disk_bus nvme, which nova does not know', bad_enum,
         None),
        ('wrong types', 'memory_mb is a word, extra_specs a list',
         wrong_types, None),
        ('hints null with dangling group', 'its group is gone and its hints '
         'are null', nulled_hints, None),
        ('numa cell 1.3 without instance', 'a NUMA cell of nova 13 in a '
         'topology without instance_uuid', old_cell, None),
    ]


def spoil(db, servers, api_only):
    """Turns ordinary rows into curiosities and broken ones."""
    gone = new_uuid()
    plain = [s for s in servers if s.kind == 'normal' and s.group is None
             and s.uuid in api_only and s.release.number >= 29 and
             s.topology is None and not s.pci.requests and not s.bfv]
    rng.shuffle(plain)
    named = {'curious': {}, 'broken': {}}
    for kind, table in (('curious', curiosities(gone)),
                        ('broken', damages(gone))):
        for name, words, change, rewrite in table:
            s = plain.pop()
            (text,) = db.execute('SELECT spec FROM request_specs WHERE '
                                 'instance_uuid = ?', (s.uuid,)).fetchone()
            new = edit_text(text, change) if change else rewrite(text)
            assert new != text, name
            db.execute('UPDATE request_specs SET spec = ? WHERE '
                       'instance_uuid = ?', (new, s.uuid))
            named[kind][name] = {'uuid': s.uuid, 'what': words}
            s.tags = {'curious' if kind == 'curious' else 'broken'}
    return named


# --- into the cells ----------------------------------------------------------


def make_cell_tables(cloud, reqspec):
    """The side table in the cells, by the product's own `db sync`."""
    cells = ('cell0', 'cell1', 'cell2')
    command = [reqspec, 'db', 'sync', '--api',
               novalib.sqlite_url(cloud.files['nova_api'])]
    for cell in cells:
        command += ['--cell', '%s=%s' % (
            cell, novalib.sqlite_url(cloud.files['nova_' + cell]))]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    # The time of the migration must not make two runs differ.
    for cell in cells:
        with sqlite3.connect(cloud.files['nova_' + cell]) as db:
            db.execute('UPDATE reqspec_migrations SET applied_at = ?',
                       ('2026-10-01 09:00:00',))
        db.close()


def diverge(cloud, text, s, made, names):
    """The same spec after a later change in the cell."""
    spec = request_spec_object.RequestSpec.obj_from_primitive(
        json.loads(text))
    spec._context = cloud.ctx
    spec.obj_reset_changes(recursive=True)
    change = rng.choice(['zone', 'flavor', 'hints', 'flavor'])
    if change == 'zone':
        spec.availability_zone = ('az3' if spec.availability_zone is None
                                  else None)
    elif change == 'flavor':
        spec.flavor = made[rng.choice(
            [n for n in names if n != s.flavor[0]])].obj_clone()
        spec.flavor.obj_reset_changes(recursive=True)
    else:
        spec.scheduler_hints = {**(spec.scheduler_hints or {}),
                                'different_host': [new_uuid()]}
    return jsonutils.dumps(spec.obj_to_primitive())


def place_specs(cloud, servers, made):
    """Copies and moves specs into the cells.

    Of the scheduled ones: 55 % in both databases and equal, 3 % in both and
    different, 15 % only in the cell, the rest only in the API database.
    """
    api = sqlite3.connect(cloud.files['nova_api'])
    columns = 'created_at, updated_at, instance_uuid, spec'
    placed = collections.defaultdict(list)
    for cell in ('cell0', 'cell1', 'cell2'):
        mine = [s for s in servers if s.cell == cell and
                s.kind in ('normal', 'failed')]
        rng.shuffle(mine)
        share = len(mine) / 100
        cuts = ([len(mine)] * 3 if cell == 'cell0' else
                [round(55 * share), round(58 * share), round(73 * share)])
        db = sqlite3.connect(cloud.files['nova_' + cell])
        for n, s in enumerate(mine[:cuts[2]]):
            row = api.execute('SELECT %s FROM request_specs WHERE '
                              'instance_uuid = ?' % columns,
                              (s.uuid,)).fetchone()
            row = list(row)
            where = 'both equal'
            if cuts[0] <= n < cuts[1]:
                where = 'both different'
                row[3] = diverge(cloud, row[3], s, made,
                                 ['m1.small', 'm1.medium', 'm1.large',
                                  'm1.xlarge'])
                row[1] = sql_time(max(
                    s.created, when(NOW) - datetime.timedelta(
                        seconds=rng.randrange(60, 40 * 86400))))
            elif n >= cuts[1]:
                where = 'cell only'
                api.execute('DELETE FROM request_specs WHERE '
                            'instance_uuid = ?', (s.uuid,))
            db.execute('INSERT INTO request_specs (%s) VALUES (?, ?, ?, ?)' %
                       columns, row)
            placed[where].append(s.uuid)
            s.tags.add(where)
        for s in mine[cuts[2]:]:
            placed['API only'].append(s.uuid)
            s.tags.add('API only')
        db.commit()
        db.close()
    api.commit()
    return api, placed


# --- the end -----------------------------------------------------------------


def retouch(cloud, hosts, servers):
    """What nova's objects stamp themselves or do not offer."""
    for cell in ('cell1', 'cell2'):
        with sqlite3.connect(cloud.files['nova_' + cell]) as db:
            for n, host in enumerate(h for h in hosts if h.cell == cell):
                seen = when(NOW) - datetime.timedelta(
                    seconds=86400 * 3 if host.down else n % 10)
                db.execute(
                    'UPDATE services SET last_seen_up = ?, updated_at = ? '
                    'WHERE host = ?', (sql_time(seen),) * 2 + (host.name,))
                db.execute('UPDATE compute_nodes SET updated_at = ? '
                           'WHERE host = ?', (sql_time(seen), host.name))
            for s in servers:
                if s.cell == cell and s.kind == 'deleted':
                    gone = sql_time(when(NOW) - datetime.timedelta(days=9))
                    db.execute(
                        "UPDATE instances SET deleted = id, deleted_at = ?, "
                        "vm_state = 'deleted', power_state = 0, "
                        "task_state = NULL WHERE uuid = ?", (gone, s.uuid))
        db.close()
    with sqlite3.connect(cloud.files['nova_api']) as db:
        for name in ('cell0', 'cell1', 'cell2'):
            db.execute('UPDATE cell_mappings SET database_connection = ? '
                       'WHERE name = ?', (
                           demo_url(name), name))
    db.close()


def rewrite(path):
    """The same database, written anew in the order of names and row ids.

    nova's migrations create indexes in the order of Python's sets, which
    differs from run to run; without this, so would the bytes of the file.
    """
    fresh = path.with_suffix('.fresh')
    db = sqlite3.connect(fresh, isolation_level=None)
    db.execute('PRAGMA journal_mode=delete')
    db.execute('ATTACH ? AS old', (str(path),))
    parts = db.execute(
        "SELECT type, name, sql FROM old.sqlite_master WHERE sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' "
        "ORDER BY type = 'index', type, name").fetchall()
    db.execute('BEGIN')
    for kind, name, sql in parts:
        db.execute(sql)
        if kind == 'table':
            db.execute('INSERT INTO main."%s" SELECT * FROM old."%s" '
                       'ORDER BY rowid' % (name, name))
    db.execute('COMMIT')
    db.execute('DETACH old')
    db.execute('VACUUM')
    db.close()
    fresh.replace(path)


def pack(cloud):
    """One plain file per database, then gzip without a time stamp."""
    sizes = {}
    novalib.DEMO_DATA.mkdir(parents=True, exist_ok=True)
    for name, path in cloud.files.items():
        rewrite(path)
        target = novalib.DEMO_DATA / (name + '.sqlite.gz')
        with open(target, 'wb') as out:
            with gzip.GzipFile('', 'wb', 9, out, mtime=0) as packed:
                packed.write(path.read_bytes())
        sizes[target.name] = target.stat().st_size
    return sizes


def manifest(cloud, servers, named, placed, group_count):
    counts, by_version, lengths = {}, collections.Counter(), []
    for name in novalib.DATABASES:
        db = sqlite3.connect(cloud.files[name])
        tables = ['request_specs']
        if name == 'nova_api':
            tables += ['instance_mappings', 'build_requests', 'flavors',
                       'aggregates', 'instance_groups', 'host_mappings',
                       'cell_mappings']
        else:
            tables += ['instances', 'compute_nodes', 'services']
        counts[name] = {t: db.execute('SELECT count(*) FROM ' + t).fetchone()[0]
                        for t in tables}
        for (text,) in db.execute('SELECT spec FROM request_specs'):
            lengths.append(len(text))
            try:
                by_version[str(json.loads(text)['nova_object.version'])] += 1
            except (ValueError, TypeError):
                by_version['unreadable'] += 1
        db.close()
    kinds = collections.Counter(t for s in servers for t in s.tags)
    examples = {}
    for s in servers:
        for tag in s.tags:
            # An example stands in the API database if there is one there.
            if tag not in examples or ('cell only' in examples[tag].tags and
                                       'cell only' not in s.tags):
                examples[tag] = s
    return {
        'generated_by': 'tests/nova/make_demo.py',
        'nova': '34.0.0',
        'now': NOW + 'Z',
        'counts': counts,
        'rows_by_request_spec_version': dict(sorted(by_version.items())),
        'rows_by_era': {str(r[0]): kinds['era %d' % r[0]] for r in RELEASES},
        'rows_by_kind': dict(sorted(
            (k, n) for k, n in kinds.items() if not k.startswith('era '))),
        'mean_spec_bytes': sum(lengths) // len(lengths),
        'max_spec_bytes': max(lengths),
        'server_groups': group_count,
        'broken': named['broken'],
        'curious': named['curious'],
        'examples': {k: examples[k].uuid for k in sorted(examples)
                     if k not in ('broken', 'curious')},
        'both_different': sorted(placed['both different']),
    }


def make(reqspec):
    with tempfile.TemporaryDirectory() as directory:
        cloud = Cloud(pathlib.Path(directory))
        all_releases = releases()
        hosts = plan_hosts()
        servers = plan_servers(hosts, all_releases)
        groups = plan_groups(servers)
        project_ids = {p[0]: '%032x' % rng.getrandbits(128) for p in PROJECTS}
        user_ids = {u: '%032x' % rng.getrandbits(128)
                    for p in PROJECTS for u in p[1]}
        # nova created the rows in the order of time.
        servers.sort(key=lambda s: (s.created, s.uuid))
        # A few instances were resized while their spec was not updated.
        plain = [s for s in servers if s.kind == 'normal' and
                 s.flavor[0] == 'm1.small']
        for s in rng.sample(plain, 8):
            s.instance_flavor = 'm1.medium'
            s.tags.add('stale flavor')

        conf = cloud.make_schemas()
        cloud.start(conf)
        made = make_flavors(cloud, project_ids)
        images = make_images()
        make_groups(cloud, groups, project_ids, user_ids)
        # The hosts need their ids before the instances, and the instances
        # decide what is used on the hosts: pinning happens in make_server,
        # so the numa_topology of the hosts is written again at the end.
        make_hosts(cloud, hosts)
        make_aggregates(cloud, hosts, project_ids)
        rows = sqlite3.connect(cloud.files['nova_api'])
        known = []
        for s in servers:
            at(s.created)
            spec = build(cloud, s, made, images, project_ids, user_ids, known)
            make_server(cloud, s, spec, made, images, project_ids, user_ids)
            tag_spec(s, spec)
            store(cloud, s, spec, rows)
            if s.kind == 'normal':
                known.append(s.uuid)
        rows.close()
        for host in hosts:
            with sqlite3.connect(cloud.files['nova_' + host.cell]) as db:
                db.execute('UPDATE compute_nodes SET numa_topology = ? '
                           'WHERE uuid = ?',
                           (host_numa(host)._to_json(), host.uuid))
            db.close()
        make_cell_tables(cloud, reqspec)
        api, placed = place_specs(cloud, servers, made)
        named = spoil(api, servers, set(placed['API only']))
        api.commit()
        api.close()
        retouch(cloud, hosts, servers)
        sizes = pack(cloud)
        report = manifest(cloud, servers, named, placed, len(groups))
        report['gzip_bytes'] = sizes
        novalib.MANIFEST.write_text(json.dumps(report, indent=2,
                                               sort_keys=False) + '\n')
    summary(report)


def summary(report):
    for name, tables in report['counts'].items():
        print(name + ': ' + ', '.join('%s %d' % row for row in tables.items()))
    print('by era: ' + ', '.join('%s:%d' % row
                                 for row in report['rows_by_era'].items()))
    print('by RequestSpec version: ' + ', '.join(
        '%s:%d' % row
        for row in report['rows_by_request_spec_version'].items()))
    for kind, count in report['rows_by_kind'].items():
        print('  %5d %s' % (count, kind))
    print('mean spec %d bytes, longest %d' % (report['mean_spec_bytes'],
                                              report['max_spec_bytes']))
    print('packed: %s, together %d bytes' % (
        report['gzip_bytes'], sum(report['gzip_bytes'].values())))


# --- verification ------------------------------------------------------------


def verify():
    """Loads every committed row with nova; exits 1 when one surprises."""
    report = json.loads(novalib.MANIFEST.read_text())
    broken = {row['uuid'] for row in report['broken'].values()}
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        files = {}
        for name in novalib.DATABASES:
            files[name] = directory / (name + '.sqlite')
            files[name].write_bytes(gzip.decompress(
                (novalib.DEMO_DATA / (name + '.sqlite.gz')).read_bytes()))
        ctx = novalib.start(novalib.write_conf(
            directory / 'nova.conf', files['nova_api'], files['nova_cell0'],
            directory))
        wrong = loaded = refused = migrated = 0
        api = sqlite3.connect(files['nova_api'])
        # The rows of the cells are judged in the API database: upstream nova
        # reads nothing else.
        for name in novalib.DATABASES:
            db = sqlite3.connect(files[name])
            for uuid_, text in db.execute(
                    'SELECT instance_uuid, spec FROM request_specs '
                    'ORDER BY id').fetchall():
                if name != 'nova_api':
                    api.execute(
                        'INSERT INTO request_specs (instance_uuid, spec) '
                        'VALUES (?, ?) ON CONFLICT (instance_uuid) DO '
                        'UPDATE SET spec = excluded.spec', (uuid_, text))
                    api.commit()
                try:
                    request_spec_object.RequestSpec.get_by_instance_uuid(
                        ctx, uuid_)
                    ok, reason = True, ''
                except Exception as error:
                    ok, reason = False, '%s: %s' % (type(error).__name__,
                                                    error)
                expected = not (name == 'nova_api' and uuid_ in broken)
                if ok != expected:
                    wrong += 1
                    print('%s %s: %s' % (name, uuid_, reason or
                                         'loads, but should not'))
                loaded += ok
                refused += not ok
                (now,) = api.execute('SELECT spec FROM request_specs WHERE '
                                     'instance_uuid = ?', (uuid_,)).fetchone()
                migrated += now != text
            db.close()
    print('%d rows load, %d do not, as expected of all but %d; nova rewrote '
          '%d while reading' % (loaded, refused, wrong, migrated))
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(
        description='Make, or verify, the embedded sample deployment.')
    parser.add_argument('--reqspec', metavar='PATH', type=pathlib.Path,
                        default=novalib.ROOT / 'target' / 'debug' / 'reqspec',
                        help='the reqspec binary, which makes the side tables '
                        '(default: %(default)s)')
    parser.add_argument('--verify', action='store_true',
                        help='load every committed row with nova')
    args = parser.parse_args()
    if args.verify:
        sys.exit(verify())
    make(args.reqspec)


if __name__ == '__main__':
    main()
