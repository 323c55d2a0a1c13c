"""The form of a case, and the world that most of them play in.

Ann writes from example.org, which asks for p=reject. Eve owns example.net and all that it needs to
pass. What is not said of a zone does not exist.
"""

import dataclasses

from cases import escaped, presentation
from dispositions import disposition
from rules_test import ED25519, NOW, RSA, field, replaced, signed, split  # for all of made/

CASES = []
CHEN = "Chen, Paxson, Jiang, Composition Kills (2020)"
SHEN = "Shen et al., Weak Links in Authentication Chains (2021)"


@dataclasses.dataclass
class Case:
    number: int
    name: str
    rule: str    # in a sentence
    source: str  # where it is written
    message: bytes
    zone: list      # lines
    expected: list  # lines, without what becomes of it
    facts: dict     # what the session knew, and settings; a list is a line each

    def directory(self):
        return f"{self.number:03}-{self.name}"

    def files(self):
        facts = [f"rule {self.rule}", f"source {self.source}",
                 *(f"{name} {one}" for name, value in self.facts.items()
                   for one in (value if isinstance(value, list) else [value]))]
        texts = {"case": facts, "zone": self.zone,
                 "expected": self.expected + disposition(self.expected, self.facts)}
        files = {name: "".join(f"{line}\n" for line in lines).encode()
                 for name, lines in texts.items()}
        files["message"] = self.message
        return {f"{self.directory()}/{name}": data for name, data in files.items()}


# Zones, a line each.

def txt(name, *records):
    octets = (record if isinstance(record, bytes) else record.encode() for record in records)
    texts = " ".join(f'"{escaped(record, b" ;")}"' for record in octets)
    return f"{presentation(name)} TXT unknown records {texts}"


def records(name, kind, *data):
    return f"{name} {kind} unknown records {' '.join(data)}"


def nodata(name, kind):
    return f"{name} {kind} unknown nodata"


def dead(name, kind, why="no answer in 5 s"):
    return f'{name} {kind} unknown failure "{why}"'


def key(record=RSA.record(), selector="sel", domain="example.org"):
    return txt(f"{selector}._domainkey.{domain}", record)


def policy(text="v=DMARC1; p=reject", domain="example.org"):
    return txt(f"_dmarc.{domain}", text)


# What is expected.

@dataclasses.dataclass
class Sender:
    """A session, and what is found of it."""

    client: str
    helo: str
    mail_from: str
    zone: list
    mailfrom_due: str
    helo_due: str
    iprev_due: str = "permerror: the address has no name"
    null_mx_due: str = "no"

    def facts(self):
        return {"client": self.client, "helo": self.helo, "mail_from": f"<{self.mail_from}>",
                "time": NOW}

    def due(self):
        return [f"mailfrom {self.mailfrom_due}", f"helo {self.helo_due}",
                f"iprev {self.iprev_due}", f"null_mx {self.null_mx_due}"]


def missing(name):
    return f"none {name}: {name} does not exist"


# A forwarder, of whom nothing is known.
STRANGER = Sender("192.0.2.99", "relay.example.net", "bounces@lists.example.net", [],
                  missing("lists.example.net"), missing("relay.example.net"))
EVE = Sender("192.0.2.66", "mail.example.net", "eve@example.net",
             [txt("example.net", "v=spf1 ip4:192.0.2.66 -all")],
             "pass example.net: ip4:192.0.2.66 of example.net matches the client",
             missing("mail.example.net"))
ANN = Sender("192.0.2.1", "mail.example.org", "ann@example.org",
             [txt("example.org", "v=spf1 ip4:192.0.2.1 -all")],
             "pass example.org: ip4:192.0.2.1 of example.org matches the client",
             missing("mail.example.org"))


def dkim(result, reason, d="example.org", s="sel", i="", a="rsa-sha256", testing=False):
    tags = [f" {name}={value}" for name, value in {"d": d, "s": s, "i": i, "a": a}.items()
            if value]
    return f"dkim {result}{''.join(tags)}{' testing' if testing else ''}: {reason}"


MATCHES = ("pass", "the signature matches")
MISMATCH = ("fail", "the signature does not match")
ALTERED = ("fail", "the body is not the one that was signed")


def dmarc(result, reason, author="example.org", organization=None, record=None, policy=None,
          testing=False, aligned=None):
    """`organization` and `record` are the author domain where they are not said; "" is none."""
    lines = {"author": author, "organization": author if organization is None else organization,
             "record": author if record is None else record, "policy": policy,
             "testing": "yes" if testing else "", "aligned": aligned}
    return [f"dmarc {result}: {reason}",
            *(f"{name} {value}" for name, value in lines.items() if value)]


def passes(method="dkim", domain="example.org", policy="reject", **more):
    return dmarc("pass", f"{method.upper()} of {domain} is aligned", policy=policy,
                 aligned=f"{method} {domain}", **more)


def fails(author="example.org", policy="reject", **more):
    return dmarc("fail", f"nothing that passed is aligned with {author}", author, policy=policy,
                 **more)


def is_open(reason="DKIM of example.org could not be checked", policy="reject", **more):
    return dmarc("temperror", reason, policy=policy, **more)


def no_record(author="example.org", **more):
    return dmarc("none", f"{author} has no DMARC record, nor has what is above", author,
                 **{"record": "", **more})


def faulty(fault, reason):
    return [f"dmarc permerror: {reason}", f"fault {fault}"]


def unreadable(why):
    return faulty("bad_from", f"the From field cannot be read: {why}")


def case(number, name, rule, source, message, *due, sender=STRANGER, zone=(), **facts):
    """`due`: lines, or lists of lines, of DKIM and DMARC."""
    lines = [line for one in due for line in ([one] if isinstance(one, str) else one)]
    CASES.append(Case(number, name, rule, source, message, [*sender.zone, *zone],
                      [*sender.due(), *lines], {**sender.facts(), **facts}))


def message(*fields, body=b"Hello.\r\n"):
    lines = [text if isinstance(text, bytes) else text.encode() for text in fields]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
