# SPDX-License-Identifier: Apache-2.0
"""No recipient in any disguise is taken but the mailboxes of the configuration."""
import itertools

import harness
from harness import MESSAGE, Dialog

HOST = harness.HOSTNAME
RELAY = "550 5.7.1 Relaying denied"  # valid syntax, not ours
SYNTAX = "501 5.1.3 Bad recipient address syntax"
NON_ASCII = "553 5.6.7 Non-ASCII address without SMTPUTF8"
UNKNOWN = "550 5.1.1 No such mailbox"

# Recipients between < and >, with the answer they get.
DISGUISES = [
    ("bob@other.example", RELAY),
    ("BOB@OTHER.EXAMPLE", RELAY),
    ("postmaster@other.example", RELAY),
    # Percent, bang, quoted at-sign: routing inside the local part of our own domain.
    ("bob%other.example@ours.test", RELAY),
    ("info%other.example@OURS.TEST", RELAY),
    ("info+bob%other.example@ours.test", RELAY),
    ("postmaster%other.example@ours.test", RELAY),
    ("bob%other.example%ours.test@ours.test", RELAY),
    ("info%ours.test@ours.test", RELAY),
    ("%@ours.test", RELAY),
    ("other.example!bob@ours.test", RELAY),
    ("a.example!b.example!bob@ours.test", RELAY),
    ('"bob@other.example"@ours.test', RELAY),
    ('"bob%other.example"@ours.test', RELAY),
    ('"other.example!bob"@ours.test', RELAY),
    (r'"bob\@other.example"@ours.test', RELAY),
    (r'"\b\o\b\%other.example"@ours.test', RELAY),
    ('"info"@other.example', RELAY),
    # A catch-all takes every local part but these.
    ("bob%other.example@catchall.test", RELAY),
    ("other.example!bob@catchall.test", RELAY),
    ('"bob@other.example"@catchall.test', RELAY),
    ('"@"@catchall.test', RELAY),
    # Source routes.
    ("@ours.test:bob@other.example", RELAY),
    ("@ours.test,@catchall.test:bob@other.example", RELAY),
    (f"@{HOST}:bob@other.example", RELAY),
    ("@other.example:bob%third.example@ours.test", RELAY),
    ("@ours.test:info", SYNTAX),
    ("@ours.test:", SYNTAX),
    ("@ours.test", SYNTAX),
    # Address literals, of this host too.
    ("info@[127.0.0.1]", RELAY),
    ("postmaster@[127.0.0.1]", RELAY),
    ("bob@[192.0.2.1]", RELAY),
    ("info@[IPv6:::1]", RELAY),
    ("info@[300.1.1.1]", SYNTAX),
    ("info@[127.0.0.1", SYNTAX),
    ("info@[ours.test]", SYNTAX),
    ("info@127.0.0.1", RELAY),
    # Names that look like ours.
    (f"info@{HOST}", RELAY),
    ("info@sub.ours.test", RELAY),
    ("info@notours.test", RELAY),
    ("info@ours.test.other.example", RELAY),
    ("info@localhost", RELAY),
    ("info@ours.test.", SYNTAX),
    ("bob@other.example.", SYNTAX),
    ("info@.ours.test", SYNTAX),
    ("info@ours..test", SYNTAX),
    ("info@bücher.example", NON_ASCII),
    ("info@xn--bcher-kva.example", RELAY),
    ("info@XN--BCHER-KVA.example", RELAY),
    ("info@ours\u3002test", NON_ASCII),  # ideographic full stop
    ("info@\uff4furs.test", NON_ASCII),  # fullwidth o
    ("ïnfo@ours.test", NON_ASCII),
    # Broken on purpose.
    ("info@ours.test@other.example", SYNTAX),
    ("bob@other.example@ours.test", SYNTAX),
    ("info@ours.test,bob@other.example", SYNTAX),
    ("info@ours.test:25", SYNTAX),
    ("info(bob@other.example)@ours.test", SYNTAX),
    ("info @ours.test", SYNTAX),
    ("info@ours.test bob@other.example", SYNTAX),
    ("bob@other.example\0@ours.test", SYNTAX),
    ("info@ours.test\0.other.example", SYNTAX),
    ("info\t@ours.test", SYNTAX),
    ('info"@other.example"@ours.test', SYNTAX),
    ('"info@ours.test', SYNTAX),
    ("<bob@other.example>", SYNTAX),
    (".info@ours.test", SYNTAX),
    ("info", SYNTAX),
    ("", SYNTAX),
    ("a" * 65 + "@ours.test", SYNTAX),
    ("info@" + "a." * 130 + "test", SYNTAX),
    # Ours, but nobody.
    ("nobody@ours.test", UNKNOWN),
    ("info-bob@ours.test", UNKNOWN),
    ('""@ours.test', UNKNOWN),
]

# The same for a sender that gave SMTPUTF8.
INTERNATIONAL = [
    ("info@bücher.example", RELAY),
    ("bob@ours.test\u3002other.example", RELAY),
    ("bob%other.example@\uff4furs.test", RELAY),
    ("@ours\u3002test:bob@bücher.example", RELAY),
    ('"bob@bücher.example"@ours.test', RELAY),
    ("info\uff20bücher.example", SYNTAX),  # fullwidth at
    ("info@ours.test\u3002", SYNTAX),
    ("info@ours\u3002\u3002test", SYNTAX),
    ("info@\u202eours.test", SYNTAX),      # right-to-left override
    ("ïnfo@ours.test", UNKNOWN),
    ("inf\u043e@ours.test", UNKNOWN),      # Cyrillic o
    ("nobody\uff05other.example@ours.test", UNKNOWN),  # fullwidth percent
]

# What stands behind "RCPT TO:" when it is not just a path.
ARGUMENTS = [
    ("bob@other.example", "501 "),
    ("info@ours.test", "501 "),
    ("<info@ours.test>bob@other.example", "501 5.5.4 "),
    ("<info@ours.test> <bob@other.example>", "501 5.5.4 "),
    ("<info@ours.test>,<bob@other.example>", "501 5.5.4 "),
    ("<info@ours.test> ORCPT=rfc822;bob@other.example", "555 5.5.4 "),
    ("<info@ours.test> NOTIFY=SUCCESS", "555 5.5.4 "),
]

# What nmap's smtp-open-relay tries: the first recipient with each of the senders, the others with
# the last of them; sixteen pairs. Here it is each with each.
SENDERS = ["<>", "<antispam@other.example>", f"<antispam@{HOST}>", "<antispam@[127.0.0.1]>"]
NMAP = [
    ("<relaytest@other.example>", RELAY),
    ("<relaytest%other.example@[127.0.0.1]>", RELAY),
    (f"<relaytest%other.example@{HOST}>", RELAY),
    ('<"relaytest@other.example">', SYNTAX),
    ('<"relaytest%other.example">', SYNTAX),
    ("<relaytest@other.example@[127.0.0.1]>", SYNTAX),
    ('<"relaytest@other.example"@[127.0.0.1]>', RELAY),
    (f"<relaytest@other.example@{HOST}>", SYNTAX),
    ("<@[127.0.0.1]:relaytest@other.example>", SYNTAX),
    (f"<@{HOST}:relaytest@other.example>", RELAY),
    ("<other.example!relaytest>", SYNTAX),
    ("<other.example!relaytest@[127.0.0.1]>", RELAY),
    (f"<other.example!relaytest@{HOST}>", RELAY),
]

# Who says so does not matter.
PEERS = [("ours.test", "<info@ours.test>"), (HOST, f"<postmaster@{HOST}>"), ("localhost", "<>"),
         ("[127.0.0.1]", "<root@localhost>"), ("other.example", "<bob@other.example>")]


class Relay(harness.SharedServer):
    config = ('[smtp]\nmax_messages_per_session = 1000\n'
              '[limits]\nerrors_per_session = 1000\nexempt = ["127.0.0.1"]\n')

    def assert_refused(self, answer, expected, what):
        self.assertTrue(answer.startswith(expected), f"{what}: {answer}")

    def check(self, dialog, sender, argument, expected):
        """RCPT gets `expected`, DATA gets nothing through, and nothing is stored."""
        dialog.command("RSET", 250)
        dialog.command(f"MAIL FROM:{sender}", 250)
        self.assert_refused(dialog.ask(f"RCPT TO:{argument}"), expected, argument)
        self.assertRegex(dialog.ask("DATA"), r"^50[13] |^554 ")

    def tearDown(self):
        self.assertEqual(self.server.stored(), [])

    def test_disguises(self):
        with Dialog.tls(self.server) as dialog:
            for recipient, expected in DISGUISES:
                with self.subTest(recipient):
                    self.check(dialog, "<a@example.net>", f"<{recipient}>", expected)

    def test_international_disguises(self):
        with Dialog.tls(self.server) as dialog:
            for recipient, expected in INTERNATIONAL:
                with self.subTest(recipient):
                    self.check(dialog, "<a@example.net> SMTPUTF8", f"<{recipient}>", expected)

    def test_arguments(self):
        with Dialog.tls(self.server) as dialog:
            for argument, expected in ARGUMENTS:
                with self.subTest(argument):
                    self.check(dialog, "<a@example.net>", argument, expected)

    def test_open_relay_scan(self):
        self.assertEqual(len(SENDERS) + len(NMAP) - 1, 16)
        with Dialog.tls(self.server) as dialog:
            for sender, (recipient, expected) in itertools.product(SENDERS, NMAP):
                with self.subTest(f"{sender} {recipient}"):
                    self.check(dialog, sender, recipient, expected)

    def test_open_relay_scan_in_clear(self):
        with Dialog.plain(self.server) as dialog:
            for sender, (recipient, _) in itertools.product(SENDERS, NMAP):
                self.assert_refused(dialog.ask(f"MAIL FROM:{sender}"), "530 5.7.0 ", sender)
                self.assert_refused(dialog.ask(f"RCPT TO:{recipient}"), "530 5.7.0 ", recipient)

    def test_whoever_asks(self):
        for helo, sender in PEERS:
            with self.subTest(f"{helo} {sender}"), Dialog.tls(self.server) as dialog:
                dialog.command(f"EHLO {helo}", 250)
                self.check(dialog, sender, "<bob@other.example>", RELAY)

    def test_one_good_recipient_carries_no_other(self):
        refused = [recipient for recipient, _ in DISGUISES]
        with Dialog.tls(self.server) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            for recipient in refused:
                self.assertNotRegex(dialog.ask(f"RCPT TO:<{recipient}>"), "^2", recipient)
            dialog.command("RCPT TO:<@other.example:info@ours.test>", 250, "2.1.5")
            dialog.command("DATA", 354)
            self.assertTrue(dialog.finish(MESSAGE).startswith("250 2.0.0"))
        [path] = self.server.stored()
        self.assertEqual(path.parent, self.server.spool / "ours.test/info/new")
        path.unlink()


if __name__ == "__main__":
    harness.main()
