#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The package on a Debian 12 machine with systemd, from its first installation to its last purge.

Usage: run.py PACKAGE_DIRECTORY BUILD_DIRECTORY ROOT_DIRECTORY

Prints a line for each thing that holds. Exit code 77: the test cannot run here, and why. Where the
machine's controllers are not those of control groups version 2, TasksMax and MemoryMax bind nobody.
"""
import os
import pathlib
import shutil
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "load"), str(TESTS / "lint")]
# pylint: disable=wrong-import-position
import package as deb
import root as debian
from installing import INSTALLING
from machine import Machine, may_make_world, enter_own_world, in_own_world
from serving import SERVING
from story import World, tell
from upgrading import UPGRADING

CANNOT_RUN = 77
TOOLS = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap", "ip": "iproute2",
         "openssl": "openssl", "dpkg-deb": "dpkg"}


def why_not():
    if os.geteuid() != 0:
        return "it needs root"
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        return f"missing packages: {' '.join(missing)}"
    return None if may_make_world() else "it may not make name spaces"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.splitlines()[2])
    reason = why_not()
    if reason:
        print(f"the system test cannot run here: {reason}")
        sys.exit(CANNOT_RUN)
    packages, build, cache = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    package = deb.find(packages)
    if not in_own_world():
        debian.make(package, cache)
    folder = enter_own_world()
    with Machine(cache / "root", folder) as machine:
        tell([INSTALLING, SERVING, UPGRADING], World(package, build, folder, machine))


if __name__ == "__main__":
    main()
