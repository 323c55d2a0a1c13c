# SPDX-License-Identifier: Apache-2.0
"""BDAT over TLS in any chunking (RFC 3030), and what else is offered there."""
import itertools
import random

import harness
from harness import MESSAGE, Dialog

RECIPIENT = "info@ours.test"
ALONE = "127.0.0.2"  # no other test comes from there
# Dots are not special in chunks: what ends data, and what is stuffed there, are content here.
DOTS = b"From: a@example.net\r\n\r\n.\r\n..\r\n.x\r\nQUIT\r\n\r\n.\r\nend\r\n"
LARGE = b"From: large@example.net\r\n\r\n" + b"".join(b"%07d " % i + b"x" * 60 + b"\r\n"
                                              for i in range(45000))


def chunked(message, sizes):
    """The BDAT commands for it with their chunks; the last as large as it must be."""
    wire = []
    while message:
        chunk, message = message[:(size := next(sizes))], message[size:]
        wire.append(b"BDAT %d%s\r\n" % (len(chunk), b"" if message else b" LAST") + chunk)
    return wire


class Chunking(harness.SharedServer):
    config = "[smtp]\nmax_message_size = \"4M\"\n"

    def tearDown(self):
        self.empty_mailboxes()

    def begin(self, dialog):
        dialog.command("MAIL FROM:<a@example.net>", 250, "2.1.0")
        dialog.command(f"RCPT TO:<{RECIPIENT}>", 250, "2.1.5")

    def assert_stored(self, *messages):
        mails = [harness.without_trace(mail) for mail in self.server.mails("ours.test/info")]
        self.assertCountEqual(mails, [message.replace(b"\r\n", b"\n") for message in messages])

    def deliver(self, dialog, wire):
        """All chunks at once; each is answered."""
        self.begin(dialog)
        dialog.send(b"".join(wire))
        for _ in wire:
            reply = dialog.expect(250, "2.0.0")
        self.assertRegex(reply[-1], r"^250 2\.0\.0 Ok: queued as ")

    def test_odd_sizes(self):
        generator = random.Random(3030)
        for message in (MESSAGE, DOTS):
            for sizes in (1, 2, 3, 7, len(message) - 1, len(message)):
                with Dialog.tls(self.server) as dialog:
                    self.deliver(dialog, chunked(message, itertools.repeat(sizes)))
                    dialog.command("QUIT", 221)
            with Dialog.tls(self.server) as dialog:
                sizes = (generator.randrange(0, 9) for _ in itertools.count())
                self.deliver(dialog, chunked(message, sizes))
        self.assert_stored(*[MESSAGE] * 7, *[DOTS] * 7)

    def test_a_large_message(self):
        with Dialog.tls(self.server) as dialog:
            self.deliver(dialog, chunked(LARGE, itertools.repeat(65521)))
            self.deliver(dialog, chunked(LARGE, itertools.repeat(1 << 20)))
        self.assert_stored(LARGE, LARGE)

    def test_a_whole_session_in_one_write(self):
        with Dialog.tls(self.server) as dialog:
            one = (b"MAIL FROM:<a@example.net>\r\nRCPT TO:<nobody@ours.test>\r\n"
                   b"RCPT TO:<info@ours.test>\r\nBDAT %d\r\n" % len(DOTS) + DOTS +
                   b"BDAT 0 LAST\r\n")
            dialog.send(one * 2 + b"QUIT\r\n")
            for code in [250, 550, 250, 250, 250] * 2 + [221]:
                dialog.expect(code)
            self.assertTrue(dialog.closed())
        self.assert_stored(DOTS, DOTS)

    def test_a_missing_last_line_end_is_added(self):
        with Dialog.tls(self.server) as dialog:
            self.deliver(dialog, [b"BDAT 29 LAST\r\nFrom: a@example.net\r\n\r\nno end"])
        self.assert_stored(b"From: a@example.net\r\n\r\nno end\r\n")

    def test_chunks_that_are_refused_are_not_read_as_commands(self):
        with Dialog.plain(self.server) as dialog:
            dialog.command("BDAT 6 LAST\r\nQUIT", 530, "5.7.0")
            dialog.command("STARTTLS", 220, "2.0.0")
            dialog.handshake()
            dialog.command("EHLO client.example.net", 250)
            dialog.command("BDAT 6\r\nQUIT", 503, "5.5.1")
            dialog.command("MAIL FROM:<a@example.net>", 250, "2.1.0")
            dialog.command("BDAT 6\r\nQUIT", 503, "5.5.1")
            dialog.command("RCPT TO:<nobody@ours.test>", 550, "5.1.1")
            dialog.command("BDAT 6 LAST\r\nQUIT", 554, "5.5.1")
            dialog.command("RSET", 250, "2.0.0")
            self.deliver(dialog, [b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE])
        self.assert_stored(MESSAGE)

    def test_more_than_the_limit(self):
        with Dialog.tls(self.server) as dialog:
            for size in (4 << 20) + 1, 1 << 20:
                self.begin(dialog)
                wire = chunked(b"Subject: x\r\n\r\n" + b"x" * (4 << 20), itertools.repeat(size))
                dialog.send(b"".join(wire))
                answers = [dialog.reply()[-1] for _ in wire]
                self.assertRegex(answers[-1], r"^552 5\.3\.4 ")
                dialog.command("RSET", 250, "2.0.0")
            self.deliver(dialog, chunked(LARGE, itertools.repeat(100000)))
        self.assert_stored(LARGE)

    def test_data_and_chunks_do_not_mix(self):
        with Dialog.tls(self.server) as dialog:
            self.begin(dialog)
            dialog.command("BDAT 14\r\nSubject: one", 250, "2.0.0")
            dialog.command("DATA", 503, "5.5.1")
            dialog.command("RCPT TO:<sales@ours.test>", 503, "5.5.1")
            dialog.command("RSET", 250, "2.0.0")
            dialog.deliver(MESSAGE, RECIPIENT)
        self.assert_stored(MESSAGE)

    def test_nothing_is_stored_without_the_last_chunk(self):
        with Dialog.tls(self.server) as dialog:
            self.begin(dialog)
            dialog.command(f"BDAT {len(MESSAGE)}\r\n{MESSAGE.decode()[:-2]}", 250, "2.0.0")
            dialog.command("QUIT", 221, "2.0.0")
        with Dialog.tls(self.server, ALONE) as dialog:
            self.begin(dialog)
            dialog.send(b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE[:-1])
        self.server.wait_event("disconnect", client=ALONE, reason="eof")
        self.assert_stored()


if __name__ == "__main__":
    harness.main()
