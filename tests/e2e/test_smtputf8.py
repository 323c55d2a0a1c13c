# SPDX-License-Identifier: Apache-2.0
"""International addresses and header fields: RFC 6531 and RFC 6532."""
import email.message
import email.policy

import harness
from harness import MESSAGE, Dialog

# Configured by its A-label, which is what everybody compares.
BUECHER = """
[[domain]]
name = "xn--bcher-kva.test"
mailboxes = ["info"]
"""
SPELLINGS = ["info@xn--bcher-kva.test", "info@bücher.test", "INFO@BÜCHER.TEST",
             "info@bu\u0308cher.test",           # u and a combining diaeresis
             "info@b\uff55\u0308cher\u3002test"]  # fullwidth u, ideographic full stop
SENDER = "jürgen@straße.example"


def message_to(recipient):
    message = email.message.EmailMessage(policy=email.policy.SMTPUTF8)
    message["From"] = f"Jürgen <{SENDER}>"
    message["To"] = recipient
    message["Subject"] = "Grüße aus Köln"
    message.set_content("Grüße\n", cte="8bit")
    return message


class International(harness.SharedServer):
    config = "[limits]\nerrors_per_session = 1000\n"
    options = {"domains": harness.DOMAINS + BUECHER}

    def tearDown(self):
        self.empty_mailboxes()

    def test_smtplib(self):
        message = message_to("info@bücher.test")
        with self.server.smtp("client.example.org") as client:
            self.assertTrue(client.has_extn("smtputf8"))
            self.assertEqual(client.send_message(message), {})
        [mail] = self.server.mails("xn--bcher-kva.test/info")
        self.assertTrue(mail.startswith(f"Return-Path: <{SENDER}>\n"
                                        "Delivered-To: info@xn--bcher-kva.test\n".encode()), mail)
        self.assertRegex(mail, rb"(?m)^Received: .*\bby mx\.ours\.test with UTF8SMTPS\s")
        self.assertEqual(harness.without_trace(mail), bytes(message).replace(b"\r\n", b"\n"))
        event = self.server.wait_event("accept", helo="client.example.org")
        self.assertEqual(event["to"], r"info@b\xc3\xbccher.test")
        self.assertEqual(event["from"], r"j\xc3\xbcrgen@stra\xc3\x9fe.example")
        self.assertEqual(event["smtputf8"], "yes")

    def test_every_spelling_of_a_domain_is_the_same_mailbox(self):
        with Dialog.tls(self.server) as dialog:
            for number, spelling in enumerate(SPELLINGS, 1):
                dialog.command(f"MAIL FROM:<{SENDER}> SMTPUTF8", 250, "2.1.0")
                dialog.command(f"RCPT TO:<{spelling}>", 250, "2.1.5")
                dialog.command("DATA", 354)
                self.assertRegex(dialog.finish(MESSAGE), r"^250 2\.0\.0 ")
                mails = self.server.mails("xn--bcher-kva.test/info")
                self.assertEqual(len(mails), number, spelling)
            # In one transaction they are one recipient.
            dialog.command("MAIL FROM:<> SMTPUTF8", 250, "2.1.0")
            for spelling in SPELLINGS:
                dialog.command(f"RCPT TO:<{spelling}>", 250, "2.1.5")
            dialog.command("DATA", 354)
            self.assertRegex(dialog.finish(MESSAGE), r"^250 2\.0\.0 ")
        self.assertEqual(len(self.server.mails("xn--bcher-kva.test/info")), len(SPELLINGS) + 1)

    def test_only_with_the_parameter(self):
        with Dialog.tls(self.server) as dialog:
            dialog.command(f"MAIL FROM:<{SENDER}>", 553, "5.6.7")
            dialog.command("MAIL FROM:<a@example.net>", 250, "2.1.0")
            dialog.command("RCPT TO:<info@bücher.test>", 553, "5.6.7")
            dialog.command("RCPT TO:<jürgen@ours.test>", 553, "5.6.7")
            dialog.command("RCPT TO:<info@xn--bcher-kva.test>", 250, "2.1.5")
            dialog.command("RSET", 250)
            # The parameter of one transaction is not that of the next.
            dialog.command(f"MAIL FROM:<{SENDER}> SMTPUTF8", 250, "2.1.0")
            dialog.command("RSET", 250)
            dialog.command("MAIL FROM:<a@example.net>", 250, "2.1.0")
            dialog.command("RCPT TO:<info@bücher.test>", 553, "5.6.7")

    def test_unknown_mailbox_and_bad_octets(self):
        with Dialog.tls(self.server) as dialog:
            dialog.command("MAIL FROM:<> SMTPUTF8", 250, "2.1.0")
            dialog.command("RCPT TO:<jürgen@ours.test>", 550, "5.1.1")
            dialog.command("RCPT TO:<jürgen@bücher.test>", 550, "5.1.1")
            dialog.command("RCPT TO:<info@bücher.example>", 550, "5.7.1")
            for octets in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"):
                dialog.send(b"RCPT TO:<in" + octets + b"fo@ours.test>\r\n")
                dialog.expect(501, "5.1.3")


if __name__ == "__main__":
    harness.main()
