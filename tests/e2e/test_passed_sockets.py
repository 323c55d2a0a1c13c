# SPDX-License-Identifier: Apache-2.0
"""Socket activation: listeners that the service manager passes, sd_listen_fds(3)."""
import fcntl
import socket
import unittest

import harness
from harness import MESSAGE, Dialog, Server

LISTENER = '[[listener]]\naddress = "systemd:smtp"\n'


def passing(sockets, names):
    """A prefix that executes the program with these sockets as descriptors 3 and on."""
    moves = "; ".join(f"exec {3 + index}<&{sock.fileno()}" for index, sock in enumerate(sockets))
    return ["bash", "-c", f'{moves}; export LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names} '
            'LISTEN_PID=$$; exec "$@"', "bash"]


class PassedSockets(harness.TestCase):
    def socket(self, listening=True, kind=socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as low:
            low.bind(("127.0.0.1", 0))
            if listening:
                low.listen(16)
            # A number above those under which the program gets them.
            sock = socket.socket(fileno=fcntl.fcntl(low, fcntl.F_DUPFD, 50))
        self.addCleanup(sock.close)
        return sock

    def server(self, sockets, names, listeners=LISTENER):
        server = Server(listeners=listeners, prefix=passing(sockets, names))
        server.pass_fds = [sock.fileno() for sock in sockets]
        self.stop_after(server)
        return server

    def assert_delivers(self, server, port):
        server.port = port
        with Dialog.tls(server) as dialog:
            self.assertIn("250 2.0.0", dialog.deliver(MESSAGE, "info@ours.test"))

    def test_mail_comes_through_a_passed_socket(self):
        sock = self.socket()
        server = self.server([sock], "smtp").start()
        self.assert_delivers(server, sock.getsockname()[1])

    def test_several_sockets_of_one_name(self):
        sockets = [self.socket(), self.socket()]
        server = self.server(sockets, "smtp:smtp").start()
        for sock in sockets:
            self.assert_delivers(server, sock.getsockname()[1])

    def test_beside_a_listener_of_our_own(self):
        sock = self.socket()
        own = LISTENER + '[[listener]]\naddress = "127.0.0.1:{port}"\n'
        server = self.server([sock], "smtp", own).start()
        self.assert_delivers(server, server.port)
        self.assert_delivers(server, sock.getsockname()[1])

    def refused(self, server, *texts):
        server.launch()
        self.assertEqual(server.process.wait(30), 78)
        for text in texts:
            self.assertIn(text, server.log())

    def test_a_socket_that_no_listener_names(self):
        self.refused(self.server([self.socket(), self.socket()], "smtp:other"),
                     "a socket named other was passed", "systemd:other")

    def test_a_listener_without_its_socket(self):
        self.refused(self.server([self.socket()], "other"),
                     "systemd:smtp: no socket of that name was passed")

    def test_a_socket_that_does_not_listen(self):
        self.refused(self.server([self.socket(listening=False)], "smtp"), "not a listening TCP")

    def test_a_datagram_socket(self):
        udp = self.socket(listening=False, kind=socket.SOCK_DGRAM)
        self.refused(self.server([udp], "smtp"), "not a listening TCP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
