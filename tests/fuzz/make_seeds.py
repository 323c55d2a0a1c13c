#!/usr/bin/python3
"""Writes the seeds of all fuzz targets into a folder: FOLDER/TARGET/NAME.

    tests/fuzz/make_seeds.py build/fuzz/seeds

What stands in tests/fuzz/corpus/TARGET is the least that reaches all that these seeds and the finds
of long runs reach; to renew it: ./dev campaign fuzz --merge [--only TARGET]
"""

import itertools
import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/auth/spf"), str(ROOT / "tests/auth/dkim")]
import rules_test as dkim_rules
from ipc_seeds import (ANSWERS, DMARC_OPINION, EVERYTHING, JOBS, OPINION, SENDER, STREAMS, TXT,
                       VERDICTS, answer, facts, ipc_seeds, judge, message_table)
from suites_test import SUITES, scenarios

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{"}
REPETITION = re.compile(r"\{(.*)\*(\d+)\}")
MOST_DKIM = 6000  # bytes of a signed message
MOST_REPEATED = 2000  # bytes; what is longer only makes a fuzzer slow


def unescape(line):
    def repeat(match):
        return match[1] * min(int(match[2]), MOST_REPEATED // max(len(match[1]), 1))

    line = REPETITION.sub(repeat, line)
    result, at = b"", 0
    while at < len(line):
        if line[at] != "\\":
            result += line[at].encode()
            at += 1
        elif line[at + 1] == "x":
            result += bytes([int(line[at + 2:at + 4], 16)])
            at += 4
        else:
            result += ESCAPES[line[at + 1]]
            at += 2
    return result


def dialogs():
    """Name, what is sent in clear, what is sent in TLS, and the settings that matter."""
    for path in sorted((ROOT / "tests/dialogs").glob("*/*.smtp")):
        clear, secret, secure, choices = b"", b"", False, 0
        for line in path.read_text(encoding="utf-8").splitlines():
            data = b""
            if line.startswith("C: "):
                data = line[3:].encode() + b"\r\n"
            elif line.startswith("C> "):
                data = unescape(line[3:])
            elif line == "@secure":
                data, secure = b"EHLO client.example.net\r\n", True
                clear = b"EHLO client.example.net\r\nSTARTTLS\r\n"
            elif line == "@tls":
                secure = True
            elif line.startswith("@config"):
                choices |= 1 if "normalize" in line else 2
            elif line == "@eof":
                choices |= 8
            elif line == "@shutdown":
                choices |= 16
            elif line.startswith("@give-way"):
                choices |= 32
            if secure:
                secret += data
            else:
                clear += data
        yield f"{path.parent.name}-{path.stem}", clear, secret, choices


def session_seeds():
    for name, clear, secret, choices in dialogs():
        clear = clear[:255]
        yield name, bytes([choices, len(secret) % 256, len(clear)]) + clear + secret
    for sender in ["nodata", "noheader", "nomessage", "end"]:
        for message in [b"DATA\r\na: b\r\n\r\nc\r\n.\r\n",
                        b"BDAT 4\r\na:\r\nBDAT 4 LAST\r\n\r\nc\r", b"BDAT 4 LAST\r\na:\r\n"]:
            secret = (b"EHLO client.example.net\r\nMAIL FROM:<%s@example.net>\r\n"
                      b"RCPT TO:<info@ours.test>\r\n%sNOOP\r\n" % (sender.encode(), message))
            yield f"{sender}-{len(message)}", b"\4\7\0" + secret
    for recipient in ["last", "refuselast"]:
        for message in [b"DATA\r\na: b\r\n\r\nc\r\n.\r\n",
                        b"BDAT 8 LAST\r\na: b\r\n\r\n", b"RSET\r\n"]:
            secret = (b"EHLO client.example.net\r\nMAIL FROM:<a@example.net>\r\n"
                      b"RCPT TO:<%s@ours.test>\r\n%sNOOP\r\n" % (recipient.encode(), message))
            yield f"{recipient}-{len(message)}", b"\4\7\0" + secret
    clear = b"EHLO notls.example.net\r\nSTARTTLS\r\nRSET\r\nEHLO a\r\nSTARTTLS\r\n"
    yield "handshake-refused", bytes([4, 7, len(clear)]) + clear + b"EHLO a\r\n"
    # Replies that are not read pass the limit on them.
    yield "many-replies", b"\4\0\0" + b"HELP\r\n" * 400
    yield "shutdown-in-handshake", b"\20\0\12STARTTLS\r\n"


def command_line_seeds():
    for name, clear, secret, _ in dialogs():
        for number, line in enumerate(re.findall(rb"[^\n]*\n", clear + secret)):
            yield f"{name}-{number}", bytes([number & 1, number & 255]) + line
        yield name, b"\1\5" + clear + secret


def address_seeds():
    for name, _, secret, _ in dialogs():
        for number, path in enumerate(re.findall(rb"(?:FROM|TO): ?(<[^\r\n]*)", secret)):
            yield f"{name}-{number}", path
            yield f"{name}-{number}-mailbox", path.split(b">")[0][1:]
    for number, domain in enumerate([
            "[IPv6:1:2:3::6:7:8]", "[IPv6:::ffff:192.0.2.1]", "[IPv6:1:2:3:4:5:6:192.0.2.001]",
            "b\u00fccher.example", "B\u00dcCHER\u3002example", "xn--bcher-kva.\u0440\u0444"]):
        yield f"domain-{number}", f"<@{domain},@a:\"\u00fc \\\"\"@{domain}> \u00fc".encode()
        yield f"domain-{number}-mailbox", f"\u00fc.a@{domain}".encode()


def body_seeds():
    for name, _, secret, choices in dialogs():
        for number, body in enumerate(re.split(rb"DATA\r\n", secret)[1:]):
            yield f"{name}-{number}", bytes([choices & 1, number]) + body


def header_seeds():
    for name, _, secret, _ in dialogs():
        for number, body in enumerate(re.split(rb"DATA\r\n", secret)[1:]):
            yield f"{name}-{number}", bytes([number, 1]) + body
    for number, header in enumerate([
            b"Received: a\r\n b\r\nReceived \t: c\r\nX-Received:\r\nreceived:\r\n\r\nReceived:\r\n",
            b"A: b\r\n\rabc\n\r\nno field\r\n: c\r\nD\xc3: e\r\n \r\nF:\ng\rh\r\n\r\n",
            b"Delivered-To: (a) <info@ours.test>\r\nReturn-Path:\r\n <>\r\nSubject: x",
            b"a text without header\r\nReceived: b\r\n", b" folded\r\nA: b\r\n\r\n"]):
        yield f"header-{number}", bytes([number, 0x55]) + header


FROM_VALUES = r"""
 a@good.example
Ann B. <a.b@Good.Example> (Ann), "B, Ann\\" (x)"\r\n\t<"a b"."c\\d"@[192.0.2.1]>,,
((a) <x@evil.example>) \r\n a(1) . "b" @ (2)x . example
undisclosed-recipients:;
G: A <a@x.example>, ,b@[IPv6: 2001:db8::1];, H (c):;, c@z.example
N <,@y.example,,@[192.0.2.1], (c) :a@x.example>
M\xc3\xbcller <m\xc3\xbc@b\xc3\xbccher\xe3\x80\x82example>
=?utf-8?q?M=C3=BCller?= =?x?b?eA==?= <a@xn--bcher-kva.example>
<a@good.example> <b@evil.example>
a@good.example;b@evil.example
"a@evil.example>,\\""@good.example
"\x1b$B\x01\\\x02" <a@x.example>
a@good.example\0@evil.example
((((((((((((((((((((((a
a@x_y.example, <>, "open
G\xef (\xff): M\xfcller <a@x.example>;, b@y.example
""".strip("\n").splitlines()


def from_seeds():
    for number, value in enumerate(FROM_VALUES):
        yield f"value-{number}", unescape(value)


AUTH_RESULTS = r"""
 mx.ours.test; none
 "MX.ours.te\\st" (a (b)) 1 ; spf=pass smtp.helo=x
\r\n (c) mx . ours (\\)) .\r\n\ttest.; dkim=fail reason="a;b" header.d=x.example
 mx.other.test (mx.ours.test); spf=pass smtp.mailfrom="mx.ours.test"
 mx.ours.test/1; none
 mx.other.test mx.ours.test; none
 <mx.ours.test>
 "mx.ours.test; none
 =?utf-8?q?mx.ours.test?=; none
 \xef\xbd\x8d\xef\xbd\x98\xe3\x80\x82ours.test 1; none
 m\xc3\xbcller m\xfc; none
((((((((((((((((((((((mx.ours.test
""".strip("\n").splitlines()
AUTH_VALUES = [b"", b"a.example", b"a b@a.example", b"a+b@a.example", b'"\\";=()', b"\r\nX: \0y",
               b"b\xc3\xbccher@a.example", b"\xff", b"\\" * 250]


def auth_results_seeds():
    for number, value in enumerate(AUTH_RESULTS):
        yield f"claim-{number}", b"\0\3why\1x" + unescape(value)
    for number, value in enumerate(AUTH_VALUES):
        text = bytes([len(value)]) + value
        yield f"value-{number}", bytes([number & 1]) + text + text + b"mx.ours.test"
        yield f"utf8-{number}", b"\1" + text + text
        for copies in [1, 2, 3]:
            yield f"signed-{number}-{copies}", bytes([copies << 1]) + text + text


def folded(tokens):
    """As lib/mail/folded.cc has it."""
    lines = [tokens[0]]
    for token in tokens[1:]:
        if len(lines[-1]) + 1 + len(token) <= 78:
            lines[-1] += " " + token
        else:
            lines.append("\t" + token)
    return "\n".join(lines) + "\n"


def stored_trace_seeds():
    """What the server writes, in all its forms, and what comes near."""
    results = "Authentication-Results: mx.ours.test;\n spf=pass smtp.mailfrom=a@example.net\n"
    begins = [["client.example.net", "([192.0.2.7])"],
              ["[IPv6:2001:db8::1]", "([IPv6:2001:db8::1])"]]
    ends = [["ESMTPS", "(TLSv1.3", "TLS_AES_256_GCM_SHA384)", "id", "4ABC.1", "for",
             "<info@ours.test>;"],
            ["UTF8SMTPS", "(TLSv1.2", "X)", "(REQUIRETLS)", "id", "4ABC.1;"],
            ["SMTP", "id", "4ABC.1;"]]
    for number, (begin, end, middle, path) in enumerate(itertools.product(
            begins, ends, [results, ""], ["<a@example.net>", "<>", "<j\u00fcrgen@example.net>"])):
        received = folded(["Received:", "from", *begin, "by", "mx.ours.test", "with", *end,
                           "Sat, 21 Nov 2026 21:03:00 +0000"])
        text = f"Return-Path: {path}\nDelivered-To: info@ours.test\n{middle}{received}"
        yield f"block-{number}", f"{text}Subject: x\n\ntext\n".encode()
    yield "twice", text.encode() * 2
    yield "no-header", text.encode() + b"\ntext\n"
    yield "spaces", text.encode().replace(b" ", b"  ")


def proxy_block(command, family, block):
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", command, family, len(block)) + block


def proxy_headers():
    line = b"PROXY %s %s %s 40000 25\r\n"
    yield "v1-tcp4", line % (b"TCP4", b"192.0.2.7", b"192.0.2.1")
    yield "v1-tcp6", line % (b"TCP6", b"2001:db8::7", b"2001:db8::1")
    yield "v1-mapped", line % (b"TCP6", b"::ffff:192.0.2.7", b"::1")
    yield "v1-zero", line % (b"TCP4", b"0.0.0.0", b"192.0.2.1")
    yield "v1-group", line % (b"TCP6", b"ff02::1", b"::1")
    yield "v1-unknown", b"PROXY UNKNOWN\r\n"
    yield "v1-long", b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n"
    yield "v1-bare", b"PROXY UNKNOWN\n"
    ports = struct.pack(">HH", 40000, 25)
    from4 = bytes([192, 0, 2, 7, 192, 0, 2, 1]) + ports
    from6 = (b"\x20\x01\x0d\xb8" + bytes(11) + b"\x07") * 2 + ports
    mapped = (bytes(10) + b"\xff\xff\xc0\x00\x02\x07") * 2 + ports
    extras = b"\x04\x00\x02xy" + b"\x20\x00\x05\x01\x00\x00\x00\x00"
    yield "v2-tcp4", proxy_block(0x21, 0x11, from4)
    yield "v2-tcp6", proxy_block(0x21, 0x21, from6 + extras)
    yield "v2-mapped", proxy_block(0x21, 0x21, mapped)
    yield "v2-local", proxy_block(0x20, 0x00, b"")
    yield "v2-unspec", proxy_block(0x21, 0x00, extras)
    yield "v2-unix", proxy_block(0x21, 0x31, bytes(216))
    yield "v2-short", proxy_block(0x21, 0x21, from4)
    yield "v2-long", proxy_block(0x20, 0x00, b"")[:-2] + b"\x10\x01"
    yield "v2-overrun", proxy_block(0x21, 0x11, from4 + b"\x04\x00\x09x")
    # CRC-32C of the header with zeros in its place.
    yield "v2-checksum", proxy_block(0x21, 0x11, from4 + b"\x04\x00\x02xy"
                                     b"\x03\x00\x04\xf1\xb5\x94\x40")
    yield "v2-wrong-checksum", proxy_block(0x21, 0x11, from4 + b"\x03\x00\x04\x00\x00\x00\x00")
    yield "v2-checksums", proxy_block(0x21, 0x11, from4 + b"\x03\x00\x04\x00\x00\x00\x00" * 2)


def proxy_seeds():
    for number, (name, header) in enumerate(proxy_headers()):
        yield name, bytes([number]) + header + b"EHLO client.example.net\r\n"


MINIMAL = b"""config_version = 1
hostname = "mx.example.org"
[[listener]]
address = "127.0.0.1:2525"
[[tls.certificate]]
chain = "tls/fullchain.pem"
key = "tls/privkey.pem"
[[domain]]
name = "example.org"
"""


CONFIG_MISTAKES = [text.encode() for text in r"""
mailboxes_file = "example.org.mailboxes"
aliases = { info = "postmaster", postmaster = "info", abuse = "nobody", ABUSE = "postmaster" }
catch_all = "nobody"
spoof_protection = "reject"
[[domain]]
name = "b\u00fccher.example"
mailboxes = ["info", "Info", "../x", 5]
catch_all = "info"
[[domain]]
name = "empty.example"
---
[limits]
ban_for = "8d"
ban_max = "7d"
tracked_networks = 1000
total_connections = 10000
exempt = ["192.0.2.0/24", "2001:db8::/32", "192.0.2.1/24", 7]
ipv4_prefix = 24
[limits.wide]
ipv4_prefix = 24
ipv6_prefix = 128
---
[dns]
timeout = "30s"
local_data = ['demo.test. 60 IN TXT "v=spf1 -all"', 'demo.test A 192.0.2', 5]
[auth]
deadline = "31s"
[[auth.dmarc.exception]]
until = "2020-02-30"
reason = " "
[[auth.dmarc.exception]]
network = "0.0.0.0/0"
until = "2020-02-29"
reason = "\u009b"
[[auth.dmarc.exception]]
dkim_domain = "B\u00dcCHER.example"
until = 2027-06-30
reason = "a list"
---
[spool]
directory = "/var/lib/postern/mail"
min_free = "1E"
[state]
directory = "/var/lib/postern/mail/state"
[control]
socket = "run/x"
---
[[listener]]
address = "systemd:smtp"
proxy_protocol_from = ["192.0.2.0/24", "::/0"]
allow = ["198.51.100.0/24"]
deny = ["198.51.100.7", "x"]
[tls]
refusal_text = "T\u00dcR"
min_version = 1.2
[smtp]
command_timeout = "5 m"
max_message_size = 26214400
min_data_rate = "99999999999999999999"
---
x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
y = { a = { b = 1979-05-27T07:32:00Z, c = 07:32:00, d = inf, "\u001b" = true } }
""".split("---\n")]


def config_seeds():
    contract = (ROOT / "tests/unit/config/contract.conf").read_bytes()
    yield "contract", contract
    sections = re.split(rb"\n(?=\[)", re.sub(rb" +#[^\n]*", b"", contract))
    for number, section in enumerate(sections[1:]):
        yield f"section-{number}", MINIMAL + b"mailboxes = ['postmaster']\n" + section + b"\n"
    table = MINIMAL + b"mailboxes_file = 'example.org.mailboxes'\n"
    yield "table", table + b"\0# people\npostmaster\ninfo\n"
    yield "bad-table", table + b"\0postmaster\n../x\ninfo\nINFO\n\x9b\n"
    yield "mistakes", b"hostnam = 1\n[smtp]\nmax_recipients = '5'\n[limits]\nconnections = 1.5\n"
    for number, text in enumerate(CONFIG_MISTAKES):
        yield f"mistake-{number}", MINIMAL + b"mailboxes = ['postmaster']\n" + text
    yield "system", MINIMAL + b"""mailboxes = ['postmaster']
[dns]
servers = ["127.0.0.1:53", "[::1]:53", "system", "127.0.0.1:0"]
\0; a comment
nameserver\t127.0.0.53
nameserver x
nameserver fe80::1%1
nameserver
"""
    yield "syntax", b"a = [1, { b = 1979-05-27T07:32:00Z }\n"


def spf_records():
    """Every text of the suites of SPF, named by its number."""
    texts = {value for name, _, _ in SUITES for zone, _ in scenarios(ROOT / "tests/auth/spf" / name)
             for records in zone.names.values() for kind, value in records if kind == "TXT"}
    return enumerate(sorted(texts))


def spf_record_seeds():
    for number, data in spf_records():
        yield str(number), data.split(b" ", 1)[-1]


def spf_macro_seeds():
    for number, data in spf_records():
        for place, term in enumerate(data.split(b" ")):
            if b"%" in term or b"." in term:
                yield f"{number}-{place}", b"\4a-b." + re.split(rb"[:=]", term, 1)[-1]
        yield f"{number}", b"\1x" + data


def spf_eval_seeds():
    for name, _, _ in SUITES:
        for zone, tests in scenarios(ROOT / "tests/auth/spf" / name):
            answers = "\n".join(zone.text().splitlines()[1:-1])
            for test, data in tests.items():
                local, _, domain = (data["mailfrom"] or data["helo"]).rpartition("@")
                lines = [str(data["host"]), data["helo"], local, domain, answers]
                yield f"{name[:7]}-{test}", b"\1" + "\n".join(lines).encode()


DMARC_RECORDS = [
    "v=DMARC1; p=quarantine; sp=none; ri=86400; rf=afrf; fo=1:d:s; pct=50; adkim=s; aspf=r; "
    "rua=mailto:a@x.example!10m,mailto:b@x.example",
    "v=DMARC1; p=none; ri=1234567890; fo=x", "v=DMARC1; p=reject; rua=mailto:%41@x.example,x%4",
    "v=DMARC1; p=quarantine; ruf=mailto:" + "a" * 300 + "@x.example", "v=DMARC1; p=reject; t=y"]


def dmarc_record_case(record):
    return (f'zone _dmarc.example.org. TXT "{record[:255]}" "{record[255:]}"\n'
            "spf pass mail.example.org\ndkim pass example.org\n"
            "header From: Ann <ann@example.org>").encode()


def second_opinion_seeds():
    for number, record in enumerate(DMARC_RECORDS):
        yield f"record-{number}", b"#\n" + dmarc_record_case(record)
    for name, case in spf_eval_seeds():
        yield name, case[1:]
    for name, case in dmarc_walk_seeds():
        yield name, b"#\n" + case[1:]


def dmarc_cases():
    return sorted((ROOT / "tests/verify/dmarc").glob("*.case"))


def dmarc_record_seeds():
    for path in dmarc_cases():
        for number, record in enumerate(re.findall(rb'TXT "(.*)"', path.read_bytes())):
            yield f"{path.stem}-{number}", record.replace(b'" "', b"").removeprefix(b"v=DMARC1;")
            yield f"{path.stem}-{number}-whole", record


def dmarc_walk_seeds():
    for number, record in enumerate(DMARC_RECORDS):
        yield f"record-{number}", b"\1" + dmarc_record_case(record)
    for path in dmarc_cases():
        lines = path.read_bytes().split(b"\n")
        given = (b"zone", b"dead", b"spf", b"dkim", b"header")
        yield path.stem, b"\1" + b"\n".join(line for line in lines if line.startswith(given))


def answer_text_seeds():
    for name, _, _ in SUITES:
        for number, (zone, _) in enumerate(scenarios(ROOT / "tests/auth/spf" / name)):
            yield f"{name[:7]}-{number}", "\n".join(zone.text().splitlines()[1:-1]).encode()
    yield "mistake", b"; why\n\na.example A unknown records 192.0.2.1\na.example A unknown nodata\n"


def dns_name(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def dns_message(kind, records, flags=0x8180, name="example.org"):
    """An answer; `records` are pairs of a type and data, or whole records as bytes."""
    rows = [row if isinstance(row, bytes) else
            b"\xc0\x0c" + struct.pack(">HHIH", row[0], 1, 60, len(row[1])) + row[1]
            for row in records]
    return (struct.pack(">HHHHHH", 7, flags, 1, len(rows), 0, 0) + dns_name(name) +
            struct.pack(">HH", kind, 1) + b"".join(rows))


def dns_message_seeds():
    """First byte: the place of the type in dns::Type (A, AAAA, MX, PTR, TXT)."""
    v4, v6 = bytes([192, 0, 2, 1]), b"\x20\x01\x0d\xb8" + bytes(11) + b"\1"
    alias = (5, b"\1b\xc0\x0c")
    behind = dns_name("b.example.org") + struct.pack(">HHIH", 1, 1, 60, 4) + v4
    for name, first, data in [
            ("a", 0, dns_message(1, [(1, v4), (1, v4)])),
            ("aaaa", 1, dns_message(28, [(28, v6), (28, bytes(10) + b"\xff\xff" + v4)])),
            ("mx", 2, dns_message(15, [(15, b"\0\12\2mx\xc0\x0c"), (15, b"\0\0\0")])),
            ("ptr", 3, dns_message(12, [(12, b"\2mx\xc0\x0c"), (12, b"\3a.b\0")])),
            ("txt", 4, dns_message(16, [(16, b"\7v=spf1 \0\4-all"), (16, b"\0")])),
            ("alias", 0, dns_message(1, [alias, behind])),
            ("alias-loop", 0, dns_message(1, [(5, b"\xc0\x0c")])),
            ("alias-only", 0, dns_message(1, [alias], 0x8183)),
            ("nxdomain", 0, dns_message(1, [], 0x8183)),
            ("servfail", 0, dns_message(1, [], 0x8182)),
            ("truncated", 0, dns_message(1, [], 0x8380)),
            ("pointer-loop", 0, dns_message(1, [b"\xc0\x1d" + bytes(10)])),
            ("pointer-forward", 0, dns_message(1, [b"\xff\xff" + bytes(10)])),
            ("long-name", 3, dns_message(12, [(12, (b"\x3f" + b"a" * 63) * 4 + b"\0")])),
            ("short-txt", 4, dns_message(16, [(16, b"\5text")])),
            ("short-a", 0, dns_message(1, [(1, v4[:3])])),
            ("other-name", 0x80, dns_message(1, [(1, v4)], name="example.net"))]:
        yield name, bytes([first]) + data


def local_data_seeds():
    yield "types", rb"""demo.test. 60 IN TXT "v=spf1 " "-all" ; a comment
Demo.TEST IN 60 A 192.0.2.1
demo.test aaaa 2001:db8::1
a.b.demo.test. MX 10 MX.demo.test.
demo.test MX 0 .
1.2.0.192.in-addr.arpa. PTR mx.demo.test.
www.demo.test CNAME demo.test
loop.test CNAME loop.test
a\032b.test TXT "\"\065\255" b\ c;d
"""
    yield "mistakes", rb"""*.test A 192.0.2.1
@ A 192.0.2.1
a.test CH A 192.0.2.1
a.test TXT "open
a.test TXT \256
a.test CNAME b.test
a.test TXT x
a.test MX 65536 b.test
"""


def ban_text_seeds():
    first = b"postern bans 1\n"
    times = b"\t2026-11-22T14:00:00Z\t2026-11-22T16:00:00Z\t"
    yield "empty", first
    yield "bans", first + (
        b"192.0.2.1/32" + times + b"1\terror_rate\tToo many errors from your network\t"
        b"192.0.2.1/32: 501 errors, limit 500/10m; 6A3F5C00.0101\n"
        b"2001:db8::/48" + times + b"1000\tadministrator\tno manners\t\n"
        b"10.0.0.0/8" + times + b"2\tverifier_crash_rate\twhy\tverify.1\n")
    mistakes = [b"192.0.2.1/24" + times + b"1\tc\tr\te", b"192.0.2.1/32" + times + b"0\tc\tr\te",
                b"192.0.2.2/32" + times + b"1\tc\tr", b"192.0.2.3/32" + times + b"1\tc\tr\te\t",
                b"192.0.2.4/32\t2026-11-31T14:00:00Z\tx\t1\tc\tr\te",
                b"192.0.2.5/32" + times + b"1\tc\t\xc3\xa4\te",
                b"192.0.2.6/32" + times + b"1\tc\tr\te"]
    yield "mistakes", first + b"\n".join(mistakes)
    yield "twice", first + 2 * (b"192.0.2.1/32" + times + b"1\tc\tr\te\n")
    yield "too long", first + b"192.0.2.1/32" + times + b"1\tc\tr\t" + b"e" * 600 + b"\n"
    yield "another version", b"postern bans 2\n"


def history_text_seeds():
    first = b"postern history 1\n"
    yield "empty", first
    yield "networks", first + b"""192.0.2.1/32 2026-12-01 2026-11-22 2026-11-22
198.51.100.0/24 2026-11-22
2001:db8::/64 2026-11-22 2026-10-31
"""
    yield "mistakes", first + b"""192.0.2.1/24 2026-12-01
192.0.2.1/32 2026-11-22 2026-12-01
192.0.2.2/32 2026-11-31
192.0.2.3/32 2026-11-22 2026-11-22 2026-11-22 2026-11-22
192.0.2.4/32 2026-11-22 x
192.0.2.5/32 2026-11-22"""
    yield "many", first + b"".join(b"192.0.2.%d/32 2026-11-22\n" % n for n in range(20))
    yield "twice", first + 2 * b"192.0.2.1/32 2026-11-22\n"
    yield "long", first + 50 * b"2001:db8" + b"\n"
    yield "another version", b"postern history 2\n"


def dkim_seeds():
    """The rules of DKIM, each with each of its keys."""
    for number, rule in enumerate(dkim_rules.all_rules()):
        if len(rule.message) > MOST_DKIM:
            continue
        records = dict.fromkeys((found or [""])[0] for found in rule.keys.values())
        for at, record in enumerate(records):
            yield f"{number}-{at}", b"\6\11" + record.encode() + b"\n" + rule.message


def verify_job_seeds():
    """Every job with a message that nothing is asked for; every kind of message with keys."""
    def seed(message, job):
        return struct.pack(">H", len(message)) + message + job

    for name, job in JOBS.items():
        yield name, seed(b"Subject: x\r\n\r\nHello\r\n", job)
    for number, rule in enumerate(dkim_rules.all_rules()):
        if number % 8 == 0 and len(rule.message) < MOST_DKIM:
            keys = [answer(key, TXT, strings=records or []) for key, records in rule.keys.items()]
            policy = answer("_dmarc.a.test", TXT, strings=["v=DMARC1; p=reject; np=quarantine"])
            yield f"dkim-{number}", seed(rule.message, judge(facts(SENDER), keys + [policy]))
    for path in dmarc_cases():
        lines = path.read_bytes().split(b"\n")
        header = [line[7:] for line in lines if line.startswith(b"header ")]
        records = re.findall(r'^zone (\S+)\. TXT "(.*)"$', path.read_text("latin-1"), re.MULTILINE)
        zone = [answer(name, TXT, strings=[record]) for name, record in records]
        message = b"\r\n".join(header) + b"\r\n\r\n"
        yield path.stem, seed(message, judge(facts(("u", "mail.example.org")), zone + ANSWERS))


def line_ends_seeds():
    for number, text in enumerate([b"a\r\nb\r\n", b"a\nb\r\r\n\r", b"\r\n\r\n\n\r", b"\r" * 30]):
        yield str(number), b"\1" + text


def log_line_seeds():
    hostile = b'"; \\ \x1b[2J\r\n\xff'
    for number, peer in enumerate([b"a.example", hostile, b"\0" * 256, b"b" * 257]):
        yield str(number), struct.pack(">H", len(peer)) + peer + b'why "so"\n'


def trace_fields_seeds():
    address = "\n".join(["<a@example.net>", "info@ours.test", "192.0.2.7"])
    utf8 = '<"j\u00fc \\" r"@b\u00fccher.example>\n"a b"@[IPv6:2001:db8::1]\n::1'
    yield "plain", f"\1client.example.net\n{address}".encode()
    yield "all", f"\37[IPv6:2001:db8::1]\n{utf8}".encode()
    yield "null", b"\12evil) x\r\n Y: z\n<>\ninfo@ours.test\n2001:db8::7"
    path = f"<{'l' * 64}@{'d.' * 90}example>"
    yield "long", f"\21{'h' * 300}\n{path}\na@b.test\n".encode()


def verdicts_seeds():
    for choices in [0, 2, 4, 24, 33, 64, 86, 255]:
        opinions = OPINION + OPINION + DMARC_OPINION
        verdicts = struct.pack(">H", len(VERDICTS)) + VERDICTS
        yield str(choices), bytes([choices]) + verdicts + opinions
    hostile = VERDICTS.replace(b"why", b"\x1b[2").replace(b"4.6.2", b"\r\n\r\nx").replace(
        b"5.3.5", b"\x9b2J\n\n").replace(b"6.1.3", b"\x1b]0;x")
    yield "hostile", b"\2" + struct.pack(">H", len(hostile)) + hostile


def smtp_answers_seeds():
    bodies = dict(STREAMS["ipc_from_role"])
    for choice, name in [(0, "Sessions"), (1, "Bans"), (5, "Bans"), (9, "Bans"), (2, "Limits"),
                         (3, "Busiest"), (15, "Busiest")]:
        yield f"{name}-{choice}", bytes([choice]) + bodies[name]
        yield f"{name}-{choice}-steers", bytes([choice]) + bodies[name].replace(b"o", b"\x1b")


def control_request_seeds():
    for number, request in enumerate([
            {"command": "status"}, {"command": "bans", "action": "lift", "network": "192.0.2.7"},
            {"command": "bans", "action": "add", "network": "2001:db8::/48", "for": "1h30m",
             "reason": "\u00fc\n"}, {"command": "limits", "address": "2001:db8::7"},
            {"command": "bans", "action": "list"}, {"command": 1}, {"address": "192.0.2.7"},
            ["command"], {"command": "bans", "action": "add", "network": "10.0.0.0/8",
                          "for": "9223372036854775807d"}]):
        yield str(number), json.dumps(request).encode()


def verify_input_seeds():
    for name, stored in stored_trace_seeds():
        yield name, b"-\n-\n-\n-\n" + stored
    options = b"192.0.2.7\nclient.example.net\n<a@example.net>\n2026-11-21T21:03:00Z\n"
    yield "options", options + b"Subject: x\n\ntext\n"
    yield "results", options + b"Authentication-Results: mx.ours.test; none\r\nReturn-Path: <>\n"
    record = b"; time 2026-11-21T21:03:00Z\na.example A secure records 192.0.2.1\n"
    yield "record", b"-\n-\n\n-\n" + record
    yield "mistakes", b"192.0.2\nx y\na@b@c\n2026-02-30T21:03:00Z\n: x"


def all_seeds():
    table = message_table()
    for target in ["ipc_from_role", "ipc_from_supervisor"]:
        yield target, ipc_seeds(STREAMS[target], table, b"")
    for target, streams in [
            ("ipc_smtp_deliver", {b"\0": "ipc_from_deliver", b"\1": "ipc_from_smtp"}),
            ("ipc_smtp_verify", {b"\0": "ipc_from_verify", b"\1": "ipc_to_verify",
                                 b"\2": "ipc_from_opinion"})]:
        yield target, [(first.hex() + name, data)
                       for first, stream in streams.items()
                       for name, data in ipc_seeds(STREAMS[stream], table, first)]
    yield "ipc_smtp_deliver", (
        (first.hex() + name, data)
        for first, stream in [(b"\0", "ipc_from_deliver"), (b"\1", "ipc_from_smtp")]
        for name, data in ipc_seeds(STREAMS[stream], table, first))
    yield "ipc_smtp_resolve", (
        (first.hex() + name + str(number), data)
        for first, stream in [(b"\0", "ipc_from_resolve"), (b"\1", "ipc_to_resolve")]
        for number, (name, data) in enumerate(ipc_seeds(STREAMS[stream], table, first)))
    yield "dns_message", dns_message_seeds()
    yield "local_data", local_data_seeds()
    yield "wire", [(name, bytes([table[name][0]]) + body)
                   for stream in STREAMS.values() for name, body in stream] + [
                       ("everything", b"\0" + EVERYTHING)]
    yield "session", session_seeds()
    yield "command_line", command_line_seeds()
    yield "address", address_seeds()
    yield "header_fields", header_seeds()
    yield "from", from_seeds()
    yield "stored_trace", stored_trace_seeds()
    yield "auth_results", auth_results_seeds()
    yield "body_reader", body_seeds()
    yield "proxy_header", proxy_seeds()
    yield "config", config_seeds()
    yield "spf_record", spf_record_seeds()
    yield "spf_macro", spf_macro_seeds()
    yield "spf_eval", spf_eval_seeds()
    yield "dkim_screen", dkim_seeds()
    yield "second_opinion", second_opinion_seeds()
    yield "dmarc_record", dmarc_record_seeds()
    yield "dmarc_walk", dmarc_walk_seeds()
    yield "answer_text", answer_text_seeds()
    yield "ban_text", ban_text_seeds()
    yield "history_text", history_text_seeds()
    yield "verify_job", verify_job_seeds()
    yield "line_ends", line_ends_seeds()
    yield "log_line", log_line_seeds()
    yield "trace_fields", trace_fields_seeds()
    yield "verdicts", verdicts_seeds()
    yield "smtp_answers", smtp_answers_seeds()
    yield "control_request", control_request_seeds()
    yield "verify_input", verify_input_seeds()


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    for target, seeds in all_seeds():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds:
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
