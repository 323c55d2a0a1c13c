# SPDX-License-Identifier: Apache-2.0
"""Who stands still gives way when most places are taken, so that a few who say nothing, or nothing
that matters, keep nobody out."""
import contextlib
import select
import ssl
import threading
import time

import harness
from harness import MESSAGE, Dialog

EXEMPT = "127.0.3.1"
LONGER = 3  # seconds, than who is idle may stay
HANDSHAKE, BEGINNING, IDLE, TRANSACTION = 3, 5, 10, 30  # seconds
# On a busy machine it is later, but not as late as for who may stand still longer.
TOO_LATE = {HANDSHAKE: IDLE, BEGINNING: IDLE, IDLE: TRANSACTION, TRANSACTION: 2 * TRANSACTION}
PROXY = "127.0.0.50"
PROXIED = f'[[listener]]\naddress = "127.0.0.1:{{port}}"\nproxy_protocol_from = ["{PROXY}"]\n'


class Crowding(harness.TestCase):
    def crowded(self, total, config="", **options):
        return self.start(f'[limits]\ntotal_connections = {total}\nexempt = ["{EXEMPT}"]\n{config}',
                          **options)

    def kept(self, dialog):
        self.addCleanup(dialog.close)
        return dialog

    def sources(self):
        """Each client has a network of its own."""
        return (f"127.0.{number}.1" for number in range(10, 250))

    def in_background(self, say):
        """Calls it again and again until it fails, as it does when the server has closed."""
        over = threading.Event()

        def work():
            with contextlib.suppress(OSError, EOFError, AssertionError, ssl.SSLError):
                while not over.wait(0.3):
                    say()
        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)

    def assert_told(self, dialog, begin, least):
        """421, closed, not before its time and soon after."""
        self.assertIn("4.3.2", dialog.expect(421)[-1])
        self.assertTrue(dialog.closed())
        self.assert_time(begin, least)
        dialog.close()

    def assert_time(self, begin, least):
        """So much has passed, and not what others have."""
        seconds = time.monotonic() - begin
        self.assertTrue(least - 0.1 <= seconds < TOO_LATE[least], seconds)

    def assert_ended(self, server, count):
        harness.wait_for(
            lambda: server.ask("status")["ended_crowded"] == count, "the counter")
        harness.wait_for(lambda: self.crowded_out(server) >= count, "the log")
        self.assertEqual(self.crowded_out(server), count)

    def crowded_out(self, server):
        """How many, as the log says."""
        return sum(event["reason"] == "crowded" for event in server.events("disconnect"))

    def ended(self, dialogs):
        """Those to whom something was said, or who were closed."""
        readable, _, _ = select.select([dialog.sock for dialog in dialogs], [], [], 0)
        return [dialog for dialog in dialogs if dialog.sock in readable]

    def refused(self, server, source):
        with Dialog(server.connect(source)) as dialog:
            dialog.expect(421, "4.3.2")
            self.assertTrue(dialog.closed())

    def delivers(self, server, source):
        with Dialog.tls(server, source) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_the_silent_and_the_idle(self):
        server = self.crowded(4)
        source = self.sources()
        exempt = self.kept(Dialog.plain(server, EXEMPT))
        begin = time.monotonic()
        silent = self.kept(Dialog(server.connect(next(source))))
        silent.expect(220)
        trickles = self.kept(Dialog(server.connect(next(source))))
        trickles.expect(220)
        self.in_background(lambda: trickles.send(b"E"))
        idle = self.kept(Dialog.tls(server, next(source)))
        self.refused(server, next(source))
        self.assert_told(silent, begin, BEGINNING)
        self.assert_told(trickles, begin, BEGINNING)
        harness.wait_for(lambda: server.ask("status")["sessions"] == 2, "two places")
        # Its time begins anew, or it could be over when the next is the third of four.
        self.assertIn("250 2.0.0", idle.deliver(MESSAGE, "info@ours.test"))
        idle_since = time.monotonic()
        self.delivers(server, next(source))
        # There is room now, so that the third one need not go, until there is none again.
        time.sleep(max(0, IDLE - (time.monotonic() - idle_since) + 0.5))
        idle.command("NOOP", 250)
        more = [self.kept(Dialog.plain(server, next(source))) for _ in range(2)]
        self.assertIn("4.3.2", idle.expect(421)[-1])
        idle.close()
        exempt.command("QUIT", 221)  # before these have stood still for too long as well
        for dialog in more:
            dialog.command("NOOP", 250)
        self.assert_ended(server, 3)

    def test_commands_of_no_consequence(self):
        """NOOP, a transaction that comes to nothing, and more of both, gain no time."""
        server = self.crowded(1)
        begin = time.monotonic()
        dialog = self.kept(Dialog.tls(server, next(self.sources())))
        answers = []
        while not (answers and answers[-1].startswith("421 ")):
            answers.append(dialog.ask(("NOOP", "MAIL FROM:<a@example.net>", "RSET")[
                len(answers) % 3]))
            time.sleep(0.3)
        self.assert_time(begin, IDLE)
        self.assert_ended(server, 1)

    def test_transactions_have_more_time(self):
        server = self.crowded(4)
        source = self.sources()
        begin = time.monotonic()
        envelope, message, finishes = [self.kept(Dialog.tls(server, next(source)))
                                       for _ in range(3)]
        for dialog in (message, finishes):
            dialog.begin("info@ours.test")
        envelope.command("MAIL FROM:<a@example.net>", 250)
        envelope.command("RCPT TO:<info@ours.test>", 250)
        time.sleep(IDLE + LONGER)
        later = time.monotonic()
        message.send(b"From: a@example.net\r\n")
        finished = time.monotonic()
        self.assertIn("250 2.0.0", finishes.finish(MESSAGE))
        self.assert_told(finishes, finished, IDLE)
        self.delivers(server, next(source))
        others = [self.kept(Dialog.plain(server, EXEMPT)) for _ in range(2)]
        self.assert_told(envelope, begin, TRANSACTION)
        others.append(self.kept(Dialog.plain(server, EXEMPT)))
        self.assert_told(message, later, TRANSACTION)
        self.assertEqual(len(server.stored()), 2)

    def test_handshakes_where_tls_comes_first(self):
        server = self.crowded(4, listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                              'tls = "implicit"\n')
        source = self.sources()
        begin = time.monotonic()
        half = [self.kept(Dialog(server.connect(next(source)))) for _ in range(4)]
        failed = server.wait_events("tls_failed", 2)
        self.assert_time(begin, HANDSHAKE)
        for event in failed:
            self.assertEqual((event["reason"], event["detail"]), ("timeout", "crowded"))
        # Each is closed, and its place is free, behind the line of the log.
        harness.wait_for(lambda: len(self.ended(half)) >= 2, "two to be closed")
        for dialog in self.ended(half):
            self.assertEqual(dialog.sock.recv(1), b"")
        harness.wait_for(lambda: server.ask("status")["sessions"] <= 2, "two places")
        with Dialog(server.connect(next(source))) as dialog:
            dialog.handshake()
            dialog.expect(220)

    def test_a_listener(self):
        """Its own clients give way, and those of another have all the time there is."""
        port = harness.free_port()
        server = self.crowded(100, listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                              'total_connections = 4\n'
                              f'[[listener]]\naddress = "127.0.0.1:{port}"\n')
        source = self.sources()
        crowded_port, server.port = server.port, port
        other = self.kept(Dialog.plain(server, next(source)))
        server.port = crowded_port
        begin = time.monotonic()
        silent = [self.kept(Dialog(server.connect(next(source)))) for _ in range(4)]
        for dialog in silent:
            dialog.expect(220)
        # Two must go. More do if they were looked at before these had gone.
        harness.wait_for(lambda: len(self.ended(silent)) >= 2, "two to go", TOO_LATE[BEGINNING])
        self.assert_time(begin, BEGINNING)
        harness.wait_for(lambda: server.ask("status")["sessions"] <= 3, "two places")
        ended = self.ended(silent)
        lasts = [dialog.reply()[-1] if dialog in ended else dialog.ask("QUIT")
                 for dialog in silent]
        told = [last for last in lasts if last.startswith("421 4.3.2")]
        self.assertEqual(len(told) + sum(last.startswith("221 ") for last in lasts), 4, lasts)
        self.assertGreaterEqual(len(told), len(ended))
        other.command("QUIT", 221)
        self.assert_ended(server, len(told))

    def test_behind_a_proxy(self):
        server = self.crowded(4, listeners=PROXIED)
        begin = time.monotonic()
        named = self.kept(Dialog(server.connect(PROXY)))
        named.send("PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n")
        named.expect(220)
        # The health check of the proxy itself is nobody's client.
        health = self.kept(Dialog(server.connect(PROXY)))
        health.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")
        health.expect(220)
        waiting = [self.kept(Dialog(server.connect(PROXY))) for _ in range(2)]
        self.assert_told(named, begin, BEGINNING)
        for dialog in waiting:  # for the header each has ten seconds, crowded or not
            self.assertTrue(dialog.closed())
        health.command("QUIT", 221)
        self.assert_ended(server, 1)


if __name__ == "__main__":
    harness.main()
