#!/usr/bin/env python3
"""Asks real nova's CellMapping what it makes of generated and hand-picked templates.

    template_oracle.py SEED COUNT

prints one JSON object per line: the template, the [database] connection, nova's URL, and whether
SQLAlchemy could use that.  tests/deployment_oracle.rs compares reqspec's answer with it.
"""
import os

os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"

import json
import logging
import random
import sys
import types
import warnings

warnings.simplefilter("ignore")

from nova.objects import cell_mapping
from sqlalchemy.engine import url as sqlalchemy_url

logging.disable(logging.CRITICAL)

FULL = "{scheme}://{username}:{password}@{hostname}:{port}/{path}?{query}"
HAND_PICKED = [
    (FULL, "mysql+pymysql://nova:s3cret@Controller:3306/nova_cell0?charset=utf8"),
    (FULL, "mysql+pymysql://nova:s3cret@controller/nova_cell0?charset=utf8"),
    (FULL, "mysql+pymysql://nova:s3cret@[2001:DB8::7]:3306/nova"), (FULL, "mysql+pymysql://nova:a/b@db:3306/nova"),
    (FULL, "mysql+pymysql://nova:a#b@db:3306/nova"), (FULL, "mysql+pymysql://nova:a?b@db:3306/nova"),
    (FULL, "mysql+pymysql://nova:a%2Fb%40@db:3306/nova"), (FULL, "mysql+pymysql://nova:a@b@db:3306/nova"),
    (FULL, "mysql+pymysql://nova:a,b@db:3306/nova"), (FULL, None), (FULL, ""), (FULL, "nonsense"), ("mysql://db/nova", None),
    ("{scheme}://{username}:{password}@[{hostname}]:{port}/nova", "mysql://nova:pw@[::1]:3306/nova"),
    ("mysql://nova:pw@db/nova", "mysql://x:y@z:bad/nova"), ("mysql://nova:p{w@db/nova", "mysql://x:y@z:1/nova"),
    ("mysql://nova:p}w@db/nova", "mysql://x:y@z:1/nova"), ("mysql://nova:p{w}x@db/nova", "mysql://x:y@z:1/nova"),
    ("mysql://nova:p{{w}}x@db/nova", "mysql://x:y@z:1/nova"), ("mysql://nova:p{}x@db/nova", "mysql://x:y@z:1/nova"),
    ("mysql://nova:p{0}x@db/nova", "mysql://x:y@z:1/nova"), ("{scheme}:///{path}", "sqlite:////var/lib/nova/cell0.sqlite"),
    ("{scheme}:////{path}", "sqlite:////var/lib/nova/cell0.sqlite"), ("{scheme}://{hostname1}:{port1},{hostname2}:{port2}/x", "a://u:p@h1:1,v:q@h2:2/y"),
    ("{username2}{password2}", "a://u:p@h1:1,v:q@h2:2/y"), ("{username1}{password1}{port1}", "a://h1,h2/y"), ("{hostname1}", "a://[::1]:5,h2:2/y"),
    ("{hostname1}{hostname3}", "a://h1:1,h2:2/y"), ("{username}", "mysql://db/nova"), ("{password}", "mysql://nova@db/nova"),
    ("{scheme}://{hostname}/{path};{fragment}", "mysql://db/a;b#c"), ("{path}", "db/a;b/c;d"), ("{port}", "mysql://db:00033/x"),
    ("{port}", "mysql://db:+33/x"), ("{port}", "mysql://db:65536/x"), ("{hostname}", "mysql://[fe80::1%25ETH0]/x"),
    ("{hostname}", "mysql://[v1.x]/x"), ("{hostname}", "mysql://[1.2.3.4]/x"), ("{hostname}", "mysql://a]b/x"), ("{hostname}", " mysql://Db/x"),
    ("{hostname}", "my\tsql://D\nb/x"), ("{hostname}", "mysql://d\uff0fb/x"), ("{scheme}", "1ysql://db"), ("{scheme}", "MySQL+PyMySQL://db"),
    ("{port!r}", "mysql://db:33/x"), ("{port:>5}", "mysql://db:33/x"), ("{hostname[0]}", "mysql://db:33/x"), ("{nosuch!r}", "mysql://db:33/x"),
]


def connection(rng):
    if rng.random() < 0.5:
        # One that works, to be filled in.
        return "%s://%s:%s@%s:%s/%s" % (
            rng.choice(["mysql+pymysql", "postgresql+psycopg2"]), rng.choice(["nova", "no%40va"]), rng.choice(["s3cret", "a%2Fb%40", "x+y", "\u00fc"]),
            rng.choice(["db", "DB.Example", "192.0.2.1", "[2001:DB8::1]"]), rng.choice(["3306", "05432"]), rng.choice(["nova", "nova?charset=utf8"]))
    if rng.random() < 0.03:
        return rng.choice([None, "", "x", "mysql:", "//db/x"])
    text = rng.choice(["mysql+pymysql", "mysql", "postgresql+psycopg2", "MySQL", "sqlite", "m_y"]) + "://"
    if rng.random() < 0.9:
        text += rng.choice(["nova", "no%40va", "", "NOVA"])
        if rng.random() < 0.9:
            text += ":" + "".join(rng.choice(["s3cret", "%40", "x", "/", "#", "?", ":", ",", "{", "}", "$", "\u00fc"]) if rng.random() < 0.4 else "k"
                                  for _ in range(rng.randint(0, 5)))
        text += "@"
    host = lambda: rng.choice(["db", "DB.Example", "192.0.2.1", "[::1]", "[2001:DB8::1]", "", "::1"]) + rng.choice(["", ":3306", ":3306", ":", ":x", ":99999"])
    text += host()
    while rng.random() < 0.15:
        text += "," + rng.choice(["", "u:p@", "u@"]) + host()
    text += rng.choice(["", "/", "/nova", "//nova", "/a/b", "/nova;x"])
    return text + rng.choice(["", "?charset=utf8", "?a=b&c=d", "#frag", "?q#f", "?"])


def template(rng):
    if rng.random() < 0.4:
        return FULL if rng.random() < 0.5 else "{scheme}://{username}:{password}@{hostname}:{port}/nova_cell1"
    names = ["scheme", "username", "password", "hostname", "port", "path", "query", "fragment", "hostname1", "port2", "username2", "password1"]
    parts = []
    for _ in range(rng.randint(1, 6)):
        kind = rng.random()
        if kind < 0.6:
            parts.append("{%s}" % rng.choice(names))
        elif kind < 0.9:
            parts.append(rng.choice(["://", ":", "@", "/", "?", "nova", "mysql://", "{{", "}}"]))
        else:
            parts.append(rng.choice(["{", "}", "{}", "{x}", "{0}", "{ port}"]))
    return "".join(parts)


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    cases = list(HAND_PICKED)
    while len(cases) < count:
        cases.append((template(rng), connection(rng)))
    for text, default in cases:
        # nova reads one option of its configuration here; oslo's substitution is another test's matter.
        cell_mapping.CONF = types.SimpleNamespace(database=types.SimpleNamespace(connection=default))
        url = cell_mapping.CellMapping.format_db_url(text)
        try:
            made = sqlalchemy_url.make_url(url)
            made.get_dialect()
            usable = True
        except Exception:
            usable = False
        print(json.dumps({"template": text, "connection": default, "url": url, "usable": usable}))


main()
