# SPDX-License-Identifier: Apache-2.0
"""The end: listeners close at once, what runs may finish, nothing is acknowledged and then lost."""
import contextlib
import os
import signal
import threading
import time

import harness
from harness import MESSAGE, Dialog

HALF = b"From: a@example.net\r\n\r\nfirst half\r\n"
REST = b"second half\r\n.\r\n"
SOON = 15  # seconds; the grace time is 30


class Shutdown(harness.TestCase):
    def in_data(self, server):
        """A session in the middle of its message, which the server has begun to read."""
        dialog = Dialog.tls(server)
        self.addCleanup(dialog.close)
        dialog.begin("info@ours.test")
        dialog.send(HALF)
        return dialog

    def terminate(self, server, number=signal.SIGTERM):
        server.process.send_signal(number)
        server.wait_event("stop")

    def assert_ends(self, server):
        self.assertEqual(server.process.wait(SOON), 0)

    def wait_for_closed_port(self, server):
        def refused():
            try:
                server.connect().close()
            except ConnectionError:
                return True
            return False
        harness.wait_for(refused, "the port to be closed", SOON)

    def assert_dismissed(self, dialog):
        dialog.expect(421, "4.3.2")
        self.assertTrue(dialog.closed())

    def test_idle_sessions_are_dismissed(self):
        server = self.start()
        in_transaction = Dialog.tls(server)
        in_transaction.command("MAIL FROM:<a@example.net>", 250)
        in_transaction.command("RCPT TO:<info@ours.test>", 250)
        sessions = [Dialog.plain(server), Dialog.tls(server), in_transaction]
        self.terminate(server)
        for dialog in sessions:
            self.assert_dismissed(dialog)
            dialog.close()
        self.assert_ends(server)
        self.assertEqual(server.stored(), [])
        self.assertEqual({event["reason"] for event in server.events("disconnect")}, {"shutdown"})

    def test_running_message_is_finished(self):
        server = self.start()
        dialog = self.in_data(server)
        self.terminate(server)
        self.wait_for_closed_port(server)
        dialog.send(REST)
        dialog.expect(250, "2.0.0")
        self.assert_dismissed(dialog)
        dialog.close()
        self.assert_ends(server)
        [mail] = server.mails("ours.test/info")
        self.assertTrue(mail.endswith(b"first half\nsecond half\n"))

    def test_no_further_command_behind_the_message(self):
        server = self.start()
        dialog = self.in_data(server)
        self.terminate(server)
        dialog.send(REST + b"MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n")
        dialog.expect(250, "2.0.0")
        self.assert_dismissed(dialog)
        dialog.close()
        self.assert_ends(server)

    def test_grace_is_over(self):
        server = self.start('[smtp]\nshutdown_grace = "1s"\n')
        dialog = self.in_data(server)
        self.terminate(server)
        self.assertEqual(dialog.rest(), b"")
        self.assert_ends(server)
        self.assertEqual(server.stored(), [])
        self.assertEqual(server.events("disconnect")[-1]["reason"], "grace_over")

    def test_second_signal_ends_at_once(self):
        server = self.start()
        dialog = self.in_data(server)
        self.terminate(server)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(dialog.rest(), b"")
        self.assert_ends(server)
        self.assertEqual(server.stored(), [])

    def test_a_process_that_is_late_accuses_nobody(self):
        """A ping of a supervisor that has gone is answered to nobody."""
        server = self.start()
        pid = server.roles()["postern-verify.1"]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)  # by then it has been pinged
        self.terminate(server)
        time.sleep(0.5)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        self.assert_ends(server)
        self.assertEqual(server.events("ipc_violation"), [])

    def test_interrupt_ends_it_as_well(self):
        server = self.start()
        with Dialog.plain(server) as dialog:
            self.terminate(server, signal.SIGINT)
            self.assert_dismissed(dialog)
        self.assert_ends(server)

    def test_handshake_that_never_ends_holds_nobody_up(self):
        server = self.start()
        with Dialog.plain(server) as dialog:
            dialog.command("STARTTLS", 220)
            self.terminate(server)
            self.assertEqual(dialog.rest(), b"")
        self.assert_ends(server)

    def test_hang_up_kills_nobody(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            server.process.send_signal(signal.SIGHUP)
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_terminated_under_load(self):
        server = self.start(harness.EXEMPT)  # they go on until the end
        acknowledged = []
        threads = [threading.Thread(target=self.send_until_the_end,
                                    args=(server, number, acknowledged)) for number in range(6)]
        for thread in threads:
            thread.start()
        harness.wait_for(lambda: len(acknowledged) > 30, "30 deliveries")
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(harness.WAIT_SECONDS)
        self.assert_ends(server)
        stored = {harness.without_trace(mail) for mail in server.mails("ours.test/info")}
        self.assertEqual({message.replace(b"\r\n", b"\n") for message in acknowledged}, stored)

    def send_until_the_end(self, server, number, acknowledged):
        with contextlib.suppress(OSError, EOFError, AssertionError), Dialog.tls(server) as dialog:
            for count in range(100000):
                message = b"From: a@example.net\r\nSubject: %d-%d\r\n\r\nx\r\n" % (number, count)
                if not dialog.deliver(message, "info@ours.test").startswith("250 "):
                    return
                acknowledged.append(message)


class Restart(harness.TestCase):
    def check_again(self, server):
        """A start on the same port and spool works at the first try."""
        server.start()
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_after_an_orderly_end(self):
        server = self.start()
        with Dialog.tls(server):
            self.assertEqual(server.stop(), 0)
            self.check_again(server)

    def test_after_a_sudden_death(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            server.kill()
            self.check_again(server)

    def test_while_another_runs(self):
        first = self.start()
        second = harness.Server()
        second.config_path.write_text(
            second.config_path.read_text().replace(str(second.port), str(first.port)))
        code, log = second.fail_to_start()
        self.assertEqual(code, 71, log)
        self.assertIn(f"posternd (pid {first.process.pid})", log)
        Dialog.tls(first).close()


if __name__ == "__main__":
    harness.main()
