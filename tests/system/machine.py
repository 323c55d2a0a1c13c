# SPDX-License-Identifier: Apache-2.0
"""A Debian machine in name spaces of its own: systemd as process 1, one network link to us.

Everything beneath `enter_own_world()` ends with the process that called it, and nothing that is
changed there is seen outside: file systems, processes, network, control groups.
"""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

OUTSIDE, INSIDE = "10.77.0.1", "10.77.0.2"  # both ends of the link
NAME = "postern-test"
WAIT_SECONDS = 30
BOOT_SECONDS = 120  # of a busy machine
# Debian 12's nspawn refuses what our roles confine themselves with.
ALSO_ALLOWED = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
FOLDER = "POSTERN_SYSTEM_TEST_FOLDER"

# The outer shell keeps the control group hierarchy in sight to remove our group at the end. The
# version 2 hierarchy is mounted by hand, because a machine may show version 1 only.
WORLD = """
set -e
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup/$NAME.$$
mkdir "$group"
result=0
sh -c 'echo $$ >"$0/cgroup.procs" && exec unshare --cgroup --net --pid --fork --kill-child \\
  --mount-proc sh -c '\\''umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
    ip link set lo up && exec "$@"'\\'' sh "$@"' "$group" "$@" || result=$?
find "$group" -depth -type d -exec rmdir {} +
exit $result
"""


def may_make_world():
    return subprocess.run(["unshare", "--mount", "--cgroup", "--net", "--pid", "--fork", "true"],
                          check=False).returncode == 0


def enter_own_world():
    """Runs this program again in its own name spaces, and ends as it does. In there it returns a
    folder to mount on, which is removed when the name spaces have gone."""
    if in_own_world():
        return pathlib.Path(os.environ[FOLDER])
    with tempfile.TemporaryDirectory(prefix="postern-system-") as folder:
        environment = {**os.environ, FOLDER: folder, "NAME": NAME}
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", WORLD,
                               "sh", sys.executable, *sys.argv], env=environment, check=False)
    sys.exit(done.returncode)


def in_own_world():
    return FOLDER in os.environ


def wait_for(condition, what, seconds=WAIT_SECONDS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def overlay(root, folder):
    """`root` as it is, with all changes in memory."""
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    for name in ("upper", "work", "root"):
        (folder / name).mkdir()
    options = f"lowerdir={root},upperdir={folder}/upper,workdir={folder}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "none", folder / "root"], check=True)
    return folder / "root"


class Machine:
    """Booted by `with`; `root` is its file system, to be filled before."""

    def __init__(self, root, folder):
        self.root = overlay(root, folder)
        self.console = folder / "console"
        self.nspawn = None
        self.leader = None

    def __enter__(self):
        with self.console.open("w", encoding="utf-8") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--directory", str(self.root), "--boot", "--network-veth",
                 "--register=no", "--keep-unit", f"--machine={NAME}", "--console=pipe",
                 f"--system-call-filter={ALSO_ALLOWED}"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        try:
            self.leader = wait_for(self.find_leader, "the machine's process 1")
            wait_for(self.is_up, "the end of booting", BOOT_SECONDS)
            self.join_link()
        except BaseException:
            print(self.console.read_text(encoding="utf-8", errors="replace"))
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.nspawn.poll() is None and self.leader:
            self.run("systemctl", "poweroff", check=False)
        try:
            self.nspawn.wait(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()

    def find_leader(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(self.console.read_text(encoding="utf-8", errors="replace"))
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        for child in children.read_text(encoding="ascii").split():
            # Its first child is a helper, whose child it inherits.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                status = pathlib.Path(f"/proc/{child}/status").read_text(encoding="utf-8")
                if re.search(r"^NSpid:\t.*\t1$", status, re.MULTILINE):
                    return child
        return None

    def is_up(self):
        state = self.run("systemctl", "is-system-running", check=False)
        return state.stdout.strip() in ("running", "degraded")

    def join_link(self):
        inside = ["nsenter", "--target", self.leader, "--net", "ip"]
        for ip, device, address in ((["ip"], f"ve-{NAME}", OUTSIDE), (inside, "host0", INSIDE)):
            subprocess.run([*ip, "address", "add", f"{address}/24", "dev", device], check=True)
            subprocess.run([*ip, "link", "set", device, "up"], check=True)

    def run(self, *command, check=True):
        """A command in the machine; what it says on both outputs is together in stdout."""
        done = subprocess.run(["nsenter", "--target", self.leader, "--all", "env", "-i",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                               "SYSTEMD_COLORS=0", *command],
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
        return done

    def has_our_processes(self):
        """Others may end while they are looked at."""
        names = self.run("sh", "-c", "cat /proc/[0-9]*/comm", check=False).stdout
        return "postern" in names

    def signal(self, name, pid):
        self.run("sh", "-c", f"kill -{name} {pid}")

    def apt(self, verb, *packages):
        """A verb of apt-get: what it says."""
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", verb,
                        *packages).stdout

    def install(self, package):
        """A package file of ours, by apt in the machine, which has no network."""
        shutil.copy(package, self.root / "root")
        return self.apt("install", f"/root/{package.name}")

    def write(self, path, text, mode=0o640, group="root"):
        """A file of the machine, as an administrator would leave it."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)
        self.run("chown", f"root:{group}", path)

    def copy(self, source, target):
        (self.root / target.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / source.lstrip("/"), self.root / target.lstrip("/"))
