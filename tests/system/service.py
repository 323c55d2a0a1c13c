# SPDX-License-Identifier: Apache-2.0
"""Postern as an administrator of the machine sees it, and as a client outside does."""
import json
import pathlib
import re
import smtplib
import ssl
import subprocess

import compare
from machine import INSIDE, wait_for

UNIT = "postern.service"
HOSTNAME = "mx.ours.test"
SPOOL = "/var/lib/postern/mail"
OWN_PORTS = '[[listener]]\naddress = "0.0.0.0:25"\n[[listener]]\naddress = "[::]:25"\n'
PASSED_SOCKETS = '[[listener]]\naddress = "systemd:smtp"\n'
CONFIG = """config_version = 1
hostname = "{hostname}"
{listeners}
[[tls.certificate]]
chain = "tls/fullchain.pem"
key = "tls/privkey.pem"
[[domain]]
name = "ours.test"
mailboxes = [{mailboxes}]
[dns]
local_data = [". TXT nothing"]
[spool]
min_free = "1M"
[limits]
total_connections = 1000
"""
MESSAGE = b"From: a@example.net\r\nTo: info@ours.test\r\nSubject: system test\r\n\r\nHello.\r\n"


def client_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Service:
    def __init__(self, machine):
        self.machine = machine
        self.run = machine.run

    def make_certificate(self):
        folder = self.machine.root / "etc/postern/tls"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-days", "30", "-subj", f"/CN={HOSTNAME}",
                        "-addext", f"subjectAltName=DNS:{HOSTNAME}",
                        "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
                       check=True, capture_output=True)
        self.run("chown", "-R", "root:postern", "/etc/postern")
        self.run("chmod", "-R", "u=rwX,g=rX,o=", "/etc/postern")

    def configure(self, listeners=OWN_PORTS, mailboxes=("postmaster", "info")):
        names = ", ".join(f'"{name}"' for name in mailboxes)
        self.machine.write("/etc/postern/postern.conf", CONFIG.format(
            hostname=HOSTNAME, listeners=listeners, mailboxes=names), group="postern")

    def property(self, name, unit=UNIT):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def is_active(self):
        return self.property("ActiveState") == "active"

    def status(self):
        return json.loads(self.run("postern", "status", "--json").stdout)

    def roles(self):
        """Process numbers, in the machine, by role."""
        return {role["role"]: role["pid"] for role in self.status()["roles"]}

    def main_pid(self):
        return int(self.property("MainPID"))

    def process_status(self, pid):
        text = self.run("cat", f"/proc/{pid}/status").stdout
        return dict(re.findall(r"^(\w+):\t(.*)$", text, re.MULTILINE))

    def smtp(self):
        client = smtplib.SMTP(INSIDE, 25, timeout=30, local_hostname="client.example.net")
        client.starttls(context=client_context())
        client.ehlo()
        return client

    def send(self, recipient="info@ours.test"):
        with self.smtp() as client:
            client.sendmail("a@example.net", [recipient], MESSAGE)

    def mails(self, mailbox="info"):
        new = self.machine.root / SPOOL.lstrip("/") / "ours.test" / mailbox / "new"
        return sorted(new.iterdir()) if new.is_dir() else []

    def journal(self, *matches):
        """The journal's entries about our unit, oldest first."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "-u", UNIT, "-o", "json", "--no-pager", *matches).stdout
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def wait_for_event(self, event, seconds=30, **fields):
        matches = [f"POSTERN_{key.upper()}={value}" for key, value in fields.items()]
        return wait_for(lambda: self.journal(f"POSTERN_EVENT={event}", *matches),
                        f"the event {event} {fields}", seconds)[-1]

    def exposure(self, threshold):
        """What systemd thinks of the unit as it is loaded; it fails above `threshold`."""
        return self.run("systemd-analyze", "security", f"--threshold={threshold}", "--no-pager",
                        UNIT).stdout.strip().splitlines()[-1].strip()


class Load:
    """The load client, outside, for so many seconds."""

    def __init__(self, build, folder, seconds):
        self.journal = pathlib.Path(folder) / "load-journal"
        self.process = subprocess.Popen(
            [build / "tests/postern-load", "--server", f"{INSIDE}:25", "--recipients",
             "info@ours.test", "--connections", "10", "--seconds", str(seconds),
             "--messages-per-connection", "5", "--reconnect", "--journal", self.journal, "--json"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def report(self):
        out, error = self.process.communicate(timeout=120)
        if self.process.returncode != 0:
            raise AssertionError(f"postern-load: status {self.process.returncode}\n{out}{error}")
        return json.loads(out)

    @staticmethod
    def failed_connects(report):
        return sum(n for name, n in report["errors"].items() if name.startswith("connect"))

    def compare(self, service):
        """What all loads until now had acknowledged is in the mailbox."""
        for path in service.mails():
            if b"X-Load-Id" not in path.read_bytes():
                path.unlink()  # no mail of a load
        result = compare.compare(service.machine.root / SPOOL.lstrip("/") / "ours.test/info",
                                 self.journal)
        if not result.ok() or not result.acknowledged:
            raise AssertionError(str(result))
        return result
