#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What DKIM costs: ordinary mail, and the worst messages that a sender can write.

The time is that of one judgement with all keys there, the best of three.
"""

import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "auth/dkim"))
from judge import NOW, Case, judge, zone_of  # pylint: disable=wrong-import-position
from signer import Ed25519Key, RsaKey, canonical_body, sign  # pylint: disable=wrong-import-position

KEYS = {"rsa": RsaKey(1024), "rsa2048": RsaKey(2048), "rsa4096": RsaKey(4096), "ed": Ed25519Key()}
FROM = b"From: ann@example.org\r\nSubject: hello\r\n"
MIB = 1 << 20
LINE = b"a line of text with blanks in it and seventy octets all in all, as is.\r\n"
BODY = LINE * (25 * MIB // len(LINE))
BODIES = {
    "lines of text": BODY,
    "one line": b"x" * 25 * MIB + b"\r\n",
    "words of one octet": b"x " * (25 * MIB // 2) + b"\r\n",
    "white space": b" \t" * (25 * MIB // 2) + b"\r\n",
    "empty lines": b"\r\n" * (25 * MIB // 2),
    "empty lines but the last": b"\r\n" * (25 * MIB // 2 - 1) + b"x\r\n",
}
METHODS = ["relaxed/relaxed", "simple/simple", "relaxed/simple", "simple/relaxed"]


def field(selector, **changes):
    tags = {"v": "1", "a": "{a}", "c": "relaxed/relaxed", "d": "example.org", "s": selector,
            "t": str(NOW - 1000), "h": "from:subject", "bh": "{bh}", "b": "{b}", **changes}
    return "DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items())


def signed(message, selector="rsa", times=1, **changes):
    """The same signature several times: each is judged."""
    whole = sign(message, KEYS[selector], field(selector, **changes))
    return whole.removesuffix(message) * (times - 1) + whole


def with_methods(message, lengths=False, ours=False):
    """Ten signatures with all methods; where it says so, some with l=, or for our own code."""
    body = message.partition(b"\r\n\r\n")[2]
    sizes = {method: len(canonical_body(body, method)) for method in ("simple", "relaxed")}
    fields = b""
    for number in range(10):
        method = METHODS[number % 4]
        size = {"l": str(sizes[method.partition("/")[2]])} if lengths and number % 3 else {}
        if ours:
            size["zb"] = "x"
        fields += signed(message, c=method, **size).removesuffix(message)
    return fields + message


def chained(message):
    """Ten signatures, each of which signs all below."""
    for number in range(10):
        message = signed(message, h="from" + number * ":dkim-signature")
    return message


def refused(message):
    """Ten signatures with all methods, of which the library refuses five by its clock, five are for
    our own code, and some have l=."""
    body = message.partition(b"\r\n\r\n")[2]
    size = str(len(canonical_body(body, "simple")))
    fields = b""
    for number in range(10):
        changes = {"c": f"relaxed/{'relaxed' if number % 2 else 'simple'}"}
        if number % 2:
            changes.update(t="1", x=str(NOW - 1))
        else:
            changes.update(zb="x", l=size)
        fields += signed(message, **changes).removesuffix(message)
    return fields + message


def long_names(line=b"x:\r\n"):
    """A field list of 256 names against a header of as many fields as there is room for."""
    header = FROM + line * (MIB // len(line))
    return signed(header + b"\r\nb\r\n", times=10, h="from" + ":x" * 255)


def names_against_form_feeds():
    """Each field could be one that a signature is not given to the library for."""
    names = "from" + "".join(f":n{number}" for number in range(255))
    header = FROM + b"x:\f\r\n" * (MIB * 4 // 5 // 5)
    return signed(header + b"\r\nb\r\n", times=100, h=names)


def other_names(**changes):
    """Ten field lists without a name in common."""
    header = FROM + b"".join(b"n%d-%d:\r\n" % (n % 10, n) for n in range(100_000))
    message = header + b"\r\nb\r\n"
    lists = ["from" + "".join(f":n{n}-{n + 10 * k}" for k in range(255)) for n in range(10)]
    fields = b"".join(signed(message, h=names, **changes).removesuffix(message) for names in lists)
    return fields + message


def cases():
    mail = FROM + b"\r\n" + LINE * (10 * 1024 // len(LINE))
    yield "10 KiB", mail
    for selector in KEYS:
        yield f"10 KiB, {selector}", signed(mail, selector)
        yield f"10 KiB, {selector}, our own code", signed(mail, selector, zb="x")
    yield "1 MiB header, one signed field", signed(
        FROM + b"X: " + b"x y" * (MIB // 3) + b"\r\n\r\nb\r\n", times=10, h="from:x")
    yield "1 MiB header, small fields, 256 in h=", long_names()
    yield "1 MiB header, small fields, ten other h=", other_names()
    yield "1 MiB header, one signed field, our own code", signed(
        FROM + b"X: " + b"x y" * (MIB // 3) + b"\r\n\r\nb\r\n", times=10, h="from:x", zb="x")
    yield "1 MiB header, form feeds, 256 in h=, our own code", long_names(b"x:\f\r\n")
    yield "1 MiB header, small fields, ten other h=, our own code", other_names(zb="x")
    yield "1 MiB header, form feeds, 100 signatures", names_against_form_feeds()
    yield "1,000 signatures", signed(mail, times=1000)
    yield "1,000 signatures of 4096 bits", signed(mail, "rsa4096", times=1000)
    yield "1,000 malformed signatures", b"DKIM-Signature: v=1; a\r\n" * 1000 + mail
    yield "1 MiB of tags", b"DKIM-Signature: " + b"a=;" * (MIB // 3) + b"\r\n" + mail
    large = b"DKIM-Signature: v=1; z=" + b"x" * 16000 + b"\r\n"
    yield "100 signatures of 16 KiB", large * 100 + mail
    for name, body in BODIES.items():
        message = FROM + b"\r\n" + body
        yield f"25 MiB of {name}, ten signatures", with_methods(message)
        yield f"25 MiB of {name}, our own code", with_methods(message, ours=True)
    message = FROM + b"\r\n" + BODY
    yield "25 MiB, ten signatures, some with l=", with_methods(message, lengths=True)
    yield "25 MiB, ten signatures, each signs all below", chained(message)
    yield "25 MiB, ten signatures, our own code and refused", refused(message)


def main():
    zone = zone_of({f"{name}._domainkey.example.org": [key.record()]
                    for name, key in KEYS.items()})
    print(f"{'':56}{'results':36}      ms")
    program = pathlib.Path(os.environ.get("POSTERN_BUILD", "build/release")) / "tests/dkim_cases"
    for name, message in cases():
        outcome = min((judge(program, [(zone, [Case(message)])])[0] for _ in range(3)),
                      key=lambda one: one.microseconds)
        results = [verdict.result for verdict in outcome.verdicts]
        counts = ", ".join(f"{results.count(one)} {one}" for one in dict.fromkeys(results))
        print(f"{name:56}{counts:36}{outcome.microseconds / 1000:8.2f}", flush=True)


if __name__ == "__main__":
    main()
