# SPDX-License-Identifier: Apache-2.0
"""What became of a message: its reply, its log line, and where and how it is stored."""
import dataclasses
import re

import authres

import harness
from harness import MESSAGE, Dialog
from nsd import Nsd

INBOX, JUNK = "", ".Junk"


@dataclasses.dataclass
class Judged:
    """Of a message that is not stored there are only the first two."""
    reply: str
    event: dict
    field: authres.AuthenticationResultsHeader = None  # nothing: it is not ASCII
    folder: str = None  # of ours.test/info
    mail: bytes = None

    def results(self, method):
        return [result for result in self.field.results if result.method == method]

    def signatures(self):
        """(result, domain, selector) of each, in the order of the field."""
        return [(result.result, values.get("header.d"), values.get("header.s"))
                for result in self.results("dkim") for values in [properties(result)]]


def own_field(mail):
    """The Authentication-Results that the server put on top, as text."""
    text = re.match(r"Return-Path:.*\n(?:[ \t].*\n)*Delivered-To: .*\n"
                    r"(Authentication-Results: .*\n(?:[ \t].*\n)*)", mail.decode())[1]
    assert re.fullmatch(r"(?:[^\0-\x1f\x7f]{1,998}\n)+", text), text
    return text


def parsed(text):
    return authres.AuthenticationResultsHeader.parse(text.replace("\n", "\r\n").rstrip())


def plain(value):
    """authres leaves the backslashes of quoted pairs."""
    return re.sub(r"\\(.)", r"\1", value)


def properties(result):
    """Values by their names: "header.d"."""
    return {f"{one.type}.{one.name}": plain(one.value) for one in result.properties}


def argument(identity):
    """The path of MAIL FROM: `identity` is one, or a domain, or empty."""
    return f"<{identity}@{identity}>" if identity and "@" not in identity else f"<{identity}>"


def judge(server, sender, source, helo="client.test", message=MESSAGE, finish=None):
    """One message to info@ours.test, and what became of it. `finish` sends it in a way of its own,
    behind RCPT, and gives the answer."""
    rejected = len(server.events("reject"))
    is_ascii = sender.isascii() and message.partition(b"\r\n\r\n")[0].isascii()
    with Dialog.tls(server, source, helo=helo) as dialog:
        port = str(dialog.sock.getsockname()[1])
        dialog.command(f"MAIL FROM:{argument(sender)}{'' if is_ascii else ' SMTPUTF8'}", 250)
        dialog.command("RCPT TO:<info@ours.test>", 250)
        if finish is None:
            dialog.command("DATA", 354)
        reply = finish(dialog) if finish else dialog.finish(message)
    mails = [(folder, mail) for folder in (INBOX, JUNK)
             for mail in server.mails(f"ours.test/info/{folder}")]
    stored = server.stored()
    assert len(stored) == len(mails), stored
    for path in stored:
        path.unlink()
    if not reply.startswith("250 "):
        assert not mails, mails
        # By the port: the lines of another test may be yet to come.
        return Judged(reply, harness.wait_for(
            lambda: [event for event in server.events("reject")[rejected:]
                     if event["port"] == port], "the log's line of the refusal")[-1])
    [(folder, mail)] = mails
    event = server.wait_event("accept", qid=reply.split()[-1])
    field = own_field(mail)
    # RFC 6532, which authres does not read.
    return Judged(reply, event, parsed(field) if field.isascii() else None, folder, mail)


class WithDns(harness.SharedServer):
    """A server that asks one nsd, which has `zones`."""
    zones = {}
    settings = ""

    @classmethod
    def setUpClass(cls):
        cls.dns = Nsd(cls.zones).start()
        cls.addClassCleanup(cls.dns.stop)
        cls.config = f'[dns]\nservers = ["{cls.dns.endpoint}"]\ntimeout = "20s"\n{cls.settings}'
        super().setUpClass()

    def setUp(self):
        self.empty_mailboxes()

    def judge(self, *arguments, **options):
        return judge(self.server, *arguments, **options)
