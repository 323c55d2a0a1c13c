#!/usr/bin/python3
"""man/posternd.8 describes log events and counters as their tables in the code do.

The parts between two marks of the page are generated: check_events.py --write renews them.
"""

import re
import sys

from source_files import finish, root_from_arguments

STRINGS = r'((?:\s*"[^"]*")+)\s*'
EVENT = re.compile(r"POSTERN_EVENT\(\s*(\w+)\s*,\s*(\w+)\s*," + STRINGS + "," + STRINGS + r"\)")
LIMIT = re.compile(r"POSTERN_LIMIT\(\s*(\w+)\s*,\s*(\w+)\s*," + STRINGS + r"\)")
COUNTER = re.compile(r'POSTERN_COUNTER\(\s*(\w+)\s*,\s*"(\w*)"\s*,' + STRINGS + r"\)")


def joined(strings):
    return "".join(re.findall(r'"([^"]*)"', strings))


def rows_of(root, table, pattern, macro):
    text = (root / table).read_text(encoding="utf-8")
    rows = pattern.findall(text)
    if len(rows) != text.count(macro + "("):
        sys.exit(f"{table}: a row that this check cannot read")
    return rows


def sentences(doc):
    """One sentence a line, as mdoc(7) wants it."""
    return re.sub(r"(?<=\.) (?=\S)", "\n", doc)


def events(root):
    items = []
    for name, level, fields, doc in rows_of(root, "lib/obs/events.def", EVENT, "POSTERN_EVENT"):
        items.append(f".It Cm {name} Pq {level.lower()}\n{sentences(joined(doc))}\n.br\n"
                     f".Ql {joined(fields)}\n")
    return items


def counters(root):
    table = "daemon/common/counters.def"
    items = [f".It Cm {name}\n{sentences(joined(doc))}\n"
             for name, _, doc in rows_of(root, table, COUNTER, "POSTERN_COUNTER")]
    return items + [f".It Cm limit_{name}\nFor {joined(bound)}.\n" for name, _, bound in
                    rows_of(root, "lib/policy/limits.def", LIMIT, "POSTERN_LIMIT")]


PARTS = {"events": ("lib/obs/events.def", events),
         "counters": ("daemon/common/counters.def and lib/policy/limits.def", counters)}


def main():
    root = root_from_arguments()
    page = root / "man/posternd.8"
    text = page.read_text(encoding="utf-8")
    complaints = []
    checked = 0
    for part, (table, items_of) in PARTS.items():
        items = items_of(root)
        checked += len(items)
        head, rest = text.split(f'.\\" {part} begin (generated from {table})\n')
        current, tail = rest.split(f'.\\" {part} end\n')
        wanted = ".Bl -tag -width indent\n" + "".join(items) + ".El\n"
        if current != wanted:
            complaints.append(f"man/posternd.8:1: {part} differ from {table}; "
                              "run tests/lint/check_events.py --write")
        text = (f'{head}.\\" {part} begin (generated from {table})\n{wanted}'
                f'.\\" {part} end\n{tail}')
    if "--write" in sys.argv:
        page.write_text(text, encoding="utf-8")
    else:
        finish(complaints, checked)


if __name__ == "__main__":
    main()
