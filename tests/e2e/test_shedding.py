# SPDX-License-Identifier: Apache-2.0
"""Descriptors, memory and room on the disk: before one of them is used up new sessions are told to
come later, what is in hand comes to its end, and the server recovers by itself."""
import time

import harness
from harness import MESSAGE, Dialog, wait_for

EXEMPT = "127.0.3.1"
# No limit of a network is to be met.
MANY = ('[limits]\nconnections = 100000\nconnection_rate = "100000/1m"\n'
        'handshake_rate = "100000/1m"\nmessage_rate = "100000/1m"\n'
        'recipient_rate = "100000/1m"\nbyte_rate = "100G/1m"\n'
        f'exempt = ["{EXEMPT}"]\n')
MIB = 1 << 20
LINE = b"X-Long: " + b"x" * 990 + b"\r\n"


class Shedding(harness.TestCase):
    def tearDown(self):
        """Nothing has died of it."""
        for event in "role_died", "ipc_violation":
            self.assertEqual(self.server.events(event), [])
        self.assertEqual([event for event in self.server.events("trouble")
                          if event["area"] == "accept"], [])

    def kept(self, dialog):
        self.addCleanup(dialog.close)
        return dialog

    def comes(self, source=None):
        """A session that is greeted; nothing, when it is refused."""
        dialog = Dialog(self.server.connect(source))
        line = dialog.reply()[-1]
        if line.startswith("220 "):
            return self.kept(dialog)
        self.assertRegex(line, "^421 4.3.2 ")
        self.assertTrue(dialog.closed())
        dialog.close()
        return None

    def fill(self, most, begin):
        """Sessions until a stranger is refused. They are exempt, so that they stay for as long as
        the test may take: of others those would go that are older than a few seconds."""
        sessions = []
        while stranger := self.comes():
            stranger.close()
            sessions.append(self.comes(EXEMPT))
            begin(sessions[-1])
            self.assertLess(len(sessions), most)
        return sessions

    def assert_sheds(self, limit):
        self.server.wait_event("shedding", state="begins", what="sessions", limit=limit)
        self.assertIsNone(self.comes())
        self.server.wait_event("reject", stage="connect", code=421, reason=limit)
        self.assertIsNotNone(self.comes(EXEMPT))

    def assert_recovers(self, limit):
        self.server.wait_event("shedding", state="over", what="sessions", limit=limit)
        self.assert_delivers(Dialog.tls(self.server))

    def assert_delivers(self, dialog):
        self.kept(dialog)
        self.assertRegex(dialog.deliver(MESSAGE, "info@ours.test"), "^250 2.0.0 ")


class Descriptors(Shedding):
    FEW = 400
    SHED = 300  # three quarters

    def test_they_are_never_used_up(self):
        self.server = self.start(MANY, prefix=["prlimit", f"--nofile={self.FEW}:{self.FEW}"])
        begun = self.kept(Dialog.tls(self.server))
        idle = self.kept(Dialog.tls(self.server, EXEMPT))
        begun.begin("info@ours.test")
        sessions = self.fill(self.SHED, lambda session: None)
        self.assert_sheds("descriptors")
        for _ in range(self.FEW - self.SHED + 50):  # more than there is room for
            self.assertIsNone(self.comes())
        # Those that are there have what they need.
        self.assertRegex(begun.finish(MESSAGE), "^250 ")
        self.assert_delivers(idle)
        for session in sessions:
            session.close()
        self.assert_recovers("descriptors")
        self.assertEqual(len(self.server.stored()), 3)

    def test_who_stands_still_gives_them_back(self):
        self.server = self.start(MANY, prefix=["prlimit", f"--nofile={self.FEW}:{self.FEW}"])
        exempt = self.comes(EXEMPT)
        sessions = {}
        while session := self.comes():
            sessions[str(session.sock.getsockname()[1])] = session
            self.assertLess(len(sessions), self.SHED)
        self.assert_recovers("descriptors")
        # Perhaps not all: it is over when there are clearly fewer.
        gone = self.server.wait_event("disconnect", reason="crowded")
        sessions[gone["port"]].expect(421, "4.3.2")
        exempt.command("NOOP", 250)


class Memory(Shedding):
    EARLY = 60  # whose headers do not end: they take all that messages may have
    LATE = 20  # that come to their end, being the last of all

    def test_messages_and_sessions(self):
        self.server = self.start(MANY + 'total_memory = "64M"\n')
        if harness.is_sanitized(self.server.roles()["postern-smtp"]):
            self.skipTest("a sanitizer does not say how much memory is in use")
        early = [self.kept(Dialog.tls(self.server, EXEMPT)) for _ in range(self.EARLY)]
        self.begun = []
        sessions = self.fill(2000, self.take_memory)
        self.assert_sheds("memory")
        for dialog in self.begun[-self.LATE:]:
            dialog.send(b"\r\n")
            self.assertRegex(dialog.finish(MESSAGE), "^250 ")
        waiting = [dialog for dialog in early if self.begins(dialog)]
        for dialog in waiting:
            dialog.send(LINE * 200)
        refused = self.EARLY - len(waiting)
        refused += sum(dialog.finish(MESSAGE).startswith("452 4.3.1 ") for dialog in waiting)
        self.assertGreater(refused, 0)
        for dialog in [*early, *sessions]:
            dialog.close()
        self.assert_recovers("memory")
        self.assertEqual(len(self.server.stored()), self.EARLY - refused + self.LATE + 1)

    def begins(self, dialog):
        answer = dialog.ask("MAIL FROM:<a@example.net>")
        if answer.startswith("452 4.3.1 "):
            return False
        self.assertRegex(answer, "^250 ")
        dialog.command("RCPT TO:<info@ours.test>", 250)
        dialog.command("DATA", 354)
        return True

    def take_memory(self, session):
        """TLS, and a header that stops in the middle of a line."""
        session.command("EHLO client.example.net", 250)
        session.command("STARTTLS", 220)
        session.handshake()
        session.command("EHLO client.example.net", 250)
        if self.begins(session):
            session.send(LINE * 25 + b"X-Long: " + b"x" * 30000)
            self.begun.append(session)


class Disk(Shedding):
    SIZE, LEAST = 9 * MIB, MIB // 8  # the last eighth of spool.min_free, which is 1M here

    def leave(self, octets):
        """So much room in the spool."""
        filler = self.server.disk() / "filler"
        filler.unlink(missing_ok=True)
        if octets:
            filler.write_bytes(b"x" * (self.SIZE - octets))

    def test_the_spool_is_nearly_full(self):
        self.server = self.start(MANY, disk=str(self.SIZE))
        dialog, begun = [self.kept(Dialog.tls(self.server)) for _ in range(2)]
        begun.begin("info@ours.test")
        self.leave(MIB // 2)
        self.wait_for_mail(dialog, "452 4.3.1")
        self.assertRegex(begun.finish(MESSAGE), "^452 4.3.1 ")
        self.assertIsNotNone(self.comes())
        self.leave(self.LEAST // 2)
        self.server.wait_event("shedding", state="begins", what="sessions", limit="spool_space")
        self.assert_sheds("spool_space")
        self.wait_for_mail(dialog, "452 4.3.1")
        self.leave(None)
        self.wait_for_mail(dialog, "250 2.1.0")
        self.assertEqual(self.server.stored(), [])
        self.assert_recovers("spool_space")

    def wait_for_mail(self, dialog, answer):
        """What MAIL is told, when the room on the disk is known."""
        def told():
            time.sleep(0.1)  # a session may not ask as often as it likes
            got = dialog.ask("MAIL FROM:<a@example.net>")
            if got.startswith("250 "):
                dialog.command("RSET", 250)
            return got.startswith(answer)
        wait_for(told, answer)


if __name__ == "__main__":
    harness.main()
