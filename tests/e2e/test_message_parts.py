# SPDX-License-Identifier: Apache-2.0
"""The way of a message between the programs, of all sizes and to every end: nothing of it is left
anywhere, and nobody can change what another reads."""
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import re
import signal
import socket

import harness
from harness import Dialog, needs_root, wait_for

MIB = 1 << 20
HEADER = b"From: Alice <alice@author.test>\r\nTo: info@ours.test\r\nSubject: parts\r\n\r\n"
READ_ONLY = 0


def body(size):
    return b"".join(b"%07d %s\r\n" % (line, b"x" * 53) for line in range(size // 63))


SMALL, TWO_PARTS, LARGE = (HEADER + body(size) for size in (10 << 10, 3 * MIB // 2, 5 * MIB))


class Parts(harness.TestCase):
    def roles(self, server):
        return {name: pid for name, pid in server.roles().items()
                if re.match("postern-(smtp|deliver|verify)", name)}

    def held(self, server):
        """What each process has open of messages: (role, what, access mode)."""
        found = []
        for name, pid in self.roles(server).items():
            for link in pathlib.Path("/proc").glob(f"{pid}/fd/*"):
                with contextlib.suppress(FileNotFoundError):  # it has just been closed
                    target = os.readlink(link)
                    info = pathlib.Path(f"/proc/{pid}/fdinfo/{link.name}").read_text("ascii")
                    mode = int(info.partition("flags:")[2].split()[0], 8) & os.O_ACCMODE
                    if "memfd:postern-message" in target:
                        found.append((name, "memory", mode))
                    elif target.startswith(str(server.spool)) and "(deleted)" in target:
                        found.append((name, "file", mode))
        return found

    def nothing_is_held(self, server):
        wait_for(lambda: not self.held(server), "the last descriptor of a message")

    def send_chunk(self, dialog, message):
        dialog.command("MAIL FROM:<alice@example.net>", 250)
        dialog.command("RCPT TO:<info@ours.test>", 250)
        dialog.send(f"BDAT {len(message)}\r\n".encode() + message)
        dialog.expect(250)

    def silent_dns(self):
        """A server whose checks wait for their deadline, and lead to nothing."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        return self.start(f'[dns]\nservers = ["127.0.0.1:{silent.getsockname()[1]}"]\n'
                          'timeout = "8s"\n'
                          '[auth]\non_temporary_error = "accept"\ndeadline = "8s"\n')

    def assert_deferred(self, server, dialog, detail):
        dialog.expect(451, "4.3.0")
        event = server.wait_event("reject", stage="data")
        self.assertEqual(event["detail"], detail)
        self.nothing_is_held(server)
        self.assertEqual(server.stored(), [])


@needs_root  # to look into processes that nobody may look into
class Descriptors(Parts):
    def test_nothing_is_left(self):
        server = self.start()
        ends = [self.accepted, self.second_in_a_session, self.refused_in_the_body,
                self.refused_in_the_header, self.gone_in_the_header, self.gone_in_the_body,
                self.gone_before_the_answer, self.chunks_reset, self.header_without_end]
        for end, message in itertools.product(ends, (SMALL, LARGE)):
            with self.subTest(end=end.__name__, size=len(message)):
                end(server, message)
                self.nothing_is_held(server)
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(SMALL, "info@ours.test"), "^250 ")
        self.assertEqual(server.events("ipc_violation"), [])
        self.assertEqual(server.events("role_died"), [])

    def accepted(self, server, message):
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 ")
            self.nothing_is_held(server)

    def second_in_a_session(self, server, message):
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(message + b"\0\r\n", "info@ours.test"), "^5")
            self.assertRegex(dialog.deliver(message, "info@ours.test"), "^250 ")
            self.assertRegex(dialog.deliver(message, "info@ours.test", "sales@ours.test"), "^250 ")
            self.nothing_is_held(server)

    def refused_in_the_body(self, server, message):
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(message + b"\0\r\n", "info@ours.test"), "^5")
            self.nothing_is_held(server)

    def refused_in_the_header(self, server, message):
        with Dialog.tls(server) as dialog:
            looping = b"Delivered-To: info@ours.test\r\n" + message
            self.assertRegex(dialog.deliver(looping, "info@ours.test"), "^5")
            self.nothing_is_held(server)

    def gone_in_the_header(self, server, message):
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(message[:40])

    def gone_in_the_body(self, server, message):
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(message[:-1000])

    def gone_before_the_answer(self, server, message):
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(message + b".\r\n")

    def chunks_reset(self, server, message):
        with Dialog.tls(server) as dialog:
            self.send_chunk(dialog, message)
            dialog.command("RSET", 250)
            self.nothing_is_held(server)

    def header_without_end(self, server, message):
        header = message.partition(b"\r\n\r\n")[0] + b"\r\n"
        with Dialog.tls(server) as dialog:
            self.assertRegex(dialog.deliver(header, "info@ours.test"), "^250 ")

    def test_who_has_what_while_a_large_message_is_judged(self):
        server = self.silent_dns()
        with Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.send(LARGE + b".\r\n")
            file_of_deliver = ("postern-deliver", "file", os.O_RDWR)
            file_of_smtp = ("postern-smtp", "file", READ_ONLY)
            wait_for(lambda: {file_of_deliver, file_of_smtp} <= set(self.held(server)), "the file")
            dialog.expect(250)
            self.nothing_is_held(server)

    def test_deliver_dies_before_a_large_message_is_judged(self):
        """It is judged all the same, by the file of the dead."""
        server = self.start()
        with Dialog.tls(server) as dialog:
            self.send_chunk(dialog, LARGE)
            self.kill(server, "deliver")
            dialog.send("BDAT 0 LAST\r\n")
            self.assert_deferred(server, dialog,
                                 "earlier parts of the message went down with another process")
            self.assertEqual(server.wait_event("reject", stage="data")["spf"], "none")
            self.assertRegex(dialog.deliver(LARGE, "info@ours.test"), "^250 ")
            self.nothing_is_held(server)
        self.assertEqual(server.events("ipc_violation"), [])

    def test_deliver_dies_while_a_large_message_comes(self):
        server = self.start()
        with Dialog.tls(server) as dialog:
            self.send_chunk(dialog, LARGE[:2 * MIB])
            self.kill(server, "deliver")
            rest = LARGE[2 * MIB:]
            dialog.send(f"BDAT {len(rest)} LAST\r\n".encode() + rest)
            dialog.expect(451, "4.3.0")
            event = server.wait_event("reject", stage="data")
            self.assertEqual(event["detail"],
                             "earlier parts of a message went down with another process")
            self.nothing_is_held(server)
            self.assertRegex(dialog.deliver(LARGE, "info@ours.test"), "^250 ")
        self.assertEqual(len(server.mails("ours.test/info")), 1)

    def test_the_verifier_of_a_large_message_dies(self):
        server = self.start(f'[workers]\nuser = "{harness.unprivileged_user()}"\n'
                            'smtp_threads = 2\nverifiers = 1\n')
        with Dialog.tls(server) as dialog:
            pid = server.roles()["postern-verify.1"]
            os.kill(pid, signal.SIGSTOP)
            dialog.begin("info@ours.test")
            dialog.send(TWO_PARTS + b".\r\n")  # 5 seconds from here, smtp gives the verifier up
            wait_for(lambda: ("postern-smtp", "file", READ_ONLY) in self.held(server), "the file")
            os.kill(pid, signal.SIGKILL)
            self.assert_deferred(server, dialog, "verify.1: the other process has ended")
            self.assertRegex(dialog.deliver(LARGE, "info@ours.test"), "^250 ")

    def kill(self, server, role):
        """Until its successor serves."""
        pid = server.roles()[f"postern-{role}"]
        os.kill(pid, signal.SIGKILL)
        server.wait_event("role_died", role=role, pid=pid)
        with Dialog.tls(server) as dialog:
            wait_for(lambda: dialog.ask("MAIL FROM:<a@example.net>").startswith("250 "), role)


class FewDescriptors(harness.TestCase):
    """Far too few for those who come: some are told to come later, and that is all."""
    CONNECTIONS = 60
    SENDERS = 30
    PATIENCE = 300  # seconds: who gives up does not know what became of the message

    def test_large_messages_when_descriptors_run_out(self):
        server = self.start("[limits]\nconnections = 1000\n",
                            prefix=["prlimit", "--nofile=150:150"])
        answers = []
        with contextlib.ExitStack() as stack:
            for _ in range(self.CONNECTIONS):
                stack.enter_context(server.connect())
            pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(self.SENDERS))

            def accepted():
                """Most are told to come later so soon that it may have been all."""
                answers.extend(pool.map(lambda _: self.send(server), range(3 * self.SENDERS)))
                return sum(answer.startswith("250 ") for answer in answers)
            count = wait_for(accepted, "a message that is accepted")
        self.assertLessEqual({answer[:9] for answer in answers},
                             {"250 2.0.0", "451 4.3.0", "452 4.3.1", "none"})
        self.assertEqual(len(server.mails("ours.test/info")), count)
        wait_for(lambda: self.send(server).startswith("250 "), "room for one more")
        for event in "ipc_violation", "role_died":
            self.assertEqual(server.events(event), [])

    def send(self, server):
        """The answer to the message; "none" where it did not come so far."""
        answer = "none"
        with contextlib.suppress(OSError, EOFError, AssertionError), Dialog.tls(server) as dialog:
            dialog.begin("info@ours.test")
            dialog.sock.settimeout(self.PATIENCE)
            answer = dialog.finish(LARGE)
        return answer


if __name__ == "__main__":
    harness.main()
