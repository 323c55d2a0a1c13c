#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""./dev try: the real server on 127.0.0.1:2525, a signed message through it, and what it refuses.

Everything it makes lies below .try/ in the source tree. --once ends the server afterwards.
"""
import argparse
import email.utils
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/auth/dkim"))
import signer  # pylint: disable=wrong-import-position

TRY = SOURCE / ".try"
PORT = 2525
HOST = "mx.demo.test"
USER = "nobody"  # what the server becomes when it is started as root
MAILBOX = "you@demo.test"
START_SECONDS = 30  # a busy machine
KEY = signer.RsaKey(2048)
SELECTOR = "mail"
# A string of a record has 255 octets at most.
KEY_STRINGS = re.sub("(.{1,200})", r'"\1" ', KEY.record()).rstrip()

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

[state]
directory = "state"

[dns]  # a world of its own: the root's record makes every name local, and nothing is asked
local_data = [
  ". TXT nothing",
  'example.net TXT "v=spf1 a:client.example.net -all"',
  '_dmarc.example.net TXT "v=DMARC1; p=reject"',
  '{SELECTOR}._domainkey.example.net TXT {KEY_STRINGS}',
  "client.example.net A 127.0.0.1",
  "1.0.0.127.in-addr.arpa PTR client.example.net",
  'scam.example TXT "v=spf1 ip4:127.0.0.1 -all"',
  '_dmarc.bank.example TXT "v=DMARC1; p=reject"',
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


def client(tls=True, helo="client.example.net"):
    smtp = smtplib.SMTP("127.0.0.1", PORT, local_hostname=helo, timeout=20)
    smtp.ehlo()
    if tls:
        context = ssl.create_default_context(cafile=str(TRY / "tls/fullchain.pem"))
        smtp._host = HOST  # the name that the certificate is checked against
        smtp.starttls(context=context)
        smtp.ehlo()
    return smtp


def coloured(code, text):
    on = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\x1b[{code}m{text}\x1b[0m" if on else text


def accepted():
    return coloured(32, "ACCEPTED")


def refused():
    return coloured(31, "REFUSED ")


def reply_text(reply):
    code, text = reply
    return f"{code} {text.decode()}"


def expect(start, what, reply):
    if not reply_text(reply).startswith(start):
        raise Trouble(f"{what}: expected {start}, got {reply_text(reply)}")


def show(number, what, *lines):
    print(f"\n  {number}  {what}")
    for line in lines:
        print(f"     {line}".rstrip())


def mails():
    return set((TRY / "mail/demo.test/you/new").glob("*"))


def log_line(event):
    """The last of that event; it may come behind the reply."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lines = (TRY / "log").read_text().rpartition("\n")[0].splitlines()
        found = [line for line in lines if f" event={event} " in line]
        if found:
            return found[-1]
        time.sleep(0.02)
    raise Trouble(f"no line of {event} in .try/log")


def fields(line, *names):
    return "  ".join(re.search(rf" ({name}=\S+)", line)[1] for name in names)


def compose(author, subject, text):
    return (f"From: {author}\r\nTo: {MAILBOX}\r\nSubject: {subject}\r\n"
            f"Date: {email.utils.formatdate()}\r\n"
            f"Message-ID: {email.utils.make_msgid(domain='example.net')}\r\n\r\n"
            f"{text}\r\n").encode()


def signed(message):
    return signer.sign(message, KEY, "DKIM-Signature: v=1; a={a}; c=relaxed/relaxed; "
                       f"d=example.net; s={SELECTOR};\r\n h=from:to:subject:date:message-id;\r\n"
                       " bh={bh};\r\n b={b}")


def verdicts(path):
    """Our field on top of the stored message."""
    field = re.search(r"^Authentication-Results: .*\n(?:[ \t].*\n)*", path.read_text(), re.M)[0]
    for verdict in ("spf", "dkim", "dmarc"):
        if f" {verdict}=pass " not in field:
            raise Trouble(f"{verdict} of the signed message should be pass:\n{field}")
    return re.sub(r"\b(\w+=pass)\b", lambda match: coloured(32, match[1]), field).splitlines()


def deliver(number):
    before = mails()
    message = signed(compose("Alice <alice@example.net>", "A first message",
                             "Received over TLS, and on disk before the 250."))
    with client() as smtp:
        version, (cipher, _, _) = smtp.sock.version(), smtp.sock.cipher()
        smtp.mail("alice@example.net")
        smtp.rcpt(MAILBOX)
        begun = time.monotonic()
        reply = smtp.data(message)
        taken = (time.monotonic() - begun) * 1000
    expect("250 2.0.0", "the signed message", reply)
    [path] = mails() - before
    show(number, f"a message with a DKIM signature, alice@example.net to {MAILBOX}",
         f"{accepted()}  {reply_text(reply)}   ({taken:.0f} ms)",
         f"TLS       {version} {cipher}", f"stored    {path.relative_to(SOURCE)}", "",
         *(f"| {line}" for line in verdicts(path)))


def forge(number):
    """Of a server that may send as scam.example, so that nothing but DMARC is against it."""
    with client(helo="mail.scam.example") as smtp:
        smtp.mail("bounces@scam.example")
        smtp.rcpt(MAILBOX)
        reply = smtp.data(compose("Your bank <service@bank.example>", "Your account", "Pay here."))
    expect("550 5.7.1 DMARC", "the forged message", reply)
    show(number, "a forgery: From says bank.example, and the sender is scam.example",
         f"{refused()}  {reply_text(reply)}",
         f"log       {fields(log_line('reject'), 'spf', 'dkim', 'dmarc', 'author', 'policy')}")


def smuggle(number):
    """Whoever takes LF "." LF for the end of a message would find a second one behind it."""
    before = mails()
    first = compose("Alice <alice@example.net>", "Harmless", "Hello.")
    second = (b"MAIL FROM:<service@bank.example>\r\nRCPT TO:<" + MAILBOX.encode() + b">\r\nDATA\r\n"
              + compose("Your bank <service@bank.example>", "Your account", "Pay here."))
    with client() as smtp:
        smtp.mail("alice@example.net")
        smtp.rcpt(MAILBOX)
        smtp.docmd("DATA")
        smtp.send(first + b"\n.\n" + second + b".\r\n")
        reply = smtp.getreply()
    expect("554 5.6.0", "the smuggled message", reply)
    if mails() != before:
        raise Trouble("a message was smuggled in; see .try/mail")
    show(number, "a smuggling attempt: a second message behind an end that is none (LF . LF)",
         f"{refused()}  {reply_text(reply)}")


def refuse_the_rest():
    """What is not even a delivery."""
    with client(tls=False) as smtp:
        in_clear = smtp.mail("alice@example.net")
    with client() as smtp:
        smtp.mail("alice@example.net")
        rows = (("530 5.7.0", "MAIL FROM before STARTTLS", in_clear),
                ("550 5.7.1", "RCPT TO:<victim@elsewhere.example>",
                 smtp.rcpt("victim@elsewhere.example")),
                ("502 5.5.1", "VRFY you", smtp.docmd("VRFY", "you")))
    for start, what, reply in rows:
        expect(start, what, reply)
    show("-", "and besides",
         *(f"{refused()}  {what:36}{reply_text(reply)}" for _, what, reply in rows))


def tell_story():
    deliver(1)
    forge(2)
    smuggle(3)
    refuse_the_rest()


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
