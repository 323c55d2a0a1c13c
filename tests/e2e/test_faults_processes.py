# SPDX-License-Identifier: Apache-2.0
"""A live process runs out of descriptors or of memory: the clients in hand get a 4xx or lose their
connection, nobody else notices, and it is over when there is room again."""
import contextlib
import os
import time

import dns_server
import faults
import harness
from dns_server import DnsServer, answer, txt
from faults import FewDescriptors
from harness import MESSAGE, Dialog, needs_root, wait_for

LARGE = MESSAGE + (b"x" * 76 + b"\r\n") * 30000
EXEMPT_CLIENT = "127.0.0.1"
BUSY = (f'[limits]\nexempt = ["{EXEMPT_CLIENT}"]\n[workers]\nsmtp_threads = 2\nverifiers = 1\n'
        f'user = "{harness.unprivileged_user()}"\n')


class Processes(harness.TestCase):
    def setUp(self):
        self.accepted = 0

    def serving(self, server, role):
        return wait_for(lambda: [row["pid"] for row in server.ask("status")["roles"]
                                 if row["role"] == role and row["serving"]], role)[0]

    def refused(self, dialog, status, message=MESSAGE):
        self.assertRegex(dialog.deliver(message, "info@ours.test"), f"^{status} ")

    def taken(self, dialog, message=MESSAGE):
        self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 2.0.0 ")
        self.accepted += 1

    def assert_whole(self, server):
        """What was acknowledged is there, and nothing else; no process has died of it."""
        self.assertEqual(len(server.mails("ours.test/info")), self.accepted)
        self.assertEqual(len(server.stored()), self.accepted)
        for event in "role_died", "ipc_violation":
            self.assertEqual(server.events(event), [])


@needs_root
class Descriptors(Processes):
    def test_of_deliver(self):
        """Room for what smtp sends, but not for a file; then for nothing."""
        server = self.start(BUSY)
        pid = server.roles()["postern-deliver"]
        harness.settled(lambda: faults.open_descriptors(pid))  # it may be sweeping the spool
        room_for_one, no_room = FewDescriptors(pid, 1), FewDescriptors(pid)
        with Dialog.tls(server) as dialog:
            with room_for_one:
                self.refused(dialog, "451 4.3.0")
                self.refused(dialog, "451 4.3.0", LARGE)
            self.assertRegex(server.wait_events("reject", 2)[0]["detail"], "Too many open files$")
            server.wait_event("trouble", area="spool")
            self.taken(dialog)
            with no_room:
                self.refused(dialog, "451 4.3.0")
            self.assertRegex(server.wait_event("trouble", area="channel")["reason"],
                             "^smtp: descriptors were lost: too many are open$")
            self.until_mail_is_taken(dialog)
            self.taken(dialog, LARGE)
        self.assert_whole(server)

    def until_mail_is_taken(self, dialog):
        """smtp gets another channel to it."""
        wait_for(lambda: dialog.ask("MAIL FROM:<a@example.net>").startswith("250 "), "a channel")
        dialog.command("RSET", 250)

    def test_of_a_verifier(self):
        server = self.start(BUSY)
        with Dialog.tls(server) as dialog:
            with FewDescriptors(server.roles()["postern-verify.1"]):
                self.refused(dialog, "451 4.3.0")
                self.assertRegex(server.wait_event("trouble", area="channel")["reason"],
                                 "descriptors were lost")
            self.taken(dialog)
        self.assertEqual(server.events("ban"), [])
        self.assert_whole(server)

    def test_of_the_resolver(self):
        dns = DnsServer(lambda query: answer(query, txt("v=spf1 ip4:127.0.0.1 -all"))).start()
        self.addCleanup(dns.stop)
        server = self.start(BUSY + f'[dns]\nservers = ["{dns.endpoint}"]\ntimeout = "1s"\n'
                                   '[auth.spf]\non_fail = "reject"\n')
        with Dialog.tls(server) as dialog:
            with FewDescriptors(server.roles()["postern-resolve"]):
                self.refused(dialog, "451 4.4.3")
            self.assertEqual(server.wait_event("reject")["disposition"], "defer")
            self.until_the_resolver_answers(dialog)
        self.assertEqual(server.wait_event("accept")["spf"], "pass")
        self.assert_whole(server)

    def until_the_resolver_answers(self, dialog):
        """It keeps a failure for a few seconds."""
        def again():
            time.sleep(0.5)
            told = dialog.deliver(MESSAGE, "info@ours.test")
            self.accepted += told.startswith("250 ")
            return told.startswith("250 ")
        wait_for(again, "an answer")

    def test_of_smtp(self):
        """Who comes waits; who is there is told to come again, and stays."""
        server = self.start(BUSY)
        pid = server.roles()["postern-smtp"]
        with Dialog.tls(server) as dialog, FewDescriptors(pid):
            late = server.connect()
            self.addCleanup(late.close)
            server.wait_event("trouble", area="accept",
                              reason="cannot accept connections: Too many open files")
            server.wait_event("shedding", state="begins", limit="descriptors", what="mail")
            dialog.command("MAIL FROM:<a@example.net>", 452, "4.3.1")
            dialog.command("NOOP", 250)
        with contextlib.closing(Dialog(late)) as waiting:
            self.assertIn(waiting.reply()[0][:3], ("220", "421"))
        server.wait_event("shedding", state="over", limit="descriptors", what="mail")
        with Dialog.tls(server) as dialog:
            self.taken(dialog)
            self.taken(dialog, LARGE)
        self.assert_whole(server)


@needs_root
class Memory(Processes, faults.NoMemory):
    """A process that gets no more ends, and another takes its place. Verifiers and deliver:
    test_verifier_crashes.py."""

    def died(self, server, role, pid):
        event = server.wait_event("role_died", role=role, pid=pid)
        self.assertEqual(event["reason"], "exit code 70")

    def test_of_smtp(self):
        server = self.start(BUSY)
        with Dialog.tls(server) as dialog:
            self.taken(dialog)
            pid = self.exhaust(self.serving(server, "smtp"))
            sessions = self.crowd(server, pid)
            self.died(server, "smtp", pid)
            for session in [dialog, *sessions[:-1]]:  # the last may be its successor's
                session.rest()  # comes to its end
        with contextlib.closing(self.comes(server)) as dialog:
            self.taken(dialog)
        self.assertEqual(len(server.stored()), self.accepted)
        self.assertEqual(len(server.events("role_died")), 1)

    def crowd(self, server, pid):
        """Sessions with a header that does not end, until it is too much."""
        sessions = []
        while os.path.exists(f"/proc/{pid}"):
            with contextlib.suppress(OSError, EOFError, AssertionError):
                session = Dialog.tls(server)
                self.addCleanup(session.close)
                sessions.append(session)
                session.begin("info@ours.test")
                session.send((b"X-Long: " + b"x" * 990 + b"\r\n") * 200)
            self.assertLess(len(sessions), 2000)
        return sessions

    def comes(self, server):
        def session():
            with contextlib.suppress(OSError, EOFError, AssertionError):
                return Dialog.tls(server)
        return wait_for(session, "another smtp")

    def test_of_the_resolver(self):
        """What it was asked is asked its successor."""
        record = txt("v=spf1 ip4:127.0.0.1 " + "ip4:192.0.2.1 " * 2000 + "-all")
        dns = DnsServer(lambda query: dns_server.truncated(query) if not query.tcp
                        else answer(query, record)).start()
        self.addCleanup(dns.stop)
        server = self.start(BUSY + f'[dns]\nservers = ["{dns.endpoint}"]\ntimeout = "5s"\n'
                                   '[auth]\ndeadline = "10s"\non_temporary_error = "accept"\n')
        with Dialog.tls(server) as dialog:
            pid = self.exhaust(self.serving(server, "resolve"))
            for count in range(300):
                if not os.path.exists(f"/proc/{pid}"):
                    break
                self.taken(dialog)
            self.died(server, "resolve", pid)
            self.taken(dialog)
        self.assertEqual(len(server.stored()), self.accepted)


if __name__ == "__main__":
    harness.main()
