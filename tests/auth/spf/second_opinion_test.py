#!/usr/bin/python3
"""Our SPF and libspf2's, as the server asks it: over the public suites, and over the generated
records and zones of differential_test.py.

Usage: second_opinion_test.py OPINION_CASES [EVALUATIONS [SEED]]

libspf2 1.2.10 is asked only where it is known neither to fail nor to be wrong. Reasons for not
asking are those of REASONS, with the fault behind each; another reason fails, and so does any
disagreement.

200,000 evaluations with the seed 1: 86,740 the same, 113,260 not asked, no disagreement, in a
minute. Few are asked because the generator is fond of what it gets wrong: 96 of 100 of those that
are not have a number in a macro, more terms than RFC 7208 allows, a prefix length of 0, a redirect
in the middle, no domain, or no grammar. Of those that were asked, 70 did not come to a result: it
went another way than we, for the last reason of REASONS.
"""

import collections
import sys
import urllib.parse

from cases import Case, run
from differential_test import Generator, batches
from suites_test import HERE, scenarios

# Reason -> what libspf2 does. Names of cases are those of the RFC 7208 suite.
REASONS = {
    "a record is not of the grammar":
        "it accepts most of what is not (redirect-twice, a-numeric, invalid-macro-char and 28 "
        "more), and its memory errors begin there",
    "a record is too long for it": "it copies terms into buffers on the stack",
    "a term of a record is too long for it": "CVE-2023-42118: a length wraps behind 511 octets",
    "a term of a record has too many macros for it": "the same",
    "it gets a number, '/', ',' or 'R' in a macro wrong":
        "it knows neither of the delimiters nor the upper case, and %{l1} of user becomes ser",
    "it takes a prefix length of 0 for a mistake": "permerror (a-cidr4-0 and 17 more)",
    "it takes a dot in the name of a modifier for a mistake": "permerror (modifier-charset-good)",
    "it evaluates redirect where it stands": "not last (redirect-after-mechanisms1, 2)",
    "it lets loopback addresses always pass": "whatever the record says",
    "it has not the limits of RFC 7208 section 4.6.4":
        "it counts terms for each record anew, and no voids (include-over-limit, void-over-limit)",
    "it takes too many names of the client for a mistake of the domain's": "ptr-limit",
    "it takes an error of the client's names for one of the domain's":
        "temperror, where RFC 7208 section 5.5 has no match",
    "it makes a name that is too long": "it does not cut names (domain-name-truncation)",
    "it has no room for all of a long record": "it drops terms behind 511 octets of its own form",
    "the identity is not the name of a domain": "a literal or a single label: nothing was asked",
    "a name is not printable ASCII": "%{S} of an octet above 127 overruns its memory",
    "it asks for what our verdict did not need":
        "it makes another name of a macro: %{p} of several names is the first, not the domain's "
        "own (p-macro-multiple), and %{H} leaves !*'() as they are (invalid-hello-macro); or it "
        "expands exp= with %{p} of what is no fail",
}

SUITES = {  # -> how many both judge the same
    "rfc7208-tests.yml": 100,
    "rfc4408-tests.yml": 91,
    "pyspf-tests.yml": 11,
}
LEAST_SHARE = 0.4  # of generated ones that it is asked about


class Opinion:
    def __init__(self, line):
        self.outcome, self.ours, self.theirs, microseconds, reason = line.split()
        self.microseconds = int(microseconds)
        self.reason = urllib.parse.unquote(reason.removesuffix("%"))


def is_explained(opinion):
    return opinion.outcome == "same" or opinion.reason in REASONS


class Tally:
    def __init__(self, program):
        self.program = program
        self.outcomes = collections.Counter()
        self.reasons = collections.Counter()
        self.worst = 0
        self.bad = 0

    def add(self, groups):
        pairs = [(zone, case) for zone, cases in groups for case in cases]
        opinions = [Opinion(line) for line in run(self.program, groups)]
        for (zone, case), opinion in zip(pairs, opinions, strict=True):
            self.outcomes[opinion.outcome] += 1
            self.worst = max(self.worst, opinion.microseconds)
            if opinion.outcome == "not_asked":
                self.reasons[opinion.reason] += 1
            if not is_explained(opinion):
                self.bad += 1
                print(f"not explained: {case}\n  {opinion.ours}, libspf2 {opinion.theirs}"
                      f" {opinion.reason}\n{zone.text()}")

    def report(self, name):
        total = self.outcomes.total()
        rates = {name: f"{100 * count / total:.3f} %" for name, count in self.outcomes.items()}
        print(f"{name}: {total} evaluations: {rates}, {self.worst} microseconds at most")
        for reason, count in self.reasons.most_common():
            print(f"{count:7} {reason}")


def play_suite(program, name):
    tally = Tally(program)
    tally.add([(zone, [Case(str(data["host"]), data["helo"], data["mailfrom"] or "")
                       for data in tests.values()])
               for zone, tests in scenarios(HERE / name)])
    tally.report(name)
    return tally


def main():
    program = sys.argv[1]
    evaluations = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7208
    bad = 0
    for name, same in SUITES.items():
        tally = play_suite(program, name)
        bad += tally.bad + (tally.outcomes["same"] != same)
    tally = Tally(program)
    for groups in batches(Generator(seed), evaluations):
        tally.add(groups)
    tally.report("generated")
    bad += tally.bad + (tally.outcomes["same"] < LEAST_SHARE * tally.outcomes.total())
    print(f"{bad} not explained, or with fewer opinions than expected")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
