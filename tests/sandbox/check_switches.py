#!/usr/bin/python3
"""No program of this build can run unconfined or with a capped Landlock: the switches are compiled
into sanitizer and test builds only, and each leaves a text in the binary."""

import os
import pathlib
import sys

UNCONFINED = b"not confined: sanitizer build"
CAPPED = b"Landlock is capped by the build"


def programs(build):
    """What is installed: the programs in the folder of the build, and the roles."""
    found = [build / "posternd", build / "postern"]
    found += sorted((build / "libexec").rglob("postern-*"))
    return [path for path in found if os.access(path, os.X_OK) or path in found[:2]]


def complaints(build):
    for path in programs(build):
        binary = path.read_bytes()
        for text in (UNCONFINED, CAPPED):
            if text in binary:
                yield f"{path.name}: has the switch of test builds: {text.decode()}"
    # The same search must find the text where it is, or it proves nothing.
    if CAPPED not in (build / "tests" / "test_sandbox_abi2").read_bytes():
        yield "test_sandbox_abi2 does not have the text that is looked for"
    source = pathlib.Path(__file__).parents[2] / "lib" / "sandbox" / "unconfined.h"
    if UNCONFINED not in source.read_bytes():
        yield "unconfined.h does not have the text that is looked for"


def main():
    build = pathlib.Path(sys.argv[1])
    found = list(complaints(build))
    for complaint in found:
        print(complaint)
    print(f"{len(programs(build))} programs, {len(found)} complaints")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
