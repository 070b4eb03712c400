#!/usr/bin/env python3
"""Asks real SQLAlchemy and PyMySQL where generated and hand-picked database URLs lead.

    url_oracle.py SEED COUNT

prints one JSON object per line: the URL, its password as it was put in, and the host, port, user,
password, database and encryption that the driver would use, or why one of them refuses.
tests/deployment_oracle.rs compares reqspec's reading with that.
"""
import datetime
import inspect
import json
import os
import pathlib
import random
import re
import ssl
import sys
import tempfile
import urllib.parse
import warnings

import pymysql
from sqlalchemy import exc
from sqlalchemy.engine import url as sqlalchemy_url

warnings.simplefilter("ignore")
# Which authorities this machine trusts changes nothing here, and loading them takes most of the time.
ssl.SSLContext.load_default_certs = lambda self, purpose=None: None

# SQLAlchemy's own expression, to see which part a raw @ fell into.
EXPRESSION = re.compile(re.search(r'r"""(.*?)"""', inspect.getsource(sqlalchemy_url._parse_url), re.S).group(1), re.X)

HAND_PICKED = [
    "", "mysql", "mysql:", "mysql://", "mysql:///", "mysql:///nova", "mysql://db", "mysql://db/", "mysql://db/nova",
    "mysql+pymysql://nova:s3cret@controller:3306/nova_api?charset=utf8",
    "mysql+pymysql://nova:s3cret@controller/nova_api", "mysql://nova@controller/nova", "mysql://:pw@controller/nova",
    "mysql://nova:@controller/nova", "mysql+pymysql://nova:a/b#c+d:e%f?g@db/nova", "mysql+pymysql://nova:p%40ss%3A%2f@db/nova",
    "mysql+pymysql://nova:p@ss@db/nova", "mysql+pymysql://nova:p@s/s@db/nova", "mysql+pymysql://nova:p@s?s@db/nova",
    "mysql+pymysql://nova@realm:pw@db/nova", "mysql+pymysql://nova%40realm:pw@db/nova", "mysql+pymysql://nova:pw@db:/nova",
    "mysql+pymysql://nova:pw@db:0/nova", "mysql+pymysql://nova:pw@db:65536/nova", "mysql+pymysql://nova:pw@db:-1/nova",
    "mysql+pymysql://nova:pw@db: 3307 /nova", "mysql+pymysql://nova:pw@db:3_307/nova", "mysql+pymysql://nova:pw@db:None/nova",
    "mysql+pymysql://nova:pw@[::1]/nova", "mysql+pymysql://nova:pw@[::1]:3307/nova", "mysql+pymysql://nova:pw@[::1]x/nova",
    "mysql+pymysql://nova:pw@::1:3306/nova", "mysql+pymysql://nova:pw@[::1/nova", "mysql+pymysql://nova:pw@[]/nova",
    "mysql+pymysql://nova:pw@[a]b]:1/nova", "mysql+pymysql://nova:pw@[fe80::1%25eth0]/nova",
    "mysql+pymysql://nova:pw@db/nova?unix_socket=/run/mysqld/mysqld.sock", "mysql+pymysql:///nova?unix_socket=/run/mysqld/mysqld.sock",
    "mysql+pymysql://nova:pw@db/nova?password=other&user=else&host=elsewhere", "mysql+pymysql://nova:pw@db/nova?charset=&charset=utf8mb4",
    "mysql+pymysql://nova:pw@db/nova%5fapi", "mysql+pymysql://nova:pw@db/no/va", "mysql+pymysql://nova:pw@db/nova\n?charset=utf8",
    "mysql+pymysql://nova:pw@db/nova?charset=utf8\n&user=x", "mysql+pymysql://nova:%zz%4@db/nova", "mysql+pymysql://nova:%ff%c3@db/nova",
    "mysql+pymysql://nova:\u00fc%c3%bc@db/nova", "mysql+pymysql://a@b@db/nova", "mysql+pymysql://nova@db:3306/n?read_timeout=4@z",
    "mysql+mysqldb://nova:pw@db/nova", "mariadb+pymysql://nova:pw@db/nova", "mariadb://nova:pw@db/nova", "mysql+nosuch://nova:pw@db/nova",
    "MySQL://nova:pw@db/nova", "mysql+://nova:pw@db/nova", "+mysql://db/nova", "my sql://db/nova", "mysql.pymysql://db/nova",
    "oracle://nova:pw@db/nova", "http://db/nova", "postgres://nova:pw@db/nova", "postgresql://nova:pw@db/nova",
    "postgresql+psycopg2://nova:pw@db:5433/nova?sslmode=require", "postgresql+psycopg2://nova:pw@/nova?host=/var/run/postgresql",
    "postgresql+psycopg2:///nova", "postgresql+psycopg2://nova@/nova?host=a:1&host=b:2", "postgresql://nova:p@ss@db/nova",
    "postgresql+psycopg2://nova:pw@db/nova?user=x&password=y&port=5499&dbname=z", "postgresql+psycopg2://nova:pw@db:x/nova",
    "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///rel.db", "sqlite:////abs/x.db", "sqlite:////abs/a%20b.db",
    "sqlite:////abs/x.db?timeout=5", "sqlite://host/x.db", "sqlite://user@/x.db", "sqlite://:3306/x.db", "sqlite+pysqlite:////abs/x.db",
    "sqlite+nosuch:////abs/x.db", "sqlite:////abs/x@y:z.db", "sqlite:////abs/{x}.db",
]

TLS = ["ssl_ca={ca}", "ssl_cert={cert}", "ssl_key={cert}", "ssl_check_hostname=false", "ssl_check_hostname=true",
       "ssl_verify_cert=true", "ssl_verify_cert=false", "ssl_verify_identity=true", "ssl_disabled=true"]


def certificate(directory):
    """A certificate with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "judge")])
    now = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9999)).sign(key, hashes.SHA256())
    path = directory / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


def password(rng):
    alphabet = "abcXYZ0189" + "/#+:%?" * 2 + "@&= !$*~;,[]{}\u00fc\u6f22" + "\\\"'"
    raw = "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 12)))
    kind = rng.random()
    if kind < 0.5:
        return urllib.parse.quote(raw, safe="")
    if kind < 0.9:
        return raw.replace("@", "%40")
    return raw


def generated(rng, pem):
    scheme = rng.choice(["mysql+pymysql"] * 6 + ["mysql", "mariadb+pymysql", "mysql+mysqldb", "postgresql", "postgresql+psycopg2",
                                                 "postgresql+psycopg2", "postgresql+psycopg", "sqlite", "mysql+x", "db2"])
    if scheme == "sqlite":
        return "sqlite://" + rng.choice(["/", "//", "/a/", ""]) + rng.choice(["x.db", "a%20b", "n?timeout=3", "", "\u00fc.db"]), None
    secret = password(rng) if rng.random() < 0.85 else None
    text = scheme + "://"
    user = rng.choice(["nova", "nova%40x", "no+va", "n%6fva", "", "a@b", "\u00fcser"])
    if secret is not None:
        text += user + ":" + secret + "@"
    elif user and rng.random() < 0.8:
        text += user + "@"
    text += rng.choice(["db", "192.0.2.7", "[::1]", "[2001:db8::7]", "db.example.org", "DB", "", "::1", "db,db2"])
    text += rng.choice(["", "", "", ":3306", ":3306", ":3307", ":5432", ":5432", ":0", ":", ":x", ":70000", ": 33", ":3_3"])
    text += rng.choice(["/nova", "/nova", "/nova", "/nova", "/nova", "/nova_cell1", "/nova_api", "/n%6fva", "/no/va", "", "/", "/n@va"])
    pieces = []
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        if scheme.startswith("postgresql"):
            pieces.append(rng.choice(["sslmode=require", "sslmode=disable", "host=/run/pg", "host=other", "port=5499", "user=u%20v",
                                      "password=x+y", "dbname=d", "connect_timeout=3", "client_encoding=utf8"]))
        elif rng.random() < 0.6:
            pieces.append(rng.choice(TLS).format(ca=pem, cert=pem))
        else:
            pieces.append(rng.choice(["charset=utf8", "charset=utf8mb4", "charset=", "unix_socket=/run/my.sock", "host=other", "user=u+v",
                                      "password=p%26q", "database=d", "read_timeout=3", "connect_timeout=7", "noequals", "&", "client_flag=0"]))
    # Several of one key make a list, which no driver but PostgreSQL's takes.
    kept = []
    for piece in pieces:
        if piece.split("=")[0] not in [one.split("=")[0] for one in kept]:
            kept.append(piece)
    if kept:
        text += "?" + "&".join(kept)
    if rng.random() < 0.06:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(["@", ":", "/", "?", "", "[", "%"]) + text[at + rng.randint(0, 2):]
        secret = None
    return text, secret


def refused(why):
    return {"refused": why}


def ask(text):
    try:
        url = sqlalchemy_url.make_url(text)
    except exc.ArgumentError:
        return refused("form")
    except (ValueError, TypeError):
        return refused("port")
    try:
        dialect = url.get_dialect()()
    except exc.NoSuchModuleError:
        return refused("engine")
    except ImportError:
        return refused("engine")
    engine = url.get_backend_name()
    if engine not in ("sqlite", "mysql", "mariadb", "postgresql"):
        # nova has no migrations for it.
        return refused("engine")
    if engine == "sqlite":
        try:
            args, options = dialect.create_connect_args(url)
        except exc.ArgumentError:
            return refused("sqlite")
        return {"engine": "sqlite", "database": url.database or ":memory:"}
    groups = EXPRESSION.match(text).groupdict()
    stray = any("@" in (groups[name] or "") for name in ("ipv4host", "ipv6host", "port", "database"))
    stray = stray or any("@" in piece.split("=")[0] for piece in (groups["query"] or "").split("&"))
    try:
        args, options = dialect.create_connect_args(url)
    except (ValueError, TypeError, exc.ArgumentError):
        return refused("options")
    if engine == "postgresql":
        answer = {"engine": "postgresql", **{key: options.get(key) for key in ("host", "port", "user", "password", "dbname", "sslmode")}}
        answer["database"] = answer.pop("dbname")
        answer["port"] = str(answer["port"]) if answer["port"] else None
    elif url.get_driver_name() == "pymysql":
        try:
            connection = pymysql.connect(defer_connect=True, **options)
        except UnicodeEncodeError:
            return refused("latin1")
        except Exception as error:
            return refused("driver: %s: %s" % (type(error).__name__, error))
        answer = {"engine": "mysql", "host": connection.host, "port": str(connection.port), "user": options.get("user"),
                  "password": connection.password.decode("latin1") or None, "database": connection.db and str(connection.db),
                  "socket": connection.unix_socket, "tls": tls(connection)}
    else:
        answer = {"engine": "mysql", "host": options.get("host") or "localhost", "port": str(options.get("port") or 3306),
                  "user": options.get("user"), "password": options.get("password") or options.get("passwd"),
                  "database": options.get("database") or options.get("db"), "socket": options.get("unix_socket"), "tls": None}
    answer["stray"] = stray
    return answer


def tls(connection):
    if not connection.ssl:
        return "Off"
    # PyMySQL before 1.2 had no PREFERRED.
    if not getattr(connection, "_ssl_required", True):
        return "Prefer"
    if connection.ctx.verify_mode == ssl.CERT_NONE:
        return "Require"
    return "VerifyFull" if connection.ctx.check_hostname else "VerifyCa"


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    os.environ.pop("HOME", None)
    with tempfile.TemporaryDirectory() as home:
        pem = certificate(pathlib.Path(home))
        cases = [(text, None) for text in HAND_PICKED]
        for pieces in ([one] for one in TLS):
            cases.append(("mysql+pymysql://nova:pw@db/nova?" + "&".join(pieces).format(ca=pem, cert=pem), "pw"))
        for at, one in enumerate(TLS):
            for other in TLS[at + 1:]:
                if one.split("=")[0] != other.split("=")[0]:
                    cases.append(("mysql+pymysql://nova:pw@db/nova?" + (one + "&" + other).format(ca=pem, cert=pem), "pw"))
        while len(cases) < count:
            cases.append(generated(rng, pem))
        for text, secret in cases:
            print(json.dumps({"url": text, "secret": secret, **ask(text)}))


main()
