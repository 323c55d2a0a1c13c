"""Zones and cases in the form that spf_cases reads, and its answers."""

import dataclasses
import re
import subprocess
import urllib.parse

TYPES = ("A", "AAAA", "MX", "PTR", "TXT")
PLAIN = re.compile(rb'[!#-:<-\[\]-~]')  # as lib/dns/name.cc has it
MOST_CNAMES = 10


def escaped(data, plain=b""):
    return "".join(
        chr(byte) if PLAIN.match(bytes([byte])) or byte in plain else f"\\{byte:03}"
        for byte in data)


def presentation(name):
    """A name as lib/dns/name.h has it; None for what cannot be asked."""
    data = name.encode().lower().removesuffix(b".")
    if not data or len(data) > 253 or not all(0 < len(x) < 64 for x in data.split(b".")):
        return None
    return escaped(data)


def quoted(data):
    return f'"{escaped(data, b" ")}"'


def word(text):
    """One word, whatever is in it; "%" is the empty one."""
    return urllib.parse.quote(text, safe="") or "%"


class Zone:
    """name -> [(type, value)]; TXT values are bytes, MX values (preference, host). The type TIMEOUT
    is an answer that fails, for every type that the name has no record of."""

    def __init__(self, names):
        self.names = {}
        for name, records in names.items():
            self.names.setdefault(name.lower().removesuffix("."), []).extend(records)

    def answer(self, name, kind, cnames=0):
        """The text of an answer, from its security on."""
        records = self.names.get(name.lower().removesuffix("."))
        if records is None:
            return "unknown nxdomain"
        found = [value for type_, value in records if type_ == kind]
        if found:
            return "unknown records " + " ".join(self.data(kind, value) for value in found)
        if any(type_ == "TIMEOUT" for type_, _ in records):
            return 'unknown failure "no answer"'
        for type_, value in records:
            if type_ == "CNAME":
                if cnames == MOST_CNAMES:
                    return 'unknown failure "too many CNAMEs"'
                return self.answer(value, kind, cnames + 1)
        return "unknown nodata"

    @staticmethod
    def data(kind, value):
        if kind == "TXT":
            return quoted(value)
        if kind == "MX":
            return f"{value[0]}:{presentation(value[1]) or '.'}"
        return presentation(value) if kind == "PTR" else value

    def text(self):
        lines = ["zone"]
        for name in self.names:
            if presentation(name):
                lines += [f"{presentation(name)} {kind} {self.answer(name, kind)}"
                          for kind in TYPES]
        return "\n".join([*lines, ".\n"])


@dataclasses.dataclass
class Case:
    client: str
    helo: str
    mail_from: str  # empty: the null reverse-path

    def text(self):
        line = f"case {word(self.client)} {word(self.helo)}"
        if self.mail_from:
            local, _, domain = self.mail_from.rpartition("@")
            line += f" {word(local)} {word(domain)}"
        return line + "\n"


@dataclasses.dataclass
class Verdict:
    result: str
    rounds: int
    questions: int
    microseconds: int
    explanation: str
    reason: str

    @classmethod
    def parse(cls, line):
        result, rounds, questions, microseconds, explanation, reason = line.split()
        decode = urllib.parse.unquote
        return cls(result, int(rounds), int(questions), int(microseconds),
                   decode(explanation.removesuffix("%")), decode(reason))


def run(program, groups):
    """groups: [(Zone, [Case])]. The program's lines: one a case, in order."""
    text = "".join(zone.text() + "".join(case.text() for case in cases) for zone, cases in groups)
    ended = subprocess.run([program], input=text, text=True, stdout=subprocess.PIPE, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{program} ended with {ended.returncode}")
    return ended.stdout.splitlines()


def judge(program, groups):
    """One verdict a case, in order."""
    return [Verdict.parse(line) for line in run(program, groups)]
