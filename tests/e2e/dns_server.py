# SPDX-License-Identifier: Apache-2.0
"""A DNS server that does what a test says, where a real one would not: silence, junk, delay.

    with DnsServer(lambda query: answer(query, txt("v=spf1 -all"))) as server:
        ... server.endpoint ...          # "127.0.0.1:PORT", UDP and TCP

A script gets one query and gives the message to send back, or None for no answer ever.
"""
import asyncio
import collections
import dataclasses
import os
import socket
import struct
import threading

import nsd

# A question is given up after eight attempts at each server, which are done within two seconds when
# that has answered others fast; with so many servers it is asked for half a minute.
SERVERS_FOR_LONG = 4
TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}
CODES = {name: code for code, name in TYPES.items()}
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5
MOST_BY_UDP = 1232  # octets; what the resolver library announces
HEADER = struct.Struct(">HHHHHH")


@dataclasses.dataclass
class Query:
    name: str  # in lower case
    type: str
    tcp: bool
    message: bytes
    question: bytes  # the section as it came


def read_query(message, tcp):
    labels, at = [], HEADER.size
    while size := message[at]:
        labels.append(message[at + 1:at + 1 + size].decode("latin-1").lower())
        at += size + 1
    number = int.from_bytes(message[at + 1:at + 3], "big")
    return Query(".".join(labels), TYPES.get(number, str(number)), tcp, message,
                 message[HEADER.size:at + 5])


def wire_name(name):
    labels = name.strip(".").split(".") if name.strip(".") else []
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


# Records, as (type, data, owner); without an owner they are of the name asked.

def txt(text, owner=None):
    octets = text.encode("latin-1")
    strings = [octets[at:at + 255] for at in range(0, len(octets), 255)] or [b""]
    return "TXT", b"".join(bytes([len(string)]) + string for string in strings), owner


def a(address, owner=None):
    return "A", socket.inet_aton(address), owner


def mx(host, preference=10):
    return "MX", struct.pack(">H", preference) + wire_name(host), None


def ptr(name):
    return "PTR", wire_name(name), None


def cname(target, owner=None):
    return "CNAME", wire_name(target), owner


def answer(query, *records, code=0):
    """By UDP only what fits; the rest is asked for by TCP. Records of other types are left out."""
    records = [record for record in records if record[0] in (query.type, "CNAME")]
    body = b"".join(
        (b"\xc0\x0c" if owner is None else wire_name(owner)) +
        struct.pack(">HHIH", CODES[kind], 1, 60, len(data)) + data for kind, data, owner in records)
    cut = not query.tcp and HEADER.size + len(query.question) + len(body) > MOST_BY_UDP
    count, body = (0, b"") if cut else (len(records), body)
    flags = 0x8580 | code | (0x0200 if cut else 0)
    return query.message[:2] + HEADER.pack(0, flags, 1, count, 0, 0)[2:] + query.question + body


# Answers that do not help, made from a good one.
MISDEEDS = {
    "servfail": lambda query, reply: answer(query, code=SERVFAIL),
    "refused": lambda query, reply: answer(query, code=REFUSED),
    "formerr": lambda query, reply: answer(query, code=1),
    "notimp": lambda query, reply: answer(query, code=4),
    "strange": lambda query, reply: answer(query, code=11),
    "silent": lambda query, reply: None,
    "empty": lambda query, reply: b"",
    "short": lambda query, reply: reply[:7],
    "header": lambda query, reply: reply[:12],
    "half": lambda query, reply: reply[:-3],
    "noise": lambda query, reply: os.urandom(300),
    "behind": lambda query, reply: reply[:2] + os.urandom(300),
    "other": lambda query, reply: reply[:13] + bytes([reply[13] ^ 1]) + reply[14:],
    "number": lambda query, reply: bytes([reply[0] ^ 1]) + reply[1:],
    "query": lambda query, reply: query.message,
    "strings": lambda query, reply: answer(query, ("TXT", b"\xffshort", None)),
    "alias": lambda query, reply: answer(query, ("CNAME", b"\xc0\x0c", None)),
    "pointer": lambda query, reply: answer(query, ("CNAME", b"\x01a\xc0\xff", None)),
    "always": lambda query, reply: truncated(query),
}


def truncated(query):
    return query.message[:2] + b"\x87\x80" + query.message[4:6] + bytes(6) + query.question


def misbehave(kind, query, *records):
    return MISDEEDS[kind](query, answer(query, *records))


def forwarding(endpoint):
    """A script that has another server answer."""
    address, port = endpoint.split(":")

    def forward(query):
        kind = socket.SOCK_STREAM if query.tcp else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.settimeout(5)
            sock.connect((address, int(port)))
            if not query.tcp:
                sock.send(query.message)
                return sock.recv(65535)
            sock.sendall(len(query.message).to_bytes(2, "big") + query.message)
            stream = sock.makefile("rb")
            return stream.read(int.from_bytes(stream.read(2), "big"))
    return forward


class DnsServer(asyncio.DatagramProtocol):
    """Answers in a thread of its own, each query `delay` seconds after it came. Script and delay
    may be replaced at any time."""

    def __init__(self, script, delay=0.0, port=None):
        self.script = script
        self.delay = delay
        self.port = port or nsd.free_port("127.0.0.1")
        self.endpoint = f"127.0.0.1:{self.port}"
        self.queries = []
        self.udp = self.tcp = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.ready = threading.Event()

    def count(self, name, kind=None):
        return sum(query.name == name and kind in (None, query.type) for query in self.queries)

    def names(self, kind):
        """How often each name was asked."""
        return collections.Counter(query.name for query in self.queries if query.type == kind)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        self.ready.set()
        self.loop.run_forever()

    async def listen(self):
        self.udp, _ = await self.loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port))
        udp = self.udp.get_extra_info("socket")
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.tcp = await asyncio.start_server(self.on_connection, "127.0.0.1", self.port)

    def reply_to(self, message, tcp):
        query = read_query(message, tcp)
        self.queries.append(query)
        return self.script(query)

    def datagram_received(self, data, addr):
        reply = self.reply_to(data, False)
        if reply is not None:
            self.loop.call_later(self.delay, self.udp.sendto, reply, addr)

    async def on_connection(self, reader, writer):
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                reply = self.reply_to(await reader.readexactly(size), True)
                if reply is not None:
                    await asyncio.sleep(self.delay)
                    writer.write(len(reply).to_bytes(2, "big") + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def start(self):
        self.thread.start()
        if not self.ready.wait(10):
            raise AssertionError("the DNS server does not start")
        return self

    async def close(self):
        self.tcp.close()
        self.udp.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()
