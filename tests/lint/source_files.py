"""What every check of this folder shares: which files there are, and how a check ends."""

import os
import pathlib
import shutil
import sys

SKIPPED_FOLDERS = {".git", ".try", "build", "__pycache__", "corpus"}
CXX_SUFFIXES = {".cc", ".h", ".def"}


def root_from_arguments():
    """The tree to check: the first argument, or the repository of this script."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        return pathlib.Path(sys.argv[1]).resolve()
    return pathlib.Path(__file__).resolve().parents[2]


def all_files(root):
    """Every file of the tree, as paths relative to it, in a stable order."""
    found = []
    for folder, folders, names in os.walk(root):
        # Not entered: other tests make and remove folders beneath them meanwhile.
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        paths = [pathlib.Path(folder, name) for name in names if name not in SKIPPED_FOLDERS]
        found += [path.relative_to(root) for path in paths if path.is_file()]
    return sorted(found)


def cxx_files(root):
    return [path for path in all_files(root) if path.suffix in CXX_SUFFIXES]


def lines(root, path):
    return (root / path).read_text(encoding="utf-8").splitlines()


def need_tool(name, package):
    """The path of a tool. A check that cannot run has failed: it is never skipped."""
    found = shutil.which(name)
    if not found:
        sys.exit(f"{name} is missing; install the Debian package {package}")
    return found


def finish(complaints, checked):
    """Prints the complaints, each 'file:line: what is wrong', and ends the program."""
    for complaint in complaints:
        print(complaint)
    if not checked:
        sys.exit("nothing was checked: is this the right tree?")
    print(f"{len(complaints)} complaints, {checked} checked")
    sys.exit(1 if complaints else 0)
