# SPDX-License-Identifier: Apache-2.0
"""`postern verify` and the message: its signatures and its author, one that the server has stored,
and what is hardly a message."""
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import time

import harness
from harness import MESSAGE, Dialog
from signing import SIGNED_FIELDS, Ed25519Key, RsaKey, record, sign
from test_verify_tool import (DATA, MAX_MESSAGE, NO_INPUT, USAGE, ToolCase, verdict,
                              without_times)

RSA, ED25519 = RsaKey(2048), Ed25519Key()
SENDER = "a@author.test"
HEADER = (b"From: Alice <alice@author.test>\r\nTo: info@ours.test\r\nSubject: signed\r\n"
          b"Message-ID: <7@author.test>\r\n")
BODY = b"\r\nFirst line\r\n.dot line\r\n\r\nLast line\r\n"
TRACE = ["Return-Path", "Delivered-To", "Authentication-Results", "Received"]
MISSING = "is missing: on top of the message are no fields of this server"
SECONDS = 60  # a bound for what is large, with sanitizers and without


def world():
    """All that the DNS of these tests says."""
    lines = [record("author.test", "v=spf1 ip4:127.0.0.1 -all"),
             record("_dmarc.author.test", "v=DMARC1; p=reject; sp=quarantine; t=y"),
             record("s._domainkey.author.test", RSA.record() + "; t=y"),
             "e._domainkey.author.test CNAME e.keys.test",
             record("e.keys.test", ED25519.record()),
             "1.0.0.127.in-addr.arpa PTR mail.author.test", "mail.author.test A 127.0.0.1",
             harness.NO_DNS]
    quoted = ",\n".join(f"'{line.rstrip()}'" for line in lines)
    return f"[dns]\nlocal_data = [\n{quoted}]\n"


def signed(message, selector="s", **options):
    return sign(message, {"s": RSA, "e": ED25519}[selector], "author.test", selector, **options)


class MessageCase(ToolCase):
    def setUp(self):
        super().setUp()
        self.config = self.configuration(world())

    def judged(self, message, *more, sender=SENDER, **options):
        return self.report(self.config, *more, file=self.write("message", message), sender=sender,
                           helo="mail.author.test", **options)

    def alone(self, path, *more, config=None):
        """A report on a file without a word on where it came from."""
        done = subprocess.run([str(harness.BUILD / "postern"), "verify", str(path), "-c",
                               str(config or self.config), "--json", *map(str, more)],
                              capture_output=True, timeout=SECONDS, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)


class Signatures(MessageCase):
    def test_each_signature_has_its_verdict(self):
        both = signed(signed(HEADER + BODY), "e", identity=b"alice@author.test")
        broken = signed(HEADER + b"\r\nanother body\r\n")[:-len(HEADER) - 16]
        report = self.judged(broken + both)
        rows = [row for row in report["verdicts"] if row["check"] == "dkim"]
        self.assertEqual([row["of"] for row in rows], ["1", "2", "3"])
        self.assertEqual([row["result"] for row in rows], ["fail", "pass", "pass"])
        bare = re.sub(rb"\s", b"", broken + both).decode()
        begins = [match[:8] for match in re.findall(";b=([^;]*)", bare)]
        self.assertEqual([row["signature"][:8] for row in rows], begins)
        self.assertEqual(rows[0]["reason"], "the body is not the one that was signed")
        self.assertEqual(rows[0]["section"], "RFC 6376 section 6.1.3")
        del rows[1]["signature"]
        self.assertEqual(rows[1], {
            "check": "dkim", "of": "2", "name": "author.test", "result": "pass",
            "section": "RFC 6376 section 6.1.3", "security": "unknown",
            "reason": "the signature matches", "selector": "e", "algorithm": "ed25519-sha256",
            "identity": "alice@author.test", "testing": False})
        self.assertEqual([row["testing"] for row in rows], [True, False, True])
        self.assertEqual(report["unlisted_signatures"], 0)
        self.assertEqual(report["message"]["header_fields"], 7)

    def test_the_author_by_signature(self):
        report = self.judged(signed(HEADER + BODY), ip="127.0.0.9")
        self.assertEqual(verdict(report, "spf", "mailfrom")["result"], "fail")
        row = verdict(report, "dmarc", "from")
        section = row.pop("section")
        self.assertRegex(section, r"^RFC 9989 section [\d.]+$")
        self.assertNotEqual(row.pop("reason"), "")
        self.assertEqual(row, {
            "check": "dmarc", "of": "from", "name": "author.test", "result": "pass",
            "security": "unknown", "fault": "none", "organizational_domain": "author.test",
            "policy_domain": "author.test", "tag": "p", "published": "reject", "testing": True,
            "applied": "quarantine", "aligned_method": "dkim", "aligned_domain": "author.test"})

    def test_an_author_who_did_not_write_it(self):
        report = self.report(self.config, file=self.write("message", HEADER + BODY),
                             sender="a@elsewhere.test", ip="127.0.0.9")
        row = verdict(report, "dmarc", "from")
        self.assertEqual((row["result"], row["aligned_method"], row["applied"]),
                         ("fail", "", "quarantine"))
        self.assertEqual(verdict(report, "dkim", "message")["result"], "none")

    def test_no_author(self):
        report = self.report(self.config, file=self.write("message", b"Subject: x\r\n" + BODY),
                             code=None)
        row = verdict(report, "dmarc", "from")
        self.assertEqual((row["result"], row["fault"]), ("permerror", "no_from"))
        self.assertEqual((row["published"], row["tag"], row["testing"]), (None, None, None))

    def test_text(self):
        message = self.write("message", signed(HEADER + BODY))
        out, _ = self.verify(self.config, "--time", "2030-01-02T03:04:05Z", file=message,
                             sender=SENDER)
        for line in (r"time      2030-01-02T03:04:05Z", r"from      <a@author\.test>",
                     r"dkim +1 +author\.test +pass +RFC 6376 section 6\.1\.3 +unknown +the .*",
                     r"dmarc +from +author\.test +pass +RFC 9989 section [\d.]+ +unknown +.*",
                     r"DKIM  SELECTOR  ALGORITHM   IDENTITY      TESTING  SIGNATURE",
                     r"1     s         rsa-sha256  @author\.test  yes      [\w/+]{8,}",
                     r"DMARC  FAULT  ORGANIZATIONAL DOMAIN  POLICY DOMAIN .*",
                     r"from   none   author\.test            author\.test    p    reject     yes "
                     r"     quarantine  dkim            author\.test"):
            self.assertRegex(out, f"(?m)^{line}$")

    def test_the_time_counts(self):
        for when, result in (("2020-01-01T00:00:00Z", "policy"), ("2090-01-01T00:00:00Z", "pass")):
            report = self.judged(signed(HEADER + BODY), "--time", when)
            self.assertEqual(verdict(report, "dkim", "1")["result"], result)
            self.assertEqual((report["session"]["time"], report["session"]["origins"]["time"]),
                             (when, "--time"))
        begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        session = self.judged(signed(HEADER + BODY))["session"]
        self.assertEqual(session["origins"]["time"], "clock")
        self.assertLessEqual(begun, session["time"])
        text = self.complaint(USAGE, self.config, "--time", "yesterday")
        self.assertEqual(text, '--time "yesterday" is no time such as 2026-11-21T21:03:00Z')

    def test_a_replay_says_the_same(self):
        """Without a resolver, at another time, and in every byte but those that tell the time."""
        key = "s._domainkey.author.test"
        cases = [(signed(signed(HEADER + BODY), "e"), SENDER, {key}, ()),
                 (HEADER + BODY, "a@elsewhere.test", set(), ()),
                 (signed(HEADER + BODY), SENDER, set(), ("--time", "2020-01-01T00:00:00Z"))]
        program = self.programs("verify")
        for message, sender, keys, more in cases:
            record = self.directory / "record"
            live = self.judged(message, *more, "--record", record, sender=sender)
            replay = ("--replay", record)
            again = self.judged(message, *replay, sender=sender, program=program)
            self.assertEqual(without_times(again), without_times(live))
            self.assertEqual(again["session"]["origins"]["time"], "--replay")
            time.sleep(1.1)
            texts = [self.verify(self.config, *replay, file=self.directory / "message",
                                 sender=sender, helo="mail.author.test", program=program)[0]
                     for _ in range(2)]
            self.assertEqual(texts[0], texts[1])
            self.assertGreater({row["name"] for row in live["lookups"]},
                               {"_dmarc.author.test", *keys})

    def test_a_key_can_be_changed_in_a_record(self):
        record = self.directory / "record"
        message = signed(HEADER + BODY, "e")
        self.judged(message, "--record", record)
        record.write_text(re.sub("p=[^;\"]*(?=\"\n)", "p=", record.read_text()))
        report = self.judged(message, "--replay", record)
        row = verdict(report, "dkim", "1")
        self.assertEqual((row["result"], row["reason"]), ("permerror", "the key is revoked"))


class Stored(MessageCase):
    """What a real server has stored is judged again, by the file alone."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(world()).start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, cls.server.log()

    def setUp(self):
        super().setUp()
        self.config = self.server.config_path
        for path in self.server.stored():
            path.unlink()

    def store(self, message, *recipients, sender=SENDER, helo="mail.author.test", parameters=""):
        recipients = recipients or ("info@ours.test",)
        with Dialog.tls(self.server, helo=helo) as dialog:
            dialog.command(f"MAIL FROM:<{sender}>{parameters}", 250)
            for recipient in recipients:
                dialog.command(f"RCPT TO:<{recipient}>", 250)
            dialog.command("DATA", 354)
            self.assertRegex(dialog.finish(message), "^250 ")
        return [path for path in self.server.stored() if path.parent.name == "new"]

    def as_stored(self, message, *more, **options):
        """A report on the one file that the server makes of a message."""
        [path] = self.store(message, **options)
        report = self.alone(path, *more)
        stored = path.read_bytes()
        path.unlink()
        if not more:
            # What the server found is found again, down to the last letter of the field.
            [field] = re.findall(rb"\AReturn-Path:.*\n(?:\t.*\n)*Delivered-To: .*\n"
                                 rb"(Authentication-Results: .*\n(?:[ \t].*\n)*)", stored)
            ours = report["authentication_results"].replace("\r\n", "\n") + "\n"
            self.assertEqual(ours.encode(), field)
        return report

    def test_the_file_alone(self):
        message = signed(HEADER + BODY)
        begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        report = self.as_stored(message)
        session = report["session"]
        self.assertEqual((session["client"], session["helo"], session["from"]),
                         ("127.0.0.1", "mail.author.test", f"<{SENDER}>"))
        self.assertEqual(session["origins"], {"client": "Received", "helo": "Received",
                                              "from": "Return-Path", "time": "Received"})
        self.assertLessEqual(begun, session["time"])
        self.assertLessEqual(session["time"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.assertEqual([field.partition(":")[0] for field in report["message"]["taken_off"]],
                         TRACE)
        self.assertEqual(report["message"]["bytes"], len(message))
        self.assertEqual(report["message"]["header_fields"], 5)
        self.assertEqual(verdict(report, "dkim", "1")["result"], "pass")
        # The same as for what the client sent.
        sent = self.judged(message, "--time", session["time"])
        for same in ("verdicts", "authentication_results", "disposition", "reply"):
            self.assertEqual(sent[same], report[same])

    def test_text(self):
        [path] = self.store(signed(HEADER + BODY))
        out = subprocess.run([str(harness.BUILD / "postern"), "verify", str(path), "-c",
                              str(self.config)], check=True, capture_output=True, text=True).stdout
        for line in (r"client +127\.0\.0\.1 \(Received\)", r"helo +mail.* \(Received\)",
                     r"from +<a@author\.test> \(Return-Path\)", r"time +2.* \(Received\)",
                     r"taken off  Return-Path: <a@author\.test>"):
            self.assertRegex(out, f"(?m)^{line}$")

    def test_whatever_the_envelope_may_say(self):
        for options in ({"sender": ""}, {"sender": '"a > b"@author.test'},
                        {"sender": "j\u00fcrgen@author.test", "parameters": " SMTPUTF8"},
                        {"sender": "a@" + ".".join(["x" * 60] * 3) + ".test"},
                        {"helo": "[127.0.0.1]"}, {"helo": "x" * 200}):
            with self.subTest(**options):
                self.as_stored(HEADER + BODY, **options)

    def test_a_quarantined_message(self):
        report = self.as_stored(HEADER + BODY, sender="b@elsewhere.test")
        self.assertEqual(verdict(report, "dmarc", "from")["result"], "fail")
        self.assertEqual(report["disposition"], "quarantine")

    def test_each_of_several_copies(self):
        paths = self.store(signed(HEADER + BODY), "info@ours.test", "sales@ours.test")
        self.assertEqual(len(paths), 2)
        for path in paths:
            report = self.alone(path)
            self.assertEqual(len(report["message"]["taken_off"]), 4)
            self.assertEqual(verdict(report, "dkim", "1")["result"], "pass")

    def test_options_win(self):
        report = self.as_stored(signed(HEADER + BODY), "--ip", "192.0.2.1", "--from", "b@b.test")
        session = report["session"]
        self.assertEqual((session["client"], session["helo"], session["from"]),
                         ("192.0.2.1", "mail.author.test", "<b@b.test>"))
        self.assertEqual(session["origins"], {"client": "--ip", "helo": "Received",
                                              "from": "--from", "time": "Received"})

    def forged(self):
        """What a server of that name would have written for a message of somebody else."""
        [path] = self.store(HEADER + BODY, "sales@ours.test", sender="b@good.test",
                            helo="good.test")
        trace = re.match(rb"(?s).*?\nReceived: .*?\n(?![ \t])", path.read_bytes()).group()
        path.unlink()
        return trace.replace(b"\n", b"\r\n").replace(b"[127.0.0.1]", b"[192.0.2.99]")

    def test_only_the_topmost_fields_are_ours(self):
        """Whoever sends a copy of them gets nothing for it."""
        forged = self.forged()
        message = signed(forged + HEADER + BODY)
        report = self.as_stored(forged + message)
        self.assertEqual(report["session"]["client"], "127.0.0.1")
        self.assertEqual(report["session"]["from"], f"<{SENDER}>")
        self.assertEqual(verdict(report, "dkim", "1")["result"], "pass")
        self.assertEqual(len(report["message"]["taken_off"]), 4)

    def test_as_received(self):
        """Of a file that its sender may have written nothing is taken for ours."""
        path = self.write("message", self.forged() + HEADER + BODY)
        self.assertEqual(self.alone(path)["session"]["client"], "192.0.2.99")
        text = self.complaint(USAGE, self.config, "--as-received", "--helo", "x", file=path,
                              given=False)
        self.assertEqual(text, f"--ip {MISSING}")
        report = self.report(self.config, "--as-received", file=path, sender=SENDER)
        self.assertEqual(report["session"]["client"], "127.0.0.1")
        self.assertEqual(report["session"]["origins"]["time"], "clock")
        self.assertEqual(report["message"]["taken_off"], [])
        self.assertEqual(len(report["message"]["taken_out"]), 2)

    def test_another_servers_file(self):
        [path] = self.store(HEADER + BODY)
        other = self.configuration(world())
        other.write_text(other.read_text().replace('hostname = "mx', 'hostname = "mx2'))
        text = self.complaint(USAGE, other, file=path, given=False)
        self.assertEqual(text, f"--ip {MISSING}")

    def test_a_name_that_received_cannot_say(self):
        [path] = self.store(HEADER + BODY, helo="a(b)c")
        text = self.complaint(USAGE, self.config, file=path, given=False)
        self.assertEqual(text, '--helo is missing: in "a?b?c", as Received has it, '
                               "'?' stands for any character")
        self.assertEqual(self.alone(path, "--helo", "a(b)c")["session"]["helo"], "a(b)c")

    def test_what_was_taken_out_cannot_come_back(self):
        """The server judged with it, so what is stored no longer is what was signed."""
        ours = b"Authentication-Results: mx.ours.test; spf=pass\r\n"
        message = signed(ours + HEADER + BODY, fields=[*SIGNED_FIELDS, "authentication-results"])
        self.assertEqual(verdict(self.judged(message), "dkim", "1")["result"], "pass")
        [path] = self.store(message)
        self.assertEqual(verdict(self.alone(path), "dkim", "1")["result"], "fail")


class Bounds(MessageCase):
    """Whatever the file is, there is a verdict or a sentence, and soon."""

    def timed(self, message, **options):
        begun = time.monotonic()
        report = self.judged(message, **options)
        seconds = time.monotonic() - begun
        print(f"{len(message)} bytes: {seconds:.2f} s", flush=True)
        self.assertLess(seconds, SECONDS)
        return report

    def test_the_largest_message(self):
        line = b"x" * 62 + b"\n"
        message = signed(HEADER + b"\r\n" + b"y\r\n").replace(b"\r\n", b"\n")
        message += line * ((MAX_MESSAGE - len(message)) // len(line))
        report = self.timed(message)
        self.assertEqual(report["message"]["bytes"], len(message) + message.count(b"\n"))
        row = verdict(report, "dkim", "1")
        self.assertEqual((row["result"], row["reason"]),
                         ("fail", "the body is not the one that was signed"))

    def test_nothing_but_line_ends(self):
        report = self.timed(b"\n" * MAX_MESSAGE, code=None)
        self.assertEqual(report["message"]["bytes"], 2 * MAX_MESSAGE)

    def test_a_header_of_a_mebibyte(self):
        size = 1 << 20
        for filler in (b"X: y\r\n", b"X:" + b" \r\n" * 30000, b"X: " + b"y" * 50000 + b"\r\n"):
            header = filler * ((size - len(HEADER)) // len(filler)) + HEADER
            report = self.timed(header + BODY)
            self.assertEqual(report["message"]["header_fields"],
                             4 + header.count(filler) if filler.endswith(b"y\r\n") else
                             report["message"]["header_fields"])

    def test_a_header_that_is_too_large(self):
        for text in (b"X: y\n" * (1 << 20), b"X: y\n" + b" z\n" * (1 << 20),
                     b"X: " + b"y" * (4 << 20)):
            path = self.write("message", text)
            self.assertEqual(self.complaint(DATA, self.config, file=path),
                             f"the header of {path} is larger than 1 MiB")

    def test_a_thousand_signatures(self):
        signature = signed(HEADER + BODY)[:-len(HEADER + BODY)]
        report = self.timed(signature * 1000 + HEADER + BODY)
        rows = [row for row in report["verdicts"] if row["check"] == "dkim"]
        self.assertEqual(len(rows), 100)
        self.assertEqual(report["unlisted_signatures"], 900)
        self.assertEqual([row["result"] for row in rows], ["pass"] * 10 + ["policy"] * 90)
        out, _ = self.verify(self.config, file=self.directory / "message", sender=SENDER)
        self.assertIn("\n900 more signatures, not looked at\n", out)

    def test_garbage(self):
        noise = random.Random(1)
        for message in (b"", b"\n", b"\r", b"\0", b"\xff" * 1000, noise.randbytes(100000),
                        b"DKIM-Signature:", b"From:" + noise.randbytes(100000),
                        b"DKIM-Signature: v=1; a=rsa-sha256; d=\x1b[2J; b=" + bytes(range(256))):
            with self.subTest(message=message[:40]):
                path = self.write("message", message)
                out, err = self.verify(self.config, file=path, code=None)
                self.assertRegex(out, r"(?m)^dmarc +from +- +permerror ")
                self.assertRegex(out, r"\A[\n -~]*\Z")
                self.assertEqual(err, "")
                out, _ = self.verify(self.config, "--json", file=path, code=None)
                self.assertRegex(out, r"\A[\n -~]*\Z")

    def test_what_is_no_file(self):
        fifo, sock = self.directory / "fifo", self.directory / "socket"
        os.mkfifo(fifo)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(sock))
            for path, why in ((self.directory, "Is a directory"),
                              (sock, "No such device or address"),
                              (fifo, "it is no file; - is standard input"),
                              (pathlib.Path("/dev/zero"), "it is no file; - is standard input")):
                for option in ("message", "record"):
                    more = ("--replay", path) if option == "record" else ()
                    text = self.complaint(NO_INPUT, self.config, *more,
                                          file=path if option == "message" else None)
                    self.assertEqual(text, f"cannot read {path}: {why}")


if __name__ == "__main__":
    harness.main()
