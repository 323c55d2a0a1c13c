# SPDX-License-Identifier: Apache-2.0
"""The clients of kills.py: messages that compare.py can check and a journal of those that were
acknowledged; messages that are in hand, at a known point of their way, when a role is struck; and
the probe that finds out when there is service again."""
import contextlib
import hashlib
import itertools
import os
import time

import flood
import harness
from harness import Dialog, stuffed

MAILBOX = "info@ours.test"
PATIENCE = 30     # seconds after which the probe gives up
PROBE_PAUSE = 0.01
SMALL, IN_PARTS = 3000, 1_500_000  # bytes; deliver collects what is above 1 MiB
CUT, HUNG = "cut", "hung"

# Where messages are when a role is struck: so many of InHand.steps were done, of such sizes.
IDLE, ENVELOPE, CONTENT, WAITING = 0, 2, 4, 5
STAGES = ((IDLE, (SMALL,)), (ENVELOPE, (SMALL,)), (CONTENT, (SMALL, IN_PARTS)),
          (WAITING, (SMALL,)), (WAITING, (SMALL, IN_PARTS)))


class Mail:
    """Composes messages as postern-load does, and writes the same journal."""

    def __init__(self, journal):
        self.run = os.urandom(6).hex()
        self.numbers = itertools.count()
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC,
                               0o644)

    def compose(self, size):
        """Id, sender and text of a message. No other has its sender, so the DNS is asked anew."""
        ident = f"{self.run}-{next(self.numbers)}"
        sender = f"a@{ident}.senders.test"
        line = f"{ident} {'.' * 60}\n.\n"
        below = (f"X-Load-Id: {ident}\nFrom: <{sender}>\nTo: <{MAILBOX}>\n\n" +
                 line * (size // len(line)))
        digest = hashlib.sha256(below.encode()).hexdigest()
        return ident, sender, f"X-Load-Hash: {digest}\n{below}".replace("\n", "\r\n").encode()

    def acknowledged(self, ident, reply):
        """One write, as several clients share the journal."""
        os.write(self.journal, f"{ident} {reply.split()[-1]}\n".encode())

    def close(self):
        os.close(self.journal)


class InHand:
    """A session of its own with one message, brought to a stage; finish() takes it to its end."""

    def __init__(self, server, mail, stage=IDLE, size=SMALL):
        self.mail = mail
        self.ident, self.sender, text = mail.compose(size)
        half = len(text) // 2
        half = text.index(b"\r\n", half) + 2  # dots are stuffed at the beginning of lines
        self.steps = [(f"MAIL FROM:<{self.sender}>\r\n", "250"),
                      (f"RCPT TO:<{MAILBOX}>\r\n", "250"), ("DATA\r\n", "354"),
                      (stuffed(text[:half]), None), (stuffed(text[half:]), None), (".\r\n", "250")]
        self.done = 0
        self.answer = ""
        self.released = False
        self.dialog = Dialog.tls(server)
        if not self.advance(stage):
            raise AssertionError(f"refused before anything was struck: {self.answer}")

    def advance(self, until):
        """Steps up to that one, or to the first that is refused; False: one was."""
        for text, code in self.steps[self.done:until]:
            if not self.released:
                self.dialog.send(text)
            if code:
                self.answer = self.dialog.reply()[-1]
                if not self.answer.startswith(code):
                    return False
            self.done += 1
        return True

    def release(self):
        """The last moment before the strike: what has come but for its end is ended."""
        if self.done == WAITING:
            self.dialog.send(self.steps[-1][0])
            self.released = True

    def finish(self):
        """The answer that the message got, or CUT or HUNG; and whether its session lives on."""
        try:
            if self.advance(len(self.steps)):
                self.mail.acknowledged(self.ident, self.answer)
        except TimeoutError:
            return HUNG, False
        except (OSError, EOFError):
            return CUT, False
        return self.answer, self.lives_on()

    def lives_on(self):
        with contextlib.suppress(OSError, EOFError), self.dialog:
            return self.dialog.ask("NOOP").startswith("250")
        return False


def probe(server, mail, since):
    """Seconds from `since` to the answer to a new message that was acknowledged, and what became of
    those before it."""
    before = []
    while (waited := time.monotonic() - since) < PATIENCE:
        try:
            answer, _ = InHand(server, mail).finish()
        except (OSError, EOFError):
            answer = CUT
        if answer.startswith("250"):
            return time.monotonic() - since, before
        before.append(answer)
        time.sleep(PROBE_PAUSE)
    raise AssertionError(f"no service for {waited:.0f} s: {before[-3:]}")


class Load:
    """postern-load in the background, with small messages and with such as come in parts."""

    def __init__(self, server, journal):
        shapes = (("--size", 4000, "--connections", 6, "--messages-per-connection", 10,
                   "--pause", 500),
                  ("--size", 1_300_000, "--connections", 1, "--messages-per-connection", 1,
                   "--pause", 1000))
        self.processes = [flood.start(
            flood.LOAD, "--json", "--server", f"127.0.0.1:{server.port}", "--recipients", MAILBOX,
            "--from", "load@load.senders.test", "--seconds", 24 * 3600, "--reconnect",
            "--journal", journal, *shape) for shape in shapes]

    def finish(self):
        """The reports, once every message in hand has its answer."""
        for process in self.processes:
            process.terminate()
        return [flood.finish(process, 2 * harness.WAIT_SECONDS) for process in self.processes]

    def kill(self):
        for process in self.processes:
            process.kill()
            process.communicate()
