#!/usr/bin/python3
"""No test was skipped but those that the committed list names with a reason.

Usage: check_skips.py CTEST_JUNIT_REPORT SKIPS_LIST
"""

import pathlib
import sys
import xml.etree.ElementTree

from source_files import finish

SEPARATOR = " -- "


def allowed(text):
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, separator, reason = line.partition(SEPARATOR)
            if not separator or not reason.strip():
                sys.exit(f"{line}: a skipped test needs a reason (NAME{SEPARATOR}REASON)")
            yield name


def main():
    report = xml.etree.ElementTree.parse(sys.argv[1])
    names = set(allowed(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")))
    cases = report.findall(".//testcase")
    skipped = [case.get("name") for case in cases
               if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled")]
    finish([f"{name}: skipped, and not in the list" for name in skipped if name not in names],
           len(cases))


if __name__ == "__main__":
    main()
