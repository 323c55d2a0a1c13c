# SPDX-License-Identifier: Apache-2.0
"""A server whose roles are attacked, and the tool that does it.

Its log goes to a journal of our own, as it does under systemd, so that the roles have the journal's
socket too. What arrives there is written to the file that harness.Server reads.
"""
import ctypes
import os
import pathlib
import re
import socket
import subprocess
import threading

import harness

TOOL = harness.BUILD / "tests" / "postern-attack"
SERVING = re.compile(r"event=role role=(\S+) pid=(\d+) state=serving")
DIED = re.compile(r'event=role_died role=(\S+) pid=(\d+) reason="?([^"]*?)"? confined=(\w+)')
MESSAGE = re.compile(rb"^MESSAGE=(.*)$", re.MULTILINE)
LANDLOCK_CREATE_RULESET = 444  # the number of the call
LEAST_ABI = 4    # knows TCP ports
CANNOT_RUN = 77  # exit status; tests/sandbox/CMakeLists.txt


def landlock_abi():
    """0: there is none."""
    return max(ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1), 0)


def why_not():
    """The reason why nothing can be attacked here, or None."""
    if not harness.AS_ROOT:
        return "it needs root: only root may trace the roles"
    if not TOOL.exists():
        return "there is no postern-attack in this build: see tests/sandbox/attack/registers.h"
    if landlock_abi() < LEAST_ABI:
        return f"Landlock of this kernel has ABI {landlock_abi()}; the table needs {LEAST_ABI}"
    return None


def threads(pid):
    return sorted(int(task) for task in os.listdir(f"/proc/{pid}/task"))


class Journal:
    """/run/systemd/journal for a server, in a directory that is mounted there."""

    def __init__(self, log_path):
        self.directory = pathlib.Path(log_path).parent / "journal.d"
        self.directory.mkdir()
        self.log_path = log_path
        self.changed = threading.Condition()
        self.serving = {}  # pid by the name of the role; nobody in whose place there is none
        self.deaths = {}   # the last reason by pid; pids are used again
        self.all_deaths = []  # (pid, reason)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.directory / "socket"))
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        while entry := self.socket.recv(1 << 18):
            self.take(MESSAGE.search(entry)[1].decode() + "\n")

    def take(self, line):
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(line)
        with self.changed:
            if found := SERVING.search(line):
                self.serving[found[1]] = int(found[2])
            if found := DIED.search(line):
                role, pid = found[1], int(found[2])
                self.deaths[pid] = found[3]
                self.all_deaths.append((pid, found[3]))
                if self.serving.get(role) == pid:
                    del self.serving[role]
            self.changed.notify_all()

    def wait(self, condition, what):
        """What the condition came to."""
        with self.changed:
            result = self.changed.wait_for(condition, harness.WAIT_SECONDS)
        if not result:
            raise AssertionError(f"waited in vain for {what}")
        return result

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.directory / "socket"))
        self.thread.join()
        self.socket.close()


class LiveServer(harness.Server):
    def __init__(self, config="", prefix=(), **options):
        super().__init__(config, **options)
        self.journal = Journal(self.log_path)
        self.log_path.touch()
        self.prefix = [*prefix, *harness.own_mounts(
            "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "
            f"mount --bind {self.journal.directory} /run/systemd/journal")]

    def launch(self, **environment):
        status = self.log_path.stat()
        return super().launch(JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}", **environment)

    def start(self, **environment):
        super().start(**environment)
        for name, pid in self.roles().items():  # the log names their successors only
            self.journal.serving[name.removeprefix("postern-")] = pid
        return self

    def stop(self):
        code = super().stop()
        self.journal.close()
        return code

    def wait_serving(self, role, other_than=None):
        """The pid of the role, once it works and is not that one."""
        def another():
            pid = self.journal.serving.get(role)
            return pid if pid != other_than else None
        return self.journal.wait(another, f"a new {role}")

    def wait_death(self, pid):
        """Its reason; not that of one before it that had the same pid."""
        serving, deaths = self.journal.serving, self.journal.deaths
        self.journal.wait(lambda: pid in deaths and pid not in serving.values(),
                          f"the death of {pid}")
        return deaths[pid]


class Scene:
    """What the attacks are after, and what it notices of them."""

    def __init__(self, directory, address="127.0.0.1"):
        self.address = address
        self.outside, self.local = directory / "outside", directory / "local"
        for made in (self.outside, self.local):
            made.mkdir()
            made.chmod(0o777)
        (self.outside / "file").write_text("secret")
        (self.outside / "file").chmod(0o666)
        self.server, self.dns = (socket.create_server((address, 0)) for _ in range(2))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(self.server.getsockname())
        self.stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stream.bind(str(self.local / "stream"))
        self.stream.listen()
        self.local_datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.local_datagrams.bind(str(self.local / "datagrams"))
        for path in self.local.iterdir():
            path.chmod(0o777)
        for listener in (self.server, self.dns, self.datagrams, self.stream, self.local_datagrams):
            listener.setblocking(False)

    def port(self):
        return self.server.getsockname()[1]

    def dns_port(self):
        return self.dns.getsockname()[1]

    def command(self, pid, thread, other, acts, sockets):
        return [str(word) for word in (
            TOOL, pid, thread, other, self.address, self.port(), self.dns_port(), self.outside,
            self.local, "sockets" if sockets else "none", *acts)]

    def close(self):
        for mine in (self.server, self.dns, self.datagrams, self.stream, self.local_datagrams):
            mine.close()


def count_waiting(listener):
    """How many connections have come; they are closed."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def count_datagrams(receiver):
    count = 0
    while True:
        try:
            receiver.recv(65536)
        except BlockingIOError:
            return count
        count += 1


def run_tool(command):
    """Outcomes by act, in order; not those behind the one that killed the process."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"postern-attack: {done.stderr}")
    return dict(line.split("\t") for line in done.stdout.splitlines())


def attack(server, scene, role, acts):
    """(outcome by act, pids that died of one). Each process is attacked until it dies, then its
    successor; each time another of its threads. The last one that died is replaced too."""
    outcomes, dead = {}, []
    acts = list(acts)
    while acts:
        pid = server.wait_serving(role)
        tasks = threads(pid)
        found = attack_thread(server, scene, role, pid, tasks[len(dead) % len(tasks)], acts)
        outcomes.update(found)
        acts = acts[len(found):]
        if acts or is_death(list(found.values())[-1]):
            dead.append(pid)
            server.wait_death(pid)
            server.wait_serving(role, pid)
    return outcomes, dead


def is_death(outcome):
    return outcome == "killed" or outcome.startswith("died")


def attack_thread(server, scene, role, pid, thread, acts):
    other = server.wait_serving("smtp" if role == "deliver" else "deliver")
    return run_tool(scene.command(pid, thread, other, acts, role == "resolve"))
