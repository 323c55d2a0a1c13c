# SPDX-License-Identifier: Apache-2.0
"""The verifiers: as many as configured, each replaced when it dies or gets stuck; what a message in
hand gets then, and the next one."""
import json
import os
import pathlib
import signal
import socket
import subprocess

import harness
from harness import BUILD, MESSAGE, Dialog, wait_for


def workers(verifiers):
    return (f'[workers]\nuser = "{harness.unprivileged_user()}"\nsmtp_threads = 2\n'
            f'verifiers = {verifiers}\n')


class Verifiers(harness.TestCase):
    def roles(self, server):
        text = subprocess.run([str(BUILD / "postern"), "status", "--json", "-c",
                               str(server.config_path)], check=True, stdout=subprocess.PIPE).stdout
        return {role["role"]: role for role in json.loads(text)["roles"]}

    def test_results_are_in_the_log(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
            dialog.begin("info@ours.test")
            dialog.finish(b"Subject: a NUL\r\n\r\n\0\r\n")
        event = server.wait_event("accept")
        # The DNS of the tests knows no name.
        self.assertEqual([event[field] for field in ("spf", "spf_helo", "iprev")],
                         ["none", "none", "permerror"])

    def test_a_helo_without_an_answer_does_not_save_a_forgery(self):
        """SPF of the sender's domain takes three rounds; nobody says anything of helo."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        records = {"forged.test": "include:a.forged.test -all",
                   "a.forged.test": "include:b.forged.test -all",
                   "b.forged.test": "ip4:192.0.2.0/24 -all"}
        lines = [f"'{name}. TXT \"v=spf1 {terms}\"'" for name, terms in records.items()]
        server = self.start(
            f'[dns]\nservers = ["127.0.0.1:{silent.getsockname()[1]}"]\n'
            f'local_data = [{", ".join(lines)}]\n'
            '[auth]\nspf.on_fail = "reject"\non_temporary_error = "accept"\ndeadline = "6s"\n')
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test", sender="ceo@forged.test")
            dialog.send(MESSAGE + b".\r\n")
            dialog.expect(550, "5.7.23")
        event = server.wait_event("reject", stage="data")
        self.assertEqual([event[name] for name in ("spf", "spf_helo", "iprev")],
                         ["fail", "temperror", "temperror"])

    def test_as_many_as_configured(self):
        server = self.start(workers(3))
        names = {name for name in self.roles(server) if name.startswith("verify")}
        self.assertEqual(names, {"verify.1", "verify.2", "verify.3"})
        self.assertEqual({name for name in server.roles() if "verify" in name},
                         {f"postern-{name}" for name in names})

    def test_one_for_each_core(self):
        """That it may use: of those of the machine a service manager may allow it only some."""
        cores = sorted(os.sched_getaffinity(0))
        for prefix, count in (([], len(cores)), (["taskset", "-c", str(cores[0])], 1)):
            server = self.start(workers(0), prefix=prefix)
            names = [name for name in self.roles(server) if name.startswith("verify")]
            self.assertEqual(len(names), count)

    def test_each_that_dies_is_replaced(self):
        server = self.start(workers(3))
        first = self.roles(server)
        for name in ("verify.1", "verify.3"):
            os.kill(first[name]["pid"], signal.SIGKILL)
            event = server.wait_event("role_died", role=name, pid=first[name]["pid"])
            self.assertEqual((event["reason"], event["confined"]), ("SIGKILL", "yes"))
            server.wait_event("role", role=name, state="serving")
        now = self.roles(server)
        restarts = {name: role["restarts"] for name, role in now.items()}
        self.assertEqual(restarts, {"smtp": 0, "deliver": 0, "resolve": 0, "opinion": 0,
                                    "verify.1": 1, "verify.2": 0, "verify.3": 1})
        self.assertEqual(now["verify.2"]["pid"], first["verify.2"]["pid"])
        with Dialog.tls(server) as dialog:
            for _ in range(5):
                self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(server.events("ipc_violation"), [])

    def test_those_that_die_together_with_smtp(self):
        """The new smtp does not hear of it while it starts."""
        server = self.start(workers(2))
        first = self.roles(server)
        os.kill(server.process.pid, signal.SIGSTOP)  # so that it finds all of them dead at once
        for name in ("smtp", "verify.1", "verify.2"):
            os.kill(first[name]["pid"], signal.SIGSEGV)
        for name in ("smtp", "verify.1", "verify.2"):
            wait_for(lambda name=name: "State:\tZ" in pathlib.Path(
                f"/proc/{first[name]['pid']}/status").read_text(encoding="ascii"), f"{name} to die")
        os.kill(server.process.pid, signal.SIGCONT)
        server.wait_events("role_died", 3)
        wait_for(lambda: self.roles(server)["smtp"]["serving"], "a new smtp")
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(len(server.events("role_died")), 3)

    def message_with_a_stopped_verifier(self, server, dialog):
        pid = self.roles(server)["verify.1"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        dialog.begin("info@ours.test")
        dialog.send(MESSAGE + b".\r\n")
        return pid

    def assert_deferred(self, server, dialog, detail):
        dialog.expect(451, "4.3.0")
        event = server.wait_event("reject", stage="data")
        self.assertEqual(event["detail"], detail)
        self.assertNotIn("spf", event)
        self.assertEqual(server.stored(), [])

        self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 1)
        wait_for(lambda: self.roles(server)["verify.1"]["restarts"] == 1, "a new verifier")

    def test_a_message_whose_verifier_dies(self):
        server = self.start(workers(1))
        with Dialog.tls(server) as dialog:
            pid = self.message_with_a_stopped_verifier(server, dialog)
            server.pass_loops()  # it has been given the message
            os.kill(pid, signal.SIGKILL)
            self.assert_deferred(server, dialog, "verify.1: the other process has ended")

    def test_a_message_whose_verifier_is_stuck(self):
        server = self.start(workers(1))
        with Dialog.tls(server) as dialog:
            pid = self.message_with_a_stopped_verifier(server, dialog)
            self.assert_deferred(server, dialog, "verify.1: did not end its work in time")
        event = server.wait_event("role_died", role="verify.1", pid=pid)
        self.assertEqual(event["reason"], "it did not end its work in time")

    def test_the_others_go_on_while_one_is_stuck(self):
        server = self.start(workers(2))
        with Dialog.tls(server) as held, Dialog.tls(server) as other:
            self.message_with_a_stopped_verifier(server, held)
            for _ in range(5):
                self.assertRegex(other.deliver(MESSAGE, "info@ours.test"), "^250 ")
            held.expect(451, "4.3.0")

    def test_who_leaves_takes_his_job_along(self):
        """More sessions than could wait for the one verifier, each gone before its verdicts."""
        server = self.start(workers(1))
        os.kill(self.roles(server)["verify.1"]["pid"], signal.SIGSTOP)
        for _ in range(10):
            with Dialog.tls(server) as dialog:
                dialog.begin("info@ours.test")
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            # The first job has the verifier, which is replaced; the nine behind it are gone.
            self.assertRegex(dialog.finish(MESSAGE), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 1)


if __name__ == "__main__":
    harness.main()
