#!/usr/bin/python3
"""cmake --install puts exactly the expected files in place, and systemd accepts the unit there.

Usage: check_install.py BUILD_DIRECTORY
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from source_files import finish, need_tool

UNIT = "usr/lib/systemd/system/postern.service"
EXPECTED = {
    "usr/sbin/posternd",
    "usr/bin/postern",
    UNIT,
    "usr/share/man/man8/postern.8",
    "usr/share/man/man8/posternd.8",
    "usr/share/man/man5/postern.conf.5",
    "usr/share/doc/postern/examples/postern.conf",
}
MAX_EXPOSURE = 20  # of 100; systemd-analyze security shows a tenth of it


def run(*command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)


def install(build, tree):
    # "/usr" and no architecture folder, whatever the build was configured for.
    done = run(need_tool("cmake", "cmake"), "--install", build, "--prefix", "/usr",
               env={**os.environ, "DESTDIR": str(tree)})
    if done.returncode != 0:
        sys.exit(done.stdout)
    return {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()}


def check_unit(tree):
    analyze = need_tool("systemd-analyze", "systemd")
    # The tree holds no other units and no man(1): only our own unit is judged.
    verify = run(analyze, "verify", f"--root={tree}", "--recursive-errors=no", "--man=no",
                 "postern.service")
    if verify.returncode != 0 or verify.stdout:
        yield f"systemd-analyze verify: {verify.stdout.strip()}"
    score = run(analyze, "security", "--offline=true", f"--threshold={MAX_EXPOSURE}",
                str(tree / UNIT))
    if score.returncode != 0:
        yield f"systemd-analyze security: {score.stdout.strip().splitlines()[-1]}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        installed = install(sys.argv[1], tree)
        complaints = [f"{name}: not installed" for name in sorted(EXPECTED - installed)]
        complaints += [f"{name}: not expected" for name in sorted(installed - EXPECTED)]
        complaints += check_unit(tree)
        finish(complaints, len(installed))


if __name__ == "__main__":
    main()
