#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The fields of all cases, read by authres: authres_test.py VERIFY_CASES.

What stands in `case` and `expected` is found there again.
"""

import ipaddress
import pathlib
import re
import subprocess
import sys
import urllib.parse

import authres
import authres.dkim_b
import authres.dmarc

HERE = pathlib.Path(__file__).resolve().parent
MOST = 400  # octets of a value, as lib/mail/auth_results.h has it
MORE = re.compile(r"(\d+) more, not told here")
UNQUOTED = re.compile(r"[\w!#$%&'*+.^`{|}~-]*@?[\w.-]+", re.ASCII)
IDENTITIES = ["mailfrom", "helo"]


class Due:
    """One result that is due."""

    def __init__(self, method, rest):
        words, _, self.reason = rest.partition(": ")
        self.method = method
        self.result, *self.words = words.split(" ")
        self.properties = {}

    def add(self, name, value):
        if value:
            self.properties[name] = value


def dkim(line):
    due = Due("dkim", line)
    for word in due.words:
        tag, _, value = word.partition("=")
        if tag == "testing":
            due.reason += ", by a key for tests"
        else:
            due.add(f"header.{tag}", value)
    return due


def sender_of(facts):
    local_part, at, domain = facts["mail_from"].strip("<>").rpartition("@")
    if not at:
        return f"postmaster@{facts['helo']}"
    return f"{local_part}@{domain.lower().encode('idna').decode()}"


def spf(identity, line, facts):
    due = Due("spf", line)
    due.add(f"smtp.{identity}", facts["helo"] if identity == "helo" else sender_of(facts))
    return due


def iprev(line, facts):
    due = Due("iprev", line)
    due.reason = "".join(f"{name}: " for name in due.words) + due.reason
    client = ipaddress.ip_address(facts["client"])
    due.add("policy.iprev", str(getattr(client, "ipv4_mapped", None) or client))
    return due


def dmarc(lines):
    due = Due("dmarc", lines["dmarc"])
    due.add("header.from", lines.get("author"))
    due.add("policy.dmarc", lines.get("policy", "").partition(" ")[0])
    due.add("policy.override", lines.get("exception"))
    return due


def read_lines(path):
    return [line.partition(" ")[::2] for line in path.read_text("utf-8").splitlines()]


def due_of(directory):
    """The results in the order of the field, and how many are not listed."""
    facts = dict(read_lines(directory / "case"))
    lines = read_lines(directory / "expected")
    one = dict(lines)
    signatures = [dkim(line) for name, line in lines if name == "dkim"]
    signatures.sort(key=lambda due: due.result != "pass")
    unlisted = int(one.get("unlisted", 0))
    if not signatures and not unlisted:
        signatures = [Due("dkim", "none")]
    return [*(spf(identity, one[identity], facts) for identity in IDENTITIES),
            iprev(one["iprev"], facts), dmarc(one), *signatures], unlisted


def shown(text):
    """What a reader should find for a value: `expected` has \\x for what is not printable."""
    text = re.sub(r"\\x[0-9a-f]{2}", "?", text)
    return text if len(text) <= MOST else text[:MOST] + "..."


def bare(text):
    """authres leaves the backslashes of quoted pairs."""
    return re.sub(r"\\(.)", r"\1", text or "")


def check_result(due, found):
    assert (found.method, found.result) == (due.method, due.result), (found.method, found.result)
    assert bare(found.reason) == shown(due.reason), (found.reason, due.reason)
    values = {f"{p.type}.{p.name}": p.value for p in found.properties}
    for name, value in due.properties.items():
        # authres passes over a value in quotes that another property follows.
        if name not in values and not UNQUOTED.fullmatch(value):
            continue
        assert bare(values.pop(name, None)) == shown(value), (name, value, found.properties)
    if due.method == "dkim":
        values.pop("header.b", None)
    assert not values, values


def check(directory, field):
    read = authres.FeatureContext(authres.dkim_b, authres.dmarc).parse(field.removesuffix("\r\n"))
    due, unlisted = due_of(directory)
    found = list(read.results)
    untold = MORE.fullmatch(found[-1].reason or "")
    if untold:
        assert (found.pop().result, int(untold[1])) == ("neutral", len(due) + unlisted - len(found))
    else:
        assert (len(found), unlisted) == (len(due), 0)
    for one, result in zip(due, found):
        check_result(one, result)


def main():
    directories = sorted(path.parent for path in HERE.glob("[0-9]*/case"))
    answer = subprocess.run([sys.argv[1], "--field", *directories], text=True, capture_output=True,
                            check=True)
    fields = [urllib.parse.unquote(line) for line in answer.stdout.splitlines()]
    assert len(fields) == len(directories) > 0
    bad = 0
    for directory, field in zip(directories, fields):
        try:
            check(directory, field)
        except Exception as error:  # whatever authres throws
            bad += 1
            print(f"{directory.name}: {error!r}\n{field}")
    print(f"{len(fields)} fields, {bad} bad")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
