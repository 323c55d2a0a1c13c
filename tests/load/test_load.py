# SPDX-License-Identifier: Apache-2.0
"""The load client and compare.py, against a real posternd and against servers that misbehave."""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import compare
import harness

PROGRAM = harness.BUILD / "tests" / "postern-load"
COMPARE = pathlib.Path(compare.__file__)
SUCCESS, NOT_ALL, USAGE, TROUBLE = range(4)
DEBUG = '[log]\nlevel = "debug"\n'
SILENCE = 5  # seconds until the client gives up; a machine may stand still for some


def command(server, *options, recipients="info@ours.test"):
    address = server if isinstance(server, str) else f"127.0.0.1:{server.port}"
    return [str(PROGRAM), "--json", "--server", address, "--recipients", recipients,
            *map(str, options)]


class TestCase(harness.TestCase):
    def load(self, server, *options, code=SUCCESS, **arguments):
        """The report of one run that ends with this exit code."""
        run = subprocess.run(command(server, *options, **arguments), capture_output=True,
                             text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return json.loads(run.stdout)

    def journal(self, server):
        return server.directory / "journal"

    def assert_compares(self, server, **expected):
        result = compare.compare(server.spool, self.journal(server))
        self.assertTrue(result.ok(), result)
        for name, count in expected.items():
            self.assertEqual(getattr(result, name), count, (name, result))
        return result


class Report(TestCase):
    def test_counts_and_journal(self):
        server = self.start(harness.EXEMPT)
        report = self.load(server, "--messages", 60, "--connections", 5, "--journal",
                           self.journal(server), "--messages-per-connection", 7)
        self.assertEqual(report["messages"], {"acknowledged": 60, "refused": 0, "lost": 0})
        self.assertEqual((report["errors"], report["refusals"]), ({}, {}))
        self.assert_latencies(report)
        # Two greetings of the server in each session: 220 at the start, 220 for STARTTLS.
        self.assertEqual(report["replies"]["220"], 2 * report["connections"])
        self.assertEqual(report["replies"]["354"], 60)
        self.assertAlmostEqual(report["messages_per_second"], 60 / report["seconds"], places=3)
        self.assertEqual(len(server.wait_events("accept", 60)), 60)
        self.assert_compares(server, acknowledged=60, files=60, duplicates=0, unacknowledged=0)
        queue_ids = {line.split()[1] for line in self.journal(server).read_text().splitlines()}
        self.assertEqual(queue_ids, {event["qid"] for event in server.events("accept")})

    def assert_latencies(self, report):
        stages = report["latency_ms"]
        sessions = ["connect", "handshake", "greeting", "session"]
        self.assertEqual(list(stages), ["connect", "handshake", "greeting", "mail_to_250",
                                        "session"])
        self.assertEqual(stages["mail_to_250"]["count"], 60)
        self.assertEqual({stages[name]["count"] for name in sessions}, {report["connections"]})
        for times in stages.values():
            values = [times[name] for name in ("p50", "p90", "p95", "p99", "max")]
            self.assertEqual(values, sorted(values))
            self.assertGreater(values[-1], 0)

    def test_refusals(self):
        server = self.start(harness.EXEMPT)
        recipients = "info@ours.test,nobody@ours.test"
        report = self.load(server, "--messages", 1, recipients=recipients)
        self.assertEqual(report["refusals"], {"rcpt 550 5.1.1": 1})
        self.assertEqual(report["messages"]["acknowledged"], 1)
        for pipelining in ([], ["--pipelining"]):
            report = self.load(server, "--messages", 2, "--messages-per-connection", 2, *pipelining,
                               recipients="nobody@ours.test", code=NOT_ALL)
            self.assertEqual(report["messages"], {"acknowledged": 0, "refused": 2, "lost": 0})
            self.assertEqual(report["refusals"]["rcpt 550 5.1.1"], 2)
        report = self.load(server, "--messages", 1, "--tls", "off", code=NOT_ALL)
        self.assertEqual(report["refusals"], {"mail 530 5.7.0": 1})
        self.assertEqual(report["latency_ms"]["handshake"]["count"], 0)

    def test_time_is_a_bound(self):
        server = self.start(harness.EXEMPT)
        begin = time.monotonic()
        report = self.load(server, "--seconds", 5, "--messages-per-connection", 5)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertGreaterEqual(report["seconds"], 5)
        self.assertGreater(report["messages"]["acknowledged"], 1)
        begin = time.monotonic()
        # EHLO alone takes 23 seconds.
        report = self.load(server, "--seconds", 1, "--timeout", SILENCE, "--slow", 1, code=NOT_ALL)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertEqual(report["errors"], {"ehlo: unfinished": 1})


class Options(TestCase):
    def test_size(self):
        server = self.start(harness.EXEMPT)
        for size in (1024, 1025, 1026, 1100, 300001):
            self.load(server, "--messages", 1, "--size", size, "--journal", self.journal(server))
        sizes = [len(harness.without_trace(mail).replace(b"\n", b"\r\n"))
                 for mail in server.mails("ours.test/info")]
        self.assertCountEqual(sizes, [1024, 1025, 1026, 1100, 300001])
        self.assert_compares(server, acknowledged=5, files=5)

    def test_file(self):
        server = self.start(harness.EXEMPT)
        path = server.directory / "mail.eml"
        path.write_bytes(b"From: <a@example.net>\r\nX: 1\r\n\r\n.\r\n..two\nlast, without an end")
        self.load(server, "--messages", 2, "--file", path, "--journal", self.journal(server))
        for mail in server.mails("ours.test/info"):
            fields, mine = harness.without_trace(mail).split(b"\nFrom", 1)
            self.assertEqual(fields.count(b"\n"), 1)
            self.assertEqual(b"From" + mine, path.read_bytes().replace(b"\r", b"") + b"\n")
        self.assert_compares(server, acknowledged=2, files=2)

    def test_slow(self):
        server = self.start(harness.EXEMPT)
        report = self.load(server, "--messages", 2, "--connections", 2, "--size", 1024,
                           "--slow", 100, "--journal", self.journal(server))
        self.assertGreaterEqual(report["latency_ms"]["mail_to_250"]["p50"], 8000)
        self.assert_compares(server, acknowledged=2)

    def test_sources(self):
        server = self.start(DEBUG + harness.EXEMPT)
        self.load(server, "--messages", 8, "--sources", "127.0.9.0/30,127.0.5.77,127.0.7.8/31")
        expected = ["127.0.5.77", "127.0.7.8", "127.0.7.9", "127.0.9.1", "127.0.9.2"]
        clients = [event["client"] for event in server.wait_events("connect", 8)]
        self.assertEqual(sorted(set(clients)), expected)
        self.assertEqual(max(map(clients.count, expected)), 2)

    def test_implicit_tls_and_several_mailboxes(self):
        server = self.start(harness.EXEMPT,
                            listeners='[[listener]]\naddress = "127.0.0.1:{port}"\n'
                                      'tls = "implicit"\n')
        report = self.load(server, "--messages", 4, "--tls", "implicit", "--from", "", "--helo",
                           "other.example.net", "--journal", self.journal(server), "--pipelining",
                           recipients="info@ours.test,sales@ours.test")
        self.assertEqual(report["latency_ms"]["handshake"]["count"], 4)
        self.assert_compares(server, acknowledged=4, files=8)
        [mail] = server.mails("ours.test/info")[:1]
        self.assertTrue(mail.startswith(b"Return-Path: <>\n"), mail)
        self.assertIn(b"from other.example.net ", mail)

    def test_wrong_ones(self):
        for options in (["--server", "192.0.2.1:25", "--messages", "1"],
                        ["--server", "mx.example.net:25", "--messages", "1"],
                        ["--server", "127.0.0.1:25"],
                        ["--server", "127.0.0.1:25", "--messages", "0"],
                        ["--server", "127.0.0.1:25", "--messages", "1", "--size", "1023"],
                        ["--server", "127.0.0.1:25", "--messages", "1", "--sources", "10.0.0.1"],
                        ["--server", "127.0.0.1:25", "--messages", "1", "--from", "a\r\nQUIT"],
                        ["--server", "127.0.0.1:25", "--messages", "1", "--helo", "x" * 257]):
            with self.subTest(options):
                run = subprocess.run([str(PROGRAM), "--recipients", "info@ours.test", *options],
                                     capture_output=True, text=True, check=False)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""), run.stderr)
                self.assertNotEqual(run.stderr, "")

    def test_journal_that_cannot_be_written(self):
        server = self.start(harness.EXEMPT)
        report = self.load(server, "--messages", 5, "--journal", "/dev/full", code=TROUBLE)
        self.assertEqual(report["messages"]["acknowledged"], 0)


class Reconnect(TestCase):
    def test_server_dies(self):
        server = harness.Server(harness.EXEMPT).start()
        self.stop_after(server)
        run = subprocess.Popen(command(server, "--seconds", 60, "--reconnect", "--connections", 8,
                                       "--messages-per-connection", 1000, "--journal",
                                       self.journal(server), "--size", 30000),
                               stdout=subprocess.PIPE, text=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.kill)
        for _ in range(2):
            self.wait_for_more(server)
            server.kill()
            server.start()
        self.wait_for_more(server)
        run.terminate()
        report = json.loads(run.communicate(timeout=60)[0])
        self.assertEqual(run.returncode, SUCCESS)
        self.assertGreaterEqual(sum(report["errors"].values()), 2 * 8)
        self.assertGreater(report["messages"]["lost"], 0)
        acknowledged = report["messages"]["acknowledged"]
        self.assert_compares(server, acknowledged=acknowledged)
        self.assertEqual(acknowledged, self.acknowledged(server))

    def wait_for_more(self, server):
        before = self.acknowledged(server)
        harness.wait_for(lambda: self.acknowledged(server) > before + 20, "20 messages")

    def acknowledged(self, server):
        path = self.journal(server)
        return path.read_text().count("\n") if path.exists() else 0

    def test_not_asked_for(self):
        port = harness.free_port()
        report = self.load(f"127.0.0.1:{port}", "--messages", 9, "--connections", 2, code=NOT_ALL)
        self.assertEqual(report["errors"], {"connect: Connection refused": 2})
        self.assertEqual(report["messages"], {"acknowledged": 0, "refused": 0, "lost": 0})


class FakeServer:
    """Answers the n-th piece that it receives with the n-th of its answers, then keeps silent."""

    def __init__(self, *answers):
        self.answers, self.pieces = answers, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(harness.WAIT_SECONDS)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        client, _ = self.listener.accept()
        with client, contextlib.suppress(ConnectionError):
            for answer in self.answers:
                client.sendall(answer)
                self.pieces.append(client.recv(65536))
            while client.recv(65536):  # until the client has had enough
                pass

    def close(self):
        self.thread.join(harness.WAIT_SECONDS)
        self.listener.close()


class OtherServers(TestCase):
    HELLO = (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n")

    def talk(self, *answers, options=(), tls="off", error=None):
        server = FakeServer(*answers)
        self.addCleanup(server.close)
        report = self.load(server.address, "--messages", 1, "--tls", tls, "--timeout", SILENCE,
                           *options, code=NOT_ALL if error else SUCCESS)
        self.assertEqual(report["errors"], {error: 1} if error else {})
        return server, report["messages"]

    def test_pipelining_is_one_piece(self):
        server, _ = self.talk(*self.HELLO, b"250 a\r\n250 b\r\n354 c\r\n", b"250 2.0.0 Ok\r\n",
                              b"221 e\r\n", options=["--pipelining"])
        self.assertRegex(server.pieces[1], rb"^MAIL FROM:<[^>]*>\r\nRCPT TO:<[^>]*>\r\nDATA\r\n$")

    def test_silence(self):
        _, messages = self.talk(*self.HELLO, error="mail: timeout")
        self.assertEqual(messages, {"acknowledged": 0, "refused": 0, "lost": 1})
        self.talk(error="greeting: timeout")

    def test_a_handshake_is_not_slow(self):
        server, _ = self.talk(b"", tls="implicit", options=["--slow", 10],
                              error="handshake: timeout")
        self.assertGreater(len(server.pieces[0]), 100)

    def test_421_ends_it(self):
        _, messages = self.talk(*self.HELLO, b"421 4.3.2 x\r\n", error="mail: 421 4.3.2")
        self.assertEqual(messages, {"acknowledged": 0, "refused": 1, "lost": 0})

    def test_no_content_without_a_recipient(self):
        server, _ = self.talk(*self.HELLO, b"250 a\r\n550 b\r\n354 c\r\n",
                              options=["--pipelining"], error="data: 354 without a recipient")
        server.close()
        self.assertEqual(server.pieces[-1], b"")

    def test_replies_have_limits(self):
        self.talk(b"220 " + b"x" * 1020 + b"\r\n", error="ehlo: timeout")
        self.talk(b"220 " + b"x" * 1021 + b"\r\n", error="greeting: no SMTP reply")
        self.talk(b"220 " + b"x" * 2000, error="greeting: no SMTP reply")
        self.talk(b"220-x\r\n" * 99 + b"220 x\r\n", error="ehlo: timeout")
        self.talk(b"220-x\r\n" * 100 + b"220 x\r\n", error="greeting: no SMTP reply")

    def test_what_is_no_server_for_us(self):
        self.talk(b"HTTP/1.1 400\r\n", error="greeting: no SMTP reply")
        self.talk(b"554 5.7.1 x\r\n", error="greeting: 554 5.7.1")
        self.talk(b"220 x\r\n220 y\r\n", error="ehlo: 220")
        self.talk(*self.HELLO, tls="starttls", error="ehlo: STARTTLS is not offered")
        self.talk(b"220 x\r\n", b"250 x\r\n", options=["--pipelining"],
                  error="ehlo: PIPELINING is not offered")


class Comparing(TestCase):
    """compare.py finds what is planted."""

    def setUp(self):
        self.server = self.start(harness.EXEMPT)
        self.load(self.server, "--messages", 5, "--journal", self.journal(self.server))
        self.first, self.second = self.server.stored()[:2]

    def complaint(self):
        run = subprocess.run([sys.executable, COMPARE, self.server.spool,
                              self.journal(self.server)], capture_output=True, text=True,
                             check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        counts = dict(re.findall(r"(\w+)=(\d+)", run.stdout))
        return run.returncode, {name: int(count) for name, count in counts.items()}

    def assert_found(self, code, **expected):
        found_code, counts = self.complaint()
        self.assertEqual(found_code, code, counts)
        self.assertEqual({name: counts[name] for name in expected}, expected)

    def test_legal_states(self):
        self.assert_found(0, acknowledged=5, missing=0, damaged=0, duplicates=0)
        shutil.copy(self.first, str(self.first) + "x")
        self.assert_found(0, duplicates=1, files=6)
        path = self.journal(self.server)
        path.write_text("".join(path.read_text().splitlines(True)[1:]))
        self.assert_found(0, acknowledged=4, unacknowledged=1)

    def test_missing(self):
        self.first.rename(self.first.parent.parent / "tmp" / "x")
        self.assert_found(1, missing=1, damaged=0, unfinished=1)

    def test_damaged(self):
        mail = self.first.read_bytes()
        for damaged in (mail[:-1], mail + b"x", mail.replace(b"abc", b"abd", 1), mail[:40], b""):
            self.first.write_bytes(damaged)
            self.assert_found(1, missing=1, damaged=1)

    def test_mixed_up(self):
        self.first.write_bytes(self.second.read_bytes())
        self.assert_found(1, missing=1, duplicates=1)

    def test_half_a_journal(self):
        path = self.journal(self.server)
        path.write_text(path.read_text()[:-1])
        with self.assertRaises(ValueError):
            compare.read_journal(path)


if __name__ == "__main__":
    harness.main()
