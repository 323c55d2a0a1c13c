# SPDX-License-Identifier: Apache-2.0
"""A real Exim, with TLS required, pipelining and chunking on, delivers to us.

Its package conflicts with Postfix, so ./dev test only unpacks it.
"""
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

import harness

EXIM = harness.SOURCE / "build/unpacked/exim4-daemon-light/usr/sbin/exim4"
USER = "Debian-exim"        # built in
SENDER = "sales@ours.test"  # so that bounces come to us as well

CONFIG = """
exim_path = {exim}
spool_directory = {directory}/spool
log_file_path = {directory}/log/%s
primary_hostname = client.example.net
keep_environment =
log_selector = +pipelining
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = remote
begin transports
remote:
  driver = smtp
  port = {port}
  hosts_require_tls = *
  tls_verify_hosts = :
  tls_try_verify_hosts = :
  hosts_try_dane = :
  hosts_try_chunking = *
"""


class Exim:
    """An Exim that delivers each message at once, and knows one way for all mail: to `port`."""

    def __init__(self, port):
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="exim-", dir=harness.shared_directory()))
        self.directory.chmod(0o755)
        self.user = (pwd.getpwnam(harness.unprivileged_user()) if harness.AS_ROOT
                     else pwd.getpwuid(os.geteuid()))
        # It starts itself anew, as a user that may not reach the source tree.
        self.program = shutil.copy(EXIM, self.directory / "exim4")
        self.write("conf", CONFIG.format(exim=self.program, directory=self.directory, port=port))
        for name in ("spool", "log"):
            (self.directory / name).mkdir()
            os.chown(self.directory / name, self.user.pw_uid, self.user.pw_gid)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def prefix(self):
        """Runs a program in a world where Exim's user is the one that it runs as."""
        uid, gid = self.user.pw_uid, self.user.pw_gid
        entries = {"passwd": f"{USER}:x:{uid}:{gid}::/:/bin/false\n", "group": f"{USER}:x:{gid}:\n"}
        mounts = []
        for name, entry in entries.items():
            there = pathlib.Path("/etc", name)
            here = self.write(name, entry + there.read_text(encoding="utf-8"))
            mounts.append(f"mount --bind {here} {there}")
        if harness.AS_ROOT:
            become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        else:
            become = ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}"]
        return [*harness.own_mounts(" && ".join(mounts)), *become]

    def send(self, message, *recipients):
        """`message` with LF line ends; dots are not special. Back when it has been tried."""
        run = subprocess.run([*self.prefix(), self.program, "-C", self.directory / "conf",
                              "-odi", "-i", "-f", SENDER, *recipients],
                             input=message, capture_output=True, timeout=60, check=False)
        assert run.returncode == 0, f"{run.stdout}{run.stderr}{self.log()}"

    def log(self):
        return (self.directory / "log/main").read_text(encoding="utf-8")

    def results(self):
        """Recipient -> what became of it, in Exim's words."""
        return dict(re.findall(r"(?:=>|->|\*\*|==) (\S+) (.*)", self.log()))


class Sending(harness.TestCase):
    def setUp(self):
        self.server = self.start()
        self.exim = Exim(self.server.port)

    def session_of(self, result):
        """The server's last words on the session that took a message."""
        match = re.search(r'C="250 2\.0\.0 Ok: queued as (\S+)"', result)
        self.assertIsNotNone(match, self.exim.log())
        sid = self.server.wait_event("accept", qid=match[1])["sid"]
        return self.server.wait_event("disconnect", sid=sid)

    def assert_content(self, mailbox, message):
        """As sent, beneath the trace fields: Exim's own and ours."""
        [mail] = [mail for mail in self.server.mails(mailbox) if mail.endswith(message)]
        top = harness.without_trace(mail)[:-len(message)]
        self.assertRegex(top, rb"\AReceived: from \S+ by client\.example\.net with local [^\n]*\n"
                              rb"(?:[ \t][^\n]*\n)+\Z")

    def test_messages_arrive_as_sent(self):
        fields = ("From: Sales <sales@ours.test>\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"
                  "Message-Id: <{0}@client.example.net>\nTo: {0}@ours.test\nSubject: {0}\n\n")
        bodies = {
            "info+dots": b".\n..\n.x\n\nfrom here\n.\n",
            "info+eight": "Grüße aus Köln\n".encode() + b"\xff\xfe\x80\n",
            "info+large": b"".join(b"%06d %s\n" % (i, b"y" * 70) for i in range(40000)),
            "info+last": b"no line end",
            "info+empty": b"",
        }
        for name, body in bodies.items():
            message = fields.format(name).encode() + body
            self.exim.send(message, f"{name}@ours.test")
            result = self.exim.results()[f"{name}@ours.test"]
            self.assertRegex(result, r"X=TLS1\.3:\S+AES_256_GCM.* L K C=")  # pipelined, in chunks
            commands = self.session_of(result)["cmds"]
            self.assertNotIn("data=", commands)
            chunks = int(re.search(r"\bbdat=(\d+)", commands)[1])
            self.assertGreaterEqual(chunks, 2 if name == "info+large" else 1)
            # What comes from a program ends in a line end, to Exim.
            self.assert_content("ours.test/info", message + b"\n" * (not message.endswith(b"\n")))

    def test_three_recipients_one_of_them_unknown(self):
        message = b"Subject: to three\n\nhello\n"
        self.exim.send(message, "info@ours.test", "nobody@ours.test", "abuse@ours.test")
        results = self.exim.results()
        for recipient in ("info@ours.test", "abuse@ours.test"):
            self.assertIn("bdat=", self.session_of(results[recipient])["cmds"])
        self.assertIn("after RCPT TO:<nobody@ours.test>: 550 5.1.1", results["nobody@ours.test"])
        for mailbox in ("ours.test/info", "ours.test/postmaster"):
            self.assertEqual(len(self.server.mails(mailbox)), 1)
        # The bounce is Exim's business, when it likes; it comes as any mail with the null
        # reverse-path.
        [bounce] = harness.wait_for(lambda: self.server.mails("ours.test/sales"), "the bounce")
        self.assertTrue(bounce.startswith(b"Return-Path: <>\n"))
        self.assertIn(b"nobody@ours.test", bounce)

    def test_no_recipient_is_known(self):
        self.exim.send(b"Subject: to nobody\n\nhello\n", "nobody@ours.test", "x@other.example")
        results = self.exim.results()
        self.assertIn("550 5.1.1", results["nobody@ours.test"])
        self.assertIn("550 5.7.1", results["x@other.example"])
        self.server.wait_event("accept", **{"from": "", "to": SENDER})  # the bounce
        self.assertEqual(len(self.server.stored()), 1)


if __name__ == "__main__":
    harness.main()
