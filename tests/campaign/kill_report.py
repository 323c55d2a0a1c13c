# SPDX-License-Identifier: Apache-2.0
"""What kills.py saw of each strike and each round, and the table of all of them."""
import collections
import dataclasses
import signal
import statistics

KILL, STOP = signal.SIGKILL, signal.SIGSTOP
SUPERVISOR = "posternd"
SECOND = 1.0         # in which a role is replaced, and in which there is service again
OPINION_PAUSE = 1.0  # postern-opinion is nobody's need: it has a pause when it dies
COLUMNS = ("role", "signal", "times", "replaced ms", "service ms", "late", "250", "4xx", "cut",
           "logged 4xx", "lost")
ROW = "{:<22} {:<8} {:>5}  {:>16}  {:>16} {:>5} {:>6} {:>5} {:>5} {:>11} {:>5}"


@dataclasses.dataclass
class Strike:
    role: str
    signal: signal.Signals
    pid: int = 0
    replaced: float = 0  # seconds from the signal to the line of its successor in the log

    def limit(self, ping_timeout):
        """Seconds. A stopped process is known by the ping that it does not answer."""
        limit = SECOND + (ping_timeout if self.signal == STOP else 0)
        return limit + (OPINION_PAUSE if self.role == "opinion" else 0)


@dataclasses.dataclass
class Round:
    """Strikes at one moment."""
    strikes: list
    when: float = 0     # time of day
    service: float = 0  # seconds to the answer to a new message that was acknowledged
    answers: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    refused: int = 0    # lines of the log about something that was refused for now
    lost: int = 0       # acknowledged, and not there in the end
    journal_end: int = 0

    def title(self):
        return " ".join(f"{strike.role} {strike.signal.name}" for strike in self.strikes)

    def limit(self, ping_timeout):
        """Seconds to service."""
        stops = any(strike.signal == STOP and strike.role != SUPERVISOR for strike in self.strikes)
        return SECOND + (ping_timeout if stops else 0)

    def times(self, ping_timeout):
        """What was waited for, how long, and how long it may take."""
        return [("service", self.service, self.limit(ping_timeout)),
                *((f"a new {strike.role}", strike.replaced, strike.limit(ping_timeout))
                  for strike in self.strikes)]

    def name(self):
        if len(self.strikes) == 1:
            return self.strikes[0].role, self.strikes[0].signal.name
        signals = {strike.signal.name for strike in self.strikes}
        return "several at once", signals.pop() if len(signals) == 1 else "both"


def spread(times):
    """Median and maximum in milliseconds."""
    if not times:
        return "-"
    return f"{1000 * statistics.median(times):.0f} / {1000 * max(times):.0f}"


def row(name, strikes, rounds, ping_timeout):
    late = sum(strike.replaced > strike.limit(ping_timeout) for strike in strikes) + \
        sum(one.service > one.limit(ping_timeout) for one in rounds)
    answers = sum((one.answers for one in rounds), collections.Counter())
    return ROW.format(*name, len(strikes) or len(rounds),
                      spread([strike.replaced for strike in strikes]),
                      spread([one.service for one in rounds]), late,
                      answers["250"], answers["4xx"], answers["cut"],
                      sum(one.refused for one in rounds), sum(one.lost for one in rounds))


def table(rounds, ping_timeout):
    """A line for each role and signal, with the rounds in which it was alone, and one for those in
    which several were struck."""
    strikes, by_name = collections.defaultdict(list), collections.defaultdict(list)
    for one in rounds:
        by_name[one.name()].append(one)
        for strike in one.strikes:
            strikes[strike.role, strike.signal.name].append(strike)
    names = sorted(strikes.keys() | by_name.keys(), key=lambda name: (name[1] == "both", name))
    lines = [row(name, strikes[name], by_name[name], ping_timeout) for name in names]
    total = row(("all", ""), [], rounds, ping_timeout)
    return "\n".join([ROW.format(*COLUMNS), *lines, total])
