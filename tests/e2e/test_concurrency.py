# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, kind and unkind: every mail whole, nothing leaks, every log line sound."""
import contextlib
import json
import os
import random
import re
import socket
import ssl
import struct
import threading

import harness
from harness import Dialog

THREADS = 8
MESSAGES = 25
MAILBOXES = ["ours.test/info", "ours.test/sales", "ours.test/postmaster", "catchall.test/anna"]
ADDRESSES = dict(zip(MAILBOXES, ["info@ours.test", "verkauf@ours.test", "abuse@ours.test",
                                 "any.one@catchall.test"]))
LOG_LINE = re.compile(r'time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=[a-z]+ event=[a-z_]+'
                      r'( [a-z_]+=("([^"\\]|\\x[0-9a-f]{2})*"|[^\s"\\=]*))*', re.ASCII)


def compose(random_, name):
    """A message with everything that is awkward on the wire."""
    lines = [random_.choice([b"", b".", b"..", b".x", b"From x", b"x" * random_.randrange(2000),
                             random_.randbytes(20).hex().encode(), b"\xc3\xa4\xff"])
             for _ in range(random_.randrange(60))]
    return b"\r\n".join([b"From: " + name.encode() + b"@example.net", b"", *lines]) + b"\r\n"


class ManyClients(harness.TestCase):
    def run_all(self, work):
        """`work` in all threads; what fails in one fails the test."""
        failures = []

        def run(number):
            try:
                work(number, random.Random(number))
            except Exception as failure:  # pylint: disable=broad-except
                failures.append(failure)
        threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def open_descriptors(self, server):
        return len(os.listdir(f"/proc/{server.process.pid}/fd"))

    def assert_log_is_sound(self, server):
        bad = [line for line in server.log_lines() if not LOG_LINE.fullmatch(line)]
        self.assertEqual(bad, [])

    def wait_until_alone(self, server, descriptors):
        harness.wait_for(lambda: self.open_descriptors(server) <= descriptors,
                         f"{descriptors} descriptors again")

    def test_every_mail_is_whole(self):
        server = self.start('[log]\nlevel = "debug"\n')
        descriptors = self.open_descriptors(server)
        sent = {mailbox: [] for mailbox in MAILBOXES}

        def deliver(number, random_):
            with Dialog.tls(server, f"127.0.0.{number + 1}") as dialog:
                for count in range(MESSAGES):
                    message = compose(random_, f"{number}-{count}")
                    mailboxes = random_.sample(MAILBOXES, random_.randint(1, len(MAILBOXES)))
                    dialog.begin(*(ADDRESSES[mailbox] for mailbox in mailboxes))
                    self.send_in_pieces(dialog, random_, harness.stuffed(message) + b".\r\n")
                    dialog.expect(250, "2.0.0")
                    for mailbox in mailboxes:
                        sent[mailbox].append(message.replace(b"\r\n", b"\n"))
                dialog.command("QUIT", 221)
        self.run_all(deliver)
        for mailbox in MAILBOXES:
            stored = [harness.without_trace(mail) for mail in server.mails(mailbox)]
            self.assertEqual(sorted(stored), sorted(sent[mailbox]))
        self.wait_until_alone(server, descriptors)
        self.assertEqual(len(server.wait_events("accept", THREADS * MESSAGES)),
                         THREADS * MESSAGES)
        self.assertEqual(len(server.wait_events("disconnect", THREADS)), THREADS)
        self.assert_log_is_sound(server)

    def send_in_pieces(self, dialog, random_, data):
        while data:
            size = random_.choice([1, 2, 3, 50, 1000, 100000])
            dialog.send(data[:size])
            data = data[size:]

    def test_aborted_connections(self):
        server = self.start('[log]\nlevel = "debug"\n')
        with Dialog.tls(server) as dialog:  # whatever is opened once is open
            dialog.command("QUIT", 221)
        harness.wait_for(lambda: len(server.events("disconnect")) == 1, "the end of the first")
        descriptors = self.open_descriptors(server)

        def abort(number, random_):
            for count in range(MESSAGES):
                with contextlib.suppress(OSError, EOFError, ssl.SSLError):
                    self.talk_and_abort(server, f"127.0.0.{number + 1}", random_,
                                        f"{number}-{count}")
        self.run_all(abort)
        harness.wait_for(lambda: len(server.events("disconnect")) ==
                         len(server.events("connect")) >= THREADS * MESSAGES, "all to be gone")
        self.wait_until_alone(server, descriptors)
        self.assert_log_is_sound(server)
        # deliver ends what it has begun for a client that is gone.
        harness.wait_for(lambda: not list(server.spool.glob("*/*/tmp/*")), "all to be delivered")
        # What is stored is whole, and belongs to a session that reached the end of its data.
        for mailbox in MAILBOXES:
            for mail in server.mails(mailbox):
                self.assertTrue(mail.endswith(b"\nthe end\n"), mail)

    def talk_and_abort(self, server, source, random_, name):
        """A whole delivery that breaks off somewhere, by FIN or by RST."""
        stop_after = random_.randrange(12)
        message = harness.stuffed(compose(random_, name)) + b"the end\r\n"
        half = random_.randrange(len(message))
        dialog = Dialog(server.connect(source))
        steps = [lambda: dialog.expect(220),
                 lambda: dialog.ask("EHLO \u00ff\""),
                 lambda: dialog.ask("EHLO a=\"1\"\\"),
                 lambda: dialog.ask("EHLO client=127.0.0.1"),
                 lambda: dialog.command("STARTTLS", 220),
                 dialog.handshake,
                 lambda: dialog.command("EHLO client.example.net", 250),
                 lambda: dialog.begin("info@ours.test", "sales@ours.test"),
                 lambda: dialog.send(message[:half]),
                 lambda: dialog.send(message[half:] + b".\r\n"),
                 lambda: dialog.expect(250),
                 lambda: dialog.send(b"MAIL FROM:<a@examp")]
        for step in steps[:stop_after]:
            step()
        if random_.random() < 0.5:
            dialog.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        dialog.close()


class JsonLog(harness.TestCase):
    def test_every_line_is_an_object(self):
        server = harness.Server('[log]\nlevel = "debug"\nformat = "json"\n')
        self.stop_after(server)
        server.launch()
        harness.wait_for(lambda: '"event":"listen"' in server.log(), "posternd to listen")
        with Dialog.tls(server) as dialog:
            dialog.send(b"EHLO a\"b\\c\xff\r\n")
            dialog.reply()
            dialog.command('MAIL FROM:<"a\\"b\\\\"@example.net>', 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.command("QUIT", 221)
        harness.wait_for(lambda: '"event":"disconnect"' in server.log(), "the end of the session")
        self.assertEqual(server.stop(), 0)  # so that no line is in the writing
        events = [json.loads(line) for line in server.log().splitlines()]
        for event in events:
            self.assertLessEqual({"time", "level", "event"}, set(event))


if __name__ == "__main__":
    harness.main()
