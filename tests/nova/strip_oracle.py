#!/usr/bin/env python3
"""What nova's save() strips, told by nova.

    target/nova-env/bin/python tests/nova/strip_oracle.py > strip.jsonl

Every line is {"name": ..., "before": <text>, "after": <text>}: `before` is
json.dumps(spec.obj_to_primitive()) of a RequestSpec with the fields that are
not persisted, `after` the text that create() or save() of real nova stored for
this object.  The variants are every field alone, truthy and falsy and absent,
pairs, and everything together.

Two differences between `before` and `after` are nova's and no stripping: sets
and lists of changes come in any order, and a field that save() sets to null is
in the list of changes afterwards.  (Stable hashing makes the order the same
here.)
"""

import itertools
import json
import pathlib
import sqlite3
import sys
import tempfile
import uuid

import novalib

if __name__ == '__main__':
    novalib.stable_hashing()

from nova import objects  # noqa: E402
from nova.objects import request_spec as request_spec_object  # noqa: E402


def variants():
    """field -> {variant: a function that makes the value}."""
    rs = request_spec_object
    return {
        'retry': {
            'null': lambda: None,
            'empty': lambda: rs.SchedulerRetries(
                num_attempts=0, hosts=objects.ComputeNodeList(objects=[])),
            'set': lambda: rs.SchedulerRetries.from_dict(None, {
                'num_attempts': 2, 'hosts': [['host1', 'node1'],
                                             ['host2', 'node2']]}),
        },
        'requested_destination': {
            'null': lambda: None,
            'set': lambda: rs.Destination(
                host='host1', node=None, cell=None, aggregates=['a,b', 'c'],
                allow_cross_cell_move=False,
                forbidden_aggregates={'x', 'y'}),
        },
        'requested_resources': {
            'null': lambda: None,
            'empty': lambda: [],
            'set': lambda: [rs.RequestGroup(
                requester_id='port-1', resources={'SRIOV_NET_VF': 1},
                required_traits={'CUSTOM_PHYSNET_0'}, forbidden_traits=set(),
                aggregates=[['agg1', 'agg2']], forbidden_aggregates=set(),
                use_same_provider=True, provider_uuids=[], in_tree=None)],
        },
        'ignore_hosts': {
            'null': lambda: None,
            'empty': lambda: [],
            'set': lambda: ['host3', 'host4'],
        },
        'network_metadata': {
            'empty': lambda: objects.NetworkMetadata(physnets=set(),
                                                     tunneled=False),
            'set': lambda: objects.NetworkMetadata(
                physnets={'physnet0', 'physnet1'}, tunneled=True),
        },
        'requested_networks': {
            # An empty list object is false in Python: nova keeps it.
            'empty': lambda: objects.NetworkRequestList(objects=[]),
            'set': lambda: objects.NetworkRequestList(objects=[
                objects.NetworkRequest(network_id='net1', address='192.0.2.7',
                                       port_id=None)]),
        },
        'request_level_params': {
            'empty': lambda: rs.RequestLevelParams(),
            'set': lambda: rs.RequestLevelParams(
                root_required={'COMPUTE_NODE'}, root_forbidden={'X'},
                same_subtree=[['a', 'b']]),
        },
        'instance_group': {
            'null': lambda: None,
            'set': lambda: group(['m1', 'm2'], ['host1']),
            'without members': lambda: group(None, None),
            'empty members': lambda: group([], []),
        },
    }


GROUP = 'f3a2c1d0-0000-4000-8000-000000000001'


def group(members, hosts):
    made = objects.InstanceGroup(
        id=7, uuid=GROUP, name='db-tier', user_id='u', project_id='p',
        policy='anti-affinity', rules={'max_server_per_host': '2'})
    made.members = members
    made.hosts = hosts
    return made


def base(ctx, number):
    """A spec that is complete apart from what is not persisted."""
    flavor = objects.Flavor(
        id=3, name='m1.small', flavorid='2', memory_mb=2048, vcpus=1,
        root_gb=20, ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=0,
        disabled=False, is_public=True, extra_specs={'hw:cpu_policy':
                                                     'shared'})
    spec = request_spec_object.RequestSpec(
        ctx, flavor=flavor, num_instances=1, project_id='p', user_id='u',
        instance_uuid=str(uuid.UUID(int=number, version=4)),
        image=objects.ImageMeta.from_dict({'name': 'cirros', 'min_ram': 0,
                                           'properties': {}}),
        numa_topology=None, availability_zone='az1', force_hosts=None,
        force_nodes=None, limits=None, scheduler_hints={},
        security_groups=objects.SecurityGroupList(), is_bfv=False)
    spec.pci_requests = objects.InstancePCIRequests(requests=[])
    return spec


def combinations():
    table = variants()
    single = [(field, name) for field in table for name in table[field]]
    yield []
    for choice in single:
        yield [choice]
    for one, other in itertools.combinations(single, 2):
        if one[0] != other[0]:
            yield [one, other]
    for name in ('set', 'empty', 'null'):
        yield [(field, name) for field in table if name in table[field]]


def main():
    table = variants()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        files = [directory / 'api.sqlite', directory / 'main.sqlite']
        conf = novalib.write_conf(directory / 'nova.conf', *files, directory)
        novalib.manage(conf, 'api_db', 'sync')
        ctx = novalib.start(conf)
        # A spec with a group is loaded again after it was stored, and nova
        # looks the group up.
        objects.InstanceGroup(ctx, uuid=GROUP, name='db-tier', user_id='u',
                              project_id='p', policy='anti-affinity').create()
        db = sqlite3.connect(files[0])
        number = 0
        for chosen in combinations():
            # Stored for the first time, and saved over a stored row.
            for first in (True, False):
                number += 1
                spec = base(ctx, number)
                if not first:
                    spec.create()
                    # As a request that was loaded and then filled in.
                    spec.num_instances = 2
                for field, name in chosen:
                    setattr(spec, field, table[field][name]())
                before = json.dumps(spec.obj_to_primitive())
                uuid_ = spec.instance_uuid
                if first:
                    spec.create()
                else:
                    spec.save()
                (after,) = db.execute(
                    'SELECT spec FROM request_specs WHERE instance_uuid = ?',
                    (uuid_,)).fetchone()
                name = ' + '.join('%s %s' % pair for pair in chosen)
                sys.stdout.write(json.dumps({
                    'name': '%s, %s' % (name or 'nothing',
                                        'create' if first else 'save'),
                    'before': before, 'after': after}) + '\n')
        db.close()


if __name__ == '__main__':
    main()
