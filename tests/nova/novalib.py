"""What the scripts here need to run nova in one process, without a cloud.

nova wants a configuration, two database connections, registered objects and a
notifier.  start() gives it all of that; the databases are SQLite files.
"""

import logging
import os
import pathlib
import subprocess
import sys
import warnings

# Read by nova when it is imported; without it nova patches the standard
# library with eventlet.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', '1')
# nova warns about an invalid UUID in a field, about its own deprecations and
# about every backport of a NUMA cell: thousands of lines.
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO_DATA = ROOT / 'src' / 'deployment' / 'demo_data'
MANIFEST = pathlib.Path(__file__).resolve().parent / 'demo_manifest.json'
DATABASES = ('nova_api', 'nova_cell0', 'nova_cell1', 'nova_cell2')


def stable_hashing():
    """Runs the script again with a fixed hash seed.

    The order of Python's sets shows in what nova stores (the sets of CPUs and
    every list of changes).  With a fixed seed two runs store the same text.
    """
    if os.environ.get('PYTHONHASHSEED') != '0':
        os.environ['PYTHONHASHSEED'] = '0'
        os.execv(sys.executable, [sys.executable] + sys.argv)


def sqlite_url(path):
    return 'sqlite:///' + str(pathlib.Path(path).resolve())


def write_conf(path, api, main, state, extra=''):
    """A nova.conf for two SQLite files."""
    pathlib.Path(path).write_text(f'''\
[DEFAULT]
state_path = {state}
transport_url = fake:/
[api_database]
connection = {sqlite_url(api)}
# These are throw-away files: no need to wait for the disk.
sqlite_synchronous = false
[database]
connection = {sqlite_url(main)}
sqlite_synchronous = false
{extra}''')
    return path


def manage(conf, *words):
    """nova-manage of the environment that runs this script."""
    tool = pathlib.Path(sys.executable).parent / 'nova-manage'
    done = subprocess.run([tool, '--config-file', conf, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode:
        raise SystemExit('nova-manage %s:\n%s' % (' '.join(words),
                                                  done.stdout))


class _DeafNotifier:
    """Takes every notification and tells nobody."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: self

    def is_enabled(self):
        return False


def start(conf):
    """Starts nova in this process on the databases that `conf` names and
    returns an administrator's context.  Once per process."""
    import nova.conf
    from nova import context
    import nova.db.api.api
    import nova.db.main.api
    from nova import objects
    import nova.rpc
    import oslo_messaging

    CONF = nova.conf.CONF
    CONF(['--config-file', str(conf)], project='nova', version='34')
    nova.db.main.api.configure(CONF)
    nova.db.api.api.configure(CONF)
    objects.register_all()
    oslo_messaging.get_notification_transport(CONF, url='fake:/')
    deaf = _DeafNotifier()
    nova.rpc.LEGACY_NOTIFIER = nova.rpc.NOTIFIER = deaf
    nova.rpc.get_notifier = lambda *args, **kwargs: deaf
    nova.rpc.get_versioned_notifier = lambda *args, **kwargs: deaf
    return context.get_admin_context()
