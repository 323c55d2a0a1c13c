#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""power_cuts.py [--cuts N] [--losses N] [--seed N]: the power is cut under load, again and again.

Spool and state lie on ext4, in an image file, and that on XFS. What was acknowledged before the
power went must be in the spool afterwards, whole. There are two ways to cut it:

cut   `cp --reflink=always` of the image. FICLONE is one call, for which XFS holds the locks of both
      files and waits for direct writes in hand: the copy is the disk at one moment between two
      writes, as e2fsck then confirms. What ext4 had only in its page cache is lost. The server goes
      on and never knows; the copy is mounted, compared, and for some of them taken over by another
      server.
loss  XFS is shut down without its log. Now the disk has a volatile cache, and loses whatever no
      flush has forced out of it. Everything ends; the same server starts on what is left.

Then the same with a fault, to show that it would be seen: fsync that does nothing, and ext4 without
barriers. Exit code 1: something does not hold; 77: it cannot run here.
"""
import argparse
import contextlib
import dataclasses
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "load")]
import compare
import disks
import harness
from test_load import command

CANNOT_RUN = 77
OUTER_BYTES, IMAGE_BYTES = 6 << 30, 2 << 30  # holes, most of them
RECIPIENTS = "info@ours.test,sales@ours.test"
COPIES = 2
JUNK = "junk.test"  # its policy sends mail to the folder for quarantine
CONFIG = (harness.EXEMPT + "[dns]\nlocal_data = "
          f"""['_dmarc.{JUNK} TXT "v=DMARC1; p=quarantine"', '{harness.NO_DNS}']\n""")
STREAMS = (  # small ones; some for .Junk; and such as come in parts
    ["--connections", 8, "--size", 4096],
    ["--connections", 2, "--size", 20_000, "--from", f"load@{JUNK}"],
    ["--connections", 2, "--size", 1_200_000, "--pause", 1000],
)
AT_LEAST = 20          # acknowledged messages, for a cut to mean something
MAX_WAIT = 1.5         # seconds from one cut to the next, beside what it takes to look at it
ROUND_MESSAGES = 1500  # then the spool is emptied, so that there is not ever more to compare
TAKEN_OVER = 4         # every so many cuts another server starts on the copy
FAULTY_MESSAGES = 50


@dataclasses.dataclass
class Total:
    """What all cuts of a kind came to."""
    cuts: int = 0
    acknowledged: int = 0  # since the spool was emptied, at each of them
    missing: int = 0
    damaged: int = 0
    unacknowledged: int = 0
    unfinished: int = 0
    servers: int = 0
    broken: int = 0  # file systems

    def add(self, comparison):
        self.cuts += 1
        self.acknowledged += comparison.acknowledged
        self.missing += len(comparison.missing)
        self.damaged += len(comparison.damaged)
        self.unacknowledged += comparison.unacknowledged
        self.unfinished += comparison.unfinished

    def holds(self):
        return not (self.missing or self.damaged or self.broken)


class Load:
    """All streams with one journal."""

    def __init__(self, server, journal):
        self.journal = journal
        self.journal.touch()
        self.runs = [subprocess.Popen(command(server, "--reconnect", "--seconds", 3600, "--journal",
                                              journal, "--messages-per-connection", 50, *stream,
                                              recipients=RECIPIENTS), stdout=subprocess.DEVNULL)
                     for stream in STREAMS]

    def acknowledged(self):
        return self.journal.read_bytes().count(b"\n")

    def wait_for_more(self, count):
        before = self.acknowledged()
        harness.wait_for(lambda: self.acknowledged() >= before + count, f"{count} messages", 120)

    def stop(self):
        """Every message in hand has its answer."""
        for run in self.runs:
            run.terminate()
        for run in self.runs:
            run.wait(120)

    def kill(self):
        for run in self.runs:
            run.kill()
            run.wait()


class Site:
    """The disks, the server on them, and its load."""

    def __init__(self, seed):
        self.base = harness.shared_directory() / "disks"
        self.base.mkdir()
        self.outer, self.below = self.base / "outer", self.base / "xfs"
        self.image, self.disk = self.below / "image", self.base / "ext4"
        self.server, self.heir = harness.Server(CONFIG), harness.Server(CONFIG)
        self.random = random.Random(seed)
        self.journals = itertools.count()
        self.load = None

    def __enter__(self):
        try:
            disks.make("xfs", self.outer, OUTER_BYTES)
            disks.mount(self.outer, self.below, direct_io=True)
            disks.make("ext4", self.image, IMAGE_BYTES)
            disks.mount(self.image, self.disk, direct_io=True)
        except RuntimeError as error:
            self.__exit__()
            raise disks.CannotRun(str(error)) from error
        for name in ("mail", "state"):
            (self.disk / name).mkdir(mode=0o700)
            shutil.chown(self.disk / name, harness.unprivileged_user())
        return self

    def __exit__(self, *exception):
        self.end()
        if self.heir.process and self.heir.process.poll() is None:
            self.heir.kill()
        disks.release(self.base.parent)  # the binds for the servers, too
        shutil.rmtree(self.base)

    def begin(self):
        """Server and load. The spool is what is there."""
        self.give(self.disk, self.server)
        self.server.start()
        self.new_journal()

    def give(self, disk, server):
        disks.bind(disk / "mail", server.spool)
        disks.bind(disk / "state", server.state)

    def take(self, server):
        for directory in (server.spool, server.state):
            if directory.is_mount():
                disks.umount(directory)

    def new_journal(self):
        self.load = Load(self.server, self.base / f"journal-{next(self.journals)}")

    def has_enough(self):
        disk = os.statvfs(self.disk)
        return self.load.acknowledged() >= ROUND_MESSAGES or disk.f_bavail < disk.f_blocks // 2

    def new_round(self):
        """Nothing that was acknowledged is lost without a cut either; then all begins anew."""
        self.load.stop()
        found = compare.compare(self.server.spool, self.load.journal, COPIES)
        assert found.ok() and self.server.mails("ours.test/info/.Junk"), found
        for path in self.server.stored():
            path.unlink()
        self.new_journal()

    def end(self):
        """At once, whatever state the disks are in."""
        if self.load:
            self.load.kill()
        if self.server.process and self.server.process.poll() is None:
            self.server.kill()

    def remount(self, **options):
        """All of it ends, and the disks come back."""
        self.end()
        self.take(self.server)
        disks.umount(self.disk)
        disks.umount(self.below)
        disks.mount(self.outer, self.below, direct_io=True)
        disks.mount(self.image, self.disk, direct_io=False, **options)

    def wait(self):
        self.load.wait_for_more(AT_LEAST)
        time.sleep(self.random.uniform(0, MAX_WAIT))

    def journal_now(self):
        """A copy of it: what was acknowledged before anything that follows."""
        kept = self.base / "journal-kept"
        text = self.load.journal.read_bytes()
        kept.write_bytes(text[:text.rfind(b"\n") + 1])
        return kept


def cut(site, total, take_over):
    journal = site.journal_now()
    copy, mounted = site.below / "cut", site.base / "cut"
    disks.run("cp", "--reflink=always", site.image, copy)
    disks.mount(copy, mounted, direct_io=True)  # the journal of ext4 is replayed
    found = compare.compare(mounted / "mail", journal, COPIES)
    if take_over:
        take_the_copy_over(site, mounted, journal)
        total.servers += 1
    disks.umount(mounted)
    report(site, total, found, disks.check_ext4(copy))
    copy.unlink()


def take_the_copy_over(site, mounted, journal):
    """Another server starts on it, and delivers."""
    site.give(mounted, site.heir)
    site.heir.start()
    subprocess.run(command(site.heir, "--messages", 5, "--journal", journal, recipients=RECIPIENTS),
                   check=True, stdout=subprocess.DEVNULL)
    found = compare.compare(site.heir.spool, journal, COPIES)
    assert site.heir.stop() == 0, site.heir.log()
    assert found.ok() and found.acknowledged >= 5, found
    site.take(site.heir)


def lose(site, total):
    """What was acknowledged up to the very end of the disk counts."""
    disks.run("xfs_io", "-x", "-c", "shutdown", site.below)
    site.remount()
    found = compare.compare(site.disk / "mail", site.load.journal, COPIES)
    disks.umount(site.disk)
    wrong = disks.check_ext4(site.image)
    disks.mount(site.image, site.disk, direct_io=False)
    report(site, total, found, wrong)


def report(site, total, found, wrong):
    total.add(found)
    total.broken += bool(wrong)
    print(f"{total.cuts:4} {found} fsck={'bad' if wrong else 'clean'}", flush=True)
    if wrong:
        print(wrong)
    if not found.ok():
        print(*found.missing[:5], *found.damaged[:5], sep="\n")


def cuts(site, count):
    total = Total()
    for number in range(count):
        if site.has_enough():
            site.new_round()
        site.wait()
        cut(site, total, take_over=number % TAKEN_OVER == 0)
    return total


def losses(site, count):
    """Each time the same server comes back, on what is left."""
    total = Total()
    site.remount()
    for _ in range(count):
        site.begin()
        total.servers += 1
        site.wait()
        lose(site, total)
        for path in (site.disk / "mail").glob("**/new/*"):
            path.unlink()
    return total


@contextlib.contextmanager
def without_fsync(pid, log):
    """fsync of that process says yes, and does nothing."""
    with open(log, "wb") as said:
        tracer = subprocess.Popen(["strace", "-f", "-p", str(pid), "-o", "/dev/null", "-e",
                                   "inject=fsync,fdatasync:retval=0"], stderr=said)
    try:
        harness.wait_for(lambda: b" attached" in pathlib.Path(log).read_bytes(), "strace", 60)
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def fsync_does_nothing(site):
    """A server that does not wait for its disk."""
    total = Total()
    site.new_round()
    site.load.stop()
    with without_fsync(site.server.roles()["postern-deliver"], site.base / "strace"):
        site.new_journal()
        site.load.wait_for_more(FAULTY_MESSAGES)
        cut(site, total, take_over=False)
        site.load.stop()
    return total


def no_barriers(site):
    """A disk that is not told to flush."""
    total = Total()
    site.remount(options="barrier=0")
    site.begin()
    site.load.wait_for_more(FAULTY_MESSAGES)
    lose(site, total)
    return total


def campaign(arguments):
    with Site(arguments.seed) as site:
        site.begin()
        totals = {"cut": cuts(site, arguments.cuts)}
        faults = {"fsync without effect, cut": fsync_does_nothing(site)}
        totals["loss"] = losses(site, arguments.losses)
        faults["no barriers, loss"] = no_barriers(site)
    return totals, faults


def show(totals, faults):
    names = [field.name for field in dataclasses.fields(Total)]
    print(f"\n{'':26}" + "".join(f"  {name}" for name in names))
    for kind, total in {**totals, **faults}.items():
        print(f"{kind:26}" + "".join(f"  {getattr(total, name):>{len(name)}}" for name in names))
    wrong = [f"{kind}: acknowledged mail is lost" for kind, total in totals.items()
             if not total.holds()]
    wrong += [f"{kind}: nothing was missed, so this test finds nothing"
              for kind, total in faults.items() if not total.missing]
    print(*wrong or ["every message that was acknowledged was there, and whole"], sep="\n")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=120)
    parser.add_argument("--losses", type=int, default=12)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--small", action="store_true", help="as a test among others")
    arguments = parser.parse_args()
    if arguments.small:
        arguments.cuts, arguments.losses = 4, 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        disks.need(["strace"])
        disks.enter_own_mounts()
        print(f"seed {arguments.seed}")
        sys.exit(0 if show(*campaign(arguments)) else 1)
    except disks.CannotRun as reason:
        print(f"the power cannot be cut here: {reason}")
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main()
