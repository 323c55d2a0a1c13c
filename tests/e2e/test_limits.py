# SPDX-License-Identifier: Apache-2.0
"""What a session may use: time, size. Beyond it: the right reply, and others go on. And who may
connect at all. What one network may do: test_network_limits.py."""
import contextlib
import os
import socket
import ssl
import time

import harness
from harness import MESSAGE, Dialog

BODY = b"From: a@example.net\r\n\r\n"


class Connections(harness.TestCase):
    def refused(self, server, source, code, status, early=b""):
        """The client is told so, though it may have sent something `early`, and that is all."""
        with Dialog(server.connect(source)) as dialog:
            dialog.send(early)
            dialog.expect(code, status)
            self.assertTrue(dialog.closed())

    def test_allow_and_deny(self):
        server = self.start(listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                            'allow = ["127.0.0.0/29"]\ndeny = ["127.0.0.3"]\n')
        Dialog.plain(server, "127.0.0.2").close()
        for source in ("127.0.0.3", "127.0.0.9"):
            self.refused(server, source, 554, "5.7.1")
            self.refused(server, source, 554, "5.7.1", b"EHLO client.example.net\r\n")
            server.wait_event("reject", client=source, reason="access_denied")
            server.wait_event("disconnect", client=source, reason="denied")

    def test_idle_clients_do_not_keep_others_out(self):
        server = self.start()
        for number in range(200):
            begin = Dialog.tls if number % 10 == 0 else Dialog.plain
            self.addCleanup(begin(server, f"127.0.1.{number // 20 + 1}").close)
        with server.smtp() as client:
            client.sendmail("a@example.net", ["info@ours.test"], MESSAGE)
        self.assertEqual(len(server.mails("ours.test/info")), 1)


class Listeners(harness.TestCase):
    def test_one_port_for_both_families(self):
        server = self.start(listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                                      '[[listener]]\naddress = "[::1]:{port}"\n')
        sock = socket.create_connection(("::1", server.port), harness.WAIT_SECONDS)
        with Dialog(sock) as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example.net", 250)
            dialog.command("STARTTLS", 220)
            dialog.handshake()
            dialog.command("EHLO client.example.net", 250)
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertIn(b"([IPv6:::1])", server.mails("ours.test/info")[0])
        self.assertEqual(server.wait_event("accept")["client"], "::1")
        Dialog.plain(server).close()

    def test_the_ipv6_wildcard_leaves_ipv4_alone(self):
        # In a network of its own, where nobody can reach it.
        names = ["--net"] if harness.AS_ROOT else ["--user", "--net"]
        server = self.start(prefix=["unshare", *names],
                            listeners='[[listener]]\naddress = "[::]:{port}"\n'
                                      '[[listener]]\naddress = "0.0.0.0:{port}"\n')
        self.assertEqual({event["address"] for event in server.wait_events("listen", 2)},
                         {f"[::]:{server.port}", f"0.0.0.0:{server.port}"})


class Sessions(harness.TestCase):
    def test_errors(self):
        server = self.start("[limits]\nerrors_per_session = 3\n")
        with Dialog.tls(server) as dialog:
            dialog.command("XYZZY", 500)
            dialog.command("MAIL FROM:a", 501)
            dialog.command("NOOP?", 500)
            dialog.expect(421, "4.7.0")
            self.assertTrue(dialog.closed())
        server.wait_event("disconnect", reason="errors", errors=3)

    def test_message_size(self):
        server = self.start('[smtp]\nmax_message_size = "64K"\n')
        too_big = BODY + b"x" * 70000 + b"\r\n"
        with Dialog.tls(server) as dialog:
            self.assertIn("250-SIZE 65536", dialog.command("EHLO client.example.net", 250))
            dialog.command("MAIL FROM:<a@example.net> SIZE=65537", 552, "5.3.4")
            self.assertTrue(dialog.deliver(too_big, "info@ours.test").startswith("552 5.3.4"))
            self.assertEqual(server.stored(), [])
            fits = BODY + b"x" * (65536 - len(BODY) - 2) + b"\r\n"
            self.assertIn("250 2.0.0", dialog.deliver(fits, "info@ours.test"))
        [mail] = server.mails("ours.test/info")
        self.assertEqual(harness.without_trace(mail), fits.replace(b"\r\n", b"\n"))
        server.wait_event("reject", stage="data", code=552, reason="message_too_big")

    def test_data_without_end(self):
        server = self.start('[smtp]\nmax_message_size = "64K"\n')
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(BODY + b"x" * 2 * 65536)
            dialog.expect(421, "4.7.0")
            self.assertTrue(dialog.closed())
        server.wait_event("reject", stage="data", code=552, reason="message_too_big")
        server.wait_event("disconnect", reason="too_much_data")
        self.assertEqual(server.stored(), [])

    def test_recipient_commands(self):
        server = self.start("[smtp]\nmax_recipients = 1\n[limits]\nexempt = [\"127.0.0.1\"]\n")
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.send("RCPT TO:<nobody@ours.test>\r\n" * 200)
            for _ in range(102):
                dialog.expect(550, "5.1.1")
            dialog.expect(421, "4.7.0")
            self.assertTrue(dialog.closed())
        server.wait_event("disconnect", reason="rcpt_flood")

    def test_recipients(self):
        server = self.start("[smtp]\nmax_recipients = 2\n")
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.command("RCPT TO:<nobody@ours.test>", 550)
            dialog.command("RCPT TO:<sales@ours.test>", 250)
            dialog.command("RCPT TO:<anna@catchall.test>", 452, "4.5.3")
            dialog.command("DATA", 354)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
        self.assertEqual(len(server.stored()), 2)

    def test_messages(self):
        server = self.start("[smtp]\nmax_messages_per_session = 2\n")
        with Dialog.tls(server) as dialog:
            for _ in range(2):
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
            dialog.command("MAIL FROM:<a@example.net>", 452, "4.5.3")
            dialog.command("NOOP", 250)
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)

    def test_content_that_is_refused_keeps_the_session(self):
        server = self.start()
        smuggled = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<sales@ours.test>\r\nDATA\r\n"
        with Dialog.tls(server) as dialog:
            for content in (b"a\0b\r\n", b"a\nb\r\n", b"a\rb\r\n", b"a\n.\r\n" + smuggled,
                            b"a\r\n.\n" + smuggled, b"a\r.\r" + smuggled, b"a\r\n.\r" + smuggled):
                with self.subTest(content):
                    dialog.begin("info@ours.test")
                    dialog.send(BODY + content + b"\r\n.\r\n")
                    dialog.expect(554, "5.6.0")
                    dialog.command("NOOP", 250)
            self.assertEqual(server.stored(), [])
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_bare_newlines_can_be_normalized(self):
        server = self.start('[smtp]\nbare_newline = "normalize"\n')
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(b"From: a@b.example\n\none\n.\r\ntwo\r\n.\r\n")
            dialog.expect(250, "2.0.0")
        [mail] = server.mails("ours.test/info")
        self.assertEqual(harness.without_trace(mail), b"From: a@b.example\n\none\n.\ntwo\n")


class Space(harness.TestCase):
    def test_free_space_is_kept(self):
        status = os.statvfs(harness.shared_directory())
        wanted = status.f_bavail * status.f_frsize // 2**20 + 4096
        server = self.start(min_free=f"{wanted}M")
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 452, "4.3.1")
            dialog.command("NOOP", 250)
        server.wait_event("reject", stage="mail", code=452, reason="no_space")

    def test_declared_size_times_mailboxes(self):
        server = self.start(disk="9M")
        with Dialog.tls(server) as dialog:
            dialog.command("MAIL FROM:<a@example.net> SIZE=3145728", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.command("RCPT TO:<abuse@ours.test>", 250)
            dialog.command("RCPT TO:<sales@ours.test>", 452, "4.3.1")
            dialog.command("DATA", 354)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
            dialog.command("MAIL FROM:<a@example.net> SIZE=9000000", 452, "4.3.1")


class Time(harness.TestCase):
    def ends(self, server, dialog, begin):
        """421 4.4.2 and closed, not before its time; `begin` lies before the last that was sent."""
        dialog.expect(421, "4.4.2")
        self.assertTrue(dialog.closed())
        self.assertGreaterEqual(time.monotonic() - begin, 4)
        server.wait_event("disconnect", reason="timeout")

    def test_command(self):
        server = self.start('[smtp]\ncommand_timeout = "4s"\n')
        for begin in (Dialog.plain, Dialog.tls):
            with self.subTest(begin), begin(server) as dialog:
                since = time.monotonic()
                dialog.command("NOOP", 250)
                self.ends(server, dialog, since)

    def test_trickle_does_not_prolong_a_command(self):
        server = self.start('[smtp]\ncommand_timeout = "4s"\n')
        with Dialog.tls(server) as dialog:
            begin = time.monotonic()
            with contextlib.suppress(OSError, ssl.SSLError):
                while time.monotonic() - begin < harness.WAIT_SECONDS:
                    dialog.send(b"X")
                    time.sleep(0.1)
            self.assertLess(time.monotonic() - begin, harness.WAIT_SECONDS)
        server.wait_event("disconnect", reason="timeout")

    def test_data(self):
        server = self.start('[smtp]\ndata_timeout = "4s"\n')
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            since = time.monotonic()
            dialog.send(BODY)
            self.ends(server, dialog, since)
        self.assertEqual(server.stored(), [])

    def test_session(self):
        server = self.start('[smtp]\nsession_deadline = "5s"\n')
        with Dialog.tls(server) as dialog:
            begin = time.monotonic()
            while (answer := dialog.ask("NOOP")).startswith("250 "):
                self.assertLess(time.monotonic() - begin, harness.WAIT_SECONDS)
                time.sleep(0.1)
            self.assertTrue(answer.startswith("421 4.4.2 "), answer)
            self.assertTrue(dialog.closed())
        server.wait_event("disconnect", reason="session_deadline")

    def test_session_deadline_waits_for_the_transaction(self):
        server = self.start('[smtp]\nsession_deadline = "5s"\n')
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            time.sleep(5.5)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
            dialog.expect(421, "4.4.2")
            self.assertTrue(dialog.closed())
        self.assertEqual(len(server.mails("ours.test/info")), 1)

    def test_peer_that_never_reads(self):
        server = self.start('[smtp]\ncommand_timeout = "4s"\nmax_messages_per_session = 1000\n'
                            '[limits]\nerrors_per_session = 1000\nexempt = ["127.0.0.1"]\n')
        with Dialog.tls(server) as dialog:
            self.flood(dialog.sock, b"MAIL FROM:<a@example.net>\r\n" +
                       b"RCPT TO:<info@ours.test>\r\n" * 300 + b"RSET\r\n")
            server.wait_event("disconnect", reason="write_timeout")
        Dialog.tls(server).close()

    def flood(self, sock, data):
        """Sends until the server takes no more, the kernel's buffers being full, and closes."""
        most = 64 << 20
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with self.assertRaises(OSError):
            for _ in range(most // len(data)):
                sock.sendall(data)


if __name__ == "__main__":
    harness.main()
