# SPDX-License-Identifier: Apache-2.0
"""A server that takes mail makes no connection and sends no datagram, whatever becomes of
postern-smtp: all packets of its network namespace are recorded.

The namespaces are made here: that of the server and that of its clients, joined by a veth. In
neither the loopback is up, so 127.0.0.0/8, to which alone the load client sends, goes over it too.
"""
import contextlib
import ctypes
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import check_attacks
import harness
import live
from test_roles import Load

SERVER, CLIENT = "127.9.0.1", "127.9.0.2"
ACTS = [act for act in check_attacks.read_acts(harness.SOURCE) if act.group == "network"]
SYN, ACK = 0x02, 0x10
ETH_P_ALL, PACKET_OUTGOING = 3, 4
CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE = 33  # whatever net.core.rmem_max is
MESSAGES = 200


def run(*words):
    subprocess.run([str(word) for word in words], check=True)


class Namespace:
    """It lives as long as a process that waits in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.path = f"/proc/{self.holder.pid}/ns/net"
        self.prefix = ["nsenter", f"--net={self.path}"]

    @contextlib.contextmanager
    def entered(self):
        """What this thread opens meanwhile belongs there."""
        with open("/proc/thread-self/ns/net", "rb") as ours, open(self.path, "rb") as theirs:
            set_namespace(theirs.fileno())
            try:
                yield
            finally:
                set_namespace(ours.fileno())

    def address(self, interface, address):
        run(*self.prefix, "sh", "-c",
            f"echo 1 >/proc/sys/net/ipv4/conf/{interface}/route_localnet")
        run(*self.prefix, "ip", "address", "add", f"{address}/24", "dev", interface)
        run(*self.prefix, "ip", "link", "set", interface, "up")

    def close(self):
        self.holder.communicate()


def set_namespace(descriptor):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def describe(packet):
    """(protocol, flags of TCP, ports) of an IP packet; protocol 0 of another."""
    if packet[:1] and packet[0] >> 4 == 4:
        protocol, header = packet[9], (packet[0] & 15) * 4
    elif packet[:1] and packet[0] >> 4 == 6:
        protocol, header = packet[6], 40
    else:
        return 0, 0, b""
    flags = packet[header + 13] if protocol == socket.IPPROTO_TCP else 0
    return protocol, flags, packet[header:header + 4]


class Recorder:
    """Of all interfaces of a namespace, from its beginning."""

    def __init__(self, namespace):
        # Connections by their ports: a SYN may be sent again.
        self.outbound, self.inbound, self.datagrams = set(), set(), 0
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                        socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.settimeout(0.1)
        self.going_on = True
        self.thread = threading.Thread(target=self.record)
        self.thread.start()

    def record(self):
        while self.going_on:
            with contextlib.suppress(TimeoutError):
                packet, (_, _, direction, _, _) = self.socket.recvfrom(128)
                self.note(describe(packet), direction == PACKET_OUTGOING)

    def note(self, packet, outgoing):
        protocol, flags, ports = packet
        if protocol == socket.IPPROTO_TCP and flags & (SYN | ACK) == SYN:
            (self.outbound if outgoing else self.inbound).add(ports)
        if protocol not in (0, socket.IPPROTO_TCP, socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            self.datagrams += outgoing

    def dropped(self):
        """Packets that the recorder was too slow for."""
        statistics = self.socket.getsockopt(263, 6, 8)  # SOL_PACKET, PACKET_STATISTICS
        return struct.unpack("II", statistics)[1]

    def close(self):
        self.going_on = False
        self.thread.join()
        self.socket.close()


class NoOutbound(harness.TestCase):
    def setUp(self):
        self.ours, self.theirs = Namespace(), Namespace()
        for namespace in (self.ours, self.theirs):
            self.addCleanup(namespace.close)
        run(*self.ours.prefix, "ip", "link", "add", "postern0", "type", "veth", "peer", "name",
            "postern1", "netns", self.theirs.holder.pid)
        self.recorder = Recorder(self.ours)
        self.addCleanup(self.recorder.close)
        self.ours.address("postern0", SERVER)
        self.theirs.address("postern1", CLIENT)
        directory = pathlib.Path(tempfile.mkdtemp(dir=harness.shared_directory()))
        with self.theirs.entered():
            self.scene = live.Scene(directory, CLIENT)
        self.addCleanup(self.scene.close)
        self.server = live.LiveServer(
            harness.EXEMPT, prefix=self.ours.prefix,
            listeners=f'[[listener]]\naddress = "{SERVER}:{{port}}"\n')
        self.stop_after(self.server)
        self.server.start()

    def start_load(self):
        load = Load(self.server, size=3000, address=SERVER, prefix=self.theirs.prefix)
        self.addCleanup(load.process.stdout.close)
        self.addCleanup(load.process.kill)
        load.wait_for_more(MESSAGES)
        return load

    def assert_silent(self, when):
        self.assertEqual((self.recorder.outbound, self.recorder.datagrams), (set(), 0), when)

    def connect_on_purpose(self):
        """The recorder sees what it is to see, and behind all that was before it."""
        address = (CLIENT, self.scene.port())
        with self.ours.entered():
            tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with tcp, udp:
            tcp.connect(address)
            udp.sendto(b"x", address)
            harness.wait_for(lambda: self.recorder.datagrams, "the datagram")
            ours = struct.pack("!HH", tcp.getsockname()[1], self.scene.port())
        self.assertEqual((self.recorder.outbound, self.recorder.datagrams), ({ours}, 1))

    def test_smtp_connects_to_nobody(self):
        load = self.start_load()
        self.assert_silent("under load")
        self.assertGreater(len(self.recorder.inbound), 0)
        names = [act.name for act in ACTS]
        outcomes, dead = live.attack(self.server, self.scene, "smtp", names)
        self.assertEqual(outcomes, {act.name: act.outcomes["smtp"] for act in ACTS})
        load.wait_for_more()
        self.assert_silent("after all attempts")
        self.assertEqual(live.count_waiting(self.scene.server), 0)
        _, result = load.finish()
        self.assertTrue(result.ok(), result)
        self.connect_on_purpose()
        harness.wait_for(lambda: live.count_waiting(self.scene.server), "our own connection")
        self.assertEqual(self.recorder.dropped(), 0)
        print(f"{len(self.recorder.inbound)} connections came in, {len(names)} ways out tried, "
              f"{len(dead)} processes killed; outbound SYNs and datagrams but our own two: 0")


def why_not():
    missing = [tool for tool in ("ip", "unshare", "nsenter") if not shutil.which(tool)]
    return live.why_not() or (f"missing: {missing}" if missing else no_namespace())


def no_namespace():
    """Why root can make none, as in some containers; None: it can."""
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or f"unshare: {done.returncode}" if done.returncode else None


def main():
    if reason := why_not():
        print("the namespaces cannot be made here:", reason)
        sys.exit(live.CANNOT_RUN)
    harness.main()


if __name__ == "__main__":
    main()
