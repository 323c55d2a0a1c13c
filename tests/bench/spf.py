#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What SPF and iprev cost a message: questions to the DNS, rounds of them, milliseconds.

The senders are companies with an MX and three providers of mail, one of which has three records
of networks of its own. The DNS is a real nsd behind a delay. By hand; a table, or one line of JSON.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness
from dns_server import DnsServer, forwarding
from harness import MESSAGE, Dialog
from nsd import Nsd

LOAD = harness.BUILD / "tests/postern-load"
CLIENT = "127.40.3.9"
HELO = "out9.crm.test"
COMPANIES = 40


def networks(number, count):
    """A string of its own for each, as 255 octets are the most."""
    return " ".join(f'"ip4:127.{number}.{i}.0/24 "' for i in range(count))


def zones():
    """The client is one of the second provider's: behind the MX and all of the first."""
    companies = "".join(
        f'c{i} TXT "v=spf1 mx include:spf.bigmail.test include:_spf.crm.test '
        f'include:news.test -all"\nc{i} MX 10 mx1.bigmail\nc{i} MX 20 mx2.bigmail\n'
        for i in range(COMPANIES))
    blocks = "".join(f'_net{i}.bigmail TXT "v=spf1 " {networks(20 + i, 14)} "~all"\n'
                     for i in range(1, 4))
    return {
        "test": f"""$TTL 3600
{companies}{blocks}
mx1.bigmail A 127.20.9.1
mx2.bigmail A 127.20.9.2
spf.bigmail TXT "v=spf1 include:_net1.bigmail.test include:_net2.bigmail.test " \
"include:_net3.bigmail.test ~all"
_spf.crm TXT "v=spf1 " {networks(40, 12)} "-all"
news TXT "v=spf1 " {networks(50, 8)} "~all"
out9.crm A {CLIENT}
out9.crm TXT "v=spf1 a -all"
""",
        "127.in-addr.arpa": f"$TTL 3600\n{'.'.join(reversed(CLIENT.split('.')[1:]))} PTR {HELO}.\n",
    }


def config(dns):
    servers = f'servers = ["{dns.endpoint}"]' if dns else f'local_data = ["{harness.NO_DNS}"]'
    return (f"[dns]\n{servers}\n[smtp]\nmax_messages_per_session = 1000\n"
            "[limits]\nexempt = [\"127.0.0.0/8\"]\n")


class Server:
    """posternd, and the seconds that its answers take."""

    def __init__(self, dns=None):
        self.server = harness.Server(config(dns))
        self.dialog = None

    def __enter__(self):
        self.server.start()
        self.dialog = Dialog.tls(self.server, CLIENT, helo=HELO)
        return self

    def __exit__(self, *exception):
        self.dialog.close()
        self.server.__exit__(*exception)

    def message(self, sender):
        """A whole one, sent without waiting; milliseconds from MAIL to 250."""
        begin = time.monotonic()
        self.dialog.send(f"MAIL FROM:<a@{sender}>\r\nRCPT TO:<info@ours.test>\r\n"
                         f"BDAT {len(MESSAGE)} LAST\r\n".encode() + MESSAGE)
        for _ in range(3):
            self.dialog.expect(250)
        return (time.monotonic() - begin) * 1000

    def expect(self, result):
        found = {event["spf"] for event in self.server.events("accept")}
        if found != {result}:
            sys.exit(f"SPF should come to {result}, and came to {found}")

    def load(self, sender, messages):
        """Messages a second."""
        done = subprocess.run(
            [str(LOAD), "--json", "--server", f"127.0.0.1:{self.server.port}", "--sources", CLIENT,
             "--helo", HELO, "--from", f"a@{sender}", "--recipients", "info@ours.test",
             "--connections", "20", "--messages-per-connection", "100", "--messages",
             str(messages), "--pipelining"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["messages_per_second"]


class Asked:
    """Counts what comes to the DNS while it lasts."""

    def __init__(self, nsd_server, delay):
        self.times = []
        self.forward = forwarding(nsd_server.endpoint)
        self.delay = delay
        self.server = DnsServer(self.script, delay=delay)

    def script(self, query):
        self.times.append(time.monotonic())
        return self.forward(query)

    def take(self):
        """Questions and rounds since the last time: a round begins when the answers are there."""
        times, self.times = self.times, []
        rounds = sum(1 for i, at in enumerate(times)
                     if i == 0 or at - times[i - 1] > self.delay * 0.7)
        return len(times), rounds


def row(name, samples):
    """Of (milliseconds, questions, rounds): medians."""
    ms, questions, rounds = zip(*samples)
    return {"case": name, "questions": statistics.median(questions),
            "rounds": statistics.median(rounds), "ms": round(statistics.median(ms), 1),
            "most_ms": round(max(ms), 1)}


def latencies(dns, starts):
    cold, known, warm = [], [], []
    for _ in range(starts):
        with Server(dns.server) as server:
            dns.take()
            cold.append((server.message("c0.test"), *dns.take()))
            known += [(server.message(f"c{i}.test"), *dns.take()) for i in range(1, COMPANIES)]
            warm += [(server.message("c0.test"), *dns.take()) for _ in range(COMPANIES)]
            server.expect("pass")
    with Server() as server:
        without = [(server.message("c0.test"), 0, 0) for _ in range(COMPANIES * starts)]
    return [row("all new", cold), row("its providers known", known), row("all known", warm),
            row('no DNS (local_data ".")', without)]


def rates(dns, messages, runs):
    """Messages a second, best of several runs taken in turn, so that both have the same machine."""
    with Server(dns.server) as checked, Server() as without:
        checked.message("c0.test")
        pairs = [(checked.load("c0.test", messages), without.load("c0.test", messages))
                 for _ in range(runs)]
    return [max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)]


def print_table(result):
    print(f"{'':26}{'questions':>10}{'rounds':>8}{'ms':>8}{'most ms':>9}")
    for line in result["latency"]:
        print(f"{line['case']:26}{line['questions']:>10g}{line['rounds']:>8g}{line['ms']:>8}"
              f"{line['most_ms']:>9}")
    print(f"\nmessages a second: {result['rate_checked']:.0f} with all known, "
          f"{result['rate_without']:.0f} without DNS, ratio {result['ratio']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, default=10, help="of each answer, in ms")
    parser.add_argument("--starts", type=int, default=5, help="of the server, each with no cache")
    parser.add_argument("--messages", type=int, default=3000, help="of a run of postern-load")
    parser.add_argument("--runs", type=int, default=3, help="of postern-load, of each kind")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with Nsd(zones()) as nsd_server:
        dns = Asked(nsd_server, arguments.delay / 1000)
        with dns.server:
            result = {"delay_ms": arguments.delay, "cores": len(os.sched_getaffinity(0)),
                      "latency": latencies(dns, arguments.starts)}
            checked, without = rates(dns, arguments.messages, arguments.runs)
    result |= {"rate_checked": checked, "rate_without": without, "ratio": checked / without}
    if arguments.json:
        print(json.dumps(result))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
