# SPDX-License-Identifier: Apache-2.0
"""Hostile values, read by authres: authres_test.py AUTH_RESULTS_CASES [COUNT [SEED]]."""

import dataclasses
import pathlib
import random
import re
import subprocess
import sys
import urllib.parse

import authres
import authres.dkim_b
import authres.dmarc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "spf"))
from cases import word

DEFAULT_COUNT = 3000
MOST = 400  # octets of a value, as lib/mail/auth_results.h has it
MOST_OF_ALL = 16384
OURS = re.compile(r" (?:spf=|iprev=|dmarc=|dkim=|reason=\"|smtp\.(?:mailfrom|helo)=|"
                  r"policy\.(?:iprev|dmarc|dnssec|override)=|header\.(?:from|[dsaib])=)")

# What could end a value, a field or a comment, or begin one.
PIECES = ["a", "B9", ".", "-", "_", "@", " ", "  ", '"', "\\", "\\\"", ";", "=", "/", "?", "(", ")",
          "<", ">", "[", "]", ":", ",", "\r", "\n", "\r\n", "\r\nX: y", "\t", "\0", "\x7f", "\xfc",
          "\x80", "=?utf-8?q?x?=", "; spf=pass", " smtp.helo=x", " reason=y", "none", "%", "{", "'",
          "x" * 70, "y" * 500]
HANDMADE = ["", " ", "x", "a@b@c", '"', '\\', '";', "mx.ours.test; none", "a" * MOST, '"' * MOST,
            "\\" * (MOST + 1), "(" * 100, "a.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"]
DOMAINS = ["example.net", "[192.0.2.1]", "xn--bcher-kva.example", "a-b.example", "x" * 63 + ".net"]
SIGNERS = ["example.net", "xn--bcher-kva.example", "_a-b.c_d.example", "x" * 63 + ".net"]
CLIENTS = ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"]


@dataclasses.dataclass
class Case:
    client: str
    helo: str
    local_part: str
    domain: str
    reason: str
    name: str
    signer: str
    identity: str
    copies: int = 1

    def line(self):
        return " ".join(word(str(item).encode("latin-1"))
                        for item in dataclasses.astuple(self)) + "\n"

    def sender(self):
        if not self.domain:
            return "postmaster@" + self.helo
        atoms = self.local_part.split(".")
        local_part = self.local_part
        if not all(re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~\x80-\xff-]+", atom, re.ASCII)
                   for atom in atoms):
            local_part = '"' + re.sub(r'(["\\])', r"\\\1", local_part) + '"'
        return local_part + "@" + self.domain


def generated(choose):
    def text():
        return "".join(choose.choices(PIECES, k=choose.randrange(8)))
    domain = choose.choice([*DOMAINS, ""])
    identity = choose.choice(["", text(), "@" + choose.choice(SIGNERS),
                              text() + "@" + choose.choice(SIGNERS)])
    return Case(choose.choice(CLIENTS), text(), text() if domain else "", domain, text(),
                text() or "a.example", choose.choice(SIGNERS), identity,
                choose.choice([0, 1, 1, 1, 2, 3, 100]))


def cases(count, seed):
    for text in HANDMADE:
        yield Case(CLIENTS[0], text, text, DOMAINS[0], text, text or ".", SIGNERS[0], text)
        yield Case(CLIENTS[1], text, "", "", text, "a.example", SIGNERS[1], text, 100)
        yield Case(CLIENTS[1], text, "", "", text, "a.example", SIGNERS[2], "@" + SIGNERS[2], 2)
    choose = random.Random(seed)
    for _ in range(count):
        yield generated(choose)


def shown(text):
    """What a reader should find for a value."""
    text = text if len(text) <= MOST else "..."
    return re.sub(r"[^ -~]", "?", text)


def same(found, expected):
    """authres leaves the backslashes of quoted pairs."""
    found = re.sub(r"\\(.)", r"\1", found or "")
    return found == expected or expected == "..." and found.endswith("...")


def check_lines(field):
    lines = field.split("\r\n")
    assert lines[-1] == "" and lines[0].startswith("Authentication-Results: "), field
    assert all(len(line) <= 998 and re.fullmatch(r"[ -~]+", line) for line in lines[:-1]), field
    assert all(OURS.match(line) for line in lines[1:-1]), field
    assert len(field) <= MOST_OF_ALL, len(field)


TOKEN = r"[!#$%&'*+.^_`{|}~\w-]"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
UNQUOTED = re.compile(rf"{TOKEN}+|{TOKEN}*@{LABEL}(?:\.{LABEL})*", re.ASCII)


def check_signature(case, result):
    """One of those that are told."""
    assert (result.method, result.result) == ("dkim", "permerror")
    assert same(result.reason, shown(case.reason)), result.reason
    assert (result.header_d, result.header_s) == (case.signer, case.signer)
    values = {f"{p.type}.{p.name}": p.value for p in result.properties}
    assert (values.pop("header.a"), values.pop("policy.dnssec")) == ("rsa-sha256", "secure")
    # authres passes over a value in quotes that another property follows.
    identity = values.pop("header.i", None)
    if case.copies == 1 or UNQUOTED.fullmatch(case.identity):
        assert same(identity, shown(case.identity)), result.properties
    if case.copies > 1:
        assert values.pop("header.b") == "a/b+c==d"
    assert set(values) == {"header.d", "header.s"}, values


def check_dmarc(case, dmarc):
    assert (dmarc.method, dmarc.result) == ("dmarc", "fail")
    values = {f"{p.type}.{p.name}": p.value for p in dmarc.properties}
    assert (values.pop("header.from"), values.pop("policy.dmarc")) == (case.signer, "quarantine")
    if case.reason:
        assert same(values.pop("policy.override"), shown(case.reason)), values
    assert not values, values


def check_signatures(case, results):
    if case.copies == 0:
        assert [(result.method, result.result) for result in results] == [("dkim", "none")]
        return
    told = [result for result in results if result.result == "permerror"]
    for result in told:
        check_signature(case, result)
    if len(told) == case.copies:
        assert len(results) == len(told)
    else:
        assert len(results) == len(told) + 1 and results[-1].result == "neutral"
        assert results[-1].reason == f"{case.copies - len(told)} more, not told here"


def check(case, field):
    check_lines(field)
    read = authres.FeatureContext(authres.dkim_b, authres.dmarc).parse(field.removesuffix("\r\n"))
    assert read.authserv_id == "mx.ours.test"
    mailfrom, helo, iprev, dmarc, *signatures = read.results
    assert (mailfrom.method, helo.method, iprev.method) == ("spf", "spf", "iprev")
    for result in (mailfrom, helo, iprev):
        assert len(result.properties) == 1
    assert same(mailfrom.smtp_mailfrom, shown(case.sender())), mailfrom.smtp_mailfrom
    assert same(helo.smtp_helo, shown(case.helo)), helo.smtp_helo
    assert iprev.policy_iprev.replace("::ffff:", "") == case.client.replace("::ffff:", "")
    reason = shown(case.reason)
    assert same(mailfrom.reason, reason) and same(helo.reason, reason), mailfrom.reason
    check_dmarc(case, dmarc)
    check_signatures(case, signatures)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_COUNT
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 8601
    asked = list(cases(count, seed))
    answer = subprocess.run([sys.argv[1]], input="".join(case.line() for case in asked), text=True,
                            capture_output=True, check=True)
    fields = [urllib.parse.unquote(line) for line in answer.stdout.splitlines()]
    assert len(fields) == len(asked)
    for case, field in zip(asked, fields):
        try:
            check(case, field)
        except Exception:
            print(f"{case}\n{field}")
            raise
    print(f"{len(asked)} fields")


if __name__ == "__main__":
    main()
