#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The installed server on a Debian 12 machine with systemd, from its first start to its end.

Usage: run.py BUILD_DIRECTORY ROOT_DIRECTORY

Prints a line for each thing that holds. Exit code 77: the test cannot run here, and why. Where the
machine's controllers are not those of control groups version 2, TasksMax and MemoryMax bind nobody.
"""
import contextlib
import os
import pathlib
import shutil
import smtplib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "load"))
# pylint: disable=wrong-import-position
import compare
import root as debian
from machine import OUTSIDE, Machine, may_make_world, enter_own_world, in_own_world, wait_for
from service import MESSAGE, PASSED_SOCKETS, SPOOL, UNIT, Load, Service

CANNOT_RUN = 77
TOOLS = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap", "ip": "iproute2",
         "readelf": "binutils", "openssl": "openssl", "cmake": "cmake"}
NO_CAPABILITY = "0" * 16
BIND_SERVICE = f"{1 << 10:016x}"
ROLES = {"smtp", "deliver", "verify", "resolve", "opinion"}
PING_SECONDS = 30  # far above workers.ping_timeout and the start of a role
STEPS = []


def step(text):
    """The functions of the story, in their order; each may return a remark."""
    def add(function):
        STEPS.append((text, function))
        return function
    return add


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_equal(left, right, what):
    check(left == right, f"{what}: {left!r}, not {right!r}")


class World:
    def __init__(self, build, folder, machine):
        self.build = build
        self.folder = folder
        self.machine = machine
        self.service = Service(machine)


@step("systemd has booted")
def booted(world):
    return world.machine.run("systemctl", "is-system-running").stdout.strip()


@step("user and directories come from sysusers.d and tmpfiles.d")
def users(world):
    run = world.machine.run
    run("systemd-sysusers")
    run("systemd-tmpfiles", "--create")
    for path, expected in (("/run/postern", "750 postern postern"),
                           (SPOOL, "700 postern postern"),
                           ("/var/lib/postern/state", "700 postern postern")):
        check_equal(run("stat", "-c", "%a %U %G", path).stdout.strip(), expected, path)
    return run("id", "postern").stdout.strip()


@step("without a configuration nothing starts")
def without_configuration(world):
    run, service = world.machine.run, world.service
    run("systemctl", "daemon-reload")
    run("systemctl", "start", UNIT)
    check_equal(service.property("ConditionResult"), "no", "ConditionResult")
    check(not service.is_active(), "it is active")


@step("systemctl enable --now")
def enable(world):
    service = world.service
    service.configure()
    service.make_certificate()
    world.machine.run("systemctl", "enable", "--now", UNIT)
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


@step("no role has a capability; the supervisor has that for port 25")
def capabilities(world):
    service = world.service
    supervisor = service.process_status(service.main_pid())
    check_equal(supervisor["CapEff"], BIND_SERVICE, "the supervisor's CapEff")
    check_roles(service)


def check_roles(service):
    for role, pid in service.roles().items():
        status = service.process_status(pid)
        for field in ("CapPrm", "CapEff", "CapAmb"):
            check_equal(status[field], NO_CAPABILITY, f"{role}: {field}")
        check_equal(status["NoNewPrivs"], "1", f"{role}: NoNewPrivs")
        check_equal(status["Seccomp"], "2", f"{role}: Seccomp")
        check(set(status["Uid"].split()) != {"0"}, f"{role}: runs as root")
    complaints = service.journal("POSTERN_EVENT=trouble")
    check(not complaints, [entry["MESSAGE"] for entry in complaints])


@step("the exposure of the unit as it is loaded")
def exposure(world):
    return world.service.exposure(16)


@step("the journal has the fields of an event")
def journal_fields(world):
    service = world.service
    entry = service.wait_for_event("accept")
    expected = {"PRIORITY": "6", "SYSLOG_IDENTIFIER": "postern", "SYSLOG_FACILITY": "2",
                "POSTERN_CLIENT": OUTSIDE, "POSTERN_FROM": "a@example.net",
                "POSTERN_TO": "info@ours.test", "_SYSTEMD_UNIT": UNIT, "_TRANSPORT": "journal",
                "_COMM": "postern-smtp"}
    check_equal({key: entry.get(key) for key in expected}, expected, "fields")
    check(entry["MESSAGE"].startswith(f"event=accept sid={entry['POSTERN_SID']} "), "MESSAGE")
    same = service.journal(f"MESSAGE_ID={entry['MESSAGE_ID']}")
    check_equal({other["POSTERN_EVENT"] for other in same}, {"accept"}, "events of a MESSAGE_ID")
    return entry["MESSAGE"][:40]


@step("systemctl status tells how things are")
def status_text(world):
    text = wait_for(lambda: next(
        (text for text in [world.service.property("StatusText")] if " 1 messages" in text), None),
        "the message in STATUS")
    check(text in world.machine.run("systemctl", "status", "--no-pager", UNIT).stdout, "not shown")
    return text


@step("systemctl reload takes a new mailbox, and no session ends")
def reload(world):
    service = world.service
    with service.smtp() as client:
        service.configure(mailboxes=("postmaster", "info", "later"))
        world.machine.run("systemctl", "reload", UNIT)
        check(service.is_active(), "it is not active")
        service.send("later@ours.test")
        client.sendmail("a@example.net", ["info@ours.test"], MESSAGE)
    check_equal(len(service.mails("later")), 1, "mails of the new mailbox")


@step("systemctl reload refuses a wrong configuration, and the old one holds")
def wrong_reload(world):
    service = world.service
    before = service.roles()
    world.machine.write("/etc/postern/postern.conf", 'hostname = "x"\n', group="postern")
    failed = world.machine.run("systemctl", "reload", UNIT, check=False)
    check(failed.returncode != 0, "it said that all is well")
    check(service.is_active(), "it is not active")
    service.configure(mailboxes=("postmaster", "info", "later"))
    service.send("later@ours.test")
    check_equal(service.roles(), before, "the processes")


@step("a role whose event loop stands still is replaced")
def stuck_role(world):
    service = world.service
    before = service.roles()
    begin = time.monotonic()
    world.machine.signal("STOP", before["smtp"])

    def replaced():
        role = next(r for r in service.status()["roles"] if r["role"] == "smtp")
        return role["serving"] and role["pid"] not in (0, before["smtp"])
    wait_for(replaced, "another postern-smtp", PING_SECONDS)
    seconds = time.monotonic() - begin
    service.wait_for_event("role_died", role="smtp")
    service.send()
    check_equal(service.roles() | {"smtp": 0}, before | {"smtp": 0}, "the other roles")
    return f"{seconds:.1f} s"


@step("a supervisor that stands still is replaced by the watchdog")
def watchdog(world):
    service, run = world.service, world.machine.run
    world.machine.write(f"/etc/systemd/system/{UNIT}.d/watchdog.conf",
                        "[Service]\nWatchdogSec=6s\nRestartSec=100ms\n", 0o644)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", UNIT)
    time.sleep(10)  # longer than the watchdog waits: it is fed
    before = service.main_pid()
    check_equal(service.property("NRestarts"), "0", "restarts")
    world.machine.signal("STOP", before)
    wait_for(lambda: service.is_active() and service.main_pid() not in (0, before),
             "another supervisor")
    service.send()
    run("rm", "-r", f"/etc/systemd/system/{UNIT}.d")
    run("systemctl", "daemon-reload")


@step("a supervisor that is killed is replaced, with all its roles")
def killed(world):
    service = world.service
    before = {service.main_pid(), *service.roles().values()}
    world.machine.signal("KILL", service.main_pid())
    wait_for(lambda: service.is_active() and service.main_pid() not in before,
             "another supervisor")
    service.send()
    after = {service.main_pid(), *service.roles().values()}
    check(not before & after, f"processes of before: {before & after}")


@step("systemctl stop is clean")
def stop(world):
    service, run = world.service, world.machine.run
    with contextlib.closing(service.smtp()) as client:
        run("systemctl", "stop", UNIT)
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            check_equal(client.noop()[0], 421, "the reply to an idle session")
    check_equal(service.property("Result"), "success", "Result")
    check_equal(service.property("ActiveState"), "inactive", "ActiveState")
    service.wait_for_event("stop")
    check("postern" not in run("sh", "-c", "cat /proc/[0-9]*/comm").stdout, "a process is left")
    left = run("find", "/run", "-path", "/run/postern/*").stdout
    check(not left, f"left in /run/postern: {left}")


@step("with the drop-in, systemd passes the sockets and nobody has a capability")
def socket_activation(world):
    service, run = world.service, world.machine.run
    world.machine.copy("/usr/share/doc/postern/examples/postern-socket.conf",
                       f"/etc/systemd/system/{UNIT}.d/socket.conf")
    service.configure(listeners=PASSED_SOCKETS)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", "postern.socket", "postern")
    supervisor = service.process_status(service.main_pid())
    for field in ("CapPrm", "CapEff", "CapAmb", "CapBnd"):
        check_equal(supervisor[field], NO_CAPABILITY, f"the supervisor's {field}")
    check_roles(service)
    service.send()
    return service.exposure(11)


@step("restarts under load refuse no connection and lose no mail")
def restart_under_load(world):
    service = world.service
    load = Load(world.build, world.folder, seconds=12)
    for _ in range(3):
        time.sleep(2)
        world.machine.run("systemctl", "restart", UNIT)
    report = load.report()
    refused = {name: n for name, n in report["errors"].items() if name.startswith("connect")}
    check(not refused, f"connections that failed: {refused}")
    mailbox = world.machine.root / SPOOL.lstrip("/") / "ours.test/info"
    for path in service.mails():
        if b"X-Load-Id" not in path.read_bytes():
            path.unlink()  # of the steps before
    result = compare.compare(mailbox, load.journal)
    check(result.ok(), str(result))
    check(result.acknowledged > 0, "nothing was acknowledged")
    check(not service.journal("POSTERN_EVENT=log_dropped"), "the journal lost lines")
    return f"{report['latency_ms']['connect']['count']} connections; {result}"


@step("without the configured name, a passed socket is an error that is not tried again")
def unnamed_socket(world):
    service, run = world.service, world.machine.run
    service.configure(listeners='[[listener]]\naddress = "127.0.0.1:2525"\n')
    check(run("systemctl", "restart", UNIT, check=False).returncode != 0, "it started")
    check_equal(service.property("ExecMainStatus"), "78", "exit code")
    check_equal(service.property("ActiveState"), "failed", "ActiveState")
    run("systemctl", "stop", "postern.socket", UNIT)


def why_not():
    if os.geteuid() != 0:
        return "it needs root"
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        return f"missing packages: {' '.join(missing)}"
    return None if may_make_world() else "it may not make name spaces"


def tell(world):
    for number, (text, function) in enumerate(STEPS, 1):
        begin = time.monotonic()
        try:
            remark = function(world)
        except Exception:
            print(f"not ok {number} {text}", flush=True)
            print(world.machine.run("journalctl", "--no-pager", "-n", "60", "--grep",
                                    "^(?!event=(accept|disconnect))", check=False).stdout)
            raise
        print(f"ok {number} {text}{f': {remark}' if remark else ''} "
              f"({time.monotonic() - begin:.1f} s)", flush=True)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[2])
    reason = why_not()
    if reason:
        print(f"the system test cannot run here: {reason}")
        sys.exit(CANNOT_RUN)
    build, cache = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    if not in_own_world():
        debian.make(build, cache)
    folder = enter_own_world()
    machine = Machine(cache / "root", folder)
    machine.install(build)
    with machine:
        tell(World(build, folder, machine))
    print(f"{len(STEPS)} of {len(STEPS)} steps hold")


if __name__ == "__main__":
    main()
