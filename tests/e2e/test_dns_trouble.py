# SPDX-License-Identifier: Apache-2.0
"""The DNS does not do what it should, or the processes that ask it die: no message hangs, none is
judged wrongly, and all is well again as soon as the trouble is over."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time

import dns_server
import harness
from dns_server import (MISDEEDS, SERVERS_FOR_LONG, DnsServer, a, answer, cname, misbehave, mx,
                        txt)
from harness import MESSAGE, Dialog
from nsd import Nsd, free_port

SLACK = 9  # seconds that a busy machine may take longer
TIMEOUT = 4  # seconds, of a question, where an answer that does come must not be missed
CLIENT = "127.0.5.1"
GOOD = txt(f"v=spf1 ip4:{CLIENT} -all")
ZONES = {"test": f'good TXT "v=spf1 ip4:{CLIENT} -all"\nbad TXT "v=spf1 -all"\n',
         "net": "", "127.in-addr.arpa": ""}


def settings(*endpoints, timeout="500ms", deadline="40s", on_fail="mark", on_error="defer",
             enforce="true", ping_timeout="10s"):
    servers = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
    return (f'[dns]\nservers = [{servers}]\ntimeout = "{timeout}"\n'
            f'[auth]\ndeadline = "{deadline}"\non_temporary_error = "{on_error}"\n'
            f'[auth.spf]\non_fail = "{on_fail}"\n[auth.dmarc]\nenforce = {enforce}\n'
            f'[workers]\nuser = "{harness.unprivileged_user()}"\nsmtp_threads = 2\n'
            f'verifiers = 2\nping_timeout = "{ping_timeout}"\n{harness.EXEMPT}')


def good(query):
    """A DNS in which everybody's mail comes from our client."""
    return answer(query, GOOD)


class Trouble(harness.TestCase):
    def dns(self, script, **options):
        server = DnsServer(script, **options).start()
        self.addCleanup(server.stop)
        return server

    def dead_servers(self):
        """One whose port is closed, and one that takes questions and never answers."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        closed = free_port("127.0.0.1")
        return [f"127.0.0.1:{closed}", f"127.0.0.1:{silent.getsockname()[1]}"]

    def send(self, server, sender="a@good.test"):
        """One message; its answer, and the seconds from its end to that."""
        with Dialog.tls(server, CLIENT) as dialog:
            dialog.begin("info@ours.test", sender=sender)
            begin = time.monotonic()
            return dialog.finish(MESSAGE), time.monotonic() - begin

    def send_until(self, server, wanted, sender="a@good.test"):
        """The same message again and again, until it is answered so."""
        replies = [wanted]

        def is_answered():
            replies.append(self.send(server, sender)[0])
            return replies[-1].startswith(wanted)
        harness.wait_for(is_answered, replies)  # which are shown

    def result(self, server, sender="a@good.test"):
        """What SPF came to for a message that is taken."""
        reply, _ = self.send(server, sender)
        self.assertRegex(reply, "^250 ")
        return server.wait_event("accept", qid=reply.split()[-1])["spf"]


class DeadServers(Trouble):
    def test_mail_that_could_be_refused_comes_again_later(self):
        dead = self.dead_servers()
        server = self.start(settings(*dead, on_fail="reject", enforce="false"))
        reply, seconds = self.send(server)
        self.assertRegex(reply, "^451 4.4.3 .*good.test")
        self.assertLess(seconds, 0.5 + SLACK)
        event = server.wait_event("reject", reason="spf_temperror", spf="temperror")
        self.assertIn("good.test TXT: ", event["detail"])
        self.assertEqual(server.stored(), [])
        # The DNS is there again, and the message comes again.
        dns = Nsd(ZONES, port=int(dead[0].split(":")[1])).start()
        self.addCleanup(dns.stop)
        self.send_until(server, "250 ")
        self.assertEqual(server.wait_event("accept")["spf"], "pass")
        # Half a second may be too short for its record.
        self.send_until(server, "550 5.7.23 ", "a@bad.test")

    def test_by_default_nearly_all_mail_waits_and_everybody_is_told(self):
        dead = self.dead_servers()
        server = self.start(settings(*dead))
        for count in range(12):
            reply, seconds = self.send(server)
            self.assertEqual(
                reply, "451 4.4.3 DMARC cannot be checked now, try again later: example.net")
            self.assertLess(seconds, 0.5 + SLACK)
            server.wait_events("reject", count + 1)
            if count > 8:
                server.wait_event("dns_away")
            self.assertEqual(len(server.events("dns_away")), int(count > 8))
        event = server.wait_events("reject", 12)[-1]
        self.assertEqual((event["reason"], event["dmarc"], event["disposition"]),
                         ("dmarc_temperror", "temperror", "defer"))
        self.assertEqual(server.events("dns_away")[0]["state"], "begins")
        self.wait_status(server, r"\nDNS +does not answer: none of the last 12 messages ")
        self.wait_status(server, r"\nverdicts .* 12 deferred\n")
        # A message that is refused whatever the DNS says changes nothing.
        with Dialog.tls(server, CLIENT) as dialog:
            self.assertRegex(dialog.deliver(b"Subject: x\r\n", "info@ours.test"), "^550 5.6.0 ")
        self.wait_status(server, r"verdicts .* 1 by other checks.*\n"
                                 r"DNS +does not answer: none of the last 12 ")

        dns = Nsd(ZONES, port=int(dead[0].split(":")[1])).start()
        self.addCleanup(dns.stop)
        self.send_until(server, "250 ")
        event = server.wait_event("dns_away", state="over")
        self.assertGreaterEqual(int(event["messages"]), 12)
        self.wait_status(server, r"messages +1 accepted(.*\n)+verdicts .*\nended ")

    def test_a_server_that_was_given_up_is_asked_again_soon(self):
        endpoint = self.dead_servers()[0]
        server = self.start(settings(endpoint))
        # Nothing waits any more for a server that nobody asks.
        harness.wait_for(lambda: self.send(server)[1] < 0.25, "a message that does not wait")
        dns = Nsd(ZONES, port=int(endpoint.split(":")[1])).start()
        self.addCleanup(dns.stop)
        self.send_until(server, "250 ")

    def wait_status(self, server, pattern):
        """The figures are those of the last ping."""
        command = [str(harness.BUILD / "postern"), "status", "-c", str(server.config_path)]
        harness.wait_for(lambda: re.search(pattern, subprocess.run(
            command, check=True, capture_output=True, text=True).stdout), pattern)

    def test_where_nothing_could_be_refused_mail_flows(self):
        server = self.start(settings(*self.dead_servers(), enforce="false"))
        reply, seconds = self.send(server)
        self.assertRegex(reply, "^250 ")
        self.assertLess(seconds, 0.5 + SLACK)
        event = server.wait_event("accept")
        self.assertEqual({event["spf"], event["spf_helo"], event["iprev"]}, {"temperror"})
        [mail] = server.mails("ours.test/info")
        self.assertIn(b"spf=temperror", mail)
        self.assertIn(b"iprev=temperror", mail)

    def test_mail_flows_where_it_is_told_to(self):
        server = self.start(settings(*self.dead_servers(), on_fail="reject", on_error="accept"))
        self.assertEqual(self.result(server), "temperror")

    def test_the_deadline_is_that_of_all_checks(self):
        """Less than that of one question."""
        server = self.start(settings(*self.dead_servers()[1:], timeout="30s", deadline="1s",
                                     on_fail="reject"))
        reply, seconds = self.send(server)
        self.assertRegex(reply, "^451 4.4.3 ")
        self.assertGreater(seconds, 0.8)
        self.assertLess(seconds, 1 + SLACK)
        self.assertIn("the checks were not done within auth.deadline",
                      server.wait_event("reject")["detail"])

    def test_a_slow_chain_ends_by_the_deadline(self):
        """Each answer is in time, and has one more question."""
        def chain(query):
            number = int(query.name[1:-5]) if query.name.startswith("n") else 0
            return answer(query, txt(f"v=spf1 redirect=n{number + 1}.test"))
        dns = self.dns(chain, delay=0.3)
        server = self.start(settings(dns.endpoint, deadline="1s", on_fail="reject"))
        reply, seconds = self.send(server, "a@n0.test")
        self.assertRegex(reply, "^451 4.4.3 ")
        self.assertLess(seconds, 1 + SLACK)
        asked = [name for name in dns.names("TXT") if not name.startswith("_dmarc.")]
        # Of the eleven that SPF may ask for. The second begins anew with the header of the message.
        self.assertLess(len(asked), 10)


class BadAnswers(Trouble):
    """A server that answers, but not so that it helps."""

    def script(self, query):
        kind = query.name.split(".")[0]
        if not query.name.endswith(".test") or query.type != "TXT":
            return answer(query)
        if kind in MISDEEDS:
            return misbehave(kind, query, GOOD)
        if kind == "cut" and not query.tcp:
            return dns_server.truncated(query)
        return {
            "good": answer(query, GOOD),
            "cut": answer(query, txt("v=spf1 " + "ip4:127.1.1.1 " * 500 + f"ip4:{CLIENT} -all")),
            "longer": answer(query, GOOD) + b"\0" * 100,
        }.get(kind, answer(query, code=dns_server.NXDOMAIN))

    def test_each(self):
        dns = self.dns(self.script)
        server = self.start(settings(dns.endpoint, timeout=f"{TIMEOUT}s"))
        with contextlib.ExitStack() as stack:
            dialogs = [stack.enter_context(Dialog.tls(server, CLIENT)) for _ in MISDEEDS]
            for kind, dialog in zip(MISDEEDS, dialogs):
                dialog.begin("info@ours.test", sender=f"a@{kind}.test")
                dialog.send(MESSAGE + b".\r\n")
            begin = time.monotonic()
            for dialog in dialogs:
                dialog.expect(250)
            self.assertLess(time.monotonic() - begin, TIMEOUT + SLACK)
        accepted = server.wait_events("accept", len(MISDEEDS))
        results = {event["from"]: event["spf"] for event in accepted}
        self.assertEqual({sender: result for sender, result in results.items()
                          if result != "temperror"}, {})
        self.assertEqual(len(results), len(MISDEEDS))
        # Nothing of it stays, and what is odd but clear is an answer.
        for kind in ("good", "cut", "longer"):
            self.assertEqual(self.result(server, f"a@{kind}.test"), "pass")
        self.assertEqual(server.events("role_died"), [])
        self.assertEqual(server.events("ipc_violation"), [])

    def test_a_chain_of_aliases(self):
        def chain(query):
            if not query.name.startswith("n"):
                return answer(query, GOOD if query.name == "end.test" else a("127.0.0.1"))
            number = int(query.name[1:-5])
            return answer(query, cname("end.test" if number == 1 else f"n{number - 1}.test"))
        dns = self.dns(chain)
        server = self.start(settings(dns.endpoint, timeout="20s"))
        self.assertEqual(self.result(server, "a@n8.test"), "pass")
        self.assertEqual(self.result(server, "a@n30.test"), "temperror")
        self.assertLess(sum(dns.names("TXT").values()), 40)

    def test_one_record_of_several_fails(self):
        """A term before it can still decide; none behind it can."""
        def script(query):
            if query.name.startswith("lost."):
                return answer(query, code=dns_server.SERVFAIL)
            record = {"first.test": f"v=spf1 ip4:{CLIENT} include:lost.test -all",
                      "last.test": f"v=spf1 include:lost.test ip4:{CLIENT} -all",
                      "mx.test": "v=spf1 mx -all"}.get(query.name)
            return answer(query, *([txt(record)] if record else []), mx("lost.test"))
        server = self.start(settings(self.dns(script).endpoint, timeout="20s"))
        for sender, result in (("first", "pass"), ("last", "temperror"), ("mx", "temperror")):
            self.assertEqual(self.result(server, f"a@{sender}.test"), result)


class DyingProcesses(Trouble):
    def setUp(self):
        self.held = threading.Event()
        self.query_came = threading.Event()

    def slow_dns(self):
        """Endpoints of servers that hold back what they are asked of slow.test."""
        return [self.dns(self.slow).endpoint for _ in range(SERVERS_FOR_LONG)]

    def slow(self, query):
        """What concerns slow.test is answered only when the test says so."""
        if query.name == "slow.test" and not self.held.is_set():
            self.query_came.set()
            return None
        return good(query)

    @contextlib.contextmanager
    def message_in_the_middle(self, server):
        """A whole message whose questions have been asked, and not been answered."""
        with Dialog.tls(server, CLIENT) as dialog:
            dialog.begin("info@ours.test", sender="a@slow.test")
            dialog.send(MESSAGE + b".\r\n")
            self.assertTrue(self.query_came.wait(harness.WAIT_SECONDS))
            yield dialog

    def test_the_resolver_is_killed(self):
        """Its successor is asked again."""
        server = self.start(settings(*self.slow_dns(), timeout="30s", on_fail="reject"))
        with self.message_in_the_middle(server) as dialog:
            server.kill_role("resolve")
            self.held.set()
            dialog.expect(250)
        self.assertEqual(server.wait_event("accept")["spf"], "pass")
        self.assertEqual(self.result(server), "pass")

    def test_the_resolver_is_killed_twice(self):
        """What two have died over has failed."""
        server = self.start(settings(*self.slow_dns(), timeout="30s", on_fail="reject"))
        with self.message_in_the_middle(server) as dialog:
            server.kill_role("resolve")
            self.query_came.clear()
            self.assertTrue(self.query_came.wait(harness.WAIT_SECONDS))
            server.kill_role("resolve")
            dialog.expect(451, "4.4.3")
        event = server.wait_event("reject", spf="temperror")
        self.assertEqual(event["detail"], "slow.test TXT: the resolver died twice over it")

    def test_the_resolver_is_stopped(self):
        """It is replaced when it does not answer its pings."""
        server = self.start(settings(*self.slow_dns(), timeout="30s", on_fail="reject",
                                     ping_timeout="2s"))
        with self.message_in_the_middle(server) as dialog:
            pid = server.roles()["postern-resolve"]
            os.kill(pid, signal.SIGSTOP)
            self.held.set()
            begin = time.monotonic()
            dialog.expect(250)
            self.assertLess(time.monotonic() - begin, 2 + SLACK)
        server.wait_event("role_died", role="resolve", pid=pid)
        self.assertEqual(server.wait_event("accept")["spf"], "pass")

    def test_the_deadline_holds_while_the_resolver_is_stopped(self):
        dns = self.dns(good)
        server = self.start(settings(dns.endpoint, timeout="30s", deadline="1s", enforce="false",
                                     ping_timeout="5s"))
        os.kill(server.roles()["postern-resolve"], signal.SIGSTOP)
        reply, seconds = self.send(server)
        self.assertRegex(reply, "^250 ")
        self.assertLess(seconds, 1 + SLACK)
        self.assertEqual(server.wait_event("accept")["spf"], "temperror")
        server.wait_event("role", role="resolve", state="serving")
        # A second may be too short on a busy machine.
        harness.wait_for(lambda: self.result(server) == "pass", "a message that is judged")

    def test_verifiers_die_while_the_dns_is_asked(self):
        """None of them has the message then: others judge it."""
        server = self.start(settings(*self.slow_dns(), timeout="30s"))
        with self.message_in_the_middle(server) as dialog:
            time.sleep(3)  # its header and its body have been to them and back
            for role in ("verify.1", "verify.2"):
                server.kill_role(role)
            self.held.set()  # the resolver asks again and again
            dialog.expect(250)
        self.assertEqual(server.wait_event("accept")["spf"], "pass")

    def test_all_of_them_die_again_and_again(self):
        """Under way all the while: what is taken is judged rightly or not at all."""
        dns = self.dns(good, delay=0.02)
        server = self.start(settings(dns.endpoint, timeout="5s", on_fail="reject"))
        replies, stop = [], threading.Event()

        def work(number):
            count = 0
            while not stop.is_set():
                count += 1
                replies.append(self.send(server, f"a@n{number}-{count}.test"))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for role in ("resolve", "verify.1", "resolve", "verify.2", "resolve"):
            server.kill_role(role)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual({reply[:3] for reply, _ in replies} - {"250", "451"}, set())
        self.assertLess(max(seconds for _, seconds in replies), 5 + SLACK)
        self.assertEqual({event["spf"] for event in server.events("accept")}, {"pass"})
        self.assertEqual({event["role"] for event in server.events("role_died")},
                         {"resolve", "verify.1", "verify.2"})
        self.assertEqual(self.result(server), "pass")


if __name__ == "__main__":
    harness.main()
