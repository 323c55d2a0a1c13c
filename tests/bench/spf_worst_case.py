#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the worst records cost that a sender can write: rounds, questions and time of SPF.

The time is that of all rounds of one evaluation. The last line is the memory of all of them.
"""

import os
import pathlib
import resource
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "auth/spf"))
from cases import Case, Zone, judge  # pylint: disable=wrong-import-position

RECORD = 65000  # octets: as much as one TXT record of a DNS message can hold
CLIENT = "192.0.2.1"


def filled(begin, term, end):
    """One record, `term` repeated between `begin` and `end` as often as there is room."""
    times = (RECORD - len(begin) - len(end)) // (len(term) + 1)
    return " ".join([begin, *[term] * times, end]).encode()


def chain(term):
    """Ten includes in a row, each record as long as it may be."""
    names = {f"d{n}.test": [("TXT", filled("v=spf1", term, f"include:d{n + 1}.test -all"))]
             for n in range(10)}
    return names | {"d10.test": [("TXT", filled("v=spf1", term, "-all"))]}


def tree(width):
    """Every record includes `width` others of the same kind."""
    others = " ".join(f"include:x{n}.d0.test" for n in range(width))
    names = {"d0.test": [("TXT", f"v=spf1 {others} -all".encode())]}
    for n in range(width):
        names[f"x{n}.d0.test"] = names["d0.test"]
    return names


def hosts():
    """Ten MX of ten hosts each."""
    terms = " ".join(f"mx:m{n}.test" for n in range(10))
    names = {"d0.test": [("TXT", f"v=spf1 {terms} -all".encode())]}
    for n in range(10):
        names[f"m{n}.test"] = [("MX", (1, f"h{k}.m{n}.test")) for k in range(10)]
        for k in range(10):
            names[f"h{k}.m{n}.test"] = [("A", f"198.51.100.{k}")] * 10
    return names


def pointers():
    """A PTR of a thousand names, asked for in ten terms."""
    names = {"1.2.0.192.in-addr.arpa": [("PTR", f"p{n}.test") for n in range(1000)]}
    names |= {f"p{n}.test": [("A", "198.51.100.1")] for n in range(1000)}
    terms = " ".join(f"exists:%{{p}}.{n}.test" for n in range(10))
    return names | {"d0.test": [("TXT", f"v=spf1 {terms} -all".encode())]}


def explanation():
    text = b"%{l128r-.+}" * (RECORD // 11)
    return {"d0.test": [("TXT", b"v=spf1 -all exp=e.test")], "e.test": [("TXT", text)]}


KINDS = {
    "ten includes in a row, 64 KiB of ip4 each": chain("ip4:198.51.100.1"),
    "ten includes in a row, 64 KiB of ip6 each": chain("ip6:2001:db8::1:2"),
    "ten includes in a row, 64 KiB of macros each": chain("x=%{l128r-.+}%{ir}%{h}"),
    "ten includes in a row, 64 KiB of blanks each": chain(""),
    "includes of ten, in a circle": tree(10),
    "ten MX of ten hosts": hosts(),
    "a PTR of 1,000 names, %{p} ten times": pointers(),
    "an explanation of 64 KiB of macros": explanation(),
    "1,000 records that are none of SPF": {"d0.test": [("TXT", b"x" * 60)] * 1000},
    "1,000 records of SPF": {"d0.test": [("TXT", b"v=spf1 -all")] * 1000},
    "a term of 64 KiB": {"d0.test": [("TXT", b"v=spf1 exists:" + b"%{d}" * 16000 + b".test")]},
}


def main():
    local_part = ".".join("a" * 32)
    print(f"{'':48}{'result':10} rounds  questions       ms")
    program = pathlib.Path(os.environ.get("POSTERN_BUILD", "build/release")) / "tests/spf_cases"
    for kind, names in KINDS.items():
        case = Case(CLIENT, "h." * 100 + "test", f"{local_part}@d0.test")
        [verdict] = judge(program, [(Zone(names), [case])])
        print(f"{kind:48}{verdict.result:10} {verdict.rounds:6} {verdict.questions:10} "
              f"{verdict.microseconds / 1000:8.1f}")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"at most {usage.ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
