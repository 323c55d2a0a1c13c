# SPDX-License-Identifier: Apache-2.0
"""Networks that are refused for a time: what leads to it, what they are told, how long it lasts.
What administrators do about it: test_network_commands.py; mail that crashes verifiers:
test_verifier_crashes.py."""
import datetime
import select
import time

import harness
from harness import MESSAGE, Dialog

GUESSER, NEIGHBOUR = "127.0.1.1", "127.0.1.2"
ELSEWHERE = "127.0.2.1"
PROXY = "127.0.0.50"
PROXIED = f'[[listener]]\naddress = "127.0.0.1:{{port}}"\nproxy_protocol_from = ["{PROXY}"]\n'
# One error is allowed, and the second one leads to a ban.
STRICT = '[limits]\nerror_rate = "1/1h"\n'
EARLY = 0.1  # seconds: the server's clock began before ours
LATER = 10   # on a busy machine


class BanCase(harness.TestCase):
    def offend(self, server, source, errors=2):
        with Dialog.plain(server, source) as dialog:
            for _ in range(errors):
                dialog.ask("XYZZY")

    def banned(self, server, source):
        """What a network is told that is refused."""
        with Dialog(server.connect(source)) as dialog:
            text = dialog.expect(421, "4.7.0")[-1]
            self.assertTrue(dialog.closed())
        self.assertIn("Your network is refused until ", text)
        server.wait_event("reject", client=source, stage="connect", code=421, reason="banned")
        return text

    def welcome(self, server, source):
        Dialog.tls(server, source).close()

    def add(self, server, network):
        server.ask("bans", "add", network, "--for", "1h", "--reason", "why")


class Causes(BanCase):
    def test_errors(self):
        server = self.start('[limits]\nerror_rate = "2/1h"\n')
        self.offend(server, GUESSER)
        self.welcome(server, GUESSER)
        self.offend(server, GUESSER, 1)
        text = self.banned(server, GUESSER)
        self.assertIn("errors", text)
        self.welcome(server, NEIGHBOUR)
        event = server.wait_event("ban", network=f"{GUESSER}/32", limit="error_rate", times=1)
        [ban] = server.ask("bans")
        self.assertEqual((ban["network"], ban["limit"], ban["times"]),
                         (f"{GUESSER}/32", "error_rate", 1))
        self.assertEqual(ban["evidence"], event["evidence"])
        self.assertIn(event["evidence"].split()[-1], server.log())  # the session
        harness.wait_for(lambda: server.limits_met() == {"error_rate": 1, "ban": 1},
                         "the status to count both")

    def test_errors_of_clients_that_speak_no_smtp(self):
        server = self.start(STRICT)
        for _ in range(2):
            with Dialog(server.connect(GUESSER)) as dialog:
                dialog.send("GET / HTTP/1.1\r\n\r\n")
                dialog.rest()
        server.wait_events("disconnect", 2)
        self.banned(server, GUESSER)

    def test_not_failed_handshakes(self):
        server = self.start(STRICT)
        for _ in range(20):
            with Dialog.plain(server, GUESSER) as dialog:
                dialog.command("STARTTLS", 220)
                dialog.send(b"no TLS at all")
                dialog.rest()
        server.wait_events("tls_failed", 20)
        self.welcome(server, GUESSER)
        self.assertEqual(server.ask("bans"), [])

    def test_the_wide_network(self):
        server = self.start(STRICT + "wide.factor = 3\n")
        for number in (1, 2, 3):
            self.offend(server, f"127.0.1.{number}", 1)
        self.welcome(server, "127.0.1.9")
        self.offend(server, "127.0.1.4", 1)
        self.banned(server, "127.0.1.9")
        self.assertEqual([ban["network"] for ban in server.ask("bans")], ["127.0.1.0/24"])
        self.welcome(server, ELSEWHERE)

    def test_what_exempt_networks_do(self):
        server = self.start(STRICT + f'exempt = ["{GUESSER}"]\n')
        for _ in range(3):
            self.offend(server, GUESSER)
        self.welcome(server, GUESSER)
        self.add(server, "127.0.1.0/24")
        self.welcome(server, GUESSER)
        self.banned(server, NEIGHBOUR)

    def test_clients_of_a_proxy(self):
        """The client is refused, and the proxy is not."""
        server = self.start(STRICT, listeners=PROXIED)
        header = "PROXY TCP4 {} 192.0.2.1 40000 25\r\n"
        for client in ("192.0.2.7", "192.0.2.7", "198.51.100.7"):
            with Dialog(server.connect(PROXY)) as dialog:
                dialog.send(header.format(client))
                dialog.expect(220)
                dialog.ask("XYZZY")
        for client, code in (("192.0.2.7", 421), ("198.51.100.7", 220), ("192.0.2.8", 220)):
            with Dialog(server.connect(PROXY)) as dialog:
                dialog.send(header.format(client))
                dialog.expect(code)
        self.add(server, PROXY)
        with Dialog(server.connect(PROXY)) as dialog:
            dialog.send(header.format("192.0.2.8"))
            dialog.expect(220)


class Guessing(BanCase):
    def asks(self, dialog, *answers):
        """Seconds that each RCPT to an unknown mailbox took."""
        times = []
        for code, status in answers:
            begin = time.monotonic()
            dialog.command("RCPT TO:<nobody@ours.test>", code, status)
            times.append(time.monotonic() - begin)
        return times

    def test_one_session(self):
        server = self.start("[limits]\nunknown_recipients_per_session = 3\n")
        with Dialog.tls(server, GUESSER) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            times = self.asks(dialog, *[(550, "5.1.1")] * 3, (452, "4.5.3"))
            for seconds, least in zip(times, (1, 2, 4, 0)):
                self.assertTrue(least - EARLY <= seconds < least + LATER, times)
            # Those that exist are not told either.
            dialog.command("RCPT TO:<sales@ours.test>", 452, "4.5.3")
            dialog.command("DATA", 354)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
            dialog.expect(421, "4.7.0")
            self.assertTrue(dialog.closed())
        self.assertEqual(len(server.stored()), 1)
        harness.wait_for(lambda: server.limits_met() == {"unknown_recipients": 2},
                         "the status to count them")

    def test_nobody_else_waits(self):
        server = self.start()
        with Dialog.tls(server, GUESSER) as guessing, Dialog.tls(server, NEIGHBOUR) as dialog:
            guessing.command("MAIL FROM:<a@example.net>", 250)
            self.asks(guessing, *[(550, "5.1.1")] * 2)
            for _ in range(2):  # waits of 4 and of 8 seconds: a busy machine may need the second
                guessing.send("RCPT TO:<nobody@ours.test>\r\n")
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
                waits = not select.select([guessing.sock], [], [], 0)[0]
                guessing.expect(550, "5.1.1")
                if waits:
                    break
            self.assertTrue(waits)

    def test_across_sessions(self):
        server = self.start('[limits]\nunknown_recipient_rate = "2/1h"\n')
        for _ in range(2):
            with Dialog.tls(server, GUESSER) as dialog:
                dialog.command("MAIL FROM:<a@example.net>", 250)
                self.asks(dialog, (550, "5.1.1"))
        with Dialog.tls(server, GUESSER) as dialog:
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 250)
            self.asks(dialog, (550, "5.1.1"), (421, "4.7.0"))
            self.assertTrue(dialog.closed())
        self.assertIn("unknown recipients", self.banned(server, GUESSER))
        self.welcome(server, NEIGHBOUR)
        server.wait_event("ban", network=f"{GUESSER}/32", limit="unknown_recipient_rate")

    def test_hidden_until_the_end(self):
        server = self.start('[limits]\nhide_unknown_until_data = true\n'
                            'unknown_recipient_rate = "1/1h"\n')
        with Dialog.tls(server, GUESSER) as dialog:
            self.assertIn("RCPTMAX=1", "".join(dialog.command("EHLO client.example.net", 250)))
            dialog.command("MAIL FROM:<a@example.net>", 250)
            times = []
            for _ in range(5):
                times += self.asks(dialog, (250, "2.1.5"))
                dialog.command("RSET", 250)
                dialog.command("MAIL FROM:<a@example.net>", 250)
            self.assertLess(min(times), 1 - EARLY, times)  # else each waits for a second at least
            unknown = dialog.command("RCPT TO:<nobody@ours.test>", 250)
            dialog.command("RCPT TO:<info@ours.test>", 452, "4.5.3")
            dialog.command("DATA", 354)
            self.assertTrue(dialog.finish(MESSAGE).startswith("550 5.1.1 "))
            dialog.command("MAIL FROM:<a@example.net>", 250)
            self.assertEqual(dialog.command("RCPT TO:<info@ours.test>", 250), unknown)
            dialog.command("DATA", 354)
            self.assertIn("250 2.0.0", dialog.finish(MESSAGE))
            dialog.begin("nobody@ours.test")
            self.assertTrue(dialog.finish(MESSAGE).startswith("550 5.1.1 "))
        self.banned(server, GUESSER)
        self.assertEqual(len(server.stored()), 1)

    def test_what_nobody_would_get_tells_nothing(self):
        """Else a guess would cost no message that somebody can see."""
        server = self.start("[limits]\nhide_unknown_until_data = true\n")
        with Dialog.tls(server, GUESSER) as dialog:
            answers = [dialog.deliver(b"no From field\r\n", recipient)
                       for recipient in ("info@ours.test", "nobody@ours.test")]
        self.assertTrue(answers[0].startswith("550 5.6.0 "), answers)
        self.assertEqual(answers[0], answers[1])


class Time(BanCase):
    def wait_for_the_end(self, server, source):
        def over():
            with Dialog(server.connect(source)) as dialog:
                return dialog.reply()[0].startswith("220 ")
        harness.wait_for(over, "the end of the ban")

    def length(self, ban):
        """Seconds, as it is told."""
        since, until = (datetime.datetime.fromisoformat(ban[key].rstrip("Z"))
                        for key in ("since", "until"))
        return (until - since).total_seconds()

    def test_grows_with_repetition(self):
        # The shortest is longer than a machine stands still: it must be met while it lasts.
        server = self.start(STRICT + 'ban_for = "5s"\nban_max = "12s"\n')
        for times, seconds in enumerate((5, 10, 12), 1):
            begin = time.monotonic()
            self.offend(server, GUESSER)
            self.banned(server, GUESSER)
            [ban] = server.ask("bans")
            self.assertEqual((ban["times"], self.length(ban)), (times, seconds))
            server.wait_event("ban", network=f"{GUESSER}/32", times=times)
            self.wait_for_the_end(server, GUESSER)
            self.assertGreater(time.monotonic() - begin, seconds - EARLY)

    def test_outlives_the_server(self):
        """However it ends."""
        server = self.start(STRICT)
        self.offend(server, GUESSER)
        self.banned(server, GUESSER)
        before = server.ask("bans")
        self.assertEqual(server.stop(), 0)
        server.start()
        self.banned(server, GUESSER)
        self.offend(server, ELSEWHERE)
        self.banned(server, ELSEWHERE)
        harness.wait_for(lambda: f"{ELSEWHERE}/32" in (server.state / "bans").read_text(),
                         "the ban to lie on the disk")
        server.kill()
        server.start()
        for source in (GUESSER, ELSEWHERE):
            self.banned(server, source)
        self.welcome(server, NEIGHBOUR)
        self.assertEqual(server.ask("bans")[:1], before)


if __name__ == "__main__":
    harness.main()
