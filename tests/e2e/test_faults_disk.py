# SPDX-License-Identifier: Apache-2.0
"""A disk that fails at each step of a delivery, goes read-only under load, or does not come to an
end: what the client is told, what the log says, that nothing half-written is left, and that the
same server delivers when it is over. On the lower floor: tests/spool/."""
import contextlib
import itertools
import subprocess
import threading
import time

import harness
from faults import Strace
from harness import EXEMPT, MESSAGE, Dialog, needs_root, wait_for

FULL = {"ENOSPC": "No space left on device", "EDQUOT": "Disk quota exceeded"}
BROKEN = {"EIO": "Input/output error"}
LARGE = MESSAGE + (b"x" * 76 + b"\r\n") * 20000  # goes to deliver in parts
INFO, SALES = "info@ours.test", "sales@ours.test"


def entered(server, operation):
    """Does it in the name space of a server that has mounts of its own."""
    subprocess.run(["nsenter", "--target", str(server.process.pid), "--mount", "--root",
                    *map(str, operation)], check=True)


@needs_root
class EachStep(harness.TestCase):
    """(what the log calls it, call, which of them, directory that it is for)"""
    SMALL = [("open directory", "openat", 1, ""),
             ("create a file in", "openat", 1, "tmp"),
             ("write in", "write", 1, None),
             ("fsync in", "fsync", 1, None),
             ("rename into new/ in", "renameat2", 1, None)]
    IN_PARTS = [("open an unlinked file in the spool", "openat", 1, None),
                ("append to a message", "write", 1, None)]

    def setUp(self):
        self.server = self.start(EXEMPT)
        self.dialog = Dialog.tls(self.server)
        self.addCleanup(self.dialog.close)
        self.stored = 0

    def inject(self, call, error, which, directory):
        path = None if directory is None else self.server.spool / "ours.test/info" / directory
        path = self.server.spool if directory == "" else path
        pid = self.server.roles()["postern-deliver"]
        return Strace(pid, call, f"error={error}:when={which}", path)

    def refused(self, error, message=MESSAGE, recipients=(INFO,)):
        """The exact answer, and the one line about it."""
        answer = self.dialog.deliver(message, *recipients)
        wanted = (("452", "4.3.1", "Insufficient system storage", "no_space") if error in FULL else
                  ("451", "4.3.0", "Local error in processing", "local_error"))
        self.assertEqual(answer, " ".join(wanted[:3]))
        self.number = getattr(self, "number", 0) + 1
        event = self.server.wait_events("reject", self.number)[-1]
        self.assertEqual((event["code"], event["ecode"], event["reason"]),
                         (wanted[0], wanted[1], wanted[3]))
        return event

    def assert_told_seldom(self):
        """Whoever watches for warnings hears of it, and not at every message."""
        self.server.wait_event("trouble", area="spool")
        self.assertLess(len(self.server.events("trouble")), 4)

    def assert_delivers(self, message=MESSAGE, recipients=(INFO,)):
        self.assertRegex(self.dialog.deliver(message, *recipients), "^250 2.0.0 ")
        self.stored += len(recipients)
        self.assertEqual(len(self.server.stored()), self.stored)

    def test_before_it_is_in_a_mailbox(self):
        """All is undone: no trace of the message."""
        for error, text in {**FULL, **BROKEN}.items():
            for what, call, which, directory in self.SMALL:
                with self.subTest(what, error=error):
                    with self.inject(call, error, which, directory):
                        event = self.refused(error)
                    self.assertRegex(event["detail"], f"^{what}.*: {text}$")
                    self.assert_delivers()
        self.assert_told_seldom()
        self.assertEqual(self.server.events("duplicate_possible"), [])

    def test_when_it_is_in_the_mailbox_already(self):
        """It is taken out; should the power fail now, it may be back, and the log says so."""
        for count, (error, text) in enumerate({**FULL, **BROKEN}.items(), 1):
            with self.subTest(error):
                with self.inject("fsync", error, 1, "new"):
                    event = self.refused(error)
                self.assertEqual(event["detail"], f"fsync new/ in ours.test/info: {text}")
                doubt = self.server.wait_events("duplicate_possible", count)[-1]
                self.assertEqual(doubt["qid"], event["qid"])
                self.assertRegex(doubt["kept"], "^ours.test/info/new/")
                self.assert_delivers()

    def test_for_the_second_of_two_mailboxes(self):
        for call, which in ("openat", 12), ("write", 2), ("fsync", 2), ("renameat2", 2):
            with self.subTest(call):
                with self.inject(call, "EIO", which, None):
                    self.refused("EIO", recipients=(INFO, SALES))
                self.assert_delivers(recipients=(INFO, SALES))

    def test_of_a_message_in_parts(self):
        for error, text in {**FULL, **BROKEN}.items():
            for what, call, which, directory in self.IN_PARTS:
                with self.subTest(what, error=error):
                    with self.inject(call, error, which, directory):
                        event = self.refused(error, LARGE)
                    self.assertRegex(event["detail"], f"^{what}.*: {text}$")
                    self.assert_delivers(LARGE)
        self.assert_told_seldom()

    def test_room_that_cannot_be_measured(self):
        """Then there is none."""
        with self.inject("fstatfs", "EIO", "1+", None):
            def told():
                answer = self.dialog.ask("MAIL FROM:<a@example.net>")
                self.dialog.command("RSET", 250)
                time.sleep(0.1)
                return answer.startswith("452 4.3.1 ")
            wait_for(told, "MAIL to be refused")
            reason = self.server.wait_event("trouble", area="spool")["reason"]
        self.assertRegex(reason, "Input/output error$")
        wait_for(lambda: self.dialog.ask("MAIL FROM:<a@example.net>").startswith("250 "), "room")
        self.dialog.command("RSET", 250)
        self.assert_delivers()


@needs_root
class UnderLoad(harness.TestCase):
    CLIENTS, MESSAGES = 3, 50  # in a session

    def setUp(self):
        self.lock = threading.Lock()
        self.acknowledged, self.answers = set(), set()
        self.over = threading.Event()

    def stream(self, server, name):
        """Messages of which each says what it is, until it is told to stop."""
        for count in itertools.count():
            with Dialog.tls(server) as dialog:
                for number in range(self.MESSAGES):
                    if self.over.is_set():
                        return
                    self.send(dialog, f"{name}-{count}-{number}")

    def send(self, dialog, text):
        message = f"From: a@example.net\r\nSubject: {text}\r\n\r\n{text}\r\n"
        answer = self.attempt(dialog, message.encode())
        with self.lock:
            self.answers.add(answer[:9])
            if answer.startswith("250 "):
                self.acknowledged.add(message.replace("\r\n", "\n"))

    def attempt(self, dialog, message):
        answer = dialog.ask("MAIL FROM:<a@example.net>")
        if not answer.startswith("250 "):
            time.sleep(0.05)
            return answer
        dialog.command(f"RCPT TO:<{INFO}>", 250)
        answer = dialog.ask("DATA")
        return dialog.finish(message) if answer.startswith("354 ") else answer

    def more(self):
        """Waits until further messages have been acknowledged."""
        wanted = len(self.acknowledged) + 10
        wait_for(lambda: len(self.acknowledged) >= wanted, "acknowledged messages")

    def test_read_only(self):
        server = self.start(EXEMPT, disk="64M")
        threads = [threading.Thread(target=self.stream, args=(server, f"{number}"))
                   for number in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                self.more()
                self.read_only(server)
                server.wait_event("trouble", area="spool")
                wait_for(lambda: "451 4.3.0" in self.answers, "a refusal")
                self.remount(server, "rw")
                self.more()
                self.answers.discard("451 4.3.0")
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        self.assertLessEqual(self.answers, {"250 2.0.0", "451 4.3.0"})
        self.check(server)

    def remount(self, server, mode):
        entered(server, ["mount", "-o", f"remount,{mode}", server.spool])

    def read_only(self, server):
        """The kernel refuses while a file is being written."""
        def done():
            with contextlib.suppress(subprocess.CalledProcessError):
                self.remount(server, "ro")
                return True
        wait_for(done, "a moment in which nothing is written")

    def check(self, server):
        """Of what was refused only what the log names may be there too, and that is whole."""
        self.assertRegex(server.wait_event("reject")["detail"], "Read-only file system$")
        stored = {path.name: path.read_text() for path in
                  (server.disk() / "ours.test/info/new").iterdir()}
        texts = {name: text[text.index("From: a@"):] for name, text in stored.items()}
        self.assertLessEqual(self.acknowledged, set(texts.values()))
        others = {name for name, text in texts.items() if text not in self.acknowledged}
        wait_for(lambda: others <= self.doubtful(server), f"a line about each of {others}")
        for text in texts.values():
            subject = text.split("Subject: ")[1].splitlines()[0]
            self.assertEqual(text.splitlines()[-1], subject)

    def doubtful(self, server):
        """File names."""
        return {event["kept"].rpartition("/")[2] for event in server.events("duplicate_possible")}


@needs_root
class Standstill(harness.TestCase):
    PATIENCE, LONGER = 10, 24  # seconds: then it is told (DiskWatch); so long it lasts
    WRITERS = 4

    def send(self, server, recipient):
        """A message whose answer is still to come."""
        dialog = Dialog.tls(server)
        self.addCleanup(dialog.close)
        dialog.begin(recipient)
        dialog.send(MESSAGE + b".\r\n")
        return dialog

    def waits(self, dialog):
        dialog.sock.settimeout(0.5)
        try:
            with self.assertRaises(TimeoutError):
                dialog.reply()
        finally:
            dialog.sock.settimeout(harness.WAIT_SECONDS)

    def test_a_write_that_does_not_end(self):
        server = self.start(EXEMPT)
        new = server.spool / "ours.test/info/new"
        with Strace(server.roles()["postern-deliver"], "fsync",
                    f"delay_enter={self.LONGER}s", new):
            hanging = [self.send(server, INFO)]
            self.waits(hanging[0])
            with Dialog.tls(server) as other:
                self.assertRegex(other.deliver(MESSAGE, SALES), "^250 ")
            hanging += [self.send(server, INFO) for _ in range(self.WRITERS - 1)]
            self.waits(hanging[-1])
            behind = self.send(server, SALES)
            self.waits(behind)
            event = server.wait_event("disk_stalled", state="begins")
            self.assertGreaterEqual(int(event["seconds"]), self.PATIENCE)
            for dialog in [*hanging, behind]:
                dialog.expect(250, "2.0.0")
        server.wait_event("disk_stalled", state="over")
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(MESSAGE, INFO), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), self.WRITERS + 1)
        self.assertEqual(len(server.mails("ours.test/sales")), 2)
        self.assertEqual(server.events("role_died"), [])


@needs_root
class State(harness.TestCase):
    """What is to survive a restart cannot be written: mail and bans go on, and it is written with
    the next change."""

    def ban(self, server, network):
        server.postern("bans", "add", network, "--for", "2h", "--reason", "test")

    def kept(self, server):
        root = f"/proc/{server.process.pid}/root"
        text = subprocess.run(["cat", f"{root}{server.state}/bans"], check=False,
                              capture_output=True, text=True).stdout
        return {network for network in ("192.0.2.1", "192.0.2.2") if network in text}

    def check(self, server, fault, reason):
        with fault:
            self.ban(server, "192.0.2.1")
            self.assertRegex(server.wait_event("trouble", area="state")["reason"], reason)
            self.assertIn("192.0.2.1", server.postern("bans"))
            with Dialog.tls(server) as dialog:
                self.assertRegex(dialog.deliver(MESSAGE, INFO), "^250 ")
            self.assertEqual(self.kept(server), set())  # as smtp may try again at any time
        self.ban(server, "192.0.2.2")
        wait_for(lambda: self.kept(server) == {"192.0.2.1", "192.0.2.2"}, "both in the file")

    def test_each_step(self):
        for call, error in ("openat", "EDQUOT"), ("openat", "EIO"), ("renameat", "ENOSPC"):
            server = self.start(EXEMPT)
            fault = Strace(server.roles()["postern-deliver"], call, f"error={error}", server.state)
            with self.subTest(call, error=error):
                self.check(server, fault, {**FULL, **BROKEN}[error] + "$")

    def test_read_only(self):
        server = harness.Server(EXEMPT)
        server.prefix = harness.mounting(server.state, "1M")
        self.stop_after(server)
        server.start()

        @contextlib.contextmanager
        def read_only():
            entered(server, ["mount", "-o", "remount,ro", server.state])
            yield
            entered(server, ["mount", "-o", "remount,rw", server.state])
        self.check(server, read_only(), "Read-only file system$")


if __name__ == "__main__":
    harness.main()
