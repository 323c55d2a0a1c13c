"""Cases in the form that dkim_cases reads, and its answers."""

import dataclasses
import pathlib
import subprocess
import sys
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "spf"))
from cases import Zone, word  # pylint: disable=wrong-import-position

NOW = 1_700_000_000


@dataclasses.dataclass
class Case:
    message: bytes
    now: int = NOW
    min_bits: int = 1024
    most: int = 10

    def text(self):
        return f"case {self.now} {self.min_bits} {self.most} {word(self.message)}\n"


@dataclasses.dataclass
class Verdict:
    result: str
    testing: bool
    domain: str
    selector: str
    identity: str
    algorithm: str
    signature: str
    section: str
    reason: str

    @classmethod
    def parse(cls, line):
        words = [urllib.parse.unquote(part.removesuffix("%") if part == "%" else part)
                 for part in line.split()]
        return cls(words[0], words[1] == "1", *words[2:])


@dataclasses.dataclass
class Outcome:
    verdicts: list
    unlisted: int
    questions: int
    microseconds: int


def judge(program, groups):
    """groups: [(Zone, [Case])]. One outcome a case, in order."""
    text = "".join(zone.text() + "".join(case.text() for case in cases) for zone, cases in groups)
    run = subprocess.run([program], input=text, text=True, stdout=subprocess.PIPE, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{program} ended with {run.returncode}")
    lines = iter(run.stdout.splitlines())
    outcomes = []
    for line in lines:
        count, *numbers = map(int, line.split())
        outcomes.append(Outcome([Verdict.parse(next(lines)) for _ in range(count)], *numbers))
    return outcomes


def zone_of(keys):
    """keys: name -> records, each text or bytes; None: no answer."""
    return Zone({name: [("TIMEOUT", None)] if records is None else [
        ("TXT", record if isinstance(record, bytes) else record.encode()) for record in records]
        for name, records in keys.items()})
