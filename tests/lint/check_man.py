#!/usr/bin/python3
"""Every manual page passes mandoc -T lint."""

import subprocess

from source_files import finish, need_tool, root_from_arguments


def main():
    root = root_from_arguments()
    tool = need_tool("mandoc", "mandoc")
    pages = sorted((root / "man").glob("*.[1-9]"))
    complaints = []
    for page in pages:
        run = subprocess.run([tool, "-T", "lint", "-W", "warning", str(page)], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        complaints += run.stdout.splitlines()
        if run.returncode != 0 and not run.stdout:
            complaints.append(f"{page}: mandoc ended with {run.returncode}")
    finish(complaints, len(pages))


if __name__ == "__main__":
    main()
