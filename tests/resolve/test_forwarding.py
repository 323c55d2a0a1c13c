# SPDX-License-Identifier: Apache-2.0
"""The resolver by way of a real nsd on loopback, as `dns.servers` has it."""
import socket
import threading
import time
import unittest

from ask import ask, harness
from nsd import Nsd, free_port

LONG = " ".join(f'"{"x" * 250}"' for _ in range(4))        # above 512 octets
LONGEST = " ".join(f'"{"y" * 255}"' for _ in range(30))    # by TCP only
CHAIN = "".join(f"c{i} CNAME c{i + 1}\n" for i in range(8)) + "c8 A 192.0.2.8\n"
ZONES = {
    "example.org": rf"""
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
txt TXT "v=spf1 " "include:a.example.net" " -all"
long TXT {LONG}
longest TXT {LONGEST}
@ MX 10 mx
null MX 0 .
out CNAME far.example.net.
nowhere CNAME no.example.net.
a.b.c A 192.0.2.3
blank\032\034in A 192.0.2.4
l1 CNAME l2
l2 CNAME l1
{CHAIN}""",
    "example.net": "far A 192.0.2.5\n",
    "127.in-addr.arpa": "7.0.0 PTR client.example.net.\n",
}


class Silent:
    """Takes datagrams, and never answers; to TCP its port is closed."""

    def __init__(self):
        self.port = free_port("127.0.0.1")
        self.endpoint = f"127.0.0.1:{self.port}"
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.udp.settimeout(harness.WAIT_SECONDS)

    def close(self):
        self.udp.close()


class Forwarding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Nsd(ZONES).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, *questions, options=()):
        return ask(["server", self.server.endpoint, "timeout", "20000", *options], *questions)

    def check(self, question, answer):
        self.assertEqual(self.ask(question)[question], f"unknown {answer}")

    def test_records(self):
        answer = self.ask("www.example.org A")["www.example.org A"].split(" ")
        self.assertEqual(answer[:2], ["unknown", "records"])
        self.assertEqual(set(answer[2:]), {"192.0.2.1", "192.0.2.2"})
        self.check("www.example.org AAAA", "records 2001:db8::1")
        self.check("example.org MX", "records 10:mx.example.org")
        self.check("null.example.org MX", "records 0:.")
        self.check("7.0.0.127.in-addr.arpa PTR", "records client.example.net")
        self.check(r"blank\032\034in.example.org A", "records 192.0.2.4")

    def test_texts(self):
        self.check("txt.example.org TXT", 'records "v=spf1 include:a.example.net -all"')
        self.check("long.example.org TXT", f'records "{"x" * 1000}"')
        self.check("longest.example.org TXT", f'records "{"y" * 255 * 30}"')

    def test_what_there_is_not(self):
        self.check("www.example.org MX", "nodata")
        self.check("b.c.example.org A", "nodata")
        self.check("no.example.org A", "nxdomain")
        self.check("8.0.0.127.in-addr.arpa PTR", "nxdomain")
        self.check("www.example.com A", 'failure "SERVFAIL"')  # nsd refuses it

    def test_aliases(self):
        self.check("c0.example.org A", "records 192.0.2.8")
        self.check("out.example.org A", "records 192.0.2.5")
        self.check("nowhere.example.org A", "nxdomain")
        self.assertIn("failure", self.ask("l1.example.org A")["l1.example.org A"])

    def test_many_at_once(self):
        questions = [f"n{i}.example.org A" for i in range(500)]
        self.assertEqual(set(self.ask(*questions).values()), {"unknown nxdomain"})

    def test_local_data_first(self):
        answers = self.ask("www.example.org A", "far.example.net A",
                           options=["local", "example.org A 192.0.2.99"])
        self.assertEqual(answers, {"www.example.org A": "unknown nxdomain",
                                   "far.example.net A": "unknown records 192.0.2.5"})

    def test_a_server_that_never_answers(self):
        silent = Silent()
        self.addCleanup(silent.close)
        begin = time.monotonic()
        answer = ask(["server", silent.endpoint, "timeout", "700"], "www.example.org A")
        self.assertEqual(answer["www.example.org A"], 'unknown failure "no answer in 700 ms"')
        self.assertLess(time.monotonic() - begin, 20)
        # One that does answer is beside it.
        answer = self.ask("www.example.org AAAA", options=["server", silent.endpoint])
        self.assertEqual(answer["www.example.org AAAA"], "unknown records 2001:db8::1")

    def test_a_server_that_comes_back(self):
        silent = Silent()
        again = Nsd(ZONES, port=silent.port)

        def come_back():
            for _ in range(3):
                silent.udp.recv(512)
            silent.close()
            again.start()
        thread = threading.Thread(target=come_back)
        thread.start()
        questions = [f"n{i}.example.org A" for i in range(200)]
        answers = list(ask(["server", silent.endpoint, "timeout", "300", "one-by-one"],
                           *questions).values())
        thread.join()
        again.stop()
        self.assertIn('unknown failure "no answer in 300 ms"', answers)
        self.assertGreater(answers.count("unknown nxdomain"), 100)


if __name__ == "__main__":
    unittest.main()
