# SPDX-License-Identifier: Apache-2.0
"""Every role of a running server is made to do what an attacker would who has taken it over: it is
killed, or refused, or it may do that, as tests/sandbox/attack/acts.def says. Mail goes on."""
import concurrent.futures
import ctypes
import mmap
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import check_attacks
import harness
import live
from live import LiveServer, attack, attack_thread, threads
import test_roles

ACTS = check_attacks.read_acts(harness.SOURCE)
ROLES = {"smtp": "smtp", "deliver": "deliver", "verify": "verify.1", "opinion": "opinion",
         "resolve": "resolve"}  # the process of each that is attacked
# One postern-opinion a second is started again: several servers take a part of the acts each.
SERVERS = 4
# Octets a second: mail comes in all the time, but no disk is kept busy by it.
MEASURED = ("--slow", 6000)
SAMPLE = 2  # threads that are attacked from each end of the list; deliver has hundreds

# On what is not confined an act succeeds, or fails by an error that the kernel gives behind its
# checks of rights, or because it lacks the thing. These would say nothing of the act.
REFUSED = {"EPERM", "EACCES", "EFAULT"}


def names(acts):
    return [act.name for act in acts]


def is_fatal(act, role):
    return act.outcomes[role] == "killed"


def status_of(pid, thread):
    """What a thread has of rights."""
    wanted = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs",
              "Seccomp", "Seccomp_filters")
    text = pathlib.Path(f"/proc/{pid}/task/{thread}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in text.splitlines())
    return {name: fields[name].split() for name in wanted}


def rights_of(pid):
    """Of the process; all of its threads must have the same."""
    found = [status_of(pid, thread) for thread in threads(pid)]
    assert all(status == found[0] for status in found), found
    return found[0], pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")


def bad_mappings(pid):
    """Lines of /proc/pid/maps: writable and executable, or executable and of no file."""
    bad = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        fields = line.split(maxsplit=5)
        rights, path = fields[1], fields[5] if len(fields) > 5 else ""
        of_file = path.startswith("/") and not path.endswith("(deleted)") and ":" not in path
        of_kernel = path in ("[vdso]", "[vsyscall]")
        if "x" in rights and ("w" in rights or not (of_file or of_kernel)):
            bad.append(line)
    return bad


def never_possible():
    """What the kernel refuses whoever asks: in a chroot, a user namespace (user_namespaces(7))."""
    done = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False)
    return {"new_namespace"} if done.returncode else set()


class Unconfined(harness.TestCase):
    def test_every_act_succeeds_where_nothing_is_confined(self):
        directory = pathlib.Path(tempfile.mkdtemp(dir=harness.shared_directory()))
        scene = live.Scene(directory)
        self.addCleanup(scene.close)
        outcomes = live.run_tool(scene.command("stand-in", 0, 0, names(ACTS), True))
        self.assertEqual(list(outcomes), names(ACTS))
        refused = {name for name, outcome in outcomes.items()
                   if outcome in REFUSED or live.is_death(outcome)}
        self.assertEqual(refused - never_possible(), set())
        done = sum(outcome == "allowed" for outcome in outcomes.values())
        print(f"where nothing is confined: {done} of {len(ACTS)} acts succeed;", {
            name: outcome for name, outcome in outcomes.items() if outcome != "allowed"})
        self.assertGreater(done, len(ACTS) * 3 // 4)
        self.assertGreaterEqual(live.count_waiting(scene.server), 5)
        self.assertGreaterEqual(live.count_waiting(scene.dns), 1)
        self.assertGreaterEqual(live.count_datagrams(scene.datagrams), 1)

    def test_bad_mappings_are_seen(self):
        anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        for protection in (mmap.PROT_WRITE | mmap.PROT_EXEC, mmap.PROT_READ | mmap.PROT_EXEC):
            self.assertEqual(bad_mappings(os.getpid()), [])
            with mmap.mmap(-1, 4096, flags=anonymous, prot=protection):
                self.assertEqual(len(bad_mappings(os.getpid())), 1)


class Tracer:
    """Holds a process: it dies when it is told to, and nobody hears of it until it is let go."""

    SEIZE, CONTINUE, WALL = 0x4206, 7, 0x40000000  # ptrace(2), waitpid(2)

    def __init__(self, pid):
        self.pid = pid
        self.ptrace(self.SEIZE)

    def ptrace(self, request, data=0):
        library = ctypes.CDLL(None, use_errno=True)
        words = [ctypes.c_long(word) for word in (request, self.pid, 0, data)]
        assert library.ptrace(*words) == 0, os.strerror(ctypes.get_errno())

    def kill(self, signal_number):
        os.kill(self.pid, signal_number)
        os.waitpid(self.pid, self.WALL)  # it stops before it takes the signal
        self.ptrace(self.CONTINUE, signal_number)
        stat = pathlib.Path(f"/proc/{self.pid}/stat")
        harness.wait_for(lambda: stat.read_text(encoding="ascii").split()[2] == "Z", "its death")

    def let_go(self):
        os.waitpid(self.pid, self.WALL)


class Reason(harness.TestCase):
    def test_is_what_killed_it_even_where_it_is_missed_before(self):
        """The supervisor gives it up meanwhile: its channel has failed, and it answers nothing."""
        server = LiveServer(test_roles.QUICK_PINGS + harness.EXEMPT)
        self.stop_after(server)
        server.start()
        for name in ROLES.values():
            pid = server.wait_serving(name)
            tracer = Tracer(pid)
            tracer.kill(signal.SIGSYS)
            time.sleep(3.5)  # nothing tells that it was given up
            self.assertNotIn(pid, server.journal.deaths)
            tracer.let_go()
            self.assertEqual(server.wait_death(pid), "SIGSYS")
            server.wait_serving(name, pid)


class Attack(harness.TestCase):
    def setUp(self):
        self.outcomes = {role: {} for role in ROLES}
        self.dead = []

    def start_servers(self):
        directory = pathlib.Path(tempfile.mkdtemp(dir=harness.shared_directory()))
        directory.chmod(0o755)
        self.scene = live.Scene(directory)
        self.addCleanup(self.scene.close)
        dns = f'[dns]\nservers = ["127.0.0.1:{self.scene.dns_port()}"]\n'
        dns += f'local_data = ["{harness.NO_DNS}"]\n'
        servers = [LiveServer(harness.EXEMPT + dns) for _ in range(SERVERS)]
        for server in servers:
            self.stop_after(server)
            server.start()
        return servers

    def start_loads(self, servers):
        loads = [test_roles.Load(server, *MEASURED, size=3000) for server in servers]
        for load in loads:
            self.addCleanup(load.process.stdout.close)
            self.addCleanup(load.process.kill)
        for load in loads:
            load.wait_for_more()
        return loads

    def note(self, role, found):
        """Outcomes of another thread must be the same."""
        mine = self.outcomes[role]
        for name, outcome in found.items():
            self.assertEqual(mine.setdefault(name, outcome), outcome, f"{role}: {name}")

    def try_what_is_refused(self, server, role):
        """Several threads of one process, which must come through it."""
        process = ROLES[role]
        acts = names(act for act in ACTS if not is_fatal(act, role) and act.group != "alone")
        pid = server.wait_serving(process)
        before = rights_of(pid)
        self.assertEqual(before[0]["CapEff"], ["0" * 16])
        self.assertEqual((before[0]["NoNewPrivs"], before[0]["Seccomp"]), (["1"], ["2"]))
        tasks = threads(pid)
        for thread in sorted(set(tasks[:SAMPLE] + tasks[-SAMPLE:])):
            self.note(role, attack_thread(server, self.scene, role, pid, thread, acts))
        self.assertEqual(rights_of(pid), before)
        self.assertEqual(server.journal.serving.get(process), pid)

    def try_what_kills(self, server, role, part):
        acts = names(act for act in ACTS if is_fatal(act, role))[part::SERVERS]
        return attack(server, self.scene, ROLES[role], acts)

    def try_what_ends_the_role(self, server, role):
        pid = server.wait_serving(ROLES[role])
        acts = names(act for act in ACTS if act.group == "alone")
        self.note(role, attack_thread(server, self.scene, role, pid, pid, acts))
        self.assertNotIn("SIGSYS", server.wait_death(pid))
        self.dead.append(pid)
        server.wait_serving(ROLES[role], pid)

    def try_all_that_kills(self, servers):
        with concurrent.futures.ThreadPoolExecutor(len(servers) * len(ROLES)) as pool:
            tries = {pool.submit(self.try_what_kills, server, role, part): role
                     for part, server in enumerate(servers) for role in ROLES}
            for done in concurrent.futures.as_completed(tries):
                found, dead = done.result()
                self.note(tries[done], found)
                self.dead += dead

    def assert_outcomes(self):
        found = [act._replace(outcomes={role: self.outcomes[role][act.name] for role in ROLES})
                 for act in ACTS]
        print(check_attacks.table_of(found))
        self.assertEqual([(act.name, act.outcomes) for act in found],
                         [(act.name, act.outcomes) for act in ACTS])

    def assert_no_effects(self, servers):
        outside = self.scene.outside
        self.assertEqual([path.name for path in outside.iterdir()], ["file"])
        self.assertEqual((outside / "file").read_text(), "secret")
        self.assertEqual((outside / "file").stat().st_mode & 0o777, 0o666)
        for listener in (self.scene.server, self.scene.stream):
            self.assertEqual(live.count_waiting(listener), 0)
        self.assertEqual(live.count_datagrams(self.scene.local_datagrams), 0)
        # What resolve may do is seen to arrive, so the others would be.
        self.assertGreaterEqual(live.count_waiting(self.scene.dns), 1)
        self.assertGreaterEqual(live.count_datagrams(self.scene.datagrams), 1)
        for server in servers:
            self.assertEqual([path for path in server.spool.rglob("attack")], [])
            for role, pid in server.roles().items():
                self.assertEqual(harness.roles_of(pid), {}, role)

    def assert_mappings(self, server):
        pids = {**server.roles(), "posternd": server.process.pid}
        self.assertEqual(len(pids), 7)
        bad = {role: bad_mappings(pid) for role, pid in pids.items()}
        self.assertEqual(bad, dict.fromkeys(pids, []))

    def assert_deaths(self, servers):
        """Nobody else died, of nothing else."""
        deaths = [death for server in servers for death in server.journal.all_deaths]
        self.assertEqual(sorted(pid for pid, _ in deaths), sorted(self.dead))
        others = [reason for _, reason in deaths if reason != "SIGSYS"]
        print(f"{len(deaths) - len(others)} processes killed by the filter, all replaced")
        self.assertEqual(len(others), len(ROLES), others)

    def test_every_act_in_every_role(self):
        servers = self.start_servers()
        loads = self.start_loads(servers)
        for role in ROLES:
            self.try_what_is_refused(servers[0], role)
        self.assert_mappings(servers[0])
        self.try_all_that_kills(servers)
        self.assert_no_effects(servers)
        for role in ROLES:
            self.try_what_ends_the_role(servers[0], role)
        self.assert_outcomes()
        self.assert_deaths(servers)
        for load in loads:
            load.wait_for_more()
            report, result = load.finish()
            self.assertTrue(result.ok(), result)
            self.assertEqual(result.acknowledged, report["messages"]["acknowledged"])


def main():
    if reason := live.why_not():
        print("the attack cannot be tried here:", reason)
        sys.exit(live.CANNOT_RUN)
    harness.main()


if __name__ == "__main__":
    main()
