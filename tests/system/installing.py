# SPDX-License-Identifier: Apache-2.0
"""From the package to the first mail, as an administrator goes."""
import re

import check_hardening
from service import MESSAGE, SPOOL, UNIT
from story import Chapter, check, check_equal

ROLES = {"smtp", "deliver", "verify", "resolve", "opinion"}
UNITS = (UNIT, "postern.socket")
# proc_net_tcp(5): a socket that listens on port 25.
LISTENING = re.compile(r"^ *\d+: [0-9A-F]+:0019 [0-9A-F]+:0000 0A ", re.MULTILINE)

INSTALLING = Chapter()
step = INSTALLING.step


def check_silent(world):
    """None of our programs runs, and nobody listens."""
    run = world.machine.run
    check(not LISTENING.search(run("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout),
          "somebody listens on port 25")
    check(not world.machine.has_our_processes(), "a process runs")


def check_idle(world):
    """Nothing was started, and nothing will be."""
    for unit in UNITS:
        check_equal(world.service.property("ActiveState", unit), "inactive", unit)
        enabled = world.machine.run("systemctl", "is-enabled", unit, check=False)
        check_equal(enabled.stdout.strip(), "disabled", unit)
    check_silent(world)


def check_next_step(said):
    for words in ("/etc/postern/postern.conf", "postern check", "systemctl enable --now postern"):
        check(words in said, f"it does not say {words}: {said}")


@step("systemd has booted")
def booted(world):
    return world.machine.run("systemctl", "is-system-running").stdout.strip()


@step("the package installs, starts nothing, and says the next step")
def install(world):
    check_next_step(world.machine.install(world.package))
    check_idle(world)
    sample = "/usr/share/doc/postern/examples/postern.conf"
    check((world.machine.root / sample.lstrip("/")).is_file(), "there is no sample")
    return world.package.name


@step("user and directories are there")
def check_directories(world):
    run = world.machine.run
    for path, expected in (("/run/postern", "750 postern postern"),
                           (SPOOL, "700 postern postern"),
                           ("/var/lib/postern/state", "700 postern postern"),
                           ("/etc/postern", "2750 root postern")):
        check_equal(run("stat", "-c", "%a %U %G", path).stdout.strip(), expected, path)
    return run("id", "postern").stdout.strip()


@step("the installed programs are hardened, and no file of the package gives rights")
def hardened(world):
    complaints = check_hardening.check(world.machine.root, check_hardening.INSTALLED.values())
    check(not complaints, complaints)
    found = world.machine.run("sh", "-c", "dpkg -L postern | xargs stat -c '%A %U %G %n'").stdout
    for line in found.splitlines():
        check(re.match(r"(l|.([r-][w-][x-]){2}[r-]-[x-] root root )", line), line)
        check(line[5] == "-" or line[0] == "l", line)
    return f"{len(check_hardening.INSTALLED)} programs, {len(found.splitlines())} paths"


@step("without a configuration nothing starts")
def without_configuration(world):
    world.machine.run("systemctl", "start", UNIT)
    check_equal(world.service.property("ConditionResult"), "no", "ConditionResult")
    check_idle(world)


@step("postern check, systemctl enable --now")
def enable(world):
    service, run = world.service, world.machine.run
    service.configure()
    service.make_certificate()
    run("postern", "check")
    run("systemctl", "enable", "--now", UNIT)
    check(service.is_active(), "it is not active")
    # Of verifiers there are several: verify.1 and so on.
    check_equal({name.partition(".")[0] for name in service.roles()}, ROLES, "roles")
    service.wait_for_event("start")


@step("mail from outside reaches the mailbox")
def mail(world):
    service = world.service
    service.send()
    [path] = service.mails()
    check(MESSAGE.replace(b"\r\n", b"\n") in path.read_bytes(), "the message is another")
    inside = "/" + str(path.relative_to(world.machine.root))
    mode = world.machine.run("stat", "-c", "%a %U", inside).stdout.strip()
    check_equal(mode, "600 postern", "owner and mode")
    return path.name
