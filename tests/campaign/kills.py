#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kills.py [--events N] [--seed N]: processes of a server under load are killed and stopped.

At random moments one to three of the roles get SIGKILL or SIGSTOP, and so does the supervisor,
which is then started again as a service manager would do. Each time there is service again at once
(after SIGSTOP: within the ping time-out and a second), messages in hand get 4xx or lose their
connection, the log has one line with the cause, all other processes go on, and the supervisor keeps
no descriptor. At the end every acknowledged message is in the spool, whole. Exit code 1: something
does not hold.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import statistics
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "load")]
import compare
import dns_server
import flood
import harness
import kill_clients
import kill_round
from kill_report import KILL, STOP, SUPERVISOR, Round, Strike, spread, table
from log_tail import Tail

CANNOT_RUN = 77
EVENTS, SMALL_EVENTS = 400, 14
PING_TIMEOUT = 2      # seconds
WRITERS = 4           # of deliver, by default; each has one file in tmp/
JOIN, JOIN_STOP = 0.3, 0.6  # chance that the next strike comes in the same moment
MOST_AT_ONCE = 3
PAUSE = 0.3           # seconds at most between two rounds
# Seconds beyond its limit for half of the times of a kind, and for the worst: the machine may have
# other work. How many were beyond their limit is printed.
SLACK, MUCH_SLACK = (0, 5), (10, 60)  # much: for sanitizers, and as a test among others
ENOUGH = 10  # of a kind, for its median to say something
CONFIG = f"""
[dns]
servers = ["{{dns}}"]
[workers]
user = "{harness.unprivileged_user()}"
smtp_threads = 2
verifiers = 2
ping_timeout = "{PING_TIMEOUT}s"
"""
UNFINISHED = re.compile(r"\d+\.M\d+P(\d+)Q\d+\." + re.escape(harness.HOSTNAME))


def everybody(query):
    """A DNS in which all mail comes from us."""
    return dns_server.answer(query, dns_server.txt("v=spf1 ip4:127.0.0.1 -all"))


class Campaign:
    """A server, its clients, and what must hold over all rounds."""
    ping_timeout = PING_TIMEOUT

    def __init__(self, server, seed, slack=SLACK):
        self.server, self.random = server, random.Random(seed)
        self.journal = server.directory / "journal"
        self.mail = kill_clients.Mail(self.journal)
        self.tail = Tail(server, kill_round.LOGGED)
        self.pool = concurrent.futures.ThreadPoolExecutor(len(kill_clients.STAGES) + 1)
        self.rounds, self.faults = [], []
        self.processes = set()    # all that there were: pid and start
        self.dead_delivers = set()
        self.refused = {}         # messages in hand: id and sender
        self.at_first = harness.settled(lambda: descriptors(server))
        sanitized = harness.is_sanitized(server.process.pid)
        self.usual_slack, self.slack = MUCH_SLACK if sanitized else slack

    def expect(self, holds, what):
        if not holds:
            self.faults.append(what)
            print("DOES NOT HOLD:", what, flush=True)

    def note_processes(self, roles):
        for pid in (self.server.process.pid, *roles.values()):
            self.processes.add((pid, harness.process_start(pid)))

    def check_descriptors(self, where):
        """Of the supervisor: as many as ever, as soon as it has taken notice of everything."""
        def settled():
            return descriptors(self.server)["posternd"] == self.at_first["posternd"]
        try:
            harness.wait_for(settled, "descriptors", kill_round.SETTLED_SECONDS)
        except AssertionError:
            self.expect(False, f"{where}: descriptors {self.at_first} became "
                               f"{descriptors(self.server)}")

    def plan(self, count):
        """So many strikes, each role and signal as often as any other, in groups for a moment."""
        kinds = [(role, number) for role in (*kill_round.ROLES, SUPERVISOR)
                 for number in (KILL, STOP)]
        strikes = [Strike(*kind) for _ in range(-(-count // len(kinds)))
                   for kind in self.random.sample(kinds, len(kinds))][:count]
        while strikes:
            group = [strikes.pop(0)]
            while strikes and self.may_join(strikes[0], group):
                group.append(strikes.pop(0))
            yield group

    def may_join(self, strike, group):
        roles = {one.role for one in group}
        chance = JOIN_STOP if strike.signal == group[0].signal == STOP else JOIN
        return SUPERVISOR not in {strike.role, *roles} and strike.role not in roles and \
            len(group) < MOST_AT_ONCE and self.random.random() < chance

    def run(self, groups):
        """The rounds, which are kept."""
        begin = len(self.rounds)
        for strikes in groups:
            time.sleep(self.random.uniform(0, PAUSE))
            struck = Round(strikes)
            self.rounds.append(struck)
            kill_round.Attack(self, struck).run()
            struck.journal_end = self.journal.stat().st_size
        return self.rounds[begin:]

    def check_times(self):
        """No time is far beyond its limit, and half of each kind is within."""
        excesses = collections.defaultdict(list)
        for one in self.rounds:
            for what, seconds, limit in one.times(PING_TIMEOUT):
                excesses[what].append(seconds - limit)
        for what, beyond in excesses.items():
            self.expect(max(beyond) <= self.slack, f"{what}: {max(beyond):.1f} s beyond its limit")
            if len(beyond) >= ENOUGH:
                self.expect(statistics.median(beyond) <= self.usual_slack, f"{what}: always late")

    def check_spool(self):
        result = compare.compare(self.server.spool, self.journal)
        print("spool:", result)
        self.expect(not result.damaged, f"damaged: {result.damaged[:compare.MAX_NAMED]}")
        self.expect(result.duplicates == 0, f"{result.duplicates} duplicates")
        self.expect(not result.missing, f"missing: {result.missing[:compare.MAX_NAMED]}")
        self.count_lost(result.missing)
        self.check_unfinished()

    def count_lost(self, missing):
        """Each in the round in which it was acknowledged."""
        text = self.journal.read_text(encoding="ascii")
        for ident in missing:
            at = text.index(f"{ident} ")
            next(one for one in self.rounds if at < one.journal_end or one is self.rounds[-1]
                 ).lost += 1

    def check_unfinished(self):
        """In tmp/ is what a deliver left that was killed, one file of each writer at most."""
        files = [path.name for folder in compare.folders(self.server.spool, "tmp")
                 for path in folder.iterdir()]
        left = collections.Counter()
        for name in files:
            match = UNFINISHED.fullmatch(name)
            self.expect(match and int(match[1]) in self.dead_delivers, f"tmp/ has {name}")
            left[match and match[1]] += 1
        self.expect(not left or max(left.values()) <= WRITERS, f"tmp/ has {left}")
        print(f"left in tmp/: {len(files)} files of {len(left)} deliver processes, of "
              f"{len(self.dead_delivers)} that died")

    def check_duplicates(self):
        """A message that was refused for now may be there all the same, if the log says so."""
        stored = {ident for folder in compare.folders(self.server.spool, "new")
                  for path in folder.iterdir() if (ident := compare.whole_id(path.read_bytes()))}
        told = {event["qid"] for event in self.tail.find(0, "duplicate_possible")}
        both = self.refused.keys() & stored
        print(f"in hand and refused: {len(self.refused)}, of these stored all the same: "
              f"{len(both)}; duplicate_possible in the log: {len(told)}")
        for ident in both:
            [event] = self.tail.find(0, "reject", **{"from": self.refused[ident]})
            self.expect(event["qid"] in told, f"message {ident} was refused and stored: {event}")

    def check_load(self, reports):
        for report in reports:
            print("load:", report["messages"], report["refusals"], report["errors"])
            self.expect(report["messages"]["acknowledged"] > 0, "nothing was acknowledged")
            self.expect(all(int(code) < 500 for code in report["replies"]),
                        f"replies: {report['replies']}")

    def check_rest(self):
        """At rest every process has the descriptors that its first predecessor had."""
        flood.wait_until_quiet(self.server)
        with contextlib.suppress(AssertionError):  # what is in hand of dead sessions may last
            harness.wait_for(lambda: descriptors(self.server) == self.at_first, "descriptors")
        now = descriptors(self.server)
        print("descriptors:", now)
        self.expect(now == self.at_first, f"descriptors {self.at_first} became {now}")

    def check_end(self):
        code = self.server.stop()
        self.expect(code == 0, f"posternd ended with {code}")
        left = [pid for pid, start in self.processes if harness.process_start(pid) == start]
        print(f"processes: {len(self.processes)}, of these left: {len(left)}")
        self.expect(not left, f"processes that are left: {left}")


def descriptors(server):
    return {name: use["descriptors"] for name, use in flood.use_of_all(server).items()}


def attack(campaign, events):
    quiet = campaign.run([[Strike(role, KILL)] for role in (*kill_round.ROLES, SUPERVISOR)])
    print("without load: replaced ms", spread([one.strikes[0].replaced for one in quiet]),
          "service ms", spread([one.service for one in quiet]), flush=True)
    load = kill_clients.Load(campaign.server, campaign.journal)
    try:
        campaign.run(campaign.plan(events))
        campaign.check_load(load.finish())
    finally:
        load.kill()
    campaign.check_rest()
    campaign.check_end()
    campaign.check_spool()
    campaign.check_duplicates()
    campaign.check_times()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="strikes under load")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--small", action="store_true", help="as a test among others")
    arguments = parser.parse_args()
    if not harness.AS_ROOT:
        print("cannot run here: only root sees the descriptors of confined processes")
        sys.exit(CANNOT_RUN)
    events = SMALL_EVENTS if arguments.small else arguments.events
    print(f"{events} events, seed {arguments.seed}, ping time-out {PING_TIMEOUT} s, "
          f"load average {os.getloadavg()[0]:.1f}", flush=True)
    with dns_server.DnsServer(everybody) as dns, harness.Server(
            CONFIG.format(dns=dns.endpoint) + harness.EXEMPT) as server:
        campaign = Campaign(server, arguments.seed, MUCH_SLACK if arguments.small else SLACK)
        attack(campaign, events)
    print(table(campaign.rounds, PING_TIMEOUT))
    print(f"load average {os.getloadavg()[0]:.1f}, faults: {len(campaign.faults)}")
    sys.exit(1 if campaign.faults else 0)


if __name__ == "__main__":
    main()
