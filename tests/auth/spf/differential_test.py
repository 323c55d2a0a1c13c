#!/usr/bin/python3
"""Our SPF and pyspf over generated records and zones.

Usage: differential_test.py SPF_CASES [EVALUATIONS [SEED]]

Records come from the grammar, a part of them mutated; they include and redirect to each other.
Kinds of disagreement, and why, stand in oracle.py; any other fails. A seed gives the same run.
"""

import collections
import random
import sys

import oracle
from cases import Case, Zone, judge

CASES_A_ZONE = 4
ZONES_A_BATCH = 250

DOMAINS = [f"d{number}.example.org" for number in range(8)]
HOSTS = [f"h{number}.example.net" for number in range(6)]
MISSING = ["nowhere.example.org", "gone.d1.example.org"]
CLIENTS = ["192.0.2.1", "192.0.2.77", "198.51.100.4", "203.0.113.9", "2001:db8::1",
           "2001:db8:1::cafe", "::ffff:192.0.2.1"]
NETWORKS4 = ["192.0.2.1", "192.0.2.77", "192.0.2.0", "198.51.100.4", "198.51.0.0", "0.0.0.0",
             "203.0.113.255"]
NETWORKS6 = ["2001:db8::1", "2001:db8::", "2001:db8:1::", "::", "::ffff:192.0.2.1",
             "2001:DB8:0:0:0:0:1.2.3.4", "1:2:3:4:5:6:7::"]
LOCAL_PARTS = ["user", "a-b", "strong-bad", "x+y+z", "~j&j=up_3.c", "a b", "x" * 64, ""]
HELOS = ["h0.example.net", "d1.example.org", "localhost", "[192.0.2.1]", "JUMPIN' JUPITER", "%%.x",
         "x" * 63 + ".example.net", "mail.d2.example.org."]
LETTERS = "slodipvh"
MUTATIONS = "%{}./:=-+~?0123456789abrdxX_ \t\"\\,;\x01\x7f\xe9"
# Weights: what a real record is made of, and what a limit or a macro needs.
MECHANISMS = {"all": 2, "include": 8, "a": 6, "mx": 6, "ptr": 2, "ip4": 6, "ip6": 4, "exists": 5}
MODIFIERS = {"redirect": 5, "exp": 4, "other": 2}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.at = 0  # of the domain whose records are made

    def chance(self, share):
        return self.random.random() < share

    def weighted(self, table):
        return self.random.choices(list(table), list(table.values()))[0]

    def macro(self, letters=LETTERS):
        letter = self.random.choice(letters)
        if self.chance(0.2):
            letter = letter.upper()
        digits = str(self.random.randint(0, 9) or 128) if self.chance(0.3) else ""
        reverse = self.random.choice("rR") if self.chance(0.3) else ""
        delimiters = "".join(self.random.choices(".-+,/_=", k=self.random.randint(1, 2)))
        return f"%{{{letter}{digits}{reverse}{delimiters if self.chance(0.2) else ''}}}"

    def name(self):
        return self.random.choice(DOMAINS * 3 + HOSTS * 4 + MISSING)

    def policy(self):
        """Who is included: most often a domain behind this one, so that chains are long and end."""
        later = DOMAINS[self.at + 1:]
        return self.random.choice(later if later and self.chance(0.9) else DOMAINS)

    def domain_spec(self, is_policy=False):
        if self.chance(0.95 if is_policy else 0.7):
            return self.policy() if is_policy else self.name()
        parts = [self.macro() if self.chance(0.6) else
                 self.random.choice(["x", "_spf", "%%", "%-", "%_", "a/b", "c:d"])
                 for _ in range(self.random.randint(1, 3))]
        if self.chance(0.05):
            parts *= 20
        end = self.macro() if self.chance(0.3) else self.random.choice(DOMAINS)
        return ".".join([*parts, end]) + ("." if self.chance(0.05) else "")

    def prefixes(self):
        prefix = f"/{self.random.choice([0, 8, 16, 24, 31, 32])}" if self.chance(0.3) else ""
        return prefix + (f"//{self.random.choice([0, 32, 48, 64, 127, 128])}"
                         if self.chance(0.2) else "")

    def argument(self, mechanism):
        if mechanism == "ip4":
            prefix = f"/{self.random.randint(0, 32)}" if self.chance(0.5) else ""
            return f":{self.random.choice(NETWORKS4)}{prefix}"
        if mechanism == "ip6":
            prefix = f"/{self.random.randint(0, 128)}" if self.chance(0.5) else ""
            return f":{self.random.choice(NETWORKS6)}{prefix}"
        if mechanism in ("include", "exists"):
            return ":" + self.domain_spec(mechanism == "include")
        target = f":{self.domain_spec()}" if self.chance(0.7) and mechanism != "all" else ""
        return target + (self.prefixes() if mechanism in ("a", "mx") else "")

    def term(self):
        if self.chance(0.06):
            modifier = self.weighted(MODIFIERS)
            if modifier == "other":
                return f"{self.random.choice(['x-y.z', 'op', 'OP'])}={self.macro()}/="
            name = modifier.upper() if self.chance(0.1) else modifier
            return f"{name}={self.domain_spec(modifier == 'redirect')}"
        mechanism = self.weighted(MECHANISMS)
        name = mechanism.upper() if self.chance(0.05) else mechanism
        qualifier = self.random.choice(["", "", "", "", "+", "-", "~", "?"])
        return qualifier + name + self.argument(mechanism)

    def record(self):
        terms = [self.term() for _ in range(self.random.choice([1, 2, 3, 3, 4, 5, 6, 8, 14]))]
        if self.chance(0.5):
            terms.append(self.random.choice(["-all", "~all", "?all", "-all exp=exp.example.org",
                                             f"redirect={self.policy()}"]))
        text = " ".join(["v=spf1", *terms])
        if self.chance(0.08):
            text = self.mutated(text)
        return text.encode()

    def mutated(self, text):
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randint(len("v=spf1 "), len(text))
            piece = text[at:at + self.random.randint(0, 3)]
            kind = self.random.randint(0, 3)
            if kind == 0:
                text = text[:at] + text[at + 1:]
            elif kind == 1:
                text = text[:at] + piece * 2 + text[at + len(piece):]
            else:
                text = text[:at] + self.random.choice(MUTATIONS) + text[at + kind - 2:]
        return text

    def hosts(self):
        return [("MX", (self.random.randint(0, 30), self.random.choice(HOSTS * 4 + MISSING + [""])))
                for _ in range(self.random.choice([1, 2, 2, 2, 3, 3, 4, 9, 10, 11]))]

    def records(self, name):
        """What stands at a name of the zone."""
        self.at = DOMAINS.index(name) if name in DOMAINS else 0
        if self.chance(0.03):
            return [("TIMEOUT", None)]
        if self.chance(0.05):
            # Towards the end of the list: no loop.
            known = DOMAINS + HOSTS
            later = known[known.index(name) + 1:]
            return [("CNAME", self.random.choice(later))] if later else []
        found = []
        if self.chance(0.6):
            count = self.random.randint(1, 3)
            found += [("A", self.random.choice(NETWORKS4)) for _ in range(count)]
        if self.chance(0.4):
            found.append(("AAAA", self.random.choice(["2001:db8::1", "2001:db8:1::cafe", "::1"])))
        if self.chance(0.5):
            found += self.hosts()
        if name in DOMAINS and self.chance(0.96):
            found += [("TXT", self.record()) for _ in range(1 + self.chance(0.01))]
        return found + ([("TXT", b"other text \xff")] if self.chance(0.2) else [])

    def client_names(self):
        names = {}
        for reverse in ["1.2.0.192.in-addr.arpa", "77.2.0.192.in-addr.arpa",
                        "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"]:
            if self.chance(0.1):
                names[reverse] = [("TIMEOUT", None)]
            elif self.chance(0.8):
                names[reverse] = [("PTR", self.random.choice(HOSTS + DOMAINS + MISSING))
                                  for _ in range(self.random.choice([1, 2, 3, 12]))]
        return names

    def explanation(self):
        words = [self.macro(LETTERS + "cr") if self.chance(0.4) else
                 self.random.choice(["see", "why.", "50%%", "%", "http://x.example/?%{S}", "a%_b"])
                 for _ in range(self.random.choice([2, 5, 40]))]
        return [("TXT", " ".join(words).encode())]

    def zone(self):
        names = {name: self.records(name) for name in DOMAINS + HOSTS}
        names["exp.example.org"] = self.explanation()
        names.update(self.client_names())
        # What exists: with macros may find.
        for label in ["user", "a-b", "192.0.2.1", "1.2.0.192", "in-addr", "unknown"]:
            names[f"{label}.{self.random.choice(DOMAINS)}"] = [("A", "127.0.0.2")]
        return Zone(names)

    def case(self):
        mail_from = f"{self.random.choice(LOCAL_PARTS)}@{self.random.choice(DOMAINS)}"
        return Case(self.random.choice(CLIENTS), self.random.choice(HELOS),
                    "" if self.chance(0.1) else mail_from)


def show(zone, case, ours, theirs):
    print(f"not explained: {case}\n  ours: {ours.result} {ours.explanation!r} ({ours.reason})\n"
          f"  pyspf: {theirs}\n{zone.text()}")


def compare(zone, case, ours, counts):
    """Counts the verdict; False for a disagreement that nothing explains."""
    verdict = ours.result, (ours.explanation or "DEFAULT") if ours.result == "fail" else ""
    counts["results"][ours.result] += 1
    theirs = oracle.judge(zone, case)
    if theirs == verdict:
        return True
    names = oracle.explain(zone, case, verdict)
    if names is None:
        show(zone, case, ours, theirs)
        return False
    counts["disagreements"][" + ".join(names)] += 1
    return True


def batches(generator, evaluations):
    while evaluations > 0:
        groups = []
        for _ in range(ZONES_A_BATCH):
            cases = [generator.case() for _ in range(min(CASES_A_ZONE, evaluations))]
            evaluations -= len(cases)
            if cases:
                groups.append((generator.zone(), cases))
        yield groups


def report(counts, total, worst):
    print(f"{total} evaluations: {dict(counts['results'])}")
    print(f"at most: {worst}")
    print(f"{sum(counts['disagreements'].values())} disagreements, explained:")
    for names, count in counts["disagreements"].most_common():
        print(f"{count:7} {names}")


def main():
    evaluations = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7208
    counts = collections.defaultdict(collections.Counter)
    worst = dict.fromkeys(["rounds", "questions", "microseconds"], 0)
    total, bad = 0, 0
    for groups in batches(Generator(seed), evaluations):
        pairs = [(zone, case) for zone, cases in groups for case in cases]
        verdicts = judge(sys.argv[1], groups)
        for (zone, case), ours in zip(pairs, verdicts, strict=True):
            bad += not compare(zone, case, ours, counts)
        total += len(pairs)
        for name in worst:
            worst[name] = max(worst[name], *(getattr(verdict, name) for verdict in verdicts))
    report(counts, total, worst)
    print(f"{bad} disagreements, not explained")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
