#!/usr/bin/env python3
"""Asks real oslo.config what it reads from generated and hand-picked configurations.

    conf_oracle.py SEED COUNT

prints one JSON object per line: the texts of the files, the environment, and what oslo.config says
of each option, or why it refuses.  tests/deployment_oracle.rs compares reqspec's reading with that.
"""
import json
import os
import pathlib
import random
import sys
import tempfile

from oslo_config import cfg
from oslo_config import types

STRINGS = ["connection", "slave", "my_host", "word", "Upper"]
LISTS = ["items"]
QUOTED = ["quoted"]
MULTI = ["many"]
GROUPS = ["DEFAULT", "database", "api_database", "scheduler"]

HAND_PICKED = [
    "", "\n\n", "# only a comment\n", "[DEFAULT]\n", "[DEFAULT]", "[]\n", "[DEFAULT\n", "[DEFAULT] # no\n",
    "connection = x\n", "[database]\n= x\n", "[database]\nconnection\n", " [database]\n", "\tword = x\n",
    "[database]\nconnection = a\n  b\n\tc\n", "[database]\nconnection = a\n\n b\n",
    "[database]\nconnection = a\n# c\n b\n", "[database]\nconnection = a\n  # kept\n",
    "[database]\nconnection=a\nconnection=b\n", "[Database]\nconnection = a\n", "[default]\nword = x\n",
    "[DEFAULT]\nword = x\n[database]\nconnection = $word/$slave\n",
    "[database]\nconnection = \"quoted\"\nslave = 'other'\nword = 'half\n",
    "[database]\nconnection = \"\nslave = '\nword = \"'\n", "[database]\nconnection: a = b\nslave = a : b\n",
    "[database]\nconnection = a # no comment\nslave = b ; nor here\n",
    "[database]\nconnection = $$word \\$word $ $1 ${ ${} ${word $}\nword = w\n",
    "[database]\nconnection = ${word}x$word.y\nword = w\n",
    "[database]\nconnection = ${api_database.connection}\n[api_database]\nconnection = $connection\n",
    "[database]\nconnection = $connection\n", "[database]\nconnection = $DEFAULT.word\n[DEFAULT]\nword = w\n",
    "[database]\nconnection = $database.word ${database.word}\nword = w\n",
    "[database]\nconnection = ${Database.word}\nword = w\n", "[database]\nconnection = $database\nword = w\n",
    "[database]\nconnection = pa$never\n", "[database]\r\nconnection = a\r\nslave = b\r",
    "\ufeff[database]\nconnection = a\n", "\ufeff# c\n", "[database]\nconnection = \u00fc\u00df\u2028x\n",
    "[database]\n\u00a0connection = a\u00a0\n", "[database]\nconnection = a\x1c\nslave = \x1fb\n",
    "[database]\nconnection = a\x0b\x0cb\n\x0c\n", "[database]\nconnection =\n x\n", "[database]\nconnection =\n",
    "[scheduler]\nitems = a,b , c\nmany = 1\nmany = 2\n", "[scheduler]\nitems = ,a,,\nquoted = ['a,b',\"c\",d]\n",
    "[scheduler]\nquoted = a]\n", "[scheduler]\nquoted = [a\n", "[scheduler]\nquoted = ['a]\n", "[scheduler]\nquoted = []\n",
    "[scheduler]\nmany = 1\n[DEFAULT]\nword = x\n[SCHEDULER]\nmany = 3\n", "[a]]\nword = x\n", "[ database ]\nconnection = x\n",
    "[database]\nconnection = \\$$word\nword = w\n", "[database]\nconnection = $word$word$$$word\nword = $$\n",
    "[DEFAULT]\nword = $slave\nslave = s\n[database]\nconnection = $word\nslave = t\n",
    "[database]\nUpper = $upper\n", "[database]\nconnection = a\x00b\n",
    "[database]\nconnection = mysql+pymysql://nova:pa$$word@controller/nova\n",
]


def reference(rng):
    name = rng.choice(STRINGS[:4] * 3 + ["never"])
    if rng.random() < 0.35:
        name = rng.choice(GROUPS[1:] * 3 + ["DEFAULT", "nogroup", "Database"]) + "." + name
    return rng.choice(["${%s}", "$%s"]) % name


def value(rng):
    parts = []
    for _ in range(rng.randint(0, 4)):
        kind = rng.random()
        if kind < 0.3:
            parts.append(reference(rng))
        elif kind < 0.4:
            parts.append(rng.choice(["$$", "\\$", "$", "$1", "${", "$}", "$\u017f", "${a-b}", "$_x."]))
        elif kind < 0.55:
            parts.append(rng.choice(['"', "'", ",", ":", "=", "#", ";", "[", "]", "\\", " ", "\t", "\u00a0", "\u00e9", "\U0001f427"]))
        else:
            parts.append(rng.choice(["mysql://nova:s3cret@db/nova", "a", "b c", "x,y", "1", "true", "nova"]))
    text = "".join(parts)
    if rng.random() < 0.15:
        text = rng.choice("\"'") + text + rng.choice("\"'")
    return text


def list_value(rng, bounded):
    items = [rng.choice(["a", "b c", "'x,y'", '"z"', "'", "", " d "]) for _ in range(rng.randint(0, 4))]
    text = rng.choice([",", " , "]).join(items)
    if bounded and rng.random() < 0.85:
        text = "[" + text + "]"
    return text


def text(rng):
    lines = []
    if rng.random() < 0.95:
        lines.append("[%s]" % rng.choice(GROUPS))
    for _ in range(rng.randint(0, 9)):
        kind = rng.random()
        if kind < 0.18:
            lines.append("[%s]" % rng.choice(GROUPS + ["Database", "API_DATABASE", "default"]))
        elif kind < 0.26:
            lines.append(rng.choice(["# comment", ";also = x", "", "   ", "\t", "#"]))
        elif kind < 0.28 or (kind < 0.34 and lines and lines[-1].startswith(("conn", "slave", "many"))):
            lines.append(rng.choice(["  continued", "\tmore $word", "  # kept"]))
        elif kind < 0.35:
            lines.append(rng.choice(["[", "[]", "[x", "no delimiter", "= nothing", ": x", "\u00a0", "[a] x"]))
        elif kind < 0.44:
            lines.append("items" + rng.choice(["=", " = ", ":"]) + list_value(rng, False))
        elif kind < 0.52:
            lines.append("quoted = " + list_value(rng, True))
        elif kind < 0.62:
            lines.append("many = " + value(rng))
        else:
            space = rng.choice(["", " ", "\t", "  "])
            lines.append(rng.choice(STRINGS) + space + rng.choice("==:") + space + value(rng) + rng.choice(["", " ", "\r"]))
    return rng.choice(["\n", "\n", "\n", "\r\n", "\r"]).join(lines) + rng.choice(["", "\n"])


def ask(files, fragments, environment):
    """What oslo.config says: an error, or a verdict for each option."""
    for name, content in environment.items():
        os.environ[name] = content
    try:
        with tempfile.TemporaryDirectory() as home:
            home = pathlib.Path(home)
            args = []
            for at, content in enumerate(files):
                path = home / ("%d.conf" % at)
                path.write_bytes(content.encode())
                args += ["--config-file", str(path)]
            directory = home / "conf.d"
            directory.mkdir()
            for name, content in fragments:
                (directory / name).write_bytes(content.encode())
            args += ["--config-dir", str(directory)]
            conf = cfg.ConfigOpts()
            try:
                conf(args, project="nova", prog="nova", default_config_files=[], default_config_dirs=[])
            except cfg.ConfigFileParseError as error:
                return {"error": error.msg, "file": os.path.relpath(error.config_file, home)}
            return {"values": verdicts(conf, environment)}
    finally:
        for name in environment:
            del os.environ[name]


def verdicts(conf, environment):
    # As nova registers its groups, whether anything is set in them or not.
    for group in GROUPS[1:] + ["nogroup"]:
        conf.register_group(cfg.OptGroup(group))
    known = []
    for group in GROUPS:
        for names, kind in ((STRINGS, "str"), (LISTS, "list"), (QUOTED, "quoted"), (MULTI, "multi")):
            for name in names:
                # An option counts as registered where something sets it: reqspec has no list of nova's
                # options.
                inside = any(name in sections.get(group, {}) for sections in conf._namespace._normalized)
                if inside or "OS_%s__%s" % (group.upper(), name.upper()) in environment:
                    known.append((group, name, kind))
                    conf.register_opt(option(name, kind), group=None if group == "DEFAULT" else group)
    result = []
    for group, name, kind in known:
        try:
            value = conf[name] if group == "DEFAULT" else conf[group][name]
            result.append([group, name, kind, value])
        except Exception as error:
            result.append([group, name, kind, None, type(error).__name__])
    return result


def option(name, kind):
    if kind == "list":
        return cfg.ListOpt(name)
    if kind == "quoted":
        return cfg.Opt(name, type=types.List(types.String(quotes=True), bounds=True))
    if kind == "multi":
        return cfg.MultiStrOpt(name)
    return cfg.StrOpt(name)


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    sys.setrecursionlimit(400)
    cases = [([content], [], {}) for content in HAND_PICKED]
    while len(cases) < count:
        files = [text(rng) for _ in range(rng.choice([1, 1, 1, 2]))]
        names = rng.sample(["10-a.conf", "9-b.conf", "B.conf", "a.conf", ".hidden.conf", "notes.txt"], rng.choice([0, 0, 1, 2]))
        environment = {}
        if rng.random() < 0.25:
            name = "OS_%s__%s" % (rng.choice(GROUPS).upper(), rng.choice(STRINGS[:4] + LISTS).upper())
            environment[name] = value(rng)
        cases.append((files, [(name, text(rng)) for name in names], environment))
    for files, fragments, environment in cases:
        verdict = ask(files, fragments, environment)
        print(json.dumps({"files": files, "fragments": fragments, "environment": environment, **verdict}))


main()
