# SPDX-License-Identifier: Apache-2.0
"""The Debian package, and a later version of it."""
import re
import shutil
import subprocess

from check_hardening import INSTALLED

PROGRAMS = list(INSTALLED.values())


def find(folder):
    [package] = folder.glob("postern_*.deb")
    return package


def field(package, name):
    return subprocess.run(["dpkg-deb", "--field", package, name], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def build_id(program):
    """Version, and a hash over all sources: "0.1.0-0123456789abcdef"."""
    [found] = set(re.findall(rb"\b\d+\.\d+\.\d+-[0-9a-f]{16}\b", program.read_bytes()))
    return found


def later(package, folder, version):
    """The package with that version, and its programs with a build id of their own: no program of
    another build talks to them."""
    tree, target = folder / f"tree-{version}", folder / f"postern_{version}.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}",
                              control.read_text(encoding="utf-8")), encoding="utf-8")
    old_id = build_id(tree / PROGRAMS[0])
    new_id = version.encode() + old_id[old_id.index(b"-"):]
    assert len(new_id) == len(old_id)
    for name in PROGRAMS:
        program = tree / name
        program.write_bytes(program.read_bytes().replace(old_id, new_id))
    subprocess.run(["dpkg-deb", "--build", tree, target], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return target
