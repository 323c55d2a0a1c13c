# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 root with systemd and what our package depends on, kept between runs.

Packages come from where this machine's apt gets its own.
"""
import hashlib
import shutil
import subprocess

import package as deb

SUITE = "bookworm"
# What a small server has beside our own needs.
SYSTEM_PACKAGES = ["systemd", "systemd-sysv", "dbus"]


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def apt_sources():
    """Lines for sources.list: this machine's own, of the same suite of Debian."""
    targets = output("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                     "Created-By: Packages", "Origin: Debian").splitlines()
    return sorted({f"deb {line}" for line in targets if line.split()[1].startswith(SUITE)})


def sources_or_exit():
    sources = apt_sources()
    if not sources:  # apt knows an origin by the lists that it has fetched only
        subprocess.run(["apt-get", "update"], check=True)
        sources = apt_sources()
    if not any(line.endswith(f" {SUITE} main") for line in sources):
        raise SystemExit(f"apt on this machine has no main component of Debian {SUITE}")
    return sources


def bootstrap(root, sources, depends):
    mirror = next(line.split()[1] for line in sources if line.endswith(f" {SUITE} main"))
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    subprocess.run(["debootstrap", "--variant=minbase", f"--keyring={keyring}",
                    f"--include={','.join(SYSTEM_PACKAGES)}", SUITE, str(root), mirror], check=True)
    (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n", encoding="ascii")
    # Names and addresses of this machine, to reach the same mirrors.
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    apt = ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "satisfy", "-y", "--no-install-recommends", depends], check=True)
    subprocess.run([*apt, "clean"], check=True)
    for name in ("resolv.conf", "hosts"):
        (root / "etc" / name).unlink(missing_ok=True)


def make(package, folder):
    """The root in `folder`: made anew when the package depends on others than it has."""
    depends, sources = deb.field(package, "Depends"), sources_or_exit()
    key = hashlib.sha256(repr((depends, sources, SYSTEM_PACKAGES)).encode()).hexdigest()
    root, stamp = folder / "root", folder / "key"
    if stamp.exists() and stamp.read_text(encoding="ascii") == key:
        return root
    stamp.unlink(missing_ok=True)
    if root.exists():
        shutil.rmtree(root)
    folder.mkdir(parents=True, exist_ok=True)
    bootstrap(root, sources, depends)
    stamp.write_text(key, encoding="ascii")
    return root
