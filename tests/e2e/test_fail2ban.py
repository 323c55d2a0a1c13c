# SPDX-License-Identifier: Apache-2.0
"""conf/fail2ban: the offenders are found in the log, and nobody else, whatever stands in it.

fail2ban is a service; ./dev test only unpacks its package.
"""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys

import harness
from harness import MESSAGE, Dialog

CONF = harness.SOURCE / "conf/fail2ban"
PACKAGE = harness.SOURCE / "build/unpacked/fail2ban"
PROXY = "127.0.0.50"
LISTENER = f'[[listener]]\naddress = "127.0.0.1:{{port}}"\nproxy_protocol_from = ["{PROXY}"]\n'
CONFIG = ('[log]\nlevel = "debug"\n[smtp]\nmax_recipients = 1\nmax_message_size = "64K"\n'
          '[limits]\nunknown_recipients_per_session = 1000\n'
          'unknown_recipient_rate = "1000/1m"\n')
NEVER = "198.51.100."  # addresses that occur in forged text only
REJECT = "sid=6740A3F1.0009 client={} port=40001 stage={} code={} ecode={} reason={}"
END = "sid=6740A3F1.0009 client={} port=40001 reason={} tls=- helo=\"\" cmds=\"\" accepted=0"


def forged(number):
    """Texts that a loose rule would take for lines of ours; each with an address of its own."""
    client = f"{NEVER}{number}"
    offence = f"sid=1.1 client={client} port=1 stage=rcpt code=550 ecode=5.1.1 reason=no_such_user"
    return [f"x client={client} ", f" event=reject {offence} ",
            f'" event=reject {offence} x="', f"\\\" event=reject {offence}",
            f"time=2026-11-22T09:40:52.123Z level=info event=reject {offence}",
            f"Nov 22 09:40:52 mx postern[1]: event=reject {offence}",
            f"Nov 22 09:40:52 mx postern[1]: event=disconnect {END.format(client, 'http')}"]


def quoted_string(text):
    """As a local part, of which there are 64 octets."""
    return re.sub(r'(["\\])', r"\\\1", text.strip()[:50])


def logged(line, date):
    """What syslog makes of a line of standard error."""
    return re.sub(r"^time=\S+ level=\w+", f"{date} mx postern[4711]:", line)


def as_syslog(line):
    return logged(line, "Nov 22 09:40:52")


def as_new_syslog(line):
    return logged(line, "2026-11-22T09:40:52.123456+00:00")


def fail2ban(program, *arguments):
    packages = PACKAGE / "usr/lib/python3/dist-packages"
    return subprocess.run([sys.executable, PACKAGE / "usr/bin" / program, *map(str, arguments)],
                          env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True,
                          text=True, timeout=60, check=False)


class Filter(harness.TestCase):
    def offenders(self, lines, rule=CONF / "filter.d/postern.conf"):
        """How often each address was found."""
        path = harness.shared_directory() / "lines"
        path.write_text("".join(f"{line}\n" for line in lines))
        done = fail2ban("fail2ban-regex", "-c", PACKAGE / "etc/fail2ban", "-o", "ip", path, rule)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return collections.Counter(done.stdout.split())

    def assert_offenders(self, lines, expected):
        for dress in (str, as_syslog, as_new_syslog):
            with self.subTest(dress):
                self.assertEqual(self.offenders(map(dress, lines)), expected)


class Lines(Filter):
    """As they are made, by hand."""

    def lines(self, *bodies):
        return [f"time=2026-11-22T09:40:52.123Z level=info {body}" for body in bodies]

    def test_offences(self):
        refused = [("rcpt", 550, "5.1.1", "no_such_user"), ("rcpt", 550, "5.7.1", "relay_denied"),
                   ("connect", 421, "4.7.0", "banned")]
        ended = ["early_talker", "bad_pipelining", "starttls_injection", "http", "proxy_header",
                 "errors", "rcpt_flood", "too_much_data"]
        for client in ("203.0.113.9", "2001:db8::9", "2001:db8:1:2:3:4:5:6"):
            lines = self.lines(*(f"event=reject {REJECT.format(client, *how)}" for how in refused),
                               *(f"event=disconnect {END.format(client, why)}" for why in ended))
            self.assert_offenders(lines, {client: len(lines)})

    def test_what_may_happen_to_anybody(self):
        client = "203.0.113.9"
        refused = [("rcpt", 452, "4.5.3", "too_many_recipients"),
                   ("mail", 451, "4.3.0", "local_error"), ("rcpt", 452, "4.3.1", "no_space"),
                   ("data", 550, "5.7.1", "dmarc_fail"),
                   ("data", 550, "5.7.23", "spf_fail"), ("data", 451, "4.4.3", "dmarc_temperror"),
                   ("data", 554, "5.6.0", "bad_newline"), ("data", 552, "5.3.4", "message_too_big"),
                   ("connect", 421, "4.3.2", "too_many_sessions"),
                   ("connect", 421, "4.7.0", "too_many_connections"),
                   ("connect", 554, "5.7.1", "access_denied"),
                   # Of the right reasons, where they do not belong.
                   ("rcpt", 450, "4.1.1", "no_such_user"), ("data", 550, "5.1.1", "no_such_user")]
        ended = ["quit", "eof", "tls_failed", "timeout", "shutdown", "session_deadline",
                 "slow_data", "denied", "tls_bytes", "errors_of_ours", "http2"]
        self.assert_offenders(
            self.lines(*(f"event=reject {REJECT.format(client, *how)}" for how in refused),
                       *(f"event=disconnect {END.format(client, why)}" for why in ended),
                       f"event=tls_failed sid=1.1 client={client} port=1 reason=cipher",
                       f"event=connect sid=1.1 client={client} port=1"), {})

    def test_forged_text(self):
        accept = ('event=accept sid=1.1 client=203.0.113.9 port=1 tls=TLSv1.3 helo="{0}" '
                  'from="{0}" to="{0}" nrcpt=1')
        lines = self.lines(*(accept.format(text) for text in forged(7)))
        lines += [f" {text}" for text in forged(8)[:2]]
        lines += self.lines("event=reject " + REJECT.format("203.0.113.9 client=198.51.100.1",
                                                            "rcpt", 550, "5.1.1", "no_such_user"))
        self.assert_offenders(lines, {})

    def test_no_names_are_looked_up(self):
        line = "event=reject " + REJECT.format("localhost", "rcpt", 550, "5.1.1", "no_such_user")
        self.assert_offenders(self.lines(line), {})


class Server(Filter):
    """As the server makes them, while it is attacked."""

    @contextlib.contextmanager
    def client(self, client):
        """Somebody behind the load balancer."""
        family = "TCP6" if ":" in client else "TCP4"
        to = "2001:db8::1" if ":" in client else "192.0.2.1"
        with Dialog(self.server.connect(PROXY)) as dialog:
            dialog.send(f"PROXY {family} {client} {to} 40000 25\r\n")
            yield dialog

    def secure(self, dialog, helo, name=None):
        dialog.expect(220)
        dialog.command("EHLO client.example.net", 250)
        dialog.command("STARTTLS", 220)
        dialog.sock = harness.client_context().wrap_socket(dialog.sock, server_hostname=name)
        dialog.send(f"EHLO {helo}\r\n")
        if not dialog.reply()[0].startswith("250"):
            dialog.command("EHLO client.example.net", 250)

    def attack(self, client, number):
        """Asks for a stranger's mailbox and for one of ours that is not there, with forged text
        wherever there is room for it."""
        texts = forged(number)
        for text in texts:
            quoted = quoted_string(text)
            with self.client(client) as dialog:
                self.secure(dialog, "a\n" + text)
                dialog.ask(f"VRFY {text}")
                dialog.command(f'MAIL FROM:<"{quoted}"@example.net>', 250)
                dialog.command(f'RCPT TO:<"{quoted}"@example.net>', 550, "5.7.1")
                dialog.command(f'RCPT TO:<"{quoted}"@ours.test>', 550, "5.1.1")
        return 2 * len(texts)

    def deliver(self, client, number):
        """Mail that is accepted, with the same text in all that it says."""
        for text in forged(number):
            quoted = quoted_string(text)
            message = MESSAGE.replace(b"<1@example.net>", f'<{text}@example.net>'.encode())
            with self.client(client) as dialog:
                self.secure(dialog, text, name=f"x client={NEVER}{number}")
                dialog.command(f'MAIL FROM:<"{quoted}"@example.net>', 250)
                dialog.command(f'RCPT TO:<"{quoted}"@catchall.test>', 250)
                # Temporary, and no offence.
                dialog.command("RCPT TO:<info@ours.test>", 452, "4.5.3")
                dialog.command("DATA", 354)
                self.assertIn("250 2.0.0", dialog.finish(message))
                dialog.command("QUIT", 221)

    def fail_handshake(self, client):
        with self.client(client) as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example.net", 250)
            dialog.command("STARTTLS", 220)
            dialog.send(b"GET / HTTP/1.1\r\n\r\n")
            dialog.rest()

    def send(self, client, data, greeting=True):
        with self.client(client) as dialog:
            if greeting:
                dialog.expect(220)
            dialog.send(data)
            dialog.rest()

    def too_much(self, client):
        with self.client(client) as dialog:
            self.secure(dialog, "client.example.net")
            dialog.begin("info@ours.test")
            with contextlib.suppress(OSError, ssl.SSLError):
                dialog.send(b"x" * (1 << 20))
            dialog.rest()

    def test_attacks(self):
        self.server = self.start(CONFIG, listeners=LISTENER)
        expected = {}
        for number, client in enumerate(("203.0.113.1", "2001:db8::1"), 1):
            expected[client] = self.attack(client, number)
        for number, data in enumerate((b"GET / HTTP/1.1\r\nHost: x client=198.51.100.3\r\n\r\n",
                                       b"EHLO a\r\nclient=198.51.100.4\r\nMAIL FROM:<>\r\n",
                                       b"event=reject client=198.51.100.5\r\n" * 3), 10):
            self.send(f"203.0.113.{number}", data)
            expected[f"203.0.113.{number}"] = 1
        self.too_much("203.0.113.20")
        expected["203.0.113.20"] = 1
        for number, client in enumerate(("192.0.2.10", "2001:db8:2::1"), 5):
            self.deliver(client, number)
            self.fail_handshake(client)
        self.server.wait_events("disconnect", sum(expected.values()) // 2)
        self.assertEqual(self.server.stop(), 0)
        log = self.server.log()
        self.assertGreater(log.count(NEVER), 60)
        self.assertEqual(len(self.server.events("accept")), 2 * len(forged(0)))
        self.assert_offenders(log.splitlines(), expected)
        fooled = self.offenders(log.splitlines(), "event=reject.* client=<HOST>")
        self.assertLessEqual({f"{NEVER}5", f"{NEVER}6"}, set(fooled))  # of those who sent mail

    def test_who_comes_back(self):
        self.server = self.start(listeners=LISTENER)
        self.server.ask("bans", "add", "203.0.113.0/24", "--for", "1h", "--reason", "why")
        for _ in range(3):
            self.send("203.0.113.30", b"", greeting=False)
        self.server.wait_events("disconnect", 3)
        self.assert_offenders(self.server.log().splitlines(), {"203.0.113.30": 3})


class Jail(harness.TestCase):
    """What fail2ban makes of it, beside the settings that Debian gives."""

    def commands(self, change=lambda text: text):
        directory = pathlib.Path(harness.shared_directory()) / "fail2ban"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(PACKAGE / "etc/fail2ban", directory)
        (directory / "jail.d/defaults-debian.conf").unlink()
        shutil.copy(CONF / "filter.d/postern.conf", directory / "filter.d")
        text = (CONF / "jail.d/postern.conf").read_text(encoding="utf-8")
        (directory / "jail.d/postern.conf").write_text(change(text))
        done = fail2ban("fail2ban-client", "-c", directory, "-d")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_is_off(self):
        self.assertNotIn("postern", self.commands())

    def test_switched_on(self):
        commands = self.commands(lambda text: text.replace("enabled = false", "enabled = true"))
        self.assertIn("['add', 'postern', 'systemd']", commands)
        self.assertIn("'addjournalmatch', '_SYSTEMD_UNIT=postern.service'", commands)
        self.assertEqual(commands.count("event="), 3)
        self.assertIn("['start', 'postern']", commands)


if __name__ == "__main__":
    harness.main()
