#!/usr/bin/python3
"""No source file over 800 lines, no line over 100 columns. (Functions: clang-tidy, 70 lines.)"""

from source_files import all_files, finish, lines, root_from_arguments

MAX_LINES = 800
MAX_COLUMNS = 100
SUFFIXES = {".cc", ".h", ".def", ".py", ".sh", ".cmake"}
NAMES = {"CMakeLists.txt", "dev", "run"}


def check_file(root, path):
    text = lines(root, path)
    if len(text) > MAX_LINES:
        yield f"{path}:{MAX_LINES + 1}: {len(text)} lines; at most {MAX_LINES}"
    for number, line in enumerate(text, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns; at most {MAX_COLUMNS}"


def main():
    root = root_from_arguments()
    files = [p for p in all_files(root) if p.suffix in SUFFIXES or p.name in NAMES]
    finish([complaint for path in files for complaint in check_file(root, path)], len(files))


if __name__ == "__main__":
    main()
