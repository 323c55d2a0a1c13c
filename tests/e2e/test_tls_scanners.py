# SPDX-License-Identifier: Apache-2.0
"""Who examines our TLS makes many connections, and most of their handshakes fail. That is no abuse:
a scan comes to its end with the default limits, and nobody is refused for it."""
import contextlib
import json
import ssl
import subprocess
import time
import warnings

import harness
from harness import MESSAGE, Dialog

# Its exit code counts what it finds odd, such as a certificate of our own; from here on it failed.
TESTSSL_FAILED = 50
TESTSSL_SECONDS = 800
SCAN_CONNECTIONS = 150
SCAN_SECONDS = 60
GARBAGE = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"  # a ClientHello of one octet


def context_of(version, ciphers="ALL:@SECLEVEL=0"):
    context = harness.client_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    return context


class Scanners(harness.TestCase):
    def assert_unharmed(self, server, begin, connections):
        """No limit was hit, nobody is banned, and mail from there is taken."""
        seconds = time.monotonic() - begin
        status = server.ask("status")
        came, failed = status["connections_total"], status["ended_tls_failed"]
        print(f"{came} connections in {seconds:.0f} s, {60 * came / seconds:.0f} a minute, "
              f"{failed} handshakes failed")
        self.assertGreaterEqual(came, connections)
        self.assertGreater(failed, came / 2)
        self.assertEqual(server.events("reject"), [])
        self.assertEqual(server.limits_met(), {})
        self.assertEqual(server.ask("bans"), [])
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_testssl(self):
        server = self.start()
        findings = server.directory / "findings.json"
        begin = time.monotonic()
        scan = subprocess.run(
            ["testssl", "--warnings", "batch", "--color", "0", "--nodns", "none", "--ip",
             "127.0.0.1", "--jsonfile", str(findings), "-t", "smtp",
             f"{harness.HOSTNAME}:{server.port}"],
            cwd=server.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TESTSSL_SECONDS, check=False)
        self.assertLess(scan.returncode, TESTSSL_FAILED, scan.stdout + scan.stderr)
        found = {row["id"]: row for row in json.loads(findings.read_text())}
        self.assertIn("scanTime", found)  # the end of it
        self.assertNotIn("scanProblem", found)
        self.assertEqual([row for row in found.values() if row["severity"] == "FATAL"], [])
        self.assertEqual({name: found[name]["finding"] for name in ("SSLv3", "TLS1_1", "TLS1_2")},
                         {"SSLv3": "not offered", "TLS1_1": "not offered", "TLS1_2": "offered"})
        self.assert_unharmed(server, begin, 100)

    def test_many_handshakes_that_fail(self):
        server = self.start()
        scans = [self.old_version, self.wrong_cipher, self.garbage, self.half, self.good]
        begin = time.monotonic()
        for number in range(SCAN_CONNECTIONS):
            with Dialog.plain(server) as dialog:
                dialog.command("STARTTLS", 220)
                scans[number % len(scans)](dialog)
        self.assertLess(time.monotonic() - begin, SCAN_SECONDS)
        # Figures are as old as a ping: none may be from between two of the connections.
        harness.wait_for(lambda: (status := server.ask("status"))["sessions"] == 0 and
                         status["connections_total"] >= SCAN_CONNECTIONS, "their ends")
        self.assert_unharmed(server, begin, SCAN_CONNECTIONS)

    def old_version(self, dialog):
        with self.assertRaises(ssl.SSLError):
            dialog.handshake(context_of(ssl.TLSVersion.TLSv1_1))

    def wrong_cipher(self, dialog):
        with self.assertRaises(ssl.SSLError):
            dialog.handshake(context_of(ssl.TLSVersion.TLSv1_2, "AES128-SHA:@SECLEVEL=0"))

    def garbage(self, dialog):
        dialog.send(GARBAGE)
        dialog.rest()

    def half(self, dialog):
        """It leaves in the middle of its first message."""
        sent, received = ssl.MemoryBIO(), ssl.MemoryBIO()
        secret = harness.client_context().wrap_bio(received, sent)
        with contextlib.suppress(ssl.SSLWantReadError):
            secret.do_handshake()
        dialog.send(sent.read()[:100])

    def good(self, dialog):
        dialog.handshake()
        dialog.command("EHLO client.example.net", 250)
        dialog.command("QUIT", 221)


if __name__ == "__main__":
    harness.main()
