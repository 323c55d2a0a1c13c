# SPDX-License-Identifier: Apache-2.0
"""The processes of the server under load: whichever dies or stops, nothing that was acknowledged is
lost, it is replaced at once, and the log says who died and why."""
import array
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import termios
import time
import unittest

import compare
import harness
from harness import MESSAGE, Dialog
from test_load import command

QUICK_PINGS = (f'[workers]\nuser = "{harness.unprivileged_user()}"\nsmtp_threads = 2\n'
               'ping_timeout = "2s"\n')
PIDFD_GETFD = 438  # the number of the call
CHANNEL = 3        # of each role, to the supervisor
LARGE = 3 << 20  # bytes: comes in parts, which deliver keeps in a file


def unread_of_peers(pid):
    """Octets that other roles have sent to a process that stands still."""
    count = array.array("i", [0])
    total = 0
    process = os.pidfd_open(pid)
    for number in map(int, os.listdir(f"/proc/{pid}/fd")):
        if number == CHANNEL or not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
            continue
        mine = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, number, 0)
        assert mine >= 0, os.strerror(ctypes.get_errno())
        fcntl.ioctl(mine, termios.FIONREAD, count)
        total += count[0]
        os.close(mine)
    os.close(process)
    return total


class Load:
    """A stream of messages that goes on through every failure, and its journal."""

    def __init__(self, server, *options, size=30000, address="127.0.0.1", prefix=()):
        self.journal = server.directory / "journal"
        self.server = server
        words = command(f"{address}:{server.port}", "--seconds", 3600, "--reconnect",
                        "--connections", 8, "--journal", self.journal,
                        "--messages-per-connection", 90, "--size", size, *options)
        self.process = subprocess.Popen([*prefix, *words], stdout=subprocess.PIPE, text=True)

    def acknowledged(self):
        return self.journal.read_text().count("\n") if self.journal.exists() else 0

    def wait_for_more(self, count=20):
        before = self.acknowledged()
        harness.wait_for(lambda: self.acknowledged() >= before + count, f"{count} messages")

    def finish(self):
        """The counts of compare.py, once every message in hand has its answer."""
        self.process.terminate()
        report = json.loads(self.process.communicate(timeout=60)[0])
        result = compare.compare(self.server.spool, self.journal)
        print("load:", report["messages"], result)
        return report, result


class Death(harness.TestCase):
    def setUp(self):
        self.server = self.start(harness.EXEMPT)

    def load(self, **options):
        load = Load(self.server, **options)
        self.addCleanup(load.process.stdout.close)
        self.addCleanup(load.process.kill)
        load.wait_for_more()
        return load

    def kill(self, role, count, load):
        for _ in range(count):
            pid = self.server.roles()[role]
            os.kill(pid, signal.SIGKILL)
            event = self.server.wait_event("role_died", role=role.removeprefix("postern-"),
                                           pid=pid)
            self.assertEqual(event["reason"], "SIGKILL")
            self.assertEqual(event["confined"], "yes")
            load.wait_for_more()
            harness.wait_for(lambda: self.server.roles().get(role) not in (None, pid),
                             f"a new {role}")

    def assert_nothing_lost(self, load):
        report, result = load.finish()
        self.assertTrue(result.ok(), result)
        self.assertEqual(result.acknowledged, report["messages"]["acknowledged"])

    def test_smtp(self):
        load = self.load()
        self.kill("postern-smtp", 5, load)
        self.assert_nothing_lost(load)

    def test_deliver(self):
        load = self.load()
        self.kill("postern-deliver", 5, load)
        self.assert_nothing_lost(load)

    def test_deliver_with_messages_in_parts(self):
        load = self.load(size=LARGE)
        self.kill("postern-deliver", 3, load)
        self.assert_nothing_lost(load)

    def test_idle_roles_are_replaced_too(self):
        load = self.load()
        for role in ("postern-verify.1", "postern-resolve"):
            self.kill(role, 1, load)
        self.assert_nothing_lost(load)

    def test_supervisor(self):
        load = self.load()
        for _ in range(3):
            self.server.kill()  # its roles end too
            self.server.start()
            load.wait_for_more()
        self.assert_nothing_lost(load)

    def test_messages_in_hand_get_451_when_deliver_is_away(self):
        with Dialog.tls(self.server) as dialog:
            dialog.begin("info@ours.test")
            pid = self.server.roles()["postern-deliver"]
            os.kill(pid, signal.SIGSTOP)  # it gets the message, but never answers
            dialog.send(MESSAGE + b".\r\n")
            harness.wait_for(lambda: unread_of_peers(pid), "the message to be in deliver's hands")
            os.kill(pid, signal.SIGKILL)
            dialog.expect(451, "4.3.0")
            self.server.wait_event("duplicate_possible", kept="any of its mailboxes")
            harness.wait_for(lambda: self.delivers(dialog), "the session to deliver again")

    def delivers(self, dialog):
        dialog.send("MAIL FROM:<a@example.net>\r\n")
        if dialog.reply()[-1].startswith("451 4.3.0"):
            return False
        dialog.command("RSET", 250)
        return dialog.deliver(MESSAGE, "info@ours.test").startswith("250")

    def test_parts_that_died_with_deliver_are_missed(self):
        """The client is told, and the next message goes through the same channel."""
        half = b"x" * 78 + b"\r\n"
        with Dialog.tls(self.server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(MESSAGE + half * (LARGE // len(half)))
            pid = self.server.roles()["postern-deliver"]
            harness.wait_for(lambda: self.open_files(pid), "a part in deliver's hands")
            os.kill(pid, signal.SIGKILL)
            self.server.wait_event("role", role="deliver", state="serving")
            dialog.send(b".\r\n")
            dialog.expect(451, "4.3.0")
            harness.wait_for(lambda: self.delivers(dialog), "the session to deliver again")
        self.assertEqual(self.server.events("ipc_violation"), [])

    def open_files(self, pid):
        """Unlinked files in the spool that deliver has open."""
        links = []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed just now
                links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        return [link for link in links if link.endswith(" (deleted)") and "/mail/" in link]


class Standstill(harness.TestCase):
    def test_a_role_that_stops_answering_is_replaced(self):
        server = self.start(QUICK_PINGS + harness.EXEMPT)
        for role in ("postern-smtp", "postern-deliver", "postern-verify.1", "postern-opinion",
                     "postern-resolve"):
            pid = server.roles()[role]
            os.kill(pid, signal.SIGSTOP)
            event = server.wait_event("role_died", pid=pid)
            self.assertIn("did not answer", event["reason"])
            harness.wait_for(lambda role=role, pid=pid: server.roles().get(role) not in (None, pid),
                             f"a new {role}")
        harness.wait_for(lambda: self.delivers(server), "a delivery")

    def test_what_stands_still_with_the_supervisor_is_not_replaced(self):
        """As where the whole machine does, and the supervisor is the first to go on."""
        server = self.start(QUICK_PINGS.replace('"2s"', '"5s"') + harness.EXEMPT)
        roles = server.roles()
        for pid in roles.values():
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1)  # each is sent a ping
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(6)
        server.process.send_signal(signal.SIGCONT)
        time.sleep(1)  # it looks at their answers
        for pid in roles.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        harness.wait_for(lambda: self.delivers(server), "a delivery")
        self.assertEqual(server.roles(), roles)
        self.assertEqual(server.events("role_died"), [])

    def delivers(self, server):
        try:
            with Dialog.tls(server) as dialog:
                return dialog.deliver(MESSAGE, "info@ours.test").startswith("250")
        except (OSError, EOFError, AssertionError):
            return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
