# SPDX-License-Identifier: Apache-2.0
"""postern-opinion: what it says is counted, and nothing that becomes of it costs a message."""
import json
import os
import signal
import subprocess
import time

import harness
from harness import BUILD, MESSAGE, Dialog, wait_for

# Results of a message: SPF of the sender's domain and of the HELO name, and DMARC. Of these
# libspf2 is not asked, because clients on our own machine always pass to it.
RESULTS = 3
OF_DMARC = 1
COUNTERS = ["second_opinion_same", "second_opinion_different", "second_opinion_not_asked"]
LOCAL_DATA = """[dns]
local_data = ['. TXT "root"', '_dmarc.example.net. TXT "v=DMARC1; {record}"']
"""
AT_ONCE = 4.5  # seconds; its own time is 5


class SecondOpinion(harness.TestCase):
    def status(self, server):
        return json.loads(self.postern(server, "status", "--json"))

    def postern(self, server, *arguments):
        command = [str(BUILD / "postern"), *arguments, "-c", str(server.config_path)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    def counted(self, server):
        status = self.status(server)
        return {name: status[name] for name in COUNTERS}

    def wait_for_results(self, server, count):
        wait_for(lambda: sum(self.counted(server).values()) >= count, f"{count} results")
        counted = self.counted(server)
        self.assertEqual(sum(counted.values()), count)
        self.assertEqual(counted["second_opinion_different"], 0)
        return counted

    def deliver_at_once(self, dialog):
        before = time.monotonic()
        self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertLess(time.monotonic() - before, AT_ONCE)

    def test_counted(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            for _ in range(3):
                self.deliver_at_once(dialog)
        counted = self.wait_for_results(server, 3 * RESULTS)
        self.assertEqual(counted["second_opinion_same"], 3 * OF_DMARC)
        self.assertEqual(server.events("second_opinion"), [])
        self.assertEqual(server.events("ipc_violation"), [])

    def test_of_a_policy(self):
        for record, same in (("p=reject; sp=none", OF_DMARC), ("p=none; t=y", 0)):
            server = self.start(LOCAL_DATA.format(record=record))
            with Dialog.tls(server) as dialog:
                dialog.deliver(MESSAGE, "info@ours.test")
            counted = self.wait_for_results(server, RESULTS)
            self.assertEqual(counted["second_opinion_same"], same)

    def test_off(self):
        server = self.start('[auth]\nsecond_opinion = "off"\n')
        with Dialog.tls(server) as dialog:
            self.deliver_at_once(dialog)
            text = server.config_path.read_text(encoding="utf-8")
            server.config_path.write_text(text.replace('"off"', '"log"'), encoding="utf-8")
            self.postern(server, "reload")
        with Dialog.tls(server) as dialog:
            self.deliver_at_once(dialog)
        self.wait_for_results(server, RESULTS)

    def test_killed(self):
        server = self.start()
        pid = server.roles()["postern-opinion"]
        with Dialog.tls(server) as dialog:
            os.kill(pid, signal.SIGSTOP)
            self.deliver_at_once(dialog)
            os.kill(pid, signal.SIGKILL)
            event = server.wait_event("role_died", role="opinion", pid=pid)
            self.assertEqual((event["reason"], event["confined"]), ("SIGKILL", "yes"))
            # It is away for a second: mail flows, and a configuration comes into force.
            self.deliver_at_once(dialog)
            self.postern(server, "reload")
            server.wait_event("role", role="opinion", state="serving")
            self.deliver_at_once(dialog)
        # Of the first there was none, the second had to wait.
        counted = self.wait_for_results(server, 3 * RESULTS)
        self.assertGreaterEqual(counted["second_opinion_not_asked"], RESULTS)
        roles = {role["role"]: role["restarts"] for role in self.status(server)["roles"]}
        self.assertEqual({name for name, restarts in roles.items() if restarts}, {"opinion"})
        self.assertEqual(len({event["spf"] for event in server.events("accept")}), 1)

    def hold_another(self, server):
        """Ends it; the next one is stopped before it serves, or goes on if that is too late."""
        pid = server.roles()["postern-opinion"]
        os.kill(pid, signal.SIGKILL)
        server.wait_event("role_died", role="opinion", pid=pid)
        deadline = time.monotonic() + harness.WAIT_SECONDS
        while (pid := server.roles().get("postern-opinion")) is None:  # it is fast
            self.assertLess(time.monotonic(), deadline)
        os.kill(pid, signal.SIGSTOP)
        for _ in range(2):  # what it had said before has been heard then
            roles = {role["role"]: role for role in self.status(server)["roles"]}
        if not roles["opinion"]["serving"]:
            return pid
        os.kill(pid, signal.SIGCONT)
        return None

    def test_a_reload_while_it_starts(self):
        """What it has been sent is what was in force, so that it begins anew."""
        server = self.start()
        pid = wait_for(lambda: self.hold_another(server), "one that does not serve yet")
        self.postern(server, "reload")
        event = server.wait_event("role_died", role="opinion", pid=pid)
        self.assertEqual(event["reason"], "its settings have changed")
        server.wait_event("role", role="opinion", state="serving")

    def test_stuck(self):
        server = self.start(harness.PATIENT)
        pid = server.roles()["postern-opinion"]
        os.kill(pid, signal.SIGSTOP)
        with Dialog.tls(server) as dialog:
            for _ in range(3):
                self.deliver_at_once(dialog)
        event = server.wait_event("role_died", role="opinion", pid=pid)
        self.assertEqual(event["reason"], "it did not end its work in time")
        self.wait_for_results(server, 3 * RESULTS)


if __name__ == "__main__":
    harness.main()
