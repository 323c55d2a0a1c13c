#!/usr/bin/python3
"""The public test suites of SPF: results and explanations.

Usage: suites_test.py SPF_CASES
"""

import pathlib
import sys

import yaml

from cases import Case, Zone, judge

HERE = pathlib.Path(__file__).resolve().parent
# File, number of its cases, and those that do not count.
SUITES = [
    ("rfc7208-tests.yml", 203, {}),
    ("rfc4408-tests.yml", 191, {}),
    ("pyspf-tests.yml", 16, {
        "default-modifier": "of a draft before the RFCs, which do not know it",
        "default-modifier-harsh": "a warning that only pyspf has",
    }),
]


def records_of(entries):
    """[(type, value)] as Zone takes them. SPF records are TXT records unless there are TXT entries;
    "TXT: NONE" only says that there are none."""
    found, copies, has_txt = [], [], False
    for entry in entries:
        if entry == "TIMEOUT":
            found.append(("TIMEOUT", None))
            continue
        for kind, value in entry.items():
            if kind in ("TXT", "SPF"):
                has_txt = has_txt or kind == "TXT"
                strings = [value] if isinstance(value, str) else value
                if strings != ["NONE"]:
                    data = "".join(strings).encode()
                    (found if kind == "TXT" else copies).append(("TXT", data))
            else:
                found.append((kind, value))
    return found if has_txt else found + copies


def scenarios(path):
    """(Zone, {name: expectations}) for each document of a suite."""
    with open(path, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            zone = Zone({str(name): records_of(entries)
                         for name, entries in document["zonedata"].items()})
            yield zone, document["tests"]


def complaint(expected, verdict):
    results = expected["result"]
    if verdict.result not in ([results] if isinstance(results, str) else results):
        return f"{verdict.result} ({verdict.reason}) instead of {results}"
    explanation = verdict.explanation or "DEFAULT"
    if expected.get("explanation", explanation) != explanation:
        return f"explanation {explanation!r} instead of {expected['explanation']!r}"
    return None


def play(program, name, expected_count, skipped):
    groups, tests = [], []
    for zone, documents in scenarios(HERE / name):
        chosen = {test: data for test, data in documents.items() if test not in skipped}
        groups.append((zone, [Case(str(data["host"]), data["helo"], data["mailfrom"] or "")
                              for data in chosen.values()]))
        tests += chosen.items()
    verdicts = judge(program, groups)
    complaints = []
    for (test, data), verdict in zip(tests, verdicts, strict=True):
        wrong = complaint(data, verdict)
        if wrong:
            complaints.append(f"{name}: {test}: {wrong}")
    good = len(tests) - len(complaints)
    print(f"{name}: {good} of {len(tests) + len(skipped)}, {len(skipped)} do not count")
    if len(tests) + len(skipped) != expected_count:
        complaints.append(f"{name}: {len(tests) + len(skipped)} cases, {expected_count} expected")
    return complaints


def main():
    complaints = [line for suite in SUITES for line in play(sys.argv[1], *suite)]
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
