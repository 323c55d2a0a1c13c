# SPDX-License-Identifier: Apache-2.0
"""Verifiers that die over a client's messages: each message gets 451, and the client's network is
refused for a time when they crashed, not when somebody else ended them or memory was short."""
import contextlib
import os
import signal
import socket
import struct

import faults
import harness
from harness import MESSAGE, Dialog, wait_for

ONE_VERIFIER = (f'[workers]\nuser = "{harness.unprivileged_user()}"\nsmtp_threads = 2\n'
                'verifiers = 1\n')
TIMES = 3  # one more than limits.verifier_crash_rate lets pass
CLIENT, NEIGHBOUR, EXEMPT = "127.0.1.1", "127.0.1.2", "127.0.3.1"
PROXY = "127.0.0.50"
PROXIED = f'[[listener]]\naddress = "127.0.0.1:{{port}}"\nproxy_protocol_from = ["{PROXY}"]\n'


def serving(server, role):
    """The pid of the process that serves now."""
    def pids():
        return [row["pid"] for row in server.ask("status")["roles"]
                if row["role"] == role and row["serving"]]
    return wait_for(pids, role)[0]


class Crashes(harness.TestCase):
    def serve(self, **options):
        return self.start(ONE_VERIFIER + f'[limits]\nexempt = ["{EXEMPT}"]\n', **options)

    def stop_verifier(self, server):
        """It takes the next job, and no further one."""
        pid = serving(server, "verify.1")
        os.kill(pid, signal.SIGSTOP)
        return pid

    def end(self, server, pid, number):
        server.pass_loops()  # the job is at the verifier, and who gave it up is forgotten
        os.kill(pid, number)
        with contextlib.suppress(ProcessLookupError):  # SIGKILL has not waited for this
            os.kill(pid, signal.SIGCONT)
        event = server.wait_event("role_died", role="verify.1", pid=pid)
        self.assertEqual(event["reason"], signal.Signals(number).name)

    def message_over_which_it_ends(self, server, dialog, number=signal.SIGSEGV):
        pid = self.stop_verifier(server)
        dialog.begin("info@ours.test")
        dialog.send(MESSAGE + b".\r\n")
        self.end(server, pid, number)
        dialog.expect(451, "4.3.0")

    def secure(self, server, source=None, header=b""):
        """`header`: of PROXY, which stands before all else."""
        dialog = Dialog(server.connect(source))
        self.addCleanup(dialog.close)
        dialog.send(header)
        dialog.expect(220)
        dialog.command("EHLO client.example.net", 250)
        dialog.command("STARTTLS", 220)
        dialog.handshake()
        dialog.command("EHLO client.example.net", 250)
        return dialog

    def assert_nobody_is_banned(self, server, dialog):
        # What comes behind the last crash comes behind what it led to.
        self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(server.events("ban"), [])

    def assert_banned(self, server, network):
        event = server.wait_event("ban", network=network, limit="verifier_crash_rate")
        self.assertIn("verify.1", event["evidence"])
        self.assertEqual(len(server.events("ban")), 1)

    def test_of_one_network(self):
        server = self.serve()
        dialog = self.secure(server, CLIENT)
        for _ in range(TIMES):
            self.assertEqual(server.events("ban"), [])
            self.message_over_which_it_ends(server, dialog)
        self.assert_banned(server, f"{CLIENT}/32")
        dialog.command("MAIL FROM:<a@example.net>", 421, "4.7.0")
        with Dialog(server.connect(CLIENT)) as again:
            told = again.expect(421, "4.7.0")[-1]
        self.assertIn("trouble with mail from your network", told)
        self.assertNotIn("verif", told)  # nothing of our inside
        self.assertRegex(self.secure(server, NEIGHBOUR).deliver(MESSAGE, "info@ours.test"),
                         "^250 ")
        self.assertEqual(len(server.stored()), 1)

    def test_over_whose_work_is_no_more_wanted(self):
        """Who leaves before the verifier is through it leaves no less behind."""
        server = self.serve()
        for number in range(1, TIMES + 1):
            pid = self.stop_verifier(server)
            dialog = self.secure(server, CLIENT)
            dialog.begin("info@ours.test")
            dialog.send(MESSAGE)
            server.pass_loops()  # the job is at the verifier
            dialog.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            dialog.close()  # by a reset
            server.wait_events("disconnect", number)
            self.end(server, pid, signal.SIGSEGV)
        self.assert_banned(server, f"{CLIENT}/32")

    def test_ended_from_outside(self):
        server = self.serve()
        dialog = self.secure(server, CLIENT)
        for _ in range(TIMES + 1):
            self.message_over_which_it_ends(server, dialog, signal.SIGKILL)
        self.assert_nobody_is_banned(server, dialog)

    def test_exempt_clients(self):
        server = self.serve()
        dialog = self.secure(server, EXEMPT)
        for _ in range(TIMES + 1):
            self.message_over_which_it_ends(server, dialog)
        self.assert_nobody_is_banned(server, dialog)

    def test_behind_a_proxy(self):
        """The client is refused that it names; where it names none nobody is."""
        server = self.serve(listeners=PROXIED)
        health = self.secure(server, PROXY, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")
        for _ in range(TIMES + 1):
            self.message_over_which_it_ends(server, health)
        self.assert_nobody_is_banned(server, health)
        dialog = self.secure(server, PROXY, b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n")
        for _ in range(TIMES):
            self.message_over_which_it_ends(server, dialog)
        self.assert_banned(server, "192.0.2.7/32")


class Memory(faults.NoMemory):
    """A process that gets no more memory ends, and that is held against nobody."""

    def test_of_a_verifier(self):
        server = self.start(ONE_VERIFIER)
        large = (b"X-Large: " + b"x" * 900 + b"\r\n") * 200 + MESSAGE
        with Dialog.tls(server, CLIENT) as dialog:
            for _ in range(TIMES + 1):
                pid = self.exhaust(serving(server, "verify.1"))
                dialog.begin("info@ours.test")
                self.assertRegex(dialog.finish(large), "^451 4.3.0 ")
                event = server.wait_event("role_died", role="verify.1", pid=pid)
                self.assertEqual(event["reason"], "exit code 70")
            self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 ")
        self.assertEqual(server.events("ban"), [])

    def test_of_deliver(self):
        server = self.start(ONE_VERIFIER)
        large = MESSAGE + (b"x" * 76 + b"\r\n") * 30000  # in parts, which it collects
        with Dialog.tls(server, CLIENT) as dialog:
            for _ in range(TIMES + 1):
                self.begin(dialog)  # deliver has said what it says at first
                pid = self.exhaust(serving(server, "deliver"))
                self.assertRegex(dialog.finish(large), "^451 4.3.0 ")
                server.wait_event("role_died", role="deliver", pid=pid)
            self.begin(dialog)
            self.assertRegex(dialog.finish(MESSAGE), "^250 ")
        self.assertEqual(server.events("ban"), [])
        self.assertEqual(len(server.stored()), 1)

    def begin(self, dialog):
        """A transaction, as soon as there is another deliver to take the message."""
        wait_for(lambda: dialog.ask("MAIL FROM:<a@example.net>").startswith("250 "), "deliver")
        dialog.command("RCPT TO:<info@ours.test>", 250)
        dialog.command("DATA", 354)


if __name__ == "__main__":
    harness.main()
