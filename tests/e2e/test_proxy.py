# SPDX-License-Identifier: Apache-2.0
"""The PROXY protocol: the client behind a load balancer is the one that all is about.

Headers by hand, and those of a real HAProxy; its package would run as a service, so ./dev test only
unpacks it.
"""
import contextlib
import socket
import ssl
import struct
import subprocess
import tempfile
import time

import harness
from harness import MESSAGE, Dialog

PROXY = "127.0.0.50"
OTHER = "127.0.0.51"  # comes from here by itself
CLIENT = "192.0.2.7"
TIMEOUT = 10  # seconds; lib/net/proxy_intake.h
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LISTENER = f'[[listener]]\naddress = "127.0.0.1:{{port}}"\nproxy_protocol_from = ["{PROXY}"]\n'
HAPROXY = harness.SOURCE / "build/unpacked/haproxy/usr/sbin/haproxy"
HAPROXY_CONFIG = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen smtp
  bind 127.0.0.1:{port}
  server mx 127.0.0.1:{server_port} source {source} {how} check inter 5s
"""


def v1(client=CLIENT, port=40000):
    family, server = ("TCP6", "2001:db8::1") if ":" in client else ("TCP4", "192.0.2.1")
    return f"PROXY {family} {client} {server} {port} 25\r\n".encode()


def v2(client=CLIENT, port=40000, extras=b"", command=0x21):
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = socket.inet_pton(family, client)
    block = address + address + struct.pack(">HH", port, 25) + extras
    code = 0x21 if family == socket.AF_INET6 else 0x11
    return SIGNATURE + struct.pack(">BBH", command, code, len(block)) + block


def local(extras=b""):
    return SIGNATURE + struct.pack(">BBH", 0x20, 0, len(extras)) + extras


def extra(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def with_checksum(error=0):
    header = v2(extras=extra(3, bytes(4)))
    return header[:-4] + struct.pack(">I", crc32c(header) ^ error)


class ProxyCase(harness.TestCase):
    def behind(self, server, header, source=PROXY):
        """A connection that begins so, as the proxy makes it."""
        dialog = Dialog(server.connect(source))
        self.addCleanup(dialog.close)
        dialog.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        dialog.send(header)
        return dialog

    def greeted(self, dialog):
        dialog.expect(220)
        dialog.command("EHLO client.example.net", 250)
        return dialog

    def secured(self, dialog):
        self.greeted(dialog)
        dialog.command("STARTTLS", 220)
        dialog.handshake()
        dialog.command("EHLO client.example.net", 250)
        return dialog

    def closed_without_a_word(self, dialog):
        self.assertEqual(dialog.rest(), b"")


class Headers(ProxyCase):
    def test_the_real_client_stands_everywhere(self):
        server = self.start('[log]\nlevel = "debug"\n', listeners=LISTENER)
        extras = extra(4, b"pad") + extra(0x20, bytes(5))
        headers = {"192.0.2.7": v1("192.0.2.7"), "192.0.2.8": v2("192.0.2.8"),
                   "192.0.2.9": v1("::ffff:192.0.2.9"), "192.0.2.10": v2("::ffff:192.0.2.10"),
                   "2001:db8::7": v1("2001:db8::7"), "2001:db8::8": v2("2001:db8::8"),
                   "192.0.2.11": v2("192.0.2.11", extras=extras)}
        for client, header in headers.items():
            with self.subTest(client):
                dialog = self.secured(self.behind(server, header))
                via = "%s:%d" % dialog.sock.getsockname()
                self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
                dialog.command("QUIT", 221)
                literal = f"IPv6:{client}" if ":" in client else client
                [_] = [mail for mail in server.mails("ours.test/info")
                       if f"([{literal}])".encode() in mail]
                for event in ("connect", "tls", "accept", "disconnect"):
                    server.wait_event(event, client=client, port=40000)
                server.wait_event("connect", client=client, via=via)
                server.wait_event("disconnect", client=client, via=via, reason="quit")
        self.assertEqual([event for event in server.events("disconnect")
                          if event["client"] == PROXY], [])

    def test_the_proxy_for_itself(self):
        server = self.start(listeners=LISTENER)
        for header in (local(), local(extra(4, b"pad")), v2(command=0x20), b"PROXY UNKNOWN\r\n"):
            with self.subTest(header):
                dialog = self.greeted(self.behind(server, header))
                port = dialog.sock.getsockname()[1]
                dialog.command("QUIT", 221)
                event = server.wait_event("disconnect", client=PROXY, port=port, reason="quit")
                self.assertNotIn("via", event)

    def test_a_checksum(self):
        server = self.start(listeners=LISTENER)
        self.greeted(self.behind(server, with_checksum()))
        self.closed_without_a_word(self.behind(server, with_checksum(error=1)))
        server.wait_event("proxy_failed", reason="proxy_invalid", detail="checksum")

    def test_nothing_is_said_before_the_header_is_complete(self):
        server = self.start(listeners=LISTENER)
        for header in (v1(), v2(extras=extra(4, b"x" * 200))):
            dialog = self.behind(server, b"")
            for start in range(0, len(header), 7):
                time.sleep(0.01)
                dialog.sock.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    dialog.sock.recv(1)
                dialog.sock.settimeout(harness.WAIT_SECONDS)
                dialog.send(header[start:start + 7])
            self.greeted(dialog)

    def test_invalid(self):
        server = self.start(listeners=LISTENER)
        faults = {b"EHLO client.example.net\r\n": "signature",
                  b"\x16\x03\x01\x02\x00": "signature",
                  v1().replace(b"\r\n", b"\n"): "line",
                  v1("192.0.2.07"): "address",
                  v1("0.0.0.0"): "address",
                  v1(port="+25"): "port",
                  v2(command=0x22): "command",
                  v2(extras=b"\4\0\x09x"): "extras"}
        for header, fault in faults.items():
            with self.subTest(header):
                dialog = self.behind(server, header)
                via = "%s:%d" % dialog.sock.getsockname()
                self.closed_without_a_word(dialog)
                server.wait_event("proxy_failed", via=via, reason="proxy_invalid", detail=fault)
        self.assertEqual(server.events("disconnect"), [])

        def counted():
            return server.ask("status")["ended_proxy_invalid"] == len(faults)
        harness.wait_for(counted, "the status to count them")

    def test_missing(self):
        server = self.start(listeners=LISTENER)
        begin = time.monotonic()
        dialogs = [self.behind(server, beginning) for beginning in (b"", v1()[:20], v2()[:20])]
        Dialog.plain(server, OTHER).close()  # meanwhile others are served
        for dialog in dialogs:
            self.closed_without_a_word(dialog)
        self.assertGreater(time.monotonic() - begin, TIMEOUT - 1)
        for dialog in dialogs:
            server.wait_event("proxy_failed", via="%s:%d" % dialog.sock.getsockname(),
                              reason="proxy_timeout")
        self.behind(server, b"").close()
        server.wait_event("proxy_failed", reason="proxy_eof")

    def test_shutdown_does_not_wait_for_a_header(self):
        server = self.start(listeners=LISTENER)
        dialog = self.behind(server, v1()[:20])
        Dialog.plain(server, OTHER).close()  # accepted later, so the one above is too
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, TIMEOUT - 1)
        self.closed_without_a_word(dialog)


class Early(ProxyCase):
    """What comes right behind the header, in one segment with it."""

    def test_a_handshake(self):
        server = self.start(listeners=LISTENER + 'tls = "implicit"\n')
        for header in (v1(), v2("2001:db8::7", extras=extra(4, b"x" * 100)), local()):
            with self.subTest(header):
                sent, received = ssl.MemoryBIO(), ssl.MemoryBIO()
                secret = harness.client_context().wrap_bio(received, sent)
                with contextlib.suppress(ssl.SSLWantReadError):
                    secret.do_handshake()
                dialog = self.behind(server, header + sent.read())
                while True:
                    with contextlib.suppress(ssl.SSLWantReadError):
                        greeting = secret.read()
                        break
                    dialog.send(sent.read())
                    received.write(dialog.sock.recv(65536))
                self.assertTrue(greeting.startswith(b"220 "), greeting)

    def test_commands_are_out_of_turn(self):
        server = self.start(listeners=LISTENER)
        for header in (v1(), v2()):
            with self.subTest(header):
                dialog = self.behind(server, header + b"EHLO client.example.net\r\n")
                dialog.expect(554, "5.5.1")
                self.assertTrue(dialog.closed())
        server.wait_event("disconnect", client=CLIENT, reason="early_talker")

    def test_a_second_header_is_garbage(self):
        server = self.start(listeners=LISTENER)
        for second in (v1("192.0.2.8"), v2("192.0.2.8")):
            with self.subTest(second):
                dialog = self.behind(server, v1())
                dialog.expect(220)
                dialog.send(second)
                dialog.expect(554, "5.5.1")
                self.assertTrue(dialog.closed())
        server.wait_event("disconnect", client=CLIENT, reason="proxy_header")

    def test_from_anybody_else_it_is_garbage(self):
        server = self.start(listeners=LISTENER)
        for header in (v1(), v2(), local()):
            with self.subTest(header):
                dialog = Dialog(server.connect(OTHER))
                self.addCleanup(dialog.close)
                dialog.expect(220)
                dialog.send(header)
                dialog.expect(554, "5.5.1")
                self.assertTrue(dialog.closed())
        server.wait_event("disconnect", client=OTHER, reason="proxy_header")
        self.assertNotIn(CLIENT, server.log())


class Limits(ProxyCase):
    def test_each_client_has_its_own(self):
        server = self.start("[limits]\nconnections = 2\n", listeners=LISTENER)
        for client in (CLIENT, "192.0.2.8", "2001:db8::7"):
            for header in (v1(client), v2(client)):
                self.behind(server, header).expect(220)
        # Another address of the same network, and the same client written otherwise.
        for header in (v1(), v2("2001:db8::9"), v1(f"::ffff:{CLIENT}")):
            refused = self.behind(server, header)
            refused.expect(421, "4.7.0")
            self.assertTrue(refused.closed())
        server.wait_event("reject", client=CLIENT, stage="connect", code=421)
        # The proxy's own, such as checks of our health, have no limits.
        for _ in range(4):
            self.greeted(self.behind(server, local()))

    def test_connections_that_wait_count_only_among_all(self):
        server = self.start("[limits]\nconnections = 1\ntotal_connections = 7\n",
                            listeners=LISTENER)
        for _ in range(5):
            self.behind(server, b"")
        self.behind(server, local()).expect(220)
        self.behind(server, v1()).expect(220)
        # Nobody waits for its header.
        self.behind(server, b"").expect(421, "4.3.2")

    def test_allow_and_deny_are_about_the_client(self):
        server = self.start(listeners=LISTENER + 'allow = ["192.0.2.0/29"]\n'
                                                 'deny = ["192.0.2.6"]\n')
        self.behind(server, v1()).expect(220)
        for client in ("192.0.2.6", "198.51.100.1"):
            self.behind(server, v1(client)).expect(554, "5.7.1")
            server.wait_event("reject", client=client, reason="access_denied")
        # Nor is the proxy itself let in.
        self.behind(server, local()).expect(554, "5.7.1")

    def test_there_is_an_end_to_those_that_wait(self):
        server = self.start(listeners=LISTENER)
        most = 1000  # lib/net/proxy_intake.h
        first = self.behind(server, b"")
        for _ in range(most):
            self.behind(server, b"")
        self.closed_without_a_word(first)
        server.wait_event("proxy_failed", reason="proxy_timeout", detail="crowded")
        self.behind(server, v1()).expect(220)


class Listeners(ProxyCase):
    def test_only_where_it_says_so(self):
        port = harness.free_port()
        server = self.start(listeners=LISTENER +
                            f'[[listener]]\naddress = "127.0.0.1:{port}"\n')
        address = ("127.0.0.1", port)
        sock = socket.create_connection(address, harness.WAIT_SECONDS, source_address=(PROXY, 0))
        with Dialog(sock) as dialog:
            self.greeted(dialog)
            dialog.command("QUIT", 221)
        server.wait_event("disconnect", client=PROXY, reason="quit")
        self.greeted(self.behind(server, v1()))


class Balancer(ProxyCase):
    """A real one in front, that passes the client's TLS through."""

    def in_front_of(self, server, how):
        """Starts HAProxy; returns its port."""
        port = harness.free_port()
        with tempfile.NamedTemporaryFile("w", dir=server.directory, suffix=".cfg",
                                         delete=False) as config:
            config.write(HAPROXY_CONFIG.format(port=port, server_port=server.port, source=PROXY,
                                               how=how))
        balancer = subprocess.Popen([HAPROXY, "-q", "-db", "-f", config.name])
        self.addCleanup(balancer.wait)
        self.addCleanup(balancer.kill)
        return port

    def connect(self, port, client):
        def attempt():
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", port), harness.WAIT_SECONDS,
                                                source_address=(client, 0))
        return Dialog(harness.wait_for(attempt, "HAProxy to listen"))

    def test_it_tells_its_clients(self):
        server = self.start(listeners=LISTENER)
        hows = {"127.0.0.7": "send-proxy", "127.0.0.8": "send-proxy-v2",
                "127.0.0.9": "send-proxy-v2 proxy-v2-options ssl,unique-id,crc32c"}
        for client, how in hows.items():
            with self.subTest(how):
                port = self.in_front_of(server, how)
                with self.connect(port, client) as dialog:
                    self.secured(dialog)
                    self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))
                    dialog.command("QUIT", 221)
                event = server.wait_event("disconnect", client=client, reason="quit")
                self.assertTrue(event["via"].startswith(f"{PROXY}:"), event)
        # Its health checks are connections of its own.
        server.wait_event("disconnect", client=PROXY)
        self.assertEqual(server.events("proxy_failed"), [])

    def test_handshakes_without_starttls(self):
        server = self.start(listeners=LISTENER + 'tls = "implicit"\n')
        with self.connect(self.in_front_of(server, "send-proxy-v2"), "127.0.0.7") as dialog:
            dialog.handshake()
            dialog.expect(220)
        server.wait_event("disconnect", client="127.0.0.7")

    def test_one_that_sends_no_header(self):
        server = self.start(listeners=LISTENER)
        with self.connect(self.in_front_of(server, "no-check"), "127.0.0.7") as dialog:
            dialog.send("EHLO client.example.net\r\n")
            self.closed_without_a_word(dialog)
        server.wait_event("proxy_failed", reason="proxy_invalid", detail="signature")


if __name__ == "__main__":
    harness.main()
