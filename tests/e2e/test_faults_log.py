# SPDX-License-Identifier: Apache-2.0
"""Nobody takes the log: mail goes on, what was lost is counted, and it is told as soon as lines are
taken again."""
import fcntl
import os
import select
import signal
import time

import faults
import harness
from harness import EXEMPT, MESSAGE, Dialog, needs_root, wait_for

LINES = 300  # more than a pipe or a socket holds
SESSIONS = 80  # the kernel keeps ten or so of their lines for a journal that does not read
PATIENCE = 1  # seconds, for which a line waits for room (StderrSink, JournalSink)
F_SETPIPE_SZ = 1031
PIPE = 4096


class Log(harness.TestCase):
    def chat(self, server, lines=LINES):
        """So many lines of the log at least, twice, and mail that is taken all the while."""
        self.write(server, lines)
        time.sleep(2 * PATIENCE)
        self.write(server, lines)

    def write(self, server, lines):
        for _ in range(lines // 150):
            with Dialog.tls(server) as dialog:
                dialog.command("MAIL FROM:<a@example.net>", 250)
                for number in range(150):
                    dialog.command(f"RCPT TO:<unknown{number}@ours.test>", 550)
                    if number % 80 == 79:  # so many are the most of one transaction
                        dialog.command("RSET", 250)
                        dialog.command("MAIL FROM:<a@example.net>", 250)
                dialog.command("RSET", 250)
                self.taken(dialog)

    def taken(self, dialog):
        begin = time.monotonic()
        self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertLess(time.monotonic() - begin, 15)

    def assert_all_is_well(self, server):
        """As the roles say themselves, for the log cannot."""
        for row in server.ask("status")["roles"]:
            self.assertTrue(row["serving"], row)


@needs_root
class Journal(Log):
    """In a name space in which the journal's socket is ours."""

    def setUp(self):
        self.server = harness.Server(EXEMPT)
        directory = self.server.directory / "journal"
        directory.mkdir()
        self.journal = faults.Journal(directory).open()
        self.addCleanup(self.journal.reading.set)
        self.server.prefix = harness.own_mounts(
            "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "
            f"mount --bind {directory} /run/systemd/journal")
        self.server.log_path.touch()
        self.stop_after(self.server)
        self.launch()

    def launch(self):
        status = self.server.log_path.stat()
        self.server.launch(JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
        self.journal.wait_event("listen")

    def roles(self):
        return {name: pid for name, pid in self.server.roles().items()}

    def test_not_read(self):
        with Dialog.tls(self.server) as dialog:
            self.taken(dialog)
        self.journal.wait_event("accept")
        before = self.roles()
        self.journal.reading.clear()
        self.chat(self.server)
        self.journal.reading.set()
        self.assert_told(before)

    def assert_told(self, before):
        """Lines come again, and how many did not."""
        def told():
            with Dialog.tls(self.server) as dialog:
                self.taken(dialog)
            return self.journal.events("log_dropped")
        dropped = wait_for(told, "log_dropped")
        self.assertGreater(sum(int(entry["POSTERN_LINES"]) for entry in dropped), 0)
        self.journal.wait_event("accept")
        self.assertEqual(self.roles(), before)
        self.assert_all_is_well(self.server)

    def test_read_slowly_at_the_end(self):
        """Every session has its last line. A machine that stands still for a second may lose some,
        but not always."""
        self.assertTrue(any(self.ends_with_every_line() for _ in range(10)))

    def ends_with_every_line(self):
        sessions = [Dialog.plain(self.server) for _ in range(SESSIONS)]
        self.journal.pause = 0.01
        self.server.process.send_signal(signal.SIGTERM)
        for dialog in sessions:
            dialog.expect(421, "4.3.2")
            dialog.close()
        self.assertEqual(self.server.process.wait(harness.WAIT_SECONDS), 0)
        self.journal.pause = 0
        self.journal.catch_up()
        complete = len(self.journal.events("disconnect", reason="shutdown")) == SESSIONS
        if not complete:
            self.journal.entries = []
            self.launch()
        return complete

    def test_gone_and_another_in_its_place(self):
        before = self.roles()
        self.journal.close()
        self.chat(self.server, 150)
        self.journal.entries = []
        self.journal.open()
        self.server.process.send_signal(signal.SIGHUP)  # or within 20 seconds
        self.journal.wait_event("reload", result="ok")
        self.assert_told(before)


class StandardError(Log):
    def open(self):
        """A server whose standard error is a pipe; the end for reading."""
        self.server = harness.Server(EXEMPT)
        os.mkfifo(self.server.log_path)
        end = os.open(self.server.log_path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(end, F_SETPIPE_SZ, PIPE)
        self.stop_after(self.server)
        self.server.launch()
        self.read_until(end, b"event=listen")
        return end

    def read_until(self, end, text, act=lambda: None):
        """Does `act` again and again, until the pipe brings the text."""
        seen = b""

        def found():
            nonlocal seen
            act()
            while select.select([end], [], [], 0.1)[0]:
                seen += os.read(end, 1 << 16)
            return text in seen
        wait_for(found, text)

    def _stop(self, server):
        """There is no log to show."""
        self.assertEqual(server.stop(), 0)

    def test_a_pipe_that_nobody_reads(self):
        end = self.open()
        self.addCleanup(os.close, end)
        self.chat(self.server)
        with Dialog.tls(self.server) as dialog:
            self.read_until(end, b"event=log_dropped", lambda: self.taken(dialog))
        self.assert_all_is_well(self.server)

    def test_a_pipe_without_a_reader(self):
        os.close(self.open())
        self.chat(self.server, 150)
        again = os.open(self.server.log_path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, again)
        with Dialog.tls(self.server) as dialog:
            self.read_until(again, b"event=log_dropped", lambda: self.taken(dialog))
        self.assert_all_is_well(self.server)


if __name__ == "__main__":
    harness.main()
