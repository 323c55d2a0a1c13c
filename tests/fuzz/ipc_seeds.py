# SPDX-License-Identifier: Apache-2.0
"""The messages between our programs, and what travels in them, as lib/ipc/wire.h packs it: seeds of
the targets that listen to one that an attacker has taken."""

import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_CUT = 0x3f  # bytes in a piece; see tests/fuzz/ipc_stream.h
COUNT = struct.Struct("<I")
NUMBER = struct.Struct("<Q")


def text(value):
    data = value.encode()
    return COUNT.pack(len(data)) + data


def fields(*values):
    return b"".join(map(text, values))


def texts(*values):
    return COUNT.pack(len(values)) + fields(*values)


def numbers(*values):
    return b"".join(map(NUMBER.pack, values))


ROW = fields("4ABC", "192.0.2.7:40000", "TLSv1.3", "mail", "a.example") + numbers(9, 1)
COPY = fields("ours.test", "info", "", "Return-Path: <>\r\n")
VERIFY = b"\2" + COUNT.pack(0)
BAN = (fields("192.0.2.0/24", "error_rate", "Too many errors", "501 errors, limit 500/10m") +
       numbers(1_700_000_000 * 10**9, 1_700_003_600 * 10**9) + COUNT.pack(2))
NETWORK = (text("2001:db8::/64") + COUNT.pack(2) + fields("connections", "connections") +
           numbers(3, 20) + text("") + fields("connection_rate", "new connections") +
           numbers(5, 300) + text("300/1m"))


def packed(data):
    return COUNT.pack(len(data)) + data


def facts(mail_from, client="192.0.2.1", cutoffs=(0, 0, 0)):
    """auth::Facts; `mail_from` is local-part and domain, or nothing; cutoffs of sender, message,
    client."""
    sender = b"\1" + fields(*mail_from) + b"\0" if mail_from else b"\0"
    return (fields(client, "helo.example") + sender + text("mx.ours.test") +
            NUMBER.pack(1_700_000_000 * 10**9) + COUNT.pack(1024) + COUNT.pack(10) + bytes(cutoffs))


def answer(name, kind, addresses=(), strings=(), exchanges=(), names=(), status=0):
    """dns::Entry; `kind` and `status` are numbers of its enumerations."""
    hosts = b"".join(b"\x0a\0" + text(host) for host in exchanges)
    return (text(name) + bytes([kind, status, 1]) + text("") + texts(*addresses) + texts(*strings) +
            COUNT.pack(len(exchanges)) + hosts + texts(*names))


A, AAAA, MX, PTR, TXT = range(5)
ANSWERS = [answer("example.org", TXT, strings=["v=spf1 mx include:a.example -all", "other"]),
           answer("a.example", TXT, strings=["v=spf1 a:%{i}._x.%{d} ptr exists:%{l}.a.example"]),
           answer("helo.example", TXT, strings=["v=spf1 redirect=a.example"]),
           answer("example.org", MX, exchanges=["mx.example.org", "mx2.example.org"]),
           answer("mx.example.org", A, addresses=["198.51.100.1", "192.0.2.1"]),
           answer("1.2.0.192.in-addr.arpa", PTR, names=["helo.example"]),
           answer("helo.example", A, addresses=["192.0.2.1"]),
           answer("mx2.example.org", A, status=3)]


def questions(*items):
    return COUNT.pack(len(items)) + b"".join(text(name) + bytes([kind]) for name, kind in items)


def judge(case, answers, open_questions=(), lost=0, of_message=0, verdicts=b""):
    return (NUMBER.pack(7) + packed(case) + COUNT.pack(len(answers)) + b"".join(answers) +
            questions(*open_questions) + COUNT.pack(lost) + COUNT.pack(of_message) +
            packed(verdicts))


SENDER = ("user", "example.org")
JOBS = {"first": judge(facts(SENDER), []), "all": judge(facts(SENDER), ANSWERS),
        "some": judge(facts(SENDER), ANSWERS[:3]),
        "rounds": judge(facts(SENDER, cutoffs=(1, 1, 1)), ANSWERS[:2]),
        "deadline": judge(facts(SENDER, cutoffs=(2, 2, 2)), []),
        "null": judge(facts(None), ANSWERS), "ipv6": judge(facts(SENDER, "2001:db8::1"), ANSWERS),
        "open": judge(facts(SENDER), ANSWERS[:2], [("helo.example", TXT), ("x.example", A)]),
        "lost": judge(facts(SENDER, cutoffs=(0, 0, 3)), ANSWERS[:3], [], 30),
        "asked": judge(facts(SENDER), ANSWERS[:1], [], 148),
        "no-facts": judge(b"", ANSWERS)}
SPF = bytes([2]) + fields("example.org", "-all matches", "4.6.2", "-all", "") + b"\1"
DKIM = (b"\0" + fields("example.org", "s", "@example.org", "rsa-sha256", "Orx+qcT8", "why",
                       "RFC 6376 section 6.1.3") + b"\2\0")
DMARC = (b"\1\0" + fields("example.org", "aligned", "5.3.5", "example.org", "example.org") +
         b"\1\2\0\0" + fields("dkim", "example.org") + b"\1")
VERDICTS = (SPF + SPF + b"\0" + fields("a.example", "why") + b"\0" + COUNT.pack(2) + DKIM + DKIM +
            COUNT.pack(3) + DMARC)
OPINION = b"\1" + text("example.org") + b"\2\3" + text("")
DMARC_OPINION = b"\1" + text("example.org") + b"\2\1\2" + b"\0\0" + text("")
# Messages by name, in the order in which a process hears them.
STREAMS = {
    "ipc_from_role": [
        ("Hello", b"\0" + text("0123abcd")), ("Confined", texts("no Landlock")),
        ("Pong", numbers(1, 2, 3, 4) + text("memory") + COUNT.pack(2) + numbers(5, 6)),
        ("Reloaded", numbers(2) + text("no")),
        ("Sessions", numbers(1) + COUNT.pack(2) + ROW + ROW), ("Drained", b""),
        ("PeerLost", VERIFY), ("PeerStuck", VERIFY),
        ("Bans", numbers(2) + fields("", "note") + COUNT.pack(2) + BAN + BAN),
        ("Limits", numbers(3) + b"\1" + text("192.0.2.0/24") + b"\1" + BAN + b"\1" +
         COUNT.pack(1) + NETWORK + COUNT.pack(1) + COUNT.pack(0) +
         fields("ban", "421 4.7.0 no", "192.0.2.0/24: administrator")),
        ("Busiest", numbers(4) + COUNT.pack(1) + NETWORK)],
    "ipc_from_supervisor": [
        ("Welcome", text("0123abcd")), ("Configure", numbers(1)), ("Listener", COUNT.pack(0)),
        ("Directory", b"\1"), ("Peer", VERIFY), ("Confine", b""), ("Serve", b""),
        ("Ping", numbers(7)), ("Reload", numbers(2)), ("ListSessions", numbers(1)),
        ("ManageBans", numbers(2) + b"\1" + text("192.0.2.0/24") + numbers(3600000) + text("why")),
        ("ManageBans", numbers(2) + b"\2" + text("192.0.2.7/32") + numbers(0) + text("")),
        ("PeerCrashed", VERIFY), ("ShowLimits", numbers(3) + text("192.0.2.7")),
        ("ListBusiest", numbers(4)),
        ("Drain", numbers(30000)), ("Ping", numbers(8)), ("Peer", VERIFY)],
    "ipc_from_smtp": [
        ("Append", numbers(1, 65536)),
        ("Deliver", numbers(1, 65536, 100) + COUNT.pack(2) + COPY + COPY +
         text("Received: x\r\n")),
        ("Discard", numbers(2)), ("SaveState", b"\1" + numbers(400))],
    "ipc_from_deliver": [
        ("Space", numbers(1 << 40)), ("Collecting", numbers(1)),
        ("Appended", numbers(1) + text("no space") + b"\1"),
        ("Delivered", numbers(1) + b"\1" + text("why") + texts("info@ours.test")),
        ("KeptState", b"\0" + numbers(16 << 20)), ("StateSaved", b"\1" + text("no space"))],
    "ipc_to_verify": [
        ("Attach", numbers(7) + b"\0" + numbers(0, 300)),
        ("Attach", numbers(7) + b"\1" + numbers(20, 1 << 20)), ("Judge", JOBS["all"]),
        ("Judge", JOBS["first"]), ("Judge", judge(facts(SENDER), ANSWERS, verdicts=VERDICTS))],
    "ipc_from_verify": [
        ("Need", numbers(7) + questions(("a.example", TXT), ("1.2.0.192.in-addr.arpa", PTR)) +
         COUNT.pack(1) + COUNT.pack(1)),
        ("Judged", numbers(7) + packed(VERDICTS))],
    "ipc_from_opinion": [
        ("Reviewed", numbers(7) + packed(OPINION + OPINION + DMARC_OPINION))],
}
# A DNS answer as dns::Answer is written: status, security, reason, and the four lists.
EMPTY = COUNT.pack(0)
STREAMS["ipc_to_resolve"] = [
    ("Resolve", numbers(1, 0) + text("example.org") + b"\4"),
    ("Resolve", numbers(2, 1 << 63) + text("1.2.0.192.in-addr.arpa") + b"\3")]
STREAMS["ipc_from_resolve"] = [
    ("Resolved", numbers(1) + b"\0\2" + text("") + EMPTY + texts("v=spf1 -all", "") + EMPTY * 2),
    ("Resolved", numbers(2) + b"\0\1" + text("") + texts("192.0.2.1", "2001:db8::1") + EMPTY * 3),
    ("Resolved", numbers(3) + b"\0\0" + text("") + EMPTY * 2 + COUNT.pack(2) +
     b"\12\0" + text("mx.example.org") + b"\0\0" + text("") + EMPTY),
    ("Resolved", numbers(4) + b"\0\0" + text("") + EMPTY * 3 + texts("mx.example.org")),
    ("Resolved", numbers(5) + b"\3\3" + text("bogus") + EMPTY * 4)]
EVERYTHING = (b"\1" + NUMBER.pack(5) + b"\1" + COUNT.pack(1) + text("k") + b"\1" + text("v") +
              COUNT.pack(1) + COUNT.pack(1) + b"\2\0" + b"\1" + STREAMS["ipc_from_role"][4][1] +
              NUMBER.pack(90000) + texts("192.0.2.0/24", "2001:db8::/32"))


def message_table():
    rows = (ROOT / "lib/ipc/messages.def").read_text(encoding="utf-8")
    found = re.findall(r"^POSTERN_MESSAGE\((\w+), (\d+), (\d), \d+\)", rows, re.MULTILINE)
    return {name: (int(number), int(fds)) for name, number, fds in found}


def ipc_seeds(messages, table, first):
    """The stream with each frame and its descriptors in a piece, and with all in one piece."""
    cuts, frames = b"", b""
    for name, body in messages:
        number, fds = table[name]
        frame = struct.pack("<IB3x", len(body), number) + body
        sizes = [min(MOST_CUT, len(frame) - at) for at in range(0, len(frame), MOST_CUT)]
        cuts += bytes([sizes[0] | fds << 6] + sizes[1:])
        frames += frame
    yield "pieces", first + bytes([len(cuts)]) + cuts + frames
    yield "whole", first + b"\0" + frames
    for name, body in messages:
        number, _ = table[name]
        yield name, first + b"\0" + struct.pack("<IB3x", len(body), number) + body
