# SPDX-License-Identifier: Apache-2.0
"""`postern bans` and `postern limits`, and what of it survives the ends of processes."""
import contextlib
import json
import os
import signal
import socket
import time

import harness
from harness import MESSAGE, Dialog, wait_for

FAILED, USAGE, UNAVAILABLE = 1, 64, 69
BAD = "127.0.3.7"
OTHER = "127.0.4.7"
REASON = "dictionary attack"
SAVE_SECONDS = 0.5  # by then what is new is on its way to the disk


class BansCase(harness.TestCase):
    def add(self, server, network, duration="1h", reason=REASON):
        return server.ask("bans", "add", network, "--for", duration, "--reason", reason)

    def banned(self, server):
        return [ban["network"] for ban in server.ask("bans")]

    def greeting(self, server, source=BAD):
        with Dialog(server.connect(source)) as dialog:
            return dialog.reply()[-1]

    def assert_refused(self, server, source=BAD, reason=REASON):
        line = self.greeting(server, source)
        self.assertRegex(line, r"^421 4\.7\.0 .*refused until 20.*: " + reason)

    def assert_served(self, server, source=BAD):
        self.assertTrue(self.greeting(server, source).startswith("220 "))


class Bans(BansCase):
    def test_added_listed_and_lifted(self):
        server = self.start()
        self.assertEqual(server.postern("bans"), "no bans\n")
        [added] = self.add(server, BAD)["added"]
        self.assert_refused(server)
        self.assert_served(server, OTHER)
        self.assertEqual(added["network"], f"{BAD}/32")
        self.assertEqual((added["limit"], added["reason"], added["times"]),
                         ("administrator", REASON, 1))
        self.assertEqual(server.ask("bans"), [added])
        self.assertEqual(server.ask("bans", "list"), [added])
        wait_for(lambda: server.ask("status")["bans"] == 1, "the figure")
        table = server.postern("bans", "list").splitlines()
        self.assertEqual(table[0].split(), ["NETWORK", "LIMIT", "SINCE", "UNTIL", "TIMES", "REASON",
                                            "EVIDENCE"])
        self.assertIn(REASON, table[1])
        server.wait_event("ban_added", network=f"{BAD}/32", reason=REASON)

        self.assertEqual(server.ask("bans", "lift", BAD), {"lifted": f"{BAD}/32"})
        self.assert_served(server)
        self.assertEqual(self.banned(server), [])
        server.wait_event("ban_lifted", network=f"{BAD}/32")

    def test_a_session_that_is_there_gets_nothing_more(self):
        server = self.start()
        with Dialog.tls(server, BAD) as dialog:
            self.add(server, "127.0.3.0/24")
            line = dialog.ask("MAIL FROM:<a@example.net>")
            self.assertIn(REASON, line)
            self.assertTrue(line.startswith("4"), line)

    def test_networks_of_both_families(self):
        server = self.start()
        for network in ("127.0.3.0/24", "2001:db8::/48", "2001:db8:1::7", "10.0.0.0/8"):
            self.add(server, network)
        self.assertEqual(self.banned(server), ["2001:db8::/48", "2001:db8:1::7/128", "10.0.0.0/8",
                                               "127.0.3.0/24"])
        self.assert_refused(server)

    def test_another_one_takes_the_place_of_the_first(self):
        server = self.start()
        self.add(server, BAD)
        self.add(server, BAD, duration="8s", reason="shorter")  # and refused once before its end
        self.assert_refused(server, reason="shorter")
        wait_for(lambda: self.greeting(server).startswith("220 "), "the end of the ban")
        self.assertEqual(self.banned(server), [])

    def test_what_cannot_be_lifted(self):
        server = self.start()
        self.add(server, "127.0.3.0/24")
        for network, expected in [
                (OTHER, f"{OTHER}/32 has no ban\n"),
                (BAD, f"{BAD}/32 has no ban of its own; it lies in 127.0.3.0/24"),
                ("127.0.3.0/28", "127.0.3.0/28 has no ban of its own; it lies in 127.0.3.0/24"),
                ("127.0.0.0/16", "127.0.0.0/16 has no ban\n"),
                ("elsewhere", '"elsewhere" is no network such as 192.0.2.7'),
                ("127.0.3.1/24", '"127.0.3.1/24" is no network')]:
            self.assertIn(expected, server.postern("bans", "lift", network, code=FAILED))
        self.assertEqual(self.banned(server), ["127.0.3.0/24"])

    def test_what_cannot_be_added(self):
        server = self.start('[limits]\nexempt = ["127.0.5.0/24", "2001:db8::/32"]\n')
        for network, duration, reason, expected in [
                ("0.0.0.0/0", "1h", "x", "0.0.0.0/0 holds too much; at least /8"),
                ("126.0.0.0/7", "1h", "x", "holds too much; at least /8"),
                ("::/0", "1h", "x", "holds too much; at least /16"),
                ("2000::/15", "1h", "x", "holds too much; at least /16"),
                ("127.0.5.0/25", "1h", "x", "127.0.5.0/25 is exempt: limits.exempt has 127.0.5.0"),
                ("127.0.5.9", "1h", "x", "is exempt"),
                ("2001:db8::1", "1h", "x", "is exempt"),
                ("x", "1h", "x", '"x" is no network'),
                (BAD, "366d", "x", "at most 365d"),
                (BAD, "0s", "x", "at most 365d"),
                (BAD, "5", "x", '"5" is no duration'),
                (BAD, "-1h", "x", '"-1h" is no duration'),
                (BAD, "1h", " ", "needs a reason"),
                (BAD, "1h", "a\nb", "printable"),
                (BAD, "1h", "x" * 201, "at most 200"),
                (BAD, "1h", "x" * 5000, "too long")]:
            with self.subTest(network=network, duration=duration, reason=reason[:10]):
                text = server.postern("bans", "add", network, f"--for={duration}",
                                    f"--reason={reason}", code=FAILED)
                self.assertIn(expected, text)
        self.assertEqual(self.banned(server), [])
        self.add(server, BAD, "365d", "x" * 200)

    def test_exempt_networks_in_it_stay_served(self):
        server = self.start(f'[limits]\nexempt = ["{OTHER}"]\n')
        note = "limits.exempt stays served: " + f"{OTHER}/32"
        self.assertEqual(self.add(server, "127.0.0.0/16")["note"], note)
        self.assert_refused(server)
        self.assert_served(server, OTHER)
        self.assertIn(note, server.postern("bans", "add", "127.0.0.0/8", "--for", "1h",
                                         "--reason", "x"))

    def test_a_wrong_command_line(self):
        server = self.start()
        for arguments in (["lift"], ["add", BAD], ["add", BAD, "--for", "1h"], ["remove", BAD],
                          ["add", BAD, "--reason", "x"]):
            server.postern("bans", *arguments, code=USAGE)

    def test_a_client_of_the_socket(self):
        """Not the tool: members that are missing, or no texts."""

        server = self.start()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(server.directory / "control.sock"))
            answers = client.makefile("rb")
            for request, error in [
                    ({"action": "add"}, '"" is no network'), ({"action": "x"}, "can be listed"),
                    ({"action": 7}, "not a request"), ({"network": ["x"]}, "not a request"),
                    ({"action": "add", "network": BAD}, '"" is no duration'),
                    ({"action": "add", "network": BAD, "for": "1h"}, "needs a reason")]:
                client.sendall(json.dumps({"command": "bans", **request}).encode() + b"\n")
                answer = json.loads(answers.readline())
                self.assertFalse(answer["ok"], request)
                self.assertIn(error, answer["error"])


class Survival(BansCase):
    """What is banned stays so."""

    def saved(self, server, text=BAD):
        path = server.state / "bans"
        wait_for(lambda: path.exists() and text in path.read_text(), f"{text} in {path}")

    def test_a_restart(self):
        server = self.start()
        before = self.add(server, BAD)["added"]
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assert_refused(server)  # smtp knows the kept bans when it answers this
        self.assertEqual(server.ask("bans"), before)
        server.ask("bans", "lift", BAD)
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assert_served(server)
        self.assertEqual(self.banned(server), [])

    def test_one_that_was_added_at_the_end(self):
        server = self.start()
        for number in range(20):
            self.add(server, f"10.0.0.{number}")
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assert_served(server)  # which waits for the kept bans
        self.assertEqual(len(self.banned(server)), 20)

    def test_the_server_is_killed(self):
        server = self.start()
        self.add(server, BAD)
        self.saved(server)
        server.kill()
        server.start()
        self.assert_refused(server)

    def kill_role(self, server, name):
        pid = server.roles()[f"postern-{name}"]
        os.kill(pid, signal.SIGKILL)
        server.wait_event("role", role=name, state="serving")

    def test_smtp_dies(self):
        server = self.start()
        self.add(server, BAD)
        self.saved(server)
        self.kill_role(server, "smtp")
        wait_for(lambda: self.banned(server) == [f"{BAD}/32"], "the ban")
        self.assert_refused(server)

    def test_deliver_dies(self):
        server = self.start()
        self.add(server, BAD)
        self.saved(server)
        self.kill_role(server, "deliver")
        self.add(server, OTHER)
        self.saved(server, OTHER)
        self.assertEqual(self.banned(server), [f"{BAD}/32", f"{OTHER}/32"])

    def test_nobody_is_let_in_before_the_bans_are_known(self):
        server = self.start()
        self.add(server, BAD)
        for _ in range(5):
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assert_refused(server)

    def test_without_deliver_the_server_serves_after_a_while(self):
        server = self.start(harness.PATIENT)
        self.add(server, BAD)
        self.saved(server)
        deliver = server.roles()["postern-deliver"]
        os.kill(deliver, signal.SIGSTOP)
        try:
            self.kill_role(server, "smtp")
            self.assert_served(server)
            self.assertIn("has not come", server.wait_event("trouble", area="state")["reason"])
        finally:
            os.kill(deliver, signal.SIGCONT)
        wait_for(lambda: self.banned(server), "the kept bans")
        self.assert_refused(server)

    def test_bans_that_came_before_the_kept_ones_were_known(self):
        server = self.start(harness.PATIENT)
        self.add(server, BAD)
        self.saved(server)
        deliver = server.roles()["postern-deliver"]
        os.kill(deliver, signal.SIGSTOP)
        try:
            self.kill_role(server, "smtp")
            self.add(server, OTHER)
            time.sleep(2 * SAVE_SECONDS)
        finally:
            os.kill(deliver, signal.SIGCONT)
        self.saved(server, OTHER)
        self.saved(server, BAD)
        self.assertEqual(self.banned(server), [f"{BAD}/32", f"{OTHER}/32"])
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assert_refused(server)
        self.assertEqual(self.banned(server), [f"{BAD}/32", f"{OTHER}/32"])

    def test_a_file_that_makes_no_sense_is_told_and_costs_what_it_held(self):
        server = self.start()
        self.add(server, BAD)
        self.assertEqual(server.stop(), 0)
        path = server.state / "bans"
        path.write_bytes(path.read_bytes() + b"nonsense\n\0\xff\n")
        server.start()
        self.assertIn("2 lines", server.wait_event("trouble", area="state")["reason"])
        self.assert_refused(server)
        self.assertEqual(server.stop(), 0)
        path.write_bytes(b"\0" * (17 << 20))
        server.start()
        wait_for(lambda: [event for event in server.events("trouble")
                          if "too large" in event["reason"].lower()], "the second trouble")
        self.assert_served(server)

    def test_a_disk_that_takes_nothing_hurts_no_mail(self):
        server = self.start()
        blocker = server.state / "bans"  # no file can be renamed to its name
        blocker.mkdir()
        self.add(server, BAD)
        self.assertIn("of the state bans", server.wait_event("trouble", area="state")["reason"])
        self.assert_refused(server)
        with server.smtp() as client:
            client.sendmail("a@example.net", ["info@ours.test"], MESSAGE)
        blocker.rmdir()
        self.add(server, OTHER)
        self.saved(server, OTHER)
        self.saved(server, BAD)

    def test_a_disk_that_takes_nothing_does_not_keep_the_server_from_its_end(self):
        server = self.start()
        (server.state / "bans").mkdir()
        self.add(server, BAD)
        begun = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begun, 20)


class Limits(BansCase):
    def limits(self, server, address=BAD):
        return server.ask("limits", address)

    def count(self, limits, name, wide=False):
        [row] = [row for row in limits["networks"][wide]["counts"] if row["limit"] == name]
        return row

    def test_what_is_counted(self):
        # An account that does not empty while somebody looks.
        server = self.start('[limits]\nmessage_rate = "100/1d"\n')
        with Dialog.tls(server, BAD) as dialog:
            dialog.deliver(MESSAGE, "info@ours.test")
            limits = self.limits(server)
            self.assertEqual(limits["address"], BAD)
            self.assertEqual([network["network"] for network in limits["networks"]],
                             [f"{BAD}/32", "127.0.3.0/24"])
            for wide, factor in ((False, 1), (True, 10)):
                connections = self.count(limits, "connections", wide)
                self.assertEqual((connections["used"], connections["most"], connections["rate"]),
                                 (1, 20 * factor, ""))
                messages = self.count(limits, "message_rate", wide)
                self.assertEqual((messages["used"], messages["most"], messages["rate"]),
                                 (1, 100 * factor, f"{100 * factor}/1d"))
            self.assertEqual(limits["exempt"], None)
            self.assertEqual(limits["ban"], None)
            self.assertEqual(limits["good_history"], False)
            self.assertEqual(limits["new_connection"],
                             [{"listener": f"127.0.0.1:{server.port} starttls", "limit": "",
                               "reply": "", "detail": ""}])
            text = server.postern("limits", BAD)
            for expected in ("exempt ", "ban ", "good history", "it would be let in", "1 of 20",
                             "1 of 1000/1d", f"{BAD}/32", "127.0.3.0/24", "message_rate"):
                self.assertIn(expected, text)
        self.assertEqual(self.count(self.limits(server, OTHER), "connections")["used"], 0)

    def assert_foreseen(self, server, limit, source=BAD):
        """What is foreseen is what comes."""
        [prospect] = self.limits(server, source)["new_connection"]
        self.assertEqual(prospect["limit"], limit)
        self.assertEqual(prospect["reply"], self.greeting(server, source))
        self.assertIn(prospect["reply"], server.postern("limits", source))

    def test_full_accounts(self):
        server = self.start('[limits]\nconnections = 2\nconnection_rate = "4/1h"\n'
                            'wide.factor = 3\n')
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(Dialog(server.connect(BAD))).expect(220)
            self.assert_foreseen(server, "connections")
            self.assertIn("2 of 2 FULL", server.postern("limits", BAD))
        wait_for(lambda: self.count(self.limits(server), "connections")["used"] == 0, "their end")
        for _ in range(2):
            self.assert_served(server)
        wait_for(lambda: self.count(self.limits(server), "connections")["used"] == 0, "their end")
        self.assert_foreseen(server, "connection_rate")

    def test_banned_denied_and_exempt(self):
        server = self.start(
            '[limits]\nexempt = ["127.0.4.0/24"]\n',
            listeners='[[listener]]\naddress = "127.0.0.1:{port}"\ndeny = ["127.0.6.0/24"]\n')
        self.add(server, BAD)
        self.assert_foreseen(server, "ban")
        self.assertEqual(self.limits(server)["ban"]["reason"], REASON)
        self.assert_foreseen(server, "access", "127.0.6.1")
        exempt = self.limits(server, OTHER)
        self.assertEqual(exempt["exempt"], "127.0.4.0/24")
        self.assertEqual(exempt["new_connection"][0]["limit"], "")
        self.assertIn("by 127.0.4.0/24", server.postern("limits", OTHER))

    def test_what_is_no_address(self):
        server = self.start()
        for text in ("elsewhere", "127.0.0.0/8", ""):
            code = FAILED if text else USAGE
            server.postern("limits", *([text] if text else []), code=code)
        self.assertEqual(self.limits(server, "2001:db8::7")["networks"][0]["network"],
                         "2001:db8::/64")

    def test_the_busiest_in_the_status(self):
        # An account that does not empty while somebody looks.
        server = self.start('[limits]\nconnection_rate = "300/1d"\n')
        self.assertNotIn("OF LATE", server.postern("status"))
        self.assertEqual(server.ask("status")["busiest"], [])
        with contextlib.ExitStack() as stack:
            for last, count in ((1, 1), (2, 3), (3, 2), (4, 1), (5, 1), (6, 1)):
                for _ in range(count):
                    stack.enter_context(Dialog(server.connect(f"127.0.3.{last}"))).expect(220)
            # Of an smtp that takes long to answer a status says nothing.
            busiest = wait_for(lambda: server.ask("status")["busiest"], "the busiest")
            self.assertEqual(len(busiest), 5)
            self.assertEqual([row["network"] for row in busiest[:2]],
                             ["127.0.3.2/32", "127.0.3.3/32"])
            text = wait_for(lambda: "OF LATE" in (said := server.postern("status")) and said,
                            "the busiest")
            self.assertRegex(text,
                             r"OF LATE\n127\.0\.3\.2/32 +3 connections, 3 new connections\n")
            wait_for(lambda: server.ask("status")["networks"] >= 6, "the figure")

    def test_a_status_comes_although_smtp_hangs(self):
        server = self.start('[workers]\nsmtp_threads = 1\nping_timeout = "20s"\n'
                            f'user = "{harness.unprivileged_user()}"\n')
        pid = server.roles()["postern-smtp"]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assertEqual(server.ask("status")["busiest"], [])
        finally:
            os.kill(pid, signal.SIGCONT)


class Without(BansCase):
    def test_the_server_does_not_run(self):
        server = harness.Server()
        for arguments in (["bans"], ["bans", "lift", BAD], ["limits", BAD]):
            self.assertIn("no server answers", server.postern(*arguments, code=UNAVAILABLE))


if __name__ == "__main__":
    harness.main()
