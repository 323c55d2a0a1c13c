# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there, whole; a disk that fails costs a 4xx and nothing else."""
import contextlib
import random
import shutil
import subprocess
import threading

import harness
from harness import MESSAGE, Dialog, needs_root

CLIENTS = 4
KILLS = 5
PATIENCE = 10  # deliveries after which a test gives up waiting for the disk to be full


def numbered(name, size):
    """A message that tells its own name and content; with CRLF line ends."""
    lines = random.Random(name).randbytes(size // 2).hex()
    body = "\r\n".join(lines[i:i + 70] for i in range(0, len(lines), 70))
    return f"From: {name}@example.net\r\n\r\n{body}\r\n".encode()


def name_of(message):
    return message.partition(b"\n")[0].strip()


class SuddenDeath(harness.TestCase):
    def test_acknowledged_messages_survive(self):
        self.server = harness.Server()
        self.sent, self.acknowledged = {}, set()
        for life in range(KILLS):
            self.server.start()
            self.kill_in_the_stream(life)
            self.check_spool()
        self.stop_after(self.server)
        self.server.start()
        self.check_spool()

    def kill_in_the_stream(self, life):
        wanted = len(self.acknowledged) + 20 + 7 * life
        threads = [threading.Thread(target=self.stream, args=(f"{life}-{number}",))
                   for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        harness.wait_for(lambda: len(self.acknowledged) >= wanted, f"{wanted} deliveries")
        self.server.kill()
        for thread in threads:
            thread.join(harness.WAIT_SECONDS)

    def stream(self, name):
        """Delivers to two mailboxes until the server is gone."""
        with contextlib.suppress(OSError, EOFError), Dialog.tls(self.server) as dialog:
            for count in range(90):
                message = numbered(f"{name}-{count}", 200 * (1 + count % 100))
                self.sent[name_of(message)] = message
                answer = dialog.deliver(message, "info@ours.test", "sales@ours.test")
                if answer.startswith("451 4.3.0 "):
                    return  # of the dying server, deliver was the first to go
                assert answer.startswith("250 2.0.0 "), answer
                self.acknowledged.add(name_of(message))

    def check_spool(self):
        """All that was acknowledged is in both mailboxes, and nothing that is not whole."""
        for mailbox in ("ours.test/info", "ours.test/sales"):
            stored = [harness.without_trace(mail) for mail in self.server.mails(mailbox)]
            names = [name_of(mail) for mail in stored]
            self.assertEqual(len(names), len(set(names)))
            self.assertLessEqual(self.acknowledged, set(names))
            for name, mail in zip(names, stored):
                self.assertEqual(mail, self.sent[name].replace(b"\r\n", b"\n"))


class FailingDisk(harness.TestCase):
    def assert_only(self, server, messages, mailbox="ours.test/info"):
        """In the spool are these messages, and not a trace of any other."""
        stored = [harness.without_trace(mail) for mail in server.mails(mailbox)]
        self.assertCountEqual(stored, [message.replace(b"\r\n", b"\n") for message in messages])
        self.assertEqual(len(server.stored()), len(messages))

    def attempt(self, dialog, message, *recipients):
        """The answer to the message, or to whatever was refused before it."""
        commands = ["MAIL FROM:<a@example.net>", *(f"RCPT TO:<{r}>" for r in recipients), "DATA"]
        for command in commands:
            answer = dialog.ask(command)
            if answer[0] not in "23":
                dialog.command("RSET", 250)
                return answer
        return dialog.finish(message)

    def test_full(self):
        for min_free in ("1M", "0"):  # the server sees it coming, and the write fails
            with self.subTest(min_free=min_free):
                self.fill_up(self.start(disk="4M", min_free=min_free))

    def fill_up(self, server):
        message = numbered("large", 700 << 10)
        accepted = []
        with Dialog.tls(server) as dialog:
            while (answer := self.attempt(dialog, message, "info@ours.test")).startswith("250 "):
                accepted.append(message)
                self.assertLess(len(accepted), PATIENCE)
            self.assertTrue(answer.startswith("452 4.3.1 "), answer)
            self.assertGreater(len(accepted), 0)
            server.wait_event("reject", code=452, reason="no_space")
            self.assert_only(server, accepted)
            # Somebody reads mail. The same session goes on; free space is measured every second.
            for path in server.stored():
                path.unlink()
            harness.wait_for(lambda: self.attempt(dialog, message, "info@ours.test")
                             .startswith("250 2.0.0 "), "mail to be taken again")
        self.assert_only(server, [message])

    def test_full_before_the_last_of_three_mailboxes(self):
        """By its size there is room for all, but not for the last page of each."""
        server = self.start(disk="2M", min_free="0")
        message = b"From: a@example.net\r\n\r\n" + (b"x" * 990 + b"\r\n") * 703
        recipients = ["info@ours.test", "sales@ours.test", "anna@catchall.test"]
        with Dialog.tls(server) as dialog:
            self.assertTrue(self.attempt(dialog, message, *recipients).startswith("452 4.3.1 "))
            detail = server.wait_event("reject")["detail"]
            self.assertRegex(detail, "^write in catchall.test/anna: No space left on device$")
            self.assertEqual(server.stored(), [])
            # Free space may have been measured meanwhile.
            harness.wait_for(lambda: self.attempt(dialog, message, *recipients[:1])
                             .startswith("250 2.0.0 "), "room for one")
        self.assert_only(server, [message])

    def test_too_large_a_file(self):
        """RLIMIT_FSIZE plays the disk that takes so much and no more."""
        limit = 300000
        server = self.start(prefix=["prlimit", f"--fsize={limit}"])
        begin = b"From: a@example.net\r\n\r\n"
        # The first fits into the memory file, but not into the spool with the trace header on top.
        for size, status in ((limit, "451 4.3.0 "), (limit + 10000, "452 4.3.1 ")):
            message = begin + b"x" * (size - len(begin) - 2) + b"\r\n"
            with self.subTest(size), Dialog.tls(server) as dialog:
                answer = dialog.deliver(message, "info@ours.test")
                self.assertTrue(answer.startswith(status), answer)
                dialog.command("NOOP", 250)
            self.assertEqual(server.stored(), [])
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assert_only(server, [MESSAGE])


class ChangedSpool(harness.TestCase):
    def test_mailboxes_that_were_removed_come_back(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            for victim in ("ours.test/info/new", "ours.test/info/tmp", "ours.test/info",
                           "ours.test"):
                with self.subTest(victim):
                    shutil.rmtree(server.spool / victim)
                    left = len(server.mails("ours.test/info"))
                    self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
                    self.assertEqual(len(server.mails("ours.test/info")), left + 1)

    def test_mailbox_that_cannot_be_written(self):
        server = self.start()
        tmp = server.spool / "ours.test/info/tmp"
        with Dialog.tls(server) as dialog:
            self.blocked(server, dialog, lambda: tmp.chmod(0o500))
            tmp.chmod(0o700)
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertEqual(len(server.stored()), 1)

    def test_something_else_in_its_place(self):
        """A link that would lead out of the spool, or to another mailbox, is not followed."""
        server = self.start()
        with Dialog.tls(server) as dialog:
            for name in ("ours.test/info/new", "ours.test/info/tmp", "ours.test/info", "ours.test"):
                for target in (server.directory / "elsewhere", server.spool / "catchall.test/anna"):
                    with self.subTest(name, target=target):
                        self.check_link(server, dialog, server.spool / name, target)

    def check_link(self, server, dialog, path, target):
        for directory in (target, *(target / name for name in ("tmp", "new", "cur"))):
            directory.mkdir(exist_ok=True)

        def replace():
            shutil.rmtree(path)
            path.symlink_to(target)
        self.blocked(server, dialog, replace)
        self.assertEqual([file for file in target.rglob("*") if file.is_file()], [])
        path.unlink()
        self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertEqual(len(server.mails("ours.test/info")), 1)
        for file in server.stored():
            file.unlink()

    @needs_root
    def test_read_only(self):
        server = self.start(disk="8M")
        with Dialog.tls(server) as dialog:
            self.blocked(server, dialog, lambda: self.remount(server, "ro"))
            self.remount(server, "rw")
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertEqual(len(server.stored()), 1)

    def remount(self, server, mode):
        pid = str(server.process.pid)
        subprocess.run(["nsenter", "--target", pid, "--mount", "--root",
                        "mount", "-o", f"remount,{mode}", server.spool], check=True)

    def blocked(self, server, dialog, act):
        """After `act` the message is refused for now, for all mailboxes; the session lives."""
        act()
        answer = dialog.deliver(MESSAGE, "sales@ours.test", "info@ours.test")
        self.assertTrue(answer.startswith("451 4.3.0 "), answer)
        server.wait_event("reject", stage="data", reason="local_error")
        self.assertEqual(server.stored(), [])
        self.assertIn("250 2.0.0", dialog.ask("NOOP"))


if __name__ == "__main__":
    harness.main()
