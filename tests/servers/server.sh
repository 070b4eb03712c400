#!/usr/bin/env bash
# Private database servers for the tests: on loopback, at a free port, with everything in one directory.
#
#   server.sh start (mariadb|postgres) DIR [OPTION...]   start one and wait until it answers; more
#                                                        options go to the server (`--ssl-cert=…`, `-c ssl=on`);
#                                                        a DIR that was used before keeps its data
#   server.sh start galera DIR [OPTION...]               two MariaDB nodes of a Galera cluster in DIR/a and
#                                                        DIR/b, which are named as DIRs below; DIR/url is of a,
#                                                        whose vote counts double: a goes on where b is lost
#   server.sh start DIR                                  start it again as it was: data, port and options
#   server.sh stop DIR                                   TERM, after 10 s KILL; fine if it is not running
#   server.sh (pause|resume|kill) DIR                    SIGSTOP, SIGCONT or SIGKILL to all its processes
#
# DIR then holds url (of the superuser, no password, no database), port, pid, socket (of MariaDB the
# file, of PostgreSQL the directory), log, data/. With REQSPEC_SERVER_OWNER=PID the server is killed
# when that process is gone, however it went.
set -euo pipefail

fail() {
    echo "server.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# Alive, and not only waiting for its parent to hear of its end. The first thread of a killed process may
# be gone while others still hold its port.
running() {
    local state threads
    state=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    [[ $state == *') Z '* ]] || return 0
    threads=("/proc/$1/task"/*)
    ((${#threads[@]} > 1))
}

# A port that nobody listens on; below the range that outgoing connections take theirs from.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((16000 + (RANDOM * 32768 + RANDOM) % 16000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port"
}

# Where the socket goes: into DIR, unless its path would be longer than a socket's may be.
socket_directory() {
    if ((${#dir} < 80)); then
        echo "$dir"
    elif [[ -f $dir/socket_directory && -d $(<"$dir/socket_directory") ]]; then
        cat "$dir/socket_directory"
    else
        mktemp -d "${TMPDIR:-/tmp}/reqspec-socket.XXXXXX" | tee "$dir/socket_directory"
    fi
}

# PostgreSQL refuses to run as root: then another user runs it, with root's way past the permissions
# of the directories above its own.
as_server_user() {
    if [[ $kind == postgres && $(id -u) == 0 ]]; then
        local user=nobody
        ! getent passwd postgres >/dev/null || user=postgres
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups \
            --inh-caps=+dac_override,+dac_read_search --ambient-caps=+dac_override,+dac_read_search "$@"
    fi
    exec "$@"
}

postgres_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -maxdepth 1 -mindepth 1 -printf '%f\n' 2>/dev/null | sort -n | tail -n 1)
    [[ -n $newest && $newest -ge 13 ]] || fail "no PostgreSQL >= 13 under /usr/lib/postgresql (package postgresql)"
    echo "/usr/lib/postgresql/$newest/bin"
}

install_failed() {
    head -n 20 "$dir/install.log" >&2
    fail "no data directory could be made, see $dir/install.log"
}

make_data() {
    [[ ! -e $dir/data/made ]] || return 0
    rm -rf "$dir/data"
    case $kind in
        mariadb)
            command -v mariadb-install-db >/dev/null || fail "no mariadb-install-db (package mariadb-server-core)"
            # A relative path: the program does not quote the directory's name, which may hold spaces. A
            # directory of its own for temporary tables: each one that starts deletes what it finds there.
            (cd "$dir" && TMPDIR="$dir" mariadb-install-db --no-defaults "${as_user[@]}" --datadir=./data --skip-test-db \
                --auth-root-authentication-method=normal --innodb-log-file-size=16M --skip-name-resolve \
                --innodb-use-native-aio=OFF) >"$dir/install.log" 2>&1 </dev/null || install_failed
            ;;
        postgres)
            mkdir -p "$dir/data"
            if [[ $(id -u) == 0 ]]; then
                if getent passwd postgres >/dev/null; then chown postgres: "$dir/data"; else chown nobody: "$dir/data"; fi
            fi
            chmod 700 "$dir/data"
            (as_server_user "$(postgres_programs)/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N) \
                >"$dir/install.log" 2>&1 </dev/null || install_failed
            ;;
    esac
    touch "$dir/data/made"
}

# Native AIO is left out: the machine has few of its contexts for many servers at once.
# Every commit is written to the files, so that a killed server forgets none; only the wait for the
# disk is left out: no test cuts the power.
launch() {
    local port=$1 sockets galera=()
    sockets=$(socket_directory)
    [[ ! -s $dir/log ]] || cat "$dir/log" >>"$dir/log.old"
    : >"$dir/log"
    case $kind in
        mariadb)
            echo "$sockets/mariadb.sock" >"$dir/socket"
            [[ ! -f $dir/cluster ]] || galera_options
            setsid mariadbd --no-defaults "${as_user[@]}" --datadir="$dir/data" --port="$port" --bind-address=127.0.0.1 \
                --socket="$sockets/mariadb.sock" --pid-file="$dir/data/server.pid" --tmpdir="$dir/data" \
                --skip-name-resolve --character-set-server=utf8mb4 --max-allowed-packet=64M \
                --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=2 \
                --innodb-buffer-pool-load-at-startup=OFF --innodb-buffer-pool-dump-at-shutdown=OFF \
                --innodb-use-native-aio=OFF --key-buffer-size=1M --aria-pagecache-buffer-size=8M --performance-schema=OFF \
                "${galera[@]}" "${options[@]}" >>"$dir/log" 2>&1 </dev/null &
            ;;
        postgres)
            echo "$sockets" >"$dir/socket"
            # Of one that was killed: it counts as running until its parent has heard of its end.
            rm -f "$dir/data/postmaster.pid" "$sockets/.s.PGSQL.$port.lock"
            if [[ $(id -u) == 0 && $sockets != "$dir" ]]; then chmod 777 "$sockets"; fi
            (as_server_user setsid "$(postgres_programs)/postgres" -D "$dir/data" -p "$port" -k "$sockets" \
                -c listen_addresses=127.0.0.1 -c shared_buffers=32MB -c fsync=off -c max_wal_size=256MB \
                -c log_line_prefix='%m %p ' -c logging_collector=off "${options[@]}") >>"$dir/log" 2>&1 </dev/null &
            ;;
    esac
    pid=$!
}

ready() {
    case $kind in
        mariadb)
            grep -q 'mariadbd: ready for connections' "$dir/log" \
                && { [[ ! -f $dir/cluster ]] || grep -q 'Synchronized with group, ready' "$dir/log"; }
            ;;
        postgres) grep -q 'ready to accept connections' "$dir/log" ;;
    esac && (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Start on that port. Gives 1 where somebody else has taken the port meanwhile.
start_on() {
    local port=$1
    launch "$port"
    echo "$pid" >"$dir/pid"
    for _ in {1..1200}; do
        if ready "$port"; then
            echo "$port" >"$dir/port"
            guard
            return 0
        fi
        if ! running "$pid"; then
            rm -f "$dir/pid"
            if grep -qiE 'address already in use|bind on unix socket|could not bind' "$dir/log"; then return 1; fi
            tail -n 20 "$dir/log" >&2
            fail "$kind did not start, see $dir/log"
        fi
        sleep 0.05
    done
    kill -KILL "$pid"
    fail "$kind did not answer within 60 s, see $dir/log"
}

# Kill the server when its owner is gone.
guard() {
    [[ -n ${REQSPEC_SERVER_OWNER:-} ]] || return 0
    # shellcheck disable=SC2016
    setsid bash -c '
        running() { local state; read -r state <"/proc/$1/stat" && [[ $state != *") Z "* ]]; }
        while running "$1"; do
            running "$2" || exit 0
            sleep 0.5
        done
        kill -KILL "$2" $(cat "/proc/$2/task/$2/children")' guard "$REQSPEC_SERVER_OWNER" "$pid" >/dev/null 2>&1 </dev/null &
}

start() {
    local began=${EPOCHREALTIME/./} port
    if [[ -s $dir/pid ]] && running "$(<"$dir/pid")"; then fail "one is running in $dir already"; fi
    make_data
    if [[ -s $dir/port ]]; then
        # Clients know it at this port.
        start_on "$(<"$dir/port")" || fail "port $(<"$dir/port") is taken, see $dir/log"
    else
        for _ in {1..10}; do
            port=$(free_port)
            if start_on "$port"; then break; fi
        done
        [[ -s $dir/port ]] || fail "no port was free long enough"
    fi
    case $kind in
        mariadb) echo "mysql://root@127.0.0.1:$(<"$dir/port")/" ;;
        postgres) echo "postgresql://postgres@127.0.0.1:$(<"$dir/port")/" ;;
    esac >"$dir/url"
    local took=$(((${EPOCHREALTIME/./} - began) / 1000))
    echo "$kind answers at $(<"$dir/url") after $took ms"
}

# Of a node; the file `cluster` in its directory is its part of the cluster.
galera_options() {
    local name weight group ist peers position
    read -r name weight group ist peers <"$dir/cluster"
    if [[ -n $bootstrap ]]; then peers=''; fi
    # What Galera calls when a node joins is beside this script.
    PATH=$here:$PATH
    export PATH REQSPEC_GALERA=${dir%/*}
    galera=(--wsrep-on=ON --wsrep-provider=/usr/lib/galera/libgalera_smm.so --binlog-format=ROW
        --innodb-autoinc-lock-mode=2 --wsrep-sst-method=copied --wsrep-cluster-name=tests
        --wsrep-node-name="$name" --wsrep-node-address=127.0.0.1 --wsrep-node-incoming-address="127.0.0.1:$port"
        --wsrep-cluster-address="gcomm://$peers"
        --wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:$group;ist.recv_addr=127.0.0.1:$ist;ist.recv_bind=127.0.0.1:$ist;pc.weight=$weight;gcache.size=32M")
    if [[ -n $bootstrap ]]; then
        galera+=(--wsrep-new-cluster)
    elif grep -q '^seqno: *-1' "$dir/data/grastate.dat"; then
        # It was killed: what it has is in its tables.
        position=$(mariadbd --no-defaults "${as_user[@]}" --datadir="$dir/data" --tmpdir="$dir/data" \
            --innodb-log-file-size=16M --skip-networking --socket="$dir/recover.sock" --wsrep-recover "${galera[@]}" 2>&1 \
            | sed -n 's/.*Recovered position: *//p' | tail -n 1)
        [[ -z $position ]] || galera+=(--wsrep-start-position="$position")
    fi
}

# The second node begins with a copy of the first one's data, so that no transfer of a whole state is needed.
start_galera() {
    local cluster=$dir group=() ist=() node
    [[ -f /usr/lib/galera/libgalera_smm.so ]] || fail "no Galera (package galera-4)"
    for _ in a b; do group+=("$(free_port)") ist+=("$(free_port)"); done
    for node in a b; do
        mkdir -p "$cluster/$node"
        echo mariadb >"$cluster/$node/kind"
        cp "$cluster/options" "$cluster/$node/options"
    done
    kind=mariadb
    echo "a 2 ${group[0]} ${ist[0]} 127.0.0.1:${group[0]},127.0.0.1:${group[1]}" >"$cluster/a/cluster"
    echo "b 1 ${group[1]} ${ist[1]} 127.0.0.1:${group[0]},127.0.0.1:${group[1]}" >"$cluster/b/cluster"
    dir=$cluster/a bootstrap=yes
    start
    stop
    cp -a "$dir/data" "$cluster/b/data"
    rm -f "$cluster/b/data/galera.cache" "$cluster/b/data/gvwstate.dat"
    sed -i 's/^safe_to_bootstrap: 1/safe_to_bootstrap: 0/' "$cluster/b/data/grastate.dat"
    start
    dir=$cluster/b bootstrap=
    start
    dir=$cluster
    cp "$dir/a/url" "$dir/a/port" "$dir/a/socket" "$dir"
}

# To all processes of the server: PostgreSQL has one per session.
signal_all() {
    local pid children=()
    pid=$(<"$dir/pid")
    # The first one stops before its children are listed, so that it starts no more.
    if [[ $1 != CONT ]]; then kill -STOP "$pid"; fi
    read -r -a children <"/proc/$pid/task/$pid/children" || true
    kill -"$1" "$pid" "${children[@]}" 2>/dev/null || true
    if [[ $1 == KILL ]]; then
        for pid in "$pid" "${children[@]}"; do
            while running "$pid"; do sleep 0.01; done
        done
        rm -f "$dir/pid"
    fi
}

stop() {
    local pid signal
    if [[ -s $dir/pid ]]; then
        pid=$(<"$dir/pid")
        # INT: at TERM, PostgreSQL would wait for its sessions to end.
        signal=TERM
        [[ $(cat "$dir/kind" 2>/dev/null) != postgres ]] || signal=INT
        kill -"$signal" "$pid" 2>/dev/null || true
        # A stopped process hears nothing else.
        signal_all CONT 2>/dev/null || true
        for _ in {1..200}; do
            running "$pid" || break
            sleep 0.05
        done
        if running "$pid"; then
            echo "server.sh: killing $pid in $dir: it did not end within 10 s" >&2
            signal_all KILL || true
        fi
        rm -f "$dir/pid"
    fi
    if [[ -s $dir/socket_directory ]]; then
        rm -rf "$(<"$dir/socket_directory")" "$dir/socket_directory"
    fi
}

(($# >= 2)) || usage
command=$1
shift
kind='' options=() as_user=() bootstrap=''
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# mariadbd runs as root only when told to.
[[ $(id -u) != 0 ]] || as_user=(--user=root)
case $command in
    start)
        case $1 in
            mariadb | postgres | galera)
                kind=$1
                shift
                (($# >= 1)) || usage
                mkdir -p "$1"
                dir=$(cd "$1" && pwd)
                shift
                options=("$@")
                echo "$kind" >"$dir/kind"
                : >"$dir/options"
                if ((${#options[@]})); then printf '%s\0' "${options[@]}" >"$dir/options"; fi
                ;;
            *)
                [[ -f $1/kind ]] || usage
                dir=$(cd "$1" && pwd)
                kind=$(<"$dir/kind")
                mapfile -d '' -t options <"$dir/options"
                ;;
        esac
        if [[ $kind == galera ]]; then start_galera; else start; fi
        ;;
    stop)
        [[ -d $1 ]] || exit 0
        dir=$(cd "$1" && pwd)
        if [[ -d $dir/a ]]; then
            for dir in "$dir/b" "$dir/a"; do stop; done
        else
            stop
        fi
        ;;
    pause | resume | kill)
        dir=$(cd "$1" && pwd)
        [[ -s $dir/pid ]] || fail "none is running in $dir"
        case $command in
            pause) signal_all STOP ;;
            resume) signal_all CONT ;;
            kill) signal_all KILL ;;
        esac
        ;;
    *) usage ;;
esac
