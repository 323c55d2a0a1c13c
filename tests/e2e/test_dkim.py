# SPDX-License-Identifier: Apache-2.0
"""Mail signed by dkimpy, with a real nsd for the keys: the verdicts in the log and in the stored
mail, and what becomes of it where the domain of From refuses what does not pass."""
import random
import threading
import time

import harness
from dns_server import SERVERS_FOR_LONG, DnsServer, answer, txt
from harness import stuffed
from judging import WithDns, judge, own_field, properties
from signing import Ed25519Key, RsaKey, key_record, record, sign, signer

FIRST, SECOND, OTHER = "127.0.6.1", "127.0.6.2", "127.0.7.1"
KEYS = {"r1": RsaKey(1024), "r2": RsaKey(2048), "r4": RsaKey(4096), "e": Ed25519Key()}
ALGORITHMS = {name: key.algorithm for name, key in KEYS.items()}
LINE = b"a line of text with blanks in it and seventy octets all in all, as is.\r\n"[-70:]
LONG = "v=DKIM1; n=" + "x" * 1500 + KEYS["r2"].record().removeprefix("v=DKIM1")  # by TCP only
POLICY = record("_dmarc.signed", "v=DMARC1; p=reject")


def zone(*domains):
    """The keys of each: the good ones, and others."""
    return "".join(
        "".join(key_record(name, domain, key) for name, key in KEYS.items()) +
        key_record("short", domain, RsaKey(1023)) +
        record(f"revoked._domainkey.{domain}", "v=DKIM1; p=") +
        record(f"service._domainkey.{domain}", KEYS["r1"].record() + "; s=tlsrpt") +
        record(f"strict._domainkey.{domain}", KEYS["r1"].record() + "; t=s") +
        record(f"tests._domainkey.{domain}", KEYS["r1"].record() + "; t=y") +
        record(f"sha1._domainkey.{domain}", KEYS["r1"].record() + "; h=sha1") +
        record(f"twice._domainkey.{domain}", KEYS["r1"].record()) +
        record(f"twice._domainkey.{domain}", KEYS["r2"].record()) +
        record(f"noise._domainkey.{domain}", "v=spf1 -all") for domain in domains)


ZONES = {"test": zone("signed", "free", "xn--bcher-kva") + POLICY +
                 record("_dmarc.xn--bcher-kva", "v=DMARC1; p=reject") +
                 "alias._domainkey.signed CNAME r2.keys.example.\n"
                 "chain._domainkey.signed CNAME c1\nc1 CNAME c2\nc2 CNAME e._domainkey.free\n"
                 "lost._domainkey.signed CNAME nothing.keys.example.\n"
                 "loop._domainkey.signed CNAME loop2._domainkey.signed\n"
                 "loop2._domainkey.signed CNAME loop._domainkey.signed\n" +
                 key_record("pieces", "signed", KEYS["r2"], size=7) +
                 record("long._domainkey.signed", LONG),
         "keys.example": record("r2", KEYS["r2"].record()),
         "127.in-addr.arpa": ""}


def text(domain="signed.test", body=b"First line\r\n.dot line\r\n\r\nLast line\r\n", above=b""):
    return (above + f"From: Alice <alice@{domain}>\r\nTo: info@ours.test\r\nSubject: hello\r\n"
            f"Message-ID: <1@{domain}>\r\n\r\n".encode() + body)


def signed(selector="r2", key=None, domain="signed.test", message=None, **options):
    return sign(message or text(domain), key or KEYS[selector], domain, selector, **options)


def by_hand(tags, key=None, domain="signed.test", selector="r1"):
    """What dkimpy does not sign."""
    field = ("DKIM-Signature: v=1; a={a}; c=relaxed/relaxed; " + f"d={domain}; s={selector}; "
             + tags + "; h=from:to; bh={bh};\r\n b={b}")
    return signer.sign(text(domain), key or KEYS["r1"], field)


def in_chunks(message, sizes):
    """Sends it by BDAT; the last answer."""
    def finish(dialog):
        rest, count = message, 0
        while rest:
            chunk, rest = rest[:(size := next(sizes))], rest[size:]
            dialog.send(b"BDAT %d%s\r\n" % (len(chunk), b"" if rest else b" LAST") + chunk)
            count += 1
        return [dialog.reply()[-1] for _ in range(count)][-1]
    return finish


class Dkim(WithDns):
    zones = ZONES
    settings = '[smtp]\nmax_message_size = "25M"\n'

    def passes(self, message, *selectors, source=FIRST, domain="signed.test", **options):
        """By DKIM alone: SPF knows nothing of bounces.test."""
        judged = self.judge("bounces.test", source, message=message, **options)
        self.assertRegex(judged.reply, "^250 ")
        self.assertEqual(judged.signatures(), [("pass", domain, name) for name in selectors])
        [dmarc] = judged.results("dmarc")
        self.assertEqual((dmarc.result, properties(dmarc)["header.from"]), ("pass", domain))
        self.assertEqual({name: judged.event.get(name) for name in
                          ("dkim", "dmarc", "author", "policy", "disposition")},
                         {"dkim": ",".join(f"pass:{domain}/{name}" for name in selectors),
                          "dmarc": "pass", "author": domain, "policy": "reject",
                          "disposition": "deliver"})
        self.assertEqual((judged.event["spf"], judged.folder), ("none", ""))
        return judged

    def fails(self, make, result, reason):
        """The same signature where nobody asks for anything, and where forgeries are refused."""
        free = self.judge("bounces.test", FIRST, message=make("free.test"))
        self.assertEqual((free.reply[:4], free.event["dmarc"]), ("250 ", "none"))
        [verdict] = free.results("dkim")
        self.assertEqual((verdict.result, verdict.reason.partition(":")[0]), (result, reason))
        forged = self.judge("bounces.test", FIRST, message=make("signed.test"))
        self.assertRegex(forged.reply, "^550 5.7.1 .*DMARC.*signed.test")
        self.assertEqual(forged.event["dkim"], free.event["dkim"].replace("free", "signed"))
        self.assertEqual([forged.event[name] for name in ("reason", "dmarc", "author", "policy")],
                         ["dmarc_fail", "fail", "signed.test", "reject"])

    def test_each_algorithm(self):
        for selector in KEYS:
            for source in (FIRST, SECOND, OTHER):
                judged = self.passes(signed(selector), selector, source=source)
            values = properties(judged.results("dkim")[0])
            self.assertEqual(values["header.a"], ALGORITHMS[selector])
            self.assertEqual(values["header.i"], "@signed.test")

    def test_several_signatures(self):
        both = signed("e", message=signed("r2"))
        judged = self.passes(both, "e", "r2")
        self.assertEqual([properties(one)["header.a"] for one in judged.results("dkim")],
                         ["ed25519-sha256", "rsa-sha256"])
        # What passed comes first, wherever it stood, and one bad signature spoils nothing.
        bad = sign(both, KEYS["r1"], "signed.test", "nokey")
        judged = self.judge("bounces.test", FIRST, message=bad)
        self.assertEqual(judged.signatures(), [("pass", "signed.test", "e"),
                                               ("pass", "signed.test", "r2"),
                                               ("permerror", "signed.test", "nokey")])
        # Of the same selector they are told apart by the beginning of b=.
        twice = self.passes(signed("r2", message=signed("r2", fields=("from",))), "r2", "r2")
        starts = {properties(one)["header.b"] for one in twice.results("dkim")}
        self.assertEqual(len(starts), 2)

    def test_canonicalizations(self):
        for header in (b"simple", b"relaxed"):
            for body in (b"simple", b"relaxed"):
                self.passes(signed(canonicalize=(header, body)), "r2")
                for odd in (b"", b"\r\n", b"\r\n\r\n", b" \t\r\n", b".\r\n", b"no end"):
                    message = signed(message=text(body=odd), canonicalize=(header, body))
                    self.passes(message, "r2", finish=in_chunks(message, sizes=iter([1 << 20])))
        # Relaxed forgives what mail servers on the way do to white space.
        message = signed(message=text(body=b"two  words \r\n\r\n"), canonicalize=(b"relaxed",) * 2)
        self.passes(message.replace(b"Subject: hello", b"SUBJECT:\r\n  hello ").replace(
            b"two  words ", b"two words"), "r2")

    def test_where_keys_lie(self):
        for selector, key in (("alias", "r2"), ("pieces", "r2"), ("long", "r2"), ("chain", "e")):
            self.passes(signed(selector, KEYS[key]), selector)

    def test_altered_on_the_way(self):
        body, header = "the body is not the one that was signed", "the signature does not match"
        for old, new, reason in ((b"First line", b"First Line", body),
                                 (b"Last line\r\n", b"Last line\r\n--\r\nAd\r\n", body),
                                 (b"Subject: hello", b"Subject: hello!", header),
                                 (b"info@ours.test\r\n", b"sales@ours.test\r\n", header),
                                 (b"alice@", b"bob@", header)):
            self.fails(lambda domain, old=old, new=new: signed(domain=domain).replace(old, new),
                       "fail", reason)
        self.fails(lambda domain: signed("r2", KEYS["r1"], domain), "fail", header)
        # Whoever signs names that are not there has nobody add them.
        self.fails(lambda domain: b"Reply-To: evil@bounces.test\r\n" + signed(
            domain=domain, fields=("from", "to", "reply-to")), "fail", header)

    def test_what_a_signature_leaves_open(self):
        for tags, result, reason in (
                ("x=1700000000; t=1600000000", "policy", "the signature has expired"),
                ("t=4000000000", "policy", "the signature is from the future"),
                ("i=@elsewhere.test", "permerror", "i= is not within d="),
                ("l=5", "policy", "l= leaves a part of the body unsigned")):
            self.fails(lambda domain, tags=tags: by_hand(tags, domain=domain), result, reason)
        # An appended body, by what l= permits.
        self.fails(lambda domain: signed(message=text(domain), domain=domain, length=True) +
                   b"An advertisement\r\n", "policy", "l= leaves a part of the body unsigned")
        self.passes(signed(length=True), "r2")

    def test_keys_that_do_not_serve(self):
        short = RsaKey(1023)
        for selector, key, result, reason in (
                ("short", short, "policy", "the key is too short"),
                ("revoked", KEYS["r1"], "permerror", "the key is revoked"),
                ("service", KEYS["r1"], "permerror", "the key is for other services"),
                ("sha1", KEYS["r1"], "permerror", "the key is for other hashes"),
                ("twice", KEYS["r1"], "permerror", "there are several keys"),
                ("noise", KEYS["r1"], "permerror", "the key is of a version that we do not know"),
                ("nothing", KEYS["r1"], "permerror", "there is no key"),
                ("e", KEYS["r1"], "permerror", "the key is for another algorithm")):
            self.fails(lambda domain, selector=selector, key=key:
                       by_hand("t=1", key, domain, selector), result, reason)

    def test_large_messages(self):
        """Above 1 MiB deliver collects the body while it comes."""
        for mebibytes, selector in ((5, "e"), (20, "r2")):
            message = signed(selector, message=text(body=LINE * (mebibytes * 1024 * 1024 // 70)))
            judged = self.passes(message, selector)
            self.assertTrue(harness.without_trace(judged.mail) == message.replace(b"\r\n", b"\n"))
            # One octet of the last line.
            altered = self.judge("bounces.test", FIRST, message=message[:-3] + b"x\r\n")
            self.assertRegex(altered.reply, "^550 5.7.1 ")
            self.assertEqual(altered.event["dkim"], f"fail:signed.test/{selector}")

    def test_chunks(self):
        generator = random.Random(6376)
        message = signed("e", message=signed("r2"))
        border = message.index(b"\r\n\r\n") + 2
        for sizes in ([1] * len(message), [border, 2, 10000], [border + 1, 10000],
                      [generator.randrange(0, 90) for _ in range(len(message))]):
            self.passes(message, "e", "r2", finish=in_chunks(message, iter(sizes)))
        large = signed("e", message=text(body=LINE * 60000))
        self.passes(large, "e", finish=in_chunks(large, iter([70001] * 100)))
        spoilt = large.replace(b"an", b"on", 1)
        judged = self.judge("bounces.test", FIRST, finish=in_chunks(spoilt, iter([70001] * 100)))
        self.assertRegex(judged.reply, "^550 5.7.1 ")

    def test_fields_that_we_take_out_are_signed(self):
        """DKIM has seen them; in the mailbox they are not."""
        forged = (b"Return-Path: <forged@signed.test>\r\n"
                  b"Authentication-Results: mx.ours.test; dkim=pass header.d=bank.test\r\n"
                  b"authentication-results: MX.ours.test (x);\r\n\tdmarc=pass\r\n")
        kept = b"Authentication-Results: mx.elsewhere.test; dkim=pass\r\n"
        names = ("return-path",) + ("authentication-results",) * 3 + ("from", "to")
        for header in (b"simple", b"relaxed"):
            message = signed(message=text(above=forged + kept), fields=names,
                             canonicalize=(header, b"relaxed"))
            judged = self.passes(message, "r2")
            self.assertEqual(harness.without_trace(judged.mail),
                             message.replace(forged, b"").replace(b"\r\n", b"\n"))
        changed = message.replace(b"header.d=bank.test", b"header.d=bink.test")
        judged = self.judge("bounces.test", FIRST, message=changed)
        self.assertRegex(judged.reply, "^550 5.7.1 ")

    def test_letters_beyond_ascii(self):
        """RFC 6532: U-labels in From."""
        ascii_name = "xn--bcher-kva.test"
        for author in ("bücher.test", "BÜCHER.TEST", ascii_name):
            message = (f"From: Jürgen <jürgen@{author}>\r\nTo: info@ours.test\r\n"
                       "Subject: Grüße\r\n\r\nText\r\n").encode()
            judged = self.judge("jürgen@bounces.test", FIRST,
                                message=signed(domain=ascii_name, message=message))
            self.assertRegex(judged.reply, "^250 ", judged.event)
            field = own_field(judged.mail)
            self.assertIn('smtp.mailfrom="jürgen@bounces.test"', field)
            self.assertIn(f"header.from={ascii_name}", field)
            self.assertRegex(field, f"dkim=pass [^;]*header.d={ascii_name}")
            self.assertEqual([judged.event["dkim"], judged.event["dmarc"], judged.event["author"]],
                             [f"pass:{ascii_name}/r2", "pass", ascii_name])
            forged = self.judge("jürgen@bounces.test", FIRST, message=message)
            self.assertRegex(forged.reply, f"^550 5.7.1 .*{ascii_name}")

    def test_more_signatures_than_are_judged(self):
        message = text()
        for _ in range(12):
            message = signed("e", message=message)
        judged = self.judge("bounces.test", FIRST, message=message)
        results = [result for result, _, _ in judged.signatures()]
        self.assertEqual(results, ["pass"] * 10 + ["policy"] * 2)


class KeysThatComeLate(harness.TestCase):
    """What is asked while the message comes, by its header alone."""

    def setUp(self):
        self.held = threading.Event()  # set: keys are answered
        self.dns = [DnsServer(self.script).start() for _ in range(SERVERS_FOR_LONG)]
        for server in self.dns:
            self.addCleanup(server.stop)

    def script(self, query):
        if query.name.endswith("._domainkey.signed.test"):
            return answer(query, txt(KEYS["e"].record())) if self.held.is_set() else None
        policy = [txt("v=DMARC1; p=reject")] if query.name == "_dmarc.signed.test" else []
        return answer(query, *policy)

    def server(self, timeout, deadline):
        endpoints = ", ".join(f'"{server.endpoint}"' for server in self.dns)
        return self.start(f'[dns]\nservers = [{endpoints}]\ntimeout = "{timeout}"\n'
                          f'[auth]\ndeadline = "{deadline}"\n')

    def key_was_asked(self):
        harness.wait_for(lambda: any(server.count("e._domainkey.signed.test")
                                     for server in self.dns), "the question")

    def send(self, server, behind_header=None, behind_body=None):
        """A signed message, with something between its header and its body, and before its end."""
        message = stuffed(signed("e"))
        begin = message.index(b"\r\n\r\n") + 4

        def finish(dialog):
            dialog.command("DATA", 354)
            dialog.send(message[:begin])
            if behind_header:
                behind_header(dialog, message[begin:])
            else:
                dialog.send(message[begin:])
            dialog.send(b".\r\n")
            if behind_body:
                behind_body()
            return dialog.reply()[-1]
        judged = judge(server, "bounces.test", FIRST, finish=finish)
        self.assertRegex(judged.reply, "^250 ")
        self.assertEqual([judged.event["dkim"], judged.event["dmarc"]],
                         ["pass:signed.test/e", "pass"])

    def test_the_key_is_asked_for_before_the_body_comes(self):
        server = self.server("30s", "40s")

        def wait(dialog, body):
            self.key_was_asked()
            dialog.send(body)
        self.send(server, behind_header=wait, behind_body=self.held.set)

    def test_a_key_that_comes_behind_the_body(self):
        """The last answer that is missing: the message waits for it, and then for nothing."""
        server = self.server("30s", "40s")

        def release():
            self.key_was_asked()
            time.sleep(1)
            self.assertEqual(server.events("accept"), [])
            self.held.set()
        self.send(server, behind_body=release)

    def test_a_body_slower_than_the_deadline(self):
        """The checks had their answers in time; how long the client takes is another matter."""
        server = self.server("30s", "10s")

        def drip(dialog, body):
            self.key_was_asked()
            time.sleep(0.3)
            self.held.set()
            for octet in range(len(body)):
                dialog.send(body[octet:octet + 1])
                time.sleep(11 / len(body))
        self.send(server, behind_header=drip)


if __name__ == "__main__":
    harness.main()
