# SPDX-License-Identifier: Apache-2.0
"""What a message brings along that only we may say is taken out, and not a byte else."""
import re

import harness
from harness import MESSAGE, Dialog

FORGED = (b"Return-Path: <forged@example.net>\r\n",
          b"authentication-results: MX.ours.test (yes);\r\n\tspf=pass smtp.helo=forged\r\n",
          b"Authentication-Results : \"mx.ours.test\" 1; dkim=pass\r\n",
          b"Authentication-Results: mx.ours.test/x; dkim=pass\r\n",
          b"AUTHENTICATION-RESULTS:\r\n (a (nested); comment) \"m\\x.Ours.test\"\r\n (b); none\r\n",
          b"Authentication-Results: mx . (x) ours.test. ; spf=pass\r\n",
          b"Authentication-Results: mx.ours.test\r\n",
          b"Authentication-Results: (mx.ours.test; spf=pass\r\n")
KEPT = (b"Authentication-Results: mx.example.net; spf=pass\r\n",
        b"ARC-Authentication-Results: i=1; mx.ours.test; spf=pass\r\n",
        b"Received-SPF: pass\r\nno field\r\nX-Odd : 1 \r\n \tfolded\r\n",
        b"Authentication-Results: mx.ours.test.example.net; spf=pass\r\n",
        b"Authentication-Results: (mx.ours.test) \"mx.example.net\" 1;\r\n\tspf=pass\r\n",
        b"Authentication-Results: ours.test; spf=pass smtp.helo=mx.ours.test\r\n",
        b"X-Authentication-Results: mx.ours.test; spf=pass\r\n")
FROM = b"From: a@example.net\r\n"
BODY = b"\r\nReturn-Path: <text@example.net>\r\nAuthentication-Results: mx.ours.test; none\r\n"
LINE = b"x" * 900 + b"\r\n"
MIB = 1 << 20


def interleaved():
    pairs = zip((*KEPT, b""), FORGED, strict=True)
    fields = b"".join(kept + forged for kept, forged in pairs)
    return fields, b"".join(KEPT)


class TraceFields(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server('[smtp]\nmax_header_size = "1M"\nmax_header_fields = 100000\n')
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, cls.server.log()

    def setUp(self):
        for path in self.server.stored():
            path.unlink()

    def deliver(self, message, *recipients):
        with Dialog.tls(self.server) as dialog:
            answer = dialog.deliver(message, *(recipients or ["info@ours.test"]))
        self.assertTrue(answer.startswith("250 "), answer)

    def check(self, sent, stored):
        """Sent by DATA and in chunks; the sizes in the names are those of the files."""
        self.deliver(sent)
        with Dialog.tls(self.server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.send(b"BDAT 7\r\n" + sent[:7] + b"BDAT %d LAST\r\n" % (len(sent) - 7) + sent[7:])
            dialog.expect(250)
            dialog.expect(250)
        mails = self.server.mails("ours.test/info")
        self.assertEqual(len(mails), 2)
        for mail in mails:
            self.assertTrue(harness.without_trace(mail) == stored.replace(b"\r\n", b"\n"))
        for path in self.server.stored():
            content = path.read_bytes()
            sizes = re.search(r",S=(\d+),W=(\d+)$", path.name)
            self.assertEqual(int(sizes[1]), len(content))
            self.assertEqual(int(sizes[2]), len(content) + content.count(b"\n"))

    def test_forged_fields(self):
        fields, kept = interleaved()
        self.check(fields + MESSAGE, kept + MESSAGE)

    def test_the_text_is_left_alone(self):
        self.check(FROM + BODY, FROM + BODY)

    def test_nothing_else_in_the_header(self):
        self.check(b"".join(FORGED) + FROM + BODY, FROM + BODY)

    def test_for_several_mailboxes(self):
        fields, kept = interleaved()
        self.deliver(fields + MESSAGE, "info@ours.test", "sales@ours.test", "x@catchall.test")
        for mailbox in ("ours.test/info", "ours.test/sales", "catchall.test/anna"):
            [mail] = self.server.mails(mailbox)
            self.assertEqual(harness.without_trace(mail), (kept + MESSAGE).replace(b"\r\n", b"\n"))

    def test_a_large_message(self):
        fields, kept = interleaved()
        body = FROM + b"\r\n" + LINE * 5000
        self.check(fields + body, kept + body)

    def test_the_longest_header(self):
        """Of exactly as much as may be, so that it fills a part of its own."""
        for line in (b"X-Long: ", b"Return-Path: "):
            self.setUp()
            header = FROM + b"".join(FORGED)
            count, rest = divmod(MIB - len(header), 1000)
            lines = (line + b"x" * (998 - len(line)) + b"\r\n") * count
            last = b"B: " + b"x" * (rest - 5) + b"\r\n"
            self.assertEqual(len(header + lines + last), MIB)
            kept = b"" if line == b"Return-Path: " else lines
            body = b"\r\n" + LINE * 2500
            self.check(header + lines + last + body, FROM + kept + last + body)

    def test_no_header_and_an_endless_first_line(self):
        """More than a part of it comes before its end. What has no header has no author."""
        message = b"no field " * (3 * MIB // 9) + b"\r\nFrom: a@example.net\r\n"
        with Dialog.tls(self.server) as dialog:
            answer = dialog.deliver(message, "info@ours.test")
            self.assertEqual(answer, "550 5.6.0 The message has no From field")
            self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(len(self.server.stored()), 1)


class OwnName(harness.TestCase):
    def test_auth_authserv_id(self):
        server = self.start('[auth]\nauthserv_id = "Bücher.example"\n')
        other = b"Authentication-Results: mx.ours.test; none\r\n"
        own = "Authentication-Results: bücher.example; none\r\n".encode()
        own += b"Authentication-Results: xn--BCHER-kva.example; none\r\n"
        with Dialog.tls(server) as dialog:
            answer = dialog.deliver(own + other + MESSAGE, "info@ours.test")
        self.assertTrue(answer.startswith("250 "), answer)
        [mail] = server.mails("ours.test/info")
        self.assertEqual(harness.without_trace(mail), (other + MESSAGE).replace(b"\r\n", b"\n"))


if __name__ == "__main__":
    harness.main()
