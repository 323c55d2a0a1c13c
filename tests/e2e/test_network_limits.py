# SPDX-License-Identifier: Apache-2.0
"""What one network may do, and what all may do together: the right answer at each limit, before any
work that could be spared, and others go on."""
import time

import harness
from harness import MESSAGE, Dialog

IMPLICIT = '[[listener]]\naddress = "127.0.0.1:{port}"\ntls = "implicit"\n'
FIRST, SECOND, THIRD = "127.0.1.1", "127.0.1.2", "127.0.1.3"  # of one wide network
ELSEWHERE = "127.0.2.1"
EXEMPT = "127.0.3.1"
PATIENCE = 3.5  # seconds; a handshake that takes longer may have to give way


class LimitCase(harness.TestCase):
    def limited(self, limits, **options):
        """A server with these limits, and one network that is exempt from them."""
        return self.start(f'[limits]\nexempt = ["{EXEMPT}"]\n{limits}\n', **options)

    def connect(self, server, source):
        dialog = Dialog(server.connect(source))
        self.addCleanup(dialog.close)
        return dialog

    def open(self, server, source):
        """A connection that is greeted, at last: one that has just ended may still count."""
        def attempt():
            dialog = self.connect(server, source)
            return dialog if dialog.reply()[0].startswith("220 ") else None
        return harness.wait_for(attempt, f"a connection from {source}")

    def secure(self, server, source):
        dialog = Dialog.tls(server, source)
        self.addCleanup(dialog.close)
        return dialog

    def busy(self, server, source):
        """A session in a transaction: it need not hurry soon though all places are taken."""
        dialog = self.secure(server, source)
        dialog.command("MAIL FROM:<a@example.net>", 250)
        dialog.command("RCPT TO:<info@ours.test>", 250)
        return dialog

    def refused(self, server, source, code, status, reason):
        """Told so in place of the greeting, and closed."""
        dialog = self.connect(server, source)
        text = dialog.expect(code, status)[-1]
        self.assertTrue(dialog.closed())
        server.wait_event("reject", client=source, stage="connect", code=code, reason=reason)
        return text

    def shut_out(self, server, source, reason):
        """Closed without a byte, where TLS comes first."""
        self.assertTrue(self.connect(server, source).closed())
        server.wait_event("reject", client=source, stage="connect", reason=reason)

    def assert_hits(self, server, **hits):
        """The counters of all limits."""
        harness.wait_for(lambda: server.limits_met() == hits, f"limits {hits}")


class Connections(LimitCase):
    def test_at_the_same_time(self):
        server = self.limited("connections = 2\nwide.factor = 2")
        first = [self.open(server, FIRST) for _ in range(2)]
        text = self.refused(server, FIRST, 421, "4.7.0", "too_many_connections")
        self.assertIn("connections", text)
        for _ in range(2):
            self.open(server, SECOND)
        self.refused(server, THIRD, 421, "4.7.0", "too_many_connections")  # the wide one is full
        for _ in range(2):
            self.open(server, ELSEWHERE)
        for _ in range(5):
            self.open(server, EXEMPT)
        self.assert_hits(server, connections=2)
        first[0].command("QUIT", 221)
        first[0].close()
        self.open(server, THIRD)

    def test_new_ones(self):
        server = self.limited('connection_rate = "3/1h"\nwide.factor = 2')
        for source in (FIRST, SECOND):
            for _ in range(3):
                self.open(server, source).close()
        for source in (FIRST, THIRD):
            text = self.refused(server, source, 421, "4.7.0", "connection_rate")
            self.assertIn("new connections", text)
        for _ in range(3):
            self.open(server, ELSEWHERE).close()
        for _ in range(9):
            self.open(server, EXEMPT).close()
        self.assert_hits(server, connection_rate=2)

    def test_a_rate_recovers(self):
        server = self.limited('connection_rate = "2/16s"')
        begin = time.monotonic()
        for _ in range(2):
            self.open(server, FIRST).close()
        self.refused(server, FIRST, 421, "4.7.0", "connection_rate")
        self.open(server, FIRST)
        self.assertGreater(time.monotonic() - begin, 7)

    def test_of_all_together(self):
        server = self.limited("total_connections = 3")
        dialogs = [self.busy(server, source) for source in (FIRST, SECOND, ELSEWHERE)]
        text = self.refused(server, THIRD, 421, "4.3.2", "too_many_sessions")
        self.assertIn("sessions", text)
        exempt = self.open(server, EXEMPT)  # there is always room for these
        # Nor is the administrator kept out.
        harness.wait_for(lambda: server.ask("status")["sessions"] == 4, "the status to count them")
        self.assert_hits(server, total_connections=1)
        exempt.close()
        dialogs[0].close()
        self.open(server, THIRD)

    def test_of_a_listener(self):
        port = harness.free_port()
        server = self.limited("", listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                              'total_connections = 1\n'
                              f'[[listener]]\naddress = "127.0.0.1:{port}"\n')
        self.busy(server, FIRST)
        self.refused(server, SECOND, 421, "4.3.2", "too_many_sessions")
        self.open(server, EXEMPT)
        self.assert_hits(server, listener_connections=1)
        server.port = port
        self.open(server, SECOND)

    def test_tls_first(self):
        server = self.limited("connections = 1", listeners=IMPLICIT)
        dialog = self.connect(server, FIRST)
        dialog.handshake()
        dialog.expect(220)
        self.shut_out(server, FIRST, "too_many_connections")
        self.connect(server, SECOND).handshake()

    def test_tls_first_of_all_together(self):
        server = self.limited("total_connections = 1", listeners=IMPLICIT)
        self.connect(server, FIRST).handshake()
        self.shut_out(server, SECOND, "too_many_sessions")
        self.connect(server, EXEMPT).handshake()

    def test_denied_before_all_else(self):
        server = self.limited("total_connections = 1", listeners='[[listener]]\n'
                              'address = "127.0.0.1:{port}"\n'
                              f'deny = ["{SECOND}", "{EXEMPT}"]\n')
        for source in (SECOND, EXEMPT):
            self.refused(server, source, 554, "5.7.1", "access_denied")
        self.open(server, FIRST)
        self.refused(server, SECOND, 554, "5.7.1", "access_denied")
        self.assert_hits(server, access=3)


class Handshakes(LimitCase):
    def begin(self, server, source):
        """Up to STARTTLS, which is not sent."""
        dialog = Dialog.plain(server, source)
        self.addCleanup(dialog.close)
        return dialog

    def refuse(self, server, source, status, reason):
        self.turn_away(server, self.begin(server, source), source, status, reason)

    def turn_away(self, server, dialog, source, status, reason):
        dialog.command("STARTTLS", 421, status)
        self.assertTrue(dialog.closed())
        server.wait_event("reject", client=source, stage="starttls", code=421, reason=reason)

    def test_rate(self):
        server = self.limited('handshake_rate = "2/1h"\nwide.factor = 2')
        failed = self.begin(server, FIRST)
        failed.command("STARTTLS", 220)
        failed.send(b"no TLS at all")
        failed.rest()
        self.secure(server, FIRST)
        self.refuse(server, FIRST, "4.7.0", "handshake_rate")
        for _ in range(2):
            self.secure(server, SECOND)
        self.refuse(server, THIRD, "4.7.0", "handshake_rate")
        self.secure(server, ELSEWHERE)
        for _ in range(5):
            self.secure(server, EXEMPT)
        self.assert_hits(server, handshake_rate=2)

    def test_rate_where_tls_comes_first(self):
        server = self.limited('handshake_rate = "1/1h"', listeners=IMPLICIT)
        self.connect(server, FIRST).handshake()
        self.shut_out(server, FIRST, "handshake_rate")
        self.connect(server, SECOND).handshake()

    def test_of_all_together(self):
        server = self.limited("total_handshakes = 2")
        half = [self.begin(server, EXEMPT) for _ in range(2)]  # others would have to hurry
        for dialog in half:
            dialog.command("STARTTLS", 220)
        self.refuse(server, ELSEWHERE, "4.3.2", "too_many_handshakes")
        self.secure(server, EXEMPT)
        self.assert_hits(server, total_handshakes=1)
        half[0].handshake()  # and is none any more
        half[0].command("EHLO client.example.net", 250)
        self.secure(server, ELSEWHERE)

    def test_those_that_stand_still_give_way(self):
        server = self.limited("total_handshakes = 3")
        half = [self.begin(server, source) for source in (FIRST, SECOND, THIRD)]
        late = self.begin(server, ELSEWHERE)
        for dialog in half:
            dialog.command("STARTTLS", 220)
        self.turn_away(server, late, ELSEWHERE, "4.3.2", "too_many_handshakes")
        # One of three is no crowd.
        events = server.wait_events("tls_failed", len(half) - 1)
        for event in events:
            self.assertEqual((event["reason"], event["detail"]), ("timeout", "crowded"))
        gone = {event["client"] for event in events}
        for source, dialog in zip((FIRST, SECOND, THIRD), half):
            if source in gone:
                self.assertTrue(dialog.closed())
                server.wait_event("disconnect", client=source)  # and its place is free
        for _ in range(5):
            self.secure(server, ELSEWHERE)

    def test_nobody_has_to_hurry_while_there_is_room(self):
        server = self.limited("total_handshakes = 6")  # with a third one it is no crowd yet
        half = [self.begin(server, source) for source in (FIRST, SECOND)]
        for dialog in half:
            dialog.command("STARTTLS", 220)
        time.sleep(PATIENCE)
        self.secure(server, ELSEWHERE)
        time.sleep(0.5)
        for dialog in half:
            dialog.handshake()

    def test_of_a_listener(self):
        server = self.limited("", listeners=IMPLICIT + "total_handshakes = 1\n")
        half = self.connect(server, EXEMPT)  # another one would have to hurry
        harness.wait_for(lambda: server.ask("status")["sessions"] == 1, "the first")
        self.shut_out(server, SECOND, "too_many_handshakes")
        half.handshake()
        half.expect(220)
        self.connect(server, SECOND).handshake()


class Mail(LimitCase):
    def test_messages(self):
        server = self.limited('message_rate = "2/1h"')
        for source in (FIRST, EXEMPT):
            with Dialog.tls(server, source) as dialog:
                for _ in range(2):
                    self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        with Dialog.tls(server, FIRST) as dialog:
            answer = dialog.command("MAIL FROM:<a@example.net>", 450, "4.7.1")[-1]
            self.assertIn("messages", answer)
            dialog.command("NOOP", 250)
        with Dialog.tls(server, EXEMPT) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
        with Dialog.tls(server, SECOND) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
        server.wait_event("reject", client=FIRST, stage="mail", code=450, reason="message_rate")
        self.assert_hits(server, message_rate=1)

    def test_recipients(self):
        server = self.limited('recipient_rate = "2/1h"')
        with Dialog.tls(server, FIRST) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.command("RCPT TO:<stranger@example.net>", 550, "5.7.1")
            answer = dialog.command("RCPT TO:<sales@ours.test>", 452, "4.5.3")[-1]
            self.assertIn("recipients", answer)
            dialog.command("DATA", 354)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
        server.wait_event("reject", client=FIRST, stage="rcpt", code=452, reason="recipient_rate")
        self.assertEqual(len(server.stored()), 1)
        self.assert_hits(server, recipient_rate=1)

    def test_bytes(self):
        server = self.limited('byte_rate = "64K/1h"')
        large = MESSAGE + b"x" * 78 + b"\r\n" * 35000
        with Dialog.tls(server, FIRST) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(large, "info@ours.test"))
            answer = dialog.command("MAIL FROM:<a@example.net>", 450, "4.7.1")[-1]
            self.assertIn("bytes", answer)
            dialog.command("NOOP", 250)
        with Dialog.tls(server, SECOND) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
        server.wait_event("reject", client=FIRST, stage="mail", code=450, reason="byte_rate")


class Memory(LimitCase):
    """Of the least that limits.total_memory may be, messages have half: 32M."""
    HOARDERS = 40
    HOARD = b"From: a@example.net\r\n\r\n" + (b"x" * 76 + b"\r\n") * 13400  # nearly 1M

    def test_messages_that_stop_keep_none_from_others(self):
        server = self.limited('total_memory = "64M"')
        dialogs = [self.secure(server, f"127.0.{number // 10 + 10}.{number % 10 + 1}")
                   for number in range(self.HOARDERS)]
        for dialog in dialogs:
            dialog.begin("info@ours.test")
            dialog.send(self.HOARD)
        with self.secure(server, ELSEWHERE) as dialog:
            for _ in range(3):
                self.assertIn("250 2.0.0", dialog.deliver(self.HOARD, "info@ours.test"))
        # And they may go on.
        self.assertIn("250 2.0.0", dialogs[0].finish(MESSAGE))
        server.wait_events("accept", 4)
        ends = [mail.endswith(b"Last line\n") for mail in server.mails("ours.test/info")]
        self.assertEqual(sorted(ends), [False, False, False, True])


class Greeting(LimitCase):
    """Its second line comes later, and who speaks meanwhile is a robot."""

    DELAY = 5  # seconds; more than a busy machine needs for a greeting
    # What the messages pass DMARC by.
    DNS = (f'[dns]\nlocal_data = ["{harness.NO_DNS}", '
           "'example.net. TXT \"v=spf1 ip4:127.0.0.0/8 -all\"', "
           "'_dmarc.example.net. TXT \"v=DMARC1; p=reject\"']\n")

    def slow(self, config="", **options):
        return self.limited(f'greeting_delay = "{self.DELAY}s"\n{config}', **options)

    def seconds(self, server, source):
        """How long a client waits for the whole of it."""
        begin = time.monotonic()
        with Dialog(server.connect(source)) as dialog:
            lines = dialog.expect(220)
        self.assertTrue(all(line.startswith(f"220{mark}{harness.HOSTNAME} ")
                            for line, mark in zip(lines, ("-", " ")[-len(lines):])), lines)
        return time.monotonic() - begin

    def test_strangers_wait(self):
        server = self.slow()
        with Dialog(server.connect(FIRST)) as dialog:
            self.assertTrue(dialog.line().startswith("220-"))
        self.assertGreaterEqual(self.seconds(server, FIRST), self.DELAY - 0.1)
        self.assertLess(self.seconds(server, EXEMPT), self.DELAY)

    def test_robots_do_not(self):
        server = self.slow('error_rate = "1/1h"')
        for _ in range(2):
            with Dialog(server.connect(FIRST)) as dialog:
                dialog.line()
                dialog.send("EHLO client.example.net\r\n")
                dialog.expect(554, "5.5.1")
                self.assertTrue(dialog.closed())
        server.wait_events("disconnect", 2)
        self.refused(server, FIRST, 421, "4.7.0", "banned")
        harness.wait_for(lambda: server.ask("status")["ended_early_talker"] == 2, "its count")

    def test_tls_comes_at_once(self):
        server = self.slow(listeners=IMPLICIT)
        begin = time.monotonic()
        dialog = self.connect(server, FIRST)
        dialog.handshake()
        self.assertLess(time.monotonic() - begin, self.DELAY)
        dialog.expect(220)
        self.assertGreaterEqual(time.monotonic() - begin, self.DELAY)

    def test_a_good_history(self):
        server = self.slow(self.DNS)
        for number in range(3):
            self.assertGreaterEqual(self.seconds(server, FIRST), self.DELAY, number)
            with Dialog.tls(server, FIRST) as dialog:
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertLess(self.seconds(server, FIRST), self.DELAY)
        self.assertGreaterEqual(self.seconds(server, SECOND), self.DELAY)
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertLess(self.seconds(server, FIRST), self.DELAY)


class Exempt(LimitCase):
    def test_from_everything_that_is_of_one_network(self):
        server = self.limited('connections = 1\nconnection_rate = "1/1h"\nhandshake_rate = "1/1h"\n'
                              'message_rate = "1/1h"\nrecipient_rate = "1/1h"\n'
                              'byte_rate = "1K/1h"\nerror_rate = "1/1h"\n'
                              'unknown_recipient_rate = "1/1h"\n'
                              'unknown_recipients_per_session = 1\ngreeting_delay = "20s"')
        begin = time.monotonic()
        dialogs = [self.secure(server, EXEMPT) for _ in range(3)]
        for dialog in dialogs:
            dialog.command("XYZZY", 500)
            for _ in range(2):
                dialog.command("MAIL FROM:<a@example.net>", 250)
                for _ in range(3):
                    dialog.command("RCPT TO:<nobody@ours.test>", 550, "5.1.1")
                dialog.command("RSET", 250)
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE * 10, "info@ours.test"))
        self.assertLess(time.monotonic() - begin, 15)  # nor was anything answered late
        self.assert_hits(server)
        self.assertEqual(server.ask("bans"), [])


if __name__ == "__main__":
    harness.main()
