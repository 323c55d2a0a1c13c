# SPDX-License-Identifier: Apache-2.0
"""A real Postfix, with TLS required, delivers to us: a private instance, beside the machine's."""
import contextlib
import pathlib
import re
import subprocess
import tempfile

import harness

AS_ROOT = [] if harness.AS_ROOT else ["sudo", "-n"]
SENDER = "sales@ours.test"  # so that bounces come to us as well
UNKNOWN = [f"nobody{i}@ours.test" for i in range(6)]
DONE_SECONDS = 150  # for 31 of which the answers to these keep it waiting
U_LABEL = """
[[domain]]
name = "xn--bcher-kva.test"
mailboxes = ["info"]
"""
KNOWN = [*(f"info+{i}@ours.test" for i in range(12)), "abuse@ours.test", "anyone@catchall.test"]

MAIN = """
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {directory}/log/maillog
maillog_file_prefixes = {directory}/log
myhostname = client.example.net
mydestination =
alias_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_dns_support_level = disabled
relayhost = [127.0.0.1]:{port}
smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1
smtputf8_enable = yes
debug_peer_list = 127.0.0.1
debug_peer_level = 1
message_size_limit = 20000000
"""

# Nothing that listens.
MASTER = """
postlog   unix-dgram n - n - 1 postlogd
pickup    unix n - n 1 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
error     unix - - n - - error
retry     unix - - n - - error
showq     unix n - n - - showq
smtp      unix - - n - - smtp
"""


class Postfix:
    """A Postfix that knows one way for all mail: to `port`."""

    def __init__(self, port):
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="postfix-", dir=harness.shared_directory()))
        self.directory.chmod(0o755)
        self.config = self.directory / "etc"
        self.config.mkdir()
        (self.config / "main.cf").write_text(MAIN.format(directory=self.directory, port=port))
        (self.config / "master.cf").write_text(MASTER)
        for name, owner in (("queue", "root"), ("log", "root"), ("data", "postfix")):
            self.as_root("install", "-d", "-m", "0755", "-o", owner, self.directory / name)

    def as_root(self, *command, **options):
        run = subprocess.run([*AS_ROOT, *command], capture_output=True, text=True,
                             timeout=DONE_SECONDS, check=False, **options)
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}{self.log()}"

    def start(self):
        self.as_root("postfix", "-c", self.config, "start")

    def stop(self):
        self.as_root("postfix", "-c", self.config, "stop")
        if AS_ROOT:
            self.as_root("rm", "-rf", self.directory)

    def send(self, message, *recipients, sender=SENDER):
        """`message` with LF line ends; dots are not special."""
        self.as_root("sendmail", "-C", self.config, "-B8BITMIME", "-i", "-f", sender, *recipients,
                     input=message)

    def log(self):
        with contextlib.suppress(OSError):
            # The last line may be in the writing.
            return (self.directory / "log/maillog").read_text().rpartition("\n")[0]
        return ""

    def said(self):
        """The dialogue by its order in time: a way, < or >, and the line that went that way."""
        return re.findall(r": ([<>]) 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: (.*)", self.log())

    def results(self):
        """Recipient -> what became of it, in Postfix's words."""
        return dict(re.findall(r"postfix/smtp.* to=<([^>]+)>.* (status=.*)", self.log()))

    def wait_for(self, *recipients):
        harness.wait_for(lambda: set(recipients) <= set(self.results()),
                         "Postfix to be done", DONE_SECONDS)
        return self.results()


class Sending(harness.TestCase):
    def setUp(self):
        self.server = self.start("[limits]\nunknown_recipients_per_session = 20\n",
                                 domains=harness.DOMAINS + U_LABEL)
        self.postfix = Postfix(self.server.port)
        self.addCleanup(self.postfix.stop)
        self.postfix.start()

    def assert_content(self, mailbox, message):
        """As sent, beneath the trace fields: Postfix's own and ours."""
        [mail] = [mail for mail in self.server.mails(mailbox) if mail.endswith(message.encode())]
        top = harness.without_trace(mail)[:-len(message.encode())]
        self.assertRegex(top, rb"\AReceived: by client\.example\.net \(Postfix, from [^\n]*\n"
                              rb"(?:[ \t][^\n]*\n)+\Z")

    def test_messages_arrive_as_sent(self):
        fields = ("From: Sales <sales@ours.test>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"
                  "Message-Id: <{0}@client.example.net>\nTo: {0}@ours.test\nSubject: {0}\n\n")
        messages = {
            "info+dots": ".\n..\n.x\n\nfrom here\n.\n",
            "info+eight": "Grüße aus Köln\n",
            "info+long": "x" * 900 + "\n",
            "info+large": "".join(f"{i:06} {'y' * 70}\n" for i in range(100000)),
            "info+empty": "",
        }
        for name, body in messages.items():
            messages[name] = fields.format(name) + body
            self.postfix.send(messages[name], f"{name}@ours.test")
        results = self.postfix.wait_for(*(f"{name}@ours.test" for name in messages))
        for name, message in messages.items():
            match = re.fullmatch(r"status=sent \(250 2\.0\.0 Ok: queued as (\S+)\)",
                                 results[f"{name}@ours.test"])
            self.assertIsNotNone(match, results)
            event = self.server.wait_event("accept", qid=match[1])
            self.assertEqual(event["helo"], "client.example.net")
            self.assertEqual(event["tls"], "TLSv1.3")
            self.assert_content("ours.test/info", message)
            self.assertTrue(any(text.startswith(f"MAIL FROM:<{SENDER}> SIZE=") and
                                text.endswith(" BODY=8BITMIME") for _, text in self.postfix.said()))
        self.assertIn("Untrusted TLS connection established to 127.0.0.1[127.0.0.1]:"
                      f"{self.server.port}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384",
                      self.postfix.log())

    def test_twenty_recipients_some_of_them_unknown(self):
        self.assertEqual(len(KNOWN + UNKNOWN), 20)
        message = "Subject: to many\n\nhello\n"
        self.postfix.send(message, *KNOWN, *UNKNOWN)
        results = self.postfix.wait_for(*KNOWN, *UNKNOWN, SENDER)
        for recipient in KNOWN:
            self.assertTrue(results[recipient].startswith("status=sent (250 2.0.0 "), results)
        for recipient in UNKNOWN:
            self.assertIn("status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1",
                          results[recipient])
        for mailbox in ("ours.test/info", "ours.test/postmaster", "catchall.test/anna"):
            self.assertEqual(len(self.server.mails(mailbox)), 1)
        self.assert_pipelined(20)
        # The bounce is Postfix's business; it comes as any mail with the null reverse-path.
        [bounce] = self.server.mails("ours.test/sales")
        self.assertTrue(bounce.startswith(b"Return-Path: <>\n"))
        for recipient in UNKNOWN:
            self.assertIn(recipient.encode(), bounce)

    def assert_pipelined(self, recipients):
        """MAIL, every RCPT and DATA went out before the first of their replies came."""
        ways = "".join(f"{way}{text[:4]} " for way, text in self.postfix.said())
        self.assertIn(">MAIL " + ">RCPT " * recipients + ">DATA <250 ", ways)

    def test_international_addresses(self):
        sender, recipients = "jürgen@bücher.example", ["info@bücher.test", "info@ours.test"]
        message = ("From: Jürgen <jürgen@bücher.example>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"
                   "Message-Id: <1@client.example.net>\nSubject: Grüße aus Köln\n\nGrüße\n")
        self.postfix.send(message, *recipients, sender=sender)
        results = self.postfix.wait_for(*recipients)
        for recipient in recipients:
            self.assertTrue(results[recipient].startswith("status=sent (250 2.0.0 "), results)
        [mail] = [text for way, text in self.postfix.said() if text.startswith("MAIL FROM")]
        self.assertRegex(mail, rf"^MAIL FROM:<{sender}> .*\bSMTPUTF8\b")
        for mailbox in ("xn--bcher-kva.test/info", "ours.test/info"):
            self.assert_content(mailbox, message)
            [mail] = self.server.mails(mailbox)
            self.assertTrue(mail.startswith(f"Return-Path: <{sender}>\n".encode()), mail)
            self.assertIn(b" by mx.ours.test with UTF8SMTPS\n", mail)


if __name__ == "__main__":
    harness.main()
