# SPDX-License-Identifier: Apache-2.0
"""File systems in files, mounted by loop devices, for a test that cuts their power.

All mounts are in a mount name space of this process, and a device is told at once to detach itself
with its last mount: nothing is left when the process and those it started have ended, however they
did. Linux, root.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

import harness

OWN_MOUNTS = "POSTERN_CAMPAIGN_OWN_MOUNTS"  # set where the mount name space is our own
FILE_SYSTEMS = {
    # Reflinks are what a cut is made of.
    "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
    # All of it at once: nothing in the background that our messages did not cause.
    "ext4": ["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
}
PROGRAMS = ["losetup", "mount", "umount", "unshare", "mkfs.xfs", "xfs_io", "mkfs.ext4", "e2fsck"]


class CannotRun(Exception):
    """This machine lacks something; the text says what."""


def run(*words):
    """What the program prints. A failure tells what it said."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def need(programs):
    """Ends in CannotRun where a root, a loop device or a program is missing."""
    if not harness.AS_ROOT:
        raise CannotRun("it needs root")
    if not os.path.exists("/dev/loop-control"):
        raise CannotRun("there are no loop devices")
    missing = [name for name in [*PROGRAMS, *programs] if not shutil.which(name)]
    if missing:
        raise CannotRun(f"not installed: {' '.join(missing)}")


def enter_own_mounts():
    """Executes this program again, in the same process, with mounts that nobody else sees."""
    if OWN_MOUNTS not in os.environ:
        os.environ[OWN_MOUNTS] = "1"
        command = [*harness.own_mounts("true"), sys.executable, *sys.argv]
        os.execvp(command[0], command)


def make(kind, image, size):
    with open(image, "wb") as file:
        file.truncate(size)
    run(*FILE_SYSTEMS[kind], image)


def mount(image, directory, *, direct_io, options="defaults"):
    """Mounts the file system in `image`. With `direct_io` the image is all that the file system
    has written; without, the page cache below it holds what no flush has forced out yet."""
    directory.mkdir(exist_ok=True)
    device = run("losetup", "--find", "--show", f"--direct-io={'on' if direct_io else 'off'}",
                 image)
    try:
        run("mount", "-o", options, device, directory)
    finally:
        run("losetup", "--detach", device)  # when it is mounted: with its last user


def bind(source, directory):
    run("mount", "--bind", source, directory)


def umount(directory):
    """A loop device whose file lies there may take a moment to let go of it."""
    def gone():
        with contextlib.suppress(RuntimeError):
            run("umount", directory)
            return True
        return False
    harness.wait_for(gone, f"{directory} to be unmounted")


def mounts_beneath(base):
    """The innermost first."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4] for line in lines]
    return [point for point in reversed(points) if point.startswith(f"{base}/")]


def attached_beneath(base):
    """Loop devices whose file lies there."""
    files = pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
    found = []
    for path in files:
        with contextlib.suppress(OSError):  # detached just now
            found += [path] if path.read_text(encoding="utf-8").startswith(f"{base}/") else []
    return found


def release(base):
    """Whatever is still mounted beneath `base`, in whatever state it is."""
    for point in mounts_beneath(base):
        run("umount", "--lazy", point)
    harness.wait_for(lambda: not attached_beneath(base), "loop devices to detach themselves")


def check_ext4(image):
    """Nothing, or what e2fsck finds wrong with an image that is not mounted."""
    done = subprocess.run(["e2fsck", "-f", "-n", str(image)], capture_output=True, text=True,
                          check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
