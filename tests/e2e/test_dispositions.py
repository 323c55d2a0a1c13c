# SPDX-License-Identifier: Apache-2.0
"""What verdicts lead to, of mail without signatures and with the DNS in the configuration."""
import re
import signal

import authres
import authres.dmarc

import harness
from harness import Dialog

RECORDS = ('_dmarc.reject.test TXT "v=DMARC1; p=reject"',
           '_dmarc.junk.test TXT "v=DMARC1; p=quarantine"',
           '_dmarc.none.test TXT "v=DMARC1; p=none"', '_dmarc.pass.test TXT "v=DMARC1; p=reject"',
           'pass.test TXT "v=spf1 ip4:127.0.0.0/8 -all"', harness.NO_DNS)
LISTED = "127.0.2.1"
EXCEPTIONS = f"""
[[auth.dmarc.exception]]
network = "{LISTED}"
until = "9999-12-31"
reason = "a list that breaks signatures"
[[auth.dmarc.exception]]
network = "127.0.2.2"
until = "2020-01-01"
reason = "over"
"""
MAILBOXES = ("ours.test/info", "ours.test/sales")


def dns_table():
    lines = ", ".join(f"'{record}'" for record in RECORDS)
    return f"[dns]\nlocal_data = [{lines}]\n"


def message(author, more=b""):
    return f"From: A <a@{author}>\r\n".encode() + more + b"Subject: x\r\n\r\nx\r\n"


def result(mail, method):
    field = re.search(rb"^Authentication-Results: .*\n(?:[ \t].*\n)*", mail, re.MULTILINE)[0]
    read = authres.FeatureContext(authres.dmarc).parse(field.decode().strip())
    return next(found for found in read.results if found.method == method)


class Dispositions(harness.SharedServer):
    config = dns_table() + EXCEPTIONS
    options = {"domains": harness.DOMAINS.replace(
        'name = "catchall.test"', 'name = "catchall.test"\nspoof_protection = "reject"')}

    def setUp(self):
        self.empty_mailboxes()

    def send(self, content, source=None, sender="a@example.net"):
        """The reply, and the log line of the message."""
        logged = {name: len(self.server.events(name)) for name in ("accept", "reject")}
        with Dialog.tls(self.server, source) as dialog:
            dialog.begin("info@ours.test", "sales@ours.test", sender=sender)
            reply = dialog.finish(content)
        name = "accept" if reply.startswith("250 ") else "reject"
        return reply, self.server.wait_events(name, logged[name] + 1)[-1]

    def assert_delivered(self, folder=""):
        for mailbox in MAILBOXES:
            self.assertEqual(len(self.server.mails(mailbox + folder)), 1)
        self.assertEqual(len([path for path in self.server.stored()
                              if path.name != "maildirfolder"]), len(MAILBOXES))

    def test_refused_as_the_domain_asks(self):
        reply, event = self.send(message("reject.test"))
        self.assertEqual(reply, "550 5.7.1 DMARC: refused as the policy of the From domain asks: "
                                "reject.test")
        self.assertEqual([event[key] for key in ("reason", "dkim", "dmarc", "author", "policy",
                                                 "disposition")],
                         ["dmarc_fail", "none", "fail", "reject.test", "reject", "reject"])
        self.assertNotIn("override", event)
        self.assertEqual(self.server.mails("ours.test/info"), [])

    def test_quarantined_for_every_recipient(self):
        reply, event = self.send(message("junk.test"))
        self.assertRegex(reply, r"^250 2\.0\.0 Ok: queued as ")
        self.assertEqual((event["dmarc"], event["policy"], event["disposition"]),
                         ("fail", "quarantine", "quarantine"))
        self.assert_delivered("/.Junk")
        [mail] = self.server.mails("ours.test/sales/.Junk")
        dmarc = result(mail, "dmarc")
        self.assertEqual((dmarc.result, dmarc.header_from, dmarc.policy),
                         ("fail", "junk.test", "quarantine"))
        self.assertEqual(result(mail, "dkim").result, "none")

    def test_what_is_let_in(self):
        for author, sender, dmarc in (("none.test", "a@example.net", "fail"),
                                      ("other.test", "a@example.net", "none"),
                                      ("pass.test", "a@pass.test", "pass")):
            self.setUp()
            reply, event = self.send(message(author), sender=sender)
            self.assertRegex(reply, "^250 ")
            self.assertEqual((event["dmarc"], event["disposition"]), (dmarc, "deliver"))
            self.assert_delivered()

    def test_an_exception_lets_through_until_its_day(self):
        reply, event = self.send(message("reject.test"), LISTED)
        why = f"from {LISTED}/32, until 9999-12-31: a list that breaks signatures"
        self.assertRegex(reply, "^250 ")
        self.assertEqual((event["disposition"], event["override"]), ("deliver", why))
        self.assert_delivered()
        [mail] = self.server.mails("ours.test/info")
        overrides = [p.value for p in result(mail, "dmarc").properties if p.name == "override"]
        self.assertEqual(overrides, [why])
        self.assertRegex(self.send(message("reject.test"), "127.0.2.2")[0], "^550 5.7.1 ")
        self.assertIn("auth.dmarc.exception.until: the exception has ended", self.server.log())

    def test_a_domain_of_ours_is_guarded(self):
        for author, code in (("catchall.test", "550 5.7.1 .*: catchall.test$"),
                             ("CatchAll.Test", "550 5.7.1 "), ("ours.test", "250 "),
                             ("sub.catchall.test", "250 ")):
            self.assertRegex(self.send(message(author))[0], f"^{code}")
        self.assertRegex(self.send(message("catchall.test"), LISTED)[0], "^550 5.7.1 ")

    def test_faults_of_the_author(self):
        for content, text in ((b"Subject: x\r\n\r\n", "no From field"),
                              (message("a.test", b"From: b@a.test\r\n"), "several From fields"),
                              (b"From: a@a.test, b@b.test\r\n\r\n", "of several domains"),
                              (b"From: a@a.test b\r\n\r\n", "cannot be read"),
                              (b"From: a@[127.0.0.1]\r\n\r\n", "address literal")):
            reply, event = self.send(content, LISTED)
            self.assertRegex(reply, f"^550 5.6.0 .*{text}")
            self.assertEqual((event["dmarc"], event["disposition"]), ("permerror", "reject"))
        self.assertRegex(self.send(b"From: a@a.test, b@a.test\r\n\r\n")[0], "^250 ")


class Changes(harness.TestCase):
    def test_a_reload_is_for_new_sessions(self):
        server = self.start(dns_table() + "[auth.dmarc]\n")

        def reload(line):
            text = server.config_path.read_text(encoding="utf-8")
            server.config_path.write_text(text.partition("[auth.dmarc]\n")[0] + "[auth.dmarc]\n" +
                                          line, encoding="utf-8")
            count = len(server.events("reload"))
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(server.wait_events("reload", count + 1)[-1]["result"], "ok")

        def reply():
            with Dialog.tls(server) as dialog:
                return dialog.deliver(message("reject.test"), "info@ours.test")
        self.assertRegex(reply(), "^550 5.7.1 ")
        reload('on_reject = "quarantine"\nquarantine_folder = "Spam"\n')
        self.assertRegex(reply(), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info/.Spam")), 1)
        reload("enforce = false\n")
        self.assertRegex(reply(), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 1)
        reload(EXCEPTIONS.replace(LISTED, "127.0.0.0/8"))
        self.assertRegex(reply(), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 2)


if __name__ == "__main__":
    harness.main()
