#!/usr/bin/env python3
"""Asks PyMySQL what it reads from generated and hand-picked option files.

    option_file_oracle.py SEED COUNT

prints one JSON object per line: the text, the group, and each option's value, or the line at which
PyMySQL stops.  tests/deployment_oracle.rs compares reqspec's reading with that.
"""
import json
import random
import sys

from pymysql.optionfile import Parser

NAMES = ["user", "password", "host", "port", "ssl-ca"]
HAND_PICKED = [
    "", "[client]\n", "[client]\nuser=a\npassword = 'x'\nhost : h\n", "user=a\n", "!include x\n", "[client]\n!include x\nuser=a\n",
    "[client]\nuser\n", "[client]\nuser =\n", "[client]\nuser = \"a\nhost = 'b\"\n", "[client]\nUSER = a\nSSL_CA = /x\n",
    "[client]\nuser = a\nuser = b\n", "[client]\nuser=a\n[client]\nhost=b\n", "[]\nuser = a\n", "[client]\n[]\nuser=a\n",
    "[client]\n  user = a\n  host = b\n    c\n", "[client]\nuser = a\n\n  b\n\n[nova]\nuser = c\n", "[client]\npassword = a#b;c\n",
    "[client]\npassword = a\n # comment\n b\n", "[client] x\nuser = a\n", "[cli]ent]\nuser = a\n", "  [client]\nuser = a\n host = b\n",
    "[client]\n= x\n", "[client]\nuser\n  x\n", "[client]\npassword = \"a\n b\"\n", "[client]\npassword='\nuser=''\n",
]


def generated(rng):
    lines = []
    if rng.random() < 0.93:
        lines.append(rng.choice(["[client]", "[client]", "[nova]"]))
    used = set()
    for _ in range(rng.randint(0, 7)):
        kind = rng.random()
        if kind < 0.1:
            lines.append(rng.choice(["[nova]", "[other]", "[mysqld]", "[client]"]))
        elif kind < 0.25:
            lines.append(rng.choice(["# comment", ";x", "", "   ", "\t", "  # indented comment", "  ; x"]))
        elif kind < 0.33:
            lines.append(rng.choice(["    more", "\t\tmore", "  'x'", "     a = b"]))
        elif kind < 0.36:
            lines.append(rng.choice(["= x", ": y", "[", "]", "!includedir /x", "skip-name-resolve"]))
        else:
            name = rng.choice(NAMES)
            if name in used and rng.random() < 0.9:
                continue
            used.add(name)
            written = rng.choice([name, name, name.upper(), name.replace("-", "_")])
            value = "".join(rng.choice(["a", "s3cret", " ", "#", ";", "=", ":", "'", '"', "\\", "\u00fc"]) for _ in range(rng.randint(0, 5)))
            if rng.random() < 0.3:
                value = rng.choice("'\"") + value + rng.choice("'\"")
            lines.append(rng.choice(["", "", "", "  "]) + written + rng.choice(["=", " = ", ":", " : ", "  ="]) + value)
    return "\n".join(lines) + rng.choice(["", "\n"])


def ask(text, group):
    parser = Parser()
    try:
        parser.read_string(text)
    except Exception as error:
        # A ParsingError gathers its lines and is raised at the end.
        line = error.errors[0][0] if hasattr(error, "errors") else getattr(error, "lineno", None)
        return {"line": line}
    values = {}
    for name in NAMES:
        try:
            values[name] = parser.get(group, name)
        except Exception:
            values[name] = None
    return {"values": values}


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    cases = [(text, group) for text in HAND_PICKED for group in ("client", "nova")]
    while len(cases) < count:
        cases.append((generated(rng), rng.choice(["client", "client", "nova"])))
    for text, group in cases:
        print(json.dumps({"text": text, "group": group, **ask(text, group)}))


main()
