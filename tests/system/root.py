# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 root with systemd and the libraries of our programs, kept between runs.

Packages come from where this machine's apt gets its own.
"""
import hashlib
import pathlib
import re
import shutil
import subprocess

SUITE = "bookworm"
# What a small server has beside our own needs.
SYSTEM_PACKAGES = ["systemd", "systemd-sysv", "dbus", "dns-root-data"]
PROGRAMS = ["posternd", "postern", "libexec/postern-smtp", "libexec/postern-deliver",
            "libexec/postern-verify", "libexec/postern-opinion", "libexec/postern-resolve"]


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def libraries(program):
    """The files of the libraries that a program names itself."""
    named = set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", program)))
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", output("ldd", program), re.MULTILINE))
    return {str(pathlib.Path(found[name]).resolve()) for name in named}


def package_of(file):
    """dpkg may know a file of /usr/lib by its path from before /lib became a link."""
    for path in (file, file.removeprefix("/usr")):
        done = subprocess.run(["dpkg-query", "-S", path], text=True, capture_output=True,
                              check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise SystemExit(f"{file} is of no package")


def library_packages(build):
    files = set().union(*(libraries(str(build / program)) for program in PROGRAMS))
    return sorted({package_of(file) for file in files})


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


def bootstrap(root, sources, packages):
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
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", *packages], check=True)
    subprocess.run([*apt, "clean"], check=True)
    for name in ("resolv.conf", "hosts"):
        (root / "etc" / name).unlink(missing_ok=True)


def make(build, folder):
    """The root in `folder`: made anew when other packages are wanted than it has."""
    packages, sources = library_packages(build), sources_or_exit()
    key = hashlib.sha256(repr((packages, sources, SYSTEM_PACKAGES)).encode()).hexdigest()
    root, stamp = folder / "root", folder / "key"
    if stamp.exists() and stamp.read_text(encoding="ascii") == key:
        return root
    stamp.unlink(missing_ok=True)
    if root.exists():
        shutil.rmtree(root)
    folder.mkdir(parents=True, exist_ok=True)
    bootstrap(root, sources, packages)
    stamp.write_text(key, encoding="ascii")
    return root
