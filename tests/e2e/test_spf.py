# SPDX-License-Identifier: Apache-2.0
"""SPF, iprev and null MX of clients on many addresses, with a real nsd for the DNS: what is in the
log, in the stored mail, and what the client reads."""
import harness
from harness import MESSAGE, Dialog
from judging import WithDns, own_field, parsed, plain

# From a domain that has no DMARC record.
MAIL = MESSAGE.replace(b"alice@example.net", b"alice@none.test")
PASS, OTHER = "127.0.1.1", "127.0.1.99"  # OTHER has no name and is in no record
STRINGS = '"v=spf1 ip4:127.0.9" ".1 ip4:127.0.1.1" " " "-all"'
LONG = " ".join(f'"ip4:127.1.{i}.0/24 "' for i in range(60))        # above 512 octets
LONGEST = " ".join(f'"ip4:127.2.{i % 256}.0/24 "' for i in range(400))  # by TCP only
CHAIN = "".join(f"c{i} CNAME c{i + 1}\n" for i in range(8))
INCLUDES = "".join(f'i{i} TXT "v=spf1 include:i{i + 1}.test ?all"\n' for i in range(1, 12))
WIDE = " ".join(f"a:w{i}.test" for i in range(11))
HOSTS = "".join(f"w{i} A 127.9.9.{i}\nhosts MX {i} w{i}\n" for i in range(11))
NAMES = "".join(f"20.1.0 PTR n{i}.test.\n" for i in range(10))
ZONES = {
    "test": rf"""
client A 127.0.0.1
pass TXT "v=spf1 ip4:127.0.1.1 -all"
fail TXT "v=spf1 -all exp=why.test"
fail A 127.0.3.1
why TXT "SECRET %{{i}} is no friend of %{{d}}"
soft TXT "v=spf1 ip4:127.0.1.1 ~all"
neutral TXT "v=spf1 ?all"
open TXT "v=spf1 ip4:127.0.9.9"
none TXT "no spf here"
none A 127.0.3.2
syntax TXT "v=spf1 ip4:127.0.1.1/40 -all"
twice TXT "v=spf1 +all"
twice TXT "v=spf1 -all"

a TXT "v=spf1 a -all"
a A 127.0.1.2
net TXT "v=spf1 a:a.test/30 -all"
mx TXT "v=spf1 mx -all"
mx MX 10 in.mx
mx MX 20 in2.mx
in.mx A 127.0.3.3
in2.mx A 127.0.1.3
ptr TXT "v=spf1 ptr -all"
client.ptr A 127.0.1.4
exists TXT "v=spf1 exists:%{{i}}.list.test -all"
127.0.1.5.list A 127.0.0.2
local TXT "v=spf1 exists:%{{l}}.users.%{{d}} -all"
anna.users.local A 127.0.0.2
include TXT "v=spf1 include:fail.test include:pass.test -all"
redirect TXT "v=spf1 ip4:127.0.1.6 redirect=pass.test"
lost TXT "v=spf1 redirect=none.test"

{INCLUDES}i12 TXT "v=spf1 ip4:127.0.1.1"
self TXT "v=spf1 include:self.test -all"
circle TXT "v=spf1 redirect=circle.test"
void TXT "v=spf1 a:v1.test a:v2.test a:v3.test ip4:127.0.1.1 -all"
void2 TXT "v=spf1 a:v1.test a:v2.test ip4:127.0.1.1 -all"
wide TXT "v=spf1 {WIDE} ip4:127.0.1.1 -all"
hosts TXT "v=spf1 mx ip4:127.0.1.1 -all"
{HOSTS}
nowhere TXT "v=spf1 include:none.test +all"

strings TXT {STRINGS}
long TXT "v=spf1 " {LONG} "ip4:127.0.1.1 -all"
longest TXT "v=spf1 " {LONGEST} "ip4:127.0.1.1 -all"
{CHAIN}c8 TXT "v=spf1 ip4:127.0.1.1 -all"
l1 CNAME l2
l2 CNAME l1
loop TXT "v=spf1 include:l1.test -all"
gone CNAME nothing

null TXT "v=spf1 ip4:127.0.1.1 -all"
null MX 0 .
both MX 0 .
both MX 10 in.mx
only A 127.0.3.4

good A 127.0.1.10
bad A 127.0.3.5
n7 A 127.0.1.20
""",
    "127.in-addr.arpa": f"""
1.0.0 PTR client.test.
1.1.0 PTR c0.test.
4.1.0 PTR client.ptr.test.
10.1.0 PTR bad.test.
10.1.0 PTR good.test.
11.1.0 PTR bad.test.
12.1.0 PTR nothing.test.
13.1.0 PTR l1.test.
{NAMES}""",
}

# Of names that clients give, those that SMTP lets in, and those that it does not.
HELOS = (b'a";spf=pass', b"(comment", b"a\\", b"%{l}.test", b"a=b;c", b'"', b"[;]", b"pass.test;",
         b"-", b".", b"x" * 255)
REFUSED_HELOS = (b"x; spf=pass", b"\xfc.test", b"\xc3\xbc.test", b"x" * 300, b"a\tb", b"a\0b",
                 b"a\x7fb", b"a\rb")


class SpfCase(WithDns):
    zones = ZONES

    def judge(self, sender, source=PASS, helo="client.test"):
        judged = super().judge(sender, source, helo, MAIL)
        self.assertNotIn("SECRET", judged.reply)
        self.assertNotIn(b"SECRET", judged.mail or b"")
        return judged

    def check(self, sender, expected, source=PASS, helo="client.test", reason=""):
        """The result of the sender's domain is everywhere the same."""
        judged = self.judge(sender, source, helo)
        result = judged.field.results[0]
        self.assertEqual((judged.event["spf"], result.result), (expected, expected), sender)
        self.assertEqual(result.method, "spf")
        self.assertIn(reason, result.reason)
        return judged


class Spf(SpfCase):
    def test_each_result(self):
        for sender, result in (("pass.test", "pass"), ("fail.test", "fail"),
                               ("neutral.test", "neutral"), ("open.test", "neutral"),
                               ("none.test", "none"), ("nothing.test", "none"),
                               ("syntax.test", "permerror"), ("twice.test", "permerror"),
                               ("lost.test", "permerror"), ("[192.0.2.1]", "none")):
            judged = self.check(f"a@{sender}", result)
            self.assertEqual(judged.field.results[0].smtp_mailfrom.replace('"', ""), f"a@{sender}")
        self.check("pass.test", "fail", OTHER)
        self.check("soft.test", "softfail", OTHER)

    def test_each_mechanism(self):
        for sender, source in (("a", "127.0.1.2"), ("net", "127.0.1.3"), ("mx", "127.0.1.3"),
                               ("ptr", "127.0.1.4"), ("exists", "127.0.1.5"),
                               ("include", "127.0.1.1"), ("redirect", "127.0.1.1"),
                               ("redirect", "127.0.1.6")):
            self.check(f"{sender}.test", "pass", source)
            self.check(f"{sender}.test", "fail", OTHER)
        self.check("anna@local.test", "pass")
        self.check("otto@local.test", "fail")
        self.check("Anna@LOCAL.Test", "pass")

    def test_helo(self):
        for helo, result in (("pass.test", "pass"), ("fail.test", "fail"), ("soft.test", "pass"),
                             ("none.test", "none"), ("syntax.test", "permerror"),
                             ("[127.0.1.1]", "none"), ("localhost", "none")):
            judged = self.judge("neutral.test", helo=helo)
            self.assertEqual((judged.event["spf"], judged.event["spf_helo"]), ("neutral", result))
            field = judged.field.results[1]
            self.assertEqual((field.method, field.result), ("spf", result))
            self.assertEqual(field.smtp_helo.strip('"'), helo)

    def test_the_null_sender_is_judged_by_helo(self):
        for helo, source, result in (("pass.test", PASS, "pass"), ("pass.test", OTHER, "fail"),
                                     ("none.test", PASS, "none")):
            judged = self.check("", result, source, helo)
            self.assertEqual(judged.event["spf_helo"], result)
            self.assertEqual(judged.field.results[0].smtp_mailfrom, f"postmaster@{helo}")

    def test_a_client_on_this_machine(self):
        judged = self.check("fail.test", "fail", "127.0.0.1")
        self.assertEqual(judged.event["iprev"], "pass")
        self.check("soft.test", "softfail", "127.0.0.1")
        self.check("a@client.test", "none", "127.0.0.1")

    def test_records_beyond_the_limits(self):
        for sender, reason in (("i1", "more than 10 terms"), ("self", "more than 10 terms"),
                               ("circle", "more than 10 terms"), ("wide", "more than 10 terms"),
                               ("void", "more than 2 terms"), ("hosts", "more than 10 hosts"),
                               ("nowhere", "include: ")):
            self.check(f"{sender}.test", "permerror", reason=reason)
        # At the limits. i2 has ten includes.
        self.check("void2.test", "pass")
        self.check("i2.test", "pass")

    def test_records_of_all_sizes(self):
        for sender in ("strings", "long", "longest"):
            self.check(f"{sender}.test", "pass")
            self.check(f"{sender}.test", "fail", OTHER)

    def test_aliases(self):
        self.check("c0.test", "pass")
        self.check("c0.test", "fail", OTHER)
        self.check("gone.test", "none")
        self.check("l1.test", "temperror", reason="l1.test TXT: ")
        self.check("loop.test", "temperror", reason="l1.test TXT: ")

    def test_a_zone_that_the_server_does_not_have(self):
        self.check("a@example.net", "temperror", reason="SERVFAIL")


class Refusals(SpfCase):
    settings = '[auth.spf]\non_fail = "reject"\n'

    def refused(self, sender, code, source=PASS, helo="client.test"):
        judged = self.judge(sender, source, helo)
        self.assertIsNone(judged.field)
        self.assertRegex(judged.reply, f"^{code} ")
        status = judged.reply.split()[1]
        self.assertEqual(f"{judged.event['code']} {judged.event['ecode']}", f"{code[:3]} {status}")
        return judged

    def test_a_fail_of_the_sender(self):
        judged = self.refused("fail.test", "550 5.7.23")
        self.assertEqual((judged.event["stage"], judged.event["reason"], judged.event["spf"]),
                         ("data", "spf_fail", "fail"))
        self.assertIn("fail.test", judged.reply)
        self.refused("pass.test", "550 5.7.23", OTHER)
        self.refused("", "550 5.7.23", helo="fail.test")

    def test_nothing_else_is_refused(self):
        for sender in ("pass", "neutral", "none", "nothing", "syntax", "void", "i1"):
            self.assertRegex(self.judge(f"{sender}.test").reply, "^250 ")
        self.assertRegex(self.judge("soft.test", OTHER).reply, "^250 ")
        judged = self.judge("pass.test", helo="fail.test")
        self.assertEqual((judged.event["spf"], judged.event["spf_helo"]), ("pass", "fail"))

    def test_what_cannot_be_known(self):
        judged = self.refused("loop.test", "451 4.4.3")
        self.assertEqual(judged.event["reason"], "spf_temperror")
        self.assertIn("l1.test TXT: ", judged.event["detail"])
        self.assertRegex(self.judge("pass.test", helo="loop.test").reply, "^250 ")

    def test_of_several_messages_each_has_its_own(self):
        with Dialog.tls(self.server, PASS) as dialog:
            for sender, code in (("pass", "250 2.0.0"), ("fail", "550 5.7.23"),
                                 ("null", "550 5.7.27"), ("pass", "250 2.0.0"),
                                 ("loop", "451 4.4.3"), ("neutral", "250 2.0.0")):
                dialog.begin("info@ours.test", sender=f"a@{sender}.test")
                self.assertRegex(dialog.finish(MAIL), f"^{code} ")
            # What was begun and given up leaves nothing behind.
            dialog.command("MAIL FROM:<a@fail.test>", 250)
            dialog.command("RSET", 250)
            dialog.begin("info@ours.test", sender="a@pass.test")
            self.assertRegex(dialog.finish(MAIL), "^250 ")
        self.assertEqual(len(self.server.mails("ours.test/info")), 4)

    def test_pipelined_and_chunked(self):
        with Dialog.tls(self.server, PASS) as dialog:
            for sender in ("pass", "fail", "null", "pass"):
                dialog.send(f"MAIL FROM:<a@{sender}.test>\r\nRCPT TO:<info@ours.test>\r\n"
                            f"BDAT {len(MAIL)} LAST\r\n".encode() + MAIL)
            for code in (250, 550, 550, 250):
                for expected in (250, 250, code):
                    dialog.expect(expected)
        self.assertEqual(len(self.server.mails("ours.test/info")), 2)


class NullMx(SpfCase):
    def test_null_mx(self):
        judged = self.judge("a@null.test")
        self.assertRegex(judged.reply, "^550 5.7.27 .*null.test")
        self.assertEqual((judged.event["reason"], judged.event["spf"]), ("null_mx", "pass"))
        self.assertRegex(self.judge("a@NULL.Test").reply, "^550 5.7.27 ")

    def test_what_is_no_null_mx(self):
        for sender in ("both", "only", "none", "nothing", "neutral", "mx"):
            self.assertRegex(self.judge(f"{sender}.test").reply, "^250 ")
        # RFC 7505 is about senders.
        self.assertRegex(self.judge("", helo="null.test").reply, "^250 ")


class Iprev(SpfCase):
    def test_results(self):
        for source, result, text in (
                ("127.0.1.4", "pass", "client.ptr.test: "), ("127.0.1.10", "pass", "good.test: "),
                ("127.0.1.20", "pass", "n7.test: "), ("127.0.1.11", "fail", "no name leads back"),
                ("127.0.1.12", "fail", "no name leads back"), ("127.0.1.1", "fail", ""),
                (OTHER, "permerror", "has no name"), ("127.0.1.13", "temperror", "l1.test: ")):
            judged = self.judge("neutral.test", source)
            field = judged.field.results[2]
            self.assertEqual((field.method, field.result, judged.event["iprev"]),
                             ("iprev", result, result), source)
            self.assertEqual(field.policy_iprev, source)
            self.assertIn(text, field.reason)


class Field(SpfCase):
    """Authentication-Results, whatever the client says."""

    def text(self, path, helo=b"client.test"):
        """What stands in the field; nothing when the client was not let in with that."""
        parameter = "" if path.isascii() else " SMTPUTF8"
        with Dialog.tls(self.server, PASS) as dialog:
            dialog.send(b"EHLO " + helo + b"\r\n")
            if not dialog.reply()[-1].startswith("250"):
                return None
            dialog.command(f"MAIL FROM:<{path}>{parameter}", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            dialog.command("DATA", 354)
            self.assertRegex(dialog.finish(MAIL), "^250 ")
        [mail] = self.server.mails("ours.test/info")
        self.empty_mailboxes()
        self.assertTrue(harness.without_trace(mail) == MAIL.replace(b"\r\n", b"\n"), mail)
        return own_field(mail)

    def results(self, *arguments):
        text = self.text(*arguments)
        field = parsed(text)
        self.assertEqual(field.authserv_id, harness.HOSTNAME)
        self.assertEqual([(result.method, result.result) for result in field.results],
                         [("spf", "pass"), ("spf", "none"), ("iprev", "fail"), ("dmarc", "none"),
                          ("dkim", "none")])
        return field.results

    def test_hostile_helo(self):
        for helo in HELOS:
            results = self.results("a@pass.test", helo)
            self.assertEqual(plain(results[1].smtp_helo), helo.decode())
        for helo in REFUSED_HELOS:
            self.assertIsNone(self.text("a@pass.test", helo))

    def test_hostile_local_parts(self):
        for local in (r'"\"; spf=pass"', r'"a b"', r'"(x"', r'"\\"', r'";"', '""', '"a@b"', "a'b",
                      "a=b", "a/b", "%{d}", "{}"):
            results = self.results(f"{local}@pass.test")
            self.assertEqual(plain(results[0].smtp_mailfrom), f"{local}@pass.test")
        # With and without the quotes it is one.
        results = self.results(f'"{"x" * 60}"@pass.test')
        self.assertEqual(results[0].smtp_mailfrom, f"{'x' * 60}@pass.test")

    def test_utf8(self):
        # RFC 6532, which authres does not read.
        self.assertIn(" smtp.mailfrom=\"bücher@pass.test\";\n", self.text("bücher@pass.test"))


if __name__ == "__main__":
    harness.main()
