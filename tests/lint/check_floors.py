#!/usr/bin/python3
"""Who may include whom: the floors, and the third-party headers that are sealed to their owners.

Only product code (lib/, daemon/) is checked; tests may look everywhere.
"""

import re

from source_files import cxx_files, finish, lines, root_from_arguments

# A file includes its own folder and folders of lower floors.
FLOORS = [
    {"base"},
    {"mail", "dns", "obs", "sandbox"},
    {"smtp", "auth", "spool", "ipc"},
    {"policy"},
    {"net", "config"},
    {"daemon"},
]

# What else is allowed, and why.
ALSO_ALLOWED = {
    # Only config knows the settings of every module, those of its own floor too.
    ("config", "net/settings.h"),
}

# Angle-bracket headers, by prefix -> the folders, or files, that may include them. The first prefix
# that fits counts.
SEALED_HEADERS = {
    "event2/": {"net"},
    # One file of auth makes the hashes of DKIM and checks its signatures; it has nothing of TLS.
    "openssl/evp.h": {"net", "auth/dkim_crypto.cc"},
    "openssl/x509.h": {"net", "auth/dkim_crypto.cc"},
    "openssl/": {"net"},
    "unbound": {"net"},
    # base: address types; obs: send(); ipc: channels between our own processes
    "sys/socket.h": {"base", "obs", "ipc", "net", "daemon"},
    "sys/un.h": {"net", "daemon"},
    "toml++/": {"config"},
    "spdlog/": {"obs"},
    "idn2.h": {"mail"},
    "seccomp.h": {"sandbox"},
    "linux/landlock.h": {"sandbox"},
    "opendkim/": {"auth"},
    "opendmarc/": {"auth/second_opinion"},
    "spf2/": {"auth/second_opinion"},
    "libpsl.h": {"auth"},
    "CLI/": {"daemon/ctl"},
    "nlohmann/": {"daemon/ctl", "daemon/supervisor"},
    "systemd/": set(),  # sd_notify and listen-fds are written by hand
}

# Calls -> the folders that may make them.
SEALED_CALLS = {
    "fsync": {"spool"},
    "fdatasync": {"spool"},
    "sync_file_range": {"spool"},
    "rename": {"spool"},
    "renameat": {"spool"},
    "renameat2": {"spool"},
    "openat": {"spool"},
    "openat2": {"spool"},
    "socket": {"net", "daemon"},
    "socketpair": {"ipc", "net", "daemon"},
    "accept4": {"net", "daemon"},
}

# A slash in angle brackets is a third-party library unless it is one of these.
SYSTEM_PREFIXES = ("sys/", "netinet/", "arpa/", "linux/", "bits/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CALL = re.compile(r"(?<![\w.>:])(?:::|std::(?:filesystem::)?)?(%s)\s*\(" % "|".join(SEALED_CALLS))
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def folder_of(path):
    """'smtp' for lib/smtp/x.cc, 'auth/y' for lib/auth/y/x.cc, 'daemon/ctl' for daemon/ctl/x.cc."""
    return "/".join(path.parts[1:-1] if path.parts[0] == "lib" else path.parts[:-1])


def floor_of(folder):
    name = folder.split("/")[0]
    return next((number for number, names in enumerate(FLOORS) if name in names), None)


def owned(place, owners):
    return any(place == owner or place.startswith(owner + "/") for owner in owners)


def check_own(folder, header, tree):
    if folder.startswith("daemon") and header in tree.daemon_headers:
        return None
    target = header.split("/")[0]
    if header not in tree.lib_headers:
        return f'"{header}" is no header of lib/; third-party headers stand in <>'
    if target == folder.split("/")[0] or (folder, header) in ALSO_ALLOWED:
        return None
    if floor_of(target) is None:
        return f"{target} has no floor; add it to FLOORS"
    if floor_of(target) < floor_of(folder):
        return None
    floors = f"floor {floor_of(folder)} includes lower floors only, this is {floor_of(target)}"
    return f"{folder} may not include {header}: {floors}"


def check_third_party(place, header):
    for prefix, owners in SEALED_HEADERS.items():
        if header.startswith(prefix):
            allowed = ", ".join(sorted(owners)) or "nobody"
            return None if owned(place, owners) else f"<{header}> is for {allowed} only"
    if "/" in header and not header.startswith(SYSTEM_PREFIXES):
        return f"<{header}> has no owner; add it to SEALED_HEADERS"
    return None


def check_calls(folder, line):
    code = STRING.sub('""', line).split("//")[0]
    for match in CALL.finditer(code):
        owners = SEALED_CALLS[match.group(1)]
        if not owned(folder, owners):
            yield f"{match.group(1)}() is for {', '.join(sorted(owners))} only"


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = [path for path in cxx_files(root) if path.parts[0] in ("lib", "daemon")]
        self.lib_headers = {"/".join(p.parts[1:]) for p in self.files if p.parts[0] == "lib"}
        daemon = [p for p in self.files if p.parts[0] == "daemon"]
        self.daemon_headers = {"/".join(p.parts) for p in daemon}
        self.daemon_headers |= {"/".join(p.parts[1:]) for p in daemon}


def check_file(tree, path):
    folder = folder_of(path)
    if floor_of(folder) is None:
        yield f"{path}:1: {folder} has no floor; add it to FLOORS"
        return
    for number, line in enumerate(lines(tree.root, path), 1):
        include = INCLUDE.match(line)
        if include and include.group(1) == '"':
            found = [check_own(folder, include.group(2), tree)]
        elif include:
            found = [check_third_party(f"{folder}/{path.name}", include.group(2))]
        else:
            found = check_calls(folder, line)
        for complaint in filter(None, found):
            yield f"{path}:{number}: {complaint}"


def main():
    tree = Tree(root_from_arguments())
    finish([c for path in tree.files for c in check_file(tree, path)], len(tree.files))


if __name__ == "__main__":
    main()
