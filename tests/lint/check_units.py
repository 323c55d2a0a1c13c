#!/usr/bin/python3
"""systemd accepts the installed units, as they are and with the drop-in for socket activation, and
gives both an exposure that is no higher than what is promised; tmpfiles.d and the unit agree.

Usage: check_units.py BUILD_DIRECTORY
"""

import pathlib
import re
import shutil
import sys
import tempfile

from check_install import install, run
from source_files import finish, need_tool

SERVICE = "postern.service"
SOCKET = "postern.socket"
DROP_IN = "usr/share/doc/postern/examples/postern-socket.conf"
DROP_IN_TARGET = f"etc/systemd/system/{SERVICE}.d/socket.conf"
# Of 100; systemd-analyze security shows a tenth of it.
MAX_EXPOSURE = {"own ports": 16, "passed sockets": 11}
DIRECTORIES = {"/run/postern": "RuntimeDirectoryMode", "/var/lib/postern": "StateDirectoryMode",
               "/var/lib/postern/mail": "StateDirectoryMode",
               "/var/lib/postern/state": "StateDirectoryMode"}


def check_variant(tree, variant):
    analyze = need_tool("systemd-analyze", "systemd")
    # The tree holds no other units and no man(1): only our own are judged.
    verify = run(analyze, "verify", f"--root={tree}", "--recursive-errors=no", "--man=no",
                 SERVICE, SOCKET)
    if verify.returncode != 0 or verify.stdout:
        yield f"{variant}: systemd-analyze verify: {verify.stdout.strip()}"
    score = run(analyze, "security", "--offline=true", f"--root={tree}",
                f"--threshold={MAX_EXPOSURE[variant]}", SERVICE)
    last = score.stdout.strip().splitlines()[-1]
    print(f"{variant}: {last}")
    if score.returncode != 0:
        yield f"{variant}: systemd-analyze security: {last}"


def check_directories(tree):
    unit = dict(re.findall(r"^(\w+)=(.*)$", (tree / "usr/lib/systemd/system" / SERVICE).read_text(),
                           re.MULTILINE))
    lines = (tree / "usr/lib/tmpfiles.d/postern.conf").read_text().splitlines()
    expected = [f"d {path} {unit[mode]} postern postern -" for path, mode in DIRECTORIES.items()]
    if lines != expected:
        yield f"tmpfiles.d: not the directories and modes of {SERVICE}: {expected}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        install(sys.argv[1], tree)
        complaints = [*check_directories(tree), *check_variant(tree, "own ports")]
        target = tree / DROP_IN_TARGET
        target.parent.mkdir(parents=True)
        shutil.copy(tree / DROP_IN, target)
        complaints += check_variant(tree, "passed sockets")
        finish(complaints, len(MAX_EXPOSURE))


if __name__ == "__main__":
    main()
