# SPDX-License-Identifier: Apache-2.0
"""The service that runs: what it may, tells, survives, and how it ends."""
import contextlib
import smtplib
import time

from machine import OUTSIDE, wait_for
from service import MESSAGE, PASSED_SOCKETS, UNIT, Load
from story import Chapter, check, check_equal

NO_CAPABILITY = "0" * 16
BIND_SERVICE = f"{1 << 10:016x}"
PING_SECONDS = 30  # far above workers.ping_timeout and the start of a role

SERVING = Chapter()
step = SERVING.step


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
    def shown():  # it is told anew meanwhile, perhaps with another number of sessions
        text = world.service.property("StatusText")
        status = world.machine.run("systemctl", "status", "--no-pager", UNIT).stdout
        return text if " 1 messages" in text and text in status else None
    return wait_for(shown, "the message in STATUS")


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
                        "[Service]\nWatchdogSec=10s\nRestartSec=100ms\n", 0o644)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", UNIT)
    time.sleep(14)  # longer than the watchdog waits: it is fed
    before = service.main_pid()
    check_equal(service.property("NRestarts"), "0", "restarts")
    world.machine.signal("STOP", before)
    wait_for(lambda: service.is_active() and service.main_pid() not in (0, before),
             "another supervisor", 2 * PING_SECONDS)
    service.send()
    run("rm", "-r", f"/etc/systemd/system/{UNIT}.d")
    run("systemctl", "daemon-reload")


# More often than systemd starts a service by default.
@step("a supervisor that is killed is replaced, with all its roles, however often")
def killed(world):
    service = world.service
    slowest = 0.0
    for _ in range(7):
        before = {service.main_pid(), *service.roles().values()}
        begin = time.monotonic()
        world.machine.signal("KILL", service.main_pid())
        gone = {0, *before}
        wait_for(lambda gone=gone: service.is_active() and service.main_pid() not in gone,
                 "another supervisor")
        slowest = max(slowest, time.monotonic() - begin)
        after = {service.main_pid(), *service.roles().values()}
        check(not before & after, f"processes of before: {before & after}")
    service.send()
    return f"{slowest:.1f} s"


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
    check(not world.machine.has_our_processes(), "a process is left")
    # Beside it in /run things come and go.
    left = [path for path in run("find", "/run", check=False).stdout.splitlines()
            if path.startswith("/run/postern/")]
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
    check(not load.failed_connects(report), f"connections that failed: {report['errors']}")
    check(not service.journal("POSTERN_EVENT=log_dropped"), "the journal lost lines")
    return f"{report['latency_ms']['connect']['count']} connections; {load.compare(service)}"


@step("without the configured name, a passed socket is an error that is not tried again")
def unnamed_socket(world):
    service, run = world.service, world.machine.run
    service.configure(listeners='[[listener]]\naddress = "127.0.0.1:2525"\n')
    check(run("systemctl", "restart", UNIT, check=False).returncode != 0, "it started")
    check_equal(service.property("ExecMainStatus"), "78", "exit code")
    check_equal(service.property("ActiveState"), "failed", "ActiveState")
    run("systemctl", "stop", "postern.socket", UNIT)
