# SPDX-License-Identifier: Apache-2.0
"""Real clients deliver, and what lies in the Maildir is what was sent."""
import re
import stat
import subprocess

import harness
from harness import MESSAGE, Dialog


class Delivery(harness.SharedServer):
    def clear(self, *mailboxes):
        for mailbox in mailboxes:
            for path in (self.server.spool / mailbox / "new").iterdir():
                path.unlink()

    def setUp(self):
        self.clear("ours.test/info", "ours.test/sales", "ours.test/postmaster",
                   "catchall.test/anna")

    def test_smtplib(self):
        with self.server.smtp() as client:
            refused = client.sendmail("alice@example.net", ["info@ours.test"], MESSAGE)
        self.assertEqual(refused, {})
        [mail] = self.server.mails("ours.test/info")
        header, _, body = mail.partition(b"\n\n")
        fields = re.sub(rb"\n[ \t]+", b" ", header).split(b"\n")
        self.assertEqual(fields[0], b"Return-Path: <alice@example.net>")
        self.assertEqual(fields[1], b"Delivered-To: info@ours.test")
        self.assertRegex(fields[2], rb"^Authentication-Results: mx\.ours\.test; spf=none .*"
                                    rb"smtp\.mailfrom=alice@example\.net; ")
        self.assertRegex(fields[3], rb"^Received: from client\.example\.net \(\[127\.0\.0\.1\]\)"
                                    rb".* by mx\.ours\.test .*with ESMTPS.*"
                                    rb"id [0-9A-F.]+.* for <info@ours\.test>; "
                                    rb"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000$")
        self.assertIn(b"TLSv1.3", fields[3])
        self.assertIn(b"TLS_AES_256_GCM_SHA384", fields[3])
        self.assertEqual(b"\n".join(fields[4:]) + b"\n\n" + body, MESSAGE.replace(b"\r\n", b"\n"))

    def test_name_mode_and_sizes(self):
        with self.server.smtp() as client:
            client.sendmail("alice@example.net", ["info@ours.test"], MESSAGE)
        [path] = (self.server.spool / "ours.test/info/new").iterdir()
        match = re.fullmatch(r"\d+\.M\d+P\d+Q\d+\.mx\.ours\.test,S=(\d+),W=(\d+)", path.name)
        self.assertIsNotNone(match, path.name)
        content = path.read_bytes()
        self.assertEqual(int(match[1]), len(content))
        self.assertEqual(int(match[2]), len(content) + content.count(b"\n"))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(list((self.server.spool / "ours.test/info/tmp").iterdir()), [])

    def test_several_recipients_are_not_told_of_each_other(self):
        recipients = ["info@ours.test", "sales@ours.test", "whoever@catchall.test"]
        with self.server.smtp() as client:
            client.sendmail("alice@example.net", recipients, MESSAGE)
        for mailbox in ("ours.test/info", "ours.test/sales", "catchall.test/anna"):
            [mail] = self.server.mails(mailbox)
            self.assertNotIn(b"for <", mail.partition(b"\n\n")[0])
        self.assertIn(b"Delivered-To: sales@ours.test", self.server.mails("ours.test/sales")[0])

    def test_aliases_to_one_mailbox_deliver_once(self):
        with self.server.smtp() as client:
            client.sendmail("alice@example.net", ["abuse@ours.test", "Postmaster@OURS.test",
                                                  "postmaster+x@ours.test"], MESSAGE)
        self.assertEqual(len(self.server.mails("ours.test/postmaster")), 1)

    def test_null_sender_and_bare_postmaster(self):
        dialog = Dialog.tls(self.server)
        dialog.command("MAIL FROM:<>", 250, "2.1.0")
        dialog.command("RCPT TO:<postmaster>", 250, "2.1.5")
        dialog.command("DATA", 354)
        dialog.send(MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        dialog.expect(250, "2.0.0")
        dialog.command("QUIT", 221, "2.0.0")
        [mail] = self.server.mails("ours.test/postmaster")
        self.assertTrue(mail.startswith(b"Return-Path: <>\n"), mail)

    def test_partly_refused_recipients(self):
        with self.server.smtp() as client:
            refused = client.sendmail("a@example.net", ["info@ours.test", "nobody@ours.test",
                                                        "x@elsewhere.example"], MESSAGE)
        self.assertEqual({address: code for address, (code, _) in refused.items()},
                         {"nobody@ours.test": 550, "x@elsewhere.example": 550})
        self.assertEqual(len(self.server.mails("ours.test/info")), 1)

    def test_many_messages_in_one_session(self):
        with self.server.smtp() as client:
            for _ in range(50):
                client.sendmail("alice@example.net", ["info@ours.test"], MESSAGE)
        self.assertEqual(len(self.server.mails("ours.test/info")), 50)

    def test_a_large_message_arrives_whole(self):
        body = b"".join(b"%07d " % i + b"x" * 60 + b"\r\n" for i in range(150000))
        with self.server.smtp() as client:
            client.sendmail("alice@example.net", ["info@ours.test"], MESSAGE + body)
        [mail] = self.server.mails("ours.test/info")
        self.assertTrue(mail.endswith((MESSAGE + body).replace(b"\r\n", b"\n")))

    def test_a_pipelined_group_in_one_write(self):
        dialog = Dialog.tls(self.server)
        dialog.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\n"
                    b"RCPT TO:<nobody@ours.test>\r\nDATA\r\n")
        for code in (250, 250, 550, 354):
            dialog.expect(code)
        dialog.send(b"From: a@example.net\r\n\r\nx\r\n.\r\nRSET\r\nQUIT\r\n")
        for code in (250, 250, 221):
            dialog.expect(code)
        self.assertTrue(dialog.closed())

    def test_requiretls_stays_with_the_message(self):
        with Dialog.tls(self.server) as dialog:
            dialog.command("MAIL FROM:<a@example.net> REQUIRETLS=yes", 501, "5.5.4")
            dialog.command("MAIL FROM:<a@example.net> REQUIRETLS", 250, "2.1.0")
            dialog.command("RCPT TO:<info@ours.test>", 250, "2.1.5")
            dialog.command("DATA", 354)
            qid = dialog.finish(MESSAGE).rpartition(" ")[2]
        self.assertEqual(self.server.wait_event("accept", qid=qid)["requiretls"], "yes")
        [mail] = self.server.mails("ours.test/info")
        self.assertIn(b" (REQUIRETLS)", mail.partition(b"\nFrom:")[0])

    def test_swaks(self):
        run = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port), "--tls",
             "--from", "swaks@example.net", "--to", "info@ours.test", "--helo", "swaks.example.net",
             "--header", "Subject: by swaks"], capture_output=True, text=True, timeout=60)
        print(run.stdout)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        [mail] = self.server.mails("ours.test/info")
        self.assertIn(b"Subject: by swaks", mail)

    def test_openssl_s_client(self):
        steps = ["EHLO s-client.example.net", "MAIL FROM:<a@example.net>",
                 "RCPT TO:<info@ours.test>", "DATA",
                 "From: a@example.net\nSubject: by openssl\n\nhello\n.", "QUIT"]
        # s_client acts on lines that begin with Q or R; -quiet switches that off.
        with subprocess.Popen(
                ["openssl", "s_client", "-starttls", "smtp", "-quiet", "-crlf", "-connect",
                 f"127.0.0.1:{self.server.port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True) as client:
            for step in steps:
                client.stdin.write(step + "\n")
                client.stdin.flush()
                line = client.stdout.readline()
                while line[3:4] == "-":
                    line = client.stdout.readline()
                self.assertRegex(line, r"^[23]", step)
        self.server.wait_event("disconnect", helo="s-client.example.net", reason="quit")
        [mail] = self.server.mails("ours.test/info")
        self.assertIn(b"Subject: by openssl", mail)

    def test_one_log_line_per_message_and_session(self):
        with self.server.smtp(helo="logged.example.net") as client:
            client.sendmail("alice@example.net", ["info@ours.test"], MESSAGE)
        end = self.server.wait_event("disconnect", helo="logged.example.net")
        accepted = [event for event in self.server.events("accept") if event["sid"] == end["sid"]]
        self.assertEqual(len(accepted), 1)
        [event] = accepted
        self.assertEqual(event["from"], "alice@example.net")
        self.assertEqual(event["to"], "info@ours.test")
        self.assertEqual(event["tls"], "TLSv1.3")
        self.assertEqual(event["msgid"], "<1@example.net>")
        self.assertTrue(event["reply"].startswith("250 2.0.0 Ok: queued as " + event["qid"]))
        self.assertEqual(end["accepted"], "1")
        self.assertEqual(end["reason"], "quit")
        mail = self.server.mails("ours.test/info")[0]
        self.assertIn(event["qid"].encode(), mail)


if __name__ == "__main__":
    harness.main()
