# SPDX-License-Identifier: Apache-2.0
"""Faults of the machine under a live server: system calls that fail or wait, limits of its
processes, a journal that misbehaves."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import harness

KEPT_LINES = 10000


class Strace:
    """While it is entered, `call` of the process fails, or whatever `inject` says (strace(1)).

    With `path` only calls for that file or directory. A count in `inject` ("when=1") is one of each
    thread. Only root may look into a process of ours.
    """

    def __init__(self, pid, call, inject, path=None):
        only = ["-P", str(path)] if path else []
        self.record = tempfile.NamedTemporaryFile("r", encoding="ascii", errors="replace")
        self.command = ["strace", "-f", "-p", str(pid), "-o", self.record.name, *only,
                        "-e", f"trace={call}", "-e", f"inject={call}:{inject}"]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "attached" in line, line
        return self

    def __exit__(self, *exception):
        with self.record:
            self.process.send_signal(signal.SIGINT)
            _, errors = self.process.communicate(timeout=harness.WAIT_SECONDS)
            hits = len(re.findall(r"\((?:INJECTED|DELAYED)\)", self.record.read()))
        if exception[0] is None:
            assert hits > 0, f"{self.command} met no call: {errors}"


def limit(pid, what, value):
    """As prlimit(1) names it. What is asked for must lie below the hard limit, which stays."""
    # Whose process it is may do so, and so may nobody else without more capabilities.
    owner = pathlib.Path(f"/proc/{pid}").stat()
    user = {"user": owner.st_uid, "group": owner.st_gid} if harness.AS_ROOT else {}
    subprocess.run(["prlimit", f"--pid={pid}", f"--{what}={value}:"], check=True, **user)


def open_descriptors(pid):
    """But for that by which smtp counts them, four times a second."""
    found = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has just been closed
            if "memfd:postern-probe" not in os.readlink(link):
                found.add(int(link.name))
    return found


class FewDescriptors:
    """While it is entered, the process can open `more` descriptors than it has, and no further."""

    def __init__(self, pid, more=0):
        if harness.is_sanitized(pid):
            raise unittest.SkipTest("a sanitizer opens descriptors of its own")
        used = open_descriptors(pid)
        free = (number for number in range(len(used) + more + 1) if number not in used)
        self.pid, self.least = pid, list(free)[more]
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        self.before = re.search(r"Max open files +(\d+)", limits)[1]

    def __enter__(self):
        limit(self.pid, "nofile", self.least)

    def __exit__(self, *exception):
        limit(self.pid, "nofile", self.before)


class NoMemory(harness.TestCase):
    def exhaust(self, pid):
        """It gets no further memory; its pid."""
        if harness.is_sanitized(pid):
            self.skipTest("a sanitizer needs more address space than a limit could leave")
        limit(pid, "as", harness.address_space(pid))
        return pid


class Journal:
    """The journal's socket, for a server that takes it for the real one."""

    def __init__(self, directory):
        self.path = directory / "socket"
        self.entries = []
        self.reading = threading.Event()
        self.pause = 0  # seconds before each entry
        self.lock = threading.Lock()
        self.socket = None

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        os.chmod(self.path, 0o666)
        self.reading.set()
        threading.Thread(target=self._read, args=(self.socket,), daemon=True).start()
        return self

    def close(self):
        """As if it had never been."""
        self.path.unlink()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _read(self, sock):
        while data := sock.recv(1 << 20):
            self.reading.wait()
            time.sleep(self.pause)
            entry = dict(line.split("=", 1) for line in data.decode("latin-1").splitlines())
            with self.lock:
                self.entries = [*self.entries[-KEPT_LINES:], entry]

    def events(self, name, **fields):
        wanted = {"POSTERN_EVENT": name}
        wanted.update({f"POSTERN_{key.upper()}": value for key, value in fields.items()})
        with self.lock:
            return [entry for entry in self.entries if wanted.items() <= entry.items()]

    def wait_event(self, name, **fields):
        return harness.wait_for(lambda: self.events(name, **fields), f"{name} {fields}")[-1]

    def catch_up(self):
        """Until all that was sent before is among the entries."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect(str(self.path))
            end.send(b"POSTERN_EVENT=caught_up")
        self.wait_event("caught_up")
