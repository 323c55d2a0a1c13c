#!/usr/bin/python3
"""cmake --install puts exactly the expected files in place.

Usage: check_install.py BUILD_DIRECTORY
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from source_files import finish, need_tool

EXPECTED = {
    "usr/sbin/posternd",
    "usr/bin/postern",
    "usr/libexec/postern/postern-smtp",
    "usr/libexec/postern/postern-deliver",
    "usr/libexec/postern/postern-verify",
    "usr/libexec/postern/postern-opinion",
    "usr/libexec/postern/postern-resolve",
    "usr/lib/systemd/system/postern.service",
    "usr/lib/systemd/system/postern.socket",
    "usr/lib/sysusers.d/postern.conf",
    "usr/lib/tmpfiles.d/postern.conf",
    "usr/share/man/man8/postern.8",
    "usr/share/man/man8/posternd.8",
    "usr/share/man/man5/postern.conf.5",
    "usr/share/doc/postern/examples/fail2ban/filter.d/postern.conf",
    "usr/share/doc/postern/examples/fail2ban/jail.d/postern.conf",
    "usr/share/doc/postern/examples/postern.conf",
    "usr/share/doc/postern/examples/postern-socket.conf",
}


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


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        installed = install(sys.argv[1], tree)
        complaints = [f"{name}: not installed" for name in sorted(EXPECTED - installed)]
        complaints += [f"{name}: not expected" for name in sorted(installed - EXPECTED)]
        finish(complaints, len(installed))


if __name__ == "__main__":
    main()
