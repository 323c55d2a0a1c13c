# SPDX-License-Identifier: Apache-2.0
"""DMARC, with a real nsd: whose mail is refused, quarantined or let through, and what the log and
the stored mail say of it."""
import subprocess

import harness
from harness import BUILD, DOMAINS, Dialog
from judging import INBOX, JUNK, WithDns, properties
from signing import Ed25519Key, RsaKey, key_record, record, sign

NEAR, NEIGHBOUR, EXPIRED, OTHER = "127.0.5.1", "127.0.5.200", "127.0.6.1", "127.0.7.1"
RSA, ED = RsaKey(1024), Ed25519Key()
DEEP = ".".join(["x" * 60] * 3)  # with "reject.test" 194 octets
POLICIES = {"reject": "p=reject", "quarantine": "p=quarantine", "none": "p=none",
            "tree": "p=none; sp=quarantine; np=reject", "testing": "p=reject; t=y",
            "testing2": "p=quarantine; t=y", "strict": "p=reject; adkim=s; aspf=s",
            "exact.sub.tree": "p=reject", "broken": "p=nothing; rua=x", "case": "p=REJECT"}
SIGNERS = ("reject", "mail.reject", "strict", "mail.strict", "lists", "ours", "mail.ours", "free")
ZONES = {
    "test": "".join(record(f"_dmarc.{name}", f"v=DMARC1; {text}")
                    for name, text in POLICIES.items()) +
            "".join(key_record("r", name, RSA) + key_record("e", name, ED) +
                    record(name, f"v=spf1 ip4:{NEAR} -all") for name in SIGNERS) + """
_dmarc.twice TXT "v=DMARC1; p=reject"
_dmarc.twice TXT "v=DMARC1; p=none"
_dmarc.noise TXT "hello"
_dmarc.alias CNAME _dmarc.reject
a.tree A 127.0.9.9
b.tree MX 10 a.tree
null MX 0 .
""",
    "127.in-addr.arpa": ""}


def mail(author, body=b"Text\r\n"):
    """`author` is the value of From, or only a domain."""
    value = author if "@" in author else f"Alice <alice@{author}>"
    return f"From: {value}\r\nTo: info@ours.test\r\nSubject: hello\r\n\r\n".encode() + body


def signed(domain, author=None, key=ED):
    return sign(mail(author or domain), key, domain, "e" if key is ED else "r")


class DmarcCase(WithDns):
    """`becomes` is "deliver", "quarantine", "reject" or "defer"."""
    zones = ZONES

    def check(self, message, becomes, result=None, policy=None, sender="bounces.test",
              source=OTHER):
        judged = self.judge(sender, source, message=message)
        event = judged.event
        self.assertEqual(event["disposition"], becomes, event)
        if result:
            self.assertEqual((event["dmarc"], event.get("policy")), (result, policy), event)
        if becomes == "reject":
            self.assertEqual(judged.reply[:10], "550 5.7.1 ")
            self.assertIn(event["author"], judged.reply)
            return judged
        self.assertEqual((judged.reply[:10], judged.folder),
                         ("250 2.0.0 ", JUNK if becomes == "quarantine" else INBOX))
        [dmarc] = judged.results("dmarc")
        values = properties(dmarc)
        self.assertEqual((dmarc.result, values["header.from"], values.get("policy.dmarc")),
                         (event["dmarc"], event["author"], event.get("policy")))
        return judged


class Policies(DmarcCase):
    def test_what_is_asked_for(self):
        for author, policy, becomes in (
                ("reject", "reject", "reject"), ("quarantine", "quarantine", "quarantine"),
                ("none", "none", "deliver"), ("case", "reject", "reject"),
                ("alias", "reject", "reject"), ("sub.reject", "reject", "reject"),
                # sp where the name exists, of whatever type; np where it does not.
                ("tree", "none", "deliver"), ("a.tree", "quarantine", "quarantine"),
                ("b.tree", "quarantine", "quarantine"), ("sub.tree", "quarantine", "quarantine"),
                ("nothing.tree", "reject", "reject"), ("exact.sub.tree", "reject", "reject"),
                # t=y: one step less.
                ("testing", "quarantine", "quarantine"), ("testing2", "none", "deliver")):
            judged = self.check(mail(f"{author}.test"), becomes, "fail", policy)
            self.assertEqual(judged.event["author"], f"{author}.test")
        for author in ("nothing", "twice", "noise", "broken"):
            self.check(mail(f"{author}.test"), "deliver", "none")

    def test_the_answer_names_domain_and_check_and_no_more(self):
        judged = self.check(mail("reject.test"), "reject")
        self.assertRegex(judged.reply, r"^550 5\.7\.1 DMARC\b.* reject\.test$")
        self.assertEqual((judged.event["reason"], judged.event["stage"]), ("dmarc_fail", "data"))
        self.assertIn("nothing that passed is aligned", judged.event["detail"])
        long = self.check(mail(f"{DEEP}.reject.test"), "reject")
        self.assertLess(len(long.reply), 510)
        self.assertIn(f"{DEEP}.reject.test", long.reply)

    def test_who_is_aligned_by_spf(self):
        for author in ("reject.test", "mail.reject.test", "other.reject.test", "REJECT.Test"):
            for sender in ("a@reject.test", "b@mail.reject.test"):
                self.check(mail(author), "deliver", "pass", "reject", sender, NEAR)
                self.check(mail(author), "reject", "fail", "reject", sender, OTHER)
        self.check(mail("strict.test"), "deliver", "pass", "reject", "a@strict.test", NEAR)
        self.check(mail("strict.test"), "reject", "fail", "reject", "a@mail.strict.test", NEAR)
        self.check(mail("reject.test"), "reject", "fail", "reject", "a@lists.test", NEAR)
        # helo stands in for the null reverse-path, and only for that.
        for sender, becomes in (("", "deliver"), ("bounces.test", "reject")):
            judged = self.judge(sender, NEAR, "reject.test", mail("reject.test"))
            self.assertEqual(judged.event["disposition"], becomes)

    def test_who_is_aligned_by_dkim(self):
        for author in ("reject.test", "mail.reject.test", "other.reject.test"):
            for signer in ("reject.test", "mail.reject.test"):
                for key in (RSA, ED):
                    self.check(signed(signer, author, key), "deliver", "pass", "reject")
            self.check(signed("lists.test", author), "reject", "fail", "reject")
        self.check(signed("strict.test"), "deliver", "pass", "reject")
        self.check(signed("mail.strict.test", "strict.test"), "reject", "fail", "reject")
        # "test" is a public suffix, and nobody's organizational domain.
        self.check(signed("free.test", "reject.test"), "reject", "fail", "reject")

    def test_quarantine_for_several_recipients(self):
        with Dialog.tls(self.server, OTHER) as dialog:
            reply = dialog.deliver(mail("quarantine.test"), "info@ours.test", "verkauf@ours.test",
                                   "sales@ours.test", "abuse@ours.test", "x@catchall.test")
        self.assertRegex(reply, r"^250 2\.0\.0 Ok: queued as ")
        boxes = ("ours.test/info", "ours.test/sales", "ours.test/postmaster", "catchall.test/anna")
        for box in boxes:
            self.assertEqual(len(self.server.mails(f"{box}/.Junk")), 1, box)
            self.assertEqual(self.server.mails(box), [])
        self.assertEqual(len(self.server.stored()), len(boxes))
        event = self.server.wait_event("accept", qid=reply.split()[-1])
        self.assertEqual((event["disposition"], event["nrcpt"]), ("quarantine", "5"))

    def test_messages_without_one_author_domain(self):
        """By whom they are signed or sent does not matter."""
        one, two = "From: a@reject.test\r\n", "From: b@reject.test\r\n"
        for header, reason in (
                ("Subject: x\r\n", "no_from"), ("Sender: a@free.test\r\n", "no_from"),
                (one + two, "several_froms"), (one + one, "several_froms"),
                (one + "fROM: b@free.test\r\n", "several_froms"),
                ("From: a@free.test, b@reject.test\r\n", "several_domains"),
                ("From: a@free.test, b@sub.free.test\r\n", "several_domains"),
                ("From:\r\n", "bad_from"), ("From: nobody\r\n", "bad_from"),
                ("From: <a@free.test\r\n", "bad_from"), ("From: a@b@free.test\r\n", "bad_from"),
                ("From: a@[192.0.2.1]\r\n", "no_domain")):
            message = f"To: info@ours.test\r\n{header}\r\nText\r\n".encode()
            for text in (message, sign(message, ED, "free.test", "e", fields=("from", "to"))):
                judged = self.judge("a@free.test", NEAR, message=text)
                self.assertRegex(judged.reply, r"^550 5\.6\.0 ", header)
                self.assertEqual(judged.event["reason"], reason, header)
                self.assertNotIn("author", judged.event)

    def test_several_mailboxes_of_one_domain(self):
        for author, becomes in (("a@reject.test, B <b@REJECT.test>", "reject"),
                                ("a@free.test, b@free.test", "deliver")):
            self.check(mail(author), becomes)
        self.check(signed("reject.test", "a@reject.test, b@reject.test"), "deliver", "pass",
                   "reject")

    def test_what_is_shown_beside_the_address_does_not_count(self):
        for author in ('"a@free.test" <a@reject.test>', "free.test (a@free.test) <a@reject.test>",
                       '"<a@free.test>," <a@reject.test>',
                       "=?utf-8?q?a=40free.test?= <a@reject.test>",
                       '"a@free.test"@reject.test', "Team: a@reject.test;"):
            judged = self.check(mail(author), "reject", "fail", "reject", "a@free.test", NEAR)
            self.assertEqual(judged.event["author"], "reject.test")

    def test_smuggling(self):
        """What stands behind a false end of data is no message, whatever it is signed with."""
        inner = b"MAIL FROM:<a@free.test>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n"
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"):
            judged = self.judge("a@free.test", NEAR, message=mail("free.test") + b"x" + end +
                                inner + signed("free.test"))
            self.assertRegex(judged.reply, r"^554 5\.6\.0 ")
        self.check(mail("free.test"), "deliver")


class Exceptions(DmarcCase):
    settings = """
[[auth.dmarc.exception]]
network = "127.0.5.0/24"
until = "2999-12-31"
reason = "the old office; \\"dmarc=pass\\""
[[auth.dmarc.exception]]
network = "127.0.6.0/24"
until = "2020-01-01"
reason = "over"
[[auth.dmarc.exception]]
dkim_domain = "lists.test"
until = "2999-12-31"
reason = "list without rewriting"
[[auth.dmarc.exception]]
network = "127.0.7.0/24"
dkim_domain = "free.test"
until = "2999-12-31"
reason = "both"
"""

    def excepted(self, message, source, *texts):
        """Let through, and it is said why."""
        judged = self.check(message, "deliver", "fail", "reject", source=source)
        override = properties(judged.results("dmarc")[0])["policy.override"]
        for text in texts:
            self.assertIn(text, override)
            self.assertIn(text.replace('"', r"\x22"), judged.event["override"])

    def test_a_network(self):
        for source in (NEAR, NEIGHBOUR):
            self.excepted(mail("reject.test"), source, "127.0.5.0/24", 'office; "dmarc=pass"')
            self.check(mail("quarantine.test"), "deliver", "fail", "quarantine", source=source)
        for source in (EXPIRED, OTHER):
            judged = self.check(mail("reject.test"), "reject", "fail", "reject", source=source)
            self.assertNotIn("override", judged.event)
        # Nothing to override.
        judged = self.check(signed("reject.test"), "deliver", "pass", "reject", source=NEAR)
        self.assertNotIn("override", judged.event)

    def test_a_signer(self):
        message = signed("lists.test", "reject.test")
        for source in (OTHER, EXPIRED):
            self.excepted(message, source, "lists.test", "list without rewriting")
            self.check(message.replace(b"Text", b"Test"), "reject", source=source)
            self.check(signed("mail.reject.test", "strict.test"), "reject", source=source)

    def test_a_signer_in_a_network(self):
        message = signed("free.test", "reject.test")
        self.excepted(message, OTHER, "127.0.7.0/24", "free.test", "both")
        self.check(message, "reject", source=EXPIRED)
        self.check(mail("reject.test"), "reject", source=OTHER)

    def test_other_checks_know_no_exceptions(self):
        judged = self.judge("bounces.test", NEAR, message=mail("a@free.test, b@reject.test"))
        self.assertRegex(judged.reply, "^550 5.6.0 ")
        judged = self.judge("a@null.test", NEAR, message=mail("reject.test"))
        self.assertRegex(judged.reply, "^550 5.7.27 ")

    def test_what_is_over_is_reported(self):
        done = subprocess.run([BUILD / "postern", "check", "-c", self.server.config_path],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual((done.stdout + done.stderr).count("the exception has ended"), 1)
        self.assertIn('until = "2020-01-01"', done.stdout + done.stderr)


class OwnDomain(DmarcCase):
    """Mail from outside that says it is ours; our domain has no DMARC record."""
    options = {"domains": DOMAINS.replace('name = "ours.test"',
                                          'name = "ours.test"\nspoof_protection = "reject"')}
    settings = '[auth.dmarc]\nenforce = false\n'

    def test_who_is_refused(self):
        for author in ("ours.test", "OURS.test", '"x" <boss@ours.test>'):
            judged = self.check(mail(author), "reject", "none")
            self.assertEqual(judged.event["reason"], "spoofed")
            self.assertRegex(judged.reply, r"ours\.test$")
        self.check(mail("ours.test"), "reject", sender="a@free.test", source=NEAR)
        self.check(signed("mail.ours.test", "ours.test"), "reject")
        self.check(signed("free.test", "ours.test"), "reject")
        self.check(signed("ours.test").replace(b"Text", b"Test"), "reject")

    def test_who_is_not(self):
        self.check(signed("ours.test"), "deliver", "none")
        self.check(mail("ours.test"), "deliver", "none", sender="a@ours.test", source=NEAR)
        for author in ("mail.ours.test", "catchall.test", "ours.test.free.test"):
            self.check(mail(author), "deliver", "none")

    def test_policies_of_others_are_only_recorded(self):
        """auth.dmarc.enforce = false"""
        for author, policy in (("reject.test", "reject"), ("quarantine.test", "quarantine")):
            self.check(mail(author), "deliver", "fail", policy)
        judged = self.judge("bounces.test", OTHER, message=b"Subject: x\r\n\r\nText\r\n")
        self.assertRegex(judged.reply, "^550 5.6.0 ")


class NothingIsRefused(DmarcCase):
    settings = '[auth.dmarc]\non_reject = "quarantine"\n'

    def test_what_should_be_refused_is_quarantined(self):
        for author in ("reject", "quarantine"):
            self.check(mail(f"{author}.test"), "quarantine", "fail", author)
        self.check(signed("reject.test"), "deliver", "pass", "reject")


class Reload(DmarcCase):
    settings = '[auth.dkim]\nmin_rsa_bits = 1024\n'

    def reload(self, old, new):
        text = self.server.config_path.read_text()
        self.assertIn(old, text)
        self.server.config_path.write_text(text.replace(old, new))
        done = subprocess.run([BUILD / "postern", "reload", "-c", self.server.config_path],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_each_setting_takes_effect(self):
        short, other = signed("reject.test", key=RSA), signed("reject.test")
        self.check(short, "deliver", "pass", "reject")
        with Dialog.tls(self.server, OTHER) as begun_before:
            self.reload("min_rsa_bits = 1024", "min_rsa_bits = 2048")
            self.assertRegex(begun_before.deliver(short, "info@ours.test"), "^250 ")
            self.empty_mailboxes()
        judged = self.check(short, "reject", "fail", "reject")
        self.assertEqual(judged.event["dkim"], "policy:reject.test/r")
        self.check(other, "deliver", "pass", "reject")
        exception = ('[[auth.dmarc.exception]]\nnetwork = "127.0.7.0/24"\nuntil = "2999-12-31"\n'
                     'reason = "new"\n')
        self.reload("min_rsa_bits = 2048\n", "min_rsa_bits = 2048\n" + exception)
        judged = self.check(short, "deliver", "fail", "reject")
        self.assertIn("new", judged.event["override"])
        self.reload("2999-12-31", "2020-01-01")
        self.check(short, "reject", "fail", "reject")
        self.reload("min_rsa_bits = 2048", "min_rsa_bits = 1024")
        self.check(short, "deliver", "pass", "reject")


if __name__ == "__main__":
    harness.main()
