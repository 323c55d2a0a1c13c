#!/usr/bin/python3
"""SECURITY.md shows what the attack on the live roles tries and what comes of it, as the table
tests/sandbox/attack/acts.def says and tests/sandbox/test_attack.py asserts.

The part between two marks of the page is generated: check_attacks.py --write renews it.
"""

import re
import sys
from typing import NamedTuple

from check_events import STRINGS, joined
from source_files import finish, root_from_arguments

TABLE = "tests/sandbox/attack/acts.def"
BEGIN = f"<!-- what is tried, from {TABLE} -->\n"
END = "<!-- end of the table -->\n"
ROLES = ("smtp", "deliver", "verify", "opinion", "resolve")
ACT = re.compile(r"^POSTERN_ACT\((\w+),\s*(\w+)," + ",".join([STRINGS] * 3) + r"\)$", re.MULTILINE)


class Act(NamedTuple):
    group: str
    name: str
    text: str
    outcomes: dict  # by role
    why: str


def outcomes_of(text):
    first, *others = text.split("; ")
    outcomes = dict.fromkeys(ROLES, first)
    for other in others:
        role, outcome = other.split()
        if role not in outcomes:
            sys.exit(f"{TABLE}: there is no role {role}")
        outcomes[role] = outcome
    return outcomes


def read_acts(root):
    text = (root / TABLE).read_text(encoding="utf-8")
    rows = ACT.findall(text)
    if len(rows) != len(re.findall(r"^POSTERN_ACT\(", text, re.MULTILINE)):
        sys.exit(f"{TABLE}: a row that this check cannot read")
    return [Act(group, name, joined(what), outcomes_of(joined(outcomes)), joined(why))
            for group, name, what, outcomes, why in rows]


def complaints_of(acts):
    for act in acts:
        if ("allowed" in act.outcomes.values()) != bool(act.why):
            yield f"{TABLE}:1: {act.name}: what is allowed has a reason, and nothing else"


def table_of(acts):
    lines = ["| what is tried | " + " | ".join(ROLES) + " | why it is allowed |",
             "|---" * (len(ROLES) + 2) + "|"]
    for act in acts:
        cells = [f"**{outcome}**" if outcome == "allowed" else outcome
                 for outcome in act.outcomes.values()]
        lines.append("| " + " | ".join([act.text, *cells, act.why]) + " |")
    return "\n".join(lines) + "\n"


def main():
    root = root_from_arguments()
    acts = read_acts(root)
    complaints = list(complaints_of(acts))
    page = root / "SECURITY.md"
    head, rest = page.read_text(encoding="utf-8").split(BEGIN)
    current, tail = rest.split(END, 1)
    wanted = table_of(acts)
    if "--write" in sys.argv:
        page.write_text(head + BEGIN + wanted + END + tail, encoding="utf-8")
        return
    if current != wanted:
        complaints.append(f"SECURITY.md:1: the table of attacks differs from {TABLE}; "
                          "run tests/lint/check_attacks.py --write")
    finish(complaints, len(acts))


if __name__ == "__main__":
    main()
