#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""soak.py [--sessions N]: does any role keep something of the sessions that it has seen?

Rounds of mixed traffic: mail that is taken and refused, garbage, and connections that break off
anywhere, from ever new addresses. After each the server is left alone until no session is open, and
then descriptors, threads and memory of every role are looked at. After some rounds for warming up
descriptors and threads must be what they were, exactly, and memory must not grow: the slope of a
line through all samples counts, over the whole run.

At the end some sessions stay open, and these must be found. Exit code 1: something does not hold.
"""
import argparse
import collections
import json
import pathlib
import signal
import statistics
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "load")]
import flood
import harness
import signing

CANNOT_RUN = 77
SESSIONS, SESSIONS_PER_ROUND = 200_000, 10_000
SMALL_SESSIONS, SMALL_PER_ROUND = 3_000, 750
WARM_UP = 0.2         # of all rounds
MAX_GROWTH_KB = 1024  # over all rounds behind that; a role that grows more is not flat
# In a few rounds the table of networks is not yet full, and what postern-smtp keeps for itself
# (LoadWatch, kKeptHeap) may be there at the end and not at the beginning.
SMALL_GROWTH_KB = 10 << 10
HELD = 1200           # sessions that are to stay open in the end, more than there were at once
HARVESTERS = 30       # so few that they are banned
SAMPLE_SECONDS = 3
PROXIES, EXEMPT = "127.3.0.0/16", "127.200.1.0/28"
MEMORY = ("rss_kb", "pss_kb")
EXACT = ("descriptors", "threads")

KEY = signing.RsaKey(2048)
RECORDS = ['_dmarc.reject.test TXT "v=DMARC1; p=reject"', 'fail.test TXT "v=spf1 -all"',
           "null.test MX 0 .", '_dmarc.signed.test TXT "v=DMARC1; p=reject"',
           signing.key_record("s", "signed.test", KEY).strip(), harness.NO_DNS]
# Time-outs that bite here, but not because the machine had other work. Of the limits only those are
# wider that would have most of the traffic refused; who guesses mailboxes is banned all the time,
# and addresses drop out of the table.
CONFIG = f"""
[smtp]
command_timeout = "8s"
data_timeout = "8s"
[limits]
total_connections = 2000
tracked_networks = 4000
connections = 1000
connection_rate = "100000/1m"
handshake_rate = "100000/1m"
message_rate = "100000/1m"
recipient_rate = "100000/1m"
error_rate = "100000/1m"
byte_rate = "100G/10m"
ban_for = "2s"
ban_max = "4s"
exempt = ["{EXEMPT}"]
[auth.spf]
on_fail = "reject"
[dns]
local_data = [{", ".join(f"'{record}'" for record in RECORDS)}]
"""
LISTENERS = f"""
[[listener]]
address = "127.0.0.1:{{port}}"
proxy_protocol_from = ["{PROXIES}"]
"""

# Share of the sessions, and how they come. Kinds are taken in turn.
FLOODS = (
    (0.84, {"kinds": "good,refused,broken_off,good,garbage", "at_once": 100, "rate": 2000}),
    (0.06, {"kinds": "silent,half_open,slow_line,slow_data", "at_once": 200, "rate": 200}),
    (0.05, {"kinds": "harvest", "at_once": 50, "rate": 200}),
    (0.05, {"kinds": "proxied", "at_once": 20, "rate": 200}),
)
HOLD = 10  # seconds; more than the time-outs
# Of each kind, what shows that it is what it says.
EXPECTED = {
    "good": ["250 2.0.0", "250 2.1.5"],
    "refused": ["530 5.7.0", "550 5.7.1", "550 5.7.23", "550 5.7.27", "550 5.6.0", "552 5.3.4"],
    "harvest": ["550 5.1.1"],
    "proxied": ["250 2.0.0"],
}


class Round:
    """So many sessions of all kinds, from addresses that no other round has."""

    def __init__(self, server, number, sessions, signed):
        self.server, self.network, self.sessions = server, 10 + number % 100, sessions
        self.signed = signed
        self.reports = []

    def run(self):
        clients = [self.large(), self.of_a_file()]
        attacks = [self.flood(share, shape) for share, shape in FLOODS]
        self.reports = [flood.finish(attack, 600) for attack in attacks]
        for client in clients:
            report = flood.finish(client, 600)
            assert not (report["errors"] or report["refusals"]), report
            assert report["messages"]["acknowledged"] > 0, report
            self.reports.append(report)

    def flood(self, share, shape):
        if shape["kinds"] == "proxied":
            sources = PROXIES
        else:
            count = HARVESTERS if shape["kinds"] == "harvest" else 1000
            sources = flood.networks(self.network, count)
        shape = {**shape, "connections": int(share * self.sessions), "hold": HOLD, "seconds": 300}
        return flood.flood(self.server, shape, "--sources", sources)

    def client(self, *options):
        return flood.start(flood.LOAD, "--json", "--server", f"127.0.0.1:{self.server.port}",
                           "--sources", EXEMPT, "--messages-per-connection", 5, *options)

    def large(self):
        return self.client("--recipients", "info@ours.test,sales@ours.test", "--size", 400_000,
                           "--messages", max(10, self.sessions // 100), "--connections", 3)

    def of_a_file(self):
        """Its signature is good, or its domain would have it refused."""
        return self.client("--recipients", flood.MAILBOX, "--file", self.signed, "--messages",
                           max(10, self.sessions // 20), "--connections", 3, "--pipelining")

    def seen(self):
        """How many sessions, and the replies by kind."""
        replies = collections.defaultdict(collections.Counter)
        sessions = 0
        for report in self.reports:
            for kind, tally in report.get("kinds", {}).items():
                sessions += tally["begun"]
                replies[kind].update(tally["replies"])
            sessions += report.get("connections", 0)
        return sessions, replies


class Busy(flood.Sampler):
    """Samples of all roles while it lasts."""

    def __init__(self, server):
        super().__init__(SAMPLE_SECONDS)
        self.server, self.samples = server, []

    def sample(self):
        self.samples.append(flood.use_of_all(self.server))

    def median(self, role, name):
        return statistics.median(sample[role][name] for sample in self.samples)


def signed_message(directory):
    path = directory / "signed.eml"
    message = (b"From: <load@signed.test>\r\nTo: <info@ours.test>\r\nSubject: soak\r\n\r\n" +
               b"what is signed must be kept\r\n" * 500)
    path.write_bytes(signing.sign(message, KEY, "signed.test", "s"))
    return path


def slope(xs, ys):
    return statistics.linear_regression(xs, ys).slope if len(xs) > 1 else 0.0


class Record:
    """Samples at rest, and medians under load, after so many sessions each."""

    def __init__(self, max_growth_kb):
        self.max_growth_kb = max_growth_kb
        self.sessions, self.rest, self.busy = [], [], []
        self.replies = collections.defaultdict(collections.Counter)

    def add(self, sessions, rest, busy=None):
        self.sessions.append(sessions)
        self.rest.append(rest)
        self.busy.append(busy)

    def series(self, role, name):
        """Behind the warming up."""
        return [sample[role][name] for sample in self.rest[self.first():]]

    def first(self):
        return max(1, int(len(self.rest) * WARM_UP))

    def growth(self, role, name):
        """Kilobytes over all of it, by the line that fits best."""
        xs = self.sessions[self.first():]
        return slope(xs, self.series(role, name)) * (xs[-1] - xs[0])

    def per_10000(self, role, name):
        return slope(self.sessions[self.first():], self.series(role, name)) * 10_000

    def not_flat(self):
        """What has grown, or changed where nothing may."""
        wrong = []
        for role in self.rest[0]:
            wrong += [f"{role}: {name} {series}" for name in EXACT
                      if len(set(series := self.series(role, name))) != 1]
            wrong += [f"{role}: {name} grew by {self.growth(role, name):.0f}" for name in MEMORY
                      if self.growth(role, name) > self.max_growth_kb]
        return wrong


def at_rest(server):
    """Sessions that broke off may have left something in hand."""
    flood.wait_until_quiet(server)
    harness.settled(lambda: [[use[name] for name in EXACT]
                             for use in flood.use_of_all(server).values()], flood.SAMPLE_SECONDS)
    return flood.use_of_all(server)


def soak(server, sessions, per_round, max_growth_kb):
    record = Record(max_growth_kb)
    signed = signed_message(server.directory)
    total = 0
    while total < sessions:
        one = Round(server, len(record.rest), per_round, signed)
        with Busy(server) as busy:
            one.run()
        seen, replies = one.seen()
        total += seen
        for kind, counts in replies.items():
            record.replies[kind].update(counts)
        record.add(total, at_rest(server), busy)
        stored = server.stored()
        for path in stored:
            path.unlink()
        print(f"{total:7} sessions, {len(stored)} messages stored", flush=True)
    return record


def held_sessions_are_found(server, record):
    """The same as a leak would be: they are there when everything should be at rest."""
    shape = {"connections": HELD, "at_once": HELD, "rate": 300, "hold": 120, "seconds": 120,
             "kinds": "slow_data"}
    attack = flood.flood(server, shape, "--sources", flood.networks(9, 200))
    try:
        harness.wait_for(lambda: server.ask("status")["sessions"] >= HELD * 19 // 20,
                         "sessions to stay open", 60)
        leaking = Record(record.max_growth_kb)
        leaking.sessions, leaking.rest = list(record.sessions), list(record.rest)
        leaking.add(record.sessions[-1] + HELD, flood.use_of_all(server))
    finally:
        attack.kill()
        attack.communicate()
    return leaking.not_flat()


def table(record):
    """Behind the warming up: at the first and the last sample, and the line through all."""
    head = ("role", "descriptors", "threads", "RSS kB at rest", "PSS kB at rest", "RSS kB in load",
            "kB/10000")
    widths = (12, 14, 14, 18, 18, 18, 10)
    lines = ["".join(f"{text:>{width}}" for text, width in zip(head, widths))]
    for role in record.rest[0]:
        ends = [(series[0], series[-1]) for series in
                (record.series(role, name) for name in (*EXACT, *MEMORY))]
        busy = [sample.median(role, "rss_kb") for sample in record.busy[record.first():]
                if sample.samples]
        ends.append((round(busy[0]), round(busy[-1])) if busy else ("", ""))
        cells = [role, *(f"{first} {last}" for first, last in ends),
                 f"{record.per_10000(role, 'rss_kb'):.1f}"]
        lines.append("".join(f"{text:>{width}}" for text, width in zip(cells, widths)))
    return "\n".join(lines)


def what_is_wrong(server, record):
    wrong = record.not_flat()
    for kind, expected in EXPECTED.items():
        wrong += [f"{kind}: no reply {reply}" for reply in expected
                  if not record.replies[kind][reply]]
    status = server.ask("status")
    wrong += [f"{role['role']} was replaced" for role in status["roles"] if role["restarts"]]
    found = held_sessions_are_found(server, record)
    print("found of sessions that stay open:", *found, sep="\n  ")
    if not any(text.startswith("smtp: descriptors") for text in found) or \
            not any(text.startswith("smtp: rss_kb") for text in found):
        wrong.append("sessions that stay open were not found: this test finds nothing")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--small", action="store_true", help="as a test among others")
    arguments = parser.parse_args()
    if not harness.AS_ROOT:
        print("cannot run here: only root sees the descriptors of confined processes")
        sys.exit(CANNOT_RUN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    size = (SMALL_SESSIONS, SMALL_PER_ROUND, SMALL_GROWTH_KB) if arguments.small else \
        (arguments.sessions, SESSIONS_PER_ROUND, MAX_GROWTH_KB)
    with harness.Server(CONFIG, listeners=LISTENERS, disk="2G") as server:
        if harness.is_sanitized(server.process.pid):
            print("cannot run here: a sanitizer keeps memory that a program gives back")
            sys.exit(CANNOT_RUN)
        record = soak(server, *size)
        for kind, replies in sorted(record.replies.items()):
            print(f"{kind}: {json.dumps(dict(sorted(replies.items())))}")
        print(f"limits met: {json.dumps(server.limits_met())}")
        print(table(record))
        wrong = what_is_wrong(server, record)
    print(*wrong or ["descriptors, threads and memory of every role are flat"], sep="\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
