# SPDX-License-Identifier: Apache-2.0
"""A real Dovecot serves what we have stored, with the settings that README.md gives.

A private instance on loopback: it shares nothing with the machine's but the program files.
"""
import contextlib
import imaplib
import os
import pathlib
import re
import subprocess
import tempfile

import harness

AS_ROOT = [] if harness.AS_ROOT else ["sudo", "-n"]
PASSWORD = "only-on-loopback"

# A place of our own, and people who may log in: asked before Debian's PAM, which takes seconds.
OURS = """
protocols = imap
listen = 127.0.0.1
ssl = no
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
mailbox_idle_check_interval = 1s
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
"""

# What Debian says about users and mailboxes, and README.md has to change.
DEBIANS = """
!include /usr/share/dovecot/conf.d/10-auth.conf
!include /usr/share/dovecot/conf.d/10-mail.conf
!include /usr/share/dovecot/conf.d/15-mailboxes.conf
"""


def readme_settings(spool):
    """The settings of "Reading the mail", for this spool and the user that owns its mailboxes."""
    readme = (harness.SOURCE / "README.md").read_text()
    section = readme.split("\n## Reading the mail\n")[1].split("\n## ")[0]
    [settings] = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    mailbox = spool / "ours.test/info"
    for place, value in (("/var/lib/postern/mail", str(spool)),
                         ("mail_uid = postern", f"mail_uid = {mailbox.owner()}"),
                         ("mail_gid = postern", f"mail_gid = {mailbox.group()}")):
        assert settings.count(place) == 1, f"README.md does not say {place!r}:\n{settings}"
        settings = settings.replace(place, value)
    return settings


def group_members(group):
    """Pids of the process group; a zombie that nobody has waited for yet has ended."""
    members = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, process_group = stat.read_text().rpartition(") ")[2].split()[:3]
            if process_group == str(group) and state != "Z":
                members.append(stat.parent.name)
    return members


class Dovecot:
    """An IMAP server for one spool; every address is a user with the same password."""

    def __init__(self, spool):
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="dovecot-", dir=harness.shared_directory()))
        self.directory.chmod(0o755)
        self.port = harness.free_port()
        self.config = self.directory / "dovecot.conf"
        ours = OURS.format(directory=self.directory, port=self.port, password=PASSWORD)
        self.config.write_text(ours + DEBIANS + readme_settings(spool))
        self.process = None

    def start(self):
        # In the foreground, and a process group of its own: so that no part of it can stay.
        self.process = subprocess.Popen(
            [*AS_ROOT, "/usr/sbin/dovecot", "-F", "-c", str(self.config)],
            stdin=subprocess.DEVNULL, process_group=0)
        harness.wait_for(self.answers, "Dovecot to answer", harness.START_SECONDS)

    def answers(self):
        assert self.process.poll() is None, f"Dovecot has ended: {self.log()}"
        with contextlib.suppress(OSError):
            self.connect().logout()
            return True
        return False

    def stop(self):
        if self.process.poll() is None:
            subprocess.run([*AS_ROOT, "doveadm", "-c", str(self.config), "stop"], check=True,
                           timeout=harness.WAIT_SECONDS)
        self.process.wait(harness.WAIT_SECONDS)
        harness.wait_for(lambda: not group_members(self.process.pid), "Dovecot's parts to end")
        log = self.log()
        subprocess.run([*AS_ROOT, "rm", "-rf", str(self.directory)], check=True)
        assert not re.search(r"\b(Error|Fatal|Panic):", log), log

    def connect(self):
        return imaplib.IMAP4("127.0.0.1", self.port, timeout=harness.WAIT_SECONDS)

    def log(self):
        run = subprocess.run([*AS_ROOT, "cat", str(self.directory / "log")], check=False,
                             capture_output=True, text=True)
        return run.stdout


def message(subject, body):
    return f"From: Alice <alice@example.net>\r\nSubject: {subject}\r\n\r\n".encode() + body


MESSAGES = [
    harness.MESSAGE,
    message("no body", b""),
    message("dots", b".\r\n..\r\n...x\r\n"),
    message("eight", "Grüße aus Köln\r\n".encode()),
    message("no text", bytes(byte for byte in range(1, 256) if byte not in b"\r\n") + b"\r\n"),
    message("large", b"".join(b"%06d %s\r\n" % (line, b"x" * 70) for line in range(20000))),
]

JUNK = """'_dmarc.junk.test TXT "v=DMARC1; p=quarantine"'"""
DNS = f'[dns]\nlocal_data = [{JUNK}, "{harness.NO_DNS}"]\n'


class Reading(harness.TestCase):
    def setUp(self):
        self.server = self.start(DNS)
        self.inbox = self.server.spool / "ours.test/info"
        self.dovecot = Dovecot(self.server.spool)
        self.addCleanup(self.dovecot.stop)
        self.dovecot.start()

    def deliver(self, *messages, recipient="info@ours.test"):
        with self.server.smtp() as client:
            for content in messages:
                client.sendmail("alice@example.net", [recipient], content)

    def login(self, user="info@ours.test"):
        client = self.dovecot.connect()
        self.addCleanup(client.shutdown)
        client.login(user, PASSWORD)
        return client

    def select(self, client, mailbox="INBOX"):
        """The number of messages."""
        status, [count] = client.select(mailbox)
        self.assertEqual(status, "OK", (count, self.dovecot.log()))
        return int(count)

    def opened(self, user="info@ours.test"):
        client = self.login(user)
        self.select(client)
        return client

    def fetch(self, client):
        """(RFC822.SIZE, BODY[]) of every message."""
        status, answer = client.fetch("1:*", "(RFC822.SIZE BODY.PEEK[])")
        self.assertEqual(status, "OK", answer)
        return [(int(re.search(rb"RFC822\.SIZE (\d+)", part[0])[1]), part[1])
                for part in answer if isinstance(part, tuple)]

    def names(self, part):
        return sorted(os.listdir(self.inbox / part))

    def test_messages_are_as_sent(self):
        self.deliver(*MESSAGES)
        bodies = [body for _, body in self.fetch(self.opened())]
        self.assertEqual([body for body in bodies if body.count(b"\n") != body.count(b"\r\n")], [])
        contents = [harness.without_trace(body.replace(b"\r\n", b"\n")) for body in bodies]
        self.assertCountEqual(contents, [sent.replace(b"\r\n", b"\n") for sent in MESSAGES])

    def test_sizes_are_those_of_the_file_names(self):
        self.deliver(*MESSAGES)
        sizes = [tuple(map(int, re.search(r",S=(\d+),W=(\d+)$", name).groups()))
                 for name in self.names("new")]
        fetched = self.fetch(self.opened())
        self.assertCountEqual([size for size, _ in fetched], [wire for _, wire in sizes])
        self.assertCountEqual([(len(body) - body.count(b"\r\n"), len(body)) for _, body in fetched],
                              sizes)

    def test_a_reader_changes_flags_and_deletes(self):
        self.deliver(*MESSAGES[:2])
        names = self.names("new")
        client = self.opened()
        self.assertEqual(self.names("new"), [])
        self.assertEqual(self.names("cur"), [f"{name}:2," for name in names])
        client.store("1:2", "+FLAGS", r"(\Seen \Flagged)")
        self.assertEqual(self.names("cur"), [f"{name}:2,FS" for name in names])

        client = self.opened()
        _, answer = client.fetch("1", "(FLAGS)")
        self.assertEqual(set(imaplib.ParseFlags(answer[0])), {rb"\Seen", rb"\Flagged"})
        client.store("1:2", "+FLAGS", r"(\Deleted)")
        self.assertEqual(client.expunge()[0], "OK")
        self.assertEqual(self.names("cur"), [])

    def test_each_reader_sees_his_own_mailbox(self):
        self.deliver(message("one", b""))
        self.deliver(message("two", b""), recipient="verkauf@ours.test")
        self.deliver(message("three", b""), recipient="anyone@catchall.test")
        for user, subject in (("info@ours.test", b"one"), ("Sales@Ours.Test", b"two"),
                              ("anna@catchall.test", b"three")):
            [(_, body)] = self.fetch(self.opened(user))
            self.assertIn(b"Subject: " + subject + b"\r\n", body)

    def test_new_mail_is_seen_in_an_open_mailbox(self):
        client = self.login()
        self.assertEqual(self.select(client), 0)
        for count in (1, 2):
            self.deliver(message(str(count), b""))
            client.noop()
            self.assertEqual(client.response("EXISTS")[1][-1], b"%d" % count)
        self.assertEqual(len(self.fetch(client)), 2)

    def test_new_mail_ends_the_wait_of_an_idle_reader(self):
        client = self.opened()
        client.send(b"X1 IDLE\r\n")  # RFC 2177; imaplib does not know it
        self.assertEqual(client.readline(), b"+ idling\r\n")
        self.deliver(harness.MESSAGE)
        self.assertEqual(client.readline(), b"* 1 EXISTS\r\n")
        client.send(b"DONE\r\n")
        lines = iter(client.readline, b"")
        self.assertTrue(any(line.startswith(b"X1 OK") for line in lines), self.dovecot.log())

    def test_the_junk_folder_is_a_mailbox(self):
        self.deliver(message("junk", b"Last line\r\n").replace(b"example.net", b"junk.test"))
        client = self.login()  # an open session does not look for new folders
        self.assertTrue(any(line.endswith(b' "." Junk') for line in client.list()[1]))
        self.assertEqual(self.select(client, "Junk"), 1)
        self.assertIn(b"Last line", self.fetch(client)[0][1])


if __name__ == "__main__":
    harness.main()
