#!/usr/bin/python3
"""debian/ asks for the packages that cmake/packages names, and for the version that is built.

Usage: check_debian.py [ROOT]
"""

import re

from source_files import finish, lines, root_from_arguments

# Every package is built with these.
HELPERS = {"debhelper-compat", "dh-sequence-installsysusers"}
ESSENTIAL = {"build-essential"}


def groups(root):
    """The packages of cmake/packages by group."""
    found, group = {}, None
    for line in lines(root, "cmake/packages"):
        if line.startswith("["):
            group = found.setdefault(line[1:line.index("]")], set())
        elif line and not line.startswith("#"):
            group.add(line)
    return found


def named(root, field):
    """The packages that a field of debian/control names, without versions."""
    text = "\n".join(line for line in lines(root, "debian/control") if not line.startswith("#"))
    value = re.search(rf"^{field}:((?:.|\n )*)", text, re.MULTILINE).group(1)
    return set(re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9.+-]+)", value))


def version(root, path, pattern):
    return re.search(pattern, "\n".join(lines(root, path))).group(1)


def check(root):
    wanted = groups(root)
    build, asked = wanted["build"] - ESSENTIAL, named(root, "Build-Depends") - HELPERS
    for package in sorted(build - asked):
        yield f"debian/control: Build-Depends lacks {package}, of cmake/packages"
    for package in sorted(asked - build):
        yield f"debian/control: Build-Depends has {package}, which cmake/packages [build] has not"
    for package in sorted(wanted["run"] - named(root, "Depends")):
        yield f"debian/control: Depends lacks {package}, of cmake/packages"
    package = version(root, "debian/changelog", r"\((.*?)\)")
    project = version(root, "CMakeLists.txt", r"project\(\S+ VERSION (\S+)")
    if package != project:
        yield f"debian/changelog:1: version {package}; CMakeLists.txt says {project}"


def main():
    root = root_from_arguments()
    finish(list(check(root)), len(groups(root)))


if __name__ == "__main__":
    main()
