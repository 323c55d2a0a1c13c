#!/usr/bin/python3
"""Our DKIM and dkimpy over generated messages.

Usage: differential_test.py DKIM_CASES [MESSAGES [SEED]]

Messages have up to three signatures with all that the grammar allows; in a part of them a field,
the body, a signature or a key is changed after signing. Kinds of disagreement, and why, stand in
oracle.py; any other fails. A seed gives the same run.
"""

import base64
import collections
import random
import sys

import oracle
from judge import NOW, Case, judge, zone_of
from signer import Ed25519Key, RsaKey, canonical_body, methods, sign, split

MESSAGES_A_BATCH = 500
DOMAINS = ["example.org", "mail.example.org", "a_b.example.net", "bücher.example"]
RSA = {bits: RsaKey(bits) for bits in (512, 1023, 1024, 1032)}
SIGNERS = {"rsa": RSA[1024], "rsa2": RSA[1032], "short": RSA[1023], "shorter": RSA[512],
           "ed": Ed25519Key(), "sha1": RsaKey(1024, "sha1")}
WEIGHTS = {"rsa": 10, "rsa2": 4, "ed": 4, "short": 1, "shorter": 1, "sha1": 1}
FIELDS = ["From", "To", "Subject", "Date", "List-Id", "X", "X", "MIME-Version"]
WORDS = ["one", "two", "a=b; c", "b= x", "<a@example.org>", "\xfc", "=?utf-8?q?x?=", "x" * 90,
         ":", '"q"', ""]
SPACES = [" "] * 12 + ["  ", "\t", " \t ", "\r\n ", "\r\n\t ", "\r\n \r\n "]
LINES = ["", "", " ", "\t", "line", "two  words", " led", "trailed \t", "x" * 300, "\xff\xfe",
         "-- ", "a\tb", "=20", "."]
SIGNATURE_OCTETS = b"=;:@ \t\r\nabABhvxz019+/\x0b\x0c\x7f\xff.-_"
TAGS = ["v", "a", "c", "d", "s", "t", "h", "bh", "b"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def pick(self, choices):
        return self.random.choice(choices)

    def weighted(self, table):
        return self.random.choices(list(table), list(table.values()))[0]

    def space(self):
        return self.pick(SPACES)

    def value(self):
        text = "".join(self.space() + self.pick(WORDS) for _ in range(self.random.randint(0, 5)))
        if self.chance(0.03):
            text += self.pick(["\x0b", "\x0cx", " \x0b"])
        # A line of white space only at the end would be more than one line end.
        return text.rstrip("\r\n \t") + self.pick(["", "", "", " ", "\t"])

    def field(self, name):
        if self.chance(0.1):
            name = self.pick([name.upper(), name.lower()])
        if self.chance(0.02):
            name += self.pick([" ", "  ", "\t"])
        return f"{name}:{self.value()}\r\n"

    def header(self):
        fields = [self.field(name) for name in FIELDS if name == "From" or self.chance(0.7)]
        if self.chance(0.02):
            fields.insert(1, self.pick(["no field\r\n", "a b: c\r\n", ": x\r\n"]))
        if self.chance(0.03):
            fields.append(self.field("From"))
        if self.chance(0.3):
            self.random.shuffle(fields[1:])
        return "".join(fields)

    def body(self):
        lines = [self.pick(LINES) for _ in range(self.pick([0, 0, 1, 2, 5, 12]))]
        return "\r\n".join(lines) + self.pick(["", "\r\n", "\r\n", "\r\n\r\n \r\n"])

    def message(self):
        return (self.header() + "\r\n" + self.body()).encode("latin-1")

    def names(self):
        names = [self.pick(FIELDS + ["Cc", "Reply-To"]) for _ in range(self.random.randint(0, 8))]
        names.append("From")
        if self.chance(0.08):
            names += ["DKIM-Signature"] * self.random.randint(1, 3)
        if self.chance(0.01):
            names.remove("From")
        self.random.shuffle(names)
        spaced = [self.pick([name, name.lower()]) for name in names]
        return self.pick([":", ":", " : ", ":\r\n "]).join(spaced)

    def identity(self, domain):
        local = self.pick(["", "ann", "a=62", "a b", "=3D", "jürgen"] * 4 +
                          ["x@y", '"x@y"', '"x=40"', '"x@\\', "x" * 250])
        host = self.pick([domain, a_labels(domain), domain.upper(), "sub." + domain, "x" + domain,
                          "org", "example.net"] if self.chance(0.3) else [domain, "sub." + domain])
        return f"{local}@{host}"

    def times(self):
        time = NOW - self.random.randint(0, 10_000)
        if self.chance(0.05):
            time = NOW + self.pick([100, 300, 301, 35_000, 40_000])
        times = {"t": str(time)} if self.chance(0.7) else {}
        if self.chance(0.15):
            if self.chance(0.2):
                times["t"] = self.pick(["0", "1", "200", "880000000"])
            times["x"] = str(time + self.pick([0, -1, 1, 10_000, 20_000, 10**6, 10**6, -40_000]))
        return times

    def optional(self, domain):
        tags = self.times()
        if self.chance(0.3):
            tags["i"] = self.identity(domain)
        if self.chance(0.2):
            tags["q"] = self.pick(["dns/txt"] * 9 + ["dns/txt:x/y", "x", "dns"])
        if self.chance(0.9):
            tags["c"] = self.pick(["simple", "relaxed", "relaxed/simple", "simple/relaxed"] +
                                  ["relaxed/relaxed", "simple/simple"] * 2)
        if self.chance(0.1):
            tags[self.pick(["z", "y1", "r", "zz", "zb", "D", "B", "bH", "atps"])] = self.pick(
                ["x", "", "From:a|To:b", "b=x", " b= y", "Grüße"])
        return tags

    def signature(self, message, selector):
        """The text of a field to be signed."""
        domain = self.pick(DOMAINS)
        tags = {"v": "1", "a": "{a}", "d": self.pick([domain, a_labels(domain), domain.title()]),
                "s": selector, "h": self.names(), "bh": "{bh}", "b": "{b}",
                **self.optional(domain)}
        if self.chance(0.1):
            body = canonical_body(split(message)[1], methods(tags)[1])
            tags["l"] = str(max(0, len(body) + self.pick([0, 0, 0, -1, 1, -10, 5])))
        order = list(tags)
        if self.chance(0.5):
            self.random.shuffle(order)
        return self.written([(name, tags[name]) for name in order])

    def written(self, tags):
        tight = self.chance(0.8)

        def space(share=0.15):
            return "" if tight or not self.chance(share) else self.space()

        specs = [f"{space()}{name}{space(0.1)}={space()}{value}{space()}"
                 for name, value in tags]
        separator = self.pick(["; ", ";", ";\r\n ", ";\r\n\t"])
        name = self.pick(["DKIM-Signature"] * 30 + ["dkim-signature", "DKIM-Signature "])
        end = self.pick(["", "", "", ";", "; "])
        return f"{name}:{self.pick([' ', ' ', ''])}{separator.join(specs)}{end}"

    def record(self, selector):
        key = SIGNERS[selector]
        record = key.record()
        if self.chance(0.75):
            return record
        data = record.partition("p=")[2]
        kind = "ed25519" if selector == "ed" else "rsa"
        tags = [("v", self.pick(["DKIM1"] * 8 + ["DKIM2"])), ("k", kind),
                ("h", self.pick(["sha256"] * 3 + ["sha1", "sha1:sha256"])),
                ("s", self.pick(["*", "email", "tlsrpt", "x:email", "other"])),
                ("t", self.pick(["y", "s", "y:s", ""])), ("n", "a note"), ("g", "*")]
        kept = [tag for tag in tags if self.chance(0.3) or tag[0] == "k" and kind == "ed25519"]
        if kind == "rsa" and self.chance(0.2):
            data = base64.b64encode(key.plain()).decode()
        if self.chance(0.2):
            data = data[:20] + " " + data[20:]
        kept.insert(self.random.randint(0, len(kept)) if self.chance(0.1) else len(kept),
                    ("p", self.pick([data] * 20 + ["", data[:-4], data + "="])))
        return self.pick(["; ", ";"]).join(f"{name}={value}" for name, value in kept)

    def keys(self):
        keys = {}
        for domain in DOMAINS:
            for selector in SIGNERS:
                if not self.chance(0.02):
                    name = f"{selector}._domainkey.{a_labels(domain)}"
                    keys[name] = self.record(selector).encode()
        if self.chance(0.05):
            name = self.pick(list(keys))
            keys[name] = self.mutated(keys[name], b" ;:=abkpsv+/\t\x0b\xff1")
        return keys

    def mutated(self, text, octets):
        at = self.random.randint(0, len(text))
        octet = bytes([self.pick(octets)])
        return self.pick([text[:at] + octet + text[at:], text[:at] + text[at + 1:],
                          text[:at] + octet + text[at + 1:]])

    def altered(self, message, signatures):
        """As it may come to be on its way."""
        kind = self.random.random()
        fields, body = split(message)
        place = self.random.randrange(len(fields))
        if kind < 0.25:
            body = tidied(self.mutated(body, b" \t\r\nxy."))
        elif kind < 0.45:
            fields.insert(place, self.field(self.pick(FIELDS)).encode("latin-1"))
        elif kind < 0.6:
            fields[place] = fields[place].replace(b" ", self.pick([b"  ", b"\t", b"\r\n ", b""]), 1)
        else:
            if kind > 0.75:
                place = self.random.randrange(signatures)
            text = self.mutated(fields[place].removesuffix(b"\r\n"), SIGNATURE_OCTETS)
            fields[place] = tidied(text) + b"\r\n"
        return b"".join(fields) + b"\r\n" + body

    def case(self):
        message, count = self.message(), self.pick([1, 1, 1, 2, 3])
        for number in range(count):
            selector = self.weighted(WEIGHTS)
            message = sign(message, SIGNERS[selector], self.signature(message, selector))
            if number + 1 < count and self.chance(0.15):
                message = self.altered(message, number + 1)
        if self.chance(0.4):
            message = self.altered(message, count)
        return message, self.keys()


def a_labels(name):
    return oracle.a_labels(name.encode()).decode()


def tidied(text):
    """Without a CR or LF alone; such messages never come here."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")


def show(message, keys, number, ours):
    names = {f"{ours.selector}._domainkey.{ours.domain}"}
    print(f"not explained: signature {number}, ours is {ours.result} ({ours.reason})\n"
          f"  { {name: keys.get(name) for name in names} }")
    for line in message.split(b"\r\n"):
        print(f"  {line!r}")


def compare(message, keys, outcome, counts):
    """Counts the verdicts; the number of disagreements that nothing explains."""
    bad = 0
    theirs = oracle.judge(message, NOW, lambda name: lookup(keys, name), len(outcome.verdicts))
    for number, (ours, passed) in enumerate(zip(outcome.verdicts, theirs, strict=True)):
        counts["results"][ours.result] += 1
        counts["reasons"][ours.reason.partition(":")[0]] += 1
        if (ours.result == "pass") == passed:
            continue
        names = oracle.explain(message, NOW, lambda name: lookup(keys, name), number, not passed)
        if names is None:
            bad += 1
            show(message, keys, number, ours)
        else:
            counts["disagreements"][" + ".join(names)] += 1
    return bad


def lookup(keys, name):
    return keys.get(name.decode("latin-1").lower().removesuffix("."))


def batches(generator, messages):
    while messages > 0:
        size = min(MESSAGES_A_BATCH, messages)
        yield [generator.case() for _ in range(size)]
        messages -= size


def main():
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 6376
    counts, bad = collections.defaultdict(collections.Counter), 0
    for cases in batches(Generator(seed), messages):
        groups = [(zone_of({name: [record] for name, record in keys.items()}), [Case(message)])
                  for message, keys in cases]
        outcomes = judge(sys.argv[1], groups)
        for (message, keys), outcome in zip(cases, outcomes, strict=True):
            bad += compare(message, keys, outcome, counts)
    print(f"{messages} messages, {sum(counts['results'].values())} signatures: "
          f"{dict(counts['results'])}")
    for reason, count in counts["reasons"].most_common():
        print(f"{count:7} {reason}")
    print(f"{sum(counts['disagreements'].values())} disagreements, explained:")
    for names, count in counts["disagreements"].most_common():
        print(f"{count:7} {names}")
    print(f"{bad} disagreements, not explained")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
