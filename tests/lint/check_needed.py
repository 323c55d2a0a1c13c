#!/usr/bin/python3
"""Each program links its own libraries and no others: what it talks to decides what it may contain.

Usage: check_needed.py BUILD_DIRECTORY
"""

import pathlib
import re
import subprocess
import sys

from source_files import finish, need_tool

# C++ runtime, system call filter, log.
BASE = {"ld-linux-x86-64", "ld-linux-aarch64", "libc", "libfmt", "libgcc_s", "libm", "libseccomp",
        "libspdlog", "libstdc++"}

# Beside these; nlohmann-json and CLI11 are headers only.
ALLOWED = {
    "posternd": {"libcrypto", "libidn2", "libssl", "libtomlplusplus"},
    # libevent: `postern verify` stands in for smtp before a verifier and a resolver of its own.
    "postern": {"libcrypto", "libevent_core", "libidn2", "libssl", "libtomlplusplus"},
    "libexec/postern-smtp": {"libcrypto", "libevent_core", "libevent_pthreads", "libidn2",
                             "libssl"},
    "libexec/postern-deliver": set(),
    # libidn2: domains in From may be U-labels. libcrypto: DKIM by our own code, and libopendkim.
    "libexec/postern-verify": {"libcrypto", "libidn2", "libopendkim", "libpsl"},
    "libexec/postern-opinion": {"libopendmarc", "libpsl", "libspf2"},
    "libexec/postern-resolve": {"libevent_core", "libunbound"},
}


def needed(program):
    """Names without version: "libevent_core" for libevent_core-2.1.so.7."""
    run = subprocess.run([need_tool("readelf", "binutils"), "-dW", str(program)], text=True,
                         stdout=subprocess.PIPE, check=True)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run.stdout):
        yield re.sub(r"(-[\d.]+)?\.so.*", "", name)


def check(build):
    for name, allowed in ALLOWED.items():
        if not (build / name).exists():
            yield f"{name}: not built"
            continue
        for library in sorted(set(needed(build / name)) - BASE - allowed):
            yield f"{name}: links {library}"
    for program in sorted((build / "libexec").iterdir()):
        if f"libexec/{program.name}" not in ALLOWED:
            yield f"libexec/{program.name}: has no row in ALLOWED"


def main():
    finish(list(check(pathlib.Path(sys.argv[1]))), len(ALLOWED))


if __name__ == "__main__":
    main()
