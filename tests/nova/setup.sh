#!/bin/sh
# Makes target/nova-env: a Python environment with the real nova, which judges
# what reqspec writes and from which the demo data and the schema table are
# generated.  Idempotent: a complete environment is used as it is.
#
# Prints nothing but errors and one line that says how long it took.
set -eu

nova_version=34.0.0
root=$(cd "$(dirname "$0")/../.." && pwd)
env=$root/target/nova-env
# Written last, so that an interrupted installation is never taken for a whole
# one; it names what is inside, so that a newer version here makes a new one.
stamp=$env/.complete
wanted="nova==$nova_version openstack-placement pymysql psycopg2-binary"
started=$(date +%s)

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$env"
    mkdir -p "$root/target"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # Debian splits ensurepip out of python3: `python3 -m venv` then fails half
    # way, after it has made the directory.
    if ! python3 -m venv "$env" >"$log" 2>&1; then
        rm -rf "$env"
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv; } >"$log" 2>&1 \
                || { cat "$log" >&2; exit 1; }
            python3 -m venv "$env" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
        else
            cat "$log" >&2
            echo "setup.sh: python3 cannot make a virtual environment; install the package python3-venv" >&2
            exit 1
        fi
    fi
    # shellcheck disable=SC2086  # several words on purpose
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check $wanted >"$log" 2>&1 \
        || { cat "$log" >&2; exit 1; }
    OS_NOVA_DISABLE_EVENTLET_PATCHING=1 "$env/bin/python" -W ignore -c 'import nova.objects; nova.objects.register_all()' >"$log" 2>&1 \
        || { cat "$log" >&2; exit 1; }
    echo "$wanted" >"$stamp"
fi
echo "nova $nova_version ready in $(($(date +%s) - started)) s"
