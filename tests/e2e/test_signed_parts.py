# SPDX-License-Identifier: Apache-2.0
"""Every octet of a signed message comes to its verifier: small and large, by DATA and in chunks."""
import base64
import re
import subprocess

import dkim

import harness
from harness import Dialog

MIB = 1 << 20
# Signed too, though it is taken out of what is stored.
OURS = b"authentication-results: mx.ours.test; none\r\n"
HEADER = b"From: Alice <alice@author.test>\r\n" + OURS + b"Subject: parts\r\n"
SIGNED = [b"from", b"subject", b"authentication-results"]


def body(size):
    return b"".join(b"%07d %s\r\n" % (line, b"x" * 53) for line in range(size // 63))


class SignedParts(harness.SharedServer):
    @classmethod
    def setUpClass(cls):
        _, key = harness.certificate("rsa", "signer")
        cls.key = key.read_bytes()
        public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        # A string of a record has 255 octets at most.
        strings = " ".join(f'"{record[at:at + 250]}"' for at in range(0, len(record), 250))
        cls.config = ('[smtp]\nmax_header_size = "1M"\n'
                      f"[dns]\nlocal_data = ['s._domainkey.author.test TXT {strings}', "
                      f'"{harness.NO_DNS}"]\n')
        super().setUpClass()

    def signed(self, message):
        """In the simple form, in which no octet may differ."""
        return dkim.sign(message, b"s", b"author.test", self.key, include_headers=SIGNED,
                         canonicalize=(b"simple", b"simple")) + message

    def results(self, message, size=None):
        """Of its signatures, in the stored message. By chunks of that size, or by DATA."""
        self.empty_mailboxes()
        with Dialog.tls(self.server) as dialog:
            if size is None:
                self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 ")
            else:
                self.send_chunks(dialog, message, size)
        [mail] = self.server.mails("ours.test/info")
        [field] = re.findall(rb"^Authentication-Results: mx.ours.test.*\n(?:[ \t].*\n)*", mail,
                             re.MULTILINE)
        return re.findall(rb"\bdkim=(\w+)", field)

    def send_chunks(self, dialog, message, size):
        dialog.command("MAIL FROM:<alice@example.net>", 250)
        dialog.command("RCPT TO:<info@ours.test>", 250)
        for at in range(0, len(message), size):
            chunk = message[at:at + size]
            dialog.send(f"BDAT {len(chunk)}\r\n".encode() + chunk)
            dialog.expect(250)
        dialog.command("BDAT 0 LAST", 250)

    def test_sizes(self):
        for size in 10 << 10, MIB - 1000, MIB, 2 * MIB, 5 * MIB:
            with self.subTest(size=size):
                message = self.signed(HEADER + b"\r\n" + body(size))
                self.assertEqual(self.results(message), [b"pass"])

    def test_without_a_body(self):
        self.assertEqual(self.results(self.signed(HEADER + b"\r\n")), [b"pass"])
        self.assertEqual(self.results(self.signed(HEADER)), [b"pass"])

    def test_without_a_header(self):
        """What looks like a From field in the text is none."""
        for text in b"", b"\r\n" + HEADER, b"hello\r\n" + HEADER, b"hello\r\n" + body(3 * MIB):
            with self.subTest(text=text[:20], size=len(text)):
                with Dialog.tls(self.server) as dialog:
                    self.assertRegex(dialog.deliver(text, "info@ours.test"), "^550 5.6.0 ")

    def test_in_chunks(self):
        message = self.signed(HEADER + b"\r\n" + body(40000))
        for size in 1, len(message) - len(body(40000)), 4096:
            with self.subTest(size=size):
                part = message if size > 1 else self.signed(HEADER + b"\r\nx\r\n")
                self.assertEqual(self.results(part, size), [b"pass"])

    def test_the_longest_header(self):
        """It fills a part, so that the body begins where the second part does, or next to it."""
        for size in MIB - 1, MIB:
            header = HEADER + b"X-Fill: " + (b"y" * 900 + b"\r\n ") * 1000
            start = len(self.signed(header + b"\r\n\r\n")) - 4
            fill = b"".join(b"X: %s\r\n" % (b"z" * 900) for _ in range((size - start) // 905))
            header += b"\r\n" + fill
            left = size - len(self.signed(header + b"\r\n")) + 2
            header += b"X: " + b"z" * (left - 5) + b"\r\n"
            for text in b"", b"\r\n", body(MIB + 5000):
                message = self.signed(header + b"\r\n" + text)
                with self.subTest(size=size, text=len(text)):
                    self.assertEqual(message.index(b"\r\n\r\n") + 2, size)
                    self.assertEqual(self.results(message, 65536), [b"pass"])
                    self.assertEqual(self.results(message, size), [b"pass"])

    def test_a_change_anywhere_is_seen(self):
        message = self.signed(HEADER + b"\r\n" + body(3 * MIB))
        for at in len(HEADER) + 2000, MIB, len(message) // 2, len(message) - 10:
            self.assertNotIn(message[at], b"\r\nX")
            changed = message[:at] + b"X" + message[at + 1:]
            with self.subTest(at=at):
                self.assertEqual(self.results(changed), [b"fail"])
        for changed in (message.replace(OURS, b""), message[:-2] + b"\r\n.\r\n",
                        message.replace(b"Subject", b"SUBJECT", 1)):
            self.assertEqual(self.results(changed), [b"fail"])


if __name__ == "__main__":
    harness.main()
