# SPDX-License-Identifier: Apache-2.0
"""The golden dialogues over TCP and TLS; their format: tests/dialogs/README.md.

Left out are those marked @inprocess: they need another clock, other settings, or answers that this
server does not give. Most messages in them are no messages: without a From field the server refuses
them, but only when they are complete, so that all else of the dialogue holds.
"""
import re
import socket

import harness
from harness import Dialog

FOLDER = harness.SOURCE / "tests/dialogs"
ACCEPTED, NO_AUTHOR = "250 2.0.0 ", "550 5.6.0 The message has no From field"
QUIET_SECONDS = 0.02  # for what should not come
SECURE = ["S: 220 *", "C: EHLO client.example.net", "S: 250 ...", "C: STARTTLS", "S: 220 2.0.0 *",
          "@tls", "C: EHLO client.example.net", "S: 250 ..."]
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{"}

# "postmaster" first, as in the dialogues' world.
DOMAINS = """
[[domain]]
name = "ours.test"
mailboxes = ["postmaster", "info", "sales"]
aliases = { abuse = "postmaster" }

[[domain]]
name = "xn--bcher-kva.test"
mailboxes = ["info"]
"""


def unescape(text):
    result = b""
    for piece in re.finditer(r"\{(.*?)\*(\d+)\}|\\x(..)|\\(.)|([^\\{]+)", text):
        repeated, count, code, escape, plain = piece.groups()
        if repeated is not None:
            result += unescape(repeated) * int(count)
        elif code:
            result += bytes.fromhex(code)
        else:
            result += ESCAPES[escape] if escape else plain.encode()
    return result


def steps(path):
    """(line number, kind, text) of each line that says something; @secure, @times written out."""
    times = 1
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if line and not line.startswith("#"):
            for part in SECURE if line == "@secure" else [line]:
                kind, _, text = part.partition(" ")
                if kind == "@times":
                    times = int(text)
                    continue
                for _ in range(times):
                    yield number, kind, text
                times = 1


def stored_form(message):
    """As it lies in the Maildir: text that has no header is kept apart from ours."""
    begins_well = re.match(rb"[!-9;-~]+[ \t]*:|\r\n|\Z", message)
    return (b"" if begins_well else b"\n") + message.replace(b"\r\n", b"\n")


class Player:
    """Plays one dialogue; what is sent in a row goes out in one piece."""

    def __init__(self, server, path):
        self.server = server
        self.path = path
        self.dialog = Dialog(server.connect())
        self.port = self.dialog.sock.getsockname()[1]
        self.ends_before = len(self.ends())
        self.pending = b""
        self.body = b""
        self.accepted = None  # queue id of the last message; nothing: it had no author
        self.whole = 0  # messages whose every octet was compared
        self.closed = False

    def ends(self):
        """The sessions from our port, which the kernel may have given out before."""
        return [event for event in self.server.events("disconnect")
                if event["port"] == str(self.port)]

    def play(self):
        kinds = {"C:": self.send_line, "C>": self.send_bytes, "S:": self.expect,
                 "B:": self.add_line, "B>": self.add_bytes, "@tls": self.secure,
                 "@eof": self.half_close, "@closed": self.expect_closed, "@nosplit": lambda _: None}
        with self.dialog:
            for number, kind, text in steps(self.path):
                try:
                    self.between(kind)
                    kinds[kind](text)
                except (AssertionError, EOFError, OSError) as error:
                    raise AssertionError(f"{self.path}:{number}: {error}") from error
            self.between("")
            if not self.closed:
                self.expect_silence()

    def between(self, kind):
        """Ends a row of lines that belong together."""
        if self.pending and kind not in ("C:", "C>"):
            assert not self.dialog.buffer, f"more came: {self.dialog.buffer}"
            self.dialog.send(self.pending)
            self.pending = b""
        if self.body and kind not in ("B:", "B>"):
            self.check_body()

    def send_line(self, text):
        self.pending += text.encode() + b"\r\n"

    def send_bytes(self, text):
        self.pending += unescape(text)

    def add_line(self, text):
        self.body += text.encode() + b"\r\n"

    def add_bytes(self, text):
        self.body += unescape(text)

    def expect(self, pattern):
        if pattern.endswith(" ..."):
            self.dialog.expect(pattern[:3])
            return
        line = self.dialog.line()
        if pattern.startswith(ACCEPTED) and line == NO_AUTHOR:
            self.accepted = None
            return
        matches = line.startswith(pattern[:-1]) if pattern.endswith("*") else line == pattern
        assert matches, f"expected {pattern}, got {line}"
        if found := re.search(r" queued as (\S+)$", line):
            self.accepted = found[1]

    def check_body(self):
        """Every copy of the last message."""
        body, self.body = self.body, b""
        if self.accepted is None:
            assert not body.startswith(b"From:"), "it was refused"
            return
        its_id = re.compile(rb"\bid " + re.escape(self.accepted.encode()) + rb"[\s;]")
        copies = [content for content in (path.read_bytes() for path in self.server.stored())
                  if its_id.search(content)]
        assert copies, f"no mail with id {self.accepted}"
        for content in copies:
            got = harness.without_trace(content)
            assert got == stored_form(body), f"message is {got[:400]}"
        self.whole += 1

    def secure(self, _):
        self.dialog.handshake()

    def half_close(self, _):
        socket.socket.shutdown(self.dialog.sock, socket.SHUT_WR)

    def expect_closed(self, reason):
        assert self.dialog.closed(), f"more came: {self.dialog.buffer}"
        [event] = harness.wait_for(lambda: self.ends()[self.ends_before:], "the end's log line")
        assert reason in ("", event["reason"]), f"closed: {event['reason']}"
        self.closed = True

    def expect_silence(self):
        assert not self.dialog.buffer, f"more came: {self.dialog.buffer}"
        self.dialog.sock.settimeout(QUIET_SECONDS)
        try:
            data = self.dialog.sock.recv(65536)
        except TimeoutError:
            return
        raise AssertionError(f"more came: {data}" if data else "closed")


class Dialogues(harness.TestCase):
    def test_all(self):
        server = self.start(harness.EXEMPT, domains=DOMAINS)
        paths = sorted(FOLDER.rglob("*.smtp"))
        played = [path for path in paths if "@inprocess" not in path.read_text().split("\n")]
        whole = 0
        for path in played:
            with self.subTest(path.relative_to(FOLDER)):
                player = Player(server, path)
                player.play()
                whole += player.whole
        print(f"{len(played)} of {len(paths)} dialogues played over TCP and TLS, {whole} messages "
              "stored as sent")
        self.assertGreater(whole, 4)
        self.assertGreater(len(played), len(paths) // 2)


if __name__ == "__main__":
    harness.main()
