# SPDX-License-Identifier: Apache-2.0
"""One round of kills.py: strikes at one moment, and what must hold around them."""
import collections
import os
import signal
import time

import flood
import harness
import kill_clients
from kill_clients import InHand, probe
from kill_report import KILL, SUPERVISOR
from log_tail import time_of

ROLES = ("smtp", "deliver", "verify.1", "verify.2", "opinion", "resolve")
# What a message in hand may meet when one of these dies; without any of them nothing may happen.
MAY_REFUSE = {"smtp", "deliver", "verify.1", "verify.2", "resolve", SUPERVISOR}
MAY_CUT = {"smtp", SUPERVISOR}
CAUSES = {signal.SIGKILL: {"SIGKILL"},
          signal.SIGSTOP: {"its event loops did not answer in time",
                           # smtp may miss the work of a verifier first, on a slow machine.
                           "it did not end its work in time"}}
# postern-load goes on meanwhile, and its messages are met by the same.
LOGGED = ("role_died", "role", "reject", "ipc_violation", "log_dropped", "duplicate_possible")
UNHEARD_OF = ("ipc_violation", "log_dropped")
LATE_AT_MOST = 0.02   # seconds between the last words of the clients and a strike
SETTLED_SECONDS = 10  # in which the supervisor has as many descriptors as ever


def kind_of(answer):
    return "4xx" if answer.startswith("4") else answer.split()[0]


class Attack:
    """`campaign` keeps what outlives the round; `struck` gets what is seen of it."""

    def __init__(self, campaign, struck):
        self.campaign, self.struck = campaign, struck
        self.server, self.tail = campaign.server, campaign.tail
        self.before = self.server.roles()
        self.begin = len(self.tail.read())
        campaign.note_processes(self.before)
        killed = [strike for strike in struck.strikes
                  if strike.role != SUPERVISOR or strike.signal == KILL]
        self.killed = {strike.role for strike in killed}

    def expect(self, holds, what):
        self.campaign.expect(holds, f"{self.struck.title()}: {what}")

    def run(self):
        campaign = self.campaign
        in_hand = [InHand(self.server, campaign.mail, stage, campaign.random.choice(sizes))
                   for stage, sizes in kill_clients.STAGES]
        for message in in_hand:
            message.release()
        time.sleep(campaign.random.choice((0, campaign.random.uniform(0, LATE_AT_MOST))))
        self.struck.when = time.time()
        probing = campaign.pool.submit(probe, self.server, campaign.mail, time.monotonic())
        self.strike()
        finishing = [campaign.pool.submit(message.finish) for message in in_hand]
        self.await_successors()
        self.struck.service, refusals = probing.result()
        self.expect(all(kind_of(answer) in ("4xx", kill_clients.CUT) for answer in refusals),
                    f"the probe got {refusals}")
        for message, outcome in zip(in_hand, finishing):
            self.note(message, *outcome.result())
        self.check()
        self.tell_delays(refusals)

    def strike(self):
        for strike in self.struck.strikes:
            supervisor = strike.role == SUPERVISOR
            strike.pid = self.server.process.pid if supervisor else \
                self.before[f"postern-{strike.role}"]
            if strike.role == "deliver" or (supervisor and strike.signal == KILL):
                self.campaign.dead_delivers.add(self.before["postern-deliver"])
            if supervisor and strike.signal == KILL:
                self.server.kill()  # none of its roles is left behind this
            else:
                os.kill(strike.pid, strike.signal)

    def await_successors(self):
        for strike in self.struck.strikes:
            if strike.role != SUPERVISOR:
                self.await_successor(strike)
            elif strike.signal == KILL:
                self.server.start()
                strike.replaced = time.time() - self.struck.when
            else:
                self.go_on(strike)

    def await_successor(self, strike):
        died = self.tail.wait(self.begin, "role_died", pid=strike.pid)
        self.expect((died["role"], died["confined"]) == (strike.role, "yes") and
                    died["reason"] in CAUSES[strike.signal], f"the cause is {died}")
        serving = self.tail.wait(self.begin, "role", role=strike.role, state="serving")
        strike.replaced = time_of(serving) - self.struck.when

    def go_on(self, strike):
        """The supervisor stood still for so long that every ping is overdue; mail does not."""
        time.sleep(self.campaign.ping_timeout + 1)
        os.kill(strike.pid, signal.SIGCONT)
        since = time.monotonic()
        self.server.ask("status")
        strike.replaced = time.monotonic() - since

    def note(self, message, answer, lives_on):
        """What became of a message in hand, and of its session."""
        kind = kind_of(answer)
        self.struck.answers[kind] += 1
        legal = {"250"} | ({"4xx"} if self.killed & MAY_REFUSE else set()) | \
            ({kill_clients.CUT} if self.killed & MAY_CUT else set())
        self.expect(kind in legal, f"message {message.ident}: {answer}")
        self.expect(lives_on or self.killed & MAY_CUT, f"message {message.ident}: session ended")
        if kind == "4xx" and SUPERVISOR not in self.killed:  # with it the log ends too
            self.campaign.refused[message.ident] = message.sender

    def check(self):
        """Nothing else has happened, and all is as it was."""
        died = collections.Counter(int(event["pid"]) for event in self.find("role_died"))
        mine = {strike.pid: 1 for strike in self.struck.strikes if strike.role != SUPERVISOR}
        self.expect(died == mine, f"the log has deaths of {dict(died)}, not of {mine}")
        for name in UNHEARD_OF:
            self.expect(not self.find(name), f"the log has {self.find(name)}")
        rejects = self.find("reject")
        self.struck.refused = len(rejects)
        self.expect(all(event["code"].startswith("4") for event in rejects), f"refused: {rejects}")
        self.check_processes(self.server.roles())
        self.campaign.check_descriptors(self.struck.title())

    def find(self, name):
        return self.tail.find(self.begin, name)

    def tell_delays(self, refusals):
        for what, seconds, limit in self.struck.times(self.campaign.ping_timeout):
            if seconds > limit:
                print(f"late: {self.struck.title()}: {what} after {seconds:.2f} s, not {limit:.0f};"
                      f" meanwhile {dict(collections.Counter(refusals))}", flush=True)

    def check_processes(self, after):
        self.campaign.note_processes(after)
        self.expect(set(after) == set(self.before), f"processes are {after}")
        if SUPERVISOR in self.killed:
            return
        others = {name: pid for name, pid in self.before.items()
                  if name.removeprefix("postern-") not in self.killed}
        self.expect(others.items() <= after.items(), f"{self.before} became {after}")
