#!/usr/bin/python3
"""Licence line in every C++ file, and no path of the machine that a file was written on."""

import re

from source_files import CXX_SUFFIXES, all_files, finish, lines, root_from_arguments

SPDX = "// SPDX-License-Identifier: Apache-2.0"
BINARY_SUFFIXES = {".pem", ".der", ".bin", ".gz", ".pyc"}


def check_file(root, path):
    try:
        text = lines(root, path)
    except UnicodeDecodeError:
        if path.parts[0] != "tests":
            yield f"{path}:1: not UTF-8"
        return
    if path.suffix in CXX_SUFFIXES and text[:1] != [SPDX]:
        yield f"{path}:1: the first line must be {SPDX}"
    checkout = re.compile(r"(?<![\w./-])" + re.escape(str(root)) + r"(?![\w.-])")
    for number, line in enumerate(text, 1):
        if checkout.search(line):
            yield f"{path}:{number}: names the folder of this checkout"


def main():
    root = root_from_arguments()
    files = [path for path in all_files(root) if path.suffix not in BINARY_SUFFIXES]
    finish([complaint for path in files for complaint in check_file(root, path)], len(files))


if __name__ == "__main__":
    main()
