#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""./dev try: the real server on 127.0.0.1:2525, a real message through it, and what it refuses.

Everything it makes lies below .try/ in the source tree. --once ends the server afterwards.
"""
import argparse
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TRY = SOURCE / ".try"
PORT = 2525
HOST = "mx.demo.test"
USER = "nobody"  # what the server becomes when it is started as root
MAILBOX = "you@demo.test"
START_SECONDS = 10

CONFIG = f"""\
hostname = "{HOST}"

[[listener]]
address = "127.0.0.1:{PORT}"

[[tls.certificate]]
chain = "tls/fullchain.pem"
key = "tls/privkey.pem"

[[domain]]
name = "demo.test"
mailboxes = ["you", "postmaster"]

[spool]
directory = "mail"
min_free = "10M"

[auth]
spf.on_fail = "reject"

[dns]  # a world of its own: the root's record makes every name local, and nothing is asked
local_data = [
  ". TXT nothing",
  'example.net TXT "v=spf1 a:client.example.net -all"',
  "client.example.net A 127.0.0.1",
  "1.0.0.127.in-addr.arpa PTR client.example.net",
  'bank.example TXT "v=spf1 ip4:192.0.2.25 -all"',
]

[control]
socket = "control.sock"

[workers]
user = "{USER}"
"""


class Trouble(Exception):
    """Ends the demonstration with one clear line."""


def make_certificate():
    directory = TRY / "tls"
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / "fullchain.pem").exists():
        return
    run = subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "ec",
         "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "365",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-keyout", directory / "privkey.pem", "-out", directory / "fullchain.pem"],
        capture_output=True, text=True)
    if run.returncode != 0:
        raise Trouble(f"openssl could not make a certificate:\n{run.stderr}")
    (directory / "privkey.pem").chmod(0o600)


def prepare():
    make_certificate()
    (TRY / "mail").mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(TRY / "mail", USER)
    (TRY / "postern.conf").write_text(CONFIG)


def start_server(program):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            raise Trouble(f"something listens on 127.0.0.1:{PORT} already; "
                          f"find it with: ss -ltnp 'sport = :{PORT}'")
    log = open(TRY / "log", "wb")
    server = subprocess.Popen([program, "-c", TRY / "postern.conf"], stderr=log,
                              stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Trouble("the server did not start:\n" + (TRY / "log").read_text())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return server
        time.sleep(0.05)
    server.kill()
    raise Trouble(f"no answer on port {PORT} after {START_SECONDS} s; see .try/log")


def client(tls=True):
    smtp = smtplib.SMTP("127.0.0.1", PORT, local_hostname="client.example.net", timeout=20)
    smtp.ehlo()
    if tls:
        context = ssl.create_default_context(cafile=str(TRY / "tls/fullchain.pem"))
        smtp._host = HOST  # the name that the certificate is checked against
        smtp.starttls(context=context)
        smtp.ehlo()
    return smtp


def reply_text(reply):
    code, text = reply
    return f"{code} {text.decode()}"


def show(number, what, verdict, *details):
    print(f"\n  {number}  {what}\n     {verdict}")
    for detail in details:
        print(f"     {detail}")


def newest_mail():
    return max((TRY / "mail/demo.test/you/new").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def deliver(number):
    message = (f"From: Alice <alice@example.net>\r\nTo: {MAILBOX}\r\nSubject: A first message\r\n"
               f"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <first@example.net>\r\n\r\n"
               f"Received over TLS, and on disk before the 250.\r\n")
    with client() as smtp:
        version, (cipher, _, _) = smtp.sock.version(), smtp.sock.cipher()
        smtp.mail("alice@example.net")
        smtp.rcpt(MAILBOX)
        begun = time.monotonic()
        reply = smtp.data(message)
        taken = (time.monotonic() - begun) * 1000
    if reply[0] != 250:
        raise Trouble(f"the message was refused: {reply_text(reply)}")
    path = newest_mail()
    show(number, f"alice@example.net -> {MAILBOX}, through STARTTLS",
         f"ACCEPTED  {reply_text(reply)}   ({taken:.0f} ms)",
         f"TLS       {version} {cipher}", f"stored    {path.relative_to(SOURCE)}", "")
    for line in path.read_text().splitlines():
        print(f"       | {line}")


def forge(number):
    with client() as smtp:
        smtp.mail("service@bank.example")
        smtp.rcpt(MAILBOX)
        refuse(number, "a forged sender: bank.example names another server (SPF)", 550,
               smtp.data("From: service@bank.example\r\nSubject: Your account\r\n\r\nPay.\r\n"))


def refuse(number, what, expected, reply):
    if reply[0] != expected:
        raise Trouble(f"{what}: expected {expected}, got {reply_text(reply)}")
    show(number, what, f"REFUSED   {reply_text(reply)}")


def tell_story():
    deliver(1)
    forge(2)
    with client() as smtp:
        smtp.mail("alice@example.net")
        refuse(3, "a relay attempt: RCPT TO:<victim@elsewhere.example>", 550,
               smtp.rcpt("victim@elsewhere.example"))
    with client(tls=False) as smtp:
        refuse(4, "mail in clear text: MAIL before STARTTLS", 530, smtp.mail("alice@example.net"))
    with client() as smtp:
        refuse(5, "a search for mailboxes: VRFY you", 502, smtp.docmd("VRFY", "you"))


def stay(server):
    print(f"""
The server stays on 127.0.0.1:{PORT} until you press Ctrl-C. Send to it by hand:
  swaks --server 127.0.0.1 --port {PORT} --tls --from a@example.net --to {MAILBOX}
  openssl s_client -starttls smtp -crlf -quiet -connect 127.0.0.1:{PORT}
The mailbox:  ls .try/mail/demo.test/you/new      The log:  tail -f .try/log
The configuration:  .try/postern.conf             Run every test:  ./dev test""", flush=True)
    try:
        server.wait()
        raise Trouble("the server ended by itself; see .try/log")
    except KeyboardInterrupt:
        print()


def stop(server):
    server.send_signal(signal.SIGTERM)
    code = server.wait(40)
    if code != 0:
        raise Trouble(f"the server ended with {code}; see .try/log")


def main():
    parser = argparse.ArgumentParser(prog="./dev try", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end the server afterwards")
    parser.add_argument("--build", default="build/release", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        prepare()
        server = start_server(SOURCE / arguments.build / "posternd")
        try:
            print(f"server: 127.0.0.1:{PORT}, configuration .try/postern.conf "
                  f"({len(CONFIG.splitlines())} lines)")
            tell_story()
            if not arguments.once:
                stay(server)
        finally:
            if server.poll() is None:
                stop(server)
        return 0
    except Trouble as trouble:
        print(f"try: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
