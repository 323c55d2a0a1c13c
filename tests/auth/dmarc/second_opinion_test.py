#!/usr/bin/python3
"""Our DMARC and libopendmarc's, as the server asks it: over the cases of tests/verify/dmarc/, and
over generated records, trees of names and identifiers.

Usage: second_opinion_test.py OPINION_CASES [EVALUATIONS [SEED]]

libopendmarc 1.4.2 follows RFC 7489. It is asked only where RFC 9989 comes to the same, and where it
is known to do what its own RFC says. Reasons for not asking are those of REASONS, with what stands
behind each; another reason fails, and so does any disagreement.

200,000 evaluations with the seed 1: 136,066 the same, 63,934 not asked, no disagreement, in a
quarter of a minute. Of the cases in files, which are about the rules of RFC 9989, 109 of 228.
"""

import collections
import pathlib
import random
import subprocess
import sys
import urllib.parse

CASES = pathlib.Path(__file__).resolve().parents[2] / "verify/dmarc"
CASES_A_BATCH = 1000

# Reason -> the difference of the standards, or what libopendmarc does.
REASONS = {
    # The verdict is none that it could come to.
    "there is not one author domain": "it takes the first address of From that it understands",
    "it has no temporary errors": "what the DNS did not say it takes for absent",
    "a question of the tree walk has no answer": "the same; RFC 7489 would not have asked it",
    "the answers that our verdict needs are not there": "more identifiers than we walk for",
    # The record.
    "a record is not of the grammar":
        "it takes records with two p=, with none, or with bytes that are no text; RFC 9989 has "
        "p=none for a missing p when there is a rua",
    "a record is too long for it": "it cuts without a word behind 8191 octets",
    "a tag of a record is too long for it": "it drops without a word what is longer than 511",
    "something in the record is no tag": "it takes blanks out of names: 's p' is sp",
    "it does not tell tags apart by their case": "P=reject is p=reject to it",
    "it takes a value of a tag otherwise":
        "p=r is reject, adkim=strict is s; rf=iodef changes aspf; behind a value that is none it "
        "gives up the record, and what it has read of it stays in force",
    "it does not know t=y": "RFC 9989 section 4.7 asks for one step less",
    "it does not know np": "RFC 9989 section 4.7 has another policy for what does not exist",
    # Whose record it is, and what is aligned.
    "a name has several records, or a bad one: RFC 9989 looks on, RFC 7489 stops":
        "RFC 9989 section 4.10 discards them, RFC 7489 section 6.6.3 ends the discovery",
    "RFC 7489 looks for the record elsewhere":
        "at the organizational domain of a list, not of a walk",
    "RFC 7489 has another organizational domain": "the same, for an identifier",
    "it aligns what is above or below, and nothing else":
        "a.example.org is not aligned with b.example.org, but evil.gov.uk is with gov.uk: it has "
        "no list, and with one it takes strict for relaxed",
    "it loses a first label of one letter": "x.com is com to it: all of .com may sign for it",
    "a domain is not in A-labels": "it knows none but those",
    "too much has passed": "more than can have a verdict",
}
SAME = 109  # of the cases that are files
LEAST_SHARE = 0.4  # of generated ones that it is asked about

# Names, by what a list of public suffixes says of what they stand below.
ORGANIZATIONS = ["example.org", "example.com", "shop.example", "example.co.uk", "bank.gov.uk",
                 "me.github.io", "x.com", "b.example.org", "city.kobe.jp", "team.kobe.jp"]
SUFFIXES = ["org", "com", "co.uk", "gov.uk", "github.io", "kobe.jp", "uk"]
LABELS = ["mail", "news", "bounce", "a", "b", "e", "xn--bcher-kva", "deep", "mx-1"]
SIGNERS = [*LABELS, "s_1"]  # which no address may have
POLICIES = ["none", "quarantine", "reject"]
TAGS = {
    "sp": (POLICIES, 6), "np": (POLICIES, 2), "adkim": (["r", "s", "S"], 5),
    "aspf": (["r", "s", "R"], 5), "pct": (["0", "50", "100"], 3), "ri": (["86400"], 2),
    "rf": (["afrf"], 2), "fo": (["0", "1", "0:1:d:s", "d"], 3), "psd": (["y", "n", "u"], 1),
    "t": (["n", "y"], 1), "rua": (["mailto:a@r.example", "mailto:a@r.example,mailto:b@r.example",
                                   "mailto:a@r.example!10m", "mailto:" + "a" * 240], 5),
    "ruf": (["mailto:f@r.example"], 2), "x": (["1", "y" * 300], 1),
}
ODD = {
    "p": ["r", "REJECT", "", "rejected", "quarantine none"], "adkim": ["strict", "x", ""],
    "aspf": ["relaxed", "x"], "pct": ["101", "-1", "x"], "rf": ["iodef", "afrf:iodef"],
    "fo": ["x", "d:"], "ri": ["x", "99999999999"], "sp": ["bogus"], "P": ["reject"],
    "s p": ["none"], "rua": ["mailto:" + "a" * 260], "x": ["y" * 600], "v": ["DMARC1"],
}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def blanks(self):
        return " " * self.random.choice([0, 0, 0, 1, 2])

    def tag(self, name, value):
        return f"{self.blanks()}{name}{self.blanks()}={self.blanks()}{value}{self.blanks()}"

    def record(self):
        names = [name for name, (_, weight) in TAGS.items() if self.chance(weight / 15)]
        self.random.shuffle(names)
        tags = [self.tag(name, self.random.choice(TAGS[name][0])) for name in names]
        if self.chance(0.98):
            tags.insert(0 if self.chance(0.9) else self.random.randint(0, len(tags)),
                        self.tag("p", self.random.choice(POLICIES)))
        if self.chance(0.06):
            name = self.random.choice(list(ODD))
            tags.insert(self.random.randint(0, len(tags)),
                        self.tag(name, self.random.choice(ODD[name])))
        if self.chance(0.05):
            tags.append("")
        version = self.random.choice(["v=DMARC1"] * 30 + ["v = DMARC1 ", "V=DMARC1", "v=dmarc1"])
        return ";".join([version, *tags])

    def below(self, name):
        labels = self.random.choice([0, 0, 0, 1, 1, 1, 2, 3, 9])
        return ".".join([*self.random.choices(LABELS, k=labels), name])

    def author(self):
        if self.chance(0.02):
            return self.random.choice(SUFFIXES)
        return self.below(self.random.choice(ORGANIZATIONS))

    def related(self, author):
        """An identifier: the author domain, one of its family, or a stranger."""
        labels = author.split(".")
        kind = self.random.choice(["same"] * 5 + ["above"] * 3 + ["below"] * 2 +
                                  ["beside"] * 2 + ["stranger"] * 4)
        if kind == "above" and len(labels) > 1:
            return ".".join(labels[self.random.randint(1, len(labels) - 1):])
        if kind == "below":
            return f"{self.random.choice(SIGNERS)}.{author}"
        if kind == "beside" and len(labels) > 1:
            return f"{self.random.choice(SIGNERS)}.{'.'.join(labels[1:])}"
        if kind == "stranger":
            return self.author()
        return author.upper() if self.chance(0.1) else author

    def zone(self, names):
        """Records at the names, or above them."""
        targets = sorted({".".join(name.lower().split(".")[at:])
                          for name in names for at in range(len(name.split(".")))})
        for target in targets:
            is_organization = target in ORGANIZATIONS
            if target == names[0] and self.chance(0.8):
                yield f"zone {target}. MX 10 mx.example."
            if not self.chance(0.75 if is_organization else 0.5 if target == names[0] else 0.05):
                continue
            if self.chance(0.01):
                yield f"dead _dmarc.{target} TXT SERVFAIL"
                continue
            for _ in range(2 if self.chance(0.02) else 1):
                yield f'zone _dmarc.{target}. TXT {self.strings(self.record())}'
            if self.chance(0.05):
                yield f'zone _dmarc.{target}. TXT "something else"'

    @staticmethod
    def strings(text):
        return " ".join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))

    def case(self):
        author = self.author()
        names = [author]
        lines = []
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 3])):
            names.append(self.related(author))
            result = self.random.choice(["pass"] * 8 + ["fail", "fail", "temperror"])
            lines.append(f"dkim {result} {names[-1]}")
        if self.chance(0.7):
            names.append(self.related(author))
            result = self.random.choice(["pass"] * 8 + ["fail", "none", "temperror"])
            lines.append(f"spf {result} {names[-1]}")
        lines.append(f"header From: Ann <ann@{author}>")
        return "\n".join([*self.zone(names), *lines]) + "\n"


class Opinion:
    def __init__(self, line):
        self.outcome, self.ours, self.theirs, microseconds, reason = line.split()
        self.microseconds = int(microseconds)
        self.reason = urllib.parse.unquote(reason.removesuffix("%"))

    def is_explained(self):
        return self.outcome == "same" or self.reason in REASONS


def opinions(program, cases):
    ended = subprocess.run([program], input="".join(case + ".\n" for case in cases), text=True,
                           stdout=subprocess.PIPE, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{program} ended with {ended.returncode}")
    return [Opinion(line) for line in ended.stdout.splitlines()]


class Tally:
    def __init__(self, program, name):
        self.program = program
        self.name = name
        self.outcomes = collections.Counter()
        self.results = collections.Counter()
        self.reasons = collections.Counter()
        self.worst = 0
        self.bad = 0

    def add(self, cases):
        for case, opinion in zip(cases, opinions(self.program, cases), strict=True):
            self.outcomes[opinion.outcome] += 1
            self.worst = max(self.worst, opinion.microseconds)
            if opinion.outcome == "same":
                self.results[opinion.ours] += 1
            if opinion.outcome == "not_asked":
                self.reasons[opinion.reason] += 1
            if not opinion.is_explained():
                self.bad += 1
                print(f"not explained: {opinion.ours}, libopendmarc {opinion.theirs}"
                      f" {opinion.reason}\n{case}")

    def report(self):
        total = self.outcomes.total()
        rates = {name: f"{100 * count / total:.3f} %" for name, count in self.outcomes.items()}
        print(f"{self.name}: {total} evaluations: {rates}, {self.worst} microseconds at most")
        print(f"the same: {dict(self.results.most_common())}")
        for reason, count in self.reasons.most_common():
            print(f"{count:7} {reason}")


def main():
    program = sys.argv[1]
    evaluations = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 9989
    files = Tally(program, "files")
    files.add([path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.case"))])
    files.report()
    generated = Tally(program, "generated")
    generator = Generator(seed)
    for begin in range(0, evaluations, CASES_A_BATCH):
        generated.add([generator.case() for _ in range(min(CASES_A_BATCH, evaluations - begin))])
    generated.report()
    bad = files.bad + (files.outcomes["same"] < SAME)
    bad += generated.bad
    bad += generated.outcomes["same"] < LEAST_SHARE * generated.outcomes.total()
    print(f"{bad} not explained, or with fewer opinions than expected")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
