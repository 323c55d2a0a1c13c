#!/usr/bin/python3
"""Writes the cases of made/ as directories (README.md), or compares them with what is there.

Usage: make_cases.py [--check]

Cases that were written by hand stand beside them, with numbers of their own.
"""

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path += map(str, [HERE / "made", TESTS / "auth" / "dkim", TESTS / "auth" / "spf"])

# pylint: disable=wrong-import-position
import bounds
import composition
import contents
import odd
import policies
import senders
import settings
import signatures
from world import CASES


def make():
    for area in [composition, signatures, contents, policies, senders, bounds, odd, settings]:
        area.make()
    numbers = [case.number for case in CASES]
    assert len(set(numbers)) == len(numbers), [n for n in numbers if numbers.count(n) > 1]
    return {path: data for case in CASES for path, data in case.files().items()}


def directories():
    return sorted({case.directory() for case in CASES})


def write(files):
    for directory in directories():
        shutil.rmtree(HERE / directory, ignore_errors=True)
        (HERE / directory).mkdir()
    for path, data in files.items():
        (HERE / path).write_bytes(data)


def complaints(files):
    for path, data in files.items():
        there = HERE / path
        if not there.is_file():
            yield f"{path} is not there"
        elif there.read_bytes() != data:
            yield f"{path} is another"
    made = {directory[:3]: directory for directory in directories()}
    for there in HERE.glob("[0-9][0-9][0-9]-*"):
        if made.get(there.name[:3], there.name) != there.name:
            yield f"{there.name} has the number of a case that is made"


def main():
    files = make()
    if sys.argv[1:] != ["--check"]:
        write(files)
        print(f"{len(CASES)} cases")
        return
    found = list(complaints(files))
    print("\n".join(found[:20]), f"{len(CASES)} cases, {len(found)} complaints", sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
