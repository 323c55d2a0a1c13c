#!/usr/bin/python3
"""What a linker and a compiler can do against the faults of a program is in every one of ours, and
none has rights by its file.

Usage: check_hardening.py BUILD_DIRECTORY
       check_hardening.py --installed ROOT
"""

import os
import pathlib
import re
import stat
import subprocess
import sys

from check_needed import ALLOWED
from source_files import finish, need_tool

INSTALLED = {name: name.replace("libexec", "usr/libexec/postern") for name in ALLOWED} | {
    "posternd": "usr/sbin/posternd", "postern": "usr/bin/postern"}
# What is wrong, and how `readelf` shows that it is right; or, behind "not", that it is wrong. Our
# objects have the mark of -fcf-protection too, but the C library's start files of Debian 12 do not,
# and so no program has it.
LOOKED_FOR = [
    ("is not position-independent", r"\(FLAGS_1\).*\bPIE\b"),
    ("binds functions late", r"\(FLAGS_1\).*\bNOW\b"),
    ("has no part that is read-only after relocation", r"^\s*GNU_RELRO\b"),
    ("has a stack that may be executed", r"^\s*GNU_STACK\s.*\sRW\s"),
    ("has a segment that is written and executed", r"not ^\s*LOAD\s.*\sRWE\s"),
    ("relocates its code", r"not \(TEXTREL\)"),
    ("names folders for libraries", r"not \((?:RPATH|RUNPATH)\)"),
    ("does not guard its stack", r"\b__stack_chk_fail\b"),
    ("has no checked functions of libc", r"\b__\w+_chk@GLIBC"),
]


def shown(program):
    return subprocess.run([need_tool("readelf", "binutils"), "-W", "--program-headers", "--dynamic",
                           "--dyn-syms", str(program)],
                          text=True, stdout=subprocess.PIPE, check=True).stdout


def rights(program):
    mode = program.stat().st_mode
    if mode & (stat.S_ISUID | stat.S_ISGID):
        yield "takes on the user or group of its file"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield "may be written by others than its owner"
    if "security.capability" in os.listxattr(program):
        yield "has capabilities by its file"


def check_program(program):
    text = shown(program)
    for wrong, pattern in LOOKED_FOR:
        expected = not pattern.startswith("not ")
        if bool(re.search(pattern.removeprefix("not "), text, re.MULTILINE)) != expected:
            yield wrong
    yield from rights(program)


def check(folder, names):
    return [f"{name}: {wrong}" for name in names for wrong in check_program(folder / name)]


def main():
    installed = sys.argv[1] == "--installed"
    names = INSTALLED.values() if installed else list(ALLOWED)
    finish(check(pathlib.Path(sys.argv[-1]), names), len(names))


if __name__ == "__main__":
    main()
