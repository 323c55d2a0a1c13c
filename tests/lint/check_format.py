#!/usr/bin/python3
"""Every C++ file as .clang-format writes it. To repair: clang-format -i FILE."""

import subprocess

from source_files import cxx_files, finish, need_tool, root_from_arguments


def main():
    root = root_from_arguments()
    tool = need_tool("clang-format", "clang-format")
    files = [path for path in cxx_files(root) if path.suffix != ".def"]
    run = subprocess.run([tool, "--dry-run", "-Werror", *map(str, files)], cwd=root, text=True,
                         stderr=subprocess.PIPE, check=False)
    complaints = [line for line in run.stderr.splitlines() if ": error: " in line]
    if run.returncode != 0 and not complaints:
        complaints = run.stderr.splitlines()
    finish(complaints, len(files))


if __name__ == "__main__":
    main()
