#!/usr/bin/python3
"""man/posternd.8 describes the events of lib/obs/events.def as that table does.

The part between the two marks of the page is generated: check_events.py --write renews it.
"""

import re
import sys

from source_files import finish, root_from_arguments

BEGIN = '.\\" events begin (generated from lib/obs/events.def)\n'
END = '.\\" events end\n'
STRINGS = r'((?:\s*"[^"]*")+)\s*'
ROW = re.compile(r"POSTERN_EVENT\(\s*(\w+)\s*,\s*(\w+)\s*," + STRINGS + "," + STRINGS + r"\)")


def joined(strings):
    return "".join(re.findall(r'"([^"]*)"', strings))


def events(root):
    text = (root / "lib/obs/events.def").read_text(encoding="utf-8")
    for name, level, fields, doc in ROW.findall(text):
        yield name, level.lower(), joined(fields), joined(doc)
    if len(ROW.findall(text)) != text.count("POSTERN_EVENT("):
        sys.exit("lib/obs/events.def: a row that this check cannot read")


def sentences(doc):
    """One sentence a line, as mdoc(7) wants it."""
    return re.sub(r"(?<=\.) (?=\S)", "\n", doc)


def mdoc(rows):
    parts = [".Bl -tag -width indent\n"]
    for name, level, fields, doc in rows:
        parts.append(f".It Cm {name} Pq {level}\n{sentences(doc)}\n.br\n.Ql {fields}\n")
    return "".join(parts) + ".El\n"


def main():
    root = root_from_arguments()
    page = root / "man/posternd.8"
    rows = list(events(root))
    head, rest = page.read_text(encoding="utf-8").split(BEGIN)
    current, tail = rest.split(END)
    if "--write" in sys.argv:
        page.write_text(head + BEGIN + mdoc(rows) + END + tail, encoding="utf-8")
        return
    complaints = []
    if current != mdoc(rows):
        complaints.append("man/posternd.8:1: events differ from lib/obs/events.def; "
                          "run tests/lint/check_events.py --write")
    finish(complaints, len(rows))


if __name__ == "__main__":
    main()
