# SPDX-License-Identifier: Apache-2.0
"""Senders whose DNS servers are hostile, and many messages over a slow DNS: each message is
answered in time, and those of others flow meanwhile."""
import contextlib
import threading
import time

import harness
from dns_server import DnsServer, a, answer, mx, ptr, txt
from harness import MESSAGE, Dialog

SLACK = 15  # seconds that a busy machine may take longer; half of what a question may
CLIENT, OTHER = "127.0.6.1", "127.0.6.2"
MANY = 200
MAX_LOOKUPS = 150  # of one message
LONG_LABEL = "x" * 63


def storm(macro):
    """As many macros as a record can have."""
    return "v=spf1 exists:" + macro * (60000 // len(macro)) + ".test -all"


RECORDS = {
    "huge": "v=spf1 " + "ip4:127.7.7.7 " * 4500 + f"ip4:{CLIENT} -all",
    "hoard": "v=spf1 " + " ".join(f"include:hoard{i}.test" for i in range(9)) + " -all",
    "letters": storm("%{l}"),
    "reversed": storm("%{d99r-.+,/_=}"),
    "urls": storm("%{S}%{H}%{O}%{D}"),
    "validated": storm("%{p}"),
    "terms": "v=spf1 " + " ".join(f"a:%{{l1r-}}.%{{i}}.term{i}.test" for i in range(1500)),
    "unknown": "v=spf1 " + " ".join(f"x{i}=%{{l}}" for i in range(5000)),
    "blanks": "v=spf1" + " " * 64000 + "-all",
    "broken": "v=spf1 " + "%{" * 30000,
    "mxs": "v=spf1 " + " ".join(f"mx:mx{i}.test" for i in range(10)) + " -all",
    "tree": "v=spf1 " + " ".join(f"include:tree{i}.test" for i in range(10)) + " -all",
    "double": "v=spf1 include:double.test include:double.test -all",
    "pointers": "v=spf1 ptr:other.test ptr ptr ptr exists:%{p}.test -all",
}
EXPECTED = {
    "huge": "pass", "hoard": "temperror", "letters": "pass", "reversed": "pass", "urls": "pass",
    "validated": "pass", "terms": "permerror", "unknown": "neutral", "blanks": "fail",
    "broken": "permerror", "mxs": "fail", "tree": "permerror", "double": "permerror",
    "pointers": "pass",
}


def script(query):
    """A server of one who wants to make work."""
    first = query.name.split(".")[0]
    kind = first.rstrip("0123456789")
    records = [mx(f"{first}-{i}.{LONG_LABEL}.test", i) for i in range(10)]
    records += [a(f"127.8.8.{i}") for i in range(10)]
    records += [ptr(f"name{i}.{LONG_LABEL}.test") for i in range(40)]
    if query.name.endswith(".wall.test"):
        records = [mx(f"silent{i}.{query.name}") for i in range(10)]
    if first in RECORDS:
        records.append(txt(RECORDS[first]))
    elif kind == "hoard":
        records.append(txt("v=spf1 " + "ip4:127.7.7.7 " * 4500 + "-all"))
    elif first.startswith("n") and query.name.endswith(".wall.test"):
        records = [txt("v=spf1 " + " ".join(f"mx:silent{i}.{query.name}" for i in range(10)))]
    elif kind == "tree":
        records.append(txt("v=spf1 mx ptr -all"))
    elif kind == "good":
        records = [txt("v=spf1 ip4:127.0.6.0/24 -all")]
    elif kind == "silent" and query.type != "MX":
        return None
    return answer(query, *records)


def settings(dns, deadline="60s"):
    return (f'[dns]\nservers = ["{dns.endpoint}"]\ntimeout = "30s"\n'
            f'[auth]\ndeadline = "{deadline}"\n{harness.EXEMPT}')


class WithScript(harness.TestCase):
    def dns(self, **options):
        server = DnsServer(script, **options).start()
        self.addCleanup(server.stop)
        return server

    def send(self, server, sender, source=CLIENT):
        """One message: its queue id, and the seconds that its client waited."""
        with Dialog.tls(server, source) as dialog:
            dialog.begin("info@ours.test", sender=sender)
            begin = time.monotonic()
            reply = dialog.finish(MESSAGE)
            seconds = time.monotonic() - begin
        self.assertRegex(reply, "^250 ")
        return reply.split()[-1], seconds

    def check(self, server, sender, expected, source=CLIENT):
        """SPF comes to what is expected, in time."""
        queue_id, seconds = self.send(server, sender, source)
        self.assertEqual(server.wait_event("accept", qid=queue_id)["spf"], expected, sender)
        self.assertLess(seconds, SLACK)


class Hostile(WithScript):

    def test_each_record(self):
        server = self.start(settings(self.dns()))
        for kind, expected in EXPECTED.items():
            self.check(server, f"{'a.' * 30}a@{kind}.test", expected)
        self.assertEqual(server.events("role_died"), [])

    def test_what_is_asked_for_one_message(self):
        dns = self.dns()
        server = self.start(settings(dns))
        self.send(server, "a@mxs.test")
        self.assertEqual(len(dns.names("MX")), 11)  # with that of the null MX
        hosts = [name for name in dns.names("A") if name.startswith("mx")]
        self.assertEqual(len(hosts), 100)
        # Of the client's forty names.
        self.assertEqual(len([name for name in dns.names("A") if name.startswith("name")]), 10)
        self.assertLessEqual(len({(query.name, query.type) for query in dns.queries}), MAX_LOOKUPS)

    def test_others_are_not_held_up(self):
        dns = self.dns(delay=0.02)
        server = self.start(settings(dns))
        stop = threading.Event()
        sent = []

        def attack(number):
            while not stop.is_set():
                for kind in EXPECTED:
                    self.send(server, f"a@{kind}.test")
                    sent.append(number)
        threads = [threading.Thread(target=attack, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for count in range(20):
            self.check(server, f"a@good{count}.test", "pass")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertGreater(len(sent), 50)

    def test_one_who_asks_for_much(self):
        """More questions than the resolver can have open, to servers that are silent."""
        dns = self.dns()
        server = self.start(settings(dns))
        context = harness.client_context()
        with contextlib.ExitStack() as stack:
            for number in range(250):
                dialog = stack.enter_context(Dialog.tls(server, CLIENT, context))
                dialog.command(f"MAIL FROM:<a@n{number}.wall.test>", 250)
            harness.wait_for(lambda: len(dns.names("A")) > 100, "the first questions")
            time.sleep(1.5)
            for count in range(5):
                self.check(server, f"a@good{count}.test", "pass", OTHER)

class Many(WithScript):
    def all_at_once(self, server, sender):
        """Begins many messages, then ends them all; the seconds until each is answered."""
        context = harness.client_context()
        with contextlib.ExitStack() as stack:
            dialogs = [stack.enter_context(Dialog.tls(server, f"127.0.6.{i % 20 + 9}", context))
                       for i in range(MANY)]
            begin = time.monotonic()
            for number, dialog in enumerate(dialogs):
                dialog.send(f"MAIL FROM:<{sender(number)}>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n")
            for dialog in dialogs:
                for code in (250, 250, 354):
                    dialog.expect(code)
                dialog.send(MESSAGE + b".\r\n")
            seconds = []
            for dialog in dialogs:
                dialog.expect(250)
                seconds.append(time.monotonic() - begin)
            return seconds

    def results(self, server):
        return {event["spf"] for event in server.wait_events("accept", MANY)}

    def test_a_slow_dns(self):
        server = self.start(settings(self.dns(delay=0.4)))
        seconds = self.all_at_once(server, lambda number: f"a@good.n{number}.test")
        self.assertLess(max(seconds), 1 + SLACK)
        self.assertEqual(self.results(server), {"pass"})

    def test_a_silent_dns(self):
        server = self.start(settings(self.dns(), deadline="5s"))
        seconds = self.all_at_once(server, lambda number: f"a@silent.n{number}.test")
        self.assertLess(max(seconds), 5 + SLACK)
        self.assertEqual(self.results(server), {"temperror"})
        self.check(server, "a@good.test", "pass")

    def test_one_domain(self):
        """What is being asked is not asked again."""
        dns = self.dns(delay=0.2)
        server = self.start(settings(dns))
        self.all_at_once(server, lambda number: f"a{number}@good.test")
        self.assertEqual(self.results(server), {"pass"})
        # The library itself asks again, a few times, when no answer has come for 0.4 seconds.
        self.assertLess(dns.count("good.test", "TXT"), 5)


if __name__ == "__main__":
    harness.main()
