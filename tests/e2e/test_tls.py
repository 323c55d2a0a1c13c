# SPDX-License-Identifier: Apache-2.0
"""Nothing about mail in clear, and only TLS that is worth the name."""
import contextlib
import re
import smtplib
import socket
import ssl
import struct
import subprocess

import harness
from harness import MESSAGE, Dialog, certificate, certificate_table, client_context

EC_SUITES = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
             "ECDHE-ECDSA-AES128-GCM-SHA256"}
RSA_SUITES = {name.replace("ECDSA", "RSA") for name in EC_SUITES}
IMPLICIT = '[[listener]]\naddress = "127.0.0.1:{port}"\ntls = "implicit"\n'


def context_for(version=None, ciphers=None):
    context = client_context()
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if ciphers is not None:
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return context


def handshake(server, context, **options):
    """A TLS socket behind STARTTLS."""
    dialog = Dialog.plain(server)
    dialog.command("STARTTLS", 220)
    return context.wrap_socket(dialog.sock, **options)


def s_client(server, *options, send=b""):
    """What openssl s_client makes of the server, and whether it came through the handshake."""
    run = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect",
                          f"127.0.0.1:{server.port}", *options], input=send,
                         capture_output=True, timeout=harness.WAIT_SECONDS)
    output = (run.stdout + run.stderr).decode(errors="replace")
    return bool(re.search(r"^New, TLSv1\.[23], Cipher is [A-Z]", output, re.M)), output


class TlsCase(harness.SharedServer):
    """Each test looks only at sessions of its own."""
    config = '[log]\nlevel = "debug"\n'

    def assert_nothing_stored(self):
        self.assertEqual(self.server.stored(), [])

    def failure_after(self, act):
        """The reason that the log gives for the one handshake that failed during `act`."""
        before = len(self.server.events("tls_failed"))
        act()
        harness.wait_for(lambda: len(self.server.events("tls_failed")) > before, "tls_failed")
        return self.server.events("tls_failed")[before]["reason"]


class InClear(TlsCase):
    def test_no_mail_before_tls(self):
        with Dialog.plain(self.server) as dialog:
            for command in ("MAIL FROM:<a@example.net>", "RCPT TO:<info@ours.test>", "DATA",
                            "BDAT 0 LAST", "MAIL FROM:<a@example.net> SIZE=999999999999"):
                dialog.command(command, 530, "5.7.0 Must issue a STARTTLS command first")
            dialog.command("QUIT", 221)
        self.assert_nothing_stored()

    def test_vrfy_and_expn_tell_nothing_before_or_after(self):
        answers = set()
        for begin in (Dialog.plain, Dialog.tls):
            with begin(self.server) as dialog:
                for argument in ("info", "nobody", "<info@ours.test>", ""):
                    for verb in ("VRFY", "EXPN"):
                        answers.add(dialog.ask(f"{verb} {argument}".strip()))
        self.assertEqual(len(answers), 1, answers)
        self.assertTrue(answers.pop().startswith("502 5.5.1 "))

    def test_what_ehlo_lists(self):
        listed = ["PIPELINING", "SIZE 26214400", "8BITMIME", "SMTPUTF8", "CHUNKING",
                  "ENHANCEDSTATUSCODES", "LIMITS RCPTMAX=100 MAILMAX=100"]
        with Dialog(self.server.connect()) as dialog:
            dialog.expect(220)
            lines = dialog.command("EHLO client.example.net", 250)
            self.assertEqual([line[4:] for line in lines[1:]], listed + ["STARTTLS"])
            helped = dialog.command("HELP", 214, "2.0.0")
            dialog.command("STARTTLS", 220, "2.0.0")
            dialog.handshake()
            lines = dialog.command("EHLO client.example.net", 250)
            self.assertEqual([line[4:] for line in lines[1:]], listed + ["REQUIRETLS"])
            self.assertEqual(dialog.command("HELP", 214, "2.0.0"),
                             [line.replace(" STARTTLS", "") for line in helped])
            dialog.command("STARTTLS", 503, "5.5.1")

    def test_everything_from_before_tls_is_forgotten(self):
        with Dialog.plain(self.server) as dialog:
            dialog.command("STARTTLS now", 501, "5.5.4")
            dialog.command("STARTTLS", 220)
            dialog.handshake()
            dialog.command("MAIL FROM:<a@example.net>", 503, "5.5.1")
            dialog.command("EHLO second.example.net", 250)
            dialog.command("MAIL FROM:<a@example.net>", 250)
            dialog.command("QUIT", 221)
        self.server.wait_event("disconnect", helo="second.example.net", reason="quit")

    def test_commands_behind_starttls_in_one_packet(self):
        for rest in (b"EHLO x.example.net\r\n", b"MAIL FROM:<a@example.net>\r\n", b"NOO", b"\n",
                     b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n\r\n.\r\n"):
            with self.subTest(rest), Dialog.plain(self.server) as dialog:
                dialog.send(b"STARTTLS\r\n" + rest)
                dialog.expect(554, "5.5.1")
                self.assertTrue(dialog.closed())
        harness.wait_for(
            lambda: len([event for event in self.server.events("disconnect")
                         if event["reason"] == "starttls_injection"]) == 5, "five refusals")
        self.assert_nothing_stored()

    def test_commands_in_place_of_a_client_hello(self):
        """What answers the 220 is the handshake's to judge, however fast it comes."""
        before = len(self.server.events("tls_failed"))
        for _ in range(100):
            with Dialog.plain(self.server) as dialog:
                dialog.command("STARTTLS", 220)
                dialog.send("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n")
                self.assert_no_clear_text(dialog.rest())
        failed = harness.wait_for(lambda: self.server.events("tls_failed")[before + 99:] and
                                  self.server.events("tls_failed")[before:], "tls_failed")
        self.assertEqual([event["reason"] for event in failed], ["not_tls"] * 100)
        self.assert_nothing_stored()

    def assert_no_clear_text(self, received):
        """Nothing, or one TLS alert."""
        self.assertRegex(received, rb"\A(\x15\x03.\x00\x02..)?\Z")

    def test_garbage_in_place_of_a_client_hello(self):
        hello = b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03"
        for garbage, reason in ((b"GET / HTTP/1.1\r\n\r\n", "not_tls"),
                                (b"QUIT\r\n\r\n\r\n", "not_tls"),
                                (b"\x16\x03\x01\xff\xff" + b"\xff" * 100, "not_tls"),
                                (b"\0" * 100, None), (hello + b"\xff" * 244, None)):
            def attack(data=garbage):
                with Dialog.plain(self.server) as dialog:
                    dialog.command("STARTTLS", 220)
                    dialog.send(data)
                    dialog.sock.shutdown(socket.SHUT_WR)
                    self.assert_no_clear_text(dialog.rest())
            with self.subTest(garbage):
                self.assertIn(self.failure_after(attack), (reason,) if reason else ("other", "eof",
                                                                                  "not_tls"))

    def test_dropped_in_the_middle_of_the_handshake(self):
        for length in (0, 1, 5, 100):
            def drop(count=length):
                with Dialog.plain(self.server) as dialog:
                    dialog.command("STARTTLS", 220)
                    dialog.send(client_hello()[:count])
            with self.subTest(length):
                self.assertEqual(self.failure_after(drop), "eof")

    def test_reset_in_the_middle_of_the_handshake(self):
        def reset():
            with Dialog.plain(self.server) as dialog:
                dialog.command("STARTTLS", 220)
                dialog.send(client_hello()[:100])
                dialog.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
        self.assertEqual(self.failure_after(reset), "eof")

    def test_handshake_byte_by_byte(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context().wrap_bio(incoming, outgoing)
        with Dialog.plain(self.server) as dialog:
            dialog.command("STARTTLS", 220)
            dialog.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                    break
                for byte in outgoing.read():
                    dialog.sock.sendall(bytes([byte]))
                incoming.write(dialog.sock.recv(65536))
            tls.write(b"QUIT\r\n")
            dialog.sock.sendall(outgoing.read())
            incoming.write(dialog.sock.recv(65536))
            self.assertEqual(tls.read(), b"221 2.0.0 Bye\r\n")


def client_hello():
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        client_context().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()


class Parameters(TlsCase):
    def test_versions(self):
        for option, accepted in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True),
                                 ("-tls1_3", True)):
            with self.subTest(option):
                accepted_here, output = s_client(self.server, option, "-cipher",
                                                 "ALL:@SECLEVEL=0")
                self.assertEqual(accepted_here, accepted, output)
        self.server.wait_event("tls_failed", reason="protocol")

    def test_server_preference(self):
        context = context_for(ssl.TLSVersion.TLSv1_2,
                              "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
        with handshake(self.server, context) as sock:
            self.assertEqual(sock.cipher()[0], "ECDHE-ECDSA-AES256-GCM-SHA384")
        _, output = s_client(self.server, "-tls1_3", "-ciphersuites",
                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384")
        self.assertIn("Cipher is TLS_AES_256_GCM_SHA384", output)

    def test_groups(self):
        for group in ("X25519", "P-256", "X448", "P-384", "P-521"):
            with self.subTest(group):
                self.assertTrue(s_client(self.server, "-tls1_3", "-groups", group)[0])
        for option, group in (("-tls1_3", "ffdhe2048"), ("-tls1_3", "ffdhe4096"),
                              ("-tls1_2", "brainpoolP256r1"), ("-tls1_2", "secp256k1")):
            with self.subTest(group):
                accepted, output = s_client(self.server, option, "-groups", group)
                self.assertFalse(accepted, output)

    def test_no_sha1_signature(self):
        accepted, output = s_client(self.server, "-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher",
                                    "ALL:@SECLEVEL=0")
        self.assertFalse(accepted, output)

    def test_no_resumption(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                context = context_for(version)
                with handshake(self.server, context) as first:
                    first.sendall(b"EHLO client.example.net\r\n")
                    first.recv(65536)  # tickets of TLS 1.3 come in front of it
                    session = first.session
                self.assertFalse(session.has_ticket)
                with handshake(self.server, context, session=session) as second:
                    self.assertFalse(second.session_reused)

    def test_no_renegotiation(self):
        accepted, output = s_client(self.server, "-tls1_2", send=b"R\n")
        self.assertTrue(accepted)
        self.assertIn("RENEGOTIATING", output)
        self.assertIn("no renegotiation", output)

    def test_extended_master_secret(self):
        _, output = s_client(self.server, "-tls1_2")
        self.assertIn("Extended master secret: yes", output)
        self.assertIn("Secure Renegotiation IS supported", output)

    def test_whole_chain_is_sent(self):
        directory = harness.shared_directory()
        chain, key = certificate("ec")
        whole = directory / "two.pem"
        whole.write_bytes(chain.read_bytes() + certificate("rsa")[0].read_bytes())
        server = self.start(certificate_table(whole, key))
        _, output = s_client(server, "-showcerts")
        self.assertEqual(output.count("BEGIN CERTIFICATE"), 2)


class Suites(harness.TestCase):
    """Every TLS 1.2 suite that this OpenSSL can offer, one by one."""

    def check(self, kind, expected):
        server = self.start(kind=kind)
        names = subprocess.run(["openssl", "ciphers", "-s", "-tls1_2",
                                "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], check=True, text=True,
                               capture_output=True).stdout.strip().split(":")
        self.assertTrue({"AES128-SHA", "DHE-RSA-AES256-GCM-SHA384", "ADH-AES128-SHA256",
                         "NULL-SHA256", "ECDHE-ECDSA-AES128-SHA"} | expected < set(names))
        accepted = set()
        for name in names:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                with handshake(server, context_for(ssl.TLSVersion.TLSv1_2, name)):
                    accepted.add(name)
        self.assertEqual(accepted, expected)

    def test_ec_certificate(self):
        self.check("ec", EC_SUITES)

    def test_rsa_certificate(self):
        self.check("rsa", RSA_SUITES)


class MinimumVersion(TlsCase):
    config = '[tls]\nmin_version = "1.3"\n'

    def test_tls_1_2_is_refused(self):
        def connect():
            with self.assertRaises(ssl.SSLError):
                handshake(self.server, context_for(ssl.TLSVersion.TLSv1_2))
        self.assertEqual(self.failure_after(connect), "protocol")

    def test_tls_1_3_works(self):
        with handshake(self.server, context_for(ssl.TLSVersion.TLSv1_3)) as sock:
            self.assertEqual(sock.version(), "TLSv1.3")


class RefusalText(TlsCase):
    config = '[tls]\nrefusal_text = "Encrypt first, see RFC 3207"\n'

    def test_it_is_said(self):
        with Dialog.plain(self.server) as dialog:
            self.assertEqual(dialog.ask("MAIL FROM:<a@example.net>"),
                             "530 5.7.0 Encrypt first, see RFC 3207")


class RsaCertificate(TlsCase):
    options = {"kind": "rsa"}

    def test_delivery(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with Dialog.tls(self.server, context=context_for(version)) as dialog:
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
        self.assertEqual(len(self.server.mails("ours.test/info")), 2)


class ImplicitTls(TlsCase):
    options = {"listeners": IMPLICIT}

    def test_delivery(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port, context=client_context(),
                              local_hostname="client.example.net") as client:
            self.assertFalse(client.has_extn("starttls"))
            client.ehlo()
            self.assertFalse(client.has_extn("starttls"))
            client.sendmail("a@example.net", ["info@ours.test"], MESSAGE)
        [mail] = self.server.mails("ours.test/info")
        self.assertEqual(harness.without_trace(mail), MESSAGE.replace(b"\r\n", b"\n"))

    def test_clear_text_gets_not_a_byte_of_smtp(self):
        def talk():
            with Dialog(self.server.connect()) as dialog:
                dialog.send("EHLO client.example.net\r\n")
                self.assertNotRegex(dialog.rest(), rb"\d\d\d[ -]")
        self.assertEqual(self.failure_after(talk), "not_tls")

    def test_a_client_that_is_refused_gets_nothing_in_clear(self):
        server = self.start(listeners=IMPLICIT + 'deny = ["127.0.0.5"]\n')
        with Dialog(server.connect("127.0.0.5")) as dialog:
            self.assertTrue(dialog.closed())
        server.wait_event("disconnect", client="127.0.0.5", reason="denied")


if __name__ == "__main__":
    harness.main()
