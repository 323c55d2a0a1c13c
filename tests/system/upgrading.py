# SPDX-License-Identifier: Apache-2.0
"""A later version of the package, and the end of it: what goes, and what stays."""
import time

import package as deb
from installing import check_directories, check_idle, check_next_step, check_silent
from service import OWN_PORTS, PASSED_SOCKETS, SPOOL, UNIT, Load
from story import Chapter, check, check_equal

DROP_IN = f"/etc/systemd/system/{UNIT}.d"
# What removal takes away, what purging does, and what only when no file is in it.
PROGRAMS = ["/usr/sbin/posternd", "/usr/bin/postern", "/usr/libexec/postern"]
OWN = ["/var/lib/postern/state", "/run/postern",
       "/etc/systemd/system/multi-user.target.wants/postern.service",
       "/etc/systemd/system/sockets.target.wants/postern.socket"]
DIRECTORIES = ["/var/lib/postern", "/etc/postern"]

UPGRADING = Chapter()
step = UPGRADING.step


def check_build(world, package_id):
    """Each process of the service runs a program of that build."""
    service = world.service
    for name, pid in {"posternd": service.main_pid(), **service.roles()}.items():
        found = world.machine.run("grep", "-c", package_id, f"/proc/{pid}/exe", check=False)
        check(found.returncode == 0, f"{name} is of another build than {package_id}")


def upgrade(world, version):
    """Under load. What the load client reports, and what became of its mail."""
    machine, service = world.machine, world.service
    package = deb.later(world.package, world.folder, version)
    old_pid = service.main_pid()
    load = Load(world.build, world.folder, seconds=10)
    time.sleep(2)
    said = machine.install(package)
    check("systemctl enable" not in said, said)
    report = load.report()
    check(service.is_active() and service.main_pid() != old_pid, "it was not restarted")
    program = machine.root / deb.PROGRAMS[0]
    check_build(world, deb.build_id(program).decode())
    check(deb.build_id(program).startswith(version.encode()), "the installed program is old")
    check_equal(service.property("NRestarts"), "0", "failed starts")
    return load, report


def check_gone(world, paths):
    left = world.machine.run("find", *paths, "-maxdepth", "0", check=False).stdout
    left = [line for line in left.splitlines() if line in paths]
    check(not left, f"left: {left}")


def check_stays(world, mails):
    check(mails and world.service.mails() == mails, "mail has gone")
    for path in ("/etc/postern/postern.conf", "/etc/postern/tls/privkey.pem"):
        world.machine.run("test", "-e", path)


@step("an upgrade under load runs the new build, and loses no mail")
def upgrade_own_ports(world):
    run, service = world.machine.run, world.service
    run("rm", "-r", DROP_IN)
    run("systemctl", "daemon-reload")
    service.configure(listeners=OWN_PORTS)
    run("systemctl", "start", UNIT)
    check_build(world, deb.build_id(world.machine.root / deb.PROGRAMS[0]).decode())
    load, report = upgrade(world, "0.1.1")
    return f"{load.failed_connects(report)} connections failed; {load.compare(service)}"


@step("an upgrade with passed sockets refuses no connection either")
def upgrade_passed_sockets(world):
    run, service = world.machine.run, world.service
    run("systemctl", "stop", UNIT)
    world.machine.copy("/usr/share/doc/postern/examples/postern-socket.conf",
                       f"{DROP_IN}/socket.conf")
    service.configure(listeners=PASSED_SOCKETS)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "postern.socket", UNIT)
    load, report = upgrade(world, "0.1.2")
    check(not load.failed_connects(report), f"connections that failed: {report['errors']}")
    return str(load.compare(service))


@step("removal stops it; mail and configuration stay")
def remove(world):
    mails = world.service.mails()
    check(world.service.is_active(), "it is not active")
    world.machine.apt("remove", "postern")
    check_silent(world)
    check_gone(world, PROGRAMS)
    check_stays(world, mails)


@step("a purge removes the state, and no mail, no key and no configuration")
def purge(world):
    mails = world.service.mails()
    said = world.machine.apt("purge", "postern")
    for directory in DIRECTORIES:
        check(f"files in it: {directory}\n" in said, said)
    check_gone(world, PROGRAMS + OWN)
    check_stays(world, mails)
    return world.machine.run("id", "postern").stdout.strip()


@step("installed again, it goes on with the mail and the configuration that stayed")
def reinstall(world):
    run, service = world.machine.run, world.service
    mails = service.mails()
    said = world.machine.install(world.package)
    check("systemctl enable" not in said, said)
    check_idle(world)
    run("systemctl", "enable", "--now", "postern.socket", UNIT)
    service.send()
    check_equal(len(service.mails()), len(mails) + 1, "mails")


@step("a purge of the running service, without mail, leaves the user alone")
def purge_empty(world):
    run = world.machine.run
    run("find", SPOOL, "-type", "f", "-delete")
    run("find", "/etc/postern", "-type", "f", "-delete")
    said = world.machine.apt("purge", "postern")
    check("files in it" not in said, said)
    check_silent(world)
    check_gone(world, PROGRAMS + OWN + DIRECTORIES)


@step("installed after that, it is as it was at first")
def install_anew(world):
    check_next_step(world.machine.install(world.package))
    check_idle(world)
    return check_directories(world)
