# SPDX-License-Identifier: Apache-2.0
"""A server under a flood, and a client that goes on delivering: what it costs, and what came of it.

One run: the client alone for a while, then the flood beside it, then what is left. All of it stays
in 127.0.0.0/8; postern-flood bounds connections and time.
"""
import contextlib
import json
import pathlib
import re
import subprocess
import threading
import time

import harness

LOAD = harness.BUILD / "tests/postern-load"
FLOOD = harness.BUILD / "tests/postern-flood"
MAILBOX = "info@ours.test"
ALL_TOGETHER = "garbage,half_open,slow_data,harvest"
# Far from the flood, in two networks; no limit of one network is reached by this pace.
GOOD_SOURCES = "127.200.1.0/28,127.200.2.0/28"
GOOD_PAUSE_MS = 100
GOOD_CONNECTIONS = 2
GOOD_NETWORKS = ("127.200.1.", "127.200.2.")
SAMPLE_SECONDS = 1
# Those of the flood, 32 in a /24, so that its limit is not reached where theirs is not.
SOURCES_PER_NETWORK = 30
QUIET_SECONDS = 60  # in which all of the flood's sessions are gone


def networks(second_octet, count):
    """So many source addresses, for --sources."""
    whole, rest = divmod(count, SOURCES_PER_NETWORK)
    blocks = [f"127.{second_octet}.{number}.0/27" for number in range(whole)]
    single = [f"127.{second_octet}.{whole}.{number + 1}" for number in range(rest)]
    return ",".join(blocks + single)


def use_of(pid):
    """Kilobytes, threads and descriptors of a process."""
    proc = pathlib.Path(f"/proc/{pid}")
    status = (proc / "status").read_text(encoding="ascii")
    use = {"rss_kb": int(re.search(r"VmRSS:\s*(\d+)", status)[1]),
           "threads": int(re.search(r"Threads:\s*(\d+)", status)[1])}
    if harness.AS_ROOT:  # others see no more of a process that is confined
        shares = (proc / "smaps_rollup").read_text(encoding="ascii")
        use["pss_kb"] = int(re.search(r"Pss:\s*(\d+)", shares)[1])
        use["descriptors"] = len(list((proc / "fd").iterdir()))
    return use


def use_of_all(server):
    """The same of every process of the server."""
    pids = {"posternd": server.process.pid, **server.roles()}
    return {name.removeprefix("postern-"): use_of(pid) for name, pid in pids.items()}


class Sampler:
    """Calls sample() again and again, in a thread of its own, while it lasts."""

    def __init__(self, seconds):
        self.seconds, self.over = seconds, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        self.thread.join()

    def run(self):
        while not self.over.wait(self.seconds):
            self.sample()


class Watch(Sampler):
    """The most that each process had while it lasts."""

    def __init__(self, server):
        super().__init__(SAMPLE_SECONDS)
        self.server, self.most, self.most_sessions = server, {}, 0

    def sample(self):
        # A process that ends meanwhile is another test's matter: the log tells of it.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            self.take()

    def take(self):
        for name, use in use_of_all(self.server).items():
            most = self.most.setdefault(name, dict(use))
            for key, value in use.items():
                most[key] = max(most[key], value)
        self.most_sessions = max(self.most_sessions, self.server.ask("status")["sessions"])


def start(program, *options):
    return subprocess.Popen([program, *map(str, options)], stdout=subprocess.PIPE, text=True)


def finish(process, seconds):
    """The report of a program."""
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return json.loads(output)


def good_client(server, seconds):
    return start(LOAD, "--json", "--server", f"127.0.0.1:{server.port}", "--recipients", MAILBOX,
                 "--sources", GOOD_SOURCES, "--connections", GOOD_CONNECTIONS, "--pause",
                 GOOD_PAUSE_MS, "--seconds", seconds, "--size", 4096)


def good_report(report):
    """What the reader of a result wants to know of it."""
    latency = {stage: {name: round(report["latency_ms"][stage][name], 1)
                       for name in ("p50", "p99", "max")}
               for stage in ("connect", "handshake", "greeting", "mail_to_250", "session")}
    return {**report["messages"], "errors": report["errors"], "refusals": report["refusals"],
            "latency_ms": latency}


def flood(server, shape, *options):
    """Starts it; `shape` names what postern-flood has options for."""
    return start(FLOOD, "--server", f"127.0.0.1:{server.port}", "--mailbox", MAILBOX,
                 "--connections", shape["connections"], "--at-once", shape["at_once"],
                 "--rate", shape["rate"], "--hold", shape["hold"],
                 "--seconds", shape["seconds"], "--kinds", shape["kinds"], *options)


def wait_until_quiet(server):
    harness.wait_for(lambda: server.ask("status")["sessions"] == 0, "the sessions to end",
                     QUIET_SECONDS)
    time.sleep(SAMPLE_SECONDS)  # a little later memory is given back


def run(server, shape):
    """The whole story, as a dictionary."""
    before = use_of_all(server)
    alone = finish(good_client(server, shape["alone"]), shape["alone"] + 60)
    begin = time.monotonic()
    with Watch(server) as watch:
        # It ends by a signal, as soon as the flood does.
        client = good_client(server, shape["seconds"])
        attack = flood(server, shape, "--sources", networks(1, shape["sources"]),
                       "--hot-sources", networks(2, shape["hot_sources"]))
        try:
            attack_report = finish(attack, shape["seconds"] + 60)
        finally:
            client.terminate()
            flooded = finish(client, 60)
    seconds = time.monotonic() - begin
    wait_until_quiet(server)
    return {"seconds": round(seconds, 1), "most_sessions": watch.most_sessions,
            "good": {"alone": good_report(alone), "flooded": good_report(flooded)},
            "flood": attack_report,
            "use": {"before": before, "most": watch.most, "after": use_of_all(server)},
            "limits": server.limits_met(), "status": server.ask("status"),
            "bans": server.ask("bans")}
